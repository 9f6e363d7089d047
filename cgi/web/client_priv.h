#ifndef JAWORT_WEB_CLIENT_PRIV_H
#define JAWORT_WEB_CLIENT_PRIV_H
/*
 * client: the visitor's address. It is REMOTE_ADDR, unless that is one of
 * trusted_proxies: then X-Forwarded-For is read from the right, and the
 * first address that is no trusted proxy counts. What stands left of it was
 * sent by the visitor and may be anything.
 */
#include "base/arena.h"
#include "conf/conf.h"
#include "web/request.h"

struct slice client_address(const struct conf *host, const struct request *req);

#endif
