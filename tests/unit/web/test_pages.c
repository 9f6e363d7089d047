/* What visitors see and do, page by page, through the whole application. */
#include "lib/web.h"

#include "core/token.h"

#include "base/enc.h"

/* ---- helpers */

/* Each <style> of the body is allowed by its hash, and nothing else is. */
static void check_styles(struct web *t)
{
	const char *csp = web_header(t, "Content-Security-Policy"), *at = t->body;
	size_t sheets = 0, hashes = 0;

	for (const char *h = csp; (h = strstr(h, "'sha256-")) != NULL; h++)
		hashes++;
	while ((at = strstr(at, "<style>")) != NULL) {
		const char *end = strstr(at, "</style>");
		unsigned char hash[CRYPT_HASH_BYTES];
		struct buf want;
		assert_non_null(end);
		at += strlen("<style>");
		crypt_sha256(hash, at, (size_t)(end - at));
		buf_init_arena(&want, &t->arena, 100);
		buf_add_str(&want, "'sha256-");
		enc_b64_add(&want, hash, sizeof(hash));
		buf_add_char(&want, '\'');
		if (!strstr(csp, want.data))
			fail_msg("%s is not in %s", want.data, csp);
		sheets++;
	}
	assert_int_equal(sheets, hashes);
	assert_null(strstr(t->body, " style=\""));
	assert_null(strstr(t->body, " onclick="));
	assert_null(strstr(t->body, "<script>"));
	assert_null(strstr(csp, "unsafe"));
	assert_null(strstr(t->body, "{{"));
	assert_non_null(strstr(csp, "default-src 'none'"));
	assert_non_null(strstr(csp, "base-uri 'none'"));
}

static void html_unescape(char *s)
{
	static const struct {
		const char *from;
		char to;
	} names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
	char *w = s;

	while (*s) {
		size_t i = 0;
		while (i < 5 && strncmp(s, names[i].from, strlen(names[i].from)) != 0)
			i++;
		*w++ = i < 5 ? names[i].to : *s;
		s += i < 5 ? strlen(names[i].from) : 1;
	}
	*w = '\0';
}

/* Text of a page without tags, with single spaces, as a person reads it. */
static char *readable(struct web *t)
{
	char *out = arena_str(&t->w.arena, slice_from(t->body)), *w = out;
	bool tag = false;

	for (const char *s = t->body; *s; s++) {
		bool hard = (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] == 0xa0;
		bool space = *s == ' ' || *s == '\n' || *s == '<' || hard;
		tag = *s == '<' || (tag && s[-1] != '>');
		if ((tag || space) && (w == out || w[-1] == ' ')) {
			s += hard;
			continue;
		}
		*w++ = tag || space ? ' ' : *s;
		s += hard;
	}
	*w = '\0';
	html_unescape(out);
	return out;
}

static char *joined(struct web *t, struct slice text)
{
	char *out = arena_str(&t->w.arena, text), *w = out;

	for (const char *s = out; *s; s++)
		if (*s != '\n' || w[-1] != ' ')
			*w++ = *s == '\n' ? ' ' : *s;
	*w = '\0';
	return out;
}

/* The wording stands on the page, up to the address at its end, which may be a link. */
static void check_wording(struct web *t, const struct consent *c)
{
	char *page = readable(t);

	for (size_t i = 0; i < c->n; i++) {
		char *want = joined(t, c->items[i].text);
		char *end = strrchr(want, ' ');
		assert_non_null(end);
		*end = '\0';
		if (!strstr(page, want))
			fail_msg("%s is not in %.600s", want, page);
	}
}

static void expect(struct web *t, int row, unsigned got, unsigned status, const char *title)
{
	char want[200];

	snprintf(want, sizeof(want), "<h1>%s</h1>", title);
	if (got != status || (title && !strstr(t->body, want)))
		fail_msg("row %d: %u, expected %u with %s\n%.900s", row, got, status, title, t->body);
	web_sound(t);
	check_styles(t);
}

/* ---- the whole way, each page in both languages, with its headers */

static void check_private(struct web *t)
{
	assert_string_equal(web_header(t, "Cache-Control"), "no-store");
	assert_string_equal(web_header(t, "Referrer-Policy"), "no-referrer");
	assert_string_equal(web_header(t, "X-Content-Type-Options"), "nosniff");
	assert_non_null(strstr(web_header(t, "X-Robots-Tag"), "noindex"));
	assert_string_equal(web_header(t, "Set-Cookie"), "");
}

