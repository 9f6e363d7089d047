/* Triggers and values of the rows about the website around the forms. */
#include "core/notice_priv.h"

#include <string.h>

static const struct conf_website *site_of(const struct notice_facts *f)
{
	return &f->conf->website;
}

bool notice_firm_is(const struct notice_firm *f, const char *name)
{
	return !f->embed && !f->hosting && *name && strcmp(f->p->id, name) == 0;
}

bool notice_firm_cdn(const struct notice_facts *f, const struct notice_firm *firm)
{
	return !firm->embed && !firm->hosting && conf_list_has(&site_of(f)->cdn, firm->p->id);
}

bool notice_has_website(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->set;
}

/* ---- the server of the website, where it is another than that of the forms */

static bool host_self(const struct notice_facts *f)
{
	return strcmp(site_of(f)->host, "self") == 0;
}

static bool host_firm(const struct notice_facts *f)
{
	return *site_of(f)->host && !host_self(f);
}

bool notice_site_firm(const struct notice_facts *f, size_t i)
{
	(void)i;
	return host_firm(f) && site_of(f)->logs.n > 0;
}

bool notice_site_firm_open(const struct notice_facts *f, size_t i)
{
	(void)i;
	return host_firm(f) && site_of(f)->logs.n == 0;
}

bool notice_site_self(const struct notice_facts *f, size_t i)
{
	(void)i;
	return host_self(f) && site_of(f)->logs.n > 0;
}

/* Without a figure of its own, the one for the logs of the forms holds. */
bool notice_site_self_open(const struct notice_facts *f, size_t i)
{
	(void)i;
	return host_self(f) && site_of(f)->logs.n == 0;
}

/* ---- files, statistics, device */

bool notice_files_local(const struct notice_facts *f, size_t i)
{
	(void)i;
	return *site_of(f)->files != '\0';
}

bool notice_cdn(const struct notice_facts *f, size_t i)
{
	return notice_firm_cdn(f, &f->firms[i]);
}

bool notice_cdn_kept(const struct notice_facts *f, size_t i)
{
	return notice_cdn(f, i) && f->firms[i].p->retention.n > 0;
}

bool notice_cdn_open(const struct notice_facts *f, size_t i)
{
	return notice_cdn(f, i) && f->firms[i].p->retention.n == 0;
}

bool notice_any_cdn(const struct notice_facts *f, size_t i)
{
	(void)i;
	for (size_t k = 0; k < f->nfirms; k++)
		if (notice_cdn(f, k))
			return true;
	return false;
}

bool notice_stats_none(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->statistics_kind == CONF_NONE;
}

bool notice_stats_plain(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->statistics_kind == CONF_NAMED && site_of(f)->statistics.cookies.n == 0;
}

bool notice_stats_consent(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->statistics_kind == CONF_NAMED && site_of(f)->statistics.cookies.n > 0;
}

bool notice_storage(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->nstorage > 0;
}

bool notice_device_none(const struct notice_facts *f, size_t i)
{
	return *site_of(f)->device && !notice_storage(f, i);
}

/* ---- contact, embeds, networks, the owner's words */

bool notice_contact(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->contact.by.n > 0;
}

bool notice_contact_mail(const struct notice_facts *f, size_t i)
{
	(void)i;
	return conf_list_has(&site_of(f)->contact.by, "mail");
}

bool notice_contact_phone(const struct notice_facts *f, size_t i)
{
	(void)i;
	return conf_list_has(&site_of(f)->contact.by, "phone");
}

bool notice_contact_form(const struct notice_facts *f, size_t i)
{
	(void)i;
	return conf_list_has(&site_of(f)->contact.by, "form");
}

static const struct conf_processor *contact_firm(const struct notice_facts *f)
{
	const char *name = site_of(f)->contact.processor;

	return *name ? conf_processor_by_id(f->conf, name) : NULL;
}

bool notice_contact_firm(const struct notice_facts *f, size_t i)
{
	return notice_contact_form(f, i) && contact_firm(f);
}

bool notice_embeds(const struct notice_facts *f, size_t i)
{
	return i < site_of(f)->nembeds;
}

static bool embed_stored(const struct notice_facts *f, size_t i)
{
	return notice_embeds(f, i) && strcmp(site_of(f)->embeds[i].remember, "stored") == 0;
}

bool notice_embed_page(const struct notice_facts *f, size_t i)
{
	return notice_embeds(f, i) && !embed_stored(f, i);
}

bool notice_embed_stored(const struct notice_facts *f, size_t i)
{
	return embed_stored(f, i);
}

bool notice_links(const struct notice_facts *f, size_t i)
{
	(void)i;
	return site_of(f)->links.n > 0;
}

bool notice_profiles(const struct notice_facts *f, size_t i)
{
	return i < site_of(f)->nprofiles;
}

bool notice_slots(const struct notice_facts *f, size_t i)
{
	return i < site_of(f)->ntexts;
}

/* ---- values */

void notice_fill_site_logs(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_website *s = site_of(w->f);
	const struct conf_processor *p = conf_processor_by_id(w->f->conf, s->host);
	const char *own = conf_text_get(&s->log_fields, w->lang);

	(void)i;
	view_cstr(v, "host_name", p ? p->contract_party : s->host);
	view_text(v, "log_fields", *own ? slice_from(own) : notice_say(w, v, "notice.logs.default"));
	view_text(v, "log_days_dative", notice_duration(w, s->logs.n ? s->logs : w->f->conf->retention.logs, true));
	if (p && *p->privacy_url)
		view_url(v, "host_privacy_url", slice_from(p->privacy_url));
	else
		view_cstr(v, "host_privacy_url", p ? p->contract_party : s->host);
}

