#ifndef JAWORT_TEXT_FORM_H
#define JAWORT_TEXT_FORM_H
/*
 * form: application/x-www-form-urlencoded (WHATWG URL standard section 5.1,
 * strict where contract section 1 says so) and the single-field multipart body that
 * one-click unsubscribe may use (RFC 8058 section 3.1).
 *
 * A body becomes a list of name/value pairs in arena memory. Which fields
 * exist, how often and how long is decided by the caller's table of fields:
 * a field that is not declared does not exist (it is counted).
 */
#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define FORM_FIELDS_MAX 64

struct form_field {
	struct slice name;
	struct slice value;
};

struct form {
	struct form_field fields[FORM_FIELDS_MAX];
	size_t count;
};

/*
 * E_INVALID: not UTF-8 after decoding, NUL, bad percent escape; E_LIMIT: more
 * than FORM_FIELDS_MAX fields; E_NOMEM. Empty pairs ("&&") are skipped.
 */
enum err form_parse(struct arena *a, struct slice body, struct form *out, struct errinfo *ei);
/*
 * multipart/form-data with small text parts; content_type carries the boundary.
 * Same errors; also E_INVALID: wrong content type, cut off before the last
 * boundary, a file, a part without name or with a transfer encoding. Lines may
 * end with bare LF: a withdrawal is not refused for that.
 */
enum err form_parse_multipart(struct arena *a, struct slice body, struct slice content_type, struct form *out,
    struct errinfo *ei);

/* First value, or a slice with ptr NULL if the field is not there. */
struct slice form_get(const struct form *f, const char *name);
size_t form_count(const struct form *f, const char *name);
/* n-th value (from 0) of a repeated field; ptr NULL behind the last. */
struct slice form_nth(const struct form *f, const char *name, size_t n);

#endif
