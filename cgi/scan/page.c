#include "scan/page_priv.h"

#include <string.h>

static const char *const ways[PAGE__MAX] = {
	[PAGE_SCRIPT] = "script", [PAGE_STYLE] = "style", [PAGE_FONT] = "font", [PAGE_IMAGE] = "image",
	[PAGE_MEDIA] = "media", [PAGE_FRAME] = "frame", [PAGE_OBJECT] = "object", [PAGE_HINT] = "hint",
	[PAGE_LATER] = "later", [PAGE_MENTION] = "mention", [PAGE_FORM] = "form", [PAGE_CONTACT] = "contact",
	[PAGE_LINK] = "link", [PAGE_MAIL] = "mail", [PAGE_PHONE] = "phone", [PAGE_ADDRESS] = "address",
	[PAGE_NUMBER] = "number", [PAGE_STORE] = "store",
	[PAGE_WORDING] = "wording", [PAGE_POLICY] = "policy",
};

const char *page_way_name(enum page_way w)
{
	return (unsigned)w < PAGE__MAX ? ways[w] : "";
}

void page_init(struct page *p, page_seen_fn *seen, void *arg)
{
	p->seen = seen;
	p->arg = arg;
	arena_init_blocks(&p->mem, PAGE_MEMORY_BYTES, 1u << 20);
}

void page_free(struct page *p)
{
	arena_free(&p->mem);
}

static bool is_control(char c)
{
	return (unsigned char)c <= 0x20;
}

/* Without spaces and controls at both ends, without TAB, CR and LF inside; "\" is "/". Cut to size. */
static struct slice url_clean(struct slice url, char buf[static PAGE_URL_BYTES])
{
	size_t n = 0;

	while (url.len && is_control(url.ptr[0]))
		url = slice_sub(url, 1, url.len);
	while (url.len && is_control(url.ptr[url.len - 1]))
		url.len--;
	for (size_t i = 0; i < url.len && n < PAGE_URL_BYTES; i++) {
		char c = url.ptr[i];
		if (c == '\t' || c == '\r' || c == '\n' || c == '\0')
			continue;
		buf[n++] = c == '\\' ? '/' : c;
	}
	return slice_make(buf, n);
}

static bool has_scheme(struct slice url, const char *scheme)
{
	size_t n = strlen(scheme);

	return url.len >= n && slice_ieq(slice_sub(url, 0, n), slice_from(scheme));
}

struct slice page_host(struct slice url, char buf[static PAGE_HOST_BYTES])
{
	size_t from, to, n = 0;

	from = has_scheme(url, "https:") ? 6 : has_scheme(url, "http:") ? 5 : 0;
	if (url.len < from + 2 || url.ptr[from] != '/' || url.ptr[from + 1] != '/')
		return slice_make(buf, 0);
	while (from < url.len && url.ptr[from] == '/')
		from++;
	for (to = from; to < url.len && !strchr("/?#", url.ptr[to]); to++)
		if (url.ptr[to] == '@')
			from = to + 1;
	for (size_t i = from; i < to && url.ptr[i] != ':' && n + 1 < PAGE_HOST_BYTES; i++) {
		char c = url.ptr[i];
		buf[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	while (n && buf[n - 1] == '.')
		n--;
	return slice_make(buf, n);
}

static bool is_foreign_scheme(struct slice url)
{
	size_t colon = slice_find(url, ':', 0);

	if (colon == url.len || slice_find(url, '/', 0) < colon || slice_find(url, '?', 0) < colon ||
	    slice_find(url, '#', 0) < colon)
		return false;
	return !has_scheme(url, "http:") && !has_scheme(url, "https:");
}

void page_tell(struct page *p, enum page_way way, struct slice url, struct page_place at)
{
	char clean[PAGE_URL_BYTES], host[PAGE_HOST_BYTES];
	struct page_seen s = {.way = way, .line = at.line, .column = at.column};

	s.url = url_clean(url, clean);
	if (way == PAGE_LINK && (has_scheme(s.url, "mailto:") || has_scheme(s.url, "tel:")))
		s.way = has_scheme(s.url, "tel:") ? PAGE_PHONE : PAGE_MAIL;
	else if (is_foreign_scheme(s.url) || (!s.url.len && way != PAGE_FORM && way != PAGE_CONTACT))
		return;
	s.host = page_host(s.url, host);
	p->seen(&s, p->arg);
}

void page_value(struct page *p, enum page_way way, struct slice value, struct page_place at)
{
	const struct page_seen s = {.way = way, .url = value, .line = at.line, .column = at.column};

	p->seen(&s, p->arg);
}

void page_note(struct page *p, enum page_way way, struct page_place at)
{
	const struct page_seen s = {.way = way, .line = at.line, .column = at.column};

	p->seen(&s, p->arg);
}
