/*
 * message: the input is "SLOT VALUES (JSON) LF STORED MESSAGE (JSON)"; without LF
 * it is a text to be stored and filled. What comes out filled has no mark left
 * and becomes a clean Internet message.
 */
#include <string.h>

#include "fuzz.h"
#include "mail/message.h"

static bool has(struct slice s, const char *part)
{
	return s.len && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

static void check_mime(const struct message *m)
{
	struct buf b;
	int to = 0;

	buf_init(&b, MESSAGE_MIME_MAX_BYTES);
	message_mime(&b, m);
	if (!buf_ok(&b)) {
		buf_free(&b);
		return;
	}
	for (size_t i = 0; i < b.len; i++) {
		unsigned char c = (unsigned char)b.data[i];

		FUZZ_MUST(c < 0x80 && c != 0);
		FUZZ_MUST(c != '\n' || (i && b.data[i - 1] == '\r'));
		FUZZ_MUST(c != '\r' || b.data[i + 1] == '\n');
	}
	struct slice head = slice_sub(buf_slice(&b), 0, (size_t)((char *)memmem(b.data, b.len, "\r\n\r\n", 4) - b.data));

	for (size_t i = 0; i + 5 < head.len; i++)
		to += !memcmp(head.ptr + i, "\r\nTo: ", 6) || !strncasecmp(head.ptr + i, "\r\nBcc:", 6);
	FUZZ_MUST(to == 1);
	buf_free(&b);
}

static void check_filled(const struct message *m)
{
	const struct slice all[] = {m->from_name, m->from_addr, m->reply_to, m->to, m->subject, m->text, m->html,
		m->list_unsubscribe, m->list_id, m->message_id, m->boundary, m->zone, m->lang};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		FUZZ_MUST(!has(all[i], "\xee\x80\x80") && !has(all[i], "\xee\x80\x81"));
		FUZZ_MUST(message_inert(all[i]));
	}
	FUZZ_MUST(m->to.len && m->text.len && m->message_id.len && m->boundary.len);
	FUZZ_MUST(!has(m->to, "\n") && !has(m->to, ">") && !has(m->list_unsubscribe, ">"));
	check_mime(m);
}

static void fill(struct arena *a, struct slice stored, const struct message_slots *v)
{
	struct message m, again;
	struct errinfo ei = {.text = ""};

	if (message_load_fill(a, stored, v, &m, &ei)) {
		FUZZ_MUST(ei.text[0]);
		return;
	}
	check_filled(&m);
	FUZZ_MUST(message_load_fill(a, stored, v, &again, &ei) == OK && slice_eq(m.text, again.text));
}

static void store_text(struct arena *a, struct slice text)
{
	struct message_slots v = {.date_ms = 1};
	struct message m = {
		.from_addr = SLICE("a@b.de"), .from_name = text, .subject = text, .text = text, .html = text,
		.to = message_slot_marker(MESSAGE_TO), .message_id = message_slot_marker(MESSAGE_MESSAGE_ID),
		.boundary = message_slot_marker(MESSAGE_BOUNDARY), .zone = SLICE("UTC"), .lang = SLICE("de"),
	};
	struct buf b;

	v.value[MESSAGE_TO] = SLICE("x'&@y.de");
	v.value[MESSAGE_LINK] = v.value[MESSAGE_UNSUBSCRIBE] = SLICE("https://a.de/x");
	v.value[MESSAGE_DATE] = SLICE("var:1");
	v.value[MESSAGE_MESSAGE_ID] = SLICE("1@a.de");
	v.value[MESSAGE_BOUNDARY] = SLICE("=_1");
	buf_init(&b, MESSAGE_STORED_MAX_BYTES);
	for (int all = 0; all < 2; all++) {
		buf_reset(&b);
		if (message_store(&b, &m, NULL) == OK)
			fill(a, buf_slice(&b), &v);
		m.from_name = m.subject = SLICE("");
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	size_t end = slice_find(s, '\n', 0);
	struct message_slots v;
	struct arena a;

	arena_init(&a, 16 * ARENA_REQUEST_MAX_BYTES);
	if (end == s.len)
		store_text(&a, s);
	else if (message_slots_read(&a, slice_sub(s, 0, end), &v, NULL) == OK)
		fill(&a, slice_sub(s, end + 1, s.len), &v);
	arena_free(&a);
	return 0;
}
