#ifndef JAWORT_SEND_CONTACTS_PRIV_H
#define JAWORT_SEND_CONTACTS_PRIV_H
/*
 * contacts: tells the providers' contact lists what changed (store/contact.h), one call of a site at a time, beside
 * the mails and never in their way. Every call may be repeated, so nothing is claimed: a kill repeats the last one.
 * A deletion is two calls. Mailjet: the contact's number by address, then the deletion. Brevo: the contact, then the log
 * of mails to it. "There is no such thing" means that it is done.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "mail/provider.h"
#include "send/http.h"
#include "send/route_priv.h"
#include "send/tag_priv.h"
#include "store/contact.h"

#define CONTACTS_ARENA_BYTES (1024u * 1024u)

/* One for Mailjet, one for Brevo. */
#define CONTACTS_KEEPERS 2
struct contacts_keeper;

struct contacts {
	struct tag tag; /* first: http_call.tag points here */
	const struct conf_site *site;
	struct route *route;
	struct http *http;
	struct store *store;
	int64_t next_ms;       /* wall clock: something is due; INT64_MAX: nothing */
	int64_t held_until_ms[CONTACTS_KEEPERS]; /* no call before: key or sender, Retry-After, no answer */
	bool held[CONTACTS_KEEPERS];       /* somebody must mend something, and the log has said so */
	unsigned failures[CONTACTS_KEEPERS]; /* tries in a row that came to nothing */
	bool flying;
	struct contact now;
	size_t keeper;
	int step; /* of the keeper's own steps */
	struct arena arena;
	struct buf address; /* wiped after use */
	struct provider_request req;
	struct http_call call;
};

/* Does this provider make a contact of every recipient, which we can delete? */
bool contacts_keeps(struct slice provider);
void contacts_init(struct contacts *c, struct route *r, struct http *h);
void contacts_free(struct contacts *c);
/* Somebody asked for a new try: forget holds and read keys again. */
void contacts_release(struct contacts *c);
/* Asks the database when there is something to do. */
void contacts_refresh(struct contacts *c, struct store *st);
/* Starts the next call if one is due and none is under way. st must stay open while flying. */
void contacts_start(struct contacts *c, struct store *st);

#endif
