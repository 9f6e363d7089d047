#ifndef JAWORT_CORE_EXPORT_H
#define JAWORT_CORE_EXPORT_H
/*
 * export: many people at once, as a stream: memory for one person, whatever the number of them.
 *
 *   csv, json  who is on a list now (state active): address, language, times, purposes in force, fields
 *   27560      the consent records (core/dpv.h) of everybody who ever confirmed and whose evidence is held, also of
 *              consents that have ended. No address, no name: numbers of persons
 * Restricted people (GDPR Art. 18) are in none of them.
 * Threads: as the handle. Long exports hold one read view: writers go on beside it.
 */
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "core/site.h"
#include "store/db.h"

enum export_format { EXPORT_CSV, EXPORT_JSON, EXPORT_27560, EXPORT__MAX };
const char *export_format_name(enum export_format f);
/* EXPORT__MAX: unknown. */
enum export_format export_format_from_name(const char *name);

/* Takes the next bytes; false: they cannot be written, the export ends with E_IO. */
typedef bool export_sink(struct slice bytes, void *arg);

/* *people (may be NULL) counts. E_IO from the sink; E_LIMIT: one person does not fit into 1 MiB. */
enum err export_write(enum export_format f, struct db *db, const struct site *s, export_sink *sink, void *arg,
    int64_t *people, struct errinfo *ei);

#endif
