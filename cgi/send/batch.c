#include "send/batch_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "mail/sent.h"
#include "send/contacts_priv.h"
#include "store/contact.h"
#include "store/event.h"
#include "store/person.h"
#include "store/text.h"

#define SETTLE_TRIES_MAX 10
/* Sent twice without an answer and nobody to ask: this row stays unknown. */
#define CODE_FINAL "unknown-final"
#define CODE_PUT_BACK "put-back"

/* --- what is due ------------------------------------------------------------------ */

static bool due_unknown(const struct outbox_row *r, void *arg)
{
	((struct batch_due *)arg)->unknown_ms = r->next_ms;
	return false;
}

static bool due_held(const struct outbox_row *r, void *arg)
{
	(void)r;
	((struct batch_due *)arg)->held = true;
	return false;
}

enum err batch_due_read(struct store *st, struct batch_due *out, struct errinfo *ei)
{
	int64_t now_ms = clock_now_ms();
	struct db *db;
	enum err e;

	*out = (struct batch_due){.queued_ms = INT64_MAX, .unknown_ms = INT64_MAX};
	e = store_read(st, &db, ei);
	if (e)
		return e;
	e = outbox_next_due(db, &out->queued_ms, ei);
	if (out->queued_ms != INT64_MAX && out->queued_ms > now_ms + OUTBOX_AHEAD_MS)
		out->queued_ms = now_ms; /* the clock ran ahead when it was written */
	if (!e)
		e = outbox_open_each(db, OUTBOX_UNKNOWN, INT64_MAX, 1, due_unknown, out, ei);
	if (!e)
		e = outbox_open_each(db, OUTBOX_HELD, INT64_MAX, 1, due_held, out, ei);
	store_read_end(st, db);
	return e;
}

/* --- claim ------------------------------------------------------------------------ */

struct scan {
	int64_t ids[WORKER_BATCH_MAX];
	int64_t started_ms[WORKER_BATCH_MAX];
	size_t n;
};

static bool scan_row(const struct outbox_row *r, void *arg)
{
	struct scan *s = arg;

	s->started_ms[s->n] = r->started_ms;
	s->ids[s->n++] = r->id;
	return s->n < WORKER_BATCH_MAX;
}

/*
 * Makes rows of a state queued and first in line (due at 1 ms), inside the
 * claiming transaction, so that a crash leaves them either as they were or claimed.
 */
static enum err requeue(struct db *db, struct scan *s, enum outbox_state state, int64_t due_ms,
    unsigned limit, struct errinfo *ei)
{
	enum err e = limit ? outbox_open_each(db, state, due_ms, limit, scan_row, s, ei) : OK;

	for (size_t i = 0; i < s->n && !e; i++)
		e = outbox_retry(db, s->ids[i], 1, ei);
	return e;
}

/* The provider that may have an unknown mail, if it can be asked now; else the one whose turn it is. */
static struct route_hop *hop_of(struct batch *b, const struct outbox_row *r)
{
	struct errinfo ei = {0};
	struct route_hop *h;
	char name[32];

	if (!slice_copy(r->provider, name, sizeof(name)) || strcmp(name, b->hop->p->name) == 0)
		return b->hop;
	h = route_hop_ready(b->route, name, &ei);
	return h && !h->held ? h : b->hop;
}

static void claim_unknown(struct task *t, const struct outbox_row *r, int64_t started_ms)
{
	struct route_hop *h = hop_of(t->batch, r);
	bool same = r->provider.len == 0 || slice_eq_str(r->provider, h->p->name);

	t->unknown = true;
	t->hop = h;
	t->repeat = same && h->p->repeat && h->p->repeat(r->result_code, clock_now_ms() - started_ms);
}

