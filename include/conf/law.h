#ifndef JAWORT_CONF_LAW_H
#define JAWORT_CONF_LAW_H
/*
 * law: the compliance check as data: its rules (data/rules.txt), what a
 * finding says (data/findings.txt) and the rulings behind the reasons
 * (data/rulings.txt), compiled in as constant tables. German and English stand
 * side by side. Pointers are static; a fact that an entry does not have is NULL.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

#define LAW_ARGS_MAX 4

enum law_lang { LAW_EN, LAW_DE, LAW_LANG__MAX };

struct law_rule {
	const char *id;       /* "L01" */
	const char *severity; /* "E", "W", "E W" */
	const char *waive;    /* "yes": errors may be put aside with a reason, too; else NULL */
	const char *seen;     /* words: configuration pages program doctor */
	const char *title_de, *title_en;
	const char *why_de, *why_en;     /* one sentence */
	const char *basis_de, *basis_en; /* articles */
	const char *rulings;             /* ids separated by spaces, or NULL */
	const char *later_de, *later_en; /* what this version does not have, or NULL */
	/* Minimal pair: in this file of tests/golden/lint the first text is silent, the second one speaks. */
	const char *pair_in, *pair_silent, *pair_fires;
};

struct law_words {
	const char *id;               /* "L01-placeholder": rule, "-", which of its findings */
	const char *de, *en;          /* what was seen; {1} to {4} are values */
	const char *mend_de, *mend_en;
};

struct law_ruling {
	const char *id;
	const char *name_de, *name_en;
	const char *says_de, *says_en; /* in our own words */
	const char *state, *checked;
};

/* NULL: no such id, or behind the last. */
const struct law_rule *law_rule_find(const char *id);
const struct law_rule *law_rule_at(size_t i);
const struct law_words *law_words_find(const char *id);
const struct law_words *law_words_at(size_t i);
const struct law_ruling *law_ruling_find(const char *id);
const struct law_ruling *law_ruling_at(size_t i);
/* Day on which the rulings were last looked through: "2026-11-21". */
const char *law_rulings_as_of(void);

/* "de", "de-du", "de_DE.UTF-8": German; anything else and NULL: English. */
enum law_lang law_lang_of(const char *tag);
/*
 * Appends text with its {1} to {4} replaced by args (NULL: nothing); braces around anything else stay. A value is
 * cut behind 120 bytes, at a character's end.
 */
void law_say(struct buf *out, const char *text, const char *const args[static LAW_ARGS_MAX]);

#endif
