#include "mail/brevo_ask_priv.h"

#include <jansson.h>
#include <string.h>

#include "mail/provider_priv.h"

static const struct provider_rule rules[] = {
	{401, NULL, NULL, PROVIDER_HOLD, true,
	    "Brevo does not accept the API key. Check the file of mail.brevo.key_file (one line, the key alone, of the kind "
	    "xkeysib-) and the addresses that the account allows"},
	{402, NULL, NULL, PROVIDER_HOLD, true, "Brevo says that the account has no credits left"},
	{403, NULL, NULL, PROVIDER_HOLD, true,
	    "Brevo forbids this API key to be used (403). Check its rights and the state of the account"},
	{404, NULL, NULL, PROVIDER_HOLD, true,
	    "there is no API at mail.brevo.endpoint (404). It is the base URL without version, https://api.brevo.com"},
	{429, NULL, NULL, PROVIDER_RETRY, false, "Brevo limits the rate of this account (429). Ask again later"},
	{3, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.brevo.endpoint answers with a redirect. Redirects are not followed; name the API itself"},
	{4, NULL, NULL, PROVIDER_HOLD, true, "Brevo refuses the question with a code that we do not know"},
	{5, NULL, NULL, PROVIDER_RETRY, false, "Brevo has an error of its own (5xx). Ask again later"},
};

static const struct provider_rule rule_no_answer = {0, "no-answer", NULL, PROVIDER_RETRY, false,
	"no answer from Brevo"};
static const struct provider_rule rule_unreadable = {0, "unreadable", NULL, PROVIDER_RETRY, false,
	"the answer is nothing that we can read. Is mail.brevo.endpoint the API?"};
static const struct provider_rule login_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false, "Brevo accepts the API key"};
static const struct provider_rule sender_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false,
	"Brevo knows the sender as active"};
static const struct provider_rule sender_inactive = {0, "inactive", NULL, PROVIDER_HOLD, true,
	"Brevo knows the sender, but it is not verified yet. Enter the code of Brevo's mail to that address, or authenticate "
	"its domain in the account"};
static const struct provider_rule sender_unlisted = {0, "unlisted", NULL, PROVIDER_HOLD, true,
	"Brevo does not know mail.from.email as a sender. Add it, or authenticate its domain, in the account under "
	"\"Senders, domains\""};
static const struct provider_rule domain_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false,
	"Brevo signs for the sender's domain"};
static const struct provider_rule domain_error = {0, "dkim", NULL, PROVIDER_HOLD, true,
	"Brevo has not authenticated the sender's domain: its DKIM record is missing or wrong. Brevo shows the records to enter "
	"under \"Senders, domains\""};
static const struct provider_rule domain_absent = {0, "absent", NULL, PROVIDER_HOLD, true,
	"Brevo has no domain for mail.from.email. Add the domain in the account and enter its DKIM records"};

static enum err ask(struct arena *a, const struct provider_settings *s, const char *path,
    struct provider_request *out, struct errinfo *ei)
{
	enum err e = provider_brevo_start(a, s, "GET", out, ei);

	if (e)
		return e;
	buf_add_str(&out->url, path);
	return buf_ok(&out->url) ? OK : err_set(ei, E_LIMIT, "brevo: endpoint too long");
}

enum err brevo_ask_login(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	(void)sender;
	return ask(a, s, "/v3/account", out, ei);
}

/* All of them: a filter would have to be right about case. */
enum err brevo_ask_sender(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	(void)sender;
	return ask(a, s, "/v3/senders", out, ei);
}

static struct slice domain_of(struct slice address)
{
	return slice_sub(address, slice_find(address, '@', 0) + 1, address.len);
}

/* The domain becomes part of a path: letters, digits, "-" and "." only, which the configuration has seen to. */
enum err brevo_ask_domain(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	struct slice domain = domain_of(sender);
	enum err e = ask(a, s, "/v3/senders/domains/", out, ei);

	for (size_t i = 0; i < domain.len; i++)
		if (!domain.ptr[i] || !strchr(plain, domain.ptr[i]))
			return err_set(ei, E_INVALID, "brevo: the domain of mail.from.email is no host name");
	if (e)
		return e;
	if (!domain.len)
		return err_set(ei, E_INVALID, "brevo: mail.from.email has no domain");
	buf_add_slice(&out->url, domain);
	return buf_ok(&out->url) ? OK : err_set(ei, E_LIMIT, "brevo: endpoint too long");
}

/* The object of a good answer; NULL: out has the reason. To be given back. */
static json_t *root_of(const struct provider_reply *r, struct provider_result *out)
{
	const struct provider_rule *rule;
	json_error_t je;
	json_t *root;

	memset(out, 0, sizeof(*out));
	if (r->transport != PROVIDER_ANSWERED) {
		provider_result_set(out, &rule_no_answer, 0, NULL);
		return NULL;
	}
	if (r->status != 200) {
		rule = provider_rule_find(rules, sizeof(rules) / sizeof(rules[0]), r->status, NULL, SLICE(""));
		provider_result_set(out, rule ? rule : &rule_unreadable, r->status, NULL);
		return NULL;
	}
	root = json_loadb(r->body.len ? r->body.ptr : "", r->body.len, 0, &je);
	if (json_is_object(root))
		return root;
	json_decref(root);
	provider_result_set(out, &rule_unreadable, r->status, NULL);
	return NULL;
}

static struct slice text_of(const json_t *row, const char *key)
{
	return slice_from(json_string_value(json_object_get(row, key)));
}

void brevo_read_login(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	json_t *root = root_of(r, out);

	(void)sender;
	if (root)
		provider_result_set(out, json_is_string(json_object_get(root, "email")) ? &login_ok : &rule_unreadable, r->status, NULL);
	json_decref(root);
}

void brevo_read_sender(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	const struct provider_rule *found = &sender_unlisted;
	json_t *root = root_of(r, out);
	const json_t *senders = json_object_get(root, "senders");

	for (size_t i = 0; i < json_array_size(senders) && found != &sender_ok; i++) {
		const json_t *row = json_array_get(senders, i);

		if (slice_ieq(text_of(row, "email"), sender))
			found = json_is_true(json_object_get(row, "active")) ? &sender_ok : &sender_inactive;
	}
	/* Nobody there: the list may be left out then. Something else in its place is no answer. */
	if (root)
		provider_result_set(out, senders && !json_is_array(senders) ? &rule_unreadable : found, r->status, NULL);
	json_decref(root);
}

/* "authenticated" covers accounts whose signature stands in CNAME records; older ones have the TXT record. */
void brevo_read_domain(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	json_t *root = root_of(r, out);
	const json_t *dkim = json_object_get(json_object_get(root, "dns_records"), "dkim_record");
	bool known = root && json_is_boolean(json_object_get(root, "authenticated")), good;

	(void)sender;
	good = json_is_true(json_object_get(root, "authenticated")) || json_is_true(json_object_get(dkim, "status"));
	/* Of the two 404 only this one is JSON with a code: the other is an endpoint that is not the API. */
	if (r->transport == PROVIDER_ANSWERED && r->status == 404 && slice_find(r->body, '{', 0) < r->body.len)
		provider_result_set(out, &domain_absent, r->status, NULL);
	else if (root)
		provider_result_set(out, !known ? &rule_unreadable : good ? &domain_ok : &domain_error, r->status, NULL);
	json_decref(root);
}
