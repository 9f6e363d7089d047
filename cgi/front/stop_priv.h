#ifndef JAWORT_FRONT_STOP_PRIV_H
#define JAWORT_FRONT_STOP_PRIV_H
/*
 * stop: the signals of the server. All are blocked in every thread and read
 * from a signalfd by the main thread, so no system call of a worker ever ends
 * with EINTR (libfcgi would lose the request).
 * libfcgi puts its own handlers over SIGTERM, SIGUSR1 and SIGPIPE at FCGX_Init;
 * stop_open() comes before it, stop_keep() after it.
 */
#include <stdbool.h>

#include "base/err.h"

enum stop_wish { STOP_NONE, STOP_END, STOP_RELOAD };

struct stop {
	int signal_fd;
};

enum err stop_open(struct stop *s, struct errinfo *ei);
void stop_keep(void);
/* Reads one signal without waiting. */
enum stop_wish stop_next(struct stop *s);
/* Gives the signals back to the process. */
void stop_close(struct stop *s);

#endif
