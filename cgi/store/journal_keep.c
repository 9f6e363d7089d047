/* journal: what goes into it from data.db, when, and what is done when the file is not as we left it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "base/log.h"
#include "store/checkpoint.h"
#include "store/db_priv.h"
#include "store/event.h"
#include "store/journal.h"
#include "store/meta.h"
#include "store/person.h"

/* As the index event_left has it; event_departs() says the same. */
#define LEAVING "kind = 6 OR kind = 8 OR kind = 10 OR kind = 11 OR kind = 12 OR kind = 13 OR kind = 19"

#define STMTS(X)                                                                                             \
	X(ERASED_NOW, DB_READ, 3,                                                                             \
	    "SELECT person_id, asked_ms, keep_until_ms FROM erasure INDEXED BY erasure_open WHERE done_ms IS NULL"           \
	    " AND journaled = 0 ORDER BY person_id LIMIT ?1")                                                 \
	X(ERASED, DB_READ, 3,                                                                                 \
	    "SELECT person_id, asked_ms, keep_until_ms FROM erasure INDEXED BY erasure_journal_open WHERE journaled = 0"     \
	    " AND done_ms IS NOT NULL ORDER BY person_id LIMIT ?1")                                           \
	X(ERASED_DONE, DB_WRITE, 0, "UPDATE erasure SET journaled = 1 WHERE person_id = ?1 AND keep_until_ms IS ?2") \
	X(BLOCKED, DB_READ, 6,                                                                                \
	    "SELECT channel, reason, since_ms, until_ms, lookup, purpose FROM suppression"                    \
	    " INDEXED BY suppression_journal_open WHERE journaled = 0 LIMIT ?1")                              \
	X(BLOCKED_DONE, DB_WRITE, 0,                                                                          \
	    "UPDATE suppression SET journaled = 1 WHERE channel = ?1 AND lookup = ?2 AND purpose = ?3"        \
	    " AND until_ms IS ?4")                                                                            \
	X(LEFT, DB_READ, 4,                                                                                   \
	    "SELECT seq, person_id, kind, time_ms FROM event INDEXED BY event_left WHERE seq > ?1 AND (" LEAVING ")"         \
	    " ORDER BY seq LIMIT ?2")                                                                         \
	X(WAITS, DB_READ, 1,                                                                                  \
	    "SELECT EXISTS(SELECT 1 FROM erasure INDEXED BY erasure_journal_open WHERE journaled = 0)"         \
	    " OR EXISTS(SELECT 1 FROM suppression INDEXED BY suppression_journal_open WHERE journaled = 0)"   \
	    " OR EXISTS(SELECT 1 FROM event INDEXED BY event_left WHERE seq > ?1 AND (" LEAVING "))")          \
	X(IDS, DB_READ, 2, "SELECT name, seq FROM sqlite_sequence")                                           \
	X(WAITING, DB_READ, 2,                                                                                \
	    "SELECT count(*), coalesce(min(asked_ms), 0) FROM erasure INDEXED BY erasure_journal_open"        \
	    " WHERE journaled = 0")                                                                           \
	X(ANEW_ERASED, DB_WRITE, 0, "UPDATE erasure SET journaled = 0 WHERE journaled = 1")                   \
	X(ANEW_BLOCKED, DB_WRITE, 0, "UPDATE suppression SET journaled = 0 WHERE journaled = 1")
DB_STMTS(journal, JOURNAL, STMTS)
_Static_assert(EVENT_DENIED == 6 && EVENT_WITHDRAWN == 8 && EVENT_BOUNCED == 10 && EVENT_COMPLAINED == 11 &&
    EVENT_SUPPRESSED == 12 && EVENT_RESTRICTED == 13 && EVENT_OBJECTED == 19, "numbers of LEAVING");

#define META_KEY "journal"
#define ROWS_MAX 500
#define RECORDS_MAX (3 * ROWS_MAX)
#define EVENTS_MAX 2000
#define TEXT_MAX_BYTES (1024u * 1024u)
/* Smaller ones are not worth the work of cutting them. */
#define TRIM_MIN_BYTES (256u * 1024u)

/* meta "journal": what we wrote last, and how far events and checkpoints were looked through. */
struct kept {
	bool known;
	int64_t n;
	unsigned char mac[JOURNAL_MAC_BYTES];
	int64_t event_seq, signed_size, written_ms;
	int64_t bytes; /* length of the file then; 0: not known */
};

