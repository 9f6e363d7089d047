#ifndef JAWORT_TEXT_TPL_PRIV_H
#define JAWORT_TEXT_TPL_PRIV_H
/*
 * tpl_priv: what the three files of the template engine share: tpl.c (set,
 * duties, languages), tpl_compile.c (text to a flat array of operations),
 * tpl_scan.c (in which place of an HTML page are we?), tpl_run.c (operations
 * to output).
 */
#include <stdint.h>
#include "text/phrase_priv.h"
#include "text/tpl.h"

#define TPL_SOURCE_MAX_BYTES (256u * 1024u)
#define TPL_NAME_MAX_BYTES 120
#define TPL_KEY_MAX_BYTES 80
#define TPL_SECTIONS_MAX 16
#define TPL_PARTS_MAX 8
#define TPL_LANGS_MAX 8
#define TPL_WEIGHT_MAX 100000 /* operations with all parts: what one pass may cost */
#define TPL_MAIL_COLUMNS 72

/* The place of a value, fixed at compile time. */
enum tpl_pos {
	TPL_TXT,       /* *.txt */
	TPL_TEXT,      /* element content */
	TPL_TEXT_BARE, /* element content inside <a>, <button>, <option>: no links */
	TPL_RCDATA,    /* <title>, <textarea> */
	TPL_ATTR,
	TPL_URL,       /* start of a URL attribute */
	TPL_URL_REST,  /* behind a decided scheme in one */
	TPL_STYLE_ATTR,
	TPL_CSS,       /* whole content of <style> */
};

/* ---- tpl_scan ---- */

enum tpl_scan_state {
	SCAN_DATA, SCAN_LT, SCAN_END_LT, SCAN_MARKUP, SCAN_BOGUS, SCAN_COMMENT,
	SCAN_TAG_NAME, SCAN_BEFORE_ATTR, SCAN_ATTR_NAME, SCAN_AFTER_NAME, SCAN_BEFORE_VALUE,
	SCAN_DQ, SCAN_SQ, SCAN_UNQUOTED, SCAN_NEED_SPACE, SCAN_SLASH,
	SCAN_RCDATA, SCAN_RAW, SCAN_RAW_DONE, /* <style> behind {{&css}} */
	SCAN__MAX
};
enum tpl_scan_attr { SCAN_ATTR_PLAIN, SCAN_ATTR_URL, SCAN_ATTR_STYLE, SCAN_ATTR_BANNED };
/* What a browser could still read as a scheme at this point of a URL attribute. */
enum tpl_scan_url { SCAN_URL_START, SCAN_URL_NAME, SCAN_URL_OPEN, SCAN_URL_DECIDED, SCAN_URL_BAD };

struct tpl_scan {
	enum tpl_scan_state state;
	unsigned tag, value; /* number of the tag and of the double-quoted value: same number, same place */
	bool closing;        /* in </name */
	bool bare;           /* inside <a> or the like */
	bool blank;          /* SCAN_RAW: only white space so far */
	unsigned dashes;     /* SCAN_COMMENT */
	size_t match;        /* SCAN_RCDATA, SCAN_RAW: bytes of "</name" seen */
	enum tpl_scan_attr attr;
	enum tpl_scan_url url;
	size_t name_len, attr_len, url_len;
	char name[16];       /* element; longer ones are none of those that matter */
	char attr_name[16];
	char url_name[8];    /* scheme so far */
};

void tpl_scan_init(struct tpl_scan *s);
/* Literal text. NULL, or what is wrong at lit[*bad]. */
const char *tpl_scan_literal(struct tpl_scan *s, struct slice lit, size_t *bad);
/* A value (phrase: a phrase) here: its place, or what is wrong. */
const char *tpl_scan_value(struct tpl_scan *s, bool phrase, enum tpl_pos *pos);
/* {{&key}}: element content, or the whole of <style> for CSS keys. */
const char *tpl_scan_html(struct tpl_scan *s, struct slice key, enum tpl_pos *pos);
/* Paragraphs and parts: element content only. */
const char *tpl_scan_content(const struct tpl_scan *s, enum tpl_pos *pos);
const char *tpl_scan_open(struct tpl_scan *s);
/* At {{/key}}; at_open is a copy of the scanner as tpl_scan_open() left it. */
const char *tpl_scan_close(struct tpl_scan *s, const struct tpl_scan *at_open);
const char *tpl_scan_end(const struct tpl_scan *s);

/* ---- compiled templates ---- */

enum tpl_code {
	TPL_LITERAL,
	TPL_VALUE,      /* {{key}} */
	TPL_HTML,       /* {{&key}} */
	TPL_IF,         /* {{#key}} */
	TPL_UNLESS,     /* {{^key}} */
	TPL_PART,       /* {{>name}} */
	TPL_PHRASE,     /* {{@key}}, {{@@key}} */
	TPL_PHRASE_KEY, /* {{@*key}}, {{@@*key}} */
};

struct tpl_op {
	uint8_t code;
	uint8_t pos;
	bool block;       /* paragraphs */
	bool line;        /* *.txt paragraphs: ends its line if anything came out */
	uint16_t indent;  /* *.txt: columns before the tag */
	uint32_t at;      /* offset of the tag in the source, for errors */
	uint32_t hash;    /* of text */
	uint32_t target;  /* IF, UNLESS: op behind the section; PART: template; PHRASE: reference */
	struct slice text;
};

struct tpl {
	char *name;
	char *source;
	size_t source_len;
	bool html;
	struct tpl_op *ops;
	size_t nops, ops_cap;
	unsigned depth;  /* parts below, +1; 0 not yet walked */
	size_t weight;   /* operations, those of parts as often as they occur */
	bool walking;
};

struct tpl_ref {
	struct slice key;
	uint32_t hash; /* view_hash() */
};

struct tpl_set {
	struct tpl *list;
	size_t count, cap;
	bool compiled;
	struct tpl_ref *refs; /* phrases used, each once */
	size_t nrefs, refs_cap;
	const struct phrases *langs[TPL_LANGS_MAX];
	size_t nlangs;
	const struct phrase **resolved; /* nlangs rows of nrefs */
};

/* Index of a name, or count. */
size_t tpl_find(const struct tpl_set *s, struct slice name);
/* "name:line:column: what" */
enum err tpl_fail(const struct tpl *t, size_t at, struct errinfo *ei, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Fills t->ops from t->source. */
enum err tpl_compile(struct tpl_set *s, struct tpl *t, struct errinfo *ei);
/* Number of a phrase reference; UINT32_MAX without memory. */
uint32_t tpl_ref_of(struct tpl_set *s, struct slice key, uint32_t hash);

#endif
