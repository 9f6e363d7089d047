/*
 * Any bytes as a file of phrases. Invariants: loading never crashes and says
 * why it refuses; in every form the hostile value stays escaped, plain text on one
 * line has no control characters, wrapped text none but line ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "text/phrase.h"
#include "text/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIGN "\xEE\x84\x80"
#define EVIL SIGN "<\"'>" SIGN

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

static void fuzz_check_html(const struct buf *out)
{
	const char *at = out->data;
	while ((at = strstr(at, SIGN))) {
		at += strlen(SIGN);
		if (!strncmp(at, "<\"'>", 4))
			abort();
	}
}

static void fuzz_check_line(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->data[i] < 0x20)
			abort();
}

/* Only line ends; wrapping leaves none of its own signs behind. */
static void fuzz_check_no_control(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->data[i] < 0x20 && out->data[i] != '\n')
			abort();
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
	if (!ph || !v)
		abort();
	fuzz_fill(v);
	enum err e = phrases_load(ph, "f", slice_make(data, size), false, &ei);
	if (e && !ei.text[0])
		abort();
	if (!e && !memmem(data, size, SIGN, strlen(SIGN)))
		phrases_each(ph, fuzz_phrase, v);
	arena_free(&arena);
	phrases_free(ph);
	return 0;
}
