#ifndef JAWORT_TEXT_PHRASE_H
#define JAWORT_TEXT_PHRASE_H
/*
 * phrase: the words of Jawort. A phrase is a text in one language with
 * placeholders {name} and very little markup, kept in files templates/<lang>/NAME.txt
 * and rendered to HTML or plain text from the same source, so that form, mail,
 * notice and evidence cannot say different things.
 *
 * File format (UTF-8, LF):
 *     # a comment line (only outside a phrase: before the first key)
 *     [form.title.one]
 *     {title} bestellen
 *
 *     [form.consent.news]
 *     Ja, ich willige ein: ...
 *
 *     Second paragraph with **strong words**.
 *     * list item
 *     * label: {value}
 *     ## a heading
 * A line "[key]" starts a phrase (key: [a-z0-9_.]+); blank lines at both ends
 * fall away; a blank line separates paragraphs; lines of one paragraph are
 * joined with a space; "* " starts a list item; "## " a heading (blocks only).
 * "{{" and "}}" stand for one brace. A list item whose only placeholder is
 * empty or missing is left out; so is a paragraph that comes out empty. Values
 * are never parsed for markup; control characters in them become spaces.
 * Lines that begin with "# " inside a phrase, tabs, CR and other controls are
 * errors. A key without text is an error.
 * Formal and informal German: the informal set is a folder of its own (de-du)
 * that need only hold the keys that differ; look-up falls back to de.
 *
 * No-break spaces: HTML output has U+00A0 in "e. V.", "§ 7", "Art. 6", "21. November",
 * "14 Uhr", "3 Jahre" and the like (table in cgi/text/nobreak.c), also where a value
 * meets text; plain text keeps the space, but no line is broken there. Markers of
 * stored mails (U+E000 name U+E001) pass unchanged and are never broken.
 *
 * Limits: file 1 MiB, key 80 bytes, rendered block 1 MiB, phrases inside phrases 8 deep.
 * A catalogue of phrases does not change after loading and may be read by many threads.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

struct phrase;
struct phrases; /* one language */
struct view;

struct phrases *phrases_new(const char *lang);
void phrases_free(struct phrases *p);
/*
 * Adds a file; name is for errors ("de/form.txt:12:3: ..."). A key that an
 * earlier file holds is replaced only if override is true (owner's folder),
 * otherwise it is an error. E_INVALID with file:line:column.
 */
/* After an error the catalogue is only good for phrases_free(). */
enum err phrases_load(struct phrases *p, const char *name, struct slice text, bool override,
    struct errinfo *ei);
/*
 * The same for a file that is part of the program: it is not copied, so it and its name must stay; it is believed to be
 * right (tests/unit/core/test_words.c loads each with phrases_load()), and a phrase is parsed at its first use. That
 * is a third of a CGI start. E_INVALID: a key twice.
 */
enum err phrases_load_shipped(struct phrases *p, const char *name, struct slice text, struct errinfo *ei);
/* Keys missing here are taken from base (de-du -> de). base must outlive p. */
void phrases_fallback(struct phrases *p, const struct phrases *base);
const struct phrase *phrases_get(const struct phrases *p, struct slice key);
const char *phrases_lang(const struct phrases *p);
/* Walks the catalogue's own keys (not the fallback's) in file order; for tests and tools. */
void phrases_each(const struct phrases *p, void (*fn)(struct slice key, const struct phrase *ph, void *arg),
    void *arg);

/* Placeholders of a phrase in order of appearance (with repeats). */
size_t phrase_placeholders(const struct phrase *p, struct slice *names, size_t max);
/* Source text as written (for tests and readability counts). */
struct slice phrase_source(const struct phrase *p);
struct slice phrase_key(const struct phrase *p);

/*
 * Rendering. A placeholder that the view does not know, or whose kind is a list,
 * a truth or HTML, is E_INVALID (a bug in the code that filled the view) and names
 * phrase and placeholder. E_LIMIT: out or the working memory is full.
 */
/* One line, no <p>: headings, labels, buttons. Paragraphs are joined by a space. VIEW_URL becomes a link. */
enum err phrase_html_inline(struct buf *out, const struct phrase *p, const struct view *v, struct errinfo *ei);
/* <p>, <ul>, <h2>..; heading_level (1..6) for "## " lines. One block a line, no line end behind the last. */
enum err phrase_html_block(struct buf *out, const struct phrase *p, const struct view *v, int heading_level,
    struct errinfo *ei);
/* For attributes and <title>: no markup, escaped as attribute text. */
enum err phrase_html_attr(struct buf *out, const struct phrase *p, const struct view *v, struct errinfo *ei);
/* Plain text on one line (subjects, JSON). */
enum err phrase_plain(struct buf *out, const struct phrase *p, const struct view *v, struct errinfo *ei);
/*
 * Plain text wrapped at columns (code points, 72 for mail) with an indent;
 * paragraphs separated by an empty line; a placeholder of kind VIEW_URL that is
 * a paragraph of its own is never broken, nor is any other word; strong marks
 * are dropped; list items start with "* ". columns counts the indent. No line
 * end behind the last line.
 */
enum err phrase_plain_block(struct buf *out, const struct phrase *p, const struct view *v, unsigned columns,
    unsigned indent, struct errinfo *ei);

#endif
