#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/file.h"
#include "cmd/alive_priv.h"
#include "cmd/cmd.h"
#include "core/logkeep.h"
#include "core/register.h"
#include "core/selftest.h"
#include "core/site.h"
#include "core/version.h"
#include "store/backup.h"
#include "store/budget.h"
#include "store/contact.h"
#include "store/daily.h"
#include "store/intake.h"
#include "store/notice.h"
#include "store/outbox.h"
#include "store/person.h"
#include "text/jsonw.h"

#define OUT_MAX_BYTES (4u * 1024u * 1024u)
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define WEEK_DAYS 7
#define HELD_MAX 8
#define HELD_ROWS_MAX 10000

/* What is told per day, from both counters: of the database (what became of sign-ups) and of the gate. */
#define FROM_GATE 0x100
static const struct {
	const char *name;
	unsigned from;
} figures[] = {
    {"shown", FROM_GATE | BUDGET_T_SHOWN},
    {"accepted", DAILY_SENT},
    {"confirmed", DAILY_CONFIRMED},
    {"denied", DAILY_DENIED},
    {"expired", DAILY_EXPIRED},
    {"withdrawn", DAILY_WITHDRAWN},
    {"input", FROM_GATE | BUDGET_T_INPUT},
    {"changed", FROM_GATE | BUDGET_T_CHANGED},
    {"review", FROM_GATE | BUDGET_T_REVIEW},
    {"honeypot", FROM_GATE | BUDGET_T_HONEYPOT},
    {"foreign_origin", FROM_GATE | BUDGET_T_ORIGIN},
    {"form_token", FROM_GATE | BUDGET_T_TOKEN},
    {"limited_network", FROM_GATE | BUDGET_T_PREFIX},
    {"limited_site", FROM_GATE | BUDGET_T_SITE},
    {"silent", FROM_GATE | BUDGET_T_SILENT},
    {"unknown_fields", FROM_GATE | BUDGET_T_UNKNOWN},
};
#define FIGURES (sizeof(figures) / sizeof(figures[0]))

struct held {
	char provider[32];
	char why[64];
	int64_t rows;
};

struct site_status {
	const char *id, *base_url;
	const struct conf_site *conf; /* NULL: its file is broken */
	char reason[ERR_TEXT_BYTES];  /* why it is down; empty: up */
	int64_t persons[PERSON_STATE__MAX];
	int64_t intake;
	int64_t outbox[OUTBOX_STATE__MAX];
	int64_t due_ms; /* INT64_MAX: nothing waits */
	struct held held[HELD_MAX];
	size_t nheld;
	int64_t contacts_waiting, contacts_refused;
	struct contact_trouble trouble; /* of a contact list; code "": none */
	struct notice_version notices[SITE_LANGS_MAX];
	size_t nnotices;
	int64_t today_day;
	int64_t today[FIGURES], week[FIGURES];
	int64_t data_bytes;
	struct selftest selftest; /* at_ms 0: none yet */
	struct logkeep_state log;
	int64_t backup[PACK_KIND__MAX]; /* when the last one was made; 0: never */
	struct journal_state journal;   /* of erasures */
	struct dsar_counts dsar;        /* requests about rights */
};

static bool add_held(const struct outbox_row *r, void *arg)
{
	struct site_status *s = arg;
	size_t i = 0;

	while (i < s->nheld && !slice_eq_str(r->provider, s->held[i].provider))
		i++;
	if (i == HELD_MAX)
		return true;
	if (i == s->nheld) {
		s->nheld++;
		slice_copy(slice_sub(r->provider, 0, sizeof(s->held[i].provider) - 1), s->held[i].provider,
		    sizeof(s->held[i].provider));
		slice_copy(slice_sub(r->result_code, 0, sizeof(s->held[i].why) - 1), s->held[i].why,
		    sizeof(s->held[i].why));
	}
	s->held[i].rows++;
	return true;
}

static void add_figure(struct site_status *s, unsigned from, int64_t day, int64_t n)
{
	for (size_t i = 0; i < FIGURES; i++) {
		if (figures[i].from != from || day > s->today_day)
			continue;
		s->week[i] += n;
		if (day == s->today_day)
			s->today[i] += n;
	}
}

