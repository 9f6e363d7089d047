/* `jawort notice scan DIR`: a built website against what the notice says of it. Fetches nothing. */
#include <stdio.h>
#include <string.h>

#include "cmd/notice_priv.h"
#include "scan/finding.h"
#include "text/jsonw.h"

#define OUT_MAX_BYTES (64u * 1024u * 1024u)

static bool foreign(const struct tree_entry *e)
{
	return *e->host != '\0' && e->way != PAGE_LINK;
}

/* What was seen, whatever the notice says. */
static void seen_text(struct buf *out, const struct tree *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *e = &t->entries[i];
		bool form = e->way == PAGE_FORM || e->way == PAGE_CONTACT;
		if (!foreign(e) && !form && e->way != PAGE_STORE && e->way != PAGE_SCRIPT)
			continue;
		buf_printf(out, "%s%-8s %-36s %s%s%zu x, first in %s:%u:%u\n", any ? "" : "Seen:\n",
		    page_way_name(e->way), *e->host ? e->host : form && *e->url ? e->url : "(own)",
		    e->module ? e->module->name : "", e->module ? ", " : "", e->count, e->places[0].file,
		    e->places[0].line, e->places[0].column);
		any = true;
	}
	buf_add_str(out, any ? "\n" : "");
}

static void finding_line(struct buf *out, const char *dir, const struct finding *f, const char *lang)
{
	if (!finding_needless(f->kind))
		buf_printf(out, "%s/", dir);
	buf_printf(out, "%s:%u:%u: %s %s: %s%s%s%s", f->file, f->line, f->column, finding_word(f->kind),
	    finding_row(f->kind), f->name, f->entry && f->entry->module ? " (" : "",
	    f->entry && f->entry->module ? f->entry->module->name : "", f->entry && f->entry->module ? ")" : "");
	buf_printf(out, " %s", finding_text(f->kind, lang));
	if (f->entry && f->entry->count > 1)
		buf_printf(out, " [%zu x]", f->entry->count);
	buf_add_char(out, '\n');
}

static void place_json(struct jsonw *j, const char *file, unsigned line, unsigned column)
{
	jsonw_object(j);
	jsonw_kcstr(j, "file", file);
	jsonw_kint(j, "line", line);
	jsonw_kint(j, "column", column);
	jsonw_end_object(j);
}

static void entry_json(struct jsonw *j, const struct tree_entry *e)
{
	jsonw_object(j);
	jsonw_kcstr(j, "way", page_way_name(e->way));
	jsonw_kcstr(j, "host", e->host);
	jsonw_kcstr(j, "url", e->url);
	jsonw_kcstr(j, "module", e->module ? e->module->id : NULL);
	jsonw_kcstr(j, "kind", e->module ? e->module->kind : NULL);
	jsonw_kcstr(j, "company", e->module ? e->module->company : NULL);
	jsonw_kcstr(j, "country", e->module ? e->module->country : NULL);
	jsonw_kint(j, "count", (int64_t)e->count);
	jsonw_key(j, "places");
	jsonw_array(j);
	for (size_t i = 0; i < e->nplaces; i++)
		place_json(j, e->places[i].file, e->places[i].line, e->places[i].column);
	jsonw_end_array(j);
	jsonw_end_object(j);
}

static void finding_json(struct jsonw *j, const struct finding *f)
{
	jsonw_object(j);
	jsonw_kcstr(j, "finding", finding_word(f->kind));
	jsonw_kcstr(j, "row", finding_row(f->kind));
	jsonw_kbool(j, "needless", finding_needless(f->kind));
	jsonw_kcstr(j, "name", f->name);
	jsonw_kcstr(j, "de", finding_text(f->kind, "de"));
	jsonw_kcstr(j, "en", finding_text(f->kind, "en"));
	jsonw_key(j, "place");
	place_json(j, f->file, f->line, f->column);
	jsonw_kint(j, "count", f->entry ? (int64_t)f->entry->count : 0);
	jsonw_end_object(j);
}

static void report_json(struct buf *out, const struct conf_site *c, const struct tree *t, const struct findings *f)
{
	struct jsonw j;

	jsonw_init(&j, out);
	jsonw_object(&j);
	jsonw_kcstr(&j, "site", c->id);
	jsonw_kcstr(&j, "data_as_of", module_as_of());
	jsonw_key(&j, "files");
	jsonw_object(&j);
	jsonw_kint(&j, "html", (int64_t)t->html);
	jsonw_kint(&j, "css", (int64_t)t->css);
	jsonw_kint(&j, "js", (int64_t)t->scripts);
	jsonw_kint(&j, "unread", (int64_t)t->nunread);
	jsonw_end_object(&j);
	jsonw_kint(&j, "dropped", (int64_t)t->dropped);
	jsonw_key(&j, "seen");
	jsonw_array(&j);
	for (size_t i = 0; i < t->n; i++)
		entry_json(&j, &t->entries[i]);
	jsonw_end_array(&j);
	jsonw_key(&j, "findings");
	jsonw_array(&j);
	for (size_t i = 0; i < f->n; i++)
		finding_json(&j, &f->v[i]);
	jsonw_end_array(&j);
	jsonw_end_object(&j);
	buf_add_char(out, '\n');
}

static void report(const struct cmd_args *a, const struct conf_site *c, const struct tree *t, const struct findings *f,
    struct buf *out)
{
	struct slice dir = slice_from(a->words[1]);
	char shown[4096];

	while (dir.len > 1 && dir.ptr[dir.len - 1] == '/')
		dir.len--;
	if (!slice_copy(dir, shown, sizeof(shown)))
		shown[0] = '\0';
	if (a->json) {
		report_json(out, c, t, f);
		return;
	}
	seen_text(out, t);
	for (size_t i = 0; i < f->n; i++)
		finding_line(out, shown, &f->v[i], a->lang);
	buf_printf(out, "%zu pages, %zu style sheets, %zu scripts: %zu findings\n", t->html, t->css, t->scripts, f->n);
	if (t->dropped)
		buf_printf(out, "More than %u different things were seen; %zu were left out\n", TREE_ENTRIES_MAX, t->dropped);
}

static int scan(const struct cmd_args *a, const struct conf_site *c)
{
	struct errinfo ei = {.code = OK};
	struct findings f;
	struct arena ar;
	struct tree *t;
	struct buf out;
	int code;

	if (tree_read(&t, a->words[1], &ei))
		return cmd_fail("notice scan", &ei);
	arena_init(&ar, NOTICE_ARENA_BYTES);
	buf_init(&out, OUT_MAX_BYTES);
	if (findings_make(&f, &ar, t, c)) {
		report(a, c, t, &f, &out);
		code = cmd_print(&out);
		code = code ? code : f.n ? CMD_FINDINGS : CMD_DONE;
	} else {
		err_set(&ei, E_NOMEM, "too many findings");
		code = cmd_fail("notice scan", &ei);
	}
	buf_free(&out);
	arena_free(&ar);
	tree_free(t);
	return code;
}

int notice_scan(const struct cmd_args *a)
{
	const struct conf_site *s;
	struct conf *c;
	int rc = cmd_load(a, &c);

	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? scan(a, s) : CMD_USAGE;
	conf_free(c);
	return rc;
}
