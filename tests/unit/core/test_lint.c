#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/lint.h"
#include "core/lint_priv.h"
#include "mail/message.h"

#define NOW_MS 1795255509000 /* 2026-11-21 */
#define FILE_MAX_BYTES (4u << 20)

/* A folder with the host file, one site and its templates; and what the whole check finds there. */
struct place {
	char dir[64];
	struct conf *conf;
	struct conf_report rep;
	struct buf said[LAW_LANG__MAX];
};

static void place_file(const struct place *p, const char *name, struct slice text)
{
	struct errinfo ei = {0};
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	*strrchr(path, '/') = '\0';
	assert_int_equal(file_mkdir(path, 0755, &ei), OK);
	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	if (file_write(path, text, 0644, &ei) != OK)
		fail_msg("%s", ei.text);
}

static void place_copy(const struct place *p, const char *from, const char *name)
{
	struct errinfo ei = {0};
	struct buf b;

	buf_init(&b, FILE_MAX_BYTES);
	assert_int_equal(file_read(&b, from, &ei), OK);
	place_file(p, name, buf_slice(&b));
	buf_free(&b);
}

static void place_folder(const struct place *p, const char *name, mode_t mode)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	if (mkdir(path, mode) != 0)
		assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void place_open(struct place *p)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->dir, sizeof(p->dir), "/tmp/lint-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	conf_report_init(&p->rep);
	for (size_t i = 0; i < LAW_LANG__MAX; i++)
		buf_init(&p->said[i], 16u << 20);
	clock_set_ms(NOW_MS);
	place_copy(p, "tests/golden/lint/jawort.yaml", "jawort.yaml");
	place_copy(p, "tests/golden/lint/sites/club.yaml", "sites/club.yaml");
	place_folder(p, "keys", 0700);
	place_folder(p, "shared", 0755);
	place_folder(p, "templates", 0755);
	place_folder(p, "templates/part", 0755);
	place_folder(p, "templates/page", 0755);
	place_folder(p, "templates/mail", 0755);
	place_folder(p, "templates/de", 0755);
}

static void place_close(struct place *p)
{
	char cmd[100];

	conf_free(p->conf);
	conf_report_free(&p->rep);
	for (size_t i = 0; i < LAW_LANG__MAX; i++)
		buf_free(&p->said[i]);
	clock_set_ms(-1);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->dir);
	assert_int_equal(system(cmd), 0);
}

static void place_pages(struct place *p)
{
	struct errinfo ei = {0};
	struct site *s;

	for (size_t i = 0; i < p->conf->nsites; i++) {
		if (site_new(&s, p->conf, p->conf->sites[i], &ei) != OK)
			fail_msg("%s", ei.text);
		if (lint_conf(p->conf->sites[i], &p->rep, &ei) != OK || lint_pages(s, &p->rep, &ei) != OK)
			fail_msg("%s", ei.text);
		site_free(s);
	}
}

static void place_check(struct place *p)
{
	struct errinfo ei = {0};
	char path[100];
	struct conf_opts o = {.path = path};

	snprintf(path, sizeof(path), "%s/jawort.yaml", p->dir);
	conf_free(p->conf);
	p->conf = NULL;
	conf_report_free(&p->rep);
	if (conf_load(&o, &p->conf, &p->rep, &ei) != OK)
		fail_msg("%s", ei.text);
	assert_int_equal(lint_host(p->conf, &p->rep, &ei), OK);
	place_pages(p);
	for (size_t lang = 0; lang < LAW_LANG__MAX; lang++) {
		buf_reset(&p->said[lang]);
		buf_add_str(&p->said[lang], "");
		for (size_t i = 0; i < p->rep.n; i++) {
			conf_finding_say(&p->said[lang], &p->rep.items[i], (enum law_lang)lang);
			buf_add_char(&p->said[lang], '\n');
		}
		assert_true(buf_ok(&p->said[lang]));
	}
}

static const char *said(const struct place *p)
{
	return p->said[LAW_EN].len ? p->said[LAW_EN].data : "";
}

static bool found(const struct place *p, const char *id)
{
	for (size_t i = 0; i < p->rep.n; i++)
		if (strcmp(p->rep.items[i].id, id) == 0)
			return true;
	return false;
}

