#ifndef JAWORT_SCAN_PAGE_PRIV_H
#define JAWORT_SCAN_PAGE_PRIV_H
/* What the readers of HTML, style sheets and scripts share. */
#include "scan/page.h"

struct page_place {
	unsigned line, column;
};
/* Tells of a URL; data:, javascript: and empty ones are nobody's business. */
void page_tell(struct page *p, enum page_way way, struct slice url, struct page_place at);
/* Tells of a value that is no URL, as it stands. */
void page_value(struct page *p, enum page_way way, struct slice value, struct page_place at);
/* Tells of something without URL. */
void page_note(struct page *p, enum page_way way, struct page_place at);

#endif
