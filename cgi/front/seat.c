#include "front/seat_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/cpus.h"

/* Looks without anything to do after which the guard sleeps: a quarter of a second. */
#define GUARD_LOOKS 64

unsigned seats_normal(unsigned workers)
{
	unsigned n = cpus_usable() > SEATS_MIN ? cpus_usable() : SEATS_MIN;

	return n < workers ? n : workers;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		bug_if(errno != EINTR);
}

/* More sit from now on, at most all. */
static void seats_add(struct seats *s, unsigned more)
{
	unsigned taken = atomic_load(&s->taken), next;
	do
		next = taken + more < s->workers ? taken + more : s->workers;
	while (!atomic_compare_exchange_weak(&s->taken, &taken, next));
	for (; taken < next; taken++)
		bug_if(sem_post(&s->free));
}

static bool all_busy(struct seats *s)
{
	return atomic_load(&s->busy) >= atomic_load(&s->taken);
}

/* How many sit with the same event for so long that others should not wait for them. */
static unsigned stuck(struct seats *s, int64_t now_ms)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->workers; i++) {
		int64_t since = atomic_load_explicit(&s->seat[i].since_ms, memory_order_relaxed);
		n += since && now_ms - since >= SEAT_STUCK_MS;
	}
	return n;
}

/* Until nothing was to be done for a while. */
static void guard_look(struct seats *s)
{
	const struct timespec pause = {.tv_nsec = SEAT_STUCK_MS * 1000000};
	for (unsigned quiet = 0; quiet < GUARD_LOOKS && !atomic_load(&s->ended); quiet++) {
		nanosleep(&pause, NULL);
		if (!all_busy(s))
			continue;
		quiet = 0;
		unsigned n = stuck(s, clock_mono_ms());
		if (n && n >= atomic_load(&s->taken))
			seats_add(s, n);
	}
}

static void *guard_main(void *arg)
{
	struct seats *s = arg;
	while (!atomic_load(&s->ended)) {
		wait_for(&s->guard_wake);
		do {
			guard_look(s);
			atomic_store(&s->guarded, false);
			/* who became the last one free before that has called nobody */
		} while (!atomic_load(&s->ended) && all_busy(s) && !atomic_exchange(&s->guarded, true));
	}
	return NULL;
}

enum err seats_start(struct seats *s, unsigned normal, unsigned workers, struct errinfo *ei)
{
	*s = (struct seats){.normal = normal, .workers = workers};
	bug_if(sem_init(&s->free, 0, 0) || sem_init(&s->guard_wake, 0, 0));
	s->seat = calloc(workers, sizeof(*s->seat));
	if (!s->seat)
		return err_set(ei, E_NOMEM, "no memory for %u threads", workers);
	seats_add(s, normal);
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	s->guard_runs = !pthread_create(&s->guard, NULL, guard_main, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return s->guard_runs ? OK : err_set(ei, E_NOMEM, "cannot start the thread that watches the others");
}

void seats_end(struct seats *s)
{
	if (!s->seat)
		return;
	atomic_store(&s->ended, true);
	/* for each one, not only as many as `taken` lacks: who gets up in this moment takes its seat off it only later */
	for (unsigned i = 0; i < s->workers; i++)
		bug_if(sem_post(&s->free));
	if (!s->guard_runs)
		return;
	bug_if(sem_post(&s->guard_wake));
	pthread_join(s->guard, NULL);
	s->guard_runs = false;
}

void seats_free(struct seats *s)
{
	if (!s->seat)
		return;
	free(s->seat);
	s->seat = NULL;
	sem_destroy(&s->free);
	sem_destroy(&s->guard_wake);
}

void seats_take(struct seats *s)
{
	wait_for(&s->free);
}

/* If all are busy. */
static void guard_call(struct seats *s)
{
	if (all_busy(s) && !atomic_load(&s->guarded) && !atomic_exchange(&s->guarded, true))
		bug_if(sem_post(&s->guard_wake));
}

void seat_busy(struct seats *s, unsigned n)
{
	atomic_store_explicit(&s->seat[n].since_ms, clock_mono_ms(), memory_order_relaxed);
	atomic_fetch_add(&s->busy, 1);
	guard_call(s);
}

bool seat_idle(struct seats *s, unsigned n)
{
	atomic_store_explicit(&s->seat[n].since_ms, 0, memory_order_relaxed);
	atomic_fetch_sub(&s->busy, 1);
	unsigned taken = atomic_load(&s->taken);
	while (taken > s->normal && !atomic_load(&s->ended))
		if (atomic_compare_exchange_weak(&s->taken, &taken, taken - 1)) {
			/* between both numbers the guard may have seen a free seat and gone to sleep */
			guard_call(s);
			return false;
		}
	return true;
}