/* name in the place, made from the file from with the first silent replaced by fires; silent NULL: as it is. */
static void place_change(const struct place *p, const char *from, const char *name, const char *silent,
    const char *fires)
{
	struct errinfo ei = {0};
	struct buf b, out;
	const char *at;

	buf_init(&b, FILE_MAX_BYTES);
	buf_init(&out, FILE_MAX_BYTES);
	if (file_read(&b, from, &ei) != OK)
		fail_msg("%s", ei.text);
	at = silent ? strstr(b.data, silent) : b.data + b.len;
	if (!at)
		fail_msg("%s: \"%s\" is not in it", from, silent);
	buf_add(&out, b.data, (size_t)(at - b.data));
	if (silent) {
		buf_add_str(&out, fires);
		buf_add_str(&out, at + strlen(silent));
	}
	place_file(p, name, buf_slice(&out));
	buf_free(&b);
	buf_free(&out);
}

static void site_change(struct place *p, const char *silent, const char *fires)
{
	place_change(p, "tests/golden/lint/sites/club.yaml", "sites/club.yaml", silent, fires);
	place_check(p);
}

/* ---- pairs ---- */

static void pair_source(const struct law_rule *r, char out[static 200])
{
	snprintf(out, 200, "%s%s", strncmp(r->pair_in, "templates/", 10) == 0 ? "" : "tests/golden/lint/", r->pair_in);
}

static void pair_try(const struct law_rule *r)
{
	struct place p;
	char from[200];

	place_open(&p);
	pair_source(r, from);
	place_change(&p, from, r->pair_in, NULL, NULL);
	place_check(&p);
	if (p.rep.n)
		fail_msg("%s: the silent half is not silent:\n%s", r->id, said(&p));
	place_change(&p, from, r->pair_in, r->pair_silent, r->pair_fires);
	place_check(&p);
	if (!found(&p, r->id))
		fail_msg("%s does not speak:\n%s", r->id, said(&p));
	place_close(&p);
}

/* Fifty-one rules, each with a pair that differs in one place: one half silent, one that speaks. */
static void test_pairs(void **state)
{
	char id[8];
	size_t i;

	(void)state;
	for (i = 0; law_rule_at(i); i++) {
		const struct law_rule *r = law_rule_at(i);
		snprintf(id, sizeof(id), "L%02zu", i + 1);
		assert_string_equal(r->id, id);
		if (!r->pair_in || !r->pair_silent || !r->pair_fires)
			fail_msg("%s has no pair", r->id);
		pair_try(r);
	}
	assert_int_equal(i, 52);
}

/* ---- the tables ---- */

static bool sentence(const char *s)
{
	return s && strlen(s) > 20 && s[strlen(s) - 1] == '.' && !strstr(s, ". ");
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; law_rule_at(i); i++) {
		const struct law_rule *r = law_rule_at(i);
		struct slice rest = slice_from(r->rulings), id;
		char name[80];

		if (!sentence(r->why_de) || !sentence(r->why_en))
			fail_msg("%s: why is one sentence in each language", r->id);
		assert_true(r->title_de && r->title_en && r->basis_de && r->basis_en && r->seen && r->severity);
		assert_true((r->later_de == NULL) == (r->later_en == NULL));
		assert_true(strcmp(r->severity, "E") == 0 || strcmp(r->severity, "W") == 0 || strcmp(r->severity, "E W") == 0);
		while (slice_split(&rest, ' ', &id)) {
			slice_copy(id, name, sizeof(name));
			if (!law_ruling_find(name))
				fail_msg("%s: no ruling %s in data/rulings.txt", r->id, name);
		}
	}
	assert_null(law_rule_find("L53"));
	assert_null(law_rule_find(""));
	assert_string_equal(law_rule_find("L39")->id, "L39");
}

static size_t values(const char *text, bool used[LAW_ARGS_MAX])
{
	size_t n = 0;

	memset(used, 0, LAW_ARGS_MAX * sizeof(*used));
	for (; (text = strchr(text, '{')); text++)
		if (text[1] >= '1' && text[1] <= '4' && text[2] == '}') {
			used[text[1] - '1'] = true;
			n++;
		}
	return n;
}

