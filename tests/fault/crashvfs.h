#ifndef JAWORT_TESTS_FAULT_CRASHVFS_H
#define JAWORT_TESTS_FAULT_CRASHVFS_H
/*
 * crashvfs: a file system under SQLite that can lose its power. It lies between
 * SQLite and the ordinary VFS, writes through, and keeps for each file what was
 * on the disk at its last sync and every sector written since.
 *
 * At the cut every other call stops for ever, and each file becomes what a disk
 * may leave: what was synced, and of what was not any subset, sector by sector
 * (512 bytes, each whole, in any of the versions it has had since), in any
 * order; a length from before or between; where a file grew without its bytes,
 * zeros or rubbish; a file whose folder was not synced may be gone, a deleted
 * one back. Then the process ends with CRASH_EXIT.
 *
 * One process, one life: the next one begins with what is left. Threads: any.
 */
#include <stdint.h>

#define CRASH_EXIT 99

struct crash_opts {
	uint64_t seed;
	int64_t cut_at;      /* at this write, sync, truncation or deletion; 0: only by crash_cut() */
	unsigned sync_us;    /* at most so long a sync takes */
	void (*at_cut)(void *arg, const char *what); /* just before the end; may not touch files */
	void *arg;
};

/* Registers the VFS as default. Once, before the first connection of this process. */
void crash_start(const struct crash_opts *o);
/* Cuts now. */
_Noreturn void crash_cut(const char *what);
/* A folder was synced: names in it stay. From a wrapped fsync(). */
void crash_folder_synced(const char *path);

#endif
