/* The form in its shapes: the same fields, wording and names everywhere, and what was typed kept safe. */
#include "core/formpage.h"

#include "lib/world.h"

static char *render(struct world *w, enum formpage_kind kind, const struct formpage *f)
{
	struct buf b;

	buf_init_arena(&b, &w->arena, SITE_PAGE_MAX_BYTES);
	assert_ok(formpage_render(w->site, &w->arena, kind, f, &b, EI));
	return b.data;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("%s is not in\n%s", what, text);
}

static void test_shapes(void **state)
{
	static const char *const ids[] = {"news", "both", "extra"}, *const langs[] = {"de", "en"};
	struct world *w = *state;

	for (int f = 0; f < 3; f++)
		for (int l = 0; l < 2; l++)
			for (int kind = 0; kind < FORMPAGE__MAX; kind++) {
				const struct conf_form *form = world_form(w, ids[f]);
				const struct formpage fp = {.form = form, .lang = langs[l]};
				const char *page = render(w, (enum formpage_kind)kind, &fp);
				char honeypot[GATE_HONEYPOT_BYTES], want[200];
				gate_honeypot(w->site, form, honeypot);
				snprintf(want, sizeof(want), "name=\"v\" value=\"%s\"", world_consent(w, ids[f], langs[l])->v);
				has(page, want);
				snprintf(want, sizeof(want), "name=\"%s\"", honeypot);
				has(page, want);
				snprintf(want, sizeof(want), "action=\"https://www.verein.test/j/s/%s\"", ids[f]);
				has(page, want);
				snprintf(want, sizeof(want), "name=\"lang\" value=\"%s\"", langs[l]);
				has(page, want);
				snprintf(want, sizeof(want), "https://www.verein.test/j/n?lang=%s", langs[l]);
				has(page, want);
				assert_int_equal(count(page, "type=\"checkbox\""), form->npurposes);
				assert_int_equal(count(page, "name=\"p\""), form->npurposes > 1 ? form->npurposes : 0);
				assert_int_equal(count(page, "name=\"ok\""), form->npurposes > 1 ? 0 : 1);
				assert_int_equal(count(page, "<form"), 1);
				assert_int_equal(count(page, " checked"), 0);
				/* Ids are there once, and labels point to them. */
				assert_int_equal(count(page, "id=\"jw-email\""), 1);
				assert_int_equal(count(page, "for=\"jw-email\""), 1);
				assert_int_equal(count(page, "{{"), 0);
				assert_int_equal(count(page, "<html"), kind == FORMPAGE_FRAGMENT ? 0 : 1);
			}
}

/* The same bytes every time: no token, no time, nothing of the visitor. */
static void test_stable(void **state)
{
	struct world *w = *state;
	const struct formpage fp = {.form = world_form(w, "both"), .lang = "de"};
	char *one = render(w, FORMPAGE_PAGE, &fp), *two;

	world_wait(w, 400 * DAY_MS);
	two = render(w, FORMPAGE_PAGE, &fp);
	assert_string_equal(one, two);
}

static void test_ids(void **state)
{
	static const struct {
		int row;
		const char *id;
		bool good;
	} rows[] = {
	    {__LINE__, "a", true}, {__LINE__, "jw", true}, {__LINE__, "a-1", true}, {__LINE__, "abcdefghijklmnop", true},
	    {__LINE__, "abcdefghijklmnopq", false}, {__LINE__, "", false}, {__LINE__, "1a", false}, {__LINE__, "-a", false},
	    {__LINE__, "A", false}, {__LINE__, "a b", false}, {__LINE__, "a\"", false}, {__LINE__, "a_b", false},
	    {__LINE__, "ä", false}, {__LINE__, "a.b", false},
	};
	struct world *w = *state;
	struct formpage fp = {.form = world_form(w, "both"), .lang = "de", .id = "zwei"};
	char *page = render(w, FORMPAGE_FRAGMENT, &fp);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (formpage_id_valid(slice_from(rows[i].id)) != rows[i].good)
			fail_msg("row %d", rows[i].row);
	assert_int_equal(count(page, "id=\"jw-"), 0);
	has(page, "id=\"zwei-p-news\"");
	has(page, "for=\"zwei-p-events\"");
	for (unsigned h = 2; h <= 6; h++) {
		char want[8];
		fp.heading = h;
		snprintf(want, sizeof(want), "<h%u", h);
		has(render(w, FORMPAGE_FRAGMENT, &fp), want);
	}
	assert_int_equal(formpage_heading(SLICE("2")), 2);
	assert_int_equal(formpage_heading(SLICE("6")), 6);
	static const char *const no[] = {"", "1", "7", "22", "h2", " 2", "2 ", "-2"};
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_int_equal(formpage_heading(slice_from(no[i])), 0);
}

