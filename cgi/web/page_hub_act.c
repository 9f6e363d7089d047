/* hub: what people decide on the pages behind the link to their data. */
#include <string.h>

#include "core/held.h"
#include "text/addr.h"
#include "web/hub_priv.h"

struct acting {
	struct page *p;
	const struct rights *r;
	const struct form *form;
	int64_t id;
	struct rights_done done;
	struct hub_bad bad;
	struct errinfo *ei;
};

static enum err act_withdraw(struct acting *w)
{
	return rights_withdraw(w->r, w->p->arena, w->id, form_get(w->form, "p"), &w->done, w->ei);
}

static enum err act_restrict(struct acting *w)
{
	return rights_restrict(w->r, w->p->arena, w->id, &w->done, w->ei);
}

static enum err act_release(struct acting *w)
{
	return rights_release(w->r, w->p->arena, w->id, &w->done, w->ei);
}

static enum err act_object(struct acting *w)
{
	return rights_object(w->r, w->p->arena, w->id, &w->done, w->ei);
}

static enum err act_erase(struct acting *w)
{
	return rights_erase(w->r, w->p->arena, w->id, slice_eq_str(form_get(w->form, "never"), "1"), false, &w->done,
	    w->ei);
}

static enum err act_rectify(struct acting *w)
{
	struct rights_change *c = arena_alloc(w->p->arena, sizeof(*c));
	const struct conf_field *f;
	struct rights_error bad;
	enum err rc;

	if (!c)
		return err_set(w->ei, E_NOMEM, "correction");
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; c->n < RIGHTS_FIELDS_MAX && (f = hub_field(site_conf(w->p->site), i)) != NULL; i++) {
		struct slice value = form_get(w->form, f->name);
		if (value.ptr)
			c->fields[c->n++] = (struct rights_field){.name = slice_from(f->name), .value = slice_trim(value)};
	}
	if (site_lang(w->p->site, form_get(w->form, "lang")))
		c->lang = form_get(w->form, "lang");
	rc = rights_rectify(w->r, w->p->arena, w->id, c, &w->done, &bad, w->ei);
	if (!rc && bad.field.len)
		w->bad = (struct hub_bad){.field = bad.field, .key = bad.key ? bad.key : "error.field.characters",
		    .max = bad.max, .value = form_get(w->form, arena_str(w->p->arena, bad.field))};
	return rc;
}

static enum err act_move(struct acting *w)
{
	struct rights_error bad;
	struct slice typed = form_get(w->form, "email");
	enum err rc = rights_move_ask(w->r, w->p->arena, w->id, typed, &w->done, &bad, w->ei);

	if (!rc && bad.field.len)
		w->bad = (struct hub_bad){.field = SLICE("email"), .key = bad.key ? bad.key : "error.email.invalid",
		    .max = bad.max, .value = typed};
	return rc;
}

/* Which button was pressed, what it does, what the page afterwards says. */
static const struct act {
	const char *name;
	enum err (*fn)(struct acting *w);
	const char *key;
	bool back; /* there is something to go back to */
} acts[] = {
    {"withdraw", act_withdraw, "hub.done.withdraw", true},
    {"rectify", act_rectify, "hub.done.rectify", true},
    {"move", act_move, "hub.done.move", true},
    {"restrict", act_restrict, "hub.done.restrict", true},
    {"release", act_release, "hub.done.release", true},
    {"object", act_object, "hub.done.object", true},
    {"erase", act_erase, "hub.done.erase", false},
};

static void act_page(struct page *p, const struct acting *w, const struct act *a)
{
	struct view *v;

	if (w->bad.field.len) {
		hub_data(p, w->id, 422, &w->bad);
		return;
	}
	if (w->done.gone) {
		hub_gone(p);
		return;
	}
	v = page_view(p, "page/my_done.html", NULL);
	view_text(v, "title_key", page_key(p, a->key, ".title"));
	view_text(v, "text_key", page_key(p, a->key, ".text"));
	if (a->back && w->done.state != PERSON_ERASED)
		view_url(v, "back_url", hub_url(p));
	page_send(p, 200, "page/my_done.html", v);
}

/* ---- to take along */

/* What can be taken from here; the page is answered as one. */
static const struct {
	const char *type, *name;
} files[RIGHTS_FORMAT__MAX] = {
    [RIGHTS_JSON] = {"application/json; charset=utf-8", "attachment; filename=\"jawort.json\""},
    [RIGHTS_CSV] = {"text/csv; charset=utf-8", "attachment; filename=\"jawort.csv\""},
    [RIGHTS_PAGE] = {"text/html; charset=utf-8", NULL},
};

static void export_send(struct page *p, enum rights_format f, struct slice file)
{
	if (!files[f].name) {
		page_send_html(p, 200, HELD_PAGE, file);
		return;
	}
	page_head(p, 200, files[f].type, NULL);
	response_header_cstr(p->res, "Content-Disposition", files[f].name);
	buf_add_slice(&p->res->body, file);
}

