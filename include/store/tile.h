#ifndef JAWORT_STORE_TILE_H
#define JAWORT_STORE_TILE_H
/*
 * tile: the tree over the commitments of events in pieces of 256 hashes (base/merkle.h,
 * C2SP tlog-tiles). Complete tiles are stored, append-only; the one at the right edge
 * of each level is made from events (level 0) or from the tiles below.
 *
 * Invariant: of a tree with a checkpoint of size n all complete tiles are stored.
 * Which tiles to write is decided by core/logbook.
 */
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/merkle.h"
#include "store/db.h"

/*
 * root: of the 256 hashes. A tile that is there with the same bytes is fine. E_CONFLICT: it is there with others,
 * so an event or a tile was altered.
 */
enum err tile_put(struct db *db, unsigned level, uint64_t number, const unsigned char hashes[MERKLE_TILE_BYTES],
    const struct merkle_hash *root, struct errinfo *ei);
/* Exactly width (1..256) hashes into hashes. E_NOT_FOUND: the tree does not reach so far. */
enum err tile_get(struct db *db, unsigned level, uint64_t number, unsigned width, unsigned char *hashes,
    struct errinfo *ei);
/* A complete tile and its root as they stand in the database, for who checks them. E_NOT_FOUND; E_IO: wrong sizes. */
enum err tile_row(struct db *db, unsigned level, uint64_t number, unsigned char hashes[MERKLE_TILE_BYTES],
    struct merkle_hash *root, struct errinfo *ei);
/* All rows of all levels. */
enum err tile_rows(struct db *db, int64_t *n, struct errinfo *ei);
/* Stored tiles of a level. They are numbered without gaps. */
enum err tile_count(struct db *db, unsigned level, uint64_t *n, struct errinfo *ei);

#endif
