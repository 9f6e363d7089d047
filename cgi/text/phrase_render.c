#include "text/phrase_priv.h"

#include <string.h>

#include "text/html.h"
#include "text/nobreak_priv.h"
#include "text/view.h"

#define PHRASE_WORK_MAX_BYTES (1024u * 1024u)
#define PHRASE_DEPTH_MAX 8
#define PHRASE_WRAP_MIN_COLUMNS 10

enum phrase_seg_kind { PHRASE_SEG_TEXT, PHRASE_SEG_LINK, PHRASE_SEG_MAIL, PHRASE_SEG_STRONG,
    PHRASE_SEG_STRONG_END };
struct phrase_seg {
	enum phrase_seg_kind kind;
	size_t end;        /* in work->text; it begins where the one before ends */
	struct slice href; /* PHRASE_SEG_LINK, PHRASE_SEG_MAIL */
};

/* One rendering: where it goes and what stands before the next block. */
struct phrase_out {
	struct phrase_work *w;
	struct buf *out;
	const struct view *v;
	const struct phrase_style *style;
	struct errinfo *ei;
	bool any;     /* a block stands already */
	bool in_list; /* <ul> is open; or the last plain block was an item */
};

void phrase_work_init(struct phrase_work *w)
{
	buf_init(&w->text, PHRASE_WORK_MAX_BYTES);
	buf_init(&w->segs, PHRASE_WORK_MAX_BYTES);
}

void phrase_work_free(struct phrase_work *w)
{
	buf_free(&w->text);
	buf_free(&w->segs);
}

/* ---- one block into working memory ---- */

static void phrase_seg_add(struct phrase_work *w, enum phrase_seg_kind kind, struct slice href)
{
	struct phrase_seg seg = {.kind = kind, .end = w->text.len, .href = href};
	buf_add(&w->segs, &seg, sizeof seg);
}

/*
 * A value's bytes: controls become spaces, LF stays in VIEW_LINES, spaces in
 * markers (and, if hold, everywhere) become unbreakable.
 */
static void phrase_value_add(struct phrase_work *w, struct slice s, bool lines, bool hold)
{
	size_t from = w->text.len;
	buf_add_slice(&w->text, s);
	if (!buf_ok(&w->text))
		return;
	bool in_marker = false;
	char *p = w->text.data;
	for (size_t i = from; i < w->text.len; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c > 0x20 && c != 0x7F && c != 0xEE)
			continue;
		if (c == 0xEE) {
			/* EE 80 80 opens, EE 80 81 closes; the buffer ends in NUL, so reading on is safe */
			if (p[i + 1] == '\x80' && (p[i + 2] == '\x80' || p[i + 2] == '\x81'))
				in_marker = p[i + 2] == '\x80';
			continue;
		}
		if (c == '\n' && lines)
			continue;
		p[i] = in_marker || hold ? PHRASE_HOLD : ' ';
	}
}

/* Words of the phrase; a space behind nothing or behind a space is left out (an empty value stood there). */
static void phrase_words_add(struct phrase_work *w, struct slice s)
{
	if (s.len && s.ptr[0] == ' ' && (w->text.len == 0 || w->text.data[w->text.len - 1] == ' '))
		s = slice_sub(s, 1, s.len - 1);
	buf_add_slice(&w->text, s);
}

static enum err phrase_missing(const struct phrase_out *o, const struct phrase *p, struct slice name,
    const char *why)
{
	return err_set(o->ei, E_INVALID, "%s:%u: phrase [%.*s]: {%.*s} %s", p->file, phrase_lineno(p),
	    SLICE_FMT(p->key), SLICE_FMT(name), why);
}

struct slice phrase_label(const struct view *v, struct slice name)
{
	char key[128];
	static const char ending[] = ".label";
	if (name.len + sizeof ending > sizeof key)
		return slice_make(NULL, 0);
	memcpy(key, name.ptr, name.len);
	memcpy(key + name.len, ending, sizeof ending - 1);
	struct view_value val;
	if (!view_get(v, slice_make(key, name.len + sizeof ending - 1), &val) || val.kind != VIEW_TEXT ||
	    !val.truth)
		return slice_make(NULL, 0);
	return val.text;
}

static enum err phrase_runs_add(struct phrase_out *o, const struct phrase *p, const struct phrase_block *b,
    int depth);

