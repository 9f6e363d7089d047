#ifndef JAWORT_MAIL_PROVIDER_H
#define JAWORT_MAIL_PROVIDER_H
/*
 * provider: how a mail becomes a request of one provider, and what its answer
 * means for the outbox. Nothing here opens a connection (send/http.h does), so
 * every rule can be tested from bytes alone.
 *
 * One message per request, always: Mailjet answers a batch with 4xx although a
 * part of it was sent, and a repeat would send that part twice.
 *
 * What an answer means is data: a const table of (HTTP status, provider code)
 * -> class per provider, first match wins. An answer that no row names gets the
 * class of its status group (2xx without an id UNKNOWN, 4xx PERMANENT + alarm,
 * 5xx RETRY), never a guess from its words. (Brevo names the field of a refusal only in its sentence: that
 * decides whether this mail or all mails are refused, and nothing else.)
 *
 * Texts in results are made here and never quote the provider's sentence,
 * which may hold the recipient's address.
 * Threads: tables are const, functions have no shared state.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "mail/message.h"

enum provider_kind {
	PROVIDER_HTTP,  /* build, send by send/http.h, read */
	PROVIDER_SMTP,  /* the same, over SMTP: status is that of the last SMTP answer */
	PROVIDER_LOCAL, /* deliver() does all */
	PROVIDER_KIND__MAX
};

enum provider_class {
	PROVIDER_ACCEPTED,  /* the provider has it and gave an id */
	PROVIDER_PERMANENT, /* never try this mail again */
	PROVIDER_RETRY,     /* try this mail later */
	PROVIDER_HOLD,      /* try no mail of this provider before somebody looked: credentials, sender */
	PROVIDER_UNKNOWN,   /* it may or may not have it: look up before a repeat */
	PROVIDER_CLASS__MAX
};
/* "accepted", "permanent", "retry", "hold", "unknown". */
const char *provider_class_name(enum provider_class c);

/* What the configuration says. Borrowed memory; the owner wipes user and password. */
struct provider_settings {
	struct slice endpoint; /* base URL without version ("https://api.mailjet.com"), or "smtps://host:465" */
	struct slice user;
	struct slice password;
	bool starttls;         /* provider smtp: TLS is demanded although the URL says smtp:// */
	const char *dir;       /* provider dir: folder, made if missing */
	const char *site;      /* for the log line of provider log */
};

#define PROVIDER_HEADERS_MAX 8
#define PROVIDER_BODY_MAX_BYTES (1024u * 1024u)

struct provider_header {
	const char *name; /* static */
	const char *value;
};

/* One HTTP request or SMTP transaction; buffers are arena memory. */
struct provider_request {
	const char *method;
	const char *mail_from; /* SMTP: envelope, checked addresses; HTTP: NULL */
	const char *rcpt_to;
	bool smtp_login;       /* SMTP: log in, say NOOP, leave; no mail, no envelope */
	bool starttls;
	struct buf url;
	struct provider_header headers[PROVIDER_HEADERS_MAX];
	size_t nheaders;
	struct buf body;
	struct slice user; /* Basic auth; borrowed from the settings */
	struct slice password;
};

/* How far a request got. */
enum provider_transport {
	PROVIDER_ANSWERED, /* status and body are the provider's (or a proxy's) */
	PROVIDER_NOT_SENT, /* no byte of the body left: a repeat is harmless */
	PROVIDER_LOST,     /* it left, no complete answer came */
};

struct provider_reply {
	enum provider_transport transport;
	int status;                /* HTTP, or the last SMTP answer (0: none) */
	bool refused_us;           /* SMTP: a refusal before a recipient was named */
	struct slice body;
	struct slice retry_after;  /* header, as it came; may be empty */
	int64_t now_ms;            /* for a Retry-After that is a date */
};

#define PROVIDER_CODE_BYTES 32
#define PROVIDER_ID_BYTES 96
#define PROVIDER_TEXT_BYTES 300

