#include "core/confirm.h"

#include <string.h>

#include "base/clock.h"
#include "core/contact.h"
#include "core/evidence.h"
#include "core/state.h"
#include "core/turn.h"
#include "core/wording.h"
#include "store/daily.h"
#include "store/erasure.h"
#include "store/person.h"
#include "store/request.h"
#include "store/suppression.h"
#include "text/addr.h"

static const char *const action_names[CONFIRM_ACTION__MAX] = {"confirm", "deny", "renew"};

const char *confirm_action_name(enum confirm_action a)
{
	return (unsigned)a < CONFIRM_ACTION__MAX ? action_names[a] : "?";
}

/* What belongs to a token, as far as it is still there. */
struct found {
	struct token token;
	struct request_row request;
	struct person person;
	struct slice address;
};

struct purposes_now {
	struct slice wanted;
	size_t active;
	int64_t ended_ms;
};

static bool purposes_look(const struct purpose *p, void *arg)
{
	struct purposes_now *n = arg;

	if (!consent_list_has(n->wanted, p->id))
		return true;
	n->active += p->state == PURPOSE_ACTIVE;
	if (p->state == PURPOSE_ENDED && p->since_ms > n->ended_ms)
		n->ended_ms = p->since_ms;
	return true;
}

static enum err confirmed_state(struct db *db, const struct found *f, struct confirm_info *out, struct errinfo *ei)
{
	struct purposes_now now = {.wanted = f->request.purposes};
	enum err rc = purpose_each(db, f->person.id, purposes_look, &now, ei);

	out->state = now.active ? CONFIRM_DONE : CONFIRM_LEFT;
	out->date_ms = now.active || !now.ended_ms ? f->request.settled_ms : now.ended_ms;
	return rc;
}

static enum err request_state(struct db *db, const struct found *f, struct confirm_info *out, struct errinfo *ei)
{
	out->date_ms = f->request.settled_ms;
	switch (f->request.state) {
	case REQUEST_PENDING:
		out->state = f->token.expires_ms > clock_now_ms() ? CONFIRM_OPEN : CONFIRM_EXPIRED;
		return OK;
	case REQUEST_EXPIRED:
		out->state = CONFIRM_EXPIRED;
		return OK;
	case REQUEST_CONFIRMED:
		return confirmed_state(db, f, out, ei);
	case REQUEST_DENIED:
		out->state = CONFIRM_DENIED;
		return OK;
	default:
		out->state = CONFIRM_LEFT;
		return OK;
	}
}

static enum err load_consent(struct db *db, const struct site *s, struct arena *a, const struct found *f,
    struct confirm_info *out, struct errinfo *ei)
{
	const struct consent *c;
	enum err rc = wording_get(db, s, a, f->request.consent_hash, &c, ei);

	if (!rc)
		out->consent = *c;
	return rc;
}

static enum err find_all(struct db *db, struct arena *a, struct found *f, struct errinfo *ei)
{
	struct buf address;
	enum err rc = request_get(db, f->token.id, a, &f->request, ei);

	if (rc)
		return rc;
	buf_init_arena(&address, a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_get_address(db, f->request.person_id, &f->person, &address, ei);
	f->address = buf_slice(&address);
	return rc;
}

static enum err look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct confirm_info *out, struct found *f, struct errinfo *ei)
{
	enum err rc;

	memset(out, 0, sizeof(*out));
	memset(f, 0, sizeof(*f));
	out->lang = site_lang_default(s);
	if (!token_read(db_keyring(db), site_conf(s)->id, token, &f->token) || f->token.purpose != TOKEN_CONFIRM)
		return OK;
	rc = find_all(db, a, f, ei);
	if (rc == E_NOT_FOUND) {
		out->state = CONFIRM_GONE;
		return OK;
	}
	if (rc)
		return rc;
	if (site_lang(s, f->request.lang))
		out->lang = site_lang(s, f->request.lang);
	out->form = f->request.form;
	out->purposes = f->request.purposes;
	out->asked_ms = f->request.intake_ms;
	out->masked = addr_mask(a, f->address);
	rc = load_consent(db, s, a, f, out, ei);
	return rc ? rc : request_state(db, f, out, ei);
}

