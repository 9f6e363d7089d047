/*
 * The pages behind a link to one's own data: what they show in which state, each act and the page after it, links
 * that have run out, mail scanners, and who is asked for what.
 */
#include "lib/web.h"

#include "core/rights.h"
#include "core/token.h"
#include "store/suppression.h"

#define ADA "ada@example.org"

/* Asks for the link as people do, and gives "/my/TOKEN" of the mail. */
static char *link_of(struct web *t, const char *address)
{
	char body[200];
	struct world_mail m;
	struct slice url;

	snprintf(body, sizeof(body), "email=%s", address);
	world_wait(&t->w, 3 * MINUTE_MS);
	assert_int_equal(web_post(t, "/j/my?lang=de", body), 303);
	web_settle(t);
	m = world_last_mail(&t->w);
	assert_int_equal(m.kind, OUTBOX_LINK);
	url = m.slots.value[MESSAGE_LINK];
	return arena_str(&t->w.arena, slice_sub(url, strlen("https://www.verein.test"), url.len));
}

/* On the list for both purposes, with a name. */
static char *ada(struct web *t)
{
	char body[256];

	snprintf(body, sizeof(body), "email=" ADA "&p=news&p=events&last_name=Lovelace&v=%s&page=https%%3A%%2F%%2Fwww.verein.test%%2Ffoot",
	    world_consent(&t->w, "both", "de")->v);
	assert_int_equal(web_post(t, "/j/s/both", body), 303);
	web_settle(t);
	web_press(t, "/c/", world_last_mail(&t->w).confirm, "action=confirm");
	return link_of(t, ADA);
}

static void expect(struct web *t, int row, unsigned got, unsigned status, const char *title)
{
	char want[200];

	snprintf(want, sizeof(want), "<h1>%s</h1>", title);
	if (got != status || !strstr(t->body, want))
		fail_msg("row %d: %u, expected %u with %s\n%s", row, got, status, title, strstr(t->body, "<main>"));
	web_sound(t);
	assert_string_equal(web_header(t, "Cache-Control"), "no-store");
	assert_string_equal(web_header(t, "Referrer-Policy"), "no-referrer");
	assert_non_null(strstr(web_header(t, "X-Robots-Tag"), "noindex"));
	assert_non_null(strstr(web_header(t, "Content-Security-Policy"), "frame-ancestors 'none'"));
	assert_null(strstr(t->body, "{{"));
	assert_null(strstr(t->body, "<script"));
}

/* The act is confirmed by a mail to the person, or after an erasure to the address that was theirs. */
static void confirmed_by(struct web *t, enum outbox_kind kind)
{
	struct world_mail m = world_last_mail(&t->w);

	if (m.kind != kind)
		fail_msg("mail %s, not %s", outbox_kind_name(m.kind), outbox_kind_name(kind));
	assert_slice(m.slots.value[MESSAGE_TO], ADA);
	assert_int_equal(m.person_id == 0, kind == OUTBOX_ERASED);
}

#define EXPECT(got, status, title) expect(t, __LINE__, got, status, title)

static void has(struct web *t, const char *text)
{
	if (!web_has(t, text))
		fail_msg("\"%s\" is not in\n%s", text, strstr(t->body, "<main>"));
}

static void test_data(void **state)
{
	struct web *t = *state;
	char *url = ada(t), en[200];

	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "<strong>" ADA "</strong>");
	has(t, "Lovelace");
	has(t, "Nachname");
	has(t, "Termine &amp; Berichte mit 3 &gt; 2 Gängen");
	has(t, "data-state=\"given\"");
	has(t, "<button class=\"jawort-second\" type=\"submit\" name=\"p\" value=\"news\">");
	has(t, "Alles abbestellen");
	has(t, "192.0.2.0");
	has(t, "https://www.verein.test/foot");
	has(t, "Formular gesendet");
	has(t, "Bestätigt");
	has(t, "Mail: Link zu den Daten");
	has(t, "Deutsch");
	has(t, "3\xc2\xa0Jahre nach dem Jahr, in dem das Letzte endet");
	has(t, "value=\"restrict\"");
	has(t, "erase=1");
	has(t, "daten@verein.test");
	snprintf(en, sizeof(en), "%s?lang=en", url);
	EXPECT(web_get(t, en), 200, "My data");
	has(t, "Unsubscribe from everything");
	has(t, "Last name");
	has(t, "Form sent");
}

