#ifndef JAWORT_CORE_ACCENT_H
#define JAWORT_CORE_ACCENT_H
/*
 * accent: from the one colour an owner configures to all that pages and mails
 * need: fill, text on the fill, readable links, for light and for dark paper.
 * The colour itself is never changed where it only fills an area; links and
 * edges are darkened (light paper) or lightened (dark paper) in steps of 1 %
 * until the contrast holds.
 *
 * Contrast after WCAG 2.2 (relative luminance, 1.4.3 and 1.4.11): text on the fill
 * >= 4.5, link on the light slip #f5f7f6 >= 4.6, on the dark slip #232827 >= 5.6.
 *
 * Threads: no state.
 */
#include <stdbool.h>
#include "base/buf.h"
#include "base/slice.h"

#define ACCENT_DEFAULT "#1c4da1"
#define ACCENT_HEX_BYTES 8 /* "#rrggbb" and NUL */

struct accent_pair {
	char fill[ACCENT_HEX_BYTES];
	char text[ACCENT_HEX_BYTES];
};

/* "#" and six hexadecimal digits, nothing else. */
bool accent_valid(struct slice hex);
/*
 * Adds ":root{--jawort-accent:...}@media(prefers-color-scheme:dark){:root{...}}",
 * in lower case. A colour that is not accent_valid() counts as ACCENT_DEFAULT.
 */
void accent_css(struct buf *out, struct slice hex);
/* Fill and the text on it, for mails, which have one set of colours only. */
struct accent_pair accent_pair(struct slice hex);

#endif
