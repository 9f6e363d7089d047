#include "text/phrase.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "text/view.h"

#define NB "\xC2\xA0" /* no-break space */
#define MARK "\xEE\x80\x80link\xEE\x80\x81"

static struct arena arena;
static struct phrases *ph;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	ph = phrases_new("de");
	return ph == NULL;
}

static int teardown(void **state)
{
	(void)state;
	phrases_free(ph);
	arena_free(&arena);
	return 0;
}

enum form { INLINE, BLOCK, ATTR, PLAIN, WRAP, WRAP_IN };

static enum err render(enum form form, const struct phrase *p, const struct view *v, struct buf *out,
    struct errinfo *ei)
{
	switch (form) {
	case INLINE:
		return phrase_html_inline(out, p, v, ei);
	case BLOCK:
		return phrase_html_block(out, p, v, 3, ei);
	case ATTR:
		return phrase_html_attr(out, p, v, ei);
	case PLAIN:
		return phrase_plain(out, p, v, ei);
	case WRAP:
		return phrase_plain_block(out, p, v, 72, 0, ei);
	default:
		return phrase_plain_block(out, p, v, 30, 4, ei);
	}
}

static struct view *values(void)
{
	struct view *v = view_new(&arena);
	view_cstr(v, "evil", "<b>&\"'**x** {y}");
	view_cstr(v, "empty", "");
	view_cstr(v, "n", "3");
	view_cstr(v, "club", "Verein e. V.");
	view_cstr(v, "ctl", "a\r\nBcc: x\tb");
	view_cstr(v, "mark", MARK);
	view_cstr(v, "markspace", "\xEE\x80\x80" "a b\xEE\x80\x81");
	view_url(v, "url", SLICE("https://x.example/?a=1&b=\"2\""));
	view_url(v, "js", SLICE("javascript:alert(1)"));
	view_url(v, "lab", SLICE("https://x.example/l"));
	view_cstr(v, "lab.label", "Mehr <dazu>");
	view_url(v, "marklink", SLICE(MARK));
	view_email(v, "mail", SLICE("a&b?c@x.example"));
	view_lines(v, "lines", SLICE("Straße <1>\n12345 Berlin"));
	view_bool(v, "bool", true);
	view_list(v, "list");
	view_html(v, "html", SLICE("<i>"));
	view_phrase(v, "ph0", NULL);
	return v;
}

struct row {
	int line;
	enum form form;
	const char *text;
	const char *want; /* NULL: E_INVALID */
};

/* shipped: parsed when it is rendered, with the same outcome. */
static void run_rows_by(const struct row *rows, size_t n, bool shipped)
{
	for (size_t i = 0; i < n; i++) {
		struct phrases *p = phrases_new("de");
		char file[2000];
		struct errinfo ei = {.text = ""};
		snprintf(file, sizeof file, "[k]\n%s\n", rows[i].text);
		enum err loaded = shipped ? phrases_load_shipped(p, "t.txt", slice_from(file), &ei) :
		    phrases_load(p, "t.txt", slice_from(file), false, &ei);
		if (loaded)
			fail_msg("line %d: %s", rows[i].line, ei.text);
		struct buf out;
		buf_init(&out, 100000);
		enum err e = render(rows[i].form, phrases_get(p, SLICE("k")), values(), &out, &ei);
		if (!rows[i].want && e != E_INVALID)
			fail_msg("line %d: %s gives \"%s\"", rows[i].line, err_name(e), out.data);
		if (rows[i].want && (e || strcmp(out.data, rows[i].want)))
			fail_msg("line %d: %s\n%s\n-- wanted\n%s", rows[i].line, e ? ei.text : "", out.data,
			    rows[i].want);
		buf_free(&out);
		phrases_free(p);
	}
}

static void run_rows(const struct row *rows, size_t n)
{
	run_rows_by(rows, n, false);
	run_rows_by(rows, n, true);
}

