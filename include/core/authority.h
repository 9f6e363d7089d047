#ifndef JAWORT_CORE_AUTHORITY_H
#define JAWORT_CORE_AUTHORITY_H
/*
 * authority: who watches over data protection, for the complaint row of the
 * notice (GDPR Art. 13(2)(d), 55, 77). The facts are data/authorities.txt with
 * day and source; this finds the one that is competent for a private
 * controller. Static data, no state.
 */
#include <stddef.h>
#include "base/err.h"
#include "conf/conf.h"

/* One block of data/authorities.txt; members are the keys there. NULL: not in the data. */
struct authority {
	const char *id;      /* "deberlbdi", what notice.authority names */
	const char *country; /* "DE" */
	const char *state;   /* German Land "BE" */
	const char *kind;    /* general public federal kdg dsg-ekd broadcast */
	const char *name;
	const char *address; /* lines separated by LF */
	const char *web;
	const char *as_of;   /* "2026-03-08" */
	const char *source;
};

/*
 * id (may be "") wins over all else. Else by regime: gdpr takes the Land in
 * Germany and the country elsewhere, dsg-ekd the one of that church; kdg has
 * five and needs an id. E_NOT_FOUND: nobody fits; *out is NULL.
 */
enum err authority_find(const char *country, const char *state, enum conf_regime regime, const char *id,
    const struct authority **out);
/* Day of the collection, "2026-07-21". */
const char *authority_as_of(void);
/* The i-th entry, NULL behind the last; for tests and tools. */
const struct authority *authority_at(size_t i);

#endif
