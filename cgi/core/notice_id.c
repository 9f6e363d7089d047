/* Names of the blocks of a notice, and what the table says about articles of law. */
#include "core/notice_priv.h"

#include <string.h>

/* "notice.n24.withdraw" without "notice."; blocks that are a list or table only are named after it. */
static void id_words(const struct notice_row *row, struct buf *b)
{
	if (row->key)
		buf_add_str(b, row->key + strlen("notice."));
	else
		buf_add_str(b, row->place == NOTICE_BOX ? "n23.interests" : strcmp(row->id, "N14") == 0 ? "n14.entries" :
		    "n21.periods");
}

static const char *id_whose(const struct notice_facts *f, const struct notice_block *b)
{
	switch (b->row->per) {
	case NOTICE_PER_PURPOSE:
		return f->conf->purposes[b->index].id;
	case NOTICE_PER_FIRM:
		return f->firms[b->index].p->id;
	case NOTICE_PER_EMBED:
		return f->conf->website.embeds[b->index].id;
	case NOTICE_PER_PROFILE:
		return f->conf->website.profiles[b->index].id;
	case NOTICE_PER_SLOT:
		return f->conf->website.texts[b->index].id;
	default:
		return NULL;
	}
}

/* How often the same words stand for the same firm or purpose before b. */
static unsigned id_before(const struct notice_doc *d, const struct notice_block *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->nsections; i++)
		for (size_t k = 0; k < d->sections[i].nblocks; k++) {
			const struct notice_block *x = &d->sections[i].blocks[k];
			if (x == b)
				return n;
			n += x->index == b->index && x->row->key && b->row->key && strcmp(x->row->key, b->row->key) == 0;
		}
	return n;
}

struct slice notice_block_id(const struct notice_doc *d, struct arena *a, const struct notice_block *b)
{
	const char *whose = id_whose(d->facts, b);
	unsigned before = id_before(d, b);
	struct buf out;

	buf_init_arena(&out, a, 256);
	id_words(b->row, &out);
	if (before)
		buf_printf(&out, ".%u", before + 1);
	if (whose)
		buf_printf(&out, ":%s", whose);
	return buf_slice(&out);
}

bool notice_articles_have(const char *articles, unsigned paragraph, char letter)
{
	struct slice rest = slice_from(articles), one;
	const char want[] = {'1', '3', '(', (char)('0' + paragraph), ')', '\0'};

	while (slice_split(&rest, ';', &one)) {
		one = slice_trim(one);
		if (!slice_starts(one, slice_from(want)))
			continue;
		one = slice_sub(one, 5, one.len);
		if (!letter && !one.len)
			return true;
		/* "(c)" or "(c)-(d)" */
		if (letter && one.len >= 3 && one.ptr[0] == '(' && letter >= one.ptr[1] &&
		    letter <= (one.len >= 7 && one.ptr[3] == '-' ? one.ptr[5] : one.ptr[1]))
			return true;
	}
	return false;
}
