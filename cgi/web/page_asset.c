#include "web/page_priv.h"

#include "base/crypt.h"
#include "base/enc.h"
#include "core/embed.h"
#include "core/token.h"
#include "core/logbook.h"
#include "core/version.h"
#include "text/jsonw.h"

void page_asset_send(struct page *p, const char *name, const char *type)
{
	const struct embedded_file *f = embed_find(name);
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(8)];
	struct buf etag;

	if (!f) {
		page_error(p, 404, "page.notfound");
		return;
	}
	crypt_sha256(hash, f->data, f->len);
	buf_init_arena(&etag, p->arena, 64);
	buf_printf(&etag, "\"%s\"", enc_hex(hash, 8, hex));
	if (page_etag(p, buf_slice(&etag)))
		return;
	page_head(p, 200, type, NULL);
	buf_add(&p->res->body, f->data, f->len);
}

void page_css_get(struct page *p)
{
	page_asset_send(p, "static/jawort.css", "text/css; charset=utf-8");
}

void page_script_get(struct page *p)
{
	page_asset_send(p, "static/jawort.js", "text/javascript; charset=utf-8");
}

void page_script_v1_get(struct page *p)
{
	page_asset_send(p, "static/jawort.v1.js", "text/javascript; charset=utf-8");
}

/* Name of the log of events, and of the key. */
static enum err origin_read(struct page *p, struct buf *out, struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_read(p->store, &db, ei);

	if (rc)
		return rc;
	rc = logbook_origin(db, site_conf(p->site), out, ei);
	store_read_end(p->store, db);
	return rc;
}

void page_wellknown_get(struct page *p)
{
	char text[ENC_B64URL_BYTES(CRYPT_SIGN_PUBLIC_BYTES)];
	struct errinfo ei = {.code = OK};
	struct note_key k;
	struct buf origin, vkey;
	struct jsonw w;

	buf_init_arena(&origin, p->arena, NOTE_NAME_MAX_BYTES);
	buf_init_arena(&vkey, p->arena, NOTE_VKEY_MAX_BYTES);
	if (origin_read(p, &origin, &ei)) {
		page_failed(p, ei.code, &ei);
		return;
	}
	k.name = buf_slice(&origin);
	crypt_sign_public(k.pub, keyring_sign(store_keyring(p->store)));
	note_vkey_add(&vkey, &k);
	page_head(p, 200, "application/json; charset=utf-8", NULL);
	jsonw_init(&w, &p->res->body);
	jsonw_object(&w);
	jsonw_kcstr(&w, "key", enc_b64url(k.pub, sizeof(k.pub), text));
	jsonw_kstr(&w, "origin", buf_slice(&origin));
	jsonw_kstr(&w, "vkey", buf_slice(&vkey));
	jsonw_kstr(&w, "notice", site_url(p->site, p->arena, "/n", ""));
	jsonw_kcstr(&w, "version", JAWORT_VERSION);
	jsonw_end_object(&w);
}

static bool local_address(struct slice ip)
{
	return !ip.len || slice_starts(ip, SLICE("127.")) || slice_eq(ip, SLICE("::1"));
}

/* Made by doctor a moment ago with the site's own keys. */
static bool by_doctor(struct page *p)
{
	struct slice text = request_query_get(p->req, "t");
	struct token t;

	return text.len && token_read(store_keyring(p->store), site_conf(p->site)->id, text, &t)
	    && t.purpose == TOKEN_HEALTH && t.expires_ms > p->req->received_ms;
}

/* From where the request came, as this program sees it: what no other answer may say. */
static void health_told(struct page *p)
{
	struct jsonw w;

	page_head(p, 200, "application/json; charset=utf-8", NULL);
	jsonw_init(&w, &p->res->body);
	jsonw_object(&w);
	jsonw_kcstr(&w, "version", JAWORT_VERSION);
	jsonw_kstr(&w, "client", p->client_ip);
	jsonw_kstr(&w, "remote", p->req->remote_addr);
	jsonw_kstr(&w, "forwarded_for", p->req->forwarded_for);
	jsonw_end_object(&w);
	buf_add_char(&p->res->body, '\n');
}

/* Only from this machine, or for who holds the keys; everybody else gets what any unknown path gets. */
void page_health_get(struct page *p)
{
	if (by_doctor(p)) {
		health_told(p);
		return;
	}
	if (!local_address(p->req->remote_addr)) {
		page_error(p, 404, "page.notfound");
		return;
	}
	page_head(p, 200, "text/plain; charset=utf-8", NULL);
	buf_add_str(&p->res->body, "ok\n");
}
