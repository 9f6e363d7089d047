#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <string.h>

static void test_compare(void **state)
{
	static const struct {
		int line;
		const char *a, *b;
		bool eq, ieq, starts, ends;
	} rows[] = {
		{ __LINE__, "", "", true, true, true, true },
		{ __LINE__, "abc", "abc", true, true, true, true },
		{ __LINE__, "abc", "aBC", false, true, false, false },
		{ __LINE__, "abc", "ab", false, false, true, false },
		{ __LINE__, "abc", "bc", false, false, false, true },
		{ __LINE__, "abc", "", false, false, true, true },
		{ __LINE__, "", "a", false, false, false, false },
		{ __LINE__, "\xc3\x84", "\xc3\xa4", false, false, false, false }, /* only ASCII folds */
		{ __LINE__, "@[", "`{", false, false, false, false },             /* neighbours of A and Z */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice a = slice_from(rows[i].a), b = slice_from(rows[i].b);
		if (slice_eq(a, b) != rows[i].eq || slice_ieq(a, b) != rows[i].ieq ||
		    slice_starts(a, b) != rows[i].starts || slice_ends(a, b) != rows[i].ends ||
		    slice_eq_str(a, rows[i].b) != rows[i].eq)
			fail_msg("row in line %d", rows[i].line);
	}
	struct slice none = slice_from(NULL);
	assert_null(none.ptr);
	assert_true(slice_eq(none, SLICE("")));
	assert_true(slice_starts(none, none) && slice_ends(none, none));
	assert_false(slice_eq(slice_make("a\0b", 3), slice_make("a\0c", 3)));
}

static void test_find_sub_trim(void **state)
{
	struct slice s = SLICE("a,b,c");

	(void)state;
	assert_int_equal(slice_find(s, ',', 0), 1);
	assert_int_equal(slice_find(s, ',', 2), 3);
	assert_int_equal(slice_find(s, ',', 4), 5);
	assert_int_equal(slice_find(s, ',', SIZE_MAX), 5);
	assert_int_equal(slice_find(slice_from(NULL), ',', 0), 0);
	assert_true(slice_eq_str(slice_sub(s, 2, 1), "b"));
	assert_true(slice_eq_str(slice_sub(s, 4, SIZE_MAX), "c")); /* from + len would wrap */
	assert_true(slice_eq_str(slice_sub(s, 9, 2), ""));
	assert_true(slice_eq_str(slice_trim(SLICE(" \t\r\n a b \n")), "a b"));
	assert_true(slice_eq_str(slice_trim(SLICE("\v a")), "\v a")); /* not every isspace() */
	assert_true(slice_eq_str(slice_trim(SLICE("  ")), ""));
}

static void test_split(void **state)
{
	static const struct {
		int line;
		const char *in;
		const char *out[4];
		size_t n;
	} rows[] = {
		{ __LINE__, "a,b", { "a", "b" }, 2 },
		{ __LINE__, "a,", { "a", "" }, 2 },
		{ __LINE__, ",a", { "", "a" }, 2 },
		{ __LINE__, ",", { "", "" }, 2 },
		{ __LINE__, "abc", { "abc" }, 1 },
		{ __LINE__, "", { "" }, 1 },
		{ __LINE__, NULL, { NULL }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice rest = slice_from(rows[i].in), piece;
		size_t n = 0;
		while (slice_split(&rest, ',', &piece)) {
			if (n >= rows[i].n || !slice_eq_str(piece, rows[i].out[n]))
				fail_msg("row in line %d, piece %zu", rows[i].line, n);
			n++;
		}
		if (n != rows[i].n || rest.ptr)
			fail_msg("row in line %d: %zu pieces", rows[i].line, n);
	}
}

static void test_u64(void **state)
{
	static const struct {
		int line;
		const char *in;
		bool ok;
		unsigned long long n;
	} rows[] = {
		{ __LINE__, "0", true, 0 },
		{ __LINE__, "007", true, 7 },
		{ __LINE__, "18446744073709551615", true, ULLONG_MAX },
		{ __LINE__, "18446744073709551616", false, 0 },
		{ __LINE__, "18446744073709551620", false, 0 },
		{ __LINE__, "99999999999999999999", false, 0 },
		{ __LINE__, "", false, 0 },
		{ __LINE__, "+1", false, 0 },
		{ __LINE__, "-1", false, 0 },
		{ __LINE__, " 1", false, 0 },
		{ __LINE__, "1 ", false, 0 },
		{ __LINE__, "0x1", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned long long n = 42;
		bool ok = slice_u64(slice_from(rows[i].in), &n);
		if (ok != rows[i].ok || n != (ok ? rows[i].n : 42))
			fail_msg("row in line %d", rows[i].line);
	}
}

static void test_copy(void **state)
{
	char dst[4] = "xyz";

	(void)state;
	assert_true(slice_copy(SLICE("abc"), dst, sizeof(dst)));
	assert_string_equal(dst, "abc");
	assert_false(slice_copy(SLICE("abcd"), dst, sizeof(dst)));
	assert_string_equal(dst, "");
	assert_true(slice_copy(SLICE("abc"), dst, sizeof(dst)));
	assert_false(slice_copy(slice_make("a\0b", 3), dst, sizeof(dst)));
	assert_string_equal(dst, "");
	assert_true(slice_copy(slice_from(NULL), dst, sizeof(dst)));
	assert_false(slice_copy(SLICE(""), dst, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare), cmocka_unit_test(test_find_sub_trim),
		cmocka_unit_test(test_split), cmocka_unit_test(test_u64), cmocka_unit_test(test_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