static void export_post(struct page *p, const struct acting *w)
{
	enum rights_format f = rights_format_from_name(form_get(w->form, "format"));
	struct rights r = *w->r;
	struct buf out;
	enum err rc;

	if (f == RIGHTS_FORMAT__MAX || !files[f].type) {
		page_error(p, 400, "page.action");
		return;
	}
	r.lang = p->lang_asked ? p->lang : NULL;
	r.back = hub_url(p);
	buf_init(&out, RIGHTS_EXPORT_MAX_BYTES);
	rc = rights_export(&r, p->arena, w->id, f, &out, w->ei);
	if (rc == E_NOT_FOUND)
		hub_gone(p);
	else if (rc)
		page_failed(p, rc, w->ei);
	else
		export_send(p, f, buf_slice(&out));
	buf_free(&out);
}

/* ---- a link that came to a new address */

static const struct {
	const char *key; /* of the page; NULL: page/my_move.html */
	bool done;
} moves[RIGHTS_MOVE__MAX] = {
    [RIGHTS_MOVE_UNKNOWN] = {"hub.moving.over", false},
    [RIGHTS_MOVE_OPEN] = {NULL, false},
    [RIGHTS_MOVE_EXPIRED] = {"hub.moving.over", false},
    [RIGHTS_MOVE_DONE] = {"hub.done.moved", true},
    [RIGHTS_MOVE_TAKEN] = {"hub.moving.taken", false},
    [RIGHTS_MOVE_GONE] = {"hub.gone", false},
};

static void moving_page(struct page *p, const struct rights_moving *m)
{
	const char *key = moves[m->state].key, *tpl = moves[m->state].done ? "page/my_done.html" : "page/my_move.html";
	struct view *v;

	if (!p->lang_asked && m->lang)
		p->lang = m->lang;
	if (key && !moves[m->state].done) {
		hub_over(p, 200, key);
		return;
	}
	v = page_view(p, tpl, NULL);
	if (key) {
		view_text(v, "title_key", page_key(p, key, ".title"));
		view_text(v, "text_key", page_key(p, key, ".text"));
	}
	view_text(v, "move_to", m->to);
	view_url(v, "form_action", hub_url(p));
	page_send(p, 200, tpl, v);
}

void hub_moving(struct page *p, bool press)
{
	const struct rights r = {.site = p->site, .store = p->store, .writers = p->writers, .letters = p->live->letters,
	    .budget = p->budget, .way = WITHDRAW_HUB, .ip = p->client_ip};
	struct errinfo ei = {.code = OK};
	struct rights_moving m;
	struct db *db;
	enum err rc;

	if (press)
		rc = rights_move_confirm(&r, p->arena, p->arg, &m, NULL, &ei);
	else {
		rc = store_read(p->store, &db, &ei);
		if (!rc) {
			rc = rights_move_look(db, p->site, p->arena, p->arg, &m, &ei);
			store_read_end(p->store, db);
		}
	}
	if (rc)
		page_failed(p, rc, &ei);
	else
		moving_page(p, &m);
}

/* ---- dispatch */

static void person_post(struct page *p, struct acting *w)
{
	struct slice action = form_get(w->form, "action");
	enum err rc;

	if (slice_eq_str(action, "export")) {
		export_post(p, w);
		return;
	}
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (!slice_eq_str(action, acts[i].name))
			continue;
		rc = acts[i].fn(w);
		if (rc)
			page_failed(p, rc, w->ei);
		else
			act_page(p, w, &acts[i]);
		return;
	}
	page_error(p, 400, "page.action");
}

void page_hub_post(struct page *p)
{
	const struct rights r = {.site = p->site, .store = p->store, .writers = p->writers, .letters = p->live->letters,
	    .budget = p->budget, .way = WITHDRAW_HUB, .ip = p->client_ip};
	struct form *form = arena_alloc(p->arena, sizeof(*form));
	struct errinfo ei = {.code = E_NOMEM};
	struct acting w = {.p = p, .r = &r, .form = form, .ei = &ei};
	struct token t;

	if (!form) {
		page_failed(p, E_NOMEM, &ei);
		return;
	}
	switch (hub_link(p, &t)) {
	case HUB_NONE:
		page_error(p, 404, "page.notfound");
		return;
	case HUB_EXPIRED:
		hub_over(p, 200, "hub.expired");
		return;
	case HUB_MOVE:
	case HUB_PERSON:
		break;
	}
	if (!page_form(p, form))
		return;
	w.id = t.id;
	if (t.purpose == TOKEN_HUB)
		person_post(p, &w);
	else if (slice_eq_str(form_get(form, "action"), "moved"))
		hub_moving(p, true);
	else
		page_error(p, 400, "page.action");
}
