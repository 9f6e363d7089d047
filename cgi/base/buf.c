#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/enc.h"

#define BUF_FIRST_BYTES 128u

/* What data points to before the first byte (cap_bytes == 0). Never written. */
static char buf_nothing[1];

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){ .data = buf_nothing, .max_bytes = max_bytes };
}

void buf_init_arena(struct buf *b, struct arena *a, size_t max_bytes)
{
	/* An arena that could not be had: nobody would free what came from the heap instead. */
	*b = (struct buf){ .data = buf_nothing, .max_bytes = max_bytes, .arena = a, .failed = !a };
}

void buf_free(struct buf *b)
{
	if (b->cap_bytes > 0 && !b->arena)
		free(b->data);
	*b = (struct buf){ .data = buf_nothing, .max_bytes = b->max_bytes, .arena = b->arena };
}

static void set_len(struct buf *b, size_t len)
{
	b->len = len;
	if (b->cap_bytes > 0)
		b->data[len] = '\0';
}

void buf_reset(struct buf *b)
{
	b->failed = false;
	set_len(b, 0);
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

void buf_fail(struct buf *b)
{
	set_len(b, 0);
	b->failed = true;
}

/* Doubles, but never beyond what the limit can use. */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap_bytes > 0 ? b->cap_bytes : BUF_FIRST_BYTES;

	while (cap < need && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (cap < need)
		cap = need;
	if (cap - 1 > b->max_bytes)
		cap = b->max_bytes + 1;
	return cap;
}

/* Room for extra bytes and the NUL; false turns the buffer failed. */
static bool reserve(struct buf *b, size_t extra)
{
	char *data;

	if (b->failed)
		return false;
	if (extra > b->max_bytes - b->len || b->len + extra == SIZE_MAX)
		goto fail;
	if (b->len + extra + 1 <= b->cap_bytes)
		return true;
	size_t cap = next_cap(b, b->len + extra + 1);
	if (b->arena && b->cap_bytes > 0 && arena_extend(b->arena, b->data, b->cap_bytes, cap)) {
		data = b->data;
	} else if (b->arena) {
		data = arena_alloc(b->arena, cap);
		if (data)
			memcpy(data, b->data, b->len + 1);
	} else {
		data = realloc(b->cap_bytes > 0 ? b->data : NULL, cap);
	}
	if (!data)
		goto fail;
	b->data = data;
	b->cap_bytes = cap;
	b->data[b->len] = '\0';
	return true;
fail:
	buf_fail(b);
	return false;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0 || !reserve(b, len))
		return;
	memcpy(b->data + b->len, bytes, len);
	set_len(b, b->len + len);
}

char *buf_extend(struct buf *b, size_t len)
{
	if (!reserve(b, len))
		return NULL;
	char *p = b->data + b->len;
	memset(p, 0, len);
	set_len(b, b->len + len);
	return p;
}

void buf_add_str(struct buf *b, const char *cstr)
{
	if (cstr)
		buf_add(b, cstr, strlen(cstr));
}

void buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.ptr, s.len);
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_add_u64(struct buf *b, uint64_t n)
{
	char digits[ENC_DECIMAL_BYTES];

	buf_add(b, digits, enc_u64(n, digits));
}

void buf_add_i64(struct buf *b, int64_t n)
{
	char digits[ENC_DECIMAL_BYTES];

	buf_add(b, digits, enc_i64(n, digits));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;

	if (b->failed)
		return;
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < 0)
		buf_fail(b);
	else if ((size_t)n < sizeof(small))
		buf_add(b, small, (size_t)n);
	else if (reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_truncate(struct buf *b, size_t len)
{
	/* A failed buffer has lost its contents; callers cut back to old marks without looking. */
	if (b->failed)
		return;
	bug_if(len > b->len);
	set_len(b, len);
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->data, b->len };
}

char *buf_detach(struct buf *b, size_t *len)
{
	bug_if(b->arena != NULL);
	if (len)
		*len = b->len;
	char *data = b->failed || !reserve(b, 0) ? NULL : b->data;
	if (!data) {
		if (len)
			*len = 0;
		buf_free(b);
		return NULL;
	}
	buf_init(b, b->max_bytes);
	return data;
}
