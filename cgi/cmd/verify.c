/* `jawort verify FILE`: a bundle, with nothing but the file and keys. Without FILE: cgi/cmd/verify_site.c */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/init_priv.h"
#include "cmd/verify_priv.h"
#include "core/embed.h"
#include "stamp/stamp.h"
#include "text/jsonw.h"

#define OUT_MAX_BYTES (1024u * 1024u)
#define KEYS_MAX_BYTES 65536
#define WIDTH 100
#define STAMPS_MAX 8

enum err verify_words_open(struct verify_words *w, const struct cmd_args *a, struct errinfo *ei)
{
	const char *lang = init_lang(a);
	const struct embedded_file *f = embed_find(strcmp(lang, "de") == 0 ? "de/verify.txt" : "en/verify.txt");

	memset(w, 0, sizeof(*w));
	arena_init(&w->a, 4u * 1024u * 1024u);
	buf_init(&w->out, OUT_MAX_BYTES);
	w->lang = lang;
	w->words = phrases_new(lang);
	w->view = view_new(&w->a);
	if (!w->words || !w->view || !f)
		return err_set(ei, E_NOMEM, "words");
	return phrases_load(w->words, f->name, slice_make(f->data, f->len), false, ei);
}

void verify_words_close(struct verify_words *w)
{
	phrases_free(w->words);
	arena_free(&w->a);
	buf_free(&w->out);
}

void verify_say(struct verify_words *w, const char *key, unsigned indent)
{
	const struct phrase *p = phrases_get(w->words, slice_from(key));
	struct errinfo ei = {.code = OK};

	if (!p || phrase_plain_block(&w->out, p, w->view, WIDTH, indent, &ei) != OK)
		buf_printf(&w->out, "%s", p ? ei.text : key);
	buf_add_char(&w->out, '\n');
}

void verify_count(struct verify_words *w, const char *name, size_t n)
{
	view_int(w->view, name, (int64_t)n);
}

/* ---- a bundle in words */

static void say_faults(struct verify_words *w, const struct check_report *r)
{
	size_t shown = r->nfaults < CHECK_FAULTS_MAX ? r->nfaults : CHECK_FAULTS_MAX;
	char key[80];

	for (size_t i = 0; i < shown; i++) {
		const struct check_fault *f = &r->fault[i];
		buf_printf(&w->out, "\n%s", *f->place ? f->place : "/");
		buf_printf(&w->out, *f->detail ? " (%s)\n" : "%s\n", f->detail);
		snprintf(key, sizeof(key), "verify.fault.%s", check_fault_name(f->kind));
		verify_say(w, key, 2);
	}
	if (r->nfaults > shown) {
		verify_count(w, "count", r->nfaults - shown);
		verify_say(w, "verify.more", 0);
	}
}

static void say_events(struct verify_words *w, const struct check_report *r)
{
	char iso[CLOCK_ISO_BYTES];

	for (size_t i = 0; i < r->nlines; i++)
		buf_printf(&w->out, "  %8lld  %s  %-16s %s\n", (long long)r->line[i].seq,
		    clock_iso(r->line[i].time_ms, iso), r->line[i].kind, r->line[i].purposes);
	buf_add_char(&w->out, '\n');
}

/* Time stamps that lead to the authority's certificates; bad ones become faults of the report. */
struct stamps {
	const char *ca; /* --ca; NULL */
	struct {
		int64_t size;
		struct stamp stamp;
	} v[STAMPS_MAX];
	size_t n;
	struct check_report *r;
	enum err rc; /* what kept us from looking says nothing about the file */
	struct errinfo *ei;
};

