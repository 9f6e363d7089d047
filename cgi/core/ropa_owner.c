/* Record of the controller, Art. 30(1): who, then one section per activity. */
#include "core/ropa_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- values that several records share */

static struct slice one_line(struct ropa_ctx *x, const char *name)
{
	struct view_value v;
	struct buf b;

	buf_init_arena(&b, x->r->a, 8192);
	if (!view_get(x->v, slice_from(name), &v))
		return SLICE("");
	for (size_t i = 0; i < v.text.len; i++) {
		if (v.text.ptr[i] == '\n')
			buf_add_str(&b, ", ");
		else
			buf_add_char(&b, v.text.ptr[i]);
	}
	return buf_slice(&b);
}

struct slice ropa_controller(struct ropa_ctx *x)
{
	notice_fill_controller(&x->w, x->v, 0);
	return one_line(x, "controller_block");
}

static struct slice taken(struct ropa_ctx *x, const char *name)
{
	struct view_value v;

	return view_get(x->v, slice_from(name), &v) ? v.text : SLICE("");
}

struct slice ropa_firm(struct ropa_ctx *x, size_t i)
{
	struct slice part[2];

	x->v = view_child(x->d.root);
	notice_fill_firm(&x->w, x->v, i);
	part[0] = taken(x, "contract_party");
	part[1] = taken(x, "address");
	return notice_join(&x->w, part, part[1].len ? 2 : 1, "word.comma");
}

static bool firm_abroad(const struct ropa_ctx *x, size_t i)
{
	return x->f.firms[i].direct.all.n > 0 || x->f.firms[i].group.all.n > 0;
}

static void value_country(struct ropa_ctx *x, const struct notice_codes *c)
{
	view_text(x->v, "country", notice_country_list(&x->w, c, false, "word.and"));
}

static void safeguards_of(struct ropa_ctx *x, size_t i, const struct notice_reach *reach, bool group)
{
	const struct notice_firm *f = &x->f.firms[i];

	if (reach->decided.n) {
		if (group)
			notice_fill_adequacy_group(&x->w, x->v, i);
		else
			notice_fill_adequacy(&x->w, x->v, i);
		value_country(x, &reach->decided);
		ropa_said(x, "ropa.safeguard.adequacy");
	}
	if (reach->dpf) {
		notice_fill_dpf(&x->w, x->v, i);
		ropa_said(x, "ropa.safeguard.dpf");
	}
	if (reach->rest.n && !f->scc && !f->bcr) {
		value_country(x, &reach->rest);
		ropa_said(x, "ropa.safeguard.none");
	}
}

bool ropa_safeguards(struct ropa_ctx *x, size_t i)
{
	const struct notice_firm *f = &x->f.firms[i];

	if (!firm_abroad(x, i))
		return false;
	safeguards_of(x, i, &f->direct, false);
	safeguards_of(x, i, &f->group, true);
	if (f->scc) {
		notice_fill_fallback(&x->w, x->v, i);
		ropa_said(x, "ropa.safeguard.scc");
	}
	if (f->bcr)
		ropa_said(x, "ropa.safeguard.bcr");
	return true;
}

/* ---- who is responsible */

static void fill_controller(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_value(x, ropa_controller(x));
}

static void fill_website(struct ropa_ctx *x, size_t i)
{
	struct slice *items = arena_alloc(x->r->a, (x->c->origins.n + 1) * sizeof(*items));

	(void)i;
	for (size_t k = 0; items && k < x->c->origins.n; k++)
		items[k] = slice_from(x->c->origins.v[k]);
	if (items)
		view_text(x->v, "origins", notice_join(&x->w, items, x->c->origins.n, "word.comma"));
	view_cstr(x->v, "base_url", x->c->base_url);
	ropa_said(x, "ropa.website");
}

static bool has_representative(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->representative_set;
}

static void fill_representative(struct ropa_ctx *x, size_t i)
{
	notice_fill_representative(&x->w, x->v, i);
	ropa_value(x, one_line(x, "representative_block"));
}

static bool has_joint(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->joint.with.n > 0;
}

static void fill_joint(struct ropa_ctx *x, size_t i)
{
	(void)i;
	for (size_t k = 0; k < x->c->joint.with.n; k++)
		ropa_value(x, slice_from(x->c->joint.with.v[k]));
}

