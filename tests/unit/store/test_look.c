/* look: what is too large for the start is looked through beside, and a damage ends all writing. */
#include "store_test.h"

#include <stdatomic.h>
#include <time.h>

#include "store/db_priv.h"
#include "store/erasure.h"
#include "store/look.h"
#include "store/person.h"

struct told {
	atomic_int whole, damaged, unknown;
	void *who;
	struct errinfo ei;
};

static void told_note(void *arg, void *who, enum look_end end, const struct errinfo *ei)
{
	struct told *t = arg;
	t->who = who;
	t->ei = *ei;
	atomic_fetch_add(end == LOOK_WHOLE ? &t->whole : end == LOOK_DAMAGED ? &t->damaged : &t->unknown, 1);
}

static enum err reopen(struct site *t, int64_t look_bytes)
{
	struct store_opts o = site_opts(t, false);
	site_close(t);
	o.look_later = true;
	o.look_bytes = look_bytes;
	return store_open(&t->store, &o, EI);
}

/* Pages of their own in a table, so that there is something to look through and to damage. */
static void fill(const struct site *t, const char *rows)
{
	sqlite3 *conn;
	char *sql = sqlite3_mprintf("PRAGMA synchronous=OFF; CREATE TABLE IF NOT EXISTS pile(id INTEGER PRIMARY KEY, b BLOB);"
	    "INSERT INTO pile(b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
	    " SELECT zeroblob(900) FROM n; PRAGMA wal_checkpoint(TRUNCATE)", rows);
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_ok(db_exec(conn, sql, EI));
	sqlite3_close(conn);
	sqlite3_free(sql);
}

/* The last pages are leaves of the table that came last: their first byte says what kind of page it is. */
static void damage(const struct site *t)
{
	int fd = open(t->store->data_path, O_RDWR);
	struct stat st;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, "\x03", 1, st.st_size - 4096), 1);
	close(fd);
}

static int64_t now_ms(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

static void test_small_at_once(void **state)
{
	struct site *t = *state;
	fill(t, "100");
	assert_ok(reopen(t, 0));
	assert_false(store_unseen(t->store));
	damage(t);
	assert_int_equal(reopen(t, 0), E_IO);
	assert_non_null(strstr(EI->text, "damaged"));
	assert_non_null(strstr(EI->text, "restore a backup"));
}

static void test_large_later(void **state)
{
	struct site *t = *state;
	struct told told = {0};
	struct look *l;
	int who;
	fill(t, "100");
	assert_ok(reopen(t, 4096));
	assert_true(store_unseen(t->store));
	assert_ok(look_new(&l, told_note, &told, EI));
	look_wait(l);
	assert_ok(look_add(l, t->store, &who, EI));
	look_wait(l);
	assert_int_equal(told.whole, 1);
	assert_int_equal(told.damaged + told.unknown, 0);
	damage(t);
	assert_ok(look_add(l, t->store, &who, EI));
	look_wait(l);
	assert_int_equal(told.damaged, 1);
	assert_int_equal(told.unknown, 0);
	assert_ptr_equal(told.who, &who);
	assert_non_null(strstr(told.ei.text, "data.db"));
	assert_non_null(strstr(told.ei.text, "pile"));
	assert_non_null(strstr(told.ei.text, "restore a backup"));
	look_free(l);
}

/* Its first page says what tables there are. */
static void test_schema_damaged(void **state)
{
	struct site *t = *state;
	struct told told = {0};
	struct look *l;
	sqlite3 *conn;
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_ok(db_exec(conn, "PRAGMA wal_checkpoint(TRUNCATE)", EI));
	sqlite3_close(conn);
	int fd = open(t->store->data_path, O_RDWR);
	assert_int_equal(pwrite(fd, "\x07", 1, 100), 1);
	close(fd);
	assert_ok(look_new(&l, told_note, &told, EI));
	assert_ok(look_add(l, t->store, NULL, EI));
	look_wait(l);
	assert_int_equal(told.damaged, 1);
	look_free(l);
}

/* What cannot be looked at is no damage: nobody is stopped for want of a descriptor. */
static void test_not_looked_through(void **state)
{
	struct site *t = *state;
	struct told told = {0};
	struct look *l;
	char away[200];
	assert_ok(look_new(&l, told_note, &told, EI));
	snprintf(away, sizeof away, "%s.away", t->store->data_path);
	assert_int_equal(rename(t->store->data_path, away), 0);
	assert_ok(look_add(l, t->store, NULL, EI));
	look_wait(l);
	assert_int_equal(rename(away, t->store->data_path), 0);
	assert_int_equal(told.damaged, 0);
	assert_int_equal(told.unknown, 1);
	look_free(l);
}

/* That of the keys is looked through at once, however large: an erasure would wait for who reads it. */
static void test_keys_at_once(void **state)
{
	struct site *t = *state;
	struct stat st;
	sqlite3 *conn;
	assert_ok(db_connect(&conn, t->store->keys_path, SQLITE_OPEN_READWRITE, EI));
	assert_ok(db_exec(conn, "PRAGMA wal_checkpoint(TRUNCATE)", EI));
	sqlite3_close(conn);
	int fd = open(t->store->keys_path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, "\x03", 1, st.st_size - 4096), 1);
	close(fd);
	fill(t, "100");
	assert_int_equal(reopen(t, 4096), E_IO);
	assert_non_null(strstr(EI->text, "keys.db"));
}

