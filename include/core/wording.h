#ifndef JAWORT_CORE_WORDING_H
#define JAWORT_CORE_WORDING_H
/*
 * wording: the words that somebody agreed to, by their hash. As a rule they still stand in the form, and the site has
 * them compiled; else they are read from the text store, which compares them with their hash. Same hash, same words.
 */
#include "base/arena.h"
#include "base/err.h"
#include "core/consent.h"
#include "core/site.h"
#include "store/db.h"

/* *out lives as long as the site and the arena. E_NOT_FOUND: nobody has these words; E_INVALID, E_IO, E_NOMEM. */
enum err wording_get(struct db *db, const struct site *s, struct arena *a, const unsigned char hash[CRYPT_HASH_BYTES],
    const struct consent **out, struct errinfo *ei);

#endif
