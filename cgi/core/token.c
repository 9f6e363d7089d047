#include "core/token.h"

#include <string.h>

#include "base/bug.h"
#include "base/crypt.h"
#include "base/enc.h"

#define TOKEN_VERSION 1
#define PAYLOAD_BYTES 16

static void put_be(unsigned char *p, size_t bytes, uint64_t n)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (unsigned char)(n >> (8 * (bytes - 1 - i)));
}

static uint64_t get_be(const unsigned char *p, size_t bytes)
{
	uint64_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

static void site_tag(const char *site, unsigned char tag[2])
{
	unsigned char hash[CRYPT_HASH_BYTES];

	crypt_sha256(hash, site, strlen(site));
	memcpy(tag, hash, 2);
}

void token_make(const struct keyring *keys, const char *site, const struct token *t, char out[static TOKEN_BYTES])
{
	unsigned char payload[PAYLOAD_BYTES], sealed[CRYPT_SIV_BYTES];
	unsigned id;

	bug_if(t->purpose < TOKEN_CONFIRM || t->purpose >= TOKEN__MAX);
	bug_if(t->id < 1 || t->id > TOKEN_ID_MAX || t->generation > UINT16_MAX);
	bug_if(t->expires_ms < 0 || t->expires_ms / 1000 > UINT32_MAX);
	keyring_token_current(keys, &id);
	payload[0] = (unsigned char)(TOKEN_VERSION << 4 | t->purpose);
	payload[1] = (unsigned char)id;
	site_tag(site, payload + 2);
	put_be(payload + 4, 6, (uint64_t)t->id);
	put_be(payload + 10, 2, t->generation);
	put_be(payload + 12, 4, (uint64_t)(t->expires_ms / 1000));
	crypt_siv_seal(sealed, keyring_token_siv(keys, id), payload);
	enc_b64url(sealed, sizeof(sealed), out);
}

static bool open_any(const struct keyring *keys, const unsigned char sealed[CRYPT_SIV_BYTES],
    unsigned char payload[PAYLOAD_BYTES])
{
	for (unsigned id = 1; id <= KEYRING_TOKEN_MAX; id++) {
		const struct crypt_siv *key = keyring_token_siv(keys, id);
		if (key && crypt_siv_open(payload, key, sealed) && payload[1] == id)
			return true;
	}
	return false;
}

bool token_read(const struct keyring *keys, const char *site, struct slice text, struct token *out)
{
	unsigned char sealed[CRYPT_SIV_BYTES], payload[PAYLOAD_BYTES], tag[2];

	if (text.len != TOKEN_CHARS || !enc_b64url_decode(text, sealed, sizeof(sealed)))
		return false;
	if (!open_any(keys, sealed, payload))
		return false;
	site_tag(site, tag);
	if (payload[0] >> 4 != TOKEN_VERSION || memcmp(tag, payload + 2, 2) != 0)
		return false;
	out->purpose = payload[0] & 15;
	if (out->purpose < TOKEN_CONFIRM || out->purpose >= TOKEN__MAX)
		return false;
	out->id = (int64_t)get_be(payload + 4, 6);
	out->generation = (unsigned)get_be(payload + 10, 2);
	out->expires_ms = (int64_t)get_be(payload + 12, 4) * 1000;
	return out->id > 0;
}