static void stamp_look(const struct check_stamp *s, void *arg)
{
	struct errinfo ei = {.code = OK};
	struct stamps *st = arg;
	struct stamp got;
	struct check_fault *f;
	enum err rc = st->rc ? st->rc : stamp_verify(s->token, s->digest, st->ca, &got, &ei);

	if (st->rc)
		return;
	if (rc == OK) {
		if (st->n == STAMPS_MAX)
			return;
		st->v[st->n].size = s->size;
		st->v[st->n++].stamp = got;
		return;
	}
	if (rc != E_DENIED && rc != E_INVALID) {
		st->rc = rc;
		*st->ei = ei;
		return;
	}
	if (st->r->nfaults++ >= CHECK_FAULTS_MAX)
		return;
	f = &st->r->fault[st->r->nfaults - 1];
	*f = (struct check_fault){.kind = CHECK_STAMP};
	slice_copy(slice_from(s->place), f->place, sizeof(f->place));
	slice_copy(slice_sub(slice_from(ei.text), 0, sizeof(f->detail) - 1), f->detail, sizeof(f->detail));
}

static void say_log(struct verify_words *w, const struct check_report *r, const struct stamps *st)
{
	char iso[CLOCK_ISO_BYTES];

	view_int(w->view, "size", r->newest_size);
	verify_say(w, r->newest_size ? "verify.log" : "verify.log.none", 0);
	if (r->newest_size && r->uncovered) {
		verify_count(w, "count", r->uncovered);
		verify_say(w, "verify.log.behind", 0);
	}
	if (!r->stamps)
		verify_say(w, "verify.stamp.none", 0);
	verify_count(w, "count", r->stamps);
	if (r->stamps && !st->ca)
		verify_say(w, "verify.stamp.unchecked", 0);
	for (size_t i = 0; i < st->n; i++) {
		view_cstr(w->view, "by", st->v[i].stamp.name);
		view_int(w->view, "seq", st->v[i].size);
		view_cstr(w->view, "date", clock_iso(st->v[i].stamp.time_ms, iso));
		verify_say(w, "verify.stamp", 0);
	}
}

static void say_good(struct verify_words *w, const struct check_report *r, const struct stamps *st)
{
	char url[260];

	view_int(w->view, "person", r->person);
	view_cstr(w->view, "address", r->address);
	view_cstr(w->view, "controller", r->controller);
	snprintf(url, sizeof(url), "%s/.well-known/jawort", r->base_url);
	view_cstr(w->view, "url", url);
	view_cstr(w->view, "key", r->signer);
	verify_count(w, "events", r->events);
	verify_count(w, "parts", r->parts);
	verify_count(w, "gone", r->parts_gone);
	verify_count(w, "texts", r->texts);
	buf_add_char(&w->out, '\n');
	verify_say(w, *r->address ? "verify.who" : "verify.who.nobody", 0);
	say_events(w, r);
	verify_say(w, r->parts_gone ? "verify.parts" : "verify.parts.all", 0);
	verify_say(w, "verify.texts", 0);
	say_log(w, r, st);
	verify_say(w, r->keys_given ? "verify.key.given" : "verify.key.inside", 0);
	verify_say(w, "verify.limit", 0);
}

static void bundle_words(struct verify_words *w, const char *file, const struct check_report *r,
    const struct stamps *st)
{
	view_cstr(w->view, "file", file);
	verify_count(w, "count", r->nfaults);
	verify_say(w, r->nfaults ? "verify.bad" : "verify.good", 0);
	if (r->nfaults)
		say_faults(w, r);
	else
		say_good(w, r, st);
}

