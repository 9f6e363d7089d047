/* The exact wording: its bytes, its hash, and the stored form that must stay readable for ever. */
#include "lib/world.h"

#include "base/enc.h"

#define FROZEN_PURPOSE "Ja, ich willige ein.\n\nInhalt: A."
#define FROZEN "jawort-consent 1\nform: news\nlang: de\npurpose: news 32 0123456789abcdef\n" FROZEN_PURPOSE "\n"

/* ---- building */

static void test_bytes(void **state)
{
	static const char text[] =
	    "Ja, ich willige ein: Radverein Nordstadt & Söhne e. V. darf mir den Newsletter „Vereinspost“ per E-Mail "
	    "schicken.\n\n"
	    "Inhalt: Termine & Berichte mit 3 > 2 Gängen. Häufigkeit: monatlich.\n\n"
	    "Ich kann das jederzeit für die Zukunft widerrufen. Der Link dafür steht in jeder Mail. Oder ich schreibe "
	    "an daten@verein.test.";
	struct world *w = *state;
	const struct consent *c = world_consent(w, "news", "de");
	/* Channel, advertiser, title, content, frequency, each with a NUL behind it. */
	static const char facts[] = "email\0Radverein Nordstadt & Söhne e. V.\0Vereinspost\0"
	    "Termine & Berichte mit 3 > 2 Gängen\0monatlich";
	unsigned char hash[CRYPT_HASH_BYTES];
	char hex[ENC_HEX_BYTES(8)], want[1024], full[ENC_B64URL_BYTES(CRYPT_HASH_BYTES)];

	crypt_sha256(hash, facts, sizeof(facts));
	enc_hex(hash, 8, hex);
	snprintf(want, sizeof(want), "jawort-consent 1\nform: news\nlang: de\npurpose: news %zu %s\n%s\n",
	    strlen(text), hex, text);
	assert_slice(c->canonical, want);
	assert_int_equal(c->n, 1);
	assert_slice(c->items[0].text, text);
	assert_slice(c->form, "news");
	assert_slice(c->lang, "de");
	crypt_sha256(hash, want, strlen(want));
	assert_memory_equal(c->hash, hash, sizeof(hash));
	enc_b64url(hash, sizeof(hash), full);
	assert_int_equal(strlen(c->v), CONSENT_V_CHARS);
	assert_memory_equal(c->v, full, CONSENT_V_CHARS);
}

/* Forms, languages and purposes have wordings of their own. */
static void test_distinct(void **state)
{
	static const char *const forms[] = {"news", "both", "extra"}, *const langs[] = {"de", "en"};
	struct world *w = *state;
	const struct consent *all[6];
	size_t n = 0;

	for (size_t f = 0; f < 3; f++)
		for (size_t l = 0; l < 2; l++)
			all[n++] = world_consent(w, forms[f], langs[l]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(all[i]->hash, all[k]->hash, CRYPT_HASH_BYTES);
	assert_int_equal(all[2]->n, 2);
	assert_slice(all[2]->items[0].purpose, "news");
	assert_slice(all[2]->items[1].purpose, "events");
	/* The sentence itself is the same wherever the purpose is asked for. */
	assert_true(slice_eq(all[0]->items[0].text, all[2]->items[0].text));
	assert_null(site_consent(w->site, world_form(w, "news"), "fr"));
}

/* A word of the owner's in the text makes another hash; design and periods do not. */
static void test_what_counts(void **state)
{
	static const struct {
		int row;
		const char *from, *to;
		bool same;
	} rows[] = {
	    {__LINE__, "de: monatlich", "de: jeden Monat", false},
	    {__LINE__, "de: Vereinspost", "de: Klubpost", false},
	    {__LINE__, "Söhne e. V.", "Töchter e. V.", false},
	    {__LINE__, "daten@verein.test", "daten2@verein.test", false},
	    {__LINE__, "  news:\n    channel: email\n", "  news:\n    channel: email\n    advertiser: Hersteller KG\n", false},
	    {__LINE__, "#17604f", "#1c4da1", true},
	    {__LINE__, "confirm: 48h", "confirm: 24h", true},
	    {__LINE__, "state: BE", "state: BY", true},
	    {__LINE__, "fields: [first_name?]", "fields: [organization?]", true},
	    {__LINE__, "en: monthly", "en: every month", true},
	};
	struct world *w = *state;
	unsigned char before[CRYPT_HASH_BYTES];

	memcpy(before, world_consent(w, "news", "de")->hash, sizeof(before));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *yaml = world_replace(WORLD_SITE, rows[i].from, rows[i].to);
		world_reload(w, yaml);
		if ((memcmp(before, world_consent(w, "news", "de")->hash, sizeof(before)) == 0) != rows[i].same)
			fail_msg("row %d", rows[i].row);
		free(yaml);
	}
	world_reload(w, WORLD_SITE);
	assert_memory_equal(before, world_consent(w, "news", "de")->hash, sizeof(before));
}

