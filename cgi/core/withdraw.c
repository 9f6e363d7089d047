#include "core/withdraw.h"

#include <string.h>

#include "base/clock.h"
#include "core/contact.h"
#include "core/evidence.h"
#include "core/letter.h"
#include "core/state.h"
#include "core/token.h"
#include "core/wording.h"
#include "store/daily.h"
#include "store/erasure.h"
#include "store/person.h"
#include "store/request.h"
#include "text/addr.h"

static const struct {
	const char *name;
	bool goodbye; /* told by mail */
} ways[WITHDRAW_WAY__MAX] = {
    [WITHDRAW_PAGE] = {"page", false},
    [WITHDRAW_ONE_CLICK] = {"one-click", false},
    [WITHDRAW_OWNER] = {"owner", true},
    [WITHDRAW_PROVIDER] = {"provider", false},
    [WITHDRAW_HUB] = {"hub", true},
    [WITHDRAW_REPLY] = {"reply", true},
    [WITHDRAW_LETTER] = {"letter", true},
    [WITHDRAW_PHONE] = {"phone", true},
};

const char *withdraw_way_name(enum withdraw_way way)
{
	return (unsigned)way < WITHDRAW_WAY__MAX ? ways[way].name : "?";
}

enum withdraw_way withdraw_way_from_name(struct slice name)
{
	int w = 0;

	while (w < WITHDRAW_WAY__MAX && !slice_eq_str(name, ways[w].name))
		w++;
	return (enum withdraw_way)w;
}

struct gather {
	struct arena *a;
	enum purpose_state want;
	struct buf list;
	struct slice purpose[WITHDRAW_CONSENTS_MAX];
	unsigned char hash[WITHDRAW_CONSENTS_MAX][CRYPT_HASH_BYTES];
	size_t n;
	int64_t last_ms;
};

static bool gather_purpose(const struct purpose *p, void *arg)
{
	struct gather *g = arg;

	if (p->state != g->want)
		return true;
	if (g->list.len)
		buf_add_char(&g->list, ',');
	buf_add_slice(&g->list, p->id);
	if (p->since_ms > g->last_ms)
		g->last_ms = p->since_ms;
	if (g->n < WITHDRAW_CONSENTS_MAX) {
		g->purpose[g->n] = arena_dup(g->a, p->id);
		memcpy(g->hash[g->n], p->consent_hash, CRYPT_HASH_BYTES);
		g->n++;
	}
	return true;
}

static enum err gather_all(struct db *db, struct arena *a, int64_t person, enum purpose_state want, struct gather *g,
    struct errinfo *ei)
{
	memset(g, 0, sizeof(*g));
	g->a = a;
	g->want = want;
	buf_init_arena(&g->list, a, 4096);
	return purpose_each(db, person, gather_purpose, g, ei);
}

static enum err gather_texts(struct db *db, const struct site *s, struct arena *a, const struct gather *g, struct withdraw_info *out,
    struct errinfo *ei)
{
	enum err rc = OK;

	out->purposes = buf_slice(&g->list);
	out->date_ms = g->last_ms;
	for (size_t i = 0; !rc && i < g->n; i++) {
		rc = wording_get(db, s, a, g->hash[i], &out->consents[out->nconsents], ei);
		if (rc == E_NOT_FOUND) {
			rc = OK;
			continue;
		}
		out->consent_purpose[out->nconsents++] = g->purpose[i];
	}
	return rc;
}

struct newest {
	struct arena *a;
	struct slice form;
};

static bool newest_form(const struct request_row *r, void *arg)
{
	struct newest *n = arg;

	if (!slice_eq(n->form, r->form))
		n->form = arena_dup(n->a, r->form);
	return true;
}

static enum err fill(struct db *db, const struct site *s, struct arena *a, const struct person *p,
    struct withdraw_info *out, struct errinfo *ei)
{
	struct newest newest = {.a = a};
	struct buf address;
	struct gather g;
	enum err rc;

