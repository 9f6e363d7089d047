/* pack: opening a backup. Nothing of it counts before the last piece and the manifest have been seen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/pack.h"

#define LINE_MAX_BYTES 96

struct reader {
	const char *path, *dir;
	int fd, to; /* the backup; the part that is being written, -1: none */
	struct pack_head head;
	struct stream *stream;
	unsigned char ad[CRYPT_HASH_BYTES];
	unsigned char *plain, *sealed;
	size_t at, have; /* of plain */
	bool last;       /* plain is the last piece */
	struct pack_file files[PACK_FILES_MAX];
	size_t nfiles;
};

static enum err damaged(const struct reader *r, const char *what, struct errinfo *ei)
{
	return err_set(ei, E_DENIED, "%s: %s", r->path, what);
}

static ssize_t read_all(int fd, void *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, (char *)p + have, n - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

static enum err next_piece(struct reader *r, struct errinfo *ei)
{
	ssize_t n = read_all(r->fd, r->sealed, PACK_PIECE_BYTES + STREAM_OVERHEAD_BYTES);

	if (n < 0)
		return err_errno(ei, E_IO, errno, "%s: cannot read", r->path);
	if (r->last || n < (ssize_t)STREAM_OVERHEAD_BYTES)
		return damaged(r, "ends too early; the copy of this backup is not complete", ei);
	if (!stream_pull(r->stream, r->plain, r->sealed, (size_t)n, &r->last, slice_make(r->ad, sizeof(r->ad))))
		return damaged(r, "was altered or damaged: a piece does not open", ei);
	r->at = 0;
	r->have = (size_t)n - STREAM_OVERHEAD_BYTES;
	return OK;
}

static enum err line(struct reader *r, char out[LINE_MAX_BYTES], struct errinfo *ei)
{
	size_t n = 0;
	enum err rc = OK;

	while (!rc) {
		if (r->at == r->have && (rc = next_piece(r, ei)) != OK)
			break;
		if (r->at == r->have)
			return damaged(r, "has no list of contents", ei);
		out[n] = (char)r->plain[r->at++];
		if (out[n] == '\n')
			break;
		if (++n == LINE_MAX_BYTES)
			return damaged(r, "holds something that is no part of a backup", ei);
	}
	out[n] = '\0';
	return rc;
}

/* The bytes of a part, to the file, to out, or only into the hash. */
static enum err part(struct reader *r, int64_t left, struct buf *out, struct digest *d, struct errinfo *ei)
{
	enum err rc = OK;

	while (!rc && left > 0) {
		if (r->at == r->have && (rc = next_piece(r, ei)) != OK)
			break;
		size_t n = r->have - r->at;

		n = (int64_t)n < left ? n : (size_t)left;
		if (n == 0)
			return damaged(r, "ends in the middle of a file", ei);
		if (d)
			digest_add(d, r->plain + r->at, n);
		if (out)
			buf_add(out, r->plain + r->at, n);
		if (r->to >= 0 && write(r->to, r->plain + r->at, n) != (ssize_t)n)
			rc = err_errno(ei, E_IO, errno, "%s: cannot write; is the disk full?", r->dir);
		r->at += n;
		left -= (int64_t)n;
	}
	return rc;
}

static enum err part_open(struct reader *r, const char *name, struct errinfo *ei)
{
	char path[4200];
	int n;

	r->to = -1;
	if (!r->dir)
		return OK;
	n = snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(ei, E_LIMIT, "%s: path too long", r->dir);
	r->to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return r->to >= 0 ? OK : err_errno(ei, errno == EEXIST ? E_CONFLICT : E_IO, errno, "%s: cannot create", path);
}

static enum err file_part(struct reader *r, const char *name, int64_t bytes, struct errinfo *ei)
{
	struct pack_file *f = &r->files[r->nfiles];
	struct digest *d;
	enum err rc;

	if (r->nfiles == PACK_FILES_MAX)
		return damaged(r, "holds too many files", ei);
	rc = part_open(r, name, ei);
	if (rc)
		return rc;
	d = digest_new();
	rc = d ? part(r, bytes, NULL, d, ei) : err_set(ei, E_NOMEM, "%s: no memory", r->path);
	digest_end(d, f->hash);
	if (r->to >= 0 && !rc && fsync(r->to) < 0)
		rc = err_errno(ei, E_IO, errno, "%s: cannot write; is the disk full?", r->dir);
	if (r->to >= 0)
		close(r->to);
	r->to = -1;
	slice_copy(slice_from(name), f->name, sizeof(f->name));
	f->bytes = bytes;
	r->nfiles++;
	return rc;
}

/* The list is the last thing, and says what we have read. */
static enum err compare(struct reader *r, int64_t bytes, struct pack_manifest *m, struct errinfo *ei)
{
	struct buf b;
	bool same;
	enum err rc;

	buf_init(&b, 4096);
	rc = part(r, bytes, &b, NULL, ei);
	if (!rc)
		rc = pack_manifest_parse(buf_slice(&b), m, ei);
	buf_free(&b);
	if (rc)
		return rc;
	if (r->at != r->have || !r->last)
		return damaged(r, "goes on behind its list of contents", ei);
	same = m->head.kind == r->head.kind && m->head.made_ms == r->head.made_ms && strcmp(m->head.site, r->head.site) == 0 &&
	    m->nfiles == r->nfiles;
	for (size_t i = 0; same && i < m->nfiles; i++)
		same = strcmp(m->files[i].name, r->files[i].name) == 0 && m->files[i].bytes == r->files[i].bytes &&
		    crypt_equal(m->files[i].hash, r->files[i].hash, DIGEST_BYTES);
	return same ? OK : damaged(r, "holds other files than its list of contents says", ei);
}

static enum err parts(struct reader *r, struct pack_manifest *m, struct errinfo *ei)
{
	char text[LINE_MAX_BYTES], name[32];
	int64_t bytes;
	enum err rc = line(r, text, ei);

	while (!rc) {
		if (!pack_part_parse(slice_from(text), name, &bytes))
			return damaged(r, "holds something that is no part of a backup", ei);
		if (!*name)
			return compare(r, bytes, m, ei);
		rc = file_part(r, name, bytes, ei);
		if (!rc)
			rc = line(r, text, ei);
	}
	return rc;
}

static enum err head(struct reader *r, size_t *bytes, struct errinfo *ei)
{
	char text[PACK_HEAD_MAX_BYTES];
	ssize_t n = pread(r->fd, text, sizeof(text), 0);
	enum err rc;

	if (n < 0)
		return err_errno(ei, E_IO, errno, "%s: cannot read", r->path);
	rc = pack_head_parse(slice_make(text, (size_t)n), &r->head, bytes, ei);
	if (rc) {
		err_wrap(ei, "%s", r->path);
		return rc;
	}
	crypt_sha256(r->ad, text, *bytes);
	return lseek(r->fd, (off_t)*bytes, SEEK_SET) < 0 ? err_errno(ei, E_IO, errno, "%s: cannot read", r->path) : OK;
}

/* The key of this file, out of its box. */
static enum err unlock(struct reader *r, const struct crypt_key *secret, struct errinfo *ei)
{
	unsigned char box[CRYPT_KEY_BYTES + BOX_OVERHEAD_BYTES + STREAM_HEADER_BYTES], pub[BOX_PUBLIC_BYTES],
	    id[PACK_KEY_ID_BYTES];
	struct crypt_key key;

	box_public(pub, secret);
	pack_key_id(id, pub);
	if (memcmp(id, r->head.key, sizeof(id)) != 0)
		return damaged(r, "was made for another key than the secret one given", ei);
	if (read_all(r->fd, box, sizeof(box)) != (ssize_t)sizeof(box))
		return damaged(r, "ends too early; the copy of this backup is not complete", ei);
	if (!box_open(key.bytes, box, sizeof(box) - STREAM_HEADER_BYTES, secret))
		return damaged(r, "was altered or damaged: its key does not open", ei);
	r->stream = stream_open_new(&key, box + sizeof(box) - STREAM_HEADER_BYTES);
	crypt_wipe(&key, sizeof(key));
	return r->stream ? OK : err_set(ei, E_NOMEM, "%s: no memory", r->path);
}

static enum err reader_open(struct reader *r, size_t *bytes, struct errinfo *ei)
{
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return err_errno(ei, errno == ENOENT ? E_NOT_FOUND : E_IO, errno, "%s: cannot open", r->path);
	return head(r, bytes, ei);
}

enum err pack_head_read(const char *path, struct pack_head *out, struct errinfo *ei)
{
	struct reader r = {.path = path, .fd = -1, .to = -1};
	size_t bytes;
	enum err rc = reader_open(&r, &bytes, ei);

	*out = r.head;
	if (r.fd >= 0)
		close(r.fd);
	return rc;
}

enum err pack_read(const char *path, const struct crypt_key *secret, const char *dir, struct pack_manifest *out,
    struct errinfo *ei)
{
	struct reader r = {.path = path, .dir = dir, .fd = -1, .to = -1};
	size_t bytes;
	enum err rc = reader_open(&r, &bytes, ei);

	memset(out, 0, sizeof(*out));
	r.plain = malloc(PACK_PIECE_BYTES);
	r.sealed = malloc(PACK_PIECE_BYTES + STREAM_OVERHEAD_BYTES);
	if (!rc && (!r.plain || !r.sealed))
		rc = err_set(ei, E_NOMEM, "%s: no memory", path);
	if (!rc)
		rc = unlock(&r, secret, ei);
	if (!rc)
		rc = parts(&r, out, ei);
	if (r.fd >= 0)
		close(r.fd);
	stream_free(r.stream);
	free(r.plain);
	free(r.sealed);
	return rc;
}
