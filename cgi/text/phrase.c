#include "text/phrase.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "text/phrase_priv.h"
#include "text/utf8.h"
#include "text/view.h"

#define PHRASE_FILE_MAX_BYTES (1024u * 1024u)
#define PHRASE_CATALOGUE_MAX_BYTES (32u * 1024u * 1024u)
#define PHRASE_KEY_MAX_BYTES 80
#define PHRASE_FALLBACKS_MAX 4
#define PHRASE_ARENA_BLOCK_BYTES (16u * 1024u)

struct phrases {
	pthread_mutex_t lock; /* guards the arena, after loading */
	struct arena arena;
	const char *lang;
	const struct phrases *base;
	const struct phrase **list; /* file order */
	size_t count, cap;
	uint32_t *index; /* open addressing: place in list + 1, 0 free */
	size_t index_size; /* power of two, >= 2 * count */
};

/* One file on its way in. */
struct phrase_load {
	struct phrases *p;
	const char *name; /* of the file, arena copy; its address tells files apart */
	struct slice text;
	bool override;
	bool shipped; /* bodies wait for their first use */
	struct errinfo *ei;
	/* the phrase being read */
	struct phrase_run *runs;
	struct phrase_block *blocks;
	size_t nruns, runs_cap, nblocks, blocks_cap;
	char *words; /* unescaped text; never longer than the source */
	size_t nwords;
	size_t run_from; /* start of the text run now open */
	bool in_block, strong;
	size_t strong_at;
};

struct phrases *phrases_new(const char *lang)
{
	struct phrases *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	arena_init_blocks(&p->arena, PHRASE_CATALOGUE_MAX_BYTES, PHRASE_ARENA_BLOCK_BYTES);
	p->lang = arena_str(&p->arena, slice_from(lang));
	if (!p->lang) {
		phrases_free(p);
		return NULL;
	}
	return p;
}

void phrases_free(struct phrases *p)
{
	if (!p)
		return;
	arena_free(&p->arena);
	free(p->list);
	free(p->index);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

const char *phrases_lang(const struct phrases *p)
{
	return p->lang;
}

void phrases_fallback(struct phrases *p, const struct phrases *base)
{
	p->base = base == p ? NULL : base;
}

/* Place in the index where key is or would be. index_size > 0. */
static size_t phrases_slot(const struct phrases *p, struct slice key, uint32_t hash)
{
	size_t mask = p->index_size - 1;
	size_t at = hash & mask;
	for (; p->index[at]; at = (at + 1) & mask) {
		const struct phrase *ph = p->list[p->index[at] - 1];
		if (ph->hash == hash && slice_eq(ph->key, key))
			break;
	}
	return at;
}

const struct phrase *phrases_get(const struct phrases *p, struct slice key)
{
	uint32_t hash = view_hash(key);
	for (int hops = 0; p && hops < PHRASE_FALLBACKS_MAX; hops++, p = p->base) {
		if (!p->index_size)
			continue;
		size_t at = phrases_slot(p, key, hash);
		if (p->index[at])
			return p->list[p->index[at] - 1];
	}
	return NULL;
}

void phrases_each(const struct phrases *p, void (*fn)(struct slice key, const struct phrase *ph, void *arg),
    void *arg)
{
	for (size_t i = 0; i < p->count; i++)
		fn(p->list[i]->key, p->list[i], arg);
}

size_t phrase_placeholders(const struct phrase *p, struct slice *names, size_t max)
{
	const struct phrase_body *body = phrase_body_of(p);
	size_t n = 0;
	for (size_t i = 0; body && i < body->nruns; i++) {
		if (body->runs[i].kind != PHRASE_VALUE)
			continue;
		if (n < max)
			names[n] = body->runs[i].text;
		n++;
	}
	return n;
}

struct slice phrase_source(const struct phrase *p)
{
	return p->source;
}

struct slice phrase_key(const struct phrase *p)
{
	return p->key;
}

/* Line and column (in characters) of an offset, from 1. */
static void phrase_place(struct slice text, size_t at, unsigned *line, unsigned *col)
{
	*line = 1;
	*col = 1;
	for (size_t i = 0; i < at && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			++*line;
			*col = 1;
		} else if (((unsigned char)text.ptr[i] & 0xC0) != 0x80) {
			++*col;
		}
	}
}

