#ifndef JAWORT_WEB_SHELF_PRIV_H
#define JAWORT_WEB_SHELF_PRIV_H
/*
 * shelf: things that are opened when somebody needs them and closed when many others are open: the one that
 * was not used for the longest time first. What is in use is never closed.
 *
 * The limit is one of those that nobody uses: where more are in use at a time than it allows, there are as many
 * open as in use, and nobody waits for a place. So a thread may hold things of two shelves.
 * open and close are called without a lock, for one item by one thread at a time; who wants an item that is being
 * opened or closed waits for that. An item that has work of its own to finish (quiet says false) is closed
 * only if there is none that has not.
 * Threads: any; shelf_init() and shelf_end() by one.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

enum shelf_state { SHELF_CLOSED, SHELF_OPENING, SHELF_OPEN, SHELF_CLOSING };

/* Part of the thing itself; zeroed memory is a closed item. */
struct shelf_item {
	enum shelf_state state;
	unsigned refs;
	int64_t used_ms; /* monotonic; when the last user left */
	struct shelf_item *older, *newer; /* among those that are open and not in use */
};

struct shelf_calls {
	enum err (*open)(struct shelf_item *it, void *arg, struct errinfo *ei);
	void (*close)(struct shelf_item *it, void *arg);
	bool (*quiet)(struct shelf_item *it, void *arg); /* NULL: always. Must not block */
};

struct shelf {
	pthread_mutex_t mu;
	pthread_cond_t changed;
	const struct shelf_calls *calls;
	void *arg;
	unsigned limit;
	unsigned open;  /* items that are not closed */
	unsigned peak;  /* most that were */
	uint64_t opened; /* how often one was opened */
	struct shelf_item *oldest, *newest;
};

void shelf_init(struct shelf *s, unsigned limit, const struct shelf_calls *calls, void *arg);
/* Closes all. Nobody may use one. */
void shelf_end(struct shelf *s);
/* Opens it if it is closed, and keeps it open until shelf_put(). Errors are those of open. */
enum err shelf_get(struct shelf *s, struct shelf_item *it, struct errinfo *ei);
/* The same for one that is open already; false: it is not. */
bool shelf_get_open(struct shelf *s, struct shelf_item *it);
void shelf_put(struct shelf *s, struct shelf_item *it);
/* Closes what nobody has used for so long and what has no work of its own, but for the `keep` youngest. How many. */
unsigned shelf_idle(struct shelf *s, unsigned keep, int64_t idle_ms);
/* Any may be NULL. */
void shelf_count(struct shelf *s, unsigned *open, unsigned *peak, uint64_t *opened);

#endif
