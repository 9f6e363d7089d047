#include "conf/conf_priv.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the keys under website say together: names that lead nowhere, and statements that contradict each other. */

static void website_say(struct conf_bind *b, const char *path, const char *basis, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void website_say(struct conf_bind *b, const char *path, const char *basis, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int line, col;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_bind_place(b, path, &line, &col);
	conf_sink_add(b->sink, b->sink->tryout ? CONF_WARNING : CONF_ERROR, "", line, col, basis, "%s", text);
}

static void website_firm(struct conf_bind *b, const struct conf_site *s, const char *path, const char *id)
{
	const char *names[64], *near;
	size_t n = 0;

	if (!*id || conf_processor_by_id(s, id))
		return;
	for (; n < s->nprocessors && n < 64; n++)
		names[n] = s->processors[n].id;
	near = conf_near(slice_from(id), names, n);
	website_say(b, path, "Articles 13(1)(e), 28 GDPR", "%s: there is no \"%.40s\" under processors. %s%s%s", path, id,
	    near ? "Did you mean \"" : "Add it there with contract_party, address, country and contract.date",
	    near ? near : "", near ? "\"?" : "");
}

static void website_firms(struct conf_bind *b, const struct conf_site *s)
{
	const struct conf_website *w = &s->website;
	char path[40];

	if (strcmp(w->host, "self") != 0)
		website_firm(b, s, "website.host", w->host);
	website_firm(b, s, "website.contact.processor", w->contact.processor);
	website_firm(b, s, "website.statistics.processor", w->statistics.processor);
	for (size_t i = 0; i < w->cdn.n; i++) {
		snprintf(path, sizeof(path), "website.cdn[%zu]", i);
		website_firm(b, s, path, w->cdn.v[i]);
	}
}

static bool stored(const struct conf_website *w, const char *name)
{
	for (size_t i = 0; i < w->nstorage; i++)
		if (strcmp(w->storage[i].name, name) == 0)
			return true;
	return false;
}

static void website_device(struct conf_bind *b, const struct conf_website *w)
{
	static const char basis[] = "Article 5(3) ePrivacy Directive; TDDDG 25";
	char path[60];

	if (*w->device && w->nstorage)
		website_say(b, "website.device", basis, "website.device is none, but website.storage names %zu entries. "
		    "One of the two is wrong", w->nstorage);
	for (size_t i = 0; i < w->statistics.cookies.n; i++) {
		if (stored(w, w->statistics.cookies.v[i]))
			continue;
		snprintf(path, sizeof(path), "website.statistics.cookies[%zu]", i);
		website_say(b, path, basis, "%s: \"%.60s\" does not stand under website.storage. Add it there with name, "
		    "purpose, duration and basis", path, w->statistics.cookies.v[i]);
	}
}

static void website_embed(struct conf_bind *b, const struct conf_website *w, const struct conf_embed *e)
{
	char path[CONF_PATH_MAX_BYTES];
	bool outside = (*e->firm.country && !conf_country_eea(e->firm.country)) || e->firm.us_affiliate ||
	    (*e->firm.parent_country && !conf_country_eea(e->firm.parent_country));

	snprintf(path, sizeof(path), "website.embeds.%s.remember", e->id);
	if (strcmp(e->remember, "stored") == 0 && w->nstorage == 0)
		website_say(b, path, "TDDDG 25", "%s is stored, but website.storage names nothing. Add the entry that keeps "
		    "the yes", path);
	snprintf(path, sizeof(path), "website.embeds.%s.withdraw", e->id);
	if (strcmp(e->remember, "stored") == 0 && e->withdraw.n == 0)
		website_say(b, path, "Article 7(3) GDPR", "%s is missing. Say how people take their yes back", path);
	snprintf(path, sizeof(path), "website.embeds.%s.transfer.mechanism", e->id);
	if (outside && e->firm.transfer.mechanism.n == 0)
		website_say(b, path, "Articles 13(1)(f), 44-46 GDPR", "%s is missing: a click sends data out of the EEA. "
		    "Name what protects them there (adequacy, dpf, scc, bcr)", path);
}

void conf_check_website(struct conf_bind *b, const struct conf_site *s)
{
	const struct conf_website *w = &s->website;

	if (!w->set)
		return;
	website_firms(b, s);
	website_device(b, w);
	if (*w->files && w->cdn.n)
		website_say(b, "website.files", "Article 13(1)(e) GDPR", "website.files is local, but website.cdn names firms "
		    "that deliver files. One of the two is wrong");
	if (w->statistics_kind == CONF_NAMED && w->statistics.cookies.n && *w->device)
		website_say(b, "website.device", "TDDDG 25", "website.device is none, but website.statistics sets cookies");
	for (size_t i = 0; i < w->nembeds; i++)
		website_embed(b, w, &w->embeds[i]);
}
