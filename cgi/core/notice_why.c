/*
 * Where each sentence of the notice comes from: keys of the configuration, data of law, article. A key belongs to the
 * sentences in which its value stands, as it was written or as words ("48 Stunden", "Frankreich"); a key of the row
 * whose value stands nowhere decides whether the block is there and which words it has.
 */
#include "core/notice_priv.h"

#include <string.h>

#include "conf/key.h"
#include "text/jsonw.h"

#define VALUE_MIN_BYTES 3 /* shorter ones stand in too many words */
#define VALUE_SURE_BYTES 8 /* stands nowhere by accident, so the row need not name the key */
#define FORMS_MAX 3

struct why {
	const struct site *site;
	const struct conf_site *conf;
	const struct notice_doc *doc;
	struct notice_walk walk; /* for words of values */
	struct arena *a;
	const char *lang;
	struct buf *out;  /* text, or */
	struct jsonw *json;
	bool *said;       /* by item: stands in a sentence of this block */
};

/* Is row a word of "N17 N20"? */
static bool rows_have(const char *rows, const char *row)
{
	struct slice rest = slice_from(rows), one;

	while (rows && slice_split(&rest, ' ', &one))
		if (slice_eq_str(one, row))
			return true;
	return false;
}

/* Groups of which a block tells one member only. */
static const struct {
	const char *group;
	enum notice_per per;
} groups[] = {
	{"purposes.", NOTICE_PER_PURPOSE}, {"processors.", NOTICE_PER_FIRM}, {"website.embeds.", NOTICE_PER_EMBED},
	{"website.profiles.", NOTICE_PER_PROFILE}, {"website.texts.", NOTICE_PER_SLOT},
};

/* The block of one firm tells nothing of the others. */
static bool about(const struct notice_block *b, const char *path, struct slice whose)
{
	struct slice p = slice_from(path);

	if (!whose.len)
		return true;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		size_t len = strlen(groups[i].group);
		if (strncmp(path, groups[i].group, len) != 0)
			continue;
		p = slice_sub(p, len, p.len);
		return groups[i].per == b->row->per && slice_starts(p, whose) && p.len > whose.len && p.ptr[whose.len] == '.';
	}
	if (slice_starts(p, SLICE("hosting")))
		return slice_eq_str(whose, "hosting");
	return b->row->per != NOTICE_PER_FIRM;
}

/* ---- keys */

/* Is the item one of those that the row names? */
static bool key_of(const struct notice_block *b, struct slice whose, const struct conf_item *it)
{
	const struct conf_key *k = conf_key_find(false, it->path);

	return k && (rows_have(k->notice, b->row->id) || rows_have(k->notice, "all")) && about(b, it->path, whose);
}

/* The ways in which a value can stand in a sentence. */
static size_t value_forms(struct why *w, const struct conf_item *it, struct slice out[static FORMS_MAX])
{
	const struct conf_key *k = conf_key_find(false, it->path);
	struct conf_date date = {.year = 1, .text = it->value};
	struct conf_duration d;
	size_t n = 0;

	if (strlen(it->value) >= VALUE_MIN_BYTES)
		out[n++] = slice_from(it->value);
	if (k->type == CONF_T_DURATION && conf_duration_parse(slice_from(it->value), &d)) {
		out[n++] = notice_duration(&w->walk, d, false);
		out[n++] = notice_duration(&w->walk, d, true);
	} else if (k->type == CONF_T_DATE) {
		out[n++] = notice_date(&w->walk, &date);
	} else if (k->type == CONF_T_COUNTRY || k->type == CONF_T_COUNTRY_LIST) {
		out[n++] = notice_country(&w->walk, it->value, false);
		out[n++] = notice_country(&w->walk, it->value, true);
	}
	return n;
}

/* No-break spaces as spaces: only so a value is found in a sentence. */
static struct slice plain(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; p && i < s.len; i++) {
		bool wide = i + 1 < s.len && (unsigned char)s.ptr[i] == 0xc2 && (unsigned char)s.ptr[i + 1] == 0xa0;
		p[n++] = wide ? ' ' : s.ptr[i];
		i += wide;
	}
	return p ? slice_make(p, n) : SLICE("");
}

static bool stands_in(struct why *w, const struct conf_item *it, struct slice sentence)
{
	struct slice form[FORMS_MAX];
	size_t n = value_forms(w, it, form);

	for (size_t i = 0; i < n; i++) {
		struct slice f = plain(w->a, form[i]);
		if (f.len && memmem(sentence.ptr, sentence.len, f.ptr, f.len))
			return true;
	}
	return false;
}

