#ifndef JAWORT_STORE_OUTBOX_H
#define JAWORT_STORE_OUTBOX_H
/*
 * outbox: mails (messages) to be sent, one recipient each. The finished text is
 * in the text store (mail_hash), the values of its slots are sealed here under
 * the person's key.
 *
 * A row without a person (person_id 0) is a mail to an address of which nothing else is held: "we hold nothing about
 * you", the last word after an erasure, the daily checkpoint to the owner. Its slots are sealed under the site's intake
 * key and wiped in the statement that settles the row for good, so that the address does not outlive its mail. It
 * is no evidence of anybody: no event belongs to it, and what came to an end cannot be tried again.
 *
 * queued -> sending(attempt) -> accepted | failed | unknown; held: waits for the
 * owner; dropped: will not be sent. The state "sending" is durable before the provider is
 * called, so a crash leaves "sending" and never a silent second mail.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define OUTBOX_CLAIM_MAX 100
#define OUTBOX_SLOTS_MAX_BYTES 4096
/* Nothing waits so long on purpose (worker.h: given up after three days). What is due later was written while the
 * clock ran ahead, and is due now. */
#define OUTBOX_AHEAD_MS (INT64_C(8) * 86400 * 1000)

enum outbox_state {
	OUTBOX_QUEUED,
	OUTBOX_SENDING,
	OUTBOX_ACCEPTED,
	OUTBOX_FAILED,
	OUTBOX_UNKNOWN,
	OUTBOX_HELD,
	OUTBOX_DROPPED,
	OUTBOX_STATE__MAX
};
const char *outbox_state_name(enum outbox_state s);
enum outbox_state outbox_state_from_name(struct slice name);

enum outbox_kind {
	OUTBOX_CONFIRM = 1, /* check mail of double opt-in */
	OUTBOX_ALREADY,     /* signed up again, is on the list */
	OUTBOX_GOODBYE,     /* withdrawal done */
	OUTBOX_LINK,        /* link to the data hub */
	OUTBOX_NOTHING,     /* link asked for, but no data held */
	OUTBOX_NOTICE,      /* notice changed */
	OUTBOX_RIGHTS,      /* answer to a request of Art. 15-21 */
	OUTBOX_OWNER,       /* to the owner: checkpoint, alarm */
	OUTBOX_CHANGED,     /* details were corrected (Art. 16) */
	OUTBOX_MOVE,        /* to the new address: is it yours? */
	OUTBOX_MOVED,       /* to the old address: another holds now */
	OUTBOX_RESTRICTED,  /* Art. 18 */
	OUTBOX_RELEASED,    /* no longer restricted */
	OUTBOX_OBJECTED,    /* Art. 21 */
	OUTBOX_EXPORTED,    /* Art. 15, 20: somebody took all data along */
	OUTBOX_ERASED,      /* Art. 17: the certificate */
	OUTBOX_KIND__MAX
};
const char *outbox_kind_name(enum outbox_kind k);
enum outbox_kind outbox_kind_from_name(struct slice name);

struct outbox_new {
	enum store_channel channel;
	int64_t person_id;  /* 0: nobody that is held here; see above */
	int64_t request_id; /* 0: none */
	enum outbox_kind kind;
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct slice slots; /* JSON object text: to, link, unsubscribe, date, message-id, boundary */
	int64_t created_ms;
	int64_t next_ms; /* not before */
};

struct outbox_row {
	int64_t id;
	enum store_channel channel;
	int64_t person_id;
	int64_t request_id;
	enum outbox_kind kind;
	enum outbox_state state;
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct slice slots; /* empty if not readable (person erased, nobody's mail settled) or not asked for */
	bool readable;
	int attempt; /* from 1 */
	struct slice attempt_id;
	int64_t started_ms; /* 0: never */
	int64_t next_ms;
	struct slice provider;
	struct slice provider_id;
	int result_class; /* the worker's own numbers; 0: none */
	struct slice result_code;
	struct slice result_text;
	int64_t created_ms;
	int64_t done_ms; /* 0: open */
};

