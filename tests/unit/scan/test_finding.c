/* A folder of one page against a configuration: pairs of pages that differ in one thing, and what is said. */
#include "scan/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

static struct conf *conf;
static struct conf_report rep;
static char dir[64];

static int up(void **state)
{
	struct conf_opts o = {.path = "tests/golden/conf/jawort.yaml"};
	struct errinfo ei = {0};

	(void)state;
	conf_report_init(&rep);
	if (conf_load(&o, &conf, &rep, &ei))
		fail_msg("%s", ei.text);
	snprintf(dir, sizeof(dir), "/tmp/scan-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int down(void **state)
{
	char cmd[100];

	(void)state;
	conf_free(conf);
	conf_report_free(&rep);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void put(const char *name, const char *text)
{
	struct errinfo ei = {0};
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_write(path, slice_from(text), 0644, &ei), OK);
}

/* "word name|..." of all findings; those about too much only where wanted. */
static void look(const struct conf_site *c, bool needless, struct buf *out)
{
	struct errinfo ei = {0};
	struct findings f;
	struct arena a;
	struct tree *t;

	arena_init(&a, 1u << 20);
	assert_int_equal(tree_read(&t, dir, &ei), OK);
	assert_true(findings_make(&f, &a, t, c));
	buf_reset(out);
	for (size_t i = 0; i < f.n; i++)
		if (finding_needless(f.v[i].kind) == needless)
			buf_printf(out, "%s %s|", finding_word(f.v[i].kind), f.v[i].name);
	tree_free(t);
	arena_free(&a);
}

/* site: notice of the whole website, local files, no statistics, a film, links to Mastodon and Instagram, mail and phone.
 * portal: cdn bunny and fonts, Matomo at a firm, a map, a form at a firm. */
static const struct {
	int line;
	const char *site, *page, *said;
} ROWS[] = {
	{__LINE__, "site", "<p>Hello", ""},
	{__LINE__, "site", "<img src=/a.png><script src=/b.js></script>", ""},
	{__LINE__, "site", "<img src=https://www.kegeln.example.org/a.png>", ""},
	{__LINE__, "site", "<script type=module src=https://post.kegeln.example.org/j/jawort.js></script>", ""},
	{__LINE__, "site", "<link rel=stylesheet href=//fonts.googleapis.com/css>", "fonts fonts.googleapis.com|"},
	{__LINE__, "site", "<link rel=preconnect href=//fonts.gstatic.com>", "fonts fonts.gstatic.com|"},
	{__LINE__, "site", "<script src=//cdn.jsdelivr.net/x></script>", "files cdn.jsdelivr.net|"},
	{__LINE__, "site", "<img src=//pictures.example.net/x>", "unknown pictures.example.net|"},
	{__LINE__, "portal", "<img src=//cdn.example.net/x>", ""},
	{__LINE__, "portal", "<img src=//other.example.net/x>", "unknown other.example.net|"},
	{__LINE__, "portal", "<script src=//x.b-cdn.net/x></script>", ""},
	{__LINE__, "site", "<script src=//x.b-cdn.net/x></script>", "files x.b-cdn.net|"},
	{__LINE__, "site", "<iframe src=//www.youtube-nocookie.com/x>", "at-once www.youtube-nocookie.com|"},
	{__LINE__, "site", "<iframe data-src=//www.youtube.com/x>", "embed www.youtube.com|"},
	{__LINE__, "site", "<iframe src=//unknown.example.net/x>", "at-once unknown.example.net|"},
	{__LINE__, "site", "<script>f('https://player.vimeo.com/')</script>", "embed player.vimeo.com|"},
	{__LINE__, "site", "<script src=//www.googletagmanager.com/gtm.js></script>", "consent www.googletagmanager.com|"},
	{__LINE__, "site", "<script src=//www.google-analytics.com/a.js></script>", "statistics www.google-analytics.com|"},
	{__LINE__, "site", "<script src=/stats/matomo.js></script>", "statistics Matomo|"},
	{__LINE__, "portal", "<script src=/stats/matomo.js></script>", ""},
	{__LINE__, "portal", "<script src=//www.google-analytics.com/a.js></script>", "statistics www.google-analytics.com|"},
	{__LINE__, "site", "<script>localStorage.a=1</script>", "store index.html|"},
	{__LINE__, "portal", "<script>localStorage.a=1</script>", ""},
	{__LINE__, "site", "<a href=mailto:a@b.test>", ""},
	{__LINE__, "portal", "<a href=mailto:a@b.test>", "mail mailto:|"},
	{__LINE__, "site", "<a href=tel:+49>", ""},
	{__LINE__, "portal", "<a href=tel:+49>", "phone tel:|"},
	{__LINE__, "site", "<form method=post action=/contact.php><textarea></textarea></form>", "contact form|"},
	{__LINE__, "portal", "<form method=post action=/contact.php><textarea></textarea></form>", ""},
	{__LINE__, "site", "<form method=post action=https://post.kegeln.example.org/j/s/news><input type=email></form>", ""},
	{__LINE__, "site", "<form action=/search><input name=q></form>", ""},
	{__LINE__, "portal", "<form method=post action=//formspree.io/f><textarea></textarea></form>", "form formspree.io|"},
	{__LINE__, "site", "<a href=https://www.instagram.com/x>", ""},
	{__LINE__, "site", "<a href=https://www.facebook.com/x>", "network Facebook|"},
	{__LINE__, "site", "<a href=https://www.youtube.com/x>", ""},
	{__LINE__, "site", "<script src=https://www.instagram.com/embed.js></script>", "at-once www.instagram.com|"},
};

static void test_lacks(void **state)
{
	unsigned failed = 0;
	struct buf out;

	(void)state;
	buf_init(&out, 1u << 16);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		put("index.html", ROWS[i].page);
		look(conf_site_by_id(conf, ROWS[i].site), false, &out);
		if (slice_eq_str(buf_slice(&out), ROWS[i].said))
			continue;
		print_message("row of line %d: \"%s\"\n", ROWS[i].line, out.data);
		failed++;
	}
	buf_free(&out);
	assert_int_equal(failed, 0);
}

static const struct {
	int line;
	const char *site, *page, *said;
} NEEDLESS[] = {
	{__LINE__, "site", "<p>a@b.test, Tel. 0221 1234567<a href=//mastodon.social/@x><a href=//instagram.com/x>"
	    "<p data-src=https://film.example.net/x>", "needless-embed website.embeds.film|"},
	{__LINE__, "site", "<p>Tel. 0221 1234567<a href=//mastodon.social/@x><a href=//instagram.com/x>",
	    "needless-mail website.contact.by|needless-embed website.embeds.film|"},
	{__LINE__, "site", "<p>a@b.test<a href=//mastodon.social/@x>",
	    "needless-phone website.contact.by|needless-embed website.embeds.film|needless-network website.links[1]|"},
	{__LINE__, "portal", "<p>nothing", "needless-contact website.contact.by|needless-embed website.embeds.karte|"
	    "needless-files website.cdn[0]|needless-files website.cdn[1]|needless-statistics website.statistics|"},
	{__LINE__, "portal", "<form method=post></form><img src=//cdn.example.net/x><script src=/matomo.js></script>",
	    "needless-embed website.embeds.karte|needless-files website.cdn[1]|"},
};

static void test_needless(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1u << 16);
	for (size_t i = 0; i < sizeof(NEEDLESS) / sizeof(NEEDLESS[0]); i++) {
		put("index.html", NEEDLESS[i].page);
		look(conf_site_by_id(conf, NEEDLESS[i].site), true, &out);
		if (!slice_eq_str(buf_slice(&out), NEEDLESS[i].said))
			fail_msg("row of line %d: \"%s\"", NEEDLESS[i].line, out.data);
	}
	buf_free(&out);
}

