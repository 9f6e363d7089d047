#include "core/ropa_priv.h"

#include <stdio.h>
#include <string.h>

#include "core/embed.h"

#define SAY_MAX_BYTES 65536

enum err ropa_ctx_site(struct ropa_ctx *x, struct ropa *r, const struct site *s, struct errinfo *ei)
{
	memset(x, 0, sizeof(*x));
	x->r = r;
	x->host = site_host(s);
	x->c = site_conf(s);
	x->d.root = site_view(s, r->a, r->lang);
	x->v = view_child(x->d.root);
	x->w = (struct notice_walk){.site = s, .f = &x->f, .a = r->a, .lang = r->lang, .doc = &x->d, .ei = ei};
	if (!x->v)
		return x->w.err = err_set(ei, E_NOMEM, "record of %s", x->c->id);
	return x->w.err = notice_facts_read(&x->f, x->c, r->a, r->lang, false, ei);
}

static void ropa_nomem(struct ropa_ctx *x)
{
	if (!x->w.err)
		x->w.err = err_set(x->w.ei, E_NOMEM, "record of %s", x->c->id);
}

void ropa_section(struct ropa_ctx *x, const char *id, const char *more, struct slice title)
{
	struct ropa_section *s = arena_alloc(x->r->a, sizeof(*s));
	struct buf b;

	buf_init_arena(&b, x->r->a, 256);
	buf_printf(&b, "%s%s%s", id, *more ? "-" : "", more);
	if (!s || !buf_ok(&b)) {
		ropa_nomem(x);
		return;
	}
	*s = (struct ropa_section){.id = buf_slice(&b), .title = title};
	if (x->r->last)
		x->r->last->next = s;
	else
		x->r->sections = s;
	x->r->last = s;
}

struct ropa_row *ropa_row(struct ropa_ctx *x, const char *id, const char *articles, struct slice label)
{
	struct ropa_section *s = x->r->last;
	struct ropa_row *row = s ? arena_alloc(x->r->a, sizeof(*row)) : NULL;

	if (!row) {
		ropa_nomem(x);
		return NULL;
	}
	*row = (struct ropa_row){.id = id, .articles = articles, .label = label};
	if (s->last)
		s->last->next = row;
	else
		s->rows = row;
	s->last = row;
	return row;
}

void ropa_value(struct ropa_ctx *x, struct slice text)
{
	struct ropa_row *row = x->r->last ? x->r->last->last : NULL;
	struct ropa_value *v;

	if (!text.len || !row)
		return;
	v = arena_alloc(x->r->a, sizeof(*v));
	if (!v) {
		ropa_nomem(x);
		return;
	}
	v->text = text;
	if (row->last)
		row->last->next = v;
	else
		row->values = v;
	row->last = v;
}

struct slice ropa_say(struct ropa_ctx *x, const char *key)
{
	return ropa_say_with(x, x->v, key);
}

struct slice ropa_say_with(struct ropa_ctx *x, const struct view *v, const char *key)
{
	const struct phrase *p = phrases_get(x->r->words, slice_from(key));
	struct buf b;

	buf_init_arena(&b, x->r->a, SAY_MAX_BYTES);
	if (!x->w.err && !p)
		x->w.err = err_set(x->w.ei, E_INVALID, "the words of language %s lack %s", x->r->lang, key);
	if (!x->w.err)
		x->w.err = phrase_plain(&b, p, v, x->w.ei);
	return x->w.err ? SLICE("") : buf_slice(&b);
}

void ropa_said(struct ropa_ctx *x, const char *key)
{
	ropa_value(x, ropa_say(x, key));
}

static struct slice label_of(struct ropa_ctx *x, const char *id)
{
	struct buf key;

	buf_init_arena(&key, x->r->a, 80);
	buf_printf(&key, "ropa.label.%s", id);
	return buf_ok(&key) ? ropa_say(x, key.data) : SLICE("");
}

/* A row that a table fills but for which nothing came out is open, too: nothing is left out in silence. */
void ropa_lines(struct ropa_ctx *x, const struct ropa_line *lines, size_t n, size_t i)
{
	for (size_t k = 0; k < n && !x->w.err; k++) {
		struct ropa_row *row;

		if (lines[k].applies && !lines[k].applies(x, i))
			continue;
		row = ropa_row(x, lines[k].id, lines[k].articles, label_of(x, lines[k].id));
		if (row && lines[k].fill)
			lines[k].fill(x, i);
		if (row)
			row->open = !row->values;
	}
}

/* ---- the four records */

static enum err host_make(struct ropa *r, struct errinfo *ei)
{
	struct ropa_ctx x;
	enum err rc = OK;

	for (size_t i = 0; !rc && i < r->nsites; i++) {
		rc = ropa_ctx_site(&x, r, r->sites[i], ei);
		if (!rc)
			ropa_host_firm(&x);
		rc = rc ? rc : x.w.err;
	}
	for (size_t i = 0; !rc && i < r->nsites; i++) {
		rc = ropa_ctx_site(&x, r, r->sites[i], ei);
		if (!rc)
			ropa_host_site(&x);
		rc = rc ? rc : x.w.err;
	}
	return rc;
}

static enum err site_make(struct ropa *r, struct errinfo *ei)
{
	struct ropa_ctx x;
	enum err rc = ropa_ctx_site(&x, r, r->sites[0], ei);

	if (rc)
		return rc;
	if (r->kind == ROPA_OWNER)
		ropa_owner(&x);
	else if (r->kind == ROPA_TIA)
		ropa_tia(&x);
	else
		rc = ropa_avv(&x, ei);
	return rc ? rc : x.w.err;
}

static enum err words_load(struct ropa *r, struct errinfo *ei)
{
	const struct embedded_file *f;
	char name[40];

	snprintf(name, sizeof(name), "%s/ropa.txt", r->lang);
	f = embed_find(name);
	if (!f)
		return err_set(ei, E_INVALID, "records are written in de and en, not in \"%s\"", r->lang);
	r->words = phrases_new(r->lang);
	if (!r->words)
		return err_set(ei, E_NOMEM, "words");
	phrases_fallback(r->words, site_words(r->sites[0], r->lang));
	return phrases_load(r->words, f->name, slice_make(f->data, f->len), false, ei);
}

void ropa_free(struct ropa *r)
{
	if (r)
		phrases_free(r->words);
}

enum err ropa_make(struct ropa **out, enum ropa_kind kind, const struct site *const *sites, size_t n, const char *lang,
    int64_t now_ms, struct arena *a, struct errinfo *ei)
{
	struct ropa *r = arena_alloc(a, sizeof(*r));
	struct ropa_ctx x;
	enum err rc;

	*out = r;
	if (!r || !n)
		return err_set(ei, r ? E_INVALID : E_NOMEM, "record");
	*r = (struct ropa){.kind = kind, .sites = sites, .nsites = n, .lang = lang, .now_ms = now_ms, .a = a};
	rc = words_load(r, ei);
	if (rc)
		return rc;
	rc = kind == ROPA_HOST ? host_make(r, ei) : site_make(r, ei);
	if (rc || kind == ROPA_TIA)
		return rc;
	rc = ropa_ctx_site(&x, r, sites[0], ei);
	if (!rc)
		ropa_measures_add(&x, ei);
	return rc ? rc : x.w.err;
}
