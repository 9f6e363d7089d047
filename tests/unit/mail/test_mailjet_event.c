/* Bodies of Mailjet's Event API: what is read out of each, and what is refused. */
#include "golden.h"

#include <dirent.h>

#include "mail/mailjet_event.h"

#define CORPUS "tests/fuzz/corpus/mailjet_event"

struct got {
	struct buf text;
	size_t n, stop_at;
	struct provider_event last;
};

static bool take(const struct provider_event *e, void *arg)
{
	struct got *g = arg;

	g->last = *e;
	g->last.email = SLICE("");
	g->n++;
	buf_printf(&g->text, "    %s time=%lld custom=%s message=%s email=%.*s\n", provider_event_kind_name(e->kind),
	    (long long)e->time_ms, e->custom_id, e->message_id, SLICE_FMT(e->email));
	return g->n != g->stop_at;
}

static enum err read_body(struct got *g, struct slice body)
{
	struct errinfo ei = {0};
	enum err rc;

	*g = (struct got){.stop_at = g->stop_at};
	buf_init(&g->text, 1u << 20);
	rc = mailjet_event_each(body, take, g, &ei);
	/* What a log may show: where, never what. */
	assert_null(strstr(ei.text, "anna"));
	assert_int_equal(mailjet_event_each(body, NULL, NULL, &ei), rc);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every seed of the fuzzer and what is read out of it, as one golden file. */
static void corpus_is_read_as_expected(void **state)
{
	DIR *d = opendir(CORPUS);
	char *list[200], path[400];
	struct buf all, body;
	struct dirent *e;
	size_t n = 0;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d)) != NULL && n < 200)
		if (strstr(e->d_name, ".json"))
			list[n++] = strdup(e->d_name);
	closedir(d);
	assert_true(n > 10);
	qsort(list, n, sizeof(list[0]), by_name);
	buf_init(&all, 1u << 20);
	for (size_t i = 0; i < n; i++) {
		struct got g = {.n = 0};
		struct errinfo ei = {0};
		buf_init(&body, 1u << 20);
		snprintf(path, sizeof(path), "%s/%s", CORPUS, list[i]);
		assert_int_equal(file_read(&body, path, &ei), OK);
		buf_printf(&all, "%s: %s\n", list[i], err_name(read_body(&g, buf_slice(&body))));
		buf_add_slice(&all, buf_slice(&g.text));
		buf_free(&g.text);
		buf_free(&body);
		free(list[i]);
	}
	golden_check("mailjet/events.txt", buf_slice(&all));
	buf_free(&all);
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < PROVIDER_EVENT__MAX; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(provider_event_kind_name((enum provider_event_kind)i),
			    provider_event_kind_name((enum provider_event_kind)k));
	assert_string_equal(provider_event_kind_name(PROVIDER_EVENT__MAX), "?");
}

