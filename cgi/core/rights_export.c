/* Everything held, to take along: a signed bundle, CSV for tables, a page to read, JSON for programs. GDPR Art. 15(3), 20. */
#include "core/rights_priv.h"

#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/enc.h"
#include "core/bundle.h"
#include "core/entry.h"
#include "core/held.h"
#include "text/csv.h"
#include "text/jsonw.h"

static const char *const format_names[RIGHTS_FORMAT__MAX] = {"json", "csv", "html", "data"};

const char *rights_format_name(enum rights_format f)
{
	return (unsigned)f < RIGHTS_FORMAT__MAX ? format_names[f] : "?";
}

enum rights_format rights_format_from_name(struct slice name)
{
	int f = 0;

	while (f < RIGHTS_FORMAT__MAX && !slice_eq_str(name, format_names[f]))
		f++;
	return (enum rights_format)f;
}

struct writing {
	const struct rights *r;
	const struct rights_person *p;
	struct db *db;
	int64_t now_ms;
	struct arena *a;
	struct buf *out;
	struct errinfo *ei;
};

/* ---- JSON for programs */

static void key_time(struct jsonw *w, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_key(w, key);
	jsonw_cstr(w, ms ? clock_iso(ms, iso) : NULL);
}

static void key_hash(struct jsonw *w, const char *key, const unsigned char hash[STORE_HASH_BYTES])
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];

	jsonw_kcstr(w, key, enc_hex(hash, STORE_HASH_BYTES, hex));
}

static void key_list(struct jsonw *w, const char *key, struct slice list)
{
	struct slice one;

	jsonw_key(w, key);
	jsonw_array(w);
	while (slice_split(&list, ',', &one))
		jsonw_str(w, one);
	jsonw_end_array(w);
}

