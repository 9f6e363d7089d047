/* Ready files: the bytes of the answers, nothing old, nothing of others touched. */
#include "lib/web.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "web/page_priv.h"
#include "web/ready_priv.h"

static const char READY_HOST[] = "data: data\nkeys: keys\nsites: sites/*.yaml\nready: ready\n";

static const char *at(struct web *t, const char *rel)
{
	static char path[2][1024];
	static int i;

	i = !i;
	snprintf(path[i], sizeof(path[i]), "%s/%s", t->w.root, rel);
	return path[i];
}

static int count(struct web *t, const char *rel, const char *head)
{
	DIR *d = opendir(at(t, rel));
	struct dirent *e;
	int n = 0;

	if (!d)
		return -1;
	while ((e = readdir(d)))
		n += strncmp(e->d_name, head, strlen(head)) == 0 && e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The whole file below ready/club/ whose name begins so; there is one. */
static const char *read_one(struct web *t, const char *head, const char *tail, struct stat *st)
{
	DIR *d = opendir(at(t, "ready/club"));
	struct dirent *e;
	struct buf b;
	int n = 0;

	assert_non_null(d);
	buf_init_arena(&b, &t->w.arena, 1024 * 1024);
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name), tl = strlen(tail);
		char rel[400];
		if (strncmp(e->d_name, head, strlen(head)) != 0 || len < tl || strcmp(e->d_name + len - tl, tail) != 0)
			continue;
		n++;
		snprintf(rel, sizeof(rel), "ready/club/%s", e->d_name);
		assert_ok(file_read(&b, at(t, rel), EI));
		if (st)
			assert_int_equal(stat(at(t, rel), st), 0);
	}
	closedir(d);
	assert_int_equal(n, 1);
	return b.data;
}

static void wait_for(struct web *t, const char *rel, const char *head, int want)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int i = 0; i < 12000; i++) {
		if (count(t, rel, head) == want)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("%s/%s*: %d, not %d", rel, head, count(t, rel, head), want);
}

static void wait_text(struct web *t, const char *head, const char *text)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	char path[400];

	for (int i = 0; i < 12000; i++) {
		DIR *d = opendir(at(t, "ready/club"));
		struct dirent *e;
		bool found = false;
		while (d && (e = readdir(d))) {
			struct buf b;
			size_t len = strlen(e->d_name);
			if (strncmp(e->d_name, head, strlen(head)) != 0 || len < 6 || strcmp(e->d_name + len - 5, ".html") != 0)
				continue;
			buf_init(&b, 1024 * 1024);
			snprintf(path, sizeof(path), "ready/club/%s", e->d_name);
			found = file_read(&b, at(t, path), NULL) == OK && strstr(b.data, text);
			buf_free(&b);
		}
		if (d)
			closedir(d);
		if (found)
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("%s never says %s", head, text);
}

static char *site_with(const char *from, const char *to)
{
	return world_replace(WORLD_SITE, from, to);
}

/* Files of one site: each form and two of the notice, per language, each twice. */
static int expected(struct web *t)
{
	const struct conf_site *c = app_conf(t->app)->sites[0];

	return (int)((c->nforms + 2) * c->languages.n * 2);
}

static void ready_open(struct web *t)
{
	web_folder(t);
	world_write(&t->w, "jawort.yaml", READY_HOST);
	world_write(&t->w, "sites/club.yaml", WORLD_SITE);
	web_start(t);
	app_started(t->app);
	wait_for(t, "ready/club", "", expected(t));
}

