#include "conf/conf_priv.h"
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "text/url.h"

/*
 * Duties that can be seen in a configuration alone. Missing keys are found by
 * the key table; here is what depends on several keys. In mode try-out every
 * error of a duty is a warning.
 */
struct duty {
	struct conf_bind *b;
	const struct conf_site *s;
};

#define DAY_S 86400

/* One finding at a key: words of data/findings.txt, up to four values, NULL. */
#define duty_add(d, sev, path, words, ...) \
	do { \
		int line_, col_; \
		conf_bind_place((d)->b, path, &line_, &col_); \
		conf_sink_law((d)->b->sink, sev, NULL, words, line_, col_, __VA_ARGS__, NULL); \
	} while (0)

struct duty_text {
	char s[24];
};

/* "48h" as it was written. */
static const char *duty_duration(struct duty_text *out, struct conf_duration t)
{
	snprintf(out->s, sizeof(out->s), "%d%c", t.n, t.unit);
	return out->s;
}

static bool text_has(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; text[i]; i++)
		if (strncasecmp(text + i, word, n) == 0)
			return true;
	return false;
}

/* Text that was never filled in. */
static bool text_placeholder(const char *text)
{
	static const char *const marks[] = {"TODO", "FIXME", "XXX", "???", "lorem ipsum", "<", "…", "..."};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (text_has(text, marks[i]))
			return true;
	return false;
}

static bool text_example(const char *text)
{
	static const char *const marks[] = {"Musterstra", "Beispiel", "Mustermann", "Muster ", "example.", "Example "};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (text_has(text, marks[i]))
			return true;
	return false;
}

/* ---- L01 L02 L03 L24 L40: who */

static void duty_l01_value(const struct duty *d, const char *path, const char *value)
{
	if (text_placeholder(value))
		duty_add(d, CONF_ERROR, path, "L01-placeholder", path, value);
	else if (text_example(value))
		duty_add(d, CONF_WARNING, path, "L01-example", path, value);
}

static void duty_l01(const struct duty *d)
{
	char path[60];

	duty_l01_value(d, "controller.name", d->s->controller.name);
	duty_l01_value(d, "controller.email", d->s->controller.email);
	duty_l01_value(d, "controller.represented_by", d->s->controller.represented_by);
	for (size_t i = 0; i < d->s->controller.address.n; i++) {
		snprintf(path, sizeof(path), "controller.address[%zu]", i);
		duty_l01_value(d, path, d->s->controller.address.v[i]);
	}
}

static void duty_l02(const struct duty *d)
{
	const char *country = d->s->controller.country;

	if (*country && !conf_country_eea(country) && !d->s->representative_set)
		duty_add(d, CONF_ERROR, "controller.country", "L02-none", country);
	if (d->s->representative_set && *d->s->representative.country &&
	    !conf_country_eea(d->s->representative.country))
		duty_add(d, CONF_ERROR, "representative.country", "L02-outside", d->s->representative.country);
}

static void duty_l03(const struct duty *d)
{
	if (d->s->dpo_kind == CONF_UNSET)
		duty_add(d, CONF_WARNING, "dpo", "L03-unset", NULL);
}

static void duty_l24(const struct duty *d)
{
	const char *country = d->s->controller.country, *state = d->s->controller.state;

	if (*d->s->notice.authority || strcmp(country, "DE") != 0)
		return;
	if (!*state)
		duty_add(d, CONF_ERROR, "controller.state", "L24-state", NULL);
	else if (!conf_country_de_state(state))
		duty_add(d, CONF_ERROR, "controller.state", "L24-land", state);
}

/* ---- L04 L05 L08 L29: purposes and forms */