/* German and English tell the same values; the words of a finding belong to a rule. */
static void test_words(void **state)
{
	bool de[LAW_ARGS_MAX], en[LAW_ARGS_MAX];
	char id[8];

	(void)state;
	for (size_t i = 0; law_words_at(i); i++) {
		const struct law_words *w = law_words_at(i);
		if (!w->de || !w->en || !w->mend_de || !w->mend_en)
			fail_msg("%s: a language is missing", w->id);
		values(w->de, de);
		values(w->en, en);
		if (memcmp(de, en, sizeof(de)) != 0)
			fail_msg("%s: German and English do not name the same", w->id);
		if (strchr(".!", w->de[strlen(w->de) - 1]) || strchr(".!", w->mend_en[strlen(w->mend_en) - 1]))
			fail_msg("%s: the full stop comes by itself", w->id);
		snprintf(id, sizeof(id), "%.3s", w->id);
		assert_true(strcmp(id, "L00") == 0 || law_rule_find(id));
		for (size_t j = 0; j < i; j++)
			if (strcmp(law_words_at(j)->id, w->id) == 0)
				fail_msg("%s stands twice", w->id);
	}
}

/* Rulings say what became of them and by what they were checked. */
static void test_rulings(void **state)
{
	(void)state;
	assert_int_equal(strlen(law_rulings_as_of()), 10);
	for (size_t i = 0; law_ruling_at(i); i++) {
		const struct law_ruling *r = law_ruling_at(i);
		bool used = false;

		if (!r->name_de || !r->name_en || !r->says_de || !r->says_en || !r->state || !r->checked)
			fail_msg("%s: a fact is missing", r->id);
		for (size_t j = 0; law_rule_at(j); j++)
			used = used || (law_rule_at(j)->rulings && strstr(law_rule_at(j)->rulings, r->id));
		if (!used)
			fail_msg("%s: no rule rests on it", r->id);
	}
}

static void test_say(void **state)
{
	static const char *const args[LAW_ARGS_MAX] = {"eins", "{2}", NULL, ""};
	char many[400];
	const char *const lots[LAW_ARGS_MAX] = {many, NULL, NULL, NULL};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	law_say(&b, "{1}{2} {3}{4} {5} {{1}} {", args);
	assert_string_equal(b.data, "eins{2}  {5} {eins} {");
	/* Cut at a character. */
	for (size_t i = 0; i + 2 < sizeof(many); i += 2)
		memcpy(many + i, "ü", 2);
	many[sizeof(many) - 2] = '\0';
	memmove(many + 1, many, sizeof(many) - 1);
	many[0] = 'x';
	buf_reset(&b);
	law_say(&b, "{1}", lots);
	assert_int_equal(b.len, 119);
	buf_free(&b);
	assert_int_equal(law_lang_of("de_DE.UTF-8"), LAW_DE);
	assert_int_equal(law_lang_of("de-du"), LAW_DE);
	assert_int_equal(law_lang_of("de"), LAW_DE);
	assert_int_equal(law_lang_of("den"), LAW_EN);
	assert_int_equal(law_lang_of("C.UTF-8"), LAW_EN);
	assert_int_equal(law_lang_of(NULL), LAW_EN);
}

/* ---- more than the pairs ---- */

