#ifndef JAWORT_CORE_SHEET_H
#define JAWORT_CORE_SHEET_H
/*
 * sheet: the evidence about one person as a page to be printed: what was shown, ticked, sent and confirmed, what came
 * after, what has been erased since, the proofs, and what all that does not prove. And the single texts as they were,
 * byte for byte: form page, mail, notice.
 *
 * Everything comes from the log and the text store; nothing is rendered with today's templates but the sheet itself.
 * The page is self-contained: no script, no address that is loaded. What visitors typed stands in it escaped and cut
 * off from the direction of the text around it. Tokens in links are masked (mail/sent.h).
 *
 * Sources: BGH I ZR 164/09 nos. 31-40 (complete record per recipient, printable); GDPR Art. 5(2), 7(1); EDPB
 * Guidelines 05/2020 no. 108.
 * Threads: no state. Reads only.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"
#include "store/db.h"

#define SHEET_MAX_BYTES (16u * 1024u * 1024u)
#define SHEET_ARENA_BYTES (128u * 1024u * 1024u)
/* More events of one person than this are not shown; the sheet fails instead of leaving some out. */
#define SHEET_EVENTS_MAX 10000

struct sheet_opts {
	const char *lang; /* "de" or "en" */
	int64_t now_ms;   /* when it was made */
};

/*
 * Appends the page. E_NOT_FOUND: no such person, or erased; E_INVALID: no words in that language, or a damaged event;
 * E_LIMIT: more than SHEET_EVENTS_MAX events, or out is full; E_NOMEM.
 */
enum err sheet_html(struct db *db, const struct site *s, struct arena *a, int64_t person_id, const struct sheet_opts *o,
    struct buf *out, struct errinfo *ei);

enum sheet_part { SHEET_FORM, SHEET_MAIL, SHEET_NOTICE, SHEET_PART__MAX };
/* "form", "mail", "notice". */
const char *sheet_part_name(enum sheet_part p);
/*
 * Appends one text as it was: the form page (HTML), the mail (RFC 5322, CR LF, tokens masked) or the notice (HTML) of
 * the event seq; 0: of the newest event of this person that has one. E_NOT_FOUND: there is none.
 */
enum err sheet_text(struct db *db, struct arena *a, int64_t person_id, int64_t seq, enum sheet_part part,
    struct buf *out, struct errinfo *ei);

#endif
