/* Marks of notices and fields of forms, found again in what generators and minifiers leave. */
#include "core/mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define H "9c41e07b52d81f3a9c41e07b52d81f3a9c41e07b52d81f3a9c41e07b52d81f3a"
#define M "jawort-notice:"

static const struct {
	int line;
	const char *text, *found; /* "site lang;site lang" */
} MARKS[] = {
	{__LINE__, "", ""},
	{__LINE__, M, ""},
	{__LINE__, M "a", ""},
	{__LINE__, M "a:de", ""},
	{__LINE__, M "a:de:" H, "a de"},
	{__LINE__, "<p data-version=" M "club-1:en-GB:" H ">x" M "b:de:" H "0", "club-1 en-GB;b de"},
	{__LINE__, M ":de:" H, ""},
	{__LINE__, M "a::" H, ""},
	{__LINE__, M "a:de:9C41", ""},
	{__LINE__, M M "a:de:" H, "a de"},
	{__LINE__, M "a:de:9c41 " M "b:en:" H, "b en"},
};

static void test_marks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(MARKS) / sizeof(MARKS[0]); i++) {
		struct slice text = slice_from(MARKS[i].text);
		struct mark m;
		struct buf b;
		buf_init(&b, 1000);
		for (size_t at = 0; mark_next(text, &at, &m);) {
			assert_true(slice_starts(slice_sub(text, m.at, text.len), SLICE(M)));
			assert_true(slice_eq_str(m.hash_hex, H));
			buf_printf(&b, "%s%.*s %.*s", b.len ? ";" : "", SLICE_FMT(m.site), SLICE_FMT(m.lang));
		}
		if (strcmp(b.data, MARKS[i].found) != 0)
			fail_msg("row of line %d: \"%s\"", MARKS[i].line, b.data);
		buf_free(&b);
	}
}

#define U "https://a.example/s/news"
static const struct {
	int line;
	const char *text, *found; /* "v;v", "-" for a form without it */
} FORMS[] = {
	{__LINE__, "", ""},
	{__LINE__, "<form action=\"" U "\"><input name=\"v\" value=\"abc12345\"></form>", "abc12345"},
	{__LINE__, "<form action=" U "><input type=hidden value=abc12345 name=v></form>", "abc12345"},
	{__LINE__, "<form method='post' action='" U "' id=x><input\nname='v'\nvalue='abc12345'>", "abc12345"},
	{__LINE__, "<form action=" U "><input name=v></form>", "-"},
	{__LINE__, "<form action=" U "></form><input name=v value=other>", "-"},
	{__LINE__, "<form action=" U "2><input name=v value=abc12345></form>", ""},
	{__LINE__, "<form action=" U "/sent><input name=v value=abc12345></form>", ""},
	{__LINE__, "<a href=\"" U "\">x</a><jawort-form src=\"" U "\"></jawort-form>", ""},
	{__LINE__, "<form action=" U "><input data-name=v name=w value=a><input name=v data-value=b value=c></form>", "c"},
	{__LINE__, "<form action=" U "><input name=v value=a></form><form action=" U "><input name=v value=b></form>", "a;b"},
	{__LINE__, "<form action=" U, "-"},
	{__LINE__, "<form action=" U "><input name=v value=\"a", "a"},
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		struct slice text = slice_from(FORMS[i].text);
		struct mark_form m;
		struct buf b;
		buf_init(&b, 1000);
		for (size_t at = 0; mark_form_next(text, SLICE(U), &at, &m);)
			buf_printf(&b, "%s%.*s", b.len ? ";" : "", m.v.len ? (int)m.v.len : 1, m.v.len ? m.v.ptr : "-");
		if (strcmp(b.data, FORMS[i].found) != 0)
			fail_msg("row of line %d: \"%s\"", FORMS[i].line, b.data);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
