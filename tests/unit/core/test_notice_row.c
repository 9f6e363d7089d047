/*
 * The table of rows of the notice: every row is used, every phrase exists in
 * every language, every trigger is both true and false somewhere.
 */
#include "core/notice_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "unit/core/notice_world.h"

#define ROWS_MAX 128
static const char *const SITES[] = {"club", "firm", "world", "site", "portal"};
#define SITE_COUNT (sizeof(SITES) / sizeof(SITES[0]))

static const char *const HOLD[] = {"N1", "N2", "N3", "N4", "N5", "N7", "N8", "N9", "N10", "N11", "N12",
    "N13", "N14",
	"N15", "N16", "N17", "N18", "N19", "N20", "N21", "N22", "N23", "N24", "N25", "N26", "N28", "N29", "N30",
	    "N31",
	"N33", "W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9"};

static size_t times(const struct notice_facts *f, enum notice_per per)
{
	return notice_times(f, per);
}

struct seen {
	bool yes, no;
};

static void look(const struct notice_facts *f, struct seen *seen)
{
	size_t n;
	const struct notice_row *rows = notice_rows(&n);

	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < times(f, rows[r].per); i++) {
			bool applies = rows[r].applies(f, i);
			seen[r].yes |= applies;
			seen[r].no |= !applies;
		}
}

/* Every configuration, with and without a place to see one's data, with and without a public log. */
static void test_triggers_are_true_and_false(void **state)
{
	struct seen seen[ROWS_MAX] = {{false, false}};
	size_t n;
	const struct notice_row *rows = notice_rows(&n);

	(void)state;
	assert_true(n < ROWS_MAX);
	for (size_t s = 0; s <= SITE_COUNT + 2; s++)
		for (int hub = 0; hub < 2; hub++) {
			struct conf_site c = world_copy(s < SITE_COUNT ? SITES[s] : s == SITE_COUNT ? "firm" :
			    s == SITE_COUNT + 1 ? "portal" : "site");
			struct notice_facts f;
			struct errinfo ei = {0};
			struct conf_purpose by_text = c.purposes[0];
			const char *const own[] = {"https://abo.firma.example.org"};
			if (s == SITE_COUNT) {
				c.nprocessors = 0; /* only a host, in the EEA */
				by_text.channel = CONF_SMS;
				c.purposes = &by_text;
				c.npurposes = 1;
				c.origins = (struct conf_list){own, 1}; /* the host runs website and form */
			}
			if (s == SITE_COUNT + 1) { /* the other half of each pair */
				c.website.logs.n = 0;
				c.website.statistics.cookies.n = 0;
				c.nprocessors = 0;
			}
			if (s == SITE_COUNT + 2)
				c.website.logs.n = 7, c.retention.erase_evidence = true;
			if (notice_facts_read(&f, &c, &world.arena, "de", hub, &ei))
				fail_msg("%s", ei.text);
			f.log_public = hub;
			look(&f, seen);
		}
	for (size_t r = 0; r < n; r++) {
		const char *key = rows[r].key ? rows[r].key : "(table)";
		if (!seen[r].yes)
			fail_msg("%s %s: no configuration shows this row", rows[r].id, key);
		if (!seen[r].no && rows[r].applies != notice_always)
			fail_msg("%s %s: the trigger is never false", rows[r].id, key);
	}
	arena_reset(&world.arena);
}

static void need(const struct site *s, const char *lang, const char *key)
{
	if (key && !phrases_get(site_words(s, lang), slice_from(key)))
		fail_msg("%s is missing in %s", key, lang);
}

static void test_phrases_exist_everywhere(void **state)
{
	size_t n;
	const struct notice_row *rows = notice_rows(&n);
	struct conf_site du = world_copy("club");

	(void)state;
	du.address = CONF_DU;
	for (int k = 0; k < 2; k++) {
		struct site *s = world_site(k ? &du : conf_site_by_id(world.conf, "club"));
		for (size_t r = 0; r < n; r++) {
			need(s, "de", rows[r].key);
			need(s, "de", rows[r].title);
			need(s, "de", rows[r].subtitle);
			need(s, "en", rows[r].key);
			need(s, "en", rows[r].title);
			need(s, "en", rows[r].subtitle);
		}
		site_free(s);
	}
}

