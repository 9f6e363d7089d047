#include "core/register.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define DAY_MS INT64_C(86400000)
#define RECEIVED_DAYS_BACK 366

int64_t register_day(const struct conf_site *c, int64_t ms)
{
	struct clock_parts t;
	char text[40];

	clock_parts(ms, c->time_zone, &t);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", t.year, t.month, t.day);
	return clock_parse_iso(text, strlen(text)) / DAY_MS;
}

char *register_day_text(int64_t day, char dst[static REGISTER_DAY_BYTES])
{
	char iso[CLOCK_ISO_BYTES];

	snprintf(dst, REGISTER_DAY_BYTES, "%.10s", clock_iso(day * DAY_MS, iso));
	return dst;
}

int64_t register_term(int64_t day, int months)
{
	struct clock_parts t;
	int64_t ms = -1;
	int month;

	clock_parts(day * DAY_MS, "UTC", &t);
	month = t.month - 1 + months;
	for (int d = t.day; ms < 0; d--) { /* the 28th is there in every month */
		char text[40];

		snprintf(text, sizeof(text), "%04d-%02d-%02d", t.year + month / 12, month % 12 + 1, d);
		ms = clock_parse_iso(text, strlen(text));
	}
	return ms / DAY_MS;
}

enum err register_add(struct db *db, const struct site *s, int64_t person_id, struct slice address,
    enum dsar_right right, struct slice way, int64_t received_day, struct dsar *out, struct errinfo *ei)
{
	int64_t today = register_day(site_conf(s), clock_now_ms());

	if (received_day > today || received_day < today - RECEIVED_DAYS_BACK)
		return err_set(ei, E_INVALID, "--received is a day of the last year, like 2026-11-02");
	*out = (struct dsar){.person_id = person_id, .right = right, .received_day = received_day,
	    .due_day = register_term(received_day, REGISTER_MONTHS)};
	if (!slice_copy(way, out->way, sizeof(out->way)))
		return err_set(ei, E_INVALID, "the way of a request is one short word");
	return dsar_add(db, out, person_id ? SLICE("") : address, &out->id, ei);
}

enum err register_extend(struct db *db, const struct site *s, int64_t id, struct slice reason, struct dsar *out,
    struct errinfo *ei)
{
	int64_t today = register_day(site_conf(s), clock_now_ms());
	char text[REGISTER_DAY_BYTES];
	enum err rc = dsar_get(db, id, out, NULL, NULL, ei);

	if (rc)
		return rc;
	if (!out->extended_day && out->state == DSAR_OPEN && today > out->due_day)
		return err_set(ei, E_CONFLICT, "request %lld was due on %s: it can be extended only while the first month runs "
		    "(Art. 12(3) GDPR); answer it now", (long long)id, register_day_text(out->due_day, text));
	rc = dsar_extend(db, id, register_term(out->received_day, REGISTER_MONTHS_EXTENDED), today, reason, ei);
	return rc ? rc : dsar_get(db, id, out, NULL, NULL, ei);
}

static const struct {
	enum event_kind kind;
	enum dsar_right right;
	bool noted; /* also where nobody waits for it */
} acts[] = {
    {EVENT_EXPORTED, DSAR_ACCESS, true}, {EVENT_CHANGED, DSAR_RECTIFY, true}, {EVENT_ERASED, DSAR_ERASE, true},
    {EVENT_RESTRICTED, DSAR_RESTRICT, true}, {EVENT_UNRESTRICTED, DSAR_RESTRICT, true},
    {EVENT_OBJECTED, DSAR_OBJECT, true}, {EVENT_WITHDRAWN, DSAR_WITHDRAW, false},
};

enum err register_act(struct db *db, const struct site *s, int64_t person_id, enum event_kind kind, const char *way,
    bool asked, int64_t now_ms, struct errinfo *ei)
{
	struct dsar d = {.person_id = person_id, .state = DSAR_ANSWERED, .settled_ms = now_ms};
	size_t i = 0;
	int64_t settled = 0, id;
	enum err rc;

	while (i < sizeof(acts) / sizeof(acts[0]) && acts[i].kind != kind)
		i++;
	if (i == sizeof(acts) / sizeof(acts[0]))
		return OK;
	rc = dsar_settle_person(db, person_id, acts[i].right, now_ms, &settled, ei);
	if (rc || settled || !asked || !acts[i].noted)
		return rc;
	d.right = acts[i].right;
	d.received_day = register_day(site_conf(s), now_ms);
	d.due_day = register_term(d.received_day, REGISTER_MONTHS);
	slice_copy(slice_from(way), d.way, sizeof(d.way));
	return dsar_add(db, &d, SLICE(""), &id, ei);
}