static void duty_l04(const struct duty *d)
{
	char path[CONF_PATH_MAX_BYTES];

	for (size_t i = 0; i < d->s->npurposes; i++) {
		const struct conf_purpose *p = &d->s->purposes[i];

		snprintf(path, sizeof(path), "purposes.%s.advertiser", p->id);
		if (!*p->advertiser)
			duty_add(d, CONF_ERROR, path, "L04-advertiser", p->id, path);
		snprintf(path, sizeof(path), "purposes.%s.content", p->id);
		for (size_t j = 0; j < p->content.n; j++)
			if (text_placeholder(p->content.v[j].value))
				duty_add(d, CONF_ERROR, path, "L04-placeholder", path, p->content.v[j].value);
	}
}

static void duty_l05(const struct duty *d)
{
	static const char *const words[] = {"partner", "sponsor", "dritte", "third part", "verbundene unternehmen",
		"ausgewählte firmen", "selected companies"};
	char path[CONF_PATH_MAX_BYTES];

	for (size_t i = 0; i < d->s->npurposes; i++) {
		const struct conf_purpose *p = &d->s->purposes[i];

		for (size_t j = 0; j < p->content.n; j++)
			for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
				if (!text_has(p->content.v[j].value, words[w]))
					continue;
				snprintf(path, sizeof(path), "purposes.%s.content.%s", p->id, p->content.v[j].lang);
				/* Named firms in the advertiser make it specific enough for a person to look at. */
				duty_add(d, strcmp(p->advertiser, d->s->controller.name) == 0 ? CONF_ERROR : CONF_WARNING, path,
				    "L05-word", path, words[w], p->id);
			}
	}
}

static void duty_l08(const struct duty *d)
{
	char path[CONF_PATH_MAX_BYTES];

	for (size_t i = 0; i < d->s->nforms; i++)
		for (size_t j = 0; j < d->s->forms[i].nfields && !*d->s->forms[i].fields_reason; j++) {
			if (!d->s->forms[i].fields[j].required)
				continue;
			snprintf(path, sizeof(path), "forms.%s.fields[%zu]", d->s->forms[i].id, j);
			duty_add(d, CONF_WARNING, path, "L08-required", d->s->forms[i].fields[j].name, d->s->forms[i].id);
		}
}

/* What a purpose could ask for and this version does not have. Not a matter of the mode: nothing would do it. */
static void duty_served_one(const struct duty *d, const struct conf_purpose *p)
{
	const struct {
		const char *key, *words;
		bool other;
	} rows[] = {
	    {"channel", "L29-served", p->channel != CONF_EMAIL},
	    {"opt_in", "L11-single", p->opt_in != CONF_DOUBLE},
	    {"tracking", "L14-served", p->tracking != CONF_TRACK_NONE},
	    {"tracking", "L50-served", p->tracking != CONF_TRACK_NONE},
	    {"basis", "L30-served", p->basis != CONF_CONSENT},
	    {"basis", "L51-served", p->basis != CONF_CONSENT},
	    {"collected", "L45-served", p->collected != CONF_HERE},
	};
	char path[CONF_PATH_MAX_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(path, sizeof(path), "purposes.%s.%s", p->id, rows[i].key);
		if (rows[i].other)
			duty_add(d, CONF_ERROR, path, rows[i].words, path);
	}
}

static void duty_served(const struct duty *d)
{
	bool tryout = d->b->sink->tryout;

	d->b->sink->tryout = false;
	for (size_t i = 0; i < d->s->npurposes; i++)
		duty_served_one(d, &d->s->purposes[i]);
	if (d->s->publish == CONF_PUBLISH_ENTRIES)
		duty_add(d, CONF_ERROR, "transparency.publish", "L37-served", "transparency.publish");
	d->b->sink->tryout = tryout;
}

/* ---- L13: tracking */

/* Mailjet is told in each request; smtp, dir and log know none. Of brevo only the owner can say that it is off. */
static void duty_l13(const struct duty *d)
{
	const struct conf_processor *p;
	char path[60];

	for (size_t i = 0; i < d->s->mail.route.n; i++) {
		p = conf_processor_by_id(d->s, d->s->mail.route.v[i]);
		if (strcmp(d->s->mail.route.v[i], "brevo") != 0 || (p && p->tracking_off_on.year))
			continue;
		snprintf(path, sizeof(path), "mail.route[%zu]", i);
		duty_add(d, CONF_WARNING, path, "L13-brevo", NULL);
	}
}

