#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/clock.h"

#define FILE_CHUNK_BYTES 4096u
#define FILE_TMP_TRIES 8

static enum err errno_class(int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR:
		return E_NOT_FOUND;
	case EACCES:
	case EPERM:
		return E_DENIED;
	case EEXIST:
		return E_CONFLICT;
	case ENOMEM:
		return E_NOMEM;
	default:
		return E_IO;
	}
}

/* Admins see "Permission denied" without knowing for whom; so name the user. */
static enum err fail(struct errinfo *ei, const char *what, const char *path, int e)
{
	enum err code = errno_class(e);

	if (code == E_DENIED)
		return err_errno(ei, code, e, "%s %s as user id %lu", what, path, (unsigned long)geteuid());
	return err_errno(ei, code, e, "%s %s", what, path);
}

static ssize_t read_some(int fd, void *dst, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, dst, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

static enum err too_large(const struct buf *out, const char *path, struct errinfo *ei)
{
	return err_set(ei, E_LIMIT, "%s is larger than %zu bytes allow; is it the right file?", path,
	    out->max_bytes);
}

/* One byte more than fits decides whether the file ends at the limit or passes it. */
static enum err read_end(int fd, struct buf *out, const char *path, struct errinfo *ei)
{
	char more;
	ssize_t got = read_some(fd, &more, 1);

	if (got < 0)
		return fail(ei, "cannot read", path, errno);
	return got == 0 ? OK : too_large(out, path, ei);
}

/* All memory at once: a buffer that grew would leave copies of a secret in freed memory. */
static void read_prepare(struct buf *out, size_t bytes)
{
	size_t before = out->len;
	size_t room = out->max_bytes - before;

	buf_extend(out, bytes < room ? bytes : room);
	buf_truncate(out, before);
}

/* Size is a hint: files in /proc say 0, and a file may grow while it is read. */
static enum err read_fd(int fd, struct buf *out, const char *path, off_t size, struct errinfo *ei)
{
	size_t hint = size > 0 ? (size_t)size : 0;

	read_prepare(out, hint + FILE_CHUNK_BYTES);
	for (;;) {
		size_t before = out->len;
		size_t room = out->max_bytes - before;
		size_t want = hint > FILE_CHUNK_BYTES ? hint : FILE_CHUNK_BYTES;
		hint = 0;
		if (room == 0)
			return read_end(fd, out, path, ei);
		want = want < room ? want : room;
		char *p = buf_extend(out, want);
		if (!p)
			return err_set(ei, E_NOMEM, "no memory to read %s", path);
		ssize_t got = read_some(fd, p, want);
		int e = errno;
		buf_truncate(out, before + (got > 0 ? (size_t)got : 0));
		if (got < 0)
			return fail(ei, "cannot read", path, e);
		if (got == 0)
			return OK;
	}
}

/* From an open file, closed here. Whatever goes wrong, out keeps what it had. */
static enum err read_stat(int fd, struct buf *out, const char *path, const struct stat *st,
    struct errinfo *ei)
{
	size_t before = out->len;
	enum err rc;

	if (S_ISREG(st->st_mode) && (uintmax_t)st->st_size > out->max_bytes - before)
		rc = too_large(out, path, ei);
	else
		rc = read_fd(fd, out, path, S_ISREG(st->st_mode) ? st->st_size : 0, ei);
	if (rc != OK)
		buf_truncate(out, before);
	close(fd);
	return rc;
}

enum err file_read(struct buf *out, const char *path, struct errinfo *ei)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (!buf_ok(out)) {
		if (fd >= 0)
			close(fd);
		return err_set(ei, E_NOMEM, "no memory to read %s", path);
	}
	if (fd < 0)
		return fail(ei, "cannot open", path, errno);
	if (fstat(fd, &st) != 0) {
		int e = errno;
		close(fd);
		return fail(ei, "cannot look at", path, e);
	}
	if (S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(ei, E_IO, "%s is a directory, a file is needed", path);
	}
	return read_stat(fd, out, path, &st, ei);
}

/* What makes a file unfit for a secret; OK if nothing does. */
static enum err secret_check(const struct stat *st, const char *path, struct errinfo *ei)
{
	unsigned mode = (unsigned)st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return err_set(ei, E_DENIED, "%s holds a secret and must be a regular file", path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return err_set(ei, E_DENIED,
		    "%s belongs to user id %lu, who could change it; mend with: chown %lu '%s'", path,
		    (unsigned long)st->st_uid, (unsigned long)geteuid(), path);
	if ((mode & 027) != 0)
		return err_set(ei, E_DENIED,
		    "%s has mode %04o, so others may read or change a secret; mend with: chmod g-w,o= '%s'",
		    path, mode, path);
	return OK;
}

enum err file_read_secret(struct buf *out, const char *path, struct errinfo *ei)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO in this place must not hang the start; the check refuses it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	enum err rc;

	if (fd < 0 && errno == ELOOP)
		return err_set(ei, E_DENIED,
		    "%s is a symbolic link; a secret must be named by the place where it lies", path);
	if (fd < 0)
		return fail(ei, "cannot open", path, errno);
	if (fstat(fd, &st) != 0)
		rc = fail(ei, "cannot look at", path, errno);
	else
		rc = secret_check(&st, path, ei);
	if (rc == OK && !buf_ok(out))
		rc = err_set(ei, E_NOMEM, "no memory to read %s", path);
	if (rc != OK) {
		close(fd);
		return rc;
	}
	return read_stat(fd, out, path, &st, ei);
}

