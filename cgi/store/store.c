/* store: a site's databases as a whole: open, close, checkpoint, copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "store/db_priv.h"
#include "store/erasure.h"
#include "store/journal.h"
#include "store/keyslot.h"
#include "store/meta.h"

#define STORE_WAL_CHECKPOINT_BYTES (4 * 1024 * 1024)
#define STORE_MARKER "creating"

static const char *const channel_names[STORE_CHANNEL__MAX] = {
	[STORE_EMAIL] = "email",
	[STORE_SMS] = "sms",
	[STORE_VOICE] = "voice",
};

const char *store_channel_name(enum store_channel c)
{
	return c > 0 && c < STORE_CHANNEL__MAX ? channel_names[c] : "?";
}

static char *store_path(const char *dir, const char *name)
{
	char *out = NULL;
	return asprintf(&out, "%s/%s", dir, name) < 0 ? NULL : out;
}

static bool store_journal_path(struct store *s, const char *dir)
{
	if (!dir || !*dir)
		return true;
	if (asprintf(&s->journal_path, "%s/%s.journal", dir, s->site ? s->site : "") >= 0)
		return true;
	s->journal_path = NULL;
	return false;
}

static enum err store_new(struct store **out, const struct store_opts *o, struct errinfo *ei)
{
	pthread_condattr_t attr;
	struct store *s = calloc(1, sizeof *s);
	*out = s;
	if (!s)
		return err_set(ei, E_NOMEM, "%s: no memory", o->site);
	s->lock_fd = -1;
	s->brief = o->brief;
	s->lazy = o->lazy || o->brief;
	s->condemned = o->condemned;
	s->max_readers = o->max_readers ? o->max_readers : STORE_READERS_DEFAULT;
	pthread_mutex_init(&s->write_mu, NULL);
	pthread_mutex_init(&s->read_mu, NULL);
	pthread_mutex_init(&s->ckpt_mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->read_cond, &attr);
	pthread_condattr_destroy(&attr);
	s->site = strdup(o->site);
	s->dir = strdup(o->dir);
	s->ring_path = strdup(o->keys_path);
	s->data_path = store_path(o->dir, "data.db");
	s->keys_path = store_path(o->dir, "keys.db");
	if (!store_journal_path(s, o->journal))
		return err_set(ei, E_NOMEM, "%s: no memory", o->site);
	if (!s->site || !s->dir || !s->ring_path || !s->data_path || !s->keys_path)
		return err_set(ei, E_NOMEM, "%s: no memory", o->site);
	return OK;
}

static void store_free(struct store *s)
{
	while (s->idle) {
		struct db *db = s->idle;
		s->idle = db->next_idle;
		db_close(db);
	}
	/* Last: only a connection that may write can empty the WAL when it closes. */
	db_close(s->writer);
	keyslots_close(s->slots);
	store_ring_free(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_cond_destroy(&s->read_cond);
	pthread_mutex_destroy(&s->read_mu);
	pthread_mutex_destroy(&s->write_mu);
	pthread_mutex_destroy(&s->ckpt_mu);
	free(s->site);
	free(s->dir);
	free(s->ring_path);
	free(s->data_path);
	free(s->keys_path);
	free(s->journal_path);
	free(s);
}

/* The directory and write.lock; what follows happens under the lock. */
static enum err store_open_lock(struct store *s, bool create, struct errinfo *ei)
{
	char *path;
	enum err e;
	if (!file_exists(s->dir)) {
		if (!create)
			return err_set(ei, E_NOT_FOUND, "%s: no data of site %s", s->dir, s->site);
		e = file_mkdir(s->dir, file_mode_at(s->dir, 0700), ei);
		if (e)
			return e;
	}
	path = store_path(s->dir, "write.lock");
	if (!path)
		return err_set(ei, E_NOMEM, "%s: no memory", s->dir);
	s->lock_fd = file_open(path, O_RDWR, 0600);
	e = s->lock_fd >= 0 ? OK : err_errno(ei, E_IO, errno, "%s: cannot open", path);
	free(path);
	return e ? e : lock_take(s, ei);
}

/*
 * Data without its keys is a refusal. The marker file says that a creation was
 * cut short: then what is missing may be made.
 */
