#include "base/merkle.h"

#include <string.h>

#include "base/bug.h"
#include "base/crypt.h"

_Static_assert(MERKLE_HASH_BYTES == CRYPT_HASH_BYTES, "hash");

void merkle_leaf(struct merkle_hash *out, const void *p, size_t n)
{
	static const unsigned char mark = 0x00;
	const struct crypt_part parts[] = {{&mark, 1}, {p, n}};

	crypt_sha256_parts(out->b, parts, 2);
}

/* One piece of memory: a tree of a million leaves is a million of these. */
void merkle_node(struct merkle_hash *out, const struct merkle_hash *left, const struct merkle_hash *right)
{
	unsigned char text[1 + 2 * MERKLE_HASH_BYTES];

	text[0] = 0x01;
	memcpy(text + 1, left->b, MERKLE_HASH_BYTES);
	memcpy(text + 1 + MERKLE_HASH_BYTES, right->b, MERKLE_HASH_BYTES);
	crypt_sha256(out->b, text, sizeof(text));
}

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->b, b->b, MERKLE_HASH_BYTES) == 0;
}

/* ---- a growing tree */

void merkle_init(struct merkle_tree *t)
{
	memset(t, 0, sizeof(*t));
}

void merkle_add_subtree(struct merkle_tree *t, unsigned level, const struct merkle_hash *root)
{
	uint64_t step = UINT64_C(1) << level;
	struct merkle_hash h = *root;

	bug_if(level > 61 || t->size % step || t->size > MERKLE_SIZE_MAX - step);
	for (; t->size >> level & 1; level++)
		merkle_node(&h, &t->peak[level], &h);
	t->peak[level] = h;
	t->size += step;
}

void merkle_add(struct merkle_tree *t, const struct merkle_hash *leaf)
{
	merkle_add_subtree(t, 0, leaf);
}

/* The smallest peak stands rightmost: folded from there. */
void merkle_root(const struct merkle_tree *t, struct merkle_hash *out)
{
	bool have = false;

	for (unsigned level = 0; level < 62; level++) {
		if (!(t->size >> level & 1))
			continue;
		if (have)
			merkle_node(out, &t->peak[level], out);
		else
			*out = t->peak[level];
		have = true;
	}
	if (!have)
		crypt_sha256(out->b, NULL, 0);
}

void merkle_tile_root(struct merkle_hash *out, const unsigned char *hashes, unsigned width)
{
	struct merkle_hash h[MERKLE_TILE_HASHES];
	struct merkle_tree t;

	bug_if(width < 1 || width > MERKLE_TILE_HASHES);
	memcpy(h, hashes, (size_t)width * MERKLE_HASH_BYTES);
	if (width == MERKLE_TILE_HASHES) {
		for (unsigned n = width / 2; n; n /= 2) {
			for (unsigned i = 0; i < n; i++)
				merkle_node(&h[i], &h[2 * i], &h[2 * i + 1]);
		}
		*out = h[0];
		return;
	}
	merkle_init(&t);
	for (unsigned i = 0; i < width; i++)
		merkle_add(&t, &h[i]);
	merkle_root(&t, out);
}

/* ---- a stored tree */

/* Root of the 2^level leaves from start on. Eight levels of nodes are made from each tile. */
static enum err source_node(const struct merkle_source *s, unsigned level, uint64_t start, struct merkle_hash *out,
    struct errinfo *ei)
{
	unsigned tile_level = level / 8, span = 1u << level % 8;
	uint64_t index = start >> 8 * tile_level; /* among the hashes of this tile level */
	unsigned at = index % MERKLE_TILE_HASHES;
	const unsigned char *hashes;
	enum err rc = s->tile(s->arg, tile_level, index / MERKLE_TILE_HASHES, at + span, &hashes, ei);

	if (!rc)
		merkle_tile_root(out, hashes + (size_t)at * MERKLE_HASH_BYTES, span);
	return rc;
}

/* The whole subtrees of n leaves from start on, as a tree. start is a multiple of a power of two >= n. */
static enum err source_load(const struct merkle_source *s, uint64_t start, uint64_t n, struct merkle_tree *t,
    struct errinfo *ei)
{
	enum err rc = OK;

	merkle_init(t);
	for (unsigned level = 62; !rc && level-- > 0;) {
		if (!(n >> level & 1))
			continue;
		rc = source_node(s, level, start + t->size, &t->peak[level], ei);
		t->size += UINT64_C(1) << level;
	}
	return rc;
}

static enum err source_root(const struct merkle_source *s, uint64_t start, uint64_t n, struct merkle_hash *out,
    struct errinfo *ei)
{
	struct merkle_tree t;
	enum err rc = source_load(s, start, n, &t, ei);

	if (!rc)
		merkle_root(&t, out);
	return rc;
}

