/* db_stmt: prepared statements, binding, stepping, errors. */
#include <string.h>

#include "store/db_priv.h"

#define DB_TABLE_ROW(NOUN, noun) [DB_T_##NOUN] = {#noun, noun##_defs, &noun##_def_count},
static const struct {
	const char *noun;
	const struct db_stmt_def *defs;
	const int *count;
} db_tables[DB_T__MAX] = {DB_TABLES(DB_TABLE_ROW)};

int db_stmt_count(enum db_table t)
{
	return *db_tables[t].count;
}

const struct db_stmt_def *db_stmt_def(enum db_table t, int id)
{
	bug_if(id < 0 || id >= db_stmt_count(t));
	return &db_tables[t].defs[id];
}

/* What SQLite says, as a class: what the caller can do about it. */
static enum err db_class(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_BUSY;
	case SQLITE_NOMEM:
		return E_NOMEM;
	case SQLITE_CONSTRAINT:
		return E_CONFLICT;
	case SQLITE_READONLY:
	case SQLITE_AUTH:
	case SQLITE_PERM:
		return E_DENIED;
	case SQLITE_TOOBIG:
		return E_LIMIT;
	default: /* IOERR, FULL, CORRUPT, NOTADB, CANTOPEN, ... */
		return E_IO;
	}
}

enum err db_conn_error(sqlite3 *conn, int rc, const char *what, struct errinfo *ei)
{
	const char *path = conn ? sqlite3_db_filename(conn, "main") : NULL;
	int ext = conn ? sqlite3_extended_errcode(conn) : rc;
	if ((ext & 0xff) != (rc & 0xff))
		ext = rc;
	const char *hint = (rc & 0xff) == SQLITE_FULL ? ". Make room on the disk; nothing stored before is lost"
	    : "";
	return err_set(ei, db_class(rc), "%s: %.120s: %.100s (SQLite %d)%s", path && *path ? path : "database", what,
	    conn ? sqlite3_errmsg(conn) : sqlite3_errstr(rc), ext, hint);
}

enum err db_error(struct db *db, int rc, const char *what, struct errinfo *ei)
{
	int primary = rc & 0xff;
	if (primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CORRUPT ||
	    primary == SQLITE_NOTADB ||
	    primary == SQLITE_CANTOPEN)
		db->broken = true;
	return db_conn_error(db->conn, rc, what, ei);
}

static bool db_allowed(const struct db *db, const struct db_stmt_def *d)
{
	return d->kind == DB_READ || (db->writer && (d->kind == DB_WRITE || db->erasing));
}

static int db_prepare(struct db *db, enum db_table t, int id)
{
	const struct db_stmt_def *d = db_stmt_def(t, id);
	return sqlite3_prepare_v3(db->conn, d->sql, -1, SQLITE_PREPARE_PERSISTENT, &db->stmts[t][id], NULL);
}

enum err db_prepare_all(struct db *db, struct errinfo *ei)
{
	for (int t = 0; t < DB_T__MAX; t++) {
		for (int id = 0; id < db_stmt_count((enum db_table)t); id++) {
			const struct db_stmt_def *d = db_stmt_def((enum db_table)t, id);
			if (!db->writer && d->kind != DB_READ)
				continue;
			db->erasing = d->kind == DB_ERASE;
			int rc = db_prepare(db, (enum db_table)t, id);
			db->erasing = false;
			if (rc != SQLITE_OK)
				return db_error(db, rc, d->sql, ei);
			if (never(sqlite3_column_count(db->stmts[t][id]) != d->columns))
				return err_set(ei, E_IO, "statement %s.%s has other columns than declared",
				    db_tables[t].noun, d->name);
		}
	}
	return OK;
}

void db_finalize_all(struct db *db)
{
	for (int t = 0; t < DB_T__MAX; t++) {
		for (int id = 0; id < DB_STMTS_PER_TABLE; id++) {
			sqlite3_finalize(db->stmts[t][id]);
			db->stmts[t][id] = NULL;
		}
	}
}

