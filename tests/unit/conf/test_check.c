#include "conf_test.h"
#include "conf/key.h"

struct duty_row {
	int row;
	const char *from, *to;
	const char *say;  /* must be said in mode live */
	bool runs;        /* the live site runs all the same (a warning) */
};

#define P "processors:\n  mailjet:\n"

static const struct duty_row DUTIES[] = {
	{__LINE__, "  name: Radverein Nordstadt e. V.\n", "", "club.yaml:5:1: L01 error: controller.name is missing", false},
	{__LINE__, "  address: [Gasse 1, 10115 Berlin]\n", "", "club.yaml:5:1: L01 error: controller.address is missing", false},
	{__LINE__, "  email: daten@verein.test\n", "", "L01 error: controller.email is missing", false},
	{__LINE__, "  imprint: https://www.verein.test/impressum\n", "", "L01 error: controller.imprint is missing", false},
	{__LINE__, "Radverein Nordstadt e. V.", "TODO", "club.yaml:6:9: L01 error: controller.name: \"TODO\" is a placeholder", false},
	{__LINE__, "Gasse 1,", "…,", "club.yaml:7:13: L01 error: controller.address[0]", false},
	{__LINE__, "Gasse 1,", "Musterstraße 1,", "club.yaml:7:13: L01 warning: controller.address[0]: \"Musterstraße 1\" looks like an example", true},
	{__LINE__, "  country: DE\n  state: BE", "  country: CH", "club.yaml:8:12: L02 error: the controller sits outside the EEA (CH)", false},
	{__LINE__, "  country: DE\n  state: BE", "  country: AT", NULL, true},
	{__LINE__, "dpo: none\n", "representative: { name: X, address: Y, country: US, email: a@b.test }\ndpo: none\n", "L02 error: the representative must sit in the EEA, not in US", false},
	{__LINE__, "dpo: none\n", "representative: { name: X }\ndpo: none\n", "club.yaml:12:1: L02 error: representative.address is missing", false},
	{__LINE__, "dpo: none\n", "", "L03 warning: dpo is not set", true},
	{__LINE__, "dpo: none\n", "dpo: { name: X }\n", "club.yaml:12:1: L03 error: dpo.email is missing", false},
	{__LINE__, "    content: { de: Termine und Berichte, en: Dates and reports }\n", "", "club.yaml:14:3: L04 error: purposes.news.content is missing", false},
	{__LINE__, "    frequency: { de: monatlich, en: monthly }\n", "", "club.yaml:14:3: L04 error: purposes.news.frequency is missing", false},
	{__LINE__, "de: Termine und Berichte", "de: TODO", "L04 error: purposes.news.content: \"TODO\" is a placeholder", false},
	{__LINE__, "de: Termine und Berichte", "de: Neues von Partnern", "club.yaml:17:20: L05 error: purposes.news.content.de speaks of \"partner\"", false},
	{__LINE__, "en: Dates and reports", "en: News from our SPONSORS", "L05 error: purposes.news.content.en speaks of \"sponsor\"", false},
	{__LINE__, "    content: { de: Termine und Berichte", "    advertiser: Radverein und Laden GmbH\n    content: { de: Neues von Partnern", "club.yaml:18:20: L05 warning", true},
	{__LINE__, "[first_name?]", "[first_name]", "club.yaml:22:14: L08 warning: first_name: only the address is needed", true},
	{__LINE__, "[first_name?]", "[first_name]\n    fields_reason: Wir reden uns mit Namen an", NULL, true},
	{__LINE__, "route: [mailjet]", "route: [mailjet, brevo]\n  brevo: { key_file: b.key }", "club.yaml:25:20: L13 warning: brevo notes for every mail", false},
	{__LINE__, "route: [mailjet]", "route: [mailjet, brevo]\n  brevo: { key_file: b.key }", "club.yaml:25:20: L20 error: brevo handles data for you", false},
	{__LINE__, "route: [mailjet]", "route: [brevo]", "error: mail.route names brevo, but mail.brevo is missing", false},
	{__LINE__, "confirm: 48h", "confirm: 73h", "club.yaml:39:19: L16 warning: links.confirm is 73h", true},
	{__LINE__, "confirm: 48h", "confirm: 72h", NULL, true},
	{__LINE__, "confirm: 48h", "confirm: 23h", "L16 warning", true},
	{__LINE__, "confirm: 48h", "confirm: 24h", NULL, true},
	{__LINE__, "confirm: 48h", "confirm: 8d", "club.yaml:39:19: L16 error: links.confirm (8d) is longer than retention.unconfirmed (7d)", false},
	{__LINE__, "confirm: 48h", "confirm: 48h, rights: 2d", "L16 warning: links.rights is 2d", true},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 8d", "club.yaml:38:27: L17 warning", true},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 14d", "L17 warning", true},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 15d", "L17 error", false},
	{__LINE__, "unconfirmed: 7d", "evidence: 2y", "L19 warning: retention.evidence is 2y", true},
	{__LINE__, "unconfirmed: 7d", "evidence: 11y", "L19 error", false},
	{__LINE__, P, "processors:\n  other:\n", "club.yaml:25:11: L20 error: mailjet handles data for you but does not stand under processors", false},
	{__LINE__, "    contract_party: Mailjet SAS\n", "", "club.yaml:28:3: L20 error: processors.mailjet.contract_party is missing", false},
	{__LINE__, "    country: FR\n", "", "L20 error: processors.mailjet.country is missing", false},
	{__LINE__, "    contract: { date: 2026-03-01 }\n", "", "club.yaml:28:3: L20 error: processors.mailjet.contract.date is missing", false},
	{__LINE__, "    privacy_url: https://mailjet.test/privacy\n", "", "L20 warning: processors.mailjet.privacy_url is missing", true},
	{__LINE__, "    subprocessors_url: https://mailjet.test/sub\n", "", "L20 warning: processors.mailjet.subprocessors_url is missing", true},
	{__LINE__, "contract: { date: 2026-03-01 }", "contract: { date: 2027-03-01 }", "club.yaml:33:23: L20 warning: processors.mailjet.contract.date lies in the future", true},
	{__LINE__, "contract: { date: 2026-03-01 }", "contract: { date: 2026-03-01, covers: [duration, data, purpose, instructions, subprocessors, deletion] }", "L20 warning: processors.mailjet.contract.covers lacks \"audit\"", true},
	{__LINE__, "contract: { date: 2026-03-01 }", "contract: { date: 2026-03-01, covers: [duration, data, purpose, instructions, subprocessors, deletion, audit], copy: avv.pdf }", NULL, true},
	{__LINE__, "contract_party: Mailjet SAS", "contract_party: …", "club.yaml:29:21: L20 error: processors.mailjet.contract_party: \"…\" is a placeholder", false},
	{__LINE__, "    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }\n", "", "L21 error: processors.mailjet.transfer.mechanism is missing: data may reach US", false},
	{__LINE__, "us_affiliate: true\n    contract: { date: 2026-03-01 }\n    privacy_url: https://mailjet.test/privacy\n    subprocessors_url: https://mailjet.test/sub\n    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }", "us_affiliate: false\n    contract: { date: 2026-03-01 }\n    privacy_url: https://mailjet.test/privacy\n    subprocessors_url: https://mailjet.test/sub", NULL, true},
	{__LINE__, "us_affiliate: true\n    contract: { date: 2026-03-01 }\n    privacy_url: https://mailjet.test/privacy\n    subprocessors_url: https://mailjet.test/sub\n    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }", "storage_locations: [DE, IN]\n    contract: { date: 2026-03-01 }\n    privacy_url: https://mailjet.test/privacy\n    subprocessors_url: https://mailjet.test/sub", "data may reach IN", false},
	{__LINE__, "us_affiliate: true\n    contract: { date: 2026-03-01 }\n    privacy_url: https://mailjet.test/privacy\n    subprocessors_url: https://mailjet.test/sub\n    transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 }", "parent_country: IN\n    contract: { date: 2026-03-01 }\n    privacy_url: https://mailjet.test/privacy\n    subprocessors_url: https://mailjet.test/sub", "data may reach IN", false},
	{__LINE__, "mechanism: [scc], scc_module: 2, tia_date", "mechanism: [scc], tia_date", "L21 error: processors.mailjet.transfer.scc_module is missing", false},
	{__LINE__, ", tia_date: 2026-03-01", "", "club.yaml:36:5: L21 error: processors.mailjet.transfer.tia_date is missing", false},
	{__LINE__, "mechanism: [scc]", "mechanism: [adequacy]", "L21 error: processors.mailjet.transfer.mechanism: the USA have an adequacy decision for listed firms only", false},
	{__LINE__, "mechanism: [scc]", "mechanism: [scc, dpf]", "L22 error: processors.mailjet.transfer.dpf.listed is not true", false},
	{__LINE__, "mechanism: [scc]", "dpf: { listed: true }, mechanism: [scc, dpf]", "L22 error: processors.mailjet.transfer.dpf.checked_on is missing", false},
	{__LINE__, "mechanism: [scc]", "dpf: { listed: true, checked_on: 2026-08-23 }, mechanism: [scc, dpf]", NULL, true},
	{__LINE__, "mechanism: [scc]", "dpf: { listed: true, checked_on: 2026-08-22 }, mechanism: [scc, dpf]", "L22 warning: processors.mailjet.transfer.dpf.checked_on is more than 90 days away", true},
	{__LINE__, "mechanism: [scc]", "dpf: { listed: true, checked_on: 2026-11-01 }, mechanism: [dpf]", "L22 warning: processors.mailjet.transfer.mechanism rests on dpf alone", true},
	{__LINE__, "hosting: self\n", "", "club.yaml:1:1: L23 error: hosting is missing", false},
	{__LINE__, "hosting: self", "hosting: { contract_party: Host GmbH, address: Weg 1, country: DE, contract: { date: 2026-01-01 }, privacy_url: https://h.test/, subprocessors_url: https://h.test/s }", NULL, true},
	{__LINE__, "hosting: self", "hosting: { contract_party: Host GmbH }", "club.yaml:37:1: L20 error: hosting.address is missing", false},
	{__LINE__, "hosting: self", "hosting: { contract_party: Host, address: W, country: US, contract: { date: 2026-01-01 }, privacy_url: https://h.test/, subprocessors_url: https://h.test/s }", "L21 error: hosting.transfer.mechanism is missing: data may reach US", false},
	{__LINE__, "unconfirmed: 7d", "logs: 15d", "L23 warning: retention.logs is 15d", true},
	{__LINE__, "  state: BE\n", "", "L24 error: controller.state is missing", false},
	{__LINE__, "  state: BE\n", "  state: Berlin\n", "club.yaml:9:10: L24 error: controller.state: \"Berlin\" is no German Land", false},
	{__LINE__, "  country: DE\n", "", "L24 error: controller.country is missing", false},
	{__LINE__, "channel: email", "channel: sms", "club.yaml:15:14: L29 error: purposes.news.channel: this version serves email only", false},
	{__LINE__, "channel: email", "opt_in: single", "club.yaml:15:13: L11 error: purposes.news.opt_in: nobody is signed up here without confirmation", false},
	{__LINE__, "channel: email", "opt_in: double", NULL, true},
	{__LINE__, "channel: email", "tracking: opens", "club.yaml:15:15: L14 error: purposes.news.tracking: this version cannot ask for measuring separately", false},
	{__LINE__, "channel: email", "tracking: both", "L50 error: purposes.news.tracking: this version cannot switch measuring off per person", false},
	{__LINE__, "channel: email", "basis: existing-customers", "L30 error: purposes.news.basis: this version knows consent only", false},
	{__LINE__, "channel: email", "basis: existing-customers", "L51 error: purposes.news.basis", false},
	{__LINE__, "channel: email", "collected: elsewhere", "L45 error: purposes.news.collected", false},
	{__LINE__, "mode: live", "transparency: { publish: entries }\nmode: live", "club.yaml:40:26: L37 error: transparency.publish", false},
	{__LINE__, "mode: live", "joint: { with: [X], essence: { de: y, en: z } }\nmode: live", "L40 error: joint.contact is missing", false},
	{__LINE__, "unconfirmed: 7d", "backups: 31d", "L35 warning", true},
	{__LINE__, "unconfirmed: 7d", "backup_keys: 8d", "L35 error: retention.backup_keys is 8d", false},
	{__LINE__, "unconfirmed: 7d", "backup_keys: 7d", NULL, true},
	{__LINE__, "https://www.verein.test/j\n", "http://www.verein.test/j\n", "club.yaml:2:11: L38 error: base_url", false},
	{__LINE__, "https://www.verein.test/j\n", "http://localhost:8080/j\n", NULL, true},
	{__LINE__, "{ de: monatlich, en: monthly }", "{ de: monatlich }", "club.yaml:18:5: L41 error: purposes.news.frequency has no text for \"en\"", false},
	{__LINE__, "{ de: monatlich, en: monthly }", "{ de: monatlich, en: monthly, fr: mensuel }", "L41 warning: purposes.news.frequency has a text for \"fr\"", true},
	{__LINE__, "    country: FR\n", "    country: FR\n    role: { de: Versand }\n", "L41 error: processors.mailjet.role has no text for \"en\"", false},
	{__LINE__, "    fields: [first_name?]\n", "    title: { en: News }\n", "L41 error: forms.news.title has no text for \"de\"", false},
	{__LINE__, "mode: live", "joint: { with: [X], essence: { de: y }, contact: Z }\nmode: live", "L41 error: joint.essence has no text for \"en\"", false},
	{__LINE__, "mode: live", "notice: { log_fields: { de: y } }\nmode: live", "L41 error: notice.log_fields has no text for \"en\"", false},
	{__LINE__, "unconfirmed: 7d }", "ip: 31d }\nevidence: { ip: full }", "L47 warning: retention.ip is 31d with full addresses", true},
	{__LINE__, "unconfirmed: 7d }", "ip: 31d }\nevidence: { ip: none }", NULL, true},
	{__LINE__, "unconfirmed: 7d }", "ip: 4y }", "L47 error: retention.ip is longer than retention.evidence", false},
};

