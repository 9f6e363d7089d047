/* The notice: golden files, and properties that must hold for every configuration. */
#include "core/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "unit/core/notice_world.h"

#define HASH "9c41e07b52d81f3a9c41e07b52d81f3a9c41e07b52d81f3a9c41e07b52d81f3a"
static const struct notice_stamp STAMP = {.no = 7, .hash_hex = HASH, .valid_from_ms = 1795270509123};

typedef enum err render_fn(const struct site *, struct arena *, const char *, const struct notice_stamp *,
    struct buf *, struct errinfo *);

static enum err body_as_render(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp, struct buf *out, struct errinfo *ei)
{
	(void)stamp;
	return notice_body(s, a, lang, out, ei);
}

static struct slice render(render_fn *fn, const struct site *s, const char *lang,
    const struct notice_stamp *stamp)
{
	struct errinfo ei = {0};
	struct buf b;

	buf_init_arena(&b, &world.arena, NOTICE_MAX_BYTES);
	if (fn(s, &world.arena, lang, stamp, &b, &ei))
		fail_msg("%s", ei.text);
	return buf_slice(&b);
}

static bool has(struct slice text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

/* ---- golden files */

static void golden(const char *name, struct slice got)
{
	struct errinfo ei = {0};
	char path[128];
	struct buf want;

	snprintf(path, sizeof(path), "tests/golden/notice/%s", name);
	if (getenv("UPDATE_GOLDEN")) {
		if (file_write(path, got, 0644, &ei))
			fail_msg("%s", ei.text);
		return;
	}
	buf_init(&want, 1u << 20);
	if (file_read(&want, path, &ei))
		fail_msg("%s (UPDATE_GOLDEN=1 writes it)", ei.text);
	if (!slice_eq(buf_slice(&want), got)) {
		size_t at = 0;
		while (at < got.len && at < want.len && got.ptr[at] == want.data[at])
			at++;
		fail_msg("%s differs at byte %zu; got \"%.*s\"", path, at,
		    (int)(got.len - at > 200 ? 200 : got.len - at),
		    got.ptr + at);
	}
	buf_free(&want);
}

static const struct {
	int line;
	const char *id, *lang, *name;
	enum conf_address address;
} GOLDEN[] = {
	{__LINE__, "club", "de", "de", CONF_SIE},
	{__LINE__, "club", "en", "en", CONF_SIE},
	{__LINE__, "club", "de", "de-du", CONF_DU},
	{__LINE__, "firm", "de", "de", CONF_SIE},
	{__LINE__, "firm", "en", "en", CONF_SIE},
	{__LINE__, "firm", "de", "de-du", CONF_DU},
	{__LINE__, "world", "de", "de", CONF_SIE},
	{__LINE__, "world", "en", "en", CONF_SIE},
	{__LINE__, "world", "de", "de-du", CONF_DU},
	{__LINE__, "site", "de", "de", CONF_SIE},
	{__LINE__, "site", "en", "en", CONF_SIE},
	{__LINE__, "site", "de", "de-du", CONF_DU},
	{__LINE__, "portal", "de", "de", CONF_SIE},
	{__LINE__, "portal", "en", "en", CONF_SIE},
	{__LINE__, "portal", "de", "de-du", CONF_DU},
};
#define GOLDEN_COUNT (sizeof(GOLDEN) / sizeof(GOLDEN[0]))

static void test_golden(void **state)
{
	static const struct {
		render_fn *fn;
		const char *ending;
	} forms[] = {{body_as_render, "html"}, {notice_text, "txt"}, {notice_markdown, "md"}, {notice_json, "json"}};

	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct conf_site c = world_copy(GOLDEN[i].id);
		struct site *s;
		char name[64];
		c.address = GOLDEN[i].address;
		s = world_site(&c);
		for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
			snprintf(name, sizeof(name), "%s.%s.%s", GOLDEN[i].id, GOLDEN[i].name, forms[k].ending);
			golden(name, render(forms[k].fn, s, GOLDEN[i].lang, &STAMP));
			arena_reset(&world.arena);
		}
		site_free(s);
	}
}

