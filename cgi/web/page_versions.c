/* Earlier versions of the notice: the list, one of them with its stored bytes, the difference of two. */
#include "web/page_priv.h"

#include <string.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "core/notice.h"
#include "core/notice_diff.h"
#include "core/when.h"
#include "store/notice.h"
#include "store/text.h"

#define LIST "page/versions.html"
#define ONE "page/version.html"
#define DIFF "page/difference.html"
#define VERSIONS_A_PAGE 100
#define WORK_MAX_BYTES (16u * 1024u * 1024u)

/* One version with its neighbours in time, of the same language. */
struct version {
	struct notice_version v;
	int64_t until_ms;           /* when the next one came; 0: in force */
	struct notice_version past; /* the one before; no 0: it is the first */
};

static struct slice hash_url(struct page *p, const struct notice_version *v, const char *tail)
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct buf b;

	buf_init_arena(&b, p->arena, 256);
	buf_printf(&b, "/n/v/%s%s", enc_hex(v->hash, sizeof(v->hash), hex), tail);
	return site_url(p->site, p->arena, b.data, "");
}

static struct slice diff_url(struct page *p, const struct notice_version *from, const struct notice_version *to)
{
	char a[ENC_HEX_BYTES(STORE_HASH_BYTES)], b[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct buf out;

	buf_init_arena(&out, p->arena, 256);
	buf_printf(&out, "/n/diff?from=%s&to=%s", enc_hex(from->hash, sizeof(from->hash), a),
	    enc_hex(to->hash, sizeof(to->hash), b));
	return site_url(p->site, p->arena, out.data, "");
}

static struct slice date_of(struct page *p, int64_t ms)
{
	return when_date(p->arena, ms, site_conf(p->site)->time_zone, p->lang);
}

/* Ends a request: renders, with a validator over what came out. */
static void versions_send(struct page *p, const char *tpl, struct view *v)
{
	page_send(p, 200, tpl, v);
	if (p->res->status == 200)
		page_etag_body(p);
}

static void versions_failed(struct page *p, const struct errinfo *ei)
{
	if (ei->code == E_NOT_FOUND || ei->code == E_INVALID)
		page_error(p, 404, "page.nopage");
	else
		page_failed(p, ei->code, ei);
}

/* ---- the list ---- */

struct listing {
	struct page *p;
	struct view *v;
	struct view *open; /* item whose predecessor is not known yet */
	struct notice_version newer;
	unsigned long long before; /* only versions below this number; 0: all */
	unsigned n;
};

/* Newest first. The link to the difference needs the next row, so it is added then. */
static bool list_one(const struct notice_version *one, void *arg)
{
	struct listing *l = arg;

	if (l->before && one->no >= (int64_t)l->before) {
		l->newer = *one;
		return true;
	}
	if (l->open)
		view_url(l->open, "diff_url", diff_url(l->p, one, &l->newer));
	l->open = NULL;
	if (l->n == VERSIONS_A_PAGE) {
		struct buf b;
		buf_init_arena(&b, l->p->arena, 128);
		buf_printf(&b, "/n/versions?lang=%s&before=%lld", l->p->lang, (long long)l->newer.no);
		view_url(l->v, "older_url", site_url(l->p->site, l->p->arena, b.data, ""));
		return false;
	}
	l->open = view_item(l->v, "versions");
	view_int(l->open, "notice_version", one->no);
	view_text(l->open, "valid_from", date_of(l->p, one->valid_from_ms));
	view_url(l->open, "version_url", hash_url(l->p, one, ""));
	view_bool(l->open, "now", l->newer.no == 0);
	l->newer = *one;
	l->n++;
	return true;
}

void page_versions_get(struct page *p)
{
	struct listing l = {.p = p, .v = page_view(p, LIST, "/n/versions")};
	struct slice before = request_query_get(p->req, "before");
	struct errinfo ei = {.code = OK};
	struct db *db;
	enum err rc;

	if (before.len && !slice_u64(before, &l.before)) {
		page_error(p, 400, "page.bytes");
		return;
	}
	rc = store_read(p->store, &db, &ei);
	if (!rc) {
		rc = notice_each(db, p->lang, list_one, &l, &ei);
		store_read_end(p->store, db);
	}
	if (rc)
		versions_failed(p, &ei);
	else
		versions_send(p, LIST, l.v);
}

/* ---- one version ---- */

static bool neighbour_one(const struct notice_version *one, void *arg)
{
	struct version *x = arg;

	if (one->no > x->v.no)
		x->until_ms = one->valid_from_ms;
	if (one->no < x->v.no)
		x->past = *one;
	return one->no >= x->v.no;
}

/* By the first 12 to 64 digits of its hash; pages speak its language unless another one was asked for. */
static enum err version_read(struct db *db, struct slice hex, struct version *out, struct errinfo *ei)
{
	unsigned char prefix[STORE_HASH_BYTES];
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (hex.len > 2 * sizeof(prefix) || hex.len % 2 || !enc_hex_decode(hex, prefix, hex.len / 2))
		return err_set(ei, E_INVALID, "not a hash");
	rc = notice_find(db, prefix, hex.len / 2, &out->v, ei);
	return rc ? rc : notice_each(db, out->v.lang, neighbour_one, out, ei);
}

static void version_language(struct page *p, const struct version *x)
{
	const char *lang = p->lang_asked ? NULL : site_lang(p->site, slice_from(x->v.lang));

	p->lang = lang ? lang : p->lang;
}

static enum err version_get(struct page *p, struct slice hex, struct version *x, struct buf *body,
    struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_read(p->store, &db, ei);

	if (rc)
		return rc;
	rc = version_read(db, hex, x, ei);
	if (!rc)
		rc = text_get(db, x->v.hash, body, NULL, ei);
	store_read_end(p->store, db);
	return rc;
}

void page_version_get(struct page *p)
{
	struct errinfo ei = {.code = OK};
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct version x;
	struct buf body;
	struct view *v;

	buf_init_arena(&body, p->arena, NOTICE_MAX_BYTES);
	if (version_get(p, p->arg, &x, &body, &ei)) {
		versions_failed(p, &ei);
		return;
	}
	version_language(p, &x);
	v = page_view(p, ONE, "/n/versions");
	view_int(v, "notice_version", x.v.no);
	view_cstr(v, "notice_hash", enc_hex(x.v.hash, sizeof(x.v.hash), hex));
	view_text(v, "valid_from", date_of(p, x.v.valid_from_ms));
	view_text(v, "valid_until", x.until_ms ? date_of(p, x.until_ms) : SLICE(""));
	view_bool(v, "now", x.until_ms == 0);
	view_url(v, "diff_url", site_url(p->site, p->arena, "/n/diff?from=", hex));
	view_url(v, "raw_url", hash_url(p, &x.v, ".html"));
	view_url(v, "versions_url", site_url(p->site, p->arena, "/n/versions?lang=", p->lang));
	view_html(v, "body", buf_slice(&body));
	versions_send(p, ONE, v);
}

/* The stored bytes and nothing else: their SHA-256 is the hash in the address. */
void page_version_part_get(struct page *p)
{
	struct errinfo ei = {.code = OK};
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	struct version x;
	struct buf body, etag;

	buf_init_arena(&body, p->arena, NOTICE_MAX_BYTES);
	if (version_get(p, p->arg, &x, &body, &ei)) {
		versions_failed(p, &ei);
		return;
	}
	buf_init_arena(&etag, p->arena, 64);
	buf_printf(&etag, "\"%.16sh\"", enc_hex(x.v.hash, sizeof(x.v.hash), hex));
	if (page_etag(p, buf_slice(&etag)))
		return;
	p->lang = arena_str(p->arena, slice_from(x.v.lang));
	page_send_html(p, 200, NULL, buf_slice(&body));
}

/* ---- two versions ---- */

struct pair {
	struct version from, to;
	struct buf before, after;
};

/* Without "to": the version in force; without "from": the one before "to". */
static enum err pair_read(struct page *p, struct db *db, struct pair *x, struct errinfo *ei)
{
	struct slice from = request_query_get(p->req, "from"), to = request_query_get(p->req, "to");
	enum err rc = OK;

