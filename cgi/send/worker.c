#include "send/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/footprint.h"
#include "base/log.h"
#include "conf/secret.h"
#include "send/batch_priv.h"
#include "send/contacts_priv.h"
#include "send/wake.h"

/* Up to thirteen descriptors each. */
#define SITES_OPEN_MAX 32
/* So many stay open; the others are closed when nobody needed them for this time. */
#define SITES_KEEP 4
#define SITES_IDLE_MS 2000
/* Looked at in one turn of the loop: the mails of others must not wait for a thousand. */
#define LOOKS_MAX 16
#define BATCHES_MAX 16
#define AHEAD_MAX 16
#define OPEN_RETRY_MS 60000
#define SLEEP_MAX_MS 600000
/* Whoever sleeps so long gives memory back before. */
#define REST_MS 1000
/* While calls are under way: how long they are waited for at once, and for how long the wake file is left alone. */
#define CALL_LOOK_MS 100
#define WAKE_PAUSE_MS 20
/* With --once: nothing new is begun after this time, a request of CGI mode started us. */
#define ONCE_MAX_MS 60000

struct work_site {
	const struct conf_site *conf;
	struct store *store;      /* NULL: closed; at most SITES_OPEN_MAX are open */
	struct route route;
	struct batch *batch;
	struct batch *batch_ahead; /* claimed while the last mails of batch are on their way */
	unsigned ahead;           /* how many in a row */
	struct contacts contacts;
	bool checked;             /* was open before */
	bool begun;               /* rows of a dead worker are dealt with */
	bool dirty;               /* look at it: woken */
	bool asked;               /* somebody wants a new try now, holds or not */
	int64_t next_ms;          /* wall clock: something is due */
	int64_t open_after_mono;  /* after a failed open */
	int64_t upkeep_mono;      /* next upkeep */
	int64_t journal_mono;     /* earliest next writing of the journal */
	bool journal_owed;        /* woken since the last one */
	int64_t used_mono;
};

struct worker {
	const struct worker_opts *o;
	struct work_site *sites;
	size_t n, nopen, nbatches, turn, looked;
	struct http *http;
	struct wake wake;
	int lock_fd, epoll_fd;
	bool stopping;
	int64_t started_mono, woken_mono;
};

uint32_t worker_backoff_s(unsigned attempts)
{
	uint32_t base = WORKER_RETRY_MIN_S, s;

	for (unsigned i = 1; i < attempts && base < WORKER_RETRY_MAX_S; i++)
		base *= 2;
	if (base > WORKER_RETRY_MAX_S)
		base = WORKER_RETRY_MAX_S;
	s = base - base / 4 + crypt_random_below(base / 2 + 1);
	if (s < WORKER_RETRY_MIN_S)
		return WORKER_RETRY_MIN_S;
	return s > WORKER_RETRY_MAX_S ? WORKER_RETRY_MAX_S : s;
}

/* --- lock ------------------------------------------------------------------------- */

static bool stop_asked(const struct worker_opts *o, int timeout_ms)
{
	struct pollfd p = {.fd = o->stop_fd, .events = POLLIN};

	return poll(&p, o->stop_fd >= 0 ? 1 : 0, timeout_ms) > 0;
}

/* OK with fd -1: stopped while waiting. */
static enum err lock_take(const struct worker_opts *o, int *fd, struct errinfo *ei)
{
	char path[PATH_MAX];
	bool said = false;

