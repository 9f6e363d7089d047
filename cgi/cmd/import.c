/* `jawort import FILE`: people from another product, with what proves their consent. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "core/import.h"
#include "core/turn.h"
#include "send/wake.h"
#include "text/jsonw.h"

#define NOTES_SHOWN 50 /* of each kind */
#define NOTES_MAX_BYTES (64u * 1024u * 1024u)
#define WORDING_MAX_BYTES IMPORT_PROOF_MAX_BYTES

struct importing {
	const struct cmd_args *a;
	const struct conf *c;
	struct site *site;
	struct store *store;
	struct buf file, wording;
	int64_t shown[IMPORT_FATE__MAX];
	struct buf notes;
	struct jsonw w;
};

/* In the order of the report. */
static const struct {
	enum import_fate fate;
	const char *will, *did;
} lines[] = {
    {IMPORT_TAKEN, "would be put on the list, with proof", "put on the list, with proof"},
    {IMPORT_ASKED, "would get a confirmation mail", "get a confirmation mail"},
    {IMPORT_BLOCKING, "would be blocked, as there", "blocked, as there"},
    {IMPORT_UNPROVEN, "without proof, refused", "without proof, refused"},
    {IMPORT_REFUSED, "cannot be asked", "cannot be asked"},
    {IMPORT_LATER, "would be asked another day", "not asked today"},
    {IMPORT_HERE, "here already, nothing would change", "here already, nothing changed"},
    {IMPORT_BLOCKED, "blocked here", "blocked here"},
    {IMPORT_ERASED, "erased here", "erased here"},
    {IMPORT_LEFT, "had left there", "had left there"},
    {IMPORT_TWICE, "twice in the file", "twice in the file"},
    {IMPORT_FAULTY, "faulty rows", "faulty rows"},
};
#define NLINES (sizeof(lines) / sizeof(lines[0]))

static void note_json(struct importing *m, const struct import_note *n)
{
	jsonw_object(&m->w);
	jsonw_kint(&m->w, "line", (int64_t)n->line);
	jsonw_kint(&m->w, "column", (int64_t)n->column);
	jsonw_kcstr(&m->w, "fate", import_fate_name(n->fate));
	jsonw_kcstr(&m->w, "text", n->text);
	jsonw_end_object(&m->w);
}

static void note(const struct import_note *n, void *arg)
{
	struct importing *m = arg;

	if (m->a->json) {
		note_json(m, n);
		return;
	}
	if (n->fate == IMPORT_HERE || m->shown[n->fate]++ >= NOTES_SHOWN)
		return;
	fprintf(stderr, "%s:%zu:%zu: %s%s\n", m->a->words[0], n->line, n->column, n->fate == IMPORT_FAULTY ? "error: " : "",
	    n->text);
	if (m->shown[n->fate] == NOTES_SHOWN)
		fprintf(stderr, "... more of these are counted only; --json lists all\n");
}

static int report_json(struct importing *m, const struct import_report *r)
{
	jsonw_end_array(&m->w);
	jsonw_kint(&m->w, "rows", r->rows);
	jsonw_kbool(&m->w, "written", r->written);
	for (size_t i = 0; i < NLINES; i++)
		jsonw_kint(&m->w, import_fate_name(lines[i].fate), r->n[lines[i].fate]);
	jsonw_kcstr(&m->w, "unused", r->unused);
	jsonw_end_object(&m->w);
	buf_add_char(&m->notes, '\n');
	return cmd_print(&m->notes);
}

static int report(struct importing *m, const struct import_report *r)
{
	bool faulty = r->n[IMPORT_FAULTY] && !m->a->skip_faulty;

	if (m->a->json)
		return report_json(m, r);
	for (size_t i = 0; i < NLINES; i++)
		if (r->n[lines[i].fate])
			printf("%8lld  %s\n", (long long)r->n[lines[i].fate], m->a->dry ? lines[i].will : lines[i].did);
	if (r->unused[0])
		printf("Not used: %s\n", r->unused);
	if (faulty)
		puts("Nothing was imported: correct these rows, or leave them out with --skip-faulty.");
	else if (m->a->dry)
		puts("Nothing was done.");
	if (r->n[IMPORT_UNPROVEN])
		puts("Without proof nobody is written to. --ask --form F asks them once by a confirmation mail; a mail to people who "
		    "never asked for one\nis advertising by itself (in Germany section 7 UWG), and many of them harm your "
		    "sender's reputation.");
	if (r->n[IMPORT_TAKEN])
		puts(m->a->dry ? "Whoever is taken over must be told where the data come from, within a month (Art. 14 GDPR)." :
		    "Tell those who were taken over where their data come from, within a month (Art. 14 GDPR).");
	return CMD_DONE;
}

