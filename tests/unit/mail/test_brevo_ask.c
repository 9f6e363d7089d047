/* What doctor asks Brevo, byte by byte, and what the answers mean. */
#include "golden.h"

#include "mail/provider.h"

static const struct provider_settings settings = {.endpoint = SLICE_LIT("https://api.brevo.com/"),
	.password = SLICE_LIT("xkeysib-1")};

#define LOGIN PROVIDER_PROBE_LOGIN
#define SENDER PROVIDER_PROBE_SENDER
#define DOMAIN PROVIDER_PROBE_DOMAIN

static const struct provider_ask *ask(enum provider_probe what)
{
	return &provider_find(SLICE("brevo"))->asks[what];
}

static void requests(void **state)
{
	static const char *const urls[PROVIDER_PROBE__MAX] = {
		[LOGIN] = "https://api.brevo.com/v3/account",
		[SENDER] = "https://api.brevo.com/v3/senders",
		[DOMAIN] = "https://api.brevo.com/v3/senders/domains/example.org",
	};
	struct arena a;

	(void)state;
	arena_init(&a, 1u << 20);
	for (int i = 0; i < PROVIDER_PROBE__MAX; i++) {
		struct provider_request r;

		assert_int_equal(ask((enum provider_probe)i)->build(&a, &settings, SLICE("news@example.org"), &r, NULL), OK);
		assert_string_equal(r.method, "GET");
		assert_string_equal(r.url.data, urls[i]);
		assert_int_equal(r.body.len, 0);
		assert_int_equal(r.nheaders, 2);
		assert_string_equal(r.headers[1].name, "api-key");
		assert_string_equal(r.headers[1].value, "xkeysib-1");
	}
	arena_free(&a);
}

/* The domain is part of a path: what could lead elsewhere is not asked. */
static void domains_that_are_none(void **state)
{
	static const char *const senders[] = {"news", "news@", "news@a/../../b", "news@a?x=1", "news@a b", "news@a%2e"};
	struct provider_request r;
	struct arena a;

	(void)state;
	arena_init(&a, 1u << 20);
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		assert_int_equal(ask(DOMAIN)->build(&a, &settings, slice_from(senders[i]), &r, NULL), E_INVALID);
	arena_free(&a);
}

#define S(email, active) "{\"senders\":[{\"id\":1,\"name\":\"x\",\"email\":\"" email "\",\"active\":" active ",\"ips\":[]}]}"
#define D(authenticated, dkim) "{\"domain\":\"example.org\",\"verified\":true,\"authenticated\":" authenticated \
	",\"dns_records\":{\"dkim_record\":{\"type\":\"TXT\",\"value\":\"k\",\"host_name\":\"mail._domainkey.\",\"status\":" dkim "}}}"
#define NO_KEY "{\"code\":\"unauthorized\",\"message\":\"Key not found\"}"
#define NONE "{\"code\":\"document_not_found\",\"message\":\"Domain does not exist\"}"

static void answers(void **state)
{
	static const struct {
		int row;
		enum provider_probe what;
		int status; /* 0: none came */
		const char *body;
		enum provider_class want;
		const char *code;
	} rows[] = {
		{__LINE__, LOGIN, 200, "{\"email\":\"owner@example.org\"}", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, LOGIN, 200, "{}", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 200, "[]", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 200, "<html>", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 200, "", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 401, NO_KEY, PROVIDER_HOLD, "http-401"},
		{__LINE__, LOGIN, 403, "", PROVIDER_HOLD, "http-403"},
		{__LINE__, LOGIN, 404, "Not found", PROVIDER_HOLD, "http-404"},
		{__LINE__, LOGIN, 418, "", PROVIDER_HOLD, "http-418"},
		{__LINE__, LOGIN, 302, "", PROVIDER_HOLD, "http-302"},
		{__LINE__, LOGIN, 429, "", PROVIDER_RETRY, "http-429"},
		{__LINE__, LOGIN, 503, "<html>", PROVIDER_RETRY, "http-503"},
		{__LINE__, LOGIN, 0, "", PROVIDER_RETRY, "no-answer"},
		{__LINE__, SENDER, 200, S("news@example.org", "true"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, SENDER, 200, S("NEWS@Example.org", "true"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, SENDER, 200, S("news@example.org", "false"), PROVIDER_HOLD, "inactive"},
		{__LINE__, SENDER, 200, S("news@example.org", "\"true\""), PROVIDER_HOLD, "inactive"},
		{__LINE__, SENDER, 200, S("ews@example.org", "true"), PROVIDER_HOLD, "unlisted"},
		{__LINE__, SENDER, 200, "{\"senders\":[null,1,{\"email\":5},{}]}", PROVIDER_HOLD, "unlisted"},
		{__LINE__, SENDER, 200, "{}", PROVIDER_HOLD, "unlisted"},
		{__LINE__, SENDER, 200, "{\"senders\":{}}", PROVIDER_RETRY, "unreadable"},
		{__LINE__, SENDER, 401, NO_KEY, PROVIDER_HOLD, "http-401"},
		{__LINE__, DOMAIN, 200, D("true", "true"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, DOMAIN, 200, D("true", "false"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, DOMAIN, 200, D("false", "true"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, DOMAIN, 200, D("false", "false"), PROVIDER_HOLD, "dkim"},
		{__LINE__, DOMAIN, 200, "{\"authenticated\":false}", PROVIDER_HOLD, "dkim"},
		{__LINE__, DOMAIN, 200, "{\"authenticated\":\"yes\"}", PROVIDER_RETRY, "unreadable"},
		{__LINE__, DOMAIN, 200, "{\"dns_records\":[]}", PROVIDER_RETRY, "unreadable"},
		{__LINE__, DOMAIN, 404, NONE, PROVIDER_HOLD, "absent"},
		{__LINE__, DOMAIN, 404, "Not found", PROVIDER_HOLD, "http-404"},
		{__LINE__, DOMAIN, 500, "", PROVIDER_RETRY, "http-500"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider_reply r = {.transport = rows[i].status ? PROVIDER_ANSWERED : PROVIDER_LOST,
			.status = rows[i].status, .body = slice_from(rows[i].body)};
		struct provider_result out;

		ask(rows[i].what)->read(&r, SLICE("news@example.org"), &out);
		if (out.class_ != rows[i].want || strcmp(out.code, rows[i].code) != 0)
			fail_msg("row %d: %s %s", rows[i].row, provider_class_name(out.class_), out.code);
		assert_true(strlen(out.text) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests), cmocka_unit_test(domains_that_are_none),
	    cmocka_unit_test(answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
