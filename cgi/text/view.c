#include "text/view.h"

#include <string.h>


struct view_entry {
	uint32_t hash;
	struct slice name;
	struct view_value value;
	struct view *last; /* VIEW_LIST: where the next item goes */
};

/* Values that a view has room for at first: a page has some thirty, an item of a list a few. */
#define VIEW_FIRST 32
#define VIEW_FIRST_CHILD 8

struct view {
	struct arena *arena;
	const struct view *parent;
	struct view *next;
	struct view_entry *entries;
	size_t count, cap;
};

uint32_t view_hash(struct slice name)
{
	uint32_t h = 2166136261u; /* FNV-1a; only speed hangs on it, names are ours */
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
	return h;
}

struct view *view_new(struct arena *a)
{
	struct view *v = arena_alloc(a, sizeof *v);
	if (v)
		v->arena = a;
	return v;
}

struct view *view_child(struct view *parent)
{
	if (!parent)
		return NULL;
	struct view *v = view_new(parent->arena);
	if (v)
		v->parent = parent;
	return v;
}

static struct view_entry *view_find(const struct view *v, struct slice name, uint32_t hash)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->entries[i].hash == hash && slice_eq(v->entries[i].name, name))
			return &v->entries[i];
	return NULL;
}

static bool view_grow(struct view *v)
{
	if (v->count < v->cap)
		return true;
	size_t cap = v->cap ? v->cap * 2 : v->parent ? VIEW_FIRST_CHILD : VIEW_FIRST;
	struct view_entry *more = arena_alloc(v->arena, cap * sizeof *more);
	if (!more)
		return false;
	if (v->count)
		memcpy(more, v->entries, v->count * sizeof *more);
	v->entries = more;
	v->cap = cap;
	return true;
}

/* The entry of this name in this scope, emptied; NULL without memory. */
static struct view_entry *view_slot(struct view *v, const char *name, enum view_kind kind)
{
	if (!v)
		return NULL;
	struct slice n = slice_from(name);
	uint32_t hash = view_hash(n);
	struct view_entry *e = view_find(v, n, hash);
	if (!e) {
		if (!view_grow(v))
			return NULL;
		e = &v->entries[v->count++];
	}
	*e = (struct view_entry){.hash = hash, .name = n, .value = {.kind = kind}};
	return e;
}

static void view_put(struct view *v, const char *name, enum view_kind kind, struct slice s)
{
	struct view_entry *e = view_slot(v, name, kind);
	if (!e)
		return;
	if (s.len)
		e->value.text = arena_dup(v->arena, s);
	e->value.truth = s.len > 0;
}

void view_text(struct view *v, const char *name, struct slice s)
{
	view_put(v, name, VIEW_TEXT, s);
}

void view_cstr(struct view *v, const char *name, const char *s)
{
	view_put(v, name, VIEW_TEXT, slice_from(s));
}

void view_int(struct view *v, const char *name, int64_t n)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	do
		digits[--at] = (char)('0' + u % 10);
	while (u /= 10);
	if (n < 0)
		digits[--at] = '-';
	view_put(v, name, VIEW_TEXT, slice_make(digits + at, sizeof digits - at));
}

void view_url(struct view *v, const char *name, struct slice s)
{
	view_put(v, name, VIEW_URL, s);
}

void view_email(struct view *v, const char *name, struct slice s)
{
	view_put(v, name, VIEW_EMAIL, s);
}

void view_lines(struct view *v, const char *name, struct slice s)
{
	view_put(v, name, VIEW_LINES, s);
}

void view_html(struct view *v, const char *name, struct slice s)
{
	view_put(v, name, VIEW_HTML, s);
}

void view_html_kept(struct view *v, const char *name, struct slice s)
{
	struct view_entry *e = view_slot(v, name, VIEW_HTML);
	if (!e)
		return;
	e->value.text = s;
	e->value.truth = s.len > 0;
}

void view_phrase(struct view *v, const char *name, const struct phrase *p)
{
	struct view_entry *e = view_slot(v, name, VIEW_PHRASE);
	if (!e)
		return;
	e->value.phrase = p;
	e->value.truth = p != NULL;
}

void view_bool(struct view *v, const char *name, bool b)
{
	struct view_entry *e = view_slot(v, name, VIEW_BOOL);
	if (e)
		e->value.truth = b;
}

void view_list(struct view *v, const char *name)
{
	view_slot(v, name, VIEW_LIST);
}

struct view *view_item(struct view *v, const char *name)
{
	if (!v)
		return NULL;
	struct slice n = slice_from(name);
	struct view_entry *e = view_find(v, n, view_hash(n));
	if (!e || e->value.kind != VIEW_LIST)
		e = view_slot(v, name, VIEW_LIST);
	struct view *item = view_child(v);
	if (!e || !item)
		return NULL;
	if (e->last)
		e->last->next = item;
	else
		e->value.first = item;
	e->last = item;
	e->value.truth = true;
	return item;
}

bool view_get_hashed(const struct view *v, struct slice name, uint32_t hash, struct view_value *out)
{
	for (; v; v = v->parent) {
		const struct view_entry *e = view_find(v, name, hash);
		if (e) {
			*out = e->value;
			return true;
		}
	}
	*out = (struct view_value){.kind = VIEW_TEXT};
	return false;
}

bool view_get(const struct view *v, struct slice name, struct view_value *out)
{
	return view_get_hashed(v, name, view_hash(name), out);
}

struct view *view_next_item(const struct view *item)
{
	return item ? item->next : NULL;
}

struct arena *view_arena(const struct view *v)
{
	return v ? v->arena : NULL;
}

bool view_ok(const struct view *v)
{
	return v && arena_ok(v->arena);
}
