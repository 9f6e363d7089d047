#include "cmd/mailtest_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/enc.h"
#include "cmd/mailcheck_priv.h"
#include "cmd/sample_priv.h"
#include "core/site.h"
#include "send/trial.h"
#include "text/addr.h"
#include "text/html.h"
#include "text/jsonw.h"

#define ARENA_BYTES (8u * 1024u * 1024u)
#define OUT_MAX_BYTES (4u * 1024u * 1024u)

struct mailtest {
	const struct cmd_args *args;
	const struct conf *conf;
	const struct conf_site *cs;
	struct site *site;
	struct arena arena;
	struct message m;
	struct trial_answer answers[TRIAL_MAX];
	size_t n; /* tries; 0 with -n */
};

static struct slice joined(struct arena *a, struct slice x, struct slice y, struct slice z)
{
	struct buf b;

	buf_init_arena(&b, a, MESSAGE_STORED_MAX_BYTES);
	buf_add_slice(&b, x);
	buf_add_slice(&b, y);
	buf_add_slice(&b, z);
	return buf_slice(&b);
}

/* Behind <body ...>, so that it is the first that shows. */
static struct slice html_marked(struct arena *a, struct slice html, struct slice note)
{
	const char *body = html.len ? memmem(html.ptr, html.len, "<body", 5) : NULL;
	size_t at = body ? slice_find(html, '>', (size_t)(body - html.ptr)) + 1 : 0;
	struct buf b;

	if (!body || at > html.len)
		return html;
	buf_init_arena(&b, a, 2048);
	buf_add_str(&b, "\n<p style=\"margin:0;padding:16px;border-bottom:2px dashed #7b8580;font-family:sans-serif;"
	    "font-size:17px;line-height:26px;font-weight:bold\">");
	html_text(&b, note);
	buf_add_str(&b, "</p>");
	return joined(a, slice_sub(html, 0, at), buf_slice(&b), slice_sub(html, at, html.len));
}

static struct slice random_name(struct arena *a, const char *head, const char *tail)
{
	unsigned char raw[16];
	char text[ENC_B64URL_BYTES(sizeof(raw))];

	crypt_random(raw, sizeof(raw));
	return joined(a, slice_from(head), arena_dup(a, slice_from(enc_b64url(raw, sizeof(raw), text))), slice_from(tail));
}

/* The confirmation mail of the form, with a mark that nobody can miss, and names of its own. */
static enum err make(struct mailtest *t, const struct conf_form *form, const char *lang, struct slice to,
    struct errinfo *ei)
{
	struct arena *a = &t->arena;
	struct view *v = site_view(t->site, a, lang);
	const char *at = strchr(t->cs->mail.from.email, '@');
	struct slice mark, note;
	enum err e = sample_mail(t->site, a, form, OUTBOX_CONFIRM, lang, &t->m, ei);

	if (e)
		return e;
	mark = site_say(t->site, lang, "mail.test.mark", v);
	note = site_say(t->site, lang, "mail.test.note", v);
	t->m.to = to;
	t->m.subject = joined(a, joined(a, SLICE("["), mark, SLICE("] ")), t->m.subject, SLICE(""));
	t->m.text = joined(a, note, SLICE("\n\n"), t->m.text);
	t->m.html = html_marked(a, t->m.html, note);
	t->m.message_id = random_name(a, "", at ? at : "@localhost");
	t->m.boundary = random_name(a, "=_jw_", "");
	t->m.custom_id = random_name(a, "test-", "");
	return arena_ok(a) ? OK : err_set(ei, E_NOMEM, "mail test: no memory");
}

static size_t mime_bytes(const struct message *m)
{
	struct buf b;
	size_t n;

	buf_init(&b, MESSAGE_MIME_MAX_BYTES);
	message_mime(&b, m);
	n = b.len;
	buf_free(&b);
	return n;
}

static const struct trial_answer *last(const struct mailtest *t)
{
	return t->n ? &t->answers[t->n - 1] : NULL;
}

static void json(const struct mailtest *t, struct buf *b)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w);
	jsonw_kcstr(&w, "site", t->cs->id);
	jsonw_kstr(&w, "to", t->m.to);
	jsonw_kbool(&w, "sent", t->n && last(t)->res.class_ == PROVIDER_ACCEPTED);
	jsonw_kstr(&w, "subject", t->m.subject);
	jsonw_kstr(&w, "custom_id", t->m.custom_id);
	jsonw_kint(&w, "bytes", (int64_t)mime_bytes(&t->m));
	jsonw_key(&w, "tries");
	jsonw_array(&w);
	for (size_t i = 0; i < t->n; i++) {
		const struct provider_result *r = &t->answers[i].res;
		jsonw_object(&w);
		jsonw_kcstr(&w, "provider", t->answers[i].provider);
		jsonw_kcstr(&w, "class", provider_class_name(r->class_));
		jsonw_kint(&w, "status", r->status);
		jsonw_kcstr(&w, "code", r->code);
		jsonw_kcstr(&w, "id", *r->provider_id ? r->provider_id : NULL);
		jsonw_kcstr(&w, "text", r->text);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_char(b, '\n');
}

static void complain(void *arg, const char *what, const char *mend)
{
	buf_printf(arg, "FINDING   %s\n          mend: %s\n", what, mend);
}

