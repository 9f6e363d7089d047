#ifndef JAWORT_MAIL_PROVIDER_PRIV_H
#define JAWORT_MAIL_PROVIDER_PRIV_H
/* What the provider files share. */
#include "mail/provider.h"

extern const struct provider provider_mailjet;
extern const struct provider provider_brevo;
extern const struct provider provider_smtp;
extern const struct provider provider_dir;
extern const struct provider provider_log;

/* First row that fits; NULL: none. status_group: rows with status 4 or 5 stand for 4xx and 5xx. */
const struct provider_rule *provider_rule_find(const struct provider_rule *rules, size_t n, int status,
    const char *code, struct slice related);
/* Fills the result from a row. code NULL: the row's, or "http-<status>". */
void provider_result_set(struct provider_result *out, const struct provider_rule *rule, int status,
    const char *code);
/* E_INVALID if a field would be interpreted, or what every provider needs is missing. */
enum err provider_message_check(const struct message *m, const char *provider, struct errinfo *ei);
/* [A-Za-z0-9._-]{1,64} */
bool provider_custom_id_ok(struct slice s);
/* A message id of Brevo, always with its brackets ("<1.2@smtp-relay.mailin.fr>"). False, dst "": it is none. */
bool provider_brevo_id(struct slice s, char *dst, size_t n);
/* A request to Brevo without path and body: method, endpoint, headers with the key (copied into the arena). E_NOMEM. */
enum err provider_brevo_start(struct arena *a, const struct provider_settings *s, const char *method,
    struct provider_request *out, struct errinfo *ei);

#endif
