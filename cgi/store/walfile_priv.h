#ifndef JAWORT_STORE_WALFILE_PRIV_H
#define JAWORT_STORE_WALFILE_PRIV_H
/*
 * walfile: gathers what SQLite writes to a WAL. It writes each frame in two pieces, its header and its page; a commit of
 * forty pages is eighty system calls, and as many times the file system is entered. Here the pieces of a commit, which
 * follow one another, are written 64 KiB at a time.
 *
 * Nothing can tell the difference: whatever else is asked of the file (read, sync, truncate, size, close) is preceded
 * by what waits, and a frame that ends a commit (its header holds the size of the database, file format of SQLite
 * section 4.1) is written before the call returns, so nobody finds in the WAL's index a frame that is not in the file.
 * An error of a write that waited is that of the call that wrote it; SQLite rolls the transaction back either way.
 * Other files go straight to the file system that was the default at the first call.
 *
 * For the connection of a store's writer; readers write nothing. Threads: any.
 */

#define WALFILE_GATHER_BYTES (64 * 1024)

/* Name of the file system for sqlite3_open_v2(); NULL (the default one) if it cannot be registered. */
const char *walfile_vfs(void);

#endif