static void test_bytes(void **state)
{
	struct web t;
	const struct conf_site *c;

	(void)state;
	ready_open(&t);
	c = app_conf(t.app)->sites[0];
	for (size_t l = 0; l < c->languages.n; l++) {
		static const char *const notices[][2] = {{"notice", "/j/n"}, {"part", "/j/n.html"}};
		char url[100], head[100];
		for (size_t i = 0; i < c->nforms + 2; i++) {
			const char *name = i < c->nforms ? c->forms[i].id : notices[i - c->nforms][0];
			struct stat plain, packed;
			snprintf(head, sizeof(head), "%s%s.%s.", i < c->nforms ? "form-" : "", name, c->languages.v[l]);
			snprintf(url, sizeof(url), "%s%s?lang=%s", i < c->nforms ? "/j/s/" : notices[i - c->nforms][1],
			    i < c->nforms ? name : "", c->languages.v[l]);
			assert_int_equal(web_get(&t, url), 200);
			assert_string_equal(read_one(&t, head, ".html", &plain), t.body);
			read_one(&t, head, ".html.gz", &packed);
			assert_int_equal(plain.st_mode & 0777, 0644);
			assert_int_equal(packed.st_mode & 0777, 0644);
			assert_true(packed.st_size < plain.st_size);
		}
	}
	web_close(&t);
}

/* No notice that is not the present one: at reload, without a language, with a site that is down, without the key. */
static void test_changes(void **state)
{
	struct web t;
	struct stat before, after;
	char *other, *both;

	(void)state;
	ready_open(&t);
	read_one(&t, "part.de.", ".html", &before);
	world_write(&t.w, "ready/club/notes.html", "not ours");
	world_write(&t.w, "ready/gone/part.de.0123456789ab.html", "ours, of a site that is gone");
	world_write(&t.w, "ready/theirs/index.html", "not ours");
	both = site_with("languages: [de, en]", "languages: [de, en]\ntime_zone: Europe/Vienna");
	assert_string_not_equal(both, WORLD_SITE);
	app_reload(t.app);
	wait_for(&t, "ready/gone", "", -1);
	read_one(&t, "part.de.", ".html", &after);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtime, after.st_mtime);

	other = site_with("name: ", "name: Other ");
	assert_string_not_equal(other, WORLD_SITE);
	world_write(&t.w, "sites/club.yaml", other);
	app_reload(t.app);
	wait_text(&t, "part.de.", "Other ");
	assert_int_equal(web_get(&t, "/j/n.html?lang=de"), 200);
	assert_string_equal(read_one(&t, "part.de.", ".html", &after), t.body);
	assert_true(after.st_mtime != before.st_mtime); /* a validator of its own */
	free(other);
	free(both);

	other = site_with("languages: [de, en]", "languages: [de]");
	world_write(&t.w, "sites/club.yaml", other);
	app_reload(t.app);
	wait_for(&t, "ready/club", "notice.en.", 0);
	wait_for(&t, "ready/club", "notice.de.", 2);
	free(other);

	world_write(&t.w, "jawort.yaml", "data: data\nkeys: keys\nsites: sites/*.yaml\n");
	app_reload(t.app);
	wait_for(&t, "ready/club", "notice.", 0);
	assert_int_equal(count(&t, "ready/club", ""), 1);
	assert_int_equal(count(&t, "ready/theirs", ""), 1);
	web_close(&t);
}

/* A site that cannot start has no pages, and says so by its absence. */
static void test_down(void **state)
{
	struct web t;

	(void)state;
	ready_open(&t);
	app_free(t.app);
	world_write(&t.w, "sites/club.yaml", "site: club\nbase_url: [\n");
	web_start(&t);
	app_started(t.app);
	wait_for(&t, "ready/club", "", -1);
	web_close(&t);
}

