#include "conf_test.h"

/* Each type with values that must not pass; file:line:column is that of the value. */
static const struct mutation BAD[] = {
	/* id */
	{__LINE__, "site: club", "site: Club", "club.yaml:1:7: error: site: \"Club\" is no name for this"},
	{__LINE__, "site: club", "site: -club", "club.yaml:1:7: error: site: \"-club\" is no name"},
	{__LINE__, "site: club", "site: ../x", "club.yaml:1:7: error: site: \"../x\" is no name"},
	{__LINE__, "site: club", "site: a23456789012345678901234567890123", "is no name for this"},
	{__LINE__, "site: club", "site:", "club.yaml:1:6: error: site has no value"},
	{__LINE__, "site: club", "site: ''", "club.yaml:1:7: error: site has no value"},
	{__LINE__, "site: club", "site: [club]", "club.yaml:1:7: error: site must be a single value (name (a-z 0-9 - _)), not a list"},
	{__LINE__, "site: club", "site: {a: b}", "club.yaml:1:7: error: site must be a single value (name (a-z 0-9 - _)), not a mapping"},
	{__LINE__, "site: club\n", "", "club.yaml:1:1: error: site is missing"},
	/* string */
	{__LINE__, "  name: Radverein Nordstadt e. V.", "  name: |\n    Rad\n    verein", "club.yaml:6:9: error: controller.name holds a line end"},
	{__LINE__, "  name: Radverein Nordstadt e. V.", "  name: \"a\\u202Eb\"", "club.yaml:6:9: error: controller.name holds a line end or a control character"},
	{__LINE__, "  name: Radverein Nordstadt e. V.", "  name: \"a\\x07b\"", "club.yaml:6:9: error: controller.name holds"},
	/* text per language */
	{__LINE__, "title: { de: Vereinspost, en: Club mail }", "title: Vereinspost", "club.yaml:16:12: error: purposes.news.title must be a text per language"},
	{__LINE__, "{ de: monatlich, en: monthly }", "{ DE: monatlich, en: monthly }", "club.yaml:18:18: error: purposes.news.frequency: \"DE\" is no language code"},
	{__LINE__, "{ de: monatlich, en: monthly }", "{ de: [x], en: monthly }", "club.yaml:18:22: error: purposes.news.frequency must be a single value"},
	/* bool */
	{__LINE__, "us_affiliate: true", "us_affiliate: yes", "club.yaml:32:19: error: processors.mailjet.us_affiliate: \"yes\" is neither true nor false"},
	{__LINE__, "us_affiliate: true", "us_affiliate: True", "club.yaml:32:19: error"},
	/* duration */
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 7 d", "club.yaml:38:27: error: retention.unconfirmed: \"7 d\" is no duration"},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 7", "club.yaml:38:27: error"},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 0d", "club.yaml:38:27: error"},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: -7d", "club.yaml:38:27: error"},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 1w", "club.yaml:38:27: error"},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 101y", "club.yaml:38:27: error"},
	/* date */
	{__LINE__, "date: 2026-03-01", "date: 1.3.2026", "club.yaml:33:23: error: processors.mailjet.contract.date: \"1.3.2026\" is no date"},
	{__LINE__, "date: 2026-03-01", "date: 2026-02-29", "club.yaml:33:23: error"},
	{__LINE__, "date: 2026-03-01", "date: 2026-13-01", "club.yaml:33:23: error"},
	{__LINE__, "date: 2026-03-01", "date: 2026-3-1", "club.yaml:33:23: error"},
	{__LINE__, "date: 2026-03-01", "date: 2026-00-10", "club.yaml:33:23: error"},
	/* url */
	{__LINE__, "imprint: https://www.verein.test/impressum", "imprint: www.verein.test/impressum", "club.yaml:11:12: error: controller.imprint: \"www.verein.test/impressum\" is no http(s) address"},
	{__LINE__, "imprint: https://www.verein.test/impressum", "imprint: javascript:alert(1)", "club.yaml:11:12: error"},
	{__LINE__, "imprint: https://www.verein.test/impressum", "imprint: https://u:p@verein.test/", "club.yaml:11:12: error"},
	{__LINE__, "base_url: https://www.verein.test/j", "base_url: https://www.verein.test/j?x=1", "club.yaml:2:11: error: base_url: \"https://www.verein.test/j?x=1\" cannot be used"},
	{__LINE__, "base_url: https://www.verein.test/j", "base_url: https://www.verein.test/j#", "club.yaml:2:11: error: base_url"},
	{__LINE__, "base_url: https://www.verein.test/j", "base_url: https://www.verein.test/a/../j", "club.yaml:2:11: error: base_url"},
	{__LINE__, "base_url: https://www.verein.test/j", "base_url: https://www.verein.test//j", "club.yaml:2:11: error: base_url"},
	{__LINE__, "base_url: https://www.verein.test/j", "base_url: https://www.verein.test/%6A", "club.yaml:2:11: error: base_url"},
	{__LINE__, "origins: [https://www.verein.test]", "origins: [https://www.verein.test/seite]", "club.yaml:3:11: error: origins: \"https://www.verein.test/seite\" is more than scheme"},
	{__LINE__, "origins: [https://www.verein.test]", "origins: https://www.verein.test", "club.yaml:3:10: error: origins must be a list. Write [https://www.verein.test]"},
	{__LINE__, "origins: [https://www.verein.test]", "origins: [https://a.test, https://a.test]", "club.yaml:3:27: error: origins: \"https://a.test\" stands in the list twice"},
	/* e-mail */
	{__LINE__, "email: daten@verein.test", "email: Daten <daten@verein.test>", "club.yaml:10:10: error: controller.email: \"Daten <daten@verein.test>\" is no e-mail address"},
	{__LINE__, "email: daten@verein.test", "email: daten.verein.test", "club.yaml:10:10: error"},
	/* enum, word, country, colour, list of words */
	{__LINE__, "mode: live", "mode: tryout", "club.yaml:40:7: error: mode: \"tryout\" is not known here. Did you mean \"try-out\"? Possible: live try-out"},
	{__LINE__, "mode: live", "mode: Live", "club.yaml:40:7: error: mode: \"Live\" is not known here. Did you mean \"live\"?"},
	{__LINE__, "mode: live", "mode: live\naddress: ihr", "club.yaml:41:10: error: address: \"ihr\" is not known here"},
	{__LINE__, "mode: live", "mode: live\ntime_zone: Europe/Berln", "Did you mean \"Europe/Berlin\"?"},
	{__LINE__, "mode: live", "mode: live\nevidence: { ip: short }", "club.yaml:41:17: error: evidence.ip"},
	{__LINE__, "  country: DE", "  country: Deutschland", "club.yaml:8:12: error: controller.country: \"Deutschland\" is no country code"},
	{__LINE__, "  country: DE", "  country: de", "club.yaml:8:12: error"},
	{__LINE__, "  country: DE", "  country: XX", "club.yaml:8:12: error"},
	{__LINE__, "mode: live", "mode: live\nlook: { accent: red }", "club.yaml:41:17: error: look.accent: \"red\" is no colour"},
	{__LINE__, "mode: live", "mode: live\nlook: { accent: '#12345g' }", "club.yaml:41:17: error"},
	{__LINE__, "mode: live", "mode: live\nlook: { accent: #1c4da1 }", "club.yaml"},
	{__LINE__, "mechanism: [scc]", "mechanism: [ssc]", "club.yaml:36:29: error: processors.mailjet.transfer.mechanism: \"ssc\" is not known here. Did you mean \"scc\"?"},
	{__LINE__, "scc_module: 2", "scc_module: 5", "club.yaml:36:47: error"},
	{__LINE__, "languages: [de, en]", "languages: [de, English]", "club.yaml:4:17: error: languages: \"English\" is no language code"},
	{__LINE__, "languages: [de, en]", "languages: [de, de]", "club.yaml:4:17: error: languages: \"de\" stands in the list twice"},
	{__LINE__, "hosting: self", "hosting: selbst", "club.yaml:37:10: error: hosting: \"selbst\" is not known here. Possible: none self"},
	{__LINE__, "dpo: none", "dpo: [none]", "club.yaml:12:6: error: dpo must be a mapping of keys, not a list"},
	/* fields */
	{__LINE__, "fields: [first_name?]", "fields: [firstname?]", "club.yaml:22:14: error: forms.news.fields: \"firstname\" is not known here. Did you mean \"first_name\"?"},
	{__LINE__, "fields: [first_name?]", "fields: [first_name?, first_name]", "club.yaml:22:27: error: forms.news.fields: \"first_name\" is in the list twice"},
	{__LINE__, "fields: [first_name?]", "fields: [email]", "club.yaml:22:14: error"},
	{__LINE__, "fields: [first_name?]", "fields: [birthday?]", "Possible: first_name last_name organization"},
	/* references */
	{__LINE__, "purposes: [news]", "purposes: [nwes]", "club.yaml:21:16: error: forms.news.purposes: there is no purpose \"nwes\". Did you mean \"news\"?"},
	{__LINE__, "purposes: [news]", "purposes: []", "club.yaml:21:15: error: forms.news.purposes is empty"},
	{__LINE__, "    purposes: [news]\n", "", "club.yaml:20:3: error: forms.news.purposes is missing"},
	/* names that the owner chooses */
	{__LINE__, "purposes:\n  news:", "purposes:\n  My News: { channel: email }\n  news:", "club.yaml:14:3: error: \"My News\" is no name for an entry of purposes"},
	{__LINE__, "purposes:\n  news:", "purposes:\n  more: x\n  news:", "club.yaml:14:9: error: purposes.more must be a mapping of keys"},
	/* groups */
	{__LINE__, "retention: { unconfirmed: 7d }", "retention: 7d", "club.yaml:38:12: error: retention must be a mapping of keys, not a single value"},
	{__LINE__, "links: { confirm: 48h }", "links: [48h]", "club.yaml:39:8: error: links must be a mapping of keys, not a list"},
	/* unknown keys */
	{__LINE__, "controller:", "contoller:", "club.yaml:5:1: error: unknown key \"contoller\". Did you mean \"controller\"?"},
	{__LINE__, "  imprint:", "  impirnt:", "club.yaml:11:3: error: unknown key \"impirnt\" in controller. Did you mean \"imprint\"?"},
	{__LINE__, "    frequency:", "    freq:", "club.yaml:18:5: error: unknown key \"freq\" in purposes.news"},
	{__LINE__, "mode: live", "mode: live\nprovider_list: 7", "club.yaml:41:1: error: unknown key \"provider_list\". It belongs to purposes.*.provider_list. Possible here: site, base_url"},
	{__LINE__, "mode: live", "mode: live\nbudgets: { confirm: 3/1h }", "club.yaml:41:1: error: unknown key \"budgets\""},
	{__LINE__, "mode: live", "mode: live\ntrusted_proxies: []", "It belongs to trusted_proxies in the host file"},
	{__LINE__, "mode: live", "mode: live\nlinks.confirm: 24h", "club.yaml:41:1: error: unknown key \"links.confirm\""},
	{__LINE__, "mode: live", "mode: live\n'purposes.*': x", "club.yaml:41:1: error: unknown key"},
	{__LINE__, "  mailjet: { key_file: mailjet.key }", "  malijet: { key_file: mailjet.key }", "club.yaml:26:3: error: unknown key \"malijet\" in mail. Did you mean \"mailjet\"?"},
	/* mail */
	{__LINE__, "{ key_file: mailjet.key }", "{ endpoint: https://api.mailjet.com }", "club.yaml:26:3: error: mail.mailjet.key_file is missing"},
	{__LINE__, "{ key_file: mailjet.key }", "{ key_file: k, endpoint: http://api.mailjet.com }", "club.yaml:26:37: error: mail.mailjet.endpoint: http:// only towards this machine"},
	{__LINE__, "{ key_file: mailjet.key }", "{ key_file: k, endpoint: http://127.0.0.1.evil.test }", "http:// only towards"},
	{__LINE__, "{ key_file: mailjet.key }", "{ key_file: k, endpoint: \"http://[::2]:80\" }", "http:// only towards"},
	{__LINE__, "route: [mailjet]", "route: [mailgun]", "club.yaml:25:11: error: mail.route: \"mailgun\" is not known here"},
	{__LINE__, "route: [mailjet]", "route: [mailjet, dir]", "club.yaml:25:20: error: mail.route names dir, but mail.dir is missing"},
	{__LINE__, "route: [mailjet]", "route: [mailjet, smtp]", "club.yaml:25:20: error: mail.route names smtp, but mail.smtp is missing"},
	{__LINE__, "  route: [mailjet]\n", "", "club.yaml:23:1: error: mail.route is missing"},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { url: smtp://mail.verein.test:25 }", "club.yaml:26:16: error: mail.smtp.url: mails would cross the network unencrypted"},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { url: https://mail.verein.test }", "club.yaml:26:16: error: mail.smtp.url: \"https://mail.verein.test\" cannot be used"},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { url: smtps://mail.verein.test/x }", "club.yaml:26:16: error: mail.smtp.url"},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { user: news }", "club.yaml:26:3: error: mail.smtp.url is missing"},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { url: smtps://m.test, user: news }", "club.yaml:26:38: error: mail.smtp.user is set, but mail.smtp.password_file is missing"},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  hooks: { smtp: { secret_file: x } }", "club.yaml:26:12: error: mail.hooks.smtp: no such provider"},
	{__LINE__, "  from: { name: Radverein, email: post@verein.test }\n", "", "club.yaml:23:1: error: mail.from.email is missing"},
	/* nothing to sign up for */
	{__LINE__, "forms:\n  news:\n    purposes: [news]\n    fields: [first_name?]\n", "forms: {}\n", "error: forms is missing or empty"},
};

