#ifndef JAWORT_STORE_META_H
#define JAWORT_STORE_META_H
/*
 * meta: a few small values of a site under a name (fingerprint of its keys,
 * hash of the applied configuration, last checkpoint mailed...). Nothing
 * personal. Values <= 64 KiB.
 */
#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

/* Appends the value. E_NOT_FOUND. */
enum err meta_get(struct db *db, const char *key, struct buf *out, struct errinfo *ei);
enum err meta_put(struct db *db, const char *key, struct slice value, struct errinfo *ei);

#endif
