#include "store/event.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "store/db_priv.h"
#include "store/person.h"
#include "text/jsonw.h"

#define STMTS(X)                                                                                              \
	X(NEXT, DB_READ, 2,                                                                                    \
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0) + 1,"                  \
	    " coalesce((SELECT max(seq) FROM event WHERE person_id = ?1), 0)")                                 \
	X(INSERT, DB_WRITE, 0,                                                                                 \
	    "INSERT INTO event(seq, person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields,"       \
	    " core_ct, ip_ct, fields_ct) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")           \
	X(EACH, DB_READ, 12,                                                                                   \
	    "SELECT seq, person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields, core_ct, ip_ct,"  \
	    " fields_ct FROM event WHERE person_id = ?1 AND seq > ?2 ORDER BY seq")                            \
	X(LAST, DB_READ, 12,                                                                                   \
	    "SELECT seq, person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields, core_ct, ip_ct,"  \
	    " fields_ct FROM event WHERE person_id = ?1 AND kind IN (?2, ?3) ORDER BY seq DESC LIMIT 1")       \
	X(COMMITMENTS, DB_READ, 2, "SELECT seq, commitment FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2")   \
	X(LEAVES, DB_READ, 9,                                                                                  \
	    "SELECT seq, person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields FROM event"        \
	    " WHERE seq > ?1 ORDER BY seq")                                                                    \
	X(OPEN, DB_READ, 12,                                                                                   \
	    "SELECT seq, person_id, time_ms, kind, form, commitment, c_core, c_ip, c_fields, core_ct, ip_ct,"  \
	    " fields_ct FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2")                                      \
	X(CORES, DB_READ, 10,                                                                                  \
	    "SELECT e.seq, e.person_id, e.time_ms, e.kind, e.form, e.commitment, e.c_core, e.c_ip, e.c_fields,"\
	    " e.core_ct FROM person p CROSS JOIN event e ON e.person_id = p.id WHERE p.confirmed_ms IS NOT NULL"\
	    " AND p.state NOT IN (5, 6) AND (?1 >> e.kind) & 1 ORDER BY p.id, e.seq")                          \
	X(SIZE, DB_READ, 1, "SELECT coalesce(max(seq), 0) FROM event")                                         \
	X(NEWEST, DB_READ, 1,                                                                                  \
	    "SELECT coalesce(max(time_ms), 0) FROM (SELECT time_ms FROM event ORDER BY seq DESC LIMIT ?1)")    \
	X(DROP_IP, DB_ERASE, 0,                                                                                \
	    "UPDATE event SET ip_ct = NULL WHERE seq IN (SELECT seq FROM event WHERE ip_ct IS NOT NULL"        \
	    " AND time_ms < ?1 ORDER BY time_ms LIMIT ?2)")
DB_STMTS(event, EVENT, STMTS)

_Static_assert(PERSON_RESTRICTED == 5 && PERSON_ERASED == 6, "numbers used in the statements above");

#define EVENT_FORMAT 1
#define EVENT_PLAIN_MAX_BYTES (64u * 1024u)

static const char *const event_kinds[EVENT_KIND__MAX] = {
	[EVENT_REQUESTED] = "requested",
	[EVENT_MAIL_QUEUED] = "mail_queued",
	[EVENT_MAIL_ACCEPTED] = "mail_accepted",
	[EVENT_MAIL_FAILED] = "mail_failed",
	[EVENT_CONFIRMED] = "confirmed",
	[EVENT_DENIED] = "denied",
	[EVENT_EXPIRED] = "expired",
	[EVENT_WITHDRAWN] = "withdrawn",
	[EVENT_CHANGED] = "changed",
	[EVENT_BOUNCED] = "bounced",
	[EVENT_COMPLAINED] = "complained",
	[EVENT_SUPPRESSED] = "suppressed",
	[EVENT_RESTRICTED] = "restricted",
	[EVENT_ERASED] = "erased",
	[EVENT_RENEWED] = "renewed",
	[EVENT_NOTICE_ANNOUNCED] = "notice_announced",
	[EVENT_PURPOSE_ADDED] = "purpose_added",
	[EVENT_RECONFIRMED] = "reconfirmed",
	[EVENT_OBJECTED] = "objected",
	[EVENT_UNRESTRICTED] = "unrestricted",
	[EVENT_RELEASE_ANNOUNCED] = "release_announced",
	[EVENT_EXPORTED] = "exported",
	[EVENT_IMPORTED] = "imported",
	[EVENT_DELIVERED] = "delivered",
};

