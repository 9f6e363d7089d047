#ifndef JAWORT_CORE_SITE_H
#define JAWORT_CORE_SITE_H
/*
 * site: one site ready to speak: configuration, words, templates and the
 * consent texts of every form and language, compiled once at start or reload.
 *
 * Immutable after site_new(); any number of threads may render with it. Its
 * configuration must outlive it. Words and templates come from the program;
 * a folder "templates" of host or site replaces single templates and single
 * phrases (page/form.html, de/form.txt ...).
 *
 * GET never writes: what a site can show is stored by texts_apply()
 * (core/texts.h) before the site is put into service.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "core/consent.h"
#include "core/voice.h"
#include "text/phrase.h"
#include "text/view.h"

#define SITE_LANGS_MAX 16
#define SITE_PAGE_MAX_BYTES (512u * 1024u)

struct site;

/* E_INVALID: a template or phrase of the owner's folder is wrong ("file:line:column: ..."), or a text is missing. */
enum err site_new(struct site **out, const struct conf *host, const struct conf_site *conf, struct errinfo *ei);
/*
 * The same with words and templates from a set (core/voice.h), which must outlive it: one that all sites without a
 * folder of their own share, or one of its own.
 */
enum err site_new_with(struct site **out, struct voices *voices, const struct conf *host, const struct conf_site *conf,
    struct errinfo *ei);
void site_free(struct site *s);

const struct conf_site *site_conf(const struct site *s);
/* The host file: budgets and the like. */
const struct conf *site_host(const struct site *s);
/* The site's language that fits best to a tag ("de-AT" -> "de"); NULL if none does. Static for the site's life. */
const char *site_lang(const struct site *s, struct slice tag);
/* First configured language. */
const char *site_lang_default(const struct site *s);
const struct phrases *site_words(const struct site *s, const char *lang);
/* The wording of a form; NULL if form or language do not exist. */
const struct consent *site_consent(const struct site *s, const struct conf_form *form, const char *lang);
/* Of all forms and languages the one with this hash; NULL if none of them has these words (any more). */
const struct consent *site_consent_by_hash(const struct site *s, const unsigned char hash[CRYPT_HASH_BYTES]);

/* A view with what every page and mail may name: controller, contact, links (docs/templates.md section 1). */
struct view *site_view(const struct site *s, struct arena *a, const char *lang);
/* Adds css, accent and, if path is given ("/s/news"), the links to the other languages. */
void site_view_page(const struct site *s, struct view *v, const char *tpl, const char *lang, const char *path);

enum err site_render(const struct site *s, const char *tpl, const char *lang, const struct view *v, struct buf *out,
    struct errinfo *ei);
/* A phrase on one line of plain text; arena memory; empty on error (logged). */
struct slice site_say(const struct site *s, const char *lang, const char *key, const struct view *v);

/* base_url + path (+ path2), arena memory. */
struct slice site_url(const struct site *s, struct arena *a, const char *path, const char *path2);
/* "48 Stunden": words of a duration with a no-break space. */
struct slice site_duration(struct arena *a, struct conf_duration d, const char *lang);
/* "style-src 'sha256-...'": the CSP sources for the inline sheets of a template; static for the site's life. */
const char *site_style_src(const struct site *s, const char *tpl);
/* Titles of the purposes in a comma list: "A", "A und B", "A, B und C". */
struct slice site_titles(const struct site *s, struct arena *a, const char *lang, struct slice purposes);

#endif
