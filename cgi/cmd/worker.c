#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/footprint.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "core/events.h"
#include "core/logkeep.h"
#include "core/retention.h"
#include "core/rights.h"
#include "core/selftest.h"
#include "core/turn.h"
#include "send/tsa.h"
#include "send/worker.h"
#include "store/intake.h"
#include "store/journal.h"

/* The journal reaches back a week further than the oldest backup. */
#define JOURNAL_SPARE_MS (INT64_C(7) * 86400 * 1000)
/* Rows that wait this long were left by a crash: a running service is faster. */
#define LEFTOVER_AGE_MS 3000
/* Events of restricted people, while one round looks for an announced end. */
#define RELEASE_ARENA_BYTES (64u * 1024u * 1024u)

static volatile sig_atomic_t worker_term, worker_hup;
static int worker_fd = -1;

static void worker_signal(int sig)
{
	const uint64_t one = 1;
	int saved = errno;

	if (sig == SIGHUP)
		worker_hup = 1;
	else
		worker_term = 1;
	if (write(worker_fd, &one, sizeof(one)) < 0)
		worker_term = worker_term;
	errno = saved;
}

static void worker_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = worker_signal;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

struct leftovers {
	const struct conf *conf;
	struct budget *budget;
	struct voices *voices; /* of the sites without templates of their own */
	struct notify *manager;
	bool at_once;
};

/* Most sites have the same words, and a worker with a thousand of them often needs only these. */
static enum err speak(const struct leftovers *l, const struct conf_site *cs, struct site **out, struct errinfo *ei)
{
	return site_new_with(out, *cs->templates ? NULL : l->voices, l->conf, cs, ei);
}

/* Is there intake that nobody is working on? Looked up with a read handle. */
static enum err intake_waits(struct store *st, bool at_once, bool *waits, struct errinfo *ei)
{
	struct intake_row row;
	struct arena a;
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	*waits = false;
	if (rc)
		return rc;
	arena_init(&a, ARENA_REQUEST_MAX_BYTES);
	rc = intake_next(db, 0, INT64_MAX, &a, &row, ei);
	if (!rc)
		*waits = at_once || clock_now_ms() - row.in.at_ms > LEFTOVER_AGE_MS;
	arena_free(&a);
	store_read_end(st, db);
	return rc == E_NOT_FOUND ? OK : rc;
}

/* Sign-ups taken in by CGI, or left by a crash, become persons and mails; before them, what providers told. */
static enum err worker_leftover(struct store *st, const struct conf_site *cs, void *arg)
{
	const struct leftovers *l = arg;
	struct errinfo ei = {.code = OK};
	struct turn t = {.budget = l->budget};
	struct site *s = NULL;
	struct events_report rep;
	bool waits, told = false;
	enum err rc = intake_waits(st, l->at_once, &waits, &ei), told_rc = OK;

	if (!rc)
		rc = events_waiting(st, &told, &ei);
	if (rc || (!waits && !told))
		return rc;
	rc = speak(l, cs, &s, &ei);
	t.site = s;
	t.letters = letter_cache_new();
	if (!rc && !t.letters)
		rc = E_NOMEM;
	if (!rc && told)
		told_rc = events_all(s, st, &rep, &ei);
	if (told_rc)
		log_err(LOG_ERROR, "hook_events", &ei);
	/* Sign-ups do not wait for what a provider tells. */
	if (!rc && waits)
		rc = turn_all(st, &t, &ei);
	if (rc)
		log_err(LOG_ERROR, "leftover", &ei);
	letter_cache_free(t.letters);
	site_free(s);
	return rc ? rc : told_rc;
}

/* A second path that fails is an error of its own, which holds up nothing else. */
static void worker_journal(struct store *st, const struct conf_site *cs)
{
	struct errinfo ei = {.code = OK};

	if (journal_beat(st, clock_now_ms(), cs->retention.backups.seconds * 1000 + JOURNAL_SPARE_MS, &ei))
		log_err(LOG_ERROR, "journal_failed", &ei);
}

