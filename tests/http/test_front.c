/*
 * The front over real sockets: test_front PATH/echo_app
 * Each hostile stream is sent at once and again in two pieces; afterwards the
 * same process must answer a good request, and the broken one must not have
 * had an effect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/fcgi.h"

static const char *echo_path;
static char folder[64];
static char socket_path[96];
static char effects_path[96];

/* ---- the process under test ---- */

struct child {
	pid_t pid;
};

/* A test that fails leaves its child behind; the next one must not meet it. */
static pid_t children[8];

static void child_note(pid_t pid)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++)
		if (!children[i]) {
			children[i] = pid;
			return;
		}
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		if (children[i] && waitpid(children[i], NULL, WNOHANG) == 0) {
			kill(children[i], SIGKILL);
			waitpid(children[i], NULL, 0);
		}
		children[i] = 0;
	}
	unlink(socket_path);
	return 0;
}

static const char *path_in(char *dst, size_t n, const char *name)
{
	snprintf(dst, n, "%s/%s", folder, name);
	return dst;
}

static void wait_ready(const char *path)
{
	for (int i = 0; i < 500; i++) {
		int fd = fc_connect(path);
		if (fd >= 0) {
			close(fd);
			return;
		}
		poll(NULL, 0, 10);
	}
	fail_msg("echo_app does not listen at %s", path);
}

static struct child child_start(const char *listen_at, const char *threads, rlim_t files)
{
	struct child c = {.pid = fork()};
	assert_true(c.pid >= 0);
	if (!c.pid) {
		if (files)
			setrlimit(RLIMIT_NOFILE, &(struct rlimit){files, files});
		setenv("ECHO_EFFECTS", effects_path, 1);
		execl(echo_path, echo_path, listen_at, threads, (char *)NULL);
		_exit(127);
	}
	child_note(c.pid);
	return c;
}

static struct child child_serve(const char *threads, rlim_t files)
{
	struct child c = child_start(socket_path, threads, files);
	wait_ready(socket_path);
	return c;
}

/* Exit status after at most timeout_ms; -1 if it still runs or died by a signal. */
static int child_wait(struct child *c, int timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms;
	for (;;) {
		int status;
		pid_t got = waitpid(c->pid, &status, WNOHANG);
		if (got == c->pid) {
			c->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		}
		if (clock_mono_ms() > until)
			return -1;
		poll(NULL, 0, 5);
	}
}

static void child_end(struct child *c)
{
	kill(c->pid, SIGTERM);
	assert_int_equal(child_wait(c, 5000), 0);
}

static long effects(void)
{
	struct stat st;
	return stat(effects_path, &st) ? 0 : (long)st.st_size;
}

static unsigned status_of(const char *method, const char *uri, const char *body)
{
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 4 * 1024 * 1024);
	fc_request(&b, 1, 0, method, uri, body ? slice_from(body) : (struct slice){NULL, 0});
	int fd = fc_connect(socket_path);
	assert_true(fd >= 0);
	assert_true(fc_send(fd, b.data, b.len));
	fc_answer_init(&a);
	fc_read(fd, 1, 3000, &a);
	unsigned status = a.status;
	fc_answer_free(&a);
	buf_free(&b);
	close(fd);
	return status;
}

/* ---- hostile streams ---- */

enum expect {
	EXPECT_ANSWER,  /* answered with the status given, no effect unless 200 */
	EXPECT_CLOSED,  /* closed without an answer */
	EXPECT_NOTHING, /* we close first */
};

struct hostile {
	int line;
	const char *name;
	void (*build)(struct buf *b, int arg);
	int arg;
	enum expect expect;
	unsigned status;
};

static void params_and_body(struct buf *b, const struct buf *pairs, const char *body)
{
	fc_begin(b, 1, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(pairs), 60000);
	fc_stream(b, FC_STDIN, 1, slice_from(body), 65535);
}

static void build_good(struct buf *b, int arg)
{
	(void)arg;
	fc_request(b, 1, FC_KEEP, "POST", "/effect", SLICE("email=a%40example.org"));
}

static void build_get_values(struct buf *b, int repeats)
{
	struct buf pairs;
	buf_init(&pairs, 60000);
	for (int i = 0; i < repeats; i++) {
		fc_pair(&pairs, "FCGI_MAX_CONNS", "");
		fc_pair(&pairs, "FCGI_MPXS_CONNS", "");
		fc_pair(&pairs, "NO_SUCH", "x");
	}
	fc_record(b, FC_GET_VALUES, 0, pairs.data, pairs.len, 3);
	buf_free(&pairs);
	build_good(b, 0);
}

static void build_management(struct buf *b, int type)
{
	fc_record(b, (unsigned)type, 0, "what", 4, 4);
	build_good(b, 0);
}

/* The same inside the request, where libfcgi would read it while it reads parameters. */
static void build_management_inside(struct buf *b, int lengths)
{
	struct buf pairs, values;
	buf_init(&pairs, 4096);
	buf_init(&values, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 2);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_record(b, FC_STDIN, 1, "a=", 2, 0);
	if (lengths)
		fc_pair_lengths(&values, 0x7ffffffe, 0x7ffffffe);
	for (int i = 0; !lengths && i < 100; i++)
		fc_pair(&values, "FCGI_MAX_REQS", "");
	fc_record(b, FC_GET_VALUES, 0, values.data, values.len, 0);
	fc_record(b, FC_STDIN, 1, "", 0, 0);
	buf_free(&pairs);
	buf_free(&values);
}

static void build_version(struct buf *b, int version)
{
	build_good(b, 0);
	b->data[0] = (char)version;
}

static void build_version_late(struct buf *b, int version)
{
	build_good(b, 0);
	b->data[16] = (char)version;
}

static void build_role(struct buf *b, int role)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_begin(b, 1, (unsigned)role, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(b, FC_STDIN, 1, SLICE("a"), 65535);
	buf_free(&pairs);
}

