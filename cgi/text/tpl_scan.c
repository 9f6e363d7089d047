#include "text/tpl_priv.h"

#include <string.h>

/* Sentences for authors of templates: what is wrong here, and how to mend it. */
static const char scan_in_tag[] = "a value cannot name a tag or an attribute. Write the name out, use "
    "sections around"
    " whole attributes";
static const char scan_in_script[] = "no tags in <script>. Put the value into a data- attribute";
static const char scan_in_style[] = "no tags in <style> but {{&css}} as its whole content";
static const char scan_in_comment[] = "no tags in an HTML comment. Take the comment out, or write {{! ... }}";
static const char scan_in_quote[] = "no tags in a single-quoted attribute. Write it with double quotes";
static const char scan_in_unquoted[] = "no tags in an attribute without quotes. Put \"...\" around the "
    "whole value";
static const char scan_in_banned[] = "no tags in on... and srcdoc attributes. Put the value into a data- "
    "attribute";
static const char scan_in_end[] = "a tag in the middle of an end tag. Move it in front of the </";
static const char scan_url_twice[] = "this value could change the scheme of the address. Put a / or ? "
    "before it, or the"
    " whole address into one value";
static const char scan_url_scheme[] = "a value behind a scheme other than http, https, mailto, tel. Let the "
    "address come"
    " from one value";
static const char scan_url_phrase[] = "a phrase cannot be an address. Use a value";
static const char scan_not_content[] = "stands only in element content. Use {{key}} or {{@key}} here";
static const char scan_half[] = "the section does not end in the place where it began. Put whole elements, "
    "whole"
    " attributes, or a piece of one attribute value into it";

static bool scan_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static char scan_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool scan_alpha(char c)
{
	c = scan_lower(c);
	return c >= 'a' && c <= 'z';
}

static bool scan_is(struct slice name, const char *const *list)
{
	for (; *list; list++)
		if (slice_eq_str(name, *list))
			return true;
	return false;
}

static const char *const scan_rcdata_names[] = {"title", "textarea", NULL};
static const char *const scan_raw_names[] = {"script", "style", "iframe", "xmp", "noembed", "noframes",
    "plaintext", NULL};
static const char *const scan_bare_names[] = {"a", "button", "option", NULL};
static const char *const scan_url_names[] = {"href", "src", "action", "formaction", "poster", "cite", "data",
	"background", "manifest", "xlink:href", NULL};
static const char *const scan_schemes[] = {"http", "https", "mailto", "tel", NULL};

/* Adds a letter to a short name; one that is too long becomes a name that matches nothing. */
static void scan_push(char *name, size_t *len, size_t max, char c)
{
	if (*len < max)
		name[(*len)++] = scan_lower(c);
	else
		name[0] = '-';
}

void tpl_scan_init(struct tpl_scan *s)
{
	*s = (struct tpl_scan){.state = SCAN_DATA};
}

static void scan_tag_begin(struct tpl_scan *s, char c, bool closing)
{
	s->state = SCAN_TAG_NAME;
	s->tag++;
	s->closing = closing;
	s->name_len = 0;
	scan_push(s->name, &s->name_len, sizeof s->name, c);
}

/* ">" of a tag. */
static void scan_tag_end(struct tpl_scan *s)
{
	struct slice name = slice_make(s->name, s->name_len);
	s->state = SCAN_DATA;
	if (scan_is(name, scan_bare_names))
		s->bare = !s->closing;
	s->match = 0;
	if (s->closing)
		return;
	s->blank = true;
	if (scan_is(name, scan_rcdata_names))
		s->state = SCAN_RCDATA;
	else if (scan_is(name, scan_raw_names))
		s->state = SCAN_RAW;
}

static void scan_attr_begin(struct tpl_scan *s, char c)
{
	s->state = SCAN_ATTR_NAME;
	s->attr_len = 0;
	scan_push(s->attr_name, &s->attr_len, sizeof s->attr_name, c);
}

static void scan_value_begin(struct tpl_scan *s)
{
	struct slice name = slice_make(s->attr_name, s->attr_len);
	s->state = SCAN_DQ;
	s->value++;
	s->url = SCAN_URL_START;
	s->url_len = 0;
	if (slice_starts(name, SLICE("on")) || slice_eq_str(name, "srcdoc"))
		s->attr = SCAN_ATTR_BANNED;
	else if (slice_eq_str(name, "style"))
		s->attr = SCAN_ATTR_STYLE;
	else
		s->attr = scan_is(name, scan_url_names) ? SCAN_ATTR_URL : SCAN_ATTR_PLAIN;
}