/* Scanners open links, some of them with every method but POST: nothing happens, and nobody is told apart. */
static void test_scanner(void **state)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
	struct web *t = *state;
	char *url = ada(t), erase[300];
	struct world_event v[16];
	size_t mails = world_mail_count(&t->w), events;
	int64_t id;

	world_state(&t->w, ADA, &id);
	events = world_events(&t->w, id, 0, v, 16);
	snprintf(erase, sizeof(erase), "%s?erase=1&action=erase&never=1&p=news", url);
	for (size_t i = 0; i < 3; i++) {
		web_ask(t, methods[i], url, NULL, "HTTP_SEC_PURPOSE", "prefetch", (char *)NULL);
		web_ask(t, methods[i], erase, NULL, (char *)NULL);
	}
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE);
	assert_int_equal(world_mail_count(&t->w), mails);
	assert_int_equal(world_events(&t->w, id, 0, v, 16), events);
	EXPECT(web_get(t, url), 200, "Meine Daten"); /* the link is not used up */
}

static void test_withdraw(void **state)
{
	struct web *t = *state;
	char *url = ada(t);
	int64_t id;

	world_state(&t->w, ADA, &id);
	EXPECT(web_post(t, url, "action=withdraw&p=events"), 200, "Abbestellt");
	confirmed_by(t, OUTBOX_GOODBYE);
	has(t, "Zurück zu meinen Daten");
	assert_int_equal(world_purpose(&t->w, id, "events"), PURPOSE_ENDED);
	assert_int_equal(world_purpose(&t->w, id, "news"), PURPOSE_ACTIVE);
	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "data-state=\"ended\"");
	assert_false(web_has(t, "Alles abbestellen"));
	EXPECT(web_post(t, url, "action=withdraw&p=events"), 200, "Abbestellt"); /* once more: the same page */
	EXPECT(web_post(t, url, "action=withdraw"), 200, "Abbestellt");
	assert_int_equal(world_purpose(&t->w, id, "news"), PURPOSE_ENDED);
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_UNSUBSCRIBED);
}

static void test_restrict(void **state)
{
	struct web *t = *state;
	char *url = ada(t);

	EXPECT(web_post(t, url, "action=restrict"), 200, "Gesperrt");
	confirmed_by(t, OUTBOX_RESTRICTED);
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_RESTRICTED);
	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "Ihre Daten sind gesperrt.");
	has(t, "value=\"release\"");
	has(t, "nicht, solange die Sperre gilt");
	assert_false(web_has(t, "value=\"restrict\""));
	EXPECT(web_post(t, url, "action=release"), 200, "Die Sperre ist aufgehoben");
	confirmed_by(t, OUTBOX_RELEASED);
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE);
}

static void test_object(void **state)
{
	struct web *t = *state;
	char *url = ada(t);

	EXPECT(web_post(t, url, "action=object"), 200, "Ihr Widerspruch gilt");
	confirmed_by(t, OUTBOX_OBJECTED);
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_SUPPRESSED);
	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "Ihre Adresse ist gesperrt.");
	assert_false(web_has(t, "value=\"object\""));
}

static void test_rectify(void **state)
{
	struct web *t = *state;
	char *url = ada(t), body[400];

	EXPECT(web_post(t, url, "action=rectify&last_name=%3Ci%3EKing&organization=Verein&lang=en"), 200, "Geändert");
	confirmed_by(t, OUTBOX_CHANGED);
	EXPECT(web_get(t, url), 200, "My data");
	has(t, "&lt;i&gt;King");
	has(t, "Verein");
	memset(body, 'a', sizeof(body));
	memcpy(body, "action=rectify&last_name=", 25);
	body[300] = '\0';
	EXPECT(web_post(t, url, body), 422, "My data");
	has(t, "role=\"alert\"");
	has(t, "href=\"#my-last_name\"");
	has(t, "id=\"my-last_name-bad\"");
	has(t, "<details open>");
	EXPECT(web_get(t, url), 200, "My data");
	has(t, "&lt;i&gt;King");
}

static void test_export(void **state)
{
	static const struct {
		const char *format, *type, *holds;
	} rows[] = {{"json", "application/json", "{\"bundle\":\n{\"format\":\"jawort-bundle 1\""}, {"csv", "text/csv", ADA}};
	struct web *t = *state;
	char *url = ada(t), body[200];

	for (size_t i = 0; i < 2; i++) {
		snprintf(body, sizeof(body), "action=export&format=%s", rows[i].format);
		assert_int_equal(web_post(t, url, body), 200);
		assert_non_null(strstr(t->wire.data, rows[i].type));
		assert_non_null(strstr(web_header(t, "Content-Disposition"), "filename="));
		assert_string_equal(web_header(t, "Cache-Control"), "no-store");
		has(t, rows[i].holds);
		web_sound(t);
		confirmed_by(t, OUTBOX_EXPORTED);
	}
	EXPECT(web_post(t, url, "action=export&format=html"), 200, "Alles, was wir zu Ihnen haben");
	has(t, "<strong>" ADA "</strong>");
	has(t, "?lang=de\">Zurück zu meinen Daten");
	assert_string_equal(web_header(t, "Content-Disposition"), "");
	snprintf(body, sizeof(body), "%s?lang=en", url);
	EXPECT(web_post(t, body, "action=export&format=html"), 200, "Everything we hold about you");
	assert_int_equal(web_post(t, url, "action=export&format=xml"), 400);
	assert_int_equal(web_post(t, url, "action=export&format=data"), 400);
	assert_int_equal(web_post(t, url, "action=export"), 400);
	assert_int_equal(web_post(t, url, "action=destroy"), 400);
	assert_int_equal(web_post(t, url, "never=1"), 400);
}

