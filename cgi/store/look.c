#include "store/look.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/db_priv.h"

/* How often one who ends the look says so: SQLite forgets an interruption that meets no statement. */
#define LOOK_END_MS 5
/* linux/ioprio.h, which Debian's libc does not wrap: class 3 (idle), for one thread. */
#define LOOK_IOPRIO_WHO_PROCESS 1
#define LOOK_IOPRIO_IDLE (3 << 13)

struct look_item {
	struct look_item *next;
	void *who;
	char *path;
};

struct look {
	look_told *told;
	void *arg;
	pthread_t thread;
	pthread_mutex_t mu; /* guards what follows */
	pthread_cond_t changed;
	struct look_item *first, **last;
	sqlite3 *conn; /* reading now; to be interrupted */
	bool started, busy, ending, ended;
};

static void item_free(struct look_item *it)
{
	if (!it)
		return;
	free(it->path);
	free(it);
}

/* The connection that may be interrupted from here on, or none. False: it is over. */
static bool look_at(struct look *l, sqlite3 *conn)
{
	pthread_mutex_lock(&l->mu);
	l->conn = conn;
	bool go = !l->ending;
	pthread_mutex_unlock(&l->mu);
	return go;
}

static bool look_goes_on(struct look *l)
{
	pthread_mutex_lock(&l->mu);
	bool go = !l->ending;
	pthread_mutex_unlock(&l->mu);
	return go;
}

/* The names first: the statement that gives them would hold its transaction open. */
static enum err tables_of(sqlite3 *conn, char **names, struct errinfo *ei)
{
	static const char sql[] = "SELECT group_concat(name, char(10)) || char(10) FROM sqlite_schema WHERE type = 'table'";
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(conn, sql, -1, &q, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
	*names = text ? strdup(text) : NULL;
	sqlite3_finalize(q);
	if (rc != SQLITE_ROW)
		return db_conn_error(conn, rc, sql, ei);
	return *names ? OK : err_set(ei, E_NOMEM, "no memory for the names of tables");
}

static enum err table_look(sqlite3 *conn, const char *path, const char *table, struct errinfo *ei)
{
	char *pragma = sqlite3_mprintf("PRAGMA quick_check(%Q)", table);
	enum err e = pragma ? db_check(conn, pragma, path, ei) : err_set(ei, E_NOMEM, "no memory to look through %s", path);
	sqlite3_free(pragma);
	return e;
}

/* A finding, or what SQLite calls damage: not a descriptor that is missing, nor memory. */
static bool look_damage(sqlite3 *conn, enum err e)
{
	int rc = sqlite3_extended_errcode(conn);
	switch (rc & 0xff) {
	case SQLITE_OK: /* the statement came to its end: db_check() did not like what it said */
	case SQLITE_ROW:
	case SQLITE_DONE:
		return e == E_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return true;
	default:
		return rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ;
	}
}

static enum look_end look_file(struct look *l, const char *path, struct errinfo *ei)
{
	sqlite3 *conn = NULL;
	char *names = NULL, *rest;
	enum err e = db_connect(&conn, path, SQLITE_OPEN_READONLY, ei);
	if (e)
		return LOOK_UNKNOWN;
	e = db_exec(conn, "PRAGMA cell_size_check=ON; PRAGMA query_only=ON", ei);
	if (!e)
		e = tables_of(conn, &names, ei);
	if (!e && look_at(l, conn)) {
		rest = names;
		for (char *name = strsep(&rest, "\n"); !e && name && *name && look_goes_on(l); name = strsep(&rest, "\n"))
			e = table_look(conn, path, name, ei);
	}
	look_at(l, NULL);
	enum look_end end = !e ? LOOK_WHOLE : look_damage(conn, e) ? LOOK_DAMAGED : LOOK_UNKNOWN;
	free(names);
	sqlite3_close(conn);
	return end;
}

static void look_item(struct look *l, struct look_item *it)
{
	struct errinfo ei = {.code = OK};
	enum look_end end = look_file(l, it->path, &ei);
	/* Whoever breaks it off makes the statement fail, or leaves tables out. */
	if (look_goes_on(l))
		l->told(l->arg, it->who, end, &ei);
}

/* Where it may; a unit with a filter of system calls says no, and then it reads like others. */
static void look_give_way(void)
{
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	syscall(SYS_ioprio_set, LOOK_IOPRIO_WHO_PROCESS, 0, LOOK_IOPRIO_IDLE);
}

static struct look_item *look_next(struct look *l)
{
	struct look_item *it;
	pthread_mutex_lock(&l->mu);
	l->busy = false;
	pthread_cond_broadcast(&l->changed);
	while (!l->first && !l->ending)
		pthread_cond_wait(&l->changed, &l->mu);
	it = l->ending ? NULL : l->first;
	if (it) {
		l->first = it->next;
		if (!l->first)
			l->last = &l->first;
	}
	l->busy = it != NULL;
	l->ended = it == NULL;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->mu);
	return it;
}

static void *look_thread(void *arg)
{
	struct look_item *it;
	look_give_way();
	while ((it = look_next(arg)) != NULL) {
		look_item(arg, it);
		item_free(it);
	}
	return NULL;
}

enum err look_new(struct look **out, look_told *told, void *arg, struct errinfo *ei)
{
	struct look *l = calloc(1, sizeof *l);
	pthread_condattr_t attr;
	*out = l;
	if (!l)
		return err_set(ei, E_NOMEM, "no memory to look through databases");
	l->told = told;
	l->arg = arg;
	l->last = &l->first;
	pthread_mutex_init(&l->mu, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	return OK;
}

enum err look_add(struct look *l, const struct store *s, void *who, struct errinfo *ei)
{
	struct look_item *it = calloc(1, sizeof *it);
	bool added = false;
	if (it) {
		it->who = who;
		it->path = strdup(s->data_path);
	}
	pthread_mutex_lock(&l->mu);
	if (it && it->path) {
		if (!l->started)
			l->started = pthread_create(&l->thread, NULL, look_thread, l) == 0;
		added = l->started;
	}
	if (added) {
		*l->last = it;
		l->last = &it->next;
		pthread_cond_broadcast(&l->changed);
	}
	pthread_mutex_unlock(&l->mu);
	if (added)
		return OK;
	item_free(it);
	return err_set(ei, E_NOMEM, "%s: no memory or thread to look through it. Give the program more of both, and start it again", s->data_path);
}

void look_wait(struct look *l)
{
	pthread_mutex_lock(&l->mu);
	while (l->first || l->busy)
		pthread_cond_wait(&l->changed, &l->mu);
	pthread_mutex_unlock(&l->mu);
}

/* An interruption may come just before a statement begins, which then knows nothing of it: again and again. */
static void look_end(struct look *l)
{
	struct timespec at;
	pthread_mutex_lock(&l->mu);
	l->ending = true;
	pthread_cond_broadcast(&l->changed);
	while (!l->ended) {
		if (l->conn)
			sqlite3_interrupt(l->conn);
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_nsec += LOOK_END_MS * 1000000L;
		at.tv_sec += at.tv_nsec / 1000000000L;
		at.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&l->changed, &l->mu, &at);
	}
	pthread_mutex_unlock(&l->mu);
	pthread_join(l->thread, NULL);
}

void look_free(struct look *l)
{
	if (!l)
		return;
	if (l->started)
		look_end(l);
	while (l->first) {
		struct look_item *it = l->first;
		l->first = it->next;
		item_free(it);
	}
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->mu);
	free(l);
}
