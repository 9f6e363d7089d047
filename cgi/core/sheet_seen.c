/* What was shown and ticked, the confirming act, the mails, and the annexes: form page and notice as they were. */
#include "core/sheet_priv.h"

#include <string.h>

#include "core/consent.h"
#include "core/when.h"
#include "store/notice.h"
#include "store/text.h"
#include "text/html.h"

/* --- the slips ------------------------------------------------------------------------ */

/* The first confirmation of a sign-up's request; NULL: none. */
static const struct sheet_event *confirmed_of(const struct sheet *s, const struct sheet_event *e)
{
	return e->core.request ? sheet_yes(s, e->core.request) : NULL;
}

struct standing {
	struct slice id;
	enum purpose_state state;
	int64_t since_ms;
};

static bool standing_row(const struct purpose *p, void *arg)
{
	struct standing *st = arg;

	if (!slice_eq(p->id, st->id))
		return true;
	st->state = p->state;
	st->since_ms = p->since_ms;
	return false;
}

/* Of somebody who was erased: when they left, at the latest by the erasure. */
static int64_t ended_ms(const struct sheet *s)
{
	const struct sheet_event *no = sheet_last(s, EVENT_WITHDRAWN, 0, 0), *yes = sheet_yes(s, 0);

	return no && (!yes || no->seq > yes->seq) ? no->time_ms : s->gone_ms;
}

/* How a purpose stands today. */
static struct standing standing_of(struct sheet *s, struct slice purpose)
{
	struct standing st = {.id = purpose, .state = PURPOSE_STATE__MAX};

	if (purpose_each(s->db, s->person.id, standing_row, &st, s->ei))
		st.state = PURPOSE_STATE__MAX;
	/* With the person the purposes went; none of them holds any more. */
	if (s->kept)
		st = (struct standing){.id = purpose, .state = PURPOSE_ENDED, .since_ms = ended_ms(s)};
	return st;
}

static void slip_state(struct sheet *s, struct view *item, const struct sheet_event *e, const struct sheet_event *yes,
    struct slice purpose)
{
	struct standing st = standing_of(s, purpose);
	bool ended = yes && st.state == PURPOSE_ENDED && st.since_ms >= yes->time_ms;

	view_text(item, "ticked", sheet_when(s, e->time_ms));
	view_cstr(item, "state", ended ? "ended" : yes ? "given" : "open");
	view_cstr(item, "state_key", ended ? "evidence.slip.ended" : yes ? "evidence.slip.given" : "evidence.slip.open");
	view_text(item, "confirmed", yes ? sheet_when(s, yes->time_ms) : SLICE(""));
	view_text(item, "ended", ended ? sheet_when(s, st.since_ms) : SLICE(""));
}

static void consents_view(struct sheet *s, struct view *v, const struct sheet_event *e, const struct sheet_event *yes)
{
	struct slice rest = e->core.purposes, one;
	struct consent c;
	struct buf body;

	view_list(v, "consents");
	buf_init_arena(&body, s->a, CONSENT_MAX_BYTES);
	if (!e->core.has[EVENTCORE_TEXT] || text_get(s->db, e->core.hash[EVENTCORE_TEXT], &body, NULL, s->ei) ||
	    consent_parse(&c, buf_slice(&body), s->ei)) {
		view_bool(v, "lost", true);
		return;
	}
	while (slice_split(&rest, ',', &one)) {
		const struct consent_item *item = consent_item(&c, one);
		struct view *slip;

		if (!item)
			continue;
		slip = view_item(v, "consents");
		consent_item_view(item, slip);
		slip_state(s, slip, e, yes, one);
	}
}

static void sums_view(struct sheet *s, struct view *v, const struct sheet_event *e)
{
	static const char *const keys[EVENTCORE_HASH__MAX] = {
		[EVENTCORE_TEXT] = "evidence.f.text", [EVENTCORE_MAIL] = "evidence.f.mail",
		[EVENTCORE_NOTICE] = "evidence.f.notice", [EVENTCORE_CONFIG] = "evidence.f.config",
	};
	unsigned char page[STORE_HASH_BYTES];

	view_list(v, "sums");
	for (int i = 0; i < EVENTCORE_HASH__MAX; i++) {
		struct view *item;

		if (!e->core.has[i])
			continue;
		item = view_item(v, "sums");
		view_cstr(item, "sum_key", keys[i]);
		view_text(item, "sum", sheet_sum(s, e->core.hash[i], SHEET_SUM_CHARS));
	}
	if (sheet_form_load(s, e, page, NULL) == OK) {
		struct view *item = view_item(v, "sums");

		view_cstr(item, "sum_key", "evidence.f.form_page");
		view_text(item, "sum", sheet_sum(s, page, SHEET_SUM_CHARS));
	}
}

