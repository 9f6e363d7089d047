#ifndef JAWORT_CONF_REPORT_H
#define JAWORT_CONF_REPORT_H
/*
 * report: everything that a load found: syntax, types, unknown keys (id "")
 * and duties of law (id "L20", docs/law.md). At most
 * CONF_FINDINGS_MAX per file; what is beyond is counted.
 * Texts hold no secrets and no content of secret files.
 * Memory belongs to the report; conf_report_free() ends all.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "conf/law.h"

#define CONF_FINDINGS_MAX 50 /* per file */

enum conf_severity { CONF_WARNING, CONF_ERROR };

struct conf_finding {
	const char *id;   /* "" for syntax and types, "L20" for a duty */
	enum conf_severity severity;
	const char *file; /* path as opened */
	int line, col;    /* from 1; 0: the file as a whole */
	const char *text; /* what is wrong, and how to mend it, in English */
	const char *basis; /* law or standard, "" if none */
	/* Of a duty, to say it in another language; NULL for syntax and types. */
	const struct law_words *words;
	const char *args[LAW_ARGS_MAX];
	const char *waived; /* the owner's reason for putting it aside, or NULL: it counts. Then a warning at most */
};

struct conf_report {
	struct conf_finding *items;
	size_t n;
	size_t cap;
	size_t dropped; /* findings beyond the limit */
};

void conf_report_init(struct conf_report *r);
void conf_report_free(struct conf_report *r);
size_t conf_report_count(const struct conf_report *r, enum conf_severity severity);
/* "site.yaml:12:3: L20 error: text (basis)" without line end. */
void conf_finding_line(struct buf *out, const struct conf_finding *f);
/* The same with the reason behind the rule; if waived, with the owner's reason. Syntax and types are English only. */
void conf_finding_say(struct buf *out, const struct conf_finding *f, enum law_lang lang);
/* What was seen, and how to mend it; for syntax and types the whole text and nothing. */
void conf_finding_what(struct buf *out, const struct conf_finding *f, enum law_lang lang);
void conf_finding_mend(struct buf *out, const struct conf_finding *f, enum law_lang lang);
/* Adds a duty that something other than conf_load() found; copies what f points to. f->words must be set. */
void conf_report_law(struct conf_report *r, const struct conf_finding *f);

#endif
