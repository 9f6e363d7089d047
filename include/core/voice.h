#ifndef JAWORT_CORE_VOICE_H
#define JAWORT_CORE_VOICE_H
/*
 * voice: compiled words and templates for a list of languages and a form of address. A thousand sites that
 * speak German and English with "Sie" have one voice between them; a site with a folder "templates" of
 * its own needs one of its own, by a set of its own.
 *
 * struct voices is such a set: each voice is compiled when it is first asked for and stays as long as the
 * set, for there are few kinds. The files of the host's folder "templates" are read then, so that a reload
 * begins with a new set.
 * Threads: any; a voice is immutable.
 */
#include <stddef.h>
#include "base/err.h"
#include "conf/conf.h"
#include "text/phrase.h"
#include "text/tpl.h"

struct voice;
struct voices;

/* host must outlive it; NULL without memory. */
struct voices *voices_new(const struct conf *host);
/* NULL is fine. No site may use it any more. */
void voices_free(struct voices *v);
/*
 * The voice of a site. The folder of the site is read as well, so sites that have one must not share a set.
 * E_INVALID: a template or phrase is wrong ("file:line:column: ..."), or there are no (reviewed) words for a language.
 */
enum err voices_get(struct voices *v, const struct conf_site *conf, const struct voice **out, struct errinfo *ei);
/*
 * Frees what was compiled, for a set whose site is closed for a while. What files of owners held is kept: when the site
 * comes back it says what it said, also if they have been changed since. No site may use it any more.
 */
void voices_rest(struct voices *v);
/* How many kinds are compiled. */
size_t voices_count(struct voices *v);

/* Words of the language with this number in the site's list, in its form of address. */
const struct phrases *voice_words(const struct voice *v, size_t lang);
const struct tpl_set *voice_templates(const struct voice *v);

#endif
