#ifndef JAWORT_CORE_RESTORE_H
#define JAWORT_CORE_RESTORE_H
/*
 * restore: a site out of its backups, in a folder of its own first; the site's place is touched by one rename at the
 * end, so there is nothing half. In that folder:
 *
 *   1. both packs are opened whole, every part compared with its hash, the databases checked (integrity, foreign keys),
 *      the address of every person opened with its key
 *   2. the journal is read: it must be whole, belong to these keys, begin before the backup and reach the present
 *      (JOURNAL_PRESENT_MS); if not, only the caller may accept the gap, and names how long it may be
 *   3. the journal is replayed: who was erased since is erased again (slot overwritten, rows gone), who left is off all
 *      lists, blocks stand, evidence that was kept ends when it was to end
 *   4. what was under way is settled (store/backup.h), ids go on far behind all that were given away
 *   5. the log of commitments goes on under a new name: checkpoints that were signed after the backup stay good under the
 *      old one, and no two trees of one name and size are ever signed
 *
 * Threads: one restore of a site at a time, the caller's thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/crypt.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/backup.h"
#include "store/journal.h"

struct restore {
	const struct conf_site *site;
	const char *data, *keys;        /* the two packs */
	const struct crypt_key *secret;
	const char *ring;               /* key file of the site that is still there, newer than the backup's; NULL: none */
	const char *journal;            /* file; NULL: there is none */
	int64_t accept_gap_ms;          /* 0: none */
	int64_t now_ms;
};

struct restore_report {
	struct pack_manifest data, keys;
	struct journal_end journal; /* n 0: none */
	int64_t gap_ms;     /* what nobody wrote down; 0: the journal reaches the present */
	int64_t persons, events;
	int64_t erased;     /* erased again */
	int64_t unknown;    /* erased since, and came after the backup: only their slots */
	int64_t left, blocked;
	struct backup_settled settled;
	char origin[256];   /* of the log from now on */
	unsigned turn;      /* the number in it */
};

/*
 * Steps 1 to 5 in stage, an empty folder of mode 0700. E_CONFLICT: gap, or keys older than the data; E_DENIED: altered,
 * or another key. After an error the folder is of no use.
 */
enum err restore_stage(const struct restore *r, const char *stage, struct restore_report *out, struct errinfo *ei);
/*
 * Gives a finished stage its place: key file, then the folder. E_CONFLICT: something is there. ring_path: of the site,
 * dir: DATA/<site>.
 */
enum err restore_place(const char *stage, const char *dir, const char *ring_path, struct errinfo *ei);
/* Only looks: opens and compares the packs, writes nothing. The journal is read if ring (the site's) is given. */
enum err restore_look(const struct restore *r, struct restore_report *out, struct errinfo *ei);
/* Removes a folder and what is in it. Nothing there is fine. */
void restore_discard(const char *stage);

#endif
