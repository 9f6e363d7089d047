#ifndef JAWORT_STORE_CHECKPOINT_H
#define JAWORT_STORE_CHECKPOINT_H
/*
 * checkpoint: signed states of the log of commitments (RFC 6962 tree over the
 * events). note is the signed text in C2SP form. Append-only.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

struct checkpoint {
	int64_t size;
	unsigned char root[STORE_HASH_BYTES];
	int64_t at_ms;
};

/* E_CONFLICT: this size has one. */
enum err checkpoint_put(struct db *db, const struct checkpoint *c, struct slice note, struct errinfo *ei);
/* note is appended; NULL if not wanted. E_NOT_FOUND. */
enum err checkpoint_last(struct db *db, struct checkpoint *out, struct buf *note, struct errinfo *ei);
/* The smallest one whose size is >= size (so it covers that event). E_NOT_FOUND. */
enum err checkpoint_covering(struct db *db, int64_t size, struct checkpoint *out, struct buf *note,
    struct errinfo *ei);

/* All with size > after_size, by size; note is valid during the call. cb returns false to stop. */
enum err checkpoint_each(struct db *db, int64_t after_size,
    bool (*cb)(const struct checkpoint *c, struct slice note, void *arg), void *arg, struct errinfo *ei);

#endif
