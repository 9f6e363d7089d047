#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "conf/key.h"
#include "conf/show.h"
#include "core/consent.h"
#include "core/lint.h"
#include "core/site.h"
#include "core/texts.h"
#include "text/jsonw.h"
#include "web/ready.h"

#define OUT_MAX_BYTES (4u * 1024u * 1024u)
#define FINDINGS_MAX_BYTES (256u * 1024u * 1024u) /* of 4,096 sites with all that they may have */

/* --lang, else the language of the terminal. */
static enum law_lang findings_lang(const struct cmd_args *a)
{
	static const char *const vars[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	if (a->lang)
		return law_lang_of(a->lang);
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]); i++) {
		const char *v = getenv(vars[i]);
		if (v && *v)
			return law_lang_of(v);
	}
	return LAW_EN;
}

static void json_words(struct jsonw *w, const char *key, const struct conf_finding *f, enum law_lang lang,
    void (*say)(struct buf *out, const struct conf_finding *f, enum law_lang lang))
{
	struct buf b;

	buf_init(&b, OUT_MAX_BYTES);
	say(&b, f, lang);
	jsonw_kcstr(w, key, b.len ? b.data : "");
	buf_free(&b);
}

static void finding_json(struct jsonw *w, const struct conf_finding *f, enum law_lang lang)
{
	const struct law_rule *r = f->words ? law_rule_find(f->id) : NULL;

	jsonw_object(w);
	jsonw_kcstr(w, "id", f->id);
	jsonw_kcstr(w, "severity", f->severity == CONF_ERROR ? "error" : "warning");
	jsonw_kcstr(w, "file", f->file);
	jsonw_kint(w, "line", f->line);
	jsonw_kint(w, "column", f->col);
	jsonw_kcstr(w, "text", f->text);
	jsonw_kcstr(w, "basis", r && lang == LAW_DE ? r->basis_de : f->basis);
	json_words(w, "what", f, lang, conf_finding_what);
	json_words(w, "mend", f, lang, conf_finding_mend);
	jsonw_kcstr(w, "why", !r ? "" : lang == LAW_DE ? r->why_de : r->why_en);
	if (f->waived)
		jsonw_kcstr(w, "waived", f->waived);
	jsonw_end_object(w);
}

static void findings_write(const struct cmd_args *a, const struct conf_report *rep, struct buf *out)
{
	enum law_lang lang = findings_lang(a);
	struct jsonw w;

	if (a->json) {
		jsonw_init(&w, out);
		jsonw_array(&w);
		for (size_t i = 0; i < rep->n; i++)
			finding_json(&w, &rep->items[i], lang);
		jsonw_end_array(&w);
		buf_add_char(out, '\n');
		return;
	}
	for (size_t i = 0; i < rep->n; i++) {
		conf_finding_say(out, &rep->items[i], lang);
		buf_add_char(out, '\n');
	}
	if (rep->dropped)
		buf_printf(out, lang == LAW_DE ? "und %zu weitere\n" : "and %zu more\n", rep->dropped);
}

/* What cannot be read is bad configuration; a missing duty is a finding, unless the owner put it aside. */
static int findings_exit(const struct conf_report *rep)
{
	int rc = CMD_DONE;

	for (size_t i = 0; i < rep->n; i++) {
		if (rep->items[i].severity == CONF_ERROR && !*rep->items[i].id)
			return CMD_BAD_CONFIG;
		if (!rep->items[i].waived)
			rc = CMD_FINDINGS;
	}
	return rc;
}

static int finding_cmp(const void *a, const void *b)
{
	const struct conf_finding *x = a, *y = b;
	int rc = strcmp(x->file, y->file);

	if (!rc)
		rc = x->line != y->line ? (x->line > y->line) - (x->line < y->line) : (x->col > y->col) - (x->col < y->col);
	return rc ? rc : strcmp(x->id, y->id);
}

/*
 * Sites without templates of their own that have the same languages and form of address differ in nothing that is
 * compiled: one of each kind is enough. The wording of a consent could still grow too large; far below that limit
 * it cannot.
 */
#define KINDS_MAX 64
#define KIND_BYTES 160
#define PLAIN_MAX_BYTES (24u * 1024u)
struct kinds {
	char key[KINDS_MAX][KIND_BYTES];
	size_t n;
};

