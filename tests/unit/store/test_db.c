#include "store_test.h"

#include <sys/wait.h>

#include "base/clock.h"
#include "store/db_priv.h"
#include "store/event.h"
#include "store/intake.h"
#include "store/meta.h"
#include "store/person.h"
#include "store/text.h"

static void test_every_statement_prepares(void **state)
{
	struct site *t = *state;
	struct db *reader, *writer;
	assert_ok(store_read(t->store, &reader, EI));
	assert_ok(store_write_begin(t->store, &writer, EI));
	for (int table = 0; table < DB_T__MAX; table++) {
		assert_true(db_stmt_count((enum db_table)table) > 0);
		for (int id = 0; id < db_stmt_count((enum db_table)table); id++) {
			const struct db_stmt_def *d = db_stmt_def((enum db_table)table, id);
			sqlite3_stmt *q = writer->stmts[table][id];
			assert_non_null(q);
			if (sqlite3_column_count(q) != d->columns)
				fail_msg("%s: %d columns, declared %d", d->sql, sqlite3_column_count(q), d->columns);
			/* BEGIN IMMEDIATE counts as a reader for SQLite. */
			if (d->kind == DB_READ && !sqlite3_stmt_readonly(q))
				fail_msg("%s: writes, but is declared DB_READ", d->sql);
			if (d->kind != DB_READ && strncmp(d->sql, "BEGIN", 5) != 0 && sqlite3_stmt_readonly(q))
				fail_msg("%s: only reads, but is declared as a write", d->sql);
			assert_int_equal(reader->stmts[table][id] != NULL, d->kind == DB_READ);
		}
	}
	store_write_rollback(t->store);
	store_read_end(t->store, reader);
}

/* Statements that run at every sign-up or click must not read whole tables. */
static void test_no_scan_on_hot_paths(void **state)
{
	struct site *t = *state;
	static const char *const scans[] = {"GROUP BY", "count(*)", "FROM suppression ORDER BY",
	    "?1 IS NULL OR lang",
	    "until_ms < ?1", "hash >= ?1 AND hash <= ?2 ORDER BY no", "DELETE FROM suppression WHERE until_ms",
	    "FROM notice WHERE lang", "ORDER BY size DESC LIMIT 1", "FROM event ORDER BY seq DESC LIMIT", "SET journaled = 0 WHERE journaled = 1",
	    "created_ms, body FROM text", "SET state = 0, attempt = 0", "result_code IS NOT NULL ORDER BY state", "FROM person p CROSS JOIN event e", "SELECT DISTINCT page_hash"};
	sqlite3 *conn;
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READWRITE, EI));
	for (int table = 0; table < DB_T__MAX; table++) {
		for (int id = 0; id < db_stmt_count((enum db_table)table); id++) {
			const struct db_stmt_def *d = db_stmt_def((enum db_table)table, id);
			struct buf sql;
			sqlite3_stmt *q = NULL;
			bool allowed = strncmp(d->sql, "BEGIN", 5) == 0 || strchr(d->sql, ' ') == NULL;
			for (size_t i = 0; i < sizeof scans / sizeof *scans; i++)
				allowed |= strstr(d->sql, scans[i]) != NULL;
			if (allowed)
				continue;
			buf_init(&sql, 4096);
			buf_printf(&sql, "EXPLAIN QUERY PLAN %s", d->sql);
			assert_int_equal(sqlite3_prepare_v2(conn, sql.data, -1, &q, NULL), SQLITE_OK);
			while (sqlite3_step(q) == SQLITE_ROW) {
				const char *plan = (const char *)sqlite3_column_text(q, 3);
				/* sqlite_sequence has one row per table; indexes made for what is open are as small as that. */
				if (strncmp(plan, "SCAN", 4) == 0 && !strstr(plan, "sqlite_sequence") &&
				    !strstr(plan, "CONSTANT ROW") && !strstr(plan, "_open") && !strstr(d->sql, "max(seq)"))
					fail_msg("%s: %s", d->sql, plan);
			}
			sqlite3_finalize(q);
			buf_free(&sql);
		}
	}
	sqlite3_close(conn);
}

