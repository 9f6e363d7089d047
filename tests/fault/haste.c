/*
 * haste: the program in a hurry, put around it by the linker (--wrap): wall time runs JAWORT_HASTE times as fast from
 * JAWORT_HASTE_FROM_MS on, so that back-off of minutes takes parts of a second, and a provider is waited for
 * JAWORT_PATIENCE_MS. What the program decides stays as it is.
 * PLANT_FORGET: a worker that looks up nothing. PLANT_DROP: one that takes a 500 or 503 as the end of a mail. With one of these
 * the test of delivery must fail.
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "mail/provider.h"
#include "send/http.h"

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);
int __real_epoll_wait(int fd, struct epoll_event *ev, int n, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *ev, int n, int timeout_ms);
struct http *__real_http_new(const struct http_opts *o);
struct http *__wrap_http_new(const struct http_opts *o);
const struct provider *__real_provider_find(struct slice name);
const struct provider *__wrap_provider_find(struct slice name);

static int64_t number(const char *name, int64_t otherwise)
{
	const char *s = getenv(name);

	return s ? strtoll(s, NULL, 10) : otherwise;
}

int64_t __wrap_clock_now_ms(void)
{
	int64_t now = __real_clock_now_ms(), from = number("JAWORT_HASTE_FROM_MS", now);

	return from + (now - from) * number("JAWORT_HASTE", 1);
}

/* Whoever sleeps until a moment of that clock. */
int __wrap_epoll_wait(int fd, struct epoll_event *ev, int n, int timeout_ms)
{
	int64_t haste = number("JAWORT_HASTE", 1);

	return __real_epoll_wait(fd, ev, n, timeout_ms > haste ? (int)(timeout_ms / haste) : timeout_ms > 0 ? 1 : timeout_ms);
}

struct http *__wrap_http_new(const struct http_opts *o)
{
	struct http_opts mine = *o;

	mine.total_timeout_ms = (unsigned)number("JAWORT_PATIENCE_MS", mine.total_timeout_ms);
	return __real_http_new(&mine);
}

#if defined(PLANT_FORGET) || defined(PLANT_DROP)
static struct provider planted;
static const struct provider *true_one;

#ifdef PLANT_DROP
static void read_drop(const struct provider_reply *r, struct provider_result *out)
{
	true_one->read(r, out);
	if (r->status >= 500)
		out->class_ = PROVIDER_PERMANENT;
}
#endif

const struct provider *__wrap_provider_find(struct slice name)
{
	const struct provider *p = __real_provider_find(name);

	if (!p || !slice_eq_str(name, "mailjet"))
		return p;
	true_one = p;
	planted = *p;
#ifdef PLANT_FORGET
	planted.build_lookup = NULL;
#else
	planted.read = read_drop;
#endif
	return &planted;
}
#else
const struct provider *__wrap_provider_find(struct slice name)
{
	return __real_provider_find(name);
}
#endif
