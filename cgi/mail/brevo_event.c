#include "mail/brevo_event.h"

#include "mail/provider_event_priv.h"
#include "mail/provider_priv.h"

/* Names as they stand in bodies; those for registering hooks are written otherwise ("hardBounce"). */
static const struct {
	const char *name;
	enum provider_event_kind kind;
} names[] = {
	{"delivered", PROVIDER_EVENT_DELIVERED},
	{"soft_bounce", PROVIDER_EVENT_BOUNCE_SOFT},
	{"hard_bounce", PROVIDER_EVENT_BOUNCE_HARD},
	{"invalid_email", PROVIDER_EVENT_BOUNCE_HARD}, /* no address at all: as final as a hard bounce */
	{"blocked", PROVIDER_EVENT_BLOCKED},           /* on Brevo's own block list */
	{"error", PROVIDER_EVENT_BLOCKED},
	{"spam", PROVIDER_EVENT_COMPLAINT},
	{"complaint", PROVIDER_EVENT_COMPLAINT},
	{"unsubscribed", PROVIDER_EVENT_UNSUBSCRIBE},
	{"unsubscribe", PROVIDER_EVENT_UNSUBSCRIBE},
};

static enum provider_event_kind kind_of(const json_t *o)
{
	struct slice name = provider_event_text(json_object_get(o, "event"));

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq_str(name, names[i].name))
			return names[i].kind;
	return PROVIDER_EVENT_IGNORED;
}

/* Anything lower is no time in milliseconds of this century. */
#define EPOCH_MS_MIN INT64_C(100000000000)

static int64_t time_of(const json_t *o)
{
	int64_t n;

	/* Their own example of ts_epoch is in seconds. */
	if (provider_event_int(json_object_get(o, "ts_epoch"), &n) && n > 0 && n <= PROVIDER_EVENT_TIME_MAX_S * 1000)
		return n < EPOCH_MS_MIN ? n * 1000 : n;
	if (provider_event_int(json_object_get(o, "ts_event"), &n) && n > 0 && n <= PROVIDER_EVENT_TIME_MAX_S)
		return n * 1000;
	return 0;
}

static bool custom_take(const json_t *v, struct provider_event *e)
{
	struct slice s = provider_event_text(v);

	return provider_custom_id_ok(s) && slice_copy(s, e->custom_id, sizeof(e->custom_id));
}

static bool custom_first(const json_t *list, struct provider_event *e)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (custom_take(json_array_get(list, i), e))
			return true;
	return false;
}

/* "tag" is the array once more, written as text, or one bare tag. */
static void custom_text(const json_t *v, struct provider_event *e)
{
	struct slice s = provider_event_text(v);
	json_t *list;
	json_error_t je;

	if (custom_take(v, e) || !s.len || s.ptr[0] != '[' || s.len > 4096)
		return;
	list = json_loadb(s.ptr, s.len, 0, &je);
	custom_first(list, e);
	json_decref(list);
}

static void event_read(const json_t *o, struct provider_event *e)
{
	e->kind = kind_of(o);
	e->time_ms = time_of(o);
	if (!custom_first(json_object_get(o, "tags"), e))
		custom_text(json_object_get(o, "tag"), e);
	provider_brevo_id(provider_event_text(json_object_get(o, "message-id")), e->message_id, sizeof(e->message_id));
	e->email = provider_event_text(json_object_get(o, "email"));
}

enum err brevo_event_each(struct slice body, bool (*cb)(const struct provider_event *e, void *arg), void *arg,
    struct errinfo *ei)
{
	return provider_event_walk(body, event_read, cb, arg, ei);
}
