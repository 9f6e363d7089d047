#include "text/block.h"

#include <string.h>

#define MARK_SPECIAL "\\`*_[]<>&~|"

/* What a tag means. Who is not in the table parts blocks. */
enum tag_kind { TAG_OTHER, TAG_HEADING, TAG_ITEM, TAG_ROW, TAG_CELL, TAG_BREAK, TAG_STRONG, TAG_LINK, TAG_INLINE,
	TAG_SKIP };
static const struct tag {
	const char *name;
	enum tag_kind kind;
	unsigned level;
} tags[] = {
	{"h1", TAG_HEADING, 1}, {"h2", TAG_HEADING, 2}, {"h3", TAG_HEADING, 3}, {"h4", TAG_HEADING, 4},
	{"h5", TAG_HEADING, 5}, {"h6", TAG_HEADING, 6}, {"li", TAG_ITEM, 0}, {"tr", TAG_ROW, 0},
	{"th", TAG_CELL, 0}, {"td", TAG_CELL, 0}, {"br", TAG_BREAK, 0}, {"strong", TAG_STRONG, 0},
	{"b", TAG_STRONG, 0}, {"a", TAG_LINK, 0}, {"em", TAG_INLINE, 0}, {"i", TAG_INLINE, 0},
	{"span", TAG_INLINE, 0}, {"code", TAG_INLINE, 0}, {"small", TAG_INLINE, 0}, {"abbr", TAG_INLINE, 0},
	{"wbr", TAG_INLINE, 0}, {"time", TAG_INLINE, 0}, {"script", TAG_SKIP, 0}, {"style", TAG_SKIP, 0},
	{"svg", TAG_SKIP, 0}, {"nav", TAG_SKIP, 0},
};

struct reader {
	struct arena *a;
	struct slice html;
	size_t at;
	struct blocks *out;
	struct block now;        /* kind and level of the block that is open */
	struct buf text, mark;   /* reused from block to block */
	struct slice href;       /* of the link that is open */
	size_t link_mark;        /* where it began */
	size_t link_text;
	bool link, strong, space, full;
};

static const struct tag *tag_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (slice_ieq(name, slice_from(tags[i].name)))
			return &tags[i];
	return NULL;
}

/* ---- characters ---- */

static bool mark_at_line_start(const struct buf *b)
{
	return b->len == 0 || b->data[b->len - 1] == '\n';
}

/* "12." and "-" at the start of a line would be a list. */
static bool mark_needs_escape(const struct reader *r, char c)
{
	const struct buf *b = &r->mark;
	size_t i = b->len;

	if (strchr(MARK_SPECIAL, c))
		return true;
	if (r->now.kind == BLOCK_HEADING || r->now.kind == BLOCK_ROW)
		return false;
	if (mark_at_line_start(b))
		return strchr("#+-=", c) != NULL;
	if (c != '.' && c != ')')
		return false;
	while (i > 0 && b->data[i - 1] >= '0' && b->data[i - 1] <= '9')
		i--;
	return i < b->len && (i == 0 || b->data[i - 1] == '\n');
}

static void reader_char(struct reader *r, const char *bytes, size_t n)
{
	bool blank = n == 1 && strchr(" \t\r\n", *bytes);

	if (blank || (n == 2 && memcmp(bytes, "\xc2\xa0", 2) == 0)) {
		r->space = true;
		return;
	}
	if (r->space && r->text.len && !strchr("\n\t", r->text.data[r->text.len - 1])) {
		buf_add_char(&r->text, ' ');
		buf_add_char(&r->mark, ' ');
	}
	r->space = false;
	buf_add(&r->text, bytes, n);
	if (n == 1 && *bytes && mark_needs_escape(r, *bytes))
		buf_add_char(&r->mark, '\\');
	buf_add(&r->mark, bytes, n);
}

static void utf8_put(struct reader *r, unsigned long c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(n == 1 ? c : (0xf00UL >> n & 0xff) | c);
	reader_char(r, b, n);
}

static bool entity_number(struct slice name, unsigned long *out)
{
	unsigned base = 10;
	size_t i = 1;

	if (name.len < 2 || name.ptr[0] != '#')
		return false;
	if ((name.ptr[1] | 0x20) == 'x') {
		base = 16;
		i = 2;
	}
	*out = 0;
	for (; i < name.len && *out <= 0x10ffff; i++) {
		char c = name.ptr[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ?
		    (unsigned)((c | 0x20) - 'a' + 10) : 99;
		if (d >= base)
			return false;
		*out = *out * base + d;
	}
	return true;
}

static void reader_entity(struct reader *r)
{
	static const struct {
		const char *name;
		unsigned long c;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"nbsp", 0xa0}};
	size_t end = slice_find(r->html, ';', r->at);
	struct slice name = slice_sub(r->html, r->at + 1, end - r->at - 1);
	unsigned long c = 0;

	if (end == r->html.len || name.len > 8) {
		reader_char(r, r->html.ptr + r->at++, 1);
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_eq_str(name, known[i].name))
			c = known[i].c;
	if (c || entity_number(name, &c)) {
		utf8_put(r, c);
		r->at = end + 1;
		return;
	}
	reader_char(r, r->html.ptr + r->at++, 1);
}

