#include "store/suppression.h"

#include <string.h>

#include "store/db_priv.h"

/*
 * HAS runs for every sign-up: IN (...) would build a temporary table each time, so the few rows of an address are
 * walked in the order of the key (+: no index for that term).
 */
/* until_ms NULL = for ever. max() of SQLite gives NULL as soon as one is NULL: for ever wins. */
#define STMTS(X)                                                                                            \
	X(ADD, DB_WRITE, 0,                                                                                  \
	    "INSERT INTO suppression(channel, lookup, purpose, reason, since_ms, until_ms)"                  \
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(channel, lookup, purpose) DO UPDATE"                \
	    " SET reason = excluded.reason, until_ms = max(until_ms, excluded.until_ms), journaled = 0")     \
	X(HAS, DB_READ, 3,                                                                                   \
	    "SELECT reason, since_ms, until_ms FROM suppression WHERE channel = ?1 AND lookup = ?2"          \
	    " AND (+purpose = '' OR +purpose = ?3)"                                                          \
	    " AND (until_ms IS NULL OR until_ms > ?4) ORDER BY purpose LIMIT 1")                             \
	X(REMOVE, DB_WRITE, 0, "DELETE FROM suppression WHERE channel = ?1 AND lookup = ?2 AND purpose = ?3") \
	X(PURGE, DB_WRITE, 0, "DELETE FROM suppression WHERE until_ms IS NOT NULL AND until_ms < ?1")        \
	X(EACH, DB_READ, 6,                                                                                  \
	    "SELECT channel, lookup, purpose, reason, since_ms, until_ms FROM suppression"                   \
	    " ORDER BY channel, lookup, purpose")
DB_STMTS(suppression, SUPPRESSION, STMTS)

static const char *const suppression_reasons[SUPPRESSION_REASON__MAX] = {
	[SUPPRESSION_DENIED] = "denied",
	[SUPPRESSION_COMPLAINED] = "complained",
	[SUPPRESSION_BOUNCED] = "bounced",
	[SUPPRESSION_OBJECTED] = "objected",
	[SUPPRESSION_OWNER] = "owner",
};

const char *suppression_reason_name(enum suppression_reason r)
{
	return r > 0 && r < SUPPRESSION_REASON__MAX ? suppression_reasons[r] : "?";
}

enum suppression_reason suppression_reason_from_name(struct slice name)
{
	int r = 1;
	while (r < SUPPRESSION_REASON__MAX && !slice_eq_str(name, suppression_reasons[r]))
		r++;
	return (enum suppression_reason)r;
}

enum err suppression_add(struct db *db, const struct suppression *s, struct errinfo *ei)
{
	sqlite3_stmt *q = suppression_stmt(db, ADD);
	db_bind_i64(q, 1, s->channel);
	db_bind_blob(q, 2, s->lookup, sizeof s->lookup);
	db_bind_text(q, 3, s->purpose);
	db_bind_i64(q, 4, s->reason);
	db_bind_i64(q, 5, s->since_ms);
	db_bind_id(q, 6, s->until_ms);
	db->wakes = true; /* into the journal of erasures */
	return db_run(db, q, ei);
}

static enum err suppression_find(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, int64_t now_ms, bool *has,
    struct suppression *out, struct errinfo *ei)
{
	sqlite3_stmt *q = suppression_stmt(db, HAS);
	db_bind_i64(q, 1, channel);
	db_bind_blob(q, 2, lookup, PERSON_LOOKUP_BYTES);
	db_bind_text(q, 3, purpose);
	db_bind_i64(q, 4, now_ms);
	enum err e = db_row(db, q, has, ei);
	if (!e && *has) {
		*out = (struct suppression){.channel = channel,
		    .reason = (enum suppression_reason)sqlite3_column_int(q, 0),
		    .since_ms = sqlite3_column_int64(q, 1), .until_ms = sqlite3_column_int64(q, 2)};
		memcpy(out->lookup, lookup, sizeof out->lookup);
	}
	db_end(q);
	return e;
}

enum err suppression_has(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, int64_t now_ms, bool *has,
    enum suppression_reason *reason, struct errinfo *ei)
{
	struct suppression s;
	enum err e = suppression_find(db, channel, lookup, purpose, now_ms, has, &s, ei);
	if (!e && *has && reason)
		*reason = s.reason;
	return e;
}

enum err suppression_get(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, int64_t now_ms, struct suppression *out,
    struct errinfo *ei)
{
	bool has = false;
	enum err e = suppression_find(db, channel, lookup, purpose, now_ms, &has, out, ei);
	return e || has ? e : err_set(ei, E_NOT_FOUND, "this address is not blocked");
}

enum err suppression_remove(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, struct errinfo *ei)
{
	sqlite3_stmt *q = suppression_stmt(db, REMOVE);
	db_bind_i64(q, 1, channel);
	db_bind_blob(q, 2, lookup, PERSON_LOOKUP_BYTES);
	db_bind_text(q, 3, purpose);
	return db_run_one(db, q, E_NOT_FOUND, "this address is not blocked", ei);
}

enum err suppression_purge(struct db *db, int64_t now_ms, unsigned *count, struct errinfo *ei)
{
	sqlite3_stmt *q = suppression_stmt(db, PURGE);
	db_bind_i64(q, 1, now_ms);
	enum err e = db_run(db, q, ei);
	if (count)
		*count = e ? 0 : (unsigned)db_changes(db);
	return e;
}

enum err suppression_each(struct db *db, bool (*cb)(const struct suppression *s, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = suppression_stmt(db, EACH);
	struct suppression s;
	bool row;
	enum err e;
	while (!(e = db_row(db, q, &row, ei)) && row) {
		s.channel = (enum store_channel)sqlite3_column_int(q, 0);
		db_col_bytes(q, 1, s.lookup, sizeof s.lookup);
		s.purpose = db_col(q, 2);
		s.reason = (enum suppression_reason)sqlite3_column_int(q, 3);
		s.since_ms = sqlite3_column_int64(q, 4);
		s.until_ms = sqlite3_column_int64(q, 5);
		if (!cb(&s, arg))
			break;
	}
	db_end(q);
	return e;
}