struct outbox_result {
	enum outbox_state state; /* accepted, failed, unknown, held, dropped, or queued = try again at next_ms */
	int result_class;
	struct slice code;
	struct slice text; /* no personal data */
	struct slice provider;
	struct slice provider_id;
	int64_t next_ms; /* unknown: when to look it up; 0: never, the row is done */
	int64_t now_ms;
	bool untried;    /* claimed, but its turn never came: back to queued or unknown, and what is known stays */
};

enum err outbox_add(struct db *db, const struct outbox_new *n, int64_t *id, struct errinfo *ei);
/*
 * Queued rows with next_ms <= now_ms, or beyond now_ms + OUTBOX_AHEAD_MS, oldest first,
 * become sending: attempt + 1, attempt_id, started_ms. cb gets each with decrypted slots (valid during the
 * call) and may not write. A row that cannot be read any more becomes dropped and is not shown.
 * *count may be NULL.
 */
enum err outbox_claim(struct db *db, int64_t now_ms, unsigned limit, struct slice attempt_id,
    void (*cb)(const struct outbox_row *r, void *arg), void *arg, unsigned *count, struct errinfo *ei);
/* E_CONFLICT: not sending under this attempt_id (somebody else settled it). */
enum err outbox_settle(struct db *db, int64_t id, struct slice attempt_id, const struct outbox_result *r,
    struct errinfo *ei);
/* Sending rows of a dead worker (started before) become unknown, to be looked up at next_ms. *count may be
 * NULL. */
enum err outbox_requeue_stale(struct db *db, int64_t started_before_ms, int64_t next_ms, unsigned *count,
    struct errinfo *ei);
/* When the next queued row is due; INT64_MAX: none. */
enum err outbox_next_due(struct db *db, int64_t *next_ms, struct errinfo *ei);
enum err outbox_counts(struct db *db, int64_t counts[OUTBOX_STATE__MAX], struct errinfo *ei);
/* Slots in row->slots (valid during cb). E_NOT_FOUND. */
enum err outbox_get(struct db *db, int64_t id, void (*cb)(const struct outbox_row *r, void *arg), void *arg,
    struct errinfo *ei);
struct outbox_filter {
	enum outbox_state state; /* OUTBOX_STATE__MAX: all */
	int64_t person_id;       /* 0: all */
	int64_t after_id;
	unsigned limit;          /* 0: 100 */
};
/* By id, without slots. cb returns false to stop. */
enum err outbox_each(struct db *db, const struct outbox_filter *f,
    bool (*cb)(const struct outbox_row *r, void *arg), void *arg, struct errinfo *ei);
/* Open rows of a state with next_ms <= due_ms by next_ms, at most limit, by an index. Without slots. */
enum err outbox_open_each(struct db *db, enum outbox_state state, int64_t due_ms, unsigned limit,
    bool (*cb)(const struct outbox_row *r, void *arg), void *arg, struct errinfo *ei);
/* The row of a provider's message id (hooks), newest. E_NOT_FOUND. *id, *person_id. */
enum err outbox_find_provider(struct db *db, struct slice provider, struct slice provider_id, int64_t *id,
    int64_t *person_id, struct errinfo *ei);
/* Will not be sent. E_CONFLICT if it is sending or done; E_NOT_FOUND. */
enum err outbox_drop(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei);
/* Failed, unknown, held or queued: due now. E_CONFLICT in other states, or wiped; E_NOT_FOUND. */
enum err outbox_retry(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei);
/* Everything queued, held or to be looked up becomes due now. *count may be NULL. */
enum err outbox_retry_all(struct db *db, int64_t now_ms, unsigned *count, struct errinfo *ei);
/* Removes settled rows with done_ms < before_ms, at most limit. Evidence keeps what matters by itself. */
enum err outbox_purge(struct db *db, int64_t before_ms, unsigned limit, unsigned *count, struct errinfo *ei);

#endif
