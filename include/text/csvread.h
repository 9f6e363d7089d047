#ifndef JAWORT_TEXT_CSVREAD_H
#define JAWORT_TEXT_CSVREAD_H
/*
 * csvread: reads CSV as spreadsheets and other products write it (RFC 4180): cells in quotes may hold separators, line
 * breaks and doubled quotes. The separator is what the first line has most of: comma, semicolon or TAB; a first line
 * "sep=;" says it. Lines end with LF, CR LF or CR; empty ones are passed over. A byte order mark is skipped.
 *
 * Nothing is repaired: text that is not UTF-8, a quote that is not closed, something behind a closing quote, more
 * or fewer cells than the first row has, are errors with their place.
 *
 * Ownership: cells lie in the text read, or in the arena where quotes were doubled. Threads: no state but the struct.
 */
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define CSVREAD_CELLS_MAX 128
#define CSVREAD_CELL_MAX_BYTES 16384

struct csvread_cell {
	struct slice text;
	size_t at; /* offset in the file, for csvread_place() */
};

struct csvread {
	struct slice all;
	char sep;
	size_t at;        /* next byte */
	size_t line;      /* of that byte, from 1 */
	size_t row_at, row_line; /* where the present row begins */
	struct csvread_cell cells[CSVREAD_CELLS_MAX];
	size_t n;         /* cells of the present row */
	size_t width;     /* cells of the first row; 0: not read yet */
	size_t bad_at;    /* place of the last error */
};

/* E_INVALID: not UTF-8; bad_at is the place, row_line 1. */
enum err csvread_init(struct csvread *r, struct slice all, struct errinfo *ei);
/*
 * The next row into cells. E_NOT_FOUND: the end (no text is made). E_INVALID: not CSV, or of another width; E_LIMIT:
 * more than CSVREAD_CELLS_MAX cells or a cell over CSVREAD_CELL_MAX_BYTES. After an error of width or size the next
 * call goes on behind the row; after one of quotes it ends. E_NOMEM.
 */
enum err csvread_row(struct csvread *r, struct arena *a, struct errinfo *ei);
/* Line and column, from 1 and in characters, of an offset within the present row. */
void csvread_place(const struct csvread *r, size_t at, size_t *line, size_t *column);

#endif
