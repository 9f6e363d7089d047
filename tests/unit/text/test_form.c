#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "text/form.h"

static struct arena arena;
static struct form form;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/*
 * Cases in the manner of the web platform tests for the urlencoded parser.
 * Where a browser would put U+FFFD or keep a broken escape, we refuse.
 * fields: names and values, one after the other, up to NULL.
 */
static const struct {
	int line;
	struct slice in;
	enum err err;
	const char *fields[9];
} cases[] = {
	{__LINE__, SLICE_LIT(""), OK, {NULL}},
	{__LINE__, SLICE_LIT("test"), OK, {"test", ""}},
	{__LINE__, SLICE_LIT("\xef\xbb\xbf" "test=\xef\xbb\xbf"), OK, {"\xef\xbb\xbf" "test", "\xef\xbb\xbf"}},
	{__LINE__, SLICE_LIT("%EF%BB%BFtest=%EF%BB%BF"), OK, {"\xef\xbb\xbf" "test", "\xef\xbb\xbf"}},
	{__LINE__, SLICE_LIT("%EF%BF%BF=%EF%BF%BF"), OK, {"\xef\xbf\xbf", "\xef\xbf\xbf"}},
	{__LINE__, SLICE_LIT("%FE%FF"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("%FF%FE"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("†&†=x"), OK, {"†", "", "†", "x"}},
	{__LINE__, SLICE_LIT("%C2"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("%C2x"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("_charset_=windows-1252&test=%C2x"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("_charset_=windows-1252&a=%E4"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a"), OK, {"a", ""}},
	{__LINE__, SLICE_LIT("a=b"), OK, {"a", "b"}},
	{__LINE__, SLICE_LIT("a="), OK, {"a", ""}},
	{__LINE__, SLICE_LIT("=b"), OK, {"", "b"}},
	{__LINE__, SLICE_LIT("&"), OK, {NULL}},
	{__LINE__, SLICE_LIT("&a"), OK, {"a", ""}},
	{__LINE__, SLICE_LIT("a&"), OK, {"a", ""}},
	{__LINE__, SLICE_LIT("a&a"), OK, {"a", "", "a", ""}},
	{__LINE__, SLICE_LIT("a&b&c"), OK, {"a", "", "b", "", "c", ""}},
	{__LINE__, SLICE_LIT("a=b&c=d"), OK, {"a", "b", "c", "d"}},
	{__LINE__, SLICE_LIT("a=b&c=d&"), OK, {"a", "b", "c", "d"}},
	{__LINE__, SLICE_LIT("&&&a=b&&&&c=d&"), OK, {"a", "b", "c", "d"}},
	{__LINE__, SLICE_LIT("a=a&a=b&a=c"), OK, {"a", "a", "a", "b", "a", "c"}},
	{__LINE__, SLICE_LIT("a==a"), OK, {"a", "=a"}},
	{__LINE__, SLICE_LIT("a=a+b+c+d"), OK, {"a", "a b c d"}},
	{__LINE__, SLICE_LIT("a+b=c+d"), OK, {"a b", "c d"}},
	{__LINE__, SLICE_LIT("+"), OK, {" ", ""}},
	{__LINE__, SLICE_LIT("%=a"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("%a=a"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("%a_=a"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("%61=a"), OK, {"a", "a"}},
	{__LINE__, SLICE_LIT("%61+%4d%4D="), OK, {"a MM", ""}},
	{__LINE__, SLICE_LIT("id=0&value=%"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("b=%2sf%2a"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("b=%2%2af%2a"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("b=%%2a"), E_INVALID, {NULL}},
	/* separators that only look like ones */
	{__LINE__, SLICE_LIT("a=b;c=d"), OK, {"a", "b;c=d"}},
	{__LINE__, SLICE_LIT("a=b%26c%3Dd"), OK, {"a", "b&c=d"}},
	{__LINE__, SLICE_LIT("a%3Db=c"), OK, {"a=b", "c"}},
	/* contract: what is not UTF-8 or holds a NUL never gets in */
	{__LINE__, SLICE_LIT("a=%00"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a%00b=c"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a=b\0"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a=%C0%80"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a=%ED%A0%80"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a=\xff"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("a=%0D%0Ab"), OK, {"a", "\r\nb"}}, /* the caller's field table decides */
	{__LINE__, SLICE_LIT("email=n%40example.org&p=news&v=0123abcd"), OK,
	    {"email", "n@example.org", "p", "news", "v", "0123abcd"}},
};

static void form_compare(int line, const char *const *fields)
{
	size_t n = 0;

	while (fields[2 * n])
		n++;
	if (form.count != n)
		fail_msg("row of line %d: %zu fields", line, form.count);
	for (size_t i = 0; i < n; i++) {
		if (!slice_eq_str(form.fields[i].name, fields[2 * i]))
			fail_msg("row of line %d: name %zu", line, i);
		if (!slice_eq_str(form.fields[i].value, fields[2 * i + 1]) || !form.fields[i].value.ptr)
			fail_msg("row of line %d: value %zu", line, i);
	}
}

static void test_urlencoded(void **state)
{
	struct errinfo ei;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (form_parse(&arena, cases[i].in, &form, &ei) != cases[i].err)
			fail_msg("row of line %d", cases[i].line);
		if (cases[i].err == OK)
			form_compare(cases[i].line, cases[i].fields);
	}
	assert_int_equal(form_parse(&arena, slice_make(NULL, 0), &form, NULL), OK);
	assert_int_equal(form.count, 0);
}

static void test_limits(void **state)
{
	struct errinfo ei;
	struct arena small;
	char body[4 * FORM_FIELDS_MAX + 4];

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = "a=1&"[i % 4];
	assert_int_equal(form_parse(&arena, slice_make(body, 4 * FORM_FIELDS_MAX), &form, &ei), OK);
	assert_int_equal(form.count, FORM_FIELDS_MAX);
	assert_int_equal(form_parse(&arena, slice_make(body, sizeof(body)), &form, &ei), E_LIMIT);
	arena_init(&small, 40);
	assert_int_equal(form_parse(&small, slice_make(body, 200), &form, &ei), E_NOMEM);
	arena_free(&small);
}

/* Error texts go to logs: they hold nothing that was sent. */
static void test_errors_hold_no_input(void **state)
{
	struct errinfo ei;

	(void)state;
	assert_int_equal(form_parse(&arena, SLICE("email=secret%"), &form, &ei), E_INVALID);
	assert_false(strstr(ei.text, "secret"));
	assert_int_equal(form_parse(&arena, SLICE("secret=secret%ff"), &form, &ei), E_INVALID);
	assert_false(strstr(ei.text, "secret"));
}

static void test_access(void **state)
{
	(void)state;
	assert_int_equal(form_parse(&arena, SLICE("p=a&email=x&p=b&p=&P=c"), &form, NULL), OK);
	assert_true(slice_eq_str(form_get(&form, "p"), "a"));
	assert_true(slice_eq_str(form_get(&form, "email"), "x"));
	assert_int_equal(form_count(&form, "p"), 3);
	assert_int_equal(form_count(&form, "P"), 1);
	assert_int_equal(form_count(&form, "none"), 0);
	assert_true(slice_eq_str(form_nth(&form, "p", 1), "b"));
	assert_int_equal(form_nth(&form, "p", 2).len, 0);
	assert_non_null(form_nth(&form, "p", 2).ptr);
	assert_null(form_nth(&form, "p", 3).ptr);
	assert_null(form_get(&form, "none").ptr);
	assert_null(form_get(&form, "").ptr);
}

#define TYPE SLICE_LIT("multipart/form-data; boundary=XyZ")
#define NAMED(n) "Content-Disposition: form-data; name=\"" n "\"\r\n"
#define ONE_CLICK NAMED("List-Unsubscribe") "\r\nOne-Click\r\n"

static const struct {
	int line;
	struct slice type, in;
	enum err err;
	const char *fields[9];
} parts[] = {
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ--\r\n"), OK, {"List-Unsubscribe", "One-Click"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ--"), OK, {"List-Unsubscribe", "One-Click"}},
	{__LINE__, SLICE_LIT("Multipart/Form-Data;BOUNDARY=\"XyZ\""),
	    SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ--"), OK,
	    {"List-Unsubscribe", "One-Click"}},
	{__LINE__, SLICE_LIT("multipart/form-data; charset=utf-8; boundary=XyZ;"),
	    SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ--"), OK, {"List-Unsubscribe", "One-Click"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\ncontent-disposition: form-data; name=a\n\nb\n--XyZ--\n"), OK,
	    {"a", "b"}},
	{__LINE__, TYPE,
	    SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n1\r\n--XyZ\r\n" NAMED("b") "\r\n2\r\n--XyZ--\r\n"), OK,
	    {"a", "1", "b", "2"}},
	{__LINE__, TYPE, SLICE_LIT("preamble\r\n--XyZ \t\r\n" NAMED("a") "\r\n1\r\n--XyZ--\r\nepilogue"), OK,
	    {"a", "1"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n\r\n--XyZ--\r\n"), OK, {"a", ""}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n--XyZ--\r\n"), OK, {"a", ""}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n1\r\n\r\n--XyZ--\r\n"), OK, {"a", "1\r\n"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n1\r\n--XyZa\r\n--XyZ--\r\n"), OK,
	    {"a", "1\r\n--XyZa"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\nx--XyZ\r\n--XyZ--\r\n"), OK, {"a", "x--XyZ"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n+%41&\r\n--XyZ--\r\n"), OK, {"a", "+%41&"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("") "\r\n1\r\n--XyZ--\r\n"), OK, {"", "1"}},
	{__LINE__, TYPE,
	    SLICE_LIT("--XyZ\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8BIT\r\n" NAMED("a")
	    "\r\nß\r\n--XyZ--\r\n"), OK, {"a", "ß"}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ--\r\n"), OK, {NULL}},
	/* boundaries */
	{__LINE__, SLICE_LIT("multipart/form-data"), SLICE_LIT("--\r\n" ONE_CLICK "----"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary="), SLICE_LIT("--\r\n" ONE_CLICK "----"),
	    E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary=\"XyZ"), SLICE_LIT("--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary=XyZ; boundary=a"), SLICE_LIT("--XyZ--\r\n--a--"),
	    E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary=\"Xy\\Z\""), SLICE_LIT("--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary=\"XyZ \""), SLICE_LIT("--XyZ --"),
	    E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary=X\0Z"), SLICE_LIT("--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/form-data; boundary="
	    "12345678901234567890123456789012345678901234567890123456789012345678901"), SLICE_LIT(""),
	    E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT("multipart/mixed; boundary=XyZ"), SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ--"),
	    E_INVALID, {NULL}},
	{__LINE__, SLICE_LIT(""), SLICE_LIT("--XyZ--"), E_INVALID, {NULL}},
	/* cut off */
	{__LINE__, TYPE, SLICE_LIT(""), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a")), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" ONE_CLICK), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ-"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" ONE_CLICK "--XyZ\r\n"), E_INVALID, {NULL}},
	/* parts that are not small named texts */
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n\r\n1\r\n--XyZ--\r\n"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XyZ--"), E_INVALID,
	    {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\nContent-Disposition: file; name=a\r\n\r\n1\r\n--XyZ--"),
	    E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") NAMED("b") "\r\n1\r\n--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a\"; filename=\"x") "\r\n1\r\n--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a\\\"b") "\r\n1\r\n--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, TYPE,
	    SLICE_LIT("--XyZ\r\nContent-Transfer-Encoding: base64\r\n" NAMED("a") "\r\nMQ==\r\n--XyZ--"),
	    E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n\xff\r\n--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("a") "\r\n\0\r\n--XyZ--"), E_INVALID, {NULL}},
	{__LINE__, TYPE, SLICE_LIT("--XyZ\r\n" NAMED("\xff") "\r\n1\r\n--XyZ--"), E_INVALID, {NULL}},
};

static void test_multipart(void **state)
{
	struct errinfo ei;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (form_parse_multipart(&arena, parts[i].in, parts[i].type, &form, &ei) != parts[i].err)
			fail_msg("row of line %d", parts[i].line);
		if (parts[i].err == OK)
			form_compare(parts[i].line, parts[i].fields);
	}
}

static void test_multipart_limits(void **state)
{
	struct arena small;
	struct buf b;

	(void)state;
	buf_init(&b, 16384);
	for (size_t i = 0; i < FORM_FIELDS_MAX; i++)
		buf_add_str(&b, "--XyZ\r\n" NAMED("a") "\r\n1\r\n");
	size_t full = b.len;
	buf_add_str(&b, "--XyZ--");
	assert_int_equal(form_parse_multipart(&arena, buf_slice(&b), (struct slice)TYPE, &form, NULL), OK);
	assert_int_equal(form.count, FORM_FIELDS_MAX);
	arena_init(&small, 40);
	assert_int_equal(form_parse_multipart(&small, buf_slice(&b), (struct slice)TYPE, &form, NULL), E_NOMEM);
	arena_free(&small);
	buf_truncate(&b, full);
	buf_add_str(&b, "--XyZ\r\n" ONE_CLICK "--XyZ--");
	assert_int_equal(form_parse_multipart(&arena, buf_slice(&b), (struct slice)TYPE, &form, NULL), E_LIMIT);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_urlencoded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors_hold_no_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multipart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multipart_limits, setup, teardown),
	};

	return cmocka_run_group_tests_name("text/form", tests, NULL, NULL);
}
