#include "core/retention.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/contact.h"
#include "core/evidence.h"
#include "core/state.h"
#include "store/daily.h"
#include "store/dsar.h"
#include "store/due.h"
#include "store/erasure.h"
#include "store/hook.h"
#include "store/move.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/request.h"
#include "store/suppression.h"

/* What began before this time is over, or (evidence) may be: its period is at least this long. */
static int64_t before(const struct conf_site *c, enum keep_kind k, int64_t now_ms)
{
	return now_ms - keep_period(c, k).seconds * 1000;
}

struct ids {
	int64_t id[RETENTION_BATCH];
	size_t n;
};

/* One portion of persons in a state: those that are due, and how far we have looked. */
struct portion {
	const struct conf_site *conf;
	size_t at;               /* index into the states to look in */
	enum person_state state;
	int64_t now_ms;
	int64_t after_id;
	size_t seen;
	struct ids ids;
};

static void portion_add(struct portion *f, int64_t id)
{
	if (f->ids.n < RETENTION_BATCH)
		f->ids.id[f->ids.n++] = id;
}

static bool see_pending(const struct person *p, void *arg)
{
	struct portion *f = arg;

	f->after_id = p->id;
	f->seen++;
	if (!p->confirmed_ms)
		portion_add(f, p->id);
	return true;
}

/* Calls need their consent documented for five years after its last use (UWG 7a). */
static int64_t evidence_end(const struct conf_site *c, const struct person *p)
{
	const struct conf_duration voice = {.n = RETENTION_VOICE_YEARS, .unit = 'y'};
	int64_t end = keep_end(c, KEEP_EVIDENCE, p->changed_ms), calls = conf_duration_after(voice, p->changed_ms);

	return p->channel == STORE_VOICE && calls > end ? calls : end;
}

static bool see_left(const struct person *p, void *arg)
{
	struct portion *f = arg;

	f->after_id = p->id;
	f->seen++;
	if (p->confirmed_ms && evidence_end(f->conf, p) <= f->now_ms)
		portion_add(f, p->id);
	return true;
}

struct last_request {
	int64_t created_ms;
};

static bool latest(const struct request_row *r, void *arg)
{
	struct last_request *l = arg;

	if (r->created_ms > l->created_ms)
		l->created_ms = r->created_ms;
	return true;
}

/* Persons who never confirmed and whose last request is too old. */
static enum err find_unconfirmed(struct db *db, struct portion *f, struct errinfo *ei)
{
	int64_t old_ms = before(f->conf, KEEP_PENDING, f->now_ms);
	struct ids all;
	enum err rc = person_idle_each(db, f->state, old_ms, f->after_id, RETENTION_BATCH, see_pending, f, ei);

	all = f->ids;
	f->ids.n = 0;
	for (size_t i = 0; !rc && i < all.n; i++) {
		struct last_request last = {.created_ms = 0};
		rc = request_each(db, all.id[i], latest, &last, ei);
		if (!rc && last.created_ms < old_ms)
			portion_add(f, all.id[i]);
	}
	return rc;
}

struct requests {
	int64_t id[RETENTION_BATCH], person[RETENTION_BATCH];
	char form[RETENTION_BATCH][64];
	char purposes[RETENTION_BATCH][1024];
	size_t n, seen;
	int64_t before_ms, after_ms; /* expiry of the last one looked at */
};

static bool add_request(const struct request_row *r, void *arg)
{
	struct requests *l = arg;
	size_t i = l->n;

	l->seen++;
	l->after_ms = r->expires_ms;
	if (r->created_ms >= l->before_ms || !slice_copy(r->form, l->form[i], sizeof(l->form[i]))
	    || !slice_copy(r->purposes, l->purposes[i], sizeof(l->purposes[i])))
		return true;
	l->id[i] = r->id;
	l->person[i] = r->person_id;
	l->n++;
	return l->n < RETENTION_BATCH;
}