static void test_live(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(DUTIES) / sizeof(DUTIES[0]); i++) {
		struct mutation m = {DUTIES[i].row, DUTIES[i].from, DUTIES[i].to, DUTIES[i].say};

		mutation_check(&w, &m, DUTIES[i].runs);
	}
	world_close(&w);
}

/* What no mode can run with: syntax, half a group, and what this version does not serve. */
static bool structural(const char *say)
{
	static const char *const marks[] = {": error", "L29", "L11", "L14", "L30", "L37", "L45", "L50", "L51",
		"error: representative.address is missing", "error: dpo.email is missing", "error: joint."};
	bool found = false;

	for (size_t i = 0; say && i < sizeof(marks) / sizeof(marks[0]); i++)
		found = found || strstr(say, marks[i]);
	return found;
}

/* The same mutations in mode try-out: every duty is said, none stops the site. */
static void test_tryout(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(DUTIES) / sizeof(DUTIES[0]); i++) {
		char *a = text_replace(GOOD_SITE, DUTIES[i].from, DUTIES[i].to);
		char *b = text_replace(a, "mode: live", "mode: try-out");
		bool duty = !structural(DUTIES[i].say);

		world_site(&w, b);
		for (size_t j = 0; j < w.rep.n && duty; j++)
			if (w.rep.items[j].severity == CONF_ERROR)
				fail_msg("row %d: error in try-out: %s", DUTIES[i].row, w.rep.items[j].text);
		if (duty && w.conf->nsites != 1)
			fail_msg("row %d: does not run in try-out", DUTIES[i].row);
		if (DUTIES[i].say && duty) {
			bool said = false;

			for (size_t j = 0; j < w.rep.n; j++)
				said = said || w.rep.items[j].id[0] == 'L';
			if (!said)
				fail_msg("row %d: nothing said in try-out", DUTIES[i].row);
		}
		free(a);
		free(b);
	}
	world_close(&w);
}

