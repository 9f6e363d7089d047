#include "web/slip_priv.h"

#include "core/when.h"

void slip_add(struct page *p, struct view *v, const struct consent *c, struct slice purpose, const char *state,
    const char *state_key, int64_t date_ms)
{
	const struct consent_item *text = consent_item(c, purpose);
	const char *zone = site_conf(p->site)->time_zone;
	struct view *item;

	if (!text)
		return;
	item = view_item(v, "consents");
	view_cstr(item, "state", state);
	view_cstr(item, "state_key", state_key);
	view_text(item, "state_date", when_date(p->arena, date_ms, zone, p->lang));
	view_text(item, "state_time", when_time(p->arena, date_ms, zone));
	consent_item_view(text, item);
}
