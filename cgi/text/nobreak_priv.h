#ifndef JAWORT_TEXT_NOBREAK_PRIV_H
#define JAWORT_TEXT_NOBREAK_PRIV_H
/*
 * nobreak: which spaces of a German or English text must not end a line
 * ("e. V.", "§ 7", "Art. 6", "21. November", "14 Uhr", "3 Jahre").
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/slice.h"

/* Is the space at s.ptr[at] one of them? A space at either end never is. */
bool nobreak_at(struct slice s, size_t at);
/* html_text() with U+00A0 for such spaces. */
void nobreak_html_text(struct buf *out, struct slice s);

#endif