static enum err phrase_no_body(const struct phrase_out *o, const struct phrase *p)
{
	return err_set(o->ei, E_NOMEM, "%s:%u: no memory for the phrase [%.*s]", p->file, phrase_lineno(p), SLICE_FMT(p->key));
}

/* All blocks of a phrase as one line. */
static enum err phrase_joined_add(struct phrase_out *o, const struct phrase *p, int depth)
{
	if (depth > PHRASE_DEPTH_MAX)
		return err_set(o->ei, E_INVALID, "%s:%u: phrase [%.*s]: phrases stand in each other more than %d "
		    "deep", p->file, phrase_lineno(p), SLICE_FMT(p->key), PHRASE_DEPTH_MAX);
	const struct phrase_body *body = phrase_body_of(p);
	if (!body)
		return phrase_no_body(o, p);
	for (size_t i = 0; i < body->nblocks; i++) {
		if (i)
			phrase_words_add(o->w, SLICE(" "));
		enum err e = phrase_runs_add(o, p, &body->blocks[i], depth);
		if (e)
			return e;
	}
	return OK;
}

static bool phrase_is_html(const struct phrase_style *style)
{
	return style->form == PHRASE_INLINE || style->form == PHRASE_BLOCKS;
}

/* A link or address: its own segment in HTML, bare elsewhere. */
static void phrase_link_add(struct phrase_out *o, struct slice name, const struct view_value *val)
{
	bool linked = phrase_is_html(o->style);
	struct slice label = slice_make(NULL, 0);
	if (linked && val->kind == VIEW_URL)
		label = phrase_label(o->v, name);
	phrase_seg_add(o->w, PHRASE_SEG_TEXT, slice_make(NULL, 0));
	phrase_value_add(o->w, label.ptr ? label : val->text, false, !label.ptr);
	if (linked && !o->style->bare)
		phrase_seg_add(o->w, val->kind == VIEW_URL ? PHRASE_SEG_LINK : PHRASE_SEG_MAIL, val->text);
}

/* VIEW_LINES where a single line is wanted. */
static void phrase_lines_joined_add(struct phrase_work *w, struct slice lines)
{
	struct slice rest = lines, line;
	bool any = false;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (!line.len)
			continue;
		if (any)
			buf_add_str(&w->text, ", ");
		any = true;
		phrase_value_add(w, line, false, false);
	}
}

static enum err phrase_value(struct phrase_out *o, const struct phrase *p, const struct phrase_run *run,
    int depth)
{
	struct view_value val;
	if (!view_get_hashed(o->v, run->text, run->hash, &val))
		return phrase_missing(o, p, run->text, "has no value here");
	if (!val.truth && val.kind != VIEW_BOOL && val.kind != VIEW_LIST && val.kind != VIEW_HTML)
		return OK;
	switch (val.kind) {
	case VIEW_TEXT:
		phrase_value_add(o->w, val.text, false, false);
		return OK;
	case VIEW_URL:
	case VIEW_EMAIL:
		phrase_link_add(o, run->text, &val);
		return OK;
	case VIEW_LINES:
		if (o->style->form == PHRASE_ATTR || o->style->form == PHRASE_LINE)
			phrase_lines_joined_add(o->w, val.text);
		else
			phrase_value_add(o->w, val.text, true, false);
		return OK;
	case VIEW_PHRASE:
		return phrase_joined_add(o, val.phrase, depth + 1);
	case VIEW_HTML:
	case VIEW_BOOL:
	case VIEW_LIST:
	case VIEW__MAX:
		break;
	}
	return phrase_missing(o, p, run->text, "is a list, a truth or HTML and cannot stand in a sentence");
}

static enum err phrase_runs_add(struct phrase_out *o, const struct phrase *p, const struct phrase_block *b,
    int depth)
{
	for (size_t i = b->first; i < b->first + b->count; i++) {
		const struct phrase_run *run = &p->body->runs[i];
		enum err e = OK;
		if (run->kind == PHRASE_TEXT) {
			phrase_words_add(o->w, run->text);
		} else if (run->kind == PHRASE_VALUE) {
			e = phrase_value(o, p, run, depth);
		} else {
			phrase_seg_add(o->w, PHRASE_SEG_TEXT, slice_make(NULL, 0));
			phrase_seg_add(o->w, run->kind == PHRASE_STRONG ? PHRASE_SEG_STRONG : PHRASE_SEG_STRONG_END,
			    slice_make(NULL, 0));
		}
		if (e)
			return e;
	}
	return OK;
}

