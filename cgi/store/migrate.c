/* migrate: numbered schema changes, each in one transaction, never changed after release. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "migrations.h"
#include "store/db_priv.h"

#define MIGRATE_PATH_BYTES 1024

/* The order of the embedded files is that of their numbers. */
const struct migration migrations_all[] = {
	{"0001_init.sql", (const char *)migrations_0, sizeof migrations_0 - 1},
	{"0002_hook.sql", (const char *)migrations_1, sizeof migrations_1 - 1},
	{"0003_shown.sql", (const char *)migrations_2, sizeof migrations_2 - 1},
	{"0004_log.sql", (const char *)migrations_3, sizeof migrations_3 - 1},
	{"0005_journal.sql", (const char *)migrations_4, sizeof migrations_4 - 1},
	{"0006_rights.sql", (const char *)migrations_5, sizeof migrations_5 - 1},
	{"0007_left.sql", (const char *)migrations_6, sizeof migrations_6 - 1},
	{"0008_request_person.sql", (const char *)migrations_7, sizeof migrations_7 - 1},
	{"0009_dsar.sql", (const char *)migrations_8, sizeof migrations_8 - 1},
};
const int migrations_all_count = sizeof migrations_all / sizeof *migrations_all;
_Static_assert(MIGRATIONS_COUNT == sizeof migrations_all / sizeof *migrations_all,
    "a migration is not listed");

int store_schema_version(void)
{
	return migrations_all_count;
}

static enum err migrate_note(sqlite3 *conn, const struct migration *m, int n, struct errinfo *ei)
{
	unsigned char hash[STORE_HASH_BYTES];
	sqlite3_stmt *q = NULL;
	crypt_sha256(hash, m->sql, m->size);
	int rc = sqlite3_prepare_v2(conn, "INSERT INTO migration(n, name, sha256, at_ms) VALUES(?1, ?2, ?3, ?4)", -1,
	    &q, NULL);
	db_bind_i64(q, 1, n);
	db_bind_text(q, 2, slice_from(m->name));
	db_bind_blob(q, 3, hash, sizeof hash);
	db_bind_i64(q, 4, clock_now_ms());
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? OK : db_conn_error(conn, rc, m->name, ei);
}

static enum err migrate_fingerprint(sqlite3 *conn, const struct keyring *ring, struct errinfo *ei)
{
	unsigned char print[KEYRING_FINGERPRINT_BYTES];
	sqlite3_stmt *q = NULL;
	keyring_fingerprint(ring, print);
	int rc = sqlite3_prepare_v2(conn, "INSERT INTO meta(k, v) VALUES('keyring', ?1)", -1, &q, NULL);
	db_bind_blob(q, 1, print, sizeof print);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? OK : db_conn_error(conn, rc, "fingerprint of the keys", ei);
}

static enum err migrate_steps(sqlite3 *conn, const struct migration *m, int n, const struct keyring *ring,
    struct errinfo *ei)
{
	char pragma[64];
	enum err e = db_exec(conn, m->sql, ei);
	if (!e)
		e = migrate_note(conn, m, n, ei);
	if (!e && n == 1)
		e = migrate_fingerprint(conn, ring, ei);
	snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", n);
	if (!e)
		e = db_exec(conn, pragma, ei);
	snprintf(pragma, sizeof pragma, "PRAGMA application_id=%d", DB_APPLICATION_ID);
	if (!e && n == 1)
		e = db_exec(conn, pragma, ei);
	return e;
}

static enum err migrate_one(sqlite3 *conn, const struct migration *m, int n, const struct keyring *ring,
    struct errinfo *ei)
{
	enum err e = db_exec(conn, "BEGIN IMMEDIATE", ei);
	if (e)
		return e;
	e = migrate_steps(conn, m, n, ring, ei);
	if (!e)
		e = db_exec(conn, "COMMIT", ei);
	if (e) {
		sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL);
		err_wrap(ei, "migration %s (nothing of it was kept)", m->name);
	}
	return e;
}

/* A verified copy beside the database. A copy of an earlier, failed attempt gives way. */
static enum err migrate_copy(const char *path, sqlite3 *conn, int n, struct errinfo *ei)
{
	char copy[MIGRATE_PATH_BYTES];
	int len = snprintf(copy, sizeof copy, "%s.pre-%04d", path, n);
	if (len < 0 || (size_t)len >= sizeof copy)
		return err_set(ei, E_LIMIT, "%s: path too long", path);
	unlink(copy);
	enum err e = db_copy(conn, copy, ei);
	if (!e)
		log_event(LOG_INFO, "migration_copy", LOG_S("path", copy));
	return e;
}

/* What is in the database must be what this program would have put there. */
static enum err migrate_compare(const char *path, sqlite3 *conn, const struct migration *list, int version,
    struct errinfo *ei)
{
	sqlite3_stmt *q = NULL;
	enum err e = OK;
	int n = 0;
	int rc = sqlite3_prepare_v2(conn, "SELECT sha256 FROM migration ORDER BY n", -1, &q, NULL);
	if (rc != SQLITE_OK)
		return db_conn_error(conn, rc, "migrations", ei);
	while (!e && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		unsigned char want[STORE_HASH_BYTES], have[STORE_HASH_BYTES];
		if (n >= version)
			break;
		crypt_sha256(want, list[n].sql, list[n].size);
		if (!db_col_bytes(q, 0, have, sizeof have) || memcmp(want, have, sizeof want) != 0)
			e = err_set(ei, E_CONFLICT, "%s: migration %s was made by another build of this program. "
			    "Use that build, or restore a backup", path, list[n].name);
		n++;
	}
	sqlite3_finalize(q);
	if (!e && n != version)
		e = err_set(ei, E_CONFLICT, "%s: says schema %d but lists %d migrations; restore a backup", path,
		    version, n);
	return e;
}

static enum err migrate_state(const char *path, sqlite3 *conn, int count, int *version, struct errinfo *ei)
{
	int64_t v, app, tables;
	enum err e = db_exec_int(conn, "PRAGMA user_version", &v, ei);
	if (!e)
		e = db_exec_int(conn, "PRAGMA application_id", &app, ei);
	if (!e)
		e = db_exec_int(conn, "SELECT count(*) FROM sqlite_schema", &tables, ei);
	if (e)
		return e;
	if ((v != 0 || tables != 0) && app != DB_APPLICATION_ID)
		return err_set(ei, E_DENIED, "%s: is not a database of Jawort (application_id %lld)", path, (long long)app);
	if (v < 0 || v > count)
		return err_set(ei, E_CONFLICT, "%s: has schema %lld, this program knows %d. Install the newer program "
		    "again, "
		    "or restore the copy %s.pre-%04d", path, (long long)v, count, path, count + 1);
	*version = (int)v;
	return OK;
}

enum err migrate_run(const char *path, sqlite3 *conn, const struct migration *list, int count,
    const struct keyring *ring, struct errinfo *ei)
{
	int version = 0;
	enum err e = migrate_state(path, conn, count, &version, ei);
	if (!e && version > 0)
		e = migrate_compare(path, conn, list, version, ei);
	for (int n = version + 1; !e && n <= count; n++) {
		if (version > 0)
			e = migrate_copy(path, conn, n, ei);
		if (!e)
			e = migrate_one(conn, &list[n - 1], n, ring, ei);
		if (!e && version > 0)
			log_event(LOG_INFO, "migration_done", LOG_S("path", path), LOG_I("schema", n));
	}
	return e;
}
