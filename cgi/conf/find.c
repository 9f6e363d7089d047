#include "conf/conf_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *conf_text_exact(const struct conf_text *t, const char *lang)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].lang, lang) == 0)
			return t->v[i].value;
	return NULL;
}

const char *conf_text_get(const struct conf_text *t, const char *lang)
{
	const char *value = lang ? conf_text_exact(t, lang) : NULL;
	size_t base = lang ? strcspn(lang, "-") : 0;

	if (value)
		return value;
	for (size_t i = 0; i < t->n && base; i++)
		if (strlen(t->v[i].lang) == base && memcmp(t->v[i].lang, lang, base) == 0)
			return t->v[i].value;
	return t->n ? t->v[0].value : "";
}

bool conf_list_has(const struct conf_list *l, const char *value)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], value) == 0)
			return true;
	return false;
}

const struct conf_site *conf_site_by_id(const struct conf *c, const char *id)
{
	for (size_t i = 0; i < c->nsites; i++)
		if (strcmp(c->sites[i]->id, id) == 0)
			return c->sites[i];
	return NULL;
}

const struct conf_purpose *conf_purpose_by_id(const struct conf_site *s, struct slice id)
{
	for (size_t i = 0; i < s->npurposes; i++)
		if (slice_eq_str(id, s->purposes[i].id))
			return &s->purposes[i];
	return NULL;
}

const struct conf_form *conf_form_by_id(const struct conf_site *s, struct slice id)
{
	for (size_t i = 0; i < s->nforms; i++)
		if (slice_eq_str(id, s->forms[i].id))
			return &s->forms[i];
	return NULL;
}

const struct conf_processor *conf_processor_by_id(const struct conf_site *s, const char *id)
{
	for (size_t i = 0; i < s->nprocessors; i++)
		if (strcmp(s->processors[i].id, id) == 0)
			return &s->processors[i];
	return NULL;
}

/* ---- by address */

struct find_host {
	struct slice whole; /* without a dot at the end of the name */
	struct slice bare;  /* and without port 80 or 443 */
	char text[300];
};

static bool find_host_split(struct slice host, struct find_host *out)
{
	size_t end = host.len, colon;

	if (host.len == 0 || host.len >= sizeof(out->text))
		return false;
	if (host.ptr[0] == '[')
		colon = slice_find(host, ']', 0) + 1;
	else
		colon = slice_find(host, ':', 0);
	if (colon > end)
		return false;
	if (!slice_copy(host, out->text, sizeof(out->text)))
		return false;
	out->whole = out->bare = slice_from(out->text);
	if (colon > 0 && colon <= end && host.ptr[colon - 1] == '.') {
		memmove(out->text + colon - 1, out->text + colon, end - colon + 1);
		out->whole = slice_from(out->text);
		colon--;
	}
	out->bare = slice_sub(out->whole, 0, colon);
	if (!slice_eq(slice_sub(out->whole, colon, out->whole.len), SLICE(":80")) &&
	    !slice_eq(slice_sub(out->whole, colon, out->whole.len), SLICE(":443")))
		out->bare = out->whole;
	return true;
}

/* Length of the matching base path + 1, or 0. */
static size_t find_score(const char *base_host, const char *base_path, const struct find_host *h, struct slice path)
{
	struct slice want = slice_from(base_host), prefix = slice_from(base_path);

	if (want.len == 0 || (!slice_ieq(want, h->whole) && !slice_ieq(want, h->bare)))
		return 0;
	if (!slice_starts(path, prefix) || (path.len > prefix.len && path.ptr[prefix.len] != '/'))
		return 0;
	return prefix.len + 1;
}

bool conf_site_match(const struct conf *c, struct slice host, struct slice path, struct conf_match *out)
{
	struct find_host h;
	size_t best = 0, score;

	*out = (struct conf_match){0};
	if (!find_host_split(host, &h))
		return false;
	for (size_t i = 0; i < c->nsites; i++) {
		score = find_score(c->sites[i]->base_host, c->sites[i]->base_path, &h, path);
		if (score > best) {
			best = score;
			out->site = c->sites[i];
		}
	}
	for (size_t i = 0; i < c->nbroken; i++) {
		score = c->broken[i].kept ? 0 : find_score(c->broken[i].base_host, c->broken[i].base_path, &h, path);
		if (score > best) {
			best = score;
			out->site = NULL;
			out->broken = &c->broken[i];
		}
	}
	if (best)
		out->rest = slice_sub(path, best - 1, path.len);
	return best != 0;
}

const struct conf_site *conf_site_find(const struct conf *c, struct slice host, struct slice path)
{
	struct conf_match m;

	return conf_site_match(c, host, path, &m) ? m.site : NULL;
}

/* ---- items */

static int find_item_cmp(const void *key, const void *item)
{
	return strcmp(key, ((const struct conf_item *)item)->path);
}

static const struct conf_item *find_item(const struct conf_site *s, const char *path)
{
	return s->nitems ? bsearch(path, s->items, s->nitems, sizeof(*s->items), find_item_cmp) : NULL;
}

bool conf_item_place(const struct conf_site *s, const char *path, int *line, int *col)
{
	const struct conf_item *i = find_item(s, path);

	if (!i || i->line == 0)
		return false;
	*line = i->line;
	*col = i->col;
	return true;
}

const char *conf_item_value(const struct conf_site *s, const char *path)
{
	const struct conf_item *i = find_item(s, path);

	return i ? i->value : NULL;
}

/* Host of a base URL "https://host:port". */
static struct slice find_url_host(const char *url)
{
	struct slice s = slice_from(url), host;
	size_t at = 0;

	while (at + 3 <= s.len && memcmp(s.ptr + at, "://", 3) != 0)
		at++;
	host = slice_sub(s, at + 3, s.len);
	host = slice_sub(host, 0, slice_find(host, '/', 0));
	if (host.len && host.ptr[0] == '[')
		return slice_sub(host, 0, slice_find(host, ']', 0) + 1);
	return slice_sub(host, 0, slice_find(host, ':', 0));
}

bool conf_site_real(const struct conf_site *s)
{
	char path[80];

	for (size_t i = 0; s->mode == CONF_LIVE && i < s->mail.route.n; i++) {
		const char *name = s->mail.route.v[i], *endpoint;

		if (strcmp(name, "dir") == 0 || strcmp(name, "log") == 0)
			continue;
		snprintf(path, sizeof(path), "mail.%s.endpoint", name);
		endpoint = conf_item_value(s, path);
		if (strcmp(name, "smtp") == 0 ? !conf_host_loopback(slice_from(s->mail.smtp.host)) :
		    !endpoint || !conf_host_loopback(find_url_host(endpoint)))
			return true;
	}
	return false;
}
