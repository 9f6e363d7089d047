#include "store/person.h"

#include <string.h>

#include "store/db_priv.h"
#include "store/keyslot.h"

#define COLUMNS "id, channel, state, lookup, lang, created_ms, changed_ms, confirmed_ms"
#define STMTS(X)                                                                                            \
	X(FIND, DB_READ, 8, "SELECT " COLUMNS " FROM person WHERE channel = ?1 AND lookup = ?2")             \
	X(GET, DB_READ, 8, "SELECT " COLUMNS " FROM person WHERE id = ?1")                                   \
	X(GET_ADDRESS, DB_READ, 9, "SELECT " COLUMNS ", address_ct FROM person WHERE id = ?1")               \
	X(NEXT_ID, DB_READ, 1,                                                                               \
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0) + 1")               \
	X(INSERT, DB_WRITE, 0,                                                                               \
	    "INSERT INTO person(id, channel, lookup, state, lang, address_ct, fields_ct, created_ms, changed_ms," \
	    " confirmed_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, CASE ?4 WHEN 1 THEN ?8 END)")         \
	X(FIELDS, DB_READ, 1, "SELECT fields_ct FROM person WHERE id = ?1")                                  \
	X(SET_STATE, DB_WRITE, 0,                                                                            \
	    "UPDATE person SET state = ?2, changed_ms = ?3, confirmed_ms = CASE WHEN ?2 = 1"                 \
	    " THEN coalesce(confirmed_ms, ?3) ELSE confirmed_ms END WHERE id = ?1 AND state <> 6")           \
	X(SET_FIELDS, DB_WRITE, 0,                                                                           \
	    "UPDATE person SET fields_ct = ?2, changed_ms = ?3 WHERE id = ?1 AND state <> 6")                \
	X(SET_LANG, DB_WRITE, 0,                                                                             \
	    "UPDATE person SET lang = ?2, changed_ms = ?3 WHERE id = ?1 AND state <> 6")                     \
	X(SET_ADDRESS, DB_WRITE, 0,                                                                          \
	    "UPDATE person SET lookup = ?2, address_ct = ?3, changed_ms = ?4 WHERE id = ?1 AND state <> 6")  \
	X(EACH, DB_READ, 8,                                                                                  \
	    "SELECT " COLUMNS " FROM person WHERE id > ?1 AND (?2 < 0 OR state = ?2) ORDER BY id LIMIT ?3")  \
	X(IDLE, DB_READ, 8,                                                                                  \
	    "SELECT " COLUMNS " FROM person WHERE id > ?1 AND state = ?2 AND changed_ms < ?4"                \
	    " ORDER BY id LIMIT ?3")                                                                         \
	X(COUNTS, DB_READ, 2, "SELECT state, count(*) FROM person GROUP BY state")
DB_STMTS(person, PERSON, STMTS)

_Static_assert(PERSON_ACTIVE == 1 && PERSON_ERASED == 6, "numbers used in the statements above");

#define PLACE_ADDRESS "person:address_ct"
#define PLACE_FIELDS "person:fields_ct"
/* Slots of erased persons that a restored backup would hand out again are skipped. */
#define PERSON_SKIP_MAX 100000

static const char *const person_states[PERSON_STATE__MAX] = {
	[PERSON_PENDING] = "pending",
	[PERSON_ACTIVE] = "active",
	[PERSON_UNSUBSCRIBED] = "unsubscribed",
	[PERSON_BOUNCED] = "bounced",
	[PERSON_SUPPRESSED] = "suppressed",
	[PERSON_RESTRICTED] = "restricted",
	[PERSON_ERASED] = "erased",
};

const char *person_state_name(enum person_state s)
{
	return s < PERSON_STATE__MAX ? person_states[s] : "?";
}

enum person_state person_state_from_name(struct slice name)
{
	int s = 0;
	while (s < PERSON_STATE__MAX && !slice_eq_str(name, person_states[s]))
		s++;
	return (enum person_state)s;
}

void person_lookup(const struct keyring *k, enum store_channel channel, struct slice address,
    unsigned char out[PERSON_LOOKUP_BYTES])
{
	unsigned char in[1 + PERSON_ADDRESS_MAX_BYTES];
	/* Longer ones are never stored (person_insert), so cutting cannot join two. */
	size_t n = address.len < PERSON_ADDRESS_MAX_BYTES ? address.len : PERSON_ADDRESS_MAX_BYTES;
	in[0] = (unsigned char)channel;
	if (n)
		memcpy(in + 1, address.ptr, n);
	crypt_keyed(out, PERSON_LOOKUP_BYTES, keyring_lookup(k), in, 1 + n);
}

