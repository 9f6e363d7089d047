/*
 * Records: golden files, every fact asserted from the configuration, the tables of activities and measures walked,
 * and measures that follow the configuration they are read from.
 */
#include "core/ropa_priv.h"

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
#include "conf/key.h"
#include "core/country.h"
#include "core/embed.h"
#include "core/when.h"
#include "unit/core/notice_world.h"

#define NOW_MS INT64_C(1795270509123) /* 21 November 2026 */

typedef enum err format_fn(const struct ropa *r, struct buf *out, struct errinfo *ei);

static const char *const KINDS[ROPA__MAX] = {"owner", "host", "avv", "tia"};

static struct slice make(enum ropa_kind kind, const struct site *const *sites, size_t n, const char *lang, format_fn *fn)
{
	struct errinfo ei = {0};
	struct ropa *r;
	struct buf b;

	if (ropa_make(&r, kind, sites, n, lang, NOW_MS, &world.arena, &ei))
		fail_msg("%s", ei.text);
	buf_init_arena(&b, &world.arena, ROPA_MAX_BYTES);
	if (fn(r, &b, &ei))
		fail_msg("%s", ei.text);
	ropa_free(r);
	return buf_slice(&b);
}

/* The sum of a configuration changes with every new key; golden files must not. */
static struct conf_site fixed_copy(const char *id)
{
	struct conf_site c = world_copy(id);

	snprintf(c.hash_hex, sizeof(c.hash_hex), "%064d", 7);
	return c;
}

static struct slice of(enum ropa_kind kind, const char *id, const char *lang, format_fn *fn)
{
	struct conf_site c = fixed_copy(id);
	struct site *s = world_site(&c);
	const struct site *one = s;
	struct slice out = make(kind, &one, 1, lang, fn);

	site_free(s);
	return out;
}

static bool has(struct slice text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

/* The style sheet is looked after elsewhere and not part of a record. */
static struct slice without_style(struct slice s)
{
	const char *from = memmem(s.ptr, s.len, "<style>", 7), *to = memmem(s.ptr, s.len, "</style>", 8);
	struct buf b;

	if (!from || !to)
		return s;
	buf_init_arena(&b, &world.arena, ROPA_MAX_BYTES);
	buf_add(&b, s.ptr, (size_t)(from - s.ptr) + 7);
	buf_add(&b, to, s.len - (size_t)(to - s.ptr));
	return buf_slice(&b);
}

static void golden(const char *name, struct slice page)
{
	struct slice got = without_style(page);
	struct errinfo ei = {0};
	char path[128];
	struct buf want;

	snprintf(path, sizeof(path), "tests/golden/ropa/%s", name);
	if (getenv("UPDATE_GOLDEN") || getenv("GOLDEN")) {
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
		fail_msg("%s differs at byte %zu; got \"%.*s\"", path, at, (int)(got.len - at > 200 ? 200 : got.len - at),
		    got.ptr + at);
	}
	buf_free(&want);
}

static const struct {
	enum ropa_kind kind;
	const char *id, *lang;
} GOLDEN[] = {
	{ROPA_OWNER, "club", "de"}, {ROPA_OWNER, "club", "en"}, {ROPA_OWNER, "firm", "de"}, {ROPA_OWNER, "firm", "en"},
	{ROPA_OWNER, "world", "de"}, {ROPA_OWNER, "world", "en"}, {ROPA_AVV, "firm", "de"}, {ROPA_AVV, "firm", "en"},
	{ROPA_OWNER, "site", "de"}, {ROPA_OWNER, "site", "en"}, {ROPA_OWNER, "portal", "de"}, {ROPA_OWNER, "portal", "en"},
	{ROPA_TIA, "site", "de"}, {ROPA_TIA, "portal", "en"},
	{ROPA_TIA, "firm", "de"}, {ROPA_TIA, "world", "de"}, {ROPA_TIA, "world", "en"}, {ROPA_TIA, "club", "de"},
};
#define GOLDEN_COUNT (sizeof(GOLDEN) / sizeof(GOLDEN[0]))

static void test_golden(void **state)
{
	static const struct {
		format_fn *fn;
		const char *ending;
	} forms[] = {{ropa_html, "html"}, {ropa_csv, "csv"}, {ropa_json, "json"}};
	char name[64];

	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++)
		for (size_t k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "%s.%s.%s.%s", KINDS[GOLDEN[i].kind], GOLDEN[i].id, GOLDEN[i].lang,
			    forms[k].ending);
			golden(name, of(GOLDEN[i].kind, GOLDEN[i].id, GOLDEN[i].lang, forms[k].fn));
			arena_reset(&world.arena);
		}
}

