#include "store/meta.h"

#include "store/db_priv.h"

#define META_MAX_BYTES (64u * 1024u)

#define STMTS(X)                                                    \
	X(GET, DB_READ, 1, "SELECT v FROM meta WHERE k = ?1")        \
	X(PUT, DB_WRITE, 0,                                          \
	    "INSERT INTO meta(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v")
DB_STMTS(meta, META, STMTS)

enum err meta_get(struct db *db, const char *key, struct buf *out, struct errinfo *ei)
{
	sqlite3_stmt *q = meta_stmt(db, GET);
	bool row;
	db_bind_text(q, 1, slice_from(key));
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no value named %s", key);
	buf_add_slice(out, db_col(q, 0));
	db_end(q);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the value named %s is too large", key);
}

enum err meta_put(struct db *db, const char *key, struct slice value, struct errinfo *ei)
{
	if (value.len > META_MAX_BYTES)
		return err_set(ei, E_LIMIT, "the value named %s is over 64 KiB", key);
	sqlite3_stmt *q = meta_stmt(db, PUT);
	db_bind_text(q, 1, slice_from(key));
	db_bind_blob(q, 2, value.len ? value.ptr : "", value.len);
	return db_run(db, q, ei);
}