/* ---- what must hold for every one of them */

/* The text of a form of the notice must (or must not) hold something. */
static const struct {
	int line;
	const char *id, *lang;
	render_fn *fn;
	const char *what;
	bool there;
} HOLDS[] = {
	/* the box stands before the first section and outside of it (Art. 21(4)) */
	{__LINE__, "club", "de", body_as_render, "id=\"objection\"", true},
	{__LINE__, "club", "de", body_as_render, "<li>Prüfung der Adresse</li>", true},
	{__LINE__, "club", "de", body_as_render, "<li>Keine Cookies</li>", false},
	{__LINE__, "club", "de", body_as_render, "<li>Aufruf der Website</li>", true},
	/* where people see and change data themselves */
	{__LINE__, "club", "de", notice_text, "* auf https://www.verein.example.org/j/my?lang=de,", true},
	{__LINE__, "club", "de", notice_text, "Am schnellsten geht es auf https://www.verein.example.org/j/my", true},
	{__LINE__, "firm", "en", notice_text, "The fastest way is https://", true},
	{__LINE__, "club", "de", notice_text, "oder mit einer Nachricht an", false},
	/* where the data are */
	{__LINE__, "club", "de", notice_text, "Die Daten liegen nur bei uns.", true},
	{__LINE__, "club", "de", notice_text, "Niemand außer uns.", true},
	{__LINE__, "club", "de", notice_text, "bleiben im Europäischen Wirtschaftsraum", true},
	{__LINE__, "firm", "de", notice_json, "Die Daten liegen bei Mailjet SAS und Musterhost GmbH; "
	    "Zugriffe aus den USA sind möglich", true},
	{__LINE__, "firm", "de", notice_text, "Die Daten bleiben", false},
	{__LINE__, "firm", "de", notice_json, "(Art. 46 Abs. 2 Buchst. c DSGVO, Beschluss (EU) 2021/914, Modul 2)", true},
	{__LINE__, "firm", "de", notice_json, "Zum Konzern gehören aber Firmen in den USA.", true},
	{__LINE__, "firm", "en", notice_json, "companies in the USA.", true},
	{__LINE__, "firm", "de", notice_json, "Eine Kopie der Klauseln", true},
	{__LINE__, "club", "de", notice_json, "Eine Kopie der Klauseln", false},
	{__LINE__, "world", "de", notice_json, "Die Daten liegen bei uns, Example Cloud, Inc.", true},
	{__LINE__, "world", "de", notice_json, "Example Cloud, Inc., Schweiz.", true},
	{__LINE__, "world", "de", notice_json, "Beschluss 2000/518/EG", true},
	{__LINE__, "world", "en", notice_json, "Decision 2000/518/EC", true},
	{__LINE__, "world", "de", notice_json, "Example Cloud, Inc. stand am 1. November 2026 auf der Liste",
	    true},
	{__LINE__, "world", "de", notice_json, "Example Cloud, Inc., Indien.", true},
	{__LINE__, "world", "de", notice_json, "Modul 2 und 3", true},
	{__LINE__, "world", "de", notice_json, "Daten in dem Vereinigten Königreich gut genug", true},
	{__LINE__, "world", "de", notice_json, "Was die Daten dort schützt, ist noch offen.", true},
	{__LINE__, "world", "de", notice_json, "Wir selbst sitzen in der Schweiz.", true},
	/* authority by Land, or only "any" where nobody is known */
	{__LINE__, "club", "de", notice_text, "Berliner Beauftragte", true},
	{__LINE__, "firm", "de", notice_text, "Bayerisches Landesamt", true},
	{__LINE__, "world", "de", notice_text, "Für uns ist diese Behörde", false},
	{__LINE__, "world", "de", notice_text, "Feldeggweg 1", true},
	{__LINE__, "world", "en", notice_text, "ico.org.uk", true},
	{__LINE__, "club", "de", notice_text, "Feldeggweg", false},
	/* the proof and the address of the network (L47) */
	{__LINE__, "club", "de", notice_json, "Die IP-Adresse gehört nicht dazu.", true},
	{__LINE__, "club", "de", notice_json, "IP-Adresse im Nachweis", false},
	{__LINE__, "firm", "de", notice_json, "Gekürzte IP-Adresse im Nachweis: 30 Tage", true},
	{__LINE__, "world", "de", notice_json, "Volle IP-Adresse im Nachweis: 30 Tage", true},
	/* periods (L18) */
	{__LINE__, "club", "de", notice_json, "Anfrage ohne Bestätigung: 7 Tage", true},
	{__LINE__, "club", "de", notice_json, "Dezember des dritten Jahres", true},
	{__LINE__, "club", "de", notice_json, "§§ 195, 199 BGB", true},
	{__LINE__, "world", "de", notice_json, "BGB", false},
	{__LINE__, "world", "de", notice_json, "400 Tage lang, nachdem", true},
	{__LINE__, "club", "de", notice_json, "Sicherungen: 30 Tage", true},
	{__LINE__, "club", "de", notice_json, "Protokolle der Server: 7 Tage", true},
	{__LINE__, "firm", "de", notice_json, "Protokolle bei Mailjet SAS: 90 Tage (Angabe aus dem Vertrag)",
	    true},
	{__LINE__, "club", "de", notice_json, "Das war ich nicht“: 30 Tage", true},
	{__LINE__, "club", "de", notice_json, "Zähler gegen Missbrauch: höchstens 2 Tage", true},
	{__LINE__, "club", "de", notice_json, "nach dem Versand: 30 Tage", true},
	{__LINE__, "club", "de", notice_json, "ohne Angaben über Personen: 3 Jahre", true},
	{__LINE__, "club", "de", notice_json, "nach höchstens 2 Tagen", true},
	/* fields */
	{__LINE__, "club", "de", notice_json, "Vorname (freiwillig)", true},
	{__LINE__, "world", "de", notice_json, "Nachname (nötig), Vorname (freiwillig)", true},
	{__LINE__, "world", "de", notice_json, "Ohne E-Mail-Adresse und Nachname können wir", true},
	{__LINE__, "firm", "de", notice_json, "Mail-Adresse, Vorname, Firma oder Verein, Inhalt und Zustellung",
	    true},
	{__LINE__, "firm", "de", notice_json, "ob sie ankam", true},
	{__LINE__, "club", "de", notice_json, "Vom Versanddienst", false},
	/* server */
	{__LINE__, "club", "de", notice_json, "Den Server für unsere Seiten betreiben wir selbst", true},
	{__LINE__, "firm", "de", notice_json, "Das Formular auf abo.firma.example.org betreibt Musterhost GmbH",
	    true},
	{__LINE__, "firm", "de", notice_json, "Aufruf der Website", false},
	{__LINE__, "world", "de", notice_json, "Das Formular auf", false},
	{__LINE__, "world", "de", notice_json, "Den Server für das Formular auf www.welt.example.org", true},
	/* other rows */
	{__LINE__, "world", "de", notice_json, "Das Thema sagt etwas aus über: den Glauben.", true},
	{__LINE__, "world", "de", notice_json, "Wir haben vereinbart: Wir führen die Liste, die Partnerstiftung "
	    "schreibt. Anfragen", true},
	{__LINE__, "world", "de", notice_json, "Gesetz über den Kirchlichen Datenschutz", true},
	{__LINE__, "world", "de", notice_text, "Vertretung Beispiel\nGasse 1\nÖsterreich\neu@", false},
	{__LINE__, "world", "de", notice_text, "Vertretung Beispiel\nGasse 1\n1010 Wien\nÖsterreich\neu@", true},
	{__LINE__, "club", "de", notice_json, "§ 7 Abs. 2 Nr. 2 UWG", true},
	{__LINE__, "world", "de", notice_json, "UWG", false},
	{__LINE__, "club", "de", notice_json, "\"row\":\"N24\",\"articles\":\"13(2)(c); 7(3)\"", true},
	{__LINE__, "firm", "de", notice_json, "\"id\":\"purpose-tips\",\"title\":\"Newsletter „Werktipps“\"",
	    true},
	{__LINE__, "firm", "de", notice_json, "\"title\":\"Versand der Mails: Mailjet SAS\"", true},
	{__LINE__, "club", "de", notice_json, "\"version\":7,\"hash\":\"9c41", true},
	{__LINE__, "club", "de", notice_text, "Nummer: 7", true},
	{__LINE__, "club", "de", notice_page, "Prüfsumme: 9c41", true},
	{__LINE__, "club", "de", body_as_render, "9c41", false},
	{__LINE__, "club", "de", body_as_render, "Rechtliche Angaben vom 21.\xc2\xa0Juli 2026", true},
	{__LINE__, "club", "de", notice_page, "<!doctype html>", true},
	{__LINE__, "club", "de", notice_page, "hreflang=\"en\"", true},
};