static const char *const event_places[EVENT_PART__MAX] = {
	[EVENT_CORE] = "event:core_ct",
	[EVENT_IP] = "event:ip_ct",
	[EVENT_FIELDS] = "event:fields_ct",
};

const char *event_kind_name(enum event_kind k)
{
	return k > 0 && k < EVENT_KIND__MAX ? event_kinds[k] : "?";
}

enum event_kind event_kind_from_name(struct slice name)
{
	int k = 1;
	while (k < EVENT_KIND__MAX && !slice_eq_str(name, event_kinds[k]))
		k++;
	return (enum event_kind)k;
}

bool event_departs(enum event_kind k)
{
	return k == EVENT_WITHDRAWN || k == EVENT_DENIED || k == EVENT_BOUNCED || k == EVENT_COMPLAINED ||
	    k == EVENT_SUPPRESSED || k == EVENT_RESTRICTED || k == EVENT_OBJECTED;
}

static void core_str(struct jsonw *w, const char *key, struct slice s)
{
	if (s.len)
		jsonw_kstr(w, key, s);
}

static void core_hash(struct jsonw *w, const char *key, const unsigned char *hash)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	if (hash)
		jsonw_kcstr(w, key, enc_hex(hash, STORE_HASH_BYTES, hex));
}

static void core_id(struct jsonw *w, const char *key, int64_t id)
{
	if (id)
		jsonw_kint(w, key, id);
}

static void core_purposes(struct jsonw *w, struct slice list)
{
	struct slice one;
	if (!list.len)
		return;
	jsonw_key(w, "purposes");
	jsonw_array(w);
	while (slice_split(&list, ',', &one))
		jsonw_str(w, one);
	jsonw_end_array(w);
}

/* The canonical core: keys in this order, those without a value left out. Format in docs/evidence.md. */
static void event_core(struct buf *out, const struct event_new *n, int64_t seq, int64_t prev)
{
	struct jsonw w;
	char when[CLOCK_ISO_BYTES];
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kint(&w, "v", EVENT_FORMAT);
	jsonw_kint(&w, "seq", seq);
	jsonw_kint(&w, "person", n->person_id);
	core_id(&w, "prev", prev);
	jsonw_kcstr(&w, "time", clock_iso(n->time_ms, when));
	jsonw_kcstr(&w, "kind", event_kinds[n->kind]);
	core_str(&w, "form", n->form);
	core_purposes(&w, n->purposes);
	core_str(&w, "page", n->page);
	core_str(&w, "lang", n->lang);
	core_hash(&w, "text_hash", n->text_hash);
	core_hash(&w, "mail_hash", n->mail_hash);
	core_hash(&w, "notice_hash", n->notice_hash);
	core_hash(&w, "config_hash", n->config_hash);
	core_id(&w, "request", n->request_id);
	core_id(&w, "outbox", n->outbox_id);
	core_str(&w, "provider", n->provider);
	core_str(&w, "provider_id", n->provider_id);
	core_str(&w, "detail", n->detail);
	jsonw_end_object(&w);
}

static void event_commitment(unsigned char out[STORE_HASH_BYTES], const unsigned char *core,
    const unsigned char *ip,
    const unsigned char *fields)
{
	static const unsigned char leaf = 0x00; /* RFC 6962 section 2.1 */
	const struct crypt_part parts[] = {
		{&leaf, 1}, {core, STORE_HASH_BYTES}, {ip, STORE_HASH_BYTES}, {fields, STORE_HASH_BYTES}};
	crypt_sha256_parts(out, parts, sizeof parts / sizeof *parts);
}

static enum err event_next(struct db *db, int64_t person_id, int64_t *seq, int64_t *prev, struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, NEXT);
	bool row;
	if (db->next_event_seq && db->new_person_id == person_id) {
		*seq = db->next_event_seq;
		return OK;
	}
	db_bind_i64(q, 1, person_id);
	enum err e = db_row(db, q, &row, ei);
	if (!e && row) {
		*seq = db->next_event_seq = sqlite3_column_int64(q, 0);
		*prev = sqlite3_column_int64(q, 1);
	}
	db_end(q);
	return e;
}

