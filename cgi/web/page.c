#include "web/page_priv.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/log.h"
#include "text/jsonw.h"
#include "text/url.h"
#include "web/headers_priv.h"

void page_head(struct page *p, unsigned status, const char *type, const char *tpl)
{
	p->res->status = status;
	p->res->content_type = type;
	headers_class(p, tpl);
}

void page_send_html(struct page *p, unsigned status, const char *tpl, struct slice html)
{
	page_head(p, status, "text/html; charset=utf-8", tpl);
	response_header_cstr(p->res, "Content-Language", p->lang);
	buf_add_slice(&p->res->body, html);
}

struct view *page_view(struct page *p, const char *tpl, const char *path)
{
	struct view *v = site_view(p->site, p->arena, p->lang);

	site_view_page(p->site, v, tpl, p->lang, path);
	return v;
}

void page_send(struct page *p, unsigned status, const char *tpl, struct view *v)
{
	struct errinfo ei = {.code = OK};
	bool memory;

	page_head(p, status, "text/html; charset=utf-8", tpl);
	response_header_cstr(p->res, "Content-Language", p->lang);
	if (site_render(p->site, tpl, p->lang, v, &p->res->body, &ei) == OK)
		return;
	log_err(LOG_ERROR, "render", &ei);
	/* once compiled, a template fails by memory, or by a defect of ours */
	memory = ei.code == E_NOMEM || ei.code == E_LIMIT || !arena_ok(p->arena) || !buf_ok(&p->res->body);
	response_plain(p->res, memory ? 503 : 500, p->req->id);
}

struct slice page_key(struct page *p, const char *head, const char *tail)
{
	struct buf b;

	buf_init_arena(&b, p->arena, 256);
	buf_add_str(&b, head);
	buf_add_str(&b, tail);
	return buf_slice(&b);
}

static void error_json(struct page *p, unsigned status, const struct view *v, struct slice title_key,
    struct slice text_key)
{
	struct jsonw w;

	page_head(p, status, "application/json; charset=utf-8", NULL);
	response_header_cstr(p->res, "Content-Language", p->lang);
	jsonw_init(&w, &p->res->body);
	jsonw_object(&w);
	jsonw_kcstr(&w, "state", status == 429 ? "busy" : status == 503 ? "down" : "error");
	jsonw_kstr(&w, "title", site_say(p->site, p->lang, title_key.ptr, v));
	jsonw_kstr(&w, "text", site_say(p->site, p->lang, text_key.ptr, v));
	jsonw_key(&w, "errors");
	jsonw_object(&w);
	jsonw_end_object(&w);
	jsonw_kcstr(&w, "request", p->req->id);
	jsonw_end_object(&w);
}

bool page_fault_may_be_ours(unsigned status)
{
	return status >= 500 || status == 400 || status == 405 || status == 413 || status == 415;
}

void page_error(struct page *p, unsigned status, const char *key)
{
	page_retry(p, status, key, HEADERS_RETRY_AFTER_S);
}

void page_retry(struct page *p, unsigned status, const char *key, int64_t seconds)
{
	struct view *v = page_view(p, "page/error.html", NULL);
	struct slice title = page_key(p, key, ".title"), text = page_key(p, key, ".text");

	view_text(v, "title_key", title);
	view_text(v, "text_key", text);
	view_text(v, "retry_after", headers_retry_words(p, seconds));
	if (page_fault_may_be_ours(status))
		view_cstr(v, "request_id", p->req->id);
	/* of whatever class the page would have been: no cache may keep that something went wrong */
	p->class = PAGE_TOKEN;
	buf_reset(&p->res->body);
	if (page_wants_json(p))
		error_json(p, status, v, title, text);
	else
		page_send(p, status, "page/error.html", v);
	if (status == 503 || status == 429)
		headers_retry_after(p, seconds);
}

void page_failed_log(struct page *p, enum err rc, const struct errinfo *ei)
{
	log_event(LOG_ERROR, "request_failed", LOG_S("site", site_conf(p->site)->id), LOG_S("id", p->req->id),
	    LOG_S("code", err_name(rc)), LOG_S("why", ei->text), LOG_S("file", ei->file), LOG_I("line", ei->line));
}

