#ifndef JAWORT_STORE_ERASURE_H
#define JAWORT_STORE_ERASURE_H
/*
 * erasure: taking a person out, in an order that a crash cannot turn round:
 * 1. journal row, state erased, look-up replaced by random bytes: a sign-up with this address is a new person
 *    from now on (the caller may append events in the same transaction, their key is still there),
 * 2. key slot overwritten, durable and out of the WAL: from here on all ciphertext is noise,
 * 3. address, fields, purposes, requests, outbox rows removed (mails not yet sent are not sent), ciphertext
 *    columns of events emptied.
 * Commitments of events stay, so the log still verifies. Suppression stays.
 * store_open() finishes what a crash left.
 */
#include <stdint.h>
#include "base/err.h"
#include "store/db.h"

enum erasure_reason {
	ERASURE_REQUEST,     /* the person asked (Art. 17 GDPR) */
	ERASURE_UNCONFIRMED, /* never confirmed, period over */
	ERASURE_RETENTION,   /* evidence period over */
	ERASURE_OWNER,       /* owner's decision */
	ERASURE_REASON__MAX
};
const char *erasure_reason_name(enum erasure_reason r);

/* Step 1, inside a write transaction. Idempotent. E_NOT_FOUND no such person. */
enum err erasure_ask(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei);
/* Steps 2 and 3 for all that were asked; outside transactions. *done (may be NULL) counts persons. */
enum err erasure_finish(struct store *s, int64_t now_ms, unsigned *done, struct errinfo *ei);
/* All steps; outside transactions. */
enum err person_erase(struct store *s, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei);

#endif
