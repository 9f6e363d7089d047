/* A mail as it arrived: fields, parts and what they decode to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "text/eml.h"

static void test_parts(void **state)
{
	static const struct {
		int row;
		const char *mail, *text, *html;
	} rows[] = {
	    {__LINE__, "A: b\n\nplain\n", "plain\n", ""},
	    {__LINE__, "From x@y Sat\r\nA: b\r\n\r\nplain", "plain", ""},
	    {__LINE__, "A: b", "", ""},
	    {__LINE__, "Content-Type: TEXT/HTML; charset=utf-8\n\n<p>", "", "<p>"},
	    {__LINE__, "Content-Type: image/png\n\nx", "", ""},
	    {__LINE__, "Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc=C3=A4 \t\n=ZZ=4", "a=bc\xc3\xa4\n=ZZ=4\n", ""},
	    {__LINE__, "content-transfer-encoding: BASE64\n\naGFs\r\nbG8=\n", "hallo", ""},
	    {__LINE__, "Content-Transfer-Encoding: base64\n\nno base64!\n", "no base64!\n", ""},
	    {__LINE__, "Content-Type: multipart/alternative;\n boundary=\"a b\"\n\npre\n--a b\n\none\n--a b  \nContent-Type: text/html\n\n"
	               "two\n--a b--\n--a b\n\nafter\n", "one\n", "two\n"},
	    {__LINE__, "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=xy\n\n"
	               "--xy\n\none\n--xy\nContent-Type: text/html\n\ntwo\n--xy--\n--x\n\nthree\n--x--\n", "one\n", "two\n"},
	    {__LINE__, "Content-Type: multipart/mixed; boundary=x\n\n--x\n\ncut off", "cut off", ""},
	    {__LINE__, "Content-Type: multipart/mixed; boundary=x\n\nno part", "", ""},
	    {__LINE__, "Content-Type: multipart/mixed\n\nno boundary", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct errinfo ei = {.code = OK};
		struct arena a;
		struct eml m;

		arena_init(&a, 1u << 24);
		assert_int_equal(eml_read(&m, &a, slice_from(rows[i].mail), &ei), OK);
		if (!slice_eq_str(m.text, rows[i].text) || !slice_eq_str(m.html, rows[i].html))
			fail_msg("row %d: \"%.*s\" \"%.*s\"", rows[i].row, SLICE_FMT(m.text), SLICE_FMT(m.html));
		arena_free(&a);
	}
}

static void test_fields(void **state)
{
	static const char mail[] = "Received: one\r\nX-Long: a\r\n\tb;\r\n  c  \r\nreceived:two\r\nEmpty:\r\n\r\nReceived: body\r\n";
	struct errinfo ei = {.code = OK};
	struct slice out;
	struct arena a;
	struct eml m;

	(void)state;
	arena_init(&a, 1u << 24);
	assert_int_equal(eml_read(&m, &a, SLICE(mail), &ei), OK);
	assert_true(eml_field(m.head, &a, "X-Long", 0, &out) && slice_eq_str(out, "a b; c"));
	assert_true(eml_field(m.head, &a, "RECEIVED", 0, &out) && slice_eq_str(out, "one"));
	assert_true(eml_field(m.head, &a, "Received", 1, &out) && slice_eq_str(out, "two"));
	assert_false(eml_field(m.head, &a, "Received", 2, &out));
	assert_true(eml_field(m.head, &a, "Empty", 0, &out) && out.len == 0);
	assert_false(eml_field(m.head, &a, "Long", 0, &out));
	arena_free(&a);
}

/* Parts inside parts, and more of them than anybody sends: read to the limit, in time. */
static void test_hostile(void **state)
{
	struct errinfo ei = {.code = OK};
	struct arena a;
	struct eml m;
	struct buf b;

	(void)state;
	arena_init(&a, 1u << 26);
	buf_init(&b, EML_MAX_BYTES + 100);
	for (int i = 0; i < 2 * EML_DEPTH_MAX; i++)
		buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	buf_add_str(&b, "\ndeep\n");
	assert_int_equal(eml_read(&m, &a, buf_slice(&b), &ei), OK);
	assert_int_equal(m.text.len, 0);
	buf_reset(&b);
	buf_add_str(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
	while (b.len < EML_MAX_BYTES - 100)
		buf_add_str(&b, "--b\nContent-Type: a/b\n\n");
	buf_add_str(&b, "--b\n\nlast\n");
	assert_int_equal(eml_read(&m, &a, buf_slice(&b), &ei), OK);
	assert_int_equal(m.text.len, 0);
	buf_reset(&b);
	buf_add_str(&b, "A: b\n\n");
	while (b.len <= EML_MAX_BYTES)
		buf_add_char(&b, 'x');
	assert_int_equal(eml_read(&m, &a, buf_slice(&b), &ei), E_LIMIT);
	assert_int_equal(eml_read(&m, &a, SLICE(""), &ei), E_INVALID);
	assert_int_equal(eml_read(&m, &a, SLICE("no mail\n"), &ei), E_INVALID);
	buf_free(&b);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts), cmocka_unit_test(test_fields), cmocka_unit_test(test_hostile)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
