#include "mail/mailjet_contact.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "mail/provider_priv.h"
#include "text/jsonw.h"
#include "text/url.h"

static const char *const actions[MAILJET_CONTACT__MAX] = {"addnoforce", "addforce", "unsub", NULL, NULL};

static const struct provider_rule rules[] = {
	{401, NULL, NULL, PROVIDER_HOLD, true,
	    "Mailjet does not accept the API key for contacts. Check mail.mailjet.key_file"},
	{403, NULL, NULL, PROVIDER_HOLD, true, "Mailjet does not let this API key work on contacts. Check its rights"},
	{404, NULL, NULL, PROVIDER_PERMANENT, true,
	    "Mailjet has no such contact list. Check provider_list of the purpose: it is the list's number"},
	{408, NULL, NULL, PROVIDER_RETRY, false, "Mailjet did not get the whole request in time (408)"},
	{429, NULL, NULL, PROVIDER_RETRY, false, "Mailjet limits the rate of this API key (429)"},
	{3, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.mailjet.endpoint answers with a redirect. Redirects are not followed; name the API itself"},
	{4, NULL, NULL, PROVIDER_PERMANENT, true, "Mailjet refuses the change of a contact"},
	{5, NULL, NULL, PROVIDER_RETRY, false, "Mailjet has an error of its own (5xx)"},
};

static const struct provider_rule rule_ok = {0, "ok", NULL, PROVIDER_ACCEPTED, false, "done"};
static const struct provider_rule rule_absent = {0, "absent", NULL, PROVIDER_PERMANENT, false,
	"Mailjet has no such contact"};
static const struct provider_rule rule_no_api = {0, "no-api", NULL, PROVIDER_HOLD, true,
	"there is no contact API at mail.mailjet.endpoint (404). It is the base URL without version, "
	"https://api.mailjet.com"};
static const struct provider_rule rule_no_answer = {0, "no-answer", NULL, PROVIDER_RETRY, false,
	"no complete answer from Mailjet"};
static const struct provider_rule rule_unreadable = {0, "unreadable", NULL, PROVIDER_RETRY, false,
	"the answer is nothing that we can read"};

static bool is_number(struct slice s)
{
	unsigned long long n;

	return slice_u64(s, &n) && n > 0;
}

static void url_make(struct buf *url, const struct provider_settings *s, enum mailjet_contact_step step,
    struct slice what, struct slice email)
{
	buf_add_slice(url, s->endpoint);
	while (url->len && url->data[url->len - 1] == '/')
		buf_truncate(url, url->len - 1);
	if (step == MAILJET_CONTACT_FIND) {
		buf_add_str(url, "/v3/REST/contact/");
		url_encode(url, email);
	} else if (step == MAILJET_CONTACT_DELETE) {
		buf_printf(url, "/v4/contacts/%.*s", SLICE_FMT(what));
	} else {
		buf_printf(url, "/v3/REST/contactslist/%.*s/managecontact", SLICE_FMT(what));
	}
}

enum err mailjet_contact_build(struct arena *a, const struct provider_settings *s, enum mailjet_contact_step step,
    struct slice what, struct slice email, struct provider_request *out, struct errinfo *ei)
{
	struct jsonw w;

	memset(out, 0, sizeof(*out));
	if (step != MAILJET_CONTACT_FIND && !is_number(what))
		return err_set(ei, E_INVALID, "provider_list must be the number of a contact list of Mailjet");
	out->method = step == MAILJET_CONTACT_FIND ? "GET" : step == MAILJET_CONTACT_DELETE ? "DELETE" : "POST";
	buf_init_arena(&out->url, a, 4096);
	buf_init_arena(&out->body, a, 4096);
	url_make(&out->url, s, step, what, email);
	out->headers[out->nheaders++] = (struct provider_header){"Accept", "application/json"};
	out->user = s->user;
	out->password = s->password;
	if (actions[step]) {
		out->headers[out->nheaders++] = (struct provider_header){"Content-Type", "application/json"};
		jsonw_init(&w, &out->body);
		jsonw_object(&w);
		jsonw_kstr(&w, "Email", email);
		jsonw_kcstr(&w, "Action", actions[step]);
		jsonw_end_object(&w);
	}
	if (!buf_ok(&out->url) || !buf_ok(&out->body))
		return err_set(ei, E_LIMIT, "contact for mailjet: too long");
	return OK;
}

/* The number in {"Data":[{"ID":1000}]}, as number or as text. */
static bool id_read(struct slice body, char *dst, size_t n)
{
	json_error_t je;
	json_t *root = json_loadb(body.len ? body.ptr : "", body.len, 0, &je);
	const json_t *id = json_object_get(json_array_get(json_object_get(root, "Data"), 0), "ID");
	const char *s = json_string_value(id);

	dst[0] = '\0';
	if (json_is_integer(id))
		snprintf(dst, n, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
	else if (s && strlen(s) < n)
		snprintf(dst, n, "%s", s);
	json_decref(root);
	return is_number(slice_from(dst));
}

/* "There is no such object" by Mailjet itself, not by a server that knows nothing of contacts. */
static bool says_absent(struct slice body)
{
	json_error_t je;
	json_t *root = json_loadb(body.len ? body.ptr : "", body.len, 0, &je);
	bool yes = json_integer_value(json_object_get(root, "StatusCode")) == 404;

	json_decref(root);
	return yes;
}

static void success(enum mailjet_contact_step step, const struct provider_reply *r, struct provider_result *out)
{
	char id[32];

	if (step == MAILJET_CONTACT_FIND && !id_read(r->body, id, sizeof(id))) {
		provider_result_set(out, &rule_unreadable, r->status, NULL);
		return;
	}
	provider_result_set(out, &rule_ok, r->status, NULL);
	if (step == MAILJET_CONTACT_FIND)
		snprintf(out->provider_id, sizeof(out->provider_id), "%s", id);
}

void mailjet_contact_read(enum mailjet_contact_step step, const struct provider_reply *r,
    struct provider_result *out)
{
	bool one = step == MAILJET_CONTACT_FIND || step == MAILJET_CONTACT_DELETE;
	const struct provider_rule *rule;

	memset(out, 0, sizeof(*out));
	if (r->transport != PROVIDER_ANSWERED) {
		provider_result_set(out, &rule_no_answer, 0, NULL);
		return;
	}
	rule = provider_rule_find(rules, sizeof(rules) / sizeof(rules[0]), r->status, NULL, SLICE(""));
	/* Deleted is only what Mailjet calls so with 200. */
	if (r->status == 200 || (r->status == 201 && !one))
		success(step, r, out);
	else if (r->status == 404 && one)
		provider_result_set(out, says_absent(r->body) ? &rule_absent : &rule_no_api, r->status, NULL);
	else
		provider_result_set(out, rule ? rule : &rule_unreadable, r->status, NULL);
	if (out->class_ == PROVIDER_RETRY)
		out->retry_after_s = provider_retry_after(r->retry_after, r->now_ms);
}
