/*
 * enumerate: does the answer to a sign-up tell what is known about the address?
 *     enumerate SOCKET URI BODY N GROUP... <LIST
 * LIST has lines "GROUP ADDRESS"; BODY is the form's fields without the address.
 * N requests for addresses nobody knows and N for those of the groups named, in
 * random order on one kept connection. Prints per group and for all together:
 * mean time, Welch's t against "new" (all values, and without the slowest tenth,
 * which are the scheduler's), and whether all answers were the same bytes.
 * The same for the request AFTER one of a group: what the work behind an answer
 * does to a neighbour, which may be the attacker's own.
 * Exit: 0 nothing to see, 3 a difference (|t| >= 4.5 or bytes), 1 failure.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crypt.h"
#include "http/fcgi.h"

#define GROUPS_MAX 8
#define ADDRESSES_MAX 20000
#define T_MAX 4.5
#define WARM_UP 200

struct sample {
	unsigned group; /* 0: new */
	double us;
};

struct group {
	const char *name;
	char *address[ADDRESSES_MAX];
	size_t n;
};

static struct group groups[GROUPS_MAX] = {{.name = "new"}};
static size_t ngroups = 1;
static int fd = -1;

static void die(const char *what)
{
	fprintf(stderr, "enumerate: %s\n", what);
	exit(1);
}

static void list_read(void)
{
	char line[400], name[32], address[300];

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%31s %299s", name, address) != 2)
			die("a line of the list is not GROUP ADDRESS");
		for (size_t i = 1; i < ngroups; i++)
			if (strcmp(groups[i].name, name) == 0 && groups[i].n < ADDRESSES_MAX)
				groups[i].address[groups[i].n++] = strdup(address);
	}
	for (size_t i = 1; i < ngroups; i++)
		if (!groups[i].n)
			die("a group has no address");
}