static void claim_row(const struct outbox_row *r, void *arg)
{
	struct batch *b = arg;
	struct task *t = &b->tasks[b->n++];

	memset(t, 0, sizeof(*t));
	t->tag.done = task_call_done;
	t->batch = b;
	t->hop = b->hop;
	t->id = r->id;
	t->person_id = r->person_id;
	t->request_id = r->request_id;
	t->created_ms = r->created_ms;
	t->kind = r->kind;
	t->attempt = r->attempt;
	memcpy(t->mail_hash, r->mail_hash, sizeof(t->mail_hash));
	t->slots = arena_dup(&b->arena, r->slots);
	arena_init_blocks(&t->arena, TASK_ARENA_BYTES, TASK_BLOCK_BYTES);
	for (size_t i = 0; i < b->nunknown; i++)
		if (b->unknown_ids[i] == r->id)
			claim_unknown(t, r, b->unknown_started_ms[i]);
}

static enum err claim_in(struct batch *b, struct db *db, bool probe, struct errinfo *ei)
{
	int64_t now = clock_now_ms();
	unsigned limit = probe ? 1 : WORKER_BATCH_MAX;
	/* Together they fit into one claim, so that none of them stays behind as plainly queued. */
	unsigned share = probe ? 1 : limit / 2;
	struct scan unknown = {0}, held = {0};
	enum err e = requeue(db, &held, OUTBOX_HELD, INT64_MAX, share, ei);

	if (!e && !(probe && held.n))
		e = requeue(db, &unknown, OUTBOX_UNKNOWN, now, share, ei);
	memcpy(b->unknown_ids, unknown.ids, sizeof(b->unknown_ids));
	memcpy(b->unknown_started_ms, unknown.started_ms, sizeof(b->unknown_started_ms));
	b->nunknown = unknown.n;
	if (!e)
		e = outbox_claim(db, now, limit, slice_from(b->attempt_id), claim_row, b, NULL, ei);
	return e;
}

static enum err claim(struct batch *b, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(b->store, &db, ei);

	if (e)
		return e;
	e = claim_in(b, db, b->hop->held, ei);
	if (e || b->n == 0) {
		store_write_rollback(b->store);
		return e;
	}
	return store_write_commit(b->store, ei);
}

struct batch *batch_claim(const struct worker_opts *o, struct store *st, struct route *r,
    struct route_hop *hop, struct http *h)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct errinfo ei = {0};
	unsigned char id[16];
	enum err e;

	if (!b)
		return NULL;
	b->opts = o;
	b->site = r->site;
	b->store = st;
	b->route = r;
	b->hop = hop;
	b->http = h;
	crypt_random(id, sizeof(id));
	enc_b64url(id, sizeof(id), b->attempt_id);
	arena_init(&b->arena, BATCH_ARENA_BYTES);
	e = claim(b, &ei);
	if (e)
		log_err(LOG_ERROR, "outbox_claim", &ei);
	if (e || b->n == 0) {
		batch_free(b);
		return NULL;
	}
	return b;
}

/* Its mail, request and answer are of no use any more. A hundred of them would be megabytes until settlement. */
static void task_empty(struct task *t)
{
	http_call_free(&t->call);
	arena_free(&t->arena);
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		task_empty(&b->tasks[i]);
	for (size_t i = 0; i < BATCH_TEXTS; i++)
		arena_free(&b->texts[i].arena);
	arena_free(&b->arena);
	free(b);
}

/* --- one task ---------------------------------------------------------------------- */

static void task_done(struct task *t)
{
	struct batch *b = t->batch;
	int64_t now = clock_now_ms();

	/* At once, not at settlement: every further request would get the same answer. */
	if (t->res.class_ == PROVIDER_HOLD && !(t->hop->held && t->hop->held_until_ms > now))
		route_hold(b->route, t->hop, now + WORKER_HOLD_CHECK_S * 1000, t->res.code, t->res.text);
	t->state = TASK_DONE;
	t->done_mono_ms = clock_mono_ms();
	b->done++;
	task_empty(t);
}

/* What an answer, or none, says about the provider. A refusal of the mail is an answer like another. */
static void hop_learn(struct task *t)
{
	struct route *r = t->batch->route;

	if (t->res.class_ == PROVIDER_RETRY || t->res.class_ == PROVIDER_UNKNOWN)
		route_fails(r, t->hop, clock_now_ms(), t->res.retry_after_s, t->res.code, t->res.text);
	else if (t->res.class_ != PROVIDER_HOLD)
		route_works(r, t->hop, clock_now_ms());
}

