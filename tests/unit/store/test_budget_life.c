/*
 * Tests of budget over its life: against a list of every grant, as bytes in the file that
 * change from day to day, after a purge, with another process, without its file, with a clock that jumps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>
#include "base/crypt.h"
#include "store/budget.h"
#include "store/budget_priv.h"

#define HOUR_S 3600
#define DAY0_S (INT64_C(20000) * DAY_S)
#define PROCESSES 4
/* Twice what the shelves hold before they are written and emptied. */
#define MANY (2 * SHELVES * SHELF_FULL)

struct world {
	char dir[64], path[96];
	struct budget *b;
};

static void remove_file(const struct world *w)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[128];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
		unlink(path);
	}
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/budget-life-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/budget.db", w->dir);
	assert_int_equal(crypt_init(NULL), OK);
	assert_int_equal(budget_open(&w->b, w->dir, NULL), OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	budget_close(w->b);
	remove_file(w);
	rmdir(w->dir);
	free(w);
	return 0;
}

static struct budget_ask ask(const char *subject, uint32_t count, int64_t per_s)
{
	struct budget_ask a = {.class = BUDGET_CONFIRM, .scope = SLICE("site"), .subject = slice_from(subject)};

	a.rate.count = count;
	a.rate.per.seconds = per_s;
	return a;
}

static bool take(struct budget *b, struct budget_ask a, int64_t now_s, int64_t *retry_s)
{
	struct errinfo ei = {.code = OK};
	size_t denied;

	if (budget_take(b, &a, 1, now_s * 1000, &denied, retry_s, &ei) != OK)
		fail_msg("%s", ei.text);
	return denied == 1;
}

/* Rows of a query's first column; -1 on an error. */
static int64_t number(const struct world *w, const char *sql)
{
	sqlite3 *conn;
	sqlite3_stmt *q;
	int64_t n = -1;

	assert_int_equal(sqlite3_open(w->path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(conn, sql, -1, &q, NULL), SQLITE_OK);
	if (sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(conn);
	return n;
}

/*
 * Random times, never back: within any stretch of the duration there are at most COUNT grants; what is
 * refused would have been within COUNT of the last 25/24 of it; and after the seconds it says, it is granted.
 */
static void against_list(struct world *w, uint32_t count, int64_t per_s, const char *subject)
{
	int64_t granted[400], now = DAY0_S + 12345, retry, width = (per_s + 23) / 24;
	size_t n = 0;

	for (int i = 0; i < 400; i++) {
		size_t within = 0, near = 0;
		now += crypt_random_below((uint32_t)(per_s / count + 2));
		for (size_t k = 0; k < n; k++) {
			within += granted[k] > now - per_s;
			near += granted[k] / width >= now / width - (per_s + width - 1) / width;
		}
		if (take(w->b, ask(subject, count, per_s), now, &retry)) {
			if (within >= count)
				fail_msg("%u per %lld s: one more than that at step %d", count, (long long)per_s, i);
			granted[n++] = now;
			continue;
		}
		if (near < count)
			fail_msg("%u per %lld s: refused with %zu at step %d", count, (long long)per_s, near, i);
		assert_true(retry >= 1 && retry <= per_s + width + 1);
		if (crypt_random_below(4))
			continue;
		assert_false(take(w->b, ask(subject, count, per_s), now + retry - 1, NULL));
		now += retry;
		assert_true(take(w->b, ask(subject, count, per_s), now, NULL));
		granted[n++] = now;
	}
	assert_true(n > 20);
}

static void test_against_list(void **state)
{
	static const struct {
		uint32_t count;
		int64_t per_s;
	} rates[] = {{1, DAY_S}, {2, DAY_S}, {4, DAY_S}, {20, HOUR_S}, {3, 24}, {1, 60}, {5, 1000}, {2, 10}, {1, 25}, {1, 1}};
	char subject[16];

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		snprintf(subject, sizeof(subject), "s%zu", i);
		against_list(*state, rates[i].count, rates[i].per_s, subject);
	}
}

static void test_edge_of_a_slot(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("edge", 1, DAY_S);
	int64_t retry;

	assert_true(take(w->b, a, DAY0_S + HOUR_S - 1, NULL)); /* last second of the first slot */
	assert_false(take(w->b, a, DAY0_S + DAY_S, &retry));
	assert_int_equal(retry, HOUR_S);
	assert_false(take(w->b, a, DAY0_S + DAY_S + HOUR_S - 1, &retry)); /* a day later to the second */
	assert_int_equal(retry, 1);
	assert_true(take(w->b, a, DAY0_S + DAY_S + HOUR_S, NULL));
}

static void test_no_limit(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 500; i++)
		assert_true(take(w->b, ask("free", 0, DAY_S), DAY0_S, NULL));
	assert_int_equal(number(w, "SELECT count(*) FROM slot"), 0);
}

