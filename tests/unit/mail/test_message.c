#include "unit/mail/golden.h"

static struct arena ar;

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

static struct slice store(const struct message *m)
{
	struct buf b;
	struct errinfo ei = {0};

	buf_init_arena(&b, &ar, MESSAGE_STORED_MAX_BYTES);
	if (message_store(&b, m, &ei))
		fail_msg("%s", ei.text);
	return buf_slice(&b);
}

static bool has(struct slice s, const char *part)
{
	return s.len && memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

/* The frozen form: a change of these bytes breaks evidence that exists. */
static void format_1_is_frozen(void **state)
{
	struct message m = stored_message();

	(void)state;
	golden_check("mail/stored-confirm.json", store(&m));
}

static void store_is_the_same_twice(void **state)
{
	struct message m = stored_message();

	(void)state;
	assert_true(slice_eq(store(&m), store(&m)));
}

static void mime_of_a_full_mail(void **state)
{
	struct message m = filled_message(&ar);
	struct buf b;

	(void)state;
	buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
	message_mime(&b, &m);
	assert_true(buf_ok(&b));
	golden_check("mail/confirm.eml", buf_slice(&b));
}

static void mime_of_text_only(void **state)
{
	struct message m = filled_message(&ar);
	struct buf b;

	(void)state;
	m.html = SLICE("");
	m.list_unsubscribe = SLICE("");
	m.reply_to = SLICE("");
	m.from_name = SLICE("");
	m.zone = SLICE("UTC");
	buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
	message_mime(&b, &m);
	assert_true(buf_ok(&b));
	assert_false(has(buf_slice(&b), "multipart"));
	assert_false(has(buf_slice(&b), "List-Id"));
	golden_check("mail/text-only.eml", buf_slice(&b));
}

/* Every line ends with CR LF and has no more than 998 bytes, none is a lone dot's neighbour of LF only. */
static void mime_lines_are_clean(void **state)
{
	struct message m = filled_message(&ar);
	struct buf b;
	size_t line = 0;

	(void)state;
	buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
	message_mime(&b, &m);
	for (size_t i = 0; i < b.len; i++) {
		unsigned char c = (unsigned char)b.data[i];

		assert_true(c < 0x80 && c != 0);
		if (c == '\n') {
			assert_true(i > 0 && b.data[i - 1] == '\r');
			line = 0;
		} else if (c == '\r') {
			assert_true(i + 1 < b.len && b.data[i + 1] == '\n');
		} else {
			assert_true(++line <= 998);
		}
	}
	assert_int_equal(line, 0);
}

static void mime_refuses_header_breaks(void **state)
{
	static const struct slice bad[] = {SLICE_LIT("a\r\nBcc: evil@example.net"), SLICE_LIT("a\nb"), SLICE_LIT("a\rb")};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct message m = filled_message(&ar);
		struct buf b;

		m.subject = bad[i];
		buf_init_arena(&b, &ar, MESSAGE_MIME_MAX_BYTES);
		message_mime(&b, &m);
		assert_false(buf_ok(&b));
	}
}

static void fill_puts_values_where_slots_were(void **state)
{
	struct message m = filled_message(&ar);

	(void)state;
	assert_true(slice_eq_str(m.to, "anna@example.net"));
	assert_true(slice_eq_str(m.message_id, "17.abc123@www.example.org"));
	assert_true(slice_eq_str(m.boundary, "=_jawort_0123456789abcdef"));
	assert_true(has(m.text, "\n\nhttps://www.example.org/j/c/AbCd-_"));
	assert_true(has(m.html, "<a href=\"https://www.example.org/j/c/AbCd-_"));
	assert_true(has(m.text, "am 21. November 2026, 15:15 Uhr wurde"));
	assert_false(has(m.text, "\xee\x80"));
	assert_int_equal(m.date_ms, INT64_C(1795270509123));
	assert_int_equal(m.custom_id.len > 0, 1);
}

