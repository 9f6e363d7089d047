#ifndef JAWORT_STORE_JOURNAL_H
#define JAWORT_STORE_JOURNAL_H
/*
 * journal: what a backup does not know yet, on a second path: PATH/<site>.journal. Erasures above all, so that an older
 * backup cannot bring anybody back; also who left, which addresses are blocked (keyed hashes), which checkpoints were
 * signed, and once an hour a sign of life, so that a journal that was cut off is seen. No address, no name.
 *
 *     jawort-journal 1 SITE RING 0 MAC0 MAC          RING: fingerprint of the keys; 0, MAC0: where the chain begins
 *     1 2026-11-21T14:05:09.123Z alive 4 4 4 9 MAC
 *     2 2026-11-21T14:05:09.170Z erased 3 MAC
 *
 * MAC = BLAKE2b-256 under a key derived from the site's look-up key, over the MAC before and the line up to its own; so
 * a line cannot be altered, left out or added. Numbers have no gaps. What is cut off at the end shows by the time of the
 * last line, and while data.db exists by the number and MAC that it keeps (meta "journal").
 *
 * A line without its end is what a power cut left; it does not count and is written over.
 * Threads: journal_parse() and journal_read() any; the others take DATA/<site>/journal.lock, outside transactions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"

#define JOURNAL_MAC_BYTES 32
#define JOURNAL_FILE_MAX_BYTES (64u * 1024u * 1024u)
/* Signs of life; the worker's upkeep writes them. */
#define JOURNAL_ALIVE_MS (INT64_C(3600) * 1000)
/* A journal whose last line is older does not reach the present. */
#define JOURNAL_PRESENT_MS (2 * JOURNAL_ALIVE_MS)

enum journal_kind {
	JOURNAL_ERASED = 1, /* v: person */
	JOURNAL_LEFT,       /* v: person, kind of event; withdrawn, denied, objected... */
	JOURNAL_BLOCKED,    /* v: channel, reason, since_ms, until_ms; blob: look-up (16); word: purpose, "-" for all */
	JOURNAL_SIGNED,     /* v: size; blob: root (32) of a checkpoint */
	JOURNAL_ALIVE,      /* v: last person, request, mail, event */
	JOURNAL_RESTORED,   /* v: events of the backup, turn of the log's name from then on */
	JOURNAL_KEPT,       /* v: person, until_ms: erased, and the evidence stays until then */
	JOURNAL_KIND__MAX
};
const char *journal_kind_name(enum journal_kind k);

#define JOURNAL_INTS 4
#define JOURNAL_WORD_BYTES 64
struct journal_record {
	int64_t n;
	int64_t at_ms;
	enum journal_kind kind;
	int64_t v[JOURNAL_INTS];
	unsigned char blob[STORE_HASH_BYTES];
	char word[JOURNAL_WORD_BYTES];
};

/* Where a journal stands at its end. */
struct journal_end {
	int64_t base_n; /* where the chain begins, with this MAC before it */
	unsigned char base_mac[JOURNAL_MAC_BYTES];
	int64_t n; /* of the last line */
	unsigned char mac[JOURNAL_MAC_BYTES];
	int64_t first_ms, at_ms; /* of the first and last line; 0: none */
	size_t bytes; /* up to the end of the last whole line */
	bool torn;    /* something is behind it */
	int64_t ids[JOURNAL_INTS]; /* highest person, request, mail, event that any line names */
	int64_t signed_size; /* largest checkpoint; 0: none */
	unsigned char signed_root[STORE_HASH_BYTES];
	int64_t turn; /* of the log's name since the last restore; 0: none */
};

/*
 * Reads all lines in order and checks the chain; cb may be NULL, and returns false to stop calling it. E_INVALID: no
 * journal, or a line that is none; E_DENIED: of another site or other keys, or altered. The text names the line.
 */
enum err journal_parse(struct slice text, const struct keyring *ring, const char *site,
    bool (*cb)(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg), void *arg,
    struct journal_end *end, struct errinfo *ei);
/* The same from a file. E_NOT_FOUND. */
enum err journal_read(const char *path, const struct keyring *ring, const char *site,
    bool (*cb)(const struct journal_record *r, const unsigned char mac[JOURNAL_MAC_BYTES], void *arg), void *arg,
    struct journal_end *end, struct errinfo *ei);
/* The first line of a chain that goes on behind n and mac; fills end. */
void journal_begin(struct buf *out, const struct keyring *ring, const char *site, int64_t n,
    const unsigned char mac[JOURNAL_MAC_BYTES], struct journal_end *end);
/* One more line; sets r->n and moves end. */
void journal_line(struct buf *out, const struct keyring *ring, struct journal_record *r, struct journal_end *end);

/* Ends a line that begins at start in out, of at most 512 bytes: its MAC and the line end; moves end. */
void journal_seal(struct buf *out, size_t start, const struct keyring *ring, struct journal_end *end);

/* PATH/<site>.journal of an open store; NULL: none is configured. */
const char *store_journal(const struct store *s);
/*
 * Writes what the journal does not have yet: erasures, who left, blocks, checkpoints; durable when it returns. Nothing to
 * write costs one read. Errors are the second path's: nothing is lost, the next call writes it. OK without a journal.
 * A journal that is missing, cut off or altered is put aside (<site>.journal.TIME), said loudly, and made anew from data.db.
 */
enum err journal_flush(struct store *s, int64_t now_ms, struct errinfo *ei);
/*
 * For an erasure, for which somebody waits: writes the erasures that were asked for and are not done, and of what else is
 * missing at most a portion; the next journal_flush() takes up the rest. A journal that has to be begun anew is written
 * whole. What was written is durable, and counts as written when the caller's transaction has committed
 * journal_brief_mark(); if it does not, it is written once more, which says the same. *out: NULL where nothing is to be
 * marked; else the journal's lock is held until journal_brief_end(), which takes NULL too.
 */
struct keep;
enum err journal_brief(struct store *s, int64_t now_ms, struct keep **out, struct errinfo *ei);
enum err journal_brief_mark(struct keep *k, struct db *db, struct errinfo *ei);
void journal_brief_end(struct keep *k);
/* As journal_flush(), with every line of the file checked, and a sign of life if the last one is old; lines older than keep_ms go when there are many. */
enum err journal_beat(struct store *s, int64_t now_ms, int64_t keep_ms, struct errinfo *ei);
/* journal_flush(), and that a backup with so many events was restored; turn: of the log's name from now on. */
enum err journal_restored(struct store *s, int64_t events, int64_t turn, int64_t now_ms, struct errinfo *ei);
/* Number of the last line that these data know of; 0: none. A journal that ends before it was cut off. */
enum err journal_known(struct db *db, int64_t *n, struct errinfo *ei);
/* Erasures that the journal does not have yet, since when the first waits (0: none), and the last writing. */
struct journal_state {
	int64_t waiting, waiting_since_ms, written_ms;
};
enum err journal_state(struct db *db, struct journal_state *out, struct errinfo *ei);

#endif
