#ifndef JAWORT_CORE_FORMTOKEN_H
#define JAWORT_CORE_FORMTOKEN_H
/*
 * formtoken: how long a form has been open, told by a script. jawort.js asks for
 * a token when a field gets the focus and sends it as "t". It holds the time and
 * a signature over time and form, nothing about the visitor; nothing is stored.
 *
 *     <seconds since 1970>.<16 bytes keyed BLAKE2b in base64url>
 *
 * A form without a token is neutral: visitors without scripts have none. A token that
 * is there must be genuine, at least FORMTOKEN_MIN_AGE_S and at most
 * FORMTOKEN_MAX_AGE_S old; anything else is a sign of doubt, never an error.
 * Every token key of the ring is tried, so a rotated key does not make doubt.
 * Threads: no state.
 */
#include <stdint.h>
#include "base/slice.h"
#include "store/keyring.h"

#define FORMTOKEN_BYTES 48 /* with NUL */
#define FORMTOKEN_MIN_AGE_S 2
#define FORMTOKEN_MAX_AGE_S (24 * 60 * 60)

enum formtoken {
	FORMTOKEN_ABSENT,
	FORMTOKEN_GOOD,
	FORMTOKEN_YOUNG, /* filled in faster than people do, or from the future */
	FORMTOKEN_OLD,
	FORMTOKEN_FALSE, /* not ours, altered, or of another form */
	FORMTOKEN__MAX
};

/* Writes the token and NUL; empty without memory (a missing token is neutral). */
void formtoken_make(const struct keyring *keys, const char *form, int64_t now_ms, char out[static FORMTOKEN_BYTES]);
enum formtoken formtoken_check(const struct keyring *keys, const char *form, struct slice text, int64_t now_ms);

#endif
