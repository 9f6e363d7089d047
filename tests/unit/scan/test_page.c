/* What one file shows: a table of pieces of HTML, CSS and script, and what must be seen in each. */
#include "scan/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"

static void put(const struct page_seen *s, void *arg)
{
	buf_printf(arg, "%u:%u %s %.*s|", s->line, s->column, page_way_name(s->way), SLICE_FMT(s->host));
}

typedef enum { HTML, CSS, SCRIPT } language;
static struct slice look(language lang, struct slice text)
{
	static struct buf out;
	static bool ready;
	struct errinfo ei = {0};
	struct page p;

	if (!ready)
		buf_init(&out, 1u << 20);
	ready = true;
	buf_reset(&out);
	page_init(&p, put, &out);
	if (lang == HTML)
		assert_int_equal(page_html(&p, text, &ei), OK);
	else if (lang == CSS)
		page_css(&p, text, 1);
	else
		page_script(&p, text, 1);
	page_free(&p);
	return buf_slice(&out);
}

static const struct {
	int line;
	language lang;
	const char *text, *seen;
} ROWS[] = {
	/* what loads at once */
	{__LINE__, HTML, "<script src=https://a.test/x.js></script>", "1:1 script a.test|"},
	/* what doctor looks for */
	{__LINE__, HTML, "<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">", "1:1 policy |"},
	{__LINE__, HTML, "<form action=https://a.test/s method=post><input name=V type=hidden value=' x '></form>",
	    "1:43 wording |1:1 contact a.test|"},
	{__LINE__, HTML, "<script src=/x.js></script>", "1:1 script |"},
	{__LINE__, HTML, "\n <link rel=stylesheet href='//A.Test:8443/x.css'>", "2:2 style a.test|"},
	{__LINE__, HTML, "<link rel='preload' as=font href=https://f.test/a>", "1:1 font f.test|"},
	{__LINE__, HTML, "<link rel='dns-prefetch' href=//f.test>", "1:1 hint f.test|"},
	{__LINE__, HTML, "<link rel=canonical href=https://f.test/>", ""},
	{__LINE__, HTML, "<img src=https://u:p@i.test./a.png>", "1:6 image i.test|"},
	{__LINE__, HTML, "<img srcset='https://i.test/a 1x, //j.test/b 2x,/c'>", "1:6 image i.test|1:6 image j.test|1:6 image |"},
	{__LINE__, HTML, "<img src='ht\ntps:\\\\i.test\\a'>", "1:6 image i.test|"},
	{__LINE__, HTML, "<img src='data:image/png;base64,AA'>", ""},
	{__LINE__, HTML, "<img src='https:relative'>", "1:6 image |"},
	{__LINE__, HTML, "<video poster=//p.test/a src=//v.test/b></video>", "1:8 image p.test|1:26 media v.test|"},
	{__LINE__, HTML, "<iframe src=https://www.youtube.com/embed/x></iframe>", "1:9 frame www.youtube.com|"},
	{__LINE__, HTML, "<object data=//o.test/x></object><embed src=//e.test/x>", "1:9 object o.test|1:41 object e.test|"},
	{__LINE__, HTML, "<svg><use href=//s.test/a></use><image xlink:href=//t.test/b /></svg>", "1:11 image s.test|1:40 image t.test|"},
	{__LINE__, HTML, "<noscript><img src=//n.test/1></noscript>", "1:16 image n.test|"},
	{__LINE__, HTML, "<template><img src=//t.test/1></template>", "1:16 image t.test|"},
	{__LINE__, HTML, "<base href=//b.test/><img src=a.png>", "1:27 image b.test|"},
	{__LINE__, HTML, "<base href=/x/><img src=a.png>", "1:21 image |"},
	{__LINE__, HTML, "<iframe srcdoc='<img src=//d.test/>'></iframe>", "1:6 image d.test|"},
	{__LINE__, HTML, "<IMG SRC=//UP.TEST/A>", "1:6 image up.test|"},
	/* what does not */
	{__LINE__, HTML, "<!-- <img src=//c.test/> -->", ""},
	{__LINE__, HTML, "<textarea><img src=//c.test/></textarea>", ""},
	{__LINE__, HTML, "<iframe data-src='https://www.youtube.com/x'></iframe>", "1:9 later www.youtube.com|"},
	{__LINE__, HTML, "<script type=text/plain src=//l.test/x></script>", "1:1 later l.test|"},
	{__LINE__, HTML, "<script type=application/ld+json>{\"a\":\"https://youtube.com\"}</script>", ""},
	{__LINE__, HTML, "<p data-x=1>", ""},
	/* style in pages */
	{__LINE__, HTML, "<style>\n@import '//s.test/a';</style>", "2:9 style s.test|"},
	{__LINE__, HTML, "<p style=\"background:url(//b.test/x)\">", "1:12 image b.test|"},
	/* links and forms */
	{__LINE__, HTML, "<a href=mailto:a@b.test>", "1:4 mail |"},
	{__LINE__, HTML, "<a href='tel:+49 30'>", "1:4 phone |"},
	{__LINE__, HTML, "<a href=https://mastodon.social/@x>", "1:4 link mastodon.social|"},
	{__LINE__, HTML, "<a href='javascript:x()'>", ""},
	{__LINE__, HTML, "<form action=https://f.test/><textarea></textarea></form>", "1:1 contact f.test|"},
	{__LINE__, HTML, "<form action=/s><input name=q></form>", "1:1 form |"},
	{__LINE__, HTML, "<form><input type=EMAIL></form>", "1:1 contact |"},
	{__LINE__, HTML, "<form method=POST></form>", "1:1 contact |"},
	{__LINE__, HTML, "<form action=mailto:x@y.test></form>", "1:1 contact |"},
	{__LINE__, HTML, "<form action=/a></form><textarea></textarea>", "1:1 form |"},
	{__LINE__, HTML, "<jawort-form src=https://j.test/s/news></jawort-form>", "1:14 form j.test|"},
	{__LINE__, HTML, "<button formaction=//b.test/>", "1:9 form b.test|"},
	/* text */
	{__LINE__, HTML, "<p>Mail: anna@x.test", "1:4 address |"},
	{__LINE__, HTML, "<p>@ home", ""},
	{__LINE__, HTML, "<p>Tel. (030) 123 45-67", "1:4 number |"},
	{__LINE__, HTML, "<p>2026, 12345", ""},
	/* style sheets */
	{__LINE__, CSS, "@import url( //a.test/b.css );", "1:9 style a.test|"},
	{__LINE__, CSS, "@import \"//a.test/b\" screen;a{background:url(x.png)}", "1:9 style a.test|1:42 image |"},
	{__LINE__, CSS, "@font-face{src:url('https://f.test/a')}b{background:url(//i.test/c)}", "1:16 font f.test|1:53 image i.test|"},
	{__LINE__, CSS, "a{src:URL(//f.test/a.woff2?x)}", "1:7 font f.test|"},
	{__LINE__, CSS, "/* url(//c.test/) */\na{b:url(//d.test/)}", "2:5 image d.test|"},
	{__LINE__, CSS, "a{content:\"url(//c.test/)\"}", ""},
	{__LINE__, CSS, "a{b:image-set(\"//s.test/a\" 1x, url(//t.test/b) 2x)}c{content:\"//u.test\"}", "1:15 image s.test|1:32 image t.test|"},
	{__LINE__, CSS, "a{b:url(//open.test", "1:5 image open.test|"},
	{__LINE__, CSS, "a{b:url(data:image/png;base64,AA)}", ""},
	{__LINE__, CSS, "@import '//a.test", "1:9 style a.test|"},
	{__LINE__, CSS, "}}}){", ""},
	{__LINE__, CSS, "url(", ""},
	/* scripts */
	{__LINE__, SCRIPT, "x='https://www.youtube.com/embed'", "1:10 mention www.youtube.com|"},
	{__LINE__, SCRIPT, "a\nb='//fonts.googleapis.com/css'", "2:4 mention fonts.googleapis.com|"},
	{__LINE__, SCRIPT, "// a comment https://example.org/", ""},
	{__LINE__, SCRIPT, "localStorage.x=1;\ndocument.cookie='a'", "1:1 store |"},
	{__LINE__, SCRIPT, "/", ""},
	{__LINE__, SCRIPT, "", ""},
};

static void test_rows(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct slice got = look(ROWS[i].lang, slice_from(ROWS[i].text));
		if (slice_eq_str(got, ROWS[i].seen))
			continue;
		print_message("row of line %d: %.*s\n   want %s\n", ROWS[i].line, SLICE_FMT(got), ROWS[i].seen);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* Every way has a name, and every way but none is told by some row. */
static void test_ways(void **state)
{
	char word[32];

	(void)state;
	for (int w = 0; w < PAGE__MAX; w++) {
		bool told = false;
		snprintf(word, sizeof(word), " %s ", page_way_name(w));
		for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
			told |= strstr(ROWS[i].seen, word) != NULL;
		if (!told)
			fail_msg("no row sees \"%s\"", page_way_name(w));
	}
}

static void nothing(const struct page_seen *s, void *arg)
{
	(void)s;
	(void)arg;
}

/* A megabyte of one thing, n times: the parser ends, in time and in memory. */
static void test_hostile(void **state)
{
	static const char *const pieces[] = {"<div>", "<b>", "<a><p>", "<table>", "<b><i><u><p>", "</b></i>", "<form><input type=email>",
		"<svg><a>", "<!--", "<iframe srcdoc='", "&amp;", "<a b=c ", "<select><option>", "<b x=1><p>", "\0\0", "<template>"};
	struct buf big;

	(void)state;
	buf_init(&big, 3u << 20);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct errinfo ei = {0};
		int64_t before = clock_mono_ms();
		struct page p;
		size_t n = strlen(pieces[i]) ? strlen(pieces[i]) : 2;
		enum err rc;

		buf_reset(&big);
		while (big.len + n < 1u << 20)
			buf_add(&big, pieces[i], n);
		page_init(&p, nothing, NULL);
		rc = page_html(&p, buf_slice(&big), &ei);
		page_free(&p);
		if (rc != OK && rc != E_LIMIT)
			fail_msg("%s: %s", pieces[i], ei.text);
		if (clock_mono_ms() - before > 4 * PAGE_TIME_MS)
			fail_msg("%s: %d ms", pieces[i], (int)(clock_mono_ms() - before));
		page_init(&p, nothing, NULL);
		page_css(&p, buf_slice(&big), 1);
		page_script(&p, buf_slice(&big), 1);
		page_free(&p);
	}
	buf_free(&big);
}

static void test_too_large(void **state)
{
	static char zeros[PAGE_MAX_BYTES + 1];
	struct errinfo ei = {0};
	struct page p;

	(void)state;
	page_init(&p, nothing, NULL);
	assert_int_equal(page_html(&p, slice_make(zeros, sizeof(zeros)), &ei), E_LIMIT);
	assert_int_equal(page_html(&p, SLICE("<p>small again"), &ei), OK);
	page_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