/* An end that no provider decided. */
static void task_end(struct task *t, enum provider_class c, bool alarm, const char *code, const char *text)
{
	t->res = (struct provider_result){.class_ = c, .alarm = alarm};
	snprintf(t->res.code, sizeof(t->res.code), "%s", code);
	snprintf(t->res.text, sizeof(t->res.text), "%s", text);
	task_done(t);
}

/* Not its turn any more: back to where it was, and no try was lost. */
static void task_put_back(struct task *t, const char *text)
{
	task_end(t, t->unknown ? PROVIDER_UNKNOWN : PROVIDER_RETRY, false, CODE_PUT_BACK, text);
}

/* A mail whose link has expired helps nobody; others have three days. */
static int64_t give_up_ms(const struct task *t)
{
	const struct conf_site *site = t->batch->site;
	int64_t s = WORKER_GIVE_UP_S;

	if (t->kind == OUTBOX_CONFIRM && site->links.confirm.seconds > 0)
		s = site->links.confirm.seconds;
	/* Both answers to "what do you hold about me" end alike, so that neither tells by its absence. */
	if ((t->kind == OUTBOX_LINK || t->kind == OUTBOX_NOTHING) && site->links.rights.seconds > 0)
		s = site->links.rights.seconds;
	return t->created_ms + s * 1000;
}

static bool task_expired(struct task *t)
{
	if (clock_now_ms() <= give_up_ms(t))
		return false;
	task_end(t, PROVIDER_PERMANENT, false, "expired", "not sent in time; the mail would be of no use now");
	return true;
}

/* Unique at the provider also when a backup was restored: row ids start again then, times do not. */
static struct slice custom_id(struct task *t)
{
	struct buf b;

	buf_init_arena(&b, &t->arena, 65);
	buf_printf(&b, "%s-%lld-%lld", t->batch->site->id, (long long)t->id, (long long)t->created_ms);
	return buf_slice(&b);
}

static enum err text_read(struct batch *b, const struct task *t, struct batch_text *x, struct errinfo *ei)
{
	struct buf stored;
	struct db *db;
	enum err e = store_read(b->store, &db, ei);

	if (e)
		return e;
	buf_init(&stored, MESSAGE_STORED_MAX_BYTES);
	e = text_get(db, t->mail_hash, &stored, NULL, ei);
	store_read_end(b->store, db);
	if (!e)
		e = message_load(&x->arena, buf_slice(&stored), &x->m, ei);
	buf_free(&stored);
	return e;
}

/* The text of a task's mail, from those at hand or in the place of the oldest. */
static enum err task_text(const struct task *t, const struct message **out, struct errinfo *ei)
{
	struct batch *b = t->batch;
	struct batch_text *x;
	enum err e;

	for (size_t i = 0; i < BATCH_TEXTS; i++) {
		*out = &b->texts[i].m;
		if (b->texts[i].whole && memcmp(b->texts[i].hash, t->mail_hash, sizeof(t->mail_hash)) == 0)
			return OK;
	}
	x = &b->texts[b->ntexts % BATCH_TEXTS];
	x->whole = false;
	arena_free(&x->arena);
	arena_init_blocks(&x->arena, TASK_ARENA_BYTES, TASK_BLOCK_BYTES);
	*out = &x->m;
	e = text_read(b, t, x, ei);
	if (e)
		return e;
	memcpy(x->hash, t->mail_hash, sizeof(x->hash));
	x->whole = true;
	b->ntexts++;
	return OK;
}

/* What the evidence keeps of this mail: made before it leaves, written with its answer. */
static enum err task_proof(struct task *t, const struct message_slots *slots, struct errinfo *ei)
{
	struct buf b;
	enum err e;

