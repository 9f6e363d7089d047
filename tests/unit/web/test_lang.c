/* Which language a browser gets. */
#include "web/lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	int row;
	const char *accept, *want;
} rows[] = {
    {__LINE__, "", "de"}, {__LINE__, "en", "en"}, {__LINE__, "EN", "en"}, {__LINE__, "en-GB", "en"},
    {__LINE__, "de-AT, en", "de"}, {__LINE__, "en, de", "de"}, /* equal: the owner's order */
    {__LINE__, "en;q=0.9, de;q=0.8", "en"}, {__LINE__, "de;q=0.8, en;q=0.9", "en"},
    {__LINE__, "de;q=0, en;q=0.001", "en"}, {__LINE__, "de;q=0", "de"}, {__LINE__, "de;q=0, *", "en"},
    {__LINE__, "fr, es", "de"}, {__LINE__, "fr, en;q=0.1", "en"}, {__LINE__, "*", "de"},
    {__LINE__, "*;q=0.5, en;q=0.4", "en"}, {__LINE__, "fr;q=1, *;q=0.1", "de"},
    {__LINE__, "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"},
    {__LINE__, "english", "de"}, {__LINE__, "end", "de"}, {__LINE__, "e", "de"}, {__LINE__, "-en", "de"},
    {__LINE__, ",,,en,,,", "en"}, {__LINE__, " en ; q=0.9 , de ; q=0.1", "en"}, {__LINE__, ";q=1", "de"},
    {__LINE__, "en;q=1.5, de;q=0.5", "en"}, {__LINE__, "en;q=x, de;q=0.5", "en"},
    {__LINE__, "en;Q=0.1, de;q=0.2", "de"},
    {__LINE__, "en;level=1;q=0.1, de;q=0.2", "de"}, {__LINE__, "en;q=0.99999999999999999999999, de;q=0.9", "en"},
    {__LINE__, "pt-br, pt;q=0.9", "pt-BR"}, {__LINE__, "PT-br", "pt-BR"},
};

static void test_pick(void **state)
{
	static const char *const tags[] = {"de", "en", "pt-BR"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = lang_pick(slice_from(rows[i].accept), tags, 3);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row %d: \"%s\" gives %s", rows[i].row, rows[i].accept, got);
	}
	assert_string_equal(lang_pick((struct slice){NULL, 0}, tags, 3), "de");
	assert_string_equal(lang_pick(SLICE("en"), tags, 1), "de");
}

/* A header of ten thousand ranges is only read, never believed. */
static void test_long(void **state)
{
	static const char *const tags[] = {"de", "en"};
	static char text[40001];

	(void)state;
	for (size_t i = 0; i < 40000; i += 4)
		memcpy(text + i, "fr, ", 4);
	memcpy(text + 39996, "en  ", 4);
	assert_string_equal(lang_pick(slice_make(text, 40000), tags, 2), "en");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pick), cmocka_unit_test(test_long)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
