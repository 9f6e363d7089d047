#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "web/request.h"

struct pair {
	struct slice name, value;
};
#define END {{NULL, 0}, {NULL, 0}}
#define P(n, v) {SLICE_LIT(n), SLICE_LIT(v)}

struct source {
	const struct pair *pairs;
	size_t at;
};

static struct arena arena;

/* Values live only until the next call, as the contract says: they are overwritten. */
static bool pairs_next(void *ctx, struct slice *name, struct slice *value)
{
	static char scratch[16384];
	struct source *s = ctx;
	const struct pair *p = &s->pairs[s->at];
	memset(scratch, '!', sizeof(scratch));
	if (!p->name.ptr)
		return false;
	s->at++;
	memcpy(scratch, p->name.ptr, p->name.len);
	memcpy(scratch + p->name.len, p->value.ptr, p->value.len);
	*name = slice_make(scratch, p->name.len);
	*value = slice_make(scratch + p->name.len, p->value.len);
	return true;
}

static unsigned fill(struct request *req, const struct pair *pairs)
{
	struct source s = {.pairs = pairs};
	arena_reset(&arena);
	return request_from_params(req, &arena, pairs_next, &s);
}

static void expect(int line, const char *what, struct slice got, const char *want)
{
	if (!slice_eq_str(got, want))
		fail_msg("line %d: %s is \"%.*s\" instead of \"%s\"", line, what, SLICE_FMT(got), want);
}

struct path_row {
	int line;
	struct pair pairs[5];
	unsigned status;
	const char *path, *decoded, *query;
};

static const struct path_row path_rows[] = {
	{__LINE__, {P("REQUEST_URI", "/")}, 0, "/", "/", ""},
	{__LINE__, {P("REQUEST_URI", "/j/s/news?lang=de")}, 0, "/j/s/news", "/j/s/news", "lang=de"},
	{__LINE__, {P("REQUEST_URI", "/j/s/news?")}, 0, "/j/s/news", "/j/s/news", ""},
	{__LINE__, {P("REQUEST_URI", "/a?b?c")}, 0, "/a", "/a", "b?c"},
	{__LINE__, {P("REQUEST_URI", "/%C3%A4%20b")}, 0, "/%C3%A4%20b", "/\xc3\xa4 b", ""},
	{__LINE__, {P("REQUEST_URI", "/a+b")}, 0, "/a+b", "/a+b", ""},
	{__LINE__, {P("REQUEST_URI", "/%2541")}, 0, "/%2541", "/%41", ""},
	{__LINE__, {P("REQUEST_URI", "/..a/b..")}, 0, "/..a/b..", "/..a/b..", ""},
	{__LINE__, {P("REQUEST_URI", "/x/..")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x/../y")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x/./y")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x/%2e%2E/y")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x%2f..%2fy")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x/.")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%00")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%0a")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%c0%ae")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%ed%a0%80")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%e2%80%ae")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%g1")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/%4")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/\xff")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "*")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "?x")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "http://h/x")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("HTTP_HOST", "h")}, 400, NULL, NULL, NULL},
	/* rewritten, or part of a page by SSI: DOCUMENT_URI and QUERY_STRING count */
	{__LINE__, {P("REQUEST_URI", "/index.html?a"), P("DOCUMENT_URI", "/j/s/news"),
	    P("QUERY_STRING", "fragment")},
	    0, "/j/s/news", "/j/s/news", "fragment"},
	{__LINE__, {P("REQUEST_URI", "/a%20b?x"), P("DOCUMENT_URI", "/a b"), P("QUERY_STRING", "x")},
	    0, "/a%20b", "/a b", "x"},
	{__LINE__, {P("REQUEST_URI", "//a"), P("DOCUMENT_URI", "/a"), P("QUERY_STRING", "")}, 0, "/a", "/a", ""},
	{__LINE__, {P("REQUEST_URI", "/x"), P("DOCUMENT_URI", "/a/../b")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x"), P("DOCUMENT_URI", "b")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("REQUEST_URI", "/x/../b"), P("DOCUMENT_URI", "/b")}, 400, NULL, NULL, NULL},
	/* plain CGI */
	{__LINE__, {P("SCRIPT_NAME", "/cgi-bin/jawort"), P("PATH_INFO", "/s/news"), P("QUERY_STRING", "lang=en")},
	    0, "/cgi-bin/jawort/s/news", "/cgi-bin/jawort/s/news", "lang=en"},
	{__LINE__, {P("SCRIPT_NAME", ""), P("PATH_INFO", "/n"), P("QUERY_STRING", "")}, 0, "/n", "/n", ""},
	{__LINE__, {P("SCRIPT_NAME", "/j"), P("PATH_INFO", "/\xc3\xa4 %")}, 0,
	    "/j/%C3%A4%20%25", "/j/\xc3\xa4 %", ""},
	{__LINE__, {P("SCRIPT_NAME", "/j"), P("PATH_INFO", "/../etc")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("SCRIPT_NAME", "/j"), P("PATH_INFO", "/\xc3(")}, 400, NULL, NULL, NULL},
	{__LINE__, {P("DOCUMENT_URI", "/n/"), P("SCRIPT_NAME", "/other")}, 0, "/n/", "/n/", ""},
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(path_rows) / sizeof(path_rows[0]); i++) {
		const struct path_row *row = &path_rows[i];
		struct pair pairs[7] = {P("REQUEST_METHOD", "GET")};
		memcpy(pairs + 1, row->pairs, sizeof(row->pairs));
		struct request req;
		unsigned status = fill(&req, pairs);
		if (status != row->status)
			fail_msg("line %d: status %u instead of %u", row->line, status, row->status);
		if (status)
			continue;
		expect(row->line, "path", req.path, row->path);
		expect(row->line, "decoded path", req.path_decoded, row->decoded);
		expect(row->line, "query", req.query, row->query);
	}
}

