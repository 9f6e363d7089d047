#include "base/crypt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

#include "base/bug.h"
#include "base/sha256_priv.h"

#define USE_MAX_BYTES 64

_Static_assert(CRYPT_SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(CRYPT_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(CRYPT_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(CRYPT_KEY_BYTES == crypto_sign_SEEDBYTES, "seed");
_Static_assert(CRYPT_SIGN_BYTES == crypto_sign_BYTES, "signature");
_Static_assert(CRYPT_SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(CRYPT_HASH_BYTES == crypto_hash_sha256_BYTES, "hash");

/* Test randomness: block n is made from BLAKE2b(seed, n), so threads never get the same bytes. */
static unsigned char test_seed[CRYPT_KEY_BYTES];
static atomic_bool test_seeded;
static atomic_uint_fast64_t test_count;

/*
 * Nonces and salts of a sign-up are a dozen small pieces, and each would be a call of the kernel: a thread makes many
 * at once, by ChaCha20 from 32 fresh bytes of the system that are used for nothing else. What was handed out is wiped,
 * and a child of fork() starts with none.
 */
#define STOCK_BYTES 2048
#define STOCK_MAX_BYTES 32
static _Thread_local struct {
	unsigned char bytes[STOCK_BYTES];
	size_t left;
	unsigned forks;
} stock;
static atomic_uint stock_forks;

static void stock_forked(void)
{
	atomic_fetch_add(&stock_forks, 1);
}

enum err crypt_init(struct errinfo *ei)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&told))
		pthread_atfork(NULL, NULL, stock_forked);
	if (sodium_init() < 0)
		return err_set(ei, E_IO,
		    "no randomness from the system: getrandom() or /dev/urandom must be usable by this process");
	return OK;
}

void crypt_random_seed(const unsigned char seed[CRYPT_KEY_BYTES])
{
	atomic_store(&test_seeded, false);
	if (!seed)
		return;
	memcpy(test_seed, seed, CRYPT_KEY_BYTES);
	atomic_store(&test_count, 0);
	atomic_store(&test_seeded, true);
}

static void stock_take(void *dst, size_t n)
{
	unsigned forks = atomic_load_explicit(&stock_forks, memory_order_relaxed);
	unsigned char seed[randombytes_SEEDBYTES];

	if (stock.left < n || stock.forks != forks) {
		randombytes_buf(seed, sizeof(seed));
		randombytes_buf_deterministic(stock.bytes, sizeof(stock.bytes), seed);
		sodium_memzero(seed, sizeof(seed));
		stock.left = sizeof(stock.bytes);
		stock.forks = forks;
	}
	stock.left -= n;
	memcpy(dst, stock.bytes + stock.left, n);
	sodium_memzero(stock.bytes + stock.left, n);
}

void crypt_random(void *dst, size_t n)
{
	unsigned char block[randombytes_SEEDBYTES];

	if (!atomic_load(&test_seeded)) {
		if (n <= STOCK_MAX_BYTES)
			stock_take(dst, n);
		else
			randombytes_buf(dst, n);
		return;
	}
	uint64_t count = atomic_fetch_add(&test_count, 1);
	crypto_generichash(block, sizeof(block), (const unsigned char *)&count, sizeof(count), test_seed,
	    sizeof(test_seed));
	randombytes_buf_deterministic(dst, n, block);
}

uint32_t crypt_random_below(uint32_t limit)
{
	uint32_t r;

	bug_if(limit == 0);
	/* The lowest 2^32 mod limit values would come once too often. */
	uint32_t least = -limit % limit;
	do {
		crypt_random(&r, sizeof(r));
	} while (r < least);
	return r % limit;
}

struct crypt_key *crypt_key_new(void)
{
	struct crypt_key *k = sodium_malloc(sizeof(*k));

	if (k)
		sodium_memzero(k, sizeof(*k));
	return k;
}

void crypt_key_free(struct crypt_key *k)
{
	sodium_free(k);
}

void crypt_key_derive(struct crypt_key *out, const struct crypt_key *master, const char *use)
{
	static const char prefix[] = "jawort ";
	char text[sizeof(prefix) + USE_MAX_BYTES];
	size_t n = strlen(use);

	bug_if(n == 0 || n > USE_MAX_BYTES);
	memcpy(text, prefix, sizeof(prefix) - 1);
	memcpy(text + sizeof(prefix) - 1, use, n);
	crypt_keyed(out->bytes, sizeof(out->bytes), master, text, sizeof(prefix) - 1 + n);
}

void crypt_wipe(void *p, size_t n)
{
	if (n > 0)
		sodium_memzero(p, n);
}

void crypt_sha256(unsigned char out[CRYPT_HASH_BYTES], const void *p, size_t n)
{
	crypt_sha256_parts(out, &(struct crypt_part){ p, n }, 1);
}

/* SHA-384 is SHA-512 from another start, cut to 48 bytes (FIPS 180-4 section 5.3.4); the library has only the latter. */
void crypt_sha384(unsigned char out[CRYPT_SHA384_BYTES], const void *p, size_t n)
{
	static const uint64_t start[8] = {UINT64_C(0xcbbb9d5dc1059ed8), UINT64_C(0x629a292a367cd507),
	    UINT64_C(0x9159015a3070dd17), UINT64_C(0x152fecd8f70e5939), UINT64_C(0x67332667ffc00b31),
	    UINT64_C(0x8eb44a8768581511), UINT64_C(0xdb0c2e0d64f98fa7), UINT64_C(0x47b5481dbefa4fa4)};
	unsigned char hash[crypto_hash_sha512_BYTES];
	crypto_hash_sha512_state st;

	crypto_hash_sha512_init(&st);
	_Static_assert(sizeof(st.state) == sizeof(start), "state of SHA-512");
	memcpy(st.state, start, sizeof(start));
	if (n > 0)
		crypto_hash_sha512_update(&st, p, n);
	crypto_hash_sha512_final(&st, hash);
	memcpy(out, hash, CRYPT_SHA384_BYTES);
}

void crypt_sha256_parts(unsigned char out[CRYPT_HASH_BYTES], const struct crypt_part *parts, size_t count)
{
	crypto_hash_sha256_state st;

	if (sha256_has()) {
		sha256_parts(out, parts, count);
		return;
	}
	crypto_hash_sha256_init(&st);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].n > 0)
			crypto_hash_sha256_update(&st, parts[i].p, parts[i].n);
	}
	crypto_hash_sha256_final(&st, out);
}

