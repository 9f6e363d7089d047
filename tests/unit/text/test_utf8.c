#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/utf8.h"

/* A row per class of Markus Kuhn's decoder stress test, and the edges of the table in RFC 3629. */
static const struct {
	int line;
	struct slice in;
	bool valid;
} validity[] = {
	{__LINE__, SLICE_LIT(""), true},
	{__LINE__, SLICE_LIT("plain"), true},
	{__LINE__, SLICE_LIT("a\0b"), true}, /* NUL is well-formed; the form parser refuses it */
	{__LINE__, SLICE_LIT("κόσμε"), true},
	{__LINE__, SLICE_LIT("\x7f"), true},
	{__LINE__, SLICE_LIT("\xc2\x80"), true},
	{__LINE__, SLICE_LIT("\xdf\xbf"), true},
	{__LINE__, SLICE_LIT("\xe0\xa0\x80"), true},
	{__LINE__, SLICE_LIT("\xed\x9f\xbf"), true},         /* U+D7FF */
	{__LINE__, SLICE_LIT("\xee\x80\x80"), true},         /* U+E000 */
	{__LINE__, SLICE_LIT("\xef\xbf\xbd"), true},
	{__LINE__, SLICE_LIT("\xef\xbf\xbf"), true},         /* noncharacter, but well-formed */
	{__LINE__, SLICE_LIT("\xef\xbb\xbf"), true},         /* byte order mark */
	{__LINE__, SLICE_LIT("\xf0\x90\x80\x80"), true},     /* U+10000 */
	{__LINE__, SLICE_LIT("\xf4\x8f\xbf\xbf"), true},     /* U+10FFFF */
	/* lone continuation bytes */
	{__LINE__, SLICE_LIT("\x80"), false},
	{__LINE__, SLICE_LIT("\xbf"), false},
	{__LINE__, SLICE_LIT("\x80\xbf\x80"), false},
	{__LINE__, SLICE_LIT("a\x80z"), false},
	/* lone leads */
	{__LINE__, SLICE_LIT("\xc3 "), false},
	{__LINE__, SLICE_LIT("\xe1 "), false},
	{__LINE__, SLICE_LIT("\xf1 "), false},
	/* last byte missing, at the end and in the middle */
	{__LINE__, SLICE_LIT("\xc3"), false},
	{__LINE__, SLICE_LIT("\xe0\xa0"), false},
	{__LINE__, SLICE_LIT("\xf0\x90\x80"), false},
	{__LINE__, SLICE_LIT("\xe4\xba" "a"), false},
	{__LINE__, SLICE_LIT("\xf0\x9f\x98" "a"), false},
	{__LINE__, SLICE_LIT("\xf0\x9f" "a\x80"), false},
	/* bytes that never occur */
	{__LINE__, SLICE_LIT("\xfe"), false},
	{__LINE__, SLICE_LIT("\xff"), false},
	{__LINE__, SLICE_LIT("\xf8\x88\x80\x80\x80"), false},
	{__LINE__, SLICE_LIT("\xfc\x84\x80\x80\x80\x80"), false},
	/* overlong */
	{__LINE__, SLICE_LIT("\xc0\xaf"), false},
	{__LINE__, SLICE_LIT("\xc0\x80"), false},
	{__LINE__, SLICE_LIT("\xc1\xbf"), false},
	{__LINE__, SLICE_LIT("\xe0\x80\xaf"), false},
	{__LINE__, SLICE_LIT("\xe0\x9f\xbf"), false},
	{__LINE__, SLICE_LIT("\xf0\x80\x80\xaf"), false},
	{__LINE__, SLICE_LIT("\xf0\x8f\xbf\xbf"), false},
	/* surrogates, single and in pairs */
	{__LINE__, SLICE_LIT("\xed\xa0\x80"), false},
	{__LINE__, SLICE_LIT("\xed\xad\xbf"), false},
	{__LINE__, SLICE_LIT("\xed\xbf\xbf"), false},
	{__LINE__, SLICE_LIT("\xed\xa0\x80\xed\xb0\x80"), false},
	/* above U+10FFFF */
	{__LINE__, SLICE_LIT("\xf4\x90\x80\x80"), false},
	{__LINE__, SLICE_LIT("\xf5\x80\x80\x80"), false},
	/* good text around bad bytes does not save it */
	{__LINE__, SLICE_LIT("gut \xc0\xaf gut"), false},
	{__LINE__, SLICE_LIT("gr\xfc\xdf"), false}, /* Latin-1 */
};

static void test_validity(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(validity) / sizeof(validity[0]); i++)
		if (utf8_valid(validity[i].in) != validity[i].valid)
			fail_msg("row of line %d", validity[i].line);
}

/* Every code point encoded by hand comes back as itself, and nothing else is accepted. */
static void test_every_code_point(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x110400; cp++) {
		unsigned char b[4];
		size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4, at = 0;
		static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
		for (size_t i = n; i-- > 1;)
			b[i] = (unsigned char)(0x80 | (cp >> 6 * (n - 1 - i) & 0x3f));
		b[0] = (unsigned char)(lead[n] | cp >> 6 * (n - 1));
		bool good = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
		uint32_t got = utf8_next(slice_make(b, n), &at);
		if (got != (good ? cp : UINT32_MAX) || at != (good ? n : 0))
			fail_msg("U+%04X", (unsigned)cp);
	}
}

