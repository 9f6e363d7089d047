#ifndef JAWORT_FRONT_CONN_PRIV_H
#define JAWORT_FRONT_CONN_PRIV_H
/*
 * conn: one connection of the web server and the list of all of them.
 *
 * A connection is at any moment either parked in epoll or held by exactly one
 * worker; only that worker reads, writes and drops it. The main thread may end
 * it at any moment with conns_expire() and its like: these mark it as doomed and
 * shut the socket down, so that the holder meets an error and drops it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "front/record_priv.h"

enum conn_phase {
	CONN_IDLE,    /* parked between requests; no time limit: the web server closes */
	CONN_PARTIAL, /* parked, the beginning of a request is here */
	CONN_BUSY,    /* libfcgi reads or the application works: never touched from outside */
	CONN_SENDING
};

struct conn {
	int fd;
	struct conn *prev, *next;
	_Atomic int phase;
	_Atomic int64_t since_ms; /* clock_mono_ms() of the change of phase */
	atomic_bool doomed;
	bool known; /* epoll has it */
	/* A worker holds it. Set and cleared around each hand-over: it orders memory between workers, and two
	 * holders at once are a bug that is noticed. */
	atomic_bool held;
	struct buf in; /* bytes taken from the socket; empty as long as peeking is enough */
	struct record_scan scan;
};

struct conns {
	pthread_mutex_t lock;
	struct conn *first;
	_Atomic size_t count;
	_Atomic size_t in_bytes; /* memory of all in buffers */
};

/* All connections together may hold this much of half-received requests. */
#define CONNS_IN_MAX_BYTES (64u * 1024u * 1024u)
/* Records around 64 KiB of parameters and the largest body. */
#define CONN_IN_MAX_BYTES (2u * 1024u * 1024u)

void conns_init(struct conns *cs);
/* Takes the descriptor; NULL without memory (then it is closed). */
struct conn *conns_add(struct conns *cs, int fd);
void conns_drop(struct conns *cs, struct conn *c);
/* Ends those that received or send for too long. */
void conns_expire(struct conns *cs, int64_t now_ms);
/* Ends the longest idle one, to get its descriptor back. */
void conns_end_idle(struct conns *cs);
/* No request can be sent any more; what has been sent can still be read. */
void conns_refuse(struct conns *cs);
/* When no worker runs any more. */
void conns_close(struct conns *cs);

void conn_set_phase(struct conn *c, enum conn_phase phase);
/* Appends received bytes; false when a limit is reached. */
bool conn_take(struct conns *cs, struct conn *c, const void *bytes, size_t n);
/* A request of n bytes was dealt with: forgets it, keeps what follows. */
void conn_consume(struct conns *cs, struct conn *c, size_t n);

#endif