/* Of several sign-ups under one request the newest stands for it; those that led to none are in the time line. */
static bool stands_for_request(const struct sheet *s, const struct sheet_event *e)
{
	return e->kind == EVENT_REQUESTED && e->present[EVENT_CORE] && e->core.request &&
	    sheet_last(s, EVENT_REQUESTED, e->core.request, 0) == e;
}

static void declared_add(struct slice name, struct slice value, void *arg)
{
	struct sheet *s = arg;
	struct view *item = view_item(s->v, "declared");

	view_text(item, "label", sheet_label(s, name));
	view_text(item, "value", value);
}

/* A consent from elsewhere: what was declared about it, said to be no more than that. */
static bool imported_view(struct sheet *s)
{
	const struct sheet_event *e = sheet_last(s, EVENT_IMPORTED, 0, 0);

	view_list(s->v, "declared");
	view_bool(s->v, "imported", e != NULL);
	view_cstr(s->v, "no_act_key", e ? "evidence.act.imported" : "evidence.act.none");
	if (!e)
		return false;
	view_text(s->v, "imported_at", sheet_when(s, e->time_ms));
	if (e->fields.len && eventcore_fields(e->fields, declared_add, s, s->ei))
		view_bool(s->v, "imported", false);
	return true;
}

void sheet_seen_view(struct sheet *s)
{
	bool any = false, imported = imported_view(s);

	view_list(s->v, "seen");
	for (size_t i = 0; i < s->n; i++) {
		const struct sheet_event *e = &s->events[i];
		struct view *v;

		if (!stands_for_request(s, e))
			continue;
		v = view_item(s->v, "seen");
		any = true;
		consents_view(s, v, e, confirmed_of(s, e));
		view_text(v, "page", e->core.page);
		view_text(v, "form", e->core.form);
		view_text(v, "seen_lang", sheet_say(s, "evidence.lang.", e->core.lang));
		sums_view(s, v, e);
	}
	view_bool(s->v, "has_seen", any);
	view_bool(s->v, "none_seen", !any && !imported);
}

void sheet_acts_view(struct sheet *s)
{
	view_list(s->v, "acts");
	view_bool(s->v, "confirmed_once", sheet_yes(s, 0) != NULL);
	for (size_t i = 0; i < s->n; i++) {
		struct view *v;

		if (!sheet_is_yes(&s->events[i]))
			continue;
		v = view_item(s->v, "acts");
		view_text(v, "confirmed", sheet_when(s, s->events[i].time_ms));
		view_cstr(v, "ip_key", "");
		sheet_ip_view(v, &s->events[i], "ip_key");
	}
}

/* --- mails ---------------------------------------------------------------------------- */

static void answer_view(struct sheet *s, struct view *v, const struct sheet_event *e)
{
	const struct eventcore *c = &e->core;
	bool taken = e->kind == EVENT_MAIL_ACCEPTED;

	view_cstr(v, "answer_key", !taken ? "evidence.mail.failed" : c->provider_id.len ? "evidence.mail.accepted" :
	    "evidence.mail.accepted.noid");
	view_text(v, "time", sheet_when(s, e->time_ms));
	view_text(v, "provider", sheet_say(s, "evidence.provider.", c->provider));
	view_text(v, "provider_id", c->provider_id);
	view_text(v, "code", c->detail);
}

static struct slice mailbox(struct sheet *s, const struct message *m)
{
	struct buf b;

	if (!m->from_name.len)
		return m->from_addr;
	buf_init_arena(&b, s->a, 4096);
	buf_printf(&b, "%.*s <%.*s>", SLICE_FMT(m->from_name), SLICE_FMT(m->from_addr));
	return buf_slice(&b);
}

static void mail_view(struct sheet *s, struct view *list, struct sheet_event *e)
{
	struct view *v = view_item(list, "mails"), *known;
	const struct message *m = sheet_mail(s, e);

	answer_view(s, v, e);
	view_text(v, "mail_sum", sheet_sum(s, e->core.hash[EVENTCORE_MAIL], SHEET_SUM_CHARS));
	view_list(v, "known");
	if (!m)
		return;
	known = view_item(v, "known");
	view_text(known, "from", mailbox(s, m));
	view_text(known, "to", m->to);
	view_text(known, "subject", m->subject);
	view_text(known, "date_header", e->sent->date_header);
	view_text(known, "message_id", m->message_id);
	view_text(known, "unsubscribe", m->list_unsubscribe);
	view_text(known, "sum", sheet_sum(s, e->sent->sha256, 0));
	view_int(known, "bytes", e->sent->bytes);
	view_text(known, "text", m->text);
	view_bool(s->v, "mails_masked", true);
}

