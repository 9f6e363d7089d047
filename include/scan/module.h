#ifndef JAWORT_SCAN_MODULE_H
#define JAWORT_SCAN_MODULE_H
/*
 * module: which host belongs to which service, and which part of the notice
 * speaks of it. Data: data/embeds.txt, compiled in. Static, immutable.
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/slice.h"

struct module {
	const char *id;      /* also the name that processors and website.embeds are matched by */
	const char *kind;    /* fonts cdn video map audio social statistics tags ads captcha form chat comments consent */
	const char *name;    /* "YouTube" */
	const char *company, *country;
	const char *host;    /* host names, separated by LF; subdomains count */
	const char *script;  /* part of the file name by which a copy on one's own server is known, or NULL */
	const char *note;    /* for people, or NULL */
	const char *as_of, *source; /* of the block, or NULL: those of the file */
};

/* By host name in lower case; NULL: unknown. */
const struct module *module_of_host(struct slice host);
/* By the file name of a script on one's own server. */
const struct module *module_of_script(struct slice path);
const struct module *module_at(size_t i);
const char *module_as_of(void);
/* host is name or lies below it. */
bool module_host_in(struct slice host, struct slice name);

#endif
