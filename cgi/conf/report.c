#include "conf/report.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "base/bug.h"
#include "conf/conf_priv.h"

void conf_report_init(struct conf_report *r)
{
	*r = (struct conf_report){0};
}

static void finding_free(struct conf_finding *f)
{
	free((char *)(uintptr_t)f->file);
	free((char *)(uintptr_t)f->text);
	free((char *)(uintptr_t)f->waived);
	for (size_t i = 0; i < LAW_ARGS_MAX; i++)
		free((char *)(uintptr_t)f->args[i]);
}

void conf_report_free(struct conf_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		finding_free(&r->items[i]);
	free(r->items);
	conf_report_init(r);
}

size_t conf_report_count(const struct conf_report *r, enum conf_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->items[i].severity == severity;
	return n;
}

void conf_finding_line(struct buf *out, const struct conf_finding *f)
{
	buf_add_str(out, f->file);
	if (f->line > 0)
		buf_printf(out, ":%d:%d", f->line, f->col);
	buf_add_str(out, ": ");
	if (f->id[0])
		buf_printf(out, "%s ", f->id);
	buf_printf(out, "%s: %s", f->severity == CONF_ERROR ? "error" : "warning", f->text);
	if (f->basis[0])
		buf_printf(out, " (%s)", f->basis);
}

void conf_sink_init(struct conf_sink *s, struct conf_report *rep, const char *file)
{
	*s = (struct conf_sink){.rep = rep, .file = file};
}

void conf_sink_free(struct conf_sink *s)
{
	free(s->first);
	s->first = NULL;
}

static bool report_grow(struct conf_report *r)
{
	size_t cap = r->cap ? r->cap * 2 : 16;
	struct conf_finding *p;

	if (r->n < r->cap)
		return true;
	p = realloc(r->items, cap * sizeof(*p));
	if (!p)
		return false;
	r->items = p;
	r->cap = cap;
	return true;
}

static void sink_keep_first(struct conf_sink *s, const struct conf_finding *f)
{
	struct buf line;

	if (s->first || f->severity != CONF_ERROR)
		return;
	buf_init(&line, 8192);
	conf_finding_line(&line, f);
	if (buf_ok(&line))
		s->first = buf_detach(&line, NULL);
	buf_free(&line);
}

/* The report owns copies of all that f points to, except id, basis and words. */
static bool report_keep(struct conf_report *r, const struct conf_finding *f)
{
	struct conf_finding copy = *f;
	bool ok;

	copy.file = strdup(f->file);
	copy.text = strdup(f->text);
	copy.waived = f->waived ? strdup(f->waived) : NULL;
	ok = copy.file && copy.text && (!f->waived || copy.waived);
	for (size_t i = 0; i < LAW_ARGS_MAX; i++) {
		copy.args[i] = f->args[i] ? strdup(f->args[i]) : NULL;
		ok = ok && (!f->args[i] || copy.args[i]);
	}
	ok = ok && report_grow(r);
	if (ok)
		r->items[r->n++] = copy;
	else
		finding_free(&copy);
	return ok;
}

static void sink_keep(struct conf_sink *s, const struct conf_finding *f)
{
	if (f->severity == CONF_ERROR)
		s->errors++;
	if (++s->n > CONF_FINDINGS_MAX || !report_keep(s->rep, f))
		s->rep->dropped++;
	else
		sink_keep_first(s, f);
}

void conf_sink_add(struct conf_sink *s, enum conf_severity sev, const char *id, int line, int col,
    const char *basis, const char *fmt, ...)
{
	struct conf_finding f = {.id = id, .severity = sev, .file = s->file, .line = line, .col = col, .basis = basis};
	struct buf text;
	va_list ap;

	buf_init(&text, 4096);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	f.text = buf_ok(&text) ? text.data : "(message too long)";
	sink_keep(s, &f);
	buf_free(&text);
}

/* ---- duties */

static const char *const SEVERITY[LAW_LANG__MAX][3] = {
	[LAW_EN] = {"warning", "error", "waived"}, [LAW_DE] = {"Warnung", "Fehler", "beiseitegelegt"},
};