static void test_read_handle_cannot_write(void **state)
{
	struct site *t = *state;
	struct db *db;
	struct person_new n = {.channel = STORE_EMAIL, .address = SLICE("a@example.org"), .now_ms = NOW};
	struct intake in = {.form = SLICE("news")};
	unsigned char hash[32];
	int64_t id;
	assert_ok(store_read(t->store, &db, EI));
	assert_false(db_is_writer(db));
	assert_int_equal(text_put(db, TEXT_FORM, "de", 1, SLICE("x"), hash, EI), E_DENIED);
	assert_int_equal(person_insert(db, &n, &id, EI), E_DENIED);
	assert_int_equal(intake_put(db, &in, &id, EI), E_DENIED);
	assert_int_equal(meta_put(db, "x", SLICE("y"), EI), E_DENIED);
	/* Also without our table of statements: the handle itself refuses. */
	sqlite3_set_authorizer(db->conn, NULL, NULL);
	assert_int_equal(sqlite3_exec(db->conn, "INSERT INTO meta(k, v) VALUES('x', x'00')", NULL, NULL,
	    NULL) & 0xff,
	    SQLITE_READONLY);
	assert_int_equal(sqlite3_exec(db->conn, "PRAGMA query_only=OFF; DELETE FROM meta", NULL, NULL, NULL) & 0xff,
	    SQLITE_READONLY);
	store_read_end(t->store, db);
}

static int64_t one_event(struct site *t, int64_t *person)
{
	struct db *db;
	struct person_new n = {.channel = STORE_EMAIL, .address = SLICE("a@example.org"), .now_ms = NOW};
	struct event_new e = {.time_ms = NOW, .kind = EVENT_REQUESTED, .form = SLICE("news"),
	    .ip = SLICE("192.0.2.0")};
	unsigned char hash[32];
	int64_t seq;
	assert_ok(store_write_begin(t->store, &db, EI));
	assert_ok(text_put(db, TEXT_FORM, "de", 1, SLICE("words"), hash, EI));
	assert_ok(person_insert(db, &n, person, EI));
	e.person_id = *person;
	assert_ok(event_append(db, &e, &seq, EI));
	assert_ok(store_write_commit(t->store, EI));
	return seq;
}

static const char *const forbidden[] = {
	"UPDATE event SET form = 'other'",
	"UPDATE event SET commitment = zeroblob(32)",
	"UPDATE event SET c_ip = zeroblob(32)",
	"UPDATE event SET core_ct = x'00'",
	"UPDATE event SET time_ms = 1",
	"UPDATE event SET person_id = person_id, seq = seq + 1",
	"DELETE FROM event",
	"UPDATE text SET body = x'00'",
	"DELETE FROM text",
	"INSERT OR REPLACE INTO text SELECT hash, kind, lang, format, created_ms, x'00' FROM text",
};

static void test_triggers_refuse_changes(void **state)
{
	struct site *t = *state;
	sqlite3 *conn;
	int64_t person, n = 0;
	one_event(t, &person);
	assert_ok(db_connect(&conn, t->store->data_path, SQLITE_OPEN_READWRITE, EI));
	assert_ok(db_exec(conn, "PRAGMA recursive_triggers=ON", EI)); /* REPLACE then fires delete triggers */
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		int rc = sqlite3_exec(conn, forbidden[i], NULL, NULL, NULL);
		if ((rc & 0xff) != SQLITE_CONSTRAINT)
			fail_msg("%s: result %d", forbidden[i], rc);
	}
	/* Taking ciphertext away is what erasure does; bringing it back is not possible. */
	assert_int_equal(sqlite3_exec(conn, "UPDATE event SET ip_ct = NULL", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, "UPDATE event SET ip_ct = x'01'", NULL, NULL, NULL) & 0xff,
	    SQLITE_CONSTRAINT);
	assert_ok(db_exec_int(conn, "SELECT count(*) FROM event WHERE form = 'news'", &n, EI));
	assert_int_equal(n, 1);
	sqlite3_close(conn);
}

