#include "text/utf8.h"

#include <string.h>

/*
 * Well-formed sequences by lead byte (Unicode standard, table 3-7). The second
 * byte's range is what keeps out overlong forms, surrogates and values above
 * U+10FFFF; all later bytes are 80..BF.
 */
struct utf8_row {
	unsigned char lead_min, lead_max, second_min, second_max, bytes, lead_mask;
};

static const struct utf8_row utf8_rows[] = {
	{0x00, 0x7f, 0x00, 0x00, 1, 0x7f},
	{0xc2, 0xdf, 0x80, 0xbf, 2, 0x1f},
	{0xe0, 0xe0, 0xa0, 0xbf, 3, 0x0f},
	{0xe1, 0xec, 0x80, 0xbf, 3, 0x0f},
	{0xed, 0xed, 0x80, 0x9f, 3, 0x0f},
	{0xee, 0xef, 0x80, 0xbf, 3, 0x0f},
	{0xf0, 0xf0, 0x90, 0xbf, 4, 0x07},
	{0xf1, 0xf3, 0x80, 0xbf, 4, 0x07},
	{0xf4, 0xf4, 0x80, 0x8f, 4, 0x07},
};

static const struct utf8_row *utf8_row_find(unsigned char lead)
{
	for (size_t i = 0; i < sizeof(utf8_rows) / sizeof(utf8_rows[0]); i++)
		if (lead >= utf8_rows[i].lead_min && lead <= utf8_rows[i].lead_max)
			return &utf8_rows[i];
	return NULL;
}

uint32_t utf8_next(struct slice s, size_t *at)
{
	if (*at >= s.len)
		return UINT32_MAX;
	const unsigned char *p = (const unsigned char *)s.ptr + *at;
	if (p[0] < 0x80) {
		(*at)++;
		return p[0];
	}
	const struct utf8_row *row = utf8_row_find(p[0]);
	if (!row || s.len - *at < row->bytes)
		return UINT32_MAX;
	if (p[1] < row->second_min || p[1] > row->second_max)
		return UINT32_MAX;
	uint32_t cp = p[0] & row->lead_mask;
	for (unsigned i = 1; i < row->bytes; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		cp = cp << 6 | (p[i] & 0x3fu);
	}
	*at += row->bytes;
	return cp;
}

/*
 * Where the printable ASCII ends that begins here: nearly all there is, so eight bytes are looked at together. A byte is
 * another one if its upper bit is set, or gets set when 1 is added (0x7f) or stays unset when 0x60 is (below 0x20).
 */
static size_t utf8_printable_end(struct slice s, size_t at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), upper = ones << 7;
	uint64_t w;

	for (; s.len - at >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, s.ptr + at, sizeof(w));
		uint64_t low = w & ~upper;
		if ((w | (low + ones) | ~(low + ones * 0x60)) & upper)
			break;
	}
	while (at < s.len && s.ptr[at] >= 0x20 && s.ptr[at] < 0x7f)
		at++;
	return at;
}

bool utf8_valid(struct slice s)
{
	for (size_t at = utf8_printable_end(s, 0); at < s.len; at = utf8_printable_end(s, at))
		if (utf8_next(s, &at) == UINT32_MAX)
			return false;
	return true;
}

size_t utf8_count(struct slice s)
{
	size_t at = 0, n = 0;

	while (utf8_next(s, &at) != UINT32_MAX)
		n++;
	return n;
}

struct slice utf8_prefix(struct slice s, size_t max)
{
	size_t at = 0;

	while (max > 0 && utf8_next(s, &at) != UINT32_MAX)
		max--;
	return slice_make(s.ptr, at);
}

static bool utf8_cp_is_control(uint32_t cp, bool allow_lines)
{
	if (cp == '\n' || cp == '\r' || cp == '\t')
		return !allow_lines;
	if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
		return true;
	return (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

bool utf8_has_control(struct slice s, bool allow_lines)
{
	for (size_t at = utf8_printable_end(s, 0); at < s.len; at = utf8_printable_end(s, at)) {
		uint32_t cp = utf8_next(s, &at);
		if (cp == UINT32_MAX) {
			/* Bad bytes are utf8_valid()'s business; a control behind them still counts. */
			at++;
			continue;
		}
		if (utf8_cp_is_control(cp, allow_lines))
			return true;
	}
	return false;
}
