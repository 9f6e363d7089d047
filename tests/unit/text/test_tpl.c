#include "text/tpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"

#define NB "\xC2\xA0" /* no-break space */
#define MARK "\xEE\x80\x80link\xEE\x80\x81"
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static struct arena arena;
static struct phrases *de;

static const char phrases_text[] =
    "[p]\nNur **{evil}** hier.\n"
    "[two]\n## Kopf\nEins {n} Jahre\n\n* a\n* {n}\n"
    "[none]\n{empty}\n"
    "[link]\nSiehe {url}.\n"
    "[long]\nabcdefghij abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij ende\n";

static int setup(void **state)
{
	(void)state;
	struct errinfo ei;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	de = phrases_new("de");
	return !de || phrases_load(de, "de.txt", slice_from(phrases_text), false, &ei);
}

static int teardown(void **state)
{
	(void)state;
	phrases_free(de);
	arena_free(&arena);
	return 0;
}

static struct view *values(void)
{
	struct view *v = view_new(&arena);
	view_cstr(v, "evil", "<b>&\"'");
	view_cstr(v, "n", "3");
	view_cstr(v, "empty", "");
	view_cstr(v, "club", "Verein e. V.");
	view_cstr(v, "ctl", "a\nb");
	view_cstr(v, "mark", MARK);
	view_cstr(v, "js", "javascript:alert(1)");
	view_cstr(v, "path", "/x?a=1&b=\"2\"");
	view_cstr(v, "java", "java");
	view_cstr(v, "colour", "#1c4da1");
	view_cstr(v, "cssbad", "red;background:url(x)");
	view_url(v, "url", SLICE("https://x.example/\"<"));
	view_url(v, "jsurl", SLICE("JavaScript:alert(1)"));
	view_url(v, "lab", SLICE("https://x.example/"));
	view_cstr(v, "lab.label", "<Label>");
	view_email(v, "mail", SLICE("a\"b@x.example"));
	view_lines(v, "lines", SLICE("<eins>\nzwei"));
	view_phrase(v, "ph", phrases_get(de, SLICE("p")));
	view_cstr(v, "phkey", "two");
	view_cstr(v, "phbad", "nosuch");
	view_html(v, "html", SLICE("<i>x</i>"));
	view_html(v, "css", SLICE("b{c:d}"));
	view_html(v, "evil_css", SLICE("b{}</style><script>"));
	view_bool(v, "yes", true);
	view_bool(v, "no", false);
	view_list(v, "nothing");
	struct view *a = view_item(v, "list");
	view_cstr(a, "item", "eins<");
	view_cstr(view_item(a, "sub"), "leaf", "L1");
	view_cstr(view_item(a, "sub"), "leaf", "L2");
	struct view *b = view_item(v, "list");
	view_cstr(b, "item", "zwei");
	view_cstr(b, "n", "99");
	return v;
}

/* Compiles one template (with three parts beside it) and renders it. */
static enum err one(const char *name, struct slice source, struct buf *out, struct errinfo *ei)
{
	struct tpl_set *s = tpl_set_new();
	const struct phrases *langs[] = {de};
	enum err e = tpl_set_add(s, "part/x.html", SLICE("[{{evil}}]\n"), ei);
	if (!e)
		e = tpl_set_add(s, "part/item.html", SLICE("<li>{{item}}</li>"), ei);
	if (!e)
		e = tpl_set_add(s, "part/x.txt", SLICE("part {{n}}\n"), ei);
	if (!e)
		e = tpl_set_add(s, name, source, ei);
	if (!e)
		e = tpl_set_compile(s, langs, 1, NULL, 0, ei);
	if (!e)
		e = tpl_render(s, name, de, values(), out, ei);
	tpl_set_free(s);
	return e;
}

struct row {
	int line;
	const char *source;
	const char *want; /* NULL: E_INVALID */
};

static void run_rows(const char *name, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct errinfo ei = {.text = ""};
		struct buf out;
		buf_init(&out, 100000);
		enum err e = one(name, slice_from(rows[i].source), &out, &ei);
		if (!rows[i].want && (e != E_INVALID || strncmp(ei.text, name, strlen(name))))
			fail_msg("line %d: %s %s \"%s\"", rows[i].line, err_name(e), ei.text, out.data);
		if (rows[i].want && (e || strcmp(out.data, rows[i].want)))
			fail_msg("line %d: %s\n%s\n-- wanted\n%s", rows[i].line, e ? ei.text : "", out.data,
			    rows[i].want);
		buf_free(&out);
	}
}

