#include "web/generation_priv.h"

#include <stdio.h>
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

#define GENERATION_ARENA_MAX_BYTES (64u * 1024u * 1024u)
#define WORK_ARENA_MAX_BYTES (8u * 1024u * 1024u)

static size_t lang_index(const struct conf_site *c, const char *lang)
{
	for (size_t i = 0; i < c->languages.n; i++)
		if (strcmp(c->languages.v[i], lang) == 0)
			return i;
	return 0;
}

static bool keep_page(struct generation_site *gs, struct slice body, struct generation_page *out)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(8)];

	out->body = arena_dup(&gs->arena, body);
	if (!out->body.len)
		return false;
	crypt_sha256(hash, body.ptr, body.len);
	enc_hex(hash, 8, hex);
	out->etag[0] = '"';
	memcpy(out->etag + 1, hex, 16);
	out->etag[17] = '"';
	out->etag[18] = '\0';
	return true;
}

static enum err render_form(struct generation_site *gs, struct arena *work, enum formpage_kind kind,
    const struct conf_form *form, const char *lang, struct generation_page *out, struct errinfo *ei)
{
	const struct formpage f = {.form = form, .lang = lang};
	struct buf b;
	enum err rc;

	arena_reset(work);
	buf_init_arena(&b, work, SITE_PAGE_MAX_BYTES);
	rc = formpage_render(gs->site, work, kind, &f, &b, ei);
	if (!rc && !keep_page(gs, buf_slice(&b), out))
		rc = err_set(ei, E_NOMEM, "form %s", form->id);
	return rc;
}

static enum err render_forms(struct generation_site *gs, struct arena *work, struct errinfo *ei)
{
	const struct conf_site *c = gs->conf;
	size_t n = c->nforms * c->languages.n;
	enum err rc = OK;

	gs->forms = arena_alloc(&gs->arena, (n + 1) * sizeof(*gs->forms));
	gs->fragments = arena_alloc(&gs->arena, (n + 1) * sizeof(*gs->fragments));
	if (!gs->forms || !gs->fragments)
		return err_set(ei, E_NOMEM, "forms of %s", c->id);
	for (size_t i = 0; !rc && i < n; i++) {
		const struct conf_form *form = &c->forms[i / c->languages.n];
		const char *lang = c->languages.v[i % c->languages.n];
		rc = render_form(gs, work, FORMPAGE_PAGE, form, lang, &gs->forms[i], ei);
		if (!rc)
			rc = render_form(gs, work, FORMPAGE_FRAGMENT, form, lang, &gs->fragments[i], ei);
	}
	return rc;
}

static enum err render_notice(struct generation_site *gs, struct arena *work, const char *lang,
    const struct notice_version *now, struct generation_notice *out, struct errinfo *ei)
{
	struct notice_stamp stamp = {.no = now->no, .hash_hex = out->hash_hex, .valid_from_ms = now->valid_from_ms};
	struct buf b;
	enum err rc;

	enc_hex(now->hash, sizeof(now->hash), out->hash_hex);
	out->no = now->no;
	out->valid_from_ms = now->valid_from_ms;
	arena_reset(work);
	buf_init_arena(&b, work, NOTICE_MAX_BYTES);
	rc = notice_page(gs->site, work, lang, &stamp, &b, ei);
	if (!rc && !keep_page(gs, buf_slice(&b), &out->page))
		rc = err_set(ei, E_NOMEM, "notice");
	arena_reset(work);
	buf_init_arena(&b, work, NOTICE_MAX_BYTES);
	if (!rc)
		rc = notice_body(gs->site, work, lang, &b, ei);
	if (!rc && !keep_page(gs, buf_slice(&b), &out->part))
		rc = err_set(ei, E_NOMEM, "notice");
	if (!rc) {
		snprintf(out->page_etag, sizeof(out->page_etag), "\"%s-%.16s\"", out->hash_hex, out->page.etag + 1);
		snprintf(out->part_etag, sizeof(out->part_etag), "\"%s\"", out->hash_hex);
	}
	return rc;
}

static enum err render_notices(struct generation_site *gs, struct arena *work, struct errinfo *ei)
{
	const struct conf_site *c = gs->conf;
	struct notice_version now;
	struct db *db;
	enum err rc;

	gs->notices = arena_alloc(&gs->arena, (c->languages.n + 1) * sizeof(*gs->notices));
	if (!gs->notices)
		return err_set(ei, E_NOMEM, "notices of %s", c->id);
	rc = store_read(gs->store, &db, ei);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < c->languages.n; i++) {
		rc = notice_current(db, c->languages.v[i], &now, ei);
		if (!rc)
			rc = render_notice(gs, work, c->languages.v[i], &now, &gs->notices[i], ei);
	}
	store_read_end(gs->store, db);
	return rc;
}

#define HOOK_SECRET_MIN_BYTES 16

