#include "store/outbox.h"

#include "store/outbox_row.h"

#define STMTS(X)                                                                                              \
	X(NEXT_ID, DB_READ, 1,                                                                                 \
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) + 1")                 \
	X(ADD, DB_WRITE, 0,                                                                                    \
	    "INSERT INTO outbox(id, channel, person_id, request_id, kind, mail_hash, slots_ct, state, next_ms," \
	    " created_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)")                                      \
	X(DUE, DB_READ, 1,                                                                                     \
	    "SELECT id FROM outbox WHERE done_ms IS NULL AND state = 0 AND (next_ms <= ?1 OR next_ms > ?3)"    \
	    " ORDER BY next_ms LIMIT ?2")                                                                      \
	X(CLAIM, DB_WRITE, 0,                                                                                  \
	    "UPDATE outbox SET state = 1, attempt = attempt + 1, attempt_id = ?2, started_ms = ?3 WHERE id = ?1") \
	X(ROW, DB_READ, OUTBOX_COLUMN_COUNT, "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE id = ?1")            \
	X(GONE, DB_WRITE, 0,                                                                                   \
	    "UPDATE outbox SET state = 6, done_ms = ?2, slots_ct = CASE WHEN person_id = 0 THEN NULL ELSE slots_ct END," \
	    " result_text = CASE WHEN person_id = 0 THEN 'sealed under another key' ELSE 'person erased' END"  \
	    " WHERE id = ?1")                                                                                  \
	X(SETTLE, DB_WRITE, 0,                                                                                 \
	    "UPDATE outbox SET state = ?3, result_class = ?4, result_code = ?5, result_text = ?6,"             \
	    " provider = ?7, provider_id = ?8, next_ms = ?9, done_ms = ?10,"                                   \
	    " slots_ct = CASE WHEN person_id = 0 AND ?10 IS NOT NULL THEN NULL ELSE slots_ct END"              \
	    " WHERE id = ?1 AND state = 1 AND attempt_id = ?2")                                                \
	X(PUT_BACK, DB_WRITE, 0,                                                                               \
	    "UPDATE outbox SET state = ?3, next_ms = ?4, attempt = attempt - 1"                                \
	    " WHERE id = ?1 AND state = 1 AND attempt_id = ?2")                                                \
	X(STALE, DB_WRITE, 0,                                                                                  \
	    "UPDATE outbox SET state = 4, next_ms = ?2, result_code = NULL,"                                   \
	    " result_text = 'the worker ended while sending'"                                                  \
	    " WHERE done_ms IS NULL AND state = 1 AND started_ms < ?1")                                        \
	X(NEXT_DUE, DB_READ, 1, "SELECT min(next_ms) FROM outbox WHERE done_ms IS NULL AND state = 0")         \
	X(DROP, DB_WRITE, 0,                                                                                   \
	    "UPDATE outbox SET state = 6, done_ms = ?2, slots_ct = CASE WHEN person_id = 0 THEN NULL ELSE slots_ct END" \
	    " WHERE id = ?1 AND done_ms IS NULL AND state IN (0, 5)")                                          \
	X(RETRY, DB_WRITE, 0,                                                                                  \
	    "UPDATE outbox SET state = 0, done_ms = NULL, next_ms = ?2 WHERE id = ?1 AND state IN (0, 3, 4, 5)" \
	    " AND (person_id <> 0 OR slots_ct IS NOT NULL)")                                                   \
	X(RETRY_ALL, DB_WRITE, 0,                                                                              \
	    "UPDATE outbox SET state = CASE state WHEN 5 THEN 0 ELSE state END, next_ms = ?1"                  \
	    " WHERE done_ms IS NULL AND state IN (0, 4, 5)")                                                   \
	X(PURGE, DB_WRITE, 0,                                                                                  \
	    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done_ms IS NOT NULL AND done_ms < ?1" \
	    " ORDER BY done_ms LIMIT ?2)")
DB_STMTS(outbox, OUTBOX, STMTS)

_Static_assert(OUTBOX_QUEUED == 0 && OUTBOX_SENDING == 1 && OUTBOX_FAILED == 3 && OUTBOX_UNKNOWN == 4 &&
    OUTBOX_HELD == 5 && OUTBOX_DROPPED == 6, "numbers used in the statements above");

