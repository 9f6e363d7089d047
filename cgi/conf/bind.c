#include "conf/conf_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/bug.h"

#define KEYS_MAX 320

/* Mappings whose names the owner chooses. */
static const struct collection {
	const char *general;
	enum conf_scope scope;
	size_t size, list, count, id;
} COLLECTIONS[] = {
	{"purposes", CONF_S_PURPOSE, sizeof(struct conf_purpose), offsetof(struct conf_site, purposes),
	    offsetof(struct conf_site, npurposes), offsetof(struct conf_purpose, id)},
	{"forms", CONF_S_FORM, sizeof(struct conf_form), offsetof(struct conf_site, forms),
	    offsetof(struct conf_site, nforms), offsetof(struct conf_form, id)},
	{"processors", CONF_S_PROCESSOR, sizeof(struct conf_processor), offsetof(struct conf_site, processors),
	    offsetof(struct conf_site, nprocessors), offsetof(struct conf_processor, id)},
	{"mail.hooks", CONF_S_HOOK, sizeof(struct conf_hook), offsetof(struct conf_site, mail.hooks),
	    offsetof(struct conf_site, mail.nhooks), offsetof(struct conf_hook, id)},
	{"website.embeds", CONF_S_EMBED, sizeof(struct conf_embed), offsetof(struct conf_site, website.embeds),
	    offsetof(struct conf_site, website.nembeds), offsetof(struct conf_embed, id)},
	{"website.storage", CONF_S_STORAGE, sizeof(struct conf_storage), offsetof(struct conf_site, website.storage),
	    offsetof(struct conf_site, website.nstorage), offsetof(struct conf_storage, id)},
	{"website.profiles", CONF_S_PROFILE, sizeof(struct conf_profile), offsetof(struct conf_site, website.profiles),
	    offsetof(struct conf_site, website.nprofiles), offsetof(struct conf_profile, id)},
	{"website.texts", CONF_S_SLOT, sizeof(struct conf_slot), offsetof(struct conf_site, website.texts),
	    offsetof(struct conf_site, website.ntexts), offsetof(struct conf_slot, id)},
};

/* One struct that is being filled. general and concrete differ where names are the owner's. */
struct frame {
	enum conf_scope scope;
	const char *general;  /* "purposes.*", "" */
	const char *concrete; /* "purposes.news", "" */
	void *base;
	bool seen[KEYS_MAX];
};

static void bind_struct(struct conf_bind *b, const struct conf_node *map, struct frame *f);

static void path_join(char out[static CONF_PATH_MAX_BYTES], const char *a, const char *b)
{
	/* Keys above 127 bytes are refused before, and the table is at most four levels deep. */
	bug_if(snprintf(out, CONF_PATH_MAX_BYTES, "%s%s%s", a, *a ? "." : "", b) >= CONF_PATH_MAX_BYTES);
}

/* Name of the segment of path right behind prefix, or NULL if path does not lie below it. */
static const char *path_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n == 0)
		return path;
	return strncmp(path, prefix, n) == 0 && path[n] == '.' ? path + n + 1 : NULL;
}

/* Most paths are those of the table, whose strings are there once for all sites. */
static const char *item_path(struct conf_bind *b, const char *path)
{
	const struct conf_key *k = conf_key_find(b->host, path);

	return k && strcmp(k->path, path) == 0 ? k->path : arena_str(b->a, slice_from(path));
}

void conf_bind_item(struct conf_bind *b, const char *path, const char *value, int line, int col)
{
	struct conf_item_node *n = arena_alloc(b->tmp, sizeof(*n));

	if (!n)
		return;
	n->it.path = item_path(b, path);
	n->it.value = value;
	n->it.line = line;
	n->it.col = col;
	if (!n->it.path)
		return;
	n->next = b->items;
	b->items = n;
	b->nitems++;
}

static int bind_item_cmp(const void *x, const void *y)
{
	return strcmp(((const struct conf_item *)x)->path, ((const struct conf_item *)y)->path);
}

const struct conf_item *conf_bind_items(struct conf_bind *b, size_t *n)
{
	struct conf_item *all = arena_alloc(b->a, (b->nitems + 1) * sizeof(*all));

	*n = 0;
	if (!all)
		return NULL;
	for (struct conf_item_node *i = b->items; i; i = i->next)
		all[(*n)++] = i->it;
	qsort(all, *n, sizeof(*all), bind_item_cmp);
	return all;
}

