/* The way in: fields, wording, doubts, targets, and that nothing is stored but by acceptance. */
#include "lib/world.h"

#include "base/enc.h"
#include "core/formtoken.h"
#include "store/budget.h"
#include "text/url.h"

#define GOOD "email=ada@example.org&ok=1"

/* GOOD with the live v. */
static const char *with_v(struct world *w, const char *rest)
{
	struct buf b;

	buf_init_arena(&b, &w->arena, 65536);
	buf_printf(&b, "v=%s&%s", world_consent(w, "news", "de")->v, rest);
	return b.data;
}

static const struct gate_error *error_of(const struct gate_answer *a, const char *field)
{
	for (size_t i = 0; i < a->nerrors; i++)
		if (strcmp(a->errors[i].field, field) == 0)
			return &a->errors[i];
	return NULL;
}

/* ---- fields: { form, body without v, field, phrase } ; field NULL: accepted */

#define X20 "xxxxxxxxxxxxxxxxxxxx"
#define X100 X20 X20 X20 X20 X20
#define AE10 "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4"
#define AE100 AE10 AE10 AE10 AE10 AE10 AE10 AE10 AE10 AE10 AE10

static const struct {
	int row;
	const char *form, *body, *field, *key;
} fields[] = {
    {__LINE__, "news", GOOD, NULL, NULL},
    {__LINE__, "news", "email=ada%40example.org&p=news", NULL, NULL},
    {__LINE__, "news", "email=ada%40example.org&p=news&p=news&ok=1", NULL, NULL},
    /* Nothing is repaired: browsers cut white space before they send. */
    {__LINE__, "news", "email=+ada%40example.org&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=ada%40example.org+&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=ada%40B%C3%BCcher.example&ok=1", NULL, NULL},
    /* The address. */
    {__LINE__, "news", "ok=1", "email", "error.email.missing"},
    {__LINE__, "news", "email=&ok=1", "email", "error.email.missing"},
    {__LINE__, "news", "email=ada&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=ada%40localhost&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=a%40b.example,c%40d.example&ok=1", "email", "error.email.many"},
    {__LINE__, "news", "email=%C3%A4da%40example.org&ok=1", "email", "error.email.letters"},
    {__LINE__, "news", "email=ada%40example.org%0D%0ABcc:x%40y.example&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=ada%40example.org%0A&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=ada%40example.org%7F&ok=1", "email", "error.email.invalid"},
    {__LINE__, "news", "email=" X100 X100 X100 "%40example.org&ok=1", "email", "error.email.long"},
    {__LINE__, "news", "email=" X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 "%40e.org&ok=1", "email",
        "error.email.long"},
    /* What was ticked. */
    {__LINE__, "news", "email=ada%40example.org", "ok", "error.consent.missing"},
    {__LINE__, "news", "email=ada%40example.org&ok=0", "ok", "error.consent.missing"},
    {__LINE__, "news", "email=ada%40example.org&ok=on", "ok", "error.consent.missing"},
    {__LINE__, "news", "email=ada%40example.org&p=events", "ok", "error.consent.missing"},
    {__LINE__, "both", "email=ada%40example.org&last_name=L&ok=1", "p", "error.consent.none"},
    {__LINE__, "both", "email=ada%40example.org&last_name=L", "p", "error.consent.none"},
    {__LINE__, "both", "email=ada%40example.org&last_name=L&p=NEWS", "p", "error.consent.none"},
    {__LINE__, "both", "email=ada%40example.org&last_name=L&p=news,events", "p", "error.consent.none"},
    {__LINE__, "both", "email=ada%40example.org&last_name=L&p=events", NULL, NULL},
    {__LINE__, "both", "email=ada%40example.org&last_name=L&p=events&p=unknown", NULL, NULL},
    {__LINE__, "both", "email=ada%40example.org&last_name=L&p=news%0A", "p", "error.field.characters"},
    /* Known fields come once. */
    {__LINE__, "news", GOOD "&email=eve%40example.org", "email", "error.field.twice"},
    {__LINE__, "news", GOOD "&email=ada%40example.org", "email", "error.field.twice"},
    {__LINE__, "news", GOOD "&ok=1", "ok", "error.field.twice"},
    {__LINE__, "news", GOOD "&first_name=A&first_name=B", "first_name", "error.field.twice"},
    {__LINE__, "news", GOOD "&lang=de&lang=en", "lang", "error.form.twice"},
    {__LINE__, "news", GOOD "&next=&next=", "next", "error.form.twice"},
    {__LINE__, "news", GOOD "&page=a&page=b", "page", "error.form.twice"},
    /* Unknown ones do not exist, however often. */
    {__LINE__, "news", GOOD "&last_name=A&last_name=B&x=1&x=2&Email=eve%40example.org&=", NULL, NULL},
    /* Declared fields: 100 characters, no controls; white space around is not part of it. */
    {__LINE__, "news", GOOD "&first_name=" X100, NULL, NULL},
    {__LINE__, "news", GOOD "&first_name=x" X100, "first_name", "error.field.long"},
    {__LINE__, "news", GOOD "&first_name=" AE100, NULL, NULL},
    {__LINE__, "news", GOOD "&first_name=x" AE100, "first_name", "error.field.long"},
    {__LINE__, "news", GOOD "&first_name=A%0DB", "first_name", "error.field.characters"},
    {__LINE__, "news", GOOD "&first_name=A%09B", "first_name", "error.field.characters"},
    {__LINE__, "news", GOOD "&first_name=A%C2%85B", "first_name", "error.field.characters"},
    {__LINE__, "news", GOOD "&first_name=A%1BB", "first_name", "error.field.characters"},
    {__LINE__, "news", GOOD "&first_name=%F0%9F%98%80+%22%3Cb%3E%26'", NULL, NULL},
    {__LINE__, "news", GOOD "&first_name=", NULL, NULL},
    {__LINE__, "both", "email=ada%40example.org&p=news", "last_name", "error.field.missing"},
    {__LINE__, "both", "email=ada%40example.org&p=news&last_name=++", "last_name", "error.field.missing"},
    {__LINE__, "both", "email=ada%40example.org&p=news&last_name=L&organization=", NULL, NULL},
};

