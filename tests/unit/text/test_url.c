#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/url.h"

static const struct {
	int line;
	struct slice in;
	const char *scheme, *host;
	unsigned port;
	const char *path, *query, *fragment;
} good[] = {
	{__LINE__, SLICE_LIT("https://example.org"), "https", "example.org", 443, "", "", ""},
	{__LINE__, SLICE_LIT("http://example.org/"), "http", "example.org", 80, "/", "", ""},
	{__LINE__, SLICE_LIT("HTTPS://Example.ORG:8443/A/b?c=d#e"), "HTTPS", "Example.ORG", 8443, "/A/b",
	    "c=d", "e"},
	{__LINE__, SLICE_LIT("https://example.org?x"), "https", "example.org", 443, "", "x", ""},
	{__LINE__, SLICE_LIT("https://example.org#x?y"), "https", "example.org", 443, "", "", "x?y"},
	{__LINE__, SLICE_LIT("https://example.org/a?b?c#d#e"), "https", "example.org", 443, "/a", "b?c", "d#e"},
	{__LINE__, SLICE_LIT("https://example.org/a?#"), "https", "example.org", 443, "/a", "", ""},
	{__LINE__, SLICE_LIT("https://example.org/user@host"), "https", "example.org", 443, "/user@host", "", ""},
	{__LINE__, SLICE_LIT("http://[::1]:8080/x"), "http", "[::1]", 8080, "/x", "", ""},
	{__LINE__, SLICE_LIT("http://[2001:db8::1]"), "http", "[2001:db8::1]", 80, "", "", ""},
	{__LINE__, SLICE_LIT("http://127.0.0.1:1/"), "http", "127.0.0.1", 1, "/", "", ""},
	{__LINE__, SLICE_LIT("https://example.org.:65535/"), "https", "example.org.", 65535, "/", "", ""},
	{__LINE__, SLICE_LIT("https://a_b.example/"), "https", "a_b.example", 443, "/", "", ""},
	{__LINE__, SLICE_LIT("https://localhost/%zz|{}"), "https", "localhost", 443, "/%zz|{}", "", ""},
};

static void test_parse(void **state)
{
	struct url u;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!url_parse(good[i].in, &u))
			fail_msg("row of line %d refused", good[i].line);
		if (!slice_eq_str(u.scheme, good[i].scheme) || !slice_eq_str(u.host, good[i].host) ||
		    u.port != good[i].port || !slice_eq_str(u.path, good[i].path) ||
		    !slice_eq_str(u.query, good[i].query) || !slice_eq_str(u.fragment, good[i].fragment))
			fail_msg("row of line %d: wrong parts", good[i].line);
	}
}

static const struct {
	int line;
	struct slice in;
} bad[] = {
	{__LINE__, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("https:")},
	{__LINE__, SLICE_LIT("https:/example.org")},
	{__LINE__, SLICE_LIT("https://")},
	{__LINE__, SLICE_LIT("https:///path")},
	{__LINE__, SLICE_LIT("//example.org/")},
	{__LINE__, SLICE_LIT("/path")},
	{__LINE__, SLICE_LIT("example.org")},
	{__LINE__, SLICE_LIT("ftp://example.org/")},
	{__LINE__, SLICE_LIT("javascript://example.org/%0aalert(1)")},
	{__LINE__, SLICE_LIT("httpsx://example.org/")},
	{__LINE__, SLICE_LIT("null")},
	{__LINE__, SLICE_LIT("https://user@example.org/")},
	{__LINE__, SLICE_LIT("https://user:pw@example.org/")},
	{__LINE__, SLICE_LIT("https://example.org:pw@evil.example/")},
	{__LINE__, SLICE_LIT("https://example.org\\@evil.example/")},
	{__LINE__, SLICE_LIT("https://evil.example\\.example.org/")},
	{__LINE__, SLICE_LIT("https:\\\\example.org/")},
	{__LINE__, SLICE_LIT(" https://example.org/")},
	{__LINE__, SLICE_LIT("https://example.org/ ")},
	{__LINE__, SLICE_LIT("https://exam ple.org/")},
	{__LINE__, SLICE_LIT("https://example.org/a\r\nSet-Cookie: x")},
	{__LINE__, SLICE_LIT("https://example.org/\tx")},
	{__LINE__, SLICE_LIT("https://example.org/\0x")},
	{__LINE__, SLICE_LIT("https://example.org/\x7f")},
	{__LINE__, SLICE_LIT("https://exämple.org/")},
	{__LINE__, SLICE_LIT("https://example.org/ä")},
	{__LINE__, SLICE_LIT("https://example.org/<b>")},
	{__LINE__, SLICE_LIT("https://example.org/\"x")},
	{__LINE__, SLICE_LIT("https://ex%61mple.org/")},
	{__LINE__, SLICE_LIT("https://.example.org/")},
	{__LINE__, SLICE_LIT("https://example..org/")},
	{__LINE__, SLICE_LIT("https://./")},
	{__LINE__, SLICE_LIT("https://example.org:/")},
	{__LINE__, SLICE_LIT("https://example.org:0/")},
	{__LINE__, SLICE_LIT("https://example.org:65536/")},
	{__LINE__, SLICE_LIT("https://example.org:443443/")},
	{__LINE__, SLICE_LIT("https://example.org:+443/")},
	{__LINE__, SLICE_LIT("https://example.org:44a/")},
	{__LINE__, SLICE_LIT("https://example.org:1:2/")},
	{__LINE__, SLICE_LIT("https://[::1/")},
	{__LINE__, SLICE_LIT("https://[]/")},
	{__LINE__, SLICE_LIT("https://[::1]x/")},
	{__LINE__, SLICE_LIT("https://[127.0.0.1]/")},
	{__LINE__, SLICE_LIT("https://[fe80::1%25eth0]/")},
	{__LINE__, SLICE_LIT("https://[::g]/")},
	{__LINE__, SLICE_LIT("https://::1/")},
	{__LINE__, SLICE_LIT("https://example,org/")},
};

