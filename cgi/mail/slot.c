#include "mail/slot_priv.h"

#include <string.h>

#include "text/html.h"
#include "text/url.h"
#include "text/utf8.h"

#define SLOT_BOUNDARY_MAX_BYTES 70
#define SLOT_DATE_MAX_BYTES 100
#define SLOT_MESSAGE_ID_MAX_BYTES 250
#define SLOT_ADDR_MAX_BYTES 254
#define SLOT_LOCAL_MAX_BYTES 64
#define SLOT_LABEL_MAX_BYTES 63

static bool date_ok(struct slice s);
static bool message_id_ok(struct slice s);
static bool boundary_ok(struct slice s);

static const struct {
	const char *name;
	struct slice marker;
	bool (*ok)(struct slice value);
} slots[MESSAGE_SLOT__MAX] = {
	[MESSAGE_TO] = {"to", SLICE_LIT(SLOT_OPEN "to" SLOT_CLOSE), slot_addr_ok},
	[MESSAGE_LINK] = {"link", SLICE_LIT(SLOT_OPEN "link" SLOT_CLOSE), slot_url_ok},
	[MESSAGE_UNSUBSCRIBE] = {"unsubscribe", SLICE_LIT(SLOT_OPEN "unsubscribe" SLOT_CLOSE), slot_url_ok},
	[MESSAGE_DATE] = {"date", SLICE_LIT(SLOT_OPEN "date" SLOT_CLOSE), date_ok},
	[MESSAGE_MESSAGE_ID] = {"message_id", SLICE_LIT(SLOT_OPEN "message_id" SLOT_CLOSE), message_id_ok},
	[MESSAGE_BOUNDARY] = {"boundary", SLICE_LIT(SLOT_OPEN "boundary" SLOT_CLOSE), boundary_ok},
};

struct slice message_slot_marker(enum message_slot slot)
{
	return slots[slot].marker;
}

const char *message_slot_name(enum message_slot slot)
{
	return slots[slot].name;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 5322 section 3.2.3, ASCII only. */
static bool dot_atom_ok(struct slice s)
{
	if (s.len == 0 || s.ptr[0] == '.' || s.ptr[s.len - 1] == '.')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '.' && s.ptr[i - 1] == '.')
			return false;
		if (!is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], "!#$%&'*+-/=?^_`{|}~."))
			return false;
	}
	return true;
}

bool slot_host_ok(struct slice s)
{
	struct slice label, rest = s;

	if (s.len == 0 || s.len > 253 || s.ptr[s.len - 1] == '.')
		return false;
	while (slice_split(&rest, '.', &label)) {
		if (label.len == 0 || label.len > SLOT_LABEL_MAX_BYTES)
			return false;
		if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-')
				return false;
	}
	return true;
}

static bool dot_atom_at_host_ok(struct slice s, size_t local_max, size_t max)
{
	size_t at = slice_find(s, '@', 0);

	if (s.len > max || at == s.len || at > local_max)
		return false;
	return dot_atom_ok(slice_sub(s, 0, at)) && slot_host_ok(slice_sub(s, at + 1, s.len));
}

bool slot_addr_ok(struct slice s)
{
	return dot_atom_at_host_ok(s, SLOT_LOCAL_MAX_BYTES, SLOT_ADDR_MAX_BYTES);
}

static bool message_id_ok(struct slice s)
{
	return dot_atom_at_host_ok(s, SLOT_MESSAGE_ID_MAX_BYTES, SLOT_MESSAGE_ID_MAX_BYTES);
}

/* RFC 2046 section 5.1.1 without the space. */
static bool boundary_ok(struct slice s)
{
	if (s.len == 0 || s.len > SLOT_BOUNDARY_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !is_one_of(s.ptr[i], "'()+_,-./:=?"))
			return false;
	return true;
}

/* Where the next byte is with which both marks begin; the length if there is none. */
static size_t mark_maybe(struct slice s, size_t at)
{
	const char *p = at < s.len ? memchr(s.ptr + at, SLOT_OPEN[0], s.len - at) : NULL;

	return p ? (size_t)(p - s.ptr) : s.len;
}

static bool has_mark(struct slice s)
{
	for (size_t i = mark_maybe(s, 0); i + SLOT_MARK_BYTES <= s.len; i = mark_maybe(s, i + 1))
		if (memcmp(s.ptr + i, SLOT_OPEN, SLOT_MARK_BYTES) == 0 ||
		    memcmp(s.ptr + i, SLOT_CLOSE, SLOT_MARK_BYTES) == 0)
			return true;
	return false;
}