static void test_way(void **state)
{
	struct web *t = *state;
	const struct consent *de = world_consent(&t->w, "news", "de");
	struct world_mail m;

	expect(t, __LINE__, web_get(t, "/j/s/news"), 200, "Vereinspost bestellen");
	check_wording(t, de);
	assert_string_equal(web_header(t, "Cache-Control"), "public, max-age=60");
	expect(t, __LINE__, web_get(t, "/j/s/news/sent?lang=de"), 200, "Fast fertig");
	assert_true(web_has(t, "post@verein.test"));
	m = web_signup(t, "news", "way@example.org");
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, NULL), 200, "Nur noch ein Klick");
	check_private(t);
	check_wording(t, de);
	assert_true(web_has(t, "w\xe2\x81\xa0…\xe2\x81\xa0" "y@example.org"));
	assert_false(web_has(t, "way@example.org"));
	expect(t, __LINE__, web_press(t, "/u/", m.out, NULL), 200, "Abbestellen?");
	check_private(t);
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 200, "Sie sind dabei");
	check_private(t);
	check_wording(t, de);
	assert_true(web_has(t, "21.\xc2\xa0November 2026") || web_has(t, "21. November 2026"));
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 200, "Sie sind dabei");
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, NULL), 200, "Sie sind dabei");
	expect(t, __LINE__, web_press(t, "/u/", m.out, NULL), 200, "Abbestellen?");
	assert_int_equal(world_state(&t->w, "way@example.org", NULL), PERSON_ACTIVE);
	expect(t, __LINE__, web_press(t, "/u/", m.out, "action=withdraw"), 200, "Abbestellt");
	check_private(t);
	check_wording(t, de);
	expect(t, __LINE__, web_press(t, "/u/", m.out, "action=withdraw"), 200, "Abbestellt");
	expect(t, __LINE__, web_press(t, "/u/", m.out, NULL), 200, "Abbestellt");
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 200, "Sie haben abbestellt");
	assert_int_equal(world_state(&t->w, "way@example.org", NULL), PERSON_UNSUBSCRIBED);
}

static void test_other_ends(void **state)
{
	struct web *t = *state;
	struct world_mail m = web_signup(t, "news", "deny@example.org");

	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=deny"), 200, "Die Anfrage ist gelöscht");
	check_private(t);
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, NULL), 410, "Die Anfrage ist schon gelöscht");
	check_private(t);
	expect(t, __LINE__, web_press(t, "/u/", m.out, NULL), 200, "Abbestellt");
	m = web_signup(t, "news", "old@example.org");
	world_wait(&t->w, 49 * HOUR_MS);
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, NULL), 200, "Der Link gilt nicht mehr");
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 200, "Der Link gilt nicht mehr");
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=renew"), 200, "Ein neuer Link ist unterwegs");
	m = world_last_mail(&t->w);
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 200, "Sie sind dabei");
	m = web_signup(t, "news", "cancel@example.org");
	expect(t, __LINE__, web_press(t, "/u/", m.out, "action=withdraw_all"), 200, "Abbestellt");
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 410, "Die Anfrage ist schon gelöscht");
}

/* One of two: the page has a button for each, and says what still comes. */
static void test_one_of_two(void **state)
{
	struct web *t = *state;
	char body[256];
	struct world_mail m;
	int64_t id;

	snprintf(body, sizeof(body), "email=two@example.org&p=news&p=events&last_name=L&v=%s",
	    world_consent(&t->w, "both", "de")->v);
	assert_int_equal(web_post(t, "/j/s/both", body), 303);
	web_settle(t);
	m = world_last_mail(&t->w);
	expect(t, __LINE__, web_press(t, "/c/", m.confirm, "action=confirm"), 200, "Sie sind dabei");
	check_wording(t, world_consent(&t->w, "both", "de"));
	assert_int_equal(web_press(t, "/u/", m.out, NULL), 200);
	assert_true(web_has(t, "value=\"events\""));
	assert_true(web_has(t, "value=\"withdraw_all\""));
	assert_int_equal(web_press(t, "/u/", m.out, "action=withdraw&p=events"), 200);
	world_state(&t->w, "two@example.org", &id);
	assert_int_equal(world_purpose(&t->w, id, "events"), PURPOSE_ENDED);
	assert_int_equal(world_purpose(&t->w, id, "news"), PURPOSE_ACTIVE);
	assert_int_equal(web_press(t, "/u/", m.out, "List-Unsubscribe=One-Click"), 200);
	assert_int_equal(world_state(&t->w, "two@example.org", NULL), PERSON_UNSUBSCRIBED);
}