static const struct {
	int row;
	const char *silent, *fires, *say; /* say NULL: no finding */
} SITES[] = {
    {__LINE__, "notice: { target_countries: [CH] }", "notice: { target_countries: [CH, US] }",
	"club.yaml:60:30: L44 warning: notice.target_countries names the USA"},
    {__LINE__, "notice: { target_countries: [CH] }", "notice: { target_countries: [CH], authority: nowhere }",
	"club.yaml:60:46: L24 error: notice.authority: an authority \"nowhere\" is not known"},
    {__LINE__, "notice: { target_countries: [CH] }", "notice: { target_countries: [CH], authority: atdsb }",
	"L24 error: notice.authority: \"atdsb\" is not competent for DE-BE"},
    {__LINE__, "    retention: 90d\n", "", "L18 warning: processors.mailjet.retention is missing: how long Mailjet SAS"},
    {__LINE__, "dpo: none", "dpo: none\nregime: kdg", "club.yaml:18:9: L24 warning: regime: for regime: kdg there are"},
    {__LINE__, "mechanism: [scc], scc_module: 2, tia_date: 2026-03-01", "mechanism: [bcr]", NULL},
    {__LINE__, "us_affiliate: true", "us_affiliate: false", NULL},
    /* Contradictory transfers. */
    {__LINE__, "mechanism: [scc]", "mechanism: [scc, adequacy]",
	"L21 error: processors.mailjet.transfer.mechanism names adequacy, but no country"},
    {__LINE__, "us_affiliate: true", "us_affiliate: false\n    parent_country: CH", NULL},
    {__LINE__, "storage_locations: [DE, BE]", "storage_locations: [DE, IN]", NULL},
    {__LINE__, "    us_affiliate: true\n    storage_locations: [DE, BE]\n",
	"    parent_country: IN\n    storage_locations: [DE, BE]\n", NULL},
    {__LINE__, "covers: [duration, data, purpose, instructions, subprocessors, deletion, audit]", "copy: avv.pdf",
	"L20 warning: processors.mailjet.contract.covers is missing"},
    {__LINE__, "subprocessors_checked_on: 2026-11-01", "# nobody looked",
	"L46 warning: processors.mailjet.subprocessors_checked_on is missing"},
    {__LINE__, "subprocessors_checked_on: 2026-11-01", "subprocessors_checked_on: 2026-05-26", NULL},
    {__LINE__, "subprocessors_checked_on: 2026-11-01", "subprocessors_checked_on: 2026-05-24", "L46 warning"},
    {__LINE__, "last_sent: 2026-10-01", "last_sent: 2026-12-01", "L48 warning: purposes.news.last_sent lies in the future"},
    {__LINE__, "last_sent: 2026-10-01", "last_sent: 2025-11-22", NULL},
    {__LINE__, "requests: 3y", "requests: 90d", "L18 warning: retention.requests is 90d; after that you cannot show"},
    {__LINE__, "en: Dates and reports", "en: Dates and reports under our terms of use", "L07 error: purposes.news.content.en speaks of"},
    {__LINE__, "de: Termine und Berichte", "de: Termine und Berichte für Kinder ab 16 Jahren", NULL},
    {__LINE__, "de: Termine und Berichte", "de: Termine der Selbsthilfe", "L39 warning: purposes.news.content.de speaks of \"Selbsthilfe\""},
    {__LINE__, "de: Termine und Berichte", "de: Neues vom Kinderwagen", "L39 warning"},
    {__LINE__, "de: Termine und Berichte", "de: Neues von Linkindern", NULL},
    {__LINE__, "de: Termine und Berichte", "de: Termine auf https://shop.test", "L12 warning: purposes.news.content.de holds a web address"},
    {__LINE__, "de: Vereinspost", "de: \"[[var:x]]\"", "club.yaml:30:18: L49 error: purposes.news.title.de holds"},
    {__LINE__, "mode: live", "mode: try-out", "warning: mode is try-out: no mail leaves this machine"},
};

static void test_sites(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	for (size_t i = 0; i < sizeof(SITES) / sizeof(SITES[0]); i++) {
		site_change(&p, SITES[i].silent, SITES[i].fires);
		if (SITES[i].say ? !strstr(said(&p), SITES[i].say) : p.rep.n != 0)
			fail_msg("row %d: expected \"%s\", got:\n%s", SITES[i].row, SITES[i].say ? SITES[i].say : "(nothing)",
			    said(&p));
	}
	place_close(&p);
}

