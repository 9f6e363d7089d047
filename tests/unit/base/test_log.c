#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static char last[8192];
static int lines;

static void keep(const char *line, void *arg)
{
	(void)arg;
	snprintf(last, sizeof(last), "%s", line);
	lines++;
}

static int setup(void **state)
{
	(void)state;
	clock_set_ms(INT64_C(1795266309123));
	log_setup(LOG_INFO, LOG_LOGFMT);
	log_capture(keep, NULL);
	last[0] = '\0';
	lines = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_capture(NULL, NULL);
	clock_set_ms(-1);
	return 0;
}

static void test_plain(void **state)
{
	(void)state;
	log_event(LOG_INFO, "signup", LOG_S("site", "example"), LOG_I("ms", -3), LOG_SL("form", SLICE("news")));
	assert_string_equal(last, "ts=2026-11-21T13:05:09.123Z level=info event=signup"
	    " site=example ms=-3 form=news");
	log_event(LOG_ERROR, "stop");
	assert_string_equal(last, "ts=2026-11-21T13:05:09.123Z level=error event=stop");
	log_setup(LOG_INFO, LOG_JSON);
	log_event(LOG_WARN, "signup", LOG_S("site", "example"), LOG_I("n", INT64_MIN));
	assert_string_equal(last, "{\"ts\":\"2026-11-21T13:05:09.123Z\",\"level\":\"warn\",\"event\":\"signup\","
	    "\"site\":\"example\",\"n\":-9223372036854775808}");
}

static void test_level(void **state)
{
	(void)state;
	errno = 77;
	log_event(LOG_DEBUG, "x");
	assert_int_equal(lines, 0);
	log_setup(LOG_DEBUG, LOG_LOGFMT);
	log_event(LOG_DEBUG, "x");
	assert_int_equal(lines, 1);
	log_setup(LOG_ERROR, LOG_LOGFMT);
	log_event(LOG_WARN, "x");
	assert_int_equal(lines, 1);
	assert_int_equal(errno, 77);
}