/*
 * How much of a URL's literal start could still become a scheme: browsers drop
 * spaces and controls, and "&" may begin a character reference.
 */
static void scan_url_char(struct tpl_scan *s, char c)
{
	bool name = scan_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
	if (s->url == SCAN_URL_DECIDED || s->url == SCAN_URL_BAD || (unsigned char)c <= 0x20)
		return;
	if (c == '&') {
		s->url = SCAN_URL_BAD;
	} else if (c == ':') {
		bool known = s->url == SCAN_URL_NAME && scan_is(slice_make(s->url_name, s->url_len), scan_schemes);
		s->url = known ? SCAN_URL_DECIDED : SCAN_URL_BAD;
	} else if (!name) {
		s->url = SCAN_URL_DECIDED;
	} else if (s->url != SCAN_URL_OPEN) {
		s->url = SCAN_URL_NAME;
		scan_push(s->url_name, &s->url_len, sizeof s->url_name, c);
	}
}

static const char *scan_before_attr(struct tpl_scan *s, char c)
{
	if (scan_space(c)) {
		s->state = SCAN_BEFORE_ATTR;
	} else if (c == '>') {
		scan_tag_end(s);
	} else if (c == '/') {
		s->state = SCAN_SLASH;
	} else if (c == '=' || c == '"' || c == '\'' || c == '<') {
		return "an attribute name was expected here. Write name=\"value\" with one space before it";
	} else {
		scan_attr_begin(s, c);
	}
	return NULL;
}

static const char *scan_attr_char(struct tpl_scan *s, char c)
{
	if (c == '=') {
		s->state = SCAN_BEFORE_VALUE;
	} else if (scan_space(c)) {
		s->state = SCAN_AFTER_NAME;
	} else if (s->state == SCAN_AFTER_NAME || c == '>' || c == '/') {
		return scan_before_attr(s, c);
	} else if (c == '"' || c == '\'' || c == '<') {
		return "a quote or < inside an attribute name. Write name=\"value\"";
	} else {
		scan_push(s->attr_name, &s->attr_len, sizeof s->attr_name, c);
	}
	return NULL;
}

static const char *scan_before_value(struct tpl_scan *s, char c)
{
	if (scan_space(c))
		return NULL;
	if (c == '>')
		return "an attribute without its value. Write name=\"value\"";
	if (c == '"')
		scan_value_begin(s);
	else
		s->state = c == '\'' ? SCAN_SQ : SCAN_UNQUOTED;
	return NULL;
}

static const char *scan_need_space(struct tpl_scan *s, char c)
{
	if (!scan_space(c) && c != '>' && c != '/')
		return "a space is missing before this attribute. Begin the section's content with a space";
	return scan_before_attr(s, c);
}

static void scan_comment(struct tpl_scan *s, char c)
{
	if (c == '-')
		s->dashes++;
	else if (c == '>' && s->dashes >= 2)
		s->state = SCAN_DATA;
	else if (c != '!' || s->dashes < 2) /* "--!>" ends a comment too */
		s->dashes = 0;
}

/* "<!": a comment if "--" follows, else a doctype or the like. */
static void scan_markup(struct tpl_scan *s, char c)
{
	if (c == '-' && ++s->dashes == 2)
		s->state = SCAN_COMMENT; /* dashes stay 2: "<!-->" is a whole comment */
	else if (c != '-')
		s->state = c == '>' ? SCAN_DATA : SCAN_BOGUS;
}

static void scan_lt(struct tpl_scan *s, char c)
{
	if (c == '!') {
		s->state = SCAN_MARKUP;
		s->dashes = 0;
	} else if (c == '/') {
		s->state = SCAN_END_LT;
	} else if (c == '?') {
		s->state = SCAN_BOGUS;
	} else if (scan_alpha(c)) {
		scan_tag_begin(s, c, false);
	} else {
		s->state = c == '<' ? SCAN_LT : SCAN_DATA;
	}
}

static void scan_end_lt(struct tpl_scan *s, char c)
{
	if (scan_alpha(c))
		scan_tag_begin(s, c, true);
	else
		s->state = c == '>' ? SCAN_DATA : SCAN_BOGUS;
}

