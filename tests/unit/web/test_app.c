/* The service as a whole: which site answers, what is down alone, reload, and equal answers for all. */
#include "lib/web.h"

#include <fcntl.h>

#include <sqlite3.h>

/* ---- equal answers */

/* The whole answer without the request's own id. */
static struct slice answer_of(struct web *t, struct arena *a)
{
	assert_true(memmem(t->wire.data, t->wire.len, t->req.id, strlen(t->req.id)) == NULL);
	return arena_dup(a, buf_slice(&t->wire));
}

static void block(struct web *t, const char *address)
{
	struct world_mail m = web_signup(t, "news", address);

	assert_int_equal(web_press(t, "/c/", m.confirm, "action=deny"), 200);
}

/* New, pending, active, unsubscribed, denied: not one byte tells who is who. */
static void test_equal(void **state)
{
	static const char *const who[] = {"aaaa@example.org", "bbbb@example.org", "cccc@example.org", "dddd@example.org",
	    "eeee@example.org"};
	struct web *t = *state;
	struct world_mail m;
	struct slice first[3] = {{0}};

	web_signup(t, "news", who[1]);
	m = web_signup(t, "news", who[2]);
	assert_int_equal(web_press(t, "/c/", m.confirm, "action=confirm"), 200);
	m = web_signup(t, "news", who[3]);
	web_press(t, "/c/", m.confirm, "action=confirm");
	assert_int_equal(web_press(t, "/u/", m.out, "action=withdraw"), 200);
	block(t, who[4]);
	assert_int_equal(world_state(&t->w, who[0], NULL), PERSON_STATE__MAX);
	assert_int_equal(world_state(&t->w, who[1], NULL), PERSON_PENDING);
	assert_int_equal(world_state(&t->w, who[2], NULL), PERSON_ACTIVE);
	assert_int_equal(world_state(&t->w, who[3], NULL), PERSON_UNSUBSCRIBED);
	assert_int_equal(world_state(&t->w, who[4], NULL), PERSON_STATE__MAX);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 5; i++) {
			const char *body = web_body(t, "news", who[i]);
			struct slice got;
			unsigned status = round == 1 ? web_ask(t, "POST", "/j/s/news", body, "HTTP_ACCEPT",
			    "application/json", (char *)NULL) : web_post(t, "/j/s/news", body);
			assert_int_equal(status, round == 1 ? 200 : 303);
			got = answer_of(t, &t->w.arena);
			if (!i)
				first[round] = got;
			else if (!slice_eq(got, first[round]))
				fail_msg("%s:\n%.*s\nand\n%.*s", who[i], SLICE_FMT(got), SLICE_FMT(first[round]));
			web_settle(t);
			world_wait(&t->w, MINUTE_MS);
		}
}

/* ---- GET and HEAD change nothing */

static void read_into(struct web *t, struct buf *out, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/data/club/%s", t->w.root, name);
	assert_ok(file_read(out, path, EI));
}

static void dump(struct web *t, unsigned char hash[CRYPT_HASH_BYTES])
{
	struct buf all;

	buf_init(&all, 256u * 1024u * 1024u);
	read_into(t, &all, "data.db");
	read_into(t, &all, "data.db-wal");
	read_into(t, &all, "keys.db");
	crypt_sha256(hash, all.data, all.len);
	buf_free(&all);
}

static void test_get_is_safe(void **state)
{
	static const char *const paths[] = {"/j/s/news", "/j/s/news/sent", "/j/s/news?fragment", "/j/s/news?frame",
	    "/j/s/news?token", "/j/n", "/j/n.html", "/j/n.txt", "/j/n.json", "/j/.well-known/jawort", "/j/log/checkpoint", "/j/log/tile/0/000", "/j/jawort.css", "/j/my", "/j/my/sent",
	    "/j/jawort.js", "/j/nothing", "/j/s/nothing", "/j/c/abc", "/j/u/abc"};
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
	struct web *t = *state;
	struct world_mail m = web_signup(t, "news", "safe@example.org");
	unsigned char before[CRYPT_HASH_BYTES], after[CRYPT_HASH_BYTES];
	char confirm[128], out[128];

	snprintf(confirm, sizeof(confirm), "/j/c/%s", m.confirm);
	snprintf(out, sizeof(out), "/j/u/%s?action=withdraw&List-Unsubscribe=One-Click", m.out);
	dump(t, before);
	for (int i = 0; i < 5; i++) {
		for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++) {
			unsigned status = web_ask(t, methods[i], paths[k], NULL, (char *)NULL);
			assert_true(status < 500);
			if (i > 2)
				assert_true(status == 405 || status == 404);
		}
		web_ask(t, methods[i], confirm, NULL, "HTTP_SEC_PURPOSE", "prefetch", (char *)NULL);
		web_ask(t, methods[i], out, NULL, (char *)NULL);
	}
	dump(t, after);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(world_look(&t->w, m.confirm).state, CONFIRM_OPEN);
}