static void test_erase(void **state)
{
	struct web *t = *state;
	char *url = ada(t), preview[300];
	bool has_block = false;
	struct db *db;
	unsigned char lookup[PERSON_LOOKUP_BYTES];

	snprintf(preview, sizeof(preview), "%s?erase=1", url);
	EXPECT(web_get(t, preview), 200, "Daten löschen");
	has(t, "Noch ist nichts gelöscht.");
	has(t, "Nachname");
	has(t, "Er ist gesperrt bis 31.");
	has(t, "30\xc2\xa0Tagen");
	has(t, "name=\"never\"");
	assert_false(web_has(t, " checked"));
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE);
	EXPECT(web_post(t, url, "action=erase&never=1"), 200, "Gelöscht");
	confirmed_by(t, OUTBOX_ERASED);
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_STATE__MAX);
	db = world_read(&t->w);
	person_lookup(db_keyring(db), STORE_EMAIL, SLICE(ADA), lookup);
	assert_ok(suppression_has(db, STORE_EMAIL, lookup, SLICE(""), t->w.now_ms, &has_block, NULL, EI));
	store_read_end(t->w.store, db);
	assert_true(has_block);
	/* the link still opens: what is left, and no act */
	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "Ihre Daten für den Versand sind gelöscht.");
	assert_false(web_has(t, "Lovelace"));
	assert_false(web_has(t, "value=\"restrict\""));
	assert_false(web_has(t, "erase=1"));
	EXPECT(web_post(t, url, "action=restrict"), 200, "Wir haben nichts mehr zu Ihnen");
}

/* Never confirmed: nothing to prove, so all of it goes. */
static void test_erase_pending(void **state)
{
	struct web *t = *state;
	char *url, preview[300];

	web_signup(t, "news", ADA);
	url = link_of(t, ADA);
	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "Noch nicht bestätigt.");
	has(t, "Anfrage zurückziehen und alles löschen");
	snprintf(preview, sizeof(preview), "%s?erase=1", url);
	EXPECT(web_get(t, preview), 200, "Daten löschen");
	has(t, "Alles, was wir zu ");
	EXPECT(web_post(t, url, "action=erase"), 200, "Gelöscht");
	EXPECT(web_get(t, url), 200, "Wir haben nichts mehr zu Ihnen");
	EXPECT(web_get(t, preview), 200, "Wir haben nichts mehr zu Ihnen");
	EXPECT(web_post(t, url, "action=erase"), 200, "Wir haben nichts mehr zu Ihnen");
	EXPECT(web_post(t, url, "action=export&format=json"), 200, "Wir haben nichts mehr zu Ihnen");
}

/* Another address: nothing changes until the link that went there is pressed; then the old one is told. */
static void test_move(void **state)
{
	struct web *t = *state;
	char *url = ada(t), path[100];
	struct world_mail m, v[16];
	size_t n;
	int64_t id;

	world_state(&t->w, ADA, &id);
	EXPECT(web_post(t, url, "action=move&email=countess"), 422, "Meine Daten");
	has(t, "href=\"#my-email\"");
	has(t, "value=\"countess\"");
	EXPECT(web_post(t, url, "action=move&email=countess%40example.org"), 200, "Noch ein Schritt");
	m = world_last_mail(&t->w);
	assert_int_equal(m.kind, OUTBOX_MOVE);
	assert_slice(m.slots.value[MESSAGE_TO], "countess@example.org");
	EXPECT(web_get(t, url), 200, "Meine Daten");
	has(t, "Eine neue Adresse wartet:");
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE);
	world_token(&t->w, m.slots.value[MESSAGE_LINK], "/my/", path);
	memmove(path + 6, path, 44);
	memcpy(path, "/j/my/", 6);
	EXPECT(web_get(t, path), 200, "Neue Adresse bestätigen");
	assert_false(web_has(t, "countess@example.org")); /* masked: who opens it need not be the one who wished */
	assert_false(web_has(t, ADA));
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE); /* a scanner has opened it */
	assert_int_equal(web_post(t, path, "action=erase"), 400); /* it can do only that one thing */
	assert_int_equal(web_post(t, path, "action=export&format=json"), 400);
	EXPECT(web_post(t, path, "action=moved"), 200, "Die neue Adresse gilt");
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_STATE__MAX);
	assert_int_equal(world_state(&t->w, "countess@example.org", NULL), PERSON_ACTIVE);
	n = world_mails(&t->w, m.id, v, 16);
	assert_int_equal(n, 1);
	assert_int_equal(v[0].kind, OUTBOX_MOVED);
	assert_slice(v[0].slots.value[MESSAGE_TO], ADA);
	EXPECT(web_post(t, path, "action=moved"), 200, "Die neue Adresse gilt"); /* pressed twice */
	EXPECT(web_get(t, path), 200, "Die neue Adresse gilt");
	EXPECT(web_get(t, url), 200, "Meine Daten"); /* the first link is still this person's */
	has(t, "countess@example.org");
}