/* ---- links that are none: one and the same page */

static void test_unknown_links(void **state)
{
	struct web *t = *state;
	struct world_mail m = web_signup(t, "news", "links@example.org");
	const struct token foreign = {.purpose = TOKEN_CONFIRM, .id = m.request_id, .generation = 1,
	    .expires_ms = t->w.now_ms + DAY_MS}, hub = {.purpose = TOKEN_HUB, .id = m.person_id};
	char bad[6][64];

	snprintf(bad[0], 64, "%s", m.confirm);
	bad[0][20] = bad[0][20] == 'x' ? 'y' : 'x';
	token_make(store_keyring(t->w.store), "other", &foreign, bad[1]);
	token_make(store_keyring(t->w.store), "club", &hub, bad[2]);
	snprintf(bad[3], 64, "x");
	snprintf(bad[4], 64, "%s", m.out); /* of the other purpose; below "/u/" it is a confirmation link */
	snprintf(bad[5], 64, "%%3Cscript%%3E");
	for (int path = 0; path < 2; path++)
		for (int post = 0; post < 2; post++) {
			struct slice first = {NULL, 0};
			for (int i = 0; i < 6; i++) {
				const char *token = i == 4 && path ? m.confirm : bad[i];
				const char *body = !post ? NULL : path ? "action=withdraw" : "action=confirm";
				expect(t, __LINE__, web_press(t, path ? "/u/" : "/c/", token, body), 404, "Hier ist nichts");
				check_private(t);
				if (!i)
					first = arena_dup(&t->w.arena, slice_from(t->body));
				assert_true(slice_eq(slice_from(t->body), first));
				assert_false(web_has(t, "script>"));
			}
		}
	assert_int_equal(web_press(t, "/u/", bad[1], "List-Unsubscribe=One-Click"), 404);
	assert_int_equal(world_state(&t->w, "links@example.org", NULL), PERSON_PENDING);
}

/* ---- one click (RFC 8058) */

static void test_one_click(void **state)
{
	static const char multipart[] = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n"
	    "One-Click\r\n--b--\r\n";
	struct web *t = *state;

	for (int i = 0; i < 2; i++) {
		char address[40], url[128];
		struct world_mail m;
		snprintf(address, sizeof(address), "click%d@example.org", i);
		m = web_signup(t, "news", address);
		web_press(t, "/c/", m.confirm, "action=confirm");
		snprintf(url, sizeof(url), "/j/u/%s", m.out);
		for (int k = 0; k < 2; k++) {
			/* A mail provider's robot: no Origin of ours, no language, another network. */
			t->remote = "198.51.100.7";
			assert_int_equal(web_ask(t, "POST", url, i ? multipart : "List-Unsubscribe=One-Click",
			    "CONTENT_TYPE", i ? "multipart/form-data; boundary=b" : "application/x-www-form-urlencoded",
			    "HTTP_ORIGIN", "https://mail.example", (char *)NULL), 200);
			t->remote = NULL;
			assert_string_equal(web_header(t, "Location"), "");
			assert_string_equal(web_header(t, "Set-Cookie"), "");
			assert_string_equal(t->body, "Abbestellt.\n");
			assert_string_equal(web_header(t, "Cache-Control"), "no-store");
			web_sound(t);
		}
		assert_int_equal(world_state(&t->w, address, NULL), PERSON_UNSUBSCRIBED);
	}
	expect(t, __LINE__, web_press(t, "/u/", world_last_mail(&t->w).out, "List-Unsubscribe=Maybe"), 400,
	    "Es fehlt, was Sie tun möchten");
	expect(t, __LINE__, web_press(t, "/u/", world_last_mail(&t->w).out, "action=withdrawn"), 400,
	    "Es fehlt, was Sie tun möchten");
	expect(t, __LINE__, web_press(t, "/c/", world_last_mail(&t->w).confirm, ""), 400,
	    "Es fehlt, was Sie tun möchten");
	expect(t, __LINE__, web_press(t, "/c/", world_last_mail(&t->w).confirm, "action=CONFIRM"), 400,
	    "Es fehlt, was Sie tun möchten");
}

/* ---- review */