/*
 * Minimal pairs of the rows about the website: one key changed, one sentence comes or goes. before
 * and after are taken from site or portal.
 */
static void no_host(struct conf_site *c) { c->website.host = ""; }
static void host_kept(struct conf_site *c) { c->website.logs = (struct conf_duration){.seconds = 1, .n = 9, .unit = 'd'}; }
static void host_own(struct conf_site *c) { c->website.host = "self"; }
static void no_logs(struct conf_site *c) { c->website.logs.n = 0; }
static void no_files(struct conf_site *c) { c->website.files = ""; }
static void no_cdn(struct conf_site *c) { c->website.cdn.n = 0; }
static void one_cdn(struct conf_site *c) { c->website.cdn.n = 1; }
static void no_device(struct conf_site *c) { c->website.device = ""; }
static void no_storage(struct conf_site *c) { c->website.nstorage = 0; }
static void mail_only(struct conf_site *c) { c->website.contact.by.n = 1; }
static void no_contact(struct conf_site *c) { c->website.contact.by.n = 0; }
static void no_inbox(struct conf_site *c) { c->website.contact.processor = ""; }
static void no_stats(struct conf_site *c) { c->website.statistics_kind = CONF_UNSET; }
static void no_cookies(struct conf_site *c) { c->website.statistics.cookies.n = 0; }
static void own_counter(struct conf_site *c) { c->website.statistics.processor = ""; }
static void no_address(struct conf_site *c) { c->website.statistics.ip = "none"; }
static void no_embeds(struct conf_site *c) { c->website.nembeds = 0; }
static void no_links(struct conf_site *c) { c->website.links.n = 0; }
static void no_profiles(struct conf_site *c) { c->website.nprofiles = 0; }
static void no_texts(struct conf_site *c) { c->website.ntexts = 0; }
static void no_website(struct conf_site *c) { c->website.set = false; }
static void no_firms(struct conf_site *c)
{
	c->nprocessors = 0;
	c->website.host = c->website.statistics.processor = c->website.contact.processor = "";
	c->website.cdn.n = 0;
}

