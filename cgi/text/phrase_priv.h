#ifndef JAWORT_TEXT_PHRASE_PRIV_H
#define JAWORT_TEXT_PHRASE_PRIV_H
/*
 * phrase_priv: what phrase.c (files to runs) and phrase_render.c (runs to text)
 * share, and the call by which templates render without new memory per phrase.
 *
 * Text inside runs and working memory uses four control bytes, which can come
 * neither from files nor from values:
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "text/phrase.h"

#define PHRASE_NBSP '\x01' /* U+00A0 in HTML; space that does not break in plain text */
#define PHRASE_SHY '\x02'  /* U+00AD in HTML; nothing elsewhere */
#define PHRASE_HOLD '\x03' /* a space inside a marker or URL: space everywhere, never broken */
#define PHRASE_BREAK '\n'  /* line end of a VIEW_LINES value */

enum phrase_run_kind { PHRASE_TEXT, PHRASE_VALUE, PHRASE_STRONG, PHRASE_STRONG_END };
struct phrase_run {
	enum phrase_run_kind kind;
	uint32_t hash;     /* PHRASE_VALUE: view_hash(text) */
	struct slice text; /* words, or the placeholder's name */
};

enum phrase_block_kind { PHRASE_PARAGRAPH, PHRASE_ITEM, PHRASE_HEADING };
struct phrase_block {
	enum phrase_block_kind kind;
	uint32_t first, count; /* runs */
	uint32_t values;       /* how many of them are placeholders */
};

struct phrase_body {
	atomic_bool ready; /* what follows does not change any more */
	uint32_t nblocks, nruns;
	struct phrase_block *blocks;
	struct phrase_run *runs;
};

struct phrase {
	struct slice key; /* in the text of its file */
	struct slice source;
	const char *file;
	const char *text; /* of its file, from the start */
	struct phrases *home;
	struct phrase_body *body; /* asked for with phrase_body_of() */
	uint32_t hash;
};

/* Blocks and runs; those of a shipped file are made at their first use. NULL without memory. Threads: any. */
const struct phrase_body *phrase_body_of(const struct phrase *p);
/* Of its key in its file, from 1. */
unsigned phrase_lineno(const struct phrase *p);

enum phrase_form { PHRASE_INLINE, PHRASE_BLOCKS, PHRASE_ATTR, PHRASE_LINE, PHRASE_WRAPPED };
struct phrase_style {
	enum phrase_form form;
	bool bare;             /* no links: we are inside one */
	int heading_level;     /* PHRASE_BLOCKS */
	unsigned columns, indent; /* PHRASE_WRAPPED */
};

/* Working memory; init once, use for many phrases. */
struct phrase_work {
	struct buf text; /* one block as plain text with control bytes */
	struct buf segs; /* struct phrase_seg */
};
void phrase_work_init(struct phrase_work *w);
void phrase_work_free(struct phrase_work *w);
enum err phrase_render(struct phrase_work *w, struct buf *out, const struct phrase *p, const struct view *v,
    const struct phrase_style *style, struct errinfo *ei);
/* <a href="URL">label or URL</a>; label.ptr NULL means none. Text as in html_text(). */
void phrase_html_link(struct buf *out, struct slice url, struct slice label);
/* <a href="mailto:ADDRESS">ADDRESS</a> */
void phrase_html_mail(struct buf *out, struct slice address);
/* The text NAME.label of a VIEW_URL, or a slice with ptr NULL. */
struct slice phrase_label(const struct view *v, struct slice name);

#endif
