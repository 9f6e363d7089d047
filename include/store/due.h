#ifndef JAWORT_STORE_DUE_H
#define JAWORT_STORE_DUE_H
/*
 * due: how many rows a sweep would take away now, for `purge -n`. Reads, and may read a whole table: not for visitors.
 * And the columns that there are, for whoever keeps a list of them.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "store/db.h"

enum due_what {
	DUE_IPS,    /* events with an IP part from before */
	DUE_MAILS,  /* settled mails from before */
	DUE_BLOCKS, /* blocks that ended before */
	DUE_COUNTS, /* days before: a day's number, not a time */
	DUE_HOOKS,  /* reports worked on that came in before */
	DUE_DSAR,   /* requests about rights, answered before */
	DUE__MAX
};
enum err due_count(struct db *db, enum due_what what, int64_t before, int64_t *n, struct errinfo *ei);
/* Every column of every table but SQLite's own, by table. */
enum err due_columns(struct db *db, void (*cb)(const char *table, const char *column, void *arg), void *arg,
    struct errinfo *ei);

#endif
