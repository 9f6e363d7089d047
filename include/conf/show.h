#ifndef JAWORT_CONF_SHOW_H
#define JAWORT_CONF_SHOW_H
/*
 * show: configuration as text. Secrets cannot appear: they are not in it;
 * names of secret files do.
 */
#include <stdbool.h>
#include "base/buf.h"
#include "conf/conf.h"

/*
 * The effective configuration of a site, defaults included: first line
 * "jawort-conf 1", then "path = value" per line, sorted by path, LF; in values
 * LF is "\n" and "\" is "\\". Names of secret files and paths are left out: they
 * are about this machine. Frozen: hashes in the evidence rely on it.
 */
void conf_canonical(const struct conf_site *s, struct buf *out);
/* SHA-256 of conf_canonical(). Same as s->hash. */
void conf_hash(const struct conf_site *s, unsigned char out[32]);
/*
 * For people: every key in effect with its origin (file:line or "default").
 * site NULL: the host file. json: {"file":..,"keys":{path:{"value":..,"origin":..}}}.
 */
void conf_show(struct buf *out, const struct conf *c, const struct conf_site *site, bool json);

#endif
