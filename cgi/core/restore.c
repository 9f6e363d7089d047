#include "core/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/logbook_priv.h"
#include "store/erasure.h"
#include "store/event.h"
#include "store/keyslot.h"
#include "store/meta.h"
#include "store/person.h"
#include "store/request.h"
#include "store/suppression.h"

#define PORTION 500

/* What the journal says, as far as the backup does not know it. */
struct replay {
	const struct restore *r;
	int64_t made_ms;
	int64_t known_n; /* line that the backup knows of; 0: none, or not looked at */
	struct journal_record *v;
	size_t n, room;
	bool full; /* no memory */
};

static enum err sub(char dst[static PATH_MAX], const char *dir, const char *name, struct errinfo *ei)
{
	int n = snprintf(dst, PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_MAX ? OK : err_set(ei, E_LIMIT, "%s: path too long", dir);
}

static enum err stage_open(const struct restore *r, const char *stage, struct store **st, struct errinfo *ei)
{
	char ring[PATH_MAX];
	const struct store_opts o = {.site = r->site->id, .dir = stage, .keys_path = r->ring ? r->ring : ring};
	enum err rc = sub(ring, stage, "site.keys", ei);

	return rc ? rc : store_open(st, &o, ei);
}

/* ---- 1: whole, and readable */

struct reading {
	struct db *db;
	struct buf address;
	int64_t after, seen, unreadable;
	struct errinfo *ei;
};

static bool read_one(const struct person *p, void *arg)
{
	struct reading *x = arg;
	enum err rc;

	x->after = p->id;
	if (p->state == PERSON_ERASED)
		return true;
	buf_reset(&x->address);
	rc = person_address(x->db, p->id, &x->address, x->ei);
	crypt_wipe(x->address.data, x->address.len);
	x->seen++;
	/* A slot that is erased in newer keys: somebody the journal names, too. */
	x->unreadable += rc != OK && rc != E_NOT_FOUND;
	return true;
}

/* Every person's address opens with the key in the slot. */
static enum err persons_open(struct store *st, int64_t *persons, struct errinfo *ei)
{
	struct errinfo one = {.code = OK};
	struct reading x = {.ei = &one};
	int64_t before = -1;
	enum err rc = store_read(st, &x.db, ei);

	if (rc)
		return rc;
	buf_init(&x.address, PERSON_ADDRESS_MAX_BYTES + 64);
	while (!rc && x.after != before) {
		before = x.after;
		rc = person_each(x.db, PERSON_STATE__MAX, x.after, PORTION, read_one, &x, ei);
	}
	buf_free(&x.address);
	store_read_end(st, x.db);
	*persons = x.seen;
	if (!rc && x.unreadable)
		rc = err_set(ei, E_DENIED, "the data of %lld persons do not open with their keys: %s. Are data and keys of the same "
		    "machine?", (long long)x.unreadable, one.text);
	return rc;
}

static enum err stage_check(struct store *st, struct replay *p, struct restore_report *out, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_check(st, ei);

	if (!rc)
		rc = persons_open(st, &out->persons, ei);
	if (!rc)
		rc = store_read(st, &db, ei);
	if (rc)
		return rc;
	rc = event_size(db, &out->events, ei);
	if (!rc)
		rc = journal_known(db, &p->known_n, ei);
	store_read_end(st, db);
	return rc;
}

static enum err slots_check(const char *stage, const struct restore_report *out, struct errinfo *ei)
{
	char data[CLOCK_ISO_BYTES], keys[CLOCK_ISO_BYTES];
	int64_t missing;
	enum err rc = backup_missing_slots(stage, &missing, ei);

