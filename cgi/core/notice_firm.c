/* Values of the rows about firms that get data and about countries outside the EEA. */
#include "core/notice_priv.h"

#include <string.h>

#include "core/country.h"

static bool sends_lists(const struct conf_site *c)
{
	for (size_t i = 0; i < c->npurposes; i++)
		if (*c->purposes[i].provider_list)
			return true;
	return false;
}

/* What a firm does for us, by the key that names it; the first that fits. */
static const struct duty {
	const char *role, *task, *data; /* phrases; NULL: nothing is known */
} duties[] = {
	{"notice.role.hosting", "notice.task.host", "notice.data.all"},
	{"notice.role.mail", "notice.task.send", "notice.data.mail"},
	{"notice.role.site", "notice.task.site", "notice.data.logs"},
	{"notice.role.cdn", "notice.task.cdn", "notice.data.cdn"},
	{"notice.role.stats", "notice.task.stats", "notice.data.stats"},
	{"notice.role.contact", "notice.task.contact", "notice.data.contact"},
	{"notice.role.other", NULL, NULL},
};
enum { DUTY_HOSTING, DUTY_MAIL, DUTY_SITE, DUTY_CDN, DUTY_STATS, DUTY_CONTACT, DUTY_OTHER };

static const struct duty *firm_duty(const struct notice_facts *all, const struct notice_firm *f)
{
	const struct conf_website *w = &all->conf->website;

	if (f->hosting || f->mail)
		return &duties[f->hosting ? DUTY_HOSTING : DUTY_MAIL];
	if (notice_firm_is(f, w->host))
		return &duties[DUTY_SITE];
	if (notice_firm_cdn(all, f))
		return &duties[DUTY_CDN];
	if (notice_firm_is(f, w->statistics.processor))
		return &duties[DUTY_STATS];
	return &duties[notice_firm_is(f, w->contact.processor) ? DUTY_CONTACT : DUTY_OTHER];
}

static struct slice firm_role(struct notice_walk *w, struct view *v, const struct notice_firm *f)
{
	const char *own = conf_text_get(&f->p->role, w->lang);

	return *own ? slice_from(own) : notice_say(w, v, firm_duty(w->f, f)->role);
}

struct slice notice_firm_task(struct notice_walk *w, struct view *v, const struct notice_firm *f)
{
	const char *own = conf_text_get(&f->p->task, w->lang);
	const struct duty *duty = firm_duty(w->f, f);
	struct slice items[2];

	if (*own)
		return slice_from(own);
	if (f->embed)
		return notice_say(w, v, "notice.task.embed");
	if (!duty->task)
		return SLICE("");
	items[0] = notice_say(w, v, duty->task);
	if (!f->mail || !sends_lists(w->f->conf))
		return items[0];
	items[1] = notice_say(w, v, "notice.task.list");
	return notice_join(w, items, 2, "word.comma");
}

/* Fields of the form reach the mail provider with its list only; the mails that we send hold none of them. */
static struct slice firm_data(struct notice_walk *w, struct view *v, const struct notice_firm *f)
{
	const char *own = conf_text_get(&f->p->data, w->lang);
	const struct duty *duty = firm_duty(w->f, f);
	struct slice fields[2];

	if (*own)
		return slice_from(own);
	if (!f->mail)
		return duty->data ? notice_say(w, v, duty->data) : SLICE("");
	if (!sends_lists(w->f->conf) || !w->f->nfields)
		return notice_say(w, v, "notice.data.mail");
	fields[0] = notice_labels(w, w->f->fields, w->f->nfields, true);
	fields[1] = notice_labels(w, w->f->fields, w->f->nfields, false);
	view_text(v, "fields", !fields[0].len ? fields[1] : !fields[1].len ? fields[0] :
	    notice_join(w, fields, 2, "word.comma"));
	return notice_say(w, v, "notice.data.mail.fields");
}