enum err merkle_load(const struct merkle_source *s, uint64_t size, struct merkle_tree *t, struct errinfo *ei)
{
	if (size > MERKLE_SIZE_MAX)
		return err_set(ei, E_LIMIT, "a tree of more than 2^62 leaves");
	return source_load(s, 0, size, t, ei);
}

enum err merkle_root_at(const struct merkle_source *s, uint64_t size, struct merkle_hash *out, struct errinfo *ei)
{
	struct merkle_tree t;
	enum err rc = merkle_load(s, size, &t, ei);

	if (!rc)
		merkle_root(&t, out);
	return rc;
}

/* The largest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
	uint64_t k = 1;

	while (k < n - k)
		k *= 2;
	return k;
}

/* Proofs are found from the root down and read from the leaf up. */
static void proof_turn(struct merkle_proof *p)
{
	for (unsigned i = 0; i < p->n / 2; i++) {
		struct merkle_hash h = p->hash[i];
		p->hash[i] = p->hash[p->n - 1 - i];
		p->hash[p->n - 1 - i] = h;
	}
}

enum err merkle_prove(const struct merkle_source *s, uint64_t leaf, uint64_t size, struct merkle_proof *out,
    struct errinfo *ei)
{
	uint64_t start = 0, n = size;
	enum err rc = OK;

	out->n = 0;
	if (size > MERKLE_SIZE_MAX)
		return err_set(ei, E_LIMIT, "a tree of more than 2^62 leaves");
	if (leaf >= size)
		return err_set(ei, E_INVALID, "leaf %llu is not in a tree of %llu leaves", (unsigned long long)leaf,
		    (unsigned long long)size);
	while (!rc && n > 1) {
		uint64_t k = split(n);
		bool right = leaf - start >= k;

		rc = source_root(s, right ? start : start + k, right ? k : n - k, &out->hash[out->n++], ei);
		start += right ? k : 0;
		n = right ? n - k : k;
	}
	proof_turn(out);
	return rc;
}

/* SUBPROOF(old, D[start:start+n], whole), the recursion written as a loop. */
enum err merkle_prove_consistency(const struct merkle_source *s, uint64_t old, uint64_t size,
    struct merkle_proof *out, struct errinfo *ei)
{
	uint64_t start = 0, m = old, n = size;
	enum err rc = OK;

	out->n = 0;
	if (size > MERKLE_SIZE_MAX)
		return err_set(ei, E_LIMIT, "a tree of more than 2^62 leaves");
	if (old == 0 || old > size)
		return err_set(ei, E_INVALID, "no proof from a tree of %llu leaves to one of %llu", (unsigned long long)old,
		    (unsigned long long)size);
	while (!rc && m < n) {
		uint64_t k = split(n);
		bool right = m > k;

		rc = source_root(s, right ? start : start + k, right ? k : n - k, &out->hash[out->n++], ei);
		start += right ? k : 0;
		m -= right ? k : 0;
		n = right ? n - k : k;
	}
	/* The old tree itself, unless it is the whole left edge and so known. */
	if (!rc && start)
		rc = source_root(s, start, m, &out->hash[out->n++], ei);
	proof_turn(out);
	return rc;
}

/* ---- verification */

bool merkle_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size, const struct merkle_hash *proof,
    size_t n, const struct merkle_hash *root)
{
	struct merkle_hash h = *leaf;
	uint64_t fn = index, sn = size - 1;

	if (index >= size)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if (fn & 1 || fn == sn) {
			merkle_node(&h, &proof[i], &h);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else
			merkle_node(&h, &h, &proof[i]);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_equal(&h, root);
}

/* Both roots from one path; old is neither 0 nor size. */
static bool verify_path(uint64_t old, const struct merkle_hash *old_root, uint64_t size,
    const struct merkle_hash *root, const struct merkle_hash *first, const struct merkle_hash *proof, size_t n)
{
	struct merkle_hash fr = *first, sr = *first;
	uint64_t fn = old - 1, sn = size - 1;

	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if (fn & 1 || fn == sn) {
			merkle_node(&fr, &proof[i], &fr);
			merkle_node(&sr, &proof[i], &sr);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else
			merkle_node(&sr, &sr, &proof[i]);
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_equal(&fr, old_root) && merkle_equal(&sr, root);
}

bool merkle_verify_consistency(uint64_t old, const struct merkle_hash *old_root, uint64_t size,
    const struct merkle_hash *root, const struct merkle_hash *proof, size_t n)
{
	if (old == 0 || old > size)
		return false;
	if (old == size)
		return n == 0 && merkle_equal(old_root, root);
	if (n == 0)
		return false;
	/* An old tree of a power of two is a node of the new one, and so is not in the proof. */
	if ((old & (old - 1)) == 0)
		return verify_path(old, old_root, size, root, old_root, proof, n);
	return verify_path(old, old_root, size, root, &proof[0], proof + 1, n - 1);
}
