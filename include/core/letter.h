#ifndef JAWORT_CORE_LETTER_H
#define JAWORT_CORE_LETTER_H
/*
 * letter: mails to visitors, as finished texts with slots. The consent text in
 * the confirmation mail is that of the stored wording, so it says word for word
 * what the form said, also when the form has changed since. Nothing that a
 * visitor typed is in a letter except the address, which is a slot.
 *
 * Letters are put into the text store inside the write transaction that
 * queues them (never by a GET); rendering is cached per site.
 * Kinds: confirm; already on the list; goodbye (the owner wrote a withdrawal down: core/withdraw.h); link (the way to
 * one's own data, GDPR Art. 15); nothing (asked, and there is nothing): it has no person and so no way out to name;
 * notice (the privacy notice changed: core/announce.h); and what confirms an act of core/rights.h: changed, move (to the
 * new address, with the link that makes it count), moved (to the old one), restricted, released, objected, exported,
 * erased (the certificate). moved and erased go to nobody (person_id 0: store/outbox.h), because the person's key is
 * gone, or the address is no longer theirs.
 *
 * Sources: OLG Celle 13 U 15/14, OLG Düsseldorf I-15 U 64/15, BGH VI ZR 134/15 (no
 * advertising); GDPR Art. 21(4); UWG section 7(2) no. 3; RFC 8058; RFC 3834.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/consent.h"
#include "core/site.h"
#include "store/db.h"
#include "store/outbox.h"

struct letter_cache; /* one per site; any thread */
struct letter_cache *letter_cache_new(void);
void letter_cache_free(struct letter_cache *c);

/* What a letter of kind notice tells of. */
struct letter_notice {
	struct slice summary;  /* headings of what changed, LF between */
	struct slice diff_url; /* before and after side by side, absolute */
	int64_t valid_from_ms; /* of the version that it tells of */
};

/* Other words of the same kind. */
enum letter_variant {
	LETTER_PLAIN,
	LETTER_NOTHING_BLOCKED, /* kind nothing: there is a block on the address, kept as a code */
	LETTER_ERASED_KEEP,     /* kind erased: the evidence stays, locked */
	LETTER_RELEASE_SOON,    /* kind released: not yet; asked_ms is the end of the restriction */
	LETTER_VARIANT__MAX
};

/* What a letter of kind erased certifies. */
struct letter_erased {
	struct slice recipients;  /* names of who is told, comma list; empty: nobody */
	bool blocked;             /* a block on the address stays, as a code */
	int64_t kept_until_ms;    /* variant keep: end of what is kept */
};

struct letter {
	enum outbox_kind kind;
	enum letter_variant variant;
	const char *lang;
	const struct consent *consent; /* wording of the request; NULL: none (goodbye, link, nothing) */
	struct slice purposes;         /* comma list, subset of the consent's; empty where a letter names none */
	const struct letter_notice *notice; /* kind notice only */
	const struct letter_erased *erased; /* kind erased only */
};

/* Path of the link in a letter ("/c/", "/my/"); NULL: it has none. Static. */
const char *letter_path(enum outbox_kind kind);

/* The stored form (mail/message.h format 1). E_INVALID: no such letter, or one that needs a wording, a change of
 * the notice or an erasure and has none. */
enum err letter_render(const struct site *s, struct arena *a, const struct letter *l, struct buf *stored,
    struct errinfo *ei);

struct letter_send {
	struct letter letter;
	int64_t person_id;  /* 0: nobody; the address is sealed under the intake key */
	int64_t request_id; /* 0: none */
	unsigned generation; /* of the link */
	int64_t expires_ms; /* of the link */
	int64_t asked_ms;   /* "request of ...", "since ..." */
	int64_t now_ms;
	int64_t due_ms;     /* not sent before; 0: at once */
	struct slice address;
};
/* Stores the text if it is new and adds the outbox row. cache may be NULL. mail_hash: 32 bytes out. */
enum err letter_queue(struct db *db, const struct site *s, struct letter_cache *cache, struct arena *a,
    const struct letter_send *send, unsigned char *mail_hash, struct errinfo *ei);

/* Somebody leaves: mails about the notice that still wait for them will not be sent. In a write transaction. */
enum err letter_drop_notices(struct db *db, int64_t person_id, int64_t now_ms, struct errinfo *ei);
/* Nothing more is to be sent: all mails that still wait for them, but answers about their rights, which go out
 * whatever happened. */
enum err letter_drop_waiting(struct db *db, int64_t person_id, int64_t now_ms, struct errinfo *ei);

#endif
