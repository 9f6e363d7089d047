#include "base/footprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"

/* A line of /proc/self/status in KB. */
static long status_kb(const char *name)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ": %ld", &kb);
	fclose(f);
	assert_true(kb >= 0);
	return kb;
}

static int64_t cpu_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void work(int64_t ms)
{
	volatile unsigned sum = 0;

	for (int64_t end = cpu_ms() + ms; cpu_ms() < end;)
		for (unsigned i = 0; i < 100000; i++)
			sum += i;
}

/* What only the start needed goes, and what is needed again comes again: functions, tables, constants. */
static void test_code(void **state)
{
	char hex[2 * 4 + 1];
	long before = status_kb("RssFile"), after;

	(void)state;
	footprint_trim_code();
	after = status_kb("RssFile");
	if (after >= before)
		fail_msg("RssFile %ld KB, before %ld KB", after, before);
	enc_hex("\x01\xab\xff\x00", 4, hex);
	assert_string_equal(hex, "01abff00");
}

/* What was written to stays: variables, constants that were relocated (RELRO), heap, stack. */
static int written = 1;
static const char *const relocated[] = {"a", "b"};
static void test_data(void **state)
{
	int on_stack = 3;
	char *on_heap = strdup("heap");

	(void)state;
	written = 2;
	footprint_trim();
	assert_int_equal(written, 2);
	assert_int_equal(on_stack, 3);
	assert_string_equal(relocated[1], "b");
	assert_string_equal(on_heap, "heap");
	free(on_heap);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PIECES 128
#define PIECE_BYTES (60 * 1024)

/* Freed pieces below one that is still in use stay in the heap until it is trimmed. */
static void test_heap(void **state)
{
	char *pieces[PIECES];
	long full, freed, trimmed;

	(void)state;
	for (int i = 0; i < PIECES; i++) {
		pieces[i] = malloc(PIECE_BYTES);
		assert_non_null(pieces[i]);
		memset(pieces[i], 1, PIECE_BYTES);
	}
	full = status_kb("RssAnon");
	for (int i = 0; i < PIECES - 1; i++)
		free(pieces[i]);
	freed = status_kb("RssAnon");
	footprint_trim();
	trimmed = status_kb("RssAnon");
	free(pieces[PIECES - 1]);
	/* seven megabytes and a half */
	if (full - freed > 1024 || freed - trimmed < 6 * 1024)
		fail_msg("RssAnon %ld KB, freed %ld KB, trimmed %ld KB", full, freed, trimmed);
}
#else
static void test_heap(void **state)
{
	(void)state; /* a sanitizer has a heap of its own */
}
#endif

static void test_rest(void **state)
{
	(void)state;
	assert_true(footprint_rest()); /* the start is work */
	assert_false(footprint_rest());
	work(150);
	assert_true(footprint_rest());
	assert_false(footprint_rest());
}

/* Looks like serve's main thread, which wakes about once a second. */
static bool look_often(int times)
{
	for (int i = 0; i < times; i++) {
		usleep((FOOTPRINT_LOOK_MS + 100) * 1000);
		if (footprint_look())
			return true;
	}
	return false;
}

static void test_look(void **state)
{
	int64_t end;

	(void)state;
	footprint_look();
	work(150);
	assert_false(footprint_look()); /* too early to tell, or busy */
	/* All the time at work: not one of the looks finds rest. */
	end = clock_mono_ms() + 2 * FOOTPRINT_LOOK_MS + 200;
	while (clock_mono_ms() < end) {
		work(100);
		assert_false(footprint_look());
	}
	assert_true(look_often(60));
	assert_false(look_often(2)); /* once is enough */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_look),
	};

	footprint_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
