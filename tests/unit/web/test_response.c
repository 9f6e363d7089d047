#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "web/response.h"

static struct arena arena;
static struct response res;
static struct buf out;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	response_init(&res, &arena);
	buf_init(&out, 64 * 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	response_free(&res);
	arena_free(&arena);
	buf_free(&out);
	return 0;
}

static const char *written(bool head_only)
{
	buf_reset(&out);
	response_write(&res, head_only, &out);
	assert_true(buf_ok(&out));
	return out.data;
}

static bool is_failed(void)
{
	return !response_ok(&res) && !strncmp(written(false), "Status: 500 Internal Server Error\r\n", 35);
}

/* Where memory ended, or a body outgrew its maximum: nobody's fault that a later try may not have. */
static bool is_starved(bool head_only)
{
	const char *all = written(head_only), *body = strstr(all, "\r\n\r\n") + 4;
	return !response_ok(&res) && !strncmp(all, "Status: 503 Service Unavailable\r\n", 33) &&
	    strstr(all, "\r\nRetry-After: 60\r\n") && strstr(all, "\r\nContent-Length: 24\r\n") &&
	    strlen(body) == (head_only ? 0 : 24);
}

static void test_page(void **state)
{
	(void)state;
	res.content_type = "text/html; charset=utf-8";
	buf_add_str(&res.body, "<p>Hallo</p>");
	response_header(&res, "Cache-Control", SLICE("no-store"));
	assert_string_equal(written(false), "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
	    "Content-Length: 12\r\nCache-Control: no-store\r\n\r\n<p>Hallo</p>");
	assert_string_equal(written(true), "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
	    "Content-Length: 12\r\nCache-Control: no-store\r\n\r\n");
}

static void test_redirect(void **state)
{
	(void)state;
	buf_add_str(&res.body, "dropped");
	response_redirect(&res, 303, SLICE("/j/s/news/sent"));
	assert_string_equal(written(false), "Status: 303 See Other\r\nContent-Length: 0\r\n"
	    "Location: /j/s/news/sent\r\n\r\n");
}