	if (site_lang(s, slice_from(p->lang)))
		out->lang = site_lang(s, slice_from(p->lang));
	buf_init_arena(&address, a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(db, p->id, &address, ei);
	out->masked = addr_mask(a, buf_slice(&address));
	if (!rc)
		rc = request_each(db, p->id, newest_form, &newest, ei);
	out->form = newest.form;
	if (!rc)
		rc = gather_all(db, a, p->id, PURPOSE_ACTIVE, &g, ei);
	out->state = WITHDRAW_OPEN;
	if (!rc && !g.list.len && p->state == PERSON_PENDING) {
		out->state = WITHDRAW_PENDING;
		rc = gather_all(db, a, p->id, PURPOSE_PENDING, &g, ei);
	} else if (!rc && !g.list.len) {
		out->state = WITHDRAW_DONE;
		rc = gather_all(db, a, p->id, PURPOSE_ENDED, &g, ei);
	}
	return rc ? rc : gather_texts(db, s, a, &g, out, ei);
}

static enum err look(struct db *db, const struct site *s, struct arena *a, struct slice text,
    struct withdraw_info *out, struct person *p, struct errinfo *ei)
{
	struct token token;
	enum err rc;

	memset(out, 0, sizeof(*out));
	out->lang = site_lang_default(s);
	if (!token_read(db_keyring(db), site_conf(s)->id, text, &token) || token.purpose != TOKEN_UNSUBSCRIBE)
		return OK;
	rc = person_get(db, token.id, p, ei);
	if (!rc && p->state != PERSON_ERASED)
		rc = fill(db, s, a, p, out, ei);
	if (rc == E_NOT_FOUND || (!rc && p->state == PERSON_ERASED)) {
		out->state = WITHDRAW_GONE;
		return OK;
	}
	return rc;
}

enum err withdraw_look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct withdraw_info *out, struct errinfo *ei)
{
	struct person p;

	return look(db, s, a, token, out, &p, ei);
}

struct withdraw_job {
	const struct site *site;
	struct arena *a;
	struct slice token;
	struct slice purpose; /* empty: all */
	enum withdraw_way way;
	struct slice ip;
	int64_t now_ms;
	struct withdraw_info *out;
	struct person person;
	bool fresh;
	bool erase;
};

struct open_requests {
	struct slice purpose; /* only with this one; empty: all */
	int64_t id[64];
	size_t n;
};

static bool collect_request(const struct request_row *r, void *arg)
{
	struct open_requests *o = arg;

	if (o->purpose.len && !consent_list_has(r->purposes, o->purpose))
		return true;
	o->id[o->n++] = r->id;
	return o->n < sizeof(o->id) / sizeof(o->id[0]);
}

/* All of them, however many: a link that stayed open would bring back who has left. */
static enum err cancel_requests(struct db *db, const struct withdraw_job *w, struct slice purpose, size_t *cancelled,
    struct errinfo *ei)
{
	struct open_requests open = {.purpose = purpose};
	enum err rc;

	*cancelled = 0;
	do {
		open.n = 0;
		rc = request_pending(db, w->person.id, collect_request, &open, ei);
		for (size_t i = 0; !rc && i < open.n; i++)
			rc = request_settle(db, open.id[i], REQUEST_CANCELLED, w->now_ms, ei);
		*cancelled += open.n;
	} while (!rc && open.n);
	return rc;
}

/*
 * Who pressed the link has seen the page that says so and gets no mail (Gmail and Yahoo ask for that too). Who wrote
 * or phoned sees nothing else: so a mail after a withdrawal that the owner put down, of what was in force.
 * mail_hash is set where *sent is.
 */
