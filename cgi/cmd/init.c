#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/enc.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/init_priv.h"
#include "cmd/nginx_priv.h"
#include "core/site.h"
#include "core/snippet.h"
#include "core/texts.h"

#define FILE_MAX_BYTES (256u * 1024u)
#define PATH_BYTES 4096
#define HOOK_SECRET_BYTES 24 /* as docs/providers say: openssl rand -hex 24 */
#define NEW_FILES_MAX 5

/* ---- answers from a file */

static bool answer_row(struct init *in, struct slice key, struct slice value)
{
	for (size_t i = 0; i < INIT__MAX; i++) {
		char *copy;

		if (!slice_eq_str(key, init_questions[i].id))
			continue;
		if (in->given[i])
			return true; /* an option is stronger */
		copy = arena_alloc(&in->a, value.len + 1);
		if (copy && slice_copy(value, copy, value.len + 1))
			in->given[i] = copy;
		return true;
	}
	return false;
}

/* Lines "key: value"; "#" begins a comment line. */
static enum err answers_read(struct init *in, const char *path, struct errinfo *ei)
{
	bool seen[INIT__MAX] = {false};
	struct slice rest, line;
	enum err rc;
	struct buf b;
	int no = 0;

	buf_init_arena(&b, &in->a, 65536);
	rc = file_read(&b, path, ei);
	rest = buf_slice(&b);
	while (!rc && slice_split(&rest, '\n', &line)) {
		size_t colon;

		no++;
		line = slice_trim(line);
		colon = slice_find(line, ':', 0);
		if (!line.len || line.ptr[0] == '#')
			continue;
		for (size_t i = 0; colon < line.len && i < INIT__MAX; i++)
			if (slice_eq_str(slice_sub(line, 0, colon), init_questions[i].id)) {
				if (seen[i])
					return err_set(ei, E_INVALID, "%s:%d: \"%s\" stands there twice", path, no,
					    init_questions[i].id);
				seen[i] = true;
			}
		if (colon == line.len || !answer_row(in, slice_sub(line, 0, colon),
		    slice_trim(slice_sub(line, colon + 1, line.len))))
			rc = err_set(ei, E_INVALID, "%s:%d: not \"key: value\" with one of the keys who, address, land, from, "
			    "what, often, url, provider, hosting, firm, base", path, no);
	}
	return rc;
}

/* ---- what is given, what is proposed */

static int given_take(struct init *in)
{
	int rc = CMD_DONE;

	for (enum init_answer i = 0; i < INIT__MAX; i++) {
		const char *bad;

		if (!in->given[i] || !init_asked(in, i))
			continue;
		bad = init_take(in, i, slice_from(in->given[i]));
		if (!bad)
			continue;
		fprintf(stderr, "jawort: %s: %s\n", init_questions[i].id, bad);
		rc = CMD_USAGE;
	}
	return rc;
}

static bool is_open(const struct init *in)
{
	for (enum init_answer i = 0; i < INIT__MAX; i++)
		if (init_asked(in, i) && !in->typed[i])
			return true;
	return false;
}

static void proposals_take(struct init *in)
{
	for (enum init_answer i = 0; i < INIT__MAX; i++) {
		const char *s = init_asked(in, i) && !in->typed[i] ? init_suggest(in, i) : NULL;

		if (s)
			init_take(in, i, slice_from(s));
	}
}

static int missing_say(struct init *in)
{
	struct buf b, example;
	const char *first = NULL;

	buf_init_arena(&b, &in->a, 512);
	buf_init_arena(&example, &in->a, 64);
	for (enum init_answer i = 0; i < INIT__MAX; i++) {
		if (!init_asked(in, i) || in->typed[i])
			continue;
		if (!first)
			first = init_questions[i].id;
		buf_printf(&b, "%s%s", b.len ? ", " : "", init_questions[i].id);
	}
	buf_printf(&example, "--%s …", first ? first : "who");
	view_text(in->view, "missing", buf_slice(&b));
	view_text(in->view, "example", buf_slice(&example));
	fprintf(stderr, "jawort: %s\n", init_say(in, "init.missing"));
	return CMD_USAGE;
}

