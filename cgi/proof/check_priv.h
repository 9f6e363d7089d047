#ifndef JAWORT_PROOF_CHECK_PRIV_H
#define JAWORT_PROOF_CHECK_PRIV_H
/* A check at work, shared by cgi/proof/check*.c. */
#include <jansson.h>

#include "base/merkle.h"
#include "proof/check.h"

/* An event's number and commitment, as far as they could be read. */
struct check_event {
	int64_t seq;
	int64_t time_ms; /* of the core; -1: not readable */
	struct merkle_hash leaf;
	bool good;       /* the parts give the commitment */
};

struct check_point {
	struct note_checkpoint text;
};

struct check {
	const struct check_keys *given;
	struct check_report *r;
	json_t *root; /* the bundle */
	struct note_key key[CHECK_KEYS_MAX]; /* of the bundle, of which all are given ones if any are */
	size_t nkeys;
	struct check_event *event;
	size_t nevents;
	struct check_point *good; /* checkpoints that hold, sizes growing */
	size_t ngood;
};

void check_fault(struct check *c, enum check_fault_kind kind, const char *detail, const char *place, ...)
    __attribute__((format(printf, 4, 5)));
/* As much of s as fits, with ? for each control and each byte that is no UTF-8: it goes to terminals. */
void check_plain(struct slice s, char *dst, size_t size);
/* Strings of the tree; "" if absent or no string. */
struct slice check_str(const json_t *o, const char *key);
bool check_hex(const json_t *o, const char *key, unsigned char out[32]);

/* Members and types of the whole bundle against the table. False: what follows could stumble. */
bool check_schema(struct check *c, const json_t *bundle);
void check_events(struct check *c);
void check_texts(struct check *c);
void check_records(struct check *c);
void check_points(struct check *c);
void check_paths(struct check *c);

#endif
