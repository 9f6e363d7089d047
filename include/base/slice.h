#ifndef JAWORT_BASE_SLICE_H
#define JAWORT_BASE_SLICE_H
/*
 * slice: a view of bytes that somebody else owns. Never NUL-terminated by
 * promise, never freed, cheap to copy. Inside Jawort text travels as slices;
 * C strings appear only at library edges.
 *
 * Invariant: len == 0, or ptr points to len readable bytes.
 * Threads: plain data, no state.
 */
#include <stdbool.h>
#include <stddef.h>

struct slice {
	const char *ptr;
	size_t len;
};

/* A slice of a string literal, also usable in const tables. */
#define SLICE_LIT(s) { (s), sizeof(s) - 1 }
#define SLICE(s) ((struct slice)SLICE_LIT(s))

/* For printf: "%.*s", SLICE_FMT(x) */
#define SLICE_FMT(s) (int)(s).len, ((s).ptr ? (s).ptr : "")

/* NULL gives the empty slice. */
struct slice slice_from(const char *cstr);
struct slice slice_make(const void *ptr, size_t len);
bool slice_eq(struct slice a, struct slice b);
bool slice_eq_str(struct slice a, const char *b);
/* ASCII letters compare without case, all other bytes exactly. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_starts(struct slice a, struct slice prefix);
bool slice_ends(struct slice a, struct slice suffix);
/* Index of the first c at or after from, or a.len. */
size_t slice_find(struct slice a, char c, size_t from);
/* Bytes [from, from+len), clipped to what is there. */
struct slice slice_sub(struct slice a, size_t from, size_t len);
/* Without ASCII space, TAB, CR, LF at both ends. */
struct slice slice_trim(struct slice a);
/*
 * Takes the next piece of *rest up to sep; false when nothing is left.
 * "a,b" gives "a" and "b"; "a," gives "a" and ""; "" gives one "", a slice with ptr NULL none.
 * At the end *rest is { NULL, 0 }.
 */
bool slice_split(struct slice *rest, char sep, struct slice *piece);
/* strtoull over the whole slice, decimal digits only; false on anything else or overflow. */
bool slice_u64(struct slice a, unsigned long long *out);
/* Copies into dst and terminates; false (dst = "") if it does not fit or holds NUL. */
bool slice_copy(struct slice a, char *dst, size_t dst_bytes);

#endif
