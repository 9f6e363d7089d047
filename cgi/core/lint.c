#include "core/lint_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bug.h"
#include "base/clock.h"
#include "core/adequacy.h"
#include "core/authority.h"

#define LINT_ARENA_MAX_BYTES (32u * 1024u * 1024u)
#define DAY_MS (INT64_C(86400) * 1000)
#define OLD_DAYS 180

const char *lint_text(struct lint *l, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init_arena(&b, l->a, 8192);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return buf_ok(&b) && b.data ? b.data : "";
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool word_at(const char *word, struct slice text, size_t at)
{
	size_t n = strlen(word);

	if (at + n > text.len)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(text.ptr[at + i]) != lower(word[i]))
			return false;
	return true;
}

const char *lint_word(const char *const *words, struct slice text, size_t *at)
{
	for (size_t i = 0; words[i]; i++)
		for (*at = 0; *at < text.len; ++*at)
			if (word_at(words[i], text, *at))
				return words[i];
	*at = 0;
	return NULL;
}

const char *lint_word_start(const char *const *words, const char *text)
{
	struct slice s = slice_from(text);

	for (size_t i = 0; words[i]; i++)
		for (size_t at = 0; at < s.len; at++) {
			char before = at ? lower(s.ptr[at - 1]) : ' ';
			/* Bytes above 0x7f are letters: umlauts. */
			bool inside = (before >= 'a' && before <= 'z') || (before & 0x80);
			if (!inside && word_at(words[i], s, at))
				return words[i];
		}
	return NULL;
}

/* Same words at the same place: a template that is part of four pages is one finding. */
static bool said_before(const struct lint *l, const struct conf_finding *f)
{
	for (size_t i = l->first; i < l->rep->n; i++) {
		const struct conf_finding *o = &l->rep->items[i];
		if (o->words == f->words && o->line == f->line && o->col == f->col && strcmp(o->file, f->file) == 0 &&
		    (f->line > 1 || strcmp(o->args[0] ? o->args[0] : "", f->args[0] ? f->args[0] : "") == 0))
			return true;
	}
	return false;
}

static void lint_add(struct lint *l, struct conf_finding *f, enum conf_severity sev, const char *words, va_list ap)
{
	char rule[4] = "";

	f->words = law_words_find(words);
	bug_if(!f->words);
	for (size_t i = 0; i < LAW_ARGS_MAX; i++) {
		f->args[i] = va_arg(ap, const char *);
		if (!f->args[i])
			break;
	}
	slice_copy(slice_make(words, 3), rule, sizeof(rule));
	f->severity = l->conf && l->conf->mode == CONF_TRY_OUT ? CONF_WARNING : sev;
	f->waived = l->conf ? conf_law_waived(&l->conf->waivers, rule, sev) : NULL;
	if (f->waived)
		f->severity = CONF_WARNING;
	if (said_before(l, f))
		return;
	if (l->rep->n - l->first >= LINT_FINDINGS_MAX)
		l->rep->dropped++;
	else
		conf_report_law(l->rep, f);
}

static void site_place(const struct conf_site *c, const char *path, int *line, int *col)
{
	char cut[256];

	*line = *col = 1;
	if (!slice_copy(slice_from(path), cut, sizeof(cut)))
		return;
	for (size_t n = strlen(cut); n > 0; n = strrchr(cut, '.') ? (size_t)(strrchr(cut, '.') - cut) : 0) {
		cut[n] = '\0';
		if (conf_item_place(c, cut, line, col))
			return;
		for (size_t i = 0; i < c->nitems; i++)
			if (c->items[i].line && strncmp(c->items[i].path, cut, n) == 0 &&
			    (c->items[i].path[n] == '.' || c->items[i].path[n] == '[') &&
			    (*line == 1 || c->items[i].line < *line)) {
				*line = c->items[i].line;
				*col = c->items[i].col;
			}
		if (*line > 1)
			return;
	}
}

void lint_key(struct lint *l, enum conf_severity sev, const char *words, const char *path, ...)
{
	struct conf_finding f = {.file = l->conf->file};
	va_list ap;

	site_place(l->conf, path, &f.line, &f.col);
	va_start(ap, path);
	lint_add(l, &f, sev, words, ap);
	va_end(ap);
}

void lint_at(struct lint *l, enum conf_severity sev, const char *words, const char *file, int line, int col, ...)
{
	struct conf_finding f = {.file = file, .line = line, .col = col};
	va_list ap;

	va_start(ap, col);
	lint_add(l, &f, sev, words, ap);
	va_end(ap);
}

/* ---- the host ---- */

static int host_line(const struct conf *c, const char *path, int *col)
{
	for (size_t i = 0; i < c->nitems; i++)
		if (c->items[i].line && strcmp(c->items[i].path, path) == 0) {
			*col = c->items[i].col;
			return c->items[i].line;
		}
	*col = 1;
	return 1;
}

