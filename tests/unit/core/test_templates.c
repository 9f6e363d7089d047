/*
 * Every page and mail rendered with sample values in every language. With a
 * folder as argument the results are written there, to be looked at.
 */
#include "core/embed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "core/accent.h"
#include "text/phrase.h"
#include "text/tpl.h"
#include "text/view.h"
#include "unit/core/embedded_set.h"

#define PAGE_LIMIT_BYTES 14000
#define MAIL_LIMIT_BYTES 20000
/* All that is held about somebody, with every act: seen by one person, never cached. */
#define DATA_LIMIT_BYTES 20000
#define MAIL_COLUMNS 72
#define HARD_SPACE "\xc2\xa0"

static const char *outdir;

/* ---- sample values */

static const char *pick(int lang, const char *de, const char *en)
{
	return lang == EN ? en : de;
}

static void put_url(struct view *v, const char *name, const char *url)
{
	view_url(v, name, slice_from(url));
}

static void fill_base(struct view *v, int lang, const char *tpl)
{
	char css[64];
	struct buf accent;
	const struct embedded_file *sheet;
	struct view *other;

	snprintf(css, sizeof(css), "css/%.*s.css", (int)(strlen(tpl) - strlen(".html")), tpl);
	sheet = embed_find(css);
	if (sheet)
		view_html(v, "css", slice_make(sheet->data, sheet->len));
	buf_init_arena(&accent, view_arena(v), 4096);
	accent_css(&accent, SLICE("#17604f"));
	view_html(v, "accent_css", buf_slice(&accent));
	view_cstr(v, "lang", pick(lang, "de", "en"));
	view_cstr(v, "site_name", "Radwerkstatt Musterstadt e. V.");
	view_cstr(v, "controller_name", "Radwerkstatt Musterstadt e. V.");
	view_cstr(v, "site_initial", "R");
	view_cstr(v, "site", "www.example.org");
	put_url(v, "home_url", "https://www.example.org/");
	put_url(v, "notice_url", "https://www.example.org/j/n");
	put_url(v, "imprint_url", "https://www.example.org/impressum");
	put_url(v, "my_url", "https://www.example.org/j/my");
	view_email(v, "contact", SLICE("datenschutz@example.org"));
	view_cstr(v, "footer_address", "Radwerkstatt Musterstadt e. V., Musterweg 2, 12345 Musterstadt");
	other = view_item(v, "langs");
	view_cstr(other, "code", pick(lang, "en", "de"));
	view_cstr(other, "label", pick(lang, "English", "Deutsch"));
	put_url(other, "href", "?lang=en");
}

static void fill_words(struct view *v, int lang)
{
	view_cstr(v, "title", pick(lang, "Werkstattbrief", "Workshop letter"));
	view_cstr(v, "content", pick(lang, "Termine, Kurse und Berichte", "dates, courses and reports"));
	view_cstr(v, "frequency", pick(lang, "etwa einmal im Monat", "about once a month"));
	view_cstr(v, "advertiser", "Radwerkstatt Musterstadt e. V.");
	view_cstr(v, "deny_block", pick(lang, "30" HARD_SPACE "Tage", "30" HARD_SPACE "days"));
	view_cstr(v, "confirm_link", pick(lang, "48" HARD_SPACE "Stunden", "48" HARD_SPACE "hours"));
	view_cstr(v, "unconfirmed", pick(lang, "7" HARD_SPACE "Tage", "7" HARD_SPACE "days"));
	view_cstr(v, "date", pick(lang, "21. November 2026", "21 November 2026"));
	view_cstr(v, "time", "14:12");
	view_cstr(v, "email_masked", "n\xe2\x81\xa0\xe2\x80\xa6\xe2\x81\xa0" "e@example.org");
	put_url(v, "form_action", "https://www.example.org/j/s/news");
	put_url(v, "form_url", "https://www.example.org/j/s/news");
}

static void add_paragraphs(struct view *item, struct slice text)
{
	while (text.len) {
		const char *gap = memmem(text.ptr, text.len, "\n\n", 2);
		size_t len = gap ? (size_t)(gap - text.ptr) : text.len;

		view_text(view_item(item, "paragraphs"), "text", slice_trim(slice_sub(text, 0, len)));
		text = slice_sub(text, gap ? len + 2 : len, text.len);
	}
}

