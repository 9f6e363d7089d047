#include "core/letter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "core/accent.h"
#include "core/authority.h"
#include "core/token.h"
#include "core/when.h"
#include "mail/message.h"
#include "store/text.h"

#define LETTER_PART_MAX_BYTES (128u * 1024u)
#define LETTER_CACHE_MAX 256
#define LETTER_KEY_BYTES CRYPT_HASH_BYTES

struct letter_entry {
	unsigned char key[LETTER_KEY_BYTES];
	unsigned char hash[CRYPT_HASH_BYTES];
	char *stored;
	size_t stored_bytes;
};

struct letter_cache {
	pthread_mutex_t lock;
	struct letter_entry entries[LETTER_CACHE_MAX];
	size_t n;
};

#define LETTER_BY(noun, by) "mail/letter.html", "mail/letter.txt", "mail." noun ".subject", "mail." noun ".text" by
#define LETTER_OF(noun) LETTER_BY(noun, "")

/* What differs between the kinds of letters. */
static const struct letter_kind {
	enum outbox_kind kind;
	enum letter_variant variant;
	const char *html, *text, *subject_key, *text_key;
	const char *path;         /* of the link; NULL: none */
	enum token_purpose token; /* of the link */
	bool wording;             /* holds or belongs to a wording: consent must be there */
	bool one_click;           /* carries List-Unsubscribe; without a person there is nothing to end, and who reads
	                             what came to an address not yet proven must not end it for another */
} kinds[] = {
    {OUTBOX_CONFIRM, LETTER_PLAIN, "mail/confirm.html", "mail/confirm.txt", "mail.confirm.subject", "", "/c/",
        TOKEN_CONFIRM, true, true},
    {OUTBOX_ALREADY, LETTER_PLAIN, LETTER_OF("already"), NULL, 0, true, true},
    {OUTBOX_GOODBYE, LETTER_PLAIN, LETTER_OF("goodbye"), NULL, 0, false, true},
    {OUTBOX_LINK, LETTER_PLAIN, LETTER_OF("link"), "/my/", TOKEN_HUB, false, true},
    {OUTBOX_NOTHING, LETTER_PLAIN, LETTER_OF("nothing"), NULL, 0, false, false},
    {OUTBOX_NOTHING, LETTER_NOTHING_BLOCKED, LETTER_BY("nothing", ".blocked"), NULL, 0, false, false},
    {OUTBOX_NOTICE, LETTER_PLAIN, LETTER_OF("notice"), NULL, 0, false, true},
    {OUTBOX_CHANGED, LETTER_PLAIN, LETTER_OF("changed"), NULL, 0, false, true},
    {OUTBOX_MOVE, LETTER_PLAIN, LETTER_OF("move"), "/my/", TOKEN_MOVE, false, false},
    {OUTBOX_MOVED, LETTER_PLAIN, LETTER_OF("moved"), NULL, 0, false, false},
    {OUTBOX_RESTRICTED, LETTER_PLAIN, LETTER_OF("restricted"), NULL, 0, false, true},
    {OUTBOX_RELEASED, LETTER_PLAIN, LETTER_OF("released"), NULL, 0, false, true},
    {OUTBOX_RELEASED, LETTER_RELEASE_SOON, LETTER_OF("unfreeze"), NULL, 0, false, true},
    {OUTBOX_OBJECTED, LETTER_PLAIN, LETTER_OF("objected"), NULL, 0, false, false},
    {OUTBOX_EXPORTED, LETTER_PLAIN, LETTER_OF("exported"), NULL, 0, false, true},
    {OUTBOX_ERASED, LETTER_PLAIN, LETTER_BY("erased", ".all"), NULL, 0, false, false},
    {OUTBOX_ERASED, LETTER_ERASED_KEEP, LETTER_BY("erased", ".keep"), NULL, 0, false, false},
};

struct letter_cache *letter_cache_new(void)
{
	struct letter_cache *c = calloc(1, sizeof(*c));

	if (c && pthread_mutex_init(&c->lock, NULL) != 0) {
		free(c);
		return NULL;
	}
	return c;
}

