/* POST /hook/mailjet and /hook/brevo: who may, what is stored before the 200, and what never shows. */
#include "lib/web.h"

#include <sqlite3.h>

#include "base/enc.h"
#include "store/hook.h"
#include "web/route_priv.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define BODY "[{\"event\":\"sent\",\"time\":1795270000,\"CustomID\":\"club-1-1795269909123\"}]"

static char lines[200000];

static void on_line(const char *line, void *arg)
{
	size_t have = strlen(lines);

	(void)arg;
	if (have + strlen(line) + 1 < sizeof(lines))
		snprintf(lines + have, sizeof(lines) - have, "%s", line);
}

static int setup_with(void **state, const char *secret)
{
	struct web *t = malloc(sizeof(*t));
	char *site = world_replace(WORLD_SITE, "  dir: { path: ../mails }\n",
	    "  dir: { path: ../mails }\n  hooks: { mailjet: { secret_file: hook.secret }, brevo: { secret_file: other.secret } }\n");

	assert_non_null(t);
	lines[0] = '\0';
	log_capture(on_line, NULL);
	web_folder(t);
	log_setup(LOG_DEBUG, LOG_LOGFMT);
	world_write(&t->w, "sites/club.yaml", site);
	if (secret)
		world_write(&t->w, "sites/hook.secret", secret);
	world_write(&t->w, "sites/other.secret", OTHER);
	free(site);
	web_start(t);
	world_load(&t->w);
	world_start(&t->w);
	*state = t;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, SECRET "\n");
}

static int teardown(void **state)
{
	log_capture(NULL, NULL);
	return web_teardown(state);
}

static int64_t stored(struct web *t)
{
	struct db *db = world_read(&t->w);
	int64_t n;

	assert_ok(hook_count(db, &n, EI));
	store_read_end(t->w.store, db);
	return n;
}

static unsigned hook(struct web *t, const char *path, const char *user_password, const char *body)
{
	char head[2000] = "";
	struct buf b;

	buf_init_arena(&b, &t->w.arena, 1000);
	if (user_password) {
		enc_b64_add(&b, user_password, strlen(user_password));
		snprintf(head, sizeof(head), "Basic %.*s", SLICE_FMT(buf_slice(&b)));
	}
	return web_ask(t, "POST", path, body, "CONTENT_TYPE", "application/json", "HTTP_AUTHORIZATION", head, (char *)NULL);
}

static void test_who(void **state)
{
	static const struct {
		int row;
		const char *path, *basic;
		unsigned status;
	} rows[] = {
	    {__LINE__, "/j/hook/mailjet/" SECRET, NULL, 200},
	    {__LINE__, "/j/hook/mailjet", "x:" SECRET, 200},
	    {__LINE__, "/j/hook/mailjet", ":" SECRET, 200},
	    {__LINE__, "/j/hook/mailjet/anything", "jawort:" SECRET, 200},
	    {__LINE__, "/j/hook/mailjet/" SECRET, "x:wrong", 200},
	    {__LINE__, "/j/hook/mailjet", NULL, 401},
	    {__LINE__, "/j/hook/mailjet/" SECRET "0", NULL, 401},
	    {__LINE__, "/j/hook/mailjet/0123456789abcdef0123456789abcde", NULL, 401},
	    {__LINE__, "/j/hook/mailjet/0123456789ABCDEF0123456789abcdef", NULL, 401},
	    {__LINE__, "/j/hook/mailjet/%00", NULL, 400},
	    {__LINE__, "/j/hook/mailjet", SECRET ":x", 401},
	    {__LINE__, "/j/hook/mailjet", SECRET, 401},
	    {__LINE__, "/j/hook/mailjet", "x:" SECRET ":", 401},
	    {__LINE__, "/j/hook/mailjet", ":", 401},
	    /* Each with its own secret. */
	    {__LINE__, "/j/hook/brevo/" SECRET, NULL, 401},
	    {__LINE__, "/j/hook/mailjet/" OTHER, NULL, 401},
	    {__LINE__, "/j/hook/brevo/" OTHER, NULL, 200},
	    {__LINE__, "/j/hook/brevo", "x:" OTHER, 200},
	    {__LINE__, "/j/hook/brevo", "x:" SECRET, 401},
	    {__LINE__, "/j/hook/smtp/" SECRET, NULL, 404},
	    {__LINE__, "/j/hook/mailjet/" SECRET "/", NULL, 404},
	    {__LINE__, "/j/hook/mailjet/", NULL, 404},
	};
	struct web *t = *state;
	int64_t want = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[200];
		unsigned status;
		snprintf(body, sizeof(body), "[{\"event\":\"sent\",\"time\":%d}]", rows[i].row);
		status = hook(t, rows[i].path, rows[i].basic, body);
		want += rows[i].status == 200;
		if (status != rows[i].status || stored(t) != want)
			fail_msg("row %d: %u", rows[i].row, status);
		if (status == 401)
			assert_string_equal(t->body, "no\n");
		web_sound(t);
	}
	/* Headers that are no Basic at all. */
	assert_int_equal(web_ask(t, "POST", "/j/hook/mailjet", BODY, "HTTP_AUTHORIZATION", "Bearer " SECRET, (char *)NULL), 401);
	assert_int_equal(web_ask(t, "POST", "/j/hook/mailjet", BODY, "HTTP_AUTHORIZATION", "Basic !!", (char *)NULL), 401);
	assert_int_equal(web_ask(t, "POST", "/j/hook/brevo", BODY, "HTTP_AUTHORIZATION", "Bearer " SECRET, (char *)NULL), 401);
	assert_int_equal(web_ask(t, "POST", "/j/hook/brevo", BODY, "HTTP_AUTHORIZATION", "Bearer", (char *)NULL), 401);
	assert_int_equal(stored(t), want);
	assert_int_equal(web_ask(t, "POST", "/j/hook/brevo", BODY, "HTTP_AUTHORIZATION", "Bearer " OTHER, (char *)NULL), 200);
	assert_int_equal(stored(t), want + 1);
	/* Not once in all these lines. */
	assert_null(strstr(lines, "0123456789abcdef"));
	assert_null(strstr(lines, "fedcba9876543210"));
	assert_non_null(strstr(lines, "/hook/mailjet"));
}

