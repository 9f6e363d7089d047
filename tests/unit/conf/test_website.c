/* The keys under website: what stands together, what contradicts itself. Pairs differ in one key. */
#include "conf_test.h"

#define END "mode: live\n"
#define WEB(rest) END "website:\n" rest
#define FILM "  embeds:\n    film: { kind: video, name: Film, company: Film AG, address: [Weg 1], country: "
#define FILM_END ", privacy_url: 'https://film.test/p'"
#define STORE "  storage: { a: { name: _id, purpose: { de: x, en: x }, duration: { de: x, en: x }, basis: consent } }\n"
#define STATS "  statistics: { tool: Matomo, ip: none, retention: 90d, optout: { de: x, en: x }"

static const struct mutation ROWS[] = {
	{__LINE__, END, WEB("  files: local\n"), NULL},
	{__LINE__, END, WEB("  host: self\n"), NULL},
	{__LINE__, END, WEB("  host: mailjet\n  logs: 7d\n"), NULL},
	{__LINE__, END, WEB("  cdn: [mailjet]\n"), NULL},
	{__LINE__, END, WEB("  device: none\n"), NULL},
	{__LINE__, END, WEB(STORE), NULL},
	{__LINE__, END, WEB("  contact: { by: [mail, phone, form], retention: 180d }\n"), NULL},
	{__LINE__, END, WEB("  statistics: none\n"), NULL},
	{__LINE__, END, WEB(STATS " }\n"), NULL},
	{__LINE__, END, WEB(STATS ", cookies: [_id] }\n" STORE), NULL},
	{__LINE__, END, WEB(FILM "FR" FILM_END " }\n"), NULL},
	{__LINE__, END, WEB(FILM "US" FILM_END ", transfer: { mechanism: [dpf] } }\n"), NULL},
	{__LINE__, END, WEB("  links: [Mastodon]\n"), NULL},
	{__LINE__, END, WEB("  profiles: { m: { name: M, company: M AG, arrangement_url: 'https://m.test/' } }\n"), NULL},
	{__LINE__, END, WEB("  texts: { a: { title: { de: x, en: x }, text: { de: x, en: x } } }\n"), NULL},
};

static const struct mutation WRONG[] = {
	{__LINE__, END, WEB("  host: mailjte\n"), "club.yaml:42:9: L20 error: website.host: there is no \"mailjte\" "
	    "under processors. Did you mean \"mailjet\"?"},
	{__LINE__, END, WEB("  cdn: [mailjet, bunny]\n"), "club.yaml:42:18: L20 error: website.cdn[1]: there is no \"bunny\""},
	{__LINE__, END, WEB("  contact: { by: [form], retention: 1y, processor: x }\n"), "website.contact.processor: there "
	    "is no \"x\""},
	{__LINE__, END, WEB("  contact: { by: [form] }\n"), "website.contact.retention is missing"},
	{__LINE__, END, WEB("  contact: { by: [fax], retention: 1y }\n"), "website.contact.by"},
	{__LINE__, END, WEB(STATS ", processor: x }\n"), "website.statistics.processor: there is no \"x\""},
	{__LINE__, END, WEB(STATS ", cookies: [_id] }\n"), "L52 error: website.statistics.cookies[0]: \"_id\" does "
	    "not stand under website.storage"},
	{__LINE__, END, WEB(STATS ", cookies: [_id] }\n  device: none\n"), "L52 error: website.device is none, "
	    "but website.statistics sets \"_id\""},
	{__LINE__, END, WEB("  statistics: { tool: Matomo }\n"), "website.statistics.retention is missing"},
	{__LINE__, END, WEB("  device: none\n" STORE), "L52 error: website.device is none, but website.storage names \"_id\""},
	{__LINE__, END, WEB("  files: local\n  cdn: [mailjet]\n"), "L52 error: website.files is local, but website.cdn"},
	{__LINE__, END, WEB("  files: remote\n"), "website.files"},
	{__LINE__, END, WEB(FILM "US" FILM_END " }\n"), "L21 error: website.embeds.film.transfer.mechanism is missing, "
	    "but a click sends data to US"},
	{__LINE__, END, WEB(FILM "FR" FILM_END ", us_affiliate: true }\n"), "website.embeds.film.transfer.mechanism"},
	{__LINE__, END, WEB(FILM "FR" FILM_END ", parent_country: US }\n"), "website.embeds.film.transfer.mechanism"},
	{__LINE__, END, WEB(FILM "FR" " }\n"), "website.embeds.film.privacy_url is missing"},
	{__LINE__, END, WEB(FILM "FR" FILM_END ", remember: stored }\n"), "L52 error: website.embeds.film.remember is "
	    "stored, but website.storage names nothing"},
	{__LINE__, END, WEB(FILM "FR" FILM_END ", remember: stored }\n" STORE), "L28 error: website.embeds.film.withdraw is missing"},
	{__LINE__, END, WEB("  texts: { a: { title: { de: x }, text: { de: x, en: x } } }\n"),
	    "L41 error: website.texts.a.title has no text for \"en\""},
	{__LINE__, END, WEB("  storage: { a: { name: _id, purpose: { de: x }, duration: { de: x, en: x }, basis: needed } }\n"),
	    "L41 error: website.storage.a.purpose has no text for \"en\""},
	{__LINE__, END, WEB("  text: x\n"), "unknown key \"text\" in website. Did you mean \"texts\"?"},
	{__LINE__, END, END "website: none\n", "website must be a mapping of keys"},
};

static void test_fits(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		mutation_check(&w, &ROWS[i], true);
	world_close(&w);
}

static void test_contradictions(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
		mutation_check(&w, &WRONG[i], false);
	world_close(&w);
}

/* In mode try-out what law asks for is a warning; nonsense stays an error. */
static void test_tryout(void **state)
{
	const struct mutation warned = {__LINE__, END, "mode: try-out\nwebsite:\n  files: local\n  cdn: [mailjet]\n",
	    "L52 warning: website.files is local"};
	struct world w;

	(void)state;
	world_open(&w);
	mutation_check(&w, &warned, true);
	world_close(&w);
}

/* What an embed has no key for is empty, never NULL. */
static void test_embed_is_whole(void **state)
{
	const struct mutation m = {__LINE__, END, WEB(FILM "FR" FILM_END " }\n"), NULL};
	const struct conf_embed *e;
	struct world w;

	(void)state;
	world_open(&w);
	mutation_check(&w, &m, true);
	e = &w.conf->sites[0]->website.embeds[0];
	assert_true(w.conf->sites[0]->website.set);
	assert_string_equal(e->id, "film");
	assert_string_equal(e->firm.id, "film");
	assert_string_equal(e->firm.contract_party, "Film AG");
	assert_string_equal(e->firm.subprocessors_url, "");
	assert_string_equal(e->firm.contract.date.text, "");
	assert_string_equal(e->remember, "page");
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_tryout),
		cmocka_unit_test(test_embed_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
