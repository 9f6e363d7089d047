/* db_conn: one SQLite connection: hardening, pragmas, authorizer, checks, copies. */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/db_priv.h"
#include "store/walfile_priv.h"


/* What a database of ours never needs. */
static const struct {
	int id, value;
} db_limits[] = {
	{SQLITE_LIMIT_ATTACHED, 0},
	{SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024},
	{SQLITE_LIMIT_SQL_LENGTH, 64 * 1024},
	{SQLITE_LIMIT_COLUMN, 100},
	{SQLITE_LIMIT_EXPR_DEPTH, 100},
	{SQLITE_LIMIT_COMPOUND_SELECT, 5},
	{SQLITE_LIMIT_FUNCTION_ARG, 20},
	{SQLITE_LIMIT_VARIABLE_NUMBER, 50},
	{SQLITE_LIMIT_TRIGGER_DEPTH, 4},
	{SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
	int op, value;
} db_configs[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},
	{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	{SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
	{SQLITE_DBCONFIG_DQS_DML, 0},
	{SQLITE_DBCONFIG_DQS_DDL, 0},
	{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
};

/* SQLite counts its memory for all threads under one mutex, which nobody here asks for. */
static void library_setup(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void db_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, library_setup);
}

enum err db_touch(const char *path, struct errinfo *ei)
{
	return file_make(path, 0600) == 0 ? OK : err_errno(ei, E_IO, errno, "%s: cannot create", path);
}

static enum err db_connect_by(sqlite3 **out, const char *path, int flags, const char *vfs, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	*out = NULL;
	db_library();
	if (flags & SQLITE_OPEN_CREATE) {
		enum err e = db_touch(path, ei);
		if (e)
			return e;
	}
	int rc = sqlite3_open_v2(path, &conn, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, vfs);
	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(conn, 1);
	for (size_t i = 0; rc == SQLITE_OK && i < sizeof db_configs / sizeof *db_configs; i++)
		rc = sqlite3_db_config(conn, db_configs[i].op, db_configs[i].value, NULL);
	if (rc != SQLITE_OK) {
		enum err e = db_conn_error(conn, rc, path, ei);
		sqlite3_close(conn);
		return e;
	}
	for (size_t i = 0; i < sizeof db_limits / sizeof *db_limits; i++)
		sqlite3_limit(conn, db_limits[i].id, db_limits[i].value);
	sqlite3_busy_timeout(conn, DB_BUSY_MS);
	*out = conn;
	return OK;
}

enum err db_connect(sqlite3 **out, const char *path, int flags, struct errinfo *ei)
{
	return db_connect_by(out, path, flags, NULL, ei);
}

enum err db_exec(sqlite3 *conn, const char *sql, struct errinfo *ei)
{
	int rc = sqlite3_exec(conn, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? OK : db_conn_error(conn, rc, sql, ei);
}

enum err db_exec_int(sqlite3 *conn, const char *sql, int64_t *value, struct errinfo *ei)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(conn, sql, -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*value = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	sqlite3_finalize(q);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? OK : db_conn_error(conn, rc, sql, ei);
}

enum err db_check(sqlite3 *conn, const char *pragma, const char *path, struct errinfo *ei)
{
	sqlite3_stmt *q = NULL;
	enum err e = OK;
	int rc = sqlite3_prepare_v2(conn, pragma, -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		e = db_conn_error(conn, rc, pragma, ei);
	else if (rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0)
		e = err_set(ei, E_IO, "%s: the database is damaged (%s): %.150s. Stop the program and restore a backup",
		    path, pragma, (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	return e;
}

static enum err db_sync_file(const char *path, struct errinfo *ei)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	return rc == 0 ? OK : err_errno(ei, E_IO, saved, "%s: fsync", path);
}

static enum err db_copy_into(sqlite3 *conn, const char *path, struct errinfo *ei)
{
	sqlite3_stmt *q = NULL;
	/* VACUUM INTO attaches its target. */
	sqlite3_limit(conn, SQLITE_LIMIT_ATTACHED, 1);
	int rc = sqlite3_prepare_v2(conn, "VACUUM INTO ?1", -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	sqlite3_finalize(q);
	sqlite3_limit(conn, SQLITE_LIMIT_ATTACHED, 0);
	return rc == SQLITE_DONE ? OK : db_conn_error(conn, rc, path, ei);
}

enum err db_copy(sqlite3 *conn, const char *path, struct errinfo *ei)
{
	sqlite3 *copy = NULL;
	enum err e;
	if (file_exists(path))
		return err_set(ei, E_CONFLICT, "%s: exists already; a copy never replaces a file", path);
	e = db_touch(path, ei);
	if (!e)
		e = db_copy_into(conn, path, ei);
	if (!e)
		e = db_connect(&copy, path, SQLITE_OPEN_READONLY, ei);
	if (!e)
		e = db_check(copy, "PRAGMA integrity_check(1)", path, ei);
	sqlite3_close(copy);
	if (!e)
		e = db_sync_file(path, ei);
	if (e)
		unlink(path);
	return e;
}

static const char *const db_append_only[] = {"event", "text", "notice", "checkpoint", "shown", "tile", "anchor"};

int db_authorize(void *arg, int action, const char *a, const char *b, const char *dbname, const char *trigger)
{
	const struct db *db = arg;
	(void)b;
	(void)dbname;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION:
	case SQLITE_TRANSACTION:
	case SQLITE_INSERT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		if (a && strcmp(a, "migration") == 0)
			return SQLITE_DENY;
		for (size_t i = 0; i < sizeof db_append_only / sizeof *db_append_only; i++) {
			if (a && strcmp(a, db_append_only[i]) == 0)
				return db->erasing ? SQLITE_OK : SQLITE_DENY;
		}
		return SQLITE_OK;
	default: /* schema changes, pragmas, attach, savepoints: not after opening */
		return SQLITE_DENY;
	}
}

static int db_wal_hook(void *arg, sqlite3 *conn, const char *name, int pages)
{
	struct db *db = arg;
	(void)conn;
	(void)name;
	atomic_store(&db->store->wal_pages, pages);
	return SQLITE_OK;
}

#define DB_PRAGMAS_COMMON           \
	"PRAGMA cell_size_check=ON;" \
	"PRAGMA temp_store=MEMORY;"
/*
 * 2 MB of pages for the writer: what is not there the system has. The WAL keeps the size it has in a rush (64 MiB and a
 * little, see store/writer.c): to cut it at each new beginning held up everybody for some 15 ms.
 */
#define DB_PRAGMAS_WRITER             \
	"PRAGMA synchronous=FULL;"     \
	"PRAGMA secure_delete=ON;"     \
	"PRAGMA foreign_keys=ON;"      \
	"PRAGMA wal_autocheckpoint=0;" \
	"PRAGMA journal_size_limit=75497472;" \
	"PRAGMA cache_size=-2048;"
#define DB_PRAGMAS_READER        \
	"PRAGMA query_only=ON;"   \
	"PRAGMA cache_size=-1024;"

enum err db_open(struct store *s, bool writer, struct db **out, struct errinfo *ei)
{
	struct db *db = calloc(1, sizeof *db);
	enum err e;
	*out = NULL;
	if (!db)
		return err_set(ei, E_NOMEM, "%s: no memory", s->data_path);
	db->store = s;
	db->writer = writer;
	for (int i = 0; i < DB_SCRATCH; i++)
		buf_init(&db->scratch[i], DB_SCRATCH_MAX_BYTES);
	db->key = crypt_key_new();
	e = db->key ? OK : err_set(ei, E_NOMEM, "%s: no memory for keys", s->data_path);
	if (!e)
		e = writer ? db_connect_by(&db->conn, s->data_path, SQLITE_OPEN_READWRITE, walfile_vfs(), ei)
		           : db_connect(&db->conn, s->data_path, SQLITE_OPEN_READONLY, ei);
	if (!e)
		e = db_exec(db->conn, writer ? DB_PRAGMAS_COMMON DB_PRAGMAS_WRITER
		    : DB_PRAGMAS_COMMON DB_PRAGMAS_READER, ei);
	if (!e && writer)
		sqlite3_wal_hook(db->conn, db_wal_hook, db);
	if (!e)
		sqlite3_set_authorizer(db->conn, db_authorize, db);
	if (!e && !s->lazy)
		e = db_prepare_all(db, ei);
	if (e)
		db_close(db);
	else
		*out = db;
	return e;
}

void db_forget(struct db *db)
{
	db->intake_committed = 0;
	db->next_person_id = db->next_request_id = db->next_outbox_id = db->next_event_seq = 0;
	db->new_person_id = 0;
	db->texts_known = db->text_next = 0;
	db->notice_now.no = 0;
	db->wakes = false;
	db->keys_checked = false;
	db->erasing = false;
	db->key_person = 0;
	if (db->key)
		crypt_wipe(db->key, sizeof *db->key);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	db_finalize_all(db);
	/* BUSY would mean a statement that nobody ended. */
	bug_if(sqlite3_close(db->conn) != SQLITE_OK);
	for (int i = 0; i < DB_SCRATCH; i++)
		buf_free(&db->scratch[i]);
	crypt_key_free(db->key);
	free(db);
}

struct store *db_store(const struct db *db)
{
	return db->store;
}

const struct keyring *db_keyring(const struct db *db)
{
	return db->store->ring;
}

bool db_is_writer(const struct db *db)
{
	return db->writer;
}

void store_erasure_begin(struct db *db)
{
	bug_if(!db->writer || db->erasing);
	db->erasing = true;
}

void store_erasure_end(struct db *db)
{
	bug_if(!db->erasing);
	db->erasing = false;
}
