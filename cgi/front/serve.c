#include "front/front.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/log.h"
#include "front/conn_priv.h"
#include "front/errand_priv.h"
#include "front/fcgi_priv.h"
#include "front/listen_priv.h"
#include "front/seat_priv.h"
#include "front/stop_priv.h"

/*
 * One epoll instance, many workers. A connection is parked in it with ONESHOT:
 * whoever is woken for it holds it alone until it is armed again. The listening
 * socket is ONESHOT too: level-triggered it would wake a second worker for each
 * connection, edge-triggered it would leave a burst to a single worker, which
 * is wrong for requests that wait for the disk. (EPOLLEXCLUSIVE cannot be
 * combined with ONESHOT and helps only several epoll instances.)
 *
 * A request that waits for the disk waits without a thread: it is parked, and
 * when it is resumed, with others as a rule (they share a commit), one worker is
 * called for all of them, finishes them and sends their answers in a row.
 *
 * So few workers do: only who has a seat (front/seat_priv.h) waits for events.
 */

#define TICK_MS 1000
/* After EMFILE and its like: time in which descriptors may come back. */
#define ACCEPT_PAUSE_MS 100
#define ACCEPT_LOG_EVERY_MS 10000
/* One recv sees most requests whole; sign-ups have at most 16 KiB of body. */
#define PEEK_BYTES (20u * 1024u)
/* Answers that one worker makes in a row; for what is left it calls another. */
#define FINISH_MAX 32

struct server {
	const struct front_app *app;
	struct listener listener;
	struct stop stop;
	struct conns conns;
	struct errands errands;
	int epoll_fd;
	int wake_fd; /* semaphore: one token per worker at the end */
	int kick_fd; /* a worker wants the main thread to look at paused */
	int ready_fd; /* edge-triggered: parked requests were resumed */
	atomic_bool stopping;
	atomic_bool paused;
	_Atomic unsigned ended; /* workers that have left their loop */
	_Atomic int64_t pause_logged_ms;
	struct seats seats;
	unsigned threads;
	struct worker *workers;
};

struct worker {
	struct server *s;
	unsigned n; /* its seat */
	pthread_t thread;
	struct fcgi *fcgi;
	struct errand *errand; /* at hand for the next request; NULL: none */
	bool stopping;
	unsigned char peek[PEEK_BYTES];
};

enum step {
	STEP_DROP, /* the connection is at its end */
	STEP_PARK, /* nothing to do before more arrives */
	STEP_TAKE, /* peeking is not enough */
	STEP_GONE  /* its request is parked: another thread may have it already */
};

static bool request_park(struct request *req)
{
	return errand_park((struct errand *)((char *)req - offsetof(struct errand, exchange.req)));
}

static void request_resume(struct request *req)
{
	errand_resume((struct errand *)((char *)req - offsetof(struct errand, exchange.req)));
}

static const struct request_parking parking = {.park = request_park, .resume = request_resume};

static enum step errand_send(struct errand *e, void (*stuck)(void *ctx), void *ctx)
{
	conn_set_phase(e->conn, CONN_SENDING);
	if (!fcgi_write(e->conn->fd, e->id, exchange_answer(&e->exchange), stuck, ctx) || !e->keep)
		return STEP_DROP;
	conn_set_phase(e->conn, CONN_IDLE);
	return STEP_PARK;
}

