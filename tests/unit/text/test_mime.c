#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "text/mime.h"
#include "text/utf8.h"

#define X70 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static struct buf out;

static int setup(void **state)
{
	(void)state;
	buf_init(&out, 1u << 18);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* Expectations written by hand from RFC 2047 and RFC 5322. written NULL: the buffer fails. */
static const struct {
	int line;
	const char *name;
	struct slice value;
	const char *written;
} headers[] = {
	{__LINE__, "Subject", SLICE_LIT("Please confirm"), "Subject: Please confirm\r\n"},
	{__LINE__, "Subject", SLICE_LIT(""), "Subject:\r\n"},
	{__LINE__, "Subject", SLICE_LIT("a?b=c"), "Subject: a?b=c\r\n"},
	{__LINE__, "Subject", SLICE_LIT("Bitte bestätigen"), "Subject: Bitte =?UTF-8?Q?best=C3=A4tigen?=\r\n"},
	{__LINE__, "Subject", SLICE_LIT("äöü"), "Subject: =?UTF-8?B?w6TDtsO8?=\r\n"},
	{__LINE__, "Subject", SLICE_LIT("Ein Wort äh mitten"), "Subject: Ein Wort =?UTF-8?B?w6Ro?= mitten\r\n"},
	/* what stands between two such words is encoded too: white space between encoded-words is lost */
	{__LINE__, "Subject", SLICE_LIT("Neues für alle Freunde und für dich"),
	    "Subject: Neues =?UTF-8?Q?f=C3=BCr_alle_Freunde_und_f=C3=BCr?= dich\r\n"},
	{__LINE__, "Subject", SLICE_LIT("für a_b=c?"), "Subject: =?UTF-8?Q?f=C3=BCr?= a_b=c?\r\n"},
	{__LINE__, "Subject", SLICE_LIT("a_b=c? für"), "Subject: a_b=c? =?UTF-8?Q?f=C3=BCr?=\r\n"},
	/* text that a reader would take for an encoded-word */
	{__LINE__, "Subject", SLICE_LIT("=?utf-8?q?x?="), "Subject: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=\r\n"},
	{__LINE__, "Subject", SLICE_LIT("plain text =?x"), "Subject: plain text =?UTF-8?B?PT94?=\r\n"},
	/* spaces that folding would lose */
	{__LINE__, "Subject", SLICE_LIT(" a"), "Subject: =?UTF-8?Q?_a?=\r\n"},
	{__LINE__, "Subject", SLICE_LIT("a "), "Subject: =?UTF-8?Q?a_?=\r\n"},
	{__LINE__, "Subject", SLICE_LIT("a  b"), "Subject: =?UTF-8?Q?a__b?=\r\n"},
	/* folding: 76 stays, 77 does not */
	{__LINE__, "Subject", SLICE_LIT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"),
	    "Subject: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"},
	{__LINE__, "Subject", SLICE_LIT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"),
	    "Subject: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"},
	/* injection */
	{__LINE__, "Subject", SLICE_LIT("a\r\nBcc: x@example.org"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\nb"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\rb"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\r\n b"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\n"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\0b"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\tb"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\xe2\x80\xa8" "b"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\xc2\x85" "b"), NULL},
	{__LINE__, "Subject", SLICE_LIT("a\xff" "b"), NULL},
	{__LINE__, "Sub:ject", SLICE_LIT("a"), NULL},
	{__LINE__, "Sub ject", SLICE_LIT("a"), NULL},
	{__LINE__, "Sub\r\nject", SLICE_LIT("a"), NULL},
	{__LINE__, "S\xc3\xbc", SLICE_LIT("a"), NULL},
	{__LINE__, "", SLICE_LIT("a"), NULL},
};

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		buf_reset(&out);
		mime_header(&out, headers[i].name, headers[i].value);
		if (buf_ok(&out) != (headers[i].written != NULL))
			fail_msg("row of line %d", headers[i].line);
		if (headers[i].written && !slice_eq_str(buf_slice(&out), headers[i].written))
			fail_msg("row of line %d gave %s", headers[i].line, out.data);
	}
}

