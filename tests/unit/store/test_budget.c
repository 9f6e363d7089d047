/* Tests of budget: what is granted and refused over time, at the edges of slots and days, and between handles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/crypt.h"
#include "store/budget.h"

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)
/* Midnight of a day, UTC. */
#define DAY0_S (INT64_C(20000) * DAY_S)

struct world {
	char dir[64];
	struct budget *b;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct errinfo ei;

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/budget-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(crypt_init(&ei), OK);
	assert_int_equal(budget_open(&w->b, w->dir, &ei), OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"budget.db", "budget.db-wal", "budget.db-shm"};
	struct world *w = *state;
	char path[128];

	budget_close(w->b);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
		unlink(path);
	}
	rmdir(w->dir);
	free(w);
	return 0;
}

static struct budget_ask ask(enum budget_class class, const char *scope, const char *subject, uint32_t count, int64_t per_s)
{
	struct budget_ask a = {.class = class, .scope = slice_from(scope), .subject = slice_from(subject)};

	a.rate.count = count;
	a.rate.per.seconds = per_s;
	return a;
}

static bool take(struct budget *b, struct budget_ask a, int64_t at_s, int64_t *retry_s)
{
	struct errinfo ei = {.code = OK};
	size_t denied = 9;

	assert_int_equal(budget_take(b, &a, 1, at_s * 1000, &denied, retry_s, &ei), OK);
	assert_true(denied <= 1);
	return denied == 1;
}

/* Times of asks for one address, 2 in 24 hours, and what must come of each: no window may see a third. */
static void test_over_time(void **state)
{
	static const struct {
		int line;
		const char *subject;
		int64_t at_s; /* after midnight */
		bool granted;
	} rows[] = {
	    {__LINE__, "a", 10 * HOUR_S, true},
	    {__LINE__, "a", 20 * HOUR_S, true},
	    {__LINE__, "a", 20 * HOUR_S + 1, false},
	    {__LINE__, "b", 20 * HOUR_S + 1, true},              /* another one */
	    {__LINE__, "a", DAY_S - 1, false},                   /* the last second of the key's day */
	    {__LINE__, "a", DAY_S, false},                       /* a new key: yesterday counts still */
	    {__LINE__, "a", DAY_S + 10 * HOUR_S, false},         /* exactly 24 hours after the first: its slot still counts */
	    {__LINE__, "a", DAY_S + 11 * HOUR_S, true},          /* the first is out of the window */
	    {__LINE__, "a", DAY_S + 12 * HOUR_S, false},         /* one of yesterday and one of today */
	    {__LINE__, "a", DAY_S + 20 * HOUR_S + 3599, false},
	    {__LINE__, "a", DAY_S + 21 * HOUR_S, true},
	    {__LINE__, "a", 2 * DAY_S + 1, false},
	    {__LINE__, "a", 4 * DAY_S, true},                    /* everything is over */
	    {__LINE__, "a", 4 * DAY_S, true},
	    {__LINE__, "a", 4 * DAY_S, false},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool granted = take(w->b, ask(BUDGET_CONFIRM, "site", rows[i].subject, 2, DAY_S), DAY0_S + rows[i].at_s,
		    NULL);
		if (granted != rows[i].granted)
			fail_msg("row of line %d: %s", rows[i].line, granted ? "granted" : "denied");
	}
}

/* A short window at midnight: the minutes before it lie under another key. */
static void test_short_window_over_midnight(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask(BUDGET_PREFIX, "", "192.0.2.0", 3, HOUR_S);
	int64_t retry_s = 0;

	assert_true(take(w->b, a, DAY0_S - 600, NULL));
	assert_true(take(w->b, a, DAY0_S - 1, NULL));
	assert_true(take(w->b, a, DAY0_S + 1, NULL));
	assert_false(take(w->b, a, DAY0_S + 2, &retry_s));
	/* When it says so, one may ask again, and not a slot earlier. */
	assert_in_range(retry_s, HOUR_S - 700, HOUR_S);
	assert_false(take(w->b, a, DAY0_S + 2 + retry_s - 151, NULL));
	assert_true(take(w->b, a, DAY0_S + 2 + retry_s, NULL));
	assert_false(take(w->b, a, DAY0_S + 2 + retry_s, NULL));
}

/* Just after the window has left yesterday behind. */
static void test_window_begins_at_midnight(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask(BUDGET_PREFIX, "", "192.0.2.0", 1, HOUR_S);

	assert_true(take(w->b, a, DAY0_S - 1, NULL));
	/* Slots are 150 s: the one that ends at midnight counts for 24 more. */
	assert_false(take(w->b, a, DAY0_S + 24 * 150 - 1, NULL));
	assert_true(take(w->b, a, DAY0_S + 24 * 150, NULL));
}

