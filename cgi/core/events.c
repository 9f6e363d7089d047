#include "core/events.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/evidence.h"
#include "core/letter.h"
#include "core/state.h"
#include "core/withdraw.h"
#include "mail/provider_event.h"
#include "store/daily.h"
#include "store/erasure.h"
#include "store/eventcore.h"
#include "store/hook.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/suppression.h"

#define EVENTS_ARENA_MAX_BYTES (8u * 1024u * 1024u)

/* What each kind is: an input of the table or none, and under which name it is counted. */
static const struct {
	bool input;
	enum state_input in;
	enum event_kind event;         /* 0: the act writes its own */
	enum suppression_reason block;
	enum daily_what count;         /* 0: not here */
} kinds[PROVIDER_EVENT__MAX] = {
    [PROVIDER_EVENT_DELIVERED] = {.count = DAILY_DELIVERED},
    [PROVIDER_EVENT_BOUNCE_SOFT] = {.count = DAILY_BOUNCED},
    [PROVIDER_EVENT_BLOCKED] = {.count = DAILY_BLOCKED},
    [PROVIDER_EVENT_BOUNCE_HARD] = {true, STATE_BOUNCE, EVENT_BOUNCED, SUPPRESSION_BOUNCED, DAILY_BOUNCED},
    [PROVIDER_EVENT_COMPLAINT] = {true, STATE_COMPLAIN, EVENT_COMPLAINED, SUPPRESSION_COMPLAINED,
        DAILY_COMPLAINED},
    [PROVIDER_EVENT_UNSUBSCRIBE] = {true, STATE_WITHDRAW, 0, 0, 0},
};

struct applying {
	struct db *db;
	const struct site *site;
	struct arena *a;
	struct slice provider;
	int64_t at_ms, now_ms;
	struct events_report *out;
	struct errinfo *ei;
	enum err rc;
};

/* One event and the mail and person it is about. */
struct about {
	const struct provider_event *e;
	int64_t row, created_ms, person_id;
	bool ours;
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct person person;
};

/* ---- whose mail */

static void about_row(const struct outbox_row *r, void *arg)
{
	struct about *b = arg;
	/* Before the settlement the provider is not written down yet. */
	bool left = r->provider.len || r->state == OUTBOX_SENDING || r->state == OUTBOX_UNKNOWN;

	b->ours = left && r->started_ms && r->channel == STORE_EMAIL && r->person_id
	    && (!b->created_ms || r->created_ms == b->created_ms);
	b->person_id = r->person_id;
	memcpy(b->mail_hash, r->mail_hash, sizeof(b->mail_hash));
}

/* "SITE-ROW-CREATEDMS", as send/batch.c makes it; the site's id may hold hyphens. */
static bool custom_id_read(const char *site, struct slice id, struct about *b)
{
	unsigned long long row, created;
	size_t last = id.len, mid;

	while (last && id.ptr[last - 1] != '-')
		last--;
	for (mid = last ? last - 1 : 0; mid && id.ptr[mid - 1] != '-'; mid--)
		;
	if (!mid || !slice_eq_str(slice_sub(id, 0, mid - 1), site)
	    || !slice_u64(slice_sub(id, mid, last - 1 - mid), &row) || !slice_u64(slice_sub(id, last, id.len), &created))
		return false;
	if (!row || row > INT64_MAX || !created || created > INT64_MAX)
		return false;
	b->row = (int64_t)row;
	b->created_ms = (int64_t)created;
	return true;
}

static enum err find_row(const struct applying *w, struct about *b)
{
	struct slice custom = slice_from(b->e->custom_id), id = slice_from(b->e->message_id);
	enum err rc;

	if (custom.len)
		rc = custom_id_read(site_conf(w->site)->id, custom, b) ? OK : E_NOT_FOUND;
	else
		rc = id.len ? outbox_find_provider(w->db, w->provider, id, &b->row, &b->person_id, w->ei) : E_NOT_FOUND;
	return rc ? rc : outbox_get(w->db, b->row, about_row, b, w->ei);
}

/* Does the event speak of the address that we have? */
static enum err same_address(const struct applying *w, struct about *b)
{
	struct buf address;
	enum err rc;

	if (!b->e->email.len)
		return OK;
	buf_init_arena(&address, w->a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(w->db, b->person_id, &address, w->ei);
	if (!rc)
		b->ours = slice_ieq(buf_slice(&address), b->e->email);
	return rc;
}

/* OK with ours false, or E_NOT_FOUND: not about anybody we know. */
static enum err find_person(const struct applying *w, struct about *b)
{
	enum err rc = find_row(w, b);