/* Length of the directory part with its slash; 0 if there is none. */
static size_t dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

static enum err dir_sync(const char *path, struct errinfo *ei)
{
	char *dir = file_resolve(path, ".");
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum err rc = OK;

	if (!dir)
		return err_set(ei, E_NOMEM, "no memory to write %s", path);
	/* Some file systems cannot sync directories (EINVAL) and need not. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		rc = fail(ei, "cannot sync directory", dir, errno);
	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

/*
 * A new file beside path. The name begins with a dot and ends in .tmp, so that
 * no pattern such as sites/(star).yaml takes what a crash left. Heap string in *tmp.
 */
static int tmp_open(const char *path, char **tmp)
{
	static atomic_uint count;
	size_t dir = dir_len(path);
	int fd = -1;

	for (int i = 0; i < FILE_TMP_TRIES && fd < 0; i++) {
		struct buf b;
		buf_init(&b, PATH_MAX);
		buf_add(&b, path, dir);
		buf_printf(&b, ".%s.%ld.%" PRId64 ".%u.tmp", path + dir, (long)getpid(), clock_mono_ms(),
		    atomic_fetch_add(&count, 1));
		*tmp = buf_detach(&b, NULL);
		if (!*tmp) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open(*tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		int e = errno;
		free(*tmp);
		*tmp = NULL;
		errno = e;
		if (e != EEXIST)
			return -1;
	}
	return fd;
}

static int write_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t done = write(fd, s.ptr, s.len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		s.ptr += done;
		s.len -= (size_t)done;
	}
	return 0;
}

/* The mode comes last: until the bytes are there nobody else may look. */
static int tmp_fill(int fd, struct slice bytes, mode_t mode)
{
	int rc = write_all(fd, bytes) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0 ? -1 : 0;
	int e = errno;

	if (close(fd) != 0 && rc == 0)
		return -1;
	errno = e;
	return rc;
}

static enum err put(const char *path, struct slice bytes, mode_t mode, bool replace, struct errinfo *ei)
{
	char *tmp = NULL;
	int fd = tmp_open(path, &tmp);

	if (fd < 0)
		return fail(ei, "cannot create a file beside", path, errno);
	bool done = tmp_fill(fd, bytes, mode) == 0;
	/* link() refuses an existing name in one step; rename() replaces it in one step. */
	if (done)
		done = (replace ? rename(tmp, path) : link(tmp, path)) == 0;
	int e = errno;
	if (!done || !replace)
		unlink(tmp);
	free(tmp);
	if (!done)
		return fail(ei, "cannot write", path, e);
	return dir_sync(path, ei);
}

enum err file_write(const char *path, struct slice bytes, mode_t mode, struct errinfo *ei)
{
	return put(path, bytes, mode, true, ei);
}

enum err file_create(const char *path, struct slice bytes, mode_t mode, struct errinfo *ei)
{
	return put(path, bytes, mode, false, ei);
}

/* One level. The umask does not count: the caller's mode is meant. */
static enum err mkdir_one(const char *path, mode_t mode, struct errinfo *ei)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		/* What the kernel took over from a setgid parent stays. Sandboxes may forbid to set that bit oneself. */
		if (stat(path, &st) != 0 || ((st.st_mode & 0777) != mode &&
		    chmod(path, mode | (st.st_mode & S_ISGID)) != 0))
			return fail(ei, "cannot set the mode of", path, errno);
		return dir_sync(path, ei);
	}
	int e = errno;
	/* A read-only or foreign parent may answer otherwise than EEXIST; what counts is what is there. */
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? OK :
		    err_set(ei, E_CONFLICT, "%s is in the way: a directory is needed there", path);
	return fail(ei, "cannot create directory", path, e);
}

enum err file_mkdir(const char *path, mode_t mode, struct errinfo *ei)
{
	char *part = strdup(path);
	enum err rc = OK;

	if (!part)
		return err_set(ei, E_NOMEM, "no memory to create %s", path);
	size_t len = strlen(part);
	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	for (size_t i = 1; i <= len && rc == OK; i++) {
		/* At each slash that ends a name, and at the end. */
		if ((part[i] != '/' && part[i] != '\0') || part[i - 1] == '/')
			continue;
		char end = part[i];
		part[i] = '\0';
		rc = mkdir_one(part, mode, ei);
		part[i] = end;
	}
	free(part);
	return rc;
}

mode_t file_mode_at(const char *path, mode_t mode)
{
	struct stat st;
	char *dir = file_resolve(path, ".");
	bool shared = dir && stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & S_ISGID);

	free(dir);
	return shared ? mode | (mode & 0700) >> 3 : mode;
}

int file_make(const char *path, mode_t mode)
{
	mode_t want = file_mode_at(path, mode);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, want);

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	int rc = fchmod(fd, want), e = errno;
	close(fd);
	errno = e;
	return rc;
}

int file_open(const char *path, int flags, mode_t mode)
{
	return file_make(path, mode) == 0 ? open(path, flags | O_CLOEXEC | O_NOFOLLOW) : -1;
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

char *file_resolve(const char *base_file, const char *rel)
{
	size_t dir = rel[0] == '/' ? 0 : dir_len(base_file);
	size_t n = strlen(rel) + 1;
	char *out = malloc(dir + n);

	if (!out)
		return NULL;
	memcpy(out, base_file, dir);
	memcpy(out + dir, rel, n);
	return out;
}