static void phrase_work_reset(struct phrase_work *w)
{
	buf_reset(&w->text);
	buf_reset(&w->segs);
}

/* Last touches when all words of a block are there. */
static enum err phrase_work_finish(struct phrase_out *o)
{
	struct phrase_work *w = o->w;
	phrase_seg_add(w, PHRASE_SEG_TEXT, slice_make(NULL, 0));
	if (!buf_ok(&w->text) || !buf_ok(&w->segs))
		return err_set(o->ei, E_LIMIT, "a rendered phrase is longer than %u bytes", PHRASE_WORK_MAX_BYTES);
	while (w->text.len && w->text.data[w->text.len - 1] == ' ')
		buf_truncate(&w->text, w->text.len - 1);
	if (o->style->form == PHRASE_ATTR || o->style->form == PHRASE_LINE)
		return OK;
	struct slice s = buf_slice(&w->text);
	for (size_t at = slice_find(s, ' ', 0); at < s.len; at = slice_find(s, ' ', at + 1))
		if (nobreak_at(s, at))
			w->text.data[at] = PHRASE_NBSP;
	return OK;
}

/* ---- out as HTML ---- */

/* Text with control bytes; add escapes for the place. */
static void phrase_text_out(struct buf *out, struct slice s, void (*add)(struct buf *, struct slice),
    bool html)
{
	size_t from = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if ((unsigned char)c >= 0x20)
			continue;
		add(out, slice_sub(s, from, i - from));
		from = i + 1;
		if (c == PHRASE_BREAK)
			buf_add_str(out, html ? "<br>" : " ");
		else if (c == PHRASE_SHY)
			buf_add_str(out, html ? "\xC2\xAD" : "");
		else
			buf_add_str(out, html && c == PHRASE_NBSP ? "\xC2\xA0" : " ");
	}
	add(out, slice_sub(s, from, s.len - from));
}

static bool phrase_mailto_plain(char c)
{
	return (unsigned char)c > 0x20 && !strchr("%?#&\"<>\\^`{|}\x7F", c);
}

/* "mailto:" with what RFC 6068 section 2 wants encoded; markers and non-ASCII stay. */
static void phrase_mailto_out(struct buf *out, struct slice address)
{
	static const char hex[] = "0123456789ABCDEF";
	buf_add_str(out, "mailto:");
	size_t from = 0;
	for (size_t i = 0; i < address.len; i++) {
		if (phrase_mailto_plain(address.ptr[i]))
			continue;
		html_attr(out, slice_sub(address, from, i - from));
		unsigned char c = (unsigned char)address.ptr[i];
		buf_add_char(out, '%');
		buf_add_char(out, hex[c >> 4]);
		buf_add_char(out, hex[c & 15]);
		from = i + 1;
	}
	html_attr(out, slice_sub(address, from, address.len - from));
}

static void phrase_anchor_out(struct buf *out, bool mail, struct slice href)
{
	buf_add_str(out, "<a href=\"");
	if (mail)
		phrase_mailto_out(out, href);
	else
		html_url_attr(out, href);
	buf_add_str(out, "\">");
}

void phrase_html_link(struct buf *out, struct slice url, struct slice label)
{
	phrase_anchor_out(out, false, url);
	html_text(out, label.ptr ? label : url);
	buf_add_str(out, "</a>");
}

void phrase_html_mail(struct buf *out, struct slice address)
{
	phrase_anchor_out(out, true, address);
	html_text(out, address);
	buf_add_str(out, "</a>");
}

static void phrase_segs_out(struct phrase_out *o)
{
	struct slice text = buf_slice(&o->w->text);
	size_t from = 0;
	for (size_t at = 0; at + sizeof(struct phrase_seg) <= o->w->segs.len; at += sizeof(struct phrase_seg)) {
		struct phrase_seg seg;
		memcpy(&seg, o->w->segs.data + at, sizeof seg);
		bool link = seg.kind == PHRASE_SEG_LINK || seg.kind == PHRASE_SEG_MAIL;
		if (link)
			phrase_anchor_out(o->out, seg.kind == PHRASE_SEG_MAIL, seg.href);
		phrase_text_out(o->out, slice_sub(text, from, seg.end - from), html_text, true);
		if (link)
			buf_add_str(o->out, "</a>");
		else if (seg.kind != PHRASE_SEG_TEXT)
			buf_add_str(o->out, seg.kind == PHRASE_SEG_STRONG ? "<strong>" : "</strong>");
		from = seg.end;
	}
}