/* One part: salt || plaintext, its C, sealed into scratch[1 + part]. */
static enum err event_part_put(struct db *db, const struct event_new *n, enum event_part part, int64_t seq,
    int64_t prev, unsigned char c[STORE_HASH_BYTES], struct errinfo *ei)
{
	struct buf *plain = &db->scratch[0], *sealed = &db->scratch[1 + part];
	unsigned char salt[EVENT_SALT_BYTES];
	crypt_random(salt, sizeof salt);
	buf_reset(plain);
	buf_reset(sealed);
	buf_add(plain, salt, sizeof salt);
	if (part == EVENT_CORE)
		event_core(plain, n, seq, prev);
	else
		buf_add_slice(plain, part == EVENT_IP ? n->ip : n->fields);
	if (!buf_ok(plain) || plain->len > EVENT_PLAIN_MAX_BYTES)
		return err_set(ei, E_LIMIT, "an event is over 64 KiB");
	crypt_sha256(c, plain->data, plain->len);
	return seal_put(db, n->person_id, event_places[part], seq, buf_slice(plain), sealed, ei);
}

enum err event_append(struct db *db, const struct event_new *n, int64_t *seq_out, struct errinfo *ei)
{
	unsigned char c[EVENT_PART__MAX][STORE_HASH_BYTES], commitment[STORE_HASH_BYTES];
	int64_t seq = 0, prev = 0;
	bug_if(n->kind < 1 || n->kind >= EVENT_KIND__MAX);
	enum err e = event_next(db, n->person_id, &seq, &prev, ei);
	for (int part = 0; !e && part < EVENT_PART__MAX; part++)
		e = event_part_put(db, n, (enum event_part)part, seq, prev, c[part], ei);
	if (e)
		return e;
	event_commitment(commitment, c[EVENT_CORE], c[EVENT_IP], c[EVENT_FIELDS]);
	sqlite3_stmt *q = event_stmt(db, INSERT);
	db_bind_i64(q, 1, seq);
	db_bind_i64(q, 2, n->person_id);
	db_bind_i64(q, 3, n->time_ms);
	db_bind_i64(q, 4, n->kind);
	db_bind_text(q, 5, n->form);
	db_bind_blob(q, 6, commitment, sizeof commitment);
	for (int part = 0; part < EVENT_PART__MAX; part++) {
		db_bind_blob(q, 7 + part, c[part], STORE_HASH_BYTES);
		db_bind_blob(q, 10 + part, db->scratch[1 + part].data, db->scratch[1 + part].len);
	}
	e = db_run(db, q, ei);
	if (e)
		return e;
	db->next_event_seq++;
	if (event_departs(n->kind))
		db->wakes = true; /* into the journal of erasures */
	if (db->new_person_id == n->person_id)
		db->new_person_id = 0;
	if (seq_out)
		*seq_out = seq;
	return OK;
}

static enum err event_part_get(struct db *db, sqlite3_stmt *q, enum event_part part, struct event_row *r,
    struct buf *plain, struct errinfo *ei)
{
	r->present[part] = false;
	r->plain[part] = slice_make(NULL, 0);
	memset(r->salt[part], 0, EVENT_SALT_BYTES);
	if (sqlite3_column_type(q, 9 + (int)part) == SQLITE_NULL)
		return OK;
	buf_reset(plain);
	enum err e = seal_get(db, r->person_id, event_places[part], r->seq, db_col(q, 9 + (int)part), plain, ei);
	if (e == E_NOT_FOUND)
		return OK; /* key overwritten, row not emptied yet */
	if (e)
		return e;
	if (plain->len < EVENT_SALT_BYTES)
		return err_set(ei, E_IO, "event %lld is damaged", (long long)r->seq);
	memcpy(r->salt[part], plain->data, EVENT_SALT_BYTES);
	r->plain[part] = slice_sub(buf_slice(plain), EVENT_SALT_BYTES, plain->len - EVENT_SALT_BYTES);
	r->present[part] = true;
	return OK;
}

