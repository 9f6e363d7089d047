#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "text/jsonw.h"

static struct buf buf;
static struct jsonw w;

static int setup(void **state)
{
	(void)state;
	buf_init(&buf, 4096);
	jsonw_init(&w, &buf);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&buf);
	return 0;
}

static const struct {
	int line;
	struct slice in;
	const char *out;
} strings[] = {
	{__LINE__, SLICE_LIT(""), "\"\""},
	{__LINE__, SLICE_LIT("Grüße 😀"), "\"Grüße 😀\""},
	{__LINE__, SLICE_LIT("\"\\/"), "\"\\\"\\\\/\""},
	{__LINE__, SLICE_LIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
	{__LINE__, SLICE_LIT("\0\x01\x0b\x1f"), "\"\\u0000\\u0001\\u000b\\u001f\""},
	{__LINE__, SLICE_LIT("\x7f"), "\"\x7f\""},
	{__LINE__, SLICE_LIT("</script><!--"), "\"\\u003c/script>\\u003c!--\""},
	{__LINE__, SLICE_LIT("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\""},
	{__LINE__, SLICE_LIT("a\xff" "b"), "\"a\xef\xbf\xbd" "b\""},
	{__LINE__, SLICE_LIT("\xc3"), "\"\xef\xbf\xbd\""},
	{__LINE__, SLICE_LIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{__LINE__, SLICE_LIT("\xc0\xbc"), "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong "<" */
};

static void test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		buf_reset(&buf);
		jsonw_init(&w, &buf);
		jsonw_str(&w, strings[i].in);
		if (!slice_eq_str(buf_slice(&buf), strings[i].out))
			fail_msg("row of line %d gave %s", strings[i].line, buf.data);
	}
}

/* What one byte becomes, between the quotes. */
static struct slice written(struct slice text)
{
	buf_reset(&buf);
	jsonw_init(&w, &buf);
	jsonw_str(&w, text);
	return slice_sub(buf_slice(&buf), 1, buf.len - 2);
}

/* Plain text is looked at eight bytes at a time: each byte at each place of it becomes what it becomes alone. */
static void test_every_byte_at_every_place(void **state)
{
	char text[27], expected[64], alone[16];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char one = (char)c;
		assert_true(slice_copy(written(slice_make(&one, 1)), alone, sizeof(alone)));
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, at % 2 ? '~' : ' ', sizeof(text));
			snprintf(expected, sizeof(expected), "%.*s%s%.*s", (int)at, text, alone,
			    (int)(sizeof(text) - at - 1), text);
			text[at] = one;
			if (!slice_eq_str(written(slice_make(text, sizeof(text))), expected))
				fail_msg("byte %02x at %zu", c, at);
		}
	}
}

static void test_numbers_and_words(void **state)
{
	(void)state;
	jsonw_array(&w);
	jsonw_int(&w, 0);
	jsonw_int(&w, -1);
	jsonw_int(&w, INT64_MAX);
	jsonw_int(&w, INT64_MIN);
	jsonw_bool(&w, true);
	jsonw_bool(&w, false);
	jsonw_null(&w);
	jsonw_cstr(&w, NULL);
	jsonw_cstr(&w, "x");
	jsonw_raw(&w, SLICE("{\"y\":1}"));
	jsonw_end_array(&w);
	assert_string_equal(buf.data,
	    "[0,-1,9223372036854775807,-9223372036854775808,true,false,null,null,\"x\",{\"y\":1}]");
}

static void test_commas_and_nesting(void **state)
{
	(void)state;
	jsonw_object(&w);
	jsonw_kstr(&w, "a", SLICE("1"));
	jsonw_key(&w, "b");
	jsonw_array(&w);
	jsonw_end_array(&w);
	jsonw_key(&w, "c");
	jsonw_array(&w);
	jsonw_object(&w);
	jsonw_end_object(&w);
	jsonw_object(&w);
	jsonw_kint(&w, "d", 5);
	jsonw_kbool(&w, "e", true);
	jsonw_end_object(&w);
	jsonw_array(&w);
	jsonw_array(&w);
	jsonw_int(&w, 1);
	jsonw_end_array(&w);
	jsonw_int(&w, 2);
	jsonw_end_array(&w);
	jsonw_end_array(&w);
	jsonw_kcstr(&w, "f", NULL);
	jsonw_key_slice(&w, SLICE("g<\""));
	jsonw_object(&w);
	jsonw_end_object(&w);
	jsonw_kcstr(&w, "h", "i");
	jsonw_end_object(&w);
	assert_string_equal(buf.data,
	    "{\"a\":\"1\",\"b\":[],\"c\":[{},{\"d\":5,\"e\":true},[[1],2]]"
	    ",\"f\":null,\"g\\u003c\\\"\":{},\"h\":\"i\"}");
	assert_int_equal(w.depth, 0);
}

static void test_depth(void **state)
{
	(void)state;
	for (int i = 0; i < 32; i++) {
		jsonw_array(&w);
		jsonw_int(&w, i % 10);
	}
	for (int i = 0; i < 32; i++)
		jsonw_end_array(&w);
	assert_string_equal(buf.data,
	    "[0,[1,[2,[3,[4,[5,[6,[7,[8,[9,[0,[1,[2,[3,[4,[5,[6,[7,[8,[9,[0,[1,[2,[3,[4,[5,[6,[7,[8,[9,[0,[1"
	    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
}

static void too_deep(void)
{
	for (int i = 0; i < 33; i++)
		jsonw_array(&w);
}

static void unopened(void)
{
	jsonw_end_object(&w);
}

static void key_without_value(void)
{
	jsonw_object(&w);
	jsonw_key(&w, "a");
	jsonw_end_object(&w);
}

static void key_after_key(void)
{
	jsonw_object(&w);
	jsonw_key(&w, "a");
	jsonw_key(&w, "b");
}

static void key_outside(void)
{
	jsonw_key(&w, "a");
}

/* Misuse is a defect of ours and must stop the program. */
static void test_misuse_aborts(void **state)
{
	void (*const misuses[])(void) = {too_deep, unopened, key_without_value, key_after_key, key_outside};

	(void)state;
	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		int status = 0;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			signal(SIGABRT, SIG_DFL);
			close(STDERR_FILENO);
			misuses[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("misuse %zu went through", i);
	}
}

static void test_failed_buffer(void **state)
{
	struct buf small;

	(void)state;
	buf_init(&small, 4);
	jsonw_init(&w, &small);
	jsonw_array(&w);
	jsonw_cstr(&w, "longer");
	jsonw_end_array(&w);
	assert_false(buf_ok(&small));
	assert_int_equal(w.depth, 0);
	buf_free(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_byte_at_every_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers_and_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_commas_and_nesting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misuse_aborts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_buffer, setup, teardown),
	};

	return cmocka_run_group_tests_name("text/jsonw", tests, NULL, NULL);
}
