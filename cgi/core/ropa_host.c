/* What a host needs: its record (Art. 30(2)), and the annex to its contract with the owner (Art. 28(3)). */
#include "core/ropa_priv.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool hosted(const struct ropa_ctx *x)
{
	return x->c->hosting_kind == CONF_NAMED;
}

/* The host is the last of the firms (notice_facts). */
static size_t host_of(const struct ropa_ctx *x)
{
	return x->f.nfirms - 1;
}

static void fill_processor(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_value(x, ropa_firm(x, host_of(x)));
}

static void fill_controller(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_value(x, ropa_controller(x));
}

static bool has_representative(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->representative_set;
}

static struct slice contact_line(struct ropa_ctx *x, const struct conf_contact *c)
{
	struct slice *items = arena_alloc(x->r->a, (c->address.n + 3) * sizeof(*items));
	size_t n = 0;

	if (!items)
		return SLICE("");
	if (*c->name)
		items[n++] = slice_from(c->name);
	for (size_t k = 0; k < c->address.n; k++)
		items[n++] = slice_from(c->address.v[k]);
	if (*c->country)
		items[n++] = notice_country(&x->w, c->country, false);
	if (*c->email)
		items[n++] = slice_from(c->email);
	return notice_join(&x->w, items, n, "word.comma");
}

static void fill_representative(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_value(x, contact_line(x, &x->c->representative));
}

static void fill_dpo(struct ropa_ctx *x, size_t i)
{
	(void)i;
	if (x->c->dpo_kind == CONF_NONE)
		ropa_said(x, "ropa.none");
	if (x->c->dpo_kind == CONF_NAMED)
		ropa_value(x, contact_line(x, &x->c->dpo));
}

static void fill_contract(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_value(x, notice_date(&x->w, &x->c->hosting.contract.date));
}

static bool certified(const struct ropa_ctx *x, size_t i)
{
	(void)i;
	return x->c->hosting.certificates.n > 0;
}

static void fill_certificates(struct ropa_ctx *x, size_t i)
{
	(void)i;
	for (size_t k = 0; k < x->c->hosting.certificates.n; k++)
		ropa_value(x, slice_from(x->c->hosting.certificates.v[k]));
}

static void fill_kinds(struct ropa_ctx *x, size_t i)
{
	bool provider = false;

	(void)i;
	ropa_said(x, "ropa.kind.form");
	for (size_t k = 0; k < x->f.nfirms; k++) {
		if (!x->f.firms[k].mail)
			continue;
		provider = true;
		x->v = view_child(x->d.root);
		view_cstr(x->v, "who", x->f.firms[k].p->contract_party);
		ropa_said(x, "ropa.kind.mail");
	}
	if (!provider)
		ropa_said(x, "ropa.kind.mail.own");
	ropa_said(x, "ropa.kind.evidence");
	ropa_said(x, "ropa.kind.notice");
	x->v = view_child(x->d.root);
	view_text(x->v, "duration", notice_duration(&x->w, x->c->retention.logs, false));
	ropa_said(x, "ropa.kind.logs");
	view_text(x->v, "duration", notice_duration(&x->w, x->c->retention.backups, false));
	ropa_said(x, "ropa.kind.backups");
}

static void fill_host_transfers(struct ropa_ctx *x, size_t i)
{
	bool any = false;

	(void)i;
	for (size_t k = 0; k < x->f.nfirms; k++) {
		if (!x->f.firms[k].hosting && !x->f.firms[k].mail)
			continue;
		any |= ropa_transfer(x, k);
	}
	if (!any)
		ropa_said(x, "ropa.transfer.none");
}

static const struct ropa_line firm_lines[] = {
    {"processor", "30(2)(a)", NULL, fill_processor},
    {"contact", "30(2)(a)", NULL, NULL},
    {"processor_dpo", "30(2)(a); 37", NULL, NULL},
    {"sub", "28(2), (4)", NULL, NULL},
};

static const struct ropa_line site_lines[] = {
    {"controller", "30(2)(a)", NULL, fill_controller},
    {"representative", "30(2)(a); 27", has_representative, fill_representative},
    {"dpo", "30(2)(a); 37", NULL, fill_dpo},
    {"contract", "28(3)", NULL, fill_contract},
    {"kinds", "30(2)(b)", NULL, fill_kinds},
    {"transfers", "30(2)(c)", NULL, fill_host_transfers},
};

