#include "core/formpage.h"

#include <string.h>

#include "base/buf.h"
#include "core/country.h"

static const char *const templates[FORMPAGE__MAX] = {"page/form.html", "part/form.html", "page/changed.html",
    "page/later.html", "page/frame.html"};

/* Extra fields that a form may declare, and how a browser fills them in. */
static const struct extra {
	const char *name, *label_key, *hint_key, *autocomplete;
} extras[] = {
    {"first_name", "form.label.first_name", "form.hint.first_name", "given-name"},
    {"last_name", "form.label.last_name", "", "family-name"},
    {"organization", "form.label.organization", "", "organization"},
};

const char *formpage_template(enum formpage_kind kind)
{
	return templates[kind];
}

bool formpage_id_valid(struct slice id)
{
	if (!id.len || id.len > 16 || id.ptr[0] < 'a' || id.ptr[0] > 'z')
		return false;
	for (size_t i = 1; i < id.len; i++) {
		char c = id.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

unsigned formpage_heading(struct slice text)
{
	return text.len == 1 && text.ptr[0] >= '2' && text.ptr[0] <= '6' ? (unsigned)(text.ptr[0] - '0') : 0;
}

struct slice formpage_url(const struct site *s, struct arena *a, const struct conf_form *form, const char *tail)
{
	struct buf path;

	buf_init_arena(&path, a, 1024);
	buf_printf(&path, "/s/%s", form->id);
	return site_url(s, a, path.data, tail);
}

static const struct extra *extra_of(const char *name)
{
	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++)
		if (strcmp(extras[i].name, name) == 0)
			return &extras[i];
	return NULL;
}

static struct slice label_of(const struct site *s, struct view *v, const char *lang, const char *field)
{
	const struct extra *x = extra_of(field);

	return site_say(s, lang, x ? x->label_key : "form.label.email", v);
}

struct slice formpage_error(const struct site *s, struct view *v, const char *lang, const struct gate_error *e)
{
	struct view *one = view_child(v);

	view_text(one, "label", label_of(s, v, lang, e->field));
	view_int(one, "max", (int64_t)e->max);
	return site_say(s, lang, e->key, one);
}

static const struct gate_error *error_of(const struct formpage *f, const char *field)
{
	for (size_t i = 0; f->answer && i < f->answer->nerrors; i++)
		if (strcmp(f->answer->errors[i].field, field) == 0)
			return &f->answer->errors[i];
	return NULL;
}

static struct slice typed(const struct formpage *f, const char *name)
{
	struct slice v = f->typed ? form_get(f->typed, name) : SLICE("");

	return v.ptr ? v : SLICE("");
}

static void view_email_field(const struct site *s, struct view *v, const struct formpage *f)
{
	const struct gate_error *e = error_of(f, "email");
	struct slice value = typed(f, "email");

	if (value.len && value.len <= 1024)
		view_text(v, "email_value", value);
	if (e)
		view_text(v, "email_error", formpage_error(s, v, f->lang, e));
}

static void view_extra_fields(const struct site *s, struct view *v, const struct formpage *f)
{
	bool optional = false;

	for (size_t i = 0; i < f->form->nfields; i++) {
		const struct conf_field *field = &f->form->fields[i];
		const struct gate_error *e = error_of(f, field->name);
		const struct extra *x = extra_of(field->name);
		struct view *item = view_item(v, "fields");
		struct slice value = typed(f, field->name);
		view_cstr(item, "name", field->name);
		view_text(item, "label", label_of(s, v, f->lang, field->name));
		view_text(item, "hint", x && *x->hint_key ? site_say(s, f->lang, x->hint_key, v) : SLICE(""));
		view_cstr(item, "autocomplete", x ? x->autocomplete : "off");
		view_int(item, "max", GATE_FIELD_MAX_CHARS);
		view_text(item, "value", value.len <= 4096 ? value : SLICE(""));
		view_text(item, "error", e ? formpage_error(s, v, f->lang, e) : SLICE(""));
		view_bool(item, "required", field->required);
		optional |= !field->required;
	}
	view_bool(v, "optional_fields", optional);
}

static void view_boxes(const struct site *s, struct view *v, const struct formpage *f)
{
	const struct consent *c = site_consent(s, f->form, f->lang);
	bool many = f->form->npurposes > 1;
	const struct gate_error *e = error_of(f, many ? "p" : "ok");
	struct arena *a = view_arena(v);

	view_bool(v, "many", many);
	if (many && e)
		view_text(v, "purposes_error", formpage_error(s, v, f->lang, e));
	for (size_t i = 0; i < c->n; i++) {
		struct view *item = view_item(v, "consents");
		struct buf box;
		buf_init_arena(&box, a, 128);
		buf_add_str(&box, many ? "p-" : "ok");
		if (many)
			buf_add_slice(&box, c->items[i].purpose);
		view_text(item, "box", buf_slice(&box));
		view_cstr(item, "box_name", many ? "p" : "ok");
		view_text(item, "box_value", many ? c->items[i].purpose : SLICE("1"));
		view_text(item, "error", !many && e ? formpage_error(s, v, f->lang, e) : SLICE(""));
		consent_item_view(&c->items[i], item);
	}
	view_cstr(v, "v", c->v);
}

static void view_transfer(struct view *v, const char *key, const struct conf_processor *p, const char *country)
{
	struct view *item = view_item(v, "transfers");

	view_cstr(item, "transfer_key", key);
	view_cstr(item, "recipient", p->contract_party);
	view_cstr(item, "country", country);
}

static void view_processor(struct view *v, const struct conf_processor *p, const char *lang)
{
	if (p->us_affiliate)
		view_transfer(v, "form.notice.transfer.us", p, "");
	for (size_t i = 0; i < p->storage_locations.n; i++)
		if (!country_eea(p->storage_locations.v[i]))
			view_transfer(v, "form.notice.transfer.stored", p,
			    country_name(p->storage_locations.v[i], lang));
}

static void view_recipients(const struct site *s, struct view *v, const char *lang)
{
	const struct conf_site *c = site_conf(s);
	const struct conf_processor *mail =
	    c->mail.route.n ? conf_processor_by_id(c, c->mail.route.v[0]) : NULL;

	view_cstr(v, "mail_provider", mail ? mail->contract_party : "");
	for (size_t i = 0; i < c->nprocessors; i++)
		view_processor(v, &c->processors[i], lang);
	if (c->hosting_kind == CONF_NAMED)
		view_processor(v, &c->hosting, lang);
}

static void view_errors(const struct site *s, struct view *v, const struct formpage *f)
{
	size_t n = f->answer ? f->answer->nerrors : 0;
	struct arena *a = view_arena(v);

	if (!n)
		return;
	view_bool(v, "has_errors", true);
	view_cstr(v, "error_summary_key", n == 1 ? "error.summary.one" : "error.summary.many");
	view_int(v, "count", (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct gate_error *e = &f->answer->errors[i];
		struct view *item = view_item(v, "errors");
		struct buf href;
		buf_init_arena(&href, a, 128);
		buf_printf(&href, "#%s-%s", f->id ? f->id : FORMPAGE_ID,
		    strcmp(e->field, "p") == 0 ? "purposes" : strcmp(e->key, "error.form.twice") == 0 ? "email" : e->field);
		view_url(item, "href", buf_slice(&href));
		view_text(item, "message", formpage_error(s, v, f->lang, e));
	}
}

static struct slice all_purposes(const struct conf_form *form, struct arena *a)
{
	struct buf b;

	buf_init_arena(&b, a, 4096);
	for (size_t i = 0; i < form->npurposes; i++)
		buf_printf(&b, "%s%s", i ? "," : "", form->purposes[i]->id);
	return buf_slice(&b);
}

static void view_titles(const struct site *s, struct view *v, const struct formpage *f)
{
	const char *own = conf_text_get(&f->form->title, f->lang);
	bool many = f->form->npurposes > 1;
	struct arena *a = view_arena(v);

	view_text(v, "title", *own ? slice_from(own) : site_titles(s, a, f->lang, all_purposes(f->form, a)));
	view_cstr(v, "form_title_key", many ? "form.title.many" : "form.title.one");
	view_cstr(v, "form_button_key", many ? "form.button.many" : "form.button.one");
}

/* What only the page around a form needs; a frame has no head with links to other languages. */
static void view_around(const struct site *s, struct view *v, enum formpage_kind kind, const struct formpage *f)
{
	struct arena *a = view_arena(v);
	struct buf path;

	if (kind == FORMPAGE_FRAGMENT)
		return;
	buf_init_arena(&path, a, 256);
	buf_printf(&path, "/s/%s", f->form->id);
	site_view_page(s, v, templates[kind], f->lang, kind == FORMPAGE_FRAME ? NULL : path.data);
	if (kind == FORMPAGE_FRAME)
		view_url(v, "script_url", site_url(s, a, "/jawort.js", ""));
}

/* Why it could not be taken, above what was typed. */
static void view_later(struct view *v, const struct formpage *f)
{
	view_text(v, "title_key", f->title_key);
	view_text(v, "text_key", f->text_key);
	view_text(v, "retry_after", f->retry_after);
	if (f->request_id)
		view_cstr(v, "request_id", f->request_id);
}

static struct view *form_view(const struct site *s, struct arena *a, enum formpage_kind kind,
    const struct formpage *f)
{
	static const char *const headings[] = {NULL, NULL, "h2", "h3", "h4", "h5", "h6"};
	struct view *v = site_view(s, a, f->lang);
	char honeypot[GATE_HONEYPOT_BYTES];
	struct buf anchor;

	view_around(s, v, kind, f);
	if (kind == FORMPAGE_LATER)
		view_later(v, f);
	if (f->heading)
		view_bool(v, headings[f->heading], true);
	view_cstr(v, "id", f->id ? f->id : FORMPAGE_ID);
	view_url(v, "form_action", formpage_url(s, a, f->form, ""));
	view_titles(s, v, f);
	view_email_field(s, v, f);
	view_extra_fields(s, v, f);
	view_boxes(s, v, f);
	view_recipients(s, v, f->lang);
	buf_init_arena(&anchor, a, 8192);
	buf_add_slice(&anchor, site_url(s, a, "/n?lang=", f->lang));
	buf_add_str(&anchor, "#objection");
	view_url(v, "objection_link", buf_slice(&anchor));
	gate_honeypot(s, f->form, honeypot);
	view_cstr(v, "honeypot", honeypot);
	view_text(v, "page", f->answer ? f->answer->page : SLICE(""));
	view_text(v, "next", f->answer ? f->answer->next : SLICE(""));
	view_errors(s, v, f);
	return v;
}

enum err formpage_render(const struct site *s, struct arena *a, enum formpage_kind kind, const struct formpage *f,
    struct buf *out, struct errinfo *ei)
{
	return site_render(s, templates[kind], f->lang, form_view(s, a, kind, f), out, ei);
}