static void worlds(struct site *all[static 3])
{
	static const char *const ids[] = {"club", "firm", "world"};
	static struct conf_site copies[3];

	for (size_t i = 0; i < 3; i++) {
		copies[i] = fixed_copy(ids[i]);
		all[i] = world_site(&copies[i]);
	}
}

static void test_golden_host(void **state)
{
	struct site *all[3];

	(void)state;
	worlds(all);
	golden("host.de.html", make(ROPA_HOST, (const struct site *const *)all, 3, "de", ropa_html));
	golden("host.en.json", make(ROPA_HOST, (const struct site *const *)all, 3, "en", ropa_json));
	arena_reset(&world.arena);
	for (size_t i = 0; i < 3; i++)
		site_free(all[i]);
}

/* ---- every name and date of the configuration stands in the record */

static void need(struct slice text, const char *what, const char *where)
{
	if (*what && !has(text, what))
		fail_msg("%s: \"%s\" is missing", where, what);
}

static void need_date(struct slice text, const struct conf_date *d, const char *lang, const char *where)
{
	if (d->year)
		need(text, when_date(&world.arena, clock_parse_iso(d->text, strlen(d->text)), "UTC", lang).ptr, where);
}

static void need_processor(struct slice text, const struct conf_processor *p, const char *lang, const char *where)
{
	need(text, p->contract_party, where);
	for (size_t i = 0; i < p->address.n; i++)
		need(text, p->address.v[i], where);
	need(text, country_name(p->country, lang), where);
	need_date(text, &p->contract.date, lang, where);
}

static void test_every_fact_of_the_configuration(void **state)
{
	static const char *const ids[] = {"club", "firm", "world", "site", "portal"}, *const langs[] = {"de", "en"};

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		const struct conf_site *c = conf_site_by_id(world.conf, ids[i % 5]);
		const char *lang = langs[i / 5];
		struct slice text = of(ROPA_OWNER, c->id, lang, ropa_csv);

		need(text, c->controller.name, c->id);
		need(text, c->controller.represented_by, c->id);
		need(text, c->controller.email, c->id);
		need(text, c->dpo.email, c->id);
		need(text, c->representative.name, c->id);
		need(text, c->base_url, c->id);
		for (size_t k = 0; k < c->controller.address.n; k++)
			need(text, c->controller.address.v[k], c->id);
		for (size_t k = 0; k < c->joint.with.n; k++)
			need(text, c->joint.with.v[k], c->id);
		for (size_t k = 0; k < c->npurposes; k++) {
			need(text, conf_text_get(&c->purposes[k].title, lang), c->id);
			need(text, conf_text_get(&c->purposes[k].content, lang), c->id);
			need(text, conf_text_get(&c->purposes[k].frequency, lang), c->id);
			need(text, conf_text_get(&c->purposes[k].special, lang), c->id);
			need(text, c->purposes[k].advertiser, c->id);
		}
		for (size_t k = 0; k < c->nprocessors; k++)
			need_processor(text, &c->processors[k], lang, c->id);
		if (c->hosting_kind == CONF_NAMED)
			need_processor(text, &c->hosting, lang, c->id);
		for (size_t k = 0; k < c->website.nembeds; k++) {
			need(text, c->website.embeds[k].name, c->id);
			need(text, c->website.embeds[k].firm.contract_party, c->id);
		}
		need(text, c->website.statistics.tool, c->id);
		arena_reset(&world.arena);
	}
}

static void test_every_transfer_is_assessed(void **state)
{
	const struct conf_site *c = conf_site_by_id(world.conf, "world");
	struct slice text = of(ROPA_TIA, "world", "de", ropa_csv);

	(void)state;
	for (size_t k = 0; k < c->nprocessors; k++) {
		const struct conf_processor *p = &c->processors[k];

		need_processor(text, p, "de", p->id);
		need(text, p->parent, p->id);
		need_date(text, &p->transfer.tia_date, "de", p->id);
		need_date(text, &p->transfer.dpf.checked_on, "de", p->id);
		for (size_t i = 0; i < p->storage_locations.n; i++)
			need(text, country_name(p->storage_locations.v[i], "de"), p->id);
	}
	assert_true(has(text, "\"keine genannt: Singapur\""));
	assert_true(has(text, "Mutterunternehmen und durch Firmen des Konzerns"));
	assert_true(has(text, "FISA 702"));
	arena_reset(&world.arena);
}

