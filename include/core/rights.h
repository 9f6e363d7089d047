#ifndef JAWORT_CORE_RIGHTS_H
#define JAWORT_CORE_RIGHTS_H
/*
 * rights: what people can do about their own data, and what the owner can do for them. The pages under /my and the
 * verbs `jawort person ...` call these same functions; nothing else changes a person from outside.
 *
 * rights_look() and rights_erase_look() read with a handle of the caller and change nothing. Every other function is
 * one decision in one write transaction: what changes, the event that tells of it, the word to the provider's lists
 * (core/contact.h) and the mail to the person (core/letter.h) are all there or none. Each may be repeated: the second
 * time it finds what the first did, says fresh = false, and leaves neither event nor mail.
 *
 * Who may act is not decided here: the caller has a hub token of this person (core/token.h), or is the owner.
 *
 * Erased with evidence kept (store/erasure.h) means erased for every function but rights_find(), rights_look() and
 * rights_erase(): nothing else finds it.
 *
 * Sources: GDPR Art. 7(3), 12, 15-21, 17(3)(b), (e); EDPB Guidelines 01/2022.
 * Ownership: slices of results lie in the arena given. Threads: any.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/consent.h"
#include "core/letter.h"
#include "core/site.h"
#include "core/withdraw.h"
#include "store/budget.h"
#include "store/db.h"
#include "store/erasure.h"
#include "store/event.h"
#include "store/eventcore.h"
#include "store/outbox.h"
#include "store/person.h"
#include "store/request.h"
#include "store/suppression.h"
#include "store/writer.h"

struct rights {
	const struct site *site;
	struct store *store;
	struct writer_pool *writers;  /* NULL: transactions of our own (command line) */
	struct letter_cache *letters; /* NULL is fine */
	struct budget *budget;        /* NULL: mails to new addresses are not limited */
	enum withdraw_way way;        /* WITHDRAW_HUB, or how it reached the owner; detail of the events */
	struct slice ip;              /* of the visitor, as the front knows it; shortened here; may be empty */
	const char *lang;             /* of the page of rights_export(), one of the site's; NULL: the person's */
	struct slice back;            /* where that page leads back to; may be empty */
};

/* ---- everything held */

struct rights_purpose {
	struct slice id;
	struct slice title; /* as configured now; the id where it is not configured any more */
	enum purpose_state state;
	int64_t since_ms;
	int64_t request_id; /* 0: none */
	struct slice text;  /* the wording agreed to, paragraphs separated by "\n\n"; empty: unknown */
	unsigned char consent_hash[STORE_HASH_BYTES];
};

struct rights_field {
	struct slice name, value;
};

struct rights_request {
	int64_t id;
	struct slice form, lang, purposes, page;
	enum request_state state;
	int64_t asked_ms, expires_ms, settled_ms; /* settled 0: open */
};

struct rights_mail {
	int64_t id;
	enum outbox_kind kind;
	enum outbox_state state;
	int64_t created_ms, done_ms; /* done 0: open */
	struct slice provider, provider_id;
};

struct rights_event {
	int64_t seq, time_ms;
	enum event_kind kind;
	struct slice form;
	struct slice record; /* its core, canonical JSON (docs/evidence.md); empty: taken away */
	struct eventcore core; /* the same, read; all empty where it was taken away */
	struct slice ip;     /* empty: none, or expired */
	struct slice fields; /* JSON object; empty: none, or taken away */
	bool has_ip;         /* there is one to expire */
	bool verified;       /* event_verify() */
	unsigned char commitment[STORE_HASH_BYTES];
};

/* What goes when. */
enum rights_what {
	RIGHTS_UNCONFIRMED, /* everything: nobody confirmed */
	RIGHTS_SENDING,     /* address, details and lists: while the consent lasts */
	RIGHTS_IP,          /* the last IP address in the evidence */
	RIGHTS_MAILS,       /* notes of the last mail that was sent */
	RIGHTS_EVIDENCE,    /* proof of the consent */
	RIGHTS_BLOCK,       /* the block on the address, a keyed code */
	RIGHTS_BACKUPS,     /* copies for an emergency, counted from a deletion: no date */
	RIGHTS_WHAT__MAX
};
/* "unconfirmed", "sending", ... */
const char *rights_what_name(enum rights_what w);

struct rights_until {
	enum rights_what what;
	int64_t at_ms;                /* 0: while it lasts, then the period */
	struct conf_duration period;  /* of the configuration; seconds 0: none (a block without end) */
};
#define RIGHTS_UNTIL_MAX RIGHTS_WHAT__MAX

