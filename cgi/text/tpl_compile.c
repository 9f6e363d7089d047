#include "text/tpl_priv.h"

#include <stdlib.h>
#include <string.h>

#include "text/utf8.h"
#include "text/view.h"

/* What stands between {{ and }}. */
struct compile_tag {
	char sigil;        /* '=', '&', '#', '^', '/', '>', '!', '@', '*' */
	bool block;        /* @@ */
	struct slice key;
	size_t at, end;    /* offsets of "{{" and of what follows "}}" */
};

struct compile_section {
	uint32_t op;
	struct slice key;
	struct tpl_scan at_open;
};

struct compile {
	struct tpl_set *set;
	struct tpl *t;
	struct errinfo *ei;
	struct slice src;
	size_t at; /* everything before is done */
	struct tpl_scan scan;
	struct compile_section open[TPL_SECTIONS_MAX];
	size_t nopen;
};

static bool compile_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool compile_key_char(char c, bool name)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	    (name && (c == '/' || c == '-' || (c >= 'A' && c <= 'Z')));
}

/* A cleared operation; NULL without memory. */
static struct tpl_op *compile_op(struct compile *c, enum tpl_code code, size_t at, struct slice text)
{
	struct tpl *t = c->t;
	if (t->nops == t->ops_cap) {
		size_t cap = t->ops_cap ? t->ops_cap * 2 : 64;
		struct tpl_op *more = realloc(t->ops, cap * sizeof *more);
		if (!more)
			return NULL;
		t->ops = more;
		t->ops_cap = cap;
	}
	struct tpl_op *op = &t->ops[t->nops++];
	*op = (struct tpl_op){.code = (uint8_t)code, .pos = TPL_TXT, .at = (uint32_t)at, .text = text};
	if (code != TPL_LITERAL)
		op->hash = view_hash(text);
	return op;
}

static enum err compile_no_memory(const struct compile *c)
{
	return err_set(c->ei, E_NOMEM, "%s: no memory for the template", c->t->name);
}

static enum err compile_literal(struct compile *c, size_t from, size_t to)
{
	if (from >= to)
		return OK;
	struct slice lit = slice_sub(c->src, from, to - from);
	size_t bad;
	const char *why = c->t->html ? tpl_scan_literal(&c->scan, lit, &bad) : NULL;
	if (why)
		return tpl_fail(c->t, from + bad, c->ei, "%s", why);
	return compile_op(c, TPL_LITERAL, from, lit) ? OK : compile_no_memory(c);
}

/* Offset of the next "{{" at or behind from; the source's length if none. */
static size_t compile_next(struct slice s, size_t from)
{
	for (size_t at = slice_find(s, '{', from); at + 1 < s.len; at = slice_find(s, '{', at + 1))
		if (s.ptr[at + 1] == '{')
			return at;
	return s.len;
}

static enum err compile_comment(const struct compile *c, struct compile_tag *tag)
{
	tag->sigil = '!';
	for (size_t i = tag->at + 3; i + 1 < c->src.len; i++) {
		if (c->src.ptr[i] != '}' || c->src.ptr[i + 1] != '}')
			continue;
		tag->end = i + 2;
		return OK;
	}
	return tpl_fail(c->t, tag->at, c->ei, "the comment is not closed. Write }} at its end");
}

/* The signs behind "{{"; returns the offset behind them. */
static size_t compile_sigil(const struct compile *c, struct compile_tag *tag)
{
	size_t i = tag->at + 2;
	char s = i < c->src.len ? c->src.ptr[i] : '\0';
	tag->sigil = '=';
	if (!s || !strchr("&#^/>@", s))
		return i;
	tag->sigil = s;
	i++;
	if (s != '@')
		return i;
	if (i < c->src.len && c->src.ptr[i] == '@') {
		tag->block = true;
		i++;
	}
	if (i < c->src.len && c->src.ptr[i] == '*') {
		tag->sigil = '*';
		i++;
	}
	return i;
}

static enum err compile_tag_read(const struct compile *c, size_t at, struct compile_tag *tag)
{
	struct slice src = c->src;
	*tag = (struct compile_tag){.at = at};
	if (at + 2 < src.len && src.ptr[at + 2] == '!')
		return compile_comment(c, tag);
	if (at + 2 < src.len && src.ptr[at + 2] == '{')
		return tpl_fail(c->t, at, c->ei, "three braces. Write {{key}}, or {{&key}} for HTML made by Jawort");
	size_t i = compile_sigil(c, tag);
	while (i < src.len && src.ptr[i] == ' ')
		i++;
	size_t from = i;
	while (i < src.len && compile_key_char(src.ptr[i], tag->sigil == '>'))
		i++;
	tag->key = slice_sub(src, from, i - from);
	while (i < src.len && src.ptr[i] == ' ')
		i++;
	if (tag->key.len == 0)
		return tpl_fail(c->t, at, c->ei, "a tag without a name. Write {{key}} with a-z 0-9 _ . only");
	if (i + 1 >= src.len || src.ptr[i] != '}' || src.ptr[i + 1] != '}')
		return tpl_fail(c->t, at, c->ei, "the tag is not closed by }} behind its name (a-z 0-9 _ . only)");
	if (tag->key.len > TPL_KEY_MAX_BYTES && tag->sigil != '>')
		return tpl_fail(c->t, at, c->ei, "the name is longer than %d characters", TPL_KEY_MAX_BYTES);
	tag->end = i + 2;
	return OK;
}

