#ifndef JAWORT_SEND_ROUTE_PRIV_H
#define JAWORT_SEND_ROUTE_PRIV_H
/*
 * route: the providers of one site in the order of mail.route, with what they
 * need, and whether one of them is held.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "conf/conf.h"
#include "mail/provider.h"

#define ROUTE_HOPS_MAX 8

struct route_hop {
	const struct provider *p;
	struct provider_settings settings; /* slices into secret and the configuration */
	char url[320];                     /* smtp: with the port that the configuration means */
	struct buf secret;                 /* wiped by route_free() */
	bool secret_read;
	bool held;                         /* use it again at held_until_ms, with one mail first */
	int64_t held_until_ms;
};

struct route {
	const struct conf *conf;
	const struct conf_site *site;
	struct route_hop hops[ROUTE_HOPS_MAX];
	size_t n;
};

/* In mode try-out only dir and log; log if neither is configured: nothing leaves this machine then. */
void route_init(struct route *r, const struct conf *conf, const struct conf_site *site);
void route_free(struct route *r);
/* The first that works now: not held, or due for a check, and its secret is readable. NULL: none. */
struct route_hop *route_pick(struct route *r, int64_t now_ms);
/* Is this provider one of the hops? */
bool route_has(const struct route *r, const char *name);
/* The hop of a provider with its secret read, held or not. NULL: no such hop, or ei says why. */
struct route_hop *route_hop_ready(struct route *r, const char *name, struct errinfo *ei);
/* Holds a hop and says so once in the log. */
void route_hold(struct route *r, struct route_hop *h, int64_t until_ms, const char *code, const char *text);
/* It worked. */
void route_release(struct route *r, struct route_hop *h);
/* Somebody asked for a new try: forget all holds. */
void route_release_all(struct route *r);
/* When a held hop is to be checked; INT64_MAX: none is held. */
int64_t route_next_check_ms(const struct route *r);

#endif
