#include "web/page_priv.h"

#include "core/notice.h"

static const struct generation_notice *notice_of(struct page *p)
{
	return generation_notice(p->gs, p->lang);
}

/* ETag of every format is the notice's hash. */
static bool notice_unchanged(struct page *p, const struct generation_notice *n, char format)
{
	struct buf b;

	buf_init_arena(&b, p->arena, 64);
	buf_printf(&b, "\"%.16s%c\"", n->hash_hex, format);
	return page_etag(p, buf_slice(&b));
}

void page_notice_get(struct page *p)
{
	const struct generation_notice *n = notice_of(p);

	if (!page_etag(p, slice_from(n->page.etag)))
		page_send_html(p, 200, "page/notice.html", n->page.body);
}

void page_notice_part_get(struct page *p)
{
	const struct generation_notice *n = notice_of(p);

	if (!notice_unchanged(p, n, 'h'))
		page_send_html(p, 200, NULL, n->part.body);
}

static void notice_rendered(struct page *p, const char *type, char format,
    enum err (*render)(const struct site *, struct arena *, const char *, const struct notice_stamp *,
        struct buf *, struct errinfo *))
{
	const struct generation_notice *n = notice_of(p);
	const struct notice_stamp stamp = {.no = n->no, .hash_hex = n->hash_hex, .valid_from_ms = n->valid_from_ms};
	struct errinfo ei = {.code = OK};

	if (notice_unchanged(p, n, format))
		return;
	page_head(p, 200, type, NULL);
	response_header_cstr(p->res, "Content-Language", p->lang);
	if (render(p->site, p->arena, p->lang, &stamp, &p->res->body, &ei) != OK)
		page_failed(p, ei.code, &ei);
}

void page_notice_text_get(struct page *p)
{
	notice_rendered(p, "text/plain; charset=utf-8", 't', notice_text);
}

void page_notice_json_get(struct page *p)
{
	notice_rendered(p, "application/json; charset=utf-8", 'j', notice_json);
}
