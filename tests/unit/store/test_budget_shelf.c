/*
 * Tests of budget where there is more than memory holds: against the plainest way of counting, with two handles, with
 * writes and reads that fail, and how much of it one take writes. They look into the struct, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/crypt.h"
#include "store/budget_priv.h"

#define HOUR_S 3600
#define DAY0_S (INT64_C(20000) * DAY_S)
#define SUBJECTS (SHELVES * SHELF_FULL * 5 / 3)
#define DAY_SLOTS (24 * SLOTS)
#define MANY 1200

struct world {
	char dir[64], path[96];
	struct budget *b;
	sqlite3 *file; /* another connection */
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/budget-shelf-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/budget.db", w->dir);
	assert_int_equal(crypt_init(NULL), OK);
	assert_int_equal(budget_open(&w->b, w->dir, NULL), OK);
	assert_int_equal(sqlite3_open(w->path, &w->file), SQLITE_OK);
	sqlite3_busy_timeout(w->file, 5000);
	*state = w;
	/* A search that does not end ends the test. */
	alarm(300);
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct world *w = *state;
	char path[128];

	alarm(0);
	sqlite3_close(w->file);
	budget_close(w->b);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
		unlink(path);
	}
	rmdir(w->dir);
	free(w);
	return 0;
}

