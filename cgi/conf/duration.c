#include "conf/duration.h"
#include <string.h>
#include <time.h>
#include "base/clock.h"

#define DURATION_MAX_S (100LL * 365 * 86400)

static const struct unit {
	char unit;
	int64_t seconds;
	const char *de, *de_many, *de_dative, *en, *en_many;
} UNITS[] = {
	{'s', 1, "Sekunde", "Sekunden", "Sekunden", "second", "seconds"},
	{'m', 60, "Minute", "Minuten", "Minuten", "minute", "minutes"},
	{'h', 3600, "Stunde", "Stunden", "Stunden", "hour", "hours"},
	{'d', 86400, "Tag", "Tage", "Tagen", "day", "days"},
	{'y', 365 * 86400, "Jahr", "Jahre", "Jahren", "year", "years"},
};

static const struct unit *duration_unit(char c)
{
	for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++)
		if (UNITS[i].unit == c)
			return &UNITS[i];
	return NULL;
}

bool conf_duration_parse(struct slice s, struct conf_duration *out)
{
	const struct unit *u;
	unsigned long long n;

	*out = (struct conf_duration){0};
	if (s.len < 2 || s.len > 7 || s.ptr[0] == '0')
		return false;
	u = duration_unit(s.ptr[s.len - 1]);
	if (!u || !slice_u64(slice_sub(s, 0, s.len - 1), &n) || n == 0)
		return false;
	if ((int64_t)n * u->seconds > DURATION_MAX_S)
		return false;
	*out = (struct conf_duration){.seconds = (int64_t)n * u->seconds, .n = (int)n, .unit = u->unit};
	return true;
}

bool conf_rate_parse(struct slice s, struct conf_rate *out)
{
	size_t slash = slice_find(s, '/', 0);
	struct conf_rate r = {0};
	unsigned long long n;

	*out = r;
	if (slash == s.len || slash == 0 || s.ptr[0] == '0' || !slice_u64(slice_sub(s, 0, slash), &n))
		return false;
	if (n == 0 || n > 1000000 || !conf_duration_parse(slice_sub(s, slash + 1, s.len), &r.per))
		return false;
	r.count = (unsigned)n;
	*out = r;
	return true;
}

void conf_duration_words(struct buf *out, struct conf_duration d, const char *lang, bool dative)
{
	const struct unit *u = duration_unit(d.unit);
	bool de = lang && strncmp(lang, "de", 2) == 0 && (lang[2] == '\0' || lang[2] == '-');

	if (!u || d.n <= 0)
		return;
	buf_add_i64(out, d.n);
	buf_add_char(out, ' ');
	if (de)
		buf_add_str(out, d.n == 1 ? u->de : dative ? u->de_dative : u->de_many);
	else
		buf_add_str(out, d.n == 1 ? u->en : u->en_many);
}

static int64_t duration_utc_ms(int year, int month, int day, int64_t ms_of_day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

	return (int64_t)timegm(&tm) * 1000 + ms_of_day;
}

int64_t conf_duration_after(struct conf_duration d, int64_t from_ms)
{
	struct clock_parts p;
	int64_t day_ms;

	if (d.unit != 'y')
		return from_ms + d.seconds * 1000;
	clock_parts(from_ms, "UTC", &p);
	day_ms = ((p.hour * 60LL + p.minute) * 60 + p.second) * 1000 + ((from_ms % 1000) + 1000) % 1000;
	/* timegm turns 29 February of a common year into 1 March. */
	return duration_utc_ms(p.year + d.n, p.month, p.day, day_ms);
}

int64_t conf_duration_after_year_end(struct conf_duration d, int64_t from_ms)
{
	struct clock_parts p;

	if (d.unit != 'y')
		return conf_duration_after(d, from_ms);
	clock_parts(from_ms, "UTC", &p);
	return duration_utc_ms(p.year + d.n + 1, 1, 1, 0);
}
