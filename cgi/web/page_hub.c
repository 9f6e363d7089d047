#include "web/hub_priv.h"

#include <string.h>

#include "core/formpage.h"
#include "core/held.h"
#include "core/when.h"

#define HUB_HISTORY_MAX 60
#define HUB_PATH "/my/"

enum hub_link hub_link(struct page *p, struct token *t)
{
	if (!token_read(store_keyring(p->store), site_conf(p->site)->id, p->arg, t))
		return HUB_NONE;
	if (t->purpose != TOKEN_HUB && t->purpose != TOKEN_MOVE)
		return HUB_NONE;
	if (t->purpose == TOKEN_MOVE)
		return HUB_MOVE; /* what an old one is, core/rights.h knows */
	return t->expires_ms <= p->req->received_ms ? HUB_EXPIRED : HUB_PERSON;
}

struct slice hub_url(struct page *p)
{
	const char *token = arena_str(p->arena, p->arg);
	struct buf b;

	buf_init_arena(&b, p->arena, 4096);
	buf_add_slice(&b, site_url(p->site, p->arena, HUB_PATH, token ? token : ""));
	buf_printf(&b, "?lang=%s", p->lang);
	return buf_slice(&b);
}

void hub_over(struct page *p, unsigned status, const char *key)
{
	struct view *v = page_view(p, "page/my_over.html", NULL);

	view_text(v, "title_key", page_key(p, key, ".title"));
	view_text(v, "text_key", page_key(p, key, ".text"));
	view_text(v, "link_rights", site_duration(p->arena, site_conf(p->site)->links.rights, p->lang));
	page_send(p, status, "page/my_over.html", v);
}

void hub_gone(struct page *p)
{
	hub_over(p, 200, "hub.gone");
}

struct slice hub_dative(struct page *p, struct conf_duration d)
{
	struct buf b;

	buf_init_arena(&b, p->arena, 64);
	conf_duration_words(&b, d, p->lang, true);
	return buf_slice(&b);
}

static bool seen_before(const struct conf_site *c, size_t form, size_t field)
{
	const char *name = c->forms[form].fields[field].name;

	for (size_t f = 0; f <= form; f++)
		for (size_t i = 0; i < (f == form ? field : c->forms[f].nfields); i++)
			if (strcmp(c->forms[f].fields[i].name, name) == 0)
				return true;
	return false;
}

const struct conf_field *hub_field(const struct conf_site *c, size_t i)
{
	for (size_t f = 0; f < c->nforms; f++)
		for (size_t k = 0; k < c->forms[f].nfields; k++)
			if (!seen_before(c, f, k) && i-- == 0)
				return &c->forms[f].fields[k];
	return NULL;
}

static struct held hub_held(struct page *p)
{
	return (struct held){.site = p->site, .a = p->arena, .lang = p->lang};
}

/* ---- what can be done */

static struct slice field_now(const struct rights_person *who, const char *name)
{
	for (size_t i = 0; i < who->nfields; i++)
		if (slice_eq_str(who->fields[i].name, name))
			return who->fields[i].value;
	return SLICE("");
}

static struct slice bad_text(struct page *p, struct view *v, const struct hub_bad *bad)
{
	const struct gate_error e = {.field = arena_str(p->arena, bad->field), .key = bad->key, .max = bad->max,
	    .twice = strstr(bad->key, ".twice") != NULL};

	return e.field ? formpage_error(p->site, v, p->lang, &e) : SLICE("");
}

