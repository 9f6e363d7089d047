/* Scripts are not run and not parsed: known hosts named in them, and words by which they keep things on the device. */
#include "scan/page_priv.h"

#include <string.h>

#include "scan/module.h"

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* Line and column, counted from the last place asked for. */
struct counter {
	struct slice text;
	size_t done, line_start;
	unsigned line;
};

static struct page_place count_to(struct counter *c, size_t at)
{
	for (; c->done < at; c->done++)
		if (c->text.ptr[c->done] == '\n') {
			c->line++;
			c->line_start = c->done + 1;
		}
	return (struct page_place){c->line, (unsigned)(at - c->line_start) + 1};
}

static void mention(struct page *p, struct slice text, size_t at, struct counter *c)
{
	char host[PAGE_HOST_BYTES];
	size_t to = at + 2;
	struct slice url, name;

	while (to < text.len && is_host_char(text.ptr[to]) && to - at < PAGE_HOST_BYTES)
		to++;
	url = slice_sub(text, at, to - at);
	name = page_host(url, host);
	if (name.len && module_of_host(name))
		page_tell(p, PAGE_MENTION, url, count_to(c, at));
}

void page_script(struct page *p, struct slice text, unsigned line)
{
	static const char *const stores[] = {"document.cookie", "localStorage", "sessionStorage", "indexedDB"};
	struct counter c = {.text = text, .line = line};
	size_t first = text.len;

	for (size_t at = 0; text.len >= 2 && at < text.len - 1;) {
		const char *slashes = memmem(text.ptr + at, text.len - at, "//", 2);
		if (!slashes)
			break;
		at = (size_t)(slashes - text.ptr);
		mention(p, text, at, &c);
		at += 2;
	}
	for (size_t i = 0; text.len && i < sizeof(stores) / sizeof(stores[0]); i++) {
		const char *found = memmem(text.ptr, first, stores[i], strlen(stores[i]));
		if (found)
			first = (size_t)(found - text.ptr);
	}
	c = (struct counter){.text = text, .line = line};
	if (first < text.len)
		page_note(p, PAGE_STORE, count_to(&c, first));
}