/* Same form and length as those of the list: 12 letters. */
static char *fresh_address(void)
{
	char out[64];

	for (size_t i = 0; i < 12; i++)
		out[i] = (char)('a' + crypt_random_below(26));
	snprintf(out + 12, sizeof(out) - 12, "%%40example.org");
	return strdup(out);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One sign-up; the answer's bytes in raw. Microseconds from the first byte sent to the last one read. */
static double ask(const char *socket, const char *uri, const char *fields, const char *address, struct buf *raw)
{
	struct fc_answer a;
	struct buf body, out;
	double from, us;

	buf_init(&body, 4096);
	buf_init(&out, 65536);
	buf_printf(&body, "email=%s&%s", address, fields);
	fc_request(&out, 1, FC_KEEP, "POST", uri, buf_slice(&body));
	fc_answer_init(&a);
	if (fd < 0 && (fd = fc_connect(socket)) < 0)
		die("nobody listens");
	from = now_us();
	if (!fc_send(fd, out.data, out.len) || !fc_read(fd, 1, 10000, &a))
		die("no answer");
	us = now_us() - from;
	if (a.closed) {
		close(fd);
		fd = -1;
	}
	buf_reset(raw);
	buf_add(raw, a.raw.data, a.raw.len);
	fc_answer_free(&a);
	buf_free(&out);
	buf_free(&body);
	return us;
}

static int by_us(const void *x, const void *y)
{
	double a = ((const struct sample *)x)->us, b = ((const struct sample *)y)->us;

	return (a > b) - (a < b);
}

struct moments {
	double n, mean, m2;
};

static void moments_add(struct moments *m, double v)
{
	double d = v - m->mean;

	m->n++;
	m->mean += d / m->n;
	m->m2 += d * (v - m->mean);
}

static double welch(const struct moments *a, const struct moments *b)
{
	if (a->n < 2 || b->n < 2)
		return 0;
	return (b->mean - a->mean) / sqrt(a->m2 / (a->n - 1) / a->n + b->m2 / (b->n - 1) / b->n);
}

/* Of sorted samples the first keep, by group; [GROUPS_MAX] is all that is not new. */
static void moments_of(const struct sample *s, size_t keep, struct moments m[static GROUPS_MAX + 1])
{
	memset(m, 0, (GROUPS_MAX + 1) * sizeof(*m));
	for (size_t i = 0; i < keep; i++) {
		moments_add(&m[s[i].group], s[i].us);
		if (s[i].group)
			moments_add(&m[GROUPS_MAX], s[i].us);
	}
}

/* True if one of the figures says that the groups differ. */
static bool report(const char *what, struct sample *s, size_t n)
{
	struct moments all[GROUPS_MAX + 1], most[GROUPS_MAX + 1];
	bool differs = false;

	qsort(s, n, sizeof(*s), by_us);
	moments_of(s, n, all);
	moments_of(s, n - n / 10, most);
	for (size_t i = 0; i <= GROUPS_MAX; i++) {
		double t = welch(&all[0], &all[i]), u = welch(&most[0], &most[i]);
		if (!all[i].n || (i == GROUPS_MAX && ngroups == 2))
			continue;
		printf("%-8s %-12s %6.0f  mean %7.1f us  t %6.2f  without slowest tenth: mean %7.1f us  t %6.2f\n", what,
		    i == GROUPS_MAX ? "all known" : groups[i].name, all[i].n, all[i].mean, t, most[i].mean, u);
		differs = differs || fabs(t) >= T_MAX || fabs(u) >= T_MAX;
	}
	return differs;
}

struct turn {
	unsigned group;
	char *address;
};

/*
 * Random order with exactly n of each half. The addresses are made before anything is
 * measured: the client must do the same for each, too.
 */
static struct turn *order_make(size_t n)
{
	struct turn *order = calloc(2 * n, sizeof(*order));

	if (!order)
		die("no memory");
	for (size_t i = 0; i < 2 * n; i++) {
		const struct group *g = &groups[i < n ? 0 : 1 + i % (ngroups - 1)];
		order[i].group = (unsigned)(g - groups);
		order[i].address = g->n ? strdup(g->address[crypt_random_below((uint32_t)g->n)]) : fresh_address();
	}
	for (size_t i = 2 * n - 1; i > 0; i--) {
		size_t j = crypt_random_below((uint32_t)i + 1);
		struct turn keep = order[i];
		order[i] = order[j];
		order[j] = keep;
	}
	return order;
}

int main(int argc, char **argv)
{
	size_t n = argc > 5 ? (size_t)atol(argv[4]) : 0, different = 0;
	struct sample *own, *next;
	struct buf first, raw;
	struct turn *order;
	bool seen;

	if (!n || crypt_init(NULL) != OK)
		die("usage: enumerate SOCKET URI BODY N GROUP... <LIST");
	for (int i = 5; i < argc && ngroups < GROUPS_MAX; i++)
		groups[ngroups++].name = argv[i];
	list_read();
	order = order_make(n);
	own = calloc(2 * n, sizeof(*own));
	next = calloc(2 * n, sizeof(*next));
	buf_init(&first, 1u << 20);
	buf_init(&raw, 1u << 20);
	if (!own || !next)
		die("no memory");
	for (size_t i = 0; i < WARM_UP; i++)
		ask(argv[1], argv[2], argv[3], fresh_address(), &first);
	for (size_t i = 0; i < 2 * n; i++) {
		own[i] = (struct sample){order[i].group, ask(argv[1], argv[2], argv[3], order[i].address, &raw)};
		next[i] = (struct sample){i ? order[i - 1].group : 0, own[i].us};
		different += !slice_eq(buf_slice(&raw), buf_slice(&first));
	}
	printf("answers  %zu of %zu differ in bytes (%.*s)\n", different, 2 * n, (int)strcspn(first.data, "\r\n"),
	    first.data);
	seen = report("own", own, 2 * n);
	seen = report("next", next, 2 * n) || seen;
	return seen || different ? 3 : 0;
}
