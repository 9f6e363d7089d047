#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void test_berlin(void **state)
{
	static const struct {
		int line;
		int64_t s;
		const char *zone, *mail, *iso;
	} rows[] = {
		/* both changes of 2026, the seconds before and after */
		{ __LINE__, 1774745999, "Europe/Berlin", "Sun, 29 Mar 2026 01:59:59 +0100", "2026-03-29T00:59:59.000Z" },
		{ __LINE__, 1774746000, "Europe/Berlin", "Sun, 29 Mar 2026 03:00:00 +0200", "2026-03-29T01:00:00.000Z" },
		{ __LINE__, 1792889999, "Europe/Berlin", "Sun, 25 Oct 2026 02:59:59 +0200", "2026-10-25T00:59:59.000Z" },
		{ __LINE__, 1792890000, "Europe/Berlin", "Sun, 25 Oct 2026 02:00:00 +0100", "2026-10-25T01:00:00.000Z" },
		{ __LINE__, 1774746000, "UTC", "Sun, 29 Mar 2026 01:00:00 +0000", "2026-03-29T01:00:00.000Z" },
		{ __LINE__, 1774746000, "Europe/Athens", "Sun, 29 Mar 2026 04:00:00 +0300", "2026-03-29T01:00:00.000Z" },
		{ __LINE__, 1774746000, "Europe/London", "Sun, 29 Mar 2026 02:00:00 +0100", "2026-03-29T01:00:00.000Z" },
		{ __LINE__, 1774746000, "Mars/Olympus", "Sun, 29 Mar 2026 03:00:00 +0200", "2026-03-29T01:00:00.000Z" },
		{ __LINE__, 1774746000, NULL, "Sun, 29 Mar 2026 03:00:00 +0200", "2026-03-29T01:00:00.000Z" },
		/* past 2^31 */
		{ __LINE__, 2147483648, "Europe/Berlin", "Tue, 19 Jan 2038 04:14:08 +0100", "2038-01-19T03:14:08.000Z" },
		/* the local day is another month */
		{ __LINE__, 1709249400, "Europe/Berlin", "Fri, 01 Mar 2024 00:30:00 +0100", "2024-02-29T23:30:00.000Z" },
		{ __LINE__, 1782856800, "Europe/Berlin", "Wed, 01 Jul 2026 00:00:00 +0200", "2026-06-30T22:00:00.000Z" },
		{ __LINE__, 1795266309, "Europe/Berlin", "Sat, 21 Nov 2026 14:05:09 +0100", "2026-11-21T13:05:09.000Z" },
		{ __LINE__, 0, "UTC", "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z" },
		{ __LINE__, -1, "UTC", "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59.000Z" },
	};
	char mail[CLOCK_RFC5322_BYTES], iso[CLOCK_ISO_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clock_rfc5322(rows[i].s * 1000, rows[i].zone, mail);
		clock_iso(rows[i].s * 1000, iso);
		if (strcmp(mail, rows[i].mail) != 0 || strcmp(iso, rows[i].iso) != 0)
			fail_msg("row in line %d: %s, %s", rows[i].line, mail, iso);
		if (rows[i].s >= 0)
			assert_int_equal(clock_parse_iso(iso, strlen(iso)), rows[i].s * 1000);
	}
}

static void test_milliseconds(void **state)
{
	char iso[CLOCK_ISO_BYTES], mail[CLOCK_RFC5322_BYTES];

	(void)state;
	assert_string_equal(clock_iso(999, iso), "1970-01-01T00:00:00.999Z");
	assert_string_equal(clock_iso(-1, iso), "1969-12-31T23:59:59.999Z");
	assert_string_equal(clock_iso(INT64_C(1795266309123), iso), "2026-11-21T13:05:09.123Z");
	assert_int_equal(clock_parse_iso(iso, 24), INT64_C(1795266309123));
	/* out of four digits: no overrun, no nonsense */
	assert_int_equal(strlen(clock_iso(INT64_MAX, iso)), 24);
	assert_memory_equal(iso, "9999-12-31", 10);
	assert_int_equal(strlen(clock_iso(INT64_MIN, iso)), 24);
	assert_memory_equal(iso, "0000-01-01", 10);
	assert_int_equal(strlen(clock_rfc5322(INT64_MAX, "Europe/Berlin", mail)), CLOCK_RFC5322_BYTES - 1);
}

