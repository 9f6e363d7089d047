/*
 * The front over real sockets: test_front PATH/echo_app
 * Each hostile stream is sent at once and again in two pieces; afterwards the
 * same process must answer a good request, and the broken one must not have
 * had an effect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/front.h"
#include "http/child.h"
#include "http/fcgi.h"
#include "http/hostile.h"

/* ---- hostile streams (hostile.c) ---- */

/* Sends in pieces; a peer that closes in the middle is no error here. */
static void send_pieces(int fd, const struct buf *b, size_t pieces)
{
	size_t at = 0, each = b->len / pieces + 1;
	while (at < b->len) {
		size_t n = b->len - at < each ? b->len - at : each;
		if (!fc_send(fd, b->data + at, n))
			return;
		at += n;
		if (pieces > 1)
			poll(NULL, 0, 15);
	}
}

static void hostile_check(const struct hostile *h, size_t pieces, int fd, long before)
{
	struct fc_answer a;
	fc_answer_init(&a);
	/* What is to be closed is closed before the time for receiving is over; an answer may come late. */
	bool ended = h->expect != EXPECT_NOTHING &&
	    fc_read(fd, 1, h->expect == EXPECT_CLOSED ? FRONT_RECEIVE_MAX_MS - 500 : 20000, &a);
	if (h->expect == EXPECT_ANSWER && (!ended || a.status != h->status))
		fail_msg("line %d, %s, %zu pieces: status %u instead of %u (ended %d, closed %d, time out %d)", h->line,
		    h->name, pieces, a.status, h->status, ended, a.closed, a.timed_out);
	if (h->expect == EXPECT_CLOSED && (ended || !a.closed))
		fail_msg("line %d, %s, %zu pieces: not closed (status %u)", h->line, h->name, pieces, a.status);
	long wanted = h->expect == EXPECT_ANSWER && h->status == 200 && !h->elsewhere ? 1 : 0;
	if (child_effects() - before != wanted)
		fail_msg("line %d, %s, %zu pieces: %ld effects instead of %ld", h->line, h->name, pieces,
		    child_effects() - before, wanted);
	assert_int_equal(a.value_results, h->value_results);
	assert_int_equal(a.unknown_types, h->unknown_types);
	assert_int_equal(a.cant_mpx, h->cant_mpx);
	assert_int_equal(a.protocol, h->protocol);
	/* on a kept connection the next request is served, too */
	if (ended && a.status && a.protocol == 0) {
		struct buf b;
		struct fc_answer next;
		buf_init(&b, 8192);
		fc_request(&b, 5, FC_KEEP, "GET", "/bare", (struct slice){NULL, 0});
		fc_answer_init(&next);
		assert_true(fc_send(fd, b.data, b.len));
		if (!fc_read(fd, 5, 3000, &next) || next.status != 200)
			fail_msg("line %d, %s, %zu pieces: the kept connection is dead", h->line, h->name, pieces);
		fc_answer_free(&next);
		buf_free(&b);
	}
	fc_answer_free(&a);
}

static void hostile_run(const struct child *c, const struct hostile *h, size_t pieces)
{
	struct buf b;
	buf_init(&b, 16 * 1024 * 1024);
	h->build(&b, h->arg);
	assert_true(buf_ok(&b));
	long before = child_effects();
	int fd = fc_connect(socket_path);
	assert_true(fd >= 0);
	send_pieces(fd, &b, pieces);
	if (h->expect == EXPECT_NOTHING)
		shutdown(fd, SHUT_WR);
	hostile_check(h, pieces, fd, before);
	close(fd);
	buf_free(&b);
	if (kill(c->pid, 0) || waitpid(c->pid, NULL, WNOHANG))
		fail_msg("line %d, %s, %zu pieces: the process is gone", h->line, h->name, pieces);
	before = child_effects();
	assert_int_equal(child_status_of("POST", "/effect", "a=b"), 200);
	assert_int_equal(child_effects() - before, 1);
}

