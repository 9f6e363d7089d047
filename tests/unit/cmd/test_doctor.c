/* The table of checks against its page, and when a finished mail is clean. */
#include "lib/world.h"

#include "cmd/doctor_priv.h"
#include "cmd/mailcheck_priv.h"

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_folder(&w);
	world_write(&w, "jawort.yaml", WORLD_HOST);
	world_write(&w, "sites/club.yaml", WORLD_SITE);
	world_load(&w);
	world_start(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close(&w);
	return 0;
}

/* Each check has its section, with its title and, word for word, the reason that doctor gives. */
static void test_documented(void **state)
{
	struct buf page, want;

	(void)state;
	buf_init(&page, 1u << 20);
	buf_init(&want, 4096);
	assert_int_equal(file_read(&page, "docs/doctor.md", NULL), OK);
	for (size_t i = 0; i < page.len; i++)
		if (page.data[i] == '\n' && i + 1 < page.len && page.data[i + 1] != '\n' && page.data[i + 1] != '#' && page.data[i + 1] != '*')
			page.data[i] = ' ';
	for (size_t i = 0; i < doctor_check_count + doctor_sample_check_count; i++) {
		const struct doctor_check *c = i < doctor_check_count ? &doctor_checks[i] : &doctor_sample_checks[i - doctor_check_count];
		for (size_t k = 0; k < i && k < doctor_check_count; k++)
			assert_string_not_equal(c->id, doctor_checks[k].id);
		assert_true(c->run && strlen(c->why) > 20 && strlen(c->title) < 24);
		buf_reset(&want);
		buf_printf(&want, "### %s: %s\n*Why: %s*", c->id, c->title, c->why);
		if (!strstr(page.data, want.data))
			fail_msg("docs/doctor.md lacks\n%s", want.data);
	}
	buf_free(&page);
	buf_free(&want);
}

static char said[4096];

static void say(void *arg, const char *what, const char *mend)
{
	size_t n = strlen(said);

	assert_null(arg);
	assert_true(strlen(mend) > 10);
	snprintf(said + n, sizeof(said) - n, "%s\n", what);
}

static const struct mailcheck_told to = {say, NULL};

static struct message clean(void)
{
	return (struct message){.from_name = SLICE("Verein"), .from_addr = SLICE("post@verein.test"), .to = SLICE("a@example.org"),
	    .subject = SLICE("x"), .text = SLICE("Link:\nhttps://www.verein.test/j/c/T\nweg: https://www.verein.test/j/u/T.\n"),
	    .html = SLICE("<!doctype html><html><body style=\"margin:0\"><a href=\"https://www.verein.test/j/c/T\">"
	                  "https://www.verein.test/j/c/T</a> <a href='https://www.verein.test/j/u/T'>weg</a></body></html>"),
	    .list_unsubscribe = SLICE("https://www.verein.test/j/u/T"), .list_id = SLICE("news.verein.test"),
	    .message_id = SLICE("m@verein.test"), .boundary = SLICE("=_x"), .zone = SLICE("UTC"), .lang = SLICE("de")};
}

static void test_clean(void **state)
{
	struct message m = clean();

	(void)state;
	said[0] = '\0';
	if (mailcheck_parts(w.conf->sites[0], &m, &to) || mailcheck_headers(w.conf->sites[0], &m, &to))
		fail_msg("%s", said);
}

