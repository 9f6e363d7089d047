#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bug.h"

#define MS_PER_S INT64_C(1000)
#define S_PER_DAY INT64_C(86400)
#define CLOCK_MIN_S INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define CLOCK_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

struct zone_row {
	const char *name;
	int base_minutes; /* east of UTC in winter */
	bool summer;      /* one hour more by the European rule */
};

/* Unknown names take the first row. */
static const struct zone_row zones[] = {
	{ "Europe/Berlin", 60, true },
	{ "UTC", 0, false },
	{ "Etc/UTC", 0, false },
	{ "Atlantic/Reykjavik", 0, false },
	{ "Europe/Dublin", 0, true },
	{ "Europe/Lisbon", 0, true },
	{ "Europe/London", 0, true },
	{ "Europe/Amsterdam", 60, true },
	{ "Europe/Belgrade", 60, true },
	{ "Europe/Bratislava", 60, true },
	{ "Europe/Brussels", 60, true },
	{ "Europe/Budapest", 60, true },
	{ "Europe/Busingen", 60, true },
	{ "Europe/Copenhagen", 60, true },
	{ "Europe/Ljubljana", 60, true },
	{ "Europe/Luxembourg", 60, true },
	{ "Europe/Madrid", 60, true },
	{ "Europe/Malta", 60, true },
	{ "Europe/Monaco", 60, true },
	{ "Europe/Oslo", 60, true },
	{ "Europe/Paris", 60, true },
	{ "Europe/Prague", 60, true },
	{ "Europe/Rome", 60, true },
	{ "Europe/Stockholm", 60, true },
	{ "Europe/Vaduz", 60, true },
	{ "Europe/Vienna", 60, true },
	{ "Europe/Warsaw", 60, true },
	{ "Europe/Zagreb", 60, true },
	{ "Europe/Zurich", 60, true },
	{ "Asia/Nicosia", 120, true },
	{ "Europe/Athens", 120, true },
	{ "Europe/Bucharest", 120, true },
	{ "Europe/Helsinki", 120, true },
	{ "Europe/Riga", 120, true },
	{ "Europe/Sofia", 120, true },
	{ "Europe/Tallinn", 120, true },
	{ "Europe/Vilnius", 120, true },
};

static _Atomic int64_t clock_fixed_ms = -1;

#ifdef JAWORT_TEST
static pthread_once_t clock_offset_once = PTHREAD_ONCE_INIT;
static int64_t clock_offset_ms;

static void offset_read(void)
{
	const char *s = getenv("JAWORT_CLOCK_OFFSET_S");
	clock_offset_ms = s ? (int64_t)strtoll(s, NULL, 10) * MS_PER_S : 0;
}

static int64_t offset_ms(void)
{
	pthread_once(&clock_offset_once, offset_read);
	return clock_offset_ms;
}
#else
static int64_t offset_ms(void)
{
	return 0;
}
#endif

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	bug_if(clock_gettime(id, &ts) != 0);
	return (int64_t)ts.tv_sec * MS_PER_S + ts.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	int64_t fixed = atomic_load(&clock_fixed_ms);
	return fixed >= 0 ? fixed : read_ms(CLOCK_REALTIME) + offset_ms();
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

void clock_set_ms(int64_t now_ms)
{
	bug_if(now_ms < -1);
	atomic_store(&clock_fixed_ms, now_ms);
}

static int64_t div_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Days since 1970-01-01, proleptic Gregorian. The year is taken to begin in
 * March, so that the leap day is its last and month lengths follow one line.
 */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t since_march = (month + 9) % 12;

	return y * 365 + div_floor(y, 4) - div_floor(y, 100) + div_floor(y, 400) +
	    (since_march * 153 + 2) / 5 + day - 1 - 719468;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* 1970-01-01 was a Thursday. */
static int weekday_of(int64_t days)
{
	return (int)(((days + 4) % 7 + 7) % 7);
}

static void parts_of(int64_t s, struct clock_parts *out)
{
	int64_t days = div_floor(s, S_PER_DAY);
	int in_day = (int)(s - days * S_PER_DAY);
	/* A guess by the mean year, then at most one step. */
	int year = (int)(1970 + div_floor(days * 400, 146097));

	while (days_of(year, 1, 1) > days)
		year--;
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	int day = (int)(days - days_of(year, 1, 1));
	int month = 1;
	while (day >= month_days(year, month))
		day -= month_days(year, month++);
	*out = (struct clock_parts){
		.year = year, .month = month, .day = day + 1,
		.hour = in_day / 3600, .minute = in_day / 60 % 60, .second = in_day % 60,
		.weekday = weekday_of(days),
	};
}