static void test_hostile(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	for (size_t i = 0; i < hostile_count; i++)
		for (size_t pieces = 1; pieces <= 3; pieces++)
			hostile_run(&c, &hostile[i], pieces);
	child_end(&c);
}

/* The size of the parameters around libfcgi's buffer of 8,192 bytes, on one kept connection. */
static void test_buffer_edges(void **state)
{
	(void)state;
	struct child c = child_serve("1", 0);
	int fd = fc_connect(socket_path);
	for (size_t pad = 7200; pad < 7900; pad += 1) {
		struct buf b, pairs;
		struct fc_answer a;
		char value[8192];
		memset(value, 'v', pad);
		buf_init(&b, 65536);
		buf_init(&pairs, 65536);
		fc_common_pairs(&pairs, "GET", "/bare", -1);
		fc_pair_bytes(&pairs, SLICE("HTTP_X_PAD"), slice_make(value, pad), false);
		fc_begin(&b, 1, 1, FC_KEEP);
		fc_stream(&b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
		fc_record(&b, FC_STDIN, 1, "", 0, 0);
		assert_true(fc_send(fd, b.data, b.len));
		fc_answer_init(&a);
		if (!fc_read(fd, 1, 3000, &a) || a.status != 200)
			fail_msg("padding %zu (%zu bytes): status %u", pad, b.len, a.status);
		fc_answer_free(&a);
		buf_free(&pairs);
		buf_free(&b);
	}
	close(fd);
	child_end(&c);
}

static void test_pipelined(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 65536);
	long before = child_effects();
	for (unsigned id = 1; id <= 3; id++)
		fc_request(&b, id, FC_KEEP, "POST", "/effect", SLICE("a=b"));
	int fd = fc_connect(socket_path);
	assert_true(fc_send(fd, b.data, b.len));
	for (unsigned id = 1; id <= 3; id++) {
		fc_answer_init(&a);
		assert_true(fc_read(fd, id, 3000, &a));
		assert_int_equal(a.status, 200);
		fc_answer_free(&a);
	}
	assert_int_equal(child_effects() - before, 3);
	close(fd);
	buf_free(&b);
	child_end(&c);
}

static void exchange(int fd, unsigned flags, const char *method, const char *uri, struct fc_answer *a)
{
	struct buf b;
	buf_init(&b, 65536);
	fc_request(&b, 1, flags, method, uri, (struct slice){NULL, 0});
	assert_true(fc_send(fd, b.data, b.len));
	buf_free(&b);
	fc_answer_init(a);
	fc_read(fd, 1, 10000, a);
}

static void test_answers(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct fc_answer get, head, big;
	int fd = fc_connect(socket_path);
	exchange(fd, FC_KEEP, "GET", "/a%20b?x=1&y=%C3%A4", &get);
	assert_int_equal(get.status, 200);
	static const char want[] = "path /a b\nquery x=1&y=%C3%A4\nhost www.example.org\n";
	assert_non_null(memmem(get.body.ptr, get.body.len, want, sizeof(want) - 1));
	exchange(fd, FC_KEEP, "HEAD", "/a%20b?x=1&y=%C3%A4", &head);
	assert_int_equal(head.status, 200);
	assert_int_equal(head.body.len, 0);
	unsigned long long get_len = 0, head_len = 0;
	assert_true(slice_u64(fc_header(&get, "Content-Length"), &get_len));
	assert_int_equal(get_len, get.body.len);
	/* "HEAD" is one byte longer than "GET" in the echo */
	assert_true(slice_u64(fc_header(&head, "Content-Length"), &head_len));
	assert_int_equal(head_len, get_len + 1);
	exchange(fd, FC_KEEP, "GET", "/big?kb=3000", &big);
	assert_int_equal(big.status, 200);
	assert_true(big.body.len > 3000 * 1024);
	fc_answer_free(&get);
	fc_answer_free(&head);
	fc_answer_free(&big);
	close(fd);
	/* without FC_KEEP the server closes */
	fd = fc_connect(socket_path);
	exchange(fd, 0, "GET", "/bare", &get);
	char byte;
	assert_int_equal(get.status, 200);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	fc_answer_free(&get);
	close(fd);
	child_end(&c);
}

