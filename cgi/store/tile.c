#include "store/tile.h"

#include <string.h>

#include "store/db_priv.h"
#include "store/event.h"

#define STMTS(X)                                                                                        \
	X(PUT, DB_WRITE, 0, "INSERT INTO tile(level, n, root, hashes) VALUES(?1, ?2, ?3, ?4)")           \
	X(GET, DB_READ, 2, "SELECT hashes, root FROM tile WHERE level = ?1 AND n = ?2")                  \
	X(ROOTS, DB_READ, 2,                                                                             \
	    "SELECT n, root FROM tile WHERE level = ?1 AND n >= ?2 ORDER BY n LIMIT ?3")                 \
	X(COUNT, DB_READ, 1, "SELECT coalesce(max(n) + 1, 0) FROM tile WHERE level = ?1")                \
	X(TOTAL, DB_READ, 1, "SELECT count(*) FROM tile")
DB_STMTS(tile, TILE, STMTS)

enum err tile_row(struct db *db, unsigned level, uint64_t number, unsigned char hashes[MERKLE_TILE_BYTES],
    struct merkle_hash *root, struct errinfo *ei)
{
	sqlite3_stmt *q = tile_stmt(db, GET);
	bool row;
	db_bind_i64(q, 1, level);
	db_bind_i64(q, 2, (int64_t)number);
	enum err e = db_row(db, q, &row, ei);
	if (e)
		return e;
	if (!row)
		return err_set(ei, E_NOT_FOUND, "no tile %llu of level %u", (unsigned long long)number, level);
	if (!db_col_bytes(q, 0, hashes, MERKLE_TILE_BYTES) || !db_col_bytes(q, 1, root->b, sizeof root->b))
		e = err_set(ei, E_IO, "tile %llu of level %u is damaged", (unsigned long long)number, level);
	db_end(q);
	return e;
}

enum err tile_rows(struct db *db, int64_t *n, struct errinfo *ei)
{
	sqlite3_stmt *q = tile_stmt(db, TOTAL);
	bool row;
	*n = 0;
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		*n = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

/* The first hashes of a complete one as it is stored. E_NOT_FOUND. */
static enum err tile_stored(struct db *db, unsigned level, uint64_t number, unsigned char *hashes, unsigned width,
    struct errinfo *ei)
{
	unsigned char all[MERKLE_TILE_BYTES];
	struct merkle_hash root;
	enum err e = tile_row(db, level, number, all, &root, ei);
	if (!e)
		memcpy(hashes, all, (size_t)width * MERKLE_HASH_BYTES);
	return e;
}

enum err tile_put(struct db *db, unsigned level, uint64_t number, const unsigned char hashes[MERKLE_TILE_BYTES],
    const struct merkle_hash *root, struct errinfo *ei)
{
	unsigned char have[MERKLE_TILE_BYTES];
	enum err e = tile_stored(db, level, number, have, MERKLE_TILE_HASHES, ei);
	if (!e && memcmp(have, hashes, sizeof have) != 0)
		e = err_set(ei, E_CONFLICT, "tile %llu of level %u of the log is not what the events give: events or tiles "
		    "were altered. Restore a backup; \"jawort verify\" names the place", (unsigned long long)number, level);
	if (e != E_NOT_FOUND)
		return e;
	sqlite3_stmt *q = tile_stmt(db, PUT);
	db_bind_i64(q, 1, level);
	db_bind_i64(q, 2, (int64_t)number);
	db_bind_blob(q, 3, root->b, sizeof root->b);
	db_bind_blob(q, 4, hashes, MERKLE_TILE_BYTES);
	return db_run(db, q, ei);
}

struct gather {
	uint64_t first;
	unsigned width, n;
	unsigned char *hashes;
};

static bool gather_event(int64_t seq, const unsigned char commitment[STORE_HASH_BYTES], void *arg)
{
	struct gather *g = arg;
	if ((uint64_t)seq != g->first + g->n + 1)
		return false; /* a gap: then too few */
	memcpy(g->hashes + (size_t)g->n++ * MERKLE_HASH_BYTES, commitment, MERKLE_HASH_BYTES);
	return true;
}

static enum err gather_roots(struct db *db, unsigned level, struct gather *g, struct errinfo *ei)
{
	sqlite3_stmt *q = tile_stmt(db, ROOTS);
	bool row;
	enum err e;
	db_bind_i64(q, 1, level);
	db_bind_i64(q, 2, (int64_t)g->first);
	db_bind_i64(q, 3, g->width);
	while (!(e = db_row(db, q, &row, ei)) && row) {
		if ((uint64_t)sqlite3_column_int64(q, 0) != g->first + g->n ||
		    !db_col_bytes(q, 1, g->hashes + (size_t)g->n * MERKLE_HASH_BYTES, MERKLE_HASH_BYTES))
			break;
		g->n++;
	}
	db_end(q);
	return e;
}

enum err tile_get(struct db *db, unsigned level, uint64_t number, unsigned width, unsigned char *hashes,
    struct errinfo *ei)
{
	struct gather g = {.first = number * MERKLE_TILE_HASHES, .width = width, .hashes = hashes};
	bug_if(width < 1 || width > MERKLE_TILE_HASHES);
	if (level >= MERKLE_TILE_LEVELS || number > INT64_MAX / MERKLE_TILE_HASHES - 1)
		return err_set(ei, E_NOT_FOUND, "no tile %llu of level %u", (unsigned long long)number, level);
	enum err e = tile_stored(db, level, number, hashes, width, ei);
	if (e != E_NOT_FOUND)
		return e;
	if (level == 0)
		e = event_commitments(db, (int64_t)g.first, width, gather_event, &g, ei);
	else
		e = gather_roots(db, level - 1, &g, ei);
	if (!e && g.n < width)
		e = err_set(ei, E_NOT_FOUND, "tile %llu of level %u of the log has %u hashes, not %u",
		    (unsigned long long)number, level, g.n, width);
	return e;
}

enum err tile_count(struct db *db, unsigned level, uint64_t *n, struct errinfo *ei)
{
	sqlite3_stmt *q = tile_stmt(db, COUNT);
	bool row;
	*n = 0;
	db_bind_i64(q, 1, level);
	enum err e = db_row(db, q, &row, ei);
	if (!e && row)
		*n = (uint64_t)sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}