static bool site_plain(const struct conf *c, const struct conf_site *cs)
{
	size_t bytes = cs->npurposes * strlen(cs->controller.name);

	for (size_t i = 0; i < cs->nitems; i++)
		bytes += strlen(cs->items[i].value);
	return !*c->templates && !*cs->templates && bytes < PLAIN_MAX_BYTES && cs->npurposes <= CONSENT_ITEMS_MAX;
}

/* False: too long to be remembered. */
static bool site_kind(const struct conf_site *cs, char out[static KIND_BYTES])
{
	struct buf b;
	bool fits;

	buf_init(&b, 4096);
	buf_printf(&b, "%d", (int)cs->address);
	for (size_t i = 0; i < cs->languages.n; i++)
		buf_printf(&b, " %s", cs->languages.v[i]);
	fits = buf_ok(&b) && slice_copy(buf_slice(&b), out, KIND_BYTES);
	buf_free(&b);
	return fits;
}

static bool kind_known(const struct kinds *k, const char *key)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->key[i], key) == 0)
			return true;
	return false;
}

/* Words and templates of each site must compile, and what they make must be in order. */
static enum err check_made(const struct conf *c, const struct conf_site *cs, struct kinds *k, struct conf_report *rep,
    bool *broken, struct errinfo *ei)
{
	char key[KIND_BYTES];
	bool plain = site_plain(c, cs) && site_kind(cs, key);
	struct site *s = NULL;
	enum err rc;

	*broken = false;
	if (plain && kind_known(k, key))
		return OK;
	rc = site_new(&s, c, cs, ei);
	*broken = rc != OK;
	if (!rc)
		rc = lint_pages(s, rep, ei);
	site_free(s);
	if (!rc && plain && k->n < KINDS_MAX)
		memcpy(k->key[k->n++], key, KIND_BYTES);
	return rc;
}

/* What is in force, where the site has data: opened for reading, and nothing is said where it does not open. */
static enum err check_stored(const struct conf *c, const struct conf_site *cs, struct conf_report *rep, struct errinfo *ei)
{
	struct errinfo none = {.code = OK};
	struct store *st = NULL;
	struct site *s = NULL;
	enum err rc = OK;

	if (access(c->data, F_OK) != 0 || cmd_store(c, cs, false, &st, &none) != OK)
		return OK;
	if (site_new(&s, c, cs, &none) == OK)
		rc = lint_stored(s, st, rep, ei);
	site_free(s);
	store_close(st);
	return rc;
}

static int check_site(const struct conf *c, const struct conf_site *cs, struct kinds *k, struct conf_report *rep)
{
	struct errinfo ei = {.code = OK};
	bool broken;
	enum err rc = check_made(c, cs, k, rep, &broken, &ei);

	if (!rc)
		rc = lint_conf(cs, rep, &ei);
	if (!rc)
		rc = check_stored(c, cs, rep, &ei);
	if (rc)
		cmd_fail(cs->file, &ei);
	return broken ? CMD_BAD_CONFIG : rc ? CMD_FAILED : CMD_DONE;
}

static int check_all(const struct conf *c, struct conf_report *rep)
{
	struct errinfo ei = {.code = OK};
	struct kinds kinds = {.n = 0};
	int rc = lint_host(c, rep, &ei) == OK ? CMD_DONE : cmd_fail(c->file, &ei);

	for (size_t i = 0; i < c->nsites; i++) {
		int one = check_site(c, c->sites[i], &kinds, rep);
		rc = one > rc ? one : rc;
	}
	if (rep->n)
		qsort(rep->items, rep->n, sizeof(*rep->items), finding_cmp);
	return rc;
}

