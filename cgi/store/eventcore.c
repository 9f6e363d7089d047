#include "store/eventcore.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"

static const struct {
	const char *key;
	size_t at;
} texts[] = {
	{"time", offsetof(struct eventcore, time)},
	{"kind", offsetof(struct eventcore, kind)},
	{"form", offsetof(struct eventcore, form)},
	{"page", offsetof(struct eventcore, page)},
	{"lang", offsetof(struct eventcore, lang)},
	{"provider", offsetof(struct eventcore, provider)},
	{"provider_id", offsetof(struct eventcore, provider_id)},
	{"detail", offsetof(struct eventcore, detail)},
};

static const struct {
	const char *key;
	size_t at;
} numbers[] = {
	{"seq", offsetof(struct eventcore, seq)},
	{"person", offsetof(struct eventcore, person)},
	{"prev", offsetof(struct eventcore, prev)},
	{"request", offsetof(struct eventcore, request)},
	{"outbox", offsetof(struct eventcore, outbox)},
};

static const char *const hashes[EVENTCORE_HASH__MAX] = {
	[EVENTCORE_TEXT] = "text_hash",
	[EVENTCORE_MAIL] = "mail_hash",
	[EVENTCORE_NOTICE] = "notice_hash",
	[EVENTCORE_CONFIG] = "config_hash",
};

static struct slice text_of(const json_t *v)
{
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE("");
}

static struct slice purposes_of(struct arena *a, const json_t *list)
{
	const json_t *one;
	struct buf b;
	size_t i;

	buf_init_arena(&b, a, 65536);
	json_array_foreach(list, i, one) {
		if (i)
			buf_add_char(&b, ',');
		buf_add_slice(&b, text_of(one));
	}
	return buf_slice(&b);
}

static enum err core_take(struct arena *a, const json_t *root, struct eventcore *out, struct errinfo *ei)
{
	const json_t *v = json_object_get(root, "v");

	if (!json_is_integer(v) || json_integer_value(v) != 1)
		return err_set(ei, E_INVALID, "the core of an event is not of format 1");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*(struct slice *)(void *)((char *)out + texts[i].at) = arena_dup(a, text_of(json_object_get(root, texts[i].key)));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		*(int64_t *)(void *)((char *)out + numbers[i].at) = json_integer_value(json_object_get(root, numbers[i].key));
	out->purposes = purposes_of(a, json_object_get(root, "purposes"));
	for (int i = 0; i < EVENTCORE_HASH__MAX; i++) {
		struct slice hex = text_of(json_object_get(root, hashes[i]));

		out->has[i] = hex.len > 0;
		if (hex.len && !enc_hex_decode(hex, out->hash[i], STORE_HASH_BYTES))
			return err_set(ei, E_INVALID, "the core of an event has a %s that is none", hashes[i]);
	}
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "the core of an event");
}

enum err eventcore_read(struct arena *a, struct slice json, struct eventcore *out, struct errinfo *ei)
{
	json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, NULL);
	enum err e;

	memset(out, 0, sizeof *out);
	e = core_take(a, root, out, ei);
	json_decref(root);
	return e;
}

enum err eventcore_fields(struct slice json, void (*cb)(struct slice name, struct slice value, void *arg), void *arg,
    struct errinfo *ei)
{
	json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, NULL), *v;
	const char *name;

	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(ei, E_INVALID, "the fields of an event are no JSON object");
	}
	json_object_foreach(root, name, v)
		if (json_is_string(v))
			cb(slice_from(name), text_of(v), arg);
	json_decref(root);
	return OK;
}
