#include "core/site.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "core/accent.h"
#include "core/embed.h"
#include "core/voice.h"

#define SITE_ARENA_MAX_BYTES (16u * 1024u * 1024u)
#define SITE_ARENA_BLOCK_BYTES (8u * 1024u)
#define STYLE_SRC_BYTES 160
#define PHRASE_MAX_BYTES (16u * 1024u)

struct site_style {
	const char *tpl;
	struct slice css;
	char src[STYLE_SRC_BYTES];
	struct site_style *next;
};

struct site {
	const struct conf *host;
	const struct conf_site *conf;
	struct arena arena;
	struct voices *own; /* NULL: the caller has it */
	const struct voice *voice;
	size_t nlangs;
	struct consent *consents; /* [form * nlangs + lang] */
	struct slice accent_css;
	struct site_style *styles;
	struct slice site_host;
	struct slice footer_address;
	struct slice initial;
};

static void style_hash(struct buf *out, struct slice css)
{
	unsigned char hash[CRYPT_HASH_BYTES];

	crypt_sha256(hash, css.ptr, css.len);
	buf_add_str(out, "'sha256-");
	enc_b64_add(out, hash, sizeof(hash));
	buf_add_char(out, '\'');
}

static void style_src(const struct site *s, struct site_style *st)
{
	struct buf b;

	buf_init(&b, STYLE_SRC_BYTES);
	style_hash(&b, st->css);
	if (s->accent_css.len) {
		buf_add_char(&b, ' ');
		style_hash(&b, s->accent_css);
	}
	if (!buf_ok(&b) || !slice_copy(buf_slice(&b), st->src, sizeof(st->src)))
		*st->src = '\0';
	buf_free(&b);
}

/* "css/page/form.css" belongs to "page/form.html". */
static enum err load_style(struct site *s, const struct embedded_file *f, struct errinfo *ei)
{
	struct site_style *st = arena_alloc(&s->arena, sizeof(*st));
	struct slice name = slice_from(f->name);
	struct buf b;

	if (!st)
		return err_set(ei, E_NOMEM, "styles");
	buf_init_arena(&b, &s->arena, 256);
	buf_add_slice(&b, slice_sub(name, 4, name.len - 8));
	buf_add_str(&b, ".html");
	st->tpl = b.data;
	st->css = slice_make(f->data, f->len);
	if (!buf_ok(&b))
		return err_set(ei, E_NOMEM, "styles");
	*st->src = '\0';
	st->next = s->styles;
	s->styles = st;
	return OK;
}

static enum err load_styles(struct site *s, struct errinfo *ei)
{
	struct buf b;
	enum err rc = OK;

	buf_init_arena(&b, &s->arena, 2048);
	if (*s->conf->look.accent)
		accent_css(&b, slice_from(s->conf->look.accent));
	s->accent_css = buf_slice(&b);
	for (size_t i = 0; !rc && i < embedded_count; i++)
		if (strncmp(embedded_files[i].name, "css/", 4) == 0)
			rc = load_style(s, &embedded_files[i], ei);
	return rc;
}

static struct slice host_of(struct slice url)
{
	size_t from = 0, to;

	for (size_t i = 0; i + 2 < url.len; i++)
		if (memcmp(url.ptr + i, "://", 3) == 0) {
			from = i + 3;
			break;
		}
	to = slice_find(url, '/', from);
	return slice_sub(url, from, to - from);
}

static void fixed_values(struct site *s)
{
	const char *name = s->conf->controller.name;
	size_t first = 1;
	struct buf b;

	while ((name[first] & 0xc0) == 0x80)
		first++;
	s->initial = slice_sub(slice_from(name), 0, first);
	s->site_host = host_of(slice_from(s->conf->look.home));
	buf_init_arena(&b, &s->arena, 2048);
	buf_add_str(&b, name);
	for (size_t i = 0; i < s->conf->controller.address.n; i++)
		buf_printf(&b, ", %s", s->conf->controller.address.v[i]);
	s->footer_address = buf_slice(&b);
}

static enum err load_consents(struct site *s, struct errinfo *ei)
{
	size_t n = s->conf->nforms * s->nlangs;
	enum err rc = OK;

