/*
 * Mails of old events, made again. The files tests/golden/sent/v1.* are those of the first release: this program must
 * pass with every later live writer too (tests/e2e/frozen.test.mjs builds it with one that was changed on purpose).
 */
#include "base/crypt.h"
#include "base/enc.h"
#include "mail/sent.h"
#include "unit/mail/golden.h"

static struct arena ar;
static struct errinfo ei;

static int setup(void **state)
{
	(void)state;
	arena_init(&ar, ARENA_REQUEST_MAX_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&ar);
	return 0;
}

static struct slice file(const char *name)
{
	char path[256];
	struct buf b;

	snprintf(path, sizeof(path), "tests/golden/sent/%s", name);
	buf_init_arena(&b, &ar, 1u << 20);
	if (file_read(&b, path, &ei))
		fail_msg("%s", ei.text);
	return buf_slice(&b);
}

/* --- what was released: never written anew -------------------------------------------- */

static void released(const char *name)
{
	char stored[64], kept[64], eml[64];
	struct message m;
	struct sent s;
	struct buf b;

	snprintf(stored, sizeof(stored), "%s.stored.json", name);
	snprintf(kept, sizeof(kept), "%s.kept.json", name);
	snprintf(eml, sizeof(eml), "%s.eml", name);
	if (sent_read(&ar, file(kept), &s, &ei) || sent_fill(&ar, file(stored), &s, &m, &ei))
		fail_msg("%s: %s", name, ei.text);
	buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
	sent_mime(&b, &m, &s);
	if (!slice_eq(buf_slice(&b), file(eml)))
		fail_msg("%s: the mail of an old event comes out differently:\n%s", name, b.data);
	assert_int_equal(b.len, s.bytes);
}

static void v1_html(void **state)
{
	(void)state;
	released("v1.html");
}

static void v1_text(void **state)
{
	(void)state;
	released("v1.text");
}

/* Every corner of the writer: encoded names, long words, dots and spaces at the edges of lines, "&" in an address. */
static void v1_corners(void **state)
{
	(void)state;
	released("v1.corners");
}

static void v1_quoted(void **state)
{
	(void)state;
	released("v1.quoted");
}

/* --- reading -------------------------------------------------------------------------- */

#define SUM "\"sha256\":\"" \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""

static void reads_what_it_knows(void **state)
{
	struct sent s;

	(void)state;
	assert_int_equal(sent_read(&ar, SLICE("{\"v\":1,\"to\":\"a@example.org\",\"date_header\":\"x\",\"bytes\":7," SUM "}"), &s,
	    &ei), OK);
	assert_true(slice_eq_str(s.slot[MESSAGE_TO], "a@example.org"));
	assert_int_equal(s.slot[MESSAGE_LINK].len, 0);
	assert_int_equal(s.bytes, 7);
	assert_int_equal(s.sha256[1], 0x11);
}

static void refuses_what_it_does_not_know(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "null", "{}", "{\"v\":2,\"date_header\":\"x\",\"bytes\":7," SUM "}",
	    "{\"v\":\"1\",\"date_header\":\"x\",\"bytes\":7," SUM "}", "{\"v\":1,\"bytes\":7," SUM "}",
	    "{\"v\":1,\"date_header\":\"x\",\"bytes\":7,\"sha256\":\"00\"}", "{\"v\":1,\"date_header\":\"x\"}",
	    "{\"v\":1,\"v\":1,\"date_header\":\"x\",\"bytes\":7," SUM "}"};
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sent_read(&ar, slice_from(bad[i]), &s, &ei) != E_INVALID)
			fail_msg("taken: %s", bad[i]);
}

static void refuses_texts_that_do_not_fit(void **state)
{
	static const char *const bad[] = {"", "{}", "{\"format\":2}", "[]"};
	struct slice stored = file("v1.html.stored.json");
	struct message m;
	struct sent s;

	(void)state;
	assert_int_equal(sent_read(&ar, file("v1.html.kept.json"), &s, &ei), OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sent_fill(&ar, slice_from(bad[i]), &s, &m, &ei), E_INVALID);
	s.slot[MESSAGE_LINK] = SLICE("");
	assert_int_equal(sent_fill(&ar, stored, &s, &m, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "link"));
}

/* --- masks ---------------------------------------------------------------------------- */

static void masks(void **state)
{
	static const struct {
		const char *url, *want;
	} rows[] = {
		{"https://www.example.org/j/c/AbCdefgh", "https://www.example.org/j/c/AbCd****"},
		{"https://www.example.org/j/u/AbCd-_01?x", "https://www.example.org/j/u/AbCd******"},
		{"https://www.example.org/j/c/AbC", "https://www.example.org/j/c/AbC"},
		{"https://www.example.org/", "https://www.example.org/"},
		{"abcdefgh", "abcd****"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice got = sent_mask(&ar, slice_from(rows[i].url));

		if (!slice_eq_str(got, rows[i].want))
			fail_msg("%s became %.*s", rows[i].url, SLICE_FMT(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(v1_html, setup, teardown),
		cmocka_unit_test_setup_teardown(v1_text, setup, teardown),
		cmocka_unit_test_setup_teardown(v1_corners, setup, teardown),
		cmocka_unit_test_setup_teardown(v1_quoted, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_what_it_knows, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_it_does_not_know, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_texts_that_do_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(masks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
