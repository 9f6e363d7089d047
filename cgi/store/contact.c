#include "store/contact.h"

#include "store/db_priv.h"
#include "store/person.h"

#define STMTS(X)                                                                                           \
	X(PUT, DB_WRITE, 0,                                                                                 \
	    "INSERT INTO contact(provider, person_id, purpose, action, next_ms, created_ms, address_ct)"    \
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT(provider, person_id, purpose) DO UPDATE SET"   \
	    " action = excluded.action, turn = turn + 1, state = 0, attempt = 0, next_ms = excluded.next_ms," \
	    " created_ms = excluded.created_ms, result_code = NULL, address_ct = excluded.address_ct")      \
	X(CLEAR, DB_WRITE, 0, "DELETE FROM contact WHERE provider = ?1 AND person_id = ?2 AND purpose <> ''") \
	X(NEXT, DB_READ, 8,                                                                                 \
	    "SELECT id, person_id, purpose, action, turn, attempt, created_ms, address_ct FROM contact"     \
	    " WHERE state = 0 AND next_ms <= ?2 AND +provider = ?1 ORDER BY next_ms LIMIT 1")               \
	X(DUE, DB_READ, 1,                                                                                  \
	    "SELECT next_ms FROM contact WHERE state = 0 AND next_ms >= 0 AND +provider = ?1"               \
	    " ORDER BY next_ms LIMIT 1")                                                                    \
	X(DONE, DB_WRITE, 0, "DELETE FROM contact WHERE id = ?1 AND turn = ?2")                             \
	X(AGAIN, DB_WRITE, 0,                                                                               \
	    "UPDATE contact SET attempt = attempt + 1, state = (?3 = 0), next_ms = ?3, result_code = ?4"    \
	    " WHERE id = ?1 AND turn = ?2")                                                                 \
	X(NOTE, DB_WRITE, 0, "UPDATE contact SET result_code = ?3 WHERE id = ?1 AND turn = ?2")             \
	X(RETRY_ALL, DB_WRITE, 0,                                                                           \
	    "UPDATE contact SET state = 0, attempt = 0, next_ms = ?1, result_code = NULL"                   \
	    " WHERE state = 1 OR next_ms > ?1 OR result_code IS NOT NULL")                                  \
	X(COUNTS, DB_READ, 2,                                                                               \
	    "SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1) FROM contact")     \
	X(TROUBLE, DB_READ, 5,                                                                              \
	    "SELECT provider, purpose, result_code, action, state FROM contact"                             \
	    " WHERE result_code IS NOT NULL ORDER BY state DESC, id LIMIT 1")
DB_STMTS(contact, CONTACT, STMTS)

#define CONTACT_PLACE "contact:address_ct"

static const char *const contact_actions[CONTACT_ACTION__MAX] = {
	[CONTACT_ADD] = "add",
	[CONTACT_ADD_AGAIN] = "add-again",
	[CONTACT_UNSUB] = "unsub",
	[CONTACT_DELETE] = "delete",
};

const char *contact_action_name(enum contact_action a)
{
	return a > 0 && a < CONTACT_ACTION__MAX ? contact_actions[a] : "?";
}

static enum err contact_insert(struct db *db, struct slice provider, int64_t person_id, struct slice purpose,
    enum contact_action action, const struct buf *sealed, int64_t now_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, PUT);
	db_bind_text(q, 1, provider);
	db_bind_i64(q, 2, person_id);
	db_bind_text(q, 3, purpose);
	db_bind_i64(q, 4, action);
	db_bind_i64(q, 5, now_ms);
	db_bind_blob(q, 6, sealed ? sealed->data : NULL, sealed ? sealed->len : 0);
	enum err e = db_run(db, q, ei);
	if (!e)
		db->wakes = true; /* the worker carries it on */
	return e;
}

enum err contact_put(struct db *db, struct slice provider, int64_t person_id, struct slice purpose,
    enum contact_action action, int64_t now_ms, struct errinfo *ei)
{
	bug_if(action < 1 || action >= CONTACT_DELETE || !purpose.len);
	return contact_insert(db, provider, person_id, purpose, action, NULL, now_ms, ei);
}