static void add_consent(struct view *v, int lang, const char *box, const char *state)
{
	struct view *item = view_item(v, "consents");
	struct buf text;
	struct errinfo ei;

	buf_init_arena(&text, view_arena(v), 8192);
	if (phrase_plain_block(&text, phrases_get(all.words[lang], SLICE("form.consent.news")), v, UINT32_MAX, 0,
	        &ei))
		fail_msg("%s", ei.text);
	add_paragraphs(item, buf_slice(&text));
	view_cstr(item, "box", box);
	view_cstr(item, "box_name", strcmp(box, "ok") == 0 ? "ok" : "p");
	view_cstr(item, "box_value", strcmp(box, "ok") == 0 ? "1" : box + 2);
	view_cstr(item, "state", state);
	view_cstr(item, "state_key", strcmp(state, "given") == 0 ? "page.slip.given" :
	    strcmp(state, "ended") == 0 ? "page.slip.ended" : "page.slip.open");
	view_cstr(item, "state_date", pick(lang, "21. November 2026", "21 November 2026"));
	view_cstr(item, "state_time", "14:12");
	if (strcmp(state, "error") == 0)
		view_cstr(item, "error", pick(lang, "Kreuzen Sie das Feld an, wenn Sie die Mails wollen.",
		    "Tick the box if you want the emails."));
}

static void fill_form(struct view *v, int lang)
{
	struct view *field = view_item(v, "fields"), *transfer = view_item(v, "transfers");

	view_cstr(v, "id", "jw");
	view_cstr(v, "form_title_key", "form.title.one");
	view_cstr(v, "form_button_key", "form.button.one");
	view_bool(v, "optional_fields", true);
	view_cstr(field, "name", "first_name");
	view_cstr(field, "label", pick(lang, "Vorname", "First name"));
	view_cstr(field, "hint", pick(lang, "Nur für die Anrede.", "Only to address you by name."));
	view_cstr(field, "autocomplete", "given-name");
	view_int(field, "max", 100);
	view_bool(field, "required", false);
	view_cstr(v, "mail_provider", "Mailjet SAS");
	view_cstr(transfer, "transfer_key", "form.notice.transfer.us");
	view_cstr(transfer, "recipient", "Mailjet SAS");
	view_cstr(transfer, "country", "USA");
	put_url(v, "objection_link", "https://www.example.org/j/n#objection");
	view_cstr(v, "honeypot", "k3f9");
	view_cstr(v, "v", "k3f9a2c1b7d0");
}

static void fill_signup(struct view *v, int lang)
{
	fill_form(v, lang);
	add_consent(v, lang, "ok", "open");
}

static void fill_later(struct view *v, int lang)
{
	fill_signup(v, lang);
	view_cstr(v, "title_key", "page.down.title");
	view_cstr(v, "text_key", "page.down.text");
	view_cstr(v, "retry_after", pick(lang, "5\u00a0Minuten", "5\u00a0minutes"));
	view_cstr(v, "request_id", "0123456789abcdef");
}

static void fill_heading(struct view *v, int lang)
{
	fill_signup(v, lang);
	view_bool(v, "h3", true);
}

static void fill_frame(struct view *v, int lang)
{
	fill_signup(v, lang);
	put_url(v, "script_url", "https://www.example.org/j/jawort.js");
}

static void fill_error(struct view *v, int lang)
{
	struct view *one = view_item(v, "errors"), *two = view_item(v, "errors");
	const char *bad = pick(lang, "Die Mail-Adresse stimmt noch nicht. So sieht eine aus: name@example.org",
	    "The email address is not right yet. One looks like this: name@example.org");

	fill_form(v, lang);
	add_consent(v, lang, "ok", "error");
	view_bool(v, "has_errors", true);
	view_cstr(v, "error_summary_key", "error.summary.many");
	view_int(v, "count", 2);
	put_url(one, "href", "#jw-email");
	view_cstr(one, "message", bad);
	put_url(two, "href", "#jw-ok");
	view_cstr(two, "message", pick(lang, "Kreuzen Sie das Feld an, wenn Sie die Mails wollen.",
	    "Tick the box if you want the emails."));
	view_cstr(v, "email_value", "name@\"><script>");
	view_cstr(v, "email_error", bad);
}

static void fill_many(struct view *v, int lang)
{
	fill_form(v, lang);
	view_cstr(v, "form_title_key", "form.title.many");
	view_cstr(v, "form_button_key", "form.button.many");
	view_bool(v, "many", true);
	view_bool(v, "tryout", true);
	put_url(v, "mails_url", "/mails/");
	view_cstr(v, "mail_provider", "");
	add_consent(v, lang, "p-news", "open");
	view_cstr(v, "title", pick(lang, "Einladungen", "Invitations"));
	add_consent(v, lang, "p-events", "open");
}

static void fill_review(struct view *v, int lang)
{
	struct view *entry = view_item(v, "entries"), *hidden = view_item(v, "hidden");

	view_cstr(entry, "label", pick(lang, "E-Mail-Adresse", "Email address"));
	view_cstr(entry, "value", "name@example.org");
	view_cstr(hidden, "name", "email");
	view_cstr(hidden, "value", "name@example.org");
	add_consent(v, lang, "ok", "open");
}

