#include "web/bare_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "core/embed.h"
#include "text/tpl.h"
#include "text/view.h"
#include "web/lang.h"

#define BARE_TPL "page/bare.html"
#define BARE_CSS "css/page/bare.css"

static const char *const tags[] = {"de", "en"};
#define TAGS (sizeof(tags) / sizeof(tags[0]))

struct bare {
	struct phrases *words[TAGS];
	struct tpl_set *tpl;
	struct slice css;
	char csp[256];
};

static const struct bare_row {
	unsigned status;
	const char *title_key, *text_key;
} rows[] = {
    {400, "page.bare.bytes.title", "page.bare.bytes.text"},
    {404, "page.bare.notfound.title", "page.bare.notfound.text"},
    {405, "page.bare.method.title", "page.bare.method.text"},
    {413, "page.bare.large.title", "page.bare.large.text"},
    {414, "page.bare.large.title", "page.bare.large.text"},
    {431, "page.bare.large.title", "page.bare.large.text"},
    {429, "page.bare.busy.title", "page.bare.busy.text"},
    {503, "page.bare.down.title", "page.bare.down.text"},
    {0, "page.bare.down.title", "page.bare.down.text"},
};

static enum err add_words(struct bare *b, size_t i, struct errinfo *ei)
{
	const struct embedded_file *f = embed_find(i == 0 ? "de/web.txt" : "en/web.txt");

	b->words[i] = phrases_new(tags[i]);
	if (!b->words[i] || !f)
		return err_set(ei, E_NOMEM, "words of %s", tags[i]);
	return phrases_load_shipped(b->words[i], f->name, slice_make(f->data, f->len), ei);
}

static void bare_csp(struct bare *b)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	struct buf out;

	crypt_sha256(hash, b->css.ptr, b->css.len);
	buf_init(&out, sizeof(b->csp) - 1);
	buf_add_str(&out, "default-src 'none'; style-src 'sha256-");
	enc_b64_add(&out, hash, sizeof(hash));
	buf_add_str(&out, "'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
	slice_copy(buf_slice(&out), b->csp, sizeof(b->csp));
	buf_free(&out);
}

enum err bare_new(struct bare **out, struct errinfo *ei)
{
	const struct embedded_file *tpl = embed_find(BARE_TPL), *css = embed_find(BARE_CSS);
	struct bare *b = calloc(1, sizeof(*b));
	enum err rc = OK;

	*out = NULL;
	if (!b || !tpl)
		return err_set(ei, E_NOMEM, "%s", BARE_TPL);
	for (size_t i = 0; !rc && i < TAGS; i++)
		rc = add_words(b, i, ei);
	b->tpl = rc ? NULL : tpl_set_new();
	if (!rc && !b->tpl)
		rc = err_set(ei, E_NOMEM, "%s", BARE_TPL);
	if (!rc)
		rc = tpl_set_add(b->tpl, tpl->name, slice_make(tpl->data, tpl->len), ei);
	if (!rc)
		rc = tpl_set_compile(b->tpl, (const struct phrases *const *)b->words, TAGS, NULL, 0, ei);
	if (rc) {
		bare_free(b);
		return rc;
	}
	b->css = css ? slice_make(css->data, css->len) : SLICE("");
	bare_csp(b);
	*out = b;
	return OK;
}

void bare_free(struct bare *b)
{
	if (!b)
		return;
	tpl_set_free(b->tpl);
	for (size_t i = 0; i < TAGS; i++)
		phrases_free(b->words[i]);
	free(b);
}

static const struct bare_row *row_of(unsigned status)
{
	const struct bare_row *r = rows;

	while (r->status && r->status != status)
		r++;
	return r;
}

void bare_send(const struct bare *b, const struct request *req, unsigned status, struct response *res)
{
	const char *lang = lang_pick(req->accept_language, tags, TAGS);
	const struct phrases *words = b->words[lang == tags[0] ? 0 : 1];
	const struct bare_row *row = row_of(status);
	struct errinfo ei = {.code = OK};
	struct view *v = view_new(res->arena);

	view_cstr(v, "lang", lang);
	view_html_kept(v, "css", b->css);
	view_cstr(v, "title_key", row->title_key);
	view_cstr(v, "text_key", row->text_key);
	view_cstr(v, "request_id", req->id);
	res->status = status;
	res->content_type = "text/html; charset=utf-8";
	response_header_cstr(res, "Content-Language", lang);
	response_header_cstr(res, "Content-Security-Policy", b->csp);
	response_header_cstr(res, "X-Content-Type-Options", "nosniff");
	response_header_cstr(res, "Referrer-Policy", "no-referrer");
	response_header_cstr(res, "Cache-Control", "no-store");
	response_header_cstr(res, "X-Robots-Tag", "noindex, nofollow");
	if (status == 503)
		response_header_cstr(res, "Retry-After", "60");
	buf_reset(&res->body);
	if (!view_ok(v) || tpl_render(b->tpl, BARE_TPL, words, v, &res->body, &ei) != OK)
		response_plain(res, status, req->id);
}
