#include "base/box.h"

#include <sodium.h>

_Static_assert(BOX_PUBLIC_BYTES == crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert(CRYPT_KEY_BYTES == crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert(BOX_OVERHEAD_BYTES == crypto_box_SEALBYTES, "sealed box");

void box_pair(unsigned char pub[BOX_PUBLIC_BYTES], struct crypt_key *secret)
{
	crypt_random(secret->bytes, sizeof(secret->bytes));
	box_public(pub, secret);
}

void box_public(unsigned char pub[BOX_PUBLIC_BYTES], const struct crypt_key *secret)
{
	crypto_scalarmult_base(pub, secret->bytes);
}

bool box_seal(unsigned char *out, const void *plain, size_t n, const unsigned char pub[BOX_PUBLIC_BYTES])
{
	return crypto_box_seal(out, plain, n, pub) == 0;
}

bool box_open(void *out, const unsigned char *sealed, size_t n, const struct crypt_key *secret)
{
	unsigned char pub[BOX_PUBLIC_BYTES];

	if (n < BOX_OVERHEAD_BYTES)
		return false;
	box_public(pub, secret);
	return crypto_box_seal_open(out, sealed, n, pub, secret->bytes) == 0;
}