#define RUN(rows) run_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void test_escaping(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, INLINE, "{evil}", "&lt;b&gt;&amp;&quot;&#39;**x** {y}"},
		{__LINE__, ATTR, "{evil}", "&lt;b&gt;&amp;&quot;&#39;**x** {y}"},
		{__LINE__, PLAIN, "{evil}", "<b>&\"'**x** {y}"},
		{__LINE__, WRAP, "{evil}", "<b>&\"'**x** {y}"},
		{__LINE__, BLOCK, "<i> & {n}", "<p>&lt;i&gt; &amp; 3</p>"},
		{__LINE__, INLINE, "{{a}} {{{n}}}", "{a} {3}"},
		{__LINE__, INLINE, "{url}",
		    "<a "
		    "href=\"https://x.example/?a=1&amp;b=&quot;2&quot;\">https://x.example/?a=1&amp;b=&quot;2&quot;</a>"},
		{__LINE__, ATTR, "{url}", "https://x.example/?a=1&amp;b=&quot;2&quot;"},
		{__LINE__, PLAIN, "{url}", "https://x.example/?a=1&b=\"2\""},
		{__LINE__, INLINE, "{js}", "<a href=\"#\">javascript:alert(1)</a>"},
		{__LINE__, INLINE, "({lab})", "(<a href=\"https://x.example/l\">Mehr &lt;dazu&gt;</a>)"},
		{__LINE__, ATTR, "{lab}", "https://x.example/l"},
		{__LINE__, WRAP, "{lab}", "https://x.example/l"},
		{__LINE__, INLINE, "{mail}", "<a href=\"mailto:a%26b%3Fc@x.example\">a&amp;b?c@x.example</a>"},
		{__LINE__, PLAIN, "{mail}", "a&b?c@x.example"},
		{__LINE__, INLINE, "{lines}", "Straße &lt;1&gt;<br>12345 Berlin"},
		{__LINE__, ATTR, "{lines}", "Straße &lt;1&gt;, 12345 Berlin"},
		{__LINE__, PLAIN, "{lines}", "Straße <1>, 12345 Berlin"},
		{__LINE__, WRAP, "{lines}", "Straße <1>\n12345 Berlin"},
		{__LINE__, WRAP_IN, "{lines}", "    Straße <1>\n    12345 Berlin"},
		{__LINE__, PLAIN, "{ctl}", "a  Bcc: x b"}, /* nothing that could start a header line */
		{__LINE__, WRAP, "{ctl}", "a Bcc: x b"},
		{__LINE__, INLINE, "{ctl}", "a  Bcc: x b"},
		{__LINE__, INLINE, "{bool}", NULL},
		{__LINE__, INLINE, "{list}", NULL},
		{__LINE__, BLOCK, "{html}", NULL},
		{__LINE__, PLAIN, "{nowhere}", NULL},
		{__LINE__, INLINE, "a {ph0} b", "a b"},
	};
	RUN(rows);
}

static void test_markers(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, INLINE, "{mark}", MARK},
		{__LINE__, ATTR, "{mark}", MARK},
		{__LINE__, PLAIN, "{mark}", MARK},
		{__LINE__, INLINE, "{marklink}", "<a href=\"" MARK "\">" MARK "</a>"},
		{__LINE__, INLINE, "{markspace}", "\xEE\x80\x80" "a b\xEE\x80\x81"},
		{__LINE__, WRAP_IN, "abcdefghij abcdefghij {markspace}", /* the space inside is no place to break */
		    "    abcdefghij abcdefghij\n    \xEE\x80\x80" "a b\xEE\x80\x81"},
	};
	RUN(rows);
}

