/* The notice as plain text and as JSON, from the same document as the page. */
#include "core/notice_priv.h"

#include <string.h>

#include "base/clock.h"
#include "text/jsonw.h"

#define COLUMNS 72

struct out {
	const struct site *site;
	struct arena *a;
	const char *lang;
	struct buf *text;
	enum err err;
	struct errinfo *ei;
};

static const struct phrase *words(struct out *o, const char *key)
{
	const struct phrase *p = phrases_get(site_words(o->site, o->lang), slice_from(key));

	if (!p && !o->err)
		o->err = err_set(o->ei, E_INVALID, "the words of language %s lack %s", o->lang, key);
	return p;
}

static struct slice line(struct out *o, const struct view *v, const char *key)
{
	const struct phrase *p = words(o, key);
	struct buf b;

	buf_init_arena(&b, o->a, NOTICE_MAX_BYTES);
	if (p && !o->err)
		o->err = phrase_plain(&b, p, v, o->ei);
	return buf_slice(&b);
}

/* Paragraphs; first stands before the first line ("* "). */
static void paragraphs(struct out *o, struct buf *to, const struct view *v, const char *key, unsigned columns)
{
	const struct phrase *p = words(o, key);

	if (p && !o->err)
		o->err = phrase_plain_block(to, p, v, columns, 0, o->ei);
}

/* Lists that a row without words makes: which, the first value of an item, what follows behind a colon. */
static const struct {
	const char *flag, *list, *first, *more[3];
} lists[] = {
	{"keeps", "rows", "what", {"how_long", NULL, NULL}},
	{"stored", "rows", "what", {"purpose", "how_long", "basis"}},
	{"", "interests", "name", {NULL, NULL, NULL}},
};

static size_t list_of(const struct view *v)
{
	struct view_value flag;
	size_t i = 0;

	while (*lists[i].flag && !(view_get(v, slice_from(lists[i].flag), &flag) && flag.truth))
		i++;
	return i;
}

/* "what: how long" or a bare name, one a line, wrapped by the words "word.text". */
static void items(struct out *o, struct buf *to, const struct view *v, unsigned columns)
{
	size_t k = list_of(v);
	struct view_value list, value;

	if (!view_get(v, slice_from(lists[k].list), &list))
		return;
	for (const struct view *row = list.first; row && !o->err; row = view_next_item(row)) {
		struct view *one = view_new(o->a);
		struct buf b;
		buf_init_arena(&b, o->a, NOTICE_MAX_BYTES);
		if (!view_get(row, slice_from(lists[k].first), &value))
			continue;
		buf_add_slice(&b, value.text);
		for (size_t m = 0; m < 3 && lists[k].more[m]; m++) {
			buf_add_str(&b, m ? "; " : ": ");
			if (view_get(row, slice_from(lists[k].more[m]), &value))
				buf_add_slice(&b, value.text);
		}
		view_text(one, "text", buf_slice(&b));
		paragraphs(o, to, one, "word.item", columns);
		buf_add_char(to, '\n');
	}
	if (buf_ok(to) && to->len && to->data[to->len - 1] == '\n')
		buf_truncate(to, to->len - 1);
}

static void block_text(struct out *o, struct buf *to, const struct notice_block *b, unsigned columns)
{
	if (b->row->key)
		paragraphs(o, to, b->view, b->row->key, columns);
	else
		items(o, to, b->view, columns);
}

enum err notice_block_text(const struct site *s, struct arena *a, const char *lang, const struct notice_block *b,
    struct buf *out, struct errinfo *ei)
{
	struct out o = {.site = s, .a = a, .lang = lang, .text = out, .ei = ei};

	block_text(&o, out, b, UINT32_MAX);
	return o.err;
}

struct slice notice_block_title(const struct site *s, struct arena *a, const char *lang, const struct notice_block *b)
{
	struct errinfo ei = {.code = OK};
	struct out o = {.site = s, .a = a, .lang = lang, .ei = &ei};

	return b->row->subtitle ? line(&o, b->view, b->row->subtitle) : SLICE("");
}