static void test_add_param(void **state)
{
	(void)state;
	static const struct {
		int line;
		const char *url, *name, *value, *want;
	} rows[] = {
		{__LINE__, "/x", "lang", "de", "/x?lang=de"},
		{__LINE__, "/x?a=b", "lang", "de", "/x?a=b&lang=de"},
		{__LINE__, "/x#end", "a", "b c&d=\xc3\xa4", "/x?a=b%20c%26d%3D%C3%A4#end"},
		{__LINE__, "/x#a?b", "c", "", "/x?c=#a?b"},
		{__LINE__, "/x", "n", "\r\nSet-Cookie: a", "/x?n=%0D%0ASet-Cookie%3A%20a"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		response_reset(&res);
		response_redirect(&res, 303, slice_from(rows[i].url));
		response_add_param(&res, rows[i].name, slice_from(rows[i].value));
		if (!slice_eq_str(response_header_get(&res, "location"), rows[i].want))
			fail_msg("line %d: %.*s", rows[i].line, SLICE_FMT(response_header_get(&res, "Location")));
		assert_true(response_ok(&res));
	}
	response_reset(&res);
	response_add_param(&res, "a", SLICE("b"));
	assert_true(is_failed());
}

/* What would split the answer, or contradict it, makes it a bare 500. */
static void test_refused_headers(void **state)
{
	(void)state;
	static const struct {
		int line;
		const char *name;
		struct slice value;
		bool ok;
	} rows[] = {
		{__LINE__, "X-A", SLICE_LIT("plain"), true},
		{__LINE__, "X-A", SLICE_LIT("tab\t"), true},
		{__LINE__, "X-A", SLICE_LIT("\xc3\xa4"), true},
		{__LINE__, "X-A", SLICE_LIT(""), true},
		{__LINE__, "X-A", SLICE_LIT("a\rb"), false},
		{__LINE__, "X-A", SLICE_LIT("a\nb"), false},
		{__LINE__, "X-A", SLICE_LIT("a\0b"), false},
		{__LINE__, "X-A", SLICE_LIT("a\x7f"), false},
		{__LINE__, "X-A", SLICE_LIT("\x0b"), false},
		{__LINE__, "X A", SLICE_LIT("x"), false},
		{__LINE__, "X:A", SLICE_LIT("x"), false},
		{__LINE__, "X\nA", SLICE_LIT("x"), false},
		{__LINE__, "", SLICE_LIT("x"), false},
		{__LINE__, "Status", SLICE_LIT("200"), false},
		{__LINE__, "content-length", SLICE_LIT("1"), false},
		{__LINE__, "CONTENT-TYPE", SLICE_LIT("x"), false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		response_reset(&res);
		buf_add_str(&res.body, "secret");
		response_header(&res, rows[i].name, rows[i].value);
		if (response_ok(&res) != rows[i].ok)
			fail_msg("line %d", rows[i].line);
		if (!rows[i].ok) {
			assert_true(is_failed());
			assert_null(strstr(out.data, "secret"));
			assert_null(strstr(out.data, "X-A"));
		}
	}
}

static void test_too_many(void **state)
{
	(void)state;
	for (size_t i = 0; i < RESPONSE_HEADERS_MAX; i++)
		response_header_cstr(&res, "X-A", "b");
	assert_true(response_ok(&res));
	response_header_cstr(&res, "X-A", "b");
	assert_true(is_failed());
	response_reset(&res);
	assert_true(response_ok(&res));
	for (unsigned status = 0; status < 1000; status++) {
		res.status = status;
		assert_int_equal(response_ok(&res), status >= 200 && status <= 599);
	}
}

static void test_set_and_get(void **state)
{
	(void)state;
	response_header_cstr(&res, "Set-Cookie", "a");
	response_header_cstr(&res, "Vary", "Accept");
	response_header_cstr(&res, "Set-Cookie", "b");
	assert_true(slice_eq_str(response_header_get(&res, "set-cookie"), "a"));
	response_header_set(&res, "SET-COOKIE", SLICE("c"));
	assert_int_equal(res.count, 2);
	assert_true(slice_eq_str(response_header_get(&res, "Set-Cookie"), "c"));
	assert_true(slice_eq_str(response_header_get(&res, "Vary"), "Accept"));
	assert_null(response_header_get(&res, "Nothing").ptr);
}

/* The value that the caller gives may change afterwards. */
static void test_value_is_copied(void **state)
{
	(void)state;
	char value[] = "first";
	response_header(&res, "X-A", slice_from(value));
	memcpy(value, "other", 5);
	assert_true(slice_eq_str(response_header_get(&res, "X-A"), "first"));
}

static void test_bodiless(void **state)
{
	(void)state;
	res.content_type = "text/plain";
	buf_add_str(&res.body, "never");
	res.status = 304;
	response_header_cstr(&res, "ETag", "\"x\"");
	assert_string_equal(written(false), "Status: 304 Not Modified\r\nETag: \"x\"\r\n\r\n");
	res.status = 204;
	assert_string_equal(written(false), "Status: 204 No Content\r\nETag: \"x\"\r\n\r\n");
}

static void test_plain(void **state)
{
	(void)state;
	response_header_cstr(&res, "X-A", "gone");
	buf_add_str(&res.body, "gone");
	response_plain(&res, 413, "abc");
	const char *text = written(false);
	assert_non_null(strstr(text, "Status: 413 Content Too Large\r\n"));
	assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Security-Policy: default-src 'none'\r\n"));
	assert_non_null(strstr(text, "\r\n\r\n413 Content Too Large\nRequest abc\n"));
	assert_null(strstr(text, "gone"));
	response_plain(&res, 400, NULL);
	assert_null(strstr(written(false), "Request "));
	response_plain(&res, 418, NULL);
	assert_non_null(strstr(written(false), "418 Unknown"));
}

static void test_body_limit(void **state)
{
	(void)state;
	static char block[1024 * 1024];
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < RESPONSE_BODY_MAX_BYTES / sizeof(block); i++)
		buf_add(&res.body, block, sizeof(block));
	assert_true(response_ok(&res));
	assert_int_equal(strlen(strstr(written(false), "\r\n\r\n") + 4), RESPONSE_BODY_MAX_BYTES);
	buf_add_char(&res.body, 'x');
	assert_true(is_starved(false));
	assert_true(is_starved(true));
	/* big memory is given back, small memory is kept */
	response_reset(&res);
	assert_true(response_ok(&res));
	assert_true(res.body.cap_bytes <= RESPONSE_BODY_KEEP_BYTES);
	buf_add(&res.body, block, 1000);
	size_t cap = res.body.cap_bytes;
	response_reset(&res);
	assert_int_equal(res.body.cap_bytes, cap);
	assert_int_equal(res.body.len, 0);
}

static void test_memory(void **state)
{
	(void)state;
	struct arena small;
	struct response r;
	arena_init(&small, 16);
	response_init(&r, &small);
	response_header_cstr(&r, "X-A", "a value that does not fit into sixteen bytes");
	assert_false(response_ok(&r));
	response_free(&r);
	arena_free(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_add_param, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_and_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_value_is_copied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bodiless, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_body_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
	};
	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
