#include "web/generation_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "conf/secret.h"
#include "core/formpage.h"
#include "core/lint.h"
#include "core/notice.h"
#include "core/texts.h"
#include "core/voice.h"
#include "store/intake.h"

#define GENERATION_ARENA_MAX_BYTES (64u * 1024u * 1024u)
#define GENERATION_ARENA_BLOCK_BYTES (16u * 1024u)
#define WORK_ARENA_MAX_BYTES (8u * 1024u * 1024u)

static size_t lang_index(const struct conf_site *c, const char *lang)
{
	for (size_t i = 0; i < c->languages.n; i++)
		if (strcmp(c->languages.v[i], lang) == 0)
			return i;
	return 0;
}

/* ---- an open site */

static void live_free(struct generation_live *l)
{
	if (!l)
		return;
	for (size_t i = 0; l->forms && i < l->nforms; i++)
		free(atomic_load_explicit(&l->forms[i], memory_order_relaxed));
	for (size_t i = 0; l->notices && i < l->nnotices; i++)
		free(atomic_load_explicit(&l->notices[i], memory_order_relaxed));
	free(l->forms);
	free(l->notices);
	site_free(l->site);
	letter_cache_free(l->letters);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static enum err live_open(struct shelf_item *it, void *arg, struct errinfo *ei)
{
	struct generation_site *gs = (struct generation_site *)it;
	struct generation *g = arg;
	const struct conf_site *c = gs->conf;
	struct generation_live *l = calloc(1, sizeof(*l));
	enum err rc;

	if (!l)
		return err_set(ei, E_NOMEM, "site %s", c->id);
	pthread_mutex_init(&l->lock, NULL);
	l->gs = gs;
	l->letters = letter_cache_new();
	l->nforms = c->nforms * c->languages.n * 2;
	l->nnotices = c->languages.n;
	l->forms = calloc(l->nforms + 1, sizeof(*l->forms));
	l->notices = calloc(l->nnotices + 1, sizeof(*l->notices));
	rc = l->letters && l->forms && l->notices ? site_new_with(&l->site, gs->own ? gs->own : g->voices, g->conf, c, ei)
	    : err_set(ei, E_NOMEM, "site %s", c->id);
	if (rc)
		live_free(l);
	else
		gs->live = l;
	return rc;
}

static void live_close(struct shelf_item *it, void *arg)
{
	struct generation_site *gs = (struct generation_site *)it;

	(void)arg;
	live_free(gs->live);
	gs->live = NULL;
	if (gs->own)
		voices_rest(gs->own);
}

static const struct shelf_calls live_calls = {.open = live_open, .close = live_close};

enum err generation_open(struct generation_site *gs, struct generation_live **out, struct errinfo *ei)
{
	enum err rc = shelf_get(&gs->of->shelf, &gs->item, ei);

	*out = rc ? NULL : gs->live;
	return rc;
}

void generation_close(struct generation_site *gs)
{
	shelf_put(&gs->of->shelf, &gs->item);
}

/* ---- pages, at their first call */

/*
 * Pages are on the heap and whole: an arena that ran out of memory once would stay without, and the site without the
 * pages that nobody had asked for yet. at: memory for the bytes and a NUL behind them.
 */
static void keep_page(struct slice body, char *at, struct generation_page *out)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(8)];

	memcpy(at, body.ptr, body.len);
	at[body.len] = '\0';
	out->body = slice_make(at, body.len);
	crypt_sha256(hash, body.ptr, body.len);
	enc_hex(hash, 8, hex);
	out->etag[0] = '"';
	memcpy(out->etag + 1, hex, 16);
	out->etag[17] = '"';
	out->etag[18] = '\0';
}

static struct generation_page *render_form(struct generation_live *l, struct arena *work, enum formpage_kind kind,
    const struct conf_form *form, const char *lang, struct errinfo *ei)
{
	const struct formpage f = {.form = form, .lang = lang};
	struct generation_page *out;
	struct buf b;

	buf_init_arena(&b, work, SITE_PAGE_MAX_BYTES);
	if (formpage_render(l->site, work, kind, &f, &b, ei) != OK)
		return NULL;
	out = buf_ok(&b) ? calloc(1, sizeof(*out) + b.len + 1) : NULL;
	if (out)
		keep_page(buf_slice(&b), (char *)(out + 1), out);
	else
		err_set(ei, E_NOMEM, "form %s", form->id);
	return out;
}