/* A failure does not wear off with the next good header. */
static void test_failure_sticks(void **state)
{
	(void)state;
	mime_header(&out, "Subject", SLICE("a\r\nBcc: b"));
	mime_header(&out, "Subject", SLICE("good"));
	mime_header_raw(&out, "X", SLICE("good"));
	mime_header_mailbox(&out, "To", SLICE("x"), SLICE("n@example.org"));
	mime_quoted_printable(&out, SLICE("x"));
	assert_false(buf_ok(&out));
	assert_int_equal(out.len, 0);
}

static int hex(char c)
{
	const char *digits = "0123456789ABCDEF", *hit = strchr(digits, c);

	assert_true(c && hit); /* only capitals: RFC 2047 section 4.2 */
	return (int)(hit - digits);
}

static void add_q(struct buf *b, struct slice s, bool word)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '=') {
			assert_true(i + 2 < s.len);
			buf_add_char(b, (char)(hex(s.ptr[i + 1]) * 16 + hex(s.ptr[i + 2])));
			i += 2;
		} else {
			buf_add_char(b, word && s.ptr[i] == '_' ? ' ' : s.ptr[i]);
		}
	}
}

static void check_line(struct slice line, size_t max)
{
	if (line.len > max)
		fail_msg("line of %zu bytes: %.*s", line.len, SLICE_FMT(line));
	for (size_t i = 0; i < line.len; i++)
		assert_in_range(line.ptr[i], 0x20, 0x7e);
}

/*
 * A second reader of headers: unfolds, decodes encoded-words, drops the space
 * between two of them. Each word must be whole UTF-8 (RFC 2047 section 5).
 */
static void read_header(struct slice header, struct buf *text)
{
	struct slice rest = header, line;
	bool last_encoded = false, first = true;

	assert_true(slice_ends(header, SLICE("\r\n")));
	rest.len -= 2;
	while (slice_split(&rest, '\n', &line)) {
		struct slice word;
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		check_line(line, 76);
		if (first)
			line = slice_sub(line, slice_find(line, ':', 0) + 1, line.len);
		if (line.len == 0)
			continue;
		assert_int_equal(line.ptr[0], ' ');
		line = slice_sub(line, 1, line.len);
		while (slice_split(&line, ' ', &word)) {
			bool encoded = slice_starts(word, SLICE("=?"));
			if (!first && !(encoded && last_encoded))
				buf_add_char(text, ' ');
			first = false;
			last_encoded = encoded;
			if (!encoded) {
				buf_add_slice(text, word);
				continue;
			}
			size_t from = text->len;
			assert_true(word.len <= 75 && slice_ends(word, SLICE("?=")));
			struct slice inner = slice_sub(word, 10, word.len - 12);
			if (slice_starts(word, SLICE("=?UTF-8?Q?")))
				add_q(text, inner, true);
			else
				assert_true(slice_starts(word, SLICE("=?UTF-8?B?")) && enc_b64_decode(inner, text));
			assert_true(utf8_valid(slice_sub(buf_slice(text), from, text->len)));
		}
	}
}

static void check_round_trip(struct slice value)
{
	struct buf text;

	buf_init(&text, 65536);
	buf_reset(&out);
	mime_header(&out, "Subject", value);
	assert_true(buf_ok(&out));
	read_header(buf_slice(&out), &text);
	if (!slice_eq(buf_slice(&text), value))
		fail_msg("%.*s became %s", SLICE_FMT(value), text.data);
	buf_free(&text);
}