static void build_abort(struct buf *b, int inside)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 4);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	if (inside)
		fc_record(b, FC_STDIN, 1, "a=b&", 4, 0);
	fc_record(b, FC_ABORT, 1, "", 0, 0);
	if (inside)
		fc_record(b, FC_STDIN, 1, "", 0, 0);
	buf_free(&pairs);
}

static void build_late_abort(struct buf *b, int arg)
{
	(void)arg;
	fc_record(b, FC_ABORT, 9, "", 0, 0);
	build_good(b, 0);
}

/* A second request between the records of the first. */
static void build_second_begin(struct buf *b, int id)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_begin(b, (unsigned)id, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(b, FC_PARAMS, (unsigned)id, buf_slice(&pairs), 65535);
	fc_stream(b, FC_STDIN, 1, SLICE("a"), 65535);
	buf_free(&pairs);
}

/* libfcgi skips the record behind a foreign empty one. */
static void build_foreign_empty(struct buf *b, int arg)
{
	(void)arg;
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_record(b, FC_STDIN, 77, "", 0, 0);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(b, FC_STDIN, 1, SLICE("a"), 65535);
	buf_free(&pairs);
}

static void build_long_lengths(struct buf *b, int arg)
{
	(void)arg;
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_pair_bytes(&pairs, SLICE("HTTP_X_A"), SLICE("b"), true);
	fc_pair_bytes(&pairs, SLICE("HTTP_X_B"), SLICE(""), true);
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
}

static void build_padding(struct buf *b, int padding)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_record(b, FC_PARAMS, 1, pairs.data, pairs.len, (unsigned)padding);
	fc_record(b, FC_PARAMS, 1, "", 0, (unsigned)padding);
	fc_record(b, FC_STDIN, 1, "a", 1, (unsigned)padding);
	fc_record(b, FC_STDIN, 1, "", 0, (unsigned)padding);
	buf_free(&pairs);
}

static void build_big_param(struct buf *b, int bytes)
{
	struct buf pairs;
	char *value = calloc(1, (size_t)bytes);
	assert_non_null(value);
	memset(value, 'x', (size_t)bytes);
	buf_init(&pairs, (size_t)bytes + 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_pair_bytes(&pairs, SLICE("HTTP_X_BIG"), slice_make(value, (size_t)bytes), false);
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
	free(value);
}

static void build_many_params(struct buf *b, int count)
{
	struct buf pairs;
	buf_init(&pairs, 1024 * 1024);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	for (int i = 0; i < count; i++)
		fc_pair(&pairs, "N", "v");
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
}

static void build_pair(struct buf *b, int which)
{
	static const struct {
		struct slice name, value;
	} bad[] = {
		{SLICE_LIT(""), SLICE_LIT("value")},
		{SLICE_LIT(""), SLICE_LIT("")},
		{SLICE_LIT("HTTP_X"), SLICE_LIT("a\0b")},
		{SLICE_LIT("HT\0TP_X"), SLICE_LIT("ab")},
		{SLICE_LIT("HTTP_X=Y"), SLICE_LIT("z")},
		{SLICE_LIT("HTTP_X"), SLICE_LIT("a\r\nb")},
		{SLICE_LIT("HTTP_X"), SLICE_LIT("\x7f")},
		{SLICE_LIT("JAWORT_SITE"), SLICE_LIT("\xff\xfe")},
		{SLICE_LIT("HTTP_HOST"), SLICE_LIT("a b")},
		{SLICE_LIT("REQUEST_URI"), SLICE_LIT("effect")},
		{SLICE_LIT("REQUEST_URI"), SLICE_LIT("/a/../effect")},
		{SLICE_LIT("REQUEST_URI"), SLICE_LIT("/a/%2e%2e/effect")},
		{SLICE_LIT("REQUEST_URI"), SLICE_LIT("/%00effect")},
		{SLICE_LIT("REQUEST_URI"), SLICE_LIT("/%c0%afeffect")},
		{SLICE_LIT("REQUEST_URI"), SLICE_LIT("/effect%zz")},
		{SLICE_LIT("REQUEST_METHOD"), SLICE_LIT("")},
	};
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	assert_true((size_t)which < sizeof(bad) / sizeof(bad[0]));
	fc_pair_bytes(&pairs, bad[which].name, bad[which].value, false);
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
}

static void build_long_uri(struct buf *b, int bytes)
{
	char *uri = malloc((size_t)bytes + 1);
	assert_non_null(uri);
	memset(uri, 'u', (size_t)bytes);
	uri[0] = '/';
	uri[bytes] = '\0';
	fc_request(b, 1, FC_KEEP, "POST", uri, SLICE("a"));
	free(uri);
}

/* Only the first bytes of a good request, then we close. */
static void build_truncated(struct buf *b, int bytes)
{
	build_good(b, 0);
	buf_truncate(b, (size_t)bytes);
}

static void build_length(struct buf *b, int announced)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", announced);
	params_and_body(b, &pairs, "0123456789");
	buf_free(&pairs);
}

static void build_length_text(struct buf *b, int which)
{
	static const char *const texts[] = {"-1", "1x", "18446744073709551616", "18446744073709551615", "0x1", " 1"};
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", -1);
	fc_pair(&pairs, "CONTENT_LENGTH", texts[which]);
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
}

static void build_begin_id0(struct buf *b, int arg)
{
	(void)arg;
	fc_begin(b, 0, 1, FC_KEEP);
	build_good(b, 0);
}

static void build_cve(struct buf *b, int which)
{
	static const uint32_t lengths[][2] = {
		{0x7ffffffe, 0x7ffffffe},
		{0x7ffffff0, 0x20},
		{0x7ffffffe, 0},
		{0x7fffffff, 0x7fffffff},
		{0, 0x7fffffff},
		{0x00010001, 1},
	};
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_pair_lengths(&pairs, lengths[which][0], lengths[which][1]);
	buf_add_str(&pairs, "xyz");
	fc_begin(b, 1, 1, 0);
	fc_record(b, FC_PARAMS, 1, pairs.data, pairs.len, 0);
	buf_free(&pairs);
}

