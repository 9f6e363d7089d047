#include "base/enc.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

#define B64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define B64 sodium_base64_VARIANT_ORIGINAL

/*
 * libsodium 1.0.18 takes bytes from 0x80 on as base64 characters where char is
 * signed, so one value would have many spellings. No early end: constant time.
 */
static bool is_ascii(struct slice s)
{
	unsigned high = 0;

	for (size_t i = 0; i < s.len; i++)
		high |= (unsigned char)s.ptr[i] & 0x80;
	return high == 0;
}

char *enc_b64url(const void *bytes, size_t n, char *dst)
{
	return sodium_bin2base64(dst, ENC_B64URL_BYTES(n), bytes, n, B64URL);
}

bool enc_b64url_decode(struct slice s, void *bytes, size_t n)
{
	size_t got;

	/* The length fixes n, so a wrong one never reaches the caller's memory. */
	if (n > SIZE_MAX / 8 || s.len != ENC_B64URL_BYTES(n) - 1)
		return false;
	if (n == 0)
		return true;
	/* Without an end pointer libsodium refuses anything that is not used up, unused bits too. */
	return is_ascii(s) && sodium_base642bin(bytes, n, s.ptr, s.len, NULL, &got, NULL, B64URL) == 0 &&
	    got == n;
}

char *enc_hex(const void *bytes, size_t n, char *dst)
{
	return sodium_bin2hex(dst, ENC_HEX_BYTES(n), bytes, n);
}

bool enc_hex_decode(struct slice s, void *bytes, size_t n)
{
	unsigned upper = 0;
	size_t got;

	if (s.len % 2 != 0 || s.len / 2 != n)
		return false;
	if (n == 0)
		return true;
	/* libsodium takes upper case as well; we want one spelling. Bit 5 off: no digit, no lower case. */
	for (size_t i = 0; i < s.len; i++)
		upper |= ~(unsigned)(unsigned char)s.ptr[i] & 0x20;
	return sodium_hex2bin(bytes, n, s.ptr, s.len, NULL, &got, NULL) == 0 && got == n && upper == 0;
}

void enc_b64_add(struct buf *out, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	if (n > SIZE_MAX / 4) {
		buf_fail(out);
		return;
	}
	size_t room = sodium_base64_encoded_len(n, B64); /* with NUL */
	char *p = buf_extend(out, room - 1);
	/* The NUL falls onto the one that buf keeps behind its contents. */
	if (p)
		sodium_bin2base64(p, room, bytes, n, B64);
}

static size_t b64_decoded_len(struct slice s)
{
	size_t n = s.len / 4 * 3;

	if (s.len > 0 && s.ptr[s.len - 1] == '=')
		n--;
	if (s.len > 1 && s.ptr[s.len - 2] == '=')
		n--;
	return n;
}

bool enc_b64_decode(struct slice s, struct buf *out)
{
	size_t start = out->len;
	size_t got;

	if (s.len % 4 != 0 || !buf_ok(out) || !is_ascii(s))
		return false;
	size_t n = b64_decoded_len(s);
	if (n > out->max_bytes - out->len)
		return false;
	if (s.len == 0)
		return true;
	char *p = buf_extend(out, n);
	if (!p)
		return false;
	if (sodium_base642bin((unsigned char *)p, n, s.ptr, s.len, NULL, &got, NULL, B64) == 0 && got == n)
		return true;
	buf_truncate(out, start);
	return false;
}

size_t enc_u64(uint64_t n, char dst[static ENC_DECIMAL_BYTES])
{
	char digits[ENC_DECIMAL_BYTES];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	memcpy(dst, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at - 1;
}

size_t enc_i64(int64_t n, char dst[static ENC_DECIMAL_BYTES])
{
	if (n >= 0)
		return enc_u64((uint64_t)n, dst);
	char digits[ENC_DECIMAL_BYTES];
	size_t len = enc_u64(-(uint64_t)n, digits);
	dst[0] = '-';
	memcpy(dst + 1, digits, len + 1);
	return len + 1;
}
