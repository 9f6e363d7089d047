/* The time line, and what has been erased from it. */
#include "core/sheet_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/when.h"

#define LIST_MAX_BYTES 65536
#define KEY_MAX_BYTES 80

const char *sheet_key(struct sheet *s, const char *head, struct slice name, const char *tail)
{
	struct buf b;

	buf_init_arena(&b, s->a, KEY_MAX_BYTES);
	buf_add_str(&b, head);
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(&b, name.ptr[i] == '-' ? '_' : name.ptr[i]);
	buf_add_str(&b, tail);
	return buf_ok(&b) && phrases_get(s->words, buf_slice(&b)) ? b.data : NULL;
}

struct slice sheet_when(struct sheet *s, int64_t ms)
{
	return when_full(s->a, ms, site_conf(s->site)->time_zone, s->o->lang);
}

struct slice sheet_sum(struct sheet *s, const unsigned char hash[STORE_HASH_BYTES], size_t chars)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = chars ? chars : (size_t)2 * STORE_HASH_BYTES;
	struct buf b;

	buf_init_arena(&b, s->a, 128);
	for (size_t i = 0; i < n; i++) {
		if (i && i % 4 == 0)
			buf_add_char(&b, ' ');
		buf_add_char(&b, hex[i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4]);
	}
	return buf_slice(&b);
}

struct slice sheet_say(struct sheet *s, const char *head, struct slice name)
{
	const char *key = sheet_key(s, head, name, "");
	const struct phrase *p = key ? phrases_get(s->words, slice_from(key)) : NULL;

	return p ? slice_trim(phrase_source(p)) : name;
}

struct slice sheet_label(struct sheet *s, struct slice field)
{
	struct slice said = sheet_say(s, "evidence.import.", field);

	return said.ptr == field.ptr ? sheet_say(s, "form.label.", field) : said;
}

/* --- one event ------------------------------------------------------------------------ */

static struct view *detail(struct view *row, const char *key)
{
	struct view *d = view_item(row, "details");

	view_cstr(d, "detail_key", key);
	return d;
}

/* "192.0.2.0" and "2001:db8:1::" are what truncating leaves (core/evidence.h). */
static bool ip_truncated(struct slice ip)
{
	return slice_ends(ip, SLICE(".0")) || slice_ends(ip, SLICE("::"));
}

void sheet_ip_view(struct view *v, const struct sheet_event *e, const char *name)
{
	view_text(v, "ip", e->ip);
	if (e->ip.len)
		view_cstr(v, name, ip_truncated(e->ip) ? "evidence.d.ip.truncated" : "evidence.d.ip");
	else if (!e->present[EVENT_IP])
		view_cstr(v, name, "evidence.d.ip.gone");
}

struct pairs {
	struct sheet *s;
	struct buf *out;
};

static void pair_add(struct slice name, struct slice value, void *arg)
{
	struct pairs *p = arg;
	struct slice label = sheet_label(p->s, name);

	buf_printf(p->out, "%s%.*s %.*s", p->out->len ? "; " : "", SLICE_FMT(label), SLICE_FMT(value));
}

/* What was typed into a form; other kinds keep other things in this part. */
static void typed_view(struct sheet *s, struct view *row, const struct sheet_event *e)
{
	struct errinfo ei = {.code = OK};
	struct buf b;
	struct pairs p = {s, &b};

	buf_init_arena(&b, s->a, LIST_MAX_BYTES);
	if (e->kind == EVENT_MAIL_ACCEPTED || e->kind == EVENT_MAIL_FAILED || !e->fields.len)
		return;
	if (eventcore_fields(e->fields, pair_add, &p, &ei) == OK && b.len)
		view_text(detail(row, "evidence.d.fields"), "fields", buf_slice(&b));
}

static void provider_view(struct sheet *s, struct view *row, const struct eventcore *c)
{
	struct view *d;

	if (!c->provider.len)
		return;
	d = detail(row, c->provider_id.len ? "evidence.d.provider_id" : "evidence.d.provider");
	view_text(d, "provider", sheet_say(s, "evidence.provider.", c->provider));
	view_text(d, "provider_id", c->provider_id);
}

/* Many mails look alike but for what they are about. */
static void subject_view(struct sheet *s, struct view *row, struct sheet_event *e)
{
	const struct message *m;

	if (e->kind != EVENT_MAIL_ACCEPTED && e->kind != EVENT_MAIL_FAILED)
		return;
	m = sheet_mail(s, e);
	if (m)
		view_text(detail(row, "evidence.d.subject"), "subject", m->subject);
}

/* "hub csv": the way in which somebody asked, and the form of what was handed over. */
static void handed_view(struct sheet *s, struct view *row, struct slice code)
{
	struct slice rest = code, way;
	const char *key;

	slice_split(&rest, ' ', &way);
	key = sheet_key(s, "evidence.code.withdrawn.", way, "");
	view_text(detail(row, key ? key : "evidence.d.code"), "code", way);
	view_text(detail(row, "evidence.d.format"), "format", sheet_say(s, "evidence.format.", rest));
}

