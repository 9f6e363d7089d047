/* Points in time in words. */
#include "core/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"

static struct arena arena;

static void equal(int row, struct slice got, const char *want)
{
	if (!slice_eq_str(got, want))
		fail_msg("row %d: \"%.*s\", expected \"%s\"", row, SLICE_FMT(got), want);
}

static const struct {
	int row;
	const char *iso, *zone, *lang, *date, *time, *full;
} rows[] = {
    {__LINE__, "2026-11-21T13:05:09.123Z", "Europe/Berlin", "de", "21. November 2026", "14:05",
        "21. November 2026, 14:05 Uhr"},
    {__LINE__, "2026-11-21T13:05:09.123Z", "Europe/Berlin", "en", "21 November 2026", "14:05",
        "21 November 2026, 14:05"},
    {__LINE__, "2026-11-21T13:05:09.123Z", "UTC", "de-DE", "21. November 2026", "13:05",
        "21. November 2026, 13:05 Uhr"},
    /* A language we have no words for reads in the English order. */
    {__LINE__, "2026-03-01T00:00:00.000Z", "UTC", "fr", "1 March 2026", "00:00", "1 March 2026, 00:00"},
    {__LINE__, "2026-03-01T00:00:00.000Z", "UTC", "de", "1. März 2026", "00:00", "1. März 2026, 00:00 Uhr"},
    /* Midnight belongs to the new day, also across a year, and by the zone. */
    {__LINE__, "2026-12-31T22:59:59.999Z", "Europe/Berlin", "de", "31. Dezember 2026", "23:59",
        "31. Dezember 2026, 23:59 Uhr"},
    {__LINE__, "2026-12-31T23:00:00.000Z", "Europe/Berlin", "de", "1. Januar 2027", "00:00",
        "1. Januar 2027, 00:00 Uhr"},
    /* Summer time. */
    {__LINE__, "2026-07-01T22:30:00.000Z", "Europe/Berlin", "en", "2 July 2026", "00:30", "2 July 2026, 00:30"},
    {__LINE__, "2026-03-29T00:59:59.000Z", "Europe/Berlin", "en", "29 March 2026", "01:59", "29 March 2026, 01:59"},
    {__LINE__, "2026-03-29T01:00:00.000Z", "Europe/Berlin", "en", "29 March 2026", "03:00", "29 March 2026, 03:00"},
    {__LINE__, "2028-02-29T12:00:00.000Z", "UTC", "de", "29. Februar 2028", "12:00", "29. Februar 2028, 12:00 Uhr"},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = clock_parse_iso(rows[i].iso, strlen(rows[i].iso));
		assert_true(ms >= 0);
		equal(rows[i].row, when_date(&arena, ms, rows[i].zone, rows[i].lang), rows[i].date);
		equal(rows[i].row, when_time(&arena, ms, rows[i].zone), rows[i].time);
		equal(rows[i].row, when_full(&arena, ms, rows[i].zone, rows[i].lang), rows[i].full);
	}
}

/* Each month has its own name in both languages. */
static void test_months(void **state)
{
	static const char *const de[] = {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
	    "September", "Oktober", "November", "Dezember"};
	static const char *const en[] = {"January", "February", "March", "April", "May", "June", "July", "August",
	    "September", "October", "November", "December"};

	(void)state;
	for (int m = 0; m < 12; m++) {
		char iso[32], want[64];
		int64_t ms;
		snprintf(iso, sizeof(iso), "2026-%02d-15", m + 1);
		ms = clock_parse_iso(iso, strlen(iso));
		snprintf(want, sizeof(want), "15. %s 2026", de[m]);
		equal(__LINE__, when_date(&arena, ms, "UTC", "de"), want);
		snprintf(want, sizeof(want), "15 %s 2026", en[m]);
		equal(__LINE__, when_date(&arena, ms, "UTC", "en"), want);
	}
}

/* BGB section 199(1): the period starts with the end of the year in which the claim arose. */
static void test_year_end(void **state)
{
	static const struct {
		int row;
		const char *iso;
		int years;
		const char *zone, *want;
	} ends[] = {
	    {__LINE__, "2026-11-21T13:05:09.123Z", 3, "Europe/Berlin", "2029-12-31"},
	    {__LINE__, "2026-01-01T00:00:00.000Z", 3, "UTC", "2029-12-31"},
	    {__LINE__, "2026-12-31T22:59:59.000Z", 3, "Europe/Berlin", "2029-12-31"},
	    {__LINE__, "2026-12-31T23:00:00.000Z", 3, "Europe/Berlin", "2030-12-31"},
	    {__LINE__, "2026-12-31T23:00:00.000Z", 3, "UTC", "2029-12-31"},
	    {__LINE__, "2026-06-01T00:00:00.000Z", 0, "UTC", "2026-12-31"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		int64_t ms = clock_parse_iso(ends[i].iso, strlen(ends[i].iso));
		char got[CLOCK_ISO_BYTES];
		clock_iso(when_year_end_ms(ms, ends[i].years, ends[i].zone), got);
		if (strncmp(got, ends[i].want, 10) != 0)
			fail_msg("row %d: %s", ends[i].row, got);
	}
}

/* A full arena gives an empty text, never a cut one. */
static void test_no_memory(void **state)
{
	struct arena small;

	(void)state;
	arena_init(&small, 16);
	assert_int_equal(when_full(&small, 1795269909123, "UTC", "de").len, 0);
	arena_free(&small);
}

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1u << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* Kept until: the last day, also where midnight UTC is an hour into the next one. */
static void test_until(void **state)
{
	static const struct {
		int row;
		int64_t ms;
		const char *zone, *want;
	} until[] = {
	    {__LINE__, INT64_C(1893456000000), "Europe/Berlin", "31. Dezember 2029"}, /* 2030-01-01T00:00:00Z */
	    {__LINE__, INT64_C(1893456000000), "America/New_York", "31. Dezember 2029"},
	    {__LINE__, INT64_C(1893456000001), "Europe/Berlin", "1. Januar 2030"},
	    {__LINE__, INT64_C(1893452400000), "Europe/Berlin", "31. Dezember 2029"}, /* midnight there */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(until) / sizeof(until[0]); i++)
		equal(until[i].row, when_until(&arena, until[i].ms, until[i].zone, "de"), until[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words), cmocka_unit_test(test_until), cmocka_unit_test(test_months), cmocka_unit_test(test_year_end),
	    cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