/* Each kind of value in each place. */
static void test_matrix(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* element content */
		{__LINE__, "<p>{{evil}}</p>", "<p>&lt;b&gt;&amp;&quot;&#39;</p>"},
		{__LINE__, "<p>{{club}}</p>", "<p>Verein e." NB "V.</p>"},
		{__LINE__, "<p>{{mark}}</p>", "<p>" MARK "</p>"},
		{__LINE__, "<p>{{js}}</p>", "<p>javascript:alert(1)</p>"},
		{__LINE__, "{{url}}", "<a href=\"https://x.example/&quot;&lt;\">https://x.example/&quot;&lt;</a>"},
		{__LINE__, "{{jsurl}}", "<a href=\"#\">JavaScript:alert(1)</a>"},
		{__LINE__, "{{lab}}", "<a href=\"https://x.example/\">&lt;Label&gt;</a>"},
		{__LINE__, "{{mail}}", "<a href=\"mailto:a%22b@x.example\">a&quot;b@x.example</a>"},
		{__LINE__, "{{lines}}", "&lt;eins&gt;<br>zwei"},
		{__LINE__, "{{ph}}", "Nur <strong>&lt;b&gt;&amp;&quot;&#39;</strong> hier."},
		{__LINE__, "{{empty}}|{{ n }}", "|3"},
		{__LINE__, "{{html}}", NULL},
		{__LINE__, "{{yes}}", NULL},
		{__LINE__, "{{list}}", NULL},
		{__LINE__, "{{unknown}}", NULL},
		/* inside a link: no link */
		{__LINE__, "<a href=\"{{lab}}\">{{lab}}</a>{{lab}}",
		    "<a href=\"https://x.example/\">&lt;Label&gt;</a><a "
		    "href=\"https://x.example/\">&lt;Label&gt;</a>"},
		{__LINE__, "<button>{{mail}} {{@link}}</button>",
		    "<button>a&quot;b@x.example Siehe https://x.example/&quot;&lt;.</button>"},
		/* attribute */
		{__LINE__, "<p title=\"{{evil}}\">", "<p title=\"&lt;b&gt;&amp;&quot;&#39;\">"},
		{__LINE__, "<p title=\"{{club}} {{js}}\">", "<p title=\"Verein e. V. javascript:alert(1)\">"},
		{__LINE__, "<p title=\"{{url}}\">", "<p title=\"https://x.example/&quot;&lt;\">"},
		{__LINE__, "<p title=\"{{lab}}{{mail}}\">", "<p title=\"https://x.example/a&quot;b@x.example\">"},
		{__LINE__, "<p title=\"{{lines}}\">", "<p title=\"&lt;eins&gt;\nzwei\">"},
		{__LINE__, "<p title=\"{{ph}}\">", "<p title=\"Nur &lt;b&gt;&amp;&quot;&#39; hier.\">"},
		{__LINE__, "<p title=\"{{mark}}\">", "<p title=\"" MARK "\">"},
		{__LINE__, "<p title=\"{{html}}\">", NULL},
		{__LINE__, "<p title=\"{{no}}\">", NULL},
		{__LINE__, "<p title=\"{{nothing}}\">", NULL},
		/* URL attribute */
		{__LINE__, "<a href=\"{{url}}\">", "<a href=\"https://x.example/&quot;&lt;\">"},
		{__LINE__, "<a href=\"{{path}}\">", "<a href=\"/x?a=1&amp;b=&quot;2&quot;\">"},
		{__LINE__, "<a href=\"{{js}}\">", "<a href=\"#\">"},
		{__LINE__, "<a HREF=\"{{jsurl}}\">", "<a HREF=\"#\">"},
		{__LINE__, "<a href=\" {{js}}\">", "<a href=\" #\">"},
		{__LINE__, "<form action=\"{{js}}\"><img src=\"{{js}}\">", "<form action=\"#\"><img src=\"#\">"},
		{__LINE__, "<button formaction = \"{{js}}\">", "<button formaction = \"#\">"},
		{__LINE__, "<a href=\"/u/{{evil}}\">", "<a href=\"/u/&lt;b&gt;&amp;&quot;&#39;\">"},
		{__LINE__, "<a href=\"?a={{n}}&amp;b={{java}}\">", "<a href=\"?a=3&amp;b=java\">"},
		{__LINE__, "<a href=\"{{lab}}n?x={{n}}\">", "<a href=\"https://x.example/n?x=3\">"},
		{__LINE__, "<a href=\"mailto:{{mail}}\">", "<a href=\"mailto:a&quot;b@x.example\">"},
		{__LINE__, "<a href=\"{{mark}}\">", "<a href=\"" MARK "\">"},
		{__LINE__, "<a href=\"{{mail}}\">", NULL},
		{__LINE__, "<a href=\"{{lines}}\">", NULL},
		{__LINE__, "<a href=\"{{ph}}\">", NULL},
		{__LINE__, "<a href=\"{{html}}\">", NULL},
		{__LINE__, "<a href=\"{{yes}}\">", NULL},
		/* title and textarea */
		{__LINE__, "<title>{{evil}} {{club}}</title>", "<title>&lt;b&gt;&amp;&quot;&#39; Verein e. "
		    "V.</title>"},
		{__LINE__, "<textarea>{{lines}}{{url}}</textarea>",
		    "<textarea>&lt;eins&gt;\nzweihttps://x.example/&quot;&lt;</textarea>"},
		{__LINE__, "<title>{{@p}}</title>{{lab}}",
		    "<title>Nur &lt;b&gt;&amp;&quot;&#39; hier.</title><a "
		    "href=\"https://x.example/\">&lt;Label&gt;</a>"},
		/* style */
		{__LINE__, "<p style=\"color:{{colour}}\">", "<p style=\"color:#1c4da1\">"},
		{__LINE__, "<p style=\"color:{{cssbad}}\">", NULL},
		{__LINE__, "<p style=\"color:{{url}}\">", NULL},
		{__LINE__, "<p style=\"color:{{ph}}\">", NULL},
		{__LINE__, "<style>{{&css}}</style>{{n}}", "<style>b{c:d}</style>3"},
		{__LINE__, "<style>\n{{&css}}\n</style>", "<style>\nb{c:d}\n</style>"},
		{__LINE__, "<style>{{&evil_css}}</style>", NULL},
		/* HTML */
		{__LINE__, "<div>{{&html}}</div>", "<div><i>x</i></div>"},
		{__LINE__, "{{&evil}}", NULL},
		{__LINE__, "{{&unknown}}", NULL},
	};
	run_rows("t.html", rows, COUNT(rows));
}

