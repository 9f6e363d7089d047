#ifndef JAWORT_WEB_HEADERS_PRIV_H
#define JAWORT_WEB_HEADERS_PRIV_H
/*
 * headers: what every answer carries besides its content, one table row per class
 * of page (contract of the HTTP interface, section 1). Set by the program itself, so
 * that no web server configuration can forget them.
 */
#include <stdint.h>
#include "base/slice.h"

struct page;

#define HEADERS_RETRY_AFTER_S 60

/* Cache-Control, CSP, Referrer-Policy, nosniff and so on for p->class; tpl names the inline sheets. */
void headers_class(struct page *p, const char *tpl);
/* Seconds as a time people wait for, rounded up ("5 minutes", "90 minutes", "2 days"), in the page's language. */
struct slice headers_retry_words(struct page *p, int64_t seconds);
/* Retry-After: seconds. */
void headers_retry_after(struct page *p, int64_t seconds);

#endif