static size_t width(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static void heading(struct out *o, struct slice text, unsigned number, char under)
{
	size_t before = o->text->len, n;

	if (number)
		buf_printf(o->text, "%u. ", number);
	buf_add_slice(o->text, text);
	n = width(slice_sub(buf_slice(o->text), before, o->text->len));
	buf_add_char(o->text, '\n');
	for (size_t i = 0; i < n && i < COLUMNS; i++)
		buf_add_char(o->text, under);
	buf_add_str(o->text, "\n\n");
}

/* Summary and box have fixed headings; the foot has none. */
static const char *section_title(const struct notice_section *s)
{
	if (s->title)
		return s->title;
	if (s->blocks[0].row->place == NOTICE_TOP)
		return "notice.summary.title";
	return s->blocks[0].row->place == NOTICE_BOX ? "notice.n23.objection.title" : NULL;
}

static void section_out(struct out *o, const struct notice_section *s)
{
	const char *title = section_title(s);

	if (title)
		heading(o, line(o, s->view, title), s->number, '-');
	for (size_t i = 0; i < s->nblocks && !o->err; i++) {
		if (s->blocks[i].row->subtitle) {
			buf_add_slice(o->text, line(o, s->blocks[i].view, s->blocks[i].row->subtitle));
			buf_add_str(o->text, "\n\n");
		}
		block_text(o, o->text, &s->blocks[i], COLUMNS);
		buf_add_str(o->text, "\n\n");
	}
}

enum err notice_text(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei)
{
	struct out o = {.site = s, .a = a, .lang = lang, .text = out, .ei = ei};
	struct notice_doc d;

	o.err = notice_doc_make(&d, s, a, lang, stamp, ei);
	if (o.err)
		return o.err;
	heading(&o, line(&o, d.root, "notice.title"), 0, '=');
	buf_add_slice(out, line(&o, d.root, site_conf(s)->website.set ? "notice.subtitle.site" : "notice.subtitle"));
	buf_add_str(out, "\n\n");
	for (size_t i = 0; i < d.nsections && !o.err; i++)
		section_out(&o, &d.sections[i]);
	if (stamp && !o.err) {
		heading(&o, line(&o, d.root, "notice.n32.version.title"), 0, '-');
		paragraphs(&o, out, d.root, "notice.n32.version", COLUMNS);
		buf_add_char(out, '\n');
	} else if (buf_ok(out) && out->len) {
		buf_truncate(out, out->len - 1);
	}
	if (!o.err && !buf_ok(out))
		return err_set(ei, E_LIMIT, "the notice is longer than %u bytes", NOTICE_MAX_BYTES);
	return o.err;
}

/* ---- JSON ---- */

static void row_json(struct out *o, struct jsonw *j, const struct notice_doc *d, const struct notice_block *b)
{
	struct buf text;

	buf_init_arena(&text, o->a, NOTICE_MAX_BYTES);
	block_text(o, &text, b, UINT32_MAX);
	jsonw_object(j);
	jsonw_kstr(j, "id", notice_block_id(d, o->a, b));
	jsonw_kcstr(j, "row", b->row->id);
	jsonw_kcstr(j, "articles", b->row->articles);
	if (b->row->subtitle)
		jsonw_kstr(j, "title", line(o, b->view, b->row->subtitle));
	jsonw_kstr(j, "text", buf_slice(&text));
	jsonw_end_object(j);
}

static void section_json(struct out *o, struct jsonw *j, const struct notice_doc *d,
    const struct notice_section *s)
{
	const char *title = section_title(s);
	struct view_value anchor;

	jsonw_object(j);
	if (view_get(s->view, SLICE("anchor"), &anchor))
		jsonw_kstr(j, "id", anchor.text);
	else
		jsonw_kcstr(j, "id", s->anchor);
	jsonw_kstr(j, "title", title ? line(o, s->view, title) : SLICE(""));
	jsonw_key(j, "rows");
	jsonw_array(j);
	for (size_t i = 0; i < s->nblocks && !o->err; i++)
		row_json(o, j, d, &s->blocks[i]);
	jsonw_end_array(j);
	jsonw_end_object(j);
}

/* Where each element of Art. 13 GDPR is said. */
static void art13_json(struct out *o, struct jsonw *j, const struct notice_doc *d)
{
	static const char *const elements[] = {"1a", "1b", "1c", "1d", "1e", "1f", "2a", "2b", "2c", "2d", "2e", "2f", "3"};

	jsonw_key(j, "art13");
	jsonw_object(j);
	for (size_t e = 0; e < sizeof(elements) / sizeof(elements[0]); e++) {
		bool any = false;
		for (size_t i = 0; i < d->nsections; i++)
			for (size_t k = 0; k < d->sections[i].nblocks; k++) {
				const struct notice_block *b = &d->sections[i].blocks[k];
				if (!notice_articles_have(b->row->articles, (unsigned)(elements[e][0] - '0'), elements[e][1]))
					continue;
				if (!any) {
					jsonw_key(j, elements[e]);
					jsonw_array(j);
				}
				any = true;
				jsonw_str(j, notice_block_id(d, o->a, b));
			}
		if (any)
			jsonw_end_array(j);
	}
	jsonw_end_object(j);
}

static void head_json(struct out *o, struct jsonw *j, const struct notice_doc *d,
    const struct notice_stamp *stamp)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_kstr(j, "title", line(o, d->root, "notice.title"));
	jsonw_kcstr(j, "lang", o->lang);
	jsonw_kcstr(j, "site", site_conf(o->site)->id);
	if (!stamp)
		return;
	jsonw_kint(j, "version", stamp->no);
	jsonw_kcstr(j, "hash", stamp->hash_hex);
	jsonw_kcstr(j, "valid_from", clock_iso(stamp->valid_from_ms, iso));
}

enum err notice_json(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei)
{
	struct out o = {.site = s, .a = a, .lang = lang, .text = out, .ei = ei};
	struct notice_doc d;
	struct jsonw j;

	o.err = notice_doc_make(&d, s, a, lang, stamp, ei);
	if (o.err)
		return o.err;
	jsonw_init(&j, out);
	jsonw_object(&j);
	head_json(&o, &j, &d, stamp);
	art13_json(&o, &j, &d);
	jsonw_key(&j, "sections");
	jsonw_array(&j);
	for (size_t i = 0; i < d.nsections && !o.err; i++)
		section_json(&o, &j, &d, &d.sections[i]);
	jsonw_end_array(&j);
	jsonw_end_object(&j);
	buf_add_char(out, '\n');
	if (!o.err && !buf_ok(out))
		return err_set(ei, E_LIMIT, "the notice is longer than %u bytes", NOTICE_MAX_BYTES);
	return o.err;
}
