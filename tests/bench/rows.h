#ifndef JAWORT_TESTS_BENCH_ROWS_H
#define JAWORT_TESTS_BENCH_ROWS_H
/*
 * rows: what a sign-up is to the programs that know nothing of the product: three plain rows, durable. A person with two
 * unique indexes on random values, an event, and an outbox row of 400 bytes with an index.
 */
#define ROWS_SCHEMA \
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" \
	"CREATE TABLE person(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, email TEXT NOT NULL, state INT," \
	" at INT, token BLOB NOT NULL UNIQUE);" \
	"CREATE TABLE event(id INTEGER PRIMARY KEY, person INT, at INT, ip TEXT, page TEXT, text INT, hash BLOB);" \
	"CREATE TABLE outbox(id INTEGER PRIMARY KEY, person INT, due INT, state INT, body TEXT);" \
	"CREATE INDEX outbox_due ON outbox(state, due);"
#define ROWS_PERSON \
	"INSERT INTO person(hash, email, state, at, token) VALUES(?1, ?2, 0, 1700000000, ?3)"
#define ROWS_EVENT \
	"INSERT INTO event(person, at, ip, page, text, hash) VALUES(?1, 1700000000, '127.0.0.1', '/news.html', 1, ?2)"
#define ROWS_OUTBOX \
	"INSERT INTO outbox(person, due, state, body) VALUES(?1, 1700000000, 0, ?2)"
#define ROWS_BODY_BYTES 400
#define ROWS_HASH_BYTES 32

#endif
