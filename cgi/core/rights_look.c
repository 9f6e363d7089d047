/* Everything held about a person, and what goes when. */
#include "core/rights_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/retention.h"
#include "store/move.h"
#include "store/text.h"
#include "text/addr.h"

static const char *const what_names[RIGHTS_WHAT__MAX] = {"unconfirmed", "sending", "ip", "mails", "evidence", "block",
    "backups"};

const char *rights_what_name(enum rights_what w)
{
	return (unsigned)w < RIGHTS_WHAT__MAX ? what_names[w] : "?";
}

struct looking {
	struct db *db;
	const struct site *site;
	struct arena *a;
	struct rights_person *out;
	struct person person;
	int64_t now_ms;
	int64_t last_ip_ms, last_mail_ms, last_request_ms;
	bool grow_failed;
	enum err rc; /* of a callback */
	struct errinfo *ei;
};

/* One more at the end of a list that grows in the arena by doubling; NULL without memory. */
static void *grow(struct looking *l, void **list, size_t *n, size_t size)
{
	bool full = *n == 0 || (*n >= 8 && (*n & (*n - 1)) == 0);
	char *bigger = full ? arena_alloc(l->a, (*n < 8 ? 8 : *n * 2) * size) : *list;

	if (!bigger) {
		l->grow_failed = true;
		return NULL;
	}
	if (full && *n)
		memcpy(bigger, *list, *n * size);
	*list = bigger;
	memset(bigger + *n * size, 0, size);
	return bigger + (*n)++ * size;
}

#define GROW(l, list, n) grow(l, (void **)&(l)->out->list, &(l)->out->n, sizeof(*(l)->out->list))

static struct slice title_of(const struct looking *l, struct slice id)
{
	const struct conf_site *c = site_conf(l->site);

	return conf_purpose_by_id(c, id) ? site_titles(l->site, l->a, l->out->lang, id) : id;
}

static bool see_purpose(const struct purpose *p, void *arg)
{
	struct looking *l = arg;
	struct rights_purpose *to = GROW(l, purposes, npurposes);

	if (!to)
		return false;
	to->id = arena_dup(l->a, p->id);
	to->title = title_of(l, to->id);
	to->state = p->state;
	to->since_ms = p->since_ms;
	to->request_id = p->request_id;
	memcpy(to->consent_hash, p->consent_hash, sizeof(to->consent_hash));
	return true;
}

static void see_field(struct slice name, struct slice value, void *arg)
{
	struct looking *l = arg;
	struct rights_field *to = GROW(l, fields, nfields);

	if (!to)
		return;
	to->name = arena_dup(l->a, name);
	to->value = arena_dup(l->a, value);
}

static bool see_request(const struct request_row *r, void *arg)
{
	struct looking *l = arg;
	struct rights_request *to = GROW(l, requests, nrequests);

	if (!to)
		return false;
	*to = (struct rights_request){.id = r->id, .form = arena_dup(l->a, r->form), .lang = arena_dup(l->a, r->lang),
	    .purposes = arena_dup(l->a, r->purposes), .state = r->state, .asked_ms = r->intake_ms,
	    .expires_ms = r->expires_ms, .settled_ms = r->settled_ms};
	if (r->created_ms > l->last_request_ms)
		l->last_request_ms = r->created_ms;
	return true;
}

static bool see_mail(const struct outbox_row *r, void *arg)
{
	struct looking *l = arg;
	struct rights_mail *to = GROW(l, mails, nmails);

	if (!to)
		return false;
	*to = (struct rights_mail){.id = r->id, .kind = r->kind, .state = r->state, .created_ms = r->created_ms,
	    .done_ms = r->done_ms, .provider = arena_dup(l->a, r->provider),
	    .provider_id = arena_dup(l->a, r->provider_id)};
	if (r->done_ms > l->last_mail_ms)
		l->last_mail_ms = r->done_ms;
	return true;
}

