#include "send/route_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "conf/secret.h"
#include "send/worker.h"

#define SECRET_MAX_BYTES 4096

/* libcurl takes port 25 for smtp:// without one; the configuration means 587. */
static void hop_smtp(struct route_hop *h, const struct conf_mail *m)
{
	bool ipv6 = strchr(m->smtp.host, ':') && m->smtp.host[0] != '[';

	h->settings.user = slice_from(m->smtp.user);
	h->settings.starttls = m->smtp.starttls || m->smtp.tls == CONF_TLS_STARTTLS;
	snprintf(h->url, sizeof(h->url), ipv6 ? "%s://[%s]:%u" : "%s://%s:%u",
	    m->smtp.tls == CONF_TLS_IMPLICIT ? "smtps" : "smtp", m->smtp.host, m->smtp.port);
	h->settings.endpoint = slice_from(h->url);
}

static void hop_add(struct route *r, const struct provider *p)
{
	const struct conf_mail *m = &r->site->mail;
	struct route_hop *h = &r->hops[r->n];

	*h = (struct route_hop){.p = p, .room = WORKER_PARALLEL};
	h->settings.site = r->site->id;
	h->settings.dir = m->dir.path;
	if (strcmp(p->name, "mailjet") == 0)
		h->settings.endpoint = slice_from(m->mailjet.endpoint);
	if (strcmp(p->name, "brevo") == 0)
		h->settings.endpoint = slice_from(m->brevo.endpoint);
	if (strcmp(p->name, "smtp") == 0)
		hop_smtp(h, m);
	buf_init(&h->secret, SECRET_MAX_BYTES);
	r->n++;
}

void route_init(struct route *r, const struct conf *conf, const struct conf_site *site)
{
	*r = (struct route){.conf = conf, .site = site};
	for (size_t i = 0; i < site->mail.route.n && r->n < ROUTE_HOPS_MAX; i++) {
		const struct provider *p = provider_find(slice_from(site->mail.route.v[i]));

		if (p && (site->mode == CONF_LIVE || p->kind == PROVIDER_LOCAL))
			hop_add(r, p);
	}
	if (r->n == 0 && site->mode != CONF_LIVE)
		hop_add(r, provider_find(SLICE("log")));
}

static void secret_wipe(struct route_hop *h)
{
	crypt_wipe(h->secret.data, h->secret.len);
	buf_free(&h->secret);
	h->secret_read = false;
}

void route_free(struct route *r)
{
	for (size_t i = 0; i < r->n; i++)
		secret_wipe(&r->hops[i]);
	r->n = 0;
}

/* Which file holds the secret, and whether its line is KEY:SECRET or the secret itself. NULL: no secret. */
static const struct secret_kind {
	const char *provider, *file;
	bool pair;
} secret_kinds[] = {
	{"mailjet", "mail.mailjet.key_file", true},
	{"brevo", "mail.brevo.key_file", false},
	{"smtp", "mail.smtp.password_file", false},
};

static const struct secret_kind *secret_kind(const struct provider *p)
{
	for (size_t i = 0; i < sizeof(secret_kinds) / sizeof(secret_kinds[0]); i++)
		if (strcmp(p->name, secret_kinds[i].provider) == 0)
			return &secret_kinds[i];
	return NULL;
}

static enum err secret_split(struct route_hop *h, const struct secret_kind *k, struct errinfo *ei)
{
	struct slice line = buf_slice(&h->secret);
	size_t colon = slice_find(line, ':', 0);

	if (!k->pair) {
		h->settings.password = line;
		return OK;
	}
	if (colon == 0 || colon + 1 >= line.len)
		return err_set(ei, E_INVALID, "%s must hold one line KEY:SECRET", k->file);
	h->settings.user = slice_sub(line, 0, colon);
	h->settings.password = slice_sub(line, colon + 1, line.len);
	return OK;
}

static enum err secret_load(struct route *r, struct route_hop *h, struct errinfo *ei)
{
	const struct secret_kind *k = secret_kind(h->p);
	enum err e;

	if (!k || (h->p->kind == PROVIDER_SMTP && !h->settings.user.len) || h->secret_read)
		return OK;
	secret_wipe(h);
	buf_init(&h->secret, SECRET_MAX_BYTES);
	e = conf_secret_read(r->conf, r->site, k->file, &h->secret, ei);
	if (!e)
		e = secret_split(h, k, ei);
	/* A look-up under way may send its mail next: with no key then, not with one whose memory is gone. */
	if (e) {
		h->settings.user = k->pair ? SLICE("") : h->settings.user;
		h->settings.password = SLICE("");
	}
	h->secret_read = !e;
	return e;
}

