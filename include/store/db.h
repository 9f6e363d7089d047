#ifndef JAWORT_STORE_DB_H
#define JAWORT_STORE_DB_H
/*
 * db: the databases of one site, DATA/<site>/data.db and keys.db.
 *
 * struct store is one site: paths, keyring, key slots, a pool of read-only
 * connections and the one writer connection. struct db is one connection with
 * its prepared statements; it comes from store_read() or store_write_begin()
 * and is valid until the matching end.
 *
 * Invariants: every write of any process happens between flock(write.lock)
 * + BEGIN IMMEDIATE and COMMIT; a COMMIT that returned OK is on disk
 * (synchronous=FULL); a read handle cannot write (SQLITE_OPEN_READONLY and
 * query_only), so "GET changes nothing" is a property of the handle.
 *
 * Walking functions (..._each) hold their statement while cb runs: cb may call
 * other functions with the handle, but not the same one again, and it may not write the rows walked over.
 *
 * Threads: a struct store is shared by all threads; a struct db belongs to the
 * thread that borrowed it. A store must not be carried across fork(): open it
 * after the fork.
 * Errors of all functions of this room: E_IO disk (the text carries SQLite's
 * extended code), E_BUSY lock or pool, E_NOMEM, E_DENIED a write through a read
 * handle; others are named at the function.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "store/keyring.h"

struct store;
struct db;

/* How a person is reached; a column since the first schema. */
enum store_channel { STORE_EMAIL = 1, STORE_SMS = 2, STORE_VOICE = 3, STORE_CHANNEL__MAX };
const char *store_channel_name(enum store_channel c);

#define STORE_HASH_BYTES 32
#define STORE_READERS_DEFAULT 8
/* Ids of persons, requests and outbox rows fit into tokens. */
#define STORE_ID_MAX ((INT64_C(1) << 48) - 1)

struct store_opts {
	const char *site;      /* id, for errors and logs */
	const char *dir;       /* DATA/<site> */
	const char *keys_path; /* KEYS/<site>.keys */
	const char *journal;   /* directory of the journal of erasures (store/journal.h); NULL or "": none */
	unsigned max_readers;  /* 0: STORE_READERS_DEFAULT */
	bool create;           /* make directory, keys and databases where NONE of them exists */
	bool brief;            /* one request and out (CGI), or looked at before: no quick_check, and lazy */
	bool lazy;             /* statements are prepared at their first use: half of them never are */
	bool look_later;       /* quick_check of data.db only up to look_bytes: see store_unseen() */
	int64_t look_bytes;    /* 0: STORE_LOOK_BYTES */
	bool condemned;        /* known to be damaged: as after store_condemn(), and nothing is finished at the opening */
};
/* A disk of 300 reads a second needs some 15 s for these pages. */
#define STORE_LOOK_BYTES (INT64_C(16) * 1024 * 1024)

/*
 * Opens a site: keys, fingerprint, integrity (quick_check, but see look_later), migrations (each on an
 * existing database after a verified copy data.db.pre-NNNN), half-done erasures.
 * E_NOT_FOUND nothing there and !create. E_DENIED some of keys file, data.db and
 * keys.db are missing, or the keys are not those of the data: a new key is never
 * made for existing data. E_CONFLICT the schema is newer than this program.
 */
enum err store_open(struct store **out, const struct store_opts *o, struct errinfo *ei);
/* No borrowed handle may be left. Truncates the WAL if nobody else uses it. NULL is fine. */
void store_close(struct store *s);
/* Too large to be looked through while others wait: the caller has it done beside (store/look.h). */
bool store_unseen(const struct store *s);
/* A damage was found while it is open: reading goes on, each store_write_begin() from here on is E_IO. Any thread. */
void store_condemn(struct store *s);
const char *store_site(const struct store *s);
const char *store_dir(const struct store *s);
/* What it points to stays until the store is closed, also after store_rekey(). */
const struct keyring *store_keyring(const struct store *s);
/*
 * Reads the key file again: keys that were added meanwhile (keyring_rotate_token(), keyring_rotate_sign(), also by others)
 * are there from now on, and the newest seal and sign. E_DENIED: the file is that of other data, and the ring stays;
 * errors of keyring_load(). Any thread.
 */
enum err store_rekey(struct store *s, struct errinfo *ei);
/* Schema version of this program. */
int store_schema_version(void);

/*
 * Borrows a read-only connection: one consistent view of the newest committed data
 * until store_read_end(). Waits up to 2 s for a free one, then E_BUSY.
 */
enum err store_read(struct store *s, struct db **out, struct errinfo *ei);
void store_read_end(struct store *s, struct db *db);

/*
 * One write transaction; waits for other threads and processes. A begin inside a
 * begin of the same thread is a bug. Prefer writer_run() (store/writer.h), which shares one fsync.
 */
#define store_write_begin(s, out, ei) store_write_begin_at(s, out, __FILE__, __LINE__, ei)
enum err store_write_begin_at(struct store *s, struct db **out, const char *file, int line,
    struct errinfo *ei);
/*
 * Ends the transaction in any case. Error: nothing of it counts as stored; after an
 * I/O error (also of fsync) the connection is closed and opened anew at the next
 * begin, a failed fsync is never retried as if nothing had happened.
 */
enum err store_write_commit(struct store *s, struct errinfo *ei);
void store_write_rollback(struct store *s);

/* PASSIVE checkpoint from a connection of its own when the WAL is over 4 MiB. Outside transactions. */
enum err store_checkpoint(struct store *s, struct errinfo *ei);
/* Consistent copy of data.db for backups (VACUUM INTO + integrity_check). E_CONFLICT if path exists.
 * keys.db is copied by store_backup_keys(), to another place: the two never belong into one backup. */
enum err store_backup_data(struct store *s, const char *path, struct errinfo *ei);
enum err store_backup_keys(struct store *s, const char *path, struct errinfo *ei);
/* Full integrity_check and foreign_key_check of both databases; E_IO with the first finding. */
enum err store_check(struct store *s, struct errinfo *ei);

/* What a struct db belongs to. */
struct store *db_store(const struct db *db);
const struct keyring *db_keyring(const struct db *db);
bool db_is_writer(const struct db *db);

/*
 * Events and texts are append-only: triggers and an authorizer refuse changes.
 * Only between these two may ciphertext of events be taken away (erasure, expiry
 * of IP addresses). Used inside the store room.
 */
void store_erasure_begin(struct db *db);
void store_erasure_end(struct db *db);

#endif
