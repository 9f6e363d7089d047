/* block: any HTML is read to its end; what comes out are blocks with text. */
#include <string.h>

#include "fuzz.h"
#include "text/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errinfo ei = {0};
	struct arena a;
	struct blocks b;
	struct buf out;

	arena_init(&a, 16u << 20);
	if (blocks_read(&b, &a, slice_make(data, size), &ei) == OK) {
		FUZZ_MUST(b.n <= BLOCK_MAX);
		for (size_t i = 0; i < b.n; i++) {
			FUZZ_MUST(b.v[i].text.len > 0 && b.v[i].kind < BLOCK_KIND__MAX);
			FUZZ_MUST((b.v[i].kind == BLOCK_HEADING) == (b.v[i].level > 0) && b.v[i].level <= 6);
			FUZZ_MUST(!memchr(b.v[i].text.ptr, '\0', b.v[i].text.len));
		}
		buf_init(&out, 64u << 20);
		blocks_markdown(&b, 1, &out);
		buf_free(&out);
	}
	arena_free(&a);
	return 0;
}
