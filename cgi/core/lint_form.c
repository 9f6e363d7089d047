/* Rules about the form as a visitor gets it, with the owner's templates and words. */
#include "core/lint_priv.h"

#include <string.h>

#include "core/formpage.h"

static const char *const FILES[] = {"part/fields.html", "part/form.html", "page/form.html", "page/changed.html",
    "page/later.html", "page/frame.html", "part/head.html", "part/foot.html", NULL};

struct shown {
	struct lint *l;
	const struct conf_form *form;
	const char *lang;
	struct slice html;
};

static void shown_add(const struct shown *s, const char *words, const char *needle, const char *value)
{
	struct lint_place p = lint_owner_find(s->l, FILES, needle);

	lint_at(s->l, CONF_ERROR, words, p.file, p.line, p.col, p.name, s->form->id, s->lang, value, NULL);
}

static const char *copy(const struct shown *s, struct slice v)
{
	const char *p = arena_str(s->l->a, v);

	return p ? p : "";
}

/* ---- boxes: L06, L07 ---- */

static bool box_of(const struct conf_form *f, const struct lint_tag *t, size_t i)
{
	struct slice name = SLICE(""), value = SLICE("");

	lint_tag_attr(t, "name", &name);
	lint_tag_attr(t, "value", &value);
	if (f->npurposes == 1)
		return slice_eq_str(name, "ok");
	return slice_eq_str(name, "p") && slice_eq_str(value, f->purposes[i]->id);
}

static bool type_is(const struct lint_tag *t, const char *type)
{
	struct slice v;

	return lint_tag_is(t, "input") && !t->end && lint_tag_attr(t, "type", &v) && slice_ieq(v, slice_from(type));
}

/* A field that gives consent without anybody ticking it. */
static bool box_given(const struct shown *s, const struct lint_tag *t)
{
	for (size_t i = 0; i < s->form->npurposes; i++)
		if (box_of(s->form, t, i))
			return !type_is(t, "checkbox") || lint_tag_attr(t, "checked", NULL);
	return false;
}

static void box_one(const struct shown *s, const struct lint_tag *t, bool *found)
{
	struct slice name = SLICE("");
	bool ours = false;

	lint_tag_attr(t, "name", &name);
	if (lint_tag_is(t, "input") && !t->end && box_given(s, t))
		shown_add(s, "L06-ticked", type_is(t, "checkbox") ? "checked" :
		    lint_text(s->l, "name=\"%.*s\"", SLICE_FMT(name)), NULL);
	if (!type_is(t, "checkbox"))
		return;
	for (size_t i = 0; i < s->form->npurposes; i++) {
		ours = ours || box_of(s->form, t, i);
		found[i] = found[i] || box_of(s->form, t, i);
	}
	if (!ours)
		shown_add(s, "L07-extra", copy(s, name), copy(s, name));
}

static void form_boxes(const struct shown *s)
{
	bool *found = arena_alloc(s->l->a, (s->form->npurposes + 1) * sizeof(*found));
	struct lint_tag t;
	size_t at = 0;

	if (!found)
		return;
	memset(found, 0, (s->form->npurposes + 1) * sizeof(*found));
	while (lint_tag_next(s->html, &at, &t))
		box_one(s, &t, found);
	for (size_t i = 0; i < s->form->npurposes; i++)
		if (!found[i])
			shown_add(s, "L06-missing", NULL, s->form->purposes[i]->id);
}

/* ---- L09 ---- */

static void form_notice(const struct shown *s)
{
	struct slice want = site_url(s->l->site, s->l->a, "/n?lang=", s->lang), href;
	struct lint_tag t;
	size_t at = 0;

	while (lint_tag_next(s->html, &at, &t))
		if (lint_tag_is(&t, "a") && lint_tag_attr(&t, "href", &href) &&
		    slice_eq(lint_tag_value(s->l->a, href), want))
			return;
	shown_add(s, "L09-link", "notice_url", NULL);
}

/* ---- what comes from elsewhere: L31, L32 ---- */

/* Host of an absolute address of another host; empty: none, or ours. */
static struct slice foreign_host(const struct conf_site *c, struct slice url)
{
	static const struct slice starts[] = {SLICE_LIT("https://"), SLICE_LIT("http://"), SLICE_LIT("//")};
	struct slice host;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (!slice_ieq(slice_sub(url, 0, starts[i].len), starts[i]))
			continue;
		host = slice_sub(url, starts[i].len, url.len);
		host = slice_sub(host, 0, slice_find(host, '/', 0));
		return slice_ieq(host, slice_from(c->base_host)) ? SLICE("") : host;
	}
	return SLICE("");
}

static bool runs_code(const struct lint_tag *t)
{
	static const char *const tags[] = {"script", "iframe", "frame", "embed", "object"};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (lint_tag_is(t, tags[i]))
			return true;
	return false;
}

/* Attributes by which a browser fetches something on its own; a link to click is none. */
static void foreign_one(const struct shown *s, const struct lint_tag *t)
{
	static const char *const attrs[] = {"src", "data", "poster", "srcset", "background"};
	struct slice v, host = SLICE("");

	for (size_t i = 0; !host.len && i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (lint_tag_attr(t, attrs[i], &v))
			host = foreign_host(s->l->conf, slice_trim(v));
	if (!host.len && lint_tag_is(t, "link") && lint_tag_attr(t, "href", &v))
		host = foreign_host(s->l->conf, slice_trim(v));
	if (host.len)
		shown_add(s, runs_code(t) ? "L32-foreign" : "L31-foreign", copy(s, host), copy(s, host));
}

/* ---- L33 ---- */

static void proof_one(const struct shown *s, const struct lint_tag *t)
{
	static const char *const words[] = {"ausweis", "personalausweis", "passport", "reisepass", "id_card", "identity_card",
	    NULL};
	struct slice name = SLICE("");
	size_t at;

	if (!lint_tag_is(t, "input") || t->end)
		return;
	lint_tag_attr(t, "name", &name);
	if (type_is(t, "file") || lint_word(words, name, &at))
		shown_add(s, "L33-proof", copy(s, name), copy(s, name));
}

static void form_tags(const struct shown *s)
{
	struct lint_tag t;
	size_t at = 0;

	while (lint_tag_next(s->html, &at, &t)) {
		foreign_one(s, &t);
		proof_one(s, &t);
	}
}

static void form_kind(struct lint *l, const struct conf_form *form, const char *lang, enum formpage_kind kind)
{
	const struct formpage f = {.form = form, .lang = lang};
	struct shown s = {.l = l, .form = form, .lang = lang};
	struct errinfo ei = {.code = OK};
	struct lint_place p;
	struct buf b;

	buf_init_arena(&b, l->a, SITE_PAGE_MAX_BYTES);
	if (formpage_render(l->site, l->a, kind, &f, &b, &ei) != OK) {
		p = lint_owner_find(l, FILES, NULL);
		lint_at(l, CONF_ERROR, "L49-render", p.file, p.line, p.col, formpage_template(kind), ei.text, NULL);
		return;
	}
	s.html = buf_slice(&b);
	form_boxes(&s);
	form_notice(&s);
	form_tags(&s);
}

void lint_form(struct lint *l)
{
	const struct conf_site *c = l->conf;

	for (size_t i = 0; i < c->nforms; i++)
		for (size_t j = 0; j < c->languages.n; j++)
			for (int k = 0; k < FORMPAGE__MAX; k++)
				form_kind(l, &c->forms[i], c->languages.v[j], (enum formpage_kind)k);
}