	if (from.len)
		rc = version_read(db, from, &x->from, ei);
	if (!rc && to.len)
		rc = version_read(db, to, &x->to, ei);
	if (!rc && !to.len) {
		rc = notice_current(db, from.len ? x->from.v.lang : p->lang, &x->to.v, ei);
		if (!rc)
			rc = notice_each(db, x->to.v.lang, neighbour_one, &x->to, ei);
	}
	if (!rc && !from.len)
		x->from.v = x->to.past.no ? x->to.past : x->to.v;
	if (!rc && strcmp(x->from.v.lang, x->to.v.lang) != 0)
		rc = err_set(ei, E_INVALID, "versions of different languages");
	if (!rc)
		rc = text_get(db, x->from.v.hash, &x->before, NULL, ei);
	return rc ? rc : text_get(db, x->to.v.hash, &x->after, NULL, ei);
}

static struct slice cells(struct page *p, struct slice text)
{
	struct buf b;

	buf_init_arena(&b, p->arena, text.len * 2 + 1);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\t')
			buf_add_str(&b, ": ");
		else
			buf_add_char(&b, text.ptr[i]);
	}
	return buf_slice(&b);
}

static void side_view(struct page *p, struct view *change, const char *name, const char *key_name, const char *key,
    const struct notice_diff_part *parts)
{
	struct view *side = parts ? view_item(change, name) : NULL;

	view_cstr(side, key_name, key);
	for (; parts; parts = parts->next) {
		struct view *part = view_item(side, "parts");
		view_text(part, "text", cells(p, parts->text));
		view_bool(part, "changed", parts->changed);
	}
}