void letter_cache_free(struct letter_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->entries[i].stored);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct letter_kind *letter_kind(enum outbox_kind kind, enum letter_variant variant)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind && kinds[i].variant == variant)
			return &kinds[i];
	return NULL;
}

const char *letter_path(enum outbox_kind kind)
{
	const struct letter_kind *k = letter_kind(kind, LETTER_PLAIN);

	return k ? k->path : NULL;
}

static struct slice controller_block(const struct site *s, struct view *v, const char *lang)
{
	const struct conf_site *c = site_conf(s);
	struct view *scope = view_child(v);
	struct buf b;

	buf_init_arena(&b, view_arena(v), 4096);
	buf_add_str(&b, c->controller.name);
	if (*c->controller.represented_by) {
		view_cstr(scope, "represented_by", c->controller.represented_by);
		buf_add_str(&b, ", ");
		buf_add_slice(&b, site_say(s, lang, "notice.represented", scope));
	}
	for (size_t i = 0; i < c->controller.address.n; i++)
		buf_printf(&b, "\n%s", c->controller.address.v[i]);
	buf_printf(&b, "\n%s", c->controller.email);
	return buf_slice(&b);
}

static void letter_colours(const struct conf_site *c, struct view *v)
{
	struct accent_pair pair = accent_pair(slice_from(c->look.accent));

	view_cstr(v, "accent", pair.fill);
	view_cstr(v, "accent_text", pair.text);
}

/* Name and page of the authority, or words that name none (kdg without notice.authority). */
static void letter_authority(const struct site *s, struct view *v, const char *lang)
{
	const struct conf_site *c = site_conf(s);
	const struct authority *au = NULL;

	if (authority_find(c->controller.country, c->controller.state, c->regime, c->notice.authority, &au) != OK || !au) {
		view_text(v, "authority", site_say(s, lang, "mail.authority.any", v));
		view_url(v, "authority_url", SLICE(""));
		return;
	}
	view_cstr(v, "authority", au->name);
	view_url(v, "authority_url", slice_from(au->web ? au->web : ""));
}

/* "30 Tagen": behind a preposition. */
static struct slice letter_dative(struct arena *a, struct conf_duration d, const char *lang)
{
	struct buf b;

	buf_init_arena(&b, a, 64);
	conf_duration_words(&b, d, lang, true);
	return buf_slice(&b);
}

/* A paragraph of its own, or none. */
static void letter_part(const struct site *s, struct view *v, const char *name, bool there, const char *lang,
    const char *key)
{
	if (there)
		view_phrase(v, name, phrases_get(site_words(s, lang), slice_from(key)));
	else
		view_text(v, name, SLICE(""));
}

static void letter_erased(const struct site *s, struct view *v, const struct letter *l)
{
	const struct conf_site *c = site_conf(s);
	const struct letter_erased *e = l->erased;

	view_text(v, "recipients", e->recipients);
	letter_part(s, v, "told", e->recipients.len > 0, l->lang, "mail.erased.told");
	letter_part(s, v, "block", e->blocked, l->lang, "mail.erased.block");
	view_text(v, "backups_dative", letter_dative(view_arena(v), c->retention.backups, l->lang));
	if (e->kept_until_ms)
		view_text(v, "evidence_until", when_until(view_arena(v), e->kept_until_ms, c->time_zone, l->lang));
}

