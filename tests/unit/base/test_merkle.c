#include "base/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/file.h"

/* ---- the definition of RFC 6962 section 2.1, written down as it stands there */

#define LEAVES 600
static struct merkle_hash leaves[LEAVES];

static void mth(struct merkle_hash *out, size_t from, size_t n)
{
	struct merkle_hash l, r;
	size_t k = 1;

	if (n == 0) {
		crypt_sha256(out->b, NULL, 0);
		return;
	}
	if (n == 1) {
		*out = leaves[from];
		return;
	}
	while (2 * k < n)
		k *= 2;
	mth(&l, from, k);
	mth(&r, from + k, n - k);
	merkle_node(out, &l, &r);
}

static void path(struct merkle_proof *p, size_t m, size_t from, size_t n)
{
	size_t k = 1;

	if (n <= 1)
		return;
	while (2 * k < n)
		k *= 2;
	if (m < k) {
		path(p, m, from, k);
		mth(&p->hash[p->n++], from + k, n - k);
	} else {
		path(p, m - k, from + k, n - k);
		mth(&p->hash[p->n++], from, k);
	}
}

static void subproof(struct merkle_proof *p, size_t m, size_t from, size_t n, bool whole)
{
	size_t k = 1;

	if (m == n) {
		if (!whole)
			mth(&p->hash[p->n++], from, n);
		return;
	}
	while (2 * k < n)
		k *= 2;
	if (m <= k) {
		subproof(p, m, from, k, whole);
		mth(&p->hash[p->n++], from + k, n - k);
	} else {
		subproof(p, m - k, from + k, n - k, false);
		mth(&p->hash[p->n++], from, k);
	}
}

/* ---- the same leaves as tiles */

static unsigned tile_calls;

static enum err tile_from_leaves(void *arg, unsigned level, uint64_t number, unsigned width,
    const unsigned char **hashes, struct errinfo *ei)
{
	static struct merkle_hash tile[MERKLE_TILE_HASHES];
	size_t span = level ? 256 : 1;

	tile_calls++;
	assert_true(level < 2 && width >= 1 && width <= 256);
	for (unsigned i = 0; i < width; i++) {
		size_t at = (size_t)(number * 256 + i) * span;
		if (at + span > *(size_t *)arg)
			return err_set(ei, E_IO, "hash %zu of a tile is beyond the tree", at);
		mth(&tile[i], at, span);
	}
	*hashes = tile[0].b;
	return OK;
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEAVES; i++)
		merkle_leaf(&leaves[i], &i, sizeof(i));
	return crypt_init(NULL) == OK ? 0 : -1;
}

static void assert_hash(const struct merkle_hash *h, const char *hex)
{
	char text[ENC_HEX_BYTES(32)];
	assert_string_equal(enc_hex(h->b, 32, text), hex);
}

/* The eight leaves of the tests of Certificate Transparency (RFC 6962 section 2.1, merkletree tests), and their roots. */
static void test_known_roots(void **state)
{
	static const struct {
		const char *hex;
		const char *root;
	} rows[] = {
	    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	    {"606162636465666768696a6b6c6d6e6f",
	        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	};
	struct merkle_tree t;
	struct merkle_hash h;
	unsigned char leaf[16];

	(void)state;
	merkle_init(&t);
	merkle_root(&t, &h);
	assert_hash(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].hex) / 2;
		assert_true(enc_hex_decode(slice_from(rows[i].hex), leaf, n));
		merkle_leaf(&h, leaf, n);
		merkle_add(&t, &h);
		merkle_root(&t, &h);
		assert_hash(&h, rows[i].root);
	}
	assert_int_equal(t.size, 8);
}

