#include "web/page_priv.h"

#include "core/notice.h"
#include "core/version.h"

#define FRAME "page/notice_frame.html"

/* NULL: answered. */
static const struct generation_notice *notice_of(struct page *p)
{
	struct errinfo ei = {.code = OK};
	const struct generation_notice *n = generation_notice(p->live, p->lang, &ei);

	if (!n)
		page_failed(p, ei.code, &ei);
	return n;
}

/* Of the formats that are made when asked for: they hold the number of the version, and their look is the program's. */
static bool notice_unchanged(struct page *p, const struct generation_stamp *n, char format)
{
	struct buf b;

	buf_init_arena(&b, p->arena, 128);
	buf_printf(&b, "\"%s-%lld-%s%c\"", n->hash_hex, (long long)n->no, JAWORT_VERSION, format);
	return page_etag(p, buf_slice(&b));
}

/* The live body in a frame, for pages of the listed origins; links open in the whole window. */
static void notice_frame_get(struct page *p, const struct generation_notice *n)
{
	struct view *v;

	p->class = PAGE_FRAME;
	if (page_etag(p, slice_from(n->page_etag)))
		return;
	v = page_view(p, FRAME, NULL);
	view_url(v, "script_url", site_url(p->site, p->arena, "/jawort.js", ""));
	view_html(v, "body", n->part.body);
	page_send(p, 200, FRAME, v);
}

void page_notice_get(struct page *p)
{
	const struct generation_notice *n = notice_of(p);

	if (!n)
		return;
	if (request_query_get(p->req, "frame").ptr) {
		notice_frame_get(p, n);
		return;
	}
	if (!page_etag(p, slice_from(n->page_etag)))
		page_send_html(p, 200, "page/notice.html", n->page.body);
}

void page_notice_part_get(struct page *p)
{
	const struct generation_notice *n = notice_of(p);

	if (n && !page_etag(p, slice_from(n->part_etag)))
		page_send_html(p, 200, NULL, n->part.body);
}

static void notice_rendered(struct page *p, const char *type, char format,
    enum err (*render)(const struct site *, struct arena *, const char *, const struct notice_stamp *,
        struct buf *, struct errinfo *))
{
	const struct generation_stamp *n = generation_stamp(p->live, p->lang);
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

void page_notice_md_get(struct page *p)
{
	notice_rendered(p, "text/markdown; charset=utf-8", 'm', notice_markdown);
}

/* What /n.json keeps to (JSON Schema, draft 2020-12). */
void page_notice_schema_get(struct page *p)
{
	page_asset_send(p, "static/notice.schema.json", "application/schema+json");
}
