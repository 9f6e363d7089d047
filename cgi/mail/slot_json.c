#include "mail/slot_priv.h"

#include <jansson.h>
#include <string.h>

#include "text/jsonw.h"

enum err message_slots_write(struct buf *out, const struct message_slots *v, struct errinfo *ei)
{
	struct jsonw w;
	enum err e = message_slots_check(v, ei);

	if (e)
		return e;
	jsonw_init(&w, out);
	jsonw_object(&w);
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		if (v->value[i].len > 0)
			jsonw_kstr(&w, message_slot_name((enum message_slot)i), v->value[i]);
	jsonw_kint(&w, "date_ms", v->date_ms);
	jsonw_end_object(&w);
	if (!buf_ok(out))
		return err_set(ei, E_LIMIT, "mail: the slot values do not fit into %zu bytes", out->max_bytes);
	return OK;
}

static int slot_by_name(const char *name)
{
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		if (strcmp(name, message_slot_name((enum message_slot)i)) == 0)
			return i;
	return -1;
}

static enum err slots_read_member(struct arena *a, const char *key, json_t *val, struct message_slots *out,
    struct errinfo *ei)
{
	int slot;

	if (strcmp(key, "date_ms") == 0) {
		if (!json_is_integer(val))
			return err_set(ei, E_INVALID, "mail: slot values: date_ms is no whole number");
		out->date_ms = json_integer_value(val);
		return OK;
	}
	slot = slot_by_name(key);
	if (slot < 0)
		return err_set(ei, E_INVALID, "mail: slot values name a slot that format %d does not have",
		    MESSAGE_FORMAT);
	if (!json_is_string(val))
		return err_set(ei, E_INVALID, "mail: the value for slot %s is no text", key);
	out->value[slot] = arena_dup(a, slice_make(json_string_value(val), json_string_length(val)));
	return OK;
}

enum err message_slots_read(struct arena *a, struct slice json, struct message_slots *out, struct errinfo *ei)
{
	json_error_t je;
	json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, &je);
	enum err e = OK;
	const char *key;
	json_t *val;

	memset(out, 0, sizeof(*out));
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(ei, E_INVALID, "mail: slot values are no JSON object");
	}
	json_object_foreach(root, key, val) {
		e = slots_read_member(a, key, val, out, ei);
		if (e)
			break;
	}
	json_decref(root);
	if (!e && !arena_ok(a))
		return err_set(ei, E_NOMEM, "mail: no memory for slot values");
	return e ? e : message_slots_check(out, ei);
}