/* Peers that go away while a large answer is on its way: no SIGPIPE, no lost thread. */
static void test_peer_leaves(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	for (int i = 0; i < 20; i++) {
		struct buf b;
		buf_init(&b, 65536);
		fc_request(&b, 1, FC_KEEP, "GET", "/big?kb=3000", (struct slice){NULL, 0});
		int fd = fc_connect(socket_path);
		assert_true(fc_send(fd, b.data, b.len));
		if (i % 2)
			poll(NULL, 0, 10);
		close(fd);
		buf_free(&b);
	}
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	child_end(&c);
}

static void test_idle_connections(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	int fds[300];
	for (size_t i = 0; i < 300; i++) {
		fds[i] = fc_connect(socket_path);
		assert_true(fds[i] >= 0);
		if (i % 3 == 0) { /* a third of them kept after a request */
			struct fc_answer a;
			exchange(fds[i], FC_KEEP, "GET", "/bare", &a);
			assert_int_equal(a.status, 200);
			fc_answer_free(&a);
		}
	}
	for (int i = 0; i < 20; i++) {
		int64_t start = clock_mono_ms();
		assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
		assert_true(clock_mono_ms() - start < FRONT_RECEIVE_MAX_MS - 500);
	}
	/* they are alive still */
	struct fc_answer a;
	exchange(fds[0], FC_KEEP, "GET", "/bare", &a);
	assert_int_equal(a.status, 200);
	fc_answer_free(&a);
	for (size_t i = 0; i < 300; i++)
		close(fds[i]);
	child_end(&c);
}

#define SLOW 8
/* Four times as many slow peers as threads: in the parameters and in the body. */
static void test_slow_peers(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	int fds[SLOW];
	buf_init(&b, 65536);
	hostile[0].build(&b, 0);
	long before = child_effects();
	size_t sent[SLOW];
	for (size_t i = 0; i < SLOW; i++) {
		fds[i] = fc_connect(socket_path);
		sent[i] = i % 2 ? b.len - 12 : 20;
		assert_true(fc_send(fds[i], b.data, sent[i]));
	}
	int64_t start = clock_mono_ms();
	unsigned served = 0;
	bool all_closed = false;
	while (clock_mono_ms() - start < 20000 && !all_closed) {
		poll(NULL, 0, 100);
		all_closed = true;
		for (size_t i = 0; i < SLOW; i++) {
			/* the last byte is never sent */
			if (sent[i] + 1 < b.len && send(fds[i], b.data + sent[i], 1, MSG_NOSIGNAL) == 1)
				sent[i]++;
			char byte;
			if (recv(fds[i], &byte, 1, MSG_DONTWAIT) != 0)
				all_closed = false;
		}
		int64_t asked = clock_mono_ms();
		assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
		assert_true(clock_mono_ms() - asked < 3000);
		served++;
	}
	assert_true(all_closed);
	assert_true(clock_mono_ms() - start >= 4900);
	assert_true(served >= 4);
	assert_int_equal(child_effects(), before);
	for (size_t i = 0; i < SLOW; i++)
		close(fds[i]);
	buf_free(&b);
	child_end(&c);
}

static void test_slow_but_whole(void **state)
{
	(void)state;
	struct child c = child_serve("1", 0);
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 65536);
	hostile[0].build(&b, 0);
	int fd = fc_connect(socket_path);
	for (size_t i = 0; i < b.len; i++) {
		assert_true(fc_send(fd, b.data + i, 1));
		if (i % 50 == 0)
			poll(NULL, 0, 20);
	}
	fc_answer_init(&a);
	assert_true(fc_read(fd, 1, 20000, &a));
	assert_int_equal(a.status, 200);
	fc_answer_free(&a);
	buf_free(&b);
	close(fd);
	child_end(&c);
}

