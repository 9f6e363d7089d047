#ifndef JAWORT_CORE_FORMPAGE_H
#define JAWORT_CORE_FORMPAGE_H
/*
 * formpage: the sign-up form as page, as fragment, with what was typed and what
 * is missing (422), and beside a changed wording (409). One function fills the
 * view for all of them, so they cannot differ.
 */
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "core/gate.h"
#include "core/site.h"
#include "text/form.h"

#define FORMPAGE_ID "jw" /* prefix of ids where none is asked for */

struct formpage {
	const struct conf_form *form;
	const char *lang;
	const char *id;                  /* [a-z][a-z0-9-]{0,15}; NULL: FORMPAGE_ID */
	const struct form *typed;        /* values to keep; NULL: empty form */
	const struct gate_answer *answer; /* errors to show; NULL: none */
	struct slice title_key, text_key; /* FORMPAGE_LATER: what is the matter */
	struct slice retry_after;        /* FORMPAGE_LATER: how long it may take, in words */
	const char *request_id;          /* FORMPAGE_LATER: where the fault may be ours; NULL: not shown */
	unsigned heading;                /* fragment: level 2..6 of a heading inside the form; 0: none */
};

enum formpage_kind {
	FORMPAGE_PAGE,
	FORMPAGE_FRAGMENT,
	FORMPAGE_CHANGED,
	FORMPAGE_LATER, /* what was typed, and why it could not be taken now (429, 503) */
	FORMPAGE_FRAME, /* the fragment in a page of its own, for an iframe */
	FORMPAGE__MAX
};

/* Template of a kind: "page/form.html" ... */
const char *formpage_template(enum formpage_kind kind);
enum err formpage_render(const struct site *s, struct arena *a, enum formpage_kind kind, const struct formpage *f,
    struct buf *out, struct errinfo *ei);
/* "2" to "6": that level; 0: no heading level. */
unsigned formpage_heading(struct slice text);
/* A whole prefix [a-z][a-z0-9-]{0,15}? */
bool formpage_id_valid(struct slice id);
/* The message of an error in plain text. */
struct slice formpage_error(const struct site *s, struct view *v, const char *lang, const struct gate_error *e);
/* Address of the form: base_url/s/FORM. */
struct slice formpage_url(const struct site *s, struct arena *a, const struct conf_form *form, const char *tail);

#endif