/* What may stand in an address must not become markup. */
static void fill_escapes_html(void **state)
{
	struct message m = stored_message(), out;
	struct message_slots v = filled_slots();
	struct errinfo ei = {0};

	(void)state;
	m.html = SLICE("<p>" TO_MARK "</p>");
	m.text = SLICE(TO_MARK);
	v.value[MESSAGE_TO] = SLICE("o'neil&co@example.net");
	assert_int_equal(message_load_fill(&ar, store(&m), &v, &out, &ei), OK);
	assert_true(slice_eq_str(out.text, "o'neil&co@example.net"));
	assert_false(has(out.html, "'"));
	assert_true(has(out.html, "&amp;co@"));
}

struct value_case {
	int line;
	enum message_slot slot;
	struct slice value;
	bool ok;
};
#define V(s, v, o) {__LINE__, s, SLICE_LIT(v), o}
static const struct value_case values[] = {
	V(MESSAGE_TO, "a@b.de", true),
	V(MESSAGE_TO, "a.b+c@xn--mnchen-3ya.example", true),
	V(MESSAGE_TO, "a@b", true),
	V(MESSAGE_TO, "a", false),
	V(MESSAGE_TO, "@b.de", false),
	V(MESSAGE_TO, "a@", false),
	V(MESSAGE_TO, "a@b@c.de", false),
	V(MESSAGE_TO, "a..b@c.de", false),
	V(MESSAGE_TO, ".a@c.de", false),
	V(MESSAGE_TO, "a.@c.de", false),
	V(MESSAGE_TO, "a b@c.de", false),
	V(MESSAGE_TO, "<a@c.de>", false),
	V(MESSAGE_TO, "\"a\"@c.de", false),
	V(MESSAGE_TO, "a@c.de>\r\nRCPT TO:<evil@example.net", false),
	V(MESSAGE_TO, "a@c.de\nBcc: x@y.de", false),
	V(MESSAGE_TO, "a@c.de,b@c.de", false),
	V(MESSAGE_TO, "a@c..de", false),
	V(MESSAGE_TO, "a@-c.de", false),
	V(MESSAGE_TO, "a@c-.de", false),
	V(MESSAGE_TO, "a@c.de.", false),
	V(MESSAGE_TO, "a@[127.0.0.1]", false),
	V(MESSAGE_TO, "\xc3\xa4@c.de", false),
	V(MESSAGE_TO, "a@c.de\0x", false),
	V(MESSAGE_TO, TO_MARK, false),
	V(MESSAGE_LINK, "https://www.example.org/j/c/x", true),
	V(MESSAGE_LINK, "https://www.example.org", true),
	V(MESSAGE_LINK, "http://localhost:8080/c/x", true),
	V(MESSAGE_LINK, "http://127.0.0.1:8080/c/x", true),
	V(MESSAGE_LINK, "http://[::1]:8080/c/x", true),
	V(MESSAGE_LINK, "http://www.example.org/c/x", false),
	V(MESSAGE_LINK, "http://127.0.0.1.example.org/c/x", false),
	V(MESSAGE_LINK, "http://localhost.example.org/c/x", false),
	V(MESSAGE_LINK, "http://127.0.0.999/", false),
	V(MESSAGE_LINK, "javascript:alert(1)", false),
	V(MESSAGE_LINK, "data:text/html,x", false),
	V(MESSAGE_LINK, "//www.example.org/x", false),
	V(MESSAGE_LINK, "/c/x", false),
	V(MESSAGE_LINK, "https://user@www.example.org/x", false),
	V(MESSAGE_LINK, "https://www.example.org/\"><script>", false),
	V(MESSAGE_LINK, "https://www.example.org/x y", false),
	V(MESSAGE_LINK, "https://www.example.org/x\r\nX-Evil: 1", false),
	V(MESSAGE_LINK, "https://www.example.org/a&b", false),
	V(MESSAGE_LINK, "https://www.example.org/>,<https://evil.example", false),
	V(MESSAGE_LINK, "https://www.example.org/[[var:x]]", false),
	V(MESSAGE_LINK, "https://www.example.org/{{x}}", false),
	V(MESSAGE_LINK, "https://www.example.org/" TO_MARK, false),
	V(MESSAGE_UNSUBSCRIBE, "https://www.example.org/j/u/x", true),
	V(MESSAGE_UNSUBSCRIBE, "mailto:a@b.de", false),
	V(MESSAGE_DATE, "21 November 2026, 3:15 pm", true),
	V(MESSAGE_DATE, "2. März 2027", true),
	V(MESSAGE_DATE, "21\nNovember", false),
	V(MESSAGE_DATE, "<b>21</b>", false),
	V(MESSAGE_DATE, "[[var:x]]", false),
	V(MESSAGE_DATE, "\xff", false),
	V(MESSAGE_DATE, "\xe2\x80\xae" "6202", false),
	V(MESSAGE_DATE, LINK_MARK, false),
	V(MESSAGE_MESSAGE_ID, "1.a@www.example.org", true),
	V(MESSAGE_MESSAGE_ID, "1.a@localhost", true),
	V(MESSAGE_MESSAGE_ID, "1.a", false),
	V(MESSAGE_MESSAGE_ID, "1.a@b.de>\r\nX: <", false),
	V(MESSAGE_BOUNDARY, "(", true),
	V(MESSAGE_BOUNDARY, "0123456789012345678901234567890123456789012345678901234567890123456789", true),
	V(MESSAGE_BOUNDARY, "01234567890123456789012345678901234567890123456789012345678901234567890", false),
	V(MESSAGE_BOUNDARY, "a b", false),
	V(MESSAGE_BOUNDARY, "a\"b", false),
	V(MESSAGE_BOUNDARY, "a\r\nb", false),
};

