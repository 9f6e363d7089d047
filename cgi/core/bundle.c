#include "core/bundle_priv.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "core/entry.h"
#include "core/version.h"
#include "store/erasure.h"
#include "store/event.h"
#include "store/shown.h"
#include "store/text.h"

#define BUNDLE_ARENA_BYTES (4u * 1024u * 1024u)

static const char *const part_names[EVENT_PART__MAX] = {
    [EVENT_CORE] = "core", [EVENT_IP] = "ip", [EVENT_FIELDS] = "fields"};
/* Hashes in a core whose texts belong into the bundle. */
static const char *const text_keys[] = {"text_hash", "mail_hash", "notice_hash"};

void bundle_fail(struct bundle *b, enum err rc)
{
	if (!b->rc)
		b->rc = rc;
}

void bundle_hex(struct bundle *b, const char *key, const unsigned char hash[STORE_HASH_BYTES])
{
	char hex[ENC_HEX_BYTES(STORE_HASH_BYTES)];

	jsonw_kcstr(&b->w, key, enc_hex(hash, STORE_HASH_BYTES, hex));
}

void bundle_line(struct bundle *b)
{
	buf_add_char(b->out, '\n');
}

static void key_time(struct bundle *b, const char *key, int64_t ms)
{
	char iso[CLOCK_ISO_BYTES];

	jsonw_kcstr(&b->w, key, clock_iso(ms, iso));
}

/* ---- site and person */

static void add_site(struct bundle *b)
{
	jsonw_key(&b->w, "site");
	jsonw_object(&b->w);
	jsonw_kcstr(&b->w, "id", b->c->id);
	jsonw_kcstr(&b->w, "base_url", b->c->base_url);
	jsonw_kcstr(&b->w, "controller", b->c->controller.name);
	jsonw_kcstr(&b->w, "time_zone", b->c->time_zone);
	jsonw_end_object(&b->w);
}

static bool add_purpose(const struct purpose *p, void *arg)
{
	struct bundle *b = arg;

	jsonw_object(&b->w);
	jsonw_kstr(&b->w, "id", p->id);
	jsonw_kcstr(&b->w, "state", purpose_state_name(p->state));
	key_time(b, "since", p->since_ms);
	jsonw_end_object(&b->w);
	return true;
}

static void add_sealed(struct bundle *b, const char *key,
    enum err (*get)(struct db *db, int64_t id, struct buf *out, struct errinfo *ei), bool json)
{
	struct buf text;

	buf_init_arena(&text, b->a, PERSON_FIELDS_MAX_BYTES);
	bundle_fail(b, get(b->db, b->p->id, &text, b->ei));
	if (b->rc || !text.len)
		return;
	jsonw_key(&b->w, key);
	if (json)
		jsonw_raw(&b->w, buf_slice(&text));
	else
		jsonw_str(&b->w, buf_slice(&text));
}

static void add_person(struct bundle *b)
{
	const struct person *p = b->p;

	jsonw_key(&b->w, "person");
	jsonw_object(&b->w);
	jsonw_kint(&b->w, "number", p->id);
	jsonw_kcstr(&b->w, "channel", store_channel_name(p->channel));
	add_sealed(b, "address", person_address, false);
	add_sealed(b, "fields", person_fields, true);
	jsonw_kcstr(&b->w, "lang", p->lang);
	jsonw_kcstr(&b->w, "state", person_state_name(p->state));
	key_time(b, "created", p->created_ms);
	jsonw_key(&b->w, "purposes");
	jsonw_array(&b->w);
	bundle_fail(b, purpose_each(b->db, p->id, add_purpose, b, b->ei));
	jsonw_end_array(&b->w);
	jsonw_end_object(&b->w);
}

/* ---- events */

static void remember(struct bundle *b, const unsigned char hash[STORE_HASH_BYTES])
{
	struct bundle_hash *h;

	for (h = b->texts; h; h = h->next)
		if (memcmp(h->hash, hash, STORE_HASH_BYTES) == 0)
			return;
	h = arena_alloc(b->a, sizeof(*h));
	if (!h) {
		bundle_fail(b, err_set(b->ei, E_LIMIT, "person %lld: too many texts", (long long)b->p->id));
		return;
	}
	memcpy(h->hash, hash, STORE_HASH_BYTES);
	*b->last = h;
	b->last = &h->next;
}

static void add_part(struct bundle *b, const struct event_row *r, enum event_part part)
{
	jsonw_key(&b->w, part_names[part]);
	jsonw_object(&b->w);
	bundle_hex(b, "c", r->c[part]);
	if (r->present[part]) {
		bundle_hex(b, "salt", r->salt[part]);
		jsonw_kstr(&b->w, "text", r->plain[part]);
	}
	jsonw_end_object(&b->w);
}

/* The page with the form, as it was when the wording was agreed to. */
static void add_shown(struct bundle *b, const struct event_row *r)
{
	struct slice core = r->plain[EVENT_CORE];
	unsigned char wording[STORE_HASH_BYTES], page[STORE_HASH_BYTES];
	enum err rc;

	if (r->kind != EVENT_REQUESTED || !entry_hash(core, "text_hash", wording))
		return;
	rc = shown_find(b->db, entry_str(core, "form"), entry_str(core, "lang"), wording, r->time_ms, page, b->ei);
	if (rc == E_NOT_FOUND)
		return;
	bundle_fail(b, rc);
	if (rc)
		return;
	bundle_hex(b, "shown", page);
	remember(b, page);
}

