#ifndef JAWORT_CORE_MARK_H
#define JAWORT_CORE_MARK_H
/*
 * mark: which version of a text stands in a page that was built some time ago.
 * A notice that was exported holds a mark; a form that was pasted holds its
 * address and the field "v". Both are found again in any text, whatever a site
 * generator and a minifier made of the page around them.
 *
 * A mark: "jawort-notice:SITE:LANG:HASH", HASH = 64 hex digits, the SHA-256 of
 * the notice's body. It survives minifiers: in HTML it is an attribute's value,
 * in Markdown and plain text a line, in JSON a value.
 * Threads: no state.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/slice.h"
#include "core/notice.h"

#define MARK_HASH_CHARS 64

struct mark {
	size_t at; /* where it begins in the text */
	struct slice site, lang, hash_hex;
};

void mark_write(struct buf *out, const char *site, const char *lang, const char *hash_hex);
/* The first mark at or after *at, which then stands behind it; false: none. Slices lie in text. */
bool mark_next(struct slice text, size_t *at, struct mark *out);

/*
 * The next form that posts to url: v is the value of its field "v" (empty if it has none, like the two
 * lines with a script). Attributes may stand in any order, with or without quotes.
 */
struct mark_form {
	size_t at;
	struct slice v;
};
bool mark_form_next(struct slice text, struct slice url, size_t *at, struct mark_form *out);

/*
 * The notice for a build: html (page), fragment, md, txt or json, with its mark. stamp as notice_page();
 * hash_hex is that of the body. E_INVALID: no such format, or as notice_page().
 */
enum err mark_export(const struct site *s, struct arena *a, const char *format, const char *lang,
    const struct notice_stamp *stamp, const char *hash_hex, struct buf *out, struct errinfo *ei);

#endif
