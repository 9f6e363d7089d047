/* HTML by libgumbo: the only file that knows it. Its memory is the page's arena, so it is bounded and never walked to be freed. */
#include "scan/page_priv.h"

#include <gumbo.h>
#include <setjmp.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define CLOCK_EVERY 256 /* allocations between two looks at the clock */
#define NEST_MAX 1      /* srcdoc inside srcdoc is not followed */

/* libgumbo does not look at what its allocator returns, so without memory we leave it by a jump. */
struct guard {
	struct arena *mem;
	jmp_buf out;
	int64_t until_ms;
	unsigned count;
};

static void *guard_alloc(void *data, size_t bytes)
{
	struct guard *g = data;
	void *p = arena_alloc(g->mem, bytes);

	if (!p || (++g->count % CLOCK_EVERY == 0 && clock_mono_ms() > g->until_ms))
		longjmp(g->out, 1);
	return p;
}

static void guard_free(void *data, void *p)
{
	(void)data;
	(void)p;
}

/* ---- what an element says */

/* tag (NULL: any), attribute, what it means. Special cases follow below. */
static const struct rule {
	GumboTag tag;
	const char *attr;
	enum page_way way;
} rules[] = {
	{GUMBO_TAG_IMG, "src", PAGE_IMAGE}, {GUMBO_TAG_INPUT, "src", PAGE_IMAGE}, {GUMBO_TAG_BODY, "background", PAGE_IMAGE},
	{GUMBO_TAG_TABLE, "background", PAGE_IMAGE}, {GUMBO_TAG_TD, "background", PAGE_IMAGE},
	{GUMBO_TAG_VIDEO, "poster", PAGE_IMAGE}, {GUMBO_TAG_VIDEO, "src", PAGE_MEDIA}, {GUMBO_TAG_AUDIO, "src", PAGE_MEDIA},
	{GUMBO_TAG_SOURCE, "src", PAGE_MEDIA}, {GUMBO_TAG_TRACK, "src", PAGE_MEDIA}, {GUMBO_TAG_IFRAME, "src", PAGE_FRAME},
	{GUMBO_TAG_FRAME, "src", PAGE_FRAME}, {GUMBO_TAG_EMBED, "src", PAGE_OBJECT}, {GUMBO_TAG_OBJECT, "data", PAGE_OBJECT},
	{GUMBO_TAG_A, "href", PAGE_LINK}, {GUMBO_TAG_AREA, "href", PAGE_LINK}, {GUMBO_TAG_BUTTON, "formaction", PAGE_FORM},
	{GUMBO_TAG_INPUT, "formaction", PAGE_FORM}, {GUMBO_TAG_IMAGE, "href", PAGE_IMAGE},
};

/* rel of <link>; what is not here loads nothing. */
static const struct {
	const char *rel;
	enum page_way way;
} rels[] = {
	{"stylesheet", PAGE_STYLE}, {"icon", PAGE_IMAGE}, {"apple-touch-icon", PAGE_IMAGE}, {"manifest", PAGE_HINT},
	{"preload", PAGE_HINT}, {"modulepreload", PAGE_SCRIPT}, {"preconnect", PAGE_HINT}, {"dns-prefetch", PAGE_HINT},
	{"prefetch", PAGE_HINT}, {"prerender", PAGE_HINT},
};

struct frame {
	const GumboVector *kids;
	unsigned next;
	size_t form; /* index of the frame of the form around, SIZE_MAX: none */
	const GumboElement *form_el; /* set in the frame of a form */
	bool asks;   /* a form that asks for a message or an address */
};

struct reader {
	struct page *page;
	struct frame *stack;
	size_t n, room;
	unsigned line0; /* of the first line, minus one */
	unsigned nest;
	struct slice base; /* <base href>, empty: none */
	int64_t until_ms;
};

static enum err reader_run(struct page *p, struct slice text, unsigned line0, unsigned nest, int64_t until_ms);

