#include "core/lint_priv.h"

#include <string.h>

/*
 * Reads HTML that templates of ours or of an owner made. It is no parser of the
 * wild web: it splits tags and attributes, which is all that the rules ask for,
 * and never reads past the end whatever stands there.
 */

static bool space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t find(struct slice s, const char *what, size_t from)
{
	size_t n = strlen(what);

	for (size_t i = from; i + n <= s.len; i++)
		if (slice_ieq(slice_sub(s, i, n), slice_make(what, n)))
			return i;
	return s.len;
}

bool lint_has(struct slice text, struct slice part)
{
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (slice_eq(slice_sub(text, i, part.len), part))
			return true;
	return part.len == 0;
}

/* Behind the ">" of a tag; one in quotes does not end it. */
static size_t tag_end(struct slice html, size_t at)
{
	char quote = '\0';

	for (; at < html.len; at++) {
		char c = html.ptr[at];
		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return at;
	}
	return html.len;
}

bool lint_tag_is(const struct lint_tag *t, const char *name)
{
	return slice_ieq(t->name, slice_from(name));
}

/* What a browser does not read as markup. */
static size_t raw_end(struct slice html, const struct lint_tag *t, size_t at)
{
	if (t->end)
		return at;
	if (lint_tag_is(t, "script"))
		return find(html, "</script", at);
	return lint_tag_is(t, "style") ? find(html, "</style", at) : at;
}

bool lint_tag_next(struct slice html, size_t *at, struct lint_tag *out)
{
	size_t i = *at, name, end;

	for (;; i++) {
		i = slice_find(html, '<', i);
		if (i + 1 >= html.len)
			break;
		if (slice_eq(slice_sub(html, i, 4), SLICE("<!--"))) {
			i = find(html, "-->", i + 4);
			continue;
		}
		out->end = html.ptr[i + 1] == '/';
		name = i + 1 + out->end;
		if (name >= html.len || !letter(html.ptr[name]))
			continue;
		out->at = i;
		for (end = name; end < html.len && !space(html.ptr[end]) && html.ptr[end] != '>' && html.ptr[end] != '/';)
			end++;
		out->name = slice_sub(html, name, end - name);
		*at = tag_end(html, end);
		out->attrs = slice_sub(html, end, *at - end);
		*at = raw_end(html, out, *at < html.len ? *at + 1 : *at);
		return true;
	}
	*at = html.len;
	return false;
}

/* One attribute from *at on; false: no more. */
static bool attr_next(struct slice s, size_t *at, struct slice *name, struct slice *value)
{
	size_t i = *at, from;
	char quote;

	while (i < s.len && (space(s.ptr[i]) || s.ptr[i] == '/'))
		i++;
	for (from = i; i < s.len && !space(s.ptr[i]) && s.ptr[i] != '=' && s.ptr[i] != '/';)
		i++;
	*name = slice_sub(s, from, i - from);
	*value = SLICE("");
	while (i < s.len && space(s.ptr[i]))
		i++;
	if (i < s.len && s.ptr[i] == '=') {
		for (i++; i < s.len && space(s.ptr[i]);)
			i++;
		quote = i < s.len && (s.ptr[i] == '"' || s.ptr[i] == '\'') ? s.ptr[i++] : '\0';
		for (from = i; i < s.len && (quote ? s.ptr[i] != quote : !space(s.ptr[i]));)
			i++;
		*value = slice_sub(s, from, i - from);
		i += quote && i < s.len;
	}
	*at = i;
	return name->len || value->len;
}

bool lint_tag_attr(const struct lint_tag *t, const char *name, struct slice *value)
{
	struct slice n, v;
	size_t at = 0;

	while (attr_next(t->attrs, &at, &n, &v))
		if (slice_ieq(n, slice_from(name))) {
			if (value)
				*value = v;
			return true;
		}
	return false;
}

static const struct {
	const char *name, *value;
} ENTITIES[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&#34;", "\""},
    {"&nbsp;", " "}};

/* Appends the value of the entity at i and tells its length; 0: none. */
static size_t entity(struct buf *out, struct slice s, size_t i)
{
	for (size_t k = 0; s.ptr[i] == '&' && k < sizeof(ENTITIES) / sizeof(ENTITIES[0]); k++) {
		size_t n = strlen(ENTITIES[k].name);
		if (slice_eq(slice_sub(s, i, n), slice_make(ENTITIES[k].name, n))) {
			buf_add_str(out, ENTITIES[k].value);
			return n;
		}
	}
	return 0;
}

struct slice lint_tag_value(struct arena *a, struct slice value)
{
	struct buf b;

	buf_init_arena(&b, a, SITE_PAGE_MAX_BYTES);
	for (size_t i = 0, n; i < value.len; i += n ? n : 1) {
		n = entity(&b, value, i);
		if (!n)
			buf_add_char(&b, value.ptr[i]);
	}
	return buf_slice(&b);
}

struct slice lint_tag_squeeze(struct arena *a, struct slice text)
{
	bool gap = true;
	struct buf b;

	buf_init_arena(&b, a, SITE_PAGE_MAX_BYTES);
	for (size_t i = 0; i < text.len; i++) {
		bool nobreak = slice_eq(slice_sub(text, i, 2), SLICE("\u00a0"));
		if (!nobreak && !space(text.ptr[i])) {
			buf_add_char(&b, text.ptr[i]);
			gap = false;
			continue;
		}
		i += nobreak;
		if (!gap)
			buf_add_char(&b, ' ');
		gap = true;
	}
	return slice_trim(buf_slice(&b));
}

struct slice lint_tag_text(struct arena *a, struct slice html)
{
	struct lint_tag t;
	size_t at = 0, from = 0;
	struct buf b;

	buf_init_arena(&b, a, SITE_PAGE_MAX_BYTES);
	while (lint_tag_next(html, &at, &t)) {
		buf_add_slice(&b, slice_sub(html, from, t.at - from));
		/* Tags inside a line part no words; those of blocks stand on lines of their own. */
		from = at;
	}
	buf_add_slice(&b, slice_sub(html, from, html.len));
	return lint_tag_squeeze(a, lint_tag_value(a, buf_slice(&b)));
}
