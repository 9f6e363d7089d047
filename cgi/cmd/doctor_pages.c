/* doctor: the owner's pages: do they carry a form of today, and let it work? */
#include "cmd/doctor_priv.h"

#include <stdio.h>
#include <string.h>

#include "core/gate.h"
#include "scan/page.h"
#include "text/csp.h"
#include "text/url.h"

#define ARENA_BYTES (16u * 1024u * 1024u)
#define PAGES_MAX 16
#define NAME_BYTES 200

/* What was seen in one page. */
struct look {
	struct doctor *d;
	const char *name;     /* its address */
	struct url at, base;  /* that, and base_url */
	struct arena arena;
	struct buf policies;  /* each ended by LF */
	char v[128];          /* of the form that is told of next */
	struct slice form_url, two_url, frame_url, script_url, style_url; /* the first of its kind; empty: none */
};

/* The address as a browser would ask it, if it lies below base_url. */
static bool ours(struct look *l, struct slice raw, struct slice *full, struct url *u)
{
	struct buf b;

	buf_init_arena(&b, &l->arena, 4 * PAGE_URL_BYTES);
	if (slice_starts(raw, SLICE("//")))
		buf_printf(&b, "%.*s:", SLICE_FMT(l->at.scheme));
	else if (slice_starts(raw, SLICE("/")))
		url_add_origin(&b, &l->at);
	buf_add_slice(&b, raw);
	*full = buf_slice(&b);
	return buf_ok(&b) && url_parse(*full, u) && url_below(u, &l->base);
}

/* Behind base_url; empty: the address itself. */
static struct slice rest_of(const struct look *l, const struct url *u)
{
	struct slice base = l->base.path;

	while (base.len && base.ptr[base.len - 1] == '/')
		base.len--;
	return slice_sub(u->path, base.len, u->path.len);
}

static void wording(struct look *l, const struct conf_form *form)
{
	const struct gate g = {.site = l->d->speaks, .store = l->d->store};

	if (!l->v[0] || !g.site || !g.store || gate_takes_wording(&g, &l->arena, form, slice_from(l->v)))
		return;
	doctor_finding(l->d, "%s: the form %s shows a wording that is not taken any more", l->name, form->id);
	doctor_mend(l->d, "paste or build it anew: jawort form snippet %s --as html --site %s. Until then who signs up there is "
	    "shown the new text and must agree once more", form->id, l->d->site->id);
}

/* A form of ours at this address? Says if there is none of that name. */
static void form_seen(struct look *l, const struct page_seen *s, struct slice *first)
{
	const struct conf_form *form;
	struct slice full, rest;
	struct url u;

	if (!ours(l, s->url, &full, &u))
		return;
	rest = rest_of(l, &u);
	if (!slice_starts(rest, SLICE("/s/")))
		return;
	if (!first->len)
		*first = full;
	rest = slice_sub(rest, 3, rest.len);
	form = conf_form_by_id(l->d->site, rest);
	if (form) {
		wording(l, form);
		return;
	}
	doctor_finding(l->d, "%s:%u: there is no form %.*s", l->name, s->line, SLICE_FMT(slice_sub(rest, 0, 60)));
	doctor_mend(l->d, "jawort form list --site %s names them; correct the address in the page", l->d->site->id);
}

static void file_seen(struct look *l, const struct page_seen *s, const char *name, struct slice *first)
{
	struct slice full, rest;
	struct url u;

	if (first->len || !ours(l, s->url, &full, &u))
		return;
	rest = rest_of(l, &u);
	if (slice_eq_str(rest, name) || (strcmp(name, "/jawort.js") == 0 && slice_eq_str(rest, "/jawort.v1.js")))
		*first = full;
}

static void seen(const struct page_seen *s, void *arg)
{
	struct look *l = arg;

	switch (s->way) {
	case PAGE_POLICY:
		buf_add_slice(&l->policies, s->url);
		buf_add_char(&l->policies, '\n');
		break;
	case PAGE_WORDING:
		slice_copy(slice_sub(s->url, 0, sizeof(l->v) - 1), l->v, sizeof(l->v));
		break;
	case PAGE_FORM: /* two lines, or a form that asks for nothing */
		form_seen(l, s, l->v[0] ? &l->form_url : &l->two_url);
		l->v[0] = '\0';
		break;
	case PAGE_CONTACT:
		form_seen(l, s, &l->form_url);
		l->v[0] = '\0';
		break;
	case PAGE_FRAME:
		form_seen(l, s, &l->frame_url);
		break;
	case PAGE_SCRIPT:
		file_seen(l, s, "/jawort.js", &l->script_url);
		break;
	case PAGE_STYLE:
		file_seen(l, s, "/jawort.css", &l->style_url);
		break;
	default:
		break;
	}
}

static void allowed(struct look *l, struct slice what, enum csp_use use)
{
	struct url u;

	if (!what.len || !url_parse(what, &u) || csp_allows(buf_slice(&l->policies), use, &u, &l->at))
		return;
	doctor_finding(l->d, "%s: the page's Content-Security-Policy: %s forbids %.*s", l->name, csp_directive(use),
	    SLICE_FMT(slice_sub(what, 0, NAME_BYTES)));
	doctor_mend(l->d, "add %.*s://%.*s to %s there; what each kind of snippet needs: jawort form snippet, docs/embed.md",
	    SLICE_FMT(l->base.scheme), SLICE_FMT(l->base.host), csp_directive(use));
}