/* A duration over a day counts as one: nothing about a person is kept longer. */
static void test_long_durations(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("long", 2, 7 * DAY_S);
	int64_t retry;

	assert_true(take(w->b, a, DAY0_S, NULL));
	assert_true(take(w->b, a, DAY0_S, NULL));
	assert_false(take(w->b, a, DAY0_S + DAY_S, &retry));
	assert_int_equal(retry, HOUR_S);
	assert_true(take(w->b, a, DAY0_S + DAY_S + HOUR_S, NULL));
	assert_int_equal(number(w, "SELECT max(width) FROM slot"), HOUR_S);
}

/* The same person has other bytes every day, and these say nothing without the day's key. */
static void test_bytes_change_daily(void **state)
{
	struct world *w = *state;

	for (int day = 0; day < 3; day++)
		assert_true(take(w->b, ask("name@example.org", 100, DAY_S), DAY0_S + day * DAY_S, NULL));
	assert_int_equal(number(w, "SELECT count(*) FROM slot"), 3);
	assert_int_equal(number(w, "SELECT count(DISTINCT subject) FROM slot"), 3);
	assert_int_equal(number(w, "SELECT count(DISTINCT key) FROM secret"), 3);
	assert_int_equal(number(w, "SELECT min(length(subject)) = 16 AND max(length(subject)) = 16 FROM slot"), 1);
	assert_int_equal(number(w, "SELECT count(*) FROM slot WHERE instr(subject, CAST('name' AS BLOB)) > 0"), 0);
	/* two hosts with the same counters have nothing in common either */
	assert_int_equal(number(w, "SELECT count(*) FROM slot WHERE subject = zeroblob(16)"), 0);
}

static void test_purge(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("gone", 1, DAY_S);

	assert_true(take(w->b, a, DAY0_S, NULL));
	/* what still counts stays: a purge is nothing that anybody could use to get more mails through */
	assert_int_equal(budget_purge(w->b, (DAY0_S + DAY_S + HOUR_S - 1) * 1000, NULL), OK);
	assert_int_equal(number(w, "SELECT count(*) FROM slot"), 1);
	assert_false(take(w->b, a, DAY0_S + DAY_S + HOUR_S - 1, NULL));
	assert_int_equal(budget_purge(w->b, (DAY0_S + DAY_S + HOUR_S) * 1000, NULL), OK);
	assert_int_equal(number(w, "SELECT count(*) FROM slot"), 0);
	assert_int_equal(budget_purge(w->b, (DAY0_S + 2 * DAY_S) * 1000, NULL), OK);
	assert_int_equal(number(w, "SELECT count(*) FROM secret WHERE day <= 20000"), 0);
	assert_true(take(w->b, a, DAY0_S + 2 * DAY_S, NULL));
}

/* Processes that take at the same time get exactly as many as there are. */
static void test_processes(void **state)
{
	struct world *w = *state;
	int got = 0;

	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct budget *b;
			int n = 0;
			if (budget_open(&b, w->dir, NULL) != OK)
				_exit(200);
			for (int k = 0; k < 30; k++) {
				struct budget_ask a = ask("many", 50, HOUR_S);
				size_t denied;
				if (budget_take(b, &a, 1, DAY0_S * 1000, &denied, NULL, NULL) != OK)
					_exit(201);
				n += denied == 1;
			}
			_exit(n);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 100);
		got += WEXITSTATUS(status);
	}
	assert_int_equal(got, 50);
	assert_false(take(w->b, ask("many", 50, HOUR_S), DAY0_S, NULL));
}