void sheet_mails_view(struct sheet *s)
{
	view_list(s->v, "mails");
	for (size_t i = 0; i < s->n; i++)
		if (s->events[i].core.has[EVENTCORE_MAIL] &&
		    (s->events[i].kind == EVENT_MAIL_ACCEPTED || s->events[i].kind == EVENT_MAIL_FAILED))
			mail_view(s, s->v, &s->events[i]);
}

/* --- annexes -------------------------------------------------------------------------- */

/* The sign-up that counts: the newest that was confirmed, else the newest. */
static const struct sheet_event *main_signup(const struct sheet *s)
{
	const struct sheet_event *yes = sheet_yes(s, 0);
	const struct sheet_event *e = yes ? sheet_last(s, EVENT_REQUESTED, yes->core.request, yes->seq) : NULL;

	return e ? e : sheet_last(s, EVENT_REQUESTED, 0, 0);
}

/* Pages leave out their buttons on paper. What was pressed belongs to the evidence. */
static const char paper_buttons[] = "<style>@media print { .jawort-do { display: flex } }</style>";

/*
 * The page as it was, in a frame of its own where nothing runs and nothing is sent: its rules and ids stay apart from
 * those of the sheet. The bytes that the sum is of are those of `--as form`; the frame has one rule more.
 */
static void form_view(struct sheet *s, const struct sheet_event *e, struct slice title)
{
	unsigned char hash[STORE_HASH_BYTES];
	struct buf page, frame;
	struct view *v;

	buf_init_arena(&page, s->a, TEXT_BODY_MAX_BYTES);
	if (!e || sheet_form_load(s, e, hash, &page))
		return;
	buf_init_arena(&frame, s->a, 6 * TEXT_BODY_MAX_BYTES);
	buf_add_str(&frame, "<iframe class=\"jawort-frame\" sandbox=\"\" title=\"");
	html_attr(&frame, title);
	buf_add_str(&frame, "\" srcdoc=\"");
	html_attr(&frame, buf_slice(&page));
	html_attr(&frame, SLICE(paper_buttons));
	buf_add_str(&frame, "\"></iframe>");
	v = view_item(s->v, "annex_form");
	view_html(v, "form_frame", buf_slice(&frame));
	view_text(v, "sum", sheet_sum(s, hash, 0));
	view_text(v, "ticked", sheet_when(s, e->time_ms));
}

static void notice_words(struct sheet *s, const unsigned char hash[STORE_HASH_BYTES], struct view *v)
{
	struct notice_version nv;

	view_text(v, "sum", sheet_sum(s, hash, 0));
	view_cstr(v, "notice_key", "evidence.notice.unnumbered");
	if (notice_find(s->db, hash, STORE_HASH_BYTES, &nv, s->ei))
		return;
	view_cstr(v, "notice_key", "evidence.notice.text");
	view_int(v, "no", nv.no);
	view_text(v, "valid_from", when_date(s->a, nv.valid_from_ms, site_conf(s->site)->time_zone, s->o->lang));
}

/* Other versions that later events name, each once. */
static void others_view(struct sheet *s, const unsigned char first[STORE_HASH_BYTES], struct view *v)
{
	const unsigned char *last = first;
	struct buf b;

	buf_init_arena(&b, s->a, 65536);
	for (size_t i = 0; i < s->n; i++) {
		const struct eventcore *c = &s->events[i].core;
		struct slice sum;

		if (!c->has[EVENTCORE_NOTICE] || memcmp(c->hash[EVENTCORE_NOTICE], last, STORE_HASH_BYTES) == 0 ||
		    memcmp(c->hash[EVENTCORE_NOTICE], first, STORE_HASH_BYTES) == 0)
			continue;
		last = c->hash[EVENTCORE_NOTICE];
		sum = sheet_sum(s, last, SHEET_SUM_CHARS);
		if (!memmem(b.data, b.len, sum.ptr, sum.len))
			buf_printf(&b, "%s%.*s", b.len ? ", " : "", SLICE_FMT(sum));
	}
	view_text(v, "others", buf_slice(&b));
}

void sheet_annex_view(struct sheet *s)
{
	const struct sheet_event *e = main_signup(s);
	const struct phrase *title = phrases_get(s->words, SLICE("evidence.form.title"));
	struct buf body;
	struct view *v;

	form_view(s, e, title ? slice_trim(phrase_source(title)) : SLICE(""));
	if (!e || !e->core.has[EVENTCORE_NOTICE])
		return;
	buf_init_arena(&body, s->a, TEXT_BODY_MAX_BYTES);
	if (text_get(s->db, e->core.hash[EVENTCORE_NOTICE], &body, NULL, s->ei))
		return;
	v = view_item(s->v, "annex_notice");
	view_html(v, "notice_body", buf_slice(&body));
	notice_words(s, e->core.hash[EVENTCORE_NOTICE], v);
	others_view(s, e->core.hash[EVENTCORE_NOTICE], v);
}
