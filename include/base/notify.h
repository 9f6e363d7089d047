#ifndef JAWORT_BASE_NOTIFY_H
#define JAWORT_BASE_NOTIFY_H
/*
 * notify: tells the service manager how we are, one datagram each, after
 * sd_notify(3) and sd_watchdog_enabled(3). Without a manager everything here does
 * nothing. What cannot be delivered is dropped: a service must not end because of it.
 *
 * The caller hands over $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID (each may
 * be NULL).
 * Threads: one at a time.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody to tell */
	struct sockaddr_un to;
	socklen_t to_len;
	int64_t every_ms; /* 0: no watchdog */
	int64_t next_ms;  /* monotonic */
};

/* An address that is no Unix socket, or numbers that are none: as if they were not there. */
void notify_open(struct notify *n, const char *socket_path, const char *watchdog_usec,
    const char *watchdog_pid);
void notify_ready(struct notify *n);
/* Before a reload; notify_ready() ends it. */
void notify_reloading(struct notify *n);
void notify_stopping(struct notify *n);
/* "I live", if half the watchdog's interval has passed since the last time; call it as often as you like. */
void notify_alive(struct notify *n);
void notify_close(struct notify *n);

#endif
