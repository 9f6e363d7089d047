#ifndef JAWORT_CORE_TURN_H
#define JAWORT_CORE_TURN_H
/*
 * turn: makes persons, requests, events and mails out of intake rows. The one
 * function for it, whoever calls: the writer after it woke the waiters, the
 * worker in CGI mode, the start for what a crash left.
 *
 * Runs inside a write transaction and touches only rows of earlier commits, so
 * that no answer waits for a look at who it is. All effects of one row (person,
 * request, event, outbox row, its removal) are in one transaction: there is no
 * mail without its event.
 */
#include <stdbool.h>
#include "base/err.h"
#include "core/letter.h"
#include "core/site.h"
#include "store/budget.h"
#include "store/db.h"

/* So long at most (some milliseconds) does a commit wait for those before it. */
#define TURN_BATCH_MAX 32
/*
 * While visitors wait for a commit: more of them are answered in the same time, and what they left is made up for when
 * fewer come. Not for ever: sign-ups older than TURN_LATE_MS get full portions, so the mails of a rush are as late as that.
 */
#define TURN_PRESSED_MAX 8
#define TURN_LATE_MS 3000
/* The same form and address within this time: one mail. */
#define TURN_COOL_DOWN_MS (10 * 60 * 1000)

struct turn {
	const struct site *site;
	struct letter_cache *letters;
	struct budget *budget; /* NULL: mails are not limited */
};
/*
 * May this address get another confirmation mail? Takes it from the budgets of site
 * and host. False: silence, which is counted. Errors of the counter allow.
 */
bool turn_mail_allowed(const struct site *s, struct budget *b, struct arena *a, struct slice form,
    struct slice address, int64_t now_ms);

/* Fits writer_attach(): arg is a struct turn, which must outlive the store's use. */
enum err turn_after(struct db *db, void *arg, bool *more, struct errinfo *ei);
/* Everything that waits, in transactions of its own (worker, command line). */
enum err turn_all(struct store *st, struct turn *t, struct errinfo *ei);

#endif
