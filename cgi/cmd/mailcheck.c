#include "cmd/mailcheck_priv.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "core/authority.h"
#include "text/url.h"

#define LINK_MAX_BYTES 2048
#define SAY_MAX_BYTES 1024

/* What makes a mail program fetch something, or run it. Compared without case. */
static const struct {
	const char *mark, *what;
} loads[] = {
    {"<img", "an image (a pixel counts who reads it)"},
    {"<picture", "an image"},
    {"<svg", "a drawing"},
    {"<link", "a style sheet from elsewhere"},
    {"@import", "a style sheet from elsewhere"},
    {"<script", "a script"},
    {"<iframe", "a page in a frame"},
    {"<object", "an object"},
    {"<embed", "an object"},
    {"<video", "a film"},
    {"<audio", "a sound"},
    {"<form", "a form"},
    {"<base", "a base address"},
    {" src=", "something from elsewhere (src=)"},
    {" srcset=", "something from elsewhere (srcset=)"},
    {" background=", "an image (background=)"},
    {"url(", "something from elsewhere (url( in a style)"},
};

static size_t say(const struct mailcheck_told *to, const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static size_t say(const struct mailcheck_told *to, const char *mend, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, SAY_MAX_BYTES);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	to->say(to->arg, buf_ok(&b) ? b.data : "something too long to be shown", mend);
	buf_free(&b);
	return 1;
}

static size_t find_nocase(struct slice s, const char *mark, size_t from)
{
	size_t n = strlen(mark);

	for (size_t i = from; i + n <= s.len; i++)
		if (strncasecmp(s.ptr + i, mark, n) == 0)
			return i;
	return s.len;
}

static size_t check_loads(struct slice html, const struct mailcheck_told *to)
{
	size_t said = 0;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (find_nocase(html, loads[i].mark, 0) < html.len)
			said += say(to, "take it out of your copy of the template: a mail shows text, and loads nothing",
			    "the HTML part has %s: %s", loads[i].mark, loads[i].what);
	return said;
}

/* The page of the authority that the site's letters name. */
static bool of_authority(const struct conf_site *s, const struct url *u)
{
	const struct authority *au = NULL;
	struct url at;

	return authority_find(s->controller.country, s->controller.state, s->regime, s->notice.authority, &au) == OK && au
	    && au->web && url_parse(slice_from(au->web), &at) && url_below(u, &at);
}

/* Ours, the authority's, or an address that the owner wrote into the configuration. */
static bool known(const struct conf_site *s, struct slice link)
{
	struct url u, base;

	if (slice_starts(link, SLICE("mailto:")) || slice_starts(link, SLICE("tel:")))
		return true;
	if (!url_parse(link, &u))
		return false;
	if (url_parse(slice_from(s->base_url), &base) && url_below(&u, &base))
		return true;
	for (size_t i = 0; i < s->nitems; i++) {
		struct url at;
		if (url_parse(slice_from(s->items[i].value), &at) && url_below(&u, &at))
			return true;
	}
	return of_authority(s, &u);
}

static size_t check_link(const struct conf_site *s, struct slice link, const char *part, const struct mailcheck_told *to)
{
	if (known(s, link))
		return 0;
	return say(to, "lead to base_url or to an address of the configuration (imprint, home); links of others, shorteners and "
	    "counted links do not belong into this mail", "the %s part links to %.*s", part, SLICE_FMT(slice_sub(link, 0, 300)));
}

/* The value of an attribute, "&amp;" read as "&". */
static struct slice attribute(struct slice html, size_t at, struct buf *out)
{
	char quote = at < html.len ? html.ptr[at] : '\0';
	bool quoted = quote == '"' || quote == '\'';

	buf_reset(out);
	for (size_t i = at + quoted; i < html.len; i++) {
		if (quoted ? html.ptr[i] == quote : html.ptr[i] == ' ' || html.ptr[i] == '>')
			break;
		buf_add_char(out, html.ptr[i]);
		if (slice_starts(slice_sub(html, i, 5), SLICE("&amp;")))
			i += 4;
	}
	return buf_slice(out);
}

