#ifndef JAWORT_SEND_BATCH_PRIV_H
#define JAWORT_SEND_BATCH_PRIV_H
/*
 * batch: up to WORKER_BATCH_MAX mails of one site between claim and settlement.
 *
 * One batch per site at a time. claim: one transaction. Then every task walks
 * waiting -> flying -> done; what is done is settled in one transaction, at the
 * latest half a second after it was done, so that a kill leaves few unknowns.
 *
 * A mail and its request are some 20 KB and live from start to answer, in the task's
 * own arena; what settlement needs is in the task or in the batch's.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "send/http.h"
#include "send/route_priv.h"
#include "send/tag_priv.h"
#include "send/worker.h"
#include "store/outbox.h"

#define BATCH_ARENA_BYTES (4u * 1024u * 1024u)
#define TASK_ARENA_BYTES (8u * 1024u * 1024u)
#define TASK_BLOCK_BYTES (16u * 1024u)
/* Of a request, beside address and body: headers, envelope, the mail's id. */
#define PACKED_MORE_BYTES 2048u
#define BATCH_SETTLE_AFTER_MS 500

/* Mails of one batch have few different texts; each is read and checked once. */
#define BATCH_TEXTS 4
struct batch_text {
	bool whole; /* else it is none */
	unsigned char hash[STORE_HASH_BYTES];
	struct message m; /* with markers; in arena */
	struct arena arena;
};

enum task_state { TASK_WAITING, TASK_FLYING, TASK_DONE, TASK_SETTLED };

struct batch;

struct task {
	struct tag tag; /* first: http_call.tag points here */
	struct batch *batch;
	struct route_hop *hop; /* the batch's; of an unknown mail the one that may have it */
	int64_t id, person_id, request_id, created_ms;
	enum outbox_kind kind;
	int attempt;
	unsigned char mail_hash[STORE_HASH_BYTES];
	struct slice slots;
	enum task_state state;
	bool unknown;  /* an earlier try may have arrived: look up, or send once more */
	bool repeat;   /* unknown, and the provider itself knows it again: send without asking */
	bool looking;  /* the call under way is the look-up */
	bool tried;    /* a request of this attempt left or a file was written */
	int64_t done_mono_ms;
	struct arena arena; /* of m, req and call: emptied when the task is done */
	struct message m;
	struct slice proof; /* mail/sent.h, in the batch's arena; empty: it could not be made */
	struct provider_request req;
	struct provider_result res;
	struct http_call call;
};

struct batch {
	const struct conf_site *site;
	struct store *store;
	struct route *route;
	struct route_hop *hop;
	struct http *http;
	const struct worker_opts *opts;
	char attempt_id[40];
	struct arena arena;
	struct batch_text texts[BATCH_TEXTS];
	size_t ntexts; /* read so far; the last BATCH_TEXTS are kept */
	struct task tasks[WORKER_BATCH_MAX];
	size_t n, next_waiting, flying, done, settled;
	int64_t unknown_ids[WORKER_BATCH_MAX]; /* rows to be looked up, found at claim */
	int64_t unknown_started_ms[WORKER_BATCH_MAX];
	size_t nunknown;
	int64_t settle_retry_ms; /* mono; after a failed settlement */
	unsigned settle_failures;
};

/* When the site has something to do again. */
struct batch_due {
	int64_t queued_ms;  /* next queued row */
	int64_t unknown_ms; /* next look-up */
	bool held;          /* rows that wait for a held provider */
};
enum err batch_due_read(struct store *st, struct batch_due *out, struct errinfo *ei);

/* NULL: nothing was due, or an error (logged). limit 1 probes a held provider. */
struct batch *batch_claim(const struct worker_opts *o, struct store *st, struct route *r,
    struct route_hop *hop, struct http *h);
void batch_free(struct batch *b);
/* Starts the next waiting task. False: none is waiting, or the provider has no room for one more now. */
bool batch_start_next(struct batch *b);
/* Are there mails whose turn has not come? */
bool batch_waiting(struct batch *b);
/* Takes a finished call; may start the next step of the same task. */
void task_call_done(struct tag *tag);
/* Stop: what has not been started goes back into the queue. */
void batch_abandon_waiting(struct batch *b);
/* Settles what is done, if it is time. True: the whole batch is settled (or given up) and can be freed. */
bool batch_settle(struct batch *b);

#endif
