#include "unit/send/fake.h"

#include "base/clock.h"
#include "send/http.h"

static struct http *h;

static int setup(void **state)
{
	const struct http_opts o = {.connect_timeout_ms = 1000, .total_timeout_ms = 600};

	(void)state;
	h = http_new(&o);
	assert_non_null(h);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_free(h);
	return 0;
}

static struct http_call get(const char *url)
{
	return (struct http_call){.method = "GET", .url = url};
}

static void local_url(char url[64], const struct script *s)
{
	snprintf(url, 64, "http://127.0.0.1:%d/x", s->port);
}

static void answer_comes_whole(void **state)
{
	struct script s = {.steps = {{"{\"a\":1}", "HTTP/1.1 429 Too Many\r\nRetry-After: 17\r\nContent-Length: 5\r\n\r\nhello"}}};
	struct http_call c = {.method = "POST", .body = SLICE("{\"a\":1}"), .user = SLICE("KEY"), .password = SLICE("SE:CRET"),
		.nheaders = 1, .headers = {{"Content-Type", "application/json"}}};
	char url[64];

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c.url = url;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_ANSWER);
	assert_int_equal(c.status, 429);
	assert_string_equal(c.retry_after, "17");
	assert_true(slice_eq_str(buf_slice(&c.reply), "hello"));
	script_end(&s);
	assert_non_null(strstr(s.got, "POST /x HTTP/1.1\r\n"));
	assert_non_null(strstr(s.got, "Authorization: Basic S0VZOlNFOkNSRVQ=\r\n"));
	assert_non_null(strstr(s.got, "Content-Type: application/json\r\n"));
	assert_null(strstr(s.got, "Expect:"));
	assert_null(strstr(s.got, "Cookie"));
	http_call_free(&c);
}

/* Brevo's own header, only with 429: elsewhere it says when a window ends that is not full. */
static void rate_limit_of_brevo(void **state)
{
	static const struct {
		const char *answer, *want;
	} rows[] = {
		{"HTTP/1.1 429 Too Many\r\nX-Sib-Ratelimit-Reset: 40\r\nContent-Length: 0\r\n\r\n", "40"},
		{"HTTP/1.1 429 Too Many\r\nx-sib-ratelimit-reset: 40\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n", "9"},
		{"HTTP/1.1 500 Oh\r\nx-sib-ratelimit-reset: 40\r\nContent-Length: 0\r\n\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script s = {.steps = {{"\r\n\r\n", rows[i].answer}}};
		char url[64];
		struct http_call c;

		script_start(&s);
		local_url(url, &s);
		c = get(url);
		assert_int_equal(http_do(h, &c, NULL), OK);
		assert_string_equal(c.retry_after, rows[i].want);
		script_end(&s);
		http_call_free(&c);
	}
}

static void redirect_is_an_answer(void **state)
{
	struct script s = {.steps = {{"\r\n\r\n", "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c = get(url);
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_ANSWER);
	assert_int_equal(c.status, 301);
	script_end(&s);
	http_call_free(&c);
}

/* The line between "a repeat is harmless" and "it may have arrived". */
static void refused_connection_is_not_sent(void **state)
{
	struct http_call c = {.method = "POST", .url = "http://127.0.0.1:1/x", .body = SLICE("x")};

	(void)state;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_NOT_SENT);
	assert_true(c.error[0] != '\0');
	http_call_free(&c);
}

static void unknown_host_is_not_sent(void **state)
{
	struct http_call c = get("https://no-such-host.invalid/");

	(void)state;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_NOT_SENT);
	http_call_free(&c);
}

static void plain_answer_to_tls_is_not_sent(void **state)
{
	struct script s = {.steps = {{"\x16\x03", "HTTP/1.1 400 Bad\r\n\r\n"}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", s.port);
	c = get(url);
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_NOT_SENT);
	script_end(&s);
	http_call_free(&c);
}

static void silence_after_the_request_is_lost(void **state)
{
	struct script s = {.steps = {{"never", NULL}}};
	struct http_call c = {.method = "POST", .body = SLICE("x")};
	char url[64];

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c.url = url;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_LOST);
	script_end(&s);
	http_call_free(&c);
}

static void closed_after_the_request_is_lost(void **state)
{
	struct script s = {.steps = {{"\r\n\r\n", NULL}}};
	struct http_call c = {.method = "POST", .body = SLICE("x")};
	char url[64];

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c.url = url;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_LOST);
	script_end(&s);
	http_call_free(&c);
}

