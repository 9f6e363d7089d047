#ifndef JAWORT_BASE_ENC_H
#define JAWORT_BASE_ENC_H
/*
 * enc: bytes as text and back. base64url without padding (RFC 4648 section 5)
 * for tokens and hashes in URLs, base64 with padding (section 4) for HTTP and
 * MIME, hex in lower case. Decoding is strict: no white space, no wrong
 * padding, no unused bits set; so each value has exactly one spelling.
 * base64url and hex run in constant time for equal lengths (libsodium).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/slice.h"

#define ENC_B64URL_BYTES(n) (((n) * 4 + 2) / 3 + 1) /* with NUL */
#define ENC_HEX_BYTES(n) ((n) * 2 + 1)

/* dst takes ENC_B64URL_BYTES(n). Returns dst. */
char *enc_b64url(const void *bytes, size_t n, char *dst);
/* Exactly n bytes must come out; false otherwise. */
bool enc_b64url_decode(struct slice s, void *bytes, size_t n);
char *enc_hex(const void *bytes, size_t n, char *dst);
bool enc_hex_decode(struct slice s, void *bytes, size_t n);
void enc_b64_add(struct buf *out, const void *bytes, size_t n);
/* Appends the decoded bytes; false, with out as it was, on bad input or more bytes than out may hold. */
bool enc_b64_decode(struct slice s, struct buf *out);

/* Twenty digits or a sign and nineteen, and NUL. */
#define ENC_DECIMAL_BYTES 21
/* By hand: an event has ten numbers, and printf() takes a thousand instructions for each. Return the length. */
size_t enc_u64(uint64_t n, char dst[static ENC_DECIMAL_BYTES]);
size_t enc_i64(int64_t n, char dst[static ENC_DECIMAL_BYTES]);

#endif
