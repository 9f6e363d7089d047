/*
 * Bundles of format 1 as the first release wrote them. Somebody has such a file in a drawer: every later program must
 * read it and say the same. They are never made anew; a later format gets files of its own beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/file.h"
#include "proof/check.h"

#define FOLDER "tests/golden/bundle/"
#define FILE_MAX_BYTES (1024u * 1024u)

static struct errinfo ei;

static const struct {
	const char *name, *sha256;
	const char *place; /* of its one fault; NULL: in order */
	enum check_fault_kind fault;
} FILES[] = {
    {"v1.returned.json", "f9ef5bf703b26c00161173d71ef4efbf582d7722f3b4d4f82680b0c6d4379f05", NULL, 0},
    {"v1.purposes.json", "c4a54ee5f3c26e1859306d4c20669c9d3862d8a1e9f93f69bb1379137553367b", NULL, 0},
    {"v1.imported.json", "9030a3dc21b17a5efd56cb9acbd4a8c883d8b1091527da61ddfa56605b43b24f", NULL, 0},
    {"v1.forged-path.json", "1540a56b3ab5c14b1498ca3d3501e1efda6fccdf6c87960204244a3500564b35",
        "/bundle/events/0/proofs/0", CHECK_PATH},
    {"v1.forged-text.json", "9cd23259fd511949e047070e652a1e2bb493b752099e03fdc19b34048fba1335",
        "/bundle/texts/1/body", CHECK_TEXT},
};

static void read_file(const char *name, struct buf *out)
{
	char path[200];

	snprintf(path, sizeof(path), FOLDER "%s", name);
	buf_init(out, FILE_MAX_BYTES);
	assert_int_equal(file_read(out, path, &ei), OK);
}

static void assert_unchanged(const char *name, const struct buf *b, const char *want)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(CRYPT_HASH_BYTES)];

	crypt_sha256(hash, b->data, b->len);
	enc_hex(hash, sizeof(hash), hex);
	if (strcmp(hex, want) != 0)
		fail_msg("%s was written anew; frozen files stay as they are", name);
}

static void test_frozen(void **state)
{
	struct check_keys keys;
	struct buf b;

	(void)state;
	read_file("v1.keys.txt", &b);
	assert_unchanged("v1.keys.txt", &b, "07837bb352773fda3dc817e78e48600a223f900d5ff5f26e5d4f1af955ee7b80");
	memset(&keys, 0, sizeof(keys));
	assert_int_equal(check_keys_read(&keys, buf_slice(&b), &ei), OK);
	buf_free(&b);
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		struct check_report r;

		read_file(FILES[i].name, &b);
		assert_unchanged(FILES[i].name, &b, FILES[i].sha256);
		assert_int_equal(check_bundle(buf_slice(&b), &keys, &r, &ei), OK);
		assert_int_equal(r.nfaults, FILES[i].place ? 1 : 0);
		if (FILES[i].place) {
			assert_string_equal(r.fault[0].place, FILES[i].place);
			assert_int_equal(r.fault[0].kind, FILES[i].fault);
		}
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_frozen)};

	if (crypt_init(&ei) != OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
