/* Our own HTML read back: what people read, and the same as Markdown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/block.h"

static struct slice read_as(struct arena *a, const char *html, bool markdown)
{
	static const char *const names[BLOCK_KIND__MAX] = {"p", "h", "li", "tr"};
	struct errinfo ei = {0};
	struct blocks b;
	struct buf out;

	if (blocks_read(&b, a, slice_from(html), &ei))
		fail_msg("%s", ei.text);
	buf_init_arena(&out, a, 65536);
	if (markdown)
		blocks_markdown(&b, 0, &out);
	for (size_t i = 0; !markdown && i < b.n; i++) {
		buf_printf(&out, "%s%s", i ? ";" : "", names[b.v[i].kind]);
		if (b.v[i].level)
			buf_printf(&out, "%u", b.v[i].level);
		buf_printf(&out, ":%.*s", SLICE_FMT(b.v[i].text));
	}
	return buf_slice(&out);
}

static const struct {
	int line;
	const char *html, *text, *markdown;
} CASES[] = {
	{__LINE__, "", "", ""},
	{__LINE__, "<p>a</p><p>b</p>", "p:a;p:b", "a\n\nb\n"},
	{__LINE__, "<h2 id=\"x\">1. Wer</h2>\n<p>Wir</p>", "h2:1. Wer;p:Wir", "## 1. Wer\n\nWir\n"},
	{__LINE__, "<ul><li>a</li>\n<li>b</li></ul><p>c", "li:a;li:b;p:c", "* a\n* b\n\nc\n"},
	{__LINE__, "<table><thead><tr><th scope=\"col\">A</th><th>B</th></tr></thead><tbody><tr><th>a</th><td>b | c</td></tr>"
	    "</tbody></table>", "tr:A\tB;tr:a\tb | c", "| A | B |\n| --- | --- |\n| a | b \\| c |\n"},
	{__LINE__, "<p>Name<br>Weg 2<br>10115 Berlin</p>", "p:Name\nWeg 2\n10115 Berlin",
	    "Name\\\nWeg 2\\\n10115 Berlin\n"},
	{__LINE__, "<p>x  \n y\xc2\xa0z&nbsp;&#160;q</p>", "p:x y z q", "x y z q\n"},
	{__LINE__, "<p>a &amp; b &lt;i&gt; &quot;&#39;&#x41;</p>", "p:a & b <i> \"'A", "a \\& b \\<i\\> \"'A\n"},
	{__LINE__, "<p>&unknown; & &#0;&#xd800;&#1114112;;</p>", "p:&unknown; & ;",
	    "\\&unknown; \\& ;\n"},
	{__LINE__, "<p>See <a href=\"https://a.example/?x=1&amp;y_z\">https://a.example/?x=1&amp;y_z</a>.</p>",
	    "p:See https://a.example/?x=1&y_z.", "See <https://a.example/?x=1&y_z>.\n"},
	{__LINE__, "<p><a href=\"mailto:a@b.example\">a@b.example</a></p>", "p:a@b.example",
	    "[a@b.example](<mailto:a@b.example>)\n"},
	{__LINE__, "<p><a href=\"x<y\">z</a></p>", "p:z", "z\n"},
	{__LINE__, "<p><strong>so</strong> viel</p>", "p:so viel", "**so** viel\n"},
	/* values are never markup */
	{__LINE__, "<p>31. Dezember</p><p>- a</p><p># b</p><p>*c* _d_ `e` [f](g) ~h~</p>",
	    "p:31. Dezember;p:- a;p:# b;p:*c* _d_ `e` [f](g) ~h~",
	    "31\\. Dezember\n\n\\- a\n\n\\# b\n\n\\*c\\* \\_d\\_ \\`e\\` \\[f\\](g) \\~h\\~\n"},
	{__LINE__, "<p>a<br>2) b</p>", "p:a\n2) b", "a\\\n2\\) b\n"},
	/* what is not read */
	{__LINE__, "<nav><ol><li>a</li></ol></nav><svg><path d=\"<p>\"/></svg><script>1<2</script><!-- <p>x</p> --><p>b</p>",
	    "p:b", "b\n"},
	{__LINE__, "<style>a{}</style", "", ""},
	{__LINE__, "a < b <3 <", "p:a < b <3 <", "a \\< b \\<3 \\<\n"},
	{__LINE__, "<P>gr\xc3\xb6\xc3\x9f" "er<BR>x", "p:gr\xc3\xb6\xc3\x9f" "er\nx", "gr\xc3\xb6\xc3\x9f" "er\\\nx\n"},
	{__LINE__, "<div>frei<p>a", "p:frei;p:a", "frei\n\na\n"},
};

static void test_cases(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 16u << 20);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct slice text = read_as(&a, CASES[i].html, false), mark = read_as(&a, CASES[i].html, true);
		if (!slice_eq_str(text, CASES[i].text))
			fail_msg("row of line %d: text \"%.*s\"", CASES[i].line, SLICE_FMT(text));
		if (!slice_eq_str(mark, CASES[i].markdown))
			fail_msg("row of line %d: markdown \"%.*s\"", CASES[i].line, SLICE_FMT(mark));
		arena_reset(&a);
	}
	arena_free(&a);
}

static void test_limits(void **state)
{
	struct errinfo ei = {0};
	struct arena a;
	struct blocks b;
	struct buf html;

	(void)state;
	arena_init(&a, 64u << 20);
	buf_init(&html, 4u << 20);
	for (int i = 0; i < BLOCK_MAX; i++)
		buf_add_str(&html, "<p>x");
	assert_int_equal(blocks_read(&b, &a, buf_slice(&html), &ei), OK);
	assert_int_equal(b.n, BLOCK_MAX);
	buf_add_str(&html, "<p>x");
	assert_int_equal(blocks_read(&b, &a, buf_slice(&html), &ei), E_LIMIT);
	while (html.len <= BLOCK_HTML_MAX_BYTES)
		buf_add_str(&html, "                                                                ");
	assert_int_equal(blocks_read(&b, &a, buf_slice(&html), &ei), E_LIMIT);
	buf_free(&html);
	arena_free(&a);
	arena_init(&a, 16);
	assert_int_not_equal(blocks_read(&b, &a, SLICE("<p>x"), &ei), OK);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