/* Where the data lie, as far as the owner stated it. */
static struct slice firm_places(struct notice_walk *w, const struct conf_processor *p, const char *last)
{
	struct notice_codes c = {.v = arena_alloc(w->a, (p->storage_locations.n + 1) * sizeof(*c.v))};

	for (size_t i = 0; c.v && i < p->storage_locations.n; i++)
		c.v[c.n++] = p->storage_locations.v[i];
	return notice_country_list(w, &c, false, last);
}

struct slice notice_parent(struct notice_walk *w, const struct conf_processor *p)
{
	struct slice items[2] = {slice_from(p->parent), SLICE("")};

	if (*p->parent_country)
		items[1] = notice_country(w, p->parent_country, false);
	return notice_join(w, items, *p->parent && items[1].len ? 2 : 1, "word.comma");
}

static struct slice firm_address(struct notice_walk *w, const struct conf_processor *p)
{
	struct slice *items = arena_alloc(w->a, (p->address.n + 2) * sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; items && i < p->address.n; i++)
		items[n++] = slice_from(p->address.v[i]);
	if (items && *p->country)
		items[n++] = notice_country(w, p->country, false);
	return items ? notice_join(w, items, n, "word.comma") : SLICE("");
}

/*
 * "aus der Schweiz, aus den USA nicht auszuschließen": where the firm or the data are, access is a fact; what only its
 * group could do is a possibility. Empty where all stays in the EEA.
 */
static struct slice firm_reach(struct notice_walk *w, struct view *v, const struct notice_firm *f)
{
	struct slice items[2];
	size_t n = 0;

	if (f->direct.all.n) {
		view_text(v, "countries", notice_country_list(w, &f->direct.all, true, "word.and"));
		items[n++] = notice_say(w, v, "notice.reach.direct");
	}
	if (f->group.all.n) {
		view_text(v, "countries", notice_country_list(w, &f->group.all, true, "word.and"));
		items[n++] = notice_say(w, v, "notice.reach");
	}
	return n ? notice_join(w, items, n, "word.comma") : SLICE("");
}

/* What protects the data there, in the order in which N20 says it. */
static struct slice firm_safeguards(struct notice_walk *w, struct view *v, const struct notice_firm *f)
{
	struct slice items[4];
	size_t n = 0;

	if (f->direct.all.n + f->group.all.n == 0)
		return SLICE("");
	if (f->direct.decided.n || f->group.decided.n)
		items[n++] = notice_say(w, v, "notice.safeguard.adequacy");
	if (f->direct.dpf || f->group.dpf)
		items[n++] = notice_say(w, v, "notice.safeguard.dpf");
	if (f->scc)
		items[n++] = notice_say(w, v, "notice.safeguard.scc");
	if (f->bcr)
		items[n++] = notice_say(w, v, "notice.safeguard.bcr");
	return n ? notice_join(w, items, n, "word.and") : notice_say(w, v, "notice.safeguard.open");
}

void notice_fill_contacts(struct notice_walk *w, struct view *v, size_t i)
{
	view_cstr(v, "contract_party", w->f->firms[i].p->contract_party);
}

/* N17, N18 */
void notice_fill_firm(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_firm *f = &w->f->firms[i];

	view_text(v, "role", firm_role(w, v, f));
	view_cstr(v, "contract_party", f->p->contract_party);
	view_text(v, "address", firm_address(w, f->p));
	view_text(v, "task", notice_firm_task(w, v, f));
	view_text(v, "data", firm_data(w, v, f));
	view_text(v, "storage_locations", firm_places(w, f->p, "word.comma"));
	view_text(v, "parent", notice_parent(w, f->p));
	view_text(v, "reach", firm_reach(w, v, f));
	view_text(v, "safeguard", firm_safeguards(w, v, f));
	view_text(v, "contract_date", notice_date(w, &f->p->contract.date));
	view_url(v, "privacy_url", slice_from(f->p->privacy_url));
	view_url(v, "subprocessors_url", slice_from(f->p->subprocessors_url));
}

