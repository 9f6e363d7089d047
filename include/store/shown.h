#ifndef JAWORT_STORE_SHOWN_H
#define JAWORT_STORE_SHOWN_H
/*
 * shown: which form page was in force from when, per form and language; the pages are in the text store. With the
 * wording and the time of an event it gives the page as it was. Append-only.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

struct shown {
	struct slice form, lang;
	const unsigned char *consent_hash; /* 32 bytes: the wording in it */
	const unsigned char *page_hash;    /* text of kind form */
	int64_t from_ms;
};
/* The text must be in the text store. The same page as the one in force: no new row. */
enum err shown_put(struct db *db, const struct shown *s, struct errinfo *ei);
/*
 * The newest page of a form and language with that wording that was in force at at_ms; where none is noted before,
 * the oldest after it with that wording. E_NOT_FOUND.
 */
enum err shown_find(struct db *db, struct slice form, struct slice lang, const unsigned char consent_hash[STORE_HASH_BYTES],
    int64_t at_ms, unsigned char page_hash[STORE_HASH_BYTES], struct errinfo *ei);
/* Every page that was in force, each once, until cb says false. */
enum err shown_each(struct db *db, bool (*cb)(const unsigned char page_hash[STORE_HASH_BYTES], void *arg), void *arg,
    struct errinfo *ei);

#endif
