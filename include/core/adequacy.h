#ifndef JAWORT_CORE_ADEQUACY_H
#define JAWORT_CORE_ADEQUACY_H
/*
 * adequacy: for which countries the EU Commission decided that data are
 * protected well enough (GDPR Art. 45). The facts are data/adequacy.txt with
 * day and source; a ruling that ends a decision is a change of that file, not
 * of code. Static data, no state. Nothing here looks at the clock: the same
 * configuration gives the same notice every day.
 */
#include <stddef.h>

/* One block of data/adequacy.txt; members are the keys there. NULL: not in the data. */
struct adequacy {
	const char *id;          /* country, "CH" */
	const char *decision_de; /* "2000/518/EG" */
	const char *decision_en; /* "2000/518/EC" */
	const char *date;
	const char *until;
	const char *firms;       /* "all"; "listed": only firms on a list (USA) */
	const char *valid;       /* "yes" or "no" */
	const char *note;
	const char *source;
};

/* A decision in force that covers all firms of a country; NULL if there is none (also for the USA). */
const struct adequacy *adequacy_of(const char *country);
/* The decision on listed firms in the USA while it is in force, else NULL. */
const struct adequacy *adequacy_dpf(void);
/* Day of the collection, "2026-11-21". */
const char *adequacy_as_of(void);
/* The i-th entry, NULL behind the last; for tests and tools. */
const struct adequacy *adequacy_at(size_t i);

#endif