/* A full table of files: those inside are served on, and the oldest idle ones make room. */
static void test_emfile(void **state)
{
	(void)state;
	struct child c = child_serve("2", 24);
	int fds[100];
	for (size_t i = 0; i < 100; i++) {
		fds[i] = fc_connect(socket_path);
		assert_true(fds[i] >= 0);
	}
	poll(NULL, 0, 300);
	int64_t start = clock_mono_ms();
	assert_int_equal(waitpid(c.pid, NULL, WNOHANG), 0);
	for (size_t i = 0; i < 100; i++)
		close(fds[i]);
	unsigned status = 0;
	while (status != 200 && clock_mono_ms() - start < 30000)
		status = child_status_of("GET", "/bare", NULL);
	assert_int_equal(status, 200);
	/* nobody lets go, and still a new one is served: idle ones are ended for it */
	for (size_t i = 0; i < 30; i++)
		fds[i] = fc_connect(socket_path);
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	for (size_t i = 0; i < 30; i++)
		close(fds[i]);
	child_end(&c);
}

/* ---- stop under load ---- */

struct load {
	pthread_t thread;
	bool keep;
	atomic_bool *stop;
	atomic_uint answered;
	unsigned lost;
};

/* One request; false when the server cannot be reached any more. */
static bool load_once(struct load *l, int *fd, const struct buf *b)
{
	if (*fd < 0)
		*fd = fc_connect(socket_path);
	if (*fd < 0)
		return false;
	bool sent = fc_send(*fd, b->data, b->len);
	struct fc_answer a;
	fc_answer_init(&a);
	if (sent && fc_read(*fd, 1, 20000, &a) && a.status == 200)
		l->answered++;
	else if (sent)
		l->lost++;
	fc_answer_free(&a);
	if (!sent || !l->keep) {
		close(*fd);
		*fd = -1;
	}
	return true;
}

static void *load_main(void *arg)
{
	struct load *l = arg;
	struct buf b;
	int fd = -1;
	buf_init(&b, 65536);
	fc_request(&b, 1, l->keep ? FC_KEEP : 0, "GET", "/bare?ms=2", (struct slice){NULL, 0});
	while (!atomic_load(l->stop) && load_once(l, &fd, &b))
		;
	if (fd >= 0)
		close(fd);
	buf_free(&b);
	return NULL;
}

static void stop_under_load(int signo)
{
	struct child c = child_serve("4", 0);
	atomic_bool stop = false;
	struct load loads[12] = {{.keep = false}};
	for (size_t i = 0; i < 12; i++) {
		loads[i].keep = i % 2;
		loads[i].stop = &stop;
		assert_int_equal(pthread_create(&loads[i].thread, NULL, load_main, &loads[i]), 0);
	}
	/* Under load: each has been answered some times. */
	for (size_t i = 0; i < 12; i++)
		for (int k = 0; k < 6000 && atomic_load(&loads[i].answered) < 10; k++)
			poll(NULL, 0, 5);
	kill(c.pid, signo);
	/* 0: it ended by itself, before FRONT_STOP_MAX_MS. */
	assert_int_equal(child_wait(&c, 20000), 0);
	atomic_store(&stop, true);
	unsigned answered = 0, lost = 0;
	for (size_t i = 0; i < 12; i++) {
		pthread_join(loads[i].thread, NULL);
		answered += atomic_load(&loads[i].answered);
		lost += loads[i].lost;
	}
	assert_true(answered > 100);
	assert_int_equal(lost, 0);
	struct stat st;
	assert_int_equal(stat(socket_path, &st), -1);
}

static void test_stop(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		stop_under_load(i % 2 ? SIGINT : SIGTERM);
}

static void test_stop_waits_for_handler(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 65536);
	fc_request(&b, 1, FC_KEEP, "GET", "/bare?ms=2500", (struct slice){NULL, 0});
	int idle = fc_connect(socket_path), fd = fc_connect(socket_path);
	assert_true(fc_send(fd, b.data, b.len));
	poll(NULL, 0, 1000);
	kill(c.pid, SIGTERM);
	fc_answer_init(&a);
	assert_true(fc_read(fd, 1, 20000, &a));
	assert_int_equal(a.status, 200);
	assert_int_equal(child_wait(&c, 20000), 0);
	fc_answer_free(&a);
	buf_free(&b);
	close(fd);
	close(idle);
}