static void values_are_typed(void **state)
{
	struct message m = stored_message();
	struct slice stored = store(&m);

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct message_slots v = filled_slots();
		struct message out;
		struct errinfo ei = {0};
		enum err e;

		v.value[values[i].slot] = values[i].value;
		e = message_load_fill(&ar, stored, &v, &out, &ei);
		if ((e == OK) != values[i].ok || (e && e != E_INVALID))
			fail_msg("line %d: %s %s", values[i].line, err_name(e), ei.text);
		if ((message_slots_check(&v, NULL) == OK) != values[i].ok)
			fail_msg("line %d: message_slots_check", values[i].line);
		/* Errors name the slot, never the value: it may be an address. */
		if (e && values[i].value.len > 3 && strstr(ei.text, "example"))
			fail_msg("line %d: the value is in the error: %s", values[i].line, ei.text);
	}
}

static void long_values_are_refused(void **state)
{
	char local[80], url[1000];
	struct message_slots v = {0};
	int n;

	(void)state;
	n = snprintf(local, sizeof(local), "%064d@b.de", 1);
	v.value[MESSAGE_TO] = slice_make(local, (size_t)n);
	assert_int_equal(message_slots_check(&v, NULL), OK);
	n = snprintf(local, sizeof(local), "%065d@b.de", 1);
	v.value[MESSAGE_TO] = slice_make(local, (size_t)n);
	assert_int_equal(message_slots_check(&v, NULL), E_INVALID);
	v.value[MESSAGE_TO] = SLICE("");
	n = snprintf(url, sizeof(url), "https://a.de/%0*d", MESSAGE_URL_MAX_BYTES - 13, 1);
	assert_int_equal(n, MESSAGE_URL_MAX_BYTES);
	v.value[MESSAGE_LINK] = slice_make(url, (size_t)n);
	assert_int_equal(message_slots_check(&v, NULL), OK);
	n = snprintf(url, sizeof(url), "https://a.de/%0*d", MESSAGE_URL_MAX_BYTES - 12, 1);
	v.value[MESSAGE_LINK] = slice_make(url, (size_t)n);
	assert_int_equal(message_slots_check(&v, NULL), E_INVALID);
}