static void fill_sent(struct view *v, int lang)
{
	view_cstr(v, "from", "Radwerkstatt Musterstadt <post@example.org>");
	view_cstr(v, "subject", pick(lang, "Bitte bestätigen: Werkstattbrief", "Please confirm: Workshop letter"));
}

static void fill_my(struct view *v, int lang)
{
	view_cstr(v, "link_rights", pick(lang, "15" HARD_SPACE "Minuten", "15" HARD_SPACE "minutes"));
	view_cstr(v, "controller_address", "Radwerkstatt Musterstadt e. V., Musterweg 2, 12345 Musterstadt");
	view_cstr(v, "from", "Radwerkstatt Musterstadt <post@example.org>");
}

static void fill_my_bad(struct view *v, int lang)
{
	fill_my(v, lang);
	view_cstr(v, "email_value", "name@\"><script>");
	view_cstr(v, "email_error", pick(lang, "Die Mail-Adresse stimmt noch nicht.", "The email address is not right yet."));
}

static struct view *add_keyed(struct view *v, const char *list, const char *key)
{
	struct view *item = view_item(v, list);

	view_cstr(item, "key", key);
	return item;
}

static void fill_my_held(struct view *v, int lang)
{
	struct view *item = view_item(v, "held");

	view_cstr(item, "label", pick(lang, "Vorname", "First name"));
	view_cstr(item, "value", "<b>Ada</b>");
	for (int i = 0; i < 2; i++) {
		item = view_item(v, "untils");
		view_cstr(item, "label_key", i ? "hub.until.evidence" : "hub.until.ip");
		view_cstr(item, "when_key", i ? "hub.until.evidence.when" : "hub.until.date");
		view_cstr(item, "period", pick(lang, "3 Jahre", "3 years"));
		view_cstr(item, "date", pick(lang, "21. Dezember 2026", "21 December 2026"));
	}
	item = add_keyed(v, "history", "hub.mail.confirm");
	view_cstr(item, "date", pick(lang, "21. November 2026, 14:05 Uhr", "21 November 2026, 14:05"));
	view_cstr(item, "state_key", "hub.mailstate.accepted");
}

static void fill_my_acts(struct view *v, int lang)
{
	struct view *item = view_item(v, "fields");

	view_bool(v, "acts", true);
	view_bool(v, "can_change", true);
	view_bool(v, "can_restrict", true);
	view_bool(v, "can_release", true);
	view_bool(v, "can_object", true);
	view_bool(v, "has_languages", true);
	view_cstr(item, "name", "first_name");
	view_cstr(item, "label", pick(lang, "Vorname", "First name"));
	view_cstr(item, "autocomplete", "given-name");
	view_cstr(item, "value", "Ada \"x\"");
	view_cstr(item, "error", pick(lang, "Das ist zu lang.", "This is too long."));
	item = view_item(v, "languages");
	view_cstr(item, "code", pick(lang, "de", "en"));
	view_cstr(item, "label", pick(lang, "Deutsch", "English"));
	view_bool(item, "chosen", true);
	put_url(v, "erase_url", "https://www.example.org/j/my/abc?erase=1");
	put_url(v, "back_url", "https://www.example.org/j/my/abc");
}

static void fill_my_data(struct view *v, int lang)
{
	struct view *item = view_item(v, "purposes");

	fill_my_held(v, lang);
	fill_my_acts(v, lang);
	view_cstr(v, "email", "name@example.org");
	view_cstr(v, "move_to", "new@example.org");
	view_cstr(v, "evidence_until", pick(lang, "31. Dezember 2029", "31 December 2029"));
	view_cstr(v, "recipients", "Mailjet SAS");
	view_cstr(v, "bad_text", "x");
	view_cstr(v, "bad_field", "first_name");
	view_bool(v, "open_rectify", true);
	view_bool(v, "lists", true);
	view_bool(v, "has_purposes", true);
	view_cstr(v, "all_key", "hub.lists.all");
	view_bool(v, "more", true);
	view_cstr(item, "id", "news");
	view_cstr(item, "state", "given");
	view_cstr(item, "state_key", "page.slip.given");
	view_cstr(item, "state_date", pick(lang, "21. November 2026", "21 November 2026"));
	view_cstr(item, "state_time", "14:12");
	view_bool(item, "button", true);
	view_cstr(view_item(item, "paragraphs"), "text", "Ja & <nein>");
	add_keyed(v, "notes", "hub.note.pending");
	add_keyed(v, "notes", "hub.note.restricted");
	add_keyed(v, "notes", "hub.note.blocked");
	add_keyed(v, "notes", "hub.note.moving");
	add_keyed(v, "notes", "hub.note.kept");
	add_keyed(v, "notes", "hub.note.earlier");
}

