#include "text/tpl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/tpl_priv.h"

struct tpl_set *tpl_set_new(void)
{
	return calloc(1, sizeof(struct tpl_set));
}

void tpl_set_free(struct tpl_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].name);
		free(s->list[i].source);
		free(s->list[i].ops);
	}
	free(s->list);
	free(s->refs);
	free((void *)s->resolved);
	free(s);
}

size_t tpl_find(const struct tpl_set *s, struct slice name)
{
	size_t i = 0;
	while (i < s->count && !slice_eq_str(name, s->list[i].name))
		i++;
	return i;
}

enum err tpl_fail(const struct tpl *t, size_t at, struct errinfo *ei, const char *fmt, ...)
{
	unsigned line = 1, col = 1;
	for (size_t i = 0; i < at && i < t->source_len; i++) {
		if (t->source[i] == '\n') {
			line++;
			col = 1;
		} else if (((unsigned char)t->source[i] & 0xC0) != 0x80) {
			col++;
		}
	}
	char what[ERR_TEXT_BYTES];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(ei, E_INVALID, "%s:%u:%u: %s", t->name, line, col, what);
}

static bool tpl_name_ok(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!c || !(letter || (c >= '0' && c <= '9') || strchr("_-./", c)))
			return false;
	}
	return name.len > 0 && name.len <= TPL_NAME_MAX_BYTES;
}

/* The template of this name, made if need be; NULL without memory. */
static struct tpl *tpl_slot(struct tpl_set *s, struct slice name)
{
	size_t i = tpl_find(s, name);
	if (i < s->count)
		return &s->list[i];
	if (s->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct tpl *more = realloc(s->list, cap * sizeof *more);
		if (!more)
			return NULL;
		s->list = more;
		s->cap = cap;
	}
	char *copy = strndup(name.ptr, name.len);
	if (!copy)
		return NULL;
	s->list[s->count] = (struct tpl){.name = copy, .html = slice_ends(name, SLICE(".html"))};
	return &s->list[s->count++];
}

enum err tpl_set_add(struct tpl_set *s, const char *name, struct slice source, struct errinfo *ei)
{
	struct slice n = slice_from(name);
	if (!tpl_name_ok(n) || !(slice_ends(n, SLICE(".html")) || slice_ends(n, SLICE(".txt"))))
		return err_set(ei, E_INVALID, "template name \"%.40s\": write letters, digits, _ - . / (at most %d) "
		    "and end in"
		    " .html or .txt", name, TPL_NAME_MAX_BYTES);
	if (source.len > TPL_SOURCE_MAX_BYTES)
		return err_set(ei, E_LIMIT, "%s: longer than 256 KiB. Split it into parts", name);
	char *copy = malloc(source.len + 1);
	struct tpl *t = copy ? tpl_slot(s, n) : NULL;
	if (!t) {
		free(copy);
		return err_set(ei, E_NOMEM, "%s: no memory for the template", name);
	}
	if (source.len)
		memcpy(copy, source.ptr, source.len);
	copy[source.len] = '\0';
	free(t->source);
	t->source = copy;
	t->source_len = source.len;
	t->nops = 0; /* they point into the old source */
	s->compiled = false;
	return OK;
}

uint32_t tpl_ref_of(struct tpl_set *s, struct slice key, uint32_t hash)
{
	for (size_t i = 0; i < s->nrefs; i++)
		if (s->refs[i].hash == hash && slice_eq(s->refs[i].key, key))
			return (uint32_t)i;
	if (s->nrefs == s->refs_cap) {
		size_t cap = s->refs_cap ? s->refs_cap * 2 : 64;
		struct tpl_ref *more = realloc(s->refs, cap * sizeof *more);
		if (!more)
			return UINT32_MAX;
		s->refs = more;
		s->refs_cap = cap;
	}
	s->refs[s->nrefs] = (struct tpl_ref){.key = key, .hash = hash};
	return (uint32_t)s->nrefs++;
}

/* Depth of parts below t, and that none comes back to itself. */
static enum err tpl_walk_parts(struct tpl_set *s, struct tpl *t, struct errinfo *ei)
{
	unsigned deepest = 0;
	t->walking = true;
	t->weight = t->nops;
	for (size_t i = 0; i < t->nops; i++) {
		if (t->ops[i].code != TPL_PART)
			continue;
		struct tpl *part = &s->list[t->ops[i].target];
		if (part->walking)
			return tpl_fail(t, t->ops[i].at, ei, "part {{>%.*s}} contains itself. Take one of the two out",
			    SLICE_FMT(t->ops[i].text));
		enum err e = part->depth ? OK : tpl_walk_parts(s, part, ei);
		if (e)
			return e;
		if (part->depth >= TPL_PARTS_MAX)
			return tpl_fail(t, t->ops[i].at, ei, "parts stand in each other more than %d deep",
			    TPL_PARTS_MAX);
		deepest = part->depth > deepest ? part->depth : deepest;
		t->weight += part->weight;
		if (t->weight > TPL_WEIGHT_MAX)
			return tpl_fail(t, t->ops[i].at, ei, "with its parts the template has more than %d tags",
			    TPL_WEIGHT_MAX);
	}
	t->walking = false;
	t->depth = deepest + 1;
	return OK;
}

