#ifndef JAWORT_CORE_TEXTS_H
#define JAWORT_CORE_TEXTS_H
/*
 * texts: stores everything a site can show before it shows it: configuration
 * (without secrets), consent wordings, form pages, confirmation mails and the
 * notice of each language. Done by "config apply", at start and at reload,
 * in one transaction; never by a GET. Content-addressed, so a second run
 * changes nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "core/site.h"
#include "store/db.h"
#include "store/notice.h"

struct texts_report {
	unsigned stored;   /* new texts */
	unsigned notices;  /* new versions of the notice */
	unsigned total;
};

/* dry: renders and counts, writes nothing. */
enum err texts_apply(const struct site *s, struct store *st, bool dry, struct texts_report *out, struct errinfo *ei);

#endif