static void fill_my_file(struct view *v, int lang)
{
	struct view *item;

	fill_my_data(v, lang);
	view_cstr(v, "date", pick(lang, "21. November 2026, 14:05 Uhr", "21 November 2026, 14:05"));
	item = add_keyed(v, "history", "hub.event.changed");
	view_cstr(item, "date", pick(lang, "22. November 2026, 9:00 Uhr", "22 November 2026, 9:00"));
	item = view_item(item, "details");
	view_cstr(item, "label", pick(lang, "Vorname", "First name"));
	view_cstr(item, "value", "<i>Ada");
}

static void fill_my_erase(struct view *v, int lang)
{
	view_cstr(v, "email", "name@example.org");
	view_cstr(v, "fields_list", pick(lang, "Vorname", "First name"));
	view_cstr(v, "evidence_until", pick(lang, "31. Dezember 2029", "31 December 2029"));
	view_cstr(v, "recipients", "Mailjet SAS");
	view_cstr(v, "backups_dative", pick(lang, "30 Tagen", "30 days"));
	view_bool(v, "keeps", true);
	view_bool(v, "blocked", false);
	put_url(v, "back_url", "https://www.example.org/j/my/abc");
	add_keyed(v, "goes", "hub.erase.goes.sending");
	add_keyed(v, "goes", "hub.erase.goes.fields");
	add_keyed(v, "goes", "hub.erase.goes.lists");
	add_keyed(v, "goes", "hub.erase.goes.all");
	add_keyed(v, "stays", "hub.erase.stays.evidence");
	add_keyed(v, "stays", "hub.erase.stays.sums");
	add_keyed(v, "stays", "hub.erase.stays.block");
}

static void fill_my_done(struct view *v, int lang)
{
	(void)lang;
	view_cstr(v, "title_key", "hub.done.withdraw.title");
	view_cstr(v, "text_key", "hub.done.withdraw.text");
	put_url(v, "back_url", "https://www.example.org/j/my/abc");
}

static void fill_my_move(struct view *v, int lang)
{
	(void)lang;
	view_cstr(v, "move_to", "new@example.org");
}

static void fill_my_over(struct view *v, int lang)
{
	view_cstr(v, "title_key", "hub.expired.title");
	view_cstr(v, "text_key", "hub.expired.text");
	view_cstr(v, "link_rights", pick(lang, "15" HARD_SPACE "Minuten", "15" HARD_SPACE "minutes"));
}

static void fill_open(struct view *v, int lang)
{
	add_consent(v, lang, "ok", "open");
}

static void fill_given(struct view *v, int lang)
{
	add_consent(v, lang, "ok", "given");
}

static void fill_ended(struct view *v, int lang)
{
	add_consent(v, lang, "ok", "ended");
	view_cstr(v, "evidence_until", pick(lang, "31. Dezember 2029", "31 December 2029"));
	view_bool(v, "suppressed", true);
}

static void fill_nothing(struct view *v, int lang)
{
	(void)v;
	(void)lang;
}

static void fill_unsub(struct view *v, int lang)
{
	(void)lang;
	view_bool(v, "more_purposes", true);
}

static void fill_bare(struct view *v, int lang)
{
	(void)lang;
	view_cstr(v, "title_key", "page.bare.down.title");
	view_cstr(v, "text_key", "page.bare.down.text");
	view_cstr(v, "request_id", "abcdefghijklmnop");
}

static void fill_busy(struct view *v, int lang)
{
	view_cstr(v, "title_key", "page.busy.title");
	view_cstr(v, "text_key", "page.busy.text");
	view_cstr(v, "retry_after", pick(lang, "10" HARD_SPACE "Minuten", "10" HARD_SPACE "minutes"));
}

static struct view *add_section(struct view *v, int number, const char *anchor, const char *title_key)
{
	struct view *s = view_item(v, "sections");

	view_cstr(s, "anchor", anchor);
	view_int(s, "number", number);
	view_cstr(s, "title_key", title_key);
	return s;
}

static struct view *add_block(struct view *section, const char *key)
{
	struct view *b = view_item(section, "blocks");

	view_cstr(b, "key", key);
	return b;
}

static void fill_notice_processor(struct view *b, int lang)
{
	view_cstr(b, "subtitle_key", "notice.n17.processor.title");
	view_cstr(b, "role", pick(lang, "Versand der Mails", "Sending the emails"));
	view_cstr(b, "contract_party", "Beispielversand SAS");
	view_cstr(b, "address", "1 rue de l’Exemple, 75000 Paris");
	view_cstr(b, "task", pick(lang, "Mails verschicken", "send emails"));
	view_cstr(b, "data", pick(lang, "Mail-Adresse", "email address"));
	view_cstr(b, "storage_locations", pick(lang, "Deutschland, Belgien", "Germany, Belgium"));
	view_cstr(b, "parent", "");
	view_cstr(b, "contract_date", pick(lang, "1. März 2026", "1 March 2026"));
	put_url(b, "privacy_url", "https://provider.example.org/privacy");
	put_url(b, "subprocessors_url", "");
}

