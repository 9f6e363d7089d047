#ifndef JAWORT_CORE_LOGBOOK_PRIV_H
#define JAWORT_CORE_LOGBOOK_PRIV_H
/* logbook_priv: what reading (logbook.c) and growing (logbook_grow.c) share. */
#include "core/logbook.h"

/* meta: set by logbook_restart(). */
#define LOGBOOK_META_ORIGIN "log_origin"

/* Name of the turn-th log of the site; fails out if it is no name. */
void logbook_origin_new(const struct conf_site *c, unsigned turn, struct buf *out);
/* 1 for ".../log", N for ".../log/N". */
unsigned logbook_turn(struct slice origin);
/* The text of a checkpoint note without extension: up to its first empty line. */
struct slice logbook_text(struct slice note);
const struct merkle_source *logbook_source(struct logbook *l);

#endif
