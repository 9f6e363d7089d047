#ifndef JAWORT_CMD_PERSON_PRIV_H
#define JAWORT_CMD_PERSON_PRIV_H
/*
 * person: one file per verb behind `jawort person`, person_<verb>.c; the table in person.c is the only place that
 * knows their names. A verb gets its address read and normalised; it opens the store itself.
 */
#include "base/arena.h"
#include "cmd/cmd.h"
#include "core/rights.h"
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

/* Store and site ready for decisions of core/rights.h, by the way that --by names. */
struct person_desk {
	const struct person_call *call;
	const char *verb; /* for errors: "person erase" */
	struct store *store;
	struct site *site;
	struct arena arena;
	struct rights rights;
	struct rights_found found;
};
/* CMD_DONE, else a message was printed. person_desk_close() in any case. */
int person_desk_open(struct person_desk *d, const struct person_call *c, const char *verb);
void person_desk_close(struct person_desk *d);
/* Is it agreed to? By --yes, or at the terminal; with -n only what would be done is printed. CMD_DONE: go on; -1: end
 * well; else the exit code. what: "ends the subscription". */
int person_desk_agreed(const struct person_desk *d, const char *what);
/* What was done, as a line or as JSON; wakes the worker. */
int person_desk_told(const struct person_desk *d, const struct rights_done *done, const char *what);

int person_verb_act(const struct person_call *c);
int person_verb_withdraw(const struct person_call *c);
int person_verb_rectify(const struct person_call *c);
int person_verb_export(const struct person_call *c);
int person_verb_erase(const struct person_call *c);
int person_verb_add(const struct person_call *c);
int person_verb_find(const struct person_call *c);
int person_verb_evidence(const struct person_call *c);

#endif
