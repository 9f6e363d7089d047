#include "web/page_form_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/formpage.h"
#include "core/formtoken.h"
#include "store/budget.h"
#include "text/jsonw.h"
#include "web/headers_priv.h"

static const struct conf_form *form_of(struct page *p)
{
	return conf_form_by_id(site_conf(p->site), p->arg);
}

/* Renders into the answer, with a validator over what came out. */
static void render_get(struct page *p, enum formpage_kind kind, const struct formpage *f)
{
	struct errinfo ei = {.code = OK};

	page_head(p, 200, "text/html; charset=utf-8", kind == FORMPAGE_FRAGMENT ? NULL : formpage_template(kind));
	response_header_cstr(p->res, "Content-Language", p->lang);
	if (formpage_render(p->site, p->arena, kind, f, &p->res->body, &ei) != OK) {
		page_failed(p, ei.code, &ei);
		return;
	}
	page_etag_body(p);
}

/* What was rendered before, or is now for all who come later. */
static void ready_get(struct page *p, const struct conf_form *form, bool fragment)
{
	struct errinfo ei = {.code = OK};
	const struct generation_page *page = generation_form(p->live, form, p->lang, fragment, &ei);

	if (!page)
		page_failed(p, ei.code, &ei);
	else if (!page_etag(p, slice_from(page->etag)))
		page_send_html(p, 200, fragment ? NULL : formpage_template(FORMPAGE_PAGE), page->body);
}

/* The bare fragment with the ids and the heading that the asking page wants. */
static void fragment_get(struct page *p, const struct conf_form *form)
{
	struct slice id = request_query_get(p->req, "id"), h = request_query_get(p->req, "h");
	struct formpage f = {.form = form, .lang = p->lang, .heading = formpage_heading(h)};

	if (!id.len && !h.len) {
		ready_get(p, form, true);
		return;
	}
	if ((id.len && !formpage_id_valid(id)) || (h.len && !f.heading)) {
		page_error(p, 400, "page.bytes");
		return;
	}
	f.id = id.len ? arena_str(p->arena, id) : NULL;
	render_get(p, FORMPAGE_FRAGMENT, &f);
}

static void frame_get(struct page *p, const struct conf_form *form)
{
	const struct formpage f = {.form = form, .lang = p->lang};

	p->class = PAGE_FRAME;
	render_get(p, FORMPAGE_FRAME, &f);
}

static void token_get(struct page *p, const struct conf_form *form)
{
	char token[FORMTOKEN_BYTES];
	struct jsonw w;

	formtoken_make(store_keyring(p->store), form->id, clock_now_ms(), token);
	p->class = PAGE_TOKEN;
	page_head(p, 200, "application/json; charset=utf-8", NULL);
	jsonw_init(&w, &p->res->body);
	jsonw_object(&w);
	jsonw_kcstr(&w, "t", token);
	jsonw_end_object(&w);
}

/* What may stand in the query of a form's address, and who answers it. */
static const struct {
	const char *name;
	void (*get)(struct page *p, const struct conf_form *form);
} parts[] = {{"fragment", fragment_get}, {"frame", frame_get}, {"token", token_get}};

void page_form_get(struct page *p)
{
	const struct conf_form *form = form_of(p);

	p->shared = true;
	if (!form) {
		page_error(p, 404, "page.noform");
		return;
	}
	/* Nobody is counted, only pages; what a cache in between answers is not seen here. */
	if (p->budget && p->req->method == REQUEST_GET && !request_query_get(p->req, "token").ptr)
		budget_shown(p->budget, site_conf(p->site)->id, form->id);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (request_query_get(p->req, parts[i].name).ptr) {
			parts[i].get(p, form);
			return;
		}
	ready_get(p, form, false);
}

struct view *page_form_sent(struct page *p, const struct conf_form *form, const char *tpl)
{
	const struct conf_site *c = site_conf(p->site);
	struct view *v = page_view(p, tpl, NULL);
	struct slice purposes = SLICE("");
	struct buf from, all;

