#include "base/enc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

static const char url_abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char std_abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *b64, *b64url, *hex;
} vectors[] = {
	{ "", "", "", "" },
	{ "f", "Zg==", "Zg", "66" },
	{ "fo", "Zm8=", "Zm8", "666f" },
	{ "foo", "Zm9v", "Zm9v", "666f6f" },
	{ "foob", "Zm9vYg==", "Zm9vYg", "666f6f62" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172" },
	{ "\xfb\xff\xfe", "+//+", "-__-", "fbfffe" },
};

static void test_vectors(void **state)
{
	char text[64];
	unsigned char back[64];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *plain = vectors[i].plain;
		size_t n = strlen(plain);
		struct buf b;
		assert_string_equal(enc_b64url(plain, n, text), vectors[i].b64url);
		assert_int_equal(strlen(text) + 1, ENC_B64URL_BYTES(n));
		assert_true(enc_b64url_decode(slice_from(text), back, n));
		assert_memory_equal(back, plain, n);
		assert_false(enc_b64url_decode(slice_from(text), back, n + 1));
		assert_string_equal(enc_hex(plain, n, text), vectors[i].hex);
		assert_true(enc_hex_decode(slice_from(text), back, n));
		assert_memory_equal(back, plain, n);
		buf_init(&b, 100);
		buf_add_char(&b, '>');
		enc_b64_add(&b, plain, n);
		assert_string_equal(b.data + 1, vectors[i].b64);
		buf_truncate(&b, 1);
		assert_true(enc_b64_decode(slice_from(vectors[i].b64), &b));
		assert_int_equal(b.len, n + 1);
		assert_memory_equal(b.data + 1, plain, n);
		buf_free(&b);
	}
}

/* Last groups: of all spellings exactly one per value may pass, so 256 for one byte, 65536 for two. */
static void test_one_spelling(void **state)
{
	unsigned char out[2];
	unsigned hits = 0;
	char t[4];
	struct buf b;

	(void)state;
	for (int i = 0; i < 64 * 64; i++) {
		t[0] = url_abc[i / 64];
		t[1] = url_abc[i % 64];
		hits += enc_b64url_decode(slice_make(t, 2), out, 1);
	}
	assert_int_equal(hits, 256);
	hits = 0;
	for (int i = 0; i < 64 * 64 * 64; i++) {
		t[0] = url_abc[i / 4096];
		t[1] = url_abc[i / 64 % 64];
		t[2] = url_abc[i % 64];
		hits += enc_b64url_decode(slice_make(t, 3), out, 2);
	}
	assert_int_equal(hits, 65536);
	buf_init(&b, 8);
	hits = 0;
	for (int i = 0; i < 64 * 64 * 64; i++) {
		t[0] = std_abc[i / 4096];
		t[1] = std_abc[i / 64 % 64];
		t[2] = std_abc[i % 64];
		t[3] = '=';
		hits += enc_b64_decode(slice_make(t, 4), &b);
		buf_reset(&b);
	}
	assert_int_equal(hits, 65536);
	hits = 0;
	for (int i = 0; i < 64 * 64; i++) {
		t[0] = std_abc[i / 64];
		t[1] = std_abc[i % 64];
		t[2] = t[3] = '=';
		hits += enc_b64_decode(slice_make(t, 4), &b);
		buf_reset(&b);
	}
	assert_int_equal(hits, 256);
	buf_free(&b);
}

/* Any of the 256 bytes in each place of a group: only the alphabet passes. */
static void test_alphabets(void **state)
{
	unsigned char out[3];
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	for (int c = 0; c < 256; c++) {
		for (int place = 0; place < 4; place++) {
			char t[4] = { 'A', 'A', 'A', 'A' };
			t[place] = (char)c;
			bool url = c && strchr(url_abc, c);
			bool std = c && (strchr(std_abc, c) || (c == '=' && place == 3));
			bool hex = c && strchr("0123456789abcdef", c);
			assert_int_equal(enc_b64url_decode(slice_make(t, 4), out, 3), url);
			assert_int_equal(enc_b64_decode(slice_make(t, 4), &b), std);
			buf_reset(&b);
			char h[4] = { '0', '0', '0', '0' };
			h[place] = (char)c;
			assert_int_equal(enc_hex_decode(slice_make(h, 4), out, 2), hex);
		}
	}
	buf_free(&b);
}

