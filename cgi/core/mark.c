#include "core/mark.h"

#include <string.h>

#define MARK "jawort-notice:"
#define FORM_MAX_BYTES (64u * 1024u) /* from a form's address to its field "v" */
#define TAG_MAX_BYTES 4096u

/* ---- marks of notices ---- */

void mark_write(struct buf *out, const char *site, const char *lang, const char *hash_hex)
{
	buf_printf(out, MARK "%s:%s:%s", site, lang, hash_hex);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Takes what holds at text[*at] on; empty if nothing does. */
static struct slice run(struct slice text, size_t *at, bool (*holds)(char c), size_t most)
{
	size_t from = *at;

	while (*at < text.len && *at - from < most && holds(text.ptr[*at]))
		++*at;
	return slice_sub(text, from, *at - from);
}

static bool colon(struct slice text, size_t *at)
{
	return *at < text.len && text.ptr[(*at)++] == ':';
}

static bool mark_read(struct slice text, size_t *at, struct mark *out)
{
	out->site = run(text, at, is_name, 64);
	if (!out->site.len || !colon(text, at))
		return false;
	out->lang = run(text, at, is_name, 32);
	if (!out->lang.len || !colon(text, at))
		return false;
	out->hash_hex = run(text, at, is_hex, MARK_HASH_CHARS);
	return out->hash_hex.len == MARK_HASH_CHARS;
}

bool mark_next(struct slice text, size_t *at, struct mark *out)
{
	const char *hit;

	while (*at < text.len && (hit = memmem(text.ptr + *at, text.len - *at, MARK, strlen(MARK))) != NULL) {
		out->at = (size_t)(hit - text.ptr);
		*at = out->at + strlen(MARK);
		if (mark_read(text, at, out))
			return true;
		*at = out->at + strlen(MARK);
	}
	return false;
}

/* ---- forms ---- */

/* Value of an attribute within a tag ("<input ... "); empty if it is not there. */
static struct slice attribute(struct slice tag, const char *name)
{
	size_t n = strlen(name);
	const char *hit = tag.ptr;

	while (hit && (hit = memmem(hit, (size_t)(tag.ptr + tag.len - hit), name, n)) != NULL) {
		size_t at = (size_t)(hit - tag.ptr) + n, end;
		char quote;
		hit++;
		if (at < n + 1 || !strchr(" \t\r\n\"'/", tag.ptr[at - n - 1]) || at >= tag.len || tag.ptr[at] != '=')
			continue;
		quote = ++at < tag.len ? tag.ptr[at] : '\0';
		if (quote == '"' || quote == '\'')
			return slice_sub(tag, at + 1, slice_find(tag, quote, at + 1) - at - 1);
		for (end = at; end < tag.len && !strchr(" \t\r\n", tag.ptr[end]); end++)
			;
		return slice_sub(tag, at, end - at);
	}
	return SLICE("");
}

static struct slice field_v(struct slice form)
{
	size_t at = 0, end;

	while ((at = slice_find(form, '<', at)) < form.len) {
		struct slice tag = slice_sub(form, at, TAG_MAX_BYTES);
		if (slice_starts(tag, SLICE("</form")))
			break;
		end = slice_find(tag, '>', 0);
		tag = slice_sub(tag, 0, end);
		if (slice_starts(tag, SLICE("<input")) && slice_eq_str(attribute(tag, "name"), "v"))
			return attribute(tag, "value");
		at++;
	}
	return SLICE("");
}

bool mark_form_next(struct slice text, struct slice url, size_t *at, struct mark_form *out)
{
	const char *hit;

	while (url.len && *at < text.len && (hit = memmem(text.ptr + *at, text.len - *at, url.ptr, url.len)) != NULL) {
		struct slice before;
		out->at = (size_t)(hit - text.ptr);
		*at = out->at + url.len;
		before = slice_sub(text, out->at > 8 ? out->at - 8 : 0, out->at > 8 ? 8 : out->at);
		if (*at < text.len && !strchr("\"' >\t\r\n", text.ptr[*at]))
			continue;
		if (!memmem(before.ptr, before.len, "action=", 7))
			continue;
		out->v = field_v(slice_sub(text, *at, FORM_MAX_BYTES));
		return true;
	}
	return false;
}

/* ---- export ---- */

static enum err body_render(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp, struct buf *out, struct errinfo *ei)
{
	(void)stamp;
	return notice_body(s, a, lang, out, ei);
}

/* Where the mark goes: in front of the first "before", or behind everything. */
static const struct mark_format {
	const char *name;
	enum err (*render)(const struct site *, struct arena *, const char *, const struct notice_stamp *,
	    struct buf *, struct errinfo *);
	const char *before;
	const char *open, *close; /* around the mark */
} formats[] = {
	{"html", notice_page, "</head>", "<meta name=\"generator\" content=\"", "\">\n"},
	{"fragment", body_render, " class=\"jawort\"", " data-version=\"", "\""},
	{"md", notice_markdown, NULL, "\n`", "`\n"},
	{"txt", notice_text, NULL, "\n", "\n"},
	{"json", notice_json, "\"title\"", "\"mark\":\"", "\","},
};

static const struct mark_format *format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

enum err mark_export(const struct site *s, struct arena *a, const char *format, const char *lang,
    const struct notice_stamp *stamp, const char *hash_hex, struct buf *out, struct errinfo *ei)
{
	const struct mark_format *f = format_find(format);
	const char *at;
	struct buf all;
	size_t split;
	enum err rc;

	if (!f)
		return err_set(ei, E_INVALID, "--format is html, fragment, md, txt or json");
	buf_init_arena(&all, a, NOTICE_MAX_BYTES);
	rc = f->render(s, a, lang, stamp, &all, ei);
	if (rc)
		return rc;
	at = f->before ? memmem(all.data, all.len, f->before, strlen(f->before)) : all.data + all.len;
	if (!at)
		return err_set(ei, E_INVALID, "the notice's template lacks %s, where the mark of the version goes", f->before);
	split = (size_t)(at - all.data);
	buf_add(out, all.data, split);
	buf_add_str(out, f->open);
	mark_write(out, site_conf(s)->id, lang, hash_hex);
	buf_add_str(out, f->close);
	buf_add(out, all.data + split, all.len - split);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "the notice is longer than %u bytes", NOTICE_MAX_BYTES);
}
