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
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "store/db.h"
#include "store/person.h"

enum erasure_reason {
	ERASURE_REQUEST,     /* the person asked (Art. 17 GDPR) */
	ERASURE_UNCONFIRMED, /* never confirmed, period over */
	ERASURE_RETENTION,   /* evidence period over */
	ERASURE_OWNER,       /* owner's decision */
	ERASURE_REASON__MAX
};
const char *erasure_reason_name(enum erasure_reason r);

/* Step 1, inside a write transaction. Idempotent. E_NOT_FOUND no such person. Evidence that was kept goes as well. */
enum err erasure_ask(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei);

/*
 * The same, but the evidence stays until until_ms (GDPR Art. 17(3)(b), (e)): key slot, address, the cores of the
 * events, what the mails about this consent said, and what was declared about one that was imported. Everything else goes as above: fields, also those in events,
 * purposes, requests, mails on their way, a new address that waits. For all other functions the person is erased: the
 * address is new, nothing is sent, listed or counted. What stays is found only by the functions below.
 */
enum err erasure_ask_keep(struct db *db, int64_t person_id, enum erasure_reason reason, int64_t until_ms,
    int64_t now_ms, struct errinfo *ei);
/* Evidence that stayed. */
struct erasure_kept {
	int64_t person_id;
	enum erasure_reason reason;
	int64_t asked_ms;
	int64_t until_ms;
};
/* That of an address, oldest first: somebody may have come, gone and come again. cb returns false to stop. */
enum err erasure_kept_each(struct db *db, enum store_channel channel, const unsigned char lookup[PERSON_LOOKUP_BYTES],
    bool (*cb)(const struct erasure_kept *k, void *arg), void *arg, struct errinfo *ei);
/* E_NOT_FOUND: of this person nothing is kept. */
enum err erasure_kept_get(struct db *db, int64_t person_id, struct erasure_kept *out, struct errinfo *ei);
/* Whose time was over before now_ms, at most limit. */
enum err erasure_kept_due(struct db *db, int64_t now_ms, unsigned limit,
    bool (*cb)(const struct erasure_kept *k, void *arg), void *arg, struct errinfo *ei);
/* Now the evidence goes too: step 1 of the rest, inside a write transaction. Idempotent. */
enum err erasure_ask_rest(struct db *db, int64_t person_id, struct errinfo *ei);

/* Steps 2 and 3 for all that were asked; outside transactions. *done (may be NULL) counts persons. */
enum err erasure_finish(struct store *s, int64_t now_ms, unsigned *done, struct errinfo *ei);
/* All steps; outside transactions. */
enum err person_erase(struct store *s, int64_t person_id, enum erasure_reason reason, int64_t now_ms,
    struct errinfo *ei);

#endif
