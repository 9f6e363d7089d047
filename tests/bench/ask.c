/*
 * ask: the first column of the first row that a question to a database gives.
 *     ask FILE SQL
 * Read-only; waits up to 5 s for a lock. Exit 1 if there is no answer.
 */
#include <sqlite3.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	int found = 0;
	if (argc != 3) {
		fprintf(stderr, "usage: ask FILE SQL\n");
		return 2;
	}
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(db, 5000);
		found = sqlite3_prepare_v2(db, argv[2], -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
	}
	if (found)
		printf("%s\n", (const char *)sqlite3_column_text(q, 0));
	else
		fprintf(stderr, "ask: %s\n", db ? sqlite3_errmsg(db) : argv[1]);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return found ? 0 : 1;
}
