#include "store/request.h"

#include "store/db_priv.h"

#define COLUMNS                                                                                     \
	"id, person_id, form, lang, purposes, consent_hash, intake_ms, state, created_ms, expires_ms," \
	" settled_ms, mailed_ms, mails, generation, fields_ct IS NOT NULL"
#define STMTS(X)                                                                                             \
	X(INSERT, DB_WRITE, 0,                                                                                \
	    "INSERT INTO request(id, person_id, form, lang, purposes, consent_hash, intake_ms, state, created_ms," \
	    " expires_ms, fields_ct, page_ct, mailed_ms, mails)"                                              \
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10, ?11, ?12, ?12 IS NOT NULL)")                 \
	X(NEXT_ID, DB_READ, 1,                                                                                \
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'request'), 0) + 1")               \
	X(GET, DB_READ, 15, "SELECT " COLUMNS " FROM request WHERE id = ?1")                                  \
	X(SETTLE, DB_WRITE, 0, "UPDATE request SET state = ?2, settled_ms = ?3 WHERE id = ?1 AND state = 0")  \
	X(MAILED, DB_WRITE, 0, "UPDATE request SET mails = mails + 1, mailed_ms = ?2 WHERE id = ?1")          \
	X(RENEW, DB_WRITE, 0,                                                                                 \
	    "UPDATE request SET state = 0, settled_ms = NULL, expires_ms = ?2, generation = generation + 1"   \
	    " WHERE id = ?1 AND state IN (0, 3)")                                                             \
	X(PENDING, DB_READ, 15,                                                                               \
	    "SELECT " COLUMNS " FROM request WHERE person_id = ?1 AND state = 0 ORDER BY id")                 \
	X(EACH, DB_READ, 15, "SELECT " COLUMNS " FROM request WHERE person_id = ?1 ORDER BY id")              \
	X(LATEST, DB_READ, 15,                                                                                \
	    "SELECT " COLUMNS " FROM request WHERE person_id = ?1 AND form = ?2 ORDER BY id DESC LIMIT 1")    \
	X(FIELDS, DB_READ, 2, "SELECT person_id, fields_ct FROM request WHERE id = ?1")                       \
	X(PAGE, DB_READ, 2, "SELECT person_id, page_ct FROM request WHERE id = ?1")                           \
	X(EXPIRED, DB_READ, 15,                                                                               \
	    "SELECT " COLUMNS " FROM request WHERE state = 0 AND expires_ms > ?1 AND expires_ms < ?2 ORDER BY expires_ms"   \
	    " LIMIT ?3")
DB_STMTS(request, REQUEST, STMTS)

_Static_assert(REQUEST_PENDING == 0 && REQUEST_EXPIRED == 3, "numbers used in the statements above");

#define PLACE_FIELDS "request:fields_ct"
#define PLACE_PAGE "request:page_ct"

static const char *const request_states[REQUEST_STATE__MAX] = {
	[REQUEST_PENDING] = "pending",
	[REQUEST_CONFIRMED] = "confirmed",
	[REQUEST_DENIED] = "denied",
	[REQUEST_EXPIRED] = "expired",
	[REQUEST_CANCELLED] = "cancelled",
	[REQUEST_REPLACED] = "replaced",
};

const char *request_state_name(enum request_state s)
{
	return s < REQUEST_STATE__MAX ? request_states[s] : "?";
}

enum request_state request_state_from_name(struct slice name)
{
	int s = 0;
	while (s < REQUEST_STATE__MAX && !slice_eq_str(name, request_states[s]))
		s++;
	return (enum request_state)s;
}

/* The id is part of what is sealed, so it is known before the row is there. */
static enum err request_next_id(struct db *db, int64_t *id, struct errinfo *ei)
{
	sqlite3_stmt *q;
	bool row;
	enum err e = OK;
	if (!db->next_request_id) {
		q = request_stmt(db, NEXT_ID);
		e = db_row(db, q, &row, ei);
		db->next_request_id = !e && row ? sqlite3_column_int64(q, 0) : 0;
		db_end(q);
	}
	*id = db->next_request_id;
	return e;
}

static enum err request_seal(struct db *db, const struct request_new *n, int64_t id, struct errinfo *ei)
{
	struct buf *fields = &db->scratch[0], *page = &db->scratch[1];
	enum err e = OK;
	buf_reset(fields);
	buf_reset(page);
	if (n->fields.len)
		e = seal_put(db, n->person_id, PLACE_FIELDS, id, n->fields, fields, ei);
	if (!e && n->page.len)
		e = seal_put(db, n->person_id, PLACE_PAGE, id, n->page, page, ei);
	return e;
}

enum err request_insert(struct db *db, const struct request_new *n, int64_t *id, struct errinfo *ei)
{
	enum err e = request_next_id(db, id, ei);
	if (!e)
		e = request_seal(db, n, *id, ei);
	if (e)
		return e;
	sqlite3_stmt *q = request_stmt(db, INSERT);
	db_bind_i64(q, 1, *id);
	db_bind_i64(q, 2, n->person_id);
	db_bind_text(q, 3, n->form);
	db_bind_text(q, 4, n->lang);
	db_bind_text(q, 5, n->purposes);
	db_bind_blob(q, 6, n->consent_hash, sizeof n->consent_hash);
	db_bind_i64(q, 7, n->intake_ms);
	db_bind_i64(q, 8, n->created_ms);
	db_bind_i64(q, 9, n->expires_ms);
	if (n->fields.len)
		db_bind_blob(q, 10, db->scratch[0].data, db->scratch[0].len);
	if (n->page.len)
		db_bind_blob(q, 11, db->scratch[1].data, db->scratch[1].len);
	db_bind_id(q, 12, n->mailed_ms);
	e = db_run(db, q, ei);
	if (!e)
		db->next_request_id++;
	return e;
}

