/* Rules about what people sign up for. */
#include "core/lint_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mail/message.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define DAY_S INT64_C(86400)
#define UNUSED_DAYS 365

static const char *const CHILDREN[] = {"Kinder", "Kids", "Schüler", "Jugendlich", "children", "pupils", "teens", NULL};
/* An age anywhere in the text answers the question. */
static const char *const AGE[] = {"Jahre", "years", "volljährig", "Eltern", "parents", "adults", "Erwachsene", NULL};
static const char *const SPECIAL[] = {"Gesundheit", "Krankheit", "Diagnose", "Therapie", "Selbsthilfe", "Glauben",
    "Gottesdienst", "Partei", "Gewerkschaft", "queer", "Schwangerschaft", "health", "illness", "diagnosis", "therapy",
    "faith", "worship", "political party", "trade union", "pregnancy", NULL};
static const char *const TERMS[] = {"AGB", "Nutzungsbedingungen", "Geschäftsbedingungen", "terms of use",
    "terms and conditions", "terms of service", NULL};

static const char *const ADDRESS[] = {"http://", "https://", "www.", NULL};

static bool text_any(const struct conf_text *t, const char *const *words)
{
	for (size_t i = 0; i < t->n; i++)
		if (lint_word_start(words, t->v[i].value))
			return true;
	return false;
}

struct topic {
	const struct conf_purpose *p;
	const char *key;
	const struct conf_text *text;
};

static void topic_words(struct lint *l, const struct topic *t, size_t i)
{
	const char *path = lint_text(l, "purposes.%s.%s.%s", t->p->id, t->key, t->text->v[i].lang);
	const char *value = t->text->v[i].value;
	const char *child = lint_word_start(CHILDREN, value), *special = lint_word_start(SPECIAL, value);
	const char *terms = lint_word_start(TERMS, value);

	if (child && !text_any(&t->p->title, AGE) && !text_any(&t->p->content, AGE))
		lint_key(l, CONF_WARNING, "L39-children", path, path, child, NULL);
	if (special && t->p->special.n == 0)
		lint_key(l, CONF_WARNING, "L39-special", path, path, special, t->p->id, NULL);
	if (terms)
		lint_key(l, CONF_ERROR, "L07-terms", path, path, terms, NULL);
	if (lint_word_start(ADDRESS, value))
		lint_key(l, CONF_WARNING, "L12-address", path, path, NULL);
}

static void purpose_topic(struct lint *l, const struct conf_purpose *p)
{
	const struct topic topics[] = {{p, "title", &p->title}, {p, "content", &p->content}};

	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		for (size_t j = 0; j < topics[i].text->n; j++)
			topic_words(l, &topics[i], j);
}

static void purpose_sent(struct lint *l, const struct conf_purpose *p)
{
	const char *path = lint_text(l, "purposes.%s.last_sent", p->id);
	int64_t at_ms = p->last_sent.year ? clock_parse_iso(p->last_sent.text, strlen(p->last_sent.text)) : 0;

	if (!p->last_sent.year)
		return;
	if (at_ms > clock_now_ms())
		lint_key(l, CONF_WARNING, "L48-future", path, path, NULL);
	else if (clock_now_ms() - at_ms > UNUSED_DAYS * DAY_MS)
		lint_key(l, CONF_WARNING, "L43-old", path, path, NULL);
}

/* A list at a provider is used by people there, too: they unsubscribe, and we must hear of it. */
static void purpose_hook(struct lint *l, const struct conf_purpose *p)
{
	const struct conf_mail *m = &l->conf->mail;
	const char *path = lint_text(l, "purposes.%s.provider_list", p->id);

	if (!*p->provider_list || !m->route.n || !conf_processor_by_id(l->conf, m->route.v[0]))
		return;
	for (size_t i = 0; i < m->nhooks; i++)
		if (strcmp(m->hooks[i].id, m->route.v[0]) == 0)
			return;
	lint_key(l, CONF_WARNING, "L28-hook", path, path, m->route.v[0], NULL);
}

static void site_periods(struct lint *l)
{
	struct conf_duration r = l->conf->retention.requests;
	const char *text = lint_text(l, "%d%c", r.n, r.unit);

	if (r.seconds > 10 * 366 * DAY_S)
		lint_key(l, CONF_WARNING, "L18-long", "retention.requests", text, NULL);
	if (r.seconds < 365 * DAY_S)
		lint_key(l, CONF_WARNING, "L18-short", "retention.requests", text, NULL);
}

static bool host_local(const char *host)
{
	static const char *const local[] = {"localhost", "127.", "[::1]"};

	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (strncmp(host, local[i], strlen(local[i])) == 0)
			return true;
	return false;
}

/* Any value may end up in a mail; what leaves must be what was stored. */
static void site_inert(struct lint *l)
{
	for (size_t i = 0; i < l->conf->nitems; i++)
		if (!message_inert(slice_from(l->conf->items[i].value)))
			lint_key(l, CONF_ERROR, "L49-replaced", l->conf->items[i].path, l->conf->items[i].path, NULL);
}

void lint_purposes(struct lint *l)
{
	const struct conf_site *c = l->conf;

	for (size_t i = 0; i < c->npurposes; i++) {
		purpose_topic(l, &c->purposes[i]);
		purpose_sent(l, &c->purposes[i]);
		purpose_hook(l, &c->purposes[i]);
	}
	site_periods(l);
	site_inert(l);
	if (conf_site_real(c) && host_local(c->base_host))
		lint_key(l, CONF_ERROR, "L27-local", "base_url", c->base_host, NULL);
}