/* ---- blocks ---- */

static void link_end(struct reader *r)
{
	struct buf label;
	bool bare;

	if (!r->link)
		return;
	r->link = false;
	if (r->mark.len == r->link_mark || !r->href.len)
		return;
	bare = slice_eq(slice_sub(buf_slice(&r->text), r->link_text, r->text.len), r->href);
	buf_init_arena(&label, r->a, BLOCK_HTML_MAX_BYTES);
	buf_add(&label, r->mark.data + r->link_mark, r->mark.len - r->link_mark);
	buf_truncate(&r->mark, r->link_mark);
	if (bare)
		buf_printf(&r->mark, "<%.*s>", SLICE_FMT(r->href));
	else
		buf_printf(&r->mark, "[%.*s](<%.*s>)", (int)label.len, label.data, SLICE_FMT(r->href));
}

static void strong_end(struct reader *r)
{
	if (r->strong)
		buf_add_str(&r->mark, "**");
	r->strong = false;
}

static void block_end(struct reader *r)
{
	struct block *b = &r->out->v[r->out->n];
	struct slice text;

	link_end(r);
	strong_end(r);
	text = slice_trim(buf_slice(&r->text));
	if (text.len && r->out->n == BLOCK_MAX)
		r->full = true;
	if (text.len && !r->full) {
		*b = r->now;
		b->text = arena_dup(r->a, text);
		b->mark = arena_dup(r->a, slice_trim(buf_slice(&r->mark)));
		r->out->n++;
	}
	buf_truncate(&r->text, 0);
	buf_truncate(&r->mark, 0);
	r->space = false;
	r->now = (struct block){.kind = BLOCK_PARA};
}

static void block_begin(struct reader *r, enum block_kind kind, unsigned level)
{
	block_end(r);
	r->now = (struct block){.kind = kind, .level = level};
}

/* ---- tags ---- */

/* Value of href="..." within a tag; ours are always quoted. Entities: only &amp; can stand in a URL. */
static struct slice tag_href(struct reader *r, struct slice tag)
{
	const char *at = memmem(tag.ptr, tag.len, " href=\"", 7);
	size_t from = at ? (size_t)(at - tag.ptr) + 7 : tag.len, to = slice_find(tag, '"', from);
	struct buf b;

	buf_init_arena(&b, r->a, 8192);
	for (size_t i = from; i < to && to < tag.len; i++) {
		if (strchr("<>\n\\", tag.ptr[i]))
			return SLICE("");
		buf_add_char(&b, tag.ptr[i]);
		if (slice_starts(slice_sub(tag, i, tag.len), SLICE("&amp;")))
			i += 4;
	}
	return buf_slice(&b);
}

static void link_begin(struct reader *r, struct slice tag)
{
	link_end(r);
	if (r->space && r->text.len) {
		buf_add_char(&r->text, ' ');
		buf_add_char(&r->mark, ' ');
		r->space = false;
	}
	r->href = tag_href(r, tag);
	r->link = true;
	r->link_mark = r->mark.len;
	r->link_text = r->text.len;
}

static void strong_begin(struct reader *r)
{
	strong_end(r);
	if (r->space && r->text.len) {
		buf_add_char(&r->text, ' ');
		buf_add_char(&r->mark, ' ');
	}
	r->space = false;
	r->strong = true;
	buf_add_str(&r->mark, "**");
}

static void line_break(struct reader *r)
{
	if (!r->text.len)
		return;
	buf_add_char(&r->text, '\n');
	buf_add_str(&r->mark, "\\\n");
	r->space = false;
}

static void cell_begin(struct reader *r)
{
	if (r->now.kind != BLOCK_ROW || !r->text.len)
		return;
	link_end(r);
	strong_end(r);
	buf_add_char(&r->text, '\t');
	buf_add_str(&r->mark, " | ");
	r->space = false;
}

static void skip_to_end(struct reader *r, struct slice name)
{
	while (r->at < r->html.len) {
		struct slice rest;
		r->at = slice_find(r->html, '<', r->at);
		rest = slice_sub(r->html, r->at + 1, r->html.len);
		if (rest.len > name.len && rest.ptr[0] == '/' && slice_ieq(slice_sub(rest, 1, name.len), name))
			return;
		r->at += r->at < r->html.len;
	}
}

static void tag_open(struct reader *r, const struct tag *t, struct slice whole, struct slice name)
{
	switch (t ? t->kind : TAG_OTHER) {
	case TAG_HEADING:
		block_begin(r, BLOCK_HEADING, t->level);
		break;
	case TAG_ITEM:
		block_begin(r, BLOCK_ITEM, 0);
		break;
	case TAG_ROW:
		block_begin(r, BLOCK_ROW, 0);
		break;
	case TAG_CELL:
		cell_begin(r);
		break;
	case TAG_BREAK:
		line_break(r);
		break;
	case TAG_STRONG:
		strong_begin(r);
		break;
	case TAG_LINK:
		link_begin(r, whole);
		break;
	case TAG_INLINE:
		break;
	case TAG_SKIP:
		block_end(r);
		skip_to_end(r, name);
		break;
	default:
		/* <p> within an item goes on with it */
		if (r->now.kind == BLOCK_PARA || r->text.len)
			block_end(r);
	}
}