static enum err leave_goodbye(struct db *db, struct withdraw_job *w, unsigned char *mail_hash, bool *sent,
    struct errinfo *ei)
{
	struct letter_send send = {.letter = {.kind = OUTBOX_GOODBYE, .lang = w->out->lang,
	    .purposes = w->out->purposes}, .person_id = w->person.id, .asked_ms = w->now_ms, .now_ms = w->now_ms};
	struct buf address;
	enum err rc;

	*sent = false;
	if (!ways[w->way].goodbye || w->person.channel != STORE_EMAIL || !w->out->purposes.len
	    || w->out->state == WITHDRAW_PENDING)
		return OK;
	buf_init_arena(&address, w->a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(db, w->person.id, &address, ei);
	send.address = buf_slice(&address);
	if (w->out->nconsents)
		send.letter.consent = w->out->consents[0];
	if (!rc)
		rc = letter_queue(db, w->site, NULL, w->a, &send, mail_hash, ei);
	*sent = !rc;
	return rc;
}

static enum err leave_event(struct db *db, struct withdraw_job *w, struct errinfo *ei)
{
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct event_new e = {.person_id = w->person.id, .time_ms = w->now_ms, .kind = EVENT_WITHDRAWN,
	    .form = w->out->form, .purposes = w->out->purposes, .lang = slice_from(w->out->lang),
	    .detail = slice_from(ways[w->way].name), .ip = w->ip};
	bool sent;
	enum err rc = leave_goodbye(db, w, mail_hash, &sent, ei);

	if (w->out->nconsents)
		e.text_hash = w->out->consents[0]->hash;
	if (sent)
		e.mail_hash = mail_hash;
	if (!rc)
		rc = evidence_append(db, w->site, &e, ei);
	return rc ? rc : daily_add(db, daily_day(w->now_ms), w->out->form, DAILY_WITHDRAWN, 1, ei);
}

/* Lists at the provider lose what was active. */
static enum err lists_told(struct db *db, const struct site *s, int64_t person, const struct withdraw_info *info,
    int64_t now_ms, struct errinfo *ei)
{
	if (info->state != WITHDRAW_OPEN)
		return OK;
	return contact_changed(db, s, person, info->purposes, CONTACT_UNSUB, now_ms, ei);
}

static enum err leave_end(struct db *db, struct withdraw_job *w, const struct state_edge *edge, struct errinfo *ei)
{
	size_t cancelled = 0;
	int64_t ended = 0;
	enum err rc = cancel_requests(db, w, SLICE(""), &cancelled, ei);

	if (!rc)
		rc = lists_told(db, w->site, w->person.id, w->out, w->now_ms, ei);
	if (!rc)
		rc = purpose_set_all(db, w->person.id, PURPOSE_ENDED, w->now_ms, &ended, ei);
	if (rc || (!cancelled && !ended))
		return rc;
	rc = person_set_state(db, w->person.id, edge->to, w->now_ms, ei);
	if (!rc)
		rc = letter_drop_notices(db, w->person.id, w->now_ms, ei);
	if (!ended)
		w->out->purposes = SLICE("");
	if (!rc)
		rc = leave_event(db, w, ei);
	w->out->state = WITHDRAW_DONE;
	w->out->date_ms = w->now_ms;
	w->fresh = !rc;
	return rc;
}

/* Is it one of several that are active? *rest: the others, in their order. */
static bool one_of_several(const struct withdraw_job *w, struct slice *rest)
{
	struct slice list = w->out->purposes, one;
	bool found = false;
	struct buf b;

	buf_init_arena(&b, w->a, 4096);
	while (slice_split(&list, ',', &one)) {
		if (slice_eq(one, w->purpose)) {
			found = true;
			continue;
		}
		buf_add_str(&b, b.len ? "," : "");
		buf_add_slice(&b, one);
	}
	*rest = buf_slice(&b);
	return found && rest->len;
}

/* The page speaks of this purpose only, with its wording. */
static void only_purpose(struct withdraw_info *out, struct slice purpose, struct slice rest)
{
	size_t n = 0;

	for (size_t i = 0; i < out->nconsents; i++) {
		if (!slice_eq(out->consent_purpose[i], purpose))
			continue;
		out->consents[n] = out->consents[i];
		out->consent_purpose[n++] = out->consent_purpose[i];
	}
	out->nconsents = n;
	out->purposes = purpose;
	out->rest = rest;
	out->state = WITHDRAW_DONE;
}

static enum err leave_one(struct db *db, struct withdraw_job *w, struct slice rest, struct errinfo *ei)
{
	size_t cancelled = 0;
	enum err rc = cancel_requests(db, w, w->purpose, &cancelled, ei);

