#include "store/due.h"

#include "store/db_priv.h"

#define STMTS(X)                                                                                         \
	X(IPS, DB_READ, 1, "SELECT count(*) FROM event WHERE ip_ct IS NOT NULL AND time_ms < ?1")         \
	X(MAILS, DB_READ, 1, "SELECT count(*) FROM outbox WHERE done_ms IS NOT NULL AND done_ms < ?1")    \
	X(BLOCKS, DB_READ, 1, "SELECT count(*) FROM suppression WHERE until_ms IS NOT NULL AND until_ms < ?1") \
	X(COUNTS, DB_READ, 1, "SELECT count(*) FROM daily WHERE day < ?1")                                \
	X(HOOKS, DB_READ, 1, "SELECT count(*) FROM hook WHERE body_ct IS NULL AND at_ms < ?1") \
	X(DSARS, DB_READ, 1, "SELECT count(*) FROM dsar WHERE state <> 0 AND settled_ms < ?1")
DB_STMTS(due, DUE, STMTS)

static const int statements[DUE__MAX] = {
	[DUE_IPS] = IPS, [DUE_MAILS] = MAILS, [DUE_BLOCKS] = BLOCKS, [DUE_COUNTS] = COUNTS, [DUE_HOOKS] = HOOKS,
	[DUE_DSAR] = DSARS,
};

enum err due_count(struct db *db, enum due_what what, int64_t before, int64_t *n, struct errinfo *ei)
{
	sqlite3_stmt *q = due_stmt(db, statements[what]);
	bool row;
	enum err e;

	*n = 0;
	db_bind_i64(q, 1, before);
	e = db_row(db, q, &row, ei);
	if (!e && row) {
		*n = sqlite3_column_int64(q, 0);
		db_end(q);
	}
	return e;
}

enum err due_columns(struct db *db, void (*cb)(const char *table, const char *column, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	sqlite3_stmt *q = NULL;
	enum err e = db_connect(&conn, db->store->data_path, SQLITE_OPEN_READONLY, ei);
	int rc;

	if (e)
		return e;
	rc = sqlite3_prepare_v2(conn, "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
	    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid", -1, &q, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		cb((const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1), arg);
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_DONE)
		e = db_conn_error(conn, rc, "columns", ei);
	sqlite3_finalize(q);
	sqlite3_close(conn);
	return e;
}
