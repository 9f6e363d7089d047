#include "conf/conf_priv.h"
#include <stdio.h>
#include <string.h>

/* What the keys under website say together: names that lead nowhere, and statements that contradict each other. */

/* One finding at a key: words of data/findings.txt, up to four values, NULL. */
static void website_say(struct conf_bind *b, const char *path, const char *words, const char *v1, const char *v2,
    const char *v3)
{
	int line, col;

	conf_bind_place(b, path, &line, &col);
	conf_sink_law(b->sink, CONF_ERROR, NULL, words, line, col, v1, v2, v3, NULL);
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
	website_say(b, path, near ? "L20-near" : "L20-unknown", path, id, near);
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
	char path[60];

	if (*w->device && w->nstorage)
		website_say(b, "website.device", "L52-device", w->storage[0].name, NULL, NULL);
	for (size_t i = 0; i < w->statistics.cookies.n; i++) {
		if (stored(w, w->statistics.cookies.v[i]))
			continue;
		snprintf(path, sizeof(path), "website.statistics.cookies[%zu]", i);
		website_say(b, path, "L52-cookie", path, w->statistics.cookies.v[i], NULL);
	}
	if (w->statistics_kind == CONF_NAMED && w->statistics.cookies.n && *w->device)
		website_say(b, "website.device", "L52-counted", w->statistics.cookies.v[0], NULL, NULL);
}

/* Where a click sends data out of the EEA; "" if nowhere. */
static const char *embed_third(const struct conf_processor *f)
{
	if (*f->country && !conf_country_eea(f->country))
		return f->country;
	if (*f->parent_country && !conf_country_eea(f->parent_country))
		return f->parent_country;
	return f->us_affiliate ? "US" : "";
}

static void website_embed(struct conf_bind *b, const struct conf_website *w, const struct conf_embed *e)
{
	bool kept = strcmp(e->remember, "stored") == 0;
	char path[CONF_PATH_MAX_BYTES];

	snprintf(path, sizeof(path), "website.embeds.%s.remember", e->id);
	if (kept && w->nstorage == 0)
		website_say(b, path, "L52-yes", path, NULL, NULL);
	snprintf(path, sizeof(path), "website.embeds.%s.withdraw", e->id);
	if (kept && e->withdraw.n == 0)
		website_say(b, path, "L28-embed", path, NULL, NULL);
	snprintf(path, sizeof(path), "website.embeds.%s.transfer.mechanism", e->id);
	if (*embed_third(&e->firm) && e->firm.transfer.mechanism.n == 0)
		website_say(b, path, "L21-click", path, embed_third(&e->firm), NULL);
}

void conf_check_website(struct conf_bind *b, const struct conf_site *s)
{
	const struct conf_website *w = &s->website;

	if (!w->set)
		return;
	website_firms(b, s);
	website_device(b, w);
	if (*w->files && w->cdn.n)
		website_say(b, "website.files", "L52-files", w->cdn.v[0], NULL, NULL);
	for (size_t i = 0; i < w->nembeds; i++)
		website_embed(b, w, &w->embeds[i]);
}
