#ifndef JAWORT_STORE_BUDGET_H
#define JAWORT_STORE_BUDGET_H
/*
 * budget: how often something may happen in a time, for the whole host:
 * DATA/budget.db. Protects strangers from floods of confirmation mails and
 * the service from floods of requests.
 *
 * The file is a help, not evidence: synchronous=OFF, outside every site's
 * transaction, may be deleted at any time. Subjects (address, network
 * prefix) are kept as keyed BLAKE2b under a random key that changes every day
 * and is deleted after two, so a line cannot be linked to anybody later.
 *
 * Counting: time is cut into slots of a 24th of the rate's duration (whole
 * seconds); what counts is the sum of the present slot and the 24 before it. So at most COUNT
 * within the duration, never more; at the edge of a slot a little less.
 *
 * Also here: tallies, counts per day of what the gate refused or doubted,
 * for `jawort status`; no subject, only site, form and what.
 *
 * Durations over 24 hours count as 24 hours.
 *
 * Threads: any; one connection, one lock. Processes: any number.
 * Errors: E_IO. Callers go on without a budget then (and say so in the log):
 * a broken counter must not lock out everybody.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "conf/duration.h"

struct budget;

enum budget_class {
	BUDGET_CONFIRM = 1,  /* confirmation mails per address and site */
	BUDGET_CONFIRM_HOST, /* ... per address on this host */
	BUDGET_RIGHTS,       /* mails about data-subject rights per address */
	BUDGET_PREFIX,       /* sign-ups per network */
	BUDGET_SITE,         /* sign-ups per site */
	BUDGET_CLASS__MAX
};

struct budget_ask {
	enum budget_class class;
	struct slice scope;   /* site id; empty for the whole host */
	struct slice subject; /* address or prefix; empty for the scope as such */
	struct conf_rate rate; /* count 0: no limit */
};

#define BUDGET_ASKS_MAX 4

/* data: the data directory, which must exist. */
enum err budget_open(struct budget **out, const char *data, struct errinfo *ei);
void budget_close(struct budget *b);
/*
 * Takes one of each, or nothing at all. *denied: index of the first ask that
 * is used up, n if all were granted. *retry_s (may be NULL): seconds until that
 * one may be asked again (at least 1).
 */
enum err budget_take(struct budget *b, const struct budget_ask *asks, size_t n, int64_t now_ms, size_t *denied,
    int64_t *retry_s, struct errinfo *ei);
/*
 * For a process that runs on and on: from now on all is counted in memory and written once a second, by the take or
 * release that finds it due, or by budget_tick(). Killed, it forgets the last second; other processes see it a second late.
 * Without it only networks and sites are counted so.
 */
void budget_defer(struct budget *b);
/* Writes what is left of the last second; from time to time. */
void budget_tick(struct budget *b);
/*
 * Between the two, takes of all threads share a transaction (64 at most), which saves most of their cost; other
 * processes wait for it. For a batch of work that waits for nothing else meanwhile.
 */
void budget_hold(struct budget *b);
void budget_release(struct budget *b);

enum budget_tally {
	BUDGET_T_ACCEPTED = 1, /* sign-ups taken in */
	BUDGET_T_INPUT,        /* 422 */
	BUDGET_T_CHANGED,      /* 409 */
	BUDGET_T_REVIEW,       /* review page: any doubt */
	BUDGET_T_HONEYPOT,     /* ... because the hidden field was filled */
	BUDGET_T_ORIGIN,       /* ... because of a foreign Origin */
	BUDGET_T_TOKEN,        /* ... because of a form token that is wrong, too young or too old */
	BUDGET_T_PREFIX,       /* 429 by network */
	BUDGET_T_SITE,         /* 429 by site */
	BUDGET_T_SILENT,       /* no mail: budget of the address */
	BUDGET_T_UNKNOWN,      /* fields that no form declares */
	BUDGET_T_SHOWN,        /* pages of forms asked for */
	BUDGET_TALLY__MAX
};
const char *budget_tally_name(enum budget_tally t);
enum err budget_count(struct budget *b, const char *site, struct slice form, enum budget_tally what, int64_t n,
    int64_t now_ms, struct errinfo *ei);
/*
 * One page of a form was asked for: counted in memory, per site and form and nothing else, and written by the next
 * budget_tick() or budget_close(). Of at most BUDGET_SHOWN_MAX forms between two of them; more are not counted.
 */
#define BUDGET_SHOWN_MAX 256
void budget_shown(struct budget *b, const char *site, const char *form);
/* Counts of a site since a time (whole days), by day, form, what. cb returns false to stop. */
enum err budget_each(struct budget *b, const char *site, int64_t since_ms,
    bool (*cb)(int64_t day, struct slice form, enum budget_tally what, int64_t n, void *arg), void *arg,
    struct errinfo *ei);
/*
 * Forgets slots (after 25/24 of their duration), keys (after two days) and tallies (90 days) that no
 * rate needs any more.
 */
enum err budget_purge(struct budget *b, int64_t now_ms, struct errinfo *ei);

#endif