/* Questions follow the facts: no parent, no question about it; no USA, no FISA. */
static void test_questions_follow_facts(void **state)
{
	struct conf_site c = world_copy("world");
	const struct site *one;
	struct slice text;
	struct site *s;

	(void)state;
	c.processors = &c.processors[2]; /* rules: sits in India */
	c.nprocessors = 1;
	s = world_site(&c);
	one = s;
	text = make(ROPA_TIA, &one, 1, "de", ropa_json);
	assert_false(has(text, "FISA"));
	assert_false(has(text, "Mutterunternehmen"));
	assert_false(has(text, "Datenschutzrahmen"));
	assert_true(has(text, "Welches Recht des Landes"));
	site_free(s);
	assert_true(has(of(ROPA_TIA, "club", "de", ropa_json), "Es ist nichts abzusch"));
	arena_reset(&world.arena);
}

/* Certificates stand in the records of the contract, and nowhere else. */
static void test_certificates(void **state)
{
	static const char *const shown[] = {"ISO 27001"};
	struct conf_site c = world_copy("firm");
	struct conf_processor mailjet = c.processors[0];
	const struct site *one;
	struct site *s;

	(void)state;
	mailjet.certificates = c.hosting.certificates = (struct conf_list){shown, 1};
	c.processors = &mailjet;
	c.nprocessors = 1;
	s = world_site(&c);
	one = s;
	assert_true(has(make(ROPA_TIA, &one, 1, "de", ropa_json), "ISO 27001"));
	assert_true(has(make(ROPA_AVV, &one, 1, "de", ropa_json), "ISO 27001"));
	assert_false(has(make(ROPA_OWNER, &one, 1, "de", ropa_json), "ISO 27001"));
	site_free(s);
	arena_reset(&world.arena);
}

/* ---- activities */

/* Every kind of data that is kept belongs to an activity, or says that it is about nobody. */
static void test_every_period_has_its_activity(void **state)
{
	static const char *const nobody[] = {"notice.keep.counts", "notice.keep.texts"};
	struct conf_site c = world_copy("firm");
	struct site *s = world_site(&c);
	const struct site *one = s;
	struct ropa r = {.sites = &one, .nsites = 1, .lang = "de", .a = &world.arena};
	const struct ropa_activity *act;
	struct notice_kept k;
	struct ropa_ctx x;
	struct errinfo ei = {0};
	size_t n;

	(void)state;
	act = ropa_activities(&n);
	assert_int_equal(ropa_ctx_site(&x, &r, s, &ei), OK);
	for (size_t i = 0; notice_kept(&x.w, x.v, i, &k); i++) {
		size_t found = 0;
		for (size_t a = 0; a < n; a++)
			for (size_t j = 0; j < 3 && act[a].keeps[j]; j++)
				found += strcmp(act[a].keeps[j], k.key) == 0;
		for (size_t j = 0; j < 2; j++)
			found += strcmp(nobody[j], k.key) == 0;
		if (found != 1)
			fail_msg("%s stands in %zu activities", k.key, found);
	}
	site_free(s);
	arena_reset(&world.arena);
}

/* ---- measures */

struct shown {
	bool yes, no;
};

static void measures_look(const struct conf *host, struct conf_site *c, struct shown *seen)
{
	size_t n;
	const struct ropa_measure *m = ropa_measures(&n);
	struct site *s;
	const struct site *one;
	struct errinfo ei = {0};
	struct ropa r = {.nsites = 1, .lang = "de", .a = &world.arena};
	struct ropa_ctx x;

	if (site_new(&s, host, c, &ei))
		fail_msg("%s", ei.text);
	one = s;
	r.sites = &one;
	assert_int_equal(ropa_ctx_site(&x, &r, s, &ei), OK);
	for (size_t i = 0; i < n; i++) {
		bool on = ropa_measure_on(&x, &m[i]);
		seen[i].yes |= on;
		seen[i].no |= !on;
	}
	site_free(s);
}