static void test_bad(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		mutation_check(&w, &BAD[i], false);
	world_close(&w);
}

static const struct mutation GOOD[] = {
	{__LINE__, "mode: live", "mode: live", NULL},
	{__LINE__, "address: [Gasse 1, 10115 Berlin]", "address: Gasse 1 in 10115 Berlin", NULL},
	{__LINE__, "mode: live", "mode: live\nlook: { accent: '#AbCdEf', home: https://www.verein.test/start }", NULL},
	{__LINE__, "{ key_file: mailjet.key }", "{ key_file: k, endpoint: http://127.1.2.3:8081 }", NULL},
	{__LINE__, "{ key_file: mailjet.key }", "{ key_file: k, endpoint: http://localhost:8081/ }", NULL},
	{__LINE__, "{ key_file: mailjet.key }", "{ key_file: k, endpoint: 'http://[::1]:8081' }", NULL},
	{__LINE__, "route: [mailjet]", "route: mailjet", NULL},
	{__LINE__, "route: [mailjet]", "route: [mailjet, log]", NULL},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { url: smtp://127.0.0.1:2525 }", NULL},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  smtp: { url: smtp://mail.test, starttls: true, user: u, password_file: p }", NULL},
	{__LINE__, "route: [mailjet]", "route: [mailjet]\n  hooks: { mailjet: { secret_file: hook.secret } }", NULL},
	{__LINE__, "dpo: none", "dpo: { name: Stelle, email: dsb@verein.test, address: Gasse 1 }", NULL},
	{__LINE__, "date: 2026-03-01", "date: 2024-02-29", NULL},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 168h", NULL},
	{__LINE__, "email: daten@verein.test", "email: daten@verein-köln.test", NULL},
	{__LINE__, "fields: [first_name?]", "fields: [first_name?, last_name?, organization?]", NULL},
	{__LINE__, "fields: [first_name?]", "next: [https://www.verein.test/danke/]", NULL},
};

static void test_good(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++)
		mutation_check(&w, &GOOD[i], true);
	world_close(&w);
}