	if (!rc && b->ours)
		rc = person_get(w->db, b->person_id, &b->person, w->ei);
	if (!rc && b->ours && b->person.state == PERSON_ERASED)
		b->ours = false;
	return !rc && b->ours ? same_address(w, b) : rc;
}

/* ---- what it does */

static bool newest_active(const struct purpose *p, void *arg)
{
	int64_t *newest = arg;

	if (p->state == PURPOSE_ACTIVE && p->since_ms > *newest)
		*newest = p->since_ms;
	return true;
}

/* Did the person confirm after it happened? Their times are whole seconds, cut off. */
static enum err is_past(const struct applying *w, const struct about *b, bool *past)
{
	int64_t newest = 0, then = b->e->time_ms && b->e->time_ms < w->at_ms ? b->e->time_ms + 999 : w->at_ms;
	enum err rc = purpose_each(w->db, b->person.id, newest_active, &newest, w->ei);

	*past = !rc && newest > then;
	return rc;
}

/* A bounce does not replace what weighs more. */
static enum err block(const struct applying *w, const struct about *b)
{
	struct suppression s = {.channel = b->person.channel, .reason = kinds[b->e->kind].block, .since_ms = w->now_ms};
	enum suppression_reason have = 0;
	bool has;
	enum err rc;

	memcpy(s.lookup, b->person.lookup, sizeof(s.lookup));
	rc = suppression_has(w->db, s.channel, s.lookup, SLICE(""), w->now_ms, &has, &have, w->ei);
	if (rc || (has && s.reason == SUPPRESSION_BOUNCED && have != SUPPRESSION_DENIED))
		return rc;
	return suppression_add(w->db, &s, w->ei);
}

static enum err note(const struct applying *w, const struct about *b, const struct withdraw_info *info)
{
	struct event_new e = {.person_id = b->person.id, .time_ms = w->now_ms, .kind = kinds[b->e->kind].event,
	    .form = info->form, .purposes = info->purposes, .lang = slice_from(info->lang), .outbox_id = b->row,
	    .provider = w->provider, .provider_id = slice_from(b->e->message_id),
	    .detail = slice_from(provider_event_kind_name(b->e->kind))};

	return evidence_append(w->db, w->site, &e, w->ei);
}

/* Bounce and complaint: STATE_BLOCK, or STATE_END of a person whose data is restricted. */
static enum err act_block(const struct applying *w, const struct about *b, const struct state_edge *edge)
{
	struct withdraw_info *info = arena_alloc(w->a, sizeof(*info));
	bool changed = false, end = edge->act == STATE_END;
	enum err rc;

	if (!info)
		return err_set(w->ei, E_NOMEM, "events");
	rc = withdraw_everything(w->db, w->site, w->a, &b->person, end, w->now_ms, info, &changed, w->ei);
	if (!rc)
		rc = block(w, b);
	if (rc || (end && !changed))
		return rc;
	if (!end)
		rc = person_set_state(w->db, b->person.id, edge->to, w->now_ms, w->ei);
	if (!rc)
		rc = letter_drop_waiting(w->db, b->person.id, w->now_ms, w->ei);
	if (!rc)
		rc = note(w, b, info);
	w->out->applied += !rc;
	return rc;
}

static enum err act_leave(const struct applying *w, const struct about *b)
{
	bool fresh = false, erase = false;
	enum err rc = withdraw_person(w->db, w->site, w->a, b->person.id, WITHDRAW_PROVIDER, w->now_ms, &fresh, &erase,
	    w->ei);

	w->out->applied += !rc && fresh;
	w->out->erase = w->out->erase || erase;
	return rc;
}

static enum err act(const struct applying *w, const struct about *b)
{
	enum state_input in = kinds[b->e->kind].in;
	const struct state_edge *edge = state_edge(b->person.state, in);
	bool past = false;
	enum err rc = OK;

	if (in != STATE_COMPLAIN)
		rc = is_past(w, b, &past);
	if (rc || past || edge->act == STATE_NOTHING)
		return rc;
	return in == STATE_WITHDRAW ? act_leave(w, b) : act_block(w, b, edge);
}

struct delivered {
	const struct applying *w;
	int64_t row;
	bool known;
	enum err rc;
};

static bool see_delivered(const struct event_row *r, void *arg)
{
	struct delivered *d = arg;
	struct eventcore core;

	if (r->kind != EVENT_DELIVERED || !r->present[EVENT_CORE])
		return true;
	d->rc = eventcore_read(d->w->a, r->plain[EVENT_CORE], &core, d->w->ei);
	d->known = !d->rc && core.outbox == d->row;
	return !d->rc && !d->known;
}

/* The mailbox took it: evidence, once for each mail, however often the provider says so. */
static enum err note_delivered(const struct applying *w, const struct about *b)
{
	struct delivered d = {.w = w, .row = b->row};
	struct event_new e = {.person_id = b->person.id, .time_ms = w->now_ms, .kind = EVENT_DELIVERED,
	    .lang = slice_from(b->person.lang), .mail_hash = b->mail_hash, .outbox_id = b->row,
	    .provider = w->provider, .provider_id = slice_from(b->e->message_id)};
	enum err rc = event_each(w->db, b->person.id, 0, see_delivered, &d, w->ei);

