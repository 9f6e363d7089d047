#include "front/listen_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

#define SYSTEMD_FIRST_FD 3

static bool fd_listens(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);
	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) && on;
}

/* The protocol of sd_listen_fds(3): the variables are meant for the process with this id only. */
static bool systemd_gave_fd(void)
{
	unsigned long long pid = 0, count = 0;
	return slice_u64(slice_from(getenv("LISTEN_PID")), &pid) && (pid_t)pid == getpid() &&
	    slice_u64(slice_from(getenv("LISTEN_FDS")), &count) && count >= 1;
}

static int inherited_fd(void)
{
	if (systemd_gave_fd() && fd_listens(SYSTEMD_FIRST_FD))
		return SYSTEMD_FIRST_FD;
	return fd_listens(STDIN_FILENO) ? STDIN_FILENO : -1;
}

static enum err listener_inherit(struct listener *l, int fd, struct errinfo *ei)
{
	int domain = 0;
	socklen_t len = sizeof(domain);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_UNIX)
		return err_set(ei, E_INVALID, "the listening socket given as descriptor %d is no Unix socket: "
		    "anybody who reaches a TCP port could send any parameter. Use a socket path", fd);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
		return err_errno(ei, E_IO, errno, "descriptor %d", fd);
	l->fd = fd;
	l->kept = systemd_gave_fd() && fd == SYSTEMD_FIRST_FD;
	return OK;
}

static enum err path_parse(struct listener *l, const char *listen_at, struct errinfo *ei)
{
	struct slice s = slice_from(listen_at), prefix = SLICE("unix:");
	if (slice_starts(s, prefix))
		s = slice_sub(s, prefix.len, s.len);
	if (!s.len || s.ptr[0] != '/')
		return err_set(ei, E_INVALID, "listen: \"%s\" is no socket path. Write unix:/run/jawort/jawort.sock",
		    listen_at);
	if (!slice_copy(s, l->path, sizeof(l->path)))
		return err_set(ei, E_INVALID, "listen: the path %s is longer than %zu bytes, which is all that "
		    "Unix sockets can have. Choose a shorter one", listen_at, sizeof(l->path) - 1);
	return OK;
}

static void path_address(const struct listener *l, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(addr->sun_path, l->path, sizeof(addr->sun_path));
}

/* Takes away what a crashed server left, and nothing else. */
static enum err path_clear(const struct listener *l, struct errinfo *ei)
{
	struct stat st;
	if (lstat(l->path, &st))
		return errno == ENOENT ? OK : err_errno(ei, errno == EACCES ? E_DENIED : E_IO, errno, "%s", l->path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(ei, E_CONFLICT, "listen: %s exists and is no socket. Move it away or choose another "
		    "path", l->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(ei, E_IO, errno, "socket");
	struct sockaddr_un addr;
	path_address(l, &addr);
	int failed = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
	close(fd);
	if (!failed || failed == EAGAIN)
		return err_set(ei, E_CONFLICT, "listen: another server answers at %s. Stop it first", l->path);
	if (failed != ECONNREFUSED)
		return err_errno(ei, failed == EACCES ? E_DENIED : E_IO, failed, "%s", l->path);
	if (unlink(l->path) && errno != ENOENT)
		return err_errno(ei, E_DENIED, errno, "cannot remove the stale socket %s", l->path);
	return OK;
}

static enum err path_permit(const struct listener *l, const char *group, struct errinfo *ei)
{
	if (group) {
		/* before any thread exists */
		const struct group *g = getgrnam(group);
		if (!g)
			return err_set(ei, E_INVALID, "there is no group \"%s\" for the socket. Name the group "
			    "of the web server (getent group)", group);
		if (chown(l->path, (uid_t)-1, g->gr_gid))
			return err_errno(ei, E_DENIED, errno, "cannot give %s to the group %s; this user must be "
			    "a member (usermod -aG %s USER)", l->path, group, group);
	}
	if (chmod(l->path, FRONT_SOCKET_MODE))
		return err_errno(ei, E_IO, errno, "%s", l->path);
	return OK;
}

static enum err listener_bind(struct listener *l, const char *group, struct errinfo *ei)
{
	enum err e = path_clear(l, ei);
	if (e)
		return e;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return err_errno(ei, E_IO, errno, "socket");
	struct sockaddr_un addr;
	path_address(l, &addr);
	/* Nobody may connect between bind and chmod. */
	mode_t old = umask(0177);
	int failed = bind(l->fd, (struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
	umask(old);
	if (failed == ENOENT)
		return err_set(ei, E_IO, "the folder of %s does not exist. Create it (mkdir -p)", l->path);
	if (failed)
		return err_errno(ei, failed == EACCES ? E_DENIED : E_IO, failed, "cannot listen at %s", l->path);
	l->ours = true;
	e = path_permit(l, group, ei);
	if (e)
		return e;
	if (listen(l->fd, FRONT_BACKLOG))
		return err_errno(ei, E_IO, errno, "cannot listen at %s", l->path);
	return OK;
}

enum err listener_open(struct listener *l, const struct front_options *opt, struct errinfo *ei)
{
	*l = (struct listener){.fd = -1};
	int given = inherited_fd();
	if (given >= 0)
		return listener_inherit(l, given, ei);
	if (!opt->listen || slice_eq_str(slice_from(opt->listen), "inherit"))
		return err_set(ei, E_INVALID, "no listening socket was given, neither by systemd nor as descriptor 0. "
		    "Name one: --listen unix:/run/jawort/jawort.sock");
	enum err e = path_parse(l, opt->listen, ei);
	if (!e)
		e = listener_bind(l, opt->group, ei);
	if (e)
		listener_close(l);
	return e;
}

void listener_hide(struct listener *l)
{
	if (l->ours)
		unlink(l->path);
	l->ours = false;
}

void listener_close(struct listener *l)
{
	listener_hide(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
