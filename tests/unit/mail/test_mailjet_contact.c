/* Requests about contacts, byte by byte, and every answer with its class. */
#include "golden.h"

#include "mail/mailjet_contact.h"

static const struct provider_settings settings = {.endpoint = SLICE_LIT("https://api.mailjet.com/"),
	.user = SLICE_LIT("KEY"), .password = SLICE_LIT("SECRET")};

static void requests(void **state)
{
	static const struct {
		int row;
		enum mailjet_contact_step step;
		const char *what, *email, *method, *url, *body;
	} rows[] = {
		{__LINE__, MAILJET_CONTACT_ADD, "12345", "anna@example.net", "POST",
		    "https://api.mailjet.com/v3/REST/contactslist/12345/managecontact",
		    "{\"Email\":\"anna@example.net\",\"Action\":\"addnoforce\"}"},
		{__LINE__, MAILJET_CONTACT_ADD_AGAIN, "12345", "anna@example.net", "POST",
		    "https://api.mailjet.com/v3/REST/contactslist/12345/managecontact",
		    "{\"Email\":\"anna@example.net\",\"Action\":\"addforce\"}"},
		{__LINE__, MAILJET_CONTACT_UNSUB, "1", "anna@example.net", "POST",
		    "https://api.mailjet.com/v3/REST/contactslist/1/managecontact",
		    "{\"Email\":\"anna@example.net\",\"Action\":\"unsub\"}"},
		{__LINE__, MAILJET_CONTACT_FIND, "", "an/na+x@example.net", "GET",
		    "https://api.mailjet.com/v3/REST/contact/an%2Fna%2Bx%40example.net", ""},
		{__LINE__, MAILJET_CONTACT_DELETE, "1000", "", "DELETE", "https://api.mailjet.com/v4/contacts/1000", ""},
		{__LINE__, MAILJET_CONTACT_ADD, "news", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, MAILJET_CONTACT_ADD, "", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, MAILJET_CONTACT_UNSUB, "1/../2", "anna@example.net", NULL, NULL, NULL},
		{__LINE__, MAILJET_CONTACT_DELETE, "0", "", NULL, NULL, NULL},
		{__LINE__, MAILJET_CONTACT_DELETE, "anna@example.net", "", NULL, NULL, NULL},
	};
	struct arena a;

	(void)state;
	arena_init(&a, 1u << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct provider_request r;
		struct errinfo ei = {0};
		enum err e = mailjet_contact_build(&a, &settings, rows[i].step, slice_from(rows[i].what),
		    slice_from(rows[i].email), &r, &ei);
		if (e != (rows[i].method ? OK : E_INVALID))
			fail_msg("row %d: %s", rows[i].row, err_name(e));
		if (e)
			continue;
		assert_string_equal(r.method, rows[i].method);
		if (!slice_eq_str(buf_slice(&r.url), rows[i].url) || !slice_eq_str(buf_slice(&r.body), rows[i].body))
			fail_msg("row %d: %.*s %.*s", rows[i].row, SLICE_FMT(buf_slice(&r.url)), SLICE_FMT(buf_slice(&r.body)));
		assert_true(slice_eq_str(r.password, "SECRET"));
	}
	arena_free(&a);
}

