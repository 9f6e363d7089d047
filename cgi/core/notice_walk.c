/* The walk over the table of rows: triggers ask, sections open, blocks are filled. */
#include "core/notice_priv.h"

#include <string.h>

#include "core/when.h"

static const char *const lists[NOTICE_PLACE__MAX] = {"summary", "objection", "sections", "foot"};

static void walk_nomem(struct notice_walk *w)
{
	if (!w->err)
		w->err = err_set(w->ei, E_NOMEM, "notice of %s", site_conf(w->site)->id);
}

/* Does the row go on in the section that is open? */
static bool section_holds(const struct notice_section *s, const struct notice_row *row, size_t i)
{
	if (strcmp(s->anchor, row->section) != 0)
		return false;
	return row->per != NOTICE_PER_PURPOSE || s->index == i;
}

static void section_names(struct notice_walk *w, const struct notice_row *row, struct notice_section *s)
{
	const struct conf_purpose *p;
	struct buf b;

	buf_init_arena(&b, w->a, 128);
	buf_add_str(&b, row->section);
	if (row->per == NOTICE_PER_PURPOSE) {
		p = &w->f->conf->purposes[s->index];
		buf_printf(&b, "-%s", p->id);
		view_cstr(s->view, "title", conf_text_get(&p->title, w->lang));
	}
	view_text(s->view, "anchor", buf_slice(&b));
	view_int(s->view, "number", s->number);
	view_cstr(s->view, "title_key", row->title);
	if (strcmp(row->section, "transfer") == 0)
		view_int(w->doc->root, "section_transfer", s->number);
}

/* Blocks that a section can have at most. */
static size_t section_room(const struct notice_facts *f, const char *anchor)
{
	size_t n, room = 0;
	const struct notice_row *rows = notice_rows(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].section, anchor) == 0)
			room += rows[i].per == NOTICE_PER_PURPOSE ? 1 : notice_times(f, rows[i].per);
	return room;
}

static struct notice_section *section_open(struct notice_walk *w, const struct notice_row *row, size_t i,
    unsigned *number)
{
	struct notice_section *s = &w->doc->sections[w->doc->nsections];

	*s = (struct notice_section){.anchor = row->section, .title = row->title, .index = i};
	s->blocks = arena_alloc(w->a, section_room(w->f, row->section) * sizeof(*s->blocks));
	s->view = row->place == NOTICE_BODY ? view_item(w->doc->root, lists[row->place]) : w->doc->root;
	if (!s->blocks || !s->view) {
		walk_nomem(w);
		return NULL;
	}
	w->doc->nsections++;
	if (row->place == NOTICE_BODY) {
		s->number = ++*number;
		section_names(w, row, s);
	}
	return s;
}

static void block_add(struct notice_walk *w, const struct notice_row *row, size_t i, unsigned *number)
{
	struct notice_section *s = w->doc->nsections ? &w->doc->sections[w->doc->nsections - 1] : NULL;
	struct notice_block *b;

	if (!s || !section_holds(s, row, i))
		s = section_open(w, row, i, number);
	if (!s)
		return;
	b = &s->blocks[s->nblocks++];
	b->row = row;
	b->index = i;
	b->view = view_item(s->view, row->place == NOTICE_BODY ? "blocks" : lists[row->place]);
	if (!b->view) {
		walk_nomem(w);
		return;
	}
	s->interest |= row->interest;
	view_bool(b->view, "further", s->nblocks > 1);
	/* Look-up goes outwards, so what a block has not is said too. */
	view_cstr(b->view, "key", row->key ? row->key : "");
	view_cstr(b->view, "subtitle_key", row->subtitle ? row->subtitle : "");
	view_bool(b->view, "keeps", false);
	view_bool(b->view, "stored", false);
	if (row->fill)
		row->fill(w, b->view, i);
}

size_t notice_times(const struct notice_facts *f, enum notice_per per)
{
	const size_t times[NOTICE_PER__MAX] = {
		[NOTICE_ONCE] = 1, [NOTICE_PER_PURPOSE] = f->conf->npurposes, [NOTICE_PER_FIRM] = f->nall,
		[NOTICE_PER_EMBED] = f->conf->website.nembeds, [NOTICE_PER_PROFILE] = f->conf->website.nprofiles,
		[NOTICE_PER_SLOT] = f->conf->website.ntexts,
	};

	return times[per];
}

