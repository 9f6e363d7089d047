#include "store/anchor.h"

#include "store/db_priv.h"

#define STMTS(X)                                                                                           \
	X(PUT, DB_WRITE, 0, "INSERT INTO anchor(size, kind, at_ms, source, data) VALUES(?1, ?2, ?3, ?4, ?5)") \
	X(LAST, DB_READ, 4,                                                                                 \
	    "SELECT size, at_ms, source, data FROM anchor WHERE kind = ?1 ORDER BY size DESC, id LIMIT 1")  \
	X(COVERING, DB_READ, 4,                                                                             \
	    "SELECT size, at_ms, source, data FROM anchor WHERE kind = ?1 AND size >= ?2 ORDER BY size, id LIMIT 1")
DB_STMTS(anchor, ANCHOR, STMTS)

static const char *const anchor_kinds[ANCHOR_KIND__MAX] = {[ANCHOR_MAIL] = "mail", [ANCHOR_STAMP] = "stamp"};

const char *anchor_kind_name(enum anchor_kind k)
{
	return k > 0 && k < ANCHOR_KIND__MAX ? anchor_kinds[k] : "?";
}

enum err anchor_put(struct db *db, const struct anchor *a, struct errinfo *ei)
{
	if (a->data.len > ANCHOR_DATA_MAX_BYTES)
		return err_set(ei, E_LIMIT, "a time stamp is over 64 KiB");
	sqlite3_stmt *q = anchor_stmt(db, PUT);
	db_bind_i64(q, 1, a->size);
	db_bind_i64(q, 2, a->kind);
	db_bind_i64(q, 3, a->at_ms);
	db_bind_text(q, 4, a->source);
	db_bind_blob(q, 5, a->data.len ? a->data.ptr : NULL, a->data.len);
	return db_run(db, q, ei);
}

static enum err anchor_one(struct db *db, sqlite3_stmt *q, enum anchor_kind k, struct anchor *out,
    struct buf *source, struct buf *data, struct errinfo *ei)
{
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no checkpoint with an anchor of kind %s", anchor_kind_name(k));
	*out = (struct anchor){.size = sqlite3_column_int64(q, 0), .kind = k, .at_ms = sqlite3_column_int64(q, 1)};
	if (source)
		buf_add_slice(source, db_col(q, 2));
	if (data)
		buf_add_slice(data, db_col(q, 3));
	db_end(q);
	if ((source && !buf_ok(source)) || (data && !buf_ok(data)))
		return err_set(ei, E_LIMIT, "an anchor is larger than the caller allows");
	return OK;
}

enum err anchor_last(struct db *db, enum anchor_kind k, struct anchor *out, struct buf *source, struct buf *data,
    struct errinfo *ei)
{
	sqlite3_stmt *q = anchor_stmt(db, LAST);
	db_bind_i64(q, 1, k);
	return anchor_one(db, q, k, out, source, data, ei);
}

enum err anchor_covering(struct db *db, enum anchor_kind k, int64_t size, struct anchor *out, struct buf *source,
    struct buf *data, struct errinfo *ei)
{
	sqlite3_stmt *q = anchor_stmt(db, COVERING);
	db_bind_i64(q, 1, k);
	db_bind_i64(q, 2, size);
	return anchor_one(db, q, k, out, source, data, ei);
}
