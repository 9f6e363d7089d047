#ifndef JAWORT_SEND_WAKE_H
#define JAWORT_SEND_WAKE_H
/*
 * wake: how whoever added mails tells the worker: one host-wide file, DATA/wake,
 * to which the site's id and a line end are added under flock(2). The worker
 * watches the file by inotify, takes the lines and empties it. A file that grows
 * over WAKE_MAX_BYTES because no worker runs is replaced by "*" (all sites).
 * A mere touch(1) of the file also means all sites. "!" behind an id: wake_retry().
 * Threads: any; nothing is durable and nothing depends on it: what is lost is
 * found at the worker's next start.
 */
#include <stdbool.h>
#include "base/err.h"
#include "base/slice.h"

#define WAKE_MAX_BYTES 65536

/* data: the data directory. E_IO. */
enum err wake_site(const char *data, const char *site, struct errinfo *ei);
/* The same, and somebody wants a new try at once, also of a provider that is held. */
enum err wake_retry(const char *data, const char *site, struct errinfo *ei);

/* The worker's side. */
struct wake {
	int inotify_fd; /* readable: call wake_take() */
	int watch;
	char *path;
};
/* Makes the file if it is not there. E_IO, E_NOMEM. */
enum err wake_open(struct wake *w, const char *data, struct errinfo *ei);
void wake_close(struct wake *w);
/*
 * Calls fn for each site named since the last call; fn(arg, "*") for all sites. retry: wake_retry(), or "*".
 * false: nobody has touched the file since.
 */
bool wake_take(struct wake *w, void (*fn)(void *arg, struct slice site, bool retry), void *arg);

#endif