/* Alone on its line: *from is the line's start, *to behind its LF. */
static bool compile_alone(struct slice src, const struct compile_tag *tag, size_t *from, size_t *to)
{
	size_t a = tag->at, b = tag->end;
	while (a > 0 && compile_blank(src.ptr[a - 1]))
		a--;
	while (b < src.len && compile_blank(src.ptr[b]))
		b++;
	if ((a > 0 && src.ptr[a - 1] != '\n') || (b < src.len && src.ptr[b] != '\n'))
		return false;
	*from = a;
	*to = b < src.len ? b + 1 : b;
	return true;
}

static enum err compile_open(struct compile *c, const struct compile_tag *tag)
{
	if (c->nopen == TPL_SECTIONS_MAX)
		return tpl_fail(c->t, tag->at, c->ei, "sections stand in each other more than %d deep. Use parts",
		    TPL_SECTIONS_MAX);
	const char *why = c->t->html ? tpl_scan_open(&c->scan) : NULL;
	if (why)
		return tpl_fail(c->t, tag->at, c->ei, "%s", why);
	c->open[c->nopen++] = (struct compile_section){.op = (uint32_t)c->t->nops, .key = tag->key,
	    .at_open = c->scan};
	enum tpl_code code = tag->sigil == '#' ? TPL_IF : TPL_UNLESS;
	return compile_op(c, code, tag->at, tag->key) ? OK : compile_no_memory(c);
}

static enum err compile_close(struct compile *c, const struct compile_tag *tag)
{
	if (c->nopen == 0)
		return tpl_fail(c->t, tag->at, c->ei, "{{/%.*s}} closes nothing. Take it out, or open the section "
		    "before",
		    SLICE_FMT(tag->key));
	const struct compile_section *s = &c->open[c->nopen - 1];
	if (!slice_eq(s->key, tag->key))
		return tpl_fail(c->t, tag->at, c->ei, "{{/%.*s}} stands where {{/%.*s}} must come first",
		    SLICE_FMT(tag->key), SLICE_FMT(s->key));
	const char *why = c->t->html ? tpl_scan_close(&c->scan, &s->at_open) : NULL;
	if (why)
		return tpl_fail(c->t, tag->at, c->ei, "%s", why);
	c->t->ops[s->op].target = (uint32_t)c->t->nops;
	c->nopen--;
	return OK;
}

static size_t compile_part_find(const struct compile *c, struct slice name)
{
	size_t i = tpl_find(c->set, name);
	char full[TPL_NAME_MAX_BYTES + 8];
	const char *ending = c->t->html ? ".html" : ".txt";
	if (i < c->set->count || name.len + strlen(ending) >= sizeof full)
		return i;
	memcpy(full, name.ptr, name.len);
	memcpy(full + name.len, ending, strlen(ending));
	return tpl_find(c->set, slice_make(full, name.len + strlen(ending)));
}

static enum err compile_part(struct compile *c, const struct compile_tag *tag)
{
	enum tpl_pos pos;
	const char *why = c->t->html ? tpl_scan_content(&c->scan, &pos) : NULL;
	if (why)
		return tpl_fail(c->t, tag->at, c->ei, "part {{>%.*s}}: %s", SLICE_FMT(tag->key), why);
	size_t i = compile_part_find(c, tag->key);
	if (i == c->set->count)
		return tpl_fail(c->t, tag->at, c->ei, "there is no template \"%.*s\". Add the file, or mend the name",
		    SLICE_FMT(tag->key));
	if (c->set->list[i].html != c->t->html)
		return tpl_fail(c->t, tag->at, c->ei, "part {{>%.*s}} is of the other kind. Only .html in .html, "
		    ".txt in .txt",
		    SLICE_FMT(tag->key));
	struct tpl_op *op = compile_op(c, TPL_PART, tag->at, tag->key);
	if (!op)
		return compile_no_memory(c);
	op->target = (uint32_t)i;
	return OK;
}

