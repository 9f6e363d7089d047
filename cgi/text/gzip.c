#include "text/gzip.h"

#include <zlib.h>

#define GZIP_MAX_BYTES (64u * 1024u * 1024u)
#define GZIP_WINDOW_BITS (15 + 16) /* 16: a gzip member, not a zlib stream */
#define GZIP_MEM_LEVEL 9

enum err gzip_pack(struct slice bytes, struct buf *out, struct errinfo *ei)
{
	z_stream z = {.next_in = (z_const Bytef *)bytes.ptr, .avail_in = (uInt)bytes.len};
	size_t before = out->len, room;
	char *to;
	int rc;

	if (bytes.len > GZIP_MAX_BYTES)
		return err_set(ei, E_LIMIT, "gzip: %zu bytes are too many", bytes.len);
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(ei, E_NOMEM, "gzip");
	room = deflateBound(&z, (uLong)bytes.len);
	to = buf_extend(out, room);
	if (!to) {
		deflateEnd(&z);
		return err_set(ei, E_LIMIT, "gzip: no room for %zu bytes", room);
	}
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)room;
	rc = deflate(&z, Z_FINISH);
	buf_truncate(out, before + (room - z.avail_out));
	deflateEnd(&z);
	return rc == Z_STREAM_END ? OK : err_set(ei, E_LIMIT, "gzip: no room");
}