/* Answers the request that scan has found whole: in the socket, or taken from it before. */
static enum step conn_serve(struct worker *w, struct conn *c, const struct record_scan *scan, bool taken)
{
	struct errand *e = w->errand ? w->errand : errand_new(&w->s->errands);
	const struct fcgi_job job = {
	    .fd = c->fd,
	    .bytes = taken ? c->in.data : NULL,
	    .len = scan->at,
	    .malformed = scan->malformed,
	};
	if (!e)
		return STEP_DROP;
	w->errand = e;
	e->at_hand = &w->errand;
	e->conn = c;
	e->id = scan->id;
	e->keep = scan->keep;
	conn_set_phase(c, CONN_BUSY);
	enum fcgi_end end = fcgi_read(w->fcgi, &job, &e->exchange);
	if (taken)
		conn_consume(&w->s->conns, c, job.len);
	if (end == FCGI_END_LOST)
		c->fd = -1;
	if (end != FCGI_END_OK)
		return STEP_DROP;
	e->exchange.req.parking = w->s->app->finish ? &parking : NULL;
	exchange_handle(&e->exchange);
	if (w->errand != e)
		return STEP_GONE;
	exchange_end(&e->exchange);
	return errand_send(e, NULL, NULL);
}

/* The ordinary case: one request, whole, in its plainest form, still in the socket. */
static enum step conn_peek(struct worker *w, struct conn *c)
{
	ssize_t n = recv(c->fd, w->peek, sizeof(w->peek), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN && !c->known) {
		/* The web server has connected and is about to write: to step aside is cheaper than to sleep for it. */
		sched_yield();
		n = recv(c->fd, w->peek, sizeof(w->peek), MSG_PEEK | MSG_DONTWAIT);
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? STEP_PARK : STEP_DROP;
	if (n == 0)
		return STEP_DROP;
	struct record_scan scan;
	record_scan_init(&scan);
	if (record_scan(&scan, w->peek, (size_t)n) == RECORD_WHOLE && scan.at == (size_t)n)
		return conn_serve(w, c, &scan, false);
	return STEP_TAKE;
}

/* Looks at what was taken; sends and takes out what is not for libfcgi. */
static enum record_verdict conn_scan(struct conn *c)
{
	for (;;) {
		enum record_verdict v = record_scan(&c->scan, (unsigned char *)c->in.data, c->in.len);
		size_t len = c->scan.reply_len;
		if (len && send(c->fd, c->scan.reply, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
			return RECORD_BAD;
		if (v != RECORD_CUT)
			return v;
		buf_truncate(&c->in, record_cut(&c->scan, (unsigned char *)c->in.data, c->in.len));
	}
}

static enum step conn_take_in(struct worker *w, struct conn *c)
{
	ssize_t n = recv(c->fd, w->peek, sizeof(w->peek), MSG_DONTWAIT);
	if (n > 0)
		return conn_take(&w->s->conns, c, w->peek, (size_t)n) ? STEP_TAKE : STEP_DROP;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return STEP_DROP;
	if (!c->in.len && !c->scan.begun) {
		conn_consume(&w->s->conns, c, 0);
		conn_set_phase(c, CONN_IDLE);
	} else if (atomic_load(&c->phase) != CONN_PARTIAL) {
		conn_set_phase(c, CONN_PARTIAL);
	}
	return STEP_PARK;
}

/* Everything else: slow, large, or with records that libfcgi must not see. */
static enum step conn_relay(struct worker *w, struct conn *c)
{
	for (;;) {
		enum record_verdict v = c->in.data ? conn_scan(c) : RECORD_MORE;
		if (v == RECORD_BAD)
			return STEP_DROP;
		enum step step;
		if (v == RECORD_WHOLE) {
			step = conn_serve(w, c, &c->scan, true);
			if (step != STEP_PARK || !c->in.data)
				return step;
			continue;
		}
		step = conn_take_in(w, c);
		if (step != STEP_TAKE)
			return step;
	}
}

/* Behind this call the connection belongs to whoever is woken for it. */
static bool conn_arm(struct server *s, struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
	int op = c->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd = c->fd;
	c->known = true;
	atomic_store(&c->held, false);
	return epoll_ctl(s->epoll_fd, op, fd, &ev) == 0;
}

/* What a step leaves to be done with the connection; true: look at it again. */
static bool conn_rest(struct server *s, struct conn *c, enum step step)
{
	if (step == STEP_GONE)
		return false;
	if (step == STEP_DROP) {
		conns_drop(&s->conns, c);
		return false;
	}
	/* what was taken from the socket already wakes nobody */
	if (c->in.data && atomic_load(&c->phase) == CONN_IDLE)
		return true;
	if (!atomic_load(&s->stopping)) {
		if (!conn_arm(s, c))
			conns_drop(&s->conns, c);
		return false;
	}
	/* From now on the peer cannot send; what it has sent is still answered. */
	shutdown(c->fd, SHUT_RD);
	return true;
}

/* With a connection that this worker holds. */
static void conn_go_on(struct worker *w, struct conn *c)
{
	enum step step;
	do {
		step = STEP_DROP;
		if (!atomic_load(&c->doomed)) {
			step = c->in.data ? STEP_TAKE : conn_peek(w, c);
			if (step == STEP_TAKE)
				step = conn_relay(w, c);
		}
	} while (conn_rest(w->s, c, step));
}

static void conn_event(struct worker *w, struct conn *c)
{
	bug_if(atomic_exchange(&c->held, true));
	conn_go_on(w, c);
}

/* Requests that were resumed, on their way out. */
struct leaving {
	struct errand *batch[FINISH_MAX];
	unsigned n, at; /* batch[at] is being sent */
};

/* The peer of one does not take its answer: others need not wait for it. */
static void leaving_stuck(void *ctx)
{
	struct leaving *l = ctx;
	for (unsigned i = l->at + 1; i < l->n; i++)
		errand_return(l->batch[i]);
	l->n = l->at + 1;
}

/* First all that may still write to the log, then the answers. What would wait goes back, to be taken alone. */
static void leaving_finish(struct server *s, struct leaving *l)
{
	unsigned n = 0;
	for (unsigned i = 0; i < l->n; i++) {
		struct errand *e = l->batch[i];
		if (!e->finished && !s->app->finish(s->app->ctx, &e->exchange.req, &e->exchange.res)) {
			e->alone = true;
			errand_return(e);
			continue;
		}
		if (!e->finished)
			exchange_end(&e->exchange);
		e->finished = true;
		l->batch[n++] = e;
	}
	l->n = n;
}

/* Returns how many connections, now in again, have more to be looked at. */
static unsigned leaving_send(struct server *s, struct leaving *l, struct conn **again)
{
	unsigned more = 0;
	for (l->at = 0; l->at < l->n; l->at++) {
		struct errand *e = l->batch[l->at];
		struct conn *c = e->conn;
		enum step step = errand_send(e, leaving_stuck, l);
		errand_end(e);
		if (conn_rest(s, c, step))
			again[more++] = c;
	}
	return more;
}

static void ready_event(struct worker *w)
{
	struct conn *again[FINISH_MAX];
	struct leaving l;
	while ((l.n = errands_take(&w->s->errands, l.batch, FINISH_MAX)) > 0) {
		log_hold();
		leaving_finish(w->s, &l);
		log_release();
		unsigned more = leaving_send(w->s, &l, again);
		for (unsigned i = 0; i < more; i++)
			conn_go_on(w, again[i]);
	}
}

static bool listener_arm(struct server *s, int op)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = &s->listener};
	return epoll_ctl(s->epoll_fd, op, s->listener.fd, &ev) == 0;
}

/* The table of files is full, say. Never a reason to end. */
static void listener_pause(struct server *s, int errno_value)
{
	int64_t now = clock_mono_ms();
	if (now - atomic_load(&s->pause_logged_ms) > ACCEPT_LOG_EVERY_MS) {
		atomic_store(&s->pause_logged_ms, now);
		char text[96];
		log_event(LOG_WARN, "accept-paused", LOG_S("why", err_strerror(errno_value, text, sizeof(text))),
		    LOG_I("connections", (int64_t)atomic_load(&s->conns.count)));
	}
	conns_end_idle(&s->conns);
	atomic_store(&s->paused, true);
	/* should this fail, the main thread sees it at its next tick */
	(void)eventfd_write(s->kick_fd, 1);
}

static void listener_event(struct worker *w)
{
	struct server *s = w->s;
	/* Others go on coming, so the end would never come. Not armed again, and so seen once. */
	if (s->listener.kept && atomic_load(&s->stopping))
		return;
	/* Not blocking, so that nobody has to give it time limits: who waits for a peer polls (front/fcgi.c). */
	int fd = accept4(s->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
		listener_pause(s, errno);
		return;
	}
	if (!listener_arm(s, EPOLL_CTL_MOD))
		listener_pause(s, errno);
	if (fd < 0)
		return;
	struct conn *c = conns_add(&s->conns, fd);
	if (c)
		conn_event(w, c);
}

/* Each worker takes one token, once; the rest is for the others. */
static void wake_event(struct worker *w)
{
	eventfd_t token;
	if (w->stopping)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	else
		w->stopping = eventfd_read(w->s->wake_fd, &token) == 0;
}

static void worker_event(struct worker *w, void *what)
{
	if (what == &w->s->wake_fd)
		wake_event(w);
	else if (what == &w->s->listener)
		listener_event(w);
	else if (what == &w->s->errands)
		ready_event(w);
	else
		conn_event(w, what);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct server *s = w->s;
#ifdef JAWORT_NO_PARKING
	fcgi_accept_loop(w->fcgi, s->listener.fd, &w->errand->exchange);
	return NULL;
#endif
	seats_take(&s->seats);
	for (;;) {
		struct epoll_event ev;
		int n = epoll_wait(s->epoll_fd, &ev, 1, w->stopping ? 20 : -1);
		if (n < 1) {
			if (w->stopping && !atomic_load(&s->conns.count))
				break;
			continue;
		}
		seat_busy(&s->seats, w->n);
		worker_event(w, ev.data.ptr);
		if (!seat_idle(&s->seats, w->n))
			seats_take(&s->seats);
	}
	atomic_fetch_add(&s->ended, 1);
	return NULL;
}

static enum err server_open(struct server *s, struct errinfo *ei)
{
	conns_init(&s->conns);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	s->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	errands_init(&s->errands, s->app, s->ready_fd, s->threads);
	if (s->epoll_fd < 0 || s->wake_fd < 0 || s->kick_fd < 0 || s->ready_fd < 0)
		return err_errno(ei, E_IO, errno, "epoll");
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &s->wake_fd};
	/* each writing is an event of its own and wakes one: nobody reads it */
	struct epoll_event ready = {.events = EPOLLIN | EPOLLET, .data.ptr = &s->errands};
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &ev) ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->ready_fd, &ready) || !listener_arm(s, EPOLL_CTL_ADD))
		return err_errno(ei, E_IO, errno, "epoll");
	return OK;
}

