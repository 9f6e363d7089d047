#ifndef JAWORT_CORE_GATE_H
#define JAWORT_CORE_GATE_H
/*
 * gate: the one way in. gate_accept() (and its halves) is the only function that takes a
 * sign-up, whether it comes from a form, a fragment, a script or the command
 * line. It checks the declared fields, the address, the wording and the
 * signs of abuse, and then writes exactly one intake row, durable before it
 * returns. It never looks up who the address belongs to, so its answer, its
 * work and its time are the same for every address.
 *
 * Signs of doubt (honeypot filled, no "v", foreign Origin, a form token that is too young or not ours) lead to a page with
 * one button, never to a silent drop. That page carries "r", a signature over
 * address, boxes and extra fields, so that pressing its button is a decision of its own.
 * Sources: contract of the HTTP interface; GDPR Art. 5(1)(c), 7(1), 32.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/consent.h"
#include "core/site.h"
#include "store/budget.h"
#include "store/db.h"
#include "store/intake.h"
#include "store/writer.h"
#include "text/addr.h"
#include "text/form.h"

#define GATE_ERRORS_MAX 16
#define GATE_FIELD_MAX_CHARS 100     /* of an extra field */
#define GATE_SOURCE_MAX_BYTES 200
#define GATE_HONEYPOT_BYTES 8        /* with NUL */
#define GATE_REVIEW_TTL_MS (60 * 60 * 1000)

enum gate_result {
	GATE_ACCEPTED, /* durable */
	GATE_INPUT,    /* 422: errors[] */
	GATE_CHANGED,  /* 409: the wording shown is unknown or does not count any more */
	GATE_REVIEW,   /* a page with one button; review[] is its signature */
	GATE_LIMITED,  /* 429: too many from this network or for this site; retry_s */
	GATE_RESULT__MAX
};

enum gate_origin {
	GATE_ORIGIN_OWN,     /* listed, or that of base_url */
	GATE_ORIGIN_ABSENT,  /* no Origin header, or "null" */
	GATE_ORIGIN_FOREIGN
};

struct gate {
	const struct site *site;
	struct store *store;
	struct writer_pool *writers; /* NULL: a transaction of its own (command line) */
	struct budget *budget; /* NULL: nothing is limited or counted */
};

struct gate_input {
	const struct conf_form *form;
	const struct form *fields;
	const char *lang;        /* of the page, if the form does not say */
	struct slice remote_ip;  /* as the front knows it; shortened here */
	enum gate_origin origin;
	struct slice referer;    /* Referer header: the page, where the form does not say it */
	struct slice source;     /* the owner put it in: where it came from ("paper form 2026-11-02"); empty: a visitor */
};

struct gate_error {
	const char *field; /* "email", "p", "ok", "first_name"; static or configuration */
	const char *key;   /* phrase: "error.email.invalid" */
	size_t max;        /* {max} of that phrase */
	bool twice;
};

struct gate_answer {
	enum gate_result result;
	const char *lang;              /* language in which to answer */
	const struct consent *consent; /* wording shown: the live one, or an older one that still counts */
	struct slice purposes;         /* ticked, comma list */
	struct slice email;            /* as typed */
	struct slice page;             /* as sent, checked for size and controls */
	struct slice next;             /* allowed target after success; empty: the page "sent" */
	struct gate_error errors[GATE_ERRORS_MAX];
	size_t nerrors;
	char review[64]; /* value of "r" for GATE_REVIEW */
	int64_t retry_s; /* for GATE_LIMITED */
	size_t unknown_fields;
};

/*
 * E_INVALID never: bad input is a result. E_BUSY: queue full or lock, answer 503 with
 * Retry-After; E_IO: nothing was stored, 503; E_NOMEM.
 */
enum err gate_accept(const struct gate *g, struct arena *a, const struct gate_input *in, struct gate_answer *out,
    struct errinfo *ei);

/*
 * The two halves of gate_accept(), for who waits for the disk in another way: everything up to the row, of which
 * GATE_ACCEPTED says that it is to be written and nothing else (its slices: arena, configuration and what came in);
 * and the job of the writer that writes it.
 */
enum err gate_judge(const struct gate *g, struct arena *a, const struct gate_input *in, struct gate_answer *out,
    struct intake *row, struct errinfo *ei);
enum err gate_write(struct db *db, void *row, struct errinfo *ei);

/* Name of the form's honeypot: seven letters and digits, starting with a letter; the same until the form's id changes. */
void gate_honeypot(const struct site *s, const struct conf_form *form, char out[static GATE_HONEYPOT_BYTES]);
/* Is next below one of the form's allowed URLs? */
bool gate_next_allowed(const struct conf_form *form, struct slice next);
/* The phrase that says what is wrong with an address (text/addr.h); NULL: nothing. */
const char *gate_address_error(enum addr_result r);
/* addresses.allow and addresses.deny; false: "error.email.domain". For every way on which an address comes in. */
bool gate_domain_welcome(const struct conf_site *c, struct slice domain);
/* The network of an address as budgets count it: IPv4 /24, IPv6 /56; arena memory. */
struct slice gate_prefix(struct arena *a, struct slice ip);
/* What an Origin header means for this site. */
enum gate_origin gate_origin(const struct site *s, struct slice origin);

/* Would a sign-up with this "v" be taken: a wording of today, or one that forms.*.old_text still allows? */
bool gate_takes_wording(const struct gate *g, struct arena *a, const struct conf_form *form, struct slice v);

#endif
