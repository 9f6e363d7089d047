/* SMTP with submission (RFC 5321, 6409). The answers' classes are those of section 4.2.1. */
#include "mail/provider_priv.h"

#include <string.h>

static const struct provider_rule rules[] = {
	{530, NULL, NULL, PROVIDER_HOLD, true,
	    "the mail server wants a login or TLS (530). Check mail.smtp; the queue waits until then"},
	{534, NULL, NULL, PROVIDER_HOLD, true,
	    "the mail server wants another way of login (534). Check mail.smtp; the queue waits until then"},
	{535, NULL, NULL, PROVIDER_HOLD, true,
	    "the mail server does not accept user or password (535). Check mail.smtp.user and the password file; "
	    "the queue waits until then"},
	{538, NULL, NULL, PROVIDER_HOLD, true,
	    "the mail server wants TLS for the login (538). Check mail.smtp.url; the queue waits until then"},
	{552, NULL, NULL, PROVIDER_RETRY, false, "the mailbox is full or the mail too large (552)"},
	{554, NULL, NULL, PROVIDER_PERMANENT, true, "the mail server refuses the mail (554)"},
	{550, NULL, NULL, PROVIDER_PERMANENT, false, "the mail server refuses the recipient (550)"},
	{551, NULL, NULL, PROVIDER_PERMANENT, false, "the mail server refuses the recipient (551)"},
	{553, NULL, NULL, PROVIDER_PERMANENT, false, "the mail server refuses the recipient's address (553)"},
	{4, NULL, NULL, PROVIDER_RETRY, false, "the mail server cannot take the mail now (4xx)"},
	{5, NULL, NULL, PROVIDER_PERMANENT, true, "the mail server refuses the mail (5xx)"},
	{2, NULL, NULL, PROVIDER_ACCEPTED, false, "accepted by the mail server"},
};
#define NRULES (sizeof(rules) / sizeof(rules[0]))

/* Every mail would get this answer: greeting, or a sender that this login may not use (553 5.7.1 at Postfix). */
static const struct provider_rule rule_refused_us = {5, NULL, NULL, PROVIDER_HOLD, true,
	"the mail server refuses us or the sender, before it knows the recipient. Check mail.from.email, what the login may "
	"send as, and whether the server lets this machine in; the queue waits until then"};
static const struct provider_rule rule_not_sent = {0, "not-sent", NULL, PROVIDER_RETRY, false,
	"no connection to the mail server"};
static const struct provider_rule rule_lost = {0, "no-answer", NULL, PROVIDER_UNKNOWN, false,
	"the connection ended before the mail server said whether it took the mail"};

static enum err build(struct arena *a, const struct provider_settings *s, const struct message *m,
    struct provider_request *out, struct errinfo *ei)
{
	enum err e = provider_message_check(m, "smtp", ei);

	if (e)
		return e;
	memset(out, 0, sizeof(*out));
	buf_init_arena(&out->url, a, 2048);
	buf_init_arena(&out->body, a, MESSAGE_MIME_MAX_BYTES);
	buf_add_slice(&out->url, s->endpoint);
	message_mime(&out->body, m);
	/* provider_message_check() has seen both addresses: nothing in them can become an SMTP command. */
	out->mail_from = arena_str(a, m->from_addr);
	out->rcpt_to = arena_str(a, m->to);
	out->starttls = s->starttls;
	out->user = s->user;
	out->password = s->password;
	if (!buf_ok(&out->body) || !buf_ok(&out->url) || !out->mail_from || !out->rcpt_to)
		return err_set(ei, E_LIMIT, "mail for smtp: cannot be written as a message of at most %u bytes",
		    MESSAGE_MIME_MAX_BYTES);
	return OK;
}

static void read_reply(const struct provider_reply *r, struct provider_result *out)
{
	const struct provider_rule *rule = NULL;

	memset(out, 0, sizeof(*out));
	if (r->transport == PROVIDER_ANSWERED)
		rule = provider_rule_find(rules, NRULES, r->status, NULL, SLICE(""));
	else if (r->transport == PROVIDER_NOT_SENT)
		rule = &rule_not_sent;
	if (rule && r->refused_us && rule->class_ == PROVIDER_PERMANENT)
		rule = &rule_refused_us;
	provider_result_set(out, rule ? rule : &rule_lost, r->status, NULL);
	if (rule && !rule->code)
		memcpy(out->code, "smtp", 4); /* "http-550" -> "smtp-550" */
}

static enum err ask_build(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	(void)sender;
	memset(out, 0, sizeof(*out));
	buf_init_arena(&out->url, a, 2048);
	buf_init_arena(&out->body, a, 1);
	buf_add_slice(&out->url, s->endpoint);
	out->smtp_login = true;
	out->starttls = s->starttls;
	out->user = s->user;
	out->password = s->password;
	return buf_ok(&out->url) ? OK : err_set(ei, E_LIMIT, "smtp: mail.smtp.url too long");
}

/* The classes of sending, but whatever is refused for good here must be mended by somebody. */
static void ask_read(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	(void)sender;
	read_reply(r, out);
	if (out->class_ == PROVIDER_PERMANENT)
		out->class_ = PROVIDER_HOLD;
	else if (out->class_ == PROVIDER_UNKNOWN)
		out->class_ = PROVIDER_RETRY;
	if (out->class_ == PROVIDER_ACCEPTED)
		memcpy(out->text, "the mail server lets us in", sizeof("the mail server lets us in"));
}

const struct provider provider_smtp = {
	.name = "smtp",
	.kind = PROVIDER_SMTP,
	.list_id = true,
	.build = build,
	.read = read_reply,
	.rules = rules,
	.nrules = NRULES,
	.asks = {[PROVIDER_PROBE_LOGIN] = {ask_build, ask_read}},
};
