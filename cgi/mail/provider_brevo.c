/*
 * Brevo, POST /v3/smtp/email. Sources: developers.brevo.com/reference/send-transac-email (properties, errors),
 * /docs/heterogenous-versions-batch-emails (idempotencyKey), /reference/get-email-event-report (look-up),
 * the client @getbrevo/brevo 6.0.3 (limits of fields, names of headers).
 */
#include "mail/provider_priv.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "mail/brevo_ask_priv.h"
#include "text/html.h"
#include "text/jsonw.h"
#include "text/url.h"
#include "text/utf8.h"

#define NAME_MAX_CHARS 70
/*
 * Brevo forgets a key after 30 minutes, by an older page after 15. A try is repeated with its key for so long; with
 * the worker's growing waits all repeats then lie within some 20 minutes of the first.
 */
#define KEY_MS (INT64_C(10) * 60 * 1000)
#define CODE_DUPLICATE "duplicate_parameter"
#define CODE_LOOKUP "look-up"

#define OUR_BUG "Brevo refuses the form of our request. This is a defect of Jawort: please report it with this line"

/* What an answer means; the first row that fits. Permanent with alarm is never the recipient's fault. */
static const struct provider_rule rules[] = {
	{401, "unauthorized", NULL, PROVIDER_HOLD, true,
	    "Brevo does not accept the API key. Check the file of mail.brevo.key_file (one line, the key alone) and the "
	    "addresses that the account allows; the queue waits until then"},
	{401, NULL, NULL, PROVIDER_HOLD, true,
	    "Brevo does not let us in (401). Check API key and account; the queue waits until then"},
	{402, NULL, NULL, PROVIDER_HOLD, true,
	    "Brevo says that the account has no credits left. Buy some or wait for the next day; the queue waits until then"},
	{403, NULL, NULL, PROVIDER_HOLD, true,
	    "Brevo forbids this request (403). Check the rights of the API key and whether the account may send; the "
	    "queue waits until then"},
	{400, "not_enough_credits", NULL, PROVIDER_HOLD, true,
	    "Brevo says that the account has no credits left. Buy some or wait for the next day; the queue waits until then"},
	{400, "account_in_process", NULL, PROVIDER_HOLD, true,
	    "Brevo is working on this account. Look into it there; the queue waits until then"},
	{400, "account_under_validation", NULL, PROVIDER_HOLD, true,
	    "Brevo has not yet released this account for sending. Look into it there; the queue waits until then"},
	{400, "permission_denied", NULL, PROVIDER_HOLD, true,
	    "Brevo does not let this account send. Look into it there; the queue waits until then"},
	{400, "reseller_permission_denied", NULL, PROVIDER_HOLD, true,
	    "Brevo does not let this account send. Look into it there; the queue waits until then"},
	{400, "method_not_allowed", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	/* The key was used before: it has the mail, but says no id. */
	{400, CODE_DUPLICATE, NULL, PROVIDER_UNKNOWN, false,
	    "Brevo has had a request with the key of this mail; it is asked what became of it"},
	{400, "invalid_parameter", "to", PROVIDER_PERMANENT, false, "Brevo does not accept the recipient's address"},
	{400, "invalid_parameter", "sender", PROVIDER_HOLD, true,
	    "Brevo does not accept the sender. Validate mail.from.email or its domain in the Brevo account; the queue "
	    "waits until then"},
	{400, "invalid_parameter", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "missing_parameter", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{400, "out_of_range", NULL, PROVIDER_PERMANENT, true, OUR_BUG},
	{404, NULL, NULL, PROVIDER_HOLD, true,
	    "there is no POST /v3/smtp/email at mail.brevo.endpoint (404). It is the base URL without version, "
	    "https://api.brevo.com; the queue waits until then"},
	{405, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.brevo.endpoint knows no POST (405). It is the base URL without version, https://api.brevo.com"},
	{408, NULL, NULL, PROVIDER_RETRY, false, "Brevo did not get the whole request in time (408)"},
	{413, NULL, NULL, PROVIDER_PERMANENT, true, "Brevo finds the mail too large (413)"},
	{429, NULL, NULL, PROVIDER_RETRY, false, "Brevo limits the rate of this account (429)"},
	{500, NULL, NULL, PROVIDER_RETRY, false, "Brevo has an internal error (500)"},
	{502, NULL, NULL, PROVIDER_RETRY, false, "Brevo's gateway has no answer (502)"},
	{503, NULL, NULL, PROVIDER_RETRY, false, "Brevo is not available (503)"},
	{504, NULL, NULL, PROVIDER_UNKNOWN, false,
	    "Brevo's gateway gave up waiting (504); the mail may have been taken all the same"},
	{5, NULL, NULL, PROVIDER_RETRY, false, "Brevo has an error of its own (5xx)"},
	{3, NULL, NULL, PROVIDER_HOLD, true,
	    "mail.brevo.endpoint answers with a redirect. Redirects are not followed; name the API itself"},
	{4, NULL, NULL, PROVIDER_PERMANENT, true, "Brevo refuses the request with a code that we do not know"},
};
#define NRULES (sizeof(rules) / sizeof(rules[0]))

static const struct provider_rule rule_lost = {0, "no-answer", NULL, PROVIDER_UNKNOWN, false,
	"the request left, but no complete answer came"};
static const struct provider_rule rule_not_sent = {0, "not-sent", NULL, PROVIDER_RETRY, false,
	"no connection to Brevo"};
static const struct provider_rule rule_no_id = {0, "no-id", NULL, PROVIDER_UNKNOWN, true,
	"the answer says success but holds no message id"};
static const struct provider_rule rule_unreadable = {0, "unreadable", NULL, PROVIDER_UNKNOWN, false,
	"the answer is no JSON that we can read, or is cut off"};
static const struct provider_rule rule_absent = {0, "absent", NULL, PROVIDER_PERMANENT, false,
	"Brevo has no event of a mail with this tag"};
static const struct provider_rule rule_lookup = {0, CODE_LOOKUP, NULL, PROVIDER_RETRY, false,
	"Brevo cannot say now what became of the mail"};
static const struct provider_rule rule_accepted = {0, "ok", NULL, PROVIDER_ACCEPTED, false, "accepted by Brevo"};

/* --- request --------------------------------------------------------------------- */

static void address_add(struct jsonw *w, const char *key, struct slice addr, struct slice name)
{
	jsonw_key(w, key);
	jsonw_object(w);
	jsonw_kstr(w, "email", addr);
	if (name.len)
		jsonw_kstr(w, "name", utf8_prefix(name, NAME_MAX_CHARS));
	jsonw_end_object(w);
}

/* No name of a person. The consent to tracking is refused for the recipient; it has an effect in some accounts only. */
static void to_add(struct jsonw *w, struct slice addr)
{
	jsonw_key(w, "to");
	jsonw_array(w);
	jsonw_object(w);
	jsonw_kstr(w, "email", addr);
	jsonw_key(w, "contactPixelTrackingConsent");
	jsonw_bool(w, false);
	jsonw_end_object(w);
	jsonw_end_array(w);
}

/*
 * The same for every try of a mail, so that Brevo takes it once. A UUID is demanded, and version 4 recommended: so the
 * hash of our name of the mail is given that form.
 */
static void key_add(struct jsonw *w, struct slice custom_id)
{
	static const char label[] = "brevo idempotencyKey";
	const struct crypt_part parts[] = {{label, sizeof(label)}, {custom_id.ptr, custom_id.len}};
	unsigned char h[CRYPT_HASH_BYTES];
	char uuid[37];

	crypt_sha256_parts(h, parts, 2);
	h[6] = (h[6] & 0x0f) | 0x40;
	h[8] = (h[8] & 0x3f) | 0x80;
	snprintf(uuid, sizeof(uuid), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1], h[2],
	    h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
	jsonw_kcstr(w, "idempotencyKey", uuid);
}

/*
 * Values must be ASCII; names get a capital at each word. Brevo "does not support standard headers", so Date,
 * Message-ID and List-Id are its own, and whether ours below win over its List-Unsubscribe is not documented: hence the
 * event "unsubscribed" counts as a withdrawal.
 */
static void headers_add(struct jsonw *w, const struct message *m)
{
	char url[MESSAGE_URL_MAX_BYTES + 3];

	jsonw_key(w, "headers");
	jsonw_object(w);
	key_add(w, m->custom_id);
	jsonw_kcstr(w, "Auto-Submitted", "auto-generated");
	jsonw_kcstr(w, "X-Auto-Response-Suppress", "All");
	if (m->list_unsubscribe.len) {
		snprintf(url, sizeof(url), "<%.*s>", SLICE_FMT(m->list_unsubscribe));
		jsonw_kcstr(w, "List-Unsubscribe", url);
		jsonw_kcstr(w, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
	}
	jsonw_end_object(w);
}

/* Brevo takes no mail without HTML: the text as it is, where there is no other. */
static struct slice html_of(struct arena *a, const struct message *m)
{
	struct buf b;

	if (m->html.len)
		return m->html;
	buf_init_arena(&b, a, PROVIDER_BODY_MAX_BYTES);
	buf_add_str(&b, "<!doctype html><html><head><meta charset=\"utf-8\"><title>");
	html_text(&b, m->subject);
	buf_add_str(&b, "</title></head><body><p style=\"white-space:pre-wrap\">");
	html_text(&b, m->text);
	buf_add_str(&b, "</p></body></html>\n");
	return buf_ok(&b) ? buf_slice(&b) : SLICE("");
}

static void message_add(struct jsonw *w, const struct message *m, struct slice html)
{
	jsonw_object(w);
	address_add(w, "sender", m->from_addr, m->from_name);
	to_add(w, m->to);
	if (m->reply_to.len)
		address_add(w, "replyTo", m->reply_to, SLICE(""));
	jsonw_kstr(w, "subject", m->subject);
	jsonw_kstr(w, "htmlContent", html);
	jsonw_kstr(w, "textContent", m->text);
	headers_add(w, m);
	jsonw_key(w, "tags");
	jsonw_array(w);
	jsonw_str(w, m->custom_id);
	jsonw_end_array(w);
	jsonw_end_object(w);
}

enum err provider_brevo_start(struct arena *a, const struct provider_settings *s, const char *method,
    struct provider_request *out, struct errinfo *ei)
{
	const char *key = arena_str(a, s->password);

	memset(out, 0, sizeof(*out));
	out->method = method;
	buf_init_arena(&out->url, a, 4096);
	buf_init_arena(&out->body, a, PROVIDER_BODY_MAX_BYTES);
	if (!key)
		return err_set(ei, E_NOMEM, "request for brevo");
	buf_add_slice(&out->url, s->endpoint);
	while (out->url.len && out->url.data[out->url.len - 1] == '/')
		buf_truncate(&out->url, out->url.len - 1);
	out->headers[out->nheaders++] = (struct provider_header){"Accept", "application/json"};
	out->headers[out->nheaders++] = (struct provider_header){"api-key", key};
	if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
		out->headers[out->nheaders++] = (struct provider_header){"Content-Type", "application/json"};
	return OK;
}

static enum err build(struct arena *a, const struct provider_settings *s, const struct message *m,
    struct provider_request *out, struct errinfo *ei)
{
	struct slice html;
	struct jsonw w;
	enum err e = provider_message_check(m, "brevo", ei);

	if (!e)
		e = provider_brevo_start(a, s, "POST", out, ei);
	if (e)
		return e;
	html = html_of(a, m);
	buf_add_str(&out->url, "/v3/smtp/email");
	jsonw_init(&w, &out->body);
	message_add(&w, m, html);
	if (!html.len || !buf_ok(&out->body) || !buf_ok(&out->url))
		return err_set(ei, E_LIMIT, "mail for brevo: over %u bytes", PROVIDER_BODY_MAX_BYTES);
	return OK;
}

/* tags is an array written as text. 30 days is what Brevo looks through by itself. */
static enum err build_lookup(struct arena *a, const struct provider_settings *s, struct slice custom_id,
    struct provider_request *out, struct errinfo *ei)
{
	enum err e;

	if (!provider_custom_id_ok(custom_id))
		return err_set(ei, E_INVALID, "mail for brevo: custom_id cannot be looked up");
	e = provider_brevo_start(a, s, "GET", out, ei);
	if (e)
		return e;
	buf_printf(&out->url, "/v3/smtp/statistics/events?limit=1&sort=asc&tags=%%5B%%22%.*s%%22%%5D", SLICE_FMT(custom_id));
	return buf_ok(&out->url) ? OK : err_set(ei, E_LIMIT, "mail for brevo: endpoint too long");
}

/* --- answer ---------------------------------------------------------------------- */

bool provider_brevo_id(struct slice s, char *dst, size_t n)
{
	bool ok = s.len > 0;

	dst[0] = '\0';
	if (s.len > 2 && s.ptr[0] == '<' && s.ptr[s.len - 1] == '>')
		s = slice_sub(s, 1, s.len - 2);
	for (size_t i = 0; i < s.len; i++)
		ok = ok && s.ptr[i] > ' ' && s.ptr[i] < 0x7f && !strchr("<>\"'\\&", s.ptr[i]);
	if (!ok || s.len + 3 > n)
		return false;
	snprintf(dst, n, "<%.*s>", SLICE_FMT(s));
	return true;
}

static json_t *body_parse(struct slice body)
{
	json_error_t je;

	return json_loadb(body.ptr ? body.ptr : "", body.len, 0, &je);
}

static struct slice text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && strlen(s) == json_string_length(v) ? slice_from(s) : SLICE("");
}

/* Only what is harmless in a log line. */
static bool code_copy(struct slice s, char *dst, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len && len + 1 < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", s.ptr[i]) && s.ptr[i])
			dst[len++] = s.ptr[i];
	dst[len] = '\0';
	return len > 0;
}

/*
 * Which field an invalid_parameter is about stands only in the sentence ("email is not valid in to", "the sender you
 * used ... is not valid"). It decides between this mail and all mails, never between sent and not sent. Each part has
 * a space in it, so that no recipient's address can pass for one.
 */
static struct slice related_of(struct slice sentence)
{
	static const struct {
		struct slice part;
		const char *field;
	} parts[] = {{SLICE_LIT("valid in to"), "to"}, {SLICE_LIT("to is not valid"), "to"},
		{SLICE_LIT("the sender you"), "sender"}, {SLICE_LIT("sender is "), "sender"},
		{SLICE_LIT("valid sender"), "sender"}, {SLICE_LIT("sender email"), "sender"}};
	size_t n = sizeof(parts) / sizeof(parts[0]);

	for (size_t p = 0; p < n; p++)
		for (size_t i = 0; i + parts[p].part.len <= sentence.len; i++)
			if (slice_ieq(slice_sub(sentence, i, parts[p].part.len), parts[p].part))
				return slice_from(parts[p].field);
	return SLICE("");
}

/* {"code":"invalid_parameter","message":"..."}; without it the status alone speaks. */
static void refusal_read(const json_t *root, int status, struct provider_result *out)
{
	char code[PROVIDER_CODE_BYTES];
	bool has = code_copy(text_of(json_object_get(root, "code")), code, sizeof(code));
	const struct provider_rule *r = provider_rule_find(rules, NRULES, status, has ? code : NULL,
	    related_of(text_of(json_object_get(root, "message"))));

	provider_result_set(out, r ? r : &rule_unreadable, status, has && r ? code : NULL);
}

static void success_read(const json_t *root, int status, struct provider_result *out)
{
	const json_t *id = json_object_get(root, "messageId");

	if (!json_is_object(root))
		provider_result_set(out, &rule_unreadable, status, NULL);
	else if (provider_brevo_id(text_of(id), out->provider_id, sizeof(out->provider_id)))
		provider_result_set(out, &rule_accepted, status, NULL);
	else
		provider_result_set(out, &rule_no_id, status, NULL);
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

static void read_reply(const struct provider_reply *r, struct provider_result *out)
{
	json_t *root;

	if (transport_read(r, out))
		return;
	root = body_parse(r->body);
	if (r->status / 100 == 2)
		success_read(root, r->status, out);
	else
		refusal_read(root, r->status, out);
	json_decref(root);
	if (out->class_ == PROVIDER_RETRY)
		out->retry_after_s = provider_retry_after(r->retry_after, r->now_ms);
}

/* No events: an empty list, or an object without one. Anything else is no answer. */
static void events_read(const json_t *root, struct provider_result *out)
{
	const json_t *events = json_object_get(root, "events");
	const json_t *id = json_object_get(json_array_get(events, 0), "messageId");

	if (json_is_object(root) && json_object_size(root) == (events ? 1u : 0u) &&
	    (!events || (json_is_array(events) && json_array_size(events) == 0)))
		provider_result_set(out, &rule_absent, 200, NULL);
	else if (provider_brevo_id(text_of(id), out->provider_id, sizeof(out->provider_id)))
		provider_result_set(out, &rule_accepted, 200, NULL);
	else
		provider_result_set(out, &rule_lookup, 200, NULL);
}

static void read_lookup(const struct provider_reply *r, struct provider_result *out)
{
	json_t *root = r->transport == PROVIDER_ANSWERED ? body_parse(r->body) : NULL;

	memset(out, 0, sizeof(*out));
	if (r->transport != PROVIDER_ANSWERED)
		provider_result_set(out, &rule_lookup, 0, NULL);
	else if (r->status == 200)
		events_read(root, out);
	else
		refusal_read(root, r->status, out);
	json_decref(root);
	if (r->status != 200 && out->class_ != PROVIDER_HOLD)
		provider_result_set(out, &rule_lookup, r->status, NULL);
	if (out->class_ == PROVIDER_RETRY)
		out->retry_after_s = provider_retry_after(r->retry_after, r->now_ms);
}

static bool repeat(struct slice code, int64_t age_ms)
{
	return age_ms >= 0 && age_ms < KEY_MS && !slice_eq_str(code, CODE_DUPLICATE) && !slice_eq_str(code, CODE_LOOKUP);
}

const struct provider provider_brevo = {
	.name = "brevo",
	.kind = PROVIDER_HTTP,
	.list_id = false,
	.build = build,
	.read = read_reply,
	.build_lookup = build_lookup,
	.read_lookup = read_lookup,
	.repeat = repeat,
	.rules = rules,
	.nrules = NRULES,
	.asks = {
		[PROVIDER_PROBE_LOGIN] = {brevo_ask_login, brevo_read_login},
		[PROVIDER_PROBE_SENDER] = {brevo_ask_sender, brevo_read_sender},
		[PROVIDER_PROBE_DOMAIN] = {brevo_ask_domain, brevo_read_domain},
	},
};