	snprintf(path, sizeof(path), "%s/worker.lock", o->conf->data);
	*fd = file_open(path, O_RDWR, 0640);
	if (*fd < 0)
		return err_errno(ei, E_IO, errno, "%s cannot be opened", path);
	while (flock(*fd, LOCK_EX | LOCK_NB)) {
		int err = errno;

		if (err == EWOULDBLOCK && !o->once && !said)
			log_event(LOG_WARN, "worker_waits", LOG_S("text", "another worker runs on this data directory"),
			    LOG_S("lock", path));
		said = true;
		if (o->alive)
			o->alive(o->arg);
		if (err == EWOULDBLOCK && !o->once && !stop_asked(o, 1000))
			continue;
		close(*fd);
		*fd = -1;
		if (err != EWOULDBLOCK && err != EINTR)
			return err_errno(ei, E_IO, err, "%s cannot be locked", path);
		return o->once ? err_set(ei, E_BUSY, "another worker runs on this data directory (%s)", path) : OK;
	}
	return OK;
}

/* --- sites ------------------------------------------------------------------------ */

static void site_close(struct worker *w, struct work_site *s)
{
	if (!s->store)
		return;
	store_close(s->store);
	s->store = NULL;
	w->nopen--;
}

/* Closes the one that was not used for the longest time. */
static void site_make_room(struct worker *w)
{
	struct work_site *oldest = NULL;

	if (w->nopen < SITES_OPEN_MAX)
		return;
	for (size_t i = 0; i < w->n; i++) {
		struct work_site *s = &w->sites[i];

		if (s->store && !s->batch && !s->contacts.flying && (!oldest || s->used_mono < oldest->used_mono))
			oldest = s;
	}
	if (oldest)
		site_close(w, oldest);
}

static bool site_open(struct worker *w, struct work_site *s)
{
	char dir[PATH_MAX];
	struct buf keys;
	enum err e;
	struct errinfo ei = {0};
	struct store_opts o = {.site = s->conf->id, .dir = dir, .journal = w->o->conf->backup.journal, .max_readers = 2, .create = true,
		.brief = w->o->once || s->checked, .lazy = true, .look_later = true}; /* serve looks through large ones */
	int64_t now = clock_mono_ms();

	s->used_mono = now;
	if (s->store)
		return true;
	if (now < s->open_after_mono)
		return false;
	site_make_room(w);
	snprintf(dir, sizeof(dir), "%s/%s", w->o->conf->data, s->conf->id);
	buf_init(&keys, PATH_MAX);
	conf_keyring_path(w->o->conf, s->conf->id, &keys);
	o.keys_path = keys.data;
	e = buf_ok(&keys) ? store_open(&s->store, &o, &ei) : err_set(&ei, E_LIMIT, "keys: path too long");
	buf_free(&keys);
	if (e) {
		log_err(LOG_ERROR, "site_open", &ei);
		s->open_after_mono = now + OPEN_RETRY_MS;
		return false;
	}
	w->nopen++;
	s->checked = true;
	return true;
}

/* Somebody looked, and nothing is to be done soon: a thousand sites are looked at at the start, and once an hour. */
static void site_rest(struct worker *w, struct work_site *s, int64_t now)
{
	int64_t soon = now + SITES_IDLE_MS;

	if (w->nopen > SITES_KEEP && s->store && !s->contacts.flying && s->next_ms > soon && s->contacts.next_ms > soon)
		site_close(w, s);
}

/* What needs nothing for a while holds nothing. */
static void sites_rest(struct worker *w, int64_t mono)
{
	size_t before = w->nopen;

	for (size_t i = 0; i < w->n && w->nopen > SITES_KEEP; i++) {
		struct work_site *s = &w->sites[i];

		if (s->store && !s->batch && !s->contacts.flying && !s->dirty && mono - s->used_mono >= SITES_IDLE_MS)
			site_close(w, s);
	}
	if (w->nopen < before)
		malloc_trim(0); /* databases leave their memory in pieces */
}

