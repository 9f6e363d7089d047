#include "fault/crashvfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"

#define SECTOR 512

struct version {
	int64_t sector;
	int64_t no; /* order of writing */
	unsigned char bytes[SECTOR];
};

/* One name. What is on the disk, and what is only in the cache. */
struct image {
	char *path;
	unsigned char *disk;
	int64_t disk_size;
	bool named; /* its name is on the disk */
	bool there; /* it exists for the program */
	struct version *v;
	size_t n, room;
	int64_t sizes[64]; /* since the last sync; the newest 64 */
	size_t nsizes;
	unsigned char *ghost; /* deleted, the folder not synced */
	int64_t ghost_size;
	struct image *next;
};

struct file {
	sqlite3_file base;
	struct image *image;
	bool names; /* the first sync writes the folder too, as SQLite's own VFS does for WAL and journal */
	sqlite3_file *real; /* behind this struct */
};

static struct {
	pthread_mutex_t mu;
	struct crash_opts o;
	struct image *images;
	int64_t calls, writes;
	uint64_t random;
	sqlite3_vfs *under;
	pthread_rwlock_t reading; /* no read sees a file that the cut is writing */
} crash = {.mu = PTHREAD_MUTEX_INITIALIZER, .reading = PTHREAD_RWLOCK_INITIALIZER};

static uint64_t chance(uint64_t below)
{
	crash.random ^= crash.random << 13;
	crash.random ^= crash.random >> 7;
	crash.random ^= crash.random << 17;
	return (crash.random >> 11) % below;
}

static int64_t size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? -1 : (int64_t)st.st_size;
}

static unsigned char *contents(const char *path, int64_t size)
{
	unsigned char *p = calloc(1, (size_t)size + SECTOR);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bug_if(!p);
	for (int64_t at = 0; fd >= 0 && at < size;) {
		ssize_t n = pread(fd, p + at, (size_t)(size - at), at);
		bug_if(n <= 0);
		at += n;
	}
	if (fd >= 0)
		close(fd);
	return p;
}

/* What is there at the first look was there before this life began. */
static struct image *image_of(const char *path)
{
	struct image *i;
	for (i = crash.images; i; i = i->next)
		if (strcmp(i->path, path) == 0)
			return i;
	i = calloc(1, sizeof(*i));
	bug_if(!i || !(i->path = strdup(path)));
	i->next = crash.images;
	crash.images = i;
	return i;
}

static void image_forget(struct image *i)
{
	free(i->v);
	i->v = NULL;
	i->n = i->room = i->nsizes = 0;
}

static void image_size(struct image *i, int64_t size)
{
	if (i->nsizes == sizeof(i->sizes) / sizeof(i->sizes[0])) {
		memmove(i->sizes, i->sizes + 1, sizeof(i->sizes) - sizeof(i->sizes[0]));
		i->nsizes--;
	}
	i->sizes[i->nsizes++] = size;
}

static void image_wrote(struct image *i, int64_t at, int64_t len)
{
	int fd = open(i->path, O_RDONLY | O_CLOEXEC);
	bug_if(fd < 0);
	for (int64_t s = at / SECTOR; s <= (at + len - 1) / SECTOR; s++) {
		if (i->n == i->room) {
			i->room = i->room ? i->room * 2 : 64;
			bug_if(!(i->v = realloc(i->v, i->room * sizeof(*i->v))));
		}
		struct version *v = &i->v[i->n++];
		*v = (struct version){.sector = s, .no = crash.writes++};
		bug_if(pread(fd, v->bytes, SECTOR, s * SECTOR) <= 0);
	}
	close(fd);
	image_size(i, size_of(i->path));
}

static void image_synced(struct image *i)
{
	int64_t size = size_of(i->path);
	free(i->disk);
	i->disk = contents(i->path, size < 0 ? 0 : size);
	i->disk_size = size < 0 ? 0 : size;
	image_forget(i);
}

static int by_sector(const void *a, const void *b)
{
	const struct version *x = a, *y = b;
	if (x->sector != y->sector)
		return x->sector < y->sector ? -1 : 1;
	return x->no < y->no ? -1 : 1;
}

