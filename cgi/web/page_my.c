/* my: the page where people ask for the link to their own data (core/ask.h). One answer for every address. */
#include "web/page_priv.h"

#include <string.h>

#include "core/ask.h"
#include "core/formpage.h"
#include "web/headers_priv.h"

static struct view *my_view(struct page *p, const char *tpl, const char *path)
{
	const struct conf_site *c = site_conf(p->site);
	struct view *v = page_view(p, tpl, path);
	struct view_value address;

	view_get(v, SLICE("footer_address"), &address);
	view_text(v, "controller_address", address.text);
	view_text(v, "link_rights", site_duration(p->arena, c->links.rights, p->lang));
	return v;
}

static void my_form(struct page *p, unsigned status, const struct ask_answer *bad)
{
	struct view *v = my_view(p, "page/my.html", "/my");

	view_url(v, "form_action", site_url(p->site, p->arena, "/my?lang=", p->lang));
	if (bad) {
		const struct gate_error e = {.field = "email", .key = bad->error_key, .max = ADDR_MAX_BYTES,
		    .twice = strstr(bad->error_key, ".twice") != NULL};
		view_text(v, "email_error", formpage_error(p->site, v, p->lang, &e));
		view_text(v, "email_value", bad->email);
	}
	page_send(p, status, "page/my.html", v);
}

void page_my_get(struct page *p)
{
	my_form(p, 200, NULL);
	if (p->res->status == 200)
		page_etag_body(p);
}

void page_my_sent_get(struct page *p)
{
	const struct conf_site *c = site_conf(p->site);
	struct view *v = my_view(p, "page/my_sent.html", "/my/sent");
	struct buf from;

	buf_init_arena(&from, p->arena, 1024);
	buf_printf(&from, "%s <%s>", c->mail.from.name, c->mail.from.email);
	view_text(v, "from", buf_slice(&from));
	view_url(v, "form_url", site_url(p->site, p->arena, "/my?lang=", p->lang));
	page_send(p, 200, "page/my_sent.html", v);
}

static void my_answer(struct page *p, const struct ask_answer *answer)
{
	p->class = PAGE_TOKEN;
	switch (answer->result) {
	case ASK_INPUT:
		my_form(p, 422, answer);
		return;
	case ASK_LIMITED:
		page_retry(p, 429, "page.busy", answer->retry_s);
		return;
	default:
		page_head(p, 303, NULL, NULL);
		response_redirect(p->res, 303, site_url(p->site, p->arena, "/my/sent?lang=", p->lang));
		return;
	}
}

void page_my_post(struct page *p)
{
	const struct gate gate = {.site = p->site, .store = p->store, .writers = p->writers,
	    .budget = p->budget};
	struct ask_input in = {.lang = p->lang, .remote_ip = p->client_ip};
	struct form *form = arena_alloc(p->arena, sizeof(*form));
	struct errinfo ei = {.code = E_NOMEM};
	struct ask_answer answer;
	enum err rc;

	if (!form) {
		page_failed(p, E_NOMEM, &ei);
		return;
	}
	if (!page_form(p, form))
		return;
	in.fields = form;
	rc = ask_accept(&gate, p->arena, &in, &answer, &ei);
	if (rc)
		page_failed(p, rc, &ei);
	else
		my_answer(p, &answer);
}