/* Hosts that the owner names count as the service's. */
static void test_hosts_of_an_embed(void **state)
{
	static const char *const hosts[] = {"film.example.net"};
	struct conf_site c = *conf_site_by_id(conf, "site");
	struct conf_embed e = c.website.embeds[0];
	struct buf out;

	(void)state;
	buf_init(&out, 1u << 16);
	e.hosts = (struct conf_list){hosts, 1};
	c.website.embeds = &e;
	put("index.html", "<iframe data-src=//www.film.example.net/x></iframe>");
	look(&c, false, &out);
	assert_string_equal(out.data, "");
	put("index.html", "<iframe src=//www.film.example.net/x></iframe>");
	look(&c, false, &out);
	assert_string_equal(out.data, "at-once www.film.example.net|");
	buf_free(&out);
}

/* Every kind has its words in both languages, and is told by some row. */
static void test_kinds(void **state)
{
	(void)state;
	for (int k = 0; k < FINDING__MAX; k++) {
		bool told = k == FINDING_UNREAD;
		assert_true(strlen(finding_text(k, "de")) > 20 && strlen(finding_text(k, "en")) > 20);
		assert_string_not_equal(finding_text(k, "de"), finding_text(k, "en"));
		for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
			told |= strstr(ROWS[i].said, finding_word(k)) != NULL;
		for (size_t i = 0; i < sizeof(NEEDLESS) / sizeof(NEEDLESS[0]); i++)
			told |= strstr(NEEDLESS[i].said, finding_word(k)) != NULL;
		if (!told)
			fail_msg("no row tells of %s", finding_word(k));
	}
}

