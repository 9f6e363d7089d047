#include "front/conn_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"
#include "front/front.h"

void conns_init(struct conns *cs)
{
	*cs = (struct conns){.first = NULL};
	bug_if(pthread_mutex_init(&cs->lock, NULL));
}

struct conn *conns_add(struct conns *cs, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	conn_set_phase(c, CONN_IDLE);
	record_scan_init(&c->scan);
	pthread_mutex_lock(&cs->lock);
	c->next = cs->first;
	if (c->next)
		c->next->prev = c;
	cs->first = c;
	pthread_mutex_unlock(&cs->lock);
	atomic_fetch_add(&cs->count, 1);
	return c;
}

static void conn_forget_in(struct conns *cs, struct conn *c)
{
	if (!c->in.data)
		return;
	atomic_fetch_sub(&cs->in_bytes, c->in.cap_bytes);
	buf_free(&c->in);
	c->in = (struct buf){.data = NULL};
}

void conns_drop(struct conns *cs, struct conn *c)
{
	pthread_mutex_lock(&cs->lock);
	if (c->prev)
		c->prev->next = c->next;
	else
		cs->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	pthread_mutex_unlock(&cs->lock);
	if (c->fd >= 0)
		close(c->fd);
	conn_forget_in(cs, c);
	free(c);
	atomic_fetch_sub(&cs->count, 1);
}

static void conn_doom(struct conn *c)
{
	atomic_store(&c->doomed, true);
	shutdown(c->fd, SHUT_RDWR);
}

static int64_t phase_max_ms(int phase)
{
	if (phase == CONN_PARTIAL)
		return FRONT_RECEIVE_MAX_MS;
	return phase == CONN_SENDING ? FRONT_SEND_MAX_MS : INT64_MAX;
}

void conns_expire(struct conns *cs, int64_t now_ms)
{
	pthread_mutex_lock(&cs->lock);
	for (struct conn *c = cs->first; c; c = c->next)
		if (now_ms - atomic_load(&c->since_ms) > phase_max_ms(atomic_load(&c->phase)))
			conn_doom(c);
	pthread_mutex_unlock(&cs->lock);
}

void conns_end_idle(struct conns *cs)
{
	struct conn *oldest = NULL;
	pthread_mutex_lock(&cs->lock);
	for (struct conn *c = cs->first; c; c = c->next) {
		if (atomic_load(&c->phase) != CONN_IDLE || atomic_load(&c->doomed))
			continue;
		if (!oldest || atomic_load(&c->since_ms) < atomic_load(&oldest->since_ms))
			oldest = c;
	}
	if (oldest)
		conn_doom(oldest);
	pthread_mutex_unlock(&cs->lock);
}

void conns_refuse(struct conns *cs)
{
	pthread_mutex_lock(&cs->lock);
	for (struct conn *c = cs->first; c; c = c->next)
		if (atomic_load(&c->phase) != CONN_BUSY)
			shutdown(c->fd, SHUT_RD);
	pthread_mutex_unlock(&cs->lock);
}

void conns_close(struct conns *cs)
{
	while (cs->first)
		conns_drop(cs, cs->first);
	pthread_mutex_destroy(&cs->lock);
}

void conn_set_phase(struct conn *c, enum conn_phase phase)
{
	atomic_store_explicit(&c->since_ms, clock_mono_ms(), memory_order_relaxed);
	atomic_store(&c->phase, (int)phase);
}

bool conn_take(struct conns *cs, struct conn *c, const void *bytes, size_t n)
{
	if (!c->in.data) {
		buf_init(&c->in, CONN_IN_MAX_BYTES);
		atomic_fetch_add(&cs->in_bytes, c->in.cap_bytes);
	}
	size_t before = c->in.cap_bytes;
	buf_add(&c->in, bytes, n);
	size_t all = atomic_fetch_add(&cs->in_bytes, c->in.cap_bytes - before);
	return buf_ok(&c->in) && all <= CONNS_IN_MAX_BYTES;
}

void conn_consume(struct conns *cs, struct conn *c, size_t n)
{
	bug_if(n > c->in.len);
	memmove(c->in.data, c->in.data + n, c->in.len - n);
	buf_truncate(&c->in, c->in.len - n);
	record_scan_init(&c->scan);
	if (!c->in.len)
		conn_forget_in(cs, c);
}
