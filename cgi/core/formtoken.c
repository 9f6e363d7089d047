#include "core/formtoken.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"

static bool formtoken_sign(const struct crypt_key *token_key, const char *form, int64_t at_s,
    char out[static FORMTOKEN_BYTES])
{
	unsigned char mac[CRYPT_TAG_BYTES], hash[CRYPT_HASH_BYTES];
	char b64[ENC_B64URL_BYTES(sizeof(mac))];
	const struct crypt_part parts[] = {{&at_s, sizeof(at_s)}, {form, strlen(form)}};
	struct crypt_key *k = crypt_key_new();
	struct buf b;

	out[0] = '\0';
	if (!k)
		return false;
	crypt_key_derive(k, token_key, "form token");
	crypt_sha256_parts(hash, parts, sizeof(parts) / sizeof(parts[0]));
	crypt_keyed(mac, sizeof(mac), k, hash, sizeof(hash));
	crypt_key_free(k);
	buf_init(&b, FORMTOKEN_BYTES - 1);
	buf_printf(&b, "%lld.%s", (long long)at_s, enc_b64url(mac, sizeof(mac), b64));
	slice_copy(buf_slice(&b), out, FORMTOKEN_BYTES);
	buf_free(&b);
	return out[0] != '\0';
}

void formtoken_make(const struct keyring *keys, const char *form, int64_t now_ms, char out[static FORMTOKEN_BYTES])
{
	unsigned id;

	formtoken_sign(keyring_token_current(keys, &id), form, now_ms / 1000, out);
}

static bool formtoken_genuine(const struct keyring *keys, const char *form, int64_t at_s, struct slice text)
{
	char want[FORMTOKEN_BYTES];

	for (unsigned id = 1; id <= KEYRING_TOKEN_MAX; id++) {
		const struct crypt_key *k = keyring_token(keys, id);
		if (k && formtoken_sign(k, form, at_s, want) && strlen(want) == text.len &&
		    crypt_equal(want, text.ptr, text.len))
			return true;
	}
	return false;
}

enum formtoken formtoken_check(const struct keyring *keys, const char *form, struct slice text, int64_t now_ms)
{
	struct slice rest = text, at_text;
	unsigned long long at_s;
	int64_t age_s;

	if (!text.len)
		return FORMTOKEN_ABSENT;
	if (text.len >= FORMTOKEN_BYTES || !slice_split(&rest, '.', &at_text) || !slice_u64(at_text, &at_s) ||
	    at_s > INT64_MAX / 1000 || !formtoken_genuine(keys, form, (int64_t)at_s, text))
		return FORMTOKEN_FALSE;
	age_s = now_ms / 1000 - (int64_t)at_s;
	if (age_s < FORMTOKEN_MIN_AGE_S)
		return FORMTOKEN_YOUNG;
	return age_s > FORMTOKEN_MAX_AGE_S ? FORMTOKEN_OLD : FORMTOKEN_GOOD;
}