static int config_check(const struct cmd_args *a)
{
	const struct conf_opts o = {.path = a->conf, .credentials_dir = getenv("CREDENTIALS_DIRECTORY"),
	    .only_site = a->site};
	struct errinfo ei = {.code = OK};
	struct conf_report rep;
	struct conf *c = NULL;
	struct buf b;
	enum err err;
	int rc, sites;

	conf_report_init(&rep);
	err = conf_load(&o, &c, &rep, &ei);
	sites = c ? check_all(c, &rep) : CMD_DONE;
	buf_init(&b, FINDINGS_MAX_BYTES);
	findings_write(a, &rep, &b);
	rc = findings_exit(&rep);
	rc = rc == CMD_BAD_CONFIG || !sites ? rc : sites;
	if (cmd_print(&b) != CMD_DONE)
		rc = CMD_FAILED;
	if (err && rc != CMD_BAD_CONFIG) {
		cmd_fail(a->conf, &ei);
		rc = CMD_BAD_CONFIG;
	}
	if (rc == CMD_DONE && !a->json)
		fprintf(stderr, findings_lang(a) == LAW_DE ? "%s: nichts zu beanstanden\n" : "%s: nothing found\n", a->conf);
	buf_free(&b);
	conf_report_free(&rep);
	conf_free(c);
	return rc;
}

static int apply_site(const struct cmd_args *a, const struct conf *c, const struct conf_site *cs)
{
	struct errinfo ei = {.code = OK};
	struct texts_report rep;
	struct store *st = NULL;
	struct site *s = NULL;
	enum err rc = site_new(&s, c, cs, &ei);

	if (!rc)
		rc = cmd_store(c, cs, true, &st, &ei);
	if (!rc)
		rc = texts_apply(s, st, a->dry, &rep, &ei);
	/* Until the service has taken it over, the web server must not hand out what is no longer in force. */
	if (!rc && !a->dry && *c->ready && rep.stored + rep.notices)
		rc = ready_drop(c->ready, cs->id, &ei);
	if (!rc)
		printf("%s: %u texts, %u new; notice: %s\n", cs->id, rep.total, rep.stored,
		    rep.notices ? "new version" : "unchanged");
	store_close(st);
	site_free(s);
	return rc ? cmd_fail(cs->id, &ei) : CMD_DONE;
}

static int config_apply(const struct cmd_args *a)
{
	struct conf *c;
	int rc = cmd_load(a, &c);

	if (rc)
		return rc;
	for (size_t i = 0; i < c->nsites; i++) {
		int one;
		if (a->site && strcmp(a->site, c->sites[i]->id) != 0)
			continue;
		one = apply_site(a, c, c->sites[i]);
		rc = rc ? rc : one;
	}
	if (!rc && c->nbroken)
		rc = CMD_BAD_CONFIG;
	if (!rc && !a->dry)
		fputs("A running service takes it over on SIGHUP.\n", stderr);
	conf_free(c);
	return rc;
}

static int config_show(const struct cmd_args *a)
{
	const struct conf_site *s = NULL;
	struct conf *c;
	struct buf b;
	int rc = cmd_load(a, &c);

	if (rc)
		return rc;
	if (a->site) {
		s = cmd_site(a, c);
		if (!s)
			rc = CMD_USAGE;
	}
	buf_init(&b, OUT_MAX_BYTES);
	if (!rc) {
		conf_show(&b, c, s, a->json);
		for (size_t i = 0; !a->site && !a->json && i < c->nsites; i++) {
			buf_printf(&b, "\n# site %s\n", c->sites[i]->id);
			conf_show(&b, c, c->sites[i], false);
		}
		rc = cmd_print(&b);
	}
	buf_free(&b);
	conf_free(c);
	return rc;
}

static int config_explain(const struct cmd_args *a)
{
	struct buf b;
	bool known;
	int rc;

	if (a->n != 2)
		return cmd_usage("config explain KEY, for example: config explain retention.unconfirmed");
	buf_init(&b, OUT_MAX_BYTES);
	known = conf_explain(&b, a->words[1]);
	if (known) {
		rc = cmd_print(&b);
	} else {
		fprintf(stderr, "%s", b.data);
		rc = CMD_USAGE;
	}
	buf_free(&b);
	return rc;
}

int cmd_config(const struct cmd_args *a)
{
	static const struct {
		const char *name;
		int (*run)(const struct cmd_args *a);
	} subs[] = {{"check", config_check}, {"apply", config_apply}, {"show", config_show},
	    {"explain", config_explain}};

	for (size_t i = 0; a->n && i < sizeof(subs) / sizeof(subs[0]); i++)
		if (strcmp(subs[i].name, a->words[0]) == 0)
			return subs[i].run(a);
	return cmd_usage("config check, apply, show or explain?");
}
