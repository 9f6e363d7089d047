#ifndef JAWORT_CORE_WHEN_H
#define JAWORT_CORE_WHEN_H
/*
 * when: points in time in the words of a language, for pages and mails:
 * "21. November 2026", "14:05", "21. November 2026, 14:05 Uhr";
 * "21 November 2026", "14:05", "21 November 2026, 14:05". Other languages
 * fall back to the English order. Time is that of the site's zone.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/slice.h"

struct slice when_date(struct arena *a, int64_t ms, const char *zone, const char *lang);
struct slice when_time(struct arena *a, int64_t ms, const char *zone);
/* The last day before ms, for "kept until": periods of whole years and days end at midnight UTC. */
struct slice when_until(struct arena *a, int64_t ms, const char *zone, const char *lang);
struct slice when_full(struct arena *a, int64_t ms, const char *zone, const char *lang);
/* 31 December of the year in which ms lies plus years (BGB sections 195, 199(1)). */
int64_t when_year_end_ms(int64_t ms, int years, const char *zone);

#endif
