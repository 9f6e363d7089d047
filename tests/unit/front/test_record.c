#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "front/front.h"
#include "front/record_priv.h"

static struct buf stream;

static int setup(void **state)
{
	(void)state;
	buf_init(&stream, 8 * 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&stream);
	return 0;
}

static void record(unsigned type, unsigned id, const char *content, size_t len, unsigned padding)
{
	const char h[8] = {1, (char)type, (char)(id >> 8), (char)id, (char)(len >> 8), (char)len, (char)padding, 0};
	static const char zeros[255];
	buf_add(&stream, h, 8);
	buf_add(&stream, content, len);
	buf_add(&stream, zeros, padding);
}

static void begin(unsigned id)
{
	record(1, id, "\0\1\1\0\0\0\0\0", 8, 0);
}

#define RECORD_LIT(type, id, s) record(type, id, s, sizeof(s) - 1, 0)

static void request(unsigned id)
{
	begin(id);
	RECORD_LIT(4, id, "\1\2Axy");
	record(4, id, "", 0, 0);
	RECORD_LIT(5, id, "body");
	record(5, id, "", 0, 0);
}

/* All at once, cutting as the server does. The bytes that libfcgi would get stay in stream. */
static enum record_verdict scan_all(struct record_scan *s, size_t *replies)
{
	record_scan_init(s);
	*replies = 0;
	for (;;) {
		enum record_verdict v = record_scan(s, (unsigned char *)stream.data, stream.len);
		*replies += s->reply_len > 0;
		if (v != RECORD_CUT)
			return v;
		buf_truncate(&stream, record_cut(s, (unsigned char *)stream.data, stream.len));
	}
}

static void test_whole(void **state)
{
	(void)state;
	struct record_scan s;
	size_t replies;
	request(7);
	size_t len = stream.len;
	request(8); /* what follows is not looked at */
	assert_int_equal(scan_all(&s, &replies), RECORD_WHOLE);
	assert_int_equal(s.at, len);
	assert_int_equal(s.id, 7);
	assert_true(s.keep);
	assert_false(s.malformed);
	assert_int_equal(s.params_bytes, 5);
	assert_int_equal(s.stdin_bytes, 4);
	assert_int_equal(replies, 0);
}

/* Byte by byte gives the same as all at once, and MORE all the way. */
static void test_byte_by_byte(void **state)
{
	(void)state;
	struct record_scan s;
	request(300);
	record_scan_init(&s);
	for (size_t len = 0; len < stream.len; len++)
		assert_int_equal(record_scan(&s, (unsigned char *)stream.data, len), RECORD_MORE);
	assert_int_equal(record_scan(&s, (unsigned char *)stream.data, stream.len), RECORD_WHOLE);
	assert_int_equal(s.at, stream.len);
	assert_int_equal(s.id, 300);
}

struct pair_row {
	int line;
	const char *bytes;
	size_t len;
	enum record_verdict verdict;
	bool malformed;
};
#define PAIR(s) __LINE__, s, sizeof(s) - 1

