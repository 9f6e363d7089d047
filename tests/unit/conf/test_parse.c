#include "conf_test.h"

/* What YAML could do and must not do here; each with its exact place. */
static const struct mutation SYNTAX[] = {
	{__LINE__, "site: club\n", "site: club\nsite: club2\n", "sites/club.yaml:2:1: error: key \"site\" stands here for the second time, first in line 1"},
	{__LINE__, "  country: DE\n", "  country: DE\n  name: Zwei\n", "sites/club.yaml:9:3: error: key \"name\" stands here for the second time, first in line 6"},
	{__LINE__, "{ de: monatlich, en: monthly }", "{ de: monatlich, de: monthly }", "sites/club.yaml:18:33: error: key \"de\" stands"},
	{__LINE__, "site: club\n", "site: &a club\n", "sites/club.yaml:1:7: error: anchors"},
	{__LINE__, "controller:\n", "controller: &c\n", "sites/club.yaml:5:13: error: anchors"},
	{__LINE__, "origins: [", "origins: &o [", "sites/club.yaml:3:10: error: anchors"},
	{__LINE__, "site: club\n", "site: *a\n", "sites/club.yaml:1:7: error: aliases"},
	{__LINE__, "site: club\n", "site: !!str club\n", "sites/club.yaml:1:7: error: tags (tag:yaml.org,2002:str)"},
	{__LINE__, "controller:\n", "controller: !x\n", "sites/club.yaml:5:13: error: tags (!x)"},
	{__LINE__, "  name: Radverein Nordstadt e. V.\n", "  <<: x\n", "sites/club.yaml:6:3: error: merge keys"},
	{__LINE__, "mode: live\n", "mode: live\n---\nsite: x\n", "sites/club.yaml:41:1: error: a second document"},
	{__LINE__, "site: club\n", "%TAG ! tag:x,2026:\n---\nsite: club\n", "error: %TAG directives"},
	{__LINE__, "  name: Radverein Nordstadt e. V.\n", "\tname: Radverein\n", "sites/club.yaml:6:1: error: not valid YAML: found character that cannot start any token"},
	{__LINE__, "  name: Radverein Nordstadt e. V.\n", "\tname: Radverein\n", "A TAB stands here"},
	{__LINE__, "  name: Radverein", "  ? [a]\n  : b\n  name: Radverein", "sites/club.yaml:6:5: error: a list or mapping stands where a key should be"},
	{__LINE__, "site: club\n", "site: \"cl\\0ub\"\n", "sites/club.yaml:1:7: error: a value holds \\0"},
	{__LINE__, "site: club\n", "site: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n", "sites/club.yaml:1:22: error: nested too deeply (16 levels)"},
	{__LINE__, "site: club\n", "site: {a\n", "error: not valid YAML"},
	{__LINE__, "site: club\n", "'': club\n", "sites/club.yaml:1:1: error: a key is empty"},
	{__LINE__, "site: club\n", "site: cl\xC3ub\n", "sites/club.yaml:1:9: error: this is not UTF-8"},
	{__LINE__, "site: club\n", "# \xC3\xA4\xC3\xB6\nsite: cl\xED\xA0\x80ub\n", "sites/club.yaml:2:9: error: this is not UTF-8"},
};

static void test_syntax(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(SYNTAX) / sizeof(SYNTAX[0]); i++)
		mutation_check(&w, &SYNTAX[i], false);
	world_close(&w);
}

/* What looks odd but is fine. */
static const struct mutation FINE[] = {
	{__LINE__, "site: club\n", "# comment\nsite: club # more\n", NULL},
	{__LINE__, "site: club\n", "---\nsite: 'club'\n", NULL},
	{__LINE__, "site: club\n", "%YAML 1.1\n---\nsite: \"club\"\n", NULL},
	{__LINE__, "site: club\n", "\xEF\xBB\xBFsite: club\n", NULL},
	{__LINE__, "mode: live\n", "mode: live\n...\n", NULL},
	{__LINE__, "{ de: monatlich, en: monthly }", "\n      de: >\n        ein mal\n        im Monat\n      en: monthly", NULL},
	{__LINE__, "  name: Radverein Nordstadt e. V.", "  name: no", NULL},
	{__LINE__, "  name: Radverein Nordstadt e. V.", "  name: 1.10", NULL},
	{__LINE__, "  name: Radverein Nordstadt e. V.", "  name: ~", NULL},
};

static void test_fine(void **state)
{
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(FINE) / sizeof(FINE[0]); i++)
		mutation_check(&w, &FINE[i], true);
	world_close(&w);
}

static void test_values_stay_text(void **state)
{
	static const char *const values[] = {"no", "1.10", "~", "0x10", "null", "1e3", "2026-01-01"};
	struct world w;
	char to[60];

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char *text;

		snprintf(to, sizeof(to), "  name: %s", values[i]);
		text = text_replace(GOOD_SITE, "  name: Radverein Nordstadt e. V.", to);
		world_site(&w, text);
		assert_int_equal(w.conf->nsites, 1);
		assert_string_equal(w.conf->sites[0]->controller.name, values[i]);
		free(text);
	}
	world_close(&w);
}