struct value_row {
	int line;
	struct pair pair;
	unsigned status;
};

static const struct value_row value_rows[] = {
	{__LINE__, P("HTTP_X", "fine"), 0},
	{__LINE__, P("HTTP_X", "tab\there"), 0},
	{__LINE__, P("SERVER_NAME", "tab\there"), 400},
	{__LINE__, P("HTTP_X", "nul\0here"), 400},
	{__LINE__, P("HTTP_X", "lf\nhere"), 400},
	{__LINE__, P("UNKNOWN", "cr\rhere"), 400},
	{__LINE__, P("HTTP_X", "del\x7fhere"), 400},
	{__LINE__, P("HTTP_X", "\x1b[0m"), 400},
	{__LINE__, P("HT\nTP_X", "x"), 400},
	{__LINE__, P("", "x"), 400},
	{__LINE__, P("HTTP_X", "\xe4\xf6"), 0},
	{__LINE__, P("REMOTE_ADDR", "\xe4"), 400},
	{__LINE__, P("HTTP_ORIGIN", "https://\xe4"), 400},
	{__LINE__, P("HTTP_USER_AGENT", "\xe4"), 0},
	{__LINE__, P("HTTP_HOST", "a b"), 400},
	{__LINE__, P("HTTP_HOST", "a/b"), 400},
	{__LINE__, P("HTTP_HOST", "a@b"), 400},
	{__LINE__, P("HTTP_HOST", "a,b"), 400},
	{__LINE__, P("HTTP_HOST", "\xc3\xa4.de"), 400},
	{__LINE__, P("HTTP_HOST", "[2001:db8::1]:8443"), 0},
	{__LINE__, P("HTTP_HOST", ""), 0},
	{__LINE__, P("REQUEST_METHOD", ""), 400},
	{__LINE__, P("CONTENT_LENGTH", ""), 0},
	{__LINE__, P("CONTENT_LENGTH", "12"), 0},
	{__LINE__, P("CONTENT_LENGTH", "-1"), 400},
	{__LINE__, P("CONTENT_LENGTH", "+1"), 400},
	{__LINE__, P("CONTENT_LENGTH", "1 "), 400},
	{__LINE__, P("CONTENT_LENGTH", "1,1"), 400},
	{__LINE__, P("CONTENT_LENGTH", "18446744073709551615"), 400},
	{__LINE__, P("CONTENT_LENGTH", "99999999999999999999"), 400},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++) {
		struct pair pairs[4] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/"), value_rows[i].pair};
		struct request req;
		unsigned status = fill(&req, pairs);
		if (status != value_rows[i].status)
			fail_msg("line %d: status %u instead of %u", value_rows[i].line, status, value_rows[i].status);
		assert_int_equal(strlen(req.id), REQUEST_ID_CHARS);
	}
}