static void phrase_list_close(struct phrase_out *o)
{
	if (o->in_list && o->style->form == PHRASE_BLOCKS)
		buf_add_str(o->out, "\n</ul>");
	o->in_list = false;
}

static void phrase_block_html_out(struct phrase_out *o, enum phrase_block_kind kind)
{
	char tag[3] = "p";
	if (kind == PHRASE_ITEM) {
		memcpy(tag, "li", 3);
	} else {
		phrase_list_close(o);
		int level = o->style->heading_level;
		if (kind == PHRASE_HEADING) {
			tag[0] = 'h';
			tag[1] = (char)('0' + (level < 1 ? 1 : level > 6 ? 6 : level));
		}
	}
	if (o->any)
		buf_add_char(o->out, '\n');
	if (kind == PHRASE_ITEM && !o->in_list)
		buf_add_str(o->out, "<ul>\n");
	o->in_list = kind == PHRASE_ITEM;
	buf_printf(o->out, "<%s>", tag);
	phrase_segs_out(o);
	buf_printf(o->out, "</%s>", tag);
}

/* ---- out as plain text ---- */

static void phrase_plain_add(struct buf *out, struct slice s)
{
	buf_add_slice(out, s);
}

static size_t phrase_width(struct slice word)
{
	size_t n = 0;
	for (size_t i = 0; i < word.len; i++)
		n += ((unsigned char)word.ptr[i] & 0xC0) != 0x80 && word.ptr[i] != PHRASE_SHY;
	return n;
}

static void phrase_spaces(struct buf *out, unsigned n)
{
	while (n--)
		buf_add_char(out, ' ');
}

/* Words up to columns; first is what stands before the first line, later lines get as many spaces. */
static void phrase_wrap_out(struct phrase_out *o, struct slice text, const char *first)
{
	unsigned indent = o->style->indent + (unsigned)strlen(first);
	unsigned columns = o->style->columns;
	unsigned width = columns > indent + PHRASE_WRAP_MIN_COLUMNS ? columns - indent : PHRASE_WRAP_MIN_COLUMNS;
	phrase_spaces(o->out, o->style->indent);
	buf_add_str(o->out, first);
	size_t used = 0;
	for (size_t at = 0; at < text.len;) {
		size_t end = at;
		while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != PHRASE_BREAK)
			end++;
		struct slice word = slice_sub(text, at, end - at);
		size_t n = phrase_width(word);
		if (n && used && used + 1 + n > width) {
			buf_add_char(o->out, '\n');
			phrase_spaces(o->out, indent);
			used = 0;
		}
		if (n && used) {
			buf_add_char(o->out, ' ');
			used++;
		}
		phrase_text_out(o->out, word, phrase_plain_add, false);
		used += n;
		if (end < text.len && text.ptr[end] == PHRASE_BREAK) {
			buf_add_char(o->out, '\n');
			phrase_spaces(o->out, indent);
			used = 0;
		}
		at = end + 1;
	}
}

static void phrase_block_plain_out(struct phrase_out *o, enum phrase_block_kind kind)
{
	bool item = kind == PHRASE_ITEM;
	if (o->any)
		buf_add_str(o->out, item && o->in_list ? "\n" : "\n\n");
	o->in_list = item;
	phrase_wrap_out(o, buf_slice(&o->w->text), item ? "* " : "");
}

/* ---- whole phrases ---- */

/* The value of a block that consists of one placeholder; false otherwise. */
static bool phrase_sole_value(const struct phrase_out *o, const struct phrase *p,
    const struct phrase_block *b,
    struct view_value *val)
{
	if (b->values != 1)
		return false;
	const struct phrase_run *runs = p->body->runs;
	for (size_t i = b->first; i < b->first + b->count; i++)
		if (runs[i].kind == PHRASE_VALUE)
			return view_get_hashed(o->v, runs[i].text, runs[i].hash, val) || b->kind == PHRASE_ITEM;
	return false;
}