static struct view *letter_view(const struct site *s, struct arena *a, const struct letter *l,
    const struct letter_kind *k)
{
	const struct conf_site *c = site_conf(s);
	struct view *v = site_view(s, a, l->lang);
	struct slice rest = l->purposes, one;

	letter_colours(c, v);
	view_lines(v, "controller_block", controller_block(s, v, l->lang));
	view_text(v, "title", site_titles(s, a, l->lang, l->purposes));
	view_text(v, "confirm_link", site_duration(a, c->links.confirm, l->lang));
	view_text(v, "unconfirmed", site_duration(a, c->retention.unconfirmed, l->lang));
	view_text(v, "link_rights", site_duration(a, c->links.rights, l->lang));
	view_text(v, "retention_dsr", site_duration(a, c->retention.requests, l->lang));
	letter_authority(s, v, l->lang);
	view_url(v, "link", message_slot_marker(MESSAGE_LINK));
	view_url(v, "unsubscribe", message_slot_marker(MESSAGE_UNSUBSCRIBE));
	view_text(v, "date", message_slot_marker(MESSAGE_DATE));
	view_cstr(v, "subject_key", k->subject_key);
	view_cstr(v, "text_key", k->text_key);
	if (l->notice) {
		view_text(v, "valid_from", when_date(a, l->notice->valid_from_ms, c->time_zone, l->lang));
		view_lines(v, "change_summary", l->notice->summary);
		view_url(v, "diff_url", l->notice->diff_url);
	}
	if (l->erased && l->kind == OUTBOX_ERASED)
		letter_erased(s, v, l);
	while (l->consent && slice_split(&rest, ',', &one)) {
		const struct consent_item *item = consent_item(l->consent, one);
		if (item)
			consent_item_view(item, view_item(v, "consents"));
	}
	return v;
}

/*
 * List-Id (RFC 2919): "form.host", a stable name of the list in the owner's domain; the site's name where a letter
 * belongs to no form.
 */
static struct slice list_id(const struct conf_site *c, struct arena *a, const struct consent *consent)
{
	const char *at = strchr(c->mail.from.email, '@');
	struct buf b;

	buf_init_arena(&b, a, 255);
	buf_add_slice(&b, consent ? consent->form : slice_from(c->id));
	buf_printf(&b, ".%s", at ? at + 1 : c->base_host);
	return buf_slice(&b);
}

enum err letter_render(const struct site *s, struct arena *a, const struct letter *l, struct buf *stored,
    struct errinfo *ei)
{
	const struct letter_kind *k = letter_kind(l->kind, l->variant);
	const struct conf_site *c = site_conf(s);
	struct buf html, text;
	struct message m;
	struct view *v;
	enum err rc;

	if (!k || (k->wording && !l->consent) || (l->kind == OUTBOX_NOTICE && !l->notice)
	    || (l->kind == OUTBOX_ERASED && !l->erased))
		return err_set(ei, E_INVALID, "no letter of kind %s", outbox_kind_name(l->kind));
	v = letter_view(s, a, l, k);
	buf_init_arena(&html, a, LETTER_PART_MAX_BYTES);
	buf_init_arena(&text, a, LETTER_PART_MAX_BYTES);
	rc = site_render(s, k->html, l->lang, v, &html, ei);
	if (!rc)
		rc = site_render(s, k->text, l->lang, v, &text, ei);
	if (rc)
		return rc;
	memset(&m, 0, sizeof(m));
	m.from_name = slice_from(c->mail.from.name);
	m.from_addr = slice_from(c->mail.from.email);
	m.reply_to = slice_from(c->mail.reply_to);
	m.to = message_slot_marker(MESSAGE_TO);
	m.subject = site_say(s, l->lang, k->subject_key, v);
	m.text = buf_slice(&text);
	m.html = buf_slice(&html);
	if (k->one_click) {
		m.list_unsubscribe = message_slot_marker(MESSAGE_UNSUBSCRIBE);
		m.list_id = list_id(c, a, l->consent);
	}
	m.message_id = message_slot_marker(MESSAGE_MESSAGE_ID);
	m.boundary = message_slot_marker(MESSAGE_BOUNDARY);
	m.zone = slice_from(c->time_zone);
	m.lang = slice_from(l->lang);
	return message_store(stored, &m, ei);
}

static void letter_key(const struct letter *l, unsigned char key[LETTER_KEY_BYTES])
{
	static const unsigned char no_consent[CRYPT_HASH_BYTES];
	static const struct letter_notice no_notice;
	static const struct letter_erased no_erasure;
	const struct letter_erased *erased = l->erased ? l->erased : &no_erasure;
	const struct letter_notice *notice = l->notice ? l->notice : &no_notice;
	const unsigned char kind[] = {(unsigned char)l->kind, (unsigned char)l->variant};
	const struct crypt_part parts[] = {
	    {kind, sizeof(kind)},
	    {l->consent ? l->consent->hash : no_consent, CRYPT_HASH_BYTES},
	    {l->lang, strlen(l->lang) + 1},
	    {l->purposes.ptr, l->purposes.len},
	    {notice->diff_url.ptr, notice->diff_url.len},
	    {notice->summary.ptr, notice->summary.len},
	    {erased->recipients.ptr, erased->recipients.len},
	    {&erased->blocked, sizeof(erased->blocked)},
	    {&erased->kept_until_ms, sizeof(erased->kept_until_ms)},
	};

	crypt_sha256_parts(key, parts, sizeof(parts) / sizeof(parts[0]));
}

