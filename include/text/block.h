#ifndef JAWORT_TEXT_BLOCK_H
#define JAWORT_TEXT_BLOCK_H
/*
 * block: reads HTML that Jawort made itself (a stored notice) back into what
 * people read: headings, paragraphs, list items and table rows, in order. For
 * the difference of two versions and for Markdown.
 *
 * Not a parser for the web: tags are known by a table, what is not in it parts
 * blocks. An owner's template may hold anything, so any input is read to its
 * end: <script>, <style>, <svg>, <nav> and comments are left out, a tag that is
 * never closed ends with the text. Entities: the five of text/html.h, &nbsp; and
 * numbers; any other stays as written. White space becomes one space (U+00A0
 * too), <br> a line end.
 *
 * Memory is the arena's. Limits: 1 MiB of HTML, BLOCK_MAX blocks.
 * Threads: no state.
 */
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define BLOCK_HTML_MAX_BYTES (1024u * 1024u)
#define BLOCK_MAX 4096

enum block_kind { BLOCK_PARA, BLOCK_HEADING, BLOCK_ITEM, BLOCK_ROW, BLOCK_KIND__MAX };

struct block {
	enum block_kind kind;
	unsigned level;     /* of a heading, 1..6; else 0 */
	struct slice text;  /* plain; cells of a row are parted by TAB, lines by LF; never empty */
	struct slice mark;  /* the same in Markdown (CommonMark), cells parted by " | "; no text of it is markup */
};
struct blocks {
	struct block *v;
	size_t n;
};

/* E_LIMIT: longer or more than above. E_NOMEM. */
enum err blocks_read(struct blocks *out, struct arena *a, struct slice html, struct errinfo *ei);

/*
 * Blocks as Markdown, headings raised or lowered by shift (stays within 1..6),
 * an empty line between blocks but not between items and rows. The first row of a
 * table is its head.
 */
void blocks_markdown(const struct blocks *b, int shift, struct buf *out);

#endif
