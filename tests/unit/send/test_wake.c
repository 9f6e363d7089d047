#include "unit/send/fake.h"

#include <fcntl.h>

#include "send/wake.h"

struct seen {
	char text[4096];
};

static void on_site(void *arg, struct slice site, bool retry)
{
	struct seen *s = arg;
	size_t len = strlen(s->text);

	snprintf(s->text + len, sizeof(s->text) - len, "%.*s%s ", SLICE_FMT(site), retry ? "!" : "");
}

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/jawort-wake-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(dir);
	return 0;
}

static void sites_are_named(void **state)
{
	struct wake w;
	struct seen s = {""};

	(void)state;
	assert_int_equal(wake_open(&w, dir, NULL), OK);
	assert_false(wake_take(&w, on_site, &s));
	assert_string_equal(s.text, "");
	assert_int_equal(wake_site(dir, "a", NULL), OK);
	assert_int_equal(wake_site(dir, "b-2", NULL), OK);
	assert_true(wake_take(&w, on_site, &s));
	assert_string_equal(s.text, "a b-2 ");
	/* Somebody asks for a new try. */
	s.text[0] = '\0';
	assert_int_equal(wake_retry(dir, "a", NULL), OK);
	wake_take(&w, on_site, &s);
	assert_string_equal(s.text, "a! ");
	/* Emptying the file is a note of its own; it must not look like a call. */
	s.text[0] = '\0';
	assert_true(wake_take(&w, on_site, &s));
	assert_false(wake_take(&w, on_site, &s));
	assert_string_equal(s.text, "");
	wake_close(&w);
}

static void touch_means_all(void **state)
{
	struct wake w;
	struct seen s = {""};
	char path[100];

	(void)state;
	assert_int_equal(wake_open(&w, dir, NULL), OK);
	snprintf(path, sizeof(path), "%s/wake", dir);
	assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
	wake_take(&w, on_site, &s);
	assert_string_equal(s.text, "*! ");
	wake_close(&w);
}

static void a_replaced_file_is_watched_again(void **state)
{
	struct wake w;
	struct seen s = {""};
	char path[100];

	(void)state;
	assert_int_equal(wake_open(&w, dir, NULL), OK);
	snprintf(path, sizeof(path), "%s/wake", dir);
	assert_int_equal(unlink(path), 0);
	wake_take(&w, on_site, &s);
	assert_string_equal(s.text, "*! ");
	s.text[0] = '\0';
	assert_int_equal(wake_site(dir, "a", NULL), OK);
	wake_take(&w, on_site, &s);
	assert_non_null(strstr(s.text, "a "));
	wake_close(&w);
}

/* No worker for a long time: the file stays small and says "all". */
static void an_unread_file_stays_small(void **state)
{
	struct wake w;
	struct seen s = {""};
	struct stat st;
	char path[100];

	(void)state;
	assert_int_equal(wake_open(&w, dir, NULL), OK);
	for (int i = 0; i < WAKE_MAX_BYTES / 8 + 100; i++)
		assert_int_equal(wake_site(dir, "a234567", NULL), OK);
	snprintf(path, sizeof(path), "%s/wake", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < WAKE_MAX_BYTES);
	wake_take(&w, on_site, &s);
	assert_int_equal(strncmp(s.text, "*! ", 3), 0);
	wake_close(&w);
}

static void bad_places_are_errors(void **state)
{
	struct errinfo ei = {0};
	struct wake w;

	(void)state;
	assert_int_equal(wake_site("/dev/null", "a", &ei), E_IO);
	assert_non_null(strstr(ei.text, "/dev/null/wake"));
	assert_int_equal(wake_open(&w, "/dev/null", &ei), E_IO);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sites_are_named), T(touch_means_all), T(a_replaced_file_is_watched_again), T(an_unread_file_stays_small),
		T(bad_places_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
