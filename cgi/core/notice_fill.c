/* Values of the rows about the controller, the purposes, the website, the data and the rights. */
#include "core/keep.h"
#include "core/notice_priv.h"

#include <string.h>


void notice_fill_recipients(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_facts *f = w->f;
	struct slice *items = arena_alloc(w->a, (f->nfirms + 1) * sizeof(*items));
	size_t n = 0;

	(void)i;
	if (!items)
		return;
	if (f->conf->hosting_kind != CONF_NAMED)
		items[n++] = notice_say(w, v, "notice.recipients.we");
	for (size_t k = 0; k < f->nfirms; k++)
		if (!f->firms[k].site)
			items[n++] = slice_from(f->firms[k].p->contract_party);
	view_text(v, "recipients_short", notice_join(w, items, n, "word.and"));
	view_text(v, "third_countries", notice_country_list(w, &f->held, true, "word.and"));
}

/* ---- the controller ---- */

void notice_fill_controller(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_site *c = w->f->conf;
	struct buf b;

	(void)i;
	buf_init_arena(&b, w->a, 8192);
	buf_add_str(&b, c->controller.name);
	if (*c->controller.legal_form && !strstr(c->controller.name, c->controller.legal_form))
		buf_printf(&b, ", %s", c->controller.legal_form);
	if (*c->controller.represented_by) {
		view_cstr(v, "represented_by", c->controller.represented_by);
		buf_add_char(&b, '\n');
		buf_add_slice(&b, notice_say(w, v, "notice.represented"));
	}
	for (size_t k = 0; k < c->controller.address.n; k++)
		buf_printf(&b, "\n%s", c->controller.address.v[k]);
	if (*c->controller.country) {
		buf_add_char(&b, '\n');
		buf_add_slice(&b, notice_country(w, c->controller.country, false));
	}
	buf_printf(&b, "\n%s", c->controller.email);
	if (*c->controller.phone)
		buf_printf(&b, "\n%s", c->controller.phone);
	view_lines(v, "controller_block", buf_slice(&b));
}

void notice_fill_representative(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_contact *r = &w->f->conf->representative;
	struct buf b;

	(void)i;
	view_text(v, "controller_country", notice_country(w, w->f->conf->controller.country, true));
	view_text(v, "rep_area", notice_say(w, v, "notice.area.eu"));
	buf_init_arena(&b, w->a, 8192);
	buf_add_slice(&b, notice_lines(w->a, r->name, &r->address, NULL));
	if (*r->country) {
		buf_add_char(&b, '\n');
		buf_add_slice(&b, notice_country(w, r->country, false));
	}
	buf_printf(&b, "\n%s", r->email);
	view_lines(v, "representative_block", buf_slice(&b));
}

void notice_fill_dpo(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_contact *d = &w->f->conf->dpo;

	(void)i;
	view_lines(v, "dpo_block", notice_lines(w->a, d->name, &d->address, d->email));
}

/* A value that goes on in our own sentence has no full stop. */
static struct slice without_stop(const char *text)
{
	struct slice s = slice_trim(slice_from(text));

	return slice_ends(s, SLICE(".")) ? slice_sub(s, 0, s.len - 1) : s;
}

void notice_fill_joint(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_site *c = w->f->conf;

	(void)i;
	view_lines(v, "joint_block", notice_lines(w->a, NULL, &c->joint.with, NULL));
	view_text(v, "joint_essence", without_stop(conf_text_get(&c->joint.essence, w->lang)));
	view_text(v, "joint_contact", without_stop(c->joint.contact));
}

void notice_fill_regime(struct notice_walk *w, struct view *v, size_t i)
{
	bool kdg = w->f->conf->regime == CONF_KDG;

	(void)i;
	view_text(v, "regime_name", notice_say(w, v, kdg ? "notice.regime.kdg" : "notice.regime.dsg_ekd"));
}

/* ---- purposes ---- */

