#include "text/tpl_priv.h"

#include <string.h>

#include "text/html.h"
#include "text/nobreak_priv.h"
#include "text/view.h"

#define RUN_HEADING_LEVEL 2

struct run {
	const struct tpl_set *set;
	const struct phrases *lang;
	const struct phrase *const *resolved; /* this language's row; NULL: look up each time */
	struct phrase_work work;
	struct buf *out;
	struct errinfo *ei;
};

/* One operation in its surroundings. */
struct run_at {
	struct run *r;
	const struct tpl *t;
	const struct tpl_op *op;
	const struct view *v;
};

static const char *const run_kinds[VIEW__MAX] = {
	[VIEW_TEXT] = "a text", [VIEW_URL] = "a URL", [VIEW_EMAIL] = "an address", [VIEW_LINES] = "lines",
	[VIEW_PHRASE] = "a phrase", [VIEW_HTML] = "HTML", [VIEW_BOOL] = "a truth", [VIEW_LIST] = "a list",
};

static enum err run_wrong(const struct run_at *a, enum view_kind kind)
{
	return tpl_fail(a->t, a->op->at, a->r->ei, "{{%.*s}} is %s, which cannot stand here",
	    SLICE_FMT(a->op->text),
	    run_kinds[kind]);
}

static enum err run_unknown(const struct run_at *a)
{
	return tpl_fail(a->t, a->op->at, a->r->ei, "{{%.*s}} is not known here. Mend the name; docs list the "
	    "keys of each page",
	    SLICE_FMT(a->op->text));
}

/* Plain text: controls become spaces; LF of lines gets the indent behind it. */
static void run_txt(struct buf *out, struct slice s, bool lines, unsigned indent)
{
	size_t from = 0;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c >= 0x20 && c != 0x7F)
			continue;
		buf_add_slice(out, slice_sub(s, from, i - from));
		from = i + 1;
		buf_add_char(out, c == '\n' && lines ? '\n' : ' ');
		for (unsigned n = 0; c == '\n' && lines && n < indent; n++)
			buf_add_char(out, ' ');
	}
	buf_add_slice(out, slice_sub(s, from, s.len - from));
}

static void run_html_lines(struct buf *out, struct slice s)
{
	struct slice rest = s, line;
	bool any = false;
	while (slice_split(&rest, '\n', &line)) {
		if (any)
			buf_add_str(out, "<br>");
		any = true;
		nobreak_html_text(out, line);
	}
}

static void run_link(const struct run_at *a, const struct view_value *val)
{
	struct buf *out = a->r->out;
	if (!val->truth)
		return;
	bool url = val->kind == VIEW_URL;
	struct slice label = url ? phrase_label(a->v, a->op->text) : slice_make(NULL, 0);
	if (a->op->pos == TPL_TEXT_BARE)
		html_text(out, label.ptr ? label : val->text);
	else if (url)
		phrase_html_link(out, val->text, label);
	else
		phrase_html_mail(out, val->text);
}

/* A value that is a length, colour or word of CSS and nothing that could end the declaration. */
static bool run_css_word(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!c || !(letter || (c >= '0' && c <= '9') || strchr("#.%- ", c)))
			return false;
	}
	return true;
}

static enum err run_phrase(const struct run_at *a, const struct phrase *p)
{
	struct phrase_style style = {.form = PHRASE_INLINE};
	struct buf *out = a->r->out;
	size_t before = out->len;
	switch ((enum tpl_pos)a->op->pos) {
	case TPL_TXT:
		style.form = a->op->block ? PHRASE_WRAPPED : PHRASE_LINE;
		style.columns = TPL_MAIL_COLUMNS;
		style.indent = a->op->indent;
		break;
	case TPL_RCDATA:
	case TPL_ATTR:
		style.form = PHRASE_ATTR;
		break;
	default:
		style.bare = a->op->pos == TPL_TEXT_BARE;
		if (a->op->block) {
			struct view_value level;
			style.form = PHRASE_BLOCKS;
			style.heading_level = RUN_HEADING_LEVEL;
			if (view_get(a->v, SLICE("heading_level"), &level) && level.kind == VIEW_TEXT &&
			    level.text.len == 1 &&
			    level.text.ptr[0] >= '1' && level.text.ptr[0] <= '6')
				style.heading_level = level.text.ptr[0] - '0';
		}
	}
	enum err e = phrase_render(&a->r->work, out, p, a->v, &style, a->r->ei);
	if (e == E_INVALID && a->r->ei) {
		struct errinfo inner = *a->r->ei;
		return tpl_fail(a->t, a->op->at, a->r->ei, "%s", inner.text);
	}
	if (!e && a->op->line && out->len > before)
		buf_add_char(out, '\n');
	return e;
}

