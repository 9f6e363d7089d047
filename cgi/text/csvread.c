#include "text/csvread.h"

#include <string.h>

#include "text/utf8.h"

#define BOM "\xef\xbb\xbf"

static bool ends_line(char c)
{
	return c == '\n' || c == '\r';
}

static enum err bad(struct csvread *r, size_t at, enum err code, struct errinfo *ei, const char *text)
{
	r->bad_at = at;
	return err_set(ei, code, "%s", text);
}

/* What the first line has most of, outside quotes. */
static char separator(struct slice all, size_t at)
{
	static const char seps[] = {',', ';', '\t'};
	size_t count[sizeof(seps)] = {0}, best = 0;
	bool quoted = false;

	for (; at < all.len && (quoted || !ends_line(all.ptr[at])); at++) {
		quoted = quoted != (all.ptr[at] == '"');
		for (size_t i = 0; !quoted && i < sizeof(seps); i++)
			count[i] += all.ptr[at] == seps[i];
	}
	for (size_t i = 1; i < sizeof(seps); i++)
		best = count[i] > count[best] ? i : best;
	return seps[best];
}

/* "sep=;" as the first line, which spreadsheets write for each other. */
static bool says_separator(struct csvread *r)
{
	struct slice line = slice_sub(r->all, r->at, 6);

	if (line.len < 6 || !slice_starts(line, SLICE("sep=")) || !ends_line(line.ptr[5]))
		return false;
	r->sep = line.ptr[4];
	r->at += 5;
	return r->sep == ',' || r->sep == ';' || r->sep == '\t';
}

/* The first byte that is not UTF-8, or NUL. */
static size_t not_text_at(struct slice all)
{
	size_t at = 0, was;
	uint32_t c;

	do {
		was = at;
		c = utf8_next(all, &at);
	} while (c && c != UINT32_MAX);
	return was;
}

enum err csvread_init(struct csvread *r, struct slice all, struct errinfo *ei)
{
	*r = (struct csvread){.all = all, .line = 1, .row_line = 1};
	if (slice_starts(all, SLICE("\xff\xfe")) || slice_starts(all, SLICE("\xfe\xff")))
		return bad(r, 0, E_INVALID, ei, "this is UTF-16; save it as \"CSV UTF-8\"");
	if (!utf8_valid(all) || (all.len && memchr(all.ptr, '\0', all.len)))
		return bad(r, not_text_at(all), E_INVALID, ei, "this is not UTF-8; save it as \"CSV UTF-8\"");
	if (slice_starts(all, SLICE(BOM)))
		r->at = strlen(BOM);
	if (!says_separator(r))
		r->sep = separator(all, r->at);
	return OK;
}

/* Over one line end, if there is one. */
static bool line_end(struct csvread *r)
{
	if (r->at >= r->all.len || !ends_line(r->all.ptr[r->at]))
		return false;
	r->at += slice_starts(slice_sub(r->all, r->at, 2), SLICE("\r\n")) ? 2 : 1;
	r->line++;
	return true;
}

/* The text between the quotes: as it stands, or a copy with each doubled quote once. */
static struct slice unquote(struct arena *a, struct slice inner, size_t doubled)
{
	char *copy;
	size_t n = 0;

	if (!doubled)
		return inner;
	copy = arena_alloc(a, inner.len);
	if (!copy)
		return SLICE("");
	for (size_t i = 0; i < inner.len; i++) {
		copy[n++] = inner.ptr[i];
		i += inner.ptr[i] == '"';
	}
	return slice_make(copy, n);
}

/* r->at stands on the opening quote; afterwards behind the closing one. */
static enum err cell_quoted(struct csvread *r, struct arena *a, struct slice *out, struct errinfo *ei)
{
	size_t from = r->at++, doubled = 0;

