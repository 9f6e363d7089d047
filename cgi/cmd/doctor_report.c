#include "cmd/doctor_priv.h"

#include <string.h>

#include "base/clock.h"
#include "core/version.h"
#include "text/jsonw.h"

#define COLUMNS 80
#define INDENT 8
#define TITLE 24

static const struct {
	const char *word, *colour;
} results[DOCTOR_RESULT__MAX] = {
    [DOCTOR_OK] = {"ok", "\033[32m"},
    [DOCTOR_FINDING] = {"FINDING", "\033[1;31m"},
    [DOCTOR_SKIPPED] = {"skipped", "\033[33m"},
};

/* Columns, not bytes: what continues a character of UTF-8 takes none. */
static size_t width(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

/* Words from column at on, lines broken before COLUMNS; a word that is too long stays whole, so it can be copied. */
static void wrap(struct buf *b, const char *text, size_t at, size_t indent)
{
	struct slice rest = slice_from(text), word;
	bool first = true;

	while (slice_split(&rest, ' ', &word)) {
		if (!first && at + 1 + width(word) > COLUMNS) {
			buf_printf(b, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		buf_printf(b, first ? "%.*s" : " %.*s", SLICE_FMT(word));
		at += width(word) + !first;
		first = false;
	}
	buf_add_char(b, '\n');
}

static void labelled(struct buf *b, const char *label, const char *text)
{
	buf_printf(b, "%*s%-6s", INDENT, "", label);
	wrap(b, text, INDENT + 6, INDENT + 6);
}

/* A finding stands by itself: the eye goes there first. */
static void finding_lines(struct buf *b, const struct doctor_note *n, bool colour)
{
	if (b->len > 1 && b->data[b->len - 2] != '\n')
		buf_add_char(b, '\n');
	buf_printf(b, "%sFINDING%s %s\n", colour ? results[DOCTOR_FINDING].colour : "", colour ? "\033[0m" : "",
	    n->check->title);
	labelled(b, "what", n->text);
	labelled(b, "why", n->check->why);
	if (n->mend)
		labelled(b, "mend", n->mend);
	buf_add_char(b, '\n');
}

static void note_lines(struct buf *b, const struct doctor_note *n, bool colour)
{
	if (n->result == DOCTOR_FINDING) {
		finding_lines(b, n, colour);
		return;
	}
	buf_printf(b, "%s%-7s%s %-*s", colour ? results[n->result].colour : "", results[n->result].word,
	    colour ? "\033[0m" : "", TITLE, n->check->title);
	wrap(b, n->text, INDENT + TITLE, INDENT + TITLE);
}

static const struct conf_site *site_of(const struct doctor *d, const char *id)
{
	return id ? conf_site_by_id(d->conf, id) : NULL;
}

void doctor_lines(struct buf *b, const struct doctor *d, bool colour)
{
	char iso[CLOCK_ISO_BYTES];
	const char *site = NULL;

	buf_printf(b, "Jawort %s  %s  %s\n\n", JAWORT_VERSION, d->args->conf, clock_iso(clock_now_ms(), iso));
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_note *n = &d->notes[i];
		if (n->site != site) {
			const struct conf_site *s = site_of(d, n->site);
			buf_printf(b, b->data[b->len - 2] == '\n' ? "site %s  %s%s\n\n" : "\nsite %s  %s%s\n\n", n->site, s ? s->base_url : "",
			    s && s->mode == CONF_TRY_OUT ? "  (try-out)" : "");
			site = n->site;
		}
		note_lines(b, n, colour);
	}
	buf_printf(b, b->data[b->len - 2] == '\n' ? "%zu looked at: %zu ok, %zu %s, %zu skipped.%s\n"
	    : "\n%zu looked at: %zu ok, %zu %s, %zu skipped.%s\n", d->n, d->counts[DOCTOR_OK],
	    d->counts[DOCTOR_FINDING], d->counts[DOCTOR_FINDING] == 1 ? "finding" : "findings",
	    d->counts[DOCTOR_SKIPPED], d->counts[DOCTOR_FINDING] ? "" : " Nothing to mend.");
}

void doctor_json(struct buf *b, const struct doctor *d)
{
	char iso[CLOCK_ISO_BYTES];
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w);
	jsonw_kcstr(&w, "version", JAWORT_VERSION);
	jsonw_kcstr(&w, "config", d->args->conf);
	jsonw_kcstr(&w, "time", clock_iso(clock_now_ms(), iso));
	jsonw_kint(&w, "ok", (int64_t)d->counts[DOCTOR_OK]);
	jsonw_kint(&w, "findings", (int64_t)d->counts[DOCTOR_FINDING]);
	jsonw_kint(&w, "skipped", (int64_t)d->counts[DOCTOR_SKIPPED]);
	jsonw_key(&w, "checks");
	jsonw_array(&w);
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_note *n = &d->notes[i];
		jsonw_object(&w);
		jsonw_kcstr(&w, "id", n->check->id);
		jsonw_kcstr(&w, "site", n->site);
		jsonw_kcstr(&w, "title", n->check->title);
		jsonw_kcstr(&w, "result", n->result == DOCTOR_FINDING ? "finding" : results[n->result].word);
		jsonw_kcstr(&w, "text", n->text);
		jsonw_kcstr(&w, "why", n->result == DOCTOR_FINDING ? n->check->why : NULL);
		jsonw_kcstr(&w, "mend", n->mend);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_char(b, '\n');
}