static bool see_event(const struct event_row *r, void *arg)
{
	struct looking *l = arg;
	struct rights_event *to = GROW(l, events, nevents);

	if (!to)
		return false;
	*to = (struct rights_event){.seq = r->seq, .time_ms = r->time_ms, .kind = r->kind,
	    .form = arena_dup(l->a, r->form), .record = arena_dup(l->a, r->plain[EVENT_CORE]),
	    .ip = arena_dup(l->a, r->plain[EVENT_IP]), .fields = arena_dup(l->a, r->plain[EVENT_FIELDS]),
	    .has_ip = r->plain[EVENT_IP].len > 0, .verified = event_verify(r)};
	memcpy(to->commitment, r->commitment, sizeof(to->commitment));
	l->rc = to->record.len ? eventcore_read(l->a, to->record, &to->core, l->ei) : OK;
	if (to->has_ip && r->time_ms > l->last_ip_ms)
		l->last_ip_ms = r->time_ms;
	return l->rc == OK;
}

/* The wording behind each purpose, from the text store; one that is gone leaves the text empty. */
static enum err look_texts(struct looking *l, struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; !rc && i < l->out->npurposes; i++) {
		struct rights_purpose *p = &l->out->purposes[i];
		struct consent *c = arena_alloc(l->a, sizeof(*c));
		const struct consent_item *item;
		struct buf body;

		if (!c)
			return err_set(ei, E_NOMEM, "a person's data");
		buf_init_arena(&body, l->a, CONSENT_MAX_BYTES);
		rc = text_get(l->db, p->consent_hash, &body, NULL, ei);
		if (rc == E_NOT_FOUND) {
			rc = OK;
			continue;
		}
		if (!rc)
			rc = consent_parse(c, buf_slice(&body), ei);
		item = rc ? NULL : consent_item(c, p->id);
		if (item)
			p->text = item->text;
	}
	return rc;
}

static enum err look_pages(struct looking *l, struct errinfo *ei)
{
	enum err rc = OK;

	for (size_t i = 0; !rc && i < l->out->nrequests; i++) {
		struct buf page;
		buf_init_arena(&page, l->a, 4096);
		rc = request_page(l->db, l->out->requests[i].id, &page, ei);
		l->out->requests[i].page = buf_slice(&page);
	}
	return rc;
}

static enum err look_fields(struct looking *l, struct errinfo *ei)
{
	struct buf json;
	enum err rc;

	buf_init_arena(&json, l->a, PERSON_FIELDS_MAX_BYTES);
	rc = person_fields(l->db, l->out->id, &json, ei);
	return rc || !json.len ? rc : eventcore_fields(buf_slice(&json), see_field, l, ei);
}

static enum err look_mails(struct looking *l, struct errinfo *ei)
{
	struct outbox_filter f = {.state = OUTBOX_STATE__MAX, .person_id = l->out->id, .limit = 1000};
	size_t before;
	enum err rc;

	do {
		before = l->out->nmails;
		rc = outbox_each(l->db, &f, see_mail, l, ei);
		if (l->out->nmails)
			f.after_id = l->out->mails[l->out->nmails - 1].id;
	} while (!rc && l->out->nmails - before == f.limit);
	return rc;
}

static enum err look_move(struct looking *l, struct errinfo *ei)
{
	struct move m;
	struct buf to;
	enum err rc;

	buf_init_arena(&to, l->a, PERSON_ADDRESS_MAX_BYTES);
	rc = move_get(l->db, l->out->id, &m, &to, ei);
	if (rc)
		return rc == E_NOT_FOUND ? OK : rc;
	l->out->moving = m.open && m.expires_ms > l->now_ms;
	l->out->move_to = buf_slice(&to);
	l->out->move_until_ms = m.expires_ms;
	return OK;
}

static enum err look_block(struct looking *l, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	struct suppression s;
	enum err rc;

	/* Not that of the row: of somebody whose evidence is kept it says nothing. */
	person_lookup(db_keyring(l->db), l->out->channel, l->out->address, lookup);
	rc = suppression_get(l->db, l->out->channel, lookup, SLICE(""), l->now_ms, &s, ei);
	if (rc)
		return rc == E_NOT_FOUND ? OK : rc;
	l->out->blocked = true;
	l->out->block_reason = s.reason;
	l->out->block_until_ms = s.until_ms;
	return OK;
}

/* ---- what goes when */

static void until_add(struct rights_person *p, enum rights_what what, int64_t at_ms, struct conf_duration period)
{
	p->until[p->nuntil++] = (struct rights_until){.what = what, .at_ms = at_ms, .period = period};
}