/* Every length and position at which a fold can fall, with letters of one to four bytes. */
static void test_round_trips(void **state)
{
	static const char *const units[] = {"a", "ä", "€", "😀", "a ", "ä ", "wort ", "größe ", " ", "=?", "a  "};
	struct buf value;

	(void)state;
	buf_init(&value, 65536);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		for (size_t shift = 0; shift < 4; shift++) {
			buf_reset(&value);
			for (size_t k = 0; k < shift; k++)
				buf_add_char(&value, 'x');
			for (size_t n = 0; n < 120; n++) {
				buf_add_str(&value, units[u]);
				check_round_trip(buf_slice(&value));
			}
		}
	}
	buf_reset(&value);
	buf_add_str(&value, X70 " a");
	check_round_trip(buf_slice(&value));
	buf_free(&value);
}

/* Pseudo-random words, fixed seed: mixes that the loops above do not make. */
static void test_random_round_trips(void **state)
{
	static const char *const pieces[] = {" ", " ", "a", "Grüße", "ß", "=?", "?=", "日本", "_", "=41", X70,
	    "news", ","};
	struct buf value;
	uint32_t seed = 1;

	(void)state;
	buf_init(&value, 65536);
	for (int round = 0; round < 3000; round++) {
		buf_reset(&value);
		for (uint32_t k = 0, n = seed >> 16 & 31; k <= n; k++) {
			seed = seed * 1664525u + 1013904223u;
			buf_add_str(&value, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
		}
		check_round_trip(buf_slice(&value));
	}
	buf_free(&value);
}

static void test_raw(void **state)
{
	char word[1000];

	(void)state;
	mime_header_raw(&out, "MIME-Version", SLICE("1.0"));
	mime_header_raw(&out, "Content-Type",
	    SLICE("multipart/alternative; charset=utf-8; boundary=\"0123456789abcdef\""));
	mime_header_raw(&out, "List-Unsubscribe", SLICE("<https://www.example.org/j/u/" X70 ">"));
	mime_header_raw(&out, "X-Empty", SLICE(""));
	mime_header_raw(&out, "X-Spaces", SLICE("a  b "));
	assert_string_equal(out.data,
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/alternative; charset=utf-8;\r\n boundary=\"0123456789abcdef\"\r\n"
	    "List-Unsubscribe: <https://www.example.org/j/u/" X70 ">\r\n"
	    "X-Empty:\r\n"
	    "X-Spaces: a  b \r\n");
	memset(word, 'w', sizeof(word));
	buf_reset(&out);
	mime_header_raw(&out, "X", slice_make(word, 995));
	assert_true(buf_ok(&out));
	assert_int_equal(out.len, 1000); /* 998 and the line end */
	mime_header_raw(&out, "X", slice_make(word, 996));
	assert_false(buf_ok(&out));
	for (size_t i = 0; i < 4; i++) {
		static const char *const refused[] = {"a\r\nBcc: b", "a\nb", "ä", "a\tb"};
		buf_reset(&out);
		mime_header_raw(&out, "X", slice_from(refused[i]));
		assert_false(buf_ok(&out));
	}
}

static const struct {
	int line;
	struct slice phrase, addr;
	const char *written;
} mailboxes[] = {
	{__LINE__, SLICE_LIT(""), SLICE_LIT("n@example.org"), "From: n@example.org\r\n"},
	{__LINE__, SLICE_LIT("Beispiel"), SLICE_LIT("n@example.org"), "From: Beispiel <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("Verein Beispiel"), SLICE_LIT("n@example.org"),
	    "From: Verein Beispiel <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("Beispiel GmbH & Co. KG"), SLICE_LIT("n@example.org"),
	    "From: \"Beispiel GmbH & Co. KG\" <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("a@b.c"), SLICE_LIT("n@example.org"), "From: \"a@b.c\" <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("A, B"), SLICE_LIT("n@example.org"), "From: \"A, B\" <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("say \"x\" \\"), SLICE_LIT("n@example.org"),
	    "From: \"say \\\"x\\\" \\\\\" <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT(" a"), SLICE_LIT("n@example.org"), "From: \" a\" <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("Müller"), SLICE_LIT("n@example.org"),
	    "From: =?UTF-8?Q?M=C3=BCller?= <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("Bäckerei Beispiel"), SLICE_LIT("n@example.org"),
	    "From: =?UTF-8?Q?B=C3=A4ckerei_Beispiel?= <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("=?utf-8?q?x?="), SLICE_LIT("n@example.org"),
	    "From: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?= <n@example.org>\r\n"},
	{__LINE__, SLICE_LIT("Verein zur Pflege der alten und der neuen Beispiele"),
	    SLICE_LIT("news@verein.example.org"),
	    "From: Verein zur Pflege der alten und der neuen Beispiele\r\n <news@verein.example.org>\r\n"},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT(""), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("@example.org"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@a@example.org"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@example.org>"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@example.org\r\nBcc: b@example.org"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@example.org, b@example.org"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@example.org,b"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n n@example.org"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("n@exämple.org"), NULL},
	{__LINE__, SLICE_LIT("x"), SLICE_LIT("\"n\"@example.org"), NULL},
	{__LINE__, SLICE_LIT("x\r\nBcc: b"), SLICE_LIT("n@example.org"), NULL},
	{__LINE__, SLICE_LIT("x\ny"), SLICE_LIT("n@example.org"), NULL},
	{__LINE__, SLICE_LIT("x\0y"), SLICE_LIT("n@example.org"), NULL},
};