	s->consents = arena_alloc(&s->arena, (n ? n : 1) * sizeof(*s->consents));
	if (!s->consents)
		return err_set(ei, E_NOMEM, "consent texts");
	for (size_t i = 0; !rc && i < n; i++) {
		const struct conf_form *form = &s->conf->forms[i / s->nlangs];
		const char *lang = s->conf->languages.v[i % s->nlangs];
		rc = consent_build(&s->consents[i], &s->arena, s->conf, form, lang, site_words(s, lang),
		    site_view(s, &s->arena, lang), ei);
	}
	return rc;
}

static enum err load_voice(struct site *s, struct voices *voices, struct errinfo *ei)
{
	if (!voices)
		voices = s->own = voices_new(s->host);
	return voices ? voices_get(voices, s->conf, &s->voice, ei) : err_set(ei, E_NOMEM, "words");
}

enum err site_new_with(struct site **out, struct voices *voices, const struct conf *host, const struct conf_site *conf,
    struct errinfo *ei)
{
	struct site *s = calloc(1, sizeof(*s));
	enum err rc;

	*out = NULL;
	if (!s)
		return err_set(ei, E_NOMEM, "site %s", conf->id);
	s->host = host;
	s->conf = conf;
	s->nlangs = conf->languages.n;
	arena_init_blocks(&s->arena, SITE_ARENA_MAX_BYTES, SITE_ARENA_BLOCK_BYTES);
	fixed_values(s);
	rc = load_voice(s, voices, ei);
	if (!rc)
		rc = load_styles(s, ei);
	if (!rc)
		rc = load_consents(s, ei);
	if (rc) {
		site_free(s);
		return err_wrap(ei, "site %s", conf->id);
	}
	*out = s;
	return OK;
}

enum err site_new(struct site **out, const struct conf *host, const struct conf_site *conf, struct errinfo *ei)
{
	return site_new_with(out, NULL, host, conf, ei);
}

void site_free(struct site *s)
{
	if (!s)
		return;
	voices_free(s->own);
	arena_free(&s->arena);
	free(s);
}

const struct conf_site *site_conf(const struct site *s)
{
	return s->conf;
}

const struct conf *site_host(const struct site *s)
{
	return s->host;
}

const char *site_lang(const struct site *s, struct slice tag)
{
	struct slice primary = slice_sub(tag, 0, slice_find(tag, '-', 0));

	for (size_t i = 0; i < s->nlangs; i++)
		if (slice_ieq(tag, slice_from(s->conf->languages.v[i])))
			return s->conf->languages.v[i];
	for (size_t i = 0; i < s->nlangs; i++)
		if (slice_ieq(primary, slice_from(s->conf->languages.v[i])))
			return s->conf->languages.v[i];
	return NULL;
}

const char *site_lang_default(const struct site *s)
{
	return s->conf->languages.v[0];
}

static size_t lang_index(const struct site *s, const char *lang)
{
	for (size_t i = 0; i < s->nlangs; i++)
		if (strcmp(s->conf->languages.v[i], lang) == 0)
			return i;
	return 0;
}

const struct phrases *site_words(const struct site *s, const char *lang)
{
	return voice_words(s->voice, lang_index(s, lang));
}

const struct consent *site_consent(const struct site *s, const struct conf_form *form, const char *lang)
{
	size_t f = (size_t)(form - s->conf->forms);

	if (f >= s->conf->nforms || !site_lang(s, slice_from(lang)))
		return NULL;
	return &s->consents[f * s->nlangs + lang_index(s, lang)];
}

const struct consent *site_consent_by_hash(const struct site *s, const unsigned char hash[CRYPT_HASH_BYTES])
{
	for (size_t i = 0; i < s->conf->nforms * s->nlangs; i++)
		if (memcmp(s->consents[i].hash, hash, CRYPT_HASH_BYTES) == 0)
			return &s->consents[i];
	return NULL;
}

struct slice site_url(const struct site *s, struct arena *a, const char *path, const char *path2)
{
	struct buf b;

	buf_init_arena(&b, a, 8192);
	buf_add_str(&b, s->conf->base_url);
	buf_add_str(&b, path);
	buf_add_str(&b, path2);
	return buf_slice(&b);
}

static struct slice notice_url(const struct site *s, struct arena *a, const char *lang)
{
	return site_url(s, a, "/n?lang=", lang);
}

struct view *site_view(const struct site *s, struct arena *a, const char *lang)
{
	struct view *v = view_new(a);