static void test_rows_are_complete(void **state)
{
	size_t n;
	const struct notice_row *rows = notice_rows(&n);

	(void)state;
	for (size_t h = 0; h < sizeof(HOLD) / sizeof(HOLD[0]); h++) {
		size_t found = 0;
		for (size_t r = 0; r < n; r++)
			found += strcmp(rows[r].id, HOLD[h]) == 0;
		if (!found)
			fail_msg("no row %s", HOLD[h]);
	}
	for (size_t r = 0; r < n; r++) {
		const struct notice_row *row = &rows[r];
		assert_true(*row->articles != '\0');
		if (!row->key && !row->fill)
			fail_msg("%s says nothing", row->id);
		/* what opens a section in the body has a heading */
		if ((row->place == NOTICE_BODY) != (row->title != NULL))
			fail_msg("%s %s: heading and place do not fit", row->id, row->key ? row->key : "");
		/* who claims Art. 6(1)(f) as the basis of a section in the body stands in the box */
		if (row->place == NOTICE_BODY && strstr(row->articles, "13(1)(c)-(d)") && !row->interest)
			fail_msg("%s: interest without the box", row->id);
	}
}

/* Rows of one section follow each other, or it would be opened twice. */
static void test_sections_are_in_one_piece(void **state)
{
	size_t n;
	const struct notice_row *rows = notice_rows(&n);

	(void)state;
	for (size_t r = 1; r < n; r++)
		for (size_t k = 0; k + 1 < r; k++)
			if (strcmp(rows[k].section, rows[r].section) == 0 &&
			    strcmp(rows[r - 1].section, rows[r].section) != 0)
				fail_msg("section %s is in two pieces", rows[r].section);
}

static void render_row(struct notice_walk *w, const struct notice_row *row, size_t i)
{
	struct view *v = view_child(w->doc->root);
	struct buf out;

	if (row->fill)
		row->fill(w, v, i);
	buf_init_arena(&out, w->a, 65536);
	if (!w->err && row->key)
		w->err = phrase_html_block(&out, phrases_get(site_words(w->site, w->lang), slice_from(row->key)), v, 2,
		    w->ei);
	if (w->err)
		fail_msg("%s %s: %s", row->id, row->key ? row->key : "", w->ei->text);
}

/* Every row, also those that no configuration of today shows, can be rendered: no value is missing. */
static void test_every_row_renders(void **state)
{
	const char *const langs[] = {"de", "en"};
	size_t n;
	const struct notice_row *rows = notice_rows(&n);

	(void)state;
	for (size_t k = 0; k < SITE_COUNT * 4; k++) {
		struct conf_site c = world_copy(SITES[k / 4]);
		struct site *s = world_site(&c);
		const char *lang = langs[k % 2];
		struct notice_doc d = {.root = site_view(s, &world.arena, lang)};
		struct notice_facts f;
		struct errinfo ei = {0};
		struct notice_walk w = {.site = s, .f = &f, .a = &world.arena, .lang = lang, .doc = &d, .ei = &ei};
		assert_int_equal(notice_facts_read(&f, &c, &world.arena, lang, k / 2 % 2, &ei), OK);
		f.log_public = true;
		if (k / 2 % 2)
			view_url(d.root, "my_url", SLICE("https://www.welt.example.org/j/my"));
		view_int(d.root, "section_transfer", 3);
		for (size_t r = 0; r < n; r++)
			for (size_t i = 0; i < times(&f, rows[r].per); i++)
				if (rows[r].applies(&f, i))
					render_row(&w, &rows[r], i);
		arena_reset(&world.arena);
		site_free(s);
	}
}

static const struct {
	int line;
	const char *articles;
	unsigned paragraph;
	char letter;
	bool have;
} ARTICLES[] = {
	{__LINE__, "13(1)(a)", 1, 'a', true},
	{__LINE__, "13(1)(a)", 1, 'b', false},
	{__LINE__, "13(1)(a)", 2, 'a', false},
	{__LINE__, "13(1)(c)-(e); 13(2)(a)", 1, 'd', true},
	{__LINE__, "13(1)(c)-(e); 13(2)(a)", 1, 'f', false},
	{__LINE__, "13(1)(c)-(e); 13(2)(a)", 2, 'a', true},
	{__LINE__, "13(2)(c); 7(3)", 3, 0, false},
	{__LINE__, "13(3); 7", 3, 0, true},
	{__LINE__, "21(1); 13(1)(d)", 1, 'd', true},
	{__LINE__, "UK GDPR 13; PECR 22", 3, 0, false},
};

