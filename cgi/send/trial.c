#include "send/trial.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "send/http.h"
#include "send/route_priv.h"

#define ARENA_BYTES (8u * 1024u * 1024u)

struct trial {
	struct route route;
	struct http *http;
	struct arena arena;
};

static bool trial_begin(struct trial *t, const struct conf *c, const struct conf_site *s)
{
	const struct http_opts o = {.parallel = 1, .total_timeout_ms = TRIAL_TIMEOUT_MS};

	route_init(&t->route, c, s);
	arena_init(&t->arena, ARENA_BYTES);
	t->http = http_new(&o);
	return t->http != NULL;
}

static void trial_end(struct trial *t)
{
	http_free(t->http);
	arena_free(&t->arena);
	route_free(&t->route);
}

/* What went wrong before anybody was asked. */
static void ours(struct trial_answer *out, const char *code, const struct errinfo *ei)
{
	out->res = (struct provider_result){.class_ = PROVIDER_HOLD, .alarm = true};
	snprintf(out->res.code, sizeof(out->res.code), "%s", code);
	snprintf(out->res.text, sizeof(out->res.text), "%.290s", ei->text);
}

static void reply_take(struct provider_reply *r, const struct http_call *call)
{
	*r = (struct provider_reply){
		.transport = call->outcome == HTTP_ANSWER ? PROVIDER_ANSWERED :
		    call->outcome == HTTP_LOST ? PROVIDER_LOST : PROVIDER_NOT_SENT,
		.status = call->status,
		.refused_us = call->refused_us,
		.body = buf_slice(&call->reply),
		.retry_after = slice_from(call->retry_after),
		.now_ms = clock_now_ms(),
	};
}

static void why_add(struct provider_result *res, const struct http_call *call)
{
	size_t len = strlen(res->text);

	if (call->outcome != HTTP_ANSWER && call->error[0])
		snprintf(res->text + len, sizeof(res->text) - len, ": %.150s", call->error);
}

static enum err call_do(struct trial *t, const struct provider_request *r, struct http_call *call,
    struct errinfo *ei)
{
	*call = (struct http_call){
		.method = r->method, .url = r->url.data, .mail_from = r->mail_from, .rcpt_to = r->rcpt_to,
		.smtp_login = r->smtp_login, .starttls = r->starttls, .nheaders = r->nheaders,
		.body = buf_slice(&r->body), .user = r->user, .password = r->password,
	};
	for (size_t i = 0; i < r->nheaders; i++) {
		call->headers[i].name = r->headers[i].name;
		call->headers[i].value = r->headers[i].value;
	}
	return http_do(t->http, call, ei);
}

/* The hop with its key read; false: out says what is wrong with the file. */
static bool hop_ready(struct trial *t, struct route_hop *h, struct trial_answer *out)
{
	struct errinfo ei = {.code = OK};

	*out = (struct trial_answer){.provider = h->p->name, .date_ms = -1};
	if (route_hop_ready(&t->route, h->p->name, &ei))
		return true;
	ours(out, "secret", &ei);
	return false;
}

static void ask_one(struct trial *t, struct route_hop *h, enum provider_probe what, struct trial_answer *out)
{
	const struct provider_ask *ask = &h->p->asks[what];
	struct slice sender = slice_from(t->route.site->mail.from.email);
	struct errinfo ei = {.code = OK};
	struct provider_request req;
	struct provider_reply reply;
	struct http_call call = {.method = NULL};
	enum err e;

	if (!hop_ready(t, h, out))
		return;
	e = ask->build(&t->arena, &h->settings, sender, &req, &ei);
	if (!e)
		e = call_do(t, &req, &call, &ei);
	if (e) {
		ours(out, "endpoint", &ei);
		http_call_free(&call);
		return;
	}
	reply_take(&reply, &call);
	ask->read(&reply, sender, &out->res);
	why_add(&out->res, &call);
	out->date_ms = provider_date_ms(slice_from(call.date));
	out->ours_ms = reply.now_ms;
	http_call_free(&call);
}

size_t trial_ask(const struct conf *c, const struct conf_site *s, enum provider_probe what,
    struct trial_answer out[static TRIAL_MAX])
{
	struct trial t;
	size_t n = 0;

	if (trial_begin(&t, c, s))
		for (size_t i = 0; i < t.route.n && n < TRIAL_MAX; i++)
			if (t.route.hops[i].p->asks[what].build)
				ask_one(&t, &t.route.hops[i], what, &out[n++]);
	trial_end(&t);
	return n;
}

static void send_one(struct trial *t, struct route_hop *h, const struct message *m, struct trial_answer *out)
{
	struct errinfo ei = {.code = OK};
	struct provider_request req;
	struct provider_reply reply;
	struct http_call call = {.method = NULL};
	enum err e;

	if (!hop_ready(t, h, out))
		return;
	if (h->p->kind == PROVIDER_LOCAL) {
		h->p->deliver(&h->settings, m, &out->res);
		return;
	}
	e = h->p->build(&t->arena, &h->settings, m, &req, &ei);
	if (e) {
		ours(out, "bad-mail", &ei);
		return;
	}
	e = call_do(t, &req, &call, &ei);
	if (e) {
		ours(out, "endpoint", &ei);
	} else {
		reply_take(&reply, &call);
		h->p->read(&reply, &out->res);
		why_add(&out->res, &call);
	}
	http_call_free(&call);
}

size_t trial_send(const struct conf *c, const struct conf_site *s, const struct message *m,
    struct trial_answer out[static TRIAL_MAX])
{
	struct trial t;
	size_t n = 0;

	if (trial_begin(&t, c, s)) {
		for (size_t i = 0; i < t.route.n && n < TRIAL_MAX; i++) {
			send_one(&t, &t.route.hops[i], m, &out[n++]);
			if (out[n - 1].res.class_ != PROVIDER_HOLD && out[n - 1].res.class_ != PROVIDER_RETRY)
				break;
		}
	}
	trial_end(&t);
	return n;
}

void trial_route(const struct conf *c, const struct conf_site *s, struct buf *out)
{
	struct route r;

	route_init(&r, c, s);
	for (size_t i = 0; i < r.n; i++)
		buf_printf(out, i ? ", %s" : "%s", r.hops[i].p->name);
	route_free(&r);
}
