#include "cmd/notice_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "core/mark.h"
#include "store/text.h"

#define OUT_MAX_BYTES (2u * NOTICE_MAX_BYTES)

enum err notice_call_body(struct notice_call *c, const char *lang, struct errinfo *ei)
{
	enum err rc;

	buf_reset(&c->body);
	c->lang = lang;
	rc = notice_body(c->site, c->arena, lang, &c->body, ei);
	if (rc)
		return rc;
	crypt_sha256(c->hash, c->body.data, c->body.len);
	enc_hex(c->hash, sizeof(c->hash), c->hex);
	return OK;
}

enum err notice_call_live(struct notice_call *c, struct buf *old, struct errinfo *ei)
{
	struct errinfo none = {.code = OK};
	struct store *st;
	struct db *db;
	enum err rc;

	memset(&c->live, 0, sizeof(c->live));
	if (cmd_store(c->conf, c->cs, false, &st, &none) != OK)
		return OK;
	rc = store_read(st, &db, ei);
	if (!rc) {
		rc = notice_current(db, c->lang, &c->live, ei);
		if (!rc && old)
			rc = text_get(db, c->live.hash, old, NULL, ei);
		store_read_end(st, db);
	}
	store_close(st);
	return rc == E_NOT_FOUND ? OK : rc;
}

static bool live_same(const struct notice_call *c)
{
	return c->live.no && memcmp(c->live.hash, c->hash, sizeof(c->hash)) == 0;
}

/* ---- show ---- */

static enum err show_as(struct notice_call *c, const struct notice_stamp *stamp, struct errinfo *ei)
{
	static const struct {
		const char *name;
		enum err (*render)(const struct site *, struct arena *, const char *, const struct notice_stamp *,
		    struct buf *, struct errinfo *);
	} formats[] = {{"text", notice_text}, {"txt", notice_text}, {"html", notice_page}, {"md", notice_markdown},
	    {"json", notice_json}};
	const char *format = c->args->json ? "json" : c->args->format ? c->args->format : "text";

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, format) == 0)
			return formats[i].render(c->site, c->arena, c->lang, stamp, c->out, ei);
	return err_set(ei, E_INVALID, "--format is text, html, md or json");
}

int notice_show(struct notice_call *c, struct errinfo *ei)
{
	struct notice_stamp stamp = {.no = c->live.no, .hash_hex = c->hex, .valid_from_ms = c->live.valid_from_ms};

	if (!live_same(c)) {
		stamp.no = c->live.no ? c->live.no + 1 : 0;
		stamp.valid_from_ms = clock_now_ms();
		if (c->live.no)
			fputs("Not yet applied: `jawort config apply` makes this the notice in force.\n", stderr);
	}
	if (c->args->why ? notice_why(c->site, c->arena, c->lang, c->args->json, c->out, ei) : show_as(c, &stamp, ei))
		return cmd_fail("notice show", ei);
	return cmd_print(c->out);
}

/* ---- export ---- */

/* Without a stored version the same configuration still gives the same bytes, only without number and date. */
int notice_export(struct notice_call *c, struct errinfo *ei)
{
	const struct notice_stamp stamp = {.no = c->live.no, .hash_hex = c->hex, .valid_from_ms = c->live.valid_from_ms};
	const char *format = c->args->json ? "json" : c->args->format ? c->args->format : "fragment";
	enum err rc;

	if (c->live.no && !live_same(c))
		fputs("Not yet applied: what is exported differs from the notice in force. Run `jawort config apply` "
		    "first.\n", stderr);
	rc = mark_export(c->site, c->arena, format, c->lang, live_same(c) ? &stamp : NULL, c->hex, c->out, ei);
	if (!rc && c->args->file)
		rc = file_write(c->args->file, buf_slice(c->out), 0644, ei);
	if (rc)
		return cmd_fail("notice export", ei);
	return c->args->file ? CMD_DONE : cmd_print(c->out);
}

/* ---- the verb ---- */

static int call_run(struct notice_call *c, int (*run)(struct notice_call *c, struct errinfo *ei))
{
	const char *asked = c->args->lang;
	struct errinfo ei = {.code = OK};
	const char *lang;
	enum err rc = site_new(&c->site, c->conf, c->cs, &ei);

	if (rc)
		return cmd_fail(c->cs->id, &ei);
	lang = asked ? site_lang(c->site, slice_from(asked)) : site_lang_default(c->site);
	if (!lang)
		return cmd_usage("%s has no language \"%s\"", c->cs->id, asked);
	rc = notice_call_body(c, lang, &ei);
	if (!rc)
		rc = notice_call_live(c, NULL, &ei);
	return rc ? cmd_fail("notice", &ei) : run(c, &ei);
}

static int site_run(const struct cmd_args *a, const struct conf *conf, const struct conf_site *cs,
    int (*run)(struct notice_call *c, struct errinfo *ei))
{
	struct arena ar;
	struct buf out;
	struct notice_call c = {.args = a, .conf = conf, .cs = cs, .arena = &ar, .out = &out};
	int code;

	arena_init(&ar, NOTICE_ARENA_BYTES);
	buf_init(&out, OUT_MAX_BYTES);
	buf_init(&c.body, NOTICE_MAX_BYTES);
	code = call_run(&c, run);
	buf_free(&c.body);
	buf_free(&out);
	arena_free(&ar);
	site_free(c.site);
	return code;
}

static const struct notice_verb {
	const char *name;
	size_t words;
	int (*run)(struct notice_call *c, struct errinfo *ei); /* of one site; NULL: notice_check() */
} verbs[] = {{"show", 1, notice_show}, {"export", 1, notice_export}, {"diff", 1, notice_difference}, {"check", 2, NULL},
    {"announce", 1, notice_announce}};

int cmd_notice(const struct cmd_args *a)
{
	const struct notice_verb *v = NULL;
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (a->n == 2 && strcmp(a->words[0], "scan") == 0)
		return notice_scan(a);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (a->n == verbs[i].words && strcmp(a->words[0], verbs[i].name) == 0)
			v = &verbs[i];
	if (!v)
		return cmd_usage("notice show [--why] | diff | export [--format F] [-o FILE] | check DIR | scan DIR | "
		    "announce [-n] [--yes] [--tell-only]");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	if (v->run) {
		s = cmd_site(a, c);
		rc = s ? site_run(a, c, s, v->run) : CMD_USAGE;
	} else {
		rc = notice_check(a, c);
	}
	conf_free(c);
	return rc;
}