static void test_fields(void **state)
{
	(void)state;
	static const struct pair pairs[] = {
		P("REQUEST_METHOD", "POST"), P("REQUEST_URI", "/x?q=1"), P("HTTP_HOST", "First.example"),
		P("HTTP_HOST", "WWW.Example.ORG:8443"), P("CONTENT_TYPE", "text/plain"), P("CONTENT_LENGTH", "7"),
		P("HTTP_ORIGIN", "null"), P("HTTP_REFERER", "\xe4"), P("REMOTE_ADDR", "2001:db8::7"),
		P("HTTP_PURPOSE", "prefetch"), P("JAWORT_SITE", "example"), P("SERVER_PORT", "8443"), P("HTTPS", "on"),
		END,
	};
	struct request req;
	clock_set_ms(1234567);
	assert_int_equal(fill(&req, pairs), 0);
	clock_set_ms(-1);
	assert_int_equal(req.method, REQUEST_POST);
	assert_int_equal(req.received_ms, 1234567);
	expect(__LINE__, "host", req.host, "www.example.org:8443");
	expect(__LINE__, "content type", req.content_type, "text/plain");
	expect(__LINE__, "origin", req.origin, "null");
	expect(__LINE__, "referer", req.referer, "");
	expect(__LINE__, "remote", req.remote_addr, "2001:db8::7");
	expect(__LINE__, "purpose", req.sec_purpose, "prefetch");
	expect(__LINE__, "site", req.site_override, "example");
	expect(__LINE__, "accept", req.accept, "");
	assert_int_equal(req.server_port, 8443);
	assert_true(req.https);
	assert_int_equal(req.content_length, 7);
	assert_int_equal(req.body_state, REQUEST_BODY_AHEAD);
	request_set_body(&req, SLICE("1234567"));
	assert_int_equal(req.body_state, REQUEST_BODY_READ);
	expect(__LINE__, "body", req.body, "1234567");
}

static void test_methods(void **state)
{
	(void)state;
	static const struct {
		struct slice name;
		enum request_method method;
	} rows[] = {
		{SLICE_LIT("GET"), REQUEST_GET}, {SLICE_LIT("HEAD"), REQUEST_HEAD}, {SLICE_LIT("POST"), REQUEST_POST},
		{SLICE_LIT("OPTIONS"), REQUEST_OPTIONS}, {SLICE_LIT("get"), REQUEST_OTHER},
		{SLICE_LIT("PUT"), REQUEST_OTHER}, {SLICE_LIT("GETX"), REQUEST_OTHER},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pairs[3] = {{SLICE("REQUEST_METHOD"), rows[i].name}, P("REQUEST_URI", "/")};
		struct request req;
		assert_int_equal(fill(&req, pairs), 0);
		assert_int_equal(req.method, rows[i].method);
	}
}

static void test_https(void **state)
{
	(void)state;
	static const struct {
		struct pair pair;
		bool https;
	} rows[] = {
		{P("HTTPS", "on"), true}, {P("HTTPS", "ON"), true}, {P("HTTPS", "1"), true}, {P("HTTPS", ""), false},
		{P("HTTPS", "off"), false}, {P("REQUEST_SCHEME", "https"), true}, {P("REQUEST_SCHEME", "http"), false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pairs[4] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/"), rows[i].pair};
		struct request req;
		assert_int_equal(fill(&req, pairs), 0);
		assert_int_equal(req.https, rows[i].https);
	}
}

static void test_limits(void **state)
{
	(void)state;
	static char uri[REQUEST_URI_MAX_BYTES + 2];
	memset(uri, 'a', sizeof(uri));
	uri[0] = '/';
	struct pair pairs[3] = {P("REQUEST_METHOD", "GET"), {SLICE("REQUEST_URI"), {uri, REQUEST_URI_MAX_BYTES}}};
	struct request req;
	assert_int_equal(fill(&req, pairs), 0);
	assert_int_equal(req.path.len, REQUEST_URI_MAX_BYTES);
	pairs[1].value.len++;
	assert_int_equal(fill(&req, pairs), 414);
	/* encoded form of a decoded path may become longer: the raw one is what counts */
	memset(uri + 1, ' ', sizeof(uri) - 1);
	pairs[1] = (struct pair){SLICE("PATH_INFO"), {uri, 4000}};
	assert_int_equal(fill(&req, pairs), 414);
	/* all parameters together */
	struct pair many[10] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/")};
	for (size_t i = 2; i < 9; i++)
		many[i] = (struct pair){SLICE("HTTP_X"), {uri, 8000}};
	assert_int_equal(fill(&req, many), 0);
	struct pair over[12] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/")};
	for (size_t i = 2; i < 11; i++)
		over[i] = (struct pair){SLICE("HTTP_X"), {uri, 8000}};
	assert_int_equal(fill(&req, over), 431);
}

/* Without memory the answer is 503, never a crash. */
static void test_memory(void **state)
{
	(void)state;
	static const struct pair pairs[] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/%41?x=%42"),
	    P("HTTP_HOST", "h"), END};
	unsigned refused = 0;
	for (size_t max = 0; max < 600; max += 8) {
		struct arena small;
		struct request req;
		struct source s = {.pairs = pairs};
		arena_init(&small, max);
		unsigned status = request_from_params(&req, &small, pairs_next, &s);
		assert_true(status == 0 || status == 503);
		refused += status == 503;
		arena_free(&small);
	}
	assert_true(refused > 0);
}