static void test_head(void **state)
{
	static const char *const paths[] = {"/j/s/news", "/j/n", "/j/jawort.css", "/j/nothing"};
	struct web *t = *state;

	for (size_t i = 0; i < 4; i++) {
		struct slice head;
		unsigned status = web_get(t, paths[i]);
		char *end = strstr(t->wire.data, "\r\n\r\n");
		assert_non_null(end);
		head = arena_dup(&t->w.arena, slice_make(t->wire.data, (size_t)(end + 4 - t->wire.data)));
		assert_int_equal(web_ask(t, "HEAD", paths[i], NULL, (char *)NULL), status);
		assert_true(slice_eq(buf_slice(&t->wire), head));
	}
}

/* ---- which site */

static void test_match(void **state)
{
	static const struct {
		int row;
		const char *host, *url;
		unsigned status;
	} rows[] = {
	    {__LINE__, "www.verein.test", "/j/s/news", 200}, {__LINE__, "WWW.VEREIN.TEST", "/j/s/news", 200},
	    {__LINE__, "www.verein.test:443", "/j/s/news", 200}, {__LINE__, "www.verein.test", "/j/s/news?", 200},
	    {__LINE__, "www.verein.test", "/j/s/n%65ws", 200}, {__LINE__, "www.verein.test", "/s/news", 404},
	    {__LINE__, "www.verein.test", "/jj/s/news", 404}, {__LINE__, "www.verein.test", "/j", 404},
	    {__LINE__, "www.verein.test", "/j/", 404}, {__LINE__, "www.verein.test", "/", 404},
	    {__LINE__, "verein.test", "/j/s/news", 404}, {__LINE__, "www.verein.test:8443", "/j/s/news", 404},
	    {__LINE__, "", "/j/s/news", 404}, {__LINE__, "evil.example", "/j/s/news", 404},
	    {__LINE__, "www.verein.test", "/j/s/news/", 404}, {__LINE__, "www.verein.test", "/j/s/", 404},
	    {__LINE__, "www.verein.test", "/j/s//news", 404}, {__LINE__, "www.verein.test", "/j/S/news", 404},
	    {__LINE__, "www.verein.test", "/j/x/../s/news", 400}, {__LINE__, "www.verein.test", "/j/s/%00", 400},
	    {__LINE__, "www.verein.test", "/j/s/%ff", 400}, {__LINE__, "www.verein.test", "/j/s/news?a=%zz", 400},
	    {__LINE__, "www.verein.test", "/j/s/news?a=%ff", 400},
	};
	struct web *t = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned status = web_ask(t, "GET", rows[i].url, NULL, "HTTP_HOST", rows[i].host, (char *)NULL);
		if (status != rows[i].status)
			fail_msg("row %d: %u", rows[i].row, status);
		web_sound(t);
	}
	assert_int_equal(web_ask(t, "GET", "/j/s/news", NULL, "HTTP_HOST", "else.test", "JAWORT_SITE", "club",
	    (char *)NULL), 200);
	assert_int_equal(web_ask(t, "GET", "/s/news", NULL, "HTTP_HOST", "else.test", "JAWORT_SITE", "club",
	    (char *)NULL), 200);
	assert_int_equal(web_ask(t, "GET", "/j/s/news", NULL, "JAWORT_SITE", "other", (char *)NULL), 404);
}

