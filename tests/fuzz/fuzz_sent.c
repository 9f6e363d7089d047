/*
 * sent: the input is "WHAT WAS KEPT (JSON) LF STORED MESSAGE (JSON)"; without LF it is an address to be masked. A mail
 * made again never keeps a mark of its stored text, and a mask hides all but four characters of what stands last.
 */
#include <string.h>

#include "fuzz.h"
#include "mail/sent.h"

static void mask(struct arena *a, struct slice url)
{
	struct slice m = sent_mask(a, url);
	size_t from = url.len;

	FUZZ_MUST(m.len == url.len);
	while (from > 0 && url.ptr[from - 1] != '/')
		from--;
	for (size_t i = 0; i < url.len; i++)
		FUZZ_MUST(i < from + SENT_TOKEN_SHOWN_CHARS ? m.ptr[i] == url.ptr[i] : m.ptr[i] == '*');
}

static bool marked(const struct sent *s)
{
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		if (s->slot[i].len && memmem(s->slot[i].ptr, s->slot[i].len, "\xee\x80", 2))
			return true;
	return false;
}

static void again(struct arena *a, struct slice kept, struct slice stored)
{
	struct errinfo ei = {.text = ""};
	struct message m;
	struct sent s;
	struct buf b;

	if (sent_read(a, kept, &s, &ei)) {
		FUZZ_MUST(ei.text[0]);
		return;
	}
	if (sent_fill(a, stored, &s, &m, &ei)) {
		FUZZ_MUST(ei.text[0]);
		return;
	}
	FUZZ_MUST(marked(&s) || !m.text.len || !memmem(m.text.ptr, m.text.len, "\xee\x80\x80", 3));
	buf_init(&b, MESSAGE_MIME_MAX_BYTES);
	sent_mime(&b, &m, &s);
	for (size_t i = 0; buf_ok(&b) && m.html.len && i < 6; i++)
		FUZZ_MUST(b.data[i] == "From: "[i]);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	size_t at = slice_find(in, '\n', 0);
	struct arena a;

	arena_init(&a, 16u << 20);
	if (at == in.len)
		mask(&a, in);
	else
		again(&a, slice_sub(in, 0, at), slice_sub(in, at + 1, in.len));
	arena_free(&a);
	return 0;
}