static void walk_place(struct notice_walk *w, enum notice_place place)
{
	unsigned number = 0;
	size_t n, to;
	const struct notice_row *rows = notice_rows(&n);

	for (size_t from = 0; from < n; from = to) {
		const struct notice_row *first = &rows[from];
		for (to = from + 1; to < n && first->per != NOTICE_ONCE && rows[to].per == first->per &&
		     rows[to].place == first->place && strcmp(rows[to].section, first->section) == 0; to++)
			;
		for (size_t i = 0; first->place == place && i < notice_times(w->f, first->per); i++)
			for (size_t r = from; r < to && !w->err; r++)
				if (rows[r].applies(w->f, i))
					block_add(w, &rows[r], i, &number);
	}
}

/* The body is walked first, since the box lists its headings; people read summary and box before it. */
static void sections_order(struct notice_doc *d, struct arena *a, size_t nbody)
{
	size_t ntop = d->nsections - nbody;
	struct notice_section *body = arena_alloc(a, (nbody + 1) * sizeof(*body));

	if (!body)
		return;
	memcpy(body, d->sections, nbody * sizeof(*body));
	memmove(d->sections, d->sections + nbody, ntop * sizeof(*body));
	memcpy(d->sections + ntop, body, nbody * sizeof(*body));
}

void notice_stamp_fill(struct view *v, const struct site *s, const char *lang, const struct notice_stamp *stamp)
{
	struct arena *a = view_arena(v);

	view_text(v, "valid_from", when_date(a, stamp->valid_from_ms, site_conf(s)->time_zone, lang));
	view_int(v, "notice_version", stamp->no);
	view_cstr(v, "notice_hash", stamp->hash_hex);
	view_url(v, "versions_url", site_url(s, a, "/n/versions?lang=", lang));
}

static void root_fill(struct notice_walk *w, const struct notice_stamp *stamp)
{
	const struct conf_site *c = w->f->conf;
	struct slice *titles = arena_alloc(w->a, (c->npurposes + 1) * sizeof(*titles));

	for (size_t i = 0; titles && i < c->npurposes; i++)
		titles[i] = slice_from(conf_text_get(&c->purposes[i].title, w->lang));
	view_cstr(w->doc->root, "scope_key", c->website.set ? "notice.subtitle.site" : "notice.subtitle");
	if (titles)
		view_text(w->doc->root, "title_list", notice_join(w, titles, c->npurposes, "word.and"));
	if (stamp)
		notice_stamp_fill(w->doc->root, w->site, w->lang, stamp);
}

enum err notice_doc_make(struct notice_doc *d, const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp, struct errinfo *ei)
{
	struct notice_facts *f = arena_alloc(a, sizeof(*f));
	struct notice_walk w = {.site = s, .f = f, .a = a, .lang = lang, .doc = d, .ei = ei};
	size_t nrows, nbody;
	struct view_value my;

	memset(d, 0, sizeof(*d));
	d->root = site_view(s, a, lang);
	notice_rows(&nrows);
	d->sections = arena_alloc(a, (nrows + site_conf(s)->npurposes) * sizeof(*d->sections));
	if (!f || !d->root || !d->sections)
		return err_set(ei, E_NOMEM, "notice of %s", site_conf(s)->id);
	w.err = notice_facts_read(f, site_conf(s), a, lang, view_get(d->root, SLICE("my_url"), &my) && my.truth,
	    ei);
	if (w.err)
		return w.err;
	d->facts = f;
	root_fill(&w, stamp);
	walk_place(&w, NOTICE_BODY);
	nbody = d->nsections;
	walk_place(&w, NOTICE_TOP);
	walk_place(&w, NOTICE_BOX);
	sections_order(d, a, nbody);
	walk_place(&w, NOTICE_FOOT);
	if (!w.err && (!view_ok(d->root) || !arena_ok(a)))
		walk_nomem(&w);
	return w.err;
}