/* Somebody reads a table of data.db for long: an erasure is done and durable, and nobody waits for the reader. */
static void test_erasure_beside_reader(void **state)
{
	struct site *t = *state;
	struct db *reader, *db;
	int64_t begun, n, id = 0;
	const struct person_new p = {.channel = STORE_EMAIL, .address = SLICE("gone@example.org"), .lang = SLICE("de"),
	    .state = PERSON_ACTIVE, .now_ms = NOW};
	assert_ok(store_write_begin(t->store, &db, EI));
	assert_ok(person_insert(db, &p, &id, EI));
	assert_ok(store_write_commit(t->store, EI));
	assert_ok(store_read(t->store, &reader, EI));
	assert_ok(db_exec_int(reader->conn, "SELECT count(*) FROM person", &n, EI));
	begun = now_ms();
	assert_ok(person_erase(t->store, id, ERASURE_REQUEST, NOW, EI));
	assert_true(now_ms() - begun < 3000);
	store_read_end(t->store, reader);
}

static void test_condemned(void **state)
{
	struct site *t = *state;
	struct db *db;
	assert_ok(store_write_begin(t->store, &db, EI));
	assert_ok(store_write_commit(t->store, EI));
	store_condemn(t->store);
	assert_int_equal(store_write_begin(t->store, &db, EI), E_IO);
	assert_null(db);
	assert_non_null(strstr(EI->text, "restore a backup"));
	assert_ok(store_read(t->store, &db, EI));
	store_read_end(t->store, db);
	/* and so from the opening on */
	struct store_opts o = site_opts(t, false);
	site_close(t);
	o.brief = o.condemned = true;
	assert_ok(store_open(&t->store, &o, EI));
	assert_int_equal(store_write_begin(t->store, &db, EI), E_IO);
}

/* How long the whole takes, and how long it takes to end it halfway, with others in the row. */
static void break_off(const struct site *t, int64_t *whole, int64_t *end)
{
	struct told told = {0};
	struct look *l;
	assert_ok(look_new(&l, told_note, &told, EI));
	*whole = now_ms();
	assert_ok(look_add(l, t->store, NULL, EI));
	look_wait(l);
	*whole = now_ms() - *whole;
	for (int i = 0; i < 20; i++)
		assert_ok(look_add(l, t->store, NULL, EI));
	usleep((useconds_t)(*whole * 300));
	*end = now_ms();
	look_free(l);
	*end = now_ms() - *end;
	assert_true(told.whole >= 1 && told.whole <= 2);
	assert_int_equal(told.damaged + told.unknown, 0);
}

/* In the middle of a large table: at once. The machine may be busy with others for a moment. */
static void test_broken_off(void **state)
{
	int64_t whole = 0, end = 0;
	bool quick = false;
	fill(*state, "200000");
	for (int i = 0; i < 10 && !quick; i++) {
		break_off(*state, &whole, &end);
		quick = end * 4 < whole;
	}
	print_message("whole %d ms, broken off in %d ms\n", (int)whole, (int)end);
	assert_true(quick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_small_at_once, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_large_later, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_schema_damaged, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_not_looked_through, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_keys_at_once, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_erasure_beside_reader, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_condemned, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_broken_off, site_setup, site_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