static void test_phrases(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, "<h1>{{@p}}</h1>", "<h1>Nur <strong>&lt;b&gt;&amp;&quot;&#39;</strong> hier.</h1>"},
		{__LINE__, "<p title=\"{{@p}}\">", "<p title=\"Nur &lt;b&gt;&amp;&quot;&#39; hier.\">"},
		{__LINE__, "{{@two}}", "Kopf Eins 3" NB "Jahre a 3"},
		{__LINE__, "{{@@two}}",
		    "<h2>Kopf</h2>\n<p>Eins 3" NB "Jahre</p>\n<ul>\n<li>a</li>\n<li>3</li>\n</ul>"},
		{__LINE__, "{{@*phkey}}", "Kopf Eins 3" NB "Jahre a 3"},
		{__LINE__, "{{@@*ph}}", "<p>Nur <strong>&lt;b&gt;&amp;&quot;&#39;</strong> hier.</p>"},
		{__LINE__, "<i title=\"{{@*phkey}}\">", "<i title=\"Kopf Eins 3 Jahre a 3\">"},
		{__LINE__, "a{{@*empty}}b", "ab"},
		{__LINE__, "{{@*phbad}}", NULL},
		{__LINE__, "{{@*url}}", NULL},
		{__LINE__, "{{@*unknown}}", NULL},
		{__LINE__, "{{#list}}{{@two}};{{/list}}", "Kopf Eins 3" NB "Jahre a 3;Kopf Eins 99" NB "Jahre a 99;"},
	};
	run_rows("t.html", rows, COUNT(rows));
}

static void test_sections(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, "{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{^yes}}c{{/yes}}{{^no}}d{{/no}}", "ad"},
		{__LINE__, "{{#evil}}a{{/evil}}{{#empty}}b{{/empty}}{{^empty}}c{{/empty}}", "ac"},
		{__LINE__, "{{#unknown}}a{{/unknown}}{{^unknown}}b{{/unknown}}", "b"},
		{__LINE__, "{{#nothing}}a{{/nothing}}{{^nothing}}b{{/nothing}}", "b"},
		{__LINE__, "{{#list}}({{item}} {{n}}){{/list}}", "(eins&lt; 3)(zwei 99)"},
		{__LINE__, "{{^list}}a{{/list}}", ""},
		{__LINE__, "{{#list}}{{#sub}}{{leaf}}{{item}},{{/sub}}{{^sub}}-{{/sub}}{{/list}}",
		    "L1eins&lt;,L2eins&lt;,-"},
		{__LINE__, "{{#list}}{{>part/item}}{{/list}}", "<li>eins&lt;</li><li>zwei</li>"},
		{__LINE__, "{{#list}}{{item}}{{/list}}{{n}}", "eins&lt;zwei3"},
		{__LINE__, "{{item}}", NULL}, /* not outside */
		/* lines */
		{__LINE__, "a\n  {{#yes}}\nb\n{{/yes}}  \nc\n", "a\nb\nc\n"},
		{__LINE__, "a\n{{! x }}\nb {{! y\n }} c\n", "a\nb  c\n"},
		{__LINE__, "{{#list}}\n- {{item}}\n{{/list}}", "- eins&lt;\n- zwei\n"},
		{__LINE__, "{{>part/x}}\n{{>part/x.html}}",
		    "[&lt;b&gt;&amp;&quot;&#39;]\n[&lt;b&gt;&amp;&quot;&#39;]\n"},
		{__LINE__, "a {{#yes}}\nb{{/yes}}\n", "a \nb\n"},
		{__LINE__, "a}}b{c}", "a}}b{c}"},
		{__LINE__, "", ""},
		/* in tags */
		{__LINE__, "<input{{#yes}} checked{{/yes}}>", "<input checked>"},
		{__LINE__, "<input{{#no}} checked{{/no}}>", "<input>"},
		{__LINE__, "<input{{#yes}} a{{/yes}}{{#yes}} b=\"{{n}}\"{{/yes}} c>", "<input a b=\"3\" c>"},
		{__LINE__, "<input a=\"x\"{{#yes}} b{{/yes}}/>", "<input a=\"x\" b/>"},
		{__LINE__, "<input {{#yes}}a {{/yes}}b>", "<input a b>"},
		{__LINE__, "<input x {{#yes}}y=\"1\"{{/yes}} z>", "<input x y=\"1\" z>"},
		{__LINE__, "<p class=\"a{{#yes}} b{{/yes}}{{#no}} c{{/no}}\">", "<p class=\"a b\">"},
		{__LINE__, "<p {{#yes}}{{#yes}}a{{/yes}} b{{/yes}}>", "<p a b>"},
		{__LINE__, "{{#yes}}<ul>{{/yes}}{{^no}}</ul>{{/no}}", "<ul></ul>"},
		{__LINE__, "<title>{{#yes}}a{{/yes}}</title>", "<title>a</title>"},
		{__LINE__, "<a href=\"{{#yes}}{{js}}{{/yes}}\">", "<a href=\"#\">"},
		{__LINE__, "<a href=\"/x{{#n}}?n={{n}}{{/n}}\">", "<a href=\"/x?n=3\">"},
		/* literal HTML of all sorts */
		{__LINE__, "<!doctype html><!-- a > b --><!--><p>{{n}}<!--[if mso]><x y='1'><![endif]-->{{n}}",
		    "<!doctype html><!-- a > b --><!--><p>3<!--[if mso]><x y='1'><![endif]-->3"},
		{__LINE__, "<html lang=de><p x='\"{' y = \"z\">a < b <3 </ >{{n}}",
		    "<html lang=de><p x='\"{' y = \"z\">a < b <3 </ >3"},
		{__LINE__, "<script>if (a<b) \"<p {\"</script>{{n}}<SCRIPT></scripty></Script >{{n}}",
		    "<script>if (a<b) \"<p {\"</script>3<SCRIPT></scripty></Script >3"},
		{__LINE__, "<script src=\"{{js}}\" type=module></script>{{n}}",
		    "<script src=\"#\" type=module></script>3"},
	};
	run_rows("t.html", rows, COUNT(rows));
}

