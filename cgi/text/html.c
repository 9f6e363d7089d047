#include "text/html.h"

#include "text/utf8.h"

/* What a byte becomes; NULL: itself. */
static const char *html_escape_find(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void html_add_escaped(struct buf *out, struct slice s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.len; i++) {
		const char *escape = html_escape_find(s.ptr[i]);
		if (!escape)
			continue;
		buf_add(out, s.ptr + from, i - from);
		buf_add_str(out, escape);
		from = i + 1;
	}
	if (from < s.len)
		buf_add(out, s.ptr + from, s.len - from);
}

void html_text(struct buf *out, struct slice s)
{
	html_add_escaped(out, s);
}

void html_attr(struct buf *out, struct slice s)
{
	html_add_escaped(out, s);
}

/*
 * Browsers cut C0 controls and space at the ends, drop TAB, LF and CR anywhere
 * and read "\" as "/" before they look for a scheme (WHATWG URL, section 4.4):
 * none of these may take part in the decision.
 */
static bool html_url_is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c <= 0x20 || c == 0x7f || c == '\\')
			return false;
	}
	return !utf8_has_control(s, false);
}

/* Bytes before the first ":" that stands before any "/", "?", "#"; s.len if there is no scheme. */
static size_t html_url_scheme_find(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ':')
			return i;
		if (s.ptr[i] == '/' || s.ptr[i] == '?' || s.ptr[i] == '#')
			break;
	}
	return s.len;
}

static bool html_url_is_safe(struct slice s)
{
	if (!html_url_is_plain(s))
		return false;
	/* "//host" is another host under our scheme, not a path. */
	if (slice_starts(s, SLICE("//")))
		return false;
	size_t colon = html_url_scheme_find(s);
	if (colon == s.len)
		return true;
	struct slice scheme = slice_sub(s, 0, colon);
	struct slice rest = slice_sub(s, colon + 1, s.len);
	if (slice_ieq(scheme, SLICE("http")) || slice_ieq(scheme, SLICE("https")))
		return slice_starts(rest, SLICE("//"));
	return slice_ieq(scheme, SLICE("mailto")) || slice_ieq(scheme, SLICE("tel"));
}

void html_url_attr(struct buf *out, struct slice s)
{
	html_add_escaped(out, html_url_is_safe(s) ? s : SLICE("#"));
}
