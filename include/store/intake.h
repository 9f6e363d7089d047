#ifndef JAWORT_STORE_INTAKE_H
#define JAWORT_STORE_INTAKE_H
/*
 * intake: sign-ups as they came in, one row of fixed shape each, before anybody
 * looked up who it is. Address, page, IP, fields and purposes are sealed under the site's
 * intake key and padded to 512, 1024, 2048 ... 16384 bytes, so that a row
 * tells neither. One INSERT and one seal per sign-up.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define INTAKE_PLAIN_MAX_BYTES 16384

struct intake {
	int64_t at_ms;
	enum store_channel channel;
	struct slice form;     /* empty: no sign-up, but a question about one's own data (core/ask.h) */
	struct slice lang;
	unsigned char consent_hash[STORE_HASH_BYTES]; /* text shown; zeros where there was none */
	/* sealed from here on */
	struct slice address;  /* as it will be used, normalised */
	struct slice page;     /* may be empty */
	struct slice ip;       /* as policy allows; may be empty */
	struct slice fields;   /* JSON object text; may be empty */
	struct slice purposes; /* ids ticked, comma-separated */
	struct slice source;   /* how it came, where the owner put it in; may be empty */
};

struct intake_row {
	int64_t id;
	struct intake in; /* slices in the arena given */
	bool readable;    /* false: sealed under another key or damaged; only the open columns are set */
};

/* E_LIMIT: does not fit 16,384 bytes. */
enum err intake_put(struct db *db, const struct intake *in, int64_t *id, struct errinfo *ei);
/* The first row with after_id < id <= max_id. E_NOT_FOUND: none. */
enum err intake_next(struct db *db, int64_t after_id, int64_t max_id, struct arena *a, struct intake_row *out,
    struct errinfo *ei);
enum err intake_delete(struct db *db, int64_t id, struct errinfo *ei);
/* Highest id ever given, 0 if none. */
enum err intake_last_id(struct db *db, int64_t *id, struct errinfo *ei);
/* Highest id that was given before this write transaction began: the limit for follow-up work. */
int64_t intake_committed_id(const struct db *db);
/* Rows waiting. */
enum err intake_count(struct db *db, int64_t *n, struct errinfo *ei);

#endif
