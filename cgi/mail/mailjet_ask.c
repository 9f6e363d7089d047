#include "mail/mailjet_ask_priv.h"

#include <jansson.h>
#include <string.h>

#include "mail/provider_priv.h"

static const struct provider_rule rules[] = {
	{401, NULL, NULL, PROVIDER_HOLD, true,
	    "Mailjet does not accept the API key. Check the file of mail.mailjet.key_file (one line KEY:SECRET)"},
	{403, NULL, NULL, PROVIDER_HOLD, true,
	    "Mailjet forbids this API key to be used (403). Check its rights and the state of the account"},
	{404, NULL, NULL, PROVIDER_HOLD, true,
	    "there is no REST API at mail.mailjet.endpoint (404). It is the base URL without version, "
	    "https://api.mailjet.com"},
	{429, NULL, NULL, PROVIDER_RETRY, false, "Mailjet limits the rate of this API key (429). Ask again later"},
	{3, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.mailjet.endpoint answers with a redirect. Redirects are not followed; name the API itself"},
	{4, NULL, NULL, PROVIDER_HOLD, true, "Mailjet refuses the question with a code that we do not know"},
	{5, NULL, NULL, PROVIDER_RETRY, false, "Mailjet has an error of its own (5xx). Ask again later"},
};

static const struct provider_rule rule_no_answer = {0, "no-answer", NULL, PROVIDER_RETRY, false,
	"no answer from Mailjet"};
static const struct provider_rule rule_unreadable = {0, "unreadable", NULL, PROVIDER_RETRY, false,
	"the answer is nothing that we can read. Is mail.mailjet.endpoint the API?"};
static const struct provider_rule login_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false, "Mailjet accepts the API key"};
static const struct provider_rule sender_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false,
	"Mailjet knows the sender as active"};
static const struct provider_rule sender_inactive = {0, "inactive", NULL, PROVIDER_HOLD, true,
	"Mailjet knows the sender, but it is not active yet. Follow the link in Mailjet's mail to that address, or "
	"validate its domain in the account"};
static const struct provider_rule sender_absent = {0, "absent", NULL, PROVIDER_HOLD, true,
	"Mailjet does not know mail.from.email as a sender. Add it, or its whole domain, in the account under "
	"\"Sender domains & addresses\""};
static const struct provider_rule domain_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false,
	"Mailjet signs for the sender's domain"};
static const struct provider_rule domain_error = {0, "dkim", NULL, PROVIDER_HOLD, true,
	"the DKIM record of the sender's domain is missing or wrong. Mailjet shows the TXT record to enter at "
	"mailjet._domainkey under \"Sender domains & addresses\""};
static const struct provider_rule domain_absent = {0, "absent", NULL, PROVIDER_HOLD, true,
	"Mailjet has no domain for mail.from.email. Add the domain in the account and enter its DKIM record"};

static enum err ask(struct arena *a, const struct provider_settings *s, const char *path,
    struct provider_request *out, struct errinfo *ei)
{
	memset(out, 0, sizeof(*out));
	out->method = "GET";
	buf_init_arena(&out->url, a, 2048);
	buf_init_arena(&out->body, a, 1);
	buf_add_slice(&out->url, s->endpoint);
	while (out->url.len && out->url.data[out->url.len - 1] == '/')
		buf_truncate(&out->url, out->url.len - 1);
	buf_add_str(&out->url, path);
	out->headers[out->nheaders++] = (struct provider_header){"Accept", "application/json"};
	out->user = s->user;
	out->password = s->password;
	return buf_ok(&out->url) ? OK : err_set(ei, E_LIMIT, "mailjet: endpoint too long");
}

enum err mailjet_ask_login(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	(void)sender;
	return ask(a, s, "/v3/REST/sender?Limit=1", out, ei);
}

/* All of them (1000 is their maximum): filters would have to be right about case and about whole domains. */
enum err mailjet_ask_sender(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	(void)sender;
	return ask(a, s, "/v3/REST/sender?Limit=1000", out, ei);
}

enum err mailjet_ask_domain(struct arena *a, const struct provider_settings *s, struct slice sender,
    struct provider_request *out, struct errinfo *ei)
{
	(void)sender;
	return ask(a, s, "/v3/REST/dns?Limit=1000", out, ei);
}

/* The list "Data" of a good answer; NULL: out has the reason. *root to be given back. */
static const json_t *data_of(const struct provider_reply *r, struct provider_result *out, json_t **root)
{
	const struct provider_rule *rule = NULL;
	const json_t *data;
	json_error_t je;

	memset(out, 0, sizeof(*out));
	*root = NULL;
	if (r->transport != PROVIDER_ANSWERED) {
		provider_result_set(out, &rule_no_answer, 0, NULL);
		return NULL;
	}
	if (r->status != 200) {
		rule = provider_rule_find(rules, sizeof(rules) / sizeof(rules[0]), r->status, NULL, SLICE(""));
		provider_result_set(out, rule ? rule : &rule_unreadable, r->status, NULL);
		return NULL;
	}
	*root = json_loadb(r->body.len ? r->body.ptr : "", r->body.len, 0, &je);
	data = json_object_get(*root, "Data");
	if (json_is_array(data))
		return data;
	provider_result_set(out, &rule_unreadable, r->status, NULL);
	return NULL;
}

void mailjet_read_login(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	json_t *root;

	(void)sender;
	if (data_of(r, out, &root))
		provider_result_set(out, &login_ok, r->status, NULL);
	json_decref(root);
}

static struct slice domain_of(struct slice address)
{
	return slice_sub(address, slice_find(address, '@', 0) + 1, address.len);
}

static bool covers(struct slice entry, struct slice sender)
{
	if (slice_starts(entry, SLICE("*@")))
		return slice_ieq(domain_of(entry), domain_of(sender));
	return slice_ieq(entry, sender);
}

static struct slice text_of(const json_t *row, const char *key)
{
	return slice_from(json_string_value(json_object_get(row, key)));
}

void mailjet_read_sender(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	const struct provider_rule *found = &sender_absent;
	json_t *root;
	const json_t *data = data_of(r, out, &root);

	for (size_t i = 0; i < json_array_size(data) && found != &sender_ok; i++) {
		const json_t *row = json_array_get(data, i);
		struct slice status = text_of(row, "Status");

		if (!covers(text_of(row, "Email"), sender) || slice_ieq(status, SLICE("Deleted")))
			continue;
		found = slice_ieq(status, SLICE("Active")) ? &sender_ok : &sender_inactive;
	}
	if (data)
		provider_result_set(out, found, r->status, NULL);
	json_decref(root);
}

void mailjet_read_domain(const struct provider_reply *r, struct slice sender, struct provider_result *out)
{
	const struct provider_rule *found = &domain_absent;
	json_t *root;
	const json_t *data = data_of(r, out, &root);

	for (size_t i = 0; i < json_array_size(data) && found == &domain_absent; i++) {
		const json_t *row = json_array_get(data, i);

		if (slice_ieq(text_of(row, "Domain"), domain_of(sender)))
			found = slice_ieq(text_of(row, "DKIMStatus"), SLICE("OK")) ? &domain_ok : &domain_error;
	}
	if (data)
		provider_result_set(out, found, r->status, NULL);
	json_decref(root);
}
