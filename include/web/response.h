#ifndef JAWORT_WEB_RESPONSE_H
#define JAWORT_WEB_RESPONSE_H
/*
 * response: an answer under construction. Handlers set a status, headers and a
 * body; the front turns it into bytes (RFC 3875 section 6, the form that
 * FastCGI and CGI share) and sends it in one piece.
 *
 * A response never goes out half right: a header value with CR, LF, NUL or
 * another control, too many headers, or a body above its maximum make the
 * whole response "failed", and what is sent is a bare 500, or, where memory
 * ended, a bare 503 with Retry-After. So handlers add without checks.
 * Content-Length and Content-Type are the response's business, never added by hand.
 * A body in a 204 or 304 and the body of an answer to HEAD are not sent;
 * HEAD gets the Content-Length that GET would get.
 *
 * Memory: header values are copied into the arena; the body is a heap buffer
 * that the front reuses. response_free() once at the end.
 * Threads: belongs to the thread that handles the request.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

#define RESPONSE_HEADERS_MAX 24
#define RESPONSE_BODY_MAX_BYTES (32u * 1024u * 1024u)
/* A body buffer that grew beyond this is given back at reset. */
#define RESPONSE_BODY_KEEP_BYTES (256u * 1024u)

struct response_field {
	const char *name; /* static string */
	struct slice value;
};

struct response {
	struct arena *arena;
	unsigned status;          /* 200 after init and reset */
	const char *content_type; /* static string; NULL: no body, no Content-Type */
	struct response_field fields[RESPONSE_HEADERS_MAX];
	size_t count;
	struct buf body;
	bool failed;
};

void response_init(struct response *res, struct arena *a);
/* Back to an empty 200; header memory is the arena's. */
void response_reset(struct response *res);
void response_free(struct response *res);

/* Adds a header; name is a static string (a token of RFC 9110 section 5.6.2). */
void response_header(struct response *res, const char *name, struct slice value);
void response_header_cstr(struct response *res, const char *name, const char *value);
/* As response_header, but takes away headers of that name first. */
void response_header_set(struct response *res, const char *name, struct slice value);
/* Value of the first header of that name; ptr NULL if there is none. */
struct slice response_header_get(const struct response *res, const char *name);

/* Status and Location; the body is emptied. url: absolute or a path, already encoded. */
void response_redirect(struct response *res, unsigned status, struct slice url);
/* Adds name=value, percent-encoded, to the query of the Location; before a fragment. */
void response_add_param(struct response *res, const char *name, struct slice value);
/*
 * A bare answer in plain English for what no page can be made for: empties all,
 * body is the reason phrase and the id (may be NULL), with no-store, nosniff and
 * a CSP that permits nothing.
 */
void response_plain(struct response *res, unsigned status, const char *id);

bool response_ok(const struct response *res);
/* "Not Found"; "Unknown" for numbers outside our table. */
const char *response_reason(unsigned status);
/*
 * The bare 500 or 503 that stands for a failed response, or, where out itself has failed, for any. Static: it
 * needs no memory.
 */
struct slice response_last_resort(const struct response *res, bool head_only);
/* Appends the whole answer to out ("Status: 303 See Other CR LF" ...). A failed response becomes the last resort. */
void response_write(const struct response *res, bool head_only, struct buf *out);

#endif
