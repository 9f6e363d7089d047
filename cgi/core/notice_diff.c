/* The longest common run of blocks, and of words within a changed block (dynamic programming, bounded). */
#include "core/notice_diff.h"

#include <stdint.h>
#include <string.h>

#include "text/block.h"

/* Two lists of pieces of text, blocks or words. */
struct side {
	const struct slice *v;
	size_t n;
};

struct diff {
	struct arena *a;
	struct notice_diff *out;
	struct notice_diff_item **tail;
	const struct blocks *before, *after;
	struct slice *texts[2]; /* of the blocks, without section numbers */
};

/* "12. Wer" without "12. ". */
static struct slice without_number(struct slice s)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
		i++;
	return i > 0 && slice_starts(slice_sub(s, i, 2), SLICE(". ")) ? slice_sub(s, i + 2, s.len) : s;
}

/*
 * Length of the longest common sequence from (i, j) on, for all i and j; row-wise,
 * (na + 1) * (nb + 1) numbers. NULL: too many comparisons, or no memory.
 */
static uint16_t *common_table(struct arena *a, struct side x, struct side y)
{
	size_t width = y.n + 1;
	uint16_t *t;

	if (x.n >= UINT16_MAX || y.n >= UINT16_MAX || (x.n + 1) * width > NOTICE_DIFF_CELLS)
		return NULL;
	t = arena_alloc(a, (x.n + 1) * width * sizeof(*t));
	for (size_t i = x.n; t && i-- > 0;)
		for (size_t j = y.n; j-- > 0;) {
			uint16_t down = t[(i + 1) * width + j], right = t[i * width + j + 1];
			t[i * width + j] = slice_eq(x.v[i], y.v[j]) ? (uint16_t)(t[(i + 1) * width + j + 1] + 1) :
			    down > right ? down : right;
		}
	return t;
}

/* Which of x and y are common: keep[0][i], keep[1][j]. */
static void common_mark(struct arena *a, struct side x, struct side y, bool *keep[2])
{
	size_t head = 0, tail = 0, width, i = 0, j = 0;
	uint16_t *t;

	while (head < x.n && head < y.n && slice_eq(x.v[head], y.v[head])) {
		keep[0][head] = keep[1][head] = true;
		head++;
	}
	while (tail < x.n - head && tail < y.n - head && slice_eq(x.v[x.n - 1 - tail], y.v[y.n - 1 - tail])) {
		keep[0][x.n - 1 - tail] = keep[1][y.n - 1 - tail] = true;
		tail++;
	}
	x = (struct side){x.v + head, x.n - head - tail};
	y = (struct side){y.v + head, y.n - head - tail};
	t = common_table(a, x, y);
	width = y.n + 1;
	while (t && i < x.n && j < y.n) {
		if (slice_eq(x.v[i], y.v[j])) {
			keep[0][head + i++] = true;
			keep[1][head + j++] = true;
		} else if (t[(i + 1) * width + j] >= t[i * width + j + 1])
			i++;
		else
			j++;
	}
}

static bool *flags(struct arena *a, size_t n)
{
	return arena_alloc(a, (n + 1) * sizeof(bool));
}

/* ---- words ---- */

/* Words with the white space in front of them. */
static struct side words_split(struct arena *a, struct slice text)
{
	struct slice *v = arena_alloc(a, (text.len + 1) * sizeof(*v));
	size_t n = 0, from = 0;

	for (size_t i = 0; v && i < text.len; i++) {
		bool ends = i + 1 == text.len || (strchr(" \n\t", text.ptr[i + 1]) && !strchr(" \n\t", text.ptr[i]));
		if (!ends)
			continue;
		v[n++] = slice_sub(text, from, i + 1 - from);
		from = i + 1;
	}
	return (struct side){v, n};
}

/* Neighbouring words of the same kind are one part. Words follow each other in memory. */
static struct notice_diff_part *parts_make(struct arena *a, struct side words, const bool *keep)
{
	struct notice_diff_part *first = NULL, **tail = &first;

	for (size_t i = 0, to; i < words.n; i = to) {
		struct notice_diff_part *p = arena_alloc(a, sizeof(*p));
		for (to = i + 1; to < words.n && keep[to] == keep[i]; to++)
			;
		if (!p)
			return first;
		p->changed = !keep[i];
		p->text = slice_make(words.v[i].ptr, (size_t)(words.v[to - 1].ptr + words.v[to - 1].len - words.v[i].ptr));
		*tail = p;
		tail = &p->next;
	}
	return first;
}

static struct notice_diff_part *part_whole(struct arena *a, struct slice text)
{
	struct notice_diff_part *p = arena_alloc(a, sizeof(*p));