enum err contact_put_delete(struct db *db, struct slice provider, int64_t person_id, struct slice address,
    int64_t now_ms, struct errinfo *ei)
{
	struct buf *sealed = &db->scratch[0];
	char ad[SEAL_AD_BYTES];
	sqlite3_stmt *q = contact_stmt(db, CLEAR);
	db_bind_text(q, 1, provider);
	db_bind_i64(q, 2, person_id);
	enum err e = db_run(db, q, ei);
	if (e)
		return e;
	buf_reset(sealed);
	crypt_seal(sealed, keyring_intake(db_keyring(db)), address, seal_ad(ad, CONTACT_PLACE, person_id));
	if (!buf_ok(sealed))
		return err_set(ei, E_NOMEM, "no memory for a contact");
	return contact_insert(db, provider, person_id, SLICE(""), CONTACT_DELETE, sealed, now_ms, ei);
}

static enum err contact_address(struct db *db, struct contact *c, struct slice sealed, struct buf *address,
    struct errinfo *ei)
{
	char ad[SEAL_AD_BYTES];
	enum err e = c->action == CONTACT_DELETE
	    ? crypt_open(address, keyring_intake(db_keyring(db)), sealed, seal_ad(ad, CONTACT_PLACE, c->person_id))
	    : person_address(db, c->person_id, address, ei);
	c->readable = !e;
	return e == E_DENIED || e == E_NOT_FOUND ? OK : e;
}

enum err contact_next(struct db *db, struct slice provider, int64_t now_ms, struct contact *out, struct buf *address,
    struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, NEXT);
	bool row;
	db_bind_text(q, 1, provider);
	db_bind_i64(q, 2, now_ms);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return E_NOT_FOUND;
	*out = (struct contact){.id = sqlite3_column_int64(q, 0), .person_id = sqlite3_column_int64(q, 1),
	    .action = (enum contact_action)sqlite3_column_int(q, 3), .turn = sqlite3_column_int64(q, 4),
	    .attempt = sqlite3_column_int(q, 5), .created_ms = sqlite3_column_int64(q, 6)};
	slice_copy(db_col(q, 2), out->purpose, sizeof out->purpose);
	e = contact_address(db, out, db_col(q, 7), address, ei);
	db_end(q);
	return e;
}

enum err contact_next_due(struct db *db, struct slice provider, int64_t *next_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, DUE);
	bool row;
	db_bind_text(q, 1, provider);
	enum err e = db_row(db, q, &row, ei);
	*next_ms = !e && row ? sqlite3_column_int64(q, 0) : INT64_MAX;
	db_end(q);
	return e;
}

enum err contact_done(struct db *db, const struct contact *c, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, DONE);
	db_bind_i64(q, 1, c->id);
	db_bind_i64(q, 2, c->turn);
	return db_run(db, q, ei);
}

enum err contact_again(struct db *db, const struct contact *c, int64_t next_ms, struct slice code,
    struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, AGAIN);
	db_bind_i64(q, 1, c->id);
	db_bind_i64(q, 2, c->turn);
	db_bind_i64(q, 3, next_ms);
	db_bind_text_null(q, 4, code);
	return db_run(db, q, ei);
}

enum err contact_note(struct db *db, const struct contact *c, struct slice code, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, NOTE);
	db_bind_i64(q, 1, c->id);
	db_bind_i64(q, 2, c->turn);
	db_bind_text_null(q, 3, code);
	return db_run(db, q, ei);
}

enum err contact_retry_all(struct db *db, int64_t now_ms, unsigned *count, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, RETRY_ALL);
	db_bind_i64(q, 1, now_ms);
	enum err e = db_run(db, q, ei);
	*count = e ? 0 : (unsigned)sqlite3_changes(db->conn);
	return e;
}

enum err contact_trouble(struct db *db, struct contact_trouble *out, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, TROUBLE);
	bool row;
	enum err e = db_row(db, q, &row, ei);
	*out = (struct contact_trouble){.refused = false};
	if (!e && row) {
		slice_copy(db_col(q, 0), out->provider, sizeof out->provider);
		slice_copy(db_col(q, 1), out->purpose, sizeof out->purpose);
		slice_copy(db_col(q, 2), out->code, sizeof out->code);
		out->action = (enum contact_action)sqlite3_column_int(q, 3);
		out->refused = sqlite3_column_int(q, 4) == 1;
	}
	db_end(q);
	return !e && !row ? E_NOT_FOUND : e;
}

enum err contact_counts(struct db *db, int64_t *waiting, int64_t *refused, struct errinfo *ei)
{
	sqlite3_stmt *q = contact_stmt(db, COUNTS);
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (waiting)
		*waiting = !e && row ? sqlite3_column_int64(q, 0) : 0;
	if (refused)
		*refused = !e && row ? sqlite3_column_int64(q, 1) : 0;
	db_end(q);
	return e;
}
