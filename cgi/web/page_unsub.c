#include "web/page_priv.h"

#include <string.h>

#include "core/formpage.h"
#include "core/when.h"
#include "core/withdraw.h"
#include "web/slip_priv.h"

/* A button for each purpose where there are several. */
static void unsub_choice(struct page *p, struct view *v, const struct withdraw_info *info)
{
	struct slice rest = info->purposes, one;

	if (info->state != WITHDRAW_OPEN || slice_find(rest, ',', 0) == rest.len)
		return;
	view_bool(v, "more_purposes", true);
	while (slice_split(&rest, ',', &one)) {
		struct view *item = view_item(v, "purposes");
		view_text(item, "id", one);
		view_text(item, "title", site_titles(p->site, p->arena, p->lang, one));
	}
}

static struct view *unsub_view(struct page *p, const struct withdraw_info *info, const char *tpl)
{
	const struct conf_site *c = site_conf(p->site);
	const struct conf_form *form = conf_form_by_id(c, info->form);
	const char *token = arena_str(p->arena, p->arg);
	struct view *v = page_view(p, tpl, NULL);
	int64_t end = info->date_ms ? info->date_ms : p->req->received_ms;

	if (!form && c->nforms)
		form = &c->forms[0];
	view_text(v, "email_masked", info->masked);
	view_text(v, "title", site_titles(p->site, p->arena, p->lang, info->purposes));
	view_url(v, "form_action", site_url(p->site, p->arena, "/u/", token ? token : ""));
	view_url(v, "form_url", form ? formpage_url(p->site, p->arena, form, "") : slice_from(c->look.home));
	view_cstr(v, "advertiser", c->controller.name);
	view_text(v, "evidence_until", when_until(p->arena,
	    conf_duration_after_year_end(c->retention.evidence, end), c->time_zone, p->lang));
	unsub_choice(p, v, info);
	if (info->rest.len)
		view_text(v, "rest", site_titles(p->site, p->arena, p->lang, info->rest));
	view_url(v, "unsub_url", site_url(p->site, p->arena, "/u/", token ? token : ""));
	for (size_t i = 0; i < info->nconsents; i++)
		slip_add(p, v, info->consents[i], info->consent_purpose[i], "ended", "page.slip.ended", end);
	return v;
}

static void unsub_page(struct page *p, const struct withdraw_info *info)
{
	static const char *const tpls[WITHDRAW_STATE__MAX] = {
	    [WITHDRAW_OPEN] = "page/unsub.html",
	    [WITHDRAW_PENDING] = "page/unsub.html",
	    [WITHDRAW_DONE] = "page/unsubbed.html",
	    [WITHDRAW_GONE] = "page/unsub_pending.html",
	};

	/* of what is gone nobody knows the language any more: the visitor's */
	if (!p->lang_asked && info->form.len)
		p->lang = info->lang;
	if (info->state == WITHDRAW_UNKNOWN)
		page_error(p, 404, "page.notfound");
	else
		page_send(p, 200, tpls[info->state], unsub_view(p, info, tpls[info->state]));
}

void page_unsub_get(struct page *p)
{
	struct withdraw_info *info = arena_alloc(p->arena, sizeof(*info));
	struct errinfo ei = {.code = E_NOMEM};
	struct db *db;
	enum err rc;

	if (!info || store_read(p->store, &db, &ei) != OK) {
		page_failed(p, ei.code, &ei);
		return;
	}
	rc = withdraw_look(db, p->site, p->arena, p->arg, info, &ei);
	store_read_end(p->store, db);
	if (rc)
		page_failed(p, rc, &ei);
	else
		unsub_page(p, info);
}

/* RFC 8058 section 3.2: 200, short body, no redirect, no cookie. */
static void one_click_answer(struct page *p, const struct withdraw_info *info)
{
	bool unknown = info->state == WITHDRAW_UNKNOWN;

	page_head(p, unknown ? 404 : 200, "text/plain; charset=utf-8", NULL);
	buf_add_slice(&p->res->body, site_say(p->site, info->lang, unknown ? "page.notfound.title"
	    : "page.unsub.oneclick", site_view(p->site, p->arena, info->lang)));
	buf_add_char(&p->res->body, '\n');
}

/* A withdrawal from its fields to its answer. */
struct going {
	struct withdraw_job *job;
	struct withdraw_info info;
	bool one_click;
};

static bool unsub_slow(const void *arg)
{
	const struct going *g = arg;

	return withdraw_job_waits(g->job);
}

static void unsub_answer(struct page *p, void *arg, enum err rc, struct errinfo *ei)
{
	struct going *g = arg;

	if (!rc)
		rc = withdraw_job_end(g->job, p->store, NULL, ei);
	if (rc)
		page_failed(p, rc, ei);
	else if (g->one_click)
		one_click_answer(p, &g->info);
	else
		unsub_page(p, &g->info);
}

void page_unsub_post(struct page *p)
{
	struct going *g = arena_alloc(p->arena, sizeof(*g));
	struct form *form = arena_alloc(p->arena, sizeof(*form));
	struct errinfo ei = {.code = E_NOMEM};
	struct slice action, purpose = SLICE("");

	if (!g || !form) {
		page_failed(p, E_NOMEM, &ei);
		return;
	}
	if (!page_form(p, form))
		return;
	action = form_get(form, "action");
	g->one_click = slice_eq_str(form_get(form, "List-Unsubscribe"), "One-Click");
	if (!g->one_click && !slice_eq_str(action, "withdraw") && !slice_eq_str(action, "withdraw_all")) {
		page_error(p, 400, "page.action");
		return;
	}
	if (!g->one_click && slice_eq_str(action, "withdraw"))
		purpose = form_get(form, "p");
	g->job = withdraw_job_new(p->site, p->arena, p->arg, purpose, g->one_click ? WITHDRAW_ONE_CLICK : WITHDRAW_PAGE,
	    p->client_ip, &g->info);
	if (g->job)
		page_write_slow(p, withdraw_job_run, g->job, unsub_answer, unsub_slow, g);
	else
		page_failed(p, E_NOMEM, &ei);
}
