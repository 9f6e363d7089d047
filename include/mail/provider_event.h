#ifndef JAWORT_MAIL_PROVIDER_EVENT_H
#define JAWORT_MAIL_PROVIDER_EVENT_H
/*
 * provider_event: what a provider tells about mails that it took, in one form for all of them. A body is one JSON
 * object or an array of objects; what the fields mean stands in mailjet_event.h and brevo_event.h.
 *
 * Nothing in it is signed, so it is read as a claim: names of one of our mails, what is said to have happened, and
 * when. Texts of the provider are not taken over at all. Whole numbers are read as int64 or as text of digits, never
 * as floating point: message ids are larger than 2^53. Fields of a wrong type count as absent.
 * Threads: no shared state.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "mail/provider.h"

#define PROVIDER_EVENT_BODY_MAX_BYTES (1024u * 1024u)
/* Theirs are two deep. */
#define PROVIDER_EVENT_DEPTH_MAX 16
#define PROVIDER_EVENT_CUSTOM_ID_BYTES 65

enum provider_event_kind {
	PROVIDER_EVENT_IGNORED,     /* open, click (never asked for), and what we do not know */
	PROVIDER_EVENT_DELIVERED,   /* taken by the recipient's mail server */
	PROVIDER_EVENT_BOUNCE_HARD, /* no such mailbox, for good */
	PROVIDER_EVENT_BOUNCE_SOFT, /* full, greylisted, policy: may work another time */
	PROVIDER_EVENT_BLOCKED,     /* the provider did not even try */
	PROVIDER_EVENT_COMPLAINT,   /* marked as spam */
	PROVIDER_EVENT_UNSUBSCRIBE, /* the provider's own unsubscribe link or header */
	PROVIDER_EVENT__MAX
};
/* "ignored", "delivered", "bounce-hard", "bounce-soft", "blocked", "complaint", "unsubscribe". */
const char *provider_event_kind_name(enum provider_event_kind k);

struct provider_event {
	enum provider_event_kind kind;
	int64_t time_ms;                                /* by the provider's clock; 0: not said */
	char custom_id[PROVIDER_EVENT_CUSTOM_ID_BYTES]; /* our own name of the mail, [A-Za-z0-9._-]; "" if none */
	char message_id[PROVIDER_ID_BYTES];             /* as the provider's answer gave it; "" if none */
	struct slice email;                             /* valid during cb; only to be compared */
};

/*
 * Checks the whole body, then calls cb for each event in its order, also for ignored ones; cb returns
 * false to stop. Elements that are no objects are left out. cb NULL: only checked.
 * E_NOT_FOUND: this provider sends no events. E_INVALID: not JSON (RFC 8259, UTF-8; also a key with U+0000 in it);
 * E_LIMIT: over the maximum of bytes or depth; E_NOMEM.
 */
enum err provider_event_each(struct slice provider, struct slice body,
    bool (*cb)(const struct provider_event *e, void *arg), void *arg, struct errinfo *ei);
/* Does it send events? "mailjet", "brevo". */
bool provider_event_known(struct slice provider);

#endif