static void test_plain(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{__LINE__, "Hallo <{{evil}}> {{url}} {{mail}} {{lab}}",
		    "Hallo <<b>&\"'> https://x.example/\"< a\"b@x.example https://x.example/"},
		{__LINE__, "{{ctl}}", "a b"}, /* a text cannot begin a line of its own */
		{__LINE__, "x\n  {{lines}}\n", "x\n  <eins>\n  zwei\n"},
		{__LINE__, "x: {{lines}}", "x: <eins>\nzwei"},
		{__LINE__, "{{club}} {{mark}}", "Verein e. V. " MARK},
		{__LINE__, "{{@p}}", "Nur <b>&\"' hier."},
		{__LINE__, "a\n{{@@two}}\nb\n", "a\nKopf\n\nEins 3 Jahre\n\n* a\n* 3\nb\n"},
		{__LINE__, "a\n    {{@@two}}\nb\n", "a\n    Kopf\n\n    Eins 3 Jahre\n\n    * a\n    * 3\nb\n"},
		{__LINE__, "a\n{{@@none}}\nb\n", "a\nb\n"},
		{__LINE__, "    {{@@long}}",
		    "    abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij\n    ende\n"},
		{__LINE__, "{{@@long}}\n", "abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij "
		    "ende\n"},
		{__LINE__, "{{>part/x}}\n{{>part/x.txt}}", "part 3\npart 3\n"},
		{__LINE__, "{{#list}}\n* {{item}}\n{{/list}}\n-- \n", "* eins<\n* zwei\n-- \n"},
		{__LINE__, "{{html}}", NULL},
		{__LINE__, "{{yes}}", NULL},
		{__LINE__, "{{&html}}", NULL},
		{__LINE__, "a {{@@two}}", NULL},
		{__LINE__, "{{>part/x.html}}", NULL},
		{__LINE__, "{{>part/item}}", NULL},
	};
	run_rows("t.txt", rows, COUNT(rows));
}

