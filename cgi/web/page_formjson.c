#include "web/page_form_priv.h"

#include "core/formpage.h"
#include "text/jsonw.h"

static const struct {
	unsigned status;
	const char *state, *title, *text;
} answers[GATE_RESULT__MAX] = {
    [GATE_ACCEPTED] = {200, "sent", "page.sent.title", "page.sent.text"},
    [GATE_INPUT] = {422, "error", "error.summary.many", "error.summary.text"},
    [GATE_CHANGED] = {409, "changed", "page.changed.title", "page.changed.text"},
    [GATE_REVIEW] = {409, "review", "page.review.title", "page.review.text"},
};

static void json_errors(struct page *p, struct jsonw *w, struct view *v, const struct gate_answer *answer)
{
	jsonw_key(w, "errors");
	jsonw_object(w);
	for (size_t i = 0; answer->result == GATE_INPUT && i < answer->nerrors; i++)
		jsonw_kstr(w, answer->errors[i].field, formpage_error(p->site, v, p->lang, &answer->errors[i]));
	jsonw_end_object(w);
}

static void json_purposes(struct jsonw *w, struct slice purposes)
{
	struct slice one;

	jsonw_key(w, "p");
	jsonw_array(w);
	while (slice_split(&purposes, ',', &one))
		jsonw_str(w, one);
	jsonw_end_array(w);
}

static void json_review(struct page *p, struct jsonw *w, struct view *v, const struct gate_answer *answer)
{
	struct view_value list, name, value;

	jsonw_kstr(w, "button", site_say(p->site, p->lang, "page.review.button", v));
	jsonw_key(w, "review");
	jsonw_object(w);
	json_purposes(w, answer->purposes);
	if (view_get(v, SLICE("hidden"), &list))
		for (const struct view *item = list.first; item; item = view_next_item(item)) {
			if (!view_get(item, SLICE("name"), &name) || !view_get(item, SLICE("value"), &value))
				continue;
			if (slice_eq_str(name.text, "p"))
				continue;
			jsonw_key_slice(w, name.text);
			jsonw_str(w, value.text);
		}
	jsonw_end_object(w);
}

void page_form_json(struct page *p, const struct conf_form *form, const struct form *typed,
    const struct gate_answer *answer)
{
	struct view *v = page_form_sent(p, form, "page/sent.html");
	const char *title = answers[answer->result].title;
	struct jsonw w;

	if (answer->result == GATE_INPUT && answer->nerrors == 1)
		title = "error.summary.one";
	view_int(v, "count", (int64_t)answer->nerrors);
	p->class = PAGE_TOKEN;
	page_head(p, answers[answer->result].status, "application/json; charset=utf-8", NULL);
	response_header_cstr(p->res, "Content-Language", p->lang);
	jsonw_init(&w, &p->res->body);
	jsonw_object(&w);
	jsonw_kcstr(&w, "state", answers[answer->result].state);
	jsonw_kstr(&w, "title", site_say(p->site, p->lang, title, v));
	jsonw_kstr(&w, "text", site_say(p->site, p->lang, answers[answer->result].text, v));
	json_errors(p, &w, v, answer);
	if (answer->result == GATE_ACCEPTED)
		jsonw_kstr(&w, "next", page_form_next(p, form, answer));
	if (answer->result == GATE_REVIEW) {
		page_form_review(p, v, form, typed, answer);
		json_review(p, &w, v, answer);
	}
	jsonw_end_object(&w);
}
