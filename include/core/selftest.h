#ifndef JAWORT_CORE_SELFTEST_H
#define JAWORT_CORE_SELFTEST_H
/*
 * selftest: once a day the worker looks at its own evidence. Events at random are opened, their parts and commitment
 * computed anew, their path followed to a signed checkpoint, and the sheet of their person is made. What comes out
 * is noted (meta "selftest"), so that `jawort status` says it and ends with 3 until a later run is good.
 *
 * Not in place of `jawort verify`, which looks at everything: a look at SELFTEST_EVENTS events a day costs some
 * milliseconds and finds what went wrong for many.
 * Threads: as the store.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "core/site.h"
#include "store/db.h"

#define SELFTEST_EVENTS 20

struct selftest {
	int64_t at_ms;
	unsigned proofs, proofs_bad; /* events looked at, and those that do not prove what they say */
	unsigned sheets, sheets_bad; /* sheets made, and those that failed */
	int64_t seq;                 /* an event that is bad; 0: none */
};

/* Has none been made on the UTC day of now_ms? */
enum err selftest_due(struct db *db, int64_t now_ms, bool *due, struct errinfo *ei);
/* Looks at n events and notes the result; outside transactions. OK also if something is bad. */
enum err selftest_run(const struct site *s, struct store *st, unsigned n, int64_t now_ms, struct selftest *out,
    struct errinfo *ei);
/* The last result. E_NOT_FOUND: none yet. */
enum err selftest_last(struct db *db, struct selftest *out, struct errinfo *ei);

#endif
