#include "conf/conf_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "text/url.h"

/* What follows from other keys: derived defaults, references by name, split addresses. */

static const char *finish_lower(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);

	for (size_t i = 0; p && p[i]; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 'a' - 'A');
	return p ? p : "";
}

static const char *finish_buf(struct arena *a, const struct buf *b)
{
	char *p = buf_ok(b) ? arena_str(a, buf_slice(b)) : NULL;

	return p ? p : "";
}

bool conf_base_split(struct arena *a, struct slice url, const char **base, const char **host, const char **path)
{
	struct url u;
	struct buf b;
	bool https;

	*base = *host = *path = "";
	if (!url_parse(url, &u) || u.query.len || u.fragment.len || slice_find(url, '?', 0) < url.len ||
	    slice_find(url, '#', 0) < url.len)
		return false;
	while (u.path.len && u.path.ptr[u.path.len - 1] == '/')
		u.path.len--;
	for (size_t i = 0; i < u.path.len; i++)
		if (u.path.ptr[i] == '%' || (u.path.ptr[i] == '/' && i + 1 < u.path.len &&
		    (u.path.ptr[i + 1] == '/' || u.path.ptr[i + 1] == '.')))
			return false;
	https = slice_ieq(u.scheme, SLICE("https"));
	buf_init(&b, 2048);
	buf_add_slice(&b, u.host);
	if (b.len && b.data[b.len - 1] == '.')
		buf_truncate(&b, b.len - 1);
	if (u.port != (https ? 443u : 80u))
		buf_printf(&b, ":%u", u.port);
	*host = finish_lower(a, buf_slice(&b));
	*path = arena_str(a, u.path);
	*path = *path ? *path : "";
	buf_reset(&b);
	buf_printf(&b, "%s://%s%s", https ? "https" : "http", *host, *path);
	*base = finish_buf(a, &b);
	buf_free(&b);
	return **base != '\0';
}

static bool finish_origin(struct arena *a, const char *url, const char **out)
{
	const char *base, *host, *path;
	struct buf b;
	struct url u;

	if (!conf_base_split(a, slice_from(url), &base, &host, &path) || *path || !url_parse(slice_from(base), &u))
		return false;
	buf_init(&b, 2048);
	url_add_origin(&b, &u);
	*out = finish_buf(a, &b);
	buf_free(&b);
	return true;
}

static void finish_base(struct conf_bind *b, struct conf_site *s)
{
	const char *written = s->base_url;
	int line, col;

	s->base_host = s->base_path = "";
	if (!*written || conf_base_split(b->a, slice_from(written), &s->base_url, &s->base_host, &s->base_path))
		return;
	conf_bind_place(b, "base_url", &line, &col);
	conf_sink_error(b->sink, line, col, "base_url: \"%s\" cannot be used. Write scheme, host and a plain path, "
	    "without ?, # and %%: https://www.example.org/j", written);
	s->base_url = "";
}

static void finish_origins(struct conf_bind *b, struct conf_site *s)
{
	const char **v = arena_alloc(b->a, (s->origins.n + 2) * sizeof(*v));
	char path[40];
	int line, col;
	struct url u;
	struct buf o;

	if (!v)
		return;
	for (size_t i = 0; i < s->origins.n; i++) {
		snprintf(path, sizeof(path), "origins[%zu]", i);
		conf_bind_place(b, path, &line, &col);
		v[i] = "";
		if (!finish_origin(b->a, s->origins.v[i], &v[i]))
			conf_sink_error(b->sink, line, col, "origins: \"%s\" is more than scheme, host and port. "
			    "Leave the path away", s->origins.v[i]);
	}
	if (s->origins.n == 0 && url_parse(slice_from(s->base_url), &u)) {
		buf_init(&o, 2048);
		url_add_origin(&o, &u);
		v[0] = finish_buf(b->a, &o);
		buf_free(&o);
		s->origins.n = 1;
		conf_bind_item(b, "origins[0]", v[0], 0, 0);
	}
	s->origins.v = v;
}

static const char *finish_default(struct conf_bind *b, const char *path, const char *have, const char *from)
{
	if (*have || !*from)
		return have;
	conf_bind_item(b, path, from, 0, 0);
	return from;
}

