#ifndef JAWORT_STORE_EVENT_H
#define JAWORT_STORE_EVENT_H
/*
 * event: the evidence. Append-only, one row per thing that happened to a
 * person's consent, numbered without gaps from 1: leaf seq - 1 of the log.
 *
 * Three parts, each with its own random 32-byte salt, sealed under the person's
 * key as salt || plaintext: core (canonical JSON, see docs/evidence.md), ip,
 * fields (JSON object text). Per part C = SHA-256(salt || plaintext); a part that
 * is absent has empty plaintext and still its salt.
 *     commitment = SHA-256(0x00 || C_core || C_ip || C_fields)
 * which is the leaf hash of RFC 6962 section 2.1 over the 96 bytes. Taking away
 * a part's salt and plaintext leaves C: the log still verifies, and without the
 * salt nobody can guess the part from C.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define EVENT_SALT_BYTES 32

enum event_kind {
	EVENT_REQUESTED = 1, /* sign-up sent */
	EVENT_MAIL_QUEUED, /* reserved: nothing writes it */
	EVENT_MAIL_ACCEPTED, /* provider took it over */
	EVENT_MAIL_FAILED,
	EVENT_CONFIRMED,
	EVENT_DENIED, /* "that was not me" */
	EVENT_EXPIRED,
	EVENT_WITHDRAWN,
	EVENT_CHANGED,     /* details corrected, GDPR Art. 16 */
	EVENT_BOUNCED,
	EVENT_COMPLAINED,
	EVENT_SUPPRESSED,  /* the owner blocked the address */
	EVENT_RESTRICTED,  /* GDPR Art. 18 */
	EVENT_ERASED,
	EVENT_RENEWED, /* new link asked for */
	EVENT_NOTICE_ANNOUNCED, /* a mail that says how the privacy notice changed */
	EVENT_PURPOSE_ADDED, /* confirmed, and something else was in force before */
	EVENT_RECONFIRMED,   /* confirmed, and all of it was in force before */
	EVENT_OBJECTED,      /* GDPR Art. 21 */
	EVENT_UNRESTRICTED,
	EVENT_EXPORTED,      /* GDPR Art. 15, 20 */
	EVENT_IMPORTED,      /* a consent from elsewhere, with its proof */
	EVENT_DELIVERED,     /* the provider says that the mailbox took it */
	EVENT_RELEASE_ANNOUNCED, /* a mail says when the restriction ends, GDPR Art. 18(3) */
	EVENT_KIND__MAX
};
const char *event_kind_name(enum event_kind k);
/* EVENT_KIND__MAX: unknown name. */
enum event_kind event_kind_from_name(struct slice name);
/* After these a person does not want mail, or cannot be reached: a backup from before must not forget it. */
bool event_departs(enum event_kind k);

struct event_new {
	int64_t person_id;
	int64_t time_ms;
	enum event_kind kind;
	struct slice form; /* this and all slices below may be empty = absent */
	struct slice purposes; /* ids, comma-separated */
	struct slice page;
	struct slice lang;
	const unsigned char *text_hash;   /* 32 bytes or NULL */
	const unsigned char *mail_hash;
	const unsigned char *notice_hash;
	const unsigned char *config_hash;
	int64_t request_id; /* 0: none */
	int64_t outbox_id;  /* 0: none */
	struct slice provider;
	struct slice provider_id;
	struct slice detail; /* short, no personal data */
	struct slice ip;
	struct slice fields; /* JSON object text */
};

enum event_part { EVENT_CORE, EVENT_IP, EVENT_FIELDS, EVENT_PART__MAX };

/* Decrypted; slices valid during the call of cb. */
struct event_row {
	int64_t seq;
	int64_t person_id;
	int64_t time_ms;
	enum event_kind kind;
	struct slice form;
	unsigned char commitment[STORE_HASH_BYTES];
	unsigned char c[EVENT_PART__MAX][STORE_HASH_BYTES];
	bool present[EVENT_PART__MAX]; /* false: taken away (expired, erased), only C is left */
	unsigned char salt[EVENT_PART__MAX][EVENT_SALT_BYTES];
	struct slice plain[EVENT_PART__MAX]; /* core JSON; ip, fields: empty if there was none */
};

/* E_NOT_FOUND: no such person, or erased. *seq may be NULL. */
enum err event_append(struct db *db, const struct event_new *n, int64_t *seq, struct errinfo *ei);
/* Events of a person with seq > after_seq in order. cb returns false to stop. */
enum err event_each(struct db *db, int64_t person_id, int64_t after_seq,
    bool (*cb)(const struct event_row *r, void *arg), void *arg, struct errinfo *ei);
/* The person's newest event of kind a or b. E_NOT_FOUND: none. */
enum err event_last(struct db *db, int64_t person_id, enum event_kind a, enum event_kind b,
    void (*cb)(const struct event_row *r, void *arg), void *arg, struct errinfo *ei);
/* Recomputes what can be recomputed; false: altered. */
bool event_verify(const struct event_row *r);
/* Commitments of the log with seq > after_seq in order, at most limit. */
enum err event_commitments(struct db *db, int64_t after_seq, unsigned limit,
    bool (*cb)(int64_t seq, const unsigned char commitment[STORE_HASH_BYTES], void *arg), void *arg,
    struct errinfo *ei);
/* A row as it stands, without opening anything: no key of a person is needed. */
struct event_leaf {
	int64_t seq;
	int64_t person_id;
	int64_t time_ms;
	int kind; /* as stored, whatever it is */
	struct slice form;
	unsigned char commitment[STORE_HASH_BYTES];
	unsigned char c[EVENT_PART__MAX][STORE_HASH_BYTES];
};
/* All rows with seq > after_seq in order. cb returns false to stop. */
enum err event_leaves(struct db *db, int64_t after_seq, bool (*cb)(const struct event_leaf *l, void *arg), void *arg,
    struct errinfo *ei);
/* H(0x00 || C_core || C_ip || C_fields). */
void event_leaf_commitment(const unsigned char c[EVENT_PART__MAX][STORE_HASH_BYTES],
    unsigned char out[STORE_HASH_BYTES]);
/*
 * Events of all persons with seq > after_seq in order, at most limit, opened. One that cannot be opened (damaged, or
 * not of this key) comes with damaged set and no part present; that is no error here.
 */
enum err event_open_each(struct db *db, int64_t after_seq, unsigned limit,
    bool (*cb)(const struct event_row *r, bool damaged, void *arg), void *arg, struct errinfo *ei);
/*
 * The core alone, by person and number, of events of those who ever confirmed and are neither restricted nor erased:
 * for exports. kinds: bit 1 << kind for each kind that is wanted.
 */
enum err event_core_each(struct db *db, uint64_t kinds, bool (*cb)(const struct event_row *r, void *arg), void *arg,
    struct errinfo *ei);
/* Number of events = highest seq. */
enum err event_size(struct db *db, int64_t *n, struct errinfo *ei);
/* The latest time among the last events; 0: there are none. Later than now: the clock was changed. */
enum err event_newest(struct db *db, unsigned among, int64_t *ms, struct errinfo *ei);
/* Takes away the ip part of events with time_ms < before_ms, at most limit rows per call, in a transaction of
 * its own. *dropped (may be NULL) says how many; call again while it equals limit. */
enum err event_drop_ip(struct store *s, int64_t before_ms, unsigned limit, unsigned *dropped,
    struct errinfo *ei);

#endif