/* Takes the hidden fields of the page and makes a body of them. */
static char *hidden_body(struct web *t)
{
	struct buf b;

	buf_init_arena(&b, &t->w.arena, 65536);
	for (const char *at = t->body; (at = strstr(at, "<input type=\"hidden\" name=\"")) != NULL;) {
		const char *name = at + strlen("<input type=\"hidden\" name=\""), *name_end = strchr(name, '"');
		const char *value = strstr(name_end, "value=\"") + 7, *end = strchr(value, '"');
		char *plain = arena_str(&t->w.arena, slice_make(value, (size_t)(end - value)));
		html_unescape(plain);
		buf_add_str(&b, b.len ? "&" : "");
		buf_add(&b, name, (size_t)(name_end - name));
		buf_add_char(&b, '=');
		for (const char *c = plain; *c; c++)
			buf_printf(&b, "%%%02X", (unsigned char)*c);
		at = end;
	}
	return b.data;
}

static void test_review(void **state)
{
	struct web *t = *state;
	struct world_mail m;
	char body[512], *again;
	int64_t id;
	struct db *db;
	struct buf held;

	snprintf(body, sizeof(body), "email=review%%40example.org&ok=1&v=%s&first_name=%%3Cb%%3E%%22Zo%%C3%%AB%%26%%27"
	    "&next=https%%3A%%2F%%2Fwww.verein.test%%2Fdanke%%2F&page=https%%3A%%2F%%2Fwww.verein.test%%2Fa%%3Fb%%3D1%%26c",
	    world_consent(&t->w, "news", "de")->v);
	assert_int_equal(web_ask(t, "POST", "/j/s/news", body, "HTTP_ORIGIN", "https://evil.example", (char *)NULL), 200);
	assert_true(web_has(t, "<h1>Bitte kurz ansehen</h1>"));
	check_styles(t);
	check_private(t);
	check_wording(t, world_consent(&t->w, "news", "de"));
	assert_true(web_has(t, "review@example.org"));
	assert_true(web_has(t, "&lt;b&gt;"));
	assert_false(web_has(t, "<b>\""));
	assert_int_equal(world_state(&t->w, "review@example.org", NULL), PERSON_STATE__MAX);
	again = hidden_body(t);
	assert_int_equal(web_ask(t, "POST", "/j/s/news", again, "HTTP_ORIGIN", "https://evil.example", (char *)NULL), 303);
	assert_string_equal(web_header(t, "Location"), "https://www.verein.test/danke/");
	web_settle(t);
	m = world_last_mail(&t->w);
	assert_slice(m.slots.value[MESSAGE_TO], "review@example.org");
	web_press(t, "/c/", m.confirm, "action=confirm");
	world_state(&t->w, "review@example.org", &id);
	buf_init_arena(&held, &t->w.arena, 4096);
	db = world_read(&t->w);
	assert_ok(person_fields(db, id, &held, EI));
	store_read_end(t->w.store, db);
	assert_string_equal(held.data, "{\"first_name\":\"\\u003cb>\\\"Zoë&'\"}");
}

/* ---- wrong input */

static void test_input(void **state)
{
	struct web *t = *state;
	char body[512];

	snprintf(body, sizeof(body), "email=%%22%%3E%%3Cscript%%3Ealert(1)%%3C%%2Fscript%%3E&v=%s&last_name=Zo%%C3%%AB",
	    world_consent(&t->w, "both", "de")->v);
	assert_int_equal(web_post(t, "/j/s/both", body), 422);
	check_styles(t);
	check_private(t);
	assert_true(web_has(t, "2 Angaben stimmen noch nicht"));
	assert_true(web_has(t, "<title>Fehler: "));
	assert_true(web_has(t, "value=\"Zoë\""));
	assert_true(web_has(t, "&lt;script&gt;"));
	assert_false(web_has(t, "<script>alert"));
	assert_true(web_has(t, "aria-invalid=\"true\""));
	assert_false(web_has(t, " checked"));
	/* Each entry of the summary leads to something that is there. */
	for (const char *at = t->body; (at = strstr(at, "href=\"#")) != NULL; at++) {
		char id[80];
		snprintf(id, sizeof(id), "id=\"%.*s\"", (int)strcspn(at + 7, "\""), at + 7);
		if (!web_has(t, id))
			fail_msg("%s is not on the page", id);
	}
	web_post(t, "/j/s/news", "email=x&v=AAAAAAAA&lang=en");
	assert_int_equal(t->res.status, 409);
	assert_string_equal(web_header(t, "Content-Language"), "en");
	check_styles(t);
	check_wording(t, world_consent(&t->w, "news", "en"));
}

/* ---- JSON */

