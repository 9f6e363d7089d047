/*
 * brevo_event: the input is a body. Whatever comes: a known kind, ids that fit into a statement and a log line, a
 * time that can be computed with; a refused body gives no event at all.
 */
#include <string.h>

#include "fuzz.h"
#include "mail/brevo_event.h"

#define CUSTOM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static bool check(const struct provider_event *e, void *arg)
{
	size_t n = strlen(e->message_id);

	FUZZ_MUST(e->kind < PROVIDER_EVENT__MAX);
	FUZZ_MUST(e->time_ms >= 0 && e->time_ms <= (INT64_C(1) << 50));
	FUZZ_MUST(strspn(e->custom_id, CUSTOM) == strlen(e->custom_id));
	FUZZ_MUST(!n || (n > 2 && e->message_id[0] == '<' && e->message_id[n - 1] == '>'));
	for (size_t i = 0; i < n; i++)
		FUZZ_MUST(e->message_id[i] > ' ' && e->message_id[i] < 0x7f);
	FUZZ_MUST(!e->email.len || !memchr(e->email.ptr, 0, e->email.len));
	++*(size_t *)arg;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;
	enum err rc = brevo_event_each(slice_make(data, size), check, &n, NULL);

	FUZZ_MUST(rc == OK || rc == E_INVALID || rc == E_LIMIT);
	FUZZ_MUST(rc == OK || n == 0);
	FUZZ_MUST(brevo_event_each(slice_make(data, size), NULL, NULL, NULL) == rc);
	return 0;
}
