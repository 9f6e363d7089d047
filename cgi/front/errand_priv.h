#ifndef JAWORT_FRONT_ERRAND_PRIV_H
#define JAWORT_FRONT_ERRAND_PRIV_H
/*
 * errand: one request under way: its memory, its connection and how it is to be
 * answered. As a rule it lives as long as one thread works on it. Parked
 * (web/request.h) it belongs to whoever will resume it; errand_resume() puts it
 * into the list of those that are ready, from which any thread takes it.
 *
 * Each thread may have one at hand; one that parks has none until its next request. The others lie in a pool, last
 * used first, so that no more of them have memory than were needed at once; more than `keep` are given back.
 * Threads: the functions any; an errand belongs to one thread at a time.
 */
#include <pthread.h>
#include <stdbool.h>

#include "front/conn_priv.h"
#include "front/exchange_priv.h"

struct errands;

struct errand {
	struct exchange exchange;
	struct errands *all;
	struct errand **at_hand; /* where the thread that works on it has it */
	struct conn *conn;
	unsigned id;   /* FastCGI's of the request */
	bool keep;     /* the connection goes on behind the answer */
	bool finished; /* the answer's bytes are there */
	bool alone;    /* finishing it takes long: no others are taken with it */
	struct errand *next;
};

struct errands {
	const struct front_app *app;
	int ready_fd; /* one is added each time the list of the ready stops being empty */
	unsigned keep;
	pthread_mutex_t lock; /* for all below */
	struct errand *spare;
	unsigned spares;
	unsigned parked;
	struct errand *ready, **ready_tail;
};

/* ready_fd: an eventfd, stays the caller's. */
void errands_init(struct errands *es, const struct front_app *app, int ready_fd, unsigned keep);
/* When no thread works and none is parked. */
void errands_free(struct errands *es);
/* NULL without memory. */
struct errand *errand_new(struct errands *es);
/* Its request is answered or given up. */
void errand_end(struct errand *e);
/* Takes it from the thread that has it at hand; false: no room. */
bool errand_park(struct errand *e);
void errand_resume(struct errand *e);
/* One that was taken and is to be finished or sent by another thread. */
void errand_return(struct errand *e);
/* Takes up to max that are ready; calls another thread for what is left. */
unsigned errands_take(struct errands *es, struct errand **out, unsigned max);

#endif
