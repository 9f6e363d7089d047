#ifndef JAWORT_STORE_PACK_H
#define JAWORT_STORE_PACK_H
/*
 * pack: the file that a backup is. Anybody may see what it is, only the owner of the secret key may open it.
 *
 *     jawort-backup 1                       text, lines ending in LF
 *     site example
 *     kind data                             data: data.db. keys: keys.db and site.keys. Never both in one
 *     made 2026-11-21T14:05:09.123Z
 *     key 0123456789abcdef                  first 8 bytes of SHA-256 of the public key
 *     (empty line)
 *     sealed box (80)                       a random key for this file
 *     header (24), pieces                   secretstream: pieces of PACK_PIECE_BYTES, 17 bytes longer each; the last one
 *                                           is shorter or marked, the text above is bound to every piece
 * Inside: "file NAME SIZE\n" and the bytes, for each file; "manifest SIZE\n" and text:
 *     jawort-manifest 1 / site / kind / made as above / schema N / ids PERSON REQUEST MAIL EVENT / ring HEX32 /
 *     file NAME SIZE BLAKE2b-256
 *
 * Threads: one file belongs to one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/box.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "store/db.h"
#include "store/journal.h"

#define PACK_PIECE_BYTES 65536u
#define PACK_FILES_MAX 4
#define PACK_KEY_ID_BYTES 8
#define PACK_HEAD_MAX_BYTES 512

enum pack_kind { PACK_DATA = 1, PACK_KEYS, PACK_KIND__MAX };
const char *pack_kind_name(enum pack_kind k);

struct pack_head {
	enum pack_kind kind;
	char site[64];
	int64_t made_ms;
	unsigned char key[PACK_KEY_ID_BYTES];
};
struct pack_file {
	char name[32];
	int64_t bytes;
	unsigned char hash[DIGEST_BYTES];
};
struct pack_manifest {
	struct pack_head head; /* without key */
	int schema;
	int64_t ids[JOURNAL_INTS];
	unsigned char ring[KEYRING_FINGERPRINT_BYTES];
	struct pack_file files[PACK_FILES_MAX];
	size_t nfiles;
};

void pack_key_id(unsigned char out[PACK_KEY_ID_BYTES], const unsigned char pub[BOX_PUBLIC_BYTES]);
void pack_head_write(struct buf *out, const struct pack_head *h);
/* The text up to the empty line; *bytes: its length. E_INVALID. */
enum err pack_head_parse(struct slice text, struct pack_head *out, size_t *bytes, struct errinfo *ei);
void pack_manifest_write(struct buf *out, const struct pack_manifest *m);
enum err pack_manifest_parse(struct slice text, struct pack_manifest *out, struct errinfo *ei);
/* "file NAME SIZE" or "manifest SIZE" (name ""): the line before a part. false: neither. */
bool pack_part_parse(struct slice line, char name[static 32], int64_t *bytes);

/* Writing: beside path, moved there when it is complete and durable. E_CONFLICT: path exists. */
struct pack_writer;
enum err pack_create(struct pack_writer **out, const char *path, const struct pack_head *h,
    const unsigned char pub[BOX_PUBLIC_BYTES], struct errinfo *ei);
/* The file at `from` as `name`; notes it in the manifest. */
enum err pack_add(struct pack_writer *w, const char *name, const char *from, struct errinfo *ei);
/* Fills in head and files of m, writes it, makes the file durable and gives it its name. Frees w in any case. */
enum err pack_finish(struct pack_writer *w, struct pack_manifest *m, int64_t *bytes, struct errinfo *ei);
/* Leaves nothing behind. NULL is fine. */
void pack_abandon(struct pack_writer *w);

/* E_NOT_FOUND, E_INVALID: no backup. */
enum err pack_head_read(const char *path, struct pack_head *out, struct errinfo *ei);
/*
 * Opens the whole file and compares every part with the manifest. dir: the parts are written into it (each must not
 * exist); NULL: only checked. E_DENIED: another key, altered, or cut off; then what was written must not be used.
 */
enum err pack_read(const char *path, const struct crypt_key *secret, const char *dir, struct pack_manifest *out,
    struct errinfo *ei);

#endif
