#include "store/text.h"

#include <string.h>

#include "base/clock.h"
#include "store/db_priv.h"

#define STMTS(X)                                                                                      \
	X(PUT, DB_WRITE, 0,                                                                            \
	    "INSERT INTO text(hash, kind, lang, format, created_ms, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6)" \
	    " ON CONFLICT(hash) DO NOTHING")                                                           \
	X(GET, DB_READ, 6, "SELECT hash, kind, lang, format, created_ms, body FROM text WHERE hash = ?1") \
	X(INFO, DB_READ, 5, "SELECT hash, kind, lang, format, created_ms FROM text WHERE hash = ?1")   \
	X(EACH, DB_READ, 6, "SELECT hash, kind, lang, format, created_ms, body FROM text")             \
	X(FIND, DB_READ, 5,                                                                            \
	    "SELECT hash, kind, lang, format, created_ms FROM text"                                    \
	    " WHERE hash >= ?1 AND hash <= ?2 AND kind = ?3 LIMIT 2")
DB_STMTS(text, TEXT, STMTS)

static const char *const text_kinds[TEXT_KIND__MAX] = {
	[TEXT_CONSENT] = "consent",
	[TEXT_FORM] = "form",
	[TEXT_MAIL] = "mail",
	[TEXT_NOTICE] = "notice",
	[TEXT_CONFIG] = "config",
	[TEXT_PAGE] = "page",
};

const char *text_kind_name(enum text_kind k)
{
	return k < TEXT_KIND__MAX ? text_kinds[k] : "?";
}

enum text_kind text_kind_from_name(struct slice name)
{
	int k = 0;
	while (k < TEXT_KIND__MAX && !slice_eq_str(name, text_kinds[k]))
		k++;
	return (enum text_kind)k;
}

enum err text_put(struct db *db, enum text_kind kind, const char *lang, int format, struct slice body,
    unsigned char hash[STORE_HASH_BYTES], struct errinfo *ei)
{
	bug_if(kind >= TEXT_KIND__MAX);
	if (body.len > TEXT_BODY_MAX_BYTES)
		return err_set(ei, E_LIMIT, "a %s text is over 1 MiB", text_kinds[kind]);
	crypt_sha256(hash, body.ptr, body.len);
	sqlite3_stmt *q = text_stmt(db, PUT);
	db_bind_blob(q, 1, hash, STORE_HASH_BYTES);
	db_bind_text(q, 2, slice_from(text_kinds[kind]));
	db_bind_text(q, 3, slice_from(lang));
	db_bind_i64(q, 4, format);
	db_bind_i64(q, 5, clock_now_ms());
	db_bind_blob(q, 6, body.len ? body.ptr : "", body.len);
	return db_run(db, q, ei);
}

static void text_info_fill(sqlite3_stmt *q, struct text_info *info)
{
	db_col_bytes(q, 0, info->hash, STORE_HASH_BYTES);
	info->kind = text_kind_from_name(db_col(q, 1));
	slice_copy(db_col(q, 2), info->lang, sizeof info->lang);
	info->format = sqlite3_column_int(q, 3);
	info->created_ms = sqlite3_column_int64(q, 4);
}

/* The row of GET: its body is handed out only if it still has its hash. */
static enum err text_body(sqlite3_stmt *q, struct buf *body, struct errinfo *ei)
{
	unsigned char real[STORE_HASH_BYTES], hash[STORE_HASH_BYTES];
	struct slice s = db_col(q, 5);
	crypt_sha256(real, s.ptr, s.len);
	if (!db_col_bytes(q, 0, hash, sizeof hash) || memcmp(real, hash, sizeof real) != 0)
		return err_set(ei, E_IO, "a stored text no longer has its hash: the database was altered or is damaged");
	buf_add_slice(body, s);
	return buf_ok(body) ? OK : err_set(ei, E_LIMIT, "a stored text is larger than the caller allows");
}

/* Nothing ever goes from the text store, so what was seen in this transaction is there. */
static bool text_known(const struct db *db, const unsigned char hash[STORE_HASH_BYTES])
{
	for (unsigned i = 0; i < db->texts_known; i++)
		if (memcmp(db->text_hash[i], hash, STORE_HASH_BYTES) == 0)
			return true;
	return false;
}

static void text_learn(struct db *db, const unsigned char hash[STORE_HASH_BYTES])
{
	if (text_known(db, hash))
		return;
	memcpy(db->text_hash[db->text_next], hash, STORE_HASH_BYTES);
	db->text_next = (db->text_next + 1) % DB_TEXTS_KNOWN;
	if (db->texts_known < DB_TEXTS_KNOWN)
		db->texts_known++;
}

enum err text_get(struct db *db, const unsigned char hash[STORE_HASH_BYTES], struct buf *body,
    struct text_info *info, struct errinfo *ei)
{
	if (!body && !info && text_known(db, hash))
		return OK;
	sqlite3_stmt *q = text_stmt(db, body ? GET : INFO);
	bool row;
	db_bind_blob(q, 1, hash, STORE_HASH_BYTES);
	enum err e = db_row(db, q, &row, ei);
	if (!e && !row)
		e = err_set(ei, E_NOT_FOUND, "no such text");
	if (e)
		return e;
	if (body)
		e = text_body(q, body, ei);
	if (!e && info)
		text_info_fill(q, info);
	db_end(q);
	if (!e)
		text_learn(db, hash);
	return e;
}

enum err text_find(struct db *db, enum text_kind kind, const void *prefix, size_t prefix_bytes,
    struct text_info *info, struct errinfo *ei)
{
	unsigned char low[STORE_HASH_BYTES] = {0}, high[STORE_HASH_BYTES];
	bool row;
	if (prefix_bytes < TEXT_PREFIX_MIN_BYTES || prefix_bytes > STORE_HASH_BYTES)
		return err_set(ei, E_INVALID, "a hash is given by its first 6 to 32 bytes");
	memset(high, 0xff, sizeof high);
	memcpy(low, prefix, prefix_bytes);
	memcpy(high, prefix, prefix_bytes);
	sqlite3_stmt *q = text_stmt(db, FIND);
	db_bind_blob(q, 1, low, sizeof low);
	db_bind_blob(q, 2, high, sizeof high);
	db_bind_text(q, 3, slice_from(text_kind_name(kind)));
	enum err e = db_row(db, q, &row, ei);
	if (!e && !row)
		e = err_set(ei, E_NOT_FOUND, "no such text");
	if (e)
		return e;
	text_info_fill(q, info);
	e = db_row(db, q, &row, ei);
	if (!e && row)
		e = err_set(ei, E_CONFLICT, "several texts begin with this hash");
	db_end(q);
	return e;
}

enum err text_each(struct db *db, bool (*cb)(const struct text_info *info, struct slice body, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = text_stmt(db, EACH);
	struct text_info info;
	bool row;
	enum err e;
	while (!(e = db_row(db, q, &row, ei)) && row) {
		text_info_fill(q, &info);
		if (!cb(&info, db_col(q, 5), arg))
			break;
	}
	db_end(q);
	return e;
}
