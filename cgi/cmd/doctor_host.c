/* doctor: configuration, clock, and what a site needs to open. */
#include "cmd/doctor_priv.h"

#include <string.h>
#include <sys/timex.h>

#include "base/clock.h"
#include "store/event.h"
#include "store/outbox.h"

#define CLOCK_OFF_MAX_MS 5000
#define FUTURE_MAX_MS 60000
#define NEWEST_AMONG 1000
#define LATE_MS (INT64_C(15) * 60 * 1000)

static void config_finding(struct doctor *d, const struct conf_finding *f)
{
	struct buf line;

	buf_init(&line, 4000);
	conf_finding_line(&line, f);
	doctor_finding(d, "%s", line.data);
	if (f->line)
		doctor_mend(d, "change line %d of %s, then: jawort config check", f->line, f->file);
	else
		doctor_mend(d, "change it, then: jawort config check");
	buf_free(&line);
}

/* Warnings are counted only: `config check` has them, and none of them wakes anybody at night. */
void check_config(struct doctor *d)
{
	size_t warnings = 0;

	for (size_t i = 0; i < d->report->n; i++) {
		if (d->report->items[i].severity == CONF_ERROR)
			config_finding(d, &d->report->items[i]);
		else if (!d->report->items[i].waived)
			warnings++;
	}
	if (!d->conf && !doctor_found(d)) {
		doctor_finding(d, "%s", d->site_error);
		doctor_mend(d, "name the host file with -c FILE, or make one: jawort init");
	}
	if (!d->conf || doctor_found(d))
		return;
	if (warnings)
		doctor_ok(d, "%zu %s, no error; %zu %s (jawort config check)", d->conf->nsites,
		    d->conf->nsites == 1 ? "site" : "sites", warnings, warnings == 1 ? "warning" : "warnings");
	else
		doctor_ok(d, "%zu %s, nothing wrong", d->conf->nsites, d->conf->nsites == 1 ? "site" : "sites");
}

/* The first provider that told its time. */
static const struct trial_answer *foreign_clock(struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nsites; i++) {
		const struct doctor_login *l;
		if (d->args->site && strcmp(d->args->site, d->conf->sites[i]->id) != 0)
			continue;
		l = doctor_login(d, d->conf->sites[i]);
		for (size_t k = 0; k < l->n; k++)
			if (l->answers[k].date_ms >= 0)
				return &l->answers[k];
	}
	return NULL;
}

static bool kernel_synchronised(void)
{
	struct timex t = {.modes = 0};

	return adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC);
}

/* What counts is that the time is right; that a daemon keeps it so is the second best proof. */
void check_clock(struct doctor *d)
{
	const struct trial_answer *other = foreign_clock(d);
	bool kept = kernel_synchronised();
	char iso[CLOCK_ISO_BYTES];
	int64_t off_ms;

	if (!other && !kept) {
		doctor_finding(d, "%s; nobody synchronises this clock", clock_iso(clock_now_ms(), iso));
		doctor_mend(d, "timedatectl set-ntp true (or install chrony), then: timedatectl");
		return;
	}
	if (!other) {
		doctor_ok(d, "%s, synchronised", clock_iso(clock_now_ms(), iso));
		return;
	}
	off_ms = other->ours_ms - other->date_ms;
	/* Their time is cut to whole seconds. */
	if (off_ms < -CLOCK_OFF_MAX_MS || off_ms > CLOCK_OFF_MAX_MS + 1000) {
		doctor_finding(d, "%s, which is %lld s %s %s", clock_iso(clock_now_ms(), iso),
		    (long long)((off_ms < 0 ? -off_ms : off_ms) / 1000), off_ms < 0 ? "behind" : "ahead of", other->provider);
		doctor_mend(d, "timedatectl set-ntp true (or install chrony), then: timedatectl");
		return;
	}
	doctor_ok(d, "%s, the same as at %s%s", clock_iso(clock_now_ms(), iso), other->provider,
	    kept ? "; synchronised" : ". The kernel does not know of a time service: see timedatectl");
}

void check_site(struct doctor *d)
{
	if (*d->site_error) {
		doctor_finding(d, "%s", d->site_error);
		doctor_mend(d, "correct the file, or take your own copy of the template away; then: jawort config check");
	}
	if (*d->store_error) {
		doctor_finding(d, "%s", d->store_error);
		doctor_mend(d, "see owners and modes first; run doctor as root, or as the user of the service; a new site: jawort init "
		    "--yes --site %s", d->site->id);
	}
	if (!doctor_found(d))
		doctor_ok(d, "words, templates and databases open");
}

void check_times(struct doctor *d)
{
	struct errinfo ei = {.code = OK};
	char iso[CLOCK_ISO_BYTES];
	struct db *db;
	int64_t newest = 0;
	enum err e;

	if (!d->store) {
		doctor_skip(d, "the data does not open");
		return;
	}
	e = store_read(d->store, &db, &ei);
	if (!e) {
		e = event_newest(db, NEWEST_AMONG, &newest, &ei);
		store_read_end(d->store, db);
	}
	if (e) {
		doctor_finding(d, "%s", ei.text);
		doctor_mend(d, "jawort status; if the database is damaged, restore the last backup");
	} else if (newest > clock_now_ms() + FUTURE_MAX_MS) {
		doctor_finding(d, "the newest event is of %s, in the future", clock_iso(newest, iso));
		doctor_mend(d, "put the clock right (see clock). Nothing in the data is changed: their order holds, and a note "
		    "about the wrong clock belongs beside the evidence");
	} else if (newest) {
		doctor_ok(d, "newest event of %s", clock_iso(newest, iso));
	} else {
		doctor_ok(d, "no event yet");
	}
}

static enum err outbox_look(struct doctor *d, int64_t counts[static OUTBOX_STATE__MAX], int64_t *due_ms,
    struct errinfo *ei)
{
	struct db *db;
	enum err e = store_read(d->store, &db, ei);

	if (e)
		return e;
	e = outbox_counts(db, counts, ei);
	if (!e)
		e = outbox_next_due(db, due_ms, ei);
	store_read_end(d->store, db);
	return e;
}

void check_outbox(struct doctor *d)
{
	int64_t counts[OUTBOX_STATE__MAX] = {0}, due_ms = INT64_MAX;
	struct errinfo ei = {.code = OK};
	char iso[CLOCK_ISO_BYTES];

	if (!d->store) {
		doctor_skip(d, "the data does not open");
		return;
	}
	if (outbox_look(d, counts, &due_ms, &ei) != OK) {
		doctor_finding(d, "%s", ei.text);
		doctor_mend(d, "jawort status");
	} else if (counts[OUTBOX_HELD]) {
		doctor_finding(d, "%lld mails are held: the provider refuses all of them", (long long)counts[OUTBOX_HELD]);
		doctor_mend(d, "jawort outbox list --site %s says why; mend login or sender, then: jawort outbox retry --site %s",
		    d->site->id, d->site->id);
	} else if (due_ms < clock_now_ms() - LATE_MS) {
		doctor_finding(d, "%lld mails wait; the oldest was due %s", (long long)counts[OUTBOX_QUEUED],
		    clock_iso(due_ms, iso));
		doctor_mend(d, "see worker; then its log: journalctl -u jawort-worker");
	} else {
		doctor_ok(d, "%lld waiting, none held or late", (long long)counts[OUTBOX_QUEUED]);
	}
}