static void test_move_over(void **state)
{
	struct web *t = *state;
	char *url = ada(t), first[100], second[100];
	struct world_mail m;

	EXPECT(web_post(t, url, "action=move&email=one%40example.org"), 200, "Noch ein Schritt");
	m = world_last_mail(&t->w);
	snprintf(first, sizeof(first), "%.*s", SLICE_FMT(slice_sub(m.slots.value[MESSAGE_LINK], 23, m.slots.value[MESSAGE_LINK].len)));
	world_wait(&t->w, MINUTE_MS);
	EXPECT(web_post(t, url, "action=move&email=two%40example.org"), 200, "Noch ein Schritt");
	m = world_last_mail(&t->w);
	snprintf(second, sizeof(second), "%.*s", SLICE_FMT(slice_sub(m.slots.value[MESSAGE_LINK], 23, m.slots.value[MESSAGE_LINK].len)));
	EXPECT(web_get(t, first), 200, "Dieser Link gilt nicht mehr");
	EXPECT(web_post(t, first, "action=moved"), 200, "Dieser Link gilt nicht mehr");
	world_wait(&t->w, 49 * HOUR_MS);
	EXPECT(web_post(t, second, "action=moved"), 200, "Dieser Link gilt nicht mehr");
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE);
}

/* 15 minutes, this person, this purpose; anything else is no link. */
static void test_links(void **state)
{
	struct web *t = *state;
	char *url = ada(t), other[TOKEN_BYTES], path[100];
	struct world_mail m = world_last_mail(&t->w);
	struct token out = {.purpose = TOKEN_UNSUBSCRIBE, .id = m.person_id}, confirm = {.purpose = TOKEN_CONFIRM, .id = 1},
	    elsewhere = {.purpose = TOKEN_HUB, .id = m.person_id, .expires_ms = t->w.now_ms / 1000 * 1000 + 60000};
	const struct token *bad[] = {&out, &confirm};

	for (size_t i = 0; i < 2; i++) {
		token_make(store_keyring(t->w.store), "club", bad[i], other);
		snprintf(path, sizeof(path), "/j/my/%s", other);
		EXPECT(web_get(t, path), 404, "Hier ist nichts");
		EXPECT(web_post(t, path, "action=erase"), 404, "Hier ist nichts");
	}
	token_make(store_keyring(t->w.store), "other", &elsewhere, other);
	snprintf(path, sizeof(path), "/j/my/%s", other);
	EXPECT(web_get(t, path), 404, "Hier ist nichts");
	elsewhere.id = m.person_id + 1000;
	token_make(store_keyring(t->w.store), "club", &elsewhere, other);
	snprintf(path, sizeof(path), "/j/my/%s", other);
	EXPECT(web_get(t, path), 200, "Wir haben nichts mehr zu Ihnen");
	world_wait(&t->w, 14 * MINUTE_MS);
	EXPECT(web_get(t, url), 200, "Meine Daten");
	world_wait(&t->w, MINUTE_MS);
	EXPECT(web_get(t, url), 200, "Der Link gilt nicht mehr");
	has(t, "/j/my?lang=de");
	EXPECT(web_post(t, url, "action=erase"), 200, "Der Link gilt nicht mehr");
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_ACTIVE);
}

/* Another site's form may post here, and has no link; with the link it is the person. No cookie, no header decides. */
static void test_authority(void **state)
{
	struct web *t = *state;
	char *url = ada(t);

	assert_int_equal(web_ask(t, "POST", "/j/my/", "action=erase", "HTTP_ORIGIN", "https://evil.example", (char *)NULL), 404);
	assert_int_equal(web_ask(t, "POST", url, "action=restrict", "HTTP_ORIGIN", "null", (char *)NULL), 200);
	assert_int_equal(world_state(&t->w, ADA, NULL), PERSON_RESTRICTED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, web_setup, web_teardown)
	const struct CMUnitTest tests[] = {T(test_data), T(test_scanner), T(test_withdraw), T(test_restrict), T(test_object),
	    T(test_rectify), T(test_export), T(test_erase), T(test_erase_pending), T(test_links), T(test_move), T(test_move_over), T(test_authority)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
