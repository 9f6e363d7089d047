#ifndef JAWORT_CORE_DPV_H
#define JAWORT_CORE_DPV_H
/*
 * dpv: consents as records of ISO/IEC TS 27560:2023, in the form that the W3C
 * group gives them with the Data Privacy Vocabulary 2.3 ("Consent Records and
 * Receipts", report of 15 February 2026; profile record-eu-gdpr). JSON-LD with our own context
 * and JSON Schema (data/27560), because the profile comes with neither and its printed examples are no JSON.
 *
 * A document is {"@context": ..., "@graph": [...]}: first the parties (controller, processors, authority) and
 * one process per purpose, as the configuration has them now; then one record per person and purpose, whose
 * consent states are the events of the log, each with its number and commitment. What applied at the time of
 * an event is in the texts that it names, not in the parties of today. The person appears by number only.
 *
 * The identifier of a record is a UUID of version 8 (RFC 9562) from the commitment of its first event and the
 * purpose: the same whenever it is exported, and telling nothing.
 * Threads: a struct dpv is immutable; a struct dpv_person belongs to one thread.
 */
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "core/site.h"
#include "store/event.h"

/* The JSON-LD context and the JSON Schema, as shipped. Static. */
struct slice dpv_context(void);
struct slice dpv_schema(void);

/* {"@context":...,"@graph":[ and the parties and processes, one a line. E_LIMIT: out is full. */
enum err dpv_open(const struct site *s, struct buf *out, struct errinfo *ei);
/* The end of the document. */
void dpv_close(struct buf *out);

/* Does this kind of event change or ask for a consent? Others need not be shown to dpv_event(). */
bool dpv_kind(enum event_kind kind);

struct dpv_person; /* records in the making; reused from person to person */
/* NULL without memory. Site must outlive it. */
struct dpv_person *dpv_person_new(const struct site *s);
void dpv_person_free(struct dpv_person *p);
void dpv_person_begin(struct dpv_person *p, int64_t person_id);
/* Events in their order; only seq, time_ms, kind, commitment and the core are looked at. */
void dpv_event(struct dpv_person *p, const struct event_row *r);
/* Appends the records, each with ",\n" before it. E_LIMIT: out or the states of one person are too much. */
enum err dpv_person_end(struct dpv_person *p, struct buf *out, struct errinfo *ei);

#endif