static void finish_purposes(struct conf_bind *b, struct conf_site *s)
{
	char path[CONF_PATH_MAX_BYTES];

	for (size_t i = 0; i < s->npurposes; i++) {
		/* Still being built; const only for those who read it later. */
		struct conf_purpose *p = (struct conf_purpose *)(uintptr_t)&s->purposes[i];

		snprintf(path, sizeof(path), "purposes.%s.advertiser", p->id);
		p->advertiser = finish_default(b, path, p->advertiser, s->controller.name);
	}
	if (s->npurposes == 0)
		conf_sink_error(b->sink, 1, 1, "purposes is missing or empty. Name at least one thing to subscribe to");
}

static const struct conf_purpose *finish_purpose(struct conf_bind *b, const struct conf_site *s,
    const struct conf_form *f, const struct conf_node *m)
{
	const struct conf_purpose *p = conf_purpose_by_id(s, m->value);
	const char *names[64];
	const char *near;
	size_t n = 0;

	if (p || m->kind != CONF_N_SCALAR)
		return p;
	for (; n < s->npurposes && n < 64; n++)
		names[n] = s->purposes[n].id;
	near = conf_near(m->value, names, n);
	conf_sink_error(b->sink, m->line, m->col, "forms.%s.purposes: there is no purpose \"%.*s\". %s%s%s", f->id,
	    m->value.len > 60 ? 60 : SLICE_FMT(m->value), near ? "Did you mean \"" : "Add it under purposes",
	    near ? near : "", near ? "\"?" : "");
	return NULL;
}

static void finish_form(struct conf_bind *b, const struct conf_site *s, struct conf_form *f,
    const struct conf_node *list)
{
	const struct conf_purpose **v;

	if (!list || list->kind != CONF_N_SEQ)
		return;
	v = arena_alloc(b->a, (list->children + 1) * sizeof(*v));
	if (!v)
		return;
	f->purposes = v;
	for (const struct conf_node *m = list->first; m; m = m->next) {
		v[f->npurposes] = finish_purpose(b, s, f, m);
		f->npurposes += v[f->npurposes] != NULL;
	}
	if (list->children == 0)
		conf_sink_error(b->sink, list->line, list->col, "forms.%s.purposes is empty. Name at least one purpose",
		    f->id);
}

static void finish_forms(struct conf_bind *b, const struct conf_node *root, struct conf_site *s)
{
	const struct conf_node *forms = conf_node_child(root, "forms");

	for (size_t i = 0; i < s->nforms; i++) {
		struct conf_form *f = (struct conf_form *)(uintptr_t)&s->forms[i];

		finish_form(b, s, f, conf_node_child(conf_node_child(forms, f->id), "purposes"));
	}
	if (s->nforms == 0)
		conf_sink_error(b->sink, 1, 1, "forms is missing or empty. Without a form nobody can sign up");
}

/* "smtps://host[:port]"; host and port through the URL parser, for which it must look like http. */
static bool finish_smtp_split(struct conf_bind *b, struct conf_site *s)
{
	struct slice url = slice_from(s->mail.smtp.url), rest;
	bool tls = slice_starts(url, SLICE("smtps://"));
	char text[300];
	struct url u;

	if (!tls && !slice_starts(url, SLICE("smtp://")))
		return false;
	rest = slice_sub(url, tls ? 8 : 7, url.len);
	if (rest.len && rest.ptr[rest.len - 1] == '/')
		rest.len--;
	if (snprintf(text, sizeof(text), "http://%.*s", SLICE_FMT(rest)) >= (int)sizeof(text) ||
	    !url_parse(slice_from(text), &u) || u.path.len || u.query.len || u.fragment.len)
		return false;
	s->mail.smtp.host = finish_lower(b->a, u.host);
	s->mail.smtp.port = strlen(text + 7) > u.host.len ? u.port : tls ? 465 : 587;
	s->mail.smtp.tls = tls ? CONF_TLS_IMPLICIT : s->mail.smtp.starttls ? CONF_TLS_STARTTLS : CONF_TLS_OFF;
	return true;
}

static void finish_smtp(struct conf_bind *b, struct conf_site *s)
{
	int line, col;

	s->mail.smtp.host = "";
	if (!*s->mail.smtp.url)
		return;
	conf_bind_place(b, "mail.smtp.url", &line, &col);
	if (!finish_smtp_split(b, s))
		conf_sink_error(b->sink, line, col, "mail.smtp.url: \"%s\" cannot be used. "
		    "Write smtps://mail.example.org:465", s->mail.smtp.url);
	else if (s->mail.smtp.tls == CONF_TLS_OFF && !conf_host_loopback(slice_from(s->mail.smtp.host)))
		conf_sink_error(b->sink, line, col, "mail.smtp.url: mails would cross the network unencrypted. "
		    "Write smtps://, or add starttls: true; plain smtp:// only towards this machine");
}