static void code_view(struct sheet *s, struct view *row, const struct sheet_event *e)
{
	const char *key;
	struct buf head;

	if (!e->core.detail.len || (e->kind == EVENT_MAIL_ACCEPTED && slice_eq_str(e->core.detail, "ok")))
		return;
	if (e->kind == EVENT_EXPORTED) {
		handed_view(s, row, e->core.detail);
		return;
	}
	if (e->kind == EVENT_NOTICE_ANNOUNCED) {
		view_text(detail(row, "evidence.d.version"), "version", e->core.detail);
		return;
	}
	buf_init_arena(&head, s->a, KEY_MAX_BYTES);
	buf_printf(&head, "evidence.code.%s.", event_kind_name(e->kind));
	key = buf_ok(&head) ? sheet_key(s, head.data, e->core.detail, "") : NULL;
	/* The way in which somebody was heard is said alike for all rights. */
	if (!key)
		key = sheet_key(s, "evidence.code.withdrawn.", e->core.detail, "");
	view_text(detail(row, key ? key : "evidence.d.code"), "code", e->core.detail);
}

static void details_view(struct sheet *s, struct view *row, struct sheet_event *e)
{
	const struct eventcore *c = &e->core;

	view_list(row, "details");
	if (c->purposes.len)
		view_text(detail(row, "evidence.d.purposes"), "purposes", site_titles(s->site, s->a, s->o->lang, c->purposes));
	if (c->page.len)
		view_text(detail(row, "evidence.d.page"), "page", c->page);
	typed_view(s, row, e);
	if (e->ip.len || (e->present[EVENT_CORE] && !e->present[EVENT_IP])) {
		struct view *d = view_item(row, "details");

		sheet_ip_view(d, e, "detail_key");
	}
	subject_view(s, row, e);
	provider_view(s, row, c);
	code_view(s, row, e);
	if (!e->sound)
		detail(row, "evidence.d.altered");
}

static void kind_view(struct sheet *s, struct view *row, const struct sheet_event *e)
{
	struct slice name = slice_from(event_kind_name(e->kind));
	const char *title = sheet_key(s, "evidence.kind.", name, ""), *text = sheet_key(s, "evidence.kind.", name, ".text");

	view_text(row, "kind", name);
	view_cstr(row, "kind_key", title ? title : "evidence.kind.other");
	view_cstr(row, "text_key", text ? text : "evidence.kind.other.text");
	if (!e->present[EVENT_CORE])
		view_cstr(row, "text_key", "evidence.kind.gone.text");
}

/* "21.11.2026 15:05:09" or "2026-11-21 15:05:09", by the site's clock. */
static struct slice local_time(struct sheet *s, int64_t ms)
{
	struct clock_parts t;
	struct buf b;

	clock_parts(ms, site_conf(s->site)->time_zone, &t);
	buf_init_arena(&b, s->a, 40);
	if (strncmp(s->o->lang, "de", 2) == 0)
		buf_printf(&b, "%02d.%02d.%04d ", t.day, t.month, t.year);
	else
		buf_printf(&b, "%04d-%02d-%02d ", t.year, t.month, t.day);
	buf_printf(&b, "%02d:%02d:%02d", t.hour, t.minute, t.second);
	return buf_slice(&b);
}

/* "2026-11-21 14:05:09.123 UTC" */
static struct slice utc_time(struct sheet *s, const char *iso)
{
	struct slice t = slice_from(iso);
	struct buf b;

	buf_init_arena(&b, s->a, 40);
	buf_printf(&b, "%.10s ", iso);
	buf_add_slice(&b, slice_sub(t, 11, t.len - 12));
	buf_add_str(&b, " UTC");
	return buf_slice(&b);
}

void sheet_log_view(struct sheet *s)
{
	view_cstr(s->v, "zone", site_conf(s->site)->time_zone);
	view_list(s->v, "events");
	for (size_t i = 0; i < s->n; i++) {
		struct sheet_event *e = &s->events[i];
		struct view *row = view_item(s->v, "events");
		char iso[CLOCK_ISO_BYTES];

		view_text(row, "local", local_time(s, e->time_ms));
		view_cstr(row, "utc", clock_iso(e->time_ms, iso));
		view_text(row, "utc_text", utc_time(s, iso));
		view_int(row, "seq", e->seq);
		view_text(row, "sum", sheet_sum(s, e->commitment, SHEET_SUM_CHARS));
		kind_view(s, row, e);
		details_view(s, row, e);
		if (!e->sound)
			view_bool(s->v, "altered", true);
	}
}

/* --- what is gone --------------------------------------------------------------------- */

static void gone_part(struct sheet *s, enum event_part part, const char *key)
{
	int64_t newest_ms = 0;
	struct view *item;
	struct buf b;

	buf_init_arena(&b, s->a, LIST_MAX_BYTES);
	for (size_t i = 0; i < s->n; i++) {
		const struct sheet_event *e = &s->events[i];

		if (e->present[part] || (part != EVENT_CORE && !e->present[EVENT_CORE]))
			continue;
		buf_printf(&b, "%s%lld", b.len ? ", " : "", (long long)e->seq);
		newest_ms = e->time_ms;
	}
	if (!b.len)
		return;
	newest_ms += site_conf(s->site)->retention.ip.seconds * 1000;
	item = view_item(s->v, "gone");
	view_text(item, "until", when_date(s->a, newest_ms, site_conf(s->site)->time_zone, s->o->lang));
	view_cstr(item, "gone_key", key);
	view_text(item, "events", buf_slice(&b));
	view_bool(s->v, "has_gone", true);
}

void sheet_gone_view(struct sheet *s)
{
	const struct conf_site *c = site_conf(s->site);

	view_list(s->v, "gone");
	view_text(s->v, "period", site_duration(s->a, c->retention.ip, s->o->lang));
	view_text(s->v, "evidence", site_duration(s->a, c->retention.evidence, s->o->lang));
	gone_part(s, EVENT_IP, "evidence.gone.ip");
	gone_part(s, EVENT_FIELDS, "evidence.gone.fields");
	gone_part(s, EVENT_CORE, "evidence.gone.core");
}
