#include "store_test.h"

#include "store/db_priv.h"

/* Behind the steps that there are: one more, and one that fails. */
#define ALL migrations_all_count
#define MORE (ALL + 1)
#define BROKEN (ALL + 2)
#define LIST_MAX 100

static const char second_sql[] = "CREATE TABLE extra (a INTEGER PRIMARY KEY) STRICT;";
static const char broken_sql[] = "CREATE TABLE extra2 (a INTEGER PRIMARY KEY) STRICT; INSERT INTO nowhere "
    "VALUES(1);";

static struct migration list[LIST_MAX];
static char extra_name[40], broken_name[40];

static int lists(void **state)
{
	assert_true(BROKEN <= LIST_MAX);
	memcpy(list, migrations_all, (size_t)ALL * sizeof list[0]);
	snprintf(extra_name, sizeof extra_name, "%04d_extra.sql", MORE);
	snprintf(broken_name, sizeof broken_name, "%04d_broken.sql", BROKEN);
	list[ALL] = (struct migration){extra_name, second_sql, sizeof second_sql - 1};
	list[ALL + 1] = (struct migration){broken_name, broken_sql, sizeof broken_sql - 1};
	return site_setup(state);
}

static int64_t ask(sqlite3 *conn, const char *sql)
{
	int64_t v = -1;
	assert_ok(db_exec_int(conn, sql, &v, EI));
	return v;
}

static void test_steps_with_copies(void **state)
{
	struct site *t = *state;
	struct store *s = t->store;
	char copy[220];
	sqlite3 *conn, *old;
	assert_ok(db_connect(&conn, s->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_ok(migrate_run(s->data_path, conn, list, MORE, s->ring, EI));
	assert_int_equal(ask(conn, "PRAGMA user_version"), MORE);
	assert_int_equal(ask(conn, "SELECT count(*) FROM migration"), MORE);
	assert_int_equal(ask(conn, "SELECT count(*) FROM extra"), 0);
	snprintf(copy, sizeof copy, "%s.pre-%04d", s->data_path, MORE);
	assert_ok(db_connect(&old, copy, SQLITE_OPEN_READONLY, EI));
	assert_int_equal(ask(old, "PRAGMA user_version"), ALL);
	assert_int_equal(ask(old, "PRAGMA application_id"), DB_APPLICATION_ID);
	sqlite3_close(old);
	/* Nothing to do the second time. */
	unlink(copy);
	assert_ok(migrate_run(s->data_path, conn, list, MORE, s->ring, EI));
	assert_false(file_exists(copy));
	sqlite3_close(conn);
}

static void test_failed_step_keeps_nothing(void **state)
{
	struct site *t = *state;
	struct store *s = t->store;
	sqlite3 *conn;
	assert_ok(db_connect(&conn, s->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_int_not_equal(migrate_run(s->data_path, conn, list, BROKEN, s->ring, EI), OK);
	assert_non_null(strstr(EI->text, broken_name));
	assert_int_equal(ask(conn, "PRAGMA user_version"), MORE);
	assert_int_equal(ask(conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra2'"), 0);
	/* The next try works again, its old copy gives way. */
	assert_int_not_equal(migrate_run(s->data_path, conn, list, BROKEN, s->ring, EI), OK);
	assert_non_null(strstr(EI->text, "nowhere"));
	sqlite3_close(conn);
}

static void test_newer_schema_is_refused(void **state)
{
	struct site *t = *state;
	sqlite3 *conn;
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_ok(db_exec(conn, "PRAGMA user_version=99", EI));
	sqlite3_close(conn);
	site_close(t);
	assert_int_equal(site_open(t, false), E_CONFLICT);
	assert_non_null(strstr(EI->text, "newer program"));
}

static void test_changed_migration_is_refused(void **state)
{
	struct site *t = *state;
	struct store *s = t->store;
	sqlite3 *conn;
	list[0].size--; /* another text under the same number */
	assert_ok(db_connect(&conn, s->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_int_equal(migrate_run(s->data_path, conn, list, ALL, s->ring, EI), E_CONFLICT);
	assert_non_null(strstr(EI->text, "0001_init.sql"));
	list[0].size++;
	assert_ok(db_exec(conn, "PRAGMA user_version=0; PRAGMA application_id=7", EI));
	assert_int_equal(migrate_run(s->data_path, conn, list, ALL, s->ring, EI), E_DENIED);
	sqlite3_close(conn);
}

/* Data of the first schema: a copy is made, the rows stay. */
static void test_first_schema_comes_up(void **state)
{
	struct site *t = *state;
	char path[200], copy[220];
	sqlite3 *conn;
	site_file(t, "old.db", path);
	assert_ok(db_connect(&conn, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, EI));
	assert_ok(migrate_run(path, conn, migrations_all, 1, t->store->ring, EI));
	assert_ok(db_exec(conn, "INSERT INTO daily VALUES(20000, 'news', 2, 7)", EI));
	assert_ok(migrate_run(path, conn, migrations_all, ALL, t->store->ring, EI));
	assert_int_equal(ask(conn, "PRAGMA user_version"), ALL);
	assert_int_equal(ask(conn, "SELECT n FROM daily"), 7);
	assert_int_equal(ask(conn, "SELECT count(*) FROM hook") + ask(conn, "SELECT count(*) FROM contact"), 0);
	snprintf(copy, sizeof copy, "%s.pre-0002", path);
	assert_true(file_exists(copy));
	sqlite3_close(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_steps_with_copies, lists, site_teardown),
	    cmocka_unit_test_setup_teardown(test_failed_step_keeps_nothing, lists, site_teardown),
	    cmocka_unit_test_setup_teardown(test_newer_schema_is_refused, lists, site_teardown),
	    cmocka_unit_test_setup_teardown(test_changed_migration_is_refused, lists, site_teardown),
	    cmocka_unit_test_setup_teardown(test_first_schema_comes_up, lists, site_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