struct keep {
	struct store *s;
	int lock_fd;
	int64_t now_ms;
	bool alive; /* a sign of life is wanted */
	bool brief; /* somebody waits: the first portion, which has the erasures that are not done yet */
	bool owed;  /* brief: written, and to be marked by the caller */
	bool whole; /* the file is read from its beginning in any case */
	const struct journal_record *extra; /* NULL: none */
	struct kept kept;
	bool found; /* our last line stands in the file */
	struct journal_end end;
	struct journal_record *records; /* those of erasures and blocks, to be marked afterwards */
	size_t n;
	bool more;
	struct buf text;
};

/* ---- what we remember of it */

static bool kept_parse(struct slice v, struct kept *k)
{
	char text[256], hex[2 * JOURNAL_MAC_BYTES + 1];

	memset(k, 0, sizeof(*k));
	/* The last number is missing where an earlier version wrote. */
	if (!slice_copy(v, text, sizeof(text)) || sscanf(text, "%" SCNd64 " %64s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
	    &k->n, hex, &k->event_seq, &k->signed_size, &k->written_ms, &k->bytes) < 5)
		return false;
	k->known = enc_hex_decode(slice_from(hex), k->mac, sizeof(k->mac));
	return k->known;
}

static enum err kept_read(struct db *db, struct kept *k, struct errinfo *ei)
{
	struct buf b;
	enum err e;

	memset(k, 0, sizeof(*k));
	buf_init(&b, 256);
	e = meta_get(db, META_KEY, &b, ei);
	if (!e && !kept_parse(buf_slice(&b), k))
		e = err_set(ei, E_INVALID, "the value named " META_KEY " cannot be read");
	buf_free(&b);
	return e == E_NOT_FOUND ? OK : e;
}

enum err journal_known(struct db *db, int64_t *n, struct errinfo *ei)
{
	struct kept k;
	enum err e = kept_read(db, &k, ei);

	*n = k.known ? k.n : 0;
	return e;
}

static enum err kept_put(struct db *db, const struct keep *k, struct errinfo *ei)
{
	char hex[ENC_HEX_BYTES(JOURNAL_MAC_BYTES)], text[256];

	snprintf(text, sizeof(text), "%" PRId64 " %s %" PRId64 " %" PRId64 " %" PRId64 " %zu", k->end.n,
	    enc_hex(k->end.mac, sizeof(k->end.mac), hex), k->kept.event_seq, k->kept.signed_size, k->now_ms, k->end.bytes);
	return meta_put(db, META_KEY, slice_from(text), ei);
}

/* ---- what has to be written */

static void record_add(struct keep *k, const struct journal_record *r)
{
	struct journal_record copy = *r;

	journal_line(&k->text, k->s->ring, &copy, &k->end);
	if (r->kind != JOURNAL_ERASED && r->kind != JOURNAL_KEPT && r->kind != JOURNAL_BLOCKED)
		return;
	bug_if(k->n >= RECORDS_MAX);
	k->records[k->n++] = *r;
}

static enum err gather_erased(struct db *db, struct keep *k, int which, struct errinfo *ei)
{
	sqlite3_stmt *q = journal_stmt(db, which);
	bool row;
	enum err e;
	int n = 0;

	db_bind_i64(q, 1, ROWS_MAX);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		int64_t until_ms = sqlite3_column_int64(q, 2);
		const struct journal_record r = {.kind = until_ms ? JOURNAL_KEPT : JOURNAL_ERASED,
		    .at_ms = sqlite3_column_int64(q, 1), .v = {sqlite3_column_int64(q, 0), until_ms}};
		record_add(k, &r);
		n++;
	}
	k->more = k->more || n == ROWS_MAX;
	return e;
}

static enum err gather_blocked(struct db *db, struct keep *k, struct errinfo *ei)
{
	sqlite3_stmt *q = journal_stmt(db, BLOCKED);
	bool row;
	enum err e;
	int n = 0;

	db_bind_i64(q, 1, ROWS_MAX);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		struct journal_record r = {.kind = JOURNAL_BLOCKED, .at_ms = k->now_ms};
		struct slice purpose = db_col(q, 5);

		for (int i = 0; i < 4; i++)
			r.v[i] = sqlite3_column_int64(q, i);
		db_col_bytes(q, 4, r.blob, PERSON_LOOKUP_BYTES);
		if (!slice_copy(purpose.len ? purpose : SLICE("-"), r.word, sizeof(r.word)))
			r.word[0] = '-', r.word[1] = '\0'; /* a name too long for a line: all purposes, the safe side */
		record_add(k, &r);
		n++;
	}
	k->more = k->more || n == ROWS_MAX;
	return e;
}