/* Nobody else holds the lock file, so every row in "sending" is of a worker that is dead. */
static void site_begin(struct work_site *s)
{
	struct errinfo ei = {0};
	/* Who can be asked needs a moment until the mail can be found; others are tried again at once. */
	bool ask = s->route.n > 0 && s->route.hops[0].p->build_lookup;
	int64_t next_ms = clock_now_ms() + (ask ? (int64_t)WORKER_LOOKUP_S * 1000 : 0);
	unsigned count = 0;
	struct db *db;
	enum err e = store_write_begin(s->store, &db, &ei);

	if (!e) {
		e = outbox_requeue_stale(db, INT64_MAX, next_ms, &count, &ei);
		if (e)
			store_write_rollback(s->store);
		else
			e = store_write_commit(s->store, &ei);
	}
	if (e)
		log_err(LOG_ERROR, "outbox_stale", &ei);
	else if (count)
		log_event(LOG_WARN, "outbox_stale", LOG_S("site", s->conf->id), LOG_I("rows", count),
		    LOG_S("text", "a worker ended while sending; these mails are looked up"));
	s->begun = !e;
}

/* Until the next upkeep: an hour, the time between two checkpoints, or the start of the next day. */
static int64_t upkeep_pause_ms(const struct conf_site *c)
{
	const int64_t day_ms = INT64_C(86400) * 1000;
	int64_t pause = (int64_t)WORKER_UPKEEP_S * 1000, every = c->log.every.seconds * 1000;
	int64_t midnight = day_ms - clock_now_ms() % day_ms + 1000;

	if (every > 0 && every < pause)
		pause = every;
	return midnight < pause ? midnight : pause;
}

/* Who left stands there at once, and many who leave together share a sync of the second disk. */
static void site_journal(struct worker *w, struct work_site *s)
{
	if (!s->journal_owed || clock_mono_ms() < s->journal_mono)
		return;
	s->journal_owed = false;
	s->journal_mono = w->o->once ? 0 : clock_mono_ms() + WORKER_JOURNAL_S * 1000;
	if (w->o->journal(s->store, s->conf, w->o->arg))
		log_event(LOG_WARN, "journal_waits", LOG_S("site", s->conf->id));
}

static int64_t journal_due_mono(const struct work_site *s)
{
	return s->journal_owed ? s->journal_mono : INT64_MAX;
}

static void site_hooks(struct worker *w, struct work_site *s)
{
	int64_t now = clock_mono_ms();

	if (w->o->leftover && w->o->leftover(s->store, s->conf, w->o->arg))
		log_event(LOG_WARN, "leftover_failed", LOG_S("site", s->conf->id));
	site_journal(w, s);
	if (now < s->upkeep_mono)
		return;
	if (w->o->upkeep && w->o->upkeep(s->store, s->conf, w->o->arg))
		log_event(LOG_WARN, "upkeep_failed", LOG_S("site", s->conf->id));
	s->upkeep_mono = now + upkeep_pause_ms(s->conf);
}

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Asks the database when this site has something to do, and takes back holds that somebody lifted. */
static void site_refresh(struct work_site *s, bool woken)
{
	struct errinfo ei = {0};
	struct batch_due due;
	int64_t check = route_next_check_ms(&s->route);

	if (batch_due_read(s->store, &due, &ei)) {
		log_err(LOG_ERROR, "outbox_read", &ei);
		s->next_ms = clock_now_ms() + OPEN_RETRY_MS;
		return;
	}
	/*
	 * "outbox retry" means: try again now, and where a hold showed as held rows, queued ones say it too.
	 * A sign-up says nothing about a provider.
	 */
	if (woken && (s->asked || !due.held))
		route_release_all(&s->route, !s->asked);
	if (woken)
		s->asked = false;
	s->next_ms = min64(due.queued_ms, due.unknown_ms);
	if (due.held)
		s->next_ms = min64(s->next_ms, check == INT64_MAX ? 0 : check);
	if (s->next_ms != INT64_MAX && !route_pick(&s->route, clock_now_ms()))
		s->next_ms = s->route.n ? route_next_check_ms(&s->route) : INT64_MAX;
}

