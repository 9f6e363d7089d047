#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "core/site.h"
#include "core/texts.h"

#define ANSWER_BYTES 512

/* What the first site needs, in the order in which it is asked. */
static const struct question {
	const char *name, *ask, *example;
} questions[] = {
    {"site", "Short name of the site (letters and digits)", "example"},
    {"base_url", "Address under which Jawort is reached", "https://www.example.org/j"},
    {"name", "Who is responsible (full legal name)", ""},
    {"represented_by", "Represented by (function or name)", ""},
    {"street", "Street and number", ""},
    {"city", "Postal code and town", ""},
    {"country", "Country (two letters)", "DE"},
    {"state", "Land, if in Germany (two letters, for the authority)", "BE"},
    {"email", "Address for privacy questions", ""},
    {"imprint", "Address of your imprint page", ""},
    {"title", "Title of the newsletter", "Newsletter"},
    {"content", "What it is about", ""},
    {"frequency", "How often", "etwa einmal im Monat"},
    {"from", "Sender address of the mails", ""},
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

struct answers {
	char text[QUESTIONS][ANSWER_BYTES];
};

static const char *answer(const struct answers *a, const char *name)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		if (strcmp(questions[i].name, name) == 0)
			return a->text[i];
	return "";
}

static bool ask(const struct question *q, char out[static ANSWER_BYTES])
{
	char line[ANSWER_BYTES];

	do {
		printf(*q->example ? "%s [%s]: " : "%s: ", q->ask, q->example);
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return false;
		slice_copy(slice_trim(slice_from(line)), out, ANSWER_BYTES);
		if (!*out)
			slice_copy(slice_from(q->example), out, ANSWER_BYTES);
	} while (!*out);
	return true;
}

/* A YAML double-quoted scalar. */
static void quoted(struct buf *b, const char *s)
{
	buf_add_char(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *s);
	}
	buf_add_char(b, '"');
}

static void key(struct buf *b, const char *name, const struct answers *a, const char *from)
{
	buf_printf(b, "%s: ", name);
	quoted(b, answer(a, from));
	buf_add_char(b, '\n');
}

static void key_both(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "    %s: { de: ", name);
	quoted(b, value);
	buf_add_str(b, ", en: ");
	quoted(b, value);
	buf_add_str(b, " }\n");
}

static void site_text(struct buf *b, const struct answers *a, const char *mails)
{
	buf_add_str(b, "# Every key: jawort config explain KEY. Mode try-out sends nothing: mails become files.\n");
	key(b, "site", a, "site");
	key(b, "base_url", a, "base_url");
	buf_add_str(b, "languages: [de, en]\nmode: try-out\ncontroller:\n");
	key(b, "  name", a, "name");
	key(b, "  represented_by", a, "represented_by");
	buf_add_str(b, "  address: [");
	quoted(b, answer(a, "street"));
	buf_add_str(b, ", ");
	quoted(b, answer(a, "city"));
	buf_add_str(b, "]\n");
	key(b, "  country", a, "country");
	if (strcmp(answer(a, "country"), "DE") == 0)
		key(b, "  state", a, "state");
	key(b, "  email", a, "email");
	key(b, "  imprint", a, "imprint");
	buf_add_str(b, "dpo: none\npurposes:\n  news:\n    channel: email\n");
	key_both(b, "title", answer(a, "title"));
	key_both(b, "content", answer(a, "content"));
	key_both(b, "frequency", answer(a, "frequency"));
	buf_add_str(b, "forms:\n  news: { purposes: [news] }\nmail:\n  from: { name: ");
	quoted(b, answer(a, "name"));
	buf_add_str(b, ", email: ");
	quoted(b, answer(a, "from"));
	buf_add_str(b, " }\n  route: [dir]\n  dir: { path: ");
	buf_add_str(b, mails);
	buf_add_str(b, " }\nhosting: self\n");
}

/* At its usual place the default is right for services, which get the keys from systemd, and for root. */
static bool usual_place(const char *conf)
{
	return strcmp(conf, CMD_CONF_DEFAULT) == 0;
}

static enum err host_write(const char *conf, struct errinfo *ei)
{
	struct buf text;
	enum err rc;