	if (p)
		*p = (struct notice_diff_part){.changed = true, .text = text};
	return p;
}

/* ---- blocks ---- */

static struct notice_diff_item *item_add(struct diff *d, enum notice_diff_kind kind, struct slice section)
{
	struct notice_diff_item *it = arena_alloc(d->a, sizeof(*it));

	if (!it)
		return NULL;
	it->kind = kind;
	it->section = section;
	*d->tail = it;
	d->tail = &it->next;
	d->out->n++;
	return it;
}

/* Heading above block i of one side. */
static struct slice section_of(const struct blocks *b, size_t i)
{
	for (i++; i-- > 0;)
		if (b->v[i].kind == BLOCK_HEADING && b->v[i].level <= 2)
			return without_number(b->v[i].text);
	return SLICE("");
}

/* True: the blocks share at least half of the words of the shorter one; then they are one block that changed. */
static bool item_changed(struct diff *d, size_t i, size_t j)
{
	struct side x = words_split(d->a, d->texts[0][i]), y = words_split(d->a, d->texts[1][j]);
	bool *keep[2] = {flags(d->a, x.n), flags(d->a, y.n)};
	struct notice_diff_item *it;
	size_t same = 0;

	if (!x.v || !y.v || !keep[0] || !keep[1] || d->before->v[i].kind != d->after->v[j].kind)
		return false;
	common_mark(d->a, x, y, keep);
	for (size_t k = 0; k < x.n; k++)
		same += keep[0][k];
	if (same * 2 < (x.n < y.n ? x.n : y.n) || same == 0)
		return false;
	it = item_add(d, NOTICE_DIFF_CHANGED, section_of(d->after, j));
	if (it) {
		it->before = parts_make(d->a, x, keep[0]);
		it->after = parts_make(d->a, y, keep[1]);
	}
	return true;
}

static void item_gone(struct diff *d, size_t i)
{
	struct notice_diff_item *it = item_add(d, NOTICE_DIFF_GONE, section_of(d->before, i));

	if (it)
		it->before = part_whole(d->a, d->texts[0][i]);
}

static void item_new(struct diff *d, size_t j)
{
	struct notice_diff_item *it = item_add(d, NOTICE_DIFF_NEW, section_of(d->after, j));

	if (it)
		it->after = part_whole(d->a, d->texts[1][j]);
}

/* Between two common blocks: pairs that are alike in order, the rest gone or new. */
static void gap_walk(struct diff *d, size_t i, size_t i_end, size_t j, size_t j_end)
{
	while (i < i_end && j < j_end) {
		if (item_changed(d, i, j)) {
			i++;
			j++;
		} else if (i_end - i >= j_end - j)
			item_gone(d, i++);
		else
			item_new(d, j++);
	}
	while (i < i_end)
		item_gone(d, i++);
	while (j < j_end)
		item_new(d, j++);
}

static struct slice *block_texts(struct arena *a, const struct blocks *b)
{
	struct slice *v = arena_alloc(a, (b->n + 1) * sizeof(*v));

	for (size_t i = 0; v && i < b->n; i++)
		v[i] = b->v[i].kind == BLOCK_HEADING ? without_number(b->v[i].text) : b->v[i].text;
	return v;
}

static void blocks_walk(struct diff *d, bool *const keep[2])
{
	size_t i = 0, j = 0;

	while (i < d->before->n || j < d->after->n) {
		size_t i_end = i, j_end = j;
		while (i_end < d->before->n && !keep[0][i_end])
			i_end++;
		while (j_end < d->after->n && !keep[1][j_end])
			j_end++;
		gap_walk(d, i, i_end, j, j_end);
		i = i_end + (i_end < d->before->n);
		j = j_end + (j_end < d->after->n);
	}
}

enum err notice_diff_make(struct notice_diff *out, struct arena *a, struct slice before, struct slice after,
    struct errinfo *ei)
{
	struct blocks x, y;
	struct diff d = {.a = a, .out = out, .tail = &out->first, .before = &x, .after = &y};
	bool *keep[2];
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = blocks_read(&x, a, before, ei);
	if (!rc)
		rc = blocks_read(&y, a, after, ei);
	if (rc)
		return rc;
	d.texts[0] = block_texts(a, &x);
	d.texts[1] = block_texts(a, &y);
	keep[0] = flags(a, x.n);
	keep[1] = flags(a, y.n);
	if (!arena_ok(a))
		return err_set(ei, E_NOMEM, "difference of two notices");
	common_mark(a, (struct side){d.texts[0], x.n}, (struct side){d.texts[1], y.n}, keep);
	blocks_walk(&d, keep);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "difference of two notices");
}
