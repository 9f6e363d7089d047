/*
 * Events of providers. The path (or the password of Basic auth, or Brevo's bearer token) is all that shows who is
 * asking, so the body is stored and believed only as a claim about our own mails (core/events.h). Answers are short:
 * nobody reads them. 401 to a wrong secret, whatever is right or wrong beside it; 200 only when the body is on disk.
 */
#include "web/page_priv.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "mail/provider_event.h"
#include "store/hook.h"

#define HOOK_AUTH_MAX_BYTES 4096

static void hook_answer(struct page *p, unsigned status, const char *word)
{
	page_head(p, status, "text/plain; charset=utf-8", NULL);
	buf_add_str(&p->res->body, word);
	buf_add_char(&p->res->body, '\n');
}

/* Constant time: hashes are compared, so that neither bytes nor length of the secret show. */
static bool secret_is(const struct generation_hook *hook, struct slice given)
{
	unsigned char hash[CRYPT_HASH_BYTES];

	crypt_sha256(hash, given.ptr ? given.ptr : "", given.len);
	return crypt_equal(hash, hook->hash, sizeof(hash)) && hook->set;
}

/* The password of "Basic <base64 of user:password>"; empty if there is none. RFC 7617. */
static struct slice basic_password(struct page *p)
{
	struct slice head = slice_sub(p->req->authorization, 0, 6);
	struct buf b;
	size_t colon;

	buf_init_arena(&b, p->arena, HOOK_AUTH_MAX_BYTES);
	if (!slice_ieq(head, SLICE("Basic "))
	    || !enc_b64_decode(slice_trim(slice_sub(p->req->authorization, 6, HOOK_AUTH_MAX_BYTES)), &b))
		return SLICE("");
	colon = slice_find(buf_slice(&b), ':', 0);
	return slice_sub(buf_slice(&b), colon + 1, b.len);
}

/* RFC 6750. */
static struct slice bearer_token(struct page *p)
{
	if (!slice_ieq(slice_sub(p->req->authorization, 0, 7), SLICE("Bearer ")))
		return SLICE("");
	return slice_trim(slice_sub(p->req->authorization, 7, HOOK_AUTH_MAX_BYTES));
}

/* Of the two only Brevo can send a token. */
static bool hook_allowed(struct page *p, enum generation_hook_of which)
{
	const struct generation_hook *hook = &p->gs->hooks[which];
	bool by_path = secret_is(hook, p->arg);
	bool by_head = secret_is(hook, basic_password(p));
	bool by_token = secret_is(hook, bearer_token(p)) && which == GENERATION_HOOK_BREVO;

	return by_path || by_head || by_token;
}

struct hook_job {
	const char *provider;
	struct slice body;
	int64_t at_ms;
	bool fresh;
};

static enum err hook_store(struct db *db, void *arg, struct errinfo *ei)
{
	struct hook_job *j = arg;

	return hook_put(db, slice_from(j->provider), j->body, j->at_ms, &j->fresh, ei);
}

static bool count_event(const struct provider_event *e, void *arg)
{
	(void)e;
	*(bool *)arg = true;
	return false;
}

static void hook_post(struct page *p, const char *provider, enum generation_hook_of which)
{
	struct hook_job job = {.provider = provider, .body = p->req->body, .at_ms = p->req->received_ms};
	struct errinfo ei = {.code = OK};
	bool any = false;
	enum err rc;

	if (!hook_allowed(p, which)) {
		hook_answer(p, 401, "no");
		response_header_set(p->res, "WWW-Authenticate", SLICE("Basic realm=\"hook\""));
		return;
	}
	/* What is cut off on the way comes again, whole. */
	rc = provider_event_each(slice_from(provider), job.body, count_event, &any, &ei);
	if (rc == E_INVALID || rc == E_LIMIT) {
		log_event(LOG_WARN, "hook_refused", LOG_S("site", site_conf(p->site)->id), LOG_S("provider", provider),
		    LOG_S("why", ei.text));
		hook_answer(p, rc == E_LIMIT ? 413 : 400, "not understood");
		return;
	}
	/* An empty list says nothing: it gets its 200 and leaves no trace. `jawort doctor` asks with one. */
	if (!rc && any)
		rc = writer_run(p->writers, p->store, hook_store, &job, &ei);
	if (rc) {
		log_err(LOG_ERROR, "hook_not_stored", &ei);
		/* Brevo throws an event away after a 5xx and comes again after 429 only. */
		hook_answer(p, which == GENERATION_HOOK_BREVO ? 429 : 503, "later");
		response_header_set(p->res, "Retry-After", SLICE("30"));
		return;
	}
	hook_answer(p, 200, "ok");
}

void page_hook_mailjet_post(struct page *p)
{
	hook_post(p, "mailjet", GENERATION_HOOK_MAILJET);
}

void page_hook_brevo_post(struct page *p)
{
	hook_post(p, "brevo", GENERATION_HOOK_BREVO);
}
