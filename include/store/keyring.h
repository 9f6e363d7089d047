#ifndef JAWORT_STORE_KEYRING_H
#define JAWORT_STORE_KEYRING_H
/*
 * keyring: the keys of one site, from the file KEYS/<site>.keys (mode 0600, in a setgid directory 0640).
 *
 *     jawort-keys 1
 *     lookup 1 <64 hex digits> 2026-11-21T14:05:09.123Z
 *     intake 1 ...
 *     token 1 ...
 *     sign 1 ...
 * lookup: keyed look-up of addresses. intake: seals sign-ups until they are
 * worked on. token: links in mails; several ids 1..255, the newest (last in the
 * file) seals, all open. sign: Ed25519 seed for checkpoints and bundles; several
 * ids 1..255, the last in the file signs, all verify.
 * Exactly one lookup and intake key, at least one token and one sign key. Lines
 * that start with '#' are comments.
 *
 * Ownership: keyring_free(); the accessors' keys live as long as the ring.
 * Threads: immutable after loading, any thread may read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/crypt.h"
#include "base/err.h"

#define KEYRING_TOKEN_MAX 255
#define KEYRING_SIGN_MAX 255
#define KEYRING_FINGERPRINT_BYTES 16

struct keyring;

/* E_NOT_FOUND no file; E_DENIED mode or owner; E_INVALID with file:line; E_NOMEM, E_IO. */
enum err keyring_load(struct keyring **out, const char *path, struct errinfo *ei);
/* A new ring with one key of each kind, durable before it returns. E_CONFLICT if the file exists. */
enum err keyring_create(struct keyring **out, const char *path, struct errinfo *ei);
/* Adds a token key to the file (E_LIMIT at 255); running programs see it when they load the file again. */
enum err keyring_rotate_token(const char *path, struct errinfo *ei);
/* The same for a sign key. Whoever holds the ring from before goes on signing with the old key. */
enum err keyring_rotate_sign(const char *path, struct errinfo *ei);
void keyring_free(struct keyring *k);

const struct crypt_key *keyring_lookup(const struct keyring *k);
const struct crypt_key *keyring_intake(const struct keyring *k);
/* The one that signs. */
const struct crypt_key *keyring_sign(const struct keyring *k);
/* What is known of a sign or token key besides its secret. */
struct keyring_entry {
	unsigned id;
	int64_t created_ms;
	bool current; /* signs or seals */
};
/* Sign keys in the order of their ids, i from 0. NULL: no more. e may be NULL. */
const struct crypt_key *keyring_sign_at(const struct keyring *k, size_t i, struct keyring_entry *e);
/* The same of token keys; without the secret. false: no more. */
bool keyring_token_at(const struct keyring *k, size_t i, struct keyring_entry *e);
const struct crypt_key *keyring_token_current(const struct keyring *k, unsigned *id);
/* NULL: no such id. */
const struct crypt_key *keyring_token(const struct keyring *k, unsigned id);
/* The same key as tokens need it. */
const struct crypt_siv *keyring_token_siv(const struct keyring *k, unsigned id);
/* First 16 bytes of SHA-256 over a key derived from lookup: says which ring a database belongs to. */
void keyring_fingerprint(const struct keyring *k, unsigned char out[KEYRING_FINGERPRINT_BYTES]);

#endif
