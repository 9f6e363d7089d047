/* What the log and the text store hold about a person, read once; the single texts as they were. */
#include "core/sheet_priv.h"

#include <string.h>

#include "store/erasure.h"
#include "store/shown.h"
#include "store/text.h"

static const char *const parts[SHEET_PART__MAX] = {
	[SHEET_FORM] = "form",
	[SHEET_MAIL] = "mail",
	[SHEET_NOTICE] = "notice",
};

const char *sheet_part_name(enum sheet_part p)
{
	return p < SHEET_PART__MAX ? parts[p] : "?";
}

static enum err room_for_one(struct sheet *s)
{
	struct sheet_event *more;

	if (s->n < s->room)
		return OK;
	if (s->n == SHEET_EVENTS_MAX)
		return err_set(s->ei, E_LIMIT, "more than %d events: too many for one sheet", SHEET_EVENTS_MAX);
	s->room = s->room ? s->room * 2 : 32;
	more = arena_alloc(s->a, s->room * sizeof(*more));
	if (!more)
		return err_set(s->ei, E_NOMEM, "evidence sheet");
	if (s->n)
		memcpy(more, s->events, s->n * sizeof(*more));
	s->events = more;
	return OK;
}

static bool event_add(const struct event_row *r, void *arg)
{
	struct sheet *s = arg;
	struct sheet_event *e;

	s->err = room_for_one(s);
	if (s->err)
		return false;
	e = &s->events[s->n++];
	*e = (struct sheet_event){.seq = r->seq, .time_ms = r->time_ms, .kind = r->kind, .sound = event_verify(r),
	    .form = arena_dup(s->a, r->form), .ip = arena_dup(s->a, r->plain[EVENT_IP]),
	    .fields = arena_dup(s->a, r->plain[EVENT_FIELDS])};
	memcpy(e->commitment, r->commitment, sizeof(e->commitment));
	memcpy(e->present, r->present, sizeof(e->present));
	if (r->present[EVENT_CORE] && eventcore_read(s->a, r->plain[EVENT_CORE], &e->core, s->ei) != OK)
		e->sound = false;
	return true;
}

/* Of somebody who was erased, only evidence that was kept may be shown. */
static enum err kept_read(struct sheet *s)
{
	struct erasure_kept k;
	enum err rc;

	if (s->person.state != PERSON_ERASED)
		return OK;
	rc = erasure_kept_get(s->db, s->person.id, &k, s->ei);
	if (rc)
		return rc;
	s->kept = true;
	s->gone_ms = k.asked_ms;
	s->gone_until_ms = k.until_ms;
	return OK;
}

enum err sheet_events_read(struct sheet *s, int64_t person_id)
{
	struct buf address;
	enum err rc = person_get(s->db, person_id, &s->person, s->ei);

	if (!rc)
		rc = kept_read(s);
	if (rc)
		return rc;
	buf_init_arena(&address, s->a, PERSON_ADDRESS_MAX_BYTES);
	rc = person_address(s->db, person_id, &address, s->ei);
	if (rc)
		return rc;
	s->email = buf_slice(&address);
	rc = event_each(s->db, person_id, 0, event_add, s, s->ei);
	if (!rc)
		rc = s->err;
	return rc || arena_ok(s->a) ? rc : err_set(s->ei, E_NOMEM, "evidence sheet");
}

const struct sheet_event *sheet_last(const struct sheet *s, enum event_kind kind, int64_t request, int64_t before_seq)
{
	for (size_t i = s->n; i-- > 0;) {
		const struct sheet_event *e = &s->events[i];

		if (e->kind == kind && (!request || e->core.request == request) && (!before_seq || e->seq < before_seq))
			return e;
	}
	return NULL;
}

bool sheet_is_yes(const struct sheet_event *e)
{
	return e->kind == EVENT_CONFIRMED || e->kind == EVENT_PURPOSE_ADDED || e->kind == EVENT_RECONFIRMED;
}

