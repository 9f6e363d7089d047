#ifndef JAWORT_TEXT_JSONW_H
#define JAWORT_TEXT_JSONW_H
/*
 * jsonw: writes JSON (RFC 8259) straight into a buffer, without a tree. Commas
 * are its business. Strings must be UTF-8; bad bytes become U+FFFD. U+2028/9
 * and "<" are written as \u escapes, so the output may stand inside HTML.
 * Depth <= 32 (bug otherwise). Output is byte-for-byte the same for the same
 * calls: evidence hashes rely on it.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/slice.h"

struct jsonw {
	struct buf *out;
	unsigned depth;
	uint32_t has_item; /* bit per depth */
	bool after_key;
};

void jsonw_init(struct jsonw *w, struct buf *out);
void jsonw_object(struct jsonw *w);
void jsonw_end_object(struct jsonw *w);
void jsonw_array(struct jsonw *w);
void jsonw_end_array(struct jsonw *w);
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_key_slice(struct jsonw *w, struct slice key);
void jsonw_str(struct jsonw *w, struct slice s);
void jsonw_cstr(struct jsonw *w, const char *s); /* NULL writes null */
void jsonw_int(struct jsonw *w, int64_t n);
void jsonw_bool(struct jsonw *w, bool b);
void jsonw_null(struct jsonw *w);
/* A value that is JSON already. */
void jsonw_raw(struct jsonw *w, struct slice json);
/* key and value in one call */
void jsonw_kstr(struct jsonw *w, const char *key, struct slice s);
void jsonw_kcstr(struct jsonw *w, const char *key, const char *s);
void jsonw_kint(struct jsonw *w, const char *key, int64_t n);
void jsonw_kbool(struct jsonw *w, const char *key, bool b);

#endif
