#ifndef JAWORT_CORE_TOKEN_H
#define JAWORT_CORE_TOKEN_H
/*
 * token: the links in mails. A token is 16 payload bytes, encrypted and
 * authenticated in SIV manner (base/crypt.h), 43 characters of base64url.
 * Nothing is stored and nothing is counted: who can make one has the key.
 *
 * Payload (big endian): byte 0 version << 4 | purpose; byte 1 key id; bytes
 * 2-3 site tag (first 16 bits of SHA-256 of the site id); bytes 4-9 id (48
 * bits); bytes 10-11 generation; bytes 12-15 expiry in seconds since 1970,
 * 0 = never (until 2106).
 *
 * A token can do only what its purpose says: an unsubscribe token can only
 * unsubscribe. Confirm tokens expire; unsubscribe tokens never do, and their
 * key survives rotation (every key id of the ring still opens).
 * Threads: no state.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"
#include "store/keyring.h"

enum token_purpose {
	TOKEN_CONFIRM = 1, /* id = request */
	TOKEN_UNSUBSCRIBE, /* id = person */
	TOKEN_HUB,         /* id = person; data-subject rights */
	TOKEN_HEALTH,      /* id = 1; who asks /healthz holds the site's keys */
	TOKEN_MOVE,        /* id = person, generation = store/move.h; confirms a new address */
	TOKEN__MAX
};

#define TOKEN_CHARS 43
#define TOKEN_BYTES (TOKEN_CHARS + 1)
#define TOKEN_ID_MAX ((INT64_C(1) << 48) - 1)

struct token {
	enum token_purpose purpose;
	int64_t id;
	unsigned generation; /* 0..65535 */
	int64_t expires_ms;  /* whole seconds; 0 = never */
};

/* Writes TOKEN_CHARS characters and NUL. bug() if a field is out of range. */
void token_make(const struct keyring *keys, const char *site, const struct token *t, char out[static TOKEN_BYTES]);
/*
 * false: not a token of this site, altered, or of an unknown key; all the same
 * to the outside. An expired token opens: what an expired link may still do is
 * decided by its user. Spelling is exact: one string per token.
 */
bool token_read(const struct keyring *keys, const char *site, struct slice text, struct token *out);

#endif