/* One section per host, however many of the sites it has. */
void ropa_host_firm(struct ropa_ctx *x)
{
	if (!hosted(x))
		return;
	for (size_t i = 0; x->r->sites[i] != x->w.site; i++) {
		const struct conf_site *before = site_conf(x->r->sites[i]);

		if (before->hosting_kind == CONF_NAMED &&
		    strcmp(before->hosting.contract_party, x->c->hosting.contract_party) == 0)
			return;
	}
	ropa_section(x, "host", x->c->id, ropa_say(x, "ropa.section.host"));
	ropa_lines(x, firm_lines, COUNT(firm_lines), 0);
}

void ropa_host_site(struct ropa_ctx *x)
{
	ropa_section(x, "site", x->c->id, slice_from(x->c->base_url));
	if (hosted(x)) {
		ropa_lines(x, site_lines, COUNT(site_lines), 0);
		return;
	}
	ropa_row(x, "own", "4(8)", ropa_say(x, "ropa.label.own"));
	ropa_said(x, "ropa.own");
}

/* ---- the annex */

static void fill_subject(struct ropa_ctx *x, size_t i)
{
	struct slice *titles = arena_alloc(x->r->a, (x->c->npurposes + 1) * sizeof(*titles));

	(void)i;
	for (size_t k = 0; titles && k < x->c->npurposes; k++)
		titles[k] = slice_from(conf_text_get(&x->c->purposes[k].title, x->r->lang));
	if (titles)
		view_text(x->v, "title_list", notice_join(&x->w, titles, x->c->npurposes, "word.and"));
	ropa_said(x, "ropa.subject");
}

static void fill_duration(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_said(x, "ropa.duration");
}

static void fill_annex_data(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_proof_data(x);
	ropa_said(x, "ropa.abuse.data");
	ropa_said(x, "ropa.block.data");
	ropa_log_data(x);
}

static void fill_annex_persons(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_said(x, "ropa.check.persons");
	ropa_said(x, "ropa.send.persons");
	ropa_said(x, "ropa.logs.persons");
}

static void fill_ending(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_said(x, "ropa.ending");
}

static void fill_direct(struct ropa_ctx *x, size_t i)
{
	bool any = false;

	(void)i;
	for (size_t k = 0; k < x->f.nfirms; k++) {
		struct slice firm;

		if (x->f.firms[k].hosting)
			continue;
		any = true;
		firm = ropa_firm(x, k);
		view_text(x->v, "who", firm);
		ropa_said(x, x->f.firms[k].p->contract.date.year ? "ropa.recipient.dated" : "ropa.recipient");
	}
	if (!any)
		ropa_said(x, "ropa.none");
}

static const struct ropa_line party_lines[] = {
    {"controller", "28(3)", NULL, fill_controller},
    {"processor", "28(3)", NULL, fill_processor},
    {"contract", "28(3)", NULL, fill_contract},
    {"certificates", "28(5)", certified, fill_certificates},
    {"instructions", "28(3)(a); 29", NULL, NULL},
    {"processor_dpo", "37", NULL, NULL},
};

static const struct ropa_line subject_lines[] = {
    {"subject", "28(3)", NULL, fill_subject},
    {"duration", "28(3)", NULL, fill_duration},
    {"nature", "28(3)", NULL, fill_kinds},
    {"data", "28(3)", NULL, fill_annex_data},
    {"persons", "28(3)", NULL, fill_annex_persons},
    {"ending", "28(3)(g)", NULL, fill_ending},
};

static const struct ropa_line other_lines[] = {
    {"sub", "28(2), (3)(d), (4)", NULL, NULL},
    {"direct", "28(1)", NULL, fill_direct},
    {"transfers", "28(3)(a); 44", NULL, fill_host_transfers},
};

enum err ropa_avv(struct ropa_ctx *x, struct errinfo *ei)
{
	if (!hosted(x))
		return err_set(ei, E_NOT_FOUND, "%s: hosting is \"self\", so nobody processes on behalf and no annex is needed. "
		    "If the server is rented, name the firm under hosting (jawort config explain hosting)", x->c->file);
	ropa_section(x, "parties", "", ropa_say(x, "ropa.section.parties"));
	ropa_lines(x, party_lines, COUNT(party_lines), 0);
	ropa_section(x, "subject", "", ropa_say(x, "ropa.section.subject"));
	ropa_lines(x, subject_lines, COUNT(subject_lines), 0);
	ropa_section(x, "others", "", ropa_say(x, "ropa.section.others"));
	ropa_lines(x, other_lines, COUNT(other_lines), 0);
	return x->w.err;
}