/* Host and forwarding headers have no effect on what is written into pages, mails and evidence. */
static void test_host_in_links(void **state)
{
	struct web *t = *state;
	struct world_event v[4];
	struct world_mail m;

	assert_int_equal(web_ask(t, "POST", "/j/s/news", web_body(t, "news", "links@example.org"), "HTTP_HOST",
	    "WWW.verein.test:443", "HTTP_X_FORWARDED_HOST", "evil.example", "HTTP_X_FORWARDED_PROTO", "http",
	    "HTTP_FORWARDED", "host=evil.example", "HTTP_X_FORWARDED_FOR", "203.0.113.9", (char *)NULL), 303);
	assert_string_equal(web_header(t, "Location"), "https://www.verein.test/j/s/news/sent?lang=de");
	web_settle(t);
	m = world_last_mail(&t->w);
	assert_true(slice_starts(m.slots.value[MESSAGE_LINK], SLICE("https://www.verein.test/j/c/")));
	assert_int_equal(world_events(&t->w, m.person_id, 0, v, 4), 1);
	assert_string_equal(v[0].ip, "192.0.2.0");
	/* Behind a trusted proxy the last address that is none of ours counts. */
	t->remote = "10.1.2.3";
	assert_int_equal(web_ask(t, "POST", "/j/s/news", web_body(t, "news", "proxy@example.org"),
	    "HTTP_X_FORWARDED_FOR", "1.1.1.1, 203.0.113.9, 10.9.9.9", (char *)NULL), 303);
	t->remote = NULL;
	web_settle(t);
	m = world_last_mail(&t->w);
	assert_int_equal(world_events(&t->w, m.person_id, 0, v, 4), 1);
	assert_string_equal(v[0].ip, "203.0.113.0");
}

/* ---- broken, down, reloaded */

struct lines {
	char text[16384];
	size_t n;
};

static void collect(const char *line, void *arg)
{
	struct lines *l = arg;
	int n = snprintf(l->text + l->n, sizeof(l->text) - l->n, "%s\n", line);

	if (n > 0 && l->n + (size_t)n < sizeof(l->text))
		l->n += (size_t)n;
}

static char *second_site(const char *base)
{
	char *a = world_replace(WORLD_SITE, "site: club", "site: zwei");
	char url[100], *b;

	snprintf(url, sizeof(url), "base_url: %s\n", base);
	b = world_replace(a, "base_url: https://www.verein.test/j\n", url);
	free(a);
	return b;
}

static void write_second(struct web *t, char *yaml)
{
	world_write(&t->w, "sites/zwei.yaml", yaml);
	free(yaml);
}

/* The longest base_url wins, at a segment's boundary. */
static void test_nested(void **state)
{
	static const struct {
		int row;
		const char *url, *action;
	} rows[] = {
	    {__LINE__, "/j/s/news", "\"https://www.verein.test/j/s/news\""},
	    {__LINE__, "/j/s/x/s/news", "\"https://www.verein.test/j/s/x/s/news\""},
	    {__LINE__, "/j/s/x/s/both", "\"https://www.verein.test/j/s/x/s/both\""},
	};
	struct web t;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "sites/club.yaml", WORLD_SITE);
	write_second(&t, second_site("https://www.verein.test/j/s/x"));
	web_start(&t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (web_get(&t, rows[i].url) != 200 || !web_has(&t, rows[i].action))
			fail_msg("row %d", rows[i].row);
	}
	assert_int_equal(web_get(&t, "/j/s/xx/s/news"), 404);
	assert_int_equal(web_get(&t, "/j/s/x"), 404);
	web_close(&t);
}

