#ifndef JAWORT_STORE_SUPPRESSION_H
#define JAWORT_STORE_SUPPRESSION_H
/*
 * suppression: addresses that get nothing, by keyed hash. Survives erasure,
 * import and restore. purpose "" = all purposes.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"
#include "store/person.h"

enum suppression_reason {
	SUPPRESSION_DENIED = 1, /* "that was not me" */
	SUPPRESSION_COMPLAINED,
	SUPPRESSION_BOUNCED,
	SUPPRESSION_OBJECTED, /* Art. 21 GDPR */
	SUPPRESSION_OWNER,
	SUPPRESSION_REASON__MAX
};
const char *suppression_reason_name(enum suppression_reason r);
enum suppression_reason suppression_reason_from_name(struct slice name);

struct suppression {
	enum store_channel channel;
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	struct slice purpose; /* valid during cb; empty from suppression_get() */
	enum suppression_reason reason;
	int64_t since_ms;
	int64_t until_ms; /* 0: for ever */
};

/* Adds or prolongs: an entry never gets shorter. until_ms 0: for ever. */
enum err suppression_add(struct db *db, const struct suppression *s, struct errinfo *ei);
/* For this purpose or for all, in force at now_ms. *reason may be NULL. */
enum err suppression_has(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, int64_t now_ms, bool *has,
    enum suppression_reason *reason, struct errinfo *ei);
/* The entry that suppression_has() finds. E_NOT_FOUND: none is in force. */
enum err suppression_get(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, int64_t now_ms, struct suppression *out,
    struct errinfo *ei);
/* Exactly this entry. E_NOT_FOUND. */
enum err suppression_remove(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct slice purpose, struct errinfo *ei);
/* Entries whose until_ms < now_ms. *count may be NULL. */
enum err suppression_purge(struct db *db, int64_t now_ms, unsigned *count, struct errinfo *ei);
enum err suppression_each(struct db *db, bool (*cb)(const struct suppression *s, void *arg), void *arg,
    struct errinfo *ei);

#endif