static void diff_view(struct page *p, struct view *v, const struct notice_diff *d)
{
	struct slice section = {0};
	struct view *open = NULL;

	for (const struct notice_diff_item *it = d->first; it; it = it->next) {
		bool both = it->kind == NOTICE_DIFF_CHANGED;
		struct view *change;
		if (!open || !slice_eq(section, it->section)) {
			open = view_item(v, "sections");
			section = it->section;
			view_text(open, "name", section);
		}
		change = view_item(open, "changes");
		view_list(change, "before");
		view_list(change, "after");
		side_view(p, change, "before", "before_key", both ? "diff.before" : "diff.gone", it->before);
		side_view(p, change, "after", "after_key", both ? "diff.after" : "diff.new", it->after);
	}
}

static void pair_view(struct page *p, struct view *v, const struct pair *x)
{
	view_int(v, "from_no", x->from.v.no);
	view_int(v, "to_no", x->to.v.no);
	view_text(v, "from_date", date_of(p, x->from.v.valid_from_ms));
	view_text(v, "to_date", date_of(p, x->to.v.valid_from_ms));
	view_url(v, "from_url", hash_url(p, &x->from.v, ""));
	view_url(v, "to_url", hash_url(p, &x->to.v, ""));
	view_url(v, "versions_url", site_url(p->site, p->arena, "/n/versions?lang=", p->lang));
}

static void difference_send(struct page *p, const struct pair *x, struct arena *work)
{
	struct errinfo ei = {.code = OK};
	struct notice_diff d;
	struct view *v;

	if (notice_diff_make(&d, work, buf_slice(&x->before), buf_slice(&x->after), &ei)) {
		page_failed(p, ei.code, &ei);
		return;
	}
	version_language(p, &x->to);
	v = page_view(p, DIFF, "/n/diff");
	pair_view(p, v, x);
	diff_view(p, v, &d);
	versions_send(p, DIFF, v);
}

void page_difference_get(struct page *p)
{
	struct errinfo ei = {.code = OK};
	struct pair *x = arena_alloc(p->arena, sizeof(*x));
	struct arena work;
	struct db *db;
	enum err rc;

	if (!x) {
		page_failed(p, E_NOMEM, &ei);
		return;
	}
	/* tables of comparison do not fit into the memory of a request */
	arena_init(&work, WORK_MAX_BYTES);
	buf_init_arena(&x->before, &work, NOTICE_MAX_BYTES);
	buf_init_arena(&x->after, &work, NOTICE_MAX_BYTES);
	rc = store_read(p->store, &db, &ei);
	if (!rc) {
		rc = pair_read(p, db, x, &ei);
		store_read_end(p->store, db);
	}
	if (rc)
		versions_failed(p, &ei);
	else
		difference_send(p, x, &work);
	arena_free(&work);
}