static void test_fields(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *v = world_consent(w, fields[i].form, "de")->v;
		int64_t before = world_intake(w);
		struct gate_answer a;
		struct buf body;
		buf_init_arena(&body, &w->arena, 65536);
		buf_printf(&body, "%s&v=%s", fields[i].body, v);
		a = world_gate(w, fields[i].form, body.data);
		if (a.result != (fields[i].field ? GATE_INPUT : GATE_ACCEPTED))
			fail_msg("row %d: result %d, first error %s %s", fields[i].row, a.result,
			    a.nerrors ? a.errors[0].field : "-", a.nerrors ? a.errors[0].key : "-");
		if (world_intake(w) - before != (fields[i].field ? 0 : 1))
			fail_msg("row %d: %lld rows", fields[i].row, (long long)(world_intake(w) - before));
		if (!fields[i].field)
			continue;
		if (a.nerrors != 1 || !error_of(&a, fields[i].field))
			fail_msg("row %d: %zu errors, first %s", fields[i].row, a.nerrors, a.errors[0].field);
		if (strcmp(error_of(&a, fields[i].field)->key, fields[i].key) != 0)
			fail_msg("row %d: %s", fields[i].row, a.errors[0].key);
	}
}

/* All errors at once, each with what its sentence needs. */
static void test_several(void **state)
{
	struct world *w = *state;
	struct gate_answer a = world_gate(w, "both",
	    "email=nobody&organization=x" X100 "&x=1&y=2&y=3&last_name=");

	assert_int_equal(a.result, GATE_INPUT);
	assert_int_equal(a.nerrors, 4);
	assert_string_equal(error_of(&a, "email")->key, "error.email.invalid");
	assert_string_equal(error_of(&a, "organization")->key, "error.field.long");
	assert_int_equal(error_of(&a, "organization")->max, GATE_FIELD_MAX_CHARS);
	assert_string_equal(error_of(&a, "last_name")->key, "error.field.missing");
	assert_string_equal(error_of(&a, "p")->key, "error.consent.none");
	assert_int_equal(a.unknown_fields, 3);
	assert_slice(a.email, "nobody");
}