	if (rc || !missing)
		return rc;
	return err_set(ei, E_CONFLICT, "the backup of the keys (%s) is older than %lld persons in the data (%s): their keys are "
	    "not in it. Take a newer one", clock_iso(out->keys.head.made_ms, keys), (long long)missing,
	    clock_iso(out->data.head.made_ms, data));
}

/* ---- 2: the journal */

static bool is_replayed(enum journal_kind k)
{
	return k == JOURNAL_ERASED || k == JOURNAL_KEPT || k == JOURNAL_LEFT || k == JOURNAL_BLOCKED;
}

/*
 * Erasures count whenever they were: ids are never used again. The others only from the time of the backup on; what was
 * before is in it, with all that came after.
 */
static bool note(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg)
{
	struct replay *p = arg;
	const bool always = r->kind == JOURNAL_ERASED || r->kind == JOURNAL_KEPT;

	(void)mac;
	if (!is_replayed(r->kind) || (!always && r->at_ms < p->made_ms))
		return true;
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		struct journal_record *v = realloc(p->v, room * sizeof(*v));

		p->full = !v;
		if (!v)
			return false;
		p->v = v;
		p->room = room;
	}
	p->v[p->n++] = *r;
	return true;
}

/* "5 h 12 min", and what to write behind --accept-gap. */
static void gap_words(int64_t ms, char dst[48], unsigned *hours)
{
	int64_t min = (ms + 59999) / 60000;

	*hours = (unsigned)((min + 59) / 60);
	snprintf(dst, 48, "%lld h %lld min", (long long)(min / 60), (long long)(min % 60));
}

static enum err gap_check(const struct restore *r, const struct restore_report *out, const char *why, struct errinfo *ei)
{
	char words[48];
	unsigned hours;

	if (out->gap_ms <= r->accept_gap_ms)
		return OK;
	gap_words(out->gap_ms, words, &hours);
	return err_set(ei, E_CONFLICT, "%s. Erasures of %s are written down nowhere; people who were erased then would be back. If "
	    "you accept that: --accept-gap %uh", why, words, hours);
}

static enum err journal_check(const struct restore *r, const struct replay *p, struct restore_report *out,
    struct errinfo *ei)
{
	char why[200], when[CLOCK_ISO_BYTES];
	const struct journal_end *j = &out->journal;
	/* Begun, and nothing was ever written: as if there were none. */
	const int64_t end_ms = j->at_ms ? j->at_ms : out->data.head.made_ms, late = r->now_ms - end_ms;
	/* The backup is proof that there were more lines: then the two hours are no excuse. */
	const bool cut = j->n < p->known_n;
	int64_t early;

	/* Trimmed at its beginning: the backup is older than what it knows. */
	early = j->base_n && j->first_ms > out->data.head.made_ms ? j->first_ms - out->data.head.made_ms : 0;
	out->gap_ms = (cut || late > JOURNAL_PRESENT_MS ? late : 0) + early;
	if (cut)
		snprintf(why, sizeof(why), "the journal of erasures was cut off: it ends with line %lld on %s, and the backup knows "
		    "line %lld", (long long)j->n, clock_iso(end_ms, when), (long long)p->known_n);
	else if (early)
		snprintf(why, sizeof(why), "the journal of erasures begins on %s, after the backup", clock_iso(j->first_ms, when));
	else
		snprintf(why, sizeof(why), "the journal of erasures ends on %s", clock_iso(end_ms, when));
	return gap_check(r, out, why, ei);
}

static enum err journal_load(const struct restore *r, const struct keyring *ring, struct replay *p,
    struct restore_report *out, struct errinfo *ei)
{
	enum err rc;

	p->r = r;
	p->made_ms = out->data.head.made_ms;
	if (!r->journal) {
		out->gap_ms = r->now_ms - out->data.head.made_ms;
		return gap_check(r, out, "there is no journal of erasures", ei);
	}
	rc = journal_read(r->journal, ring, r->site->id, note, p, &out->journal, ei);
	if (!rc && p->full)
		rc = err_set(ei, E_NOMEM, "%s: no memory", r->journal);
	if (rc == E_NOT_FOUND) {
		out->gap_ms = r->now_ms - out->data.head.made_ms;
		return gap_check(r, out, ei->text, ei);
	}
	return rc ? rc : journal_check(r, p, out, ei);
}

/* ---- 3: once more */