static const char *attr_of(const GumboElement *el, const char *name)
{
	const GumboAttribute *a = gumbo_get_attribute(&el->attributes, name);

	return a ? a->value : NULL;
}

static struct page_place place_of(const struct reader *r, GumboSourcePosition at)
{
	return (struct page_place){at.line + r->line0, at.column ? at.column : 1};
}

/* With a foreign <base>, a relative URL is foreign too. */
static void tell(struct reader *r, enum page_way way, struct slice url, struct page_place at)
{
	char host[PAGE_HOST_BYTES];
	struct slice t = slice_trim(url);
	bool relative = t.len && t.ptr[0] != '#' && slice_find(t, ':', 0) == t.len && !slice_starts(t, SLICE("//"));

	page_tell(r->page, way, relative && page_host(r->base, host).len ? r->base : url, at);
}

static void srcset(struct reader *r, struct slice list, struct page_place at)
{
	size_t i = 0;

	while (i < list.len) {
		size_t from, to;
		while (i < list.len && (list.ptr[i] == ',' || (unsigned char)list.ptr[i] <= 0x20))
			i++;
		for (from = i; i < list.len && (unsigned char)list.ptr[i] > 0x20;)
			i++;
		to = i;
		if (to > from && list.ptr[to - 1] == ',') {
			to--;
		} else {
			i = slice_find(list, ',', i);
		}
		if (to > from)
			tell(r, PAGE_IMAGE, slice_sub(list, from, to - from), at);
	}
}

static bool has_word(const char *list, const char *word)
{
	struct slice rest = slice_from(list), one;

	while (slice_split(&rest, ' ', &one))
		if (slice_ieq(slice_trim(one), slice_from(word)))
			return true;
	return false;
}

static void link_element(struct reader *r, const GumboElement *el, struct page_place at)
{
	const char *rel = attr_of(el, "rel"), *href = attr_of(el, "href"), *as = attr_of(el, "as");

	for (size_t i = 0; rel && href && i < sizeof(rels) / sizeof(rels[0]); i++) {
		enum page_way way = rels[i].way;
		if (!has_word(rel, rels[i].rel))
			continue;
		if (as && strcmp(rels[i].rel, "preload") == 0)
			way = strcasecmp(as, "font") == 0 ? PAGE_FONT : strcasecmp(as, "style") == 0 ? PAGE_STYLE :
			    strcasecmp(as, "script") == 0 ? PAGE_SCRIPT : PAGE_HINT;
		tell(r, way, slice_from(href), at);
		return;
	}
}

/* A script of another type is data, or held back until somebody agrees. */
static bool script_runs(const GumboElement *el)
{
	const char *type = attr_of(el, "type");

	return !type || !*type || strcasestr(type, "javascript") || strcasestr(type, "ecmascript") ||
	    strcasecmp(type, "module") == 0;
}

static bool script_is_data(const GumboElement *el)
{
	const char *type = attr_of(el, "type");

	return type && (strcasestr(type, "json") || strcasecmp(type, "speculationrules") == 0);
}

static void script_element(struct reader *r, const GumboElement *el, struct page_place at)
{
	const char *src = attr_of(el, "src");

	if (script_is_data(el))
		return;
	if (src)
		tell(r, script_runs(el) ? PAGE_SCRIPT : PAGE_LATER, slice_from(src), at);
	for (unsigned i = 0; i < el->children.length; i++) {
		const GumboNode *n = el->children.data[i];
		if (n->type == GUMBO_NODE_TEXT && script_runs(el))
			page_script(r->page, slice_from(n->v.text.text), place_of(r, n->v.text.start_pos).line);
	}
}

static void style_element(struct reader *r, const GumboElement *el)
{
	for (unsigned i = 0; i < el->children.length; i++) {
		const GumboNode *n = el->children.data[i];
		if (n->type == GUMBO_NODE_TEXT)
			page_css(r->page, slice_from(n->v.text.text), place_of(r, n->v.text.start_pos).line);
	}
}

