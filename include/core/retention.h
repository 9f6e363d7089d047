#ifndef JAWORT_CORE_RETENTION_H
#define JAWORT_CORE_RETENTION_H
/*
 * retention: what expires when, in one pass. The periods are those of core/keep.h, and so those of the notice (row
 * N21): what the notice promises is done here.
 *
 *   unconfirmed  a person who never confirmed is erased this long after the
 *                last request; of a known person only the open request goes
 *   ip           the address part of events, value and salt (C stays)
 *   evidence     a person who has left is erased at the end of the last year of the period
 *                (BGB sections 195, 199(1); GDPR Art. 17(3)(e)), and what an erasure kept at its
 *                own time; where calls were agreed to, not before five years (UWG 7a)
 *   the rest     blocks with an end, settled mails, reports of providers, counts per day, new
 *                addresses that nobody confirmed, answered requests about rights
 * Restricted people stay as they are (GDPR Art. 18): only their IP addresses and mails go.
 * Every step is its own transactions of at most RETENTION_BATCH persons; a crash
 * in between loses nothing, the next pass goes on.
 */
#include <stdint.h>
#include "base/err.h"
#include "conf/conf.h"
#include "core/keep.h"
#include "core/site.h"
#include "store/db.h"

#define RETENTION_BATCH 100
/* Portions of requests in one pass, and rows per transaction of a sweep. */
#define RETENTION_PORTIONS_MAX 1000
#define RETENTION_ROWS 1000
#define RETENTION_VOICE_YEARS 5
#define RETENTION_OUTBOX_MS (INT64_C(30) * 24 * 3600 * 1000)
#define RETENTION_DAILY_DAYS (3 * 366)

struct retention_report {
	unsigned unconfirmed; /* persons erased */
	unsigned requests;    /* open requests of known persons ended */
	unsigned evidence;    /* persons erased after the evidence period */
	unsigned ips, mails, suppressions, hooks, counts, dsars;
};

/* What a report counts, with the kind of core/keep.h that says why. */
struct retention_row {
	enum keep_kind kind;
	const char *id, *what;
	size_t counted;
};
const struct retention_row *retention_rows(size_t *n);
unsigned retention_count(const struct retention_report *r, const struct retention_row *row);

/* Anything to do for persons? Read handle; so that an idle site costs no compiled templates. */
enum err retention_due(struct db *db, const struct conf_site *c, int64_t now_ms, bool *due, struct errinfo *ei);
enum err retention_run(const struct site *s, struct store *st, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei);
/* What a pass would do now; changes nothing. A read handle is enough; looks at every row, so not for visitors. */
enum err retention_look(struct db *db, const struct conf_site *c, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei);
/* The steps that need no words: IP parts, mails, suppressions, counts. */
enum err retention_sweep(const struct conf_site *c, struct store *st, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei);

#endif
