/* gzip members, read again by zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "text/gzip.h"

static void unpack_is(struct slice packed, struct slice want)
{
	z_stream z = {.next_in = (z_const Bytef *)packed.ptr, .avail_in = (uInt)packed.len};
	unsigned char *out = malloc(want.len + 1);

	z.next_out = out;
	z.avail_out = (uInt)want.len + 1;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, want.len);
	assert_int_equal(z.avail_in, 0);
	assert_memory_equal(out, want.ptr, want.len);
	inflateEnd(&z);
	free(out);
}

static void test_same_bytes(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 70000, 1000000};
	char *text = malloc(1000000);
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < 1000000; i++)
		text[i] = (char)((x = x * 1664525u + 1013904223u) >> 24 & (i % 1000 < 900 ? 3 : 255));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf a, b;
		buf_init(&a, 2000000);
		buf_init(&b, 2000000);
		assert_int_equal(gzip_pack(slice_make(text, sizes[i]), &a, NULL), OK);
		assert_int_equal(gzip_pack(slice_make(text, sizes[i]), &b, NULL), OK);
		unpack_is(buf_slice(&a), slice_make(text, sizes[i]));
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		assert_memory_equal(a.data + 4, "\0\0\0\0", 4); /* no time */
		buf_free(&a);
		buf_free(&b);
	}
	free(text);
}

static void test_limits(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_int_equal(gzip_pack(SLICE("a page that does not fit"), &b, NULL), E_LIMIT);
	assert_int_equal(gzip_pack(slice_make("", 65u * 1024u * 1024u), &b, NULL), E_LIMIT);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_bytes),
	    cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
