#include "core/texts.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "conf/show.h"
#include "core/formpage.h"
#include "core/letter.h"
#include "core/notice.h"
#include "mail/message.h"
#include "store/shown.h"
#include "store/text.h"

#define TEXTS_ARENA_MAX_BYTES (8u * 1024u * 1024u)

struct applying {
	const struct site *site;
	struct db *db;
	bool dry;
	struct arena arena;
	int64_t now_ms;
	unsigned char config_hash[CRYPT_HASH_BYTES];
	struct texts_report *out;
};

static enum err apply_text(struct applying *w, enum text_kind kind, const char *lang, int format, struct slice body,
    unsigned char hash[CRYPT_HASH_BYTES], struct errinfo *ei)
{
	enum err rc;

	w->out->total++;
	crypt_sha256(hash, body.ptr, body.len);
	rc = text_get(w->db, hash, NULL, NULL, ei);
	if (rc != E_NOT_FOUND)
		return rc;
	w->out->stored++;
	return w->dry ? OK : text_put(w->db, kind, lang, format, body, hash, ei);
}

static enum err apply_config(struct applying *w, struct errinfo *ei)
{
	struct buf b;

	buf_init_arena(&b, &w->arena, TEXT_BODY_MAX_BYTES);
	conf_canonical(site_conf(w->site), &b);
	if (!buf_ok(&b))
		return err_set(ei, E_LIMIT, "configuration of %s is too large to be stored", site_conf(w->site)->id);
	return apply_text(w, TEXT_CONFIG, "", 1, buf_slice(&b), w->config_hash, ei);
}

static enum err apply_notice(struct applying *w, const char *lang, struct errinfo *ei)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	struct notice_version now;
	struct buf b;
	int64_t no;
	enum err rc;

	buf_init_arena(&b, &w->arena, NOTICE_MAX_BYTES);
	rc = notice_body(w->site, &w->arena, lang, &b, ei);
	if (!rc)
		rc = apply_text(w, TEXT_NOTICE, lang, 1, buf_slice(&b), hash, ei);
	if (rc)
		return rc;
	rc = notice_current(w->db, lang, &now, ei);
	if (rc && rc != E_NOT_FOUND)
		return rc;
	if (rc == E_NOT_FOUND || memcmp(now.hash, hash, sizeof(hash)) != 0)
		w->out->notices++;
	return w->dry ? OK : notice_put(w->db, lang, hash, w->config_hash, w->now_ms, &no, ei);
}

static enum err apply_page(struct applying *w, const struct conf_form *form, const char *lang,
    const unsigned char consent_hash[CRYPT_HASH_BYTES], struct errinfo *ei)
{
	const struct formpage f = {.form = form, .lang = lang};
	unsigned char hash[CRYPT_HASH_BYTES];
	const struct shown shown = {.form = slice_from(form->id), .lang = slice_from(lang), .consent_hash = consent_hash,
	    .page_hash = hash, .from_ms = w->now_ms};
	struct buf b;
	enum err rc;

	buf_init_arena(&b, &w->arena, SITE_PAGE_MAX_BYTES);
	rc = formpage_render(w->site, &w->arena, FORMPAGE_PAGE, &f, &b, ei);
	if (!rc)
		rc = apply_text(w, TEXT_FORM, lang, 1, buf_slice(&b), hash, ei);
	return rc || w->dry ? rc : shown_put(w->db, &shown, ei);
}

static enum err apply_mail(struct applying *w, const struct consent *c, const char *lang, struct errinfo *ei)
{
	struct letter l = {.kind = OUTBOX_CONFIRM, .lang = lang, .consent = c};
	unsigned char hash[CRYPT_HASH_BYTES];
	struct buf all, b;
	enum err rc;

	buf_init_arena(&all, &w->arena, 4096);
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			buf_add_char(&all, ',');
		buf_add_slice(&all, c->items[i].purpose);
	}
	l.purposes = buf_slice(&all);
	buf_init_arena(&b, &w->arena, MESSAGE_STORED_MAX_BYTES);
	rc = letter_render(w->site, &w->arena, &l, &b, ei);
	return rc ? rc : apply_text(w, TEXT_MAIL, lang, MESSAGE_FORMAT, buf_slice(&b), hash, ei);
}

static enum err apply_form(struct applying *w, const struct conf_form *form, const char *lang, struct errinfo *ei)
{
	const struct consent *c = site_consent(w->site, form, lang);
	unsigned char hash[CRYPT_HASH_BYTES];
	enum err rc;

	arena_reset(&w->arena);
	rc = apply_text(w, TEXT_CONSENT, lang, 1, c->canonical, hash, ei);
	if (!rc)
		rc = apply_page(w, form, lang, hash, ei);
	return rc ? rc : apply_mail(w, c, lang, ei);
}

static enum err apply_all(struct applying *w, struct errinfo *ei)
{
	const struct conf_site *c = site_conf(w->site);
	enum err rc = apply_config(w, ei);

	for (size_t l = 0; !rc && l < c->languages.n; l++) {
		for (size_t f = 0; !rc && f < c->nforms; f++)
			rc = apply_form(w, &c->forms[f], c->languages.v[l], ei);
		arena_reset(&w->arena);
		if (!rc)
			rc = apply_notice(w, c->languages.v[l], ei);
	}
	return rc;
}

enum err texts_apply(const struct site *s, struct store *st, bool dry, struct texts_report *out, struct errinfo *ei)
{
	struct applying w = {.site = s, .dry = dry, .now_ms = clock_now_ms(), .out = out};
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = store_write_begin(st, &w.db, ei);
	if (rc)
		return rc;
	arena_init(&w.arena, TEXTS_ARENA_MAX_BYTES);
	rc = apply_all(&w, ei);
	if (rc || dry)
		store_write_rollback(st);
	else
		rc = store_write_commit(st, ei);
	arena_free(&w.arena);
	return rc ? err_wrap(ei, "texts of site %s", site_conf(s)->id) : OK;
}
