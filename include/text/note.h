#ifndef JAWORT_TEXT_NOTE_H
#define JAWORT_TEXT_NOTE_H
/*
 * note: signed notes with Ed25519 (C2SP signed-note v1.0.0) and the text of
 * checkpoints (C2SP tlog-checkpoint), https://c2sp.org, commit 5ba5ee83 of 2026-07-22.
 *
 *     TEXT (lines, ends in newline)
 *     (empty line)
 *     — NAME BASE64(key id, 4 bytes || signature, 64 bytes)      one or more
 *
 *   key id        first 4 bytes of SHA-256(NAME || 0x0A || 0x01 || public key)
 *   verifier key  NAME+HEX(key id)+BASE64(0x01 || public key)
 *   checkpoint    ORIGIN newline SIZE newline BASE64(root) newline, further lines allowed
 *
 * Each text has one spelling only: strict base64, lower-case hex, no leading zeros.
 * Slices point into what was given. Threads: no state.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/crypt.h"
#include "base/slice.h"

#define NOTE_ID_BYTES 4
/* Ours; the specification demands at least 16 signatures and no limit else. */
#define NOTE_MAX_BYTES (64u * 1024u)
#define NOTE_SIGNATURES_MAX 64
#define NOTE_NAME_MAX_BYTES 255
#define NOTE_VKEY_MAX_BYTES (NOTE_NAME_MAX_BYTES + 1 + 2 * NOTE_ID_BYTES + 1 + 44)

/* A public key under a name. */
struct note_key {
	struct slice name;
	unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES];
};

/* Valid UTF-8 of 1..NOTE_NAME_MAX_BYTES without Unicode spaces, controls and '+'. */
bool note_name_ok(struct slice name);
void note_key_id(const struct note_key *k, unsigned char id[NOTE_ID_BYTES]);
void note_vkey_add(struct buf *out, const struct note_key *k);
/* false: not a verifier key, not Ed25519, or its id is not that of its name and key. */
bool note_vkey_read(struct slice s, struct note_key *out);

/* text (ends in newline), an empty line and one signature. Fails out if text or name are no note's. */
void note_sign(struct buf *out, struct slice text, struct slice name, const struct crypt_key *seed);

enum note_verdict {
	NOTE_GOOD,      /* at least one of the keys signed, and none of theirs is wrong */
	NOTE_MALFORMED, /* not a signed note */
	NOTE_UNKNOWN,   /* none of the keys signed it */
	NOTE_FORGED,    /* a signature under the name and id of one of the keys is wrong */
	NOTE_VERDICT__MAX
};
/*
 * text: set unless MALFORMED. signer: which key signed first, only if GOOD; NULL if not wanted.
 * Signatures of others (witnesses) are passed over.
 */
enum note_verdict note_verify(struct slice note, const struct note_key *keys, size_t count, struct slice *text,
    size_t *signer);

/* ---- checkpoints */

struct note_checkpoint {
	struct slice origin;
	uint64_t size;
	unsigned char root[CRYPT_HASH_BYTES];
	struct slice rest; /* extension lines, may be empty */
};
/* Text of a note. origin must be as note_name_ok() wants it, else out fails. */
void note_checkpoint_add(struct buf *out, struct slice origin, uint64_t size,
    const unsigned char root[CRYPT_HASH_BYTES]);
/* Reads the text of a note, with its last newline. */
bool note_checkpoint_read(struct slice text, struct note_checkpoint *out);

#endif