/* The event of it, as it would have been written then; the wording is in the log that was lost. */
static enum err again_event(struct db *db, int64_t person, enum event_kind kind, int64_t at_ms, struct errinfo *ei)
{
	const struct event_new e = {.person_id = person, .time_ms = at_ms, .kind = kind, .detail = SLICE("journal")};
	enum err rc = event_append(db, &e, NULL, ei);

	/* No key any more: newer keys than data. */
	return rc == E_NOT_FOUND ? OK : rc;
}

static enum err again_erased(struct db *db, const struct journal_record *j, struct restore_report *out, struct errinfo *ei)
{
	struct person p;
	enum err rc = person_get(db, j->v[0], &p, ei);

	if (rc == E_NOT_FOUND) {
		out->unknown++;
		return OK;
	}
	/* Erased before, and the evidence that stayed has gone since. */
	if (!rc && p.state == PERSON_ERASED && j->kind == JOURNAL_ERASED)
		return erasure_ask_rest(db, p.id, ei);
	if (rc || p.state == PERSON_ERASED)
		return rc;
	out->erased++;
	rc = again_event(db, p.id, EVENT_ERASED, j->at_ms, ei);
	if (!rc && j->kind == JOURNAL_KEPT)
		return erasure_ask_keep(db, p.id, ERASURE_REQUEST, j->v[1], j->at_ms, ei);
	return rc ? rc : erasure_ask(db, p.id, ERASURE_REQUEST, j->at_ms, ei);
}

struct open_requests {
	int64_t id[64];
	size_t n;
};

static bool open_request(const struct request_row *r, void *arg)
{
	struct open_requests *o = arg;

	o->id[o->n++] = r->id;
	return o->n < 64;
}

/* State of who left in this way; PERSON_STATE__MAX: as it is. */
static enum person_state left_state(int64_t kind)
{
	switch (kind) {
	case EVENT_WITHDRAWN:
		return PERSON_UNSUBSCRIBED;
	case EVENT_BOUNCED:
		return PERSON_BOUNCED;
	case EVENT_COMPLAINED:
	case EVENT_SUPPRESSED:
	case EVENT_OBJECTED:
		return PERSON_SUPPRESSED;
	case EVENT_RESTRICTED:
		return PERSON_RESTRICTED;
	default:
		return PERSON_STATE__MAX;
	}
}

/*
 * The journal does not say from which of several lists; off all of them is the safe side. Whoever waits for a
 * confirmation waits no longer.
 */
static enum err again_left(struct db *db, const struct journal_record *j, struct restore_report *out, struct errinfo *ei)
{
	const enum person_state to = left_state(j->v[1]);
	struct open_requests open = {.n = 0};
	struct person p;
	enum err rc = person_get(db, j->v[0], &p, ei);

	if (rc == E_NOT_FOUND)
		return OK;
	if (rc || p.state == PERSON_ERASED || p.state == PERSON_RESTRICTED || p.state == to)
		return rc;
	rc = request_pending(db, p.id, open_request, &open, ei);
	for (size_t i = 0; !rc && i < open.n; i++)
		rc = request_settle(db, open.id[i], REQUEST_CANCELLED, j->at_ms, ei);
	if (rc || to == PERSON_STATE__MAX)
		return rc;
	if (to != PERSON_RESTRICTED)
		rc = purpose_set_all(db, p.id, PURPOSE_ENDED, j->at_ms, NULL, ei);
	/* Never confirmed: stays what it is, and goes with its period. */
	if (!rc && (p.state != PERSON_PENDING || to != PERSON_UNSUBSCRIBED))
		rc = person_set_state(db, p.id, to, j->at_ms, ei);
	if (!rc)
		rc = again_event(db, p.id, (enum event_kind)j->v[1], j->at_ms, ei);
	out->left += !rc;
	return rc;
}

static enum err again_blocked(struct db *db, const struct journal_record *j, struct restore_report *out, struct errinfo *ei)
{
	struct suppression s = {.channel = (enum store_channel)j->v[0], .reason = (enum suppression_reason)j->v[1],
	    .since_ms = j->v[2], .until_ms = j->v[3], .purpose = slice_from(j->word)};
	enum err rc;

