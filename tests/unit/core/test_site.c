/* One site ready to speak: languages, words, templates of the owner, and what it refuses to start with. */
#include "core/site.h"

#include "lib/world.h"

#include "base/enc.h"
#include "core/embed.h"

static void test_lang(void **state)
{
	static const struct {
		int row;
		const char *tag, *want;
	} rows[] = {
	    {__LINE__, "de", "de"}, {__LINE__, "DE", "de"}, {__LINE__, "de-AT", "de"}, {__LINE__, "de-du", "de"},
	    {__LINE__, "en-GB-oxendict", "en"}, {__LINE__, "fr", NULL}, {__LINE__, "", NULL}, {__LINE__, "d", NULL},
	    {__LINE__, "deu", NULL}, {__LINE__, "-de", NULL}, {__LINE__, "../de", NULL},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = site_lang(w->site, slice_from(rows[i].tag));
		if ((got == NULL) != (rows[i].want == NULL) || (got && strcmp(got, rows[i].want) != 0))
			fail_msg("row %d: %s", rows[i].row, got ? got : "none");
	}
	assert_string_equal(site_lang_default(w->site), "de");
	assert_ptr_equal(site_lang(w->site, SLICE("en-US")), site_lang(w->site, SLICE("en")));
}

static void test_words(void **state)
{
	struct world *w = *state;
	struct view *v = site_view(w->site, &w->arena, "de");
	const struct conf_duration d = {.seconds = 48 * 3600, .n = 48, .unit = 'h'};

	assert_slice(site_titles(w->site, &w->arena, "de", SLICE("")), "");
	assert_slice(site_titles(w->site, &w->arena, "de", SLICE("news")), "Vereinspost");
	assert_slice(site_titles(w->site, &w->arena, "de", SLICE("news,events")), "Vereinspost und Ausfahrten");
	assert_slice(site_titles(w->site, &w->arena, "en", SLICE("news,events")), "Club mail and Rides");
	/* A purpose that the configuration has forgotten since is called by its id. */
	assert_slice(site_titles(w->site, &w->arena, "en", SLICE("old,news,events")), "old, Club mail and Rides");
	assert_slice(site_duration(&w->arena, d, "de"), "48\u00a0Stunden");
	assert_slice(site_duration(&w->arena, d, "en"), "48\u00a0hours");
	assert_slice(site_url(w->site, &w->arena, "/c/", "x"), "https://www.verein.test/j/c/x");
	assert_slice(site_say(w->site, "de", "page.home", v), "Zurück zur Website");
	assert_string_equal(site_style_src(w->site, "page/nothing.html"), "'none'");
}

struct seen {
	size_t lines;
	bool key;
};

static void note(const char *line, void *arg)
{
	struct seen *s = arg;

	s->lines++;
	s->key |= strstr(line, "page.nothing") != NULL;
}

/* A phrase that is missing leaves a gap and a line in the log, never a crash or a key on the page. */
static void test_missing_phrase(void **state)
{
	struct world *w = *state;
	struct seen s = {0};

	log_capture(note, &s);
	assert_slice(site_say(w->site, "de", "page.nothing", site_view(w->site, &w->arena, "de")), "");
	log_capture(NULL, NULL);
	assert_int_equal(s.lines, 1);
	assert_true(s.key);
}

/* The hash for the CSP is that of the sheet in the page, plus that of the accent if there is one. */
static void test_style(void **state)
{
	struct world *w = *state;
	struct view *v = site_view(w->site, &w->arena, "de");
	struct view_value css, accent;
	unsigned char hash[CRYPT_HASH_BYTES];
	struct buf want;

	site_view_page(w->site, v, "page/error.html", "de", NULL);
	assert_true(view_get(v, SLICE("css"), &css));
	assert_true(view_get(v, SLICE("accent_css"), &accent));
	assert_true(css.text.len > 200 && accent.text.len > 20);
	buf_init_arena(&want, &w->arena, 200);
	for (int i = 0; i < 2; i++) {
		struct slice s = i ? accent.text : css.text;
		crypt_sha256(hash, s.ptr, s.len);
		buf_add_str(&want, i ? " 'sha256-" : "'sha256-");
		enc_b64_add(&want, hash, sizeof(hash));
		buf_add_char(&want, '\'');
	}
	assert_string_equal(site_style_src(w->site, "page/error.html"), want.data);
}

static void test_language_links(void **state)
{
	struct world *w = *state;
	struct view *v = site_view(w->site, &w->arena, "en");
	struct view_value list, href;

	site_view_page(w->site, v, "page/form.html", "en", "/s/news");
	assert_true(view_get(v, SLICE("langs"), &list));
	assert_non_null(list.first);
	assert_true(view_get(list.first, SLICE("href"), &href));
	assert_slice(href.text, "https://www.verein.test/j/s/news?lang=de");
	assert_null(view_next_item(list.first));
}

