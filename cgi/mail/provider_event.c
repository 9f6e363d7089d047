#include "mail/provider_event_priv.h"

#include <stdlib.h>
#include <string.h>

#include "mail/brevo_event.h"
#include "mail/mailjet_event.h"

static const char *const kind_names[PROVIDER_EVENT__MAX] = {"ignored", "delivered", "bounce-hard", "bounce-soft",
	"blocked", "complaint", "unsubscribe"};

static const struct {
	const char *provider;
	enum err (*each)(struct slice body, bool (*cb)(const struct provider_event *e, void *arg), void *arg,
	    struct errinfo *ei);
} table[] = {{"mailjet", mailjet_event_each}, {"brevo", brevo_event_each}};
#define NTABLE (sizeof(table) / sizeof(table[0]))

const char *provider_event_kind_name(enum provider_event_kind k)
{
	return (unsigned)k < PROVIDER_EVENT__MAX ? kind_names[k] : "?";
}

struct slice provider_event_text(const json_t *v)
{
	const char *s = json_string_value(v);

	if (!s || strlen(s) != json_string_length(v))
		return SLICE("");
	return slice_from(s);
}

bool provider_event_int(const json_t *v, int64_t *out)
{
	unsigned long long n;

	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return true;
	}
	if (!slice_u64(provider_event_text(v), &n) || n > INT64_MAX)
		return false;
	*out = (int64_t)n;
	return true;
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
		else if (!quoted && (c == '[' || c == '{') && ++depth > PROVIDER_EVENT_DEPTH_MAX)
			return false;
		else if (!quoted && (c == ']' || c == '}') && depth)
			depth--;
	}
	return true;
}

/*
 * The parser knows U+0000 in texts, but not in the names of members. It is JSON all the same, so such a body is
 * read once more with U+FFFD there: no name that means something to us holds either.
 */
static json_t *parse_without_nul(struct slice body, json_error_t *je)
{
	char *copy = malloc(body.len);
	json_t *root;

	if (!copy)
		return NULL;
	memcpy(copy, body.ptr, body.len);
	for (size_t i = 0; i + 5 < body.len; i++) {
		if (copy[i] != '\\')
			continue;
		if (memcmp(copy + i + 1, "u0000", 5) == 0)
			memcpy(copy + i + 1, "ufffd", 5);
		i++; /* what the backslash escapes is no backslash that escapes */
	}
	root = json_loadb(copy, body.len, JSON_DECODE_ANY, je);
	free(copy);
	return root;
}

static json_t *body_parse(struct slice body, json_error_t *je)
{
	json_t *root = json_loadb(body.len ? body.ptr : "", body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, je);

	if (!root && json_error_code(je) == json_error_null_byte_in_key)
		return parse_without_nul(body, je);
	return root;
}

static bool event_give(const json_t *o, provider_event_reader *reader,
    bool (*cb)(const struct provider_event *e, void *arg), void *arg)
{
	struct provider_event e = {.kind = PROVIDER_EVENT_IGNORED};

	if (!json_is_object(o))
		return true;
	reader(o, &e);
	return cb(&e, arg);
}

enum err provider_event_walk(struct slice body, provider_event_reader *reader,
    bool (*cb)(const struct provider_event *e, void *arg), void *arg, struct errinfo *ei)
{
	json_error_t je;
	json_t *root;

	if (body.len > PROVIDER_EVENT_BODY_MAX_BYTES)
		return err_set(ei, E_LIMIT, "events: body over %u bytes", PROVIDER_EVENT_BODY_MAX_BYTES);
	if (!depth_ok(body))
		return err_set(ei, E_LIMIT, "events: deeper than %d", PROVIDER_EVENT_DEPTH_MAX);
	/* The parser would take it for the end, and not look at what follows. */
	if (body.len && memchr(body.ptr, 0, body.len))
		return err_set(ei, E_INVALID, "events: no JSON, it holds a byte 0");
	root = body_parse(body, &je);
	if (!root && json_error_code(&je) == json_error_out_of_memory)
		return err_set(ei, E_NOMEM, "events: no memory");
	/* The parser's text may quote the body, the place does not. */
	if (!root)
		return err_set(ei, E_INVALID, "events: no JSON at line %d, column %d", je.line, je.column);
	if (cb && !json_is_array(root))
		event_give(root, reader, cb, arg);
	for (size_t i = 0; cb && i < json_array_size(root); i++)
		if (!event_give(json_array_get(root, i), reader, cb, arg))
			break;
	json_decref(root);
	return OK;
}

static size_t find(struct slice provider)
{
	size_t i = 0;

	while (i < NTABLE && !slice_eq_str(provider, table[i].provider))
		i++;
	return i;
}

bool provider_event_known(struct slice provider)
{
	return find(provider) < NTABLE;
}

enum err provider_event_each(struct slice provider, struct slice body,
    bool (*cb)(const struct provider_event *e, void *arg), void *arg, struct errinfo *ei)
{
	size_t i = find(provider);

	if (i == NTABLE)
		return err_set(ei, E_NOT_FOUND, "events: \"%.*s\" sends none", provider.len > 32 ? 32 : SLICE_FMT(provider));
	return table[i].each(body, cb, arg, ei);
}
