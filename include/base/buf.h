#ifndef JAWORT_BASE_BUF_H
#define JAWORT_BASE_BUF_H
/*
 * buf: growable bytes that know their limit from the start.
 *
 * Every buffer states its maximum at init. When an addition would pass it, or
 * memory ends, the buffer turns "failed": contents are dropped, all further
 * additions do nothing, buf_ok() says false. So code adds without checks and
 * looks once at the end.
 *
 * Invariants: data is never NULL after init and always ends in NUL (not
 * counted in len); len <= max_bytes. The only way out of the memory is
 * buf_detach(). Low level: calls nothing above libc and the arena.
 * Threads: one buffer belongs to one thread.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/slice.h"

struct buf {
	char *data;
	size_t len;
	size_t cap_bytes;
	size_t max_bytes;
	struct arena *arena; /* NULL: heap, must be freed */
	bool failed;
};

void buf_init(struct buf *b, size_t max_bytes);
/* Memory from the arena; buf_free() is then not needed. a NULL (no memory for it): failed from the start. */
void buf_init_arena(struct buf *b, struct arena *a, size_t max_bytes);
void buf_free(struct buf *b);
/* Empties, keeps the memory, clears the failure. */
void buf_reset(struct buf *b);
bool buf_ok(const struct buf *b);
void buf_fail(struct buf *b);
/* bytes must not lie in the buffer itself. */
void buf_add(struct buf *b, const void *bytes, size_t len);
/* Lengthens by len bytes that the caller fills at once (they are zero); NULL if failed. */
char *buf_extend(struct buf *b, size_t len);
void buf_add_str(struct buf *b, const char *cstr);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t n);
void buf_add_i64(struct buf *b, int64_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Cuts to len bytes; len must not be larger than what is there. */
void buf_truncate(struct buf *b, size_t len);
/* A view that is valid until the next addition. */
struct slice buf_slice(const struct buf *b);
/* A heap buffer's memory passes to the caller (free()); NULL if failed. The buffer is empty afterwards. */
char *buf_detach(struct buf *b, size_t *len);

#endif