/* What differs in class, scope or rate, or where the border between scope and subject lies, is counted apart. */
static void test_apart(void **state)
{
	static const struct {
		int line;
		enum budget_class class;
		const char *scope, *subject;
	} rows[] = {
	    {__LINE__, BUDGET_CONFIRM, "site", "address"},
	    {__LINE__, BUDGET_CONFIRM_HOST, "site", "address"},
	    {__LINE__, BUDGET_CONFIRM, "sitea", "ddress"},
	    {__LINE__, BUDGET_CONFIRM, "", "siteaddress"},
	    {__LINE__, BUDGET_CONFIRM, "siteaddress", ""},
	    {__LINE__, BUDGET_CONFIRM, "", ""},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!take(w->b, ask(rows[i].class, rows[i].scope, rows[i].subject, 1, DAY_S), DAY0_S, NULL))
			fail_msg("row of line %d was counted with an earlier one", rows[i].line);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (take(w->b, ask(rows[i].class, rows[i].scope, rows[i].subject, 1, DAY_S), DAY0_S, NULL))
			fail_msg("row of line %d was not counted", rows[i].line);
}

/* Longer than a line of the table can hold as such: the end still matters. */
static void test_long_subject(void **state)
{
	struct world *w = *state;
	char text[2048];

	memset(text, 'x', sizeof(text));
	for (size_t n = 500; n < 520; n++) {
		text[n] = '\0';
		assert_true(take(w->b, ask(BUDGET_CONFIRM, "", text, 1, DAY_S), DAY0_S, NULL));
		assert_false(take(w->b, ask(BUDGET_CONFIRM, "", text, 1, DAY_S), DAY0_S, NULL));
		text[n] = 'x';
	}
	text[sizeof(text) - 1] = '\0';
	assert_true(take(w->b, ask(BUDGET_CONFIRM, "", text, 1, DAY_S), DAY0_S, NULL));
	text[sizeof(text) - 2] = 'y';
	assert_true(take(w->b, ask(BUDGET_CONFIRM, "", text, 1, DAY_S), DAY0_S, NULL));
}

/* All or nothing: an ask that is denied takes nothing from those before it. */
static void test_all_or_nothing(void **state)
{
	struct world *w = *state;
	struct errinfo ei = {.code = OK};
	struct budget_ask asks[3] = {ask(BUDGET_CONFIRM, "site", "a", 5, DAY_S), ask(BUDGET_RIGHTS, "", "", 0, DAY_S),
	    ask(BUDGET_CONFIRM_HOST, "", "a", 1, DAY_S)};
	size_t denied;

	assert_int_equal(budget_take(w->b, asks, 3, DAY0_S * 1000, &denied, NULL, &ei), OK);
	assert_int_equal(denied, 3);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(budget_take(w->b, asks, 3, DAY0_S * 1000, &denied, NULL, &ei), OK);
		assert_int_equal(denied, 2);
	}
	/* Four are left of five. */
	for (int i = 0; i < 4; i++)
		assert_true(take(w->b, asks[0], DAY0_S, NULL));
	assert_false(take(w->b, asks[0], DAY0_S, NULL));
}

/* A second process sees the same counters, with keys that the first one made. */
static void test_two_handles(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask(BUDGET_CONFIRM, "site", "a", 2, DAY_S);
	struct errinfo ei = {.code = OK};
	struct budget *other;

	assert_true(take(w->b, a, DAY0_S, NULL));
	assert_int_equal(budget_open(&other, w->dir, &ei), OK);
	assert_true(take(other, a, DAY0_S + 1, NULL));
	assert_false(take(w->b, a, DAY0_S + 2, NULL));
	assert_false(take(other, a, DAY0_S + DAY_S, NULL));
	budget_close(other);
}

/* While held, takes are in one transaction: seen by the others only after it, and counted all the same. */
static void test_hold(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask(BUDGET_CONFIRM, "site", "a", 150, DAY_S);
	struct errinfo ei = {.code = OK};
	struct budget *other;

	assert_int_equal(budget_open(&other, w->dir, &ei), OK);
	budget_hold(w->b);
	budget_hold(w->b);
	for (int i = 0; i < 149; i++)
		assert_true(take(w->b, a, DAY0_S, NULL));
	budget_release(w->b);
	assert_true(take(w->b, a, DAY0_S, NULL));
	assert_false(take(w->b, a, DAY0_S, NULL));
	budget_release(w->b);
	/* The lock is free again, and everything is there. */
	assert_false(take(other, a, DAY0_S, NULL));
	assert_true(take(other, ask(BUDGET_CONFIRM, "site", "b", 1, DAY_S), DAY0_S, NULL));
	assert_false(take(w->b, ask(BUDGET_CONFIRM, "site", "b", 1, DAY_S), DAY0_S, NULL));
	budget_close(other);
}

#define THREADS 8
#define TAKES 400

