/* doctor: are there backups, are they young enough, and is every erasure written down where a restore finds it? */
#include "cmd/doctor_priv.h"

#include <unistd.h>

#include "base/clock.h"
#include "store/backup.h"
#include "store/journal.h"

/* A backup is made every day; one may fail. */
#define DATA_OLD_MS (INT64_C(2) * 86400 * 1000)

struct state {
	int64_t made[PACK_KIND__MAX];
	struct journal_state journal;
};

static enum err state_read(struct doctor *d, struct state *s, struct errinfo *ei)
{
	struct db *db;
	enum err e = store_read(d->store, &db, ei);

	if (e)
		return e;
	for (int k = PACK_DATA; !e && k < PACK_KIND__MAX; k++)
		e = backup_last(db, (enum pack_kind)k, &s->made[k], ei);
	if (!e)
		e = journal_state(db, &s->journal, ei);
	store_read_end(d->store, db);
	return e;
}

/* Older keys than that were removed, newer than the data they cannot be too old for. */
static void kind_check(struct doctor *d, const struct state *s, enum pack_kind kind, int64_t old_ms)
{
	char iso[CLOCK_ISO_BYTES];
	const char *what = kind == PACK_DATA ? "data" : "keys";

	if (!s->made[kind])
		doctor_finding(d, "no backup of the %s was ever made", what);
	else if (clock_now_ms() - s->made[kind] > old_ms)
		doctor_finding(d, "the last backup of the %s is of %s", what, clock_iso(s->made[kind], iso));
	else
		return;
	doctor_mend(d, "jawort backup FOLDER --keys FOLDER every day: docs/backup.md has the lines for cron and systemd");
}

static void journal_check(struct doctor *d, const struct state *s)
{
	const char *path = d->conf->backup.journal;
	char iso[CLOCK_ISO_BYTES];

	if (!*path) {
		doctor_finding(d, "backup.journal is not set: a restored backup brings back whoever was erased since");
		doctor_mend(d, "name a folder on another disk or machine in %s: backup: { journal: ... }", d->conf->file);
	} else if (access(path, W_OK | X_OK) != 0) {
		doctor_finding(d, "%s cannot be written to by this user, or is not there", path);
		doctor_mend(d, "mount the disk; the folder belongs to the group of the service, mode 2770: docs/backup.md");
	} else if (s->journal.waiting) {
		doctor_finding(d, "%lld erasures are not in the journal since %s", (long long)s->journal.waiting,
		    clock_iso(s->journal.waiting_since_ms, iso));
		doctor_mend(d, "the log of serve or worker says why (journal_failed); the worker tries every hour, or: jawort worker "
		    "--once");
	}
}

void check_backup(struct doctor *d)
{
	struct errinfo ei = {.code = OK};
	struct state s = {.made = {0}};
	char data[CLOCK_ISO_BYTES], keys[CLOCK_ISO_BYTES];

	if (!d->store) {
		doctor_skip(d, "the data does not open");
		return;
	}
	if (!*d->conf->backup.public_key) {
		doctor_skip(d, "backup.public_key is not set; if nothing else makes backups, see docs/backup.md");
		return;
	}
	if (state_read(d, &s, &ei) != OK) {
		doctor_finding(d, "%s", ei.text);
		doctor_mend(d, "jawort status");
		return;
	}
	kind_check(d, &s, PACK_DATA, DATA_OLD_MS);
	kind_check(d, &s, PACK_KEYS, d->site->retention.backup_keys.seconds * 1000);
	journal_check(d, &s);
	if (!doctor_found(d))
		doctor_ok(d, "data of %s, keys of %s; every erasure is in the journal", clock_iso(s.made[PACK_DATA], data),
		    clock_iso(s.made[PACK_KEYS], keys));
}
