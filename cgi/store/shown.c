#include "store/shown.h"

#include <string.h>

#include "store/db_priv.h"

#define STMTS(X)                                                                                       \
	X(PUT, DB_WRITE, 0,                                                                             \
	    "INSERT INTO shown(form, lang, consent_hash, page_hash, from_ms) VALUES(?1, ?2, ?3, ?4, ?5)") \
	X(NOW, DB_READ, 1,                                                                              \
	    "SELECT page_hash FROM shown WHERE form = ?1 AND lang = ?2 ORDER BY no DESC LIMIT 1")       \
	X(FIND, DB_READ, 1,                                                                             \
	    "SELECT page_hash FROM shown WHERE form = ?1 AND lang = ?2 AND consent_hash = ?3"           \
	    " ORDER BY from_ms > ?4, CASE WHEN from_ms > ?4 THEN no ELSE -no END LIMIT 1")           \
	X(EACH, DB_READ, 1, "SELECT DISTINCT page_hash FROM shown")
DB_STMTS(shown, SHOWN, STMTS)

static enum err shown_hash(struct db *db, sqlite3_stmt *q, unsigned char hash[STORE_HASH_BYTES], struct errinfo *ei)
{
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (row)
		db_col_bytes(q, 0, hash, STORE_HASH_BYTES);
	db_end(q);
	return row ? OK : err_set(ei, E_NOT_FOUND, "no such page of a form was noted");
}

enum err shown_put(struct db *db, const struct shown *s, struct errinfo *ei)
{
	unsigned char now[STORE_HASH_BYTES];
	sqlite3_stmt *q = shown_stmt(db, NOW);
	db_bind_text(q, 1, s->form);
	db_bind_text(q, 2, s->lang);
	enum err e = shown_hash(db, q, now, ei);
	if (!e && memcmp(now, s->page_hash, sizeof now) == 0)
		return OK;
	if (e && e != E_NOT_FOUND)
		return e;
	q = shown_stmt(db, PUT);
	db_bind_text(q, 1, s->form);
	db_bind_text(q, 2, s->lang);
	db_bind_blob(q, 3, s->consent_hash, STORE_HASH_BYTES);
	db_bind_blob(q, 4, s->page_hash, STORE_HASH_BYTES);
	db_bind_i64(q, 5, s->from_ms);
	return db_run(db, q, ei);
}

enum err shown_find(struct db *db, struct slice form, struct slice lang, const unsigned char consent_hash[STORE_HASH_BYTES],
    int64_t at_ms, unsigned char page_hash[STORE_HASH_BYTES], struct errinfo *ei)
{
	sqlite3_stmt *q = shown_stmt(db, FIND);
	db_bind_text(q, 1, form);
	db_bind_text(q, 2, lang);
	db_bind_blob(q, 3, consent_hash, STORE_HASH_BYTES);
	db_bind_i64(q, 4, at_ms);
	return shown_hash(db, q, page_hash, ei);
}

enum err shown_each(struct db *db, bool (*cb)(const unsigned char page_hash[STORE_HASH_BYTES], void *arg), void *arg,
    struct errinfo *ei)
{
	unsigned char hash[STORE_HASH_BYTES];
	sqlite3_stmt *q = shown_stmt(db, EACH);
	bool row;
	enum err e;

	while (!(e = db_row(db, q, &row, ei)) && row) {
		db_col_bytes(q, 0, hash, sizeof hash);
		if (!cb(hash, arg))
			break;
	}
	db_end(q);
	return e;
}
