/* Brevo: requests byte by byte, every answer with its class, contacts, and what its events are read as. */
#include "golden.h"

#include "mail/brevo_contact.h"
#include "mail/brevo_event.h"
#include "mail/provider.h"

static struct arena ar;

static int setup(void **state)
{
	(void)state;
	arena_init(&ar, 4 * ARENA_REQUEST_MAX_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&ar);
	return 0;
}

static const struct provider *brevo(void)
{
	return provider_find(SLICE("brevo"));
}

static const struct provider_settings settings = {
	.endpoint = SLICE_LIT("https://api.brevo.com"),
	.password = SLICE_LIT("xkeysib-SECRET"),
};

static bool has(struct slice s, const char *part)
{
	return s.len && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

static const char *header(const struct provider_request *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

/* --- requests -------------------------------------------------------------------- */

static void full_request(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_request r;
	struct errinfo ei = {0};

	(void)state;
	assert_int_equal(brevo()->build(&ar, &settings, &m, &r, &ei), OK);
	assert_string_equal(r.method, "POST");
	assert_string_equal(r.url.data, "https://api.brevo.com/v3/smtp/email");
	assert_string_equal(header(&r, "api-key"), "xkeysib-SECRET");
	assert_string_equal(header(&r, "Content-Type"), "application/json");
	/* No Basic auth beside it. */
	assert_int_equal(r.user.len + r.password.len, 0);
	golden_check("brevo/confirm.json", buf_slice(&r.body));
}

/* Brevo takes no mail without HTML. */
static void text_only_gets_html(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_request r;

	(void)state;
	m.html = m.reply_to = m.list_unsubscribe = m.from_name = SLICE("");
	m.text = SLICE("a < b & c\nhttps://www.example.org/j/c/abc\n");
	assert_int_equal(brevo()->build(&ar, &settings, &m, &r, NULL), OK);
	assert_true(has(buf_slice(&r.body), "a &lt; b &amp; c\\nhttps://www.example.org/j/c/abc\\n"));
	golden_check("brevo/text-only.json", buf_slice(&r.body));
}

static void nothing_it_must_not(void **state)
{
	static const char *const never[] = {"params", "templateId", "Message-I", "\"Date\"", "List-Id", "SECRET", "\"cc\"",
		"\"bcc\"", "X-Mailin", "scheduledAt", "batchId", "PixelTrackingConsent\":true"};
	struct message m = filled_message(&ar);
	struct provider_request r;

	(void)state;
	assert_int_equal(brevo()->build(&ar, &settings, &m, &r, NULL), OK);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (has(buf_slice(&r.body), never[i]))
			fail_msg("%s is in the request", never[i]);
	assert_false(has(buf_slice(&r.url), "SECRET"));
}

static void key_of(const char *custom_id, char out[static 37])
{
	struct message m = filled_message(&ar);
	struct provider_request r;
	const char *at;

	m.custom_id = slice_from(custom_id);
	assert_int_equal(brevo()->build(&ar, &settings, &m, &r, NULL), OK);
	at = strstr(r.body.data, "\"idempotencyKey\":\"");
	assert_non_null(at);
	snprintf(out, 37, "%s", at + strlen("\"idempotencyKey\":\""));
}

/* The same mail has the same key for ever, another mail another one; and it is a UUID. */
static void key_is_the_mails(void **state)
{
	char a[37], b[37], c[37];

	(void)state;
	key_of("example-17-1795270509123", a);
	key_of("example-17-1795270509123", b);
	key_of("example-17-1795270509124", c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	for (size_t i = 0; i < 36; i++)
		assert_true(i == 8 || i == 13 || i == 18 || i == 23 ? a[i] == '-' : strchr("0123456789abcdef", a[i]) != NULL);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
}

static void long_name_is_cut(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_request r;

	(void)state;
	m.from_name = SLICE("üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüzu viel");
	assert_int_equal(brevo()->build(&ar, &settings, &m, &r, NULL), OK);
	assert_true(has(buf_slice(&r.body), "üü\"},\"to\""));
	assert_false(has(buf_slice(&r.body), "zu viel"));
}

static void code_is_refused(void **state)
{
	static const size_t fields[] = {offsetof(struct message, from_name), offsetof(struct message, subject),
		offsetof(struct message, text), offsetof(struct message, html)};
	static const struct slice bad[] = {SLICE_LIT("Hallo {{contact.EMAIL}}"), SLICE_LIT("{% if x %}"), SLICE_LIT("{{")};
	struct provider_request r;

	(void)state;
	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
			struct message m = filled_message(&ar);

			*(struct slice *)(void *)((char *)&m + fields[f]) = bad[b];
			assert_int_equal(brevo()->build(&ar, &settings, &m, &r, NULL), E_INVALID);
		}
	}
}

static void too_large_is_refused(void **state)
{
	static char text[PROVIDER_BODY_MAX_BYTES];
	struct message m = filled_message(&ar);
	struct provider_request r;

	(void)state;
	memset(text, '"', sizeof(text));
	m.html = SLICE("");
	m.text = slice_make(text, sizeof(text));
	assert_int_equal(brevo()->build(&ar, &settings, &m, &r, NULL), E_LIMIT);
}

static void lookup_request(void **state)
{
	struct provider_settings s = settings;
	struct provider_request r;

	(void)state;
	s.endpoint = SLICE("http://127.0.0.1:9//");
	assert_int_equal(brevo()->build_lookup(&ar, &s, SLICE("ex-1_2.3"), &r, NULL), OK);
	assert_string_equal(r.method, "GET");
	assert_string_equal(r.url.data,
	    "http://127.0.0.1:9/v3/smtp/statistics/events?limit=1&sort=asc&tags=%5B%22ex-1_2.3%22%5D");
	assert_int_equal(r.body.len, 0);
	assert_string_equal(header(&r, "api-key"), "xkeysib-SECRET");
	assert_int_equal(brevo()->build_lookup(&ar, &s, SLICE("a\"]&tags=[\"b"), &r, NULL), E_INVALID);
}

/* --- answers --------------------------------------------------------------------- */

struct reply_case {
	int line;
	int status;
	const char *body;
	enum provider_class want;
	bool alarm;
	const char *code;
	const char *id;
};

#define SAYS(code, message) "{\"code\":\"" code "\",\"message\":\"" message "\"}"
#define ID "<202611211415.12345678901@smtp-relay.mailin.fr>"
#define OURS(code) {__LINE__, 400, SAYS(code, "about anna@example.net"), PROVIDER_PERMANENT, true, code, ""}
#define HELD(code) {__LINE__, 400, SAYS(code, "about anna@example.net"), PROVIDER_HOLD, true, code, ""}

static const struct reply_case replies[] = {
	{__LINE__, 201, "{\"messageId\":\"" ID "\"}", PROVIDER_ACCEPTED, false, "ok", ID},
	{__LINE__, 200, "{\"messageId\":\"" ID "\",\"more\":1}", PROVIDER_ACCEPTED, false, "ok", ID},
	{__LINE__, 202, "{\"messageId\":\"1.2@smtp-relay.mailin.fr\"}", PROVIDER_ACCEPTED, false, "ok",
	    "<1.2@smtp-relay.mailin.fr>"},
	{__LINE__, 201, "{}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 201, "{\"messageId\":17}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 201, "{\"messageId\":\"\"}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 201, "{\"messageId\":\"<>\"}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 201, "{\"messageId\":\"<a b@c>\"}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 201, "{\"messageId\":\"<a\\u0000@c>\"}", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 201, "{\"messageId\":\"<0123456789012345678901234567890123456789012345678901234567890123456789012345678"
	    "9012345678901234567890@c>\"}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 201, "{\"messageId\":\"<2026", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 201, "", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 201, "[]", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, "<html>login</html>", PROVIDER_UNKNOWN, false, "unreadable", ""},
	/* It has had this key: not sent a second time, and the id is still to be found. */
	{__LINE__, 400, SAYS("duplicate_parameter", "x"), PROVIDER_UNKNOWN, false, "duplicate_parameter", ""},
	/* This mail, or all mails. */
	{__LINE__, 400, SAYS("invalid_parameter", "email is not valid in to"), PROVIDER_PERMANENT, false,
	    "invalid_parameter", ""},
	{__LINE__, 400, SAYS("invalid_parameter", "to is not valid"), PROVIDER_PERMANENT, false, "invalid_parameter", ""},
	{__LINE__, 400, SAYS("invalid_parameter", "Sending has been rejected because the sender you used a@b.de is not valid"),
	    PROVIDER_HOLD, true, "invalid_parameter", ""},
	{__LINE__, 400, SAYS("invalid_parameter", "valid sender email required"), PROVIDER_HOLD, true, "invalid_parameter", ""},
	{__LINE__, 400, SAYS("invalid_parameter", "Sender is invalid"), PROVIDER_HOLD, true, "invalid_parameter", ""},
	{__LINE__, 400, SAYS("invalid_parameter", "sender email missing"), PROVIDER_HOLD, true, "invalid_parameter", ""},
	/* An address cannot stop the queue. */
	{__LINE__, 400, SAYS("invalid_parameter", "email is not valid in to: sender@example.net"), PROVIDER_PERMANENT, false,
	    "invalid_parameter", ""},
	{__LINE__, 400, SAYS("invalid_parameter", "the address valid.sender@sender.example is bad"), PROVIDER_PERMANENT, true,
	    "invalid_parameter", ""},
	OURS("invalid_parameter"), OURS("missing_parameter"), OURS("out_of_range"), OURS("method_not_allowed"),
	OURS("something_new"),
	{__LINE__, 400, "", PROVIDER_PERMANENT, true, "http-400", ""},
	{__LINE__, 400, "{\"code\":", PROVIDER_PERMANENT, true, "http-400", ""},
	{__LINE__, 400, "{\"code\":7}", PROVIDER_PERMANENT, true, "http-400", ""},
	{__LINE__, 400, SAYS("x\\u0022\\n<anna@example.net>", ""), PROVIDER_PERMANENT, true, "xannaexamplenet", ""},
	{__LINE__, 413, "", PROVIDER_PERMANENT, true, "http-413", ""},
	{__LINE__, 422, "", PROVIDER_PERMANENT, true, "http-422", ""},
	/* What stops the queue. */
	HELD("not_enough_credits"), HELD("account_in_process"), HELD("account_under_validation"), HELD("permission_denied"),
	HELD("reseller_permission_denied"),
	{__LINE__, 401, SAYS("unauthorized", "Key not found"), PROVIDER_HOLD, true, "unauthorized", ""},
	{__LINE__, 401, "", PROVIDER_HOLD, true, "http-401", ""},
	{__LINE__, 402, SAYS("not_enough_credits", "x"), PROVIDER_HOLD, true, "not_enough_credits", ""},
	{__LINE__, 403, SAYS("permission_denied", "x"), PROVIDER_HOLD, true, "permission_denied", ""},
	{__LINE__, 404, "Not found\n", PROVIDER_HOLD, true, "http-404", ""},
	{__LINE__, 405, SAYS("method_not_allowed", "x"), PROVIDER_HOLD, true, "method_not_allowed", ""},
	{__LINE__, 301, "", PROVIDER_HOLD, true, "http-301", ""},
	/* Later. */
	{__LINE__, 408, "", PROVIDER_RETRY, false, "http-408", ""},
	{__LINE__, 429, SAYS("too_many_requests", "x"), PROVIDER_RETRY, false, "too_many_requests", ""},
	{__LINE__, 500, SAYS("internal_error", "x"), PROVIDER_RETRY, false, "internal_error", ""},
	{__LINE__, 502, "<html><title>502</title></html>", PROVIDER_RETRY, false, "http-502", ""},
	{__LINE__, 503, SAYS("unauthorized", "x"), PROVIDER_RETRY, false, "unauthorized", ""},
	{__LINE__, 504, "", PROVIDER_UNKNOWN, false, "http-504", ""},
	{__LINE__, 520, "", PROVIDER_RETRY, false, "http-520", ""},
};
#define NREPLIES (sizeof(replies) / sizeof(replies[0]))

static void reply(const struct reply_case *c, struct provider_result *out)
{
	struct provider_reply r = {.transport = PROVIDER_ANSWERED, .status = c->status, .body = slice_from(c->body)};

	brevo()->read(&r, out);
}

static void every_answer_has_its_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < NREPLIES; i++) {
		const struct reply_case *c = &replies[i];
		struct provider_result got;

		reply(c, &got);
		if (got.class_ != c->want || got.alarm != c->alarm || strcmp(got.code, c->code) != 0 ||
		    strcmp(got.provider_id, c->id) != 0)
			fail_msg("line %d: %s alarm=%d code=%s id=%s", c->line, provider_class_name(got.class_), got.alarm,
			    got.code, got.provider_id);
		if (!got.text[0] || strchr(got.text, '@'))
			fail_msg("line %d: text \"%s\"", c->line, got.text);
	}
}

/* A row that no case reaches is a row that nobody has thought about. */
static void every_row_has_a_case(void **state)
{
	const struct provider *p = brevo();

	(void)state;
	for (size_t r = 0; r < p->nrules; r++) {
		bool used = false;

		for (size_t i = 0; i < NREPLIES && !used; i++) {
			struct provider_result got;

			reply(&replies[i], &got);
			used = strcmp(got.text, p->rules[r].meaning) == 0 &&
			    (p->rules[r].status < 10 || p->rules[r].status == replies[i].status) &&
			    (!p->rules[r].code || strcmp(got.code, p->rules[r].code) == 0);
		}
		if (!used)
			fail_msg("no case for row %zu: %d %s", r, p->rules[r].status, p->rules[r].meaning);
	}
}

static void transports_and_waits(void **state)
{
	struct provider_reply r = {.transport = PROVIDER_NOT_SENT};
	struct provider_result got;

	(void)state;
	brevo()->read(&r, &got);
	assert_int_equal(got.class_, PROVIDER_RETRY);
	r.transport = PROVIDER_LOST;
	brevo()->read(&r, &got);
	assert_int_equal(got.class_, PROVIDER_UNKNOWN);
	r = (struct provider_reply){.status = 429, .retry_after = SLICE("40")};
	brevo()->read(&r, &got);
	assert_int_equal(got.retry_after_s, 40);
}

static void lookup_answers(void **state)
{
	static const struct {
		int line;
		int status;
		const char *body;
		enum provider_class want;
		const char *code, *id;
	} rows[] = {
		{__LINE__, 200, "{\"events\":[{\"email\":\"a@b.de\",\"messageId\":\"" ID "\",\"event\":\"requests\"}]}",
		    PROVIDER_ACCEPTED, "ok", ID},
		{__LINE__, 200, "{\"events\":[]}", PROVIDER_PERMANENT, "absent", ""},
		{__LINE__, 200, "{}", PROVIDER_PERMANENT, "absent", ""},
		/* Any doubt is no answer. */
		{__LINE__, 200, "{\"events\":null}", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "{\"events\":{}}", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "{\"code\":\"x\"}", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "{\"events\":[],\"code\":\"x\"}", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "{\"events\":[{}]}", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "{\"events\":[{\"messageId\":5}]}", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "[]", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 200, "", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 204, "", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 400, SAYS("invalid_parameter", "x"), PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 400, SAYS("absent", "x"), PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 400, SAYS("duplicate_parameter", "x"), PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 429, "", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 500, "", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 504, "", PROVIDER_RETRY, "look-up", ""},
		{__LINE__, 401, SAYS("unauthorized", "x"), PROVIDER_HOLD, "unauthorized", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider_reply r = {.status = rows[i].status, .body = slice_from(rows[i].body),
			.retry_after = SLICE("9")};
		struct provider_result got;

		brevo()->read_lookup(&r, &got);
		if (got.class_ != rows[i].want || strcmp(got.code, rows[i].code) != 0 || strcmp(got.provider_id, rows[i].id) != 0)
			fail_msg("line %d: %s %s %s", rows[i].line, provider_class_name(got.class_), got.code, got.provider_id);
		assert_int_equal(got.retry_after_s, got.class_ == PROVIDER_RETRY ? 9 : 0);
	}
	for (int k = PROVIDER_NOT_SENT; k <= PROVIDER_LOST; k++) {
		const struct provider_reply r = {.transport = (enum provider_transport)k};
		struct provider_result got;

		brevo()->read_lookup(&r, &got);
		assert_int_equal(got.class_, PROVIDER_RETRY);
		assert_string_equal(got.code, "look-up");
	}
}

/* Only a lost answer, only while Brevo remembers the key, and not when it has said that it does. */
static void repeats(void **state)
{
	(void)state;
	assert_true(brevo()->repeat(SLICE(""), 0));
	assert_true(brevo()->repeat(SLICE("no-answer"), 30000));
	assert_true(brevo()->repeat(SLICE("http-504"), 599999));
	assert_false(brevo()->repeat(SLICE("no-answer"), 600000));
	assert_false(brevo()->repeat(SLICE("no-answer"), -1));
	assert_false(brevo()->repeat(SLICE("duplicate_parameter"), 1000));
	assert_false(brevo()->repeat(SLICE("look-up"), 1000));
	assert_null(provider_find(SLICE("mailjet"))->repeat);
}

/* --- contacts -------------------------------------------------------------------- */

static void contact_requests(void **state)
{
	static const struct {
		int row;
		enum brevo_contact_step step;
		const char *list, *email, *method, *url, *body;
	} rows[] = {
		{__LINE__, BREVO_CONTACT_ADD, "7", "anna@example.net", "POST", "https://api.brevo.com/v3/contacts",
		    "{\"email\":\"anna@example.net\",\"listIds\":[7],\"updateEnabled\":true}"},
		{__LINE__, BREVO_CONTACT_REMOVE, "9007199254740991", "an/na+x@example.net", "PUT",
		    "https://api.brevo.com/v3/contacts/an%2Fna%2Bx%40example.net?identifierType=email_id",
		    "{\"unlinkListIds\":[9007199254740991]}"},
		{__LINE__, BREVO_CONTACT_DELETE, "", "anna@example.net", "DELETE",
		    "https://api.brevo.com/v3/contacts/anna%40example.net?identifierType=email_id", ""},
		{__LINE__, BREVO_CONTACT_FORGET, "", "anna@example.net", "DELETE",
		    "https://api.brevo.com/v3/smtp/log/anna%40example.net", ""},
		{__LINE__, BREVO_CONTACT_ADD, "news", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, BREVO_CONTACT_ADD, "", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, BREVO_CONTACT_ADD, "0", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, BREVO_CONTACT_ADD, "07", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, BREVO_CONTACT_REMOVE, "9007199254740993", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, BREVO_CONTACT_REMOVE, "1],\"emailBlacklisted\":[false", "anna@example.net", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct provider_request r;
		enum err e = brevo_contact_build(&ar, &settings, rows[i].step, slice_from(rows[i].list),
		    slice_from(rows[i].email), &r, NULL);

		if (e != (rows[i].method ? OK : E_INVALID))
			fail_msg("row %d: %s", rows[i].row, err_name(e));
		if (e)
			continue;
		assert_string_equal(r.method, rows[i].method);
		if (!slice_eq_str(buf_slice(&r.url), rows[i].url) || !slice_eq_str(buf_slice(&r.body), rows[i].body))
			fail_msg("row %d: %.*s %.*s", rows[i].row, SLICE_FMT(buf_slice(&r.url)), SLICE_FMT(buf_slice(&r.body)));
		assert_string_equal(header(&r, "api-key"), "xkeysib-SECRET");
		assert_true(!header(&r, "Content-Type") == !rows[i].body[0]);
	}
}

#define ABSENT SAYS("document_not_found", "x")

static void contact_answers(void **state)
{
	static const struct {
		int row;
		enum brevo_contact_step step;
		int status;
		const char *body;
		enum provider_class class_;
		const char *code;
	} rows[] = {
		{__LINE__, BREVO_CONTACT_ADD, 201, "{\"id\":1}", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, BREVO_CONTACT_ADD, 204, "", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, BREVO_CONTACT_ADD, 400, SAYS("invalid_parameter", "List ID"), PROVIDER_PERMANENT, "http-400"},
		{__LINE__, BREVO_CONTACT_ADD, 404, ABSENT, PROVIDER_PERMANENT, "http-404"},
		{__LINE__, BREVO_CONTACT_ADD, 425, "", PROVIDER_RETRY, "http-425"},
		{__LINE__, BREVO_CONTACT_ADD, 408, "", PROVIDER_RETRY, "http-408"},
		{__LINE__, BREVO_CONTACT_ADD, 415, "", PROVIDER_PERMANENT, "http-415"},
		{__LINE__, BREVO_CONTACT_ADD, 402, "", PROVIDER_HOLD, "http-402"},
		{__LINE__, BREVO_CONTACT_REMOVE, 204, "", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, BREVO_CONTACT_REMOVE, 404, ABSENT, PROVIDER_PERMANENT, "absent"},
		{__LINE__, BREVO_CONTACT_REMOVE, 401, "", PROVIDER_HOLD, "http-401"},
		{__LINE__, BREVO_CONTACT_REMOVE, 403, "", PROVIDER_HOLD, "http-403"},
		{__LINE__, BREVO_CONTACT_REMOVE, 429, "", PROVIDER_RETRY, "http-429"},
		{__LINE__, BREVO_CONTACT_REMOVE, 500, "", PROVIDER_RETRY, "http-500"},
		{__LINE__, BREVO_CONTACT_REMOVE, 302, "", PROVIDER_HOLD, "http-302"},
		{__LINE__, BREVO_CONTACT_DELETE, 204, "", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, BREVO_CONTACT_DELETE, 404, ABSENT, PROVIDER_PERMANENT, "absent"},
		/* Deleted or absent is only what Brevo itself says. */
		{__LINE__, BREVO_CONTACT_DELETE, 404, "Not found", PROVIDER_HOLD, "no-api"},
		{__LINE__, BREVO_CONTACT_DELETE, 404, "<html>", PROVIDER_HOLD, "no-api"},
		{__LINE__, BREVO_CONTACT_DELETE, 200, "{}", PROVIDER_RETRY, "unreadable"},
		{__LINE__, BREVO_CONTACT_DELETE, 202, "", PROVIDER_RETRY, "unreadable"},
		{__LINE__, BREVO_CONTACT_FORGET, 204, "", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, BREVO_CONTACT_FORGET, 202, "{\"process_id\":1}", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, BREVO_CONTACT_FORGET, 404, ABSENT, PROVIDER_PERMANENT, "absent"},
		{__LINE__, BREVO_CONTACT_FORGET, 404, "", PROVIDER_HOLD, "no-api"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider_reply r = {.status = rows[i].status, .body = slice_from(rows[i].body),
			.retry_after = SLICE("7")};
		struct provider_result out;

		brevo_contact_read(rows[i].step, &r, &out);
		if (out.class_ != rows[i].class_ || strcmp(out.code, rows[i].code) != 0)
			fail_msg("row %d: %s %s", rows[i].row, provider_class_name(out.class_), out.code);
		assert_int_equal(out.retry_after_s, out.class_ == PROVIDER_RETRY ? 7 : 0);
		assert_true(out.text[0]);
	}
	for (int k = PROVIDER_NOT_SENT; k <= PROVIDER_LOST; k++) {
		const struct provider_reply r = {.transport = (enum provider_transport)k, .status = 204};
		struct provider_result out;

		brevo_contact_read(BREVO_CONTACT_DELETE, &r, &out);
		assert_int_equal(out.class_, PROVIDER_RETRY);
	}
}

/* --- events ---------------------------------------------------------------------- */

static struct provider_event last;
static char last_email[100];
static unsigned count;

static bool keep(const struct provider_event *e, void *arg)
{
	(void)arg;
	last = *e;
	snprintf(last_email, sizeof(last_email), "%.*s", SLICE_FMT(e->email));
	count++;
	return true;
}

static enum err events(const char *body)
{
	count = 0;
	memset(&last, 0, sizeof(last));
	last_email[0] = '\0';
	return provider_event_each(SLICE("brevo"), slice_from(body), keep, NULL, NULL);
}

static void event_kinds(void **state)
{
	static const struct {
		const char *name;
		enum provider_event_kind kind;
	} rows[] = {
		{"request", PROVIDER_EVENT_IGNORED}, {"delivered", PROVIDER_EVENT_DELIVERED},
		{"hard_bounce", PROVIDER_EVENT_BOUNCE_HARD}, {"soft_bounce", PROVIDER_EVENT_BOUNCE_SOFT},
		{"invalid_email", PROVIDER_EVENT_BOUNCE_HARD}, {"blocked", PROVIDER_EVENT_BLOCKED},
		{"error", PROVIDER_EVENT_BLOCKED}, {"spam", PROVIDER_EVENT_COMPLAINT}, {"complaint", PROVIDER_EVENT_COMPLAINT},
		{"unsubscribed", PROVIDER_EVENT_UNSUBSCRIBE}, {"unsubscribe", PROVIDER_EVENT_UNSUBSCRIBE},
		{"deferred", PROVIDER_EVENT_IGNORED}, {"opened", PROVIDER_EVENT_IGNORED}, {"click", PROVIDER_EVENT_IGNORED},
		{"proxy_open", PROVIDER_EVENT_IGNORED}, {"hardBounce", PROVIDER_EVENT_IGNORED},
		{"list_addition", PROVIDER_EVENT_IGNORED}, {"", PROVIDER_EVENT_IGNORED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[200];

		snprintf(body, sizeof(body), "{\"event\":\"%s\",\"tags\":[\"club-17-1795269909123\"]}", rows[i].name);
		assert_int_equal(events(body), OK);
		assert_int_equal(count, 1);
		if (last.kind != rows[i].kind)
			fail_msg("%s is %s", rows[i].name, provider_event_kind_name(last.kind));
		assert_string_equal(last.custom_id, "club-17-1795269909123");
	}
}

static void event_fields(void **state)
{
	static const struct {
		int line;
		const char *body, *custom, *id, *email;
		int64_t time_ms;
	} rows[] = {
		{__LINE__, "{\"event\":\"delivered\",\"email\":\"anna@example.net\",\"message-id\":\"" ID "\",\"ts_epoch\":1795270000123,"
		    "\"ts_event\":1795270000,\"ts\":1795273600,\"tags\":[\"club-17-1\"],\"tag\":\"[\\\"club-18-1\\\"]\"}", "club-17-1", ID,
		    "anna@example.net", INT64_C(1795270000123)},
		/* Brackets are made the same everywhere. */
		{__LINE__, "{\"message-id\":\"1.2@smtp-relay.mailin.fr\",\"tag\":\"[\\\"club-18-1\\\"]\"}", "club-18-1",
		    "<1.2@smtp-relay.mailin.fr>", "", 0},
		{__LINE__, "{\"tag\":\"club-19-1\",\"ts_event\":1795270000}", "club-19-1", "", "", INT64_C(1795270000000)},
		{__LINE__, "{\"tags\":[5,\"two words\",\"club-20-1\"],\"ts_epoch\":\"1795270000123\"}", "club-20-1", "", "",
		    INT64_C(1795270000123)},
		/* Seconds where milliseconds are promised, and nonsense. */
		{__LINE__, "{\"ts_epoch\":1795270000}", "", "", "", INT64_C(1795270000000)},
		{__LINE__, "{\"ts_epoch\":-1,\"ts_event\":1795270000}", "", "", "", INT64_C(1795270000000)},
		{__LINE__, "{\"ts_epoch\":9223372036854775807,\"ts_event\":9223372036854775807}", "", "", "", 0},
		{__LINE__, "{\"ts\":1795270000,\"date\":\"2026-11-21 15:15:09\"}", "", "", "", 0},
		{__LINE__, "{\"tags\":\"club-1-1\",\"tag\":\"[\\\"\",\"message-id\":5,\"email\":{}}", "", "", "", 0},
		{__LINE__, "{\"tag\":\"[[\\\"club-1-1\\\"]]\",\"message-id\":\"<a b@c>\"}", "", "", "", 0},
		{__LINE__, "{\"message-id\":\"<a@b>\\u0000\",\"email\":\"a\\u0000b\"}", "", "", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(events(rows[i].body), OK);
		if (strcmp(last.custom_id, rows[i].custom) != 0 || strcmp(last.message_id, rows[i].id) != 0 ||
		    strcmp(last_email, rows[i].email) != 0 || last.time_ms != rows[i].time_ms)
			fail_msg("line %d: %s %s %s %lld", rows[i].line, last.custom_id, last.message_id, last_email,
			    (long long)last.time_ms);
	}
}

static void event_bodies(void **state)
{
	(void)state;
	assert_int_equal(events("[{\"event\":\"spam\"},7,{\"event\":\"delivered\"}]"), OK);
	assert_int_equal(count, 2);
	assert_int_equal(events("{\"event\":"), E_INVALID);
	assert_int_equal(events(""), E_INVALID);
	assert_int_equal(events("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), E_LIMIT);
	assert_int_equal(count, 0);
	assert_true(provider_event_known(SLICE("brevo")) && provider_event_known(SLICE("mailjet")));
	assert_false(provider_event_known(SLICE("smtp")));
	assert_int_equal(provider_event_each(SLICE("smtp"), SLICE("{}"), keep, NULL, NULL), E_NOT_FOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(full_request), T(text_only_gets_html), T(nothing_it_must_not), T(key_is_the_mails), T(long_name_is_cut),
		T(code_is_refused), T(too_large_is_refused), T(lookup_request), T(every_answer_has_its_class),
		T(every_row_has_a_case), T(transports_and_waits), T(lookup_answers), T(repeats), T(contact_requests),
		T(contact_answers), T(event_kinds), T(event_fields), T(event_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
