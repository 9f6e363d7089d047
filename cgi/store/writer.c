#include "store/writer.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "store/db_priv.h"
#include "store/keyslot.h"
#include "store/writer_priv.h"

#define WRITER_BACKOFF_MIN_MS 1000
#define WRITER_BACKOFF_MAX_MS 60000
/*
 * Follow-up work begins so long after the commit that left it, and not at once: how much it is depends on
 * who signed up, and neither that answer nor the next may be slower for it. A little by chance, so that
 * nobody can wait for the moment.
 */
#define WRITER_AFTER_MIN_MS 20
#define WRITER_AFTER_SPREAD_MS 30
#define WRITER_PAGE_BYTES 4096
/* A checkpoint beside the writer every so many pages of WAL (16 MiB): a page that many commits change is copied once. */
#define WRITER_CKPT_PAGES (16 * 1024 * 1024 / WRITER_PAGE_BYTES)
/*
 * From here on (64 MiB) the next batch waits for a checkpoint: only then can the WAL start from its beginning again. But
 * for one that has little to do: one beside the batches comes first, and what they wrote meanwhile (2 MiB) is left.
 * Who writes faster than that waits at twice the size, also for the one that still runs beside.
 */
#define WRITER_CKPT_MUST_PAGES (64 * 1024 * 1024 / WRITER_PAGE_BYTES)
#define WRITER_CKPT_REST_PAGES (2 * 1024 * 1024 / WRITER_PAGE_BYTES)
#define WRITER_CKPT_MIN_PAGES (256 * 1024 / WRITER_PAGE_BYTES)

/*
 * A store that nobody writes to for so long has its WAL carried into the database, if it is of any size (1 MiB): else an
 * erasure, which has to leave an empty WAL behind, would do that for all who came before it, while somebody waits.
 */
#define WRITER_REST_MS 2000
#define WRITER_REST_PAGES (1024 * 1024 / WRITER_PAGE_BYTES)

/* Of one store. All members under the pool's mutex, but for those of the thread that has it busy. */
struct writer_queue {
	struct writer_pool *pool;
	struct store *store;
	struct writer_queue *next;
	struct writer_job *head, **tail;
	_Atomic unsigned waiting; /* jobs; read without the mutex by writer_pressed() */
	bool busy;    /* a pool thread has it */
	bool called;  /* a pool thread is on its way: not another one for each job that comes meanwhile */
	bool pending; /* earlier commits left follow-up work */
	bool poked;   /* since the last follow-up began: it has not seen that work */
	enum err (*after)(struct db *db, void *arg, bool *more, struct errinfo *ei);
	void *after_arg;
	int64_t retry_ms; /* monotonic; no follow-up before */
	int64_t backoff_ms;
	unsigned tidying; /* pool threads that make a checkpoint or slots beside the writer */
	bool ckpt_running;
	bool held; /* busy until the checkpoint that runs beside is done: the WAL is too long for another batch */
	int ckpt_pages; /* WAL pages at the last checkpoint */
	int64_t rest_ms; /* monotonic; then, if nobody came meanwhile, a checkpoint. 0: none */
};

/*
 * A pool thread without work. The last one to become idle is called first, while what it needs is still in its
 * processor's cache: with all on one condition, threads took turns, and each due time woke every one of them.
 */
struct pool_idle {
	pthread_cond_t call;
	bool called;
	struct pool_idle *next;
};

struct writer_pool {
	pthread_mutex_t mu;
	struct pool_idle *idlers;
	int64_t alarm_ms; /* monotonic: the earliest time for which an idle thread wakes by itself; INT64_MAX: none does */
	pthread_cond_t idle; /* for writer_detach() */
	struct writer_queue *queues;
	pthread_t threads[WRITER_THREADS_MAX];
	unsigned count;
	unsigned queue_max;
	bool ending;
	void (*wake)(void *arg, struct store *s);
	void *wake_arg;
	struct writer_stats stats;
};

/* What one turn of a pool thread takes on and finds out. */
struct writer_batch {
	struct writer_job *jobs[WRITER_BATCH_MAX];
	unsigned count;
	bool try_after;
	bool did_after;
	bool after_failed;
	bool more;
	bool wakes;
	unsigned commits;
};