static void test_compile_errors(void **state)
{
	(void)state;
	static const struct {
		int line;
		const char *source, *place;
	} rows[] = {
		/* tags */
		{__LINE__, "a{{n", "1:2:"},
		{__LINE__, "a\nä{{n }x", "2:2:"},
		{__LINE__, "{{}}", "1:1:"},
		{__LINE__, "{{N}}", "1:1:"},
		{__LINE__, "{{a b}}", "1:1:"},
		{__LINE__, "{{{n}}}", "1:1:"},
		{__LINE__, "{{! x", "1:1:"},
		{__LINE__, "{{#n\n}}", "1:1:"},
		{__LINE__, "{{@*}}", "1:1:"},
		{__LINE__, "{{", "1:1:"},
		{__LINE__, "{{012345678901234567890123456789012345678901234567890123456789012345678901234567890}}",
		    "1:1:"},
		/* sections */
		{__LINE__, "\n x{{#n}}", "2:3:"},
		{__LINE__, "{{/n}}", "1:1:"},
		{__LINE__, "{{#a}}{{#b}}{{/a}}{{/b}}", "1:13:"},
		/* parts and phrases */
		{__LINE__, "x {{>nosuch}}", "1:3:"},
		{__LINE__, "x {{>part/x.txt}}", "1:3:"},
		{__LINE__, "x{{>t}}", "1:2: part {{>t}} contains itself"},
		{__LINE__, "<p title=\"{{>part/x}}\">", "1:11:"},
		{__LINE__, "<title>{{>part/x}}</title>", "1:8:"},
		{__LINE__, "<p>\n{{@nosuch}}", "2:1:"},
		{__LINE__, "<p title=\"{{@@p}}\">", "1:11:"},
		{__LINE__, "<title>{{@@p}}</title>", "1:8:"},
		{__LINE__, "<title>{{&html}}</title>", "1:8:"},
		{__LINE__, "<p title=\"{{&html}}\">", "1:11:"},
		/* places */
		{__LINE__, "<{{n}}>", "1:2:"},
		{__LINE__, "</{{n}}>", "1:3:"},
		{__LINE__, "<h{{n}}>", "1:3:"},
		{__LINE__, "<p {{n}}>", "1:4:"},
		{__LINE__, "<p a{{n}}=\"x\">", "1:5:"},
		{__LINE__, "<p a={{n}}>", "1:6:"},
		{__LINE__, "<p a=x{{n}}>", "1:7:"},
		{__LINE__, "<p a='{{n}}'>", "1:7:"},
		{__LINE__, "<p a=\"x\"{{n}}>", "1:9:"},
		{__LINE__, "<p/{{n}}>", "1:4:"},
		{__LINE__, "<!-- {{n}} -->", "1:6:"},
		{__LINE__, "<!{{n}}>", "1:3:"},
		{__LINE__, "<!doctype {{n}}>", "1:11:"},
		{__LINE__, "<?{{n}}>", "1:3:"},
		{__LINE__, "<script>\n var x = \"{{n}}\";</script>", "2:11:"},
		{__LINE__, "<ScRiPt>{{n}}</sCrIpT>", "1:9:"},
		{__LINE__, "<style>{{n}}</style>", "1:8:"},
		{__LINE__, "<style>a{{&css}}</style>", "1:9:"},
		{__LINE__, "<style>{{&html}}</style>", "1:8:"},
		{__LINE__, "<style>{{&css}}b{}</style>", "1:16:"},
		{__LINE__, "<style>{{&css}}{{&css}}</style>", "1:16:"},
		{__LINE__, "<script>{{&css}}</script>", "1:9:"},
		{__LINE__, "<style>{{#yes}}a{{/yes}}</style>", "1:8:"},
		{__LINE__, "<iframe>{{n}}</iframe>", "1:9:"},
		{__LINE__, "<title></ti{{n}}tle>", "1:12:"},
		{__LINE__, "<p onclick=\"{{n}}\">", "1:13:"},
		{__LINE__, "<p ONCLICK=\"{{#yes}}{{/yes}}\">", "1:13:"},
		{__LINE__, "<iframe srcdoc=\"{{n}}\">", "1:17:"},
		{__LINE__, "<p style=\"{{@p}}\">", "1:11:"},
		/* addresses */
		{__LINE__, "<a href=\"{{@p}}\">", "1:10:"},
		{__LINE__, "<a href=\"{{java}}{{js}}\">", "1:18:"},
		{__LINE__, "<a href=\"{{java}}script:{{js}}\">", "1:25:"},
		{__LINE__, "<a href=\"java{{js}}\">", "1:14:"},
		{__LINE__, "<a href=\"javascript:{{js}}\">", "1:21:"},
		{__LINE__, "<a href=\"data:{{js}}\">", "1:15:"},
		{__LINE__, "<a href=\"javascript&colon;{{js}}\">", "1:27:"},
		{__LINE__, "<a href=\"java\n{{js}}\">", "2:1:"},
		{__LINE__, "<a href=\"{{#no}}/{{/no}}{{js}}\">", "1:25:"},
		{__LINE__, "<a href=\"{{#java}}{{java}}{{/java}}{{js}}\">", "1:36:"},
		/* sections that end elsewhere */
		{__LINE__, "{{#yes}}<p {{/yes}}>", "1:12:"},
		{__LINE__, "<p {{#yes}}>{{/yes}}", "1:13:"},
		{__LINE__, "<p {{#yes}}><p {{/yes}}>", "1:16:"},
		{__LINE__, "<p a=\"{{#yes}}\" b=\"{{/yes}}\">", "1:20:"},
		{__LINE__, "<p a=\"{{#yes}}x\"{{/yes}}>", "1:17:"},
		{__LINE__, "<p {{#yes}}a=\"{{/yes}}\">", "1:15:"},
		{__LINE__, "<p {{#yes}}a={{/yes}}\"x\">", "1:14:"},
		{__LINE__, "<p a={{#yes}}\"x\"{{/yes}}>", "1:6:"},
		{__LINE__, "<p a{{#yes}}=\"x\"{{/yes}}>", "1:13:"},
		{__LINE__, "<p {{#yes}}a{{/yes}}=\"x\">", "1:21:"},
		{__LINE__, "<p{{#yes}}a{{/yes}}>", "1:11:"},
		{__LINE__, "<p{{#yes}} a {{/yes}}b>", "1:22:"},
		{__LINE__, "<p {{#yes}}a{{/yes}}b>", "1:21:"},
		{__LINE__, "</p{{#yes}} a{{/yes}}>", "1:4:"},
		{__LINE__, "{{#yes}}<title>{{/yes}}</title>", "1:16:"},
		{__LINE__, "<title>{{#yes}}</title><title>{{/yes}}</title>", "1:31:"},
		{__LINE__, "{{#yes}}<!-- {{/yes}} -->", "1:14:"},
		/* unfinished or broken HTML */
		{__LINE__, "ab\n<p", "2:3:"},
		{__LINE__, "<p a=\"x>", "1:9:"},
		{__LINE__, "<!-- x", "1:7:"},
		{__LINE__, "<script>x", "1:10:"},
		{__LINE__, "<style>{{&css}}", "1:16:"},
		{__LINE__, "<p =\"x\">", "1:4:"},
		{__LINE__, "<p a=\"x\"b=\"y\">", "1:9:"},
		{__LINE__, "<p a=>", "1:6:"},
		{__LINE__, "<p <a>", "1:4:"},
		/* bytes */
		{__LINE__, "a\xFF", "1:2:"},
		{__LINE__, "a\r\n", "1:2:"},
		{__LINE__, "\xEF\xBB\xBF<p>", "1:1:"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct errinfo ei = {.text = ""};
		struct buf out;
		char want[200];
		buf_init(&out, 10000);
		snprintf(want, sizeof want, "t.html:%s", rows[i].place);
		enum err e = one("t.html", slice_from(rows[i].source), &out, &ei);
		if (e != E_INVALID || strncmp(ei.text, want, strlen(want)))
			fail_msg("line %d: %s\n%s\n%s\n-> %s", rows[i].line, rows[i].source, err_name(e), ei.text,
			    out.data);
		buf_free(&out);
	}
	struct errinfo ei;
	struct buf out;
	buf_init(&out, 100);
	assert_int_equal(one("t.html", slice_make("a\0b", 3), &out, &ei), E_INVALID);
	buf_free(&out);
}

static enum err nested(unsigned depth, struct errinfo *ei, struct buf *out)
{
	struct buf src;
	buf_init(&src, 100000);
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(&src, "{{#yes}}");
	buf_add_str(&src, "x");
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(&src, "{{/yes}}");
	enum err e = one("t.html", buf_slice(&src), out, ei);
	buf_free(&src);
	return e;
}

static void test_depth(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf out;
	buf_init(&out, 100);
	assert_int_equal(nested(16, &ei, &out), OK);
	assert_string_equal(out.data, "x");
	assert_int_equal(nested(17, &ei, &out), E_INVALID);
	assert_int_equal(nested(200, &ei, &out), E_INVALID);
	assert_int_equal(strncmp(ei.text, "t.html:1:129:", 13), 0); /* the 17th */
	buf_free(&out);
}

static void test_parts_chain(void **state)
{
	(void)state;
	struct errinfo ei;
	for (int depth = 8; depth <= 9; depth++) {
		struct tpl_set *s = tpl_set_new();
		for (int i = 0; i < depth; i++) {
			char name[20], source[40] = "end";
			snprintf(name, sizeof name, "p%d.html", i);
			if (i + 1 < depth)
				snprintf(source, sizeof source, "{{>p%d}}.", i + 1);
			assert_int_equal(tpl_set_add(s, name, slice_from(source), &ei), OK);
		}
		assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), depth == 8 ? OK : E_INVALID);
		tpl_set_free(s);
	}
	struct tpl_set *s = tpl_set_new(); /* two that contain each other, one beside them */
	assert_int_equal(tpl_set_add(s, "a.txt", SLICE("{{>b}}"), &ei), OK);
	assert_int_equal(tpl_set_add(s, "b.txt", SLICE("x\n{{>c}}{{>a}}"), &ei), OK);
	assert_int_equal(tpl_set_add(s, "c.txt", SLICE("c"), &ei), OK);
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "b.txt:2:7: part {{>a}} contains itself"));
	tpl_set_free(s);
}

