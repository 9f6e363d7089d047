#ifndef JAWORT_MAIL_MESSAGE_H
#define JAWORT_MAIL_MESSAGE_H
/*
 * message: one finished mail, and the form in which it is kept as evidence.
 *
 * A mail is stored once as a text with slots (format 1) and sent many times
 * with the slots filled. Re-rendering a mail years later is slot filling and
 * nothing else: it needs neither templates nor the code that made the text.
 *
 * A slot stands in a text as U+E000 name U+E001 (private use characters, which
 * nothing else in Jawort writes). Where a slot may stand is fixed per field:
 *     to                exactly MESSAGE_TO
 *     list_unsubscribe  exactly MESSAGE_UNSUBSCRIBE or MESSAGE_LINK, or empty
 *     message_id        exactly MESSAGE_MESSAGE_ID
 *     boundary          exactly MESSAGE_BOUNDARY
 *     text, html        MESSAGE_TO, _LINK, _UNSUBSCRIBE, _DATE anywhere
 *     all others        none
 * In html the values are escaped when they are filled in.
 *
 * Format 1 is frozen: one JSON object written by text/jsonw, therefore the same
 * bytes for the same message, with the keys format (1), from_name, from_addr,
 * reply_to, to, subject, list_unsubscribe, list_id, message_id, boundary, zone,
 * lang, text, html in this order, all of them always.
 *
 * Threads: no shared state.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define MESSAGE_FORMAT 1
/* One stored message, and one finished MIME message. */
#define MESSAGE_STORED_MAX_BYTES (256u * 1024u)
#define MESSAGE_MIME_MAX_BYTES (1024u * 1024u)
/* Mailjet takes 255 characters; others more. */
#define MESSAGE_SUBJECT_MAX_CHARS 255
/* One line of a header holds 998 bytes (RFC 5322 section 2.1.1). */
#define MESSAGE_URL_MAX_BYTES 900

struct message {
	struct slice from_name;  /* may be empty */
	struct slice from_addr;
	struct slice reply_to;   /* bare address, may be empty */
	struct slice to;         /* bare address */
	struct slice subject;
	struct slice text;       /* LF line ends; never empty */
	struct slice html;       /* a whole HTML document; empty: a mail of text only */
	struct slice list_unsubscribe; /* URL without <>; may be empty */
	struct slice list_id;    /* "news.example.org" without <>; may be empty. Not sent through Mailjet */
	struct slice message_id; /* local@domain without <> */
	struct slice boundary;
	struct slice zone;       /* of the Date header; "Europe/Berlin", "UTC" */
	struct slice lang;       /* Content-Language: "de", "en" */
	int64_t date_ms;         /* Date header; not stored, comes with the slots */
	struct slice custom_id;  /* our name of this mail at the provider, [A-Za-z0-9._-]{1,64}; never stored here */
};

enum message_slot {
	MESSAGE_TO,          /* plain addr-spec: dot-atom @ host name, <= 254 bytes */
	MESSAGE_LINK,        /* https URL, or http towards loopback; no quotes, no '&', no controls; <= 900 bytes */
	MESSAGE_UNSUBSCRIBE, /* as MESSAGE_LINK */
	MESSAGE_DATE,        /* a ready text in the language of the mail, one line, <= 100 bytes */
	MESSAGE_MESSAGE_ID,  /* dot-atom @ host name, <= 250 bytes */
	MESSAGE_BOUNDARY,    /* [A-Za-z0-9'()+_,-./:=?]{1,70} */
	MESSAGE_SLOT__MAX
};

struct message_slots {
	struct slice value[MESSAGE_SLOT__MAX]; /* ptr NULL or empty: not given */
	int64_t date_ms;                       /* for the Date header */
};

/* U+E000 name U+E001 as UTF-8; static. */
struct slice message_slot_marker(enum message_slot slot);
/* "to", "link", "unsubscribe", "date", "message_id", "boundary". */
const char *message_slot_name(enum message_slot slot);

/*
 * False if s holds what a provider would replace or run instead of sending it as
 * it stands: "[[var:", "[[data:", "[[UNSUB" (Mailjet, in any part), letters of either case; "{{" and "{%" (Brevo).
 */
bool message_inert(struct slice s);

/*
 * Writes format 1. m holds markers where slots are. E_INVALID names the field
 * and the rule it breaks (slot in a wrong place, stray marker, empty text,
 * control character in a header, CR in a body, bytes that are not UTF-8, not
 * message_inert()), so a bad template is found when texts are
 * stored and not when the mail leaves. E_LIMIT: out too small.
 */
enum err message_store(struct buf *out, const struct message *m, struct errinfo *ei);

/*
 * Reads format 1: a message with markers where slots are, for any number of mails. All slices of out are arena
 * memory; date_ms and custom_id are left empty. E_INVALID: not format 1, unknown slot, a slot in a wrong place. E_NOMEM.
 */
enum err message_load(struct arena *a, struct slice stored, struct message *out, struct errinfo *ei);
/*
 * One mail of a message that message_load() gave. E_INVALID: a slot without value, a value that does not fit its
 * type, or anything that still looks like a marker afterwards. E_NOMEM. Else as above.
 */
enum err message_fill(struct arena *a, const struct message *stored, const struct message_slots *values,
    struct message *out, struct errinfo *ei);
/* Both, for a single mail. */
enum err message_load_fill(struct arena *a, struct slice stored, const struct message_slots *values,
    struct message *out, struct errinfo *ei);

/*
 * The slot values of one mail as canonical JSON, for the outbox row and the
 * event ({"to":…,"link":…,…,"date_ms":…}; slots without value are left out).
 * Personal data: the store seals it.
 */
enum err message_slots_write(struct buf *out, const struct message_slots *v, struct errinfo *ei);
enum err message_slots_read(struct arena *a, struct slice json, struct message_slots *out,
    struct errinfo *ei);
/* E_INVALID names the slot whose value does not fit its type (never the value). Values not given are fine. */
enum err message_slots_check(const struct message_slots *v, struct errinfo *ei);

/*
 * The finished message after RFC 5322 and 2045: multipart/alternative (or
 * text/plain without html), UTF-8, quoted-printable, CR LF everywhere.
 * Headers: From, To, Reply-To, Subject, Date, Message-ID, Auto-Submitted (RFC
 * 3834), X-Auto-Response-Suppress (Exchange), List-Id, List-Unsubscribe (RFC 2369)
 * and -Post (RFC 8058), Content-Language, MIME-Version, Content-Type.
 * out fails (buf_ok) on a value that cannot stand in a header.
 */
void message_mime(struct buf *out, const struct message *m);

#endif