static enum err store_parts(struct store *s, bool create, bool *fresh, struct errinfo *ei)
{
	bool ring = file_exists(s->ring_path), data = file_exists(s->data_path), keys = file_exists(s->keys_path);
	char *marker = store_path(s->dir, STORE_MARKER);
	bool cut_short = marker && file_exists(marker);
	free(marker);
	*fresh = false;
	if (ring && data && keys && !cut_short)
		return OK;
	if (cut_short || (!ring && !data && !keys)) {
		*fresh = true;
		return create ? OK : err_set(ei, E_NOT_FOUND, "%s: no data of site %s", s->dir, s->site);
	}
	if (data || keys)
		return err_set(ei, E_DENIED, "%s is missing, but %s exists: a new one is never made for existing data. "
		    "Restore the missing file from its own backup", !ring ? s->ring_path : !data ? s->data_path
		    : s->keys_path,
		    data ? s->data_path : s->keys_path);
	return err_set(ei, E_DENIED, "%s exists, but %s and %s do not. Restore them from the backups, or, if "
	    "this site never "
	    "had data, remove the key file", s->ring_path, s->data_path, s->keys_path);
}

static enum err store_old_ring(struct store *s, struct errinfo *ei)
{
	struct keyring *ring = NULL;
	enum err e = keyring_load(&ring, s->ring_path, ei);

	s->ring = ring;
	return e;
}

static enum err store_fresh_ring(struct store *s, struct errinfo *ei)
{
	char *marker = store_path(s->dir, STORE_MARKER);
	struct keyring *ring = NULL;
	enum err e = OK;
	if (!marker)
		return err_set(ei, E_NOMEM, "%s: no memory", s->dir);
	if (!file_exists(marker))
		e = file_create(marker, SLICE("This file goes when the site's files are complete.\n"), file_mode_at(marker, 0600),
		    ei);
	free(marker);
	if (e)
		return e;
	e = file_exists(s->ring_path) ? keyring_load(&ring, s->ring_path, ei)
	                              : keyring_create(&ring, s->ring_path, ei);
	s->ring = ring;
	return e;
}

static enum err store_fresh_done(struct store *s, struct errinfo *ei)
{
	char *marker = store_path(s->dir, STORE_MARKER);
	enum err e = OK;
	int fd;
	if (!marker)
		return err_set(ei, E_NOMEM, "%s: no memory", s->dir);
	/* The directory entries of the databases first, then the marker's end. */
	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || unlink(marker) < 0 || fsync(fd) < 0)
		e = err_errno(ei, E_IO, errno, "%s: cannot finish the new site", s->dir);
	if (fd >= 0)
		close(fd);
	free(marker);
	return e;
}