/* Eight levels of twenty parts each would be 20^7 passes. */
static void test_parts_bomb(void **state)
{
	(void)state;
	struct errinfo ei;
	struct tpl_set *s = tpl_set_new();
	for (int i = 0; i < 8; i++) {
		char name[20], source[400] = "";
		snprintf(name, sizeof name, "p%d.txt", i);
		for (int k = 0; i < 7 && k < 20; k++)
			snprintf(source + strlen(source), sizeof source - strlen(source), "{{>p%d}}", i + 1);
		assert_int_equal(tpl_set_add(s, name, slice_from(source), &ei), OK);
	}
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "more than"));
	tpl_set_free(s);
}

static void render_is(const struct tpl_set *s, const char *name, const struct phrases *lang, const char *want)
{
	struct errinfo ei = {.text = ""};
	struct buf out;
	buf_init(&out, 10000);
	if (tpl_render(s, name, lang, values(), &out, &ei))
		fail_msg("%s", ei.text);
	assert_string_equal(out.data, want);
	buf_free(&out);
}

static void test_override(void **state)
{
	(void)state;
	struct errinfo ei;
	struct tpl_set *s = tpl_set_new();
	assert_int_equal(tpl_set_add(s, "page.html", SLICE("{{>foot}}"), &ei), OK);
	assert_int_equal(tpl_set_add(s, "foot.html", SLICE("ours {{n}}"), &ei), OK);
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), OK);
	render_is(s, "page.html", de, "ours 3");
	assert_int_equal(tpl_set_add(s, "foot.html", SLICE("<b>owner {{n}}</b>"), &ei), OK);
	struct buf out;
	buf_init(&out, 100);
	assert_int_equal(tpl_render(s, "page.html", de, values(), &out, &ei),
	    E_CONFLICT); /* not compiled again */
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), OK);
	render_is(s, "page.html", de, "<b>owner 3</b>");
	assert_int_equal(tpl_set_add(s, "foot.html", SLICE("{{#x}}"), &ei), OK); /* a broken one stops all */
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), E_INVALID);
	assert_int_equal(tpl_render(s, "page.html", de, values(), &out, &ei), E_CONFLICT);
	buf_free(&out);
	tpl_set_free(s);
}