static void test_crlf(void **state)
{
	struct world w;
	char text[2 * sizeof(GOOD_SITE)];
	size_t n = 0;
	unsigned char lf_hash[32];

	(void)state;
	world_open(&w);
	world_site(&w, GOOD_SITE);
	memcpy(lf_hash, w.conf->sites[0]->hash, 32);
	for (const char *p = GOOD_SITE; *p; p++) {
		if (*p == '\n')
			text[n++] = '\r';
		text[n++] = *p;
	}
	text[n] = '\0';
	world_site(&w, text);
	assert_int_equal(w.rep.n, 0);
	assert_memory_equal(lf_hash, w.conf->sites[0]->hash, 32);
	world_close(&w);
}

static void test_nul_byte(void **state)
{
	static const char text[] = "site: club\nbase_url:\0 x\n";
	struct world w;
	char *lines;

	(void)state;
	world_open(&w);
	world_write_n(&w, "sites/club.yaml", text, sizeof(text) - 1, 0644);
	world_load(&w);
	lines = world_lines(&w);
	assert_non_null(strstr(lines, "sites/club.yaml:2:10: error: a NUL byte stands here"));
	free(lines);
	world_close(&w);
}

static void test_sizes(void **state)
{
	struct world w;
	size_t n = 1024 * 1024;
	char *big = malloc(n + 2);
	char *lines;

	(void)state;
	assert_non_null(big);
	world_open(&w);
	memset(big, '#', n + 1);
	memcpy(big, GOOD_SITE, sizeof(GOOD_SITE) - 1);
	/* Exactly 1 MiB is fine, one byte more is not. */
	world_write_n(&w, "sites/club.yaml", big, n, 0644);
	world_load(&w);
	assert_int_equal(w.conf->nsites, 1);
	world_write_n(&w, "sites/club.yaml", big, n + 1, 0644);
	world_load(&w);
	lines = world_lines(&w);
	assert_non_null(strstr(lines, "larger than 1 MiB"));
	assert_int_equal(w.conf->nsites, 0);
	free(lines);
	/* A list of 4,001 entries, and 200,000 brackets. */
	memset(big, '[', 200000);
	memcpy(big, "site: ", 6);
	world_write_n(&w, "sites/club.yaml", big, 200000, 0644);
	world_load(&w);
	lines = world_lines(&w);
	assert_non_null(strstr(lines, "nested too deeply"));
	free(lines);
	n = (size_t)snprintf(big, 100, "origins: [");
	for (int i = 0; i < 4002; i++)
		n += (size_t)snprintf(big + n, 4, "x, ");
	n += (size_t)snprintf(big + n, 3, "]\n");
	world_write_n(&w, "sites/club.yaml", big, n, 0644);
	world_load(&w);
	lines = world_lines(&w);
	assert_non_null(strstr(lines, "more than 4000 entries"));
	free(lines);
	free(big);
	world_close(&w);
}

static void test_empty_files(void **state)
{
	static const struct {
		int row;
		const char *text, *say;
	} rows[] = {
		{__LINE__, "", "sites/club.yaml: error: the file must hold keys and values"},
		{__LINE__, "# nothing\n", "sites/club.yaml: error: the file must hold keys and values"},
		{__LINE__, "- a\n- b\n", "sites/club.yaml:1:1: error: the file must hold keys and values"},
		{__LINE__, "just words\n", "sites/club.yaml:1:1: error: the file must hold keys and values"},
		{__LINE__, "{}\n", "error: site is missing"},
	};
	struct world w;

	(void)state;
	world_open(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *lines;

		world_site(&w, rows[i].text);
		lines = world_lines(&w);
		if (!strstr(lines, rows[i].say))
			fail_msg("row %d: %s", rows[i].row, lines);
		free(lines);
	}
	world_close(&w);
}

/* All errors at once, at most 50 per file; the rest is counted. */
static void test_all_errors(void **state)
{
	struct world w;
	char text[8000];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", GOOD_SITE);
	char *lines;

	(void)state;
	world_open(&w);
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "zzzzzzz%d: x\n", i);
	world_site(&w, text);
	assert_int_equal(w.rep.n, 50);
	assert_int_equal(w.rep.dropped, 10);
	assert_int_equal(w.conf->broken[0].nerrors, 60);
	lines = world_lines(&w);
	assert_non_null(strstr(lines, "club.yaml:41:1: error: unknown key \"zzzzzzz0\""));
	assert_non_null(strstr(lines, "club.yaml:90:1: error: unknown key \"zzzzzzz49\""));
	free(lines);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_fine),
		cmocka_unit_test(test_values_stay_text),
		cmocka_unit_test(test_crlf),
		cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_empty_files),
		cmocka_unit_test(test_all_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