/* The id is part of what is sealed, so it is known before the row is there. */
static enum err outbox_next_id(struct db *db, int64_t *id, struct errinfo *ei)
{
	sqlite3_stmt *q;
	bool row;
	enum err e = OK;
	if (!db->next_outbox_id) {
		q = outbox_stmt(db, NEXT_ID);
		e = db_row(db, q, &row, ei);
		db->next_outbox_id = !e && row ? sqlite3_column_int64(q, 0) : 0;
		db_end(q);
	}
	*id = db->next_outbox_id;
	return e;
}

enum err outbox_add(struct db *db, const struct outbox_new *n, int64_t *id, struct errinfo *ei)
{
	struct buf *sealed = &db->scratch[0];
	bug_if(n->kind < 1 || n->kind >= OUTBOX_KIND__MAX);
	if (n->slots.len > OUTBOX_SLOTS_MAX_BYTES)
		return err_set(ei, E_LIMIT, "slots of a mail are over 4 KiB");
	enum err e = outbox_next_id(db, id, ei);
	buf_reset(sealed);
	if (!e)
		e = outbox_seal(db, n->person_id, *id, n->slots, sealed, ei);
	if (e)
		return e;
	sqlite3_stmt *q = outbox_stmt(db, ADD);
	db_bind_i64(q, 1, *id);
	db_bind_i64(q, 2, n->channel);
	db_bind_i64(q, 3, n->person_id);
	db_bind_id(q, 4, n->request_id);
	db_bind_i64(q, 5, n->kind);
	db_bind_blob(q, 6, n->mail_hash, sizeof n->mail_hash);
	db_bind_blob(q, 7, sealed->data, sealed->len);
	db_bind_i64(q, 8, n->next_ms);
	db_bind_i64(q, 9, n->created_ms);
	e = db_run(db, q, ei);
	if (!e) {
		db->wakes = true;
		db->next_outbox_id++;
	}
	return e;
}

/* The numbers first: claiming moves rows in the very index that finds them. */
static enum err outbox_due(struct db *db, int64_t now_ms, unsigned limit, int64_t ids[OUTBOX_CLAIM_MAX],
    unsigned *count, struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, DUE);
	bool row;
	enum err e;
	*count = 0;
	db_bind_i64(q, 1, now_ms);
	db_bind_i64(q, 2, limit < OUTBOX_CLAIM_MAX ? limit : OUTBOX_CLAIM_MAX);
	db_bind_i64(q, 3, now_ms < INT64_MAX - OUTBOX_AHEAD_MS ? now_ms + OUTBOX_AHEAD_MS : INT64_MAX);
	while (!(e = db_row(db, q, &row, ei)) && row)
		ids[(*count)++] = sqlite3_column_int64(q, 0);
	return e;
}

static enum err outbox_gone(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, GONE);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, now_ms);
	return db_run(db, q, ei);
}

static enum err outbox_claim_one(struct db *db, int64_t id, int64_t now_ms, struct slice attempt_id,
    struct outbox_row *r, struct buf *slots, sqlite3_stmt **open, struct errinfo *ei)
{
	bool row;
	sqlite3_stmt *q = outbox_stmt(db, CLAIM);
	db_bind_i64(q, 1, id);
	db_bind_text(q, 2, attempt_id);
	db_bind_i64(q, 3, now_ms);
	enum err e = db_run(db, q, ei);
	if (e)
		return e;
	*open = q = outbox_stmt(db, ROW);
	db_bind_i64(q, 1, id);
	e = db_row(db, q, &row, ei);
	if (e || never(!row))
		return e ? e : err_set(ei, E_IO, "an outbox row went away");
	outbox_fill(q, r);
	return outbox_slots(db, q, r, slots, ei);
}

enum err outbox_claim(struct db *db, int64_t now_ms, unsigned limit, struct slice attempt_id,
    void (*cb)(const struct outbox_row *r, void *arg), void *arg, unsigned *count, struct errinfo *ei)
{
	int64_t ids[OUTBOX_CLAIM_MAX];
	unsigned due = 0, shown = 0;
	struct buf slots;
	enum err e = outbox_due(db, now_ms, limit, ids, &due, ei);
	buf_init(&slots, OUTBOX_SLOTS_MAX_BYTES);
	for (unsigned i = 0; !e && i < due; i++) {
		struct outbox_row r;
		sqlite3_stmt *q = NULL;
		e = outbox_claim_one(db, ids[i], now_ms, attempt_id, &r, &slots, &q, ei);
		if (!e && r.readable) {
			cb(&r, arg);
			shown++;
		}
		db_end(q);
		if (!e && !r.readable)
			e = outbox_gone(db, ids[i], now_ms, ei);
	}
	buf_free(&slots);
	if (count)
		*count = e ? 0 : shown;
	return e;
}