static void test_languages(void **state)
{
	(void)state;
	struct errinfo ei;
	struct phrases *du = phrases_new("de-du"), *en = phrases_new("en"), *late = phrases_new("late");
	assert_int_equal(phrases_load(du, "du", SLICE("[two]\ndu\n"), false, &ei), OK);
	assert_int_equal(phrases_load(en, "en", SLICE("[two]\nyou\n"), false, &ei), OK);
	assert_int_equal(phrases_load(late, "late", SLICE("[two]\nlate\n"), false, &ei), OK);
	phrases_fallback(du, de);
	struct tpl_set *s = tpl_set_new();
	assert_int_equal(tpl_set_add(s, "t.html", SLICE("{{@two}}|{{@link}}"), &ei), OK);
	const struct phrases *bad[] = {de, du, en};
	assert_int_equal(tpl_set_compile(s, bad, 3, NULL, 0, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "t.html:1:10: the phrase [link] is missing in language en"));
	assert_int_equal(tpl_set_compile(s, bad, 2, NULL, 0, &ei), OK);
	render_is(s, "t.html", du,
	    "du|Siehe <a href=\"https://x.example/&quot;&lt;\">https://x.example/&quot;&lt;</a>.");
	/* a language that was not there at compile time is looked up, and may lack a phrase */
	struct buf out;
	buf_init(&out, 1000);
	assert_int_equal(tpl_render(s, "t.html", late, values(), &out, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "t.html:1:10:"));
	assert_string_equal(out.data, "late|");
	const struct phrases *many[9] = {de, de, de, de, de, de, de, de, de};
	assert_int_equal(tpl_set_compile(s, many, 9, NULL, 0, &ei), E_LIMIT);
	buf_free(&out);
	tpl_set_free(s);
	phrases_free(late);
	phrases_free(en);
	phrases_free(du);
}

static void test_duties(void **state)
{
	(void)state;
	static const char *const required[] = {"n", "list", "@p", "@*phkey", NULL};
	static const struct tpl_duty duty[] = {{"page.html", required}};
	static const struct {
		int line;
		const char *page, *part, *missing; /* missing NULL: complete */
	} rows[] = {
		{__LINE__, "{{n}}{{#list}}{{/list}}{{@p}}{{@*phkey}}", "", NULL},
		{__LINE__, "{{>part}}", "{{^n}}{{/n}}{{&list}}{{@@p}}{{@@*phkey}}", NULL},
		{__LINE__, "{{>part}}{{@p}}", "{{n}}{{#list}}{{/list}}{{@*phkey}}", NULL},
		{__LINE__, "{{#list}}{{/list}}{{@p}}{{@*phkey}}", "{{n}}", "n"}, /* the part is not used */
		{__LINE__, "{{! {{n}}{{#list}}{{/list}}{{@p}}{{@*phkey}}", "", "n"}, /* a comment does not count */
		{__LINE__, "{{@p}}{{n}}{{@*phkey}}", "", "list"},
		{__LINE__, "{{p}}{{n}}{{list}}{{@*phkey}}", "", "@p"}, /* a key is no phrase */
		{__LINE__, "{{n}}{{list}}{{@p}}{{phkey}}", "", "@*phkey"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct errinfo ei = {.text = ""};
		const struct phrases *langs[] = {de};
		struct tpl_set *s = tpl_set_new();
		assert_int_equal(tpl_set_add(s, "page.html", slice_from(rows[i].page), &ei), OK);
		assert_int_equal(tpl_set_add(s, "part.html", slice_from(rows[i].part), &ei), OK);
		enum err e = tpl_set_compile(s, langs, 1, duty, 1, &ei);
		char want[100];
		snprintf(want, sizeof want, "page.html:1:1: {{%s}} must stand", rows[i].missing ? rows[i].missing
		    : "");
		if (e != (rows[i].missing ? E_INVALID : OK) || (e && !strstr(ei.text, want)))
			fail_msg("line %d: %s %s", rows[i].line, err_name(e), ei.text);
		tpl_set_free(s);
	}
	struct errinfo ei;
	struct tpl_set *s = tpl_set_new();
	assert_int_equal(tpl_set_compile(s, NULL, 0, duty, 1, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "page.html"));
	tpl_set_free(s);
}

static void collect_use(char sigil, struct slice key, void *arg)
{
	buf_add_char(arg, sigil);
	buf_add_slice(arg, key);
	buf_add_char(arg, ' ');
}

static void collect_name(const char *name, void *arg)
{
	buf_printf(arg, "%s ", name);
}

static void test_walks(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf out;
	const struct phrases *langs[] = {de};
	struct tpl_set *s = tpl_set_new();
	buf_init(&out, 1000);
	assert_int_equal(tpl_set_add(s, "b.html", SLICE("{{#x}}{{>a}}{{/x}}{{^y}}{{&z}}{{/y}}{{@@*k}}"), &ei),
	    OK);
	assert_int_equal(tpl_set_add(s, "a.html", SLICE("{{n}}{{@p}}"), &ei), OK);
	assert_int_equal(tpl_set_compile(s, langs, 1, NULL, 0, &ei), OK);
	tpl_uses(s, "b.html", collect_use, &out);
	assert_string_equal(out.data, "#x >a =n @p ^y &z *k ");
	buf_reset(&out);
	tpl_uses(s, "c.html", collect_use, &out);
	assert_string_equal(out.data, "");
	tpl_set_each(s, collect_name, &out);
	assert_string_equal(out.data, "b.html a.html ");
	buf_free(&out);
	tpl_set_free(s);
}

static void test_names_and_limits(void **state)
{
	(void)state;
	struct errinfo ei;
	struct tpl_set *s = tpl_set_new();
	char longname[140];
	memset(longname, 'a', sizeof longname);
	memcpy(longname + sizeof longname - 6, ".html", 6);
	assert_int_equal(tpl_set_add(s, "a.htm", SLICE(""), &ei), E_INVALID);
	assert_int_equal(tpl_set_add(s, "", SLICE(""), &ei), E_INVALID);
	assert_int_equal(tpl_set_add(s, "a b.html", SLICE(""), &ei), E_INVALID);
	assert_int_equal(tpl_set_add(s, longname, SLICE(""), &ei), E_INVALID);
	char *huge = calloc(1, 256 * 1024 + 1);
	memset(huge, 'x', 256 * 1024 + 1);
	assert_int_equal(tpl_set_add(s, "a.html", slice_make(huge, 256 * 1024 + 1), &ei), E_LIMIT);
	assert_int_equal(tpl_set_add(s, "a.html", slice_make(huge, 256 * 1024), &ei), OK);
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), OK);
	struct buf out;
	buf_init(&out, 1000);
	assert_int_equal(tpl_render(s, "a.html", de, values(), &out, &ei), E_LIMIT);
	assert_int_equal(tpl_render(s, "b.html", de, values(), &out, &ei), E_NOT_FOUND);
	free(huge);
	tpl_set_free(s);
	/* a list that would fill the memory stops at the limit */
	s = tpl_set_new();
	assert_int_equal(tpl_set_add(s, "l.html",
	    SLICE("{{#list}}{{#list}}{{#list}}0123456789{{/list}}{{/list}}{{/list}}"),
	    &ei), OK);
	assert_int_equal(tpl_set_compile(s, NULL, 0, NULL, 0, &ei), OK);
	struct view *v = view_new(&arena);
	for (int i = 0; i < 500; i++)
		view_item(v, "list");
	buf_reset(&out);
	assert_int_equal(tpl_render(s, "l.html", de, v, &out, &ei), E_LIMIT);
	buf_free(&out);
	tpl_set_free(s);
}

