#include "web/app.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/secret.h"
#include "core/turn.h"
#include "web/bare_priv.h"
#include "web/client_priv.h"
#include "web/generation_priv.h"
#include "web/lang_priv.h"
#include "web/page_priv.h"
#include "web/route_priv.h"

/* The database of one site, opened once and kept over reloads. */
struct app_store {
	char id[64];
	struct app *app;
	struct store *store;
	struct app_store *next;
};

struct app {
	struct app_opts opts;
	char *conf_path;
	struct bare *bare;
	struct budget *budget; /* NULL: its file cannot be used, said in the log */
	struct writer_pool *writers;
	struct app_store *stores;
	pthread_mutex_t lock; /* guards now */
	struct generation *now;
	int64_t tried_ms; /* monotonic; last load, of app_load() and app_tick() */
};

#define APP_RETRY_MS 30000

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
	struct generation *g = generation_get(st->app);
	const struct conf_site *c = g ? conf_site_by_id(g->conf, st->id) : NULL;
	const struct generation_site *gs = c ? generation_site(g, c) : NULL;
	enum err rc = OK;

	*more = false;
	if (gs && gs->site) {
		struct turn t = {.site = gs->site, .letters = gs->letters, .budget = st->app->budget};
		rc = turn_after(db, &t, more, ei);
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

static enum err store_start(struct app *a, const struct conf *c, const struct conf_site *site, struct app_store *st,
    struct errinfo *ei)
{
	struct buf dir, keys;
	struct store_opts o = {.site = site->id, .journal = c->backup.journal, .create = true, .brief = a->opts.brief};
	enum err rc;

	buf_init(&dir, 4096);
	buf_init(&keys, 4096);
	buf_printf(&dir, "%s/%s", c->data, site->id);
	conf_keyring_path(c, site->id, &keys);
	o.dir = dir.data;
	o.keys_path = keys.data;
	rc = store_open(&st->store, &o, ei);
	if (!rc)
		rc = writer_attach(a->writers, st->store, app_after, st, ei);
	buf_free(&dir);
	buf_free(&keys);
	return rc;
}

struct opening {
	struct app *app;
	const struct conf *conf;
};

static struct store *app_open_store(void *arg, const struct conf_site *site)
{
	struct opening *o = arg;
	struct errinfo ei = {.code = OK};
	struct app_store *st;

	for (st = o->app->stores; st; st = st->next)
		if (strcmp(st->id, site->id) == 0)
			return st->store;
	st = calloc(1, sizeof(*st));
	if (!st || !slice_copy(slice_from(site->id), st->id, sizeof(st->id))) {
		free(st);
		return NULL;
	}
	st->app = o->app;
	if (store_start(o->app, o->conf, site, st, &ei) != OK) {
		err_wrap(&ei, "site %s", site->id);
		log_err(LOG_ERROR, "site_down", &ei);
		store_close(st->store);
		free(st);
		return NULL;
	}
	st->next = o->app->stores;
	o->app->stores = st;
	return st->store;
}

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
	*out = generation_new(conf, a->opts.brief ? NULL : app_open_store, &opening);
	if (!*out) {
		conf_free(conf);
		return err_set(ei, E_NOMEM, "configuration");
	}
	return OK;
}

/* A single request (CGI) begins with words and templates only; most ask for a form and need no more. */
static void app_complete(struct app *a, struct generation *g, struct request *req, struct slice rest)
{
	struct opening opening = {.app = a, .conf = g->conf};
	struct slice arg;
	const struct route *r = route_find(rest, &arg);

	if (r && r->light && (req->method == REQUEST_GET || req->method == REQUEST_HEAD) && !request_query_get(req, "token").ptr)
		return;
	app_budget(a, g->conf);
	generation_complete(g, app_open_store, &opening);
	for (struct app_store *st = a->stores; st; st = st->next)
		writer_poke(a->writers, st->store);
}

static void app_swap(struct app *a, struct generation *g)
{
	struct generation *old;

	pthread_mutex_lock(&a->lock);
	old = a->now;
	a->now = g;
	pthread_mutex_unlock(&a->lock);
	generation_release(old);
	for (struct app_store *st = a->stores; st; st = st->next)
		writer_poke(a->writers, st->store);
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
	a->conf_path = strdup(o->conf_path);
	a->writers = writer_pool_new(o->writer_threads);
	rc = a->conf_path && a->writers ? bare_new(&a->bare, ei) : err_set(ei, E_NOMEM, "service");
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

void app_free(struct app *a)
{
	if (!a)
		return;
	writer_pool_free(a->writers);
	while (a->stores) {
		struct app_store *st = a->stores;
		a->stores = st->next;
		store_close(st->store);
		free(st);
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

void app_tick(void *ctx)
{
	struct app *a = ctx;

	if (a->budget)
		budget_tick(a->budget);
	/* now is changed by this thread only */
	if (a->now->shut && clock_mono_ms() - a->tried_ms >= APP_RETRY_MS)
		app_reload(a);
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

/* Answered. */
static void page_close(struct page *p)
{
	if (p->req->method == REQUEST_POST && p->route)
		log_event(LOG_INFO, "post", LOG_S("site", site_conf(p->site)->id), LOG_S("route", p->route->path),
		    LOG_S("id", p->req->id), LOG_I("status", p->res->status),
		    LOG_I("ms", clock_now_ms() - p->req->received_ms));
	generation_release(p->generation);
}

/* Of the site that m names. False: the site is down. */
static bool app_page(struct app *a, struct generation *g, struct request *req, struct response *res,
    const struct conf_match *m)
{
	struct page *p = arena_alloc(req->arena, sizeof(*p));
	bool parked = false;

	if (!p || m->broken)
		return false;
	*p = (struct page){.app = a, .generation = g, .req = req, .res = res, .arena = req->arena, .writers = a->writers,
	    .budget = a->budget, .gs = generation_site(g, m->site), .parked = &parked};
	if (!p->gs || !p->gs->site)
		return false;
	p->client_ip = client_address(g->conf, req);
	p->site = p->gs->site;
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
	struct conf_match m;
	bool matched = app_match(g, req, &m);

	if (matched && a->opts.brief)
		app_complete(a, g, req, m.rest);
	if (!matched) {
		bare_send(a->bare, req, 404, res);
	} else if (app_page(a, g, req, res, &m)) {
		return;
	} else {
		log_event(LOG_WARN, "site_is_down", LOG_S("site", m.site ? m.site->id : m.broken->id), LOG_S("id", req->id));
		bare_send(a->bare, req, 503, res);
	}
	generation_release(g);
}

void app_finish(void *ctx, struct request *req, struct response *res)
{
	struct page_wait *w = req->parked;
	struct page *p = w->page;

	(void)ctx;
	(void)res;
	w->answer(p, w->arg, w->job.result, &w->job.ei);
	page_close(p);
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