static void fill_dpo(struct ropa_ctx *x, size_t i)
{
	if (x->c->dpo_kind == CONF_NONE)
		ropa_said(x, "ropa.none");
	if (x->c->dpo_kind != CONF_NAMED)
		return;
	notice_fill_dpo(&x->w, x->v, i);
	ropa_value(x, one_line(x, "dpo_block"));
}

static void fill_authority(struct ropa_ctx *x, size_t i)
{
	if (!x->f.authority)
		return;
	notice_fill_authority(&x->w, x->v, i);
	ropa_value(x, one_line(x, "authority_block"));
}

static const struct ropa_line who[] = {
    {"controller", "30(1)(a)", NULL, fill_controller},
    {"website", "30(1)", NULL, fill_website},
    {"representative", "30(1)(a); 27", has_representative, fill_representative},
    {"joint", "30(1)(a); 26", has_joint, fill_joint},
    {"dpo", "30(1)(a); 37", NULL, fill_dpo},
    {"authority", "30(4); 55", NULL, fill_authority},
};

/* ---- activities */

static bool other_server(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->website.set && *x->c->website.host;
}

static bool contact(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->website.contact.by.n > 0;
}

static bool stats(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->website.statistics_kind == CONF_NAMED;
}

static bool embeds(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->website.nembeds > 0;
}

static const struct ropa_activity activities[] = {
    {"send", true, NULL, false, false, true, {"notice.keep.sending", NULL, NULL}},
    {"check", false, NULL, false, true, false, {"notice.keep.pending", "notice.keep.mails", NULL}},
    {"proof", false, NULL, false, false, false,
        {"notice.keep.evidence", "notice.keep.ip.truncated", "notice.keep.ip.full"}},
    {"abuse", false, NULL, true, false, false, {"notice.keep.abuse", NULL, NULL}},
    {"requests", false, NULL, true, false, false, {"notice.keep.requests", NULL, NULL}},
    {"block", false, NULL, true, true, false,
        {"notice.keep.deny", "notice.keep.suppression", "notice.keep.hooks"}},
    {"logs", false, NULL, false, false, false, {"notice.keep.logs", NULL, NULL}},
    {"visit", false, other_server, false, false, false, {"notice.keep.sitelogs", NULL, NULL}},
    {"contact", false, contact, true, false, false, {"notice.keep.messages", NULL, NULL}},
    {"stats", false, stats, false, false, false, {"notice.keep.stats", NULL, NULL}},
    {"embed", false, embeds, true, false, false, {NULL, NULL, NULL}},
    {"backups", false, NULL, true, false, false, {"notice.keep.backups", NULL, NULL}},
};

const struct ropa_activity *ropa_activities(size_t *n)
{
	*n = sizeof(activities) / sizeof(activities[0]);
	return activities;
}

static bool is(const struct ropa_ctx *x, const char *id)
{
	return strcmp(x->act->id, id) == 0;
}

static const char *act_key(struct ropa_ctx *x, const char *what)
{
	struct buf b;

	buf_init_arena(&b, x->r->a, 80);
	buf_printf(&b, "ropa.%s.%s", x->act->id, what);
	return buf_ok(&b) ? b.data : "";
}

static void fill_purpose(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_said(x, act_key(x, "purpose"));
}

static void fill_basis(struct ropa_ctx *x, size_t i)
{
	bool asked = is(x, "stats") && x->c->website.statistics.cookies.n > 0;

	ropa_said(x, act_key(x, asked ? "basis.consent" : "basis"));
	if (!is(x, "send") || x->c->purposes[i].special.n == 0)
		return;
	notice_fill_special(&x->w, x->v, i);
	ropa_said(x, "ropa.send.special");
}

static void fill_persons(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_said(x, act_key(x, "persons"));
}

/* "Mail-Adresse, Nachname, Vorname (freiwillig)": of the forms that offer a purpose, NULL: of all. */
struct slice ropa_fields(struct ropa_ctx *x, const struct conf_purpose *p)
{
	struct notice_field fields[NOTICE_FIELDS_MAX];
	size_t n = notice_fields(x->c, p, fields), count = 0;
	struct slice part[NOTICE_FIELDS_MAX + 1];

