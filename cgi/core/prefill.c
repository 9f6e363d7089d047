#include "core/prefill.h"

#include <string.h>

#include "core/prefill_table.h"

#define PREFILL_COUNT (sizeof(PREFILL_TABLE) / sizeof(PREFILL_TABLE[0]))

const struct prefill *prefill_find(const char *kind, struct slice typed)
{
	typed = slice_trim(typed);
	for (size_t i = 0; i < PREFILL_COUNT; i++) {
		const struct prefill *p = &PREFILL_TABLE[i];

		if (strcmp(p->kind, kind) == 0 && (slice_ieq(typed, slice_from(p->id)) ||
		    slice_ieq(typed, slice_from(p->name)) || slice_ieq(typed, slice_from(p->party))))
			return p;
	}
	return NULL;
}

const char *prefill_as_of(void)
{
	return PREFILL_AS_OF;
}

const struct prefill *prefill_at(size_t i)
{
	return i < PREFILL_COUNT ? &PREFILL_TABLE[i] : NULL;
}