unsigned phrase_lineno(const struct phrase *p)
{
	unsigned line, col;
	size_t at = (size_t)(p->key.ptr - p->text);
	phrase_place(slice_make(p->text, at), at, &line, &col);
	return line;
}

static enum err phrase_fail(const struct phrase_load *l, size_t at, const char *what)
{
	unsigned line, col;
	phrase_place(l->text, at, &line, &col);
	return err_set(l->ei, E_INVALID, "%s:%u:%u: %s", l->name, line, col, what);
}

static enum err phrase_no_memory(const struct phrase_load *l)
{
	return err_set(l->ei, E_NOMEM, "%s: no memory for the texts", l->name);
}

static bool phrase_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static size_t phrase_key_len(struct slice s, size_t from)
{
	size_t at = from;
	while (at < s.len && phrase_key_char(s.ptr[at]))
		at++;
	return at - from;
}

/* Doubles a temporary array; NULL without memory (the old one stays). */
static void *phrase_more(void *old, size_t *cap, size_t item_bytes)
{
	size_t n = *cap ? *cap * 2 : 32;
	void *more = realloc(old, n * item_bytes);
	if (more)
		*cap = n;
	return more;
}

static bool phrase_run_add(struct phrase_load *l, enum phrase_run_kind kind, struct slice text)
{
	if (l->nruns == l->runs_cap) {
		void *more = phrase_more(l->runs, &l->runs_cap, sizeof *l->runs);
		if (!more)
			return false;
		l->runs = more;
	}
	uint32_t hash = kind == PHRASE_VALUE ? view_hash(text) : 0;
	l->runs[l->nruns++] = (struct phrase_run){.kind = kind, .hash = hash, .text = text};
	struct phrase_block *b = &l->blocks[l->nblocks - 1];
	b->count++;
	b->values += kind == PHRASE_VALUE;
	return true;
}

/* Closes the open text run. */
static bool phrase_words_flush(struct phrase_load *l)
{
	size_t from = l->run_from;
	l->run_from = l->nwords;
	return from == l->nwords || phrase_run_add(l, PHRASE_TEXT, slice_make(l->words + from, l->nwords - from));
}

static bool phrase_block_open(struct phrase_load *l, enum phrase_block_kind kind)
{
	if (l->nblocks == l->blocks_cap) {
		void *more = phrase_more(l->blocks, &l->blocks_cap, sizeof *l->blocks);
		if (!more)
			return false;
		l->blocks = more;
	}
	l->blocks[l->nblocks++] = (struct phrase_block){.kind = kind, .first = (uint32_t)l->nruns};
	l->in_block = true;
	return true;
}

static enum err phrase_block_close(struct phrase_load *l)
{
	if (!l->in_block)
		return OK;
	l->in_block = false;
	if (l->strong)
		return phrase_fail(l, l->strong_at, "strong text opened with ** does not end in its paragraph. "
		    "Close it with **");
	return phrase_words_flush(l) ? OK : phrase_no_memory(l);
}

/* "{name}" at *at; moves behind it. */
static enum err phrase_placeholder(struct phrase_load *l, size_t *at)
{
	size_t n = phrase_key_len(l->text, *at + 1);
	size_t end = *at + 1 + n;
	if (n == 0 || n > PHRASE_KEY_MAX_BYTES || end >= l->text.len || l->text.ptr[end] != '}')
		return phrase_fail(l, *at, "not a placeholder. Write {name} with a-z 0-9 _ . only, or {{ for a "
		    "brace");
	if (!phrase_words_flush(l) || !phrase_run_add(l, PHRASE_VALUE, slice_sub(l->text, *at + 1, n)))
		return phrase_no_memory(l);
	*at = end + 1;
	return OK;
}