	buf_init_arena(&from, p->arena, 1024);
	buf_printf(&from, "%s <%s>", c->mail.from.name, c->mail.from.email);
	view_text(v, "from", buf_slice(&from));
	buf_init_arena(&all, p->arena, 4096);
	for (size_t i = 0; i < form->npurposes; i++)
		buf_printf(&all, "%s%s", i ? "," : "", form->purposes[i]->id);
	purposes = buf_slice(&all);
	view_text(v, "title", site_titles(p->site, p->arena, p->lang, purposes));
	view_text(v, "subject", site_say(p->site, p->lang, "mail.confirm.subject", v));
	view_text(v, "confirm_link", site_duration(p->arena, c->links.confirm, p->lang));
	view_url(v, "form_url", formpage_url(p->site, p->arena, form, ""));
	return v;
}

void page_sent_get(struct page *p)
{
	const struct conf_form *form = form_of(p);

	if (!form) {
		page_error(p, 404, "page.noform");
		return;
	}
	page_send(p, 200, "page/sent.html", page_form_sent(p, form, "page/sent.html"));
}

/* Everything that must be sent again from the review page. */
static void hidden(struct view *v, const char *name, struct slice value)
{
	struct view *item;

	if (!value.len)
		return;
	item = view_item(v, "hidden");
	view_cstr(item, "name", name);
	view_text(item, "value", value);
}

static void review_entry(struct view *v, struct slice label, struct slice value)
{
	struct view *item = view_item(v, "entries");

	view_text(item, "label", label);
	view_text(item, "value", value);
}

void page_form_review(struct page *p, struct view *v, const struct conf_form *form, const struct form *typed,
    const struct gate_answer *answer)
{
	struct slice rest = answer->purposes, one;

	hidden(v, "email", answer->email);
	review_entry(v, site_say(p->site, p->lang, "form.label.email", v), answer->email);
	while (slice_split(&rest, ',', &one))
		hidden(v, "p", one);
	for (size_t i = 0; i < form->nfields; i++) {
		struct slice value = slice_trim(form_get(typed, form->fields[i].name));
		char key[64];
		struct buf b;
		buf_init_arena(&b, p->arena, sizeof(key));
		buf_printf(&b, "form.label.%s", form->fields[i].name);
		hidden(v, form->fields[i].name, value);
		if (value.len)
			review_entry(v, site_say(p->site, p->lang, b.data, v), value);
	}
	hidden(v, "v", slice_from(answer->consent->v));
	hidden(v, "lang", slice_from(p->lang));
	hidden(v, "page", answer->page);
	hidden(v, "next", answer->next);
	hidden(v, "r", slice_from(answer->review));
}

static void review_page(struct page *p, const struct conf_form *form, const struct form *typed,
    const struct gate_answer *answer)
{
	struct view *v = page_view(p, "page/review.html", NULL);
	struct slice rest = answer->purposes, one;

	view_url(v, "form_action", formpage_url(p->site, p->arena, form, ""));
	view_url(v, "form_url", formpage_url(p->site, p->arena, form, ""));
	page_form_review(p, v, form, typed, answer);
	while (slice_split(&rest, ',', &one)) {
		struct view *item = view_item(v, "consents");
		view_cstr(item, "state", "open");
		view_cstr(item, "state_key", "page.slip.ticked");
		consent_item_view(consent_item(answer->consent, one), item);
	}
	p->class = PAGE_TOKEN;
	page_send(p, 200, "page/review.html", v);
}

static void again_page(struct page *p, enum formpage_kind kind, unsigned status, const struct conf_form *form,
    const struct form *typed, const struct gate_answer *answer)
{
	const struct formpage f = {.form = form, .lang = p->lang, .typed = typed, .answer = answer};
	struct errinfo ei = {.code = OK};

	p->class = PAGE_TOKEN;
	page_head(p, status, "text/html; charset=utf-8", formpage_template(kind));
	response_header_cstr(p->res, "Content-Language", p->lang);
	if (formpage_render(p->site, p->arena, kind, &f, &p->res->body, &ei) != OK)
		page_failed(p, ei.code, &ei);
}