/* Each measure that the configuration can switch is seen on and off; the others are the program's own. */
static void test_measures_are_on_and_off(void **state)
{
	static const char *const all[] = {"separate_users", "disk_encryption", "backups_apart", "updates", "access_list"};
	size_t n;
	const struct ropa_measure *m = ropa_measures(&n);
	struct shown seen[64] = {{false, false}};
	struct conf_site c = world_copy("club");
	struct conf_processor seen_account;
	struct conf host = *world.conf;

	(void)state;
	assert_true(n < 64);
	measures_look(world.conf, &c, seen);
	c = world_copy("firm");
	measures_look(world.conf, &c, seen);
	seen_account = c.processors[0];
	seen_account.tracking_off_on = (struct conf_date){2026, 11, 1, "2026-11-01"};
	c.processors = &seen_account;
	c.nprocessors = 1;
	measures_look(world.conf, &c, seen);
	c = world_copy("world");
	c.base_url = "http://localhost/j";
	host.measures = (struct conf_list){all, 5};
	host.keys = "tests/golden/conf/data/keys";
	host.budgets.confirm.count = 0;
	measures_look(&host, &c, seen);
	for (size_t i = 0; i < n; i++) {
		if (!seen[i].yes)
			fail_msg("%s is never on", m[i].id);
		if (m[i].applies && !seen[i].no)
			fail_msg("%s is never off", m[i].id);
		if (!m[i].applies && seen[i].no)
			fail_msg("%s is off", m[i].id);
	}
	arena_reset(&world.arena);
}

/* Words in both languages; a source that is a key; what the operator can state is what the key table knows. */
static void test_measures_have_words_and_source(void **state)
{
	size_t n, stated = 0, words = 1;
	const struct ropa_measure *m = ropa_measures(&n);
	const struct conf_key *key = conf_key_find(true, "measures");

	(void)state;
	for (size_t l = 0; l < 2; l++) {
		const struct embedded_file *f = embed_find(l ? "en/ropa.txt" : "de/ropa.txt");
		struct phrases *p = phrases_new(l ? "en" : "de");
		struct errinfo ei = {0};
		assert_int_equal(phrases_load(p, f->name, slice_make(f->data, f->len), false, &ei), OK);
		for (size_t i = 0; i < n; i++) {
			char k[80];
			snprintf(k, sizeof(k), "ropa.measure.%s", m[i].id);
			assert_non_null(phrases_get(p, slice_from(k)));
			snprintf(k, sizeof(k), "ropa.goal.%s", m[i].goal);
			assert_non_null(phrases_get(p, slice_from(k)));
		}
		phrases_free(p);
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(m[i].source, "program") != 0 && !conf_key_find(false, m[i].source) && !conf_key_find(true, m[i].source))
			fail_msg("%s: there is no key %s", m[i].id, m[i].source);
		if (strcmp(m[i].source, "measures") == 0) {
			stated++;
			assert_non_null(strstr(key->words, m[i].id));
		}
		/* rows of one goal in one piece */
		for (size_t k = 0; i > 0 && k + 1 < i; k++)
			assert_false(strcmp(m[k].goal, m[i].goal) == 0 && strcmp(m[i - 1].goal, m[i].goal) != 0);
	}
	for (const char *p = key->words; *p; p++)
		words += *p == ' ';
	assert_int_equal(stated, words);
}

static const struct {
	int line;
	const char *url; /* of mail.smtp */
	enum conf_tls tls;
	bool encrypted;
} SMTP[] = {
	{__LINE__, "smtps://mail.example.org", CONF_TLS_IMPLICIT, true},
	{__LINE__, "smtp://mail.example.org", CONF_TLS_STARTTLS, true},
	{__LINE__, "smtp://localhost", CONF_TLS_OFF, false},
};

static void test_encryption_is_claimed_only_where_it_is(void **state)
{
	static const char *const route[] = {"smtp"};

	(void)state;
	for (size_t i = 0; i < sizeof(SMTP) / sizeof(SMTP[0]); i++) {
		struct conf_site c = world_copy("club");
		const struct site *one;
		struct site *s;

		c.mail.route = (struct conf_list){route, 1};
		c.mail.smtp.url = SMTP[i].url;
		c.mail.smtp.tls = SMTP[i].tls;
		s = world_site(&c);
		one = s;
		if (has(make(ROPA_OWNER, &one, 1, "de", ropa_json), "nur verschl") != SMTP[i].encrypted)
			fail_msg("row of line %d", SMTP[i].line);
		site_free(s);
		arena_reset(&world.arena);
	}
}

