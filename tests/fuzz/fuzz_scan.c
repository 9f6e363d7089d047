/*
 * scan: the input is a file of a website; its first byte chooses how it is read. Whatever comes: lines that
 * exist, hosts in lower case without a slash, an end.
 */
#include <string.h>

#include "fuzz.h"
#include "scan/page.h"

static void check(const struct page_seen *s, void *arg)
{
	FUZZ_MUST(s->way < PAGE__MAX);
	FUZZ_MUST(s->host.len < PAGE_HOST_BYTES && (s->url.len <= PAGE_URL_BYTES || s->way >= PAGE_WORDING));
	FUZZ_MUST(!s->host.len || !memchr(s->host.ptr, '/', s->host.len));
	FUZZ_MUST(s->line > 0 && s->column > 0);
	for (size_t i = 0; i < s->host.len; i++)
		FUZZ_MUST(s->host.ptr[i] < 'A' || s->host.ptr[i] > 'Z');
	++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data + (size > 0), size ? size - 1 : 0);
	enum err rc = OK;
	struct page p;
	size_t n = 0;

	page_init(&p, check, &n);
	if (size && data[0] % 3 == 1)
		page_css(&p, text, 1);
	else if (size && data[0] % 3 == 2)
		page_script(&p, text, 1);
	else
		rc = page_html(&p, text, NULL);
	FUZZ_MUST(rc == OK || rc == E_LIMIT);
	page_free(&p);
	return 0;
}
