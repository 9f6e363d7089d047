/* Mails: what is in them, what never is, and that they can be told word for word later. */
#include "lib/world.h"
#include "unit/mail/golden.h"

static struct message mail_of(struct world *w, const char *form, const char *lang, struct world_mail *out)
{
	char address[64];
	static int n;

	snprintf(address, sizeof(address), "letter%d@example.org", n++);
	world_signup_as(w, form, address, strcmp(form, "both") == 0 ? "news,events" : "news", lang, "GETIPPTES");
	*out = world_last_mail(w);
	return world_message(w, out);
}

static bool has(struct slice text, const char *needle)
{
	return memmem(text.ptr, text.len, needle, strlen(needle)) != NULL;
}

/* Breaks, and spaces that must not break, are only for the eye: words joined by single spaces. */
static struct slice unwrapped(struct arena *a, struct slice text)
{
	struct buf b;
	bool space = false;

	buf_init_arena(&b, a, 1u << 20);
	for (size_t i = 0; i < text.len; i++) {
		bool hard = slice_starts(slice_sub(text, i, 2), SLICE("\u00a0"));
		if (hard || text.ptr[i] == ' ' || text.ptr[i] == '\n') {
			space = b.len > 0;
			i += hard;
			continue;
		}
		if (space)
			buf_add_char(&b, ' ');
		space = false;
		buf_add_char(&b, text.ptr[i]);
	}
	return buf_slice(&b);
}

static struct slice html_text(struct arena *a, struct slice html)
{
	static const struct {
		const char *from, *to;
	} names[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}};
	struct buf b;

	buf_init_arena(&b, a, 1u << 20);
	for (size_t i = 0; i < html.len;) {
		size_t k = 0;
		if (html.ptr[i] == '<') {
			i = slice_find(html, '>', i) + 1;
			buf_add_char(&b, ' ');
			continue;
		}
		for (; k < 5; k++)
			if (slice_starts(slice_sub(html, i, 8), slice_from(names[k].from)))
				break;
		buf_add_str(&b, k < 5 ? names[k].to : "");
		if (k == 5)
			buf_add_char(&b, html.ptr[i]);
		i += k < 5 ? strlen(names[k].from) : 1;
	}
	return unwrapped(a, buf_slice(&b));
}

/* The consent stands in both parts word for word as it is stored. */
static void test_consent(void **state)
{
	static const char *const forms[] = {"news", "both", "extra"}, *const langs[] = {"de", "en"};
	struct world *w = *state;

	for (int f = 0; f < 3; f++)
		for (int l = 0; l < 2; l++) {
			struct world_mail m;
			struct message msg = mail_of(w, forms[f], langs[l], &m);
			const struct consent *c = world_consent(w, forms[f], langs[l]);
			struct slice text = unwrapped(&w->arena, msg.text), html = html_text(&w->arena, msg.html);
			for (size_t i = 0; i < c->n; i++) {
				struct slice want = unwrapped(&w->arena, c->items[i].text);
				assert_true(memmem(text.ptr, text.len, want.ptr, want.len) != NULL);
				/* A link in HTML may stand around an address, so paragraph by paragraph of words. */
				want = slice_sub(want, 0, slice_find(want, '@', 0) - 6);
				assert_true(memmem(html.ptr, html.len, want.ptr, want.len) != NULL);
			}
		}
}

