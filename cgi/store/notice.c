#include "store/notice.h"

#include <string.h>

#include "store/db_priv.h"

#define COLUMNS "no, lang, hash, config_hash, valid_from_ms"
#define STMTS(X)                                                                                     \
	X(PUT, DB_WRITE, 0,                                                                           \
	    "INSERT INTO notice(lang, hash, config_hash, valid_from_ms) VALUES(?1, ?2, ?3, ?4)")      \
	X(CURRENT, DB_READ, 5, "SELECT " COLUMNS " FROM notice WHERE lang = ?1 ORDER BY no DESC LIMIT 1") \
	X(FIND, DB_READ, 5,                                                                           \
	    "SELECT " COLUMNS " FROM notice WHERE hash >= ?1 AND hash <= ?2 ORDER BY no DESC LIMIT 1") \
	X(EACH, DB_READ, 5,                                                                           \
	    "SELECT " COLUMNS " FROM notice WHERE ?1 IS NULL OR lang = ?1 ORDER BY no DESC")
DB_STMTS(notice, NOTICE, STMTS)

static void notice_fill(sqlite3_stmt *q, struct notice_version *v)
{
	v->no = sqlite3_column_int64(q, 0);
	slice_copy(db_col(q, 1), v->lang, sizeof v->lang);
	db_col_bytes(q, 2, v->hash, sizeof v->hash);
	db_col_bytes(q, 3, v->config_hash, sizeof v->config_hash);
	v->valid_from_ms = sqlite3_column_int64(q, 4);
}

static enum err notice_one(struct db *db, sqlite3_stmt *q, struct notice_version *out, struct errinfo *ei)
{
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no such version of the notice");
	notice_fill(q, out);
	db_end(q);
	return OK;
}

enum err notice_current(struct db *db, const char *lang, struct notice_version *out, struct errinfo *ei)
{
	if (db->writer && db->notice_now.no && strcmp(db->notice_now.lang, lang) == 0) {
		*out = db->notice_now;
		return OK;
	}
	sqlite3_stmt *q = notice_stmt(db, CURRENT);
	db_bind_text(q, 1, slice_from(lang));
	enum err e = notice_one(db, q, out, ei);
	if (!e && db->writer)
		db->notice_now = *out;
	return e;
}

enum err notice_put(struct db *db, const char *lang, const unsigned char hash[STORE_HASH_BYTES],
    const unsigned char config_hash[STORE_HASH_BYTES], int64_t now_ms, int64_t *no, struct errinfo *ei)
{
	struct notice_version now;
	enum err e = notice_current(db, lang, &now, ei);
	if (!e && memcmp(now.hash, hash, STORE_HASH_BYTES) == 0) {
		*no = now.no;
		return OK;
	}
	if (e && e != E_NOT_FOUND)
		return e;
	db->notice_now.no = 0;
	sqlite3_stmt *q = notice_stmt(db, PUT);
	db_bind_text(q, 1, slice_from(lang));
	db_bind_blob(q, 2, hash, STORE_HASH_BYTES);
	db_bind_blob(q, 3, config_hash, STORE_HASH_BYTES);
	db_bind_i64(q, 4, now_ms);
	e = db_run(db, q, ei);
	if (!e)
		*no = sqlite3_last_insert_rowid(db->conn);
	return e;
}

enum err notice_find(struct db *db, const void *prefix, size_t prefix_bytes, struct notice_version *out,
    struct errinfo *ei)
{
	unsigned char low[STORE_HASH_BYTES] = {0}, high[STORE_HASH_BYTES];
	if (prefix_bytes < 6 || prefix_bytes > STORE_HASH_BYTES)
		return err_set(ei, E_INVALID, "a hash is given by its first 6 to 32 bytes");
	memset(high, 0xff, sizeof high);
	memcpy(low, prefix, prefix_bytes);
	memcpy(high, prefix, prefix_bytes);
	sqlite3_stmt *q = notice_stmt(db, FIND);
	db_bind_blob(q, 1, low, sizeof low);
	db_bind_blob(q, 2, high, sizeof high);
	return notice_one(db, q, out, ei);
}

enum err notice_each(struct db *db, const char *lang, bool (*cb)(const struct notice_version *v, void *arg),
    void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = notice_stmt(db, EACH);
	struct notice_version v;
	bool row;
	enum err e;
	db_bind_text_null(q, 1, slice_from(lang));
	while (!(e = db_row(db, q, &row, ei)) && row) {
		notice_fill(q, &v);
		if (!cb(&v, arg))
			break;
	}
	db_end(q);
	return e;
}
