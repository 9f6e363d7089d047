#ifndef JAWORT_CORE_HELD_H
#define JAWORT_CORE_HELD_H
/*
 * held: what is held about a person (core/rights.h), in the words of a language. It fills the views of the page behind a
 * link (/my/TOKEN) and makes the page to read and to print, so that both say the same.
 *
 * Sources: GDPR Art. 12(1) (plain language), 15(1)(a)-(g), (3).
 * Threads: no state. Reads only; all memory is the arena's.
 */
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/rights.h"
#include "core/site.h"
#include "text/view.h"

struct held {
	const struct site *site;
	struct arena *a;
	const char *lang; /* one of the site's */
};

/* `purposes`: each with the wording agreed to and its state; `has_purposes`, `lists`. Returns how many are active. */
size_t held_purposes(const struct held *h, struct view *v, const struct rights_person *who);
/* `held`: rows of label and value. */
void held_details(const struct held *h, struct view *v, const struct rights_person *who);
/* `untils`: what goes when. */
void held_untils(const struct held *h, struct view *v, const struct rights_person *who);
/*
 * `history`: events, and mails with what became of them, the latest first; at most max, and then `more`. full: each
 * with all that is kept of it (`details`: address of the network, page, what was typed, the mail service's number).
 */
void held_history(const struct held *h, struct view *v, const struct rights_person *who, size_t max, bool full);
/* `notes`: what is out of the ordinary; with the values that their words name. */
void held_notes(const struct held *h, struct view *v, const struct rights_person *who);
/* "Vorname"; the name itself where no words know it. */
struct slice held_label(const struct held *h, struct slice field, const struct view *v);
/* Names of those who process data for the site, comma list; empty: nobody. GDPR Art. 15(1)(c), C-154/21. */
struct slice held_recipients(const struct held *h);

/* The template of held_page(): for the headers that name its style sheet. */
#define HELD_PAGE "page/my_file.html"
/* Appends a page with all of it. back: where the reader came from; empty: nowhere. E_LIMIT: out is full; E_NOMEM. */
enum err held_page(const struct held *h, const struct rights_person *who, struct slice back, int64_t now_ms,
    struct buf *out, struct errinfo *ei);

#endif
