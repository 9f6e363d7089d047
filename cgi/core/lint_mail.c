/* Rules about the confirmation mail as it would leave, with the owner's templates and words. */
#include "core/lint_priv.h"

#include <string.h>

#include "core/letter.h"
#include "mail/message.h"

#define LINK "https://confirm.invalid/link"
#define STOP "https://confirm.invalid/stop"

static const char *const HTML_FILES[] = {"mail/confirm.html", "part/mail_head.html", "part/mail_foot.html", NULL};
static const char *const TEXT_FILES[] = {"mail/confirm.txt", "part/mail_foot.txt", NULL};
static const char *const PROMO[] = {"Rabatt", "Gutschein", "gratis", "Sonderangebot", "jetzt kaufen", "jetzt bestellen",
    "discount", "voucher", "special offer", "buy now", "order now", "free gift", NULL};

struct sent {
	struct lint *l;
	const struct consent *consent;
	const char *lang;
	struct message m;
};

static void sent_add(const struct sent *s, enum conf_severity sev, const char *words, const char *const *files,
    const char *needle, const char *value)
{
	struct lint_place p = lint_owner_find(s->l, files, needle);

	lint_at(s->l, sev, words, p.file, p.line, p.col, p.name, s->lang, value, NULL);
}

static enum err sample(struct sent *s, struct errinfo *ei)
{
	struct letter letter = {.kind = OUTBOX_CONFIRM, .lang = s->lang, .consent = s->consent};
	struct message_slots v = {.date_ms = 0};
	struct buf all, stored;
	enum err rc;

	buf_init_arena(&all, s->l->a, 4096);
	for (size_t i = 0; i < s->consent->n; i++) {
		if (i)
			buf_add_char(&all, ',');
		buf_add_slice(&all, s->consent->items[i].purpose);
	}
	letter.purposes = buf_slice(&all);
	buf_init_arena(&stored, s->l->a, MESSAGE_STORED_MAX_BYTES);
	rc = letter_render(s->l->site, s->l->a, &letter, &stored, ei);
	v.value[MESSAGE_TO] = SLICE("somebody@confirm.invalid");
	v.value[MESSAGE_LINK] = SLICE(LINK);
	v.value[MESSAGE_UNSUBSCRIBE] = SLICE(STOP);
	v.value[MESSAGE_DATE] = SLICE("1");
	v.value[MESSAGE_MESSAGE_ID] = SLICE("1@confirm.invalid");
	v.value[MESSAGE_BOUNDARY] = SLICE("=_jw");
	return rc ? rc : message_load_fill(s->l->a, buf_slice(&stored), &v, &s->m, ei);
}

/* ---- L12 ---- */

static bool link_allowed(const struct sent *s, struct slice url)
{
	const struct conf_site *c = s->l->conf;

	return slice_eq_str(url, LINK) || slice_eq_str(url, STOP) || slice_ieq(slice_sub(url, 0, 7), SLICE("mailto:")) ||
	    slice_eq_str(url, c->controller.imprint) || slice_eq(url, site_url(s->l->site, s->l->a, "/n?lang=", s->lang)) ||
	    slice_eq(url, site_url(s->l->site, s->l->a, "/my?lang=", s->lang));
}

static void mail_links(const struct sent *s)
{
	static const char *const loads[] = {"src", "srcset", "background", "poster", "data"};
	struct slice v;
	struct lint_tag t;
	size_t at = 0;

	while (lint_tag_next(s->m.html, &at, &t)) {
		for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
			if (lint_tag_attr(&t, loads[i], NULL))
				sent_add(s, CONF_ERROR, "L12-image", HTML_FILES, loads[i], NULL);
		if (lint_tag_attr(&t, "style", &v)) {
			static const char *const url[] = {"url(", NULL};
			size_t in;
			if (lint_word(url, v, &in))
				sent_add(s, CONF_ERROR, "L12-image", HTML_FILES, "url(", NULL);
		}
		if (!lint_tag_attr(&t, "href", &v) || link_allowed(s, lint_tag_value(s->l->a, v)))
			continue;
		v = lint_tag_value(s->l->a, v);
		sent_add(s, CONF_ERROR, "L12-link", HTML_FILES, arena_str(s->l->a, v), arena_str(s->l->a, v));
	}
}

static void mail_text_links(const struct sent *s)
{
	static const char *const starts[] = {"https://", "http://", NULL};
	struct slice rest = s->m.text, url;
	size_t at, end;

	while (lint_word(starts, rest, &at)) {
		for (end = at; end < rest.len && !strchr(" \t\r\n<>\"", rest.ptr[end]);)
			end++;
		url = slice_sub(rest, at, end - at);
		rest = slice_sub(rest, end, rest.len);
		if (!link_allowed(s, url))
			sent_add(s, CONF_ERROR, "L12-link", TEXT_FILES, arena_str(s->l->a, url), arena_str(s->l->a, url));
	}
}

/* In the owner's own words only: what the purposes say is no add-on of the mail. */
static void mail_promo(const struct sent *s)
{
	const char *words = lint_text(s->l, "%s/mail.txt", s->lang), *file;
	const char *const files[] = {words, "mail/confirm.html", "mail/confirm.txt", "part/mail_foot.html",
	    "part/mail_foot.txt", NULL};

	for (size_t i = 0; files[i]; i++) {
		const char *const one[] = {files[i], NULL};
		struct slice text;
		const char *word;
		size_t at;

		if (!lint_owner_read(s->l, files[i], &text, &file))
			continue;
		word = lint_word(PROMO, text, &at);
		if (word)
			sent_add(s, CONF_WARNING, "L12-promo", one, word, word);
	}
}

/* ---- L49 ---- */

static void mail_wording(const struct sent *s)
{
	struct slice html = lint_tag_text(s->l->a, s->m.html), text = lint_tag_squeeze(s->l->a, s->m.text);

	for (size_t i = 0; i < s->consent->n; i++) {
		struct slice rest = s->consent->items[i].text, line;
		while (slice_split(&rest, '\n', &line)) {
			line = lint_tag_squeeze(s->l->a, line);
			if (!lint_has(html, line))
				sent_add(s, CONF_ERROR, "L49-wording", HTML_FILES, NULL, NULL);
			if (!lint_has(text, line))
				sent_add(s, CONF_ERROR, "L49-wording", TEXT_FILES, NULL, NULL);
		}
	}
}

static void mail_one(struct lint *l, const struct conf_form *form, const char *lang)
{
	struct sent s = {.l = l, .lang = lang, .consent = site_consent(l->site, form, lang)};
	struct errinfo ei = {.code = OK};
	struct lint_place p;

	if (!s.consent)
		return;
	if (sample(&s, &ei) != OK) {
		p = lint_owner_find(l, HTML_FILES, NULL);
		lint_at(l, CONF_ERROR, "L49-render", p.file, p.line, p.col, "mail/confirm", ei.text, NULL);
		return;
	}
	mail_links(&s);
	mail_text_links(&s);
	mail_promo(&s);
	mail_wording(&s);
}

void lint_mail(struct lint *l)
{
	for (size_t i = 0; i < l->conf->nforms; i++)
		for (size_t j = 0; j < l->conf->languages.n; j++)
			mail_one(l, &l->conf->forms[i], l->conf->languages.v[j]);
}