/* ---- L16 L17 L19 L23 L35 L47: periods */

static void duty_l16(const struct duty *d)
{
	struct conf_duration c = d->s->links.confirm, r = d->s->links.rights;
	struct duty_text t, u;

	if (c.seconds > 3 * DAY_S || (c.seconds && c.seconds < DAY_S))
		duty_add(d, CONF_WARNING, "links.confirm", "L16-confirm", duty_duration(&t, c));
	if (c.seconds > d->s->retention.unconfirmed.seconds)
		duty_add(d, CONF_ERROR, "links.confirm", "L16-outlives", duty_duration(&t, c),
		    duty_duration(&u, d->s->retention.unconfirmed));
	if (r.seconds > DAY_S)
		duty_add(d, CONF_WARNING, "links.rights", "L16-rights", duty_duration(&t, r));
}

static void duty_l17(const struct duty *d)
{
	struct conf_duration u = d->s->retention.unconfirmed;
	struct duty_text t;

	if (u.seconds > 7 * DAY_S)
		duty_add(d, u.seconds > 14 * DAY_S ? CONF_ERROR : CONF_WARNING, "retention.unconfirmed", "L17-long",
		    duty_duration(&t, u));
}

static void duty_l19(const struct duty *d)
{
	struct conf_duration e = d->s->retention.evidence;
	struct duty_text t;

	if (e.seconds < 3 * 365LL * DAY_S)
		duty_add(d, CONF_WARNING, "retention.evidence", "L19-short", duty_duration(&t, e));
	if (e.seconds > 10 * 365LL * DAY_S)
		duty_add(d, CONF_ERROR, "retention.evidence", "L19-long", duty_duration(&t, e));
}

static void duty_l23(const struct duty *d)
{
	struct conf_duration l = d->s->retention.logs;
	struct duty_text t;

	if (l.seconds > 14 * DAY_S)
		duty_add(d, CONF_WARNING, "retention.logs", "L23-logs", duty_duration(&t, l));
}

static void duty_l35(const struct duty *d)
{
	struct conf_duration k = d->s->retention.backups;
	struct duty_text t;

	if (k.seconds > 30 * DAY_S)
		duty_add(d, CONF_WARNING, "retention.backups", "L35-long", duty_duration(&t, k));
	k = d->s->retention.backup_keys;
	if (k.seconds > 7 * DAY_S)
		duty_add(d, CONF_ERROR, "retention.backup_keys", "L35-keys", duty_duration(&t, k));
}

static void duty_l47(const struct duty *d)
{
	struct conf_duration i = d->s->retention.ip;
	struct duty_text t;

	if (d->s->ip == CONF_IP_FULL && i.seconds > 30 * DAY_S)
		duty_add(d, CONF_WARNING, "retention.ip", "L47-full", duty_duration(&t, i));
	if (d->s->ip != CONF_IP_NONE && i.seconds > d->s->retention.evidence.seconds)
		duty_add(d, CONF_ERROR, "retention.ip", "L47-longer", NULL);
}

/* ---- L20 L21 L22: processors */

static void processor_path(char out[static CONF_PATH_MAX_BYTES], const struct duty *d,
    const struct conf_processor *p, const char *key)
{
	snprintf(out, CONF_PATH_MAX_BYTES, "%s%s.%s", p == &d->s->hosting ? "" : "processors.", p->id, key);
}

static void duty_each(const struct duty *d, void (*fn)(const struct duty *, const struct conf_processor *))
{
	for (size_t i = 0; i < d->s->nprocessors; i++)
		fn(d, &d->s->processors[i]);
	if (d->s->hosting_kind == CONF_NAMED)
		fn(d, &d->s->hosting);
}

