#ifndef JAWORT_CMD_PERSON_PRIV_H
#define JAWORT_CMD_PERSON_PRIV_H
/*
 * person: one file per verb behind `jawort person`, person_<verb>.c; the table in person.c is the only place that
 * knows their names. A verb gets its address read and normalised; it opens the store itself.
 */
#include "base/arena.h"
#include "cmd/cmd.h"
#include "store/db.h"
#include "store/person.h"
#include "text/addr.h"

#define PERSON_OUT_MAX_BYTES (16u * 1024u * 1024u)

struct person_call {
	const struct cmd_args *args;
	const struct conf *conf;
	const struct conf_site *site;
	struct arena *arena;
	struct addr addr; /* of the second word */
};

/* Person of the address. E_NOT_FOUND with words for the owner. */
enum err person_call_find(const struct person_call *c, struct db *db, struct person *out, struct errinfo *ei);

int person_verb_find(const struct person_call *c);
int person_verb_evidence(const struct person_call *c);

#endif
