#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"

static void test_set(void **state)
{
	struct errinfo ei = { 0 };

	(void)state;
	int line = __LINE__ + 1;
	assert_int_equal(err_set(&ei, E_LIMIT, "%d of %s", 3, "x"), E_LIMIT);
	assert_int_equal(ei.code, E_LIMIT);
	assert_int_equal(ei.line, line);
	assert_non_null(strstr(ei.file, "test_err.c"));
	assert_string_equal(ei.text, "3 of x");
	/* the text may be its own argument */
	err_set(&ei, E_IO, "again: %s", ei.text);
	assert_string_equal(ei.text, "again: 3 of x");
	assert_int_equal(err_set(NULL, E_BUSY, "x"), E_BUSY);
}

static void test_wrap(void **state)
{
	struct errinfo ei = { 0 };

	(void)state;
	err_set(&ei, E_INVALID, "no colon");
	assert_int_equal(err_wrap(&ei, "%s:%d", "a.yaml", 7), E_INVALID);
	assert_string_equal(ei.text, "a.yaml:7: no colon");
	assert_int_equal(err_wrap(NULL, "x"), E_IO);
	for (int i = 0; i < 200; i++)
		err_wrap(&ei, "abc");
	assert_int_equal(strlen(ei.text), ERR_TEXT_BYTES - 1);
}

static void test_errno(void **state)
{
	struct errinfo ei = { 0 };
	char buf[64];

	(void)state;
	assert_int_equal(err_errno(&ei, E_IO, ENOSPC, "cannot write %s", "f"), E_IO);
	assert_string_equal(ei.text, "cannot write f: No space left on device");
	assert_int_equal(err_errno(NULL, E_IO, ENOSPC, "x"), E_IO);
	assert_non_null(strstr(err_strerror(99999, buf, sizeof(buf)), "99999"));
}

/* Whatever the length, the cut falls between characters. */
static void test_cut_utf8(void **state)
{
	static const char *const chars[] = { "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	struct errinfo ei = { 0 };

	(void)state;
	for (size_t c = 0; c < 3; c++) {
		size_t n = strlen(chars[c]);
		for (size_t pad = 0; pad < 5; pad++) {
			char in[ERR_TEXT_BYTES * 2];
			memset(in, 'x', pad);
			for (size_t at = pad; at + n < sizeof(in); at += n)
				memcpy(in + at, chars[c], n + 1);
			err_set(&ei, E_IO, "%s", in);
			size_t len = strlen(ei.text);
			assert_int_equal((len - pad) % n, 0);
			assert_true(len > ERR_TEXT_BYTES - 1 - n);
			assert_memory_equal(ei.text, in, len);
		}
	}
	/* one that fits exactly is not cut */
	char exact[ERR_TEXT_BYTES];
	memset(exact, 'x', sizeof(exact));
	memcpy(exact + sizeof(exact) - 3, "\xc3\xa4", 3);
	err_set(&ei, E_IO, "%s", exact);
	assert_string_equal(ei.text, exact);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(err_name(OK), "OK");
	assert_string_equal(err_name(E_NOMEM), "E_NOMEM");
	for (int i = 1; i < E__MAX; i++)
		assert_true(strncmp(err_name((enum err)i), "E_", 2) == 0);
	assert_string_equal(err_name(E__MAX), "E_UNKNOWN");
	assert_string_equal(err_name((enum err)-1), "E_UNKNOWN");
}

/* bug_if() writes one line that names the place, then ends by SIGABRT. */
static void test_bug(void **state)
{
	int p[2];
	char out[1024] = "";
	int status;

	(void)state;
	bug_if(1 > 2);
	assert_false(never(1 > 2));
	assert_int_equal(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(p[1], STDERR_FILENO);
		bug_if(2 > 1);
		_exit(0);
	}
	close(p[1]);
	ssize_t n = read(p[0], out, sizeof(out) - 1);
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_true(n > 0);
	assert_non_null(strstr(out, "level=error event=bug file="));
	assert_non_null(strstr(out, "test_err.c"));
	assert_non_null(strstr(out, "what=\"2 > 1\"\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set), cmocka_unit_test(test_wrap), cmocka_unit_test(test_errno),
		cmocka_unit_test(test_cut_utf8), cmocka_unit_test(test_names), cmocka_unit_test(test_bug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
