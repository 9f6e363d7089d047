/*
 * The newest frozen writer and the live one must make the same mail: what the evidence sums up is what leaves. Red
 * here means that message_mime() changed. Then leave sent1.c as it is, make a sent2.c beside it, and let sent_write()
 * use that (include/mail/sent.h).
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
	arena_init(&ar, 64u << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&ar);
	return 0;
}

/* The mail of a case: what is stored, what is filled in. */
struct one {
	const char *name;
	struct message m;
	struct message_slots v;
};

static struct message text_only(void)
{
	struct message m = stored_message();

	m.html = SLICE("");
	m.list_unsubscribe = SLICE("");
	m.reply_to = SLICE("");
	m.from_name = SLICE("");
	m.zone = SLICE("UTC");
	return m;
}

static struct message corners(void)
{
	struct message m = stored_message();

	m.from_name = SLICE("Verein \"Größe & Weite\" für Übungen, Ämter und Öffentlichkeitsarbeit e. V. Südwest");
	m.subject = SLICE("=?x?= Ein  Titel mit 漢字 und 🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾🌾 und Schluss ");
	m.text = SLICE(".\nFrom here\n \n\t\nEnde mit Leerzeichen \n"
	    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen-Donaudampfschifffahrtsgesellschaft=\n\n"
	    "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 " TO_MARK " " LINK_MARK "ohne Ende");
	m.html = SLICE("<p title=\"" TO_MARK "\">" TO_MARK " am " DATE_MARK "</p><a href=\"" UNSUB_MARK "\">x</a>");
	m.list_id = SLICE("");
	m.lang = SLICE("de");
	return m;
}

/* A name that only needs quotes. */
static struct message quoted(void)
{
	struct message m = text_only();

	m.from_name = SLICE("Meyer, Schmidt \\ \"Partner\"");
	m.subject = SLICE("Newsletter");
	return m;
}

static struct message_slots corner_slots(void)
{
	struct message_slots v = filled_slots();

	v.value[MESSAGE_TO] = SLICE("o'neill&sons+list@example.net");
	v.value[MESSAGE_DATE] = SLICE("21. März 2026, 15:15 Uhr");
	return v;
}

static size_t cases(struct one *out)
{
	out[0] = (struct one){"html", stored_message(), filled_slots()};
	out[1] = (struct one){"text", text_only(), filled_slots()};
	out[2] = (struct one){"corners", corners(), corner_slots()};
	out[3] = (struct one){"quoted", quoted(), filled_slots()};
	return 4;
}

static struct slice stored_of(const struct one *o)
{
	struct buf b;

	buf_init_arena(&b, &ar, MESSAGE_STORED_MAX_BYTES);
	if (message_store(&b, &o->m, &ei))
		fail_msg("%s: %s", o->name, ei.text);
	return buf_slice(&b);
}

/* The mail as the worker makes it, and what it keeps of it. */
static struct slice live_of(const struct one *o, struct slice *kept)
{
	struct message m;
	struct buf eml, b;

	if (message_load_fill(&ar, stored_of(o), &o->v, &m, &ei))
		fail_msg("%s: %s", o->name, ei.text);
	buf_init_arena(&eml, &ar, MESSAGE_MIME_MAX_BYTES);
	message_mime(&eml, &m);
	buf_init_arena(&b, &ar, SENT_MAX_BYTES);
	if (!buf_ok(&eml) || sent_write(&b, &m, &o->v, &ei))
		fail_msg("%s: %s", o->name, ei.text);
	*kept = buf_slice(&b);
	return buf_slice(&eml);
}

static struct slice again_of(const struct one *o, struct slice kept)
{
	struct message m;
	struct sent s;
	struct buf b;

	if (sent_read(&ar, kept, &s, &ei) || sent_fill(&ar, stored_of(o), &s, &m, &ei))
		fail_msg("%s: %s", o->name, ei.text);
	buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
	sent_mime(&b, &m, &s);
	return buf_slice(&b);
}

/* Nothing but the characters under the masks differs. */
static void the_mail_again_is_the_mail(void **state)
{
	struct one all[8];
	size_t n = cases(all);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct slice kept, live = live_of(&all[i], &kept), again = again_of(&all[i], kept);
		size_t hidden = 0;

		if (live.len != again.len)
			fail_msg("%s: %zu bytes became %zu", all[i].name, live.len, again.len);
		for (size_t k = 0; k < live.len; k++) {
			if (live.ptr[k] == again.ptr[k])
				continue;
			if (again.ptr[k] != '*')
				fail_msg("%s differs at byte %zu:\n%.*s", all[i].name, k, SLICE_FMT(again));
			hidden++;
		}
		assert_true(hidden >= 35);
		assert_null(memmem(again.ptr, again.len, "0123456789AbCd", 14));
		assert_null(memmem(kept.ptr, kept.len, "0123456789AbCd", 14));
		assert_null(memmem(kept.ptr, kept.len, "0123456789ZyXw", 14));
	}
}

