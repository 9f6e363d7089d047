#include "core/keep.h"

#include <string.h>

#include "core/retention.h"
#include "store/hook.h"

#define DAYS(d) {.seconds = INT64_C(86400) * (d), .n = (d), .unit = 'd'}
#define YEARS(y) {.seconds = INT64_C(86400) * 365 * (y), .n = (y), .unit = 'y'}

_Static_assert(HOOK_REMEMBER_MS == INT64_C(7) * 86400000, "KEEP_HOOKS");
_Static_assert(RETENTION_OUTBOX_MS == INT64_C(30) * 86400000, "KEEP_MAILS");
_Static_assert(RETENTION_DAILY_DAYS == 3 * 366, "KEEP_COUNTS");

static const struct keep keeps[KEEP__MAX] = {
    [KEEP_INTAKE] = {"intake", "sign-ups as they came in, sealed", true, NULL, "check",
        "take a sign-up in before anything is looked up", "GDPR Art. 6(1)(c) with 7(1), 32", KEEP_WHILE, NULL, {0},
        "being worked on: less than a second while the service runs"},
    [KEEP_PENDING] = {"pending", "people who have not confirmed", true, "notice.keep.pending", "check",
        "ask whether it was the owner of the address", "GDPR Art. 6(1)(c) with 7(1), 32; 6(1)(f)", KEEP_FOR,
        "retention.unconfirmed", {0}, "the last request"},
    [KEEP_SENDING] = {"sending", "address and details of people on the list", true, "notice.keep.sending", "send",
        "send what was asked for", "GDPR Art. 6(1)(a)", KEEP_WHILE, NULL, {0}, "the consent lasts"},
    [KEEP_MOVE] = {"move", "a new address until it is confirmed", true, NULL, "requests",
        "change an address at its owner's wish only", "GDPR Art. 16; 6(1)(c) with 7(1), 32", KEEP_WHILE, NULL, {0},
        "its link works (`links.confirm`)"},
    [KEEP_EVIDENCE] = {"evidence", "proof of consent", true, "notice.keep.evidence", "proof",
        "show that somebody agreed, to what and when", "GDPR Art. 6(1)(c) with 5(2), 7(1); 6(1)(f), 17(3)(e)",
        KEEP_YEAR_END, "retention.evidence", {0}, "the end of the consent or its last use"},
    [KEEP_IP] = {"ip", "IP address in the proof", true, NULL, "proof",
        "find out who entered somebody else's address", "GDPR Art. 6(1)(c) with 7(1); 6(1)(f)", KEEP_FOR,
        "retention.ip", {0}, "the event"},
    [KEEP_MAILS] = {"mails", "mails of signing up, sent or given up", true, "notice.keep.mails", "check",
        "answer questions about a mail", "GDPR Art. 6(1)(c) with 7(1), 32; 6(1)(f)", KEEP_FOR, NULL, DAYS(30),
        "their end"},
    [KEEP_LISTS] = {"lists", "what a provider's list has still to be told", true, NULL, "send",
        "carry consent and withdrawal to the provider", "GDPR Art. 6(1)(a); 19", KEEP_WHILE, NULL, {0},
        "the provider has not heard it"},
    [KEEP_HOOKS] = {"hooks", "reports of the mail provider", true, "notice.keep.hooks", "block",
        "stop writing to addresses that do not exist or complained", "GDPR Art. 6(1)(f)", KEEP_FOR, NULL, DAYS(7),
        "their arrival; the body goes when it is worked on, a keyed hash stays"},
    [KEEP_DENY] = {"deny", "block after \"That was not me\", keyed hash", true, "notice.keep.deny", "block",
        "leave the address alone", "GDPR Art. 6(1)(f), 21(3)", KEEP_FOR, "retention.deny_block", {0}, "the answer"},
    [KEEP_SUPPRESSION] = {"suppression", "block after an objection, keyed hash", true, "notice.keep.suppression", "block",
        "never write again", "GDPR Art. 6(1)(f), 17(3)(b), 21(3)", KEEP_WHILE, NULL, {0}, "mails are sent"},
    [KEEP_REQUESTS] = {"requests", "notes of requests about rights", true, "notice.keep.requests", "requests",
        "show that a request was answered", "GDPR Art. 6(1)(c) with 5(2), 12, 15-22", KEEP_FOR, "retention.requests",
        {0}, "the answer"},
    [KEEP_KEYS] = {"keys", "key of each person's data", true, NULL, "send",
        "make the data of one person unreadable everywhere at once", "GDPR Art. 32", KEEP_WHILE, NULL, {0},
        "anything of the person is kept; then overwritten"},
    [KEEP_BACKUPS] = {"backups", "backups of the data", true, "notice.keep.backups", "backups",
        "restore after a failure", "GDPR Art. 6(1)(c) with 32(1)(c)", KEEP_FOR, "retention.backups", {0}, "the copy"},
    [KEEP_BACKUP_KEYS] = {"backup_keys", "backups of the keys", true, NULL, "backups",
        "restore after a failure", "GDPR Art. 6(1)(c) with 32(1)(c)", KEEP_FOR, "retention.backup_keys", {0}, "the copy"},
    [KEEP_ABUSE] = {"abuse", "counters per network and address, keyed hash", true, "notice.keep.abuse", "abuse",
        "protect strangers and the service from floods", "GDPR Art. 6(1)(f)", KEEP_FOR, NULL, DAYS(2), "the request"},
    [KEEP_REFUSED] = {"refused", "counts of what was refused", false, NULL, NULL,
        "see whether the protection works", "not about people", KEEP_FOR, NULL, DAYS(90), "the day"},
    [KEEP_COUNTS] = {"counts", "counts per form and day", false, "notice.keep.counts", NULL,
        "see whether a form works", "not about people", KEEP_FOR, NULL, YEARS(3), "the day"},
    [KEEP_TEXTS] = {"texts", "pages, mails and notices as they were shown, without names", false, "notice.keep.texts", NULL,
        "show what somebody agreed to", "not about people", KEEP_EVER, NULL, {0}, ""},
    [KEEP_LOG] = {"log", "commitments, checkpoints, numbers of persons and erasures", false, NULL, NULL,
        "show that nothing was altered", "not about people once the key is gone", KEEP_EVER, NULL, {0}, ""},
    [KEEP_SETUP] = {"setup", "settings and versions of the program", false, NULL, NULL, "run", "not about people",
        KEEP_EVER, NULL, {0}, ""},
};

