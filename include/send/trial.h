#ifndef JAWORT_SEND_TRIAL_H
#define JAWORT_SEND_TRIAL_H
/*
 * trial: one request to the providers of a site at once, for an admin who waits for the answer. Nothing of it goes
 * through the outbox, and no database is opened. In mode try-out the route holds dir and log only, so nothing
 * leaves this machine.
 * Threads: the caller's thread only. Blocks up to TRIAL_TIMEOUT_MS per provider.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mail/message.h"
#include "mail/provider.h"

struct conf;
struct conf_site;

#define TRIAL_MAX 8
#define TRIAL_TIMEOUT_MS 10000

struct trial_answer {
	const char *provider;       /* static */
	struct provider_result res; /* also of what failed on this side: code "secret", "endpoint", "bad-mail" */
	int64_t date_ms;            /* the provider's clock when it answered; -1: it did not say */
	int64_t ours_ms;            /* ours at that moment */
};

/* Asks every provider of the route that can be asked. Number of answers, <= TRIAL_MAX. */
size_t trial_ask(const struct conf *c, const struct conf_site *s, enum provider_probe what,
    struct trial_answer out[static TRIAL_MAX]);
/*
 * Sends the mail by the first provider that takes it: the next one is tried after HOLD and RETRY, as the worker
 * does. Number of tries; the last answer says what became of the mail.
 */
size_t trial_send(const struct conf *c, const struct conf_site *s, const struct message *m,
    struct trial_answer out[static TRIAL_MAX]);
/* The providers of the route, as they would be used now, "mailjet, smtp". */
void trial_route(const struct conf *c, const struct conf_site *s, struct buf *out);

#endif