static void test_mailboxes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mailboxes) / sizeof(mailboxes[0]); i++) {
		buf_reset(&out);
		mime_header_mailbox(&out, "From", mailboxes[i].phrase, mailboxes[i].addr);
		if (buf_ok(&out) != (mailboxes[i].written != NULL))
			fail_msg("row of line %d", mailboxes[i].line);
		if (mailboxes[i].written && !slice_eq_str(buf_slice(&out), mailboxes[i].written))
			fail_msg("row of line %d gave %s", mailboxes[i].line, out.data);
	}
}

/* Phrases of every length: never a line above 76, quotes and backslashes in pairs. */
static void test_long_phrases(void **state)
{
	static const char *const units[] = {"a", "a ", "\"", "\\", ".", "ä", "a. "};
	struct buf phrase;

	(void)state;
	buf_init(&phrase, 4096);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		buf_reset(&phrase);
		for (size_t n = 0; n < 150; n++) {
			struct slice rest, line;
			buf_add_str(&phrase, units[u]);
			buf_reset(&out);
			mime_header_mailbox(&out, "Reply-To", buf_slice(&phrase), SLICE("n@example.org"));
			assert_true(buf_ok(&out));
			assert_true(slice_ends(buf_slice(&out), SLICE("<n@example.org>\r\n")));
			rest = buf_slice(&out);
			while (slice_split(&rest, '\n', &line))
				check_line(slice_trim(line), 76);
		}
	}
	buf_free(&phrase);
}