void crypt_keyed(void *out, size_t out_bytes, const struct crypt_key *k, const void *p, size_t n)
{
	bug_if(out_bytes < crypto_generichash_BYTES_MIN || out_bytes > crypto_generichash_BYTES_MAX);
	crypto_generichash(out, out_bytes, p, n, k->bytes, sizeof(k->bytes));
}

bool crypt_equal(const void *a, const void *b, size_t n)
{
	return n == 0 || sodium_memcmp(a, b, n) == 0;
}

void crypt_seal(struct buf *out, const struct crypt_key *k, struct slice plain, struct slice ad)
{
	if (plain.len > SIZE_MAX - CRYPT_SEAL_OVERHEAD_BYTES) {
		buf_fail(out);
		return;
	}
	unsigned char *p = (unsigned char *)buf_extend(out, plain.len + CRYPT_SEAL_OVERHEAD_BYTES);
	if (!p)
		return;
	crypt_random(p, CRYPT_SEAL_NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(p + CRYPT_SEAL_NONCE_BYTES, NULL,
	    (const unsigned char *)plain.ptr, plain.len, (const unsigned char *)ad.ptr, ad.len, NULL, p,
	    k->bytes);
}

enum err crypt_open(struct buf *out, const struct crypt_key *k, struct slice sealed, struct slice ad)
{
	const unsigned char *in = (const unsigned char *)sealed.ptr;
	size_t before = out->len;

	if (sealed.len < CRYPT_SEAL_OVERHEAD_BYTES)
		return E_DENIED;
	unsigned char *p = (unsigned char *)buf_extend(out, sealed.len - CRYPT_SEAL_OVERHEAD_BYTES);
	if (!p)
		return E_NOMEM;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(p, NULL, NULL, in + CRYPT_SEAL_NONCE_BYTES,
	    sealed.len - CRYPT_SEAL_NONCE_BYTES, (const unsigned char *)ad.ptr, ad.len, in, k->bytes) == 0)
		return OK;
	buf_truncate(out, before);
	return E_DENIED;
}

void crypt_sign_public(unsigned char out[CRYPT_SIGN_PUBLIC_BYTES], const struct crypt_key *seed)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(out, secret, seed->bytes);
	sodium_memzero(secret, sizeof(secret));
}

void crypt_sign(unsigned char out[CRYPT_SIGN_BYTES], const struct crypt_key *seed, const void *p, size_t n)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES];

	crypto_sign_seed_keypair(pub, secret, seed->bytes);
	crypto_sign_detached(out, NULL, p, n, secret);
	sodium_memzero(secret, sizeof(secret));
}

bool crypt_verify(const unsigned char sig[CRYPT_SIGN_BYTES], const unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES],
    const void *p, size_t n)
{
	return crypto_sign_verify_detached(sig, p, n, pub) == 0;
}

struct crypt_siv *crypt_siv_new(void)
{
	struct crypt_siv *s = sodium_malloc(sizeof(*s));

	if (s)
		sodium_memzero(s, sizeof(*s));
	return s;
}

/* Tag and pad use keys of their own, so that neither tells anything about the other. */
void crypt_siv_derive(struct crypt_siv *s)
{
	crypt_key_derive(&s->tag, &s->key, "siv tag");
	crypt_key_derive(&s->pad, &s->key, "siv pad");
}

static void siv_xor(unsigned char dst[16], const struct crypt_siv *s, const unsigned char tag[16],
    const unsigned char src[16])
{
	unsigned char pad[16];

	crypt_keyed(pad, 16, &s->pad, tag, 16);
	for (size_t i = 0; i < 16; i++)
		dst[i] = src[i] ^ pad[i];
	crypt_wipe(pad, sizeof(pad));
}

void crypt_siv_seal(unsigned char out[CRYPT_SIV_BYTES], const struct crypt_siv *s,
    const unsigned char payload[16])
{
	unsigned char plain[16]; /* out and payload may be the same memory */

	memcpy(plain, payload, 16);
	crypt_keyed(out, 16, &s->tag, plain, 16);
	siv_xor(out + 16, s, out, plain);
	crypt_wipe(plain, sizeof(plain));
}

bool crypt_siv_open(unsigned char payload[16], const struct crypt_siv *s,
    const unsigned char in[CRYPT_SIV_BYTES])
{
	unsigned char plain[16];
	unsigned char tag[16];

	siv_xor(plain, s, in, in + 16);
	crypt_keyed(tag, 16, &s->tag, plain, 16);
	bool ours = crypt_equal(tag, in, 16);
	if (ours)
		memcpy(payload, plain, 16);
	else
		memset(payload, 0, 16);
	crypt_wipe(plain, sizeof(plain));
	return ours;
}
