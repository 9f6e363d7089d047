/* walfile: fewer system calls, and nobody else can tell the difference. */
#include "store_test.h"

#include <sys/wait.h>

#include "store/db_priv.h"
#include "store/walfile_priv.h"

static sqlite3 *site_connect(const struct site *t, const char *vfs)
{
	sqlite3 *conn;
	char path[512];
	snprintf(path, sizeof path, "%s/probe.db", t->dir);
	assert_int_equal(sqlite3_open_v2(path, &conn, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
	return conn;
}

static void run(sqlite3 *conn, const char *sql)
{
	if (sqlite3_exec(conn, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(conn));
}

static int64_t number(sqlite3 *conn, const char *sql)
{
	int64_t n = -1;
	assert_ok(db_exec_int(conn, sql, &n, EI));
	return n;
}

static long writes_so_far(void)
{
	char line[64];
	long n = -1;
	FILE *f = fopen("/proc/self/io", "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "syscw: %ld", &n);
	if (f)
		fclose(f);
	return n;
}

#define ROWS(n) "INSERT INTO t(b) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < " #n ")" \
	" SELECT randomblob(1000) FROM c;"

/* Each commit is there for another connection at once, whatever `synchronous` says, and a rolled back one never. */
static void commits_seen(const struct site *t, const char *synchronous)
{
	sqlite3 *w = site_connect(t, walfile_vfs()), *r;
	int64_t n = 0;
	run(w, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, b BLOB);"
	       "DELETE FROM t;");
	run(w, synchronous);
	r = site_connect(t, NULL);
	for (int i = 0; i < 20; i++) {
		run(w, "BEGIN IMMEDIATE;" ROWS(40));
		assert_int_equal(number(r, "SELECT count(*) FROM t"), n);
		run(w, i % 3 == 2 ? "ROLLBACK" : "COMMIT");
		n += i % 3 == 2 ? 0 : 40;
		assert_int_equal(number(r, "SELECT count(*) FROM t"), n);
		assert_int_equal(number(r, "SELECT sum(length(b)) FROM t"), n * 1000);
	}
	if (strstr(synchronous, "FULL"))
		run(r, "PRAGMA wal_checkpoint(RESTART)");
	run(w, ROWS(3));
	assert_int_equal(number(r, "SELECT count(*) FROM t"), n + 3);
	sqlite3_close(r);
	sqlite3_close(w);
	r = site_connect(t, NULL);
	assert_int_equal(number(r, "SELECT count(*) FROM t"), n + 3);
	assert_ok(db_check(r, "PRAGMA integrity_check(1)", "probe", EI));
	sqlite3_close(r);
}

static void test_commits_seen(void **state)
{
	assert_non_null(walfile_vfs());
	commits_seen(*state, "PRAGMA synchronous=FULL");
	commits_seen(*state, "PRAGMA synchronous=NORMAL");
	commits_seen(*state, "PRAGMA synchronous=OFF");
}

/* A transaction larger than the cache spills into the WAL, and reads there what it has written. */
static void test_spill(void **state)
{
	sqlite3 *w = site_connect(*state, walfile_vfs());
	run(w, "PRAGMA journal_mode=WAL; PRAGMA cache_size=20; CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB); BEGIN;");
	for (int i = 0; i < 5; i++) {
		run(w, ROWS(500) "UPDATE t SET b = randomblob(1000) WHERE id % 7 = 0;");
		assert_int_equal(number(w, "SELECT sum(length(b)) FROM t"), (i + 1) * 500000);
	}
	run(w, "SAVEPOINT s; DELETE FROM t WHERE id % 2; ROLLBACK TO s; COMMIT;");
	assert_int_equal(number(w, "SELECT count(*) FROM t"), 2500);
	assert_ok(db_check(w, "PRAGMA integrity_check(1)", "probe", EI));
	sqlite3_close(w);
}

/* Killed behind a commit: another process finds it. */
static void test_killed(void **state)
{
	pid_t pid = fork();
	if (pid == 0) {
		sqlite3 *w;
		char path[512];
		snprintf(path, sizeof path, "%s/probe.db", ((struct site *)*state)->dir);
		if (sqlite3_open_v2(path, &w, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, walfile_vfs()) != SQLITE_OK ||
		    sqlite3_exec(w, "PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB);" ROWS(100)
		        "BEGIN;" ROWS(50), NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	sqlite3 *r = site_connect(*state, NULL);
	assert_int_equal(number(r, "SELECT count(*) FROM t"), 100);
	assert_ok(db_check(r, "PRAGMA integrity_check(1)", "probe", EI));
	sqlite3_close(r);
}

static long writes_of(const struct site *t, const char *vfs)
{
	sqlite3 *w = site_connect(t, vfs);
	run(w, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, b BLOB)");
	long before = writes_so_far();
	run(w, ROWS(120));
	long n = writes_so_far() - before;
	sqlite3_close(w);
	return n;
}

static void test_fewer_writes(void **state)
{
	if (writes_so_far() < 0)
		skip(); /* a sandbox without /proc/self/io */
	long plain = writes_of(*state, NULL), gathered = writes_of(*state, walfile_vfs());
	/* thirty pages and more: two calls each, and one for 64 KiB */
	assert_true(plain > 60);
	assert_true(gathered <= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_commits_seen, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_spill, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_killed, site_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_fewer_writes, site_setup, site_teardown),
	};
	return cmocka_run_group_tests_name("walfile", tests, NULL, NULL);
}
