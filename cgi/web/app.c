#include "web/app.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/secret.h"
#include "core/turn.h"
#include "store/look.h"
#include "web/bare_priv.h"
#include "web/client_priv.h"
#include "web/generation_priv.h"
#include "web/lang.h"
#include "web/page_priv.h"
#include "web/ready_priv.h"
#include "web/route_priv.h"
#include "web/shelf_priv.h"

/*
 * The databases of one site, over reloads. They are opened when a request needs them, and closed when those of many
 * other sites were used since, or nobody has come for a while.
 */
struct app_store {
	struct shelf_item item;
	char id[64];
	char *dir, *keys, *journal;
	struct app *app;
	struct store *store;  /* while it is open */
	bool checked;         /* was open before: exists, is whole */
	struct stat left;     /* data.db when it was last closed; st_ino 0: not known. Under the lock of app */
	atomic_bool damaged;  /* found while it is served: nothing is written to it any more */
	atomic_bool owes;     /* closed with work left that had failed */
	int64_t owes_from_ms; /* monotonic; not tried again before. Of app_tick() */
	struct app_store *next;
};

struct app {
	struct app_opts opts;
	char *conf_path;
	struct bare *bare;
	struct budget *budget; /* NULL: its file cannot be used, said in the log */
	struct writer_pool *writers;
	struct app_store *stores; /* grows at load only, by the thread of app_reload() */
	struct shelf shelf;       /* of stores */
	struct look *look;        /* through databases that are too large for the start */
	struct ready *ready;      /* writes ready files; NULL before app_started() */
	pthread_mutex_t lock; /* guards now, and left of the stores */
	struct generation *now;
	int64_t tried_ms; /* monotonic; last load, of app_load() and app_tick() */
	int64_t idle_ms;  /* monotonic; when idle sites were looked for */
	atomic_bool whole;  /* single requests (brief): the databases were looked at */
};

#define APP_RETRY_MS 30000
/*
 * Up to nine descriptors each (write lock, data.db and keys.db with their logs, a read handle): 48 stay below 450 with
 * all that belongs to them. Who uses more at a time gets more.
 */
#define APP_STORES_MAX 48
/* So many stay open or rendered however long nobody comes; the others are closed after this time without a visitor. */
#define APP_STORES_KEEP 8
#define APP_SITES_KEEP 8
#define APP_IDLE_MS 5000
#define APP_IDLE_LOOK_MS 1000
#define APP_OWED_MS 60000

static struct generation *generation_get(struct app *a)
{
	struct generation *g;

	pthread_mutex_lock(&a->lock);
	g = a->now;
	if (g)
		atomic_fetch_add(&g->refs, 1);
	pthread_mutex_unlock(&a->lock);
	return g;
}

/* The follow-up of the writer: intake rows become persons and mails. */
static enum err app_after(struct db *db, void *arg, bool *more, struct errinfo *ei)
{
	struct app_store *st = arg;
	/* A generation is not changed while others read it, but by app_complete(), which pokes when it has done. */
	struct generation *g = st->app->opts.brief && !atomic_load(&st->app->whole) ? NULL : generation_get(st->app);
	const struct conf_site *c = g ? conf_site_by_id(g->conf, st->id) : NULL;
	struct generation_site *gs = c ? generation_site(g, c) : NULL;
	struct generation_live *l = NULL;
	enum err rc = OK;

	*more = false;
	if (gs && gs->up)
		rc = generation_open(gs, &l, ei);
	if (l) {
		struct turn t = {.site = l->site, .letters = l->letters, .budget = st->app->budget};
		rc = turn_after(db, &t, more, ei);
		generation_close(gs);
	}
	generation_release(g);
	return rc;
}

static void app_wake(void *arg, struct store *s)
{
	struct app *a = arg;
	struct generation *g = generation_get(a);

	if (g && a->opts.wake)
		a->opts.wake(g->conf, store_site(s));
	generation_release(g);
}

/* ---- databases */

/*
 * From the thread of the look. Who is opening it may have looked at the mark before, so it is got; whoever opens it later
 * sees the mark.
 */
