#ifndef JAWORT_CORE_NOTICE_H
#define JAWORT_CORE_NOTICE_H
/*
 * notice: the privacy notice, generated from the running configuration (GDPR
 * Art. 12-14). One table of rows: trigger in the configuration, phrase, articles of law, whether it
 * rests on a legitimate interest; the table is the model, templates give the look.
 *
 * What is hashed and stored is the body (template page/notice_fragment.html):
 * everything but the version block, which names the hash. Same configuration,
 * words and data of law give the same bytes; nothing looks at the clock.
 *
 * stamp may be NULL (a notice that is not stored yet): no version block.
 * Every function: E_INVALID if a live site would send data to a country where
 * nothing protects them, or words lack a text; E_NOMEM; E_LIMIT out is full.
 * Threads: no state.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"

#define NOTICE_MAX_BYTES (512u * 1024u)

/* The hashed body in one language: HTML, independent of place, time and version number. */
enum err notice_body(const struct site *s, struct arena *a, const char *lang, struct buf *out,
    struct errinfo *ei);

/* What the version block says. */
struct notice_stamp {
	int64_t no;
	const char *hash_hex; /* 64 hex digits */
	int64_t valid_from_ms;
};
/* The whole page (template page/notice.html) around a body. */
enum err notice_page(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);
/* Markdown (CommonMark with tables), read back from the body; no value in it is markup. */
enum err notice_markdown(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);
/* Plain text on the terminal, 72 columns. */
enum err notice_text(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);
/*
 * JSON: title, lang, site, version, hash, valid_from and sections [{id, title, rows: [{row, articles, title, text}]}];
 * title of a row only where it has a heading of its own (a firm).
 */
enum err notice_json(const struct site *s, struct arena *a, const char *lang,
    const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);

/*
 * Where each sentence comes from, as text or JSON: per block its id, the row, articles of law, the words; per sentence
 * the keys of the configuration whose values stand in it, with file and line; the keys that decide what else is said;
 * the data of law with their day. out: several times the size of the notice.
 */
enum err notice_why(const struct site *s, struct arena *a, const char *lang, bool json, struct buf *out,
    struct errinfo *ei);

#endif
