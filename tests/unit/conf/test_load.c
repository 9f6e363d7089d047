#include "conf_test.h"

/* The files of the documentation, as they stand there; "…" marks what an owner must fill in. */
static const char EXAMPLE_HOST[] =
    "# jawort.yaml\n"
    "data: /var/lib/jawort\n"
    "keys: /etc/jawort/keys            # directory, 0700; or $CREDENTIALS_DIRECTORY\n"
    "sites: sites/*.yaml\n"
    "listen: unix:/run/jawort/jawort.sock\n"
    "trusted_proxies: []\n"
    "budgets: { confirm: 2/24h, confirm_host: 4/24h, rights: 3/24h, per_prefix: 20/1h, per_site: 2000/24h }\n";

static const char EXAMPLE_SITE[] =
    "# sites/example.yaml\n"
    "site: example\n"
    "base_url: https://www.example.org/j\n"
    "origins: [https://www.example.org]\n"
    "languages: [de, en]\n"
    "controller: { name: Beispiel GmbH, legal_form: GmbH, represented_by: Geschäftsführung, address: [Musterstraße 1, 12345 Berlin], country: DE, state: BE, email: datenschutz@example.org, imprint: https://www.example.org/impressum }\n"
    "dpo: none                          # or { name, email, address }\n"
    "purposes:\n"
    "  news:\n"
    "    channel: email\n"
    "    title: { de: Newsletter, en: Newsletter }\n"
    "    content: { de: Neuigkeiten aus unserer Werkstatt, en: News from our workshop }\n"
    "    frequency: { de: etwa einmal im Monat, en: about once a month }\n"
    "    provider_list: \"12345\"\n"
    "forms:\n"
    "  news: { purposes: [news], fields: [first_name?], next: [https://www.example.org/danke/] }\n"
    "mail:\n"
    "  from: { name: Beispiel, email: news@example.org }\n"
    "  route: [mailjet, smtp]           # first that works\n"
    "  mailjet: { key_file: mailjet.key, endpoint: https://api.mailjet.com }   # key_file: one line KEY:SECRET\n"
    "  smtp: { url: smtps://mail.example.org:465, user: news, password_file: smtp.pass }\n"
    "  # dir: { path: mails }           # one .eml file per mail, for trying out\n"
    "  hooks: { mailjet: { secret_file: hook.secret } }\n"
    "processors:\n"
    "  mailjet: { contract_party: …, address: [...], country: FR, parent: …, us_affiliate: true, storage_locations: [DE, BE],\n"
    "             contract: { date: 2026-03-01, covers: [duration, data, purpose, instructions, subprocessors, deletion, audit], copy: avv-mailjet.pdf },\n"
    "             transfer: { mechanism: [scc], scc_module: 2, tia_date: 2026-03-01 } }\n"
    "hosting: { contract_party: Host GmbH, address: Weg 1, country: DE, contract: { date: 2026-03-01 } }\n"
    "retention: { unconfirmed: 7d, evidence: 3y, ip: 30d, requests: 3y, deny_block: 30d, backups: 30d, logs: 7d }\n"
    "links: { confirm: 48h, rights: 15m }\n"
    "evidence: { ip: truncated }\n"
    "mode: live                          # or try-out: mails only to dir/log, banner on every page, duties are warnings\n";

static void test_examples(void **state)
{
	struct world w;
	char *a, *b;

	(void)state;
	world_open(&w);
	world_write(&w, "jawort.yaml", EXAMPLE_HOST);
	world_write(&w, "sites/example.yaml", EXAMPLE_SITE);
	world_load(&w);
	assert_int_equal(w.err, OK);
	/* Two placeholders are the only errors. */
	assert_int_equal(conf_report_count(&w.rep, CONF_ERROR), 2);
	for (size_t i = 0; i < w.rep.n; i++)
		assert_string_not_equal(w.rep.items[i].id, "");
	a = text_replace(EXAMPLE_SITE, "party: …", "party: Mailjet SAS");
	b = text_replace(a, "[...]", "[13-13 bis rue de l’Aubrac, 75012 Paris]");
	world_write(&w, "sites/example.yaml", b);
	world_load(&w);
	assert_int_equal(w.conf->nsites, 1);
	assert_string_equal(w.conf->sites[0]->mail.smtp.host, "mail.example.org");
	assert_int_equal(w.conf->sites[0]->mail.smtp.port, 465);
	assert_int_equal(w.conf->sites[0]->mail.nhooks, 1);
	assert_string_equal(w.conf->sites[0]->purposes[0].provider_list, "12345");
	assert_int_equal(w.conf->sites[0]->hosting_kind, CONF_NAMED);
	assert_string_equal(w.conf->data, "/var/lib/jawort");
	assert_int_equal(w.conf->budgets.per_site.count, 2000);
	free(a);
	free(b);
	world_close(&w);
}

