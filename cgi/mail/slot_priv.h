#ifndef JAWORT_MAIL_SLOT_PRIV_H
#define JAWORT_MAIL_SLOT_PRIV_H
/* slot: what the files of the message share about slots. */
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "mail/message.h"

#define SLOT_BIT(s) (1u << (s))

/* First and last mark, U+E000 and U+E001 in UTF-8. */
#define SLOT_OPEN "\xee\x80\x80"
#define SLOT_CLOSE "\xee\x80\x81"
#define SLOT_MARK_BYTES 3

/* Bare address: dot-atom @ host name. */
bool slot_addr_ok(struct slice s);
/* https, or http towards loopback, of bytes that stand for themselves in HTML, text and headers. */
bool slot_url_ok(struct slice s);
/* Host name of letters, digits, hyphens and dots. */
bool slot_host_ok(struct slice s);
/* Does a value fit its slot? */
bool slot_value_ok(enum message_slot slot, struct slice value);
/*
 * Checks the marks of s: only slots of the mask, no half marks. With values it
 * also writes s to out with the slots filled (html: escaped). where names the
 * field for errors.
 */
enum err slot_fill(struct buf *out, struct slice s, unsigned mask, const struct message_slots *values,
    bool html, const char *where, struct errinfo *ei);

#endif