static void key_write(struct why *w, const struct conf_item *it, const char *indent)
{
	if (w->json) {
		jsonw_object(w->json);
		jsonw_kcstr(w->json, "key", it->path);
		if (it->line)
			jsonw_kint(w->json, "line", it->line);
		jsonw_end_object(w->json);
		return;
	}
	buf_printf(w->out, "%s%s", indent, it->path);
	if (it->line)
		buf_printf(w->out, "  %s:%d\n", w->conf->file, it->line);
	else
		buf_add_str(w->out, "  default\n");
}

/* ---- sentences */

/* Is the word before the full stop at i one that is shortened by it? Other languages: at worst a sentence too many. */
static bool shortened(struct slice s, size_t i)
{
	static const char *const words[] = {"Art", "Abs", "Nr", "Buchst", "Str", "Dr", "Prof", "St", "Co", "Inc", "Ltd", "No",
	    "no", "lit", "bzw", "ca", "usw", "etc"};
	size_t from = i;

	while (from > 0 && !memchr(" (\n", s.ptr[from - 1], 3))
		from--;
	if (i - from == 1)
		return true; /* "e. V.", "z. B." */
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		if (slice_eq_str(slice_sub(s, from, i - from), words[k]))
			return true;
	return false;
}

static size_t sentence_end(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\n')
			return i;
		if (memchr(".!?", s.ptr[i], 3) && i + 1 < s.len && s.ptr[i + 1] == ' ' && !shortened(s, i))
			return i + 1;
	}
	return s.len;
}

static void sentence_write(struct why *w, const struct notice_block *b, struct slice whose, struct slice sentence)
{
	if (w->json) {
		jsonw_object(w->json);
		jsonw_kstr(w->json, "text", sentence);
		jsonw_key(w->json, "keys");
		jsonw_array(w->json);
	} else {
		buf_printf(w->out, "    \"%.*s\"\n", SLICE_FMT(sentence));
	}
	sentence = plain(w->a, sentence);
	for (size_t i = 0; i < w->conf->nitems; i++) {
		const struct conf_item *it = &w->conf->items[i];
		bool asked = key_of(b, whose, it) || (strlen(it->value) >= VALUE_SURE_BYTES && about(b, it->path, whose));
		if (!asked || !stands_in(w, it, sentence))
			continue;
		w->said[i] = true;
		key_write(w, it, "        ");
	}
	if (!w->json)
		return;
	jsonw_end_array(w->json);
	jsonw_end_object(w->json);
}

static enum err sentences_write(struct why *w, const struct notice_block *b, struct slice whose, struct errinfo *ei)
{
	struct slice rest;
	struct buf text;
	enum err rc;

	buf_init_arena(&text, w->a, NOTICE_MAX_BYTES);
	rc = notice_block_text(w->site, w->a, w->lang, b, &text, ei);
	rest = slice_trim(buf_slice(&text));
	while (!rc && rest.len) {
		size_t n = sentence_end(rest);
		struct slice one = slice_trim(slice_sub(rest, 0, n));
		if (one.len)
			sentence_write(w, b, whose, one);
		rest = slice_trim(slice_sub(rest, n, rest.len));
	}
	return rc;
}

/* ---- data of law */

static void datum_write(struct why *w, const char *file, const char *id, const char *as_of, const char *source)
{
	if (w->json) {
		jsonw_object(w->json);
		jsonw_kcstr(w->json, "file", file);
		if (id)
			jsonw_kcstr(w->json, "id", id);
		jsonw_kcstr(w->json, "as_of", as_of);
		if (source)
			jsonw_kcstr(w->json, "source", source);
		jsonw_end_object(w->json);
		return;
	}
	buf_printf(w->out, "    %s", file);
	if (id)
		buf_printf(w->out, " [%s]", id);
	buf_printf(w->out, ", as of %s%s%s\n", as_of, source ? ", " : "", source ? source : "");
}

static void authority_write(struct why *w, const struct authority *au)
{
	if (au)
		datum_write(w, "data/authorities.txt", au->id, au->as_of ? au->as_of : authority_as_of(),
		    au->source ? au->source : "");
}

static void decision_write(struct why *w, const struct adequacy *d)
{
	if (d)
		datum_write(w, "data/adequacy.txt", d->id, adequacy_as_of(), d->source ? d->source : "");
}

static void firm_data_write(struct why *w, const struct notice_firm *f)
{
	const struct notice_reach *const both[] = {&f->direct, &f->group};

	for (size_t r = 0; r < 2; r++) {
		for (size_t i = 0; i < both[r]->decided.n; i++)
			decision_write(w, adequacy_of(both[r]->decided.v[i]));
		if (both[r]->dpf)
			decision_write(w, adequacy_dpf());
	}
}

