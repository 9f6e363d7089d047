#include "store/intake.h"

#include <string.h>

#include "store/db_priv.h"

#define STMTS(X)                                                                                           \
	X(PUT, DB_WRITE, 0,                                                                                 \
	    "INSERT INTO intake(at_ms, channel, form, lang, consent_hash, sealed) VALUES(?1, ?2, ?3, ?4, ?5, ?6)") \
	X(NEXT, DB_READ, 7,                                                                                 \
	    "SELECT id, at_ms, channel, form, lang, consent_hash, sealed FROM intake"                       \
	    " WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1")                                              \
	X(DELETE, DB_WRITE, 0, "DELETE FROM intake WHERE id = ?1")                                          \
	X(LAST, DB_READ, 1, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'intake'), 0)")  \
	X(COUNT, DB_READ, 1, "SELECT count(*) FROM intake")
DB_STMTS(intake, INTAKE, STMTS)

#define INTAKE_CLASS_MIN_BYTES 512
#define INTAKE_LENGTH_BYTES 2
#define INTAKE_PLACE "intake:sealed"

/* The sealed part: length (2 bytes, big-endian) and bytes of each field in this order, then zeros. */
enum { PART_ADDRESS, PART_PAGE, PART_IP, PART_FIELDS, PART_PURPOSES, PART_SOURCE, PART__MAX };

static void intake_parts(const struct intake *in, struct slice parts[PART__MAX])
{
	parts[PART_ADDRESS] = in->address;
	parts[PART_PAGE] = in->page;
	parts[PART_IP] = in->ip;
	parts[PART_FIELDS] = in->fields;
	parts[PART_PURPOSES] = in->purposes;
	parts[PART_SOURCE] = in->source;
}

/* Appends the padded plaintext; false: too large. */
static bool intake_pack(struct buf *out, const struct intake *in)
{
	static const char zeros[INTAKE_CLASS_MIN_BYTES];
	struct slice parts[PART__MAX];
	size_t size = 0, class_bytes = INTAKE_CLASS_MIN_BYTES;
	intake_parts(in, parts);
	for (int i = 0; i < PART__MAX; i++) {
		if (parts[i].len > INTAKE_PLAIN_MAX_BYTES)
			return false;
		size += INTAKE_LENGTH_BYTES + parts[i].len;
	}
	while (class_bytes < size)
		class_bytes *= 2;
	if (class_bytes > INTAKE_PLAIN_MAX_BYTES)
		return false;
	for (int i = 0; i < PART__MAX; i++) {
		unsigned char len[INTAKE_LENGTH_BYTES] = {(unsigned char)(parts[i].len >> 8), (unsigned char)parts[i].len};
		buf_add(out, len, sizeof len);
		buf_add_slice(out, parts[i]);
	}
	while (size < class_bytes) {
		size_t n = class_bytes - size < sizeof zeros ? class_bytes - size : sizeof zeros;
		buf_add(out, zeros, n);
		size += n;
	}
	return buf_ok(out);
}

static bool intake_unpack(struct slice plain, struct arena *a, struct intake *in)
{
	struct slice *const to[PART__MAX] = {&in->address, &in->page, &in->ip, &in->fields, &in->purposes,
	    &in->source};
	size_t at = 0;
	for (int i = 0; i < PART__MAX; i++) {
		/* A row of a program that did not know sources, filled to its last byte. */
		if (i == PART_SOURCE && at == plain.len) {
			in->source = SLICE("");
			return true;
		}
		if (plain.len - at < INTAKE_LENGTH_BYTES)
			return false;
		size_t len = (size_t)(unsigned char)plain.ptr[at] << 8 | (unsigned char)plain.ptr[at + 1];
		at += INTAKE_LENGTH_BYTES;
		if (plain.len - at < len)
			return false;
		*to[i] = arena_dup(a, slice_sub(plain, at, len));
		at += len;
	}
	return true;
}

enum err intake_put(struct db *db, const struct intake *in, int64_t *id, struct errinfo *ei)
{
	struct buf *plain = &db->scratch[0], *sealed = &db->scratch[1];
	char ad[SEAL_AD_BYTES];
	buf_reset(plain);
	buf_reset(sealed);
	if (!intake_pack(plain, in))
		return err_set(ei, E_LIMIT, "a sign-up is over %d bytes", INTAKE_PLAIN_MAX_BYTES);
	crypt_seal(sealed, keyring_intake(db_keyring(db)), buf_slice(plain), seal_ad(ad, INTAKE_PLACE, in->at_ms));
	if (!buf_ok(sealed))
		return err_set(ei, E_NOMEM, "no memory for a sign-up");
	sqlite3_stmt *q = intake_stmt(db, PUT);
	db_bind_i64(q, 1, in->at_ms);
	db_bind_i64(q, 2, in->channel);
	db_bind_text(q, 3, in->form);
	db_bind_text(q, 4, in->lang);
	db_bind_blob(q, 5, in->consent_hash, sizeof in->consent_hash);
	db_bind_blob(q, 6, sealed->data, sealed->len);
	enum err e = db_run(db, q, ei);
	if (!e && id)
		*id = sqlite3_last_insert_rowid(db->conn);
	return e;
}

static void intake_fill(struct db *db, sqlite3_stmt *q, struct arena *a, struct intake_row *out)
{
	struct buf *plain = &db->scratch[0];
	char ad[SEAL_AD_BYTES];
	*out = (struct intake_row){0};
	out->id = sqlite3_column_int64(q, 0);
	out->in.at_ms = sqlite3_column_int64(q, 1);
	out->in.channel = (enum store_channel)sqlite3_column_int(q, 2);
	out->in.form = arena_dup(a, db_col(q, 3));
	out->in.lang = arena_dup(a, db_col(q, 4));
	db_col_bytes(q, 5, out->in.consent_hash, sizeof out->in.consent_hash);
	buf_reset(plain);
	enum err e = crypt_open(plain, keyring_intake(db_keyring(db)), db_col(q, 6),
	    seal_ad(ad, INTAKE_PLACE, out->in.at_ms));
	out->readable = !e && buf_ok(plain) && intake_unpack(buf_slice(plain), a, &out->in);
}

enum err intake_next(struct db *db, int64_t after_id, int64_t max_id, struct arena *a, struct intake_row *out,
    struct errinfo *ei)
{
	sqlite3_stmt *q = intake_stmt(db, NEXT);
	bool row;
	db_bind_i64(q, 1, after_id);
	db_bind_i64(q, 2, max_id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	/* Ends every loop over the intake: no text to be made. */
	if (!row)
		return E_NOT_FOUND;
	intake_fill(db, q, a, out);
	db_end(q);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "no memory for a sign-up");
}

enum err intake_delete(struct db *db, int64_t id, struct errinfo *ei)
{
	sqlite3_stmt *q = intake_stmt(db, DELETE);
	db_bind_i64(q, 1, id);
	return db_run(db, q, ei);
}

static enum err intake_number(struct db *db, int stmt, int64_t *n, struct errinfo *ei)
{
	sqlite3_stmt *q = intake_stmt(db, stmt);
	bool row;
	*n = 0;
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		*n = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

enum err intake_last_id(struct db *db, int64_t *id, struct errinfo *ei)
{
	return intake_number(db, LAST, id, ei);
}

enum err intake_count(struct db *db, int64_t *n, struct errinfo *ei)
{
	return intake_number(db, COUNT, n, ei);
}