/* Ends the workers; false if one is still in its handler. */
static bool workers_end(struct server *s, unsigned started)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += FRONT_STOP_MAX_MS / 1000;
	atomic_store(&s->stopping, true);
	listener_hide(&s->listener);
	conns_refuse(&s->conns);
	seats_end(&s->seats);
	if (eventfd_write(s->wake_fd, started))
		return false;
	bool all = true;
	for (unsigned i = 0; i < started; i++)
		if (pthread_clockjoin_np(s->workers[i].thread, NULL, CLOCK_MONOTONIC, &until))
			all = false;
	return all && atomic_load(&s->ended) == started;
}

static enum err workers_start(struct server *s, unsigned *started, struct errinfo *ei)
{
	s->workers = calloc(s->threads, sizeof(*s->workers));
	if (!s->workers)
		return err_set(ei, E_NOMEM, "no memory for %u threads", s->threads);
	enum err e = seats_start(&s->seats, seats_normal(s->threads), s->threads, ei);
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (*started = 0; *started < s->threads && !e; ) {
		struct worker *w = &s->workers[*started];
		w->s = s;
		w->n = *started;
		w->fcgi = fcgi_new();
		w->errand = errand_new(&s->errands);
		if (!w->fcgi || !w->errand || pthread_create(&w->thread, NULL, worker_main, w))
			e = err_set(ei, E_NOMEM, "cannot start thread %u of %u", *started + 1, s->threads);
		else
			++*started;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

static void main_tick(struct server *s, int64_t *last_ms)
{
	int64_t now = clock_mono_ms();
	if (now - *last_ms < TICK_MS)
		return;
	*last_ms = now;
	conns_expire(&s->conns, now);
	if (s->app->tick)
		s->app->tick(s->app->ctx);
}

/* Until a signal says stop. */
static void main_loop(struct server *s)
{
	struct pollfd p[] = {{.fd = s->stop.signal_fd, .events = POLLIN}, {.fd = s->kick_fd, .events = POLLIN}};
	int64_t last_ms = clock_mono_ms();
	for (;;) {
		bool paused = atomic_load(&s->paused);
		int n = poll(p, 2, paused ? ACCEPT_PAUSE_MS : TICK_MS);
		eventfd_t kicks;
		if (n > 0 && p[1].revents)
			(void)eventfd_read(s->kick_fd, &kicks);
		if (paused) {
			/* first the flag: once armed, a worker may set it again */
			atomic_store(&s->paused, false);
			if (!listener_arm(s, EPOLL_CTL_MOD))
				atomic_store(&s->paused, true);
		}
		enum stop_wish wish = stop_next(&s->stop);
		if (wish == STOP_END)
			return;
		if (wish == STOP_RELOAD && s->app->reload)
			s->app->reload(s->app->ctx);
		main_tick(s, &last_ms);
	}
}

/* Only when no worker runs. */
static void server_close(struct server *s)
{
	for (unsigned i = 0; s->workers && i < s->threads; i++) {
		fcgi_free(s->workers[i].fcgi);
		if (s->workers[i].errand)
			errand_end(s->workers[i].errand);
	}
	free(s->workers);
	seats_end(&s->seats);
	seats_free(&s->seats);
	errands_free(&s->errands);
	conns_close(&s->conns);
	int fds[] = {s->epoll_fd, s->wake_fd, s->kick_fd, s->ready_fd};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	listener_close(&s->listener);
	stop_close(&s->stop);
	free(s);
}

enum err front_serve(const struct front_options *opt, const struct front_app *app, struct errinfo *ei)
{
	/* On the heap: a handler that never returns may outlive this call. */
	struct server *s = calloc(1, sizeof(*s));
	unsigned started = 0;
	if (!s)
		return err_set(ei, E_NOMEM, "no memory");
	s->app = app;
	s->threads = opt->threads ? opt->threads : FRONT_THREADS_DEFAULT;
	if (s->threads > FRONT_THREADS_MAX)
		s->threads = FRONT_THREADS_MAX;
	s->listener.fd = s->stop.signal_fd = s->epoll_fd = s->wake_fd = s->kick_fd = s->ready_fd = -1;
	enum err e = stop_open(&s->stop, ei);
	if (!e)
		e = fcgi_start(ei);
	if (!e)
		e = fcgi_selftest(ei);
	if (!e)
		e = listener_open(&s->listener, opt, ei);
	if (!e)
		e = server_open(s, ei);
	if (!e)
		e = workers_start(s, &started, ei);
	if (!e) {
		log_event(LOG_INFO, "serving", LOG_S("listen", s->listener.path[0] ? s->listener.path : "inherited"),
		    LOG_I("threads", (int64_t)s->threads));
		if (app->started)
			app->started(app->ctx);
		main_loop(s);
	}
	if (started && !workers_end(s, started))
		return err_set(ei, E_BUSY, "a request was still being handled %d ms after the signal to stop",
		    FRONT_STOP_MAX_MS);
	server_close(s);
	return e;
}
