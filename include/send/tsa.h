#ifndef JAWORT_SEND_TSA_H
#define JAWORT_SEND_TSA_H
/*
 * tsa: has the newest checkpoint of a site stamped by the authority that evidence.tsa names
 * (stamp/stamp.h), and keeps the token as an anchor (store/anchor.h). The authority gets a
 * SHA-256 over the signed note and a random number, nothing else.
 * Threads: the caller's thread only. Blocks up to TSA_TIMEOUT_MS.
 */
#include <stdint.h>
#include "base/err.h"
#include "conf/conf.h"
#include "stamp/stamp.h"
#include "store/db.h"

#define TSA_TIMEOUT_MS 10000

/*
 * One question, one answer. OK: the token is stored. E_NOT_FOUND: no checkpoint yet, or ca_file cannot be read;
 * E_UPSTREAM: no answer, or refused; E_INVALID, E_DENIED: an answer that does not hold (stamp_take()). Nothing is
 * stored then, and a later call asks anew.
 */
enum err tsa_stamp(const struct conf_site *c, struct store *st, struct stamp *out, struct errinfo *ei);

#endif