static const struct pair_row pair_rows[] = {
	{PAIR("\1\1ab"), RECORD_WHOLE, false},
	{PAIR("\1\0a"), RECORD_WHOLE, false},
	{PAIR("\1\1ab\2\1cde"), RECORD_WHOLE, false},
	{PAIR("\x80\0\0\1\1ab"), RECORD_WHOLE, false},
	{PAIR("\1\x80\0\0\1ab"), RECORD_WHOLE, false},
	{PAIR("\x80\0\0\1\x80\0\0\1ab"), RECORD_WHOLE, false},
	{PAIR("\0\0"), RECORD_WHOLE, true},
	{PAIR("\0\1a"), RECORD_WHOLE, true},
	{PAIR("\1\1a\0"), RECORD_WHOLE, true},
	{PAIR("\1\1\0a"), RECORD_WHOLE, true},
	{PAIR("\3\1a=bc"), RECORD_WHOLE, true},
	{PAIR("\1\3aa=b"), RECORD_WHOLE, false},
	{PAIR("\1"), RECORD_BAD, false},
	{PAIR("\1\1"), RECORD_BAD, false},
	{PAIR("\1\1a"), RECORD_BAD, false},
	{PAIR("\x80\0\0"), RECORD_BAD, false},
	{PAIR("\x80\0\0\1"), RECORD_BAD, false},
	{PAIR("\x80\0\0\1\x80"), RECORD_BAD, false},
	{PAIR("\xff\xff\xff\xff\xff\xff\xff\xff"), RECORD_BAD, false},
	{PAIR("\xff\xff\xff\xfe\xff\xff\xff\xfe"), RECORD_BAD, false},
	{PAIR("\xff\xff\xff\xf0\x20"), RECORD_BAD, false},
	{PAIR("\xff\xff\xff\xfe\0"), RECORD_BAD, false},
	{PAIR("\x80\1\0\1\1"), RECORD_BAD, false},
	{PAIR("\1\x80\1\0\1"), RECORD_BAD, false},
};

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pair_rows) / sizeof(pair_rows[0]); i++) {
		const struct pair_row *row = &pair_rows[i];
		/* in one record, then in records of one byte */
		for (size_t chunk = 100; chunk; chunk = chunk == 100 ? 1 : 0) {
			struct record_scan s;
			size_t replies;
			buf_reset(&stream);
			begin(1);
			for (size_t at = 0; at < row->len; at += chunk)
				record(4, 1, row->bytes + at, row->len - at < chunk ? row->len - at : chunk, 0);
			record(4, 1, "", 0, 0);
			record(5, 1, "", 0, 0);
			enum record_verdict v = scan_all(&s, &replies);
			if (v != row->verdict || (v == RECORD_WHOLE && s.malformed != row->malformed))
				fail_msg("line %d: verdict %d, malformed %d", row->line, v, s.malformed);
		}
	}
}

static void test_params_limit(void **state)
{
	(void)state;
	static char value[65536];
	memset(value, 'v', sizeof(value));
	for (size_t over = 0; over < 2; over++) {
		struct record_scan s;
		size_t replies, value_len = REQUEST_PARAMS_MAX_BYTES - 6 + over;
		const char lengths[] = {1, (char)(value_len >> 24 | 0x80), (char)(value_len >> 16), (char)(value_len >> 8),
		    (char)value_len, 'N'};
		buf_reset(&stream);
		begin(1);
		record(4, 1, lengths, sizeof(lengths), 0);
		record(4, 1, value, 40000, 0);
		record(4, 1, value, value_len - 40000, 0);
		record(4, 1, "", 0, 0);
		record(5, 1, "", 0, 0);
		assert_int_equal(scan_all(&s, &replies), over ? RECORD_BAD : RECORD_WHOLE);
	}
}

/* Bodies above the maximum are counted, their bytes mostly cut: the answer will be 413. */
static void test_body_limit(void **state)
{
	(void)state;
	static char body[65000];
	struct record_scan s;
	size_t replies;
	begin(1);
	record(4, 1, "", 0, 0);
	for (int i = 0; i < 60; i++)
		record(5, 1, body, sizeof(body), 0);
	record(5, 1, "", 0, 0);
	assert_int_equal(scan_all(&s, &replies), RECORD_WHOLE);
	assert_int_equal(s.stdin_bytes, 60 * sizeof(body));
	assert_int_equal(s.at, stream.len);
	assert_true(stream.len > FRONT_BODY_MAX_BYTES);
	assert_true(stream.len < FRONT_BODY_MAX_BYTES + 200000);
	buf_reset(&stream);
	begin(1);
	record(4, 1, "", 0, 0);
	for (int i = 0; i < 60; i++)
		record(5, 1, body, sizeof(body), 0);
	record_scan_init(&s);
	enum record_verdict v = RECORD_MORE;
	for (int i = 0; i < 200 && v != RECORD_BAD; i++) {
		v = record_scan(&s, (unsigned char *)stream.data, stream.len);
		if (v == RECORD_CUT)
			buf_truncate(&stream, record_cut(&s, (unsigned char *)stream.data, stream.len));
		else if (v == RECORD_MORE)
			record(5, 1, body, sizeof(body), 0);
	}
	assert_int_equal(v, RECORD_BAD);
	assert_true(s.stdin_bytes > RECORD_DROP_MAX_BYTES);
}

