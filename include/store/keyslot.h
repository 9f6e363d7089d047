#ifndef JAWORT_STORE_KEYSLOT_H
#define JAWORT_STORE_KEYSLOT_H
/*
 * keyslot: one random key per person, in keys.db. Slots are made ahead, 4,096
 * at a time, and are durable before use; the slot's number is the person's id.
 * So a sign-up writes no key, and erasing a person is overwriting one slot.
 * Keys that are used are kept in blocks of 256 (8 KiB) of locked memory that is wiped when the
 * block goes. An erasure by another process is noticed at the next borrow of a handle.
 * Threads: any thread.
 */
#include <stdint.h>
#include "base/crypt.h"
#include "base/err.h"
#include "store/db.h"

#define KEYSLOT_BLOCK 4096
#define KEYSLOT_MIN_FREE 1024

/* Tops up so that >= KEYSLOT_MIN_FREE slots are free. Outside transactions. */
enum err keyslot_reserve(struct store *s, struct errinfo *ei);
/* Copies the key; wipe it after use. E_NOT_FOUND: erased, or never made. */
enum err keyslot_get(struct db *db, int64_t person_id, struct crypt_key *out, struct errinfo *ei);
/* Overwrites the slot, durable and out of the WAL when it returns OK. Idempotent. */
enum err keyslot_erase(struct store *s, int64_t person_id, struct errinfo *ei);

#endif