static void fill_notice_top(struct view *v, int lang)
{
	struct view *b;

	view_cstr(v, "title_list", pick(lang, "Werkstattbrief", "Workshop letter"));
	b = view_item(v, "summary");
	view_cstr(b, "key", "notice.summary.nohub");
	view_bool(b, "further", false);
	b = view_item(v, "summary");
	view_cstr(b, "key", "notice.summary.transfer.some");
	view_bool(b, "further", true);
	view_cstr(v, "recipients_short", "Beispielversand SAS");
	view_cstr(v, "third_countries", pick(lang, "den USA", "the USA"));
	view_cstr(v, "section_transfer", "6");
	view_cstr(view_item(v, "objection"), "key", "notice.n23.objection");
	b = view_item(v, "objection");
	view_cstr(b, "key", "");
	view_cstr(view_item(b, "interests"), "name", pick(lang, "Prüfung der Adresse", "Checking the address"));
	view_cstr(view_item(b, "interests"), "name", pick(lang, "Schutz vor Missbrauch",
	    "Protection against misuse"));
	view_cstr(view_item(v, "objection"), "key", "notice.n23.objection.rest");
	view_cstr(view_item(v, "objection"), "key", "notice.n23.ways");
	view_cstr(view_item(v, "foot"), "key", "notice.footer");
	view_cstr(v, "valid_from", pick(lang, "21. November 2026", "21 November 2026"));
	view_cstr(v, "notice_version", "7");
	view_cstr(v, "notice_hash", "9c41e07b52d81f3a9c41e07b52d81f3a");
	put_url(v, "versions_url", "https://www.example.org/j/n/versions");
	view_cstr(v, "legal_data_as_of", pick(lang, "1. November 2026", "1 November 2026"));
}

static void fill_notice(struct view *v, int lang)
{
	struct view *s, *b, *row;

	fill_notice_top(v, lang);
	view_cstr(v, "scope_key", "notice.subtitle");
	view_bool(v, "stored", false);
	view_lines(v, "controller_block", SLICE("Radwerkstatt Musterstadt e. V.\nMusterweg 2, 12345 Musterstadt"));
	s = add_section(v, 1, "controller", "notice.n01.controller.title");
	add_block(s, "notice.n01.controller");
	add_block(s, "notice.n03.nodpo");
	s = add_section(v, 2, "news", "notice.n05.news.title");
	b = add_block(s, "notice.n05.news");
	view_cstr(b, "fields_used", pick(lang, "Mail-Adresse", "your email address"));
	view_cstr(b, "eprivacy_ref", pick(lang, "; § 7 Abs. 2 Nr. 2 UWG", "; s. 7(2) no. 2 UWG"));
	add_block(add_section(v, 3, "check", "notice.n07.check.title"), "notice.n07.check");
	b = add_block(add_section(v, 4, "proof", "notice.n08.proof.title"), "notice.n08.proof");
	view_phrase(b, "ip_text", phrases_get(all.words[lang], SLICE("notice.n08.ip.truncated")));
	view_cstr(b, "ip_retention", pick(lang, "30 Tage", "30 days"));
	s = add_section(v, 5, "who", "notice.n17.intro.title");
	add_block(s, "notice.n17.intro");
	fill_notice_processor(add_block(s, "notice.n17.processor"), lang);
	add_block(s, "notice.n19.disclosure");
	b = add_block(add_section(v, 8, "device", "notice.n14.list.title"), "");
	view_bool(b, "stored", true);
	row = view_item(b, "rows");
	view_cstr(row, "what", "_pk_id");
	view_cstr(row, "purpose", pick(lang, "Besuche zählen", "count visits"));
	view_cstr(row, "how_long", pick(lang, "13 Monate", "13 months"));
	view_cstr(row, "basis", pick(lang, "Ihr Ja", "your yes"));
	s = add_section(v, 6, "keep", "notice.n21.table.title");
	b = add_block(s, "");
	view_bool(b, "keeps", true);
	row = view_item(b, "rows");
	view_cstr(row, "what", pick(lang, "Anfrage ohne Bestätigung", "Request without confirmation"));
	view_cstr(row, "how_long", pick(lang, "7 Tage", "7 days"));
	row = view_item(b, "rows");
	view_cstr(row, "what", pick(lang, "Nachweis der Einwilligung", "Proof of consent"));
	view_cstr(row, "how_long", pick(lang, "bis zum 31. Dezember des dritten Jahres",
	    "until 31 December of the third year"));
	add_block(s, "notice.n21.table");
	s = add_section(v, 7, "rights", "notice.n22.rights.title");
	add_block(s, "notice.n22.rights");
	add_block(s, "notice.n22.ways");
}

