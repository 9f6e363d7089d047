#ifndef JAWORT_CORE_KEEP_H
#define JAWORT_CORE_KEEP_H
/*
 * keep: one table of what is stored, why, on which basis and how long. Every column of data.db, keys.db and budget.db
 * belongs to at least one kind (keep_columns(); a test walks the schema). The rows of the notice (N21), the record of
 * processing activities (ropa) and what retention deletes take their periods from keep_period(), so what is promised
 * and what is done cannot differ. docs/retention.md is printed from here (keep_reference()).
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "conf/conf.h"

enum keep_kind {
	KEEP_INTAKE,      /* sign-ups for the moment until they are worked on */
	KEEP_PENDING,     /* people who have not confirmed */
	KEEP_SENDING,     /* people on the list */
	KEEP_MOVE,        /* a new address that waits for its confirmation */
	KEEP_EVIDENCE,
	KEEP_IP,
	KEEP_MAILS,
	KEEP_LISTS,       /* what a provider's list has still to be told */
	KEEP_HOOKS,
	KEEP_DENY,
	KEEP_SUPPRESSION,
	KEEP_REQUESTS,
	KEEP_KEYS,        /* the key of a person */
	KEEP_BACKUPS,
	KEEP_BACKUP_KEYS,
	KEEP_ABUSE,
	KEEP_REFUSED,     /* counts of what was refused */
	KEEP_COUNTS,
	KEEP_TEXTS,
	KEEP_LOG,         /* commitments, checkpoints, numbers of erasures */
	KEEP_SETUP,
	KEEP__MAX
};

/* Until when, counted from the thing that `from` names. */
enum keep_rule {
	KEEP_FOR,       /* the period */
	KEEP_YEAR_END,  /* 31 December of the last year of the period (BGB 199(1)) where it counts in years */
	KEEP_WHILE,     /* as long as what `from` names */
	KEEP_EVER,
	KEEP_RULE__MAX
};

struct keep {
	const char *id;       /* "pending" */
	const char *what;     /* plain English, for docs and the command line */
	bool personal;        /* about people; false: says nothing about anybody */
	const char *phrase;   /* "notice.keep.pending": its row of the notice; NULL: none of its own */
	const char *activity; /* of the record (core/ropa.c), which has purpose and basis in words; NULL: none */
	const char *purpose;
	const char *basis;    /* articles */
	enum keep_rule rule;
	const char *key;      /* of the configuration: "retention.unconfirmed"; NULL: fixed */
	struct conf_duration fixed; /* where key is NULL */
	const char *from;
};
/* k < KEEP__MAX. */
const struct keep *keep_of(enum keep_kind k);
/* The period as configured, or the fixed one; n 0: the rule has none. */
struct conf_duration keep_period(const struct conf_site *c, enum keep_kind k);
/* First ms at which something from from_ms is to be gone; INT64_MAX for KEEP_WHILE and KEEP_EVER. */
int64_t keep_end(const struct conf_site *c, enum keep_kind k, int64_t from_ms);

#define KEEP_KINDS_MAX 4
struct keep_column {
	const char *db;     /* "data", "keys", "budget" */
	const char *table;
	const char *columns; /* separated by spaces */
	enum keep_kind kinds[KEEP_KINDS_MAX];
	size_t nkinds;
};
/* Each column once. */
const struct keep_column *keep_columns(size_t *n);
/* NULL: not in the table. */
const struct keep_column *keep_column_find(const char *db, const char *table, const char *column);

/* Both tables as Markdown, same bytes every time. */
void keep_reference(struct buf *out);

#endif