const struct sheet_event *sheet_yes(const struct sheet *s, int64_t request)
{
	for (size_t i = s->n; i-- > 0;)
		if (sheet_is_yes(&s->events[i]) && (!request || s->events[i].core.request == request))
			return &s->events[i];
	return NULL;
}

enum err sheet_mail_load(struct sheet *s, const struct sheet_event *e, struct sent *sent, struct message *m)
{
	struct buf stored;
	enum err rc;

	if (!e->core.has[EVENTCORE_MAIL] || !e->fields.len)
		return err_set(s->ei, E_NOT_FOUND, "event %lld has no mail", (long long)e->seq);
	buf_init_arena(&stored, s->a, MESSAGE_STORED_MAX_BYTES);
	rc = text_get(s->db, e->core.hash[EVENTCORE_MAIL], &stored, NULL, s->ei);
	if (!rc)
		rc = sent_read(s->a, e->fields, sent, s->ei);
	return rc ? rc : sent_fill(s->a, buf_slice(&stored), sent, m, s->ei);
}

const struct message *sheet_mail(struct sheet *s, struct sheet_event *e)
{
	if (e->sent)
		return e->mail;
	e->sent = arena_alloc(s->a, sizeof(*e->sent));
	e->mail = arena_alloc(s->a, sizeof(*e->mail));
	if (!e->sent || !e->mail || sheet_mail_load(s, e, e->sent, e->mail) != OK)
		e->mail = NULL;
	return e->mail;
}

enum err sheet_form_load(struct sheet *s, const struct sheet_event *e, unsigned char hash[STORE_HASH_BYTES],
    struct buf *body)
{
	enum err rc;

	if (e->kind != EVENT_REQUESTED || !e->core.has[EVENTCORE_TEXT])
		return err_set(s->ei, E_NOT_FOUND, "event %lld has no form", (long long)e->seq);
	rc = shown_find(s->db, e->core.form, e->core.lang, e->core.hash[EVENTCORE_TEXT], e->time_ms, hash, s->ei);
	return rc ? rc : text_get(s->db, hash, body, NULL, s->ei);
}

static enum err part_load(struct sheet *s, const struct sheet_event *e, enum sheet_part part, struct buf *out)
{
	unsigned char hash[STORE_HASH_BYTES];
	struct message m;
	struct sent sent;
	enum err rc;

	if (part == SHEET_FORM)
		return sheet_form_load(s, e, hash, out);
	if (part == SHEET_NOTICE && !e->core.has[EVENTCORE_NOTICE])
		return err_set(s->ei, E_NOT_FOUND, "event %lld names no notice", (long long)e->seq);
	if (part == SHEET_NOTICE)
		return text_get(s->db, e->core.hash[EVENTCORE_NOTICE], out, NULL, s->ei);
	rc = sheet_mail_load(s, e, &sent, &m);
	if (!rc)
		sent_mime(out, &m, &sent);
	return rc;
}

enum err sheet_text(struct db *db, struct arena *a, int64_t person_id, int64_t seq, enum sheet_part part,
    struct buf *out, struct errinfo *ei)
{
	struct sheet s = {.db = db, .a = a, .ei = ei};
	enum err rc = sheet_events_read(&s, person_id);

	if (rc)
		return rc;
	if (seq)
		rc = err_set(ei, E_NOT_FOUND, "this person has no event %lld", (long long)seq);
	else
		rc = err_set(ei, E_NOT_FOUND, "no event of this person has a %s", parts[part]);
	for (size_t i = s.n; i-- > 0;) {
		if (seq && s.events[i].seq != seq)
			continue;
		rc = part_load(&s, &s.events[i], part, out);
		if (rc != E_NOT_FOUND || seq)
			break;
	}
	return !rc && !buf_ok(out) ? err_set(ei, E_LIMIT, "the text is longer than %zu bytes", out->max_bytes) : rc;
}
