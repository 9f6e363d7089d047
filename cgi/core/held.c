#include "core/held.h"

#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "text/phrase.h"

static struct slice held_key(const struct held *h, const char *head, const char *name, const char *tail)
{
	struct buf b;

	buf_init_arena(&b, h->a, 128);
	buf_printf(&b, "%s%s%s", head, name, tail);
	return buf_slice(&b);
}

static const char *zone(const struct held *h)
{
	return site_conf(h->site)->time_zone;
}

static struct slice date(const struct held *h, int64_t ms)
{
	return when_date(h->a, ms, zone(h), h->lang);
}

struct slice held_recipients(const struct held *h)
{
	const struct conf_site *c = site_conf(h->site);
	struct buf b;

	buf_init_arena(&b, h->a, 4096);
	for (size_t i = 0; i < c->nprocessors; i++)
		buf_printf(&b, "%s%s", b.len ? ", " : "", c->processors[i].contract_party);
	if (c->hosting_kind == CONF_NAMED)
		buf_printf(&b, "%s%s", b.len ? ", " : "", c->hosting.contract_party);
	return buf_slice(&b);
}

struct slice held_label(const struct held *h, struct slice field, const struct view *v)
{
	struct buf b;

	buf_init_arena(&b, h->a, 128);
	buf_add_str(&b, "form.label.");
	buf_add_slice(&b, field);
	/* a field that the site asked for once, and no words know */
	return phrases_get(site_words(h->site, h->lang), buf_slice(&b)) ? site_say(h->site, h->lang, b.data, v) : field;
}

/* ---- what one receives */

static const struct {
	const char *state, *key;
} slips[PURPOSE_STATE__MAX] = {
    [PURPOSE_PENDING] = {"open", "page.slip.open"},
    [PURPOSE_ACTIVE] = {"given", "page.slip.given"},
    [PURPOSE_ENDED] = {"ended", "page.slip.ended"},
};

static void paragraphs(struct view *item, struct slice text, struct slice title)
{
	if (!text.len)
		view_text(view_item(item, "paragraphs"), "text", title);
	while (text.len) {
		const char *gap = memmem(text.ptr, text.len, "\n\n", 2);
		size_t len = gap ? (size_t)(gap - text.ptr) : text.len;
		view_text(view_item(item, "paragraphs"), "text", slice_trim(slice_sub(text, 0, len)));
		text = slice_sub(text, gap ? len + 2 : len, text.len);
	}
}

size_t held_purposes(const struct held *h, struct view *v, const struct rights_person *who)
{
	size_t active = 0;

	view_bool(v, "lists", !who->kept);
	view_bool(v, "has_purposes", who->npurposes > 0);
	for (size_t i = 0; i < who->npurposes; i++) {
		const struct rights_purpose *one = &who->purposes[i];
		struct view *item = view_item(v, "purposes");
		view_cstr(item, "state", slips[one->state].state);
		view_cstr(item, "state_key", slips[one->state].key);
		view_text(item, "state_date", date(h, one->since_ms));
		view_text(item, "state_time", when_time(h->a, one->since_ms, zone(h)));
		view_text(item, "id", one->id);
		view_text(item, "title", one->title);
		view_bool(item, "button", one->state == PURPOSE_ACTIVE);
		paragraphs(item, one->text, one->title);
		active += one->state == PURPOSE_ACTIVE;
	}
	return active;
}

/* ---- what is held */

static void row(struct view *v, struct slice label, struct slice value)
{
	struct view *item;

	if (!value.len)
		return;
	item = view_item(v, "held");
	view_text(item, "label", label);
	view_text(item, "value", value);
}

static void row_say(const struct held *h, struct view *v, const char *label, struct slice value)
{
	row(v, site_say(h->site, h->lang, label, v), value);
}

static struct slice last_ip(const struct rights_person *who)
{
	for (size_t i = who->nevents; i > 0; i--)
		if (who->events[i - 1].ip.len)
			return who->events[i - 1].ip;
	return SLICE("");
}

