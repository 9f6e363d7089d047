#include "store_test.h"

#include "store/checkpoint.h"
#include "store/daily.h"
#include "store/db_priv.h"
#include "store/meta.h"
#include "store/notice.h"
#include "store/text.h"

static void test_text(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct buf b;
	struct text_info info;
	unsigned char h[32], again[32], want[32], missing[32] = {1};
	buf_init(&b, TEXT_BODY_MAX_BYTES);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(text_put(w, TEXT_CONSENT, "de", 1, SLICE("Ja, ich willige ein."), h, EI));
	crypt_sha256(want, "Ja, ich willige ein.", 20);
	assert_memory_equal(h, want, 32);
	/* Again, also as another kind: nothing changes. */
	assert_ok(text_put(w, TEXT_MAIL, "en", 2, SLICE("Ja, ich willige ein."), again, EI));
	assert_memory_equal(h, again, 32);
	assert_ok(text_get(w, h, &b, &info, EI));
	assert_string_equal(b.data, "Ja, ich willige ein.");
	assert_int_equal(info.kind, TEXT_CONSENT);
	assert_string_equal(info.lang, "de");
	assert_int_equal(info.format, 1);
	assert_true(info.created_ms > 0);
	assert_int_equal(text_get(w, missing, &b, &info, EI), E_NOT_FOUND);
	assert_ok(text_get(w, h, NULL, NULL, EI));
	assert_ok(text_put(w, TEXT_PAGE, "", 1, SLICE(""), again, EI)); /* empty is a text too */
	buf_reset(&b);
	assert_ok(text_get(w, again, &b, NULL, EI));
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_init(&b, 5);
	assert_int_equal(text_get(w, h, &b, NULL, EI), E_LIMIT);
	buf_free(&b);
	store_write_rollback(t->store);
	assert_int_equal(text_kind_from_name(SLICE("notice")), TEXT_NOTICE);
	assert_int_equal(text_kind_from_name(SLICE("Notice")), TEXT_KIND__MAX);
}

static void test_text_too_large(void **state)
{
	struct site *t = *state;
	struct db *w;
	unsigned char h[32];
	char *big = calloc(1, TEXT_BODY_MAX_BYTES + 1);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(text_put(w, TEXT_PAGE, "de", 1, slice_make(big, TEXT_BODY_MAX_BYTES), h, EI));
	assert_int_equal(text_put(w, TEXT_PAGE, "de", 1, slice_make(big, TEXT_BODY_MAX_BYTES + 1), h, EI), E_LIMIT);
	store_write_rollback(t->store);
	free(big);
}

static void test_text_find(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct text_info info;
	unsigned char h[32];
	assert_ok(store_write_begin(t->store, &w, EI));
	for (int i = 0; i < 50; i++) {
		char body[20];
		snprintf(body, sizeof body, "text %d", i);
		assert_ok(text_put(w, TEXT_FORM, "de", 1, slice_from(body), h, EI));
	}
	for (size_t n = TEXT_PREFIX_MIN_BYTES; n <= 32; n++) {
		assert_ok(text_find(w, TEXT_FORM, h, n, &info, EI));
		assert_memory_equal(info.hash, h, 32);
	}
	assert_int_equal(text_find(w, TEXT_FORM, h, 5, &info, EI), E_INVALID);
	assert_int_equal(text_find(w, TEXT_FORM, h, 33, &info, EI), E_INVALID);
	assert_int_equal(text_find(w, TEXT_MAIL, h, 8, &info, EI), E_NOT_FOUND);
	h[5] ^= 1;
	assert_int_equal(text_find(w, TEXT_FORM, h, 6, &info, EI), E_NOT_FOUND);
	/* Two texts with the same first bytes can only be made by hand. */
	sqlite3_set_authorizer(w->conn, NULL, NULL);
	assert_ok(db_exec(w->conn, "INSERT INTO text SELECT CAST(substr(hash, 1, 8) || zeroblob(24) AS BLOB), "
	    "kind, lang, format,"
	    " created_ms, body FROM text WHERE body = CAST('text 7' AS BLOB)", EI));
	crypt_sha256(h, "text 7", 6);
	assert_int_equal(text_find(w, TEXT_FORM, h, 8, &info, EI), E_CONFLICT);
	assert_ok(text_find(w, TEXT_FORM, h, 9, &info, EI));
	/* And that copy does not have its hash. */
	memset(h + 8, 0, 24);
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(text_get(w, h, &b, NULL, EI), E_IO);
	buf_free(&b);
	store_write_rollback(t->store);
}

struct list {
	int64_t no[10];
	int n, stop;
};

static bool list_notice(const struct notice_version *v, void *arg)
{
	struct list *l = arg;
	l->no[l->n++] = v->no;
	return l->n != l->stop;
}