	if (slice_eq_str(s.purpose, "-"))
		s.purpose = SLICE("");
	memcpy(s.lookup, j->blob, sizeof(s.lookup));
	rc = suppression_add(db, &s, ei);
	out->blocked += !rc;
	return rc;
}

static enum err again(struct db *db, const struct journal_record *j, struct restore_report *out, struct errinfo *ei)
{
	switch (j->kind) {
	case JOURNAL_ERASED:
	case JOURNAL_KEPT:
		return again_erased(db, j, out, ei);
	case JOURNAL_LEFT:
		return again_left(db, j, out, ei);
	default:
		return again_blocked(db, j, out, ei);
	}
}

/* Slots of people who are not in these data: their keys may be in the backup, made ahead. */
static enum err slots_erase(struct store *st, const struct replay *p, struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; !rc && i < p->n; i++)
		if (p->v[i].kind == JOURNAL_ERASED)
			rc = keyslot_erase(st, p->v[i].v[0], ei);
	return rc;
}

static enum err replay(struct store *st, const struct replay *p, int64_t now_ms, struct restore_report *out,
    struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t at = 0; !rc && at < p->n; at += PORTION) {
		struct db *db;

		rc = store_write_begin(st, &db, ei);
		for (size_t i = at; !rc && i < p->n && i < at + PORTION; i++)
			rc = again(db, &p->v[i], out, ei);
		if (rc)
			store_write_rollback(st);
		else
			rc = store_write_commit(st, ei);
	}
	if (!rc)
		rc = erasure_finish(st, now_ms, NULL, ei);
	return rc ? rc : slots_erase(st, p, ei);
}

/* ---- 5: a log of its own */

static enum err log_name(const struct restore *r, struct store *st, struct buf *origin, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	buf_reset(origin);
	rc = logbook_origin(db, r->site, origin, ei);
	store_read_end(st, db);
	return rc;
}

static enum err log_restart(const struct restore *r, struct store *st, struct restore_report *out, struct errinfo *ei)
{
	struct buf origin;
	enum err rc;

	buf_init(&origin, sizeof(out->origin));
	/* Behind every name that was ever begun, also by a restore that is itself lost. */
	do {
		rc = logbook_restart(r->site, st, ei);
		if (!rc)
			rc = log_name(r, st, &origin, ei);
	} while (!rc && logbook_turn(buf_slice(&origin)) <= out->journal.turn);
	if (!rc) {
		slice_copy(buf_slice(&origin), out->origin, sizeof(out->origin));
		out->turn = logbook_turn(buf_slice(&origin));
	}
	buf_free(&origin);
	return rc;
}

static enum err dir_sync(const char *dir, struct errinfo *ei)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err rc = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL) ? OK : err_errno(ei, E_IO, errno, "%s: cannot sync", dir);

	if (fd >= 0)
		close(fd);
	return rc;
}

/* With the store open for the first time, and closed again. */
static enum err stage_first(const struct restore *r, const char *stage, struct restore_report *out, struct errinfo *ei)
{
	struct replay p = {.n = 0};
	struct store *st = NULL;
	enum err rc = stage_open(r, stage, &st, ei);

	if (!rc)
		rc = stage_check(st, &p, out, ei);
	if (!rc)
		rc = journal_load(r, store_keyring(st), &p, out, ei);
	if (!rc)
		rc = replay(st, &p, r->now_ms, out, ei);
	store_close(st);
	free(p.v);
	return rc;
}

static enum err stage_second(const struct restore *r, const char *stage, struct restore_report *out, struct errinfo *ei)
{
	int64_t ids[JOURNAL_INTS];
	struct store *st = NULL;
	enum err rc;

	for (int i = 0; i < JOURNAL_INTS; i++)
		ids[i] = out->journal.ids[i];
	/* The keys say how many persons there were when they were copied; slots are made ahead of them. */
	if (out->keys.ids[0] > ids[0])
		ids[0] = out->keys.ids[0];
	rc = backup_settle(stage, ids, r->now_ms, &out->settled, ei);
	if (!rc)
		rc = stage_open(r, stage, &st, ei);
	if (!rc)
		rc = log_restart(r, st, out, ei);
	store_close(st);
	return rc;
}

