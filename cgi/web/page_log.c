/*
 * The log of events for everybody (C2SP tlog-tiles): its signed state, and, where the owner publishes them, the
 * salted checksums in tiles. Only what the last checkpoint covers, so nothing here grows with single sign-ups.
 */
#include "web/page_priv.h"

#include "base/crypt.h"
#include "base/enc.h"
#include "core/logbook.h"

#define TILE_PATH_PARTS 8

void page_log_checkpoint_get(struct page *p)
{
	struct errinfo ei = {.code = OK};
	struct checkpoint cp;
	struct buf note;
	struct db *db;
	enum err rc;

	if (site_conf(p->site)->publish == CONF_PUBLISH_NONE) {
		page_error(p, 404, "page.nopage");
		return;
	}
	buf_init_arena(&note, p->arena, NOTE_MAX_BYTES);
	rc = store_read(p->store, &db, &ei);
	if (!rc) {
		rc = checkpoint_last(db, &cp, &note, &ei);
		store_read_end(p->store, db);
	}
	if (rc == E_NOT_FOUND) {
		page_error(p, 404, "page.nopage");
		return;
	}
	if (rc) {
		page_failed(p, rc, &ei);
		return;
	}
	page_head(p, 200, "text/plain; charset=utf-8", NULL);
	buf_add_slice(&p->res->body, buf_slice(&note));
	page_etag_body(p);
}

/* A decimal number without leading zeros. */
static bool number(struct slice s, unsigned long long max, unsigned long long *out)
{
	return slice_u64(s, out) && *out <= max && (s.len == 1 || s.ptr[0] != '0');
}

/* "L/N" or "L/N.p/W"; N in groups of three digits, all but the last behind an "x": "x001/x234/067". */
static bool tile_path(struct slice path, unsigned *level, uint64_t *n, unsigned *width)
{
	unsigned long long l, w = MERKLE_TILE_HASHES, three;
	struct slice part, rest = path;
	bool last = false;

	if (!slice_split(&rest, '/', &part) || !number(part, 63, &l) || !rest.ptr)
		return false;
	*n = 0;
	for (int i = 0; !last && i < TILE_PATH_PARTS && slice_split(&rest, '/', &part); i++) {
		bool more = part.len == 4 && part.ptr[0] == 'x';
		bool partial = !more && slice_ends(part, SLICE(".p"));
		last = !more;
		part = slice_sub(part, more ? 1 : 0, partial ? part.len - 2 : part.len);
		if (part.len != 3 || !slice_u64(part, &three) || (more && i == 0 && three == 0))
			return false;
		*n = *n * 1000 + three;
		/* A width follows where the path says so, and nowhere else. */
		if (partial && (!slice_split(&rest, '/', &part) || !number(part, MERKLE_TILE_HASHES - 1, &w) || w == 0))
			return false;
	}
	*level = (unsigned)l;
	*width = (unsigned)w;
	return last && !rest.ptr && *n < UINT64_MAX / MERKLE_TILE_BYTES;
}

static enum err tile_read(struct page *p, unsigned level, uint64_t n, unsigned width, struct buf *out,
    struct errinfo *ei)
{
	struct logbook *l = NULL;
	struct db *db;
	enum err rc = store_read(p->store, &db, ei);

	if (rc)
		return rc;
	rc = logbook_open(&l, db, ei);
	if (!rc)
		rc = logbook_tile(l, level, n, width, out, ei);
	logbook_close(l);
	store_read_end(p->store, db);
	return rc;
}

void page_log_tile_get(struct page *p)
{
	struct errinfo ei = {.code = OK};
	unsigned level, width;
	struct buf tile;
	uint64_t n;
	enum err rc;

	if (site_conf(p->site)->publish != CONF_PUBLISH_TILES || !tile_path(p->arg, &level, &n, &width)) {
		page_error(p, 404, "page.nopage");
		return;
	}
	buf_init_arena(&tile, p->arena, MERKLE_TILE_BYTES);
	rc = tile_read(p, level, n, width, &tile, &ei);
	if (rc == E_NOT_FOUND) {
		page_error(p, 404, "page.nopage");
		return;
	}
	if (rc) {
		page_failed(p, rc, &ei);
		return;
	}
	page_head(p, 200, "application/octet-stream", NULL);
	/* What is signed never changes. */
	response_header_set(p->res, "Cache-Control", SLICE("public, max-age=31536000, immutable"));
	buf_add_slice(&p->res->body, buf_slice(&tile));
	page_etag_body(p);
}