/* A kept connection that dies must not make curl send the body a second time. */
static void kept_connection_is_no_second_try(void **state)
{
	struct script s = {.steps = {{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {"second", NULL}}};
	struct http_call c = {.method = "POST", .body = SLICE("first")}, d = {.method = "POST", .body = SLICE("second")};
	char url[64];

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c.url = d.url = url;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.status, 200);
	assert_int_equal(http_do(h, &d, NULL), OK);
	assert_int_equal(d.outcome, HTTP_LOST);
	script_end(&s);
	assert_non_null(strstr(s.got, "second"));
	http_call_free(&c);
	http_call_free(&d);
}

static void cut_body_is_lost(void **state)
{
	struct script s = {.steps = {{"\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Mess"}}};
	struct http_call c = {.method = "POST", .body = SLICE("x")};
	char url[64];

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c.url = url;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_LOST);
	script_end(&s);
	http_call_free(&c);
}

static void huge_body_is_lost(void **state)
{
	struct script s = {0};
	struct http_call c = {.method = "POST", .body = SLICE("x")};
	size_t n = HTTP_BODY_MAX_BYTES + 100000;
	char *answer = malloc(n + 100), url[64];

	(void)state;
	snprintf(answer, 100, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
	memset(answer + strlen(answer), 'x', n);
	answer[n + 40] = '\0';
	s.steps[0].until = "\r\n\r\n";
	s.steps[0].answer = answer;
	script_start(&s);
	local_url(url, &s);
	c.url = url;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_LOST);
	script_end(&s);
	http_call_free(&c);
	free(answer);
}

