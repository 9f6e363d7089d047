#include "base/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slice.h"

#define NOTIFY_MAX_BYTES 128

/* An absolute path, or "@" and a name in the abstract namespace. */
static bool address(struct notify *n, const char *path)
{
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(n->to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return false;
	n->to = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(n->to.sun_path, path, len);
	if (path[0] == '@')
		n->to.sun_path[0] = '\0';
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

static int64_t interval_ms(const char *usec, const char *pid)
{
	unsigned long long us = 0, id = 0;

	if (!slice_u64(slice_from(usec), &us) || us < 2000 || us > INT64_MAX)
		return 0;
	/* The variables are inherited: they may be meant for our parent. */
	if (pid && (!slice_u64(slice_from(pid), &id) || id != (unsigned long long)getpid()))
		return 0;
	return (int64_t)(us / 1000 / 2);
}

void notify_open(struct notify *n, const char *socket_path, const char *watchdog_usec,
    const char *watchdog_pid)
{
	*n = (struct notify){.fd = -1};
	if (!address(n, socket_path))
		return;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd >= 0)
		n->every_ms = interval_ms(watchdog_usec, watchdog_pid);
}

/* Never waits: a manager that does not read must not stop us. */
static void tell(struct notify *n, const char *state)
{
	if (n->fd >= 0)
		(void)sendto(n->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&n->to,
		    n->to_len);
}

void notify_ready(struct notify *n)
{
	tell(n, "READY=1");
}

void notify_reloading(struct notify *n)
{
	char state[NOTIFY_MAX_BYTES];

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_ms() * 1000);
	tell(n, state);
}

void notify_stopping(struct notify *n)
{
	tell(n, "STOPPING=1");
}

void notify_alive(struct notify *n)
{
	int64_t now = clock_mono_ms();

	if (!n->every_ms || now < n->next_ms)
		return;
	n->next_ms = now + n->every_ms;
	tell(n, "WATCHDOG=1");
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	n->every_ms = 0;
}