static void test_host_defaults(void **state)
{
	struct world w;
	char want[200];

	(void)state;
	world_open(&w);
	world_load(&w);
	assert_int_equal(w.err, OK);
	snprintf(want, sizeof(want), "%s/data", w.dir);
	assert_string_equal(w.conf->data, want);
	snprintf(want, sizeof(want), "%s/sites/*.yaml", w.dir);
	assert_string_equal(w.conf->sites_glob, want);
	assert_string_equal(w.conf->keys, "/etc/jawort/keys");
	assert_string_equal(w.conf->listen, "unix:/run/jawort/jawort.sock");
	assert_int_equal(w.conf->threads, 32);
	assert_int_equal(w.conf->budgets.confirm.count, 2);
	assert_int_equal(w.conf->log.level, LOG_INFO);
	assert_int_equal(w.conf->log.format, LOG_LOGFMT);
	assert_int_equal(w.conf->cgi_mail, CONF_CGI_INLINE);
	assert_string_equal(w.conf->templates, "");
	assert_int_equal(w.conf->nsites, 0);
	assert_int_equal(w.rep.n, 1); /* no site file: a warning */
	assert_int_equal(w.rep.items[0].severity, CONF_WARNING);
	world_close(&w);
}

static void test_host_errors(void **state)
{
	static const struct {
		int row;
		const char *text, *say;
	} rows[] = {
		{__LINE__, "dat: x\n", "jawort.yaml:1:1: error: unknown key \"dat\". Did you mean \"data\"?"},
		{__LINE__, "threads: 0\n", "jawort.yaml:1:10: error: threads must be a whole number from 1 to 256"},
		{__LINE__, "threads: 257\n", "jawort.yaml:1:10: error: threads"},
		{__LINE__, "threads: 3.5\n", "jawort.yaml:1:10: error: threads"},
		{__LINE__, "log: { level: loud }\n", "jawort.yaml:1:15: error: log.level"},
		{__LINE__, "cgi: { mail: now }\n", "jawort.yaml:1:14: error: cgi.mail"},
		{__LINE__, "budgets: { confirm: 2 }\n", "jawort.yaml:1:21: error: budgets.confirm: \"2\" is no rate"},
		{__LINE__, "budgets: { confirms: 2/1h }\n", "jawort.yaml:1:12: error: unknown key \"confirms\" in budgets. Did you mean \"confirm\"?"},
		{__LINE__, "listen: unix:jawort.sock\n", "jawort.yaml:1:9: error: listen"},
		{__LINE__, "listen: 127.0.0.1\n", "jawort.yaml:1:9: error: listen"},
		{__LINE__, "listen: 127.0.0.1:9000\n", "jawort.yaml:1:9: error: listen"},
		{__LINE__, "listen: fd:x\n", "jawort.yaml:1:9: error: listen"},
		{__LINE__, "trusted_proxies: [10.0.0.0/33]\n", "jawort.yaml:1:19: error: trusted_proxies"},
		{__LINE__, "trusted_proxies: ['::1/129']\n", "jawort.yaml:1:19: error: trusted_proxies"},
		{__LINE__, "trusted_proxies: [nginx]\n", "jawort.yaml:1:19: error: trusted_proxies"},
		{__LINE__, "keys: $CREDENTIALS_DIRECTORY\n", "jawort.yaml:1:7: error: keys"},
		{__LINE__, "controller: { name: X }\n", "jawort.yaml:1:1: error: unknown key \"controller\""},
		{__LINE__, "data: a\ndata: b\n", "jawort.yaml:2:1: error: key \"data\" stands here for the second time"},
	};
	struct world w;

	(void)state;
	world_open(&w);
	world_write(&w, "sites/club.yaml", GOOD_SITE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *lines;

		world_write(&w, "jawort.yaml", rows[i].text);
		world_load(&w);
		lines = world_lines(&w);
		if (w.err != E_INVALID || w.conf)
			fail_msg("row %d: the host file was taken", rows[i].row);
		if (!strstr(lines, rows[i].say) || !strstr(w.ei.text, "jawort.yaml:"))
			fail_msg("row %d: %s / %s", rows[i].row, lines, w.ei.text);
		free(lines);
	}
	world_close(&w);
}

