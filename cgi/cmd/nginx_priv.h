#ifndef JAWORT_CMD_NGINX_PRIV_H
#define JAWORT_CMD_NGINX_PRIV_H
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/voice.h"

struct nginx_parts {
	bool http, server, cache, ready;
};
/* The configuration for nginx; site: only this one's locations, NULL: all. */
enum err nginx_text(struct buf *b, const struct conf *c, const char *site, const struct nginx_parts *parts,
    struct errinfo *ei);

/* nginx --cache: what belongs into http { }, and into the location of a site. */
void nginx_cache_http(struct buf *b, const struct conf *c);
void nginx_cache_site(struct buf *b);

/* nginx --ready: the same, the latter as locations of their own. The host has a folder for ready files. */
void nginx_ready_http(struct buf *b, const struct conf *c);
enum err nginx_ready_site(struct buf *b, const struct conf *c, const struct conf_site *s, struct voices *voices,
    struct errinfo *ei);

#endif