static void test_blocks(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, BLOCK, "one\ntwo\n\nthree", "<p>one two</p>\n<p>three</p>"},
		{__LINE__, BLOCK, "## Head\ntext\n* a\n* b\n  more\n\nend",
		    "<h3>Head</h3>\n<p>text</p>\n<ul>\n<li>a</li>\n<li>b more</li>\n</ul>\n<p>end</p>"},
		{__LINE__, BLOCK, "* a\n\n* b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"},
		{__LINE__, INLINE, "one\n\n* two\n\n## three", "one two three"},
		{__LINE__, PLAIN, "one\n\n**two**", "one two"},
		{__LINE__, WRAP, "## Head\ntext\n* a\n* b\n\nend", "Head\n\ntext\n\n* a\n* b\n\nend"},
		{__LINE__, BLOCK, "a **b {evil} c** d",
		    "<p>a <strong>b &lt;b&gt;&amp;&quot;&#39;**x** {y} c</strong> d</p>"},
		{__LINE__, INLINE, "**a\nb**", "<strong>a b</strong>"},
		{__LINE__, ATTR, "**a** b", "a b"},
		{__LINE__, WRAP, "**a** b", "a b"},
		{__LINE__, INLINE, "2 * 3 *x", "2 * 3 *x"},
		/* items and paragraphs without content fall away */
		{__LINE__, BLOCK, "* a: {empty}\n* b: {n}", "<ul>\n<li>b: 3</li>\n</ul>"},
		{__LINE__, BLOCK, "* a: {empty}\n* b: {nowhere}", ""},
		{__LINE__, BLOCK, "* {nowhere} {n}", NULL}, /* two placeholders: not left out, so unknown is wrong */
		{__LINE__, WRAP, "* a: {empty}\n* b: {n}\n* c: {lines}", "* b: 3\n* c: Straße <1>\n  12345 Berlin"},
		{__LINE__, BLOCK, "a\n\n{empty}\n\nb", "<p>a</p>\n<p>b</p>"},
		{__LINE__, WRAP, "a\n\n{empty}\n\nb", "a\n\nb"},
		{__LINE__, PLAIN, "{empty} a {empty} b {empty}", "a b"},
		{__LINE__, BLOCK, "## {empty}", ""},
	};
	RUN(rows);
}

static void test_no_break(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, INLINE, "ein e. V. hier", "ein e." NB "V. hier"},
		{__LINE__, INLINE, "(z. B. so)", "(z." NB "B. so)"},
		{__LINE__, INLINE, "nach § 7 und §§ 8", "nach §" NB "7 und §§" NB "8"},
		{__LINE__, INLINE, "(Art. 6 Abs. 1 Buchst. a mit Nr. 2)",
		    "(Art." NB "6 Abs." NB "1 Buchst." NB "a mit Nr." NB "2)"},
		{__LINE__, INLINE, "am 21. November 2026 um 14:05 Uhr.", "am 21." NB "November 2026 um "
		    "14:05" NB "Uhr."},
		{__LINE__, INLINE, "1. März, 21. Novembers", "1." NB "März, 21. Novembers"},
		{__LINE__, INLINE, "21 November, May 3", "21" NB "November, May 3"},
		{__LINE__, INLINE, "48 Stunden, 7 Tage, 3 Jahren, 5 Minuten", "48" NB "Stunden, 7" NB "Tage, 3" NB
		    "Jahren, 5" NB "Minuten"},
		{__LINE__, INLINE, "2 days 1 hour 3 years 4 months 79 % 5 €", "2" NB "days 1" NB "hour 3" NB "years "
		    "4" NB
		    "months 79" NB "% 5" NB "€"},
		{__LINE__, INLINE, "{n} Jahre, Nr. {n}", "3" NB "Jahre, Nr." NB "3"},
		{__LINE__, INLINE, "{club} § {n}", "Verein e." NB "V. §" NB "3"},
		{__LINE__, BLOCK, "**{n}** Jahre", "<p><strong>3</strong>" NB "Jahre</p>"},
		/* and where it must not be */
		{__LINE__, INLINE, "in 2026. November kam", "in 2026. November kam"},
		{__LINE__, INLINE, "Jahre 3 Jahreszeiten, 5 Tagungen", "Jahre 3 Jahreszeiten, 5 Tagungen"},
		{__LINE__, INLINE, "die Nr. ist da. Abs. und", "die Nr. ist da. Abs. und"},
		{__LINE__, INLINE, "Ende a. Und b.", "Ende a. Und b."},
		{__LINE__, INLINE, "Start. 6 Leute", "Start. 6 Leute"},
		/* plain text and attributes keep the space */
		{__LINE__, PLAIN, "Art. 6, {n} Jahre", "Art. 6, 3 Jahre"},
		{__LINE__, ATTR, "Art. 6, {n} Jahre", "Art. 6, 3 Jahre"},
		{__LINE__, WRAP, "Art. 6, {n} Jahre", "Art. 6, 3 Jahre"},
		{__LINE__, PLAIN, "a" NB "b\xC2\xAD" "c", "a bc"},
		{__LINE__, INLINE, "a" NB "b\xC2\xAD" "c", "a" NB "b\xC2\xAD" "c"},
		/* 26 columns: "Art." does not end the line */
		{__LINE__, WRAP_IN, "abcdefghij abcdefghi Art. 6 x", "    abcdefghij abcdefghi\n    Art. 6 x"},
	};
	RUN(rows);
}

