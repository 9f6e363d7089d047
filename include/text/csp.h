#ifndef JAWORT_TEXT_CSP_H
#define JAWORT_TEXT_CSP_H
/*
 * csp: does a page's Content-Security-Policy let it load or ask an address? Source: W3C CSP Level 3, sections 6.7.1
 * (fallbacks) and 6.7.2 (matching). Several policies: all must allow it. What cannot be told from the policy alone (nonces,
 * hashes, 'strict-dynamic') counts as allowed: only what is certainly forbidden is.
 * Threads: no state.
 */
#include <stdbool.h>
#include "base/slice.h"
#include "text/url.h"

enum csp_use { CSP_SCRIPT, CSP_STYLE, CSP_CONNECT, CSP_FRAME, CSP_FORM, CSP_USE__MAX };

/* "script-src" and so on: the directive to name to people. */
const char *csp_directive(enum csp_use use);
/* policies: one or more, apart by comma or LF, as headers and <meta> give them; empty: everything is allowed. */
bool csp_allows(struct slice policies, enum csp_use use, const struct url *what, const struct url *page);

#endif