struct route_hop *route_pick(struct route *r, int64_t now_ms)
{
	for (size_t i = 0; i < r->n; i++) {
		struct route_hop *h = &r->hops[i];
		struct errinfo ei = {0};

		if (h->held && h->held_until_ms > now_ms)
			continue;
		/* A hold may be over because somebody put a new key into the file. */
		if (h->held)
			h->secret_read = false;
		if (secret_load(r, h, &ei) == OK)
			return h;
		route_hold(r, h, now_ms + WORKER_HOLD_CHECK_S * 1000, "secret", ei.text);
	}
	return NULL;
}

static struct route_hop *hop_find(const struct route *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->hops[i].p->name, name) == 0)
			return (struct route_hop *)&r->hops[i];
	return NULL;
}

void route_secret_forget(struct route *r, const char *name)
{
	struct route_hop *h = hop_find(r, name);

	if (h)
		h->secret_read = false;
}

bool route_has(const struct route *r, const char *name)
{
	return hop_find(r, name) != NULL;
}

struct route_hop *route_hop_ready(struct route *r, const char *name, struct errinfo *ei)
{
	struct route_hop *h = hop_find(r, name);

	return h && secret_load(r, h, ei) == OK ? h : NULL;
}

static void hold(const struct route *r, struct route_hop *h, int64_t until_ms, bool outage, const char *code,
    const char *text)
{
	/* Once; and once more where an outage turns out to be something that somebody must mend. */
	if (!h->held || (h->outage && !outage))
		log_event(outage ? LOG_WARN : LOG_ERROR, "mail_hold", LOG_S("site", r->site->id), LOG_S("provider", h->p->name),
		    LOG_S("code", code), LOG_S("text", text));
	h->held = true;
	h->outage = outage;
	h->held_until_ms = until_ms;
}

void route_hold(struct route *r, struct route_hop *h, int64_t until_ms, const char *code, const char *text)
{
	hold(r, h, until_ms, false, code, text);
}

static void release(const struct route *r, struct route_hop *h)
{
	if (!h->held)
		return;
	log_event(LOG_INFO, "mail_hold_over", LOG_S("site", r->site->id), LOG_S("provider", h->p->name));
	h->held = h->shown = h->outage = false;
	h->room = 1;
}

void route_works(struct route *r, struct route_hop *h, int64_t now_ms)
{
	/* Of a request that was under way when the hold began; it does not shorten a Retry-After. */
	if (h->held && h->held_until_ms > now_ms)
		return;
	h->failures = h->openings = 0;
	if (!h->held && h->room < WORKER_PARALLEL)
		h->room++;
	release(r, h);
}

/* The more often in a row the longer, and not at the same moment for all sites of a provider. */
static uint32_t open_s(unsigned openings, uint32_t retry_after_s)
{
	uint32_t s = worker_backoff_s(openings);

	if (s > WORKER_HOLD_CHECK_S)
		s = WORKER_HOLD_CHECK_S - crypt_random_below(WORKER_HOLD_CHECK_S / 4);
	return s > retry_after_s ? s : retry_after_s + crypt_random_below(5);
}

void route_fails(struct route *r, struct route_hop *h, int64_t now_ms, uint32_t retry_after_s, const char *code,
    const char *text)
{
	bool probe = h->held && h->held_until_ms <= now_ms;
	int64_t until_ms;

	if (h->failures == 0 || now_ms - h->failing_ms > ROUTE_FAILURES_MS || now_ms < h->failing_ms) {
		h->failures = 0;
		h->failing_ms = now_ms;
	}
	h->failures++;
	if (!probe && retry_after_s == 0 && (h->held || h->failures < ROUTE_FAILURES_MAX))
		return;
	/* Others of the same moment come in after the circuit was opened; only a longer Retry-After is news. */
	if (!h->held || probe)
		h->openings++;
	until_ms = now_ms + (int64_t)open_s(h->openings, retry_after_s) * 1000;
	if (h->held && h->held_until_ms >= until_ms)
		return;
	hold(r, h, until_ms, true, code, text);
}

void route_release_all(struct route *r, bool only_shown)
{
	for (size_t i = 0; i < r->n; i++) {
		struct route_hop *h = &r->hops[i];

		if (!h->held || (only_shown && !h->shown))
			continue;
		/* Whoever asks may have put a new key into the file. */
		h->secret_read = false;
		release(r, h);
	}
}

int64_t route_next_check_ms(const struct route *r)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < r->n; i++)
		if (r->hops[i].held && r->hops[i].held_until_ms < next)
			next = r->hops[i].held_until_ms;
	return next;
}
