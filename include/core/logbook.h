#ifndef JAWORT_CORE_LOGBOOK_H
#define JAWORT_CORE_LOGBOOK_H
/*
 * logbook: the log of commitments. Leaf seq - 1 of a Merkle tree (base/merkle.h) is the
 * commitment of event seq; a checkpoint is the signed root of the tree at one size
 * (text/note.h). An event is proven by its path to the root of a checkpoint that covers it.
 *
 * Promises of logbook_advance(), through any crash:
 *   - what it signs contains what it signed before (it computes the last root anew from
 *     tiles and events, and compares), else it signs nothing and says so;
 *   - no two trees of one size: a checkpoint is published only after its commit, and the
 *     newest one also stands in DATA/<site>/log.signed, so that data from an older backup
 *     do not sign another history under the same name. logbook_restart() names a new log.
 *   - it runs in batches on a timer, so the size of the log does not tell when somebody
 *     signed up.
 *
 * origin: name of the log and of its keys: base_url without scheme, then "/log"; kept from the
 * first checkpoint on, whatever becomes of base_url; "/log/2" after logbook_restart().
 * Threads: as struct db and struct store.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/merkle.h"
#include "conf/conf.h"
#include "store/checkpoint.h"
#include "store/db.h"
#include "text/note.h"

#define LOGBOOK_SIGNED_FILE "log.signed"
/* Events per step of logbook_advance(): read without the write lock, then 16 tiles are written under it. */
#define LOGBOOK_STEP (16 * MERKLE_TILE_HASHES)
#define LOGBOOK_KEYS_MAX KEYRING_SIGN_MAX

/* Name of this site's log; db NULL: of a site without data. E_LIMIT: longer than a note's name may be. */
enum err logbook_origin(struct db *db, const struct conf_site *c, struct buf *out, struct errinfo *ei);
/* All sign keys of a ring under that name (not copied), for note_verify(); those not in the ring are not ours. */
size_t logbook_keys(const struct keyring *k, struct slice origin, struct note_key out[LOGBOOK_KEYS_MAX]);

/* ---- growing */

struct logbook_report {
	struct checkpoint last; /* the newest one now; size 0: none, the log is empty */
	int64_t added;          /* leaves since the one before; 0: nothing new, nothing signed */
};
/*
 * A checkpoint over all events of this moment, if there are new ones. Outside transactions. E_CONFLICT: the log is not
 * the one that was signed (altered, cut, or older data); E_DENIED: the last checkpoint is not signed by a key of the
 * ring; E_BUSY: somebody else made one meanwhile and it does not fit into a second try.
 */
enum err logbook_advance(const struct conf_site *c, struct store *st, int64_t now_ms, struct logbook_report *out,
    struct errinfo *ei);
/*
 * The checkpoint in LOGBOOK_SIGNED_FILE, which was signed and stored when it was written there; size 0: there is none, or it
 * is of a log that ended. Read it before the data that are held against it. E_CONFLICT: not signed by this site, or
 * of a log that these data do not know; E_DENIED: by a key that is not there.
 */
enum err logbook_filed(const struct conf_site *c, struct store *st, struct checkpoint *out, struct errinfo *ei);
/* Whether logbook_advance() is due: new events, and the last checkpoint is older than every_s or of another UTC day. */
enum err logbook_due(struct db *db, int64_t every_s, int64_t now_ms, bool *due, struct errinfo *ei);
/*
 * After data were restored that are older than the last checkpoint signed: a new name, under which signing
 * begins again. Proofs under the old name stay good. Outside transactions.
 */
enum err logbook_restart(const struct conf_site *c, struct store *st, struct errinfo *ei);

/* ---- proving: a reader with a cache of tiles, for as many proofs as one view of the data serves */

struct logbook;
enum err logbook_open(struct logbook **out, struct db *db, struct errinfo *ei);
/* Before the handle is given back. NULL is fine. */
void logbook_close(struct logbook *l);

struct logbook_proof {
	int64_t seq;
	struct merkle_hash leaf;
	struct checkpoint at;     /* the tree it leads to; at.root is what the path gives */
	struct merkle_proof path; /* merkle_verify(&leaf, seq - 1, at.size, path.hash, path.n, at.root) */
};
/*
 * Event seq in the smallest checkpoint that covers it. note: appended; NULL if not wanted. E_NOT_FOUND: no such
 * event, or no checkpoint covers it yet. E_CONFLICT: the path does not lead to the checkpoint's root.
 */
enum err logbook_prove(struct logbook *l, int64_t seq, struct logbook_proof *out, struct buf *note,
    struct errinfo *ei);
/* The same in the smallest checkpoint of at least size (say, one that has an anchor). */
enum err logbook_prove_at(struct logbook *l, int64_t seq, int64_t size, struct logbook_proof *out, struct buf *note,
    struct errinfo *ei);
/* From the tree of one size to that of a larger one. Both covered by a checkpoint, else E_NOT_FOUND. */
enum err logbook_consistency(struct logbook *l, int64_t old, int64_t size, struct merkle_proof *out,
    struct errinfo *ei);
/* Root of the tree of the first size events. */
enum err logbook_root(struct logbook *l, int64_t size, struct merkle_hash *out, struct errinfo *ei);
/*
 * A tile for the public, only of what the last checkpoint covers: 32 * width bytes are appended. E_NOT_FOUND:
 * not so far, or width (1..256) is more than the last checkpoint's tree has of it.
 */
enum err logbook_tile(struct logbook *l, unsigned level, uint64_t number, unsigned width, struct buf *out,
    struct errinfo *ei);

#endif
