#include "base/stream.h"

#include <stdlib.h>

#include <sodium.h>

_Static_assert(STREAM_HEADER_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "header");
_Static_assert(STREAM_OVERHEAD_BYTES == crypto_secretstream_xchacha20poly1305_ABYTES, "overhead");
_Static_assert(CRYPT_KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "key");

#define TAG_LAST crypto_secretstream_xchacha20poly1305_TAG_FINAL

struct stream {
	crypto_secretstream_xchacha20poly1305_state state;
	bool ended;
};

struct stream *stream_seal_new(const struct crypt_key *k, unsigned char header[STREAM_HEADER_BYTES])
{
	struct stream *s = sodium_malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->ended = false;
	crypto_secretstream_xchacha20poly1305_init_push(&s->state, header, k->bytes);
	return s;
}

struct stream *stream_open_new(const struct crypt_key *k, const unsigned char header[STREAM_HEADER_BYTES])
{
	struct stream *s = sodium_malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->ended = false;
	if (crypto_secretstream_xchacha20poly1305_init_pull(&s->state, header, k->bytes) == 0)
		return s;
	sodium_free(s);
	return NULL;
}

void stream_free(struct stream *s)
{
	sodium_free(s);
}

void stream_push(struct stream *s, unsigned char *out, const void *plain, size_t n, bool last, struct slice ad)
{
	crypto_secretstream_xchacha20poly1305_push(&s->state, out, NULL, plain, n, (const unsigned char *)ad.ptr, ad.len,
	    last ? TAG_LAST : 0);
}

bool stream_pull(struct stream *s, void *out, const unsigned char *sealed, size_t n, bool *last, struct slice ad)
{
	unsigned char tag = 0;

	*last = false;
	if (s->ended || n < STREAM_OVERHEAD_BYTES)
		return false;
	if (crypto_secretstream_xchacha20poly1305_pull(&s->state, out, NULL, &tag, sealed, n, (const unsigned char *)ad.ptr,
	    ad.len) != 0)
		return false;
	s->ended = *last = tag == TAG_LAST;
	return true;
}

struct digest {
	crypto_generichash_state state;
};

struct digest *digest_new(void)
{
	/* The state wants an alignment of 64 bytes, which sodium_malloc() does not give for every size. */
	struct digest *d = aligned_alloc(64, (sizeof(struct digest) + 63) / 64 * 64);

	if (d)
		crypto_generichash_init(&d->state, NULL, 0, DIGEST_BYTES);
	return d;
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	if (n > 0)
		crypto_generichash_update(&d->state, p, n);
}

void digest_end(struct digest *d, unsigned char out[DIGEST_BYTES])
{
	unsigned char hash[DIGEST_BYTES];

	if (!d)
		return;
	crypto_generichash_final(&d->state, hash, sizeof(hash));
	for (size_t i = 0; out && i < sizeof(hash); i++)
		out[i] = hash[i];
	free(d);
}