static const struct {
	int row;
	const char *file, *silent, *fires, *say;
} PAGES[] = {
    /* Consent in a hidden field is a box that somebody else ticked. */
    {__LINE__, "part/fields.html", "<p hidden>", "<input type=\"hidden\" name=\"ok\" value=\"1\"><p hidden>",
	"templates/part/fields.html:11:22: L06 error"},
    {__LINE__, "part/fields.html", "type=\"checkbox\" value", "type=\"radio\" value", "L06 error: part/fields.html: form news (de) has no box for news"},
    {__LINE__, "part/fields.html", "<p hidden>", "<!-- <img src=\"https://x.test/p.gif\"> --><p hidden>", NULL},
    {__LINE__, "part/fields.html", "<p hidden>", "<a href=\"https://x.test/\">x</a><p hidden>", NULL},
    {__LINE__, "part/fields.html", "<p hidden>", "<img src=\"https://www.verein.test/logo.png\" alt=\"\"><p hidden>", NULL},
    {__LINE__, "part/fields.html", "<p hidden>", "<img src='//x.test/p.gif' alt=''><p hidden>", "L31 error: part/fields.html: form news (de) loads something from x.test"},
    {__LINE__, "part/head.html", "</head>", "<link rel=stylesheet href=https://fonts.test/a.css></head>", "L31 error: part/head.html: form news (de) loads something from fonts.test"},
    {__LINE__, "mail/confirm.html", "<p style=\"margin:0 0 28px 0\">", "<img src=\"logo.png\" alt=\"\"><p style=\"margin:0 0 28px 0\">", "L12 error: mail/confirm.html: the confirmation mail (de) loads an image"},
    {__LINE__, "mail/confirm.html", "<p style=\"margin:0 0 28px 0\">", "<p style=\"background: URL(x.png)\">", "L12 error: mail/confirm.html: the confirmation mail (de) loads an image"},
    {__LINE__, "mail/confirm.html", "<p style=\"margin:0 0 28px 0\">", "<p>Zum Dank ein Gutschein!</p><p style=\"margin:0 0 28px 0\">", "L12 warning: mail/confirm.html: the confirmation mail (de) says \"Gutschein\""},
    {__LINE__, "mail/confirm.txt", "{{@@mail.confirm.date}}", "https://www.verein.test/shop\n\n{{@@mail.confirm.date}}", "templates/mail/confirm.txt:25:1: L12 error: mail/confirm.txt: the confirmation mail (de) has a link to https://www.verein.test/shop"},
    {__LINE__, "mail/confirm.txt", "    {{@@word.text}}", "    -", "L49 error: mail/confirm.txt"},
    {__LINE__, "page/unsub.html", "<p class=\"jawort-do\">", "<input name=\"password\" type=\"password\"><p class=\"jawort-do\">", "L28 error: page/unsub.html: the page for unsubscribing asks for more than pressing a button"},
    {__LINE__, "page/unsub.html", "method=\"post\"", "method=\"POST\"", NULL},
    {__LINE__, "part/notice.html", "<p>{{@*scope_key}}</p>", "<p id=\"controller\">{{@*scope_key}}</p>", "L25 error: part/notice.html"},
    {__LINE__, "part/fields.html", "<p hidden>", "<p hidden>", NULL},
};

static void test_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(PAGES) / sizeof(PAGES[0]); i++) {
		char from[200], name[200];
		struct place p;

		place_open(&p);
		snprintf(from, sizeof(from), "templates/%s", PAGES[i].file);
		snprintf(name, sizeof(name), "templates/%s", PAGES[i].file);
		place_change(&p, from, name, PAGES[i].silent, PAGES[i].fires);
		place_check(&p);
		if (PAGES[i].say ? !strstr(said(&p), PAGES[i].say) : p.rep.n != 0)
			fail_msg("row %d: expected \"%s\", got:\n%s", PAGES[i].row, PAGES[i].say ? PAGES[i].say : "(nothing)",
			    said(&p));
		place_close(&p);
	}
}

/* One template that is part of four pages in two languages: said once. */
static void test_once(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	place_change(&p, "templates/part/fields.html", "templates/part/fields.html", "type=\"checkbox\" value",
	    "type=\"checkbox\" checked value");
	place_check(&p);
	assert_int_equal(p.rep.n, 1);
	assert_non_null(strstr(said(&p), "templates/part/fields.html:6:"));
	assert_non_null(strstr(p.said[LAW_DE].data, "L06 Fehler: part/fields.html: ein Kästchen im Formular news (de) ist schon angekreuzt"));
	place_close(&p);
}