static void tag_close(struct reader *r, const struct tag *t)
{
	enum tag_kind kind = t ? t->kind : TAG_OTHER;

	if (kind == TAG_STRONG)
		strong_end(r);
	else if (kind == TAG_LINK)
		link_end(r);
	else if (kind != TAG_INLINE && kind != TAG_CELL && kind != TAG_BREAK)
		block_end(r);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* At "<". What is no tag is text. */
static void reader_tag(struct reader *r)
{
	struct slice rest = slice_sub(r->html, r->at, r->html.len), whole, name;
	bool closing = rest.len > 1 && rest.ptr[1] == '/';
	size_t end, from = closing ? 2 : 1, n = from;

	if (slice_starts(rest, SLICE("<!--"))) {
		const char *to = memmem(rest.ptr, rest.len, "-->", 3);
		r->at = to ? r->at + (size_t)(to - rest.ptr) + 3 : r->html.len;
		return;
	}
	while (n < rest.len && (is_letter(rest.ptr[n]) || (n > from && rest.ptr[n] >= '0' && rest.ptr[n] <= '9')))
		n++;
	end = slice_find(rest, '>', n);
	if (n == from && !(rest.len > 1 && rest.ptr[1] == '!')) {
		reader_char(r, rest.ptr, 1);
		r->at++;
		return;
	}
	name = slice_sub(rest, from, n - from);
	whole = slice_sub(rest, 0, end);
	r->at += end < rest.len ? end + 1 : rest.len;
	if (closing)
		tag_close(r, tag_find(name));
	else
		tag_open(r, tag_find(name), whole, name);
}

/* There is a tag between any two blocks. */
static size_t blocks_most(struct slice html)
{
	size_t n = 1;

	for (size_t i = 0; i < html.len && n < BLOCK_MAX; i++)
		n += html.ptr[i] == '<';
	return n;
}

enum err blocks_read(struct blocks *out, struct arena *a, struct slice html, struct errinfo *ei)
{
	struct reader r = {.a = a, .html = html, .out = out};

	memset(out, 0, sizeof(*out));
	if (html.len > BLOCK_HTML_MAX_BYTES)
		return err_set(ei, E_LIMIT, "HTML of more than %u bytes", BLOCK_HTML_MAX_BYTES);
	out->v = arena_alloc(a, (blocks_most(html) + 1) * sizeof(*out->v));
	if (!out->v)
		return err_set(ei, E_NOMEM, "blocks");
	buf_init(&r.text, BLOCK_HTML_MAX_BYTES);
	buf_init(&r.mark, 4 * BLOCK_HTML_MAX_BYTES);
	while (r.at < html.len && !r.full) {
		if (html.ptr[r.at] == '<')
			reader_tag(&r);
		else if (html.ptr[r.at] == '&')
			reader_entity(&r);
		else {
			size_t n = slice_starts(slice_sub(html, r.at, 2), SLICE("\xc2\xa0")) ? 2 : 1;
			reader_char(&r, html.ptr + r.at, n);
			r.at += n;
		}
	}
	block_end(&r);
	if (!buf_ok(&r.text) || !buf_ok(&r.mark) || !arena_ok(a))
		r.full = true;
	buf_free(&r.text);
	buf_free(&r.mark);
	return r.full ? err_set(ei, E_LIMIT, "HTML of more than %d blocks, or too long", BLOCK_MAX) : OK;
}

/* ---- Markdown ---- */

static void heading_markdown(const struct block *b, int shift, struct buf *out)
{
	int level = (int)b->level + shift;

	for (int i = 0; i < (level < 1 ? 1 : level > 6 ? 6 : level); i++)
		buf_add_char(out, '#');
	buf_add_char(out, ' ');
}

static void row_markdown(const struct block *b, bool head, struct buf *out)
{
	buf_printf(out, "| %.*s |", SLICE_FMT(b->mark));
	if (!head)
		return;
	buf_add_str(out, "\n|");
	for (size_t at = 0; at <= b->text.len; at = slice_find(b->text, '\t', at) + 1)
		buf_add_str(out, " --- |");
}

void blocks_markdown(const struct blocks *b, int shift, struct buf *out)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct block *one = &b->v[i];
		bool more = i > 0 && b->v[i - 1].kind == one->kind && (one->kind == BLOCK_ITEM || one->kind == BLOCK_ROW);
		if (i > 0)
			buf_add_str(out, more ? "\n" : "\n\n");
		if (one->kind == BLOCK_HEADING)
			heading_markdown(one, shift, out);
		if (one->kind == BLOCK_ITEM)
			buf_add_str(out, "* ");
		if (one->kind == BLOCK_ROW)
			row_markdown(one, !more, out);
		else
			buf_add_slice(out, one->mark);
	}
	if (b->n)
		buf_add_char(out, '\n');
}
