/* Links in mails: what opens, what does not, and that nothing tells the difference. */
#include "core/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/crypt.h"
#include "base/enc.h"

static struct {
	char dir[40];
	char path[64], other[64];
	struct keyring *keys, *strange;
} t;

static int keys_setup(void **state)
{
	struct errinfo ei;

	(void)state;
	assert_int_equal(crypt_init(&ei), OK);
	snprintf(t.dir, sizeof(t.dir), "/tmp/jawort-token-XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	snprintf(t.path, sizeof(t.path), "%s/a.keys", t.dir);
	snprintf(t.other, sizeof(t.other), "%s/b.keys", t.dir);
	assert_int_equal(keyring_create(&t.keys, t.path, &ei), OK);
	assert_int_equal(keyring_create(&t.strange, t.other, &ei), OK);
	return 0;
}

static int keys_teardown(void **state)
{
	(void)state;
	keyring_free(t.keys);
	keyring_free(t.strange);
	unlink(t.path);
	unlink(t.other);
	rmdir(t.dir);
	return 0;
}

static struct token made(enum token_purpose p, int64_t id, unsigned generation, int64_t expires_ms)
{
	return (struct token){.purpose = p, .id = id, .generation = generation, .expires_ms = expires_ms};
}

/* Every field comes back, at its smallest and largest value. */
static void test_round_trip(void **state)
{
	static const struct {
		int row;
		enum token_purpose purpose;
		int64_t id;
		unsigned generation;
		int64_t expires_ms, read_ms;
	} rows[] = {
	    {__LINE__, TOKEN_CONFIRM, 1, 0, 0, 0},
	    {__LINE__, TOKEN_UNSUBSCRIBE, 1, 0, 0, 0},
	    {__LINE__, TOKEN_HUB, 77, 1, 1795269909000, 1795269909000},
	    {__LINE__, TOKEN_CONFIRM, TOKEN_ID_MAX, UINT16_MAX, INT64_C(4294967295) * 1000, INT64_C(4294967295) * 1000},
	    {__LINE__, TOKEN_CONFIRM, 256, 256, 1795269909999, 1795269909000},
	    {__LINE__, TOKEN_CONFIRM, INT64_C(0x010203040506), 0x0708, 1000, 1000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token in = made(rows[i].purpose, rows[i].id, rows[i].generation, rows[i].expires_ms), out;
		char text[TOKEN_BYTES];
		token_make(t.keys, "club", &in, text);
		assert_int_equal(strlen(text), TOKEN_CHARS);
		if (!token_read(t.keys, "club", slice_from(text), &out))
			fail_msg("row %d does not open", rows[i].row);
		assert_int_equal(out.purpose, rows[i].purpose);
		assert_int_equal(out.id, rows[i].id);
		assert_int_equal(out.generation, rows[i].generation);
		assert_int_equal(out.expires_ms, rows[i].read_ms);
	}
}

/* Nothing of the payload can be read from the text, and the same payload gives the same text. */
static void test_looks_random(void **state)
{
	struct token a = made(TOKEN_CONFIRM, 1, 1, 1000), b = made(TOKEN_CONFIRM, 2, 1, 1000);
	char x[TOKEN_BYTES], y[TOKEN_BYTES], again[TOKEN_BYTES];
	size_t same = 0;

	(void)state;
	token_make(t.keys, "club", &a, x);
	token_make(t.keys, "club", &b, y);
	token_make(t.keys, "club", &a, again);
	assert_string_equal(x, again);
	for (size_t i = 0; i < TOKEN_CHARS; i++)
		same += x[i] == y[i];
	assert_true(same < 12);
}

/* Every single bit matters. */
static void test_bits(void **state)
{
	struct token in = made(TOKEN_CONFIRM, 42, 1, 1795269909000), out;
	unsigned char raw[CRYPT_SIV_BYTES];
	char text[TOKEN_BYTES], bad[TOKEN_BYTES];

	(void)state;
	token_make(t.keys, "club", &in, text);
	assert_true(enc_b64url_decode(slice_from(text), raw, sizeof(raw)));
	for (size_t bit = 0; bit < 8 * sizeof(raw); bit++) {
		raw[bit / 8] ^= (unsigned char)(1u << bit % 8);
		enc_b64url(raw, sizeof(raw), bad);
		if (token_read(t.keys, "club", slice_from(bad), &out))
			fail_msg("opens with bit %zu turned", bit);
		raw[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}

/* One spelling only: a changed last character must not decode to the same bytes. */
static void test_spelling(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \n\t.%~\xc3";
	struct token in = made(TOKEN_UNSUBSCRIBE, 42, 0, 0), out;
	char text[TOKEN_BYTES + 2];

	(void)state;
	token_make(t.keys, "club", &in, text);
	for (size_t at = 0; at < TOKEN_CHARS; at++) {
		char good = text[at];
		for (size_t i = 0; i + 1 < sizeof(alphabet); i++) {
			text[at] = alphabet[i];
			if (token_read(t.keys, "club", slice_from(text), &out) != (alphabet[i] == good))
				fail_msg("character %zu as \\x%02x", at, (unsigned char)alphabet[i]);
		}
		text[at] = good;
	}
	assert_true(token_read(t.keys, "club", slice_from(text), &out));
	text[TOKEN_CHARS] = 'A';
	text[TOKEN_CHARS + 1] = '\0';
	assert_false(token_read(t.keys, "club", slice_from(text), &out));
	assert_false(token_read(t.keys, "club", slice_make(text, TOKEN_CHARS - 1), &out));
	assert_false(token_read(t.keys, "club", SLICE(""), &out));
	text[7] = '\0';
	assert_false(token_read(t.keys, "club", slice_make(text, TOKEN_CHARS), &out));
}

static void test_foreign(void **state)
{
	struct token in = made(TOKEN_CONFIRM, 42, 1, 1795269909000), out;
	char text[TOKEN_BYTES];

	(void)state;
	token_make(t.keys, "club", &in, text);
	assert_true(token_read(t.keys, "club", slice_from(text), &out));
	assert_false(token_read(t.keys, "clubs", slice_from(text), &out));
	assert_false(token_read(t.keys, "Club", slice_from(text), &out));
	assert_false(token_read(t.keys, "", slice_from(text), &out));
	assert_false(token_read(t.strange, "club", slice_from(text), &out));
}

/* Payloads that only a program with the key could make, and that still mean nothing. */
static void test_sealed_nonsense(void **state)
{
	static const struct {
		int row;
		size_t at;
		unsigned char byte;
	} rows[] = {
	    {__LINE__, 0, 0 << 4 | TOKEN_CONFIRM}, {__LINE__, 0, 2 << 4 | TOKEN_CONFIRM}, {__LINE__, 0, 1 << 4 | 0},
	    {__LINE__, 0, 1 << 4 | TOKEN__MAX}, {__LINE__, 0, 1 << 4 | 15}, {__LINE__, 1, 2}, {__LINE__, 1, 0},
	    {__LINE__, 2, 0}, {__LINE__, 9, 0},
	};
	struct token in = made(TOKEN_CONFIRM, 42, 1, 1795269909000), out;
	unsigned char sealed[CRYPT_SIV_BYTES], good[16], payload[16];
	const struct crypt_siv *key;
	char text[TOKEN_BYTES];
	unsigned id;

	(void)state;
	keyring_token_current(t.keys, &id);
	assert_int_equal(id, 1);
	key = keyring_token_siv(t.keys, id);
	token_make(t.keys, "club", &in, text);
	assert_true(enc_b64url_decode(slice_from(text), sealed, sizeof(sealed)));
	assert_true(crypt_siv_open(good, key, sealed));
	assert_int_equal(good[0], 1 << 4 | TOKEN_CONFIRM);
	assert_int_equal(good[9], 42);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(payload, good, sizeof(payload));
		payload[rows[i].at] = rows[i].byte;
		if (rows[i].at == 2)
			payload[2] = (unsigned char)~good[2];
		crypt_siv_seal(sealed, key, payload);
		enc_b64url(sealed, sizeof(sealed), text);
		if (token_read(t.keys, "club", slice_from(text), &out))
			fail_msg("row %d opens", rows[i].row);
	}
}

/* An unsubscribe link must work for years: after a rotation the old key still opens, the new one makes. */
static void test_rotation(void **state)
{
	struct token in = made(TOKEN_UNSUBSCRIBE, 42, 0, 0), out;
	char before[TOKEN_BYTES], after[TOKEN_BYTES];
	struct keyring *old, *now;
	struct errinfo ei;
	unsigned id;

	(void)state;
	assert_int_equal(keyring_load(&old, t.path, &ei), OK);
	token_make(old, "club", &in, before);
	assert_int_equal(keyring_rotate_token(t.path, &ei), OK);
	assert_int_equal(keyring_load(&now, t.path, &ei), OK);
	keyring_token_current(now, &id);
	assert_int_equal(id, 2);
	assert_true(token_read(now, "club", slice_from(before), &out));
	assert_int_equal(out.id, 42);
	token_make(now, "club", &in, after);
	assert_string_not_equal(before, after);
	assert_true(token_read(now, "club", slice_from(after), &out));
	assert_false(token_read(old, "club", slice_from(after), &out));
	keyring_free(old);
	keyring_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip), cmocka_unit_test(test_looks_random), cmocka_unit_test(test_bits),
	    cmocka_unit_test(test_spelling), cmocka_unit_test(test_foreign), cmocka_unit_test(test_sealed_nonsense),
	    cmocka_unit_test(test_rotation),
	};
	return cmocka_run_group_tests(tests, keys_setup, keys_teardown);
}