/* Sixty-four times the same field fits into the list of errors. */
static void test_flood(void **state)
{
	struct world *w = *state;
	struct gate_answer a;
	struct buf b;

	buf_init_arena(&b, &w->arena, 65536);
	buf_printf(&b, "v=%s", world_consent(w, "news", "de")->v);
	for (int i = 1; i < FORM_FIELDS_MAX; i++)
		buf_add_str(&b, i % 2 ? "&email=" : "&first_name=");
	a = world_gate(w, "news", b.data);
	assert_int_equal(a.result, GATE_INPUT);
	assert_true(a.nerrors >= 3 && a.nerrors <= GATE_ERRORS_MAX);
}

/* What is stored is what was sent, and what the page showed. */
static void test_row(void **state)
{
	struct world *w = *state;
	const struct consent *c = world_consent(w, "both", "en");
	struct gate_input in = {.remote_ip = SLICE("192.0.2.77"), .origin = GATE_ORIGIN_OWN,
	    .referer = SLICE("https://www.verein.test/kontakt?secret=1#x")};
	struct intake_row row;
	struct db *db;
	char body[512];
	int64_t last;

	snprintf(body, sizeof(body), "email=Ada%%40B%%C3%%BCcher.EXAMPLE&p=events&p=news&v=%s&lang=de"
	    "&last_name=O%%27Neill+%%22x%%22%%5C&organization=%%C3%%84&page=", c->v);
	assert_int_equal(world_gate_input(w, in, "both", body).result, GATE_ACCEPTED);
	db = world_read(w);
	assert_ok(intake_last_id(db, &last, EI));
	assert_ok(intake_next(db, last - 1, last, &w->arena, &row, EI));
	store_read_end(w->store, db);
	assert_true(row.readable);
	assert_slice(row.in.address, "Ada@xn--bcher-kva.example");
	assert_slice(row.in.purposes, "news,events");
	assert_slice(row.in.lang, "en"); /* of the wording, whatever the field says */
	assert_slice(row.in.form, "both");
	assert_slice(row.in.ip, "192.0.2.0");
	assert_slice(row.in.page, "https://www.verein.test/kontakt");
	assert_slice(row.in.fields, "{\"last_name\":\"O'Neill \\\"x\\\"\\\\\",\"organization\":\"Ä\"}");
	assert_memory_equal(row.in.consent_hash, c->hash, CRYPT_HASH_BYTES);
	assert_int_equal(row.in.at_ms, w->now_ms);
}

/* ---- wording */

static void test_wording(void **state)
{
	struct world *w = *state;
	const struct consent *de = world_consent(w, "news", "de"), *en = world_consent(w, "news", "en");
	char full[ENC_B64URL_BYTES(CRYPT_HASH_BYTES)], body[256];
	struct gate_answer a;

	enc_b64url(de->hash, sizeof(de->hash), full);
	/* Any prefix from eight characters on. */
	for (int n = 8; n <= (int)strlen(full); n += 5) {
		snprintf(body, sizeof(body), GOOD "&v=%.*s", n, full);
		assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	}
	/* The language of the wording is the language of the answer. */
	snprintf(body, sizeof(body), GOOD "&v=%s&lang=de", en->v);
	a = world_gate(w, "news", body);
	assert_int_equal(a.result, GATE_ACCEPTED);
	assert_string_equal(a.lang, "en");
	/* Short, unknown, or of another form: the wording shown is not known, the page shows the present one. */
	static const char *const bad[] = {"AAAAAAAAAAAA", "A", "%C3%A4%C3%A4%C3%A4%C3%A4", "++++++++", NULL};
	for (int i = 0; bad[i]; i++) {
		snprintf(body, sizeof(body), GOOD "&v=%s&lang=en", bad[i]);
		a = world_gate(w, "news", body);
		assert_int_equal(a.result, GATE_CHANGED);
		assert_string_equal(a.lang, "en");
		assert_ptr_equal(a.consent, en);
	}
	snprintf(body, sizeof(body), GOOD "&v=%.7s", full);
	assert_int_equal(world_gate(w, "news", body).result, GATE_CHANGED);
	snprintf(body, sizeof(body), GOOD "&v=%s", world_consent(w, "extra", "de")->v);
	assert_int_equal(world_gate(w, "news", body).result, GATE_CHANGED);
}