static bool add_daily(int64_t day, struct slice form, enum daily_what what, int64_t n, void *arg)
{
	(void)form;
	add_figure(arg, (unsigned)what, day, n);
	return true;
}

static bool add_tally(int64_t day, struct slice form, enum budget_tally what, int64_t n, void *arg)
{
	(void)form;
	add_figure(arg, FROM_GATE | (unsigned)what, day, n);
	return true;
}

static enum err read_notices(struct db *db, struct site_status *s, struct errinfo *ei)
{
	const struct conf_list *langs = &s->conf->languages;

	for (size_t i = 0; i < langs->n && i < SITE_LANGS_MAX; i++) {
		enum err rc = notice_current(db, langs->v[i], &s->notices[s->nnotices], ei);
		if (rc && rc != E_NOT_FOUND)
			return rc;
		s->nnotices += rc == OK;
	}
	return OK;
}

static enum err read_contacts(struct db *db, struct site_status *s, struct errinfo *ei)
{
	enum err rc = contact_counts(db, &s->contacts_waiting, &s->contacts_refused, ei);

	if (!rc)
		rc = contact_trouble(db, &s->trouble, ei);
	return rc == E_NOT_FOUND ? OK : rc;
}

static enum err read_db(struct db *db, struct site_status *s, struct errinfo *ei)
{
	const struct outbox_filter held = {.state = OUTBOX_HELD, .limit = HELD_ROWS_MAX};
	enum err rc = person_counts(db, s->persons, ei);

	if (!rc)
		rc = intake_count(db, &s->intake, ei);
	if (!rc)
		rc = outbox_counts(db, s->outbox, ei);
	if (!rc)
		rc = outbox_next_due(db, &s->due_ms, ei);
	if (!rc)
		rc = outbox_each(db, &held, add_held, s, ei);
	if (!rc)
		rc = read_contacts(db, s, ei);
	if (!rc)
		rc = daily_each(db, s->today_day - WEEK_DAYS + 1, s->today_day, add_daily, s, ei);
	if (!rc)
		rc = selftest_last(db, &s->selftest, ei);
	if (!rc)
		rc = logkeep_read(db, &s->log, ei);
	if (rc == E_NOT_FOUND)
		rc = OK;
	for (int k = PACK_DATA; !rc && k < PACK_KIND__MAX; k++)
		rc = backup_last(db, (enum pack_kind)k, &s->backup[k], ei);
	if (!rc)
		rc = journal_state(db, &s->journal, ei);
	if (!rc)
		rc = dsar_counts(db, register_day(s->conf, clock_now_ms()), &s->dsar, ei);
	return rc ? rc : read_notices(db, s, ei);
}

/* The worker looked at its own evidence, and something did not prove what it says. */
static bool evidence_bad(const struct site_status *s)
{
	return s->selftest.proofs_bad || s->selftest.sheets_bad || s->log.failed[0];
}

static int64_t folder_bytes(const char *data, const char *id)
{
	struct buf path;
	struct dirent *e;
	struct stat st;
	int64_t sum = 0;
	DIR *d;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", data, id);
	d = opendir(path.data);
	while (d && (e = readdir(d)) != NULL)
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			sum += st.st_size;
	if (d)
		closedir(d);
	buf_free(&path);
	return sum;
}

/* As serve would start it; a reason if it cannot. */
static void site_read(const struct conf *c, const struct conf_site *cs, struct budget *b, struct site_status *s)
{
	struct errinfo ei = {.code = OK};
	struct site *site = NULL;
	struct store *st = NULL;
	struct db *db;
	enum err rc;

	s->id = cs->id;
	s->base_url = cs->base_url;
	s->conf = cs;
	s->today_day = daily_day(clock_now_ms());
	s->due_ms = INT64_MAX;
	s->data_bytes = folder_bytes(c->data, cs->id);
	rc = site_new(&site, c, cs, &ei);
	site_free(site);
	if (!rc)
		rc = cmd_store(c, cs, false, &st, &ei);
	if (!rc)
		rc = store_read(st, &db, &ei);
	if (!rc) {
		rc = read_db(db, s, &ei);
		store_read_end(st, db);
	}
	if (!rc && b)
		rc = budget_each(b, cs->id, (s->today_day - WEEK_DAYS + 1) * DAY_MS, add_tally, s, &ei);
	if (rc)
		slice_copy(slice_from(ei.text[0] ? ei.text : err_name(rc)), s->reason, sizeof(s->reason));
	store_close(st);
}

