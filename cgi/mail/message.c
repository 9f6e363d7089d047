#include "mail/message.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "mail/slot_priv.h"
#include "text/jsonw.h"
#include "text/utf8.h"

enum field_kind {
	FIELD_PHRASE, /* UTF-8 without controls, may be empty */
	FIELD_ADDR,   /* bare address */
	FIELD_ADDR_OR_EMPTY,
	FIELD_HOST_OR_EMPTY,
	FIELD_WORD,   /* [A-Za-z0-9_/+-]{1,63}: zone, language */
	FIELD_SLOT,   /* exactly one slot of the mask */
	FIELD_SLOT_OR_EMPTY,
	FIELD_BODY,   /* text with slots, not empty */
	FIELD_BODY_OR_EMPTY
};

#define BODY_SLOTS \
	(SLOT_BIT(MESSAGE_TO) | SLOT_BIT(MESSAGE_LINK) | SLOT_BIT(MESSAGE_UNSUBSCRIBE) | SLOT_BIT(MESSAGE_DATE))

/* Format 1, frozen: order and names of the keys. */
static const struct field {
	const char *name;
	size_t at;
	enum field_kind kind;
	unsigned slots;
	bool html;
} fields[] = {
	{"from_name", offsetof(struct message, from_name), FIELD_PHRASE, 0, false},
	{"from_addr", offsetof(struct message, from_addr), FIELD_ADDR, 0, false},
	{"reply_to", offsetof(struct message, reply_to), FIELD_ADDR_OR_EMPTY, 0, false},
	{"to", offsetof(struct message, to), FIELD_SLOT, SLOT_BIT(MESSAGE_TO), false},
	{"subject", offsetof(struct message, subject), FIELD_PHRASE, 0, false},
	{"list_unsubscribe", offsetof(struct message, list_unsubscribe), FIELD_SLOT_OR_EMPTY,
	    SLOT_BIT(MESSAGE_UNSUBSCRIBE) | SLOT_BIT(MESSAGE_LINK), false},
	{"list_id", offsetof(struct message, list_id), FIELD_HOST_OR_EMPTY, 0, false},
	{"message_id", offsetof(struct message, message_id), FIELD_SLOT, SLOT_BIT(MESSAGE_MESSAGE_ID), false},
	{"boundary", offsetof(struct message, boundary), FIELD_SLOT, SLOT_BIT(MESSAGE_BOUNDARY), false},
	{"zone", offsetof(struct message, zone), FIELD_WORD, 0, false},
	{"lang", offsetof(struct message, lang), FIELD_WORD, 0, false},
	{"text", offsetof(struct message, text), FIELD_BODY, BODY_SLOTS, false},
	{"html", offsetof(struct message, html), FIELD_BODY_OR_EMPTY, BODY_SLOTS, true},
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static struct slice *field_of(struct message *m, const struct field *f)
{
	return (struct slice *)(void *)((char *)m + f->at);
}

static struct slice field_get(const struct message *m, const struct field *f)
{
	return *(const struct slice *)(const void *)((const char *)m + f->at);
}

/* Does one of Mailjet's words stand at i? */
static bool mailjet_word_at(struct slice s, size_t i)
{
	static const struct slice words[] = {SLICE_LIT("var:"), SLICE_LIT("data:"), SLICE_LIT("unsub")};

	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
		if (slice_ieq(slice_sub(s, i, words[w].len), words[w]))
			return true;
	return false;
}

bool message_inert(struct slice s)
{
	for (size_t i = slice_find(s, '{', 0); i + 1 < s.len; i = slice_find(s, '{', i + 1))
		if (s.ptr[i + 1] == '{' || s.ptr[i + 1] == '%')
			return false;
	for (size_t i = slice_find(s, '[', 0); i + 1 < s.len; i = slice_find(s, '[', i + 1))
		if (s.ptr[i + 1] == '[' && mailjet_word_at(s, i + 2))
			return false;
	return true;
}

static bool word_ok(struct slice s)
{
	if (s.len == 0 || s.len > 63)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		        c == '/' || c == '+' || c == '-'))
			return false;
	}
	return true;
}

static bool slot_alone_ok(struct slice s, unsigned mask)
{
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		if ((mask & SLOT_BIT(i)) && slice_eq(s, message_slot_marker((enum message_slot)i)))
			return true;
	return false;
}

/* What is wrong with a field, as words; NULL: nothing. */
static const char *field_wrong(const struct field *f, struct slice s)
{
	bool body = f->kind == FIELD_BODY || f->kind == FIELD_BODY_OR_EMPTY;

	if (s.len > MESSAGE_STORED_MAX_BYTES)
		return "is too long";
	if (!utf8_valid(s))
		return "is not UTF-8";
	if (utf8_has_control(s, body) || memchr(s.len ? s.ptr : "", '\r', s.len))
		return "holds a control character";
	if (!message_inert(s))
		return "holds \"[[var:\", \"[[data:\" or \"[[unsub\", which Mailjet replaces; write it differently";
	switch (f->kind) {
	case FIELD_PHRASE:
		return utf8_count(s) > MESSAGE_SUBJECT_MAX_CHARS ? "is longer than 255 characters" : NULL;
	case FIELD_ADDR:
		return slot_addr_ok(s) ? NULL : "is no bare mail address";
	case FIELD_ADDR_OR_EMPTY:
		return s.len == 0 || slot_addr_ok(s) ? NULL : "is no bare mail address";
	case FIELD_HOST_OR_EMPTY:
		return s.len == 0 || slot_host_ok(s) ? NULL : "is no name of letters, digits, hyphens and dots";
	case FIELD_WORD:
		return word_ok(s) ? NULL : "is no plain word";
	case FIELD_SLOT:
		return slot_alone_ok(s, f->slots) ? NULL : "must be its slot and nothing else";
	case FIELD_SLOT_OR_EMPTY:
		return s.len == 0 || slot_alone_ok(s, f->slots) ? NULL : "must be a link slot and nothing else";
	case FIELD_BODY:
		return s.len ? NULL : "is empty";
	case FIELD_BODY_OR_EMPTY:
		return NULL;
	}
	return NULL;
}

