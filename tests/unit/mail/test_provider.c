#include "unit/mail/golden.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
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

static const struct provider *mailjet(void)
{
	return provider_find(SLICE("mailjet"));
}

static const struct provider_settings settings = {
	.endpoint = SLICE_LIT("https://api.mailjet.com"),
	.user = SLICE_LIT("KEY"),
	.password = SLICE_LIT("SECRET"),
};

static bool has(struct slice s, const char *part)
{
	return s.len && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

/* --- requests -------------------------------------------------------------------- */

static void table_is_complete(void **state)
{
	const struct provider *p;
	size_t n = 0;

	(void)state;
	for (; (p = provider_at(n)); n++) {
		assert_ptr_equal(provider_find(slice_from(p->name)), p);
		assert_true(p->nrules > 0);
		if (p->kind == PROVIDER_LOCAL)
			assert_non_null(p->deliver);
		else
			assert_true(p->build && p->read && !p->deliver);
		assert_true(!p->build_lookup == !p->read_lookup);
		for (size_t i = 0; i < p->nrules; i++)
			assert_true(p->rules[i].meaning && p->rules[i].meaning[0] && strlen(p->rules[i].meaning) < 220);
	}
	assert_int_equal(n, 5);
	assert_null(provider_find(SLICE("nobody")));
	assert_null(provider_find(SLICE("")));
}

static void mailjet_full_request(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_request r;
	struct errinfo ei = {0};

	(void)state;
	assert_int_equal(mailjet()->build(&ar, &settings, &m, &r, &ei), OK);
	assert_string_equal(r.method, "POST");
	assert_string_equal(r.url.data, "https://api.mailjet.com/v3.1/send");
	assert_true(slice_eq_str(r.user, "KEY"));
	assert_true(slice_eq_str(r.password, "SECRET"));
	assert_null(r.mail_from);
	golden_check("mailjet/confirm.json", buf_slice(&r.body));
}

static void mailjet_text_only_request(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_request r;

	(void)state;
	m.html = m.reply_to = m.list_unsubscribe = m.from_name = SLICE("");
	assert_int_equal(mailjet()->build(&ar, &settings, &m, &r, NULL), OK);
	/* Mailjet refuses Track* without a HTML part. */
	assert_false(has(buf_slice(&r.body), "Track"));
	golden_check("mailjet/text-only.json", buf_slice(&r.body));
}

static void mailjet_request_has_nothing_it_must_not(void **state)
{
	static const char *const never[] = {"Globals", "URLTags", "CustomCampaign", "Deduplicate", "Template",
		"Variables", "List-Id", "Message-I", "\"Date\"", "SECRET", "Sandbox", "\"Cc\"", "\"Bcc\"", "enabled"};
	struct message m = filled_message(&ar);
	struct provider_request r;

	(void)state;
	assert_int_equal(mailjet()->build(&ar, &settings, &m, &r, NULL), OK);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (has(buf_slice(&r.body), never[i]))
			fail_msg("%s is in the request", never[i]);
}

static void endpoint_slash_is_one(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_settings s = settings;
	struct provider_request r;

	(void)state;
	s.endpoint = SLICE("http://127.0.0.1:9/base//");
	assert_int_equal(mailjet()->build(&ar, &s, &m, &r, NULL), OK);
	assert_string_equal(r.url.data, "http://127.0.0.1:9/base/v3.1/send");
}

/* Text that a provider would run must not leave, whatever part it stands in. */
static void provider_code_is_refused(void **state)
{
	static const size_t fields[] = {offsetof(struct message, from_name), offsetof(struct message, subject),
		offsetof(struct message, text), offsetof(struct message, html)};
	static const struct slice bad[] = {SLICE_LIT("a [[var:name]]"), SLICE_LIT("[[data:x:\"\"]]"),
		SLICE_LIT("[[UNSUB_LINK_EN]]")};
	struct provider_request r;
	struct provider_result res;

	(void)state;
	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
			struct message m = filled_message(&ar);

			*(struct slice *)(void *)((char *)&m + fields[f]) = bad[b];
			assert_int_equal(mailjet()->build(&ar, &settings, &m, &r, NULL), E_INVALID);
			assert_int_equal(provider_find(SLICE("smtp"))->build(&ar, &settings, &m, &r, NULL), E_INVALID);
			provider_find(SLICE("log"))->deliver(&settings, &m, &res);
			assert_int_equal(res.class_, PROVIDER_PERMANENT);
		}
	}
}

