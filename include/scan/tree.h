#ifndef JAWORT_SCAN_TREE_H
#define JAWORT_SCAN_TREE_H
/*
 * tree: all files of a built static website, read once, in the order of their
 * names. Symbolic links are not followed. What is the same (way and host) is
 * one entry with its first places and a count.
 *
 * Limits: TREE_ENTRIES_MAX entries, files as in scan/page.h; what is over is
 * counted in skipped or dropped, never silent. Threads: none of its own.
 */
#include <stdbool.h>
#include "scan/module.h"
#include "scan/page.h"

#define TREE_PLACES 5
#define TREE_ENTRIES_MAX 20000
#define TREE_UNREAD_MAX 100

struct tree_place {
	const char *file; /* below the folder */
	unsigned line, column;
};
struct tree_entry {
	enum page_way way;
	const char *host;   /* "": the website itself */
	const char *url;    /* the first one seen */
	const struct module *module; /* by host, or by file name of a script of one's own; NULL: unknown */
	size_t count;
	struct tree_place places[TREE_PLACES];
	size_t nplaces;
};
struct tree {
	struct tree_entry *entries;
	size_t n;
	size_t html, css, scripts; /* files read */
	size_t dropped;            /* entries above the limit */
	const char *unread[TREE_UNREAD_MAX]; /* files that could not be read to the end */
	size_t nunread;
	void *priv;
};
/* E_NOT_FOUND: no folder. E_IO, E_NOMEM. tree_free() after OK only. */
enum err tree_read(struct tree **out, const char *dir, struct errinfo *ei);
void tree_free(struct tree *t);

#endif