static void test_query(void **state)
{
	(void)state;
	struct request req;
	static const struct pair good[] = {P("REQUEST_METHOD", "GET"),
	    P("REQUEST_URI", "/s?lang=de&fragment&id=a%20b"), END};
	assert_int_equal(fill(&req, good), 0);
	expect(__LINE__, "lang", request_query_get(&req, "lang"), "de");
	expect(__LINE__, "id", request_query_get(&req, "id"), "a b");
	assert_non_null(request_query_get(&req, "fragment").ptr);
	assert_null(request_query_get(&req, "no").ptr);
	assert_ptr_equal(request_query(&req), request_query(&req));
	static const struct pair bad[] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/s?lang=%zz"), END};
	assert_int_equal(fill(&req, bad), 0);
	assert_null(request_query(&req));
	assert_null(request_query_get(&req, "lang").ptr);
}

static void test_accepts(void **state)
{
	(void)state;
	static const struct {
		int line;
		const char *accept, *type;
		unsigned quality;
	} rows[] = {
		{__LINE__, "", "text/html", 1000},
		{__LINE__, "*/*", "text/html", 1000},
		{__LINE__, "text/html", "application/json", 0},
		{__LINE__, "text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "text/html", 700},
		{__LINE__, "text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "text/plain", 300},
		{__LINE__, "text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "image/png", 500},
		{__LINE__, "application/json", "application/json", 1000},
		{__LINE__, "Application/JSON; charset=utf-8", "application/json", 1000},
		{__LINE__, "*/*;q=0.8, application/json;q=0", "application/json", 0},
		{__LINE__, "text/html ; Q=0.125", "text/html", 125},
		{__LINE__, "text/html;q=1.000", "text/html", 1000},
		{__LINE__, "text/html;q=1.5", "text/html", 1000},
		{__LINE__, "text/html;q=x", "text/html", 1000},
		{__LINE__, ",,;", "text/html", 0},
		{__LINE__, "text/htmlx", "text/html", 0},
		{__LINE__, "tex/*", "text/html", 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request req = {.accept = slice_from(rows[i].accept)};
		if (request_accepts(&req, rows[i].type) != rows[i].quality)
			fail_msg("line %d: %u", rows[i].line, request_accepts(&req, rows[i].type));
	}
}

static void test_type(void **state)
{
	(void)state;
	struct request req = {.content_type = SLICE("Application/X-WWW-Form-Urlencoded ; charset=UTF-8")};
	assert_true(request_type_is(&req, "application/x-www-form-urlencoded"));
	assert_false(request_type_is(&req, "application/x-www-form"));
	req.content_type = SLICE("");
	assert_false(request_type_is(&req, "text/plain"));
}

static void test_ids_differ(void **state)
{
	(void)state;
	static const struct pair pairs[] = {P("REQUEST_METHOD", "GET"), P("REQUEST_URI", "/"), END};
	struct request a, b;
	assert_int_equal(fill(&a, pairs), 0);
	assert_int_equal(fill(&b, pairs), 0);
	assert_string_not_equal(a.id, b.id);
	assert_int_equal(strspn(a.id, "abcdefghijklmnopqrstuvwxyz234567"), REQUEST_ID_CHARS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_https),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_ids_differ),
	};
	if (crypt_init(NULL) != OK)
		return 1;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	int failed = cmocka_run_group_tests_name("request", tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