	buf_init(&text, 4096);
	buf_add_str(&text, "# Host file of Jawort. Every key: jawort config explain KEY.\ndata: /var/lib/jawort\n");
	buf_add_str(&text, usual_place(conf) ? "# keys: /etc/jawort/keys, or what systemd hands over\n" : "keys: keys\n");
	buf_add_str(&text, "sites: sites/*.yaml\nlisten: unix:/run/jawort/jawort.sock\n");
	rc = file_create(conf, buf_slice(&text), 0644, ei);
	buf_free(&text);
	return rc;
}

static enum err write_files(const char *conf, const struct answers *a, struct errinfo *ei)
{
	struct buf dir, name, text;
	char *sites = file_resolve(conf, "sites"), *keys = file_resolve(conf, "keys");
	enum err rc = sites && keys ? file_mkdir(sites, 0755, ei) : err_set(ei, E_NOMEM, "init");

	if (!rc)
		rc = file_mkdir(keys, 0700, ei);
	if (!rc)
		rc = host_write(conf, ei);
	buf_init(&dir, 4096);
	buf_init(&name, 4096);
	buf_init(&text, 65536);
	if (!rc) {
		buf_printf(&name, "%s/%s.yaml", sites, answer(a, "site"));
		/* The worker may write to the data folder only. */
		site_text(&text, a, usual_place(conf) ? "/var/lib/jawort/mails" : "mails");
		rc = file_create(name.data, buf_slice(&text), 0644, ei);
	}
	if (!rc)
		printf("\nWritten: %s\n         %s\n", conf, name.data);
	buf_free(&dir);
	buf_free(&name);
	buf_free(&text);
	free(sites);
	free(keys);
	return rc;
}

static int ask_all(const struct cmd_args *args)
{
	struct errinfo ei = {.code = OK};
	struct answers *a;
	int rc = CMD_DONE;

	if (args->yes || !isatty(STDIN_FILENO)) {
		fprintf(stderr, "jawort: %s does not exist. Without a terminal nothing can be asked: write it first "
		    "(docs/config.md has an example), then run init again.\n", args->conf);
		return CMD_FAILED;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return CMD_FAILED;
	for (size_t i = 0; rc == CMD_DONE && i < QUESTIONS; i++)
		if (!ask(&questions[i], a->text[i]))
			rc = CMD_FAILED;
	if (rc == CMD_DONE && write_files(args->conf, a, &ei) != OK)
		rc = cmd_fail("init", &ei);
	free(a);
	return rc;
}

static int init_site(const struct conf *c, const struct conf_site *cs)
{
	struct errinfo ei = {.code = OK};
	struct texts_report rep;
	struct store *st = NULL;
	struct site *s = NULL;
	enum err rc = site_new(&s, c, cs, &ei);

	if (!rc)
		rc = cmd_store(c, cs, true, &st, &ei);
	if (!rc)
		rc = texts_apply(s, st, false, &rep, &ei);
	if (!rc)
		printf("%s: ready, data in %s, form at %s/s/%s\n", cs->id, store_dir(st), cs->base_url,
		    cs->nforms ? cs->forms[0].id : "");
	store_close(st);
	site_free(s);
	return rc ? cmd_fail(cs->id, &ei) : CMD_DONE;
}

int cmd_init(const struct cmd_args *a)
{
	struct conf *c;
	int rc = CMD_DONE;

	if (a->n)
		return cmd_usage("init takes no \"%s\"", a->words[0]);
	if (!file_exists(a->conf))
		rc = ask_all(a);
	if (!rc)
		rc = cmd_load(a, &c);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < c->nsites; i++)
		if (!a->site || strcmp(a->site, c->sites[i]->id) == 0)
			rc = init_site(c, c->sites[i]);
	if (!rc && c->nbroken)
		rc = CMD_BAD_CONFIG;
	if (!rc)
		puts("\nNext: `jawort nginx` prints the block for the web server, `jawort serve` and `jawort worker` "
		     "run it.\nThe keys are needed for ever and are not in any backup of the data: copy them to a "
		     "safe place.");
	conf_free(c);
	return rc;
}
