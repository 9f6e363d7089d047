/* What is closed and when: each rule alone, and all at once by many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "web/shelf_priv.h"

#define THINGS 40

struct thing {
	struct shelf_item item;
	int name;
	atomic_int open; /* 1 between open and close: twice is a fault */
	atomic_int used;
	bool busy, broken, slow;
	unsigned opened, closed;
};

struct bench {
	struct shelf shelf;
	struct thing things[THINGS];
	char order[200]; /* names of what was closed */
	bool quiet_order;
};

static enum err thing_open(struct shelf_item *it, void *arg, struct errinfo *ei)
{
	struct thing *t = (struct thing *)it;

	(void)arg;
	if (t->broken)
		return err_set(ei, E_IO, "thing %d", t->name);
	if (t->slow)
		usleep(2000);
	assert_int_equal(atomic_fetch_add(&t->open, 1), 0);
	t->opened++;
	return OK;
}

static void thing_close(struct shelf_item *it, void *arg)
{
	struct thing *t = (struct thing *)it;
	struct bench *b = arg;

	assert_int_equal(atomic_load(&t->used), 0);
	if (t->slow)
		usleep(2000);
	assert_int_equal(atomic_fetch_sub(&t->open, 1), 1);
	t->closed++;
	if (!b->quiet_order)
		snprintf(b->order + strlen(b->order), sizeof(b->order) - strlen(b->order), "%d ", t->name);
}

static bool thing_quiet(struct shelf_item *it, void *arg)
{
	(void)arg;
	return !((struct thing *)it)->busy;
}

static const struct shelf_calls calls = {thing_open, thing_close, thing_quiet};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	for (int i = 0; i < THINGS; i++)
		b->things[i].name = i;
	shelf_init(&b->shelf, 3, &calls, b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	shelf_end(&b->shelf);
	for (int i = 0; i < THINGS; i++)
		assert_int_equal(b->things[i].opened, b->things[i].closed);
	free(b);
	return 0;
}

static void get(struct bench *b, int i)
{
	struct errinfo ei;

	assert_int_equal(shelf_get(&b->shelf, &b->things[i].item, &ei), OK);
	assert_int_equal(b->things[i].open, 1);
}

static void put(struct bench *b, int i)
{
	shelf_put(&b->shelf, &b->things[i].item);
}

static void touch(struct bench *b, int i)
{
	get(b, i);
	put(b, i);
}

static unsigned open_now(struct bench *b)
{
	unsigned n;

	shelf_count(&b->shelf, &n, NULL, NULL);
	return n;
}

static void test_opened_once(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 5; i++)
		touch(b, 7);
	assert_int_equal(b->things[7].opened, 1);
	assert_int_equal(b->things[7].closed, 0);
}

static void test_oldest_goes_first(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 3; i++)
		touch(b, i);
	touch(b, 0);
	touch(b, 3);
	touch(b, 4);
	assert_string_equal(b->order, "1 2 ");
	assert_int_equal(open_now(b), 3);
	/* Back again: opened anew. */
	touch(b, 1);
	assert_int_equal(b->things[1].opened, 2);
	assert_string_equal(b->order, "1 2 0 ");
}

/* However many others come. */
static void test_in_use_stays(void **state)
{
	struct bench *b = *state;

	get(b, 0);
	get(b, 0);
	put(b, 0);
	for (int i = 1; i < THINGS; i++)
		touch(b, i);
	assert_int_equal(b->things[0].closed, 0);
	assert_int_equal(open_now(b), 3);
	put(b, 0);
}

/* More in use than the limit: nobody waits, and it ends with them. */
static void test_limit_is_of_the_idle(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 10; i++)
		get(b, i);
	assert_int_equal(open_now(b), 10);
	assert_string_equal(b->order, "");
	for (int i = 0; i < 10; i++)
		put(b, i);
	assert_int_equal(open_now(b), 3);
	assert_string_equal(b->order, "0 1 2 3 4 5 6 ");
}