static void broken_read(const struct conf_broken *b, struct site_status *s)
{
	struct slice first = slice_from(b->first ? b->first : "its file is broken");

	s->id = b->id;
	s->base_url = b->base_url;
	slice_copy(slice_sub(first, 0, sizeof(s->reason) - 1), s->reason, sizeof(s->reason));
}

/* ---- JSON */

static void json_figures(struct jsonw *w, const char *key, const int64_t n[static FIGURES])
{
	jsonw_key(w, key);
	jsonw_object(w);
	for (size_t i = 0; i < FIGURES; i++)
		jsonw_kint(w, figures[i].name, n[i]);
	jsonw_end_object(w);
}

static void json_outbox(struct jsonw *w, const struct site_status *s)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_key(w, "outbox");
	jsonw_object(w);
	for (int i = 0; i < OUTBOX_STATE__MAX; i++)
		jsonw_kint(w, outbox_state_name((enum outbox_state)i), s->outbox[i]);
	jsonw_kcstr(w, "oldest_due", s->due_ms == INT64_MAX ? NULL : clock_iso(s->due_ms, iso));
	jsonw_end_object(w);
	jsonw_key(w, "held");
	jsonw_array(w);
	for (size_t i = 0; i < s->nheld; i++) {
		jsonw_object(w);
		jsonw_kcstr(w, "provider", s->held[i].provider);
		jsonw_kint(w, "mails", s->held[i].rows);
		jsonw_kcstr(w, "why", s->held[i].why);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void json_contacts(struct jsonw *w, const struct site_status *s)
{
	jsonw_key(w, "contacts");
	jsonw_object(w);
	jsonw_kint(w, "waiting", s->contacts_waiting);
	jsonw_kint(w, "refused", s->contacts_refused);
	jsonw_key(w, "trouble");
	if (s->trouble.code[0]) {
		jsonw_object(w);
		jsonw_kcstr(w, "provider", s->trouble.provider);
		jsonw_kcstr(w, "action", contact_action_name(s->trouble.action));
		jsonw_kcstr(w, "purpose", s->trouble.purpose[0] ? s->trouble.purpose : NULL);
		jsonw_kcstr(w, "why", s->trouble.code);
		jsonw_end_object(w);
	} else {
		jsonw_null(w);
	}
	jsonw_end_object(w);
}

static void json_notices(struct jsonw *w, const struct site_status *s)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)], iso[CLOCK_ISO_BYTES];

	jsonw_key(w, "notices");
	jsonw_object(w);
	for (size_t i = 0; i < s->nnotices; i++) {
		jsonw_key(w, s->notices[i].lang);
		jsonw_object(w);
		jsonw_kint(w, "no", s->notices[i].no);
		jsonw_kcstr(w, "hash", enc_hex(s->notices[i].hash, STORE_HASH_BYTES, hex));
		jsonw_kcstr(w, "valid_from", clock_iso(s->notices[i].valid_from_ms, iso));
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void json_selftest(struct jsonw *w, const struct selftest *t)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_key(w, "selftest");
	if (!t->at_ms) {
		jsonw_null(w);
		return;
	}
	jsonw_object(w);
	jsonw_kcstr(w, "at", clock_iso(t->at_ms, iso));
	jsonw_kint(w, "proofs", t->proofs);
	jsonw_kint(w, "proofs_bad", t->proofs_bad);
	jsonw_kint(w, "sheets", t->sheets);
	jsonw_kint(w, "sheets_bad", t->sheets_bad);
	jsonw_kint(w, "event", t->seq);
	jsonw_end_object(w);
}

static void json_dsar(struct jsonw *w, const struct dsar_counts *d)
{
	char day[REGISTER_DAY_BYTES];

	jsonw_key(w, "requests");
	jsonw_object(w);
	jsonw_kint(w, "open", d->open);
	jsonw_kint(w, "overdue", d->overdue);
	jsonw_kcstr(w, "next_due", d->open ? register_day_text(d->next_due_day, day) : NULL);
	jsonw_end_object(w);
}

