/* Hook bodies: stored once, sealed, in their order, and gone when they were worked on. */
#include "store_test.h"

#include "store/hook.h"

static bool put(struct site *t, const char *provider, struct slice body, int64_t at_ms)
{
	struct db *w;
	bool fresh = false;

	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(hook_put(w, slice_from(provider), body, at_ms, &fresh, EI));
	assert_ok(store_write_commit(t->store, EI));
	return fresh;
}

static int64_t waiting(struct site *t)
{
	struct db *db;
	int64_t n;

	assert_ok(store_read(t->store, &db, EI));
	assert_ok(hook_count(db, &n, EI));
	store_read_end(t->store, db);
	return n;
}

/* "-" if there is none. */
static int64_t next(struct site *t, int64_t after, struct hook *h, const char *want)
{
	struct buf body;
	struct db *db;
	enum err rc;

	buf_init(&body, HOOK_BODY_MAX_BYTES);
	assert_ok(store_read(t->store, &db, EI));
	rc = hook_next(db, after, h, &body, EI);
	store_read_end(t->store, db);
	if (!want) {
		assert_int_equal(rc, E_NOT_FOUND);
		return 0;
	}
	assert_ok(rc);
	assert_true(h->readable);
	assert_true(slice_eq_str(buf_slice(&body), want));
	buf_free(&body);
	return h->id;
}

static void done(struct site *t, int64_t id)
{
	struct db *w;

	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(hook_done(w, id, EI));
	assert_ok(store_write_commit(t->store, EI));
}

static void test_round_trip(void **state)
{
	struct site *t = *state;
	struct hook h;
	int64_t one, two;

	next(t, 0, &h, NULL);
	assert_true(put(t, "mailjet", SLICE("{\"email\":\"ada@example.org\"}"), NOW));
	assert_true(put(t, "mailjet", SLICE("two"), NOW + 1));
	assert_true(put(t, "mailjet", SLICE(""), NOW + 2));
	assert_int_equal(waiting(t), 3);
	one = next(t, 0, &h, "{\"email\":\"ada@example.org\"}");
	assert_int_equal(h.at_ms, NOW);
	assert_string_equal(h.provider, "mailjet");
	two = next(t, one, &h, "two");
	next(t, two, &h, "");
	done(t, one);
	next(t, 0, &h, "two");
	done(t, two);
	done(t, two);
	next(t, 0, &h, "");
	assert_int_equal(waiting(t), 1);
}

/* A repeat is nothing new: while it waits, and after it was worked on; at another time too. */
static void test_repeats(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct hook h;
	int64_t id;

	assert_true(put(t, "mailjet", SLICE("body"), NOW));
	assert_false(put(t, "mailjet", SLICE("body"), NOW));
	assert_false(put(t, "mailjet", SLICE("body"), NOW + 5000));
	assert_true(put(t, "mailjet", SLICE("body "), NOW));
	assert_true(put(t, "brevo", SLICE("body"), NOW));
	assert_true(put(t, "mailjetb", SLICE("ody"), NOW));
	assert_int_equal(waiting(t), 4);
	id = next(t, 0, &h, "body");
	done(t, id);
	assert_false(put(t, "mailjet", SLICE("body"), NOW + 6000));
	assert_int_equal(waiting(t), 3);
	/* Only what was worked on is forgotten, and only when it is old. */
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(hook_purge(w, NOW, EI));
	assert_ok(store_write_commit(t->store, EI));
	assert_false(put(t, "mailjet", SLICE("body"), NOW));
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(hook_purge(w, NOW + 1, EI));
	assert_ok(store_write_commit(t->store, EI));
	assert_int_equal(waiting(t), 3);
	assert_true(put(t, "mailjet", SLICE("body"), NOW));
}

/* The address is nowhere in the files, while it waits and afterwards. */
static void test_sealed(void **state)
{
	static const char address[] = "very.special.address@example.org";
	struct site *t = *state;
	struct hook h;

	put(t, "mailjet", slice_from(address), NOW);
	assert_false(site_file_has(t, "data.db", address, sizeof(address) - 1));
	assert_false(site_file_has(t, "data.db-wal", address, sizeof(address) - 1));
	done(t, next(t, 0, &h, address));
	assert_false(site_file_has(t, "data.db-wal", address, sizeof(address) - 1));
}

static void test_limit(void **state)
{
	static char big[HOOK_BODY_MAX_BYTES + 1];
	struct site *t = *state;
	struct buf body;
	struct hook h;
	struct db *db;
	bool fresh;

	memset(big, 'x', sizeof(big));
	assert_true(put(t, "mailjet", slice_make(big, HOOK_BODY_MAX_BYTES), NOW));
	assert_ok(store_write_begin(t->store, &db, EI));
	assert_int_equal(hook_put(db, SLICE("mailjet"), slice_make(big, sizeof(big)), NOW, &fresh, EI), E_LIMIT);
	buf_init(&body, HOOK_BODY_MAX_BYTES);
	assert_ok(hook_next(db, 0, &h, &body, EI));
	assert_true(h.readable);
	assert_true(slice_eq(buf_slice(&body), slice_make(big, HOOK_BODY_MAX_BYTES)));
	buf_free(&body);
	store_write_rollback(t->store);
}

/* Read handles do not store. */
static void test_read_only(void **state)
{
	struct site *t = *state;
	struct db *db;

	assert_ok(store_read(t->store, &db, EI));
	assert_int_equal(hook_put(db, SLICE("mailjet"), SLICE("x"), NOW, NULL, EI), E_DENIED);
	store_read_end(t->store, db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_round_trip, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_repeats, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_sealed, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_limit, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_read_only, site_setup, site_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
