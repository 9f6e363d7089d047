#ifndef JAWORT_STORE_MOVE_H
#define JAWORT_STORE_MOVE_H
/*
 * move: a new address of a person that waits for its confirmation, sealed under the person's key; one at a time, a
 * newer wish replaces an older one. generation grows with each, so that only the newest link works.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

struct move {
	int64_t person_id;
	int generation; /* from 1 */
	int64_t asked_ms;
	int64_t expires_ms;
	bool open; /* false: done, or taken back */
};

/* In a write transaction. *generation: of the link. */
enum err move_put(struct db *db, int64_t person_id, struct slice address, int64_t now_ms, int64_t expires_ms,
    int *generation, struct errinfo *ei);
/* The address is appended while it is open; NULL if not wanted. E_NOT_FOUND: there never was one. */
enum err move_get(struct db *db, int64_t person_id, struct move *out, struct buf *address, struct errinfo *ei);
/* The address goes; the generation stays, so that a link pressed twice is known. */
enum err move_end(struct db *db, int64_t person_id, struct errinfo *ei);
/* Wishes that nobody confirmed before before_ms end. */
enum err move_expire(struct db *db, int64_t before_ms, struct errinfo *ei);

#endif