void conf_finding_what(struct buf *out, const struct conf_finding *f, enum law_lang lang)
{
	if (f->words)
		law_say(out, lang == LAW_DE ? f->words->de : f->words->en, f->args);
	else
		buf_add_str(out, f->text);
}

void conf_finding_mend(struct buf *out, const struct conf_finding *f, enum law_lang lang)
{
	if (f->words)
		law_say(out, lang == LAW_DE ? f->words->mend_de : f->words->mend_en, f->args);
}

/* The sentence that a fact of the key table ends with has its full stop already. */
static void say_stop(struct buf *out)
{
	if (out->len && !strchr(".!?", out->data[out->len - 1]))
		buf_add_char(out, '.');
}

void conf_finding_say(struct buf *out, const struct conf_finding *f, enum law_lang lang)
{
	const struct law_rule *r = f->words ? law_rule_find(f->id) : NULL;

	if (!f->words) {
		conf_finding_line(out, f);
		return;
	}
	buf_add_str(out, f->file);
	if (f->line > 0)
		buf_printf(out, ":%d:%d", f->line, f->col);
	buf_printf(out, ": %s%s%s: ", f->id, r ? " " : "", SEVERITY[lang][f->waived ? 2 : f->severity == CONF_ERROR]);
	conf_finding_what(out, f, lang);
	say_stop(out);
	buf_add_char(out, ' ');
	conf_finding_mend(out, f, lang);
	say_stop(out);
	if (r)
		buf_printf(out, " %s (%s)", lang == LAW_DE ? r->why_de : r->why_en, lang == LAW_DE ? r->basis_de : r->basis_en);
	if (f->waived)
		buf_printf(out, lang == LAW_DE ? " Grund: %s" : " Reason: %s", f->waived);
}

/* id and basis of the rule; the English text. words and args are set. */
static void law_complete(struct conf_finding *f, struct buf *text)
{
	char id[8];
	const struct law_rule *r;

	/* The rule of a finding is the part of its words' id before "-". */
	slice_copy(slice_make(f->words->id, strcspn(f->words->id, "-")), id, sizeof(id));
	r = law_rule_find(f->id ? f->id : id);
	f->id = r ? r->id : "";
	f->basis = r ? r->basis_en : "";
	law_say(text, f->words->en, f->args);
	buf_add_str(text, ". ");
	law_say(text, f->words->mend_en, f->args);
	f->text = buf_ok(text) ? text->data : "(message too long)";
}

void conf_report_law(struct conf_report *r, const struct conf_finding *f)
{
	struct conf_finding whole = *f;
	struct buf text;

	bug_if(!f->words);
	buf_init(&text, 8192);
	law_complete(&whole, &text);
	if (!report_keep(r, &whole))
		r->dropped++;
	buf_free(&text);
}

void conf_sink_law(struct conf_sink *s, enum conf_severity sev, const char *rule, const char *words, int line, int col,
    ...)
{
	struct conf_finding f = {.id = rule, .severity = s->tryout ? CONF_WARNING : sev, .file = s->file, .line = line,
		.col = col, .words = law_words_find(words)};
	struct buf text;
	va_list ap;

	bug_if(!f.words);
	va_start(ap, col);
	for (size_t i = 0; i < LAW_ARGS_MAX; i++) {
		f.args[i] = va_arg(ap, const char *);
		if (!f.args[i])
			break;
	}
	va_end(ap);
	buf_init(&text, 8192);
	law_complete(&f, &text);
	f.waived = conf_law_waived(s->waivers, f.id, sev);
	if (f.waived)
		f.severity = CONF_WARNING;
	sink_keep(s, &f);
	buf_free(&text);
}

const char *conf_law_waived(const struct conf_text *waivers, const char *id, enum conf_severity sev)
{
	const struct law_rule *r = law_rule_find(id);

	if (!waivers || !r || (sev == CONF_ERROR && !r->waive))
		return NULL;
	return conf_text_exact(waivers, id);
}