static void test_put(void **state)
{
	struct web t;
	struct stat a, b;
	char path[400];

	(void)state;
	web_folder(&t);
	world_write(&t.w, "ready/club/notes.txt", "x");
	snprintf(path, sizeof(path), "%s", at(&t, "ready/club/part.de.0123456789ab.html"));
	assert_ok(ready_put(path, SLICE("one"), EI));
	assert_int_equal(stat(path, &a), 0);
	assert_ok(ready_put(path, SLICE("one"), EI));
	assert_int_equal(stat(path, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	for (int i = 0; i < 3; i++) {
		/* same length, same moment: the time tells them apart */
		assert_ok(ready_put(path, i % 2 ? SLICE("one") : SLICE("two"), EI));
		assert_int_equal(stat(path, &b), 0);
		assert_true(b.st_mtime != a.st_mtime && b.st_mtime < time(NULL));
		a = b;
	}
	assert_int_equal(unlink(at(&t, "ready/club/part.de.0123456789ab.html.gz")), 0);
	assert_ok(ready_put(path, SLICE("two"), EI));
	assert_int_equal(stat(at(&t, "ready/club/part.de.0123456789ab.html.gz"), &b), 0);
	/* what cannot be written is not left as it was */
	assert_int_equal(mkdir(at(&t, "ready/club/part.de.0123456789ac.html.gz"), 0755), 0);
	assert_int_not_equal(ready_put(at(&t, "ready/club/part.de.0123456789ac.html"), SLICE("two"), NULL), OK);
	assert_int_not_equal(stat(at(&t, "ready/club/part.de.0123456789ac.html"), &b), 0);
	web_close(&t);
}

/* A page that the disk has no room for leaves nothing, neither the old one nor a part of the new. */
static void test_no_room(void **state)
{
	static char big[200 * 1024];
	const char *path;
	struct rlimit was, small;
	struct web t;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "ready/club/notes.txt", "x");
	path = at(&t, "ready/club/part.de.0123456789ab.html");
	assert_ok(ready_put(path, SLICE("old"), EI));
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 23);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){.rlim_cur = 100 * 1024, .rlim_max = was.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(ready_put(path, slice_make(big, sizeof(big)), EI), E_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(count(&t, "ready/club", ""), 1);
	assert_false(file_exists(at(&t, "ready/club/.ready-")));
	web_close(&t);
}

struct lines {
	pthread_mutex_t lock;
	char text[64 * 1024];
	size_t len;
};

static void collect(const char *line, void *arg)
{
	struct lines *l = arg;
	size_t n = strlen(line);

	pthread_mutex_lock(&l->lock);
	if (l->len + n < sizeof(l->text)) {
		memcpy(l->text + l->len, line, n + 1);
		l->len += n;
	}
	pthread_mutex_unlock(&l->lock);
}

/* How often it is there now, and then no more. */
static int said(struct lines *l, const char *text)
{
	int n = 0;

	pthread_mutex_lock(&l->lock);
	for (const char *p = l->text; (p = strstr(p, text)); p++)
		n++;
	l->text[l->len = 0] = '\0';
	pthread_mutex_unlock(&l->lock);
	return n;
}

static void wait_said(struct lines *l, const char *text)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int i = 0; i < 12000; i++) {
		if (said(l, text))
			return;
		nanosleep(&pause, NULL);
	}
	fail_msg("the log never says: %s", text);
}

/* No folder can be made: one line for all sites, and the program answers. What is old and stays is an error, not a warning. */
static void test_trouble(void **state)
{
	static struct lines log = {.lock = PTHREAD_MUTEX_INITIALIZER};
	char *other, *second = site_with("site: club", "site: zwei");
	char name[400] = "", *two = world_replace(second, "www.verein.test/j\n", "zwei.test\n");
	struct dirent *e;
	struct web t;
	DIR *d;

	(void)state;
	web_folder(&t);
	world_write(&t.w, "jawort.yaml", READY_HOST);
	world_write(&t.w, "sites/club.yaml", WORLD_SITE);
	world_write(&t.w, "sites/zwei.yaml", two);
	world_write(&t.w, "ready", "a file in the way");
	log_setup(LOG_WARN, LOG_LOGFMT);
	log_capture(collect, &log);
	web_start(&t);
	app_started(t.app);
	wait_said(&log, "failed_sites=2");
	app_reload(t.app);
	wait_said(&log, "no ready files, the program answers instead");
	assert_int_equal(web_get(&t, "/j/s/news"), 200);
	assert_int_equal(unlink(at(&t, "ready")), 0);
	app_reload(t.app);
	wait_for(&t, "ready/club", "", expected(&t));

	/* a folder instead of the file: the next pass cannot remove what it must */
	d = opendir(at(&t, "ready/club"));
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "part.en.", 8) == 0 && strstr(e->d_name, ".gz"))
			snprintf(name, sizeof(name), "ready/club/%s", e->d_name);
	closedir(d);
	assert_int_equal(unlink(at(&t, name)), 0);
	assert_int_equal(mkdir(at(&t, name), 0755), 0);
	other = site_with("languages: [de, en]", "languages: [de]");
	world_write(&t.w, "sites/club.yaml", other);
	said(&log, "level=");
	app_reload(t.app);
	wait_said(&log, "level=error event=ready");
	wait_for(&t, "ready/club", "", 1);
	assert_int_equal(rmdir(at(&t, name)), 0);
	app_reload(t.app);
	wait_for(&t, "ready/club", "", expected(&t));
	log_capture(NULL, NULL);
	log_setup(LOG_ERROR, LOG_LOGFMT);
	web_close(&t);
	free(other);
	free(second);
	free(two);
}