static void policies_look(struct look *l)
{
	allowed(l, l->script_url, CSP_SCRIPT);
	allowed(l, l->style_url, CSP_STYLE);
	allowed(l, l->two_url, CSP_CONNECT);
	allowed(l, l->two_url, CSP_FORM);
	allowed(l, l->form_url, CSP_FORM);
	allowed(l, l->frame_url, CSP_FRAME);
}

/* named: the owner said that a form stands there. True: there is one. */
static bool page_look(struct look *l, struct slice html, bool named)
{
	struct doctor *d = l->d;
	struct errinfo ei = {.code = OK};
	struct page p;

	page_init(&p, seen, l);
	if (page_html(&p, html, &ei) != OK) {
		doctor_finding(d, "%s: %s", l->name, ei.text);
		doctor_mend(d, "make the page smaller");
	}
	page_free(&p);
	policies_look(l);
	if (l->two_url.len && !l->script_url.len) {
		doctor_finding(d, "%s: <jawort-form> without the script: visitors see the link only", l->name);
		doctor_mend(d, "add the second line: jawort form snippet FORM --as two-line --site %s", d->site->id);
	}
	if (l->form_url.len || l->two_url.len || l->frame_url.len)
		return true;
	if (named) {
		doctor_finding(d, "%s: there is no form of this site", l->name);
		doctor_mend(d, "paste it: jawort form snippet FORM --site %s; what a script puts there later is not seen here", d->site->id);
	}
	return false;
}

static bool on_origin(const struct conf_site *s, const struct url *u)
{
	for (size_t i = 0; i < s->origins.n; i++) {
		struct url at;
		if (url_parse(slice_from(s->origins.v[i]), &at) && url_same_origin(&at, u))
			return true;
	}
	return false;
}

static bool of_another(const struct doctor *d, const struct url *u)
{
	for (size_t i = 0; u->host.len && i < d->conf->nsites; i++)
		if (on_origin(d->conf->sites[i], u))
			return true;
	return false;
}

static void not_got(struct look *l, const struct http_call *c, const struct errinfo *ei)
{
	if (ei->code)
		doctor_finding(l->d, "%s: %s", l->name, ei->text);
	else if (c->outcome != HTTP_ANSWER)
		doctor_finding(l->d, "%s does not answer: %s", l->name, c->error);
	else
		doctor_finding(l->d, "%s: the web server answers %d", l->name, c->status);
	doctor_mend(l->d, "name the page as visitors get it, by https; redirects are not followed");
}

/* True: a form of ours stands there. */
static bool page_ask(struct doctor *d, const char *name, bool named)
{
	struct look l = {.d = d, .name = name};
	struct http_call c = {.method = "GET", .url = name, .want = "Content-Security-Policy"};
	struct errinfo ei = {.code = OK};
	bool got, has = false;

	if (!url_parse(slice_from(name), &l.at) || !url_parse(slice_from(d->site->base_url), &l.base) || !on_origin(d->site, &l.at)) {
		if (named && !of_another(d, &l.at)) {
			doctor_finding(d, "%.*s is not on one of origins of this site", NAME_BYTES, name);
			doctor_mend(d, "add its origin to origins, or the form there does not work; or name the site: --site");
		}
		return false;
	}
	arena_init(&l.arena, ARENA_BYTES);
	buf_init(&l.policies, 4 * HTTP_WANTED_MAX_BYTES + PAGE_MAX_BYTES);
	got = http_do(d->http, &c, &ei) == OK && c.outcome == HTTP_ANSWER && c.status == 200;
	if (got) {
		buf_add_slice(&l.policies, buf_slice(&c.wanted));
		has = page_look(&l, buf_slice(&c.reply), named);
	} else if (named) {
		not_got(&l, &c, &ei);
	}
	http_call_free(&c);
	buf_free(&l.policies);
	arena_free(&l.arena);
	return has;
}

/* Without pages named: where the site begins. That no form stands there says nothing. */
static size_t guessed(struct doctor *d)
{
	const struct conf_site *s = d->site;
	size_t has = page_ask(d, s->look.home, false);

	for (size_t i = 0; i < s->origins.n && i < PAGES_MAX; i++) {
		char name[2048];
		size_t n = strlen(s->look.home);
		/* The same page, with or without "/" at its end, was asked already. */
		if (strncmp(s->look.home, s->origins.v[i], n - (n && s->look.home[n - 1] == '/')) == 0)
			continue;
		if ((size_t)snprintf(name, sizeof(name), "%s/", s->origins.v[i]) < sizeof(name))
			has += page_ask(d, name, false);
	}
	return has;
}

/* forms.*.pages. *n counts them. */
static size_t configured(struct doctor *d, size_t *n)
{
	size_t has = 0;

	for (size_t f = 0; f < d->site->nforms; f++)
		for (size_t i = 0; i < d->site->forms[f].pages.n && *n < PAGES_MAX; i++, (*n)++)
			has += page_ask(d, d->site->forms[f].pages.v[i], true);
	return has;
}

void check_pages(struct doctor *d)
{
	size_t has = 0, n = 0;

	if (!d->seen) {
		doctor_skip(d, "the public address does not lead here");
		return;
	}
	for (size_t i = 0; i < d->args->n; i++)
		has += page_ask(d, d->args->words[i], true);
	if (!d->args->n)
		has = configured(d, &n);
	if (!d->args->n && !n)
		has = guessed(d);
	if (doctor_found(d))
		return;
	if (has)
		doctor_ok(d, "%zu with a form of today that may work there", has);
	else
		doctor_skip(d, "no form on the first pages of origins; name the pages: forms.NAME.pages, or jawort doctor https://...");
}
