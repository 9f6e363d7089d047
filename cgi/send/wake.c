#include "send/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Written by the worker's user or the web program's group. */
#define WAKE_MODE 0660

static int wake_file_open(const char *path)
{
	return file_open(path, O_RDWR | O_APPEND, WAKE_MODE);
}

static enum err wake_line(const char *data, const char *site, const char *mark, struct errinfo *ei)
{
	char path[PATH_MAX], line[64];
	struct stat st;
	enum err e = OK;
	int fd, len;

	if (snprintf(path, sizeof(path), "%s/wake", data) >= (int)sizeof(path))
		return err_set(ei, E_IO, "wake file: path too long");
	len = snprintf(line, sizeof(line), "%s%s\n", site, mark);
	if (len >= (int)sizeof(line))
		return err_set(ei, E_IO, "wake file: site id too long");
	fd = wake_file_open(path);
	if (fd < 0)
		return err_errno(ei, E_IO, errno, "%s cannot be opened", path);
	if (flock(fd, LOCK_EX) || fstat(fd, &st))
		e = err_errno(ei, E_IO, errno, "%s cannot be locked", path);
	if (!e && st.st_size > WAKE_MAX_BYTES) {
		len = snprintf(line, sizeof(line), "*\n");
		if (ftruncate(fd, 0))
			e = err_errno(ei, E_IO, errno, "%s cannot be emptied", path);
	}
	if (!e && write(fd, line, (size_t)len) != len)
		e = err_errno(ei, E_IO, errno, "%s cannot be written", path);
	close(fd);
	return e;
}

enum err wake_site(const char *data, const char *site, struct errinfo *ei)
{
	return wake_line(data, site, "", ei);
}

enum err wake_retry(const char *data, const char *site, struct errinfo *ei)
{
	return wake_line(data, site, "!", ei);
}

static void watch_add(struct wake *w)
{
	int fd = wake_file_open(w->path);

	if (fd >= 0)
		close(fd);
	w->watch = inotify_add_watch(w->inotify_fd, w->path,
	    IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
}

enum err wake_open(struct wake *w, const char *data, struct errinfo *ei)
{
	char path[PATH_MAX];

	*w = (struct wake){.inotify_fd = -1, .watch = -1};
	snprintf(path, sizeof(path), "%s/wake", data);
	w->path = strdup(path);
	if (!w->path)
		return err_set(ei, E_NOMEM, "wake file: no memory");
	w->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify_fd >= 0)
		watch_add(w);
	if (w->watch < 0) {
		err_errno(ei, E_IO, errno, "%s cannot be watched", path);
		wake_close(w);
		return E_IO;
	}
	return OK;
}

void wake_close(struct wake *w)
{
	if (w->inotify_fd >= 0)
		close(w->inotify_fd);
	free(w->path);
	*w = (struct wake){.inotify_fd = -1, .watch = -1};
}

enum note { NOTE_NONE, NOTE_WRITTEN, NOTE_TOUCHED };

/* Eats the notes: was the file written to, or touched without that (or replaced)? */
static enum note notes_drain(struct wake *w)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	enum note note = NOTE_NONE;
	bool gone = false;
	ssize_t n;

	while ((n = read(w->inotify_fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)(const void *)p;

			if (ev->mask & ~(uint32_t)IN_MODIFY)
				note = NOTE_TOUCHED;
			else if (note == NOTE_NONE)
				note = NOTE_WRITTEN;
			gone = gone || (ev->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED));
			p += sizeof(*ev) + ev->len;
		}
	}
	if (gone)
		watch_add(w);
	return note;
}

static void line_give(struct slice line, void (*fn)(void *arg, struct slice site, bool retry), void *arg)
{
	bool mark = line.len > 0 && line.ptr[line.len - 1] == '!';

	if (line.len > mark)
		fn(arg, slice_sub(line, 0, line.len - mark), mark || slice_eq_str(line, "*"));
}

bool wake_take(struct wake *w, void (*fn)(void *arg, struct slice site, bool retry), void *arg)
{
	static char buf[WAKE_MAX_BYTES + 256];
	enum note note = notes_drain(w);
	bool all = note == NOTE_TOUCHED;
	struct slice rest, line;
	ssize_t n = 0;
	int fd;

	if (note == NOTE_NONE)
		return false;
	fd = wake_file_open(w->path);
	if (fd >= 0) {
		if (flock(fd, LOCK_EX) == 0)
			n = pread(fd, buf, sizeof(buf), 0);
		if (n > 0 && ftruncate(fd, 0))
			all = true;
		close(fd);
	}
	if (all)
		line_give(SLICE("*"), fn, arg);
	rest = slice_make(buf, n > 0 ? (size_t)n : 0);
	while (slice_split(&rest, '\n', &line))
		line_give(line, fn, arg);
	return true;
}
