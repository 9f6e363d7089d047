#include "base/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The manager's end. */
struct manager {
	char dir[32], path[64];
	int fd;
};

static void manager_bind(struct manager *m, const char *name, size_t len)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	memcpy(at.sun_path, name, len);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	    0);
}

static void manager_open(struct manager *m)
{
	snprintf(m->dir, sizeof(m->dir), "/tmp/jawort-notify-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	snprintf(m->path, sizeof(m->path), "%s/socket", m->dir);
	manager_bind(m, m->path, strlen(m->path));
}

static void manager_close(struct manager *m)
{
	close(m->fd);
	unlink(m->path);
	rmdir(m->dir);
}

/* One datagram, "" if none has come. */
static const char *manager_hears(struct manager *m)
{
	static char text[256];
	ssize_t n = recv(m->fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_states(void **state)
{
	struct manager m;
	struct notify n;
	struct timespec now;
	long long said = 0;

	(void)state;
	manager_open(&m);
	notify_open(&n, m.path, NULL, NULL);
	assert_int_equal(fcntl(n.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	notify_ready(&n);
	assert_string_equal(manager_hears(&m), "READY=1");
	notify_reloading(&n);
	assert_int_equal(sscanf(manager_hears(&m), "RELOADING=1\nMONOTONIC_USEC=%lld", &said), 1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_in_range(now.tv_sec * 1000000LL + now.tv_nsec / 1000 - said, 0, 5000000);
	notify_stopping(&n);
	assert_string_equal(manager_hears(&m), "STOPPING=1");
	/* No watchdog was asked for. */
	notify_alive(&n);
	assert_string_equal(manager_hears(&m), "");
	notify_close(&n);
	notify_ready(&n);
	assert_string_equal(manager_hears(&m), "");
	manager_close(&m);
}

static void test_abstract(void **state)
{
	struct manager m = {.fd = -1};
	struct notify n;
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@jawort-notify-%ld", (long)getpid());
	name[0] = '\0';
	manager_bind(&m, name, 1 + strlen(name + 1));
	name[0] = '@';
	notify_open(&n, name, NULL, NULL);
	notify_ready(&n);
	assert_string_equal(manager_hears(&m), "READY=1");
	notify_close(&n);
	close(m.fd);
}

static void test_watchdog(void **state)
{
	struct manager m;
	struct notify n;
	char pid[32], other[32];
	static const struct {
		int line;
		const char *usec;
		int64_t every_ms;
	} rows[] = {
		{ __LINE__, NULL, 0 },
		{ __LINE__, "", 0 },
		{ __LINE__, "0", 0 },
		{ __LINE__, "-1", 0 },
		{ __LINE__, "abc", 0 },
		{ __LINE__, "30s", 0 },
		{ __LINE__, "1999", 0 },
		{ __LINE__, "2000", 1 },
		{ __LINE__, "30000000", 15000 },
		{ __LINE__, "18446744073709551615", 0 }, /* "infinity", as systemd writes it */
		{ __LINE__, "99999999999999999999999", 0 },
	};

	(void)state;
	manager_open(&m);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	snprintf(other, sizeof(other), "%ld", (long)getppid());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		notify_open(&n, m.path, rows[i].usec, pid);
		if (n.every_ms != rows[i].every_ms)
			fail_msg("row in line %d: %lld", rows[i].line, (long long)n.every_ms);
		notify_close(&n);
	}
	/* Meant for another process, or for whoever reads it. */
	notify_open(&n, m.path, "30000000", other);
	assert_int_equal(n.every_ms, 0);
	notify_close(&n);
	notify_open(&n, m.path, "30000000", "x");
	assert_int_equal(n.every_ms, 0);
	notify_close(&n);
	notify_open(&n, m.path, "80000", NULL);
	assert_int_equal(n.every_ms, 40);

	/* At once, then once per half interval however often it is called. */
	notify_alive(&n);
	assert_string_equal(manager_hears(&m), "WATCHDOG=1");
	usleep(45000);
	notify_alive(&n);
	assert_string_equal(manager_hears(&m), "WATCHDOG=1");
	notify_close(&n);
	/* Long enough that a busy machine does not get through the interval meanwhile. */
	notify_open(&n, m.path, "240000000", NULL);
	notify_alive(&n);
	assert_string_equal(manager_hears(&m), "WATCHDOG=1");
	for (int i = 0; i < 100; i++)
		notify_alive(&n);
	assert_string_equal(manager_hears(&m), "");
	notify_close(&n);
	manager_close(&m);
}

static void test_nobody(void **state)
{
	static const char *const rows[] = {NULL, "", "/", "@", "relative/path", "vsock:2:1234"};
	struct notify n;
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		notify_open(&n, rows[i], "30000000", NULL);
		assert_int_equal(n.fd, -1);
		assert_int_equal(n.every_ms, 0);
		notify_ready(&n);
		notify_alive(&n);
		notify_close(&n);
	}
	/* Longer than an address can be: not cut to another one. */
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	notify_open(&n, path, NULL, NULL);
	assert_int_equal(n.fd, -1);
	/* A socket that is not there, or not read any more: no error, no wait, no signal. */
	notify_open(&n, "/nowhere/socket", "2000", NULL);
	for (int i = 0; i < 3; i++)
		notify_ready(&n);
	notify_close(&n);
	notify_close(&n);
}

static void test_full(void **state)
{
	struct manager m;
	struct notify n;

	(void)state;
	manager_open(&m);
	notify_open(&n, m.path, NULL, NULL);
	alarm(120); /* a call that waits would end the test */
	for (int i = 0; i < 2000; i++)
		notify_ready(&n);
	alarm(0);
	notify_close(&n);
	manager_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states), cmocka_unit_test(test_abstract), cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_nobody), cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