static void bad_messages_are_not_built(void **state)
{
	static const struct {
		int line;
		size_t field;
		struct slice value;
	} bad[] = {
		{__LINE__, offsetof(struct message, to), SLICE_LIT("")},
		{__LINE__, offsetof(struct message, to), SLICE_LIT("a@b.de>\r\nRCPT TO:<c@d.de")},
		{__LINE__, offsetof(struct message, from_addr), SLICE_LIT("news")},
		{__LINE__, offsetof(struct message, reply_to), SLICE_LIT("x")},
		{__LINE__, offsetof(struct message, text), SLICE_LIT("")},
		{__LINE__, offsetof(struct message, custom_id), SLICE_LIT("")},
		{__LINE__, offsetof(struct message, custom_id), SLICE_LIT("a b")},
		{__LINE__, offsetof(struct message, custom_id), SLICE_LIT("a&CustomID=b")},
		{__LINE__, offsetof(struct message, custom_id),
		    SLICE_LIT("01234567890123456789012345678901234567890123456789012345678901234")},
		{__LINE__, offsetof(struct message, list_unsubscribe), SLICE_LIT("mailto:a@b.de")},
		{__LINE__, offsetof(struct message, list_unsubscribe), SLICE_LIT("https://a.de/>,<https://b.de/")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct message m = filled_message(&ar);
		struct provider_request r;
		struct errinfo ei = {0};

		*(struct slice *)(void *)((char *)&m + bad[i].field) = bad[i].value;
		if (mailjet()->build(&ar, &settings, &m, &r, &ei) != E_INVALID || strstr(ei.text, "RCPT"))
			fail_msg("line %d", bad[i].line);
		if (provider_find(SLICE("smtp"))->build(&ar, &settings, &m, &r, &ei) != E_INVALID)
			fail_msg("line %d smtp", bad[i].line);
	}
}

static void lookup_request(void **state)
{
	struct provider_request r;

	(void)state;
	assert_int_equal(mailjet()->build_lookup(&ar, &settings, SLICE("ex-1_2.3"), &r, NULL), OK);
	assert_string_equal(r.method, "GET");
	assert_string_equal(r.url.data, "https://api.mailjet.com/v3/REST/message?CustomID=ex-1_2.3");
	assert_int_equal(r.body.len, 0);
	assert_int_equal(mailjet()->build_lookup(&ar, &settings, SLICE("a&Limit=1"), &r, NULL), E_INVALID);
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

#define PER_MESSAGE(code, status, related)                                                                   \
	"{\"Messages\":[{\"Status\":\"error\",\"Errors\":[{\"ErrorIdentifier\":\"f987008f-251a\",\"ErrorCode\":\"" code \
	"\",\"StatusCode\":" #status ",\"ErrorMessage\":\"about anna@example.net\",\"ErrorRelatedTo\":[\"" related "\"]}]}]}"
#define GLOBAL(code, status)                                                                \
	"{\"ErrorIdentifier\":\"06df1144-c6f3\",\"ErrorCode\":\"" code "\",\"StatusCode\":" #status \
	",\"ErrorMessage\":\"about anna@example.net\"}"
#define V3(status) "{\"ErrorInfo\":\"\",\"ErrorMessage\":\"about anna@example.net\",\"StatusCode\":" #status "}"
#define SUCCESS(id) "{\"Messages\":[{\"Status\":\"success\",\"CustomID\":\"x\",\"To\":[{\"Email\":\"anna@example.net\"," \
	"\"MessageUUID\":\"cb92\",\"MessageID\":" id ",\"MessageHref\":\"x\"}],\"Cc\":[],\"Bcc\":[]}]}"
#define BUG(code) {__LINE__, 400, PER_MESSAGE(code, 400, "Headers"), PROVIDER_PERMANENT, true, code, ""}

static const struct reply_case replies[] = {
	{__LINE__, 200, SUCCESS("1152921504606846977"), PROVIDER_ACCEPTED, false, "ok", "1152921504606846977"},
	{__LINE__, 200, SUCCESS("70650219165027411"), PROVIDER_ACCEPTED, false, "ok", "70650219165027411"},
	{__LINE__, 200, SUCCESS("9223372036854775807"), PROVIDER_ACCEPTED, false, "ok", "9223372036854775807"},
	{__LINE__, 200, SUCCESS("\"1152921504606846977\""), PROVIDER_ACCEPTED, false, "ok", "1152921504606846977"},
	{__LINE__, 201, SUCCESS("5"), PROVIDER_ACCEPTED, false, "ok", "5"},
	{__LINE__, 200, SUCCESS("9223372036854775808"), PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, SUCCESS("1.5"), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, SUCCESS("-5"), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, SUCCESS("0"), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, SUCCESS("\"\""), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, SUCCESS("\"000\""), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, SUCCESS("\"12 34\""), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, SUCCESS("null"), PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, "{\"Messages\":[{\"Status\":\"success\",\"To\":[]}]}", PROVIDER_UNKNOWN, true, "no-id", ""},
	{__LINE__, 200, "{\"Messages\":[]}", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, "{\"Messages\":{}}", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, "{\"Messages\":[{\"Status\":\"succ", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, "", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, "[]", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 200, "<html>login</html>", PROVIDER_UNKNOWN, false, "unreadable", ""},
	{__LINE__, 204, "", PROVIDER_UNKNOWN, false, "unreadable", ""},
	/* Success as status with an error inside is an error. */
	{__LINE__, 200, PER_MESSAGE("mj-0013", 400, "To[0].Email"), PROVIDER_PERMANENT, false, "mj-0013", ""},
	{__LINE__, 200, PER_MESSAGE("mj-0500", 500, "To"), PROVIDER_RETRY, false, "mj-0500", ""},
	/* The recipient's fault, and the same codes elsewhere. */
	{__LINE__, 400, PER_MESSAGE("mj-0013", 400, "To[0].Email"), PROVIDER_PERMANENT, false, "mj-0013", ""},
	{__LINE__, 400, PER_MESSAGE("mj-0012", 400, "To[0].Email"), PROVIDER_PERMANENT, false, "mj-0012", ""},
	{__LINE__, 400, PER_MESSAGE("mj-0013", 400, "From.Email"), PROVIDER_HOLD, true, "mj-0013", ""},
	{__LINE__, 400, PER_MESSAGE("mj-0013", 400, "ReplyTo.Email"), PROVIDER_PERMANENT, true, "mj-0013", ""},
	BUG("mj-0012"),
	{__LINE__, 400, GLOBAL("mj-0002", 400), PROVIDER_PERMANENT, true, "mj-0002", ""},
	BUG("mj-0003"), BUG("mj-0004"), BUG("mj-0005"), BUG("mj-0006"), BUG("mj-0007"),
	{__LINE__, 400, GLOBAL("mj-0008", 400), PROVIDER_PERMANENT, true, "mj-0008", ""},
	BUG("mj-0011"), BUG("send-0003"), BUG("send-0004"), BUG("send-0010"), BUG("send-0011"), BUG("send-0012"),
	BUG("send-0013"), BUG("send-0015"), BUG("send-0016"),
	{__LINE__, 400, PER_MESSAGE("mj-9999", 400, "To"), PROVIDER_PERMANENT, true, "mj-9999", ""},
	{__LINE__, 400, V3(400), PROVIDER_PERMANENT, true, "http-400", ""},
	{__LINE__, 400, "", PROVIDER_PERMANENT, true, "http-400", ""},
	{__LINE__, 400, "{\"Messages\":[{\"Status\":\"error\"", PROVIDER_PERMANENT, true, "http-400", ""},
	/* What stops the queue. */
	{__LINE__, 401, GLOBAL("mj-0015", 401), PROVIDER_HOLD, true, "mj-0015", ""},
	{__LINE__, 401, GLOBAL("mj-0001", 401), PROVIDER_HOLD, true, "mj-0001", ""},
	{__LINE__, 401, V3(401), PROVIDER_HOLD, true, "http-401", ""},
	{__LINE__, 401, "", PROVIDER_HOLD, true, "http-401", ""},
	{__LINE__, 402, "{}", PROVIDER_HOLD, true, "http-402", ""},
	{__LINE__, 403, PER_MESSAGE("send-0006", 403, "From"), PROVIDER_HOLD, true, "send-0006", ""},
	{__LINE__, 403, PER_MESSAGE("send-0007", 403, "From"), PROVIDER_HOLD, true, "send-0007", ""},
	{__LINE__, 403, PER_MESSAGE("send-0008", 403, "From"), PROVIDER_HOLD, true, "send-0008", ""},
	{__LINE__, 403, "<html>", PROVIDER_HOLD, true, "http-403", ""},
	{__LINE__, 404, "Not found\n", PROVIDER_HOLD, true, "http-404", ""},
	{__LINE__, 301, "", PROVIDER_HOLD, true, "http-301", ""},
	/* Later. */
	{__LINE__, 408, "", PROVIDER_RETRY, false, "http-408", ""},
	{__LINE__, 413, "", PROVIDER_PERMANENT, true, "http-413", ""},
	{__LINE__, 429, GLOBAL("mj-0429", 429), PROVIDER_RETRY, false, "mj-0429", ""},
	{__LINE__, 429, "", PROVIDER_RETRY, false, "http-429", ""},
	{__LINE__, 500, GLOBAL("mj-0500", 500), PROVIDER_RETRY, false, "mj-0500", ""},
	{__LINE__, 500, V3(500), PROVIDER_RETRY, false, "http-500", ""},
	{__LINE__, 502, "<html><head><title>502 Bad Gateway</title></head></html>", PROVIDER_RETRY, false, "http-502", ""},
	{__LINE__, 503, "", PROVIDER_RETRY, false, "http-503", ""},
	{__LINE__, 504, "", PROVIDER_UNKNOWN, false, "http-504", ""},
	{__LINE__, 520, "", PROVIDER_RETRY, false, "http-520", ""},
	/* The status of a gateway wins over a body that says otherwise. */
	{__LINE__, 503, GLOBAL("mj-0015", 401), PROVIDER_RETRY, false, "mj-0015", ""},
	/* Several errors: what stops the queue speaks for all, then our faults. */
	{__LINE__, 403, "{\"Messages\":[{\"Status\":\"error\",\"Errors\":["
	    "{\"ErrorCode\":\"mj-0013\",\"StatusCode\":400,\"ErrorRelatedTo\":[\"To[0].Email\"]},"
	    "{\"ErrorCode\":\"send-0008\",\"StatusCode\":403,\"ErrorRelatedTo\":[\"From\"]}]}]}", PROVIDER_HOLD, true,
	    "send-0008", ""},
	{__LINE__, 400, "{\"Messages\":[{\"Status\":\"error\",\"Errors\":["
	    "{\"ErrorCode\":\"mj-0013\",\"StatusCode\":400,\"ErrorRelatedTo\":[\"To[0].Email\"]},"
	    "{\"ErrorCode\":\"send-0011\",\"StatusCode\":400,\"ErrorRelatedTo\":[\"Headers\"]}]}]}", PROVIDER_PERMANENT, true,
	    "send-0011", ""},
	/* Their codes are copied only as far as they are harmless. */
	{__LINE__, 400, GLOBAL("x\\u0022\\n<anna@example.net>", 400), PROVIDER_PERMANENT, true, "xannaexamplenet", ""},
	{__LINE__, 400, "{\"ErrorCode\":7,\"ErrorMessage\":\"x\"}", PROVIDER_PERMANENT, true, "http-400", ""},
};
#define NREPLIES (sizeof(replies) / sizeof(replies[0]))

static void reply(const struct reply_case *c, struct provider_result *out)
{
	struct provider_reply r = {.transport = PROVIDER_ANSWERED, .status = c->status, .body = slice_from(c->body)};

	mailjet()->read(&r, out);
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
	const struct provider *p = mailjet();

	(void)state;
	for (size_t r = 0; r < p->nrules; r++) {
		bool used = false;

		for (size_t i = 0; i < NREPLIES && !used; i++) {
			struct provider_result got;

			reply(&replies[i], &got);
			used = strncmp(got.text, p->rules[r].meaning, strlen(p->rules[r].meaning)) == 0 &&
			    got.class_ == p->rules[r].class_ && got.alarm == p->rules[r].alarm &&
			    (!p->rules[r].code || strcmp(got.code, p->rules[r].code) == 0);
		}
		if (!used)
			fail_msg("row %zu (%d %s) has no case", r, p->rules[r].status, p->rules[r].code ? p->rules[r].code : "-");
	}
}

static void error_identifier_is_kept(void **state)
{
	struct provider_result got;
	const struct reply_case c = {0, 500, GLOBAL("mj-0500", 500), 0, 0, NULL, NULL};

	(void)state;
	reply(&c, &got);
	assert_non_null(strstr(got.text, "06df1144-c6f3"));
}

static void transport_decides(void **state)
{
	struct provider_reply r = {.transport = PROVIDER_NOT_SENT};
	struct provider_result got;

	(void)state;
	mailjet()->read(&r, &got);
	assert_int_equal(got.class_, PROVIDER_RETRY);
	assert_string_equal(got.code, "not-sent");
	r.transport = PROVIDER_LOST;
	mailjet()->read(&r, &got);
	assert_int_equal(got.class_, PROVIDER_UNKNOWN);
	assert_string_equal(got.code, "no-answer");
}

static void retry_after_counts(void **state)
{
	static const struct {
		int line;
		const char *value;
		uint32_t want;
	} cases[] = {
		{__LINE__, "30", 30},
		{__LINE__, " 7 ", 7},
		{__LINE__, "0", 0},
		{__LINE__, "", 0},
		{__LINE__, "-1", 0},
		{__LINE__, "1.5", 0},
		{__LINE__, "soon", 0},
		{__LINE__, "99999999999999999999999", 0},
		{__LINE__, "999999", 86400},
		{__LINE__, "Sat, 21 Nov 2026 14:15:39 GMT", 30},
		{__LINE__, "Sat, 21 Nov 2026 14:15:09 GMT", 0},
		{__LINE__, "Sat, 21 Nov 2020 14:15:09 GMT", 0},
		{__LINE__, "Sat, 21 Nov 2030 14:15:09 GMT", 86400},
		{__LINE__, "Sat, 21 Nof 2026 14:15:39 GMT", 0},
		{__LINE__, "Sat, xx Nov 2026 14:15:39 GMT", 0},
		{__LINE__, "Sat, 21 Nov 2026 14:15:39 UTC", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (provider_retry_after(slice_from(cases[i].value), INT64_C(1795270509000)) != cases[i].want)
			fail_msg("line %d: %u", cases[i].line,
			    provider_retry_after(slice_from(cases[i].value), INT64_C(1795270509000)));
}

static void retry_after_only_for_retry(void **state)
{
	struct provider_reply r = {.transport = PROVIDER_ANSWERED, .status = 429, .retry_after = SLICE("17")};
	struct provider_result got;

	(void)state;
	mailjet()->read(&r, &got);
	assert_int_equal(got.retry_after_s, 17);
	r.status = 401;
	mailjet()->read(&r, &got);
	assert_int_equal(got.retry_after_s, 0);
}

static void lookup_answers(void **state)
{
	static const struct {
		int line;
		int status;
		const char *body;
		enum provider_class want;
		const char *code, *id;
	} cases[] = {
		{__LINE__, 200, "{\"Count\":1,\"Data\":[{\"ID\":1152921504606846977}],\"Total\":1}", PROVIDER_ACCEPTED, "ok",
		    "1152921504606846977"},
		{__LINE__, 200, "{\"Count\":1,\"Data\":[{\"ID\":\"12\"}],\"Total\":1}", PROVIDER_ACCEPTED, "ok", "12"},
		{__LINE__, 200, "{\"Count\":0,\"Data\":[],\"Total\":0}", PROVIDER_PERMANENT, "absent", ""},
		{__LINE__, 200, "{\"Count\":1,\"Data\":[{}],\"Total\":1}", PROVIDER_RETRY, "no-id", ""},
		{__LINE__, 200, "{\"Count\":0}", PROVIDER_RETRY, "unreadable", ""},
		{__LINE__, 200, "{\"Data\":[", PROVIDER_RETRY, "unreadable", ""},
		{__LINE__, 200, "", PROVIDER_RETRY, "unreadable", ""},
		{__LINE__, 401, V3(401), PROVIDER_HOLD, "http-401", ""},
		{__LINE__, 404, V3(404), PROVIDER_HOLD, "http-404", ""},
		{__LINE__, 400, V3(400), PROVIDER_RETRY, "http-400", ""},
		{__LINE__, 400, GLOBAL("absent", 400), PROVIDER_RETRY, "absent", ""},
		{__LINE__, 429, "", PROVIDER_RETRY, "http-429", ""},
		{__LINE__, 500, V3(500), PROVIDER_RETRY, "http-500", ""},
		{__LINE__, 504, "", PROVIDER_RETRY, "http-504", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_reply r = {.transport = PROVIDER_ANSWERED, .status = cases[i].status,
			.body = slice_from(cases[i].body)};
		struct provider_result got;

		mailjet()->read_lookup(&r, &got);
		if (got.class_ != cases[i].want || strcmp(got.code, cases[i].code) || strcmp(got.provider_id, cases[i].id))
			fail_msg("line %d: %s %s %s", cases[i].line, provider_class_name(got.class_), got.code, got.provider_id);
	}
}

/* No answer to a look-up must never read as "not there": that would send twice. */
static void lookup_lost_is_retry(void **state)
{
	struct provider_reply r = {.transport = PROVIDER_LOST};
	struct provider_result got;

	(void)state;
	mailjet()->read_lookup(&r, &got);
	assert_int_equal(got.class_, PROVIDER_RETRY);
	r.transport = PROVIDER_NOT_SENT;
	mailjet()->read_lookup(&r, &got);
	assert_int_equal(got.class_, PROVIDER_RETRY);
}

/* --- smtp ------------------------------------------------------------------------ */

static void smtp_request(void **state)
{
	struct message m = filled_message(&ar);
	struct provider_settings s = {.endpoint = SLICE("smtp://mail.example.org:587"), .starttls = true,
		.user = SLICE("news"), .password = SLICE("pass")};
	struct provider_request r;
	struct buf mime;

	(void)state;
	assert_int_equal(provider_find(SLICE("smtp"))->build(&ar, &s, &m, &r, NULL), OK);
	assert_string_equal(r.mail_from, "news@example.org");
	assert_string_equal(r.rcpt_to, "anna@example.net");
	assert_string_equal(r.url.data, "smtp://mail.example.org:587");
	assert_true(r.starttls);
	buf_init_arena(&mime, &ar, MESSAGE_MIME_MAX_BYTES);
	message_mime(&mime, &m);
	assert_true(slice_eq(buf_slice(&mime), buf_slice(&r.body)));
}

static void smtp_answers(void **state)
{
	static const struct {
		int line;
		enum provider_transport transport;
		int status;
		enum provider_class want;
		bool alarm;
		const char *code;
	} cases[] = {
		{__LINE__, PROVIDER_ANSWERED, 250, PROVIDER_ACCEPTED, false, "smtp-250"},
		{__LINE__, PROVIDER_ANSWERED, 421, PROVIDER_RETRY, false, "smtp-421"},
		{__LINE__, PROVIDER_ANSWERED, 450, PROVIDER_RETRY, false, "smtp-450"},
		{__LINE__, PROVIDER_ANSWERED, 501, PROVIDER_PERMANENT, true, "smtp-501"},
		{__LINE__, PROVIDER_ANSWERED, 530, PROVIDER_HOLD, true, "smtp-530"},
		{__LINE__, PROVIDER_ANSWERED, 534, PROVIDER_HOLD, true, "smtp-534"},
		{__LINE__, PROVIDER_ANSWERED, 535, PROVIDER_HOLD, true, "smtp-535"},
		{__LINE__, PROVIDER_ANSWERED, 538, PROVIDER_HOLD, true, "smtp-538"},
		{__LINE__, PROVIDER_ANSWERED, 550, PROVIDER_PERMANENT, false, "smtp-550"},
		{__LINE__, PROVIDER_ANSWERED, 551, PROVIDER_PERMANENT, false, "smtp-551"},
		{__LINE__, PROVIDER_ANSWERED, 552, PROVIDER_RETRY, false, "smtp-552"},
		{__LINE__, PROVIDER_ANSWERED, 553, PROVIDER_PERMANENT, false, "smtp-553"},
		{__LINE__, PROVIDER_ANSWERED, 554, PROVIDER_PERMANENT, true, "smtp-554"},
		{__LINE__, PROVIDER_ANSWERED, 354, PROVIDER_UNKNOWN, false, "no-answer"},
		{__LINE__, PROVIDER_NOT_SENT, 0, PROVIDER_RETRY, false, "not-sent"},
		{__LINE__, PROVIDER_LOST, 0, PROVIDER_UNKNOWN, false, "no-answer"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_reply r = {.transport = cases[i].transport, .status = cases[i].status};
		struct provider_result got;

		provider_find(SLICE("smtp"))->read(&r, &got);
		if (got.class_ != cases[i].want || got.alarm != cases[i].alarm || strcmp(got.code, cases[i].code))
			fail_msg("line %d: %s %s", cases[i].line, provider_class_name(got.class_), got.code);
	}
}

/* The same numbers before a recipient was named: a refusal for good is not the recipient's fault. */
static void smtp_refuses_us(void **state)
{
	static const struct {
		int status;
		enum provider_class want;
		const char *code;
	} cases[] = {{421, PROVIDER_RETRY, "smtp-421"}, {501, PROVIDER_HOLD, "smtp-501"}, {535, PROVIDER_HOLD, "smtp-535"},
		{550, PROVIDER_HOLD, "smtp-550"}, {552, PROVIDER_RETRY, "smtp-552"}, {553, PROVIDER_HOLD, "smtp-553"},
		{554, PROVIDER_HOLD, "smtp-554"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider_reply r = {.transport = PROVIDER_ANSWERED, .status = cases[i].status, .refused_us = true};
		struct provider_result got;

		provider_find(SLICE("smtp"))->read(&r, &got);
		if (got.class_ != cases[i].want || strcmp(got.code, cases[i].code) != 0)
			fail_msg("%d: %s %s", cases[i].status, provider_class_name(got.class_), got.code);
	}
}

/* --- dir, log -------------------------------------------------------------------- */

static int count_files(const char *dir, char *name, size_t n)
{
	DIR *d = opendir(dir);
	int files = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, n, "%s", e->d_name);
		files++;
	}
	closedir(d);
	return files;
}

static void dir_writes_one_file_per_mail(void **state)
{
	char tmp[] = "/tmp/jawort-mail-XXXXXX", dir[64], name[300], path[400];
	struct provider_settings s = {.dir = dir};
	struct message m = filled_message(&ar);
	struct provider_result got;
	struct stat st;
	struct buf file, mime;

	(void)state;
	assert_non_null(mkdtemp(tmp));
	snprintf(dir, sizeof(dir), "%s/a/mails", tmp);
	provider_find(SLICE("dir"))->deliver(&s, &m, &got);
	assert_int_equal(got.class_, PROVIDER_ACCEPTED);
	/* Again: the same mail is the same file, so a repeat after a crash is no second mail. */
	provider_find(SLICE("dir"))->deliver(&s, &m, &got);
	assert_int_equal(count_files(dir, name, sizeof(name)), 1);
	assert_string_equal(name, "20261121T141509Z-example-17-1795270509123.eml");
	assert_string_equal(got.provider_id, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	buf_init_arena(&file, &ar, MESSAGE_MIME_MAX_BYTES);
	buf_init_arena(&mime, &ar, MESSAGE_MIME_MAX_BYTES);
	assert_int_equal(file_read(&file, path, NULL), OK);
	message_mime(&mime, &m);
	assert_true(slice_eq(buf_slice(&file), buf_slice(&mime)));
	unlink(path);
	rmdir(dir);
	snprintf(dir, sizeof(dir), "%s/a", tmp);
	rmdir(dir);
	rmdir(tmp);
}

static void dir_that_cannot_be_made_is_hold(void **state)
{
	struct provider_settings s = {.dir = "/dev/null/mails"};
	struct message m = filled_message(&ar);
	struct provider_result got;

	(void)state;
	provider_find(SLICE("dir"))->deliver(&s, &m, &got);
	assert_int_equal(got.class_, PROVIDER_HOLD);
	assert_true(got.alarm);
	if (!strstr(got.text, "/dev/null"))
		fail_msg("%s", got.text);
	s.dir = NULL;
	provider_find(SLICE("dir"))->deliver(&s, &m, &got);
	assert_int_equal(got.class_, PROVIDER_HOLD);
}

static void on_line(const char *line, void *arg)
{
	snprintf(arg, 1000, "%s", line);
}

static void log_writes_no_address(void **state)
{
	char line[1000] = "";
	struct provider_settings s = {.site = "example"};
	struct message m = filled_message(&ar);
	struct provider_result got;

	(void)state;
	log_capture(on_line, line);
	provider_find(SLICE("log"))->deliver(&s, &m, &got);
	log_capture(NULL, NULL);
	assert_int_equal(got.class_, PROVIDER_ACCEPTED);
	assert_non_null(strstr(line, "site=example"));
	assert_non_null(strstr(line, "example-17-1795270509123"));
	assert_null(strstr(line, "anna"));
	assert_null(strstr(line, "AbCd"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(table_is_complete), T(mailjet_full_request), T(mailjet_text_only_request),
		T(mailjet_request_has_nothing_it_must_not), T(endpoint_slash_is_one), T(provider_code_is_refused),
		T(bad_messages_are_not_built), T(lookup_request), T(every_answer_has_its_class), T(every_row_has_a_case),
		T(error_identifier_is_kept), T(transport_decides), T(retry_after_counts), T(retry_after_only_for_retry),
		T(lookup_answers), T(lookup_lost_is_retry), T(smtp_request), T(smtp_answers), T(smtp_refuses_us),
		T(dir_writes_one_file_per_mail), T(dir_that_cannot_be_made_is_hold), T(log_writes_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