static void data_write(struct why *w, const struct notice_block *b)
{
	const struct notice_facts *f = w->doc->facts;
	const char *id = b->row->id;
	const struct authority *au = NULL;

	if (strcmp(id, "N25") == 0)
		au = f->authority;
	else if (strcmp(id, "N29") == 0 || strcmp(id, "N30") == 0)
		authority_find(strcmp(id, "N29") == 0 ? "CH" : "GB", "", CONF_GDPR, "", &au);
	authority_write(w, au);
	if (strcmp(id, "N20") == 0 && b->row->per == NOTICE_PER_FIRM)
		firm_data_write(w, &f->firms[b->index]);
	if (strcmp(id, "footer") != 0)
		return;
	datum_write(w, "data/authorities.txt", NULL, authority_as_of(), NULL);
	datum_write(w, "data/adequacy.txt", NULL, adequacy_as_of(), NULL);
}

/* ---- blocks */

static void list_open(struct why *w, const char *key)
{
	if (!w->json)
		return;
	jsonw_key(w->json, key);
	jsonw_array(w->json);
}

static void list_close(struct why *w)
{
	if (w->json)
		jsonw_end_array(w->json);
}

static void head_write(struct why *w, const struct notice_block *b, struct slice id)
{
	if (!w->json) {
		buf_printf(w->out, "%.*s\n    row %s, law: %s\n", SLICE_FMT(id), b->row->id, b->row->articles);
		if (b->row->key)
			buf_printf(w->out, "    words: %s\n", b->row->key);
		return;
	}
	jsonw_object(w->json);
	jsonw_kstr(w->json, "id", id);
	jsonw_kcstr(w->json, "row", b->row->id);
	jsonw_kcstr(w->json, "law", b->row->articles);
	if (b->row->key)
		jsonw_kcstr(w->json, "words", b->row->key);
}

static void deciding_write(struct why *w, const struct notice_block *b, struct slice whose)
{
	bool any = false;

	for (size_t i = 0; i < w->conf->nitems; i++) {
		const struct conf_item *it = &w->conf->items[i];
		if (w->said[i] || !key_of(b, whose, it))
			continue;
		if (!any && !w->json)
			buf_add_str(w->out, "    decided by\n");
		any = true;
		key_write(w, it, "        ");
	}
}

static enum err block_write(struct why *w, const struct notice_block *b, struct errinfo *ei)
{
	struct slice id = notice_block_id(w->doc, w->a, b);
	size_t colon = slice_find(id, ':', 0);
	struct slice whose = slice_sub(id, colon + 1, id.len), title = notice_block_title(w->site, w->a, w->lang, b);
	enum err rc;

	memset(w->said, 0, w->conf->nitems * sizeof(*w->said));
	head_write(w, b, id);
	if (title.len && w->json)
		jsonw_key(w->json, "title");
	if (title.len)
		sentence_write(w, b, whose, title);
	list_open(w, "sentences");
	rc = sentences_write(w, b, whose, ei);
	list_close(w);
	list_open(w, "decided_by");
	deciding_write(w, b, whose);
	list_close(w);
	list_open(w, "data");
	data_write(w, b);
	list_close(w);
	if (w->json)
		jsonw_end_object(w->json);
	return rc;
}

enum err notice_why(const struct site *s, struct arena *a, const char *lang, bool json, struct buf *out,
    struct errinfo *ei)
{
	struct notice_doc d;
	struct jsonw j;
	struct why w = {.site = s, .conf = site_conf(s), .doc = &d, .a = a, .lang = lang, .out = out};
	enum err rc = notice_doc_make(&d, s, a, lang, NULL, ei);

	if (rc)
		return rc;
	w.walk = (struct notice_walk){.site = s, .f = d.facts, .a = a, .lang = lang, .doc = &d, .ei = ei};
	w.said = arena_alloc(a, w.conf->nitems * sizeof(*w.said) + 1);
	if (!w.said)
		return err_set(ei, E_NOMEM, "origin of the notice");
	if (json) {
		jsonw_init(&j, out);
		w.json = &j;
		jsonw_object(&j);
		jsonw_kcstr(&j, "file", w.conf->file);
		jsonw_kcstr(&j, "lang", lang);
	}
	list_open(&w, "blocks");
	for (size_t i = 0; i < d.nsections; i++)
		for (size_t k = 0; !rc && k < d.sections[i].nblocks; k++)
			rc = block_write(&w, &d.sections[i].blocks[k], ei);
	list_close(&w);
	if (json) {
		jsonw_end_object(&j);
		buf_add_char(out, '\n');
	}
	if (rc)
		return rc;
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the origin of the notice is longer than %zu bytes", out->len);
}