static void test_authorizer_refuses_changes(void **state)
{
	struct site *t = *state;
	struct db *db;
	static const struct {
		int line;
		const char *sql;
		bool erasing, allowed;
	} rows[] = {
		{__LINE__, "UPDATE event SET ip_ct = NULL", false, false},
		{__LINE__, "UPDATE event SET ip_ct = NULL", true, true},
		{__LINE__, "DELETE FROM event", false, false},
		{__LINE__, "DELETE FROM text", false, false},
		{__LINE__, "UPDATE text SET kind = 'mail'", false, false},
		{__LINE__, "DELETE FROM migration", false, false},
		{__LINE__, "DELETE FROM migration", true, false},
		{__LINE__, "UPDATE migration SET name = ''", true, false},
		{__LINE__, "UPDATE notice SET lang = ''", false, false},
		{__LINE__, "DELETE FROM checkpoint", false, false},
		{__LINE__, "DROP TABLE event", true, false},
		{__LINE__, "DROP TRIGGER event_update", true, false},
		{__LINE__, "ALTER TABLE event RENAME TO e", true, false},
		{__LINE__, "CREATE TABLE x(a)", true, false},
		{__LINE__, "ATTACH ':memory:' AS m", true, false},
		{__LINE__, "PRAGMA synchronous=OFF", true, false},
		{__LINE__, "PRAGMA writable_schema=ON", true, false},
		{__LINE__, "DELETE FROM intake", false, true},
	};
	assert_ok(store_write_begin(t->store, &db, EI));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		sqlite3_stmt *q = NULL;
		if (rows[i].erasing)
			store_erasure_begin(db);
		int rc = sqlite3_prepare_v2(db->conn, rows[i].sql, -1, &q, NULL);
		if (rows[i].erasing)
			store_erasure_end(db);
		sqlite3_finalize(q);
		if (rows[i].allowed ? rc != SQLITE_OK : rc != SQLITE_AUTH && (rc & 0xff) != SQLITE_ERROR)
			fail_msg("line %d: %s: result %d", rows[i].line, rows[i].sql, rc);
	}
	store_write_rollback(t->store);
}

static void test_pragmas_are_set(void **state)
{
	struct site *t = *state;
	struct db *db;
	const struct {
		const char *sql;
		int64_t want;
	} rows[] = {{"PRAGMA synchronous", 2}, {"PRAGMA secure_delete", 1}, {"PRAGMA foreign_keys", 1},
	    {"PRAGMA trusted_schema", 0}, {"PRAGMA cell_size_check", 1}, {"PRAGMA wal_autocheckpoint", 0},
	    {"PRAGMA application_id", DB_APPLICATION_ID}, {"PRAGMA user_version", migrations_all_count}, {"PRAGMA temp_store", 2}};
	assert_ok(store_write_begin(t->store, &db, EI));
	sqlite3_set_authorizer(db->conn, NULL, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t v = -1;
		assert_ok(db_exec_int(db->conn, rows[i].sql, &v, EI));
		if (v != rows[i].want)
			fail_msg("%s: %lld", rows[i].sql, (long long)v);
	}
	assert_int_equal(sqlite3_limit(db->conn, SQLITE_LIMIT_ATTACHED, -1), 0);
	store_write_rollback(t->store);
}

static void test_each_borrow_sees_the_newest(void **state)
{
	struct site *t = *state;
	struct db *r, *w;
	struct buf b;
	buf_init(&b, 100);
	assert_ok(store_read(t->store, &r, EI));
	assert_int_equal(meta_get(r, "x", &b, EI), E_NOT_FOUND);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(meta_put(w, "x", SLICE("1"), EI));
	assert_ok(store_write_commit(t->store, EI));
	assert_int_equal(meta_get(r, "x", &b, EI), E_NOT_FOUND); /* one view per borrow */
	store_read_end(t->store, r);
	assert_ok(store_read(t->store, &r, EI));
	assert_ok(meta_get(r, "x", &b, EI));
	assert_string_equal(b.data, "1");
	store_read_end(t->store, r);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(meta_put(w, "x", SLICE("2"), EI));
	store_write_rollback(t->store);
	assert_ok(store_read(t->store, &r, EI));
	buf_reset(&b);
	assert_ok(meta_get(r, "x", &b, EI));
	assert_string_equal(b.data, "1");
	store_read_end(t->store, r);
	buf_free(&b);
}

static void test_readers_are_bounded(void **state)
{
	struct site *t = *state;
	struct db *r[STORE_READERS_DEFAULT + 1];
	for (int i = 0; i < STORE_READERS_DEFAULT; i++)
		assert_ok(store_read(t->store, &r[i], EI));
	assert_int_equal(store_read(t->store, &r[STORE_READERS_DEFAULT], EI), E_BUSY);
	store_read_end(t->store, r[0]);
	assert_ok(store_read(t->store, &r[0], EI));
	for (int i = 0; i < STORE_READERS_DEFAULT; i++)
		store_read_end(t->store, r[i]);
}

