/* CSV as spreadsheets and other products write it, and what is refused with its place. */
#include "text/csvread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

#define S(x) SLICE_LIT(x)

/* Cells as "a|b" per row, "/" between rows. */
static const struct {
	int line;
	struct slice in;
	const char *out;
} READ[] = {
	{__LINE__, S("a,b\n1,2\n"), "a|b/1|2"},
	{__LINE__, S("a,b\n1,2"), "a|b/1|2"},
	{__LINE__, S("a;b\r\n1;2\r\n"), "a|b/1|2"},
	{__LINE__, S("a\tb\r1\t2\r"), "a|b/1|2"},
	{__LINE__, S("\xef\xbb\xbf" "a,b\n1,2"), "a|b/1|2"},
	{__LINE__, S("sep=;\r\na;b,c\n1;2"), "a|b,c/1|2"},
	{__LINE__, S("\n\na,b\n\n1,2\n\n"), "a|b/1|2"},
	{__LINE__, S("\"a\",\"b\"\n\"1,2\",\"3\"\"4\"\n"), "a|b/1,2|3\"4"},
	{__LINE__, S("a,b\n\"two\nlines\",2\n"), "a|b/two\nlines|2"},
	{__LINE__, S("\"a,b;c\";d\n1;2"), "a,b;c|d/1|2"},
	{__LINE__, S("a,b\n,\n"), "a|b/|"},
	{__LINE__, S("a,b\n\"\",\"\"\"\"\n"), "a|b/|\""},
	{__LINE__, S("a\nx \"y\" z\n"), "a/x \"y\" z"},
	{__LINE__, S("a,b\nStra\xc3\x9f" "e,2"), "a|b/Stra\xc3\x9f" "e|2"},
	{__LINE__, S(""), ""},
	{__LINE__, S("\n\r\n"), ""},
};

static enum err all(struct csvread *r, struct arena *a, struct slice in, struct buf *out, struct errinfo *ei)
{
	enum err rc = csvread_init(r, in, ei);

	for (bool first = true; !rc; first = false) {
		rc = csvread_row(r, a, ei);
		if (!rc && !first)
			buf_add_char(out, '/');
		for (size_t i = 0; !rc && i < r->n; i++) {
			if (i)
				buf_add_char(out, '|');
			buf_add_slice(out, r->cells[i].text);
		}
	}
	return rc;
}

static void test_read(void **state)
{
	static struct csvread r;
	struct errinfo ei = {.code = OK};
	struct arena a;
	struct buf out;

	(void)state;
	arena_init(&a, 1u << 20);
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(READ) / sizeof(READ[0]); i++) {
		buf_reset(&out);
		if (all(&r, &a, READ[i].in, &out, &ei) != E_NOT_FOUND || strcmp(out.data, READ[i].out) != 0)
			fail_msg("line %d: \"%s\" is not \"%s\" (%s)", READ[i].line, out.data, READ[i].out, ei.text);
	}
	buf_free(&out);
	arena_free(&a);
}

static const struct {
	int line;
	struct slice in;
	size_t at_line, at_column;
	const char *text;
} REFUSED[] = {
	{__LINE__, S("a,b\n1,\"2\n"), 2, 3, "never closed"},
	{__LINE__, S("a,b\n\"1\"x,2\n"), 2, 4, "behind a closing quote"},
	{__LINE__, S("a,b\n\xc3\xa4,\"1\" ,2\n"), 2, 6, "behind a closing quote"},
	{__LINE__, S("a,b\n1\n"), 2, 1, "has 1 cells, the first one has 2"},
	{__LINE__, S("a,b\n1,2\n\n1,2,3\n"), 4, 1, "has 3 cells"},
	{__LINE__, S("a,b\n\"x\ny\",2\n1,2,3\n"), 4, 1, "has 3 cells"},
	{__LINE__, S("a,b\n\"x\ny\",\"2\"z\n"), 3, 7, "behind a closing quote"},
	{__LINE__, S("a,b\nx,M\xfcller\n"), 2, 4, "not UTF-8"},
	{__LINE__, S("\xef\xbb\xbf" "a,M\xfcller\n"), 1, 4, "not UTF-8"},
	{__LINE__, S("a,b\nx,\0\n"), 2, 3, "not UTF-8"},
	{__LINE__, S("\xff\xfe" "a\0,\0"), 1, 1, "UTF-16"},
};

static void test_refused(void **state)
{
	static struct csvread r;
	struct arena a;
	struct buf out;

	(void)state;
	arena_init(&a, 1u << 20);
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
		struct errinfo ei = {.code = OK};
		size_t line, column;
		enum err rc = all(&r, &a, REFUSED[i].in, &out, &ei);

		csvread_place(&r, r.bad_at, &line, &column);
		if (rc != E_INVALID || !strstr(ei.text, REFUSED[i].text) || line != REFUSED[i].at_line
		    || column != REFUSED[i].at_column)
			fail_msg("line %d: %zu:%zu: %s", REFUSED[i].line, line, column, ei.text);
	}
	buf_free(&out);
	arena_free(&a);
}

/* After a row of another width the next one is read; too long a cell is a limit. */
static void test_goes_on(void **state)
{
	static struct csvread r;
	struct errinfo ei = {.code = OK};
	struct arena a;
	struct buf in;

	(void)state;
	arena_init(&a, 1u << 20);
	buf_init(&in, 1u << 20);
	buf_add_str(&in, "a,b\n1\n");
	for (int i = 0; i <= CSVREAD_CELL_MAX_BYTES; i++)
		buf_add_char(&in, 'x');
	buf_add_str(&in, ",2\n");
	for (int i = 0; i <= CSVREAD_CELLS_MAX; i++)
		buf_add_str(&in, i ? ",c" : "c");
	buf_add_str(&in, "\n3,4\n");
	assert_int_equal(csvread_init(&r, buf_slice(&in), &ei), OK);
	assert_int_equal(csvread_row(&r, &a, &ei), OK);
	assert_int_equal(csvread_row(&r, &a, &ei), E_INVALID);
	assert_int_equal(csvread_row(&r, &a, &ei), E_LIMIT);
	assert_int_equal(csvread_row(&r, &a, &ei), E_LIMIT);
	assert_int_equal(csvread_row(&r, &a, &ei), OK);
	assert_true(slice_eq_str(r.cells[1].text, "4"));
	assert_int_equal(csvread_row(&r, &a, &ei), E_NOT_FOUND);
	buf_free(&in);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
