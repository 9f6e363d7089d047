/*
 * mailset: every mail that a configuration can send, by the code that sends it.
 *     mailset CONF OUT
 * writes for each site, language, kind of letter and set of values
 *     OUT/SITE.KIND.LANG.VALUES.eml    as it would be handed to an SMTP server
 *     OUT/SITE.KIND.LANG.VALUES.json   what is meant: the fields before they become headers and parts
 * Exit 0 done, 1 with a text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/letter.h"
#include "core/site.h"
#include "core/when.h"
#include "mail/message.h"
#include "text/jsonw.h"

#define NOW_MS INT64_C(1795270509123) /* 2026-11-21T14:15:09.123Z */
#define HASH "9f86d081884c7d65"
#define TOKEN "AbCd-_0123456789AbCd-_0123456789AbCd-_01234"

static struct errinfo ei;

static const enum outbox_kind kinds[] = {OUTBOX_CONFIRM, OUTBOX_ALREADY, OUTBOX_GOODBYE, OUTBOX_LINK, OUTBOX_NOTHING,
    OUTBOX_NOTICE, OUTBOX_CHANGED, OUTBOX_MOVE, OUTBOX_MOVED, OUTBOX_RESTRICTED, OUTBOX_RELEASED, OUTBOX_OBJECTED,
    OUTBOX_EXPORTED, OUTBOX_ERASED};

/* The address and the names of a mail: short as usual, and as long as they may be. */
static const struct values {
	const char *name, *to, *message_id, *boundary;
} values[] = {
    {"usual", "anna@example.net", "AbCdEfGhIjKlMnOpQrStUv@verein.example.org", "=_jw_AbCdEfGhIjKlMnOpQrStUv"},
    {"long",
        "sixty-four.characters.before.the.at.sign_are+all+that.there.were@"
        "sixty-three-characters-are-what-a-label-of-a-name-may-have-at-1."
        "sixty-three-characters-are-what-a-label-of-a-name-may-have-at-2."
        "fifty-characters-make-the-whole-as-long-as-it-123.example.org",
        "AbCdEfGhIjKlMnOpQrStUv@sixty-three-characters-are-what-a-label-of-a-name-may-have-at-1."
        "sixty-three-characters-are-what-a-label-of-a-name-may-have-at-2.example.org",
        "=_jw_seventy-characters-are-what-rfc-2046-allows-a-boundary-to-have-12"},
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "mailset: %s: %s\n", what, ei.text[0] ? ei.text : err_name(ei.code));
	exit(1);
}

static void save(const char *dir, const char *name, const char *end, const struct buf *b)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, end);
	if (!buf_ok(b) || file_write(path, slice_make(b->data, b->len), 0644, &ei))
		die(path);
}

static void meant(struct buf *out, const struct message *m)
{
	const struct {
		const char *key;
		struct slice value;
	} all[] = {
	    {"from_name", m->from_name}, {"from_addr", m->from_addr}, {"reply_to", m->reply_to}, {"to", m->to},
	    {"subject", m->subject}, {"list_unsubscribe", m->list_unsubscribe}, {"list_id", m->list_id},
	    {"message_id", m->message_id}, {"lang", m->lang}, {"text", m->text}, {"html", m->html},
	};
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		jsonw_kstr(&w, all[i].key, all[i].value);
	jsonw_kint(&w, "date_s", m->date_ms / 1000);
	jsonw_end_object(&w);
}

static void one(const struct site *s, struct arena *a, const struct letter *l, const struct values *val,
    const char *dir)
{
	const char *path = letter_path(l->kind);
	struct message_slots v = {.date_ms = NOW_MS};
	struct buf stored, mime, json;
	struct message m;
	char name[300];

	v.value[MESSAGE_TO] = slice_from(val->to);
	v.value[MESSAGE_LINK] = path ? site_url(s, a, path, TOKEN) : SLICE("");
	v.value[MESSAGE_UNSUBSCRIBE] = site_url(s, a, "/u/", TOKEN);
	v.value[MESSAGE_DATE] = when_full(a, NOW_MS, site_conf(s)->time_zone, l->lang);
	v.value[MESSAGE_MESSAGE_ID] = slice_from(val->message_id);
	v.value[MESSAGE_BOUNDARY] = slice_from(val->boundary);
	buf_init_arena(&stored, a, MESSAGE_STORED_MAX_BYTES);
	buf_init_arena(&mime, a, MESSAGE_MIME_MAX_BYTES);
	buf_init_arena(&json, a, MESSAGE_MIME_MAX_BYTES);
	snprintf(name, sizeof(name), "%s.%s.%s.%s", site_conf(s)->id, outbox_kind_name(l->kind), l->lang, val->name);
	if (letter_render(s, a, l, &stored, &ei) || message_load_fill(a, buf_slice(&stored), &v, &m, &ei))
		die(name);
	message_mime(&mime, &m);
	meant(&json, &m);
	save(dir, name, "eml", &mime);
	save(dir, name, "json", &json);
}

/* All purposes of a form, as a sign-up with every box ticked. */
static struct slice all_purposes(struct arena *a, const struct consent *c)
{
	struct buf b;

	buf_init_arena(&b, a, 4096);
	for (size_t i = 0; i < c->n; i++) {
		buf_add_str(&b, i ? "," : "");
		buf_add_slice(&b, c->items[i].purpose);
	}
	return buf_slice(&b);
}

static void every(const struct conf *c, const struct conf_site *cs, const char *dir)
{
	struct site *s;
	struct arena a;

	if (site_new(&s, c, cs, &ei))
		die(cs->id);
	for (size_t l = 0; l < cs->languages.n; l++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
				const char *lang = cs->languages.v[l];
				struct letter_notice notice = {.valid_from_ms = NOW_MS};
				const struct letter_erased erased = {.recipients = SLICE("Example Mail SAS"), .blocked = true};
				struct letter letter = {.kind = kinds[k], .lang = lang, .erased = &erased,
				    .consent = site_consent(s, &cs->forms[0], lang)};

				arena_init(&a, 16u * 1024u * 1024u);
				letter.purposes = all_purposes(&a, letter.consent);
				notice.summary = strcmp(lang, "de") == 0 ? SLICE("Wer Ihre Daten bekommt\nWie lange wir Daten behalten") :
				    SLICE("Who receives your data\nHow long we keep data");
				notice.diff_url = site_url(s, &a, "/n/diff?from=" HASH "&to=" HASH, "");
				letter.notice = &notice;
				one(s, &a, &letter, &values[v], dir);
				arena_free(&a);
			}
	site_free(s);
}

int main(int argc, char **argv)
{
	const struct conf_opts o = {.path = argc == 3 ? argv[1] : ""};
	struct conf_report rep;
	struct conf *c;
	struct buf line;

	if (argc != 3)
		die("usage: mailset CONF OUT");
	log_setup(LOG_ERROR, LOG_LOGFMT);
	conf_report_init(&rep);
	if (crypt_init(&ei) || conf_load(&o, &c, &rep, &ei))
		die(argv[1]);
	buf_init(&line, 16384);
	for (size_t i = 0; i < rep.n; i++) {
		if (rep.items[i].severity != CONF_ERROR)
			continue;
		buf_reset(&line);
		conf_finding_line(&line, &rep.items[i]);
		snprintf(ei.text, sizeof(ei.text), "%s", line.data);
		die("configuration");
	}
	buf_free(&line);
	for (size_t i = 0; i < c->nsites; i++)
		every(c, c->sites[i], argv[2]);
	printf("%zu sites\n", c->nsites);
	conf_report_free(&rep);
	conf_free(c);
	return 0;
}