const struct generation_page *generation_form(struct generation_live *l, const struct conf_form *form,
    const char *lang, bool fragment, struct errinfo *ei)
{
	const struct conf_site *c = l->gs->conf;
	size_t at = ((size_t)(form - c->forms) * c->languages.n + lang_index(c, lang)) * 2 + fragment;
	struct generation_page *page = atomic_load_explicit(&l->forms[at], memory_order_acquire);
	struct arena work;

	if (page)
		return page;
	arena_init(&work, WORK_ARENA_MAX_BYTES);
	pthread_mutex_lock(&l->lock);
	page = atomic_load_explicit(&l->forms[at], memory_order_relaxed);
	if (!page)
		page = render_form(l, &work, fragment ? FORMPAGE_FRAGMENT : FORMPAGE_PAGE, form, lang, ei);
	atomic_store_explicit(&l->forms[at], page, memory_order_release);
	pthread_mutex_unlock(&l->lock);
	arena_free(&work);
	return page;
}

static struct generation_notice *render_notice(struct generation_live *l, struct arena *work, const char *lang,
    struct errinfo *ei)
{
	const struct generation_stamp *now = generation_stamp(l, lang);
	const struct notice_stamp stamp = {.no = now->no, .hash_hex = now->hash_hex, .valid_from_ms = now->valid_from_ms};
	struct generation_notice *out;
	struct buf page, part;

	buf_init_arena(&page, work, NOTICE_MAX_BYTES);
	buf_init_arena(&part, work, NOTICE_MAX_BYTES);
	if (notice_page(l->site, work, lang, &stamp, &page, ei) != OK || notice_body(l->site, work, lang, &part, ei) != OK)
		return NULL;
	out = buf_ok(&page) && buf_ok(&part) ? calloc(1, sizeof(*out) + page.len + 1 + part.len + 1) : NULL;
	if (!out) {
		err_set(ei, E_NOMEM, "notice");
		return NULL;
	}
	keep_page(buf_slice(&page), (char *)(out + 1), &out->page);
	keep_page(buf_slice(&part), (char *)(out + 1) + page.len + 1, &out->part);
	snprintf(out->page_etag, sizeof(out->page_etag), "\"%s-%.16s\"", now->hash_hex, out->page.etag + 1);
	snprintf(out->part_etag, sizeof(out->part_etag), "\"%s\"", now->hash_hex);
	return out;
}

const struct generation_notice *generation_notice(struct generation_live *l, const char *lang, struct errinfo *ei)
{
	struct generation_notice *_Atomic *at = &l->notices[lang_index(l->gs->conf, lang)];
	struct generation_notice *n = atomic_load_explicit(at, memory_order_acquire);
	struct arena work;

	if (n)
		return n;
	arena_init(&work, WORK_ARENA_MAX_BYTES);
	pthread_mutex_lock(&l->lock);
	n = atomic_load_explicit(at, memory_order_relaxed);
	if (!n)
		n = render_notice(l, &work, lang, ei);
	atomic_store_explicit(at, n, memory_order_release);
	pthread_mutex_unlock(&l->lock);
	arena_free(&work);
	return n;
}

const struct generation_stamp *generation_stamp(const struct generation_live *l, const char *lang)
{
	return &l->gs->stamps[lang_index(l->gs->conf, lang)];
}

/* ---- at start and reload */

#define HOOK_SECRET_MIN_BYTES 16

/* Without its secret the hook stays shut, and the site is in service all the same. */
static void hook_start(const struct conf *host, const struct conf_site *conf, const char *provider,
    struct generation_hook *hook)
{
	struct errinfo ei = {.code = OK};
	struct buf secret;
	char key[60];
	enum err rc;