void notice_fill_cdn(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_firm *f = &w->f->firms[i];

	view_cstr(v, "cdn_name", f->p->contract_party);
	view_text(v, "cdn_task", notice_firm_task(w, v, f));
	view_text(v, "cdn_retention_dative", notice_duration(w, f->p->retention, true));
	if (*f->p->privacy_url)
		view_url(v, "cdn_privacy_url", slice_from(f->p->privacy_url));
	else
		view_cstr(v, "cdn_privacy_url", f->p->contract_party);
}

struct slice notice_device_law(struct notice_walk *w, struct view *v)
{
	bool german = strcmp(w->f->conf->controller.country, "DE") == 0;

	return notice_say(w, v, german ? "notice.device.de" : "notice.device.eu");
}

void notice_fill_device(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "device_ref", notice_device_law(w, v));
}

void notice_fill_storage(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_website *s = site_of(w->f);

	(void)i;
	view_bool(v, "stored", true);
	for (size_t k = 0; k < s->nstorage; k++) {
		struct view *row = view_item(v, "rows");
		bool needed = strcmp(s->storage[k].basis, "needed") == 0;
		view_cstr(row, "what", s->storage[k].name);
		view_cstr(row, "purpose", conf_text_get(&s->storage[k].purpose, w->lang));
		view_cstr(row, "how_long", conf_text_get(&s->storage[k].duration, w->lang));
		view_text(row, "basis", notice_say(w, row, needed ? "notice.storage.needed" : "notice.storage.consent"));
	}
}

void notice_fill_contact(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_processor *p = contact_firm(w->f);

	(void)i;
	view_cstr(v, "contact_firm", p ? p->contract_party : "");
	view_text(v, "contact_retention", notice_duration(w, site_of(w->f)->contact.retention, false));
}

static struct slice names_join(struct notice_walk *w, const struct conf_list *l, const char *last)
{
	struct slice *items = arena_alloc(w->a, (l->n + 1) * sizeof(*items));

	for (size_t i = 0; items && i < l->n; i++)
		items[i] = slice_from(l->v[i]);
	return items ? notice_join(w, items, l->n, last) : SLICE("");
}

void notice_fill_stats(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_website *s = site_of(w->f);
	const struct conf_processor *p = conf_processor_by_id(w->f->conf, s->statistics.processor);
	bool kept = strcmp(s->statistics.ip, "truncated") == 0;

	(void)i;
	view_cstr(v, "stats_tool", s->statistics.tool);
	view_cstr(v, "stats_firm", p ? p->contract_party : "");
	view_text(v, "stats_where", notice_say(w, v, p ? "notice.m.stats.where.firm" : "notice.m.stats.where.self"));
	view_text(v, "stats_ip", notice_say(w, v, kept ? "notice.m.stats.ip.truncated" : "notice.m.stats.ip.none"));
	view_text(v, "stats_cookies", names_join(w, &s->statistics.cookies, "word.and"));
	view_text(v, "stats_retention_dative", notice_duration(w, s->statistics.retention, true));
	view_cstr(v, "stats_optout", conf_text_get(&s->statistics.optout, w->lang));
	view_text(v, "device_ref", notice_device_law(w, v));
}

void notice_fill_embed(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_embed *e = &site_of(w->f)->embeds[i];
	struct buf key;

	buf_init_arena(&key, w->a, 64);
	buf_printf(&key, "notice.embed.%s", e->kind);
	view_text(v, "embed_kind", notice_say(w, v, key.data));
	view_cstr(v, "embed_name", e->name);
	view_cstr(v, "embed_company", e->firm.contract_party);
	view_text(v, "embed_address", names_join(w, &e->firm.address, "word.comma"));
	view_text(v, "embed_country", notice_country(w, e->firm.country, false));
	view_text(v, "embed_parent", notice_parent(w, &e->firm));
	view_url(v, "embed_privacy_url", slice_from(e->firm.privacy_url));
	view_cstr(v, "embed_withdraw", conf_text_get(&e->withdraw, w->lang));
	view_text(v, "device_ref", notice_device_law(w, v));
}

void notice_fill_embed_names(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_website *s = site_of(w->f);
	struct slice *items = arena_alloc(w->a, (s->nembeds + 1) * sizeof(*items));

	(void)i;
	for (size_t k = 0; items && k < s->nembeds; k++)
		items[k] = slice_from(s->embeds[k].firm.contract_party);
	if (items)
		view_text(v, "embed_names", notice_join(w, items, s->nembeds, "word.comma"));
}

void notice_fill_links(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "social_names", names_join(w, &site_of(w->f)->links, "word.and"));
}

void notice_fill_profile(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_profile *p = &site_of(w->f)->profiles[i];

	view_cstr(v, "social_name", p->name);
	view_cstr(v, "social_company", p->company);
	view_url(v, "social_url", slice_from(p->url));
	view_url(v, "social_arrangement_url", slice_from(p->arrangement_url));
}

void notice_fill_slot(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_slot *s = &site_of(w->f)->texts[i];

	view_cstr(v, "slot_title", conf_text_get(&s->title, w->lang));
	view_cstr(v, "slot_text", conf_text_get(&s->text, w->lang));
}