static bool queue_after_due(const struct writer_queue *q, int64_t now)
{
	return q->pending && q->after && !q->pool->ending && now >= q->retry_ms;
}

static bool queue_rests(const struct writer_queue *q, int64_t now)
{
	return q->rest_ms && !q->ckpt_running && !q->pool->ending && now >= q->rest_ms;
}

static bool queue_has_work(const struct writer_queue *q, int64_t now)
{
	return !q->busy && (q->head || queue_after_due(q, now) || queue_rests(q, now));
}

/* When a store that has no work yet will have some by itself; INT64_MAX: never. */
static int64_t queue_due_ms(const struct writer_queue *q)
{
	int64_t due = INT64_MAX;
	if (q->busy || q->pool->ending)
		return due;
	if (q->pending && q->after)
		due = q->retry_ms;
	if (q->rest_ms && !q->ckpt_running && q->rest_ms < due)
		due = q->rest_ms;
	return due;
}

/* The next store with work; it goes to the end of the list, so that stores take turns. *due_ms: when others have some. */
static struct writer_queue *pool_pick(struct writer_pool *p, int64_t now, int64_t *due_ms)
{
	struct writer_queue **at = &p->queues, *q = NULL;
	*due_ms = INT64_MAX;
	while (*at) {
		if (!q && queue_has_work(*at, now)) {
			q = *at;
			*at = q->next;
			q->next = NULL;
			continue;
		}
		int64_t due = queue_has_work(*at, now) ? now : queue_due_ms(*at);
		if (due < *due_ms)
			*due_ms = due;
		at = &(*at)->next;
	}
	*at = q;
	return q;
}

/* Has a look at the stores: for work that nobody is about to find. The mutex is held. */
static void pool_call(struct writer_pool *p)
{
	struct pool_idle *i = p->idlers;
	if (!i)
		return;
	p->idlers = i->next;
	i->called = true;
	p->stats.calls++;
	pthread_cond_signal(&i->call);
}

/* What waits now. The mutex is held. */
static void queue_take(struct writer_queue *q, struct writer_batch *b)
{
	while (q->head && b->count < WRITER_BATCH_MAX) {
		struct writer_job *j = q->head;
		q->head = j->next;
		b->jobs[b->count++] = j;
	}
	if (!q->head)
		q->tail = &q->head;
	q->waiting -= b->count;
}

static void queue_take_late(struct writer_queue *q, struct writer_batch *b)
{
	pthread_mutex_lock(&q->pool->mu);
	queue_take(q, b);
	pthread_mutex_unlock(&q->pool->mu);
}

static void job_fail(struct writer_job *j, const struct errinfo *ei, enum err e)
{
	j->result = e;
	j->ei = *ei;
}

static enum err batch_jobs(struct db *db, struct writer_job *const *jobs, unsigned count, struct errinfo *ei)
{
	for (unsigned i = 0; i < count; i++) {
		enum err e = jobs[i]->run(db, jobs[i]->arg, ei);
		if (e)
			return e;
		jobs[i]->result = OK;
	}
	return OK;
}

/* One transaction with these jobs and no follow-up. */
static enum err batch_plain(struct writer_queue *q, struct writer_batch *b, struct writer_job *const *jobs,
    unsigned count, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_write_begin(q->store, &db, ei);
	if (e)
		return e;
	e = batch_jobs(db, jobs, count, ei);
	if (e) {
		store_write_rollback(q->store);
		return e;
	}
	bool added = db->wakes;
	e = store_write_commit(q->store, ei);
	if (!e) {
		b->commits++;
		b->wakes |= added;
	}
	return e;
}

/* A job of the batch failed: each in its own transaction, so that only those report it that fail. */
static void batch_alone(struct writer_queue *q, struct writer_batch *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		struct errinfo ei = {0};
		enum err e = batch_plain(q, b, &b->jobs[i], 1, &ei);
		if (e)
			job_fail(b->jobs[i], &ei, e);
		else
			b->jobs[i]->result = OK;
	}
}

static enum err batch_after(struct writer_queue *q, struct writer_batch *b, struct db *db)
{
	struct errinfo ei = {0};
	enum err e = q->after(db, q->after_arg, &b->more, &ei);
	b->did_after = !e;
	b->after_failed = e != OK;
	if (e)
		log_err(LOG_ERROR, "follow_up", &ei);
	return e;
}

