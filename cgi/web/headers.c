#include "web/headers_priv.h"

#include <string.h>

#include "text/url.h"
#include "web/page_priv.h"

#define CSP_MAX_BYTES 4096

static const struct class_row {
	const char *cache;
	const char *referrer;
	const char *vary;
	bool index;      /* search engines may keep it */
	bool form;       /* posts to itself and may be sent on to "next" */
	bool everywhere; /* readable by scripts of any site */
	bool framed;     /* the owner's pages may show it in a frame; runs jawort.js */
} rows[PAGE_CLASS__MAX] = {
    [PAGE_PUBLIC] = {"public, max-age=60", "strict-origin-when-cross-origin", "Accept-Language, Accept, Origin",
        true, true, false, false},
    [PAGE_NOTICE] = {"public, max-age=60", "strict-origin-when-cross-origin", "Accept-Language", true, false, true,
        false},
    [PAGE_TOKEN] = {"no-store", "no-referrer", NULL, false, true, false, false},
    [PAGE_ASSET] = {"public, max-age=86400", "strict-origin-when-cross-origin", NULL, true, false, true, false},
    [PAGE_DATA] = {"no-cache", "no-referrer", NULL, false, false, true, false},
    [PAGE_FRAME] = {"public, max-age=60", "strict-origin-when-cross-origin", "Accept-Language", false, true, false,
        true},
};

/* Times that people say. From the last one on whole days. */
static const struct conf_duration waits[] = {
    {60, 1, 'm'}, {120, 2, 'm'}, {180, 3, 'm'}, {300, 5, 'm'}, {600, 10, 'm'}, {900, 15, 'm'}, {1200, 20, 'm'},
    {1800, 30, 'm'}, {2700, 45, 'm'}, {3600, 1, 'h'}, {5400, 90, 'm'}, {7200, 2, 'h'}, {10800, 3, 'h'},
    {14400, 4, 'h'}, {21600, 6, 'h'}, {28800, 8, 'h'}, {43200, 12, 'h'}, {64800, 18, 'h'}, {86400, 24, 'h'},
};

struct slice headers_retry_words(struct page *p, int64_t seconds)
{
	const int64_t day_s = 86400;
	struct conf_duration days = {.seconds = seconds, .n = (int)((seconds + day_s - 1) / day_s), .unit = 'd'};

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (seconds <= waits[i].seconds)
			return site_duration(p->arena, waits[i], p->lang);
	return site_duration(p->arena, days, p->lang);
}

void headers_retry_after(struct page *p, int64_t seconds)
{
	struct buf b;

	buf_init_arena(&b, p->arena, 32);
	buf_add_i64(&b, seconds);
	response_header_set(p->res, "Retry-After", buf_slice(&b));
}

/* A form's answer may lead to "next": browsers apply form-action to the redirect as well. */
static void csp_form_action(struct page *p, struct buf *csp)
{
	const struct conf_site *c = site_conf(p->site);
	struct url u;

	buf_add_str(csp, "; form-action 'self'");
	for (size_t f = 0; p->class != PAGE_TOKEN && f < c->nforms; f++)
		for (size_t i = 0; i < c->forms[f].next.n; i++) {
			if (!url_parse(slice_from(c->forms[f].next.v[i]), &u))
				continue;
			buf_add_char(csp, ' ');
			url_add_origin(csp, &u);
		}
}

/* The form in a frame posts by its own script; only the owner's pages may be around it. */
static void csp_frame(struct page *p, struct buf *csp)
{
	const struct conf_site *c = site_conf(p->site);
	struct url u;

	buf_printf(csp, "; script-src %s/jawort.js; connect-src 'self'; base-uri 'none'; frame-ancestors 'self'",
	    c->base_url);
	for (size_t i = 0; i < c->origins.n; i++) {
		if (!url_parse(slice_from(c->origins.v[i]), &u))
			continue;
		buf_add_char(csp, ' ');
		url_add_origin(csp, &u);
	}
}

/* Only pages of listed origins may read what a form answers, and never with credentials. */
static void share(struct page *p)
{
	if (!p->shared || !p->site || !p->req->origin.len || gate_origin(p->site, p->req->origin) != GATE_ORIGIN_OWN)
		return;
	response_header_set(p->res, "Access-Control-Allow-Origin", p->req->origin);
	response_header_set(p->res, "Access-Control-Expose-Headers", SLICE("Retry-After"));
	response_header_set(p->res, "Cross-Origin-Resource-Policy", SLICE("cross-origin"));
	if (!response_header_get(p->res, "Vary").len)
		response_header_set(p->res, "Vary", SLICE("Origin"));
}

static void csp_add(struct page *p, const struct class_row *row, const char *tpl)
{
	struct buf csp;

	buf_init_arena(&csp, p->arena, CSP_MAX_BYTES);
	buf_add_str(&csp, "default-src 'none'");
	if (tpl && p->site)
		buf_printf(&csp, "; style-src %s", site_style_src(p->site, tpl));
	if (row->form && p->site)
		csp_form_action(p, &csp);
	else
		buf_add_str(&csp, "; form-action 'none'");
	if (row->framed && p->site)
		csp_frame(p, &csp);
	else
		buf_add_str(&csp, "; base-uri 'none'; frame-ancestors 'none'");
	response_header_set(p->res, "Content-Security-Policy", buf_slice(&csp));
}

void headers_class(struct page *p, const char *tpl)
{
	const struct class_row *row = &rows[p->class];

	response_header_set(p->res, "Cache-Control", slice_from(row->cache));
	response_header_set(p->res, "Referrer-Policy", slice_from(row->referrer));
	response_header_set(p->res, "X-Content-Type-Options", SLICE("nosniff"));
	response_header_set(p->res, "Cross-Origin-Opener-Policy", SLICE("same-origin"));
	response_header_set(p->res, "Cross-Origin-Resource-Policy",
	    row->everywhere ? SLICE("cross-origin") : SLICE("same-site"));
	response_header_set(p->res, "Permissions-Policy", SLICE("camera=(), geolocation=(), microphone=()"));
	if (row->vary)
		response_header_set(p->res, "Vary", slice_from(row->vary));
	if (!row->index)
		response_header_set(p->res, "X-Robots-Tag", SLICE("noindex, nofollow"));
	if (row->everywhere)
		response_header_set(p->res, "Access-Control-Allow-Origin", SLICE("*"));
	share(p);
	csp_add(p, row, tpl);
}
