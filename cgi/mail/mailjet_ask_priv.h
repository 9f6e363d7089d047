#ifndef JAWORT_MAIL_MAILJET_ASK_PRIV_H
#define JAWORT_MAIL_MAILJET_ASK_PRIV_H
/*
 * mailjet_ask: what doctor asks Mailjet: GET only, nothing is sent and nothing changes there.
 * Source: Mailjet, REST reference (sender, dns): Data[].Email, Status "Active" | "Inactive" | "Deleted", a whole
 * domain as "*@example.org"; Data[].Domain, DKIMStatus "OK" | "Error" | "Not checked".
 */
#include "mail/provider.h"

enum err mailjet_ask_login(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei);
void mailjet_read_login(const struct provider_reply *r, struct slice sender, struct provider_result *out);
enum err mailjet_ask_sender(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei);
void mailjet_read_sender(const struct provider_reply *r, struct slice sender, struct provider_result *out);
enum err mailjet_ask_domain(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei);
void mailjet_read_domain(const struct provider_reply *r, struct slice sender, struct provider_result *out);

#endif