static void fill_versions(struct view *v, int lang)
{
	for (int no = 3; no > 0; no--) {
		struct view *one = view_item(v, "versions");
		view_int(one, "notice_version", no);
		view_cstr(one, "valid_from", pick(lang, "21. November 2026", "21 November 2026"));
		put_url(one, "version_url", "https://www.example.org/j/n/v/9c41e07b52d81f3a");
		view_bool(one, "now", no == 3);
		if (no > 1)
			put_url(one, "diff_url", "https://www.example.org/j/n/diff?from=9c41&to=9c42");
	}
	put_url(v, "older_url", "https://www.example.org/j/n/versions?before=1");
}

static void fill_version(struct view *v, int lang)
{
	fill_notice(v, lang);
	view_html(v, "body", SLICE("<div class=\"jawort\"><p>Damals</p></div>"));
	view_bool(v, "now", false);
	view_cstr(v, "valid_until", pick(lang, "22. November 2026", "22 November 2026"));
	put_url(v, "diff_url", "https://www.example.org/j/n/diff?from=9c41");
	put_url(v, "raw_url", "https://www.example.org/j/n/v/9c41e07b52d81f3a.html");
}

static void diff_side(struct view *change, const char *name, const char *key, bool changed)
{
	struct view *side = view_item(change, name), *part = view_item(side, "parts");

	view_cstr(side, name[0] == 'b' ? "before_key" : "after_key", key);
	view_bool(part, "changed", changed);
	view_cstr(part, "text", "7 & <Tage>");
}

static void fill_difference(struct view *v, int lang)
{
	struct view *s = view_item(v, "sections"), *c = view_item(s, "changes");

	view_cstr(s, "name", pick(lang, "Wie lange", "How long"));
	diff_side(c, "before", "diff.before", true);
	diff_side(c, "after", "diff.after", true);
	view_int(v, "from_no", 1);
	view_int(v, "to_no", 2);
	view_cstr(v, "from_date", pick(lang, "21. November 2026", "21 November 2026"));
	view_cstr(v, "to_date", pick(lang, "22. November 2026", "22 November 2026"));
	put_url(v, "from_url", "https://www.example.org/j/n/v/9c41");
	put_url(v, "to_url", "https://www.example.org/j/n/v/9c42");
	put_url(v, "versions_url", "https://www.example.org/j/n/versions");
}

static void fill_notice_frame(struct view *v, int lang)
{
	fill_notice(v, lang);
	put_url(v, "script_url", "https://www.example.org/j/jawort.js");
	view_html(v, "body", SLICE("<div class=\"jawort\"><p>Heute</p></div>"));
}

