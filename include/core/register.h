#ifndef JAWORT_CORE_REGISTER_H
#define JAWORT_CORE_REGISTER_H
/*
 * register: requests about rights with their term (GDPR Art. 12(3)): a month from receipt, two months more with a reason
 * that the person is told within the first. What came by letter, phone or mail is put down (register_add); acts of
 * core/rights.h answer what waits for them, and are put down themselves as answered at once.
 *
 * The term ends on the day of the same number of the next month, or its last day (Regulation 1182/71, Art. 3(2)(c)). A
 * weekend or holiday would move it on; that is left out, so that the day named here is never too late.
 *
 * Days are numbers since 1970-01-01, by the site's clock. Threads: no state.
 */
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "core/site.h"
#include "store/db.h"
#include "store/dsar.h"
#include "store/event.h"

#define REGISTER_MONTHS 1
#define REGISTER_MONTHS_EXTENDED 3
#define REGISTER_DAY_BYTES sizeof("2026-11-21")

/* The day of a time, in the site's zone. */
int64_t register_day(const struct conf_site *c, int64_t ms);
/* So many months later. */
int64_t register_term(int64_t day, int months);
/* "2026-11-21". Returns dst. */
char *register_day_text(int64_t day, char dst[static REGISTER_DAY_BYTES]);

/*
 * Puts down a request that came otherwise. person_id 0: nobody here has the address, which is kept until the answer.
 * E_INVALID: received_day lies in the future, or more than a year back.
 */
enum err register_add(struct db *db, const struct site *s, int64_t person_id, struct slice address,
    enum dsar_right right, struct slice way, int64_t received_day, struct dsar *out, struct errinfo *ei);
/* Two months more. E_CONFLICT: also when the first month is over: the person had to be told before (sentence 3). */
enum err register_extend(struct db *db, const struct site *s, int64_t id, struct slice reason, struct dsar *out,
    struct errinfo *ei);
/*
 * An act of core/rights.h, within its transaction: answers what waits for it. If nothing does and the person asked for it
 * (way is not that of the owner's own decision), it is put down as answered at once. Kinds that are no right: nothing.
 */
enum err register_act(struct db *db, const struct site *s, int64_t person_id, enum event_kind kind, const char *way,
    bool asked, int64_t now_ms, struct errinfo *ei);

#endif
