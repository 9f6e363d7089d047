/* Details corrected at once, GDPR Art. 16. */
#include "core/rights_priv.h"

#include <string.h>

#include "base/bug.h"
#include "core/gate.h"
#include "store/eventcore.h"
#include "text/jsonw.h"
#include "text/utf8.h"

struct changing {
	const struct rights_change *c;
	struct rights_error *bad;
};

bool rights_field_known(const struct site *s, struct slice name)
{
	const struct conf_site *c = site_conf(s);

	for (size_t i = 0; i < c->nforms; i++)
		for (size_t k = 0; k < c->forms[i].nfields; k++)
			if (slice_eq_str(name, c->forms[i].fields[k].name))
				return true;
	return false;
}

/* ---- values that hold, and those that come */

struct held {
	struct arena *a;
	struct rights_field f[RIGHTS_FIELDS_MAX * 2];
	size_t n;
};

static void hold(struct slice name, struct slice value, void *arg)
{
	struct held *h = arg;

	if (h->n == RIGHTS_FIELDS_MAX)
		return;
	h->f[h->n].name = arena_dup(h->a, name);
	h->f[h->n++].value = arena_dup(h->a, value);
}

static struct rights_field *held_find(struct held *h, struct slice name)
{
	for (size_t i = 0; i < h->n; i++)
		if (slice_eq(h->f[i].name, name))
			return &h->f[i];
	return NULL;
}

static const char *value_error(struct slice v)
{
	if (!utf8_valid(v) || utf8_has_control(v, false))
		return "error.field.characters";
	return utf8_count(v) > GATE_FIELD_MAX_CHARS ? "error.field.long" : NULL;
}

/* What was held before may be corrected also where no form asks for it any more. */
static bool change_fits(const struct site *s, struct held *h, const struct changing *ch)
{
	const struct rights_change *c = ch->c;

	for (size_t i = 0; i < c->n; i++) {
		const struct rights_field *f = &c->fields[i];
		bool known = rights_field_known(s, f->name) || held_find(h, f->name);
		const char *error = known ? value_error(f->value) : NULL;
		if (!known || error) {
			*ch->bad = (struct rights_error){f->name, error, GATE_FIELD_MAX_CHARS};
			return false;
		}
	}
	if (c->lang.len && !site_lang(s, c->lang)) {
		*ch->bad = (struct rights_error){SLICE("lang"), NULL, 0};
		return false;
	}
	return true;
}

/* The new values into h; what changed as JSON into diff. */
static size_t change_merge(struct held *h, const struct rights_change *c, struct jsonw *diff)
{
	size_t changed = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct slice value = slice_trim(c->fields[i].value);
		struct rights_field *f = held_find(h, c->fields[i].name);
		if (f ? slice_eq(f->value, value) : !value.len)
			continue;
		if (f)
			f->value = value;
		else
			h->f[h->n++] = (struct rights_field){c->fields[i].name, value};
		jsonw_key_slice(diff, c->fields[i].name);
		jsonw_str(diff, value);
		changed++;
	}
	return changed;
}

static struct slice held_json(struct arena *a, const struct held *h)
{
	struct jsonw w;
	struct buf b;
	bool any = false;

	buf_init_arena(&b, a, PERSON_FIELDS_MAX_BYTES);
	jsonw_init(&w, &b);
	jsonw_object(&w);
	for (size_t i = 0; i < h->n; i++) {
		if (!h->f[i].value.len)
			continue;
		jsonw_key_slice(&w, h->f[i].name);
		jsonw_str(&w, h->f[i].value);
		any = true;
	}
	jsonw_end_object(&w);
	return any ? buf_slice(&b) : SLICE("");
}

static enum err change_read(struct db *db, struct rights_act *w, struct held *h, struct errinfo *ei)
{
	struct buf json;
	enum err rc;

	buf_init_arena(&json, w->a, PERSON_FIELDS_MAX_BYTES);
	h->a = w->a;
	h->n = 0;
	rc = person_fields(db, w->person_id, &json, ei);
	return rc || !json.len ? rc : eventcore_fields(buf_slice(&json), hold, h, ei);
}

static enum err change_do(struct db *db, struct rights_act *w, void *arg, struct errinfo *ei)
{
	const struct changing *ch = arg;
	const char *lang = ch->c->lang.len ? site_lang(w->r->site, ch->c->lang) : NULL;
	struct letter_send send = {.letter = {.kind = OUTBOX_CHANGED, .lang = lang}, .person_id = w->person_id};
	unsigned char hash[STORE_HASH_BYTES];
	struct event_new e = {.person_id = 0};
	struct held *h = arena_alloc(w->a, sizeof(*h));
	struct jsonw diff;
	struct buf b;
	size_t changed;
	enum err rc = h ? change_read(db, w, h, ei) : err_set(ei, E_NOMEM, "correction");

	*ch->bad = (struct rights_error){.max = 0};
	if (rc || !change_fits(w->r->site, h, ch))
		return rc;
	buf_init_arena(&b, w->a, PERSON_FIELDS_MAX_BYTES);
	jsonw_init(&diff, &b);
	jsonw_object(&diff);
	changed = change_merge(h, ch->c, &diff);
	if (lang && strcmp(lang, w->person.lang) != 0) {
		jsonw_kcstr(&diff, "lang", lang);
		rc = person_set_lang(db, w->person_id, slice_from(lang), w->now_ms, ei);
		e.lang = slice_from(lang);
		changed++;
	}
	jsonw_end_object(&diff);
	if (rc || !changed)
		return rc;
	rc = person_set_fields(db, w->person_id, held_json(w->a, h), w->now_ms, ei);
	e.fields = buf_slice(&b);
	if (!rc)
		rc = rights_letter(db, w, &send, &e, hash, ei);
	if (!rc)
		rc = rights_event(db, w, &e, EVENT_CHANGED, ei);
	w->out->fresh = !rc;
	return rc;
}

enum err rights_rectify(const struct rights *r, struct arena *a, int64_t person_id, const struct rights_change *c,
    struct rights_done *out, struct rights_error *bad, struct errinfo *ei)
{
	struct changing ch = {c, bad};

	bug_if(c->n > RIGHTS_FIELDS_MAX);
	return rights_run(r, a, person_id, false, change_do, &ch, out, ei);
}
