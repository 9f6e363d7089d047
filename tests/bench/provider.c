/*
 * provider: a mail provider that costs nearly nothing, for measuring.
 *     provider PORT LATENCY_MS
 * Takes POST /v3.1/send as Mailjet does, one message each, and answers LATENCY_MS later in Mailjet's form with a new
 * id. Knows no faults and checks nothing: tests/fakes/mailjet.mjs does both, but takes more processor time for a mail
 * than the worker, which a provider elsewhere does not take from this machine. Prints "port N" when it listens.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX 4096
#define REQUEST_MAX 65536
#define TEXT_MAX 256

struct conn {
	char in[REQUEST_MAX];
	size_t len;
	bool waits; /* its answer is due */
};

struct due {
	int64_t at_ms;
	int fd;
	char id[TEXT_MAX], to[TEXT_MAX];
};

static struct conn *conns[CONNS_MAX];
static struct due dues[CONNS_MAX]; /* a ring: the latency is the same for all */
static size_t due_first, due_count;
static unsigned long long next_id = 1152921500000000000ull;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void fail_text(const char *what)
{
	fprintf(stderr, "provider: %s\n", what);
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The value of "name":"value" at or behind from; "" if there is none. */
static void json_text(const char *from, const char *name, char out[TEXT_MAX])
{
	const char *at = from ? strstr(from, name) : NULL;
	size_t n = 0;
	at = at ? strchr(at + strlen(name), ':') : NULL;
	at = at ? strchr(at, '"') : NULL;
	if (at)
		for (at++; *at && *at != '"' && n < TEXT_MAX - 1; at++)
			out[n++] = *at;
	out[n] = '\0';
}

static void conn_drop(int fd)
{
	free(conns[fd]);
	conns[fd] = NULL;
	close(fd);
	for (size_t i = 0; i < due_count; i++)
		if (dues[(due_first + i) % CONNS_MAX].fd == fd)
			dues[(due_first + i) % CONNS_MAX].fd = -1;
}

/* Where the body ends; 0: not all of it is there; behind the buffer: it never will be. */
static size_t request_end(struct conn *c)
{
	c->in[c->len] = '\0';
	char *head = strstr(c->in, "\r\n\r\n"), *length = strcasestr(c->in, "\r\ncontent-length:");
	size_t end = head ? (size_t)(head - c->in) + 4 : 0;
	unsigned long body = head && length && length < head ? strtoul(length + 17, NULL, 10) : 0;
	end += body < REQUEST_MAX ? body : REQUEST_MAX;
	if (head ? end >= REQUEST_MAX : c->len == REQUEST_MAX - 1)
		return REQUEST_MAX;
	return head && end <= c->len ? end : 0;
}

static void request_take(int fd, int64_t latency_ms)
{
	struct conn *c = conns[fd];
	if (c->waits)
		return;
	size_t end = request_end(c);
	if (end == REQUEST_MAX)
		fail_text("a request is longer than the buffer");
	if (!end)
		return;
	/* answers that nobody waits for any more hold places, too */
	if (due_count == CONNS_MAX)
		fail_text("too many answers are due");
	/* behind the body may be the next request already */
	char next = c->in[end];
	c->in[end] = '\0';
	struct due *d = &dues[(due_first + due_count++) % CONNS_MAX];
	*d = (struct due){.at_ms = now_ms() + latency_ms, .fd = fd};
	json_text(c->in, "\"CustomID\"", d->id);
	json_text(strstr(c->in, "\"To\""), "\"Email\"", d->to);
	c->in[end] = next;
	c->waits = true;
	memmove(c->in, c->in + end, c->len - end);
	c->len -= end;
}

static void conn_read(int fd, int64_t latency_ms)
{
	struct conn *c = conns[fd];
	if (c->len == sizeof(c->in) - 1)
		fail_text("more was sent ahead than the buffer holds");
	ssize_t n = recv(fd, c->in + c->len, sizeof(c->in) - 1 - c->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_drop(fd);
		return;
	}
	c->len += (size_t)n;
	request_take(fd, latency_ms);
}

static void answer(const struct due *d)
{
	char body[1024], out[1536];
	unsigned long long id = next_id++;
	int n = snprintf(body, sizeof(body), "{\"Messages\":[{\"Status\":\"success\",\"CustomID\":\"%s\",\"To\":[{\"Email\":\"%s\","
	    "\"MessageUUID\":\"%08llx-0000-4000-8000-%012llx\",\"MessageID\":%llu,"
	    "\"MessageHref\":\"https://api.mailjet.com/v3/REST/message/%llu\"}],\"Cc\":[],\"Bcc\":[]}]}",
	    d->id, d->to, id & 0xffffffff, id & 0xffffffffffff, id, id);
	n = snprintf(out, sizeof(out), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
	    "Connection: keep-alive\r\n\r\n%s", n, body);
	if (send(d->fd, out, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		conn_drop(d->fd);
}

/* Returns ms until the next answer, -1: none is due. */
static int answers(int64_t latency_ms)
{
	while (due_count) {
		struct due d = dues[due_first];
		int64_t left = d.at_ms - now_ms();
		if (d.fd >= 0 && left > 0)
			return (int)left;
		due_first = (due_first + 1) % CONNS_MAX;
		due_count--;
		if (d.fd < 0)
			continue;
		conns[d.fd]->waits = false;
		answer(&d);
		if (conns[d.fd])
			request_take(d.fd, latency_ms);
	}
	return -1;
}

static int listen_at(uint16_t port)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) || listen(fd, 512))
		fail("provider");
	return fd;
}

static void conn_take(int listener, int epoll)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};
	if (fd < 0)
		return;
	if (fd >= CONNS_MAX || !(conns[fd] = calloc(1, sizeof(struct conn))) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
		fail("provider: too many connections");
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: provider PORT LATENCY_MS\n");
		return 2;
	}
	int64_t latency_ms = strtol(argv[2], NULL, 10);
	int listener = listen_at((uint16_t)strtoul(argv[1], NULL, 10)), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, got[64];
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev))
		fail("provider: epoll");
	printf("port %s\n", argv[1]);
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, got, 64, answers(latency_ms));
		for (int i = 0; i < n; i++) {
			if (got[i].data.fd == listener)
				conn_take(listener, epoll);
			else if (conns[got[i].data.fd])
				conn_read(got[i].data.fd, latency_ms);
		}
	}
}
