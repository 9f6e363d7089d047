#include "conf_test.h"

static void add_site(struct world *w, const char *id, const char *base)
{
	char name[80], line[200];
	char *a, *b;

	snprintf(line, sizeof(line), "site: %s\n", id);
	a = text_replace(GOOD_SITE, "site: club\n", line);
	snprintf(line, sizeof(line), "base_url: %s\n", base);
	b = text_replace(a, "base_url: https://www.verein.test/j\n", line);
	snprintf(name, sizeof(name), "sites/%s.yaml", id);
	world_write(w, name, b);
	free(a);
	free(b);
}

static void test_match(void **state)
{
	static const struct {
		int row;
		const char *host, *path, *id, *rest; /* id NULL: no site */
	} rows[] = {
		{__LINE__, "a.test", "/j", "a", ""},
		{__LINE__, "a.test", "/j/", "a", "/"},
		{__LINE__, "a.test", "/j/s/news", "a", "/s/news"},
		{__LINE__, "A.TEST", "/j/s/news", "a", "/s/news"},
		{__LINE__, "a.test.", "/j/s/news", "a", "/s/news"},
		{__LINE__, "a.test:443", "/j/s", "a", "/s"},
		{__LINE__, "a.test:80", "/j/s", "a", "/s"},
		{__LINE__, "a.test.:443", "/j/s", "a", "/s"},
		{__LINE__, "a.test:8443", "/j/s", NULL, NULL},
		{__LINE__, "a.test", "/J/s", NULL, NULL},
		{__LINE__, "a.test", "/jx", NULL, NULL},
		{__LINE__, "a.test", "/", NULL, NULL},
		{__LINE__, "a.test", "", NULL, NULL},
		{__LINE__, "a.test", "/x/j", NULL, NULL},
		{__LINE__, "b.test", "/j", NULL, NULL},
		{__LINE__, "xa.test", "/j", NULL, NULL},
		{__LINE__, "a.test.evil.test", "/j", NULL, NULL},
		{__LINE__, "", "/j", NULL, NULL},
		/* the longest wins, at a boundary */
		{__LINE__, "a.test", "/j/deep", "deep", ""},
		{__LINE__, "a.test", "/j/deep/s/x", "deep", "/s/x"},
		{__LINE__, "a.test", "/j/deeper", "a", "/deeper"},
		/* a site at the root */
		{__LINE__, "root.test", "", "root", ""},
		{__LINE__, "root.test", "/", "root", "/"},
		{__LINE__, "root.test", "/s/x", "root", "/s/x"},
		/* ports and IPv6 */
		{__LINE__, "localhost:8080", "/s/x", "port", "/s/x"},
		{__LINE__, "LocalHost:8080", "/s/x", "port", "/s/x"},
		{__LINE__, "localhost", "/s/x", NULL, NULL},
		{__LINE__, "localhost:80", "/s/x", NULL, NULL},
		{__LINE__, "[::1]:8080", "/v6/s", "six", "/s"},
		{__LINE__, "[::1]", "/v6/s", NULL, NULL},
		{__LINE__, "[::1", "/v6/s", NULL, NULL},
		{__LINE__, "a.test:", "/j", NULL, NULL},
	};
	struct world w;
	struct conf_match m;

	(void)state;
	world_open(&w);
	add_site(&w, "a", "https://a.test/j/");
	add_site(&w, "deep", "https://a.test/j/deep");
	add_site(&w, "root", "https://root.test");
	add_site(&w, "port", "http://localhost:8080/");
	add_site(&w, "six", "'http://[::1]:8080/v6'");
	world_load(&w);
	assert_int_equal(w.conf->nsites, 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool found = conf_site_match(w.conf, slice_from(rows[i].host), slice_from(rows[i].path), &m);

		if (found != (rows[i].id != NULL))
			fail_msg("row %d: found %d", rows[i].row, found);
		if (!found)
			continue;
		if (strcmp(m.site->id, rows[i].id) != 0 || !slice_eq_str(m.rest, rows[i].rest))
			fail_msg("row %d: %s rest \"%.*s\"", rows[i].row, m.site->id, SLICE_FMT(m.rest));
		assert_ptr_equal(conf_site_find(w.conf, slice_from(rows[i].host), slice_from(rows[i].path)), m.site);
	}
	world_close(&w);
}

/* A broken site below a good one answers for its own part only. */
static void test_broken_below(void **state)
{
	struct world w;
	struct conf_match m;

	(void)state;
	world_open(&w);
	add_site(&w, "a", "https://a.test");
	world_write(&w, "sites/b.yaml", "site: b\nbase_url: https://a.test/b\n");
	world_load(&w);
	assert_true(conf_site_match(w.conf, SLICE("a.test"), SLICE("/b/s"), &m));
	assert_non_null(m.broken);
	assert_true(slice_eq_str(m.rest, "/s"));
	assert_true(conf_site_match(w.conf, SLICE("a.test"), SLICE("/bs"), &m));
	assert_null(m.broken);
	assert_string_equal(m.site->id, "a");
	world_close(&w);
}

static void test_long_host(void **state)
{
	struct world w;
	char host[2000];
	struct conf_match m;

	(void)state;
	world_open(&w);
	add_site(&w, "a", "https://a.test");
	world_load(&w);
	memset(host, 'a', sizeof(host));
	assert_false(conf_site_match(w.conf, slice_make(host, sizeof(host)), SLICE("/"), &m));
	memcpy(host, "a.test\0x", 8);
	assert_false(conf_site_match(w.conf, slice_make(host, 8), SLICE("/"), &m));
	world_close(&w);
}

static void test_items(void **state)
{
	struct world w;
	const struct conf_site *s;
	int line = 0, col = 0;

	(void)state;
	world_open(&w);
	world_site(&w, GOOD_SITE);
	s = w.conf->sites[0];
	assert_true(conf_item_place(s, "purposes.news.title.en", &line, &col));
	assert_int_equal(line, 16);
	assert_int_equal(col, 35);
	assert_true(conf_item_place(s, "controller.address[1]", &line, &col));
	assert_int_equal(line, 7);
	assert_false(conf_item_place(s, "links.rights", &line, &col)); /* a default */
	assert_string_equal(conf_item_value(s, "links.rights"), "15m");
	assert_string_equal(conf_item_value(s, "purposes.news.advertiser"), "Radverein Nordstadt e. V.");
	assert_null(conf_item_value(s, "controller.phone"));
	assert_null(conf_item_value(s, "nothing.here"));
	for (size_t i = 1; i < s->nitems; i++)
		assert_true(strcmp(s->items[i - 1].path, s->items[i].path) < 0);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_broken_below),
		cmocka_unit_test(test_long_host),
		cmocka_unit_test(test_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
