#ifndef JAWORT_MAIL_SENT_PRIV_H
#define JAWORT_MAIL_SENT_PRIV_H
/*
 * sent, format 1: reader and writer of old mails. Frozen: what was sent in the year 1 must come out byte for byte in
 * the year 10. So cgi/mail/sent1.c uses nothing of mail/message.c, mail/slot.c and text/mime.c, and is not changed;
 * tests/golden/sent holds its bytes.
 */
#include "mail/sent.h"

/* Fills the slots of a stored message of format 1. */
enum err sent1_fill(struct arena *a, struct slice stored, const struct slice value[MESSAGE_SLOT__MAX],
    struct message *out, struct errinfo *ei);
void sent1_mime(struct buf *out, const struct message *m, struct slice date_header);

#endif
