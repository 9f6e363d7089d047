/*
 * sqlite_limit: how many sign-ups a second could SQLite make durable here, if
 * nothing else were to be done?
 *     sqlite_limit FOLDER ROWS SECONDS
 * One writer, WAL, synchronous=FULL, prepared statements, ROWS sign-ups per
 * transaction, starting from an empty database. A sign-up is three rows, none
 * encrypted: a person with two unique indexes on random values, an event, an
 * outbox row of 400 bytes with an index. Prints name=value: rate, p50_ms, p99_ms
 * (of transactions), signups. The database is removed again.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"

#define TIMES_MAX 1000000

static const char schema[] = ROWS_SCHEMA;

enum { PERSON, EVENT, OUTBOX, STMT__MAX };
static const char *const sql[STMT__MAX] = {
    ROWS_PERSON,
    ROWS_EVENT,
    ROWS_OUTBOX,
};

struct limit {
	sqlite3 *db;
	sqlite3_stmt *stmt[STMT__MAX];
	uint64_t random, signups;
};

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(sqlite3 *db, const char *what)
{
	fprintf(stderr, "sqlite_limit: %s: %s\n", what, db ? sqlite3_errmsg(db) : "no memory");
	exit(1);
}

static void run(struct limit *l, int stmt)
{
	if (sqlite3_step(l->stmt[stmt]) != SQLITE_DONE)
		fail(l->db, sql[stmt]);
	sqlite3_reset(l->stmt[stmt]);
}

/* Scattered like hashes, cheap like nothing. */
static void scatter(struct limit *l, unsigned char hash[ROWS_HASH_BYTES])
{
	for (int i = 0; i < ROWS_HASH_BYTES; i++) {
		l->random = l->random * 6364136223846793005u + 1442695040888963407u;
		hash[i] = (unsigned char)(l->random >> 56);
	}
}

static void signup(struct limit *l)
{
	static char body[ROWS_BODY_BYTES];
	unsigned char hash[ROWS_HASH_BYTES], token[ROWS_HASH_BYTES];
	char email[64];
	int len = snprintf(email, sizeof(email), "user%llu@example.com", (unsigned long long)l->signups++);
	memset(body, 'b', sizeof(body));
	scatter(l, hash);
	scatter(l, token);
	sqlite3_bind_blob(l->stmt[PERSON], 1, hash, ROWS_HASH_BYTES, SQLITE_STATIC);
	sqlite3_bind_text(l->stmt[PERSON], 2, email, len, SQLITE_STATIC);
	sqlite3_bind_blob(l->stmt[PERSON], 3, token, ROWS_HASH_BYTES, SQLITE_STATIC);
	run(l, PERSON);
	int64_t id = sqlite3_last_insert_rowid(l->db);
	sqlite3_bind_int64(l->stmt[EVENT], 1, id);
	sqlite3_bind_blob(l->stmt[EVENT], 2, hash, ROWS_HASH_BYTES, SQLITE_STATIC);
	run(l, EVENT);
	sqlite3_bind_int64(l->stmt[OUTBOX], 1, id);
	sqlite3_bind_text(l->stmt[OUTBOX], 2, body, ROWS_BODY_BYTES, SQLITE_STATIC);
	run(l, OUTBOX);
}

static void transaction(struct limit *l, unsigned rows)
{
	if (sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL))
		fail(l->db, "begin");
	for (unsigned i = 0; i < rows; i++)
		signup(l);
	if (sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL))
		fail(l->db, "commit");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void files_remove(const char *path)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char name[600];
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
}

int main(int argc, char **argv)
{
	static double times[TIMES_MAX];
	struct limit l = {.random = (uint64_t)time(NULL)};
	char path[512];
	size_t n = 0;
	if (argc != 4 || strtoul(argv[2], NULL, 10) < 1) {
		fprintf(stderr, "usage: sqlite_limit FOLDER ROWS SECONDS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/limit.db", argv[1]);
	files_remove(path);
	if (sqlite3_open(path, &l.db) || sqlite3_exec(l.db, schema, NULL, NULL, NULL))
		fail(l.db, path);
	for (int i = 0; i < STMT__MAX; i++)
		if (sqlite3_prepare_v2(l.db, sql[i], -1, &l.stmt[i], NULL))
			fail(l.db, sql[i]);
	double start = now_s(), end = start + strtod(argv[3], NULL), at = start;
	while (at < end && n < TIMES_MAX) {
		transaction(&l, (unsigned)strtoul(argv[2], NULL, 10));
		double done = now_s();
		times[n++] = done - at;
		at = done;
	}
	qsort(times, n, sizeof(times[0]), compare);
	printf("rate=%.1f p50_ms=%.3f p99_ms=%.3f signups=%llu\n", (double)l.signups / (at - start),
	    times[n / 2] * 1e3, times[n * 99 / 100] * 1e3, (unsigned long long)l.signups);
	for (int i = 0; i < STMT__MAX; i++)
		sqlite3_finalize(l.stmt[i]);
	sqlite3_close(l.db);
	files_remove(path);
	return 0;
}