/* Woken, or at start: whatever others left for us. */
static void site_look(struct worker *w, struct work_site *s)
{
	s->dirty = false;
	if (!site_open(w, s)) {
		s->next_ms = clock_now_ms() + OPEN_RETRY_MS;
		s->upkeep_mono = s->journal_mono = clock_mono_ms() + OPEN_RETRY_MS;
		return;
	}
	if (!s->begun)
		site_begin(s);
	site_hooks(w, s);
	if (s->asked)
		contacts_release(&s->contacts);
	site_refresh(s, true);
	contacts_refresh(&s->contacts, s->store);
}

static void site_claim(struct worker *w, struct work_site *s)
{
	struct route_hop *hop;

	if (!site_open(w, s)) {
		s->next_ms = clock_now_ms() + OPEN_RETRY_MS;
		return;
	}
	hop = route_pick(&s->route, clock_now_ms());
	if (hop)
		s->batch = batch_claim(w->o, s->store, &s->route, hop, w->http);
	if (s->batch) {
		w->nbatches++;
		return;
	}
	site_refresh(s, false);
	/* Something is due and could not be claimed (an error, logged): not at once again. */
	if (s->next_ms <= clock_now_ms())
		s->next_ms = clock_now_ms() + 1000;
}

/*
 * A full batch has more behind it: while its last mails are on their way, the next one already begins, else the provider would have
 * nothing to do at each border. Only where it works at full speed; now and then the site comes to rest and is looked at.
 */
static void site_claim_ahead(struct worker *w, struct work_site *s, int64_t now, int64_t mono)
{
	struct route_hop *hop = s->batch->hop;

	if (s->batch_ahead || s->next_ms > now || mono >= s->upkeep_mono || s->ahead >= AHEAD_MAX ||
	    w->nbatches >= BATCHES_MAX || s->batch->n < WORKER_BATCH_MAX || batch_waiting(s->batch) || hop->held || hop->room < WORKER_PARALLEL)
		return;
	s->batch_ahead = batch_claim(w->o, s->store, &s->route, hop, w->http);
	if (!s->batch_ahead) {
		s->ahead = AHEAD_MAX; /* nothing there: not asked again before this batch ends */
		return;
	}
	s->ahead++;
	w->nbatches++;
}

static void site_contacts(struct worker *w, struct work_site *s)
{
	if (site_open(w, s))
		contacts_start(&s->contacts, s->store);
	else
		s->contacts.next_ms = clock_now_ms() + OPEN_RETRY_MS;
}

static bool may_begin(const struct worker *w)
{
	return !w->stopping && !(w->o->once && clock_mono_ms() - w->started_mono > ONCE_MAX_MS);
}

/* The next site goes on where the last turn ended, so that each has its turn. */
static void sites_step(struct worker *w)
{
	int64_t now = clock_now_ms(), mono = clock_mono_ms();
	unsigned looks = 0;

	if (!may_begin(w))
		return;
	for (size_t i = 0, from = w->looked; i < w->n; i++) {
		struct work_site *s = &w->sites[(from + i) % w->n];

		if (s->contacts.next_ms <= now && !s->contacts.flying && http_active(w->http) < WORKER_PARALLEL)
			site_contacts(w, s);
		if (s->batch) {
			site_journal(w, s);
			site_claim_ahead(w, s, now, mono);
			continue;
		}
		s->ahead = 0;
		if ((s->dirty || mono >= s->upkeep_mono || mono >= journal_due_mono(s)) && looks < LOOKS_MAX) {
			site_look(w, s);
			site_rest(w, s, now);
			looks++;
			w->looked = (from + i + 1) % w->n;
		}
		if (s->next_ms <= now && w->nbatches < BATCHES_MAX)
			site_claim(w, s);
	}
	sites_rest(w, mono);
}

/* --- batches ---------------------------------------------------------------------- */

