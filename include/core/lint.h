#ifndef JAWORT_CORE_LINT_H
#define JAWORT_CORE_LINT_H
/*
 * lint: the compliance check beyond what conf_load() sees: what needs the data
 * of law, and what an owner's templates and words make of the pages. The rules
 * are data/rules.txt (docs/law.md is made from it). An error keeps a live site
 * from starting only where its mails would really leave this machine
 * (conf_site_real); elsewhere it is a finding like any other.
 *
 * Findings are added to a report that may hold those of the load already; at
 * most LINT_FINDINGS_MAX per site. Nothing is written, no network is used.
 * Threads: no state.
 */
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/law.h"
#include "core/site.h"

struct store;

#define LINT_FINDINGS_MAX 50

/* The host file and the data of law. */
enum err lint_host(const struct conf *c, struct conf_report *rep, struct errinfo *ei);
/* What the configuration of a site says. */
enum err lint_conf(const struct conf_site *c, struct conf_report *rep, struct errinfo *ei);
/*
 * Forms, confirmation mail and notice as rendered, and the pages behind links. Only for a site with templates or
 * words of its own (docs/templates.md): the shipped ones are proven by tests.
 */
enum err lint_pages(const struct site *s, struct conf_report *rep, struct errinfo *ei);
/*
 * The notice in force against that of this configuration, and what the change asks for. Warnings: until `config apply`
 * every change is one. st: opened for reading; nothing stored yet: nothing is said.
 */
enum err lint_stored(const struct site *s, struct store *st, struct conf_report *rep, struct errinfo *ei);
/* For starting a site: OK, or E_INVALID with the first error that keeps it from sending real mails. */
enum err lint_gate(const struct site *s, struct errinfo *ei);

/* docs/law.md in one language, same bytes every time. */
void lint_reference(struct buf *out, enum law_lang lang);

#endif