static enum err event_fill(struct db *db, sqlite3_stmt *q, struct event_row *r,
    struct buf plain[EVENT_PART__MAX],
    struct errinfo *ei)
{
	enum err e = OK;
	r->seq = sqlite3_column_int64(q, 0);
	r->person_id = sqlite3_column_int64(q, 1);
	r->time_ms = sqlite3_column_int64(q, 2);
	r->kind = (enum event_kind)sqlite3_column_int(q, 3);
	r->form = db_col(q, 4);
	db_col_bytes(q, 5, r->commitment, STORE_HASH_BYTES);
	for (int part = 0; !e && part < EVENT_PART__MAX; part++) {
		db_col_bytes(q, 6 + part, r->c[part], STORE_HASH_BYTES);
		e = event_part_get(db, q, (enum event_part)part, r, &plain[part], ei);
	}
	return e;
}

enum err event_each(struct db *db, int64_t person_id, int64_t after_seq,
    bool (*cb)(const struct event_row *r, void *arg), void *arg, struct errinfo *ei)
{
	struct buf plain[EVENT_PART__MAX];
	struct event_row r;
	bool row;
	enum err e;
	for (int i = 0; i < EVENT_PART__MAX; i++)
		buf_init(&plain[i], EVENT_PLAIN_MAX_BYTES);
	sqlite3_stmt *q = event_stmt(db, EACH);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, after_seq);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		e = event_fill(db, q, &r, plain, ei);
		if (e || !cb(&r, arg))
			break;
	}
	db_end(q);
	for (int i = 0; i < EVENT_PART__MAX; i++)
		buf_free(&plain[i]);
	return e;
}

enum err event_last(struct db *db, int64_t person_id, enum event_kind a, enum event_kind b,
    void (*cb)(const struct event_row *r, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, LAST);
	struct buf plain[EVENT_PART__MAX];
	struct event_row r;
	bool row;
	for (int i = 0; i < EVENT_PART__MAX; i++)
		buf_init(&plain[i], EVENT_PLAIN_MAX_BYTES);
	db_bind_i64(q, 1, person_id);
	db_bind_i64(q, 2, a);
	db_bind_i64(q, 3, b);
	enum err e = db_row(db, q, &row, ei);
	if (!e && !row)
		e = err_set(ei, E_NOT_FOUND, "no such event");
	if (!e)
		e = event_fill(db, q, &r, plain, ei);
	if (!e)
		cb(&r, arg);
	db_end(q);
	for (int i = 0; i < EVENT_PART__MAX; i++)
		buf_free(&plain[i]);
	return e;
}

bool event_verify(const struct event_row *r)
{
	unsigned char hash[STORE_HASH_BYTES];
	for (int i = 0; i < EVENT_PART__MAX; i++) {
		const struct crypt_part parts[] = {{r->salt[i], EVENT_SALT_BYTES}, {r->plain[i].ptr, r->plain[i].len}};
		if (!r->present[i])
			continue;
		crypt_sha256_parts(hash, parts, 2);
		if (memcmp(hash, r->c[i], sizeof hash) != 0)
			return false;
	}
	event_commitment(hash, r->c[EVENT_CORE], r->c[EVENT_IP], r->c[EVENT_FIELDS]);
	return memcmp(hash, r->commitment, sizeof hash) == 0;
}

enum err event_commitments(struct db *db, int64_t after_seq, unsigned limit,
    bool (*cb)(int64_t seq, const unsigned char commitment[STORE_HASH_BYTES], void *arg), void *arg,
    struct errinfo *ei)
{
	unsigned char commitment[STORE_HASH_BYTES];
	sqlite3_stmt *q = event_stmt(db, COMMITMENTS);
	bool row;
	enum err e;
	db_bind_i64(q, 1, after_seq);
	db_bind_i64(q, 2, limit);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		db_col_bytes(q, 1, commitment, sizeof commitment);
		if (!cb(sqlite3_column_int64(q, 0), commitment, arg))
			break;
	}
	db_end(q);
	return e;
}