static enum err field_check(const struct field *f, struct slice s, struct errinfo *ei)
{
	const char *wrong = field_wrong(f, s);

	if (wrong)
		return err_set(ei, E_INVALID, "mail: %s %s", f->name, wrong);
	return slot_fill(NULL, s, f->slots, NULL, f->html, f->name, ei);
}

enum err message_store(struct buf *out, const struct message *m, struct errinfo *ei)
{
	struct jsonw w;
	enum err e;

	for (size_t i = 0; i < NFIELDS; i++) {
		e = field_check(&fields[i], field_get(m, &fields[i]), ei);
		if (e)
			return e;
	}
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_kint(&w, "format", MESSAGE_FORMAT);
	for (size_t i = 0; i < NFIELDS; i++)
		jsonw_kstr(&w, fields[i].name, field_get(m, &fields[i]));
	jsonw_end_object(&w);
	if (!buf_ok(out))
		return err_set(ei, E_LIMIT, "mail: the stored form does not fit into %zu bytes", out->max_bytes);
	return OK;
}

static enum err field_load(struct arena *a, const struct field *f, const json_t *val, struct message *out,
    struct errinfo *ei)
{
	struct slice s;
	enum err e;

	if (!json_is_string(val))
		return err_set(ei, E_INVALID, "mail: stored message: %s is missing or no text", f->name);
	s = slice_make(json_string_value(val), json_string_length(val));
	e = field_check(f, s, ei);
	if (e)
		return e;
	*field_of(out, f) = arena_dup(a, s);
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "mail: no memory for %s", f->name);
}

static enum err field_fill(struct arena *a, const struct field *f, const struct message *stored,
    const struct message_slots *values, struct message *out, struct errinfo *ei)
{
	struct buf b;
	enum err e;

	buf_init_arena(&b, a, MESSAGE_MIME_MAX_BYTES);
	e = slot_fill(&b, field_get(stored, f), f->slots, values, f->html, f->name, ei);
	if (e)
		return e;
	if (!buf_ok(&b))
		return err_set(ei, E_NOMEM, "mail: no memory to fill %s", f->name);
	*field_of(out, f) = buf_slice(&b);
	return OK;
}

/* A filled message must hold no mark any more, and its boundary in neither part. */
static enum err filled_check(const struct message *m, struct errinfo *ei)
{
	for (size_t i = 0; i < NFIELDS; i++) {
		struct slice s = field_get(m, &fields[i]);

		if (slot_fill(NULL, s, 0, NULL, false, fields[i].name, NULL))
			return err_set(ei, E_INVALID, "mail: %s still holds a slot mark after filling", fields[i].name);
		if (!message_inert(s))
			return err_set(ei, E_INVALID, "mail: %s holds provider code after filling", fields[i].name);
	}
	if (memmem(m->text.ptr, m->text.len, m->boundary.ptr, m->boundary.len) ||
	    (m->html.len && memmem(m->html.ptr, m->html.len, m->boundary.ptr, m->boundary.len)))
		return err_set(ei, E_INVALID, "mail: the boundary occurs in the text");
	return OK;
}

enum err message_fill(struct arena *a, const struct message *stored, const struct message_slots *values,
    struct message *out, struct errinfo *ei)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < NFIELDS; i++) {
		enum err e = field_fill(a, &fields[i], stored, values, out, ei);

		if (e)
			return e;
	}
	out->date_ms = values->date_ms;
	return filled_check(out, ei);
}

static enum err object_load(struct arena *a, const json_t *root, struct message *out, struct errinfo *ei)
{
	const json_t *format = json_object_get(root, "format");

	if (!json_is_integer(format) || json_integer_value(format) != MESSAGE_FORMAT)
		return err_set(ei, E_INVALID, "mail: stored message is not of format %d", MESSAGE_FORMAT);
	if (json_object_size(root) != NFIELDS + 1)
		return err_set(ei, E_INVALID, "mail: stored message has not exactly the keys of format %d",
		    MESSAGE_FORMAT);
	for (size_t i = 0; i < NFIELDS; i++) {
		enum err e = field_load(a, &fields[i], json_object_get(root, fields[i].name), out, ei);

		if (e)
			return e;
	}
	return OK;
}

enum err message_load(struct arena *a, struct slice stored, struct message *out, struct errinfo *ei)
{
	json_error_t je;
	json_t *root;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (stored.len > MESSAGE_STORED_MAX_BYTES)
		return err_set(ei, E_INVALID, "mail: stored message is over %u bytes", MESSAGE_STORED_MAX_BYTES);
	root = json_loadb(stored.ptr ? stored.ptr : "", stored.len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(ei, E_INVALID, "mail: stored message is no JSON object");
	}
	e = object_load(a, root, out, ei);
	json_decref(root);
	return e;
}

enum err message_load_fill(struct arena *a, struct slice stored, const struct message_slots *values,
    struct message *out, struct errinfo *ei)
{
	struct message loaded;
	enum err e = message_load(a, stored, &loaded, ei);

	memset(out, 0, sizeof(*out));
	return e ? e : message_fill(a, &loaded, values, out, ei);
}
