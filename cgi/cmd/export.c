/* `jawort export csv|json|27560`: many people at once, as a stream. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "core/dpv.h"
#include "core/export.h"

static bool to_file(struct slice bytes, void *arg)
{
	return fwrite(bytes.ptr, 1, bytes.len, arg) == bytes.len;
}

static enum err export_run(const struct conf *c, const struct conf_site *cs, enum export_format f, FILE *out,
    struct errinfo *ei)
{
	struct site *s = NULL;
	struct store *st;
	struct db *db;
	enum err rc = cmd_store(c, cs, false, &st, ei);

	if (rc)
		return rc;
	rc = site_new(&s, c, cs, ei);
	if (!rc)
		rc = store_read(st, &db, ei);
	if (!rc) {
		rc = export_write(f, db, s, to_file, out, NULL, ei);
		store_read_end(st, db);
	}
	site_free(s);
	store_close(st);
	return rc;
}

/* The file gets its name only when it is whole; nobody else may read it. */
static int export_file(const struct cmd_args *a, const struct conf *c, const struct conf_site *s, enum export_format f)
{
	struct errinfo ei = {.code = OK};
	FILE *out = stdout;
	char part[4096];
	enum err rc;

	if (a->file) {
		int fd = -1;
		if (snprintf(part, sizeof(part), "%s.part", a->file) < (int)sizeof(part) && (unlink(part) == 0 || 1))
			fd = file_open(part, O_WRONLY | O_TRUNC, 0600);
		out = fd < 0 ? NULL : fdopen(fd, "w");
	}
	if (!out) {
		err_set(&ei, E_IO, "%s cannot be written", a->file);
		return cmd_fail("export", &ei);
	}
	rc = export_run(c, s, f, out, &ei);
	if (!rc && (fflush(out) || (a->file && fsync(fileno(out)))))
		rc = err_set(&ei, E_IO, "the export could not be written");
	if (a->file && (fclose(out) || (!rc && rename(part, a->file))) && !rc)
		rc = err_set(&ei, E_IO, "%s cannot be written", a->file);
	if (a->file && rc)
		unlink(part);
	return rc ? cmd_fail("export", &ei) : CMD_DONE;
}

static int export_shipped(struct slice text)
{
	struct buf out;
	int rc;

	buf_init(&out, text.len + 1);
	buf_add_slice(&out, text);
	rc = cmd_print(&out);
	buf_free(&out);
	return rc;
}

int cmd_export(const struct cmd_args *a)
{
	enum export_format f = a->n == 1 ? export_format_from_name(a->words[0]) : EXPORT__MAX;
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (f == EXPORT__MAX)
		return cmd_usage("export csv|json|27560 [-o FILE]");
	if ((a->schema || a->context) && f != EXPORT_27560)
		return cmd_usage("--schema and --context belong to 27560");
	if (a->schema || a->context)
		return export_shipped(a->schema ? dpv_schema() : dpv_context());
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? export_file(a, c, s, f) : CMD_USAGE;
	conf_free(c);
	return rc;
}