static enum err phrase_blocks_out(struct phrase_out *o, const struct phrase *p, int depth)
{
	if (depth > PHRASE_DEPTH_MAX)
		return phrase_joined_add(o, p, depth); /* reports the depth */
	const struct phrase_body *body = phrase_body_of(p);
	if (!body)
		return phrase_no_body(o, p);
	for (size_t i = 0; i < body->nblocks; i++) {
		const struct phrase_block *b = &body->blocks[i];
		struct view_value val;
		bool sole = phrase_sole_value(o, p, b, &val);
		if (sole && b->kind == PHRASE_ITEM && !val.truth)
			continue;
		enum err e;
		if (sole && b->kind == PHRASE_PARAGRAPH && b->count == 1 && val.kind == VIEW_PHRASE && val.truth) {
			e = phrase_blocks_out(o, val.phrase, depth + 1);
			if (e)
				return e;
			continue;
		}
		phrase_work_reset(o->w);
		e = phrase_runs_add(o, p, b, depth);
		if (!e)
			e = phrase_work_finish(o);
		if (e)
			return e;
		if (o->w->text.len == 0)
			continue;
		if (o->style->form == PHRASE_BLOCKS)
			phrase_block_html_out(o, b->kind);
		else
			phrase_block_plain_out(o, b->kind);
		o->any = true;
	}
	return OK;
}

static enum err phrase_line_out(struct phrase_out *o, const struct phrase *p)
{
	phrase_work_reset(o->w);
	enum err e = phrase_joined_add(o, p, 0);
	if (!e)
		e = phrase_work_finish(o);
	if (e)
		return e;
	if (o->style->form == PHRASE_INLINE)
		phrase_segs_out(o);
	else
		phrase_text_out(o->out, buf_slice(&o->w->text),
		    o->style->form == PHRASE_ATTR ? html_attr : phrase_plain_add, false);
	return OK;
}

enum err phrase_render(struct phrase_work *w, struct buf *out, const struct phrase *p, const struct view *v,
    const struct phrase_style *style, struct errinfo *ei)
{
	struct phrase_out o = {.w = w, .out = out, .v = v, .style = style, .ei = ei};
	enum err e;
	if (style->form == PHRASE_BLOCKS || style->form == PHRASE_WRAPPED) {
		e = phrase_blocks_out(&o, p, 0);
		phrase_list_close(&o);
	} else {
		e = phrase_line_out(&o, p);
	}
	if (!e && !buf_ok(out))
		e = err_set(ei, E_LIMIT, "no room for phrase [%.*s]", SLICE_FMT(p->key));
	return e;
}

static enum err phrase_once(struct buf *out, const struct phrase *p, const struct view *v,
    const struct phrase_style *style, struct errinfo *ei)
{
	struct phrase_work w;
	phrase_work_init(&w);
	enum err e = phrase_render(&w, out, p, v, style, ei);
	phrase_work_free(&w);
	return e;
}

enum err phrase_html_inline(struct buf *out, const struct phrase *p, const struct view *v, struct errinfo *ei)
{
	return phrase_once(out, p, v, &(struct phrase_style){.form = PHRASE_INLINE}, ei);
}

enum err phrase_html_block(struct buf *out, const struct phrase *p, const struct view *v, int heading_level,
    struct errinfo *ei)
{
	return phrase_once(out, p, v, &(struct phrase_style){.form = PHRASE_BLOCKS,
	    .heading_level = heading_level}, ei);
}

enum err phrase_html_attr(struct buf *out, const struct phrase *p, const struct view *v, struct errinfo *ei)
{
	return phrase_once(out, p, v, &(struct phrase_style){.form = PHRASE_ATTR}, ei);
}

enum err phrase_plain(struct buf *out, const struct phrase *p, const struct view *v, struct errinfo *ei)
{
	return phrase_once(out, p, v, &(struct phrase_style){.form = PHRASE_LINE}, ei);
}

enum err phrase_plain_block(struct buf *out, const struct phrase *p, const struct view *v, unsigned columns,
    unsigned indent, struct errinfo *ei)
{
	return phrase_once(out, p, v,
	    &(struct phrase_style){.form = PHRASE_WRAPPED, .columns = columns, .indent = indent}, ei);
}
