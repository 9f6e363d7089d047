/*
 * brevo_reply: the input is "STATUS LF BODY", read as answer to a mail, to a look-up and to a change of a contact.
 * Whatever comes: a class, a clean text, an id in brackets only where it was accepted, and no success without an id.
 */
#include <string.h>

#include "fuzz.h"
#include "mail/brevo_contact.h"
#include "mail/provider.h"

static void check(const struct provider_result *r)
{
	size_t n = strlen(r->provider_id);

	FUZZ_MUST(r->class_ < PROVIDER_CLASS__MAX);
	FUZZ_MUST(strlen(r->code) < sizeof(r->code) && strlen(r->code) > 0);
	FUZZ_MUST(strspn(r->code, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(r->code));
	FUZZ_MUST(r->text[0] && !strchr(r->text, '@') && !strchr(r->text, '\n'));
	FUZZ_MUST(!n || (n > 2 && r->provider_id[0] == '<' && r->provider_id[n - 1] == '>'));
	for (size_t i = 0; i < n; i++)
		FUZZ_MUST(r->provider_id[i] > ' ' && r->provider_id[i] < 0x7f && r->provider_id[i] != '"');
	FUZZ_MUST(r->retry_after_s <= 86400);
}

static void contacts(const struct provider_reply *r)
{
	struct provider_result out;

	for (int step = 0; step < BREVO_CONTACT__MAX; step++) {
		brevo_contact_read((enum brevo_contact_step)step, r, &out);
		check(&out);
		FUZZ_MUST(out.class_ != PROVIDER_UNKNOWN && !out.provider_id[0]);
		FUZZ_MUST(out.class_ != PROVIDER_ACCEPTED || r->status / 100 == 2);
		FUZZ_MUST(strcmp(out.code, "absent") != 0 || (r->status == 404 && step != BREVO_CONTACT_ADD));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct provider *p = provider_find(SLICE("brevo"));
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
	FUZZ_MUST((out.class_ == PROVIDER_ACCEPTED) == (out.provider_id[0] != '\0'));
	FUZZ_MUST(out.class_ != PROVIDER_ACCEPTED || status / 100 == 2);
	p->read_lookup(&r, &out);
	check(&out);
	FUZZ_MUST((out.class_ == PROVIDER_ACCEPTED) == (out.provider_id[0] != '\0'));
	/* "Not there" lets the worker send again: only a clean answer without events may say so. */
	FUZZ_MUST(out.class_ != PROVIDER_PERMANENT || status == 200);
	FUZZ_MUST(out.class_ != PROVIDER_UNKNOWN);
	contacts(&r);
	return 0;
}
