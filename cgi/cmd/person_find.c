#include <jansson.h>

#include "base/clock.h"
#include "base/enc.h"
#include "cmd/person_priv.h"
#include "store/event.h"
#include "text/jsonw.h"

static void key_time(struct jsonw *w, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_kcstr(w, key, clock_iso(ms, iso));
}

static bool add_purpose(const struct purpose *p, void *arg)
{
	struct jsonw *w = arg;

	jsonw_object(w);
	jsonw_kstr(w, "id", p->id);
	jsonw_kcstr(w, "state", purpose_state_name(p->state));
	key_time(w, "since", p->since_ms);
	jsonw_end_object(w);
	return true;
}

/* A value of the event's core; null where the event does not have it. */
static void copy_value(struct jsonw *w, const json_t *core, const char *key)
{
	const char *v = json_string_value(json_object_get(core, key));

	jsonw_key(w, key);
	jsonw_cstr(w, v);
}

static void add_purposes_of(struct jsonw *w, const json_t *core)
{
	const json_t *list = json_object_get(core, "purposes"), *one;
	size_t i;

	jsonw_key(w, "purposes");
	jsonw_array(w);
	json_array_foreach(list, i, one)
		jsonw_cstr(w, json_string_value(one));
	jsonw_end_array(w);
}

static json_t *core_read(const struct event_row *r)
{
	struct slice core = r->plain[EVENT_CORE];

	return r->present[EVENT_CORE] ? json_loadb(core.ptr, core.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static bool add_event(const struct event_row *r, void *arg)
{
	static const char *const copied[] = {"page", "lang", "text_hash", "mail_hash", "notice_hash", "config_hash",
	    "provider", "provider_id", "detail"};
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];
	json_t *core = core_read(r);
	struct jsonw *w = arg;

	jsonw_object(w);
	jsonw_kint(w, "seq", r->seq);
	key_time(w, "time", r->time_ms);
	jsonw_kcstr(w, "kind", event_kind_name(r->kind));
	jsonw_kstr(w, "form", r->form);
	add_purposes_of(w, core);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
		copy_value(w, core, copied[i]);
	jsonw_key(w, "ip");
	if (r->present[EVENT_IP] && r->plain[EVENT_IP].len)
		jsonw_str(w, r->plain[EVENT_IP]);
	else
		jsonw_null(w);
	jsonw_kcstr(w, "commitment", enc_hex(r->commitment, STORE_HASH_BYTES, hex));
	jsonw_kbool(w, "verified", event_verify(r));
	jsonw_end_object(w);
	json_decref(core);
	return true;
}

static void add_fields(struct jsonw *w, const struct buf *text)
{
	json_t *all = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, NULL), *value;
	const char *name;

	jsonw_key(w, "fields");
	jsonw_object(w);
	json_object_foreach(all, name, value)
		jsonw_kcstr(w, name, json_string_value(value));
	jsonw_end_object(w);
	json_decref(all);
}

static enum err person_json(struct db *db, const struct person *p, struct buf *out, struct errinfo *ei)
{
	struct buf fields;
	struct jsonw w;
	enum err rc;

	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "state", person_state_name(p->state));
	jsonw_kcstr(&w, "channel", store_channel_name(p->channel));
	jsonw_kcstr(&w, "lang", p->lang);
	key_time(&w, "created", p->created_ms);
	jsonw_key(&w, "purposes");
	jsonw_array(&w);
	rc = purpose_each(db, p->id, add_purpose, &w, ei);
	jsonw_end_array(&w);
	buf_init(&fields, PERSON_FIELDS_MAX_BYTES);
	if (!rc)
		rc = person_fields(db, p->id, &fields, ei);
	add_fields(&w, &fields);
	buf_free(&fields);
	jsonw_key(&w, "events");
	jsonw_array(&w);
	if (!rc)
		rc = event_each(db, p->id, 0, add_event, &w, ei);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_char(out, '\n');
	return rc;
}

static bool line_purpose(const struct purpose *p, void *arg)
{
	char iso[CLOCK_ISO_BYTES];

	buf_printf(arg, "  %-20.*s %-8s since %s\n", SLICE_FMT(p->id), purpose_state_name(p->state),
	    clock_iso(p->since_ms, iso));
	return true;
}

static void line_hash(struct buf *out, const json_t *core, const char *key)
{
	const char *v = json_string_value(json_object_get(core, key));

	if (v)
		buf_printf(out, "  %s %.12s", key, v);
}

static bool line_event(const struct event_row *r, void *arg)
{
	json_t *core = core_read(r);
	char iso[CLOCK_ISO_BYTES];
	struct buf *out = arg;

	buf_printf(out, "  %6lld  %s  %-13s", (long long)r->seq, clock_iso(r->time_ms, iso), event_kind_name(r->kind));
	line_hash(out, core, "text_hash");
	line_hash(out, core, "mail_hash");
	line_hash(out, core, "notice_hash");
	buf_add_str(out, event_verify(r) ? "\n" : "  ALTERED\n");
	json_decref(core);
	return true;
}

static enum err person_lines(struct db *db, const struct person *p, struct buf *out, struct errinfo *ei)
{
	enum err rc;

	buf_printf(out, "state: %s\npurposes:\n", person_state_name(p->state));
	rc = purpose_each(db, p->id, line_purpose, out, ei);
	buf_add_str(out, "events:\n");
	return rc ? rc : event_each(db, p->id, 0, line_event, out, ei);
}

static enum err person_look(const struct person_call *c, struct store *st, struct buf *out, struct errinfo *ei)
{
	struct person p;
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	rc = person_call_find(c, db, &p, ei);
	if (!rc)
		rc = c->args->json ? person_json(db, &p, out, ei) : person_lines(db, &p, out, ei);
	store_read_end(st, db);
	return rc;
}

int person_verb_find(const struct person_call *c)
{
	struct errinfo ei = {.code = OK};
	struct store *st;
	struct buf out;
	enum err rc = cmd_store(c->conf, c->site, false, &st, &ei);
	int code;

	if (rc)
		return cmd_fail(c->site->id, &ei);
	buf_init(&out, PERSON_OUT_MAX_BYTES);
	rc = person_look(c, st, &out, &ei);
	store_close(st);
	code = rc ? cmd_fail("person find", &ei) : cmd_print(&out);
	buf_free(&out);
	return code;
}
