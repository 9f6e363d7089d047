#include "store/dsar.h"

#include "store/db_priv.h"

#define COLUMNS "id, person_id, asks, state, way, received_day, due_day, extended_day, settled_ms"
#define STMTS(X)                                                                                            \
	X(ADD, DB_WRITE, 0,                                                                                  \
	    "INSERT INTO dsar(person_id, asks, state, way, received_day, due_day, settled_ms)"               \
	    " VALUES(nullif(?1, 0), ?2, ?3, ?4, ?5, ?6, nullif(?7, 0))")                                     \
	X(ADDRESS, DB_WRITE, 0, "UPDATE dsar SET address_ct = ?2 WHERE id = ?1")                             \
	X(NOTE, DB_WRITE, 0, "UPDATE dsar SET note_ct = ?2 WHERE id = ?1")                                   \
	X(GET, DB_READ, 11, "SELECT " COLUMNS ", address_ct, note_ct FROM dsar WHERE id = ?1")               \
	X(WAITING, DB_READ, 9, "SELECT " COLUMNS " FROM dsar WHERE state = 0 ORDER BY due_day, id LIMIT ?1") \
	X(SETTLED, DB_READ, 9,                                                                               \
	    "SELECT " COLUMNS " FROM dsar WHERE state <> 0 AND settled_ms > 0 ORDER BY settled_ms DESC, id DESC LIMIT ?1")       \
	X(SETTLE, DB_WRITE, 0,                                                                               \
	    "UPDATE dsar SET state = ?2, settled_ms = ?3, address_ct = NULL WHERE id = ?1 AND state = 0")    \
	X(SETTLE_PERSON, DB_WRITE, 0,                                                                        \
	    "UPDATE dsar SET state = 1, settled_ms = ?3, address_ct = NULL"                                  \
	    " WHERE person_id = ?1 AND asks = ?2 AND state = 0")                                             \
	X(EXTEND, DB_WRITE, 0,                                                                               \
	    "UPDATE dsar SET due_day = ?2, extended_day = ?3 WHERE id = ?1 AND state = 0 AND extended_day IS NULL") \
	X(FORGET, DB_WRITE, 0, "UPDATE dsar SET address_ct = NULL, note_ct = NULL WHERE person_id = ?1")     \
	X(PURGE, DB_WRITE, 0, "DELETE FROM dsar WHERE state <> 0 AND settled_ms < ?1")                       \
	X(COUNT, DB_READ, 3,                                                                                 \
	    "SELECT count(*), count(*) FILTER (WHERE due_day < ?1), coalesce(min(due_day), 0) FROM dsar WHERE state = 0")
DB_STMTS(dsar, DSAR, STMTS)

_Static_assert(DSAR_OPEN == 0 && DSAR_ANSWERED == 1, "numbers used in the statements above");

#define PLACE_ADDRESS "dsar:address_ct"
#define PLACE_NOTE "dsar:note_ct"

static const char *const rights[DSAR_RIGHT__MAX] = {
	[DSAR_ACCESS] = "access", [DSAR_RECTIFY] = "rectify", [DSAR_ERASE] = "erase", [DSAR_RESTRICT] = "restrict",
	[DSAR_OBJECT] = "object", [DSAR_WITHDRAW] = "withdraw", [DSAR_OTHER] = "other",
};
static const char *const states[DSAR_STATE__MAX] = {"open", "answered", "refused"};

const char *dsar_right_name(enum dsar_right r)
{
	return r > 0 && r < DSAR_RIGHT__MAX ? rights[r] : "?";
}

enum dsar_right dsar_right_from_name(struct slice name)
{
	int r = 1;
	while (r < DSAR_RIGHT__MAX && !slice_eq_str(name, rights[r]))
		r++;
	return (enum dsar_right)r;
}

const char *dsar_state_name(enum dsar_state s)
{
	return s < DSAR_STATE__MAX ? states[s] : "?";
}

/* Under the person's key where there is a person, so that it goes with that key. */
static enum err dsar_seal(struct db *db, int64_t person_id, const char *place, int64_t id, struct slice plain, int stmt,
    struct errinfo *ei)
{
	struct buf *sealed = &db->scratch[0];
	char ad[SEAL_AD_BYTES];
	enum err e = OK;
	buf_reset(sealed);
	if (person_id)
		e = seal_put(db, person_id, place, id, plain, sealed, ei);
	else
		crypt_seal(sealed, keyring_intake(db_keyring(db)), plain, seal_ad(ad, place, id));
	if (e == E_NOT_FOUND)
		return err_set(ei, E_CONFLICT, "this person was erased: nothing more is written down about them");
	if (e)
		return e;
	if (!buf_ok(sealed))
		return err_set(ei, E_NOMEM, "no memory for a request");
	sqlite3_stmt *q = dsar_stmt(db, stmt);
	db_bind_i64(q, 1, id);
	db_bind_blob(q, 2, sealed->data, sealed->len);
	return db_run(db, q, ei);
}

static enum err dsar_unseal(struct db *db, int64_t person_id, const char *place, int64_t id, struct slice sealed,
    struct buf *out, struct errinfo *ei)
{
	char ad[SEAL_AD_BYTES];
	if (!sealed.len || !out)
		return OK;
	if (person_id)
		return seal_get(db, person_id, place, id, sealed, out, ei);
	return crypt_open(out, keyring_intake(db_keyring(db)), sealed, seal_ad(ad, place, id));
}