static void by_smtp(struct conf_site *c)
{
	static const char *const route[] = {"smtp"};

	c->mail.route = (struct conf_list){route, 1};
}

static const struct {
	int line;
	const char *id;
	void (*change)(struct conf_site *c);
	const char *what; /* JSON text in German: there before, gone after */
	const char *instead; /* the other way round, or NULL */
} PAIRS[] = {
	{__LINE__, "site", no_website, "Für die Website", NULL},
	{__LINE__, "site", no_website, "Was wir von Besuchen der Website wissen", NULL},
	{__LINE__, "site", no_host, "Example Pages, Inc. betreibt den Server", "Den Server für das Formular"},
	{__LINE__, "site", no_host, "Server für die Website: Example Pages", "Dienst für uns: Example Pages"},
	{__LINE__, "site", host_kept, "legt die Firma fest", "Das löscht die Firma nach 9 Tagen"},
	{__LINE__, "site", host_own, "Example Pages, Inc. betreibt den Server", "Den Server für unsere Website betreiben"},
	{__LINE__, "portal", no_logs, "Das löschen wir nach 14 Tagen", "Auch das löschen wir nach 7 Tagen"},
	{__LINE__, "portal", no_logs, "Protokolle des Servers der Website: 14 Tage", NULL},
	{__LINE__, "site", no_files, "Teil unserer eigenen Website", NULL},
	{__LINE__, "portal", no_cdn, "Beispielnetz d.o.o. liefert uns: Schriften, Stile", NULL},
	{__LINE__, "portal", no_cdn, "Sie löscht das nach 3 Tagen", NULL},
	{__LINE__, "portal", no_cdn, "schnell und sicher lädt", NULL},
	{__LINE__, "portal", one_cdn, "Schriftenhaus Beispiel GmbH liefert uns: Schriften.", NULL},
	{__LINE__, "portal", one_cdn, "Mehr dazu: https://schrift.example.com/datenschutz", NULL},
	{__LINE__, "site", no_device, "Auch die übrige Website speichert nichts", NULL},
	{__LINE__, "portal", no_storage, "_pk_id: Besuche wiedererkennen; 13 Monate; Ihr Ja", NULL},
	{__LINE__, "portal", no_storage, "inhalte: Ihr Ja zu Karten merken; 1 Jahr; nötig", NULL},
	{__LINE__, "portal", no_storage, "unbedingt nötig ist", NULL},
	{__LINE__, "site", mail_only, "Telefon: Wir sehen Ihre Nummer", NULL},
	{__LINE__, "site", no_contact, "Mail: Wir bekommen Ihre Adresse", NULL},
	{__LINE__, "site", no_contact, "Nachrichten an uns: 180 Tage, nachdem", NULL},
	{__LINE__, "portal", no_contact, "Formular: Wir bekommen, was Sie eintragen", NULL},
	{__LINE__, "portal", no_contact, "Art. 6 Abs. 1 Buchst. b DSGVO", NULL},
	{__LINE__, "portal", no_inbox, "Das Formular nimmt Formulardienst Beispiel GmbH", NULL},
	{__LINE__, "site", no_stats, "Wir zählen Ihre Besuche nicht", NULL},
	{__LINE__, "portal", no_stats, "zählt das Programm Matomo Ihren Besuch", NULL},
	{__LINE__, "portal", no_stats, "einzelnen Besuchen der Website: 90 Tage", NULL},
	{__LINE__, "portal", no_cookies, "diese Cookies: _pk_id.", "Sie können widersprechen: über"},
	{__LINE__, "portal", own_counter, "Zählwerk Beispiel GmbH. Es sieht", "auf unserem eigenen Server"},
	{__LINE__, "portal", no_address, "Die IP-Adresse kürzt es", "Die IP-Adresse speichert es nicht"},
	{__LINE__, "site", no_embeds, "Mit dem Klick erfährt Example Video Ltd", NULL},
	{__LINE__, "site", no_embeds, "Ihr Ja gilt nur, bis", NULL},
	{__LINE__, "site", no_embeds, "Example Video Ltd, Irland. Die Firma sitzt dort", NULL},
	{__LINE__, "portal", no_embeds, "Karten Beispiel AG, Schweiz. Zweck: Inhalte nach einem Klick",
	    "Die Daten bleiben im Europäischen Wirtschaftsraum. Das sind"},
	{__LINE__, "portal", no_embeds, "Ihr Ja merkt sich Ihr Browser", NULL},
	{__LINE__, "site", no_links, "Mastodon und Instagram sind einfache Links", NULL},
	{__LINE__, "portal", no_profiles, "Für unsere Seite dort sind wir und Example Social Ltd", NULL},
	{__LINE__, "portal", no_embeds, "fremde Inhalte, bekommt auch Daten: Karten Beispiel AG", NULL},
	{__LINE__, "portal", no_firms, "Diese Firmen arbeiten", "Ihre Angaben zum Newsletter bekommt niemand"},
	{__LINE__, "site", no_texts, "Diesen Abschnitt hat Kegelklub Beispiel e. V. selbst", NULL},
	{__LINE__, "site", no_texts, "Bei Turnieren fotografieren wir", NULL},
	{__LINE__, "site", by_smtp, "Adressen, die noch niemand bestätigt hat", NULL},
};

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(PAIRS) / sizeof(PAIRS[0]); i++) {
		struct conf_site c = world_copy(PAIRS[i].id);
		struct site *s = world_site(&c);
		bool text = strncmp(PAIRS[i].what, "Für die", 7) == 0;
		render_fn *fn = text ? notice_text : notice_json;
		const char *instead = PAIRS[i].instead;
		if (!has(render(fn, s, "de", NULL), PAIRS[i].what))
			fail_msg("row of line %d: \"%s\" is missing", PAIRS[i].line, PAIRS[i].what);
		if (instead && has(render(fn, s, "de", NULL), instead) && PAIRS[i].change != no_host)
			fail_msg("row of line %d: \"%s\" is there before", PAIRS[i].line, instead);
		PAIRS[i].change(&c);
		if (has(render(fn, s, "de", NULL), PAIRS[i].what))
			fail_msg("row of line %d: \"%s\" is still there", PAIRS[i].line, PAIRS[i].what);
		if (instead && !has(render(fn, s, "de", NULL), instead))
			fail_msg("row of line %d: \"%s\" is missing", PAIRS[i].line, instead);
		arena_reset(&world.arena);
		site_free(s);
	}
}

