/*
 * load: HTTP requests over kept connections to this machine, counted and timed.
 *     load [-c CLIENTS] [-s SECONDS] [-n REQUESTS] [-b BODY] [-f FILE] [-o] PORT PATH
 * Sends GET, or POST with -b. "{N}" in BODY becomes a number that no other
 * request of this run has, behind a prefix of time and process that no other
 * run has: every sign-up brings an address of its own. With -f each request
 * takes the next line of FILE in place of PATH, and the run ends with the last.
 * Prints one line of name=value: rate (answers 2xx and 3xx a second), p50_ms,
 * p99_ms, max_ms, ok, then the count of every status, and errors (connections
 * that broke). Exit 0: only 2xx and 3xx. 1: something else came. 2: usage.
 * With -o (overload) a 503 that has a Retry-After of whole seconds is a good answer, too: a deliberate one.
 * asked=N counts those; every 503 that has none, or a broken one, makes the exit 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 512
#define IN_MAX_BYTES (128u * 1024u)
#define OUT_MAX_BYTES 8192
/* Latencies in classes of 1/64 of their size: at most 1.6 % off. */
#define SUB_BITS 6
#define CLASSES ((64 - SUB_BITS) << SUB_BITS)

struct client {
	int fd;
	int64_t sent_ns;
	size_t in_len, out_len, out_at;
	int asked; /* the answer has a Retry-After */
	char in[IN_MAX_BYTES];
	char out[OUT_MAX_BYTES];
};

struct plan {
	unsigned clients;
	double seconds;
	uint64_t requests;
	unsigned port;
	const char *path, *body;
	FILE *paths;
	int overload;
	char prefix[32];
};

struct tally {
	uint64_t started, done, errors, asked, status[600], classes[CLASSES];
	int64_t max_ns, end_ns, last_ns;
	unsigned open;
};

static struct client clients[CLIENTS_MAX];

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static unsigned class_of(uint64_t us)
{
	unsigned shift = 0;
	while (us >> (shift + SUB_BITS + 1))
		shift++;
	return (shift << SUB_BITS) + (unsigned)(us >> shift);
}

static double class_ms(unsigned c)
{
	unsigned shift = c >> SUB_BITS;
	shift = shift ? shift - 1 : 0;
	return (double)((uint64_t)(c - (shift << SUB_BITS)) << shift) / 1000;
}

static double percentile(const struct tally *t, double part)
{
	uint64_t want = (uint64_t)((double)t->done * part), seen = 0;
	for (unsigned c = 0; c < CLASSES; c++) {
		seen += t->classes[c];
		if (seen > want)
			return class_ms(c);
	}
	return 0;
}

/* BODY with {N} replaced; its length. */
static size_t body_make(const struct plan *p, uint64_t n, char *dst, size_t size)
{
	const char *at = strstr(p->body, "{N}");
	int len = at ? snprintf(dst, size, "%.*s%s%llu%s", (int)(at - p->body), p->body, p->prefix,
	    (unsigned long long)n, at + 3) : snprintf(dst, size, "%s", p->body);
	return (size_t)len;
}

/* False: the plan is done. */
static int request_make(const struct plan *p, struct tally *t, struct client *c)
{
	char line[1024], body[2048];
	const char *path = p->path;
	int len;
	if (now_ns() >= t->end_ns || t->started >= p->requests)
		return 0;
	if (p->paths) {
		if (!fgets(line, sizeof(line), p->paths))
			return 0;
		line[strcspn(line, "\n")] = '\0';
		path = line;
	}
	t->started++;
	if (p->body) {
		size_t n = body_make(p, t->started, body, sizeof(body));
		len = snprintf(c->out, sizeof(c->out), "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: "
		    "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s", path, p->port, n, body);
	} else {
		len = snprintf(c->out, sizeof(c->out), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", path, p->port);
	}
	c->out_len = (size_t)len;
	c->out_at = c->in_len = 0;
	c->sent_ns = now_ns();
	return 1;
}

static int client_connect(const struct plan *p, struct client *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p->port)};
	int one = 1;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return c->fd >= 0 && connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0;
}

static int client_send(struct client *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
		if (n <= 0)
			return 0;
		c->out_at += (size_t)n;
	}
	return 1;
}

static const char *header(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);
	return at ? at + strlen(name) : NULL;
}

/* Does the answer say when to come back, in whole seconds (RFC 9110 10.2.3)? */
static int retry_after(const char *head)
{
	const char *at = header(head, "\r\nRetry-After: ");
	size_t digits = at ? strspn(at, "0123456789") : 0;
	return digits > 0 && digits < 6 && (at[digits] == '\r' || at[digits] == '\0');
}

