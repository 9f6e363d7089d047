#ifndef JAWORT_STORE_TEXT_H
#define JAWORT_STORE_TEXT_H
/*
 * text: everything that was ever shown or sent, by its SHA-256, kept for ever,
 * never changed (triggers and authorizer). Holds no personal data: mails are stored
 * with slots. Bodies <= 1 MiB.
 */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

#define TEXT_BODY_MAX_BYTES (1024u * 1024u)
#define TEXT_PREFIX_MIN_BYTES 6

enum text_kind { TEXT_CONSENT, TEXT_FORM, TEXT_MAIL, TEXT_NOTICE, TEXT_CONFIG, TEXT_PAGE, TEXT_KIND__MAX };
const char *text_kind_name(enum text_kind k);
/* TEXT_KIND__MAX: unknown name. */
enum text_kind text_kind_from_name(struct slice name);

struct text_info {
	unsigned char hash[STORE_HASH_BYTES];
	enum text_kind kind;
	char lang[16];
	int format;
	int64_t created_ms;
};

/* Idempotent; hash = SHA-256 of body. A body that is there under another kind keeps its first kind. */
enum err text_put(struct db *db, enum text_kind kind, const char *lang, int format, struct slice body,
    unsigned char hash[STORE_HASH_BYTES], struct errinfo *ei);
/* body is appended; body and info may be NULL. E_NOT_FOUND. E_IO if the body does not have its hash. */
enum err text_get(struct db *db, const unsigned char hash[STORE_HASH_BYTES], struct buf *body,
    struct text_info *info, struct errinfo *ei);
/* By the first bytes of the hash (6..32). E_NOT_FOUND; E_CONFLICT if several fit; E_INVALID too short. */
enum err text_find(struct db *db, enum text_kind kind, const void *prefix, size_t prefix_bytes,
    struct text_info *info, struct errinfo *ei);

/* Every text by its hash, with its body, whatever it is: for those who look whether texts were altered. cb returns
 * false to stop. */
enum err text_each(struct db *db, bool (*cb)(const struct text_info *info, struct slice body, void *arg), void *arg,
    struct errinfo *ei);

#endif
