#ifndef JAWORT_MAIL_BREVO_ASK_PRIV_H
#define JAWORT_MAIL_BREVO_ASK_PRIV_H
/*
 * brevo_ask: what doctor asks Brevo: GET only, nothing is sent and nothing changes there.
 * Sources: developers.brevo.com/reference/get-account, /reference/get-senders (senders[].email, active),
 * /reference/get-domain-configuration (domain, verified, authenticated, dns_records.dkim_record.status; 404 where the
 * account has no such domain).
 */
#include "mail/provider.h"

enum err brevo_ask_login(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei);
void brevo_read_login(const struct provider_reply *r, struct slice sender, struct provider_result *out);
enum err brevo_ask_sender(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei);
void brevo_read_sender(const struct provider_reply *r, struct slice sender, struct provider_result *out);
enum err brevo_ask_domain(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei);
void brevo_read_domain(const struct provider_reply *r, struct slice sender, struct provider_result *out);

#endif