/* The parameters end in the middle of a pair. */
static void build_cut_pair(struct buf *b, int missing)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	buf_truncate(&pairs, pairs.len - (size_t)missing);
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
}

static void build_small_records(struct buf *b, int chunk)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 10);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), (size_t)chunk);
	fc_stream(b, FC_STDIN, 1, SLICE("0123456789"), (size_t)chunk);
	buf_free(&pairs);
}

static void build_early_stdin(struct buf *b, int type)
{
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_record(b, FC_PARAMS, 1, pairs.data, pairs.len, 0);
	fc_record(b, (unsigned)type, 1, "a", 1, 0);
	fc_record(b, FC_STDIN, 1, "", 0, 0);
	buf_free(&pairs);
}

static void build_late_params(struct buf *b, int arg)
{
	(void)arg;
	struct buf pairs;
	buf_init(&pairs, 4096);
	fc_common_pairs(&pairs, "POST", "/effect", 1);
	fc_begin(b, 1, 1, FC_KEEP);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
	fc_stream(b, FC_STDIN, 1, SLICE("a"), 65535);
	buf_free(&pairs);
}

static void build_http(struct buf *b, int arg)
{
	(void)arg;
	buf_add_str(b, "POST /effect HTTP/1.1\r\nHost: x\r\n\r\n");
}

static void build_begin_short(struct buf *b, int len)
{
	fc_record(b, FC_BEGIN, 1, "\0\1\0\0\0\0\0\0\0\0", (size_t)len, 0);
	build_good(b, 0);
}

static void build_body(struct buf *b, int bytes)
{
	char *body = malloc((size_t)bytes);
	assert_non_null(body);
	memset(body, 'b', (size_t)bytes);
	fc_request(b, 1, FC_KEEP, "POST", bytes % 2 ? "/effect" : "/hook", slice_make(body, (size_t)bytes));
	free(body);
}

