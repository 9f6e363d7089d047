/* addr: an accepted address holds only harmless bytes, one "@", and is its own fixed point. */
#include <string.h>

#include "fuzz.h"
#include "text/addr.h"
#include "text/mime.h"
#include "text/utf8.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* No host name behind "%" or before "!": nothing that a mail server could take for a route. */
static void check_no_route(struct slice local)
{
	for (size_t i = 0; i < local.len; i++) {
		FUZZ_MUST(local.ptr[i] != '%' || i + 1 == local.len || !is_alnum(local.ptr[i + 1]));
		FUZZ_MUST(local.ptr[i] != '!' || i == 0 || !is_alnum(local.ptr[i - 1]));
	}
}

static void check_accepted(struct arena *a, const struct addr *ad)
{
	struct addr again;
	struct buf b;

	FUZZ_MUST(ad->full.len <= ADDR_MAX_BYTES && ad->local.len >= 1 && ad->local.len <= 64);
	FUZZ_MUST(ad->full.len == ad->local.len + 1 + ad->domain.len);
	for (size_t i = 0; i < ad->full.len; i++) {
		unsigned char c = (unsigned char)ad->full.ptr[i];
		FUZZ_MUST(c > 0x20 && c < 0x7f && !strchr("\"(),:;<>[\\]", c));
		FUZZ_MUST((c == '@') == (i == ad->local.len));
	}
	for (size_t i = 0; i < ad->domain.len; i++) {
		char c = ad->domain.ptr[i];
		FUZZ_MUST((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.');
	}
	FUZZ_MUST(slice_find(ad->domain, '.', 0) < ad->domain.len || ad->domain.len == 2);
	check_no_route(ad->local);
	FUZZ_MUST(addr_parse(a, ad->full, &again) == ADDR_OK);
	FUZZ_MUST(slice_eq(again.full, ad->full) && slice_eq(again.local, ad->local));
	FUZZ_MUST(slice_ieq(addr_fold(a, ad), ad->full));
	/* what passes here is good enough for a header */
	buf_init(&b, 1024);
	mime_header_mailbox(&b, "To", SLICE(""), ad->full);
	FUZZ_MUST(buf_ok(&b));
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	struct arena a;
	struct addr ad;

	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	enum addr_result r = addr_parse(&a, s, &ad);
	FUZZ_MUST((unsigned)r < ADDR__MAX);
	FUZZ_MUST((r == ADDR_OK) == (ad.full.ptr != NULL));
	if (r == ADDR_OK)
		check_accepted(&a, &ad);
	if (utf8_valid(s) && size < 4096)
		FUZZ_MUST(utf8_valid(addr_mask(&a, s)));
	arena_free(&a);
	return 0;
}
