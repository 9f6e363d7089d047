#include "core/entry.h"

#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/enc.h"

#define KEY_MAX_BYTES 40

/* Where the value of a key begins; core.len: not there. */
static size_t value_at(struct slice core, const char *key, const char *opening)
{
	char pattern[KEY_MAX_BYTES];
	int n = snprintf(pattern, sizeof(pattern), ",\"%s\":%s", key, opening);
	const char *at;

	bug_if(n < 0 || n >= KEY_MAX_BYTES);
	at = core.len ? memmem(core.ptr, core.len, pattern, (size_t)n) : NULL;
	return at ? (size_t)(at - core.ptr) + (size_t)n : core.len;
}

/* The end of a string: the first quote that no backslash stands before. */
static size_t string_end(struct slice core, size_t at)
{
	while (at < core.len && core.ptr[at] != '"')
		at += core.ptr[at] == '\\' ? 2 : 1;
	return at < core.len ? at : core.len;
}

struct slice entry_str(struct slice core, const char *key)
{
	size_t at = value_at(core, key, "\"");

	return slice_sub(core, at, string_end(core, at) - at);
}

int64_t entry_int(struct slice core, const char *key)
{
	size_t at = value_at(core, key, ""), end = at;
	unsigned long long n;

	while (end < core.len && core.ptr[end] >= '0' && core.ptr[end] <= '9')
		end++;
	return slice_u64(slice_sub(core, at, end - at), &n) && n <= INT64_MAX ? (int64_t)n : 0;
}

bool entry_hash(struct slice core, const char *key, unsigned char out[STORE_HASH_BYTES])
{
	return enc_hex_decode(entry_str(core, key), out, STORE_HASH_BYTES);
}

struct slice entry_purposes(struct slice core)
{
	size_t at = value_at(core, "purposes", "[");

	return slice_sub(core, at, slice_find(core, ']', at) - at);
}

bool entry_about(struct slice core, struct slice purpose)
{
	struct slice rest = entry_purposes(core), one;

	if (!rest.len)
		return true;
	while (slice_split(&rest, ',', &one))
		if (one.len == purpose.len + 2 && slice_eq(slice_sub(one, 1, purpose.len), purpose))
			return true;
	return false;
}
