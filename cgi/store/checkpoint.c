#include "store/checkpoint.h"

#include "store/db_priv.h"

#define STMTS(X)                                                                                           \
	X(PUT, DB_WRITE, 0, "INSERT INTO checkpoint(size, root, at_ms, note) VALUES(?1, ?2, ?3, ?4)")       \
	X(LAST, DB_READ, 4, "SELECT size, root, at_ms, note FROM checkpoint ORDER BY size DESC LIMIT 1")    \
	X(EACH, DB_READ, 4,                                                                                 \
	    "SELECT size, root, at_ms, note FROM checkpoint WHERE size > ?1 ORDER BY size")                 \
	X(COVERING, DB_READ, 4,                                                                             \
	    "SELECT size, root, at_ms, note FROM checkpoint WHERE size >= ?1 ORDER BY size LIMIT 1")
DB_STMTS(checkpoint, CHECKPOINT, STMTS)

enum err checkpoint_put(struct db *db, const struct checkpoint *c, struct slice note, struct errinfo *ei)
{
	sqlite3_stmt *q = checkpoint_stmt(db, PUT);
	db_bind_i64(q, 1, c->size);
	db_bind_blob(q, 2, c->root, sizeof c->root);
	db_bind_i64(q, 3, c->at_ms);
	db_bind_text(q, 4, note);
	return db_run(db, q, ei);
}

static enum err checkpoint_one(struct db *db, sqlite3_stmt *q, struct checkpoint *out, struct buf *note,
    struct errinfo *ei)
{
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no checkpoint of the log yet");
	out->size = sqlite3_column_int64(q, 0);
	db_col_bytes(q, 1, out->root, sizeof out->root);
	out->at_ms = sqlite3_column_int64(q, 2);
	if (note)
		buf_add_slice(note, db_col(q, 3));
	db_end(q);
	return !note || buf_ok(note) ? OK : err_set(ei, E_LIMIT, "a checkpoint is larger than the caller allows");
}

enum err checkpoint_last(struct db *db, struct checkpoint *out, struct buf *note, struct errinfo *ei)
{
	return checkpoint_one(db, checkpoint_stmt(db, LAST), out, note, ei);
}

enum err checkpoint_covering(struct db *db, int64_t size, struct checkpoint *out, struct buf *note,
    struct errinfo *ei)
{
	sqlite3_stmt *q = checkpoint_stmt(db, COVERING);
	db_bind_i64(q, 1, size);
	return checkpoint_one(db, q, out, note, ei);
}

enum err checkpoint_each(struct db *db, int64_t after_size,
    bool (*cb)(const struct checkpoint *c, struct slice note, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = checkpoint_stmt(db, EACH);
	struct checkpoint c;
	bool row;
	enum err e;
	db_bind_i64(q, 1, after_size);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		c.size = sqlite3_column_int64(q, 0);
		db_col_bytes(q, 1, c.root, sizeof c.root);
		c.at_ms = sqlite3_column_int64(q, 2);
		if (!cb(&c, db_col(q, 3), arg))
			break;
	}
	db_end(q);
	return e;
}
