#ifndef JAWORT_BASE_SHA256_PRIV_H
#define JAWORT_BASE_SHA256_PRIV_H
/*
 * sha256: SHA-256 (FIPS 180-4) by the instructions that x86 processors have for it since about 2017; part of
 * base/crypt.h, which falls back to libsodium, whose plain C needs eight times as long for it. The time depends on
 * nothing but the lengths.
 * Threads: any.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/crypt.h"

/* Has this processor got them? Without, sha256_parts() is a bug. */
bool sha256_has(void);
void sha256_parts(unsigned char out[CRYPT_HASH_BYTES], const struct crypt_part *parts, size_t count);

#endif
