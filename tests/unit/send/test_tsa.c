/* The day's checkpoint goes to an authority on this machine that answers through openssl, or as badly as it can. */
#include "unit/store/store_test.h"
#include "unit/stamp/openssl_tsa.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/merkle.h"
#include "conf/conf.h"
#include "send/tsa.h"
#include "store/anchor.h"
#include "store/checkpoint.h"

enum mode { GOOD, OTHER_NONCE, OTHER_DIGEST, GARBAGE, BROKEN, SILENT };

static struct openssl_tsa tsa;
static struct {
	int fd;
	enum mode mode;
	char url[64];
	struct buf body; /* of the last request */
} authority;
static struct conf_site conf = {.id = "example", .base_url = "https://www.example.org/j"};
static char ca[120], other_ca[120];

static const char note[] = "www.example.org/j/log\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\xe2\x80\x94 x y\n";

static void serve_one(int c)
{
	char head[4096], *end = NULL, *length;
	struct buf answer, question;
	size_t have = 0, want = 0;

	while (!end && have < sizeof(head) - 1) {
		ssize_t n = read(c, head + have, sizeof(head) - 1 - have);
		if (n <= 0)
			return;
		have += (size_t)n;
		head[have] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	length = end ? strcasestr(head, "content-length:") : NULL;
	if (!length || authority.mode == SILENT)
		return;
	want = strtoul(length + 15, NULL, 10);
	buf_reset(&authority.body);
	buf_add(&authority.body, end + 4, have - (size_t)(end + 4 - head));
	while (authority.body.len < want) {
		ssize_t n = read(c, head, sizeof(head));
		if (n <= 0)
			return;
		buf_add(&authority.body, head, (size_t)n);
	}
	buf_init(&answer, 65536);
	buf_init(&question, 65536);
	if (authority.mode == OTHER_NONCE || authority.mode == OTHER_DIGEST) {
		unsigned char digest[32], nonce[8] = {0x11, 2, 3, 4, 5, 6, 7, 8};
		if (authority.mode == OTHER_DIGEST)
			memset(digest, 7, sizeof(digest));
		else
			crypt_sha256(digest, note, sizeof(note) - 1);
		stamp_ask(digest, nonce, &question, NULL);
	} else
		buf_add_slice(&question, buf_slice(&authority.body));
	if (authority.mode == GARBAGE)
		buf_add_str(&answer, "<html>Wartungsarbeiten</html>");
	else
		openssl_answer(&tsa, buf_slice(&question), &answer);
	dprintf(c, "HTTP/1.1 %s\r\nContent-Type: application/timestamp-reply\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
	    authority.mode == BROKEN ? "500 Oh" : "200 OK", answer.len);
	if (write(c, answer.data, answer.len) < 0)
		return;
	buf_free(&answer);
	buf_free(&question);
}

static void *serve(void *arg)
{
	int c;

	while ((c = accept(authority.fd, NULL, NULL)) >= 0) {
		serve_one(c);
		close(c);
	}
	return arg;
}

static int group_setup(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	pthread_t t;

	(void)state;
	if (crypt_init(NULL))
		return -1;
	openssl_tsa_make(&tsa);
	openssl_path(&tsa, "ca.crt", ca);
	openssl_path(&tsa, "other.crt", other_ca);
	buf_init(&authority.body, 65536);
	authority.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(authority.fd, (struct sockaddr *)&a, sizeof(a)) || listen(authority.fd, 8)
	    || getsockname(authority.fd, (struct sockaddr *)&a, &n) || pthread_create(&t, NULL, serve, NULL))
		return -1;
	snprintf(authority.url, sizeof(authority.url), "http://127.0.0.1:%d/tsr", ntohs(a.sin_port));
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	openssl_tsa_remove(&tsa);
	return 0;
}


