/* The data of law: who is competent, what is in force, and that every entry says since when and whence. */
#include "core/authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "core/adequacy.h"

static const struct {
	int line;
	const char *country, *state;
	enum conf_regime regime;
	const char *id, *found; /* NULL: E_NOT_FOUND */
} FIND[] = {
	{__LINE__, "DE", "BE", CONF_GDPR, "", "deberlbdi"},
	{__LINE__, "DE", "BY", CONF_GDPR, "", "debaylda"}, /* private, not debayldb */
	{__LINE__, "DE", "NW", CONF_GDPR, "", "denrwldi"},
	{__LINE__, "DE", "SN", CONF_GDPR, "", "desaechsdsb"},
	{__LINE__, "DE", "ST", CONF_GDPR, "", "desalbd"},
	{__LINE__, "AT", "", CONF_GDPR, "", "atdsb"},
	{__LINE__, "AT", "Wien", CONF_GDPR, "", "atdsb"},
	{__LINE__, "CH", "", CONF_GDPR, "", "chedoeb"},
	{__LINE__, "GB", "", CONF_GDPR, "", "gbico"},
	{__LINE__, "DE", "NW", CONF_DSG_EKD, "", "deekdbfd"},
	{__LINE__, "DE", "BE", CONF_GDPR, "debfdi", "debfdi"},
	{__LINE__, "DE", "NW", CONF_KDG, "dekathdsz", "dekathdsz"},
	/* nobody is made up */
	{__LINE__, "DE", "", CONF_GDPR, "", NULL},
	{__LINE__, "DE", "XX", CONF_GDPR, "", NULL},
	{__LINE__, "DE", "NW", CONF_KDG, "", NULL},
	{__LINE__, "US", "", CONF_GDPR, "", NULL},
	{__LINE__, "", "", CONF_GDPR, "", NULL},
	{__LINE__, "DE", "BE", CONF_GDPR, "nobody", NULL},
};

static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FIND) / sizeof(FIND[0]); i++) {
		const struct authority *a = NULL;
		enum err rc = authority_find(FIND[i].country, FIND[i].state, FIND[i].regime, FIND[i].id, &a);
		if (rc != (FIND[i].found ? OK : E_NOT_FOUND) || !a != !FIND[i].found ||
		    (a && strcmp(a->id, FIND[i].found) != 0))
			fail_msg("row of line %d: %s", FIND[i].line, a ? a->id : "nobody");
	}
}

/* Every Land and every country of the EEA has exactly one authority for private controllers. */
static void test_every_seat_has_one(void **state)
{
	static const char lands[] = "BW BY BE BB HB HH HE MV NI NW RP SL SN ST SH TH";
	static const char countries[] = "AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";
	const struct authority *a;

	(void)state;
	for (const char *p = lands; *p; p += p[2] ? 3 : 2) {
		char land[3] = {p[0], p[1], '\0'};
		if (authority_find("DE", land, CONF_GDPR, "", &a))
			fail_msg("%s", land);
		assert_string_equal(a->state, land);
	}
	for (const char *p = countries; *p; p += p[2] ? 3 : 2) {
		char country[3] = {p[0], p[1], '\0'};
		if (authority_find(country, "", CONF_GDPR, "", &a))
			fail_msg("%s", country);
	}
	for (size_t i = 0; authority_at(i); i++)
		for (size_t k = 0; k < i; k++) {
			const struct authority *x = authority_at(i), *y = authority_at(k);
			assert_string_not_equal(x->id, y->id);
			if (strcmp(x->kind, "general") == 0 && strcmp(y->kind, "general") == 0 &&
			    strcmp(x->country, y->country) == 0 &&
			    (!x->state || !y->state || strcmp(x->state, y->state) == 0))
				fail_msg("%s and %s are both competent", x->id, y->id);
		}
}

static bool is_day(const char *s)
{
	return s && strlen(s) == 10 && clock_parse_iso(s, 10) > 0;
}

static void test_entries_are_complete(void **state)
{
	static const char *const kinds[] = {"general", "public", "federal", "kdg", "dsg-ekd", "broadcast"};
	size_t n = 0;

	(void)state;
	assert_true(is_day(authority_as_of()));
	for (; authority_at(n); n++) {
		const struct authority *a = authority_at(n);
		bool known = false;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			known |= strcmp(a->kind, kinds[k]) == 0;
		if (!known || !a->name || !a->address || !is_day(a->as_of) || !a->source || strlen(a->country) != 2)
			fail_msg("%s is not complete", a->id);
		if (a->web && strncmp(a->web, "http", 4) != 0)
			fail_msg("%s: web", a->id);
	}
	assert_int_equal(n, 57);
}

/* ---- adequacy */

static void test_adequacy(void **state)
{
	static const char *const covered[] = {"CH", "GB", "JP", "KR", "NZ", "UY", "BR", "IL", "CA", "AR", "AD",
	    "FO", "GG",
		"IM", "JE"};
	static const char *const not[] = {"US", "IN", "CN", "DE", "", "ch", "XX"};

	(void)state;
	for (size_t i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		if (!adequacy_of(covered[i]))
			fail_msg("%s", covered[i]);
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (adequacy_of(not[i]))
			fail_msg("%s", not[i]);
	assert_string_equal(adequacy_of("CH")->decision_de, "2000/518/EG");
	assert_string_equal(adequacy_of("CH")->decision_en, "2000/518/EC");
	assert_string_equal(adequacy_dpf()->decision_en, "(EU) 2023/1795");
	assert_non_null(strstr(adequacy_dpf()->note, "C-703/25 P"));
}

static void test_decisions_are_complete(void **state)
{
	size_t n = 0;

	(void)state;
	assert_true(is_day(adequacy_as_of()));
	for (; adequacy_at(n); n++) {
		const struct adequacy *d = adequacy_at(n);
		if (!d->decision_de || !d->decision_en || !is_day(d->date) || !d->source || strlen(d->id) != 2 ||
		    (d->until && !is_day(d->until)) ||
		    (strcmp(d->firms, "all") != 0 && strcmp(d->firms, "listed") != 0) ||
		    (strcmp(d->valid, "yes") != 0 && strcmp(d->valid, "no") != 0))
			fail_msg("%s is not complete", d->id);
		/* the year stands in the number, and nothing is younger than the collection but by days */
		if (strcmp(d->date, adequacy_as_of()) > 0)
			fail_msg("%s was decided after the data were collected", d->id);
	}
	assert_true(n >= 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_every_seat_has_one),
		cmocka_unit_test(test_entries_are_complete),
		cmocka_unit_test(test_adequacy),
		cmocka_unit_test(test_decisions_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
