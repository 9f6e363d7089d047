#ifndef JAWORT_MAIL_PROVIDER_EVENT_PRIV_H
#define JAWORT_MAIL_PROVIDER_EVENT_PRIV_H
/* What the readers of events share. */
#include <jansson.h>
#include "mail/provider_event.h"

/* Largest time that is believed, in seconds: far below an overflow in milliseconds. */
#define PROVIDER_EVENT_TIME_MAX_S (INT64_C(1) << 40)

/* One object of a body; *e is zero. Slices may point into o. */
typedef void provider_event_reader(const json_t *o, struct provider_event *e);

enum err provider_event_walk(struct slice body, provider_event_reader *reader,
    bool (*cb)(const struct provider_event *e, void *arg), void *arg, struct errinfo *ei);
/* A string without U+0000, else "". */
struct slice provider_event_text(const json_t *v);
/* A whole number, also as text of digits. */
bool provider_event_int(const json_t *v, int64_t *out);

#endif