static void bind_group(struct conf_bind *b, const char *path, const struct conf_node *n)
{
	struct conf_place *g = arena_alloc(b->tmp, sizeof(*g));

	if (!g)
		return;
	g->path = arena_str(b->tmp, slice_from(path));
	g->line = n->key_line;
	g->col = n->key_col;
	if (!g->path)
		return;
	g->next = b->groups;
	b->groups = g;
}

bool conf_bind_has_group(const struct conf_bind *b, const char *path)
{
	for (const struct conf_place *g = b->groups; g; g = g->next)
		if (strcmp(g->path, path) == 0)
			return true;
	return false;
}

static bool bind_place_exact(const struct conf_bind *b, const char *path, int *line, int *col)
{
	for (const struct conf_item_node *i = b->items; i; i = i->next)
		if (i->it.line && strcmp(i->it.path, path) == 0) {
			*line = i->it.line;
			*col = i->it.col;
			return true;
		}
	for (const struct conf_place *g = b->groups; g; g = g->next)
		if (strcmp(g->path, path) == 0) {
			*line = g->line;
			*col = g->col;
			return true;
		}
	return false;
}

void conf_bind_place(const struct conf_bind *b, const char *path, int *line, int *col)
{
	char cut[CONF_PATH_MAX_BYTES];
	size_t n;

	*line = *col = 1;
	if (!slice_copy(slice_from(path), cut, sizeof(cut)))
		return;
	for (n = strlen(cut); n > 0;) {
		cut[n] = '\0';
		if (bind_place_exact(b, cut, line, col))
			return;
		while (n > 0 && cut[n - 1] != '.' && cut[n - 1] != '[')
			n--;
		if (n > 0)
			n--;
	}
}

/* ---- unknown keys */

static size_t bind_names(const struct conf_bind *b, const char *general, char store[][CONF_PATH_MAX_BYTES],
    const char **names, size_t max)
{
	size_t nkeys, n = 0;
	const struct conf_key *keys = conf_keys(&nkeys);

	for (size_t i = 0; i < nkeys && n < max; i++) {
		const char *rest = keys[i].host == b->host ? path_below(keys[i].path, general) : NULL;
		struct slice name;
		bool have = false;

		if (!rest)
			continue;
		name = slice_make(rest, strcspn(rest, "."));
		for (size_t j = 0; j < n && !have; j++)
			have = slice_eq_str(name, names[j]);
		if (have || !slice_copy(name, store[n], CONF_PATH_MAX_BYTES))
			continue;
		names[n] = store[n];
		n++;
	}
	return n;
}

/* A key that is known elsewhere: "from" belongs to "mail.from". */
static const char *bind_elsewhere(const struct conf_bind *b, struct slice key, bool *other_file)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			const char *last = strrchr(keys[i].path, '.');

			*other_file = keys[i].host != b->host;
			if (*other_file == (pass == 1) && slice_eq_str(key, last ? last + 1 : keys[i].path))
				return keys[i].path;
		}
	return NULL;
}

static void bind_unknown(struct conf_bind *b, const char *general, const char *concrete, const struct conf_node *n)
{
	char store[64][CONF_PATH_MAX_BYTES];
	const char *names[64];
	char list[600] = "";
	size_t count = bind_names(b, general, store, names, 64), used = 0;
	const char *near = conf_near(n->key, names, count), *other;
	bool other_file = false;
	char where[CONF_PATH_MAX_BYTES + 16];

	snprintf(where, sizeof(where), "%s%s", *concrete ? " in " : "", concrete);
	if (near) {
		conf_sink_error(b->sink, n->key_line, n->key_col, "unknown key \"%.*s\"%s. Did you mean \"%s\"?",
		    n->key.len > 60 ? 60 : SLICE_FMT(n->key), where, near);
		return;
	}
	for (size_t i = 0; i < count && used + strlen(names[i]) + 3 < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
	other = bind_elsewhere(b, n->key, &other_file);
	conf_sink_error(b->sink, n->key_line, n->key_col, "unknown key \"%.*s\"%s. %s%s%s%sPossible here: %s",
	    n->key.len > 60 ? 60 : SLICE_FMT(n->key), where, other ? "It belongs to " : "", other ? other : "",
	    other_file ? (b->host ? " in a site file" : " in the host file") : "", other ? ". " : "", list);
}

/* ---- nodes to struct */

static const struct conf_key *bind_row(const struct conf_bind *b, const char *general, size_t *index)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (*index = 0; *index < n; ++*index)
		if (keys[*index].host == b->host && strcmp(keys[*index].path, general) == 0)
			return &keys[*index];
	return NULL;
}

static bool bind_is_group(const struct conf_bind *b, const char *general)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n; i++)
		if (keys[i].host == b->host && path_below(keys[i].path, general))
			return true;
	return false;
}

