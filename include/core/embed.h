#ifndef JAWORT_CORE_EMBED_H
#define JAWORT_CORE_EMBED_H
/*
 * embed: the files compiled into the program (templates, words, styles), made
 * by tools/embed at build time. Names are paths below templates/ or
 * "static/...", "css/...". Static, immutable.
 */
#include <stddef.h>
#include "embedded.h"

/* NULL if there is no such file. */
const struct embedded_file *embed_find(const char *name);

#endif