static void test_stop_hung_handler(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	buf_init(&b, 65536);
	fc_request(&b, 1, 0, "GET", "/bare?ms=60000", (struct slice){NULL, 0});
	int fd = fc_connect(socket_path);
	assert_true(fc_send(fd, b.data, b.len));
	poll(NULL, 0, 1000);
	kill(c.pid, SIGTERM);
	assert_int_equal(child_wait(&c, 20000), 1);
	buf_free(&b);
	close(fd);
}

static void test_signals(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct fc_answer a;
	kill(c.pid, SIGHUP);
	kill(c.pid, SIGUSR1); /* libfcgi would stop accepting */
	kill(c.pid, SIGPIPE);
	bool seen = false;
	for (int i = 0; i < 3000 && !seen; i++) {
		int fd = fc_connect(socket_path);
		exchange(fd, 0, "GET", "/", &a);
		seen = memmem(a.body.ptr, a.body.len, "reloads 1\n", 10) != NULL;
		fc_answer_free(&a);
		close(fd);
		poll(NULL, 0, 10);
	}
	assert_true(seen);
	child_end(&c);
}

/* ---- the socket ---- */

static void test_socket_file(void **state)
{
	(void)state;
	struct stat st;
	struct child c = child_serve("1", 0);
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	/* a second server does not take a living socket away */
	struct child second = child_start(socket_path, "1", 0);
	assert_int_equal(child_wait(&second, 20000), 1);
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	/* what a killed one left is replaced */
	kill(c.pid, SIGKILL);
	assert_int_equal(child_wait(&c, 20000), -1);
	assert_int_equal(stat(socket_path, &st), 0);
	c = child_start(socket_path, "1", 0);
	poll(NULL, 0, 50);
	child_wait_ready(socket_path);
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	child_end(&c);
	/* a file is never removed */
	char file[128], address[160];
	int fd = open(child_path(file, sizeof(file), "file"), O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(address, sizeof(address), "unix:%s", file);
	c = child_start(address, "1", 0);
	assert_int_equal(child_wait(&c, 20000), 1);
	assert_int_equal(stat(file, &st), 0);
	c = child_start("127.0.0.1:9000", "1", 0);
	assert_int_equal(child_wait(&c, 20000), 1);
}

/* As spawn-fcgi and systemd start it: descriptor 0, or 3 with LISTEN_FDS. */
static struct child child_with(int fd, int as_fd)
{
	struct child c = {.pid = fork()};
	if (!c.pid) {
		char pid[24];
		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		if (as_fd != 3)
			unsetenv("LISTEN_FDS");
		dup2(fd, as_fd);
		if (fd != as_fd)
			close(fd);
		execl(echo_path, echo_path, "-", "2", (char *)NULL);
		_exit(127);
	}
	child_note(c.pid);
	return c;
}

static int socket_bound(bool tcp)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	slice_copy(slice_from(socket_path), addr.sun_path, sizeof(addr.sun_path));
	unlink(socket_path);
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
	if (!tcp)
		assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static void inherited(int as_fd, bool tcp)
{
	int fd = socket_bound(tcp);
	struct child c = child_with(fd, as_fd);
	close(fd);
	if (tcp) {
		assert_int_equal(child_wait(&c, 20000), 1);
		return;
	}
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	child_end(&c);
	struct stat st;
	assert_int_equal(stat(socket_path, &st), 0); /* not ours: stays */
	unlink(socket_path);
}

static void test_inherited(void **state)
{
	(void)state;
	inherited(0, false);
	inherited(3, false);
	inherited(0, true);
}

/* systemd keeps the socket, so visitors go on coming: it ends all the same, and they wait for its successor. */
static void test_ends_while_visitors_come(void **state)
{
	(void)state;
	int fd = socket_bound(false);
	struct child c = child_with(fd, 3);
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	pid_t visitors[4];
	for (size_t i = 0; i < 4; i++) {
		visitors[i] = fork();
		while (!visitors[i])
			if (child_status_of("GET", "/bare", NULL) != 200)
				_exit(1);
		child_note(visitors[i]);
	}
	usleep(300000);
	child_end(&c);
	c = child_with(fd, 3);
	assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(visitors[i], NULL, WNOHANG), 0); /* nobody was refused */
		kill(visitors[i], SIGKILL);
		waitpid(visitors[i], NULL, 0);
	}
	child_end(&c);
	close(fd);
	unlink(socket_path);
}

