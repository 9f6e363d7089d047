#include "mail/mailjet_event.h"

#include <stdio.h>

#include "mail/provider_event_priv.h"
#include "mail/provider_priv.h"

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

/* Their documents show true, "true" and 1. */
static bool is_true(const json_t *v)
{
	struct slice s = provider_event_text(v);

	return json_is_true(v) || (json_is_integer(v) && json_integer_value(v) == 1) || slice_eq_str(s, "1") ||
	    slice_ieq(s, SLICE("true"));
}

static enum provider_event_kind kind_of(const json_t *o)
{
	struct slice name = provider_event_text(json_object_get(o, "event"));

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
	struct slice custom = provider_event_text(json_object_get(o, "CustomID"));
	int64_t n;

	e->kind = kind_of(o);
	if (provider_event_int(json_object_get(o, "time"), &n) && n > 0 && n <= PROVIDER_EVENT_TIME_MAX_S)
		e->time_ms = n * 1000;
	if (provider_custom_id_ok(custom))
		slice_copy(custom, e->custom_id, sizeof(e->custom_id));
	if (provider_event_int(json_object_get(o, "MessageID"), &n) && n > 0)
		snprintf(e->message_id, sizeof(e->message_id), "%lld", (long long)n);
	e->email = provider_event_text(json_object_get(o, "email"));
}

enum err mailjet_event_each(struct slice body, bool (*cb)(const struct provider_event *e, void *arg), void *arg,
    struct errinfo *ei)
{
	return provider_event_walk(body, event_read, cb, arg, ei);
}
