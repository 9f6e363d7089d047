#include "core/country.h"

#include <string.h>

/* de_in and en_in only where the language wants an article. */
static const struct country {
	const char *code, *de, *en, *de_in, *en_in;
	bool eea;
} countries[] = {
    {"AT", "Österreich", "Austria", NULL, NULL, true},
    {"BE", "Belgien", "Belgium", NULL, NULL, true},
    {"BG", "Bulgarien", "Bulgaria", NULL, NULL, true},
    {"CY", "Zypern", "Cyprus", NULL, NULL, true},
    {"CZ", "Tschechien", "Czechia", NULL, NULL, true},
    {"DE", "Deutschland", "Germany", NULL, NULL, true},
    {"DK", "Dänemark", "Denmark", NULL, NULL, true},
    {"EE", "Estland", "Estonia", NULL, NULL, true},
    {"ES", "Spanien", "Spain", NULL, NULL, true},
    {"FI", "Finnland", "Finland", NULL, NULL, true},
    {"FR", "Frankreich", "France", NULL, NULL, true},
    {"GR", "Griechenland", "Greece", NULL, NULL, true},
    {"HR", "Kroatien", "Croatia", NULL, NULL, true},
    {"HU", "Ungarn", "Hungary", NULL, NULL, true},
    {"IE", "Irland", "Ireland", NULL, NULL, true},
    {"IS", "Island", "Iceland", NULL, NULL, true},
    {"IT", "Italien", "Italy", NULL, NULL, true},
    {"LI", "Liechtenstein", "Liechtenstein", NULL, NULL, true},
    {"LT", "Litauen", "Lithuania", NULL, NULL, true},
    {"LU", "Luxemburg", "Luxembourg", NULL, NULL, true},
    {"LV", "Lettland", "Latvia", NULL, NULL, true},
    {"MT", "Malta", "Malta", NULL, NULL, true},
    {"NL", "Niederlande", "Netherlands", "den Niederlanden", "the Netherlands", true},
    {"NO", "Norwegen", "Norway", NULL, NULL, true},
    {"PL", "Polen", "Poland", NULL, NULL, true},
    {"PT", "Portugal", "Portugal", NULL, NULL, true},
    {"RO", "Rumänien", "Romania", NULL, NULL, true},
    {"SE", "Schweden", "Sweden", NULL, NULL, true},
    {"SI", "Slowenien", "Slovenia", NULL, NULL, true},
    {"SK", "Slowakei", "Slovakia", "der Slowakei", NULL, true},
    {"AD", "Andorra", "Andorra", NULL, NULL, false},
    {"AR", "Argentinien", "Argentina", NULL, NULL, false},
    {"AU", "Australien", "Australia", NULL, NULL, false},
    {"BR", "Brasilien", "Brazil", NULL, NULL, false},
    {"CA", "Kanada", "Canada", NULL, NULL, false},
    {"CH", "Schweiz", "Switzerland", "der Schweiz", NULL, false},
    {"CN", "China", "China", NULL, NULL, false},
    {"FO", "Färöer", "Faroe Islands", "den Färöern", "the Faroe Islands", false},
    {"GB", "Vereinigtes Königreich", "United Kingdom", "dem Vereinigten Königreich", "the United Kingdom",
        false},
    {"GG", "Guernsey", "Guernsey", NULL, NULL, false},
    {"HK", "Hongkong", "Hong Kong", NULL, NULL, false},
    {"IL", "Israel", "Israel", NULL, NULL, false},
    {"IM", "Insel Man", "Isle of Man", "der Insel Man", "the Isle of Man", false},
    {"IN", "Indien", "India", NULL, NULL, false},
    {"JE", "Jersey", "Jersey", NULL, NULL, false},
    {"JP", "Japan", "Japan", NULL, NULL, false},
    {"KR", "Südkorea", "South Korea", NULL, NULL, false},
    {"MC", "Monaco", "Monaco", NULL, NULL, false},
    {"NZ", "Neuseeland", "New Zealand", NULL, NULL, false},
    {"PH", "Philippinen", "Philippines", "den Philippinen", "the Philippines", false},
    {"RS", "Serbien", "Serbia", NULL, NULL, false},
    {"SG", "Singapur", "Singapore", NULL, NULL, false},
    {"SM", "San Marino", "San Marino", NULL, NULL, false},
    {"TR", "Türkei", "Turkey", "der Türkei", NULL, false},
    {"UA", "Ukraine", "Ukraine", "der Ukraine", NULL, false},
    {"US", "USA", "USA", "den USA", "the USA", false},
    {"UY", "Uruguay", "Uruguay", NULL, NULL, false},
    {"ZA", "Südafrika", "South Africa", NULL, NULL, false},
};

static const struct country *country_find(const char *code)
{
	for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); i++)
		if (strcmp(countries[i].code, code) == 0)
			return &countries[i];
	return NULL;
}

static bool country_german(const char *lang)
{
	return strncmp(lang, "de", 2) == 0 && (lang[2] == '\0' || lang[2] == '-');
}

const char *country_name(const char *code, const char *lang)
{
	const struct country *c = country_find(code);

	if (!c)
		return code;
	return country_german(lang) ? c->de : c->en;
}

const char *country_name_in(const char *code, const char *lang)
{
	const struct country *c = country_find(code);
	const char *in = !c ? NULL : country_german(lang) ? c->de_in : c->en_in;

	return in ? in : country_name(code, lang);
}

bool country_eea(const char *code)
{
	const struct country *c = country_find(code);

	return c && c->eea;
}

const char *country_at(size_t i)
{
	return i < sizeof(countries) / sizeof(countries[0]) ? countries[i].code : NULL;
}
