#ifndef JAWORT_CORE_PREFILL_H
#define JAWORT_CORE_PREFILL_H
/*
 * prefill: what `jawort init` proposes about well-known firms, from
 * data/prefill.txt. Proposals only, to be confirmed by the owner against the
 * contract; nothing of it reaches a notice by itself. Static data, no state.
 */
#include <stddef.h>
#include "base/slice.h"

/* A field that the data do not have is NULL. */
struct prefill {
	const char *id;
	const char *kind;    /* "mail" or "host" */
	const char *name;    /* what people call it */
	const char *party;
	const char *address; /* lines separated by LF */
	const char *country;
	const char *parent, *parent_country;
	const char *us_affiliate; /* "true" or NULL */
	const char *storage;      /* "DE, BE" */
	const char *mechanism;    /* "scc" */
	const char *scc_module;
	const char *privacy_url, *subprocessors_url;
	const char *source;
};

/* By id, name or contract party, ASCII case-blind; NULL if unknown. kind "mail" or "host". */
const struct prefill *prefill_find(const char *kind, struct slice typed);
/* The day of the whole list. */
const char *prefill_as_of(void);
/* The i-th, NULL behind the last. */
const struct prefill *prefill_at(size_t i);

#endif