/* The next portion behind the last; seen == 0 at the end. */
static enum err find_requests(struct db *db, const struct conf_site *c, int64_t now_ms, struct requests *out,
    struct errinfo *ei)
{
	out->n = out->seen = 0;
	out->before_ms = before(c, KEEP_PENDING, now_ms);
	return request_expired_each(db, out->after_ms, now_ms, RETENTION_BATCH, add_request, out, ei);
}

static enum err find_left(struct db *db, struct portion *f, struct errinfo *ei)
{
	return person_idle_each(db, f->state, before(f->conf, KEEP_EVIDENCE, f->now_ms), f->after_id,
	    RETENTION_BATCH, see_left, f, ei);
}

typedef enum err find_fn(struct db *db, struct portion *f, struct errinfo *ei);

/*
 * In which states to look. Who bounced or complained is either somebody who never confirmed or somebody whose
 * consent has ended; the block on the address is another matter (store/suppression.h) and stays.
 */
static const enum person_state states_unconfirmed[] = {PERSON_PENDING, PERSON_BOUNCED, PERSON_SUPPRESSED};
static const enum person_state states_left[] = {PERSON_UNSUBSCRIBED, PERSON_BOUNCED, PERSON_SUPPRESSED};
#define STATES_N 3

/* The next portion with anybody in it; ids.n == 0 at the end. */
static enum err find_next(struct db *db, find_fn *find, struct portion *f, struct errinfo *ei)
{
	const enum person_state *states = find == find_left ? states_left : states_unconfirmed;
	enum err rc = OK;

	f->ids.n = 0;
	while (!rc && !f->ids.n && f->at < STATES_N) {
		f->state = states[f->at];
		f->seen = 0;
		f->ids.n = 0;
		rc = find(db, f, ei);
		if (!rc && !f->seen) {
			f->at++;
			f->after_id = 0;
		}
	}
	return rc;
}

static enum err any_person(struct db *db, find_fn *find, const struct conf_site *c, int64_t now_ms, bool *due,
    struct errinfo *ei)
{
	struct portion f = {.conf = c, .now_ms = now_ms};
	enum err rc = find_next(db, find, &f, ei);

	*due = !rc && f.ids.n;
	return rc;
}

/* ---- evidence that outlived an erasure (core/rights.h) */

static bool add_kept(const struct erasure_kept *k, void *arg)
{
	struct ids *ids = arg;

	ids->id[ids->n++] = k->person_id;
	return ids->n < RETENTION_BATCH;
}

enum err retention_due(struct db *db, const struct conf_site *c, int64_t now_ms, bool *due, struct errinfo *ei)
{
	/* Over 100 KB: too much for a stack, and for every thread's own memory. */
	struct requests *l = calloc(1, sizeof(*l));
	enum err rc = l ? any_person(db, find_unconfirmed, c, now_ms, due, ei) : err_set(ei, E_NOMEM, "retention");

	if (!rc && !*due) {
		rc = find_requests(db, c, now_ms, l, ei);
		*due = !rc && l->n;
	}
	free(l);
	if (!rc && !*due)
		rc = any_person(db, find_left, c, now_ms, due, ei);
	if (!rc && !*due) {
		struct ids kept = {.n = 0};
		rc = erasure_kept_due(db, now_ms, 1, add_kept, &kept, ei);
		*due = !rc && kept.n;
	}
	return rc;
}

static enum err end_event(struct db *db, const struct site *s, int64_t person, enum event_kind kind, const char *form,
    const char *purposes, int64_t request, int64_t now_ms, struct errinfo *ei)
{
	struct event_new e = {.person_id = person, .time_ms = now_ms, .kind = kind, .form = slice_from(form),
	    .purposes = slice_from(purposes), .request_id = request};

	return evidence_append(db, s, &e, ei);
}

