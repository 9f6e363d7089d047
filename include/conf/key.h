#ifndef JAWORT_CONF_KEY_H
#define JAWORT_CONF_KEY_H
/*
 * key: the one table of configuration keys. Parser, defaults, `config explain`,
 * the reference in docs/config.md and the facts of the notice all come from it.
 * A "*" in a path is a name that the owner chooses.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

enum conf_type {
	CONF_T_STRING,   /* one line of text */
	CONF_T_ID,       /* [a-z0-9][a-z0-9_-]{0,31} */
	CONF_T_TEXT,     /* a mapping of languages to one line each */
	CONF_T_BOOL,     /* true or false */
	CONF_T_INT,
	CONF_T_DURATION,
	CONF_T_RATE,
	CONF_T_DATE,
	CONF_T_URL,      /* http or https */
	CONF_T_EMAIL,
	CONF_T_ENUM,     /* one of words, kept as a number */
	CONF_T_WORD,     /* one of words, kept as text */
	CONF_T_COUNTRY,  /* ISO 3166-1 alpha-2 */
	CONF_T_COLOR,    /* #rrggbb */
	CONF_T_PATH,     /* resolved against the file it stands in */
	CONF_T_SECRET,   /* name of a secret file */
	CONF_T_LIST,     /* list of one-line texts; words "one": a single text will do */
	CONF_T_URL_LIST,
	CONF_T_COUNTRY_LIST,
	CONF_T_ENUM_LIST, /* each one of words */
	CONF_T_FIELDS,   /* form fields, "?" behind an optional one */
	CONF_T_NONE,     /* one of words in place of a mapping */
	CONF_T_REASONS,  /* a mapping of rules (L39) to one line each */
	CONF_T__MAX
};

enum conf_required {
	CONF_OPTIONAL,
	CONF_WITH_GROUP, /* as soon as anything of its group is written */
	CONF_LIVE_ONLY,  /* missing: error in mode live, warning in try-out */
	CONF_ALWAYS,
	CONF_REQUIRED__MAX
};

struct conf_key {
	const char *path;    /* "purposes.*.title" */
	bool host;           /* stands in the host file */
	enum conf_type type;
	enum conf_required required;
	const char *value;   /* default as text, NULL if none; "=..." is taken from another key */
	const char *words;   /* CONF_T_ENUM*: "sie du"; CONF_T_INT: "1 256" (range) */
	const char *since;   /* version */
	const char *finding; /* "L20", NULL if none */
	const char *notice;  /* rows of the notice that say it: "N17", NULL if none */
	const char *doc;     /* one or two sentences */
	unsigned scope, offset; /* conf room only: where the value goes */
};

const struct conf_key *conf_keys(size_t *n);
const char *conf_type_name(enum conf_type t);
/* The row of a concrete or general path ("purposes.news.title", "hosting.country"); NULL if unknown. */
const struct conf_key *conf_key_find(bool host, const char *path);
/*
 * Plain text for `config explain KEY`: all that the table knows. A group
 * ("mail") lists its keys. False and a hint at the nearest key if unknown.
 */
bool conf_explain(struct buf *out, const char *path);
/* The whole reference as Markdown, same bytes every time. */
void conf_reference(struct buf *out);
/* The same as the keys' part of a manual page (mdoc), for jawort.yaml(5). */
void conf_reference_mdoc(struct buf *out);

#endif