static void test_refused(void **state)
{
	static const struct {
		int line;
		const char *text;
	} rows[] = {
		{ __LINE__, "Z" },          { __LINE__, "Zg" },         { __LINE__, "Zg=" },
		{ __LINE__, "Zg===" },      { __LINE__, "Zm8" },        { __LINE__, "Zm8==" },
		{ __LINE__, "=Zm8" },       { __LINE__, "Z===" },       { __LINE__, "====" },
		{ __LINE__, "Zg==Zg==" },   { __LINE__, "Zm9v\n" },     { __LINE__, "Zm\n9v==" },
		{ __LINE__, "Zm9v Zm9v" },  { __LINE__, " Zm9v   " },   { __LINE__, "Zh==" },
		{ __LINE__, "Zm9=" },       { __LINE__, "Zm9v====" },   { __LINE__, "Z=m8" },
		{ __LINE__, "Zg=g" },       { __LINE__, "-__-" },
	};
	struct buf b;
	unsigned char out[8];

	(void)state;
	buf_init(&b, 100);
	buf_add_str(&b, "keep");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (enc_b64_decode(slice_from(rows[i].text), &b) || strcmp(b.data, "keep") != 0 || !buf_ok(&b))
			fail_msg("row in line %d", rows[i].line);
	}
	buf_free(&b);
	assert_false(enc_b64url_decode(SLICE("Zg=="), out, 1));
	assert_false(enc_b64url_decode(SLICE("Zg=="), out, 3));
	assert_false(enc_b64url_decode(SLICE("A"), out, 0));
	assert_false(enc_b64url_decode(SLICE(""), out, 1));
	assert_false(enc_b64url_decode(SLICE(""), out, SIZE_MAX));
	assert_false(enc_hex_decode(SLICE("0"), out, 0));
	assert_false(enc_hex_decode(SLICE("0a0"), out, 1));
	assert_false(enc_hex_decode(SLICE("0A"), out, 1)); /* one spelling: lower case */
	assert_false(enc_hex_decode(SLICE("0a:0b"), out, 2));
	assert_true(enc_b64url_decode(slice_from(NULL), out, 0));
	assert_true(enc_hex_decode(slice_from(NULL), out, 0));
}

static void test_limits(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	assert_true(enc_b64_decode(SLICE("Zm9v"), &b)); /* exactly full */
	assert_string_equal(b.data, "foo");
	assert_false(enc_b64_decode(SLICE("Zg=="), &b));
	assert_string_equal(b.data, "foo");
	buf_reset(&b);
	enc_b64_add(&b, "f", 1); /* four characters do not fit three bytes */
	assert_false(buf_ok(&b));
	assert_false(enc_b64_decode(SLICE("Zg=="), &b));
	buf_free(&b);
	buf_init(&b, 4);
	enc_b64_add(&b, "f", 1);
	assert_string_equal(b.data, "Zg==");
	buf_free(&b);
}

static void test_round_trip(void **state)
{
	unsigned char in[200], back[200];
	char text[ENC_HEX_BYTES(200)];
	unsigned char seed[CRYPT_KEY_BYTES] = { 1 };

	(void)state;
	crypt_init(NULL);
	crypt_random_seed(seed);
	for (size_t n = 0; n <= sizeof(in); n++) {
		crypt_random(in, n);
		assert_true(enc_b64url_decode(slice_from(enc_b64url(in, n, text)), back, n));
		assert_memory_equal(in, back, n);
		assert_true(enc_hex_decode(slice_from(enc_hex(in, n, text)), back, n));
		assert_memory_equal(in, back, n);
	}
	crypt_random_seed(NULL);
}

static void test_decimal(void **state)
{
	static const int64_t numbers[] = {0, 1, -1, 9, 10, -10, 99, 100, 1795269909123, INT64_MAX, INT64_MIN, INT64_MIN + 1};
	char mine[ENC_DECIMAL_BYTES], other[64];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(other, sizeof(other), "%" PRId64, numbers[i]);
		assert_int_equal(enc_i64(numbers[i], mine), strlen(other));
		assert_string_equal(mine, other);
		snprintf(other, sizeof(other), "%" PRIu64, (uint64_t)numbers[i]);
		assert_int_equal(enc_u64((uint64_t)numbers[i], mine), strlen(other));
		assert_string_equal(mine, other);
	}
	for (uint64_t n = 1, k = 0; k < 20; k++, n *= 10)
		for (uint64_t d = 0; d < 3; d++) {
			snprintf(other, sizeof(other), "%" PRIu64, n + d - 1);
			enc_u64(n + d - 1, mine);
			assert_string_equal(mine, other);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_one_spelling),
		cmocka_unit_test(test_alphabets), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_decimal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