static enum err phrase_strong(struct phrase_load *l, size_t *at)
{
	l->strong = !l->strong;
	l->strong_at = *at;
	*at += 2;
	enum phrase_run_kind kind = l->strong ? PHRASE_STRONG : PHRASE_STRONG_END;
	if (!phrase_words_flush(l) || !phrase_run_add(l, kind, slice_make(NULL, 0)))
		return phrase_no_memory(l);
	return OK;
}

/* One or more bytes of plain words; U+00A0 and U+00AD become control bytes. */
static void phrase_word(struct phrase_load *l, size_t *at)
{
	const char *s = l->text.ptr + *at;
	size_t left = l->text.len - *at;
	char c = s[0];
	size_t used = 1;
	if (left > 1 && c == '\xC2' && (s[1] == '\xA0' || s[1] == '\xAD')) {
		c = s[1] == '\xA0' ? PHRASE_NBSP : PHRASE_SHY;
		used = 2;
	} else if (left > 1 && (c == '{' || c == '}') && s[1] == c) {
		used = 2;
	}
	l->words[l->nwords++] = c;
	*at += used;
}

/* The markup and words of text[at, end), a line or the rest of one. */
static enum err phrase_line_parse(struct phrase_load *l, size_t at, size_t end)
{
	while (at < end) {
		char c = l->text.ptr[at];
		char next = at + 1 < end ? l->text.ptr[at + 1] : '\0';
		enum err e = OK;
		if (c == '{' && next != '{')
			e = phrase_placeholder(l, &at);
		else if (c == '}' && next != '}')
			e = phrase_fail(l, at, "} without {. Write }} for a brace");
		else if (c == '*' && next == '*')
			e = phrase_strong(l, &at);
		else
			phrase_word(l, &at);
		if (e)
			return e;
	}
	return OK;
}

/* A line of a phrase, without spaces at both ends: text[at, end), not empty. */
static enum err phrase_line(struct phrase_load *l, size_t at, size_t end)
{
	struct slice line = slice_sub(l->text, at, end - at);
	bool heading = slice_starts(line, SLICE("## "));
	bool item = slice_starts(line, SLICE("* "));
	if (!heading && (slice_starts(line, SLICE("# ")) || slice_starts(line, SLICE("###"))))
		return phrase_fail(l, at, "a heading is written \"## \"; comments stand before the first [key] of "
		    "the file");
	if (slice_eq_str(line, "*") || slice_eq_str(line, "##"))
		return phrase_fail(l, at, "list item or heading without text");
	if (heading || item || !l->in_block) {
		enum err e = phrase_block_close(l);
		if (e)
			return e;
		if (!phrase_block_open(l, heading ? PHRASE_HEADING : item ? PHRASE_ITEM : PHRASE_PARAGRAPH))
			return phrase_no_memory(l);
		at += heading ? 3 : item ? 2 : 0;
		while (at < end && l->text.ptr[at] == ' ')
			at++;
	} else {
		l->words[l->nwords++] = ' ';
	}
	enum err e = phrase_line_parse(l, at, end);
	return e || !heading ? e : phrase_block_close(l);
}

/* Fills l->runs and l->blocks from text[from, end). */
static enum err phrase_body(struct phrase_load *l, size_t from, size_t end)
{
	l->nruns = l->nblocks = l->nwords = l->run_from = 0;
	l->in_block = l->strong = false;
	l->words = arena_alloc(&l->p->arena, end - from + 1);
	if (!l->words)
		return phrase_no_memory(l);
	for (size_t at = from; at < end;) {
		size_t eol = slice_find(l->text, '\n', at);
		if (eol > end)
			eol = end;
		size_t a = at, b = eol;
		while (a < b && l->text.ptr[a] == ' ')
			a++;
		while (b > a && l->text.ptr[b - 1] == ' ')
			b--;
		enum err e = a == b ? phrase_block_close(l) : phrase_line(l, a, b);
		if (e)
			return e;
		at = eol + 1;
	}
	return phrase_block_close(l);
}

