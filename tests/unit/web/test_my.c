/* The page where people ask for the link to their data: one answer for every address, in both languages. */
#include "lib/web.h"

static const char *ask(struct web *t, const char *url, const char *email, unsigned status)
{
	char body[400];

	snprintf(body, sizeof(body), "email=%s", email);
	assert_int_equal(web_post(t, url, body), status);
	web_sound(t);
	return arena_str(&t->w.arena, buf_slice(&t->wire));
}

static void test_form(void **state)
{
	struct web *t = *state;
	char etag[64];

	assert_int_equal(web_get(t, "/j/my?lang=de"), 200);
	assert_true(web_has(t, "<h1>Meine Daten</h1>"));
	assert_true(web_has(t, "15\xc2\xa0Minuten"));
	assert_true(web_has(t, "Einen Ausweis brauchen wir nicht."));
	assert_true(web_has(t, "action=\"https://www.verein.test/j/my?lang=de\""));
	assert_true(web_has(t, "daten@verein.test"));
	assert_true(web_has(t, "Gasse 1"));
	assert_true(web_has(t, "hreflang=\"en\""));
	assert_non_null(strstr(web_header(t, "Content-Security-Policy"), "frame-ancestors 'none'"));
	snprintf(etag, sizeof(etag), "%s", web_header(t, "ETag"));
	assert_int_equal(web_ask(t, "GET", "/j/my?lang=de", NULL, "HTTP_IF_NONE_MATCH", etag, (char *)NULL), 304);
	assert_int_equal(web_get(t, "/j/my?lang=en"), 200);
	assert_true(web_has(t, "<h1>My data</h1>"));
	assert_true(web_has(t, "We do not need an ID."));
	assert_int_equal(web_get(t, "/j/my/sent?lang=en"), 200);
	assert_true(web_has(t, "<h1>The answer comes by email</h1>"));
	assert_true(web_has(t, "Radverein &lt;post@verein.test&gt;"));
}

/* The bytes are the same for who is unknown, waits, is on the list, or was asked too often. */
static void test_same_answer(void **state)
{
	struct web *t = *state;
	struct world_mail m = web_signup(t, "news", "on@example.org");
	const char *first;

	web_press(t, "/c/", m.confirm, "action=confirm");
	web_signup(t, "news", "waits@example.org");
	first = ask(t, "/j/my?lang=de", "nobody%40example.org", 303);
	assert_string_equal(web_header(t, "Location"), "https://www.verein.test/j/my/sent?lang=de");
	assert_string_equal(web_header(t, "Cache-Control"), "no-store");
	assert_string_equal(ask(t, "/j/my?lang=de", "on%40example.org", 303), first);
	assert_string_equal(ask(t, "/j/my?lang=de", "waits%40example.org", 303), first);
	for (int i = 0; i < 6; i++)
		assert_string_equal(ask(t, "/j/my?lang=de", "on%40example.org", 303), first);
	web_settle(t);
	ask(t, "/j/my?lang=en", "on%40example.org", 303);
	assert_string_equal(web_header(t, "Location"), "https://www.verein.test/j/my/sent?lang=en");
}

static void test_mails(void **state)
{
	struct web *t = *state;
	struct world_mail m = web_signup(t, "news", "on@example.org");

	ask(t, "/j/my?lang=de", "on%40example.org", 303);
	web_settle(t);
	m = world_last_mail(&t->w);
	assert_int_equal(m.kind, OUTBOX_LINK);
	assert_true(slice_starts(m.slots.value[MESSAGE_LINK], SLICE("https://www.verein.test/j/my/")));
	ask(t, "/j/my?lang=de", "off%40example.org", 303);
	web_settle(t);
	m = world_last_mail(&t->w);
	assert_int_equal(m.kind, OUTBOX_NOTHING);
	assert_int_equal(m.person_id, 0);
}

static void test_bad(void **state)
{
	static const struct {
		int row;
		const char *email, *lang, *says;
	} rows[] = {
	    {__LINE__, "", "de", "id=\"jw-email-bad\""}, {__LINE__, "name%40", "en", "id=\"jw-email-bad\""},
	    {__LINE__, "\"><script>x", "de", "value=\"&quot;&gt;&lt;script&gt;x\""},
	    {__LINE__, "a%40b.de&email=c%40d.de", "en", "id=\"jw-email-bad\""},
	};
	struct web *t = *state;
	char url[40];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(url, sizeof(url), "/j/my?lang=%s", rows[i].lang);
		ask(t, url, rows[i].email, 422);
		if (!web_has(t, rows[i].says) || !web_has(t, "role=\"alert\"") || web_has(t, "<script>"))
			fail_msg("row %d: %s", rows[i].row, t->body);
		assert_string_equal(web_header(t, "Cache-Control"), "no-store");
	}
	assert_int_equal(world_intake(&t->w), 0);
	assert_int_equal(world_mail_count(&t->w), 0);
	assert_int_equal(web_ask(t, "POST", "/j/my", "{}", "CONTENT_TYPE", "application/json", (char *)NULL), 415);
	assert_int_equal(web_ask(t, "PUT", "/j/my", NULL, (char *)NULL), 405);
	assert_int_equal(web_post(t, "/j/my/sent", "email=a%40b.de"), 405);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, web_setup, web_teardown)
	const struct CMUnitTest tests[] = {T(test_form), T(test_same_answer), T(test_mails), T(test_bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
