#include "store/erasure.h"

#include "base/log.h"
#include "store/db_priv.h"
#include "store/journal.h"
#include "store/keyslot.h"
#include "store/person.h"

#define STMTS(X)                                                                                          \
	X(ASK, DB_WRITE, 0,                                                                                \
	    "INSERT INTO erasure(person_id, asked_ms, reason) VALUES(?1, ?2, ?3) ON CONFLICT(person_id) DO NOTHING") \
	X(HIDE, DB_WRITE, 0, "UPDATE person SET state = 6, lookup = ?2, changed_ms = ?3 WHERE id = ?1")    \
	X(OPEN, DB_READ, 1, "SELECT person_id FROM erasure WHERE done_ms IS NULL ORDER BY person_id LIMIT ?1") \
	X(PERSON, DB_WRITE, 0,                                                                             \
	    "UPDATE person SET address_ct = NULL, fields_ct = NULL, lang = '', confirmed_ms = NULL WHERE id = ?1") \
	X(PURPOSES, DB_WRITE, 0, "DELETE FROM person_purpose WHERE person_id = ?1")                        \
	X(REQUESTS, DB_WRITE, 0, "DELETE FROM request WHERE person_id = ?1")                               \
	X(OUTBOX, DB_WRITE, 0, "DELETE FROM outbox WHERE person_id = ?1")                                  \
	X(EVENTS, DB_ERASE, 0,                                                                             \
	    "UPDATE event SET core_ct = NULL, ip_ct = NULL, fields_ct = NULL WHERE person_id = ?1")        \
	X(KEYS_DONE, DB_WRITE, 0, "UPDATE erasure SET keys_done_ms = ?2 WHERE person_id = ?1")             \
	X(DONE, DB_WRITE, 0, "UPDATE erasure SET done_ms = ?2 WHERE person_id = ?1")
DB_STMTS(erasure, ERASURE, STMTS)

_Static_assert(PERSON_ERASED == 6, "number used in the statements above");

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

enum err erasure_ask(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei)
{
	unsigned char nobody[PERSON_LOOKUP_BYTES];
	struct person p;
	enum err e = person_get(db, person_id, &p, ei);
	if (e)
		return e;
	sqlite3_stmt *q = erasure_stmt(db, ASK);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, now_ms);
	db_bind_i64(q, 3, reason);
	e = db_run(db, q, ei);
	if (e || p.state == PERSON_ERASED)
		return e;
	/* From now on a sign-up with this address is a new person. */
	crypt_random(nobody, sizeof nobody);
	q = erasure_stmt(db, HIDE);
	db_bind_i64(q, 1, person_id);
	db_bind_blob(q, 2, nobody, sizeof nobody);
	db_bind_i64(q, 3, now_ms);
	return db_run(db, q, ei);
}

static enum err erasure_rows(struct db *db, int64_t person_id, int64_t now_ms, struct errinfo *ei)
{
	static const int steps[] = {PERSON, PURPOSES, REQUESTS, OUTBOX, EVENTS};
	static const int marks[] = {KEYS_DONE, DONE};
	enum err e = OK;
	for (size_t i = 0; !e && i < sizeof steps / sizeof *steps; i++) {
		sqlite3_stmt *q = erasure_stmt(db, steps[i]);
		db_bind_i64(q, 1, person_id);
		e = db_run(db, q, ei);
	}
	for (size_t i = 0; !e && i < sizeof marks / sizeof *marks; i++) {
		sqlite3_stmt *q = erasure_stmt(db, marks[i]);
		db_bind_i64(q, 1, person_id);
		db_bind_i64(q, 2, now_ms);
		e = db_run(db, q, ei);
	}
	return e;
}

static enum err erasure_open(struct store *s, int64_t ids[ERASURE_BATCH], size_t *count, struct errinfo *ei)
{
	struct db *db;
	bool row;
	enum err e = store_read(s, &db, ei);
	*count = 0;
	if (e)
		return e;
	sqlite3_stmt *q = erasure_stmt(db, OPEN);
	db_bind_i64(q, 1, ERASURE_BATCH);
	while (!(e = db_row(db, q, &row, ei)) && row)
		ids[(*count)++] = sqlite3_column_int64(q, 0);
	store_read_end(s, db);
	return e;
}

/* The journal first, so that no backup brings them back. A second path that fails does not keep anybody here. */
static void erasure_journal(struct store *s, int64_t now_ms)
{
	struct errinfo ei = {0};
	if (journal_flush(s, now_ms, &ei) == OK)
		return;
	log_err(LOG_ERROR, "journal_failed", &ei);
	log_event(LOG_ERROR, "journal_waits", LOG_S("site", s->site),
	    LOG_S("text", "an erasure is not in the journal of erasures yet; it is tried again every hour"));
}

/* Keys first, all of the batch, durable; then the rows. */
static enum err erasure_batch(struct store *s, const int64_t *ids, size_t count, int64_t now_ms,
    struct errinfo *ei)
{
	struct db *db;
	erasure_journal(s, now_ms);
	enum err e = keyslots_erase(s, ids, count, ei);
	if (!e)
		e = store_write_begin(s, &db, ei);
	if (e)
		return e;
	store_erasure_begin(db);
	for (size_t i = 0; !e && i < count; i++)
		e = erasure_rows(db, ids[i], now_ms, ei);
	store_erasure_end(db);
	if (e)
		store_write_rollback(s);
	else
		e = store_write_commit(s, ei);
	return e;
}

enum err erasure_finish(struct store *s, int64_t now_ms, unsigned *done, struct errinfo *ei)
{
	int64_t ids[ERASURE_BATCH];
	struct errinfo wal = {0};
	size_t count = 0;
	unsigned all = 0;
	enum err e;
	while (!(e = erasure_open(s, ids, &count, ei)) && count > 0) {
		e = erasure_batch(s, ids, count, now_ms, ei);
		if (e)
			break;
		all += (unsigned)count;
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