static void test_tryout_route(void **state)
{
	struct world w;
	char *text = text_replace(GOOD_SITE, "mode: live", "mode: try-out");
	char *dir = text_replace(text, "route: [mailjet]", "route: [mailjet, dir]\n  dir: { path: mails }");
	char *lines;

	(void)state;
	world_open(&w);
	world_site(&w, text);
	lines = world_lines(&w);
	assert_non_null(strstr(lines, "warning: mode is try-out: no mail leaves this machine, mails go to the log only"));
	free(lines);
	world_site(&w, dir);
	assert_int_equal(w.rep.n, 0);
	free(text);
	free(dir);
	world_close(&w);
}

static const struct {
	int row;
	const char *from, *to, *waivers, *say;
	bool runs;
} WAIVERS[] = {
	/* A warning, and an error of a rule that allows it. */
	{__LINE__, "dpo: none\n", "", "{ L03: \"wir sind zu dritt\" }", "L03 waived: dpo is not set. Name the data protection officer", true},
	{__LINE__, "de: Termine und Berichte", "de: Neues aus der Partnerschaft", "{ L05: \"Partnerschaft meint die Partnerstadt\" }", "L05 waived: ", true},
	/* What people must be told cannot be put aside. */
	{__LINE__, "Radverein Nordstadt e. V.", "TODO", "{ L01: keine Lust }", "club.yaml:6:9: L01 error: ", false},
	{__LINE__, "  imprint: https://www.verein.test/impressum\n", "", "{ L01: keine Lust }", "L01 error: controller.imprint is missing", false},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 15d", "{ L17: \"wir brauchen das\" }", "L17 error: ", false},
	{__LINE__, "unconfirmed: 7d", "unconfirmed: 8d", "{ L17: \"ein Tag mehr\" }", "L17 waived: ", true},
	/* Bad entries. */
	{__LINE__, "dpo: none\n", "", "{ L53: x }", "club.yaml:40:12: error: waivers: there is no rule \"L53\"", false},
	{__LINE__, "dpo: none\n", "", "{ L03: \"\" }", "error: waivers has no value", false},
	{__LINE__, "dpo: none\n", "", "[L03]", "error: waivers must be a reason per rule", false},
	{__LINE__, "dpo: none\n", "", "{ L04: \"andere Regel\" }", "L03 warning: dpo is not set", true},
};