	buf_init_arena(&b, &t->arena, SENT_MAX_BYTES);
	e = sent_write(&b, &t->m, slots, ei);
	t->proof = e ? SLICE("") : arena_dup(&t->batch->arena, buf_slice(&b));
	return e;
}

static enum err task_message(struct task *t, struct errinfo *ei)
{
	struct batch *b = t->batch;
	const struct message *text;
	struct message_slots slots;
	enum err e = task_text(t, &text, ei);

	if (!e)
		e = message_slots_read(&t->arena, t->slots, &slots, ei);
	if (!e)
		e = message_fill(&t->arena, text, &slots, &t->m, ei);
	if (!e)
		e = task_proof(t, &slots, ei);
	t->m.custom_id = custom_id(t);
	if (!e && !(arena_ok(&t->arena) && arena_ok(&b->arena)))
		e = err_set(ei, E_NOMEM, "mail: no memory");
	return e;
}

static void task_failed(struct task *t, enum err e, const struct errinfo *ei)
{
	bool ours = e == E_INVALID || e == E_NOT_FOUND || e == E_LIMIT;

	if (e == E_DENIED)
		task_end(t, PROVIDER_HOLD, true, "endpoint", ei->text);
	else
		task_end(t, ours ? PROVIDER_PERMANENT : PROVIDER_RETRY, true, ours ? "bad-mail" : "local", ei->text);
}

static void buf_move(struct buf *b, struct arena *to)
{
	struct slice bytes = buf_slice(b);

	buf_init_arena(b, to, bytes.len + 1);
	buf_add_slice(b, bytes);
}

/*
 * From here on the request is all that is needed of the mail, 13 of some 50 KB. Before this 32 of them under way took 1.6 MB.
 * A request that asks about a mail may be followed by the mail itself: that keeps all.
 */
static enum err task_pack(struct task *t, struct errinfo *ei)
{
	struct provider_request *r = &t->req;
	struct arena packed;

	arena_init_blocks(&packed, TASK_ARENA_BYTES, r->url.len + r->body.len + PACKED_MORE_BYTES);
	buf_move(&r->url, &packed);
	buf_move(&r->body, &packed);
	for (size_t i = 0; i < r->nheaders; i++)
		r->headers[i].value = arena_str(&packed, slice_from(r->headers[i].value));
	if (r->mail_from)
		r->mail_from = arena_str(&packed, slice_from(r->mail_from));
	if (r->rcpt_to)
		r->rcpt_to = arena_str(&packed, slice_from(r->rcpt_to));
	t->m = (struct message){.custom_id = arena_dup(&packed, t->m.custom_id)};
	arena_free(&t->arena);
	t->arena = packed;
	return arena_ok(&t->arena) ? OK : err_set(ei, E_NOMEM, "mail: no memory");
}

static enum err task_call_start(struct task *t, struct errinfo *ei)
{
	struct provider_request *r = &t->req;

	http_call_free(&t->call);
	t->call = (struct http_call){
		.method = r->method, .url = r->url.data, .mail_from = r->mail_from, .rcpt_to = r->rcpt_to,
		.starttls = r->starttls, .nheaders = r->nheaders, .body = buf_slice(&r->body), .user = r->user,
		.password = r->password, .tag = &t->tag,
	};
	for (size_t i = 0; i < r->nheaders; i++) {
		t->call.headers[i].name = r->headers[i].name;
		t->call.headers[i].value = r->headers[i].value;
	}
	return http_start(t->batch->http, &t->call, ei);
}

static enum err task_send(struct task *t, struct errinfo *ei)
{
	struct batch *b = t->batch;
	const struct provider *p = t->hop->p;
	enum err e;

	t->looking = t->unknown && p->build_lookup && !t->tried && !t->repeat;
	if (t->looking)
		e = p->build_lookup(&t->arena, &t->hop->settings, t->m.custom_id, &t->req, ei);
	else
		e = p->build(&t->arena, &t->hop->settings, &t->m, &t->req, ei);
	if (!e && !t->looking)
		e = task_pack(t, ei);
	if (!e)
		e = task_call_start(t, ei);
	if (e)
		return e;
	t->tried = t->tried || !t->looking;
	t->state = TASK_FLYING;
	t->hop->flying++;
	b->flying++;
	return OK;
}