static void a_missing_value_is_an_error(void **state)
{
	struct message m = stored_message();
	struct slice stored = store(&m);

	(void)state;
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++) {
		struct message_slots v = filled_slots();
		struct message out;
		struct errinfo ei = {0};

		v.value[i] = SLICE("");
		assert_int_equal(message_load_fill(&ar, stored, &v, &out, &ei), E_INVALID);
		assert_non_null(strstr(ei.text, message_slot_name((enum message_slot)i)));
	}
}

/* A slot that the mail does not use needs no value. */
static void unused_slots_need_no_value(void **state)
{
	struct message m = stored_message(), out;
	struct message_slots v = filled_slots();

	(void)state;
	m.text = SLICE("Hallo\n");
	m.html = SLICE("");
	m.list_unsubscribe = SLICE("");
	v.value[MESSAGE_LINK] = v.value[MESSAGE_UNSUBSCRIBE] = v.value[MESSAGE_DATE] = SLICE("");
	assert_int_equal(message_load_fill(&ar, store(&m), &v, &out, NULL), OK);
}

struct store_case {
	int line;
	size_t field;
	struct slice value;
};
#define S(f, v) {__LINE__, offsetof(struct message, f), SLICE_LIT(v)}
static const struct store_case bad_stores[] = {
	S(subject, "x\r\nBcc: a@b.de"),
	S(subject, "x\ny"),
	S(subject, TO_MARK),
	S(subject, "\xee\x80\x80"),
	S(subject, "\xff"),
	S(subject, "[[var:name]]"),
	S(from_name, "a\tb"),
	S(from_name, DATE_MARK),
	S(from_name, "[[VAR:x]]"),
	S(from_addr, "news"),
	S(from_addr, ""),
	S(from_addr, TO_MARK),
	S(reply_to, "a b@c.de"),
	S(to, "anna@example.net"),
	S(to, TO_MARK " "),
	S(to, LINK_MARK),
	S(to, ""),
	S(list_unsubscribe, "https://www.example.org/u"),
	S(list_unsubscribe, TO_MARK),
	S(list_id, "a b"),
	S(list_id, "x>"),
	S(message_id, "x@y.de"),
	S(message_id, ""),
	S(boundary, "abc"),
	S(zone, "Europe Berlin"),
	S(zone, ""),
	S(lang, "de\r\n"),
	S(text, ""),
	S(text, "a\r\nb"),
	S(text, "\xee\x80\x80link"),
	S(text, "link\xee\x80\x81"),
	S(text, "\xee\x80\x80links\xee\x80\x81"),
	S(text, "\xee\x80\x80\xee\x80\x81"),
	S(text, "\xee\x80\x80LINK\xee\x80\x81"),
	S(text, BOUNDARY_MARK),
	S(text, ID_MARK),
	S(text, "[[data:x:]]"),
	S(text, "x [[UNSUB_LINK_EN]]"),
	S(html, "[[unsub_link_de]]"),
	S(html, "<p>\xee\x80\x80tolink\xee\x80\x81"),
	S(html, "\x01"),
};

static void bad_messages_are_not_stored(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_stores) / sizeof(bad_stores[0]); i++) {
		struct message m = stored_message();
		struct errinfo ei = {0};
		struct buf b;
		enum err e;

		*(struct slice *)(void *)((char *)&m + bad_stores[i].field) = bad_stores[i].value;
		buf_init_arena(&b, &ar, MESSAGE_STORED_MAX_BYTES);
		e = message_store(&b, &m, &ei);
		if (e != E_INVALID || !ei.text[0] || b.len)
			fail_msg("line %d: %s %s", bad_stores[i].line, err_name(e), ei.text);
	}
}

static void store_says_when_it_does_not_fit(void **state)
{
	struct message m = stored_message();
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(message_store(&b, &m, NULL), E_LIMIT);
	buf_free(&b);
}

/* Replaces the first a by b. */
static struct slice swap(struct slice s, const char *a, const char *b)
{
	struct buf out;
	char *at = memmem(s.ptr, s.len, a, strlen(a));

