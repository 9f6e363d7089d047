#ifndef JAWORT_FRONT_FRONT_H
#define JAWORT_FRONT_FRONT_H
/*
 * front: the door. Takes requests from a web server by FastCGI (a Unix socket)
 * or from CGI's environment, gives each to one function, sends its answer.
 * Knows no page, no site and no store.
 *
 * What the application may rely on:
 *   - handle() sees only whole requests: the body that was announced was read
 *     to its last byte, and nothing in the parameters is malformed (web/request.h).
 *     What is broken, cut off or too large was answered (400, 413, 414, 431) or
 *     dropped before, without effect;
 *   - arena and response are fresh for each request;
 *   - worker threads have all signals blocked;
 *   - a request may be parked while it waits for the disk, so that many wait with few threads.
 * What the front relies on: handle() returns within a few seconds.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "web/request.h"
#include "web/response.h"

struct front_app {
	void *ctx;
	/* Many threads at once. Must leave a complete response. */
	void (*handle)(void *ctx, struct request *req, struct response *res);
	/*
	 * The rest of handle() for a request that it parked (web/request.h) and that was resumed; in a thread of the front,
	 * one after the other for those resumed together, so it should not wait. False, once: it would have to, and is called again
	 * when nobody waits behind it. NULL: nothing can be parked.
	 */
	bool (*finish)(void *ctx, struct request *req, struct response *res);
	/*
	 * Largest body in bytes that is accepted for this request; more is 413.
	 * req->body is not there yet. Never above FRONT_BODY_MAX_BYTES.
	 */
	size_t (*body_limit)(void *ctx, const struct request *req);
	/*
	 * Fills a readable page for what the front refuses by itself (400, 413, 414,
	 * 431, 503). req holds what could be read, it may be almost empty. NULL: a
	 * bare line of English.
	 */
	void (*refuse)(void *ctx, const struct request *req, unsigned status, struct response *res);
	/* SIGHUP. Runs in the main thread while workers serve on. May be NULL. */
	void (*reload)(void *ctx);
	/* Once, from the main thread, when requests are taken from now on. May be NULL. */
	void (*started)(void *ctx);
	/* About once a second, from the main thread (to look after a child, say). May be NULL. */
	void (*tick)(void *ctx);
	/* CGI only: after the answer has left and stdout is closed. May be NULL. */
	void (*after_cgi)(void *ctx);
};

#define FRONT_THREADS_DEFAULT 32u
#define FRONT_THREADS_MAX 512u
#define FRONT_BACKLOG 512
/* Requests parked at the same time; more wait in their threads. */
#define FRONT_PARKED_MAX 256u
#define FRONT_SOCKET_MODE 0660
#define FRONT_BODY_MAX_BYTES (1024u * 1024u)
/* A request must have arrived whole this long after its first byte. */
#define FRONT_RECEIVE_MAX_MS 5000
/* An answer must have been taken by the web server after this long. */
#define FRONT_SEND_MAX_MS 5000
/* At stop, requests that are being handled get this long. */
#define FRONT_STOP_MAX_MS 4000

struct front_options {
	/*
	 * "unix:/run/jawort/jawort.sock" or a bare absolute path; NULL or "inherit":
	 * the listening socket given as descriptor 3 (systemd, LISTEN_FDS) or 0
	 * (spawn-fcgi). A given descriptor is taken even if listen names a path.
	 */
	const char *listen;
	const char *group; /* group that gets the socket (the web server's); NULL: ours */
	unsigned threads;  /* 0: FRONT_THREADS_DEFAULT */
};

/*
 * Serves until SIGTERM or SIGINT, then finishes the requests it has accepted
 * (at most FRONT_STOP_MAX_MS) and returns OK. SIGHUP calls reload. Call from
 * the main thread while no other thread has been started that unblocks signals.
 * E_INVALID listen address; E_CONFLICT another server listens there; E_DENIED no
 * permission; E_IO; E_BUSY a handler did not come back in time at stop;
 * E_UPSTREAM libfcgi behaves otherwise than this program expects (self-test).
 */
enum err front_serve(const struct front_options *opt, const struct front_app *app, struct errinfo *ei);

/* True if the environment is that of a CGI start (GATEWAY_INTERFACE). */
bool front_is_cgi(void);
/*
 * Answers the one request of the environment and standard input to standard
 * output, closes it and calls after_cgi. E_IO if the answer could not be written.
 */
enum err front_cgi(const struct front_app *app, struct errinfo *ei);

#endif