/* Other words for the same thing keep the facts; another thing does not. */
static void test_facts(void **state)
{
	static const struct {
		int row;
		const char *from, *to;
		bool same;
	} rows[] = {
	    {__LINE__, "daten@verein.test", "daten2@verein.test", true},
	    {__LINE__, "de: monatlich", "de: jeden Monat", false},
	    {__LINE__, "de: Vereinspost", "de: Klubpost", false},
	    {__LINE__, "mit 3 > 2 Gängen", "mit 3 Gängen", false},
	    {__LINE__, "Söhne e. V.", "Töchter e. V.", false},
	    {__LINE__, "  both:\n    purposes: [news, events]", "  both:\n    purposes: [events, news]", true},
	    {__LINE__, "  both:\n    purposes: [news, events]", "  both:\n    purposes: [news]", false},
	};
	struct world *w = *state;
	struct consent before;
	struct buf bytes;

	buf_init(&bytes, CONSENT_MAX_BYTES);
	buf_add_slice(&bytes, world_consent(w, "both", "de")->canonical);
	assert_ok(consent_parse(&before, buf_slice(&bytes), EI));
	assert_false(consent_same_facts(&before, world_consent(w, "both", "en")));
	assert_false(consent_same_facts(&before, world_consent(w, "news", "de")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *yaml = world_replace(WORLD_SITE, rows[i].from, rows[i].to);
		world_reload(w, yaml);
		if (consent_same_facts(&before, world_consent(w, "both", "de")) != rows[i].same)
			fail_msg("row %d", rows[i].row);
		assert_int_equal(consent_same_facts(world_consent(w, "both", "de"), &before), rows[i].same);
		free(yaml);
	}
	world_reload(w, WORLD_SITE);
	buf_free(&bytes);
}

static void test_v(void **state)
{
	struct world *w = *state;
	const struct consent *c = world_consent(w, "news", "de");
	char full[ENC_B64URL_BYTES(CRYPT_HASH_BYTES) + 1], bad[sizeof(full)];

	enc_b64url(c->hash, sizeof(c->hash), full);
	for (size_t n = 0; n <= strlen(full); n++)
		assert_int_equal(consent_v_matches(c, slice_make(full, n)), n >= CONSENT_V_MIN_CHARS);
	memcpy(bad, full, strlen(full) + 1);
	bad[strlen(full)] = 'A';
	assert_false(consent_v_matches(c, slice_make(bad, strlen(full) + 1)));
	for (size_t i = 0; i < strlen(full); i++) {
		memcpy(bad, full, strlen(full) + 1);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		assert_false(consent_v_matches(c, slice_from(bad)));
		assert_int_equal(consent_v_matches(c, slice_make(bad, 12)), i >= 12);
	}
	assert_false(consent_v_matches(c, (struct slice){NULL, 0}));
}

/* ---- reading */

static void test_frozen(void **state)
{
	struct consent c;
	char hex[ENC_HEX_BYTES(CRYPT_HASH_BYTES)];

	(void)state;
	assert_int_equal(strlen(FROZEN_PURPOSE), 32);
	assert_ok(consent_parse(&c, SLICE(FROZEN), EI));
	assert_int_equal(c.n, 1);
	assert_slice(c.items[0].purpose, "news");
	assert_slice(c.items[0].text, FROZEN_PURPOSE);
	enc_hex(c.hash, sizeof(c.hash), hex);
	assert_string_equal(hex, "f1cb92ac4ad18ddce4f2f5f78f9213a3b0e50a4a91c74b513b6c4416b74ca360");
}

#define F "0123456789abcdef"
static const struct {
	int row;
	const char *text;
	bool good;
} parses[] = {
    {__LINE__, "", false},
    {__LINE__, "jawort-consent 1\n", false},
    {__LINE__, "jawort-consent 2\nform: a\nlang: de\npurpose: a 1 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\n", false},
    {__LINE__, "jawort-consent 1\nlang: de\nform: a\npurpose: a 1 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\nx\n", true},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 0 " F "\n\n", true},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\nx\npurpose: b 3 " F "\nä!\n", true},
    /* Lengths that lie, in both directions, and that would overflow. */
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 2 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 0 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\nxy\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 18446744073709551615 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 18446744073709551617 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a -1 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F " \nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose:  1 " F "\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\nx", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\nx\n\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\nx\ntrailing", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "\n\xff\n", false},
    {__LINE__, "jawort-consent 1\r\nform: a\r\nlang: de\r\npurpose: a 1 " F "\r\nx\r\n", false},
    /* The sum of the facts: exactly 16 characters. */
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 0123456789abcde\nx\n", false},
    {__LINE__, "jawort-consent 1\nform: a\nlang: de\npurpose: a 1 " F "0\nx\n", false},
    {__LINE__, "{\"form\":\"a\"}", false},
};

