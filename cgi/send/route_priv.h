#ifndef JAWORT_SEND_ROUTE_PRIV_H
#define JAWORT_SEND_ROUTE_PRIV_H
/*
 * route: the providers of one site in the order of mail.route, with what they
 * need, and whether one of them is held.
 *
 * A provider is held for two reasons: it does not want us as we are (key,
 * sender), or its circuit is open: ROUTE_FAILURES_MAX requests in a row, within
 * ROUTE_FAILURES_MS, came to nothing that speaks of the mail (no connection, no
 * answer, 5xx), or it named a time (Retry-After). When the hold is due, one mail
 * goes first; after it the number of requests at once grows with every answer,
 * so that what waited through an outage does not fall upon the provider.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "conf/conf.h"
#include "mail/provider.h"

#define ROUTE_HOPS_MAX 8
#define ROUTE_FAILURES_MAX 5
#define ROUTE_FAILURES_MS 60000

struct route_hop {
	const struct provider *p;
	struct provider_settings settings; /* slices into secret and the configuration */
	char url[320];                     /* smtp: with the port that the configuration means */
	struct buf secret;                 /* wiped by route_free() */
	bool secret_read;
	bool held;                         /* use it again at held_until_ms, with one mail first */
	int64_t held_until_ms;
	bool outage;                       /* held by its circuit */
	bool shown;                        /* mails in state "held" show this hold to everybody */
	unsigned failures;                 /* in a row, the first of them at failing_ms */
	int64_t failing_ms;
	unsigned openings;                 /* of the circuit, in a row */
	size_t flying, room;               /* requests under way, and how many may be: 1 to WORKER_PARALLEL */
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
/* Its key file is read again before the next use: somebody may have put a new one there. */
void route_secret_forget(struct route *r, const char *name);
/* Holds a hop and says so once in the log. */
void route_hold(struct route *r, struct route_hop *h, int64_t until_ms, const char *code, const char *text);
/* An answer that says something about the mail: the provider works, and a hold is over. */
void route_works(struct route *r, struct route_hop *h, int64_t now_ms);
/*
 * A request that came to nothing: counts, and opens the circuit: 30 s doubling to WORKER_HOLD_CHECK_S, with jitter,
 * never less than retry_after_s (0: the provider named no time).
 */
void route_fails(struct route *r, struct route_hop *h, int64_t now_ms, uint32_t retry_after_s, const char *code,
    const char *text);
/* Somebody asked for a new try: forget holds; all of them, or those that mails in state "held" showed. */
void route_release_all(struct route *r, bool only_shown);
/* When a held hop is to be checked; INT64_MAX: none is held. */
int64_t route_next_check_ms(const struct route *r);

#endif