/* What was typed comes back as text, in its place; ticks are not set again. */
static void test_typed(void **state)
{
	struct world *w = *state;
	struct form *typed = arena_alloc(&w->arena, sizeof(*typed));
	const struct formpage *fp;
	struct gate_answer a;
	char body[600], *page;

	snprintf(body, sizeof(body), "email=%%22onfocus%%3D1+x&p=news&p=events&v=%s&last_name=%%3C%%2Fscript%%3E%%26amp%%3B%%22'"
	    "&organization=&page=https%%3A%%2F%%2Fwww.verein.test%%2F%%22x", world_consent(w, "both", "de")->v);
	a = world_gate(w, "both", body);
	assert_int_equal(a.result, GATE_INPUT);
	assert_ok(form_parse(&w->arena, slice_from(body), typed, EI));
	fp = &(struct formpage){.form = world_form(w, "both"), .lang = "de", .typed = typed, .answer = &a};
	page = render(w, FORMPAGE_PAGE, fp);
	has(page, "value=\"&quot;onfocus=1 x\"");
	has(page, "&lt;/script&gt;&amp;amp;&quot;");
	assert_int_equal(count(page, "</script>&"), 0);
	assert_int_equal(count(page, " checked"), 0);
	has(page, "Eine Angabe stimmt noch nicht");
	assert_int_equal(count(page, "aria-invalid=\"true\""), 1);
	has(page, "href=\"#jw-email\"");
	/* Every shape has them, also beside a changed wording. */
	has(render(w, FORMPAGE_CHANGED, fp), "value=\"&quot;onfocus=1 x\"");
	has(render(w, FORMPAGE_FRAGMENT, fp), "value=\"&quot;onfocus=1 x\"");
}

/* Each error that the gate knows has words in both languages, with all values filled in. */
static void test_messages(void **state)
{
	static const char *const keys[] = {"error.email.missing", "error.email.long", "error.email.many",
	    "error.email.invalid", "error.email.letters", "error.email.domain", "error.consent.missing",
	    "error.consent.none", "error.field.missing", "error.field.long", "error.field.characters",
	    "error.field.twice"};
	static const char *const langs[] = {"de", "en"}, *const fields[] = {"email", "last_name", "ok", "p"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		for (int l = 0; l < 2; l++)
			for (int f = 0; f < 4; f++) {
				const struct gate_error e = {.field = fields[f], .key = keys[i], .max = 100};
				char *s = arena_str(&w->arena, formpage_error(w->site, site_view(w->site, &w->arena, langs[l]),
				    langs[l], &e));
				assert_true(strlen(s) > 10);
				assert_int_equal(count(s, "{"), 0);
				if (strcmp(keys[i], "error.field.long") == 0)
					has(s, "100");
			}
}

/* Where mails go and where data lie is said at the form, by the configuration. */
static void test_recipients(void **state)
{
	struct world *w = *state;
	const struct formpage before = {.form = world_form(w, "news"), .lang = "de"};
	char *yaml;

	has(render(w, FORMPAGE_PAGE, &before), "Die Mails verschicken wir selbst.");
	yaml = world_replace(WORLD_SITE, "  route: [dir]\n  dir: { path: ../mails }\nhosting: self\n",
	    "  route: [mailjet]\n  mailjet: { key_file: mailjet.key }\nhosting: self\nprocessors:\n  mailjet:\n"
	    "    contract_party: Mailjet SAS\n    address: [13-13 bis rue de l’Aubrac, 75012 Paris]\n    country: FR\n"
	    "    us_affiliate: true\n    storage_locations: [DE, US]\n    contract: { date: 2026-03-01 }\n"
	    "    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }\n");
	world_reload(w, yaml);
	{
		const struct formpage fp = {.form = world_form(w, "news"), .lang = "de"};
		char *page = render(w, FORMPAGE_PAGE, &fp);
		has(page, "Mailjet SAS");
		has(page, "USA");
		assert_int_equal(count(page, "Die Mails verschicken wir selbst."), 0);
	}
	free(yaml);
	world_reload(w, WORLD_SITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shapes), cmocka_unit_test(test_stable), cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_typed), cmocka_unit_test(test_messages), cmocka_unit_test(test_recipients),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