/* One transaction: each person gets the event that says why, and is put down for erasure. */
static enum err erase_batch(const struct site *s, struct store *st, const struct ids *ids, enum event_kind kind,
    enum erasure_reason reason, int64_t now_ms, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < ids->n; i++) {
		rc = end_event(db, s, ids->id[i], kind, "", "", 0, now_ms, ei);
		if (!rc)
			rc = contact_erased(db, s, ids->id[i], now_ms, ei);
		if (!rc)
			rc = erasure_ask(db, ids->id[i], reason, now_ms, ei);
		if (!rc && kind == EVENT_EXPIRED)
			rc = daily_add(db, daily_day(now_ms), SLICE(""), DAILY_EXPIRED, 1, ei);
	}
	if (rc) {
		store_write_rollback(st);
		return rc;
	}
	rc = store_write_commit(st, ei);
	return rc ? rc : erasure_finish(st, now_ms, NULL, ei);
}

static enum err persons(const struct site *s, struct store *st, int64_t now_ms, find_fn *find, enum event_kind kind,
    enum erasure_reason reason, unsigned *count, struct errinfo *ei)
{
	struct portion f = {.conf = site_conf(s), .now_ms = now_ms};
	enum err rc;

	do {
		struct db *db;
		rc = store_read(st, &db, ei);
		if (rc)
			return rc;
		rc = find_next(db, find, &f, ei);
		store_read_end(st, db);
		if (!rc && f.ids.n)
			rc = erase_batch(s, st, &f.ids, kind, reason, now_ms, ei);
		*count += rc ? 0 : (unsigned)f.ids.n;
	} while (!rc && f.ids.n);
	return rc;
}

static enum err kept_batch(const struct site *s, struct db *db, int64_t now_ms, struct ids *ids, struct errinfo *ei)
{
	enum err rc = erasure_kept_due(db, now_ms, RETENTION_BATCH, add_kept, ids, ei);

	for (size_t i = 0; !rc && i < ids->n; i++) {
		rc = end_event(db, s, ids->id[i], EVENT_ERASED, "", "", 0, now_ms, ei);
		if (!rc)
			rc = erasure_ask_rest(db, ids->id[i], ei);
	}
	return rc;
}

static enum err kept_end(const struct site *s, struct store *st, int64_t now_ms, unsigned *count, struct errinfo *ei)
{
	struct ids ids;
	enum err rc;

	do {
		struct db *db;
		ids.n = 0;
		rc = store_write_begin(st, &db, ei);
		if (rc)
			return rc;
		rc = kept_batch(s, db, now_ms, &ids, ei);
		if (rc) {
			store_write_rollback(st);
			return rc;
		}
		rc = store_write_commit(st, ei);
		if (!rc && ids.n)
			rc = erasure_finish(st, now_ms, NULL, ei);
		*count += rc ? 0 : (unsigned)ids.n;
	} while (!rc && ids.n == RETENTION_BATCH);
	return rc;
}

/* Whether it is the open request of a known person, who stays; restricted people are left as they are. */
static enum err is_open(struct db *db, const struct requests *l, size_t i, bool *open, struct errinfo *ei)
{
	struct person p;
	enum err rc = person_get(db, l->person[i], &p, ei);

	*open = !rc && state_edge(p.state, STATE_UNCONFIRMED)->act == STATE_REFUSE;
	return rc;
}

static enum err end_request(struct db *db, const struct site *s, const struct requests *l, size_t i, int64_t now_ms,
    unsigned *count, struct errinfo *ei)
{
	bool open;
	enum err rc = is_open(db, l, i, &open, ei);

	if (rc || !open)
		return rc;
	rc = request_settle(db, l->id[i], REQUEST_EXPIRED, now_ms, ei);
	*count += !rc;
	return rc ? rc : end_event(db, s, l->person[i], EVENT_EXPIRED, l->form[i], l->purposes[i], l->id[i], now_ms,
	    ei);
}

static enum err requests_portion(const struct site *s, struct store *st, struct requests *l, int64_t now_ms,
    unsigned *count, struct errinfo *ei)
{
	unsigned done = 0;
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	rc = find_requests(db, site_conf(s), now_ms, l, ei);
	for (size_t i = 0; !rc && i < l->n; i++)
		rc = end_request(db, s, l, i, now_ms, &done, ei);
	if (rc) {
		store_write_rollback(st);
		return rc;
	}
	rc = store_write_commit(st, ei);
	*count += rc ? 0 : done;
	return rc;
}