static void test_management(void **state)
{
	(void)state;
	struct record_scan s;
	size_t replies;
	/* what is asked twice is answered once; unknown names are left out */
	RECORD_LIT(9, 0, "\17\0FCGI_MPXS_CONNS\16\0FCGI_MAX_CONNS\4\1NAMEx\17\0FCGI_MPXS_CONNS");
	record_scan_init(&s);
	assert_int_equal(record_scan(&s, (unsigned char *)stream.data, stream.len), RECORD_CUT);
	static const char want[] = "\1\12\0\0\0\45\0\0" "\16\3FCGI_MAX_CONNS512" "\17\1FCGI_MPXS_CONNS0";
	assert_int_equal(s.reply_len, sizeof(want) - 1);
	assert_memory_equal(s.reply, want, sizeof(want) - 1);
	assert_int_equal(record_cut(&s, (unsigned char *)stream.data, stream.len), 0);
	/* all three fit the reply */
	buf_reset(&stream);
	for (int i = 0; i < 3; i++)
		RECORD_LIT(9, 0, "\17\0FCGI_MPXS_CONNS\16\0FCGI_MAX_CONNS\15\0FCGI_MAX_REQS");
	request(1);
	assert_int_equal(scan_all(&s, &replies), RECORD_WHOLE);
	assert_int_equal(replies, 3);
	assert_true(s.reply_len <= RECORD_REPLY_BYTES);
	/* unknown type */
	buf_reset(&stream);
	RECORD_LIT(77, 0, "abc");
	record_scan_init(&s);
	assert_int_equal(record_scan(&s, (unsigned char *)stream.data, stream.len), RECORD_CUT);
	assert_memory_equal(s.reply, "\1\13\0\0\0\10\0\0\115\0\0\0\0\0\0\0", 16);
	/* broken GET_VALUES */
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"\1", 1}, {"\2\0a", 3}, {"\1\1a", 3}, {"\x80", 1}, {"\1\x80", 2},
	    {"\xff\xff\xff\xfe\xff\xff\xff\xfe", 8}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_reset(&stream);
		record(9, 0, bad[i].bytes, bad[i].len, 0);
		record_scan_init(&s);
		assert_int_equal(record_scan(&s, (unsigned char *)stream.data, stream.len), RECORD_BAD);
	}
}

/* A padded end of PARAMS becomes a plain one: what is left is byte for byte the plain request. */
static void test_padded_end(void **state)
{
	(void)state;
	struct record_scan s;
	struct buf plain;
	size_t replies;
	buf_init(&plain, 1000);
	begin(1);
	record(4, 1, "", 0, 0);
	record(5, 1, "", 0, 0);
	buf_add_slice(&plain, buf_slice(&stream));
	buf_reset(&stream);
	begin(1);
	record(4, 1, "", 0, 200);
	record(5, 1, "", 0, 0);
	assert_int_equal(scan_all(&s, &replies), RECORD_WHOLE);
	assert_int_equal(stream.len, plain.len);
	assert_memory_equal(stream.data, plain.data, plain.len);
	buf_free(&plain);
}

/* Records of other requests vanish, refused with END_REQUEST and "cannot multiplex". */
static void test_multiplexed(void **state)
{
	(void)state;
	struct record_scan s;
	size_t replies;
	begin(1);
	begin(2);
	RECORD_LIT(4, 2, "junk");
	record(4, 1, "", 0, 0);
	record(2, 2, "", 0, 0);
	RECORD_LIT(5, 2, "other");
	RECORD_LIT(5, 1, "mine");
	record(5, 2, "", 0, 0);
	record(5, 1, "", 0, 0);
	assert_int_equal(scan_all(&s, &replies), RECORD_WHOLE);
	assert_int_equal(replies, 1);
	assert_int_equal(s.stdin_bytes, 4);
	assert_int_equal(stream.len, 16 + 8 + 12 + 8);
	assert_null(memmem(stream.data, stream.len, "other", 5));
}

