/* eml: nothing is read beyond the input, parts are no longer than it, and reading twice gives the same. */
#include "fuzz.h"
#include "text/eml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = {"From", "DKIM-Signature", "List-Unsubscribe", "Content-Type"};
	struct errinfo ei = {.code = OK};
	struct slice field;
	struct eml m, again;
	struct arena a;

	arena_init(&a, 1u << 26);
	if (eml_read(&m, &a, slice_make(data, n), &ei) == OK) {
		FUZZ_MUST(m.head.len <= n && m.text.len <= n + 1 && m.html.len <= n + 1);
		FUZZ_MUST(eml_read(&again, &a, slice_make(data, n), &ei) == OK);
		FUZZ_MUST(slice_eq(m.text, again.text) && slice_eq(m.html, again.html));
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			for (size_t k = 0; k < 4 && eml_field(m.head, &a, names[i], k, &field); k++)
				FUZZ_MUST(field.len <= m.head.len);
	}
	arena_free(&a);
	return 0;
}
