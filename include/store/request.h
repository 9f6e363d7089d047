#ifndef JAWORT_STORE_REQUEST_H
#define JAWORT_STORE_REQUEST_H
/*
 * request: one sign-up that waits for, or got, its answer. Fields and page are
 * sealed under the person's key. generation counts how often the link was made
 * new; a token carries the generation it was made for.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

enum request_state {
	REQUEST_PENDING,
	REQUEST_CONFIRMED,
	REQUEST_DENIED,
	REQUEST_EXPIRED,
	REQUEST_CANCELLED,
	REQUEST_REPLACED,
	REQUEST_STATE__MAX
};
const char *request_state_name(enum request_state s);
enum request_state request_state_from_name(struct slice name);

struct request_new {
	int64_t person_id;
	struct slice form;
	struct slice lang;
	struct slice purposes; /* ids, comma-separated */
	unsigned char consent_hash[STORE_HASH_BYTES];
	int64_t intake_ms;  /* when the form was sent */
	int64_t created_ms;
	int64_t expires_ms;
	struct slice fields; /* JSON object text; may be empty */
	struct slice page;   /* may be empty */
	int64_t mailed_ms;   /* a mail goes out with it; 0: none */
};

struct request_row {
	int64_t id;
	int64_t person_id;
	struct slice form;
	struct slice lang;
	struct slice purposes;
	unsigned char consent_hash[STORE_HASH_BYTES];
	int64_t intake_ms;
	enum request_state state;
	int64_t created_ms;
	int64_t expires_ms;
	int64_t settled_ms; /* 0: open */
	int64_t mailed_ms;  /* 0: no mail yet; else the last one */
	int mails;
	int generation; /* from 1 */
	bool has_fields; /* request_fields() has something to give */
};

enum err request_insert(struct db *db, const struct request_new *n, int64_t *id, struct errinfo *ei);
/* Slices in the arena. E_NOT_FOUND. */
enum err request_get(struct db *db, int64_t id, struct arena *a, struct request_row *out, struct errinfo *ei);
/* From pending to another state. E_CONFLICT: not pending (any more). */
enum err request_settle(struct db *db, int64_t id, enum request_state state, int64_t now_ms,
    struct errinfo *ei);
/* A mail for it was queued: mails + 1, mailed_ms. */
enum err request_mailed(struct db *db, int64_t id, int64_t now_ms, struct errinfo *ei);
/* New link: generation + 1, new expiry, pending again if it had expired. E_CONFLICT in other states.
 * *generation may be NULL. */
enum err request_renew(struct db *db, int64_t id, int64_t expires_ms, int *generation, struct errinfo *ei);
/* Pending ones of a person, oldest first; slices valid during cb, which may not write. */
enum err request_pending(struct db *db, int64_t person_id, bool (*cb)(const struct request_row *r, void *arg),
    void *arg, struct errinfo *ei);
/* All of a person, oldest first. */
enum err request_each(struct db *db, int64_t person_id, bool (*cb)(const struct request_row *r, void *arg),
    void *arg, struct errinfo *ei);
/* Newest request of a person for a form in any state (same sign-up within ten minutes). E_NOT_FOUND. */
enum err request_latest(struct db *db, int64_t person_id, struct slice form, struct arena *a,
    struct request_row *out, struct errinfo *ei);
/* Append what was sealed. E_NOT_FOUND also when the person is erased. */
enum err request_fields(struct db *db, int64_t id, struct buf *out, struct errinfo *ei);
enum err request_page(struct db *db, int64_t id, struct buf *out, struct errinfo *ei);
/* Pending ones with after_ms < expires_ms < before_ms, by expiry, at most limit. */
enum err request_expired_each(struct db *db, int64_t after_ms, int64_t before_ms, unsigned limit,
    bool (*cb)(const struct request_row *r, void *arg), void *arg, struct errinfo *ei);

#endif