static bool date_future(const struct conf_date *t)
{
	return t->year && clock_parse_iso(t->text, strlen(t->text)) > clock_now_ms();
}

static void duty_l20_one(const struct duty *d, const struct conf_processor *p)
{
	static const char *const must[] = {"duration", "data", "purpose", "instructions", "subprocessors", "deletion",
		"audit"};
	char path[CONF_PATH_MAX_BYTES], key[40];

	processor_path(path, d, p, "contract_party");
	if (text_placeholder(p->contract_party))
		duty_add(d, CONF_ERROR, path, "L20-placeholder", path, p->contract_party);
	for (size_t i = 0; i < p->address.n; i++) {
		snprintf(key, sizeof(key), "address[%zu]", i);
		processor_path(path, d, p, key);
		if (text_placeholder(p->address.v[i]))
			duty_add(d, CONF_ERROR, path, "L20-placeholder", path, p->address.v[i]);
	}
	/* Links are not among the duties of Article 13; people need them all the same. */
	processor_path(path, d, p, "privacy_url");
	if (!*p->privacy_url)
		duty_add(d, CONF_WARNING, path, "L20-url", path);
	processor_path(path, d, p, "subprocessors_url");
	if (!*p->subprocessors_url)
		duty_add(d, CONF_WARNING, path, "L20-url", path);
	processor_path(path, d, p, "contract.date");
	if (date_future(&p->contract.date))
		duty_add(d, CONF_WARNING, path, "L20-future", path);
	processor_path(path, d, p, "contract.covers");
	for (size_t i = 0; p->contract.covers.n && i < sizeof(must) / sizeof(must[0]); i++)
		if (!conf_list_has(&p->contract.covers, must[i]))
			duty_add(d, CONF_WARNING, path, "L20-lacks", path, must[i]);
}

/* Providers on the route that are other firms. */
static void duty_l20(const struct duty *d)
{
	static const char *const own[] = {"smtp", "dir", "log"};
	char path[60];

	duty_each(d, duty_l20_one);
	for (size_t i = 0; i < d->s->mail.route.n; i++) {
		const char *name = d->s->mail.route.v[i];
		bool other = true;

		for (size_t j = 0; j < sizeof(own) / sizeof(own[0]); j++)
			other = other && strcmp(name, own[j]) != 0;
		snprintf(path, sizeof(path), "mail.route[%zu]", i);
		if (other && !conf_processor_by_id(d->s, name))
			duty_add(d, CONF_ERROR, path, "L20-unlisted", name);
	}
}

/* Where data could go outside the EEA through this firm; "" if nowhere. */
static const char *processor_third(const struct conf_processor *p)
{
	if (*p->country && !conf_country_eea(p->country))
		return p->country;
	if (*p->parent_country && !conf_country_eea(p->parent_country))
		return p->parent_country;
	for (size_t i = 0; i < p->storage_locations.n; i++)
		if (!conf_country_eea(p->storage_locations.v[i]))
			return p->storage_locations.v[i];
	return p->us_affiliate ? "US" : "";
}

static void duty_l21_one(const struct duty *d, const struct conf_processor *p)
{
	const struct conf_list *m = &p->transfer.mechanism;
	const char *country = processor_third(p);
	char path[CONF_PATH_MAX_BYTES];

	processor_path(path, d, p, "transfer.mechanism");
	if (*country && m->n == 0)
		duty_add(d, CONF_ERROR, path, "L21-missing", path, country);
	if (strcmp(country, "US") == 0 && m->n == 1 && conf_list_has(m, "adequacy"))
		duty_add(d, CONF_ERROR, path, "L21-usa", path);
	if (!conf_list_has(m, "scc"))
		return;
	processor_path(path, d, p, "transfer.scc_module");
	if (p->transfer.scc_module.n == 0)
		duty_add(d, CONF_ERROR, path, "L21-module", path);
	processor_path(path, d, p, "transfer.tia_date");
	if (!p->transfer.tia_date.year)
		duty_add(d, CONF_ERROR, path, "L21-tia", path);
}