static const struct collection *bind_collection_of(const struct conf_bind *b, const char *general)
{
	for (size_t i = 0; !b->host && i < sizeof(COLLECTIONS) / sizeof(COLLECTIONS[0]); i++)
		if (strcmp(COLLECTIONS[i].general, general) == 0)
			return &COLLECTIONS[i];
	return NULL;
}

static void bind_element(struct conf_bind *b, const struct collection *c, const char *concrete,
    const struct conf_node *n, void *element)
{
	char general[CONF_PATH_MAX_BYTES], path[CONF_PATH_MAX_BYTES];
	struct frame f = {.scope = c->scope, .general = general, .concrete = path, .base = element};
	const char *id = arena_str(b->a, n->key);

	path_join(general, c->general, "*");
	path_join(path, concrete, id ? id : "");
	*(const char **)(void *)((char *)element + c->id) = id ? id : "";
	bind_group(b, path, n);
	bind_struct(b, n, &f);
}

static void bind_collection(struct conf_bind *b, const struct collection *c, const char *concrete,
    const struct conf_node *map, void *base)
{
	char *elements = arena_alloc(b->a, (map->children + 1) * c->size);
	size_t done = 0;

	if (!elements)
		return;
	for (const struct conf_node *n = map->first; n; n = n->next) {
		if (!conf_value_id(n->key)) {
			conf_sink_error(b->sink, n->key_line, n->key_col,
			    "\"%.*s\" is no name for an entry of %s. Use 1 to 32 of a-z 0-9 - _, a letter or digit first",
			    n->key.len > 60 ? 60 : SLICE_FMT(n->key), concrete);
			continue;
		}
		if (n->kind != CONF_N_MAP) {
			conf_sink_error(b->sink, n->line, n->col, "%s.%.*s must be a mapping of keys", concrete,
			    SLICE_FMT(n->key));
			continue;
		}
		bind_element(b, c, concrete, n, elements + done++ * c->size);
	}
	*(const void **)(void *)((char *)base + c->list) = elements;
	*(size_t *)(void *)((char *)base + c->count) = done;
}

static void bind_map(struct conf_bind *b, const struct conf_node *map, struct frame *f, const char *general,
    const char *concrete);

static void bind_hosting(struct conf_bind *b, const struct conf_node *n, struct conf_site *s)
{
	struct frame f = {.scope = CONF_S_PROCESSOR, .general = "processors.*", .concrete = "hosting", .base = &s->hosting};

	s->hosting.id = "hosting";
	bind_struct(b, n, &f);
}

static void bind_group_node(struct conf_bind *b, const struct conf_node *n, struct frame *f,
    const struct conf_key *row, const char *general, const char *concrete)
{
	const struct collection *c = bind_collection_of(b, general);
	int named = CONF_NAMED;

	if (n->kind != CONF_N_MAP) {
		conf_sink_error(b->sink, n->line, n->col, "%s must be a mapping of keys, not a %s", concrete,
		    n->kind == CONF_N_SEQ ? "list" : "single value");
		return;
	}
	bind_group(b, concrete, n);
	if (row)
		memcpy((char *)f->base + row->offset, &named, sizeof(named));
	if (c)
		bind_collection(b, c, concrete, n, f->base);
	else if (row && strcmp(general, "hosting") == 0)
		bind_hosting(b, n, f->base);
	else
		bind_map(b, n, f, general, concrete);
}

static void bind_map(struct conf_bind *b, const struct conf_node *map, struct frame *f, const char *general,
    const char *concrete)
{
	char g[CONF_PATH_MAX_BYTES], c[CONF_PATH_MAX_BYTES], key[CONF_PATH_MAX_BYTES / 2];

	for (const struct conf_node *n = map->first; n; n = n->next) {
		const struct conf_key *row;
		size_t index;

		if (!slice_copy(n->key, key, sizeof(key)) || strpbrk(key, ".*[")) {
			bind_unknown(b, general, concrete, n);
			continue;
		}
		path_join(g, general, key);
		path_join(c, concrete, key);
		row = bind_row(b, g, &index);
		if (row)
			f->seen[index] = true;
		if (row && n->kind != CONF_N_SCALAR)
			bind_group(b, c, n);
		if (row && (row->type != CONF_T_NONE || n->kind == CONF_N_SCALAR))
			b->bad_value |= !conf_value_set(b, row, c, n, f->base);
		else if (row || bind_is_group(b, g))
			bind_group_node(b, n, f, row, g, c);
		else
			bind_unknown(b, general, concrete, n);
	}
}

/* ---- what is not written */

