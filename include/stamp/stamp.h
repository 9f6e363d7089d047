#ifndef JAWORT_STAMP_STAMP_H
#define JAWORT_STAMP_STAMP_H
/*
 * stamp: time stamps after RFC 3161: the question to an authority, its answer, and the
 * token out of it, which anybody can check years later with the authority's certificates
 * (openssl ts -verify -token_in -in TOKEN -data NOTE -CAfile CA). SHA-256 only. No network
 * here: send/tsa.h carries question and answer.
 *
 * The only door to libcrypto, which is loaded at the first call: worker and verifier
 * alone ever get here, so serve and CGI have none of its code.
 *
 * What comes in is hostile: at most STAMP_MAX_BYTES are read, nothing after the answer is
 * taken, and nothing of it is believed before the signature led to a certificate of ca_file.
 * Sources: RFC 3161 section 2.4; Regulation (EU) 910/2014 Art. 41 (only a qualified authority's
 * stamp carries the presumption of its time).
 * Threads: any; each call is on its own.
 */
#include <stdint.h>
#include "base/buf.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/slice.h"

#define STAMP_MAX_BYTES (64u * 1024u)
#define STAMP_NONCE_BYTES 8
/* Content types of question and answer. */
#define STAMP_ASK_TYPE "application/timestamp-query"
#define STAMP_ANSWER_TYPE "application/timestamp-reply"

struct stamp {
	int64_t time_ms;  /* the authority's time (genTime) */
	char serial[80];  /* hex, cut */
	char name[200];   /* subject of the certificate that signed, one line; cut */
};

/* Appends the question (DER): digest, nonce, and the wish for certificates. E_UPSTREAM: no libcrypto; E_NOMEM. */
enum err stamp_ask(const unsigned char digest[CRYPT_HASH_BYTES], const unsigned char nonce[STAMP_NONCE_BYTES],
    struct buf *der, struct errinfo *ei);
/*
 * Is this the answer to that question, and signed by one of ca_file (PEM)? The token (DER) is appended.
 * E_INVALID: no answer after RFC 3161; E_UPSTREAM: the authority refused, or no libcrypto; E_DENIED: it answers
 * another question (nonce, digest), or its signature does not lead to ca_file; E_NOT_FOUND: ca_file cannot be read.
 */
enum err stamp_take(struct slice answer, struct slice question, const char *ca_file, struct stamp *out,
    struct buf *token, struct errinfo *ei);
/* A token kept from before, over this digest. Certificates must have been good at the token's own time. Errors as above. */
enum err stamp_verify(struct slice token, const unsigned char digest[CRYPT_HASH_BYTES], const char *ca_file,
    struct stamp *out, struct errinfo *ei);

#endif
