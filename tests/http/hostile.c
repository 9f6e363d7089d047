#include "http/hostile.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"

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
	bug_if(!value);
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
	bug_if((size_t)which >= sizeof(bad) / sizeof(bad[0]));
	fc_pair_bytes(&pairs, bad[which].name, bad[which].value, false);
	params_and_body(b, &pairs, "a");
	buf_free(&pairs);
}

static void build_long_uri(struct buf *b, int bytes)
{
	char *uri = malloc((size_t)bytes + 1);
	bug_if(!uri);
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
	bug_if(!body);
	memset(body, 'b', (size_t)bytes);
	fc_request(b, 1, FC_KEEP, "POST", bytes % 2 ? "/effect" : "/hook", slice_make(body, (size_t)bytes));
	free(body);
}

#define ANSWER(n) .expect = EXPECT_ANSWER, .status = (n)
#define CLOSED .expect = EXPECT_CLOSED
#define NOTHING .expect = EXPECT_NOTHING
const struct hostile hostile[] = {
	{__LINE__, "good", build_good, 0, ANSWER(200)},
	{__LINE__, "GET_VALUES", build_get_values, 1, ANSWER(200), .value_results = 1},
	{__LINE__, "GET_VALUES that overruns libfcgi", build_get_values, 300, ANSWER(200), .value_results = 1},
	{__LINE__, "GET_VALUES inside, overrun", build_management_inside, 0, ANSWER(200), .value_results = 1},
	{__LINE__, "GET_VALUES inside, CVE lengths", build_management_inside, 1, CLOSED},
	{__LINE__, "unknown management type", build_management, 99, ANSWER(200), .unknown_types = 1},
	{__LINE__, "PARAMS with id 0", build_management, FC_PARAMS, ANSWER(200), .unknown_types = 1},
	{__LINE__, "version 0", build_version, 0, CLOSED},
	{__LINE__, "version 2", build_version, 2, CLOSED},
	{__LINE__, "version 2 in the second record", build_version_late, 2, CLOSED},
	{__LINE__, "role authorizer", build_role, 2, ANSWER(0), .protocol = 3},
	{__LINE__, "role filter", build_role, 3, ANSWER(0), .protocol = 3},
	{__LINE__, "role 0", build_role, 0, ANSWER(0), .protocol = 3},
	{__LINE__, "role 0x101", build_role, 0x101, ANSWER(0), .protocol = 3},
	{__LINE__, "abort before STDIN", build_abort, 0, ANSWER(0)},
	{__LINE__, "abort inside STDIN", build_abort, 1, ANSWER(0)},
	{__LINE__, "late abort of an answered request", build_late_abort, 0, ANSWER(200)},
	{__LINE__, "second BEGIN, other id", build_second_begin, 2, ANSWER(200), .cant_mpx = 1},
	{__LINE__, "second BEGIN, same id", build_second_begin, 1, CLOSED},
	{__LINE__, "foreign empty record", build_foreign_empty, 0, ANSWER(200)},
	{__LINE__, "4-byte lengths for short texts", build_long_lengths, 0, ANSWER(200)},
	{__LINE__, "padding 255", build_padding, 255, ANSWER(200)},
	{__LINE__, "padding 1", build_padding, 1, ANSWER(200)},
	{__LINE__, "parameter of 60 KB", build_big_param, 60000, ANSWER(200)},
	{__LINE__, "parameter of 64 KiB", build_big_param, 65536, CLOSED},
	{__LINE__, "parameter of 2 MB", build_big_param, 2000000, CLOSED},
	{__LINE__, "2,000 parameters", build_many_params, 2000, ANSWER(200)},
	{__LINE__, "20,000 parameters", build_many_params, 20000, CLOSED},
	{__LINE__, "empty name", build_pair, 0, ANSWER(400)},
	{__LINE__, "empty name and value", build_pair, 1, ANSWER(400)},
	{__LINE__, "NUL in a value", build_pair, 2, ANSWER(400)},
	{__LINE__, "NUL in a name", build_pair, 3, ANSWER(400)},
	{__LINE__, "= in a name", build_pair, 4, ANSWER(400)},
	{__LINE__, "CR LF in a value", build_pair, 5, ANSWER(400)},
	{__LINE__, "DEL in a value", build_pair, 6, ANSWER(400)},
	{__LINE__, "site not UTF-8", build_pair, 7, ANSWER(400)},
	{__LINE__, "host with a space", build_pair, 8, ANSWER(400)},
	{__LINE__, "path without slash", build_pair, 9, ANSWER(400)},
	{__LINE__, "path with ..", build_pair, 10, ANSWER(400)},
	{__LINE__, "path with escaped ..", build_pair, 11, ANSWER(400)},
	{__LINE__, "path with escaped NUL", build_pair, 12, ANSWER(400)},
	{__LINE__, "path with overlong UTF-8", build_pair, 13, ANSWER(400)},
	{__LINE__, "path with a bad escape", build_pair, 14, ANSWER(400)},
	{__LINE__, "no method", build_pair, 15, ANSWER(400)},
	{__LINE__, "URI of 8 KiB", build_long_uri, 8192, ANSWER(200), .elsewhere = true},
	{__LINE__, "URI of 8 KiB + 1", build_long_uri, 8193, ANSWER(414)},
	{__LINE__, "cut in the first header", build_truncated, 5, NOTHING},
	{__LINE__, "cut in BEGIN", build_truncated, 12, NOTHING},
	{__LINE__, "cut after BEGIN", build_truncated, 16, NOTHING},
	{__LINE__, "cut in PARAMS", build_truncated, 100, NOTHING},
	{__LINE__, "CONTENT_LENGTH larger than the body", build_length, 11, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH far larger", build_length, 16384, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH smaller than the body", build_length, 9, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH 0 with a body", build_length, 0, ANSWER(400)},
	{__LINE__, "no CONTENT_LENGTH with a body", build_length, -1, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH right", build_length, 10, ANSWER(200)},
	{__LINE__, "CONTENT_LENGTH -1", build_length_text, 0, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH 1x", build_length_text, 1, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH 2^64", build_length_text, 2, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH 2^64-1", build_length_text, 3, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH 0x1", build_length_text, 4, ANSWER(400)},
	{__LINE__, "CONTENT_LENGTH with a space", build_length_text, 5, ANSWER(400)},
	{__LINE__, "BEGIN with id 0", build_begin_id0, 0, CLOSED},
	{__LINE__, "CVE lengths 7ffffffe 7ffffffe", build_cve, 0, CLOSED},
	{__LINE__, "CVE lengths 7ffffff0 20", build_cve, 1, CLOSED},
	{__LINE__, "CVE lengths 7ffffffe 0", build_cve, 2, CLOSED},
	{__LINE__, "CVE lengths INT_MAX INT_MAX", build_cve, 3, CLOSED},
	{__LINE__, "CVE lengths 0 INT_MAX", build_cve, 4, CLOSED},
	{__LINE__, "length just above the maximum", build_cve, 5, CLOSED},
	{__LINE__, "parameters end inside a value", build_cut_pair, 3, CLOSED},
	{__LINE__, "records of one byte", build_small_records, 1, ANSWER(200)},
	{__LINE__, "records of seven bytes", build_small_records, 7, ANSWER(200)},
	{__LINE__, "STDIN before the end of PARAMS", build_early_stdin, FC_STDIN, CLOSED},
	{__LINE__, "DATA for a responder", build_early_stdin, FC_DATA, CLOSED},
	{__LINE__, "unknown type with an id", build_early_stdin, 200, CLOSED},
	{__LINE__, "PARAMS after their end", build_late_params, 0, CLOSED},
	{__LINE__, "HTTP instead of FastCGI", build_http, 0, CLOSED},
	{__LINE__, "BEGIN of 7 bytes", build_begin_short, 7, CLOSED},
	{__LINE__, "BEGIN of 9 bytes", build_begin_short, 9, CLOSED},
	{__LINE__, "body of 16 KiB - 1", build_body, 16383, ANSWER(200)},
	{__LINE__, "body of 16 KiB + 1", build_body, 16385, ANSWER(413)},
	{__LINE__, "body of 1 MiB, permitted", build_body, 1048576, ANSWER(200)},
	{__LINE__, "body of 1 MiB + 2", build_body, 1048578, ANSWER(413)},
	{__LINE__, "body of 3 MB", build_body, 3000000, ANSWER(413)},
	{__LINE__, "body of 9 MB", build_body, 9000000, CLOSED},
};
const size_t hostile_count = sizeof(hostile) / sizeof(hostile[0]);