struct rights_person {
	int64_t id;
	enum store_channel channel;
	enum person_state state;
	bool kept;              /* erased, and evidence is kept until kept_until_ms */
	int64_t kept_until_ms;
	struct slice address;
	struct slice masked;
	const char *lang;       /* a language of the site */
	int64_t created_ms, changed_ms, confirmed_ms; /* confirmed 0: never */
	struct rights_purpose *purposes;
	size_t npurposes;
	struct rights_field *fields;
	size_t nfields;
	struct rights_request *requests;
	size_t nrequests;
	struct rights_mail *mails;
	size_t nmails;
	struct rights_event *events;
	size_t nevents;
	bool blocked;           /* by a suppression */
	enum suppression_reason block_reason;
	int64_t block_until_ms; /* 0: for ever */
	bool moving;            /* a new address waits for its confirmation until move_until_ms */
	struct slice move_to;
	int64_t move_until_ms;
	struct rights_until until[RIGHTS_UNTIL_MAX];
	size_t nuntil;
};

/* E_NOT_FOUND: no such person, or erased without anything kept. */
enum err rights_look(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    struct rights_person *out, struct errinfo *ei);

#define RIGHTS_KEPT_MAX 16
struct rights_found {
	int64_t person_id; /* 0: nobody with this address now */
	enum person_state state;
	int64_t kept[RIGHTS_KEPT_MAX]; /* evidence of earlier ones, oldest first */
	size_t nkept;
	bool blocked;
	enum suppression_reason block_reason;
};
/* By normalised address; for the owner. Finding nothing is no error. */
enum err rights_find(struct db *db, struct slice address, struct rights_found *out, struct errinfo *ei);

/* ---- decisions */

struct rights_done {
	bool fresh;              /* this call did it */
	bool gone;               /* no such person (any more): nothing was done */
	enum person_state state; /* afterwards; PERSON_ERASED where gone */
	int64_t at_ms;
	int64_t ends_ms;         /* of rights_release(): announced, and not before this time; else 0 */
	struct slice purposes;   /* that ended; comma list */
	struct slice rest;       /* that are still active; comma list */
};

/* GDPR Art. 7(3). purpose empty: all. Never confirmed: everything is erased. */
enum err rights_withdraw(const struct rights *r, struct arena *a, int64_t person_id, struct slice purpose,
    struct rights_done *out, struct errinfo *ei);
/* Art. 18: nothing is sent, nothing expires, lists at the provider are left. Purposes stay as they are. Whose release was
 * announced is restricted once more. */
enum err rights_restrict(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei);
/*
 * Back to what held before, read from purposes and blocks. Only what is restricted. At once where it is the person's own
 * act, whichever way it came. Where it is the owner's (WITHDRAW_OWNER) the person is told first, Art. 18(3): a mail that
 * names the day, out->ends_ms, and the event that announces it. It ends then, if that mail was handed over: by
 * rights_release_due(), which the worker calls, or this function called once more. rights_restrict() takes it back.
 */
#define RIGHTS_RELEASE_NOTICE_MS (INT64_C(7) * 86400 * 1000)
enum err rights_release(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei);
enum err rights_release_waits(struct db *db, struct arena *a, int64_t now_ms, bool *waits, struct errinfo *ei);
enum err rights_release_due(const struct rights *r, struct arena *a, int64_t now_ms, unsigned *count, struct errinfo *ei);
/* Art. 21(2), (3): everything ends, and the address is blocked for ever. */
enum err rights_object(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei);
/* The owner's block: as an objection, under another reason. */
enum err rights_block(const struct rights *r, struct arena *a, int64_t person_id, struct rights_done *out,
    struct errinfo *ei);
/* The same for an address that nobody here has; only *fresh. */
enum err rights_block_address(const struct rights *r, struct slice address, bool *fresh, struct errinfo *ei);

/* Art. 16, at once. A field that is not named stays; an empty value takes it away. lang empty: stays. */
#define RIGHTS_FIELDS_MAX 32
struct rights_error {
	struct slice field; /* empty: fine */
	const char *key;    /* phrase: "error.field.long"; NULL: no form has such a field, the site no such language */
	size_t max;         /* {max} of that phrase */
};
struct rights_change {
	struct rights_field fields[RIGHTS_FIELDS_MAX];
	size_t n;
	struct slice lang;
};
/* Bad input is a result: bad->field is set and nothing is done. */
enum err rights_rectify(const struct rights *r, struct arena *a, int64_t person_id, const struct rights_change *c,
    struct rights_done *out, struct rights_error *bad, struct errinfo *ei);