static int answers_all(struct init *in, const struct cmd_args *a)
{
	int rc = given_take(in);

	if (rc)
		return rc;
	if (a->yes)
		proposals_take(in);
	if (!is_open(in))
		return CMD_DONE;
	if (a->yes || !isatty(STDIN_FILENO))
		return missing_say(in);
	return init_dialogue(in);
}

/* ---- files: all of them, or none */

struct new_files {
	const char *path[NEW_FILES_MAX];
	size_t n;
};

static char *beside(struct init *in, const char *conf, const char *name)
{
	char *full = file_resolve(conf, name), *copy = full ? arena_alloc(&in->a, strlen(full) + 1) : NULL;

	if (copy)
		slice_copy(slice_from(full), copy, strlen(full) + 1);
	free(full);
	return copy;
}

static enum err create(struct new_files *f, const char *path, const struct buf *text, struct errinfo *ei)
{
	enum err rc = buf_ok(text) ? file_create(path, buf_slice(text), 0644, ei) : err_set(ei, E_NOMEM, "%s", path);

	if (!rc)
		f->path[f->n++] = path;
	return rc;
}

static void take_back(struct new_files *f)
{
	while (f->n)
		unlink(f->path[--f->n]);
}

/* At its usual place the default is right for services, which get the keys from systemd, and for root. */
static bool usual_place(const char *conf)
{
	return strcmp(conf, CMD_CONF_DEFAULT) == 0;
}

static void host_text(const char *conf, struct buf *text)
{
	buf_add_str(text, "# Host file of Jawort. Every key: jawort config explain KEY.\n");
	if (usual_place(conf))
		buf_add_str(text, "data: /var/lib/jawort\n# keys: /etc/jawort/keys, or what systemd hands over\n"
		    "sites: sites/*.yaml\nlisten: unix:/run/jawort/jawort.sock\n");
	else
		buf_add_str(text, "data: data\nkeys: keys\nsites: sites/*.yaml\n# where nginx finds the program\n"
		    "listen: unix:/run/jawort/jawort.sock\n");
}

struct plan {
	const char *site, *http, *server; /* paths */
	struct buf site_text, host_text;
	bool first; /* there is no host file yet */
};

static enum err plan_make(struct init *in, const struct cmd_args *a, struct plan *p, struct errinfo *ei)
{
	char name[80];

	buf_init_arena(&p->site_text, &in->a, FILE_MAX_BYTES);
	buf_init_arena(&p->host_text, &in->a, 4096);
	p->first = !file_exists(a->conf);
	snprintf(name, sizeof(name), "sites/%s.yaml", in->id);
	p->site = beside(in, a->conf, name);
	snprintf(name, sizeof(name), "nginx/%s.conf", in->id);
	p->server = beside(in, a->conf, name);
	p->http = beside(in, a->conf, "nginx/http.conf");
	if (!p->site || !p->server || !p->http)
		return err_set(ei, E_NOMEM, "init");
	host_text(a->conf, &p->host_text);
	/* The worker may write to the data folder only. */
	init_site_text(in, usual_place(a->conf) ? "/var/lib/jawort/mails" : "../mails", &p->site_text);
	return buf_ok(&p->site_text) ? OK : err_set(ei, E_NOMEM, "init");
}

static enum err folders_make(struct init *in, const char *conf, struct errinfo *ei)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"sites", 0755}, {"nginx", 0755}, {"keys", 0700}, {"provider", 0700},
	    {"hooks", 0700}};
	enum err rc = OK;

	for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path = beside(in, conf, folders[i].name);
		rc = path ? file_mkdir(path, folders[i].mode, ei) : err_set(ei, E_NOMEM, "init");
	}
	return rc;
}

/* Only the new site must load; what is wrong elsewhere stays as it was. */
static enum err loads(const struct cmd_args *a, const struct init *in, struct conf **out, struct errinfo *ei)
{
	const struct conf_opts o = {.path = a->conf, .credentials_dir = getenv("CREDENTIALS_DIRECTORY")};
	struct conf_report rep;
	enum err rc;