static void json_log(struct jsonw *w, const struct logkeep_state *l)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_key(w, "log");
	jsonw_object(w);
	jsonw_kint(w, "events", l->events);
	jsonw_kint(w, "size", l->last.size);
	jsonw_kcstr(w, "checkpoint", l->last.size ? clock_iso(l->last.at_ms, iso) : NULL);
	jsonw_kcstr(w, "mailed", l->mail.size ? clock_iso(l->mail.at_ms, iso) : NULL);
	jsonw_kcstr(w, "stamped", l->stamp.size ? clock_iso(l->stamp.at_ms, iso) : NULL);
	jsonw_kcstr(w, "failed", l->failed[0] ? l->failed : NULL);
	jsonw_end_object(w);
}

static void json_time(struct jsonw *w, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_kcstr(w, key, ms ? clock_iso(ms, iso) : NULL);
}

static void json_backup(struct jsonw *w, const struct site_status *s)
{
	jsonw_key(w, "backup");
	jsonw_object(w);
	json_time(w, "data", s->backup[PACK_DATA]);
	json_time(w, "keys", s->backup[PACK_KEYS]);
	json_time(w, "journal", s->journal.written_ms);
	jsonw_kint(w, "erasures_waiting", s->journal.written_ms ? s->journal.waiting : 0);
	jsonw_end_object(w);
}

static void json_site(struct jsonw *w, const struct site_status *s)
{
	jsonw_object(w);
	jsonw_kcstr(w, "id", s->id);
	jsonw_kcstr(w, "base_url", s->base_url);
	jsonw_kbool(w, "up", !s->reason[0]);
	jsonw_kcstr(w, "reason", s->reason[0] ? s->reason : NULL);
	jsonw_kcstr(w, "mode", !s->conf ? NULL : s->conf->mode == CONF_TRY_OUT ? "try-out" : "live");
	jsonw_key(w, "persons");
	jsonw_object(w);
	for (int i = 0; i < PERSON_STATE__MAX; i++)
		jsonw_kint(w, person_state_name((enum person_state)i), s->persons[i]);
	jsonw_end_object(w);
	jsonw_kint(w, "intake", s->intake);
	json_outbox(w, s);
	json_contacts(w, s);
	json_notices(w, s);
	json_selftest(w, &s->selftest);
	json_dsar(w, &s->dsar);
	json_log(w, &s->log);
	json_backup(w, s);
	json_figures(w, "today", s->today);
	json_figures(w, "week", s->week);
	jsonw_kint(w, "data_bytes", s->data_bytes);
	jsonw_end_object(w);
}

/* ---- lines */

static void line_figures(struct buf *b, const char *name, const int64_t n[static FIGURES])
{
	bool any = false;

	buf_printf(b, "  %-8s", name);
	for (size_t i = 0; i < FIGURES; i++) {
		if (n[i])
			buf_printf(b, "%s%s %lld", any ? ", " : " ", figures[i].name, (long long)n[i]);
		any = any || n[i];
	}
	buf_add_str(b, any ? "\n" : " nothing\n");
}

static void line_counts(struct buf *b, const char *name, const int64_t *n, int max, const char *(*name_of)(int))
{
	bool any = false;

	buf_printf(b, "  %-8s", name);
	for (int i = 0; i < max; i++) {
		if (n[i])
			buf_printf(b, "%s%s %lld", any ? ", " : " ", name_of(i), (long long)n[i]);
		any = any || n[i];
	}
	if (!any)
		buf_add_str(b, " none");
}

static const char *person_name(int i)
{
	return person_state_name((enum person_state)i);
}

static const char *outbox_name(int i)
{
	return outbox_state_name((enum outbox_state)i);
}

static void line_selftest(struct buf *b, const struct selftest *t)
{
	char iso[CLOCK_ISO_BYTES];

	if (!t->at_ms)
		return;
	if (!t->proofs_bad && !t->sheets_bad) {
		buf_printf(b, "  evidence %u proofs and %u sheets at random are good (%s)\n", t->proofs, t->sheets,
		    clock_iso(t->at_ms, iso));
		return;
	}
	buf_printf(b, "  EVIDENCE IS DAMAGED: %u of %u proofs and %u of %u sheets failed (%s), among them event %lld. Run"
	    " `jawort verify`.\n", t->proofs_bad, t->proofs, t->sheets_bad, t->sheets, clock_iso(t->at_ms, iso),
	    (long long)t->seq);
}