static json_t *answer(struct web *t)
{
	json_t *j = json_loads(t->body, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(j);
	assert_string_equal(t->res.content_type, "application/json; charset=utf-8");
	assert_true(json_is_string(json_object_get(j, "state")));
	assert_true(json_string_length(json_object_get(j, "title")) > 0);
	assert_true(json_string_length(json_object_get(j, "text")) > 0);
	assert_true(json_is_object(json_object_get(j, "errors")));
	check_private(t);
	web_sound(t);
	return j;
}

static const char *text_of(json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static unsigned post_json(struct web *t, const char *url, const char *body)
{
	return web_ask(t, "POST", url, body, "HTTP_ACCEPT", "application/json", "HTTP_ORIGIN", "https://www.verein.test",
	    (char *)NULL);
}

static void test_json(void **state)
{
	struct web *t = *state;
	char body[256];
	json_t *j;

	assert_int_equal(post_json(t, "/j/s/news", web_body(t, "news", "json@example.org")), 200);
	j = answer(t);
	assert_string_equal(text_of(j, "state"), "sent");
	assert_string_equal(text_of(j, "next"), "https://www.verein.test/j/s/news/sent?lang=de");
	assert_int_equal(json_object_size(json_object_get(j, "errors")), 0);
	assert_string_equal(web_header(t, "Access-Control-Allow-Origin"), "https://www.verein.test");
	assert_string_equal(web_header(t, "Access-Control-Allow-Credentials"), "");
	json_decref(j);

	snprintf(body, sizeof(body), "email=x&email=y&p=q%%0A&v=%s", world_consent(&t->w, "both", "en")->v);
	assert_int_equal(post_json(t, "/j/s/both", body), 422);
	j = answer(t);
	assert_string_equal(text_of(j, "state"), "error");
	assert_int_equal(json_object_size(json_object_get(j, "errors")), 3);
	assert_string_equal(text_of(json_object_get(j, "errors"), "last_name"), "Last name is missing.");
	assert_null(json_object_get(j, "next"));
	json_decref(j);

	assert_int_equal(post_json(t, "/j/s/news", "email=a@example.org&ok=1&v=AAAAAAAA"), 409);
	j = answer(t);
	assert_string_equal(text_of(j, "state"), "changed");
	json_decref(j);

	assert_int_equal(post_json(t, "/j/s/news", "email=a@example.org&ok=1"), 409);
	j = answer(t);
	assert_string_equal(text_of(j, "state"), "review");
	assert_string_equal(text_of(json_object_get(j, "review"), "email"), "a@example.org");
	assert_true(strlen(text_of(json_object_get(j, "review"), "r")) > 20);
	json_decref(j);

	assert_int_equal(post_json(t, "/j/s/nothing", "email=a@example.org"), 404);
	j = answer(t);
	assert_string_equal(text_of(j, "state"), "error");
	json_decref(j);
	/* Other pages' scripts get no leave to read. */
	web_ask(t, "POST", "/j/s/news", "email=a", "HTTP_ACCEPT", "application/json", "HTTP_ORIGIN",
	    "https://evil.example", (char *)NULL);
	assert_string_equal(web_header(t, "Access-Control-Allow-Origin"), "");
	/* Browsers that merely accept everything get pages. */
	assert_int_equal(web_ask(t, "POST", "/j/s/news", web_body(t, "news", "page@example.org"), "HTTP_ACCEPT",
	    "text/html,application/xhtml+xml,*/*;q=0.8", (char *)NULL), 303);
	assert_int_equal(web_ask(t, "POST", "/j/s/news", web_body(t, "news", "page@example.org"), "HTTP_ACCEPT", "*/*",
	    (char *)NULL), 303);
	web_settle(t);
}

/* ---- language */

static void test_language(void **state)
{
	static const struct {
		int row;
		const char *url, *accept, *lang;
	} rows[] = {
	    {__LINE__, "/j/s/news", "", "de"}, {__LINE__, "/j/s/news", "en", "en"},
	    {__LINE__, "/j/s/news", "en-GB,de;q=0.5", "en"}, {__LINE__, "/j/s/news", "fr", "de"},
	    {__LINE__, "/j/s/news?lang=en", "de", "en"}, {__LINE__, "/j/s/news?lang=de-AT", "en", "de"},
	    {__LINE__, "/j/s/news?lang=fr", "en", "en"}, {__LINE__, "/j/s/news?lang=", "en", "en"},
	    {__LINE__, "/j/s/news?lang=../../etc", "en", "en"}, {__LINE__, "/j/n?lang=en", "", "en"},
	    {__LINE__, "/j/n.txt", "en", "en"}, {__LINE__, "/j/nothing?lang=en", "de", "en"},
	    {__LINE__, "/j/s/news?lang=en&lang=de", "de", "en"}, {__LINE__, "/j/s/news?fragment&lang=en", "", "en"},
	};
	struct web *t = *state;
	struct world_mail m;
	char url[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		web_ask(t, "GET", rows[i].url, NULL, "HTTP_ACCEPT_LANGUAGE", rows[i].accept, (char *)NULL);
		if (strcmp(web_header(t, "Content-Language"), rows[i].lang) != 0)
			fail_msg("row %d: %s", rows[i].row, web_header(t, "Content-Language"));
	}
	/* The page behind a link speaks the language of the form, whatever the browser is set to. */
	m = web_signup(t, "news", "lang@example.org");
	snprintf(url, sizeof(url), "/j/c/%s", m.confirm);
	web_ask(t, "GET", url, NULL, "HTTP_ACCEPT_LANGUAGE", "en", (char *)NULL);
	assert_string_equal(web_header(t, "Content-Language"), "de");
	snprintf(url, sizeof(url), "/j/c/%s?lang=en", m.confirm);
	web_get(t, url);
	assert_string_equal(web_header(t, "Content-Language"), "en");
}

/* ---- errors that can be read, in both languages */

static void test_errors(void **state)
{
	static const struct {
		int row;
		const char *method, *url, *body, *type, *encoding;
		unsigned status;
		const char *de, *en;
	} rows[] = {
	    {__LINE__, "POST", "/j/s/news", "{\"email\":1}", "application/json", "", 415,
	        "Diese Form der Daten kennen wir nicht", "We cannot read this format"},
	    {__LINE__, "POST", "/j/s/news", "email=a", "text/plain", "", 415, "Diese Form der Daten kennen wir nicht", NULL},
	    {__LINE__, "POST", "/j/s/news", "email=a", "application/x-www-form-urlencoded", "gzip", 415,
	        "Diese Form der Daten kennen wir nicht", NULL},
	    {__LINE__, "POST", "/j/s/news", "email=%ff", "application/x-www-form-urlencoded", "", 400,
	        "Die Daten kamen beschädigt an", NULL},
	    {__LINE__, "POST", "/j/s/news", "email=%00", "application/x-www-form-urlencoded", "", 400,
	        "Die Daten kamen beschädigt an", NULL},
	    {__LINE__, "POST", "/j/s/news", "email=%C0%AF", "application/x-www-form-urlencoded", "", 400,
	        "Die Daten kamen beschädigt an", NULL},
	    {__LINE__, "POST", "/j/s/news", "email=%zz", "application/x-www-form-urlencoded", "", 400,
	        "Die Daten kamen beschädigt an", NULL},
	    {__LINE__, "GET", "/j/s/nothing", NULL, NULL, NULL, 404, "Dieses Formular gibt es nicht",
	        "This form does not exist"},
	    {__LINE__, "POST", "/j/s/nothing", "email=a", NULL, NULL, 404, "Dieses Formular gibt es nicht",
	        "This form does not exist"},
	    {__LINE__, "GET", "/j/nothing", NULL, NULL, NULL, 404, "Hier ist nichts", "There is nothing here"},
	    {__LINE__, "PUT", "/j/s/news", "x", NULL, NULL, 405, "So geht es nicht", "It does not work this way"},
	    {__LINE__, "POST", "/j/n", "x=1", NULL, NULL, 405, "So geht es nicht", "It does not work this way"},
	};
	struct web *t = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int en = 0; en < 2; en++) {
			unsigned status = web_ask(t, rows[i].method, rows[i].url, rows[i].body, "HTTP_ACCEPT_LANGUAGE",
			    en ? "en" : "de", "CONTENT_TYPE", rows[i].type ? rows[i].type : "application/x-www-form-urlencoded",
			    "HTTP_CONTENT_ENCODING", rows[i].encoding ? rows[i].encoding : "", (char *)NULL);
			if (status != rows[i].status || (!en && !web_has(t, rows[i].de))
			    || (en && rows[i].en && !web_has(t, rows[i].en)))
				fail_msg("row %d: %u %.700s", rows[i].row, status, t->body);
			assert_string_equal(web_header(t, "Content-Language"), en ? "en" : "de");
			check_styles(t);
			check_private(t);
			web_sound(t);
			if (status == 405)
				assert_string_equal(web_header(t, "Allow"),
				    strstr(rows[i].url, "/s/") ? "GET, HEAD, POST" : "GET, HEAD");
		}
}

/* What the front refuses by itself is a page, too, in the visitor's language. */
static void test_refused(void **state)
{
	static const unsigned statuses[] = {400, 404, 405, 413, 414, 429, 431, 503, 599};
	struct web *t = *state;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		for (int en = 0; en < 2; en++) {
			web_ask(t, "GET", "/j/s/news", NULL, "HTTP_ACCEPT_LANGUAGE", en ? "en" : "de", (char *)NULL);
			response_reset(&t->res);
			app_refuse(t->app, &t->req, statuses[i], &t->res);
			assert_int_equal(t->res.status, statuses[i]);
			t->body = arena_str(&t->arena, buf_slice(&t->res.body));
			check_styles(t);
			check_private(t);
			assert_string_equal(web_header(t, "Content-Language"), en ? "en" : "de");
			assert_true(web_has(t, "<h1>"));
		}
	assert_true(app_body_limit(t->app, &t->req) >= 16 * 1024);
}

/* Many fields: 413, and nothing else happens. */
static void test_too_many_fields(void **state)
{
	struct web *t = *state;
	struct buf b;

	buf_init_arena(&b, &t->w.arena, 65536);
	for (int i = 0; i <= FORM_FIELDS_MAX; i++)
		buf_printf(&b, "a%d=1&", i);
	expect(t, __LINE__, web_post(t, "/j/s/news", b.data), 413, "Das war zu viel auf einmal");
}

/* ---- caches */

static void test_etag(void **state)
{
	static const char *const urls[] = {"/j/s/news", "/j/s/news?lang=en", "/j/n", "/j/n.html", "/j/n.txt", "/j/n.json", "/j/n.md",
	    "/j/jawort.css", "/j/jawort.js"};
	struct web *t = *state;
	char seen[9][120];

	for (size_t i = 0; i < 9; i++) {
		char etag[120], list[300];
		assert_int_equal(web_get(t, urls[i]), 200);
		snprintf(etag, sizeof(etag), "%s", web_header(t, "ETag"));
		assert_true(strlen(etag) > 8 && etag[0] == '"' && etag[strlen(etag) - 1] == '"');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(etag, seen[k]);
		snprintf(seen[i], sizeof(seen[i]), "%s", etag);
		snprintf(list, sizeof(list), "\"x\", W/%s, \"y\"", etag);
		const char *const hits[] = {etag, list, "*"};
		for (int k = 0; k < 3; k++) {
			assert_int_equal(web_ask(t, "GET", urls[i], NULL, "HTTP_IF_NONE_MATCH", hits[k], (char *)NULL), 304);
			assert_string_equal(web_header(t, "ETag"), etag);
			assert_int_equal(t->res.body.len, 0);
			assert_non_null(strstr(web_header(t, "Cache-Control"), "max-age"));
			web_sound(t);
		}
		etag[1] = etag[1] == '0' ? '1' : '0';
		assert_int_equal(web_ask(t, "GET", urls[i], NULL, "HTTP_IF_NONE_MATCH", etag, (char *)NULL), 200);
		assert_int_equal(web_ask(t, "GET", urls[i], NULL, "HTTP_IF_NONE_MATCH", "\"", (char *)NULL), 200);
	}
}

/* ---- fragment, frame, assets */

static void test_fragment(void **state)
{
	static const struct {
		int row;
		const char *query;
		unsigned status;
		const char *has;
	} rows[] = {
	    {__LINE__, "fragment", 200, "id=\"jw-email\""}, {__LINE__, "fragment&id=a", 200, "id=\"a-email\""},
	    {__LINE__, "fragment&id=abc-12", 200, "for=\"abc-12-email\""}, {__LINE__, "fragment&h=3", 200, "<h3"},
	    {__LINE__, "fragment&h=1", 400, NULL}, {__LINE__, "fragment&h=7", 400, NULL},
	    {__LINE__, "fragment&h=22", 400, NULL}, {__LINE__, "fragment&id=1a", 400, NULL},
	    {__LINE__, "fragment&id=A", 400, NULL}, {__LINE__, "fragment&id=a%22%3E", 400, NULL},
	    {__LINE__, "fragment&id=abcdefghijklmnopq", 400, NULL}, {__LINE__, "fragment&id=a_b", 400, NULL},
	};
	struct web *t = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char url[128];
		snprintf(url, sizeof(url), "/j/s/news?%s", rows[i].query);
		if (web_get(t, url) != rows[i].status || (rows[i].has && !web_has(t, rows[i].has)))
			fail_msg("row %d: %u %.300s", rows[i].row, t->res.status, t->body);
		if (rows[i].status != 200)
			continue;
		check_styles(t);
		check_wording(t, world_consent(&t->w, "news", "de"));
		assert_false(web_has(t, "<html"));
		assert_true(web_has(t, "action=\"https://www.verein.test/j/s/news\""));
	}
	assert_int_equal(web_get(t, "/j/s/news?frame"), 200);
	check_styles(t);
	check_wording(t, world_consent(&t->w, "news", "de"));
	assert_non_null(strstr(web_header(t, "Content-Security-Policy"),
	    "frame-ancestors 'self' https://www.verein.test https://shop.verein.test:8443"));
	assert_non_null(strstr(web_header(t, "Content-Security-Policy"), "script-src https://www.verein.test/j/jawort.js"));
	web_get(t, "/j/s/news");
	assert_non_null(strstr(web_header(t, "Content-Security-Policy"), "frame-ancestors 'none'"));
	assert_non_null(strstr(web_header(t, "Content-Security-Policy"),
	    "form-action 'self' https://www.verein.test https://shop.verein.test:8443"));
}

