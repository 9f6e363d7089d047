#ifndef JAWORT_BASE_FILE_H
#define JAWORT_BASE_FILE_H
/*
 * file: whole small files, read and written safely. Paths are C strings.
 * Errors carry the path, the reason and, for modes, the command that mends it.
 */
#include <stdbool.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the file to out; on an error out keeps what it had. E_NOT_FOUND,
 * E_DENIED (permissions), E_LIMIT (over out->max_bytes), E_NOMEM, E_IO.
 */
enum err file_read(struct buf *out, const char *path, struct errinfo *ei);
/*
 * A secret: regular file, owned by us or root, no permission for others and no
 * write for the group (mode & 027 == 0). E_DENIED names the chmod that mends it.
 * path itself must not be a symbolic link (directories before it may).
 */
enum err file_read_secret(struct buf *out, const char *path, struct errinfo *ei);
/*
 * Writes beside, fsyncs, renames, fsyncs the directory: old or new, never half.
 * A symbolic link at path is replaced, not followed. The umask does not apply.
 */
enum err file_write(const char *path, struct slice bytes, mode_t mode, struct errinfo *ei);
/* As file_write, but E_CONFLICT if path exists. */
enum err file_create(const char *path, struct slice bytes, mode_t mode, struct errinfo *ei);
/*
 * mkdir -p; new directories get exactly mode, existing ones keep theirs; below a setgid directory they are
 * setgid as well. E_CONFLICT: a file is in the way.
 */
enum err file_mkdir(const char *path, mode_t mode, struct errinfo *ei);
/*
 * The mode for something new at path. A setgid directory says that several users share it through its
 * group: there the group gets the rights that mode gives to the owner. Elsewhere mode itself.
 */
mode_t file_mode_at(const char *path, mode_t mode);
/*
 * An empty file where there is none, with file_mode_at(path, mode), whatever the umask says. A file that is
 * there is not opened: closing it again would take the process's POSIX locks on it. -1 with errno.
 */
int file_make(const char *path, mode_t mode);
/* file_make(), then open() with flags, O_CLOEXEC and O_NOFOLLOW. -1 with errno. */
int file_open(const char *path, int flags, mode_t mode);
bool file_exists(const char *path);
/* dir of base + "/" + rel, or rel itself if absolute. Heap string, NULL without memory. */
char *file_resolve(const char *base_file, const char *rel);

#endif
