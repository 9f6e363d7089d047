#ifndef JAWORT_CORE_IMPORT_H
#define JAWORT_CORE_IMPORT_H
/*
 * import: people from another product, as CSV (text/csvread.h), with what is said there about their consent.
 *
 * Whose row says when, where and with which words they agreed is put on the list here, with an event `imported` that
 * keeps these words as declared data (docs/evidence.md). Nobody else is: such a row is refused, or, where the owner
 * wishes it, goes through the gate like a form (core/gate.h) and its person is asked by a confirmation mail.
 *
 * An import never changes anybody who is here: not those on the list, not those who left, not blocks, nor those of whom
 * evidence is kept after an erasure. So the same file twice does nothing the second time, and one that was cut off
 * is carried on by importing it again.
 *
 * First the whole file is read; one fault in it, and nothing is written (unless skip). Then people are written
 * IMPORT_BATCH to a transaction.
 *
 * Sources: GDPR Art. 7(1), 14, 17, 21(3); UWG section 7(2) no. 2.
 * Threads: no state.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/slice.h"
#include "core/site.h"
#include "store/db.h"

#define IMPORT_MAX_BYTES (256u * 1024u * 1024u)
#define IMPORT_BATCH 1000
#define IMPORT_PROOF_MAX_BYTES 4096 /* of one cell that is kept as proof */
#define IMPORT_PURPOSES_MAX_BYTES 1024

enum import_fate {
	IMPORT_TAKEN,    /* on the list now */
	IMPORT_BLOCKING, /* objected or complained there: the address is blocked here */
	IMPORT_ASKED,    /* without proof: gets a confirmation mail */
	IMPORT_HERE,     /* somebody with this address is here already; nothing was changed */
	IMPORT_BLOCKED,  /* the address is blocked here */
	IMPORT_ERASED,   /* was erased here */
	IMPORT_LEFT,     /* had left there, or the mailbox was gone */
	IMPORT_TWICE,    /* stands further up in the file */
	IMPORT_UNPROVEN, /* without proof, and not to be asked */
	IMPORT_REFUSED,  /* the gate does not take it */
	IMPORT_LATER,    /* the day's number of confirmation mails is reached */
	IMPORT_FAULTY,   /* the row is wrong */
	IMPORT_FATE__MAX
};
/* "taken" and so on. */
const char *import_fate_name(enum import_fate f);

struct import_opts {
	const struct conf_form *form; /* of confirmation mails; NULL: none is sent */
	struct slice map;      /* "address=E-Mail,first_name=Vorname": our name = column; may be empty */
	struct slice purposes; /* where there is no column: comma list; empty: the only purpose of the site */
	struct slice source;   /* where a row says none; may be empty */
	struct slice wording;  /* the same */
	const char *lang;      /* where a row says none that the site has; NULL: the site's first */
	bool dry;              /* writes nothing */
	bool skip;             /* faulty rows are left out */
};

/* What became of a row that is not simply taken. */
struct import_note {
	enum import_fate fate;
	size_t line, column; /* in the file, from 1 */
	const char *text;    /* why, and how to mend it; no personal data */
};

struct import_report {
	int64_t n[IMPORT_FATE__MAX];
	int64_t rows;
	bool written;       /* false: dry, or faults */
	char unused[400];   /* columns that nothing was taken from, comma list, cut */
};

/*
 * note is called for each row but those taken and asked, in order of the file, faults first. E_INVALID: what was wished
 * for does not fit the site (map, purposes, language); E_LIMIT; others from the store: what was written until then
 * stays, and out says how much. Faults in the file are no error: out->n[IMPORT_FAULTY].
 */
enum err import_run(const struct site *s, struct store *st, struct slice file, const struct import_opts *o,
    void (*note)(const struct import_note *n, void *arg), void *arg, struct import_report *out, struct errinfo *ei);

#endif