/* Scheme and host of an API, encrypted unless it is on this machine. */
static void finish_endpoint(struct conf_bind *b, const char *key, const char **endpoint)
{
	const char *base, *host, *path;
	struct url u;
	int line, col;

	if (!**endpoint)
		return;
	conf_bind_place(b, key, &line, &col);
	if (!conf_base_split(b->a, slice_from(*endpoint), &base, &host, &path) || !url_parse(slice_from(base), &u))
		conf_sink_error(b->sink, line, col, "%s: write scheme and host only, such as %s", key,
		    conf_key_find(false, key)->value);
	else if (slice_eq_str(u.scheme, "http") && !conf_host_loopback(u.host))
		conf_sink_error(b->sink, line, col, "%s: http:// only towards this machine. Write https://", key);
	else
		*endpoint = base;
}

/* Who gets the signed log, and who stamps it. A path may be part of the address of an authority. */
static void finish_log(struct conf_bind *b, struct conf_site *s)
{
	int line, col;
	struct url u;

	s->log.anchor_to = finish_default(b, "evidence.anchor_to", s->log.anchor_to, s->controller.email);
	if (!*s->log.tsa_url || !url_parse(slice_from(s->log.tsa_url), &u))
		return;
	if (slice_eq_str(u.scheme, "https") || conf_host_loopback(u.host))
		return;
	conf_bind_place(b, "evidence.tsa.url", &line, &col);
	conf_sink_error(b->sink, line, col, "evidence.tsa.url: http:// only towards this machine. Write https://");
}

static void finish_mail(struct conf_bind *b, struct conf_site *s)
{
	struct conf_mail *m = &s->mail;

	m->from.name = finish_default(b, "mail.from.name", m->from.name, s->controller.name);
	m->mailjet.set = conf_bind_has_group(b, "mail.mailjet");
	m->brevo.set = conf_bind_has_group(b, "mail.brevo");
	m->smtp.set = conf_bind_has_group(b, "mail.smtp");
	m->dir.set = conf_bind_has_group(b, "mail.dir");
	finish_smtp(b, s);
	finish_endpoint(b, "mail.mailjet.endpoint", &m->mailjet.endpoint);
	finish_endpoint(b, "mail.brevo.endpoint", &m->brevo.endpoint);
}

static void finish_hooks(struct conf_bind *b, const struct conf_site *s)
{
	char path[CONF_PATH_MAX_BYTES];
	int line, col;

	for (size_t i = 0; i < s->mail.nhooks; i++) {
		if (strcmp(s->mail.hooks[i].id, "mailjet") == 0 || strcmp(s->mail.hooks[i].id, "brevo") == 0)
			continue;
		snprintf(path, sizeof(path), "mail.hooks.%s", s->mail.hooks[i].id);
		conf_bind_place(b, path, &line, &col);
		conf_sink_error(b->sink, line, col, "%s: no such provider sends events. Possible: mailjet, brevo", path);
	}
}

void conf_finish_site(struct conf_bind *b, const struct conf_node *root, struct conf_site *s)
{
	finish_base(b, s);
	finish_origins(b, s);
	finish_purposes(b, s);
	finish_forms(b, root, s);
	finish_mail(b, s);
	finish_log(b, s);
	finish_hooks(b, s);
	s->look.home = finish_default(b, "look.home", s->look.home, s->origins.n ? s->origins.v[0] : "");
	s->dpo.country = "";
	s->representative_set = conf_bind_has_group(b, "representative");
	s->website.set = conf_bind_has_group(b, "website");
}

void conf_finish_host(struct conf_bind *b, struct conf *c)
{
	c->credentials_dir = b->credentials_dir ? arena_str(b->a, slice_from(b->credentials_dir)) : "";
	c->credentials_dir = c->credentials_dir ? c->credentials_dir : "";
	c->keys = finish_default(b, "keys", c->keys, *c->credentials_dir ? c->credentials_dir : "/etc/jawort/keys");
}
