#ifndef JAWORT_CORE_EVIDENCE_H
#define JAWORT_CORE_EVIDENCE_H
/*
 * evidence: events as the rules see them. Every event points to the notice and
 * the configuration that were in force, which are looked up here, in the same
 * transaction, so that no caller can forget them.
 * Sources: GDPR Art. 5(2), 7(1); BGH I ZR 164/09; EDPB Guidelines 05/2020 no. 108.
 */
#include "base/err.h"
#include "base/slice.h"
#include "core/site.h"
#include "store/event.h"

/* Fills notice_hash and config_hash where they are NULL, then event_append(). */
enum err evidence_append(struct db *db, const struct site *s, struct event_new *e, struct errinfo *ei);
/* The address of a visitor as evidence.ip wants it: "", "192.0.2.0", "2001:db8:1::", or full. Arena memory. */
struct slice evidence_ip(struct arena *a, const struct conf_site *c, struct slice ip);

#endif
