/* Rules about the firms that handle data: contract, transfer, and what somebody has to look up again. */
#include "core/lint_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/notice_priv.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define OLD_DAYS 180

static const char *firm_path(struct lint *l, const struct notice_firm *f, const char *key)
{
	return lint_text(l, "%s%s.%s", f->hosting ? "" : "processors.", f->p->id, key);
}

static bool is_set(const struct conf_date *d)
{
	return d->year != 0;
}

static int64_t age_days(const struct conf_date *d)
{
	return (clock_now_ms() - clock_parse_iso(d->text, strlen(d->text))) / DAY_MS;
}

static bool future(const struct conf_date *d)
{
	return is_set(d) && clock_parse_iso(d->text, strlen(d->text)) > clock_now_ms();
}

static void firm_contract(struct lint *l, const struct notice_firm *f)
{
	const char *path = firm_path(l, f, "contract.covers");

	if (is_set(&f->p->contract.date) && f->p->contract.covers.n == 0)
		lint_key(l, CONF_WARNING, "L20-covers", path, path, NULL);
}

/* What changes without anybody telling: the owner looks, the check insists. */
static void firm_looked(struct lint *l, const struct notice_firm *f)
{
	const char *list = firm_path(l, f, "subprocessors_checked_on"), *account = firm_path(l, f, "tracking_off_on");
	const char *kept = firm_path(l, f, "retention");

	if (*f->p->subprocessors_url && !is_set(&f->p->subprocessors_checked_on))
		lint_key(l, CONF_WARNING, "L46-unread", list, list, NULL);
	if (is_set(&f->p->subprocessors_checked_on) && age_days(&f->p->subprocessors_checked_on) > OLD_DAYS)
		lint_key(l, CONF_WARNING, "L46-subprocessors", list, list, NULL);
	/* Of brevo the load says more. */
	if (f->mail && !f->p->retention.n)
		lint_key(l, CONF_WARNING, "L18-firm", kept, kept, f->p->contract_party, NULL);
	if (f->mail && !is_set(&f->p->tracking_off_on) && strcmp(f->p->id, "brevo") != 0)
		lint_key(l, CONF_WARNING, "L13-unchecked", account, account, NULL);
}

static void firm_future(struct lint *l, const struct notice_firm *f)
{
	const struct {
		const char *key;
		const struct conf_date *date;
	} rows[] = {{"subprocessors_checked_on", &f->p->subprocessors_checked_on},
	    {"tracking_off_on", &f->p->tracking_off_on}, {"transfer.tia_date", &f->p->transfer.tia_date},
	    {"transfer.dpf.checked_on", &f->p->transfer.dpf.checked_on}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (future(rows[i].date))
			lint_key(l, CONF_WARNING, "L48-future", firm_path(l, f, rows[i].key), firm_path(l, f, rows[i].key), NULL);
}

/* Mechanisms that cannot protect what is written about the firm. None at all is said by the load. */
static void firm_transfer(struct lint *l, const struct notice_firm *f)
{
	const struct conf_list *m = &f->p->transfer.mechanism;
	const struct notice_codes *open = f->direct.rest.n ? &f->direct.rest : &f->group.rest;
	const char *path = firm_path(l, f, "transfer.mechanism");
	bool usa = notice_codes_has(&f->direct.all, "US") || notice_codes_has(&f->group.all, "US");

	if (conf_list_has(m, "dpf") && !adequacy_dpf())
		lint_key(l, CONF_ERROR, "L22-invalid", path, path, adequacy_as_of(), NULL);
	if (conf_list_has(m, "dpf") && !usa)
		lint_key(l, CONF_ERROR, "L21-nodpf", path, path, NULL);
	if (conf_list_has(m, "adequacy") && f->direct.decided.n + f->group.decided.n == 0)
		lint_key(l, CONF_ERROR, "L21-noadequacy", path, path, NULL);
	if (m->n && !f->scc && !f->bcr && open->n)
		lint_key(l, CONF_ERROR, "L21-open", path, path, open->v[0], NULL);
}

/* DSG (CH) 19(4) wants the countries named. */
static void firm_places(struct lint *l, const struct notice_firm *f)
{
	const char *path = firm_path(l, f, "storage_locations");

	if (conf_list_has(&l->conf->notice.target_countries, "CH") && f->p->storage_locations.n == 0)
		lint_key(l, CONF_WARNING, "L44-places", path, path, NULL);
}

void lint_firms(struct lint *l)
{
	/* As in try-out: facts also where the notice itself would be refused. */
	struct conf_site *c = arena_alloc(l->a, sizeof(*c));
	struct errinfo ei = {.code = OK};
	struct notice_facts f;

	if (!c)
		return;
	*c = *l->conf;
	c->mode = CONF_TRY_OUT;
	if (notice_facts_read(&f, c, l->a, c->languages.v[0], false, &ei) != OK)
		return;
	for (size_t i = 0; i < f.nfirms; i++) {
		firm_contract(l, &f.firms[i]);
		firm_looked(l, &f.firms[i]);
		firm_future(l, &f.firms[i]);
		firm_transfer(l, &f.firms[i]);
		firm_places(l, &f.firms[i]);
	}
	if (conf_list_has(&l->conf->notice.target_countries, "US"))
		lint_key(l, CONF_WARNING, "L44-usa", "notice.target_countries", "notice.target_countries", NULL);
}

/* ---- the authority ---- */

static void seat_named(struct lint *l, const struct authority *au)
{
	const struct conf_site *c = l->conf;
	bool church = c->regime != CONF_GDPR && (strcmp(au->kind, "kdg") == 0 || strcmp(au->kind, "dsg-ekd") == 0);
	bool other = strcmp(au->country, c->controller.country) != 0 ||
	    (au->state && *c->controller.state && strcmp(au->kind, "general") == 0 &&
	    strcmp(au->state, c->controller.state) != 0);

	/* Church authorities cover dioceses, not Länder. */
	if (*c->controller.country && other && !church)
		lint_key(l, CONF_ERROR, "L24-other", "notice.authority", "notice.authority", c->notice.authority,
		    lint_text(l, "%s%s%s", c->controller.country, *c->controller.state ? "-" : "", c->controller.state),
		    NULL);
}

void lint_seat(struct lint *l)
{
	const struct conf_site *c = l->conf;
	const struct authority *au;

	if (!*c->notice.authority) {
		if (c->regime == CONF_KDG)
			lint_key(l, CONF_WARNING, "L24-church", "regime", "regime", NULL);
		return;
	}
	if (authority_find(c->controller.country, c->controller.state, c->regime, c->notice.authority, &au) != OK)
		lint_key(l, CONF_ERROR, "L24-unknown", "notice.authority", "notice.authority", c->notice.authority, NULL);
	else
		seat_named(l, au);
}
