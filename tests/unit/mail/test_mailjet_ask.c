/* What doctor asks Mailjet, byte by byte, and what the answers mean. */
#include "golden.h"

#include "mail/provider.h"

static const struct provider_settings settings = {.endpoint = SLICE_LIT("https://api.mailjet.com/"),
	.user = SLICE_LIT("KEY"), .password = SLICE_LIT("SECRET")};

#define LOGIN PROVIDER_PROBE_LOGIN
#define SENDER PROVIDER_PROBE_SENDER
#define DOMAIN PROVIDER_PROBE_DOMAIN

static const struct provider_ask *ask(enum provider_probe what)
{
	return &provider_find(SLICE("mailjet"))->asks[what];
}

static void requests(void **state)
{
	static const char *const urls[PROVIDER_PROBE__MAX] = {
		[LOGIN] = "https://api.mailjet.com/v3/REST/sender?Limit=1",
		[SENDER] = "https://api.mailjet.com/v3/REST/sender?Limit=1000",
		[DOMAIN] = "https://api.mailjet.com/v3/REST/dns?Limit=1000",
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
		assert_true(slice_eq_str(r.user, "KEY") && slice_eq_str(r.password, "SECRET"));
	}
	arena_free(&a);
}

#define S(email, status) "{\"Count\":1,\"Data\":[{\"Email\":\"" email "\",\"Status\":\"" status "\",\"ID\":1}],\"Total\":1}"
#define D(domain, status) "{\"Data\":[{\"Domain\":\"" domain "\",\"DKIMStatus\":\"" status "\"}]}"
#define V3_ERROR "{\"ErrorInfo\":\"\",\"ErrorMessage\":\"x\",\"StatusCode\":401}"

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
		{__LINE__, LOGIN, 200, "{\"Count\":0,\"Data\":[],\"Total\":0}", PROVIDER_ACCEPTED, "ok"},
		{__LINE__, LOGIN, 200, "{\"Data\":{}}", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 200, "<html>", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 200, "", PROVIDER_RETRY, "unreadable"},
		{__LINE__, LOGIN, 401, V3_ERROR, PROVIDER_HOLD, "http-401"},
		{__LINE__, LOGIN, 403, "", PROVIDER_HOLD, "http-403"},
		{__LINE__, LOGIN, 404, "", PROVIDER_HOLD, "http-404"},
		{__LINE__, LOGIN, 418, "", PROVIDER_HOLD, "http-418"},
		{__LINE__, LOGIN, 302, "", PROVIDER_HOLD, "http-302"},
		{__LINE__, LOGIN, 429, "", PROVIDER_RETRY, "http-429"},
		{__LINE__, LOGIN, 503, "<html>", PROVIDER_RETRY, "http-503"},
		{__LINE__, LOGIN, 0, "", PROVIDER_RETRY, "no-answer"},
		{__LINE__, SENDER, 200, S("news@example.org", "Active"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, SENDER, 200, S("NEWS@Example.org", "Active"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, SENDER, 200, S("*@example.org", "Active"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, SENDER, 200, S("*@org", "Active"), PROVIDER_HOLD, "absent"},
		{__LINE__, SENDER, 200, S("*@mail.example.org", "Active"), PROVIDER_HOLD, "absent"},
		{__LINE__, SENDER, 200, S("ews@example.org", "Active"), PROVIDER_HOLD, "absent"},
		{__LINE__, SENDER, 200, S("news@example.org", "Inactive"), PROVIDER_HOLD, "inactive"},
		{__LINE__, SENDER, 200, S("news@example.org", "Deleted"), PROVIDER_HOLD, "absent"},
		{__LINE__, SENDER, 200, S("news@example.org", "Inactive\"},{\"Email\":\"*@example.org\",\"Status\":\"Active"),
		    PROVIDER_ACCEPTED, "ok"},
		{__LINE__, SENDER, 200, "{\"Data\":[null,1,{\"Email\":5,\"Status\":[]},{}]}", PROVIDER_HOLD, "absent"},
		{__LINE__, SENDER, 200, "{\"Data\":[]}", PROVIDER_HOLD, "absent"},
		{__LINE__, SENDER, 401, V3_ERROR, PROVIDER_HOLD, "http-401"},
		{__LINE__, DOMAIN, 200, D("example.org", "OK"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, DOMAIN, 200, D("EXAMPLE.org", "OK"), PROVIDER_ACCEPTED, "ok"},
		{__LINE__, DOMAIN, 200, D("example.org", "Error"), PROVIDER_HOLD, "dkim"},
		{__LINE__, DOMAIN, 200, D("example.org", "Not checked"), PROVIDER_HOLD, "dkim"},
		{__LINE__, DOMAIN, 200, D("example.com", "OK"), PROVIDER_HOLD, "absent"},
		{__LINE__, DOMAIN, 200, "{\"Data\":[{\"Domain\":\"example.org\"}]}", PROVIDER_HOLD, "dkim"},
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

/* A mail server can be asked for the login only; dir and log for nothing. */
static void who_can_be_asked(void **state)
{
	const struct provider *p;
	struct provider_request r;
	struct provider_result out;
	struct arena a;

	(void)state;
	arena_init(&a, 1u << 20);
	for (size_t i = 0; (p = provider_at(i)); i++)
		for (int k = 0; k < PROVIDER_PROBE__MAX; k++) {
			assert_true(!p->asks[k].build == !p->asks[k].read);
			assert_true(!p->asks[k].build || p->kind != PROVIDER_LOCAL);
		}
	p = provider_find(SLICE("smtp"));
	assert_null(p->asks[SENDER].build);
	assert_int_equal(p->asks[LOGIN].build(&a, &(struct provider_settings){.endpoint = SLICE("smtps://mail.example.org:465"),
	    .user = SLICE("u"), .password = SLICE("p"), .starttls = true}, SLICE(""), &r, NULL), OK);
	assert_true(r.smtp_login && r.starttls && !r.mail_from && !r.rcpt_to);
	p->asks[LOGIN].read(&(struct provider_reply){.transport = PROVIDER_ANSWERED, .status = 250}, SLICE(""), &out);
	assert_int_equal(out.class_, PROVIDER_ACCEPTED);
	p->asks[LOGIN].read(&(struct provider_reply){.transport = PROVIDER_ANSWERED, .status = 535}, SLICE(""), &out);
	assert_int_equal(out.class_, PROVIDER_HOLD);
	p->asks[LOGIN].read(&(struct provider_reply){.transport = PROVIDER_ANSWERED, .status = 502}, SLICE(""), &out);
	assert_int_equal(out.class_, PROVIDER_HOLD);
	p->asks[LOGIN].read(&(struct provider_reply){.transport = PROVIDER_LOST}, SLICE(""), &out);
	assert_int_equal(out.class_, PROVIDER_RETRY);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests), cmocka_unit_test(answers),
	    cmocka_unit_test(who_can_be_asked)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