/* Status of a whole answer, 0: more must come, -1: not HTTP. */
static int answer_status(struct client *c)
{
	char *end, *body;
	const char *length;
	int status;
	c->in[c->in_len] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return 0;
	c->asked = 0;
	if (sscanf(c->in, "HTTP/1.1 %d", &status) != 1 || status < 100 || status > 599)
		return -1;
	*end = '\0';
	body = end + 4;
	length = header(c->in, "\r\nContent-Length: ");
	int chunked = header(c->in, "\r\nTransfer-Encoding: chunked") != NULL;
	c->asked = retry_after(c->in);
	*end = '\r';
	size_t have = c->in_len - (size_t)(body - c->in);
	if (length)
		return have >= strtoul(length, NULL, 10) ? status : 0;
	if (chunked)
		return have >= 5 && memcmp(c->in + c->in_len - 5, "0\r\n\r\n", 5) == 0 ? status : 0;
	return status == 204 || status == 304 ? status : -1;
}

static void answer_count(struct tally *t, const struct client *c, int status)
{
	int64_t ns = now_ns() - c->sent_ns;
	t->status[status]++;
	t->done++;
	t->asked += status == 503 && c->asked;
	t->classes[class_of((uint64_t)ns / 1000)]++;
	if (ns > t->max_ns)
		t->max_ns = ns;
	t->last_ns = now_ns();
}

static void client_end(struct tally *t, struct client *c)
{
	close(c->fd);
	c->fd = -1;
	t->open--;
}

static void client_event(const struct plan *p, struct tally *t, struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - 1 - c->in_len, MSG_DONTWAIT);
	int status;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->in_len += n > 0 ? (size_t)n : 0;
	status = n > 0 ? answer_status(c) : -1;
	if (status == 0)
		return;
	if (status > 0)
		answer_count(t, c, status);
	else
		t->errors++;
	if (status < 0 || !request_make(p, t, c)) {
		client_end(t, c);
	} else if (!client_send(c)) {
		t->errors++;
		client_end(t, c);
	}
}

static int clients_start(const struct plan *p, struct tally *t, int ep)
{
	for (unsigned i = 0; i < p->clients; i++) {
		struct client *c = &clients[i];
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
		if (!client_connect(p, c) || epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev))
			return 0;
		t->open++;
		if (!request_make(p, t, c))
			client_end(t, c);
		else if (!client_send(c))
			return 0;
	}
	return 1;
}

static void report(const struct plan *p, const struct tally *t, int64_t start_ns)
{
	uint64_t ok = 0;
	double seconds = (double)(t->last_ns - start_ns) / 1e9;
	for (int s = 200; s < 400; s++)
		ok += t->status[s];
	printf("rate=%.1f p50_ms=%.3f p99_ms=%.3f max_ms=%.1f ok=%llu", seconds > 0 ? (double)ok / seconds : 0,
	    percentile(t, 0.5), percentile(t, 0.99), (double)t->max_ns / 1e6, (unsigned long long)ok);
	for (int s = 100; s < 600; s++)
		if (t->status[s])
			printf(" %d=%llu", s, (unsigned long long)t->status[s]);
	printf(" asked=%llu errors=%llu\n", (unsigned long long)t->asked, (unsigned long long)t->errors);
	exit(t->errors || ok + (p->overload ? t->asked : 0) != t->done || !ok ? 1 : 0);
}

static int usage(void)
{
	fprintf(stderr, "usage: load [-c CLIENTS] [-s SECONDS] [-n REQUESTS] [-b BODY] [-f FILE] [-o] PORT PATH\n");
	return 2;
}

static int plan_read(struct plan *p, int argc, char **argv)
{
	int o;
	while ((o = getopt(argc, argv, "c:s:n:b:f:o")) > 0) {
		if (o == 'c')
			p->clients = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 's')
			p->seconds = strtod(optarg, NULL);
		else if (o == 'n')
			p->requests = strtoull(optarg, NULL, 10);
		else if (o == 'b')
			p->body = optarg;
		else if (o == 'o')
			p->overload = 1;
		else if (o != 'f' || !(p->paths = fopen(optarg, "r")))
			return 0;
	}
	if (argc - optind != 2 || !p->clients || p->clients > CLIENTS_MAX)
		return 0;
	p->port = (unsigned)strtoul(argv[optind], NULL, 10);
	p->path = argv[optind + 1];
	snprintf(p->prefix, sizeof(p->prefix), "%llx.%x.", (unsigned long long)time(NULL), (unsigned)getpid());
	return 1;
}

int main(int argc, char **argv)
{
	struct plan p = {.clients = 32, .seconds = 4, .requests = UINT64_MAX};
	static struct tally t;
	struct epoll_event ev[64];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int64_t start = now_ns();
	if (!plan_read(&p, argc, argv))
		return usage();
	t.end_ns = start + (int64_t)(p.seconds * 1e9);
	t.last_ns = start;
	if (ep < 0 || !clients_start(&p, &t, ep)) {
		fprintf(stderr, "load: no connection to 127.0.0.1:%u\n", p.port);
		return 1;
	}
	while (t.open) {
		int n = epoll_wait(ep, ev, 64, 30000);
		if (n == 0) {
			t.errors += t.open;
			break;
		}
		for (int i = 0; i < n; i++)
			client_event(&p, &t, ev[i].data.ptr);
	}
	report(&p, &t, start);
	return 1;
}
