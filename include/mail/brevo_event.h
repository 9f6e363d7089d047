#ifndef JAWORT_MAIL_BREVO_EVENT_H
#define JAWORT_MAIL_BREVO_EVENT_H
/*
 * brevo_event: a body of Brevo's transactional webhooks: one object, or an array where batched webhooks are on. Our
 * name of a mail is the first of its tags that can be one ("tags", else "tag", which is an array written as text);
 * message-id is taken with its brackets, as in the answer to the mail. The time is ts_epoch (milliseconds, UTC), else
 * ts_event (seconds, UTC); "ts" and "date" follow the account's time zone and are not used.
 * Source: developers.brevo.com/docs/transactional-webhooks, /docs/batched-webhooks.
 */
#include "mail/provider_event.h"

/* As provider_event_each(). */
enum err brevo_event_each(struct slice body, bool (*cb)(const struct provider_event *e, void *arg), void *arg,
    struct errinfo *ei);

#endif