static void task_start(struct task *t)
{
	struct route_hop *h = t->hop;
	struct errinfo ei = {0};
	enum err e;

	if (h->held && h->held_until_ms > clock_now_ms()) {
		if (h->outage)
			task_put_back(t, "the provider does not answer; the mail waits");
		else
			task_end(t, PROVIDER_HOLD, false, "held", "the provider is held");
		return;
	}
	e = task_message(t, &ei);
	if (!e && !t->unknown && task_expired(t))
		return;
	if (!e && h->p->kind == PROVIDER_LOCAL) {
		h->p->deliver(&h->settings, &t->m, &t->res);
		t->tried = true;
		hop_learn(t);
		task_done(t);
		return;
	}
	if (!e)
		e = task_send(t, &ei);
	if (e)
		task_failed(t, e, &ei);
}

bool batch_waiting(struct batch *b)
{
	while (b->next_waiting < b->n && b->tasks[b->next_waiting].state != TASK_WAITING)
		b->next_waiting++;
	return b->next_waiting < b->n;
}

bool batch_start_next(struct batch *b)
{
	const struct route_hop *h;

	if (!batch_waiting(b))
		return false;
	h = b->tasks[b->next_waiting].hop;
	if (h->flying >= h->room)
		return false;
	task_start(&b->tasks[b->next_waiting]);
	return true;
}

void batch_abandon_waiting(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->tasks[i].state == TASK_WAITING)
			task_put_back(&b->tasks[i], "the worker was stopped before this mail's turn");
}

static void lookup_done(struct task *t, const struct provider_reply *r)
{
	struct errinfo ei = {0};
	enum err e;

	t->hop->p->read_lookup(r, &t->res);
	hop_learn(t);
	if (t->res.class_ == PROVIDER_PERMANENT) {
		/* It never arrived: send it now. */
		t->tried = true;
		if (task_expired(t))
			return;
		e = task_send(t, &ei);
		if (e)
			task_failed(t, e, &ei);
		return;
	}
	if (t->res.class_ == PROVIDER_RETRY)
		t->res.class_ = PROVIDER_UNKNOWN;
	task_done(t);
}

void task_call_done(struct tag *tag)
{
	struct task *t = (struct task *)tag;
	struct batch *b = t->batch;
	struct provider_reply r = {
		.transport = t->call.outcome == HTTP_ANSWER ? PROVIDER_ANSWERED :
		    t->call.outcome == HTTP_LOST ? PROVIDER_LOST : PROVIDER_NOT_SENT,
		.status = t->call.status,
		.refused_us = t->call.refused_us,
		.body = buf_slice(&t->call.reply),
		.retry_after = slice_from(t->call.retry_after),
		.now_ms = clock_now_ms(),
	};

	b->flying--;
	t->hop->flying--;
	if (t->looking) {
		lookup_done(t, &r);
		return;
	}
	t->hop->p->read(&r, &t->res);
	hop_learn(t);
	if (r.transport != PROVIDER_ANSWERED && t->call.error[0]) {
		size_t len = strlen(t->res.text);

		snprintf(t->res.text + len, sizeof(t->res.text) - len, ": %.150s", t->call.error);
	}
	task_done(t);
}

/* --- settlement -------------------------------------------------------------------- */

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Another provider of the route that is not held. */
static bool other_hop(const struct task *t)
{
	const struct route *r = t->batch->route;

	for (size_t i = 0; i < r->n; i++)
		if (&r->hops[i] != t->hop && !r->hops[i].held)
			return true;
	return false;
}