static int one_setup(void **state)
{
	struct checkpoint cp = {.size = 3, .at_ms = NOW};
	struct site *t;
	struct db *w;

	site_setup(state);
	t = *state;
	conf.log.tsa_url = authority.url;
	conf.log.tsa_ca_file = ca;
	authority.mode = GOOD;
	assert_ok(store_write_begin(t->store, &w, EI));
	assert_ok(checkpoint_put(w, &cp, SLICE(note), EI));
	assert_ok(store_write_commit(t->store, EI));
	return 0;
}

static enum err kept(struct site *t, struct anchor *a, struct buf *token)
{
	struct db *r;
	enum err rc;

	assert_ok(store_read(t->store, &r, EI));
	rc = anchor_last(r, ANCHOR_STAMP, a, NULL, token, EI);
	store_read_end(t->store, r);
	return rc;
}

static void test_good(void **state)
{
	struct site *t = *state;
	unsigned char digest[32];
	struct anchor a;
	struct buf token;
	struct stamp s, again;

	assert_ok(tsa_stamp(&conf, t->store, &s, EI));
	buf_init(&token, ANCHOR_DATA_MAX_BYTES);
	assert_ok(kept(t, &a, &token));
	assert_int_equal(a.size, 3);
	assert_int_equal(a.at_ms, s.time_ms);
	/* The stored token holds over the note by itself, for us and for openssl. */
	crypt_sha256(digest, note, sizeof(note) - 1);
	assert_ok(stamp_verify(buf_slice(&token), digest, ca, &again, EI));
	openssl_put(&tsa, "note.txt", SLICE(note));
	openssl_put(&tsa, "t.tst", buf_slice(&token));
	assert_int_equal(openssl_run(&tsa, "ts -verify -data note.txt -in t.tst -token_in -CAfile ca.crt"), 0);
	/* What left this machine: a checksum and a number. */
	assert_true(authority.body.len < 80);
	assert_null(memmem(authority.body.data, authority.body.len, "example", 7));
	buf_free(&token);
}

static void test_bad(void **state)
{
	static const struct {
		int line;
		enum mode mode;
		bool other_ca;
		enum err want;
		const char *says;
	} rows[] = {
	    {__LINE__, OTHER_NONCE, false, E_DENIED, "nonce"},
	    {__LINE__, OTHER_DIGEST, false, E_DENIED, "imprint"},
	    {__LINE__, GOOD, true, E_DENIED, "certificate"},
	    {__LINE__, GARBAGE, false, E_INVALID, "RFC 3161"},
	    {__LINE__, BROKEN, false, E_UPSTREAM, "status 500"},
	    {__LINE__, SILENT, false, E_UPSTREAM, "no answer"},
	};
	struct site *t = *state;
	struct anchor a;
	struct stamp s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		authority.mode = rows[i].mode;
		conf.log.tsa_ca_file = rows[i].other_ca ? other_ca : ca;
		enum err e = tsa_stamp(&conf, t->store, &s, EI);
		if (e != rows[i].want || !strstr(EI->text, rows[i].says))
			fail_msg("line %d: %s: %s", rows[i].line, err_name(e), EI->text);
		assert_int_equal(kept(t, &a, NULL), E_NOT_FOUND);
	}
	conf.log.tsa_url = "http://127.0.0.1:1/tsr"; /* nobody there */
	conf.log.tsa_ca_file = ca;
	assert_int_equal(tsa_stamp(&conf, t->store, &s, EI), E_UPSTREAM);
	assert_int_equal(kept(t, &a, NULL), E_NOT_FOUND);
	/* And then it works again. */
	conf.log.tsa_url = authority.url;
	authority.mode = GOOD;
	assert_ok(tsa_stamp(&conf, t->store, &s, EI));
	assert_ok(kept(t, &a, NULL));
}

static void test_nothing_to_stamp(void **state)
{
	struct site *t;
	struct stamp s;

	site_setup(state);
	t = *state;
	conf.log.tsa_url = authority.url;
	assert_int_equal(tsa_stamp(&conf, t->store, &s, EI), E_NOT_FOUND);
	site_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_good, one_setup, site_teardown),
	    cmocka_unit_test_setup_teardown(test_bad, one_setup, site_teardown),
	    cmocka_unit_test(test_nothing_to_stamp),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