/* Data of subscribers do not reach firms that serve the website only, and the summary does not say so. */
static void test_summary_is_about_subscribers(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "site"));
	struct site *p = world_site(conf_site_by_id(world.conf, "portal"));

	(void)state;
	assert_true(has(render(notice_json, s, "de", NULL), "Die Daten liegen bei uns und Mailjet SAS; Zugriffe aus den USA"));
	assert_true(has(render(notice_json, p, "de", NULL), "Die Daten liegen nur bei uns."));
	arena_reset(&world.arena);
	site_free(s);
	site_free(p);
}

/* Words of the owner are text, whatever they look like. */
static void test_slot_is_text(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "site"));

	(void)state;
	assert_true(has(render(body_as_render, s, "de", NULL), "sagt es &lt;b&gt;vorher&lt;/b&gt;."));
	assert_false(has(render(body_as_render, s, "de", NULL), "<b>vorher"));
	arena_reset(&world.arena);
	site_free(s);
}

/* A service on a click is measured like a firm: no way out of the EEA without a safeguard. */
static void test_live_refuses_embed_without_safeguard(void **state)
{
	struct conf_site c = world_copy("portal");
	struct conf_embed e = c.website.embeds[0];
	struct errinfo ei = {0};
	struct site *s;
	struct buf b;

	(void)state;
	e.firm.transfer.mechanism.n = 0;
	c.website.embeds = &e;
	s = world_site(&c);
	buf_init_arena(&b, &world.arena, NOTICE_MAX_BYTES);
	assert_int_equal(notice_body(s, &world.arena, "de", &b, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "website.embeds.karte.transfer.mechanism"));
	arena_reset(&world.arena);
	site_free(s);
}

