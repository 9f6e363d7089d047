#include "store/walfile_priv.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define FRAME_HEADER_BYTES 24
/* Of a frame's header: pages of the database after the commit that this frame ends, else 0. */
#define FRAME_COMMIT_AT 4

/* SQLite's handle; that of the file system under it lies behind. */
struct walfile {
	sqlite3_file base;
	sqlite3_file *under;
	unsigned char *bytes; /* NULL: nothing was written yet */
	int len;
	sqlite3_int64 at; /* of bytes in the file */
	bool commit;      /* the header that came last ends a commit */
};

static sqlite3_vfs *under_vfs;

static int walfile_flush(struct walfile *w)
{
	int len = w->len;

	w->len = 0;
	return len ? w->under->pMethods->xWrite(w->under, w->bytes, len, w->at) : SQLITE_OK;
}

static int walfile_close(sqlite3_file *f)
{
	struct walfile *w = (struct walfile *)f;
	int rc = walfile_flush(w), closed = w->under->pMethods->xClose(w->under);

	free(w->bytes);
	return rc ? rc : closed;
}

static int walfile_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	struct walfile *w = (struct walfile *)f;
	int rc = walfile_flush(w);

	return rc ? rc : w->under->pMethods->xRead(w->under, to, n, at);
}

/* Puts it behind what waits; false: it has to be written by itself. */
static bool walfile_gather(struct walfile *w, const void *from, int n, sqlite3_int64 at)
{
	if (n > WALFILE_GATHER_BYTES - w->len || (w->len && at != w->at + w->len))
		return false;
	if (!w->bytes)
		w->bytes = malloc(WALFILE_GATHER_BYTES);
	if (!w->bytes)
		return false;
	if (!w->len)
		w->at = at;
	memcpy(w->bytes + w->len, from, (size_t)n);
	w->len += n;
	return true;
}

static int walfile_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct walfile *w = (struct walfile *)f;
	static const unsigned char none[4];
	bool last = w->commit && n != FRAME_HEADER_BYTES;
	int rc;

	w->commit = n == FRAME_HEADER_BYTES &&
	    memcmp((const unsigned char *)from + FRAME_COMMIT_AT, none, sizeof(none)) != 0;
	if (!walfile_gather(w, from, n, at)) {
		rc = walfile_flush(w);
		if (rc)
			return rc;
		if (!walfile_gather(w, from, n, at))
			return w->under->pMethods->xWrite(w->under, from, n, at);
	}
	return last ? walfile_flush(w) : SQLITE_OK;
}

static int walfile_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct walfile *w = (struct walfile *)f;
	int rc = walfile_flush(w);

	return rc ? rc : w->under->pMethods->xTruncate(w->under, size);
}

static int walfile_sync(sqlite3_file *f, int flags)
{
	struct walfile *w = (struct walfile *)f;
	int rc = walfile_flush(w);

	return rc ? rc : w->under->pMethods->xSync(w->under, flags);
}

static int walfile_size(sqlite3_file *f, sqlite3_int64 *size)
{
	struct walfile *w = (struct walfile *)f;
	int rc = walfile_flush(w);

	return rc ? rc : w->under->pMethods->xFileSize(w->under, size);
}

static int walfile_lock(sqlite3_file *f, int level)
{
	struct walfile *w = (struct walfile *)f;

	return w->under->pMethods->xLock(w->under, level);
}

static int walfile_unlock(sqlite3_file *f, int level)
{
	struct walfile *w = (struct walfile *)f;

	return w->under->pMethods->xUnlock(w->under, level);
}

static int walfile_locked(sqlite3_file *f, int *locked)
{
	struct walfile *w = (struct walfile *)f;

	return w->under->pMethods->xCheckReservedLock(w->under, locked);
}

static int walfile_control(sqlite3_file *f, int op, void *arg)
{
	struct walfile *w = (struct walfile *)f;
	int rc = walfile_flush(w);

	return rc ? rc : w->under->pMethods->xFileControl(w->under, op, arg);
}

static int walfile_sector(sqlite3_file *f)
{
	struct walfile *w = (struct walfile *)f;

	return w->under->pMethods->xSectorSize(w->under);
}

static int walfile_traits(sqlite3_file *f)
{
	struct walfile *w = (struct walfile *)f;

	return w->under->pMethods->xDeviceCharacteristics(w->under);
}

/* Version 1: memory maps and shared memory belong to the database, not to its WAL. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = walfile_close,
    .xRead = walfile_read,
    .xWrite = walfile_write,
    .xTruncate = walfile_truncate,
    .xSync = walfile_sync,
    .xFileSize = walfile_size,
    .xLock = walfile_lock,
    .xUnlock = walfile_unlock,
    .xCheckReservedLock = walfile_locked,
    .xFileControl = walfile_control,
    .xSectorSize = walfile_sector,
    .xDeviceCharacteristics = walfile_traits,
};

static int walfile_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct walfile *w = (struct walfile *)f;
	int rc;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL))
		return under_vfs->xOpen(under_vfs, name, f, flags, out);
	*w = (struct walfile){.under = (sqlite3_file *)(w + 1)};
	w->under->pMethods = NULL;
	rc = under_vfs->xOpen(under_vfs, name, w->under, flags, out);
	if (w->under->pMethods)
		w->base.pMethods = &methods;
	return rc;
}

static bool registered;

static void walfile_register(void)
{
	static sqlite3_vfs vfs;

	under_vfs = sqlite3_vfs_find(NULL);
	if (!under_vfs)
		return;
	vfs = *under_vfs;
	vfs.pNext = NULL;
	vfs.zName = "jawort";
	vfs.szOsFile = (int)sizeof(struct walfile) + under_vfs->szOsFile;
	vfs.xOpen = walfile_open;
	registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
}

const char *walfile_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, walfile_register);
	return registered ? "jawort" : NULL;
}
