/*
 * crowd: makes many people out of one, so that a database of a million exists within a minute.
 *     crowd FOLDER PEOPLE
 * FOLDER is the data of a site at rest, with one person in it (number 1), made by the service itself. Every
 * table that has rows of that person gets the same rows for persons 2..PEOPLE, in the order in which the
 * service would have written them. What must be scattered or unique is random: the hash by which a person is
 * found, commitments, ids of attempts and of the provider. Ciphertexts are copies of the right size (nobody
 * reads them). keys.db gets a slot for each. Not durable while it runs; a crash leaves rubbish.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Tables in which a person has rows, and how a column differs from the template's row t for person n.i. */
static const struct {
	const char *table, *person;
} tables[] = {
    {"person", "id"}, {"person_purpose", "person_id"}, {"request", "person_id"}, {"event", "person_id"},
    {"outbox", "person_id"}, {"contact", "person_id"},
};
static const struct {
	const char *table, *column, *value;
} changes[] = {
    {"person", "id", "n.i"}, {"person", "lookup", "randomblob(16)"},
    {"person_purpose", "person_id", "n.i"}, {"person_purpose", "request_id", "n.i"},
    {"request", "id", "n.i"}, {"request", "person_id", "n.i"},
    {"event", "seq", "NULL"}, {"event", "person_id", "n.i"}, {"event", "commitment", "randomblob(32)"},
    {"outbox", "id", "NULL"}, {"outbox", "person_id", "n.i"}, {"outbox", "request_id", "n.i"},
    {"outbox", "attempt_id", "hex(randomblob(8))"}, {"outbox", "provider_id", "hex(randomblob(12))"},
    {"contact", "id", "NULL"}, {"contact", "person_id", "n.i"},
};
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static void fail(sqlite3 *db, const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, db ? sqlite3_errmsg(db) : "no memory");
	exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail(db, sql);
}

static sqlite3 *begin(const char *folder, const char *file)
{
	char path[512];
	sqlite3 *db = NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL))
		fail(db, path);
	run(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
	    "PRAGMA cache_size = -600000; BEGIN");
	return db;
}

/* In WAL again, as it was found, and nothing left beside the file. */
static void end(sqlite3 *db)
{
	run(db, "COMMIT; PRAGMA journal_mode = WAL");
	if (sqlite3_close(db))
		fail(db, "close");
}

static const char *value_of(const char *table, const char *column)
{
	for (size_t i = 0; i < LENGTH(changes); i++)
		if (strcmp(changes[i].table, table) == 0 && strcmp(changes[i].column, column) == 0)
			return changes[i].value;
	return NULL;
}

/* "INSERT INTO table SELECT ..." over all numbers and, within each, the template's rows. */
static void multiply(sqlite3 *db, const char *table, const char *person, unsigned long people)
{
	char sql[4096], values[3000] = "";
	sqlite3_stmt *q = NULL;
	size_t len = 0;
	snprintf(sql, sizeof(sql), "CREATE TEMP TABLE t_%s AS SELECT * FROM main.%s WHERE %s = 1 ORDER BY rowid",
	    table, table, person);
	if (strcmp(table, "person_purpose") == 0)
		sql[strlen(sql) - strlen(" ORDER BY rowid")] = '\0';
	run(db, sql);
	snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%s') ORDER BY cid", table);
	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL))
		fail(db, sql);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *column = (const char *)sqlite3_column_text(q, 0), *value = value_of(table, column);
		len += (size_t)snprintf(values + len, sizeof(values) - len, "%s%s%s", len ? ", " : "",
		    value ? value : "t.", value ? "" : column);
	}
	sqlite3_finalize(q);
	snprintf(sql, sizeof(sql), "WITH RECURSIVE n(i) AS (VALUES(2) UNION ALL SELECT i + 1 FROM n WHERE i < %lu)"
	    " INSERT INTO main.%s SELECT %s FROM n CROSS JOIN t_%s t", people, table, values, table);
	run(db, sql);
}

static void slots(const char *folder, unsigned long people)
{
	sqlite3 *db = begin(folder, "keys.db");
	char sql[400];
	snprintf(sql, sizeof(sql), "INSERT INTO slot(id, key, state) WITH RECURSIVE n(i) AS (SELECT max(id) + 1 FROM"
	    " slot UNION ALL SELECT i + 1 FROM n WHERE i < %lu) SELECT i, randomblob(32), 0 FROM n", people + 8192);
	run(db, sql);
	end(db);
}

int main(int argc, char **argv)
{
	unsigned long people = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	time_t start = time(NULL);
	sqlite3 *db;
	if (people < 2) {
		fprintf(stderr, "usage: crowd FOLDER PEOPLE\n");
		return 2;
	}
	slots(argv[1], people);
	db = begin(argv[1], "data.db");
	for (size_t i = 0; i < LENGTH(tables); i++)
		multiply(db, tables[i].table, tables[i].person, people);
	end(db);
	printf("people=%lu seconds=%ld\n", people, (long)(time(NULL) - start));
	return 0;
}