static enum err anchor_due(struct store *st, const struct conf_site *cs, enum anchor_kind k, bool *due, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	*due = false;
	if (rc)
		return rc;
	rc = logkeep_anchor_due(db, cs, k, clock_now_ms(), due, ei);
	store_read_end(st, db);
	return rc;
}

/* Once a day; an authority that does not answer is asked again an hour later. */
static enum err stamp_if_due(struct store *st, const struct conf_site *cs, struct errinfo *ei)
{
	struct stamp s;
	bool due = false;
	enum err rc = anchor_due(st, cs, ANCHOR_STAMP, &due, ei);

	if (rc || !due)
		return rc;
	rc = tsa_stamp(cs, st, &s, ei);
	if (!rc)
		log_event(LOG_INFO, "stamp", LOG_S("site", cs->id), LOG_S("by", s.name), LOG_S("serial", s.serial));
	return rc;
}

/* The log of events: a checkpoint if one is due, then what vouches for it outside. What fails here stops nothing else. */
static void worker_log(struct store *st, const struct conf_site *cs, const struct conf *c)
{
	struct errinfo ei = {.code = OK};
	struct logbook_report rep;
	struct site *s = NULL;
	bool due = false;
	enum err rc = logkeep_advance(cs, st, false, clock_now_ms(), &rep, &ei);

	if (!rc)
		rc = anchor_due(st, cs, ANCHOR_MAIL, &due, &ei);
	if (!rc && due)
		rc = site_new(&s, c, cs, &ei);
	if (!rc && due)
		rc = logkeep_mail(s, st, clock_now_ms(), &ei);
	site_free(s);
	if (!rc)
		rc = stamp_if_due(st, cs, &ei);
	if (rc)
		log_err(LOG_ERROR, "log", &ei);
}

/* Once a day: do events at random still prove what they say? status tells what came out. */
static void worker_selftest(struct store *st, const struct conf_site *cs, const struct conf *c)
{
	struct errinfo ei = {.code = OK};
	struct selftest r = {.proofs = 0};
	struct site *s = NULL;
	struct db *db;
	bool due = false;
	enum err rc = store_read(st, &db, &ei);

	if (!rc) {
		rc = selftest_due(db, clock_now_ms(), &due, &ei);
		store_read_end(st, db);
	}
	if (!rc && due)
		rc = site_new(&s, c, cs, &ei);
	if (!rc && due)
		rc = selftest_run(s, st, SELFTEST_EVENTS, clock_now_ms(), &r, &ei);
	site_free(s);
	if (rc)
		log_err(LOG_ERROR, "selftest", &ei);
	else if (r.proofs_bad || r.sheets_bad)
		log_event(LOG_ERROR, "selftest_bad", LOG_S("site", cs->id), LOG_I("proofs", r.proofs_bad),
		    LOG_I("sheets", r.sheets_bad), LOG_I("event", r.seq),
		    LOG_S("text", "the evidence is damaged; `jawort verify` says where"));
}

/* Withdrawals and blocks must not wait for the next sign of life: a restore would not know of them. */
static enum err worker_departed(struct store *st, const struct conf_site *cs, void *arg)
{
	struct errinfo ei = {.code = OK};
	enum err rc = journal_flush(st, clock_now_ms(), &ei);

	(void)cs;
	(void)arg;
	if (rc)
		log_err(LOG_ERROR, "journal_failed", &ei);
	return rc;
}

/* Restrictions whose end was announced: it comes when its day has come and the mail was handed over. */
static enum err worker_release(const struct leftovers *l, struct store *st, const struct conf_site *cs, struct errinfo *ei)
{
	struct rights r = {.store = st, .way = WITHDRAW_OWNER};
	struct site *s = NULL;
	struct arena a;
	struct db *db;
	bool waits = false;
	unsigned count = 0;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	arena_init(&a, RELEASE_ARENA_BYTES);
	rc = rights_release_waits(db, &a, clock_now_ms(), &waits, ei);
	store_read_end(st, db);
	if (!rc && waits)
		rc = speak(l, cs, &s, ei);
	r.site = s;
	if (!rc && waits)
		rc = rights_release_due(&r, &a, clock_now_ms(), &count, ei);
	if (count)
		log_event(LOG_INFO, "released", LOG_S("site", cs->id), LOG_I("persons", count));
	site_free(s);
	arena_free(&a);
	return rc;
}