static void test_articles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ARTICLES) / sizeof(ARTICLES[0]); i++)
		if (notice_articles_have(ARTICLES[i].articles, ARTICLES[i].paragraph, ARTICLES[i].letter) !=
		    ARTICLES[i].have)
			fail_msg("row of line %d", ARTICLES[i].line);
}

/* ---- facts */

static void test_fields_of_several_forms(void **state)
{
	static const struct conf_field one[] = {{"first_name", false}}, two[] = {{"first_name", true},
	    {"last_name", false}};
	struct conf_site c = world_copy("firm");
	const struct conf_purpose *const news[] = {&c.purposes[0]}, *const tips[] = {&c.purposes[1]};
	const struct conf_form forms[] = {
		{.id = "a", .purposes = news, .npurposes = 1, .fields = one, .nfields = 1},
		{.id = "b", .purposes = tips, .npurposes = 1, .fields = two, .nfields = 2},
	};
	struct notice_field out[NOTICE_FIELDS_MAX];

	(void)state;
	c.forms = forms;
	c.nforms = 2;
	assert_int_equal(notice_fields(&c, NULL, out), 2);
	assert_string_equal(out[0].name, "first_name");
	assert_true(out[0].required);
	assert_false(out[1].required);
	assert_int_equal(notice_fields(&c, &c.purposes[0], out), 1);
	assert_false(out[0].required);
	assert_int_equal(notice_fields(&c, &c.purposes[1], out), 2);
}

/* What protects data, by firm: countries of the firm, covered ones, the framework, the rest. */
static const struct {
	int line;
	const char *id;
	size_t direct, decided, rest;
	bool dpf;
	size_t group, group_decided, group_rest;
	bool group_dpf;
} REACH[] = {
	{__LINE__, "cloud", 3, 1, 1, true, 0, 0, 0, false},
	{__LINE__, "group", 0, 0, 0, false, 2, 1, 0, true},
	{__LINE__, "rules", 1, 0, 1, false, 0, 0, 0, false},
	{__LINE__, "affiliate", 0, 0, 0, false, 1, 0, 1, false},
	{__LINE__, "open", 1, 0, 1, false, 0, 0, 0, false},
};

static void test_reach(void **state)
{
	struct conf_site c = world_copy("world");
	struct notice_facts f;
	struct errinfo ei = {0};

	(void)state;
	assert_int_equal(notice_facts_read(&f, &c, &world.arena, "de", false, &ei), OK);
	assert_int_equal(f.nfirms, sizeof(REACH) / sizeof(REACH[0]));
	for (size_t i = 0; i < f.nfirms; i++) {
		const struct notice_firm *x = &f.firms[i];
		if (strcmp(x->p->id, REACH[i].id) != 0 || x->direct.all.n != REACH[i].direct ||
		    x->direct.decided.n != REACH[i].decided || x->direct.rest.n != REACH[i].rest ||
		    x->direct.dpf != REACH[i].dpf || x->group.all.n != REACH[i].group ||
		    x->group.decided.n != REACH[i].group_decided || x->group.rest.n != REACH[i].group_rest ||
		    x->group.dpf != REACH[i].group_dpf)
			fail_msg("row of line %d", REACH[i].line);
	}
	assert_string_equal(f.third.v[0], "CH");
	assert_int_equal(f.third.n, 5);
	arena_reset(&world.arena);
}

/* The framework counts only for a firm that stands on the list. */
static void test_framework_needs_listing(void **state)
{
	struct conf_site c = world_copy("world");
	struct conf_processor p = c.processors[0];
	struct notice_facts f;
	struct errinfo ei = {0};

	(void)state;
	p.transfer.dpf.listed = false;
	c.processors = &p;
	c.nprocessors = 1;
	assert_int_equal(notice_facts_read(&f, &c, &world.arena, "de", false, &ei), OK);
	assert_false(f.firms[0].direct.dpf);
	assert_true(notice_codes_has(&f.firms[0].direct.rest, "US"));
	arena_reset(&world.arena);
}