/* Without a secret nobody comes in, not even with an empty one. */
static void test_shut(void **state)
{
	static const char *const secrets[] = {NULL, "", "short\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct web *t;
		setup_with((void **)&t, secrets[i]);
		assert_non_null(strstr(lines, "hook_is_shut"));
		assert_null(strstr(lines, "short"));
		assert_int_equal(web_get(t, "/j/s/news"), 200);
		assert_int_equal(hook(t, "/j/hook/mailjet", NULL, BODY), 401);
		assert_int_equal(hook(t, "/j/hook/mailjet", "x:", BODY), 401);
		assert_int_equal(hook(t, "/j/hook/mailjet/short", NULL, BODY), 401);
		assert_int_equal(stored(t), 0);
		teardown((void **)&t);
	}
}

static void test_not_configured(void **state)
{
	struct web *t = *state;

	assert_int_equal(hook(t, "/j/hook/mailjet/" SECRET, NULL, BODY), 401);
	assert_int_equal(hook(t, "/j/hook/mailjet", NULL, BODY), 401);
	assert_int_equal(stored(t), 0);
}

static void test_bodies(void **state)
{
	static const struct {
		int row;
		const char *body;
		unsigned status;
		bool kept;
	} rows[] = {
	    {__LINE__, BODY, 200, true}, {__LINE__, "{\"event\":\"spam\"}", 200, true},
	    /* Nothing is told: `jawort doctor` asks with such a list. */
	    {__LINE__, "[]", 200, false}, {__LINE__, "null", 200, false}, {__LINE__, "[1]", 200, false},
	    {__LINE__, "", 400, false}, {__LINE__, "[", 400, false}, {__LINE__, "event=sent", 400, false}, {__LINE__, "[1,]", 400, false},
	    {__LINE__, "[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]", 413, false},
	};
	struct web *t = *state;
	int64_t want = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned status = hook(t, "/j/hook/mailjet/" SECRET, NULL, rows[i].body);
		want += rows[i].kept;
		if (status != rows[i].status || stored(t) != want)
			fail_msg("row %d: %u", rows[i].row, status);
	}
	/* Once more: 200, and nothing new. */
	assert_int_equal(hook(t, "/j/hook/mailjet/" SECRET, NULL, BODY), 200);
	assert_int_equal(stored(t), want);
}

/* Not on disk, not taken: "later" in the words that each of them understands. */
static void test_not_stored(void **state)
{
	struct web *t = *state;
	char path[300];
	sqlite3 *conn;

	snprintf(path, sizeof(path), "%s/club/data.db", t->w.conf->data);
	assert_int_equal(sqlite3_open(path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, "ALTER TABLE hook RENAME TO away", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(hook(t, "/j/hook/mailjet/" SECRET, NULL, BODY), 503);
	assert_string_equal(web_header(t, "Retry-After"), "30");
	/* After a 5xx Brevo throws an event away. */
	assert_int_equal(hook(t, "/j/hook/brevo/" OTHER, NULL, BODY), 429);
	assert_string_equal(web_header(t, "Retry-After"), "30");
	assert_non_null(strstr(lines, "hook_not_stored"));
	assert_int_equal(sqlite3_exec(conn, "ALTER TABLE away RENAME TO hook", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(conn), SQLITE_OK);
	assert_int_equal(hook(t, "/j/hook/brevo/" OTHER, NULL, BODY), 200);
}

static void test_methods(void **state)
{
	struct web *t = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(web_ask(t, i ? "HEAD" : "GET", "/j/hook/mailjet/" SECRET, NULL, (char *)NULL), 405);
		assert_string_equal(web_header(t, "Allow"), "POST");
	}
	assert_int_equal(stored(t), 0);
}

static size_t limit(struct web *t, const char *path)
{
	web_get(t, path);
	return app_body_limit(t->app, &t->req);
}

static void test_limit(void **state)
{
	struct web *t = *state;

	assert_int_equal(limit(t, "/j/hook/mailjet/" SECRET), 1024 * 1024);
	assert_int_equal(limit(t, "/j/hook/mailjet"), 1024 * 1024);
	assert_int_equal(limit(t, "/j/hook/brevo/x"), 1024 * 1024);
	assert_int_equal(limit(t, "/j/hook/smtp/x"), 16 * 1024);
	assert_int_equal(limit(t, "/j/s/news"), 16 * 1024);
	assert_int_equal(limit(t, "/hook/mailjet/" SECRET), 16 * 1024);
	assert_int_equal(limit(t, "/"), 16 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_who, setup, teardown),
	    cmocka_unit_test(test_shut),
	    cmocka_unit_test_setup_teardown(test_not_configured, web_setup, web_teardown),
	    cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_stored, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