static const char *autocomplete(const char *field)
{
	static const char *const known[][2] = {{"first_name", "given-name"}, {"last_name", "family-name"},
	    {"organization", "organization"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(field, known[i][0]) == 0)
			return known[i][1];
	return "off";
}

static void acts_fields(struct page *p, struct view *v, const struct rights_person *who, const struct hub_bad *bad)
{
	const struct conf_site *c = site_conf(p->site);
	const struct held h = hub_held(p);
	const struct conf_field *f;

	for (size_t i = 0; (f = hub_field(c, i)) != NULL; i++) {
		struct view *item = view_item(v, "fields");
		bool wrong = bad && slice_eq_str(bad->field, f->name);
		view_cstr(item, "name", f->name);
		view_text(item, "label", held_label(&h, slice_from(f->name), v));
		view_cstr(item, "autocomplete", autocomplete(f->name));
		view_text(item, "value", wrong ? bad->value : field_now(who, f->name));
		if (wrong)
			view_text(item, "error", bad_text(p, v, bad));
	}
	for (size_t i = 0; c->languages.n > 1 && i < c->languages.n; i++) {
		struct view *item = view_item(v, "languages");
		view_cstr(item, "code", c->languages.v[i]);
		view_text(item, "label", site_say(p->site, c->languages.v[i], "page.lang.name", v));
		view_bool(item, "chosen", strcmp(who->lang, c->languages.v[i]) == 0);
	}
	view_bool(v, "has_languages", c->languages.n > 1);
	view_bool(v, "can_change", c->languages.n > 1 || hub_field(c, 0));
}

static void data_acts(struct page *p, struct view *v, const struct rights_person *who, const struct hub_bad *bad)
{
	bool frozen = who->state == PERSON_RESTRICTED, mail = bad && slice_eq_str(bad->field, "email");
	struct buf erase;

	buf_init_arena(&erase, p->arena, 4096);
	buf_add_slice(&erase, hub_url(p));
	buf_add_str(&erase, "&erase=1");
	view_url(v, "form_action", hub_url(p));
	if (!who->kept)
		view_url(v, "erase_url", buf_slice(&erase));
	view_bool(v, "acts", !who->kept);
	acts_fields(p, v, who, bad);
	view_bool(v, "can_move", true);
	view_bool(v, "can_restrict", !frozen);
	view_bool(v, "can_release", frozen);
	view_bool(v, "can_object", who->state != PERSON_SUPPRESSED);
	if (!bad || !bad->field.len)
		return;
	view_text(v, "bad_text", bad_text(p, v, bad));
	view_text(v, "bad_field", bad->field);
	view_bool(v, mail ? "open_move" : "open_rectify", true);
	if (mail) {
		view_text(v, "email_error", bad_text(p, v, bad));
		view_text(v, "email_value", bad->value);
	}
}

static enum err data_read(struct page *p, int64_t id, struct rights_person *who, bool *earlier, struct errinfo *ei)
{
	struct rights_found *found = arena_alloc(p->arena, sizeof(*found));
	struct db *db;
	enum err rc;

	if (!found)
		return err_set(ei, E_NOMEM, "data of a person");
	rc = store_read(p->store, &db, ei);
	if (rc)
		return rc;
	rc = rights_look(db, p->site, p->arena, id, who, ei);
	if (!rc)
		rc = rights_find(db, who->address, found, ei);
	store_read_end(p->store, db);
	*earlier = !rc && found->nkept > (who->kept ? 1u : 0u);
	return rc;
}

static void data_view(struct page *p, struct view *v, const struct rights_person *who, bool earlier)
{
	const struct held h = hub_held(p);

	view_text(v, "recipients", held_recipients(&h));
	held_notes(&h, v, who);
	if (earlier)
		view_cstr(view_item(v, "notes"), "key", "hub.note.earlier");
	if (held_purposes(&h, v, who) > 1)
		view_cstr(v, "all_key", "hub.lists.all");
	else if (who->state == PERSON_PENDING)
		view_cstr(v, "all_key", "hub.lists.forget");
	held_details(&h, v, who);
	held_untils(&h, v, who);
	held_history(&h, v, who, HUB_HISTORY_MAX, false);
}

void hub_data(struct page *p, int64_t person_id, unsigned status, const struct hub_bad *bad)
{
	struct rights_person *who = arena_alloc(p->arena, sizeof(*who));
	struct errinfo ei = {.code = E_NOMEM};
	struct token t;
	struct view *v;
	bool earlier;
	enum err rc = who ? data_read(p, person_id, who, &earlier, &ei) : E_NOMEM;

	if (rc == E_NOT_FOUND) {
		hub_gone(p);
		return;
	}
	if (rc) {
		page_failed(p, rc, &ei);
		return;
	}
	if (!p->lang_asked)
		p->lang = who->lang;
	hub_link(p, &t);
	v = page_view(p, "page/my_data.html", NULL);
	view_text(v, "email", who->address);
	view_text(v, "time", when_time(p->arena, t.expires_ms, site_conf(p->site)->time_zone));
	data_view(p, v, who, earlier);
	data_acts(p, v, who, bad);
	page_send(p, status, "page/my_data.html", v);
}

/* ---- before an erasure */

static void erase_line(struct view *v, const char *list, bool there, const char *key)
{
	if (there)
		view_cstr(view_item(v, list), "key", key);
}

static struct slice erase_fields(struct page *p, const struct view *v, const struct rights_person *who)
{
	const struct held h = hub_held(p);
	struct buf b;

	buf_init_arena(&b, p->arena, 4096);
	for (size_t i = 0; i < who->nfields; i++) {
		buf_add_str(&b, i ? ", " : "");
		buf_add_slice(&b, held_label(&h, who->fields[i].name, v));
	}
	return buf_slice(&b);
}

static void erase_view(struct page *p, const struct rights_person *who, const struct rights_erasure *e)
{
	const char *tpl = "page/my_erase.html";
	struct view *v;

	if (!p->lang_asked)
		p->lang = who->lang;
	v = page_view(p, tpl, NULL);
	view_text(v, "email", who->address);
	view_text(v, "fields_list", erase_fields(p, v, who));
	view_text(v, "evidence_until", when_until(p->arena, e->until_ms, site_conf(p->site)->time_zone, p->lang));
	view_cstr(v, "recipients", e->recipients);
	view_text(v, "backups_dative", hub_dative(p, site_conf(p->site)->retention.backups));
	view_bool(v, "keeps", e->keeps);
	view_bool(v, "blocked", e->blocked);
	view_url(v, "form_action", hub_url(p));
	view_url(v, "back_url", hub_url(p));
	erase_line(v, "goes", !e->keeps, "hub.erase.goes.all");
	erase_line(v, "goes", e->keeps, "hub.erase.goes.sending");
	erase_line(v, "goes", who->nfields > 0, "hub.erase.goes.fields");
	erase_line(v, "goes", e->told, "hub.erase.goes.lists");
	erase_line(v, "stays", e->keeps, "hub.erase.stays.evidence");
	erase_line(v, "stays", !e->keeps, "hub.erase.stays.sums");
	erase_line(v, "stays", e->blocked, "hub.erase.stays.block");
	page_send(p, 200, tpl, v);
}

static enum err erase_read(struct page *p, int64_t id, struct rights_person *who, struct rights_erasure *e,
    struct errinfo *ei)
{
	struct db *db;
	enum err rc = store_read(p->store, &db, ei);

	if (rc)
		return rc;
	rc = rights_look(db, p->site, p->arena, id, who, ei);
	if (!rc)
		rc = rights_erase_look(db, p->site, p->arena, id, e, ei);
	store_read_end(p->store, db);
	return rc;
}

static void erase_get(struct page *p, int64_t id)
{
	struct rights_person *who = arena_alloc(p->arena, sizeof(*who));
	struct errinfo ei = {.code = E_NOMEM};
	struct rights_erasure e;
	enum err rc = who ? erase_read(p, id, who, &e, &ei) : E_NOMEM;

	if (rc == E_NOT_FOUND)
		hub_gone(p);
	else if (rc)
		page_failed(p, rc, &ei);
	else if (who->kept)
		hub_data(p, id, 200, NULL);
	else
		erase_view(p, who, &e);
}

void page_hub_get(struct page *p)
{
	struct token t;

	switch (hub_link(p, &t)) {
	case HUB_NONE:
		page_error(p, 404, "page.notfound");
		return;
	case HUB_EXPIRED:
		hub_over(p, 200, "hub.expired");
		return;
	case HUB_MOVE:
		hub_moving(p, false);
		return;
	case HUB_PERSON:
		break;
	}
	if (request_query_get(p->req, "erase").ptr)
		erase_get(p, t.id);
	else
		hub_data(p, t.id, 200, NULL);
}