	if (!rc)
		rc = purpose_set(db, w->person.id, w->purpose, PURPOSE_ENDED, w->now_ms, 0, NULL, ei);
	if (!rc)
		rc = contact_changed(db, w->site, w->person.id, w->purpose, CONTACT_UNSUB, w->now_ms, ei);
	only_purpose(w->out, w->purpose, rest);
	w->out->date_ms = w->now_ms;
	if (!rc)
		rc = leave_event(db, w, ei);
	w->fresh = !rc;
	return rc;
}

struct ended {
	struct slice purpose;
	int64_t since_ms;
};

static bool find_ended(const struct purpose *p, void *arg)
{
	struct ended *e = arg;

	if (p->state == PURPOSE_ENDED && slice_eq(p->id, e->purpose))
		e->since_ms = p->since_ms;
	return true;
}

/* Pressed twice: the purpose has ended before, others have not. */
static enum err leave_again(struct db *db, struct withdraw_job *w, struct errinfo *ei)
{
	struct ended e = {.purpose = w->purpose};
	enum err rc = purpose_each(db, w->person.id, find_ended, &e, ei);

	if (rc || !e.since_ms)
		return rc;
	only_purpose(w->out, w->purpose, w->out->purposes);
	w->out->date_ms = e.since_ms;
	return OK;
}

static enum err leave_forget(struct db *db, struct withdraw_job *w, struct errinfo *ei)
{
	enum err rc = leave_event(db, w, ei);

	if (!rc)
		rc = contact_erased(db, w->site, w->person.id, w->now_ms, ei);
	if (!rc)
		rc = erasure_ask(db, w->person.id, ERASURE_REQUEST, w->now_ms, ei);
	w->out->state = WITHDRAW_GONE;
	w->fresh = w->erase = !rc;
	return rc;
}

static enum err leave(struct db *db, struct withdraw_job *w, struct errinfo *ei)
{
	const struct state_edge *edge = state_edge(w->person.state, STATE_WITHDRAW);
	struct slice rest;

	if (w->out->state == WITHDRAW_OPEN && edge->act == STATE_END && w->purpose.len) {
		if (one_of_several(w, &rest))
			return leave_one(db, w, rest, ei);
		if (!consent_list_has(w->out->purposes, w->purpose))
			return leave_again(db, w, ei);
	}
	if (edge->act == STATE_END)
		return leave_end(db, w, edge, ei);
	if (edge->act == STATE_FORGET)
		return leave_forget(db, w, ei);
	return OK;
}

enum err withdraw_job_run(struct db *db, void *job, struct errinfo *ei)
{
	struct withdraw_job *w = job;
	enum err rc;

	w->fresh = w->erase = false;
	rc = look(db, w->site, w->a, w->token, w->out, &w->person, ei);
	if (rc || w->out->state == WITHDRAW_UNKNOWN || w->out->state == WITHDRAW_GONE)
		return rc;
	return leave(db, w, ei);
}

struct withdraw_job *withdraw_job_new(const struct site *s, struct arena *a, struct slice token, struct slice purpose,
    enum withdraw_way way, struct slice ip, struct withdraw_info *out)
{
	struct withdraw_job *w = arena_alloc(a, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct withdraw_job){.site = s, .a = a, .token = token, .purpose = purpose, .way = way,
	    .now_ms = clock_now_ms(), .out = out, .ip = evidence_ip(a, site_conf(s), ip)};
	return w;
}

bool withdraw_job_waits(const struct withdraw_job *job)
{
	return job->erase;
}

enum err withdraw_job_end(struct withdraw_job *job, struct store *store, bool *fresh, struct errinfo *ei)
{
	enum err rc = job->erase ? erasure_finish(store, job->now_ms, NULL, ei) : OK;

