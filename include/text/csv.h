#ifndef JAWORT_TEXT_CSV_H
#define JAWORT_TEXT_CSV_H
/*
 * csv: writes RFC 4180: commas, CRLF, every field in quotes, quotes doubled.
 * Begins with a UTF-8 byte order mark, or spreadsheets take it for Latin-1.
 *
 * A field that a spreadsheet would compute ("=1+1", "@x", "+49 30", "-5", TAB
 * or CR first; also the fullwidth forms of these signs) gets an apostrophe in
 * front (OWASP, CSV injection). Controls other than LF become spaces; CR LF and CR become LF.
 * Threads: no state but the struct.
 */
#include <stdbool.h>
#include "base/buf.h"
#include "base/slice.h"

struct csv {
	struct buf *out;
	bool begun; /* the row has a field */
};

void csv_init(struct csv *c, struct buf *out);
/* s: UTF-8. */
void csv_field(struct csv *c, struct slice s);
void csv_cstr(struct csv *c, const char *s);
void csv_end(struct csv *c);

#endif
