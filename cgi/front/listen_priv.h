#ifndef JAWORT_FRONT_LISTEN_PRIV_H
#define JAWORT_FRONT_LISTEN_PRIV_H
/*
 * listen: the socket that the web server connects to. Unix sockets only: who
 * may write to it may send any parameter (REMOTE_ADDR, JAWORT_SITE), so the
 * file's group and mode are the door's lock.
 * libfcgi's own FCGX_OpenSocket is not used: it unlinks blindly and calls exit().
 */
#include <stdbool.h>
#include <sys/un.h>

#include "base/err.h"
#include "front/front.h"

struct listener {
	int fd; /* non-blocking, close-on-exec */
	bool ours; /* bound by us: the file goes at the end */
	bool kept; /* systemd's, which keeps it: what still waits in the backlog at the end is for our successor */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Errors as in front_serve(). */
enum err listener_open(struct listener *l, const struct front_options *opt, struct errinfo *ei);
/* Nobody finds the socket any more; those who wait in the backlog can still be accepted. */
void listener_hide(struct listener *l);
void listener_close(struct listener *l);

#endif
