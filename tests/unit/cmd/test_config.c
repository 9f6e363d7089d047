/* config check as it is typed: lines, JSON, languages, exit codes, what is put aside, and a thousand sites. */
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
#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/cmd.h"

#define NOW_MS 1795255509000 /* 2026-11-21 */
#define OUT_BYTES (16u << 20)
/* Two seconds on a machine of its own; tests run beside others and under sanitizers. */
#define SITES 1000
#define SITES_MAX_S 2.0
#define SLACK 4.0

struct place {
	char dir[64], conf[100];
	struct buf good; /* a site without findings */
	struct buf out;
};

static void place_write(const struct place *p, const char *name, struct slice text)
{
	struct errinfo ei = {0};
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	if (file_write(path, text, 0644, &ei) != OK)
		fail_msg("%s", ei.text);
}

static void place_open(struct place *p)
{
	struct errinfo ei = {0};
	char path[200];

	memset(p, 0, sizeof(*p));
	snprintf(p->dir, sizeof(p->dir), "/tmp/config-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->conf, sizeof(p->conf), "%s/jawort.yaml", p->dir);
	snprintf(path, sizeof(path), "%s/sites", p->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	buf_init(&p->good, 1 << 20);
	buf_init(&p->out, OUT_BYTES);
	assert_int_equal(file_read(&p->good, "tests/golden/lint/sites/club.yaml", &ei), OK);
	place_write(p, "jawort.yaml", SLICE("data: data\nkeys: keys\n"));
	clock_set_ms(NOW_MS);
}

static void place_close(struct place *p)
{
	char cmd[100];

	buf_free(&p->good);
	buf_free(&p->out);
	clock_set_ms(-1);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", p->dir);
	assert_int_equal(system(cmd), 0);
}

/* sites/NAME.yaml: the good site with the first from replaced by to (NULL: as it is), and without templates. */
static void place_site(const struct place *p, const char *name, const char *from, const char *to)
{
	static const char templates[] = "templates: ../templates\n";
	struct buf a;
	const char *at = strstr(p->good.data, templates), *cut;
	char file[80];

	buf_init(&a, 1 << 20);
	assert_non_null(at);
	buf_add(&a, p->good.data, (size_t)(at - p->good.data));
	buf_add_str(&a, at + strlen(templates));
	snprintf(file, sizeof(file), "sites/%s.yaml", name);
	if (from) {
		struct buf b;

		buf_init(&b, 1 << 20);
		cut = strstr(a.data, from);
		if (!cut)
			fail_msg("\"%s\" is not in the site", from);
		buf_add(&b, a.data, (size_t)(cut - a.data));
		buf_add_str(&b, to);
		buf_add_str(&b, cut + strlen(from));
		place_write(p, file, buf_slice(&b));
		buf_free(&b);
	} else {
		place_write(p, file, buf_slice(&a));
	}
	buf_free(&a);
}

/* Runs `config check` with stdout in p->out. */
static int check(struct place *p, const char *lang, bool json)
{
	struct cmd_args args = {.conf = p->conf, .lang = lang, .json = json, .words = {"check"}, .n = 1};
	struct errinfo ei = {0};
	char path[200];
	int before, rc;
	FILE *f;

	snprintf(path, sizeof(path), "%s/out", p->dir);
	fflush(stdout);
	before = dup(STDOUT_FILENO);
	assert_true(before >= 0);
	f = freopen(path, "wb", stdout);
	rc = cmd_config(&args);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	assert_non_null(f);
	buf_reset(&p->out);
	assert_int_equal(file_read(&p->out, path, &ei), OK);
	return rc;
}

static const struct {
	int row;
	const char *from, *to, *lang, *say; /* say NULL: nothing */
	int rc;
} RUNS[] = {
    {__LINE__, NULL, NULL, "en", NULL, CMD_DONE},
    {__LINE__, "dpo: none", "# dpo", "en", "/sites/club.yaml:1:1: L03 warning: dpo is not set. Name the", CMD_FINDINGS},
    {__LINE__, "dpo: none", "# dpo", "de", "/sites/club.yaml:1:1: L03 Warnung: dpo ist nicht gesetzt. Nennen Sie", CMD_FINDINGS},
    {__LINE__, "dpo: none", "# dpo", "fr", "L03 warning: dpo is not set", CMD_FINDINGS},
    {__LINE__, "dpo: none", "waivers: { L03: \"zu dritt\" }", "de", "L03 beiseitegelegt: dpo ist nicht gesetzt", CMD_DONE},
    {__LINE__, "dpo: none", "waivers: { L03: \"zu dritt\" }", "de", "Grund: zu dritt", CMD_DONE},
    {__LINE__, "name: Radverein Nordstadt e. V.", "name: TODO", "en", "club.yaml:9:9: L01 error: controller.name", CMD_FINDINGS},
    {__LINE__, "target_countries: [CH]", "authority: nowhere", "en", "L24 error: notice.authority: an authority \"nowhere\"", CMD_FINDINGS},
    {__LINE__, "dpo: none", "dpoo: none", "de", "unknown key \"dpoo\"", CMD_BAD_CONFIG},
    {__LINE__, "languages: [de, en]", "languages: [de, xx]", "en", "L41 error: purposes.news.title has no text for \"xx\"", CMD_FINDINGS},
    {__LINE__, "tia_date: 2026-03-01", "tia_date: 2026-02-30", "en", "\"2026-02-30\" is no date", CMD_BAD_CONFIG},
};

static void test_runs(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	for (size_t i = 0; i < sizeof(RUNS) / sizeof(RUNS[0]); i++) {
		int rc;

		place_site(&p, "club", RUNS[i].from, RUNS[i].to);
		rc = check(&p, RUNS[i].lang, false);
		if (rc != RUNS[i].rc || (RUNS[i].say ? !strstr(p.out.data, RUNS[i].say) : p.out.len != 0))
			fail_msg("row %d: exit %d, expected %d and \"%s\":\n%s", RUNS[i].row, rc, RUNS[i].rc,
			    RUNS[i].say ? RUNS[i].say : "(nothing)", p.out.len ? p.out.data : "");
	}
	place_close(&p);
}

/* Without --lang the terminal decides. */
static void test_terminal(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	place_site(&p, "club", "dpo: none", "# dpo");
	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	setenv("LANG", "de_AT.UTF-8", 1);
	check(&p, NULL, false);
	assert_non_null(strstr(p.out.data, "L03 Warnung"));
	setenv("LC_ALL", "C.UTF-8", 1);
	check(&p, NULL, false);
	assert_non_null(strstr(p.out.data, "L03 warning"));
	unsetenv("LC_ALL");
	place_close(&p);
}

static const char *field(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	if (!v)
		fail_msg("%s is missing", key);
	return v;
}

static void test_json(void **state)
{
	static const char *const keys[] = {"id", "severity", "file", "text", "basis", "what", "mend", "why"};
	struct place p;
	json_t *list;

	(void)state;
	place_open(&p);
	place_site(&p, "club", "dpo: none", "waivers: { L03: \"<zu> \\\"dritt\\\"\" }");
	place_site(&p, "other", "site: club", "site: \"\"");
	assert_int_equal(check(&p, "de", true), CMD_BAD_CONFIG);
	list = json_loadb(p.out.data, p.out.len, 0, NULL);
	assert_true(json_is_array(list) && json_array_size(list) >= 2);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			field(o, keys[k]);
		assert_true(json_is_integer(json_object_get(o, "line")) && json_is_integer(json_object_get(o, "column")));
	}
	assert_string_equal(field(json_array_get(list, 0), "id"), "L03");
	assert_string_equal(field(json_array_get(list, 0), "waived"), "<zu> \"dritt\"");
	assert_string_equal(field(json_array_get(list, 0), "what"), "dpo ist nicht gesetzt");
	assert_non_null(strstr(field(json_array_get(list, 0), "text"), "dpo is not set. Name"));
	assert_non_null(strstr(field(json_array_get(list, 0), "basis"), "DSGVO"));
	json_decref(list);
	place_close(&p);
}

/* A thousand sites, each with a finding of the load and one of the check. */
static void test_thousand(void **state)
{
	struct place p;
	size_t lines = 0;
	clock_t from;
	double s;

	(void)state;
	place_open(&p);
	place_site(&p, "a", "mechanism: [scc]", "mechanism: [scc, adequacy]");
	for (size_t i = 0; i < SITES; i++) {
		char name[20], to[200];

		snprintf(name, sizeof(name), "s%zu", i);
		snprintf(to, sizeof(to), "site: s%zu\nbase_url: https://www.verein.test/s%zu\n# dpo", i, i);
		place_site(&p, name, "site: club\nbase_url: https://www.verein.test/j\n", to);
	}
	from = clock();
	assert_int_equal(check(&p, "de", false), CMD_FINDINGS);
	s = (double)(clock() - from) / CLOCKS_PER_SEC;
	for (const char *c = p.out.data; (c = strchr(c, '\n')); c++)
		lines++;
	print_message("%d sites: %.2f s of processor time\n", SITES, s);
	assert_int_equal(lines, 1);
	if (!strstr(p.out.data, "/sites/a.yaml:55:29: L21 Fehler"))
		fail_msg("%s", p.out.data);
	if (s > SITES_MAX_S * SLACK)
		fail_msg("%d sites took %.2f s", SITES, s);
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs), cmocka_unit_test(test_terminal),
	    cmocka_unit_test(test_json), cmocka_unit_test(test_thousand)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
