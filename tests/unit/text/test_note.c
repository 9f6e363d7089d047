#include "text/note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/enc.h"

/* The examples of C2SP signed-note and tlog-checkpoint (c2sp.org, commit 5ba5ee83). */
#define EXAMPLE_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_SIG                                                                                           \
	"\xe2\x80\x94 example.com/foo "                                                                        \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define EXAMPLE EXAMPLE_TEXT "\n" EXAMPLE_SIG
#define OTHER_SIG                                                                                             \
	"\xe2\x80\x94 quasimodo.example/salvatore "                                                            \
	"NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
#define CHECKPOINT_TEXT                                                                                       \
	"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static struct note_key example;

static int setup(void **state)
{
	(void)state;
	return crypt_init(NULL) == OK && note_vkey_read(SLICE(EXAMPLE_VKEY), &example) ? 0 : -1;
}

static enum note_verdict verdict(const char *note)
{
	struct slice text;
	return note_verify(slice_from(note), &example, 1, &text, NULL);
}

static void test_example(void **state)
{
	struct slice text;
	size_t signer = 9;
	struct buf b;

	(void)state;
	assert_int_equal(note_verify(SLICE(EXAMPLE), &example, 1, &text, &signer), NOTE_GOOD);
	assert_true(slice_eq_str(text, EXAMPLE_TEXT));
	assert_int_equal(signer, 0);
	buf_init(&b, 4096);
	note_vkey_add(&b, &example);
	assert_string_equal(b.data, EXAMPLE_VKEY);
	buf_free(&b);
}

/* Each row is the example with one thing changed. */
static void test_verdicts(void **state)
{
	static const struct {
		int line;
		const char *note;
		enum note_verdict want;
	} rows[] = {
	    {__LINE__, EXAMPLE, NOTE_GOOD},
	    {__LINE__, EXAMPLE_TEXT "\n" OTHER_SIG, NOTE_UNKNOWN},
	    {__LINE__, EXAMPLE_TEXT "\n" OTHER_SIG EXAMPLE_SIG, NOTE_GOOD},
	    {__LINE__, EXAMPLE_TEXT "\n" EXAMPLE_SIG OTHER_SIG, NOTE_GOOD},
	    {__LINE__, "this is an example message.\n\n" EXAMPLE_SIG, NOTE_FORGED},
	    {__LINE__, EXAMPLE_TEXT "more\n\n" EXAMPLE_SIG, NOTE_FORGED},
	    {__LINE__, EXAMPLE_TEXT "\nmore\n\n" EXAMPLE_SIG, NOTE_FORGED}, /* empty lines in the text are fine */
	    {__LINE__, "", NOTE_MALFORMED},
	    {__LINE__, "\n", NOTE_MALFORMED},
	    {__LINE__, "\n\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT, NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT "\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT EXAMPLE_SIG, NOTE_MALFORMED},
	    {__LINE__, EXAMPLE "\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT "\n" EXAMPLE_SIG "junk\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT "\n- example.com/foo Uw2QOkn8srU=\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/foo\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/foo Uw2QOg==\n", NOTE_MALFORMED}, /* an id and nothing */
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/foo Uw2QOkk=\n", NOTE_FORGED},     /* cut short */
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/foo Uw2QOkk\n", NOTE_MALFORMED},   /* no padding */
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/foo AAAAOkk=\n", NOTE_UNKNOWN},    /* another id */
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/bar Uw2QOkk=\n", NOTE_UNKNOWN},    /* another name */
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 a+b Uw2QOkk=\n", NOTE_MALFORMED},
	    {__LINE__, EXAMPLE_TEXT "\n\xe2\x80\x94 a\xc2\xa0" "b Uw2QOkk=\n", NOTE_MALFORMED},
	    {__LINE__, "a\tb\n\n" EXAMPLE_SIG, NOTE_MALFORMED},
	    {__LINE__, "a\r\n\n" EXAMPLE_SIG, NOTE_MALFORMED},
	    {__LINE__, "a\xff\n\n" EXAMPLE_SIG, NOTE_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum note_verdict v = verdict(rows[i].note);
		if (v != rows[i].want)
			fail_msg("line %d: verdict %d, not %d", rows[i].line, v, rows[i].want);
	}
	/* A good signature does not heal a wrong one under the same key, in either order. */
	assert_int_equal(verdict(EXAMPLE_TEXT "\n" EXAMPLE_SIG "\xe2\x80\x94 example.com/foo Uw2QOkk=\n"), NOTE_FORGED);
	assert_int_equal(verdict(EXAMPLE_TEXT "\n\xe2\x80\x94 example.com/foo Uw2QOkk=\n" EXAMPLE_SIG), NOTE_FORGED);
}

/* Each bit of text and signature counts. */
static void test_every_byte(void **state)
{
	char note[sizeof(EXAMPLE)];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(EXAMPLE); i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct slice text;
			memcpy(note, EXAMPLE, sizeof(note));
			note[i] ^= (char)(1 << bit);
			assert_int_not_equal(note_verify(slice_make(note, sizeof(EXAMPLE) - 1), &example, 1, &text, NULL), NOTE_GOOD);
		}
	}
}

