#ifndef JAWORT_BASE_CLOCK_H
#define JAWORT_BASE_CLOCK_H
/*
 * clock: the only place that asks for the time. Wall time is milliseconds
 * since 1970-01-01 UTC; order in the evidence is by sequence number, never by
 * this. Tests set it; JAWORT_TEST builds also read the environment variable
 * JAWORT_CLOCK_OFFSET_S once at start.
 * Threads: all functions may be called from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_now_ms(void);
/* Monotonic, for durations and timeouts. */
int64_t clock_mono_ms(void);
/* Fixes wall time for tests; -1 returns to the real clock. */
void clock_set_ms(int64_t now_ms);

#define CLOCK_ISO_BYTES sizeof("2026-11-21T14:05:09.123Z")
/* RFC 3339 in UTC with milliseconds. Returns dst. */
char *clock_iso(int64_t ms, char dst[static CLOCK_ISO_BYTES]);
/* Reads "2026-11-21" (midnight UTC) or the form above, from 1970 on; -1 on anything else. */
int64_t clock_parse_iso(const char *s, size_t len);

/* Broken-down time of a zone; zone names as in /usr/share/zoneinfo. */
struct clock_parts {
	int year, month, day;      /* month 1..12 */
	int hour, minute, second;
	int weekday;               /* 0 = Sunday */
	int offset_minutes;        /* east of UTC */
};
/* European summer time rule (EU directive 2000/84; in force since 1996, and
 * used here for all years) for the zones of the EU and its neighbours; "UTC"
 * plain. Unknown zone names are treated as Europe/Berlin: configuration checks
 * the name with clock_zone_known() before. Years outside 0..9999 are cut to them. */
void clock_parts(int64_t ms, const char *zone, struct clock_parts *out);
bool clock_zone_known(const char *zone);

#define CLOCK_RFC5322_BYTES sizeof("Sat, 21 Nov 2026 14:05:09 +0100")
/* Date header of RFC 5322 section 3.3. Returns dst. */
char *clock_rfc5322(int64_t ms, const char *zone, char dst[static CLOCK_RFC5322_BYTES]);

#endif
