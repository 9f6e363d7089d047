#ifndef JAWORT_TEXT_HTML_H
#define JAWORT_TEXT_HTML_H
/*
 * html: the only file of the project that escapes HTML. The context is in the
 * name of the call; there is no raw writer for pages: they are made by
 * templates (text/tpl.h), which call these by position.
 */
#include "base/buf.h"
#include "base/slice.h"

/* Element content: & < > escaped; " and ' too, so that a wrong choice does no harm. */
void html_text(struct buf *out, struct slice s);
/* Inside a double- or single-quoted attribute. */
void html_attr(struct buf *out, struct slice s);
/*
 * A whole URL in a quoted attribute: only http:, https:, mailto:, tel:, "/path",
 * "?query", "#id" and relative names get through; any other scheme becomes "#".
 */
void html_url_attr(struct buf *out, struct slice s);

#endif