	view_cstr(v, "lang", lang);
	view_cstr(v, "site_name", s->conf->controller.name);
	view_text(v, "site_initial", s->initial);
	view_cstr(v, "controller_name", s->conf->controller.name);
	view_url(v, "home_url", slice_from(s->conf->look.home));
	view_bool(v, "tryout", s->conf->mode == CONF_TRY_OUT);
	view_url(v, "notice_url", notice_url(s, a, lang));
	view_url(v, "my_url", site_url(s, a, "/my?lang=", lang));
	if (*s->conf->controller.imprint)
		view_url(v, "imprint_url", slice_from(s->conf->controller.imprint));
	view_text(v, "footer_address", s->footer_address);
	view_text(v, "site", s->site_host);
	view_email(v, "contact", slice_from(s->conf->controller.email));
	return v;
}

static struct site_style *style_of(const struct site *s, const char *tpl)
{
	for (struct site_style *st = s->styles; st; st = st->next)
		if (strcmp(st->tpl, tpl) == 0)
			return st;
	return NULL;
}

void site_view_page(const struct site *s, struct view *v, const char *tpl, const char *lang, const char *path)
{
	const struct site_style *st = style_of(s, tpl);
	struct arena *a = view_arena(v);

	view_html_kept(v, "css", st ? st->css : SLICE(""));
	if (s->accent_css.len)
		view_html_kept(v, "accent_css", s->accent_css);
	for (size_t i = 0; path && i < s->nlangs; i++) {
		const char *other = s->conf->languages.v[i];
		struct view *item;
		struct buf href;
		if (strcmp(other, lang) == 0)
			continue;
		item = view_item(v, "langs");
		buf_init_arena(&href, a, 8192);
		buf_printf(&href, "%s%s?lang=%s", s->conf->base_url, path, other);
		view_cstr(item, "code", other);
		view_text(item, "label", site_say(s, other, "page.lang.name", v));
		view_url(item, "href", buf_slice(&href));
	}
}

const char *site_style_src(const struct site *s, const char *tpl)
{
	/* A program that starts for one request hashes one sheet of them all. */
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct site_style *st = style_of(s, tpl);

	if (!st)
		return "'none'";
	pthread_mutex_lock(&lock);
	if (!*st->src)
		style_src(s, st);
	pthread_mutex_unlock(&lock);
	return *st->src ? st->src : "'none'";
}

enum err site_render(const struct site *s, const char *tpl, const char *lang, const struct view *v, struct buf *out,
    struct errinfo *ei)
{
	if (!view_ok(v))
		return err_set(ei, E_NOMEM, "%s: too many values", tpl);
	return tpl_render(voice_templates(s->voice), tpl, site_words(s, lang), v, out, ei);
}

struct slice site_say(const struct site *s, const char *lang, const char *key, const struct view *v)
{
	const struct phrase *p = phrases_get(site_words(s, lang), slice_from(key));
	struct errinfo ei = {.code = E_NOT_FOUND};
	struct buf b;

	buf_init_arena(&b, view_arena(v), PHRASE_MAX_BYTES);
	if (!p || phrase_plain(&b, p, v, &ei)) {
		log_event(LOG_ERROR, "phrase", LOG_S("site", s->conf->id), LOG_S("lang", lang), LOG_S("key", key),
		    LOG_S("why", ei.text));
		return SLICE("");
	}
	return buf_slice(&b);
}

struct slice site_duration(struct arena *a, struct conf_duration d, const char *lang)
{
	struct buf plain, b;

	buf_init_arena(&plain, a, 64);
	conf_duration_words(&plain, d, lang, false);
	buf_init_arena(&b, a, 64);
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == ' ')
			buf_add_str(&b, "\u00a0");
		else
			buf_add_char(&b, plain.data[i]);
	}
	return buf_slice(&b);
}

struct slice site_titles(const struct site *s, struct arena *a, const char *lang, struct slice purposes)
{
	const char *and = strncmp(lang, "de", 2) == 0 ? " und " : " and ";
	struct slice one, rest = purposes;
	struct buf b;

	buf_init_arena(&b, a, 4096);
	while (slice_split(&rest, ',', &one)) {
		const struct conf_purpose *p = conf_purpose_by_id(s->conf, one);
		if (b.len)
			buf_add_str(&b, rest.len ? ", " : and);
		if (p)
			buf_add_str(&b, conf_text_get(&p->title, lang));
		else
			buf_add_slice(&b, one);
	}
	return buf_slice(&b);
}