static void file_put(const char *path, const unsigned char *bytes, int64_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bug_if(fd < 0);
	for (int64_t at = 0; at < size;) {
		ssize_t n = write(fd, bytes + at, (size_t)(size - at));
		bug_if(n <= 0);
		at += n;
	}
	close(fd);
}

/* keep: how many of a hundred unsynced sectors reached the disk. */
static void image_cut(struct image *i, unsigned keep)
{
	int64_t size = i->disk_size, most = i->disk_size;
	for (size_t k = 0; k < i->nsizes; k++)
		most = i->sizes[k] > most ? i->sizes[k] : most;
	if (i->nsizes && chance(100) < keep)
		size = chance(2) ? i->sizes[i->nsizes - 1] : i->sizes[chance(i->nsizes)];
	unsigned char *out = calloc(1, (size_t)most + 2 * SECTOR);
	bug_if(!out);
	bool rubbish = chance(4) == 0;
	for (int64_t at = i->disk_size; rubbish && at < most; at++)
		out[at] = (unsigned char)chance(256);
	if (i->disk_size)
		memcpy(out, i->disk, (size_t)i->disk_size);
	if (i->n)
		qsort(i->v, i->n, sizeof(*i->v), by_sector);
	for (size_t k = 0, end; k < i->n; k = end) {
		for (end = k; end < i->n && i->v[end].sector == i->v[k].sector;)
			end++;
		const struct version *v = &i->v[chance(2) ? end - 1 : k + chance(end - k)];
		if (chance(100) < keep && v->sector * SECTOR < most)
			memcpy(out + v->sector * SECTOR, v->bytes, SECTOR);
	}
	file_put(i->path, out, size);
	free(out);
}

_Noreturn static void cut(const char *what)
{
	static const unsigned keeps[] = {0, 10, 50, 50, 90, 98};
	unsigned keep = keeps[chance(sizeof(keeps) / sizeof(keeps[0]))];
	char text[96];
	size_t wal = 0, rest = 0;
	pthread_rwlock_wrlock(&crash.reading);
	for (struct image *i = crash.images; i; i = i->next) {
		*(strstr(i->path, "-wal") ? &wal : &rest) += i->n;
		bool ghost = i->ghost && chance(2);
		if (i->there && (i->named || chance(100) < keep))
			image_cut(i, keep);
		else if (ghost)
			file_put(i->path, i->ghost, i->ghost_size);
		else
			unlink(i->path);
	}
	snprintf(text, sizeof(text), "%s wal=%zu file=%zu", what, wal, rest);
	if (crash.o.at_cut)
		crash.o.at_cut(crash.o.arg, text);
	_exit(CRASH_EXIT);
}

_Noreturn void crash_cut(const char *what)
{
	pthread_mutex_lock(&crash.mu);
	cut(what);
}

/* Called with the mutex; does not come back if this is the call at which the power fails. */
static void call(const char *what)
{
	if (++crash.calls == crash.o.cut_at)
		cut(what);
}

/* Half of the time the power fails before a call has any effect, else just before it returns. */
static void call_before(const char *what)
{
	if (crash.o.cut_at == crash.calls + 1 && chance(2) == 0)
		call(what);
}

void crash_folder_synced(const char *path)
{
	size_t n = strlen(path);
	pthread_mutex_lock(&crash.mu);
	for (struct image *i = crash.images; i; i = i->next) {
		if (strncmp(i->path, path, n) != 0 || i->path[n] != '/' || strchr(i->path + n + 1, '/'))
			continue;
		i->named = i->there;
		free(i->ghost);
		i->ghost = NULL;
	}
	pthread_mutex_unlock(&crash.mu);
}

#define REAL(f) (((struct file *)(f))->real)

static int file_close(sqlite3_file *f)
{
	return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	pthread_rwlock_rdlock(&crash.reading);
	int rc = REAL(f)->pMethods->xRead(REAL(f), p, n, at);
	pthread_rwlock_unlock(&crash.reading);
	return rc;
}