/* It stands in the text and in html, so it needs no more than letters, digits and a little punctuation. */
static bool date_ok(struct slice s)
{
	if (s.len == 0 || s.len > SLOT_DATE_MAX_BYTES)
		return false;
	if (!utf8_valid(s) || utf8_has_control(s, false) || has_mark(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (is_one_of(s.ptr[i], "<>&\"'[]{}"))
			return false;
	return true;
}

static bool host_is_loopback(struct slice host)
{
	struct slice rest = host, part;
	unsigned long long n;
	int parts = 0;

	if (slice_ieq(host, SLICE("localhost")) || slice_eq_str(host, "[::1]"))
		return true;
	if (!slice_starts(host, SLICE("127.")))
		return false;
	while (slice_split(&rest, '.', &part)) {
		if (part.len > 3 || !slice_u64(part, &n) || n > 255)
			return false;
		parts++;
	}
	return parts == 4;
}

/* A switch and no strchr(): each sign-up's links are looked at, byte by byte. */
static bool is_url_byte(char c)
{
	switch (c) {
	case '-': case '.': case '_': case '~': case ':': case '/': case '?': case '#': case '@': case '!':
	case '$': case '*': case '+': case ',': case ';': case '=': case '%': case '[': case ']':
		return true;
	default:
		return is_alnum(c);
	}
}

bool slot_url_ok(struct slice s)
{
	struct url u;

	if (s.len > MESSAGE_URL_MAX_BYTES || !url_parse(s, &u))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_url_byte(s.ptr[i]))
			return false;
	/* Brackets only around an IPv6 host: elsewhere they could become "[[var:". */
	for (const char *p = u.host.ptr + u.host.len; p < s.ptr + s.len; p++)
		if (*p == '[' || *p == ']')
			return false;
	if (slice_ieq(u.scheme, SLICE("https")))
		return true;
	return slice_ieq(u.scheme, SLICE("http")) && host_is_loopback(u.host);
}

bool slot_value_ok(enum message_slot slot, struct slice value)
{
	return slots[slot].ok(value);
}

/* The slot whose name starts at s and is closed; *used = bytes of the whole marker. */
static int slot_at(struct slice s, size_t *used)
{
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++) {
		if (slice_starts(s, slots[i].marker)) {
			*used = slots[i].marker.len;
			return i;
		}
	}
	return -1;
}

static enum err slot_put(struct buf *out, int slot, const struct message_slots *values, bool html,
    const char *where, struct errinfo *ei)
{
	struct slice v = values->value[slot];

	if (v.len == 0)
		return err_set(ei, E_INVALID, "mail: slot %s stands in %s but has no value", slots[slot].name, where);
	if (!slots[slot].ok(v))
		return err_set(ei, E_INVALID, "mail: the value for slot %s does not fit its type", slots[slot].name);
	if (html)
		html_attr(out, v);
	else
		buf_add_slice(out, v);
	return OK;
}

enum err slot_fill(struct buf *out, struct slice s, unsigned mask, const struct message_slots *values,
    bool html, const char *where, struct errinfo *ei)
{
	size_t from = 0, at = 0, used = 0;
	enum err e;

	while ((at = mark_maybe(s, at)) < s.len) {
		struct slice rest = slice_sub(s, at, s.len);
		int slot;

		if (slice_starts(rest, SLICE(SLOT_CLOSE)))
			return err_set(ei, E_INVALID, "mail: %s has an end mark (U+E001) without a slot", where);
		if (!slice_starts(rest, SLICE(SLOT_OPEN))) {
			at++;
			continue;
		}
		slot = slot_at(rest, &used);
		if (slot < 0)
			return err_set(ei, E_INVALID, "mail: %s has a mark (U+E000) that names no slot", where);
		if (!(mask & SLOT_BIT(slot)))
			return err_set(ei, E_INVALID, "mail: slot %s may not stand in %s", slots[slot].name, where);
		if (values) {
			buf_add_slice(out, slice_sub(s, from, at - from));
			e = slot_put(out, slot, values, html, where, ei);
			if (e)
				return e;
		}
		at += used;
		from = at;
	}
	if (values)
		buf_add_slice(out, slice_sub(s, from, s.len));
	return OK;
}

enum err message_slots_check(const struct message_slots *v, struct errinfo *ei)
{
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		if (v->value[i].len > 0 && !slots[i].ok(v->value[i]))
			return err_set(ei, E_INVALID, "mail: the value for slot %s does not fit its type",
			    slots[i].name);
	return OK;
}
