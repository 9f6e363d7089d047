#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static bool all_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void test_zeroed_and_aligned(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 300; n++) {
			char *p = arena_alloc(&a, n);
			assert_non_null(p);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			assert_true(all_zero(p, n));
			memset(p, 0xAA, n);
		}
		arena_reset(&a); /* the first block is used again and must be clean */
		assert_int_equal(a.taken_bytes, 0);
	}
	arena_free(&a);
}

static void test_cap(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1024);
	assert_non_null(arena_alloc(&a, 1000));
	assert_true(arena_ok(&a));
	assert_null(arena_alloc(&a, 17)); /* 1008 taken */
	assert_false(arena_ok(&a));
	assert_null(arena_alloc(&a, 1)); /* it would fit, but failure stays */
	assert_null(arena_str(&a, SLICE("x")));
	arena_reset(&a);
	assert_true(arena_ok(&a));
	assert_non_null(arena_alloc(&a, 1024)); /* exactly the cap */
	assert_true(arena_ok(&a));
	assert_null(arena_alloc(&a, 0)); /* each piece has an address of its own */
	arena_free(&a);

	arena_init(&a, SIZE_MAX);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8)); /* rounding must not wrap */
	arena_free(&a);
	arena_init(&a, 1001);
	assert_null(arena_alloc(&a, 1001)); /* rounded up it is too much; taken never passes the cap */
	arena_free(&a);
}

static void test_large_blocks(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	char *big = arena_alloc(&a, 200 * 1024);
	assert_non_null(big);
	memset(big, 1, 200 * 1024);
	char *small = arena_alloc(&a, 10);
	memset(small, 2, 10);
	char *big2 = arena_alloc(&a, 100 * 1024);
	assert_true(all_zero(big2, 100 * 1024));
	assert_int_equal(big[200 * 1024 - 1], 1);
	struct arena_block *first = a.first;
	arena_reset(&a);
	assert_ptr_equal(a.first, first);
	assert_ptr_equal(a.now, first);
	assert_true(all_zero(arena_alloc(&a, 60 * 1024), 60 * 1024));
	assert_ptr_equal(a.now, first); /* no new memory for a normal request */
	arena_free(&a);
	assert_null(a.first);
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 1)); /* usable after free */
	arena_free(&a);
}

static void test_copies(void **state)
{
	struct arena a;
	char src[] = "hello";

	(void)state;
	arena_init(&a, 1024);
	struct slice d = arena_dup(&a, slice_make(src, 5));
	char *s = arena_str(&a, slice_make(src, 4));
	memset(src, 'x', 5);
	assert_true(slice_eq_str(d, "hello"));
	assert_int_equal(d.ptr[5], 0);
	assert_string_equal(s, "hell");
	assert_string_equal(arena_str(&a, slice_from(NULL)), "");
	struct slice empty = arena_dup(&a, slice_from(NULL));
	assert_non_null(empty.ptr);
	assert_int_equal(empty.len, 0);
	assert_null(arena_str(&a, slice_make("a\0b", 3)));
	assert_true(arena_ok(&a)); /* a NUL is the input's fault, not the arena's */
	struct slice nul = arena_dup(&a, slice_make("a\0b", 3));
	assert_memory_equal(nul.ptr, "a\0b", 4);
	struct slice none = arena_dup(&a, slice_make("", SIZE_MAX));
	assert_null(none.ptr);
	assert_int_equal(none.len, 0);
	arena_free(&a);
}

static void test_extend(void **state)
{
	struct arena a;

	(void)state;
	arena_init_blocks(&a, 4096, 1024);
	char *p = arena_alloc(&a, 20); /* 32 of them */
	memset(p, 1, 20);
	assert_true(arena_extend(&a, p, 20, 100));
	assert_true(all_zero(p + 20, 80));
	char *behind = arena_alloc(&a, 16);
	assert_true(behind >= p + 100);
	assert_false(arena_extend(&a, p, 100, 200)); /* not the last */
	assert_false(arena_extend(&a, behind, 40, 50)); /* was not taken so long */
	assert_false(arena_extend(&a, behind, 16, 8));
	assert_true(arena_extend(&a, behind, 16, 1024 - 112)); /* the rest of the block */
	assert_false(arena_extend(&a, behind, 1024 - 112, 1024 - 111));
	assert_false(arena_extend(&a, behind, 16, SIZE_MAX));
	char *other = arena_alloc(&a, 500); /* a block of its own */
	assert_true(arena_extend(&a, other, 500, 1000));
	assert_false(arena_extend(&a, behind, 1024 - 112, 1024)); /* in the block before */
	assert_non_null(arena_alloc(&a, 2000));
	char *last = arena_alloc(&a, 16);
	assert_false(arena_extend(&a, last, 16, 100)); /* it would pass the cap of all */
	assert_true(arena_ok(&a)); /* and that is no failure: whoever asks may take it elsewhere */
	arena_reset(&a);
	p = arena_alloc(&a, 16);
	assert_true(arena_extend(&a, p, 16, 1024));
	assert_true(all_zero(p, 1024)); /* what was extended is wiped as well */
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_and_aligned), cmocka_unit_test(test_cap),
		cmocka_unit_test(test_large_blocks), cmocka_unit_test(test_copies),
		cmocka_unit_test(test_extend),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
