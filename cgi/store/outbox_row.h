#ifndef JAWORT_STORE_OUTBOX_ROW_H
#define JAWORT_STORE_OUTBOX_ROW_H
/* outbox_row: what outbox.c (sending) and outlist.c (looking) share. */
#include "store/db_priv.h"
#include "store/outbox.h"

#define OUTBOX_COLUMNS                                                                             \
	"id, channel, person_id, request_id, kind, state, mail_hash, attempt, attempt_id, started_ms,"   \
	" next_ms, provider, provider_id, result_class, result_code, result_text, created_ms, done_ms," \
	" slots_ct"
#define OUTBOX_COLUMN_COUNT 19
#define OUTBOX_PLACE "outbox:slots_ct"

/* Without slots. */
void outbox_fill(sqlite3_stmt *q, struct outbox_row *r);
/* Seals slots for the row's person, or under the intake key for a row of nobody. */
enum err outbox_seal(struct db *db, int64_t person_id, int64_t id, struct slice slots, struct buf *out,
    struct errinfo *ei);
/* Decrypts into buf; readable = false when the person's key is gone, or the row is nobody's and settled. */
enum err outbox_slots(struct db *db, sqlite3_stmt *q, struct outbox_row *r, struct buf *slots,
    struct errinfo *ei);

#endif