static void app_looked(void *arg, void *who, enum look_end end, const struct errinfo *found)
{
	struct app_store *st = who;
	struct app *a = arg;
	struct errinfo ei = *found;

	if (end == LOOK_WHOLE) {
		log_event(LOG_INFO, "looked_through", LOG_S("site", st->id));
		return;
	}
	err_wrap(&ei, "site %s", st->id);
	log_err(end == LOOK_DAMAGED ? LOG_ERROR : LOG_WARN, end == LOOK_DAMAGED ? "damaged" : "not_looked_through", &ei);
	if (end != LOOK_DAMAGED)
		return;
	atomic_store(&st->damaged, true);
	if (shelf_get(&a->shelf, &st->item, &ei) == OK) {
		store_condemn(st->store);
		shelf_put(&a->shelf, &st->item);
	}
}

static void store_look_later(struct app *a, struct app_store *st)
{
	struct errinfo ei = {.code = OK};

	if (look_add(a->look, st->store, st, &ei) != OK)
		log_err(LOG_WARN, "not_looked_through", &ei);
}

static enum err store_shelf_open(struct shelf_item *it, void *arg, struct errinfo *ei)
{
	struct app_store *st = (struct app_store *)it;
	struct app *a = arg;
	/* What was here once must be here still: nothing is made anew behind an admin's back. */
	const struct store_opts o = {.site = st->id, .dir = st->dir, .keys_path = st->keys, .journal = st->journal,
	    .create = !st->checked, .brief = a->opts.brief || st->checked, .lazy = true,
	    .look_later = true, .look_bytes = a->opts.look_bytes, .condemned = atomic_load(&st->damaged)};
	enum err rc = store_open(&st->store, &o, ei);

	if (!rc)
		rc = writer_attach(a->writers, st->store, app_after, st, ei);
	if (rc) {
		store_close(st->store);
		st->store = NULL;
		return rc;
	}
	if (store_unseen(st->store))
		store_look_later(a, st);
	st->checked = true;
	return OK;
}

/* data.db as it lies there while nobody has it open; st_ino 0: somebody has. */
static void store_look(const struct app_store *st, struct stat *out)
{
	struct stat wal;
	char path[4200];

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "%s/data.db-wal", st->dir);
	if (stat(path, &wal) == 0 && wal.st_size > 0)
		return;
	snprintf(path, sizeof(path), "%s/data.db", st->dir);
	if (stat(path, out) != 0)
		memset(out, 0, sizeof(*out));
}

static void store_shelf_close(struct shelf_item *it, void *arg)
{
	struct app_store *st = (struct app_store *)it;
	struct app *a = arg;
	struct stat left;

	/* At the end of the program the pool has gone before, and what is left is for the next start. */
	if (a->writers && !writer_detach(a->writers, st->store) && !atomic_load(&st->damaged))
		atomic_store(&st->owes, true);
	store_close(st->store);
	st->store = NULL;
	store_look(st, &left);
	pthread_mutex_lock(&a->lock);
	st->left = left;
	pthread_mutex_unlock(&a->lock);
}

static bool store_shelf_quiet(struct shelf_item *it, void *arg)
{
	return writer_quiet(((struct app *)arg)->writers, ((struct app_store *)it)->store);
}

static const struct shelf_calls store_calls = {.open = store_shelf_open, .close = store_shelf_close,
    .quiet = store_shelf_quiet};

static enum err app_store_get(void *arg, struct app_store *st, struct store **out, struct errinfo *ei)
{
	struct app *a = arg;
	enum err rc = shelf_get(&a->shelf, &st->item, ei);

	*out = rc ? NULL : st->store;
	return rc;
}

static void app_store_put(void *arg, struct app_store *st)
{
	shelf_put(&((struct app *)arg)->shelf, &st->item);
}

static void app_store_free(struct app_store *st)
{
	if (!st)
		return;
	free(st->dir);
	free(st->keys);
	free(st->journal);
	free(st);
}

/* Where a site's files are is settled when they are first opened; a folder that is moved needs a new start. */
static bool store_paths(struct app_store *st, const struct conf *c)
{
	struct buf dir, keys;

	buf_init(&dir, 4096);
	buf_init(&keys, 4096);
	buf_printf(&dir, "%s/%s", c->data, st->id);
	conf_keyring_path(c, st->id, &keys);
	free(st->dir);
	free(st->keys);
	free(st->journal);
	st->journal = strdup(c->backup.journal);
	st->dir = buf_ok(&dir) ? strdup(dir.data) : NULL;
	st->keys = buf_ok(&keys) ? strdup(keys.data) : NULL;
	buf_free(&dir);
	buf_free(&keys);
	return st->dir && st->keys && st->journal;
}

