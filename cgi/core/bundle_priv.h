#ifndef JAWORT_CORE_BUNDLE_PRIV_H
#define JAWORT_CORE_BUNDLE_PRIV_H
/* A bundle in the making, shared by cgi/core/bundle*.c. */
#include "base/arena.h"
#include "core/bundle.h"
#include "core/dpv.h"
#include "core/logbook.h"
#include "text/jsonw.h"

struct bundle_hash {
	struct bundle_hash *next;
	unsigned char hash[STORE_HASH_BYTES];
};

/* A checkpoint that a path leads to. */
struct bundle_point {
	struct bundle_point *next;
	int64_t size;
	struct slice origin;
};

struct bundle {
	struct db *db;
	const struct keyring *ring; /* one for the whole file */
	const struct site *s;
	const struct conf_site *c;
	const struct person *p;
	struct buf *out;
	struct arena *a;
	struct jsonw w;
	struct dpv_person *records;
	struct bundle_hash *texts, **last; /* that events name, in the order of their first mention */
	struct logbook *log;         /* NULL: there is no checkpoint yet */
	struct buf origin;
	int64_t newest;              /* size of the newest checkpoint, 0: none */
	struct bundle_point *points; /* by size */
	enum err rc;
	struct errinfo *ei;
};

/* The first error is kept. */
void bundle_fail(struct bundle *b, enum err rc);
/* "key":" hex of 32 bytes " */
void bundle_hex(struct bundle *b, const char *key, const unsigned char hash[STORE_HASH_BYTES]);
/* A line break between members: the file is made to be looked at, too. */
void bundle_line(struct bundle *b);

/* What ties events to the log: cgi/core/bundle_log.c */
void bundle_log_open(struct bundle *b);
void bundle_log_close(struct bundle *b);
void bundle_proofs(struct bundle *b, int64_t seq);
void bundle_checkpoints(struct bundle *b);
void bundle_keys(struct bundle *b);
void bundle_signature(struct bundle *b, size_t from);

#endif
