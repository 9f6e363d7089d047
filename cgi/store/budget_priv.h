#ifndef JAWORT_STORE_BUDGET_PRIV_H
#define JAWORT_STORE_BUDGET_PRIV_H
/*
 * What the files of budget share. Everything here is called with the lock of the budget held.
 *
 * A window is the counter of one subject as it stands in memory: its slots within the rate's duration. Those of networks
 * and sites are always counted there, since everybody asks for them; in a process that defers (budget_defer()) those
 * of addresses too. What is added is written to the file with many others, in the order of the file: after a second,
 * after WINDOW_WRITE_TAKES takes, when there is no room, or at the end. So a process that is killed forgets the last second,
 * and other processes see it a second late.
 *
 * The windows lie on shelves, by the first bits of their subjects. One that is full is written and emptied by itself, and a
 * process that defers writes a few at a time: all at once were ten milliseconds in which everybody waited.
 *
 * In a process that defers a filter (B. H. Bloom, 1970) says of most subjects that the file does not hold them, so that
 * one that comes for the first time is not looked up: an address needs four looks else, and most addresses come once. It
 * is made from the whole file, learns what is added, and does not count from the moment another process is seen to
 * have written until it is made anew.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/crypt.h"
#include "base/err.h"
#include "store/budget.h"
#include "store/db_priv.h"

#define SLOTS 24
#define DAY_S (24 * 3600)
#define SUBJECT_BYTES 16
#define WINDOW_SLOTS (SLOTS + 1)
#define WINDOW_WRITE_TAKES 4096
#define WINDOW_WRITE_MS 1000
#define SHELVES 32
/*
 * Of a shelf; at three quarters it is written and begins anew. So many that neighbours meet on the pages of the file, so
 * few that one is written in a millisecond or so; all are written at once when the day changes or the program ends. 1.1 MB.
 */
#define SHELF_WINDOWS 256
#define SHELF_FULL (SHELF_WINDOWS * 3 / 4)
/* Written in a row by a process that defers. */
#define SHELF_PORTION 2

enum { Q_BEGIN, Q_READ, Q_COMMIT, Q_ROLLBACK, Q_KEY, Q_KEY_ADD, Q_SUM, Q_SLOTS, Q_ADD, Q_TALLY, Q_EACH, Q_FORGET_KEYS,
	Q_FORGET_SLOTS, Q_FORGET_TALLIES, Q_VERSION, Q_SUBJECTS, Q__MAX };

struct window {
	enum budget_class class; /* 0: free */
	unsigned char subject[SUBJECT_BYTES]; /* under the key of today */
	int32_t width; /* seconds per slot */
	int64_t at; /* the latest slot */
	int32_t n[WINDOW_SLOTS]; /* slot number s is n[s % WINDOW_SLOTS]; those up to `at`. INT32_MAX: so many or more */
	int32_t pending; /* of n[at]: not in the file yet; what came within a second or so */
};

/* Pages of a form since the last tick. Ids of sites and forms are short (conf). */
struct budget_shown {
	char site[64], form[64];
	int64_t n;
};

struct budget {
	atomic_uint coming; /* threads that wait for the lock in budget_take() */
	pthread_mutex_t lock;
	unsigned held; /* budget_hold() without budget_release() */
	unsigned open; /* takes in the transaction that is open; deferred: whether one that only reads is */
	bool deferred;
	sqlite3 *conn;
	sqlite3_stmt *q[Q__MAX];
	int64_t key_day; /* of key[0]; key[1] is the day before */
	struct crypt_key *key[2];
	struct window windows[SHELVES][SHELF_WINDOWS];
	unsigned shelf_used[SHELVES];
	uint32_t shelves_old;   /* bits: another process wrote; to be read anew once what is pending on it is written */
	unsigned shelf_next;    /* to be written */
	int64_t windows_added;  /* takes that are not in the file: the sum of pending */
	int64_t windows_ms;     /* wall time of the last writing */
	int64_t version;        /* of the file; another one: another process wrote */
	unsigned char *filter;  /* NULL: none yet */
	bool filtered;          /* it holds all that is in the file */
	int64_t filter_ms;      /* monotonic; when it was made */
	pthread_mutex_t shown_lock; /* of what follows; never held together with the lock */
	struct budget_shown shown[BUDGET_SHOWN_MAX];
	size_t nshown;
};

/* One ask, its subject under the key of today. */
struct asking {
	const struct budget_ask *ask;
	unsigned char subject[SUBJECT_BYTES];
	int64_t width, at; /* seconds per slot; the present slot */
	int64_t back;      /* slots before it that count */
	struct window *window; /* NULL: counted in the file */
};

enum err budget_err(struct budget *b, struct errinfo *ei, const char *what);
/* Runs a statement that gives no row. */
bool budget_done(struct budget *b, int i);
/* "scope NUL subject" under the key of today (0) or of the day before (1). */
void budget_subject(const struct budget *b, int which, const struct budget_ask *a, unsigned char out[SUBJECT_BYTES]);
bool budget_slot_add(struct budget *b, enum budget_class class, const unsigned char subject[SUBJECT_BYTES],
    int64_t width, int64_t at, int64_t n);

/* Room for the asks of one take, whose subjects are known; what window() returned before is gone. */
enum err budget_windows_room(struct budget *b, const struct asking *k, size_t n, struct errinfo *ei);
/* The window of an ask with its latest slot at k->at, read from the file at its first use. NULL: the file failed. */
struct window *budget_window(struct budget *b, const struct asking *k);
/* Adds what was used to *sum; *oldest: first slot in use, unchanged if there is none. */
void budget_window_sum(const struct window *w, const struct asking *k, int64_t *sum, int64_t *oldest);
void budget_window_add(struct budget *b, struct window *w);
/*
 * Has another process written since the last look? Then the filter counts no more, and all shelves are old. Looked at
 * outside of transactions only, where it is true.
 */
void budget_file_look(struct budget *b);
/* Writes what is not in the file, in the transaction that is open or one of its own. */
enum err budget_windows_write(struct budget *b, int64_t now_ms, struct errinfo *ei);
/* The next SHELF_PORTION shelves of it. */
enum err budget_windows_portion(struct budget *b, int64_t now_ms, struct errinfo *ei);
/* What is due of it: all after a second; where others wait (deferred) some, so often that a second is enough for all. */
enum err budget_windows_due(struct budget *b, int64_t now_ms, struct errinfo *ei);
/* What the file says counts from now on; what it does not have yet is lost. */
void budget_windows_forget(struct budget *b);
/* False: the file does not hold it, under no class and width. */
bool budget_filter_may_have(const struct budget *b, const unsigned char subject[SUBJECT_BYTES]);
/* It is or will be in the file. */
void budget_filter_note(struct budget *b, const unsigned char subject[SUBJECT_BYTES]);
/* Makes the filter if there is none that counts, but not again and again. Outside of transactions. */
void budget_filter_make(struct budget *b);
/* Writes, then forgets: their subjects, the file or the time are others from now on. Where another writes, all stays. */
enum err budget_windows_drop(struct budget *b, struct errinfo *ei);

/* Outside the lock. */
void budget_shown_write(struct budget *b, int64_t now_ms);

#endif