static void bundle_json(struct verify_words *w, const char *file, const struct check_report *r, size_t good)
{
	struct jsonw j;

	jsonw_init(&j, &w->out);
	jsonw_object(&j);
	jsonw_kcstr(&j, "file", file);
	jsonw_kbool(&j, "ok", r->nfaults == 0);
	jsonw_kbool(&j, "key_given", r->keys_given);
	jsonw_kcstr(&j, "key", r->signer);
	jsonw_kint(&j, "person", r->person);
	jsonw_kint(&j, "events", (int64_t)r->events);
	jsonw_kint(&j, "parts", (int64_t)r->parts);
	jsonw_kint(&j, "parts_gone", (int64_t)r->parts_gone);
	jsonw_kint(&j, "texts", (int64_t)r->texts);
	jsonw_kint(&j, "records", (int64_t)r->records);
	jsonw_kint(&j, "log_size", r->newest_size);
	jsonw_kint(&j, "uncovered", (int64_t)r->uncovered);
	jsonw_kint(&j, "stamps", (int64_t)r->stamps);
	jsonw_kint(&j, "stamps_good", (int64_t)good);
	jsonw_kint(&j, "fault_count", (int64_t)r->nfaults);
	jsonw_key(&j, "faults");
	jsonw_array(&j);
	for (size_t i = 0; i < r->nfaults && i < CHECK_FAULTS_MAX; i++) {
		jsonw_object(&j);
		jsonw_kcstr(&j, "kind", check_fault_name(r->fault[i].kind));
		jsonw_kcstr(&j, "place", r->fault[i].place);
		jsonw_kcstr(&j, "detail", r->fault[i].detail);
		jsonw_end_object(&j);
	}
	jsonw_end_array(&j);
	jsonw_end_object(&j);
	buf_add_char(&w->out, '\n');
}

/* ---- its keys */

/* A file of keys, or the key itself. */
static enum err keys_given(const struct cmd_args *a, struct check_keys *keys, struct errinfo *ei)
{
	struct stat st;
	struct buf text;
	enum err rc = OK;

	if (!a->key)
		return OK;
	buf_init(&text, KEYS_MAX_BYTES);
	if (stat(a->key, &st) == 0)
		rc = file_read(&text, a->key, ei);
	else
		buf_add_str(&text, a->key);
	if (!rc)
		rc = check_keys_read(keys, buf_slice(&text), ei);
	if (!rc && !keys->n)
		rc = err_set(ei, E_INVALID, "%s holds no key", a->key);
	buf_free(&text);
	return rc == OK ? OK : err_wrap(ei, "--key");
}

static int bundle_verify(const struct cmd_args *a, struct verify_words *w)
{
	struct check_keys keys = {.n = 0};
	struct errinfo ei = {.code = OK};
	struct check_report r;
	struct stamps stamps = {.ca = a->ca, .r = &r, .ei = &ei};
	struct buf file;
	enum err rc = keys_given(a, &keys, &ei);
	int code;

	buf_init(&file, CHECK_FILE_MAX_BYTES);
	if (!rc)
		rc = file_read(&file, a->words[0], &ei);
	if (!rc)
		rc = check_bundle(buf_slice(&file), &keys, &r, &ei);
	if (!rc && a->ca && !r.nfaults)
		rc = check_stamps(buf_slice(&file), stamp_look, &stamps, &ei);
	if (!rc && stamps.rc)
		rc = err_wrap(&ei, "--ca");
	buf_free(&file);
	if (rc)
		return cmd_fail("verify", &ei);
	if (a->json)
		bundle_json(w, a->words[0], &r, stamps.n);
	else
		bundle_words(w, a->words[0], &r, &stamps);
	code = cmd_print(&w->out);
	return code ? code : r.nfaults ? CMD_FINDINGS : CMD_DONE;
}

int cmd_verify(const struct cmd_args *a)
{
	struct errinfo ei = {.code = OK};
	struct verify_words w;
	int code;

	if (a->n > 1)
		return cmd_usage("verify [FILE] [--key FILE|KEY]");
	if (a->lang && strcmp(a->lang, "de") != 0 && strcmp(a->lang, "en") != 0)
		return cmd_usage("--lang is de or en");
	if (verify_words_open(&w, a, &ei) != OK)
		code = cmd_fail("verify", &ei);
	else
		code = a->n ? bundle_verify(a, &w) : verify_site(a, &w);
	verify_words_close(&w);
	return code;
}
