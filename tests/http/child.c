#include "http/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/fcgi.h"

const char *echo_path;
char folder[64];
char socket_path[96];
char effects_path[96];

/* A test that fails leaves its child behind; the next one must not meet it. */
static pid_t children[8];

void child_note(pid_t pid)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++)
		if (!children[i]) {
			children[i] = pid;
			return;
		}
}

int child_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		if (children[i] && waitpid(children[i], NULL, WNOHANG) == 0) {
			kill(children[i], SIGKILL);
			waitpid(children[i], NULL, 0);
		}
		children[i] = 0;
	}
	unlink(socket_path);
	return 0;
}

const char *child_path(char *dst, size_t n, const char *name)
{
	snprintf(dst, n, "%s/%s", folder, name);
	return dst;
}

void child_wait_ready(const char *path)
{
	for (int i = 0; i < 3000; i++) {
		int fd = fc_connect(path);
		if (fd >= 0) {
			close(fd);
			return;
		}
		poll(NULL, 0, 10);
	}
	fail_msg("echo_app does not listen at %s", path);
}

struct child child_start(const char *listen_at, const char *threads, rlim_t files)
{
	struct child c = {.pid = fork()};
	assert_true(c.pid >= 0);
	if (!c.pid) {
		if (files)
			setrlimit(RLIMIT_NOFILE, &(struct rlimit){files, files});
		setenv("ECHO_EFFECTS", effects_path, 1);
		execl(echo_path, echo_path, listen_at, threads, (char *)NULL);
		_exit(127);
	}
	child_note(c.pid);
	return c;
}

struct child child_serve(const char *threads, rlim_t files)
{
	struct child c = child_start(socket_path, threads, files);
	child_wait_ready(socket_path);
	return c;
}

int child_wait(struct child *c, int timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms;
	for (;;) {
		int status;
		pid_t got = waitpid(c->pid, &status, WNOHANG);
		if (got == c->pid) {
			c->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		if (clock_mono_ms() > until)
			return -1;
		poll(NULL, 0, 5);
	}
}

void child_end(struct child *c)
{
	kill(c->pid, SIGTERM);
	assert_int_equal(child_wait(c, 20000), 0);
}

long child_effects(void)
{
	struct stat st;
	return stat(effects_path, &st) ? 0 : (long)st.st_size;
}

unsigned child_status_of(const char *method, const char *uri, const char *body)
{
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 4 * 1024 * 1024);
	fc_request(&b, 1, 0, method, uri, body ? slice_from(body) : (struct slice){NULL, 0});
	int fd = fc_connect(socket_path);
	assert_true(fd >= 0);
	assert_true(fc_send(fd, b.data, b.len));
	fc_answer_init(&a);
	fc_read(fd, 1, 20000, &a);
	unsigned status = a.status;
	fc_answer_free(&a);
	buf_free(&b);
	close(fd);
	return status;
}