	assert_non_null(at);
	buf_init_arena(&out, &ar, MESSAGE_STORED_MAX_BYTES);
	buf_add(&out, s.ptr, (size_t)(at - s.ptr));
	buf_add_str(&out, b);
	buf_add_slice(&out, slice_sub(s, (size_t)(at - s.ptr) + strlen(a), s.len));
	return buf_slice(&out);
}

static void altered_stores_are_refused(void **state)
{
	static const struct {
		int line;
		const char *a, *b;
	} swaps[] = {
		{__LINE__, "\"format\":1", "\"format\":2"},
		{__LINE__, "\"format\":1", "\"format\":\"1\""},
		{__LINE__, "\"format\":1", "\"format\":1.0"},
		{__LINE__, "\"subject\"", "\"Subject\""},
		{__LINE__, "{\"format\"", "{\"x\":1,\"format\""},
		{__LINE__, "{\"format\"", "{\"format\":1,\"format\""},
		{__LINE__, "\"lang\":\"de\"", "\"lang\":7"},
		{__LINE__, "\"lang\":\"de\"", "\"lang\":\"d e\""},
		{__LINE__, "\"lang\":\"de\"", "\"lang\":\"de\\u0000\""},
		{__LINE__, "date\xee\x80\x81", "evil\xee\x80\x81"},
		{__LINE__, "date\xee\x80\x81", "date"},
		{__LINE__, "Guten Tag", "[[var:a]]"},
		{__LINE__, "Guten Tag", "=_jawort_0123456789abcdef"},
		{__LINE__, "Guten Tag", "a\\rb"},
		{__LINE__, "{", "["},
		{__LINE__, "}", ""},
	};
	struct message m = stored_message();
	struct slice stored = store(&m);

	(void)state;
	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
		struct message_slots v = filled_slots();
		struct message out;
		struct errinfo ei = {0};
		enum err e = message_load_fill(&ar, swap(stored, swaps[i].a, swaps[i].b), &v, &out, &ei);

		if (e != E_INVALID || !ei.text[0])
			fail_msg("line %d: %s", swaps[i].line, err_name(e));
	}
}

/* A value is filled in once; marks that its neighbours could form with it are refused at the end. */
static void values_cannot_build_marks(void **state)
{
	struct message m = stored_message(), out;
	struct message_slots v = filled_slots();

	(void)state;
	m.text = SLICE("[" LINK_MARK);
	v.value[MESSAGE_LINK] = SLICE("https://www.example.org/x");
	assert_int_equal(message_load_fill(&ar, store(&m), &v, &out, NULL), OK);
	m.text = SLICE("[[" DATE_MARK);
	v.value[MESSAGE_DATE] = SLICE("var:x");
	assert_int_equal(message_load_fill(&ar, store(&m), &v, &out, NULL), E_INVALID);
}

static const size_t message_fields[] = {
	offsetof(struct message, from_name), offsetof(struct message, from_addr), offsetof(struct message, reply_to),
	offsetof(struct message, to), offsetof(struct message, subject), offsetof(struct message, text),
	offsetof(struct message, html), offsetof(struct message, list_unsubscribe), offsetof(struct message, list_id),
	offsetof(struct message, message_id), offsetof(struct message, boundary), offsetof(struct message, zone),
	offsetof(struct message, lang), offsetof(struct message, custom_id),
};

static void assert_same(const struct message *a, const struct message *b)
{
	for (size_t i = 0; i < sizeof(message_fields) / sizeof(message_fields[0]); i++) {
		const struct slice *x = (const void *)((const char *)a + message_fields[i]);
		const struct slice *y = (const void *)((const char *)b + message_fields[i]);

		if (!slice_eq(*x, *y))
			fail_msg("field %zu: \"%.*s\" is not \"%.*s\"", i, SLICE_FMT(*x), SLICE_FMT(*y));
	}
	assert_int_equal(a->date_ms, b->date_ms);
}