static enum err outbox_put_back(struct db *db, int64_t id, struct slice attempt_id, const struct outbox_result *r,
    struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, PUT_BACK);
	bug_if(r->state != OUTBOX_QUEUED && r->state != OUTBOX_UNKNOWN);
	db_bind_i64(q, 1, id);
	db_bind_text(q, 2, attempt_id);
	db_bind_i64(q, 3, r->state);
	db_bind_i64(q, 4, r->next_ms);
	return db_run_one(db, q, E_CONFLICT, "this mail is not being sent under this attempt", ei);
}

enum err outbox_settle(struct db *db, int64_t id, struct slice attempt_id, const struct outbox_result *r,
    struct errinfo *ei)
{
	bool open = r->state == OUTBOX_QUEUED || r->state == OUTBOX_HELD ||
	    (r->state == OUTBOX_UNKNOWN && r->next_ms > 0);
	bug_if(r->state == OUTBOX_SENDING || r->state >= OUTBOX_STATE__MAX);
	if (r->untried)
		return outbox_put_back(db, id, attempt_id, r, ei);
	sqlite3_stmt *q = outbox_stmt(db, SETTLE);
	db_bind_i64(q, 1, id);
	db_bind_text(q, 2, attempt_id);
	db_bind_i64(q, 3, r->state);
	db_bind_i64(q, 4, r->result_class);
	db_bind_text_null(q, 5, r->code);
	db_bind_text_null(q, 6, r->text);
	db_bind_text_null(q, 7, r->provider);
	db_bind_text_null(q, 8, r->provider_id);
	db_bind_i64(q, 9, r->next_ms);
	if (!open)
		db_bind_i64(q, 10, r->now_ms);
	enum err e = db_run_one(db, q, E_CONFLICT, "this mail is not being sent under this attempt", ei);
	if (!e && r->state == OUTBOX_QUEUED)
		db->wakes = true;
	return e;
}

enum err outbox_requeue_stale(struct db *db, int64_t started_before_ms, int64_t next_ms, unsigned *count,
    struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, STALE);
	db_bind_i64(q, 1, started_before_ms);
	db_bind_i64(q, 2, next_ms);
	enum err e = db_run(db, q, ei);
	if (count)
		*count = e ? 0 : (unsigned)db_changes(db);
	return e;
}

enum err outbox_next_due(struct db *db, int64_t *next_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, NEXT_DUE);
	bool row;
	*next_ms = INT64_MAX;
	enum err e = db_row(db, q, &row, ei);
	if (!e && row && sqlite3_column_type(q, 0) != SQLITE_NULL)
		*next_ms = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

static enum err outbox_exists(struct db *db, int64_t id, struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, ROW);
	bool row;
	db_bind_i64(q, 1, id);
	enum err e = db_row(db, q, &row, ei);
	db_end(q);
	return e || row ? e : err_set(ei, E_NOT_FOUND, "no mail with number %lld", (long long)id);
}

static enum err outbox_change(struct db *db, int stmt, int64_t id, int64_t now_ms, const char *what,
    struct errinfo *ei)
{
	enum err e = outbox_exists(db, id, ei);
	if (e)
		return e;
	sqlite3_stmt *q = outbox_stmt(db, stmt);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, now_ms);
	return db_run_one(db, q, E_CONFLICT, what, ei);
}

enum err outbox_drop(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei)
{
	return outbox_change(db, DROP, id, now_ms, "only a mail that waits can be dropped", ei);
}

enum err outbox_retry(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei)
{
	enum err e = outbox_change(db, RETRY, id, now_ms, "this mail is being sent, was accepted, was dropped, or its address "
	    "is gone with it", ei);
	if (!e)
		db->wakes = true;
	return e;
}

enum err outbox_retry_all(struct db *db, int64_t now_ms, unsigned *count, struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, RETRY_ALL);
	db_bind_i64(q, 1, now_ms);
	enum err e = db_run(db, q, ei);
	if (!e && db_changes(db) > 0)
		db->wakes = true;
	if (count)
		*count = e ? 0 : (unsigned)db_changes(db);
	return e;
}

enum err outbox_purge(struct db *db, int64_t before_ms, unsigned limit, unsigned *count, struct errinfo *ei)
{
	sqlite3_stmt *q = outbox_stmt(db, PURGE);
	db_bind_i64(q, 1, before_ms);
	db_bind_i64(q, 2, limit);
	enum err e = db_run(db, q, ei);
	if (count)
		*count = e ? 0 : (unsigned)db_changes(db);
	return e;
}