static void line_dsar(struct buf *b, const struct dsar_counts *d)
{
	char day[REGISTER_DAY_BYTES];

	if (d->overdue)
		buf_printf(b, "  REQUESTS %lld about rights are OVERDUE since %s at the longest: `jawort dsar list`\n",
		    (long long)d->overdue, register_day_text(d->next_due_day, day));
	else if (d->open)
		buf_printf(b, "  requests %lld about rights are open, the next is due on %s\n", (long long)d->open,
		    register_day_text(d->next_due_day, day));
}

static void line_log(struct buf *b, const struct logkeep_state *l)
{
	char iso[CLOCK_ISO_BYTES];

	if (l->failed[0])
		buf_printf(b, "  LOG      stands still since %s: %s\n", clock_iso(l->failed_ms, iso), l->failed);
	if (!l->events)
		return;
	buf_printf(b, "  log      %lld of %lld events signed", (long long)l->last.size, (long long)l->events);
	if (l->last.size)
		buf_printf(b, " (%s)", clock_iso(l->last.at_ms, iso));
	if (l->mail.size)
		buf_printf(b, ", mailed %s", clock_iso(l->mail.at_ms, iso));
	if (l->stamp.size)
		buf_printf(b, ", stamped %s", clock_iso(l->stamp.at_ms, iso));
	buf_add_char(b, '\n');
}

/* Only where there is something to say: the journal was begun, or a backup was made. */
static void line_backup(struct buf *b, const struct site_status *s)
{
	char data[CLOCK_ISO_BYTES], keys[CLOCK_ISO_BYTES], iso[CLOCK_ISO_BYTES];

	if (s->backup[PACK_DATA] || s->backup[PACK_KEYS])
		buf_printf(b, "  backup   data %s, keys %s\n", s->backup[PACK_DATA] ? clock_iso(s->backup[PACK_DATA], data) : "never",
		    s->backup[PACK_KEYS] ? clock_iso(s->backup[PACK_KEYS], keys) : "never");
	if (!s->journal.written_ms)
		return;
	buf_printf(b, "  journal  of erasures, written %s\n", clock_iso(s->journal.written_ms, iso));
	if (s->journal.waiting)
		buf_printf(b, "  JOURNAL  %lld erasures are not in it since %s: is the second disk there? A backup would bring these "
		    "people back\n", (long long)s->journal.waiting, clock_iso(s->journal.waiting_since_ms, iso));
}

/* Only where the provider has still to be told something. */
static void line_contacts(struct buf *b, const struct site_status *s)
{
	const struct contact_trouble *t = &s->trouble;

	if (!s->contacts_waiting && !s->contacts_refused)
		return;
	buf_printf(b, "  contacts %lld changes wait for the provider's list, %lld refused\n", (long long)s->contacts_waiting,
	    (long long)s->contacts_refused);
	if (t->code[0])
		buf_printf(b, "  %s %s: %s%s%s (%s); the log says why, and when it is mended: jawort outbox retry\n",
		    t->refused ? "REFUSED " : "WAITS   ", t->provider, contact_action_name(t->action), t->purpose[0] ? " " : "",
		    t->purpose, t->code);
}

