#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "core/ropa.h"

#define ARENA_BYTES (64u * 1024u * 1024u)

typedef enum err format_fn(const struct ropa *r, struct buf *out, struct errinfo *ei);

static const struct {
	const char *name;
	format_fn *fn;
} formats[] = {{"html", ropa_html}, {"csv", ropa_csv}, {"json", ropa_json}};

/* Which record; false: two of them were named. */
static bool kind_read(const struct cmd_args *a, enum ropa_kind *out)
{
	*out = a->ropa_host ? ROPA_HOST : a->avv ? ROPA_AVV : a->tia ? ROPA_TIA : ROPA_OWNER;
	return a->ropa_host + a->avv + a->tia <= 1;
}

static format_fn *format_read(const struct cmd_args *a)
{
	const char *name = a->json ? "json" : a->format ? a->format : "html";

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].fn;
	return NULL;
}

struct worlds {
	struct conf_site *conf; /* copies that speak the one language asked for */
	struct site **site;
	const char *lang[1];
	size_t n;
};

/* A record may be wanted in a language in which the site has no form. */
static enum err world_add(struct worlds *w, const struct conf *c, const struct conf_site *s, struct errinfo *ei)
{
	struct conf_site *copy = &w->conf[w->n];
	enum err rc;

	*copy = *s;
	if (!conf_list_has(&s->languages, w->lang[0]))
		copy->languages = (struct conf_list){w->lang, 1};
	rc = site_new(&w->site[w->n], c, copy, ei);
	w->n += !rc;
	return rc;
}

static enum err worlds_make(struct worlds *w, const struct cmd_args *a, const struct conf *c, const struct conf_site *one,
    struct errinfo *ei)
{
	enum err rc = OK;

	w->lang[0] = a->lang ? a->lang : one ? one->languages.v[0] : c->sites[0]->languages.v[0];
	w->conf = calloc(c->nsites, sizeof(*w->conf));
	w->site = calloc(c->nsites, sizeof(struct site *));
	if (!w->conf || !w->site)
		return err_set(ei, E_NOMEM, "records");
	for (size_t i = 0; !rc && i < c->nsites; i++)
		if (!one || c->sites[i] == one)
			rc = world_add(w, c, c->sites[i], ei);
	return rc;
}

static void worlds_free(struct worlds *w)
{
	for (size_t i = 0; i < w->n; i++)
		site_free(w->site[i]);
	free(w->site);
	free(w->conf);
}

static int ropa_print(const struct cmd_args *a, const struct conf *c, const struct conf_site *one, enum ropa_kind kind,
    format_fn *fn)
{
	struct worlds w = {.n = 0};
	struct errinfo ei = {.code = OK};
	struct ropa *r = NULL;
	struct arena ar;
	struct buf out;
	enum err rc = worlds_make(&w, a, c, one, &ei);
	int code;

	arena_init(&ar, ARENA_BYTES);
	buf_init(&out, ROPA_MAX_BYTES);
	if (!rc)
		rc = ropa_make(&r, kind, (const struct site *const *)w.site, w.n, w.lang[0], clock_now_ms(), &ar, &ei);
	if (!rc)
		rc = fn(r, &out, &ei);
	code = rc ? cmd_fail("ropa", &ei) : cmd_print(&out);
	ropa_free(r);
	buf_free(&out);
	arena_free(&ar);
	worlds_free(&w);
	return code;
}

int cmd_ropa(const struct cmd_args *a)
{
	format_fn *fn = format_read(a);
	const struct conf_site *one = NULL;
	enum ropa_kind kind;
	struct conf *c;
	int rc;

	if (!kind_read(a, &kind))
		return cmd_usage("one of --host, --avv and --tia at a time");
	if (a->n || !fn)
		return cmd_usage("ropa [--host|--avv|--tia] [--format html|csv|json] [--lang de|en]");
	if (a->lang && strcmp(a->lang, "de") != 0 && strcmp(a->lang, "en") != 0)
		return cmd_usage("--lang is de or en");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	if (kind != ROPA_HOST || a->site)
		one = cmd_site(a, c);
	if ((kind != ROPA_HOST || a->site) ? !one : c->nsites == 0)
		rc = one || c->nsites ? CMD_USAGE : cmd_usage("no site is configured in %s", a->conf);
	else
		rc = ropa_print(a, c, one, kind, fn);
	conf_free(c);
	return rc;
}