static void json_purposes(struct jsonw *w, const struct rights_person *p)
{
	jsonw_key(w, "purposes");
	jsonw_array(w);
	for (size_t i = 0; i < p->npurposes; i++) {
		const struct rights_purpose *u = &p->purposes[i];
		jsonw_object(w);
		jsonw_kstr(w, "id", u->id);
		jsonw_kstr(w, "title", u->title);
		jsonw_kcstr(w, "state", purpose_state_name(u->state));
		key_time(w, "since", u->since_ms);
		jsonw_kstr(w, "text", u->text);
		key_hash(w, "text_hash", u->consent_hash);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void json_requests(struct jsonw *w, const struct rights_person *p)
{
	jsonw_key(w, "requests");
	jsonw_array(w);
	for (size_t i = 0; i < p->nrequests; i++) {
		const struct rights_request *r = &p->requests[i];
		jsonw_object(w);
		jsonw_kstr(w, "form", r->form);
		jsonw_kstr(w, "lang", r->lang);
		key_list(w, "purposes", r->purposes);
		jsonw_kstr(w, "page", r->page);
		jsonw_kcstr(w, "state", request_state_name(r->state));
		key_time(w, "asked", r->asked_ms);
		key_time(w, "settled", r->settled_ms);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void json_mails(struct jsonw *w, const struct rights_person *p)
{
	jsonw_key(w, "mails");
	jsonw_array(w);
	for (size_t i = 0; i < p->nmails; i++) {
		const struct rights_mail *m = &p->mails[i];
		jsonw_object(w);
		jsonw_kcstr(w, "kind", outbox_kind_name(m->kind));
		jsonw_kcstr(w, "state", outbox_state_name(m->state));
		key_time(w, "created", m->created_ms);
		key_time(w, "done", m->done_ms);
		jsonw_kstr(w, "provider", m->provider);
		jsonw_kstr(w, "provider_id", m->provider_id);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void key_text(struct jsonw *w, const char *key, struct slice s)
{
	jsonw_key(w, key);
	if (s.len)
		jsonw_str(w, s);
	else
		jsonw_null(w);
}

static void key_json(struct jsonw *w, const char *key, struct slice json)
{
	jsonw_key(w, key);
	jsonw_raw(w, json.len ? json : SLICE("null"));
}

/* What was filled into a mail holds its links: the evidence sheet shows them masked, this list does without. */
static bool fields_shown(const struct rights_event *e)
{
	return e->kind != EVENT_MAIL_ACCEPTED && e->kind != EVENT_MAIL_FAILED;
}

static void json_events(struct jsonw *w, const struct rights_person *p)
{
	jsonw_key(w, "events");
	jsonw_array(w);
	for (size_t i = 0; i < p->nevents; i++) {
		const struct rights_event *e = &p->events[i];
		jsonw_object(w);
		jsonw_kint(w, "seq", e->seq);
		key_time(w, "time", e->time_ms);
		jsonw_kcstr(w, "kind", event_kind_name(e->kind));
		key_json(w, "record", e->record);
		key_text(w, "ip", e->ip);
		key_json(w, "fields", fields_shown(e) ? e->fields : SLICE(""));
		key_hash(w, "commitment", e->commitment);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void json_fields(struct jsonw *w, const struct rights_person *p)
{
	jsonw_key(w, "fields");
	jsonw_object(w);
	for (size_t i = 0; i < p->nfields; i++) {
		jsonw_key_slice(w, p->fields[i].name);
		jsonw_str(w, p->fields[i].value);
	}
	jsonw_end_object(w);
}

static void json_until(struct jsonw *w, const struct rights_person *p)
{
	jsonw_key(w, "until");
	jsonw_array(w);
	for (size_t i = 0; i < p->nuntil; i++) {
		const struct rights_until *u = &p->until[i];
		jsonw_object(w);
		jsonw_kcstr(w, "what", rights_what_name(u->what));
		key_time(w, "at", u->at_ms);
		jsonw_kint(w, "period_s", u->period.seconds);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

/* Who answers, and who got the data: GDPR Art. 15(1)(c), by name (C-154/21). */
static void json_who(struct jsonw *w, const struct writing *x)
{
	const struct conf_site *c = site_conf(x->r->site);

	jsonw_key(w, "controller");
	jsonw_object(w);
	jsonw_kcstr(w, "name", c->controller.name);
	jsonw_kcstr(w, "email", c->controller.email);
	jsonw_end_object(w);
	jsonw_kstr(w, "notice", site_url(x->r->site, x->a, "/n", ""));
	jsonw_key(w, "recipients");
	jsonw_array(w);
	for (size_t i = 0; i < c->nprocessors; i++)
		jsonw_cstr(w, c->processors[i].contract_party);
	if (c->hosting_kind == CONF_NAMED)
		jsonw_cstr(w, c->hosting.contract_party);
	jsonw_end_array(w);
}

static enum err write_data(const struct writing *x)
{
	const struct rights_person *p = x->p;
	struct jsonw w;

	jsonw_init(&w, x->out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "format", "jawort-person 1");
	key_time(&w, "written", x->now_ms);
	json_who(&w, x);
	jsonw_kcstr(&w, "channel", store_channel_name(p->channel));
	jsonw_kstr(&w, "address", p->address);
	jsonw_kcstr(&w, "lang", p->lang);
	jsonw_kcstr(&w, "state", p->kept ? "kept" : person_state_name(p->state));
	key_time(&w, "created", p->created_ms);
	key_time(&w, "confirmed", p->confirmed_ms);
	jsonw_key(&w, "blocked");
	jsonw_cstr(&w, p->blocked ? suppression_reason_name(p->block_reason) : NULL);
	json_fields(&w, p);
	json_purposes(&w, p);
	json_requests(&w, p);
	json_mails(&w, p);
	json_events(&w, p);
	json_until(&w, p);
	jsonw_end_object(&w);
	buf_add_char(x->out, '\n');
	return OK;
}

/* ---- CSV: section, name, value, since */

static void row(struct csv *c, const char *section, struct slice name, struct slice value, int64_t since_ms)
{
	char iso[CLOCK_ISO_BYTES];

	csv_cstr(c, section);
	csv_field(c, name);
	csv_field(c, value);
	csv_cstr(c, since_ms ? clock_iso(since_ms, iso) : "");
	csv_end(c);
}

static void csv_events(struct csv *c, const struct rights_person *p)
{
	for (size_t i = 0; i < p->nevents; i++) {
		const struct rights_event *e = &p->events[i];
		row(c, "event", slice_from(event_kind_name(e->kind)), e->core.purposes, e->time_ms);
		if (e->ip.len)
			row(c, "event.ip", slice_from(event_kind_name(e->kind)), e->ip, e->time_ms);
	}
}

static enum err write_csv(const struct writing *x)
{
	const struct rights_person *p = x->p;
	struct csv c;

	csv_init(&c, x->out);
	csv_cstr(&c, "section");
	csv_cstr(&c, "name");
	csv_cstr(&c, "value");
	csv_cstr(&c, "since");
	csv_end(&c);
	row(&c, "person", SLICE("address"), p->address, p->created_ms);
	row(&c, "person", SLICE("lang"), slice_from(p->lang), 0);
	row(&c, "person", SLICE("state"), slice_from(p->kept ? "kept" : person_state_name(p->state)), p->changed_ms);
	for (size_t i = 0; i < p->nfields; i++)
		row(&c, "field", p->fields[i].name, p->fields[i].value, 0);
	for (size_t i = 0; i < p->npurposes; i++) {
		row(&c, "purpose", p->purposes[i].id, slice_from(purpose_state_name(p->purposes[i].state)),
		    p->purposes[i].since_ms);
		row(&c, "purpose.text", p->purposes[i].id, p->purposes[i].text, p->purposes[i].since_ms);
	}
	for (size_t i = 0; i < p->nrequests; i++)
		row(&c, "request", p->requests[i].form, slice_from(request_state_name(p->requests[i].state)),
		    p->requests[i].asked_ms);
	for (size_t i = 0; i < p->nmails; i++)
		row(&c, "mail", slice_from(outbox_kind_name(p->mails[i].kind)),
		    slice_from(outbox_state_name(p->mails[i].state)), p->mails[i].created_ms);
	csv_events(&c, p);
	for (size_t i = 0; i < p->nuntil; i++)
		row(&c, "until", slice_from(rights_what_name(p->until[i].what)), SLICE(""), p->until[i].at_ms);
	return OK;
}

/* ---- the signed bundle, and the page */

static enum err write_bundle(const struct writing *x)
{
	struct person p;
	enum err rc = person_get(x->db, x->p->id, &p, x->ei);

	return rc ? rc : bundle_write(x->db, x->r->site, &p, x->now_ms, x->out, x->ei);
}

static enum err write_page(const struct writing *x)
{
	const char *lang = x->r->lang ? x->r->lang : x->p->lang;
	const struct held h = {.site = x->r->site, .a = x->a, .lang = lang};

	return held_page(&h, x->p, x->r->back, x->now_ms, x->out, x->ei);
}

static enum err export_write(const struct writing *x, enum rights_format f)
{
	static enum err (*const writers[RIGHTS_FORMAT__MAX])(const struct writing *x) = {
	    [RIGHTS_JSON] = write_bundle, [RIGHTS_CSV] = write_csv, [RIGHTS_PAGE] = write_page, [RIGHTS_DATA] = write_data};
	enum err rc;

	bug_if((unsigned)f >= RIGHTS_FORMAT__MAX);
	rc = writers[f](x);
	if (rc)
		return rc;
	return buf_ok(x->out) && arena_ok(x->a) ? OK : err_set(x->ei, E_LIMIT, "what is held is longer than %zu bytes",
	    x->out->max_bytes);
}

/* ---- with its event */

/* What was handed over behind this link already. */
struct before {
	int64_t since_ms;
	struct slice detail;
	bool any, same;
};

static bool before_see(const struct event_row *r, void *arg)
{
	struct before *b = arg;
	struct slice detail;

	if (r->kind != EVENT_EXPORTED || r->time_ms < b->since_ms || !r->present[EVENT_CORE])
		return true;
	detail = entry_str(r->plain[EVENT_CORE], "detail");
	b->any = true;
	b->same = b->same || slice_eq(detail, b->detail);
	return true;
}

/*
 * Of the person, within the life of one link: what is taken along in a second form, or once more because the button
 * was pressed twice, is one act. It makes no second mail, and in the same form no second event. What the owner does is
 * asked for each time.
 */
static enum err before_look(struct db *db, const struct rights_act *w, struct before *b, struct errinfo *ei)
{
	b->since_ms = w->now_ms - site_conf(w->r->site)->links.rights.seconds * 1000;
	return w->r->way == WITHDRAW_HUB ? event_each(db, w->person_id, 0, before_see, b, ei) : OK;
}

static enum err export_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const enum rights_format *f = arg;
	struct letter_send send = {.letter = {.kind = OUTBOX_EXPORTED}, .person_id = w->person_id};
	unsigned char hash[STORE_HASH_BYTES];
	struct event_new e = {.person_id = 0};
	struct before before = {.any = false};
	struct buf detail;
	enum err rc;

	buf_init_arena(&detail, w->a, 64);
	buf_printf(&detail, "%s %s", withdraw_way_name(w->r->way), rights_format_name(*f));
	e.detail = before.detail = buf_slice(&detail);
	rc = before_look(db, w, &before, ei);
	if (rc || before.same)
		return rc;
	/* What the owner looks up of their own accord is noted, and no reason for a mail. */
	if (!before.any && w->r->way != WITHDRAW_OWNER && w->person.state != PERSON_ERASED)
		rc = rights_letter(db, w, &send, &e, hash, ei);
	if (!rc)
		rc = rights_event(db, w, &e, EVENT_EXPORTED, ei);
	w->out->fresh = !rc;
	return rc;
}

/* The event first, so that it stands in the copy: what is handed over includes that it was handed over. */
enum err rights_export(const struct rights *r, struct arena *a, int64_t person_id, enum rights_format f,
    struct buf *out, struct errinfo *ei)
{
	struct rights_person *p = arena_alloc(a, sizeof(*p));
	struct writing x = {.r = r, .p = p, .now_ms = clock_now_ms(), .a = a, .out = out, .ei = ei};
	struct rights_done done;
	enum err rc = p ? rights_run(r, a, person_id, true, export_do, &f, &done, ei) : err_set(ei, E_NOMEM, "export");

	if (rc || done.gone)
		return rc ? rc : err_set(ei, E_NOT_FOUND, "nothing is held about this person");
	rc = store_read(r->store, &x.db, ei);
	if (rc)
		return rc;
	rc = rights_look(x.db, r->site, a, person_id, p, ei);
	if (!rc)
		rc = export_write(&x, f);
	store_read_end(r->store, x.db);
	return rc;
}