	if (fresh)
		*fresh = !rc && job->fresh;
	return rc;
}

enum err withdraw_act_purpose(const struct site *s, struct store *store, struct writer_pool *writers, struct arena *a,
    struct slice token, struct slice purpose, enum withdraw_way way, struct slice ip, struct withdraw_info *out,
    bool *fresh, struct errinfo *ei)
{
	struct withdraw_job *w = withdraw_job_new(s, a, token, purpose, way, ip, out);
	enum err rc;

	if (fresh)
		*fresh = false;
	if (!w)
		return err_set(ei, E_NOMEM, "a withdrawal");
	rc = writer_run(writers, store, withdraw_job_run, w, ei);
	return rc ? rc : withdraw_job_end(w, store, fresh, ei);
}

enum err withdraw_act(const struct site *s, struct store *store, struct writer_pool *writers, struct arena *a,
    struct slice token, enum withdraw_way way, struct slice ip, struct withdraw_info *out, bool *fresh,
    struct errinfo *ei)
{
	return withdraw_act_purpose(s, store, writers, a, token, SLICE(""), way, ip, out, fresh, ei);
}

enum err withdraw_person_purpose(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    struct slice purpose, enum withdraw_way way, struct slice ip, int64_t now_ms, struct withdraw_info *out, bool *fresh,
    bool *erase, struct errinfo *ei)
{
	struct withdraw_job w = {.site = s, .a = a, .purpose = purpose, .way = way, .ip = ip, .now_ms = now_ms, .out = out};
	enum err rc = person_get(db, person_id, &w.person, ei);

	*fresh = *erase = false;
	memset(out, 0, sizeof(*out));
	out->lang = site_lang_default(s);
	out->state = WITHDRAW_GONE;
	if (rc || w.person.state == PERSON_ERASED)
		return rc;
	rc = fill(db, s, a, &w.person, out, ei);
	if (!rc)
		rc = leave(db, &w, ei);
	*fresh = w.fresh;
	*erase = w.erase;
	return rc;
}

enum err withdraw_person(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    enum withdraw_way way, int64_t now_ms, bool *fresh, bool *erase, struct errinfo *ei)
{
	struct withdraw_info *info = arena_alloc(a, sizeof(*info));

	*fresh = *erase = false;
	if (!info)
		return err_set(ei, E_NOMEM, "withdrawal");
	return withdraw_person_purpose(db, s, a, person_id, SLICE(""), way, SLICE(""), now_ms, info, fresh, erase, ei);
}

enum err withdraw_everything(struct db *db, const struct site *s, struct arena *a, const struct person *p,
    bool requests, int64_t now_ms, struct withdraw_info *out, bool *changed, struct errinfo *ei)
{
	const struct withdraw_job w = {.person = *p, .now_ms = now_ms};
	size_t cancelled = 0;
	int64_t ended = 0;
	enum err rc;

	memset(out, 0, sizeof(*out));
	out->lang = site_lang_default(s);
	rc = fill(db, s, a, p, out, ei);
	if (!rc && requests)
		rc = cancel_requests(db, &w, SLICE(""), &cancelled, ei);
	if (!rc)
		rc = lists_told(db, s, p->id, out, now_ms, ei);
	if (!rc)
		rc = purpose_set_all(db, p->id, PURPOSE_ENDED, now_ms, &ended, ei);
	if (!ended)
		out->purposes = SLICE("");
	*changed = !rc && (cancelled || ended);
	return rc;
}
