#ifndef JAWORT_TEXT_VIEW_H
#define JAWORT_TEXT_VIEW_H
/*
 * view: what a template or phrase may show: a tree of named values. Code fills
 * a view, templates decide the place, and the place decides the escaping.
 *
 * All memory is the arena's: values are copied, phrases are referred to, names
 * are static strings ([a-z0-9_.]+). Setting a name twice keeps the last value.
 * Look-up goes from the innermost scope (list item) outwards. A text "NAME.label"
 * beside a VIEW_URL "NAME" is shown in its place in HTML.
 * Without memory every call does nothing and returns NULL where it returns a
 * view; a NULL view is taken everywhere. Ask view_ok() once at the end.
 * Threads: a view belongs to one thread; reading it does not change it.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/slice.h"
#include "text/phrase.h"

enum view_kind {
	VIEW_TEXT,   /* plain text, escaped by position */
	VIEW_URL,    /* http(s), mailto or path; a link where text stands in HTML, bare in plain text */
	VIEW_EMAIL,  /* address; mailto link in HTML */
	VIEW_LINES,  /* several lines: <br> in HTML, line ends in plain text, ", " where one line is asked for */
	VIEW_PHRASE, /* a phrase, rendered with this view; as paragraphs by {{@@*key}} or as a phrase's
	                whole paragraph */
	VIEW_HTML,   /* trusted HTML made by Jawort itself (rendered notice); only for {{&key}} */
	VIEW_BOOL,
	VIEW_LIST,   /* items, each a view */
	VIEW__MAX
};

struct view;
struct view *view_new(struct arena *a);
/* A scope inside parent: names not found here are looked up there. */
struct view *view_child(struct view *parent);
void view_text(struct view *v, const char *name, struct slice s);
void view_cstr(struct view *v, const char *name, const char *s);
void view_int(struct view *v, const char *name, int64_t n);
void view_url(struct view *v, const char *name, struct slice s);
void view_email(struct view *v, const char *name, struct slice s);
void view_lines(struct view *v, const char *name, struct slice s); /* lines separated by LF */
void view_phrase(struct view *v, const char *name, const struct phrase *p);
void view_html(struct view *v, const char *name, struct slice s);
/* The same, not copied: s lives as long as the view. For the style sheet that stands in every page. */
void view_html_kept(struct view *v, const char *name, struct slice s);
void view_bool(struct view *v, const char *name, bool b);
/* An empty list; view_item() need not be preceded by it. */
void view_list(struct view *v, const char *name);
/* Adds an item to the list name (made at first use) and returns it: a child of v. */
struct view *view_item(struct view *v, const char *name);

struct view_value {
	enum view_kind kind;
	struct slice text;
	bool truth;            /* VIEW_BOOL; others: not empty */
	const struct phrase *phrase;
	struct view *first;    /* VIEW_LIST */
};
/* false if the name is nowhere; *out is then zeroed. */
bool view_get(const struct view *v, struct slice name, struct view_value *out);
/* As view_get for callers who keep hash = view_hash(name) (templates, phrases). */
bool view_get_hashed(const struct view *v, struct slice name, uint32_t hash, struct view_value *out);
uint32_t view_hash(struct slice name);
struct view *view_next_item(const struct view *item);
struct arena *view_arena(const struct view *v);
bool view_ok(const struct view *v);

#endif
