#ifndef JAWORT_TEXT_MIME_H
#define JAWORT_TEXT_MIME_H
/*
 * mime: writes Internet messages (RFC 5322, 2045-2047). CR LF only; every
 * line <= 76 where encoded, <= 998 always. Bare CR or LF in a value is refused
 * by failing the buffer, never repaired.
 */
#include <stdbool.h>
#include "base/buf.h"
#include "base/slice.h"

/* "Name: value CR LF"; non-ASCII words as RFC 2047 encoded-words (UTF-8, Q or B, whichever is shorter), folded at 76. */
void mime_header(struct buf *out, const char *name, struct slice value);
/* Structured header whose value is ASCII and may only be folded at spaces (List-Unsubscribe, Content-Type). */
void mime_header_raw(struct buf *out, const char *name, struct slice value);
/* "Name: phrase <addr> CR LF"; phrase may be empty, quoted or encoded as needed. */
void mime_header_mailbox(struct buf *out, const char *name, struct slice phrase, struct slice addr);
/* Quoted-printable of text with LF or CR LF line ends; ends with CR LF. */
void mime_quoted_printable(struct buf *out, struct slice text);

#endif
