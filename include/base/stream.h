#ifndef JAWORT_BASE_STREAM_H
#define JAWORT_BASE_STREAM_H
/*
 * stream: a long text sealed piece by piece (libsodium's secretstream, XChaCha20-Poly1305): pieces cannot be altered,
 * left out, swapped, or cut off at the end, because the last one is marked. One key, one stream.
 * Also digest: BLAKE2b-256 over pieces, for hashes that only we must be able to compute again.
 *
 * Ownership: stream_free(), digest_end(). Threads: one thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/crypt.h"

#define STREAM_HEADER_BYTES 24
#define STREAM_OVERHEAD_BYTES 17

struct stream;

/* NULL without memory, or (open) if the header does not fit. */
struct stream *stream_seal_new(const struct crypt_key *k, unsigned char header[STREAM_HEADER_BYTES]);
struct stream *stream_open_new(const struct crypt_key *k, const unsigned char header[STREAM_HEADER_BYTES]);
void stream_free(struct stream *s);
/* out has n + STREAM_OVERHEAD_BYTES. ad is bound to the piece, not stored. */
void stream_push(struct stream *s, unsigned char *out, const void *plain, size_t n, bool last, struct slice ad);
/* sealed has n bytes, out n - STREAM_OVERHEAD_BYTES. false: altered, out of order, or after the last one. */
bool stream_pull(struct stream *s, void *out, const unsigned char *sealed, size_t n, bool *last, struct slice ad);

#define DIGEST_BYTES 32

struct digest;
/* NULL without memory. */
struct digest *digest_new(void);
void digest_add(struct digest *d, const void *p, size_t n);
/* Frees d. out may be NULL. */
void digest_end(struct digest *d, unsigned char out[DIGEST_BYTES]);

#endif
