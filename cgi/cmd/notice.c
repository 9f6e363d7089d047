#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "cmd/cmd.h"
#include "core/notice.h"
#include "store/notice.h"

#define ARENA_BYTES (16u * 1024u * 1024u)

/* The version in force if the store is there and shows the same text; else it would be the next one. */
static void stamp_find(const struct conf *c, const struct conf_site *cs, const char *lang,
    const unsigned char hash[CRYPT_HASH_BYTES], struct notice_stamp *stamp)
{
	struct errinfo ei = {.code = OK};
	struct notice_version now;
	struct store *st;
	struct db *db;

	stamp->no = 0;
	stamp->valid_from_ms = clock_now_ms();
	if (cmd_store(c, cs, false, &st, &ei) != OK)
		return;
	if (store_read(st, &db, &ei) == OK) {
		if (notice_current(db, lang, &now, &ei) == OK) {
			bool same = memcmp(now.hash, hash, CRYPT_HASH_BYTES) == 0;
			stamp->no = same ? now.no : now.no + 1;
			stamp->valid_from_ms = same ? now.valid_from_ms : stamp->valid_from_ms;
			if (!same)
				fputs("Not yet applied: `jawort config apply` makes this the notice in force.\n",
				    stderr);
		}
		store_read_end(st, db);
	}
	store_close(st);
}

static enum err show(const struct cmd_args *a, const struct site *s, struct arena *ar, const char *lang,
    const struct notice_stamp *stamp, struct buf *out, struct errinfo *ei)
{
	const char *format = a->json ? "json" : a->format ? a->format : "text";

	if (strcmp(format, "text") == 0 || strcmp(format, "txt") == 0)
		return notice_text(s, ar, lang, stamp, out, ei);
	if (strcmp(format, "html") == 0)
		return notice_page(s, ar, lang, stamp, out, ei);
	if (strcmp(format, "json") == 0)
		return notice_json(s, ar, lang, stamp, out, ei);
	return err_set(ei, E_INVALID, "--format is text, html or json");
}

static int notice_show(const struct cmd_args *a, const struct conf *c, const struct conf_site *cs)
{
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(CRYPT_HASH_BYTES)];
	struct notice_stamp stamp = {.hash_hex = hex};
	struct errinfo ei = {.code = OK};
	struct site *s = NULL;
	struct arena ar;
	struct buf body, out;
	const char *lang;
	enum err rc = site_new(&s, c, cs, &ei);
	int code;

	if (rc)
		return cmd_fail(cs->id, &ei);
	arena_init(&ar, ARENA_BYTES);
	buf_init(&body, NOTICE_MAX_BYTES);
	buf_init(&out, NOTICE_MAX_BYTES);
	lang = a->lang ? site_lang(s, slice_from(a->lang)) : site_lang_default(s);
	if (!lang)
		rc = err_set(&ei, E_INVALID, "%s has no language \"%s\"", cs->id, a->lang);
	if (!rc)
		rc = notice_body(s, &ar, lang, &body, &ei);
	if (!rc) {
		crypt_sha256(hash, body.data, body.len);
		enc_hex(hash, sizeof(hash), hex);
		stamp_find(c, cs, lang, hash, &stamp);
		rc = show(a, s, &ar, lang, &stamp, &out, &ei);
	}
	code = rc ? cmd_fail("notice", &ei) : cmd_print(&out);
	buf_free(&out);
	buf_free(&body);
	arena_free(&ar);
	site_free(s);
	return code;
}

int cmd_notice(const struct cmd_args *a)
{
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (a->n != 1 || strcmp(a->words[0], "show") != 0)
		return cmd_usage("notice show");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? notice_show(a, c, s) : CMD_USAGE;
	conf_free(c);
	return rc;
}