static void test_waivers(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(WAIVERS) / sizeof(WAIVERS[0]); i++) {
		char *text = text_replace(GOOD_SITE, WAIVERS[i].from, WAIVERS[i].to);
		size_t n = strlen(text) + strlen(WAIVERS[i].waivers) + 20;
		char *all = malloc(n);
		struct buf said;

		assert_non_null(all);
		snprintf(all, n, "%swaivers: %s\n", text, WAIVERS[i].waivers);
		world_site(&w, all);
		buf_init(&said, 1 << 20);
		for (size_t j = 0; j < w.rep.n; j++) {
			conf_finding_say(&said, &w.rep.items[j], LAW_EN);
			buf_add_char(&said, '\n');
		}
		if (!strstr(said.data, WAIVERS[i].say) || w.conf->nsites != (WAIVERS[i].runs ? 1u : 0u))
			fail_msg("row %d: expected \"%s\", site %s, got:\n%s", WAIVERS[i].row, WAIVERS[i].say,
			    w.conf->nsites ? "runs" : "does not run", said.data);
		buf_free(&said);
		free(all);
		free(text);
	}
	world_close(&w);
}

/* Both languages, the reason behind the rule, and the owner's own. */
static void test_say(void **state)
{
	struct world w;
	char *a = text_replace(GOOD_SITE, "dpo: none\n", ""), *b = text_replace(a, "mode: live", "mode: live\nwaivers: { L03: \"wir sind <b>drei</b>\" }");
	struct buf out;

	(void)state;
	world_open(&w);
	buf_init(&out, 1 << 20);
	world_site(&w, a);
	assert_int_equal(w.rep.n, 1);
	conf_finding_say(&out, &w.rep.items[0], LAW_DE);
	assert_non_null(strstr(out.data, "/club.yaml:1:1: L03 Warnung: dpo ist nicht gesetzt. Nennen Sie die Datenschutzbeauftragte"));
	assert_non_null(strstr(out.data, " Ob jemand benannt ist, gehört in die Datenschutzhinweise"));
	assert_non_null(strstr(out.data, "(Art. 13 Abs. 1 lit. b, Art. 37 DSGVO; § 38 BDSG)"));
	assert_null(strstr(out.data, "Grund"));
	world_site(&w, b);
	assert_int_equal(w.rep.n, 1);
	buf_reset(&out);
	conf_finding_say(&out, &w.rep.items[0], LAW_EN);
	assert_non_null(strstr(out.data, "L03 waived: dpo is not set. "));
	assert_non_null(strstr(out.data, " Reason: wir sind <b>drei</b>"));
	assert_string_equal(w.rep.items[0].waived, "wir sind <b>drei</b>");
	buf_free(&out);
	free(a);
	free(b);
	world_close(&w);
}

/* Every finding with an id names its basis; every id that the key table promises for a missing key has one. */
static void test_basis(void **state)
{
	struct world w;
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(DUTIES) / sizeof(DUTIES[0]); i++) {
		char *text = text_replace(GOOD_SITE, DUTIES[i].from, DUTIES[i].to);

		world_site(&w, text);
		for (size_t j = 0; j < w.rep.n; j++)
			assert_true(w.rep.items[j].id[0] == '\0' || w.rep.items[j].basis[0] != '\0');
		free(text);
	}
	for (size_t i = 0; i < n; i++)
		if (keys[i].required == CONF_LIVE_ONLY && keys[i].finding) {
			bool seen = false;

			for (size_t j = 0; j < sizeof(DUTIES) / sizeof(DUTIES[0]); j++)
				seen = seen || (DUTIES[j].say && strstr(DUTIES[j].say, keys[i].finding));
			if (!seen)
				fail_msg("%s: no test of %s", keys[i].path, keys[i].finding);
		}
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_tryout),
		cmocka_unit_test(test_tryout_route),
		cmocka_unit_test(test_waivers),
		cmocka_unit_test(test_say),
		cmocka_unit_test(test_basis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
