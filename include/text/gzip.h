#ifndef JAWORT_TEXT_GZIP_H
#define JAWORT_TEXT_GZIP_H
/*
 * gzip: bytes as a gzip member (RFC 1952) at the highest level, for files that a web server hands out as they are.
 * The same bytes give the same member: it holds no name and no time.
 * Not for answers that hold both a secret and what a visitor chose (BREACH).
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* At most 64 MiB. Appends to out. E_LIMIT: too long, or out is full. E_NOMEM. */
enum err gzip_pack(struct slice bytes, struct buf *out, struct errinfo *ei);

#endif
