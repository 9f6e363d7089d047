/*
 * yardstick: what a piece of work costs on this machine right now, in CPU time.
 *     yardstick SECONDS
 * A unit is like a small request: a connection to a socket of our own, taken, 12 KB through it, closed, watched
 * by epoll, and 24 KB hashed and copied. Whatever makes the machine slower (neighbours on the same core, a lower
 * clock, a slower kernel) makes the unit slower too; so "CPU of a form in units" means something on any
 * machine, "CPU of a form in microseconds" does not. Prints unit_us=N.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BODY_BYTES 12288

static double clock_us(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Bytes that depend on all before them: neither a compiler nor a cache can leave them out. */
static uint64_t hash(const unsigned char *p, size_t n, uint64_t h)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
}

static void through(int from, int to, unsigned char *body)
{
	size_t got = 0;
	if (write(from, body, BODY_BYTES) != BODY_BYTES)
		fail("write");
	while (got < BODY_BYTES) {
		ssize_t n = read(to, body + got, BODY_BYTES - got);
		if (n <= 0)
			fail("read");
		got += (size_t)n;
	}
}

static uint64_t unit(int listener, int epoll, const struct sockaddr_un *at, socklen_t at_bytes, unsigned char *body)
{
	unsigned char copy[BODY_BYTES];
	struct epoll_event ev = {.events = EPOLLIN};
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), server;
	uint64_t h;
	if (client < 0 || connect(client, (const struct sockaddr *)at, at_bytes))
		fail("connect");
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, server, &ev))
		fail("accept");
	through(client, server, body);
	if (epoll_wait(epoll, &ev, 1, 0) < 0)
		fail("epoll_wait");
	h = hash(body, BODY_BYTES, 14695981039346656037u);
	memcpy(copy, body, BODY_BYTES);
	h = hash(copy, BODY_BYTES, h);
	body[h % BODY_BYTES] = (unsigned char)h;
	close(server);
	close(client);
	return h;
}

int main(int argc, char **argv)
{
	static unsigned char body[BODY_BYTES];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t at_bytes;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
	double end = clock_us(CLOCK_MONOTONIC) + (argc == 2 ? atof(argv[1]) : 0) * 1e6, start;
	unsigned long n = 0;
	uint64_t h = 0;
	/* An abstract name: no file, gone with the process. */
	at_bytes = (socklen_t)(sizeof(sa_family_t) + 1 +
	    (size_t)snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "jawort-yardstick-%d", (int)getpid()));
	if (argc != 2) {
		fprintf(stderr, "usage: yardstick SECONDS\n");
		return 2;
	}
	if (listener < 0 || epoll < 0 || bind(listener, (struct sockaddr *)&at, at_bytes) || listen(listener, 8))
		fail("listen");
	start = clock_us(CLOCK_PROCESS_CPUTIME_ID);
	do {
		h ^= unit(listener, epoll, &at, at_bytes, body);
		n++;
	} while (clock_us(CLOCK_MONOTONIC) < end);
	printf("unit_us=%.3f units=%lu check=%llu\n", (clock_us(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)n, n,
	    (unsigned long long)(h & 7));
	return 0;
}