static void targets_are_checked(void **state)
{
	static const struct {
		int line;
		const char *url;
		enum err want;
	} cases[] = {
		{__LINE__, "http://api.mailjet.com/", E_DENIED},
		{__LINE__, "http://127.0.0.1.example.org/", E_DENIED},
		{__LINE__, "http://127.0.0.256/", E_DENIED},
		{__LINE__, "http://localhost.example.org/", E_DENIED},
		{__LINE__, "ftp://127.0.0.1/", E_DENIED},
		{__LINE__, "file:///etc/passwd", E_INVALID},
		{__LINE__, "smtp://127.0.0.1/", E_DENIED},
		{__LINE__, "https://user@example.org/", E_INVALID},
		{__LINE__, "https://example.org/a b", E_INVALID},
		{__LINE__, "https://example.org/\r\nX: 1", E_INVALID},
		{__LINE__, "nonsense", E_INVALID},
		{__LINE__, "", E_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_call c = get(cases[i].url);
		struct errinfo ei = {0};
		enum err e = http_start(h, &c, &ei);

		if (e != cases[i].want || !ei.text[0])
			fail_msg("line %d: %s %s", cases[i].line, err_name(e), ei.text);
		assert_int_equal(http_active(h), 0);
	}
}

static void requests_are_checked(void **state)
{
	struct http_call c = get("https://example.org/");

	(void)state;
	c.method = "GET / HTTP/1.1";
	assert_int_equal(http_start(h, &c, NULL), E_INVALID);
	c = get("https://example.org/");
	c.nheaders = 1;
	c.headers[0].name = "X";
	c.headers[0].value = "a\r\nY: b";
	assert_int_equal(http_start(h, &c, NULL), E_INVALID);
	c = (struct http_call){.url = "smtps://example.org", .mail_from = "a@b.de", .rcpt_to = "c@d.de>\r\nRCPT TO:<e@f.de"};
	assert_int_equal(http_start(h, &c, NULL), E_INVALID);
	c.rcpt_to = NULL;
	assert_int_equal(http_start(h, &c, NULL), E_INVALID);
	c = (struct http_call){.url = "smtp://mail.example.org", .mail_from = "a@b.de", .rcpt_to = "c@d.de"};
	assert_int_equal(http_start(h, &c, NULL), E_DENIED);
	c = (struct http_call){.url = "https://mail.example.org", .mail_from = "a@b.de", .rcpt_to = "c@d.de"};
	assert_int_equal(http_start(h, &c, NULL), E_DENIED);
}

/* So many requests that the fake answers; each carries itself. */
static void calls_start(const struct fake *f, struct http_call *calls, size_t n, char *url, size_t url_bytes)
{
	snprintf(url, url_bytes, "%s/v3/REST/message?CustomID=x", f->endpoint);
	for (size_t i = 0; i < n; i++) {
		calls[i] = get(url);
		calls[i].user = SLICE("K");
		calls[i].password = SLICE("S");
		calls[i].tag = &calls[i];
		assert_int_equal(http_start(h, &calls[i], NULL), OK);
	}
}

static void many_at_once_share_the_time(void **state)
{
	struct fake f;
	struct http_call calls[20];
	char url[128];
	int done = 0;

	(void)state;
	fake_start(&f, "K:S", "/dev/null");
	calls_start(&f, calls, 20, url, sizeof(url));
	assert_int_equal(http_active(h), 20);
	for (struct http_call *c; (c = http_wait(h, 2000, -1)); done++) {
		assert_ptr_equal(c->tag, c);
		assert_int_equal(c->outcome, HTTP_ANSWER);
		assert_int_equal(c->status, 200);
		http_call_free(c);
	}
	assert_int_equal(done, 20);
	assert_int_equal(http_active(h), 0);
	fake_stop(&f);
}

/* What ended together is taken without another look at the network. */
static void those_that_ended_together_are_taken_at_once(void **state)
{
	struct fake f;
	struct http_call calls[8], *c;
	char url[128];
	size_t done = 0, more = 0;

	(void)state;
	assert_null(http_finished(h));
	fake_start(&f, "K:S", "/dev/null");
	calls_start(&f, calls, 8, url, sizeof(url));
	assert_null(http_finished(h)); /* nobody has looked yet */
	while (done < 8 && (c = http_wait(h, 2000, -1))) {
		for (; c; c = http_finished(h), more += c != NULL, done++) {
			assert_int_equal(c->status, 200);
			http_call_free(c);
		}
		usleep(300000); /* the other answers come meanwhile */
	}
	assert_int_equal(done, 8);
	assert_true(more > 0);
	assert_int_equal(http_active(h), 0);
	fake_stop(&f);
}

static void wait_ends_when_the_file_is_readable(void **state)
{
	struct script s = {.steps = {{"never", NULL}}};
	char url[64];
	struct http_call c;
	int p[2];
	int64_t from = clock_mono_ms();

	(void)state;
	script_start(&s);
	local_url(url, &s);
	c = get(url);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(http_start(h, &c, NULL), OK);
	assert_null(http_wait(h, 60000, p[0]));
	assert_true(clock_mono_ms() - from < 30000);
	assert_int_equal(http_active(h), 1);
	/* Ends what is under way. */
	http_free(h);
	http_call_free(&c);
	script_end(&s);
	close(p[0]);
	close(p[1]);
	setup(NULL);
}

static void nothing_under_way_is_no_wait(void **state)
{
	(void)state;
	assert_null(http_wait(h, -1, -1));
}

/* --- smtp -------------------------------------------------------------------------- */

#define EHLO {"\r\n", "250-fake\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n"}

static struct http_call smtp_call(char url[64], const struct script *s)
{
	snprintf(url, 64, "smtp://127.0.0.1:%d", s->port);
	return (struct http_call){.url = url, .mail_from = "news@example.org", .rcpt_to = "anna@example.net",
		.body = SLICE("Subject: x\r\n\r\n.dot\r\nend\r\n")};
}

static void smtp_accepts(void **state)
{
	struct script s = {.greeting = "220 fake ESMTP\r\n",
		.steps = {EHLO, {"\r\n", "250 ok\r\n"}, {"\r\n", "250 ok\r\n"}, {"\r\n", "354 go\r\n"}, {"\r\n.\r\n", "250 queued\r\n"},
		    {"QUIT", "221 bye\r\n"}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	c = smtp_call(url, &s);
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_ANSWER);
	assert_int_equal(c.status, 250);
	http_free(h);
	script_end(&s);
	assert_non_null(strstr(s.got, "MAIL FROM:<news@example.org>"));
	assert_non_null(strstr(s.got, "RCPT TO:<anna@example.net>\r\n"));
	assert_non_null(strstr(s.got, "\r\n..dot\r\nend\r\n.\r\n"));
	http_call_free(&c);
	setup(NULL);
}

static void smtp_refusals_are_answers(void **state)
{
	static const struct {
		int line;
		const char *answer;
		int status;
	} cases[] = {{__LINE__, "550 5.1.1 no such user\r\n", 550}, {__LINE__, "450 later\r\n", 450}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script s = {.greeting = "220 fake ESMTP\r\n", .steps = {EHLO, {"\r\n", "250 ok\r\n"}}};
		char url[64];
		struct http_call c;

		s.steps[2].until = "\r\n";
		s.steps[2].answer = cases[i].answer;
		s.steps[3].until = "QUIT";
		script_start(&s);
		c = smtp_call(url, &s);
		assert_int_equal(http_do(h, &c, NULL), OK);
		if (c.outcome != HTTP_ANSWER || c.status != cases[i].status)
			fail_msg("line %d: outcome %d status %d %s", cases[i].line, c.outcome, c.status, c.error);
		script_end(&s);
		http_call_free(&c);
	}
}

/* Whose fault a refusal is: ours up to MAIL, the mail's from RCPT on. */
static void smtp_refuses_us_or_the_mail(void **state)
{
	static const struct {
		int line;
		bool us;
		int status;
		const char *answers[6]; /* the greeting first */
	} cases[] = {
		{__LINE__, true, 554, {"554 5.7.1 go away\r\n"}},
		{__LINE__, true, 421, {"421 too many of you\r\n"}},
		{__LINE__, true, 550, {"220 x\r\n", "550 not you\r\n", "550 not you\r\n"}},
		{__LINE__, true, 553, {"220 x\r\n", "250 x\r\n", "553 5.7.1 Sender address rejected: not owned by user\r\n"}},
		{__LINE__, false, 550, {"220 x\r\n", "250 x\r\n", "250 ok\r\n", "550 5.1.1 no such user\r\n"}},
		{__LINE__, false, 554, {"220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "554 no\r\n"}},
		{__LINE__, false, 554, {"220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "554 spam\r\n"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script s = {.greeting = cases[i].answers[0]};
		char url[64];
		struct http_call c;
		int n = 0;

		for (int k = 1; k < 6 && cases[i].answers[k]; k++, n++) {
			s.steps[n].until = k == 5 ? "\r\n.\r\n" : "\r\n";
			s.steps[n].answer = cases[i].answers[k];
		}
		s.steps[n].until = "QUIT";
		script_start(&s);
		c = smtp_call(url, &s);
		assert_int_equal(http_do(h, &c, NULL), OK);
		if (c.outcome != HTTP_ANSWER || c.status != cases[i].status || c.refused_us != cases[i].us)
			fail_msg("line %d: outcome %d status %d, us: %d", cases[i].line, c.outcome, c.status, c.refused_us);
		http_free(h); /* ends the connection, which may be kept */
		script_end(&s);
		http_call_free(&c);
		setup(NULL);
	}
}

static void smtp_login_refused(void **state)
{
	struct script s = {.greeting = "220 fake ESMTP\r\n", .steps = {EHLO, {"\r\n", "535 5.7.8 no\r\n"}, {"QUIT", NULL}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	c = smtp_call(url, &s);
	c.user = SLICE("news");
	c.password = SLICE("wrong");
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_ANSWER);
	assert_int_equal(c.status, 535);
	script_end(&s);
	http_call_free(&c);
}

/* Only a login: no envelope and no mail. */
static void smtp_login_alone(void **state)
{
	static const struct {
		int line;
		const char *answer;
		int status;
	} cases[] = {{__LINE__, "235 in\r\n", 250}, {__LINE__, "535 5.7.8 no\r\n", 535}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script s = {.greeting = "220 fake ESMTP\r\n", .steps = {EHLO, {"\r\n", NULL}, {"NOOP\r\n", "250 ok\r\n"}, {"QUIT", "221 bye\r\n"}}};
		char url[64];
		struct http_call c;

		s.steps[1].answer = cases[i].answer;
		script_start(&s);
		snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", s.port);
		c = (struct http_call){.url = url, .smtp_login = true, .user = SLICE("news"), .password = SLICE("secret")};
		assert_int_equal(http_do(h, &c, NULL), OK);
		if (c.outcome != HTTP_ANSWER || c.status != cases[i].status)
			fail_msg("line %d: outcome %d status %d %s", cases[i].line, c.outcome, c.status, c.error);
		http_free(h);
		script_end(&s);
		assert_non_null(strstr(s.got, "AUTH PLAIN"));
		assert_null(strstr(s.got, "MAIL FROM"));
		http_call_free(&c);
		setup(NULL);
	}
	assert_int_equal(http_do(h, &(struct http_call){.url = "smtp://mail.example.org", .smtp_login = true}, NULL), E_DENIED);
	assert_int_equal(http_do(h, &(struct http_call){.url = "https://example.org", .smtp_login = true}, NULL), E_DENIED);
}

static void smtp_silence_after_data_is_lost(void **state)
{
	struct script s = {.greeting = "220 fake ESMTP\r\n",
		.steps = {EHLO, {"\r\n", "250 ok\r\n"}, {"\r\n", "250 ok\r\n"}, {"\r\n", "354 go\r\n"}, {"\r\n.\r\n", NULL}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	c = smtp_call(url, &s);
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_LOST);
	script_end(&s);
	http_call_free(&c);
}

static void smtp_close_before_data_is_not_sent(void **state)
{
	struct script s = {.greeting = "220 fake ESMTP\r\n", .steps = {EHLO, {"\r\n", NULL}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	c = smtp_call(url, &s);
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_NOT_SENT);
	script_end(&s);
	http_call_free(&c);
}

/* STARTTLS is demanded, not asked for: a server without it gets nothing. */
static void smtp_starttls_is_demanded(void **state)
{
	struct script s = {.greeting = "220 fake ESMTP\r\n", .steps = {EHLO, {"\r\n", "250 ok\r\n"}}};
	char url[64];
	struct http_call c;

	(void)state;
	script_start(&s);
	c = smtp_call(url, &s);
	c.starttls = true;
	assert_int_equal(http_do(h, &c, NULL), OK);
	assert_int_equal(c.outcome, HTTP_NOT_SENT);
	script_end(&s);
	assert_null(strstr(s.got, "MAIL FROM"));
	http_call_free(&c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answer_comes_whole), T(rate_limit_of_brevo), T(redirect_is_an_answer), T(refused_connection_is_not_sent),
		T(unknown_host_is_not_sent), T(plain_answer_to_tls_is_not_sent), T(silence_after_the_request_is_lost),
		T(closed_after_the_request_is_lost), T(kept_connection_is_no_second_try), T(cut_body_is_lost), T(huge_body_is_lost), T(targets_are_checked),
		T(requests_are_checked), T(many_at_once_share_the_time),
		T(those_that_ended_together_are_taken_at_once), T(wait_ends_when_the_file_is_readable),
		T(nothing_under_way_is_no_wait), T(smtp_accepts), T(smtp_refusals_are_answers), T(smtp_refuses_us_or_the_mail), T(smtp_login_refused), T(smtp_login_alone),
		T(smtp_silence_after_data_is_lost), T(smtp_close_before_data_is_not_sent), T(smtp_starttls_is_demanded),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