static void test_wrapping(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* 26 columns of text behind an indent of 4 */
		{__LINE__, WRAP_IN, "abcdefghij abcdefghij abcd", "    abcdefghij abcdefghij abcd"},
		{__LINE__, WRAP_IN, "abcdefghij abcdefghij abcde", "    abcdefghij abcdefghij\n    abcde"},
		{__LINE__, WRAP_IN, "äöüäöüäöüä äöüäöüäöüä äöüß", "    äöüäöüäöüä äöüäöüäöüä äöüß"},
		{__LINE__, WRAP_IN, "äöüäöüäöüä äöüäöüäöüä äöüßx", "    äöüäöüäöüä äöüäöüäöüä\n    äöüßx"},
		{__LINE__, WRAP_IN, "a\n\nhttps://www.example.org/a/very/long/path b",
		    "    a\n\n    https://www.example.org/a/very/long/path\n    b"},
		{__LINE__, WRAP_IN, "* abcdefghij abcdefghij abc\n* x", "    * abcdefghij abcdefghij\n      abc\n   "
		    " * x"},
		{__LINE__, WRAP_IN, "a\n\nb", "    a\n\n    b"},
	};
	RUN(rows);
}

static void test_wrap_72(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf text, out;
	buf_init(&text, 10000);
	buf_init(&out, 10000);
	buf_add_str(&text, "[k]\n");
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "%.*sü ", 1 + i * 7 % 11, "abcdefghijkl");
	assert_int_equal(phrases_load(ph, "f", buf_slice(&text), false, &ei), OK);
	assert_int_equal(phrase_plain_block(&out, phrases_get(ph, SLICE("k")), values(), 72, 2, &ei), OK);
	size_t col = 0, longest = 0, words = 1;
	for (size_t i = 0; i < out.len; i++) {
		char c = out.data[i];
		words += c == '\n' || (c == ' ' && col > 1);
		col = c == '\n' ? 0 : col + (((unsigned char)c & 0xC0) != 0x80);
		longest = col > longest ? col : longest;
	}
	assert_in_range(longest, 66, 72);
	assert_int_equal(words, 200);
	buf_free(&text);
	buf_free(&out);
}

static void test_phrases_in_phrases(void **state)
{
	(void)state;
	struct errinfo ei = {.text = ""};
	assert_int_equal(phrases_load(ph, "f", SLICE("[outer]\nfirst\n\n{inner}\n\nlast {inner}.\n"
	    "[in]\npara {n}\n\n* item\n[loop]\n{loop}\n[loop.inline]\nx {loop_inline}\n"), false, &ei), OK);
	struct view *v = values();
	view_phrase(v, "inner", phrases_get(ph, SLICE("in")));
	view_phrase(v, "loop", phrases_get(ph, SLICE("loop")));
	view_phrase(v, "loop_inline", phrases_get(ph, SLICE("loop.inline")));
	struct buf out;
	buf_init(&out, 10000);
	assert_int_equal(phrase_html_block(&out, phrases_get(ph, SLICE("outer")), v, 2, &ei), OK);
	assert_string_equal(out.data,
	    "<p>first</p>\n<p>para 3</p>\n<ul>\n<li>item</li>\n</ul>\n<p>last para 3 item.</p>");
	buf_reset(&out);
	assert_int_equal(phrase_plain_block(&out, phrases_get(ph, SLICE("outer")), v, 72, 0, &ei), OK);
	assert_string_equal(out.data, "first\n\npara 3\n\n* item\n\nlast para 3 item.");
	for (enum form f = INLINE; f <= WRAP; f++) { /* themselves: refused, not endless */
		assert_int_equal(render(f, phrases_get(ph, SLICE("loop")), v, &out, &ei), E_INVALID);
		assert_non_null(strstr(ei.text, "deep"));
		assert_int_equal(render(f, phrases_get(ph, SLICE("loop.inline")), v, &out, &ei), E_INVALID);
	}
	buf_free(&out);
}

