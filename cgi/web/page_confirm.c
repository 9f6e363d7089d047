#include "web/page_priv.h"

#include <string.h>

#include "core/formpage.h"
#include "core/when.h"
#include "web/slip_priv.h"

/* Which page shows a state, with which status, and what the slip says. */
static const struct confirm_row {
	const char *tpl;
	unsigned status;
	const char *slip_state, *slip_key;
} rows[CONFIRM_STATE__MAX] = {
    [CONFIRM_UNKNOWN] = {"page/error.html", 404, NULL, NULL},
    [CONFIRM_OPEN] = {"page/confirm.html", 200, "open", "page.slip.open"},
    [CONFIRM_EXPIRED] = {"page/expired.html", 200, NULL, NULL},
    [CONFIRM_DONE] = {"page/confirmed.html", 200, "given", "page.slip.given"},
    [CONFIRM_LEFT] = {"page/left.html", 200, NULL, NULL},
    [CONFIRM_DENIED] = {"page/denied.html", 200, NULL, NULL},
    [CONFIRM_RENEWED] = {"page/renewed.html", 200, NULL, NULL},
    [CONFIRM_GONE] = {"page/gone.html", 410, NULL, NULL},
};

static struct slice own_url(struct page *p, const char *path)
{
	const char *token = arena_str(p->arena, p->arg);

	return site_url(p->site, p->arena, path, token ? token : "");
}

static struct slice any_form_url(struct page *p, struct slice id)
{
	const struct conf_form *form = conf_form_by_id(site_conf(p->site), id);

	if (!form && site_conf(p->site)->nforms)
		form = &site_conf(p->site)->forms[0];
	return form ? formpage_url(p->site, p->arena, form, "") : slice_from(site_conf(p->site)->look.home);
}

static struct view *confirm_view(struct page *p, const struct confirm_info *info, const struct confirm_row *row)
{
	const struct conf_site *c = site_conf(p->site);
	struct view *v = page_view(p, row->tpl, NULL);
	struct slice rest = info->purposes, one;

	view_text(v, "email_masked", info->masked);
	view_text(v, "title", site_titles(p->site, p->arena, p->lang, info->purposes));
	view_url(v, "form_action", own_url(p, "/c/"));
	view_url(v, "form_url", any_form_url(p, info->form));
	view_text(v, "deny_block", site_duration(p->arena, c->retention.deny_block, p->lang));
	view_text(v, "confirm_link", site_duration(p->arena, c->links.confirm, p->lang));
	view_text(v, "unconfirmed", site_duration(p->arena, c->retention.unconfirmed, p->lang));
	view_text(v, "date", info->date_ms ? when_date(p->arena, info->date_ms, c->time_zone, p->lang) : SLICE(""));
	view_text(v, "time", info->date_ms ? when_time(p->arena, info->date_ms, c->time_zone) : SLICE(""));
	while (row->slip_state && slice_split(&rest, ',', &one))
		slip_add(p, v, &info->consent, one, row->slip_state, row->slip_key, info->date_ms);
	return v;
}

static void confirm_page(struct page *p, const struct confirm_info *info)
{
	const struct confirm_row *row = &rows[info->state];

	/* of what is gone nobody knows the language any more: the visitor's */
	if (!p->lang_asked && info->form.len)
		p->lang = info->lang;
	if (info->state == CONFIRM_UNKNOWN)
		page_error(p, 404, "page.notfound");
	else
		page_send(p, row->status, row->tpl, confirm_view(p, info, row));
}

void page_confirm_get(struct page *p)
{
	struct confirm_info *info = arena_alloc(p->arena, sizeof(*info));
	struct errinfo ei = {.code = E_NOMEM};
	struct db *db;
	enum err rc;

	if (!info || store_read(p->store, &db, &ei) != OK) {
		page_failed(p, ei.code, &ei);
		return;
	}
	rc = confirm_look(db, p->site, p->arena, p->arg, info, &ei);
	store_read_end(p->store, db);
	if (rc)
		page_failed(p, rc, &ei);
	else
		confirm_page(p, info);
}

static bool action_of(const struct form *f, enum confirm_action *out)
{
	struct slice name = form_get(f, "action");

	for (enum confirm_action a = 0; a < CONFIRM_ACTION__MAX; a++)
		if (slice_eq_str(name, confirm_action_name(a))) {
			*out = a;
			return true;
		}
	return false;
}

/* A decision from its fields to its answer. */
struct deciding {
	struct confirm_job *job;
	struct confirm_info info;
};

static bool confirm_slow(const void *arg)
{
	const struct deciding *d = arg;

	return confirm_job_waits(d->job);
}

static void confirm_answer(struct page *p, void *arg, enum err rc, struct errinfo *ei)
{
	struct deciding *d = arg;

	if (!rc)
		rc = confirm_job_end(d->job, NULL, ei);
	if (rc)
		page_failed(p, rc, ei);
	else
		confirm_page(p, &d->info);
}

void page_confirm_post(struct page *p)
{
	const struct confirm c = {.site = p->site, .store = p->store, .writers = p->writers,
	    .letters = p->live->letters, .budget = p->budget};
	struct deciding *d = arena_alloc(p->arena, sizeof(*d));
	struct form *form = arena_alloc(p->arena, sizeof(*form));
	struct errinfo ei = {.code = E_NOMEM};
	enum confirm_action action;

	if (!d || !form) {
		page_failed(p, E_NOMEM, &ei);
		return;
	}
	if (!page_form(p, form))
		return;
	if (!action_of(form, &action)) {
		page_error(p, 400, "page.action");
		return;
	}
	d->job = confirm_job_new(&c, p->arena, p->arg, action, p->client_ip, &d->info);
	if (d->job)
		page_write_slow(p, confirm_job_run, d->job, confirm_answer, confirm_slow, d);
	else
		page_failed(p, E_NOMEM, &ei);
}
