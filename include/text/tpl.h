#ifndef JAWORT_TEXT_TPL_H
#define JAWORT_TEXT_TPL_H
/*
 * tpl: templates, compiled at start, escaped by position, without logic.
 *
 *     {{key}}            value, escaped for the place in which it stands
 *     {{&key}}           a VIEW_HTML value, only in element content
 *     {{#key}}..{{/key}} once if true / once per list item (scope = item)
 *     {{^key}}..{{/key}} if false or empty
 *     {{>name}}          another template of the set (no recursion)
 *     {{@phrase.key}}    a phrase of the language, inline, for the place
 *     {{@@phrase.key}}   a phrase as paragraphs (only element content, or plain text)
 *     {{@*key}}          the phrase whose name is the value of key, inline; {{@@*key}} as paragraphs
 *     {{! comment }}
 * Keys are [a-z0-9_.]+, spaces around them are allowed. A section whose key the
 * view does not know is false; a value that it does not know is an error.
 * A section, part or comment that stands alone on its line takes the line with it.
 *
 * The kind of a template comes from its name: *.html or *.txt. In *.html a
 * scanner fixes the place of every tag at compile time:
 *   element content   VIEW_URL and VIEW_EMAIL become links (bare inside <a>, <button>,
 *                     <option>), VIEW_LINES gets <br>, spaces that must not break U+00A0
 *   <title>,<textarea> plain, escaped
 *   "attribute"       bare value, escaped; only double-quoted
 *   "URL attribute"   (href, src, action, ...) a value at the start passes html_url_attr();
 *                     behind it only after "/", "?" or "#", so that no two values form a scheme
 *   style="..."       values of letters, digits, "#.%-" and space only
 *   <style>           {{&css}} (or a key ending in "_css") as the whole content
 * A section may stand in element content, inside one attribute value, or between
 * attributes with whole attributes in it: <input{{#checked}} checked{{/checked}}>. It
 * must end in the place where it began. Any other place (inside <script>, <style>, a comment,
 * an unquoted attribute, a tag name, on... and srcdoc attributes) is an error with
 * file:line:column (column in characters). Parts stand in element content only, *.html in *.html.
 *
 * In *.txt nothing is escaped; control characters in values become spaces.
 * "{{@@x}}" stands alone on its line, wraps at 72 columns, keeps the indent of
 * the tag, and takes its line with it when nothing comes out. Parts are *.txt.
 * "## " headings of {{@@x}} in *.html are <h2>, or the level in the key heading_level.
 *
 * {{>name}}: the full name, or the name without the ending of its own kind.
 *
 * Every template may declare keys that must appear in it (in itself or its
 * parts) by the caller's table: a form without consent box or notice link does
 * not compile.
 *
 * Limits: source 256 KiB, name 120 bytes, sections 16 deep, parts 8 deep, 8 languages.
 * Threads: a compiled set is immutable; rendering may run in many threads.
 */
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "text/phrase.h"
#include "text/view.h"

struct tpl_set;

/* A template's duties: which names it must use. NULL-terminated lists of static strings. */
struct tpl_duty {
	const char *name;            /* "page/form.html" */
	const char *const *required; /* keys and sections "email", phrases "@form.notice.link" or "@*text_key" */
};

struct tpl_set *tpl_set_new(void);
void tpl_set_free(struct tpl_set *s);
/* Adds source under a name; a later addition of the same name replaces it (owner's folder). Copies both. */
enum err tpl_set_add(struct tpl_set *s, const char *name, struct slice source, struct errinfo *ei);
/*
 * Compiles all. langs: every {{@key}} must exist in each given language; the
 * catalogues must outlive the set. A duty whose template is not in the set is an error.
 * E_INVALID with "name:line:column: what. how to mend" for the first error. May be called again
 * after further additions.
 */
enum err tpl_set_compile(struct tpl_set *s, const struct phrases *const *langs, size_t nlangs,
    const struct tpl_duty *duties, size_t nduties, struct errinfo *ei);
/*
 * E_NOT_FOUND unknown template; E_CONFLICT set not compiled; E_INVALID unknown key or wrong kind
 * (with name:line:column); E_LIMIT out failed. What stands in out after an error is worthless.
 */
enum err tpl_render(const struct tpl_set *s, const char *name, const struct phrases *lang,
    const struct view *v, struct buf *out, struct errinfo *ei);

/* Names of all templates in order of addition. */
void tpl_set_each(const struct tpl_set *s, void (*fn)(const char *name, void *arg), void *arg);
/*
 * What a compiled template and its parts use, in order, with repeats. sigil: '=' value,
 * '&' HTML, '#' and '^' sections, '@' phrase, '*' phrase by key, '>' part.
 */
void tpl_uses(const struct tpl_set *s, const char *name, void (*fn)(char sigil, struct slice key, void *arg),
    void *arg);

#endif
