#include "conf_test.h"
#include "conf/duration.h"

static void test_parse(void **state)
{
	static const struct {
		int row;
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = {
		{__LINE__, "30s", 30}, {__LINE__, "10m", 600}, {__LINE__, "48h", 172800}, {__LINE__, "7d", 604800},
		{__LINE__, "3y", 94608000}, {__LINE__, "1s", 1}, {__LINE__, "100y", 3153600000}, {__LINE__, "999999s", 999999},
		{__LINE__, "101y", -1}, {__LINE__, "36501d", -1}, {__LINE__, "36500d", 3153600000},
		{__LINE__, "", -1}, {__LINE__, "s", -1}, {__LINE__, "30", -1}, {__LINE__, "0s", -1}, {__LINE__, "01s", -1},
		{__LINE__, "1.5h", -1}, {__LINE__, "-1h", -1}, {__LINE__, "+1h", -1}, {__LINE__, " 1h", -1},
		{__LINE__, "1h ", -1}, {__LINE__, "1H", -1}, {__LINE__, "1w", -1}, {__LINE__, "1h30m", -1},
		{__LINE__, "99999999s", -1}, {__LINE__, "1ms", -1},
	};
	struct conf_duration d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = conf_duration_parse(slice_from(rows[i].text), &d);

		if (ok != (rows[i].seconds > 0) || (ok && d.seconds != rows[i].seconds))
			fail_msg("row %d: %s", rows[i].row, rows[i].text);
		if (!ok)
			assert_int_equal(d.n, 0);
	}
	assert_true(conf_duration_parse(SLICE("48h"), &d));
	assert_int_equal(d.n, 48);
	assert_int_equal(d.unit, 'h');
}

static void test_rate(void **state)
{
	static const char *const bad[] = {"", "2", "/24h", "2/", "0/24h", "2/0h", "2/24", "02/24h", "-2/24h", "2/24h/1h",
		"1000001/1h", "2 / 24h"};
	struct conf_rate r;

	(void)state;
	assert_true(conf_rate_parse(SLICE("2/24h"), &r));
	assert_int_equal(r.count, 2);
	assert_int_equal(r.per.seconds, 86400);
	assert_true(conf_rate_parse(SLICE("1000000/30s"), &r));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (conf_rate_parse(slice_from(bad[i]), &r) || r.count)
			fail_msg("\"%s\" passed", bad[i]);
}

static void test_words(void **state)
{
	static const struct {
		int row;
		const char *text, *lang;
		bool dative;
		const char *want;
	} rows[] = {
		{__LINE__, "48h", "de", false, "48 Stunden"}, {__LINE__, "48h", "de", true, "48 Stunden"},
		{__LINE__, "7d", "de", false, "7 Tage"}, {__LINE__, "7d", "de", true, "7 Tagen"},
		{__LINE__, "7d", "de-du", true, "7 Tagen"}, {__LINE__, "1d", "de", true, "1 Tag"},
		{__LINE__, "3y", "de", false, "3 Jahre"}, {__LINE__, "3y", "de", true, "3 Jahren"},
		{__LINE__, "1y", "de", true, "1 Jahr"}, {__LINE__, "1h", "de", false, "1 Stunde"},
		{__LINE__, "15m", "de", false, "15 Minuten"}, {__LINE__, "30s", "de", true, "30 Sekunden"},
		{__LINE__, "7d", "en", true, "7 days"}, {__LINE__, "1d", "en", false, "1 day"},
		{__LINE__, "3y", "fr", false, "3 years"}, {__LINE__, "1m", NULL, false, "1 minute"},
		{__LINE__, "2d", "den", true, "2 days"},
	};
	struct conf_duration d;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		assert_true(conf_duration_parse(slice_from(rows[i].text), &d));
		conf_duration_words(&b, d, rows[i].lang, rows[i].dative);
		if (strcmp(b.data, rows[i].want) != 0)
			fail_msg("row %d: %s", rows[i].row, b.data);
	}
	buf_reset(&b);
	conf_duration_words(&b, (struct conf_duration){0}, "de", false);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void test_after(void **state)
{
	static const struct {
		int row;
		const char *from, *text, *after, *year_end;
	} rows[] = {
		{__LINE__, "2026-11-21T14:05:09.123Z", "48h", "2026-11-23T14:05:09.123Z", "2026-11-23T14:05:09.123Z"},
		{__LINE__, "2026-11-21T14:05:09.123Z", "3y", "2029-11-21T14:05:09.123Z", "2030-01-01T00:00:00.000Z"},
		{__LINE__, "2024-02-29T00:00:00.000Z", "1y", "2025-03-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"},
		{__LINE__, "2024-02-29T23:59:59.999Z", "4y", "2028-02-29T23:59:59.999Z", "2029-01-01T00:00:00.000Z"},
		{__LINE__, "2026-12-31T23:59:59.999Z", "3y", "2029-12-31T23:59:59.999Z", "2030-01-01T00:00:00.000Z"},
		{__LINE__, "2027-01-01T00:00:00.000Z", "3y", "2030-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z"},
	};
	char iso[CLOCK_ISO_BYTES];
	struct conf_duration d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t from = clock_parse_iso(rows[i].from, strlen(rows[i].from));

		assert_true(conf_duration_parse(slice_from(rows[i].text), &d));
		if (strcmp(clock_iso(conf_duration_after(d, from), iso), rows[i].after) != 0)
			fail_msg("row %d: after %s", rows[i].row, iso);
		if (strcmp(clock_iso(conf_duration_after_year_end(d, from), iso), rows[i].year_end) != 0)
			fail_msg("row %d: year end %s", rows[i].row, iso);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
