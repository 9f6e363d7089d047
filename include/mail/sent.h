#ifndef JAWORT_MAIL_SENT_H
#define JAWORT_MAIL_SENT_H
/*
 * sent: what is kept for ever of one mail that was handed over, and the mail made again from it.
 *
 * The text of a mail is in the text store, once, with slots (mail/message.h). What was filled in is kept with the
 * event mail_accepted or mail_failed, as its part "fields": one JSON object ("sent 1", frozen), keys in this order, a
 * slot that the mail does not have is left out:
 *     v            1
 *     to, link, unsubscribe, date, message_id, boundary
 *                  the values of the slots; in link and unsubscribe all but the first four characters of the token
 *                  are "*", so that nobody can use them who is shown the evidence
 *     date_header  of the header Date: "Sat, 21 Nov 2026 15:15:09 +0100"
 *     bytes        length of the whole mail
 *     sha256       of the whole mail as it left, with whole tokens, 64 hex digits
 * "The whole mail" is the message after RFC 5322 that sent_mime() writes, headers and body, CR LF. That is what
 * smtp, dir and log hand over. Mailjet and Brevo are given the same values and write headers and MIME themselves.
 *
 * A mask is as long as what it hides. So the mail made again differs from the one that left in nothing but the
 * characters under the masks: same length, same line breaks. Who has the mail itself (the recipient) can put the
 * token in and gets sha256.
 *
 * Making it again depends on neither templates nor the live MIME writer: cgi/mail/sent1.c is a writer of its own
 * that never changes. When message_mime() changes, a second one is made beside it, and "v" becomes 2.
 * Personal data: the store seals it.
 * Threads: no shared state.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "mail/message.h"

#define SENT_FORMAT 1
#define SENT_MAX_BYTES 4096
#define SENT_HASH_BYTES 32
#define SENT_TOKEN_SHOWN_CHARS 4

struct sent {
	struct slice slot[MESSAGE_SLOT__MAX]; /* masked; empty: the mail does not have it */
	struct slice date_header;
	int64_t bytes;
	unsigned char sha256[SENT_HASH_BYTES];
};

/*
 * From a mail that message_load_fill() made of these values. E_INVALID: it cannot be written as a message;
 * E_LIMIT: out is full.
 */
enum err sent_write(struct buf *out, const struct message *m, const struct message_slots *v, struct errinfo *ei);
/* Reads "sent 1"; slices are arena memory. E_INVALID: it is something else; E_NOMEM. */
enum err sent_read(struct arena *a, struct slice json, struct sent *out, struct errinfo *ei);
/*
 * The mail made again: the stored text with the kept values in its slots. All slices are arena memory; date_ms and
 * custom_id stay empty. E_INVALID: not a stored message, or a slot without value; E_NOMEM.
 */
enum err sent_fill(struct arena *a, struct slice stored, const struct sent *s, struct message *out, struct errinfo *ei);
/* As message after RFC 5322. Fails the buffer where it is too small. */
void sent_mime(struct buf *out, const struct message *m, const struct sent *s);

/* A link with its token hidden: behind the last "/" four characters stay, each further one becomes "*". */
struct slice sent_mask(struct arena *a, struct slice url);

#endif