#define ANSWER EXPECT_ANSWER
#define CLOSED EXPECT_CLOSED, 0
#define NOTHING EXPECT_NOTHING, 0
static const struct hostile hostile[] = {
	{__LINE__, "good", build_good, 0, ANSWER, 200},
	{__LINE__, "GET_VALUES", build_get_values, 1, ANSWER, 200},
	{__LINE__, "GET_VALUES that overruns libfcgi", build_get_values, 300, ANSWER, 200},
	{__LINE__, "GET_VALUES inside, overrun", build_management_inside, 0, ANSWER, 200},
	{__LINE__, "GET_VALUES inside, CVE lengths", build_management_inside, 1, CLOSED},
	{__LINE__, "unknown management type", build_management, 99, ANSWER, 200},
	{__LINE__, "PARAMS with id 0", build_management, FC_PARAMS, ANSWER, 200},
	{__LINE__, "version 0", build_version, 0, CLOSED},
	{__LINE__, "version 2", build_version, 2, CLOSED},
	{__LINE__, "version 2 in the second record", build_version_late, 2, CLOSED},
	{__LINE__, "role authorizer", build_role, 2, ANSWER, 0},
	{__LINE__, "role filter", build_role, 3, ANSWER, 0},
	{__LINE__, "role 0", build_role, 0, ANSWER, 0},
	{__LINE__, "role 0x101", build_role, 0x101, ANSWER, 0},
	{__LINE__, "abort before STDIN", build_abort, 0, ANSWER, 0},
	{__LINE__, "abort inside STDIN", build_abort, 1, ANSWER, 0},
	{__LINE__, "late abort of an answered request", build_late_abort, 0, ANSWER, 200},
	{__LINE__, "second BEGIN, other id", build_second_begin, 2, ANSWER, 200},
	{__LINE__, "second BEGIN, same id", build_second_begin, 1, CLOSED},
	{__LINE__, "foreign empty record", build_foreign_empty, 0, ANSWER, 200},
	{__LINE__, "4-byte lengths for short texts", build_long_lengths, 0, ANSWER, 200},
	{__LINE__, "padding 255", build_padding, 255, ANSWER, 200},
	{__LINE__, "padding 1", build_padding, 1, ANSWER, 200},
	{__LINE__, "parameter of 60 KB", build_big_param, 60000, ANSWER, 200},
	{__LINE__, "parameter of 64 KiB", build_big_param, 65536, CLOSED},
	{__LINE__, "parameter of 2 MB", build_big_param, 2000000, CLOSED},
	{__LINE__, "2,000 parameters", build_many_params, 2000, ANSWER, 200},
	{__LINE__, "20,000 parameters", build_many_params, 20000, CLOSED},
	{__LINE__, "empty name", build_pair, 0, ANSWER, 400},
	{__LINE__, "empty name and value", build_pair, 1, ANSWER, 400},
	{__LINE__, "NUL in a value", build_pair, 2, ANSWER, 400},
	{__LINE__, "NUL in a name", build_pair, 3, ANSWER, 400},
	{__LINE__, "= in a name", build_pair, 4, ANSWER, 400},
	{__LINE__, "CR LF in a value", build_pair, 5, ANSWER, 400},
	{__LINE__, "DEL in a value", build_pair, 6, ANSWER, 400},
	{__LINE__, "site not UTF-8", build_pair, 7, ANSWER, 400},
	{__LINE__, "host with a space", build_pair, 8, ANSWER, 400},
	{__LINE__, "path without slash", build_pair, 9, ANSWER, 400},
	{__LINE__, "path with ..", build_pair, 10, ANSWER, 400},
	{__LINE__, "path with escaped ..", build_pair, 11, ANSWER, 400},
	{__LINE__, "path with escaped NUL", build_pair, 12, ANSWER, 400},
	{__LINE__, "path with overlong UTF-8", build_pair, 13, ANSWER, 400},
	{__LINE__, "path with a bad escape", build_pair, 14, ANSWER, 400},
	{__LINE__, "no method", build_pair, 15, ANSWER, 400},
	{__LINE__, "URI of 8 KiB", build_long_uri, 8192, ANSWER, 200},
	{__LINE__, "URI of 8 KiB + 1", build_long_uri, 8193, ANSWER, 414},
	{__LINE__, "cut in the first header", build_truncated, 5, NOTHING},
	{__LINE__, "cut in BEGIN", build_truncated, 12, NOTHING},
	{__LINE__, "cut after BEGIN", build_truncated, 16, NOTHING},
	{__LINE__, "cut in PARAMS", build_truncated, 100, NOTHING},
	{__LINE__, "CONTENT_LENGTH larger than the body", build_length, 11, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH far larger", build_length, 16384, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH smaller than the body", build_length, 9, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH 0 with a body", build_length, 0, ANSWER, 400},
	{__LINE__, "no CONTENT_LENGTH with a body", build_length, -1, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH right", build_length, 10, ANSWER, 200},
	{__LINE__, "CONTENT_LENGTH -1", build_length_text, 0, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH 1x", build_length_text, 1, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH 2^64", build_length_text, 2, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH 2^64-1", build_length_text, 3, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH 0x1", build_length_text, 4, ANSWER, 400},
	{__LINE__, "CONTENT_LENGTH with a space", build_length_text, 5, ANSWER, 400},
	{__LINE__, "BEGIN with id 0", build_begin_id0, 0, CLOSED},
	{__LINE__, "CVE lengths 7ffffffe 7ffffffe", build_cve, 0, CLOSED},
	{__LINE__, "CVE lengths 7ffffff0 20", build_cve, 1, CLOSED},
	{__LINE__, "CVE lengths 7ffffffe 0", build_cve, 2, CLOSED},
	{__LINE__, "CVE lengths INT_MAX INT_MAX", build_cve, 3, CLOSED},
	{__LINE__, "CVE lengths 0 INT_MAX", build_cve, 4, CLOSED},
	{__LINE__, "length just above the maximum", build_cve, 5, CLOSED},
	{__LINE__, "parameters end inside a value", build_cut_pair, 3, CLOSED},
	{__LINE__, "records of one byte", build_small_records, 1, ANSWER, 200},
	{__LINE__, "records of seven bytes", build_small_records, 7, ANSWER, 200},
	{__LINE__, "STDIN before the end of PARAMS", build_early_stdin, FC_STDIN, CLOSED},
	{__LINE__, "DATA for a responder", build_early_stdin, FC_DATA, CLOSED},
	{__LINE__, "unknown type with an id", build_early_stdin, 200, CLOSED},
	{__LINE__, "PARAMS after their end", build_late_params, 0, CLOSED},
	{__LINE__, "HTTP instead of FastCGI", build_http, 0, CLOSED},
	{__LINE__, "BEGIN of 7 bytes", build_begin_short, 7, CLOSED},
	{__LINE__, "BEGIN of 9 bytes", build_begin_short, 9, CLOSED},
	{__LINE__, "body of 16 KiB - 1", build_body, 16383, ANSWER, 200},
	{__LINE__, "body of 16 KiB + 1", build_body, 16385, ANSWER, 413},
	{__LINE__, "body of 1 MiB, permitted", build_body, 1048576, ANSWER, 200},
	{__LINE__, "body of 1 MiB + 2", build_body, 1048578, ANSWER, 413},
	{__LINE__, "body of 3 MB", build_body, 3000000, ANSWER, 413},
	{__LINE__, "body of 9 MB", build_body, 9000000, CLOSED},
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

/* Sends in pieces; a peer that closes in the middle is no error here. */
static void send_pieces(int fd, const struct buf *b, size_t pieces)
{
	size_t at = 0, each = b->len / pieces + 1;
	while (at < b->len) {
		size_t n = b->len - at < each ? b->len - at : each;
		if (!fc_send(fd, b->data + at, n))
			return;
		at += n;
		if (pieces > 1)
			poll(NULL, 0, 15);
	}
}

static void hostile_check(const struct hostile *h, size_t pieces, int fd, long before)
{
	struct fc_answer a;
	fc_answer_init(&a);
	bool ended = h->expect != EXPECT_NOTHING && fc_read(fd, 1, 4000, &a);
	if (h->expect == EXPECT_ANSWER && (!ended || a.status != h->status))
		fail_msg("line %d, %s, %zu pieces: status %u instead of %u (ended %d, closed %d, time out %d)", h->line,
		    h->name, pieces, a.status, h->status, ended, a.closed, a.timed_out);
	if (h->expect == EXPECT_CLOSED && (ended || !a.closed))
		fail_msg("line %d, %s, %zu pieces: not closed (status %u)", h->line, h->name, pieces, a.status);
	long wanted = h->expect == EXPECT_ANSWER && h->status == 200 && h->build != build_long_uri ? 1 : 0;
	if (effects() - before != wanted)
		fail_msg("line %d, %s, %zu pieces: %ld effects instead of %ld", h->line, h->name, pieces,
		    effects() - before, wanted);
	if (h->build == build_get_values)
		assert_int_equal(a.value_results, 1);
	if (h->build == build_management)
		assert_int_equal(a.unknown_types, 1);
	if (h->build == build_second_begin && h->status == 200)
		assert_int_equal(a.cant_mpx, 1);
	if (h->build == build_role)
		assert_int_equal(a.protocol, 3);
	/* on a kept connection the next request is served, too */
	if (ended && a.status && a.protocol == 0) {
		struct buf b;
		struct fc_answer next;
		buf_init(&b, 8192);
		fc_request(&b, 5, FC_KEEP, "GET", "/bare", (struct slice){NULL, 0});
		fc_answer_init(&next);
		assert_true(fc_send(fd, b.data, b.len));
		if (!fc_read(fd, 5, 3000, &next) || next.status != 200)
			fail_msg("line %d, %s, %zu pieces: the kept connection is dead", h->line, h->name, pieces);
		fc_answer_free(&next);
		buf_free(&b);
	}
	fc_answer_free(&a);
}

static void hostile_run(const struct child *c, const struct hostile *h, size_t pieces)
{
	struct buf b;
	buf_init(&b, 16 * 1024 * 1024);
	h->build(&b, h->arg);
	assert_true(buf_ok(&b));
	long before = effects();
	int fd = fc_connect(socket_path);
	assert_true(fd >= 0);
	send_pieces(fd, &b, pieces);
	if (h->expect == EXPECT_NOTHING)
		shutdown(fd, SHUT_WR);
	hostile_check(h, pieces, fd, before);
	close(fd);
	buf_free(&b);
	if (kill(c->pid, 0) || waitpid(c->pid, NULL, WNOHANG))
		fail_msg("line %d, %s, %zu pieces: the process is gone", h->line, h->name, pieces);
	before = effects();
	assert_int_equal(status_of("POST", "/effect", "a=b"), 200);
	assert_int_equal(effects() - before, 1);
}

static void test_hostile(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	for (size_t i = 0; i < HOSTILE; i++)
		for (size_t pieces = 1; pieces <= 3; pieces++)
			hostile_run(&c, &hostile[i], pieces);
	child_end(&c);
}

/* The size of the parameters around libfcgi's buffer of 8,192 bytes, on one kept connection. */
static void test_buffer_edges(void **state)
{
	(void)state;
	struct child c = child_serve("1", 0);
	int fd = fc_connect(socket_path);
	for (size_t pad = 7200; pad < 7900; pad += 1) {
		struct buf b, pairs;
		struct fc_answer a;
		char value[8192];
		memset(value, 'v', pad);
		buf_init(&b, 65536);
		buf_init(&pairs, 65536);
		fc_common_pairs(&pairs, "GET", "/bare", -1);
		fc_pair_bytes(&pairs, SLICE("HTTP_X_PAD"), slice_make(value, pad), false);
		fc_begin(&b, 1, 1, FC_KEEP);
		fc_stream(&b, FC_PARAMS, 1, buf_slice(&pairs), 65535);
		fc_record(&b, FC_STDIN, 1, "", 0, 0);
		assert_true(fc_send(fd, b.data, b.len));
		fc_answer_init(&a);
		if (!fc_read(fd, 1, 3000, &a) || a.status != 200)
			fail_msg("padding %zu (%zu bytes): status %u", pad, b.len, a.status);
		fc_answer_free(&a);
		buf_free(&pairs);
		buf_free(&b);
	}
	close(fd);
	child_end(&c);
}

static void test_pipelined(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 65536);
	long before = effects();
	for (unsigned id = 1; id <= 3; id++)
		fc_request(&b, id, FC_KEEP, "POST", "/effect", SLICE("a=b"));
	int fd = fc_connect(socket_path);
	assert_true(fc_send(fd, b.data, b.len));
	for (unsigned id = 1; id <= 3; id++) {
		fc_answer_init(&a);
		assert_true(fc_read(fd, id, 3000, &a));
		assert_int_equal(a.status, 200);
		fc_answer_free(&a);
	}
	assert_int_equal(effects() - before, 3);
	close(fd);
	buf_free(&b);
	child_end(&c);
}

static void exchange(int fd, unsigned flags, const char *method, const char *uri, struct fc_answer *a)
{
	struct buf b;
	buf_init(&b, 65536);
	fc_request(&b, 1, flags, method, uri, (struct slice){NULL, 0});
	assert_true(fc_send(fd, b.data, b.len));
	buf_free(&b);
	fc_answer_init(a);
	fc_read(fd, 1, 10000, a);
}

static void test_answers(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct fc_answer get, head, big;
	int fd = fc_connect(socket_path);
	exchange(fd, FC_KEEP, "GET", "/a%20b?x=1&y=%C3%A4", &get);
	assert_int_equal(get.status, 200);
	static const char want[] = "path /a b\nquery x=1&y=%C3%A4\nhost www.example.org\n";
	assert_non_null(memmem(get.body.ptr, get.body.len, want, sizeof(want) - 1));
	exchange(fd, FC_KEEP, "HEAD", "/a%20b?x=1&y=%C3%A4", &head);
	assert_int_equal(head.status, 200);
	assert_int_equal(head.body.len, 0);
	unsigned long long get_len = 0, head_len = 0;
	assert_true(slice_u64(fc_header(&get, "Content-Length"), &get_len));
	assert_int_equal(get_len, get.body.len);
	/* "HEAD" is one byte longer than "GET" in the echo */
	assert_true(slice_u64(fc_header(&head, "Content-Length"), &head_len));
	assert_int_equal(head_len, get_len + 1);
	exchange(fd, FC_KEEP, "GET", "/big?kb=3000", &big);
	assert_int_equal(big.status, 200);
	assert_true(big.body.len > 3000 * 1024);
	fc_answer_free(&get);
	fc_answer_free(&head);
	fc_answer_free(&big);
	close(fd);
	/* without FC_KEEP the server closes */
	fd = fc_connect(socket_path);
	exchange(fd, 0, "GET", "/bare", &get);
	char byte;
	assert_int_equal(get.status, 200);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	fc_answer_free(&get);
	close(fd);
	child_end(&c);
}

/* Peers that go away while a large answer is on its way: no SIGPIPE, no lost thread. */
static void test_peer_leaves(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	for (int i = 0; i < 20; i++) {
		struct buf b;
		buf_init(&b, 65536);
		fc_request(&b, 1, FC_KEEP, "GET", "/big?kb=3000", (struct slice){NULL, 0});
		int fd = fc_connect(socket_path);
		assert_true(fc_send(fd, b.data, b.len));
		if (i % 2)
			poll(NULL, 0, 10);
		close(fd);
		buf_free(&b);
	}
	assert_int_equal(status_of("GET", "/bare", NULL), 200);
	child_end(&c);
}

static void test_idle_connections(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	int fds[300];
	for (size_t i = 0; i < 300; i++) {
		fds[i] = fc_connect(socket_path);
		assert_true(fds[i] >= 0);
		if (i % 3 == 0) { /* a third of them kept after a request */
			struct fc_answer a;
			exchange(fds[i], FC_KEEP, "GET", "/bare", &a);
			assert_int_equal(a.status, 200);
			fc_answer_free(&a);
		}
	}
	for (int i = 0; i < 20; i++) {
		int64_t start = clock_mono_ms();
		assert_int_equal(status_of("GET", "/bare", NULL), 200);
		assert_true(clock_mono_ms() - start < 500);
	}
	/* they are alive still */
	struct fc_answer a;
	exchange(fds[0], FC_KEEP, "GET", "/bare", &a);
	assert_int_equal(a.status, 200);
	fc_answer_free(&a);
	for (size_t i = 0; i < 300; i++)
		close(fds[i]);
	child_end(&c);
}

#define SLOW 8
/* Four times as many slow peers as threads: in the parameters and in the body. */
static void test_slow_peers(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	int fds[SLOW];
	buf_init(&b, 65536);
	build_good(&b, 0);
	long before = effects();
	size_t sent[SLOW];
	for (size_t i = 0; i < SLOW; i++) {
		fds[i] = fc_connect(socket_path);
		sent[i] = i % 2 ? b.len - 12 : 20;
		assert_true(fc_send(fds[i], b.data, sent[i]));
	}
	int64_t start = clock_mono_ms();
	unsigned served = 0;
	bool all_closed = false;
	while (clock_mono_ms() - start < 9000 && !all_closed) {
		poll(NULL, 0, 100);
		all_closed = true;
		for (size_t i = 0; i < SLOW; i++) {
			/* the last byte is never sent */
			if (sent[i] + 1 < b.len && send(fds[i], b.data + sent[i], 1, MSG_NOSIGNAL) == 1)
				sent[i]++;
			char byte;
			if (recv(fds[i], &byte, 1, MSG_DONTWAIT) != 0)
				all_closed = false;
		}
		int64_t asked = clock_mono_ms();
		assert_int_equal(status_of("GET", "/bare", NULL), 200);
		assert_true(clock_mono_ms() - asked < 500);
		served++;
	}
	assert_true(all_closed);
	assert_true(clock_mono_ms() - start >= 4900);
	assert_true(served > 20);
	assert_int_equal(effects(), before);
	for (size_t i = 0; i < SLOW; i++)
		close(fds[i]);
	buf_free(&b);
	child_end(&c);
}

static void test_slow_but_whole(void **state)
{
	(void)state;
	struct child c = child_serve("1", 0);
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 65536);
	build_good(&b, 0);
	int fd = fc_connect(socket_path);
	for (size_t i = 0; i < b.len; i++) {
		assert_true(fc_send(fd, b.data + i, 1));
		if (i % 50 == 0)
			poll(NULL, 0, 20);
	}
	fc_answer_init(&a);
	assert_true(fc_read(fd, 1, 3000, &a));
	assert_int_equal(a.status, 200);
	fc_answer_free(&a);
	buf_free(&b);
	close(fd);
	child_end(&c);
}

/* A full table of files: those inside are served on, and the oldest idle ones make room. */
static void test_emfile(void **state)
{
	(void)state;
	struct child c = child_serve("2", 24);
	int fds[100];
	for (size_t i = 0; i < 100; i++) {
		fds[i] = fc_connect(socket_path);
		assert_true(fds[i] >= 0);
	}
	poll(NULL, 0, 300);
	int64_t start = clock_mono_ms();
	assert_int_equal(waitpid(c.pid, NULL, WNOHANG), 0);
	for (size_t i = 0; i < 100; i++)
		close(fds[i]);
	unsigned status = 0;
	while (status != 200 && clock_mono_ms() - start < 5000)
		status = status_of("GET", "/bare", NULL);
	assert_int_equal(status, 200);
	/* nobody lets go, and still a new one is served: idle ones are ended for it */
	for (size_t i = 0; i < 30; i++)
		fds[i] = fc_connect(socket_path);
	start = clock_mono_ms();
	assert_int_equal(status_of("GET", "/bare", NULL), 200);
	assert_true(clock_mono_ms() - start < 3000);
	for (size_t i = 0; i < 30; i++)
		close(fds[i]);
	child_end(&c);
}

/* ---- stop under load ---- */

struct load {
	pthread_t thread;
	bool keep;
	atomic_bool *stop;
	unsigned answered, lost;
};

/* One request; false when the server cannot be reached any more. */
static bool load_once(struct load *l, int *fd, const struct buf *b)
{
	if (*fd < 0)
		*fd = fc_connect(socket_path);
	if (*fd < 0)
		return false;
	bool sent = fc_send(*fd, b->data, b->len);
	struct fc_answer a;
	fc_answer_init(&a);
	if (sent && fc_read(*fd, 1, 6000, &a) && a.status == 200)
		l->answered++;
	else if (sent)
		l->lost++;
	fc_answer_free(&a);
	if (!sent || !l->keep) {
		close(*fd);
		*fd = -1;
	}
	return true;
}

static void *load_main(void *arg)
{
	struct load *l = arg;
	struct buf b;
	int fd = -1;
	buf_init(&b, 65536);
	fc_request(&b, 1, l->keep ? FC_KEEP : 0, "GET", "/bare?ms=2", (struct slice){NULL, 0});
	while (!atomic_load(l->stop) && load_once(l, &fd, &b))
		;
	if (fd >= 0)
		close(fd);
	buf_free(&b);
	return NULL;
}

static void stop_under_load(int signo)
{
	struct child c = child_serve("4", 0);
	atomic_bool stop = false;
	struct load loads[12] = {{.keep = false}};
	for (size_t i = 0; i < 12; i++) {
		loads[i].keep = i % 2;
		loads[i].stop = &stop;
		assert_int_equal(pthread_create(&loads[i].thread, NULL, load_main, &loads[i]), 0);
	}
	poll(NULL, 0, 250);
	int64_t start = clock_mono_ms();
	kill(c.pid, signo);
	assert_int_equal(child_wait(&c, 5000), 0);
	assert_true(clock_mono_ms() - start < 2000);
	atomic_store(&stop, true);
	unsigned answered = 0, lost = 0;
	for (size_t i = 0; i < 12; i++) {
		pthread_join(loads[i].thread, NULL);
		answered += loads[i].answered;
		lost += loads[i].lost;
	}
	assert_true(answered > 100);
	assert_int_equal(lost, 0);
	struct stat st;
	assert_int_equal(stat(socket_path, &st), -1);
}

static void test_stop(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		stop_under_load(i % 2 ? SIGINT : SIGTERM);
}

static void test_stop_waits_for_handler(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	struct fc_answer a;
	buf_init(&b, 65536);
	fc_request(&b, 1, FC_KEEP, "GET", "/bare?ms=1500", (struct slice){NULL, 0});
	int idle = fc_connect(socket_path), fd = fc_connect(socket_path);
	assert_true(fc_send(fd, b.data, b.len));
	poll(NULL, 0, 200);
	kill(c.pid, SIGTERM);
	fc_answer_init(&a);
	assert_true(fc_read(fd, 1, 3000, &a));
	assert_int_equal(a.status, 200);
	assert_int_equal(child_wait(&c, 2000), 0);
	fc_answer_free(&a);
	buf_free(&b);
	close(fd);
	close(idle);
}

static void test_stop_hung_handler(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct buf b;
	buf_init(&b, 65536);
	fc_request(&b, 1, 0, "GET", "/bare?ms=60000", (struct slice){NULL, 0});
	int fd = fc_connect(socket_path);
	assert_true(fc_send(fd, b.data, b.len));
	poll(NULL, 0, 200);
	kill(c.pid, SIGTERM);
	assert_int_equal(child_wait(&c, 5000), 1);
	buf_free(&b);
	close(fd);
}

static void test_signals(void **state)
{
	(void)state;
	struct child c = child_serve("2", 0);
	struct fc_answer a;
	kill(c.pid, SIGHUP);
	kill(c.pid, SIGUSR1); /* libfcgi would stop accepting */
	kill(c.pid, SIGPIPE);
	bool seen = false;
	for (int i = 0; i < 100 && !seen; i++) {
		int fd = fc_connect(socket_path);
		exchange(fd, 0, "GET", "/", &a);
		seen = memmem(a.body.ptr, a.body.len, "reloads 1\n", 10) != NULL;
		fc_answer_free(&a);
		close(fd);
		poll(NULL, 0, 10);
	}
	assert_true(seen);
	child_end(&c);
}

/* ---- the socket ---- */

static void test_socket_file(void **state)
{
	(void)state;
	struct stat st;
	struct child c = child_serve("1", 0);
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	/* a second server does not take a living socket away */
	struct child second = child_start(socket_path, "1", 0);
	assert_int_equal(child_wait(&second, 3000), 1);
	assert_int_equal(status_of("GET", "/bare", NULL), 200);
	/* what a killed one left is replaced */
	kill(c.pid, SIGKILL);
	assert_int_equal(child_wait(&c, 3000), -1);
	assert_int_equal(stat(socket_path, &st), 0);
	c = child_start(socket_path, "1", 0);
	poll(NULL, 0, 50);
	wait_ready(socket_path);
	assert_int_equal(status_of("GET", "/bare", NULL), 200);
	child_end(&c);
	/* a file is never removed */
	char file[128], address[160];
	int fd = open(path_in(file, sizeof(file), "file"), O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(address, sizeof(address), "unix:%s", file);
	c = child_start(address, "1", 0);
	assert_int_equal(child_wait(&c, 3000), 1);
	assert_int_equal(stat(file, &st), 0);
	c = child_start("127.0.0.1:9000", "1", 0);
	assert_int_equal(child_wait(&c, 3000), 1);
}

/* As spawn-fcgi and systemd start it: descriptor 0, or 3 with LISTEN_FDS. */
static void inherited(int as_fd, bool tcp)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	slice_copy(slice_from(socket_path), addr.sun_path, sizeof(addr.sun_path));
	unlink(socket_path);
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
	if (!tcp)
		assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 64), 0);
	struct child c = {.pid = fork()};
	if (!c.pid) {
		char pid[24];
		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		if (as_fd != 3)
			unsetenv("LISTEN_FDS");
		dup2(fd, as_fd);
		if (fd != as_fd)
			close(fd);
		execl(echo_path, echo_path, "-", "2", (char *)NULL);
		_exit(127);
	}
	child_note(c.pid);
	close(fd);
	if (tcp) {
		assert_int_equal(child_wait(&c, 3000), 1);
		return;
	}
	assert_int_equal(status_of("GET", "/bare", NULL), 200);
	child_end(&c);
	struct stat st;
	assert_int_equal(stat(socket_path, &st), 0); /* not ours: stays */
	unlink(socket_path);
}