/* Starts tasks in turn over the batches, so that a long queue of one site does not stop the others. */
static void tasks_start(struct worker *w)
{
	size_t idle = 0;

	while (idle < w->n && http_active(w->http) < WORKER_PARALLEL) {
		struct work_site *s = &w->sites[w->turn++ % w->n];

		if (s->batch && !w->stopping &&
		    (batch_start_next(s->batch) || (s->batch_ahead && batch_start_next(s->batch_ahead))))
			idle = 0;
		else
			idle++;
	}
}

/* true: it is at its end and gone. */
static bool batch_settled(struct worker *w, struct batch **b)
{
	if (!*b)
		return false;
	if (w->stopping)
		batch_abandon_waiting(*b);
	if (!batch_settle(*b))
		return false;
	batch_free(*b);
	*b = NULL;
	w->nbatches--;
	return true;
}

static void batches_settle(struct worker *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct work_site *s = &w->sites[i];

		bool ended = batch_settled(w, &s->batch);

		if (batch_settled(w, &s->batch_ahead) || ended)
			site_refresh(s, false);
		if (!s->batch) {
			s->batch = s->batch_ahead;
			s->batch_ahead = NULL;
		}
	}
}

/* --- loop ------------------------------------------------------------------------- */

static void on_wake(void *arg, struct slice id, bool retry)
{
	struct worker *w = arg;

	for (size_t i = 0; i < w->n; i++) {
		if (!slice_eq_str(id, "*") && !slice_eq_str(id, w->sites[i].conf->id))
			continue;
		w->sites[i].dirty = true;
		w->sites[i].journal_owed = w->o->journal != NULL;
		w->sites[i].asked = w->sites[i].asked || retry;
	}
}

static int64_t next_due_ms(const struct worker *w)
{
	int64_t next = INT64_MAX, mono = clock_mono_ms(), now = clock_now_ms();

	for (size_t i = 0; i < w->n; i++) {
		const struct work_site *s = &w->sites[i];

		if (s->dirty)
			return now;
		next = min64(next, s->next_ms);
		next = min64(next, s->contacts.flying ? INT64_MAX : s->contacts.next_ms);
		next = min64(next, now + (s->upkeep_mono > mono ? s->upkeep_mono - mono : 0));
		if (s->journal_owed)
			next = min64(next, now + (s->journal_mono > mono ? s->journal_mono - mono : 0));
	}
	return next;
}

/* Calls about contacts under way, or due and allowed to begin. */
static bool contacts_left(const struct worker *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->sites[i].contacts.flying || (may_begin(w) && w->sites[i].contacts.next_ms <= clock_now_ms()))
			return true;
	return false;
}

static bool work_left(const struct worker *w)
{
	int64_t now = clock_now_ms();

	if (w->nbatches || contacts_left(w))
		return true;
	if (!may_begin(w))
		return false;
	if (!w->o->once)
		return true;
	for (size_t i = 0; i < w->n; i++)
		if (w->sites[i].dirty || w->sites[i].next_ms <= now)
			return true;
	return false;
}

static int sleep_ms(const struct worker *w)
{
	int64_t left;

	if (w->nbatches)
		return 200; /* a settlement that has to be tried again */
	left = next_due_ms(w) - clock_now_ms();
	if (left < 0)
		return 0;
	if (w->nopen > SITES_KEEP)
		left = min64(left, SITES_IDLE_MS / 2);
	if (w->o->alive_ms)
		left = min64(left, w->o->alive_ms);
	return (int)min64(left, SLEEP_MAX_MS);
}

static void call_done(struct http_call *c)
{
	struct tag *t = c->tag;

	t->done(t);
}

static void loop_sleep(struct worker *w, int ms)
{
	struct epoll_event ev;

	if (ms >= REST_MS)
		footprint_rest();
	if (epoll_wait(w->epoll_fd, &ev, 1, ms) < 0 && errno != EINTR)
		log_event(LOG_ERROR, "worker_wait", LOG_I("errno", errno));
}

/*
 * In a rush serve wakes with each commit, hundreds of times a second; while calls are under way anyhow, what was read a moment
 * ago may wait. Returns how long, 0: it is read at once.
 */
