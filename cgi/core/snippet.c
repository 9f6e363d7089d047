#include "core/snippet.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "core/embed.h"
#include "core/formpage.h"
#include "text/html.h"
#include "text/url.h"

#define FRAGMENT_MAX_BYTES (256u * 1024u)

/* Sources that the owner's Content-Security-Policy must name. */
enum { CSP_SCRIPT = 1, CSP_CONNECT = 2, CSP_FRAME = 4, CSP_FORM = 8 };

struct snippet {
	const struct site *site;
	struct arena *arena;
	const struct conf_form *form;
	const char *lang; /* of the words */
	struct slice url; /* of the form, with ?lang= if one was asked for */
	struct slice part; /* the same, of the fragment */
	struct slice label;
	struct slice fragment; /* rendered */
};

static void add_attr(struct buf *out, const char *before, struct slice value)
{
	buf_add_str(out, before);
	html_attr(out, value);
}

static void add_link(struct buf *out, const struct snippet *n)
{
	add_attr(out, "<a href=\"", n->url);
	buf_add_str(out, "\">");
	html_text(out, n->label);
	buf_add_str(out, "</a>");
}

static void add_script(struct buf *out, const struct snippet *n)
{
	add_attr(out, "<script type=\"module\" src=\"", site_url(n->site, n->arena, "/jawort.js", ""));
	buf_add_str(out, "\"></script>\n");
}

static void two_line(struct buf *out, const struct snippet *n)
{
	add_attr(out, "<jawort-form src=\"", n->url);
	buf_add_str(out, "\">");
	add_link(out, n);
	buf_add_str(out, "</jawort-form>\n");
	add_script(out, n);
}

static void html(struct buf *out, const struct snippet *n)
{
	buf_add_str(out, "<jawort-form>\n");
	buf_add_slice(out, n->fragment);
	buf_add_str(out, "</jawort-form>\n");
	add_script(out, n);
	buf_add_str(out, "<!-- The script is optional: without it the form works as well. -->\n");
}

static void iframe(struct buf *out, const struct snippet *n)
{
	struct buf url;

	buf_init_arena(&url, n->arena, 8192);
	buf_add_slice(&url, n->url);
	buf_add_str(&url, slice_find(n->url, '?', 0) < n->url.len ? "&frame" : "?frame");
	add_attr(out, "<iframe src=\"", buf_slice(&url));
	add_attr(out, "\" title=\"", n->label);
	buf_add_str(out, "\" loading=\"lazy\" width=\"100%\" height=\"900\"></iframe>\n");
	add_script(out, n);
	buf_add_str(out, "<!-- The script is optional: it fits the frame's height to its content. -->\n");
}

/* The path only: nginx asks itself. The block comes first, or nginx prints an error into the page. */
static void ssi(struct buf *out, const struct snippet *n)
{
	struct url u;

	buf_printf(out, "<!--# block name=\"jawort-%s\" -->", n->form->id);
	add_link(out, n);
	buf_add_str(out, "<!--# endblock -->\n<!--# include virtual=\"");
	if (url_parse(n->part, &u)) {
		html_attr(out, u.path);
		buf_add_char(out, '?');
		buf_add_slice(out, u.query);
	}
	buf_printf(out, "\" stub=\"jawort-%s\" -->\n", n->form->id);
}

static void hugo(struct buf *out, const struct snippet *n)
{
	buf_printf(out, "{{< jawort-form \"%.*s\" >}}\n", SLICE_FMT(n->url));
	buf_add_str(out, "<!-- contrib/hugo/jawort-form.html belongs into layouts/shortcodes/. -->\n");
}

/* The form itself, for _includes/; what Liquid might take for its own is shielded. */
static void jekyll(struct buf *out, const struct snippet *n)
{
	static const char end[] = "</form>";
	size_t at = n->fragment.len;

	while (at > 0 && !slice_starts(slice_sub(n->fragment, at, n->fragment.len), SLICE(end)))
		at--;
	buf_add_str(out, "{% raw %}");
	buf_add_slice(out, slice_sub(n->fragment, 0, at));
	buf_add_str(out, "{% endraw %}<input type=\"hidden\" name=\"page\" value=\"{{ page.url | absolute_url }}\">\n");
	buf_add_slice(out, slice_sub(n->fragment, at, n->fragment.len));
	buf_printf(out, "<!-- As _includes/%s.html: {%% raw %%}{%% include %s.html %%}{%% endraw %%} in the page. The "
	    "text is that of today;\ncontrib/jekyll/jawort.rb fetches it at every build. -->\n", n->form->id, n->form->id);
}

static void eleventy(struct buf *out, const struct snippet *n)
{
	buf_printf(out, "{%% jawortForm \"%.*s\" %%}\n", SLICE_FMT(n->url));
	buf_add_str(out, "<!-- contrib/eleventy/jawort.mjs belongs beside eleventy.config.js. -->\n");
}

static void astro(struct buf *out, const struct snippet *n)
{
	buf_add_str(out, "---\nimport JawortForm from '../components/JawortForm.astro';\n---\n");
	add_attr(out, "<JawortForm src=\"", n->url);
	buf_add_str(out, "\" />\n<!-- contrib/astro/JawortForm.astro belongs into src/components/. -->\n");
}