static void person_fill(sqlite3_stmt *q, struct person *p)
{
	p->id = sqlite3_column_int64(q, 0);
	p->channel = (enum store_channel)sqlite3_column_int(q, 1);
	p->state = (enum person_state)sqlite3_column_int(q, 2);
	db_col_bytes(q, 3, p->lookup, sizeof p->lookup);
	slice_copy(db_col(q, 4), p->lang, sizeof p->lang);
	p->created_ms = sqlite3_column_int64(q, 5);
	p->changed_ms = sqlite3_column_int64(q, 6);
	p->confirmed_ms = sqlite3_column_int64(q, 7);
}

static enum err person_one(struct db *db, sqlite3_stmt *q, struct person *out, struct errinfo *ei)
{
	bool row;
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no such person");
	person_fill(q, out);
	db_end(q);
	return OK;
}

enum err person_find(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES],
    struct person *out, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, FIND);
	db_bind_i64(q, 1, channel);
	db_bind_blob(q, 2, lookup, PERSON_LOOKUP_BYTES);
	return person_one(db, q, out, ei);
}

enum err person_find_address(struct db *db, enum store_channel channel, struct slice address,
    struct person *out,
    struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	person_lookup(db_keyring(db), channel, address, lookup);
	return person_find(db, channel, lookup, out, ei);
}

enum err person_get(struct db *db, int64_t id, struct person *out, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, GET);
	db_bind_i64(q, 1, id);
	return person_one(db, q, out, ei);
}

enum err person_get_address(struct db *db, int64_t id, struct person *out, struct buf *address, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, GET_ADDRESS);
	bool row;
	db_bind_i64(q, 1, id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no such person");
	person_fill(q, out);
	if (sqlite3_column_type(q, 8) != SQLITE_NULL)
		e = seal_get(db, id, PLACE_ADDRESS, id, db_col(q, 8), address, ei);
	else
		e = err_set(ei, E_NOT_FOUND, "this person is erased");
	db_end(q);
	return e;
}

/* The number of the next person, as AUTOINCREMENT would give it; read once per transaction. */
static enum err person_next_id(struct db *db, struct errinfo *ei)
{
	bool row;
	if (db->next_person_id)
		return OK;
	sqlite3_stmt *q = person_stmt(db, NEXT_ID);
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		db->next_person_id = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

/* Seals address and fields under the next slot that is alive. */
static enum err person_seal(struct db *db, const struct person_new *n, struct errinfo *ei)
{
	struct buf *address = &db->scratch[0], *fields = &db->scratch[1];
	enum err e = person_next_id(db, ei);
	for (int skipped = 0; !e && skipped < PERSON_SKIP_MAX; skipped++) {
		buf_reset(address);
		e = keyslots_need(db->store, db->next_person_id, ei);
		if (!e)
			e = seal_put(db, db->next_person_id, PLACE_ADDRESS, db->next_person_id, n->address, address, ei);
		if (e != E_NOT_FOUND)
			break;
		db->next_person_id++;
		e = OK;
	}
	buf_reset(fields);
	if (!e && n->fields.len)
		e = seal_put(db, db->next_person_id, PLACE_FIELDS, db->next_person_id, n->fields, fields, ei);
	return e;
}

enum err person_insert(struct db *db, const struct person_new *n, int64_t *id, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	enum err e;
	if (!db->writer)
		return err_set(ei, E_DENIED, "a read handle cannot store a person");
	if (n->address.len == 0 || n->address.len > PERSON_ADDRESS_MAX_BYTES ||
	    n->fields.len > PERSON_FIELDS_MAX_BYTES)
		return err_set(ei, E_LIMIT, "an address has 1 to 320 bytes, fields up to 16384");
	e = person_seal(db, n, ei);
	if (e)
		return e;
	person_lookup(db_keyring(db), n->channel, n->address, lookup);
	sqlite3_stmt *q = person_stmt(db, INSERT);
	db_bind_i64(q, 1, db->next_person_id);
	db_bind_i64(q, 2, n->channel);
	db_bind_blob(q, 3, lookup, sizeof lookup);
	db_bind_i64(q, 4, n->state);
	db_bind_text(q, 5, n->lang);
	db_bind_blob(q, 6, db->scratch[0].data, db->scratch[0].len);
	if (n->fields.len)
		db_bind_blob(q, 7, db->scratch[1].data, db->scratch[1].len);
	db_bind_i64(q, 8, n->now_ms);
	e = db_run(db, q, ei);
	if (!e)
		*id = db->new_person_id = db->next_person_id++;
	return e;
}

enum err person_address(struct db *db, int64_t id, struct buf *out, struct errinfo *ei)
{
	struct person p;
	return person_get_address(db, id, &p, out, ei);
}

enum err person_fields(struct db *db, int64_t id, struct buf *out, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, FIELDS);
	bool row;
	db_bind_i64(q, 1, id);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no such person");
	if (sqlite3_column_type(q, 0) != SQLITE_NULL)
		e = seal_get(db, id, PLACE_FIELDS, id, db_col(q, 0), out, ei);
	db_end(q);
	return e;
}

