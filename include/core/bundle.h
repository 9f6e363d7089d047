#ifndef JAWORT_CORE_BUNDLE_H
#define JAWORT_CORE_BUNDLE_H
/*
 * bundle: everything that proves one person's consent, in one signed JSON file. docs/evidence.md has the format
 * ("jawort-bundle 1", frozen); include/proof/check.h reads it, and so can anybody with the public key.
 *
 * It holds the person's events with the salts and plaintexts that are still there, all texts that they name
 * (configurations by their hash only: they name files of the owner), records of ISO/IEC TS 27560, the path of
 * every event to a signed checkpoint of the log, what anchors the checkpoints in time, and the public keys.
 * Links in mails are masked where they are stored (mail/sent.h), so no token is in it.
 *
 * Threads: no state.
 */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"
#include "store/db.h"
#include "store/person.h"

#define BUNDLE_MAX_BYTES (64u * 1024u * 1024u)
#define BUNDLE_FORMAT "jawort-bundle 1"

/*
 * Appends the bundle of a person. db: any handle, its view of the data is what is written; events that no
 * checkpoint covers yet stand in it without a path (logbook_advance() first). E_NOT_FOUND: erased, unless the evidence
 * was kept (store/erasure.h), or a text that an event names is missing. E_IO: a text or an event does not have its hash. E_LIMIT: out is full.
 */
enum err bundle_write(struct db *db, const struct site *s, const struct person *p, int64_t now_ms, struct buf *out,
    struct errinfo *ei);

#endif