	part[count++] = notice_say(&x->w, x->v, "notice.fields.email");
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t k = 0; k < n; k++) {
			struct view *one = view_child(x->v);

			if (fields[k].required == (pass == 1))
				continue;
			view_text(one, "label", notice_labels(&x->w, &fields[k], 1, fields[k].required));
			part[count++] = fields[k].required ? notice_labels(&x->w, &fields[k], 1, true) :
			    notice_say(&x->w, one, "notice.field.optional");
		}
	return notice_join(&x->w, part, count, "word.comma");
}

void ropa_proof_data(struct ropa_ctx *x)
{
	static const char *const ip[CONF_IP__MAX] = {NULL, "notice.browser.ip.truncated", "notice.browser.ip.full"};

	view_text(x->v, "base", ropa_fields(x, NULL));
	if (ip[x->c->ip])
		view_text(x->v, "ip", notice_say(&x->w, x->v, ip[x->c->ip]));
	ropa_said(x, ip[x->c->ip] ? "ropa.proof.data.ip" : "ropa.proof.data");
}

void ropa_log_data(struct ropa_ctx *x)
{
	notice_fill_logs(&x->w, x->v, 0);
	ropa_value(x, taken(x, "log_fields"));
}

static void visit_data(struct ropa_ctx *x)
{
	const char *own = conf_text_get(&x->c->website.log_fields, x->r->lang);

	view_text(x->v, "log_fields", *own ? slice_from(own) : notice_say(&x->w, x->v, "notice.logs.default"));
	ropa_said(x, "ropa.visit.data");
}

static void fill_data(struct ropa_ctx *x, size_t i)
{
	if (x->act->own_data) {
		ropa_said(x, act_key(x, "data"));
	} else if (is(x, "send")) {
		ropa_value(x, ropa_fields(x, &x->c->purposes[i]));
	} else if (is(x, "proof")) {
		ropa_proof_data(x);
	} else if (is(x, "logs")) {
		ropa_log_data(x);
	} else if (is(x, "visit")) {
		visit_data(x);
	} else if (is(x, "stats")) {
		ropa_said(x, strcmp(x->c->website.statistics.ip, "none") == 0 ? "ropa.stats.data" : "ropa.stats.data.ip");
	} else {
		ropa_value(x, ropa_fields(x, NULL));
	}
}

/* What the website around the forms does; data of subscribers have no part in it. */
static bool receives_website(const struct ropa_ctx *x, const struct notice_firm *f)
{
	const struct conf_website *w = &x->c->website;

	if (is(x, "visit"))
		return notice_firm_is(f, w->host) || notice_firm_cdn(&x->f, f);
	if (is(x, "contact"))
		return notice_firm_is(f, w->contact.processor);
	if (is(x, "stats"))
		return notice_firm_is(f, w->statistics.processor) || (f->hosting && !*w->statistics.processor);
	return f->embed != NULL;
}

/* Who hosts has all of it; who sends has what is sent, or the list. */
static bool receives(const struct ropa_ctx *x, size_t firm, size_t purpose)
{
	const struct notice_firm *f = &x->f.firms[firm];

	if (x->act->applies)
		return receives_website(x, f);
	if (f->embed || f->hosting)
		return f->hosting;
	if (!f->mail)
		return is(x, "send") && !f->site;
	if (x->act->list)
		return *x->c->purposes[purpose].provider_list != '\0';
	return x->act->mail;
}

static void fill_recipients(struct ropa_ctx *x, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < x->f.nall; k++) {
		struct slice firm;

		if (!receives(x, k, i))
			continue;
		firm = ropa_firm(x, k);
		view_text(x->v, "who", firm);
		if (x->f.firms[k].embed)
			view_cstr(x->v, "role", x->f.firms[k].embed->name);
		ropa_said(x, x->f.firms[k].p->contract.date.year ? "ropa.recipient.dated" : "ropa.recipient");
		n++;
	}
	if (!n)
		ropa_said(x, "ropa.recipient.none");
}

bool ropa_transfer(struct ropa_ctx *x, size_t firm)
{
	struct ropa_row *row = x->r->last->last;
	struct ropa_value *before = row->last;

	ropa_firm(x, firm);
	if (!ropa_safeguards(x, firm))
		return false;
	for (struct ropa_value *v = before ? before->next : row->values; v; v = v->next) {
		struct view *one = view_child(x->v);

		view_cstr(one, "what", x->f.firms[firm].p->contract_party);
		view_text(one, "how_long", v->text);
		v->text = ropa_say_with(x, one, "ropa.period");
	}
	return true;
}