/* Each portion lies behind the one before, so rows that stay open hold up nobody. */
static enum err requests_end(const struct site *s, struct store *st, int64_t now_ms, unsigned *count,
    struct errinfo *ei)
{
	struct requests *l = calloc(1, sizeof(*l));
	enum err rc = l ? OK : err_set(ei, E_NOMEM, "retention");
	unsigned portions = 0;

	do
		rc = rc ? rc : requests_portion(s, st, l, now_ms, count, ei);
	while (!rc && l->seen == RETENTION_BATCH && ++portions < RETENTION_PORTIONS_MAX);
	free(l);
	return rc;
}

enum err retention_run(const struct site *s, struct store *st, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei)
{
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = persons(s, st, now_ms, find_unconfirmed, EVENT_EXPIRED, ERASURE_UNCONFIRMED, &out->unconfirmed, ei);
	if (!rc)
		rc = requests_end(s, st, now_ms, &out->requests, ei);
	if (!rc)
		rc = persons(s, st, now_ms, find_left, EVENT_ERASED, ERASURE_RETENTION, &out->evidence, ei);
	if (!rc)
		rc = kept_end(s, st, now_ms, &out->evidence, ei);
	return rc ? rc : retention_sweep(site_conf(s), st, now_ms, out, ei);
}

/* What is over since when, for each kind of rows that go by their age alone. */
static const struct sweep {
	enum due_what what;
	enum keep_kind kind;
	size_t counted; /* in struct retention_report */
} sweeps[] = {
    {DUE_MAILS, KEEP_MAILS, offsetof(struct retention_report, mails)},
    {DUE_BLOCKS, KEEP_DENY, offsetof(struct retention_report, suppressions)},
    {DUE_COUNTS, KEEP_COUNTS, offsetof(struct retention_report, counts)},
    {DUE_HOOKS, KEEP_HOOKS, offsetof(struct retention_report, hooks)},
    {DUE_DSAR, KEEP_REQUESTS, offsetof(struct retention_report, dsars)},
};

static int64_t sweep_before(const struct conf_site *c, enum due_what what, enum keep_kind kind, int64_t now_ms)
{
	if (what == DUE_BLOCKS)
		return now_ms; /* each carries its own end */
	return what == DUE_COUNTS ? daily_day(now_ms) - RETENTION_DAILY_DAYS : before(c, kind, now_ms);
}

/* Counts what goes, of all kinds but IP addresses. */
static enum err sweep_count(struct db *db, const struct conf_site *c, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; !rc && i < sizeof(sweeps) / sizeof(sweeps[0]); i++) {
		int64_t n;

		rc = due_count(db, sweeps[i].what, sweep_before(c, sweeps[i].what, sweeps[i].kind, now_ms), &n, ei);
		*(unsigned *)((char *)out + sweeps[i].counted) += (unsigned)n;
	}
	return rc;
}

static enum err sweep_rows(const struct conf_site *c, struct store *st, int64_t now_ms, unsigned *mails,
    struct retention_report *out, struct errinfo *ei)
{
	struct retention_report counted = {.mails = 0};
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	rc = sweep_count(db, c, now_ms, &counted, ei);
	if (!rc)
		rc = outbox_purge(db, before(c, KEEP_MAILS, now_ms), RETENTION_ROWS, mails, ei);
	if (!rc)
		rc = suppression_purge(db, now_ms, NULL, ei);
	if (!rc)
		rc = daily_purge(db, daily_day(now_ms) - RETENTION_DAILY_DAYS, ei);
	if (!rc)
		rc = move_expire(db, now_ms, ei);
	if (!rc)
		rc = hook_purge(db, before(c, KEEP_HOOKS, now_ms), ei);
	if (!rc)
		rc = dsar_purge(db, before(c, KEEP_REQUESTS, now_ms), ei);
	if (rc) {
		store_write_rollback(st);
		return rc;
	}
	out->mails += *mails;
	out->suppressions += counted.suppressions;
	out->counts += counted.counts;
	out->hooks += counted.hooks;
	out->dsars += counted.dsars;
	return store_write_commit(st, ei);
}