	conf_report_init(&rep);
	rc = conf_load(&o, out, &rep, ei);
	for (size_t i = 0; !rc && i < (*out)->nbroken; i++)
		if (strcmp((*out)->broken[i].id, in->id) == 0)
			rc = err_set(ei, E_INVALID, "%s", (*out)->broken[i].first);
	if (!rc && !conf_site_by_id(*out, in->id))
		rc = err_set(ei, E_INVALID, "%s does not take files of the folder sites (key sites)", a->conf);
	conf_report_free(&rep);
	return rc;
}

static enum err nginx_write(struct init *in, const struct conf *c, const struct plan *p, struct new_files *f,
    struct errinfo *ei)
{
	const struct nginx_parts http = {.http = true}, server = {.server = true};
	struct buf b;
	enum err rc;

	buf_init(&b, FILE_MAX_BYTES * 4);
	rc = nginx_text(&b, c, in->id, &server, ei);
	if (!rc)
		rc = create(f, p->server, &b, ei);
	buf_reset(&b);
	if (!rc && p->first)
		rc = nginx_text(&b, c, NULL, &http, ei);
	if (!rc && p->first)
		rc = create(f, p->http, &b, ei);
	buf_free(&b);
	return rc;
}

/* The secret of the webhook is ours to choose; one that is there already belongs to a further site, too. */
static enum err hook_write(struct init *in, const char *conf, struct new_files *f, struct errinfo *ei)
{
	unsigned char bytes[HOOK_SECRET_BYTES];
	char name[80], hex[ENC_HEX_BYTES(HOOK_SECRET_BYTES)];
	const char *path;
	enum err rc;

	if (strcmp(in->provider, "mailjet") != 0 && strcmp(in->provider, "brevo") != 0)
		return OK;
	snprintf(name, sizeof(name), "hooks/%s.secret", in->provider);
	path = beside(in, conf, name);
	if (!path)
		return err_set(ei, E_NOMEM, "init");
	if (file_exists(path))
		return OK;
	crypt_random(bytes, sizeof(bytes));
	rc = file_create(path, slice_from(enc_hex(bytes, sizeof(bytes), hex)), 0600, ei);
	crypt_wipe(bytes, sizeof(bytes));
	crypt_wipe(hex, sizeof(hex));
	if (!rc)
		f->path[f->n++] = path;
	return rc;
}

static enum err files_write(struct init *in, const struct cmd_args *a, const struct plan *p, struct conf **c,
    struct errinfo *ei)
{
	struct new_files f = {.n = 0};
	enum err rc = folders_make(in, a->conf, ei);

	if (!rc)
		rc = create(&f, p->site, &p->site_text, ei);
	if (!rc && p->first)
		rc = create(&f, a->conf, &p->host_text, ei);
	if (!rc)
		rc = hook_write(in, a->conf, &f, ei);
	if (!rc)
		rc = loads(a, in, c, ei);
	if (!rc)
		rc = nginx_write(in, *c, p, &f, ei);
	if (rc)
		take_back(&f);
	else
		printf("\n%s\n", init_say(in, "init.written"));
	for (size_t i = 0; i < f.n; i++)
		printf("   %s\n", f.path[i]);
	return rc;
}

static int files_show(struct init *in, const struct cmd_args *a, const struct plan *p)
{
	fprintf(stderr, "%s\n", init_say(in, "init.would"));
	if (p->first)
		printf("# ---- %s\n%.*s\n", a->conf, SLICE_FMT(buf_slice(&p->host_text)));
	printf("# ---- %s\n%.*s", p->site, SLICE_FMT(buf_slice(&p->site_text)));
	return CMD_DONE;
}

/* ---- keys, databases, and what to do next */

static int init_site(const struct conf *c, const struct conf_site *cs, bool tell)
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
	if (!rc && tell)
		printf("%s: ready, data in %s, form at %s/s/%s\n", cs->id, store_dir(st), cs->base_url,
		    cs->nforms ? cs->forms[0].id : "");
	store_close(st);
	site_free(s);
	return rc ? cmd_fail(cs->id, &ei) : CMD_DONE;
}