const struct keep *keep_of(enum keep_kind k)
{
	return &keeps[k];
}

struct conf_duration keep_period(const struct conf_site *c, enum keep_kind k)
{
	switch (k) {
	case KEEP_PENDING:
		return c->retention.unconfirmed;
	case KEEP_EVIDENCE:
		return c->retention.evidence;
	case KEEP_IP:
		return c->retention.ip;
	case KEEP_DENY:
		return c->retention.deny_block;
	case KEEP_REQUESTS:
		return c->retention.requests;
	case KEEP_BACKUPS:
		return c->retention.backups;
	case KEEP_BACKUP_KEYS:
		return c->retention.backup_keys;
	default:
		return keeps[k].fixed;
	}
}

int64_t keep_end(const struct conf_site *c, enum keep_kind k, int64_t from_ms)
{
	switch (keeps[k].rule) {
	case KEEP_FOR:
		return conf_duration_after(keep_period(c, k), from_ms);
	case KEEP_YEAR_END:
		return conf_duration_after_year_end(keep_period(c, k), from_ms);
	default:
		return INT64_MAX;
	}
}

/* ---- the page */

static void reference_rule(struct buf *out, const struct keep *k)
{
	if (k->rule == KEEP_EVER) {
		buf_add_str(out, "permanently");
		return;
	}
	if (k->rule == KEEP_WHILE) {
		buf_printf(out, "while %s", k->from);
		return;
	}
	if (k->key)
		buf_printf(out, "`%s`", k->key);
	else
		buf_printf(out, "%d %s", k->fixed.n, k->fixed.unit == 'y' ? "years" : "days");
	buf_printf(out, " from %s%s", k->from, k->rule == KEEP_YEAR_END ? ", to the end of the year" : "");
}

void keep_reference(struct buf *out)
{
	size_t n;
	const struct keep_column *c = keep_columns(&n);

	buf_add_str(out, "| kind | what | about people | purpose | basis | how long |\n|---|---|---|---|---|---|\n");
	for (int k = 0; k < KEEP__MAX; k++) {
		buf_printf(out, "| %s | %s | %s | %s | %s | ", keeps[k].id, keeps[k].what, keeps[k].personal ? "yes" : "no",
		    keeps[k].purpose, keeps[k].basis);
		reference_rule(out, &keeps[k]);
		buf_add_str(out, " |\n");
	}
	buf_add_str(out, "\n| database | table | columns | kinds |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "| %s.db | %s | %s | ", c[i].db, c[i].table, c[i].columns);
		for (size_t k = 0; k < c[i].nkinds; k++)
			buf_printf(out, "%s%s", k ? ", " : "", keeps[c[i].kinds[k]].id);
		buf_add_str(out, " |\n");
	}
}
