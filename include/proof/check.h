#ifndef JAWORT_PROOF_CHECK_H
#define JAWORT_PROOF_CHECK_H
/*
 * check: is a bundle (docs/evidence.md, "jawort-bundle 1") what it claims to be? From its bytes and public keys
 * alone: this room sees neither store nor configuration, and needs no network.
 *
 * In this order, and everything that can still be looked at after a fault is looked at:
 *   frame and JSON, members and their types, signature over the whole; per event its three parts, its commitment,
 *   the chain of numbers and what the core says of itself; every text by its hash; records against events;
 *   checkpoints by their signatures; the path of each event to a checkpoint; time stamps.
 * A fault names the place as a JSON Pointer (RFC 6901) into the file.
 *
 * Input is hostile: at most CHECK_FILE_MAX_BYTES, strict JSON (no name twice, UTF-8, no trailing bytes).
 * Threads: no state.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/crypt.h"
#include "base/err.h"
#include "base/slice.h"
#include "text/note.h"

#define CHECK_FILE_MAX_BYTES (128u * 1024u * 1024u)
#define CHECK_KEYS_MAX 64
#define CHECK_FAULTS_MAX 20
#define CHECK_PLACE_BYTES 160
#define CHECK_DETAIL_BYTES 120

/* What can be wrong. Words for each: templates/<lang>/verify.txt, verify.fault.NAME. */
enum check_fault_kind {
	CHECK_FRAME,       /* not the lines of a bundle */
	CHECK_JSON,        /* not strict JSON */
	CHECK_MEMBER,      /* unknown, missing, or of the wrong type */
	CHECK_FORMAT,      /* a format that this program does not know */
	CHECK_SIGNATURE,   /* signature over the file is wrong */
	CHECK_KEY,         /* signed by a key that was not given, or is not among the bundle's */
	CHECK_PART,        /* text and salt of a part do not give its C */
	CHECK_COMMITMENT,  /* the three C do not give the commitment */
	CHECK_CORE,        /* the core says something else than the event around it */
	CHECK_CHAIN,       /* an event is missing, twice, or out of order */
	CHECK_TEXT,        /* a text does not have its hash */
	CHECK_TEXT_GONE,   /* an event names a text that is not there */
	CHECK_TEXT_LOOSE,  /* no event names this text, or it is there twice */
	CHECK_RECORD,      /* a consent record and the event it names differ */
	CHECK_CHECKPOINT,  /* a checkpoint is not signed, or not what stands beside it */
	CHECK_PATH,        /* an event is not in the tree of the checkpoint */
	CHECK_PATH_GONE,   /* a checkpoint covers the event, and no path leads there */
	CHECK_STAMP,       /* a time stamp is not for its checkpoint, or damaged */
	CHECK_FAULT__MAX
};
const char *check_fault_name(enum check_fault_kind k);

struct check_fault {
	enum check_fault_kind kind;
	char place[CHECK_PLACE_BYTES];   /* "/bundle/events/3/core/text" */
	char detail[CHECK_DETAIL_BYTES]; /* what was found, for a programmer; may be empty */
};

/* Public keys that the one who checks trusts. */
struct check_keys {
	unsigned char pub[CHECK_KEYS_MAX][CRYPT_SIGN_PUBLIC_BYTES];
	size_t n;
};
/*
 * One key a line, the first word of it: a verifier key (C2SP) or 43 characters of base64url; blank lines and lines that start with '#'
 * are passed over. Adds to out. E_INVALID names the line; E_LIMIT more than CHECK_KEYS_MAX.
 */
enum err check_keys_read(struct check_keys *out, struct slice text, struct errinfo *ei);

#define CHECK_LINE_BYTES 80
/* One event, for a list in words. */
struct check_line {
	int64_t seq;
	int64_t time_ms;
	char kind[24];
	char purposes[CHECK_LINE_BYTES];
};
#define CHECK_LINES_MAX 200

/* No string in it has a control or a change of direction: a forged file cannot write on the terminal of who checks it. */
struct check_report {
	struct check_fault fault[CHECK_FAULTS_MAX];
	size_t nfaults; /* all, also those that had no room */

	bool keys_given;             /* and the bundle is signed by one of them */
	char signer[NOTE_VKEY_MAX_BYTES + 1];
	char site[80], base_url[200], controller[200], address[330], made[32];
	int64_t person;
	struct check_line line[CHECK_LINES_MAX];
	size_t nlines;
	size_t events, parts, parts_gone, texts, records;
	size_t checkpoints;
	int64_t newest_size;         /* of the newest checkpoint; 0: there is none */
	size_t uncovered;            /* events behind it */
	size_t stamps;               /* in the file; whether they are good: check_stamps() */
};

/*
 * Fills out; OK also with faults. keys may be empty: then the keys inside are used, and out says nothing about who
 * signed. E_LIMIT: over CHECK_FILE_MAX_BYTES; E_NOMEM.
 */
enum err check_bundle(struct slice file, const struct check_keys *keys, struct check_report *out, struct errinfo *ei);

/* A time stamp of a bundle (RFC 3161). */
struct check_stamp {
	const char *place;                        /* JSON Pointer */
	int64_t size;                             /* of the checkpoint: it proves events up to this number */
	unsigned char digest[CRYPT_HASH_BYTES];   /* what must be stamped: SHA-256 of the checkpoint's note */
	struct slice token;                       /* DER */
};
/*
 * Every stamp in a bundle that check_bundle() found in order, by size. Slices are valid during cb. Whether the
 * token is good is for somebody who knows authorities (stamp/stamp.h). E_INVALID: not a bundle; E_NOMEM.
 */
enum err check_stamps(struct slice file, void (*cb)(const struct check_stamp *s, void *arg), void *arg,
    struct errinfo *ei);

#endif
