/* Assessment of transfers: facts from the configuration, questions for a person. One pair of sections per firm. */
#include "core/ropa_priv.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct notice_firm *firm(const struct ropa_ctx *x, size_t i)
{
	return &x->f.firms[i];
}

static bool abroad(const struct ropa_ctx *x, size_t i)
{
	return firm(x, i)->direct.all.n > 0 || firm(x, i)->group.all.n > 0;
}

static void taken_value(struct ropa_ctx *x, const char *name)
{
	struct view_value v;

	if (view_get(x->v, slice_from(name), &v))
		ropa_value(x, v.text);
}

static void fill_exporter(struct ropa_ctx *x, size_t i)
{
	(void)i;
	ropa_value(x, ropa_controller(x));
}

static void fill_importer(struct ropa_ctx *x, size_t i)
{
	ropa_value(x, ropa_firm(x, i));
}

static void fill_task(struct ropa_ctx *x, size_t i)
{
	ropa_firm(x, i);
	taken_value(x, "task");
}

static void fill_data(struct ropa_ctx *x, size_t i)
{
	ropa_firm(x, i);
	taken_value(x, "data");
}

static void fill_storage(struct ropa_ctx *x, size_t i)
{
	ropa_firm(x, i);
	taken_value(x, "storage_locations");
}

static bool has_parent(const struct ropa_ctx *x, size_t i)
{
	return *firm(x, i)->p->parent || *firm(x, i)->p->parent_country;
}

static void fill_parent(struct ropa_ctx *x, size_t i)
{
	ropa_firm(x, i);
	taken_value(x, "parent");
}

static void fill_reach(struct ropa_ctx *x, size_t i)
{
	const struct notice_firm *f = firm(x, i);

	ropa_value(x, notice_country_list(&x->w, &f->direct.all, false, "word.comma"));
	ropa_value(x, notice_country_list(&x->w, &f->group.all, false, "word.comma"));
}

static void fill_safeguard(struct ropa_ctx *x, size_t i)
{
	ropa_safeguards(x, i);
}

static void fill_contract(struct ropa_ctx *x, size_t i)
{
	ropa_value(x, notice_date(&x->w, &firm(x, i)->p->contract.date));
}

static bool certified(const struct ropa_ctx *x, size_t i)
{
	return firm(x, i)->p->certificates.n > 0;
}

static void fill_certificates(struct ropa_ctx *x, size_t i)
{
	for (size_t k = 0; k < firm(x, i)->p->certificates.n; k++)
		ropa_value(x, slice_from(firm(x, i)->p->certificates.v[k]));
}

static void fill_assessed(struct ropa_ctx *x, size_t i)
{
	ropa_value(x, notice_date(&x->w, &firm(x, i)->p->transfer.tia_date));
}

static void fill_checked(struct ropa_ctx *x, size_t i)
{
	ropa_value(x, notice_date(&x->w, &firm(x, i)->p->subprocessors_checked_on));
}

static void fill_list(struct ropa_ctx *x, size_t i)
{
	ropa_value(x, slice_from(firm(x, i)->p->subprocessors_url));
}

/* A mail provider without our list gets mails and nothing of the form. */
static bool mails_only(const struct ropa_ctx *x, size_t i)
{
	if (!firm(x, i)->mail || firm(x, i)->p->data.n)
		return false;
	for (size_t p = 0; p < x->c->npurposes; p++)
		if (*x->c->purposes[p].provider_list)
			return false;
	return true;
}

static void fill_sees(struct ropa_ctx *x, size_t i)
{
	ropa_firm(x, i);
	ropa_said(x, "ropa.sees");
}

static const struct ropa_line fact_lines[] = {
    {"exporter", "44", NULL, fill_exporter},
    {"importer", "44", NULL, fill_importer},
    {"task", "28(3)", NULL, fill_task},
    {"data", "28(3)", NULL, fill_data},
    {"sees", "25", mails_only, fill_sees},
    {"storage", "13(1)(f)", NULL, fill_storage},
    {"parent", "13(1)(f)", has_parent, fill_parent},
    {"reach", "44", NULL, fill_reach},
    {"safeguard", "45; 46", NULL, fill_safeguard},
    {"contract", "28(3)", NULL, fill_contract},
    {"certificates", "28(5)", certified, fill_certificates},
    {"assessed", "46; 2021/914", NULL, fill_assessed},
    {"list", "28(2), (4)", NULL, fill_list},
    {"checked", "28(2), (4)", NULL, fill_checked},
};

/* ---- questions */

static bool us(const struct ropa_ctx *x, size_t i)
{
	return notice_codes_has(&firm(x, i)->direct.all, "US") || notice_codes_has(&firm(x, i)->group.all, "US");
}

static bool dpf(const struct ropa_ctx *x, size_t i)
{
	return firm(x, i)->direct.dpf || firm(x, i)->group.dpf;
}

/* A parent or a firm of the group that others can give orders to. */
static bool group(const struct ropa_ctx *x, size_t i)
{
	return firm(x, i)->group.all.n > 0 || has_parent(x, i);
}

static const struct {
	const char *id; /* words ropa.question.ID */
	bool (*applies)(const struct ropa_ctx *x, size_t i);
} questions[] = {
    {"law", NULL}, {"us", us}, {"dpf", dpf}, {"practice", NULL}, {"parent", group}, {"crypt", NULL}, {"contract", NULL},
    {"sub", NULL}, {"other", NULL},
};

static const struct ropa_line sign_lines[] = {
    {"result", "44", NULL, NULL},
    {"again", "24(1)", NULL, NULL},
    {"signed", "5(2)", NULL, NULL},
};

static void questions_add(struct ropa_ctx *x, size_t i)
{
	x->v = view_child(x->d.root);
	view_cstr(x->v, "contract_party", firm(x, i)->p->contract_party);
	ropa_section(x, "questions", firm(x, i)->p->id, ropa_say(x, "ropa.section.questions"));
	for (size_t k = 0; k < COUNT(questions) && !x->w.err; k++) {
		struct ropa_row *row;
		struct buf key;

		if (questions[k].applies && !questions[k].applies(x, i))
			continue;
		buf_init_arena(&key, x->r->a, 80);
		buf_printf(&key, "ropa.question.%s", questions[k].id);
		row = ropa_row(x, questions[k].id, "46; 2021/914", ropa_say(x, buf_ok(&key) ? key.data : ""));
		if (row)
			row->open = true;
	}
}

void ropa_tia(struct ropa_ctx *x)
{
	bool any = false;

	for (size_t i = 0; i < x->f.nall && !x->w.err; i++) {
		if (!abroad(x, i))
			continue;
		any = true;
		x->v = view_child(x->d.root);
		ropa_section(x, "firm", firm(x, i)->p->id, slice_from(firm(x, i)->p->contract_party));
		ropa_lines(x, fact_lines, COUNT(fact_lines), i);
		questions_add(x, i);
		ropa_section(x, "sign", firm(x, i)->p->id, ropa_say(x, "ropa.section.sign"));
		ropa_lines(x, sign_lines, COUNT(sign_lines), i);
	}
	if (any || x->w.err)
		return;
	ropa_section(x, "none", "", ropa_say(x, "ropa.section.none"));
	ropa_row(x, "nothing", "44", ropa_say(x, "ropa.label.nothing"));
	ropa_said(x, "ropa.nothing");
}