/* Once an hour: what the configuration says must go, goes. */
static enum err worker_upkeep(struct store *st, const struct conf_site *cs, void *arg)
{
	const struct leftovers *l = arg;
	struct retention_report rep = {.unconfirmed = 0};
	struct errinfo ei = {.code = OK};
	struct site *s = NULL;
	struct db *db;
	bool due = false;
	enum err rc = store_read(st, &db, &ei);

	if (!rc) {
		rc = retention_due(db, cs, clock_now_ms(), &due, &ei);
		store_read_end(st, db);
	}
	if (!rc && due)
		rc = speak(l, cs, &s, &ei);
	if (!rc)
		rc = due ? retention_run(s, st, clock_now_ms(), &rep, &ei)
		    : retention_sweep(cs, st, clock_now_ms(), &rep, &ei);
	site_free(s);
	if (!rc)
		rc = worker_release(l, st, cs, &ei);
	worker_log(st, cs, l->conf);
	worker_selftest(st, cs, l->conf);
	if (!rc && l->budget)
		rc = budget_purge(l->budget, clock_now_ms(), &ei);
	if (!rc)
		worker_journal(st, cs);
	if (rc)
		log_err(LOG_ERROR, "upkeep", &ei);
	else
		log_event(LOG_INFO, "upkeep", LOG_S("site", cs->id), LOG_I("unconfirmed", rep.unconfirmed),
		    LOG_I("requests", rep.requests), LOG_I("evidence", rep.evidence), LOG_I("ips", rep.ips));
	return rc;
}

static void worker_alive(void *arg)
{
	notify_alive(((struct leftovers *)arg)->manager);
}

static int worker_round(const struct cmd_args *a, struct notify *manager)
{
	struct worker_opts o = {.once = a->once, .stop_fd = worker_fd, .leftover = worker_leftover,
	    .upkeep = worker_upkeep, .journal = worker_departed, .alive = worker_alive, .alive_ms = (unsigned)(manager->every_ms / 2)};
	struct leftovers l = {.at_once = a->once, .manager = manager};
	struct errinfo ei = {.code = OK};
	struct conf *c;
	enum err err;
	int rc = cmd_load(a, &c);

	if (rc)
		return rc;
	l.conf = c;
	l.voices = voices_new(c); /* without it each site has its own */
	if (budget_open(&l.budget, c->data, &ei) != OK)
		log_err(LOG_WARN, "budget", &ei);
	o.conf = c;
	o.arg = &l;
	notify_ready(manager);
	err = worker_run(&o, &ei);
	budget_close(l.budget);
	voices_free(l.voices);
	conf_free(c);
	if (err == E_BUSY)
		return CMD_TRY_LATER;
	return err ? cmd_fail("worker", &ei) : CMD_DONE;
}

/* A mail can wait for a moment, who waits for a page should not. Where a sandbox forbids the call, its unit says it itself. */
static void give_way(void)
{
	if (getpriority(PRIO_PROCESS, 0) < WORKER_NICE)
		(void)setpriority(PRIO_PROCESS, 0, WORKER_NICE);
}

int cmd_worker(const struct cmd_args *a)
{
	struct notify manager;
	uint64_t n;
	int rc = CMD_FAILED;

	if (a->n)
		return cmd_usage("worker takes no \"%s\"", a->words[0]);
	cmd_harden();
	give_way();
	footprint_setup();
	worker_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker_fd < 0) {
		perror("jawort: eventfd");
		return CMD_FAILED;
	}
	worker_signals();
	cmd_notify(&manager);
	do {
		worker_hup = 0;
		if (read(worker_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
			break;
		rc = worker_round(a, &manager);
		if (worker_hup && !worker_term) {
			log_event(LOG_INFO, "reload");
			notify_reloading(&manager);
		}
	} while (worker_hup && !worker_term && !a->once);
	notify_stopping(&manager);
	notify_close(&manager);
	close(worker_fd);
	return rc;
}
