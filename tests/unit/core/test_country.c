#include "core/country.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/adequacy.h"
#include "core/authority.h"
#include "unit/core/embedded_set.h"

static const struct {
	int line;
	const char *code, *lang, *name, *in;
} NAMES[] = {
	{__LINE__, "DE", "de", "Deutschland", "Deutschland"},
	{__LINE__, "DE", "en", "Germany", "Germany"},
	{__LINE__, "US", "de", "USA", "den USA"},
	{__LINE__, "US", "de-du", "USA", "den USA"},
	{__LINE__, "US", "en", "USA", "the USA"},
	{__LINE__, "GB", "en-GB", "United Kingdom", "the United Kingdom"},
	{__LINE__, "CH", "de", "Schweiz", "der Schweiz"},
	{__LINE__, "CH", "en", "Switzerland", "Switzerland"},
	{__LINE__, "NL", "de", "Niederlande", "den Niederlanden"},
	/* another language gets English, "del" is not German; an unknown code stays */
	{__LINE__, "DE", "fr", "Germany", "Germany"},
	{__LINE__, "DE", "del", "Germany", "Germany"},
	{__LINE__, "XX", "de", "XX", "XX"},
	{__LINE__, "", "de", "", ""},
	{__LINE__, "de", "de", "de", "de"},
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (strcmp(country_name(NAMES[i].code, NAMES[i].lang), NAMES[i].name) != 0 ||
		    strcmp(country_name_in(NAMES[i].code, NAMES[i].lang), NAMES[i].in) != 0)
			fail_msg("row of line %d: %s, %s", NAMES[i].line, country_name(NAMES[i].code, NAMES[i].lang),
			    country_name_in(NAMES[i].code, NAMES[i].lang));
}

static void test_eea(void **state)
{
	static const char members[] = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";
	static const char *const others[] = {"CH", "GB", "US", "UA", "AD", "XX", "", "at", "ATX", "A"};
	size_t n = 0;

	(void)state;
	for (const char *p = members; *p; p += p[2] ? 3 : 2) {
		char code[3] = {p[0], p[1], '\0'};
		if (!country_eea(code))
			fail_msg("%s", code);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (country_eea(others[i]))
			fail_msg("%s", others[i]);
	for (size_t i = 0; country_at(i); i++)
		n += country_eea(country_at(i));
	assert_int_equal(n, 30);
}

static void test_codes_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; country_at(i); i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(country_at(i), country_at(k));
}

/* Whoever the data of law name can be said in words. */
static void test_all_countries_of_the_data_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; adequacy_at(i); i++)
		assert_string_not_equal(country_name(adequacy_at(i)->id, "de"), adequacy_at(i)->id);
	for (size_t i = 0; authority_at(i); i++)
		assert_string_not_equal(country_name(authority_at(i)->country, "de"), authority_at(i)->country);
}

static void phrase_key_of(char out[static 32], const char *code, const char *ending)
{
	snprintf(out, 32, "word.country.%c%c%s", code[0] | 0x20, code[1] | 0x20, ending);
}

/* The words have names too, for templates of owners; both must say the same. */
static void test_words_agree(void **state)
{
	static const int langs[] = {DE, EN};
	size_t compared = 0;
	char key[32];

	(void)state;
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; country_at(i); i++) {
			const char *code = country_at(i), *lang = FOLDERS[langs[l]];
			const struct phrase *p;
			phrase_key_of(key, code, "");
			p = phrases_get(all.words[langs[l]], slice_from(key));
			if (p && !slice_eq_str(slice_trim(phrase_source(p)), country_name(code, lang)))
				fail_msg("%s in %s: %s", key, lang, country_name(code, lang));
			compared += p != NULL;
			phrase_key_of(key, code, ".dative");
			p = phrases_get(all.words[langs[l]], slice_from(key));
			if (p && !slice_eq_str(slice_trim(phrase_source(p)), country_name_in(code, lang)))
				fail_msg("%s in %s: %s", key, lang, country_name_in(code, lang));
		}
	assert_true(compared > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_eea),
		cmocka_unit_test(test_codes_are_unique),
		cmocka_unit_test(test_all_countries_of_the_data_have_names),
		cmocka_unit_test(test_words_agree),
	};

	return cmocka_run_group_tests(tests, set_load, set_free);
}
