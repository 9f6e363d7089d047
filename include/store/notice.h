#ifndef JAWORT_STORE_NOTICE_H
#define JAWORT_STORE_NOTICE_H
/*
 * notice: versions of the privacy notice per language; the texts are in the text
 * store. The current version of a language is its highest number. Append-only.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "store/db.h"

struct notice_version {
	int64_t no;
	char lang[16];
	unsigned char hash[STORE_HASH_BYTES];        /* text of kind notice */
	unsigned char config_hash[STORE_HASH_BYTES]; /* text of kind config */
	int64_t valid_from_ms;
};

/* The text must be in the text store. Same hash as the current version of lang: no new row, *no is the
 * current one. */
enum err notice_put(struct db *db, const char *lang, const unsigned char hash[STORE_HASH_BYTES],
    const unsigned char config_hash[STORE_HASH_BYTES], int64_t now_ms, int64_t *no, struct errinfo *ei);
/* E_NOT_FOUND. */
enum err notice_current(struct db *db, const char *lang, struct notice_version *out, struct errinfo *ei);
/* Newest version whose text has this hash prefix (6..32 bytes). E_NOT_FOUND; E_INVALID too short. */
enum err notice_find(struct db *db, const void *prefix, size_t prefix_bytes, struct notice_version *out,
    struct errinfo *ei);
/* Newest first. lang NULL: all. cb returns false to stop. */
enum err notice_each(struct db *db, const char *lang, bool (*cb)(const struct notice_version *v, void *arg),
    void *arg, struct errinfo *ei);

#endif