static void outcome_retry(struct task *t, struct outbox_result *r)
{
	struct batch *b = t->batch;
	uint32_t wait_s = max_u32(worker_backoff_s((unsigned)t->attempt), t->res.retry_after_s);

	r->state = OUTBOX_QUEUED;
	if (t->tried && other_hop(t)) {
		/* "First that works": this one does not, the next one may. Held already, it may be for longer (Retry-After). */
		if (!(t->hop->held && t->hop->held_until_ms > r->now_ms))
			route_hold(b->route, t->hop, r->now_ms + WORKER_HOLD_CHECK_S * 1000, t->res.code, t->res.text);
		wait_s = 0;
	}
	r->next_ms = r->now_ms + (int64_t)wait_s * 1000;
	if (r->next_ms > give_up_ms(t))
		r->state = OUTBOX_FAILED;
}

static void outcome_hold(struct task *t, struct outbox_result *r)
{
	if (t->unknown && !t->tried)
		r->state = OUTBOX_UNKNOWN;
	else
		r->state = other_hop(t) ? OUTBOX_QUEUED : OUTBOX_HELD;
	t->hop->shown = t->hop->shown || r->state == OUTBOX_HELD;
	r->next_ms = r->state == OUTBOX_UNKNOWN ? t->hop->held_until_ms : r->now_ms;
}

static void outcome_unknown(struct task *t, struct outbox_result *r)
{
	const struct provider *p = t->hop->p;

	r->state = OUTBOX_UNKNOWN;
	r->next_ms = r->now_ms + (int64_t)WORKER_LOOKUP_S * 1000;
	if (t->unknown && (!t->tried || t->repeat))
		r->next_ms = r->now_ms + (int64_t)worker_backoff_s((unsigned)t->attempt) * 1000;
	if ((t->unknown && t->tried && !p->build_lookup) || r->now_ms > give_up_ms(t)) {
		r->code = SLICE(CODE_FINAL);
		r->next_ms = 0;
	}
}

static void outcome(struct task *t, struct outbox_result *r)
{
	*r = (struct outbox_result){
		.result_class = (int)t->res.class_ + 1,
		.code = slice_from(t->res.code),
		.text = slice_from(t->res.text),
		.provider = slice_from(t->hop->p->name),
		.provider_id = slice_from(t->res.provider_id),
		.now_ms = clock_now_ms(),
		.untried = strcmp(t->res.code, CODE_PUT_BACK) == 0,
	};
	if (r->untried) {
		r->state = t->unknown ? OUTBOX_UNKNOWN : OUTBOX_QUEUED;
		r->next_ms = r->now_ms;
		return;
	}
	switch (t->res.class_) {
	case PROVIDER_ACCEPTED:
		r->state = OUTBOX_ACCEPTED;
		break;
	case PROVIDER_PERMANENT:
		r->state = OUTBOX_FAILED;
		break;
	case PROVIDER_RETRY:
		outcome_retry(t, r);
		break;
	case PROVIDER_HOLD:
		outcome_hold(t, r);
		break;
	case PROVIDER_UNKNOWN:
	case PROVIDER_CLASS__MAX:
		outcome_unknown(t, r);
		break;
	}
}

/* The evidence: what the provider said about this person's mail. */
static enum err settle_event(struct db *db, const struct task *t, const struct outbox_result *r,
    struct errinfo *ei)
{
	bool final = r->state == OUTBOX_ACCEPTED || r->state == OUTBOX_FAILED || slice_eq_str(r->code, CODE_FINAL);
	struct event_new ev = {
		.person_id = t->person_id,
		.time_ms = r->now_ms,
		.kind = r->state == OUTBOX_ACCEPTED ? EVENT_MAIL_ACCEPTED : EVENT_MAIL_FAILED,
		.mail_hash = t->mail_hash,
		.config_hash = t->batch->site->hash,
		.request_id = t->request_id,
		.outbox_id = t->id,
		.provider = r->provider,
		.provider_id = r->provider_id,
		.detail = r->code,
		.fields = t->proof,
	};
	enum err e;

	if (!final || t->person_id == 0)
		return OK;
	e = event_append(db, &ev, NULL, ei);
	/* Erased meanwhile: there is nobody left to whom this could belong. */
	return e == E_NOT_FOUND ? OK : e;
}