static enum err gather_left(struct db *db, struct keep *k, struct errinfo *ei)
{
	sqlite3_stmt *q = journal_stmt(db, LEFT);
	bool row;
	enum err e;
	int n = 0;

	db_bind_i64(q, 1, k->kept.event_seq);
	db_bind_i64(q, 2, EVENTS_MAX);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		const struct journal_record r = {.kind = JOURNAL_LEFT, .at_ms = sqlite3_column_int64(q, 3),
		    .v = {sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2)}};
		k->kept.event_seq = sqlite3_column_int64(q, 0);
		record_add(k, &r);
		n++;
	}
	k->more = k->more || n == EVENTS_MAX;
	return e;
}

static enum err gather_signed(struct db *db, struct keep *k, struct errinfo *ei)
{
	struct journal_record r = {.kind = JOURNAL_SIGNED, .at_ms = k->now_ms};
	struct checkpoint c;
	enum err e = checkpoint_last(db, &c, NULL, ei);

	if (e)
		return e == E_NOT_FOUND ? OK : e;
	if (c.size <= k->kept.signed_size)
		return OK;
	r.v[0] = k->kept.signed_size = c.size;
	memcpy(r.blob, c.root, sizeof(r.blob));
	record_add(k, &r);
	return OK;
}

static enum err gather_alive(struct db *db, struct keep *k, struct errinfo *ei)
{
	static const char *const names[JOURNAL_INTS] = {"person", "request", "outbox", "event"};
	struct journal_record r = {.kind = JOURNAL_ALIVE, .at_ms = k->now_ms};
	sqlite3_stmt *q = journal_stmt(db, IDS);
	bool row;
	enum err e;

	while (!(e = db_row(db, q, &row, ei)) && row)
		for (int i = 0; i < JOURNAL_INTS; i++)
			if (slice_eq_str(db_col(q, 0), names[i]))
				r.v[i] = sqlite3_column_int64(q, 1);
	if (!e)
		record_add(k, &r);
	return e;
}

/* With each writing of something else comes the state of the ids, so that a restore knows which were given away. */
static enum err gather(struct db *db, struct keep *k, struct errinfo *ei)
{
	enum err e = gather_erased(db, k, ERASED_NOW, ei);

	if (!e)
		e = gather_erased(db, k, ERASED, ei);
	if (!e)
		e = gather_blocked(db, k, ei);
	if (!e)
		e = gather_left(db, k, ei);
	if (!e)
		e = gather_signed(db, k, ei);
	if (!e && !k->more && k->extra)
		record_add(k, k->extra);
	if (!e && !k->more && (k->alive || k->text.len))
		e = gather_alive(db, k, ei);
	if (!e && !buf_ok(&k->text))
		e = err_set(ei, E_NOMEM, "%s: no memory", k->s->journal_path);
	return e;
}

/* ---- the file */

static bool find_ours(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg)
{
	struct keep *k = arg;

	if (r->n == k->kept.n)
		k->found = crypt_equal(mac, k->kept.mac, JOURNAL_MAC_BYTES);
	return r->n < k->kept.n;
}

/* A file that is not what we wrote is kept beside, for whoever wants to know why. */
static enum err put_aside(struct keep *k, struct errinfo *ei)
{
	char to[4200];
	int n = snprintf(to, sizeof(to), "%s.%" PRId64, k->s->journal_path, k->now_ms / 1000);

	if (n < 0 || (size_t)n >= sizeof(to))
		return err_set(ei, E_LIMIT, "%s: path too long", k->s->journal_path);
	if (file_exists(k->s->journal_path) && rename(k->s->journal_path, to) < 0)
		return err_errno(ei, E_IO, errno, "%s: cannot be put aside", k->s->journal_path);
	log_event(LOG_ERROR, "journal_broken", LOG_S("site", k->s->site), LOG_S("path", k->s->journal_path), LOG_S("kept_as", to),
	    LOG_S("text", "the journal of erasures is missing, was cut off or altered; it is made anew from the data"));
	return OK;
}