/* Every change of days in 800 years against libc. */
static void test_calendar(void **state)
{
	(void)state;
	for (int64_t s = INT64_C(-2208988800); s < INT64_C(23000000000); s += 86400 - 1) {
		time_t t = (time_t)s;
		struct tm tm;
		struct clock_parts p;
		gmtime_r(&t, &tm);
		clock_parts(s * 1000, "UTC", &p);
		if (p.year != tm.tm_year + 1900 || p.month != tm.tm_mon + 1 || p.day != tm.tm_mday ||
		    p.hour != tm.tm_hour || p.minute != tm.tm_min || p.second != tm.tm_sec ||
		    p.weekday != tm.tm_wday || p.offset_minutes != 0)
			fail_msg("%lld: %d-%d-%d", (long long)s, p.year, p.month, p.day);
	}
}

/* The rule in our table against the system's zone files, hour by hour over 1997..2037. */
static void test_zone_files(void **state)
{
	static const char *const names[] = { "Europe/Berlin", "Europe/Lisbon", "Europe/Helsinki", "Europe/Warsaw" };

	(void)state;
	if (access("/usr/share/zoneinfo/Europe/Helsinki", R_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv("TZ", names[i], 1);
		tzset();
		for (time_t t = 852076800; t < 2145916800; t += 3600) {
			struct tm tm;
			struct clock_parts p;
			localtime_r(&t, &tm);
			clock_parts((int64_t)t * 1000, names[i], &p);
			if (p.offset_minutes != tm.tm_gmtoff / 60 || p.hour != tm.tm_hour || p.day != tm.tm_mday)
				fail_msg("%s at %lld", names[i], (long long)t);
		}
	}
	unsetenv("TZ");
	tzset();
}

static void test_zone_known(void **state)
{
	(void)state;
	assert_true(clock_zone_known("Europe/Berlin"));
	assert_true(clock_zone_known("UTC"));
	assert_true(clock_zone_known("Europe/Vienna"));
	assert_false(clock_zone_known("europe/berlin"));
	assert_false(clock_zone_known("America/New_York"));
	assert_false(clock_zone_known(""));
	assert_false(clock_zone_known(NULL));
}

static void test_parse(void **state)
{
	static const struct {
		int line;
		const char *in;
		int64_t ms;
	} rows[] = {
		{ __LINE__, "1970-01-01", 0 },
		{ __LINE__, "2024-02-29", INT64_C(1709164800000) },
		{ __LINE__, "2000-02-29", INT64_C(951782400000) },
		{ __LINE__, "2026-02-29", -1 },
		{ __LINE__, "2100-02-29", -1 },
		{ __LINE__, "2026-04-31", -1 },
		{ __LINE__, "2026-00-10", -1 },
		{ __LINE__, "2026-13-10", -1 },
		{ __LINE__, "2026-01-00", -1 },
		{ __LINE__, "1969-12-31", -1 },
		{ __LINE__, "2026-1-01", -1 },
		{ __LINE__, "2026-01-1 ", -1 },
		{ __LINE__, "+026-01-01", -1 },
		{ __LINE__, "2026/01/01", -1 },
		{ __LINE__, "", -1 },
		{ __LINE__, "2026-01-01T00:00:00Z", -1 },
		{ __LINE__, "2026-01-01T00:00:00.000z", -1 },
		{ __LINE__, "2026-01-01 00:00:00.000Z", -1 },
		{ __LINE__, "2026-01-01T24:00:00.000Z", -1 },
		{ __LINE__, "2026-01-01T00:60:00.000Z", -1 },
		{ __LINE__, "2026-01-01T00:00:60.000Z", -1 },
		{ __LINE__, "2026-01-01T00:00:00.000Zx", -1 },
		{ __LINE__, "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (clock_parse_iso(rows[i].in, strlen(rows[i].in)) != rows[i].ms)
			fail_msg("row in line %d", rows[i].line);
	}
	assert_int_equal(clock_parse_iso("2026-01-01junk", 10), INT64_C(1767225600000));
}

static void test_now(void **state)
{
	(void)state;
	int64_t real = (int64_t)time(NULL) * 1000;
	int64_t now = clock_now_ms();
	assert_true(now >= real && now < real + 5000);
	clock_set_ms(0);
	assert_int_equal(clock_now_ms(), 0);
	int64_t mono = clock_mono_ms();
	clock_set_ms(1234);
	assert_int_equal(clock_now_ms(), 1234);
	assert_true(clock_mono_ms() - mono < 5000); /* durations do not follow the set time */
	clock_set_ms(-1);
	assert_true(clock_now_ms() >= real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_berlin), cmocka_unit_test(test_milliseconds),
		cmocka_unit_test(test_calendar), cmocka_unit_test(test_zone_files),
		cmocka_unit_test(test_zone_known), cmocka_unit_test(test_parse), cmocka_unit_test(test_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