static void test_content(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	struct message msg = mail_of(w, "both", "de", &m);
	const struct slice parts[] = {msg.text, msg.html};
	char link[200], out[200];

	snprintf(link, sizeof(link), "https://www.verein.test/j/c/%s", m.confirm);
	snprintf(out, sizeof(out), "https://www.verein.test/j/u/%s", m.out);
	assert_slice(msg.from_addr, "post@verein.test");
	assert_slice(msg.from_name, "Radverein");
	assert_slice(msg.lang, "de");
	assert_slice(msg.list_unsubscribe, out);
	assert_slice(msg.list_id, "both.verein.test");
	assert_true(has(msg.subject, "Vereinspost und Ausfahrten"));
	for (int i = 0; i < 2; i++) {
		/* Nothing that a visitor typed; the address itself only in To. */
		assert_false(has(parts[i], "GETIPPTES"));
		assert_false(has(parts[i], "example.org"));
		assert_true(has(parts[i], link));
		assert_true(has(parts[i], out));
		assert_true(has(parts[i], "21. November 2026, 15:05 Uhr"));
		assert_true(has(parts[i], "https://www.verein.test/j/n?lang=de"));
		assert_true(has(parts[i], "Gasse 1"));
		assert_true(has(parts[i], "daten@verein.test"));
		assert_true(has(parts[i], "https://www.verein.test/impressum"));
		assert_false(has(parts[i], "{{"));
		/* No picture, no script, nothing that is fetched when the mail is opened. */
		assert_false(has(parts[i], "<img"));
		assert_false(has(parts[i], "<script"));
		assert_false(has(parts[i], "url("));
		assert_false(has(parts[i], "@import"));
	}
	assert_true(has(parts[0], "Radverein Nordstadt & Söhne e. V."));
	assert_true(has(parts[1], "Radverein Nordstadt &amp; Söhne"));
	for (size_t i = 0, line = 0; i < msg.text.len; i++) {
		line = msg.text.ptr[i] == '\n' ? 0 : line + 1;
		assert_true(line < 900);
		assert_int_not_equal(msg.text.ptr[i], '\r');
	}
}

static void test_already(void **state)
{
	struct world *w = *state;
	struct world_mail m;
	struct message msg = mail_of(w, "news", "en", &m);
	char address[64], out[200];

	assert_true(slice_copy(msg.to, address, sizeof(address)));
	world_act(w, m.confirm, CONFIRM_ACT_CONFIRM, NULL);
	world_wait(w, HOUR_MS);
	world_signup(w, "news", address, "news", "en");
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_ALREADY);
	msg = world_message(w, &m);
	snprintf(out, sizeof(out), "https://www.verein.test/j/u/%s", m.out);
	assert_true(has(msg.text, out));
	assert_true(has(msg.html, out));
	assert_false(has(msg.text, "/c/"));
	assert_false(has(msg.html, "/c/"));
	assert_slice(msg.list_unsubscribe, out);
	assert_slice(msg.lang, "en");
}

/* Message-ID and boundary are new for each mail; the stored text is one for all. */
static void test_slots(void **state)
{
	struct world *w = *state;
	struct world_mail a, b;
	struct message x = mail_of(w, "news", "de", &a), y = mail_of(w, "news", "de", &b);

	assert_memory_equal(a.hash, b.hash, sizeof(a.hash));
	assert_false(slice_eq(x.message_id, y.message_id));
	assert_false(slice_eq(x.boundary, y.boundary));
	assert_true(slice_ends(x.message_id, SLICE("@verein.test")));
	assert_string_not_equal(a.confirm, b.confirm);
	assert_string_not_equal(a.out, b.out);
}

/* The finished bytes of a stored text hold no address, no token and no day. */
static void test_stored(void **state)
{
	struct world *w = *state;
	const struct letter l = {.kind = OUTBOX_CONFIRM, .lang = "de", .consent = world_consent(w, "news", "de"),
	    .purposes = SLICE("news")};
	struct letter no = l;
	struct buf one, two;

	buf_init_arena(&one, &w->arena, MESSAGE_STORED_MAX_BYTES);
	buf_init_arena(&two, &w->arena, MESSAGE_STORED_MAX_BYTES);
	assert_ok(letter_render(w->site, &w->arena, &l, &one, EI));
	world_wait(w, 500 * DAY_MS);
	assert_ok(letter_render(w->site, &w->arena, &l, &two, EI));
	assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
	assert_false(has(buf_slice(&one), "2026"));
	no.kind = OUTBOX_RIGHTS;
	buf_reset(&two);
	assert_int_equal(letter_render(w->site, &w->arena, &no, &two, NULL), E_INVALID);
}

static const enum outbox_kind letters[] = {OUTBOX_CONFIRM, OUTBOX_ALREADY, OUTBOX_GOODBYE, OUTBOX_LINK,
    OUTBOX_NOTHING, OUTBOX_NOTICE, OUTBOX_CHANGED, OUTBOX_MOVE, OUTBOX_MOVED, OUTBOX_RESTRICTED, OUTBOX_RELEASED,
    OUTBOX_OBJECTED, OUTBOX_EXPORTED, OUTBOX_ERASED};