/* ---- CGI ---- */

struct cgi_case {
	int line;
	const char *method, *uri, *length, *body, *extra;
	unsigned status;
	long effects; /* of the handler; after_cgi adds one more */
};

static const struct cgi_case cgi_cases[] = {
	{__LINE__, "GET", "/bare", "", "", NULL, 200, 0},
	{__LINE__, "HEAD", "/bare", "", "", NULL, 200, 0},
	{__LINE__, "POST", "/effect", "3", "a=b", NULL, 200, 1},
	{__LINE__, "POST", "/effect", "4", "a=b", NULL, 400, 0},
	/* more on standard input than announced is not ours to read */
	{__LINE__, "POST", "/effect", "3", "a=bX", NULL, 200, 1},
	{__LINE__, "POST", "/effect", "x", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/effect", "-1", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/effect", "99999", "a=b", NULL, 413, 0},
	{__LINE__, "POST", "effect", "3", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/x/../effect", "3", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/effect", "3", "a=b", "HTTP_X=a\nb", 400, 0},
	{__LINE__, "POST", "/effect", "3", "a=b", "LS_COLORS=\x1b[0m", 200, 1},
};

static void cgi_child(const struct cgi_case *k, int in, int out)
{
	char length[64], uri[256], method[64], effect[160];
	snprintf(length, sizeof(length), "CONTENT_LENGTH=%s", k->length);
	snprintf(uri, sizeof(uri), "REQUEST_URI=%s", k->uri);
	snprintf(method, sizeof(method), "REQUEST_METHOD=%s", k->method);
	snprintf(effect, sizeof(effect), "ECHO_EFFECTS=%s", effects_path);
	char *env[] = {(char *)"GATEWAY_INTERFACE=CGI/1.1", length, uri, method, effect,
	    (char *)"HTTP_HOST=www.example.org", (char *)(uintptr_t)(k->extra ? k->extra : "A=b"), NULL};
	char *argv[] = {(char *)(uintptr_t)echo_path, NULL};
	dup2(in, 0);
	dup2(out, 1);
	execve(echo_path, argv, env);
	_exit(127);
}