/* The file may be deleted under a running service: it goes on, and a new start counts anew. */
static void test_file_deleted(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("kept", 2, DAY_S);
	struct budget *other;

	assert_true(take(w->b, a, DAY0_S, NULL));
	remove_file(w);
	assert_true(take(w->b, a, DAY0_S, NULL));
	assert_false(take(w->b, a, DAY0_S, NULL));
	assert_int_equal(budget_count(w->b, "site", SLICE("news"), BUDGET_T_INPUT, 1, DAY0_S * 1000, NULL), OK);
	assert_int_equal(budget_purge(w->b, DAY0_S * 1000, NULL), OK);
	assert_int_equal(budget_open(&other, w->dir, NULL), OK);
	assert_true(take(other, a, DAY0_S, NULL));
	budget_close(other);
}

static void test_clock_back(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("back", 2, DAY_S);

	assert_true(take(w->b, a, DAY0_S + 12 * HOUR_S, NULL));
	assert_true(take(w->b, a, DAY0_S + 11 * HOUR_S, NULL));
	/* set back within the day: what was used later that day counts */
	assert_false(take(w->b, a, DAY0_S + 2 * HOUR_S, NULL));
	/* a clock ten years ahead, with all that happens in a purge, and back: nobody is locked out for ten years */
	assert_true(take(w->b, a, DAY0_S + 3650 * DAY_S, NULL));
	assert_int_equal(budget_purge(w->b, (DAY0_S + 3650 * DAY_S) * 1000, NULL), OK);
	assert_true(take(w->b, a, DAY0_S + DAY_S, NULL));
	assert_int_equal(budget_purge(w->b, (DAY0_S + DAY_S) * 1000, NULL), OK);
	assert_int_equal(number(w, "SELECT count(*) FROM slot WHERE at * width > 20010 * 86400"), 0);
	assert_int_equal(number(w, "SELECT count(*) FROM secret WHERE day > 20010"), 0);
}

/* In a process that defers, all is counted in memory: exact there, in the file after a tick, lost only when it is killed. */
static void test_deferred(void **state)
{
	struct world *w = *state;
	struct budget *other;

	budget_defer(w->b);
	assert_true(take(w->b, ask("late", 3, DAY_S), DAY0_S, NULL));
	budget_hold(w->b);
	assert_true(take(w->b, ask("late", 3, DAY_S), DAY0_S, NULL));
	assert_true(take(w->b, ask("late", 3, DAY_S), DAY0_S, NULL));
	assert_false(take(w->b, ask("late", 3, DAY_S), DAY0_S, NULL));
	for (int i = 0; i < 5; i++) /* read while held, from the file */
		assert_true(take(w->b, ask((char[]){(char)('a' + i), '\0'}, 1, DAY_S), DAY0_S, NULL));
	budget_release(w->b);
	budget_tick(w->b);
	assert_int_equal(number(w, "SELECT sum(n) FROM slot"), 8);
	assert_int_equal(budget_open(&other, w->dir, NULL), OK);
	assert_false(take(other, ask("late", 3, DAY_S), DAY0_S, NULL));
	assert_true(take(other, ask("late", 5, DAY_S), DAY0_S, NULL));
	budget_close(other);
	/* What another process has counted is known after the next writing. */
	assert_true(take(w->b, ask("some", 3, DAY_S), DAY0_S + 1, NULL));
	budget_tick(w->b);
	assert_false(take(w->b, ask("late", 4, DAY_S), DAY0_S + 2, NULL));
	/* A day's end, and a clock set back within the day: the windows are those of the file again. */
	assert_false(take(w->b, ask("late", 4, DAY_S), DAY0_S + DAY_S, NULL));
	assert_false(take(w->b, ask("late", 4, DAY_S), DAY0_S + HOUR_S, NULL));
	/* An end without a tick loses nothing. */
	assert_true(take(w->b, ask("last", 1, DAY_S), DAY0_S, NULL));
	budget_close(w->b);
	assert_int_equal(budget_open(&w->b, w->dir, NULL), OK);
	assert_false(take(w->b, ask("last", 1, DAY_S), DAY0_S, NULL));
}

