#ifndef JAWORT_CORE_IMPORT_PRIV_H
#define JAWORT_CORE_IMPORT_PRIV_H
/* What the two files of the import share: a row of the file as people and proof. */
#include "base/arena.h"
#include "core/import.h"
#include "text/csvread.h"

#define IMPORT_FIELDS_MAX 16

/* What a column may be; IMPORT_FIELD: a field of a person. */
enum import_column {
	IMPORT_ADDRESS, IMPORT_LANG, IMPORT_PURPOSES, IMPORT_STATE,
	IMPORT_TIME, IMPORT_SOURCE, IMPORT_WORDING, IMPORT_METHOD, IMPORT_CONFIRMED, IMPORT_PROOF,
	IMPORT_IP,
	IMPORT_COLUMN__MAX
};

enum import_there { IMPORT_THERE_ACTIVE, IMPORT_THERE_PENDING, IMPORT_THERE_LEFT, IMPORT_THERE_OBJECTED,
	IMPORT_THERE_COMPLAINED, IMPORT_THERE_BLOCKED };

struct import_row {
	size_t line, column; /* of the address */
	struct slice address; /* normalised */
	const char *lang;
	struct slice purposes;
	enum import_there there;
	struct slice value[IMPORT_COLUMN__MAX]; /* as declared */
	struct slice field[IMPORT_FIELDS_MAX];
	const char *lacks; /* NULL: the proof is whole */
};

struct import_reader {
	const struct site *s;
	const struct import_opts *o;
	struct csvread csv;
	size_t column[CSVREAD_CELLS_MAX]; /* IMPORT_COLUMN__MAX + n: field n; SIZE_MAX: not used */
	const char *field[IMPORT_FIELDS_MAX];
	size_t nfields;
	const char *lang;
	struct slice purposes;
	char today[11]; /* tomorrow in UTC: later days are faults */
	struct import_note bad; /* of the last fault */
	char text[300];
};

/*
 * Reads the first row. E_INVALID: the wishes do not fit the site (ei has text), or, with bad.line set, the file is wrong
 * at that place. a must live as long as the reader.
 */
enum err import_reader_open(struct import_reader *r, const struct site *s, struct arena *a, struct slice file,
    const struct import_opts *o, char *unused, size_t unused_bytes, struct errinfo *ei);
/* E_NOT_FOUND: the end; E_INVALID: bad says what is wrong with this row; E_NOMEM. */
enum err import_reader_next(struct import_reader *r, struct arena *a, struct import_row *out, struct errinfo *ei);
/* Name of a column of ours. */
const char *import_column_name(enum import_column c);
/* Person's fields as a JSON object; empty: none. */
struct slice import_fields(const struct import_reader *r, struct arena *a, const struct import_row *row);
/* What is kept in the event: the declared proof as a JSON object. */
struct slice import_proof(struct arena *a, const struct import_row *row);

#endif