static void cgi_run(const struct cgi_case *k)
{
	int in[2], out[2];
	long before = child_effects();
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	struct child c = {.pid = fork()};
	if (!c.pid)
		cgi_child(k, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	assert_int_equal(write(in[1], k->body, strlen(k->body)), (ssize_t)strlen(k->body));
	close(in[1]);
	char text[4096];
	size_t len = 0;
	ssize_t n;
	while ((n = read(out[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(out[0]);
	assert_int_equal(child_wait(&c, 20000), 0);
	char want[32];
	snprintf(want, sizeof(want), "Status: %u ", k->status);
	if (strncmp(text, want, strlen(want)))
		fail_msg("line %d: %s instead of %s", k->line, text, want);
	bool empty = !strcmp(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(empty, !strcmp(k->method, "HEAD"));
	if (child_effects() - before != k->effects + 1)
		fail_msg("line %d: %ld effects", k->line, child_effects() - before);
}

static void test_cgi(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(cgi_cases) / sizeof(cgi_cases[0]); i++)
		cgi_run(&cgi_cases[i]);
}

/* Many good and hostile streams at once, on few threads. */
static void *mixed_main(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	for (int i = 0; i < 60; i++) {
		const struct hostile *h = &hostile[(seed * 31 + (unsigned)i * 17) % hostile_count];
		if (h->arg > 100000)
			continue;
		struct buf b;
		buf_init(&b, 16 * 1024 * 1024);
		h->build(&b, h->arg);
		int fd = fc_connect(socket_path);
		if (fd >= 0) {
			send_pieces(fd, &b, 1 + (size_t)i % 3);
			struct fc_answer a;
			fc_answer_init(&a);
			if (i % 4)
				fc_read(fd, 1, h->expect == EXPECT_NOTHING ? 10 : 2000, &a);
			fc_answer_free(&a);
			close(fd);
		}
		buf_free(&b);
	}
	return NULL;
}

static void test_mixed(void **state)
{
	(void)state;
	struct child c = child_serve("3", 0);
	pthread_t threads[6];
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mixed_main, (void *)(uintptr_t)(i + 1)), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(child_status_of("GET", "/bare", NULL), 200);
	for (size_t i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(child_status_of("POST", "/effect", "a=b"), 200);
	child_end(&c);
}

/* ---- requests that wait without a thread ---- */

static bool parked_all; /* the whole run is with ECHO_PARK */

static int parked_setup(void **state)
{
	(void)state;
	parked_all = getenv("ECHO_PARK") != NULL;
	return setenv("ECHO_PARK", "1", 1);
}

static int parked_teardown(void **state)
{
	if (!parked_all)
		unsetenv("ECHO_PARK");
	return child_teardown(state);
}

#define PARKED 300 /* more than FRONT_PARKED_MAX: the last ones wait in their threads */

/* Sends a request on a connection of its own. */
static int parked_ask(const char *uri)
{
	struct buf b;
	buf_init(&b, 65536);
	fc_request(&b, 1, 0, "GET", uri, (struct slice){NULL, 0});
	int fd = fc_connect(socket_path);
	assert_true(fd >= 0);
	assert_true(fc_send(fd, b.data, b.len));
	buf_free(&b);
	return fd;
}

static void parked_answered(int fd, int timeout_ms, size_t body_min)
{
	struct fc_answer a;
	fc_answer_init(&a);
	assert_true(fc_read(fd, 1, timeout_ms, &a));
	assert_int_equal(a.status, 200);
	assert_true(a.body.len >= body_min);
	fc_answer_free(&a);
	close(fd);
}

static void test_parked_many(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	int fds[PARKED];
	int64_t start = clock_mono_ms();
	for (int i = 0; i < PARKED; i++)
		fds[i] = parked_ask(i < 256 ? "/bare?ms=700" : "/bare?ms=20");
	for (int i = 0; i < PARKED; i++)
		parked_answered(fds[i], 60000, 1);
	int64_t took = clock_mono_ms() - start;
	/* two threads would need a minute and a half */
	if (took > 30000)
		fail_msg("%d requests of 700 ms took %lld ms", PARKED, (long long)took);
	child_end(&c);
}

/* Who does not read an answer holds up one thread and nobody else, though all were resumed together. */
static void test_parked_beside_stuck(void **state)
{
	(void)state;
	struct child c = child_serve("4", 0);
	int stuck[2], fds[20];
	for (int i = 0; i < 20; i++) {
		if (i < 2)
			stuck[i] = parked_ask("/bigger?ms=300&kb=2048");
		fds[i] = parked_ask("/bare?ms=300");
	}
	for (int i = 0; i < 20; i++)
		parked_answered(fds[i], FRONT_SEND_MAX_MS - 500, 1);
	/* slow, but it comes whole */
	for (int i = 0; i < 2; i++)
		parked_answered(stuck[i], 20000, 2048 * 1024);
	child_end(&c);
}

/* What takes long to be finished says so, and holds up one thread and nobody else. */
static void test_parked_beside_slow(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	int slow = -1, fds[200];
	for (int i = 0; i < 200; i++) {
		if (i == 100)
			slow = parked_ask("/bare?ms=500&slow=6000");
		fds[i] = parked_ask("/bare?ms=500");
	}
	int64_t start = clock_mono_ms();
	for (int i = 0; i < 200; i++)
		parked_answered(fds[i], 5500, 1);
	assert_true(clock_mono_ms() - start < 5500);
	parked_answered(slow, 30000, 1);
	child_end(&c);
}

/* As many handlers that take long as there may be, whatever the number of processors: the last thread serves the others. */
static void test_slow_handlers(void **state)
{
	(void)state;
	struct child c = child_serve("40", 0);
	int slow[39], fds[20];
	for (int i = 0; i < 39; i++)
		slow[i] = parked_ask("/bare?ms=6000");
	int64_t start = clock_mono_ms();
	for (int i = 0; i < 20; i++)
		fds[i] = parked_ask("/bare");
	for (int i = 0; i < 20; i++)
		parked_answered(fds[i], 4000, 1);
	assert_true(clock_mono_ms() - start < 4000);
	for (int i = 0; i < 39; i++)
		parked_answered(slow[i], 20000, 1);
	child_end(&c);
}

/* SIGTERM finds requests waiting, on connections that stay and on others: all are answered. */
static void test_parked_stop(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		struct child c = child_serve("3", 0);
		int fds[60];
		for (int i = 0; i < 60; i++)
			fds[i] = parked_ask(i % 3 ? "/bare?ms=400" : "/bare?ms=5");
		poll(NULL, 0, 40 * round + 20);
		kill(c.pid, SIGTERM);
		for (int i = 0; i < 60; i++)
			parked_answered(fds[i], 20000, 1);
		assert_int_equal(child_wait(&c, 20000), 0);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "test_front PATH/echo_app [TEST]\n");
		return 2;
	}
	echo_path = argv[1];
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "/tmp/front-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	child_path(socket_path, sizeof(socket_path), "s.sock");
	child_path(effects_path, sizeof(effects_path), "effects");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_hostile, child_teardown),
		cmocka_unit_test_teardown(test_buffer_edges, child_teardown),
		cmocka_unit_test_teardown(test_pipelined, child_teardown),
		cmocka_unit_test_teardown(test_answers, child_teardown),
		cmocka_unit_test_teardown(test_peer_leaves, child_teardown),
		cmocka_unit_test_teardown(test_idle_connections, child_teardown),
		cmocka_unit_test_teardown(test_slow_peers, child_teardown),
		cmocka_unit_test_teardown(test_slow_but_whole, child_teardown),
		cmocka_unit_test_teardown(test_emfile, child_teardown),
		cmocka_unit_test_teardown(test_stop, child_teardown),
		cmocka_unit_test_teardown(test_stop_waits_for_handler, child_teardown),
		cmocka_unit_test_teardown(test_stop_hung_handler, child_teardown),
		cmocka_unit_test_teardown(test_signals, child_teardown),
		cmocka_unit_test_teardown(test_socket_file, child_teardown),
		cmocka_unit_test_teardown(test_inherited, child_teardown),
		cmocka_unit_test_teardown(test_ends_while_visitors_come, child_teardown),
		cmocka_unit_test_teardown(test_cgi, child_teardown),
		cmocka_unit_test_teardown(test_mixed, child_teardown),
		cmocka_unit_test_teardown(test_slow_handlers, child_teardown),
		cmocka_unit_test_setup_teardown(test_parked_many, parked_setup, parked_teardown),
		cmocka_unit_test_setup_teardown(test_parked_beside_stuck, parked_setup, parked_teardown),
		cmocka_unit_test_setup_teardown(test_parked_beside_slow, parked_setup, parked_teardown),
		cmocka_unit_test_setup_teardown(test_parked_stop, parked_setup, parked_teardown),
	};
	int failed = cmocka_run_group_tests_name("front", tests, NULL, NULL);
	char file[128];
	unlink(effects_path);
	unlink(child_path(file, sizeof(file), "file"));
	unlink(socket_path);
	rmdir(folder);
	return failed;
}