static void batch_fail(struct writer_batch *b, const struct errinfo *ei, enum err e)
{
	for (unsigned i = 0; i < b->count; i++)
		job_fail(b->jobs[i], ei, e);
	if (b->did_after || (b->try_after && b->count == 0)) {
		b->did_after = false;
		b->after_failed = true;
		log_err(LOG_ERROR, "follow_up", ei);
	}
}

/* All jobs in the transaction that is open, and its commit. */
static void batch_commit(struct writer_queue *q, struct writer_batch *b, struct db *db)
{
	struct errinfo ei = {0};
	enum err e = batch_jobs(db, b->jobs, b->count, &ei);
	if (e) {
		store_write_rollback(q->store);
		b->did_after = false;
		if (b->count > 1)
			batch_alone(q, b);
		else
			job_fail(b->jobs[0], &ei, e);
		return;
	}
	b->wakes = db->wakes;
	e = store_write_commit(q->store, &ei);
	if (e)
		batch_fail(b, &ei, e);
	else
		b->commits++;
}

static void batch_run(struct writer_queue *q, struct writer_batch *b)
{
	struct errinfo ei = {0};
	struct db *db;
	enum err e = store_write_begin(q->store, &db, &ei);
	if (e) {
		/* Jobs that come meanwhile are not part of this: they get a try of their own. */
		batch_fail(b, &ei, e);
		return;
	}
	if (b->try_after) {
		/* First, so that jobs which come meanwhile are in this commit and need not wait for one of their own. */
		e = batch_after(q, b, db);
		queue_take_late(q, b);
	}
	if (!e) {
		batch_commit(q, b, db);
		return;
	}
	store_write_rollback(q->store);
	/* The jobs are not to blame. */
	if (b->count > 0 && batch_plain(q, b, b->jobs, b->count, &ei) != OK)
		batch_alone(q, b);
}

static void queue_checkpoint(struct writer_queue *q)
{
	struct errinfo ei = {0};
	if (!atomic_load(&q->store->condemned) && store_checkpoint(q->store, &ei) != OK)
		log_err(LOG_WARN, "checkpoint", &ei);
}

static void queue_slots(struct writer_queue *q)
{
	struct errinfo ei = {0};
	if (keyslots_low(q->store) && keyslot_reserve(q->store, &ei) != OK)
		log_err(LOG_WARN, "key_slots", &ei);
}

/* Whether a checkpoint is due; *must: before the next batch. The mutex is held. */
static bool queue_ckpt_due(struct writer_queue *q, bool *must)
{
	int pages = atomic_load(&q->store->wal_pages);
	if (pages < q->ckpt_pages)
		q->ckpt_pages = 0; /* the WAL began anew */
	int left = pages - q->ckpt_pages;
	*must = pages >= 2 * WRITER_CKPT_MUST_PAGES || (pages >= WRITER_CKPT_MUST_PAGES && left <= WRITER_CKPT_REST_PAGES);
	/* where a long look holds the WAL, not after each batch */
	if (q->ckpt_running || left < (pages < WRITER_CKPT_MUST_PAGES ? WRITER_CKPT_PAGES : WRITER_CKPT_MIN_PAGES))
		return false;
	q->ckpt_running = true;
	q->ckpt_pages = pages;
	return true;
}

/* The mutex is held; the caller looks for work next, also for what lay in a queue that was held. */
static void queue_ckpt_done(struct writer_queue *q)
{
	q->ckpt_running = false;
	if (q->held)
		q->held = q->busy = false;
}

/* Carried into the database while nobody waits. Mutex held as above. */
static void queue_rest(struct writer_pool *p, struct writer_queue *q)
{
	struct errinfo ei = {0};
	q->rest_ms = 0;
	q->ckpt_running = true;
	q->ckpt_pages = atomic_load(&q->store->wal_pages);
	q->tidying++;
	/* pool_pick() has not counted this store */
	if (queue_due_ms(q) < p->alarm_ms)
		pool_call(p);
	pthread_mutex_unlock(&p->mu);
	if (!atomic_load(&q->store->condemned) && store_carry_wal(q->store, &ei) != OK)
		log_err(LOG_WARN, "checkpoint", &ei);
	pthread_mutex_lock(&p->mu);
	q->tidying--;
	queue_ckpt_done(q);
	pthread_cond_broadcast(&p->idle);
}