/* Who has work of his own goes last; but not at any price. */
static void test_busy_last(void **state)
{
	struct bench *b = *state;

	b->things[0].busy = true;
	for (int i = 0; i < 4; i++)
		touch(b, i);
	assert_string_equal(b->order, "1 ");
	teardown(state);
	setup(state);
	b = *state;
	shelf_end(&b->shelf);
	shelf_init(&b->shelf, 8, &calls, b);
	for (int i = 0; i < 12; i++) {
		b->things[i].busy = true;
		touch(b, i);
	}
	assert_int_equal(open_now(b), 10); /* a quarter more */
	assert_string_equal(b->order, "0 1 ");
}

static void test_open_fails(void **state)
{
	struct bench *b = *state;
	struct errinfo ei;

	b->things[5].broken = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(shelf_get(&b->shelf, &b->things[5].item, &ei), E_IO);
		assert_string_equal(ei.text, "thing 5");
		assert_int_equal(open_now(b), 0);
	}
	b->things[5].broken = false;
	touch(b, 5);
	assert_int_equal(open_now(b), 1);
}

static void test_get_open(void **state)
{
	struct bench *b = *state;

	assert_false(shelf_get_open(&b->shelf, &b->things[1].item));
	assert_int_equal(b->things[1].opened, 0);
	touch(b, 1);
	assert_true(shelf_get_open(&b->shelf, &b->things[1].item));
	put(b, 1);
}

static void test_idle(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 3; i++)
		touch(b, i);
	assert_int_equal(shelf_idle(&b->shelf, 0, 60000), 0);
	usleep(5000);
	b->things[1].busy = true;
	get(b, 2);
	assert_int_equal(shelf_idle(&b->shelf, 0, 1), 1);
	assert_string_equal(b->order, "0 ");
	put(b, 2);
	usleep(5000);
	b->things[1].busy = false;
	/* The youngest stay however long nobody comes. */
	assert_int_equal(shelf_idle(&b->shelf, 1, 1), 1);
	assert_string_equal(b->order, "0 1 ");
	assert_int_equal(shelf_idle(&b->shelf, 1, 0), 0);
	assert_int_equal(shelf_idle(&b->shelf, 0, 0), 1);
	assert_int_equal(open_now(b), 0);
}

struct visitor {
	pthread_t thread;
	struct bench *b;
	unsigned seed;
};

static void *visit(void *arg)
{
	struct visitor *v = arg;
	struct errinfo ei;

	for (int i = 0; i < 3000; i++) {
		struct thing *t = &v->b->things[rand_r(&v->seed) % THINGS];
		if (shelf_get(&v->b->shelf, &t->item, &ei) != OK)
			continue;
		atomic_fetch_add(&t->used, 1);
		assert_int_equal(atomic_load(&t->open), 1);
		atomic_fetch_sub(&t->used, 1);
		shelf_put(&v->b->shelf, &t->item);
		if (i % 50 == 0)
			shelf_idle(&v->b->shelf, 1, 0);
	}
	return NULL;
}

/* Never open twice, never closed in use, and the limit holds when all have gone. */
static void test_many_threads(void **state)
{
	struct bench *b = *state;
	struct visitor v[8];
	unsigned peak;

	b->quiet_order = true;
	for (int i = 0; i < THINGS; i++) {
		b->things[i].slow = i % 20 == 0;
		b->things[i].busy = i % 7 == 0;
	}
	for (unsigned i = 0; i < 8; i++) {
		v[i] = (struct visitor){.b = b, .seed = i};
		assert_int_equal(pthread_create(&v[i].thread, NULL, visit, &v[i]), 0);
	}
	for (unsigned i = 0; i < 8; i++)
		pthread_join(v[i].thread, NULL);
	assert_true(open_now(b) <= 3);
	shelf_count(&b->shelf, NULL, &peak, NULL);
	assert_true(peak <= 3 + 8 + 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_opened_once), T(test_oldest_goes_first), T(test_in_use_stays), T(test_limit_is_of_the_idle),
	    T(test_busy_last), T(test_open_fails), T(test_get_open), T(test_idle), T(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