static size_t check_html_links(const struct conf_site *s, struct slice html, const struct mailcheck_told *to)
{
	size_t said = 0;
	struct buf link;

	buf_init(&link, LINK_MAX_BYTES);
	for (size_t i = find_nocase(html, "href=", 0); i < html.len; i = find_nocase(html, "href=", i + 5))
		said += check_link(s, slice_trim(attribute(html, i + 5, &link)), "HTML", to);
	buf_free(&link);
	return said;
}

static size_t check_text_links(const struct conf_site *s, struct slice text, const struct mailcheck_told *to)
{
	size_t said = 0, i = 0;

	for (i = find_nocase(text, "http", 0); i < text.len; i = find_nocase(text, "http", i + 4)) {
		size_t end = i;
		if (!slice_ieq(slice_sub(text, i, 7), SLICE("http://")) && !slice_ieq(slice_sub(text, i, 8), SLICE("https://")))
			continue;
		while (end < text.len && !strchr(" \t\r\n<>\"", text.ptr[end]))
			end++;
		while (end > i && strchr(".,;:)!?", text.ptr[end - 1]))
			end--;
		said += check_link(s, slice_sub(text, i, end - i), "text", to);
	}
	return said;
}

static size_t mime_bytes(const struct message *m)
{
	struct buf b;
	size_t n;

	buf_init(&b, MESSAGE_MIME_MAX_BYTES);
	message_mime(&b, m);
	n = buf_ok(&b) ? b.len : MESSAGE_MIME_MAX_BYTES;
	buf_free(&b);
	return n;
}

/* Where a link of the mail's own must stand in both parts. */
static size_t check_unsubscribe(const struct message *m, const struct mailcheck_told *to)
{
	const struct {
		const char *part;
		struct slice s;
	} parts[] = {{"text", m->text}, {"HTML", m->html}};
	size_t said = 0;

	for (size_t i = 0; i < 2 && m->list_unsubscribe.len; i++)
		if (parts[i].s.len && !memmem(parts[i].s.ptr, parts[i].s.len, m->list_unsubscribe.ptr, m->list_unsubscribe.len))
			said += say(to, "put {{unsubscribe}} back into your copy of the template: who did not sign up, or wants to leave, "
			    "needs the link in the mail itself", "the %s part lacks the link to unsubscribe", parts[i].part);
	return said;
}

size_t mailcheck_arrived(const struct conf_site *s, struct slice text, struct slice html, const struct mailcheck_told *to)
{
	return check_loads(html, to) + check_html_links(s, html, to) + check_text_links(s, text, to);
}

size_t mailcheck_parts(const struct conf_site *s, const struct message *m, const struct mailcheck_told *to)
{
	size_t said = mailcheck_arrived(s, m->text, m->html, to), bytes = mime_bytes(m);

	if (bytes > MAILCHECK_MAX_BYTES)
		said += say(to, "shorten your copy of the template: a check mail of over 20 kB is cut off by some mail programs",
		    "the mail has %zu bytes, more than %u", bytes, MAILCHECK_MAX_BYTES);
	return said;
}

size_t mailcheck_headers(const struct conf_site *s, const struct message *m, const struct mailcheck_told *to)
{
	struct url u, base;
	size_t said = check_unsubscribe(m, to);
	bool below = url_parse(m->list_unsubscribe, &u) && url_parse(slice_from(s->base_url), &base) && url_below(&u, &base);

	if (!m->list_unsubscribe.len)
		said += say(to, "this is a defect: please report it", "there is no List-Unsubscribe");
	else if (!below)
		said += say(to, "correct base_url", "List-Unsubscribe does not lead to base_url");
	else if (!slice_ieq(u.scheme, SLICE("https")) && s->mode == CONF_LIVE
	    && !slice_ieq(u.host, SLICE("localhost")) && !slice_starts(u.host, SLICE("127.")))
		said += say(to, "base_url must be https", "List-Unsubscribe is not https: one-click does not work (RFC 8058)");
	if (!m->list_id.len)
		said += say(to, "this is a defect: please report it", "there is no List-Id");
	return said;
}