struct opening {
	struct app *app;
	const struct conf *conf;
};

/* Nothing was written since it was closed, by nobody. */
static bool opening_same(void *arg, struct app_store *st)
{
	struct app *a = ((struct opening *)arg)->app;
	struct stat now, left;

	pthread_mutex_lock(&a->lock);
	left = st->left;
	pthread_mutex_unlock(&a->lock);
	if (!left.st_ino || atomic_load(&st->owes))
		return false;
	store_look(st, &now);
	return now.st_ino == left.st_ino && now.st_size == left.st_size &&
	    now.st_mtim.tv_sec == left.st_mtim.tv_sec && now.st_mtim.tv_nsec == left.st_mtim.tv_nsec;
}

static struct app_store *app_store_find(struct app *a, const struct conf *c, const struct conf_site *site)
{
	struct app_store *st;

	for (st = a->stores; st; st = st->next)
		if (strcmp(st->id, site->id) == 0)
			break;
	if (st)
		return st->checked || store_paths(st, c) ? st : NULL;
	st = calloc(1, sizeof(*st));
	if (!st || !slice_copy(slice_from(site->id), st->id, sizeof(st->id)) || !store_paths(st, c)) {
		app_store_free(st);
		return NULL;
	}
	st->app = a;
	st->next = a->stores;
	a->stores = st;
	return st;
}

static struct app_store *opening_find(void *arg, const struct conf_site *site)
{
	struct opening *o = arg;

	return app_store_find(o->app, o->conf, site);
}

/* One that is open since before may have got keys meanwhile: `key rotate`, then a reload. */
static enum err opening_get(void *arg, struct app_store *st, struct store **out, struct errinfo *ei)
{
	enum err rc = app_store_get(((struct opening *)arg)->app, st, out, ei);
	struct errinfo keys = {.code = OK};

	if (!rc && store_rekey(*out, &keys) != OK) {
		err_wrap(&keys, "site %s goes on with the keys that it has", st->id);
		log_err(LOG_ERROR, "keys", &keys);
	}
	return rc;
}

static void opening_put(void *arg, struct app_store *st)
{
	app_store_put(((struct opening *)arg)->app, st);
}

/* Somebody else has left work in the intake, or failed work may do now. */
static void store_poke(struct app *a, struct app_store *st)
{
	struct errinfo ei = {.code = OK};
	struct store *s;

	if (app_store_get(a, st, &s, &ei) != OK) {
		err_wrap(&ei, "site %s: sign-ups wait to be worked on", st->id);
		log_err(LOG_ERROR, "follow_up", &ei);
		atomic_store(&st->owes, true);
		return;
	}
	writer_poke(a->writers, s);
	app_store_put(a, st);
}

/* ---- configuration */

static void report_log(const struct conf_report *rep)
{
	struct buf line;

	buf_init(&line, 8192);
	for (size_t i = 0; i < rep->n; i++) {
		buf_reset(&line);
		conf_finding_line(&line, &rep->items[i]);
		log_event(rep->items[i].severity == CONF_ERROR ? LOG_ERROR : LOG_WARN, "config",
		    LOG_SL("finding", buf_slice(&line)));
	}
	buf_free(&line);
}

/* Counters only: without them the service goes on, unlimited, and says so. */
static void app_budget(struct app *a, const struct conf *conf)
{
	struct errinfo ei = {.code = OK};

	if (a->budget)
		return;
	if (file_mkdir(conf->data, 0750, &ei) != OK || budget_open(&a->budget, conf->data, &ei) != OK)
		log_err(LOG_ERROR, "budget", &ei);
	else if (a->opts.ticks)
		budget_defer(a->budget);
}

static enum err app_load(struct app *a, struct generation **out, struct errinfo *ei)
{
	const struct conf_opts o = {.path = a->conf_path, .credentials_dir = a->opts.credentials_dir,
	    .only_site = a->opts.only_site, .last = a->now ? a->now->conf : NULL};
	struct conf_report rep;
	struct conf *conf;
	struct opening opening = {.app = a};
	const struct generation_stores stores = {opening_find, opening_same, opening_get, opening_put, &opening};
	enum err rc;