/* Old data of law, a clock that is behind, keys inside the data. */
static void test_host(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	clock_set_ms(NOW_MS + INT64_C(181) * 86400 * 1000);
	place_check(&p);
	assert_non_null(strstr(said(&p), "jawort.yaml:1:1: L46 warning: the legal data of this program (data/rulings.txt) are of"));
	clock_set_ms(NOW_MS - INT64_C(800) * 86400 * 1000);
	place_check(&p);
	assert_non_null(strstr(said(&p), "L48 warning: the clock of this machine says 2024-"));
	clock_set_ms(NOW_MS);
	place_change(&p, "tests/golden/lint/jawort.yaml", "jawort.yaml", "keys: keys", "keys: data/keys");
	place_check(&p);
	assert_non_null(strstr(said(&p), "jawort.yaml:3:7: L35 warning: keys lies inside data"));
	place_change(&p, "tests/golden/lint/jawort.yaml", "jawort.yaml", "keys: keys", "keys: data-keys");
	place_check(&p);
	assert_int_equal(p.rep.n, 0);
	place_close(&p);
}

/* ---- what keeps a site from starting ---- */

static const struct {
	int row;
	const char *silent, *fires, *more_silent, *more_fires;
	bool starts;
} GATES[] = {
    /* A real provider: an error stops the site, a warning does not. */
    {__LINE__, "CH]", "CH]", "publish: none", "publish: none", true},
    {__LINE__, "CH]", "CH], authority: nowhere", "publish: none", "publish: none", false},
    {__LINE__, "CH]", "CH, US]", "publish: none", "publish: none", true},
    /* The owner's reason, where the rule allows one. */
    {__LINE__, "CH], authority: nowhere", "CH], authority: nowhere", "publish: none }", "publish: none }\nwaivers: { L24: \"neue Behörde, noch nicht in der Liste\" }", true},
    {__LINE__, "mechanism: [scc]", "mechanism: [scc, adequacy]", "publish: none }", "publish: none }\nwaivers: { L21: \"egal\" }", false},
    /* Mails that stay on this machine. */
    {__LINE__, "CH], authority: nowhere", "", "https://api.mailjet.com", "http://127.0.0.1:8090", true},
    {__LINE__, "CH], authority: nowhere", "", "route: [mailjet]", "route: [dir, log]\n  dir: { path: mails }", true},
    {__LINE__, "CH], authority: nowhere", "", "route: [mailjet]", "route: [smtp]\n  smtp: { url: \"smtp://[::1]:2525\" }", true},
    {__LINE__, "CH], authority: nowhere", "", "route: [mailjet]", "route: [smtp]\n  smtp: { url: \"smtps://mail.verein.test\" }", false},
    {__LINE__, "CH], authority: nowhere", "", "route: [mailjet]", "route: [dir, mailjet]\n  dir: { path: mails }", false},
    {__LINE__, "CH], authority: nowhere", "", "mode: live", "mode: try-out", true},
};

static void gate_try(size_t i)
{
	bool bad = strstr(GATES[i].silent, "nowhere") != NULL;
	struct errinfo ei = {0};
	struct buf b;
	struct place p;
	struct site *s;
	char path[100];
	enum err rc;

	place_open(&p);
	place_change(&p, "tests/golden/lint/sites/club.yaml", "sites/club.yaml", bad ? "CH]" : GATES[i].silent,
	    bad ? "CH], authority: nowhere" : GATES[i].fires);
	snprintf(path, sizeof(path), "%s/sites/club.yaml", p.dir);
	buf_init(&b, FILE_MAX_BYTES);
	assert_int_equal(file_read(&b, path, &ei), OK);
	place_change(&p, path, "sites/club.yaml", GATES[i].more_silent, GATES[i].more_fires);
	place_check(&p);
	if (p.conf->nsites != 1)
		fail_msg("row %d: not loaded:\n%s", GATES[i].row, said(&p));
	assert_int_equal(site_new(&s, p.conf, p.conf->sites[0], &ei), OK);
	rc = lint_gate(s, &ei);
	if ((rc == OK) != GATES[i].starts)
		fail_msg("row %d: %s\n%s", GATES[i].row, rc == OK ? "starts" : ei.text, said(&p));
	assert_true(rc == OK || rc == E_INVALID);
	site_free(s);
	buf_free(&b);
	place_close(&p);
}

static void test_gate(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(GATES) / sizeof(GATES[0]); i++)
		gate_try(i);
}