static enum err run_value_txt(const struct run_at *a, const struct view_value *val)
{
	switch (val->kind) {
	case VIEW_TEXT:
	case VIEW_URL:
	case VIEW_EMAIL:
	case VIEW_LINES:
		run_txt(a->r->out, val->text, val->kind == VIEW_LINES, a->op->indent);
		return OK;
	default:
		return run_wrong(a, val->kind);
	}
}

static enum err run_value_content(const struct run_at *a, const struct view_value *val)
{
	switch (val->kind) {
	case VIEW_TEXT:
		nobreak_html_text(a->r->out, val->text);
		return OK;
	case VIEW_LINES:
		run_html_lines(a->r->out, val->text);
		return OK;
	case VIEW_URL:
	case VIEW_EMAIL:
		run_link(a, val);
		return OK;
	default:
		return run_wrong(a, val->kind);
	}
}

/* Places where only bare, escaped text may stand. */
static enum err run_value_bare(const struct run_at *a, const struct view_value *val)
{
	if (val->kind != VIEW_TEXT && val->kind != VIEW_URL && val->kind != VIEW_EMAIL && val->kind != VIEW_LINES)
		return run_wrong(a, val->kind);
	if (a->op->pos == TPL_RCDATA)
		html_text(a->r->out, val->text);
	else
		html_attr(a->r->out, val->text);
	return OK;
}

static enum err run_value_url(const struct run_at *a, const struct view_value *val)
{
	if (val->kind != VIEW_TEXT && val->kind != VIEW_URL)
		return run_wrong(a, val->kind);
	html_url_attr(a->r->out, val->text);
	return OK;
}

static enum err run_value_style(const struct run_at *a, const struct view_value *val)
{
	if (val->kind != VIEW_TEXT)
		return run_wrong(a, val->kind);
	if (!run_css_word(val->text))
		return tpl_fail(a->t, a->op->at, a->r->ei, "the value of {{%.*s}} may hold only letters, digits, "
		    "space and #.%%-"
		    " in a style attribute", SLICE_FMT(a->op->text));
	buf_add_slice(a->r->out, val->text);
	return OK;
}

static enum err run_value(const struct run_at *a)
{
	struct view_value val;
	if (!view_get_hashed(a->v, a->op->text, a->op->hash, &val))
		return run_unknown(a);
	if (val.kind == VIEW_PHRASE && a->op->pos != TPL_URL && a->op->pos != TPL_URL_REST &&
	    a->op->pos != TPL_STYLE_ATTR)
		return val.phrase ? run_phrase(a, val.phrase) : OK;
	switch ((enum tpl_pos)a->op->pos) {
	case TPL_TXT:
		return run_value_txt(a, &val);
	case TPL_TEXT:
	case TPL_TEXT_BARE:
		return run_value_content(a, &val);
	case TPL_URL:
		return run_value_url(a, &val);
	case TPL_STYLE_ATTR:
		return run_value_style(a, &val);
	case TPL_RCDATA:
	case TPL_ATTR:
	case TPL_URL_REST:
	case TPL_CSS:
		break;
	}
	return run_value_bare(a, &val);
}

/* Searched by its rarer byte: a style sheet of 8 KB stands in every page, and memmem() looks at each pair of bytes. */
static bool run_css_ends(struct slice s)
{
	for (size_t at = slice_find(s, '<', 0); at + 1 < s.len; at = slice_find(s, '<', at + 1))
		if (s.ptr[at + 1] == '/')
			return true;
	return false;
}

static enum err run_html(const struct run_at *a)
{
	struct view_value val;
	if (!view_get_hashed(a->v, a->op->text, a->op->hash, &val))
		return run_unknown(a);
	if (val.kind != VIEW_HTML)
		return run_wrong(a, val.kind);
	if (a->op->pos == TPL_CSS && run_css_ends(val.text))
		return tpl_fail(a->t, a->op->at, a->r->ei, "the style sheet holds \"</\"");
	buf_add_slice(a->r->out, val.text);
	return OK;
}