static void test_broken_connection_is_replaced(void **state)
{
	struct site *t = *state;
	struct db *w, *r;
	struct buf b;
	buf_init(&b, 100);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(meta_put(w, "x", SLICE("lost"), EI));
	w->broken = true; /* what db_error() notes at SQLITE_IOERR */
	assert_ok(store_write_commit(t->store, EI)); /* the commit itself went through */
	assert_null(t->store->writer);
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(meta_put(w, "y", SLICE("kept"), EI));
	assert_int_equal(db_error(w, SQLITE_IOERR_FSYNC, "test", EI), E_IO);
	assert_non_null(strstr(EI->text, "1034")); /* the extended code */
	store_write_rollback(t->store);
	assert_null(t->store->writer);
	assert_ok(store_read(t->store, &r, EI));
	assert_int_equal(meta_get(r, "y", &b, EI), E_NOT_FOUND);
	assert_ok(meta_get(r, "x", &b, EI));
	store_read_end(t->store, r);
	buf_free(&b);
}

static void move(const struct site *t, const char *from, const char *to)
{
	char cmd[2][200];
	snprintf(cmd[0], 200, "%s%s%s", from[0] == '/' ? "" : t->dir, from[0] == '/' ? "" : "/", from);
	snprintf(cmd[1], 200, "%s%s%s", to[0] == '/' ? "" : t->dir, to[0] == '/' ? "" : "/", to);
	assert_int_equal(rename(cmd[0], cmd[1]), 0);
}

static void test_parts_missing_are_refused(void **state)
{
	struct site *t = *state;
	char other[120];
	static const char *const parts[] = {"data.db", "keys.db", "KEYS"};
	site_close(t);
	for (size_t i = 0; i < 3; i++) {
		const char *name = strcmp(parts[i], "KEYS") == 0 ? t->keys : parts[i];
		snprintf(other, sizeof other, "%s/away", t->root);
		move(t, name, other);
		for (int create = 0; create < 2; create++) {
			assert_int_equal(site_open(t, create), E_DENIED);
			assert_non_null(strstr(EI->text, name)); /* says which */
			assert_non_null(strstr(EI->text, "never made"));
		}
		assert_int_equal(file_exists(name), false);
		move(t, other, name);
	}
	assert_ok(site_open(t, false));
}

static void test_other_key_is_refused(void **state)
{
	struct site *t = *state;
	char other[120];
	struct keyring *k;
	site_close(t);
	snprintf(other, sizeof other, "%s/away", t->root);
	move(t, t->keys, other);
	assert_ok(keyring_create(&k, t->keys, EI));
	keyring_free(k);
	assert_int_equal(site_open(t, true), E_DENIED);
	assert_non_null(strstr(EI->text, "backup"));
	unlink(t->keys);
	move(t, other, t->keys);
	assert_ok(site_open(t, true));
}

/* `key rotate` beside an open site: what was handed out stays good, and what comes is taken from the new keys. */
static void test_rekey(void **state)
{
	struct site *t = *state;
	const struct keyring *before = store_keyring(t->store), *after;
	const struct crypt_key *sign = keyring_sign(before);
	struct keyring *other;
	char away[120];
	unsigned id;

	assert_ok(store_rekey(t->store, EI));
	assert_ptr_equal(store_keyring(t->store), before); /* nothing new */
	assert_ok(keyring_rotate_token(t->keys, EI));
	assert_ok(keyring_rotate_sign(t->keys, EI));
	assert_ptr_equal(store_keyring(t->store), before);
	assert_ok(store_rekey(t->store, EI));
	after = store_keyring(t->store);
	assert_ptr_not_equal(after, before);
	keyring_token_current(after, &id);
	assert_int_equal(id, 2);
	assert_memory_equal(keyring_sign_at(after, 0, NULL)->bytes, sign->bytes, sizeof(sign->bytes));
	assert_memory_not_equal(keyring_sign(after)->bytes, sign->bytes, sizeof(sign->bytes));
	/* the file of another site, or none: the ring stays */
	snprintf(away, sizeof(away), "%s.away", t->keys);
	assert_int_equal(rename(t->keys, away), 0);
	assert_int_equal(store_rekey(t->store, EI), E_NOT_FOUND);
	assert_ok(keyring_create(&other, t->keys, EI));
	assert_int_equal(store_rekey(t->store, EI), E_DENIED);
	assert_non_null(strstr(EI->text, "exchanged"));
	assert_ptr_equal(store_keyring(t->store), after);
	keyring_free(other);
}

