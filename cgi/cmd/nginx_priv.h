#ifndef JAWORT_CMD_NGINX_PRIV_H
#define JAWORT_CMD_NGINX_PRIV_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"

struct nginx_parts {
	bool http, server, cache;
};
/* The configuration for nginx; site: only this one's locations, NULL: all. */
enum err nginx_text(struct buf *b, const struct conf *c, const char *site, const struct nginx_parts *parts,
    struct errinfo *ei);

/* nginx --cache: what belongs into http { }, and into the location of a site. */
void nginx_cache_http(struct buf *b, const struct conf *c);
void nginx_cache_site(struct buf *b);

#endif
