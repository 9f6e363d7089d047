#ifndef JAWORT_CORE_ANNOUNCE_H
#define JAWORT_CORE_ANNOUNCE_H
/*
 * announce: tells the people on the list that the privacy notice changed, in a
 * mail of its own, because the owner says so; never by itself.
 *
 * What somebody knows is in their evidence: the notice that was in force when
 * they confirmed last, or the one they were told of last. Those to whom the
 * present one says something else that must be told (core/notice_change.h) get
 * one mail about exactly that difference. Who is not active gets none: not on
 * the list, blocked, or restricted (GDPR Art. 18(2)).
 *
 * Mail and event are one transaction: a person has both or neither. So an
 * announcement that was broken off goes on where it stopped, and a second one
 * finds nobody.
 *
 * Sources: GDPR Art. 13(3), 5(1)(a); WP260 rev.01 no. 29 to 31 (a message of its
 * own, no advertising in it).
 * Threads: one announcement belongs to one thread; the store may be in use by others.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/letter.h"
#include "core/notice_change.h"
#include "core/site.h"
#include "store/db.h"
#include "store/notice.h"
#include "store/person.h"

/* People per transaction. Sign-ups wait for one of them at most. */
#define ANNOUNCE_BATCH_MAX 500
/* Mails become due in portions, so that check mails of the same hours do not queue behind a whole list. */
#define ANNOUNCE_PORTION 100
#define ANNOUNCE_PORTION_MS INT64_C(10000)

/* Those of one language who know the same version. */
struct announce_step {
	const char *lang;
	struct notice_version from, to;
	enum notice_duty duty;
	struct letter_notice letter;
	int64_t people; /* by announce_count() */
	struct announce_step *next;
};

struct announce_count {
	int64_t due;     /* get a mail */
	int64_t consent; /* of them: what they consented to changed too */
	int64_t needless; /* the notice changed, but nothing that must be told */
	int64_t present; /* know the present one */
	int64_t blocked; /* active, but the address gets nothing */
	int64_t states[PERSON_STATE__MAX]; /* all persons */
};

struct announce;
/*
 * E_NOT_FOUND: no notice of a language of the site is in force yet. The site and the store must outlive it.
 * E_NOMEM.
 */
enum err announce_new(struct announce **out, const struct site *s, struct store *st, struct errinfo *ei);
void announce_free(struct announce *an);
/* Walks over all active people, reading only. */
enum err announce_count(struct announce *an, struct announce_count *out, struct errinfo *ei);
/* Made while walking, in no order; NULL: none. Those with duty "none" lead to no mail. */
const struct announce_step *announce_steps(const struct announce *an);
/*
 * The next people, limit (1 to ANNOUNCE_BATCH_MAX) at most, in one write transaction. *queued: mails. *more: call again.
 * E_CONFLICT: another notice came into force meanwhile; nothing of this batch is stored.
 */
enum err announce_batch(struct announce *an, unsigned limit, unsigned *queued, bool *more, struct errinfo *ei);

#endif