/* Read once and filled for many: each mail is the one that reading and filling it alone gives, and none is of another. */
static void one_load_for_many(void **state)
{
	struct message m = stored_message(), loaded, whole, alone, again;
	struct slice stored = store(&m);
	char *gone = malloc(stored.len);
	struct arena own;

	(void)state;
	assert_non_null(gone);
	memcpy(gone, stored.ptr, stored.len);
	arena_init(&own, ARENA_REQUEST_MAX_BYTES);
	assert_int_equal(message_load(&ar, slice_make(gone, stored.len), &loaded, NULL), OK);
	free(gone);
	assert_int_equal(message_load(&ar, stored, &again, NULL), OK);
	assert_true(slice_eq_str(loaded.to, TO_MARK));
	assert_int_equal(loaded.date_ms, 0);
	assert_int_equal(loaded.custom_id.len, 0);
	for (int i = 0; i < 50; i++) {
		struct message_slots v = filled_slots();
		char to[40], link[60];

		snprintf(to, sizeof(to), "p%d@example.net", i);
		snprintf(link, sizeof(link), "https://www.example.org/j/c/%d", i * 7919);
		v.value[MESSAGE_TO] = slice_from(to);
		v.value[MESSAGE_LINK] = slice_from(link);
		v.date_ms += i;
		arena_reset(&own);
		assert_int_equal(message_fill(&own, &loaded, &v, &whole, NULL), OK);
		assert_int_equal(message_load_fill(&own, stored, &v, &alone, NULL), OK);
		assert_same(&whole, &alone);
		assert_true(slice_eq_str(whole.to, to));
		assert_true(has(whole.text, link));
	}
	assert_same(&loaded, &again);
	arena_free(&own);
}

/* A wrong text is found when it is read, once; a value that is missing only with its own mail. */
static void load_and_fill_find_their_own(void **state)
{
	struct message m = stored_message(), out, loaded;
	struct slice stored = store(&m);
	struct message_slots v = filled_slots();
	struct errinfo ei = {0};

	(void)state;
	assert_int_equal(message_load(&ar, swap(stored, "\"format\":1", "\"format\":2"), &out, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, "format 1"));
	assert_int_equal(message_load(&ar, swap(stored, LINK_MARK, "\xee\x80\x80nothing\xee\x80\x81"), &out, NULL), E_INVALID);
	assert_int_equal(message_load(&ar, swap(stored, "Beispiel S", LINK_MARK), &out, NULL), E_INVALID);
	assert_int_equal(message_load(&ar, SLICE("no object"), &out, NULL), E_INVALID);
	/* nothing of an earlier mail is left in what could not be read */
	memset(&out, 0x55, sizeof(out));
	assert_int_equal(message_load_fill(&ar, SLICE("no object"), &v, &out, NULL), E_INVALID);
	assert_int_equal(out.text.len, 0);
	assert_int_equal(out.date_ms, 0);

	v.value[MESSAGE_LINK] = SLICE("");
	assert_int_equal(message_load(&ar, stored, &loaded, NULL), OK);
	assert_int_equal(message_fill(&ar, &loaded, &v, &out, &ei), E_INVALID);
	assert_non_null(strstr(ei.text, message_slot_name(MESSAGE_LINK)));
	v = filled_slots();
	assert_int_equal(message_fill(&ar, &loaded, &v, &out, NULL), OK);
}

static void inert(void **state)
{
	(void)state;
	assert_true(message_inert(SLICE("")));
	assert_true(message_inert(SLICE("[[")));
	assert_true(message_inert(SLICE("[[x]] [var:x] [ [var:x]")));
	assert_true(message_inert(SLICE("p { } { { [[va [[unsu")));
	assert_true(message_inert(SLICE("{")));
	assert_false(message_inert(SLICE("p { a {{ } [[x")));
	assert_false(message_inert(SLICE("{{{")));
	assert_false(message_inert(SLICE("{%")));
	assert_false(message_inert(SLICE("[x] [[y [[data:z")));
	assert_false(message_inert(SLICE("[[var:")));
	assert_false(message_inert(SLICE("[[[var:")));
	assert_false(message_inert(SLICE("x[[Data:")));
	assert_false(message_inert(SLICE("x[[UNSUB")));
}