/* RFC 6962 section 2.1.3: the example tree of seven leaves and the nodes its proofs name. */
static void test_rfc_example(void **state)
{
	struct merkle_hash g, h, i, j, k, l, root;
	const struct merkle_hash *d = leaves;
	size_t n = 7;
	struct merkle_source s = {tile_from_leaves, &n};
	struct merkle_proof p;

	(void)state;
	merkle_node(&g, &d[0], &d[1]);
	merkle_node(&h, &d[2], &d[3]);
	merkle_node(&i, &d[4], &d[5]);
	j = d[6];
	merkle_node(&k, &g, &h);
	merkle_node(&l, &i, &j);
	merkle_node(&root, &k, &l);
	const struct {
		uint64_t leaf;
		unsigned n;
		const struct merkle_hash *want[3];
	} audit[] = {{0, 3, {&d[1], &h, &l}}, {3, 3, {&d[2], &g, &l}}, {4, 3, {&d[5], &j, &k}}, {6, 2, {&i, &k}}};
	for (size_t r = 0; r < 4; r++) {
		assert_int_equal(merkle_prove(&s, audit[r].leaf, 7, &p, NULL), OK);
		assert_int_equal(p.n, audit[r].n);
		for (unsigned x = 0; x < p.n; x++)
			assert_true(merkle_equal(&p.hash[x], audit[r].want[x]));
		assert_true(merkle_verify(&d[audit[r].leaf], audit[r].leaf, 7, p.hash, p.n, &root));
	}
	const struct {
		uint64_t old;
		unsigned n;
		const struct merkle_hash *want[4];
	} grown[] = {{3, 4, {&d[2], &d[3], &g, &l}}, {4, 1, {&l}}, {6, 3, {&i, &j, &k}}};
	for (size_t r = 0; r < 3; r++) {
		assert_int_equal(merkle_prove_consistency(&s, grown[r].old, 7, &p, NULL), OK);
		assert_int_equal(p.n, grown[r].n);
		for (unsigned x = 0; x < p.n; x++)
			assert_true(merkle_equal(&p.hash[x], grown[r].want[x]));
	}
}

/* Every size and leaf up to 70, then around the edges of tiles: proofs are those of the definition, and hold. */
static void each_size(size_t n)
{
	struct merkle_source s = {tile_from_leaves, &n};
	struct merkle_proof p, want;
	struct merkle_hash root, have, old;

	mth(&root, 0, n);
	assert_int_equal(merkle_root_at(&s, n, &have, NULL), OK);
	assert_true(merkle_equal(&root, &have));
	for (size_t m = 0; m < n; m += n < 70 ? 1 : 13) {
		want.n = 0;
		path(&want, m, 0, n);
		assert_int_equal(merkle_prove(&s, m, n, &p, NULL), OK);
		assert_int_equal(p.n, want.n);
		assert_memory_equal(p.hash, want.hash, p.n * sizeof(p.hash[0]));
		assert_true(merkle_verify(&leaves[m], m, n, p.hash, p.n, &root));
		assert_false(merkle_verify(&leaves[(m + 1) % LEAVES], m, n, p.hash, p.n, &root));
		if (m == 0)
			continue;
		want.n = 0;
		subproof(&want, m, 0, n, true);
		assert_int_equal(merkle_prove_consistency(&s, m, n, &p, NULL), OK);
		assert_int_equal(p.n, want.n);
		assert_memory_equal(p.hash, want.hash, p.n * sizeof(p.hash[0]));
		mth(&old, 0, m);
		assert_true(merkle_verify_consistency(m, &old, n, &root, p.hash, p.n));
		p.hash[p.n - 1].b[5] ^= 1;
		assert_false(merkle_verify_consistency(m, &old, n, &root, p.hash, p.n));
	}
}

static void test_every_proof(void **state)
{
	static const size_t edges[] = {127, 128, 255, 256, 257, 258, 300, 511, 512, 513, 599, 600};

	(void)state;
	for (size_t n = 1; n < 70; n++)
		each_size(n);
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		each_size(edges[i]);
}

static void test_grow_and_load(void **state)
{
	struct merkle_tree t, loaded;
	struct merkle_hash a, b;

	(void)state;
	merkle_init(&t);
	for (size_t n = 0; n <= LEAVES; n++) {
		struct merkle_source s = {tile_from_leaves, &n};
		mth(&a, 0, n);
		merkle_root(&t, &b);
		assert_true(merkle_equal(&a, &b));
		assert_int_equal(merkle_load(&s, n, &loaded, NULL), OK);
		assert_int_equal(loaded.size, n);
		merkle_root(&loaded, &b);
		assert_true(merkle_equal(&a, &b));
		if (n < LEAVES)
			merkle_add(&t, &leaves[n]);
	}
	/* Whole subtrees give the same. */
	merkle_init(&t);
	for (size_t n = 0; n < 512; n += 128) {
		mth(&a, n, 128);
		merkle_add_subtree(&t, 7, &a);
	}
	merkle_add(&t, &leaves[512]);
	mth(&a, 0, 513);
	merkle_root(&t, &b);
	assert_true(merkle_equal(&a, &b));
	for (unsigned w = 1; w <= 256; w++) {
		mth(&a, 0, w);
		merkle_tile_root(&b, leaves[0].b, w);
		assert_true(merkle_equal(&a, &b));
	}
}

