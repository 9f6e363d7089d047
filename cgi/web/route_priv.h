#ifndef JAWORT_WEB_ROUTE_PRIV_H
#define JAWORT_WEB_ROUTE_PRIV_H
/*
 * route: which path below base_url is answered by which function. One const
 * table; a path that is not in it does not exist.
 */
#include <stdbool.h>
#include "base/slice.h"
#include "web/page_priv.h"

enum route_arg { ROUTE_PLAIN, ROUTE_FORM, ROUTE_TOKEN, ROUTE_HASH, ROUTE_PATH }; /* PATH: may hold "/" */

/* What a GET needs before it can answer. */
enum route_needs {
	ROUTE_WORDS,  /* words and templates */
	ROUTE_NOTICE, /* and which notice is in force */
	ROUTE_STORE   /* the site's databases */
};

struct route {
	const char *path; /* "/s/" + argument + tail, or exact */
	const char *tail; /* behind the argument: "" or "/sent" */
	enum route_arg arg;
	enum page_class class;
	size_t body_max_bytes; /* of a POST */
	enum route_needs needs; /* of a GET; a POST needs the store */
	void (*get)(struct page *p);  /* GET and HEAD; NULL: 405 */
	void (*post)(struct page *p); /* NULL: 405 */
};

#define ROUTE_BODY_MAX_BYTES (16u * 1024u)
/* Events of a provider come many at once. */
#define ROUTE_HOOK_MAX_BYTES (1024u * 1024u)

extern const struct route routes[];
extern const size_t route_count;

/* NULL: no such path. arg: FORM or TOKEN. */
const struct route *route_find(struct slice rest, struct slice *arg);

#endif
