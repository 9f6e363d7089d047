#ifndef JAWORT_STORE_EVENTCORE_H
#define JAWORT_STORE_EVENTCORE_H
/*
 * eventcore: the core of an event read back (format 1, docs/evidence.md), and the members of its part "fields".
 * What a core does not have is empty, 0 or false; keys that format 1 does not know are passed over.
 * Threads: no shared state.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

enum eventcore_hash { EVENTCORE_TEXT, EVENTCORE_MAIL, EVENTCORE_NOTICE, EVENTCORE_CONFIG, EVENTCORE_HASH__MAX };

struct eventcore {
	int64_t seq, person, prev, request, outbox;
	struct slice time, kind, form, purposes /* ids, comma-separated */, page, lang, provider, provider_id, detail;
	bool has[EVENTCORE_HASH__MAX];
	unsigned char hash[EVENTCORE_HASH__MAX][STORE_HASH_BYTES];
};

/* Slices are arena memory. E_INVALID: not a core of format 1; E_NOMEM. */
enum err eventcore_read(struct arena *a, struct slice json, struct eventcore *out, struct errinfo *ei);
/* Each member of a JSON object whose value is text, in its order; others are passed over. E_INVALID: no object. */
enum err eventcore_fields(struct slice json, void (*cb)(struct slice name, struct slice value, void *arg), void *arg,
    struct errinfo *ei);

#endif