static bool any_active(const struct rights_person *p)
{
	for (size_t i = 0; i < p->npurposes; i++)
		if (p->purposes[i].state == PURPOSE_ACTIVE)
			return true;
	return false;
}

/* Dates of the configuration, in the order in which things go. Nothing expires while data is restricted. */
static void look_until(struct looking *l)
{
	const struct conf_site *c = site_conf(l->site);
	const struct conf_duration none = {.seconds = 0};
	struct rights_person *p = l->out;
	bool frozen = p->state == PERSON_RESTRICTED, lasts = any_active(p);

	if (!p->confirmed_ms && !p->kept)
		until_add(p, RIGHTS_UNCONFIRMED, frozen ? 0 : conf_duration_after(c->retention.unconfirmed,
		    l->last_request_ms ? l->last_request_ms : p->created_ms), c->retention.unconfirmed);
	else if (!p->kept)
		until_add(p, RIGHTS_SENDING, 0, none);
	if (l->last_ip_ms)
		until_add(p, RIGHTS_IP, conf_duration_after(c->retention.ip, l->last_ip_ms), c->retention.ip);
	if (l->last_mail_ms)
		until_add(p, RIGHTS_MAILS, l->last_mail_ms + RETENTION_OUTBOX_MS,
		    (struct conf_duration){.seconds = RETENTION_OUTBOX_MS / 1000});
	if (p->kept)
		until_add(p, RIGHTS_EVIDENCE, p->kept_until_ms, c->retention.evidence);
	else if (p->confirmed_ms)
		until_add(p, RIGHTS_EVIDENCE, lasts || frozen ? 0 : conf_duration_after_year_end(c->retention.evidence,
		    p->changed_ms), c->retention.evidence);
	if (p->blocked)
		until_add(p, RIGHTS_BLOCK, p->block_until_ms, none);
	until_add(p, RIGHTS_BACKUPS, 0, c->retention.backups);
}

static enum err look_start(struct looking *l, int64_t id, struct errinfo *ei)
{
	struct rights_person *out = l->out;
	struct erasure_kept kept;
	struct buf address;
	enum err rc = person_get(l->db, id, &l->person, ei);

	if (rc)
		return rc;
	if (l->person.state == PERSON_ERASED) {
		rc = erasure_kept_get(l->db, id, &kept, ei);
		out->kept = !rc;
		out->kept_until_ms = rc ? 0 : kept.until_ms;
	}
	if (rc)
		return rc;
	out->id = id;
	out->channel = l->person.channel;
	out->state = l->person.state;
	out->lang = rights_lang(l->site, &l->person);
	out->created_ms = l->person.created_ms;
	out->changed_ms = l->person.changed_ms;
	out->confirmed_ms = l->person.confirmed_ms;
	buf_init_arena(&address, l->a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(l->db, id, &address, ei);
	out->address = buf_slice(&address);
	out->masked = addr_mask(l->a, out->address);
	return rc;
}

enum err rights_look(struct db *db, const struct site *s, struct arena *a, int64_t person_id,
    struct rights_person *out, struct errinfo *ei)
{
	struct looking l = {.db = db, .site = s, .a = a, .out = out, .now_ms = clock_now_ms(), .ei = ei};
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = look_start(&l, person_id, ei);
	if (!rc)
		rc = purpose_each(db, person_id, see_purpose, &l, ei);
	if (!rc)
		rc = look_texts(&l, ei);
	if (!rc)
		rc = look_fields(&l, ei);
	if (!rc)
		rc = request_each(db, person_id, see_request, &l, ei);
	if (!rc)
		rc = look_pages(&l, ei);
	if (!rc)
		rc = look_mails(&l, ei);
	if (!rc)
		rc = event_each(db, person_id, 0, see_event, &l, ei);
	if (!rc)
		rc = l.rc;
	if (!rc)
		rc = look_move(&l, ei);
	if (!rc)
		rc = look_block(&l, ei);
	if (rc)
		return rc;
	look_until(&l);
	return arena_ok(a) && !l.grow_failed ? OK : err_set(ei, E_NOMEM, "a person's data");
}
