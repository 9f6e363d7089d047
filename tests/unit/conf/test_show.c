#include "conf_test.h"
#include "base/crypt.h"
#include "conf/show.h"

/* Frozen: hashes in evidence are taken over these bytes. */
static const char CANONICAL_HEAD[] =
    "jawort-conf 1\n"
    "accept_draft = false\n"
    "address = sie\n"
    "base_url = https://www.verein.test/j\n"
    "controller.address[0] = Gasse 1\n"
    "controller.address[1] = 10115 Berlin\n"
    "controller.country = DE\n";

static void hash_of(struct world *w, const char *text, char out[65])
{
	world_site(w, text);
	assert_int_equal(w->conf->nsites, 1);
	memcpy(out, w->conf->sites[0]->hash_hex, 65);
}

static void test_canonical(void **state)
{
	struct world w;
	struct buf b;
	unsigned char hash[32];

	(void)state;
	world_open(&w);
	world_site(&w, GOOD_SITE);
	buf_init(&b, 1 << 20);
	conf_canonical(w.conf->sites[0], &b);
	assert_true(buf_ok(&b));
	assert_memory_equal(b.data, CANONICAL_HEAD, sizeof(CANONICAL_HEAD) - 1);
	assert_non_null(strstr(b.data, "\nevidence.ip = truncated\n"));
	assert_non_null(strstr(b.data, "\nretention.evidence = 3y\n"));
	assert_non_null(strstr(b.data, "\npurposes.news.advertiser = Radverein Nordstadt e. V.\n"));
	assert_null(strstr(b.data, "key_file"));
	assert_null(strstr(b.data, w.dir));
	crypt_sha256(hash, b.data, b.len);
	assert_memory_equal(hash, w.conf->sites[0]->hash, 32);
	conf_hash(w.conf->sites[0], hash);
	assert_memory_equal(hash, w.conf->sites[0]->hash, 32);
	buf_free(&b);
	world_close(&w);
}

/* What does not change the meaning does not change the hash; what does, does. */
static void test_hash(void **state)
{
	static const struct {
		int row;
		const char *from, *to;
		bool same;
	} rows[] = {
		{__LINE__, "site: club\nbase_url: https://www.verein.test/j\n", "base_url: https://www.verein.test/j\nsite: club\n", true},
		{__LINE__, "site: club\n", "# comment\nsite: 'club'\n", true},
		{__LINE__, "links: { confirm: 48h }", "links: { confirm: 48h, rights: 15m }", true},
		{__LINE__, "links: { confirm: 48h }\n", "", true},
		{__LINE__, "mode: live\n", "mode: live\naddress: sie\n", true},
		{__LINE__, "key_file: mailjet.key", "key_file: other.key", true},
		{__LINE__, "mode: live\n", "mode: live\ntemplates: mine\n", true},
		{__LINE__, "mode: live\n", "mode: live\naddress: du\n", false},
		{__LINE__, "de: monatlich", "de: jährlich", false},
		{__LINE__, "links: { confirm: 48h }", "links: { confirm: 47h }", false},
		{__LINE__, "[first_name?]", "[first_name]", false},
		{__LINE__, "[Gasse 1, 10115 Berlin]", "[10115 Berlin, Gasse 1]", false},
		{__LINE__, "languages: [de, en]", "languages: [en, de]", false},
	};
	struct world w;
	char first[65], other[65];

	(void)state;
	world_open(&w);
	hash_of(&w, GOOD_SITE, first);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = text_replace(GOOD_SITE, rows[i].from, rows[i].to);

		hash_of(&w, text, other);
		if ((strcmp(first, other) == 0) != rows[i].same)
			fail_msg("row %d: hash is %s", rows[i].row, rows[i].same ? "another" : "the same");
		free(text);
	}
	world_close(&w);
}

/* A value cannot pretend to be another line. */
static void test_no_injection(void **state)
{
	struct world w;
	struct buf b;
	char *text = text_replace(GOOD_SITE, "Radverein Nordstadt e. V.", "'a\\n b = c'");

	(void)state;
	world_open(&w);
	world_site(&w, text);
	buf_init(&b, 1 << 20);
	conf_canonical(w.conf->sites[0], &b);
	assert_non_null(strstr(b.data, "\ncontroller.name = a\\\\n b = c\n"));
	buf_free(&b);
	free(text);
	world_close(&w);
}

static void test_show(void **state)
{
	struct world w;
	struct buf b;
	char want[300];

	(void)state;
	world_open(&w);
	world_site(&w, GOOD_SITE);
	world_write_n(&w, "sites/mailjet.key", "geheim:wort", 11, 0600);
	buf_init(&b, 1 << 20);
	conf_show(&b, w.conf, w.conf->sites[0], false);
	snprintf(want, sizeof(want), "controller.state: BE  # %s/sites/club.yaml:9\n", w.dir);
	assert_non_null(strstr(b.data, want));
	assert_non_null(strstr(b.data, "evidence.ip: truncated  # default\n"));
	assert_non_null(strstr(b.data, "mail.mailjet.key_file: mailjet.key  # "));
	assert_null(strstr(b.data, "geheim"));
	buf_reset(&b);
	conf_show(&b, w.conf, NULL, false);
	assert_non_null(strstr(b.data, "threads: 32  # default\n"));
	buf_reset(&b);
	conf_show(&b, w.conf, w.conf->sites[0], true);
	assert_non_null(strstr(b.data, "\"evidence.ip\":{\"value\":\"truncated\",\"origin\":\"default\"}"));
	snprintf(want, sizeof(want), "{\"file\":\"%s/sites/club.yaml\",\"keys\":{", w.dir);
	assert_memory_equal(b.data, want, strlen(want));
	buf_free(&b);
	world_close(&w);
}

static int setup(void **state)
{
	(void)state;
	return crypt_init(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_no_injection),
		cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
