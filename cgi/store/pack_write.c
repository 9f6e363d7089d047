/* pack: writing a backup. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/pack.h"

struct pack_writer {
	char *path, *part; /* the name to come; what is written meanwhile */
	int fd;
	bool named; /* the part is no more, or never was */
	struct pack_manifest m;
	struct stream *stream;
	unsigned char ad[CRYPT_HASH_BYTES]; /* of the head */
	unsigned char *plain, *sealed;
	size_t used; /* of plain */
	int64_t written;
};

static enum err io_error(const struct pack_writer *w, int e, struct errinfo *ei)
{
	return err_errno(ei, E_IO, e, "%s: cannot write", w->part);
}

static bool write_all(struct pack_writer *w, const void *p, size_t n)
{
	const char *at = p;

	w->written += (int64_t)n;
	while (n > 0) {
		ssize_t done = write(w->fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

static bool piece(struct pack_writer *w, bool last)
{
	stream_push(w->stream, w->sealed, w->plain, w->used, last, slice_make(w->ad, sizeof(w->ad)));
	const size_t n = w->used + STREAM_OVERHEAD_BYTES;
	w->used = 0;
	return write_all(w, w->sealed, n);
}

static bool text(struct pack_writer *w, struct slice s)
{
	while (s.len > 0) {
		size_t n = PACK_PIECE_BYTES - w->used;

		n = s.len < n ? s.len : n;
		memcpy(w->plain + w->used, s.ptr, n);
		w->used += n;
		s = slice_sub(s, n, s.len);
		if (w->used == PACK_PIECE_BYTES && !piece(w, false))
			return false;
	}
	return true;
}

/* Head, the locked key of this file, header of the stream. */
static enum err begin(struct pack_writer *w, const struct pack_head *h, const unsigned char pub[BOX_PUBLIC_BYTES],
    struct errinfo *ei)
{
	unsigned char box[CRYPT_KEY_BYTES + BOX_OVERHEAD_BYTES], header[STREAM_HEADER_BYTES];
	struct pack_head head = *h;
	struct crypt_key key;
	struct buf b;
	enum err rc = OK;

	pack_key_id(head.key, pub);
	buf_init(&b, PACK_HEAD_MAX_BYTES);
	pack_head_write(&b, &head);
	crypt_sha256(w->ad, b.data, b.len);
	crypt_random(key.bytes, sizeof(key.bytes));
	w->stream = stream_seal_new(&key, header);
	if (!w->stream || !buf_ok(&b))
		rc = err_set(ei, E_NOMEM, "%s: no memory", w->path);
	else if (!box_seal(box, key.bytes, sizeof(key.bytes), pub))
		rc = err_set(ei, E_INVALID, "backup.public_key: nothing can be locked with this key; make one with jawort key new "
		    "--backup");
	else if (!write_all(w, b.data, b.len) || !write_all(w, box, sizeof(box)) || !write_all(w, header, sizeof(header)))
		rc = io_error(w, errno, ei);
	crypt_wipe(&key, sizeof(key));
	buf_free(&b);
	return rc;
}

enum err pack_create(struct pack_writer **out, const char *path, const struct pack_head *h,
    const unsigned char pub[BOX_PUBLIC_BYTES], struct errinfo *ei)
{
	struct pack_writer *w = calloc(1, sizeof(*w));
	enum err rc;

	*out = NULL;
	if (!w)
		return err_set(ei, E_NOMEM, "%s: no memory", path);
	w->fd = -1;
	w->named = true;
	w->m.head = *h;
	w->path = strdup(path);
	w->plain = malloc(PACK_PIECE_BYTES);
	w->sealed = malloc(PACK_PIECE_BYTES + STREAM_OVERHEAD_BYTES);
	if (asprintf(&w->part, "%s.part", path) < 0)
		w->part = NULL;
	rc = w->path && w->plain && w->sealed && w->part ? OK : err_set(ei, E_NOMEM, "%s: no memory", path);
	if (!rc && file_exists(path))
		rc = err_set(ei, E_CONFLICT, "%s: exists already; a backup never replaces a file", path);
	if (!rc) {
		/* What a crash left under this name is of no use. */
		w->fd = open(w->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		w->named = w->fd < 0;
		rc = w->fd >= 0 ? begin(w, h, pub, ei) : io_error(w, errno, ei);
	}
	if (rc)
		pack_abandon(w);
	else
		*out = w;
	return rc;
}

/* From the file straight into the piece. */
static enum err copy(struct pack_writer *w, int fd, struct pack_file *f, const char *from, struct errinfo *ei)
{
	struct digest *d = digest_new();
	int64_t left = f->bytes;
	enum err rc = d ? OK : err_set(ei, E_NOMEM, "%s: no memory", from);

	while (!rc && left > 0) {
		size_t room = PACK_PIECE_BYTES - w->used;
		ssize_t got = read(fd, w->plain + w->used, (int64_t)room < left ? room : (size_t)left);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			rc = err_errno(ei, E_IO, got ? errno : EIO, "%s: cannot read", from);
			break;
		}
		digest_add(d, w->plain + w->used, (size_t)got);
		w->used += (size_t)got;
		left -= got;
		if (w->used == PACK_PIECE_BYTES && !piece(w, false))
			rc = io_error(w, errno, ei);
	}
	digest_end(d, f->hash);
	return rc;
}

enum err pack_add(struct pack_writer *w, const char *name, const char *from, struct errinfo *ei)
{
	struct pack_file *f = &w->m.files[w->m.nfiles];
	char line[96];
	struct stat st;
	int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err rc = OK;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_errno(ei, E_IO, errno, "%s: cannot read", from);
	else if (w->m.nfiles == PACK_FILES_MAX || !slice_copy(slice_from(name), f->name, sizeof(f->name)))
		rc = err_set(ei, E_LIMIT, "%s: does not fit into a backup", from);
	if (!rc) {
		f->bytes = st.st_size;
		w->m.nfiles++;
		snprintf(line, sizeof(line), "file %s %" PRId64 "\n", name, f->bytes);
		rc = text(w, slice_from(line)) ? copy(w, fd, f, from, ei) : io_error(w, errno, ei);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum err manifest(struct pack_writer *w, struct errinfo *ei)
{
	struct buf b;
	char line[64];
	enum err rc = OK;

	buf_init(&b, 4096);
	pack_manifest_write(&b, &w->m);
	snprintf(line, sizeof(line), "manifest %zu\n", b.len);
	if (!buf_ok(&b))
		rc = err_set(ei, E_NOMEM, "%s: no memory", w->path);
	else if (!text(w, slice_from(line)) || !text(w, buf_slice(&b)) || !piece(w, true))
		rc = io_error(w, errno, ei);
	buf_free(&b);
	return rc;
}

static enum err dir_sync(const char *path, struct errinfo *ei)
{
	char *dir = file_resolve(path, ".");
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	enum err rc = ok ? OK : err_errno(ei, E_IO, errno, "%s: cannot sync its directory", path);

	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

enum err pack_finish(struct pack_writer *w, struct pack_manifest *m, int64_t *bytes, struct errinfo *ei)
{
	enum err rc;

	m->head = w->m.head;
	memcpy(m->files, w->m.files, sizeof(m->files));
	m->nfiles = w->m.nfiles;
	w->m = *m;
	rc = manifest(w, ei);
	if (!rc && fsync(w->fd) < 0)
		rc = io_error(w, errno, ei);
	if (!rc && file_exists(w->path))
		rc = err_set(ei, E_CONFLICT, "%s: exists already; a backup never replaces a file", w->path);
	if (!rc && rename(w->part, w->path) < 0)
		rc = io_error(w, errno, ei);
	w->named = !rc;
	*bytes = w->written;
	if (!rc)
		rc = dir_sync(w->path, ei);
	pack_abandon(w);
	return rc;
}

void pack_abandon(struct pack_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if (!w->named)
		unlink(w->part);
	stream_free(w->stream);
	free(w->plain);
	free(w->sealed);
	free(w->part);
	free(w->path);
	free(w);
}
