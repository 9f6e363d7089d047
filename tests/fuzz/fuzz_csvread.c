/* csvread: any bytes are read to their end; rows are as wide as the first, cells lie in bounds, places within the file. */
#include <string.h>

#include "fuzz.h"
#include "text/csvread.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct csvread r;
	struct errinfo ei = {0};
	struct arena a;
	size_t line, column, last = 0;
	enum err rc;

	arena_init(&a, 16u << 20);
	rc = csvread_init(&r, slice_make(data, size), &ei);
	FUZZ_MUST((rc == OK) == (utf8_valid(slice_make(data, size)) && (!size || !memchr(data, '\0', size))));
	while (!rc || ((rc == E_INVALID || rc == E_LIMIT) && r.n)) {
		rc = csvread_row(&r, &a, &ei);
		FUZZ_MUST(rc != OK || r.n == r.width);
		FUZZ_MUST(r.at <= size && (rc == E_NOT_FOUND || r.at > last));
		last = r.at;
		csvread_place(&r, rc ? r.bad_at : r.at, &line, &column);
		FUZZ_MUST(line >= 1 && line <= size + 1 && column >= 1 && column <= size + 1);
		for (size_t i = 0; !rc && i < r.n; i++)
			FUZZ_MUST(r.cells[i].at <= size && r.cells[i].text.len <= CSVREAD_CELL_MAX_BYTES);
	}
	arena_free(&a);
	return 0;
}
