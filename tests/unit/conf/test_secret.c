#include "conf_test.h"
#include "conf/secret.h"

#define KEY "mail.mailjet.key_file"

static void secret_try(struct world *w, const char *which, enum err want, const char *text)
{
	struct errinfo ei = {0};
	struct buf b;
	enum err e;

	buf_init(&b, 8192);
	e = conf_secret_read(w->conf, w->conf->sites[0], which, &b, &ei);
	if (e != want)
		fail_msg("%s: %s instead of %s: %s", which, err_name(e), err_name(want), ei.text);
	if (!e)
		assert_string_equal(b.data, text);
	else if (text && !strstr(ei.text, text))
		fail_msg("%s: \"%s\" is not in: %s", which, text, ei.text);
	buf_free(&b);
}

static void secret_world(struct world *w)
{
	char line[200];

	world_open(w);
	snprintf(line, sizeof(line), "data: data\nkeys: %s/keys\n", w->dir);
	world_write(w, "jawort.yaml", line);
	snprintf(line, sizeof(line), "%s/keys", w->dir);
	assert_int_equal(mkdir(line, 0700), 0);
	snprintf(line, sizeof(line), "%s/cred", w->dir);
	assert_int_equal(mkdir(line, 0700), 0);
	world_site(w, GOOD_SITE);
}

static void test_places(void **state)
{
	struct world w;
	char cred[100];

	(void)state;
	secret_world(&w);
	secret_try(&w, KEY, E_NOT_FOUND, "there is no file \"mailjet.key\" beside");
	world_write_n(&w, "keys/mailjet.key", "in:keys\n", 8, 0600);
	secret_try(&w, KEY, OK, "in:keys");
	/* Credentials go before keys, beside the site file before both. */
	world_write_n(&w, "cred/mailjet.key", "in:cred\n", 8, 0600);
	secret_try(&w, KEY, OK, "in:keys");
	conf_free(w.conf);
	snprintf(cred, sizeof(cred), "%s/cred", w.dir);
	world_load_opts(&w, (struct conf_opts){.credentials_dir = cred});
	secret_try(&w, KEY, OK, "in:cred");
	world_write_n(&w, "sites/mailjet.key", "beside:x", 8, 0640);
	secret_try(&w, KEY, OK, "beside:x");
	world_close(&w);
}

/* A folder that systemd hands over: LoadCredential=provider:/etc/jawort/provider */
static void test_folder(void **state)
{
	struct world w;
	char cred[100], *text;

	(void)state;
	secret_world(&w);
	text = text_replace(GOOD_SITE, "key_file: mailjet.key", "key_file: ../provider/mailjet.key");
	world_site(&w, text);
	free(text);
	snprintf(cred, sizeof(cred), "%s/cred", w.dir);
	conf_free(w.conf);
	world_load_opts(&w, (struct conf_opts){.credentials_dir = cred});
	secret_try(&w, KEY, E_NOT_FOUND, "../provider/mailjet.key");
	world_write_n(&w, "cred/provider_mailjet.key", "in:cred\n", 8, 0600);
	secret_try(&w, KEY, OK, "in:cred");
	/* Who can read the file itself takes it. */
	snprintf(cred, sizeof(cred), "%s/provider", w.dir);
	assert_int_equal(mkdir(cred, 0700), 0);
	world_write_n(&w, "provider/mailjet.key", "it:self\n", 8, 0600);
	secret_try(&w, KEY, OK, "it:self");
	world_close(&w);
}

static void keyring_at(struct world *w, const char *keys, const char *cred, const char *want)
{
	struct conf c = *w->conf;
	struct buf b;
	char full[2][120];

	snprintf(full[0], sizeof(full[0]), "%s/%s", w->dir, keys);
	snprintf(full[1], sizeof(full[1]), "%s/%s", w->dir, cred);
	c.keys = full[0];
	c.credentials_dir = *cred ? full[1] : "";
	buf_init(&b, 4096);
	conf_keyring_path(&c, "club", &b);
	assert_string_equal(b.data + strlen(w->dir) + 1, want);
	buf_free(&b);
}