/* ---- what owners bring */

static enum err try_site(struct world *w, const char *extra)
{
	char yaml[sizeof(WORLD_SITE) + 200];
	struct site *s;
	enum err rc;

	snprintf(yaml, sizeof(yaml), "%s%s", WORLD_SITE, extra);
	world_write(w, "sites/club.yaml", yaml);
	site_free(w->site);
	w->site = NULL;
	conf_free(w->conf);
	world_load(w);
	memset(&world_ei, 0, sizeof(world_ei));
	rc = site_new(&s, w->conf, w->conf->sites[0], EI);
	assert_int_equal(s == NULL, rc != OK);
	w->site = s;
	return rc;
}

static void test_owner_words(void **state)
{
	struct world *w = *state;

	world_write(w, "sites/eigene/de/page.txt", "[page.home]\nHeim ins Netz\n");
	assert_ok(try_site(w, "templates: eigene\n"));
	assert_slice(site_say(w->site, "de", "page.home", site_view(w->site, &w->arena, "de")), "Heim ins Netz");
	/* All others are ours still. */
	assert_slice(site_say(w->site, "de", "page.again", site_view(w->site, &w->arena, "de")), "Neu bestellen");
	assert_slice(site_say(w->site, "en", "page.home", site_view(w->site, &w->arena, "en")), "Back to the website");
}