	a->tried_ms = clock_mono_ms();
	conf_report_init(&rep);
	rc = conf_load(&o, &conf, &rep, ei);
	report_log(&rep);
	conf_report_free(&rep);
	if (rc)
		return rc;
	opening.conf = conf;
	if (!a->opts.brief)
		app_budget(a, conf);
	*out = generation_new(conf, a->opts.brief ? NULL : &stores, a->opts.open_max, a->now);
	if (!*out) {
		conf_free(conf);
		return err_set(ei, E_NOMEM, "configuration");
	}
	return OK;
}

static enum route_needs request_needs(struct request *req, const struct route *r)
{
	bool get = req->method == REQUEST_GET || req->method == REQUEST_HEAD;

	if (r && get)
		return request_query_get(req, "token").ptr ? ROUTE_STORE : r->needs;
	return r && r->post && req->method == REQUEST_POST ? ROUTE_STORE : ROUTE_WORDS;
}

/* A single request (CGI) begins with words and templates only; most ask for a form and need no more. */
static void app_complete(struct app *a, struct generation *g, struct request *req, struct slice rest)
{
	struct opening opening = {.app = a, .conf = g->conf};
	const struct generation_stores stores = {opening_find, opening_same, opening_get, opening_put, &opening};
	struct slice arg;

	if (request_needs(req, route_find(rest, &arg)) == ROUTE_WORDS)
		return;
	app_budget(a, g->conf);
	generation_complete(g, &stores);
	atomic_store(&a->whole, true);
	for (struct app_store *st = a->stores; st; st = st->next)
		if (shelf_get_open(&a->shelf, &st->item)) {
			writer_poke(a->writers, st->store);
			app_store_put(a, st);
		}
}

/* Where work may lie: in what is open, for the new configuration may do it, and where some was found. */
static void app_poke_all(struct app *a)
{
	for (struct app_store *st = a->stores; st; st = st->next)
		if (shelf_get_open(&a->shelf, &st->item)) {
			writer_poke(a->writers, st->store);
			app_store_put(a, st);
		}
	for (size_t i = 0; i < a->now->conf->nsites; i++)
		if (a->now->sites[i].up && a->now->sites[i].waits)
			store_poke(a, a->now->sites[i].store);
}

static void app_swap(struct app *a, struct generation *g)
{
	struct generation *old;

	pthread_mutex_lock(&a->lock);
	old = a->now;
	a->now = g;
	pthread_mutex_unlock(&a->lock);
	generation_release(old);
	ready_kick(a->ready);
	/*
	 * All were opened, and nobody has asked for one yet. Before the poke: who was poked is at work and would stay.
	 * What was needed to read them lies between what stays.
	 */
	shelf_idle(&a->shelf, APP_STORES_KEEP, 0);
	shelf_idle(&g->shelf, APP_SITES_KEEP, 0);
	malloc_trim(0);
	app_poke_all(a);
}

enum err app_new(struct app **out, const struct app_opts *o, struct errinfo *ei)
{
	struct app *a = calloc(1, sizeof(*a));
	struct generation *g = NULL;
	enum err rc;

	*out = NULL;
	if (!a)
		return err_set(ei, E_NOMEM, "service");
	pthread_mutex_init(&a->lock, NULL);
	a->opts = *o;
	shelf_init(&a->shelf, o->open_max ? o->open_max : APP_STORES_MAX, &store_calls, a);
	a->conf_path = strdup(o->conf_path);
	a->writers = writer_pool_new(o->writer_threads);
	rc = a->conf_path && a->writers ? bare_new(&a->bare, ei) : err_set(ei, E_NOMEM, "service");
	if (!rc)
		rc = look_new(&a->look, app_looked, a, ei);
	if (!rc) {
		writer_wake_hook(a->writers, app_wake, a);
		rc = app_load(a, &g, ei);
	}
	if (rc) {
		app_free(a);
		return rc;
	}
	app_swap(a, g);
	*out = a;
	return OK;
}

static struct generation *app_ready_source(void *arg)
{
	return generation_get(arg);
}

void app_started(struct app *a)
{
	struct errinfo ei = {.code = OK};

	if (ready_new(&a->ready, app_ready_source, a, &ei) != OK)
		log_err(LOG_WARN, "ready", &ei);
}

