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
 * The kind of a template comes from its name: *.html or *.txt. In *.html a
 * scanner fixes the place of every tag at compile time: element content,
 * double-quoted attribute, or URL attribute (href, src, action). Anything else
 * (inside <script>, <style>, a comment, an unquoted attribute, a tag name) is an
 * error with file:line:column. {{&css}} is allowed as the whole content of
 * <style>. In *.txt nothing is escaped; "{{@@x}}" wraps at 72 columns; a line
 * "    {{@@x}}" keeps its indent.
 *
 * Every template may declare keys that must appear in it (in itself or its
 * parts) by the caller's table: a form without consent box or notice link does
 * not compile.
 *
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
	const char *const *required; /* keys, sections or phrases ("@form.notice.link") that must occur */
};

struct tpl_set *tpl_set_new(void);
void tpl_set_free(struct tpl_set *s);
/* Adds source text under a name; a later addition of the same name replaces it (owner's folder). Copies both. */
enum err tpl_set_add(struct tpl_set *s, const char *name, struct slice source, struct errinfo *ei);
/*
 * Compiles all. phrases: every {{@key}} must exist in each given language.
 * E_INVALID with "name:line:column: what. how to mend".
 */
enum err tpl_set_compile(struct tpl_set *s, const struct phrases *const *langs, size_t nlangs,
    const struct tpl_duty *duties, size_t nduties, struct errinfo *ei);
/* E_NOT_FOUND unknown template; E_INVALID unknown key or wrong kind; E_LIMIT out failed. */
enum err tpl_render(const struct tpl_set *s, const char *name, const struct phrases *lang, const struct view *v,
    struct buf *out, struct errinfo *ei);

#endif