	for (; r->at < r->all.len; r->at++) {
		char c = r->all.ptr[r->at];
		if (c == '"' && r->at + 1 < r->all.len && r->all.ptr[r->at + 1] == '"') {
			doubled++;
			r->at++;
		} else if (c == '"') {
			break;
		} else if (c == '\n' || (c == '\r' && !slice_starts(slice_sub(r->all, r->at + 1, 1), SLICE("\n")))) {
			r->line++;
		}
	}
	if (r->at >= r->all.len)
		return bad(r, from, E_INVALID, ei, "this quote is never closed; a quote inside a cell is written twice");
	*out = slice_sub(r->all, from + 1, r->at - from - 1);
	r->at++;
	if (r->at < r->all.len && r->all.ptr[r->at] != r->sep && !ends_line(r->all.ptr[r->at])) {
		from = r->at;
		r->at = r->all.len;
		return bad(r, from, E_INVALID, ei, "behind a closing quote comes a separator or the end of the line; a quote "
		    "inside a cell is written twice");
	}
	if (out->len <= CSVREAD_CELL_MAX_BYTES)
		*out = unquote(a, *out, doubled);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "CSV");
}

static struct slice cell_plain(struct csvread *r)
{
	size_t from = r->at;

	while (r->at < r->all.len && r->all.ptr[r->at] != r->sep && !ends_line(r->all.ptr[r->at]))
		r->at++;
	return slice_sub(r->all, from, r->at - from);
}

/* One cell; over: there were more than fit, or it is too long. */
static enum err cell_next(struct csvread *r, struct arena *a, bool *over, struct errinfo *ei)
{
	struct csvread_cell cell = {.at = r->at};
	enum err rc = OK;

	if (r->at < r->all.len && r->all.ptr[r->at] == '"')
		rc = cell_quoted(r, a, &cell.text, ei);
	else
		cell.text = cell_plain(r);
	if (rc)
		return rc;
	if (r->n == CSVREAD_CELLS_MAX || cell.text.len > CSVREAD_CELL_MAX_BYTES) {
		r->bad_at = *over ? r->bad_at : cell.at;
		*over = true;
	} else {
		r->cells[r->n++] = cell;
	}
	return OK;
}

static enum err row_check(struct csvread *r, bool over, struct errinfo *ei)
{
	if (over)
		return err_set(ei, E_LIMIT, "a row has up to %d cells, a cell up to %d bytes", CSVREAD_CELLS_MAX,
		    CSVREAD_CELL_MAX_BYTES);
	if (!r->width)
		r->width = r->n;
	if (r->n == r->width)
		return OK;
	r->bad_at = r->row_at;
	return err_set(ei, E_INVALID, "this row has %zu cells, the first one has %zu; a cell that holds the separator stands "
	    "in quotes", r->n, r->width);
}

enum err csvread_row(struct csvread *r, struct arena *a, struct errinfo *ei)
{
	bool over = false;
	enum err rc;

	while (line_end(r))
		;
	r->n = 0;
	r->row_at = r->at;
	r->row_line = r->line;
	if (r->at >= r->all.len)
		return E_NOT_FOUND;
	for (;;) {
		rc = cell_next(r, a, &over, ei);
		if (rc)
			return rc;
		if (r->at >= r->all.len || r->all.ptr[r->at] != r->sep)
			break;
		r->at++;
	}
	return row_check(r, over, ei);
}

void csvread_place(const struct csvread *r, size_t at, size_t *line, size_t *column)
{
	size_t begin = r->row_at;

	*line = r->row_line;
	for (size_t i = r->row_at; i < at && i < r->all.len; i++) {
		char c = r->all.ptr[i];
		if (c == '\n' || (c == '\r' && !slice_starts(slice_sub(r->all, i + 1, 1), SLICE("\n")))) {
			++*line;
			begin = i + 1;
		}
	}
	*column = utf8_count(slice_sub(r->all, begin, at - begin)) + 1;
	if (begin == 0 && slice_starts(r->all, SLICE(BOM)) && *column > 1)
		--*column;
}
