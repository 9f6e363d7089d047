/* mark: pages of a built site, whatever is in them. Every mark and form is found behind the one before. */
#include "fuzz.h"
#include "core/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct mark m;
	struct mark_form f;
	size_t at = 0, before = 0;

	while (mark_next(text, &at, &m)) {
		FUZZ_MUST(at > before && at <= size && m.at < at);
		FUZZ_MUST(m.hash_hex.len == MARK_HASH_CHARS && m.site.len && m.lang.len);
		before = at;
	}
	at = before = 0;
	while (mark_form_next(text, SLICE("/s/a"), &at, &f)) {
		FUZZ_MUST(at > before && at <= size && f.at < at);
		FUZZ_MUST(!f.v.len || (f.v.ptr >= text.ptr && f.v.ptr + f.v.len <= text.ptr + text.len));
		before = at;
	}
	return 0;
}