/* Each of these must be refused with the place, before any visitor sees it. */
static void test_owner_broken(void **state)
{
	static const struct {
		int row;
		const char *file, *text, *say;
	} rows[] = {
	    {__LINE__, "page/form.html", "<html>no consent box</html>", "page/form.html"},
	    {__LINE__, "page/confirm.html", "{{#consents}}{{/consents}}", "form_action"},
	    {__LINE__, "page/error.html", "{{#a}}", "page/error.html"},
	    {__LINE__, "page/error.html", "<p>{{@no.such.phrase}}</p>", "no.such.phrase"},
	    {__LINE__, "mail/confirm.txt", "{{link}}", "mail/confirm.txt"},
	    {__LINE__, "de/page.txt", "page.home\nx\n", "de/page.txt"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[200], full[300];
		snprintf(path, sizeof(path), "sites/kaputt/%s", rows[i].file);
		world_write(w, path, rows[i].text);
		if (try_site(w, "templates: kaputt\n") != E_INVALID || !strstr(world_ei.text, rows[i].say)
		    || !strstr(world_ei.text, "site club"))
			fail_msg("row %d: %s %s", rows[i].row, err_name(world_ei.code), world_ei.text);
		snprintf(full, sizeof(full), "%s/%s", w->root, path);
		assert_int_equal(unlink(full), 0);
	}
	assert_ok(try_site(w, "templates: kaputt\n"));
}

/* "du" changes the words, and where it has none, those of "Sie" stand. */
static void test_informal(void **state)
{
	struct world *w = *state;
	struct view *v;

	assert_ok(try_site(w, "address: du\n"));
	v = site_view(w->site, &w->arena, "de");
	assert_slice(site_say(w->site, "de", "page.home", v), "Zurück zur Website");
	assert_non_null(strstr(arena_str(&w->arena, site_say(w->site, "de", "error.email.missing", v)), "deine"));
	assert_ok(try_site(w, ""));
	v = site_view(w->site, &w->arena, "de");
	assert_slice(site_say(w->site, "de", "error.email.missing", v), "Tragen Sie Ihre Mail-Adresse ein.");
}

/* WORLD_SITE with a third language: every text gets a Dutch one. Heap. */
static char *with_dutch(const char *extra)
{
	const char *rest = WORLD_SITE;
	struct buf b;
	char *out;

	buf_init(&b, 1u << 16);
	for (const char *at; (at = strstr(rest, "en: ")) != NULL; rest = at + strcspn(at, "}")) {
		buf_add(&b, rest, (size_t)(at - rest));
		buf_add_str(&b, "nl: Nieuws, ");
		buf_add(&b, at, strcspn(at, "}"));
	}
	buf_printf(&b, "%s%s", rest, extra);
	out = buf_detach(&b, NULL);
	memcpy(strstr(out, "[de, en]"), "[de, nl]", 8);
	return out;
}

static enum err try_dutch(struct world *w, const char *extra)
{
	char *yaml = with_dutch(extra);
	enum err rc;

	world_write(w, "sites/club.yaml", yaml);
	free(yaml);
	site_free(w->site);
	w->site = NULL;
	conf_free(w->conf);
	world_load(w);
	memset(&world_ei, 0, sizeof(world_ei));
	rc = site_new(&w->site, w->conf, w->conf->sites[0], EI);
	return rc;
}

/* Another language is one folder, and a draft until somebody is named who read it. */
static void test_draft_language(void **state)
{
	struct world *w = *state;
	char path[200];

	for (size_t i = 0; i < embedded_count; i++) {
		if (strncmp(embedded_files[i].name, "en/", 3) != 0)
			continue;
		snprintf(path, sizeof(path), "sites/eigene/nl/%s", embedded_files[i].name + 3);
		world_write(w, path, (const char *)embedded_files[i].data);
	}
	assert_int_equal(try_dutch(w, ""), E_INVALID);
	assert_non_null(strstr(world_ei.text, "no words for language \"nl\""));
	assert_int_equal(try_dutch(w, "templates: eigene\n"), E_INVALID);
	assert_non_null(strstr(world_ei.text, "\"nl\" are a draft"));
	assert_int_equal(try_dutch(w, "templates: eigene\naccept_draft: false\n"), E_INVALID);
	assert_ok(try_dutch(w, "templates: eigene\naccept_draft: true\n"));
	assert_slice(site_say(w->site, "nl", "page.home", site_view(w->site, &w->arena, "nl")), "Back to the website");
	world_write(w, "sites/eigene/nl/reviewer.txt", "# who read it\nby: \n");
	assert_int_equal(try_dutch(w, "templates: eigene\n"), E_INVALID);
	world_write(w, "sites/eigene/nl/reviewer.txt", "by: A. Lezer, vertaler\non: 2026-11-21\n");
	assert_ok(try_dutch(w, "templates: eigene\n"));
}

/* Sites of one kind share words and templates; what differs is compiled once more. */
static void test_shared_voice(void **state)
{
	static const struct {
		const char *extra;
		size_t kinds;
	} rows[] = {{"", 1}, {"look: { accent: \"#aa0000\" }\n", 1}, {"address: du\n", 2}, {"", 2}, {"address: du\n", 2}};
	struct world *w = *state;
	struct site *s[5];
	struct conf *c[5];
	struct voices *v = voices_new(w->conf);

	for (size_t i = 0; i < 5; i++) {
		char *base = world_replace(WORLD_SITE, "look: { accent: \"#17604f\" }\n", "");
		char yaml[sizeof(WORLD_SITE) + 200];
		snprintf(yaml, sizeof(yaml), "%s%s", base, rows[i].extra);
		free(base);
		world_write(w, "sites/club.yaml", yaml);
		c[i] = w->conf;
		world_load(w);
		assert_ok(site_new_with(&s[i], v, w->conf, w->conf->sites[0], EI));
		assert_int_equal(voices_count(v), rows[i].kinds);
	}
	assert_ptr_equal(site_words(s[0], "de"), site_words(s[1], "de"));
	assert_ptr_equal(site_words(s[0], "de"), site_words(s[3], "de"));
	assert_ptr_not_equal(site_words(s[0], "de"), site_words(s[2], "de"));
	assert_string_not_equal(site_style_src(s[0], "page/error.html"), site_style_src(s[1], "page/error.html"));
	for (size_t i = 0; i < 5; i++)
		site_free(s[i]);
	voices_free(v);
	for (size_t i = 0; i < 5; i++)
		conf_free(c[i]);
}

/* A set at rest keeps what owners wrote, and what they did not write. */
static void test_voice_rests(void **state)
{
	struct world *w = *state;
	struct voices *v;
	struct site *s;

	world_write(w, "sites/eigene/de/page.txt", "[page.home]\nHeim ins Netz\n");
	assert_ok(try_site(w, "templates: eigene\n"));
	v = voices_new(w->conf);
	for (int i = 0; i < 2; i++) {
		assert_ok(site_new_with(&s, v, w->conf, w->conf->sites[0], EI));
		assert_slice(site_say(s, "de", "page.home", site_view(s, &w->arena, "de")), "Heim ins Netz");
		assert_slice(site_say(s, "en", "page.home", site_view(s, &w->arena, "en")), "Back to the website");
		site_free(s);
		voices_rest(v);
		assert_int_equal(voices_count(v), 0);
		world_write(w, "sites/eigene/de/page.txt", "[page.home]\nAnders\n");
		world_write(w, "sites/eigene/en/page.txt", "[page.home]\nOther\n");
	}
	voices_free(v);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_lang), T(test_words), T(test_missing_phrase), T(test_style), T(test_language_links),
	    T(test_owner_words), T(test_owner_broken), T(test_informal), T(test_draft_language),
	    T(test_shared_voice), T(test_voice_rests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