/* ---- N20: countries outside the EEA ---- */

void notice_fill_seat(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_text(v, "controller_country", notice_country(w, w->f->conf->controller.country, true));
}

static void fill_transfer(struct notice_walk *w, struct view *v, size_t i, const struct notice_codes *to)
{
	const struct notice_firm *f = &w->f->firms[i];
	struct slice task = notice_firm_task(w, v, f);

	view_cstr(v, "recipient", f->p->contract_party);
	view_text(v, "country", notice_country_list(w, to, false, "word.and"));
	view_text(v, "task", task.len ? task : firm_role(w, v, f));
}

/* "Beschluss 2000/518/EG und Beschluss (EU) 2019/419" */
static void fill_decisions(struct notice_walk *w, struct view *v, const struct notice_codes *decided)
{
	struct slice *items = arena_alloc(w->a, (decided->n + 1) * sizeof(*items));
	bool german = strncmp(w->lang, "de", 2) == 0;

	for (size_t k = 0; items && k < decided->n; k++) {
		const struct adequacy *d = adequacy_of(decided->v[k]);
		struct view *one = view_child(v);
		view_cstr(one, "decision", german ? d->decision_de : d->decision_en);
		items[k] = notice_say(w, one, "notice.adequacy.ref");
	}
	if (items)
		view_text(v, "adequacy_ref", notice_join(w, items, decided->n, "word.and"));
}

static void fill_clauses(struct notice_walk *w, struct view *v, size_t i)
{
	const struct conf_processor *p = w->f->firms[i].p;
	struct slice *items = arena_alloc(w->a, (p->transfer.scc_module.n + 1) * sizeof(*items));

	for (size_t k = 0; items && k < p->transfer.scc_module.n; k++)
		items[k] = slice_from(p->transfer.scc_module.v[k]);
	if (items)
		view_text(v, "scc_module", notice_join(w, items, p->transfer.scc_module.n, "word.and"));
	view_text(v, "tia_date", notice_date(w, &p->transfer.tia_date));
}

void notice_fill_adequacy(struct notice_walk *w, struct view *v, size_t i)
{
	fill_transfer(w, v, i, &w->f->firms[i].direct.decided);
	fill_decisions(w, v, &w->f->firms[i].direct.decided);
}

void notice_fill_adequacy_group(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_codes *decided = &w->f->firms[i].group.decided;

	view_text(v, "group_decided", notice_country_list(w, decided, true, "word.and"));
	fill_decisions(w, v, decided);
}

void notice_fill_dpf(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_firm *f = &w->f->firms[i];

	fill_transfer(w, v, i, &f->direct.all);
	view_text(v, "dpf_checked_on", notice_date(w, &f->p->transfer.dpf.checked_on));
}

void notice_fill_scc(struct notice_walk *w, struct view *v, size_t i)
{
	fill_transfer(w, v, i, &w->f->firms[i].direct.rest);
	fill_clauses(w, v, i);
}

void notice_fill_fallback(struct notice_walk *w, struct view *v, size_t i)
{
	fill_clauses(w, v, i);
}

void notice_fill_bcr(struct notice_walk *w, struct view *v, size_t i)
{
	fill_transfer(w, v, i, &w->f->firms[i].direct.rest);
}

void notice_fill_open(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_firm *f = &w->f->firms[i];

	fill_transfer(w, v, i, f->direct.rest.n ? &f->direct.rest : &f->group.rest);
}

void notice_fill_affiliate(struct notice_walk *w, struct view *v, size_t i)
{
	const struct notice_firm *f = &w->f->firms[i];

	view_cstr(v, "recipient", f->p->contract_party);
	view_text(v, "storage_locations", firm_places(w, f->p, "word.and"));
	view_text(v, "seat", notice_country(w, f->p->country, false));
	view_text(v, "group_countries", notice_country_list(w, &f->group.all, true, "word.and"));
}