static void test_bad(void **state)
{
	(void)state;
	struct record_scan s;
	size_t replies;
	for (unsigned version = 0; version < 256; version++) {
		buf_reset(&stream);
		begin(1);
		stream.data[0] = (char)version;
		assert_int_equal(scan_all(&s, &replies), version == 1 ? RECORD_MORE : RECORD_BAD);
		/* a wrong first byte is seen before the header is whole */
		record_scan_init(&s);
		assert_int_equal(record_scan(&s, (unsigned char *)stream.data, 1), version == 1 ? RECORD_MORE : RECORD_BAD);
	}
	for (unsigned type = 0; type < 256; type++) {
		/* before a request only BEGIN and a late ABORT, of any id but 0 */
		buf_reset(&stream);
		record(type, 1, "\0\1\0\0\0\0\0\0", 8, 0);
		assert_int_equal(scan_all(&s, &replies), type == 1 || type == 2 ? RECORD_MORE : RECORD_BAD);
	}
	for (unsigned type = 0; type < 256; type++) {
		/* in a request that waits for its body only STDIN; an ABORT is confirmed */
		buf_reset(&stream);
		begin(1);
		record(4, 1, "", 0, 0);
		record(type, 1, "x", 1, 0);
		assert_int_equal(scan_all(&s, &replies), type == 5 ? RECORD_MORE : RECORD_BAD);
		assert_int_equal(replies, type == 2);
	}
	for (unsigned role = 0; role < 5; role++) {
		buf_reset(&stream);
		begin(1);
		stream.data[9] = (char)role;
		assert_int_equal(scan_all(&s, &replies), role == 1 ? RECORD_MORE : RECORD_BAD);
		assert_int_equal(replies, role != 1);
	}
}

static uint32_t seed = 12345;
static uint32_t next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/*
 * Random damage, random cuts: the verdict must not depend on how the bytes
 * arrive, nothing outside the bytes is read (run under a sanitizer: each scan
 * gets memory of exactly its size), and what is WHOLE is in the plainest form.
 */
static enum record_verdict scan_pieces(struct buf *b, struct record_scan *s, size_t step)
{
	record_scan_init(s);
	size_t have = 0;
	for (;;) {
		unsigned char *copy = malloc(have ? have : 1);
		memcpy(copy, b->data, have);
		enum record_verdict v = record_scan(s, copy, have);
		free(copy);
		assert_true(s->at <= have);
		assert_true(s->reply_len <= RECORD_REPLY_BYTES);
		if (v == RECORD_CUT) {
			assert_true(s->cut_bytes && s->cut_at + s->cut_bytes <= have);
			buf_truncate(b, record_cut(s, (unsigned char *)b->data, b->len));
			have -= s->cut_bytes;
		} else if (v != RECORD_MORE || have == b->len) {
			return v;
		} else {
			have = b->len - have < step ? b->len : have + step;
		}
	}
}

static void plain_check(const struct buf *b, const struct record_scan *s)
{
	for (size_t at = 0; at < s->at;) {
		const unsigned char *h = (const unsigned char *)b->data + at;
		assert_int_equal(h[0], 1);
		assert_true(h[1] == (at ? (h[1] == 4 ? 4 : 5) : 1));
		assert_int_equal(h[2] << 8 | h[3], s->id);
		at += 8u + (size_t)(h[4] << 8 | h[5]) + h[6];
	}
}

static void test_random(void **state)
{
	(void)state;
	unsigned verdicts[4] = {0};
	for (int round = 0; round < 20000; round++) {
		struct record_scan s, t;
		struct buf a, b;
		buf_reset(&stream);
		if (next_random() % 4 == 0)
			RECORD_LIT(9, 0, "\16\0FCGI_MAX_CONNS");
		request(1 + next_random() % 3);
		for (uint32_t damage = next_random() % 4; damage; damage--)
			stream.data[next_random() % stream.len] = (char)next_random();
		if (next_random() % 2)
			request(1);
		buf_init(&a, 4096);
		buf_init(&b, 4096);
		buf_add_slice(&a, buf_slice(&stream));
		buf_add_slice(&b, buf_slice(&stream));
		enum record_verdict v = scan_pieces(&a, &s, 4096);
		enum record_verdict w = scan_pieces(&b, &t, 1 + next_random() % 9);
		assert_int_equal(v, w);
		assert_int_equal(s.malformed, t.malformed);
		if (v == RECORD_WHOLE) {
			assert_int_equal(s.at, t.at);
			plain_check(&a, &s);
		}
		verdicts[v]++;
		buf_free(&a);
		buf_free(&b);
	}
	assert_true(verdicts[RECORD_WHOLE] > 1000 && verdicts[RECORD_BAD] > 1000 && verdicts[RECORD_MORE] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_params_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_body_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_management, setup, teardown),
		cmocka_unit_test_setup_teardown(test_padded_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multiplexed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