/* Looks for "</name" and one of white space, "/", ">". */
static const char *scan_raw(struct tpl_scan *s, char c)
{
	size_t full = 2 + s->name_len;
	if (s->match == full && (scan_space(c) || c == '/' || c == '>')) {
		s->closing = true;
		s->tag++;
		return scan_before_attr(s, c);
	}
	char want = s->match == 0 ? '<' : s->match == 1 ? '/' : s->match < full ? s->name[s->match - 2] : '\0';
	s->match = want && scan_lower(c) == want ? s->match + 1 : c == '<';
	if (s->match)
		return NULL;
	if (s->state == SCAN_RAW_DONE && !scan_space(c))
		return "something stands behind the style sheet. Put it into a second <style>";
	s->blank = s->blank && scan_space(c);
	return NULL;
}

static const char *scan_char(struct tpl_scan *s, char c)
{
	switch (s->state) {
	case SCAN_DATA:
		if (c == '<')
			s->state = SCAN_LT;
		return NULL;
	case SCAN_LT:
		scan_lt(s, c);
		return NULL;
	case SCAN_END_LT:
		scan_end_lt(s, c);
		return NULL;
	case SCAN_MARKUP:
		scan_markup(s, c);
		return NULL;
	case SCAN_BOGUS:
		if (c == '>')
			s->state = SCAN_DATA;
		return NULL;
	case SCAN_COMMENT:
		scan_comment(s, c);
		return NULL;
	case SCAN_TAG_NAME:
		if (scan_space(c) || c == '>' || c == '/')
			return scan_before_attr(s, c);
		scan_push(s->name, &s->name_len, sizeof s->name, c);
		return NULL;
	case SCAN_SLASH:
	case SCAN_BEFORE_ATTR:
		return scan_before_attr(s, c);
	case SCAN_ATTR_NAME:
	case SCAN_AFTER_NAME:
		return scan_attr_char(s, c);
	case SCAN_BEFORE_VALUE:
		return scan_before_value(s, c);
	case SCAN_DQ:
		if (c == '"')
			s->state = SCAN_NEED_SPACE;
		else
			scan_url_char(s, c);
		return NULL;
	case SCAN_SQ:
		if (c == '\'')
			s->state = SCAN_NEED_SPACE;
		return NULL;
	case SCAN_UNQUOTED:
		if (scan_space(c) || c == '>')
			return scan_before_attr(s, c);
		return NULL;
	case SCAN_NEED_SPACE:
		return scan_need_space(s, c);
	case SCAN_RCDATA:
	case SCAN_RAW:
	case SCAN_RAW_DONE:
		return scan_raw(s, c);
	case SCAN__MAX:
		break;
	}
	return NULL;
}

const char *tpl_scan_literal(struct tpl_scan *s, struct slice lit, size_t *bad)
{
	for (size_t i = 0; i < lit.len; i++) {
		if (s->state == SCAN_DATA) {
			i = slice_find(lit, '<', i);
			if (i == lit.len)
				break;
		}
		const char *why = scan_char(s, lit.ptr[i]);
		if (why) {
			*bad = i;
			return why;
		}
	}
	return NULL;
}

/* Why no tag at all may stand in this state; NULL where one may. */
static const char *scan_refusal(const struct tpl_scan *s)
{
	switch (s->state) {
	case SCAN_DATA:
	case SCAN_DQ:
		return s->state == SCAN_DQ && s->attr == SCAN_ATTR_BANNED ? scan_in_banned : NULL;
	case SCAN_RCDATA:
		return s->match ? scan_in_end : NULL;
	case SCAN_RAW:
	case SCAN_RAW_DONE:
		return slice_eq_str(slice_make(s->name, s->name_len), "style") ? scan_in_style : scan_in_script;
	case SCAN_COMMENT:
	case SCAN_MARKUP:
	case SCAN_BOGUS:
		return scan_in_comment;
	case SCAN_SQ:
		return scan_in_quote;
	case SCAN_BEFORE_VALUE:
	case SCAN_UNQUOTED:
		return scan_in_unquoted;
	default:
		return scan_in_tag;
	}
}

static const char *scan_url_value(struct tpl_scan *s, bool phrase, enum tpl_pos *pos)
{
	if (phrase)
		return scan_url_phrase;
	if (s->url == SCAN_URL_BAD)
		return scan_url_scheme;
	if (s->url == SCAN_URL_NAME || s->url == SCAN_URL_OPEN)
		return scan_url_twice;
	*pos = s->url == SCAN_URL_START ? TPL_URL : TPL_URL_REST;
	if (s->url == SCAN_URL_START)
		s->url = SCAN_URL_OPEN;
	return NULL;
}