static void the_sum_is_that_of_the_mail_as_it_left(void **state)
{
	struct one all[8];
	size_t n = cases(all);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		unsigned char hash[CRYPT_HASH_BYTES];
		struct slice kept, live = live_of(&all[i], &kept);
		struct sent s;

		assert_int_equal(sent_read(&ar, kept, &s, &ei), OK);
		crypt_sha256(hash, live.ptr, live.len);
		assert_memory_equal(hash, s.sha256, sizeof(hash));
		assert_int_equal(s.bytes, live.len);
	}
}

static unsigned dice(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

/* Lines of all lengths, whose edges fall on everything that is written in another way there. */
static void body_at_random(struct buf *out, unsigned *seed)
{
	static const char *const pieces[] = {"a", "Wort", "eine Zeile mit Text", " ", "  ", "\t", "=", ".", "From ", "ü", "€", "🌾",
	    "\n", "\n\n", " \n", "https://www.example.org/ein/Weg?x=1"};

	buf_reset(out);
	for (unsigned n = 1 + dice(seed, 60); n > 0; n--)
		buf_add_str(out, pieces[dice(seed, sizeof(pieces) / sizeof(pieces[0]))]);
	buf_add_str(out, LINK_MARK);
}

static void the_sum_is_that_of_the_mail_whatever_is_written(void **state)
{
	struct one o = {"random", text_only(), filled_slots()};
	unsigned char hash[CRYPT_HASH_BYTES];
	unsigned seed = 1;
	struct buf body;

	(void)state;
	buf_init(&body, 65536);
	for (int i = 0; i < 2000; i++, arena_reset(&ar)) {
		struct slice kept, live;
		struct sent s;

		body_at_random(&body, &seed);
		o.m.text = buf_slice(&body);
		live = live_of(&o, &kept);
		assert_int_equal(sent_read(&ar, kept, &s, &ei), OK);
		crypt_sha256(hash, live.ptr, live.len);
		if (memcmp(hash, s.sha256, sizeof(hash)) != 0)
			fail_msg("another mail than the one of body %d:\n%.*s", i, SLICE_FMT(live));
	}
	buf_free(&body);
}

/* Who has the mail has the token, puts it in, and gets the sum. */
static void the_recipient_can_check_it(void **state)
{
	struct one o = {"html", stored_message(), filled_slots()};
	unsigned char hash[CRYPT_HASH_BYTES];
	struct message m;
	struct slice kept;
	struct sent s;
	struct buf b;

	(void)state;
	live_of(&o, &kept);
	assert_int_equal(sent_read(&ar, kept, &s, &ei), OK);
	s.slot[MESSAGE_LINK] = o.v.value[MESSAGE_LINK];
	s.slot[MESSAGE_UNSUBSCRIBE] = o.v.value[MESSAGE_UNSUBSCRIBE];
	assert_int_equal(sent_fill(&ar, stored_of(&o), &s, &m, &ei), OK);
	buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
	sent_mime(&b, &m, &s);
	crypt_sha256(hash, b.data, b.len);
	assert_memory_equal(hash, s.sha256, sizeof(hash));
}

static void a_slot_too_many_does_not_fit(void **state)
{
	struct one o = {"html", stored_message(), filled_slots()};
	struct message m;
	struct buf b;

	(void)state;
	assert_int_equal(message_load_fill(&ar, stored_of(&o), &o.v, &m, &ei), OK);
	buf_init_arena(&b, &ar, 200);
	assert_int_equal(sent_write(&b, &m, &o.v, &ei), E_LIMIT);
}

/* GOLDEN=first: writes the files of a new format. Those of a released one are never written again. */
static void write_first(void **state)
{
	const char *mode = getenv("GOLDEN");
	struct one all[8];
	size_t n = cases(all);

	(void)state;
	if (!mode || strcmp(mode, "first") != 0)
		skip();
	for (size_t i = 0; i < n; i++) {
		struct slice kept, live = live_of(&all[i], &kept);
		const struct {
			const char *end;
			struct slice bytes;
		} files[] = {{"stored.json", stored_of(&all[i])}, {"kept.json", kept}, {"eml", again_of(&all[i], kept)}};

		(void)live;
		for (size_t k = 0; k < 3; k++) {
			char path[128];

			snprintf(path, sizeof(path), "tests/golden/sent/v%d.%s.%s", SENT_FORMAT, all[i].name, files[k].end);
			assert_int_equal(file_write(path, files[k].bytes, 0644, &ei), OK);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(write_first, setup, teardown),
		cmocka_unit_test_setup_teardown(the_mail_again_is_the_mail, setup, teardown),
		cmocka_unit_test_setup_teardown(the_sum_is_that_of_the_mail_as_it_left, setup, teardown),
		cmocka_unit_test_setup_teardown(the_sum_is_that_of_the_mail_whatever_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(the_recipient_can_check_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slot_too_many_does_not_fit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
