#include "send/contacts_priv.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "mail/brevo_contact.h"
#include "mail/mailjet_contact.h"
#include "send/worker.h"

#define ERROR_WAIT_MS 60000
#define LAST (-1)

static enum err mailjet_build(struct contacts *c, const struct provider_settings *s, struct slice what,
    struct errinfo *ei)
{
	return mailjet_contact_build(&c->arena, s, (enum mailjet_contact_step)c->step, what, buf_slice(&c->address), &c->req,
	    ei);
}

static void mailjet_read(int step, const struct provider_reply *r, struct provider_result *out)
{
	mailjet_contact_read((enum mailjet_contact_step)step, r, out);
}

/* Nothing to delete without a number. */
static int mailjet_after(int step, const struct provider_result *r)
{
	return step == MAILJET_CONTACT_FIND && r->class_ == PROVIDER_ACCEPTED ? MAILJET_CONTACT_DELETE : LAST;
}

static enum err brevo_build(struct contacts *c, const struct provider_settings *s, struct slice what,
    struct errinfo *ei)
{
	return brevo_contact_build(&c->arena, s, (enum brevo_contact_step)c->step, what, buf_slice(&c->address), &c->req,
	    ei);
}

static void brevo_read(int step, const struct provider_reply *r, struct provider_result *out)
{
	brevo_contact_read((enum brevo_contact_step)step, r, out);
}

/* Who is no contact still stands in the log. */
static int brevo_after(int step, const struct provider_result *r)
{
	(void)r;
	return step == BREVO_CONTACT_DELETE ? BREVO_CONTACT_FORGET : LAST;
}

static const struct contacts_keeper {
	const char *provider;
	int first[CONTACT_ACTION__MAX];
	enum err (*build)(struct contacts *c, const struct provider_settings *s, struct slice what, struct errinfo *ei);
	void (*read)(int step, const struct provider_reply *r, struct provider_result *out);
	/* After a step that was done, or found nothing to do. */
	int (*after)(int step, const struct provider_result *r);
} keepers[CONTACTS_KEEPERS] = {
	{"mailjet", {[CONTACT_ADD] = MAILJET_CONTACT_ADD, [CONTACT_ADD_AGAIN] = MAILJET_CONTACT_ADD_AGAIN,
	    [CONTACT_UNSUB] = MAILJET_CONTACT_UNSUB, [CONTACT_DELETE] = MAILJET_CONTACT_FIND},
	    mailjet_build, mailjet_read, mailjet_after},
	{"brevo", {[CONTACT_ADD] = BREVO_CONTACT_ADD, [CONTACT_ADD_AGAIN] = BREVO_CONTACT_ADD,
	    [CONTACT_UNSUB] = BREVO_CONTACT_REMOVE, [CONTACT_DELETE] = BREVO_CONTACT_DELETE},
	    brevo_build, brevo_read, brevo_after},
};

bool contacts_keeps(struct slice provider)
{
	for (size_t i = 0; i < CONTACTS_KEEPERS; i++)
		if (slice_eq_str(provider, keepers[i].provider))
			return true;
	return false;
}

/* What is to become of the row after a step. */
enum end { END_DONE, END_AGAIN, END_HELD, END_REFUSED };

static void done(struct tag *t);

void contacts_init(struct contacts *c, struct route *r, struct http *h)
{
	*c = (struct contacts){.tag = {done}, .site = r->site, .route = r, .http = h, .next_ms = INT64_MAX};
	arena_init(&c->arena, CONTACTS_ARENA_BYTES);
	buf_init(&c->address, 1024);
}

static void forget(struct contacts *c)
{
	crypt_wipe(c->address.data, c->address.len);
	buf_reset(&c->address);
	http_call_free(&c->call);
	c->call = (struct http_call){.method = NULL};
	arena_reset(&c->arena);
	c->flying = false;
}

void contacts_free(struct contacts *c)
{
	if (!c->tag.done)
		return;
	forget(c);
	buf_free(&c->address);
	arena_free(&c->arena);
}

/* The keeper that has something to do first, and when; a held one not before its hold ends. */
static enum err first_due(struct contacts *c, struct db *db, size_t *keeper, int64_t *next_ms, struct errinfo *ei)
{
	enum err e = OK;