enum err retention_sweep(const struct conf_site *c, struct store *st, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei)
{
	unsigned dropped = RETENTION_ROWS, mails = RETENTION_ROWS;
	enum err rc = OK;

	while (!rc && dropped == RETENTION_ROWS) {
		rc = event_drop_ip(st, before(c, KEEP_IP, now_ms), RETENTION_ROWS, &dropped, ei);
		out->ips += rc ? 0 : dropped;
	}
	while (!rc && mails == RETENTION_ROWS)
		rc = sweep_rows(c, st, now_ms, &mails, out, ei);
	return rc;
}

/* ---- only looking */

static enum err count_persons(struct db *db, find_fn *find, const struct conf_site *c, int64_t now_ms, unsigned *n,
    struct errinfo *ei)
{
	struct portion f = {.conf = c, .now_ms = now_ms};
	enum err rc;

	do {
		rc = find_next(db, find, &f, ei);
		*n += rc ? 0 : (unsigned)f.ids.n;
	} while (!rc && f.ids.n);
	return rc;
}

static enum err count_requests(struct db *db, const struct conf_site *c, int64_t now_ms, unsigned *n, struct errinfo *ei)
{
	struct requests *l = calloc(1, sizeof(*l));
	enum err rc = l ? OK : err_set(ei, E_NOMEM, "retention");

	do {
		rc = rc ? rc : find_requests(db, c, now_ms, l, ei);
		for (size_t i = 0; !rc && i < l->n; i++) {
			bool open;

			rc = is_open(db, l, i, &open, ei);
			*n += !rc && open;
		}
	} while (!rc && l->seen == RETENTION_BATCH);
	free(l);
	return rc;
}

static bool count_kept(const struct erasure_kept *k, void *arg)
{
	(void)k;
	(*(unsigned *)arg)++;
	return true;
}

enum err retention_look(struct db *db, const struct conf_site *c, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei)
{
	int64_t ips = 0;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = count_persons(db, find_unconfirmed, c, now_ms, &out->unconfirmed, ei);
	if (!rc)
		rc = count_requests(db, c, now_ms, &out->requests, ei);
	if (!rc)
		rc = count_persons(db, find_left, c, now_ms, &out->evidence, ei);
	if (!rc)
		rc = erasure_kept_due(db, now_ms, INT_MAX, count_kept, &out->evidence, ei);
	if (!rc)
		rc = due_count(db, DUE_IPS, before(c, KEEP_IP, now_ms), &ips, ei);
	out->ips = (unsigned)ips;
	return rc ? rc : sweep_count(db, c, now_ms, out, ei);
}

/* ---- one line per kind, for people */

static const struct retention_row rows[] = {
    {KEEP_PENDING, "unconfirmed", "people who never confirmed", offsetof(struct retention_report, unconfirmed)},
    {KEEP_PENDING, "requests", "open requests of people who stay", offsetof(struct retention_report, requests)},
    {KEEP_EVIDENCE, "evidence", "people who left, with their proof", offsetof(struct retention_report, evidence)},
    {KEEP_IP, "ip", "IP addresses in proofs", offsetof(struct retention_report, ips)},
    {KEEP_MAILS, "mails", "notes of mails that were sent or given up", offsetof(struct retention_report, mails)},
    {KEEP_DENY, "blocks", "blocks whose time is over", offsetof(struct retention_report, suppressions)},
    {KEEP_HOOKS, "hooks", "codes of provider reports", offsetof(struct retention_report, hooks)},
    {KEEP_REQUESTS, "dsar", "requests about rights, answered", offsetof(struct retention_report, dsars)},
    {KEEP_COUNTS, "counts", "counts of single days", offsetof(struct retention_report, counts)},
};

const struct retention_row *retention_rows(size_t *n)
{
	*n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

unsigned retention_count(const struct retention_report *r, const struct retention_row *row)
{
	return *(const unsigned *)((const char *)r + row->counted);
}