/* 01:00 UTC on the last Sunday of a month with 31 days. */
static int64_t last_sunday_s(int year, int month)
{
	int64_t last = days_of(year, month, 31);
	return (last - weekday_of(last)) * S_PER_DAY + 3600;
}

static bool is_summer(int64_t s)
{
	struct clock_parts utc;

	parts_of(s, &utc);
	return s >= last_sunday_s(utc.year, 3) && s < last_sunday_s(utc.year, 10);
}

static const struct zone_row *zone_find(const char *name)
{
	for (size_t i = 0; name && i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (strcmp(zones[i].name, name) == 0)
			return &zones[i];
	}
	return NULL;
}

bool clock_zone_known(const char *zone)
{
	return zone_find(zone) != NULL;
}

static int64_t clamp_s(int64_t s)
{
	if (s < CLOCK_MIN_S)
		return CLOCK_MIN_S;
	return s > CLOCK_MAX_S ? CLOCK_MAX_S : s;
}

void clock_parts(int64_t ms, const char *zone, struct clock_parts *out)
{
	const struct zone_row *z = zone_find(zone);
	int64_t s = clamp_s(div_floor(ms, MS_PER_S));

	if (!z)
		z = &zones[0];
	int offset = z->base_minutes + (z->summer && is_summer(s) ? 60 : 0);
	parts_of(clamp_s(s + offset * 60), out);
	out->offset_minutes = offset;
}

/* width digits of n, then the byte after. Returns where to go on. */
static char *put(char *p, int n, int width, char after)
{
	for (int i = width - 1; i >= 0; i--) {
		p[i] = (char)('0' + n % 10);
		n /= 10;
	}
	p[width] = after;
	return p + width + 1;
}

char *clock_iso(int64_t ms, char dst[static CLOCK_ISO_BYTES])
{
	struct clock_parts t;
	char *p = dst;

	clock_parts(ms, "UTC", &t);
	p = put(p, t.year, 4, '-');
	p = put(p, t.month, 2, '-');
	p = put(p, t.day, 2, 'T');
	p = put(p, t.hour, 2, ':');
	p = put(p, t.minute, 2, ':');
	p = put(p, t.second, 2, '.');
	p = put(p, (int)((ms % MS_PER_S + MS_PER_S) % MS_PER_S), 3, 'Z');
	*p = '\0';
	return dst;
}

char *clock_rfc5322(int64_t ms, const char *zone, char dst[static CLOCK_RFC5322_BYTES])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct clock_parts t;
	char *p = dst;

	clock_parts(ms, zone, &t);
	int off = t.offset_minutes;
	memcpy(p, days + 3 * t.weekday, 3);
	memcpy(p + 3, ", ", 2);
	p = put(p + 5, t.day, 2, ' ');
	memcpy(p, months + 3 * (t.month - 1), 3);
	p[3] = ' ';
	p = put(p + 4, t.year, 4, ' ');
	p = put(p, t.hour, 2, ':');
	p = put(p, t.minute, 2, ':');
	p = put(p, t.second, 2, ' ');
	*p = off < 0 ? '-' : '+';
	off = off < 0 ? -off : off;
	put(p + 1, off / 60 * 100 + off % 60, 4, '\0');
	return dst;
}

/* The number under a run of '0' in a pattern such as "0000-00-00"; other bytes must be equal. */
static bool take(const char *s, const char *pattern, size_t len, int nums[7])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (pattern[i] != '0') {
			if (s[i] != pattern[i])
				return false;
			n++;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			return false;
		nums[n] = nums[n] * 10 + (s[i] - '0');
	}
	return true;
}

int64_t clock_parse_iso(const char *s, size_t len)
{
	static const char pattern[] = "0000-00-00T00:00:00.000Z";
	int n[7] = { 0 }; /* year, month, day, hour, minute, second, ms */

	if ((len != 10 && len != sizeof(pattern) - 1) || !take(s, pattern, len, n))
		return -1;
	if (n[0] < 1970 || n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > month_days(n[0], n[1]))
		return -1;
	/* Leap seconds do not exist in this count. */
	if (n[3] > 23 || n[4] > 59 || n[5] > 59)
		return -1;
	return (days_of(n[0], n[1], n[2]) * S_PER_DAY + n[3] * 3600 + n[4] * 60 + n[5]) * MS_PER_S + n[6];
}