static void test_holds(void **state)
{
	struct site *s = NULL;
	const char *id = "";

	(void)state;
	for (size_t i = 0; i < sizeof(HOLDS) / sizeof(HOLDS[0]); i++) {
		if (strcmp(id, HOLDS[i].id) != 0) {
			site_free(s);
			s = world_site(conf_site_by_id(world.conf, HOLDS[i].id));
			id = HOLDS[i].id;
		}
		if (has(render(HOLDS[i].fn, s, HOLDS[i].lang, &STAMP), HOLDS[i].what) != HOLDS[i].there)
			fail_msg("row of line %d: \"%s\" is %s", HOLDS[i].line, HOLDS[i].what,
			    HOLDS[i].there ? "missing" : "there");
		arena_reset(&world.arena);
	}
	site_free(s);
}

static void test_same_bytes_twice_and_at_another_time(void **state)
{
	struct site *a = world_site(conf_site_by_id(world.conf, "world"));
	struct site *b = world_site(conf_site_by_id(world.conf, "world"));
	struct slice first = render(body_as_render, a, "de", NULL);

	(void)state;
	clock_set_ms(4102444800000);
	assert_true(slice_eq(first, render(body_as_render, b, "de", NULL)));
	clock_set_ms(-1);
	assert_false(slice_eq(first, render(body_as_render, a, "en", NULL)));
	arena_reset(&world.arena);
	site_free(a);
	site_free(b);
}