/* Without somebody who could end something, or not proven to be them. */
static const enum outbox_kind no_way_out[] = {OUTBOX_NOTHING, OUTBOX_MOVE, OUTBOX_MOVED, OUTBOX_OBJECTED,
    OUTBOX_ERASED};
static const struct letter_erased certified = {.recipients = SLICE("Mailjet SAS"), .blocked = true,
    .kept_until_ms = INT64_C(1893456000000)}; /* 2030-01-01T00:00:00Z */
static const struct letter_notice changed = {.summary = SLICE("Wer Daten bekommt\nWie lange <b> & so"),
    .diff_url = SLICE("https://www.verein.test/j/n/diff?from=0123456789ab&to=ba9876543210"), .valid_from_ms = WORLD_NOW};
#define TOKEN "AbCd-_0123456789AbCd-_0123456789AbCd-_01234"
#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static bool leads_out(enum outbox_kind kind)
{
	for (size_t i = 0; i < sizeof(no_way_out) / sizeof(no_way_out[0]); i++)
		if (no_way_out[i] == kind)
			return false;
	return true;
}

/* Other words of some kinds, with what names their file. */
static const struct {
	enum outbox_kind kind;
	enum letter_variant variant;
	const char *name;
} variants[] = {{OUTBOX_NOTHING, LETTER_NOTHING_BLOCKED, "nothing-blocked"}, {OUTBOX_ERASED, LETTER_ERASED_KEEP, "erased-keep"},
    {OUTBOX_RELEASED, LETTER_RELEASE_SOON, "released-soon"}};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

/* Byte for byte what leaves, every kind in every language and both ways to address people. */
static void golden_letters(struct world *w, const char *lang, const char *name)
{
	for (size_t i = 0; i < LETTERS + VARIANTS; i++) {
		const enum outbox_kind kind = i < LETTERS ? letters[i] : variants[i - LETTERS].kind;
		const struct letter l = {.kind = kind, .variant = i < LETTERS ? LETTER_PLAIN : variants[i - LETTERS].variant,
		    .lang = lang, .purposes = SLICE("news,events"), .consent = world_consent(w, "both", lang),
		    .notice = &changed, .erased = &certified};
		struct message_slots v = filled_slots();
		const char *path = letter_path(kind);
		struct buf stored, mime;
		struct message m;
		char file[64];

		buf_init_arena(&stored, &w->arena, MESSAGE_STORED_MAX_BYTES);
		buf_init_arena(&mime, &w->arena, MESSAGE_MIME_MAX_BYTES);
		v.value[MESSAGE_LINK] = path ? site_url(w->site, &w->arena, path, TOKEN) : SLICE("");
		v.value[MESSAGE_UNSUBSCRIBE] = site_url(w->site, &w->arena, "/u/", TOKEN);
		assert_ok(letter_render(w->site, &w->arena, &l, &stored, EI));
		assert_ok(message_load_fill(&w->arena, buf_slice(&stored), &v, &m, EI));
		message_mime(&mime, &m);
		assert_true(buf_ok(&mime) && mime.len < 20000);
		assert_int_equal(m.list_unsubscribe.len > 0, leads_out(kind));
		assert_true(!path || (has(m.text, path) && has(m.html, path)));
		snprintf(file, sizeof(file), "letter/%s.%s.eml", i < LETTERS ? outbox_kind_name(kind)
		    : variants[i - LETTERS].name, name);
		golden_check(file, buf_slice(&mime));
	}
}

static void test_golden(void **state)
{
	struct world *w = *state, du;
	char *site = world_replace(WORLD_SITE, "languages: [de, en]\n", "languages: [de, en]\naddress: du\n");

	golden_letters(w, "de", "de");
	golden_letters(w, "en", "en");
	world_open(&du, site);
	golden_letters(&du, "de", "de-du");
	world_close(&du);
	free(site);
	clock_set_ms(w->now_ms);
}

/* Letters without a wording need none; the others say so instead of falling over. */
static void test_without_wording(void **state)
{
	struct world *w = *state;
	struct buf out;

	for (size_t i = 0; i < LETTERS; i++) {
		const struct letter l = {.kind = letters[i], .lang = "de"};
		bool needs = letters[i] == OUTBOX_CONFIRM || letters[i] == OUTBOX_ALREADY || letters[i] == OUTBOX_NOTICE
		    || letters[i] == OUTBOX_ERASED;

		buf_init_arena(&out, &w->arena, MESSAGE_STORED_MAX_BYTES);
		assert_int_equal(letter_render(w->site, &w->arena, &l, &out, NULL), needs ? E_INVALID : OK);
		assert_true(needs || !leads_out(letters[i]) || has(buf_slice(&out), "club.verein.test"));
	}
}