static void fill_mail(struct view *v, int lang)
{
	view_cstr(v, "accent", "#17604f");
	view_cstr(v, "accent_text", "#ffffff");
	view_lines(v, "controller_block", SLICE("Radwerkstatt Musterstadt e. V., vertreten durch den Vorstand\n"
	    "Musterweg 2, 12345 Musterstadt\ndatenschutz@example.org"));
	put_url(v, "link", "https://www.example.org/j/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	put_url(v, "unsubscribe", "https://www.example.org/j/u/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	view_cstr(v, "date", pick(lang, "21. November 2026, 14:05 Uhr", "21 November 2026, 14:05"));
	add_consent(v, lang, "ok", "open");
}

/* The signature line, longer than others, stands in letters as it is. */
static void fill_log(struct view *v, int lang)
{
	(void)lang;
	view_lines(v, "checkpoint", SLICE("www.example.org/j/log\n17\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="));
	view_int(v, "events", 17);
	view_cstr(v, "time", "21. November 2026, 15:05 Uhr");
}

static void fill_letter(struct view *v, int lang)
{
	fill_mail(v, lang);
	view_cstr(v, "subject_key", "mail.already.subject");
	view_cstr(v, "text_key", "mail.already.text");
}

/* ---- rendering */

static const struct sample {
	int line;
	const char *tpl, *name;
	void (*fill)(struct view *v, int lang);
	const char *must; /* what the page must hold; NULL: nothing special */
} SAMPLES[] = {
	{__LINE__, "part/form.html", "fragment", fill_signup, "<form class=\"jawort\""},
	{__LINE__, "part/form.html", "fragment_heading", fill_heading, "<h3>"},
	{__LINE__, "page/frame.html", "frame", fill_frame, "<script type=\"module\" src=\"https://www.example.org/j/jawort.js\">"},
	{__LINE__, "page/form.html", "form", fill_signup, "<label for=\"jw-ok\">"},
	{__LINE__, "page/form.html", "error", fill_error, "value=\"name@&quot;&gt;&lt;script&gt;\""},
	{__LINE__, "page/form.html", "many", fill_many, "value=\"events\""},
	{__LINE__, "page/changed.html", "changed", fill_signup, "role=\"alert\""},
	{__LINE__, "page/later.html", "later", fill_later, "role=\"alert\""},
	{__LINE__, "page/review.html", "review", fill_review, "name=\"email\" value=\"name@example.org\""},
	{__LINE__, "page/sent.html", "sent", fill_sent, "data-step=\"2\""},
	{__LINE__, "page/confirm.html", "confirm", fill_open, "value=\"deny\""},
	{__LINE__, "page/confirmed.html", "confirmed", fill_given, "data-state=\"given\""},
	{__LINE__, "page/already.html", "already", fill_given, "data-state=\"given\""},
	{__LINE__, "page/denied.html", "denied", fill_nothing, NULL},
	{__LINE__, "page/expired.html", "expired", fill_nothing, "value=\"renew\""},
	{__LINE__, "page/renewed.html", "renewed", fill_nothing, NULL},
	{__LINE__, "page/gone.html", "gone", fill_nothing, NULL},
	{__LINE__, "page/left.html", "left", fill_nothing, NULL},
	{__LINE__, "page/unsub.html", "unsub", fill_unsub, "value=\"withdraw\""},
	{__LINE__, "page/unsubbed.html", "unsubbed", fill_ended, "data-state=\"ended\""},
	{__LINE__, "page/unsub_pending.html", "unsub_pending", fill_nothing, NULL},
	{__LINE__, "page/my.html", "my", fill_my, "<label for=\"jw-email\">"},
	{__LINE__, "page/my.html", "my_bad", fill_my_bad, "value=\"name@&quot;&gt;&lt;script&gt;\""},
	{__LINE__, "page/my_sent.html", "my_sent", fill_my, NULL},
	{__LINE__, "page/my_data.html", "my_data", fill_my_data, "value=\"restrict\""},
	{__LINE__, "page/my_file.html", "my_file", fill_my_file, "&lt;i&gt;Ada"},
	{__LINE__, "page/my_erase.html", "my_erase", fill_my_erase, "value=\"erase\""},
	{__LINE__, "page/my_done.html", "my_done", fill_my_done, NULL},
	{__LINE__, "page/my_move.html", "my_move", fill_my_move, "value=\"moved\""},
	{__LINE__, "page/my_over.html", "my_over", fill_my_over, "/j/my"},
	{__LINE__, "page/error.html", "busy", fill_busy, NULL},
	{__LINE__, "page/bare.html", "bare", fill_bare, "abcdefghijklmnop"},
	{__LINE__, "page/notice.html", "notice", fill_notice, "id=\"objection\""},
	{__LINE__, "page/notice_frame.html", "notice_frame", fill_notice_frame, "<p>Heute</p>"},
	{__LINE__, "page/versions.html", "versions", fill_versions, "<small>"},
	{__LINE__, "page/version.html", "version", fill_version, "<p>Damals</p>"},
	{__LINE__, "page/difference.html", "difference", fill_difference, "<ins>7 &amp; &lt;Tage&gt;</ins>"},
	{__LINE__, "page/notice_fragment.html", "notice_fragment", fill_notice, "<div class=\"jawort\" lang="},
	{__LINE__, "mail/confirm.html", "mail_confirm", fill_mail, "bgcolor=\"#17604f\""},
	{__LINE__, "mail/confirm.txt", "mail_confirm", fill_mail, "\n    "},
	{__LINE__, "mail/letter.html", "mail_letter", fill_letter, NULL},
	{__LINE__, "mail/letter.txt", "mail_letter", fill_letter, NULL},
	{__LINE__, "mail/log.txt", "mail_log", fill_log, "\nwww.example.org/j/log\n"},
};

static void keep_page(const struct sample *s, int lang, const struct buf *out)
{
	char path[512];
	FILE *f;

	if (!outdir)
		return;
	snprintf(path, sizeof(path), "%s/%s.%s%s", outdir, s->name, FOLDERS[lang], strrchr(s->tpl, '.'));
	f = fopen(path, "wb");
	assert_non_null(f);
	fwrite(out->data, 1, out->len, f);
	fclose(f);
}

static void check_columns(const struct sample *s, struct slice text)
{
	struct slice line;

	while (slice_split(&text, '\n', &line)) {
		size_t columns = 0;

		for (size_t i = 0; i < line.len; i++)
			columns += ((unsigned char)line.ptr[i] & 0xc0) != 0x80;
		if (columns > MAIL_COLUMNS && !slice_starts(slice_trim(line), SLICE("https://")))
			fail_msg("row of line %d: %zu columns: %.*s", s->line, columns, SLICE_FMT(line));
	}
}

static void check_page(const struct sample *s, int lang, const struct buf *out)
{
	size_t limit = slice_starts(slice_from(s->tpl), SLICE("mail/")) ? MAIL_LIMIT_BYTES
	    : strcmp(s->tpl, "page/my_data.html") == 0 ? DATA_LIMIT_BYTES : PAGE_LIMIT_BYTES;
	const char *body = strstr(out->data, "</head>");

	if (out->len >= limit)
		fail_msg("row of line %d, %s: %zu bytes", s->line, FOLDERS[lang], out->len);
	if (s->must && !strstr(out->data, s->must))
		fail_msg("row of line %d, %s: lacks %s", s->line, FOLDERS[lang], s->must);
	if (strchr(body ? body : out->data, '{'))
		fail_msg("row of line %d, %s: a placeholder is left", s->line, FOLDERS[lang]);
	if (strstr(out->data, "<p></p>") || strstr(out->data, "<li></li>"))
		fail_msg("row of line %d, %s: an empty paragraph or item", s->line, FOLDERS[lang]);
	if (strstr(out->data, " checked"))
		fail_msg("row of line %d, %s: a box is ticked", s->line, FOLDERS[lang]);
	if (strcmp(strrchr(s->tpl, '.'), ".txt") == 0)
		check_columns(s, buf_slice(out));
}

static void render(const struct sample *s, int lang)
{
	struct arena a;
	struct view *v;
	struct buf out;
	struct errinfo ei;

	arena_init(&a, 1u << 20);
	v = view_new(&a);
	fill_base(v, lang, s->tpl);
	fill_words(v, lang);
	s->fill(v, lang);
	assert_true(view_ok(v));
	buf_init(&out, 1u << 20);
	if (tpl_render(all.set, s->tpl, all.words[lang], v, &out, &ei))
		fail_msg("row of line %d, %s: %s", s->line, FOLDERS[lang], ei.text);
	keep_page(s, lang, &out);
	check_page(s, lang, &out);
	buf_free(&out);
	arena_free(&a);
}

static void test_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++)
		for (int lang = 0; lang < LANGS; lang++)
			render(&SAMPLES[i], lang);
}

