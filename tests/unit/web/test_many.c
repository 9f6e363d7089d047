/* Many sites and few that may be open: nothing is lost, nothing leaks, and what waits is done although nobody comes. */
#include "lib/web.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#define MANY 200
#define CLIENTS 32
#define VISITS 16
#define OPEN_MAX 6

static const char MANY_HOST[] =
    "data: data\nkeys: keys\nsites: sites/*.yaml\n"
    "budgets: { confirm: 1000000/24h, confirm_host: 1000000/24h, per_prefix: 1000000/1h, per_site: 1000000/24h }\n";

static void site_write(struct web *t, int i)
{
	char id[32], url[80], path[40], *a, *b;

	snprintf(id, sizeof(id), "site: s%d", i);
	snprintf(url, sizeof(url), "base_url: https://www.verein.test/s%d\n", i);
	snprintf(path, sizeof(path), "sites/s%03d.yaml", i);
	a = world_replace(WORLD_SITE, "site: club", id);
	b = world_replace(a, "base_url: https://www.verein.test/j\n", url);
	world_write(&t->w, path, b);
	free(a);
	free(b);
}

static void many_start(struct web *t, unsigned open_max)
{
	char path[100];
	struct app_opts o = web_opts(t, path);

	o.open_max = open_max;
	o.writer_threads = 4;
	assert_ok(app_new(&t->app, &o, EI));
}

static void many_open(struct web *t, int n, unsigned open_max)
{
	web_folder(t);
	world_write(&t->w, "jawort.yaml", MANY_HOST);
	for (int i = 0; i < n; i++)
		site_write(t, i);
	many_start(t, open_max);
}

/* Databases that this process has open, by their descriptors. */
static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 3; /* ".", "..", this one */
}

static int64_t counted(struct web *t, int i, enum err (*count)(struct db *db, int64_t *n, struct errinfo *ei))
{
	char id[32], dir[200], keys[200];
	const struct store_opts o = {.site = id, .dir = dir, .keys_path = keys, .brief = true};
	struct store *st;
	struct db *db;
	int64_t n = -1;

	snprintf(id, sizeof(id), "s%d", i);
	snprintf(dir, sizeof(dir), "%s/data/s%d", t->w.root, i);
	snprintf(keys, sizeof(keys), "%s/keys/s%d.keys", t->w.root, i);
	assert_ok(store_open(&st, &o, EI));
	assert_ok(store_read(st, &db, EI));
	assert_ok(count(db, &n, EI));
	store_read_end(st, db);
	store_close(st);
	return n;
}

static enum err count_mails(struct db *db, int64_t *n, struct errinfo *ei)
{
	int64_t all[OUTBOX_STATE__MAX];
	enum err rc = outbox_counts(db, all, ei);

	*n = rc ? -1 : all[OUTBOX_QUEUED];
	return rc;
}

/* Waits until nothing waits in the intake of a site. */
static void settle(struct web *t, int i)
{
	for (int k = 0; k < 12000 && counted(t, i, intake_count) > 0; k++)
		usleep(5000);
	assert_int_equal(counted(t, i, intake_count), 0);
}

/* The beginning of the hash that the form carries. */
static bool wording(const char *page, char v[static 80])
{
	const char *at = strstr(page, "name=\"v\" value=\"");
	size_t n;

	if (!at)
		return false;
	at += strlen("name=\"v\" value=\"");
	n = strcspn(at, "\"");
	snprintf(v, 80, "%.*s", (int)n, at);
	return true;
}

/* Form and sign-up, as a visitor does. The status of the last answer. */
static unsigned visit_once(struct web *t, int site, const char *address)
{
	char url[80], v[80], body[300];
	unsigned status;

	snprintf(url, sizeof(url), "/s%d/s/news", site);
	status = web_get(t, url);
	if (status != 200 || !wording(t->body, v))
		return status;
	snprintf(body, sizeof(body), "email=%s&p=news&v=%s&lang=en", address, v);
	return web_post(t, url, body);
}

struct visitor {
	struct web web;
	pthread_t thread;
	unsigned seed;
	int id;
	atomic_int *stored; /* [MANY] */
	int most_open, failed_site;
	unsigned failed;
};

