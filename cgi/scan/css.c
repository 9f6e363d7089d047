/* Style sheets: url(), @import and image-set(), without understanding more of CSS than strings and comments. */
#include "scan/page_priv.h"

#include <string.h>

struct css {
	struct page *page;
	struct slice text;
	size_t at;
	struct page_place place;
	unsigned depth;
	bool import;     /* between @import and its ";" */
	bool font_next;  /* between @font-face and its "{" */
	unsigned font;   /* depth of the block of @font-face, 0: outside */
	unsigned set;    /* depth of brackets of image-set(), 0: outside */
	unsigned brackets;
};

static char peek(const struct css *c, size_t ahead)
{
	return c->at + ahead < c->text.len ? c->text.ptr[c->at + ahead] : '\0';
}

static void step(struct css *c, size_t n)
{
	for (; n && c->at < c->text.len; n--) {
		if (c->text.ptr[c->at++] == '\n') {
			c->place.line++;
			c->place.column = 1;
		} else {
			c->place.column++;
		}
	}
}

static bool word_at(const struct css *c, const char *word)
{
	size_t n = strlen(word);

	return c->text.len - c->at >= n && slice_ieq(slice_sub(c->text, c->at, n), slice_from(word));
}

static void comment(struct css *c)
{
	const char *end = memmem(c->text.ptr + c->at + 2, c->text.len - c->at - 2, "*/", 2);

	step(c, end ? (size_t)(end - c->text.ptr) + 2 - c->at : c->text.len);
}

/* The string at hand, without quotes; stands behind it afterwards. */
static struct slice string(struct css *c)
{
	char quote = peek(c, 0);
	size_t from, to;

	step(c, 1);
	from = c->at;
	while (c->at < c->text.len && peek(c, 0) != quote && peek(c, 0) != '\n')
		step(c, peek(c, 0) == '\\' ? 2 : 1);
	to = c->at;
	step(c, 1);
	return slice_sub(c->text, from, to - from);
}

static bool font_file(struct slice url)
{
	static const char *const endings[] = {".woff2", ".woff", ".ttf", ".otf", ".eot"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (memmem(url.ptr, url.len, endings[i], strlen(endings[i])))
			return true;
	return false;
}

static void found(struct css *c, struct slice url, struct page_place place)
{
	enum page_way way = c->import ? PAGE_STYLE : c->font || font_file(url) ? PAGE_FONT : PAGE_IMAGE;

	if (url.len)
		page_tell(c->page, way, url, place);
}

static void url_function(struct css *c)
{
	struct page_place place = c->place;
	size_t from;

	step(c, 4);
	while (strchr(" \t\r\n\f", peek(c, 0)) && c->at < c->text.len)
		step(c, 1);
	if (peek(c, 0) == '"' || peek(c, 0) == '\'') {
		found(c, string(c), place);
		return;
	}
	from = c->at;
	while (c->at < c->text.len && peek(c, 0) != ')')
		step(c, 1);
	found(c, slice_sub(c->text, from, c->at - from), place);
	step(c, 1);
}

static void bracket(struct css *c, char b)
{
	if (b == '{' && ++c->depth && c->font_next) {
		c->font = c->depth;
		c->font_next = false;
	}
	if (b == '}') {
		c->font = c->font == c->depth ? 0 : c->font;
		c->depth -= c->depth > 0;
	}
	if (b == '(')
		c->brackets++;
	if (b == ')') {
		c->set = c->set == c->brackets ? 0 : c->set;
		c->brackets -= c->brackets > 0;
	}
	if (b == ';' || b == '{' || b == '}')
		c->import = false;
}

static void token(struct css *c)
{
	struct page_place place = c->place;
	char b = peek(c, 0);

	if (b == '/' && peek(c, 1) == '*') {
		comment(c);
	} else if (b == '"' || b == '\'') {
		struct slice s = string(c);
		if (c->import || c->set)
			found(c, s, place);
	} else if ((b | 0x20) == 'u' && word_at(c, "url(")) {
		url_function(c);
	} else if ((b | 0x20) == 'i' && word_at(c, "image-set(")) {
		step(c, 10);
		c->set = ++c->brackets;
	} else if (b == '@') {
		c->import |= word_at(c, "@import");
		c->font_next |= word_at(c, "@font-face");
		step(c, 1);
	} else {
		bracket(c, b);
		step(c, b == '\\' ? 2 : 1);
	}
}

void page_css(struct page *p, struct slice text, unsigned line)
{
	struct css c = {.page = p, .text = text, .place = {line, 1}};

	while (c.at < c.text.len)
		token(&c);
}
