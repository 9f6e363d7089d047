#ifndef JAWORT_STORE_DAILY_H
#define JAWORT_STORE_DAILY_H
/*
 * daily: counts per day, form and what, without persons.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

enum daily_what {
	DAILY_SHOWN = 1, /* form pages */
	DAILY_SENT,      /* sign-ups taken in */
	DAILY_CONFIRMED,
	DAILY_DENIED,
	DAILY_EXPIRED,
	DAILY_WITHDRAWN,
	DAILY_REVIEW,    /* review page shown */
	DAILY_REFUSED,   /* 422, 429, foreign origin */
	DAILY_UNKNOWN_FIELDS,
	DAILY_DELIVERED,  /* what the provider says became of our mails */
	DAILY_BOUNCED,
	DAILY_BLOCKED,
	DAILY_COMPLAINED,
	DAILY_WHAT__MAX
};
const char *daily_what_name(enum daily_what w);

/* Day number since 1970-01-01 UTC. */
int64_t daily_day(int64_t ms);
enum err daily_add(struct db *db, int64_t day, struct slice form, enum daily_what what, int64_t n,
    struct errinfo *ei);
/* Days from..to inclusive, by day, form, what. */
enum err daily_each(struct db *db, int64_t from, int64_t to,
    bool (*cb)(int64_t day, struct slice form, enum daily_what what, int64_t n, void *arg), void *arg,
    struct errinfo *ei);
enum err daily_purge(struct db *db, int64_t before_day, struct errinfo *ei);

#endif
