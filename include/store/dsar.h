#ifndef JAWORT_STORE_DSAR_H
#define JAWORT_STORE_DSAR_H
/*
 * dsar: the register of data subjects' requests. A row says which right, how it came, when, until when it must be answered
 * and when it was; whom it is about is a person's number, or, of somebody whom we do not know, a sealed address that goes
 * with the answer. Days are numbers since 1970-01-01 (store/daily.h).
 *
 * Erasing a person takes note and address of that person's rows (dsar_forget(), called by store/erasure.c); what is
 * left says that a request was answered in time. Rows go some time after the answer (dsar_purge()).
 * Sources: GDPR Art. 5(2), 12(3), 12(4).
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define DSAR_NOTE_MAX_BYTES 2000
#define DSAR_WAY_BYTES 16

enum dsar_right {
	DSAR_ACCESS = 1, /* Art. 15, 20 */
	DSAR_RECTIFY,    /* Art. 16 */
	DSAR_ERASE,      /* Art. 17 */
	DSAR_RESTRICT,   /* Art. 18 */
	DSAR_OBJECT,     /* Art. 21 */
	DSAR_WITHDRAW,   /* Art. 7(3) */
	DSAR_OTHER,
	DSAR_RIGHT__MAX
};
const char *dsar_right_name(enum dsar_right r);
/* DSAR_RIGHT__MAX: unknown. */
enum dsar_right dsar_right_from_name(struct slice name);

enum dsar_state { DSAR_OPEN, DSAR_ANSWERED, DSAR_REFUSED, DSAR_STATE__MAX };
const char *dsar_state_name(enum dsar_state s);

struct dsar {
	int64_t id;
	int64_t person_id; /* 0: nobody whom we know */
	enum dsar_right right;
	enum dsar_state state;
	char way[DSAR_WAY_BYTES];
	int64_t received_day, due_day;
	int64_t extended_day; /* 0: not extended */
	int64_t settled_ms;   /* 0: open */
};

/* state, received_day, due_day, settled_ms, right, way and person_id of n count. address: empty where there is a person. */
enum err dsar_add(struct db *db, const struct dsar *n, struct slice address, int64_t *id, struct errinfo *ei);
/* address and note are appended where they are there; each may be NULL. E_NOT_FOUND. */
enum err dsar_get(struct db *db, int64_t id, struct dsar *out, struct buf *address, struct buf *note, struct errinfo *ei);
/* Open ones by their due day, then the newest settled ones, together at most limit. cb returns false to stop. */
enum err dsar_each(struct db *db, unsigned limit, bool (*cb)(const struct dsar *d, void *arg), void *arg,
    struct errinfo *ei);
/* An open one is answered or refused; the address goes. note may be empty. E_NOT_FOUND; E_CONFLICT: not open. */
enum err dsar_settle(struct db *db, int64_t id, enum dsar_state to, struct slice note, int64_t now_ms,
    struct errinfo *ei);
/* All open ones of a person about a right are answered. */
enum err dsar_settle_person(struct db *db, int64_t person_id, enum dsar_right right, int64_t now_ms, int64_t *settled,
    struct errinfo *ei);
/* E_NOT_FOUND; E_CONFLICT: not open, or extended before. */
enum err dsar_extend(struct db *db, int64_t id, int64_t due_day, int64_t today, struct slice note, struct errinfo *ei);
/* Notes and addresses of a person's rows go. */
enum err dsar_forget(struct db *db, int64_t person_id, struct errinfo *ei);
/* Rows settled before before_ms. */
enum err dsar_purge(struct db *db, int64_t before_ms, struct errinfo *ei);

struct dsar_counts {
	int64_t open, overdue;
	int64_t next_due_day; /* of the open ones; 0: none */
};
/* overdue: due before today. */
enum err dsar_counts(struct db *db, int64_t today, struct dsar_counts *out, struct errinfo *ei);

#endif
