/* purpose: what a person has agreed to; part of store/person.h. */
#include <string.h>

#include "store/db_priv.h"
#include "store/person.h"

#define STMTS(X)                                                                                             \
	X(SET, DB_WRITE, 0,                                                                                   \
	    "INSERT INTO person_purpose(person_id, purpose, state, since_ms, request_id, consent_hash)"       \
	    " VALUES(?1, ?2, ?3, ?4, ?5, coalesce(?6, zeroblob(32))) ON CONFLICT(person_id, purpose) DO UPDATE" \
	    " SET state = ?3, since_ms = ?4, request_id = coalesce(?5, request_id),"                          \
	    " consent_hash = coalesce(?6, consent_hash)")                                                     \
	X(SET_ALL, DB_WRITE, 0,                                                                               \
	    "UPDATE person_purpose SET state = ?2, since_ms = ?3 WHERE person_id = ?1 AND state <> ?2")       \
	X(EACH, DB_READ, 5,                                                                                   \
	    "SELECT purpose, state, since_ms, request_id, consent_hash FROM person_purpose"                   \
	    " WHERE person_id = ?1 ORDER BY purpose")                                                         \
	X(PERSONS, DB_READ, 1,                                                                                \
	    "SELECT person_id FROM person_purpose WHERE person_id > ?3 AND purpose = ?1 AND state = ?2"       \
	    " ORDER BY person_id LIMIT ?4")
DB_STMTS(purpose, PURPOSE, STMTS)

static const char *const purpose_states[PURPOSE_STATE__MAX] = {
	[PURPOSE_PENDING] = "pending",
	[PURPOSE_ACTIVE] = "active",
	[PURPOSE_ENDED] = "ended",
};

const char *purpose_state_name(enum purpose_state s)
{
	return s < PURPOSE_STATE__MAX ? purpose_states[s] : "?";
}

enum purpose_state purpose_state_from_name(struct slice name)
{
	int s = 0;
	while (s < PURPOSE_STATE__MAX && !slice_eq_str(name, purpose_states[s]))
		s++;
	return (enum purpose_state)s;
}

enum err purpose_set(struct db *db, int64_t person_id, struct slice purpose, enum purpose_state state,
    int64_t since_ms, int64_t request_id, const unsigned char *consent_hash, struct errinfo *ei)
{
	sqlite3_stmt *q = purpose_stmt(db, SET);
	db_bind_i64(q, 1, person_id);
	db_bind_text(q, 2, purpose);
	db_bind_i64(q, 3, state);
	db_bind_i64(q, 4, since_ms);
	db_bind_id(q, 5, request_id);
	db_bind_blob(q, 6, consent_hash, STORE_HASH_BYTES);
	return db_run(db, q, ei);
}

enum err purpose_set_all(struct db *db, int64_t person_id, enum purpose_state state, int64_t since_ms,
    int64_t *changed, struct errinfo *ei)
{
	sqlite3_stmt *q = purpose_stmt(db, SET_ALL);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, state);
	db_bind_i64(q, 3, since_ms);
	enum err e = db_run(db, q, ei);
	if (!e && changed)
		*changed = db_changes(db);
	return e;
}

enum err purpose_each(struct db *db, int64_t person_id, bool (*cb)(const struct purpose *p, void *arg),
    void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = purpose_stmt(db, EACH);
	struct purpose p;
	bool row;
	enum err e;
	db_bind_i64(q, 1, person_id);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		p.id = db_col(q, 0);
		p.state = (enum purpose_state)sqlite3_column_int(q, 1);
		p.since_ms = sqlite3_column_int64(q, 2);
		p.request_id = sqlite3_column_int64(q, 3);
		db_col_bytes(q, 4, p.consent_hash, sizeof p.consent_hash);
		if (!cb(&p, arg))
			break;
	}
	db_end(q);
	return e;
}

enum err purpose_persons(struct db *db, struct slice purpose, enum purpose_state state, int64_t after_id,
    unsigned limit, bool (*cb)(int64_t person_id, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = purpose_stmt(db, PERSONS);
	bool row;
	enum err e;
	db_bind_text(q, 1, purpose);
	db_bind_i64(q, 2, state);
	db_bind_i64(q, 3, after_id);
	db_bind_i64(q, 4, limit);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		if (!cb(sqlite3_column_int64(q, 0), arg))
			break;
	}
	db_end(q);
	return e;
}