/* What the table holds: a kind that is understood, lower case, no host twice. */
static void test_table(void **state)
{
	static const char kinds[] = " fonts cdn video map audio social statistics tags ads captcha form comments chat payment consent ";
	const struct module *m, *again;
	char word[40];

	(void)state;
	for (size_t i = 0; (m = module_at(i)) != NULL; i++) {
		struct slice rest = slice_from(m->host), host;
		snprintf(word, sizeof(word), " %s ", m->kind);
		if (!strstr(kinds, word) || !*m->name || !m->source)
			fail_msg("%s", m->id);
		while (slice_split(&rest, '\n', &host)) {
			again = module_of_host(host);
			if (again != m)
				fail_msg("%.*s belongs to %s and %s", SLICE_FMT(host), m->id, again ? again->id : "none");
			for (size_t k = 0; k < host.len; k++)
				assert_true(!(host.ptr[k] >= 'A' && host.ptr[k] <= 'Z') && host.ptr[k] != '/');
		}
	}
	assert_true(strlen(module_as_of()) == 10);
	assert_null(module_of_host(SLICE("notyoutube.com")));
	assert_string_equal(module_of_host(SLICE("www.youtube.com"))->id, "youtube");
}

/* Files in folders, style sheets, links that lead out of the folder, and one that cannot be read. */
static void test_tree(void **state)
{
	static char large[PAGE_MAX_BYTES + 2];
	struct errinfo ei = {0};
	char path[200];
	struct tree *t;

	(void)state;
	put("index.html", "<p>");
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	put("a/x.css", "\na{b:url(//i.example.net/)}");
	put("a/x.js", "f('//youtube.com/')");
	put("a/readme.txt", "<img src=//no.example.net/>");
	memset(large, 'x', sizeof(large) - 1);
	put("large.html", large);
	snprintf(path, sizeof(path), "%s/a/up", dir);
	assert_int_equal(symlink("/", path), 0);
	assert_int_equal(tree_read(&t, dir, &ei), OK);
	assert_int_equal(t->html, 2);
	assert_int_equal(t->css, 1);
	assert_int_equal(t->scripts, 1);
	assert_int_equal(t->nunread, 1);
	assert_string_equal(t->unread[0], "large.html");
	assert_int_equal(t->n, 2);
	assert_string_equal(t->entries[0].places[0].file, "a/x.css");
	assert_int_equal(t->entries[0].places[0].line, 2);
	tree_free(t);
	assert_int_equal(tree_read(&t, "/nowhere/at/all", &ei), E_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lacks),
		cmocka_unit_test(test_needless),
		cmocka_unit_test(test_hosts_of_an_embed),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, up, down);
}
