#ifndef JAWORT_WEB_REQUEST_H
#define JAWORT_WEB_REQUEST_H
/*
 * request: one HTTP request as the rest of Jawort sees it, whether it came by
 * FastCGI or CGI (RFC 3875 names). Filled once by the front, checked while it
 * is filled, read-only afterwards.
 *
 * After request_from_params() has said 0:
 *   - no value holds NUL or another control byte (TAB is allowed in header values);
 *   - path starts with "/", is at most REQUEST_URI_MAX_BYTES together with the
 *     query, its decoded form is UTF-8 without controls and has no "." or ".." segment;
 *   - host is lower case and holds only letters, digits and "-._:[]", or is empty;
 *   - header values that are not UTF-8 are empty (absent): a visitor's odd
 *     browser must not lock the visitor out;
 *   - a name that comes twice counts with its last value.
 * A slice that was not sent is empty.
 *
 * Memory: all slices lie in the request's arena and die with it.
 * Threads: a request belongs to the thread that handles it; parked, to the one that finishes it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "text/form.h"

#define REQUEST_URI_MAX_BYTES (8u * 1024u)
#define REQUEST_PARAMS_MAX_BYTES (64u * 1024u) /* names and values of all parameters */
#define REQUEST_ID_CHARS 16

enum request_method {
	REQUEST_GET,
	REQUEST_HEAD,
	REQUEST_POST,
	REQUEST_OPTIONS,
	REQUEST_OTHER,
	REQUEST_METHOD__MAX
};

enum request_body_state {
	REQUEST_BODY_NONE,  /* no CONTENT_LENGTH, or 0 */
	REQUEST_BODY_AHEAD, /* announced, not read yet: only seen by body_limit() */
	REQUEST_BODY_READ   /* body holds exactly content_length bytes */
};

struct request;

/*
 * How a request that waits for something gives its thread back. Of a front that has many connections; where it is not
 * there (CGI), who handles a request waits in its thread.
 */
struct request_parking {
	/*
	 * By the handler, in its thread: its return is not the answer. False: no room, wait in the thread. Whoever gets the
	 * request to wake it may do so at once, so behind the handing over the handler touches nothing of it any more.
	 */
	bool (*park)(struct request *req);
	/* By any thread, once after park(): the front has the request finished (front_app.finish()). Never waits. */
	void (*resume)(struct request *req);
};

struct request {
	struct arena *arena;
	enum request_method method;
	struct slice method_name;      /* as sent */
	struct slice path;             /* raw, with percent escapes, from the root of the host */
	struct slice path_decoded;     /* escapes decoded once; what routes look at */
	struct slice query;            /* raw, without "?" */
	struct slice host;             /* with port if one was sent */
	struct slice content_type;
	struct slice content_encoding; /* of the request body; empty in ordinary requests */
	struct slice accept;
	struct slice accept_language;
	struct slice accept_encoding;
	struct slice origin;
	struct slice referer;
	struct slice user_agent;
	struct slice authorization;
	struct slice cookie;
	struct slice if_none_match;
	struct slice sec_purpose;      /* "prefetch" and the like (Sec-Purpose, older Purpose) */
	struct slice forwarded_for;    /* X-Forwarded-For, to be believed only from trusted proxies */
	struct slice remote_addr;
	struct slice site_override;    /* FastCGI parameter JAWORT_SITE */
	unsigned server_port;          /* 0 if unknown */
	bool https;
	size_t content_length;
	enum request_body_state body_state;
	struct slice body;
	char id[REQUEST_ID_CHARS + 1]; /* random, [a-z2-7], for logs and error pages */
	int64_t received_ms;           /* clock_now_ms() */
	struct form *query_form;       /* made by request_query() */
	const struct request_parking *parking; /* NULL: none */
	void *parked;                  /* of who parks it */
};

/*
 * Gives the next parameter; false behind the last. The bytes need to live only
 * until the next call.
 */
typedef bool request_next_fn(void *ctx, struct slice *name, struct slice *value);

/*
 * Fills req (every field) from parameters. 0, or the HTTP status with which the
 * request must be refused before anything else looks at it: 400 broken, 414
 * URI longer than REQUEST_URI_MAX_BYTES, 431 more than REQUEST_PARAMS_MAX_BYTES,
 * 503 without memory. The path is that of REQUEST_URI; without it DOCUMENT_URI;
 * without it SCRIPT_NAME + PATH_INFO (which CGI gives decoded: path is then
 * the encoded form of it). req->id and received_ms are set in every case.
 */
unsigned request_from_params(struct request *req, struct arena *a, request_next_fn *next, void *ctx);

/* Notes the body that was read; its length must equal content_length (bug otherwise). */
void request_set_body(struct request *req, struct slice body);

/*
 * The query as fields, parsed at the first call. NULL if it is malformed
 * (form.h) or memory ended: answer 400.
 */
const struct form *request_query(struct request *req);
/* Value of a query field; ptr NULL if it is not there or the query is malformed. */
struct slice request_query_get(struct request *req, const char *name);

/* "application/x-www-form-urlencoded" and the like: media type without parameters, case-blind. */
bool request_type_is(const struct request *req, const char *media_type);
/*
 * Quality (0..1000) that the Accept header gives to a media type ("text/html");
 * 1000 without the header. RFC 9110 section 12.5.1; the most specific range counts.
 */
unsigned request_accepts(const struct request *req, const char *media_type);

#endif