static void test_refused(void **state)
{
	struct url u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (url_parse(bad[i].in, &u))
			fail_msg("row of line %d accepted", bad[i].line);
}

static void test_host_length(void **state)
{
	char text[8 + 255] = "https://";
	struct url u;

	(void)state;
	for (size_t i = 8; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	assert_true(url_parse(slice_make(text, 8 + 254), &u));
	assert_false(url_parse(slice_make(text, 8 + 255), &u));
}

/* Is the URL below the prefix, and of the same origin? */
static const struct {
	int line;
	const char *url, *prefix;
	bool origin, below;
} pairs[] = {
	{__LINE__, "https://a.example/danke/", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/danke/x?y#z", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/danke", "https://a.example/danke", true, true},
	{__LINE__, "https://a.example/danke/x", "https://a.example/danke", true, true},
	{__LINE__, "https://a.example/dankex", "https://a.example/danke", true, false},
	{__LINE__, "https://a.example/danke", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/Danke/", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example", "https://a.example", true, true},
	{__LINE__, "https://a.example", "https://a.example/", true, true},
	{__LINE__, "https://a.example/", "https://a.example", true, true},
	{__LINE__, "https://a.example/x", "https://a.example", true, true},
	{__LINE__, "https://a.example?x", "https://a.example/", true, true},
	{__LINE__, "HTTPS://A.Example:443/x", "https://a.example/x", true, true},
	{__LINE__, "http://a.example:80/", "http://a.example/", true, true},
	{__LINE__, "http://a.example/", "https://a.example/", false, false},
	{__LINE__, "http://a.example:443/", "https://a.example/", false, false},
	{__LINE__, "https://a.example:8443/", "https://a.example/", false, false},
	{__LINE__, "https://a.example./", "https://a.example/", false, false},
	{__LINE__, "https://a.example.evil.example/", "https://a.example/", false, false},
	{__LINE__, "https://xa.example/", "https://a.example/", false, false},
	{__LINE__, "https://a.exampl/", "https://a.example/", false, false},
	{__LINE__, "https://a.example/danke/../admin", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/..", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/.", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/./x", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/%2e%2e/admin", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/%2E./admin", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/.%2e", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/%2e", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/..%2fadmin", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/x%2F..%2F..", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/..%5cadmin", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/x%5C..", "https://a.example/danke/", true, false},
	{__LINE__, "https://a.example/danke/...", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/danke/a..b", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/danke/.well-known", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/danke/%2", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/danke/?next=../x", "https://a.example/danke/", true, true},
	{__LINE__, "https://a.example/%64anke/", "https://a.example/danke/", true, false},
	{__LINE__, "http://[::1]:8080/a", "http://[::1]:8080/", true, true},
	{__LINE__, "http://[::1]:8081/a", "http://[::1]:8080/", false, false},
};

static void test_below(void **state)
{
	struct url u, prefix;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!url_parse(slice_from(pairs[i].url), &u) || !url_parse(slice_from(pairs[i].prefix), &prefix))
			fail_msg("row of line %d does not parse", pairs[i].line);
		if (url_same_origin(&u, &prefix) != pairs[i].origin)
			fail_msg("origin: row of line %d", pairs[i].line);
		if (url_below(&u, &prefix) != pairs[i].below)
			fail_msg("below: row of line %d", pairs[i].line);
	}
}

static const struct {
	int line;
	const char *url, *origin;
} origins[] = {
	{__LINE__, "https://Example.ORG:443/x", "https://example.org"},
	{__LINE__, "HTTP://example.org:80", "http://example.org"},
	{__LINE__, "http://example.org:443/", "http://example.org:443"},
	{__LINE__, "https://example.org:80/", "https://example.org:80"},
	{__LINE__, "http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080"},
};

static void test_origin(void **state)
{
	struct buf b;
	struct url u;

	(void)state;
	buf_init(&b, 300);
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		buf_reset(&b);
		assert_true(url_parse(slice_from(origins[i].url), &u));
		url_add_origin(&b, &u);
		if (!slice_eq_str(buf_slice(&b), origins[i].origin))
			fail_msg("row of line %d gave %s", origins[i].line, b.data);
	}
	buf_free(&b);
}

