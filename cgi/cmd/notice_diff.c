/* notice diff: what the configuration of now changes in the notice in force, and what follows for people. */
#include <string.h>

#include "cmd/notice_priv.h"
#include "conf/show.h"
#include "core/notice_change.h"
#include "core/notice_diff.h"
#include "store/text.h"
#include "text/jsonw.h"

static const char *const duty_names[NOTICE_DUTY__MAX] = {"none", "tell", "consent"};
static const char *const duty_words[NOTICE_DUTY__MAX] = {
	"Nobody has to be told: the new version is enough.",
	"Tell the people on the list before it takes effect, in a mail of its own (Art. 13(3) GDPR; WP260 no. 29-31).",
	("Ask for consent anew: what people consented to is not this. Until then nobody may be sent the changed thing "
	 "(Art. 4(11), 7 GDPR)."),
};

struct diff {
	struct notice_call *c;
	struct notice_change *changes;
	struct notice_diff text;
	enum notice_duty duty; /* the strongest */
};

static enum err config_read(struct notice_call *c, struct buf *before, struct errinfo *ei)
{
	struct store *st;
	struct db *db;
	enum err rc = cmd_store(c->conf, c->cs, false, &st, ei);

	if (rc)
		return rc;
	rc = store_read(st, &db, ei);
	if (!rc) {
		rc = text_get(db, c->live.config_hash, before, NULL, ei);
		store_read_end(st, db);
	}
	store_close(st);
	return rc;
}

static enum err diff_read(struct diff *d, struct errinfo *ei)
{
	struct notice_call *c = d->c;
	struct buf old, before, after;
	enum err rc;

	buf_init_arena(&old, c->arena, NOTICE_MAX_BYTES);
	buf_init_arena(&before, c->arena, TEXT_BODY_MAX_BYTES);
	buf_init_arena(&after, c->arena, TEXT_BODY_MAX_BYTES);
	rc = notice_call_live(c, &old, ei);
	if (!rc)
		rc = config_read(c, &before, ei);
	if (rc)
		return rc;
	conf_canonical(c->cs, &after);
	d->changes = notice_changes(c->arena, buf_slice(&before), buf_slice(&after));
	for (const struct notice_change *x = d->changes; x; x = x->next)
		d->duty = x->duty > d->duty ? x->duty : d->duty;
	return notice_diff_make(&d->text, c->arena, buf_slice(&old), buf_slice(&c->body), ei);
}

/* ---- for people ---- */

static void place_write(struct notice_call *c, struct slice path)
{
	char *name = arena_str(c->arena, path);
	int line, col;

	if (name && conf_item_place(c->cs, name, &line, &col))
		buf_printf(c->out, " (%s:%d)", c->cs->file, line);
}

static struct slice or_words(struct slice s, const char *words)
{
	return s.ptr && s.len ? s : slice_from(words);
}

static void keys_write(struct diff *d)
{
	struct buf *out = d->c->out;

	for (const struct notice_change *x = d->changes; x; x = x->next) {
		if (!*x->rows)
			continue;
		buf_printf(out, "%.*s", SLICE_FMT(x->path));
		place_write(d->c, x->path);
		buf_printf(out, ", rows %s\n  - %.*s\n  + %.*s\n", x->rows, SLICE_FMT(or_words(x->before, "(not there)")),
		    SLICE_FMT(or_words(x->after, "(gone)")));
		if (x->duty)
			buf_printf(out, "  %s: %s\n", duty_names[x->duty], x->why);
	}
}

static void parts_write(struct buf *out, const char *sign, const struct notice_diff_part *p)
{
	if (!p)
		return;
	buf_add_str(out, sign);
	for (; p; p = p->next)
		for (size_t i = 0; i < p->text.len; i++)
			buf_add_char(out, strchr("\n\t", p->text.ptr[i]) ? ' ' : p->text.ptr[i]);
	buf_add_char(out, '\n');
}

static void text_write(struct diff *d)
{
	struct slice section = {0};
	struct buf *out = d->c->out;

	for (const struct notice_diff_item *it = d->text.first; it; it = it->next) {
		if (it == d->text.first || !slice_eq(section, it->section))
			buf_printf(out, "%.*s\n", SLICE_FMT(or_words(it->section, "(top)")));
		section = it->section;
		parts_write(out, "  - ", it->before);
		parts_write(out, "  + ", it->after);
	}
}

static void diff_write(struct diff *d)
{
	struct notice_call *c = d->c;

	buf_printf(c->out, "site %s, %s: version %lld is in force; this configuration makes another one.\n\n", c->cs->id,
	    c->lang, (long long)c->live.no);
	buf_add_str(c->out, "Keys\n");
	keys_write(d);
	if (!d->changes)
		buf_add_str(c->out, "No key differs: the words or the data of law are those of another version of the program.\n");
	buf_add_str(c->out, "\nText\n");
	text_write(d);
	buf_printf(c->out, "\nWhat follows\n%s\n", duty_words[d->duty]);
}

/* ---- for programs ---- */

static void diff_json(struct diff *d)
{
	struct notice_call *c = d->c;
	struct jsonw w;

	jsonw_init(&w, c->out);
	jsonw_object(&w);
	jsonw_kcstr(&w, "site", c->cs->id);
	jsonw_kcstr(&w, "lang", c->lang);
	jsonw_kint(&w, "version", c->live.no);
	jsonw_kcstr(&w, "hash", c->hex);
	jsonw_kcstr(&w, "duty", duty_names[d->duty]);
	jsonw_key(&w, "keys");
	jsonw_array(&w);
	for (const struct notice_change *x = d->changes; x; x = x->next) {
		jsonw_object(&w);
		jsonw_kstr(&w, "key", x->path);
		if (x->before.ptr)
			jsonw_kstr(&w, "before", x->before);
		if (x->after.ptr)
			jsonw_kstr(&w, "after", x->after);
		jsonw_kcstr(&w, "rows", x->rows);
		jsonw_kcstr(&w, "duty", duty_names[x->duty]);
		jsonw_kcstr(&w, "why", x->why);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_kint(&w, "blocks", (int64_t)d->text.n);
	jsonw_end_object(&w);
	buf_add_char(c->out, '\n');
}

int notice_difference(struct notice_call *c, struct errinfo *ei)
{
	struct diff d = {.c = c};
	int code;

	if (!c->live.no) {
		err_set(ei, E_NOT_FOUND, "no notice of %s (%s) is in force yet; `jawort config apply` stores the first one",
		    c->cs->id, c->lang);
		return cmd_fail("notice diff", ei);
	}
	if (memcmp(c->live.hash, c->hash, sizeof(c->hash)) == 0) {
		buf_printf(c->out, c->args->json ? "{\"site\":\"%s\",\"lang\":\"%s\",\"version\":%lld,\"duty\":\"none\",\"keys\":[],"
		    "\"blocks\":0}\n" : "site %s, %s: the notice in force (version %lld) is that of this configuration.\n",
		    c->cs->id, c->lang, (long long)c->live.no);
		return cmd_print(c->out);
	}
	if (diff_read(&d, ei))
		return cmd_fail("notice diff", ei);
	if (c->args->json)
		diff_json(&d);
	else
		diff_write(&d);
	code = cmd_print(c->out);
	return code ? code : CMD_FINDINGS;
}