static const struct letter_entry *cache_find(const struct letter_cache *c, const unsigned char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (memcmp(c->entries[i].key, key, LETTER_KEY_BYTES) == 0)
			return &c->entries[i];
	return NULL;
}

/* Entries are never taken out, so a pointer stays good. NULL: full or no memory, which costs only time. */
static const struct letter_entry *cache_add(struct letter_cache *c, const unsigned char *key, struct slice stored)
{
	struct letter_entry *e;
	char *copy;

	if (c->n == LETTER_CACHE_MAX)
		return NULL;
	copy = malloc(stored.len);
	if (!copy)
		return NULL;
	e = &c->entries[c->n++];
	memcpy(copy, stored.ptr, stored.len);
	memcpy(e->key, key, LETTER_KEY_BYTES);
	crypt_sha256(e->hash, stored.ptr, stored.len);
	e->stored = copy;
	e->stored_bytes = stored.len;
	return e;
}

static const struct letter_entry *cache_get(struct letter_cache *c, const unsigned char *key)
{
	const struct letter_entry *e;

	if (!c)
		return NULL;
	pthread_mutex_lock(&c->lock);
	e = cache_find(c, key);
	pthread_mutex_unlock(&c->lock);
	return e;
}

static void cache_put(struct letter_cache *c, const unsigned char *key, struct slice stored)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	if (!cache_find(c, key))
		cache_add(c, key, stored);
	pthread_mutex_unlock(&c->lock);
}

static enum err letter_store(struct db *db, const char *lang, const unsigned char known[CRYPT_HASH_BYTES],
    struct slice stored, unsigned char *hash, struct errinfo *ei)
{
	if (known && text_get(db, known, NULL, NULL, ei) == OK) {
		memcpy(hash, known, CRYPT_HASH_BYTES);
		return OK;
	}
	return text_put(db, TEXT_MAIL, lang, MESSAGE_FORMAT, stored, hash, ei);
}

/* The text is put into the database in this transaction, unless it is there: a rolled back one may have held it. */
static enum err letter_text(struct db *db, const struct site *s, struct letter_cache *cache, struct arena *a,
    const struct letter *l, unsigned char *hash, struct errinfo *ei)
{
	unsigned char key[LETTER_KEY_BYTES];
	const struct letter_entry *e;
	struct buf stored;
	enum err rc;

	letter_key(l, key);
	e = cache_get(cache, key);
	if (e)
		return letter_store(db, l->lang, e->hash, slice_make(e->stored, e->stored_bytes), hash, ei);
	buf_init_arena(&stored, a, MESSAGE_STORED_MAX_BYTES);
	rc = letter_render(s, a, l, &stored, ei);
	if (rc)
		return rc;
	cache_put(cache, key, buf_slice(&stored));
	return letter_store(db, l->lang, NULL, buf_slice(&stored), hash, ei);
}

static struct slice token_url(const struct site *s, struct arena *a, const struct keyring *keys, const char *path,
    const struct token *t)
{
	char text[TOKEN_BYTES];

	token_make(keys, site_conf(s)->id, t, text);
	return site_url(s, a, path, text);
}

static struct slice random_id(struct arena *a, const char *head, const char *tail)
{
	unsigned char raw[16];
	char text[ENC_B64URL_BYTES(sizeof(raw))];
	struct buf b;

	crypt_random(raw, sizeof(raw));
	enc_b64url(raw, sizeof(raw), text);
	buf_init_arena(&b, a, 512);
	buf_printf(&b, "%s%s%s", head, text, tail);
	return buf_slice(&b);
}

