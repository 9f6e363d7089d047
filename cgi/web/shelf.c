#include "web/shelf_priv.h"

#include "base/bug.h"
#include "base/clock.h"

/* So many more than the limit may be open while all of them have work of their own: a quarter. */
#define SHELF_SLACK(limit) ((limit) / 4)

void shelf_init(struct shelf *s, unsigned limit, const struct shelf_calls *calls, void *arg)
{
	*s = (struct shelf){.calls = calls, .arg = arg, .limit = limit};
	pthread_mutex_init(&s->mu, NULL);
	pthread_cond_init(&s->changed, NULL);
}

/* In or out of the row of those that nobody uses. The mutex is held. */
static void row_add(struct shelf *s, struct shelf_item *it)
{
	it->older = s->newest;
	it->newer = NULL;
	if (s->newest)
		s->newest->newer = it;
	else
		s->oldest = it;
	s->newest = it;
}

static void row_take(struct shelf *s, struct shelf_item *it)
{
	if (it->older)
		it->older->newer = it->newer;
	else
		s->oldest = it->newer;
	if (it->newer)
		it->newer->older = it->older;
	else
		s->newest = it->older;
	it->older = it->newer = NULL;
}

static void item_use(struct shelf *s, struct shelf_item *it)
{
	if (it->refs++ == 0)
		row_take(s, it);
}

static bool item_quiet(struct shelf *s, struct shelf_item *it)
{
	return !s->calls->quiet || s->calls->quiet(it, s->arg);
}

/* One that nobody uses is closed. The mutex is held, but not while close runs. */
static void item_close(struct shelf *s, struct shelf_item *it)
{
	row_take(s, it);
	it->state = SHELF_CLOSING;
	pthread_mutex_unlock(&s->mu);
	s->calls->close(it, s->arg);
	pthread_mutex_lock(&s->mu);
	it->state = SHELF_CLOSED;
	s->open--;
	pthread_cond_broadcast(&s->changed);
}

/* Who is to go; NULL: all are in use, or have work and there is room for a few more. */
static struct shelf_item *victim(struct shelf *s)
{
	struct shelf_item *it = s->oldest;

	while (it && !item_quiet(s, it))
		it = it->newer;
	return it || s->open <= s->limit + SHELF_SLACK(s->limit) ? it : s->oldest;
}

static void make_room(struct shelf *s)
{
	while (s->open > s->limit) {
		struct shelf_item *it = victim(s);
		if (!it)
			return;
		item_close(s, it);
	}
}

/* Called and left with the mutex; the item is closed. */
static enum err item_open(struct shelf *s, struct shelf_item *it, struct errinfo *ei)
{
	enum err rc;

	it->state = SHELF_OPENING;
	s->opened++;
	if (++s->open > s->peak)
		s->peak = s->open;
	make_room(s);
	pthread_mutex_unlock(&s->mu);
	rc = s->calls->open(it, s->arg, ei);
	pthread_mutex_lock(&s->mu);
	it->state = rc ? SHELF_CLOSED : SHELF_OPEN;
	if (rc)
		s->open--;
	else
		it->refs = 1;
	pthread_cond_broadcast(&s->changed);
	return rc;
}

enum err shelf_get(struct shelf *s, struct shelf_item *it, struct errinfo *ei)
{
	enum err rc = OK;

	pthread_mutex_lock(&s->mu);
	while (it->state == SHELF_OPENING || it->state == SHELF_CLOSING)
		pthread_cond_wait(&s->changed, &s->mu);
	if (it->state == SHELF_OPEN)
		item_use(s, it);
	else
		rc = item_open(s, it, ei);
	pthread_mutex_unlock(&s->mu);
	return rc;
}

bool shelf_get_open(struct shelf *s, struct shelf_item *it)
{
	bool open;

	pthread_mutex_lock(&s->mu);
	open = it->state == SHELF_OPEN;
	if (open)
		item_use(s, it);
	pthread_mutex_unlock(&s->mu);
	return open;
}

void shelf_put(struct shelf *s, struct shelf_item *it)
{
	pthread_mutex_lock(&s->mu);
	bug_if(it->state != SHELF_OPEN || it->refs == 0);
	if (--it->refs == 0) {
		it->used_ms = clock_mono_ms();
		row_add(s, it);
		make_room(s);
	}
	pthread_mutex_unlock(&s->mu);
}

/* The oldest that was idle for long enough and is not among the youngest. */
static struct shelf_item *idle_next(struct shelf *s, unsigned keep, int64_t before_ms)
{
	struct shelf_item *young = s->newest;

	for (unsigned i = 0; young && i < keep; i++)
		young = young->older;
	if (!young)
		return NULL;
	for (struct shelf_item *it = s->oldest; it != young->newer && it->used_ms <= before_ms; it = it->newer)
		if (item_quiet(s, it))
			return it;
	return NULL;
}

unsigned shelf_idle(struct shelf *s, unsigned keep, int64_t idle_ms)
{
	unsigned closed = 0;
	int64_t before_ms = clock_mono_ms() - idle_ms;
	struct shelf_item *it;

	pthread_mutex_lock(&s->mu);
	for (; (it = idle_next(s, keep, before_ms)) != NULL; closed++)
		item_close(s, it);
	pthread_mutex_unlock(&s->mu);
	return closed;
}

void shelf_count(struct shelf *s, unsigned *open, unsigned *peak, uint64_t *opened)
{
	pthread_mutex_lock(&s->mu);
	if (open)
		*open = s->open;
	if (peak)
		*peak = s->peak;
	if (opened)
		*opened = s->opened;
	pthread_mutex_unlock(&s->mu);
}

void shelf_end(struct shelf *s)
{
	pthread_mutex_lock(&s->mu);
	while (s->oldest)
		item_close(s, s->oldest);
	bug_if(s->open != 0);
	pthread_mutex_unlock(&s->mu);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->mu);
}
