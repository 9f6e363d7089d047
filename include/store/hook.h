#ifndef JAWORT_STORE_HOOK_H
#define JAWORT_STORE_HOOK_H
/*
 * hook: bodies of provider events as they came in, durable before the provider gets its 200, worked on
 * afterwards. A body holds addresses, so it is sealed under the site's intake key and removed when it was
 * worked on; its keyed digest stays for HOOK_REMEMBER_MS, so that a repeat is known and counts once.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define HOOK_BODY_MAX_BYTES (1024u * 1024u)
/* Mailjet repeats for 24 hours. */
#define HOOK_REMEMBER_MS (INT64_C(7) * 86400 * 1000)

struct hook {
	int64_t id;
	int64_t at_ms;
	char provider[32];
	bool readable; /* false: sealed under another key, or damaged */
};

/* *fresh (may be NULL): false if this very body was there before, which changes nothing. E_LIMIT. */
enum err hook_put(struct db *db, struct slice provider, struct slice body, int64_t at_ms, bool *fresh,
    struct errinfo *ei);
/* The first with id > after_id that was not worked on; its body is appended. E_NOT_FOUND: none (no text is made). */
enum err hook_next(struct db *db, int64_t after_id, struct hook *out, struct buf *body, struct errinfo *ei);
/* Worked on: takes the body away. */
enum err hook_done(struct db *db, int64_t id, struct errinfo *ei);
/* Bodies that wait. */
enum err hook_count(struct db *db, int64_t *n, struct errinfo *ei);
/* Forgets what was worked on and came in before. */
enum err hook_purge(struct db *db, int64_t before_ms, struct errinfo *ei);

#endif