/* A page that stayed open while the owner changed the words, and while the thing itself changed. */
static void test_older(void **state)
{
	struct world *w = *state;
	char old[CONSENT_V_CHARS + 1], body[256];
	unsigned char hash[CRYPT_HASH_BYTES];
	char *words = world_replace(WORLD_SITE, "daten@verein.test", "neu@verein.test");
	char *facts = world_replace(WORLD_SITE, "de: monatlich", "de: täglich");
	int64_t old_text_ms = world_form(w, "news")->old_text.seconds * 1000;
	struct gate_answer a;

	snprintf(old, sizeof(old), "%s", world_consent(w, "news", "de")->v);
	memcpy(hash, world_consent(w, "news", "de")->hash, sizeof(hash));
	snprintf(body, sizeof(body), "email=older@example.org&ok=1&v=%s", old);
	world_wait(w, DAY_MS);
	world_reload(w, words);
	assert_memory_not_equal(world_consent(w, "news", "de")->hash, hash, sizeof(hash));
	a = world_gate(w, "news", body);
	assert_int_equal(a.result, GATE_ACCEPTED);
	assert_memory_equal(a.consent->hash, hash, sizeof(hash));
	/* Evidence keeps the version that was on the screen. */
	world_turn(w);
	assert_int_equal(world_state(w, "older@example.org", NULL), PERSON_PENDING);
	assert_memory_equal(world_look(w, world_last_mail(w).confirm).consent.hash, hash, sizeof(hash));
	world_wait(w, old_text_ms);
	assert_int_equal(world_gate(w, "news", body).result, GATE_ACCEPTED);
	world_wait(w, 1000);
	assert_int_equal(world_gate(w, "news", body).result, GATE_CHANGED);
	world_reload(w, facts);
	assert_int_equal(world_gate(w, "news", body).result, GATE_CHANGED);
	world_reload(w, WORLD_SITE);
	free(words);
	free(facts);
}

/* ---- doubts */

static void test_doubts(void **state)
{
	struct world *w = *state;
	const struct gate_input foreign = {.remote_ip = SLICE("192.0.2.77"), .origin = GATE_ORIGIN_FOREIGN},
	    absent = {.origin = GATE_ORIGIN_ABSENT};
	char honeypot[GATE_HONEYPOT_BYTES], body[256], t[FORMTOKEN_BYTES];
	int64_t before = world_intake(w);

	gate_honeypot(w->site, world_form(w, "news"), honeypot);
	assert_int_equal(world_gate_input(w, foreign, "news", with_v(w, GOOD)).result, GATE_REVIEW);
	assert_int_equal(world_gate(w, "news", GOOD).result, GATE_REVIEW);
	assert_int_equal(world_gate_input(w, absent, "news", GOOD).result, GATE_REVIEW);
	snprintf(body, sizeof(body), GOOD "&%s=x", honeypot);
	assert_int_equal(world_gate(w, "news", with_v(w, body)).result, GATE_REVIEW);
	snprintf(body, sizeof(body), GOOD "&%s=x&%s=y", honeypot, honeypot);
	assert_int_equal(world_gate(w, "news", with_v(w, body)).result, GATE_REVIEW);
	/* A token of a script: false, of another form, too young, too old. */
	assert_int_equal(world_gate(w, "news", with_v(w, GOOD "&t=x")).result, GATE_REVIEW);
	formtoken_make(store_keyring(w->store), "news", w->now_ms, t);
	snprintf(body, sizeof(body), GOOD "&t=%s", t);
	assert_int_equal(world_gate(w, "news", with_v(w, body)).result, GATE_REVIEW);
	assert_int_equal(world_intake(w), before);
	world_wait(w, FORMTOKEN_MIN_AGE_S * 1000);
	assert_int_equal(world_gate(w, "news", with_v(w, body)).result, GATE_ACCEPTED);
	world_wait(w, INT64_C(1000) * FORMTOKEN_MAX_AGE_S);
	assert_int_equal(world_gate(w, "news", with_v(w, body)).result, GATE_REVIEW);
	formtoken_make(store_keyring(w->store), "extra", w->now_ms - 10000, t);
	snprintf(body, sizeof(body), GOOD "&t=%s", t);
	assert_int_equal(world_gate(w, "news", with_v(w, body)).result, GATE_REVIEW);
	/* No doubt: nothing said, an empty trap, no Origin at all. */
	snprintf(body, sizeof(body), GOOD "&%s=&t=", honeypot);
	assert_int_equal(world_gate_input(w, absent, "news", with_v(w, body)).result, GATE_ACCEPTED);
}