static void *take_many(void *arg)
{
	struct world *w = arg;
	uintptr_t granted = 0;

	for (int i = 0; i < TAKES; i++) {
		struct budget_ask a = ask(BUDGET_SITE, "site", "", THREADS * TAKES / 2, DAY_S);
		struct errinfo ei = {.code = OK};
		size_t denied = 9;
		if (i % 50 == 0)
			budget_hold(w->b);
		if (budget_take(w->b, &a, 1, DAY0_S * 1000, &denied, NULL, &ei) != OK)
			return (void *)UINTPTR_MAX;
		granted += denied == 1;
		if (i % 50 == 0)
			budget_release(w->b);
	}
	return (void *)granted;
}

/* Threads that share transactions get exactly what there is, and the last one ends the transaction. */
static void test_threads(void **state)
{
	struct world *w = *state;
	pthread_t t[THREADS];
	struct errinfo ei = {.code = OK};
	struct budget *other;
	uintptr_t sum = 0;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, take_many, w), 0);
	for (int i = 0; i < THREADS; i++) {
		void *granted;
		pthread_join(t[i], &granted);
		sum += (uintptr_t)granted;
	}
	assert_int_equal(sum, THREADS * TAKES / 2);
	assert_int_equal(budget_open(&other, w->dir, &ei), OK);
	assert_false(take(other, ask(BUDGET_SITE, "site", "", THREADS * TAKES / 2, DAY_S), DAY0_S, NULL));
	budget_close(other);
}

static bool each(int64_t day, struct slice form, enum budget_tally what, int64_t n, void *arg)
{
	int64_t *sum = arg;

	assert_int_equal(day, DAY0_S / DAY_S);
	assert_true(slice_eq_str(form, "news"));
	sum[what] += n;
	return true;
}

static void test_tallies(void **state)
{
	struct world *w = *state;
	struct errinfo ei = {.code = OK};
	int64_t sum[BUDGET_TALLY__MAX] = {0};

	for (int i = 0; i < 3; i++)
		assert_int_equal(budget_count(w->b, "site", SLICE("news"), BUDGET_T_SILENT, 2, DAY0_S * 1000, &ei), OK);
	assert_int_equal(budget_count(w->b, "site", SLICE("news"), BUDGET_T_INPUT, 1, DAY0_S * 1000, &ei), OK);
	assert_int_equal(budget_count(w->b, "other", SLICE("news"), BUDGET_T_INPUT, 7, DAY0_S * 1000, &ei), OK);
	assert_int_equal(budget_each(w->b, "site", DAY0_S * 1000, each, sum, &ei), OK);
	assert_int_equal(sum[BUDGET_T_SILENT], 6);
	assert_int_equal(sum[BUDGET_T_INPUT], 1);
	assert_int_equal(budget_purge(w->b, (DAY0_S + 100 * DAY_S) * 1000, &ei), OK);
	memset(sum, 0, sizeof(sum));
	assert_int_equal(budget_each(w->b, "site", 0, each, sum, &ei), OK);
	assert_int_equal(sum[BUDGET_T_SILENT], 0);
}

static bool each_shown(int64_t day, struct slice form, enum budget_tally what, int64_t n, void *arg)
{
	(void)day;
	if (what == BUDGET_T_SHOWN && slice_eq_str(form, "news"))
		*(int64_t *)arg += n;
	return true;
}

static int64_t shown_of(struct world *w, const char *site)
{
	int64_t n = 0;

	assert_int_equal(budget_each(w->b, site, 0, each_shown, &n, NULL), OK);
	return n;
}

/* Pages are counted per form, and nothing is written before the tick. */
static void test_shown(void **state)
{
	struct world *w = *state;
	char name[20];

	for (int i = 0; i < 5; i++)
		budget_shown(w->b, "site", "news");
	budget_shown(w->b, "site", "club");
	budget_shown(w->b, "other", "news");
	assert_int_equal(shown_of(w, "site"), 0);
	budget_tick(w->b);
	assert_int_equal(shown_of(w, "site"), 5);
	assert_int_equal(shown_of(w, "other"), 1);
	budget_tick(w->b);
	assert_int_equal(shown_of(w, "site"), 5);
	/* More forms than there is room for: those that fit are counted. */
	budget_shown(w->b, "site", "news");
	for (int i = 0; i < BUDGET_SHOWN_MAX + 10; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		budget_shown(w->b, name, "news");
	}
	budget_tick(w->b);
	assert_int_equal(shown_of(w, "site"), 6);
	assert_int_equal(shown_of(w, "s0"), 1);
	snprintf(name, sizeof(name), "s%d", BUDGET_SHOWN_MAX + 5);
	assert_int_equal(shown_of(w, name), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_over_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_short_window_over_midnight, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_window_begins_at_midnight, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_apart, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_long_subject, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_two_handles, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tallies, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_shown, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