/* All of it again: everything counts as not written yet. */
static enum err anew(struct keep *k, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(k->s, &db, ei);

	if (e)
		return e;
	e = db_run(db, journal_stmt(db, ANEW_ERASED), ei);
	if (!e)
		e = db_run(db, journal_stmt(db, ANEW_BLOCKED), ei);
	k->kept.event_seq = k->kept.signed_size = 0;
	if (!e)
		e = kept_put(db, k, ei);
	if (e) {
		store_write_rollback(k->s);
		return e;
	}
	return store_write_commit(k->s, ei);
}

static enum err file_begin(struct keep *k, struct errinfo *ei)
{
	unsigned char mac[JOURNAL_MAC_BYTES];
	struct buf b;
	enum err e;

	k->alive = true; /* so that it says since when */
	k->brief = false;
	crypt_random(mac, sizeof(mac));
	buf_init(&b, 1024);
	journal_begin(&b, k->s->ring, k->s->site, k->kept.n, mac, &k->end);
	e = buf_ok(&b) ? file_create(k->s->journal_path, buf_slice(&b), file_mode_at(k->s->journal_path, 0600), ei)
	    : err_set(ei, E_NOMEM, "%s: no memory", k->s->journal_path);
	buf_free(&b);
	return e ? e : anew(k, ei);
}

/* Its beginning was trimmed away together with our line, or a restored backup remembers none. */
static bool begins_behind(const struct keep *k)
{
	if (!k->kept.known || k->end.base_n > k->kept.n)
		return true;
	return k->end.base_n == k->kept.n && crypt_equal(k->end.base_mac, k->kept.mac, JOURNAL_MAC_BYTES);
}

/*
 * It is as long as we left it, and ends with our MAC: no need to check every line of it before each erasure. Whether
 * one before was altered is looked at with each sign of life, by the doctor and by a restore.
 */
