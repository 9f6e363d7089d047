#ifndef JAWORT_CORE_CONSENT_H
#define JAWORT_CORE_CONSENT_H
/*
 * consent: the exact wording a person says yes to, for one form in one
 * language: one sentence per purpose. It stands word for word in the form, on
 * the confirm page, in the mail and in the evidence, because all of them are
 * made from these bytes.
 *
 * Stored form ("consent 1", frozen; kind "consent" in the text store):
 *     jawort-consent 1 LF
 *     form: news LF
 *     lang: de LF
 *     purpose: news 213 5f0c92aa10b3d4e7 LF
 *     <213 bytes of UTF-8: paragraphs separated by an empty line> LF
 *     ... further purposes in the order of the form
 * The last word of a purpose line is a sum over what the owner configured
 * (channel, advertiser, title, content, frequency). Two versions with equal sums say
 * the same in other words; with other sums a different thing was agreed to.
 * The hash is SHA-256 of these bytes. Neither design nor notice is part of it.
 *
 * Sources: GDPR Art. 4(11), 7(1), 7(3); UWG section 7(2) no. 2; BGH VI ZR 721/15.
 * Threads: immutable after building.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "text/phrase.h"
#include "text/view.h"

#define CONSENT_ITEMS_MAX 32
#define CONSENT_MAX_BYTES (64u * 1024u)
#define CONSENT_V_BYTES 9
#define CONSENT_V_CHARS 12 /* base64url of the first 9 bytes of the hash: the form field "v" */
#define CONSENT_V_MIN_CHARS 8

struct consent_item {
	struct slice purpose;
	struct slice text; /* plain; paragraphs separated by "\n\n" */
	struct slice facts; /* 16 hex digits */
};

struct consent {
	struct slice form;
	struct slice lang;
	struct consent_item items[CONSENT_ITEMS_MAX];
	size_t n;
	struct slice canonical; /* the stored form */
	unsigned char hash[CRYPT_HASH_BYTES];
	char v[CONSENT_V_CHARS + 1];
};

/*
 * From configuration and words. base holds the common values (core/site.h).
 * E_INVALID: a purpose without text in this language; E_LIMIT.
 */
enum err consent_build(struct consent *out, struct arena *a, const struct conf_site *site,
    const struct conf_form *form, const char *lang, const struct phrases *words, struct view *base,
    struct errinfo *ei);
/* From the stored form, whose memory must outlive out. E_INVALID if it is not "consent 1". */
enum err consent_parse(struct consent *out, struct slice canonical, struct errinfo *ei);
/* Same purposes with the same facts, whatever the words. */
bool consent_same_facts(const struct consent *a, const struct consent *b);
/* NULL if the purpose is not in it. */
const struct consent_item *consent_item(const struct consent *c, struct slice purpose);
/* Is v a prefix (>= CONSENT_V_MIN_CHARS) of the full base64url hash? */
bool consent_v_matches(const struct consent *c, struct slice v);
/* Adds the paragraphs of an item as list "paragraphs" {text} to a view. */
void consent_item_view(const struct consent_item *item, struct view *v);
/* A comma list of purposes ("news,events") reduced to those in c, in c's order; arena memory. */
struct slice consent_purposes(struct arena *a, const struct consent *c, struct slice wanted);
/* Is purpose a member of the comma list? */
bool consent_list_has(struct slice list, struct slice purpose);

#endif
