#include "store_test.h"

#include "store/db_priv.h"
#include "store/intake.h"

static struct intake sample(void)
{
	return (struct intake){.at_ms = NOW, .channel = STORE_EMAIL, .form = SLICE("news"), .lang = SLICE("de"),
	    .consent_hash = {7, 7}, .address = SLICE("ada.lovelace@example.org"),
	    .page = SLICE("https://www.example.org/x"),
	    .ip = SLICE("192.0.2.0"), .fields = SLICE("{\"first_name\":\"Ada\"}"), .purposes = SLICE("news,events")};
}

static void test_round_trip(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct arena a;
	struct intake in = sample(), empty = {.channel = STORE_SMS};
	struct intake_row row;
	int64_t one, two, last, n;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(intake_last_id(w, &last, EI));
	assert_int_equal(last, 0);
	assert_int_equal(intake_committed_id(w), 0);
	assert_ok(intake_put(w, &in, &one, EI));
	assert_ok(intake_put(w, &empty, &two, EI));
	assert_ok(intake_put(w, &in, NULL, EI));
	assert_int_equal(intake_committed_id(w), 0); /* rows of this transaction do not count */
	assert_ok(intake_next(w, 0, two, &a, &row, EI));
	assert_int_equal(row.id, one);
	assert_true(row.readable);
	assert_int_equal(row.in.at_ms, NOW);
	assert_int_equal(row.in.channel, STORE_EMAIL);
	assert_memory_equal(row.in.consent_hash, in.consent_hash, 32);
	assert_true(slice_eq(row.in.form, in.form));
	assert_true(slice_eq(row.in.lang, in.lang));
	assert_true(slice_eq(row.in.address, in.address));
	assert_true(slice_eq(row.in.page, in.page));
	assert_true(slice_eq(row.in.ip, in.ip));
	assert_true(slice_eq(row.in.fields, in.fields));
	assert_true(slice_eq(row.in.purposes, in.purposes));
	assert_ok(intake_next(w, one, two, &a, &row, EI));
	assert_int_equal(row.id, two);
	assert_true(row.readable);
	assert_int_equal(row.in.address.len + row.in.page.len + row.in.ip.len + row.in.purposes.len, 0);
	assert_int_equal(intake_next(w, two, two, &a, &row, EI), E_NOT_FOUND); /* the third is above the limit */
	assert_ok(intake_delete(w, one, EI));
	assert_ok(intake_delete(w, one, EI));
	assert_ok(intake_count(w, &n, EI));
	assert_int_equal(n, 2);
	assert_ok(store_write_commit(t->store, EI));
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_int_equal(intake_committed_id(w), 3);
	assert_ok(intake_delete(w, 2, EI));
	assert_ok(intake_delete(w, 3, EI));
	assert_ok(intake_last_id(w, &last, EI));
	assert_int_equal(last, 3); /* numbers are never given twice */
	store_write_rollback(t->store);
	arena_free(&a);
}

/* Rows tell neither address nor its length. */
static void test_size_classes(void **state)
{
	struct site *t = *state;
	static const struct {
		int line;
		size_t fields;
		size_t sealed; /* 0: refused */
	} rows[] = {
		{__LINE__, 0, 512}, {__LINE__, 500, 512}, {__LINE__, 501, 1024}, {__LINE__, 1012, 1024}, {__LINE__,
		    1013, 2048},
		{__LINE__, 4096, 8192}, {__LINE__, 8180, 8192}, {__LINE__, 8181, 16384}, {__LINE__, 16372, 16384},
		{__LINE__, 16373, 0}, {__LINE__, 70000, 0},
	};
	static char filler[70000];
	struct db *w;
	struct arena a;
	memset(filler, 'x', sizeof filler);
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	assert_ok(store_write_begin(t->store, &w, EI));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct intake in = {.channel = STORE_EMAIL, .fields = slice_make(filler, rows[i].fields)};
		struct intake_row row;
		int64_t id = 0, size = 0;
		enum err e = intake_put(w, &in, &id, EI);
		if (e != (rows[i].sealed ? OK : E_LIMIT))
			fail_msg("line %d: %s", rows[i].line, err_name(e));
		if (e)
			continue;
		assert_ok(db_exec_int(w->conn, "SELECT length(sealed) FROM intake ORDER BY id DESC LIMIT 1", &size, EI));
		if ((size_t)size != rows[i].sealed + CRYPT_SEAL_OVERHEAD_BYTES)
			fail_msg("line %d: %lld bytes", rows[i].line, (long long)size);
		arena_reset(&a);
		assert_ok(intake_next(w, id - 1, id, &a, &row, EI));
		assert_int_equal(row.in.fields.len, rows[i].fields);
	}
	store_write_rollback(t->store);
	arena_free(&a);
}

static void test_no_plaintext_on_disk(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct intake in = sample();
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(intake_put(w, &in, NULL, EI));
	assert_ok(store_write_commit(t->store, EI));
	assert_false(site_file_has(t, "data.db-wal", "lovelace", 8));
	assert_false(site_file_has(t, "data.db-wal", "first_name", 10));
	assert_false(site_file_has(t, "data.db-wal", "192.0.2", 7));
	assert_true(site_file_has(t, "data.db-wal", "news", 4)); /* the form is no secret */
}

static void test_damaged_row_is_skipped_by_name(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct arena a;
	struct intake in = sample();
	struct intake_row row;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(intake_put(w, &in, NULL, EI));
	assert_ok(db_exec(w->conn, "UPDATE intake SET at_ms = at_ms + 1", EI)); /* time is bound to what is sealed */
	assert_ok(intake_next(w, 0, 9, &a, &row, EI));
	assert_false(row.readable);
	assert_int_equal(row.id, 1);
	assert_true(slice_eq_str(row.in.form, "news"));
	store_write_rollback(t->store);
	arena_free(&a);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_round_trip), T(test_size_classes), T(test_no_plaintext_on_disk),
	    T(test_damaged_row_is_skipped_by_name)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