static bool phrases_index_grow(struct phrases *p)
{
	size_t size = p->index_size ? p->index_size * 2 : 128;
	uint32_t *index = calloc(size, sizeof *index);
	if (!index)
		return false;
	free(p->index);
	p->index = index;
	p->index_size = size;
	for (size_t i = 0; i < p->count; i++)
		p->index[phrases_slot(p, p->list[i]->key, p->list[i]->hash)] = (uint32_t)i + 1;
	return true;
}

static bool phrases_room(struct phrases *p)
{
	if (p->count == p->cap) {
		void *more = phrase_more((void *)p->list, &p->cap, sizeof *p->list);
		if (!more)
			return false;
		p->list = more;
	}
	return p->index_size > 2 * p->count || phrases_index_grow(p);
}

/* Puts a phrase into the catalogue, or in place of one that it may override. */
static enum err phrases_put(struct phrase_load *l, const struct phrase *ph, size_t key_at)
{
	struct phrases *p = l->p;
	if (!phrases_room(p))
		return phrase_no_memory(l);
	size_t at = phrases_slot(p, ph->key, ph->hash);
	if (!p->index[at]) {
		p->list[p->count++] = ph;
		p->index[at] = (uint32_t)p->count;
		return OK;
	}
	const struct phrase *old = p->list[p->index[at] - 1];
	if (old->file == l->name || !l->override) {
		char what[ERR_TEXT_BYTES / 2];
		snprintf(what, sizeof what, "the key [%.*s] stands already in %s:%u. Keep one of them",
		    SLICE_FMT(ph->key), old->file, phrase_lineno(old));
		return phrase_fail(l, key_at, what);
	}
	p->list[p->index[at] - 1] = ph;
	return OK;
}

/* What phrase_body() found, for good. */
static enum err phrase_body_keep(struct phrase_load *l, struct phrase_body *body)
{
	struct arena *a = &l->p->arena;
	body->blocks = arena_alloc(a, l->nblocks * sizeof *body->blocks);
	body->runs = arena_alloc(a, l->nruns * sizeof *body->runs);
	if (!body->blocks || !body->runs)
		return phrase_no_memory(l);
	memcpy(body->blocks, l->blocks, l->nblocks * sizeof *body->blocks);
	memcpy(body->runs, l->runs, l->nruns * sizeof *body->runs);
	body->nblocks = (uint32_t)l->nblocks;
	body->nruns = (uint32_t)l->nruns;
	atomic_store_explicit(&body->ready, true, memory_order_release);
	return OK;
}

/* A phrase of a shipped file, which tests have read: what fails here is memory. */
static void phrase_body_late(const struct phrase *p)
{
	struct phrase_load l = {.p = p->home, .name = p->file, .text = p->source};
	pthread_mutex_lock(&p->home->lock);
	if (!atomic_load_explicit(&p->body->ready, memory_order_relaxed) && phrase_body(&l, 0, p->source.len) == OK)
		phrase_body_keep(&l, p->body);
	pthread_mutex_unlock(&p->home->lock);
	free(l.runs);
	free(l.blocks);
}

const struct phrase_body *phrase_body_of(const struct phrase *p)
{
	if (!atomic_load_explicit(&p->body->ready, memory_order_acquire))
		phrase_body_late(p);
	return atomic_load_explicit(&p->body->ready, memory_order_acquire) ? p->body : NULL;
}

/* The phrase whose "[" stands at key_at and whose text is text[from, end). */
static enum err phrase_add(struct phrase_load *l, struct slice key, size_t key_at, size_t from, size_t end)
{
	struct phrase *ph = arena_alloc(&l->p->arena, sizeof *ph);
	struct phrase_body *body = arena_alloc(&l->p->arena, sizeof *body);
	if (!ph || !body)
		return phrase_no_memory(l);
	*ph = (struct phrase){.key = key, .source = slice_trim(slice_sub(l->text, from, end - from)),
	    .file = l->name, .text = l->text.ptr, .home = l->p, .body = body, .hash = view_hash(key)};
	if (ph->source.len == 0)
		return phrase_fail(l, key_at, "a key without text. Write the text below it, or take the key out");
	enum err e = l->shipped ? OK : phrase_body(l, from, end);
	if (!e && !l->shipped)
		e = phrase_body_keep(l, body);
	return e ? e : phrases_put(l, ph, key_at);
}