static void test_honeypot(void **state)
{
	static const char *const ids[] = {"news", "both", "extra"};
	struct world *w = *state;
	char name[3][GATE_HONEYPOT_BYTES], again[GATE_HONEYPOT_BYTES];

	for (int i = 0; i < 3; i++) {
		gate_honeypot(w->site, world_form(w, ids[i]), name[i]);
		assert_int_equal(strlen(name[i]), 7);
		assert_true(name[i][0] >= 'a' && name[i][0] <= 'z');
		assert_int_equal(strspn(name[i], "abcdefghijklmnopqrstuvwxyz0123456789"), 7);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name[i], name[k]);
		gate_honeypot(w->site, world_form(w, ids[i]), again);
		assert_string_equal(name[i], again);
	}
}

/* The signature of the review page holds for these values, this form, this hour. */
static void test_review(void **state)
{
	struct world *w = *state;
	const struct gate_input foreign = {.remote_ip = SLICE("192.0.2.77"), .origin = GATE_ORIGIN_FOREIGN};
	const char *v = world_consent(w, "news", "de")->v;
	char r[64], body[512];
	struct gate_answer a = world_gate_input(w, foreign, "news", with_v(w, GOOD));
	int64_t at = w->now_ms;

	assert_int_equal(a.result, GATE_REVIEW);
	snprintf(r, sizeof(r), "%s", a.review);
	assert_true(strlen(r) > 20);
	static const struct {
		int row;
		const char *form, *body;
		int64_t after_ms;
		enum gate_result want;
	} rows[] = {
	    {__LINE__, "news", GOOD, 0, GATE_ACCEPTED},
	    {__LINE__, "news", GOOD, 0, GATE_ACCEPTED},
	    {__LINE__, "news", GOOD, GATE_REVIEW_TTL_MS, GATE_ACCEPTED},
	    {__LINE__, "news", GOOD, GATE_REVIEW_TTL_MS + 1000, GATE_REVIEW},
	    {__LINE__, "news", GOOD, -59 * 1000, GATE_ACCEPTED}, /* a clock that was set back a little */
	    {__LINE__, "news", GOOD, -HOUR_MS, GATE_REVIEW},
	    {__LINE__, "news", "email=eve%40example.org&ok=1", 0, GATE_REVIEW},
	    {__LINE__, "news", "email=Ada%40example.org&ok=1", 0, GATE_REVIEW},
	    {__LINE__, "extra", GOOD, 0, GATE_REVIEW},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_clock(w, at + rows[i].after_ms);
		snprintf(body, sizeof(body), "%s&v=%s&r=%s", rows[i].body, world_consent(w, rows[i].form, "de")->v, r);
		if (world_gate_input(w, foreign, rows[i].form, body).result != rows[i].want)
			fail_msg("row %d", rows[i].row);
	}
	world_clock(w, at);
	/* Other wording, changed characters, another time before the dot. */
	snprintf(body, sizeof(body), GOOD "&v=%s&r=%s", world_consent(w, "news", "en")->v, r);
	assert_int_equal(world_gate_input(w, foreign, "news", body).result, GATE_REVIEW);
	for (size_t i = 0; i < strlen(r); i++) {
		char bad[64];
		snprintf(bad, sizeof(bad), "%s", r);
		bad[i] = bad[i] == '1' ? '2' : '1';
		snprintf(body, sizeof(body), GOOD "&v=%s&r=%s", v, bad);
		assert_int_equal(world_gate_input(w, foreign, "news", body).result, GATE_REVIEW);
	}
	static const char *const junk[] = {"", ".", "1", "9223372036854775807.x", "99999999999999999999.x", "-1.x", NULL};
	for (int i = 0; junk[i]; i++) {
		snprintf(body, sizeof(body), GOOD "&v=%s&r=%s", v, junk[i]);
		assert_int_equal(world_gate_input(w, foreign, "news", body).result, GATE_REVIEW);
	}
	/* One purpose more than was looked at. */
	snprintf(body, sizeof(body), "email=ada%%40example.org&last_name=L&p=news&v=%s",
	    world_consent(w, "both", "de")->v);
	a = world_gate_input(w, foreign, "both", body);
	assert_int_equal(a.result, GATE_REVIEW);
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "&r=%s", a.review);
	assert_int_equal(world_gate_input(w, foreign, "both", body).result, GATE_ACCEPTED);
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "&p=events");
	assert_int_equal(world_gate_input(w, foreign, "both", body).result, GATE_REVIEW);
}

