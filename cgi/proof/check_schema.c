/* The members of a bundle: one table, and a walk that knows nothing else. */
#include "proof/check_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/slice.h"

enum member_type { OBJECT, ARRAY, STRING, NUMBER, HASH, TIME, BASE64, NAMES, ANYTHING };

static const char *const type_names[] = {
    [OBJECT] = "an object", [ARRAY] = "an array", [STRING] = "a string", [NUMBER] = "a whole number from 1",
    [HASH] = "64 hex digits", [TIME] = "a time", [BASE64] = "base64", [NAMES] = "an object of strings",
    [ANYTHING] = "a value"};

/* Path below the bundle; * stands for each member of an array. */
static const struct member {
	const char *path;
	enum member_type type;
	bool must;
} members[] = {
    {"", OBJECT, true},
    {"/format", STRING, true},
    {"/program", STRING, true},
    {"/made", TIME, true},
    {"/site", OBJECT, true},
    {"/site/id", STRING, true},
    {"/site/base_url", STRING, true},
    {"/site/controller", STRING, true},
    {"/site/time_zone", STRING, true},
    {"/person", OBJECT, true},
    {"/person/number", NUMBER, true},
    {"/person/channel", STRING, true},
    {"/person/address", STRING, false},
    {"/person/fields", NAMES, false},
    {"/person/lang", STRING, true},
    {"/person/state", STRING, true},
    {"/person/created", TIME, true},
    {"/person/purposes", ARRAY, true},
    {"/person/purposes/*", OBJECT, false},
    {"/person/purposes/*/id", STRING, true},
    {"/person/purposes/*/state", STRING, true},
    {"/person/purposes/*/since", TIME, true},
    {"/events", ARRAY, true},
    {"/events/*", OBJECT, false},
    {"/events/*/seq", NUMBER, true},
    {"/events/*/commitment", HASH, true},
    {"/events/*/core", OBJECT, true},
    {"/events/*/core/c", HASH, true},
    {"/events/*/core/salt", HASH, false},
    {"/events/*/core/text", STRING, false},
    {"/events/*/ip", OBJECT, true},
    {"/events/*/ip/c", HASH, true},
    {"/events/*/ip/salt", HASH, false},
    {"/events/*/ip/text", STRING, false},
    {"/events/*/fields", OBJECT, true},
    {"/events/*/fields/c", HASH, true},
    {"/events/*/fields/salt", HASH, false},
    {"/events/*/fields/text", STRING, false},
    {"/events/*/shown", HASH, false},
    {"/events/*/proofs", ARRAY, true},
    {"/events/*/proofs/*", OBJECT, false},
    {"/events/*/proofs/*/size", NUMBER, true},
    {"/events/*/proofs/*/path", ARRAY, true},
    {"/events/*/proofs/*/path/*", HASH, false},
    {"/texts", ARRAY, true},
    {"/texts/*", OBJECT, false},
    {"/texts/*/hash", HASH, true},
    {"/texts/*/kind", STRING, true},
    {"/texts/*/lang", STRING, true},
    {"/texts/*/format", NUMBER, true},
    {"/texts/*/body", STRING, true},
    {"/records", ANYTHING, true},
    {"/checkpoints", ARRAY, true},
    {"/checkpoints/*", OBJECT, false},
    {"/checkpoints/*/size", NUMBER, true},
    {"/checkpoints/*/note", STRING, true},
    {"/checkpoints/*/stamps", ARRAY, true},
    {"/checkpoints/*/stamps/*", BASE64, false},
    {"/keys", ARRAY, true},
    {"/keys/*", STRING, false},
};
#define NMEMBERS (sizeof(members) / sizeof(members[0]))

struct walk {
	struct check *c;
	bool good;
};

static void wrong(struct walk *w, const char *detail, const char *place)
{
	check_fault(w->c, CHECK_MEMBER, detail, "/bundle%s", place);
	w->good = false;
}

