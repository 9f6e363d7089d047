#include "cmd/sample_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/letter.h"
#include "core/when.h"

/* As long as a token is (core/token.h), so that sizes and lines are those of a real mail; opens nothing. */
static const char sample_token[] = "SAMPLE-SAMPLE-SAMPLE-SAMPLE-SAMPLE-SAMPLE-S";

static void sample_slots(const struct site *s, struct arena *a, const struct letter *l, struct message_slots *v)
{
	const char *path = letter_path(l->kind);

	memset(v, 0, sizeof(*v));
	v->date_ms = clock_now_ms();
	v->value[MESSAGE_TO] = SLICE("name@example.org");
	if (path)
		v->value[MESSAGE_LINK] = site_url(s, a, path, sample_token);
	v->value[MESSAGE_UNSUBSCRIBE] = site_url(s, a, "/u/", sample_token);
	v->value[MESSAGE_DATE] = when_full(a, v->date_ms, site_conf(s)->time_zone, l->lang);
	v->value[MESSAGE_MESSAGE_ID] = SLICE("sample@example.org");
	v->value[MESSAGE_BOUNDARY] = SLICE("=_jw_sample");
}

/* A change as it could be: two headings of the notice. */
static struct letter_notice sample_notice(const struct site *s, struct arena *a, const char *lang)
{
	static const char *const keys[] = {"notice.n17.intro.title", "notice.n21.table.title"};
	struct buf b;

	buf_init_arena(&b, a, 512);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		buf_add_str(&b, i ? "\n" : "");
		buf_add_slice(&b, site_say(s, lang, keys[i], site_view(s, a, lang)));
	}
	return (struct letter_notice){.summary = buf_slice(&b), .diff_url = site_url(s, a, "/n/diff", ""),
	    .valid_from_ms = clock_now_ms()};
}

enum err sample_letter(const struct site *s, struct arena *a, const struct letter *l, struct message *out,
    struct errinfo *ei)
{
	struct message_slots slots;
	struct buf stored;
	enum err rc;

	buf_init_arena(&stored, a, MESSAGE_STORED_MAX_BYTES);
	rc = letter_render(s, a, l, &stored, ei);
	if (rc)
		return rc;
	sample_slots(s, a, l, &slots);
	return message_load_fill(a, buf_slice(&stored), &slots, out, ei);
}

enum err sample_mail(const struct site *s, struct arena *a, const struct conf_form *form, enum outbox_kind kind,
    const char *lang, struct message *out, struct errinfo *ei)
{
	const struct consent *c = site_consent(s, form, lang);
	const struct letter_notice notice = sample_notice(s, a, lang);
	const struct letter_erased erased = {.recipients = SLICE("Example Mail"), .blocked = true};
	struct letter l = {.kind = kind, .lang = lang, .consent = c, .notice = &notice, .erased = &erased};
	struct buf all;

	buf_init_arena(&all, a, 4096);
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			buf_add_char(&all, ',');
		buf_add_slice(&all, c->items[i].purpose);
	}
	l.purposes = buf_slice(&all);
	return sample_letter(s, a, &l, out, ei);
}
