/* Where each block of the notice comes from: key of the configuration, data of law, article. */
#include "core/notice_priv.h"

#include <string.h>

#include "conf/key.h"

struct why {
	const struct site *site;
	const struct conf_site *conf;
	const struct notice_doc *doc;
	struct arena *a;
	struct buf *out;
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

static void keys_write(struct why *w, const struct notice_block *b, struct slice whose)
{
	for (size_t i = 0; i < w->conf->nitems; i++) {
		const struct conf_item *it = &w->conf->items[i];
		const struct conf_key *k = conf_key_find(false, it->path);
		if (!k || !(rows_have(k->notice, b->row->id) || rows_have(k->notice, "all")) || !about(b, it->path, whose))
			continue;
		buf_printf(w->out, "    %s", it->path);
		if (it->line)
			buf_printf(w->out, "  %s:%d\n", w->conf->file, it->line);
		else
			buf_add_str(w->out, "  default\n");
	}
}

static void authority_write(struct why *w, const struct authority *au)
{
	if (au)
		buf_printf(w->out, "    data/authorities.txt [%s], as of %s, %s\n", au->id, au->as_of ? au->as_of :
		    authority_as_of(), au->source ? au->source : "");
}

static void decision_write(struct why *w, const struct adequacy *d)
{
	if (d)
		buf_printf(w->out, "    data/adequacy.txt [%s], as of %s, %s\n", d->id, adequacy_as_of(),
		    d->source ? d->source : "");
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
	if (strcmp(id, "footer") == 0)
		buf_printf(w->out, "    data/authorities.txt, as of %s\n    data/adequacy.txt, as of %s\n", authority_as_of(),
		    adequacy_as_of());
}

static void block_write(struct why *w, const struct notice_block *b)
{
	struct slice id = notice_block_id(w->doc, w->a, b);
	size_t colon = slice_find(id, ':', 0);

	buf_printf(w->out, "%.*s\n    row %s, law: %s\n", SLICE_FMT(id), b->row->id, b->row->articles);
	if (b->row->key)
		buf_printf(w->out, "    words: %s\n", b->row->key);
	keys_write(w, b, slice_sub(id, colon + 1, id.len));
	data_write(w, b);
}

enum err notice_why(const struct site *s, struct arena *a, const char *lang, struct buf *out, struct errinfo *ei)
{
	struct notice_doc d;
	struct why w = {.site = s, .conf = site_conf(s), .doc = &d, .a = a, .out = out};
	enum err rc = notice_doc_make(&d, s, a, lang, NULL, ei);

	if (rc)
		return rc;
	for (size_t i = 0; i < d.nsections; i++)
		for (size_t k = 0; k < d.sections[i].nblocks; k++)
			block_write(&w, &d.sections[i].blocks[k]);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the notice is longer than %u bytes", NOTICE_MAX_BYTES);
}
