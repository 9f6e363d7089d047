/*
 * mailjet_reply: the input is "STATUS LF BODY", read as answer to a mail and to
 * a look-up. Whatever comes: a class, a clean text, an id of digits only where it
 * was accepted, and no success without an id.
 */
#include <string.h>

#include "fuzz.h"
#include "mail/provider.h"

static void check(const struct provider_result *r)
{
	FUZZ_MUST(r->class_ < PROVIDER_CLASS__MAX);
	FUZZ_MUST(strlen(r->code) < sizeof(r->code) && strlen(r->code) > 0);
	FUZZ_MUST(strspn(r->code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(r->code));
	FUZZ_MUST(r->text[0] && !strchr(r->text, '@') && !strchr(r->text, '\n'));
	FUZZ_MUST(strspn(r->provider_id, "0123456789") == strlen(r->provider_id));
	FUZZ_MUST((r->class_ == PROVIDER_ACCEPTED) == (r->provider_id[0] != '\0'));
	FUZZ_MUST(r->retry_after_s <= 86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct provider *p = provider_find(SLICE("mailjet"));
	struct slice s = slice_make(data, size);
	size_t end = slice_find(s, '\n', 0);
	unsigned long long status = 200;
	struct provider_reply r = {.transport = PROVIDER_ANSWERED, .now_ms = 1795270509000};
	struct provider_result out;

	if (end < s.len && slice_u64(slice_sub(s, 0, end), &status) && status > 999)
		status = 200;
	r.status = (int)status;
	r.body = end < s.len ? slice_sub(s, end + 1, s.len) : s;
	r.retry_after = slice_sub(r.body, 0, 32);
	p->read(&r, &out);
	check(&out);
	FUZZ_MUST(out.class_ != PROVIDER_ACCEPTED || status / 100 == 2);
	p->read_lookup(&r, &out);
	check(&out);
	/* "Not there" lets the worker send again: only a clean empty list may say so. */
	FUZZ_MUST(out.class_ != PROVIDER_PERMANENT || (status == 200 && memmem(r.body.ptr, r.body.len, "Data", 4)));
	FUZZ_MUST(out.class_ != PROVIDER_UNKNOWN);
	return 0;
}