static void *visitor_main(void *arg)
{
	struct visitor *v = arg;
	char address[60];

	for (int i = 0; i < VISITS; i++) {
		int site = (int)((unsigned)rand_r(&v->seed) % MANY), open;
		unsigned status;
		snprintf(address, sizeof(address), "v%d-%d@example.org", v->id, i);
		status = visit_once(&v->web, site, address);
		if (status != 303) {
			v->failed = status;
			v->failed_site = site;
			return NULL;
		}
		atomic_fetch_add(&v->stored[site], 1);
		open = descriptors();
		if (open > v->most_open)
			v->most_open = open;
	}
	return NULL;
}

static void visitor_start(struct visitor *v, struct web *t, int id, atomic_int *stored)
{
	memset(v, 0, sizeof(*v));
	v->web.app = t->app;
	v->id = id;
	v->seed = (unsigned)id + 1;
	v->stored = stored;
	arena_init(&v->web.arena, ARENA_REQUEST_MAX_BYTES);
	response_init(&v->web.res, &v->web.arena);
	buf_init(&v->web.wire, 4u * 1024u * 1024u);
	assert_int_equal(pthread_create(&v->thread, NULL, visitor_main, v), 0);
}

static void visitor_end(struct visitor *v, int *most_open)
{
	pthread_join(v->thread, NULL);
	if (v->failed)
		fail_msg("site %d: %u", v->failed_site, v->failed);
	if (v->most_open > *most_open)
		*most_open = v->most_open;
	response_free(&v->web.res);
	buf_free(&v->web.wire);
	arena_free(&v->web.arena);
}

static void test_crowd(void **state)
{
	static atomic_int stored[MANY];
	static struct visitor v[CLIENTS];
	int before = descriptors(), most_open = 0;
	struct app_open open;
	struct web t;

	(void)state;
	many_open(&t, MANY, OPEN_MAX);
	for (int i = 0; i < CLIENTS; i++)
		visitor_start(&v[i], &t, i, stored);
	for (int i = 0; i < CLIENTS; i++)
		visitor_end(&v[i], &most_open);
	app_open_count(t.app, &open);
	/* Each site was opened at the start; those of the sign-ups more often than there is room for. */
	assert_true(open.stores_opened > MANY + CLIENTS * VISITS / 4);
	assert_true(open.stores <= OPEN_MAX + OPEN_MAX / 4);
	assert_true(open.sites <= OPEN_MAX);
	assert_true(open.stores_peak <= CLIENTS + OPEN_MAX + OPEN_MAX / 4);
	/* Nine each, and what the others have open meanwhile. */
	assert_true(most_open < before + (CLIENTS + OPEN_MAX + 2) * 9 + CLIENTS + 10);
	for (int i = 0; i < MANY; i++) {
		settle(&t, i);
		assert_int_equal(counted(&t, i, count_mails), atomic_load(&stored[i]));
	}
	app_free(t.app);
	t.app = NULL;
	assert_int_equal(descriptors(), before);
	web_close(&t);
}

/* Opens and closes all others, so that a site with few places is closed. */
static void crowd_out(struct web *t, int from, int to)
{
	char url[80];

	for (int i = from; i < to; i++) {
		snprintf(url, sizeof(url), "/s%d/s/news?token", i);
		assert_int_equal(web_get(t, url), 200);
	}
}

static unsigned open_stores(struct web *t)
{
	struct app_open open;

	app_open_count(t->app, &open);
	return open.stores;
}

/* What a crash left is done at the next start, for sites that nobody visits and for which there is no place as well. */
static void test_left_over(void **state)
{
	struct web t;

	(void)state;
	many_open(&t, 12, 2);
	for (int i = 0; i < 12; i += 3)
		assert_int_equal(visit_once(&t, i, "left@example.org"), 303);
	app_free(t.app); /* before the follow-up of the last begins: 20 ms */
	assert_true(counted(&t, 9, intake_count) == 1);
	many_start(&t, 2);
	for (int i = 0; i < 12; i += 3) {
		settle(&t, i);
		assert_int_equal(counted(&t, i, count_mails), 1);
	}
	web_close(&t);
}

/* Closing waits for what a sign-up left to be done. */
static void test_close_finishes(void **state)
{
	struct web t;

	(void)state;
	many_open(&t, 4, 1);
	for (int i = 0; i < 20; i++) {
		char address[40];
		snprintf(address, sizeof(address), "c%d@example.org", i);
		assert_int_equal(visit_once(&t, 0, address), 303);
		crowd_out(&t, 1, 4);
	}
	assert_true(open_stores(&t) <= 2);
	assert_int_equal(counted(&t, 0, intake_count), 0);
	assert_int_equal(counted(&t, 0, count_mails), 20);
	web_close(&t);
}