void page_failed(struct page *p, enum err rc, const struct errinfo *ei)
{
	page_failed_log(p, rc, ei);
	page_error(p, 503, "page.down");
}

bool page_etag(struct page *p, struct slice etag)
{
	struct slice rest = p->req->if_none_match, one;

	response_header(p->res, "ETag", etag);
	while (rest.ptr && slice_split(&rest, ',', &one)) {
		one = slice_trim(one);
		if (slice_starts(one, SLICE("W/")))
			one = slice_sub(one, 2, one.len);
		if (slice_eq(one, etag) || slice_eq(one, SLICE("*"))) {
			p->res->status = 304;
			headers_class(p, NULL);
			return true;
		}
	}
	return false;
}

void page_etag_body(struct page *p)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(8)];
	struct buf etag;

	crypt_sha256(hash, p->res->body.data, p->res->body.len);
	buf_init_arena(&etag, p->arena, 64);
	buf_printf(&etag, "\"%s\"", enc_hex(hash, 8, hex));
	if (page_etag(p, buf_slice(&etag)))
		buf_reset(&p->res->body);
}

static void wait_done(struct writer_job *job)
{
	struct page_wait *w = (struct page_wait *)job;

	w->page->req->parking->resume(w->page->req);
}

/* False: it has to be waited for in this thread. */
static bool page_park(struct page *p, struct page_wait *w)
{
	if (!w || !p->parked || !p->req->parking || !p->req->parking->park(p->req))
		return false;
	p->req->parked = w;
	*p->parked = true;
	p->parked = NULL;
	return true;
}

void page_write(struct page *p, enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *run_arg,
    void (*answer)(struct page *p, void *arg, enum err rc, struct errinfo *ei), void *arg)
{
	page_write_slow(p, run, run_arg, answer, NULL, arg);
}

void page_write_slow(struct page *p, enum err (*run)(struct db *db, void *arg, struct errinfo *ei), void *run_arg,
    void (*answer)(struct page *p, void *arg, enum err rc, struct errinfo *ei), bool (*slow)(const void *arg), void *arg)
{
	struct page_wait *w = arena_alloc(p->arena, sizeof(*w));
	struct errinfo ei = {.code = OK};

	if (!page_park(p, w)) {
		enum err rc = writer_run(p->writers, p->store, run, run_arg, &ei);
		answer(p, arg, rc, &ei);
		return;
	}
	*w = (struct page_wait){.job = {.run = run, .arg = run_arg, .done = wait_done}, .page = p, .answer = answer,
	    .slow = slow, .arg = arg};
	/* once it is handed over, this thread must not look at any of it again */
	enum err rc = writer_submit(p->writers, p->store, &w->job, &ei);
	if (rc) {
		w->job.result = rc;
		w->job.ei = ei;
		p->req->parking->resume(p->req);
	}
}

bool page_form(struct page *p, struct form *out)
{
	struct errinfo ei = {.code = OK};
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (p->req->content_encoding.len && !slice_ieq(p->req->content_encoding, SLICE("identity"))) {
		page_error(p, 415, "page.format");
		return false;
	}
	if (request_type_is(p->req, "application/x-www-form-urlencoded") || !p->req->body.len)
		rc = form_parse(p->arena, p->req->body, out, &ei);
	else if (request_type_is(p->req, "multipart/form-data"))
		rc = form_parse_multipart(p->arena, p->req->body, p->req->content_type, out, &ei);
	else {
		page_error(p, 415, "page.format");
		return false;
	}
	if (rc == OK)
		return true;
	if (rc == E_NOMEM)
		page_failed(p, rc, &ei);
	else
		page_error(p, rc == E_LIMIT ? 413 : 400, rc == E_LIMIT ? "page.large" : "page.bytes");
	return false;
}

bool page_wants_json(const struct page *p)
{
	unsigned json = request_accepts(p->req, "application/json");

	return p->req->accept.len && json > request_accepts(p->req, "text/html");
}
