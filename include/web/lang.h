#ifndef JAWORT_WEB_LANG_H
#define JAWORT_WEB_LANG_H
/*
 * lang: which of our languages a visitor's browser asks for (RFC 9110 section
 * 12.5.4, look-up by prefix: "de-AT" is served by "de"). cmd/nginx_ready.c prints the same rules for nginx.
 */
#include <stddef.h>
#include "base/slice.h"

/* The tag with the highest quality; the earlier one of equals; tags[0] if none is wanted. */
const char *lang_pick(struct slice accept_language, const char *const *tags, size_t n);

#endif
