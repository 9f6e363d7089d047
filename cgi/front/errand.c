#include "front/errand_priv.h"

#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/bug.h"

void errands_init(struct errands *es, const struct front_app *app, int ready_fd, unsigned keep)
{
	*es = (struct errands){.app = app, .ready_fd = ready_fd, .keep = keep};
	es->ready_tail = &es->ready;
	bug_if(pthread_mutex_init(&es->lock, NULL));
}

static void errand_free(struct errand *e)
{
	exchange_free(&e->exchange);
	free(e);
}

void errands_free(struct errands *es)
{
	if (!es->app)
		return;
	bug_if(es->parked || es->ready);
	while (es->spare) {
		struct errand *e = es->spare;
		es->spare = e->next;
		errand_free(e);
	}
	pthread_mutex_destroy(&es->lock);
	es->app = NULL;
}

static struct errand *spare_take(struct errands *es)
{
	struct errand *e = es->spare;
	if (!e)
		return NULL;
	es->spare = e->next;
	es->spares--;
	return e;
}

static struct errand *errand_make(struct errands *es)
{
	struct errand *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	exchange_init(&e->exchange, es->app);
	e->all = es;
	return e;
}

struct errand *errand_new(struct errands *es)
{
	pthread_mutex_lock(&es->lock);
	struct errand *e = spare_take(es);
	pthread_mutex_unlock(&es->lock);
	return e ? e : errand_make(es);
}

void errand_end(struct errand *e)
{
	struct errands *es = e->all;
	exchange_clear(&e->exchange);
	e->conn = NULL;
	e->at_hand = NULL;
	e->finished = e->alone = false;
	pthread_mutex_lock(&es->lock);
	bool keep = es->spares < es->keep;
	if (keep) {
		e->next = es->spare;
		es->spare = e;
		es->spares++;
	}
	pthread_mutex_unlock(&es->lock);
	if (!keep)
		errand_free(e);
}

bool errand_park(struct errand *e)
{
	struct errands *es = e->all;
	pthread_mutex_lock(&es->lock);
	bool room = es->parked < FRONT_PARKED_MAX;
	es->parked += room;
	pthread_mutex_unlock(&es->lock);
	if (room)
		*e->at_hand = NULL;
	return room;
}

/* Whoever takes goes on until nothing is left, so one call is enough for all that come until then. */
static void ready_add(struct errands *es, struct errand *e, bool parked)
{
	e->next = NULL;
	pthread_mutex_lock(&es->lock);
	bool first = !es->ready;
	*es->ready_tail = e;
	es->ready_tail = &e->next;
	es->parked -= parked;
	pthread_mutex_unlock(&es->lock);
	/* fails only at a count that no machine reaches */
	if (first)
		bug_if(eventfd_write(es->ready_fd, 1));
}

void errand_resume(struct errand *e)
{
	ready_add(e->all, e, true);
}

void errand_return(struct errand *e)
{
	ready_add(e->all, e, false);
}

unsigned errands_take(struct errands *es, struct errand **out, unsigned max)
{
	unsigned n = 0;
	pthread_mutex_lock(&es->lock);
	for (bool alone = false; n < max && es->ready && !alone && !(n && es->ready->alone); n++) {
		out[n] = es->ready;
		alone = out[n]->alone;
		es->ready = out[n]->next;
	}
	bool more = es->ready != NULL;
	if (!more)
		es->ready_tail = &es->ready;
	pthread_mutex_unlock(&es->lock);
	if (more)
		bug_if(eventfd_write(es->ready_fd, 1));
	return n;
}
