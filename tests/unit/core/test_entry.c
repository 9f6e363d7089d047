/* Values out of a core: only what is a member of it, never what stands inside a string. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/entry.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct slice core = SLICE_LIT("{\"v\":1,\"seq\":12,\"person\":345,\"prev\":11,\"time\":"
    "\"2026-11-21T14:05:09.123Z\",\"kind\":\"requested\",\"form\":\"news\",\"purposes\":[\"news\",\"events\"],"
    "\"page\":\"https://x/?,\\\"lang\\\":\\\"xx\\\"\",\"lang\":\"de\",\"text_hash\":\"" HASH "\",\"request\":7}");

static void test_values(void **state)
{
	static const struct {
		int row;
		const char *key, *want;
	} rows[] = {
	    {__LINE__, "time", "2026-11-21T14:05:09.123Z"}, {__LINE__, "kind", "requested"}, {__LINE__, "form", "news"},
	    {__LINE__, "lang", "de"}, {__LINE__, "text_hash", HASH}, {__LINE__, "mail_hash", ""}, {__LINE__, "seq", ""},
	    {__LINE__, "page", "https://x/?,\\\"lang\\\":\\\"xx\\\""},
	};
	static const struct {
		int row;
		const char *key;
		int64_t want;
	} numbers[] = {
	    {__LINE__, "seq", 12}, {__LINE__, "person", 345}, {__LINE__, "prev", 11}, {__LINE__, "request", 7},
	    {__LINE__, "outbox", 0}, {__LINE__, "kind", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!slice_eq_str(entry_str(core, rows[i].key), rows[i].want))
			fail_msg("row %d", rows[i].row);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (entry_int(core, numbers[i].key) != numbers[i].want)
			fail_msg("row %d", numbers[i].row);
}

static void test_hash(void **state)
{
	unsigned char hash[STORE_HASH_BYTES];

	(void)state;
	assert_true(entry_hash(core, "text_hash", hash));
	assert_int_equal(hash[1], 0x11);
	assert_false(entry_hash(core, "mail_hash", hash));
	assert_false(entry_hash(core, "lang", hash));
}

static void test_purposes(void **state)
{
	(void)state;
	assert_true(slice_eq_str(entry_purposes(core), "\"news\",\"events\""));
	assert_true(entry_about(core, SLICE("news")));
	assert_true(entry_about(core, SLICE("events")));
	assert_false(entry_about(core, SLICE("event")));
	assert_false(entry_about(core, SLICE("")));
	assert_true(entry_about(SLICE("{\"v\":1,\"seq\":1}"), SLICE("news"))); /* about all */
}

/* Damaged cores give nothing and read nothing outside. */
static void test_cut(void **state)
{
	unsigned char hash[STORE_HASH_BYTES];

	(void)state;
	for (size_t n = 0; n < core.len; n++) {
		struct slice part = slice_sub(core, 0, n);
		struct slice page = entry_str(part, "page");
		assert_true(!page.len || (page.ptr >= part.ptr && page.ptr + page.len <= part.ptr + part.len));
		entry_hash(part, "text_hash", hash);
		entry_purposes(part);
		entry_int(part, "request");
	}
	assert_int_equal(entry_str(slice_make(NULL, 0), "lang").len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values), cmocka_unit_test(test_hash), cmocka_unit_test(test_purposes),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