/* Without its secret the hook stays shut, and the site is in service all the same. */
static void hook_start(const struct generation *g, const struct conf_site *conf, const char *provider,
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
	rc = conf_secret_read(g->conf, conf, key, &secret, &ei);
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

/* Everything that needs the store, and all that is rendered ahead. */
static enum err site_fill(struct generation *g, struct generation_site *gs, struct errinfo *ei)
{
	struct texts_report report;
	struct arena work;
	enum err rc;

	gs->letters = letter_cache_new();
	if (!gs->letters)
		return err_set(ei, E_NOMEM, "site %s", gs->conf->id);
	hook_start(g, gs->conf, "mailjet", &gs->hooks[GENERATION_HOOK_MAILJET]);
	hook_start(g, gs->conf, "brevo", &gs->hooks[GENERATION_HOOK_BREVO]);
	rc = texts_apply(gs->site, gs->store, false, &report, ei);
	if (rc)
		return rc;
	arena_init(&work, WORK_ARENA_MAX_BYTES);
	rc = render_forms(gs, &work, ei);
	if (!rc)
		rc = render_notices(gs, &work, ei);
	arena_free(&work);
	if (!rc)
		log_event(LOG_INFO, "site_up", LOG_S("site", gs->conf->id), LOG_I("new_texts", report.stored),
		    LOG_I("new_notices", report.notices));
	return rc;
}

static void site_end(struct generation_site *gs)
{
	site_free(gs->site);
	letter_cache_free(gs->letters);
	arena_free(&gs->arena);
	gs->site = NULL;
	gs->letters = NULL;
	gs->forms = gs->fragments = NULL;
	gs->notices = NULL;
}

static enum err site_start(struct generation *g, struct generation_site *gs, generation_open_store *open_store,
    void *arg, struct errinfo *ei)
{
	enum err rc = OK;

	/* Whoever opens it says why it does not open. */
	if (open_store && !(gs->store = open_store(arg, gs->conf)))
		return err_set(ei, E_IO, "store");
	if (!gs->site) {
		rc = site_new(&gs->site, g->conf, gs->conf, ei);
		if (!rc)
			rc = lint_gate(gs->site, ei);
	}
	return rc || !open_store ? rc : site_fill(g, gs, ei);
}

static void site_count(struct generation *g, struct generation_site *gs, enum err rc, struct errinfo *ei,
    bool store_wanted)
{
	if (rc == OK) {
		g->up++;
		return;
	}
	if (gs->store || !store_wanted)
		log_err(LOG_ERROR, "site_down", ei);
	if (rc == E_IO || rc == E_BUSY || rc == E_NOMEM)
		g->shut++;
	site_end(gs);
	arena_init(&gs->arena, GENERATION_ARENA_MAX_BYTES);
	g->down++;
}

void generation_complete(struct generation *g, generation_open_store *open_store, void *arg)
{
	for (size_t i = 0; i < g->conf->nsites; i++) {
		struct generation_site *gs = &g->sites[i];
		struct errinfo ei = {.code = OK};
		if (!gs->site || gs->store)
			continue;
		g->up--;
		site_count(g, gs, site_start(g, gs, open_store, arg, &ei), &ei, true);
	}
}

struct generation *generation_new(struct conf *conf, generation_open_store *open_store, void *arg)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (g)
		g->sites = calloc(conf->nsites + 1, sizeof(*g->sites));
	if (!g || !g->sites) {
		free(g);
		return NULL;
	}
	atomic_init(&g->refs, 1);
	g->conf = conf;
	g->down = (unsigned)conf->nbroken;
	for (size_t i = 0; i < conf->nsites; i++) {
		struct generation_site *gs = &g->sites[i];
		struct errinfo ei = {.code = OK};
		gs->conf = conf->sites[i];
		arena_init(&gs->arena, GENERATION_ARENA_MAX_BYTES);
		site_count(g, gs, site_start(g, gs, open_store, arg, &ei), &ei, open_store != NULL);
	}
	return g;
}

void generation_release(struct generation *g)
{
	if (!g || atomic_fetch_sub(&g->refs, 1) != 1)
		return;
	for (size_t i = 0; i < g->conf->nsites; i++)
		site_end(&g->sites[i]);
	free(g->sites);
	conf_free(g->conf);
	free(g);
}

const struct generation_page *generation_form(const struct generation_site *gs, const struct conf_form *form,
    const char *lang, bool fragment)
{
	size_t at = (size_t)(form - gs->conf->forms) * gs->conf->languages.n + lang_index(gs->conf, lang);

	if (!gs->forms)
		return NULL;
	return fragment ? &gs->fragments[at] : &gs->forms[at];
}

const struct generation_notice *generation_notice(const struct generation_site *gs, const char *lang)
{
	return &gs->notices[lang_index(gs->conf, lang)];
}

const struct generation_site *generation_site(const struct generation *g, const struct conf_site *c)
{
	for (size_t i = 0; i < g->conf->nsites; i++)
		if (g->conf->sites[i] == c)
			return &g->sites[i];
	return NULL;
}