static void test_sign(void **state)
{
	struct crypt_key seed;
	struct note_key keys[2] = {example, {.name = SLICE("example.org/log")}};
	struct slice text;
	size_t signer = 9;
	struct buf b;

	(void)state;
	memset(seed.bytes, 7, sizeof(seed.bytes));
	crypt_sign_public(keys[1].pub, &seed);
	buf_init(&b, NOTE_MAX_BYTES);
	note_sign(&b, SLICE("a\n\nb\n"), keys[1].name, &seed);
	assert_int_equal(note_verify(buf_slice(&b), keys, 2, &text, &signer), NOTE_GOOD);
	assert_int_equal(signer, 1);
	assert_true(slice_eq_str(text, "a\n\nb\n"));
	assert_int_equal(note_verify(buf_slice(&b), keys, 1, &text, &signer), NOTE_UNKNOWN);
	/* What cannot be a note is not signed. */
	static const char *const bad[] = {"", "no newline", "a\r\n", "a\x01\n", "\xc3\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_reset(&b);
		note_sign(&b, slice_from(bad[i]), keys[1].name, &seed);
		assert_false(buf_ok(&b));
	}
	buf_reset(&b);
	note_sign(&b, SLICE("a\n"), SLICE("a b"), &seed);
	assert_false(buf_ok(&b));
	buf_free(&b);
}

static void test_vkey(void **state)
{
	static const char *const bad[] = {
	    "", "+", "++", "example.com/foo", "example.com/foo+530d903a",
	    "example.com/foo+530d903a+", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", /* 0x04: a cosignature */
	    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
	    "example.com/foo +530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};
	struct note_key k;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (note_vkey_read(slice_from(bad[i]), &k))
			fail_msg("taken: %s", bad[i]);
	}
}

static void test_names(void **state)
{
	char name[NOTE_NAME_MAX_BYTES + 2];

	(void)state;
	assert_true(note_name_ok(SLICE("www.example.org/j/log")));
	assert_true(note_name_ok(SLICE("b\xc3\xbc" "cher.example")));
	assert_false(note_name_ok(SLICE("")));
	assert_false(note_name_ok(SLICE("a b")));
	assert_false(note_name_ok(SLICE("a\nb")));
	assert_false(note_name_ok(SLICE("a+b")));
	assert_false(note_name_ok(SLICE("a\xe2\x80\x83" "b"))); /* em space */
	assert_false(note_name_ok(SLICE("a\xe3\x80\x80"))); /* ideographic space */
	assert_false(note_name_ok(SLICE("a\xff")));
	memset(name, 'a', sizeof(name));
	assert_true(note_name_ok(slice_make(name, NOTE_NAME_MAX_BYTES)));
	assert_false(note_name_ok(slice_make(name, NOTE_NAME_MAX_BYTES + 1)));
}

static void test_checkpoint(void **state)
{
	struct note_checkpoint c;
	struct buf b;

	(void)state;
	assert_true(note_checkpoint_read(SLICE(CHECKPOINT_TEXT), &c));
	assert_true(slice_eq_str(c.origin, "example.com/behind-the-sofa"));
	assert_int_equal(c.size, 20852163);
	assert_int_equal(c.rest.len, 0);
	buf_init(&b, 4096);
	note_checkpoint_add(&b, c.origin, c.size, c.root);
	assert_string_equal(b.data, CHECKPOINT_TEXT);
	buf_reset(&b);
	note_checkpoint_add(&b, SLICE("a b"), 1, c.root);
	assert_false(buf_ok(&b));
	buf_free(&b);
	assert_true(note_checkpoint_read(SLICE(CHECKPOINT_TEXT "ext\nmore\n"), &c));
	assert_true(slice_eq_str(c.rest, "ext\nmore"));
	assert_true(note_checkpoint_read(SLICE("o\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"), &c));
	static const char *const bad[] = {
	    "", "\n", "o\n", "o\n1\n", "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
	    "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n18446744073709551616\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", /* unused bits set */
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
	    CHECKPOINT_TEXT "\n", CHECKPOINT_TEXT "a\n\nb\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (note_checkpoint_read(slice_from(bad[i]), &c))
			fail_msg("taken: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_example),
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_every_byte),
	    cmocka_unit_test(test_sign),
	    cmocka_unit_test(test_vkey),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_checkpoint),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
