#include "text/jsonw.h"

#include <string.h>

#include "base/bug.h"
#include "text/utf8.h"

#define JSONW_DEPTH_MAX 32

void jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){.out = out};
}

/* The comma before an item, if one is due. */
static void jsonw_item(struct jsonw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->depth == 0)
		return;
	uint32_t bit = UINT32_C(1) << (w->depth - 1);
	if (w->has_item & bit)
		buf_add_char(w->out, ',');
	w->has_item |= bit;
}

static void jsonw_open(struct jsonw *w, char bracket)
{
	bug_if(w->depth >= JSONW_DEPTH_MAX);
	jsonw_item(w);
	buf_add_char(w->out, bracket);
	w->depth++;
	w->has_item &= ~(UINT32_C(1) << (w->depth - 1));
}

static void jsonw_close(struct jsonw *w, char bracket)
{
	bug_if(w->depth == 0 || w->after_key);
	w->depth--;
	buf_add_char(w->out, bracket);
}

void jsonw_object(struct jsonw *w)
{
	jsonw_open(w, '{');
}

void jsonw_end_object(struct jsonw *w)
{
	jsonw_close(w, '}');
}

void jsonw_array(struct jsonw *w)
{
	jsonw_open(w, '[');
}

void jsonw_end_array(struct jsonw *w)
{
	jsonw_close(w, ']');
}

/* RFC 8259 section 7; the short forms where there are any. */
static void jsonw_add_escape(struct buf *out, uint32_t cp)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *p = shorts; *p; p += 2) {
		if (cp != (unsigned char)p[0])
			continue;
		buf_add_char(out, '\\');
		buf_add_char(out, p[1]);
		return;
	}
	static const char hex[] = "0123456789abcdef";
	const char code[6] = {'\\', 'u', hex[cp >> 12 & 15], hex[cp >> 8 & 15], hex[cp >> 4 & 15], hex[cp & 15]};

	buf_add(out, code, sizeof(code));
}

static bool jsonw_needs_escape(uint32_t cp)
{
	return cp < 0x20 || cp == '"' || cp == '\\' || cp == '<' || cp == 0x2028 || cp == 0x2029;
}

/* Has one of the eight bytes this value? "Determine if a word has a zero byte", Anderson, Bit Twiddling Hacks. */
static bool word_has(uint64_t w, unsigned char value)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x = w ^ ones * value;

	return (x - ones) & ~x & ones << 7;
}

/* Where the run of ASCII ends that stands for itself: nearly all there is. */
static size_t jsonw_plain_end(struct slice s, size_t at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), upper = ones << 7;
	uint64_t w;

	for (; s.len - at >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, s.ptr + at, sizeof(w));
		/* a byte of 0x80 and more, or one that stays below it with 0x60 added: less than 0x20 */
		if ((w | ~((w & ~upper) + ones * 0x60)) & upper || word_has(w, '"') || word_has(w, '\\') || word_has(w, '<'))
			break;
	}
	while (at < s.len && (unsigned char)s.ptr[at] < 0x80 && !jsonw_needs_escape((unsigned char)s.ptr[at]))
		at++;
	return at;
}

static void jsonw_add_string(struct buf *out, struct slice s)
{
	size_t at = 0;

	buf_add_char(out, '"');
	while (at < s.len) {
		size_t from = at;
		uint32_t cp;

		at = jsonw_plain_end(s, from);
		if (at > from) {
			buf_add(out, s.ptr + from, at - from);
			continue;
		}
		cp = utf8_next(s, &at);
		if (cp == UINT32_MAX) {
			buf_add_str(out, "\xef\xbf\xbd");
			at = from + 1;
		} else if (jsonw_needs_escape(cp)) {
			jsonw_add_escape(out, cp);
		} else {
			buf_add(out, s.ptr + from, at - from);
		}
	}
	buf_add_char(out, '"');
}

void jsonw_key_slice(struct jsonw *w, struct slice key)
{
	bug_if(w->depth == 0 || w->after_key);
	jsonw_item(w);
	jsonw_add_string(w->out, key);
	buf_add_char(w->out, ':');
	w->after_key = true;
}

void jsonw_key(struct jsonw *w, const char *key)
{
	jsonw_key_slice(w, slice_from(key));
}

void jsonw_str(struct jsonw *w, struct slice s)
{
	jsonw_item(w);
	jsonw_add_string(w->out, s);
}

void jsonw_cstr(struct jsonw *w, const char *s)
{
	if (s)
		jsonw_str(w, slice_from(s));
	else
		jsonw_null(w);
}

void jsonw_int(struct jsonw *w, int64_t n)
{
	jsonw_item(w);
	buf_add_i64(w->out, n);
}

void jsonw_bool(struct jsonw *w, bool b)
{
	jsonw_item(w);
	buf_add_str(w->out, b ? "true" : "false");
}

void jsonw_raw(struct jsonw *w, struct slice json)
{
	jsonw_item(w);
	buf_add_slice(w->out, json);
}

void jsonw_null(struct jsonw *w)
{
	jsonw_item(w);
	buf_add_str(w->out, "null");
}

void jsonw_kstr(struct jsonw *w, const char *key, struct slice s)
{
	jsonw_key(w, key);
	jsonw_str(w, s);
}

void jsonw_kcstr(struct jsonw *w, const char *key, const char *s)
{
	jsonw_key(w, key);
	jsonw_cstr(w, s);
}

void jsonw_kint(struct jsonw *w, const char *key, int64_t n)
{
	jsonw_key(w, key);
	jsonw_int(w, n);
}

void jsonw_kbool(struct jsonw *w, const char *key, bool b)
{
	jsonw_key(w, key);
	jsonw_bool(w, b);
}
