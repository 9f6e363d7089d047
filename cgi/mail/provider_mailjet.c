/*
 * Mailjet Send API v3.1. Sources: Mailjet's guide "Send API v3.1" (errors,
 * properties, forbidden headers) and its REST reference (message).
 */
#include "mail/provider_priv.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "mail/mailjet_ask_priv.h"
#include "text/jsonw.h"
#include "text/url.h"

#define OUR_BUG "Mailjet refuses the form of our request. This is a defect of Jawort: please report it with " \
	"this line"
#define NOT_VALIDATED "Mailjet does not know the sender address as validated. Validate mail.from.email (or " \
	"its domain) in the Mailjet account; the queue waits until then"

/*
 * What an answer means. Order counts: recipient faults before the same code at
 * another place. Permanent with alarm is never the recipient's fault.
 */
static const struct provider_rule rules[] = {
	{401, "mj-0001", NULL, PROVIDER_HOLD, true,
	    "Mailjet has suspended this API key. Ask their support; the queue waits until then"},
	{401, "mj-0015", NULL, PROVIDER_HOLD, true,
	    "Mailjet does not accept the API key. Check the file of mail.mailjet.key_file (one line KEY:SECRET); "
	    "the queue waits until then"},
	{401, NULL, NULL, PROVIDER_HOLD, true,
	    "Mailjet does not let us in (401). Check API key and account; the queue waits until then"},
	{402, NULL, NULL, PROVIDER_HOLD, true,
	    "Mailjet wants the account paid or the plan enlarged (402); the queue waits until then"},
	{403, "send-0006", NULL, PROVIDER_HOLD, true, NOT_VALIDATED},
	{403, "send-0007", NULL, PROVIDER_HOLD, true, NOT_VALIDATED},
	{403, "send-0008", NULL, PROVIDER_HOLD, true, NOT_VALIDATED},
	{403, NULL, NULL, PROVIDER_HOLD, true,
	    "Mailjet forbids this request (403). Check rights of the API key; the queue waits until then"},
	{400, "mj-0013", "To", PROVIDER_PERMANENT, false, "Mailjet does not accept the recipient's address"},
	{400, "mj-0012", "To", PROVIDER_PERMANENT, false, "Mailjet does not accept the recipient's address"},
	{400, "mj-0013", "From", PROVIDER_HOLD, true,
	    "Mailjet does not accept mail.from.email as an address; the queue waits until it is mended"},
	{400, "mj-0013", NULL, PROVIDER_PERMANENT, true, "Mailjet does not accept an address of this mail"},
	{400, "mj-0012", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0002", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0003", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0004", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0005", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0006", NULL, PROVIDER_PERMANENT, true,
	    "Mailjet finds a property too long (most likely the subject, 255 characters)"},
	{400, "mj-0007", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0008", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "mj-0011", NULL, PROVIDER_PERMANENT, true, "Mailjet finds the mail too large"},
	{400, "send-0003", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0004", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0010", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0011", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0012", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0013", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0015", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "send-0016", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{404, NULL, NULL, PROVIDER_HOLD, true,
	    "there is no Send API v3.1 at mail.mailjet.endpoint (404). It is the base URL without version, "
	    "https://api.mailjet.com; the queue waits until then"},
	{408, NULL, NULL, PROVIDER_RETRY, false, "Mailjet did not get the whole request in time (408)"},
	{413, NULL, NULL, PROVIDER_PERMANENT, true, "Mailjet finds the mail too large (413)"},
	{429, NULL, NULL, PROVIDER_RETRY, false, "Mailjet limits the rate of this API key (429)"},
	{500, NULL, NULL, PROVIDER_RETRY, false, "Mailjet has an internal error (500)"},
	{502, NULL, NULL, PROVIDER_RETRY, false, "Mailjet's gateway has no answer (502)"},
	{503, NULL, NULL, PROVIDER_RETRY, false, "Mailjet is not available (503)"},
	{504, NULL, NULL, PROVIDER_UNKNOWN, false,
	    "Mailjet's gateway gave up waiting (504); the mail may have been taken all the same"},
	{5, NULL, NULL, PROVIDER_RETRY, false, "Mailjet has an error of its own (5xx)"},
	{3, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.mailjet.endpoint answers with a redirect. Redirects are not followed; name the API itself"},
	{4, NULL, NULL, PROVIDER_PERMANENT, true, "Mailjet refuses the request with a code that we do not know"},
};
#define NRULES (sizeof(rules) / sizeof(rules[0]))

static const struct provider_rule rule_lost = {0, "no-answer", NULL, PROVIDER_UNKNOWN, false,
	"the request left, but no complete answer came"};
static const struct provider_rule rule_not_sent = {0, "not-sent", NULL, PROVIDER_RETRY, false,
	"no connection to Mailjet"};
static const struct provider_rule rule_no_id = {0, "no-id", NULL, PROVIDER_UNKNOWN, true,
	"the answer says success but holds no message id"};
static const struct provider_rule rule_unreadable = {0, "unreadable", NULL, PROVIDER_UNKNOWN, false,
	"the answer is no JSON that we can read, or is cut off"};
static const struct provider_rule rule_absent = {0, "absent", NULL, PROVIDER_PERMANENT, false,
	"Mailjet has no message of this name"};
static const struct provider_rule rule_accepted = {0, "ok", NULL, PROVIDER_ACCEPTED, false,
	"accepted by Mailjet"};

/* --- request --------------------------------------------------------------------- */

static void address_add(struct jsonw *w, struct slice addr, struct slice name)
{
	jsonw_object(w);
	jsonw_kstr(w, "Email", addr);
	if (name.len)
		jsonw_kstr(w, "Name", name);
	jsonw_end_object(w);
}

/*
 * None of these is on Mailjet's list of forbidden headers (send-0011). Date,
 * Message-ID and List-Id are. Without our own List-Unsubscribe Mailjet adds one
 * of its own, and a click there would never reach us.
 */
static void headers_add(struct jsonw *w, const struct message *m)
{
	char url[MESSAGE_URL_MAX_BYTES + 3];

	jsonw_key(w, "Headers");
	jsonw_object(w);
	jsonw_kcstr(w, "Auto-Submitted", "auto-generated");
	jsonw_kcstr(w, "X-Auto-Response-Suppress", "All");
	if (m->list_unsubscribe.len) {
		snprintf(url, sizeof(url), "<%.*s>", SLICE_FMT(m->list_unsubscribe));
		jsonw_kcstr(w, "List-Unsubscribe", url);
		jsonw_kcstr(w, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
	}
	jsonw_end_object(w);
}

static void message_add(struct jsonw *w, const struct message *m)
{
	jsonw_object(w);
	jsonw_key(w, "From");
	address_add(w, m->from_addr, m->from_name);
	jsonw_key(w, "To");
	jsonw_array(w);
	address_add(w, m->to, SLICE(""));
	jsonw_end_array(w);
	if (m->reply_to.len) {
		jsonw_key(w, "ReplyTo");
		address_add(w, m->reply_to, SLICE(""));
	}
	jsonw_kstr(w, "Subject", m->subject);
	jsonw_kstr(w, "TextPart", m->text);
	if (m->html.len) {
		jsonw_kstr(w, "HTMLPart", m->html);
		/* Only allowed beside HTMLPart; the account's default may be "on". */
		jsonw_kcstr(w, "TrackOpens", "disabled");
		jsonw_kcstr(w, "TrackClicks", "disabled");
	}
	jsonw_kstr(w, "CustomID", m->custom_id);
	headers_add(w, m);
	jsonw_end_object(w);
}

static void request_start(struct arena *a, const struct provider_settings *s, struct provider_request *out,
    const char *method)
{
	memset(out, 0, sizeof(*out));
	out->method = method;
	buf_init_arena(&out->url, a, 2048);
	buf_init_arena(&out->body, a, PROVIDER_BODY_MAX_BYTES);
	buf_add_slice(&out->url, s->endpoint);
	while (out->url.len && out->url.data[out->url.len - 1] == '/')
		buf_truncate(&out->url, out->url.len - 1);
	out->headers[out->nheaders++] = (struct provider_header){"Accept", "application/json"};
	out->user = s->user;
	out->password = s->password;
}

static enum err build(struct arena *a, const struct provider_settings *s, const struct message *m,
    struct provider_request *out, struct errinfo *ei)
{
	struct jsonw w;
	enum err e = provider_message_check(m, "mailjet", ei);

	if (e)
		return e;
	request_start(a, s, out, "POST");
	buf_add_str(&out->url, "/v3.1/send");
	out->headers[out->nheaders++] = (struct provider_header){"Content-Type", "application/json"};
	jsonw_init(&w, &out->body);
	jsonw_object(&w);
	jsonw_key(&w, "Messages");
	jsonw_array(&w);
	message_add(&w, m);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	if (!buf_ok(&out->body) || !buf_ok(&out->url))
		return err_set(ei, E_LIMIT, "mail for mailjet: over %u bytes", PROVIDER_BODY_MAX_BYTES);
	return OK;
}

static enum err build_lookup(struct arena *a, const struct provider_settings *s, struct slice custom_id,
    struct provider_request *out, struct errinfo *ei)
{
	if (!provider_custom_id_ok(custom_id))
		return err_set(ei, E_INVALID, "mail for mailjet: custom_id cannot be looked up");
	request_start(a, s, out, "GET");
	buf_add_str(&out->url, "/v3/REST/message?CustomID=");
	url_encode(&out->url, custom_id);
	if (!buf_ok(&out->url))
		return err_set(ei, E_LIMIT, "mail for mailjet: endpoint too long");
	return OK;
}

/* --- answer ---------------------------------------------------------------------- */

/* Ids are whole numbers up to 2^63 or strings of digits; 0 and "" mean none (sandbox). */
static bool id_text(const json_t *v, char *dst, size_t n)
{
	const char *s = json_string_value(v);

	if (json_is_integer(v) && json_integer_value(v) > 0) {
		snprintf(dst, n, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return true;
	}
	if (!s || !*s || strlen(s) >= n || strspn(s, "0123456789") != strlen(s) || strspn(s, "0") == strlen(s))
		return false;
	snprintf(dst, n, "%s", s);
	return true;
}

/* Copies a code or identifier of theirs, only its harmless bytes. False if nothing is left. */
static bool clean_copy(const json_t *v, char *dst, size_t n)
{
	const char *s = json_string_value(v);
	size_t at = 0;

	for (; s && *s && at + 1 < n; s++)
		if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '-')
			dst[at++] = *s;
	dst[at] = '\0';
	return at > 0;
}

static struct slice related_of(const json_t *error)
{
	const char *s = json_string_value(json_array_get(json_object_get(error, "ErrorRelatedTo"), 0));

	return slice_from(s);
}

/* Which of several errors speaks for the mail: what stops the queue, our faults, the recipient's. */
static int weight(const struct provider_rule *r)
{
	static const int by_class[PROVIDER_CLASS__MAX] = {
		[PROVIDER_HOLD] = 5, [PROVIDER_PERMANENT] = 3, [PROVIDER_UNKNOWN] = 2, [PROVIDER_RETRY] = 1,
	};

	return by_class[r->class_] + (r->class_ == PROVIDER_PERMANENT && r->alarm);
}

static int error_status(const json_t *error, int status)
{
	json_int_t n = json_integer_value(json_object_get(error, "StatusCode"));

	return n >= 400 && n <= 599 ? (int)n : status;
}

static void error_take(const json_t *error, int http_status, struct provider_result *out, int *best)
{
	char code[PROVIDER_CODE_BYTES], ident[48];
	bool has_code = clean_copy(json_object_get(error, "ErrorCode"), code, sizeof(code));
	/* An overall 5xx or 429 is the truth of the transport; else the error's own number is more exact. */
	int status = http_status >= 500 || http_status == 429 ? http_status : error_status(error, http_status);
	const struct provider_rule *r = provider_rule_find(rules, NRULES, status, has_code ? code : NULL,
	    related_of(error));
	size_t len;

	if (!r)
		r = &rule_unreadable;
	if (weight(r) <= *best)
		return;
	*best = weight(r);
	provider_result_set(out, r, status, has_code ? code : NULL);
	len = strlen(out->text);
	if (clean_copy(json_object_get(error, "ErrorIdentifier"), ident, sizeof(ident)))
		snprintf(out->text + len, sizeof(out->text) - len, " (Mailjet's ErrorIdentifier %s)", ident);
}

/* Errors in one of the three shapes: v3.1 per message, v3.1 global, v3. False: none of them. */
static bool errors_read(const json_t *root, int status, struct provider_result *out)
{
	const json_t *messages = json_object_get(root, "Messages");
	const json_t *errors = json_object_get(json_array_get(messages, 0), "Errors");
	int best = 0;

	for (size_t i = 0; i < json_array_size(errors); i++)
		error_take(json_array_get(errors, i), status, out, &best);
	if (!best && (json_object_get(root, "ErrorCode") || json_object_get(root, "ErrorMessage")))
		error_take(root, status, out, &best);
	return best > 0;
}

static bool success_read(const json_t *root, struct provider_result *out)
{
	const json_t *message = json_array_get(json_object_get(root, "Messages"), 0);
	const char *status = json_string_value(json_object_get(message, "Status"));
	const json_t *to = json_array_get(json_object_get(message, "To"), 0);

	if (!status || strcmp(status, "success") != 0)
		return false;
	if (id_text(json_object_get(to, "MessageID"), out->provider_id, sizeof(out->provider_id)))
		provider_result_set(out, &rule_accepted, 200, NULL);
	else
		provider_result_set(out, &rule_no_id, 200, NULL);
	return true;
}

static void status_read(int status, struct provider_result *out)
{
	const struct provider_rule *r = provider_rule_find(rules, NRULES, status, NULL, SLICE(""));

	if (r && status / 100 != 2)
		provider_result_set(out, r, status, NULL);
	else
		provider_result_set(out, &rule_unreadable, status, NULL);
}

/* True: the transport alone decides. */
static bool transport_read(const struct provider_reply *r, struct provider_result *out)
{
	memset(out, 0, sizeof(*out));
	if (r->transport == PROVIDER_NOT_SENT)
		provider_result_set(out, &rule_not_sent, 0, NULL);
	if (r->transport == PROVIDER_LOST)
		provider_result_set(out, &rule_lost, 0, NULL);
	return r->transport != PROVIDER_ANSWERED;
}

static json_t *body_parse(struct slice body)
{
	json_error_t je;

	return json_loadb(body.ptr ? body.ptr : "", body.len, 0, &je);
}

static void read_reply(const struct provider_reply *r, struct provider_result *out)
{
	json_t *root;

	if (transport_read(r, out))
		return;
	root = body_parse(r->body);
	if (r->status / 100 == 2) {
		if (!success_read(root, out) && !errors_read(root, r->status, out))
			provider_result_set(out, &rule_unreadable, r->status, NULL);
	} else if (!errors_read(root, r->status, out)) {
		status_read(r->status, out);
	}
	json_decref(root);
	if (out->class_ == PROVIDER_RETRY)
		out->retry_after_s = provider_retry_after(r->retry_after, r->now_ms);
}

/* A message that Mailjet has, or a clean empty list. Any doubt is no answer. */
static void read_lookup(const struct provider_reply *r, struct provider_result *out)
{
	json_t *root;
	const json_t *data;

	if (transport_read(r, out)) {
		out->class_ = PROVIDER_RETRY;
		return;
	}
	root = body_parse(r->body);
	data = json_object_get(root, "Data");
	if (r->status != 200) {
		if (!errors_read(root, r->status, out))
			status_read(r->status, out);
	} else if (!json_is_array(data)) {
		provider_result_set(out, &rule_unreadable, 200, NULL);
	} else if (json_array_size(data) == 0) {
		provider_result_set(out, &rule_absent, 200, NULL);
	} else if (id_text(json_object_get(json_array_get(data, 0), "ID"), out->provider_id,
	               sizeof(out->provider_id))) {
		provider_result_set(out, &rule_accepted, 200, NULL);
	} else {
		provider_result_set(out, &rule_no_id, 200, NULL);
	}
	json_decref(root);
	if (out->class_ == PROVIDER_UNKNOWN ||
	    (out->class_ == PROVIDER_PERMANENT && (r->status != 200 || strcmp(out->code, "absent") != 0)))
		out->class_ = PROVIDER_RETRY;
	if (out->class_ == PROVIDER_RETRY)
		out->retry_after_s = provider_retry_after(r->retry_after, r->now_ms);
}

const struct provider provider_mailjet = {
	.name = "mailjet",
	.kind = PROVIDER_HTTP,
	.list_id = false,
	.build = build,
	.read = read_reply,
	.build_lookup = build_lookup,
	.read_lookup = read_lookup,
	.rules = rules,
	.nrules = NRULES,
	.asks = {
		[PROVIDER_PROBE_LOGIN] = {mailjet_ask_login, mailjet_read_login},
		[PROVIDER_PROBE_SENDER] = {mailjet_ask_sender, mailjet_read_sender},
		[PROVIDER_PROBE_DOMAIN] = {mailjet_ask_domain, mailjet_read_domain},
	},
};