/* A broken file takes down its own site; a host file that breaks later changes nothing. */
static void test_broken(void **state)
{
	static struct lines log;
	unsigned up, down;
	struct web t;
	char *yaml;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "sites/club.yaml", WORLD_SITE);
	yaml = second_site("https://zwei.test");
	write_second(&t, world_replace(yaml, "languages: [de, en]", "languages: [de, en]\nlanguage: de"));
	log_capture(collect, &log);
	web_start(&t);
	app_sites(t.app, &up, &down);
	assert_int_equal(up, 1);
	assert_int_equal(down, 1);
	assert_non_null(strstr(log.text, "zwei.yaml:5:1"));
	assert_int_equal(web_get(&t, "/j/s/news"), 200);
	assert_int_equal(web_ask(&t, "GET", "/s/news", NULL, "HTTP_HOST", "zwei.test", "HTTP_ACCEPT_LANGUAGE", "de",
	    (char *)NULL), 503);
	assert_string_equal(web_header(&t, "Retry-After"), "60");
	assert_true(web_has(&t, "Kurze Pause"));
	assert_false(web_has(&t, "language"));
	/* Mended: it comes up at the next reload. Broken again: the last good state stays. */
	world_write(&t.w, "sites/zwei.yaml", yaml);
	app_reload(t.app);
	app_sites(t.app, &up, &down);
	assert_int_equal(up, 2);
	assert_int_equal(web_ask(&t, "GET", "/s/news", NULL, "HTTP_HOST", "zwei.test", (char *)NULL), 200);
	world_write(&t.w, "sites/zwei.yaml", "site: zwei\nbase_url: [");
	world_write(&t.w, "jawort.yaml", "data: data\nkeys: keys\nsites: sites/*.yaml\ndatta: x\n");
	app_reload(t.app);
	assert_int_equal(web_ask(&t, "GET", "/s/news", NULL, "HTTP_HOST", "zwei.test", (char *)NULL), 200);
	assert_int_equal(web_get(&t, "/j/s/news"), 200);
	assert_non_null(strstr(log.text, "reload"));
	assert_non_null(strstr(log.text, "datta"));
	world_write(&t.w, "jawort.yaml", WEB_HOST);
	app_reload(t.app);
	assert_int_equal(web_ask(&t, "GET", "/s/news", NULL, "HTTP_HOST", "zwei.test", (char *)NULL), 200);
	log_capture(NULL, NULL);
	free(yaml);
	web_close(&t);
}

/* An application that answers one request, as a CGI start does. */
static void brief_start(struct web *t)
{
	char path[100];
	struct app_opts o = web_opts(t, path);

	o.brief = true;
	assert_ok(app_new(&t->app, &o, EI));
}

/* One start for one form: the bytes of the running service, and neither data nor keys are touched. */
static void test_brief_is_light(void **state)
{
	static const char *const light[] = {"/j/s/news", "/j/s/news?lang=en", "/j/s/news?fragment", "/j/s/news?fragment&id=a&h=3",
	    "/j/s/news?frame", "/j/s/news/sent", "/j/my", "/j/my/sent", "/j/s/nothing", "/j/jawort.css", "/j/jawort.js"};
	char *whole[sizeof(light) / sizeof(light[0])], etag[sizeof(light) / sizeof(light[0])][32], data[100];
	unsigned status[sizeof(light) / sizeof(light[0])];
	struct web t;

	(void)state;
	web_open(&t, WORLD_SITE);
	for (size_t i = 0; i < sizeof(light) / sizeof(light[0]); i++) {
		status[i] = web_get(&t, light[i]);
		whole[i] = strdup(t.body);
		snprintf(etag[i], sizeof(etag[i]), "%s", web_header(&t, "ETag"));
	}
	app_free(t.app);
	world_write(&t.w, "jawort.yaml", "data: other\nkeys: keys\nsites: sites/*.yaml\n");
	for (size_t i = 0; i < sizeof(light) / sizeof(light[0]); i++) {
		brief_start(&t);
		assert_int_equal(web_get(&t, light[i]), status[i]);
		if (status[i] == 200 && strcmp(t.body, whole[i]) != 0) /* an error page names its request */
			fail_msg("%s: %s\nis not\n%s", light[i], t.body, whole[i]);
		assert_string_equal(web_header(&t, "ETag"), etag[i]);
		free(whole[i]);
		app_free(t.app);
	}
	snprintf(data, sizeof(data), "%s/other", t.w.root);
	assert_int_equal(access(data, F_OK), -1);
	world_write(&t.w, "jawort.yaml", WEB_HOST);
	brief_start(&t);
	web_close(&t);
}