static void leaf_fill(sqlite3_stmt *q, struct event_leaf *l)
{
	l->seq = sqlite3_column_int64(q, 0);
	l->person_id = sqlite3_column_int64(q, 1);
	l->time_ms = sqlite3_column_int64(q, 2);
	l->kind = sqlite3_column_int(q, 3);
	l->form = db_col(q, 4);
	db_col_bytes(q, 5, l->commitment, STORE_HASH_BYTES);
	for (int part = 0; part < EVENT_PART__MAX; part++)
		db_col_bytes(q, 6 + part, l->c[part], STORE_HASH_BYTES);
}

enum err event_leaves(struct db *db, int64_t after_seq, bool (*cb)(const struct event_leaf *l, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, LEAVES);
	struct event_leaf l;
	bool row;
	enum err e;
	db_bind_i64(q, 1, after_seq);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		leaf_fill(q, &l);
		if (!cb(&l, arg))
			break;
	}
	db_end(q);
	return e;
}

void event_leaf_commitment(const unsigned char c[EVENT_PART__MAX][STORE_HASH_BYTES], unsigned char out[STORE_HASH_BYTES])
{
	event_commitment(out, c[EVENT_CORE], c[EVENT_IP], c[EVENT_FIELDS]);
}

enum err event_open_each(struct db *db, int64_t after_seq, unsigned limit,
    bool (*cb)(const struct event_row *r, bool damaged, void *arg), void *arg, struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, OPEN);
	struct buf plain[EVENT_PART__MAX];
	struct event_row r;
	bool row;
	enum err e;
	for (int i = 0; i < EVENT_PART__MAX; i++)
		buf_init(&plain[i], EVENT_PLAIN_MAX_BYTES);
	db_bind_i64(q, 1, after_seq);
	db_bind_i64(q, 2, limit);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		enum err open = event_fill(db, q, &r, plain, ei);
		if (open && open != E_DENIED && open != E_IO && open != E_LIMIT) {
			e = open;
			break;
		}
		for (int part = 0; open && part < EVENT_PART__MAX; part++)
			r.present[part] = false;
		if (!cb(&r, open != OK, arg))
			break;
	}
	db_end(q);
	for (int i = 0; i < EVENT_PART__MAX; i++)
		buf_free(&plain[i]);
	return e;
}

enum err event_core_each(struct db *db, uint64_t kinds, bool (*cb)(const struct event_row *r, void *arg), void *arg,
    struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, CORES);
	struct event_row r = {.seq = 0};
	struct event_leaf l;
	struct buf plain;
	bool row;
	enum err e;
	buf_init(&plain, EVENT_PLAIN_MAX_BYTES);
	db_bind_i64(q, 1, (int64_t)kinds);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		leaf_fill(q, &l);
		r.seq = l.seq;
		r.person_id = l.person_id;
		r.time_ms = l.time_ms;
		r.kind = (enum event_kind)l.kind;
		r.form = l.form;
		memcpy(r.commitment, l.commitment, STORE_HASH_BYTES);
		memcpy(r.c, l.c, sizeof r.c);
		e = event_part_get(db, q, EVENT_CORE, &r, &plain, ei);
		if (e)
			break;
		if (r.present[EVENT_CORE] && !cb(&r, arg))
			break;
	}
	db_end(q);
	buf_free(&plain);
	return e;
}

enum err event_size(struct db *db, int64_t *n, struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, SIZE);
	bool row;
	*n = 0;
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		*n = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

enum err event_newest(struct db *db, unsigned among, int64_t *ms, struct errinfo *ei)
{
	sqlite3_stmt *q = event_stmt(db, NEWEST);
	bool row;
	*ms = 0;
	db_bind_i64(q, 1, among);
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		*ms = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

enum err event_drop_ip(struct store *s, int64_t before_ms, unsigned limit, unsigned *dropped,
    struct errinfo *ei)
{
	struct db *db;
	unsigned count = 0;
	enum err e = store_write_begin(s, &db, ei);
	if (e)
		return e;
	store_erasure_begin(db);
	sqlite3_stmt *q = event_stmt(db, DROP_IP);
	db_bind_i64(q, 1, before_ms);
	db_bind_i64(q, 2, limit);
	e = db_run(db, q, ei);
	count = (unsigned)db_changes(db);
	store_erasure_end(db);
	if (e)
		store_write_rollback(s);
	else
		e = store_write_commit(s, ei);
	if (dropped)
		*dropped = e ? 0 : count;
	return e;
}