static void lines_site(struct buf *b, const struct site_status *s)
{
	char iso[CLOCK_ISO_BYTES], hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];

	buf_printf(b, "\n%s  %s  %s%s\n", s->id, s->reason[0] ? "DOWN" : "up", s->base_url,
	    s->conf && s->conf->mode == CONF_TRY_OUT ? "  (try-out)" : "");
	if (s->reason[0])
		buf_printf(b, "  why      %s\n", s->reason);
	if (!s->conf || s->reason[0])
		return;
	line_counts(b, "persons", s->persons, PERSON_STATE__MAX, person_name);
	buf_printf(b, "\n  intake   %lld waiting\n", (long long)s->intake);
	line_counts(b, "outbox", s->outbox, OUTBOX_STATE__MAX, outbox_name);
	if (s->due_ms != INT64_MAX)
		buf_printf(b, "; next due %s", clock_iso(s->due_ms, iso));
	buf_add_char(b, '\n');
	for (size_t i = 0; i < s->nheld; i++)
		buf_printf(b, "  HELD     %s: %lld mails wait (%s)\n", s->held[i].provider,
		    (long long)s->held[i].rows, s->held[i].why);
	line_contacts(b, s);
	for (size_t i = 0; i < s->nnotices; i++)
		buf_printf(b, "  notice   %s: version %lld (%.12s) since %s\n", s->notices[i].lang,
		    (long long)s->notices[i].no, enc_hex(s->notices[i].hash, STORE_HASH_BYTES, hex),
		    clock_iso(s->notices[i].valid_from_ms, iso));
	line_selftest(b, &s->selftest);
	line_dsar(b, &s->dsar);
	line_log(b, &s->log);
	line_backup(b, s);
	line_figures(b, "today", s->today);
	line_figures(b, "7 days", s->week);
	buf_printf(b, "  data     %lld KiB\n", (long long)(s->data_bytes + 1023) / 1024);
}

static struct budget *counters(const struct conf *c)
{
	struct errinfo ei = {.code = OK};
	struct budget *b = NULL;
	struct buf path;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/budget.db", c->data);
	if (access(path.data, F_OK) == 0 && budget_open(&b, c->data, &ei) != OK)
		cmd_fail("counters", &ei);
	buf_free(&path);
	return b;
}

static void out_begin(const struct cmd_args *a, const struct conf *c, struct jsonw *w, struct buf *b)
{
	bool serve = alive_serve(c) == 0, worker = alive_worker(c);

	if (!a->json) {
		buf_printf(b, "serve %s, worker %s\n", serve ? "runs" : "DOES NOT ANSWER", worker ? "runs" : "DOES NOT RUN");
		return;
	}
	jsonw_init(w, b);
	jsonw_object(w);
	jsonw_kcstr(w, "version", JAWORT_VERSION);
	jsonw_kbool(w, "serve", serve);
	jsonw_kbool(w, "worker", worker);
	jsonw_key(w, "sites");
	jsonw_array(w);
}

static void out_site(const struct cmd_args *a, struct jsonw *w, struct buf *b, const struct site_status *s)
{
	if (a->json)
		json_site(w, s);
	else
		lines_site(b, s);
}

static bool wanted(const struct cmd_args *a, const char *id)
{
	return !a->site || strcmp(a->site, id) == 0;
}

static int status_all(const struct cmd_args *a, const struct conf *c, struct buf *b)
{
	struct budget *budget = counters(c);
	size_t seen = 0, down = 0;
	struct jsonw w;

	out_begin(a, c, &w, b);
	for (size_t i = 0; i < c->nsites + c->nbroken; i++) {
		const struct conf_broken *broken = i < c->nsites ? NULL : &c->broken[i - c->nsites];
		struct site_status s = {.intake = 0};
		if (!wanted(a, broken ? broken->id : c->sites[i]->id))
			continue;
		if (broken)
			broken_read(broken, &s);
		else
			site_read(c, c->sites[i], budget, &s);
		out_site(a, &w, b, &s);
		seen++;
		down += s.reason[0] != '\0' || evidence_bad(&s) || s.dsar.overdue;
	}
	if (a->json) {
		jsonw_end_array(&w);
		jsonw_end_object(&w);
		buf_add_char(b, '\n');
	}
	budget_close(budget);
	if (a->site && !seen)
		return cmd_usage("there is no site \"%s\" in %s", a->site, a->conf);
	return down ? CMD_FINDINGS : CMD_DONE;
}

int cmd_status(const struct cmd_args *a)
{
	struct conf *c;
	struct buf b;
	int rc, printed;

	if (a->n)
		return cmd_usage("status takes no \"%s\"", a->words[0]);
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	buf_init(&b, OUT_MAX_BYTES);
	rc = status_all(a, c, &b);
	printed = rc == CMD_USAGE ? CMD_DONE : cmd_print(&b);
	buf_free(&b);
	conf_free(c);
	return printed ? printed : rc;
}