static enum err store_fingerprint(struct store *s, sqlite3 *conn, struct errinfo *ei)
{
	unsigned char want[KEYRING_FINGERPRINT_BYTES], have[KEYRING_FINGERPRINT_BYTES];
	sqlite3_stmt *q = NULL;
	bool same = false;
	int rc = sqlite3_prepare_v2(conn, "SELECT v FROM meta WHERE k = 'keyring'", -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	keyring_fingerprint(s->ring, want);
	if (rc == SQLITE_ROW)
		same = db_col_bytes(q, 0, have, sizeof have) && crypt_equal(have, want, sizeof have);
	sqlite3_finalize(q);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_conn_error(conn, rc, "fingerprint of the keys", ei);
	if (!same)
		return err_set(ei, E_DENIED, "%s does not hold the keys of %s. Restore the key file of this site from "
		    "its own "
		    "backup; a new key cannot read existing data", s->ring_path, s->data_path);
	return OK;
}

/* data.db: WAL, integrity, schema, fingerprint. */
static enum err store_open_data(struct store *s, bool fresh, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	enum err e = db_connect(&conn, s->data_path, SQLITE_OPEN_READWRITE | (fresh ? SQLITE_OPEN_CREATE : 0), ei);
	if (!e)
		e = db_exec(conn, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
		    "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;", ei);
	if (!e && !fresh && !s->brief && !s->unseen)
		e = db_check(conn, "PRAGMA quick_check(1)", s->data_path, ei);
	if (!e)
		e = migrate_run(s->data_path, conn, migrations_all, migrations_all_count, s->ring, ei);
	if (!e)
		e = store_fingerprint(s, conn, ei);
	/* The writer is opened first: the last connection to close would otherwise take the WAL with it. */
	if (!e)
		e = db_open(s, true, &s->writer, ei);
	sqlite3_close(conn);
	return e;
}

static bool store_large(const struct store *s, int64_t limit)
{
	struct stat st;
	return stat(s->data_path, &st) == 0 && st.st_size > limit;
}

static enum err store_open_parts(struct store *s, bool create, struct errinfo *ei)
{
	bool fresh;
	enum err e = store_parts(s, create, &fresh, ei);
	if (!e)
		e = fresh ? store_fresh_ring(s, ei) : store_old_ring(s, ei);
	if (!e)
		e = keyslots_open(&s->slots, s->keys_path, fresh, ei);
	if (!e && !fresh && !s->brief)
		e = keyslots_check(s->slots, s->keys_path, "PRAGMA quick_check(1)", ei);
	if (!e)
		e = store_open_data(s, fresh, ei);
	if (!e && fresh)
		e = store_fresh_done(s, ei);
	return e;
}

enum err store_open(struct store **out, const struct store_opts *o, struct errinfo *ei)
{
	struct store *s = NULL;
	enum err e = store_new(&s, o, ei);
	*out = NULL;
	if (!e)
		e = store_open_lock(s, o->create, ei);
	if (!e) {
		s->unseen = o->look_later && !o->brief &&
		    store_large(s, o->look_bytes ? o->look_bytes : STORE_LOOK_BYTES);
		e = store_open_parts(s, o->create, ei);
		lock_release(s);
	}
	if (!e && !o->brief)
		e = keyslot_reserve(s, ei);
	if (!e && !o->condemned)
		e = erasure_finish(s, clock_now_ms(), NULL, ei);
	if (e) {
		if (s)
			store_free(s);
		return e;
	}
	*out = s;
	return OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	bug_if(s->queue != NULL || lock_mine(s));
	/* With the last connection of all processes SQLite empties the WAL by itself. */
	store_free(s);
}

bool store_unseen(const struct store *s)
{
	return s->unseen;
}

void store_condemn(struct store *s)
{
	atomic_store(&s->condemned, true);
}

const char *store_site(const struct store *s)
{
	return s->site;
}

const char *store_dir(const struct store *s)
{
	return s->dir;
}

const char *store_journal(const struct store *s)
{
	return s->journal_path;
}

const struct keyring *store_keyring(const struct store *s)
{
	return s->ring;
}

enum err store_carry_wal(struct store *s, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	pthread_mutex_lock(&s->ckpt_mu);
	enum err e = db_connect(&conn, s->data_path, SQLITE_OPEN_READWRITE, ei);
	if (!e)
		e = db_exec(conn, "PRAGMA synchronous=FULL", ei);
	if (!e) {
		int rc = sqlite3_wal_checkpoint_v2(conn, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		if (rc != SQLITE_OK)
			e = db_conn_error(conn, rc, "checkpoint", ei);
	}
	sqlite3_close(conn);
	pthread_mutex_unlock(&s->ckpt_mu);
	return e;
}

/* By the writer's connection: one of its own would read the schema first, and sync the folder of a WAL new to it. */
enum err store_truncate_wal(struct store *s, struct errinfo *ei)
{
	enum err e = lock_take(s, ei);
	if (e)
		return e;
	if (!s->writer)
		e = db_open(s, true, &s->writer, ei);
	if (!e) {
		/* Everybody waits for the lock meanwhile, and one who reads a whole table is not waited for. */
		sqlite3_busy_timeout(s->writer->conn, STORE_TRUNCATE_MS);
		int rc = sqlite3_wal_checkpoint_v2(s->writer->conn, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		sqlite3_busy_timeout(s->writer->conn, DB_BUSY_MS);
		if (rc == SQLITE_OK)
			atomic_store(&s->wal_pages, 0);
		else
			e = db_conn_error(s->writer->conn, rc, "emptying the WAL", ei);
	}
	lock_release(s);
	return e;
}

enum err store_checkpoint(struct store *s, struct errinfo *ei)
{
	struct stat st;
	char *wal = store_path(s->dir, "data.db-wal");
	int rc = wal ? stat(wal, &st) : -1;
	free(wal);
	return rc < 0 || st.st_size < STORE_WAL_CHECKPOINT_BYTES ? OK : store_carry_wal(s, ei);
}

enum err store_backup_data(struct store *s, const char *path, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	enum err e = db_connect(&conn, s->data_path, SQLITE_OPEN_READONLY, ei);
	if (!e)
		e = db_copy(conn, path, ei);
	sqlite3_close(conn);
	return e;
}

enum err store_backup_keys(struct store *s, const char *path, struct errinfo *ei)
{
	return keyslots_backup(s->slots, path, ei);
}

enum err store_check(struct store *s, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	int64_t broken = 0;
	enum err e = db_connect(&conn, s->data_path, SQLITE_OPEN_READONLY, ei);
	if (!e)
		e = db_check(conn, "PRAGMA integrity_check(1)", s->data_path, ei);
	if (!e)
		e = db_exec_int(conn, "SELECT count(*) FROM pragma_foreign_key_check", &broken, ei);
	if (!e && broken)
		e = err_set(ei, E_IO, "%s: %lld rows refer to rows that are not there; restore a backup", s->data_path,
		    (long long)broken);
	sqlite3_close(conn);
	return e ? e : keyslots_check(s->slots, s->keys_path, "PRAGMA integrity_check(1)", ei);
}
