#include "mail/mailjet_event.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "mail/provider_priv.h"

static const char *const kind_names[PROVIDER_EVENT__MAX] = {"ignored", "delivered", "bounce-hard", "bounce-soft",
	"blocked", "complaint", "unsubscribe"};

const char *provider_event_kind_name(enum provider_event_kind k)
{
	return (unsigned)k < PROVIDER_EVENT__MAX ? kind_names[k] : "?";
}

static const struct {
	const char *name;
	enum provider_event_kind kind;
} names[] = {
	{"sent", PROVIDER_EVENT_DELIVERED},
	{"bounce", PROVIDER_EVENT_BOUNCE_SOFT}, /* hard_bounce makes it hard */
	{"blocked", PROVIDER_EVENT_BLOCKED},
	{"spam", PROVIDER_EVENT_COMPLAINT},
	{"unsub", PROVIDER_EVENT_UNSUBSCRIBE},
};

/* Largest time that is believed: far below an overflow in milliseconds. */
#define TIME_MAX_S (INT64_C(1) << 40)

/* A string without U+0000, else "". */
static struct slice text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	if (!s || strlen(s) != json_string_length(v))
		return SLICE("");
	return slice_from(s);
}

static bool int_of(const json_t *v, int64_t *out)
{
	unsigned long long n;

	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return true;
	}
	if (!slice_u64(text_of(v), &n) || n > INT64_MAX)
		return false;
	*out = (int64_t)n;
	return true;
}

/* Their documents show true, "true" and 1. */
static bool is_true(const json_t *v)
{
	struct slice s = text_of(v);

	return json_is_true(v) || (json_is_integer(v) && json_integer_value(v) == 1) || slice_eq_str(s, "1") ||
	    slice_ieq(s, SLICE("true"));
}

static enum provider_event_kind kind_of(const json_t *o)
{
	struct slice name = text_of(json_object_get(o, "event"));

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!slice_eq_str(name, names[i].name))
			continue;
		if (names[i].kind == PROVIDER_EVENT_BOUNCE_SOFT && is_true(json_object_get(o, "hard_bounce")))
			return PROVIDER_EVENT_BOUNCE_HARD;
		return names[i].kind;
	}
	return PROVIDER_EVENT_IGNORED;
}

static void event_read(const json_t *o, struct provider_event *e)
{
	struct slice custom = text_of(json_object_get(o, "CustomID"));
	int64_t n;

	memset(e, 0, sizeof(*e));
	e->kind = kind_of(o);
	if (int_of(json_object_get(o, "time"), &n) && n > 0 && n <= TIME_MAX_S)
		e->time_ms = n * 1000;
	if (provider_custom_id_ok(custom))
		slice_copy(custom, e->custom_id, sizeof(e->custom_id));
	if (int_of(json_object_get(o, "MessageID"), &n) && n > 0)
		snprintf(e->message_id, sizeof(e->message_id), "%lld", (long long)n);
	e->email = text_of(json_object_get(o, "email"));
}

/*
 * The parser's own limit is 2,048, so deep bodies are refused before it sees them. Brackets are
 * counted outside of strings; where the body is not JSON the parser says so afterwards.
 */
static bool depth_ok(struct slice body)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < body.len; i++) {
		char c = body.ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > MAILJET_EVENT_DEPTH_MAX)
			return false;
		else if (!quoted && (c == ']' || c == '}') && depth)
			depth--;
	}
	return true;
}

static bool event_give(const json_t *o, bool (*cb)(const struct provider_event *e, void *arg), void *arg)
{
	struct provider_event e;

	if (!json_is_object(o))
		return true;
	event_read(o, &e);
	return cb(&e, arg);
}

enum err mailjet_event_each(struct slice body, bool (*cb)(const struct provider_event *e, void *arg), void *arg,
    struct errinfo *ei)
{
	json_error_t je;
	json_t *root;

	if (body.len > MAILJET_EVENT_BODY_MAX_BYTES)
		return err_set(ei, E_LIMIT, "events: body over %u bytes", MAILJET_EVENT_BODY_MAX_BYTES);
	if (!depth_ok(body))
		return err_set(ei, E_LIMIT, "events: deeper than %d", MAILJET_EVENT_DEPTH_MAX);
	root = json_loadb(body.len ? body.ptr : "", body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &je);
	if (!root && json_error_code(&je) == json_error_out_of_memory)
		return err_set(ei, E_NOMEM, "events: no memory");
	/* The parser's text may quote the body, the place does not. */
	if (!root)
		return err_set(ei, E_INVALID, "events: no JSON at line %d, column %d", je.line, je.column);
	if (cb && !json_is_array(root))
		event_give(root, cb, arg);
	for (size_t i = 0; cb && i < json_array_size(root); i++)
		if (!event_give(json_array_get(root, i), cb, arg))
			break;
	json_decref(root);
	return OK;
}
