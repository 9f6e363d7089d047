#include "core/notice_change.h"

#include <string.h>

#include "conf/key.h"

/* By the general path of the key table; the first row that is its beginning counts. */
static const struct duty {
	const char *path;
	enum notice_duty duty;
	const char *why;
} duties[] = {
	{"controller.name", NOTICE_DUTY_CONSENT, "People consented to mails of somebody else."},
	{"controller.country", NOTICE_DUTY_TELL, "Another seat can mean another law and another authority."},
	{"joint.with", NOTICE_DUTY_CONSENT, "Others decide about the data now; the consent did not name them."},
	{"purposes.*.title", NOTICE_DUTY_CONSENT, "People consented to something of another name."},
	{"purposes.*.content", NOTICE_DUTY_CONSENT, "People consented to other content."},
	{"purposes.*.frequency", NOTICE_DUTY_CONSENT, "People consented to mails at other intervals."},
	{"purposes.*.advertiser", NOTICE_DUTY_CONSENT, "People consented to advertising of somebody else."},
	{"purposes.*.special", NOTICE_DUTY_CONSENT, "A sensitive topic needs an explicit consent (Art. 9(2)(a))."},
	{"purposes.*.channel", NOTICE_DUTY_CONSENT, "People consented to be reached in another way."},
	{"purposes.*.provider_list", NOTICE_DUTY_TELL, "A recipient gets the list of addresses."},
	{"forms.*.fields", NOTICE_DUTY_TELL, "Other data are asked for."},
	{"evidence.ip", NOTICE_DUTY_TELL, "More or less of the IP address is kept."},
	{"processors.*.contract_party", NOTICE_DUTY_TELL, "Another firm gets the data (Art. 13(1)(e))."},
	{"processors.*.country", NOTICE_DUTY_TELL, "The data are in another country (Art. 13(1)(f))."},
	{"processors.*.parent_country", NOTICE_DUTY_TELL, "The data can be reached from another country (Art. 13(1)(f))."},
	{"processors.*.us_affiliate", NOTICE_DUTY_TELL, "Whether the data can be reached from the USA changes (Art. 13(1)(f))."},
	{"processors.*.storage_locations", NOTICE_DUTY_TELL, "The data are in other countries (Art. 13(1)(f))."},
	{"processors.*.transfer.mechanism", NOTICE_DUTY_TELL, "Something else protects the data abroad (Art. 13(1)(f))."},
	{"processors.*.transfer.dpf.listed", NOTICE_DUTY_TELL, "Something else protects the data abroad (Art. 13(1)(f))."},
	{"processors.*.data", NOTICE_DUTY_TELL, "The firm gets other data."},
	{"processors.*.task", NOTICE_DUTY_TELL, "The firm does something else with the data."},
	{"hosting", NOTICE_DUTY_TELL, "Another firm runs the server (Art. 13(1)(e))."},
	{"retention.", NOTICE_DUTY_TELL, "Data stay for another time (Art. 13(2)(a))."},
};

enum notice_duty notice_duty_of(const char *path, bool added, const char **why)
{
	const struct conf_key *k = conf_key_find(false, path);

	*why = "";
	if (k && added && strcmp(k->path, "purposes.*.title") == 0) {
		*why = "A new purpose: only who ticks its box gets it; nobody may be put on it.";
		return NOTICE_DUTY_CONSENT;
	}
	for (size_t i = 0; k && i < sizeof(duties) / sizeof(duties[0]); i++) {
		size_t len = strlen(duties[i].path);
		if (strncmp(k->path, duties[i].path, len) != 0 || (k->path[len] && duties[i].path[len - 1] != '.'))
			continue;
		*why = duties[i].why;
		return duties[i].duty;
	}
	return NOTICE_DUTY_NONE;
}

/* "path = value"; false at the end. The first line says the format. */
static bool pair_next(struct slice *rest, struct slice *path, struct slice *value)
{
	struct slice line;

	while (rest->ptr && slice_split(rest, '\n', &line)) {
		const char *at = memmem(line.ptr, line.len, " = ", 3);
		if (!at)
			continue;
		*path = slice_make(line.ptr, (size_t)(at - line.ptr));
		*value = slice_make(at + 3, line.len - path->len - 3);
		return true;
	}
	*path = *value = (struct slice){0};
	return false;
}

static int path_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

static struct notice_change *change_make(struct arena *a, struct slice path, struct slice before, struct slice after)
{
	struct notice_change *c = arena_alloc(a, sizeof(*c));
	const char *name = arena_str(a, path);
	const struct conf_key *k = name ? conf_key_find(false, name) : NULL;

	if (!c || !name)
		return NULL;
	*c = (struct notice_change){.path = path, .before = before, .after = after,
	    .rows = k && k->notice ? k->notice : ""};
	/* who is gone needs no consent, and what nobody can read no message */
	c->duty = notice_duty_of(name, !before.ptr, &c->why);
	if (!*c->rows || (!after.ptr && c->duty == NOTICE_DUTY_CONSENT)) {
		c->duty = NOTICE_DUTY_NONE;
		c->why = "";
	}
	return c;
}

struct notice_change *notice_changes(struct arena *a, struct slice before, struct slice after)
{
	struct notice_change *first = NULL, **tail = &first;
	struct slice xp, xv, yp, yv;
	bool x = pair_next(&before, &xp, &xv), y = pair_next(&after, &yp, &yv);

	while (x || y) {
		int c = !x ? 1 : !y ? -1 : path_cmp(xp, yp);
		if (c != 0 || !slice_eq(xv, yv)) {
			*tail = change_make(a, c > 0 ? yp : xp, c > 0 ? (struct slice){0} : xv, c < 0 ? (struct slice){0} : yv);
			if (!*tail)
				return NULL;
			tail = &(*tail)->next;
		}
		if (c <= 0)
			x = pair_next(&before, &xp, &xv);
		if (c >= 0)
			y = pair_next(&after, &yp, &yv);
	}
	return first;
}