static int agreed(const struct importing *m)
{
	char line[16];

	if (m->a->dry || m->a->yes)
		return CMD_DONE;
	if (!isatty(STDIN_FILENO))
		return cmd_usage("this puts people on the list%s: say --yes, or look first with -n",
		    m->a->ask ? " and sends mails to those without proof" : "");
	fprintf(stderr, "This puts people on the list%s. Do it? [y/N] ",
	    m->a->ask ? " and sends mails to those without proof" : "");
	if (fgets(line, sizeof(line), stdin) && memchr("yYjJ", line[0], 4))
		return CMD_DONE;
	fputs("Nothing was done.\n", stderr);
	return -1;
}

/* The gate's rows become requests and mails, as after `person add`. */
static enum err asked(struct importing *m, const struct conf_site *s, struct errinfo *ei)
{
	struct turn t = {.site = m->site};
	struct errinfo wake = {.code = OK};
	enum err rc = turn_all(m->store, &t, ei);

	if (wake_site(m->c->data, s->id, &wake) != OK)
		log_err(LOG_WARN, "wake", &wake);
	return rc;
}

static enum err files_read(struct importing *m, struct errinfo *ei)
{
	enum err rc;

	buf_init(&m->file, IMPORT_MAX_BYTES);
	buf_init(&m->wording, WORDING_MAX_BYTES);
	rc = file_read(&m->file, m->a->words[0], ei);
	return rc || !m->a->wording ? rc : file_read(&m->wording, m->a->wording, ei);
}

static int import_all(struct importing *m, const struct conf_site *s)
{
	const struct import_opts o = {.form = m->a->ask ? conf_form_by_id(s, slice_from(m->a->form)) : NULL,
	    .map = slice_from(m->a->map), .purposes = slice_from(m->a->purposes), .source = slice_from(m->a->source),
	    .wording = slice_trim(buf_slice(&m->wording)), .lang = m->a->lang, .dry = m->a->dry,
	    .skip = m->a->skip_faulty};
	struct errinfo ei = {.code = OK};
	struct import_report r;
	int code;

	if (m->a->ask && !o.form)
		return cmd_usage("there is no form \"%s\"", m->a->form);
	if (import_run(m->site, m->store, buf_slice(&m->file), &o, note, m, &r, &ei) != OK) {
		cmd_fail("import", &ei);
		fprintf(stderr, "%lld are on the list now; the same file again goes on from there.\n",
		    (long long)r.n[IMPORT_TAKEN]);
		return CMD_FAILED;
	}
	if (r.written && (r.n[IMPORT_ASKED] || r.n[IMPORT_TAKEN]) && asked(m, s, &ei) != OK)
		return cmd_fail("import", &ei);
	code = report(m, &r);
	if (code || (r.n[IMPORT_FAULTY] && !m->a->skip_faulty))
		return CMD_FAILED;
	return r.n[IMPORT_UNPROVEN] || r.n[IMPORT_REFUSED] || r.n[IMPORT_LATER] || r.n[IMPORT_FAULTY] ? CMD_FINDINGS : CMD_DONE;
}

static int import_open(struct importing *m, const struct conf_site *s)
{
	struct errinfo ei = {.code = OK};
	enum err rc = files_read(m, &ei);
	int code;

	buf_init(&m->notes, NOTES_MAX_BYTES);
	jsonw_init(&m->w, &m->notes);
	jsonw_object(&m->w);
	jsonw_key(&m->w, "notes");
	jsonw_array(&m->w);
	if (!rc)
		rc = site_new(&m->site, m->c, s, &ei);
	if (!rc)
		rc = cmd_store(m->c, s, false, &m->store, &ei);
	code = rc ? cmd_fail("import", &ei) : agreed(m);
	if (!code)
		code = import_all(m, s);
	store_close(m->store);
	site_free(m->site);
	buf_free(&m->notes);
	buf_free(&m->file);
	buf_free(&m->wording);
	return code < 0 ? CMD_DONE : code;
}

int cmd_import(const struct cmd_args *a)
{
	struct importing m = {.a = a};
	const struct conf_site *s;
	struct conf *c;
	int code;

	if (a->n != 1)
		return cmd_usage("import FILE [--map OURS=COLUMN,...] [--purposes P,P] [--source TEXT] [--wording FILE] [-n]");
	if (a->ask && !a->form)
		return cmd_usage("--ask needs --form: whose confirmation mail they get");
	code = cmd_load(a, &c);
	if (code)
		return code;
	s = cmd_site(a, c);
	m.c = c;
	code = s ? import_open(&m, s) : CMD_USAGE;
	conf_free(c);
	return code;
}