static void test_next_walks(void **state)
{
	struct slice s = SLICE("aß€😀\xff" "b");
	size_t at = 0;

	(void)state;
	assert_int_equal(utf8_next(s, &at), 'a');
	assert_int_equal(utf8_next(s, &at), 0xdf);
	assert_int_equal(utf8_next(s, &at), 0x20ac);
	assert_int_equal(utf8_next(s, &at), 0x1f600);
	assert_int_equal(at, 10);
	assert_true(utf8_next(s, &at) == UINT32_MAX);
	assert_int_equal(at, 10); /* a bad byte does not move it */
	at = s.len;
	assert_true(utf8_next(s, &at) == UINT32_MAX);
	assert_int_equal(at, s.len);
	at = s.len + 5;
	assert_true(utf8_next(s, &at) == UINT32_MAX);
}

static void test_count_and_prefix(void **state)
{
	struct slice s = SLICE("Grüße😀");

	(void)state;
	assert_int_equal(utf8_count(s), 6);
	assert_int_equal(utf8_count(SLICE("")), 0);
	assert_int_equal(utf8_count(slice_make(NULL, 0)), 0);
	assert_int_equal(utf8_prefix(s, 0).len, 0);
	assert_true(slice_eq_str(utf8_prefix(s, 3), "Grü"));
	assert_true(slice_eq_str(utf8_prefix(s, 5), "Grüße"));
	assert_true(slice_eq(utf8_prefix(s, 6), s));
	assert_true(slice_eq(utf8_prefix(s, 600), s));
	/* never across a bad byte */
	assert_true(slice_eq_str(utf8_prefix(SLICE("ab\xc3"), 9), "ab"));
}

static const struct {
	int line;
	struct slice in;
	bool one_line, lines;
} controls[] = {
	{__LINE__, SLICE_LIT(""), false, false},
	{__LINE__, SLICE_LIT("Straße 1"), false, false},
	{__LINE__, SLICE_LIT("a\nb"), true, false},
	{__LINE__, SLICE_LIT("a\rb"), true, false},
	{__LINE__, SLICE_LIT("a\tb"), true, false},
	{__LINE__, SLICE_LIT("a\0b"), true, true},
	{__LINE__, SLICE_LIT("\x01"), true, true},
	{__LINE__, SLICE_LIT("\x0b"), true, true},
	{__LINE__, SLICE_LIT("\x1b[2J"), true, true},
	{__LINE__, SLICE_LIT("\x1f"), true, true},
	{__LINE__, SLICE_LIT("\x7f"), true, true},
	{__LINE__, SLICE_LIT("\xc2\x80"), true, true},
	{__LINE__, SLICE_LIT("\xc2\x85"), true, true}, /* NEL ends a line for some */
	{__LINE__, SLICE_LIT("\xc2\x9f"), true, true},
	{__LINE__, SLICE_LIT("\xc2\xa0"), false, false},
	{__LINE__, SLICE_LIT("\xe2\x80\xa7"), false, false}, /* U+2027 */
	{__LINE__, SLICE_LIT("\xe2\x80\xa8"), true, true},
	{__LINE__, SLICE_LIT("\xe2\x80\xa9"), true, true},
	{__LINE__, SLICE_LIT("a\xe2\x80\xae" "cod.exe"), true, true},
	{__LINE__, SLICE_LIT("\xe2\x80\xaf"), false, false}, /* narrow space, as in "z. B." */
	{__LINE__, SLICE_LIT("\xe2\x81\xa5"), false, false},
	{__LINE__, SLICE_LIT("\xe2\x81\xa6"), true, true},
	{__LINE__, SLICE_LIT("\xe2\x81\xa9"), true, true},
	{__LINE__, SLICE_LIT("\xe2\x81\xaa"), false, false},
	{__LINE__, SLICE_LIT("\xff\x01"), true, true}, /* a bad byte hides nothing */
};

static void test_controls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (utf8_has_control(controls[i].in, false) != controls[i].one_line)
			fail_msg("one line: row of line %d", controls[i].line);
		if (utf8_has_control(controls[i].in, true) != controls[i].lines)
			fail_msg("several lines: row of line %d", controls[i].line);
	}
}

/* Plain text is looked at eight bytes at a time: each byte at each place of it counts as it does alone. */
static void test_every_byte_at_every_place(void **state)
{
	char text[27];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char one = (char)c;
		struct slice alone = slice_make(&one, 1);
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, at % 2 ? '~' : ' ', sizeof(text));
			text[at] = one;
			struct slice s = slice_make(text, sizeof(text));
			if (utf8_valid(s) != utf8_valid(alone) || utf8_has_control(s, false) != utf8_has_control(alone, false)
			    || utf8_has_control(s, true) != utf8_has_control(alone, true))
				fail_msg("byte %02x at %zu", c, at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_next_walks),
		cmocka_unit_test(test_count_and_prefix),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_every_byte_at_every_place),
	};

	return cmocka_run_group_tests_name("text/utf8", tests, NULL, NULL);
}