/* Nothing was taken, and it is not for the visitor to mend: what was typed stays, and the page says how long it may take. */
static void later_page(struct page *p, unsigned status, const char *key, int64_t retry_s, const struct conf_form *form,
    const struct form *typed)
{
	const struct formpage f = {.form = form, .lang = p->lang, .typed = typed,
	    .title_key = page_key(p, key, ".title"), .text_key = page_key(p, key, ".text"),
	    .retry_after = headers_retry_words(p, retry_s),
	    .request_id = page_fault_may_be_ours(status) ? p->req->id : NULL};
	struct errinfo ei = {.code = OK};

	if (page_wants_json(p)) {
		page_retry(p, status, key, retry_s);
		return;
	}
	p->class = PAGE_TOKEN;
	page_head(p, status, "text/html; charset=utf-8", formpage_template(FORMPAGE_LATER));
	response_header_cstr(p->res, "Content-Language", p->lang);
	headers_retry_after(p, retry_s);
	if (formpage_render(p->site, p->arena, FORMPAGE_LATER, &f, &p->res->body, &ei) != OK)
		page_failed(p, ei.code, &ei);
}

struct slice page_form_next(struct page *p, const struct conf_form *form, const struct gate_answer *answer)
{
	struct buf b;

	if (answer->next.len)
		return answer->next;
	buf_init_arena(&b, p->arena, 4096);
	buf_add_slice(&b, formpage_url(p->site, p->arena, form, "/sent?lang="));
	buf_add_str(&b, p->lang);
	return buf_slice(&b);
}

static void form_answer(struct page *p, const struct conf_form *form, const struct form *typed,
    const struct gate_answer *answer)
{
	switch (answer->result) {
	case GATE_ACCEPTED:
		p->class = PAGE_TOKEN;
		page_head(p, 303, NULL, NULL);
		response_redirect(p->res, 303, page_form_next(p, form, answer));
		return;
	case GATE_INPUT:
		again_page(p, FORMPAGE_PAGE, 422, form, typed, answer);
		return;
	case GATE_CHANGED:
		again_page(p, FORMPAGE_CHANGED, 409, form, typed, answer);
		return;
	default:
		review_page(p, form, typed, answer);
		return;
	}
}

/* A sign-up from its fields to its answer. */
struct signup {
	const struct conf_form *form;
	struct form typed;
	struct gate_answer answer;
	struct intake row;
};

static void signup_answer(struct page *p, void *arg, enum err rc, struct errinfo *ei)
{
	struct signup *s = arg;

	if (rc) {
		page_failed_log(p, rc, ei);
		later_page(p, 503, "page.down", HEADERS_RETRY_AFTER_S, s->form, &s->typed);
	} else if (s->answer.result == GATE_LIMITED)
		later_page(p, 429, "page.busy", s->answer.retry_s, s->form, &s->typed);
	else if (page_wants_json(p))
		page_form_json(p, s->form, &s->typed, &s->answer);
	else
		form_answer(p, s->form, &s->typed, &s->answer);
}

void page_form_post(struct page *p)
{
	const struct gate gate = {.site = p->site, .store = p->store, .writers = p->writers,
	    .budget = p->budget};
	struct gate_input in = {.form = form_of(p), .lang = p->lang, .remote_ip = p->client_ip};
	struct signup *s = arena_alloc(p->arena, sizeof(*s));
	struct errinfo ei = {.code = OK};
	enum err rc;

	p->shared = true;
	if (!s) {
		page_failed(p, E_NOMEM, &ei);
		return;
	}
	if (!in.form) {
		page_error(p, 404, "page.noform");
		return;
	}
	s->form = in.form;
	if (!page_form(p, &s->typed))
		return;
	in.fields = &s->typed;
	in.origin = gate_origin(p->site, p->req->origin);
	in.referer = p->req->referer;
	rc = gate_judge(&gate, p->arena, &in, &s->answer, &s->row, &ei);
	p->lang = s->answer.lang ? s->answer.lang : p->lang;
	if (!rc && s->answer.result == GATE_ACCEPTED)
		page_write(p, gate_write, &s->row, signup_answer, s);
	else
		signup_answer(p, s, rc, &ei);
}