/* What needs more gets it: tokens, notices, sign-ups and links. */
static void test_brief_is_whole(void **state)
{
	static const char *const paths[] = {"/j/s/news?token", "/j/n", "/j/n.json", "/j/.well-known/jawort"};
	struct web t;
	struct world_mail m;
	const char *body;

	(void)state;
	web_open(&t, WORLD_SITE);
	body = strdup(web_body(&t, "news", "brief@example.org"));
	app_free(t.app);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		brief_start(&t);
		assert_int_equal(web_get(&t, paths[i]), 200);
		app_free(t.app);
	}
	brief_start(&t);
	assert_int_equal(web_post(&t, "/j/s/news", body), 303);
	web_settle(&t);
	m = world_last_mail(&t.w);
	app_free(t.app);
	brief_start(&t);
	assert_int_equal(web_press(&t, "/c/", m.confirm, "action=confirm"), 200);
	assert_int_equal(world_state(&t.w, "brief@example.org", NULL), PERSON_ACTIVE);
	free((char *)body);
	web_close(&t);
}

/* A reload brings the new words, and keeps the sign-ups of the old page. */
static void test_reload(void **state)
{
	struct web *t = *state;
	char *yaml = world_replace(WORLD_SITE, "de: Vereinspost", "de: Klubpost");
	char etag[32];

	web_get(t, "/j/s/news");
	assert_true(web_has(t, "Vereinspost"));
	snprintf(etag, sizeof(etag), "%s", web_header(t, "ETag"));
	assert_int_equal(web_post(t, "/j/s/news", web_body(t, "news", "reload@example.org")), 303);
	world_write(&t->w, "sites/club.yaml", yaml);
	app_reload(t->app);
	web_settle(t);
	assert_int_equal(world_state(&t->w, "reload@example.org", NULL), PERSON_PENDING);
	assert_int_equal(web_ask(t, "GET", "/j/s/news", NULL, "HTTP_IF_NONE_MATCH", etag, (char *)NULL), 200);
	assert_true(web_has(t, "Klubpost"));
	assert_string_not_equal(web_header(t, "ETag"), etag);
	/* The page of before: 409 with what was typed, for the newsletter is another one now. */
	assert_int_equal(web_post(t, "/j/s/news", web_body(t, "news", "typed@example.org")), 409);
	assert_true(web_has(t, "typed@example.org"));
	assert_true(web_has(t, "Klubpost"));
	assert_false(web_has(t, " checked"));
	world_write(&t->w, "sites/club.yaml", WORLD_SITE);
	app_reload(t->app);
	free(yaml);
}

/* Data whose keys are gone: that site refuses, says why, and makes no new keys. */
static void test_lost_keys(void **state)
{
	static struct lines log;
	char path[200];
	struct web t;
	unsigned up, down;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "sites/club.yaml", WORLD_SITE);
	web_start(&t);
	app_free(t.app);
	snprintf(path, sizeof(path), "%s/keys/club.keys", t.w.root);
	assert_int_equal(unlink(path), 0);
	log_capture(collect, &log);
	web_start(&t);
	log_capture(NULL, NULL);
	app_sites(t.app, &up, &down);
	assert_int_equal(up, 0);
	assert_int_equal(down, 1);
	assert_false(file_exists(path));
	assert_non_null(strstr(log.text, "site_down"));
	assert_non_null(strstr(log.text, "club.keys"));
	assert_int_equal(web_get(&t, "/j/s/news"), 503);
	assert_int_equal(web_get(&t, "/j/n"), 503);
	web_close(&t);
}

/* Pages that no start needs, so that it comes up, and one of them damaged. */
static void damage_data(const struct web *t)
{
	char path[200];
	struct stat st;
	sqlite3 *conn;
	int fd;

	snprintf(path, sizeof(path), "%s/data/club/data.db", t->w.root);
	assert_int_equal(sqlite3_open(path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, "CREATE TABLE pile(b BLOB); INSERT INTO pile WITH RECURSIVE n(i) AS (SELECT 1"
	    " UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT zeroblob(900) FROM n; PRAGMA wal_checkpoint(TRUNCATE)",
	    NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(conn);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, "\x03", 1, st.st_size - 4096), 1);
	close(fd);
}

/*
 * Too large to be looked through at the start: served at once, and looked through beside. Once the damage is found
 * nothing is written any more, also after the databases were closed and opened again; what can be read is shown.
 */