static void test_nothing_there(void **state)
{
	struct site t;
	(void)state;
	site_folder(&t);
	assert_int_equal(site_open(&t, false), E_NOT_FOUND);
	assert_false(file_exists(t.keys));
	/* A creation that was cut short: the marker is there, and the key file already. */
	assert_ok(file_mkdir(t.dir, 0700, EI));
	char path[200];
	assert_ok(file_create(site_file(&t, "creating", path), SLICE("x"), 0600, EI));
	struct keyring *k;
	assert_ok(keyring_create(&k, t.keys, EI));
	keyring_free(k);
	assert_ok(site_open(&t, true));
	assert_false(file_exists(path));
	site_close(&t);
	/* Only the key file: refused, it may belong to lost data. */
	site_remove(t.dir);
	assert_int_equal(site_open(&t, true), E_DENIED);
	site_remove(t.root);
}

static void test_files_are_ours_alone(void **state)
{
	struct site *t = *state;
	static const char *const names[] = {"data.db", "data.db-wal", "keys.db", "keys.db-wal", "write.lock"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[200];
		struct stat st;
		assert_int_equal(stat(site_file(t, names[i], path), &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
}

static void test_backup_and_check(void **state)
{
	struct site *t = *state;
	char data[200], keys[200];
	sqlite3 *conn;
	int64_t person, n = 0;
	one_event(t, &person);
	snprintf(data, sizeof data, "%s/backup.db", t->root);
	snprintf(keys, sizeof keys, "%s/backup-keys.db", t->root);
	assert_ok(store_check(t->store, EI));
	assert_ok(store_backup_data(t->store, data, EI));
	assert_ok(store_backup_keys(t->store, keys, EI));
	assert_int_equal(store_backup_data(t->store, data, EI), E_CONFLICT);
	assert_ok(db_connect(&conn, data, SQLITE_OPEN_READONLY, EI));
	assert_ok(db_exec_int(conn, "SELECT count(*) FROM event", &n, EI));
	sqlite3_close(conn);
	assert_int_equal(n, 1);
}

static void test_damage_is_found_at_open(void **state)
{
	struct site *t = *state;
	char path[200], junk[4096];
	int64_t person;
	int fd;
	one_event(t, &person);
	site_close(t);
	memset(junk, 0xa5, sizeof junk);
	fd = open(site_file(t, "data.db", path), O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof junk, 3 * 4096), sizeof junk);
	close(fd);
	assert_int_equal(site_open(t, false), E_IO);
	assert_non_null(strstr(EI->text, "data.db"));
}

static void test_checkpoint(void **state)
{
	struct site *t = *state;
	struct db *w;
	struct stat st;
	char path[200], value[60000];
	memset(value, 'x', sizeof value);
	for (int i = 0; i < 100; i++) {
		char key[20];
		snprintf(key, sizeof key, "k%d", i);
		assert_ok(store_write_begin(t->store, &w, EI));
		assert_ok(meta_put(w, key, slice_make(value, sizeof value), EI));
		assert_ok(store_write_commit(t->store, EI));
	}
	assert_int_equal(stat(site_file(t, "data.db", path), &st), 0);
	assert_true(st.st_size < 1024 * 1024); /* the writer itself makes none */
	assert_ok(store_checkpoint(t->store, EI));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 4 * 1024 * 1024);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_every_statement_prepares), T(test_no_scan_on_hot_paths), T(test_read_handle_cannot_write),
	    T(test_triggers_refuse_changes), T(test_authorizer_refuses_changes), T(test_pragmas_are_set),
	    T(test_each_borrow_sees_the_newest), T(test_readers_are_bounded), T(test_broken_connection_is_replaced),
	    T(test_parts_missing_are_refused), T(test_other_key_is_refused), cmocka_unit_test(test_nothing_there),
	    T(test_files_are_ours_alone), T(test_backup_and_check), T(test_damage_is_found_at_open),
	    T(test_checkpoint), T(test_rekey),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
