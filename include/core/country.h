#ifndef JAWORT_CORE_COUNTRY_H
#define JAWORT_CORE_COUNTRY_H
/*
 * country: names of countries in the languages of the words (ISO 3166-1
 * alpha-2), and who is in the European Economic Area (EU, Iceland,
 * Liechtenstein, Norway). Static data.
 */
#include <stdbool.h>

/* "Deutschland", "Germany"; the code itself if the name is not known. */
const char *country_name(const char *code, const char *lang);
bool country_eea(const char *code);

#endif