static bool file_as_left(struct keep *k)
{
	char hex[ENC_HEX_BYTES(JOURNAL_MAC_BYTES)], tail[2 * JOURNAL_MAC_BYTES + 1];
	int fd = k->kept.known && k->kept.bytes > (int64_t)sizeof(tail) ? open(k->s->journal_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
	    : -1;
	struct stat st;
	bool same = fd >= 0 && fstat(fd, &st) == 0 && st.st_size == k->kept.bytes &&
	    pread(fd, tail, sizeof(tail), st.st_size - (off_t)sizeof(tail)) == (ssize_t)sizeof(tail);

	if (fd >= 0)
		close(fd);
	if (!same || memcmp(tail, enc_hex(k->kept.mac, sizeof(k->kept.mac), hex), 2 * JOURNAL_MAC_BYTES) != 0)
		return false;
	k->end = (struct journal_end){.n = k->kept.n, .bytes = (size_t)k->kept.bytes};
	memcpy(k->end.mac, k->kept.mac, sizeof(k->end.mac));
	return true;
}

/* Makes sure that the file is the one we wrote, and finds its end. */
static enum err file_ready(struct keep *k, struct errinfo *ei)
{
	struct errinfo why = {0};
	enum err e;

	if (!k->whole && file_as_left(k))
		return OK;
	k->found = false;
	e = journal_read(k->s->journal_path, k->s->ring, k->s->site, find_ours, k, &k->end, &why);
	if (e == E_NOT_FOUND && !k->kept.known)
		return file_begin(k, ei);
	if (!e && (k->found || begins_behind(k)))
		return OK;
	if (e && e != E_NOT_FOUND && e != E_INVALID && e != E_DENIED)
		return err_set(ei, e, "%s", why.text);
	if (e && e != E_NOT_FOUND)
		log_err(LOG_ERROR, "journal_broken", &why);
	e = put_aside(k, ei);
	return e ? e : file_begin(k, ei);
}

static enum err file_append(struct keep *k, size_t from, struct errinfo *ei)
{
	int fd = open(k->s->journal_path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok = fd >= 0;

	if (ok && k->end.torn)
		ok = ftruncate(fd, (off_t)from) == 0;
	ok = ok && pwrite(fd, k->text.data, k->text.len, (off_t)from) == (ssize_t)k->text.len && fsync(fd) == 0;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	k->end.torn = k->end.torn && !ok;
	return ok ? OK : err_errno(ei, E_IO, saved, "%s: cannot write the journal of erasures; is the second disk there and "
	    "not full?", k->s->journal_path);
}

static enum err mark_rows(struct keep *k, struct db *db, struct errinfo *ei)
{
	enum err e = OK;

	for (size_t i = 0; !e && i < k->n; i++) {
		const struct journal_record *r = &k->records[i];
		sqlite3_stmt *q = journal_stmt(db, r->kind == JOURNAL_BLOCKED ? BLOCKED_DONE : ERASED_DONE);

		db_bind_i64(q, 1, r->v[0]);
		if (r->kind == JOURNAL_BLOCKED) {
			db_bind_blob(q, 2, r->blob, PERSON_LOOKUP_BYTES);
			db_bind_text(q, 3, strcmp(r->word, "-") == 0 ? SLICE("") : slice_from(r->word));
			db_bind_id(q, 4, r->v[3]);
		} else {
			/* Not if what was kept has been given up since: that is one more line. */
			db_bind_id(q, 2, r->v[1]);
		}
		e = db_run(db, q, ei);
	}
	return e ? e : kept_put(db, k, ei);
}

static enum err mark(struct keep *k, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(k->s, &db, ei);

	if (e)
		return e;
	e = mark_rows(k, db, ei);
	if (!e)
		return store_write_commit(k->s, ei);
	store_write_rollback(k->s);
	return e;
}

/* One portion: read, written, durable, marked. */
static enum err portion(struct keep *k, struct errinfo *ei)
{
	size_t from = k->end.bytes;
	struct db *db;
	enum err e;

	buf_reset(&k->text);
	k->n = 0;
	k->more = false;
	e = store_read(k->s, &db, ei);
	if (e)
		return e;
	e = gather(db, k, ei);
	store_read_end(k->s, db);
	if (e || (!k->text.len && !k->more))
		return e;
	if (k->text.len)
		e = file_append(k, from, ei);
	k->owed = !e && k->brief;
	return e || k->brief ? e : mark(k, ei);
}

static enum err write_all(struct keep *k, struct errinfo *ei)
{
	enum err e = file_ready(k, ei);

	do
		e = e ? e : portion(k, ei);
	while (!e && k->more && !k->brief);
	return e;
}

/* Lines from before that time go; the chain then begins with the number and MAC of the last of them. */
struct cut {
	int64_t before_ms, n;
	unsigned char mac[JOURNAL_MAC_BYTES];
	size_t lines;
};

static bool cut_here(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg)
{
	struct cut *c = arg;

	if (r->at_ms >= c->before_ms)
		return false;
	c->n = r->n;
	memcpy(c->mac, mac, sizeof(c->mac));
	c->lines++;
	return true;
}

static enum err trim(struct keep *k, int64_t keep_ms, struct errinfo *ei)
{
	struct cut c = {.before_ms = k->now_ms - keep_ms};
	struct journal_end end;
	struct buf old, b;
	size_t at = 0;
	enum err e;

	buf_init(&old, JOURNAL_FILE_MAX_BYTES);
	buf_init(&b, JOURNAL_FILE_MAX_BYTES);
	e = file_read(&old, k->s->journal_path, ei);
	if (!e)
		e = journal_parse(buf_slice(&old), k->s->ring, k->s->site, cut_here, &c, &end, ei);
	if (e || !c.lines)
		goto out;
	for (size_t i = 0; i <= c.lines; i++)
		at = slice_find(buf_slice(&old), '\n', at) + 1;
	journal_begin(&b, k->s->ring, k->s->site, c.n, c.mac, &end);
	buf_add_slice(&b, slice_sub(buf_slice(&old), at, old.len));
	e = buf_ok(&b) ? file_write(k->s->journal_path, buf_slice(&b), file_mode_at(k->s->journal_path, 0600), ei)
	    : err_set(ei, E_NOMEM, "%s: no memory", k->s->journal_path);
out:
	buf_free(&old);
	buf_free(&b);
	return e;
}

static enum err keep_lock(struct store *s, int *fd, struct errinfo *ei)
{
	char path[4200];
	int n = snprintf(path, sizeof(path), "%s/journal.lock", s->dir);

	*fd = n > 0 && (size_t)n < sizeof(path) ? file_open(path, O_RDWR, 0600) : -1;
	if (*fd < 0 || flock(*fd, LOCK_EX) < 0) {
		int saved = errno;
		if (*fd >= 0)
			close(*fd);
		return err_errno(ei, E_IO, saved, "%s: cannot lock", path);
	}
	return OK;
}

/* Anything to write? Without it nobody opens the file. */
static enum err waits(struct db *db, struct keep *k, bool *due, struct errinfo *ei)
{
	struct checkpoint c = {.size = 0};
	sqlite3_stmt *q;
	bool row;
	enum err e = kept_read(db, &k->kept, ei);

	if (e)
		return e;
	k->alive = k->alive && k->now_ms - k->kept.written_ms >= JOURNAL_ALIVE_MS - 60000;
	q = journal_stmt(db, WAITS);
	db_bind_i64(q, 1, k->kept.event_seq);
	e = db_row(db, q, &row, ei);
	*due = k->alive || k->extra || !k->kept.known || (!e && row && sqlite3_column_int(q, 0));
	db_end(q);
	if (e || *due)
		return e;
	e = checkpoint_last(db, &c, NULL, ei);
	*due = !e && c.size > k->kept.signed_size;
	return e == E_NOT_FOUND ? OK : e;
}

static enum err keep_due(struct keep *k, bool *due, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_read(k->s, &db, ei);

	if (e)
		return e;
	e = waits(db, k, due, ei);
	store_read_end(k->s, db);
	return e;
}

static void keep_end(struct keep *k)
{
	if (k->lock_fd >= 0)
		close(k->lock_fd);
	free(k->records);
	buf_free(&k->text);
}

/* Leaves k locked; keep_end() in any case. */
static enum err keep_run(struct keep *k, int64_t keep_ms, struct errinfo *ei)
{
	bool due = false;
	enum err e;

	buf_init(&k->text, TEXT_MAX_BYTES);
	k->lock_fd = -1;
	k->records = calloc(RECORDS_MAX, sizeof(*k->records));
	e = k->records ? keep_lock(k->s, &k->lock_fd, ei) : err_set(ei, E_NOMEM, "%s: no memory", k->s->journal_path);
	if (!e)
		e = keep_due(k, &due, ei);
	if (!e && due)
		e = write_all(k, ei);
	if (!e && due && keep_ms && k->end.bytes > TRIM_MIN_BYTES && k->end.first_ms < k->now_ms - keep_ms)
		e = trim(k, keep_ms, ei);
	return e;
}

static enum err keep(struct store *s, const struct keep *how, int64_t keep_ms, struct errinfo *ei)
{
	struct keep k = *how;
	enum err e;

	if (!s->journal_path)
		return OK;
	k.s = s;
	e = keep_run(&k, keep_ms, ei);
	keep_end(&k);
	return e;
}

enum err journal_flush(struct store *s, int64_t now_ms, struct errinfo *ei)
{
	return keep(s, &(struct keep){.now_ms = now_ms}, 0, ei);
}

enum err journal_brief(struct store *s, int64_t now_ms, struct keep **out, struct errinfo *ei)
{
	struct keep *k;
	enum err e;

	*out = NULL;
	if (!s->journal_path)
		return OK;
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_set(ei, E_NOMEM, "%s: no memory", s->journal_path);
	*k = (struct keep){.s = s, .now_ms = now_ms, .brief = true};
	e = keep_run(k, 0, ei);
	if (!e && k->owed) {
		*out = k;
		return OK;
	}
	journal_brief_end(k);
	return e;
}

enum err journal_brief_mark(struct keep *k, struct db *db, struct errinfo *ei)
{
	return k ? mark_rows(k, db, ei) : OK;
}

void journal_brief_end(struct keep *k)
{
	if (!k)
		return;
	keep_end(k);
	free(k);
}

enum err journal_beat(struct store *s, int64_t now_ms, int64_t keep_ms, struct errinfo *ei)
{
	return keep(s, &(struct keep){.now_ms = now_ms, .alive = true, .whole = true}, keep_ms, ei);
}

enum err journal_restored(struct store *s, int64_t events, int64_t turn, int64_t now_ms, struct errinfo *ei)
{
	const struct journal_record r = {.kind = JOURNAL_RESTORED, .at_ms = now_ms, .v = {events, turn}};

	return keep(s, &(struct keep){.now_ms = now_ms, .extra = &r}, 0, ei);
}

enum err journal_state(struct db *db, struct journal_state *out, struct errinfo *ei)
{
	struct kept k;
	bool row;
	enum err e = kept_read(db, &k, ei);
	sqlite3_stmt *q;

	memset(out, 0, sizeof(*out));
	if (e)
		return e;
	out->written_ms = k.written_ms;
	q = journal_stmt(db, WAITING);
	e = db_row(db, q, &row, ei);
	if (!e && row) {
		out->waiting = sqlite3_column_int64(q, 0);
		out->waiting_since_ms = sqlite3_column_int64(q, 1);
		db_end(q);
	}
	return e;
}