static struct slice last_page(const struct rights_person *who)
{
	for (size_t i = who->nrequests; i > 0; i--)
		if (who->requests[i - 1].page.len)
			return who->requests[i - 1].page;
	return SLICE("");
}

static struct slice counted(const struct held *h, struct view *v, const char *key, size_t n, int64_t since_ms)
{
	struct view *scope = view_child(v);

	if (!n)
		return SLICE("");
	view_int(scope, "count", (int64_t)n);
	view_text(scope, "date", date(h, since_ms));
	return site_say(h->site, h->lang, key, scope);
}

void held_details(const struct held *h, struct view *v, const struct rights_person *who)
{
	row_say(h, v, "form.label.email", who->address);
	for (size_t i = 0; i < who->nfields; i++)
		row(v, held_label(h, who->fields[i].name, v), who->fields[i].value);
	if (!who->kept)
		row_say(h, v, "hub.held.lang", site_say(h->site, who->lang, "page.lang.name", v));
	row_say(h, v, "hub.held.ip", last_ip(who));
	row_say(h, v, "hub.held.page", last_page(who));
	row_say(h, v, "hub.held.events", counted(h, v, "hub.held.events.value", who->nevents,
	    who->nevents ? who->events[0].time_ms : 0));
	row_say(h, v, "hub.held.mails", counted(h, v, "hub.held.mails.value", who->nmails, 0));
	if (who->blocked)
		row_say(h, v, "hub.held.block", site_say(h->site, h->lang, "hub.held.block.value", v));
}

/* ---- what goes when */

void held_untils(const struct held *h, struct view *v, const struct rights_person *who)
{
	bool frozen = who->state == PERSON_RESTRICTED;

	for (size_t i = 0; i < who->nuntil; i++) {
		const struct rights_until *u = &who->until[i];
		const char *name = rights_what_name(u->what);
		struct view *item = view_item(v, "untils");
		bool waits = frozen && u->what != RIGHTS_IP && u->what != RIGHTS_BACKUPS && u->what != RIGHTS_BLOCK;
		view_text(item, "label_key", held_key(h, "hub.until.", name, ""));
		view_text(item, "period", site_duration(h->a, u->period, h->lang));
		if (u->at_ms && !waits) {
			view_text(item, "date", when_until(h->a, u->at_ms, zone(h), h->lang));
			view_cstr(item, "when_key", "hub.until.date");
		} else if (waits)
			view_cstr(item, "when_key", "hub.until.frozen");
		else
			view_text(item, "when_key", held_key(h, "hub.until.", name, ".when"));
	}
}

/* ---- what happened when: events, and mails with what became of them */

struct happened {
	int64_t ms;
	const struct rights_event *event; /* or */
	const struct rights_mail *mail;
};

static int later_first(const void *a, const void *b)
{
	const struct happened *x = a, *y = b;

	if (x->ms != y->ms)
		return x->ms < y->ms ? 1 : -1;
	/* of one moment: a mail comes out of what happened; and the order of the log, which qsort() alone would not keep */
	if (!x->mail != !y->mail)
		return x->mail ? -1 : 1;
	return x->mail ? (x->mail->id < y->mail->id) - (x->mail->id > y->mail->id)
	               : (x->event->seq < y->event->seq) - (x->event->seq > y->event->seq);
}

/* The mails say the same with their names. */
static bool of_mail(enum event_kind k)
{
	return k == EVENT_MAIL_QUEUED || k == EVENT_MAIL_ACCEPTED || k == EVENT_MAIL_FAILED;
}

static size_t happened_all(const struct rights_person *who, struct happened *all)
{
	size_t n = 0;

	for (size_t i = 0; i < who->nevents; i++)
		if (!(of_mail(who->events[i].kind) && who->nmails))
			all[n++] = (struct happened){.ms = who->events[i].time_ms, .event = &who->events[i]};
	for (size_t i = 0; i < who->nmails; i++)
		all[n++] = (struct happened){.ms = who->mails[i].created_ms, .mail = &who->mails[i]};
	qsort(all, n, sizeof(*all), later_first);
	return n;
}

