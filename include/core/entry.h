#ifndef JAWORT_CORE_ENTRY_H
#define JAWORT_CORE_ENTRY_H
/*
 * entry: one value out of an event's core. The core is canonical JSON that this
 * program wrote (docs/evidence.md, format 1): keys in a fixed order, no spaces,
 * quotes within strings escaped. So ,"key":" can only be a key of it, and no
 * JSON tree is needed for a look at one member.
 * Slices lie in the core.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"
#include "store/event.h"

/* A string as it stands between its quotes (ids and hashes need no unescaping); empty: not there. */
struct slice entry_str(struct slice core, const char *key);
/* A number; 0: not there. */
int64_t entry_int(struct slice core, const char *key);
/* 64 hex digits; false: not there. */
bool entry_hash(struct slice core, const char *key, unsigned char out[STORE_HASH_BYTES]);
/* The members of "purposes" as they stand, with quotes and commas: "news","events". Empty: none. */
struct slice entry_purposes(struct slice core);
/* Is the purpose one of them? Events without purposes are about all of them. */
bool entry_about(struct slice core, struct slice purpose);

#endif