enum err dsar_add(struct db *db, const struct dsar *n, struct slice address, int64_t *id, struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, ADD);
	db_bind_i64(q, 1, n->person_id);
	db_bind_i64(q, 2, n->right);
	db_bind_i64(q, 3, n->state);
	db_bind_text(q, 4, slice_from(n->way));
	db_bind_i64(q, 5, n->received_day);
	db_bind_i64(q, 6, n->due_day);
	db_bind_i64(q, 7, n->settled_ms);
	enum err e = db_run(db, q, ei);
	if (e)
		return e;
	*id = sqlite3_last_insert_rowid(db->conn);
	return address.len ? dsar_seal(db, n->person_id, PLACE_ADDRESS, *id, address, ADDRESS, ei) : OK;
}

static void dsar_fill(sqlite3_stmt *q, struct dsar *d)
{
	*d = (struct dsar){.id = sqlite3_column_int64(q, 0), .person_id = sqlite3_column_int64(q, 1),
	    .right = (enum dsar_right)sqlite3_column_int(q, 2), .state = (enum dsar_state)sqlite3_column_int(q, 3),
	    .received_day = sqlite3_column_int64(q, 5), .due_day = sqlite3_column_int64(q, 6),
	    .extended_day = sqlite3_column_int64(q, 7), .settled_ms = sqlite3_column_int64(q, 8)};
	slice_copy(db_col(q, 4), d->way, sizeof d->way);
}

enum err dsar_get(struct db *db, int64_t id, struct dsar *out, struct buf *address, struct buf *note, struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, GET);
	bool row;
	db_bind_i64(q, 1, id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "there is no request %lld", (long long)id);
	dsar_fill(q, out);
	e = dsar_unseal(db, out->person_id, PLACE_ADDRESS, id, db_col(q, 9), address, ei);
	if (!e)
		e = dsar_unseal(db, out->person_id, PLACE_NOTE, id, db_col(q, 10), note, ei);
	db_end(q);
	return e;
}

static enum err dsar_walk(struct db *db, int stmt, unsigned *limit, bool (*cb)(const struct dsar *d, void *arg),
    void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, stmt);
	struct dsar d;
	bool row, more = true;
	enum err e;
	db_bind_i64(q, 1, *limit);
	while ((e = db_row(db, q, &row, ei)) == OK && row && more) {
		dsar_fill(q, &d);
		--*limit;
		more = cb(&d, arg);
	}
	if (!e && row)
		db_end(q);
	if (!more)
		*limit = 0;
	return e;
}

enum err dsar_each(struct db *db, unsigned limit, bool (*cb)(const struct dsar *d, void *arg), void *arg,
    struct errinfo *ei)
{
	enum err e = dsar_walk(db, WAITING, &limit, cb, arg, ei);
	return e || !limit ? e : dsar_walk(db, SETTLED, &limit, cb, arg, ei);
}

static enum err dsar_open_one(struct db *db, int64_t id, struct dsar *d, struct errinfo *ei)
{
	enum err e = dsar_get(db, id, d, NULL, NULL, ei);
	if (!e && d->state != DSAR_OPEN)
		return err_set(ei, E_CONFLICT, "request %lld is %s already", (long long)id, dsar_state_name(d->state));
	return e;
}

enum err dsar_settle(struct db *db, int64_t id, enum dsar_state to, struct slice note, int64_t now_ms,
    struct errinfo *ei)
{
	struct dsar d;
	enum err e = dsar_open_one(db, id, &d, ei);
	if (!e && note.len)
		e = dsar_seal(db, d.person_id, PLACE_NOTE, id, note, NOTE, ei);
	if (e)
		return e;
	sqlite3_stmt *q = dsar_stmt(db, SETTLE);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, to);
	db_bind_i64(q, 3, now_ms);
	return db_run(db, q, ei);
}

enum err dsar_settle_person(struct db *db, int64_t person_id, enum dsar_right right, int64_t now_ms, int64_t *settled,
    struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, SETTLE_PERSON);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, right);
	db_bind_i64(q, 3, now_ms);
	enum err e = db_run(db, q, ei);
	*settled = e ? 0 : db_changes(db);
	return e;
}

enum err dsar_extend(struct db *db, int64_t id, int64_t due_day, int64_t today, struct slice note, struct errinfo *ei)
{
	struct dsar d;
	enum err e = dsar_open_one(db, id, &d, ei);
	if (!e && d.extended_day)
		return err_set(ei, E_CONFLICT, "request %lld was extended before", (long long)id);
	if (!e)
		e = dsar_seal(db, d.person_id, PLACE_NOTE, id, note, NOTE, ei);
	if (e)
		return e;
	sqlite3_stmt *q = dsar_stmt(db, EXTEND);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, due_day);
	db_bind_i64(q, 3, today);
	return db_run(db, q, ei);
}

enum err dsar_forget(struct db *db, int64_t person_id, struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, FORGET);
	db_bind_i64(q, 1, person_id);
	return db_run(db, q, ei);
}

enum err dsar_purge(struct db *db, int64_t before_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, PURGE);
	db_bind_i64(q, 1, before_ms);
	return db_run(db, q, ei);
}

enum err dsar_counts(struct db *db, int64_t today, struct dsar_counts *out, struct errinfo *ei)
{
	sqlite3_stmt *q = dsar_stmt(db, COUNT);
	bool row;
	db_bind_i64(q, 1, today);
	enum err e = db_row(db, q, &row, ei);
	*out = (struct dsar_counts){.open = 0};
	if (e || !row)
		return e;
	*out = (struct dsar_counts){.open = sqlite3_column_int64(q, 0), .overdue = sqlite3_column_int64(q, 1),
	    .next_due_day = sqlite3_column_int64(q, 2)};
	db_end(q);
	return OK;
}
