#include "store_test.h"

#include "store/db_priv.h"
#include "store/eventcore.h"
#include "store/shown.h"
#include "store/text.h"

static const unsigned char A[32] = {0xa}, B[32] = {0xb};

static void put(struct db *w, const char *form, const unsigned char *wording, const char *page, int64_t from_ms,
    unsigned char hash[32])
{
	struct shown s = {.form = slice_from(form), .lang = SLICE("de"), .consent_hash = wording, .page_hash = hash,
	    .from_ms = from_ms};
	assert_ok(text_put(w, TEXT_FORM, "de", 1, slice_from(page), hash, EI));
	assert_ok(shown_put(w, &s, EI));
}

static void finds(struct db *w, const char *form, const unsigned char *wording, int64_t at_ms, const unsigned char *want)
{
	unsigned char got[32];
	assert_ok(shown_find(w, slice_from(form), SLICE("de"), wording, at_ms, got, EI));
	assert_memory_equal(got, want, sizeof got);
}

/* Pages come, go and come back; the wording of an event and its time name one of them. */
static void test_find(void **state)
{
	struct site *t = *state;
	unsigned char one[32], two[32], new[32], other[32], got[32];
	struct db *w;
	assert_ok(store_write_begin(t->store, &w, EI));
	put(w, "news", A, "page 1", 1000, one);
	put(w, "news", A, "page 1", 1500, one); /* in force already */
	put(w, "news", A, "page 2", 2000, two);
	put(w, "news", B, "page 3", 3000, new);
	put(w, "news", A, "page 1", 4000, one); /* back again */
	put(w, "club", A, "page 4", 1000, other);
	finds(w, "news", A, 1000, one);
	finds(w, "news", A, 1999, one);
	finds(w, "news", A, 2000, two);
	finds(w, "news", A, 3500, two); /* the older page was still open in a browser */
	finds(w, "news", B, 3500, new);
	finds(w, "news", A, 4000, one);
	finds(w, "news", A, INT64_MAX, one);
	finds(w, "club", A, 5000, other);
	/* Noted later than the event: the first with that wording. */
	finds(w, "news", A, 10, one);
	finds(w, "news", B, 10, new);
	assert_int_equal(shown_find(w, SLICE("club"), SLICE("de"), B, 5000, got, EI), E_NOT_FOUND);
	assert_int_equal(shown_find(w, SLICE("news"), SLICE("en"), A, 5000, got, EI), E_NOT_FOUND);
	store_write_rollback(t->store);
}

static void test_append_only(void **state)
{
	struct site *t = *state;
	unsigned char hash[32];
	struct db *w;
	assert_ok(store_write_begin(t->store, &w, EI));
	put(w, "news", A, "page 1", 1000, hash);
	assert_int_not_equal(sqlite3_exec(w->conn, "UPDATE shown SET from_ms = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_int_not_equal(sqlite3_exec(w->conn, "DELETE FROM shown", NULL, NULL, NULL), SQLITE_OK);
	store_write_rollback(t->store);
}

/* --- the core read back ----------------------------------------------------------------- */

static const char full[] =
    "{\"v\":1,\"seq\":7,\"person\":3,\"prev\":5,\"time\":\"2026-11-21T14:05:09.123Z\",\"kind\":\"requested\","
    "\"form\":\"news\",\"purposes\":[\"news\",\"events\"],\"page\":\"https://www.example.org/\",\"lang\":\"de\","
    "\"text_hash\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",\"request\":4,\"outbox\":6,"
    "\"provider\":\"mailjet\",\"provider_id\":\"1152921504606846976\",\"detail\":\"x\",\"later\":[1]}";

static void test_core(void **state)
{
	struct eventcore c;
	struct arena a;
	(void)state;
	arena_init(&a, 65536);
	assert_ok(eventcore_read(&a, SLICE(full), &c, EI));
	assert_int_equal(c.seq, 7);
	assert_int_equal(c.person, 3);
	assert_int_equal(c.prev, 5);
	assert_int_equal(c.request, 4);
	assert_int_equal(c.outbox, 6);
	assert_true(slice_eq_str(c.kind, "requested"));
	assert_true(slice_eq_str(c.purposes, "news,events"));
	assert_true(slice_eq_str(c.provider_id, "1152921504606846976"));
	assert_true(c.has[EVENTCORE_TEXT]);
	assert_int_equal(c.hash[EVENTCORE_TEXT][1], 0x11);
	assert_false(c.has[EVENTCORE_MAIL] || c.has[EVENTCORE_NOTICE] || c.has[EVENTCORE_CONFIG]);
	arena_free(&a);
}

static void test_core_refused(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "{}", "{\"v\":2}", "{\"v\":\"1\"}", "{\"v\":1,\"v\":1}",
	    "{\"v\":1,\"text_hash\":\"00\"}", "{\"v\":1,\"mail_hash\":\"zz\"}"};
	struct eventcore c;
	struct arena a;
	(void)state;
	arena_init(&a, 65536);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (eventcore_read(&a, slice_from(bad[i]), &c, EI) != E_INVALID)
			fail_msg("taken: %s", bad[i]);
	assert_ok(eventcore_read(&a, SLICE("{\"v\":1,\"seq\":\"7\",\"form\":3,\"purposes\":{}}"), &c, EI));
	assert_int_equal(c.seq, 0);
	assert_int_equal(c.form.len + c.purposes.len, 0);
	arena_free(&a);
}

static void on_field(struct slice name, struct slice value, void *arg)
{
	buf_printf(arg, "%.*s=%.*s;", SLICE_FMT(name), SLICE_FMT(value));
}

static void test_fields(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 1000);
	assert_ok(eventcore_fields(SLICE("{\"first_name\":\"<Anna>\",\"n\":1,\"city\":\"Köln\"}"), on_field, &b, EI));
	assert_string_equal(b.data, "first_name=<Anna>;city=Köln;");
	assert_int_equal(eventcore_fields(SLICE("[]"), on_field, &b, EI), E_INVALID);
	assert_int_equal(eventcore_fields(SLICE(""), on_field, &b, EI), E_INVALID);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, site_setup, site_teardown),
		cmocka_unit_test_setup_teardown(test_append_only, site_setup, site_teardown),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_core_refused),
		cmocka_unit_test(test_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