/* One firm, all of it in the EEA. */
static void test_one_firm_in_the_union(void **state)
{
	struct conf_site c = world_copy("firm");
	struct site *s;
	struct slice text;

	(void)state;
	c.nprocessors = 0;
	s = world_site(&c);
	text = render(notice_json, s, "de", NULL);
	assert_true(has(text,
	    "Die Daten liegen bei Musterhost GmbH und bleiben im Europäischen Wirtschaftsraum."));
	assert_true(has(text, "Diese Firma arbeitet in unserem Auftrag."));
	assert_false(has(text, "Diese Firmen"));
	assert_false(has(text, "Niemand außer uns"));
	assert_false(has(text, "USA"));
	assert_false(has(text, "Vom Versanddienst"));
	arena_reset(&world.arena);
	site_free(s);
}

/* What is hashed stands in the page, byte for byte, but for the wrapper. */
static void test_page_holds_body(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "firm"));
	struct slice body = render(body_as_render, s, "de", NULL), page = render(notice_page, s, "de", &STAMP);
	size_t from = slice_find(body, '\n', 0) + 1;
	struct slice inner = slice_sub(body, from, body.len - from - strlen("</div>\n"));

	(void)state;
	assert_true(inner.len > 10000);
	assert_non_null(memmem(page.ptr, page.len, inner.ptr, inner.len));
	arena_reset(&world.arena);
	site_free(s);
}


static void test_text_fits_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct site *s = world_site(conf_site_by_id(world.conf, GOLDEN[i].id));
		struct slice rest = render(notice_text, s, GOLDEN[i].lang, &STAMP), one;
		while (slice_split(&rest, '\n', &one)) {
			size_t n = 0;
			for (size_t k = 0; k < one.len; k++)
				n += ((unsigned char)one.ptr[k] & 0xc0) != 0x80;
			/* A line of one word (a link, a checksum) cannot be broken. */
			if (n > 72 && slice_find(slice_trim(one), ' ', 3) < one.len && !has(one, HASH) && !has(one,
			    "://"))
				fail_msg("%s %s: %.*s", GOLDEN[i].id, GOLDEN[i].lang, SLICE_FMT(one));
		}
		arena_reset(&world.arena);
		site_free(s);
	}
}

/* Without a stamp there is no version block in any form. */
static void test_without_stamp(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "club"));

	(void)state;
	assert_false(has(render(notice_text, s, "de", NULL), "Fassung"));
	assert_false(has(render(notice_markdown, s, "de", NULL), "## Fassung"));
	assert_false(has(render(notice_json, s, "de", NULL), "\"version\""));
	assert_false(has(render(notice_page, s, "de", NULL), "id=\"version\""));
	arena_reset(&world.arena);
	site_free(s);
}

/* A live site must not say "still open" (Art. 44): it gets no notice. */
static void test_live_refuses_transfer_without_safeguard(void **state)
{
	struct conf_site c = world_copy("world");
	struct errinfo ei = {0};
	struct site *s;
	struct buf b;

	(void)state;
	c.mode = CONF_LIVE;
	s = world_site(&c);
	buf_init_arena(&b, &world.arena, NOTICE_MAX_BYTES);
	assert_int_equal(notice_body(s, &world.arena, "de", &b, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "processors.open.transfer.mechanism"));
	assert_non_null(strstr(ei.text, "SG"));
	arena_reset(&world.arena);
	site_free(s);
}

