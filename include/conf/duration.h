#ifndef JAWORT_CONF_DURATION_H
#define JAWORT_CONF_DURATION_H
/*
 * duration: "30s 10m 48h 7d 3y" and rates "2/24h" as they stand in
 * configuration files. Number and unit are kept beside the seconds: a year is
 * a calendar year for retention (31 December of the third year), and a notice
 * says "48 hours", not "2 days".
 * Threads: plain data, no state.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/slice.h"

/* n 0 means "not set" (only where the key has no default). */
struct conf_duration {
	int64_t seconds; /* y counts as 365 days here; who needs the calendar uses n and unit */
	int n;           /* 1..999999 */
	char unit;       /* 's' 'm' 'h' 'd' 'y', 0 if not set */
};

/* count events in a window. count 0 means "not set". */
struct conf_rate {
	unsigned count; /* 1..1000000 */
	struct conf_duration per;
};

/* One number, one unit, nothing else; at most 100 years. */
bool conf_duration_parse(struct slice s, struct conf_duration *out);
bool conf_rate_parse(struct slice s, struct conf_rate *out);
/*
 * "48 Stunden", "7 Tage" ("7 Tagen" with dative), "3 Jahre"; "48 hours" for
 * any language but de and de-*. Adds nothing if not set.
 */
void conf_duration_words(struct buf *out, struct conf_duration d, const char *lang, bool dative);
/*
 * The end of a period that starts at from_ms (Unix ms): seconds added for
 * s m h d, calendar years for y (29 February becomes 1 March).
 */
int64_t conf_duration_after(struct conf_duration d, int64_t from_ms);
/* As above, but a period in years ends with 31 December of its last year (BGB 199(1)): first ms of the year behind. */
int64_t conf_duration_after_year_end(struct conf_duration d, int64_t from_ms);

#endif