static void test_inherited(void **state)
{
	(void)state;
	inherited(0, false);
	inherited(3, false);
	inherited(0, true);
}

/* ---- CGI ---- */

struct cgi_case {
	int line;
	const char *method, *uri, *length, *body, *extra;
	unsigned status;
	long effects; /* of the handler; after_cgi adds one more */
};

static const struct cgi_case cgi_cases[] = {
	{__LINE__, "GET", "/bare", "", "", NULL, 200, 0},
	{__LINE__, "HEAD", "/bare", "", "", NULL, 200, 0},
	{__LINE__, "POST", "/effect", "3", "a=b", NULL, 200, 1},
	{__LINE__, "POST", "/effect", "4", "a=b", NULL, 400, 0},
	/* more on standard input than announced is not ours to read */
	{__LINE__, "POST", "/effect", "3", "a=bX", NULL, 200, 1},
	{__LINE__, "POST", "/effect", "x", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/effect", "-1", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/effect", "99999", "a=b", NULL, 413, 0},
	{__LINE__, "POST", "effect", "3", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/x/../effect", "3", "a=b", NULL, 400, 0},
	{__LINE__, "POST", "/effect", "3", "a=b", "HTTP_X=a\nb", 400, 0},
	{__LINE__, "POST", "/effect", "3", "a=b", "LS_COLORS=\x1b[0m", 200, 1},
};

static void cgi_child(const struct cgi_case *k, int in, int out)
{
	char length[64], uri[256], method[64], effect[160];
	snprintf(length, sizeof(length), "CONTENT_LENGTH=%s", k->length);
	snprintf(uri, sizeof(uri), "REQUEST_URI=%s", k->uri);
	snprintf(method, sizeof(method), "REQUEST_METHOD=%s", k->method);
	snprintf(effect, sizeof(effect), "ECHO_EFFECTS=%s", effects_path);
	char *env[] = {(char *)"GATEWAY_INTERFACE=CGI/1.1", length, uri, method, effect,
	    (char *)"HTTP_HOST=www.example.org", (char *)(uintptr_t)(k->extra ? k->extra : "A=b"), NULL};
	char *argv[] = {(char *)(uintptr_t)echo_path, NULL};
	dup2(in, 0);
	dup2(out, 1);
	execve(echo_path, argv, env);
	_exit(127);
}

static void cgi_run(const struct cgi_case *k)
{
	int in[2], out[2];
	long before = effects();
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	struct child c = {.pid = fork()};
	if (!c.pid)
		cgi_child(k, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	assert_int_equal(write(in[1], k->body, strlen(k->body)), (ssize_t)strlen(k->body));
	close(in[1]);
	char text[4096];
	size_t len = 0;
	ssize_t n;
	while ((n = read(out[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(out[0]);
	assert_int_equal(child_wait(&c, 3000), 0);
	char want[32];
	snprintf(want, sizeof(want), "Status: %u ", k->status);
	if (strncmp(text, want, strlen(want)))
		fail_msg("line %d: %s instead of %s", k->line, text, want);
	bool empty = !strcmp(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(empty, !strcmp(k->method, "HEAD"));
	if (effects() - before != k->effects + 1)
		fail_msg("line %d: %ld effects", k->line, effects() - before);
}

static void test_cgi(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(cgi_cases) / sizeof(cgi_cases[0]); i++)
		cgi_run(&cgi_cases[i]);
}

/* Many good and hostile streams at once, on few threads. */
static void *mixed_main(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	for (int i = 0; i < 60; i++) {
		const struct hostile *h = &hostile[(seed * 31 + (unsigned)i * 17) % HOSTILE];
		if (h->build == build_body)
			continue;
		struct buf b;
		buf_init(&b, 16 * 1024 * 1024);
		h->build(&b, h->arg);
		int fd = fc_connect(socket_path);
		if (fd >= 0) {
			send_pieces(fd, &b, 1 + (size_t)i % 3);
			struct fc_answer a;
			fc_answer_init(&a);
			if (i % 4)
				fc_read(fd, 1, h->expect == EXPECT_NOTHING ? 10 : 2000, &a);
			fc_answer_free(&a);
			close(fd);
		}
		buf_free(&b);
	}
	return NULL;
}

static void test_mixed(void **state)
{
	(void)state;
	struct child c = child_serve("3", 0);
	pthread_t threads[6];
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mixed_main, (void *)(uintptr_t)(i + 1)), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(status_of("GET", "/bare", NULL), 200);
	for (size_t i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(status_of("POST", "/effect", "a=b"), 200);
	child_end(&c);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "test_front PATH/echo_app [TEST]\n");
		return 2;
	}
	echo_path = argv[1];
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof(folder), "/tmp/front-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	path_in(socket_path, sizeof(socket_path), "s.sock");
	path_in(effects_path, sizeof(effects_path), "effects");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_hostile, teardown),
		cmocka_unit_test_teardown(test_buffer_edges, teardown),
		cmocka_unit_test_teardown(test_pipelined, teardown),
		cmocka_unit_test_teardown(test_answers, teardown),
		cmocka_unit_test_teardown(test_peer_leaves, teardown),
		cmocka_unit_test_teardown(test_idle_connections, teardown),
		cmocka_unit_test_teardown(test_slow_peers, teardown),
		cmocka_unit_test_teardown(test_slow_but_whole, teardown),
		cmocka_unit_test_teardown(test_emfile, teardown),
		cmocka_unit_test_teardown(test_stop, teardown),
		cmocka_unit_test_teardown(test_stop_waits_for_handler, teardown),
		cmocka_unit_test_teardown(test_stop_hung_handler, teardown),
		cmocka_unit_test_teardown(test_signals, teardown),
		cmocka_unit_test_teardown(test_socket_file, teardown),
		cmocka_unit_test_teardown(test_inherited, teardown),
		cmocka_unit_test_teardown(test_cgi, teardown),
		cmocka_unit_test_teardown(test_mixed, teardown),
	};
	int failed = cmocka_run_group_tests_name("front", tests, NULL, NULL);
	char file[128];
	unlink(effects_path);
	unlink(path_in(file, sizeof(file), "file"));
	unlink(socket_path);
	rmdir(folder);
	return failed;
}