static enum err tpl_check_parts(struct tpl_set *s, struct errinfo *ei)
{
	for (size_t i = 0; i < s->count; i++)
		s->list[i].depth = 0, s->list[i].walking = false;
	for (size_t i = 0; i < s->count; i++) {
		enum err e = s->list[i].depth ? OK : tpl_walk_parts(s, &s->list[i], ei);
		if (e)
			return e;
	}
	return OK;
}

static enum err tpl_resolve_one(struct tpl_set *s, const struct tpl *t, const struct tpl_op *op,
    struct errinfo *ei)
{
	for (size_t l = 0; l < s->nlangs; l++) {
		const struct phrase *ph = phrases_get(s->langs[l], op->text);
		if (!ph)
			return tpl_fail(t, op->at, ei, "the phrase [%.*s] is missing in language %s. Add it, or mend "
			    "the name",
			    SLICE_FMT(op->text), phrases_lang(s->langs[l]));
		s->resolved[l * s->nrefs + op->target] = ph;
	}
	return OK;
}

static enum err tpl_resolve(struct tpl_set *s, struct errinfo *ei)
{
	free((void *)s->resolved);
	s->resolved = calloc(s->nlangs * s->nrefs + 1, sizeof *s->resolved);
	if (!s->resolved)
		return err_set(ei, E_NOMEM, "no memory for the templates");
	for (size_t i = 0; i < s->count; i++) {
		const struct tpl *t = &s->list[i];
		for (size_t k = 0; k < t->nops; k++) {
			enum err e = t->ops[k].code == TPL_PHRASE ? tpl_resolve_one(s, t, &t->ops[k], ei) : OK;
			if (e)
				return e;
		}
	}
	return OK;
}

static char tpl_sigil(const struct tpl_op *op)
{
	static const char sigils[] = {[TPL_VALUE] = '=', [TPL_HTML] = '&', [TPL_IF] = '#', [TPL_UNLESS] = '^',
	    [TPL_PART] = '>', [TPL_PHRASE] = '@', [TPL_PHRASE_KEY] = '*'};
	return sigils[op->code];
}

/* Parts are walked each time they occur; compiled sets have no cycles. */
static void tpl_uses_walk(const struct tpl_set *s, const struct tpl *t,
    void (*fn)(char, struct slice, void *), void *arg)
{
	for (size_t i = 0; i < t->nops; i++) {
		if (t->ops[i].code == TPL_LITERAL)
			continue;
		fn(tpl_sigil(&t->ops[i]), t->ops[i].text, arg);
		if (t->ops[i].code == TPL_PART)
			tpl_uses_walk(s, &s->list[t->ops[i].target], fn, arg);
	}
}

void tpl_uses(const struct tpl_set *s, const char *name, void (*fn)(char sigil, struct slice key, void *arg),
    void *arg)
{
	size_t i = tpl_find(s, slice_from(name));
	if (i < s->count && s->compiled)
		tpl_uses_walk(s, &s->list[i], fn, arg);
}

struct tpl_want {
	char sigil; /* '@', '*', or '=' for any key */
	struct slice key;
	bool found;
};

static void tpl_want_check(char sigil, struct slice key, void *arg)
{
	struct tpl_want *w = arg;
	bool kind = w->sigil == '=' ? strchr("=&#^", sigil) != NULL : sigil == w->sigil;
	if (kind && slice_eq(key, w->key))
		w->found = true;
}

static enum err tpl_check_duty(const struct tpl_set *s, const struct tpl_duty *d, struct errinfo *ei)
{
	size_t i = tpl_find(s, slice_from(d->name));
	if (i == s->count)
		return err_set(ei, E_INVALID, "%s: the template is missing. Add the file", d->name);
	for (const char *const *r = d->required; *r; r++) {
		struct slice key = slice_from(*r);
		struct tpl_want w = {.sigil = '=', .key = key};
		if (slice_starts(key, SLICE("@"))) {
			bool by_key = slice_starts(key, SLICE("@*"));
			w.sigil = by_key ? '*' : '@';
			w.key = slice_sub(key, by_key ? 2 : 1, key.len);
		}
		tpl_uses_walk(s, &s->list[i], tpl_want_check, &w);
		if (!w.found)
			return tpl_fail(&s->list[i], 0, ei, "{{%s}} must stand in this template or in a part of it. Add "
			    "it", *r);
	}
	return OK;
}

enum err tpl_set_compile(struct tpl_set *s, const struct phrases *const *langs, size_t nlangs,
    const struct tpl_duty *duties, size_t nduties, struct errinfo *ei)
{
	if (nlangs > TPL_LANGS_MAX)
		return err_set(ei, E_LIMIT, "more than %d languages for one set of templates", TPL_LANGS_MAX);
	s->compiled = false;
	s->nrefs = 0;
	s->nlangs = nlangs;
	for (size_t i = 0; i < nlangs; i++)
		s->langs[i] = langs[i];
	enum err e = OK;
	for (size_t i = 0; i < s->count && !e; i++)
		e = tpl_compile(s, &s->list[i], ei);
	if (!e)
		e = tpl_check_parts(s, ei);
	if (!e)
		e = tpl_resolve(s, ei);
	for (size_t i = 0; i < nduties && !e; i++)
		e = tpl_check_duty(s, &duties[i], ei);
	s->compiled = !e;
	return e;
}

void tpl_set_each(const struct tpl_set *s, void (*fn)(const char *name, void *arg), void *arg)
{
	for (size_t i = 0; i < s->count; i++)
		fn(s->list[i].name, arg);
}
