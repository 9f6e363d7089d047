#ifndef JAWORT_CORE_RIGHTS_PRIV_H
#define JAWORT_CORE_RIGHTS_PRIV_H
/* rights_priv: what the parts of rights share. One decision on its way through a write transaction; repeatable. */
#include "core/contact.h"
#include "core/evidence.h"
#include "core/rights.h"
#include "core/state.h"

struct rights_act {
	const struct rights *r;
	struct arena *a;
	int64_t person_id;
	int64_t now_ms;
	struct slice ip; /* as evidence keeps it */
	struct rights_done *out;
	struct person person; /* as it was */
	bool erase;           /* put down for erasure: erasure_finish() after the commit */
};

typedef enum err rights_fn(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei);

/*
 * Runs fn in a write transaction with the person read; not for somebody who is erased, of whom the answer is "gone"
 * (with kept: also where evidence is kept). Then the erasure, if one was asked for.
 */
enum err rights_run(const struct rights *r, struct arena *a, int64_t person_id, bool kept, rights_fn *fn, void *arg,
    struct rights_done *out, struct errinfo *ei);

/* An event of the person: kind, way and address of the visitor are filled in. */
enum err rights_event(struct db *db, struct rights_act *w, struct event_new *e, enum event_kind kind,
    struct errinfo *ei);
/*
 * Queues the letter that confirms an act and names it in the event; hash (32 bytes) must live as long as e. Not to a
 * mailbox that does not exist. erased: for kind erased only, to nobody, because the person's key goes.
 */
enum err rights_letter(struct db *db, struct rights_act *w, struct letter_send *send, struct event_new *e,
    unsigned char *hash, struct errinfo *ei);
/* The language of a person, one of the site's. */
const char *rights_lang(const struct site *s, const struct person *p);
/* How a provider's lists are told about those of the person's purposes that are active. */
enum err rights_lists(struct db *db, struct rights_act *w, enum contact_action action, struct errinfo *ei);
/* The end of the restriction was announced, and has not come yet. */
enum err rights_release_announced(struct db *db, const struct rights_act *w, bool *is, struct errinfo *ei);
/* Purposes in a state as a comma list. */
enum err rights_purposes(struct db *db, struct arena *a, int64_t person_id, enum purpose_state want,
    struct slice *out, struct errinfo *ei);

#endif
