#ifndef JAWORT_CORE_WITHDRAW_H
#define JAWORT_CORE_WITHDRAW_H
/*
 * withdraw: what an unsubscribe link shows and does. Withdrawing is as easy as
 * giving (GDPR Art. 7(3)): one act, at once, no login, no reason, for one purpose
 * or for all, and the link never expires. Pressed while the request is still unconfirmed it cancels
 * the request and erases the data.
 *
 * A goodbye mail, in the same transaction, follows where the owner writes down what came by letter or phone, and after
 * a withdrawal at the hub, where somebody else may sit at the mailbox; never after a click on the link in a mail
 * (docs/decisions.md).
 *
 * withdraw_look() reads only; withdraw_act() is repeatable: the second time it
 * finds what the first time did.
 * Sources: GDPR Art. 7(3), 17(1), 21(3); RFC 8058.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "core/consent.h"
#include "core/site.h"
#include "store/db.h"
#include "store/person.h"
#include "store/writer.h"

#define WITHDRAW_CONSENTS_MAX 8

enum withdraw_state {
	WITHDRAW_UNKNOWN, /* not an unsubscribe link of this site */
	WITHDRAW_OPEN,    /* something can be withdrawn */
	WITHDRAW_PENDING, /* only an unconfirmed request */
	WITHDRAW_DONE,    /* nothing is in force (any more) */
	WITHDRAW_GONE,    /* erased */
	WITHDRAW_STATE__MAX
};

enum withdraw_way {
	WITHDRAW_PAGE,
	WITHDRAW_ONE_CLICK,
	WITHDRAW_OWNER,    /* put down by the owner, who does not say how it came */
	WITHDRAW_PROVIDER,
	WITHDRAW_HUB,      /* the pages under /my */
	WITHDRAW_REPLY,    /* put down by the owner: an answer to a mail, a letter, a call */
	WITHDRAW_LETTER,
	WITHDRAW_PHONE,
	WITHDRAW_WAY__MAX
};
/* "page", "one-click", ...: the detail of the event. */
const char *withdraw_way_name(enum withdraw_way way);
/* WITHDRAW_WAY__MAX: unknown. */
enum withdraw_way withdraw_way_from_name(struct slice name);

struct withdraw_info {
	enum withdraw_state state;
	const char *lang;
	struct slice form;     /* of the newest request; empty if unknown */
	struct slice purposes; /* active ones, or those that ended last; comma list */
	struct slice rest;     /* after the end of one purpose: what is still active; comma list */
	struct slice masked;
	int64_t date_ms;       /* of the end */
	/* wording of each of the purposes, as it was agreed to */
	const struct consent *consents[WITHDRAW_CONSENTS_MAX];
	struct slice consent_purpose[WITHDRAW_CONSENTS_MAX];
	size_t nconsents;
};

enum err withdraw_look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct withdraw_info *out, struct errinfo *ei);
enum err withdraw_act(const struct site *s, struct store *store, struct writer_pool *writers, struct arena *a,
    struct slice token, enum withdraw_way way, struct slice ip, struct withdraw_info *out, bool *fresh,
    struct errinfo *ei);
/*
 * As withdraw_act() for one purpose of several; empty: for all. Requests that wait for it are cancelled
 * too. The person stays active while another purpose is: then rest names what still comes. A purpose
 * that is not active (any more) ends nothing. A request that was never confirmed goes as a whole.
 */
enum err withdraw_act_purpose(const struct site *s, struct store *store, struct writer_pool *writers, struct arena *a,
    struct slice token, struct slice purpose, enum withdraw_way way, struct slice ip, struct withdraw_info *out,
    bool *fresh, struct errinfo *ei);

/*
 * The same in pieces, for who does not wait in a thread of its own: withdraw_job_run() in the writer (repeatable, its
 * argument is the job), then, after the commit, withdraw_job_end(). What the arguments point to outlives the job. NULL
 * without memory.
 */
struct withdraw_job;
struct withdraw_job *withdraw_job_new(const struct site *s, struct arena *a, struct slice token, struct slice purpose,
    enum withdraw_way way, struct slice ip, struct withdraw_info *out);
enum err withdraw_job_run(struct db *db, void *job, struct errinfo *ei);
/* Whether the end has to wait for the disk: somebody is erased. */
bool withdraw_job_waits(const struct withdraw_job *job);
enum err withdraw_job_end(struct withdraw_job *job, struct store *store, bool *fresh, struct errinfo *ei);

/*
 * As withdraw_act() for a person by id, inside a write transaction. *fresh: something ended. *erase: put down for
 * erasure; call erasure_finish() after the commit. E_NOT_FOUND.
 */
enum err withdraw_person(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    enum withdraw_way way, int64_t now_ms, bool *fresh, bool *erase, struct errinfo *ei);
/* The same for one purpose (empty: all), with what the page shows; ip as evidence_ip() made it. */
enum err withdraw_person_purpose(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    struct slice purpose, enum withdraw_way way, struct slice ip, int64_t now_ms, struct withdraw_info *out, bool *fresh,
    bool *erase, struct errinfo *ei);
/*
 * Ends all purposes, with requests also all that is open; inside a write transaction. Neither event nor state of
 * the person: that is the caller's. out says what was in force; *changed if anything was.
 */
enum err withdraw_everything(struct db *db, const struct site *s, struct arena *a, const struct person *p,
    bool requests, int64_t now_ms, struct withdraw_info *out, bool *changed, struct errinfo *ei);

#endif
