#include "core/notice_priv.h"

#include <string.h>

#include "base/log.h"
#include "core/country.h"

#define US "US"

bool notice_codes_has(const struct notice_codes *c, const char *code)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i], code) == 0)
			return true;
	return false;
}

static void codes_add(struct notice_codes *c, const char *code)
{
	if (c->v && *code && !notice_codes_has(c, code))
		c->v[c->n++] = code;
}

static bool codes_init(struct notice_codes *c, struct arena *a, size_t max)
{
	c->v = arena_alloc(a, (max + 1) * sizeof(*c->v));
	return c->v != NULL;
}

size_t notice_fields(const struct conf_site *c, const struct conf_purpose *p,
    struct notice_field out[static NOTICE_FIELDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < c->nforms; i++) {
		bool offers = !p;
		for (size_t j = 0; j < c->forms[i].npurposes; j++)
			offers |= c->forms[i].purposes[j] == p;
		for (size_t j = 0; offers && j < c->forms[i].nfields; j++) {
			const struct conf_field *field = &c->forms[i].fields[j];
			size_t k = 0;
			while (k < n && strcmp(out[k].name, field->name) != 0)
				k++;
			if (k == NOTICE_FIELDS_MAX)
				continue;
			if (k == n)
				out[n++] = (struct notice_field){.name = field->name};
			out[k].required |= field->required;
		}
	}
	return n;
}

/* What of a firm's countries is covered by which safeguard; false: no memory. */
static bool reach_sort(struct notice_reach *r, const struct conf_processor *p, struct arena *a)
{
	bool adequacy = conf_list_has(&p->transfer.mechanism, "adequacy");
	bool dpf = conf_list_has(&p->transfer.mechanism, "dpf") && p->transfer.dpf.listed && adequacy_dpf();

	if (!codes_init(&r->decided, a, r->all.n) || !codes_init(&r->rest, a, r->all.n))
		return false;
	for (size_t i = 0; i < r->all.n; i++) {
		const char *code = r->all.v[i];
		if (adequacy && adequacy_of(code))
			codes_add(&r->decided, code);
		else if (dpf && strcmp(code, US) == 0)
			r->dpf = true;
		else
			codes_add(&r->rest, code);
	}
	return true;
}

static bool firm_read(struct notice_firm *f, const struct conf_site *c, const struct conf_processor *p,
    struct arena *a)
{
	f->p = p;
	f->hosting = p == &c->hosting;
	f->mail = !f->hosting && !f->embed && conf_list_has(&c->mail.route, p->id);
	f->site = !f->hosting && !f->embed && !f->mail && (strcmp(c->website.host, p->id) == 0 ||
	    strcmp(c->website.statistics.processor, p->id) == 0 || strcmp(c->website.contact.processor, p->id) == 0 ||
	    conf_list_has(&c->website.cdn, p->id));
	f->scc = conf_list_has(&p->transfer.mechanism, "scc");
	f->bcr = conf_list_has(&p->transfer.mechanism, "bcr");
	if (!codes_init(&f->direct.all, a, p->storage_locations.n + 1) || !codes_init(&f->group.all, a, 2))
		return false;
	if (!country_eea(p->country))
		codes_add(&f->direct.all, p->country);
	for (size_t i = 0; i < p->storage_locations.n; i++)
		if (!country_eea(p->storage_locations.v[i]))
			codes_add(&f->direct.all, p->storage_locations.v[i]);
	if (p->us_affiliate && !notice_codes_has(&f->direct.all, US))
		codes_add(&f->group.all, US);
	if (!country_eea(p->parent_country) && !notice_codes_has(&f->direct.all, p->parent_country))
		codes_add(&f->group.all, p->parent_country);
	return reach_sort(&f->direct, p, a) && reach_sort(&f->group, p, a);
}

/* GDPR Art. 44: no transfer without a safeguard. In mode try-out the notice says that it is open. */
static enum err firm_check(const struct notice_firm *f, const struct conf_site *c, struct errinfo *ei)
{
	const struct notice_codes *open = f->direct.rest.n ? &f->direct.rest : &f->group.rest;

	if (c->mode != CONF_LIVE || f->scc || f->bcr || open->n == 0)
		return OK;
	return err_set(ei, E_INVALID,
	    "%s: %s%s.transfer.mechanism: data may reach %s, and nothing in force protects them "
	    "there: no adequacy decision is known as of %s, and neither scc nor bcr is named. Agree on standard "
	    "contractual clauses and add scc", c->file, f->hosting ? "" : f->embed ? "website.embeds." :
	    "processors.", f->p->id, open->v[0],
	    adequacy_as_of());
}

