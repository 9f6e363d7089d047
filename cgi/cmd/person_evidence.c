#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/person_priv.h"
#include "core/bundle.h"
#include "core/sheet.h"
#include "store/erasure.h"

/* A site that speaks the sheet's language, also where it has no form in it. */
struct speaker {
	struct conf_site conf;
	const char *lang[1];
	struct site *site;
};

static enum err speaker_make(struct speaker *sp, const struct person_call *c, const char *lang, struct errinfo *ei)
{
	sp->conf = *c->site;
	sp->lang[0] = lang;
	if (!conf_list_has(&c->site->languages, lang))
		sp->conf.languages = (struct conf_list){sp->lang, 1};
	return site_new(&sp->site, c->conf, &sp->conf, ei);
}

static const char *lang_of(const struct person_call *c, const struct person *p)
{
	if (c->args->lang)
		return c->args->lang;
	return strncmp(p->lang, "de", 2) == 0 ? "de" : "en";
}

static enum err sheet_make(const struct person_call *c, struct db *db, const struct person *p, struct arena *a,
    struct buf *out, struct errinfo *ei)
{
	const struct sheet_opts o = {.lang = lang_of(c, p), .now_ms = clock_now_ms()};
	struct speaker sp = {.site = NULL};
	enum err rc = speaker_make(&sp, c, o.lang, ei);

	if (!rc)
		rc = sheet_html(db, sp.site, a, p->id, &o, out, ei);
	site_free(sp.site);
	return rc;
}

static enum err bundle_make(const struct person_call *c, struct db *db, const struct person *p, struct buf *out,
    struct errinfo *ei)
{
	struct site *s = NULL;
	enum err rc = site_new(&s, c->conf, c->site, ei);

	if (!rc)
		rc = bundle_write(db, s, p, clock_now_ms(), out, ei);
	site_free(s);
	return rc;
}

static enum sheet_part part_of(const char *as)
{
	int p = 0;

	while (p < SHEET_PART__MAX && strcmp(as, sheet_part_name((enum sheet_part)p)) != 0)
		p++;
	return (enum sheet_part)p;
}

/* 0: not named; -1: not a number. */
static int64_t seq_of(const struct person_call *c)
{
	unsigned long long n;

	if (!c->args->event)
		return 0;
	return slice_u64(slice_from(c->args->event), &n) && n > 0 && n < INT64_MAX ? (int64_t)n : -1;
}

static bool as_known(const char *as)
{
	return !as || strcmp(as, "html") == 0 || strcmp(as, "bundle") == 0 || part_of(as) != SHEET_PART__MAX;
}

static bool newest_kept(const struct erasure_kept *k, void *arg)
{
	*(int64_t *)arg = k->person_id;
	return true;
}

/* Who is there; else the evidence that outlived an erasure, the newest of this address. */
static enum err evidence_find(const struct person_call *c, struct db *db, struct person *out, struct errinfo *ei)
{
	unsigned char lookup[PERSON_LOOKUP_BYTES];
	struct errinfo kept_ei = {.code = OK};
	enum err rc = person_call_find(c, db, out, ei);
	int64_t id = 0;

	if (rc != E_NOT_FOUND)
		return rc;
	person_lookup(db_keyring(db), STORE_EMAIL, c->addr.full, lookup);
	if (erasure_kept_each(db, STORE_EMAIL, lookup, newest_kept, &id, &kept_ei) != OK || !id)
		return rc;
	return person_get(db, id, out, ei);
}

static enum err evidence_make(const struct person_call *c, struct store *st, struct buf *out, struct errinfo *ei)
{
	const char *as = c->args->as ? c->args->as : "html";
	struct person p;
	struct arena a;
	struct db *db;
	enum err rc = store_read(st, &db, ei);

	if (rc)
		return rc;
	arena_init(&a, SHEET_ARENA_BYTES);
	rc = evidence_find(c, db, &p, ei);
	if (!rc && strcmp(as, "html") == 0)
		rc = sheet_make(c, db, &p, &a, out, ei);
	else if (!rc && strcmp(as, "bundle") == 0)
		rc = bundle_make(c, db, &p, out, ei);
	else if (!rc)
		rc = sheet_text(db, &a, p.id, seq_of(c), part_of(as), out, ei);
	store_read_end(st, db);
	arena_free(&a);
	return rc;
}

/* The sheet is about a person: only who asked for it may read the file. */
static int evidence_out(const struct person_call *c, const struct buf *out)
{
	struct errinfo ei = {.code = OK};

	if (!c->args->file)
		return cmd_print(out);
	return file_write(c->args->file, buf_slice(out), 0600, &ei) ? cmd_fail("person evidence", &ei) : CMD_DONE;
}

int person_verb_evidence(const struct person_call *c)
{
	struct errinfo ei = {.code = OK};
	struct store *st;
	struct buf out;
	enum err rc;
	int code;

	if (c->args->lang && strcmp(c->args->lang, "de") != 0 && strcmp(c->args->lang, "en") != 0)
		return cmd_usage("--lang is de or en");
	if (!as_known(c->args->as))
		return cmd_usage("--as is html, bundle, form, mail or notice");
	if (seq_of(c) < 0)
		return cmd_usage("--event is the number of an event, as `person find` shows it");
	rc = cmd_store(c->conf, c->site, false, &st, &ei);
	if (rc)
		return cmd_fail(c->site->id, &ei);
	buf_init(&out, BUNDLE_MAX_BYTES);
	rc = evidence_make(c, st, &out, &ei);
	store_close(st);
	code = rc ? cmd_fail("person evidence", &ei) : evidence_out(c, &out);
	buf_free(&out);
	return code;
}
