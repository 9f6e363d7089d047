/* CSV that a spreadsheet shows and never computes. */
#include "text/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define S(x) SLICE_LIT(x)

static const struct {
	int line;
	struct slice in, out;
} FIELDS[] = {
	{__LINE__, S(""), S("\"\"")},
	{__LINE__, S("Verein"), S("\"Verein\"")},
	{__LINE__, S("a,b;c"), S("\"a,b;c\"")},
	{__LINE__, S("sagt \"Ja\""), S("\"sagt \"\"Ja\"\"\"")},
	{__LINE__, S("a\nb"), S("\"a\nb\"")},
	{__LINE__, S("a\r\nb\rc"), S("\"a\nb\nc\"")},
	{__LINE__, S("a\0b\x1b\x7f"), S("\"a b  \"")},
	{__LINE__, S("Straße"), S("\"Straße\"")},
	/* what would be computed */
	{__LINE__, S("=HYPERLINK(\"x\")"), S("\"'=HYPERLINK(\"\"x\"\")\"")},
	{__LINE__, S("+49 30"), S("\"'+49 30\"")},
	{__LINE__, S("-1"), S("\"'-1\"")},
	{__LINE__, S("@SUM(1)"), S("\"'@SUM(1)\"")},
	{__LINE__, S("\t=1"), S("\"' =1\"")},
	{__LINE__, S("\r=1"), S("\"'\n=1\"")},
	{__LINE__, S("  =1"), S("\"'  =1\"")},
	{__LINE__, S("\xc2\xa0=1"), S("\"'\xc2\xa0=1\"")},
	{__LINE__, S("＝1"), S("\"'＝1\"")},
	{__LINE__, S("＠x"), S("\"'＠x\"")},
	/* what would not */
	{__LINE__, S("a=1"), S("\"a=1\"")},
	{__LINE__, S("'x"), S("\"'x\"")},
	{__LINE__, S("–1"), S("\"–1\"")},
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		struct buf b;
		struct csv c;
		struct slice got;

		buf_init(&b, 4096);
		csv_init(&c, &b);
		csv_field(&c, FIELDS[i].in);
		got = slice_sub(buf_slice(&b), 3, b.len);
		if (!slice_eq(got, FIELDS[i].out))
			fail_msg("row of line %d: %.*s", FIELDS[i].line, SLICE_FMT(got));
		buf_free(&b);
	}
}

static void test_rows(void **state)
{
	struct buf b;
	struct csv c;

	(void)state;
	buf_init(&b, 4096);
	csv_init(&c, &b);
	csv_cstr(&c, "a");
	csv_cstr(&c, NULL);
	csv_end(&c);
	csv_cstr(&c, "b");
	csv_end(&c);
	assert_true(slice_eq_str(buf_slice(&b), "\xef\xbb\xbf\"a\",\"\"\r\n\"b\"\r\n"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields), cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
