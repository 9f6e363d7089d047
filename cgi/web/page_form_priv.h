#ifndef JAWORT_WEB_PAGE_FORM_PRIV_H
#define JAWORT_WEB_PAGE_FORM_PRIV_H
/*
 * page_form: what the answers to a sign-up share, whether they are pages or JSON.
 */
#include "web/page_priv.h"

/* A view with what the answer "sent" names. */
struct view *page_form_sent(struct page *p, const struct conf_form *form, const char *tpl);
/* Adds "entries" (what was typed, to be looked at) and "hidden" (what must be sent again, with "r"). */
void page_form_review(struct page *p, struct view *v, const struct conf_form *form, const struct form *typed,
    const struct gate_answer *answer);
/* Where an accepted sign-up goes: the allowed "next", else the page "sent". */
struct slice page_form_next(struct page *p, const struct conf_form *form, const struct gate_answer *answer);
/*
 * The answer for scripts: same codes as the pages, body {state,title,text,errors,next}; for "review"
 * also {review:{name:value},button}, with a list as value of "p".
 */
void page_form_json(struct page *p, const struct conf_form *form, const struct form *typed,
    const struct gate_answer *answer);

#endif