/* Few tiles for a proof, whatever the size. */
static void test_few_tiles(void **state)
{
	size_t n = 599;
	struct merkle_source s = {tile_from_leaves, &n};
	struct merkle_proof p;

	(void)state;
	tile_calls = 0;
	assert_int_equal(merkle_prove(&s, 300, n, &p, NULL), OK);
	assert_in_range(tile_calls, 1, 20);
}

static void test_refused(void **state)
{
	size_t n = 10;
	struct merkle_source s = {tile_from_leaves, &n};
	struct merkle_proof p;
	struct merkle_hash root;

	(void)state;
	assert_int_equal(merkle_prove(&s, 10, 10, &p, NULL), E_INVALID);
	assert_int_equal(merkle_prove(&s, 0, 0, &p, NULL), E_INVALID);
	assert_int_equal(merkle_prove(&s, 0, UINT64_MAX, &p, NULL), E_LIMIT);
	assert_int_equal(merkle_prove_consistency(&s, 0, 10, &p, NULL), E_INVALID);
	assert_int_equal(merkle_prove_consistency(&s, 11, 10, &p, NULL), E_INVALID);
	assert_int_equal(merkle_prove_consistency(&s, 1, UINT64_MAX, &p, NULL), E_LIMIT);
	assert_int_equal(merkle_root_at(&s, UINT64_MAX, &root, NULL), E_LIMIT);
	assert_int_equal(merkle_root_at(&s, 11, &root, NULL), E_IO); /* what the tiles say comes through */
	mth(&root, 0, 10);
	for (uint64_t huge = UINT64_MAX; huge > 10; huge /= 3) {
		assert_false(merkle_verify(&leaves[0], huge - 1, huge, leaves, 64, &root));
		assert_false(merkle_verify_consistency(huge - 1, &root, huge, &root, leaves, 64));
	}
}

/* ---- verdicts of others */

/* false: not 32 bytes. A shorter root is filled with zeros, so that equal ones stay equal. */
static bool hash_read(struct slice b64, struct merkle_hash *h)
{
	struct buf b;
	bool whole;

	memset(h, 0, sizeof(*h));
	buf_init(&b, 4096);
	assert_true(slice_eq_str(b64, "-") || enc_b64_decode(b64, &b));
	whole = b.len == sizeof(h->b);
	memcpy(h->b, b.data, b.len < sizeof(h->b) ? b.len : sizeof(h->b));
	buf_free(&b);
	return whole;
}

static bool verdict(struct slice line, bool *want, struct slice *name)
{
	struct merkle_hash a, b, proof[MERKLE_PROOF_MAX];
	struct slice kind, x, y, first, second, word;
	unsigned long long m, size;
	bool whole = true;
	size_t n = 0;

	assert_true(slice_split(&line, ' ', &kind) && slice_split(&line, ' ', name) && slice_split(&line, ' ', &x));
	assert_true(slice_split(&line, ' ', &y) && slice_split(&line, ' ', &first) && slice_split(&line, ' ', &second));
	assert_true(slice_split(&line, ' ', &word) && slice_u64(x, &m) && slice_u64(y, &size));
	*want = slice_eq_str(word, "ok");
	if (first.len < 2 || second.len < 2)
		return false;
	hash_read(first, &a);
	hash_read(second, &b);
	while (slice_split(&line, ' ', &word))
		whole = hash_read(word, &proof[n++]) && whole;
	if (!whole)
		return false; /* whoever reads a proof refuses such hashes; the functions take only whole ones */
	if (slice_eq_str(kind, "inclusion"))
		return merkle_verify(&a, m, size, proof, n, &b);
	return merkle_verify_consistency(m, &a, size, &b, proof, n);
}

static void test_verdicts(void **state)
{
	struct slice text, line, name;
	struct buf file;
	unsigned rows = 0;

	(void)state;
	buf_init(&file, 1024 * 1024);
	assert_int_equal(file_read(&file, "tests/golden/merkle/verdicts.txt", NULL), OK);
	text = buf_slice(&file);
	while (slice_split(&text, '\n', &line)) {
		bool want;
		if (!line.len || line.ptr[0] == '#')
			continue;
		if (verdict(line, &want, &name) != want)
			fail_msg("%.*s: should be %s", SLICE_FMT(name), want ? "good" : "bad");
		rows++;
	}
	assert_int_equal(rows, 196);
	buf_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_roots),
	    cmocka_unit_test(test_rfc_example),
	    cmocka_unit_test(test_every_proof),
	    cmocka_unit_test(test_grow_and_load),
	    cmocka_unit_test(test_few_tiles),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_verdicts),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
