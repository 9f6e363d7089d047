#ifndef JAWORT_BASE_CRYPT_H
#define JAWORT_BASE_CRYPT_H
/*
 * crypt: the only room door to libsodium. SHA-256 for everything that others
 * must be able to recompute (text hashes, commitments, RFC 6962), keyed BLAKE2b
 * for look-ups and tags, XChaCha20-Poly1305 for data at rest, Ed25519 for
 * checkpoints. Call crypt_init() once before anything else.
 *
 * Keys live in struct crypt_key, allocated by crypt_key_new() in guarded,
 * locked memory (sodium_malloc; locking may fail under RLIMIT_MEMLOCK, that is
 * not an error). They are zeroed when freed.
 * Threads: functions are free of shared state after crypt_init().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define CRYPT_HASH_BYTES 32
#define CRYPT_KEY_BYTES 32
#define CRYPT_TAG_BYTES 16
#define CRYPT_SEAL_NONCE_BYTES 24
#define CRYPT_SEAL_OVERHEAD_BYTES (CRYPT_SEAL_NONCE_BYTES + 16)
#define CRYPT_SIGN_PUBLIC_BYTES 32
#define CRYPT_SIGN_BYTES 64

struct crypt_key {
	unsigned char bytes[CRYPT_KEY_BYTES];
};

/* E_IO if the system gives no randomness. */
enum err crypt_init(struct errinfo *ei);
void crypt_random(void *dst, size_t n);
/* Below limit, without bias. limit > 0. */
uint32_t crypt_random_below(uint32_t limit);
/* Tests: all randomness from a fixed seed; NULL returns to the system's. Not while other threads draw. */
void crypt_random_seed(const unsigned char seed[CRYPT_KEY_BYTES]);

/* NULL without memory. */
struct crypt_key *crypt_key_new(void);
void crypt_key_free(struct crypt_key *k);
/* A sub-key for one use: BLAKE2b-256(key, "jawort " use). Uses are ASCII words, 1..64 bytes. */
void crypt_key_derive(struct crypt_key *out, const struct crypt_key *master, const char *use);
void crypt_wipe(void *p, size_t n);

void crypt_sha256(unsigned char out[CRYPT_HASH_BYTES], const void *p, size_t n);
/* SHA-256 over several parts, as if joined. */
struct crypt_part {
	const void *p;
	size_t n;
};
void crypt_sha256_parts(unsigned char out[CRYPT_HASH_BYTES], const struct crypt_part *parts, size_t count);
/* SHA-384 (FIPS 180-4), for what a page's "integrity" attribute names. */
#define CRYPT_SHA384_BYTES 48
void crypt_sha384(unsigned char out[CRYPT_SHA384_BYTES], const void *p, size_t n);
/* Keyed BLAKE2b; out_bytes 16..64. */
void crypt_keyed(void *out, size_t out_bytes, const struct crypt_key *k, const void *p, size_t n);
/* Constant time. */
bool crypt_equal(const void *a, const void *b, size_t n);

/*
 * seal: nonce(24) || ciphertext || tag(16), random nonce. ad binds the place
 * (table, row) so that ciphertext cannot be moved elsewhere; not stored.
 */
void crypt_seal(struct buf *out, const struct crypt_key *k, struct slice plain, struct slice ad);
/* Appends. E_DENIED if key, ad or bytes do not fit (out keeps what it had); E_NOMEM if out failed. */
enum err crypt_open(struct buf *out, const struct crypt_key *k, struct slice sealed, struct slice ad);

/* Ed25519 from a 32-byte seed (the crypt_key). */
void crypt_sign_public(unsigned char out[CRYPT_SIGN_PUBLIC_BYTES], const struct crypt_key *seed);
void crypt_sign(unsigned char out[CRYPT_SIGN_BYTES], const struct crypt_key *seed, const void *p, size_t n);
bool crypt_verify(const unsigned char sig[CRYPT_SIGN_BYTES], const unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES],
    const void *p, size_t n);

/*
 * Tokens (design section 5): 16 payload bytes encrypted in SIV manner under a
 * 16-byte keyed tag: tag = BLAKE2b-128(k1, payload), cipher = payload XOR
 * BLAKE2b-128(k2, tag), token = tag || cipher; k1 and k2 are derived from k for
 * the uses "siv tag" and "siv pad". The same payload gives the same token.
 */
#define CRYPT_SIV_BYTES 32
/* A key with k1 and k2, derived once: a sign-up makes several tokens. */
struct crypt_siv {
	struct crypt_key key, tag, pad;
};
/* Like crypt_key_new(), freed with crypt_key_free(&s->key). */
struct crypt_siv *crypt_siv_new(void);
/* tag and pad from key. */
void crypt_siv_derive(struct crypt_siv *s);
void crypt_siv_seal(unsigned char out[CRYPT_SIV_BYTES], const struct crypt_siv *s,
    const unsigned char payload[16]);
/* false: not ours, or altered; payload is then zero. Constant time. */
bool crypt_siv_open(unsigned char payload[16], const struct crypt_siv *s,
    const unsigned char in[CRYPT_SIV_BYTES]);

#endif
