#include "core/notice_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/country.h"
#include "core/when.h"

#define WORDS_MAX_BYTES 8192

struct slice notice_say(struct notice_walk *w, const struct view *v, const char *key)
{
	const struct phrase *p = phrases_get(site_words(w->site, w->lang), slice_from(key));
	struct buf b;

	buf_init_arena(&b, w->a, WORDS_MAX_BYTES);
	if (w->err)
		return SLICE("");
	if (!p)
		w->err = err_set(w->ei, E_INVALID, "the words of language %s lack %s", w->lang, key);
	else
		w->err = phrase_plain(&b, p, v, w->ei);
	return w->err ? SLICE("") : buf_slice(&b);
}

static struct slice pair(struct notice_walk *w, const char *key, struct slice first, struct slice second)
{
	struct view *v = view_new(w->a);

	view_text(v, "a", first);
	view_text(v, "b", second);
	return notice_say(w, v, key);
}

struct slice notice_join(struct notice_walk *w, const struct slice *items, size_t n, const char *last)
{
	struct slice out = n ? items[0] : SLICE("");

	for (size_t i = 1; i < n; i++)
		out = pair(w, i + 1 == n ? last : "word.comma", out, items[i]);
	return out;
}

struct slice notice_duration(struct notice_walk *w, struct conf_duration d, bool dative)
{
	struct buf b;

	buf_init_arena(&b, w->a, 64);
	conf_duration_words(&b, d, w->lang, dative);
	return buf_slice(&b);
}

struct slice notice_date(struct notice_walk *w, const struct conf_date *d)
{
	if (!d->year)
		return SLICE("");
	return when_date(w->a, clock_parse_iso(d->text, strlen(d->text)), "UTC", w->lang);
}

static struct slice country_said(struct notice_walk *w, const char *code, const char *ending)
{
	struct buf key;

	buf_init_arena(&key, w->a, 64);
	buf_printf(&key, "word.country.%c%c%s", code[0] | 0x20, code[1] | 0x20, ending);
	if (!phrases_get(site_words(w->site, w->lang), buf_slice(&key)))
		return SLICE("");
	return notice_say(w, w->doc->root, key.data);
}

/* The table knows German and English; any other language brings words of its own. */
struct slice notice_country(struct notice_walk *w, const char *code, bool in)
{
	bool built_in = strncmp(w->lang, "de", 2) == 0 || strncmp(w->lang, "en", 2) == 0;
	struct slice said = SLICE("");

	if (!built_in && strlen(code) == 2) {
		said = in ? country_said(w, code, ".dative") : said;
		said = said.len ? said : country_said(w, code, "");
	}
	if (said.len)
		return said;
	return slice_from(in ? country_name_in(code, w->lang) : country_name(code, w->lang));
}

struct slice notice_country_list(struct notice_walk *w, const struct notice_codes *c, bool in,
    const char *last)
{
	struct slice *items = arena_alloc(w->a, (c->n + 1) * sizeof(*items));

	if (!items)
		return SLICE("");
	for (size_t i = 0; i < c->n; i++)
		items[i] = notice_country(w, c->v[i], in);
	return notice_join(w, items, c->n, last);
}

static void line_add(struct buf *b, const char *line)
{
	if (line && *line)
		buf_printf(b, "%s%s", b->len ? "\n" : "", line);
}

struct slice notice_lines(struct arena *a, const char *first, const struct conf_list *rest, const char *last)
{
	struct buf b;

	buf_init_arena(&b, a, WORDS_MAX_BYTES);
	line_add(&b, first);
	for (size_t i = 0; i < rest->n; i++)
		line_add(&b, rest->v[i]);
	line_add(&b, last);
	return buf_slice(&b);
}

struct slice notice_authority_lines(struct arena *a, const struct authority *au)
{
	const struct conf_list address = {.v = &au->address, .n = au->address ? 1 : 0};

	return notice_lines(a, au->name, &address, au->web);
}

struct slice notice_labels(struct notice_walk *w, const struct notice_field *fields, size_t n, bool required)
{
	struct slice items[NOTICE_FIELDS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct buf key;
		if (fields[i].required != required)
			continue;
		buf_init_arena(&key, w->a, 64);
		buf_printf(&key, "form.label.%s", fields[i].name);
		items[count++] = notice_say(w, w->doc->root, key.data);
	}
	return notice_join(w, items, count, "word.comma");
}
