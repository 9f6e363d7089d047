#ifndef JAWORT_STORE_BACKUP_H
#define JAWORT_STORE_BACKUP_H
/*
 * backup: a consistent copy of a site's databases into a pack (store/pack.h) while the site is served, and back out of
 * packs into an empty folder. data.db is copied page by page within one read transaction, so writers go on; the copy is
 * checked before anything is locked away. Whoever restores decides nothing here: core/restore.h.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "store/pack.h"

struct backup_done {
	int64_t bytes; /* of the pack */
	struct pack_manifest m;
};
/*
 * Works in DATA/<site>/backup.tmp, which goes in any case. E_BUSY: another backup of the site runs. E_CONFLICT: path
 * exists. Notes the time in the data (backup_last()).
 */
enum err backup_write(struct store *s, enum pack_kind kind, const char *path, const unsigned char pub[BOX_PUBLIC_BYTES],
    int64_t now_ms, struct backup_done *out, struct errinfo *ei);
/* When the last one of this kind was made; 0: never. */
enum err backup_last(struct db *db, enum pack_kind kind, int64_t *at_ms, struct errinfo *ei);

/* ---- the way back, in a folder that nobody else uses */

/*
 * Unpacks both into dir, which must be empty: data.db, keys.db, site.keys. E_INVALID: the packs are not one of data and
 * one of keys of this site; E_CONFLICT: they belong to different keys, or to a newer program.
 */
enum err backup_unpack(const char *dir, const char *site, const char *data, const char *keys,
    const struct crypt_key *secret, struct pack_manifest *data_m, struct pack_manifest *keys_m, struct errinfo *ei);
/* Persons whose key slot the keys in dir do not have yet: the keys are older than the data. */
enum err backup_missing_slots(const char *dir, int64_t *missing, struct errinfo *ei);

/*
 * What was under way when the backup was made has been done since: mails become "unknown" and are not sent by
 * themselves, sign-ups that waited go, "put back on the list" becomes "put on the list" (who left there stays away).
 * Ids go on far behind the highest that was given away, so that no link in an old mail, and no line of the journal,
 * ever means somebody else.
 */
struct backup_settled {
	int64_t mails, intakes, lists;
	int64_t ids[JOURNAL_INTS]; /* the highest from before; events are not moved */
};
enum err backup_settle(const char *dir, const int64_t ids[JOURNAL_INTS], int64_t now_ms, struct backup_settled *out,
    struct errinfo *ei);

#endif