static int wake_pause_ms(const struct worker *w)
{
	int64_t left = WAKE_PAUSE_MS - (clock_mono_ms() - w->woken_mono);

	return http_active(w->http) == 0 || left < 0 ? 0 : (int)left;
}

static void loop_wait(struct worker *w)
{
	int pause_ms = wake_pause_ms(w);
	struct http_call *c;

	if (http_active(w->http) > 0) {
		c = http_wait(w->http, pause_ms ? pause_ms : CALL_LOOK_MS, w->stopping || pause_ms ? -1 : w->epoll_fd);
		for (; c; c = http_finished(w->http))
			call_done(c);
	} else {
		loop_sleep(w, w->stopping ? 50 : sleep_ms(w));
	}
	if (!w->stopping && stop_asked(w->o, 0))
		w->stopping = true;
	if (wake_pause_ms(w) == 0 && wake_take(&w->wake, on_wake, w))
		w->woken_mono = clock_mono_ms();
}

static void loop(struct worker *w)
{
	while (work_left(w)) {
		if (w->o->alive)
			w->o->alive(w->o->arg);
		sites_step(w);
		tasks_start(w);
		batches_settle(w);
		if (work_left(w) && !(w->o->once && !w->nbatches && !http_active(w->http)))
			loop_wait(w);
	}
}

static enum err worker_start(struct worker *w, struct errinfo *ei)
{
	const struct http_opts ho = {.parallel = WORKER_PARALLEL, .total_timeout_ms = w->o->timeout_ms,
		.ca_file = w->o->ca_file};
	struct epoll_event ev = {.events = EPOLLIN};
	enum err e = wake_open(&w->wake, w->o->conf->data, ei);

	if (e)
		return e;
	w->n = w->o->conf->nsites;
	w->sites = calloc(w->n ? w->n : 1, sizeof(*w->sites));
	w->http = http_new(&ho);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!w->sites || !w->http || w->epoll_fd < 0)
		return err_set(ei, E_NOMEM, "worker: no memory");
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake.inotify_fd, &ev) ||
	    (w->o->stop_fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->o->stop_fd, &ev)))
		return err_errno(ei, E_IO, errno, "worker: the stop and wake files cannot be watched");
	for (size_t i = 0; i < w->n; i++) {
		w->sites[i].conf = w->o->conf->sites[i];
		w->sites[i].next_ms = INT64_MAX;
		w->sites[i].dirty = true;
		w->sites[i].journal_owed = w->o->journal != NULL;
		route_init(&w->sites[i].route, w->o->conf, w->sites[i].conf);
		contacts_init(&w->sites[i].contacts, &w->sites[i].route, w->http);
	}
	return OK;
}

static void worker_end(struct worker *w)
{
	/* First the calls, which point into the batches. */
	http_free(w->http);
	for (size_t i = 0; w->sites && i < w->n; i++) {
		batch_free(w->sites[i].batch_ahead);
		batch_free(w->sites[i].batch);
		contacts_free(&w->sites[i].contacts);
		site_close(w, &w->sites[i]);
		route_free(&w->sites[i].route);
	}
	free(w->sites);
	wake_close(&w->wake);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->lock_fd >= 0)
		close(w->lock_fd);
}

enum err worker_run(const struct worker_opts *o, struct errinfo *ei)
{
	struct worker w = {.o = o, .lock_fd = -1, .epoll_fd = -1, .wake = {.inotify_fd = -1},
		.started_mono = clock_mono_ms()};
	enum err e = lock_take(o, &w.lock_fd, ei);

	if (e || w.lock_fd < 0)
		return e;
	e = worker_start(&w, ei);
	if (!e) {
		log_event(LOG_INFO, "worker_start", LOG_I("sites", (int64_t)w.n));
		loop(&w);
		log_event(LOG_INFO, "worker_end");
	}
	worker_end(&w);
	return e;
}