static void test_render_error_names_both(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf out;
	buf_init(&out, 100);
	assert_int_equal(phrases_load(ph, "de/form.txt", SLICE("# c\n[a.b]\nx {missing} y\n"), false, &ei), OK);
	assert_int_equal(phrase_plain(&out, phrases_get(ph, SLICE("a.b")), values(), &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "de/form.txt:2: phrase [a.b]: {missing}"));
	buf_free(&out);
}

static void test_limits(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf out;
	buf_init(&out, 10);
	assert_int_equal(phrases_load(ph, "f", SLICE("[k]\n0123456789a\n[big]\n{big}\n"), false, &ei), OK);
	assert_int_equal(phrase_plain(&out, phrases_get(ph, SLICE("k")), values(), &ei), E_LIMIT);
	buf_free(&out);
	struct arena large;
	arena_init(&large, 8u << 20);
	struct view *v = view_new(&large);
	char *bytes = calloc(1, (1u << 20) + 2);
	view_text(v, "big", slice_make(bytes, (1u << 20) + 1)); /* NULs, too many */
	buf_init(&out, 4u << 20);
	assert_int_equal(phrase_plain(&out, phrases_get(ph, SLICE("big")), v, &ei), E_LIMIT);
	buf_reset(&out);
	view_text(v, "big", slice_make("a\0b", 3)); /* NUL becomes a space */
	assert_int_equal(phrase_plain(&out, phrases_get(ph, SLICE("big")), v, &ei), OK);
	assert_string_equal(out.data, "a b");
	buf_free(&out);
	memset(bytes, '#', (1u << 20) + 1);
	assert_int_equal(phrases_load(ph, "huge", slice_make(bytes, (1u << 20) + 1), false, &ei), E_LIMIT);
	free(bytes);
	arena_free(&large);
}

