/* stamp: what a time stamp authority, or whoever is in between, answers. */
#include "base/file.h"
#include "fuzz.h"
#include "stamp/stamp.h"

#define CA "tests/golden/stamp/ca.pem"

static const char note[] = "a note\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf question;
	unsigned char digest[CRYPT_HASH_BYTES];
	struct stamp s;
	struct buf token;
	int64_t at_ms;

	if (!question.data) {
		buf_init(&question, 4096);
		FUZZ_MUST(crypt_init(NULL) == OK && file_read(&question, "tests/golden/stamp/question.tsq", NULL) == OK);
	}
	crypt_sha256(digest, note, sizeof(note) - 1);
	buf_init(&token, STAMP_MAX_BYTES);
	if (stamp_take(slice_make(data, size), buf_slice(&question), CA, &s, &token, NULL) == OK) {
		/* What was taken holds by itself, and says the same. */
		at_ms = s.time_ms;
		FUZZ_MUST(stamp_verify(buf_slice(&token), digest, CA, &s, NULL) == OK && s.time_ms == at_ms);
	} else
		FUZZ_MUST(token.len == 0);
	stamp_verify(slice_make(data, size), digest, CA, &s, NULL);
	buf_free(&token);
	return 0;
}