static void answers(void **state)
{
	static const struct {
		int row;
		enum mailjet_contact_step step;
		int status;
		const char *body;
		enum provider_class class_;
		const char *code, *id;
	} rows[] = {
		{__LINE__, MAILJET_CONTACT_ADD, 201, "{\"Count\":1}", PROVIDER_ACCEPTED, "ok", ""},
		{__LINE__, MAILJET_CONTACT_ADD, 200, "", PROVIDER_ACCEPTED, "ok", ""},
		{__LINE__, MAILJET_CONTACT_ADD, 404, "{\"StatusCode\":404}", PROVIDER_PERMANENT, "http-404", ""},
		{__LINE__, MAILJET_CONTACT_ADD, 400, "{\"StatusCode\":400}", PROVIDER_PERMANENT, "http-400", ""},
		{__LINE__, MAILJET_CONTACT_UNSUB, 401, "", PROVIDER_HOLD, "http-401", ""},
		{__LINE__, MAILJET_CONTACT_UNSUB, 403, "", PROVIDER_HOLD, "http-403", ""},
		{__LINE__, MAILJET_CONTACT_UNSUB, 429, "", PROVIDER_RETRY, "http-429", ""},
		{__LINE__, MAILJET_CONTACT_UNSUB, 500, "", PROVIDER_RETRY, "http-500", ""},
		{__LINE__, MAILJET_CONTACT_UNSUB, 504, "", PROVIDER_RETRY, "http-504", ""},
		{__LINE__, MAILJET_CONTACT_UNSUB, 302, "", PROVIDER_HOLD, "http-302", ""},
		{__LINE__, MAILJET_CONTACT_FIND, 200, "{\"Data\":[{\"ID\":1000}]}", PROVIDER_ACCEPTED, "ok", "1000"},
		{__LINE__, MAILJET_CONTACT_FIND, 200, "{\"Data\":[{\"ID\":\"9007199254740993\"}]}", PROVIDER_ACCEPTED, "ok",
		    "9007199254740993"},
		{__LINE__, MAILJET_CONTACT_FIND, 200, "{\"Data\":[]}", PROVIDER_RETRY, NULL, ""},
		{__LINE__, MAILJET_CONTACT_FIND, 200, "{\"Data\":[{\"ID\":\"1/2\"}]}", PROVIDER_RETRY, NULL, ""},
		{__LINE__, MAILJET_CONTACT_FIND, 200, "{\"Data\":[{\"ID\":0}]}", PROVIDER_RETRY, NULL, ""},
		{__LINE__, MAILJET_CONTACT_FIND, 200, "<html>", PROVIDER_RETRY, NULL, ""},
		{__LINE__, MAILJET_CONTACT_FIND, 404, "{\"StatusCode\":404}", PROVIDER_PERMANENT, "absent", ""},
		/* Deleted or absent is only what Mailjet itself says. */
		{__LINE__, MAILJET_CONTACT_FIND, 404, "Not found", PROVIDER_HOLD, NULL, ""},
		{__LINE__, MAILJET_CONTACT_DELETE, 404, "<html>", PROVIDER_HOLD, NULL, ""},
		{__LINE__, MAILJET_CONTACT_DELETE, 404, "{\"StatusCode\":404}", PROVIDER_PERMANENT, "absent", ""},
		{__LINE__, MAILJET_CONTACT_DELETE, 200, "", PROVIDER_ACCEPTED, "ok", ""},
		{__LINE__, MAILJET_CONTACT_DELETE, 202, "", PROVIDER_RETRY, NULL, ""},
		{__LINE__, MAILJET_CONTACT_DELETE, 401, "", PROVIDER_HOLD, "http-401", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct provider_reply r = {.status = rows[i].status, .body = slice_from(rows[i].body),
			.retry_after = SLICE("7")};
		struct provider_result out;
		mailjet_contact_read(rows[i].step, &r, &out);
		if (out.class_ != rows[i].class_ || strcmp(out.provider_id, rows[i].id) != 0 ||
		    (rows[i].code && strcmp(out.code, rows[i].code) != 0) || (!rows[i].code && strcmp(out.code, "absent") == 0))
			fail_msg("row %d: %s %s %s", rows[i].row, provider_class_name(out.class_), out.code, out.provider_id);
		assert_int_equal(out.retry_after_s, out.class_ == PROVIDER_RETRY ? 7 : 0);
		assert_true(out.text[0]);
	}
	for (int k = PROVIDER_NOT_SENT; k <= PROVIDER_LOST; k++) {
		const struct provider_reply r = {.transport = (enum provider_transport)k};
		struct provider_result out;
		mailjet_contact_read(MAILJET_CONTACT_DELETE, &r, &out);
		assert_int_equal(out.class_, PROVIDER_RETRY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests), cmocka_unit_test(answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
