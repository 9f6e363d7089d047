/* bundle: files that somebody hands in as evidence, and lists of keys. A file without fault is a whole one. */
#include "fuzz.h"

#include <string.h>

#include "base/crypt.h"
#include "proof/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct check_report r; /* large */
	struct slice file = slice_make(data, size);
	struct check_keys none = {.n = 0}, keys = {.n = 0};
	struct errinfo ei = {.code = OK};

	FUZZ_MUST(crypt_init(NULL) == OK);
	if (check_keys_read(&keys, file, &ei) == OK)
		FUZZ_MUST(keys.n <= CHECK_KEYS_MAX);
	FUZZ_MUST(check_bundle(file, &none, &r, &ei) == OK);
	FUZZ_MUST(!r.keys_given);
	for (size_t i = 0; i < r.nfaults && i < CHECK_FAULTS_MAX; i++)
		FUZZ_MUST(r.fault[i].kind < CHECK_FAULT__MAX && memchr(r.fault[i].place, 0, CHECK_PLACE_BYTES));
	FUZZ_MUST(r.nfaults || (r.events && *r.signer && *r.site && r.nlines <= CHECK_LINES_MAX));
	return 0;
}