static void queue_after_done(struct writer_queue *q, const struct writer_batch *b, bool committed)
{
	int pages = atomic_load(&q->store->wal_pages), known = pages < q->ckpt_pages ? 0 : q->ckpt_pages;
	q->rest_ms = pages - known >= WRITER_REST_PAGES ? clock_mono_ms() + WRITER_REST_MS : 0;
	if (b->did_after) {
		q->pending = b->more || q->poked;
		q->backoff_ms = 0;
		q->retry_ms = 0;
	}
	if (b->after_failed) {
		q->backoff_ms = q->backoff_ms ? q->backoff_ms * 2 : WRITER_BACKOFF_MIN_MS;
		if (q->backoff_ms > WRITER_BACKOFF_MAX_MS)
			q->backoff_ms = WRITER_BACKOFF_MAX_MS;
		q->retry_ms = clock_mono_ms() + q->backoff_ms;
	}
	if (committed && !q->pending) {
		q->pending = true;
		q->retry_ms = clock_mono_ms() + WRITER_AFTER_MIN_MS + crypt_random_below(WRITER_AFTER_SPREAD_MS);
	}
}

static void pool_count(struct writer_pool *p, const struct writer_batch *b)
{
	uint64_t ok = 0;
	for (unsigned i = 0; i < b->count; i++)
		ok += b->jobs[i]->result == OK;
	p->stats.jobs += ok;
	p->stats.failed += b->count - ok;
	p->stats.afters += b->did_after;
	if (b->count > 0)
		p->stats.batches += b->commits;
}

/* Called and left with the mutex held. */
static void batch_finish(struct writer_pool *p, struct writer_queue *q, struct writer_batch *b)
{
	pool_count(p, b);
	queue_after_done(q, b, b->count > 0 && b->commits > 0);
	pthread_mutex_unlock(&p->mu);
	/* A job's memory is its caller's and not touched after this. */
	for (unsigned i = 0; i < b->count; i++)
		b->jobs[i]->done(b->jobs[i]);
	if (b->wakes && b->commits && p->wake)
		p->wake(p->wake_arg, q->store);
	pthread_mutex_lock(&p->mu);
}

/*
 * Checkpoint and key slots, beside the next batches unless the WAL must end. Mutex held as above. Another thread is
 * called only if this one stays away: else it goes on itself with what waits (a handover for each batch would cost
 * two switches and a cold cache). No work is left lying: a store that was free and got work has called a thread, and
 * one that this thread frees is looked at by it in pool_pick() before the mutex is let go.
 */
static void queue_tidy(struct writer_pool *p, struct writer_queue *q, bool slots)
{
	/* On a slow disk batches would go on for long before one checkpoint is done. */
	if (q->ckpt_running && atomic_load(&q->store->wal_pages) >= 2 * WRITER_CKPT_MUST_PAGES) {
		q->held = true;
		return;
	}
	bool must, due = queue_ckpt_due(q, &must);
	if (!due || !must)
		q->busy = false;
	if (!due && !slots)
		return;
	if (!q->busy)
		pool_call(p);
	q->tidying++;
	pthread_mutex_unlock(&p->mu);
	if (slots)
		queue_slots(q);
	if (due)
		queue_checkpoint(q);
	pthread_mutex_lock(&p->mu);
	q->tidying--;
	if (due && must)
		q->busy = false;
	if (due)
		queue_ckpt_done(q);
}

static void pool_turn(struct writer_pool *p, struct writer_queue *q, struct writer_batch *b)
{
	*b = (struct writer_batch){.try_after = queue_after_due(q, clock_mono_ms())};
	if (!b->try_after)
		queue_take(q, b);
	else
		q->poked = false;
	q->busy = true;
	q->called = false;
	pthread_mutex_unlock(&p->mu);
	batch_run(q, b);
	bool slots = b->did_after && keyslots_low(q->store);
	pthread_mutex_lock(&p->mu);
	batch_finish(p, q, b);
	queue_tidy(p, q, slots);
	pthread_cond_broadcast(&p->idle);
}

static void idler_leave(struct writer_pool *p, struct pool_idle *i)
{
	struct pool_idle **at = &p->idlers;
	while (*at && *at != i)
		at = &(*at)->next;
	if (*at)
		*at = i->next;
}