static void test_damage_found_later(void **state)
{
	static struct lines log;
	char path[100];
	struct web t;
	struct app_opts o;
	unsigned status = 0;

	(void)state;
	web_open(&t, WORLD_SITE);
	o = web_opts(&t, path);
	app_free(t.app);
	damage_data(&t);
	log_capture(collect, &log);
	assert_ok(app_new(&t.app, &o, EI));
	assert_int_equal(web_get(&t, "/j/s/news"), 503);
	app_free(t.app);
	o.look_bytes = 4096;
	assert_ok(app_new(&t.app, &o, EI));
	assert_int_equal(web_get(&t, "/j/s/news"), 200);
	for (int i = 0; i < 500 && status != 503; i++) {
		status = web_post(&t, "/j/s/news", web_body(&t, "news", "late@example.org"));
		usleep(10000);
	}
	assert_int_equal(status, 503);
	log_capture(NULL, NULL);
	assert_non_null(strstr(log.text, "event=damaged"));
	assert_non_null(strstr(log.text, "site club: "));
	assert_non_null(strstr(log.text, "restore a backup"));
	assert_int_equal(web_get(&t, "/j/s/news"), 200);
	app_reload(t.app);
	assert_int_equal(web_post(&t, "/j/s/news", web_body(&t, "news", "late@example.org")), 503);
	web_close(&t);
}

static void test_no_host_file(void **state)
{
	struct web t;
	char path[100];
	struct app_opts o;
	struct errinfo ei;

	(void)state;
	web_folder(&t);
	o = web_opts(&t, path);
	world_write(&t.w, "jawort.yaml", "sites: [");
	assert_int_equal(app_new(&t.app, &o, &ei), E_INVALID);
	assert_null(t.app);
	app_free(NULL);
	web_close(&t);
}

/* ---- 429 */

static void test_limited(void **state)
{
	struct web t;
	unsigned status = 0;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "jawort.yaml", "data: data\nkeys: keys\nsites: sites/*.yaml\nbudgets: { per_prefix: 3/1h }\n");
	world_write(&t.w, "sites/club.yaml", WORLD_SITE);
	web_start(&t);
	world_load(&t.w);
	world_start(&t.w);
	for (int i = 0; i < 4; i++) {
		char address[40];
		snprintf(address, sizeof(address), "limit%d@example.org", i);
		status = web_post(&t, "/j/s/news", web_body(&t, "news", address));
		assert_int_equal(status, i < 3 ? 303 : 429);
	}
	assert_true(atoi(web_header(&t, "Retry-After")) >= 60);
	assert_true(web_has(&t, "Gerade kommt zu viel an"));
	assert_false(web_has(&t, "{retry_after}"));
	/* up to an hour and what its last slice adds, in a number that people say */
	assert_true(web_has(&t, "Bitte warten Sie 1\u00a0Stunde") || web_has(&t, "Bitte warten Sie 90\u00a0Minuten"));
	/* what was typed stays; the word is asked for again */
	assert_true(web_has(&t, "value=\"limit3@example.org\""));
	assert_false(web_has(&t, " checked"));
	assert_string_equal(web_header(&t, "Cache-Control"), "no-store");
	web_sound(&t);
	assert_int_equal(web_ask(&t, "POST", "/j/s/news", web_body(&t, "news", "limit5@example.org"), "HTTP_ACCEPT",
	    "application/json", (char *)NULL), 429);
	assert_non_null(strstr(t.body, "\"state\":\"busy\""));
	/* Forms and links are not limited. */
	assert_int_equal(web_get(&t, "/j/s/news"), 200);
	web_settle(&t);
	assert_int_equal(web_press(&t, "/u/", world_last_mail(&t.w).out, "List-Unsubscribe=One-Click"), 200);
	web_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equal), cmocka_unit_test(test_get_is_safe), cmocka_unit_test(test_head),
	    cmocka_unit_test(test_match), cmocka_unit_test(test_host_in_links), cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_nested), cmocka_unit_test(test_broken), cmocka_unit_test(test_lost_keys),
	    cmocka_unit_test(test_damage_found_later),
	    cmocka_unit_test(test_brief_is_light), cmocka_unit_test(test_brief_is_whole),
	    cmocka_unit_test(test_no_host_file), cmocka_unit_test(test_limited),
	};
	return cmocka_run_group_tests(tests, web_setup, web_teardown);
}
