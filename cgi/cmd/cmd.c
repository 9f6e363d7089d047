#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/secret.h"

int cmd_usage(const char *fmt, ...)
{
	va_list ap;

	fputs("jawort: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n`jawort help` lists the verbs, `jawort help VERB` explains one.\n", stderr);
	return CMD_USAGE;
}

int cmd_fail(const char *what, const struct errinfo *ei)
{
	fprintf(stderr, "jawort: %s: %s\n", what, ei->text[0] ? ei->text : err_name(ei->code));
	if (ei->code == E_BUSY)
		return CMD_TRY_LATER;
	return CMD_FAILED;
}

int cmd_load(const struct cmd_args *a, struct conf **out)
{
	const struct conf_opts o = {.path = a->conf, .credentials_dir = getenv("CREDENTIALS_DIRECTORY")};
	struct errinfo ei = {.code = OK};
	struct conf_report rep;
	struct buf line;
	enum err rc;

	conf_report_init(&rep);
	rc = conf_load(&o, out, &rep, &ei);
	buf_init(&line, 16384);
	for (size_t i = 0; i < rep.n; i++) {
		if (rep.items[i].severity != CONF_ERROR)
			continue;
		buf_reset(&line);
		conf_finding_line(&line, &rep.items[i]);
		fprintf(stderr, "%s\n", line.data);
	}
	buf_free(&line);
	conf_report_free(&rep);
	if (!rc) {
		log_setup((*out)->log.level, (*out)->log.format);
		return CMD_DONE;
	}
	cmd_fail(a->conf, &ei);
	return CMD_BAD_CONFIG;
}

const struct conf_site *cmd_site(const struct cmd_args *a, const struct conf *c)
{
	const struct conf_site *s;

	if (a->site) {
		s = conf_site_by_id(c, a->site);
		if (!s)
			cmd_usage("there is no site \"%s\" in %s", a->site, a->conf);
		return s;
	}
	if (c->nsites == 1)
		return c->sites[0];
	cmd_usage(c->nsites ? "several sites: name one with --site" : "no site is configured in %s", a->conf);
	return NULL;
}

enum err cmd_store(const struct conf *c, const struct conf_site *s, bool create, struct store **out,
    struct errinfo *ei)
{
	struct store_opts o = {.site = s->id, .journal = c->backup.journal, .max_readers = 2, .create = create};
	struct buf dir, keys;
	enum err rc;

	buf_init(&dir, 4096);
	buf_init(&keys, 4096);
	buf_printf(&dir, "%s/%s", c->data, s->id);
	conf_keyring_path(c, s->id, &keys);
	o.dir = dir.data;
	o.keys_path = keys.data;
	rc = store_open(out, &o, ei);
	buf_free(&dir);
	buf_free(&keys);
	return rc;
}

int cmd_print(const struct buf *b)
{
	if (!buf_ok(b) || fwrite(b->data, 1, b->len, stdout) != b->len || fflush(stdout) != 0) {
		fputs("jawort: the output could not be written\n", stderr);
		return CMD_FAILED;
	}
	return CMD_DONE;
}
