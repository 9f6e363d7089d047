#ifndef JAWORT_FRONT_SEAT_PRIV_H
#define JAWORT_FRONT_SEAT_PRIV_H
/*
 * seat: how many workers are awake. A worker waits for connections only while it
 * has a seat, and there are as many seats as processors. With more, the kernel
 * wakes a further worker for each connection, which then waits for a processor:
 * the same form cost twice the processor time with 32 awake as with two
 * (docs/performance.md).
 *
 * As requests that wait for the disk are parked, a seat is rarely held for long.
 * Where it is (a bundle, an erasure, a slow disk), a guard notices that all who
 * sit have been with the same event for SEAT_STUCK_MS, and seats as many again,
 * until all workers sit. Who is too many gets up behind its event.
 *
 * Threads: seats_take, seat_busy and seat_idle from workers, each with its own
 * seat; the rest from the thread that starts and ends them.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* So long nobody else is woken for what waits behind a slow request; and between two looks of the guard. */
#define SEAT_STUCK_MS 4
/* Fewer are not enough even on one processor: one of two may be slow. */
#define SEATS_MIN 2u

struct seat {
	_Atomic int64_t since_ms; /* clock_mono_ms() of the event it is with; 0: none */
};

struct seats {
	unsigned normal;      /* seats where nobody is stuck */
	unsigned workers;     /* at most so many sit */
	_Atomic unsigned taken; /* who sits, and who was called to */
	_Atomic unsigned busy;  /* of them with an event */
	atomic_bool guarded;  /* the guard looks; else it sleeps until all are busy */
	atomic_bool ended;
	struct seat *seat;    /* one of each worker */
	sem_t free;
	sem_t guard_wake;
	pthread_t guard;
	bool guard_runs;
};

/* Processors this process may use, at least SEATS_MIN, at most `workers`. */
unsigned seats_normal(unsigned workers);
/* E_NOMEM; seats_end() and seats_free() are due in any case. */
enum err seats_start(struct seats *s, unsigned normal, unsigned workers, struct errinfo *ei);
/* Everybody sits from now on; the guard is gone. May be called again. */
void seats_end(struct seats *s);
/* When no worker runs. */
void seats_free(struct seats *s);

/* Waits for a seat. */
void seats_take(struct seats *s);
/* An event has come for the worker with seat number n. */
void seat_busy(struct seats *s, unsigned n);
/* It is dealt with; false: too many sit, this one has got up and must seats_take(). */
bool seat_idle(struct seats *s, unsigned n);

#endif
