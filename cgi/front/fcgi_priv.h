#ifndef JAWORT_FRONT_FCGI_PRIV_H
#define JAWORT_FRONT_FCGI_PRIV_H
/*
 * fcgi: the only file that knows libfcgi. Hands it a connection on which a
 * whole request waits (record_priv.h has looked it over), lets the exchange
 * answer, and takes the connection back, open.
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
#include "front/front.h"

struct fcgi;

enum fcgi_end {
	FCGI_END_OK,
	FCGI_END_FAILED, /* the answer could not be sent whole; the caller closes */
	FCGI_END_LOST    /* libfcgi refused and has closed the descriptor */
};

struct fcgi_job {
	int fd; /* connection; blocking, with a send timeout */
	/* NULL: the whole request waits in fd, nothing else. Else its bytes, taken from fd before. */
	const char *bytes;
	size_t len;
	bool malformed;
	void (*sending)(void *ctx); /* when the answer starts to leave */
	void *ctx;
};

/* Once per process, before threads. */
enum err fcgi_start(struct errinfo *ei);
/* E_UPSTREAM if this libfcgi does not do what the recipe needs. */
enum err fcgi_selftest(struct errinfo *ei);
/* NULL without memory. */
struct fcgi *fcgi_new(const struct front_app *app);
void fcgi_free(struct fcgi *f);
enum fcgi_end fcgi_answer(struct fcgi *f, const struct fcgi_job *job);

#ifdef JAWORT_NO_PARKING
/* The loop that libfcgi's manual shows; starves clients, and a test must show it. */
void fcgi_accept_loop(struct fcgi *f, int listen_fd);
#endif

#endif