/* What the file held before, what another process adds, and what this one wrote long ago: all of it is found. */
static void test_deferred_filter(void **state)
{
	struct world *w = *state;
	struct budget *other;
	char subject[16];

	assert_true(take(w->b, ask("before", 1, DAY_S), DAY0_S, NULL));
	budget_close(w->b);
	assert_int_equal(budget_open(&w->b, w->dir, NULL), OK);
	budget_defer(w->b);
	assert_false(take(w->b, ask("before", 1, DAY_S), DAY0_S + HOUR_S, NULL));
	/* under the key of the day before, too */
	assert_false(take(w->b, ask("before", 1, DAY_S), DAY0_S + 23 * HOUR_S, NULL));
	assert_int_equal(budget_open(&other, w->dir, NULL), OK);
	assert_true(take(other, ask("of another", 1, DAY_S), DAY0_S + HOUR_S, NULL));
	budget_close(other);
	budget_tick(w->b);
	assert_false(take(w->b, ask("of another", 1, DAY_S), DAY0_S + HOUR_S, NULL));
	assert_true(take(w->b, ask("own", 1, DAY_S), DAY0_S + HOUR_S, NULL));
	for (int i = 0; i < MANY; i++) { /* out of memory by then, into the file */
		snprintf(subject, sizeof(subject), "s%d", i);
		assert_true(take(w->b, ask(subject, 1, DAY_S), DAY0_S + HOUR_S, NULL));
	}
	assert_false(take(w->b, ask("own", 1, DAY_S), DAY0_S + HOUR_S, NULL));
	assert_false(take(w->b, ask("own", 1, DAY_S), DAY0_S + 24 * HOUR_S, NULL));
	assert_true(take(w->b, ask("own", 1, DAY_S), DAY0_S + 27 * HOUR_S, NULL));
}

/* More subjects than there is room for: written and read again, not one take forgotten. */
static void test_deferred_many(void **state)
{
	struct world *w = *state;
	char subject[16];

	budget_defer(w->b);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++) {
			snprintf(subject, sizeof(subject), "s%d", i);
			if (take(w->b, ask(subject, 2, DAY_S), DAY0_S + round, NULL) != (round < 2))
				fail_msg("%s in round %d", subject, round);
		}
	budget_tick(w->b);
	assert_int_equal(number(w, "SELECT sum(n) FROM slot"), 2 * MANY);
	assert_int_equal(number(w, "SELECT count(*) FROM slot"), MANY);
}

/* Networks and sites are counted in memory by everybody; a close writes them. */
static void test_network_in_memory(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("192.0.2.0", 3, HOUR_S);

	a.class = BUDGET_PREFIX;
	for (int i = 0; i < 3; i++)
		assert_true(take(w->b, a, DAY0_S + i * 149, NULL)); /* over edges of slots */
	assert_false(take(w->b, a, DAY0_S + 3599, NULL));
	budget_close(w->b);
	assert_int_equal(budget_open(&w->b, w->dir, NULL), OK);
	assert_int_equal(number(w, "SELECT sum(n) FROM slot"), 3);
	assert_false(take(w->b, a, DAY0_S + 3599, NULL));
	assert_true(take(w->b, a, DAY0_S + 3750, NULL));
}

/* A reader of the file while it is in use never stops a request for good. */
static void test_locked_file(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask("locked", 1, DAY_S);
	struct errinfo ei = {.code = OK};
	size_t denied = 7;
	sqlite3 *conn;

	assert_int_equal(sqlite3_open(w->path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(budget_take(w->b, &a, 1, DAY0_S * 1000, &denied, NULL, &ei), E_IO);
	assert_int_equal(denied, 1); /* granted: a broken counter locks nobody out */
	assert_int_equal(sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(conn);
	assert_true(take(w->b, a, DAY0_S, NULL));
	assert_false(take(w->b, a, DAY0_S, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_against_list, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_edge_of_a_slot, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_limit, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_long_durations, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bytes_change_daily, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_purge, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_file_deleted, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_clock_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_locked_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_deferred, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_deferred_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_deferred_filter, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_network_in_memory, setup, teardown),
	};
	return cmocka_run_group_tests_name("store/budget, over its life", tests, NULL, NULL);
}