/* Every block has a name of its own, the same in both languages; every element of Art. 13 has a place. */
static void test_names_and_articles(void **state)
{
	static const char *const elements[] = {"1a", "1c", "1d", "1e", "1f", "2a", "2b", "2c", "2d", "2e", "2f", "3"};

	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct site *s = world_site(conf_site_by_id(world.conf, GOLDEN[i].id));
		struct slice rest = render(notice_json, s, GOLDEN[i].lang, &STAMP);
		struct slice art13 = rest;
		const char *at;
		char want[16];
		while ((at = memmem(rest.ptr, rest.len, "{\"id\":\"", 7)) != NULL) {
			struct slice id;
			rest = slice_sub(rest, (size_t)(at - rest.ptr) + 7, rest.len);
			id = slice_sub(rest, 0, slice_find(rest, '"', 0) + 8);
			if (slice_ends(id, SLICE("\"title\"")) || !slice_ends(id, SLICE("\",\"row\":")))
				continue;
			id = slice_sub(id, 0, slice_find(id, '"', 0));
			for (const char *again = rest.ptr; (again = memmem(again, (size_t)(rest.ptr + rest.len - again),
			    id.ptr, id.len + 7)) != NULL; again++)
				if (again != rest.ptr)
					fail_msg("%s: two blocks are called %.*s", GOLDEN[i].id, SLICE_FMT(id));
		}
		for (size_t e = 0; e < sizeof(elements) / sizeof(elements[0]); e++) {
			snprintf(want, sizeof(want), "\"%s\":[\"", elements[e]);
			if (!has(art13, want))
				fail_msg("%s: Art. 13 %s is nowhere", GOLDEN[i].id, elements[e]);
		}
		assert_int_equal(has(art13, "\"1b\":["), strcmp(GOLDEN[i].id, "firm") == 0);
		arena_reset(&world.arena);
		site_free(s);
	}
}

static void test_little_memory(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "world"));
	struct errinfo ei = {0};
	struct arena small;
	struct buf b;

	(void)state;
	for (size_t max = 1024; max < 200 * 1024; max += 8 * 1024) {
		enum err rc;
		arena_init(&small, max);
		buf_init_arena(&b, &small, NOTICE_MAX_BYTES);
		rc = notice_json(s, &small, "de", &STAMP, &b, &ei);
		if (rc == OK)
			assert_true(arena_ok(&small) && buf_ok(&b));
		arena_free(&small);
	}
	/* one request's memory is enough */
	arena_init(&small, ARENA_REQUEST_MAX_BYTES);
	buf_init_arena(&b, &small, NOTICE_MAX_BYTES);
	assert_int_equal(notice_json(s, &small, "de", &STAMP, &b, &ei), OK);
	arena_free(&small);
	arena_init(&small, ARENA_REQUEST_MAX_BYTES);
	buf_init_arena(&b, &small, NOTICE_MAX_BYTES);
	assert_int_equal(notice_markdown(s, &small, "de", &STAMP, &b, &ei), OK);
	arena_free(&small);
	site_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_summary_is_about_subscribers),
		cmocka_unit_test(test_slot_is_text),
		cmocka_unit_test(test_live_refuses_embed_without_safeguard),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_same_bytes_twice_and_at_another_time),
		cmocka_unit_test(test_one_firm_in_the_union),
		cmocka_unit_test(test_page_holds_body),
		cmocka_unit_test(test_text_fits_columns),
		cmocka_unit_test(test_without_stamp),
		cmocka_unit_test(test_live_refuses_transfer_without_safeguard),
		cmocka_unit_test(test_names_and_articles),
		cmocka_unit_test(test_little_memory),
	};

	return cmocka_run_group_tests(tests, world_up, world_down);
}