struct told {
	char text[65536];
	size_t n;
};

static void tell(const char *line, void *arg)
{
	struct told *l = arg;
	int n = snprintf(l->text + l->n, sizeof(l->text) - l->n, "%s\n", line);

	if (n > 0 && l->n + (size_t)n < sizeof(l->text))
		l->n += (size_t)n;
}

static bool form_says(struct web *t, int site, const char *words)
{
	char url[80];

	snprintf(url, sizeof(url), "/s%d/s/news?lang=de", site);
	assert_int_equal(web_get(t, url), 200);
	return web_has(t, words);
}

/* A reload looks at what has changed, closed or not, and leaves the rest alone. */
static void test_reload(void **state)
{
	static struct told log;
	char *a, *b, *c, etag[100];
	struct web t;

	(void)state;
	many_open(&t, 8, 2);
	crowd_out(&t, 0, 8);
	web_get(&t, "/s1/n?lang=de");
	snprintf(etag, sizeof(etag), "%s", web_header(&t, "ETag"));
	a = world_replace(WORLD_SITE, "site: club", "site: s0");
	b = world_replace(a, "base_url: https://www.verein.test/j\n", "base_url: https://www.verein.test/s0\n");
	c = world_replace(b, "de: Vereinspost", "de: Klubpost");
	world_write(&t.w, "sites/s000.yaml", c);
	free(a);
	free(b);
	free(c);
	memset(&log, 0, sizeof(log));
	log_setup(LOG_INFO, LOG_LOGFMT);
	log_capture(tell, &log);
	app_reload(t.app);
	log_capture(NULL, NULL);
	log_setup(LOG_WARN, LOG_LOGFMT);
	/* s6 and s7 were open, so that nobody knows without a look. */
	assert_non_null(strstr(log.text, "site=s0 "));
	for (int i = 1; i < 6; i++) {
		char name[20];
		snprintf(name, sizeof(name), "site=s%d ", i);
		if (strstr(log.text, name))
			fail_msg("%s", log.text);
	}
	assert_true(form_says(&t, 0, "Klubpost"));
	for (int i = 1; i < 8; i++)
		assert_true(form_says(&t, i, "Vereinspost"));
	web_get(&t, "/s1/n?lang=de");
	assert_string_equal(web_header(&t, "ETag"), etag);
	for (int i = 0; i < 8; i++)
		assert_int_equal(visit_once(&t, i, "new@example.org"), 303);
	web_close(&t);
}

/* Another program put another notice in force meanwhile: a reload says again what the configuration says. */
static void test_reload_after_others(void **state)
{
	static struct told log;
	struct store_opts o = {.site = "s0", .brief = true};
	char dir[200], keys[200];
	struct texts_report rep;
	struct conf_report r;
	struct store *st;
	struct conf *c;
	struct site *s;
	struct web t;
	char path[100], *a;
	struct conf_opts co = {.path = path};

	(void)state;
	many_open(&t, 4, 1);
	crowd_out(&t, 0, 4);
	snprintf(path, sizeof(path), "%s/jawort.yaml", t.w.root);
	snprintf(dir, sizeof(dir), "%s/data/s0", t.w.root);
	snprintf(keys, sizeof(keys), "%s/keys/s0.keys", t.w.root);
	o.dir = dir;
	o.keys_path = keys;
	a = world_replace(WORLD_SITE, "site: club", "site: s0");
	for (char *at = a; (at = strstr(at, "Gasse 1")) != NULL; at++)
		at[6] = '9';
	for (char *at = strstr(a, "test/j\n"); at; at = NULL)
		memcpy(at, "test/s\n", 7);
	world_write(&t.w, "sites/s000.yaml", a);
	free(a);
	conf_report_init(&r);
	assert_ok(conf_load(&co, &c, &r, EI));
	assert_ok(site_new(&s, c, c->sites[0], EI));
	assert_ok(store_open(&st, &o, EI));
	assert_ok(texts_apply(s, st, false, &rep, EI));
	assert_true(rep.notices > 0);
	store_close(st);
	site_free(s);
	conf_free(c);
	conf_report_free(&r);
	site_write(&t, 0);
	memset(&log, 0, sizeof(log));
	log_setup(LOG_INFO, LOG_LOGFMT);
	log_capture(tell, &log);
	app_reload(t.app);
	log_capture(NULL, NULL);
	log_setup(LOG_WARN, LOG_LOGFMT);
	assert_non_null(strstr(log.text, "site=s0 "));
	assert_non_null(strstr(log.text, "new_notices=2"));
	assert_null(strstr(log.text, "site=s1 "));
	web_close(&t);
}