/* Mailjet's own example of an id, which floating point makes ...7408. */
static void big_ids_are_exact(void **state)
{
	static const struct {
		int row;
		const char *json, *id;
	} rows[] = {
		{__LINE__, "70650219165027411", "70650219165027411"},
		{__LINE__, "\"70650219165027411\"", "70650219165027411"},
		{__LINE__, "9223372036854775807", "9223372036854775807"},
		{__LINE__, "\"007\"", "7"},
		{__LINE__, "0", ""}, {__LINE__, "-7", ""}, {__LINE__, "\"-7\"", ""}, {__LINE__, "\"\"", ""},
		{__LINE__, "7.0", ""}, {__LINE__, "7e3", ""}, {__LINE__, "true", ""}, {__LINE__, "[7]", ""},
		{__LINE__, "\"9223372036854775808\"", ""}, {__LINE__, "\"7 \"", ""}, {__LINE__, "\"7\\u0000\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct got g = {.n = 0};
		char body[200];
		snprintf(body, sizeof(body), "{\"event\":\"sent\",\"MessageID\":%s}", rows[i].json);
		if (read_body(&g, slice_from(body)) || g.n != 1 || strcmp(g.last.message_id, rows[i].id) != 0)
			fail_msg("row %d: \"%s\"", rows[i].row, g.last.message_id);
		buf_free(&g.text);
	}
	/* No int64 can hold it: the body is refused, no other number is made of it. */
	struct got g = {.n = 0};
	assert_int_equal(read_body(&g, SLICE("{\"MessageID\":9223372036854775808}")), E_INVALID);
	buf_free(&g.text);
}

static void custom_id_is_clean_or_empty(void **state)
{
	static const struct {
		int row;
		const char *json, *id;
	} rows[] = {
		{__LINE__, "\"club-17-1795269909123\"", "club-17-1795269909123"},
		{__LINE__, "\"club-17' OR 1\"", ""}, {__LINE__, "\"a\\u0000b\"", ""}, {__LINE__, "\"\"", ""},
		{__LINE__, "\"a\\nb\"", ""}, {__LINE__, "17", ""},
		{__LINE__, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{__LINE__, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct got g = {.n = 0};
		char body[200];
		snprintf(body, sizeof(body), "{\"event\":\"sent\",\"CustomID\":%s}", rows[i].json);
		if (read_body(&g, slice_from(body)) || g.n != 1 || strcmp(g.last.custom_id, rows[i].id) != 0)
			fail_msg("row %d: \"%s\"", rows[i].row, g.last.custom_id);
		buf_free(&g.text);
	}
}

/* RFC 8259, by verdict of the well-known parsing test cases: taken, or refused as a whole. */
static void json_is_taken_or_refused(void **state)
{
	static const struct {
		int row;
		const char *body;
		enum err want;
	} rows[] = {
		{__LINE__, "[]", OK}, {__LINE__, " [] ", OK}, {__LINE__, "{}", OK}, {__LINE__, "null", OK},
		{__LINE__, "\"asd\"", OK}, {__LINE__, "-0.1", OK}, {__LINE__, "[123e45]", OK}, {__LINE__, "[-0]", OK},
		{__LINE__, "[\"\\u0000\"]", OK}, {__LINE__, "[\"\\uD801\\udc37\"]", OK},
		{__LINE__, "{\"a\":\"b\",\"a\":\"c\"}", OK}, {__LINE__, "[1,null,null,null,2]", OK},
		{__LINE__, "[\"\x7f\"]", OK}, {__LINE__, "[1E+2]\n", OK},
		{__LINE__, "{\"a\\u0000b\":\"\\u0000\"}", OK}, {__LINE__, "{\"a\\\\\\u0000b\":1}", OK},
		{__LINE__, "{\"a\\u0000b\":1", E_INVALID}, {__LINE__, "{\"\\\\u0000\":1}", OK},
		{__LINE__, "", E_INVALID}, {__LINE__, " ", E_INVALID}, {__LINE__, "[1,]", E_INVALID},
		{__LINE__, "[,1]", E_INVALID}, {__LINE__, "[1 2]", E_INVALID}, {__LINE__, "{'a':0}", E_INVALID},
		{__LINE__, "{a:1}", E_INVALID}, {__LINE__, "[+1]", E_INVALID}, {__LINE__, "[01]", E_INVALID},
		{__LINE__, "[.5]", E_INVALID}, {__LINE__, "[1.]", E_INVALID}, {__LINE__, "[NaN]", E_INVALID},
		{__LINE__, "[Infinity]", E_INVALID}, {__LINE__, "[0x1]", E_INVALID}, {__LINE__, "[True]", E_INVALID},
		{__LINE__, "[\"a\nb\"]", E_INVALID}, {__LINE__, "[\"\\x\"]", E_INVALID}, {__LINE__, "[\"\\uD800\"]", E_INVALID},
		{__LINE__, "[1]x", E_INVALID}, {__LINE__, "[1]]", E_INVALID}, {__LINE__, "{\"a\":1", E_INVALID},
		{__LINE__, "[\"a", E_INVALID}, {__LINE__, "[\"a\\", E_INVALID}, {__LINE__, "\xEF\xBB\xBF[]", E_INVALID},
		{__LINE__, "[\"\xC0\xAF\"]", E_INVALID}, {__LINE__, "[/*x*/]", E_INVALID}, {__LINE__, "nul", E_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct got g = {.n = 0};
		enum err rc = read_body(&g, slice_from(rows[i].body));
		if (rc != rows[i].want)
			fail_msg("row %d: %s", rows[i].row, err_name(rc));
		if (rc)
			assert_int_equal(g.n, 0);
		buf_free(&g.text);
	}
}

/* A byte 0 is no end: what follows counts. */
static void byte_0_is_refused(void **state)
{
	const struct slice bodies[] = {SLICE("123\0"), SLICE("[]\0["), SLICE("[\0]"), SLICE("\0[]")};
	struct got g = {.n = 0};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(read_body(&g, bodies[i]), E_INVALID);
}

static void size_is_capped(void **state)
{
	static char body[PROVIDER_EVENT_BODY_MAX_BYTES + 1];
	struct got g = {.n = 0};

	(void)state;
	memset(body, ' ', sizeof(body));
	memcpy(body, "[]", 2);
	assert_int_equal(read_body(&g, slice_make(body, sizeof(body) - 1)), OK);
	assert_int_equal(read_body(&g, slice_make(body, sizeof(body))), E_LIMIT);
	/* A hundred thousand brackets are not a stack overflow. */
	memset(body, '[', sizeof(body));
	assert_int_equal(read_body(&g, slice_make(body, sizeof(body) - 1)), E_LIMIT);
	memset(body, '{', sizeof(body));
	assert_int_equal(read_body(&g, slice_make(body, 17)), E_LIMIT);
	assert_int_equal(read_body(&g, slice_make(body, 16)), E_INVALID);
}

/* Many small events in one body, and a reader that has enough. */
static void reader_may_stop(void **state)
{
	struct got g = {.stop_at = 2};

	(void)state;
	assert_int_equal(read_body(&g, SLICE("[{\"event\":\"sent\"},{\"event\":\"spam\"},{\"event\":\"unsub\"}]")), OK);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.last.kind, PROVIDER_EVENT_COMPLAINT);
	buf_free(&g.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_is_read_as_expected), cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(big_ids_are_exact), cmocka_unit_test(custom_id_is_clean_or_empty),
		cmocka_unit_test(json_is_taken_or_refused), cmocka_unit_test(byte_0_is_refused), cmocka_unit_test(size_is_capped),
		cmocka_unit_test(reader_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
