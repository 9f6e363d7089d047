#include "base/sha256_priv.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/bug.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define BLOCK_BYTES 64
#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;
	unsigned char block[BLOCK_BYTES]; /* the last bytes % 64 */
};

/* FIPS 180-4 section 5.3.3 */
static const uint32_t start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* Section 4.2.2 */
static const uint32_t rounds[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Intel 64 manual, CPUID: SSSE3 and SSE4.1 in leaf 1, SHA in leaf 7. */
static bool look(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

bool sha256_has(void)
{
	static atomic_int known; /* 1: no, 2: yes */
	int k = atomic_load_explicit(&known, memory_order_relaxed);

	if (!k) {
		k = look() ? 2 : 1;
		atomic_store_explicit(&known, k, memory_order_relaxed);
	}
	return k == 2;
}

/* Words t to t+3 of the schedule (section 6.2.2 step 1) from the sixteen before: a, b, c, d in their order. */
WITH_SHA static inline __m128i schedule(__m128i a, __m128i b, __m128i c, __m128i d)
{
	return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4)), d);
}

/* Four rounds; the state is held as the words ABEF and CDGH. */
WITH_SHA static inline void four(__m128i *abef, __m128i *cdgh, __m128i w, const uint32_t *k)
{
	__m128i wk = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(const void *)k));

	*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
	*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0E));
}

/* Four words, most significant byte first. */
WITH_SHA static inline __m128i words(const unsigned char *p)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), order);
}

WITH_SHA static void one_block(__m128i *abef, __m128i *cdgh, const unsigned char *p)
{
	__m128i w0 = words(p), w1 = words(p + 16), w2 = words(p + 32), w3 = words(p + 48), x = *abef, y = *cdgh;

	for (const uint32_t *k = rounds;; k += 16) {
		four(&x, &y, w0, k);
		four(&x, &y, w1, k + 4);
		four(&x, &y, w2, k + 8);
		four(&x, &y, w3, k + 12);
		if (k == rounds + 48)
			break;
		w0 = schedule(w0, w1, w2, w3);
		w1 = schedule(w1, w2, w3, w0);
		w2 = schedule(w2, w3, w0, w1);
		w3 = schedule(w3, w0, w1, w2);
	}
	*abef = _mm_add_epi32(*abef, x);
	*cdgh = _mm_add_epi32(*cdgh, y);
}

WITH_SHA static void blocks(uint32_t h[8], const unsigned char *p, size_t n)
{
	__m128i *at = (__m128i *)(void *)h;
	/* 0xB1 swaps neighbours, 0x1B turns all four round: from ABCD, EFGH to ABEF, CDGH and back */
	__m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(at), 0xB1), hgfe = _mm_shuffle_epi32(_mm_loadu_si128(at + 1), 0x1B);
	__m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);

	for (; n > 0; n--, p += BLOCK_BYTES)
		one_block(&abef, &cdgh, p);
	badc = _mm_shuffle_epi32(abef, 0x1B);
	hgfe = _mm_shuffle_epi32(cdgh, 0xB1);
	_mm_storeu_si128(at, _mm_blend_epi16(badc, hgfe, 0xF0));
	_mm_storeu_si128(at + 1, _mm_alignr_epi8(hgfe, badc, 8));
}

static void sha256_add(struct sha256 *s, const unsigned char *p, size_t n)
{
	size_t have = s->bytes % BLOCK_BYTES, whole;

	s->bytes += n;
	if (have + n >= BLOCK_BYTES && have) {
		size_t part = BLOCK_BYTES - have;
		memcpy(s->block + have, p, part);
		blocks(s->h, s->block, 1);
		p += part;
		n -= part;
		have = 0;
	}
	whole = have ? 0 : n / BLOCK_BYTES;
	blocks(s->h, p, whole);
	p += whole * BLOCK_BYTES;
	memcpy(s->block + have, p, n - whole * BLOCK_BYTES);
}

/* Section 5.1.1: a one, zeros, the length in bits. */
static void sha256_end(struct sha256 *s, unsigned char out[CRYPT_HASH_BYTES])
{
	size_t have = s->bytes % BLOCK_BYTES;
	unsigned char last[2 * BLOCK_BYTES] = {0};
	size_t size = have < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;

	memcpy(last, s->block, have);
	last[have] = 0x80;
	for (size_t i = 0; i < 8; i++)
		last[size - 1 - i] = (unsigned char)(s->bytes * 8 >> 8 * i);
	blocks(s->h, last, size / BLOCK_BYTES);
	for (size_t i = 0; i < CRYPT_HASH_BYTES; i++)
		out[i] = (unsigned char)(s->h[i / 4] >> 8 * (3 - i % 4));
	crypt_wipe(last, sizeof(last));
}

void sha256_parts(unsigned char out[CRYPT_HASH_BYTES], const struct crypt_part *parts, size_t count)
{
	struct sha256 s = {.bytes = 0};

	bug_if(!sha256_has());
	memcpy(s.h, start, sizeof(start));
	for (size_t i = 0; i < count; i++)
		if (parts[i].n > 0)
			sha256_add(&s, parts[i].p, parts[i].n);
	sha256_end(&s, out);
	crypt_wipe(&s, sizeof(s));
}

#else

bool sha256_has(void)
{
	return false;
}

void sha256_parts(unsigned char out[CRYPT_HASH_BYTES], const struct crypt_part *parts, size_t count)
{
	(void)out;
	(void)parts;
	(void)count;
	bug_if(true);
}

#endif
