#include "store/erasure.h"

#include "base/log.h"
#include "store/db_priv.h"
#include "store/dsar.h"
#include "store/event.h"
#include "store/journal.h"
#include "store/keyslot.h"
#include "store/person.h"

#define STMTS(X)                                                                                          \
	X(ASK, DB_WRITE, 0,                                                                                \
	    "INSERT INTO erasure(person_id, asked_ms, reason) VALUES(?1, ?2, ?3) ON CONFLICT(person_id) DO NOTHING") \
	X(HIDE, DB_WRITE, 0, "UPDATE person SET state = 6, lookup = ?2, changed_ms = ?3 WHERE id = ?1")    \
	X(KEEP, DB_WRITE, 0,                                                                               \
	    "UPDATE erasure SET keep_until_ms = ?2, keep_lookup = (SELECT lookup FROM person WHERE id = ?1)"  \
	    " WHERE person_id = ?1")                                                                       \
	X(OPEN, DB_READ, 2,                                                                                \
	    "SELECT person_id, keep_until_ms FROM erasure WHERE done_ms IS NULL ORDER BY person_id LIMIT ?1")  \
	X(PERSON, DB_WRITE, 0,                                                                             \
	    "UPDATE person SET address_ct = NULL, fields_ct = NULL, lang = '', confirmed_ms = NULL WHERE id = ?1") \
	X(PURPOSES, DB_WRITE, 0, "DELETE FROM person_purpose WHERE person_id = ?1")                        \
	X(REQUESTS, DB_WRITE, 0, "DELETE FROM request WHERE person_id = ?1")                               \
	X(OUTBOX, DB_WRITE, 0, "DELETE FROM outbox WHERE person_id = ?1")                                  \
	X(EVENTS, DB_ERASE, 0,                                                                             \
	    "UPDATE event SET core_ct = NULL, ip_ct = NULL, fields_ct = NULL WHERE person_id = ?1")        \
	X(MOVE, DB_WRITE, 0, "DELETE FROM move WHERE person_id = ?1")                                       \
	X(FIELDS, DB_WRITE, 0, "UPDATE person SET fields_ct = NULL WHERE id = ?1")                          \
	X(TYPED, DB_ERASE, 0,                                                                              \
	    "UPDATE event SET fields_ct = NULL WHERE person_id = ?1 AND kind NOT IN (3, 4, 22)")           \
	X(KEPT, DB_READ, 4,                                                                                \
	    "SELECT e.person_id, e.reason, e.asked_ms, e.keep_until_ms FROM erasure e"                     \
	    " JOIN person p ON p.id = e.person_id WHERE e.keep_lookup = ?1 AND p.channel = ?2 ORDER BY e.person_id") \
	X(KEPT_OF, DB_READ, 4,                                                                             \
	    "SELECT person_id, reason, asked_ms, keep_until_ms FROM erasure"                               \
	    " WHERE person_id = ?1 AND keep_until_ms IS NOT NULL")                                         \
	X(KEPT_DUE, DB_READ, 4,                                                                            \
	    "SELECT person_id, reason, asked_ms, keep_until_ms FROM erasure"                               \
	    " WHERE keep_until_ms < ?1 ORDER BY keep_until_ms LIMIT ?2")                                   \
	X(REST, DB_WRITE, 0,                                                                               \
	    "UPDATE erasure SET keep_until_ms = NULL, keep_lookup = NULL, done_ms = NULL, journaled = 0"   \
	    " WHERE person_id = ?1 AND keep_until_ms IS NOT NULL")                                         \
	X(KEYS_DONE, DB_WRITE, 0, "UPDATE erasure SET keys_done_ms = ?2 WHERE person_id = ?1")             \
	X(DONE, DB_WRITE, 0, "UPDATE erasure SET done_ms = ?2 WHERE person_id = ?1")
DB_STMTS(erasure, ERASURE, STMTS)

_Static_assert(PERSON_ERASED == 6 && EVENT_MAIL_ACCEPTED == 3 && EVENT_MAIL_FAILED == 4 && EVENT_IMPORTED == 22,
    "numbers used in the statements above");

#define ERASURE_BATCH 100

static const char *const erasure_reasons[ERASURE_REASON__MAX] = {
	[ERASURE_REQUEST] = "request",
	[ERASURE_UNCONFIRMED] = "unconfirmed",
	[ERASURE_RETENTION] = "retention",
	[ERASURE_OWNER] = "owner",
};

const char *erasure_reason_name(enum erasure_reason r)
{
	return r < ERASURE_REASON__MAX ? erasure_reasons[r] : "?";
}

