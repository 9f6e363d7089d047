/* N21: how long each kind of data stays. One table; every kind that the store keeps has a row. */
#include "core/notice_priv.h"

#include "core/keep.h"

#define NTH_MAX 10 /* words for "first" to "tenth" */

struct keep_said {
	const char *what;     /* phrase */
	const char *how_long; /* phrase, NULL: the bare duration, or the rule */
	bool (*applies)(const struct notice_facts *f);
	struct conf_duration (*duration)(const struct notice_walk *w); /* NULL: the phrase says it all */
	struct slice (*rule)(struct notice_walk *w, struct view *v);   /* NULL, or the words themselves */
	enum keep_kind kind; /* of core/keep.h, whose period it is; KEEP_NONE: not stored by this program */
};
#define KEEP_NONE KEEP__MAX

static bool keep_always(const struct notice_facts *f)
{
	(void)f;
	return true;
}

static bool keep_ip_truncated(const struct notice_facts *f)
{
	return f->conf->ip == CONF_IP_TRUNCATED;
}

static bool keep_ip_full(const struct notice_facts *f)
{
	return f->conf->ip == CONF_IP_FULL;
}

static bool keep_hooks(const struct notice_facts *f)
{
	return f->conf->mail.nhooks > 0;
}

static bool keep_contact(const struct notice_facts *f)
{
	return f->conf->website.contact.by.n > 0;
}

static bool keep_stats(const struct notice_facts *f)
{
	return f->conf->website.statistics_kind == CONF_NAMED;
}

static bool keep_site_logs(const struct notice_facts *f)
{
	return *f->conf->website.host && f->conf->website.logs.n > 0;
}

static struct conf_duration of_contact(const struct notice_walk *w)
{
	return w->f->conf->website.contact.retention;
}

static struct conf_duration of_stats(const struct notice_walk *w)
{
	return w->f->conf->website.statistics.retention;
}

static struct conf_duration of_site_logs(const struct notice_walk *w)
{
	return w->f->conf->website.logs;
}

static struct conf_duration of_logs(const struct notice_walk *w)
{
	return w->f->conf->retention.logs;
}

void notice_evidence_fill(struct notice_walk *w, struct view *v, bool *years)
{
	struct conf_duration d = w->f->conf->retention.evidence;
	char key[] = "word.nth.00";

	*years = d.unit == 'y' && d.n <= NTH_MAX;
	view_text(v, "duration", notice_duration(w, d, false));
	if (!*years)
		return;
	key[sizeof(key) - 3] = (char)('0' + d.n / 10);
	key[sizeof(key) - 2] = (char)('0' + d.n % 10);
	view_text(v, "nth", notice_say(w, v, key));
}

struct slice notice_evidence_rule(struct notice_walk *w, struct view *v)
{
	struct view *one = view_child(v);
	bool years;

	notice_evidence_fill(w, one, &years);
	return notice_say(w, one, years ? "notice.keep.evidence.time" : "notice.keep.evidence.time.plain");
}

static const struct keep_said keeps[] = {
    {"notice.keep.pending", NULL, keep_always, NULL, NULL, KEEP_PENDING},
    {"notice.keep.sending", "notice.keep.sending.time", keep_always, NULL, NULL, KEEP_SENDING},
    {"notice.keep.mails", NULL, keep_always, NULL, NULL, KEEP_MAILS},
    {"notice.keep.evidence", NULL, keep_always, NULL, notice_evidence_rule, KEEP_EVIDENCE},
    {"notice.keep.ip.truncated", NULL, keep_ip_truncated, NULL, NULL, KEEP_IP},
    {"notice.keep.ip.full", NULL, keep_ip_full, NULL, NULL, KEEP_IP},
    {"notice.keep.deny", NULL, keep_always, NULL, NULL, KEEP_DENY},
    {"notice.keep.suppression", "notice.keep.suppression.time", keep_always, NULL, NULL, KEEP_SUPPRESSION},
    {"notice.keep.hooks", "notice.keep.hooks.time", keep_hooks, NULL, NULL, KEEP_HOOKS},
    {"notice.keep.requests", "notice.keep.requests.time", keep_always, NULL, NULL, KEEP_REQUESTS},
    {"notice.keep.abuse", "notice.keep.abuse.time", keep_always, NULL, NULL, KEEP_ABUSE},
    {"notice.keep.logs", NULL, keep_always, of_logs, NULL, KEEP_NONE},
    {"notice.keep.sitelogs", NULL, keep_site_logs, of_site_logs, NULL, KEEP_NONE},
    {"notice.keep.messages", "notice.keep.messages.time", keep_contact, of_contact, NULL, KEEP_NONE},
    {"notice.keep.stats", NULL, keep_stats, of_stats, NULL, KEEP_NONE},
    {"notice.keep.backups", "notice.keep.backups.time", keep_always, NULL, NULL, KEEP_BACKUPS},
    {"notice.keep.counts", NULL, keep_always, NULL, NULL, KEEP_COUNTS},
    {"notice.keep.texts", "notice.keep.texts.time", keep_always, NULL, NULL, KEEP_TEXTS},
};

static struct notice_kept keep_say(struct notice_walk *w, struct view *row, const struct keep_said *k)
{
	struct notice_kept out = {.key = k->what, .how_long = SLICE("")};

	if (k->duration || (k->kind != KEEP_NONE && keep_period(w->f->conf, k->kind).n && !k->rule)) {
		out.how_long = notice_duration(w, k->duration ? k->duration(w) : keep_period(w->f->conf, k->kind), false);
		view_text(row, "duration", out.how_long);
	}
	if (k->how_long) {
		view_text(row, "keys", notice_duration(w, keep_period(w->f->conf, KEEP_BACKUP_KEYS), false));
		out.how_long = notice_say(w, row, k->how_long);
	}
	if (k->rule)
		out.how_long = k->rule(w, row);
	out.what = notice_say(w, row, k->what);
	return out;
}

static void keep_row(struct notice_walk *w, struct view *v, const struct keep_said *k)
{
	struct view *row = view_item(v, "rows");
	const struct notice_kept one = keep_say(w, row, k);

	view_text(row, "what", one.what);
	view_text(row, "how_long", one.how_long);
}

bool notice_kept(struct notice_walk *w, struct view *v, size_t i, struct notice_kept *out)
{
	if (i >= sizeof(keeps) / sizeof(keeps[0]))
		return false;
	*out = (struct notice_kept){.key = keeps[i].what};
	out->applies = keeps[i].applies(w->f);
	if (out->applies) {
		*out = keep_say(w, view_child(v), &keeps[i]);
		out->applies = true;
	}
	return true;
}

static void keep_firm(struct notice_walk *w, struct view *v, const struct conf_processor *p)
{
	struct view *row = view_item(v, "rows");

	view_cstr(row, "contract_party", p->contract_party);
	view_text(row, "duration", notice_duration(w, p->retention, false));
	view_text(row, "what", notice_say(w, row, "notice.keep.provider"));
	view_text(row, "how_long", notice_say(w, row, "notice.keep.provider.time"));
}

void notice_fill_keeps(struct notice_walk *w, struct view *v, size_t i)
{
	(void)i;
	view_bool(v, "keeps", true);
	for (size_t k = 0; k < sizeof(keeps) / sizeof(keeps[0]); k++)
		if (keeps[k].applies(w->f))
			keep_row(w, v, &keeps[k]);
	for (size_t k = 0; k < w->f->nfirms; k++)
		if (w->f->firms[k].p->retention.n)
			keep_firm(w, v, w->f->firms[k].p);
}