struct listed {
	size_t unlisted;
};

static void check_listed(const char *name, void *arg)
{
	struct listed *l = arg;

	if (name_part(name, "part/").len)
		return;
	for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++)
		if (strcmp(SAMPLES[i].tpl, name) == 0)
			return;
	fprintf(stderr, "%s is rendered by no sample\n", name);
	l->unlisted++;
}

static void test_every_template_is_rendered(void **state)
{
	struct listed l = {0};

	(void)state;
	tpl_set_each(all.set, check_listed, &l);
	assert_int_equal(l.unlisted, 0);
}

/* The sheet of a page holds what the page needs and not what it does not. */
static const struct {
	int line;
	const char *name, *rule;
	bool there;
} SHEETS[] = {
	{__LINE__, "css/page/form.css", ".jawort-tick", true},
	{__LINE__, "css/page/form.css", ".jawort-toc", false},
	{__LINE__, "css/page/form.css", "aria-invalid=true", true},
	{__LINE__, "css/page/confirm.css", "data-step=\"2\"", true},
	{__LINE__, "css/page/confirm.css", ".jawort-field", false},
	{__LINE__, "css/page/confirm.css", "--jawort-warn", false},
	{__LINE__, "css/page/confirmed.css", "data-state=given", true},
	{__LINE__, "css/page/confirmed.css", "@keyframes", true},
	{__LINE__, "css/page/unsub.css", "@keyframes", false},
	{__LINE__, "css/page/notice.css", ".jawort-toc", true},
	{__LINE__, "css/page/notice.css", "prefers-color-scheme:dark", true},
	{__LINE__, "css/page/notice.css", "/*", false},
};

static void test_sheets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(SHEETS) / sizeof(SHEETS[0]); i++) {
		const struct embedded_file *f = embed_find(SHEETS[i].name);

		if (!f)
			fail_msg("row of line %d: no such sheet", SHEETS[i].line);
		else if ((strstr((const char *)f->data, SHEETS[i].rule) != NULL) != SHEETS[i].there)
			fail_msg("row of line %d: %s", SHEETS[i].line, SHEETS[i].rule);
	}
	assert_null(embed_find("css/page/nothing.css"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_every_template_is_rendered),
		cmocka_unit_test(test_sheets),
	};

	outdir = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, set_load, set_free);
}