	*next_ms = INT64_MAX;
	for (size_t i = 0; i < CONTACTS_KEEPERS && !e; i++) {
		int64_t at_ms = INT64_MAX;

		if (!route_has(c->route, keepers[i].provider))
			continue;
		e = contact_next_due(db, slice_from(keepers[i].provider), &at_ms, ei);
		if (at_ms != INT64_MAX && at_ms < c->held_until_ms[i])
			at_ms = c->held_until_ms[i];
		if (at_ms < *next_ms) {
			*next_ms = at_ms;
			*keeper = i;
		}
	}
	return e;
}

void contacts_refresh(struct contacts *c, struct store *st)
{
	struct errinfo ei = {0};
	struct db *db;
	size_t keeper;
	enum err e;

	if (c->flying)
		return;
	c->next_ms = INT64_MAX;
	if (!route_has(c->route, "mailjet") && !route_has(c->route, "brevo"))
		return;
	e = store_read(st, &db, &ei);
	if (!e) {
		e = first_due(c, db, &keeper, &c->next_ms, &ei);
		store_read_end(st, db);
	}
	if (e) {
		log_err(LOG_ERROR, "contacts_read", &ei);
		c->next_ms = clock_now_ms() + ERROR_WAIT_MS;
	}
}

void contacts_release(struct contacts *c)
{
	for (size_t i = 0; i < CONTACTS_KEEPERS; i++) {
		c->held_until_ms[i] = 0;
		c->failures[i] = 0;
		route_secret_forget(c->route, keepers[i].provider);
	}
}

/* The keeper answers again, and what it says is about this row. */
static void works(struct contacts *c)
{
	if (c->held[c->keeper])
		log_event(LOG_INFO, "contacts_hold_over", LOG_S("site", c->site->id),
		    LOG_S("provider", keepers[c->keeper].provider));
	c->held[c->keeper] = false;
	c->held_until_ms[c->keeper] = 0;
	c->failures[c->keeper] = 0;
}

static enum err settle_in(struct contacts *c, struct db *db, enum end end, int64_t next_ms, struct slice code,
    struct errinfo *ei)
{
	if (end == END_DONE)
		return contact_done(db, &c->now, ei);
	if (end == END_HELD)
		return contact_note(db, &c->now, code, ei);
	return contact_again(db, &c->now, end == END_REFUSED ? 0 : next_ms, code, ei);
}

static void settle(struct contacts *c, enum end end, int64_t next_ms, const char *code)
{
	struct errinfo ei = {0};
	struct db *db;
	enum err e = store_write_begin(c->store, &db, &ei);

	if (!e) {
		e = settle_in(c, db, end, next_ms, slice_from(code), &ei);
		if (e)
			store_write_rollback(c->store);
		else
			e = store_write_commit(c->store, &ei);
	}
	log_event(end == END_REFUSED ? LOG_ERROR : LOG_INFO, end == END_REFUSED ? "contact_refused" : "contact",
	    LOG_S("site", c->site->id), LOG_I("id", c->now.id), LOG_S("action", contact_action_name(c->now.action)),
	    LOG_S("purpose", c->now.purpose), LOG_S("code", code));
	forget(c);
	if (!e) {
		contacts_refresh(c, c->store);
		return;
	}
	/* Not written: the same call once more later, which does no harm. */
	log_err(LOG_ERROR, "contact_settle", &ei);
	c->next_ms = clock_now_ms() + ERROR_WAIT_MS;
}

static void again(struct contacts *c, const struct provider_result *r)
{
	uint32_t wait_s = worker_backoff_s((unsigned)c->now.attempt + 1);
	uint32_t pause_s = worker_backoff_s(++c->failures[c->keeper]);

	/* The others would get no better answer: they wait too, and one goes first. */
	if (pause_s > WORKER_HOLD_CHECK_S)
		pause_s = WORKER_HOLD_CHECK_S;
	if (pause_s < r->retry_after_s)
		pause_s = r->retry_after_s;
	c->held_until_ms[c->keeper] = clock_now_ms() + (int64_t)pause_s * 1000;
	settle(c, END_AGAIN, clock_now_ms() + (int64_t)(wait_s > r->retry_after_s ? wait_s : r->retry_after_s) * 1000,
	    r->code);
}

static void hold(struct contacts *c, const char *code, const char *text)
{
	if (!c->held[c->keeper])
		log_event(LOG_ERROR, "contacts_hold", LOG_S("site", c->site->id),
		    LOG_S("provider", keepers[c->keeper].provider), LOG_S("code", code), LOG_S("text", text));
	c->held[c->keeper] = true;
	c->held_until_ms[c->keeper] = clock_now_ms() + (int64_t)WORKER_HOLD_CHECK_S * 1000;
	/* The next call reads the key again: it may be a new one by then. */
	route_secret_forget(c->route, keepers[c->keeper].provider);
	settle(c, END_HELD, 0, code);
}

