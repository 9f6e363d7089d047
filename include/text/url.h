#ifndef JAWORT_TEXT_URL_H
#define JAWORT_TEXT_URL_H
/*
 * url: http(s) URLs split into parts (RFC 3986, the subset that a web form
 * needs), compared by meaning and not as text.
 */
#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

struct url {
	struct slice scheme; /* "http" or "https" as written */
	struct slice host;   /* as written, without port; IPv6 with brackets */
	unsigned port;       /* explicit or by scheme */
	struct slice path;   /* starts with "/", or empty */
	struct slice query;  /* without "?" */
	struct slice fragment;
};

/*
 * Absolute http/https only; userinfo, controls, spaces, backslashes, quotes,
 * angle brackets and non-ASCII are refused. Host: letters, digits, "-", "_" and
 * single dots, or an IPv6 address in brackets; never percent escapes. Port
 * 1..65535. A trailing dot makes another host. The slices of out lie in s.
 */
bool url_parse(struct slice s, struct url *out);
/* Scheme, host (ASCII case-blind) and port equal. */
bool url_same_origin(const struct url *a, const struct url *b);
/*
 * Same origin and path equal to the prefix's path or below it at a "/" boundary;
 * an empty path is "/". "." and ".." segments and their percent forms in u's
 * path are refused; "%2f" and "%5c" count as separators there.
 */
bool url_below(const struct url *u, const struct url *prefix);
/* "https://host[:port]" as a browser writes an Origin header. */
void url_add_origin(struct buf *out, const struct url *u);

/* Percent-decodes (plus: '+' means space) into the arena. false on a bad escape or without memory. */
bool url_decode(struct arena *a, struct slice s, bool plus, struct slice *out);
/* Percent-encodes all but unreserved characters (RFC 3986 section 2.3). */
void url_encode(struct buf *out, struct slice s);

#endif