static void letter_slots(struct db *db, const struct site *s, struct arena *a, const struct letter_send *send,
    struct message_slots *out)
{
	const struct letter_kind *k = letter_kind(send->letter.kind, send->letter.variant);
	const struct token out_link = {.purpose = TOKEN_UNSUBSCRIBE, .id = send->person_id};
	const struct token link = {.purpose = k->token, .id = k->token == TOKEN_CONFIRM ? send->request_id : send->person_id,
	    .generation = send->generation, .expires_ms = send->expires_ms};
	const struct keyring *keys = db_keyring(db);
	const char *at = strchr(site_conf(s)->mail.from.email, '@');

	memset(out, 0, sizeof(*out));
	out->date_ms = send->now_ms;
	out->value[MESSAGE_TO] = send->address;
	if (k->one_click)
		out->value[MESSAGE_UNSUBSCRIBE] = token_url(s, a, keys, "/u/", &out_link);
	if (k->path)
		out->value[MESSAGE_LINK] = token_url(s, a, keys, k->path, &link);
	out->value[MESSAGE_DATE] = when_full(a, send->asked_ms, site_conf(s)->time_zone, send->letter.lang);
	out->value[MESSAGE_MESSAGE_ID] = random_id(a, "", at ? at : "@localhost");
	out->value[MESSAGE_BOUNDARY] = random_id(a, "=_jw_", "");
}

enum err letter_queue(struct db *db, const struct site *s, struct letter_cache *cache, struct arena *a,
    const struct letter_send *send, unsigned char *mail_hash, struct errinfo *ei)
{
	struct outbox_new row = {.channel = STORE_EMAIL, .person_id = send->person_id,
	    .request_id = send->request_id, .kind = send->letter.kind, .created_ms = send->now_ms,
	    .next_ms = send->due_ms > send->now_ms ? send->due_ms : send->now_ms};
	struct message_slots slots;
	struct buf json;
	int64_t id;
	enum err rc;

	rc = letter_text(db, s, cache, a, &send->letter, mail_hash, ei);
	if (rc)
		return rc;
	letter_slots(db, s, a, send, &slots);
	buf_init_arena(&json, a, OUTBOX_SLOTS_MAX_BYTES);
	rc = message_slots_write(&json, &slots, ei);
	if (rc)
		return rc;
	memcpy(row.mail_hash, mail_hash, STORE_HASH_BYTES);
	row.slots = buf_slice(&json);
	return outbox_add(db, &row, &id, ei);
}

#define DROP_MAX 64

struct drops {
	unsigned kinds; /* bit by enum outbox_kind */
	int64_t id[DROP_MAX];
	size_t n;
};

static bool drop_row(const struct outbox_row *r, void *arg)
{
	struct drops *d = arg;

	if (d->kinds & 1u << r->kind)
		d->id[d->n++] = r->id;
	return d->n < DROP_MAX;
}

static enum err drop_kinds(struct db *db, int64_t person_id, unsigned which, int64_t now_ms, struct errinfo *ei)
{
	static const enum outbox_state states[] = {OUTBOX_QUEUED, OUTBOX_HELD};
	struct drops d = {.kinds = which};
	enum err rc = OK;

	for (size_t i = 0; !rc && i < 2 && d.n < DROP_MAX; i++) {
		const struct outbox_filter f = {.state = states[i], .person_id = person_id, .limit = 1000};
		rc = outbox_each(db, &f, drop_row, &d, ei);
	}
	for (size_t i = 0; !rc && i < d.n; i++)
		rc = outbox_drop(db, d.id[i], now_ms, ei);
	return rc;
}

enum err letter_drop_notices(struct db *db, int64_t person_id, int64_t now_ms, struct errinfo *ei)
{
	return drop_kinds(db, person_id, 1u << OUTBOX_NOTICE, now_ms, ei);
}

enum err letter_drop_waiting(struct db *db, int64_t person_id, int64_t now_ms, struct errinfo *ei)
{
	return drop_kinds(db, person_id,
	    1u << OUTBOX_CONFIRM | 1u << OUTBOX_ALREADY | 1u << OUTBOX_GOODBYE | 1u << OUTBOX_NOTICE, now_ms, ei);
}