static void test_wellknown(void **state)
{
	struct web *t = *state;
	json_t *j;

	assert_int_equal(web_get(t, "/j/.well-known/jawort"), 200);
	j = json_loads(t->body, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_int_equal(json_string_length(json_object_get(j, "key")), 43);
	assert_string_equal(text_of(j, "notice"), "https://www.verein.test/j/n");
	assert_string_equal(text_of(j, "origin"), "www.verein.test/j/log");
	assert_true(strncmp(text_of(j, "vkey"), "www.verein.test/j/log+", 22) == 0);
	json_decref(j);
	assert_int_equal(web_get(t, "/j/healthz"), 404);
	t->remote = "127.0.0.1";
	assert_int_equal(web_get(t, "/j/healthz"), 200);
	assert_int_equal(web_get(t, "/j/readyz"), 200);
	t->remote = NULL;
}

/* Who holds the keys learns what address arrives; with any other token the page is not there. */
static void test_health_told(void **state)
{
	struct web *t = *state;
	const struct keyring *keys = store_keyring(t->w.store);
	struct token k = {.purpose = TOKEN_HEALTH, .id = 1, .expires_ms = clock_now_ms() + MINUTE_MS};
	char token[TOKEN_BYTES], path[100];
	json_t *j;

	token_make(keys, "club", &k, token);
	snprintf(path, sizeof(path), "/j/healthz?t=%s", token);
	t->remote = "10.0.0.9";
	assert_int_equal(web_ask(t, "GET", path, NULL, "HTTP_X_FORWARDED_FOR", "203.0.113.7", (char *)NULL), 200);
	j = json_loads(t->body, JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(text_of(j, "client"), "203.0.113.7");
	assert_string_equal(text_of(j, "remote"), "10.0.0.9");
	assert_string_equal(text_of(j, "forwarded_for"), "203.0.113.7");
	json_decref(j);
	assert_non_null(strstr(web_header(t, "Cache-Control"), "no-store"));
	t->remote = NULL;
	/* Expired, of another purpose, of another site, nonsense. */
	for (int i = 0; i < 3; i++) {
		struct token bad = k;
		if (i == 0)
			bad.expires_ms = clock_now_ms() - MINUTE_MS;
		if (i == 1)
			bad.purpose = TOKEN_UNSUBSCRIBE;
		token_make(keys, i == 2 ? "other" : "club", &bad, token);
		snprintf(path, sizeof(path), "/j/healthz?t=%s", token);
		assert_int_equal(web_get(t, path), 404);
	}
	assert_int_equal(web_get(t, "/j/healthz?t=x"), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_health_told),
	    cmocka_unit_test(test_way), cmocka_unit_test(test_other_ends), cmocka_unit_test(test_one_of_two),
	    cmocka_unit_test(test_unknown_links), cmocka_unit_test(test_one_click), cmocka_unit_test(test_review),
	    cmocka_unit_test(test_input), cmocka_unit_test(test_json), cmocka_unit_test(test_language),
	    cmocka_unit_test(test_errors), cmocka_unit_test(test_refused), cmocka_unit_test(test_too_many_fields),
	    cmocka_unit_test(test_etag), cmocka_unit_test(test_fragment), cmocka_unit_test(test_wellknown),
	};
	return cmocka_run_group_tests(tests, web_setup, web_teardown);
}