struct provider_result {
	enum provider_class class_;
	bool alarm;                            /* somebody must look: our bug or configuration */
	int status;
	uint32_t retry_after_s;                /* 0: not said; <= 86400 */
	char code[PROVIDER_CODE_BYTES];        /* "mj-0013", "http-502", "no-answer"; [A-Za-z0-9._-] */
	char provider_id[PROVIDER_ID_BYTES];   /* as text, exact also above 2^53 */
	char text[PROVIDER_TEXT_BYTES];        /* for admins, clean */
};

/* One row of a reply table. */
struct provider_rule {
	int status;          /* 0: any; 3, 4, 5: the group 3xx, 4xx, 5xx */
	const char *code;    /* provider's code; NULL: any or none */
	const char *related; /* prefix of ErrorRelatedTo, "To"; NULL: any */
	enum provider_class class_;
	bool alarm;
	const char *meaning; /* what it means and how to mend it */
};

/* Harmless questions: they send no mail and change nothing at the provider. Asked by `jawort doctor`. */
enum provider_probe {
	PROVIDER_PROBE_LOGIN,  /* does it let us in? */
	PROVIDER_PROBE_SENDER, /* may we send as mail.from.email? */
	PROVIDER_PROBE_DOMAIN, /* are mails signed for the sender's domain, so that DMARC can pass? */
	PROVIDER_PROBE__MAX
};
/* "login", "sender", "domain". */
const char *provider_probe_name(enum provider_probe p);

struct provider_ask {
	/* sender: mail.from.email. E_LIMIT: endpoint too long; E_INVALID: no address that can be asked about. */
	enum err (*build)(struct arena *a, const struct provider_settings *s, struct slice sender,
	    struct provider_request *out, struct errinfo *ei);
	/*
	 * ACCEPTED: as it should be. HOLD: must be mended, text says how; code "unlisted": the sender is not known, which is
	 * harmless where its whole domain is (PROVIDER_PROBE_DOMAIN). RETRY: no answer that decides it.
	 */
	void (*read)(const struct provider_reply *r, struct slice sender, struct provider_result *out);
};

struct provider {
	const char *name; /* as in mail.route */
	enum provider_kind kind;
	bool list_id;     /* a List-Id header can be set */
	/*
	 * E_INVALID: the message holds what a provider would interpret
	 * (message_inert()), or lacks a part; E_LIMIT: too large.
	 */
	enum err (*build)(struct arena *a, const struct provider_settings *s, const struct message *m,
	    struct provider_request *out, struct errinfo *ei);
	void (*read)(const struct provider_reply *r, struct provider_result *out);
	/* NULL where a provider cannot be asked. custom_id as in struct message. */
	enum err (*build_lookup)(struct arena *a, const struct provider_settings *s, struct slice custom_id,
	    struct provider_request *out, struct errinfo *ei);
	/*
	 * ACCEPTED with id: it has the mail. PERMANENT with code "absent": it does
	 * not. Everything else: RETRY or HOLD of the look-up itself.
	 */
	void (*read_lookup)(const struct provider_reply *r, struct provider_result *out);
	/*
	 * May a mail whose answer was lost be sent again without asking, because the provider itself knows it again?
	 * code: of the last try, empty after a crash; age_ms: since that try began. NULL: never.
	 */
	bool (*repeat)(struct slice code, int64_t age_ms);
	/* PROVIDER_LOCAL only. Never fails otherwise than by the result. */
	void (*deliver)(const struct provider_settings *s, const struct message *m, struct provider_result *out);
	const struct provider_rule *rules;
	size_t nrules;
	/* A row without build: this provider cannot be asked that. */
	struct provider_ask asks[PROVIDER_PROBE__MAX];
};

/* NULL if there is no such provider. */
const struct provider *provider_find(struct slice name);
/* The whole table, from 0; NULL behind the end. For tests, docs and config check. */
const struct provider *provider_at(size_t i);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7) as milliseconds; -1 on anything else. */
int64_t provider_date_ms(struct slice value);
/* Seconds of a Retry-After header (RFC 9110 section 10.2.3), at most 86400; 0 if unusable. */
uint32_t provider_retry_after(struct slice value, int64_t now_ms);

#endif