static void test_keyring_path(void **state)
{
	struct world w;

	(void)state;
	secret_world(&w);
	keyring_at(&w, "keys", "", "keys/club.keys");
	/* Not there in either form: named as it would be made. */
	keyring_at(&w, "cred", "cred", "cred/club.keys");
	world_write_n(&w, "cred/keys_club.keys", "x", 1, 0600);
	keyring_at(&w, "cred", "cred", "cred/keys_club.keys");
	/* A folder that the owner named is taken at its word. */
	keyring_at(&w, "keys", "cred", "keys/club.keys");
	keyring_at(&w, "cred", "", "cred/club.keys");
	world_write_n(&w, "cred/club.keys", "x", 1, 0600);
	keyring_at(&w, "cred", "cred", "cred/club.keys");
	world_close(&w);
}

static void test_which(void **state)
{
	struct world w;

	(void)state;
	secret_world(&w);
	secret_try(&w, "mail.smtp.password_file", E_NOT_FOUND, "not configured for site club");
	secret_try(&w, "mail.hooks.mailjet.secret_file", E_NOT_FOUND, "not configured");
	secret_try(&w, "controller.name", E_NOT_FOUND, "not configured");
	secret_try(&w, "", E_NOT_FOUND, "not configured");
	secret_try(&w, "mail.mailjet.key_file.x", E_NOT_FOUND, "not configured");
	world_close(&w);
}

static void test_contents(void **state)
{
	static const struct {
		int row;
		const char *bytes;
		size_t n;
		enum err want;
		const char *text;
	} rows[] = {
		{__LINE__, "a:b", 3, OK, "a:b"},
		{__LINE__, "a:b\n", 4, OK, "a:b"},
		{__LINE__, "a:b\r\n", 5, OK, "a:b"},
		{__LINE__, " a b ", 5, OK, " a b "},
		{__LINE__, "", 0, E_INVALID, "is empty"},
		{__LINE__, "\n", 1, E_INVALID, "is empty"},
		{__LINE__, "a:b\nc:d\n", 8, E_INVALID, "must be one line"},
		{__LINE__, "a:b\n\n", 5, E_INVALID, "must be one line"},
		{__LINE__, "a\tb", 3, E_INVALID, "must be one line"},
		{__LINE__, "a\0b", 3, E_INVALID, "must be one line"},
	};
	struct world w;

	(void)state;
	secret_world(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_write_n(&w, "sites/mailjet.key", rows[i].bytes, rows[i].n, 0600);
		secret_try(&w, KEY, rows[i].want, rows[i].text);
	}
	world_close(&w);
}

static void test_modes(void **state)
{
	struct world w;
	static const mode_t open[] = {0644, 0604, 0660, 0620, 0602};
	static const mode_t tight[] = {0600, 0640, 0400, 0440};

	(void)state;
	secret_world(&w);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		world_write_n(&w, "sites/mailjet.key", "geheim:wort", 11, open[i]);
		secret_try(&w, KEY, E_DENIED, "chmod");
	}
	for (size_t i = 0; i < sizeof(tight) / sizeof(tight[0]); i++) {
		char path[200];

		snprintf(path, sizeof(path), "%s/sites/mailjet.key", w.dir);
		unlink(path);
		world_write_n(&w, "sites/mailjet.key", "geheim:wort", 11, tight[i]);
		secret_try(&w, KEY, OK, "geheim:wort");
	}
	world_close(&w);
}

static void test_long(void **state)
{
	struct world w;
	char big[4098];

	(void)state;
	secret_world(&w);
	memset(big, 'x', sizeof(big));
	world_write_n(&w, "sites/mailjet.key", big, 4097, 0600);
	secret_try(&w, KEY, E_LIMIT, NULL);
	big[4096] = '\0';
	world_write_n(&w, "sites/mailjet.key", big, 4096, 0600);
	secret_try(&w, KEY, OK, big);
	world_close(&w);
}

/* No error text may hold what stands in the file. */
static void test_never_shown(void **state)
{
	struct world w;
	struct errinfo ei = {0};
	struct buf b;

	(void)state;
	secret_world(&w);
	world_write_n(&w, "sites/mailjet.key", "geheim:wort\nmehr", 16, 0600);
	buf_init(&b, 100);
	assert_int_equal(conf_secret_read(w.conf, w.conf->sites[0], KEY, &b, &ei), E_INVALID);
	assert_null(strstr(ei.text, "geheim"));
	assert_int_equal(b.len, 0);
	buf_free(&b);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_keyring_path),
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_never_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