/* From now on a sign-up with this address is a new person. */
static enum err erasure_hide(struct db *db, int64_t person_id, int64_t now_ms, struct errinfo *ei)
{
	unsigned char nobody[PERSON_LOOKUP_BYTES];
	crypt_random(nobody, sizeof nobody);
	sqlite3_stmt *q = erasure_stmt(db, HIDE);
	db_bind_i64(q, 1, person_id);
	db_bind_blob(q, 2, nobody, sizeof nobody);
	db_bind_i64(q, 3, now_ms);
	return db_run(db, q, ei);
}

/* until_ms 0: nothing is kept. */
static enum err erasure_note(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t until_ms,
    int64_t now_ms, struct errinfo *ei)
{
	struct person p;
	enum err e = person_get(db, person_id, &p, ei);
	if (e)
		return e;
	sqlite3_stmt *q = erasure_stmt(db, ASK);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, now_ms);
	db_bind_i64(q, 3, reason);
	e = db_run(db, q, ei);
	if (!e)
		e = dsar_forget(db, person_id, ei);
	if (e || p.state == PERSON_ERASED)
		return e;
	if (until_ms) {
		q = erasure_stmt(db, KEEP);
		db_bind_i64(q, 1, person_id);
		db_bind_i64(q, 2, until_ms);
		e = db_run(db, q, ei);
	}
	return e ? e : erasure_hide(db, person_id, now_ms, ei);
}

enum err erasure_ask(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei)
{
	enum err e = erasure_note(db, person_id, reason, 0, now_ms, ei);
	return e ? e : erasure_ask_rest(db, person_id, ei);
}

enum err erasure_ask_keep(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t until_ms,
    int64_t now_ms, struct errinfo *ei)
{
	bug_if(until_ms <= 0);
	return erasure_note(db, person_id, reason, until_ms, now_ms, ei);
}

enum err erasure_ask_rest(struct db *db, int64_t person_id, struct errinfo *ei)
{
	sqlite3_stmt *q = erasure_stmt(db, REST);
	db_bind_i64(q, 1, person_id);
	return db_run(db, q, ei);
}

static void erasure_fill(sqlite3_stmt *q, struct erasure_kept *k)
{
	*k = (struct erasure_kept){.person_id = sqlite3_column_int64(q, 0),
	    .reason = (enum erasure_reason)sqlite3_column_int(q, 1), .asked_ms = sqlite3_column_int64(q, 2),
	    .until_ms = sqlite3_column_int64(q, 3)};
}

static enum err erasure_walk(struct db *db, sqlite3_stmt *q, bool (*cb)(const struct erasure_kept *k, void *arg),
    void *arg, struct errinfo *ei)
{
	struct erasure_kept k;
	bool row;
	enum err e;
	while (!(e = db_row(db, q, &row, ei)) && row) {
		erasure_fill(q, &k);
		if (!cb(&k, arg))
			break;
	}
	db_end(q);
	return e;
}

