#ifndef JAWORT_CORE_SNIPPET_H
#define JAWORT_CORE_SNIPPET_H
/*
 * snippet: what an owner pastes to get a form into a page, one way per row of a
 * const table: two-line, html, iframe, ssi, hugo, jekyll, eleventy, astro. Behind
 * the snippet stand, as HTML comments, what the page's Content-Security-Policy must
 * allow and the frozen script with its SRI hash (W3C Subresource Integrity).
 * Threads: no state.
 */
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"

extern const size_t snippet_count;
/* "two-line" ... in the order of the table; i below snippet_count. */
const char *snippet_name(size_t i);

/*
 * lang: of the site's languages, or NULL: the page's language decides where the way allows it, else
 * the site's first. E_NOT_FOUND: no such way (the text names all of them); others from rendering.
 */
enum err snippet_render(const struct site *s, struct arena *a, const char *as, const struct conf_form *form,
    const char *lang, struct buf *out, struct errinfo *ei);

#endif
