#include "core/authority.h"

#include <string.h>

#include "core/authority_table.h"

#define AUTHORITY_COUNT (sizeof(AUTHORITY_TABLE) / sizeof(AUTHORITY_TABLE[0]))

static bool same(const char *fact, const char *want)
{
	return fact && strcmp(fact, want) == 0;
}

static const struct authority *by_id(const char *id)
{
	for (size_t i = 0; i < AUTHORITY_COUNT; i++)
		if (same(AUTHORITY_TABLE[i].id, id))
			return &AUTHORITY_TABLE[i];
	return NULL;
}

/* Where a country has one authority per Land, the Land decides; state is then never empty in the data. */
static const struct authority *by_seat(const char *country, const char *state, const char *kind)
{
	for (size_t i = 0; i < AUTHORITY_COUNT; i++) {
		const struct authority *a = &AUTHORITY_TABLE[i];
		if (same(a->country, country) && same(a->kind, kind) && (!a->state || same(a->state, state)))
			return a;
	}
	return NULL;
}

enum err authority_find(const char *country, const char *state, enum conf_regime regime, const char *id,
    const struct authority **out)
{
	if (*id)
		*out = by_id(id);
	else if (regime == CONF_DSG_EKD)
		*out = by_seat(country, state, "dsg-ekd");
	else
		*out = regime == CONF_GDPR ? by_seat(country, state, "general") : NULL;
	return *out ? OK : E_NOT_FOUND;
}

const char *authority_as_of(void)
{
	return AUTHORITY_AS_OF;
}

const struct authority *authority_at(size_t i)
{
	return i < AUTHORITY_COUNT ? &AUTHORITY_TABLE[i] : NULL;
}
