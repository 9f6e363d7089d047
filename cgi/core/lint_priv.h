#ifndef JAWORT_CORE_LINT_PRIV_H
#define JAWORT_CORE_LINT_PRIV_H
/* What the files of the compliance check share. All memory is the arena's; the report copies what it keeps. */
#include "base/arena.h"
#include "core/lint.h"

struct lint {
	const struct conf *host;       /* NULL where only a site is looked at */
	const struct conf_site *conf;  /* NULL for the host file */
	const struct site *site;       /* NULL where nothing is rendered */
	struct store *store;           /* NULL where nothing stored is looked at */
	struct conf_report *rep;
	struct arena *a;
	size_t first; /* of our findings in the report */
};

/* Place of a key: its line, or that of the group around it. */
void lint_key(struct lint *l, enum conf_severity sev, const char *words, const char *path, ...)
    __attribute__((sentinel));
/* A place outside of the site file; the same words at the same place are said once. */
void lint_at(struct lint *l, enum conf_severity sev, const char *words, const char *file, int line, int col, ...)
    __attribute__((sentinel));
/* A printf for keys; arena memory. */
const char *lint_text(struct lint *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The first of a NULL-ended list that occurs in text (ASCII letters of either case), or NULL. */
const char *lint_word(const char *const *words, struct slice text, size_t *at);
/* As lint_word(), but the word begins where no letter stands before it. */
const char *lint_word_start(const char *const *words, const char *text);

/* ---- rules by group */
void lint_firms(struct lint *l);    /* L13 L18 L20 L21 L22 L44 L46 L48: processors and hosting */
void lint_seat(struct lint *l);     /* L24: authority */
void lint_purposes(struct lint *l); /* L07 L18 L27 L28 L39 L43 L48 */
void lint_form(struct lint *l);     /* L06 L07 L09 L31 L32 L33: forms as rendered */
void lint_mail(struct lint *l);     /* L12 L49: confirmation mail as rendered */
void lint_notice(struct lint *l);   /* L10 L25 L26 L42: notice as rendered */
void lint_store(struct lint *l);    /* L10 L42: the notice in force */
void lint_source(struct lint *l);   /* L15 L28 L34: owner's templates of the pages behind links */

/* ---- owner's files (lint_owner.c) */
struct lint_place {
	const char *name; /* "part/fields.html" */
	const char *file; /* path */
	int line, col;
};
/* The owner's file name, site before host; false: there is none. text is arena memory. */
bool lint_owner_read(struct lint *l, const char *name, struct slice *text, const char **file);
/*
 * The first of the owner's files among names (NULL-ended) that holds needle (NULL: the first one), else where
 * templates are configured.
 */
struct lint_place lint_owner_find(struct lint *l, const char *const *names, const char *needle);
bool lint_owner_any(const struct site *s);

/* ---- HTML that our templates made (lint_tag.c) */
struct lint_tag {
	struct slice name;  /* as written */
	struct slice attrs; /* between name and ">" */
	size_t at;          /* of "<" */
	bool end;           /* </name> */
};
/* Next tag from *at on; comments and the insides of script and style are passed over. false: none. */
bool lint_tag_next(struct slice html, size_t *at, struct lint_tag *out);
bool lint_tag_is(const struct lint_tag *t, const char *name);
/* Value of an attribute as written, without quotes; value may be NULL. false: it is not there. */
bool lint_tag_attr(const struct lint_tag *t, const char *name, struct slice *value);
/* Text of HTML without tags, the usual entities replaced, white space and no-break spaces as one space. */
struct slice lint_tag_text(struct arena *a, struct slice html);
/* White space and no-break spaces as one space. */
struct slice lint_tag_squeeze(struct arena *a, struct slice text);
/* An attribute's value with its entities replaced. */
struct slice lint_tag_value(struct arena *a, struct slice value);
bool lint_has(struct slice text, struct slice part);

#endif
