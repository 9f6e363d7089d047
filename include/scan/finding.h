#ifndef JAWORT_SCAN_FINDING_H
#define JAWORT_SCAN_FINDING_H
/*
 * finding: what a website shows against what its configuration says of it,
 * hence its notice. Each finding has a place: in the website for what the
 * notice lacks, in the site file for what it declares without need.
 */
#include "base/arena.h"
#include "conf/conf.h"
#include "scan/tree.h"

enum finding_kind {
	FINDING_AT_ONCE,   /* content of others loads before any click */
	FINDING_EMBED,     /* content on a click that the notice does not name */
	FINDING_FONTS, FINDING_FILES, /* files from another firm */
	FINDING_STATISTICS,
	FINDING_CONSENT,   /* advertising, tag managers, captchas, chats, comments: no row covers them */
	FINDING_FORM,      /* a form is sent to another firm */
	FINDING_UNKNOWN,   /* a host that no table knows */
	FINDING_NETWORK,   /* plain link to a social network */
	FINDING_MAIL, FINDING_PHONE, FINDING_CONTACT, /* ways to get in touch */
	FINDING_STORE,     /* a script keeps something on the device */
	FINDING_UNREAD,
	FINDING_NEEDLESS_MAIL, FINDING_NEEDLESS_PHONE, FINDING_NEEDLESS_CONTACT, FINDING_NEEDLESS_EMBED,
	FINDING_NEEDLESS_FILES, FINDING_NEEDLESS_STATISTICS, FINDING_NEEDLESS_NETWORK,
	FINDING__MAX
};
struct finding {
	enum finding_kind kind;
	const struct tree_entry *entry; /* what was seen; NULL: nothing was */
	const char *name;   /* host, key or file that it is about */
	const char *file;   /* place */
	unsigned line, column;
};
struct findings {
	struct finding *v;
	size_t n, room;
};
/* "lacks" or "needless", "at-once", row of the notice, text with what to do; lang "de", else English. */
const char *finding_word(enum finding_kind k);
const char *finding_row(enum finding_kind k);
bool finding_needless(enum finding_kind k);
const char *finding_text(enum finding_kind k, const char *lang);

/* In the order of the table above, then of the files. false: no memory. */
bool findings_make(struct findings *f, struct arena *a, const struct tree *t, const struct conf_site *c);

#endif
