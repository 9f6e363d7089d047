#ifndef JAWORT_STORE_WRITER_H
#define JAWORT_STORE_WRITER_H
/*
 * writer: group commit. Many threads hand in small jobs; one pool thread per
 * store takes all that wait (<= 512), runs them in one transaction, commits once,
 * wakes all. The commit under way is the gathering window, there is no timer.
 *
 * Jobs must be repeatable: when one job of a batch returns an error, the whole
 * batch is rolled back and every job runs again, each in its own transaction.
 * So a job sets its results anew in each run, and expected outcomes ("link expired")
 * are results in arg, not errors. A job never begins or commits by itself.
 *
 * Threads: writer_run() and writer_submit() from any thread that is not inside a write transaction.
 */
#include <stdbool.h>
#include "base/err.h"
#include "store/db.h"

#define WRITER_THREADS_MAX 8
#define WRITER_QUEUE_MAX 4096
#define WRITER_BATCH_MAX 512

struct writer_pool;

/* Work for the writer; memory of who hands it in, until done() is called. */
struct writer_job {
	enum err (*run)(struct db *db, void *arg, struct errinfo *ei);
	void *arg;
	/*
	 * Once, when the job is durable or has failed (result, ei), from a pool thread that has other work: it must not
	 * wait for anything. The memory is the caller's again.
	 */
	void (*done)(struct writer_job *job);
	enum err result;
	struct errinfo ei;
	struct writer_job *next; /* the queue's */
};

/* NULL without memory or threads. threads is clipped to 1..WRITER_THREADS_MAX. */
struct writer_pool *writer_pool_new(unsigned threads);
/* Finishes what is queued, runs no further follow-up work, joins the threads. Stores are closed after it. */
void writer_pool_free(struct writer_pool *p);
/*
 * Makes the store usable with the pool and sets its follow-up (may be NULL). Once
 * per store, before writer_run(); runs the follow-up once for what a crash left.
 * Some 20 to 50 ms after a commit, after() is called inside a transaction, after the jobs,
 * for work that EARLIER commits left behind (see intake_committed_id()); it handles a
 * bounded portion and says with *more that some is left. With no jobs waiting it gets transactions of its own until
 * *more is false. Its errors are logged, retried after 1 s doubling to 60 s, and never fail a job.
 */
enum err writer_attach(struct writer_pool *p, struct store *s,
    enum err (*after)(struct db *db, void *arg, bool *more, struct errinfo *ei), void *arg,
    struct errinfo *ei);
/*
 * Waits until this store's queue is empty and its follow-up is done, also what is only due in a moment, and takes it
 * out of the pool. True: nothing is left. False: follow-up work failed and waits for its next try, or the pool is
 * ending; it is done after the next writer_attach().
 */
bool writer_detach(struct writer_pool *p, struct store *s);
/* Whether writer_detach() would not have to wait. */
bool writer_quiet(struct writer_pool *p, struct store *s);
/*
 * Queues the job and blocks until it is durable or has failed. E_BUSY at once
 * when WRITER_QUEUE_MAX jobs wait or the pool is ending; otherwise the job's own
 * error, or that of the commit.
 */
enum err writer_run(struct writer_pool *p, struct store *s,
    enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *arg, struct errinfo *ei);
/*
 * The same without waiting for it: job->done() is called, perhaps before this returns. An error (E_BUSY as above): it
 * never will be.
 */
enum err writer_submit(struct writer_pool *p, struct store *s, struct writer_job *job, struct errinfo *ei);
/*
 * For after(): do jobs wait for the end of this transaction? Then the portion should be small, as visitors wait for
 * them. Without a lock: what it says may be over.
 */
bool writer_pressed(const struct db *db);
/* Without waiting: says that follow-up work may exist (another process left some). */
void writer_poke(struct writer_pool *p, struct store *s);
/* Called from a pool thread after a commit that added outbox rows. Set before the first writer_attach(). */
void writer_wake_hook(struct writer_pool *p, void (*fn)(void *arg, struct store *s), void *arg);

struct writer_stats {
	uint64_t jobs;     /* durable */
	uint64_t batches;  /* commits with at least one job */
	uint64_t afters;   /* successful follow-up runs */
	uint64_t failed;   /* jobs that returned an error */
	uint64_t refused;  /* queue full */
	uint64_t calls;    /* idle threads of the pool that were called */
};
void writer_stats(struct writer_pool *p, struct writer_stats *out);

#endif