static void fill_transfers(struct ropa_ctx *x, size_t i)
{
	bool any = false;

	for (size_t k = 0; k < x->f.nall; k++)
		if (receives(x, k, i))
			any |= ropa_transfer(x, k);
	if (!any)
		ropa_said(x, "ropa.transfer.none");
}

/* N21 speaks to the person; a record does not. */
static struct slice kept_text(struct ropa_ctx *x, const struct notice_kept *k)
{
	struct view *one = view_child(x->v);
	bool years;

	if (strcmp(k->key, "notice.keep.evidence") != 0)
		return k->how_long;
	notice_evidence_fill(&x->w, one, &years);
	return ropa_say_with(x, one, years ? "ropa.evidence.time" : "ropa.evidence.time.plain");
}

static bool kept_here(const struct ropa_ctx *x, const char *key)
{
	for (size_t k = 0; k < 3 && x->act->keeps[k]; k++)
		if (strcmp(x->act->keeps[k], key) == 0)
			return true;
	return false;
}

static void fill_periods(struct ropa_ctx *x, size_t i)
{
	struct notice_kept one;
	bool any = false;

	(void)i;
	for (size_t k = 0; notice_kept(&x->w, x->v, k, &one); k++) {
		if (!one.applies || !kept_here(x, one.key))
			continue;
		any = true;
		x->v = view_child(x->d.root);
		view_text(x->v, "what", one.what);
		view_text(x->v, "how_long", kept_text(x, &one));
		ropa_said(x, "ropa.period");
	}
	if (!any && (is(x, "visit") || is(x, "embed")))
		ropa_said(x, "ropa.period.firm");
}

/* Newsletters are written and sent with other tools; without a list at the provider nothing here knows which. */
static bool tool_unknown(const struct ropa_ctx *x, size_t i)
{
	return is(x, "send") && !*x->c->purposes[i].provider_list;
}

static const struct ropa_line activity_lines[] = {
    {"purpose", "30(1)(b)", NULL, fill_purpose},
    {"basis", "6(1)", NULL, fill_basis},
    {"persons", "30(1)(c)", NULL, fill_persons},
    {"data", "30(1)(c)", NULL, fill_data},
    {"recipients", "30(1)(d)", NULL, fill_recipients},
    {"tool", "30(1)(d)", tool_unknown, NULL},
    {"transfers", "30(1)(e)", NULL, fill_transfers},
    {"periods", "30(1)(f)", NULL, fill_periods},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct slice embed_names(struct ropa_ctx *x)
{
	const struct conf_website *w = &x->c->website;
	struct slice *items = arena_alloc(x->r->a, (w->nembeds + 1) * sizeof(*items));

	for (size_t k = 0; items && k < w->nembeds; k++)
		items[k] = slice_from(w->embeds[k].name);
	return items ? notice_join(&x->w, items, w->nembeds, "word.comma") : SLICE("");
}

static void activity(struct ropa_ctx *x, const struct ropa_activity *act, size_t i)
{
	const struct conf_purpose *p = act->per_purpose ? &x->c->purposes[i] : NULL;

	x->act = act;
	x->v = view_child(x->d.root);
	if (p) {
		view_cstr(x->v, "title", conf_text_get(&p->title, x->r->lang));
		notice_fill_purpose(&x->w, x->v, i);
	}
	view_cstr(x->v, "tool", x->c->website.statistics.tool);
	view_text(x->v, "names", embed_names(x));
	ropa_section(x, act->id, p ? p->id : "", ropa_say(x, act_key(x, "title")));
	ropa_lines(x, activity_lines, COUNT(activity_lines), i);
}

void ropa_owner(struct ropa_ctx *x)
{
	ropa_section(x, "who", "", ropa_say(x, "ropa.section.who"));
	ropa_lines(x, who, COUNT(who), 0);
	for (size_t k = 0; k < COUNT(activities) && !x->w.err; k++)
		for (size_t i = 0; (!activities[k].applies || activities[k].applies(x, 0)) && i < (activities[k].per_purpose ? x->c->npurposes : 1) && !x->w.err; i++)
			activity(x, &activities[k], i);
}
