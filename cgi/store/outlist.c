/* outlist: looking at the outbox; part of store/outbox.h. */
#include <string.h>

#include "store/outbox_row.h"

#define STMTS(X)                                                                                             \
	X(COUNTS, DB_READ, 2, "SELECT state, count(*) FROM outbox GROUP BY state")                            \
	X(GET, DB_READ, OUTBOX_COLUMN_COUNT, "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE id = ?1")           \
	X(EACH, DB_READ, OUTBOX_COLUMN_COUNT,                                                                 \
	    "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE id > ?1 AND (?2 < 0 OR state = ?2) ORDER BY id LIMIT ?3") \
	X(PERSON, DB_READ, OUTBOX_COLUMN_COUNT,                                                               \
	    "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE person_id = ?4 AND id > ?1 AND (?2 < 0 OR state = ?2)" \
	    " ORDER BY id LIMIT ?3")                                                                          \
	X(OPEN, DB_READ, OUTBOX_COLUMN_COUNT,                                                                 \
	    "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE done_ms IS NULL AND state = ?1 AND next_ms <= ?2"    \
	    " ORDER BY next_ms LIMIT ?3")                                                                     \
	X(PROVIDER, DB_READ, 2,                                                                               \
	    "SELECT id, person_id FROM outbox WHERE provider_id = ?2 AND provider = ?1 ORDER BY id DESC LIMIT 1")
DB_STMTS(outlist, OUTLIST, STMTS)

static const char *const outbox_states[OUTBOX_STATE__MAX] = {
	[OUTBOX_QUEUED] = "queued",
	[OUTBOX_SENDING] = "sending",
	[OUTBOX_ACCEPTED] = "accepted",
	[OUTBOX_FAILED] = "failed",
	[OUTBOX_UNKNOWN] = "unknown",
	[OUTBOX_HELD] = "held",
	[OUTBOX_DROPPED] = "dropped",
};

static const char *const outbox_kinds[OUTBOX_KIND__MAX] = {
	[OUTBOX_CONFIRM] = "confirm",
	[OUTBOX_ALREADY] = "already",
	[OUTBOX_GOODBYE] = "goodbye",
	[OUTBOX_LINK] = "link",
	[OUTBOX_NOTHING] = "nothing",
	[OUTBOX_NOTICE] = "notice",
	[OUTBOX_RIGHTS] = "rights",
	[OUTBOX_OWNER] = "owner",
	[OUTBOX_CHANGED] = "changed",
	[OUTBOX_MOVE] = "move",
	[OUTBOX_MOVED] = "moved",
	[OUTBOX_RESTRICTED] = "restricted",
	[OUTBOX_RELEASED] = "released",
	[OUTBOX_OBJECTED] = "objected",
	[OUTBOX_EXPORTED] = "exported",
	[OUTBOX_ERASED] = "erased",
};

const char *outbox_state_name(enum outbox_state s)
{
	return s < OUTBOX_STATE__MAX ? outbox_states[s] : "?";
}

enum outbox_state outbox_state_from_name(struct slice name)
{
	int s = 0;
	while (s < OUTBOX_STATE__MAX && !slice_eq_str(name, outbox_states[s]))
		s++;
	return (enum outbox_state)s;
}

const char *outbox_kind_name(enum outbox_kind k)
{
	return k > 0 && k < OUTBOX_KIND__MAX ? outbox_kinds[k] : "?";
}

enum outbox_kind outbox_kind_from_name(struct slice name)
{
	int k = 1;
	while (k < OUTBOX_KIND__MAX && !slice_eq_str(name, outbox_kinds[k]))
		k++;
	return (enum outbox_kind)k;
}

void outbox_fill(sqlite3_stmt *q, struct outbox_row *r)
{
	*r = (struct outbox_row){0};
	r->id = sqlite3_column_int64(q, 0);
	r->channel = (enum store_channel)sqlite3_column_int(q, 1);
	r->person_id = sqlite3_column_int64(q, 2);
	r->request_id = sqlite3_column_int64(q, 3);
	r->kind = (enum outbox_kind)sqlite3_column_int(q, 4);
	r->state = (enum outbox_state)sqlite3_column_int(q, 5);
	db_col_bytes(q, 6, r->mail_hash, sizeof r->mail_hash);
	r->attempt = sqlite3_column_int(q, 7);
	r->attempt_id = db_col(q, 8);
	r->started_ms = sqlite3_column_int64(q, 9);
	r->next_ms = sqlite3_column_int64(q, 10);
	r->provider = db_col(q, 11);
	r->provider_id = db_col(q, 12);
	r->result_class = sqlite3_column_int(q, 13);
	r->result_code = db_col(q, 14);
	r->result_text = db_col(q, 15);
	r->created_ms = sqlite3_column_int64(q, 16);
	r->done_ms = sqlite3_column_int64(q, 17);
}

