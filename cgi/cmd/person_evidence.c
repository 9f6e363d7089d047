#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/person_priv.h"
#include "core/bundle.h"

static enum err bundle_made(const struct person_call *c, struct store *st, struct buf *out, struct errinfo *ei)
{
	struct site *s = NULL;
	struct person p;
	struct db *db;
	enum err rc = site_new(&s, c->conf, c->site, ei);

	if (rc)
		return rc;
	rc = store_read(st, &db, ei);
	if (!rc) {
		rc = person_call_find(c, db, &p, ei);
		if (!rc)
			rc = bundle_write(db, s, &p, clock_now_ms(), out, ei);
		store_read_end(st, db);
	}
	site_free(s);
	return rc;
}

static int bundle_verb(const struct person_call *c)
{
	struct errinfo ei = {.code = OK};
	struct store *st;
	struct buf out;
	enum err rc = cmd_store(c->conf, c->site, false, &st, &ei);
	int code;

	if (rc)
		return cmd_fail(c->site->id, &ei);
	buf_init(&out, BUNDLE_MAX_BYTES);
	rc = bundle_made(c, st, &out, &ei);
	store_close(st);
	if (!rc && c->args->file)
		rc = file_write(c->args->file, buf_slice(&out), 0600, &ei);
	code = rc ? cmd_fail("person evidence", &ei) : c->args->file ? CMD_DONE : cmd_print(&out);
	buf_free(&out);
	return code;
}

int person_verb_evidence(const struct person_call *c)
{
	if (c->args->as && strcmp(c->args->as, "bundle") == 0)
		return bundle_verb(c);
	return cmd_usage("person evidence ADDRESS --as bundle [-o FILE]");
}
