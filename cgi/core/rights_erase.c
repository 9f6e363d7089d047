/* Erasure with its preview, GDPR Art. 17. */
#include "core/rights_priv.h"

#include <string.h>

#include "base/clock.h"

/* ---- what goes, what stays */

/* When the consent ended: now, if one is still in force; else when the person's state last changed. */
static int64_t evidence_until(const struct conf_site *c, const struct person *p, bool active, int64_t now_ms)
{
	return conf_duration_after_year_end(c->retention.evidence, active ? now_ms : p->changed_ms);
}

struct plan {
	bool keeps;
	int64_t until_ms;
	struct slice active; /* purposes in force */
};

/* Only what was confirmed once is proof of anything. */
static enum err plan_make(struct db *db, const struct site *s, struct arena *a, const struct person *p,
    int64_t now_ms, struct plan *out, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	bool removes = state_edge(p->state, STATE_ERASE)->act == STATE_REMOVE;
	enum err rc = rights_purposes(db, a, p->id, PURPOSE_ACTIVE, &out->active, ei);

	out->keeps = removes && p->confirmed_ms && !c->retention.erase_evidence;
	out->until_ms = out->keeps ? evidence_until(c, p, out->active.len, now_ms) : 0;
	/* Its time is over already: the next pass of the worker would take it. */
	if (out->until_ms <= now_ms)
		out->keeps = false;
	return rc;
}

static const char *recipients_of(const struct site *s, struct arena *a, bool *told)
{
	const struct conf_site *c = site_conf(s);
	struct buf b;

	*told = c->mode == CONF_LIVE && contact_keeper(c);
	buf_init_arena(&b, a, 1024);
	for (size_t i = 0; *told && i < c->nprocessors; i++) {
		if (!conf_list_has(&c->mail.route, c->processors[i].id))
			continue;
		buf_printf(&b, "%s%s", b.len ? ", " : "", c->processors[i].contract_party);
	}
	return b.len ? arena_str(a, buf_slice(&b)) : "";
}

static size_t events_losing(const struct rights_person *p, bool keeps)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nevents; i++) {
		const struct rights_event *e = &p->events[i];
		bool mail = e->kind == EVENT_MAIL_ACCEPTED || e->kind == EVENT_MAIL_FAILED || e->kind == EVENT_IMPORTED;
		n += keeps ? !mail && e->fields.len > 0 : e->record.len > 0;
	}
	return n;
}

enum err rights_erase_look(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    struct rights_erasure *out, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(s);
	struct rights_person *p = arena_alloc(a, sizeof(*p));
	struct plan plan = {.keeps = false};
	struct person row;
	enum err rc = p ? rights_look(db, s, a, person_id, p, ei) : err_set(ei, E_NOMEM, "erasure");

	memset(out, 0, sizeof(*out));
	out->backups_ms = c->retention.backups.seconds * 1000;
	if (!rc)
		rc = person_get(db, person_id, &row, ei);
	if (!rc && !p->kept)
		rc = plan_make(db, s, a, &row, clock_now_ms(), &plan, ei);
	if (rc)
		return rc;
	out->keeps = p->kept || plan.keeps;
	out->until_ms = p->kept ? p->kept_until_ms : plan.until_ms;
	out->confirmed = p->confirmed_ms != 0;
	out->fields = p->nfields;
	out->purposes = p->npurposes;
	out->requests = p->nrequests;
	out->mails = p->nmails;
	out->events = p->kept ? 0 : events_losing(p, out->keeps);
	out->blocked = p->blocked;
	out->recipients = recipients_of(s, a, &out->told);
	return OK;
}

/* ---- doing it */

struct erasing {
	bool never_again, evidence_too;
};

static enum err erase_block(struct db *db, struct rights_act *w, struct errinfo *ei)
{
	struct suppression s = {.channel = w->person.channel, .since_ms = w->now_ms,
	    .reason = w->r->way == WITHDRAW_HUB ? SUPPRESSION_OBJECTED : SUPPRESSION_OWNER};

	memcpy(s.lookup, w->person.lookup, sizeof(s.lookup));
	return suppression_add(db, &s, ei);
}

/* Evidence of one who was erased before goes as well. */
static enum err erase_rest(struct db *db, struct rights_act *w, const struct erasing *x, struct errinfo *ei)
{
	struct event_new e = {.person_id = 0};
	struct erasure_kept kept;
	enum err rc = erasure_kept_get(db, w->person_id, &kept, ei);

	w->out->gone = rc == E_NOT_FOUND;
	if (rc || !x->evidence_too)
		return rc == E_NOT_FOUND ? OK : rc;
	rc = rights_event(db, w, &e, EVENT_ERASED, ei);
	if (!rc)
		rc = erasure_ask_rest(db, w->person_id, ei);
	w->out->fresh = w->erase = !rc;
	return rc;
}

/* The certificate, for which the address is needed for the last time: sealed under the intake key. */
static enum err erase_letter(struct db *db, struct rights_act *w, const struct erasing *x, const struct plan *plan,
    struct event_new *e, unsigned char *hash, struct errinfo *ei)
{
	bool keeps = plan->keeps && !x->evidence_too, told, blocked = x->never_again;
	struct letter_erased erased = {.kept_until_ms = keeps ? plan->until_ms : 0};
	struct letter_send send = {.letter = {.kind = OUTBOX_ERASED,
	    .variant = keeps ? LETTER_ERASED_KEEP : LETTER_PLAIN, .erased = &erased}};
	enum err rc = OK;

	if (!blocked)
		rc = suppression_has(db, w->person.channel, w->person.lookup, SLICE(""), w->now_ms, &blocked, NULL, ei);
	erased.blocked = blocked;
	erased.recipients = slice_from(recipients_of(w->r->site, w->a, &told));
	return rc ? rc : rights_letter(db, w, &send, e, hash, ei);
}

static enum err erase_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct state_edge *edge = state_edge(w->person.state, STATE_ERASE);
	enum erasure_reason reason = w->r->way == WITHDRAW_OWNER ? ERASURE_OWNER : ERASURE_REQUEST;
	const struct erasing *x = arg;
	unsigned char hash[STORE_HASH_BYTES];
	struct event_new e = {.person_id = 0};
	struct plan plan;
	enum err rc;

	if (w->person.state == PERSON_ERASED)
		return erase_rest(db, w, x, ei);
	if (edge->act != STATE_FORGET && edge->act != STATE_REMOVE)
		return OK;
	rc = plan_make(db, w->r->site, w->a, &w->person, w->now_ms, &plan, ei);
	e.purposes = w->out->purposes = plan.active;
	if (!rc)
		rc = erase_letter(db, w, x, &plan, &e, hash, ei);
	if (!rc)
		rc = rights_event(db, w, &e, EVENT_ERASED, ei);
	if (!rc && x->never_again)
		rc = erase_block(db, w, ei);
	if (!rc)
		rc = contact_erased(db, w->r->site, w->person_id, w->now_ms, ei);
	if (!rc && plan.keeps && !x->evidence_too)
		rc = erasure_ask_keep(db, w->person_id, reason, plan.until_ms, w->now_ms, ei);
	else if (!rc)
		rc = erasure_ask(db, w->person_id, reason, w->now_ms, ei);
	w->out->state = PERSON_ERASED;
	w->out->fresh = w->erase = !rc;
	return rc;
}

enum err rights_erase(const struct rights *r, struct arena *a, int64_t person_id, bool never_again,
    bool evidence_too, struct rights_done *out, struct errinfo *ei)
{
	struct erasing x = {never_again, evidence_too};

	return rights_run(r, a, person_id, true, erase_do, &x, out, ei);
}