/* Name of a field that a form of the site asks for: what may be corrected or given. */
bool rights_field_known(const struct site *s, struct slice name);

/* Art. 15, 20: everything of rights_look(), and the event. */
enum rights_format {
	RIGHTS_JSON, /* "json": the signed bundle (core/bundle.h), which `jawort verify` checks */
	RIGHTS_CSV,  /* "csv": rows for a table, safe in spreadsheets */
	RIGHTS_PAGE, /* "html": a page to read and to print (core/held.h) */
	RIGHTS_DATA, /* "data": plain JSON for programs of the owner, not signed */
	RIGHTS_FORMAT__MAX
};
const char *rights_format_name(enum rights_format f);
/* RIGHTS_FORMAT__MAX: unknown. */
enum rights_format rights_format_from_name(struct slice name);
#define RIGHTS_EXPORT_MAX_BYTES (16u * 1024u * 1024u)
/*
 * Also restricted people and kept evidence. E_NOT_FOUND as rights_look(); E_IO: the evidence was altered (a bundle vouches
 * for it, so there is none). out is appended to. At the hub, a second time within the life of one link (links.rights)
 * leaves no second mail, and in the same form no second event.
 */
enum err rights_export(const struct rights *r, struct arena *a, int64_t person_id, enum rights_format f,
    struct buf *out, struct errinfo *ei);

/* ---- erasure, GDPR Art. 17 */

struct rights_erasure {
	bool keeps;              /* evidence is kept, restricted */
	bool all_gone;           /* was erased before, and nothing is kept */
	int64_t until_ms;        /* end of what is kept */
	bool confirmed;          /* there was a consent to prove; otherwise everything goes in any case */
	size_t fields, purposes, requests, mails, events; /* what goes (events: what of them goes) */
	bool told;               /* a provider's lists hear of it */
	const char *recipients;  /* names of who is told, comma list; "" */
	bool blocked;            /* a block stays: keyed code of the address */
	int64_t backups_ms;      /* copies run out after this time at the latest */
};
/* The preview: what goes now, what stays restricted, until when. E_NOT_FOUND. */
enum err rights_erase_look(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    struct rights_erasure *out, struct errinfo *ei);
/*
 * Does what the preview says and mails the certificate, which is sealed under the intake key before the person's key
 * goes. never_again: the address is blocked for ever as well, by its keyed code. evidence_too (the owner only): also
 * what policy would keep, and what was kept before.
 */
enum err rights_erase(const struct rights *r, struct arena *a, int64_t person_id, bool never_again,
    bool evidence_too, struct rights_done *out, struct errinfo *ei);

/* ---- another address: it counts when the link sent there is pressed; the old one is told */

enum rights_move {
	RIGHTS_MOVE_UNKNOWN, /* not such a link of this site, or of an older wish */
	RIGHTS_MOVE_OPEN,
	RIGHTS_MOVE_EXPIRED,
	RIGHTS_MOVE_DONE,    /* the person has this address */
	RIGHTS_MOVE_TAKEN,   /* somebody else has it, or it is blocked: nothing was done */
	RIGHTS_MOVE_GONE,    /* erased */
	RIGHTS_MOVE__MAX
};
struct rights_moving {
	enum rights_move state;
	const char *lang;
	int64_t person_id;
	struct slice from, to; /* masked; empty if unknown */
	int64_t asked_ms;
};
/*
 * Mails a link to the new address (links.confirm); the answer is the same whatever is known there. A block on it or its
 * budget means silence. bad: it is no address, or one that addresses.allow and .deny do not let in, as at a form. Not fresh: it is the present one.
 */
enum err rights_move_ask(const struct rights *r, struct arena *a, int64_t person_id, struct slice typed,
    struct rights_done *out, struct rights_error *bad, struct errinfo *ei);
/* What a TOKEN_MOVE link shows. */
enum err rights_move_look(struct db *db, const struct site *s, struct arena *a, struct slice token,
    struct rights_moving *out, struct errinfo *ei);
/* Its button. fresh may be NULL. */
enum err rights_move_confirm(const struct rights *r, struct arena *a, struct slice token, struct rights_moving *out,
    bool *fresh, struct errinfo *ei);

#endif
