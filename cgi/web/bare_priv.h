#ifndef JAWORT_WEB_BARE_PRIV_H
#define JAWORT_WEB_BARE_PRIV_H
/*
 * bare: pages for what belongs to no site: unknown address, a site that is
 * down, a request that could not be read. In the visitor's language (German or
 * English), with what to do, without any hint at what else this server does.
 * Threads: immutable after bare_new().
 */
#include "base/err.h"
#include "web/request.h"
#include "web/response.h"

struct bare;

enum err bare_new(struct bare **out, struct errinfo *ei);
void bare_free(struct bare *b);
/* Status decides the words. Falls back to response_plain() if anything fails. */
void bare_send(const struct bare *b, const struct request *req, unsigned status, struct response *res);

#endif
