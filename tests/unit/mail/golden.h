#ifndef TESTS_MAIL_GOLDEN_H
#define TESTS_MAIL_GOLDEN_H
/*
 * Compares bytes with a file below tests/golden. With GOLDEN=write in the
 * environment the file is written instead: look at the difference before
 * committing it. Also the message that the mail tests share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "mail/message.h"

static inline void golden_check(const char *name, struct slice got)
{
	char path[256];
	struct buf want;
	struct errinfo ei = {0};
	const char *mode = getenv("GOLDEN");

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (mode && strcmp(mode, "write") == 0) {
		if (file_write(path, got, 0644, &ei))
			fail_msg("%s", ei.text);
		return;
	}
	buf_init(&want, 1u << 20);
	if (file_read(&want, path, &ei))
		fail_msg("%s", ei.text);
	if (!slice_eq(buf_slice(&want), got))
		fail_msg("%s differs; got:\n%.*s", path, SLICE_FMT(got));
	buf_free(&want);
}

#define TO_MARK "\xee\x80\x80to\xee\x80\x81"
#define LINK_MARK "\xee\x80\x80link\xee\x80\x81"
#define UNSUB_MARK "\xee\x80\x80unsubscribe\xee\x80\x81"
#define DATE_MARK "\xee\x80\x80" "date\xee\x80\x81"
#define ID_MARK "\xee\x80\x80message_id\xee\x80\x81"
#define BOUNDARY_MARK "\xee\x80\x80" "boundary\xee\x80\x81"

static inline struct message stored_message(void)
{
	return (struct message){
		.from_name = SLICE("Beispiel Süd"),
		.from_addr = SLICE("news@example.org"),
		.reply_to = SLICE("kontakt@example.org"),
		.to = SLICE(TO_MARK),
		.subject = SLICE("Bitte bestätigen Sie: Newsletter von Beispiel Süd"),
		.text = SLICE("Guten Tag,\n\nam " DATE_MARK " wurde diese Adresse angemeldet.\n\n" LINK_MARK
		    "\n\nNicht Sie? Dann genügt: " UNSUB_MARK "\n.\nEnde\n"),
		.html = SLICE("<!doctype html><html lang=\"de\"><title>Bitte bestätigen</title><p>Am " DATE_MARK
		    "</p><p><a href=\"" LINK_MARK "\">" LINK_MARK "</a></p></html>\n"),
		.list_unsubscribe = SLICE(UNSUB_MARK),
		.list_id = SLICE("news.www.example.org"),
		.message_id = SLICE(ID_MARK),
		.boundary = SLICE(BOUNDARY_MARK),
		.zone = SLICE("Europe/Berlin"),
		.lang = SLICE("de"),
	};
}

static inline struct message_slots filled_slots(void)
{
	struct message_slots v = {.date_ms = INT64_C(1795270509123)}; /* 2026-11-21T14:15:09.123Z */

	v.value[MESSAGE_TO] = SLICE("anna@example.net");
	v.value[MESSAGE_LINK] = SLICE("https://www.example.org/j/c/AbCd-_0123456789AbCd-_0123456789AbCd-_01234");
	v.value[MESSAGE_UNSUBSCRIBE] = SLICE("https://www.example.org/j/u/ZyXw-_0123456789ZyXw-_0123456789ZyXw-_01234");
	v.value[MESSAGE_DATE] = SLICE("21. November 2026, 15:15 Uhr");
	v.value[MESSAGE_MESSAGE_ID] = SLICE("17.abc123@www.example.org");
	v.value[MESSAGE_BOUNDARY] = SLICE("=_jawort_0123456789abcdef");
	return v;
}

/* A filled message, all of it in the arena. */
static inline struct message filled_message(struct arena *a)
{
	struct message m = stored_message(), out;
	struct message_slots v = filled_slots();
	struct errinfo ei = {0};
	struct buf b;

	buf_init_arena(&b, a, MESSAGE_STORED_MAX_BYTES);
	if (message_store(&b, &m, &ei))
		fail_msg("%s", ei.text);
	if (message_load_fill(a, buf_slice(&b), &v, &out, &ei))
		fail_msg("%s", ei.text);
	out.custom_id = SLICE("example-17-1795270509123");
	return out;
}

#endif