/* An adequacy decision that is only claimed does not let a live site pass. */
static void test_claimed_adequacy_is_refused(void **state)
{
	static const char *const claim[] = {"adequacy"};
	struct conf_site c = world_copy("world");
	struct conf_processor p = c.processors[2];
	struct notice_facts f;
	struct errinfo ei = {0};

	(void)state;
	c.mode = CONF_LIVE;
	p.transfer.mechanism = (struct conf_list){claim, 1};
	c.processors = &p;
	c.nprocessors = 1;
	assert_int_equal(notice_facts_read(&f, &c, &world.arena, "de", false, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "processors.rules"));
	p.country = "JP";
	assert_int_equal(notice_facts_read(&f, &c, &world.arena, "de", false, &ei), OK);
	arena_reset(&world.arena);
}

static const struct {
	int line;
	const char *origins[2];
	const char *base_host;
	bool here, elsewhere;
} HOSTS[] = {
	{__LINE__, {"https://a.example.org", NULL}, "a.example.org", true, false},
	{__LINE__, {"https://a.example.org", NULL}, "b.example.org", false, true},
	{__LINE__, {"https://a.example.org", "https://b.example.org"}, "b.example.org", true, true},
	{__LINE__, {"http://localhost:8080", NULL}, "localhost:8080", true, false},
	{__LINE__, {"http://localhost:8081", NULL}, "localhost:8080", false, true},
	{__LINE__, {NULL, NULL}, "a.example.org", true, false},
};

static void test_where_forms_stand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(HOSTS) / sizeof(HOSTS[0]); i++) {
		struct conf_site c = world_copy("club");
		struct notice_facts f;
		struct errinfo ei = {0};
		c.origins = (struct conf_list){HOSTS[i].origins, 0};
		while (c.origins.n < 2 && HOSTS[i].origins[c.origins.n])
			c.origins.n++;
		c.base_host = HOSTS[i].base_host;
		assert_int_equal(notice_facts_read(&f, &c, &world.arena, "de", false, &ei), OK);
		if (f.form_here != HOSTS[i].here || f.form_elsewhere != HOSTS[i].elsewhere)
			fail_msg("row of line %d", HOSTS[i].line);
	}
	arena_reset(&world.arena);
}

static const struct {
	int line;
	struct conf_duration evidence;
	const char *lang, *rule;
} RULES[] = {
	{__LINE__, {.seconds = 1, .n = 3, .unit = 'y'}, "de", "bis zum 31. Dezember des dritten Jahres, nachdem"},
	{__LINE__, {.seconds = 1, .n = 1, .unit = 'y'}, "en", "until 31 December of the first year after"},
	{__LINE__, {.seconds = 1, .n = 10, .unit = 'y'}, "de", "des zehnten Jahres"},
	{__LINE__, {.seconds = 1, .n = 11, .unit = 'y'}, "de", "11 Jahre lang"},
	{__LINE__, {.seconds = 1, .n = 1, .unit = 'd'}, "en", "for 1 day after"},
};

static void test_evidence_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
		struct conf_site c = world_copy("club");
		struct site *s = world_site(&c);
		struct notice_facts f = {.conf = &c, .lang = RULES[i].lang};
		struct errinfo ei = {0};
		struct notice_walk w = {.site = s, .f = &f, .a = &world.arena, .lang = RULES[i].lang, .ei = &ei};
		struct slice rule;
		c.retention.evidence = RULES[i].evidence;
		rule = notice_evidence_rule(&w, site_view(s, &world.arena, RULES[i].lang));
		if (!memmem(rule.ptr, rule.len, RULES[i].rule, strlen(RULES[i].rule)))
			fail_msg("row of line %d: %.*s", RULES[i].line, SLICE_FMT(rule));
		site_free(s);
	}
	arena_reset(&world.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_triggers_are_true_and_false),
		cmocka_unit_test(test_phrases_exist_everywhere),
		cmocka_unit_test(test_rows_are_complete),
		cmocka_unit_test(test_sections_are_in_one_piece),
		cmocka_unit_test(test_every_row_renders),
		cmocka_unit_test(test_articles),
		cmocka_unit_test(test_fields_of_several_forms),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_framework_needs_listing),
		cmocka_unit_test(test_claimed_adequacy_is_refused),
		cmocka_unit_test(test_where_forms_stand),
		cmocka_unit_test(test_evidence_rule),
	};

	return cmocka_run_group_tests(tests, world_up, world_down);
}