static void test_load_errors(void **state)
{
	(void)state;
	static const struct {
		int line;
		const char *text, *place;
	} rows[] = {
		{__LINE__, "hello\n[k]\nx\n", "f.txt:1:1:"},
		{__LINE__, "# c\n\n  oops\n[k]\nx", "f.txt:3:1:"},
		{__LINE__, "[K]\nx\n", "f.txt:1:1:"},
		{__LINE__, "[]\nx\n", "f.txt:1:1:"},
		{__LINE__, "[k\nx\n", "f.txt:1:1:"},
		{__LINE__, "[k] x\ny\n", "f.txt:1:1:"},
		{__LINE__, "[k]\n[l]\nx\n", "f.txt:1:1:"},
		{__LINE__, "[k]\nx\n[l]\n\n  \n", "f.txt:3:1:"},
		{__LINE__, "[k]", "f.txt:1:1:"},
		{__LINE__, "[k]\nxä {a\n", "f.txt:2:4:"},
		{__LINE__, "[k]\nx {}\n", "f.txt:2:3:"},
		{__LINE__, "[k]\nx {A}\n", "f.txt:2:3:"},
		{__LINE__, "[k]\nx {a\nb}\n", "f.txt:2:3:"},
		{__LINE__, "[k]\nx } y\n", "f.txt:2:3:"},
		{__LINE__, "[k]\nok\n\nx **y\n\nz**\n", "f.txt:4:3:"},
		{__LINE__, "[k]\n# comment\n", "f.txt:2:1:"},
		{__LINE__, "[k]\n### deep\n", "f.txt:2:1:"},
		{__LINE__, "[k]\nx\n*\n", "f.txt:3:1:"},
		{__LINE__, "[k]\nx\ty\n", "f.txt:2:2:"},
		{__LINE__, "[k]\r\nx\n", "f.txt:1:4:"},
		{__LINE__, "[k]\nx\x01y\n", "f.txt:2:2:"},
		{__LINE__, "[k]\nx\xFFy\n", "f.txt:2:2:"},
		{__LINE__, "[k]\nx\xC0\x80\n", "f.txt:2:2:"},
		{__LINE__, "\xEF\xBB\xBF[k]\nx\n", "f.txt:1:1:"},
		{__LINE__, "[k]\nx\n[k]\ny\n", "f.txt:3:1:"},
		{__LINE__,
		    "[0123456789012345678901234567890123456789012345678901234567890123456789012345678901]\nx\n",
		    "f.txt:1:1:"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct phrases *p = phrases_new("de");
		struct errinfo ei = {.text = ""};
		enum err e = phrases_load(p, "f.txt", slice_from(rows[i].text), false, &ei);
		if (e != E_INVALID || strncmp(ei.text, rows[i].place, strlen(rows[i].place)))
			fail_msg("line %d: %s %s", rows[i].line, err_name(e), ei.text);
		phrases_free(p);
	}
	struct errinfo ei;
	assert_int_equal(phrases_load(ph, "nul", slice_make("[k]\nx\0y\n", 8), false, &ei), E_INVALID);
}

static void expect_plain(const struct phrases *p, const char *key, const char *want)
{
	struct buf out;
	struct errinfo ei;
	buf_init(&out, 1000);
	const struct phrase *one = phrases_get(p, slice_from(key));
	assert_non_null(one);
	assert_int_equal(phrase_plain(&out, one, values(), &ei), OK);
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void test_override_and_duplicates(void **state)
{
	(void)state;
	struct errinfo ei;
	assert_int_equal(phrases_load(ph, "a", SLICE("[k]\nfirst\n[l]\nother\n"), false, &ei), OK);
	assert_int_equal(phrases_load(ph, "owner/a", SLICE("[k]\nowner\n[new]\nnew\n"), true, &ei), OK);
	expect_plain(ph, "k", "owner");
	expect_plain(ph, "l", "other");
	expect_plain(ph, "new", "new");
	assert_int_equal(phrases_load(ph, "b", SLICE("[l]\nagain\n"), false, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "b:1:1:"));
	assert_non_null(strstr(ei.text, "a:3"));
	assert_int_equal(phrases_load(ph, "owner/b", SLICE("[z]\n1\n[z]\n2\n"), true, &ei), E_INVALID);
}

static void test_fallback(void **state)
{
	(void)state;
	struct errinfo ei;
	struct phrases *du = phrases_new("de-du");
	assert_int_equal(phrases_load(ph, "de", SLICE("[a]\nSie\n[b]\nbeide\n"), false, &ei), OK);
	assert_int_equal(phrases_load(du, "du", SLICE("[a]\ndu\n"), false, &ei), OK);
	assert_null(phrases_get(du, SLICE("b")));
	phrases_fallback(du, ph);
	expect_plain(du, "a", "du");
	expect_plain(du, "b", "beide");
	expect_plain(ph, "a", "Sie");
	assert_null(phrases_get(du, SLICE("c")));
	assert_string_equal(phrases_lang(du), "de-du");
	phrases_fallback(du, du); /* itself: no fallback, no endless search */
	assert_null(phrases_get(du, SLICE("b")));
	struct phrases *empty = phrases_new("x");
	assert_null(phrases_get(empty, SLICE("a")));
	phrases_fallback(empty, ph);
	expect_plain(empty, "a", "Sie");
	phrases_free(empty);
	phrases_free(du);
}

static void collect(struct slice key, const struct phrase *p, void *arg)
{
	assert_true(slice_eq(key, phrase_key(p)));
	buf_add_slice(arg, key);
	buf_add_char(arg, ' ');
}

static void test_walks(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf keys;
	buf_init(&keys, 1000);
	assert_int_equal(phrases_load(ph, "f", SLICE("[z]\n{a} {b}\n\n{a}\n[a]\n x  \n\n y\n\n[m]\n1\n"), false,
	    &ei), OK);
	phrases_each(ph, collect, &keys);
	assert_string_equal(keys.data, "z a m ");
	struct slice names[2];
	assert_int_equal(phrase_placeholders(phrases_get(ph, SLICE("z")), names, 2), 3);
	assert_true(slice_eq_str(names[0], "a"));
	assert_true(slice_eq_str(names[1], "b"));
	assert_int_equal(phrase_placeholders(phrases_get(ph, SLICE("m")), NULL, 0), 0);
	assert_true(slice_eq_str(phrase_source(phrases_get(ph, SLICE("a"))), "x  \n\n y"));
	buf_free(&keys);
}

static void test_many_keys(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf text;
	buf_init(&text, 1u << 20);
	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "[key.%d]\ntext %d\n", i, i);
	assert_int_equal(phrases_load(ph, "many", buf_slice(&text), false, &ei), OK);
	for (int i = 0; i < 3000; i += 7) {
		char key[20], want[20];
		snprintf(key, sizeof key, "key.%d", i);
		snprintf(want, sizeof want, "text %d", i);
		assert_true(slice_eq_str(phrase_source(phrases_get(ph, slice_from(key))), want));
	}
	assert_null(phrases_get(ph, SLICE("key.3000")));
	buf_free(&text);
}

#define THREADS 4
#define SHIPPED_KEYS 200

static void *use_shipped(void *arg)
{
	struct errinfo ei;
	struct buf out;
	size_t bad = 0;

	buf_init(&out, 1000);
	for (int i = 0; i < SHIPPED_KEYS; i++) {
		char key[20], want[60];
		snprintf(key, sizeof key, "key.%d", i);
		snprintf(want, sizeof want, "<strong>text</strong> %d {", i);
		buf_reset(&out);
		bad += phrase_html_inline(&out, phrases_get(ph, slice_from(key)), NULL, &ei) || strcmp(out.data, want) != 0;
	}
	buf_free(&out);
	return bad ? arg : NULL;
}

/* A phrase of the program itself is parsed by whoever needs it first, and they may be many. */
static void test_shipped(void **state)
{
	(void)state;
	struct errinfo ei = {.text = ""};
	struct slice names[4];
	struct buf text;
	pthread_t threads[THREADS];
	buf_init(&text, 1u << 20);
	buf_add_str(&text, "# words\n");
	for (int i = 0; i < SHIPPED_KEYS; i++)
		buf_printf(&text, "[key.%d]\n\n**text** %d {{\n\n", i, i);
	buf_add_str(&text, "[last]\n{a} and {b}\n");
	assert_int_equal(phrases_load_shipped(ph, "own.txt", buf_slice(&text), &ei), OK);
	assert_true(phrase_source(phrases_get(ph, SLICE("key.7"))).ptr > text.data &&
	    phrase_source(phrases_get(ph, SLICE("key.7"))).ptr < text.data + text.len);
	assert_int_equal(phrase_placeholders(phrases_get(ph, SLICE("last")), names, 4), 2);
	assert_true(slice_eq_str(names[1], "b"));
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_shipped, threads), 0);
	for (int i = 0; i < THREADS; i++) {
		void *bad;
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
	/* An owner's word goes over it; a key twice is told with both places. */
	assert_int_equal(phrases_load(ph, "owner.txt", SLICE("[key.3]\nother\n"), true, &ei), OK);
	assert_true(slice_eq_str(phrase_source(phrases_get(ph, SLICE("key.3"))), "other"));
	assert_int_equal(phrases_load_shipped(ph, "more.txt", SLICE("[new]\nx\n[key.4]\ny\n"), &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "more.txt:3:1: the key [key.4] stands already in own.txt:18."));
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_escaping, setup, teardown),
		cmocka_unit_test_setup_teardown(test_markers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_break, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrapping, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap_72, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phrases_in_phrases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_render_error_names_both, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_load_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_override_and_duplicates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fallback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shipped, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