static const struct {
	int line;
	struct slice text;
	const char *written;
} bodies[] = {
	{__LINE__, SLICE_LIT(""), "\r\n"},
	{__LINE__, SLICE_LIT("a"), "a\r\n"},
	{__LINE__, SLICE_LIT("a\n"), "a\r\n"},
	{__LINE__, SLICE_LIT("a\r\nb\n"), "a\r\nb\r\n"},
	{__LINE__, SLICE_LIT("a\n\nb"), "a\r\n\r\nb\r\n"},
	{__LINE__, SLICE_LIT("a\n\n"), "a\r\n\r\n"},
	{__LINE__, SLICE_LIT("1+1=2"), "1+1=3D2\r\n"},
	{__LINE__, SLICE_LIT("Grüße 😀"), "Gr=C3=BC=C3=9Fe =F0=9F=98=80\r\n"},
	{__LINE__, SLICE_LIT("a \nb\t\nc d"), "a=20\r\nb=09\r\nc d\r\n"},
	{__LINE__, SLICE_LIT("a \r\n"), "a=20\r\n"},
	{__LINE__, SLICE_LIT(" "), "=20\r\n"},
	{__LINE__, SLICE_LIT("\tb"), "\tb\r\n"},
	{__LINE__, SLICE_LIT("."), "=2E\r\n"},
	{__LINE__, SLICE_LIT("a\n.\n..b\n a.b"), "a\r\n=2E\r\n=2E.b\r\n a.b\r\n"},
	{__LINE__, SLICE_LIT("From here\nFrom: x\n From y"), "=46rom here\r\nFrom: x\r\n From y\r\n"},
	{__LINE__, SLICE_LIT("a\0b\x01\x7f"), "a=00b=01=7F\r\n"},
	{__LINE__, SLICE_LIT("\xff"), "=FF\r\n"},
	{__LINE__, SLICE_LIT(X70 "123456"), X70 "123456\r\n"},
	{__LINE__, SLICE_LIT(X70 "1234567"), X70 "12345=\r\n67\r\n"},
	{__LINE__, SLICE_LIT(X70 "1234ä"), X70 "1234=\r\n=C3=A4\r\n"}, /* a letter is not cut */
	{__LINE__, SLICE_LIT(X70 "ä"), X70 "=C3=A4\r\n"},              /* 76 and the end: fits */
	{__LINE__, SLICE_LIT(X70 "ä1"), X70 "=\r\n=C3=A41\r\n"},
	{__LINE__, SLICE_LIT(X70 "12345.6"), X70 "12345=\r\n=2E6\r\n"}, /* the break made a line start */
	{__LINE__, SLICE_LIT(X70 "123456 \n"), X70 "12345=\r\n6=20\r\n"},
	{__LINE__, SLICE_LIT("a\rb"), NULL},
	{__LINE__, SLICE_LIT("a\r"), NULL},
	{__LINE__, SLICE_LIT("a\r\r\n"), NULL},
	{__LINE__, SLICE_LIT("\n\r"), NULL},
};

static void test_quoted_printable(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		buf_reset(&out);
		mime_quoted_printable(&out, bodies[i].text);
		if (buf_ok(&out) != (bodies[i].written != NULL))
			fail_msg("row of line %d", bodies[i].line);
		if (bodies[i].written && !slice_eq_str(buf_slice(&out), bodies[i].written))
			fail_msg("row of line %d gave %s", bodies[i].line, out.data);
	}
	buf_reset(&out);
	mime_quoted_printable(&out, slice_make(NULL, 0));
	assert_string_equal(out.data, "\r\n");
}

static void test_quoted_printable_round_trips(void **state)
{
	static const char *const units[] = {"a", "ä", "€", "😀", " ", ".", "=", "a\n", ".\n", " \n", "From "};
	struct buf text, back;

	(void)state;
	buf_init(&text, 4096);
	buf_init(&back, 4096);
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		buf_reset(&text);
		for (size_t n = 0; n < 200; n++) {
			struct slice rest, line;
			buf_add_str(&text, units[u]);
			buf_reset(&out);
			buf_reset(&back);
			mime_quoted_printable(&out, buf_slice(&text));
			assert_true(slice_ends(buf_slice(&out), SLICE("\r\n")));
			rest = slice_sub(buf_slice(&out), 0, out.len - 1);
			while (slice_split(&rest, '\n', &line)) {
				bool soft;
				assert_true(slice_ends(line, SLICE("\r")));
				line.len--;
				check_line(line, 76);
				soft = slice_ends(line, SLICE("="));
				add_q(&back, slice_sub(line, 0, line.len - soft), false);
				if (!soft)
					buf_add_char(&back, '\n');
			}
			if (!slice_ends(buf_slice(&text), SLICE("\n")))
				buf_truncate(&back, back.len - 1);
			assert_true(slice_eq(buf_slice(&back), buf_slice(&text)));
		}
	}
	buf_free(&text);
	buf_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure_sticks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trips, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_round_trips, setup, teardown),
		cmocka_unit_test_setup_teardown(test_raw, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mailboxes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_phrases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quoted_printable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quoted_printable_round_trips, setup, teardown),
	};

	return cmocka_run_group_tests_name("text/mime", tests, NULL, NULL);
}