/* "[key]" at the start of the line at; E_INVALID for anything else. */
static enum err phrase_key_line(const struct phrase_load *l, size_t at, struct slice *key)
{
	size_t n = phrase_key_len(l->text, at + 1);
	size_t close = at + 1 + n;
	struct slice line = slice_sub(l->text, at, slice_find(l->text, '\n', at) - at);
	if (n == 0 || n > PHRASE_KEY_MAX_BYTES || close >= l->text.len || l->text.ptr[close] != ']' ||
	    slice_trim(line).len != n + 2)
		return phrase_fail(l, at, "not a key line. Write [key] alone on the line, with a-z 0-9 _ . and at "
		    "most 80 characters");
	*key = slice_sub(l->text, at + 1, n);
	return OK;
}

/* Start of the next line at or behind from that begins with "["; the text's length if none. */
static size_t phrase_next_key(struct slice text, size_t from)
{
	while (from < text.len && text.ptr[from] != '[')
		from = slice_find(text, '\n', from) + 1;
	return from < text.len ? from : text.len;
}

static enum err phrase_preamble(const struct phrase_load *l, size_t end)
{
	for (size_t at = 0; at < end; at = slice_find(l->text, '\n', at) + 1) {
		struct slice line = slice_trim(slice_sub(l->text, at, slice_find(l->text, '\n', at) - at));
		if (line.len && line.ptr[0] != '#')
			return phrase_fail(l, at, "text before the first [key]. Start comment lines with #");
	}
	return OK;
}

/* Only well-formed text without controls gets further. */
static enum err phrase_check_bytes(const struct phrase_load *l)
{
	if (slice_starts(l->text, SLICE("\xEF\xBB\xBF")))
		return phrase_fail(l, 0, "the file begins with a byte order mark. Save it as UTF-8 without BOM");
	for (size_t at = 0; at < l->text.len;) {
		size_t here = at;
		uint32_t c = utf8_next(l->text, &at);
		if (c == UINT32_MAX)
			return phrase_fail(l, here, "not UTF-8. Save the file as UTF-8");
		if (c == '\r')
			return phrase_fail(l, here, "Windows line end. Save the file with LF line ends");
		if ((c < 0x20 && c != '\n') || c == 0x7F)
			return phrase_fail(l, here, "control character or tab. Write a space");
	}
	return OK;
}

static enum err phrases_read(struct phrase_load *l)
{
	enum err e = l->shipped ? OK : phrase_check_bytes(l);
	if (e)
		return e;
	size_t at = phrase_next_key(l->text, 0);
	e = phrase_preamble(l, at);
	while (!e && at < l->text.len) {
		struct slice key;
		e = phrase_key_line(l, at, &key);
		if (e)
			return e;
		size_t from = slice_find(l->text, '\n', at) + 1;
		if (from > l->text.len)
			from = l->text.len;
		size_t next = phrase_next_key(l->text, from);
		e = phrase_add(l, key, at, from, next);
		at = next;
	}
	return e;
}

enum err phrases_load(struct phrases *p, const char *name, struct slice text, bool override,
    struct errinfo *ei)
{
	struct phrase_load l = {.p = p, .override = override, .ei = ei};
	if (text.len > PHRASE_FILE_MAX_BYTES)
		return err_set(ei, E_LIMIT, "%s: longer than 1 MiB. Split the file", name);
	l.name = arena_str(&p->arena, slice_from(name));
	l.text = arena_dup(&p->arena, text);
	if (!l.name || !arena_ok(&p->arena))
		return err_set(ei, E_NOMEM, "%s: no memory for the texts", name);
	enum err e = phrases_read(&l);
	free(l.runs);
	free(l.blocks);
	return e;
}

enum err phrases_load_shipped(struct phrases *p, const char *name, struct slice text, struct errinfo *ei)
{
	struct phrase_load l = {.p = p, .name = name, .text = text, .shipped = true, .ei = ei};
	return phrases_read(&l);
}
