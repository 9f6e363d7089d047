#ifndef JAWORT_STORE_LOOK_H
#define JAWORT_STORE_LOOK_H
/*
 * look: looks through large databases beside the service.
 *
 * `PRAGMA quick_check` reads every page, and a database that has grown lies on the disk in the order of its growth: 5.6 GB
 * (a million people) on a cold disk are minutes, in which nobody could sign up, and after which a manager of services has
 * lost its patience. So store_open() looks through what is small before anybody uses it, and leaves a large data.db to a
 * thread of this room (store_opts.look_later). It reads table by table, each in a transaction of its own; one database at
 * a time, at the lowest priority that the system gives (a unit with `~@resources` gives none). While a table is read the
 * WAL is not begun anew. keys.db is never read beside: it has 40 bytes a person, in the order of the file, and an erasure,
 * which must leave an empty WAL behind, would wait for its reader.
 *
 * Source: sqlite.org/pragma.html#pragma_quick_check (with the name of a table), sqlite.org/c3ref/interrupt.html.
 */
#include "base/err.h"
#include "store/db.h"

struct look;

enum look_end {
	LOOK_WHOLE,
	LOOK_DAMAGED, /* ei says which file, and what */
	LOOK_UNKNOWN, /* it could not be looked through, and nothing is known of it; ei says why */
};
/* From the thread of the look, which holds nothing. who: as given to look_add(). Not when it is broken off. */
typedef void look_told(void *arg, void *who, enum look_end end, const struct errinfo *ei);

/* No thread yet: most hosts never need one. E_NOMEM. */
enum err look_new(struct look **out, look_told *told, void *arg, struct errinfo *ei);
/*
 * data.db of s comes last in the row. s may be closed at once; who must stay until look_free(). Any thread.
 * E_NOMEM: no memory or no thread, and nobody will look.
 */
enum err look_add(struct look *l, const struct store *s, void *who, struct errinfo *ei);
/* Until nothing is left in the row. For tests. */
void look_wait(struct look *l);
/* Breaks off within milliseconds. NULL is fine. */
void look_free(struct look *l);

#endif