enum err erasure_kept_each(struct db *db, enum store_channel channel, const unsigned char lookup[PERSON_LOOKUP_BYTES],
    bool (*cb)(const struct erasure_kept *k, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = erasure_stmt(db, KEPT);
	db_bind_blob(q, 1, lookup, PERSON_LOOKUP_BYTES);
	db_bind_i64(q, 2, channel);
	return erasure_walk(db, q, cb, arg, ei);
}

enum err erasure_kept_get(struct db *db, int64_t person_id, struct erasure_kept *out, struct errinfo *ei)
{
	sqlite3_stmt *q = erasure_stmt(db, KEPT_OF);
	bool row;
	db_bind_i64(q, 1, person_id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "nothing is kept of this person");
	erasure_fill(q, out);
	db_end(q);
	return OK;
}

enum err erasure_kept_due(struct db *db, int64_t now_ms, unsigned limit,
    bool (*cb)(const struct erasure_kept *k, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = erasure_stmt(db, KEPT_DUE);
	db_bind_i64(q, 1, now_ms);
	db_bind_i64(q, 2, limit);
	return erasure_walk(db, q, cb, arg, ei);
}

/* Statements by which the rows of a person go: all of them, or all but the evidence. */
static const struct {
	int steps[6], marks[2];
	size_t nsteps, nmarks;
} erasure_ways[2] = {
	[false] = {{PERSON, PURPOSES, REQUESTS, OUTBOX, MOVE, EVENTS}, {KEYS_DONE, DONE}, 6, 2},
	[true] = {{FIELDS, PURPOSES, REQUESTS, OUTBOX, MOVE, TYPED}, {DONE}, 6, 1},
};

static enum err erasure_rows(struct db *db, int64_t person_id, bool keep, int64_t now_ms, struct errinfo *ei)
{
	enum err e = OK;
	for (size_t i = 0; !e && i < erasure_ways[keep].nsteps; i++) {
		sqlite3_stmt *q = erasure_stmt(db, erasure_ways[keep].steps[i]);
		db_bind_i64(q, 1, person_id);
		e = db_run(db, q, ei);
	}
	for (size_t i = 0; !e && i < erasure_ways[keep].nmarks; i++) {
		sqlite3_stmt *q = erasure_stmt(db, erasure_ways[keep].marks[i]);
		db_bind_i64(q, 1, person_id);
		db_bind_i64(q, 2, now_ms);
		e = db_run(db, q, ei);
	}
	return e;
}

/* Those that were asked for and are not done. */
struct erasure_batch {
	int64_t id[ERASURE_BATCH];
	bool keep[ERASURE_BATCH];
	size_t n;
};

static enum err erasure_open(struct store *s, struct erasure_batch *b, struct errinfo *ei)
{
	struct db *db;
	bool row;
	enum err e = store_read(s, &db, ei);
	b->n = 0;
	if (e)
		return e;
	sqlite3_stmt *q = erasure_stmt(db, OPEN);
	db_bind_i64(q, 1, ERASURE_BATCH);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		b->id[b->n] = sqlite3_column_int64(q, 0);
		b->keep[b->n++] = sqlite3_column_type(q, 1) != SQLITE_NULL;
	}
	store_read_end(s, db);
	return e;
}

/* The journal first, so that no backup brings them back. A second path that fails does not keep anybody here. */
static void erasure_journal(struct store *s, int64_t now_ms, struct keep **written)
{
	struct errinfo ei = {0};
	if (journal_brief(s, now_ms, written, &ei) == OK)
		return;
	log_err(LOG_ERROR, "journal_failed", &ei);
	log_event(LOG_ERROR, "journal_waits", LOG_S("site", s->site),
	    LOG_S("text", "an erasure is not in the journal of erasures yet; the worker tries it again"));
}

/* In one transaction with what the journal has of it now, which saves a sync. */
static enum err erasure_commit(struct store *s, const struct erasure_batch *b, struct keep *written, int64_t now_ms,
    struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(s, &db, ei);
	if (e)
		return e;
	store_erasure_begin(db);
	for (size_t i = 0; !e && i < b->n; i++)
		e = erasure_rows(db, b->id[i], b->keep[i], now_ms, ei);
	store_erasure_end(db);
	if (!e)
		e = journal_brief_mark(written, db, ei);
	if (!e)
		return store_write_commit(s, ei);
	store_write_rollback(s);
	return e;
}

/* Keys first, all of the batch, durable; then the rows. */
static enum err erasure_run(struct store *s, const struct erasure_batch *b, int64_t now_ms, struct errinfo *ei)
{
	int64_t ids[ERASURE_BATCH];
	struct keep *written;
	size_t count = 0;
	enum err e = OK;
	erasure_journal(s, now_ms, &written);
	for (size_t i = 0; i < b->n; i++)
		if (!b->keep[i])
			ids[count++] = b->id[i];
	if (count)
		e = keyslots_erase(s, ids, count, ei);
	if (!e)
		e = erasure_commit(s, b, written, now_ms, ei);
	journal_brief_end(written);
	return e;
}

enum err erasure_finish(struct store *s, int64_t now_ms, unsigned *done, struct errinfo *ei)
{
	struct erasure_batch b;
	struct errinfo wal = {0};
	unsigned all = 0;
	enum err e;
	while (!(e = erasure_open(s, &b, ei)) && b.n > 0) {
		e = erasure_run(s, &b, now_ms, ei);
		if (e)
			break;
		all += (unsigned)b.n;
	}
	/* What the WAL still holds is ciphertext without a key; it goes as soon as no reader needs it. */
	if (all && store_truncate_wal(s, &wal) != OK)
		log_err(LOG_DEBUG, "erasure_wal", &wal);
	if (done)
		*done = all;
	return e;
}

enum err person_erase(struct store *s, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(s, &db, ei);
	if (e)
		return e;
	e = erasure_ask(db, person_id, reason, now_ms, ei);
	if (e) {
		store_write_rollback(s);
		return e;
	}
	e = store_write_commit(s, ei);
	return e ? e : erasure_finish(s, now_ms, NULL, ei);
}