/* clock_mono_ms() may run ahead of the clock of conditions (in tests), so the time is told as a distance. */
static struct timespec until_ms(int64_t due_ms)
{
	int64_t wait_ms = due_ms == INT64_MAX ? 0 : due_ms - clock_mono_ms();
	struct timespec t;
	if (wait_ms < 0)
		wait_ms = 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += wait_ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Until called, or until due_ms if nobody else wakes by then. The mutex is held. */
static void pool_wait(struct writer_pool *p, struct pool_idle *i, int64_t due_ms)
{
	const struct timespec until = until_ms(due_ms);
	bool alarm = due_ms < p->alarm_ms;
	int rc = 0;
	if (alarm)
		p->alarm_ms = due_ms;
	i->called = false;
	i->next = p->idlers;
	p->idlers = i;
	while (!i->called && !p->ending && rc != ETIMEDOUT)
		rc = alarm ? pthread_cond_timedwait(&i->call, &p->mu, &until) : pthread_cond_wait(&i->call, &p->mu);
	if (!i->called)
		idler_leave(p, i);
	if (alarm && p->alarm_ms == due_ms)
		p->alarm_ms = INT64_MAX;
}

/* One look at the stores; false: the pool ends and nothing is left. The mutex is held. */
static bool pool_step(struct writer_pool *p, struct writer_batch *b, struct pool_idle *idle)
{
	int64_t now = clock_mono_ms(), due_ms;
	struct writer_queue *q = pool_pick(p, now, &due_ms);
	if (!q && p->ending)
		return false;
	if (!q) {
		pool_wait(p, idle, due_ms);
		return true;
	}
	/* this thread may be away for long */
	if (due_ms < p->alarm_ms)
		pool_call(p);
	if (!q->head && !queue_after_due(q, now))
		queue_rest(p, q);
	else
		pool_turn(p, q, b);
	return true;
}

static void *pool_thread(void *arg)
{
	struct writer_pool *p = arg;
	struct writer_batch *b = calloc(1, sizeof *b);
	struct pool_idle idle = {.called = false};
	pthread_condattr_t attr;
	bug_if(!b);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&idle.call, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&p->mu);
	while (pool_step(p, b, &idle))
		;
	pthread_mutex_unlock(&p->mu);
	pthread_cond_destroy(&idle.call);
	free(b);
	return NULL;
}

struct writer_pool *writer_pool_new(unsigned threads)
{
	struct writer_pool *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	pthread_mutex_init(&p->mu, NULL);
	pthread_cond_init(&p->idle, NULL);
	p->alarm_ms = INT64_MAX;
	p->queue_max = WRITER_QUEUE_MAX;
	threads = threads < 1 ? 1 : threads > WRITER_THREADS_MAX ? WRITER_THREADS_MAX : threads;
	while (p->count < threads && pthread_create(&p->threads[p->count], NULL, pool_thread, p) == 0)
		p->count++;
	if (p->count == 0) {
		writer_pool_free(p);
		return NULL;
	}
	return p;
}

void writer_pool_free(struct writer_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mu);
	p->ending = true;
	while (p->idlers)
		pool_call(p);
	pthread_mutex_unlock(&p->mu);
	for (unsigned i = 0; i < p->count; i++)
		pthread_join(p->threads[i], NULL);
	while (p->queues) {
		struct writer_queue *q = p->queues;
		p->queues = q->next;
		q->store->queue = NULL;
		free(q);
	}
	pthread_cond_destroy(&p->idle);
	pthread_mutex_destroy(&p->mu);
	free(p);
}

enum err writer_attach(struct writer_pool *p, struct store *s,
    enum err (*after)(struct db *db, void *arg, bool *more, struct errinfo *ei), void *arg,
    struct errinfo *ei)
{
	bug_if(s->queue != NULL);
	struct writer_queue *q = calloc(1, sizeof *q);
	if (!q)
		return err_set(ei, E_NOMEM, "%s: no memory for a queue", s->site);
	q->pool = p;
	q->store = s;
	q->tail = &q->head;
	q->after = after;
	q->after_arg = arg;
	q->pending = true; /* what a crash left */
	pthread_mutex_lock(&p->mu);
	q->next = p->queues;
	p->queues = q;
	s->queue = q;
	pool_call(p);
	pthread_mutex_unlock(&p->mu);
	return OK;
}

