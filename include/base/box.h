#ifndef JAWORT_BASE_BOX_H
#define JAWORT_BASE_BOX_H
/*
 * box: a pair of keys whose public half can only lock (libsodium's sealed box: X25519, XSalsa20-Poly1305). Who
 * makes a backup holds the public half; the secret half lies elsewhere.
 * Threads: no state.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/crypt.h"

#define BOX_PUBLIC_BYTES 32
#define BOX_OVERHEAD_BYTES 48

void box_pair(unsigned char pub[BOX_PUBLIC_BYTES], struct crypt_key *secret);
/* The public half that belongs to a secret one. */
void box_public(unsigned char pub[BOX_PUBLIC_BYTES], const struct crypt_key *secret);
/* out has n + BOX_OVERHEAD_BYTES. false: pub is no point of the curve. */
bool box_seal(unsigned char *out, const void *plain, size_t n, const unsigned char pub[BOX_PUBLIC_BYTES]);
/* sealed has n bytes, out n - BOX_OVERHEAD_BYTES. false: locked for another key, or altered. */
bool box_open(void *out, const unsigned char *sealed, size_t n, const struct crypt_key *secret);

#endif