static bool is_base64(const json_t *v)
{
	struct buf out;
	bool ok;

	buf_init(&out, json_string_length(v));
	ok = json_string_length(v) > 0 && enc_b64_decode(slice_make(json_string_value(v), json_string_length(v)), &out);
	buf_free(&out);
	return ok;
}

static bool is_names(const json_t *v)
{
	const char *key;
	json_t *one;

	if (!json_is_object(v))
		return false;
	json_object_foreach((json_t *)v, key, one)
		if (!json_is_string(one))
			return false;
	return true;
}

static bool fits(const json_t *v, enum member_type type)
{
	unsigned char hash[32];
	const char *s = json_string_value(v);

	switch (type) {
	case OBJECT:
		return json_is_object(v);
	case ARRAY:
		return json_is_array(v);
	case STRING:
		return s != NULL;
	case NUMBER:
		return json_is_integer(v) && json_integer_value(v) > 0;
	case HASH:
		return s && enc_hex_decode(slice_make(s, json_string_length(v)), hash, sizeof(hash));
	case TIME:
		return s && json_string_length(v) == CLOCK_ISO_BYTES - 1 && clock_parse_iso(s, CLOCK_ISO_BYTES - 1) >= 0;
	case BASE64:
		return s && is_base64(v);
	case NAMES:
		return is_names(v);
	default:
		return true;
	}
}

/* The row of a path, where numbers within arrays are already *. */
static const struct member *member_find(const char *path)
{
	for (size_t i = 0; i < NMEMBERS; i++)
		if (strcmp(members[i].path, path) == 0)
			return &members[i];
	return NULL;
}

/* Is row a member directly below path? Its name, or NULL. */
static const char *member_below(const struct member *m, const char *path)
{
	size_t n = strlen(path);

	if (strncmp(m->path, path, n) != 0 || m->path[n] != '/' || strchr(m->path + n + 1, '/'))
		return NULL;
	return m->path + n + 1;
}

static void walk_value(struct walk *w, const json_t *v, const char *path, const char *place);

static void walk_object(struct walk *w, const json_t *o, const char *path, const char *place)
{
	char below[CHECK_PLACE_BYTES], there[CHECK_PLACE_BYTES];
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v) {
		snprintf(below, sizeof(below), "%s/%.60s", path, key);
		snprintf(there, sizeof(there), "%s/%.60s", place, key);
		if (member_find(below) && !strchr(key, '/') && strcmp(key, "*") != 0)
			walk_value(w, v, below, there);
		else
			wrong(w, "no such member in this format", there);
	}
	for (size_t i = 0; i < NMEMBERS; i++) {
		const char *name = member_below(&members[i], path);
		if (!name || !members[i].must || json_object_get(o, name))
			continue;
		snprintf(there, sizeof(there), "%s/%s", place, name);
		wrong(w, "missing", there);
	}
}

static void walk_value(struct walk *w, const json_t *v, const char *path, const char *place)
{
	const struct member *m = member_find(path);
	char below[CHECK_PLACE_BYTES], there[CHECK_PLACE_BYTES], detail[CHECK_DETAIL_BYTES];
	size_t i;
	json_t *one;

	if (!m || !fits(v, m->type)) {
		snprintf(detail, sizeof(detail), "must be %s", m ? type_names[m->type] : "absent");
		wrong(w, detail, place);
		return;
	}
	if (m->type == OBJECT)
		walk_object(w, v, path, place);
	if (m->type != ARRAY)
		return;
	snprintf(below, sizeof(below), "%s/*", path);
	json_array_foreach((json_t *)v, i, one) {
		snprintf(there, sizeof(there), "%.100s/%zu", place, i);
		walk_value(w, one, below, there);
	}
}

bool check_schema(struct check *c, const json_t *bundle)
{
	struct walk w = {.c = c, .good = true};

	walk_value(&w, bundle, "", "");
	return w.good;
}
