#include "web/ready_priv.h"

#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#define READY_DIR_MODE 0755
#define READY_RETRY_S 60

/* What was written of a site, and from which making of it. */
struct ready_site {
	char id[64];
	uint64_t made;
	char keys[READY__MAX][READY_KEY_CHARS + 1];
	struct ready_site *next;
};

struct ready {
	ready_source *source;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock; /* guards wish and stop */
	pthread_cond_t wished;
	bool wish, stop;
	/* Of the thread. */
	unsigned failed; /* sites of this pass; why the first of them did is in the log */
	struct ready_site *sites;
	char *dir; /* of the last pass; NULL: none */
};

static bool interrupted(struct ready *r)
{
	bool is;

	pthread_mutex_lock(&r->lock);
	is = r->wish || r->stop;
	pthread_mutex_unlock(&r->lock);
	return is;
}

/* ---- one site */

/* Every file of a site, by name below its folder; false: stop. */
static bool each_file(const struct conf_site *c, const char keys[READY__MAX][READY_KEY_CHARS + 1],
    bool (*call)(void *arg, enum ready_kind kind, const struct conf_form *form, const char *lang, const char *name),
    void *arg)
{
	struct buf name;
	bool go = true;

	buf_init(&name, NAME_MAX);
	for (size_t l = 0; go && l < c->languages.n; l++)
		for (size_t i = 0; go && i < c->nforms + 2; i++) {
			const struct conf_form *form = i < c->nforms ? &c->forms[i] : NULL;
			enum ready_kind kind = form ? READY_FORM : i == c->nforms ? READY_NOTICE : READY_PART;
			buf_reset(&name);
			ready_name(&name, kind, form ? form->id : NULL, c->languages.v[l], keys[kind]);
			go = buf_ok(&name) && call(arg, kind, form, c->languages.v[l], name.data);
		}
	buf_free(&name);
	return go;
}

struct seek {
	const char *dir, *site, *name;
};

static bool is_there(void *arg, enum ready_kind kind, const struct conf_form *form, const char *lang, const char *name)
{
	const struct seek *s = arg;
	char path[PATH_MAX];

	(void)kind;
	(void)form;
	(void)lang;
	if (snprintf(path, sizeof(path), "%s/%s/%s.gz", s->dir, s->site, name) >= (int)sizeof(path) || !file_exists(path))
		return false;
	path[strlen(path) - 3] = '\0';
	return file_exists(path);
}

static bool is_other(void *arg, enum ready_kind kind, const struct conf_form *form, const char *lang, const char *name)
{
	const char *seen = ((const struct seek *)arg)->name;
	size_t n = strlen(name);

	(void)kind;
	(void)form;
	(void)lang;
	return strncmp(seen, name, n) != 0 || (seen[n] && strcmp(seen + n, ".gz") != 0);
}

struct keep {
	const struct conf_site *c;
	const struct ready_site *rs;
};

static bool is_wanted(void *arg, const char *name)
{
	const struct keep *k = arg;
	struct seek s = {.name = name};

	return !each_file(k->c, k->rs->keys, is_other, &s);
}

struct writing {
	const char *dir;
	struct generation_live *live;
	struct errinfo *ei;
};

static bool write_one(void *arg, enum ready_kind kind, const struct conf_form *form, const char *lang, const char *name)
{
	struct writing *w = arg;
	const struct generation_page *page;
	const struct generation_notice *n;
	char path[PATH_MAX];

	if (kind == READY_FORM)
		page = generation_form(w->live, form, lang, false, w->ei);
	else {
		n = generation_notice(w->live, lang, w->ei);
		page = !n ? NULL : kind == READY_NOTICE ? &n->page : &n->part;
	}
	if (!page)
		return false;
	if (snprintf(path, sizeof(path), "%s/%s/%s", w->dir, w->live->gs->conf->id, name) >= (int)sizeof(path)) {
		err_set(w->ei, E_LIMIT, "%s: the path is too long", w->dir);
		return false;
	}
	return ready_put(path, page->body, w->ei) == OK;
}

static enum err keys_make(const struct site *s, struct ready_site *rs, struct errinfo *ei)
{
	enum err rc = OK;

	for (int k = 0; !rc && k < READY__MAX; k++) {
		struct response res;
		struct arena a;
		arena_init(&a, 1024 * 1024);
		response_init(&res, &a);
		rc = ready_headers(s, (enum ready_kind)k, &res, rs->keys[k], ei);
		response_free(&res);
		arena_free(&a);
	}
	return rc;
}

static enum err site_files(const char *dir, struct generation_site *gs, struct ready_site *rs, struct errinfo *ei)
{
	struct keep keep = {.c = gs->conf, .rs = rs};
	struct writing w = {.dir = dir, .ei = ei};
	char path[PATH_MAX];
	enum err rc;

	if (snprintf(path, sizeof(path), "%s/%s", dir, gs->conf->id) >= (int)sizeof(path))
		return err_set(ei, E_LIMIT, "%s: the path is too long", dir);
	rc = file_mkdir(path, READY_DIR_MODE, ei);
	if (rc)
		return rc;
	rc = generation_open(gs, &w.live, ei);
	if (rc)
		return rc;
	rc = keys_make(w.live->site, rs, ei);
	if (!rc) {
		rc = ready_sweep(dir, gs->conf->id, is_wanted, &keep, ei);
		if (!rc)
			rc = each_file(gs->conf, rs->keys, write_one, &w) ? OK : ei->code ? ei->code : E_NOMEM;
	}
	generation_close(gs);
	return rc;
}