/* The two lines alone; what `form snippet` says beside them is for later. */
static void paste_say(struct init *in, const struct conf *c, const struct conf_site *cs)
{
	struct errinfo ei = {.code = OK};
	struct site *s = NULL;
	struct slice rest, line;
	struct buf b;

	buf_init_arena(&b, &in->a, FILE_MAX_BYTES);
	if (site_new(&s, c, cs, &ei) == OK &&
	    snippet_render(s, &in->a, "two-line", &cs->forms[0], NULL, &b, &ei) == OK) {
		printf("\n%s\n", init_say(in, "init.paste"));
		rest = buf_slice(&b);
		for (int i = 0; i < 2 && slice_split(&rest, '\n', &line); i++)
			printf("%.*s\n", SLICE_FMT(line));
	}
	site_free(s);
}

static void command_say(const struct cmd_args *a, const char *what)
{
	printf("      jawort %s", what);
	if (!usual_place(a->conf))
		printf(" -c %s", a->conf);
	putchar('\n');
}

static void next_say(struct init *in, const struct cmd_args *a, const struct conf *c, const struct plan *p)
{
	printf("\n%s\n", init_say(in, "init.next"));
	view_cstr(in->view, "keys", c->keys);
	printf("1. %s\n", init_block(in, p->first ? "init.next.nginx" : "init.next.nginx.add", 3) + 3);
	printf("      include %s;\n", p->server);
	if (p->first)
		printf("      include %s;\n", p->http);
	printf("2. %s\n", init_say(in, "init.next.run"));
	if (usual_place(a->conf))
		puts("      systemctl enable --now jawort.socket jawort-serve jawort-worker");
	else
		command_say(a, "serve --with-worker");
	printf("3. %s\n", init_say(in, "init.next.confirm"));
	command_say(a, "init --confirm");
	printf("\n%s\n", init_block(in, "init.next.keys", 0));
}

static int site_add(struct init *in, const struct cmd_args *a)
{
	struct errinfo ei = {.code = OK};
	struct plan p = {.site = NULL};
	struct conf *c = NULL;
	int rc = answers_all(in, a);

	if (rc)
		return rc;
	if (plan_make(in, a, &p, &ei) != OK)
		return cmd_fail("init", &ei);
	if (file_exists(p.site)) {
		view_cstr(in->view, "path", p.site);
		fprintf(stderr, "jawort: %s\n", init_say(in, "init.exists"));
		return CMD_FAILED;
	}
	if (a->dry)
		return files_show(in, a, &p);
	if (files_write(in, a, &p, &c, &ei) != OK)
		rc = cmd_fail("init", &ei);
	if (!rc)
		rc = init_site(c, conf_site_by_id(c, in->id), false);
	if (!rc) {
		paste_say(in, c, conf_site_by_id(c, in->id));
		next_say(in, a, c, &p);
	}
	conf_free(c);
	return rc;
}

/* Keys and databases of what is configured already. */
static int sites_ready(const struct cmd_args *a)
{
	struct conf *c;
	int rc = cmd_load(a, &c);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < c->nsites; i++) {
		if (a->site && strcmp(a->site, c->sites[i]->id) != 0)
			continue;
		if (a->dry)
			printf("%s: keys and databases would be made where they are missing\n", c->sites[i]->id);
		else
			rc = init_site(c, c->sites[i], true);
	}
	if (!rc && c->nbroken)
		rc = CMD_BAD_CONFIG;
	if (!rc && !a->dry)
		puts("\nNext: `jawort nginx` prints the block for the web server, `jawort serve` and `jawort worker` "
		     "run it.\nThe keys are needed for ever and are not in any backup of the data: copy them to a "
		     "safe place.");
	conf_free(c);
	return rc;
}

int cmd_init(const struct cmd_args *a)
{
	struct errinfo ei = {.code = OK};
	bool answered = a->answers != NULL;
	struct init in;
	int rc;

	if (a->n)
		return cmd_usage("init takes no \"%s\"", a->words[0]);
	for (size_t i = 0; i < CMD_ANSWERS; i++)
		answered = answered || a->answer[i];
	if (file_exists(a->conf) && !a->add && !a->confirm && !answered)
		return sites_ready(a);
	if (init_open(&in, a, &ei) != OK || (a->answers && answers_read(&in, a->answers, &ei) != OK))
		rc = cmd_fail("init", &ei);
	else
		rc = a->confirm ? init_confirm(a, &in) : site_add(&in, a);
	init_close(&in);
	return rc;
}
