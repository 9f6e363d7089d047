#include "core/sheet_priv.h"

#include <stdio.h>
#include <string.h>

#include "core/embed.h"
#include "core/when.h"
#include "text/tpl.h"

#define PAGE "sheet/evidence.html"

/* --- head ----------------------------------------------------------------------------- */

static const char *const leads[PERSON_STATE__MAX] = {
	[PERSON_PENDING] = "evidence.lead.pending",
	[PERSON_ACTIVE] = "evidence.lead.active",
	[PERSON_UNSUBSCRIBED] = "evidence.lead.unsubscribed",
	[PERSON_BOUNCED] = "evidence.lead.bounced",
	[PERSON_SUPPRESSED] = "evidence.lead.suppressed",
	[PERSON_RESTRICTED] = "evidence.lead.restricted",
	[PERSON_ERASED] = "evidence.lead.erased",
};

static void lead_view(struct sheet *s)
{
	const struct sheet_event *yes = sheet_yes(s, 0), *no = sheet_last(s, EVENT_WITHDRAWN, 0, 0);
	const struct sheet_event *from = yes ? NULL : sheet_last(s, EVENT_IMPORTED, 0, 0);
	const char *key = leads[s->person.state];

	if (s->person.state == PERSON_ACTIVE && from)
		key = "evidence.lead.imported";
	if (s->person.state == PERSON_UNSUBSCRIBED && (!yes || !no))
		key = "evidence.lead.ended";
	view_text(s->v, "gone_at", sheet_when(s, s->gone_ms));
	view_text(s->v, "gone_until", when_date(s->a, s->gone_until_ms, site_conf(s->site)->time_zone, s->o->lang));
	view_cstr(s->v, "lead_key", key);
	view_text(s->v, "email", s->email);
	view_text(s->v, "email_text", s->email);
	view_text(s->v, "date", sheet_when(s, yes ? yes->time_ms : from ? from->time_ms : s->person.confirmed_ms));
	view_text(s->v, "ended", sheet_when(s, no ? no->time_ms : s->person.changed_ms));
}

static bool purpose_view(const struct purpose *p, void *arg)
{
	static const char *const keys[PURPOSE_STATE__MAX] = {
		[PURPOSE_PENDING] = "evidence.purpose.pending",
		[PURPOSE_ACTIVE] = "evidence.purpose.active",
		[PURPOSE_ENDED] = "evidence.purpose.ended",
	};
	struct sheet *s = arg;
	struct view *item = view_item(s->v, "purposes");

	view_cstr(item, "purpose_key", keys[p->state]);
	view_text(item, "title", site_titles(s->site, s->a, s->o->lang, arena_dup(s->a, p->id)));
	view_text(item, "since", sheet_when(s, p->since_ms));
	view_bool(s->v, "has_purposes", true);
	return true;
}

static void field_view(struct slice name, struct slice value, void *arg)
{
	struct sheet *s = arg;
	struct view *item = view_item(s->v, "fields");

	view_text(item, "label", sheet_label(s, name));
	view_text(item, "value", value);
}

static enum err who_view(struct sheet *s)
{
	struct buf fields, number;
	enum err rc;

	buf_init_arena(&number, s->a, 128);
	buf_printf(&number, "%s-%lld", site_conf(s->site)->id, (long long)s->person.id);
	view_text(s->v, "number", buf_slice(&number));
	view_text(s->v, "created", sheet_when(s, s->o->now_ms));
	lead_view(s);
	view_list(s->v, "purposes");
	rc = purpose_each(s->db, s->person.id, purpose_view, s, s->ei);
	view_list(s->v, "fields");
	buf_init_arena(&fields, s->a, PERSON_FIELDS_MAX_BYTES);
	if (!rc)
		rc = person_fields(s->db, s->person.id, &fields, s->ei);
	if (!rc && fields.len)
		rc = eventcore_fields(buf_slice(&fields), field_view, s, s->ei);
	return rc;
}

/* --- the page ------------------------------------------------------------------------- */

static enum err words_load(struct sheet *s)
{
	const struct embedded_file *f;
	char name[40];

	snprintf(name, sizeof(name), "%s/evidence.txt", s->o->lang);
	f = embed_find(name);
	if (!f)
		return err_set(s->ei, E_INVALID, "the evidence sheet is written in de and en, not in \"%s\"", s->o->lang);
	s->words = phrases_new(s->o->lang);
	if (!s->words)
		return err_set(s->ei, E_NOMEM, "words");
	phrases_fallback(s->words, site_words(s->site, s->o->lang));
	return phrases_load(s->words, f->name, slice_make(f->data, f->len), false, s->ei);
}

static enum err page_render(struct sheet *s, struct buf *out)
{
	static const char *const files[] = {PAGE, "part/slip.html"};
	const struct phrases *words = s->words;
	struct tpl_set *set = tpl_set_new();
	enum err rc = set ? OK : err_set(s->ei, E_NOMEM, "evidence sheet");

	for (size_t i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++) {
		const struct embedded_file *f = embed_find(files[i]);

		rc = f ? tpl_set_add(set, f->name, slice_make(f->data, f->len), s->ei) :
		    err_set(s->ei, E_INVALID, "template %s", files[i]);
	}
	if (!rc)
		rc = tpl_set_compile(set, &words, 1, NULL, 0, s->ei);
	if (!rc)
		rc = tpl_render(set, PAGE, words, s->v, out, s->ei);
	tpl_set_free(set);
	return rc;
}

static enum err page_fill(struct sheet *s)
{
	enum err rc;

	s->v = site_view(s->site, s->a, s->o->lang);
	site_view_page(s->site, s->v, PAGE, s->o->lang, NULL);
	rc = who_view(s);
	if (rc)
		return rc;
	sheet_seen_view(s);
	sheet_acts_view(s);
	sheet_log_view(s);
	sheet_mails_view(s);
	sheet_gone_view(s);
	sheet_annex_view(s);
	rc = sheet_proof_view(s);
	if (rc)
		return rc;
	return view_ok(s->v) && arena_ok(s->a) ? OK : err_set(s->ei, E_NOMEM, "evidence sheet");
}

enum err sheet_html(struct db *db, const struct site *site, struct arena *a, int64_t person_id,
    const struct sheet_opts *o, struct buf *out, struct errinfo *ei)
{
	struct sheet s = {.db = db, .site = site, .a = a, .o = o, .ei = ei};
	enum err rc = sheet_events_read(&s, person_id);

	if (!rc)
		rc = words_load(&s);
	if (!rc)
		rc = page_fill(&s);
	if (!rc)
		rc = page_render(&s, out);
	phrases_free(s.words);
	if (!rc && !buf_ok(out))
		rc = err_set(ei, E_LIMIT, "the evidence sheet is longer than %zu bytes", out->max_bytes);
	return rc;
}