static void test_html(void **state)
{
	static const struct {
		int row;
		const char *html, *want; /* NULL: nothing is said */
	} rows[] = {
	    {__LINE__, "<p>no link</p>", NULL},
	    {__LINE__, "<a href=\"mailto:post@verein.test\">x</a>", NULL},
	    {__LINE__, "<a href=\"https://www.verein.test/impressum\">x</a>", NULL},
	    {__LINE__, "<a href=\"https://shop.verein.test:8443/ok\">x</a>", NULL},
	    {__LINE__, "<a href=\"https://www.datenschutz-berlin.de\">x</a>", NULL},
	    {__LINE__, "<a href=\"https://www.datenschutz-hamburg.de\">x</a>", "datenschutz-hamburg"},
	    {__LINE__, "<A HREF=\"https://WWW.verein.test/j/n\">x</A>", NULL},
	    {__LINE__, "<img src=\"cid:x\">", "<img"},
	    {__LINE__, "<IMG alt=''>", "<img"},
	    {__LINE__, "<td background=\"https://www.verein.test/x.png\">", "background="},
	    {__LINE__, "<style>@import \"x.css\"</style>", "@import"},
	    {__LINE__, "<div style=\"background:URL(https://www.verein.test/p)\">", "url("},
	    {__LINE__, "<link rel=stylesheet href=\"https://www.verein.test/j/x.css\">", "<link"},
	    {__LINE__, "<script>1</script>", "<script"},
	    {__LINE__, "<a href=\"https://click.example.net/?a=1&amp;b=2\">x</a>", "https://click.example.net/?a=1&b=2"},
	    {__LINE__, "<a href=https://click.example.net/x>x</a>", "https://click.example.net/x"},
	    {__LINE__, "<a href=\"https://www.verein.test.example.net/j/c/T\">x</a>", "www.verein.test.example.net"},
	    {__LINE__, "<a href=\"https://www.verein.test@example.net/\">x</a>", "verein.test@example.net"},
	    {__LINE__, "<a href=\"javascript:1\">x</a>", "javascript:1"},
	    {__LINE__, "<a href=\"//example.net/x\">x</a>", "//example.net/x"},
	    {__LINE__, "<a href=\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message m = clean();
		size_t n;
		said[0] = '\0';
		m.html = slice_from(rows[i].html);
		n = mailcheck_parts(w.conf->sites[0], &m, &to);
		if (!n != !rows[i].want || (n && !strstr(said, rows[i].want)))
			fail_msg("row %d: %zu %s", rows[i].row, n, said);
	}
}

static void test_text(void **state)
{
	static const struct {
		int row;
		const char *text, *want;
	} rows[] = {
	    {__LINE__, "http is no link, httpd neither\n", NULL},
	    {__LINE__, "(https://www.verein.test/j/n).\n", NULL},
	    {__LINE__, "<https://www.verein.test/impressum>, und mehr", NULL},
	    {__LINE__, "https://t.example.net/x.", "text part links to https://t.example.net/x\n"},
	    {__LINE__, "HTTP://t.example.net", "HTTP://t.example.net"},
	    {__LINE__, "http://www.verein.test/j/n", "http://www.verein.test/j/n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message m = clean();
		size_t n;
		said[0] = '\0';
		m.text = slice_from(rows[i].text);
		n = mailcheck_parts(w.conf->sites[0], &m, &to);
		if (!n != !rows[i].want || (n && !strstr(said, rows[i].want)))
			fail_msg("row %d: %zu %s", rows[i].row, n, said);
	}
}

static void test_size_and_headers(void **state)
{
	static char long_text[25000];
	struct message m = clean();

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 70; i < sizeof(long_text) - 1; i += 70)
		long_text[i] = '\n';
	said[0] = '\0';
	m.text = slice_from(long_text);
	assert_int_equal(mailcheck_parts(w.conf->sites[0], &m, &to), 1);
	assert_non_null(strstr(said, "more than 20480"));
	/* The link to leave is gone from the text. */
	said[0] = '\0';
	assert_int_equal(mailcheck_headers(w.conf->sites[0], &m, &to), 1);
	assert_non_null(strstr(said, "the text part lacks"));
	m = clean();
	m.list_unsubscribe = SLICE("");
	m.list_id = SLICE("");
	said[0] = '\0';
	assert_int_equal(mailcheck_headers(w.conf->sites[0], &m, &to), 2);
	m = clean();
	m.list_unsubscribe = SLICE("https://www.verein.test/elsewhere/u/T");
	said[0] = '\0';
	assert_true(mailcheck_headers(w.conf->sites[0], &m, &to) >= 1);
	assert_non_null(strstr(said, "does not lead to base_url"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_documented), cmocka_unit_test(test_clean),
	    cmocka_unit_test(test_html), cmocka_unit_test(test_text), cmocka_unit_test(test_size_and_headers)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
