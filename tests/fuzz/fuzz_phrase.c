/*
 * Any bytes as a file of phrases. Invariants: loading never crashes and says
 * why it refuses; in every form the hostile value stays escaped, plain text on one
 * line has no control characters, wrapped text none but line ends.
 */
#include <string.h>

#include "fuzz.h"
#include "base/arena.h"
#include "text/phrase.h"
#include "text/view.h"

#define OPEN "\xEE\x84\x80"
#define CLOSE "\xEE\x84\x81"
#define EVIL OPEN "<\"'>" CLOSE

static void fuzz_fill(struct view *v)
{
	view_cstr(v, "a", EVIL "\r\n");
	view_url(v, "u", SLICE("https://x/" EVIL));
	view_email(v, "m", SLICE(EVIL "@x"));
	view_lines(v, "l", SLICE(EVIL "\n" EVIL));
	view_cstr(v, "e", "");
	view_cstr(v, "n", "12");
	view_cstr(v, "s", "\xEE\x80\x80link\xEE\x80\x81");
}

/* Between the signs, all of it came from a value: no markup, no end of an attribute. */
static void fuzz_check_html(const struct buf *out)
{
	bool inside = false;
	for (size_t i = 0; i < out->len; i++) {
		if (!strncmp(out->data + i, OPEN, 3))
			inside = true;
		else if (!strncmp(out->data + i, CLOSE, 3))
			inside = false;
		FUZZ_MUST(!inside || !strchr("<>\"'", out->data[i]));
	}
}

static void fuzz_check_line(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		FUZZ_MUST((unsigned char)out->data[i] >= 0x20);
}

/* Only line ends; wrapping leaves none of its own signs behind. */
static void fuzz_check_no_control(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		FUZZ_MUST((unsigned char)out->data[i] >= 0x20 || out->data[i] == '\n');
}

static void fuzz_phrase(struct slice key, const struct phrase *p, void *arg)
{
	struct view *v = arg;
	struct buf out;
	struct errinfo ei = {.text = ""};
	(void)key;
	buf_init(&out, 1u << 20);
	if (phrase_html_inline(&out, p, v, &ei) == OK)
		fuzz_check_html(&out);
	buf_reset(&out);
	if (phrase_html_block(&out, p, v, 2, &ei) == OK)
		fuzz_check_html(&out);
	buf_reset(&out);
	if (phrase_html_attr(&out, p, v, &ei) == OK) {
		fuzz_check_html(&out);
		fuzz_check_line(&out);
	}
	buf_reset(&out);
	if (phrase_plain(&out, p, v, &ei) == OK)
		fuzz_check_line(&out);
	buf_reset(&out);
	if (phrase_plain_block(&out, p, v, 20, 3, &ei) == OK)
		fuzz_check_no_control(&out);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errinfo ei = {.text = ""};
	struct phrases *ph = phrases_new("de");
	struct arena arena;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	struct view *v = view_new(&arena);
	FUZZ_MUST(ph && v);
	fuzz_fill(v);
	enum err e = phrases_load(ph, "f", slice_make(data, size), false, &ei);
	FUZZ_MUST(!e || ei.text[0]);
	if (!e && !memmem(data, size, OPEN, strlen(OPEN)))
		phrases_each(ph, fuzz_phrase, v);
	arena_free(&arena);
	phrases_free(ph);
	return 0;
}
