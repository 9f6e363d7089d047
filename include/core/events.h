#ifndef JAWORT_CORE_EVENTS_H
#define JAWORT_CORE_EVENTS_H
/*
 * events: what a provider told us about our mails (store/hook.h), as inputs of the table of states.
 *
 * An event has an effect only if it names a mail of ours that has left: by our own name of it
 * (SITE-ROW-CREATEDMS), else by the provider's id. Where it also names an address, that must be the
 * person's. Everything else counts as unknown and changes nothing.
 *
 * Events make things stricter, never looser: a hard bounce and a complaint block the address, an unsubscribe
 * withdraws everything, a delivery is noted once for each mail, all others are only counted. So repeats do nothing, and order does not matter: a bounce
 * or an unsubscribe from before the newest confirmation is the past and ends nothing; a complaint always counts.
 *
 * Each body is one transaction: its events and the removal of the body together.
 * Sources: GDPR Art. 5(1)(d), 7(3), 21(2); Mailjet Event API.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "core/site.h"
#include "store/db.h"

struct events_report {
	unsigned bodies;
	unsigned events;  /* all, also ignored ones */
	unsigned applied; /* changed something */
	unsigned unknown; /* no mail of ours, or another address */
	bool erase;       /* persons were put down for erasure: erasure_finish() */
};

/* One body inside a write transaction; at_ms: when it came in. Adds to out. E_INVALID, E_LIMIT: unreadable. */
enum err events_apply(struct db *db, const struct site *s, struct arena *a, struct slice provider, struct slice body,
    int64_t at_ms, struct events_report *out, struct errinfo *ei);
/* Is there a body to be worked on? */
enum err events_waiting(struct store *st, bool *waits, struct errinfo *ei);
/*
 * All that wait, each in a transaction of its own, then the erasures. out is set anew. A body that cannot be worked on
 * (the person's data is damaged) stays for the next time and is the error returned; the others do not wait for it.
 */
enum err events_all(const struct site *s, struct store *st, struct events_report *out, struct errinfo *ei);

#endif