/* What is counted against a site does not begin anew when it is opened again. */
static void test_budget_stays(void **state)
{
	struct web t;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "jawort.yaml",
	    "data: data\nkeys: keys\nsites: sites/*.yaml\nbudgets: { per_prefix: 100/1h, per_site: 3/24h }\n");
	for (int i = 0; i < 4; i++)
		site_write(&t, i);
	many_start(&t, 1);
	for (int i = 0; i < 4; i++) {
		char address[40];
		snprintf(address, sizeof(address), "b%d@example.org", i);
		assert_int_equal(visit_once(&t, 0, address), i < 3 ? 303 : 429);
		crowd_out(&t, 1, 4);
	}
	assert_int_equal(visit_once(&t, 1, "other@example.org"), 303);
	web_close(&t);
}

/* Data that vanished while they were closed are not made anew: that would be a list without its people. */
static void test_vanished(void **state)
{
	char path[200];
	struct web t;

	(void)state;
	many_open(&t, 3, 1);
	crowd_out(&t, 0, 3);
	snprintf(path, sizeof(path), "%s/data/s0", t.w.root);
	world_remove(path);
	snprintf(path, sizeof(path), "%s/keys/s0.keys", t.w.root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(visit_once(&t, 0, "gone@example.org"), 503);
	assert_string_equal(web_header(&t, "Retry-After"), "60");
	assert_false(file_exists(path));
	assert_int_equal(web_get(&t, "/s0/s/news"), 200);
	assert_int_equal(visit_once(&t, 1, "here@example.org"), 303);
	web_close(&t);
}

/* A site with words of its own says what it said at the start, however often it was closed, until a reload. */
static void test_own_words(void **state)
{
	char *a, *b;
	struct web t;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "jawort.yaml", MANY_HOST);
	for (int i = 0; i < 4; i++)
		site_write(&t, i);
	a = world_replace(WORLD_SITE, "site: club", "templates: eigene\nsite: s0");
	b = world_replace(a, "base_url: https://www.verein.test/j\n", "base_url: https://www.verein.test/s0\n");
	world_write(&t.w, "sites/s000.yaml", b);
	world_write(&t.w, "sites/eigene/de/form.txt", "[form.label.email]\nElektropost\n");
	free(a);
	free(b);
	many_start(&t, 1);
	assert_true(form_says(&t, 0, "Elektropost"));
	world_write(&t.w, "sites/eigene/de/form.txt", "[form.label.email]\nBriefkasten\n");
	world_write(&t.w, "sites/eigene/de/error.txt", "[error.mark]\nAch:\n");
	for (int i = 1; i < 4; i++)
		assert_false(form_says(&t, i, "Elektropost"));
	assert_true(form_says(&t, 0, "Elektropost"));
	app_reload(t.app);
	assert_true(form_says(&t, 0, "Briefkasten"));
	web_close(&t);
}

/* Idle sites are closed by the clock, but for the few that were used last; and they come back. */
static void test_idle(void **state)
{
	struct web t;
	int64_t from_ms;

	(void)state;
	many_open(&t, 20, 0);
	assert_int_equal(open_stores(&t), 8);
	from_ms = clock_mono_ms();
	crowd_out(&t, 0, 20);
	assert_int_equal(open_stores(&t), 20);
	app_tick(t.app);
	/* A machine that needed seconds for twenty sign-ups says nothing about those who came a moment ago. */
	if (clock_mono_ms() - from_ms < 4000)
		assert_int_equal(open_stores(&t), 20);
	sleep(6);
	/* What follows the sign-ups may still be at work on a busy machine: idle is who has nothing left to do. */
	for (int i = 0; i < 240 && open_stores(&t) > 8; i++) {
		app_tick(t.app);
		usleep(500 * 1000);
	}
	assert_int_equal(open_stores(&t), 8);
	for (int i = 0; i < 20; i++)
		assert_int_equal(visit_once(&t, i, "back@example.org"), 303);
	assert_int_equal(open_stores(&t), 20);
	web_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_crowd), cmocka_unit_test(test_left_over), cmocka_unit_test(test_close_finishes),
	    cmocka_unit_test(test_reload), cmocka_unit_test(test_reload_after_others),
	    cmocka_unit_test(test_budget_stays), cmocka_unit_test(test_vanished), cmocka_unit_test(test_own_words),
	    cmocka_unit_test(test_idle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
