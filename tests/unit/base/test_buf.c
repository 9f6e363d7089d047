#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void test_starts_empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_non_null(b.data);
	assert_string_equal(b.data, "");
	assert_true(buf_ok(&b));
	buf_reset(&b); /* nothing to write to yet */
	buf_truncate(&b, 0);
	buf_fail(&b);
	assert_string_equal(b.data, "");
	buf_free(&b);
	buf_free(&b);
}

/* Every limit from 0 on: exactly max fits, one more does not. */
static void test_limit(void **state)
{
	(void)state;
	for (size_t max = 0; max < 300; max++) {
		struct buf b;
		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			buf_add_char(&b, 'x');
		assert_true(buf_ok(&b));
		assert_int_equal(b.len, max);
		assert_int_equal(strlen(b.data), max);
		assert_true(b.cap_bytes <= max + 1);
		buf_add(&b, "", 0); /* nothing is not too much */
		assert_true(buf_ok(&b));
		buf_add_char(&b, 'x');
		assert_false(buf_ok(&b));
		buf_free(&b);
	}
}

static void test_sticky(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_add_str(&b, "abc");
	buf_add_str(&b, "def");
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_add_str(&b, "a");
	buf_add_u64(&b, 1);
	buf_printf(&b, "%s", "x");
	assert_null(buf_extend(&b, 1));
	assert_null(buf_extend(&b, 0));
	buf_truncate(&b, 3); /* an old mark */
	assert_false(buf_ok(&b));
	assert_int_equal(b.len, 0);
	buf_reset(&b);
	assert_true(buf_ok(&b));
	buf_add_str(&b, "abcde");
	assert_string_equal(b.data, "abcde");
	buf_add(&b, "x", SIZE_MAX); /* len + n would wrap */
	assert_false(buf_ok(&b));
	buf_free(&b);
	buf_init(&b, SIZE_MAX);
	assert_null(buf_extend(&b, SIZE_MAX)); /* no room for the NUL */
	assert_false(buf_ok(&b));
	buf_free(&b);
}

static void test_numbers(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add_u64(&b, UINT64_MAX);
	buf_add_char(&b, ' ');
	buf_add_i64(&b, INT64_MIN);
	buf_add_char(&b, ' ');
	buf_add_i64(&b, 0);
	assert_string_equal(b.data, "18446744073709551615 -9223372036854775808 0");
	buf_free(&b);
}

/* Around the size of the scratch space within, and at the limit. */
static void test_printf(void **state)
{
	char text[600];

	(void)state;
	for (size_t n = 250; n < 262; n++) {
		struct buf b;
		memset(text, 'y', n);
		text[n] = '\0';
		buf_init(&b, n + 1);
		buf_printf(&b, "%c%s", 'x', text);
		assert_true(buf_ok(&b));
		assert_int_equal(b.len, n + 1);
		assert_int_equal(strlen(b.data), n + 1);
		assert_int_equal(b.data[0], 'x');
		assert_string_equal(b.data + 1, text);
		buf_reset(&b);
		buf_printf(&b, "%s%s", "xx", text);
		assert_false(buf_ok(&b));
		buf_free(&b);
	}
}

static void test_slices_and_nul(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add_slice(&b, slice_make("a\0b", 3));
	buf_add_slice(&b, slice_from(NULL));
	buf_add_str(&b, NULL);
	assert_int_equal(b.len, 3);
	assert_true(slice_eq(buf_slice(&b), slice_make("a\0b", 3)));
	char *p = buf_extend(&b, 200 - 150);
	for (int i = 0; i < 50; i++)
		assert_int_equal(p[i], 0);
	memset(p, 'z', 50);
	assert_int_equal(b.len, 53);
	assert_int_equal(b.data[53], 0);
	buf_truncate(&b, 4);
	assert_memory_equal(b.data, "a\0bz", 5);
	buf_free(&b);
}

static void test_detach(void **state)
{
	struct buf b;
	size_t len = 9;

	(void)state;
	buf_init(&b, 100);
	buf_add_str(&b, "abc");
	char *p = buf_detach(&b, &len);
	assert_string_equal(p, "abc");
	assert_int_equal(len, 3);
	free(p);
	assert_string_equal(b.data, "");
	buf_add_str(&b, "new");
	assert_string_equal(b.data, "new");
	buf_fail(&b);
	assert_null(buf_detach(&b, &len));
	assert_int_equal(len, 0);
	assert_true(buf_ok(&b));
	p = buf_detach(&b, NULL); /* nothing added: still memory to free */
	assert_string_equal(p, "");
	free(p);
	buf_free(&b);
	buf_init(&b, 0);
	p = buf_detach(&b, NULL);
	assert_string_equal(p, "");
	free(p);
}

static void test_arena(void **state)
{
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a, 16 * 1024);
	buf_init_arena(&b, &a, 64 * 1024);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%04d", i);
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 4000);
	assert_memory_equal(b.data + 4 * 777, "0777", 4);
	while (buf_ok(&b)) /* the arena ends before the buffer's own limit */
		buf_add_str(&b, "0123456789abcdef");
	assert_false(arena_ok(&a));
	buf_free(&b);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_empty), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_sticky), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_printf), cmocka_unit_test(test_slices_and_nul),
		cmocka_unit_test(test_detach), cmocka_unit_test(test_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