static void test_notice(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct notice_version v;
	unsigned char a[32], b[32], c[32] = {3}, none[32] = {9};
	int64_t no;
	struct list all = {0}, de = {0}, one = {.stop = 1};
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(notice_current(w, "de", &v, EI), E_NOT_FOUND);
	assert_ok(text_put(w, TEXT_NOTICE, "de", 1, SLICE("A"), a, EI));
	assert_ok(text_put(w, TEXT_NOTICE, "de", 1, SLICE("B"), b, EI));
	assert_ok(notice_put(w, "de", a, c, NOW, &no, EI));
	assert_int_equal(no, 1);
	assert_ok(notice_put(w, "de", a, c, NOW + 1, &no, EI)); /* unchanged */
	assert_int_equal(no, 1);
	assert_ok(notice_put(w, "en", a, c, NOW + 2, &no, EI));
	assert_int_equal(no, 2);
	assert_ok(notice_put(w, "de", b, c, NOW + 3, &no, EI));
	assert_ok(notice_put(w, "de", a, c, NOW + 4, &no, EI)); /* back to the old words is a new version */
	assert_int_equal(no, 4);
	assert_ok(notice_current(w, "de", &v, EI));
	assert_int_equal(v.no, 4);
	assert_int_equal(v.valid_from_ms, NOW + 4);
	assert_memory_equal(v.hash, a, 32);
	assert_memory_equal(v.config_hash, c, 32);
	assert_ok(notice_find(w, b, 6, &v, EI));
	assert_int_equal(v.no, 3);
	assert_int_equal(notice_find(w, none, 6, &v, EI), E_NOT_FOUND);
	assert_int_equal(notice_find(w, b, 5, &v, EI), E_INVALID);
	assert_ok(notice_each(w, NULL, list_notice, &all, EI));
	assert_ok(notice_each(w, "de", list_notice, &de, EI));
	assert_ok(notice_each(w, NULL, list_notice, &one, EI));
	assert_int_equal(all.n, 4);
	assert_int_equal(all.no[0], 4);
	assert_int_equal(de.n, 3);
	assert_int_equal(one.n, 1);
	/* A notice without its text cannot be. */
	assert_int_equal(notice_put(w, "de", none, c, NOW, &no, EI), E_CONFLICT);
	store_write_rollback(t->store);
}

static void test_meta_and_checkpoint(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct buf b;
	struct checkpoint c = {.size = 5, .root = {1}, .at_ms = NOW}, got;
	buf_init(&b, 1000);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(meta_get(w, "x", &b, EI), E_NOT_FOUND);
	assert_ok(meta_put(w, "x", SLICE(""), EI));
	assert_ok(meta_get(w, "x", &b, EI));
	assert_int_equal(b.len, 0);
	assert_ok(meta_put(w, "x", SLICE("abc"), EI));
	assert_ok(meta_get(w, "x", &b, EI));
	assert_string_equal(b.data, "abc");
	assert_int_equal(checkpoint_last(w, &got, NULL, EI), E_NOT_FOUND);
	assert_ok(checkpoint_put(w, &c, SLICE("note 5"), EI));
	assert_int_equal(checkpoint_put(w, &c, SLICE("other"), EI), E_CONFLICT);
	c.size = 9;
	assert_ok(checkpoint_put(w, &c, SLICE("note 9"), EI));
	buf_reset(&b);
	assert_ok(checkpoint_last(w, &got, &b, EI));
	assert_int_equal(got.size, 9);
	assert_string_equal(b.data, "note 9");
	assert_ok(checkpoint_covering(w, 5, &got, NULL, EI));
	assert_int_equal(got.size, 5);
	assert_ok(checkpoint_covering(w, 6, &got, NULL, EI));
	assert_int_equal(got.size, 9);
	assert_int_equal(checkpoint_covering(w, 10, &got, NULL, EI), E_NOT_FOUND);
	buf_free(&b);
	store_write_rollback(t->store);
}

static bool list_day(int64_t day, struct slice form, enum daily_what what, int64_t n, void *arg)
{
	struct list *l = arg;
	(void)form;
	l->no[l->n++] = day * 1000 + what * 100 + n;
	return true;
}

static void test_daily(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct list l = {0};
	static const struct {
		int64_t ms, day;
	} days[] = {{0, 0}, {86399999, 0}, {86400000, 1}, {-1, -1}, {-86400000, -1}, {-86400001, -2}};
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		assert_int_equal(daily_day(days[i].ms), days[i].day);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(daily_add(w, 3, SLICE("news"), DAILY_SENT, 2, EI));
	assert_ok(daily_add(w, 3, SLICE("news"), DAILY_SENT, 3, EI));
	assert_ok(daily_add(w, 2, SLICE("news"), DAILY_SHOWN, 1, EI));
	assert_ok(daily_add(w, 5, SLICE("news"), DAILY_SENT, 1, EI));
	assert_ok(daily_each(w, 2, 4, list_day, &l, EI));
	assert_int_equal(l.n, 2);
	assert_int_equal(l.no[0], 2101);
	assert_int_equal(l.no[1], 3205);
	assert_ok(daily_purge(w, 3, EI));
	l.n = 0;
	assert_ok(daily_each(w, 0, 9, list_day, &l, EI));
	assert_int_equal(l.n, 2);
	store_write_rollback(t->store);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_text), T(test_text_too_large), T(test_text_find), T(test_notice),
	    T(test_meta_and_checkpoint), T(test_daily)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
