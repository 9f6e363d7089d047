#ifndef JAWORT_CMD_SAMPLE_PRIV_H
#define JAWORT_CMD_SAMPLE_PRIV_H
/* sample: a mail as it would be made now, for nobody: its links open nothing and no person stands behind it. */
#include "core/letter.h"
#include "core/site.h"
#include "mail/message.h"
#include "store/outbox.h"

/* kind: one that letter_render() knows. All slices of out are arena memory. */
enum err sample_mail(const struct site *s, struct arena *a, const struct conf_form *form, enum outbox_kind kind,
    const char *lang, struct message *out, struct errinfo *ei);
/* A letter of the caller's. */
enum err sample_letter(const struct site *s, struct arena *a, const struct letter *l, struct message *out,
    struct errinfo *ei);

#endif
