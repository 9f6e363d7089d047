#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/seat_priv.h"

#define WORKERS 8u

static struct seats seats;
static atomic_uint sitting; /* workers that have got a seat */

static void *sitter(void *arg)
{
	seats_take(&seats);
	atomic_fetch_add(&sitting, 1);
	return arg;
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static bool sit(unsigned want, unsigned within_ms)
{
	for (int64_t end = clock_mono_ms() + within_ms; atomic_load(&sitting) < want; pause_ms(1))
		if (clock_mono_ms() > end)
			return false;
	return true;
}

static void start(unsigned normal, unsigned workers)
{
	struct errinfo ei;
	atomic_store(&sitting, 0);
	assert_int_equal(seats_start(&seats, normal, workers, &ei), OK);
}

static void end(void)
{
	seats_end(&seats);
	seats_free(&seats);
}

static void test_normal(void **state)
{
	(void)state;
	assert_int_equal(seats_normal(1), 1);
	assert_int_equal(seats_normal(SEATS_MIN), SEATS_MIN);
	assert_true(seats_normal(512) >= SEATS_MIN);
}

/* Eight workers, two seats, nothing to do: six stay asleep, however long. */
static void test_few_sit(void **state)
{
	pthread_t t[WORKERS];
	(void)state;
	start(2, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, sitter, NULL), 0);
	assert_true(sit(2, 5000));
	pause_ms(20 * SEAT_STUCK_MS);
	assert_int_equal(atomic_load(&sitting), 2);
	/* one busy for long is no reason: the other is free */
	seat_busy(&seats, 0);
	pause_ms(20 * SEAT_STUCK_MS);
	assert_int_equal(atomic_load(&sitting), 2);
	seats_end(&seats);
	assert_true(sit(WORKERS, 5000));
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	end();
}

/* Both stuck: two more within moments. All four stuck: four more. Never more than there are. */
static void test_stuck(void **state)
{
	pthread_t t[WORKERS];
	(void)state;
	start(2, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, sitter, NULL), 0);
	assert_true(sit(2, 5000));
	for (unsigned n = 2; n < WORKERS; n *= 2) {
		for (unsigned i = n / 2 * (n > 2); i < n; i++)
			seat_busy(&seats, i);
		assert_true(sit(2 * n, 5000));
		pause_ms(10 * SEAT_STUCK_MS);
		assert_int_equal(atomic_load(&sitting), 2 * n);
	}
	for (unsigned i = WORKERS / 2; i < WORKERS; i++)
		seat_busy(&seats, i);
	pause_ms(10 * SEAT_STUCK_MS);
	assert_int_equal(atomic_load(&seats.taken), WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(t[i], NULL);
	end();
}

/* Who is too many gets up as soon as its event is dealt with, and two are left. */
static void test_too_many_get_up(void **state)
{
	unsigned stay = 0;
	(void)state;
	start(2, 4);
	seat_busy(&seats, 0);
	seat_busy(&seats, 1);
	for (int64_t until = clock_mono_ms() + 5000; atomic_load(&seats.taken) < 4; pause_ms(1))
		assert_true(clock_mono_ms() < until);
	seat_busy(&seats, 2);
	stay += seat_idle(&seats, 2);
	stay += seat_idle(&seats, 0);
	stay += seat_idle(&seats, 1);
	assert_int_equal(stay, 1);
	assert_int_equal(atomic_load(&seats.taken), 2);
	assert_int_equal(atomic_load(&seats.busy), 0);
	end();
}

/* Both busy, but with another event each time: nobody is called. */
static void test_busy_is_not_stuck(void **state)
{
	(void)state;
	start(2, 4);
	for (int64_t until = clock_mono_ms() + 100; clock_mono_ms() < until;) {
		seat_busy(&seats, 0);
		seat_busy(&seats, 1);
		/* on a machine that stops for longer this worker is stuck indeed */
		assert_true(seat_idle(&seats, 0) || atomic_load(&seats.taken) >= 2);
		(void)seat_idle(&seats, 1);
	}
	assert_int_equal(atomic_load(&seats.busy), 0);
	assert_int_equal(atomic_load(&seats.taken), 2);
	end();
}

/* The guard sleeps when there is nothing to look at, and is woken again. */
static void test_guard_sleeps(void **state)
{
	(void)state;
	start(2, 4);
	for (int round = 0; round < 2; round++) {
		seat_busy(&seats, 0);
		seat_busy(&seats, 1);
		assert_true(atomic_load(&seats.guarded));
		(void)seat_idle(&seats, 0);
		(void)seat_idle(&seats, 1);
		for (int64_t until = clock_mono_ms() + 10000; atomic_load(&seats.guarded); pause_ms(5))
			assert_true(clock_mono_ms() < until);
	}
	end();
}

static atomic_bool go;

static void *one_event(void *arg)
{
	seats_take(&seats);
	atomic_fetch_add(&sitting, 1);
	while (!atomic_load(&go))
		;
	seat_busy(&seats, 0);
	if (!seat_idle(&seats, 0))
		seats_take(&seats);
	return arg;
}

/* All sit, and one is getting up in the very moment in which it ends: nobody is left waiting for a seat. */
static void test_end_while_one_gets_up(void **state)
{
	pthread_t t;
	(void)state;
	alarm(60); /* who is left waits for ever */
	for (int i = 0; i < 4000; i++) {
		start(1, 2);
		atomic_store(&seats.taken, 2);
		atomic_store(&go, false);
		assert_int_equal(pthread_create(&t, NULL, one_event, NULL), 0);
		while (!atomic_load(&sitting))
			;
		atomic_store(&go, true);
		for (volatile int k = i % 200; k > 0; k--)
			;
		seats_end(&seats);
		pthread_join(t, NULL);
		end();
	}
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_few_sit),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_too_many_get_up),
		cmocka_unit_test(test_busy_is_not_stuck),
		cmocka_unit_test(test_guard_sleeps),
		cmocka_unit_test(test_end_while_one_gets_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