static const struct {
	int line;
	struct slice in;
	bool plus, ok;
	struct slice out;
} decodings[] = {
	{__LINE__, SLICE_LIT(""), false, true, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("a+b%20c"), true, true, SLICE_LIT("a b c")},
	{__LINE__, SLICE_LIT("a+b%20c"), false, true, SLICE_LIT("a+b c")},
	{__LINE__, SLICE_LIT("%2B%2b"), true, true, SLICE_LIT("++")},
	{__LINE__, SLICE_LIT("%00x"), true, true, SLICE_LIT("\0x")},
	{__LINE__, SLICE_LIT("%c3%9F"), true, true, SLICE_LIT("ß")},
	{__LINE__, SLICE_LIT("%ff"), true, true, SLICE_LIT("\xff")},
	{__LINE__, SLICE_LIT("%2541"), true, true, SLICE_LIT("%41")}, /* once, not twice */
	{__LINE__, SLICE_LIT("%"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("%4"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("a%4"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("%4g"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("%g4"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("%%34"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("% 4"), true, false, SLICE_LIT("")},
	{__LINE__, SLICE_LIT("%u00e4"), true, false, SLICE_LIT("")},
};

static void test_decode(void **state)
{
	struct arena a;
	struct slice out;

	(void)state;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	for (size_t i = 0; i < sizeof(decodings) / sizeof(decodings[0]); i++) {
		if (url_decode(&a, decodings[i].in, decodings[i].plus, &out) != decodings[i].ok)
			fail_msg("row of line %d", decodings[i].line);
		if (!slice_eq(out, decodings[i].out))
			fail_msg("row of line %d: wrong bytes", decodings[i].line);
	}
	arena_free(&a);
	arena_init(&a, 64);
	char long_text[200] = {0};
	assert_false(url_decode(&a, slice_make(long_text, sizeof(long_text)), true, &out));
	arena_free(&a);
}

static void test_encode_all_bytes(void **state)
{
	struct arena a;
	struct buf b;
	struct slice back;
	char all[256];

	(void)state;
	for (size_t i = 0; i < 256; i++)
		all[i] = (char)(unsigned char)i;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	buf_init(&b, 1024);
	url_encode(&b, SLICE("aZ09-._~ +/%ß&=\n"));
	assert_string_equal(b.data, "aZ09-._~%20%2B%2F%25%C3%9F%26%3D%0A");
	buf_reset(&b);
	url_encode(&b, slice_make(all, 256));
	assert_int_equal(b.len, 66 + (256 - 66) * 3);
	assert_true(url_decode(&a, buf_slice(&b), true, &back));
	assert_true(slice_eq(back, slice_make(all, 256)));
	buf_free(&b);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_host_length),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_encode_all_bytes),
	};

	return cmocka_run_group_tests_name("text/url", tests, NULL, NULL);
}