static void attribute(struct reader *r, const GumboElement *el, const GumboAttribute *a)
{
	struct page_place at = place_of(r, a->name_start);
	struct slice value = slice_from(a->value);
	char host[PAGE_HOST_BYTES];

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].tag == el->tag && strcmp(rules[i].attr, a->name) == 0)
			tell(r, rules[i].way, value, at);
	if (strcmp(a->name, "srcset") == 0 || strcmp(a->name, "imagesrcset") == 0)
		srcset(r, value, at);
	else if (strcmp(a->name, "style") == 0)
		page_css(r->page, value, at.line);
	else if (strncmp(a->name, "data-", 5) == 0 && page_host(slice_trim(value), host).len)
		page_tell(r->page, PAGE_LATER, value, at);
	else if (el->tag_namespace == GUMBO_NAMESPACE_SVG && strcmp(a->name, "href") == 0 && el->tag != GUMBO_TAG_A &&
	    el->tag != GUMBO_TAG_IMAGE)
		tell(r, PAGE_IMAGE, value, at);
	else if (strcmp(a->name, "srcdoc") == 0 && el->tag == GUMBO_TAG_IFRAME && r->nest < NEST_MAX)
		reader_run(r->page, value, at.line - 1, r->nest + 1, r->until_ms);
	else if (el->tag == GUMBO_TAG_UNKNOWN && strcmp(a->name, "src") == 0 &&
	    strncasecmp(el->original_tag.data ? el->original_tag.data : "", "<jawort-form", 12) == 0)
		tell(r, PAGE_FORM, value, at);
}

static bool field_asks(const GumboElement *el)
{
	const char *type;

	if (el->tag == GUMBO_TAG_TEXTAREA)
		return true;
	type = el->tag == GUMBO_TAG_INPUT ? attr_of(el, "type") : NULL;
	return type && (strcasecmp(type, "email") == 0 || strcasecmp(type, "tel") == 0);
}

static bool attr_is(const GumboElement *el, const char *name, const char *value)
{
	const char *v = attr_of(el, name);

	return v && strcasecmp(v, value) == 0;
}

static void element(struct reader *r, const GumboElement *el)
{
	struct page_place at = place_of(r, el->start_pos);

	if (el->tag == GUMBO_TAG_BASE && !r->base.len && attr_of(el, "href"))
		r->base = slice_from(attr_of(el, "href"));
	if (el->tag == GUMBO_TAG_META && attr_is(el, "http-equiv", "content-security-policy") && attr_of(el, "content"))
		page_value(r->page, PAGE_POLICY, slice_from(attr_of(el, "content")), at);
	if (el->tag == GUMBO_TAG_INPUT && attr_is(el, "name", "v") && attr_of(el, "value"))
		page_value(r->page, PAGE_WORDING, slice_trim(slice_from(attr_of(el, "value"))), at);
	if (el->tag == GUMBO_TAG_LINK)
		link_element(r, el, at);
	if (el->tag == GUMBO_TAG_SCRIPT)
		script_element(r, el, at);
	if (el->tag == GUMBO_TAG_STYLE)
		style_element(r, el);
	for (unsigned i = 0; i < el->attributes.length; i++)
		attribute(r, el, el->attributes.data[i]);
}

/* ---- text: is an address or a telephone number shown? */

static void text_node(struct reader *r, const GumboText *t)
{
	struct slice s = slice_from(t->text);
	const char *at = memchr(s.ptr, '@', s.len);
	unsigned digits = 0;

	if (at && at > s.ptr && at + 1 < s.ptr + s.len && (unsigned char)at[-1] > 0x20 && (unsigned char)at[1] > 0x20)
		page_note(r->page, PAGE_ADDRESS, place_of(r, t->start_pos));
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			digits++;
		else if (!strchr(" +()/-.", s.ptr[i]) || !s.ptr[i])
			digits = 0;
		if (digits == 8) {
			page_note(r->page, PAGE_NUMBER, place_of(r, t->start_pos));
			return;
		}
	}
}