enum err restore_stage(const struct restore *r, const char *stage, struct restore_report *out, struct errinfo *ei)
{
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = backup_unpack(stage, r->site->id, r->data, r->keys, r->secret, &out->data, &out->keys, ei);
	if (!rc)
		rc = slots_check(stage, out, ei);
	if (!rc)
		rc = stage_first(r, stage, out, ei);
	if (!rc)
		rc = stage_second(r, stage, out, ei);
	return rc ? rc : dir_sync(stage, ei);
}

/* The file of keys first: without data it is a refusal to start, never a new site. */
static enum err place_ring(const char *stage, const char *ring_path, struct errinfo *ei)
{
	char from[PATH_MAX];
	struct keyring *have = NULL;
	struct buf b;
	enum err rc = sub(from, stage, "site.keys", ei);

	if (rc)
		return rc;
	if (file_exists(ring_path)) {
		rc = keyring_load(&have, ring_path, ei);
		keyring_free(have);
		return rc;
	}
	buf_init(&b, 64 * 1024);
	rc = file_read_secret(&b, from, ei);
	if (!rc)
		rc = file_create(ring_path, buf_slice(&b), file_mode_at(ring_path, 0600) & ~(mode_t)0020, ei);
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	return rc;
}

enum err restore_place(const char *stage, const char *dir, const char *ring_path, struct errinfo *ei)
{
	char copy[PATH_MAX];
	char *up;
	enum err rc;

	if (file_exists(dir) && rmdir(dir) < 0)
		return err_set(ei, E_CONFLICT, "%s exists: a restore never replaces data. Stop the service and move it away", dir);
	rc = place_ring(stage, ring_path, ei);
	if (!rc)
		rc = sub(copy, stage, "site.keys", ei);
	if (rc)
		return rc;
	unlink(copy);
	if (rename(stage, dir) < 0)
		return err_errno(ei, E_IO, errno, "%s: cannot be given its place at %s", stage, dir);
	up = file_resolve(dir, ".");
	rc = up ? dir_sync(up, ei) : err_set(ei, E_NOMEM, "%s: no memory", dir);
	free(up);
	return rc;
}

enum err restore_look(const struct restore *r, struct restore_report *out, struct errinfo *ei)
{
	struct replay p = {.n = 0};
	struct keyring *ring = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = pack_read(r->data, r->secret, NULL, &out->data, ei);
	if (!rc)
		rc = pack_read(r->keys, r->secret, NULL, &out->keys, ei);
	if (!rc && (out->data.head.kind != PACK_DATA || out->keys.head.kind != PACK_KEYS))
		rc = err_set(ei, E_INVALID, "one backup of data and one of keys is needed");
	if (!rc && (strcmp(out->data.head.site, r->site->id) != 0 || strcmp(out->keys.head.site, r->site->id) != 0))
		rc = err_set(ei, E_INVALID, "these are backups of site %s and %s, not of %s", out->data.head.site,
		    out->keys.head.site, r->site->id);
	if (!rc && r->ring)
		rc = keyring_load(&ring, r->ring, ei);
	if (!rc && ring)
		rc = journal_load(r, ring, &p, out, ei);
	for (size_t i = 0; i < p.n; i++) {
		out->erased += p.v[i].kind == JOURNAL_ERASED || p.v[i].kind == JOURNAL_KEPT;
		out->left += p.v[i].kind == JOURNAL_LEFT;
		out->blocked += p.v[i].kind == JOURNAL_BLOCKED;
	}
	keyring_free(ring);
	free(p.v);
	return rc;
}

void restore_discard(const char *stage)
{
	char path[PATH_MAX];
	struct errinfo ei;
	struct dirent *e;
	DIR *d = opendir(stage);

	/* Ours are flat: databases, keys, lock files. */
	while (d && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && sub(path, stage, e->d_name, &ei) == OK)
			unlink(path);
	if (d)
		closedir(d);
	rmdir(stage);
}
