#include "web/ready_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "text/gzip.h"

#define READY_FILE_MODE 0644
/* 2001 to 2017: in the past, as times of files should be. */
#define READY_TIME_FROM_S 1000000000
#define READY_TIME_SPAN_S 500000000

static bool same(const char *path, struct slice bytes)
{
	struct stat st;
	struct buf b;
	bool is;

	if (stat(path, &st) != 0 || (uint64_t)st.st_size != bytes.len)
		return false;
	buf_init(&b, bytes.len + 1);
	is = file_read(&b, path, NULL) == OK && slice_eq(buf_slice(&b), bytes);
	buf_free(&b);
	return is;
}

/*
 * nginx makes its validator from time (in seconds) and size. A time that comes from the bytes makes it a strong one: a
 * page that is taken away and changed within the same second has another, and one that is written again has the same.
 */
static time_t time_of(struct slice bytes)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	time_t t = 0;

	crypt_sha256(hash, bytes.ptr, bytes.len);
	for (int i = 0; i < 4; i++)
		t = t << 8 | hash[i];
	return READY_TIME_FROM_S + t % READY_TIME_SPAN_S;
}

static bool write_all(int fd, struct slice s)
{
	while (s.len) {
		ssize_t n = write(fd, s.ptr, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s.ptr += n;
		s.len -= (size_t)n;
	}
	return true;
}

/*
 * Whole or not at all under its name, with its time: file_write() would show it for a moment with another. The folder
 * is not synced: what a power cut takes is written again at the start.
 */
static enum err put(const char *path, struct slice bytes, struct errinfo *ei)
{
	const time_t when = time_of(bytes);
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
	const char *slash = strrchr(path, '/');
	char tmp[PATH_MAX];
	bool done;
	int fd, e;

	snprintf(tmp, sizeof(tmp), "%.*s/" READY_TMP "%ld", (int)(slash - path), path, (long)getpid());
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(ei, E_IO, errno, "cannot write %s", path);
	done = write_all(fd, bytes) && fchmod(fd, READY_FILE_MODE) == 0 && futimens(fd, times) == 0 && fdatasync(fd) == 0;
	e = errno;
	close(fd);
	if (done && rename(tmp, path) == 0)
		return OK;
	e = done ? errno : e;
	unlink(tmp);
	return err_errno(ei, E_IO, e, "cannot write %s", path);
}

enum err ready_put(const char *path, struct slice bytes, struct errinfo *ei)
{
	char gz[PATH_MAX];
	struct buf packed;
	enum err rc;

	if (snprintf(gz, sizeof(gz), "%s.gz", path) >= (int)sizeof(gz))
		return err_set(ei, E_LIMIT, "%s: the path is too long", path);
	buf_init(&packed, bytes.len + 64 * 1024);
	rc = gzip_pack(bytes, &packed, ei);
	if (!rc && same(path, bytes) && same(gz, buf_slice(&packed))) {
		buf_free(&packed);
		return OK;
	}
	/* in this order: no moment with a new page plain and the old one packed */
	unlink(gz);
	if (!rc)
		rc = put(path, bytes, ei);
	if (!rc)
		rc = put(gz, buf_slice(&packed), ei);
	if (rc) {
		unlink(gz);
		unlink(path);
	}
	buf_free(&packed);
	return rc;
}
