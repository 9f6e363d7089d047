#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "front/exchange_priv.h"

/* A body that comes in short pieces and may end early or late. */
struct body {
	const char *bytes;
	size_t len, at;
};

static size_t body_read(void *ctx, char *dst, size_t n)
{
	struct body *b = ctx;
	if (n > b->len - b->at)
		n = b->len - b->at;
	memcpy(dst, b->bytes + b->at, n);
	b->at += n;
	return n;
}

static unsigned handled;
static size_t limit = 10;

static void app_handle(void *ctx, struct request *req, struct response *res)
{
	assert_ptr_equal(ctx, &handled);
	handled++;
	res->content_type = "text/plain";
	buf_add_slice(&res->body, req->body);
	if (slice_eq_str(req->path, "/broken"))
		response_header(res, "X-A", SLICE("a\nb"));
	if (slice_eq_str(req->path, "/huge"))
		for (size_t i = 0; i < RESPONSE_BODY_MAX_BYTES / 16; i++)
			buf_add(&res->body, "0123456789abcdef", 16);
}

static size_t app_limit(void *ctx, const struct request *req)
{
	(void)ctx;
	assert_int_equal(req->body_state, REQUEST_BODY_AHEAD);
	assert_null(req->body.ptr);
	return limit;
}

static const struct front_app app = {.ctx = &handled, .handle = app_handle, .body_limit = app_limit};
static struct exchange x;

struct row {
	int line;
	const char *method, *uri, *length;
	size_t body_len;
	bool malformed;
	const char *status;
	bool effect;
};

static const struct row rows[] = {
	{__LINE__, "GET", "/", "", 0, false, "200 OK", true},
	{__LINE__, "GET", "/", "0", 0, false, "200 OK", true},
	{__LINE__, "GET", "/", "", 1, false, "400 Bad Request", false},
	{__LINE__, "POST", "/", "5", 5, false, "200 OK", true},
	{__LINE__, "POST", "/", "5", 4, false, "400 Bad Request", false},
	{__LINE__, "POST", "/", "5", 0, false, "400 Bad Request", false},
	{__LINE__, "POST", "/", "5", 6, false, "400 Bad Request", false},
	{__LINE__, "POST", "/", "10", 10, false, "200 OK", true},
	{__LINE__, "POST", "/", "11", 11, false, "413 Content Too Large", false},
	{__LINE__, "POST", "/", "11", 0, false, "413 Content Too Large", false},
	{__LINE__, "POST", "/", "999999999999", 20, false, "413 Content Too Large", false},
	{__LINE__, "POST", "/", "5", 5, true, "400 Bad Request", false},
	{__LINE__, "POST", "nopath", "5", 5, false, "400 Bad Request", false},
	{__LINE__, "POST", "/", "five", 5, false, "400 Bad Request", false},
	{__LINE__, "GET", "/broken", "", 0, false, "500 Internal Server Error", true},
	{__LINE__, "GET", "/huge", "", 0, false, "200 OK", true},
	{__LINE__, "GET", "/", "", 0, false, "200 OK", true},
};

static void run(const char *method, const char *uri, const char *length, struct body *body, bool malformed)
{
	char m[64], u[64], l[64];
	struct buf b;
	buf_init(&b, 4096);
	buf_printf(&b, "REQUEST_METHOD=%s", method);
	slice_copy(buf_slice(&b), m, sizeof(m));
	buf_reset(&b);
	buf_printf(&b, "REQUEST_URI=%s", uri);
	slice_copy(buf_slice(&b), u, sizeof(u));
	buf_reset(&b);
	buf_printf(&b, "CONTENT_LENGTH=%s", length);
	slice_copy(buf_slice(&b), l, sizeof(l));
	buf_free(&b);
	char *env[] = {m, u, l, NULL}, **at = env;
	struct exchange_source src = {
	    .next = exchange_next_env, .next_ctx = &at, .read = body_read, .read_ctx = body, .malformed = malformed};
	exchange_run(&x, &src);
}

static void test_rows(void **state)
{
	(void)state;
	static const char bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct body body = {.bytes = bytes, .len = rows[i].body_len};
		unsigned before = handled;
		run(rows[i].method, rows[i].uri, rows[i].length, &body, rows[i].malformed);
		struct slice out = buf_slice(&x.out), want = slice_from(rows[i].status);
		if (!buf_ok(&x.out) || !slice_eq(slice_sub(out, 8, want.len), want))
			fail_msg("line %d: %.*s", rows[i].line, 60, out.ptr);
		if ((handled - before == 1) != rows[i].effect)
			fail_msg("line %d: handled %u times", rows[i].line, handled - before);
		if (body.at != body.len)
			fail_msg("line %d: %zu bytes of the body were left", rows[i].line, body.len - body.at);
	}
}

static void test_head(void **state)
{
	(void)state;
	struct body body = {.bytes = "abc", .len = 3};
	run("HEAD", "/", "3", &body, false);
	assert_non_null(strstr(x.out.data, "\r\nContent-Length: 3\r\n"));
	assert_true(slice_ends(buf_slice(&x.out), SLICE("\r\n\r\n")));
}

/* The application's limit never lifts the front's. */
static void test_hard_limit(void **state)
{
	(void)state;
	static char big[FRONT_BODY_MAX_BYTES + 1];
	struct body body = {.bytes = big, .len = FRONT_BODY_MAX_BYTES};
	limit = SIZE_MAX;
	run("POST", "/", "1048576", &body, false);
	assert_memory_equal(x.out.data, "Status: 200", 11);
	body = (struct body){.bytes = big, .len = FRONT_BODY_MAX_BYTES + 1};
	run("POST", "/", "1048577", &body, false);
	assert_memory_equal(x.out.data, "Status: 413", 11);
	limit = 10;
	/* large buffers are given back */
	body = (struct body){.bytes = big, .len = 1};
	run("POST", "/", "1", &body, false);
	assert_true(x.body.cap_bytes < FRONT_BODY_MAX_BYTES);
	assert_true(x.out.cap_bytes < FRONT_BODY_MAX_BYTES);
}

static void test_env(void **state)
{
	(void)state;
	static char a[] = "A=b=c", empty[] = "E=", bare[] = "BARE";
	char *env[] = {a, empty, bare, NULL}, **at = env;
	struct slice name, value;
	assert_true(exchange_next_env(&at, &name, &value));
	assert_true(slice_eq_str(name, "A") && slice_eq_str(value, "b=c"));
	assert_true(exchange_next_env(&at, &name, &value));
	assert_true(slice_eq_str(name, "E") && !value.len);
	assert_true(exchange_next_env(&at, &name, &value));
	assert_true(slice_eq_str(name, "BARE") && !value.len);
	assert_false(exchange_next_env(&at, &name, &value));
	char **none = NULL;
	assert_false(exchange_next_env(&none, &name, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_hard_limit),
		cmocka_unit_test(test_env),
	};
	if (crypt_init(NULL) != OK)
		return 1;
	exchange_init(&x, &app);
	int failed = cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
	exchange_free(&x);
	return failed;
}
