#ifndef JAWORT_TESTS_FAULT_INVARIANTS_H
#define JAWORT_TESTS_FAULT_INVARIANTS_H
/*
 * What must hold in every data.db at any time, whatever failed before: each
 * statement counts the rows that break it. Read with a connection of its own.
 */
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* States of a person: 0 pending, 1 active, 6 erased; of a purpose: 1 active; of a request: 1 confirmed. */
static const struct invariant {
	const char *what, *sql;
} invariants[] = {
	{"the log of events has no gap", "SELECT count(*) <> coalesce(max(seq), 0) FROM event"},
	{"a person has a request",
	    "SELECT count(*) FROM person p WHERE state <> 6 AND NOT EXISTS"
	    " (SELECT 1 FROM request r WHERE r.person_id = p.id)"},
	{"a request has the event of its form",
	    "SELECT count(*) FROM request r JOIN person p ON p.id = r.person_id WHERE p.state <> 6 AND NOT EXISTS"
	    " (SELECT 1 FROM event e WHERE e.person_id = r.person_id AND e.kind = 1)"},
	{"an open request has its mail",
	    "SELECT count(*) FROM request r WHERE state = 0 AND (mails < 1 OR NOT EXISTS"
	    " (SELECT 1 FROM outbox o WHERE o.request_id = r.id))"},
	{"a purpose in force has a confirmation, and a person who is active",
	    "SELECT count(*) FROM person_purpose u JOIN person p ON p.id = u.person_id WHERE u.state = 1 AND"
	    " (p.state <> 1 OR NOT EXISTS (SELECT 1 FROM event e WHERE e.person_id = p.id AND e.kind = 5))"},
	{"an active person has a purpose in force",
	    "SELECT count(*) FROM person p WHERE state = 1 AND NOT EXISTS"
	    " (SELECT 1 FROM person_purpose u WHERE u.person_id = p.id AND u.state = 1)"},
	{"as many confirmed requests as confirmations",
	    "SELECT count(*) FROM person p WHERE state <> 6 AND"
	    " (SELECT count(*) FROM request r WHERE r.person_id = p.id AND r.state = 1) <>"
	    " (SELECT count(*) FROM event e WHERE e.person_id = p.id AND e.kind = 5)"},
	{"no more events of mails than mails",
	    "SELECT count(*) FROM person p WHERE state <> 6 AND"
	    " (SELECT count(*) FROM outbox o WHERE o.person_id = p.id) <"
	    " (SELECT count(*) FROM event e WHERE e.person_id = p.id AND e.kind = 2)"},
	{"who left has an event of it",
	    "SELECT count(*) FROM person p WHERE state = 2 AND NOT EXISTS"
	    " (SELECT 1 FROM event e WHERE e.person_id = p.id AND e.kind IN (6, 8))"},
	{"no row refers to nothing", "SELECT count(*) FROM pragma_foreign_key_check"},
};

/* The first that is broken, NULL if none; *n how many rows. What cannot be read breaks them all. */
static inline const char *invariants_broken(const char *data_db, int64_t *n)
{
	sqlite3 *db = NULL;
	const char *broken = NULL;
	*n = -1;
	if (sqlite3_open_v2(data_db, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		sqlite3_busy_timeout(db, 10000);
	for (size_t i = 0; !broken && i < sizeof(invariants) / sizeof(invariants[0]); i++) {
		sqlite3_stmt *q = NULL;
		if (sqlite3_prepare_v2(db, invariants[i].sql, -1, &q, NULL) != SQLITE_OK ||
		    sqlite3_step(q) != SQLITE_ROW) {
			fprintf(stderr, "%s: %s\n", invariants[i].what, sqlite3_errmsg(db));
			broken = invariants[i].what;
		} else if ((*n = sqlite3_column_int64(q, 0)) != 0) {
			broken = invariants[i].what;
		}
		sqlite3_finalize(q);
	}
	sqlite3_close(db);
	return broken;
}

#endif