static struct ready_site *site_record(struct ready *r, const char *id)
{
	struct ready_site *rs = r->sites;

	while (rs && strcmp(rs->id, id) != 0)
		rs = rs->next;
	if (rs)
		return rs;
	rs = calloc(1, sizeof(*rs));
	if (!rs || !slice_copy(slice_from(id), rs->id, sizeof(rs->id))) {
		free(rs);
		return NULL;
	}
	rs->next = r->sites;
	r->sites = rs;
	return rs;
}

/* One line a pass: what one site lacks, a thousand lack. */
static void complain(struct ready *r, const char *site, enum err old, struct errinfo *ei)
{
	if (r->failed++)
		return;
	err_wrap(ei, "%s: tried again every minute; the folder must be there, have room and belong to the user that runs "
	    "serve; site %s", old ? "the web server still hands out OLD PAGES" : "no ready files, the program answers instead", site);
	log_err(old ? LOG_ERROR : LOG_WARN, "ready", ei);
}

/* Without its files the program answers for the site: better than an old notice. */
static bool site_pass(struct ready *r, const char *dir, struct generation_site *gs)
{
	struct seek seek = {.dir = dir, .site = gs->conf->id};
	struct ready_site *rs = site_record(r, gs->conf->id);
	struct errinfo ei = {.code = OK}, old = {.code = OK};
	enum err rc;

	if (!rs)
		return false;
	if (rs->made == gs->made && each_file(gs->conf, rs->keys, is_there, &seek))
		return true;
	rs->made = 0;
	rc = site_files(dir, gs, rs, &ei);
	if (!rc) {
		rs->made = gs->made;
		return true;
	}
	complain(r, gs->conf->id, ready_drop(dir, gs->conf->id, &old), old.code ? &old : &ei);
	return false;
}

/* ---- all */

static bool is_up(const struct generation *g, const char *id)
{
	const struct conf_site *c = conf_site_by_id(g->conf, id);
	const struct generation_site *gs = c ? generation_site(g, c) : NULL;

	return gs && gs->up;
}

/* Folders of sites that are gone or down; g NULL: of all. False: something old is left. */
static bool dir_sweep(struct ready *r, const char *dir, const struct generation *g)
{
	struct errinfo ei = {.code = OK};
	struct dirent *e;
	DIR *d = opendir(dir);
	bool whole = true;
	enum err rc;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && !(g && is_up(g, e->d_name)) && (rc = ready_drop(dir, e->d_name, &ei)) != OK) {
			complain(r, e->d_name, rc, &ei);
			whole = false;
		}
	if (d)
		closedir(d);
	return whole;
}

static void dir_change(struct ready *r, const char *dir)
{
	if (r->dir && strcmp(r->dir, dir) == 0)
		return;
	if (r->dir)
		dir_sweep(r, r->dir, NULL);
	free(r->dir);
	r->dir = *dir ? strdup(dir) : NULL;
	for (struct ready_site *rs = r->sites; rs; rs = rs->next)
		rs->made = 0;
}

/* False: something could not be written, and is tried again later. */
static bool pass(struct ready *r)
{
	struct generation *g = r->source(r->arg);
	const char *dir = g->conf->ready;
	int64_t from_ms = clock_mono_ms();
	bool whole = true;

	r->failed = 0;
	dir_change(r, dir);
	if (*dir)
		whole = dir_sweep(r, dir, g);
	for (size_t i = 0; *dir && i < g->conf->nsites && !interrupted(r); i++)
		if (g->sites[i].up && !site_pass(r, dir, &g->sites[i]))
			whole = false;
	if (r->failed > 1)
		log_event(LOG_WARN, "ready", LOG_I("failed_sites", r->failed));
	if (*dir && whole && !interrupted(r))
		log_event(LOG_INFO, "ready", LOG_I("sites", g->up), LOG_I("ms", clock_mono_ms() - from_ms));
	generation_release(g);
	malloc_trim(0); /* a thousand pages were rendered and let go */
	return whole;
}

static void *ready_main(void *arg)
{
	struct ready *r = arg;
	bool whole = true;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += READY_RETRY_S;
		while (!r->wish && !r->stop)
			if (whole)
				pthread_cond_wait(&r->wished, &r->lock);
			else if (pthread_cond_timedwait(&r->wished, &r->lock, &until) != 0)
				break;
		if (r->stop)
			break;
		r->wish = false;
		pthread_mutex_unlock(&r->lock);
		whole = pass(r);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

enum err ready_new(struct ready **out, ready_source *source, void *arg, struct errinfo *ei)
{
	struct ready *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (!r)
		return err_set(ei, E_NOMEM, "ready files");
	r->source = source;
	r->arg = arg;
	r->wish = true;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wished, NULL);
	if (pthread_create(&r->thread, NULL, ready_main, r) != 0) {
		pthread_cond_destroy(&r->wished);
		pthread_mutex_destroy(&r->lock);
		free(r);
		return err_set(ei, E_NOMEM, "ready files: no thread");
	}
	*out = r;
	return OK;
}

void ready_kick(struct ready *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->wish = true;
	pthread_cond_signal(&r->wished);
	pthread_mutex_unlock(&r->lock);
}

void ready_free(struct ready *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->wished);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	while (r->sites) {
		struct ready_site *rs = r->sites;
		r->sites = rs->next;
		free(rs);
	}
	pthread_cond_destroy(&r->wished);
	pthread_mutex_destroy(&r->lock);
	free(r->dir);
	free(r);
}