/* Values, HTML and phrases. */
static enum err compile_value(struct compile *c, const struct compile_tag *tag, struct tpl_op **out)
{
	bool phrase = tag->sigil == '@' || tag->sigil == '*';
	enum tpl_pos pos = TPL_TXT;
	const char *why = NULL;
	if (tag->sigil == '&')
		why = c->t->html ? tpl_scan_html(&c->scan, tag->key, &pos) : "no HTML in plain text. Write {{key}}";
	else if (c->t->html)
		why = tag->block ? tpl_scan_content(&c->scan, &pos) : tpl_scan_value(&c->scan, phrase, &pos);
	if (why)
		return tpl_fail(c->t, tag->at, c->ei, "{{%s%.*s}}: %s", tag->sigil == '&' ? "&" : phrase ? "@" : "",
		    SLICE_FMT(tag->key), why);
	enum tpl_code code = tag->sigil == '&' ? TPL_HTML : tag->sigil == '@' ? TPL_PHRASE
	    : tag->sigil == '*' ? TPL_PHRASE_KEY : TPL_VALUE;
	struct tpl_op *op = compile_op(c, code, tag->at, tag->key);
	if (!op)
		return compile_no_memory(c);
	op->pos = (uint8_t)pos;
	op->block = tag->block;
	if (code == TPL_PHRASE) {
		op->target = tpl_ref_of(c->set, tag->key, op->hash);
		if (op->target == UINT32_MAX)
			return compile_no_memory(c);
	}
	*out = op;
	return OK;
}

/* In plain text: columns before a tag that begins its line, for the lines that follow. */
static size_t compile_indent(struct slice src, size_t at)
{
	size_t n = 0;
	while (n < at && n < TPL_MAIL_COLUMNS && src.ptr[at - n - 1] == ' ')
		n++;
	return n == at || src.ptr[at - n - 1] == '\n' ? n : 0;
}

static enum err compile_text_value(struct compile *c, const struct compile_tag *tag)
{
	struct tpl_op *op;
	size_t from = tag->at, to = tag->end;
	bool lines = tag->block && !c->t->html;
	if (lines && !compile_alone(c->src, tag, &from, &to))
		return tpl_fail(c->t, tag->at, c->ei, "{{@@...}} must stand alone on its line. Write {{@...}} "
		    "inside a line");
	enum err e = compile_literal(c, c->at, from);
	if (!e)
		e = compile_value(c, tag, &op);
	if (e)
		return e;
	if (!c->t->html)
		op->indent = (uint16_t)compile_indent(c->src, tag->at);
	op->line = lines;
	c->at = to;
	return OK;
}

static enum err compile_tag(struct compile *c, const struct compile_tag *tag)
{
	if (!strchr("#^/>!", tag->sigil))
		return compile_text_value(c, tag);
	size_t from = tag->at, to = tag->end;
	compile_alone(c->src, tag, &from, &to);
	enum err e = compile_literal(c, c->at, from);
	c->at = to;
	if (e || tag->sigil == '!')
		return e;
	if (tag->sigil == '/')
		return compile_close(c, tag);
	return tag->sigil == '>' ? compile_part(c, tag) : compile_open(c, tag);
}

static enum err compile_end(struct compile *c)
{
	enum err e = compile_literal(c, c->at, c->src.len);
	if (e)
		return e;
	if (c->nopen) {
		const struct compile_section *s = &c->open[c->nopen - 1];
		return tpl_fail(c->t, c->t->ops[s->op].at, c->ei, "the section {{#%.*s}} is not closed. Write "
		    "{{/%.*s}}",
		    SLICE_FMT(s->key), SLICE_FMT(s->key));
	}
	const char *why = c->t->html ? tpl_scan_end(&c->scan) : NULL;
	return why ? tpl_fail(c->t, c->src.len, c->ei, "%s", why) : OK;
}

static enum err compile_check_bytes(const struct compile *c)
{
	for (size_t at = 0; at < c->src.len;) {
		size_t here = at;
		if (c->src.ptr[at] >= ' ' && c->src.ptr[at] <= '~') {
			at++; /* nearly all are */
			continue;
		}
		uint32_t ch = utf8_next(c->src, &at);
		if (ch == UINT32_MAX)
			return tpl_fail(c->t, here, c->ei, "not UTF-8. Save the file as UTF-8");
		if (ch == 0xFEFF && here == 0)
			return tpl_fail(c->t, here, c->ei, "the file begins with a byte order mark. Save it as UTF-8 "
			    "without BOM");
		if ((ch < 0x20 && ch != '\n' && ch != '\t') || ch == 0x7F)
			return tpl_fail(c->t, here, c->ei, "control character. Take it out; line ends must be LF");
	}
	return OK;
}

enum err tpl_compile(struct tpl_set *s, struct tpl *t, struct errinfo *ei)
{
	struct compile c = {.set = s, .t = t, .ei = ei, .src = slice_make(t->source, t->source_len)};
	t->nops = 0;
	tpl_scan_init(&c.scan);
	enum err e = compile_check_bytes(&c);
	while (!e) {
		size_t at = compile_next(c.src, c.at);
		if (at == c.src.len)
			return compile_end(&c);
		struct compile_tag tag;
		e = compile_tag_read(&c, at, &tag);
		if (!e)
			e = compile_tag(&c, &tag);
	}
	return e;
}