static struct slice fields_used(struct notice_walk *w, struct view *v, const struct conf_purpose *p)
{
	struct notice_field fields[NOTICE_FIELDS_MAX];
	size_t n = notice_fields(w->f->conf, p, fields);
	struct slice base[2] = {notice_say(w, v, "notice.fields.email"), notice_labels(w, fields, n, true)};
	struct slice optional = notice_labels(w, fields, n, false);
	struct slice all = notice_join(w, base, base[1].len ? 2 : 1, "word.comma");

	if (!optional.len)
		return all;
	view_text(v, "base", all);
	view_text(v, "fields", optional);
	return notice_say(w, v, "notice.fields.more");
}

void notice_fill_purpose(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_purpose *p = &w->f->conf->purposes[i];
	bool german = strcmp(w->f->conf->controller.country, "DE") == 0;

	view_text(v, "content", without_stop(conf_text_get(&p->content, w->lang)));
	view_text(v, "frequency", without_stop(conf_text_get(&p->frequency, w->lang)));
	view_cstr(v, "advertiser", p->advertiser);
	view_text(v, "fields_used", fields_used(w, v, p));
	view_text(v, "eprivacy_ref", german ? notice_say(w, v, "notice.eprivacy.de") : SLICE(""));
}

void notice_fill_special(struct notice_walk *w, struct view *v, size_t i)
{
	view_text(v, "special_topic", without_stop(conf_text_get(&w->f->conf->purposes[i].special, w->lang)));
}

void notice_fill_check(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "confirm_link", notice_duration(w, w->f->conf->links.confirm, false));
	view_text(v, "unconfirmed", notice_duration(w, w->f->conf->retention.unconfirmed, false));
}

void notice_fill_proof(struct notice_walk *w, struct view *v, size_t i)
{
	static const char *const keys[CONF_IP__MAX] = {"notice.n08.ip.none", "notice.n08.ip.truncated",
	    "notice.n08.ip.full"};

	(void)i;
	view_text(v, "ip_retention", notice_duration(w, w->f->conf->retention.ip, false));
	view_text(v, "ip_text", notice_say(w, v, keys[w->f->conf->ip]));
}

void notice_fill_abuse(struct notice_walk *w, struct view *v, size_t i)
{
	const struct slice signs[] = {notice_say(w, v, "notice.abuse.origin"),
	    notice_say(w, v, "notice.abuse.age"), notice_say(w, v, "notice.abuse.honeypot")};

	(void)i;
	view_text(v, "abuse_controls", notice_join(w, signs, sizeof(signs) / sizeof(signs[0]), "word.and"));
	view_text(v, "abuse_retention_dative", notice_duration(w, keep_period(w->f->conf, KEEP_ABUSE), true));
}

void notice_fill_deny(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "deny_block", notice_duration(w, w->f->conf->retention.deny_block, false));
}

void notice_fill_log(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "log_public", notice_say(w, v, "notice.n28.log.public"));
}

/* ---- the website ---- */

static struct slice log_fields(struct notice_walk *w, struct view *v)
{
	const char *own = conf_text_get(&w->f->conf->notice.log_fields, w->lang);

	return *own ? without_stop(own) : notice_say(w, v, "notice.logs.default");
}

void notice_fill_logs(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_cstr(v, "host_name", w->f->conf->hosting.contract_party);
	view_text(v, "log_fields", log_fields(w, v));
	view_text(v, "log_days_dative", notice_duration(w, w->f->conf->retention.logs, true));
}

void notice_fill_form_logs(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_cstr(v, "form_host", w->f->conf->base_host);
	view_cstr(v, "form_host_name", w->f->conf->hosting.contract_party);
	view_text(v, "form_log_fields", log_fields(w, v));
	view_text(v, "form_log_days_dative", notice_duration(w, w->f->conf->retention.logs, true));
}

/* ---- data ---- */