static void slots_json_round(void **state)
{
	struct message_slots v = filled_slots(), back;
	struct errinfo ei = {0};
	struct buf b;

	(void)state;
	buf_init_arena(&b, &ar, 4096);
	assert_int_equal(message_slots_write(&b, &v, &ei), OK);
	golden_check("mail/slots.json", buf_slice(&b));
	assert_int_equal(message_slots_read(&ar, buf_slice(&b), &back, &ei), OK);
	assert_int_equal(back.date_ms, v.date_ms);
	for (int i = 0; i < MESSAGE_SLOT__MAX; i++)
		assert_true(slice_eq(back.value[i], v.value[i]));
}

static void slots_json_refuses(void **state)
{
	static const struct {
		int line;
		struct slice json;
	} bad[] = {
		{__LINE__, SLICE_LIT("")},
		{__LINE__, SLICE_LIT("[]")},
		{__LINE__, SLICE_LIT("{\"to\":\"a@b.de\"")},
		{__LINE__, SLICE_LIT("{\"cc\":\"a@b.de\"}")},
		{__LINE__, SLICE_LIT("{\"to\":1}")},
		{__LINE__, SLICE_LIT("{\"to\":\"a@b.de\",\"to\":\"c@d.de\"}")},
		{__LINE__, SLICE_LIT("{\"date_ms\":\"1\"}")},
		{__LINE__, SLICE_LIT("{\"date_ms\":1.5}")},
		{__LINE__, SLICE_LIT("{\"to\":\"a@b.de\\nBcc: x@y.de\"}")},
		{__LINE__, SLICE_LIT("{\"link\":\"http://example.org/\"}")},
	};
	struct message_slots v = {0};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (message_slots_read(&ar, bad[i].json, &v, NULL) != E_INVALID)
			fail_msg("line %d", bad[i].line);
	v = filled_slots();
	v.value[MESSAGE_TO] = SLICE("x y");
	buf_init_arena(&b, &ar, 4096);
	assert_int_equal(message_slots_write(&b, &v, NULL), E_INVALID);
	v = filled_slots();
	buf_init(&b, 20);
	assert_int_equal(message_slots_write(&b, &v, NULL), E_LIMIT);
	buf_free(&b);
}

static void markers_are_what_texts_hold(void **state)
{
	(void)state;
	assert_true(slice_eq_str(message_slot_marker(MESSAGE_TO), TO_MARK));
	assert_true(slice_eq_str(message_slot_marker(MESSAGE_LINK), LINK_MARK));
	assert_true(slice_eq_str(message_slot_marker(MESSAGE_UNSUBSCRIBE), UNSUB_MARK));
	assert_true(slice_eq_str(message_slot_marker(MESSAGE_DATE), DATE_MARK));
	assert_true(slice_eq_str(message_slot_marker(MESSAGE_MESSAGE_ID), ID_MARK));
	assert_true(slice_eq_str(message_slot_marker(MESSAGE_BOUNDARY), BOUNDARY_MARK));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(format_1_is_frozen), T(store_is_the_same_twice), T(mime_of_a_full_mail), T(mime_of_text_only),
		T(mime_lines_are_clean), T(mime_refuses_header_breaks), T(fill_puts_values_where_slots_were),
		T(fill_escapes_html), T(values_are_typed), T(long_values_are_refused), T(a_missing_value_is_an_error),
		T(unused_slots_need_no_value), T(bad_messages_are_not_stored), T(store_says_when_it_does_not_fit),
		T(altered_stores_are_refused), T(values_cannot_build_marks), T(one_load_for_many), T(load_and_fill_find_their_own), T(inert), T(slots_json_round),
		T(slots_json_refuses), T(markers_are_what_texts_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
