#include "core/adequacy.h"

#include <string.h>

#include "core/adequacy_table.h"

#define ADEQUACY_COUNT (sizeof(ADEQUACY_TABLE) / sizeof(ADEQUACY_TABLE[0]))

static const struct adequacy *adequacy_find(const char *country, const char *firms)
{
	for (size_t i = 0; i < ADEQUACY_COUNT; i++) {
		const struct adequacy *d = &ADEQUACY_TABLE[i];
		if (strcmp(d->id, country) == 0 && strcmp(d->firms, firms) == 0 && strcmp(d->valid, "yes") == 0)
			return d;
	}
	return NULL;
}

const struct adequacy *adequacy_of(const char *country)
{
	return adequacy_find(country, "all");
}

const struct adequacy *adequacy_dpf(void)
{
	return adequacy_find("US", "listed");
}

const char *adequacy_as_of(void)
{
	return ADEQUACY_AS_OF;
}

const struct adequacy *adequacy_at(size_t i)
{
	return i < ADEQUACY_COUNT ? &ADEQUACY_TABLE[i] : NULL;
}