enum err confirm_look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct confirm_info *out, struct errinfo *ei)
{
	struct found f;

	return look(db, s, a, token, out, &f, ei);
}

/* One decision on its way through the writer; repeatable. */
struct confirm_job {
	struct confirm c;
	struct arena *a;
	struct slice token;
	enum confirm_action action;
	struct slice ip;
	int64_t now_ms;
	struct confirm_info *out;
	struct found f;
	bool fresh;
	bool erase;
};

static enum err act_event(struct db *db, struct confirm_job *w, enum event_kind kind, const unsigned char *mail_hash,
    struct errinfo *ei)
{
	struct event_new e = {.person_id = w->f.person.id, .time_ms = w->now_ms, .kind = kind,
	    .form = w->f.request.form, .purposes = w->f.request.purposes, .lang = slice_from(w->out->lang),
	    .text_hash = w->f.request.consent_hash, .mail_hash = mail_hash, .request_id = w->f.request.id,
	    .ip = w->ip};

	return evidence_append(db, w->c.site, &e, ei);
}

struct had {
	struct slice id;
	bool ended;
};

static bool had_ended(const struct purpose *p, void *arg)
{
	struct had *h = arg;

	h->ended = h->ended || (p->state == PURPOSE_ENDED && slice_eq(p->id, h->id));
	return true;
}

/* The lists at the provider hear of it. Who had left and comes back is newer than what they say. */
static enum err act_contacts(struct db *db, struct confirm_job *w, struct errinfo *ei)
{
	struct slice rest = w->f.request.purposes, one;
	enum err rc = OK;

	if (!contact_keeper(site_conf(w->c.site)))
		return OK;
	while (!rc && slice_split(&rest, ',', &one)) {
		struct had h = {.id = one};
		rc = purpose_each(db, w->f.person.id, had_ended, &h, ei);
		if (!rc)
			rc = contact_changed(db, w->c.site, w->f.person.id, one, h.ended ? CONTACT_ADD_AGAIN : CONTACT_ADD,
			    w->now_ms, ei);
	}
	return rc;
}

static enum err act_purposes(struct db *db, struct confirm_job *w, enum purpose_state to, struct errinfo *ei)
{
	struct slice rest = w->f.request.purposes, one;
	enum err rc = OK;

	while (!rc && slice_split(&rest, ',', &one))
		rc = purpose_set(db, w->f.person.id, one, to, w->now_ms, w->f.request.id,
		    w->f.request.consent_hash, ei);
	return rc;
}

static enum err act_fields(struct db *db, struct confirm_job *w, struct errinfo *ei)
{
	struct buf fields;
	enum err rc;

	if (!w->f.request.has_fields)
		return OK;
	buf_init_arena(&fields, w->a, PERSON_FIELDS_MAX_BYTES);
	rc = request_fields(db, w->f.request.id, &fields, ei);
	if (rc || !fields.len)
		return rc;
	return person_set_fields(db, w->f.person.id, buf_slice(&fields), w->now_ms, ei);
}

static enum err act_count(struct db *db, struct confirm_job *w, enum daily_what what, struct errinfo *ei)
{
	return daily_add(db, daily_day(w->now_ms), w->f.request.form, what, 1, ei);
}

/* The mail did arrive: the block that a bounce had set is over. Blocks for other reasons stay. */
static enum err act_unblock(struct db *db, const struct person *p, int64_t now_ms, struct errinfo *ei)
{
	enum suppression_reason reason = 0;
	bool has = false;
	enum err rc = OK;

	if (p->state == PERSON_BOUNCED)
		rc = suppression_has(db, p->channel, p->lookup, SLICE(""), now_ms, &has, &reason, ei);
	if (rc || !has || reason != SUPPRESSION_BOUNCED)
		return rc;
	return suppression_remove(db, p->channel, p->lookup, SLICE(""), ei);
}

struct in_force {
	struct slice wanted;
	size_t any, these; /* purposes active before; of those that are confirmed now */
};