/* What the struct holds after a load. */
static void test_struct(void **state)
{
	struct world w;
	const struct conf_site *s;

	(void)state;
	world_open(&w);
	world_site(&w, GOOD_SITE);
	assert_int_equal(w.rep.n, 0);
	s = conf_site_by_id(w.conf, "club");
	assert_non_null(s);
	assert_string_equal(s->base_url, "https://www.verein.test/j");
	assert_string_equal(s->base_host, "www.verein.test");
	assert_string_equal(s->base_path, "/j");
	assert_int_equal(s->languages.n, 2);
	assert_string_equal(s->languages.v[1], "en");
	assert_string_equal(s->time_zone, "Europe/Berlin");
	assert_int_equal(s->address, CONF_SIE);
	assert_int_equal(s->mode, CONF_LIVE);
	assert_int_equal(s->ip, CONF_IP_TRUNCATED);
	assert_int_equal(s->dpo_kind, CONF_NONE);
	assert_int_equal(s->hosting_kind, CONF_NONE);
	assert_string_equal(s->hosting.contract_party, "");
	assert_string_equal(s->hosting.contract.date.text, "");
	assert_string_equal(s->controller.phone, "");
	assert_string_equal(s->controller.address.v[1], "10115 Berlin");
	assert_string_equal(s->purposes[0].advertiser, "Radverein Nordstadt e. V.");
	assert_string_equal(s->purposes[0].provider_list, "");
	assert_int_equal(s->purposes[0].channel, CONF_EMAIL);
	assert_string_equal(conf_text_get(&s->purposes[0].title, "en"), "Club mail");
	assert_string_equal(conf_text_get(&s->purposes[0].title, "de-du"), "Vereinspost");
	assert_string_equal(conf_text_get(&s->purposes[0].title, "fr"), "Vereinspost");
	assert_string_equal(conf_text_get(&s->purposes[0].title, NULL), "Vereinspost");
	assert_string_equal(conf_text_get(&s->purposes[0].special, "de"), "");
	assert_null(conf_text_exact(&s->purposes[0].title, "de-du"));
	assert_ptr_equal(conf_form_by_id(s, SLICE("news"))->purposes[0], conf_purpose_by_id(s, SLICE("news")));
	assert_null(conf_form_by_id(s, SLICE("new")));
	assert_string_equal(s->forms[0].fields[0].name, "first_name");
	assert_false(s->forms[0].fields[0].required);
	assert_true(s->mail.mailjet.set);
	assert_false(s->mail.smtp.set);
	assert_string_equal(s->mail.smtp.host, "");
	assert_string_equal(s->mail.mailjet.endpoint, "https://api.mailjet.com");
	assert_string_equal(s->mail.mailjet.key_file, "mailjet.key");
	assert_string_equal(s->processors[0].id, "mailjet");
	assert_true(s->processors[0].us_affiliate);
	assert_string_equal(s->processors[0].transfer.scc_module.v[0], "2");
	assert_int_equal(s->processors[0].contract.date.month, 3);
	assert_int_equal(s->retention.evidence.n, 3);
	assert_int_equal(s->retention.evidence.unit, 'y');
	assert_int_equal(s->links.rights.seconds, 900);
	assert_string_equal(s->look.accent, "#1c4da1");
	assert_string_equal(s->look.home, "https://www.verein.test");
	assert_string_equal(s->templates, "");
	world_close(&w);
}