static void about(const struct mailtest *t, struct buf *b)
{
	const struct mailcheck_told to = {complain, b};
	const struct message *m = &t->m;

	buf_printf(b, "to        %.*s\nfrom      %.*s <%.*s>\nsubject   %.*s\n", SLICE_FMT(m->to), SLICE_FMT(m->from_name),
	    SLICE_FMT(m->from_addr), SLICE_FMT(m->subject));
	buf_printf(b, "holds     text (%zu bytes), HTML (%zu), %zu bytes in all\n", m->text.len, m->html.len, mime_bytes(m));
	if (!mailcheck_parts(t->cs, m, &to))
		buf_add_str(b, "          nothing in it is loaded from elsewhere, all links are yours\n");
	buf_printf(b, "unsub     %.*s (one click; opens nothing)\n", SLICE_FMT(m->list_unsubscribe));
	buf_printf(b, "list-id   %.*s (where the provider lets us set it)\n", SLICE_FMT(m->list_id));
	buf_add_str(b, "route     ");
	trial_route(t->conf, t->cs, b);
	if (t->cs->mode == CONF_TRY_OUT)
		buf_add_str(b, " (mode try-out: it stays on this machine)");
	buf_add_char(b, '\n');
}

static void tries(const struct mailtest *t, struct buf *b)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct provider_result *r = &t->answers[i].res;
		buf_printf(b, "\n%-9s %s (%s)", t->answers[i].provider, provider_class_name(r->class_), r->code);
		if (*r->provider_id)
			buf_printf(b, ", id %s", r->provider_id);
		buf_printf(b, "\n          %s\n", r->text);
	}
}

static const char *where_to_look(const struct mailtest *t)
{
	const struct trial_answer *a = last(t);

	if (a->res.class_ == PROVIDER_UNKNOWN)
		return "It may have been sent: look into the mailbox before you try again.\n";
	if (a->res.class_ == PROVIDER_RETRY)
		return "Not sent. Try again later; jawort doctor says more.\n";
	if (a->res.class_ != PROVIDER_ACCEPTED)
		return "Not sent. jawort doctor says more.\n";
	if (strcmp(a->provider, "dir") == 0)
		return "The file is in the folder of mail.dir.path.\n";
	if (strcmp(a->provider, "log") == 0)
		return "Only noted in the log: the mail itself is kept nowhere (jawort mail preview shows it).\n";
	return "Taken is not delivered: look into the mailbox, and into the spam folder. There, \"show original\"\n"
	       "(Thunderbird: Ctrl-U; Gmail: three dots; GMX, WEB.DE: the i beside the subject) and look in\n"
	       "Authentication-Results for dkim=pass and dmarc=pass with the domain of the sender, and see that\n"
	       "List-Unsubscribe is the address above.\n";
}

static int print(const struct mailtest *t)
{
	struct buf b;
	int rc;

	buf_init(&b, OUT_MAX_BYTES);
	if (t->args->json) {
		json(t, &b);
	} else {
		about(t, &b);
		tries(t, &b);
		if (t->args->dry)
			buf_printf(&b, "\nNot sent (-n). Its text:\n\n%.*s", SLICE_FMT(t->m.text));
		else
			buf_printf(&b, "\n%s", t->n ? where_to_look(t) : "Not sent: mail.route is empty.\n");
	}
	rc = cmd_print(&b);
	buf_free(&b);
	return rc;
}

static int verdict(const struct mailtest *t)
{
	const struct trial_answer *a = last(t);

	if (t->args->dry)
		return CMD_DONE;
	if (!a)
		return CMD_FAILED;
	if (a->res.class_ == PROVIDER_ACCEPTED)
		return CMD_DONE;
	return a->res.class_ == PROVIDER_RETRY || a->res.class_ == PROVIDER_UNKNOWN ? CMD_TRY_LATER : CMD_FAILED;
}

static int run(struct mailtest *t)
{
	const struct cmd_args *a = t->args;
	const struct conf_form *form = a->form ? conf_form_by_id(t->cs, slice_from(a->form)) : &t->cs->forms[0];
	const char *lang = a->lang ? site_lang(t->site, slice_from(a->lang)) : site_lang_default(t->site);
	struct errinfo ei = {.code = OK};
	struct addr to;
	int rc;

	if (!t->cs->nforms || !form)
		return cmd_usage("there is no form \"%s\" on site %s", a->form ? a->form : "", t->cs->id);
	if (!lang)
		return cmd_usage("%s has no language \"%s\"", t->cs->id, a->lang);
	if (addr_parse(&t->arena, slice_from(a->words[1]), &to) != ADDR_OK)
		return cmd_usage("\"%s\" is no address that a mail can go to", a->words[1]);
	if (make(t, form, lang, to.full, &ei) != OK)
		return cmd_fail("mail test", &ei);
	if (!a->dry)
		t->n = trial_send(t->conf, t->cs, &t->m, t->answers);
	rc = print(t);
	return rc ? rc : verdict(t);
}

int mailtest_run(const struct cmd_args *a)
{
	struct mailtest t = {.args = a};
	struct errinfo ei = {.code = OK};
	struct conf *c;
	int rc = cmd_load(a, &c);

	if (rc)
		return rc;
	t.conf = c;
	t.cs = cmd_site(a, c);
	arena_init(&t.arena, ARENA_BYTES);
	if (!t.cs)
		rc = CMD_USAGE;
	else if (site_new(&t.site, c, t.cs, &ei) != OK)
		rc = cmd_fail(t.cs->id, &ei);
	else
		rc = run(&t);
	site_free(t.site);
	arena_free(&t.arena);
	conf_free(c);
	return rc;
}
