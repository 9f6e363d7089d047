#ifndef JAWORT_WEB_HUB_PRIV_H
#define JAWORT_WEB_HUB_PRIV_H
/*
 * hub: the pages behind a link to one's own data (/my/TOKEN). What is held, in words (page_hub.c); what was decided
 * (page_hub_act.c). The token in the path is the authority: who reads the mailbox is the person. A GET looks with a
 * read-only handle; mail scanners that open links change nothing. core/rights.h does everything.
 */
#include "core/rights.h"
#include "core/token.h"
#include "web/page_priv.h"

enum hub_link {
	HUB_NONE,    /* no link of this site: 404 */
	HUB_EXPIRED, /* was one */
	HUB_PERSON,  /* to the data of token.id */
	HUB_MOVE     /* came to a new address of token.id, to be confirmed */
};

/* What the link of this request is. */
enum hub_link hub_link(struct page *p, struct token *t);
/* What was typed and cannot be taken. */
struct hub_bad {
	struct slice field; /* "email" or an extra field; empty: nothing is wrong */
	struct slice value;
	const char *key;    /* phrase */
	size_t max;
};
/* Everything held, with the acts that make sense; status 200, or 422 with bad. Answers in any case. */
void hub_data(struct page *p, int64_t person_id, unsigned status, const struct hub_bad *bad);
/* "There is nothing any more." */
void hub_gone(struct page *p);
/* page/my_over.html with its pair of phrases. */
void hub_over(struct page *p, unsigned status, const char *key);
struct slice hub_url(struct page *p);
/* "30 Tagen": behind a preposition with dative. */
struct slice hub_dative(struct page *p, struct conf_duration d);
/* A field of the forms of this site, by its place; NULL behind the last. Each name once. */
const struct conf_field *hub_field(const struct conf_site *c, size_t i);

/* The pages of a link that came to a new address; press: its button. */
void hub_moving(struct page *p, bool press);

#endif
