#include "core/notice_priv.h"

#include <string.h>

#define PAGE "page/notice.html"
#define BODY "page/notice_fragment.html"

enum err notice_body(const struct site *s, struct arena *a, const char *lang, struct buf *out,
    struct errinfo *ei)
{
	struct notice_doc d;
	enum err rc = notice_doc_make(&d, s, a, lang, NULL, ei);

	return rc ? rc : site_render(s, BODY, lang, d.root, out, ei);
}

enum err notice_page(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei)
{
	struct notice_doc d;
	enum err rc = notice_doc_make(&d, s, a, lang, stamp, ei);

	if (rc)
		return rc;
	site_view_page(s, d.root, PAGE, lang, "/n");
	return site_render(s, PAGE, lang, d.root, out, ei);
}