struct telling {
	const struct held *h;
	struct view *item;
};

static void tell(struct slice label, struct slice value, struct view *item)
{
	struct view *d;

	if (!value.len)
		return;
	d = view_item(item, "details");
	view_text(d, "label", label);
	view_text(d, "value", value);
}

static void tell_field(struct slice name, struct slice value, void *arg)
{
	const struct telling *t = arg;

	tell(held_label(t->h, name, t->item), value, t->item);
}

static void event_details(const struct held *h, struct view *item, const struct rights_event *e)
{
	struct telling t = {h, item};
	struct errinfo ei = {.code = OK};

	tell(site_say(h->site, h->lang, "hub.held.ip", item), e->ip, item);
	tell(site_say(h->site, h->lang, "hub.held.page", item), e->core.page, item);
	tell(site_say(h->site, h->lang, "hub.file.purposes", item), e->core.purposes.len ?
	    site_titles(h->site, h->a, h->lang, e->core.purposes) : SLICE(""), item);
	/* of a mail the fields are what was filled into it, and the evidence has that */
	if (e->fields.len && !of_mail(e->kind))
		(void)eventcore_fields(e->fields, tell_field, &t, &ei);
}

static void happened_view(const struct held *h, struct view *item, const struct happened *x, bool full)
{
	view_text(item, "date", when_full(h->a, x->ms, zone(h), h->lang));
	if (x->event) {
		view_text(item, "key", held_key(h, "hub.event.", event_kind_name(x->event->kind), ""));
		if (full)
			event_details(h, item, x->event);
		return;
	}
	view_text(item, "key", held_key(h, "hub.mail.", outbox_kind_name(x->mail->kind), ""));
	view_text(item, "state_key", held_key(h, "hub.mailstate.", outbox_state_name(x->mail->state), ""));
	if (full)
		tell(site_say(h->site, h->lang, "hub.file.number", item), x->mail->provider_id, item);
}

void held_history(const struct held *h, struct view *v, const struct rights_person *who, size_t max, bool full)
{
	struct happened *all = arena_alloc(h->a, (who->nevents + who->nmails + 1) * sizeof(*all));
	size_t n = all ? happened_all(who, all) : 0;

	view_bool(v, "more", n > max);
	for (size_t i = 0; i < n && i < max; i++)
		happened_view(h, view_item(v, "history"), &all[i], full);
}

/* ---- what is out of the ordinary */

static void note(struct view *v, bool there, const char *key)
{
	if (there)
		view_cstr(view_item(v, "notes"), "key", key);
}

void held_notes(const struct held *h, struct view *v, const struct rights_person *who)
{
	view_text(v, "move_to", who->move_to);
	view_text(v, "evidence_until", when_until(h->a, who->kept_until_ms, zone(h), h->lang));
	note(v, who->state == PERSON_PENDING, "hub.note.pending");
	note(v, who->state == PERSON_RESTRICTED, "hub.note.restricted");
	note(v, who->blocked, "hub.note.blocked");
	note(v, who->moving, "hub.note.moving");
	note(v, who->kept, "hub.note.kept");
}

/* ---- the page */

enum err held_page(const struct held *h, const struct rights_person *who, struct slice back, int64_t now_ms,
    struct buf *out, struct errinfo *ei)
{
	struct view *v = site_view(h->site, h->a, h->lang);

	site_view_page(h->site, v, HELD_PAGE, h->lang, NULL);
	view_text(v, "email", who->address);
	view_text(v, "date", when_full(h->a, now_ms, zone(h), h->lang));
	view_text(v, "recipients", held_recipients(h));
	if (back.len)
		view_url(v, "back_url", back);
	held_notes(h, v, who);
	held_purposes(h, v, who);
	held_details(h, v, who);
	held_untils(h, v, who);
	held_history(h, v, who, SIZE_MAX, true);
	return view_ok(v) ? site_render(h->site, HELD_PAGE, h->lang, v, out, ei) : err_set(ei, E_NOMEM, "a page of data");
}