static void request_fill(sqlite3_stmt *q, struct request_row *r)
{
	r->id = sqlite3_column_int64(q, 0);
	r->person_id = sqlite3_column_int64(q, 1);
	r->form = db_col(q, 2);
	r->lang = db_col(q, 3);
	r->purposes = db_col(q, 4);
	db_col_bytes(q, 5, r->consent_hash, sizeof r->consent_hash);
	r->intake_ms = sqlite3_column_int64(q, 6);
	r->state = (enum request_state)sqlite3_column_int(q, 7);
	r->created_ms = sqlite3_column_int64(q, 8);
	r->expires_ms = sqlite3_column_int64(q, 9);
	r->settled_ms = sqlite3_column_int64(q, 10);
	r->mailed_ms = sqlite3_column_int64(q, 11);
	r->mails = sqlite3_column_int(q, 12);
	r->generation = sqlite3_column_int(q, 13);
	r->has_fields = sqlite3_column_int(q, 14);
}

static enum err request_one(struct db *db, sqlite3_stmt *q, struct arena *a, struct request_row *out,
    struct errinfo *ei)
{
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no such request");
	request_fill(q, out);
	out->form = arena_dup(a, out->form);
	out->lang = arena_dup(a, out->lang);
	out->purposes = arena_dup(a, out->purposes);
	db_end(q);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "no memory for a request");
}

enum err request_get(struct db *db, int64_t id, struct arena *a, struct request_row *out, struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, GET);
	db_bind_i64(q, 1, id);
	return request_one(db, q, a, out, ei);
}

enum err request_latest(struct db *db, int64_t person_id, struct slice form, struct arena *a,
    struct request_row *out, struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, LATEST);
	db_bind_i64(q, 1, person_id);
	db_bind_text(q, 2, form);
	return request_one(db, q, a, out, ei);
}

enum err request_settle(struct db *db, int64_t id, enum request_state state, int64_t now_ms,
    struct errinfo *ei)
{
	bug_if(state == REQUEST_PENDING || state >= REQUEST_STATE__MAX);
	sqlite3_stmt *q = request_stmt(db, SETTLE);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, state);
	db_bind_i64(q, 3, now_ms);
	return db_run_one(db, q, E_CONFLICT, "the request is not pending", ei);
}

enum err request_mailed(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, MAILED);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, now_ms);
	return db_run_one(db, q, E_NOT_FOUND, "no such request", ei);
}

enum err request_renew(struct db *db, int64_t id, int64_t expires_ms, int *generation, struct errinfo *ei)
{
	bool row;
	sqlite3_stmt *q = request_stmt(db, RENEW);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, expires_ms);
	enum err e = db_run_one(db, q, E_CONFLICT, "the request is settled", ei);
	if (e || !generation)
		return e;
	q = request_stmt(db, GET);
	db_bind_i64(q, 1, id);
	e = db_row(db, q, &row, ei);
	if (!e && row)
		*generation = sqlite3_column_int(q, 13);
	db_end(q);
	return e;
}

static enum err request_walk(struct db *db, sqlite3_stmt *q,
    bool (*cb)(const struct request_row *r, void *arg), void *arg, struct errinfo *ei)
{
	struct request_row r;
	bool row;
	enum err e;
	while (!(e = db_row(db, q, &row, ei)) && row) {
		request_fill(q, &r);
		if (!cb(&r, arg))
			break;
	}
	db_end(q);
	return e;
}

enum err request_pending(struct db *db, int64_t person_id, bool (*cb)(const struct request_row *r, void *arg),
    void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, PENDING);
	db_bind_i64(q, 1, person_id);
	return request_walk(db, q, cb, arg, ei);
}

enum err request_each(struct db *db, int64_t person_id, bool (*cb)(const struct request_row *r, void *arg),
    void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, EACH);
	db_bind_i64(q, 1, person_id);
	return request_walk(db, q, cb, arg, ei);
}

enum err request_expired_each(struct db *db, int64_t after_ms, int64_t before_ms, unsigned limit,
    bool (*cb)(const struct request_row *r, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, EXPIRED);
	db_bind_i64(q, 1, after_ms);
	db_bind_i64(q, 2, before_ms);
	db_bind_i64(q, 3, limit);
	return request_walk(db, q, cb, arg, ei);
}

static enum err request_open(struct db *db, int stmt, const char *place, int64_t id, struct buf *out,
    struct errinfo *ei)
{
	sqlite3_stmt *q = request_stmt(db, stmt);
	bool row;
	db_bind_i64(q, 1, id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no such request");
	if (sqlite3_column_type(q, 1) != SQLITE_NULL)
		e = seal_get(db, sqlite3_column_int64(q, 0), place, id, db_col(q, 1), out, ei);
	db_end(q);
	return e;
}

enum err request_fields(struct db *db, int64_t id, struct buf *out, struct errinfo *ei)
{
	return request_open(db, FIELDS, PLACE_FIELDS, id, out, ei);
}

enum err request_page(struct db *db, int64_t id, struct buf *out, struct errinfo *ei)
{
	return request_open(db, PAGE, PLACE_PAGE, id, out, ei);
}
