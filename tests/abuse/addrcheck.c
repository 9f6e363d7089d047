/* addrcheck: reads percent-encoded addresses, one a line, and prints "ok ADDRESS" or "no RESULT" for each. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "text/addr.h"
#include "text/url.h"

int main(void)
{
	static char line[65536];
	struct arena a;

	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	while (fgets(line, sizeof(line), stdin)) {
		struct slice typed = slice_make(line, strcspn(line, "\n")), decoded;
		struct addr ad;
		enum addr_result r;
		arena_reset(&a);
		if (!url_decode(&a, typed, false, &decoded)) {
			fprintf(stderr, "addrcheck: this line is not percent-encoded: %s", line);
			return 2;
		}
		r = addr_parse(&a, decoded, &ad);
		if (r == ADDR_OK)
			printf("ok %.*s\n", SLICE_FMT(ad.full));
		else
			printf("no %d\n", (int)r);
	}
	arena_free(&a);
	return 0;
}
