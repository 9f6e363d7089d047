#include "store_test.h"

#include "store/keyring.h"

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define DATE " 2026-11-21T14:05:09.123Z\n"
#define HEAD "jawort-keys 1\n"
#define REST "intake 1 " HEX_A DATE "sign 1 " HEX_A DATE

static const struct {
	int line;
	const char *text;
	enum err want;
	const char *place; /* must be in the error */
} rows[] = {
	{__LINE__, HEAD "lookup 1 " HEX_A DATE "token 1 " HEX_A DATE REST, OK, NULL},
	{__LINE__, HEAD "# words\n\nlookup 1 " HEX_A DATE "token 7 " HEX_A DATE "token 3 " HEX_B DATE REST, OK,
	    NULL},
	{__LINE__, "", E_INVALID, ":1:"},
	{__LINE__, "jawort-keys 2\nlookup 1 " HEX_A DATE, E_INVALID, ":1:"},
	{__LINE__, HEAD "lookup 1 " HEX_A DATE REST, E_INVALID, "token"},
	{__LINE__, HEAD "token 1 " HEX_A DATE REST, E_INVALID, "lookup"},
	{__LINE__, HEAD "lookup 1 " HEX_A DATE "lookup 2 " HEX_A DATE, E_INVALID, ":3:"},
	{__LINE__, HEAD "token 1 " HEX_A DATE "token 1 " HEX_B DATE, E_INVALID, ":3:"},
	{__LINE__, HEAD "sign 1 " HEX_A DATE "sign 1 " HEX_B DATE, E_INVALID, ":3:"},
	{__LINE__, HEAD "lookup 1 " HEX_A DATE "token 1 " HEX_A DATE "sign 2 " HEX_B DATE REST, OK, NULL},
	{__LINE__, HEAD "lookup 1 " HEX_A DATE "token 1 " HEX_A DATE "intake 1 " HEX_A DATE, E_INVALID, "sign"},
	{__LINE__, HEAD "token 0 " HEX_A DATE, E_INVALID, ":2:"},
	{__LINE__, HEAD "token 256 " HEX_A DATE, E_INVALID, ":2:"},
	{__LINE__, HEAD "token x " HEX_A DATE, E_INVALID, ":2:"},
	{__LINE__, HEAD "lookup 1 " HEX_A "00" DATE, E_INVALID, ":2:"},
	{__LINE__, HEAD "lookup 1 00" DATE, E_INVALID, ":2:"},
	{__LINE__, HEAD "lookup 1 " HEX_A "\n", E_INVALID, ":2:"},
	{__LINE__, HEAD "lookup 1 " HEX_A " yesterday\n", E_INVALID, ":2:"},
	{__LINE__, HEAD "lookup 1  " HEX_A DATE, E_INVALID, ":2:"},
	{__LINE__, HEAD "secret 1 " HEX_A DATE, E_INVALID, ":2:"},
};

static void test_parse(void **state)
{
	struct site t;
	char path[200];
	(void)state;
	site_folder(&t);
	snprintf(path, sizeof path, "%s/k", t.root);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct keyring *k = NULL;
		unlink(path);
		assert_ok(file_create(path, slice_from(rows[i].text), 0600, EI));
		enum err e = keyring_load(&k, path, EI);
		if (e != rows[i].want || (e == OK) != (k != NULL))
			fail_msg("line %d: %s %s", rows[i].line, err_name(e), EI->text);
		if (rows[i].place && !strstr(EI->text, rows[i].place))
			fail_msg("line %d: %s", rows[i].line, EI->text);
		/* A key never gets into a message. */
		assert_null(strstr(EI->text, "0001020304"));
		keyring_free(k);
	}
	site_remove(t.root);
}

