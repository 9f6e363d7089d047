#ifndef JAWORT_TEXT_UTF8_H
#define JAWORT_TEXT_UTF8_H
/*
 * utf8: well-formed UTF-8 after RFC 3629 (no overlong forms, no surrogates,
 * nothing above U+10FFFF). Everything that comes from outside passes here
 * before any other code reads it.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/slice.h"

bool utf8_valid(struct slice s);
/* Next code point; *at moves behind it. UINT32_MAX at the end or on bad bytes: *at stays. */
uint32_t utf8_next(struct slice s, size_t *at);
/* Number of code points of a valid text. */
size_t utf8_count(struct slice s);
/* The longest prefix of at most max code points that ends on a boundary. */
struct slice utf8_prefix(struct slice s, size_t max);
/*
 * True if a C0 or C1 control, DEL, a line or paragraph separator (U+2028/9) or
 * a bidirectional override (U+202A..E, U+2066..9) is in it. allow_lines lets
 * LF, CR and TAB pass (multi-line fields).
 */
bool utf8_has_control(struct slice s, bool allow_lines);

#endif
