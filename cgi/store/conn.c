/* conn: transactions of a connection, and the pool of read handles. */
#include <errno.h>
#include <time.h>

#include "store/db_priv.h"
#include "store/intake.h"

#define READ_WAIT_MS 2000

#define STMTS(X)                                            \
	X(BEGIN_READ, DB_READ, 0, "BEGIN")                   \
	X(BEGIN_WRITE, DB_WRITE, 0, "BEGIN IMMEDIATE")       \
	X(COMMIT, DB_READ, 0, "COMMIT")                      \
	X(ROLLBACK, DB_READ, 0, "ROLLBACK")                  \
	X(INTAKE_SEQ, DB_READ, 1,                            \
	    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'intake'), 0)")
DB_STMTS(conn, CONN, STMTS)

/* A handle from the list, or leave to open one; waits while all are out. */
static enum err read_take(struct store *s, struct db **out, struct errinfo *ei)
{
	struct timespec until;
	int rc = 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += READ_WAIT_MS / 1000;
	pthread_mutex_lock(&s->read_mu);
	while (!s->idle && s->readers >= s->max_readers && rc == 0)
		rc = pthread_cond_timedwait(&s->read_cond, &s->read_mu, &until);
	*out = s->idle;
	if (*out)
		s->idle = (*out)->next_idle;
	else if (s->readers < s->max_readers)
		s->readers++; /* to be opened by the caller */
	else
		rc = ETIMEDOUT;
	pthread_mutex_unlock(&s->read_mu);
	if (!*out && rc == ETIMEDOUT)
		return err_set(ei, E_BUSY, "%s: all %u read handles are in use", s->site, s->max_readers);
	return OK;
}

static void read_give(struct store *s, struct db *db)
{
	pthread_mutex_lock(&s->read_mu);
	if (db) {
		db->next_idle = s->idle;
		s->idle = db;
	} else {
		s->readers--;
	}
	pthread_cond_signal(&s->read_cond);
	pthread_mutex_unlock(&s->read_mu);
}

enum err store_read(struct store *s, struct db **out, struct errinfo *ei)
{
	struct db *db = NULL;
	enum err e = read_take(s, &db, ei);
	*out = NULL;
	if (e)
		return e;
	if (!db)
		e = db_open(s, false, &db, ei);
	if (!e)
		e = db_run(db, conn_stmt(db, BEGIN_READ), ei);
	if (e) {
		db_close(db);
		read_give(s, NULL);
		return e;
	}
	*out = db;
	return OK;
}

void store_read_end(struct store *s, struct db *db)
{
	if (!db)
		return;
	bug_if(db->writer || db->store != s);
	db_forget(db);
	if (db_run(db, conn_stmt(db, COMMIT), NULL) != OK)
		db->broken = true;
	if (db->broken) {
		db_close(db);
		db = NULL;
	}
	read_give(s, db);
}

static void write_drop(struct store *s)
{
	struct db *db = s->writer;
	s->writer = NULL;
	if (db && !sqlite3_get_autocommit(db->conn))
		db_run(db, conn_stmt(db, ROLLBACK), NULL);
	db_close(db);
}

static enum err write_start(struct store *s, struct errinfo *ei)
{
	struct db *db;
	bool row;
	enum err e = s->writer ? OK : db_open(s, true, &s->writer, ei);
	if (e)
		return e;
	db = s->writer;
	db_forget(db);
	e = db_run(db, conn_stmt(db, BEGIN_WRITE), ei);
	if (e)
		return e;
	sqlite3_stmt *q = conn_stmt(db, INTAKE_SEQ);
	e = db_row(db, q, &row, ei);
	if (!e && row)
		db->intake_committed = sqlite3_column_int64(q, 0);
	db_end(q);
	return e;
}

enum err store_write_begin_at(struct store *s, struct db **out, const char *file, int line,
    struct errinfo *ei)
{
	enum err e;
	*out = NULL;
	if (atomic_load(&s->condemned))
		return err_set(ei, E_IO, "%s: damaged, as the log says; nothing is written any more. Stop the program and "
		    "restore a backup", s->data_path);
	e = lock_take(s, ei);
	if (e)
		return e;
	e = write_start(s, ei);
	if (e) {
		write_drop(s);
		lock_release(s);
		return e;
	}
	s->write_file = file;
	s->write_line = line;
	*out = s->writer;
	return OK;
}

enum err store_write_commit(struct store *s, struct errinfo *ei)
{
	struct db *db = s->writer;
	enum err e;
	bug_if(!lock_mine(s) || !db);
	if (sqlite3_get_autocommit(db->conn))
		e = err_set(ei, E_IO, "%s: SQLite took the transaction back after an earlier error", s->data_path);
	else
		e = db_run(db, conn_stmt(db, COMMIT), ei);
	db_forget(db);
	/* Also where only COMMIT said no: what the kernel thinks of those pages is not known. */
	if (e || db->broken)
		write_drop(s);
	lock_release(s);
	return e;
}

void store_write_rollback(struct store *s)
{
	struct db *db = s->writer;
	bug_if(!lock_mine(s) || !db);
	if (!sqlite3_get_autocommit(db->conn) && db_run(db, conn_stmt(db, ROLLBACK), NULL) != OK)
		db->broken = true;
	db_forget(db);
	if (db->broken)
		write_drop(s);
	lock_release(s);
}

int64_t intake_committed_id(const struct db *db)
{
	return db->intake_committed;
}
