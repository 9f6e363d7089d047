#ifndef JAWORT_TEXT_EML_H
#define JAWORT_TEXT_EML_H
/*
 * eml: reads a mail as it arrived (RFC 5322, MIME of RFC 2045 and 2046): its header fields, and the first
 * text/plain and the first text/html part, decoded. What is not needed to look at a mail of ours is not read:
 * attachments, character sets (links are ASCII) and encoded words.
 *
 * Input is hostile: EML_DEPTH_MAX parts inside each other, EML_PARTS_MAX parts in all, lines end by LF or CR LF; what
 * is beyond is not looked at. Nothing is trusted: a field may be there many times.
 * Memory is the arena's. Threads: no state.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define EML_MAX_BYTES (4u * 1024u * 1024u)
#define EML_DEPTH_MAX 8
#define EML_PARTS_MAX 64

struct eml {
	struct slice head; /* of the mail, as it stands; lies in the input */
	struct slice text; /* decoded; empty: there is none */
	struct slice html;
};

/* E_LIMIT: over EML_MAX_BYTES; E_INVALID: no header field at all; E_NOMEM. */
enum err eml_read(struct eml *out, struct arena *a, struct slice raw, struct errinfo *ei);
/* The n-th field of that name (case-blind, from 0), unfolded and trimmed. false: there is none, or no memory. */
bool eml_field(struct slice head, struct arena *a, const char *name, size_t n, struct slice *out);

#endif