static void test_newest_token_is_the_last(void **state)
{
	struct site t;
	struct keyring *k;
	unsigned id;
	char path[200];
	(void)state;
	site_folder(&t);
	snprintf(path, sizeof path, "%s/k", t.root);
	assert_ok(file_create(path, slice_from(rows[1].text), 0600, EI));
	assert_ok(keyring_load(&k, path, EI));
	assert_int_equal(keyring_token_current(k, &id)->bytes[0], 0xff);
	assert_int_equal(id, 3);
	assert_int_equal(keyring_token(k, 7)->bytes[1], 1);
	assert_null(keyring_token(k, 1));
	assert_null(keyring_token(k, 0));
	assert_null(keyring_token(k, 256));
	keyring_free(k);
	site_remove(t.root);
}

static void test_create_and_rotate(void **state)
{
	struct site t;
	struct keyring *k, *again;
	unsigned char a[16], b[16];
	unsigned first, second;
	struct stat st;
	(void)state;
	site_folder(&t);
	assert_int_equal(keyring_load(&k, t.keys, EI), E_NOT_FOUND);
	assert_ok(keyring_create(&k, t.keys, EI));
	assert_int_equal(stat(t.keys, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(keyring_create(&again, t.keys, EI), E_CONFLICT);
	assert_ok(keyring_rotate_token(t.keys, EI));
	assert_ok(keyring_load(&again, t.keys, EI));
	keyring_token_current(k, &first);
	keyring_token_current(again, &second);
	assert_int_equal(first, 1);
	assert_int_equal(second, 2);
	assert_memory_equal(keyring_token(again, 1)->bytes, keyring_token(k, 1)->bytes,
	    32); /* old links stay open */
	assert_memory_not_equal(keyring_token(again, 2)->bytes, keyring_token(k, 1)->bytes, 32);
	keyring_fingerprint(k, a);
	keyring_fingerprint(again, b);
	assert_memory_equal(a, b, 16);
	assert_memory_not_equal(keyring_lookup(k)->bytes, keyring_intake(k)->bytes, 32);
	assert_memory_not_equal(keyring_sign(k)->bytes, keyring_intake(k)->bytes, 32);
	keyring_free(k);
	keyring_free(again);
	assert_int_equal(chmod(t.keys, 0644), 0);
	assert_int_equal(keyring_load(&k, t.keys, EI), E_DENIED);
	assert_non_null(strstr(EI->text, "chmod"));
	site_remove(t.root);
}

/* A new sign key signs; the old one stays, with its date, so that what it signed can be checked. */
static void test_rotate_sign(void **state)
{
	struct site t;
	struct keyring *k, *again;
	struct keyring_entry e;
	(void)state;
	site_folder(&t);
	assert_ok(keyring_create(&k, t.keys, EI));
	assert_ok(keyring_rotate_sign(t.keys, EI));
	assert_ok(keyring_rotate_sign(t.keys, EI));
	assert_ok(keyring_load(&again, t.keys, EI));
	assert_memory_equal(keyring_sign_at(again, 0, &e)->bytes, keyring_sign(k)->bytes, 32);
	assert_int_equal(e.id, 1);
	assert_false(e.current);
	assert_true(e.created_ms > NOW / 2);
	assert_ptr_equal(keyring_sign_at(again, 2, &e), keyring_sign(again));
	assert_int_equal(e.id, 3);
	assert_true(e.current);
	assert_null(keyring_sign_at(again, 3, &e));
	assert_true(keyring_token_at(again, 0, &e));
	assert_true(e.current);
	assert_false(keyring_token_at(again, 1, &e));
	keyring_free(k);
	keyring_free(again);
	for (int i = 3; i < KEYRING_SIGN_MAX; i++)
		assert_ok(keyring_rotate_sign(t.keys, EI));
	assert_int_equal(keyring_rotate_sign(t.keys, EI), E_LIMIT);
	site_remove(t.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_newest_token_is_the_last),
	    cmocka_unit_test(test_create_and_rotate),
	    cmocka_unit_test(test_rotate_sign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
