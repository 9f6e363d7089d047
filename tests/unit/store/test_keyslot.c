#include "store_test.h"

#include <sys/wait.h>

#include "store/db_priv.h"
#include "store/keyslot.h"
#include "store/person.h"

static enum err key_of(struct site *t, int64_t id, struct crypt_key *out)
{
	struct db *db;
	assert_ok(store_read(t->store, &db, EI));
	enum err e = keyslot_get(db, id, out, EI);
	store_read_end(t->store, db);
	return e;
}

static void test_slots_are_there_and_differ(void **state)
{
	struct site *t = *state;
	struct crypt_key a, b;
	assert_int_equal(key_of(t, 1, &a), OK);
	assert_int_equal(key_of(t, 2, &b), OK);
	assert_memory_not_equal(a.bytes, b.bytes, 32);
	assert_int_equal(key_of(t, KEYSLOT_MIN_FREE, &b), OK);
	assert_int_equal(key_of(t, 0, &a), E_NOT_FOUND);
	assert_int_equal(key_of(t, -1, &a), E_NOT_FOUND);
	assert_int_equal(key_of(t, 1000000, &a), E_NOT_FOUND);
	assert_int_equal(key_of(t, STORE_ID_MAX + 1, &a), E_NOT_FOUND);
}

static void test_keys_survive_and_grow(void **state)
{
	struct site *t = *state;
	struct crypt_key a, b;
	struct db *w;
	assert_int_equal(key_of(t, 4000, &a), E_NOT_FOUND);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(keyslots_need(t->store, 9000, EI));
	assert_ok(keyslot_get(w, 9000, &a, EI));
	store_write_rollback(t->store); /* slots are durable by themselves */
	site_close(t);
	assert_ok(site_open(t, false));
	assert_int_equal(key_of(t, 9000, &b), OK);
	assert_memory_equal(a.bytes, b.bytes, 32);
	assert_int_equal(key_of(t, 4095, &b), OK); /* block borders */
	assert_int_equal(key_of(t, 4096, &b), OK);
	assert_int_equal(key_of(t, 8191, &b), OK);
	assert_int_equal(key_of(t, 63, &b), OK);
	assert_int_equal(key_of(t, 64, &b), OK);
}

static void test_slot_made_after_its_range_was_read(void **state)
{
	struct site *t = *state;
	struct crypt_key a;
	struct db *w;
	int64_t max = 0;
	sqlite3 *conn;
	assert_ok(db_connect(&conn, t->store->keys_path, SQLITE_OPEN_READONLY, EI));
	assert_ok(db_exec_int(conn, "SELECT max(id) FROM slot", &max, EI));
	sqlite3_close(conn);
	assert_int_equal(key_of(t, max, &a), OK);
	assert_int_equal(key_of(t, max + 1, &a), E_NOT_FOUND);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(keyslots_need(t->store, max + 1, EI));
	assert_ok(keyslot_get(w, max + 1, &a, EI));
	store_write_rollback(t->store);
}

static void test_erase_is_final(void **state)
{
	struct site *t = *state;
	struct crypt_key a, b;
	assert_int_equal(key_of(t, 5, &a), OK);
	assert_ok(keyslot_erase(t->store, 5, EI));
	assert_int_equal(key_of(t, 5, &b), E_NOT_FOUND);
	assert_ok(keyslot_erase(t->store, 5, EI));
	assert_int_equal(key_of(t, 6, &b), OK);
	assert_false(site_file_has(t, "keys.db", a.bytes, 32));
	assert_false(site_file_has(t, "keys.db-wal", a.bytes, 32));
	assert_true(site_file_has(t, "keys.db", b.bytes, 32)); /* the search itself works */
	site_close(t);
	assert_ok(site_open(t, false));
	assert_int_equal(key_of(t, 5, &b), E_NOT_FOUND);
}

/* A restored data.db would give out numbers of erased persons again: they are skipped. */
static void test_erased_slot_is_not_used_again(void **state)
{
	struct site *t = *state;
	struct person_new n = {.channel = STORE_EMAIL, .address = SLICE("a@example.org"), .now_ms = NOW};
	struct db *w;
	int64_t id;
	assert_ok(keyslot_erase(t->store, 1, EI));
	assert_ok(keyslot_erase(t->store, 2, EI));
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(person_insert(w, &n, &id, EI));
	assert_int_equal(id, 3);
	assert_ok(store_write_commit(t->store, EI));
}

/* Another process erases: this one, with the key in its cache, notices at the next borrow. */
static void test_erasure_by_another_process(void **state)
{
	struct site *t = *state;
	struct crypt_key a;
	int go[2], status = -1;
	char c = 'x';
	site_close(t);
	assert_int_equal(pipe(go), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1 || site_open(t, false) != OK)
			_exit(1);
		if (keyslot_erase(t->store, 7, EI) != OK)
			_exit(2);
		site_close(t);
		_exit(0);
	}
	assert_ok(site_open(t, false));
	assert_int_equal(key_of(t, 7, &a), OK);
	assert_int_equal(write(go[1], &c, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(key_of(t, 7, &a), E_NOT_FOUND);
	close(go[0]);
	close(go[1]);
}

static void test_many_persons_make_slots(void **state)
{
	struct site *t = *state;
	struct db *w;
	assert_ok(store_write_begin(t->store, &w, EI));
	for (int i = 0; i < 5000; i++) {
		char address[40];
		int64_t id;
		snprintf(address, sizeof address, "p%d@example.org", i);
		struct person_new n = {.channel = STORE_EMAIL, .address = slice_from(address), .now_ms = NOW};
		assert_ok(person_insert(w, &n, &id, EI));
		assert_int_equal(id, i + 1);
	}
	assert_ok(store_write_commit(t->store, EI));
	assert_true(keyslots_low(t->store));
	assert_ok(keyslot_reserve(t->store, EI));
	assert_false(keyslots_low(t->store));
	struct crypt_key a;
	assert_int_equal(key_of(t, 5000 + KEYSLOT_MIN_FREE, &a), OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {T(test_slots_are_there_and_differ), T(test_keys_survive_and_grow),
	    T(test_slot_made_after_its_range_was_read), T(test_erase_is_final),
	    T(test_erased_slot_is_not_used_again),
	    T(test_erasure_by_another_process), T(test_many_persons_make_slots)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