void app_free(struct app *a)
{
	if (!a)
		return;
	ready_free(a->ready);
	look_free(a->look);
	writer_pool_free(a->writers);
	a->writers = NULL;
	shelf_end(&a->shelf);
	while (a->stores) {
		struct app_store *st = a->stores;
		a->stores = st->next;
		app_store_free(st);
	}
	generation_release(a->now);
	budget_close(a->budget);
	bare_free(a->bare);
	pthread_mutex_destroy(&a->lock);
	free(a->conf_path);
	free(a);
}

void app_reload(void *ctx)
{
	struct app *a = ctx;
	struct errinfo ei = {.code = OK};
	struct generation *g = NULL;

	if (app_load(a, &g, &ei) != OK) {
		err_wrap(&ei, "reload refused, the last good configuration stays");
		log_err(LOG_ERROR, "reload", &ei);
		return;
	}
	app_swap(a, g);
	log_event(LOG_INFO, "reload", LOG_I("sites", g->up), LOG_I("down", g->down));
}

static void app_owed(struct app *a, int64_t now)
{
	for (struct app_store *st = a->stores; st; st = st->next) {
		if (!atomic_load(&st->owes) || now < st->owes_from_ms)
			continue;
		st->owes_from_ms = now + APP_OWED_MS;
		atomic_store(&st->owes, false);
		store_poke(a, st);
	}
}

void app_tick(void *ctx)
{
	struct app *a = ctx;
	int64_t now = clock_mono_ms();

	if (a->budget)
		budget_tick(a->budget);
	/* now is changed by this thread only */
	if (a->now->shut && now - a->tried_ms >= APP_RETRY_MS)
		app_reload(a);
	if (now - a->idle_ms < APP_IDLE_LOOK_MS)
		return;
	a->idle_ms = now;
	app_owed(a, now);
	/* now is changed by this thread only */
	unsigned closed = shelf_idle(&a->shelf, APP_STORES_KEEP, APP_IDLE_MS) +
	    shelf_idle(&a->now->shelf, APP_SITES_KEEP, APP_IDLE_MS);
	if (closed)
		malloc_trim(0); /* they leave their memory in pieces */
}

void app_open_count(struct app *a, struct app_open *out)
{
	struct generation *g = generation_get(a);

	shelf_count(&a->shelf, &out->stores, &out->stores_peak, &out->stores_opened);
	shelf_count(&g->shelf, &out->sites, NULL, NULL);
	generation_release(g);
}

void app_sites(struct app *a, unsigned *up, unsigned *down)
{
	struct generation *g = generation_get(a);

	*up = g->up;
	*down = g->down;
	generation_release(g);
}

const struct conf *app_conf(struct app *a)
{
	return a->now->conf;
}

/* The site of a request: by JAWORT_SITE, else by the longest base_url. */
static bool app_match(const struct generation *g, const struct request *req, struct conf_match *m)
{
	struct slice base;
	char id[64];

	if (!req->site_override.len)
		return conf_site_match(g->conf, req->host, req->path_decoded, m);
	memset(m, 0, sizeof(*m));
	if (!slice_copy(req->site_override, id, sizeof(id)))
		return false;
	m->site = conf_site_by_id(g->conf, id);
	if (!m->site)
		return false;
	base = slice_from(m->site->base_path);
	m->rest = slice_starts(req->path_decoded, base)
	    ? slice_sub(req->path_decoded, base.len, req->path_decoded.len) : req->path_decoded;
	return true;
}

static void page_language(struct page *p)
{
	const struct conf_site *c = site_conf(p->site);
	struct slice asked = request_query_get(p->req, "lang");
	const char *lang = asked.len ? site_lang(p->site, asked) : NULL;

	p->lang_asked = lang != NULL;
	p->lang = lang ? lang : lang_pick(p->req->accept_language, c->languages.v, c->languages.n);
}

static void page_method(struct page *p, const struct route *r)
{
	page_error(p, 405, "page.method");
	response_header_set(p->res, "Allow", !r->get ? SLICE("POST")
	    : r->post ? SLICE("GET, HEAD, POST") : SLICE("GET, HEAD"));
}

static void page_dispatch(struct page *p, struct slice rest)
{
	const struct route *r = route_find(rest, &p->arg);
	enum request_method m = p->req->method;

	p->route = r;
	p->class = r ? r->class : PAGE_TOKEN;
	if (!r) {
		page_error(p, 404, "page.nopage");
		return;
	}
	if (p->req->query.len && !request_query(p->req)) {
		page_error(p, 400, "page.bytes");
		return;
	}
	if ((m == REQUEST_GET || m == REQUEST_HEAD) && r->get)
		r->get(p);
	else if (m == REQUEST_POST && r->post)
		r->post(p);
	else
		page_method(p, r);
}

