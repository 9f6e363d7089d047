#ifndef JAWORT_CORE_LOGKEEP_H
#define JAWORT_CORE_LOGKEEP_H
/*
 * logkeep: what the worker does for the log of events on its timer: a checkpoint when one is due
 * (core/logbook.h), and once a day the newest one to the owner by mail, so that it is kept where
 * nobody here can change it. The time stamp, which needs the network, is send/stamp.h.
 *
 * What went wrong last is kept in the data (meta "log_failed"), so that `status` and `doctor` say
 * it until it is mended.
 * Threads: as struct store.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/logbook.h"
#include "core/site.h"
#include "store/anchor.h"
#include "store/db.h"

/* A checkpoint if one is due; at_once: if there are new events. An error is noted, logged and returned. */
enum err logkeep_advance(const struct conf_site *c, struct store *st, bool at_once, int64_t now_ms,
    struct logbook_report *out, struct errinfo *ei);
/* Is an anchor of this kind due: configured, none yet on this UTC day, and the log has grown since the last one? */
enum err logkeep_anchor_due(struct db *db, const struct conf_site *c, enum anchor_kind k, int64_t now_ms, bool *due,
    struct errinfo *ei);
/* Queues the mail with the newest checkpoint if one is due. Outside transactions. */
enum err logkeep_mail(const struct site *s, struct store *st, int64_t now_ms, struct errinfo *ei);
/* The mail as it is stored (mail/message.h format 1); for previews as well. */
enum err logkeep_mail_render(const struct site *s, struct arena *a, const char *lang, const struct checkpoint *cp,
    struct slice note, struct buf *stored, struct errinfo *ei);

struct logkeep_state {
	struct checkpoint last;      /* size 0: none yet */
	int64_t events;              /* all, also those not covered yet */
	struct anchor mail, stamp;   /* newest of each; size 0: none */
	char failed[ERR_TEXT_BYTES]; /* why the log stands still; empty: it does not */
	int64_t failed_ms;
};
enum err logkeep_read(struct db *db, struct logkeep_state *out, struct errinfo *ei);
/* Notes why, or with an empty text that all is well again. Outside transactions. */
enum err logkeep_note(struct store *st, const char *why, int64_t now_ms, struct errinfo *ei);

#endif