	hook->set = false;
	snprintf(key, sizeof(key), "mail.hooks.%s.secret_file", provider);
	if (!conf_item_value(conf, key))
		return;
	buf_init(&secret, 4096);
	rc = conf_secret_read(host, conf, key, &secret, &ei);
	if (!rc && secret.len < HOOK_SECRET_MIN_BYTES)
		rc = err_set(&ei, E_INVALID, "%s: the secret has fewer than %d characters, so it "
		    "could be guessed. Make one with: openssl rand -hex 24", key, HOOK_SECRET_MIN_BYTES);
	if (rc)
		log_err(LOG_ERROR, "hook_is_shut", &ei);
	else
		crypt_sha256(hook->hash, secret.data, secret.len);
	hook->set = !rc;
	crypt_wipe(secret.data, secret.len);
	buf_free(&secret);
}

static void hooks_start(const struct conf *host, struct generation_site *gs)
{
	hook_start(host, gs->conf, "mailjet", &gs->hooks[GENERATION_HOOK_MAILJET]);
	hook_start(host, gs->conf, "brevo", &gs->hooks[GENERATION_HOOK_BREVO]);
}

static enum err stamps_read(struct generation *g, struct generation_site *gs, struct store *store, struct errinfo *ei)
{
	const struct conf_site *c = gs->conf;
	struct notice_version now;
	struct db *db;
	enum err rc;

	if (!gs->stamps)
		gs->stamps = arena_alloc(&g->arena, c->languages.n * sizeof(*gs->stamps));
	if (!gs->stamps)
		return err_set(ei, E_NOMEM, "notices of %s", c->id);
	rc = store_read(store, &db, ei);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < c->languages.n; i++) {
		struct generation_stamp *s = &gs->stamps[i];
		rc = notice_current(db, c->languages.v[i], &now, ei);
		if (rc)
			break;
		enc_hex(now.hash, sizeof(now.hash), s->hash_hex);
		s->no = now.no;
		s->valid_from_ms = now.valid_from_ms;
	}
	store_read_end(store, db);
	return rc;
}

/* A crash, or CGI: somebody must look at these although nobody asks for the site. */
static enum err intake_look(struct generation_site *gs, struct store *store, struct errinfo *ei)
{
	int64_t n = 0;
	struct db *db;
	enum err rc = store_read(store, &db, ei);

	if (rc)
		return rc;
	rc = intake_count(db, &n, ei);
	store_read_end(store, db);
	gs->waits = n > 0;
	return rc;
}

/* Everything that needs the store. */
static enum err site_fill(struct generation *g, struct generation_site *gs, const struct site *site, struct store *store,
    struct errinfo *ei)
{
	struct texts_report report;
	enum err rc = texts_apply(site, store, false, &report, ei);

	if (!rc)
		rc = stamps_read(g, gs, store, ei);
	if (!rc)
		rc = intake_look(gs, store, ei);
	if (rc)
		return rc;
	gs->whole = true;
	log_event(LOG_INFO, "site_up", LOG_S("site", gs->conf->id), LOG_I("new_texts", report.stored),
	    LOG_I("new_notices", report.notices));
	return OK;
}

static enum err site_whole(struct generation *g, struct generation_site *gs, const struct generation_stores *stores,
    const struct site *site, struct errinfo *ei)
{
	struct store *store;
	enum err rc;

	hooks_start(g->conf, gs);
	gs->store = stores->find(stores->arg, gs->conf);
	if (!gs->store)
		return err_set(ei, E_NOMEM, "site %s", gs->conf->id);
	rc = stores->get(stores->arg, gs->store, &store, ei);
	if (rc)
		return err_wrap(ei, "site %s", gs->conf->id);
	rc = site_fill(g, gs, site, store, ei);
	stores->put(stores->arg, gs->store);
	return rc;
}

static enum err site_start(struct generation *g, struct generation_site *gs, const struct generation_stores *stores,
    struct errinfo *ei)
{
	struct generation_live *l;
	enum err rc;

	if (*gs->conf->templates && !gs->own && !(gs->own = voices_new(g->conf)))
		return err_set(ei, E_NOMEM, "site %s", gs->conf->id);
	rc = generation_open(gs, &l, ei);
	if (rc)
		return rc;
	rc = lint_gate(l->site, ei);
	if (!rc && stores)
		rc = site_whole(g, gs, stores, l->site, ei);
	generation_close(gs);
	return rc;
}

