#ifndef JAWORT_CORE_CONFIRM_H
#define JAWORT_CORE_CONFIRM_H
/*
 * confirm: what a confirmation link shows and does. confirm_look() reads with
 * a read-only handle and changes nothing, however often scanners open the
 * link; confirm_act() runs one decision of the person in the writer. Both read
 * the state by the same function, so a page cannot promise what the button
 * then does not do.
 *
 * A spent link shows the present state; it never brings back who has left
 * since. A link of an older mail of the same open request works.
 * Sources: GDPR Art. 7(1), 7(3), 17(1); BGH I ZR 164/09.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "core/consent.h"
#include "core/letter.h"
#include "core/site.h"
#include "core/token.h"
#include "store/budget.h"
#include "store/db.h"
#include "store/writer.h"

enum confirm_state {
	CONFIRM_UNKNOWN, /* not a confirmation link of this site */
	CONFIRM_OPEN,
	CONFIRM_EXPIRED, /* a new link can be had */
	CONFIRM_DONE,    /* confirmed now or before, and still in force */
	CONFIRM_LEFT,    /* confirmed once, ended since, or cancelled */
	CONFIRM_DENIED,
	CONFIRM_RENEWED, /* a new link is on its way (only after the act) */
	CONFIRM_GONE,    /* request erased */
	CONFIRM_STATE__MAX
};

enum confirm_action { CONFIRM_ACT_CONFIRM, CONFIRM_ACT_DENY, CONFIRM_ACT_RENEW, CONFIRM_ACTION__MAX };
/* "confirm", "deny", "renew". */
const char *confirm_action_name(enum confirm_action a);

struct confirm_info {
	enum confirm_state state;
	const char *lang;       /* of the request; the site's first if unknown */
	struct slice form;      /* id; empty if unknown */
	struct slice purposes;  /* comma list */
	struct consent consent; /* wording of the request; n == 0 if unknown */
	struct slice masked;    /* "a…a@example.org" */
	int64_t asked_ms;
	int64_t date_ms;        /* of confirmation or end; 0: none */
};

struct confirm {
	const struct site *site;
	struct store *store;
	struct writer_pool *writers;
	struct letter_cache *letters;
	struct budget *budget; /* NULL: new links are not limited */
};

enum err confirm_look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct confirm_info *out, struct errinfo *ei);
/* ip is shortened here. fresh (may be NULL): true if this call did it, false if it was so before. */
enum err confirm_act(const struct confirm *c, struct arena *a, struct slice token, enum confirm_action action,
    struct slice ip, struct confirm_info *out, bool *fresh, struct errinfo *ei);
/*
 * The same in pieces, for who does not wait in a thread of its own: confirm_job_run() in the writer (repeatable, its
 * argument is the job), then, after the commit, confirm_job_end(). What the arguments point to outlives the job, but for
 * c itself. NULL without memory.
 */
struct confirm_job;
struct confirm_job *confirm_job_new(const struct confirm *c, struct arena *a, struct slice token,
    enum confirm_action action, struct slice ip, struct confirm_info *out);
enum err confirm_job_run(struct db *db, void *job, struct errinfo *ei);
/* Whether the end has to wait for the disk: somebody is erased. */
bool confirm_job_waits(const struct confirm_job *job);
enum err confirm_job_end(struct confirm_job *job, bool *fresh, struct errinfo *ei);

#endif