static void test_host_good(void **state)
{
	static const char *const rows[] = {"listen: unix:/tmp/x\n", "listen: fd:0\n", "trusted_proxies: [10.0.0.0/8, '::1', 192.0.2.1]\n", "threads: 256\n",
		"log: { format: json, level: debug }\n", "cgi: { mail: cron }\n"};
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_write(&w, "jawort.yaml", rows[i]);
		world_load(&w);
		if (w.err)
			fail_msg("%s%s", rows[i], w.ei.text);
	}
	world_close(&w);
}

static void test_no_host_file(void **state)
{
	struct world w;
	char path[200];

	(void)state;
	world_open(&w);
	snprintf(path, sizeof(path), "%s/jawort.yaml", w.dir);
	assert_int_equal(unlink(path), 0);
	world_load(&w);
	assert_int_equal(w.err, E_NOT_FOUND);
	assert_null(w.conf);
	assert_non_null(strstr(w.ei.text, "jawort.yaml"));
	world_close(&w);
}

static void test_credentials(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	world_load_opts(&w, (struct conf_opts){.credentials_dir = "/run/credentials/jawort"});
	assert_string_equal(w.conf->keys, "/run/credentials/jawort");
	conf_free(w.conf);
	world_write(&w, "jawort.yaml", "keys: $CREDENTIALS_DIRECTORY\n");
	world_load_opts(&w, (struct conf_opts){.credentials_dir = "/run/credentials/jawort"});
	assert_string_equal(w.conf->keys, "/run/credentials/jawort");
	conf_free(w.conf);
	world_write(&w, "jawort.yaml", "keys: /srv/keys\n");
	world_load_opts(&w, (struct conf_opts){.credentials_dir = "/run/credentials/jawort"});
	assert_string_equal(w.conf->keys, "/srv/keys");
	assert_string_equal(w.conf->credentials_dir, "/run/credentials/jawort");
	world_close(&w);
}

static void second_site(struct world *w, const char *file, const char *id, const char *base)
{
	char line[200];
	char *a, *b;

	snprintf(line, sizeof(line), "site: %s\n", id);
	a = text_replace(GOOD_SITE, "site: club\n", line);
	snprintf(line, sizeof(line), "base_url: %s\n", base);
	b = text_replace(a, "base_url: https://www.verein.test/j\n", line);
	world_write(w, file, b);
	free(a);
	free(b);
}

static void test_broken_site_alone(void **state)
{
	struct world w;
	struct conf_match m;

	(void)state;
	world_open(&w);
	world_write(&w, "sites/a.yaml", GOOD_SITE);
	world_write(&w, "sites/b.yaml", "site: second\nbase_url: https://zwei.test/j\nx: y\n");
	world_write(&w, "sites/c.c.yaml", "nonsense: [\n");
	second_site(&w, "sites/d.yaml", "four", "https://vier.test");
	world_write(&w, "sites/readme.txt", "not: [a site");
	world_load(&w);
	assert_int_equal(w.err, OK);
	assert_int_equal(w.conf->nsites, 2);
	assert_int_equal(w.conf->nbroken, 2);
	assert_string_equal(w.conf->sites[0]->id, "club");
	assert_string_equal(w.conf->sites[1]->id, "four");
	assert_string_equal(w.conf->broken[0].id, "second");
	assert_string_equal(w.conf->broken[0].base_url, "https://zwei.test/j");
	assert_true(w.conf->broken[0].nerrors > 1);
	assert_non_null(strstr(w.conf->broken[0].first, "b.yaml:3:1: error: unknown key \"x\""));
	assert_string_equal(w.conf->broken[1].id, "c");
	assert_string_equal(w.conf->broken[1].base_url, "");
	assert_true(conf_site_match(w.conf, SLICE("zwei.test"), SLICE("/j/s/news"), &m));
	assert_null(m.site);
	assert_ptr_equal(m.broken, &w.conf->broken[0]);
	assert_null(conf_site_find(w.conf, SLICE("zwei.test"), SLICE("/j/s/news")));
	world_close(&w);
}