static void run(const struct world *w, const char *sql)
{
	assert_int_equal(sqlite3_exec(w->file, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t number(const struct world *w, const char *sql)
{
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_prepare_v2(w->file, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}

static int64_t in_the_file(const struct world *w)
{
	return number(w, "SELECT coalesce(sum(n), 0) FROM slot");
}

static int64_t pending(const struct budget *b, unsigned shelf)
{
	int64_t n = 0;

	for (int i = 0; i < SHELF_WINDOWS; i++)
		n += b->windows[shelf][i].pending;
	return n;
}

/* What the struct says of itself is so. */
static void look(const struct budget *b)
{
	int64_t sum = 0;

	for (unsigned s = 0; s < SHELVES; s++) {
		unsigned used = 0;
		for (int i = 0; i < SHELF_WINDOWS; i++)
			used += b->windows[s][i].class != 0;
		assert_int_equal(b->shelf_used[s], used);
		assert_true(used <= SHELF_FULL);
		sum += pending(b, s);
	}
	assert_int_equal(b->windows_added, sum);
}

static struct budget_ask ask_of(enum budget_class class, const char *subject, uint32_t count, int64_t per_s)
{
	struct budget_ask a = {.class = class, .scope = SLICE("site"), .subject = slice_from(subject)};

	a.rate.count = count;
	a.rate.per.seconds = per_s;
	return a;
}

static enum err take_ms(struct budget *b, const char *subject, uint32_t count, int64_t now_ms, bool *granted)
{
	struct budget_ask a = ask_of(BUDGET_CONFIRM, subject, count, DAY_S);
	size_t denied = 9;
	enum err rc = budget_take(b, &a, 1, now_ms, &denied, NULL, NULL);

	*granted = denied == 1;
	return rc;
}

static bool take(struct budget *b, const char *subject, uint32_t count, int64_t now_s)
{
	bool granted;

	assert_int_equal(take_ms(b, subject, count, now_s * 1000, &granted), OK);
	return granted;
}

static const char *name(char out[16], const char *what, int i)
{
	snprintf(out, 16, "%s%d", what, i);
	return out;
}

static void take_each(struct budget *b, const char *what, int n, uint32_t count, int64_t now_s, bool granted)
{
	char text[16];

	for (int i = 0; i < n; i++)
		if (take(b, name(text, what, i), count, now_s) != granted)
			fail_msg("%s is %s", text, granted ? "refused" : "granted");
}

/* The plainest way: a number for each class, subject and slot. */
static const struct {
	enum budget_class class;
	uint32_t count;
	int64_t per_s;
	int subjects;
} kinds[] = {
    {BUDGET_CONFIRM, 3, DAY_S, SUBJECTS},
    {BUDGET_RIGHTS, 2, HOUR_S, SUBJECTS},
    {BUDGET_PREFIX, 2, HOUR_S, SUBJECTS},
    {BUDGET_SITE, 6000, DAY_S, 3},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
static uint16_t plain[KINDS][SUBJECTS][DAY_SLOTS];

static int64_t plain_slot(size_t kind, int64_t now_s)
{
	return (now_s - DAY0_S) / (kinds[kind].per_s / SLOTS);
}

static size_t plain_take(const size_t kind[], const int subject[], size_t n, int64_t now_s)
{
	for (size_t i = 0; i < n; i++) {
		int64_t at = plain_slot(kind[i], now_s);
		uint32_t sum = 0;
		for (int64_t k = at < SLOTS ? 0 : at - SLOTS; k <= at; k++)
			sum += plain[kind[i]][subject[i]][k];
		if (sum >= kinds[kind[i]].count)
			return i;
	}
	for (size_t i = 0; i < n; i++)
		plain[kind[i]][subject[i]][plain_slot(kind[i], now_s)]++;
	return n;
}

static void plain_same(struct world *w)
{
	sqlite3_stmt *q;
	int64_t rows = 0;

	assert_int_equal(sqlite3_prepare_v2(w->file, "SELECT n FROM slot WHERE class = ?1 AND subject = ?2 AND width = ?3"
		" AND at = ?4", -1, &q, NULL), SQLITE_OK);
	for (size_t k = 0; k < KINDS; k++)
		for (int s = 0; s < kinds[k].subjects; s++) {
			char text[16];
			unsigned char bytes[SUBJECT_BYTES];
			struct budget_ask a = ask_of(kinds[k].class, name(text, "s", s), 1, kinds[k].per_s);
			int64_t width = kinds[k].per_s / SLOTS;
			budget_subject(w->b, 0, &a, bytes);
			for (int at = 0; at < DAY_SLOTS; at++) {
				if (!plain[k][s][at])
					continue;
				rows++;
				sqlite3_bind_int(q, 1, a.class);
				sqlite3_bind_blob(q, 2, bytes, sizeof(bytes), SQLITE_STATIC);
				sqlite3_bind_int64(q, 3, width);
				sqlite3_bind_int64(q, 4, DAY0_S / width + at);
				assert_int_equal(sqlite3_step(q), SQLITE_ROW);
				assert_int_equal(sqlite3_column_int64(q, 0), plain[k][s][at]);
				sqlite3_reset(q);
			}
		}
	sqlite3_finalize(q);
	assert_int_equal(number(w, "SELECT count(*) FROM slot"), rows);
}

/* Five times the subjects that fit: each verdict, and in the end each row. */
static void against_plain(struct world *w)
{
	int64_t now_ms = DAY0_S * 1000;

	memset(plain, 0, sizeof(plain));
	for (int i = 0; i < 100000; i++) {
		struct budget_ask asks[KINDS];
		size_t kind[KINDS], n = 1 + crypt_random_below(KINDS), denied = 9;
		int subject[KINDS];
		char text[KINDS][16];
		now_ms += crypt_random_below(1200) ? crypt_random_below(30) : crypt_random_below(1200000);
		for (size_t k = 0; k < n; k++) {
			kind[k] = (k + (size_t)i) % KINDS;
			subject[k] = (int)crypt_random_below((uint32_t)kinds[kind[k]].subjects);
			asks[k] = ask_of(kinds[kind[k]].class, name(text[k], "s", subject[k]), kinds[kind[k]].count,
			    kinds[kind[k]].per_s);
		}
		assert_true(now_ms < (DAY0_S + DAY_S) * 1000);
		assert_int_equal(budget_take(w->b, asks, n, now_ms, &denied, NULL, NULL), OK);
		if (denied != plain_take(kind, subject, n, now_ms / 1000))
			fail_msg("take %d: denied is %zu of %zu", i, denied, n);
		if (i % 4000 == 0)
			look(w->b);
		if (i % 20000 == 19999)
			budget_tick(w->b);
	}
	budget_tick(w->b);
	look(w->b);
	plain_same(w);
}

static void test_against_plain(void **state)
{
	against_plain(*state);
}

static void test_against_plain_deferred(void **state)
{
	struct world *w = *state;

	budget_defer(w->b);
	against_plain(w);
}

/* Nobody waits while more than a few shelves are written, also when another process has written. */
static void test_portions(void **state)
{
	struct world *w = *state;
	int64_t before = 0, most = 0, now_ms = DAY0_S * 1000;
	char text[16];
	bool granted;

	budget_defer(w->b);
	for (int i = 0; i < 8000; i++) {
		if (i % 1000 == 500)
			run(w, "INSERT INTO tally(day, site, form, what, n) SELECT count(*), '', '', 1, 1 FROM tally");
		now_ms += i % 16 == 0;
		assert_int_equal(take_ms(w->b, name(text, "s", i), 1, now_ms, &granted), OK);
		assert_true(granted);
		int64_t n = in_the_file(w);
		most = n - before > most ? n - before : most;
		before = n;
	}
	assert_in_range(most, 1, (1 + SHELF_PORTION) * SHELF_FULL);
	/* A second is enough for all shelves, as long as somebody comes; one counter is everybody's. */
	for (int i = 0; i <= SHELVES / SHELF_PORTION; i++) {
		assert_int_equal(take_ms(w->b, "hot", 1000, now_ms, &granted), OK);
		now_ms += WINDOW_WRITE_MS * SHELF_PORTION / SHELVES + 1;
	}
	assert_true(in_the_file(w) >= 8000);
	assert_true(w->b->windows_added <= SHELVES / SHELF_PORTION);
	look(w->b);
}

/* All that is pending, wherever it lies; and by a close. */
static void test_tick(void **state)
{
	struct world *w = *state;

	budget_defer(w->b);
	take_each(w->b, "s", MANY, 1, DAY0_S, true);
	for (unsigned s = 0; s < SHELVES; s++)
		assert_true(pending(w->b, s) > 0 || s < SHELF_PORTION);
	budget_tick(w->b);
	look(w->b);
	assert_int_equal(w->b->windows_added, 0);
	assert_int_equal(in_the_file(w), MANY);
	take_each(w->b, "t", MANY, 1, DAY0_S, true);
	assert_true(in_the_file(w) < 2 * MANY);
	budget_close(w->b);
	w->b = NULL;
	assert_int_equal(in_the_file(w), 2 * MANY);
}

/* Two processes that defer: what one counted the other knows after a tick of both, and nothing pending is lost by that. */
static void test_two(void **state)
{
	struct world *w = *state;
	struct budget *other;

	assert_int_equal(budget_open(&other, w->dir, NULL), OK);
	budget_defer(w->b);
	budget_defer(other);
	take_each(w->b, "s", MANY, 2, DAY0_S, true);
	take_each(other, "s", MANY, 2, DAY0_S, true);
	budget_tick(w->b);
	budget_tick(other);
	assert_int_equal(in_the_file(w), 2 * MANY);
	take_each(other, "s", MANY, 2, DAY0_S, false);
	take_each(w->b, "t", 300, 1, DAY0_S, true);
	budget_tick(w->b);
	assert_int_equal(in_the_file(w), 2 * MANY + 300);
	take_each(w->b, "s", MANY, 2, DAY0_S, false);
	budget_tick(other);
	take_each(other, "t", 300, 1, DAY0_S, false);
	look(w->b);
	look(other);
	budget_close(other);
}

/* Who begins to defer, or makes the filter anew, after another process has written, forgets nothing of its own. */
static void test_filter_keeps(void **state)
{
	struct world *w = *state;
	struct budget_ask a = ask_of(BUDGET_PREFIX, "192.0.2.0", 3, DAY_S);
	struct budget *other;
	size_t denied;

	assert_int_equal(budget_open(&other, w->dir, NULL), OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(budget_take(w->b, &a, 1, DAY0_S * 1000, &denied, NULL, NULL), OK);
		assert_true(take(other, i ? "x" : "y", 1, DAY0_S));
	}
	assert_int_equal(w->b->windows_added, 1);
	budget_defer(w->b);
	assert_int_equal(w->b->windows_added, 1);
	assert_true(take(other, "z", 1, DAY0_S));
	w->b->filtered = false;
	w->b->filter_ms -= 60000;
	budget_filter_make(w->b);
	assert_true(w->b->filtered);
	budget_tick(w->b);
	assert_int_equal(in_the_file(w), 5);
	assert_false(take(w->b, "z", 1, DAY0_S));
	budget_close(other);
}

#define FEW 600

/* A write that fails in its midst takes its own portion with it and no more, and afterwards all goes on. */
static void test_write_fails(void **state)
{
	struct world *w = *state;
	int64_t kept = FEW, again = 0;
	char text[16];
	bool granted;

	budget_defer(w->b);
	run(w, "CREATE TRIGGER stop BEFORE INSERT ON slot WHEN (SELECT count(*) FROM slot) >= 10"
	    " BEGIN SELECT raise(ABORT, 'no room'); END");
	budget_tick(w->b); /* not old because of that */
	w->b->windows_ms = DAY0_S * 1000; /* so that nothing is due */
	take_each(w->b, "s", FEW, 1, DAY0_S, true);
	assert_int_equal(w->b->windows_added, FEW);
	unsigned next = w->b->shelf_next;
	for (unsigned s = next; s < next + SHELF_PORTION; s++)
		kept -= pending(w->b, s);
	assert_in_range(kept, FEW - SHELF_PORTION * SHELF_FULL, FEW - 11);
	assert_int_equal(take_ms(w->b, "s0", 1, DAY0_S * 1000 + WINDOW_WRITE_MS, &granted), E_IO);
	look(w->b);
	assert_int_equal(w->b->windows_added, kept);
	assert_int_equal(in_the_file(w), 0);
	for (unsigned s = next; s < next + SHELF_PORTION; s++)
		assert_int_equal(w->b->shelf_used[s], 0);
	run(w, "DROP TRIGGER stop");
	budget_tick(w->b);
	assert_int_equal(in_the_file(w), kept);
	/* the file says what counts: who was lost may come again, and nobody else */
	for (int i = 0; i < FEW; i++)
		again += take(w->b, name(text, "s", i), 1, DAY0_S);
	assert_int_equal(again, FEW - kept);
	budget_tick(w->b);
	assert_int_equal(in_the_file(w), FEW);
	look(w->b);
}

/* A transaction that fails in a process that does not defer: counts are those of the file. */
static void test_transaction_fails(void **state)
{
	struct world *w = *state;
	struct budget_ask asks[2] = {ask_of(BUDGET_CONFIRM, "a", 9, DAY_S), ask_of(BUDGET_PREFIX, "p", 9, DAY_S)};
	size_t denied;

	assert_int_equal(budget_take(w->b, asks, 2, DAY0_S * 1000, &denied, NULL, NULL), OK);
	assert_int_equal(budget_take(w->b, asks + 1, 1, DAY0_S * 1000, &denied, NULL, NULL), OK);
	run(w, "CREATE TRIGGER stop BEFORE INSERT ON slot BEGIN SELECT raise(ABORT, 'no room'); END");
	assert_int_equal(budget_take(w->b, asks, 2, DAY0_S * 1000 + 5000, &denied, NULL, NULL), E_IO);
	look(w->b);
	assert_int_equal(w->b->windows_added, 0);
	run(w, "DROP TRIGGER stop");
	for (int i = 0; i < 3; i++)
		assert_int_equal(budget_take(w->b, asks, 2, DAY0_S * 1000 + 5000, &denied, NULL, NULL), OK);
	budget_tick(w->b);
	look(w->b);
	assert_int_equal(number(w, "SELECT sum(n) FROM slot WHERE class = 1"), 4);
	assert_int_equal(number(w, "SELECT sum(n) FROM slot WHERE class = 4"), 4);
}

/* While another process writes for long, takes that need room fail; what was counted before stays and is written later. */
static void test_file_busy(void **state)
{
	struct world *w = *state;
	int64_t counted = 0;
	int refused = 0;
	char text[16];
	bool granted;

	budget_defer(w->b);
	sqlite3_busy_timeout(w->b->conn, 0);
	assert_true(take(w->b, "first", 9, DAY0_S));
	run(w, "BEGIN IMMEDIATE");
	for (int i = 0; i < 2 * SHELVES * SHELF_FULL; i++) {
		enum err rc = take_ms(w->b, name(text, "s", i), 1, DAY0_S * 1000, &granted);
		counted += rc == OK;
		refused += rc != OK;
	}
	assert_true(refused > 500 && counted > SHELVES * SHELF_FULL / 2);
	look(w->b);
	run(w, "ROLLBACK");
	budget_tick(w->b);
	look(w->b);
	assert_int_equal(in_the_file(w), counted + 1);
	/* a change that was seen when the file was busy is not forgotten over it; nor at a change of keys */
	w->b->windows_ms = DAY0_S * 1000; /* so that nothing is due */
	assert_true(take(w->b, "first", 9, DAY0_S));
	run(w, "UPDATE slot SET n = 8; BEGIN IMMEDIATE");
	budget_tick(w->b);
	assert_int_not_equal(take_ms(w->b, "first", 9, (DAY0_S + DAY_S) * 1000, &granted), OK);
	run(w, "ROLLBACK");
	assert_int_equal(w->b->windows_added, 1);
	budget_tick(w->b);
	assert_false(take(w->b, "first", 9, DAY0_S));
}

/* In a batch that has read when another process writes: a counter whose slot is over is written nevertheless. */
static void test_slot_ends_in_batch(void **state)
{
	struct world *w = *state;
	struct budget *other;

	assert_int_equal(budget_open(&other, w->dir, NULL), OK);
	budget_defer(w->b);
	assert_true(take(other, "x", 1, DAY0_S));
	budget_tick(w->b);
	take_each(w->b, "s", 100, 1, DAY0_S, true);
	assert_true(take(w->b, "hot", 9, DAY0_S));
	budget_hold(w->b);
	assert_true(take(w->b, "read", 1, DAY0_S));
	assert_true(take(other, "y", 1, DAY0_S));
	assert_true(take(w->b, "hot", 9, DAY0_S + HOUR_S));
	/* and one for which the clock went back */
	assert_true(take(w->b, "read again", 1, DAY0_S + HOUR_S));
	assert_true(take(other, "z", 1, DAY0_S));
	assert_true(take(w->b, "hot", 9, DAY0_S));
	budget_release(w->b);
	budget_tick(w->b);
	look(w->b);
	assert_int_equal(in_the_file(w), 1 + 100 + 1 + 1 + 1 + 1 + 1 + 1 + 1);
	budget_close(other);
}

/* Subjects of one place, from `*i` on: those whose hash begins with so many bits of nothing. */
static const char *same_place(const struct budget *b, char out[16], int *i, unsigned bits)
{
	for (;; (*i)++) {
		unsigned char bytes[SUBJECT_BYTES];
		struct budget_ask a = ask_of(BUDGET_CONFIRM, name(out, "s", *i), 1, DAY_S);
		budget_subject(b, 0, &a, bytes);
		if (((unsigned)bytes[0] << 8 | bytes[1]) >> (16 - bits) == 0) {
			(*i)++;
			return out;
		}
	}
}

/* All asks of all takes on one shelf: room for the most that one take may need is enough. */
static void test_one_shelf(void **state)
{
	struct world *w = *state;
	int next = 0;

	budget_defer(w->b);
	assert_true(take(w->b, "first", 1, DAY0_S)); /* makes the key */
	for (int i = 0; i < 200; i++) {
		struct budget_ask asks[BUDGET_ASKS_MAX];
		char text[BUDGET_ASKS_MAX][16];
		size_t n = 1 + (size_t)i % BUDGET_ASKS_MAX, denied;
		for (size_t k = 0; k < n; k++)
			asks[k] = ask_of(BUDGET_CONFIRM, same_place(w->b, text[k], &next, 5), 1, DAY_S);
		assert_int_equal(budget_take(w->b, asks, n, DAY0_S * 1000, &denied, NULL, NULL), OK);
		assert_int_equal(denied, n);
		look(w->b);
	}
	budget_tick(w->b);
	assert_int_equal(in_the_file(w), 1 + 200 / 4 * (1 + 2 + 3 + 4));
}

static int interrupted(void *arg)
{
	(void)arg;
	return 1;
}

/* Two that belong in one place, and the first cannot be read again: the second is still found. */
static void test_read_fails(void **state)
{
	struct world *w = *state;
	char a[16], z[16];
	int next = 0;
	bool granted;

	budget_defer(w->b);
	assert_true(take(w->b, "first", 1, DAY0_S));
	same_place(w->b, a, &next, 11);
	same_place(w->b, z, &next, 11);
	assert_true(take(w->b, a, 1, DAY0_S + 2 * HOUR_S));
	assert_true(take(w->b, z, 2, DAY0_S + 2 * HOUR_S));
	budget_tick(w->b);
	assert_true(take(w->b, z, 2, DAY0_S + 2 * HOUR_S));
	sqlite3_progress_handler(w->b->conn, 1, interrupted, NULL);
	assert_int_equal(take_ms(w->b, a, 1, (DAY0_S + HOUR_S) * 1000, &granted), E_IO);
	sqlite3_progress_handler(w->b->conn, 0, NULL, NULL);
	look(w->b);
	assert_false(take(w->b, z, 2, DAY0_S + 2 * HOUR_S));
	assert_false(take(w->b, a, 1, DAY0_S + HOUR_S));
	budget_tick(w->b);
	assert_int_equal(in_the_file(w), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_against_plain, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_against_plain_deferred, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_portions, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tick, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_two, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_filter_keeps, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_write_fails, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_transaction_fails, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_file_busy, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_slot_ends_in_batch, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_one_shelf, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_read_fails, setup, teardown),
	};
	return cmocka_run_group_tests_name("store/budget, on shelves", tests, NULL, NULL);
}
