#ifndef JAWORT_STORE_DB_PRIV_H
#define JAWORT_STORE_DB_PRIV_H
/*
 * db_priv: inside of the store room. The only header with sqlite3.h.
 *
 * Statements: each file of the room has one const table of its statements
 * (X-macro: id, kind, result columns, SQL), listed in db_stmt.c. A connection holds
 * one prepared statement per entry. Use:
 *     sqlite3_stmt *q = db_stmt(db, &person_stmts, FIND);   bind ... step ... db_end(q)
 * db_stmt() hands out a statement that is reset and unbound; db_run() and db_row() reset
 * it again on every path but a row that is being read, which db_end() ends.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/bug.h"
#include "base/crypt.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/db.h"
#include "store/notice.h"

#define DB_APPLICATION_ID 0x4a57524a /* "JWRJ" */

/* DB_READ on every connection, DB_WRITE on the writer, DB_ERASE only between store_erasure_begin and _end. */
enum db_stmt_kind { DB_READ, DB_WRITE, DB_ERASE };

struct db_stmt_def {
	const char *name;
	const char *sql;
	int columns;
	enum db_stmt_kind kind;
};

struct db_stmt_table {
	const char *noun;
	const struct db_stmt_def *defs;
	int count;
	int base; /* index of its first statement in a connection's array */
};

