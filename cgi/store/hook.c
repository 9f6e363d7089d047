#include "store/hook.h"

#include "store/db_priv.h"

#define STMTS(X)                                                                                          \
	X(PUT, DB_WRITE, 0,                                                                                \
	    "INSERT INTO hook(at_ms, provider, digest, body_ct) VALUES(?1, ?2, ?3, ?4)"                    \
	    " ON CONFLICT(digest) DO NOTHING")                                                             \
	X(NEXT, DB_READ, 4,                                                                                \
	    "SELECT id, at_ms, provider, body_ct FROM hook WHERE body_ct IS NOT NULL AND id > ?1 ORDER BY id LIMIT 1") \
	X(DONE, DB_WRITE, 0, "UPDATE hook SET body_ct = NULL WHERE id = ?1")                               \
	X(COUNT, DB_READ, 1, "SELECT count(*) FROM hook WHERE body_ct IS NOT NULL")                        \
	X(PURGE, DB_WRITE, 0, "DELETE FROM hook WHERE body_ct IS NULL AND at_ms < ?1")
DB_STMTS(hook, HOOK, STMTS)

#define HOOK_PLACE "hook:body_ct"
#define HOOK_DIGEST_USE "hook digest"

/* Keyed: a body with one event could be guessed from a bare hash. */
static void hook_digest(const struct db *db, struct slice provider, struct slice body,
    unsigned char out[STORE_HASH_BYTES])
{
	unsigned char inner[CRYPT_HASH_BYTES];
	const struct crypt_part parts[] = {{provider.ptr, provider.len}, {"", 1}, {body.ptr, body.len}};
	struct crypt_key key;
	crypt_sha256_parts(inner, parts, 3);
	crypt_key_derive(&key, keyring_intake(db_keyring(db)), HOOK_DIGEST_USE);
	crypt_keyed(out, STORE_HASH_BYTES, &key, inner, sizeof inner);
	crypt_wipe(&key, sizeof key);
}

enum err hook_put(struct db *db, struct slice provider, struct slice body, int64_t at_ms, bool *fresh,
    struct errinfo *ei)
{
	unsigned char digest[STORE_HASH_BYTES];
	char ad[SEAL_AD_BYTES];
	struct buf sealed;
	enum err e;
	if (body.len > HOOK_BODY_MAX_BYTES)
		return err_set(ei, E_LIMIT, "a hook body is over %u bytes", HOOK_BODY_MAX_BYTES);
	hook_digest(db, provider, body, digest);
	buf_init(&sealed, HOOK_BODY_MAX_BYTES + CRYPT_SEAL_OVERHEAD_BYTES);
	crypt_seal(&sealed, keyring_intake(db_keyring(db)), body, seal_ad(ad, HOOK_PLACE, at_ms));
	if (!buf_ok(&sealed)) {
		buf_free(&sealed);
		return err_set(ei, E_NOMEM, "no memory for a hook body");
	}
	sqlite3_stmt *q = hook_stmt(db, PUT);
	db_bind_i64(q, 1, at_ms);
	db_bind_text(q, 2, provider);
	db_bind_blob(q, 3, digest, sizeof digest);
	db_bind_blob(q, 4, sealed.data, sealed.len);
	e = db_run(db, q, ei);
	if (!e && db_changes(db) > 0)
		db->wakes = true; /* the worker works on it */
	if (!e && fresh)
		*fresh = db_changes(db) > 0;
	buf_free(&sealed);
	return e;
}

enum err hook_next(struct db *db, int64_t after_id, struct hook *out, struct buf *body, struct errinfo *ei)
{
	sqlite3_stmt *q = hook_stmt(db, NEXT);
	char ad[SEAL_AD_BYTES];
	bool row;
	db_bind_i64(q, 1, after_id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return E_NOT_FOUND;
	*out = (struct hook){.id = sqlite3_column_int64(q, 0), .at_ms = sqlite3_column_int64(q, 1)};
	slice_copy(db_col(q, 2), out->provider, sizeof out->provider);
	e = crypt_open(body, keyring_intake(db_keyring(db)), db_col(q, 3), seal_ad(ad, HOOK_PLACE, out->at_ms));
	db_end(q);
	out->readable = !e;
	return e == E_NOMEM ? err_set(ei, E_NOMEM, "no memory for a hook body") : OK;
}

enum err hook_done(struct db *db, int64_t id, struct errinfo *ei)
{
	sqlite3_stmt *q = hook_stmt(db, DONE);
	db_bind_i64(q, 1, id);
	return db_run(db, q, ei);
}

enum err hook_count(struct db *db, int64_t *n, struct errinfo *ei)
{
	sqlite3_stmt *q = hook_stmt(db, COUNT);
	bool row;
	*n = 0;
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		*n = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

enum err hook_purge(struct db *db, int64_t before_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = hook_stmt(db, PURGE);
	db_bind_i64(q, 1, before_ms);
	return db_run(db, q, ei);
}