/* The site and, where the route needs them, its databases, open until page_close(). */
static bool page_open(struct page *p, const struct conf_match *m, struct errinfo *ei)
{
	struct slice arg;

	if (!p->gs || !p->gs->up)
		return false;
	if (generation_open(p->gs, &p->live, ei) != OK)
		return false;
	p->site = p->live->site;
	return request_needs(p->req, route_find(m->rest, &arg)) != ROUTE_STORE ||
	    app_store_get(p->app, p->gs->store, &p->store, ei) == OK;
}

static void page_put(struct page *p)
{
	if (p->store)
		app_store_put(p->app, p->gs->store);
	if (p->live)
		generation_close(p->gs);
}

/* Answered. */
static void page_close(struct page *p)
{
	if (p->req->method == REQUEST_POST && p->route)
		log_event(LOG_INFO, "post", LOG_S("site", site_conf(p->site)->id), LOG_S("route", p->route->path),
		    LOG_S("id", p->req->id), LOG_I("status", p->res->status),
		    LOG_I("ms", clock_now_ms() - p->req->received_ms));
	page_put(p);
	generation_release(p->generation);
}

/* Parked requests keep databases open, and they may be many: from here on each keeps its thread, which are few. */
static bool app_crowded(struct app *a)
{
	unsigned open;

	shelf_count(&a->shelf, &open, NULL, NULL);
	return open > a->shelf.limit + a->shelf.limit / 4;
}

/* Of the site that m names. False: the site is down. */
static bool app_page(struct app *a, struct generation *g, struct request *req, struct response *res,
    const struct conf_match *m, struct errinfo *ei)
{
	struct page *p = arena_alloc(req->arena, sizeof(*p));
	bool parked = false;

	if (!p || m->broken)
		return false;
	*p = (struct page){.app = a, .generation = g, .req = req, .res = res, .arena = req->arena, .writers = a->writers,
	    .budget = a->budget, .gs = generation_site(g, m->site), .parked = &parked};
	if (!page_open(p, m, ei)) {
		page_put(p);
		return false;
	}
	if (p->store && app_crowded(a))
		p->parked = NULL;
	p->client_ip = client_address(g->conf, req);
	page_language(p);
	page_dispatch(p, m->rest);
	/* else it is another thread's */
	if (!parked)
		page_close(p);
	return true;
}

void app_handle(void *ctx, struct request *req, struct response *res)
{
	struct app *a = ctx;
	struct generation *g = generation_get(a);
	struct errinfo ei = {.code = OK};
	struct conf_match m;
	bool matched = app_match(g, req, &m);

	if (matched && a->opts.brief)
		app_complete(a, g, req, m.rest);
	if (!matched) {
		bare_send(a->bare, req, 404, res);
	} else if (app_page(a, g, req, res, &m, &ei)) {
		return;
	} else {
		log_event(LOG_WARN, "site_is_down", LOG_S("site", m.site ? m.site->id : m.broken->id), LOG_S("id", req->id),
		    LOG_S("why", ei.code ? ei.text : ""));
		bare_send(a->bare, req, 503, res);
	}
	generation_release(g);
}

bool app_finish(void *ctx, struct request *req, struct response *res)
{
	struct page_wait *w = req->parked;
	struct page *p = w->page;

	(void)ctx;
	(void)res;
	if (!w->alone && !w->job.result && w->slow && w->slow(w->arg)) {
		w->alone = true;
		return false;
	}
	w->answer(p, w->arg, w->job.result, &w->job.ei);
	page_close(p);
	return true;
}

size_t app_body_limit(void *ctx, const struct request *req)
{
	struct generation *g = generation_get(ctx);
	const struct route *r = NULL;
	struct conf_match m;
	struct slice arg;

	if (app_match(g, req, &m) && m.site)
		r = route_find(m.rest, &arg);
	generation_release(g);
	return r && r->body_max_bytes > ROUTE_BODY_MAX_BYTES ? r->body_max_bytes : ROUTE_BODY_MAX_BYTES;
}

void app_refuse(void *ctx, const struct request *req, unsigned status, struct response *res)
{
	struct app *a = ctx;

	bare_send(a->bare, req, status, res);
}