static void site_count(struct generation *g, struct generation_site *gs, enum err rc, struct errinfo *ei)
{
	static atomic_uint_fast64_t made;

	gs->up = rc == OK;
	gs->made = atomic_fetch_add(&made, 1) + 1;
	if (gs->up) {
		g->up++;
		return;
	}
	log_err(LOG_ERROR, "site_down", ei);
	if (rc == E_IO || rc == E_BUSY || rc == E_NOMEM)
		g->shut++;
	g->down++;
}

void generation_complete(struct generation *g, const struct generation_stores *stores)
{
	for (size_t i = 0; i < g->conf->nsites; i++) {
		struct generation_site *gs = &g->sites[i];
		struct errinfo ei = {.code = OK};
		if (!gs->up || gs->whole)
			continue;
		g->up--;
		site_count(g, gs, site_start(g, gs, stores, &ei), &ei);
	}
}

/* Nothing in the host file can have changed a text. */
static bool host_same(const struct conf *a, const struct conf *b)
{
	if (*a->templates || *b->templates || a->nitems != b->nitems)
		return false;
	for (size_t i = 0; i < a->nitems; i++)
		if (strcmp(a->items[i].path, b->items[i].path) != 0 || strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	return true;
}

/* Taken over from the last generation; false: it must be looked at. */
static bool site_keep(struct generation *g, struct generation_site *gs, const struct generation_stores *stores,
    const struct generation *last)
{
	const struct conf_site *c = last ? conf_site_by_id(last->conf, gs->conf->id) : NULL;
	const struct generation_site *was = c ? generation_site(last, c) : NULL;
	size_t bytes = gs->conf->languages.n * sizeof(*gs->stamps);

	if (!was || !was->up || !was->whole || *gs->conf->templates || *c->templates ||
	    memcmp(c->hash, gs->conf->hash, sizeof(c->hash)) != 0 || !stores->same(stores->arg, was->store))
		return false;
	gs->stamps = arena_alloc(&g->arena, bytes);
	if (!gs->stamps)
		return false;
	memcpy(gs->stamps, was->stamps, bytes);
	gs->store = was->store;
	gs->up = gs->whole = true;
	gs->made = was->made;
	g->up++;
	hooks_start(g->conf, gs);
	return true;
}

struct generation *generation_new(struct conf *conf, const struct generation_stores *stores, unsigned live_max,
    const struct generation *last)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (g) {
		g->sites = calloc(conf->nsites + 1, sizeof(*g->sites));
		g->voices = voices_new(conf);
	}
	if (!g || !g->sites || !g->voices) {
		if (g) {
			voices_free(g->voices);
			free(g->sites);
		}
		free(g);
		return NULL;
	}
	atomic_init(&g->refs, 1);
	shelf_init(&g->shelf, live_max ? live_max : GENERATION_LIVE_MAX, &live_calls, g);
	arena_init_blocks(&g->arena, GENERATION_ARENA_MAX_BYTES, GENERATION_ARENA_BLOCK_BYTES);
	g->conf = conf;
	if (!stores || (last && !host_same(last->conf, conf)))
		last = NULL;
	g->down = (unsigned)conf->nbroken;
	for (size_t i = 0; i < conf->nsites; i++) {
		struct generation_site *gs = &g->sites[i];
		struct errinfo ei = {.code = OK};
		gs->of = g;
		gs->conf = conf->sites[i];
		if (site_keep(g, gs, stores, last))
			continue;
		site_count(g, gs, site_start(g, gs, stores, &ei), &ei);
	}
	return g;
}

void generation_release(struct generation *g)
{
	if (!g || atomic_fetch_sub(&g->refs, 1) != 1)
		return;
	shelf_end(&g->shelf);
	for (size_t i = 0; i < g->conf->nsites; i++)
		voices_free(g->sites[i].own);
	voices_free(g->voices);
	arena_free(&g->arena);
	free(g->sites);
	conf_free(g->conf);
	free(g);
}

struct generation_site *generation_site(const struct generation *g, const struct conf_site *c)
{
	for (size_t i = 0; i < g->conf->nsites; i++)
		if (g->conf->sites[i] == c)
			return &g->sites[i];
	return NULL;
}