/* ---- tags ---- */

static void test_tags(void **state)
{
	static const char html[] = "<!-- <b> --><P CLASS=x hidden>a &amp; b</p><style>p>a{}<i></style><script>\"<u>\"</script>"
	    "< x><a title='a > b' href=\"u?a=1&amp;b=2\">\xc2\xa0\n c</a><input disabled/><br";
	static const char *const names[] = {"P", "p", "style", "style", "script", "script", "a", "a", "input", "br"};
	struct lint_tag t;
	struct slice v;
	struct arena a;
	size_t at = 0, n = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	while (lint_tag_next(SLICE(html), &at, &t)) {
		assert_true(n < sizeof(names) / sizeof(names[0]));
		assert_true(slice_eq_str(t.name, names[n]));
		if (n == 0) {
			assert_true(lint_tag_attr(&t, "class", &v) && slice_eq_str(v, "x"));
			assert_true(lint_tag_attr(&t, "HIDDEN", &v) && v.len == 0);
			assert_false(lint_tag_attr(&t, "x", NULL));
		}
		if (n == 6) {
			assert_true(lint_tag_attr(&t, "href", &v));
			assert_true(slice_eq_str(lint_tag_value(&a, v), "u?a=1&b=2"));
			assert_true(lint_tag_attr(&t, "title", &v) && slice_eq_str(v, "a > b"));
		}
		n++;
	}
	assert_int_equal(n, sizeof(names) / sizeof(names[0]));
	assert_true(slice_eq_str(lint_tag_text(&a, SLICE("<p>a&nbsp;b\xc2\xa0 c</p>\n<p>&lt;d</p>")), "a b c <d"));
	arena_free(&a);
}

/* Every way to cut a page off: no reading past the end, and it ends. */
static void test_tags_cut(void **state)
{
	static const char html[] = "<!-- x --><p a='b' c=\"d\" e=f g><script>x</script><style>y</style></p a>";

	(void)state;
	for (size_t n = 0; n < sizeof(html); n++) {
		char *copy = malloc(n ? n : 1);
		struct lint_tag t;
		size_t at = 0, steps = 0;

		assert_non_null(copy);
		memcpy(copy, html, n);
		while (lint_tag_next(slice_make(copy, n), &at, &t)) {
			lint_tag_attr(&t, "zz", NULL);
			assert_true(++steps < 20);
		}
		free(copy);
	}
}

/* ---- bad input ---- */

/* Values that want to be something else: markup, template, phrase, terminal, another language's direction. */
static void test_hostile(void **state)
{
	static const char *const values[] = {
	    "\"><input type=checkbox checked name=ok value=1>", "{{#consents}}{{/consents}}", "{1} {title} {{title}}",
	    "<script src=https://x.test/a.js></script>", "[[x:y]] %s %n", "\u200f\u05d0\u05d1 Verein", "# ## * **x**",
	    "&lt;b&gt; &#0; ' \\\" \\\\", "=cmd|' /C calc'!A0"};
	struct place p;

	(void)state;
	place_open(&p);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char yaml[300];

		snprintf(yaml, sizeof(yaml), "de: '%s'", values[i]);
		for (char *q = yaml + 5; *q && q[1]; q++)
			if (*q == '\'')
				*q = '`';
		site_change(&p, "de: Vereinspost", yaml);
		if (p.conf->nsites != 1)
			continue; /* refused with a place */
		/* What a provider would replace, and what becomes a link in a mail, is said; nothing else is wrong. */
		assert_int_equal(found(&p, "L49"), !message_inert(slice_from(values[i])));
		for (size_t j = 0; j < p.rep.n; j++)
			if (strcmp(p.rep.items[j].id, "L49") != 0 && strcmp(p.rep.items[j].id, "L12") != 0)
				fail_msg("value %zu speaks:\n%s", i, said(&p));
	}
	place_close(&p);
}

