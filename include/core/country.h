#ifndef JAWORT_CORE_COUNTRY_H
#define JAWORT_CORE_COUNTRY_H
/*
 * country: names of countries in German and English (ISO 3166-1 alpha-2), and
 * who is in the European Economic Area (EU, Iceland, Liechtenstein, Norway;
 * changes by treaty only). Covered: the EEA, all countries with an adequacy
 * decision, and others where providers sit. Static data, no state.
 */
#include <stdbool.h>
#include <stddef.h>

/* "Deutschland" for de and de-*, "Germany" for any other language; the code itself if the name is not known. */
const char *country_name(const char *code, const char *lang);
/* Behind "from" or "in": "den USA", "der Schweiz", "the USA"; the plain name where it needs no article. */
const char *country_name_in(const char *code, const char *lang);
bool country_eea(const char *code);
/* The i-th code of the table, NULL behind the last; for tests and tools. */
const char *country_at(size_t i);

#endif