static bool count_in_force(const struct purpose *p, void *arg)
{
	struct in_force *n = arg;

	n->any += p->state == PURPOSE_ACTIVE;
	n->these += p->state == PURPOSE_ACTIVE && consent_list_has(n->wanted, p->id);
	return true;
}

/* The first consent, one more beside others, or the same once again? Asked before the purposes change. */
static enum err act_kind(struct db *db, const struct confirm_job *w, enum event_kind *kind, struct errinfo *ei)
{
	struct in_force n = {.wanted = w->f.request.purposes};
	struct slice rest = w->f.request.purposes, one;
	size_t asked = 0;
	enum err rc = purpose_each(db, w->f.person.id, count_in_force, &n, ei);

	while (slice_split(&rest, ',', &one))
		asked++;
	*kind = !n.any ? EVENT_CONFIRMED : n.these == asked ? EVENT_RECONFIRMED : EVENT_PURPOSE_ADDED;
	return rc;
}

static enum err act_accept(struct db *db, struct confirm_job *w, const struct state_edge *edge, struct errinfo *ei)
{
	enum event_kind kind = EVENT_CONFIRMED;
	enum err rc = request_settle(db, w->f.request.id, REQUEST_CONFIRMED, w->now_ms, ei);

	if (!rc)
		rc = act_kind(db, w, &kind, ei);
	if (!rc)
		rc = act_contacts(db, w, ei);
	if (!rc)
		rc = act_purposes(db, w, PURPOSE_ACTIVE, ei);
	if (!rc)
		rc = person_set_state(db, w->f.person.id, edge->to, w->now_ms, ei);
	if (!rc)
		rc = act_unblock(db, &w->f.person, w->now_ms, ei);
	if (!rc && !slice_eq_str(w->f.request.lang, w->f.person.lang))
		rc = person_set_lang(db, w->f.person.id, w->f.request.lang, w->now_ms, ei);
	if (!rc)
		rc = act_fields(db, w, ei);
	if (!rc)
		rc = act_event(db, w, kind, NULL, ei);
	if (!rc)
		rc = act_count(db, w, DAILY_CONFIRMED, ei);
	w->out->state = CONFIRM_DONE;
	w->out->date_ms = w->now_ms;
	w->fresh = !rc;
	return rc;
}

static enum err act_suppress(struct db *db, struct confirm_job *w, struct errinfo *ei)
{
	struct suppression s = {.channel = w->f.person.channel, .reason = SUPPRESSION_DENIED,
	    .since_ms = w->now_ms};

	s.until_ms = conf_duration_after(site_conf(w->c.site)->retention.deny_block, w->now_ms);
	memcpy(s.lookup, w->f.person.lookup, sizeof(s.lookup));
	return suppression_add(db, &s, ei);
}

/* "That was not me": never confirmed, so everything goes; of a known person only this request. */
static enum err act_deny(struct db *db, struct confirm_job *w, const struct state_edge *edge, struct errinfo *ei)
{
	enum err rc = OK;

	if (w->f.request.state == REQUEST_PENDING)
		rc = request_settle(db, w->f.request.id, REQUEST_DENIED, w->now_ms, ei);
	if (!rc)
		rc = act_event(db, w, EVENT_DENIED, NULL, ei);
	if (!rc)
		rc = act_count(db, w, DAILY_DENIED, ei);
	if (!rc && edge->act == STATE_FORGET) {
		rc = act_suppress(db, w, ei);
		if (!rc)
			rc = contact_erased(db, w->c.site, w->f.person.id, w->now_ms, ei);
		if (!rc)
			rc = erasure_ask(db, w->f.person.id, ERASURE_REQUEST, w->now_ms, ei);
		w->erase = !rc;
	}
	w->out->state = CONFIRM_DENIED;
	w->out->date_ms = w->now_ms;
	w->fresh = !rc;
	return rc;
}