static void test_parse(void **state)
{
	struct consent c;

	(void)state;
	for (size_t i = 0; i < sizeof(parses) / sizeof(parses[0]); i++) {
		enum err rc = consent_parse(&c, slice_from(parses[i].text), NULL);
		if (rc != (parses[i].good ? OK : E_INVALID))
			fail_msg("row %d: %s", parses[i].row, err_name(rc));
	}
}

/* Cut anywhere, it is refused: half a text is no text. */
static void test_cut(void **state)
{
	struct world *w = *state;
	struct slice all = world_consent(w, "both", "de")->canonical;
	struct consent c;
	size_t good = 0;

	for (size_t n = 0; n < all.len; n++)
		good += consent_parse(&c, slice_sub(all, 0, n), NULL) == OK;
	/* Behind the first purpose there is a whole text with one purpose less: nothing else. */
	assert_int_equal(good, 1);
	assert_ok(consent_parse(&c, all, EI));
	assert_int_equal(c.n, 2);
}

static void test_too_many(void **state)
{
	struct consent c;
	struct buf b;

	(void)state;
	buf_init(&b, 1u << 16);
	buf_add_str(&b, "jawort-consent 1\nform: a\nlang: de\n");
	for (int i = 0; i < CONSENT_ITEMS_MAX; i++)
		buf_printf(&b, "purpose: p%d 1 " F "\nx\n", i);
	assert_ok(consent_parse(&c, buf_slice(&b), EI));
	assert_int_equal(c.n, CONSENT_ITEMS_MAX);
	buf_add_str(&b, "purpose: last 1 " F "\nx\n");
	assert_int_equal(consent_parse(&c, buf_slice(&b), NULL), E_LIMIT);
	buf_free(&b);
}

/* ---- lists and views */

static void test_purposes(void **state)
{
	static const struct {
		int row;
		const char *wanted, *got;
	} rows[] = {
	    {__LINE__, "news", "news"},
	    {__LINE__, "events,news", "news,events"},
	    {__LINE__, "news,news,news", "news"},
	    {__LINE__, "", ""},
	    {__LINE__, ",", ""},
	    {__LINE__, "new,newsx,NEWS, news", ""},
	    {__LINE__, "other,events", "events"},
	};
	struct world *w = *state;
	const struct consent *c = world_consent(w, "both", "de");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice got = consent_purposes(&w->arena, c, slice_from(rows[i].wanted));
		if (!slice_eq_str(got, rows[i].got))
			fail_msg("row %d: \"%.*s\"", rows[i].row, SLICE_FMT(got));
	}
	assert_true(consent_list_has(SLICE("a,b,c"), SLICE("b")));
	assert_false(consent_list_has(SLICE("a,bc"), SLICE("b")));
	assert_false(consent_list_has((struct slice){NULL, 0}, SLICE("b")));
	assert_null(consent_item(c, SLICE("new")));
	assert_ptr_equal(consent_item(c, SLICE("events")), &c->items[1]);
}

/* Paragraphs of the view, joined by an empty line, are the text again. */
static void test_paragraphs(void **state)
{
	struct world *w = *state;
	const struct consent *c = world_consent(w, "both", "en");

	for (size_t i = 0; i < c->n; i++) {
		struct view *v = view_new(&w->arena);
		struct view_value list, text;
		struct buf joined;
		size_t n = 0;
		buf_init_arena(&joined, &w->arena, 4096);
		consent_item_view(&c->items[i], v);
		assert_true(view_get(v, SLICE("paragraphs"), &list));
		for (struct view *item = list.first; item; item = view_next_item(item), n++) {
			assert_true(view_get(item, SLICE("text"), &text));
			if (n)
				buf_add_str(&joined, "\n\n");
			buf_add_slice(&joined, text.text);
		}
		assert_true(n >= 3);
		assert_true(slice_eq(buf_slice(&joined), c->items[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes), cmocka_unit_test(test_distinct), cmocka_unit_test(test_what_counts),
	    cmocka_unit_test(test_facts), cmocka_unit_test(test_v), cmocka_unit_test(test_frozen), cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_cut), cmocka_unit_test(test_too_many), cmocka_unit_test(test_purposes),
	    cmocka_unit_test(test_paragraphs),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