static void test_normal_forms(void **state)
{
	struct world w;
	const struct conf_site *s;
	char *a = text_replace(GOOD_SITE, "https://www.verein.test/j\norigins: [https://www.verein.test]\n",
	    "HTTPS://WWW.Verein.test.:443/J/\n");
	char *b = text_replace(a, "  route: [mailjet]\n", "  route: [mailjet]\n  smtp: { url: smtp://Mail.test, starttls: true }\n"
	    "  dir: { path: mails }\n");
	char *c = text_replace(b, "daten@verein.test", "daten@KÖLN.test");
	char want[200];

	(void)state;
	world_open(&w);
	world_site(&w, c);
	assert_int_equal(w.conf->nsites, 1);
	s = w.conf->sites[0];
	assert_string_equal(s->base_url, "https://www.verein.test/J");
	assert_string_equal(s->origins.v[0], "https://www.verein.test");
	assert_string_equal(s->mail.smtp.host, "mail.test");
	assert_int_equal(s->mail.smtp.port, 587);
	assert_int_equal(s->mail.smtp.tls, CONF_TLS_STARTTLS);
	assert_string_equal(s->controller.email, "daten@xn--kln-sna.test");
	snprintf(want, sizeof(want), "%s/sites/mails", w.dir);
	assert_string_equal(s->mail.dir.path, want);
	world_close(&w);
	free(a);
	free(b);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_struct),
		cmocka_unit_test(test_normal_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
