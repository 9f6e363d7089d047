#include "web/page_priv.h"

#include <string.h>

#include "base/enc.h"
#include "core/embed.h"
#include "core/version.h"
#include "text/jsonw.h"

void page_css_get(struct page *p)
{
	const struct embedded_file *f = embed_find("static/jawort.css");

	if (!f) {
		page_error(p, 404, "page.notfound");
		return;
	}
	page_head(p, 200, "text/css; charset=utf-8", NULL);
	buf_add(&p->res->body, f->data, f->len);
}

void page_wellknown_get(struct page *p)
{
	unsigned char pub[CRYPT_SIGN_PUBLIC_BYTES];
	char text[ENC_B64URL_BYTES(sizeof(pub))];
	struct jsonw w;

	crypt_sign_public(pub, keyring_sign(store_keyring(p->gs->store)));
	page_head(p, 200, "application/json; charset=utf-8", NULL);
	jsonw_init(&w, &p->res->body);
	jsonw_object(&w);
	jsonw_kcstr(&w, "key", enc_b64url(pub, sizeof(pub), text));
	jsonw_kstr(&w, "notice", site_url(p->site, p->arena, "/n", ""));
	jsonw_kcstr(&w, "version", JAWORT_VERSION);
	jsonw_end_object(&w);
}

static bool local_address(struct slice ip)
{
	return !ip.len || slice_starts(ip, SLICE("127.")) || slice_eq(ip, SLICE("::1"));
}

/* Only from this machine; everybody else gets what any unknown path gets. */
void page_health_get(struct page *p)
{
	if (!local_address(p->req->remote_addr)) {
		page_error(p, 404, "page.notfound");
		return;
	}
	page_head(p, 200, "text/plain; charset=utf-8", NULL);
	buf_add_str(&p->res->body, "ok\n");
}