#define DB_STMT_ENUM(id, kind, columns, sql) id,
#define DB_STMT_DEF(id, kind, columns, sql) {#id, sql, columns, kind},
/* Defines the enum of ids and NOUN_defs[]. The table itself stands in db_stmt.c. */
#define DB_STMTS(noun, NOUN, LIST)                                            \
	enum { LIST(DB_STMT_ENUM) noun##_stmt__MAX };                          \
	const struct db_stmt_def noun##_defs[] = {LIST(DB_STMT_DEF)};          \
	_Static_assert(noun##_stmt__MAX <= DB_STMTS_PER_TABLE, "table is full"); \
	const int noun##_def_count = noun##_stmt__MAX;                         \
	static inline sqlite3_stmt *noun##_stmt(struct db *db, int id)         \
	{                                                                      \
		return db_stmt(db, DB_T_##NOUN, id);                           \
	}

#define DB_STMTS_PER_TABLE 24
/* One row per file with statements. */
#define DB_TABLES(X)        \
	X(CONN, conn)       \
	X(META, meta)       \
	X(TEXT, text)       \
	X(NOTICE, notice)   \
	X(SHOWN, shown)     \
	X(INTAKE, intake)   \
	X(PERSON, person)   \
	X(PURPOSE, purpose) \
	X(REQUEST, request) \
	X(EVENT, event)     \
	X(CHECKPOINT, checkpoint) \
	X(TILE, tile)       \
	X(ANCHOR, anchor)   \
	X(OUTBOX, outbox)   \
	X(OUTLIST, outlist) \
	X(SUPPRESSION, suppression) \
	X(ERASURE, erasure) \
	X(DAILY, daily)     \
	X(HOOK, hook)       \
	X(CONTACT, contact) \
	X(JOURNAL, journal) \
	X(MOVE, move)       \
	X(DSAR, dsar)       \
	X(DUE, due)
#define DB_TABLE_ENUM(NOUN, noun) DB_T_##NOUN,
enum db_table { DB_TABLES(DB_TABLE_ENUM) DB_T__MAX };
#define DB_TABLE_EXTERN(NOUN, noun)                     \
	extern const struct db_stmt_def noun##_defs[]; \
	extern const int noun##_def_count;
DB_TABLES(DB_TABLE_EXTERN)

#define DB_SCRATCH 5
#define DB_SCRATCH_MAX_BYTES (256u * 1024u)

/* Wording, mail, configuration: what the events of one transaction name. */
#define DB_TEXTS_KNOWN 4

struct db {
	struct store *store;
	sqlite3 *conn;
	sqlite3_stmt *stmts[DB_T__MAX][DB_STMTS_PER_TABLE];
	bool writer;
	bool broken;  /* I/O error: close, do not use again */
	bool erasing; /* between store_erasure_begin and _end */
	struct db *next_idle;
	/* Of the current borrow or transaction. */
	int64_t intake_committed;
	/* Read once in a transaction, where nobody else can change it. 0, false: not yet. */
	int64_t next_person_id;
	int64_t next_request_id;
	int64_t next_outbox_id;
	int64_t next_event_seq;
	int64_t new_person_id; /* made here, and no event names it yet */
	unsigned texts_known;  /* how many of text_hash are in the text store; the newest overwrites the oldest */
	unsigned text_next;
	unsigned char text_hash[DB_TEXTS_KNOWN][STORE_HASH_BYTES];
	struct notice_version notice_now; /* no 0: not read yet */
	bool wakes; /* the worker has something to do after the commit */
	bool keys_checked; /* erasures by other processes were looked for */
	/* The person key in use, so that several seals for one person look it up once. */
	struct crypt_key *key;
	int64_t key_person;
	enum err stmt_err; /* why db_stmt() gave NULL */
	/* Ciphertext and plaintext on their way into a row; not across callbacks. */
	struct buf scratch[DB_SCRATCH];
};

struct keyslots;
struct writer_queue;

/* Rings from before a store_rekey(): keys of theirs may be in use until the store closes. */
struct store_ring {
	struct keyring *ring;
	struct store_ring *before;
};

struct store {
	char *site;
	char *dir;
	char *data_path;
	char *keys_path;  /* keys.db */
	char *ring_path;
	char *journal_path; /* NULL: none */
	struct keyring *_Atomic ring; /* store_rekey() puts another one in its place */
	struct store_ring *ring_before;
	struct keyslots *slots;
	bool brief, lazy;
	bool unseen;          /* not looked through at the opening; a store never changes it */
	atomic_bool condemned; /* no more writing: store_condemn() */

	int lock_fd;
	pthread_mutex_t write_mu; /* held from begin to commit; guards writer */
	struct db *writer;        /* NULL: to be opened at the next begin */
	const char *write_file;   /* who holds it, for bug reports */
	int write_line;

	pthread_mutex_t read_mu;
	pthread_cond_t read_cond;
	struct db *idle;
	unsigned readers; /* open, idle or borrowed */
	unsigned max_readers;

	atomic_int wal_pages; /* length of the WAL after the last commit of this process */
	pthread_mutex_t ckpt_mu;
	struct writer_queue *queue; /* of store/writer.h; owned by the pool */
};

/* db_conn.c: connections */
enum err db_open(struct store *s, bool writer, struct db **out, struct errinfo *ei);
void db_close(struct db *db);
/* How long SQLite waits for a lock that somebody else has; and, for readers of the WAL that is to be emptied. */
#define DB_BUSY_MS 5000
#define STORE_TRUNCATE_MS 200
/* A plain connection with our pragmas and hardening, without statements. flags as in sqlite3_open_v2. */
/*
 * SQLite would take 0644 and the umask: the file is made before, with our mode, which -wal and -shm follow.
 * In a setgid directory the group may write it as well.
 */
/* Before the first connection of the process. */
void db_library(void);
enum err db_touch(const char *path, struct errinfo *ei);
enum err db_connect(sqlite3 **out, const char *path, int flags, struct errinfo *ei);
/* For pragmas and fixed text only. */
enum err db_exec(sqlite3 *conn, const char *sql, struct errinfo *ei);
enum err db_exec_int(sqlite3 *conn, const char *sql, int64_t *value, struct errinfo *ei);
/* Runs quick_check or integrity_check: E_IO with the first finding. */
enum err db_check(sqlite3 *conn, const char *pragma, const char *path, struct errinfo *ei);
enum err db_copy(sqlite3 *conn, const char *path, struct errinfo *ei);
/* Authorizer of the writer; arg is the struct db. */
int db_authorize(void *arg, int action, const char *a, const char *b, const char *dbname,
    const char *trigger);
/* Forgets the person key and what was cached for the last transaction. */
void db_forget(struct db *db);

/* db_stmt.c: statements */
enum err db_prepare_all(struct db *db, struct errinfo *ei);
void db_finalize_all(struct db *db);
/* Ready for binding. NULL: a write statement on a read handle, or it cannot be prepared (db_run says so). */
sqlite3_stmt *db_stmt(struct db *db, enum db_table t, int id);
const struct db_stmt_def *db_stmt_def(enum db_table t, int id);
int db_stmt_count(enum db_table t);
void db_bind_i64(sqlite3_stmt *q, int i, int64_t v);
/* 0 becomes NULL. */
void db_bind_id(sqlite3_stmt *q, int i, int64_t v);
void db_bind_text(sqlite3_stmt *q, int i, struct slice s);
/* Empty becomes NULL. */
void db_bind_text_null(sqlite3_stmt *q, int i, struct slice s);
/* p NULL binds NULL. Bytes must live until the statement has run. */
void db_bind_blob(sqlite3_stmt *q, int i, const void *p, size_t n);
/* Runs a statement without result rows and ends it. */
enum err db_run(struct db *db, sqlite3_stmt *q, struct errinfo *ei);
/* One step: *row says whether there is one; without a row, or on error, the statement is ended. */
enum err db_row(struct db *db, sqlite3_stmt *q, bool *row, struct errinfo *ei);
void db_end(sqlite3_stmt *q);
/* As db_run; E_NOT_FOUND-like code if no row changed. */
enum err db_run_one(struct db *db, sqlite3_stmt *q, enum err none, const char *what, struct errinfo *ei);
int64_t db_changes(struct db *db);
/* Result columns. Slices live until the next step or end. */
struct slice db_col(sqlite3_stmt *q, int i);
/* false if the column does not have exactly n bytes (then zeros). */
bool db_col_bytes(sqlite3_stmt *q, int i, void *dst, size_t n);
/* SQLite's result as ours, with its extended code in the text; notes broken connections. */
enum err db_error(struct db *db, int rc, const char *what, struct errinfo *ei);
enum err db_conn_error(sqlite3 *conn, int rc, const char *what, struct errinfo *ei);

/* seal.c: personal columns under the person's key; ad = "table:column:id" */
enum err seal_put(struct db *db, int64_t person_id, const char *place, int64_t id, struct slice plain,
    struct buf *out, struct errinfo *ei);
enum err seal_get(struct db *db, int64_t person_id, const char *place, int64_t id, struct slice sealed,
    struct buf *out, struct errinfo *ei);
/* "table:column:id" into dst. */
#define SEAL_AD_BYTES 64
struct slice seal_ad(char dst[static SEAL_AD_BYTES], const char *place, int64_t id);

/* migrate.c */
struct migration {
	const char *name;
	const char *sql;
	size_t size;
};
extern const struct migration migrations_all[];
extern const int migrations_all_count;
/* The ring, and those from before. */
void store_ring_free(struct store *s);
/* From user_version to count. Number 1 also stores the fingerprint of the ring. */
enum err migrate_run(const char *path, sqlite3 *conn, const struct migration *list, int count,
    const struct keyring *ring, struct errinfo *ei);

/* keyslot.c */
enum err keyslots_open(struct keyslots **out, const char *path, bool create, struct errinfo *ei);
void keyslots_close(struct keyslots *k);
/* Makes sure that slot id exists; the write lock is held. */
enum err keyslots_need(struct store *s, int64_t id, struct errinfo *ei);
/* Whether keyslot_reserve() has something to do. */
bool keyslots_low(struct store *s);
/* keyslot_erase() for many at once. */
enum err keyslots_erase(struct store *s, const int64_t *ids, size_t count, struct errinfo *ei);
enum err keyslots_backup(struct keyslots *k, const char *path, struct errinfo *ei);
enum err keyslots_check(struct keyslots *k, const char *path, const char *pragma, struct errinfo *ei);

/* lock.c: write.lock */
enum err lock_take(struct store *s, struct errinfo *ei);
void lock_release(struct store *s);
/* A thread writes to one store at a time. */
bool lock_mine(const struct store *s);

/* store.c */
enum err store_truncate_wal(struct store *s, struct errinfo *ei);
/* PASSIVE checkpoint whatever the size, by a connection of its own. Outside transactions. */
enum err store_carry_wal(struct store *s, struct errinfo *ei);

#endif
