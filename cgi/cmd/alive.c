#include "cmd/alive_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIT_SOCKET "/run/jawort/jawort.sock"

const char *alive_socket(const struct conf *c)
{
	if (strncmp(c->listen, "unix:", 5) == 0)
		return c->listen + 5;
	return c->listen[0] == '/' ? c->listen : UNIT_SOCKET;
}

int alive_serve(const struct conf *c)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd, err = 0;

	if (!slice_copy(slice_from(alive_socket(c)), at.sun_path, sizeof(at.sun_path)))
		return ENAMETOOLONG;
	/* A full backlog is somebody who listens and does not come to it. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0 && errno != EAGAIN))
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

bool alive_worker(const struct conf *c)
{
	struct buf path;
	bool runs;
	int fd;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/worker.lock", c->data);
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	runs = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
	if (fd >= 0)
		close(fd);
	buf_free(&path);
	return runs;
}
