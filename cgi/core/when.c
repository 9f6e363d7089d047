#include "core/when.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

static const char *const months_de[12] = {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli",
    "August", "September", "Oktober", "November", "Dezember"};
static const char *const months_en[12] = {"January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December"};

#define WHEN_MAX_BYTES 64

static bool when_german(const char *lang)
{
	return strncmp(lang, "de", 2) == 0;
}

struct slice when_date(struct arena *a, int64_t ms, const char *zone, const char *lang)
{
	struct clock_parts t;
	struct buf b;

	clock_parts(ms, zone, &t);
	buf_init_arena(&b, a, WHEN_MAX_BYTES);
	if (when_german(lang))
		buf_printf(&b, "%d. %s %d", t.day, months_de[t.month - 1], t.year);
	else
		buf_printf(&b, "%d %s %d", t.day, months_en[t.month - 1], t.year);
	return buf_slice(&b);
}

struct slice when_time(struct arena *a, int64_t ms, const char *zone)
{
	struct clock_parts t;
	struct buf b;

	clock_parts(ms, zone, &t);
	buf_init_arena(&b, a, WHEN_MAX_BYTES);
	buf_printf(&b, "%02d:%02d", t.hour, t.minute);
	return buf_slice(&b);
}

struct slice when_full(struct arena *a, int64_t ms, const char *zone, const char *lang)
{
	struct buf b;

	buf_init_arena(&b, a, WHEN_MAX_BYTES);
	buf_add_slice(&b, when_date(a, ms, zone, lang));
	buf_add_str(&b, ", ");
	buf_add_slice(&b, when_time(a, ms, zone));
	if (when_german(lang))
		buf_add_str(&b, " Uhr");
	return buf_slice(&b);
}

struct slice when_until(struct arena *a, int64_t ms, const char *zone, const char *lang)
{
	const int64_t day_ms = 86400000;

	return when_date(a, ms - 1, ms % day_ms ? zone : "UTC", lang);
}

int64_t when_year_end_ms(int64_t ms, int years, const char *zone)
{
	struct clock_parts t;
	char iso[sizeof("2026-12-31")];
	struct buf b;
	struct arena a;
	int64_t out;

	clock_parts(ms, zone, &t);
	arena_init(&a, 4096);
	buf_init_arena(&b, &a, sizeof(iso));
	buf_printf(&b, "%04d-12-31", t.year + years);
	out = clock_parse_iso(b.data, b.len);
	arena_free(&a);
	return out;
}
