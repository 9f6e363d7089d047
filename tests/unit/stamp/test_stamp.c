/* Time stamps: against the authority, and the checker, that openssl is. */
#include "stamp/stamp.h"

#include "unit/stamp/openssl_tsa.h"

#include <time.h>

static struct openssl_tsa tsa;
static unsigned char digest[32], nonce[8];
static struct buf question, answer, token;
static char ca[120];
static struct errinfo ei;

static int setup(void **state)
{
	(void)state;
	if (crypt_init(NULL))
		return -1;
	openssl_tsa_make(&tsa);
	openssl_path(&tsa, "ca.crt", ca);
	openssl_put(&tsa, "note.txt", SLICE("a note\n"));
	crypt_sha256(digest, "a note\n", 7);
	memset(nonce, 0x9c, sizeof(nonce));
	buf_init(&question, 4096);
	buf_init(&answer, STAMP_MAX_BYTES);
	buf_init(&token, STAMP_MAX_BYTES);
	if (stamp_ask(digest, nonce, &question, &ei))
		return -1;
	openssl_answer(&tsa, buf_slice(&question), &answer);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	openssl_tsa_remove(&tsa);
	buf_free(&question);
	buf_free(&answer);
	buf_free(&token);
	return 0;
}

static enum err take(struct slice a, struct slice q, const char *ca_file)
{
	struct stamp s;

	buf_reset(&token);
	memset(&ei, 0, sizeof(ei));
	return stamp_take(a, q, ca_file, &s, &token, &ei);
}

static void test_good(void **state)
{
	struct stamp s, again;
	int64_t now = (int64_t)time(NULL) * 1000;

	(void)state;
	buf_reset(&token);
	assert_int_equal(stamp_take(buf_slice(&answer), buf_slice(&question), ca, &s, &token, &ei), OK);
	assert_in_range(s.time_ms, now - 600000, now + 60000);
	assert_non_null(strstr(s.name, "Example TSA"));
	assert_true(s.serial[0] != '\0');
	assert_int_equal(stamp_verify(buf_slice(&token), digest, ca, &again, &ei), OK);
	assert_int_equal(again.time_ms, s.time_ms);
	assert_string_equal(again.serial, s.serial);
	/* And by somebody else's program, from the note itself. */
	openssl_put(&tsa, "t.tst", buf_slice(&token));
	assert_int_equal(openssl_run(&tsa, "ts -verify -data note.txt -in t.tst -token_in -CAfile ca.crt"), 0);
	openssl_put(&tsa, "other.txt", SLICE("another note\n"));
	assert_int_not_equal(openssl_run(&tsa, "ts -verify -data other.txt -in t.tst -token_in -CAfile ca.crt"), 0);
	/* Our question is what openssl understands by it. */
	openssl_put(&tsa, "q.tsq", buf_slice(&question));
	assert_int_equal(openssl_run(&tsa, "ts -query -in q.tsq -text"), 0);
}

static void test_other_nonce(void **state)
{
	const unsigned char other[8] = {1, 2, 3};
	struct buf q;

	(void)state;
	buf_init(&q, 4096);
	assert_int_equal(stamp_ask(digest, other, &q, &ei), OK);
	assert_int_equal(take(buf_slice(&answer), buf_slice(&q), ca), E_DENIED);
	assert_non_null(strstr(ei.text, "nonce"));
	assert_int_equal(token.len, 0);
	buf_free(&q);
}

static void test_other_digest(void **state)
{
	unsigned char other[32];
	struct stamp s;
	struct buf q;

	(void)state;
	memset(other, 7, sizeof(other));
	buf_init(&q, 4096);
	assert_int_equal(stamp_ask(other, nonce, &q, &ei), OK);
	assert_int_equal(take(buf_slice(&answer), buf_slice(&q), ca), E_DENIED);
	assert_non_null(strstr(ei.text, "imprint"));
	buf_free(&q);
	assert_int_equal(take(buf_slice(&answer), buf_slice(&question), ca), OK);
	assert_int_equal(stamp_verify(buf_slice(&token), other, ca, &s, &ei), E_DENIED);
}

static void test_untrusted(void **state)
{
	struct stamp s;
	char path[120];

	(void)state;
	assert_int_equal(take(buf_slice(&answer), buf_slice(&question), ca), OK);
	openssl_path(&tsa, "other.crt", path);
	assert_int_equal(stamp_verify(buf_slice(&token), digest, path, &s, &ei), E_DENIED);
	assert_int_equal(take(buf_slice(&answer), buf_slice(&question), path), E_DENIED);
	openssl_path(&tsa, "nothing.crt", path);
	assert_int_equal(take(buf_slice(&answer), buf_slice(&question), path), E_NOT_FOUND);
	openssl_path(&tsa, "note.txt", path); /* no certificates in it */
	assert_int_equal(take(buf_slice(&answer), buf_slice(&question), path), E_NOT_FOUND);
}

static void test_refused(void **state)
{
	/* TimeStampResp { PKIStatusInfo { status 2 } } */
	static const char rejection[] = {0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02};
	static const char nothing[] = {0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00}; /* granted, and no token */

	(void)state;
	assert_int_equal(take(slice_make(rejection, sizeof(rejection)), buf_slice(&question), ca), E_UPSTREAM);
	assert_int_equal(take(slice_make(nothing, sizeof(nothing)), buf_slice(&question), ca), E_INVALID);
}

static void test_garbage(void **state)
{
	struct slice good = buf_slice(&answer);
	struct buf more;
	struct stamp s;

	(void)state;
	assert_int_equal(take(SLICE(""), buf_slice(&question), ca), E_INVALID);
	assert_int_equal(take(SLICE("<html>busy</html>"), buf_slice(&question), ca), E_INVALID);
	assert_int_equal(take(good, SLICE(""), ca), E_INVALID);
	assert_int_equal(take(slice_sub(good, 0, good.len - 1), buf_slice(&question), ca), E_INVALID);
	buf_init(&more, STAMP_MAX_BYTES * 2);
	buf_add_slice(&more, good);
	buf_add_char(&more, 'x');
	assert_int_equal(take(buf_slice(&more), buf_slice(&question), ca), E_INVALID);
	buf_extend(&more, STAMP_MAX_BYTES);
	assert_int_equal(take(buf_slice(&more), buf_slice(&question), ca), E_INVALID);
	buf_free(&more);
	assert_int_equal(stamp_verify(SLICE("x"), digest, ca, &s, &ei), E_INVALID);
	assert_int_equal(stamp_verify(SLICE(""), digest, ca, &s, &ei), E_INVALID);
}

/* Every byte changed once: never a stamp with another time, and never a crash. */
static void test_every_byte(void **state)
{
	struct stamp good, s;
	char *copy;

	(void)state;
	buf_reset(&token);
	assert_int_equal(stamp_take(buf_slice(&answer), buf_slice(&question), ca, &good, &token, &ei), OK);
	copy = malloc(token.len);
	for (size_t i = 0; i < token.len; i++) {
		memcpy(copy, token.data, token.len);
		copy[i] ^= 0x21;
		if (stamp_verify(slice_make(copy, token.len), digest, ca, &s, &ei) == OK)
			assert_int_equal(s.time_ms, good.time_ms); /* certificates beside the one that signed are not signed */
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good), cmocka_unit_test(test_other_nonce), cmocka_unit_test(test_other_digest),
	    cmocka_unit_test(test_untrusted), cmocka_unit_test(test_refused), cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_every_byte),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