struct visitor {
	struct web t;
	atomic_bool *stop;
	unsigned seen;
};

static void *visit(void *arg)
{
	static const char *const urls[] = {"/j/s/news?lang=de", "/j/n?lang=en", "/j/n.html", "/j/s/news?fragment"};
	struct visitor *v = arg;

	for (size_t i = 0; !atomic_load(v->stop); i++)
		v->seen += web_get(&v->t, urls[i % (sizeof(urls) / sizeof(urls[0]))]) == 200;
	return NULL;
}

/* Visitors and reloads beside the thread that writes: for ThreadSanitizer, and the last reload is what is there in the end. */
static void test_beside(void **state)
{
	static struct visitor v[3];
	pthread_t threads[3];
	atomic_bool stop = false;
	struct web t;
	char name[40];

	(void)state;
	ready_open(&t);
	for (int i = 0; i < 3; i++) {
		v[i].t = t;
		arena_init(&v[i].t.arena, 8 * 1024 * 1024);
		buf_init(&v[i].t.wire, t.wire.max_bytes);
		v[i].t.res = (struct response){.count = 0};
		response_init(&v[i].t.res, &v[i].t.arena);
		v[i].stop = &stop;
		assert_int_equal(pthread_create(&threads[i], NULL, visit, &v[i]), 0);
	}
	for (int i = 0; i < 12; i++) {
		char *other;
		snprintf(name, sizeof(name), "name: Round%d ", i);
		other = site_with("name: ", name);
		world_write(&t.w, "sites/club.yaml", other);
		app_reload(t.app);
		free(other);
		if (i % 4 == 3)
			wait_text(&t, "part.de.", name + strlen("name: "));
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_true(v[i].seen > 0);
		response_free(&v[i].t.res);
		buf_free(&v[i].t.wire);
		arena_free(&v[i].t.arena);
	}
	web_close(&t);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool ours;
	} rows[] = {
	    {"form-news.de.0123456789ab.html", true}, {"form-a.b.en.0123456789ab.html.gz", true},
	    {"notice.de.0123456789ab.html", true}, {"part.en.0123456789ab.html.gz", true}, {".ready-77", true},
	    {"index.html", false}, {"notice.html", false}, {"notice.de.0123456789aB.html", false},
	    {"notice.de0123456789abc.html", false}, {"notice.de.0123456789ab.html.gz.gz", false}, {"other.de.0123456789ab.html", false},
	    {".", false}, {"..", false}, {"part", false}, {"part.html.gz", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (ready_name_is(rows[i].name) != rows[i].ours)
			fail_msg("%s", rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names), cmocka_unit_test(test_put), cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_changes), cmocka_unit_test(test_down),
	    cmocka_unit_test(test_no_room), cmocka_unit_test(test_trouble), cmocka_unit_test(test_beside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
