#ifndef JAWORT_FRONT_FCGI_PRIV_H
#define JAWORT_FRONT_FCGI_PRIV_H
/*
 * fcgi: the only file that knows libfcgi. Hands it a connection on which a
 * whole request waits (record_priv.h has looked it over), lets the exchange read
 * it, and takes the connection back, open. The answer is written without libfcgi,
 * which is done with the request by then: so it can wait without holding anything of a thread.
 *
 * libfcgi accepts connections and requests in one blocking call; here it never
 * accepts: FCGX_Accept_r gets a request whose ipcFd is set, a field that its
 * header calls private. Offsets are asserted at compile time, behaviour by
 * fcgi_selftest() at every start.
 * Threads: one struct fcgi per thread.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "front/exchange_priv.h"
#include "front/front.h"

struct fcgi;

enum fcgi_end {
	FCGI_END_OK,
	FCGI_END_FAILED, /* it could not be read, or the answer not sent; the caller closes */
	FCGI_END_LOST    /* libfcgi refused and has closed the descriptor */
};

struct fcgi_job {
	int fd; /* connection; not blocking: a request that is not there whole after all is lost */
	/* NULL: the whole request waits in fd, nothing else. Else its bytes, taken from fd before. */
	const char *bytes;
	size_t len;
	bool malformed;
};

/* Once per process, before threads. */
enum err fcgi_start(struct errinfo *ei);
/* E_UPSTREAM if this libfcgi does not do what the recipe needs. */
enum err fcgi_selftest(struct errinfo *ei);
/* NULL without memory. */
struct fcgi *fcgi_new(void);
void fcgi_free(struct fcgi *f);
enum fcgi_end fcgi_read(struct fcgi *f, const struct fcgi_job *job, struct exchange *x);
/*
 * The answer to request id, whole. Where the peer does not take it at once stuck() is called (NULL: nothing), then the
 * thread waits for it as long as the connection's time limit allows.
 */
bool fcgi_write(int fd, unsigned id, struct slice out, void (*stuck)(void *ctx), void *ctx);

#ifdef JAWORT_NO_PARKING
/* The loop that libfcgi's manual shows; starves clients, and a test must show it. */
void fcgi_accept_loop(struct fcgi *f, int listen_fd, struct exchange *x);
#endif

#endif