static void duty_l21(const struct duty *d)
{
	duty_each(d, duty_l21_one);
}

static void duty_l22_one(const struct duty *d, const struct conf_processor *p)
{
	const struct conf_date *checked = &p->transfer.dpf.checked_on;
	char path[CONF_PATH_MAX_BYTES];
	int64_t age_days;

	if (!conf_list_has(&p->transfer.mechanism, "dpf"))
		return;
	processor_path(path, d, p, "transfer.dpf.listed");
	if (!p->transfer.dpf.listed)
		duty_add(d, CONF_ERROR, path, "L22-unlisted", path);
	processor_path(path, d, p, "transfer.dpf.checked_on");
	if (!checked->year) {
		duty_add(d, CONF_ERROR, path, "L22-unchecked", path);
	} else {
		age_days = (clock_now_ms() - clock_parse_iso(checked->text, strlen(checked->text))) / (DAY_S * 1000LL);
		/* A warning only: a site must not go down because a day passed. */
		if (age_days > 90 || age_days < 0)
			duty_add(d, CONF_WARNING, path, "L22-old", path);
	}
	processor_path(path, d, p, "transfer.mechanism");
	if (!conf_list_has(&p->transfer.mechanism, "scc"))
		duty_add(d, CONF_WARNING, path, "L22-alone", path);
}

static void duty_l22(const struct duty *d)
{
	duty_each(d, duty_l22_one);
}

/* ---- L38 L41 */

static void duty_l38(const struct duty *d)
{
	struct url u;

	if (url_parse(slice_from(d->s->base_url), &u) && slice_eq_str(u.scheme, "http") && !conf_host_loopback(u.host))
		duty_add(d, CONF_ERROR, "base_url", "L38-http", NULL);
}

/* Each text in each language of the site; a text in another language is never shown. */
static void duty_l41_text(const struct duty *d, const char *path, const struct conf_text *t)
{
	for (size_t i = 0; t->n && i < d->s->languages.n; i++)
		if (!conf_text_exact(t, d->s->languages.v[i]))
			duty_add(d, CONF_ERROR, path, "L41-none", path, d->s->languages.v[i]);
	for (size_t i = 0; i < t->n; i++)
		if (!conf_list_has(&d->s->languages, t->v[i].lang))
			duty_add(d, CONF_WARNING, path, "L41-more", path, t->v[i].lang);
}

static void duty_l41_key(const struct duty *d, const struct conf_key *k, const char *prefix, const void *base)
{
	char path[CONF_PATH_MAX_BYTES];
	const char *star = strstr(k->path, "*.");

	snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", star ? star + 2 : k->path);
	duty_l41_text(d, path, (const struct conf_text *)(const void *)((const char *)base + k->offset));
}

static void duty_l41_elements(const struct duty *d, const struct conf_key *k)
{
	const struct conf_site *s = d->s;
	char prefix[80];

	for (size_t i = 0; k->scope == CONF_S_PURPOSE && i < s->npurposes; i++) {
		snprintf(prefix, sizeof(prefix), "purposes.%s", s->purposes[i].id);
		duty_l41_key(d, k, prefix, &s->purposes[i]);
	}
	for (size_t i = 0; k->scope == CONF_S_FORM && i < s->nforms; i++) {
		snprintf(prefix, sizeof(prefix), "forms.%s", s->forms[i].id);
		duty_l41_key(d, k, prefix, &s->forms[i]);
	}
	for (size_t i = 0; k->scope == CONF_S_PROCESSOR && i < s->nprocessors; i++) {
		snprintf(prefix, sizeof(prefix), "processors.%s", s->processors[i].id);
		duty_l41_key(d, k, prefix, &s->processors[i]);
	}
	if (k->scope == CONF_S_PROCESSOR)
		duty_l41_key(d, k, "hosting", &s->hosting);
	for (size_t i = 0; k->scope == CONF_S_EMBED && i < s->website.nembeds; i++) {
		snprintf(prefix, sizeof(prefix), "website.embeds.%s", s->website.embeds[i].id);
		duty_l41_key(d, k, prefix, &s->website.embeds[i]);
	}
	for (size_t i = 0; k->scope == CONF_S_STORAGE && i < s->website.nstorage; i++) {
		snprintf(prefix, sizeof(prefix), "website.storage.%s", s->website.storage[i].id);
		duty_l41_key(d, k, prefix, &s->website.storage[i]);
	}
	for (size_t i = 0; k->scope == CONF_S_SLOT && i < s->website.ntexts; i++) {
		snprintf(prefix, sizeof(prefix), "website.texts.%s", s->website.texts[i].id);
		duty_l41_key(d, k, prefix, &s->website.texts[i]);
	}
}

