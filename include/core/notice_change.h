#ifndef JAWORT_CORE_NOTICE_CHANGE_H
#define JAWORT_CORE_NOTICE_CHANGE_H
/*
 * notice_change: what a changed configuration means for the people who are on
 * the list: nothing but a new version, a message before it takes effect, or a
 * new consent. One table, by key (conf/key.h).
 *
 * Sources: GDPR Art. 13(3) (another purpose: tell first), Art. 4(11) and 7
 * (consent is to what was said then); WP260 rev.01 no. 29 to 31 (material
 * changes need a message of their own; "please look here" is not enough);
 * EDPB Guidelines 05/2020 no. 110.
 * Threads: no state.
 */
#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "conf/conf.h"

enum notice_duty { NOTICE_DUTY_NONE, NOTICE_DUTY_TELL, NOTICE_DUTY_CONSENT, NOTICE_DUTY__MAX };

struct notice_change {
	struct slice path;
	struct slice before, after; /* ptr NULL: it was not there, it is gone */
	const char *rows;           /* "N17 N20"; "" if the notice does not say it */
	enum notice_duty duty;
	const char *why;            /* one sentence in English; "" without a duty */
	struct notice_change *next;
};

/* What a key means when its value changes; added: it was not there before. why is never NULL. */
enum notice_duty notice_duty_of(const char *path, bool added, const char **why);

/*
 * Both are conf_canonical() texts (conf/show.h). Keys in the order of their names; only keys that
 * differ. NULL: none, or no memory (ask arena_ok()). Slices lie in the texts.
 */
struct notice_change *notice_changes(struct arena *a, struct slice before, struct slice after);

#endif