static const struct snippet_way {
	const char *name;
	void (*add)(struct buf *out, const struct snippet *n);
	unsigned csp;
} ways[] = {
    {"two-line", two_line, CSP_SCRIPT | CSP_CONNECT | CSP_FORM},
    {"html", html, CSP_SCRIPT | CSP_CONNECT | CSP_FORM},
    {"iframe", iframe, CSP_SCRIPT | CSP_FRAME},
    {"ssi", ssi, CSP_FORM},
    {"hugo", hugo, CSP_FORM},
    {"jekyll", jekyll, CSP_FORM},
    {"eleventy", eleventy, CSP_FORM},
    {"astro", astro, CSP_FORM},
};
const size_t snippet_count = sizeof(ways) / sizeof(ways[0]);

const char *snippet_name(size_t i)
{
	return ways[i].name;
}

/* 'self': the answer may lead back to the owner's site, and browsers apply form-action to that as well. */
static void add_csp(struct buf *out, const struct snippet *n, unsigned csp)
{
	static const struct {
		unsigned bit;
		const char *text;
	} words[] = {{CSP_SCRIPT, "script-src "}, {CSP_CONNECT, "connect-src "}, {CSP_FRAME, "frame-src "},
	    {CSP_FORM, "form-action 'self' "}};
	const char *sep = "";
	struct url base;

	if (!url_parse(slice_from(site_conf(n->site)->base_url), &base))
		return;
	buf_add_str(out, "<!-- If your page has a Content-Security-Policy, it must allow: ");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(csp & words[i].bit))
			continue;
		buf_printf(out, "%s%s", sep, words[i].text);
		url_add_origin(out, &base);
		sep = "; ";
	}
	buf_add_str(out, " -->\n");
}

/* A frame brings its own looks. */
static void add_sheet(struct buf *out, const struct snippet *n)
{
	struct url base;

	add_attr(out, "<!-- Looks, if you want ours, for the page's head: <link rel=\"stylesheet\" href=\"",
	    site_url(n->site, n->arena, "/jawort.css", ""));
	buf_add_str(out, "\">");
	if (url_parse(slice_from(site_conf(n->site)->base_url), &base)) {
		buf_add_str(out, " (Content-Security-Policy: style-src ");
		url_add_origin(out, &base);
		buf_add_char(out, ')');
	}
	buf_add_str(out, " -->\n");
}

static void add_frozen(struct buf *out, const struct snippet *n)
{
	const struct embedded_file *f = embed_find("static/jawort.v1.js");
	unsigned char hash[CRYPT_SHA384_BYTES];

	if (!f)
		return;
	crypt_sha384(hash, f->data, f->len);
	add_attr(out, "<!-- The script that never changes, instead of jawort.js:\n<script type=\"module\" src=\"",
	    site_url(n->site, n->arena, "/jawort.v1.js", ""));
	buf_add_str(out, "\" integrity=\"sha384-");
	enc_b64_add(out, hash, sizeof(hash));
	buf_add_str(out, "\" crossorigin=\"anonymous\"></script> -->\n");
}

static enum err snippet_words(struct snippet *n, const char *lang, struct errinfo *ei)
{
	const struct formpage f = {.form = n->form, .lang = n->lang};
	const char *own = conf_text_get(&n->form->title, n->lang);
	bool many = n->form->npurposes > 1;
	struct view *v = site_view(n->site, n->arena, n->lang);
	struct buf b;
	enum err rc;

	buf_init_arena(&b, n->arena, 8192);
	buf_add_slice(&b, formpage_url(n->site, n->arena, n->form, ""));
	if (lang)
		buf_printf(&b, "?lang=%s", lang);
	n->url = buf_slice(&b);
	buf_init_arena(&b, n->arena, 8192);
	buf_add_slice(&b, formpage_url(n->site, n->arena, n->form, "?fragment"));
	buf_printf(&b, "&lang=%s", n->lang);
	n->part = buf_slice(&b);
	view_text(v, "title", *own ? slice_from(own) : site_titles(n->site, n->arena, n->lang,
	    slice_from(many ? "" : n->form->purposes[0]->id)));
	n->label = site_say(n->site, n->lang, many ? "form.title.many" : "form.title.one", v);
	buf_init_arena(&b, n->arena, FRAGMENT_MAX_BYTES);
	rc = formpage_render(n->site, n->arena, FORMPAGE_FRAGMENT, &f, &b, ei);
	n->fragment = buf_slice(&b);
	return rc;
}

static enum err snippet_unknown(const char *as, struct errinfo *ei)
{
	struct buf all;

	buf_init(&all, 512);
	for (size_t i = 0; i < snippet_count; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", ways[i].name);
	err_set(ei, E_NOT_FOUND, "there is no way \"%s\"; these are known: %s", as, all.data);
	buf_free(&all);
	return E_NOT_FOUND;
}

enum err snippet_render(const struct site *s, struct arena *a, const char *as, const struct conf_form *form,
    const char *lang, struct buf *out, struct errinfo *ei)
{
	struct snippet n = {.site = s, .arena = a, .form = form, .lang = lang ? lang : site_lang_default(s)};
	const struct snippet_way *w = ways;
	enum err rc;

	while (w < ways + snippet_count && strcmp(w->name, as) != 0)
		w++;
	if (w == ways + snippet_count)
		return snippet_unknown(as, ei);
	rc = snippet_words(&n, lang, ei);
	if (rc)
		return rc;
	w->add(out, &n);
	if (!(w->csp & CSP_FRAME))
		add_sheet(out, &n);
	add_csp(out, &n, w->csp);
	if (w->csp & CSP_SCRIPT)
		add_frozen(out, &n);
	return buf_ok(out) ? OK : err_set(ei, E_LIMIT, "snippet of %s", form->id);
}
