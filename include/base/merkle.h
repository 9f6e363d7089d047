#ifndef JAWORT_BASE_MERKLE_H
#define JAWORT_BASE_MERKLE_H
/*
 * merkle: hash trees and proofs of RFC 6962 section 2.1 (the same as RFC 9162
 * section 2.1), SHA-256. Pure: no files, no clock.
 *
 *   leaf hash  SHA-256(0x00 || leaf)            node  SHA-256(0x01 || left || right)
 *   root of n leaves: the largest power of two below n on the left, the rest on the right
 *   root of no leaves: SHA-256 of nothing
 *
 * Three uses: struct merkle_tree grows a tree leaf by leaf with 64 hashes of memory.
 * struct merkle_source reads a stored tree in tiles of 256 hashes (C2SP tlog-tiles) and
 * gives roots and proofs of every earlier size with O(log n) tiles. The verifying
 * functions need nothing but the proof.
 * Threads: no state of its own.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

#define MERKLE_HASH_BYTES 32
/* A tile of level L has up to 256 hashes; each is the root of 256^L leaves. */
#define MERKLE_TILE_HASHES 256
#define MERKLE_TILE_BYTES (MERKLE_TILE_HASHES * MERKLE_HASH_BYTES)
#define MERKLE_TILE_LEVELS 8
/* Sizes are below 2^62; so no proof is longer. */
#define MERKLE_SIZE_MAX ((UINT64_C(1) << 62) - 1)
#define MERKLE_PROOF_MAX 64

struct merkle_hash {
	unsigned char b[MERKLE_HASH_BYTES];
};

/* Hash of a leaf of n bytes. */
void merkle_leaf(struct merkle_hash *out, const void *p, size_t n);
/* out may be left or right. */
void merkle_node(struct merkle_hash *out, const struct merkle_hash *left, const struct merkle_hash *right);
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* ---- a growing tree */

struct merkle_tree {
	uint64_t size;
	struct merkle_hash peak[64]; /* [l]: root of 2^l leaves, where bit l of size is set */
};
void merkle_init(struct merkle_tree *t);
/* The hash of the next leaf. */
void merkle_add(struct merkle_tree *t, const struct merkle_hash *leaf);
/* The root of the next 2^level leaves at once; size must be a multiple of 2^level. */
void merkle_add_subtree(struct merkle_tree *t, unsigned level, const struct merkle_hash *root);
void merkle_root(const struct merkle_tree *t, struct merkle_hash *out);
/* Root of 1..256 hashes of a tile, 32 bytes each. */
void merkle_tile_root(struct merkle_hash *out, const unsigned char *hashes, unsigned width);

/* ---- a stored tree */

/*
 * tile: sets *hashes to at least width (1..256) hashes of tile number of level; they are read before the next
 * call. Its error ends the walk and is handed on.
 */
struct merkle_source {
	enum err (*tile)(void *arg, unsigned level, uint64_t number, unsigned width, const unsigned char **hashes,
	    struct errinfo *ei);
	void *arg;
};

struct merkle_proof {
	unsigned n;
	struct merkle_hash hash[MERKLE_PROOF_MAX];
};

/* Fills t as if size leaves had been added. E_LIMIT: size. */
enum err merkle_load(const struct merkle_source *s, uint64_t size, struct merkle_tree *t, struct errinfo *ei);
enum err merkle_root_at(const struct merkle_source *s, uint64_t size, struct merkle_hash *out, struct errinfo *ei);
/* PATH(leaf, D[size]). E_INVALID: leaf >= size; E_LIMIT: size. */
enum err merkle_prove(const struct merkle_source *s, uint64_t leaf, uint64_t size, struct merkle_proof *out,
    struct errinfo *ei);
/* PROOF(old, D[size]); empty for old == size. E_INVALID: old is 0 or above size; E_LIMIT: size. */
enum err merkle_prove_consistency(const struct merkle_source *s, uint64_t old, uint64_t size,
    struct merkle_proof *out, struct errinfo *ei);

/* ---- verification (RFC 9162 sections 2.1.3.2 and 2.1.4.2); false: not proven */

bool merkle_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size, const struct merkle_hash *proof,
    size_t n, const struct merkle_hash *root);
/* An empty old tree is refused: it is consistent with everything, and so proves nothing. */
bool merkle_verify_consistency(uint64_t old, const struct merkle_hash *old_root, uint64_t size,
    const struct merkle_hash *root, const struct merkle_hash *proof, size_t n);

#endif
