#ifndef JAWORT_CORE_AUDIT_H
#define JAWORT_CORE_AUDIT_H
/*
 * audit: is the evidence of a whole site what was written down? One pass over the commitments, in order, with the
 * memory of one row; no person's key is needed, so it also works on people who were erased, and shows nothing
 * about anybody.
 *
 *   every number from 1 is there; three C give the commitment; at the size of every checkpoint the tree over the
 *   commitments has the root that was signed; checkpoints are signed by keys of the site, and the last one does
 *   not count more events than there are (the end was not cut off), neither does the one in log.signed; of the
 *   stored tiles, on every level, each is there that must be, with the hashes and the root that the events give, and
 *   no other; every text has its hash, and every notice its text.
 *
 * What no checkpoint covers yet could be replaced by somebody who has the database and not the person's key. So those
 * events (at most AUDIT_BEHIND_MAX) are opened: they must decrypt, give their C, and say what stands in the columns
 * beside them (number, person, time, kind, form). AUDIT_DEEP opens all that can still be opened.
 * Threads: as the handle.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "store/checkpoint.h"
#include "store/db.h"

#define AUDIT_FAULTS_MAX 20
#define AUDIT_BEHIND_MAX 100000

enum audit_kind {
	AUDIT_GAP,        /* event seq is missing */
	AUDIT_COMMITMENT, /* event seq */
	AUDIT_ROOT,       /* checkpoint of size seq; the last one that fitted is of size from */
	AUDIT_CUT,        /* checkpoint of size seq, events end at from */
	AUDIT_CHECKPOINT, /* of size seq: signature, or not what stands beside it */
	AUDIT_TILE,       /* stored tree, around event seq */
	AUDIT_TEXT,       /* hash */
	AUDIT_TEXT_GONE,  /* hash: a notice, or a form of some time, names it */
	AUDIT_CONTENT,    /* event seq cannot be opened, or says something else */
	AUDIT_TEXT_NAMED, /* event seq names a text that is not there */
	AUDIT_ADDED,      /* event seq: numbers begin at 1 */
	AUDIT_FILED,      /* log.signed is not of this site, or not of these data */
	AUDIT__MAX
};
/* "gap" and so on: words verify.site.fault.NAME. */
const char *audit_kind_name(enum audit_kind k);

struct audit_fault {
	enum audit_kind kind;
	int64_t seq, from;
	unsigned char hash[STORE_HASH_BYTES];
};

struct audit_report {
	struct audit_fault fault[AUDIT_FAULTS_MAX];
	size_t nfaults; /* all */
	int64_t events, checkpoints, texts;
	int64_t covered; /* size of the newest checkpoint */
	int64_t opened;  /* events that were opened and compared */
};

/*
 * filed: the checkpoint beside the data (logbook_filed(), read before db was opened); NULL or size 0: none. deep: open all
 * events. OK also with faults.
 */
enum err audit_site(struct db *db, const struct checkpoint *filed, bool deep, struct audit_report *out,
    struct errinfo *ei);
/* Adds a fault to a report, which keeps the first AUDIT_FAULTS_MAX. */
void audit_fault_add(struct audit_report *r, enum audit_kind kind, int64_t seq, int64_t from, const unsigned char *hash);

#endif
