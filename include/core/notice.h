#ifndef JAWORT_CORE_NOTICE_H
#define JAWORT_CORE_NOTICE_H
/*
 * notice: the privacy notice, generated from the running configuration (GDPR
 * Art. 12-14). One table of rows: trigger in the configuration, phrase, articles of law, whether it
 * rests on a legitimate interest; the table is the model, templates give the look.
 *
 * What is hashed and stored is the body (template part/notice_body.html or
 * equal): everything but the version block, which names the hash.
 * Threads: no state.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"

#define NOTICE_MAX_BYTES (512u * 1024u)

/* The hashed body in one language: HTML, independent of place, time and version number. */
enum err notice_body(const struct site *s, struct arena *a, const char *lang, struct buf *out, struct errinfo *ei);

/* What the version block says. */
struct notice_stamp {
	int64_t no;
	const char *hash_hex; /* 64 hex digits */
	int64_t valid_from_ms;
};
/* The whole page (template page/notice.html) around a body. */
enum err notice_page(const struct site *s, struct arena *a, const char *lang, const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);
/* Plain text on the terminal, 72 columns. */
enum err notice_text(const struct site *s, struct arena *a, const char *lang, const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);
/* JSON: title, language, sections with their rows (id, articles, text). */
enum err notice_json(const struct site *s, struct arena *a, const char *lang, const struct notice_stamp *stamp,
    struct buf *out, struct errinfo *ei);

#endif
