#include "mail/brevo_contact.h"

#include <jansson.h>
#include <string.h>

#include "mail/provider_priv.h"
#include "text/jsonw.h"
#include "text/url.h"

static const struct {
	const char *method, *path;
	bool address; /* behind the path */
	const char *tail;
} steps[BREVO_CONTACT__MAX] = {
	[BREVO_CONTACT_ADD] = {"POST", "/v3/contacts", false, ""},
	[BREVO_CONTACT_REMOVE] = {"PUT", "/v3/contacts/", true, "?identifierType=email_id"},
	[BREVO_CONTACT_DELETE] = {"DELETE", "/v3/contacts/", true, "?identifierType=email_id"},
	[BREVO_CONTACT_FORGET] = {"DELETE", "/v3/smtp/log/", true, ""},
};

static const struct provider_rule rules[] = {
	{401, NULL, NULL, PROVIDER_HOLD, true,
	    "Brevo does not accept the API key for contacts. Check mail.brevo.key_file and the addresses that the account "
	    "allows"},
	{402, NULL, NULL, PROVIDER_HOLD, true, "Brevo wants to be paid before it changes contacts (402). Look into the account"},
	{403, NULL, NULL, PROVIDER_HOLD, true, "Brevo does not let this API key work on contacts. Check its rights"},
	{400, NULL, NULL, PROVIDER_PERMANENT, true,
	    "Brevo refuses the change of a contact. Check provider_list of the purpose: it is the list's number"},
	{404, NULL, NULL, PROVIDER_PERMANENT, true,
	    "Brevo has no such contact list. Check provider_list of the purpose: it is the list's number"},
	{408, NULL, NULL, PROVIDER_RETRY, false, "Brevo did not get the whole request in time (408)"},
	{425, NULL, NULL, PROVIDER_RETRY, false, "Brevo is still working on this contact (425)"},
	{429, NULL, NULL, PROVIDER_RETRY, false, "Brevo limits the rate of this account (429)"},
	{3, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.brevo.endpoint answers with a redirect. Redirects are not followed; name the API itself"},
	{4, NULL, NULL, PROVIDER_PERMANENT, true, "Brevo refuses the change of a contact"},
	{5, NULL, NULL, PROVIDER_RETRY, false, "Brevo has an error of its own (5xx)"},
};

static const struct provider_rule rule_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false, "done"};
static const struct provider_rule rule_absent = {0, "absent", NULL, PROVIDER_PERMANENT, false,
	"Brevo has no such contact"};
static const struct provider_rule rule_no_api = {0, "no-api", NULL, PROVIDER_HOLD, true,
	"there is no contact API at mail.brevo.endpoint (404). It is the base URL without version, https://api.brevo.com"};
static const struct provider_rule rule_no_answer = {0, "no-answer", NULL, PROVIDER_RETRY, false,
	"no complete answer from Brevo"};
static const struct provider_rule rule_unreadable = {0, "unreadable", NULL, PROVIDER_RETRY, false,
	"the answer is nothing that we can read"};

/* The number goes into the body as it stands, so it is one that every reader of JSON reads exactly. */
static bool is_number(struct slice s)
{
	unsigned long long n;

	return slice_u64(s, &n) && n > 0 && n < (1ull << 53) && s.ptr[0] != '0';
}

static void body_write(struct buf *out, enum brevo_contact_step step, struct slice list, struct slice email)
{
	unsigned long long n = 0;
	struct jsonw w;

	slice_u64(list, &n);
	jsonw_init(&w, out);
	jsonw_object(&w);
	if (step == BREVO_CONTACT_ADD)
		jsonw_kstr(&w, "email", email);
	jsonw_key(&w, step == BREVO_CONTACT_ADD ? "listIds" : "unlinkListIds");
	jsonw_array(&w);
	jsonw_int(&w, (int64_t)n);
	jsonw_end_array(&w);
	if (step == BREVO_CONTACT_ADD)
		jsonw_kbool(&w, "updateEnabled", true);
	jsonw_end_object(&w);
}

enum err brevo_contact_build(struct arena *a, const struct provider_settings *s, enum brevo_contact_step step,
    struct slice list, struct slice email, struct provider_request *out, struct errinfo *ei)
{
	bool listed = step == BREVO_CONTACT_ADD || step == BREVO_CONTACT_REMOVE;
	enum err e;

	if (listed && !is_number(list))
		return err_set(ei, E_INVALID, "provider_list must be the number of a contact list of Brevo");
	e = provider_brevo_start(a, s, steps[step].method, out, ei);
	if (e)
		return e;
	buf_add_str(&out->url, steps[step].path);
	if (steps[step].address)
		url_encode(&out->url, email);
	buf_add_str(&out->url, steps[step].tail);
	if (listed)
		body_write(&out->body, step, list, email);
	if (!buf_ok(&out->url) || !buf_ok(&out->body))
		return err_set(ei, E_LIMIT, "contact for brevo: too long");
	return OK;
}

/* "There is no such thing" by Brevo itself, not by a server that knows nothing of contacts. */
static bool says_absent(struct slice body)
{
	json_error_t je;
	json_t *root = json_loadb(body.len ? body.ptr : "", body.len, 0, &je);
	const char *code = json_string_value(json_object_get(root, "code"));
	bool yes = code && strcmp(code, "document_not_found") == 0;

	json_decref(root);
	return yes;
}

/* Deleted is only what Brevo calls so: 204, and for the log 202 with a number of a process too. */
static bool done(enum brevo_contact_step step, int status)
{
	switch (step) {
	case BREVO_CONTACT_ADD:
		return status == 201 || status == 204 || status == 200;
	case BREVO_CONTACT_FORGET:
		return status == 204 || status == 202 || status == 200;
	default:
		return status == 204;
	}
}

void brevo_contact_read(enum brevo_contact_step step, const struct provider_reply *r, struct provider_result *out)
{
	const struct provider_rule *rule = provider_rule_find(rules, sizeof(rules) / sizeof(rules[0]), r->status, NULL,
	    SLICE(""));

	memset(out, 0, sizeof(*out));
	if (r->transport != PROVIDER_ANSWERED)
		provider_result_set(out, &rule_no_answer, 0, NULL);
	else if (done(step, r->status))
		provider_result_set(out, &rule_ok, r->status, NULL);
	else if (r->status == 404 && step != BREVO_CONTACT_ADD)
		provider_result_set(out, says_absent(r->body) ? &rule_absent : &rule_no_api, r->status, NULL);
	else
		provider_result_set(out, rule ? rule : &rule_unreadable, r->status, NULL);
	if (out->class_ == PROVIDER_RETRY)
		out->retry_after_s = provider_retry_after(r->retry_after, r->now_ms);
}
