#ifndef JAWORT_CORE_ROPA_H
#define JAWORT_CORE_ROPA_H
/*
 * ropa: the records that a controller or a host must keep, from the same facts
 * as the notice: one model (sections of rows), three formats. What the
 * configuration does not know is a row without a value, marked as open; nothing
 * is invented.
 *
 *   ROPA_OWNER  record of processing activities, Art. 30(1) GDPR
 *   ROPA_HOST   record of the processor over all sites, Art. 30(2)
 *   ROPA_AVV    annex to the contract between host and owner, Art. 28(3)
 *   ROPA_TIA    assessment per firm with a way out of the EEA, Art. 44-46
 *
 * Sites and arena must outlive the record. Its words (templates/<lang>/ropa.txt) are loaded for it alone, so that
 * a service that only answers visitors does not carry them. Same configuration,
 * words, data of law and day give the same bytes.
 * E_INVALID: words lack a text, or a live site sends data where nothing protects
 * them (as for the notice); E_NOT_FOUND: ROPA_AVV of a site that nobody hosts;
 * E_NOMEM; E_LIMIT: out is full.
 * Threads: no state.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"

#define ROPA_MAX_BYTES (8u * 1024u * 1024u)

enum ropa_kind { ROPA_OWNER, ROPA_HOST, ROPA_AVV, ROPA_TIA, ROPA__MAX };

struct ropa;

/* *out is set also on an error, for ropa_free(). All sites must speak lang, de or en. n is 1 but for ROPA_HOST. */
enum err ropa_make(struct ropa **out, enum ropa_kind kind, const struct site *const *sites, size_t n, const char *lang,
    int64_t now_ms, struct arena *a, struct errinfo *ei);
/* NULL is fine. */
void ropa_free(struct ropa *r);
/* A page for the printer (template sheet/ropa.html). */
enum err ropa_html(const struct ropa *r, struct buf *out, struct errinfo *ei);
/* One line per value: record, section, row, label, articles, value, open. Formula-safe (text/csv.h). */
enum err ropa_csv(const struct ropa *r, struct buf *out, struct errinfo *ei);
/*
 * {"record": "owner", "lang", "date", "draft", "sites": [{"id", "config"}], "title", "sections":
 * [{"id", "title", "rows": [{"id", "label", "articles", "values": [...], "open"}]}]}
 */
enum err ropa_json(const struct ropa *r, struct buf *out, struct errinfo *ei);

#endif