/* ---- the walk, without recursion: trees can be as deep as they are long */

static bool push(struct reader *r, const GumboVector *kids, const GumboElement *form)
{
	struct frame *f;

	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct frame *more = arena_alloc(&r->page->mem, room * sizeof(*more));
		if (!more)
			return false;
		if (r->n)
			memcpy(more, r->stack, r->n * sizeof(*more));
		r->stack = more;
		r->room = room;
	}
	f = &r->stack[r->n];
	*f = (struct frame){.kids = kids, .form_el = form};
	f->form = form ? r->n : r->n ? r->stack[r->n - 1].form : SIZE_MAX;
	r->n++;
	return true;
}

static void pop(struct reader *r)
{
	const struct frame *f = &r->stack[--r->n];
	const char *action, *method;

	if (!f->form_el)
		return;
	action = attr_of(f->form_el, "action");
	method = attr_of(f->form_el, "method");
	if (action && strncasecmp(action, "mailto:", 7) == 0)
		page_note(r->page, PAGE_CONTACT, place_of(r, f->form_el->start_pos));
	else
		tell(r, f->asks || (method && strcasecmp(method, "post") == 0) ? PAGE_CONTACT : PAGE_FORM,
		    slice_from(action), place_of(r, f->form_el->start_pos));
}

static bool node(struct reader *r, const GumboNode *n)
{
	const GumboElement *el = &n->v.element;
	struct frame *top = &r->stack[r->n - 1];

	if (n->type == GUMBO_NODE_TEXT)
		text_node(r, &n->v.text);
	if (n->type != GUMBO_NODE_ELEMENT && n->type != GUMBO_NODE_TEMPLATE)
		return true;
	element(r, el);
	if (top->form != SIZE_MAX && field_asks(el))
		r->stack[top->form].asks = true;
	if (el->tag == GUMBO_TAG_SCRIPT || el->tag == GUMBO_TAG_STYLE)
		return true;
	return push(r, &el->children, el->tag == GUMBO_TAG_FORM ? el : NULL);
}

static enum err walk(struct reader *r, const GumboNode *root)
{
	if (!push(r, &root->v.document.children, NULL))
		return E_LIMIT;
	while (r->n) {
		struct frame *f = &r->stack[r->n - 1];
		if (f->next == f->kids->length)
			pop(r);
		else if (!node(r, f->kids->data[f->next++]))
			return E_LIMIT;
	}
	return OK;
}

static enum err reader_run(struct page *p, struct slice text, unsigned line0, unsigned nest, int64_t until_ms)
{
	struct reader r = {.page = p, .line0 = line0, .nest = nest, .until_ms = until_ms};
	struct guard *g = arena_alloc(&p->mem, sizeof(*g));
	GumboOptions o = kGumboDefaultOptions;
	const GumboOutput *doc;

	if (!g)
		return E_LIMIT;
	g->mem = &p->mem;
	g->until_ms = until_ms;
	o.allocator = guard_alloc;
	o.deallocator = guard_free;
	o.userdata = g;
	o.max_errors = 0;
	if (setjmp(g->out))
		return E_LIMIT;
	doc = gumbo_parse_with_options(&o, text.ptr ? text.ptr : "", text.len);
	return walk(&r, doc->document);
}

enum err page_html(struct page *p, struct slice text, struct errinfo *ei)
{
	enum err rc = text.len > PAGE_MAX_BYTES ? E_LIMIT : OK;

	if (!rc)
		rc = reader_run(p, text, 0, 0, clock_mono_ms() + PAGE_TIME_MS);
	arena_reset(&p->mem);
	return rc ? err_set(ei, rc, "too large or too deep to read") : OK;
}