static void call_start(struct contacts *c, struct slice what)
{
	struct errinfo ei = {0};
	struct route_hop *h = route_hop_ready(c->route, keepers[c->keeper].provider, &ei);
	enum err e;

	if (!h) {
		hold(c, "secret", ei.text);
		return;
	}
	e = keepers[c->keeper].build(c, &h->settings, what, &ei);
	if (e) {
		log_err(LOG_ERROR, "contact_build", &ei);
		settle(c, END_REFUSED, 0, "bad-list");
		return;
	}
	http_call_free(&c->call);
	c->call = (struct http_call){.method = c->req.method, .url = c->req.url.data, .nheaders = c->req.nheaders,
	    .body = buf_slice(&c->req.body), .user = c->req.user, .password = c->req.password, .tag = &c->tag};
	for (size_t i = 0; i < c->req.nheaders; i++) {
		c->call.headers[i].name = c->req.headers[i].name;
		c->call.headers[i].value = c->req.headers[i].value;
	}
	c->flying = true;
	e = http_start(c->http, &c->call, &ei);
	if (e == E_LIMIT || e == E_NOMEM) {
		forget(c);
		c->next_ms = clock_now_ms() + 1000;
	} else if (e) {
		hold(c, "endpoint", ei.text);
	}
}

static void done(struct tag *t)
{
	struct contacts *c = (struct contacts *)t;
	const struct provider_reply r = {
		.transport = c->call.outcome == HTTP_ANSWER ? PROVIDER_ANSWERED : PROVIDER_LOST,
		.status = c->call.status, .body = buf_slice(&c->call.reply),
		.retry_after = slice_from(c->call.retry_after), .now_ms = clock_now_ms(),
	};
	struct provider_result res;
	bool fine;
	int after;

	keepers[c->keeper].read(c->step, &r, &res);
	fine = res.class_ == PROVIDER_ACCEPTED || strcmp(res.code, "absent") == 0;
	after = fine ? keepers[c->keeper].after(c->step, &res) : LAST;
	if (fine || res.class_ == PROVIDER_PERMANENT)
		works(c);
	if (after != LAST) {
		c->step = after;
		call_start(c, arena_dup(&c->arena, slice_from(res.provider_id)));
	} else if (fine) {
		settle(c, END_DONE, 0, res.code);
	} else if (res.class_ == PROVIDER_HOLD) {
		hold(c, res.code, res.text);
	} else if (res.class_ == PROVIDER_PERMANENT) {
		log_event(LOG_ERROR, "contact_answer", LOG_S("site", c->site->id), LOG_S("text", res.text));
		settle(c, END_REFUSED, 0, res.code);
	} else {
		again(c, &res);
	}
}

/* A word that has become pointless: its purpose has no list any more, or there is nobody left. */
static bool pointless(const struct contacts *c, const struct conf_purpose *p)
{
	if (!c->now.readable)
		return true;
	return c->now.action != CONTACT_DELETE && (!p || !p->provider_list[0]);
}

static enum err take(struct contacts *c, struct errinfo *ei)
{
	struct db *db;
	int64_t next_ms;
	enum err e = store_read(c->store, &db, ei);

	if (e)
		return e;
	e = first_due(c, db, &c->keeper, &next_ms, ei);
	c->next_ms = INT64_MAX;
	if (!e && next_ms > clock_now_ms()) {
		c->next_ms = next_ms;
		e = E_NOT_FOUND;
	}
	if (!e)
		e = contact_next(db, slice_from(keepers[c->keeper].provider), clock_now_ms(), &c->now, &c->address, ei);
	store_read_end(c->store, db);
	return e;
}

void contacts_start(struct contacts *c, struct store *st)
{
	const struct conf_purpose *p;
	struct errinfo ei = {0};
	enum err e;

	if (c->flying || c->next_ms > clock_now_ms())
		return;
	c->store = st;
	e = take(c, &ei);
	if (e && e != E_NOT_FOUND) {
		log_err(LOG_ERROR, "contacts_read", &ei);
		c->next_ms = clock_now_ms() + ERROR_WAIT_MS;
	}
	if (e)
		return;
	p = conf_purpose_by_id(c->site, slice_from(c->now.purpose));
	if (pointless(c, p)) {
		settle(c, END_DONE, 0, "pointless");
		return;
	}
	c->step = keepers[c->keeper].first[c->now.action];
	call_start(c, p ? slice_from(p->provider_list) : SLICE(""));
}
