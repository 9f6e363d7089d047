#ifndef JAWORT_CORE_STATE_H
#define JAWORT_CORE_STATE_H
/*
 * state: what may happen to a person's consent. One table of edges: state of
 * the person, what comes in, what is done, state afterwards. Code asks the
 * table; a test walks every cell.
 *
 * A person who is unsubscribed and signs up again stays unsubscribed until the
 * new request is confirmed: an unconfirmed request never changes what holds.
 */
#include "store/person.h"

enum state_input {
	STATE_SIGNUP,      /* intake row: a form was sent */
	STATE_CONFIRM,     /* POST confirm with an open request */
	STATE_DENY,        /* POST deny with an open request */
	STATE_RENEW,       /* POST renew: new link for an expired request */
	STATE_WITHDRAW,    /* POST /u/, one-click, owner on behalf of the person */
	STATE_UNCONFIRMED, /* retention.unconfirmed is over */
	STATE_BOUNCE,      /* hard bounce */
	STATE_COMPLAIN,    /* spam complaint */
	STATE_RESTRICT,    /* GDPR Art. 18 */
	STATE_RELEASE,     /* the restriction is lifted */
	STATE_OBJECT,      /* GDPR Art. 21, or the owner blocks the address */
	STATE_ERASE,       /* GDPR Art. 17, or the owner's decision */
	STATE_INPUT__MAX
};

enum state_act {
	STATE_NOTHING,  /* nothing is done, the state stays */
	STATE_ASK,      /* new request, confirmation mail */
	STATE_ASK_MORE, /* pending or active: same request again (cool-down), a further one, or "you are on the list" */
	STATE_ACCEPT,   /* request confirmed, its purposes active */
	STATE_REFUSE,   /* request denied, purposes as before */
	STATE_RELINK,   /* new link for the same request */
	STATE_END,      /* purposes ended, open requests cancelled */
	STATE_FORGET,   /* never confirmed: data erased */
	STATE_BLOCK,    /* purposes ended, address suppressed */
	STATE_FREEZE,   /* kept as it is, nothing is sent, nothing expires */
	STATE_THAW,     /* what held before holds again */
	STATE_REMOVE,   /* confirmed once: erased, evidence kept where policy says so */
	STATE_ACT__MAX
};

/* PERSON_STATE__MAX stands for "new": no row. */
#define STATE_NEW PERSON_STATE__MAX
/* As target only: the state before the restriction, read from the purposes and the blocks. */
#define STATE_BEFORE (PERSON_STATE__MAX + 1)

struct state_edge {
	enum person_state from;
	enum state_input input;
	enum state_act act;
	enum person_state to; /* STATE_NEW: no person row is left that means anything; STATE_BEFORE */
};

/* The edge for a state (STATE_NEW allowed) and an input; never NULL. */
const struct state_edge *state_edge(enum person_state from, enum state_input input);
const char *state_input_name(enum state_input in);
const char *state_act_name(enum state_act act);

#endif