/* An update that met no row: which of the two reasons was it? */
static enum err person_updated(struct db *db, sqlite3_stmt *q, int64_t id, struct errinfo *ei)
{
	struct person p;
	enum err e = db_run(db, q, ei);
	if (e || db_changes(db) > 0)
		return e;
	e = person_get(db, id, &p, ei);
	return e ? e : err_set(ei, E_CONFLICT, "this person is erased");
}

enum err person_set_state(struct db *db, int64_t id, enum person_state state, int64_t now_ms,
    struct errinfo *ei)
{
	/* Erased is what erasure.c makes, in its order. */
	bug_if(state >= PERSON_ERASED);
	sqlite3_stmt *q = person_stmt(db, SET_STATE);
	db_bind_i64(q, 1, id);
	db_bind_i64(q, 2, state);
	db_bind_i64(q, 3, now_ms);
	return person_updated(db, q, id, ei);
}

enum err person_set_fields(struct db *db, int64_t id, struct slice fields, int64_t now_ms, struct errinfo *ei)
{
	struct buf *sealed = &db->scratch[0];
	enum err e = OK;
	if (fields.len > PERSON_FIELDS_MAX_BYTES)
		return err_set(ei, E_LIMIT, "fields have up to 16384 bytes");
	buf_reset(sealed);
	if (fields.len)
		e = seal_put(db, id, PLACE_FIELDS, id, fields, sealed, ei);
	if (e)
		return e;
	sqlite3_stmt *q = person_stmt(db, SET_FIELDS);
	db_bind_i64(q, 1, id);
	if (fields.len)
		db_bind_blob(q, 2, sealed->data, sealed->len);
	db_bind_i64(q, 3, now_ms);
	return person_updated(db, q, id, ei);
}

enum err person_set_lang(struct db *db, int64_t id, struct slice lang, int64_t now_ms, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, SET_LANG);
	db_bind_i64(q, 1, id);
	db_bind_text(q, 2, lang);
	db_bind_i64(q, 3, now_ms);
	return person_updated(db, q, id, ei);
}

enum err person_set_address(struct db *db, int64_t id, struct slice address, int64_t now_ms,
    struct errinfo *ei)
{
	struct buf *sealed = &db->scratch[0];
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	struct person p;
	enum err e = person_get(db, id, &p, ei);
	if (e)
		return e;
	if (address.len == 0 || address.len > PERSON_ADDRESS_MAX_BYTES)
		return err_set(ei, E_LIMIT, "an address has 1 to 320 bytes");
	buf_reset(sealed);
	e = seal_put(db, id, PLACE_ADDRESS, id, address, sealed, ei);
	if (e)
		return e;
	person_lookup(db_keyring(db), p.channel, address, lookup);
	sqlite3_stmt *q = person_stmt(db, SET_ADDRESS);
	db_bind_i64(q, 1, id);
	db_bind_blob(q, 2, lookup, sizeof lookup);
	db_bind_blob(q, 3, sealed->data, sealed->len);
	db_bind_i64(q, 4, now_ms);
	return person_updated(db, q, id, ei);
}

static enum err person_walk(struct db *db, sqlite3_stmt *q, bool (*cb)(const struct person *p, void *arg),
    void *arg, struct errinfo *ei)
{
	struct person p;
	bool row;
	enum err e;
	while (!(e = db_row(db, q, &row, ei)) && row) {
		person_fill(q, &p);
		if (!cb(&p, arg))
			break;
	}
	db_end(q);
	return e;
}

enum err person_each(struct db *db, enum person_state state, int64_t after_id, unsigned limit,
    bool (*cb)(const struct person *p, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, EACH);
	db_bind_i64(q, 1, after_id);
	db_bind_i64(q, 2, state == PERSON_STATE__MAX ? -1 : (int64_t)state);
	db_bind_i64(q, 3, limit);
	return person_walk(db, q, cb, arg, ei);
}

enum err person_idle_each(struct db *db, enum person_state state, int64_t before_ms, int64_t after_id,
    unsigned limit, bool (*cb)(const struct person *p, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, IDLE);
	db_bind_i64(q, 1, after_id);
	db_bind_i64(q, 2, state);
	db_bind_i64(q, 3, limit);
	db_bind_i64(q, 4, before_ms);
	return person_walk(db, q, cb, arg, ei);
}

enum err person_counts(struct db *db, int64_t counts[PERSON_STATE__MAX], struct errinfo *ei)
{
	sqlite3_stmt *q = person_stmt(db, COUNTS);
	bool row;
	enum err e;
	memset(counts, 0, sizeof(*counts) * PERSON_STATE__MAX);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		int64_t state = sqlite3_column_int64(q, 0);
		if (state >= 0 && state < PERSON_STATE__MAX)
			counts[state] = sqlite3_column_int64(q, 1);
	}
	return e;
}