/*
 * Mailjet makes a contact of every recipient, also of a mail to nobody: a certificate of erasure, or word that nothing is
 * held. That contact goes as soon as the mail is handed over, unless the address is somebody's here. The owner's own stays.
 */
static enum err settle_stranger(struct db *db, const struct task *t, const struct outbox_result *r, struct errinfo *ei)
{
	struct message_slots slots;
	struct person p;
	enum err e;

	if (t->person_id || r->state != OUTBOX_ACCEPTED || t->kind == OUTBOX_OWNER || !contacts_keeps(r->provider))
		return OK;
	e = message_slots_read(&t->batch->arena, t->slots, &slots, ei);
	if (!e)
		e = person_find_address(db, STORE_EMAIL, slots.value[MESSAGE_TO], &p, ei);
	/* No person has a number below 0: one row for each such mail. */
	return e == E_NOT_FOUND ? contact_put_delete(db, r->provider, -t->id, slots.value[MESSAGE_TO], r->now_ms, ei) : e;
}

static void settle_log(const struct task *t, const struct outbox_result *r)
{
	bool loud = t->res.alarm && r->state == OUTBOX_FAILED;

	log_event(loud ? LOG_ERROR : LOG_INFO, loud ? "mail_refused" : "mail_settled",
	    LOG_S("site", t->batch->site->id), LOG_I("id", t->id), LOG_S("kind", outbox_kind_name(t->kind)),
	    LOG_S("state", outbox_state_name(r->state)), LOG_SL("provider", r->provider), LOG_SL("code", r->code),
	    LOG_I("attempt", t->attempt), LOG_SL("text", loud ? r->text : SLICE("")));
}

static enum err settle_in(struct batch *b, struct db *db, struct outbox_result *results, struct errinfo *ei)
{
	for (size_t i = 0; i < b->n; i++) {
		struct task *t = &b->tasks[i];
		enum err e;

		if (t->state != TASK_DONE)
			continue;
		outcome(t, &results[i]);
		e = outbox_settle(db, t->id, slice_from(b->attempt_id), &results[i], ei);
		if (e == E_CONFLICT)
			continue; /* settled by somebody else: a hook, or the command line */
		if (!e)
			e = settle_event(db, t, &results[i], ei);
		if (!e)
			e = settle_stranger(db, t, &results[i], ei);
		if (e)
			return e;
	}
	return OK;
}

static enum err settle(struct batch *b, struct outbox_result *results, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(b->store, &db, ei);

	if (e)
		return e;
	e = settle_in(b, db, results, ei);
	if (e) {
		store_write_rollback(b->store);
		return e;
	}
	return store_write_commit(b->store, ei);
}

static void settled(struct batch *b, const struct outbox_result *results)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->tasks[i].state != TASK_DONE)
			continue;
		b->tasks[i].state = TASK_SETTLED;
		b->done--;
		b->settled++;
		settle_log(&b->tasks[i], &results[i]);
	}
	b->settle_failures = 0;
}

static bool settle_is_due(const struct batch *b)
{
	int64_t now = clock_mono_ms();

	if (b->done == 0 || now < b->settle_retry_ms)
		return false;
	if (b->done + b->settled == b->n)
		return true;
	for (size_t i = 0; i < b->n; i++)
		if (b->tasks[i].state == TASK_DONE && now - b->tasks[i].done_mono_ms >= BATCH_SETTLE_AFTER_MS)
			return true;
	return false;
}

bool batch_settle(struct batch *b)
{
	struct outbox_result results[WORKER_BATCH_MAX];
	struct errinfo ei = {0};

	if (settle_is_due(b)) {
		if (settle(b, results, &ei) == OK) {
			settled(b, results);
		} else {
			log_err(LOG_ERROR, "outbox_settle", &ei);
			b->settle_failures++;
			b->settle_retry_ms = clock_mono_ms() + 1000;
		}
	}
	/* What cannot be written is left as "sending": the next start takes it as unknown. */
	return b->settled == b->n || (b->settle_failures >= SETTLE_TRIES_MAX && b->flying == 0);
}