static enum err run_phrase_op(const struct run_at *a)
{
	const struct run *r = a->r;
	const struct phrase *p = r->resolved ? r->resolved[a->op->target] : phrases_get(r->lang, a->op->text);
	if (!p)
		return tpl_fail(a->t, a->op->at, r->ei, "the phrase [%.*s] is missing in language %s",
		    SLICE_FMT(a->op->text),
		    phrases_lang(r->lang));
	return run_phrase(a, p);
}

static enum err run_phrase_key(const struct run_at *a)
{
	struct view_value val;
	if (!view_get_hashed(a->v, a->op->text, a->op->hash, &val))
		return run_unknown(a);
	if (val.kind != VIEW_TEXT && val.kind != VIEW_PHRASE)
		return run_wrong(a, val.kind);
	if (!val.truth)
		return OK;
	const struct phrase *p = val.kind == VIEW_PHRASE ? val.phrase : phrases_get(a->r->lang, val.text);
	if (!p)
		return tpl_fail(a->t, a->op->at, a->r->ei, "{{@*%.*s}}: its value names no phrase in language %s",
		    SLICE_FMT(a->op->text), phrases_lang(a->r->lang));
	return run_phrase(a, p);
}

static enum err run_ops(struct run *r, const struct tpl *t, size_t from, size_t to, const struct view *v);

/* A section; *next is where to go on. */
static enum err run_section(const struct run_at *a, size_t i, size_t *next)
{
	struct view_value val;
	view_get_hashed(a->v, a->op->text, a->op->hash, &val);
	bool wanted = val.truth == (a->op->code == TPL_IF);
	if (wanted && (val.kind != VIEW_LIST || !val.truth))
		return OK; /* go on inside, in the same scope */
	*next = a->op->target;
	enum err e = OK;
	for (const struct view *item = wanted ? val.first : NULL; item && !e; item = view_next_item(item))
		e = run_ops(a->r, a->t, i + 1, a->op->target, item);
	return e;
}

static enum err run_ops(struct run *r, const struct tpl *t, size_t from, size_t to, const struct view *v)
{
	for (size_t i = from, next; i < to; i = next) {
		struct run_at a = {.r = r, .t = t, .op = &t->ops[i], .v = v};
		enum err e = OK;
		next = i + 1;
		switch ((enum tpl_code)a.op->code) {
		case TPL_LITERAL:
			buf_add_slice(r->out, a.op->text);
			break;
		case TPL_VALUE:
			e = run_value(&a);
			break;
		case TPL_HTML:
			e = run_html(&a);
			break;
		case TPL_IF:
		case TPL_UNLESS:
			e = run_section(&a, i, &next);
			break;
		case TPL_PART: {
			const struct tpl *part = &r->set->list[a.op->target];
			e = run_ops(r, part, 0, part->nops, v);
			break;
		}
		case TPL_PHRASE:
			e = run_phrase_op(&a);
			break;
		case TPL_PHRASE_KEY:
			e = run_phrase_key(&a);
			break;
		}
		if (e)
			return e;
		if (!buf_ok(r->out))
			return err_set(r->ei, E_LIMIT, "%s: the page is longer than %zu bytes", t->name,
			    r->out->max_bytes);
	}
	return OK;
}

enum err tpl_render(const struct tpl_set *s, const char *name, const struct phrases *lang,
    const struct view *v,
    struct buf *out, struct errinfo *ei)
{
	if (!s->compiled)
		return err_set(ei, E_CONFLICT, "%s: the templates are not compiled", name);
	size_t i = tpl_find(s, slice_from(name));
	if (i == s->count)
		return err_set(ei, E_NOT_FOUND, "there is no template \"%s\"", name);
	struct errinfo own; /* phrases report through it even if the caller does not care */
	struct run r = {.set = s, .lang = lang, .out = out, .ei = ei ? ei : &own};
	for (size_t l = 0; l < s->nlangs; l++)
		if (s->langs[l] == lang)
			r.resolved = s->resolved + l * s->nrefs;
	phrase_work_init(&r.work);
	enum err e = run_ops(&r, &s->list[i], 0, s->list[i].nops, v);
	phrase_work_free(&r.work);
	return e;
}
