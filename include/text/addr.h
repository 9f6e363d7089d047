#ifndef JAWORT_TEXT_ADDR_H
#define JAWORT_TEXT_ADDR_H
/*
 * addr: one e-mail address as a person types it. Validates what will be used,
 * after all normalisation, in one function, and never repairs: an address that
 * two mail programs could read in two ways is refused (quotes, comments, source
 * routes, "%" and "!" routing, a second "@", ";", ",", "<>", encoded-words,
 * controls, empty or dotted-edge local parts, address literals, names of one
 * label such as "localhost", space at either end: browsers cut that themselves
 * from a field for addresses).
 *
 * Accepted: dot-atom of RFC 5322 section 3.2.3 as local part (<= 64 bytes), a
 * domain that libidn2 turns into A-labels (UTS 46 non-transitional), 254 bytes
 * in all (RFC 5321 section 4.5.3.1.3). Non-ASCII local parts are refused
 * (ADDR_NON_ASCII): providers do not carry SMTPUTF8.
 * "%" and "!" are atext in the RFC; where a host's name could stand on their far
 * side they are a route to old mail servers and refused ("%" before a letter or
 * digit: a%x@y; "!" behind one: a!b@y), elsewhere they stay. "=?" before a
 * letter or digit and "?=" behind one begin and end encoded words: refused.
 * One label alone is a domain only as a country code, two ASCII letters: some
 * of them take mail (n@io). The last label may not be a number ("1", "0x7f").
 * An "xn--" label must be the one spelling of its name; text that the IDN
 * mapping would drop or turn into ASCII (zero width space, fullwidth letters,
 * ideographic full stop) is refused.
 */
#include <stdbool.h>
#include "base/arena.h"
#include "base/slice.h"

enum addr_result {
	ADDR_OK = 0,
	ADDR_EMPTY,     /* nothing typed */
	ADDR_LONG,      /* over 254 bytes or local part over 64 */
	ADDR_MANY,      /* two addresses: , ; space or a second @ */
	ADDR_NO_AT,     /* no @, or nothing before or behind it */
	ADDR_LOCAL,     /* local part that could be read in two ways */
	ADDR_DOMAIN,    /* domain that cannot receive mail or is no IDN */
	ADDR_NON_ASCII, /* letters outside ASCII before the @ */
	ADDR_CONTROL,   /* control character */
	ADDR__MAX
};

#define ADDR_MAX_BYTES 254

struct addr {
	struct slice full;   /* local@a-label-domain: what goes to the provider; domain in lower case */
	struct slice local;  /* as typed */
	struct slice domain; /* A-labels, lower case */
};

/*
 * out is all empty unless ADDR_OK. An accepted full address parses to itself.
 * Without memory the result is ADDR_DOMAIN and arena_ok() false: ask that first.
 */
enum addr_result addr_parse(struct arena *a, struct slice typed, struct addr *out);
/* Key for "same person": full address, domain lower case, local part exact. */
/* Key for budgets: the whole in ASCII lower case. Result in arena. */
struct slice addr_fold(struct arena *a, const struct addr *ad);
/*
 * "n…e@example.org": first and last character of the local part ("n…@" if one or two), U+2060 on both sides of
 * the ellipsis, so that no line breaks there. UTF-8, arena.
 */
struct slice addr_mask(struct arena *a, struct slice full);

#endif
