#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/mailtest_priv.h"
#include "cmd/sample_priv.h"
#include "core/site.h"
#include "mail/message.h"

#define ARENA_BYTES (8u * 1024u * 1024u)

static int preview_print(const struct cmd_args *a, const struct message *m)
{
	const char *format = a->format ? a->format : "text";
	struct buf out;
	int rc;

	buf_init(&out, MESSAGE_MIME_MAX_BYTES);
	if (strcmp(format, "html") == 0) {
		buf_add_slice(&out, m->html);
	} else if (strcmp(format, "mime") == 0) {
		message_mime(&out, m);
	} else if (strcmp(format, "text") == 0) {
		buf_printf(&out, "Subject: %.*s\n\n", SLICE_FMT(m->subject));
		buf_add_slice(&out, m->text);
	} else {
		buf_free(&out);
		return cmd_usage("--format is text, html or mime");
	}
	rc = cmd_print(&out);
	buf_free(&out);
	return rc;
}

static int mail_preview(const struct cmd_args *a, const struct conf *c, const struct conf_site *cs)
{
	struct errinfo ei = {.code = OK};
	const struct conf_form *form = a->n > 1 ? conf_form_by_id(cs, slice_from(a->words[1])) : &cs->forms[0];
	struct site *s = NULL;
	struct message m;
	struct arena ar;
	const char *lang, *kind = a->kind ? a->kind : "confirm";
	int rc;

	if (!form || !cs->nforms)
		return cmd_usage("there is no form \"%s\" on site %s", a->n > 1 ? a->words[1] : "", cs->id);
	if (site_new(&s, c, cs, &ei) != OK)
		return cmd_fail(cs->id, &ei);
	arena_init(&ar, ARENA_BYTES);
	lang = a->lang ? site_lang(s, slice_from(a->lang)) : site_lang_default(s);
	if (!lang)
		rc = cmd_usage("%s has no language \"%s\"", cs->id, a->lang);
	else if (sample_mail(s, &ar, form, outbox_kind_from_name(slice_from(kind)), lang, &m, &ei) != OK)
		rc = cmd_fail("mail", &ei);
	else
		rc = preview_print(a, &m);
	arena_free(&ar);
	site_free(s);
	return rc;
}

int cmd_mail(const struct cmd_args *a)
{
	const struct conf_site *s;
	struct conf *c;
	int rc;

	if (a->n == 2 && strcmp(a->words[0], "test") == 0)
		return mailtest_run(a);
	if (!a->n || strcmp(a->words[0], "preview") != 0)
		return cmd_usage("mail preview [FORM] [--kind K] [--lang L] [--format text|html|mime], or mail test ADDRESS [--form F]");
	rc = cmd_load(a, &c);
	if (rc)
		return rc;
	s = cmd_site(a, c);
	rc = s ? mail_preview(a, c, s) : CMD_USAGE;
	conf_free(c);
	return rc;
}
