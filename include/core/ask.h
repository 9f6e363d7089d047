#ifndef JAWORT_CORE_ASK_H
#define JAWORT_CORE_ASK_H
/*
 * ask: "what do you hold about me?" From an address typed on the page /my to the mail with the answer: a link to
 * one's own data, or word that there is nothing. Control of the mailbox is the proof; nobody is asked for an ID (GDPR
 * Art. 12(6); the case against DPG Media, Dutch authority 24 February 2022).
 *
 * ask_accept() writes one intake row of fixed shape (store/intake.h: form empty, no wording), durable before it
 * returns, and looks up nobody: its answer, its work and its time are the same for every address. ask_turn() works on
 * the row behind the answer: it finds the person, takes from the budget class "rights" (by site and address), which no
 * confirmation mail can use up, and queues the letter. Over the budget, or within ASK_COOL_DOWN_S: silence, counted.
 *
 * A block on an address (core/confirm.h, store/suppression.h) does not stop the answer: it is not advertising, and it was
 * asked for. What a block is kept for is said in it.
 * Sources: GDPR Art. 12(2)-(6), 15; law on unsolicited mail is not touched by an answer to a question.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/gate.h"
#include "core/turn.h"
#include "store/intake.h"

/* Pressed twice: one mail. Short, because the first may lie among the spam. */
#define ASK_COOL_DOWN_S 120
/* Where such mails are counted among the forms of `jawort status`; no form can have that id. */
#define ASK_TALLY "/my"

enum ask_result {
	ASK_TAKEN,   /* durable */
	ASK_INPUT,   /* 422: not an address; error_key */
	ASK_LIMITED, /* 429: too much from this network; retry_s */
	ASK_RESULT__MAX
};

struct ask_input {
	const struct form *fields; /* "email", once */
	const char *lang;
	struct slice remote_ip;
};

struct ask_answer {
	enum ask_result result;
	struct slice email;    /* as typed */
	const char *error_key; /* phrase: "error.email.invalid" */
	int64_t retry_s;
};

/* E_BUSY: queue full or lock, 503 with Retry-After; E_IO: nothing was stored; E_NOMEM. */
enum err ask_accept(const struct gate *g, struct arena *a, const struct ask_input *in, struct ask_answer *out,
    struct errinfo *ei);
/* Is an intake row such a question? */
bool ask_is(const struct intake *in);
/* Inside a write transaction; for core/turn.h. */
enum err ask_turn(struct db *db, const struct turn *t, struct arena *a, const struct intake *in, int64_t now_ms,
    struct errinfo *ei);

#endif