static void test_unreadable_site(void **state)
{
	struct world w;
	char path[200];

	(void)state;
	world_open(&w);
	snprintf(path, sizeof(path), "%s/sites/dir.yaml", w.dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/sites/gone.yaml", w.dir);
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	world_write(&w, "sites/club.yaml", GOOD_SITE);
	world_load(&w);
	assert_int_equal(w.err, OK);
	assert_int_equal(w.conf->nsites, 1);
	assert_int_equal(w.conf->nbroken, 2);
	world_close(&w);
}

static void test_same_id_and_address(void **state)
{
	struct world w;
	char *lines;

	(void)state;
	world_open(&w);
	second_site(&w, "sites/a.yaml", "one", "https://eins.test/j");
	second_site(&w, "sites/b.yaml", "one", "https://zwei.test/j");
	second_site(&w, "sites/c.yaml", "three", "HTTP://localhost:8080/x/");
	second_site(&w, "sites/d.yaml", "four", "http://LOCALHOST:8080/x");
	second_site(&w, "sites/e.yaml", "five", "http://localhost:8080/X");
	world_load(&w);
	lines = world_lines(&w);
	assert_int_equal(w.conf->nsites, 3);
	assert_non_null(strstr(lines, "sites/b.yaml:1:7: error: site: \"one\" is taken by "));
	assert_non_null(strstr(lines, "sites/d.yaml:2:11: error: base_url: http://localhost:8080/x is taken by "));
	assert_non_null(strstr(lines, "sites/c.yaml. Give each site its own address"));
	free(lines);
	world_close(&w);
}

static void test_only_site(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	second_site(&w, "sites/one.yaml", "one", "https://eins.test/j");
	second_site(&w, "sites/two.yaml", "zwei", "https://zwei.test/j");
	second_site(&w, "sites/onetwo.yaml", "drei", "https://drei.test/j");
	world_write(&w, "sites/bad.yaml", "x: y\n");
	world_load_opts(&w, (struct conf_opts){.only_site = "one"});
	assert_int_equal(w.conf->nsites, 1);
	assert_int_equal(w.conf->nbroken, 0);
	assert_string_equal(w.conf->sites[0]->id, "one");
	conf_free(w.conf);
	/* The file has another name than its site. */
	world_load_opts(&w, (struct conf_opts){.only_site = "zwei"});
	assert_int_equal(w.conf->nsites, 1);
	assert_string_equal(w.conf->sites[0]->id, "zwei");
	conf_free(w.conf);
	world_load_opts(&w, (struct conf_opts){.only_site = "bad"});
	assert_int_equal(w.conf->nsites, 0);
	assert_int_equal(w.conf->nbroken, 1);
	conf_free(w.conf);
	world_load_opts(&w, (struct conf_opts){.only_site = "none-such"});
	assert_int_equal(w.conf->nsites + w.conf->nbroken, 0);
	world_close(&w);
}

/* A reload keeps the last good state of a file that is broken now, even when the older configuration is gone. */
static void test_reload_keeps(void **state)
{
	struct world w;
	struct conf *first, *second;

	(void)state;
	world_open(&w);
	world_write(&w, "sites/club.yaml", GOOD_SITE);
	second_site(&w, "sites/two.yaml", "two", "https://zwei.test/j");
	world_load_opts(&w, (struct conf_opts){0});
	first = w.conf;
	assert_int_equal(first->nsites, 2);
	world_write(&w, "sites/club.yaml", "site: club\nbase_url: https://www.verein.test/j\noops: 1\n");
	world_load_opts(&w, (struct conf_opts){.last = first});
	second = w.conf;
	assert_int_equal(second->nsites, 2);
	assert_int_equal(second->nbroken, 1);
	assert_true(second->broken[0].kept);
	assert_ptr_equal(conf_site_by_id(second, "club"), conf_site_by_id(first, "club"));
	assert_ptr_not_equal(conf_site_by_id(second, "two"), conf_site_by_id(first, "two"));
	conf_free(first);
	assert_string_equal(conf_site_find(second, SLICE("www.verein.test"), SLICE("/j"))->purposes[0].id, "news");
	/* And once more, from the kept one. */
	world_load_opts(&w, (struct conf_opts){.last = second});
	conf_free(second);
	assert_string_equal(conf_site_by_id(w.conf, "club")->controller.name, "Radverein Nordstadt e. V.");
	/* Without a last state it is broken. */
	world_load(&w);
	assert_int_equal(w.conf->nsites, 1);
	assert_false(w.conf->broken[0].kept);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_host_defaults),
		cmocka_unit_test(test_host_errors),
		cmocka_unit_test(test_host_good),
		cmocka_unit_test(test_no_host_file),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_broken_site_alone),
		cmocka_unit_test(test_unreadable_site),
		cmocka_unit_test(test_same_id_and_address),
		cmocka_unit_test(test_only_site),
		cmocka_unit_test(test_reload_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