const char *tpl_scan_value(struct tpl_scan *s, bool phrase, enum tpl_pos *pos)
{
	const char *why = scan_refusal(s);
	if (why)
		return why;
	if (s->state == SCAN_DATA)
		return tpl_scan_content(s, pos);
	if (s->state == SCAN_RCDATA)
		*pos = TPL_RCDATA;
	else if (s->attr == SCAN_ATTR_URL)
		return scan_url_value(s, phrase, pos);
	else
		*pos = s->attr == SCAN_ATTR_STYLE ? TPL_STYLE_ATTR : TPL_ATTR;
	if (*pos == TPL_STYLE_ATTR && phrase)
		return "no phrase in a style attribute. Use a value";
	return NULL;
}

const char *tpl_scan_content(const struct tpl_scan *s, enum tpl_pos *pos)
{
	if (s->state != SCAN_DATA) {
		const char *why = scan_refusal(s);
		return why ? why : scan_not_content;
	}
	*pos = s->bare ? TPL_TEXT_BARE : TPL_TEXT;
	return NULL;
}

const char *tpl_scan_html(struct tpl_scan *s, struct slice key, enum tpl_pos *pos)
{
	if (s->state != SCAN_RAW || !s->blank || s->match || !slice_eq_str(slice_make(s->name, s->name_len),
	    "style"))
		return tpl_scan_content(s, pos);
	if (!slice_eq_str(key, "css") && !slice_ends(key, SLICE("_css")))
		return scan_in_style;
	*pos = TPL_CSS;
	s->state = SCAN_RAW_DONE;
	return NULL;
}

static bool scan_between_attrs(const struct tpl_scan *s)
{
	return s->state == SCAN_BEFORE_ATTR || s->state == SCAN_NEED_SPACE || s->state == SCAN_TAG_NAME ||
	    s->state == SCAN_ATTR_NAME || s->state == SCAN_AFTER_NAME;
}

/* Between attributes: a name just before must be followed by a space, and "=" may not follow any more. */
static void scan_settle(struct tpl_scan *s)
{
	if (s->state == SCAN_TAG_NAME || s->state == SCAN_ATTR_NAME)
		s->state = SCAN_NEED_SPACE;
	else if (s->state == SCAN_AFTER_NAME)
		s->state = SCAN_BEFORE_ATTR;
}

const char *tpl_scan_open(struct tpl_scan *s)
{
	if (scan_between_attrs(s) && !s->closing) {
		scan_settle(s);
		return NULL;
	}
	return scan_refusal(s);
}

/* The section may have been left out: only what holds on both ways still holds. */
static void scan_url_merge(struct tpl_scan *s, const struct tpl_scan *at_open)
{
	if (s->url == at_open->url && s->url_len == at_open->url_len)
		return;
	s->url = s->url == SCAN_URL_BAD ? SCAN_URL_BAD : SCAN_URL_OPEN;
}

const char *tpl_scan_close(struct tpl_scan *s, const struct tpl_scan *at_open)
{
	if (scan_between_attrs(at_open)) {
		if (!scan_between_attrs(s) || s->tag != at_open->tag)
			return scan_half;
		scan_settle(s);
		if (at_open->state == SCAN_NEED_SPACE)
			s->state = SCAN_NEED_SPACE;
		return NULL;
	}
	if (s->state != at_open->state || s->match)
		return scan_half;
	if (s->state == SCAN_RCDATA && s->tag != at_open->tag)
		return scan_half;
	if (s->state == SCAN_DQ) {
		if (s->value != at_open->value)
			return scan_half;
		scan_url_merge(s, at_open);
	}
	return NULL;
}

const char *tpl_scan_end(const struct tpl_scan *s)
{
	if (s->state == SCAN_DATA)
		return NULL;
	if (s->state == SCAN_COMMENT)
		return "the template ends inside a comment. Close it with -->";
	if (s->state == SCAN_RCDATA || s->state == SCAN_RAW || s->state == SCAN_RAW_DONE)
		return "the template ends inside <title>, <textarea>, <script> or <style>. Close the element";
	return "the template ends inside a tag. Close it with >";
}