/* No authority is known for a Catholic body in Germany that names none: words that are true for everybody. */
static void test_authority(void **state)
{
	const struct letter l = {.kind = OUTBOX_NOTHING, .lang = "de"};
	struct world *w = *state, kdg;
	char *site = world_replace(WORLD_SITE, "dpo: none\n", "dpo: none\nregime: kdg\n");
	struct buf out;

	buf_init_arena(&out, &w->arena, MESSAGE_STORED_MAX_BYTES);
	assert_ok(letter_render(w->site, &w->arena, &l, &out, EI));
	assert_true(has(buf_slice(&out), "Berliner Beauftragte"));
	world_open(&kdg, site);
	buf_reset(&out);
	assert_ok(letter_render(kdg.site, &kdg.arena, &l, &out, EI));
	assert_true(has(buf_slice(&out), "jede Behörde für Datenschutz"));
	assert_false(has(buf_slice(&out), "Berliner Beauftragte"));
	world_close(&kdg);
	free(site);
	clock_set_ms(w->now_ms);
}

/* The way to one's own data leads to this person and ends when the link does. */
static void test_link(void **state)
{
	struct world *w = *state;
	const struct letter_send send = {.letter = {.kind = OUTBOX_LINK, .lang = "de"}, .person_id = 1,
	    .expires_ms = w->now_ms / 1000 * 1000 + 15 * MINUTE_MS, .now_ms = w->now_ms, .asked_ms = w->now_ms,
	    .address = SLICE("ada@example.org")};
	unsigned char hash[STORE_HASH_BYTES];
	struct world_mail m;
	struct token t;
	struct slice url;
	struct db *db;

	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(letter_queue(db, w->site, NULL, &w->arena, &send, hash, EI));
	assert_ok(store_write_commit(w->store, EI));
	m = world_last_mail(w);
	assert_int_equal(m.kind, OUTBOX_LINK);
	url = m.slots.value[MESSAGE_LINK];
	assert_true(slice_starts(url, SLICE("https://www.verein.test/j/my/")));
	db = world_read(w);
	assert_true(token_read(db_keyring(db), "club", slice_sub(url, 29, url.len), &t));
	store_read_end(w->store, db);
	assert_int_equal(t.purpose, TOKEN_HUB);
	assert_int_equal(t.id, 1);
	assert_int_equal(t.expires_ms, send.expires_ms);
}

/* A rolled back transaction takes the text with it; the cache must not believe it is there. */
static void test_rollback(void **state)
{
	struct world *w = *state;
	unsigned char hash[STORE_HASH_BYTES];
	const struct letter_send send = {.letter = {.kind = OUTBOX_ALREADY, .lang = "en",
	    .consent = world_consent(w, "extra", "en"), .purposes = SLICE("news")}, .person_id = 1,
	    .now_ms = w->now_ms, .asked_ms = w->now_ms, .address = SLICE("ada@example.org")};
	struct letter_cache *cache = letter_cache_new();
	struct db *db;

	assert_non_null(cache);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(letter_queue(db, w->site, cache, &w->arena, &send, hash, EI));
	store_write_rollback(w->store);
	db = world_read(w);
	assert_int_equal(text_get(db, hash, NULL, NULL, NULL), E_NOT_FOUND);
	store_read_end(w->store, db);
	assert_ok(store_write_begin(w->store, &db, EI));
	assert_ok(letter_queue(db, w->site, cache, &w->arena, &send, hash, EI));
	assert_ok(text_get(db, hash, NULL, NULL, EI));
	assert_ok(store_write_commit(w->store, EI));
	letter_cache_free(cache);
	letter_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_consent), cmocka_unit_test(test_content), cmocka_unit_test(test_already),
	    cmocka_unit_test(test_slots), cmocka_unit_test(test_stored), cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_without_wording), cmocka_unit_test(test_authority), cmocka_unit_test(test_link),
	    cmocka_unit_test(test_rollback),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