/* ---- where from, where to */

static void test_origin(void **state)
{
	static const struct {
		int row;
		const char *origin;
		enum gate_origin want;
	} rows[] = {
	    {__LINE__, "", GATE_ORIGIN_ABSENT}, {__LINE__, "null", GATE_ORIGIN_ABSENT},
	    {__LINE__, "https://www.verein.test", GATE_ORIGIN_OWN},
	    {__LINE__, "https://WWW.Verein.test", GATE_ORIGIN_OWN},
	    {__LINE__, "https://www.verein.test:443", GATE_ORIGIN_OWN},
	    {__LINE__, "https://shop.verein.test:8443", GATE_ORIGIN_OWN},
	    {__LINE__, "https://shop.verein.test", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "http://www.verein.test", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "https://verein.test", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "https://www.verein.test.evil.example", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "https://evil.example/https://www.verein.test", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "https://www.verein.test@evil.example", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "https://www.verein.test.", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "file://", GATE_ORIGIN_FOREIGN}, {__LINE__, "NULL", GATE_ORIGIN_FOREIGN},
	    {__LINE__, "null null", GATE_ORIGIN_FOREIGN}, {__LINE__, "chrome-extension://abc", GATE_ORIGIN_FOREIGN},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (gate_origin(w->site, slice_from(rows[i].origin)) != rows[i].want)
			fail_msg("row %d: %s", rows[i].row, rows[i].origin);
}

static void test_next(void **state)
{
	static const struct {
		int row;
		const char *next;
		bool allowed;
	} rows[] = {
	    {__LINE__, "https://www.verein.test/danke/", true}, {__LINE__, "https://www.verein.test/danke/a?b=c#d", true},
	    {__LINE__, "HTTPS://WWW.VEREIN.TEST/danke/", true}, {__LINE__, "https://www.verein.test:443/danke/", true},
	    {__LINE__, "https://shop.verein.test:8443/ok", true}, {__LINE__, "https://shop.verein.test:8443/ok/2", true},
	    {__LINE__, "https://shop.verein.test:8443/okay", false}, {__LINE__, "https://www.verein.test/danke", false},
	    {__LINE__, "https://www.verein.test/dankex/", false}, {__LINE__, "https://www.verein.test/", false},
	    {__LINE__, "https://www.verein.test/danke/../admin", false},
	    {__LINE__, "https://www.verein.test/danke/%2e%2e/admin", false},
	    {__LINE__, "https://www.verein.test/danke/..%2fadmin", false},
	    {__LINE__, "https://www.verein.test/danke/.%2E%5cadmin", false},
	    {__LINE__, "http://www.verein.test/danke/", false}, {__LINE__, "//www.verein.test/danke/", false},
	    {__LINE__, "/danke/", false}, {__LINE__, "https:www.verein.test/danke/", false},
	    {__LINE__, "https://www.verein.test\\@evil.example/danke/", false},
	    {__LINE__, "https://evil.example\\www.verein.test/danke/", false},
	    {__LINE__, "https://www.verein.test@evil.example/danke/", false},
	    {__LINE__, "https://user@www.verein.test/danke/", false},
	    {__LINE__, "https://www.verein.test.evil.example/danke/", false},
	    {__LINE__, "https://www.verein.test:8443/danke/", false}, {__LINE__, "https://www.verein.test./danke/", false},
	    {__LINE__, "https://evil.example/?https://www.verein.test/danke/", false},
	    {__LINE__, "https://evil.example/#https://www.verein.test/danke/", false},
	    {__LINE__, "javascript:alert(1)//https://www.verein.test/danke/", false},
	    {__LINE__, "https://www.verein.test/danke/\r\nSet-Cookie: a=b", false},
	    {__LINE__, "https://www.verein.test/danke/\t", false}, {__LINE__, " https://www.verein.test/danke/", false},
	    {__LINE__, "https://www.verein.test/danke/ ", false}, {__LINE__, "https://www.verein.test/danke/ä", false},
	    {__LINE__, "data:text/html,x", false}, {__LINE__, "", false},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gate_answer a;
		struct buf b;
		if (gate_next_allowed(world_form(w, "news"), slice_from(rows[i].next)) != rows[i].allowed)
			fail_msg("row %d: %s", rows[i].row, rows[i].next);
		/* A target that is not allowed is dropped; the sign-up itself is fine. */
		buf_init_arena(&b, &w->arena, 8192);
		buf_printf(&b, GOOD "&v=%s&next=", world_consent(w, "news", "de")->v);
		url_encode(&b, slice_from(rows[i].next));
		a = world_gate(w, "news", b.data);
		assert_int_equal(a.result, GATE_ACCEPTED);
		if (!slice_eq_str(a.next, rows[i].allowed ? rows[i].next : ""))
			fail_msg("row %d: next is %.*s", rows[i].row, SLICE_FMT(a.next));
	}
	assert_false(gate_next_allowed(world_form(w, "extra"), SLICE("https://www.verein.test/danke/")));
}

/* ---- who may be written to */

static void test_domains(void **state)
{
	static const struct {
		int row;
		const char *lists, *address;
		bool good;
	} rows[] = {
	    {__LINE__, "{ deny: [wegwerf.example] }", "a@wegwerf.example", false},
	    {__LINE__, "{ deny: [wegwerf.example] }", "a@WEGWERF.example", false},
	    {__LINE__, "{ deny: [wegwerf.example] }", "a@x.wegwerf.example", false},
	    {__LINE__, "{ deny: [wegwerf.example] }", "a@nichtwegwerf.example", true},
	    {__LINE__, "{ deny: [wegwerf.example] }", "a@wegwerf.example.org", true},
	    {__LINE__, "{ allow: [uni.example] }", "a@uni.example", true},
	    {__LINE__, "{ allow: [uni.example] }", "a@math.uni.example", true},
	    {__LINE__, "{ allow: [uni.example] }", "a@example.org", false},
	    {__LINE__, "{ allow: [uni.example], deny: [gast.uni.example] }", "a@gast.uni.example", false},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char yaml[sizeof(WORLD_SITE) + 200], body[256];
		struct gate_answer a;
		snprintf(yaml, sizeof(yaml), "%saddresses: %s\n", WORLD_SITE, rows[i].lists);
		world_reload(w, yaml);
		snprintf(body, sizeof(body), "ok=1&v=%s&email=%s", world_consent(w, "news", "de")->v, rows[i].address);
		a = world_gate(w, "news", body);
		if (a.result != (rows[i].good ? GATE_ACCEPTED : GATE_INPUT))
			fail_msg("row %d", rows[i].row);
		if (!rows[i].good)
			assert_string_equal(error_of(&a, "email")->key, "error.email.domain");
	}
	world_reload(w, WORLD_SITE);
}

/* ---- budgets of network and site: before anything is stored */

static void test_limits(void **state)
{
	struct world *w = *state;
	struct gate g = {.site = w->site, .store = w->store, .writers = w->writers};
	struct gate_input in = {.form = world_form(w, "news"), .lang = "de", .origin = GATE_ORIGIN_OWN};
	struct form *f = arena_alloc(&w->arena, sizeof(*f));
	int per_prefix = (int)w->conf->budgets.per_prefix.count, accepted = 0;
	int64_t before = world_intake(w);
	struct gate_answer a;

	assert_ok(budget_open(&g.budget, w->conf->data, EI));
	in.fields = f;
	assert_ok(form_parse(&w->arena, slice_from(with_v(w, GOOD)), f, EI));
	/* Neighbours share a network: the last byte does not help. */
	for (int i = 0; i < per_prefix + 5; i++) {
		char ip[32];
		snprintf(ip, sizeof(ip), "198.51.100.%d", i);
		in.remote_ip = slice_from(ip);
		assert_ok(gate_accept(&g, &w->arena, &in, &a, EI));
		accepted += a.result == GATE_ACCEPTED;
		if (i >= per_prefix) {
			assert_int_equal(a.result, GATE_LIMITED);
			assert_true(a.retry_s >= 1 && a.retry_s <= 2 * 3600);
		}
	}
	assert_int_equal(accepted, per_prefix);
	assert_int_equal(world_intake(w) - before, per_prefix);
	in.remote_ip = SLICE("198.51.101.1");
	assert_ok(gate_accept(&g, &w->arena, &in, &a, EI));
	assert_int_equal(a.result, GATE_ACCEPTED);
	/* Wrong input is told as such, also to who is over the limit. */
	in.remote_ip = SLICE("198.51.100.1");
	assert_ok(form_parse(&w->arena, slice_from(with_v(w, "email=x&ok=1")), f, EI));
	assert_ok(gate_accept(&g, &w->arena, &in, &a, EI));
	assert_int_equal(a.result, GATE_INPUT);
	budget_close(g.budget);
}

static void test_prefix(void **state)
{
	struct world *w = *state;

	assert_true(slice_eq(gate_prefix(&w->arena, SLICE("192.0.2.1")), gate_prefix(&w->arena, SLICE("192.0.2.255"))));
	assert_false(slice_eq(gate_prefix(&w->arena, SLICE("192.0.2.1")), gate_prefix(&w->arena, SLICE("192.0.3.1"))));
	assert_true(slice_eq(gate_prefix(&w->arena, SLICE("2001:db8:0:1200::1")),
	    gate_prefix(&w->arena, SLICE("2001:db8:0:12ff:ffff::1"))));
	assert_false(slice_eq(gate_prefix(&w->arena, SLICE("2001:db8:0:1200::1")),
	    gate_prefix(&w->arena, SLICE("2001:db8:0:1300::1"))));
	assert_int_equal(gate_prefix(&w->arena, SLICE("")).len, 0);
	assert_int_equal(gate_prefix(&w->arena, SLICE("example.org")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields), cmocka_unit_test(test_several), cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_row), cmocka_unit_test(test_wording), cmocka_unit_test(test_older),
	    cmocka_unit_test(test_doubts), cmocka_unit_test(test_honeypot), cmocka_unit_test(test_review),
	    cmocka_unit_test(test_origin), cmocka_unit_test(test_next), cmocka_unit_test(test_domains),
	    cmocka_unit_test(test_limits), cmocka_unit_test(test_prefix),
	};
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