static enum err act_renew(struct db *db, struct confirm_job *w, struct errinfo *ei)
{
	const struct conf_site *conf = site_conf(w->c.site);
	struct letter_send send = {
	    .letter = {.kind = OUTBOX_CONFIRM, .lang = w->out->lang, .consent = &w->out->consent,
	        .purposes = w->f.request.purposes},
	    .person_id = w->f.person.id, .request_id = w->f.request.id, .asked_ms = w->f.request.intake_ms,
	    .now_ms = w->now_ms, .address = w->f.address};
	unsigned char mail_hash[STORE_HASH_BYTES];
	int generation;
	enum err rc;

	w->out->state = CONFIRM_RENEWED;
	if (w->f.request.expires_ms > w->now_ms && w->now_ms - w->f.request.mailed_ms < TURN_COOL_DOWN_MS)
		return OK;
	if (!turn_mail_allowed(w->c.site, w->c.budget, w->a, w->f.request.form, w->f.address, w->now_ms))
		return OK;
	send.expires_ms = conf_duration_after(conf->links.confirm, w->now_ms);
	rc = request_renew(db, w->f.request.id, send.expires_ms, &generation, ei);
	if (rc)
		return rc;
	send.generation = (unsigned)generation;
	rc = letter_queue(db, w->c.site, w->c.letters, w->a, &send, mail_hash, ei);
	if (!rc)
		rc = request_mailed(db, w->f.request.id, w->now_ms, ei);
	if (!rc)
		rc = act_event(db, w, EVENT_RENEWED, mail_hash, ei);
	w->fresh = !rc;
	return rc;
}

enum err confirm_job_run(struct db *db, void *job, struct errinfo *ei)
{
	static const enum state_input inputs[CONFIRM_ACTION__MAX] = {STATE_CONFIRM, STATE_DENY, STATE_RENEW};
	struct confirm_job *w = job;
	const struct state_edge *edge;
	bool open, expired;
	enum err rc;

	w->fresh = w->erase = false;
	rc = look(db, w->c.site, w->a, w->token, w->out, &w->f, ei);
	open = w->out->state == CONFIRM_OPEN;
	expired = w->out->state == CONFIRM_EXPIRED;
	if (rc || (!open && !expired))
		return rc;
	edge = state_edge(w->f.person.state, inputs[w->action]);
	if (edge->act == STATE_ACCEPT && open)
		return act_accept(db, w, edge, ei);
	/* A request that ran out is over already: there is nothing left to refuse, and no second event for it. */
	if (edge->act == STATE_FORGET || (edge->act == STATE_REFUSE && w->f.request.state == REQUEST_PENDING))
		return act_deny(db, w, edge, ei);
	if (edge->act == STATE_RELINK && expired)
		return act_renew(db, w, ei);
	return OK;
}

struct confirm_job *confirm_job_new(const struct confirm *c, struct arena *a, struct slice token,
    enum confirm_action action, struct slice ip, struct confirm_info *out)
{
	struct confirm_job *w = arena_alloc(a, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct confirm_job){.c = *c, .a = a, .token = token, .action = action, .now_ms = clock_now_ms(), .out = out,
	    .ip = evidence_ip(a, site_conf(c->site), ip)};
	return w;
}

bool confirm_job_waits(const struct confirm_job *job)
{
	return job->erase;
}

enum err confirm_job_end(struct confirm_job *job, bool *fresh, struct errinfo *ei)
{
	enum err rc = job->erase ? erasure_finish(job->c.store, job->now_ms, NULL, ei) : OK;

	if (fresh)
		*fresh = !rc && job->fresh;
	return rc;
}

enum err confirm_act(const struct confirm *c, struct arena *a, struct slice token, enum confirm_action action,
    struct slice ip, struct confirm_info *out, bool *fresh, struct errinfo *ei)
{
	struct confirm_job *w = confirm_job_new(c, a, token, action, ip, out);
	enum err rc;

	if (fresh)
		*fresh = false;
	if (!w)
		return err_set(ei, E_NOMEM, "a confirmation");
	rc = writer_run(c->writers, c->store, confirm_job_run, w, ei);
	return rc ? rc : confirm_job_end(w, fresh, ei);
}
