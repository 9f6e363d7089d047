#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/html.h"

static const struct {
	int line;
	struct slice in;
	const char *out;
} escapes[] = {
	{__LINE__, SLICE_LIT(""), ""},
	{__LINE__, SLICE_LIT("plain Text mit ß und 😀"), "plain Text mit ß und 😀"},
	{__LINE__, SLICE_LIT("<script>alert('1')</script>"),
	    "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"},
	{__LINE__, SLICE_LIT("\"><img src=x onerror=alert(1)>"),
	    "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"},
	{__LINE__, SLICE_LIT("&amp;"), "&amp;amp;"},
	{__LINE__, SLICE_LIT("&"), "&amp;"},
	{__LINE__, SLICE_LIT("a&b"), "a&amp;b"},
	{__LINE__, SLICE_LIT("<<"), "&lt;&lt;"},
	{__LINE__, SLICE_LIT("{{key}}"), "{{key}}"},
};

static void test_escapes(void **state)
{
	void (*const calls[])(struct buf *, struct slice) = {html_text, html_attr};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		for (size_t c = 0; c < 2; c++) {
			buf_reset(&b);
			calls[c](&b, escapes[i].in);
			if (!slice_eq_str(buf_slice(&b), escapes[i].out))
				fail_msg("row of line %d gave %s", escapes[i].line, b.data);
		}
	}
	buf_free(&b);
}

static const struct {
	int line;
	struct slice in;
	const char *out;
} urls[] = {
	{__LINE__, SLICE_LIT("https://www.example.org/a?b=c&d=e#f"), "https://www.example.org/a?b=c&amp;d=e#f"},
	{__LINE__, SLICE_LIT("http://example.org"), "http://example.org"},
	{__LINE__, SLICE_LIT("HTTPS://EXAMPLE.ORG/"), "HTTPS://EXAMPLE.ORG/"},
	{__LINE__, SLICE_LIT("mailto:datenschutz@example.org"), "mailto:datenschutz@example.org"},
	{__LINE__, SLICE_LIT("tel:+4930123"), "tel:+4930123"},
	{__LINE__, SLICE_LIT("/j/n"), "/j/n"},
	{__LINE__, SLICE_LIT("?lang=de"), "?lang=de"},
	{__LINE__, SLICE_LIT("#top"), "#top"},
	{__LINE__, SLICE_LIT("sent"), "sent"},
	{__LINE__, SLICE_LIT("sub/a:b"), "sub/a:b"},
	{__LINE__, SLICE_LIT("?x=javascript:1"), "?x=javascript:1"},
	{__LINE__, SLICE_LIT("/straße"), "/straße"},
	{__LINE__, SLICE_LIT("/a\"b"), "/a&quot;b"},
	{__LINE__, SLICE_LIT(""), ""},
	/* schemes that run or hide something */
	{__LINE__, SLICE_LIT("javascript:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("JaVaScRiPt:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("javascript&colon;alert(1)"), "javascript&amp;colon;alert(1)"}, /* a relative name */
	{__LINE__, SLICE_LIT("data:text/html,<script>"), "#"},
	{__LINE__, SLICE_LIT("vbscript:x"), "#"},
	{__LINE__, SLICE_LIT("file:///etc/passwd"), "#"},
	{__LINE__, SLICE_LIT("ftp://example.org/"), "#"},
	{__LINE__, SLICE_LIT("blob:https://example.org/1"), "#"},
	{__LINE__, SLICE_LIT(":"), "#"},
	{__LINE__, SLICE_LIT("x:"), "#"},
	/* what browsers drop before they look */
	{__LINE__, SLICE_LIT(" javascript:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("\x01javascript:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("java\nscript:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("java\tscript:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("\tjavascript:alert(1)"), "#"},
	{__LINE__, SLICE_LIT("/a\r\nb"), "#"},
	{__LINE__, SLICE_LIT("\xe2\x80\xae/moc"), "#"},
	/* another host that looks like a path */
	{__LINE__, SLICE_LIT("//evil.example"), "#"},
	{__LINE__, SLICE_LIT("/\\evil.example"), "#"},
	{__LINE__, SLICE_LIT("\\\\evil.example"), "#"},
	{__LINE__, SLICE_LIT("/\t/evil.example"), "#"},
	{__LINE__, SLICE_LIT("https:evil.example"), "#"},
	{__LINE__, SLICE_LIT("https:/evil.example"), "#"},
};

static void test_urls(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		buf_reset(&b);
		html_url_attr(&b, urls[i].in);
		if (!slice_eq_str(buf_slice(&b), urls[i].out))
			fail_msg("row of line %d gave %s", urls[i].line, b.data);
	}
	buf_free(&b);
}

static void test_limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	html_text(&b, SLICE("a&"));
	assert_false(buf_ok(&b));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("text/html", tests, NULL, NULL);
}
