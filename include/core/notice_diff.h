#ifndef JAWORT_CORE_NOTICE_DIFF_H
#define JAWORT_CORE_NOTICE_DIFF_H
/*
 * notice_diff: what changed between two versions of the notice, as people read
 * it: block by block (heading, paragraph, item, row of the table), and within a
 * changed block word by word. Made from the stored HTML, so that any two
 * versions can be compared, also those that older programs made.
 *
 * Section numbers are no change. A block that only moved is gone and new.
 * Where more than NOTICE_DIFF_CELLS comparisons would be needed, what lies
 * between is gone and new as a whole: correct, only longer.
 * Memory is the arena's (some MiB: give it one of its own). Threads: no state.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define NOTICE_DIFF_CELLS 400000u

enum notice_diff_kind { NOTICE_DIFF_GONE, NOTICE_DIFF_NEW, NOTICE_DIFF_CHANGED, NOTICE_DIFF_KIND__MAX };

/* A run of words of a changed block. */
struct notice_diff_part {
	bool changed;
	struct slice text; /* with the space in front of it */
	struct notice_diff_part *next;
};

struct notice_diff_item {
	enum notice_diff_kind kind;
	struct slice section; /* heading above it, without its number; empty before the first */
	struct notice_diff_part *before; /* NULL where it is new */
	struct notice_diff_part *after;  /* NULL where it is gone */
	struct notice_diff_item *next;
};

struct notice_diff {
	struct notice_diff_item *first; /* NULL: no difference that people can read */
	size_t n;
};

/* E_LIMIT, E_NOMEM as blocks_read() (text/block.h). */
enum err notice_diff_make(struct notice_diff *out, struct arena *a, struct slice before, struct slice after,
    struct errinfo *ei);

#endif