/* Nothing that comes by itself. Follow-up work that failed may take long until its next try: it is not waited for. */
static bool queue_quiet(const struct writer_queue *q)
{
	return !q->busy && !q->head && !q->tidying &&
	    !(q->pending && q->after && q->backoff_ms == 0 && !q->pool->ending);
}

bool writer_detach(struct writer_pool *p, struct store *s)
{
	struct writer_queue *q = s->queue, **at = &p->queues;
	bool done;
	if (!q)
		return true;
	pthread_mutex_lock(&p->mu);
	while (!queue_quiet(q))
		pthread_cond_wait(&p->idle, &p->mu);
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	s->queue = NULL;
	done = !q->pending || !q->after;
	pthread_mutex_unlock(&p->mu);
	free(q);
	return done;
}

bool writer_quiet(struct writer_pool *p, struct store *s)
{
	pthread_mutex_lock(&p->mu);
	bool quiet = !s->queue || queue_quiet(s->queue);
	pthread_mutex_unlock(&p->mu);
	return quiet;
}

static enum err queue_put(struct writer_pool *p, struct writer_queue *q, struct writer_job *j,
    struct errinfo *ei)
{
	enum err e = OK;
	pthread_mutex_lock(&p->mu);
	if (p->ending || q->waiting >= p->queue_max) {
		p->stats.refused++;
		e = err_set(ei, E_BUSY, p->ending ? "%s: the program is ending" : "%s: the queue of writes is full",
		    q->store->site);
	} else {
		*q->tail = j;
		q->tail = &j->next;
		q->waiting++;
		if (!q->busy && !q->called) {
			q->called = true;
			pool_call(p);
		}
	}
	pthread_mutex_unlock(&p->mu);
	return e;
}

enum err writer_submit(struct writer_pool *p, struct store *s, struct writer_job *job, struct errinfo *ei)
{
	/* Inside a write transaction of this thread it would wait for itself. */
	bug_if(lock_mine(s) || !s->queue);
	job->next = NULL;
	job->result = E_IO;
	return queue_put(p, s->queue, job, ei);
}

/* A job that a thread waits for. */
struct waited {
	struct writer_job job;
	sem_t done;
};

static void waited_done(struct writer_job *job)
{
	sem_post(&((struct waited *)job)->done);
}

enum err writer_run(struct writer_pool *p, struct store *s,
    enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *arg, struct errinfo *ei)
{
	struct waited w = {.job = {.run = run, .arg = arg, .done = waited_done}};
	sem_init(&w.done, 0, 0);
	enum err e = writer_submit(p, s, &w.job, ei);
	if (!e) {
		while (sem_wait(&w.done) < 0 && errno == EINTR)
			;
		e = w.job.result;
		if (e && ei)
			*ei = w.job.ei;
	}
	sem_destroy(&w.done);
	return e;
}

void writer_queue_limit(struct writer_pool *p, unsigned limit)
{
	pthread_mutex_lock(&p->mu);
	p->queue_max = limit;
	pthread_mutex_unlock(&p->mu);
}

bool writer_pressed(const struct db *db)
{
	const struct writer_queue *q = db->store->queue;
	return q && atomic_load_explicit(&q->waiting, memory_order_relaxed) > 0;
}

unsigned writer_queue_length(struct writer_pool *p, struct store *s)
{
	pthread_mutex_lock(&p->mu);
	unsigned n = s->queue ? s->queue->waiting : 0;
	pthread_mutex_unlock(&p->mu);
	return n;
}

void writer_poke(struct writer_pool *p, struct store *s)
{
	pthread_mutex_lock(&p->mu);
	if (s->queue) {
		s->queue->pending = true;
		s->queue->poked = true;
		pool_call(p);
	}
	pthread_mutex_unlock(&p->mu);
}

void writer_wake_hook(struct writer_pool *p, void (*fn)(void *arg, struct store *s), void *arg)
{
	pthread_mutex_lock(&p->mu);
	p->wake = fn;
	p->wake_arg = arg;
	pthread_mutex_unlock(&p->mu);
}

void writer_stats(struct writer_pool *p, struct writer_stats *out)
{
	pthread_mutex_lock(&p->mu);
	*out = p->stats;
	pthread_mutex_unlock(&p->mu);
}
