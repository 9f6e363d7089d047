#ifndef JAWORT_MAIL_MAILJET_EVENT_H
#define JAWORT_MAIL_MAILJET_EVENT_H
/*
 * mailjet_event: a body of Mailjet's Event API: one object (version 1) or an array of objects (version 2). Our name
 * of a mail is its CustomID; MessageID is read as digits. Texts (smtp_reply, comment, agent) are not taken over.
 * Source: Mailjet, Event API guide (events, fields, grouping).
 */
#include "mail/provider_event.h"

/* As provider_event_each(). */
enum err mailjet_event_each(struct slice body, bool (*cb)(const struct provider_event *e, void *arg), void *arg,
    struct errinfo *ei);

#endif