static void test_runtime_error_place(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf out;
	buf_init(&out, 1000);
	assert_int_equal(one("t.html", SLICE("<p>\nä {{#list}}{{unknown}}{{/list}}"), &out, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "t.html:2:12: {{unknown}}"));
	assert_int_equal(one("t.html", SLICE("<p>\n{{yes}}"), &out, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "t.html:2:1: {{yes}} is a truth"));
	/* the value itself never stands in the text of an error */
	assert_int_equal(one("t.html", SLICE("<p style=\"a:{{evil}}\">"), &out, &ei), E_INVALID);
	assert_null(strstr(ei.text, "<b>"));
	buf_free(&out);
}

static void test_phrase_error_place(void **state)
{
	(void)state;
	struct errinfo ei;
	struct buf out;
	struct tpl_set *s = tpl_set_new();
	const struct phrases *langs[] = {de};
	buf_init(&out, 1000);
	assert_int_equal(tpl_set_add(s, "t.html", SLICE("a\n{{@link}}"), &ei), OK);
	assert_int_equal(tpl_set_compile(s, langs, 1, NULL, 0, &ei), OK);
	assert_int_equal(tpl_render(s, "t.html", de, view_new(&arena), &out, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "t.html:2:1: de.txt:11: phrase [link]: {url}"));
	assert_int_equal(tpl_render(s, "t.html", de, view_new(&arena), &out, NULL), E_INVALID);
	buf_free(&out);
	tpl_set_free(s);
}

static void test_heading_level(void **state)
{
	(void)state;
	static const struct {
		const char *level, *want;
	} rows[] = {{"1", "<h1>"}, {"6", "<h6>"}, {"7", "<h2>"}, {"0", "<h2>"}, {"33", "<h2>"}, {"x", "<h2>"}};
	struct errinfo ei;
	struct tpl_set *s = tpl_set_new();
	const struct phrases *langs[] = {de};
	assert_int_equal(tpl_set_add(s, "t.html", SLICE("{{@@two}}"), &ei), OK);
	assert_int_equal(tpl_set_compile(s, langs, 1, NULL, 0, &ei), OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		struct view *v = values();
		buf_init(&out, 1000);
		view_cstr(v, "heading_level", rows[i].level);
		assert_int_equal(tpl_render(s, "t.html", de, v, &out, &ei), OK);
		assert_int_equal(strncmp(out.data, rows[i].want, 4), 0);
		buf_free(&out);
	}
	tpl_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_matrix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phrases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compile_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts_bomb, setup, teardown),
		cmocka_unit_test_setup_teardown(test_override, setup, teardown),
		cmocka_unit_test_setup_teardown(test_languages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_duties, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_and_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runtime_error_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phrase_error_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_heading_level, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