static const struct {
	int row;
	const char *silent, *fires, *say;
} REFUSED[] = {
    {__LINE__, "de: Vereinspost", "de: \"a\\u202Eb\"", "club.yaml:30:18: error: purposes.news.title holds a line end or a control character"},
    {__LINE__, "de: Vereinspost", "de: \"a\\u2066b\"", "error: purposes.news.title holds"},
    {__LINE__, "de: Vereinspost", "de: \"a\\eb\"", "error: purposes.news.title holds"},
    {__LINE__, "de: Vereinspost", "de: \"a\\nb\"", "error: purposes.news.title holds"},
    {__LINE__, "tia_date: 2026-03-01", "tia_date: 2026-02-30", "club.yaml:56:60: error: processors.mailjet.transfer.tia_date: \"2026-02-30\" is no date"},
    {__LINE__, "last_sent: 2026-10-01", "last_sent: 0000-00-00", "error: purposes.news.last_sent: \"0000-00-00\" is no date"},
    {__LINE__, "publish: none }", "publish: none }\nwaivers: { L99: x }", "club.yaml:62:12: error: waivers: there is no rule \"L99\""},
    {__LINE__, "country: FR", "country: XX", "error: processors.mailjet.country: \"XX\" is no country code"},
};

static void test_refused(void **state)
{
	struct place p;
	char *big = malloc((1u << 20) + 100);

	(void)state;
	assert_non_null(big);
	place_open(&p);
	for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
		site_change(&p, REFUSED[i].silent, REFUSED[i].fires);
		if (!strstr(said(&p), REFUSED[i].say) || p.conf->nsites)
			fail_msg("row %d: expected \"%s\", got:\n%s", REFUSED[i].row, REFUSED[i].say, said(&p));
	}
	/* A string of a megabyte: with the file above its limit, and alone above that of a value. */
	memcpy(big, "de: ", 4);
	memset(big + 4, 'x', 1u << 20);
	big[4 + (1u << 20)] = '\0';
	for (size_t cut = 0; cut < 2; cut++) {
		big[4 + (1u << 20) - cut * 8000] = '\0';
		place_file(&p, "sites/club.yaml", slice_from(big));
		place_change(&p, "tests/golden/lint/sites/club.yaml", "sites/club.yaml", "de: Vereinspost", big);
		place_check(&p);
		assert_int_equal(p.conf->nsites, 0);
		assert_true(strlen(said(&p)) < 4096);
		if (!strstr(said(&p), cut ? "is longer than 4000 bytes" : "the file is larger than 1 MiB"))
			fail_msg("%s", said(&p));
	}
	place_close(&p);
	free(big);
}

/* ---- docs/law.md ---- */

static void test_docs(void **state)
{
	static const char begin[] = "<!-- rules: begin -->\n", end[] = "<!-- rules: end -->";
	struct errinfo ei = {0};
	struct buf doc, ref;
	const char *from, *to;

	(void)state;
	buf_init(&doc, FILE_MAX_BYTES);
	buf_init(&ref, FILE_MAX_BYTES);
	assert_int_equal(file_read(&doc, "docs/law.md", &ei), OK);
	lint_reference(&ref, LAW_EN);
	from = strstr(doc.data, begin);
	to = strstr(doc.data, end);
	assert_true(from && to);
	from += strlen(begin);
	if (getenv("JAWORT_WRITE_DOCS")) {
		struct buf out;

		buf_init(&out, FILE_MAX_BYTES);
		buf_add(&out, doc.data, (size_t)(from - doc.data));
		buf_add_slice(&out, buf_slice(&ref));
		buf_add_str(&out, to);
		assert_int_equal(file_write("docs/law.md", buf_slice(&out), 0644, &ei), OK);
		buf_free(&out);
	} else if ((size_t)(to - from) != ref.len || memcmp(from, ref.data, ref.len) != 0) {
		fail_msg("docs/law.md is behind data/rules.txt: JAWORT_WRITE_DOCS=1 build/unit/core/test_lint");
	}
	buf_free(&doc);
	buf_free(&ref);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs), cmocka_unit_test(test_rules), cmocka_unit_test(test_words),
		cmocka_unit_test(test_rulings), cmocka_unit_test(test_say), cmocka_unit_test(test_sites),
		cmocka_unit_test(test_pages), cmocka_unit_test(test_once), cmocka_unit_test(test_host),
		cmocka_unit_test(test_gate), cmocka_unit_test(test_tags), cmocka_unit_test(test_tags_cut),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_refused), cmocka_unit_test(test_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