/* ---- the rest */

static void test_annex_needs_a_host(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "club"));
	const struct site *one = s;
	struct errinfo ei = {0};
	struct ropa *r;

	(void)state;
	assert_int_equal(ropa_make(&r, ROPA_AVV, &one, 1, "de", NOW_MS, &world.arena, &ei), E_NOT_FOUND);
	assert_non_null(strstr(ei.text, "hosting"));
	ropa_free(r);
	assert_int_equal(ropa_make(&r, ROPA_OWNER, &one, 1, "fr", NOW_MS, &world.arena, &ei), E_INVALID);
	ropa_free(r);
	site_free(s);
	arena_reset(&world.arena);
}

/* What is open is said; nothing speaks to the person as the notice does. */
static void test_open_is_open_and_nobody_is_addressed(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct slice text = of(GOLDEN[i].kind, GOLDEN[i].id, GOLDEN[i].lang, ropa_csv);
		static const char *const words[] = {" Sie ", " Ihre", " Ihnen", " you ", " your "};

		for (size_t k = 0; k < 5; k++)
			if (has(text, words[k]))
				fail_msg("%s %s: \"%s\"", KINDS[GOLDEN[i].kind], GOLDEN[i].id, words[k]);
		arena_reset(&world.arena);
	}
	/* without a list at the provider nobody knows what sends the newsletter */
	assert_true(has(of(ROPA_OWNER, "club", "en", ropa_csv), "\"30(1)(d)\",\"\",\"open\""));
	assert_true(has(of(ROPA_OWNER, "world", "en", ropa_html), "class=\"jawort-draft\""));
	assert_false(has(of(ROPA_OWNER, "club", "en", ropa_html), "class=\"jawort-draft\""));
	arena_reset(&world.arena);
}

static void test_hostile_names_stay_text(void **state)
{
	struct conf_site c = world_copy("club");
	const struct site *one;
	struct site *s;

	(void)state;
	c.controller.name = "=cmd|'/C calc'!A0 <script>alert(1)</script> {{&css}}";
	s = world_site(&c);
	one = s;
	assert_false(has(make(ROPA_OWNER, &one, 1, "de", ropa_html), "<script"));
	assert_true(has(make(ROPA_OWNER, &one, 1, "de", ropa_html), "&lt;script&gt;"));
	assert_true(has(make(ROPA_OWNER, &one, 1, "de", ropa_csv), "\"'=cmd|"));
	assert_false(has(make(ROPA_OWNER, &one, 1, "de", ropa_json), "<script"));
	site_free(s);
	arena_reset(&world.arena);
}

static void test_little_memory(void **state)
{
	struct site *s = world_site(conf_site_by_id(world.conf, "world"));
	const struct site *one = s;
	struct errinfo ei = {0};

	(void)state;
	for (size_t max = 4096; max < 600 * 1024; max += 24 * 1024) {
		struct arena small;
		struct ropa *r = NULL;
		struct buf b;
		arena_init(&small, max);
		buf_init(&b, ROPA_MAX_BYTES);
		if (ropa_make(&r, ROPA_TIA, &one, 1, "de", NOW_MS, &small, &ei) == OK && ropa_json(r, &b, &ei) == OK)
			assert_true(b.len > 100);
		ropa_free(r);
		buf_free(&b);
		arena_free(&small);
	}
	site_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_golden_host),
		cmocka_unit_test(test_every_fact_of_the_configuration),
		cmocka_unit_test(test_every_transfer_is_assessed),
		cmocka_unit_test(test_questions_follow_facts),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_every_period_has_its_activity),
		cmocka_unit_test(test_measures_are_on_and_off),
		cmocka_unit_test(test_measures_have_words_and_source),
		cmocka_unit_test(test_encryption_is_claimed_only_where_it_is),
		cmocka_unit_test(test_annex_needs_a_host),
		cmocka_unit_test(test_open_is_open_and_nobody_is_addressed),
		cmocka_unit_test(test_hostile_names_stay_text),
		cmocka_unit_test(test_little_memory),
	};

	return cmocka_run_group_tests(tests, world_up, world_down);
}
