#include "base/clock.h"
#include "cmd/doctor_priv.h"
#include "core/logkeep.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define HOUR_MS (INT64_C(3600) * 1000)
/* The daily mail may wait for a provider; then somebody should look. */
#define MAIL_LATE_MS (3 * DAY_MS)

static void late(struct doctor *d, const struct logkeep_state *l, int64_t now_ms)
{
	int64_t every_ms = d->site->log.every.seconds * 1000;
	char iso[CLOCK_ISO_BYTES];

	if (l->events > l->last.size && l->last.size && now_ms - l->last.at_ms > 2 * every_ms + HOUR_MS) {
		doctor_finding(d, "%lld events since %s are not signed yet", (long long)(l->events - l->last.size),
		    clock_iso(l->last.at_ms, iso));
		doctor_mend(d, "start the worker; \"jawort log checkpoint --now\" signs at once and says what is wrong");
	}
	if (d->site->log.anchor_mail == CONF_ANCHOR_DAILY && l->last.size > l->mail.size && l->mail.size
	    && now_ms - l->mail.at_ms > MAIL_LATE_MS) {
		doctor_finding(d, "the last mail with the state of the log was made at %s", clock_iso(l->mail.at_ms, iso));
		doctor_mend(d, "start the worker, and look at its log for \"event=log\"");
	}
	if (*d->site->log.tsa_url && l->last.size > l->stamp.size && l->last.size
	    && now_ms - (l->stamp.size ? l->stamp.at_ms : l->last.at_ms) > MAIL_LATE_MS) {
		doctor_finding(d, "%s has stamped nothing for three days", d->site->log.tsa_url);
		doctor_mend(d, "look at the worker's log for \"event=log\"; it says what the authority answered");
	}
}

void check_log(struct doctor *d)
{
	struct errinfo ei = {.code = OK};
	struct logkeep_state l;
	char iso[CLOCK_ISO_BYTES];
	struct db *db;
	enum err rc;

	if (!d->store) {
		doctor_skip(d, "the data does not open");
		return;
	}
	rc = store_read(d->store, &db, &ei);
	if (!rc) {
		rc = logkeep_read(db, &l, &ei);
		store_read_end(d->store, db);
	}
	if (rc) {
		doctor_finding(d, "%s", ei.text);
		doctor_mend(d, "jawort status; if the database is damaged, restore the last backup");
		return;
	}
	if (l.failed[0]) {
		doctor_finding(d, "nothing is signed since %s: %s", clock_iso(l.failed_ms, iso), l.failed);
		doctor_mend(d, "\"jawort verify\" names the place; after a restore see \"restored data\" in docs/evidence.md");
	}
	late(d, &l, clock_now_ms());
	if (doctor_found(d))
		return;
	if (l.last.size)
		doctor_ok(d, "%lld of %lld events signed, last at %s", (long long)l.last.size, (long long)l.events,
		    clock_iso(l.last.at_ms, iso));
	else
		doctor_ok(d, l.events ? "the first events will be signed within the hour" : "no event yet");
}