enum err outbox_seal(struct db *db, int64_t person_id, int64_t id, struct slice slots, struct buf *out,
    struct errinfo *ei)
{
	char ad[SEAL_AD_BYTES];
	if (person_id)
		return seal_put(db, person_id, OUTBOX_PLACE, id, slots, out, ei);
	crypt_seal(out, keyring_intake(db_keyring(db)), slots, seal_ad(ad, OUTBOX_PLACE, id));
	return buf_ok(out) ? OK : err_set(ei, E_NOMEM, "no memory for a mail");
}

/* E_NOT_FOUND: it will never be readable again. */
static enum err outbox_open(struct db *db, const struct outbox_row *r, struct slice sealed, struct buf *slots,
    struct errinfo *ei)
{
	char ad[SEAL_AD_BYTES];
	if (r->person_id)
		return seal_get(db, r->person_id, OUTBOX_PLACE, r->id, sealed, slots, ei);
	if (crypt_open(slots, keyring_intake(db_keyring(db)), sealed, seal_ad(ad, OUTBOX_PLACE, r->id)) != OK)
		return E_NOT_FOUND;
	return buf_ok(slots) ? OK : err_set(ei, E_LIMIT, "a mail's slots are larger than the caller allows");
}

enum err outbox_slots(struct db *db, sqlite3_stmt *q, struct outbox_row *r, struct buf *slots,
    struct errinfo *ei)
{
	buf_reset(slots);
	r->readable = false;
	if (sqlite3_column_type(q, 18) == SQLITE_NULL)
		return OK;
	enum err e = outbox_open(db, r, db_col(q, 18), slots, ei);
	if (e == E_NOT_FOUND)
		return OK;
	r->readable = !e;
	r->slots = buf_slice(slots);
	return e;
}

enum err outbox_counts(struct db *db, int64_t counts[OUTBOX_STATE__MAX], struct errinfo *ei)
{
	sqlite3_stmt *q = outlist_stmt(db, COUNTS);
	bool row;
	enum err e;
	memset(counts, 0, sizeof(*counts) * OUTBOX_STATE__MAX);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		int64_t state = sqlite3_column_int64(q, 0);
		if (state >= 0 && state < OUTBOX_STATE__MAX)
			counts[state] = sqlite3_column_int64(q, 1);
	}
	return e;
}

enum err outbox_get(struct db *db, int64_t id, void (*cb)(const struct outbox_row *r, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = outlist_stmt(db, GET);
	struct outbox_row r;
	struct buf slots;
	bool row;
	db_bind_i64(q, 1, id);
	enum err e = db_row(db, q, &row, ei);
	if (!e && !row)
		e = err_set(ei, E_NOT_FOUND, "no mail with number %lld", (long long)id);
	if (e)
		return e;
	buf_init(&slots, OUTBOX_SLOTS_MAX_BYTES);
	outbox_fill(q, &r);
	e = outbox_slots(db, q, &r, &slots, ei);
	if (!e)
		cb(&r, arg);
	db_end(q);
	buf_free(&slots);
	return e;
}

enum err outbox_each(struct db *db, const struct outbox_filter *f,
    bool (*cb)(const struct outbox_row *r, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = outlist_stmt(db, f->person_id ? PERSON : EACH);
	struct outbox_row r;
	bool row;
	enum err e;
	db_bind_i64(q, 1, f->after_id);
	db_bind_i64(q, 2, f->state == OUTBOX_STATE__MAX ? -1 : (int64_t)f->state);
	db_bind_i64(q, 3, f->limit ? f->limit : 100);
	if (f->person_id)
		db_bind_i64(q, 4, f->person_id);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		outbox_fill(q, &r);
		if (!cb(&r, arg))
			break;
	}
	db_end(q);
	return e;
}

enum err outbox_open_each(struct db *db, enum outbox_state state, int64_t due_ms, unsigned limit,
    bool (*cb)(const struct outbox_row *r, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = outlist_stmt(db, OPEN);
	struct outbox_row r;
	bool row;
	enum err e;
	db_bind_i64(q, 1, state);
	db_bind_i64(q, 2, due_ms);
	db_bind_i64(q, 3, limit);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		outbox_fill(q, &r);
		if (!cb(&r, arg))
			break;
	}
	db_end(q);
	return e;
}

enum err outbox_find_provider(struct db *db, struct slice provider, struct slice provider_id, int64_t *id,
    int64_t *person_id, struct errinfo *ei)
{
	sqlite3_stmt *q = outlist_stmt(db, PROVIDER);
	bool row;
	db_bind_text(q, 1, provider);
	db_bind_text(q, 2, provider_id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no mail with this id of the provider");
	*id = sqlite3_column_int64(q, 0);
	*person_id = sqlite3_column_int64(q, 1);
	db_end(q);
	return OK;
}
