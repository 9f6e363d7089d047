#include "conf/report.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "conf/conf_priv.h"

void conf_report_init(struct conf_report *r)
{
	*r = (struct conf_report){0};
}

void conf_report_free(struct conf_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free((char *)(uintptr_t)r->items[i].file);
		free((char *)(uintptr_t)r->items[i].text);
	}
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

void conf_sink_add(struct conf_sink *s, enum conf_severity sev, const char *id, int line, int col,
    const char *basis, const char *fmt, ...)
{
	struct conf_finding f = {.id = id, .severity = sev, .line = line, .col = col, .basis = basis};
	struct buf text;
	va_list ap;

	if (sev == CONF_ERROR)
		s->errors++;
	if (++s->n > CONF_FINDINGS_MAX || !report_grow(s->rep)) {
		s->rep->dropped++;
		return;
	}
	buf_init(&text, 4096);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	f.file = strdup(s->file);
	f.text = buf_ok(&text) ? buf_detach(&text, NULL) : strdup("(message too long)");
	buf_free(&text);
	if (!f.file || !f.text) {
		free((char *)(uintptr_t)f.file);
		free((char *)(uintptr_t)f.text);
		s->rep->dropped++;
		return;
	}
	sink_keep_first(s, &f);
	s->rep->items[s->rep->n++] = f;
}
