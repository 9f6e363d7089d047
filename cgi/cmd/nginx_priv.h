#ifndef JAWORT_CMD_NGINX_PRIV_H
#define JAWORT_CMD_NGINX_PRIV_H
#include "base/buf.h"
#include "conf/conf.h"

/* nginx --cache: what belongs into http { }, and into the location of a site. */
void nginx_cache_http(struct buf *b, const struct conf *c);
void nginx_cache_site(struct buf *b);

#endif