static struct slice field_item(struct notice_walk *w, struct view *v, const char *name, bool required)
{
	struct view *one = view_child(v);
	struct buf key;

	buf_init_arena(&key, w->a, 64);
	buf_printf(&key, "form.label.%s", name);
	view_text(one, "label", notice_say(w, one, key.data));
	return notice_say(w, one, required ? "notice.field.required" : "notice.field.optional");
}

static struct slice browser_list(struct notice_walk *w, struct view *v)
{
	static const char *const ip_keys[CONF_IP__MAX] = {NULL, "notice.browser.ip.truncated",
	    "notice.browser.ip.full"};
	const char *ip = ip_keys[w->f->conf->ip];
	struct slice items[4] = {notice_say(w, v, "notice.browser.page"), notice_say(w, v, "notice.browser.time"),
	    notice_say(w, v, "notice.browser.language"), SLICE("")};

	if (ip)
		items[3] = notice_say(w, v, ip);
	return notice_join(w, items, ip ? 4 : 3, "word.comma");
}

/* What the provider tells us; nothing where we send ourselves. */
static struct slice delivery(struct notice_walk *w, struct view *v)
{
	for (size_t i = 0; i < w->f->nfirms; i++)
		if (w->f->firms[i].mail)
			return notice_say(w, v, w->f->conf->mail.nhooks ? "notice.delivery.reported" :
			    "notice.delivery.accepted");
	return SLICE("");
}

void notice_fill_data(struct notice_walk *w, struct view *v, size_t i)
{
	struct slice items[NOTICE_FIELDS_MAX + 1];
	size_t n = 0;

	(void)i;
	items[n++] = field_item(w, v, "email", true);
	for (size_t k = 0; k < w->f->nfields; k++)
		items[n++] = field_item(w, v, w->f->fields[k].name, w->f->fields[k].required);
	view_text(v, "field_list", notice_join(w, items, n, "word.comma"));
	view_text(v, "browser_list", browser_list(w, v));
	view_text(v, "delivery", delivery(w, v));
}

void notice_fill_must(struct notice_walk *w, struct view *v, size_t i)
{
	const struct slice items[2] = {notice_say(w, v, "notice.must.email"),
	    notice_labels(w, w->f->fields, w->f->nfields, true)};

	(void)i;
	view_text(v, "must_field", notice_join(w, items, items[1].len ? 2 : 1, "word.and"));
}

/* ---- rights, other countries, the end ---- */

void notice_fill_evidence(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "evidence_rule", notice_evidence_rule(w, v));
}

void notice_fill_authority(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	if (w->f->authority)
		view_lines(v, "authority_block", notice_authority_lines(w->a, w->f->authority));
}

static void fill_abroad(struct notice_walk *w, struct view *v, const char *country)
{
	const struct notice_codes all = notice_countries(w->f, w->a);
	const struct authority *au;

	if (authority_find(country, "", CONF_GDPR, "", &au) == OK)
		view_lines(v, "foreign_authority", notice_authority_lines(w->a, au));
	view_text(v, "country_list", notice_country_list(w, &all, false, "word.comma"));
}

void notice_fill_ch(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	fill_abroad(w, v, "CH");
}

void notice_fill_uk(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	fill_abroad(w, v, "GB");
}

/* The headings of the sections that rest on a legitimate interest; the body has been walked before. */
void notice_fill_interests(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	for (size_t k = 0; k < w->doc->nsections; k++) {
		const struct notice_section *s = &w->doc->sections[k];
		if (s->interest)
			view_text(view_item(v, "interests"), "name", notice_say(w, s->view, s->title));
	}
}

void notice_fill_footer(struct notice_walk *w, struct view *v, size_t i)
{
	const char *a = authority_as_of(), *b = adequacy_as_of();
	struct conf_date older = {.year = 1, .text = strcmp(a, b) < 0 ? a : b};

	(void)i;
	view_text(v, "legal_data_as_of", notice_date(w, &older));
}