sqlite3_stmt *db_stmt(struct db *db, enum db_table t, int id)
{
	const struct db_stmt_def *d = db_stmt_def(t, id);
	db->stmt_err = OK;
	if (!db_allowed(db, d)) {
		db->stmt_err = E_DENIED;
		return NULL;
	}
	if (!db->stmts[t][id]) {
		int rc = db_prepare(db, t, id);
		if (rc != SQLITE_OK) {
			db->stmt_err = db_class(rc);
			return NULL;
		}
	}
	/* A statement that is still running was left by somebody. */
	if (never(sqlite3_stmt_busy(db->stmts[t][id])))
		sqlite3_reset(db->stmts[t][id]);
	return db->stmts[t][id];
}

void db_bind_i64(sqlite3_stmt *q, int i, int64_t v)
{
	if (q)
		sqlite3_bind_int64(q, i, v);
}

void db_bind_id(sqlite3_stmt *q, int i, int64_t v)
{
	if (q && v)
		sqlite3_bind_int64(q, i, v);
}

void db_bind_text(sqlite3_stmt *q, int i, struct slice s)
{
	if (q)
		sqlite3_bind_text64(q, i, s.len ? s.ptr : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

void db_bind_text_null(sqlite3_stmt *q, int i, struct slice s)
{
	if (s.len)
		db_bind_text(q, i, s);
}

void db_bind_blob(sqlite3_stmt *q, int i, const void *p, size_t n)
{
	if (q && p)
		sqlite3_bind_blob64(q, i, n ? p : "", n, SQLITE_STATIC);
}

void db_end(sqlite3_stmt *q)
{
	if (!q)
		return;
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
}

static enum err db_no_stmt(struct db *db, struct errinfo *ei)
{
	if (db->stmt_err == E_DENIED)
		return err_set(ei, E_DENIED, "%s: this handle may not run that statement (read-only, or outside an "
		    "erasure)",
		    db->store->data_path);
	return err_set(ei, db->stmt_err ? db->stmt_err : E_IO, "%s: a statement cannot be prepared: %.120s",
	    db->store->data_path, sqlite3_errmsg(db->conn));
}

enum err db_run(struct db *db, sqlite3_stmt *q, struct errinfo *ei)
{
	enum err e = OK;
	if (!q)
		return db_no_stmt(db, ei);
	int rc = sqlite3_step(q);
	if (never(rc == SQLITE_ROW))
		rc = SQLITE_DONE;
	if (rc != SQLITE_DONE)
		e = db_error(db, rc, sqlite3_sql(q), ei);
	db_end(q);
	return e;
}

enum err db_row(struct db *db, sqlite3_stmt *q, bool *row, struct errinfo *ei)
{
	enum err e = OK;
	*row = false;
	if (!q)
		return db_no_stmt(db, ei);
	int rc = sqlite3_step(q);
	if (rc == SQLITE_ROW) {
		*row = true;
		return OK;
	}
	if (rc != SQLITE_DONE)
		e = db_error(db, rc, sqlite3_sql(q), ei);
	db_end(q);
	return e;
}

enum err db_run_one(struct db *db, sqlite3_stmt *q, enum err none, const char *what, struct errinfo *ei)
{
	enum err e = db_run(db, q, ei);
	if (!e && sqlite3_changes(db->conn) == 0)
		e = err_set(ei, none, "%s", what);
	return e;
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes(db->conn);
}

struct slice db_col(sqlite3_stmt *q, int i)
{
	/* SQLite: the pointer first, then the length. */
	const void *p = sqlite3_column_blob(q, i);
	return slice_make(p, p ? (size_t)sqlite3_column_bytes(q, i) : 0);
}

bool db_col_bytes(sqlite3_stmt *q, int i, void *dst, size_t n)
{
	struct slice s = db_col(q, i);
	if (s.len != n) {
		memset(dst, 0, n);
		return false;
	}
	memcpy(dst, s.ptr, n);
	return true;
}