static int file_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct image *i = ((struct file *)f)->image;
	pthread_mutex_lock(&crash.mu);
	call_before("write");
	int rc = REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
	if (i && rc == SQLITE_OK)
		image_wrote(i, at, n);
	call("write");
	pthread_mutex_unlock(&crash.mu);
	return rc;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct image *i = ((struct file *)f)->image;
	pthread_mutex_lock(&crash.mu);
	call_before("truncate");
	int rc = REAL(f)->pMethods->xTruncate(REAL(f), size);
	if (i && rc == SQLITE_OK)
		image_size(i, size);
	call("truncate");
	pthread_mutex_unlock(&crash.mu);
	return rc;
}

static int file_sync(sqlite3_file *f, int flags)
{
	struct file *file = (struct file *)f;
	(void)flags;
	pthread_mutex_lock(&crash.mu);
	unsigned us = crash.o.sync_us ? (unsigned)chance(crash.o.sync_us) : 0;
	pthread_mutex_unlock(&crash.mu);
	usleep(us);
	pthread_mutex_lock(&crash.mu);
	call_before("sync");
	if (file->image) {
		image_synced(file->image);
		file->image->named |= file->names;
	}
	call("sync");
	pthread_mutex_unlock(&crash.mu);
	return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int file_lock(sqlite3_file *f, int l)
{
	return REAL(f)->pMethods->xLock(REAL(f), l);
}

static int file_unlock(sqlite3_file *f, int l)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), l);
}

static int file_reserved(sqlite3_file *f, int *out)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int file_traits(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, p);
}

static int file_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int file_shm_unmap(sqlite3_file *f, int del)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), del);
}

/* No xFetch: nothing is read behind our back. */
static const sqlite3_io_methods file_methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

/* The store makes a database's file itself, empty, before SQLite opens it: such a name is new. */
static void image_open(struct image *i)
{
	int64_t size = size_of(i->path);
	if (i->there)
		return;
	i->there = true;
	if (size > 0) {
		i->named = true;
		i->disk = contents(i->path, size);
		i->disk_size = size;
	}
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *file = (struct file *)f;
	(void)vfs;
	file->real = (sqlite3_file *)(file + 1);
	file->image = NULL;
	file->names = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL);
	pthread_mutex_lock(&crash.mu);
	if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL |
	    SQLITE_OPEN_SUPER_JOURNAL))) {
		file->image = image_of(name);
		if (size_of(name) >= 0)
			image_open(file->image);
	}
	int rc = crash.under->xOpen(crash.under, name, file->real, flags, out);
	if (rc == SQLITE_OK && file->image)
		image_open(file->image);
	pthread_mutex_unlock(&crash.mu);
	f->pMethods = file->real->pMethods ? &file_methods : NULL;
	return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	(void)vfs;
	pthread_mutex_lock(&crash.mu);
	call_before("delete");
	struct image *i = image_of(name);
	int rc = crash.under->xDelete(crash.under, name, 0);
	if (rc == SQLITE_OK) {
		free(i->ghost);
		i->ghost = i->named && !sync_folder ? i->disk : NULL;
		i->ghost_size = i->disk_size;
		if (!i->ghost)
			free(i->disk);
		i->disk = NULL;
		i->disk_size = 0;
		i->there = i->named = false;
		image_forget(i);
	}
	call("delete");
	pthread_mutex_unlock(&crash.mu);
	return rc;
}

void crash_start(const struct crash_opts *o)
{
	static sqlite3_vfs vfs;
	crash.o = *o;
	crash.random = o->seed * 0x9e3779b97f4a7c15u + 1;
	for (int i = 0; i < 8; i++)
		chance(2);
	crash.under = sqlite3_vfs_find(NULL);
	vfs = *crash.under;
	vfs.pNext = NULL;
	vfs.zName = "crash";
	vfs.szOsFile = (int)sizeof(struct file) + crash.under->szOsFile;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	bug_if(sqlite3_vfs_register(&vfs, 1) != SQLITE_OK);
}