static void test_escapes(void **state)
{
	static const struct {
		int line;
		const char *in;
		size_t len; /* 0: strlen */
		const char *logfmt, *json;
	} rows[] = {
		{ __LINE__, "", 0, "\"\"", "\"\"" },
		{ __LINE__, "a-b.c/d:e", 0, "a-b.c/d:e", "\"a-b.c/d:e\"" },
		{ __LINE__, "a b", 0, "\"a b\"", "\"a b\"" },
		{ __LINE__, "a=b", 0, "\"a=b\"", "\"a=b\"" },
		{ __LINE__, "a\"b", 0, "\"a\\\"b\"", "\"a\\\"b\"" },
		{ __LINE__, "a\\b", 0, "\"a\\\\b\"", "\"a\\\\b\"" },
		{ __LINE__, "a\nlevel=error", 0, "\"a\\x0alevel=error\"", "\"a\\u000alevel=error\"" },
		{ __LINE__, "\r\t\x1b[31m\x7f", 0, "\"\\x0d\\x09\\x1b[31m\\x7f\"", "\"\\u000d\\u0009\\u001b[31m\\u007f\"" },
		{ __LINE__, "a\0b", 3, "\"a\\x00b\"", "\"a\\u0000b\"" },
		{ __LINE__, "\xc3\xa4\xe2\x82\xac", 0, "\"\xc3\xa4\xe2\x82\xac\"", "\"\xc3\xa4\xe2\x82\xac\"" },
		/* C1 control, line separator, right-to-left override */
		{ __LINE__, "\xc2\x9b", 0, "\"\\xc2\\x9b\"", "\"\\u009b\"" },
		{ __LINE__, "\xe2\x80\xa8\xe2\x80\xae", 0, "\"\\xe2\\x80\\xa8\\xe2\\x80\\xae\"", "\"\\u2028\\u202e\"" },
		/* malformed: lone byte, overlong, surrogate, above U+10FFFF, cut */
		{ __LINE__, "\xff", 0, "\"\\xff\"", "\"\\\\xff\"" },
		{ __LINE__, "\xc0\x8a", 0, "\"\\xc0\\x8a\"", "\"\\\\xc0\\\\x8a\"" },
		{ __LINE__, "\xed\xa0\x80", 0, "\"\\xed\\xa0\\x80\"", "\"\\\\xed\\\\xa0\\\\x80\"" },
		{ __LINE__, "\xf4\x90\x80\x80", 0, "\"\\xf4\\x90\\x80\\x80\"", "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"" },
		{ __LINE__, "\xe2\x82", 0, "\"\\xe2\\x82\"", "\"\\\\xe2\\\\x82\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice in = slice_make(rows[i].in, rows[i].len ? rows[i].len : strlen(rows[i].in));
		log_setup(LOG_INFO, LOG_LOGFMT);
		log_event(LOG_INFO, "e", LOG_SL("v", in));
		const char *got = strstr(last, " v=") + 3;
		if (strcmp(got, rows[i].logfmt) != 0)
			fail_msg("row in line %d: %s", rows[i].line, got);
		log_setup(LOG_INFO, LOG_JSON);
		log_event(LOG_INFO, "e", LOG_SL("v", in));
		got = strstr(last, "\"v\":") + 4;
		size_t n = strlen(rows[i].json);
		if (strncmp(got, rows[i].json, n) != 0 || strcmp(got + n, "}") != 0)
			fail_msg("row in line %d: %s", rows[i].line, got);
	}
	log_setup(LOG_INFO, LOG_LOGFMT);
	log_event(LOG_INFO, "two\nlines", LOG_S("v", NULL));
	assert_non_null(strstr(last, "event=\"two\\x0alines\" v=\"\""));
}

static void test_cut_value(void **state)
{
	char in[2000];

	(void)state;
	for (size_t n = 498; n <= 502; n++) {
		memset(in, 'a', n);
		in[n] = '\0';
		log_event(LOG_INFO, "e", LOG_S("v", in));
		assert_int_equal(strlen(strstr(last, " v=") + 3), n < 500 ? n : 500);
		/* an escape or a character on the edge goes as a whole */
		in[498] = '\n';
		if (n > 498) {
			log_event(LOG_INFO, "e", LOG_S("v", in));
			assert_int_equal(strlen(strstr(last, " v=") + 3), 498 + 2);
		}
	}
	memset(in, 'a', 499);
	memcpy(in + 499, "\xc3\xa4z", 4);
	log_event(LOG_INFO, "e", LOG_S("v", in), LOG_S("next", "there"));
	const char *v = strstr(last, " v=") + 3;
	assert_memory_equal(v + 498, "aa\" next=there", sizeof("aa\" next=there")); /* one quote before, 499 a's */
}

/* A line never passes PIPE_BUF; what finds no room is left out whole, later short ones still stand. */
static void test_cut_line(void **state)
{
	char in[501];

	(void)state;
	memset(in, 'a', 500);
	in[500] = '\0';
	for (int json = 0; json < 2; json++) {
		log_setup(LOG_INFO, json ? LOG_JSON : LOG_LOGFMT);
		log_event(LOG_INFO, "e", LOG_S("a", in), LOG_S("b", in), LOG_S("c", in), LOG_S("d", in),
		    LOG_S("f", in), LOG_S("g", in), LOG_S("h", in), LOG_S("i", in), LOG_S("j", in), LOG_I("k", 1));
		assert_true(strlen(last) < 4096);
		assert_null(strstr(last, json ? "\"j\":" : " j="));
		assert_non_null(strstr(last, json ? ",\"k\":1,\"cut\":1}" : " k=1 cut=1"));
	}
}

static void test_err(void **state)
{
	struct errinfo ei = { 0 };

	(void)state;
	err_set(&ei, E_DENIED, "mode of \"x\"\nis wrong");
	log_err(LOG_WARN, "keys", &ei);
	assert_non_null(strstr(last, "level=warn event=keys code=E_DENIED "
	    "text=\"mode of \\\"x\\\"\\x0ais wrong\" file="));
	assert_non_null(strstr(last, "test_log.c"));
	log_err(LOG_WARN, "keys", &(struct errinfo){ 0 });
	assert_non_null(strstr(last, "code=OK text=\"\" file=\"\" line=0"));
}

static void *many(void *arg)
{
	char v[300];

	memset(v, *(const char *)arg, sizeof(v) - 1);
	v[sizeof(v) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		log_event(LOG_INFO, "mix", LOG_S("v", v), LOG_S("w", v), LOG_S("x", v), LOG_S("y", v));
	return NULL;
}

/* Three processes with two threads each into one pipe: each line is of one letter and complete. */
static void test_no_mixing(void **state)
{
	static const char *const letters = "abcdef";
	int p[2];
	int got = 0;
	char line[8192];

	(void)state;
	log_capture(NULL, NULL);
	assert_int_equal(pipe(p), 0);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			pthread_t t;
			dup2(p[1], STDERR_FILENO);
			close(p[0]);
			close(p[1]);
			pthread_create(&t, NULL, many, (void *)(uintptr_t)(letters + 2 * i));
			many((void *)(uintptr_t)(letters + 2 * i + 1));
			pthread_join(t, NULL);
			_exit(0);
		}
	}
	close(p[1]);
	FILE *f = fdopen(p[0], "r");
	while (fgets(line, sizeof(line), f)) {
		char *v = strstr(line, "event=mix v=");
		assert_non_null(v);
		v += strlen("event=mix v=");
		char c = v[0];
		char want[1300];
		char run[300];
		memset(run, c, sizeof(run) - 1);
		run[sizeof(run) - 1] = '\0';
		snprintf(want, sizeof(want), "%s w=%s x=%s y=%s\n", run, run, run, run);
		assert_string_equal(v, want);
		assert_memory_equal(line, "ts=2026-11-21T13:05:09.123Z level=info ", 39);
		got++;
	}
	fclose(f);
	while (wait(NULL) > 0)
		;
	assert_int_equal(got, 600);
}

/* Everything that waits in the pipe, "" if nothing does. */
static const char *pipe_now(int fd)
{
	static char got[65536];
	ssize_t n = read(fd, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static unsigned lines_in(const char *s)
{
	unsigned n = 0;
	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Held lines come at the end, at an error, and where PIPE_BUF is full: whole and in their order. */
static void test_hold(void **state)
{
	(void)state;
	int fd[2], saved = dup(STDERR_FILENO);
	const char *got;
	log_capture(NULL, NULL);
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	dup2(fd[1], STDERR_FILENO);
	log_hold();
	log_event(LOG_INFO, "one");
	log_hold();
	log_event(LOG_INFO, "two");
	log_release();
	bool early = *pipe_now(fd[0]) != '\0';
	log_release();
	got = pipe_now(fd[0]);
	bool both = lines_in(got) == 2 && strstr(got, "event=one\n") < strstr(got, "event=two\n");
	log_hold();
	log_event(LOG_INFO, "three");
	log_event(LOG_ERROR, "four");
	bool at_once = lines_in(pipe_now(fd[0])) == 2;
	for (int i = 0; i < 100; i++)
		log_event(LOG_INFO, "many", LOG_I("i", i));
	got = pipe_now(fd[0]);
	unsigned some = lines_in(got);
	bool whole = got[0] && got[strlen(got) - 1] == '\n';
	log_release();
	unsigned rest = lines_in(pipe_now(fd[0]));
	log_event(LOG_INFO, "after");
	bool direct = lines_in(pipe_now(fd[0])) == 1;
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd[0]);
	close(fd[1]);
	assert_false(early);
	assert_true(both);
	assert_true(at_once);
	assert_true(whole);
	assert_true(some > 0 && rest > 0);
	assert_int_equal(some + rest, 100);
	assert_true(direct);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_level, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_value, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_err, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_mixing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
