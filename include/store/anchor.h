#ifndef JAWORT_STORE_ANCHOR_H
#define JAWORT_STORE_ANCHOR_H
/*
 * anchor: where a checkpoint is vouched for outside this machine, so that its time
 * can be shown. Append-only.
 *
 *   mail   the checkpoint was handed to the outbox for the owner; source: number of the mail
 *   stamp  RFC 3161 token of an authority over SHA-256 of the note; at_ms is the authority's
 *          time, source its address, data the whole answer's token (DER)
 */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define ANCHOR_DATA_MAX_BYTES (64u * 1024u)

enum anchor_kind { ANCHOR_MAIL = 1, ANCHOR_STAMP, ANCHOR_KIND__MAX };
const char *anchor_kind_name(enum anchor_kind k);

struct anchor {
	int64_t size; /* of the checkpoint */
	enum anchor_kind kind;
	int64_t at_ms;
	struct slice source;
	struct slice data; /* may be empty */
};

/* E_CONFLICT: there is no checkpoint of this size; E_LIMIT: data. */
enum err anchor_put(struct db *db, const struct anchor *a, struct errinfo *ei);
/* The newest of a kind. Slices in *out are empty; source and data are appended if wanted. E_NOT_FOUND. */
enum err anchor_last(struct db *db, enum anchor_kind k, struct anchor *out, struct buf *source, struct buf *data,
    struct errinfo *ei);
/* That of the smallest checkpoint of at least size (so it covers that event), the oldest of it. E_NOT_FOUND. */
enum err anchor_covering(struct db *db, enum anchor_kind k, int64_t size, struct anchor *out, struct buf *source,
    struct buf *data, struct errinfo *ei);

#endif
