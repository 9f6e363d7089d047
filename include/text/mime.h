#ifndef JAWORT_TEXT_MIME_H
#define JAWORT_TEXT_MIME_H
/*
 * mime: writes Internet messages (RFC 5322, 2045-2047). CR LF only; every
 * line <= 76 where encoded, <= 998 always. Bare CR or LF in a value is refused
 * by failing the buffer, never repaired; so are other controls and bad UTF-8 in
 * a header. Header names: at most 40 bytes.
 */
#include <stdbool.h>
#include "base/buf.h"
#include "base/slice.h"

/*
 * "Name: value CR LF"; non-ASCII words as RFC 2047 encoded-words (UTF-8, Q or B,
 * whichever is shorter), folded at 76.
 */
void mime_header(struct buf *out, const char *name, struct slice value);
/* Structured header: ASCII, folded only at spaces (List-Unsubscribe, Content-Type). */
void mime_header_raw(struct buf *out, const char *name, struct slice value);
/*
 * "Name: phrase <addr> CR LF"; phrase may be empty (then without "<>"), quoted or
 * encoded as needed. addr as addr_parse() makes it; anything else fails the buffer.
 */
void mime_header_mailbox(struct buf *out, const char *name, struct slice phrase, struct slice addr);
/* Quoted-printable of text with LF or CR LF line ends; ends with CR LF. */
void mime_quoted_printable(struct buf *out, struct slice text);

#endif