static const struct conf_processor *firm_at(const struct conf_site *c, size_t i)
{
	if (i < c->nprocessors)
		return &c->processors[i];
	i -= c->nprocessors;
	if (c->hosting_kind == CONF_NAMED && i-- == 0)
		return &c->hosting;
	return &c->website.embeds[i].firm;
}

static void firm_countries(struct notice_codes *to, const struct notice_firm *firm)
{
	for (size_t j = 0; j < firm->direct.all.n; j++)
		codes_add(to, firm->direct.all.v[j]);
	for (size_t j = 0; j < firm->group.all.n; j++)
		codes_add(to, firm->group.all.v[j]);
}

static enum err firms_read(struct notice_facts *f, struct arena *a, struct errinfo *ei)
{
	const struct conf_site *c = f->conf;
	size_t most = 1;
	enum err rc = OK;

	f->nfirms = c->nprocessors + (c->hosting_kind == CONF_NAMED);
	f->nall = f->nfirms + c->website.nembeds;
	for (size_t i = 0; i < f->nall; i++)
		most += 3 + firm_at(c, i)->storage_locations.n;
	f->firms = arena_alloc(a, (f->nall + 1) * sizeof(*f->firms));
	if (!f->firms || !codes_init(&f->third, a, most) || !codes_init(&f->held, a, most))
		return err_set(ei, E_NOMEM, "notice of %s", c->id);
	if (!country_eea(c->controller.country)) {
		codes_add(&f->third, c->controller.country);
		codes_add(&f->held, c->controller.country);
	}
	for (size_t i = 0; !rc && i < f->nall; i++) {
		struct notice_firm *firm = &f->firms[i];
		firm->embed = i < f->nfirms ? NULL : &c->website.embeds[i - f->nfirms];
		if (!firm_read(firm, c, firm_at(c, i), a))
			return err_set(ei, E_NOMEM, "notice of %s", c->id);
		firm_countries(&f->third, firm);
		if (!firm->embed && !firm->site) {
			firm_countries(&f->held, firm);
			f->nholders++;
		}
		rc = firm_check(firm, c, ei);
	}
	return rc;
}

/* Host and port of an origin, as base_host has them. */
static bool same_host(const char *origin, const char *base_host)
{
	const char *at = strstr(origin, "://");

	return strcmp(at ? at + 3 : origin, base_host) == 0;
}

enum err notice_facts_read(struct notice_facts *f, const struct conf_site *conf, struct arena *a,
    const char *lang,
    bool hub, struct errinfo *ei)
{
	memset(f, 0, sizeof(*f));
	f->conf = conf;
	f->lang = lang;
	f->hub = hub;
	f->log_public = conf->publish == CONF_PUBLISH_TILES;
	for (size_t i = 0; i < conf->origins.n; i++) {
		bool here = same_host(conf->origins.v[i], conf->base_host);
		f->form_here |= here;
		f->form_elsewhere |= !here;
	}
	f->form_here |= conf->origins.n == 0;
	if (*conf->website.host) { /* the website is a server of its own, whatever the addresses look like */
		f->form_here = false;
		f->form_elsewhere = true;
	}
	f->nfields = notice_fields(conf, NULL, f->fields);
	if (authority_find(conf->controller.country, conf->controller.state, conf->regime, conf->notice.authority,
	        &f->authority) && *conf->notice.authority)
		log_event(LOG_WARN, "notice_authority_unknown", LOG_S("site", conf->id),
		    LOG_S("authority", conf->notice.authority));
	return firms_read(f, a, ei);
}

struct notice_codes notice_countries(const struct notice_facts *f, struct arena *a)
{
	struct notice_codes out = {0};
	size_t max = f->third.n + 1;

	for (size_t i = 0; i < f->nall; i++)
		max += f->firms[i].p->storage_locations.n + 1;
	if (!codes_init(&out, a, max))
		return out;
	codes_add(&out, f->conf->controller.country);
	for (size_t i = 0; i < f->nall; i++) {
		const struct conf_processor *p = f->firms[i].p;
		codes_add(&out, p->country);
		for (size_t j = 0; j < p->storage_locations.n; j++)
			codes_add(&out, p->storage_locations.v[j]);
	}
	for (size_t i = 0; i < f->third.n; i++)
		codes_add(&out, f->third.v[i]);
	return out;
}
