#ifndef JAWORT_WEB_SLIP_PRIV_H
#define JAWORT_WEB_SLIP_PRIV_H
/* slip: the exact wording in its frame, the same on every page (part/slip.html). */
#include <stdint.h>
#include "core/consent.h"
#include "web/page_priv.h"

/* Adds the slip of one purpose to the list "consents"; nothing if the wording does not have it. */
void slip_add(struct page *p, struct view *v, const struct consent *c, struct slice purpose, const char *state,
    const char *state_key, int64_t date_ms);

#endif
