#ifndef JAWORT_BASE_ARENA_H
#define JAWORT_BASE_ARENA_H
/*
 * arena: memory of one request. Everything taken dies together, so pages
 * contain no free(). Secrets never live here (base/crypt.h has its own memory).
 *
 * At the cap, or when malloc fails, arena_alloc() returns NULL and the arena
 * stays failed until reset: callers may go on and look once at arena_ok().
 * Memory comes zeroed and aligned for any type.
 * Threads: one arena belongs to one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/slice.h"

struct arena_block;
struct arena {
	struct arena_block *first; /* kept across resets, so a worker stops allocating */
	struct arena_block *now;
	size_t taken_bytes;
	size_t max_bytes;
	size_t block_bytes;
	bool failed;
};

#define ARENA_REQUEST_MAX_BYTES (1024u * 1024u)

void arena_init(struct arena *a, size_t max_bytes);
/* With smaller blocks than 64 KiB, for arenas of which a thousand live at once. */
void arena_init_blocks(struct arena *a, size_t max_bytes, size_t block_bytes);
/* Forgets everything, keeps the first block (64 KiB) for reuse. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);
void *arena_alloc(struct arena *a, size_t bytes);
/* Makes p, taken with have bytes, want bytes long where it is. false: it was not the last that was taken, or no room. */
bool arena_extend(struct arena *a, const void *p, size_t have, size_t want);
/* Copy with a NUL behind it, which is not counted. Empty slice on failure. */
struct slice arena_dup(struct arena *a, struct slice s);
/* NUL-terminated copy; NULL on failure or when s holds a NUL. */
char *arena_str(struct arena *a, struct slice s);
bool arena_ok(const struct arena *a);

#endif