static void bind_parent(char out[static CONF_PATH_MAX_BYTES], const char *path)
{
	const char *dot = strrchr(path, '.');

	slice_copy(slice_make(path, dot ? (size_t)(dot - path) : 0), out, CONF_PATH_MAX_BYTES);
}

/* A group that may be absent as a whole: it has a key that is required with it. */
static bool bind_optional_group(const struct conf_key *row)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);
	char parent[CONF_PATH_MAX_BYTES], other[CONF_PATH_MAX_BYTES];

	bind_parent(parent, row->path);
	for (size_t i = 0; i < n; i++) {
		if (keys[i].required != CONF_WITH_GROUP || keys[i].host != row->host)
			continue;
		bind_parent(other, keys[i].path);
		if (strcmp(parent, other) == 0)
			return true;
	}
	return false;
}

static void bind_missing(struct conf_bind *b, const struct conf_key *row, const char *concrete)
{
	bool warn = row->required == CONF_LIVE_ONLY && b->sink->tryout;
	bool law = row->required != CONF_ALWAYS && row->finding, tryout = b->sink->tryout;
	int line, col;

	conf_bind_place(b, concrete, &line, &col);
	if (law) {
		/* Half a group would be half a sentence of the notice, in any mode. */
		b->sink->tryout = warn;
		conf_sink_law(b->sink, CONF_ERROR, row->finding, "L00-missing", line, col, concrete, row->doc, NULL);
		b->sink->tryout = tryout;
		return;
	}
	conf_sink_add(b->sink, warn ? CONF_WARNING : CONF_ERROR, "", line, col, "", "%s is missing. Add it: %s", concrete,
	    row->doc);
}

static void bind_absent(struct conf_bind *b, const struct conf_key *row, const struct frame *f)
{
	struct conf_node n = {.kind = CONF_N_SCALAR};
	char parent[CONF_PATH_MAX_BYTES], concrete[CONF_PATH_MAX_BYTES];
	bool value = row->value && row->value[0] != '=';

	if (!value && row->required == CONF_OPTIONAL)
		return;
	path_join(concrete, f->concrete, path_below(row->path, f->general));
	bind_parent(parent, concrete);
	if (bind_optional_group(row) && !conf_bind_has_group(b, parent))
		return;
	if (!value) {
		bind_missing(b, row, concrete);
		return;
	}
	n.value = slice_from(row->value);
	conf_value_set(b, row, concrete, &n, f->base);
}

/* Strings are never NULL. */
static void bind_empty(const struct conf_key *row, void *base)
{
	char *at = (char *)base + row->offset;

	if (row->offset == CONF_NOWHERE)
		return;
	switch (row->type) {
	case CONF_T_STRING:
	case CONF_T_ID:
	case CONF_T_URL:
	case CONF_T_EMAIL:
	case CONF_T_WORD:
	case CONF_T_COUNTRY:
	case CONF_T_COLOR:
	case CONF_T_PATH:
	case CONF_T_SECRET:
		if (!*(const char **)(void *)at)
			*(const char **)(void *)at = "";
		break;
	case CONF_T_DATE:
		if (!((struct conf_date *)(void *)at)->text)
			((struct conf_date *)(void *)at)->text = "";
		break;
	default:
		break;
	}
}

static void bind_struct(struct conf_bind *b, const struct conf_node *map, struct frame *f)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	bind_map(b, map, f, f->general, f->concrete);
	for (size_t i = 0; i < n; i++) {
		if (keys[i].scope != (unsigned)f->scope)
			continue;
		if (!f->seen[i])
			bind_absent(b, &keys[i], f);
		bind_empty(&keys[i], f->base);
	}
}

static void bind_empty_firm(struct conf_processor *p)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n; i++)
		if (keys[i].scope == CONF_S_PROCESSOR)
			bind_empty(&keys[i], p);
}

void conf_bind_root(struct conf_bind *b, const struct conf_node *root, enum conf_scope scope, void *base)
{
	struct frame f = {.scope = scope, .general = "", .concrete = "", .base = base};
	struct conf_site *s = base;
	size_t n;

	conf_keys(&n);
	bug_if(n > KEYS_MAX);
	bind_struct(b, root, &f);
	if (scope != CONF_S_SITE)
		return;
	s->hosting.id = "hosting";
	bind_empty_firm(&s->hosting);
	for (size_t i = 0; i < s->website.nembeds; i++) {
		/* Still being built; const only for those who read it later. */
		struct conf_embed *e = (struct conf_embed *)(uintptr_t)&s->website.embeds[i];

		e->firm.id = e->id;
		bind_empty_firm(&e->firm);
	}
}
