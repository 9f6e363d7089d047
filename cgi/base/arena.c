#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES (64u * 1024u)
#define ARENA_ALIGN _Alignof(max_align_t)

/* Fresh block memory is zero and stays so until taken: arena_reset() restores that. */
struct arena_block {
	struct arena_block *next;
	size_t size_bytes;
	size_t used_bytes;
	_Alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
	arena_init_blocks(a, max_bytes, ARENA_BLOCK_BYTES);
}

void arena_init_blocks(struct arena *a, size_t max_bytes, size_t block_bytes)
{
	*a = (struct arena){ .max_bytes = max_bytes, .block_bytes = block_bytes };
}

/* Wiped, for a request's memory holds addresses and names. */
static void blocks_free(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		explicit_bzero(b->bytes, b->used_bytes);
		free(b);
		b = next;
	}
}

void arena_reset(struct arena *a)
{
	if (a->first) {
		blocks_free(a->first->next);
		a->first->next = NULL;
		explicit_bzero(a->first->bytes, a->first->used_bytes);
		a->first->used_bytes = 0;
	}
	a->now = a->first;
	a->taken_bytes = 0;
	a->failed = false;
}

void arena_free(struct arena *a)
{
	blocks_free(a->first);
	arena_init_blocks(a, a->max_bytes, a->block_bytes);
}

static struct arena_block *block_add(struct arena *a, size_t need_bytes)
{
	size_t size = need_bytes > a->block_bytes ? need_bytes : a->block_bytes;
	/* The first block is kept for ever, so it has the plain size. */
	if (!a->first && need_bytes > a->block_bytes && !block_add(a, a->block_bytes))
		return NULL;
	struct arena_block *b = calloc(1, sizeof(*b) + size);
	if (!b)
		return NULL;
	b->size_bytes = size;
	if (a->now)
		a->now->next = b;
	else
		a->first = b;
	a->now = b;
	return b;
}

static size_t rounded(size_t bytes)
{
	return (bytes ? bytes + ARENA_ALIGN - 1 : ARENA_ALIGN) / ARENA_ALIGN * ARENA_ALIGN;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	if (a->failed)
		return NULL;
	/* taken_bytes <= max_bytes always, so this cannot wrap; rounding comes after. */
	if (bytes > a->max_bytes - a->taken_bytes || bytes > SIZE_MAX / 2)
		goto fail;
	size_t size = rounded(bytes);
	if (size > a->max_bytes - a->taken_bytes)
		goto fail;
	struct arena_block *b = a->now;
	if (!b || size > b->size_bytes - b->used_bytes) {
		b = block_add(a, size);
		if (!b)
			goto fail;
	}
	void *p = b->bytes + b->used_bytes;
	b->used_bytes += size;
	a->taken_bytes += size;
	return p;
fail:
	a->failed = true;
	return NULL;
}

bool arena_extend(struct arena *a, const void *p, size_t have, size_t want)
{
	struct arena_block *b = a->now;

	if (a->failed || !b || want < have || want > SIZE_MAX / 2)
		return false;
	size_t more = rounded(want) - rounded(have);
	if (rounded(have) > b->used_bytes || p != b->bytes + b->used_bytes - rounded(have))
		return false;
	if (more > b->size_bytes - b->used_bytes || more > a->max_bytes - a->taken_bytes)
		return false;
	b->used_bytes += more;
	a->taken_bytes += more;
	return true;
}

struct slice arena_dup(struct arena *a, struct slice s)
{
	char *p = s.len < SIZE_MAX ? arena_alloc(a, s.len + 1) : NULL;

	if (!p)
		return (struct slice){ NULL, 0 };
	if (s.len > 0)
		memcpy(p, s.ptr, s.len);
	return (struct slice){ p, s.len };
}

char *arena_str(struct arena *a, struct slice s)
{
	if (s.len > 0 && memchr(s.ptr, '\0', s.len))
		return NULL;
	/* The cast only undoes the const of slices: the copy is the caller's. */
	return (char *)arena_dup(a, s).ptr;
}

bool arena_ok(const struct arena *a)
{
	return !a->failed;
}