static void duty_l41(const struct duty *d)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (keys[i].type != CONF_T_TEXT)
			continue;
		if (keys[i].scope == CONF_S_SITE)
			duty_l41_key(d, &keys[i], "", d->s);
		else
			duty_l41_elements(d, &keys[i]);
	}
}

/* ---- the table */

static void (*const DUTIES[])(const struct duty *d) = {
    duty_l01, duty_l02, duty_l03, duty_l04, duty_l05, duty_l08, duty_served, duty_l13, duty_l16, duty_l17, duty_l19,
    duty_l20, duty_l21, duty_l22, duty_l23, duty_l24, duty_l35, duty_l38, duty_l41, duty_l47,
};

const char *conf_law_basis(const char *id)
{
	const struct law_rule *r = law_rule_find(id);

	return r ? r->basis_en : "";
}

/* A provider on the route must have what it needs; no matter of law. */
static void check_route(struct conf_bind *b, const struct conf_site *s)
{
	const struct conf_mail *m = &s->mail;
	bool local = false;
	char path[60];
	int line, col;

	for (size_t i = 0; i < m->route.n; i++) {
		const char *name = m->route.v[i];
		bool ready = strcmp(name, "log") == 0 || (strcmp(name, "dir") == 0 && m->dir.set) ||
		    (strcmp(name, "smtp") == 0 && m->smtp.set) || (strcmp(name, "mailjet") == 0 && m->mailjet.set) ||
		    (strcmp(name, "brevo") == 0 && m->brevo.set);

		local = local || strcmp(name, "log") == 0 || strcmp(name, "dir") == 0;
		snprintf(path, sizeof(path), "mail.route[%zu]", i);
		conf_bind_place(b, path, &line, &col);
		if (!ready)
			conf_sink_add(b->sink, s->mode == CONF_TRY_OUT ? CONF_WARNING : CONF_ERROR, "", line, col, "",
			    "mail.route names %s, but mail.%s is missing. Add it", name, name);
	}
	conf_bind_place(b, "mail.route", &line, &col);
	if (s->mode == CONF_TRY_OUT && !local)
		conf_sink_add(b->sink, CONF_WARNING, "", line, col, "", "mode is try-out: no mail leaves this machine, "
		    "mails go to %s only. Name dir or log in mail.route to choose", m->dir.set ? "mail.dir" : "the log");
	if (m->smtp.set && *m->smtp.user && !*m->smtp.password_file) {
		conf_bind_place(b, "mail.smtp.user", &line, &col);
		conf_sink_error(b->sink, line, col, "mail.smtp.user is set, but mail.smtp.password_file is missing. Add it");
	}
}

void conf_check_site(struct conf_bind *b, const struct conf_site *s)
{
	if (b->bad_value)
		return;
	check_route(b, s);
	b->sink->waivers = &s->waivers;
	conf_check_website(b, s);
	for (size_t i = 0; i < sizeof(DUTIES) / sizeof(DUTIES[0]); i++)
		DUTIES[i](&(const struct duty){b, s});
	b->sink->waivers = NULL;
}