static bool add_event(const struct event_row *r, void *arg)
{
	unsigned char hash[STORE_HASH_BYTES];
	struct bundle *b = arg;

	if (!event_verify(r)) {
		bundle_fail(b, err_set(b->ei, E_IO, "event %lld was altered: `jawort verify` says more", (long long)r->seq));
		return false;
	}
	bundle_line(b);
	jsonw_object(&b->w);
	jsonw_kint(&b->w, "seq", r->seq);
	bundle_hex(b, "commitment", r->commitment);
	for (int part = 0; part < EVENT_PART__MAX; part++)
		add_part(b, r, (enum event_part)part);
	add_shown(b, r);
	bundle_proofs(b, r->seq);
	jsonw_end_object(&b->w);
	for (size_t i = 0; r->present[EVENT_CORE] && i < sizeof(text_keys) / sizeof(text_keys[0]); i++)
		if (entry_hash(r->plain[EVENT_CORE], text_keys[i], hash))
			remember(b, hash);
	if (dpv_kind(r->kind))
		dpv_event(b->records, r);
	return !b->rc;
}

static void add_events(struct bundle *b)
{
	jsonw_key(&b->w, "events");
	jsonw_array(&b->w);
	dpv_person_begin(b->records, b->p->id);
	bundle_fail(b, event_each(b->db, b->p->id, 0, add_event, b, b->ei));
	bundle_line(b);
	jsonw_end_array(&b->w);
}

/* ---- texts and records */

static void add_text(struct bundle *b, const struct bundle_hash *h)
{
	struct text_info info;
	struct buf body;

	buf_init(&body, TEXT_BODY_MAX_BYTES);
	bundle_fail(b, text_get(b->db, h->hash, &body, &info, b->ei));
	bundle_line(b);
	jsonw_object(&b->w);
	bundle_hex(b, "hash", h->hash);
	if (!b->rc) {
		jsonw_kcstr(&b->w, "kind", text_kind_name(info.kind));
		jsonw_kcstr(&b->w, "lang", info.lang);
		jsonw_kint(&b->w, "format", info.format);
		jsonw_kstr(&b->w, "body", buf_slice(&body));
	}
	jsonw_end_object(&b->w);
	buf_free(&body);
}

static void add_texts(struct bundle *b)
{
	jsonw_key(&b->w, "texts");
	jsonw_array(&b->w);
	for (const struct bundle_hash *h = b->texts; h && !b->rc; h = h->next)
		add_text(b, h);
	bundle_line(b);
	jsonw_end_array(&b->w);
}

static void add_records(struct bundle *b)
{
	jsonw_key(&b->w, "records");
	jsonw_raw(&b->w, SLICE(""));
	bundle_fail(b, dpv_open(b->s, b->out, b->ei));
	bundle_fail(b, dpv_person_end(b->records, b->out, b->ei));
	dpv_close(b->out);
}

static void body_write(struct bundle *b, int64_t now_ms)
{
	jsonw_init(&b->w, b->out);
	jsonw_object(&b->w);
	jsonw_kcstr(&b->w, "format", BUNDLE_FORMAT);
	jsonw_kcstr(&b->w, "program", "jawort " JAWORT_VERSION);
	key_time(b, "made", now_ms);
	bundle_line(b);
	add_site(b);
	bundle_line(b);
	add_person(b);
	bundle_line(b);
	add_events(b);
	bundle_line(b);
	add_texts(b);
	bundle_line(b);
	add_records(b);
	bundle_line(b);
	bundle_checkpoints(b);
	bundle_line(b);
	bundle_keys(b);
	jsonw_end_object(&b->w);
	bundle_line(b);
}

enum err bundle_write(struct db *db, const struct site *s, const struct person *p, int64_t now_ms, struct buf *out,
    struct errinfo *ei)
{
	struct bundle b = {.db = db, .s = s, .c = site_conf(s), .p = p, .out = out, .ei = ei};
	struct erasure_kept kept;
	struct arena a;
	size_t from;

	if (p->state == PERSON_ERASED && erasure_kept_get(db, p->id, &kept, ei) != OK)
		return err_set(ei, E_NOT_FOUND, "person %lld is erased", (long long)p->id);
	b.records = dpv_person_new(s);
	if (!b.records)
		return err_set(ei, E_NOMEM, "a bundle");
	arena_init(&a, BUNDLE_ARENA_BYTES);
	b.a = &a;
	b.last = &b.texts;
	buf_add_str(out, "{\"bundle\":\n");
	from = out->len;
	bundle_log_open(&b);
	if (!b.rc)
		body_write(&b, now_ms);
	if (!b.rc)
		bundle_signature(&b, from);
	bundle_log_close(&b);
	dpv_person_free(b.records);
	arena_free(&a);
	if (!b.rc && !buf_ok(out))
		return err_set(ei, E_LIMIT, "the bundle of person %lld does not fit into %u MiB", (long long)p->id,
		    BUNDLE_MAX_BYTES >> 20);
	return b.rc;
}
