/*
 * mime: any value gives either a failed buffer or exactly one header: no line
 * end but at folds, no line above the limit, nothing but printable ASCII.
 */
#include <string.h>

#include "fuzz.h"
#include "text/mime.h"
#include "text/utf8.h"

static void check_lines(struct slice s, size_t max, bool header)
{
	bool first = true;

	FUZZ_MUST(slice_ends(s, SLICE("\r\n")));
	while (s.len > 0) {
		size_t end = slice_find(s, '\n', 0);
		FUZZ_MUST(end > 0 && end < s.len && s.ptr[end - 1] == '\r' && end - 1 <= max);
		bool word = false;
		for (size_t i = 0; i + 1 < end; i++) {
			unsigned char c = (unsigned char)s.ptr[i];
			FUZZ_MUST((c >= 0x20 && c < 0x7f) || (!header && c == '\t'));
			word = word || c > 0x20;
		}
		/* a folded header goes on with a space and is never white space only */
		FUZZ_MUST(!header || (word && (first ? s.ptr[0] != ' ' : s.ptr[0] == ' ')));
		FUZZ_MUST(header || end == 1 || (s.ptr[end - 2] != ' ' && s.ptr[end - 2] != '\t'));
		first = false;
		s = slice_sub(s, end + 1, s.len);
	}
}

static bool clean(struct slice s)
{
	return utf8_valid(s) && !utf8_has_control(s, false);
}

static void check_qp(struct slice text, struct buf *b)
{
	buf_reset(b);
	mime_quoted_printable(b, text);
	if (buf_ok(b))
		check_lines(buf_slice(b), 76, false);
	else
		FUZZ_MUST(memchr(text.ptr, '\r', text.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	struct buf b;

	/* A soft break, a code and both spellings of a line end bound the growth. */
	buf_init(&b, 16 * size + 1024);
	mime_header(&b, "Subject", s);
	FUZZ_MUST(buf_ok(&b) == clean(s));
	if (buf_ok(&b))
		check_lines(buf_slice(&b), 76, true);
	buf_reset(&b);
	mime_header_mailbox(&b, "From", s, SLICE("n@example.org"));
	FUZZ_MUST(buf_ok(&b) == clean(s));
	if (buf_ok(&b))
		check_lines(buf_slice(&b), 76, true);
	buf_reset(&b);
	mime_header_mailbox(&b, "From", SLICE("x"), s);
	if (buf_ok(&b))
		check_lines(buf_slice(&b), 998, true);
	buf_reset(&b);
	mime_header_raw(&b, "List-Unsubscribe", s);
	if (buf_ok(&b))
		check_lines(buf_slice(&b), 998, true);
	if (size > 0)
		check_qp(s, &b);
	buf_free(&b);
	return 0;
}
