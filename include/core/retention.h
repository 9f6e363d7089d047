#ifndef JAWORT_CORE_RETENTION_H
#define JAWORT_CORE_RETENTION_H
/*
 * retention: what expires when, in one pass. The figures are those of the
 * configuration, and so those of the notice (row N21): what the notice promises
 * is done here.
 *
 *   unconfirmed  a person who never confirmed is erased this long after the
 *                last request; of a known person only the open request goes
 *   ip           the address part of events, value and salt (C stays)
 *   evidence     a person who has left is erased at the end of the last year of the period
 *                (BGB sections 195, 199(1); GDPR Art. 17(3)(e)); what an erasure kept goes then too
 *   suppression  entries with an end; settled mails after 30 days; daily counts
 *                after three years
 * Every step is its own transactions of at most RETENTION_BATCH persons; a crash
 * in between loses nothing, the next pass goes on.
 */
#include <stdint.h>
#include "base/err.h"
#include "conf/conf.h"
#include "core/site.h"
#include "store/db.h"

#define RETENTION_BATCH 100
#define RETENTION_OUTBOX_MS (INT64_C(30) * 24 * 3600 * 1000)
#define RETENTION_DAILY_DAYS (3 * 366)

struct retention_report {
	unsigned unconfirmed; /* persons erased */
	unsigned requests;    /* open requests of known persons ended */
	unsigned evidence;    /* persons erased after the evidence period */
	unsigned ips, mails, suppressions;
};

/* Anything to do for persons? Read handle; so that an idle site costs no compiled templates. */
enum err retention_due(struct db *db, const struct conf_site *c, int64_t now_ms, bool *due, struct errinfo *ei);
enum err retention_run(const struct site *s, struct store *st, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei);
/* The steps that need no words: IP parts, mails, suppressions, counts. */
enum err retention_sweep(const struct conf_site *c, struct store *st, int64_t now_ms, struct retention_report *out,
    struct errinfo *ei);

#endif