/* A path with nothing but the folder's own name behind it. */
static bool below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void host_keys(struct lint *l)
{
	int col, line = host_line(l->host, "keys", &col);
	struct stat st;

	if (below(l->host->keys, l->host->data))
		lint_at(l, CONF_WARNING, "L35-inside", l->host->file, line, col, NULL);
	/* What a service manager hands over has a mode of its own making. */
	if (strcmp(l->host->keys, l->host->credentials_dir) == 0 || stat(l->host->keys, &st) != 0)
		return;
	if (S_ISDIR(st.st_mode) && (st.st_mode & 007))
		lint_at(l, CONF_ERROR, "L36-readable", l->host->file, line, col, l->host->keys,
		    lint_text(l, "%04o", (unsigned)st.st_mode & 07777), NULL);
}

static void host_data(struct lint *l)
{
	const struct {
		const char *name, *as_of;
	} sets[] = {{"data/authorities.txt", authority_as_of()}, {"data/adequacy.txt", adequacy_as_of()},
	    {"data/rulings.txt", law_rulings_as_of()}};
	int64_t now = clock_now_ms();
	struct arena *a = l->a;
	char today[CLOCK_ISO_BYTES];
	const char *day;

	clock_iso(now, today);
	day = arena_str(a, slice_make(today, 10));
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		int64_t age = now - clock_parse_iso(sets[i].as_of, strlen(sets[i].as_of));
		if (age > OLD_DAYS * DAY_MS)
			lint_at(l, CONF_WARNING, "L46-data", l->host->file, 1, 1, sets[i].name, sets[i].as_of, NULL);
		if (age < -DAY_MS)
			lint_at(l, CONF_WARNING, "L48-clock", l->host->file, 1, 1, day ? day : "", NULL);
	}
}

/* ---- walks ---- */

static enum err lint_run(struct lint *l, void (*const *rules)(struct lint *l), size_t n, struct errinfo *ei)
{
	struct arena a;

	arena_init(&a, LINT_ARENA_MAX_BYTES);
	l->a = &a;
	l->first = l->rep->n;
	for (size_t i = 0; i < n; i++)
		rules[i](l);
	if (!arena_ok(&a))
		err_set(ei, E_NOMEM, "check of %s", l->conf ? l->conf->id : l->host->file);
	else
		ei->code = OK;
	arena_free(&a);
	l->a = NULL;
	return ei->code;
}

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

enum err lint_host(const struct conf *c, struct conf_report *rep, struct errinfo *ei)
{
	static void (*const rules[])(struct lint *l) = {host_keys, host_data};
	struct lint l = {.host = c, .rep = rep};

	return lint_run(&l, rules, COUNT(rules), ei);
}

enum err lint_conf(const struct conf_site *c, struct conf_report *rep, struct errinfo *ei)
{
	static void (*const rules[])(struct lint *l) = {lint_seat, lint_purposes, lint_firms};
	struct lint l = {.conf = c, .rep = rep};

	return lint_run(&l, rules, COUNT(rules), ei);
}

enum err lint_pages(const struct site *s, struct conf_report *rep, struct errinfo *ei)
{
	static void (*const rules[])(struct lint *l) = {lint_form, lint_mail, lint_notice, lint_source};
	struct lint l = {.host = site_host(s), .conf = site_conf(s), .site = s, .rep = rep};

	return lint_owner_any(s) ? lint_run(&l, rules, COUNT(rules), ei) : OK;
}

enum err lint_stored(const struct site *s, struct store *st, struct conf_report *rep, struct errinfo *ei)
{
	static void (*const rules[])(struct lint *l) = {lint_store};
	struct lint l = {.host = site_host(s), .conf = site_conf(s), .site = s, .store = st, .rep = rep};

	return lint_run(&l, rules, COUNT(rules), ei);
}

enum err lint_gate(const struct site *s, struct errinfo *ei)
{
	struct conf_report rep;
	struct buf line;
	enum err rc;

	if (!conf_site_real(site_conf(s)))
		return OK;
	conf_report_init(&rep);
	rc = lint_conf(site_conf(s), &rep, ei);
	if (!rc)
		rc = lint_pages(s, &rep, ei);
	for (size_t i = 0; !rc && i < rep.n; i++) {
		if (rep.items[i].severity != CONF_ERROR)
			continue;
		buf_init(&line, 8192);
		conf_finding_line(&line, &rep.items[i]);
		rc = err_set(ei, E_INVALID, "%s", buf_ok(&line) && line.data ? line.data : rep.items[i].id);
		buf_free(&line);
	}
	conf_report_free(&rep);
	return rc;
}