	if (rc || d.rc || d.known)
		return rc ? rc : d.rc;
	return evidence_append(w->db, w->site, &e, w->ei);
}

static enum err apply_one(struct applying *w, const struct provider_event *e)
{
	struct about b = {.e = e};
	enum err rc;

	w->out->events++;
	if (e->kind == PROVIDER_EVENT_IGNORED)
		return OK;
	rc = find_person(w, &b);
	if (rc == E_NOT_FOUND || (!rc && !b.ours)) {
		w->out->unknown++;
		return OK;
	}
	if (!rc && kinds[e->kind].input)
		rc = act(w, &b);
	if (!rc && e->kind == PROVIDER_EVENT_DELIVERED)
		rc = note_delivered(w, &b);
	if (!rc && kinds[e->kind].count)
		rc = daily_add(w->db, daily_day(w->at_ms), SLICE(""), kinds[e->kind].count, 1, w->ei);
	return rc;
}

static bool apply_next(const struct provider_event *e, void *arg)
{
	struct applying *w = arg;

	arena_reset(w->a);
	w->rc = apply_one(w, e);
	return w->rc == OK;
}

enum err events_apply(struct db *db, const struct site *s, struct arena *a, struct slice provider, struct slice body,
    int64_t at_ms, struct events_report *out, struct errinfo *ei)
{
	struct applying w = {.db = db, .site = s, .a = a, .provider = provider, .at_ms = at_ms,
	    .now_ms = clock_now_ms(), .out = out, .ei = ei};
	enum err rc = provider_event_each(provider, body, apply_next, &w, ei);

	out->bodies++;
	return rc ? rc : w.rc;
}

/* ---- all that wait */

enum err events_waiting(struct store *st, bool *waits, struct errinfo *ei)
{
	struct db *db;
	int64_t n = 0;
	enum err rc = store_read(st, &db, ei);

	*waits = false;
	if (rc)
		return rc;
	rc = hook_count(db, &n, ei);
	store_read_end(st, db);
	*waits = n > 0;
	return rc;
}

/* The next body behind *after. E_NOT_FOUND: none. */
static enum err body_work(struct db *db, const struct site *s, struct arena *a, struct buf *body, int64_t *after,
    struct events_report *out, struct errinfo *ei)
{
	struct hook h;
	enum err rc = hook_next(db, *after, &h, body, ei);

	if (rc)
		return rc;
	*after = h.id;
	if (!h.readable) {
		log_event(LOG_ERROR, "hook_unreadable", LOG_S("site", site_conf(s)->id), LOG_I("id", h.id),
		    LOG_S("mend", "sealed under another intake key; put the old key file back"));
		return OK;
	}
	rc = events_apply(db, s, a, slice_from(h.provider), buf_slice(body), h.at_ms, out, ei);
	if (rc == E_INVALID || rc == E_LIMIT) {
		log_err(LOG_WARN, "hook_body", ei);
		rc = OK;
	}
	return rc ? rc : hook_done(db, h.id, ei);
}

static enum err body_next(const struct site *s, struct store *st, struct arena *a, int64_t *after,
    struct events_report *out, struct errinfo *ei)
{
	struct events_report before = *out;
	struct buf body;
	struct db *db;
	enum err rc = store_write_begin(st, &db, ei);

	if (rc)
		return rc;
	buf_init(&body, HOOK_BODY_MAX_BYTES);
	rc = body_work(db, s, a, &body, after, out, ei);
	buf_free(&body);
	if (!rc)
		rc = store_write_commit(st, ei);
	else
		store_write_rollback(st);
	if (rc)
		*out = before;
	return rc;
}

/* What would be the same with the next body. */
static bool of_machine(enum err rc)
{
	return rc == E_IO || rc == E_BUSY || rc == E_NOMEM;
}

enum err events_all(const struct site *s, struct store *st, struct events_report *out, struct errinfo *ei)
{
	struct arena a;
	struct errinfo more = {.code = OK};
	int64_t after = 0, from;
	enum err rc, bad = OK;

	memset(out, 0, sizeof(*out));
	arena_init(&a, EVENTS_ARENA_MAX_BYTES);
	do {
		from = after;
		rc = body_next(s, st, &a, &after, out, bad ? &more : ei);
		/* One that cannot be worked on stays, and says so at the end; those behind it are worked on all the same. */
		if (rc && after != from && !of_machine(rc)) {
			bad = bad ? bad : rc;
			rc = OK;
		}
	} while (!rc);
	arena_free(&a);
	rc = rc == E_NOT_FOUND ? bad : rc;
	if (!rc && out->erase)
		rc = erasure_finish(st, clock_now_ms(), NULL, ei);
	else if (rc && rc == bad && out->erase)
		erasure_finish(st, clock_now_ms(), NULL, &more);
	if (out->bodies)
		log_event(LOG_INFO, "events", LOG_S("site", site_conf(s)->id), LOG_I("bodies", out->bodies),
		    LOG_I("events", out->events), LOG_I("applied", out->applied), LOG_I("unknown", out->unknown));
	return rc;
}
