#ifndef JAWORT_STORE_PERSON_H
#define JAWORT_STORE_PERSON_H
/*
 * person: one address on one channel. Personal data is ciphertext under the
 * person's key slot; the row is found by a keyed hash of the normalised address.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define PERSON_LOOKUP_BYTES 16
#define PERSON_ADDRESS_MAX_BYTES 320
#define PERSON_FIELDS_MAX_BYTES 16384

/* "new" is the state of having no row. */
enum person_state {
	PERSON_PENDING,
	PERSON_ACTIVE,
	PERSON_UNSUBSCRIBED,
	PERSON_BOUNCED,
	PERSON_SUPPRESSED,
	PERSON_RESTRICTED,
	PERSON_ERASED,
	PERSON_STATE__MAX
};
const char *person_state_name(enum person_state s);
enum person_state person_state_from_name(struct slice name);

struct person {
	int64_t id;
	enum store_channel channel;
	enum person_state state;
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	char lang[16];
	int64_t created_ms;
	int64_t changed_ms;
	int64_t confirmed_ms; /* 0: never */
};

/* Keyed BLAKE2b of channel and address. The address must be normalised (text/addr.h). */
void person_lookup(const struct keyring *k, enum store_channel channel, struct slice address,
    unsigned char out[PERSON_LOOKUP_BYTES]);
/* E_NOT_FOUND. Erased persons are not found. */
enum err person_find(struct db *db, enum store_channel channel,
    const unsigned char lookup[PERSON_LOOKUP_BYTES], struct person *out, struct errinfo *ei);
/* person_lookup() and person_find() in one. */
enum err person_find_address(struct db *db, enum store_channel channel, struct slice address,
    struct person *out, struct errinfo *ei);
/* By id; erased ones too. E_NOT_FOUND. */
enum err person_get(struct db *db, int64_t id, struct person *out, struct errinfo *ei);

struct person_new {
	enum store_channel channel;
	enum person_state state;
	struct slice address; /* normalised */
	struct slice fields;  /* JSON object text; empty: none */
	struct slice lang;
	int64_t now_ms;
};
/* E_CONFLICT: the address has a row. */
enum err person_insert(struct db *db, const struct person_new *n, int64_t *id, struct errinfo *ei);
/* Both at once. E_NOT_FOUND: no such person, or erased (then *out is filled). */
enum err person_get_address(struct db *db, int64_t id, struct person *out, struct buf *address, struct errinfo *ei);
/* Appends. E_NOT_FOUND also when erased. */
enum err person_address(struct db *db, int64_t id, struct buf *out, struct errinfo *ei);
/* Appends the JSON text; nothing if there are none. */
enum err person_fields(struct db *db, int64_t id, struct buf *out, struct errinfo *ei);
/* Sets changed_ms; PERSON_ACTIVE also confirmed_ms if not set. E_NOT_FOUND; E_CONFLICT when erased. */
enum err person_set_state(struct db *db, int64_t id, enum person_state state, int64_t now_ms,
    struct errinfo *ei);
enum err person_set_fields(struct db *db, int64_t id, struct slice fields, int64_t now_ms,
    struct errinfo *ei);
enum err person_set_lang(struct db *db, int64_t id, struct slice lang, int64_t now_ms, struct errinfo *ei);
/* A new address for the same person. E_CONFLICT: it has a row of its own. */
enum err person_set_address(struct db *db, int64_t id, struct slice address, int64_t now_ms,
    struct errinfo *ei);
/* By id above after_id, at most limit rows; state PERSON_STATE__MAX: all. cb returns false to stop. */
enum err person_each(struct db *db, enum person_state state, int64_t after_id, unsigned limit,
    bool (*cb)(const struct person *p, void *arg), void *arg, struct errinfo *ei);
/* Persons in a state with changed_ms < before_ms, by id above after_id, at most limit: for retention. */
enum err person_idle_each(struct db *db, enum person_state state, int64_t before_ms, int64_t after_id,
    unsigned limit, bool (*cb)(const struct person *p, void *arg), void *arg, struct errinfo *ei);
enum err person_counts(struct db *db, int64_t counts[PERSON_STATE__MAX], struct errinfo *ei);

/* Purposes of a person. */
enum purpose_state { PURPOSE_PENDING, PURPOSE_ACTIVE, PURPOSE_ENDED, PURPOSE_STATE__MAX };
const char *purpose_state_name(enum purpose_state s);
enum purpose_state purpose_state_from_name(struct slice name);

struct purpose {
	struct slice id; /* valid during the call of cb */
	enum purpose_state state;
	int64_t since_ms;
	int64_t request_id; /* 0: none */
	unsigned char consent_hash[STORE_HASH_BYTES];
};
/* Inserts or changes. consent_hash NULL keeps the one that is there (zeros if new). */
enum err purpose_set(struct db *db, int64_t person_id, struct slice purpose, enum purpose_state state,
    int64_t since_ms, int64_t request_id, const unsigned char *consent_hash, struct errinfo *ei);
/* All to one state (withdrawal of everything); only those not yet in it change. *changed may be NULL. */
enum err purpose_set_all(struct db *db, int64_t person_id, enum purpose_state state, int64_t since_ms,
    int64_t *changed, struct errinfo *ei);
enum err purpose_each(struct db *db, int64_t person_id, bool (*cb)(const struct purpose *p, void *arg),
    void *arg, struct errinfo *ei);
/* Active persons of a purpose by id above after_id, at most limit (lists, contact sync, export). */
enum err purpose_persons(struct db *db, struct slice purpose, enum purpose_state state, int64_t after_id,
    unsigned limit, bool (*cb)(int64_t person_id, void *arg), void *arg, struct errinfo *ei);

#endif
